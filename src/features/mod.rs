//! Text to sparse rows.
