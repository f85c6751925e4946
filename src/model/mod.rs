//! Everything that training found, in one file: what it knows, what it says of a text, and why.

mod bundle;
mod bundled;
mod card;
mod explain;
mod file;
mod language;
mod score;
mod similar;
mod tensors;
mod words;

pub use bundle::{AxisModel, DensePart, HeldOut, Model, Parts};
pub use bundled::BUNDLED;
pub use card::{
    AxisCard, Baselines, BlockCard, Card, FileScores, LearningPoint, NamesLeftIn, Scores, Trial, Validation,
    Weighting,
};
pub use explain::{AxisShares, BlockValue, Explanation, WordValue};
pub use language::Language;
pub use score::{Scorer, Scorers, TextScore};
pub use similar::{Reading, Similar, TextIndex};

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}
