//! Everything fitted, in one file.
