//! Article to statements.
