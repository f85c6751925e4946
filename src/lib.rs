#![doc = include_str!("../README.md")]
// The data's way, from bottom to top; `ARCHITECTURE.md` walks through it and `tests/architecture.rs` holds the floors.

pub mod error;
pub mod types;

pub mod corpus;
pub mod statistics;
pub mod text;

pub mod features;

pub mod classifier;

pub mod quotation;

pub mod model;

pub mod pipeline;

pub mod report;

pub mod annotate;

pub mod cli;

pub use error::{Error, ErrorKind, Position, Result};
