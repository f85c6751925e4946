//! Sparse rows to probabilities.
