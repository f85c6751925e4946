//! Blocks of a few dense numbers beside the sparse terms: a lexicon, word vectors, a sentence encoder.
//!
//! A new block is one file that implements [`DenseBlock`].

#[cfg(feature = "encoder")]
pub mod encoder;

use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use super::Passage;

/// Turns passages into rows of the same few numbers.
pub trait DenseBlock: Debug + Send + Sync {
    /// What it is called in cards and explanations.
    fn name(&self) -> &'static str;

    /// Numbers a row.
    fn width(&self) -> usize;

    /// The rows of these passages, row after row, each [`width`](Self::width) finite numbers. Equal passages give equal rows,
    /// in any company and on any number of threads.
    fn rows(&self, passages: &[Passage<'_>]) -> Vec<f32>;

    /// True when the columns want to be brought to mean 0 and variance 1 on the training rows.
    fn standardised(&self) -> bool;

    /// The inverse regularisation strengths that are worth trying, from small to large.
    fn grid(&self) -> &'static [f64];

    /// What a model file keeps, so that the same block can be made.
    fn stored(&self) -> StoredBlock;
}

/// A block as a model file keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredBlock {
    /// [`DenseBlock::name`].
    pub kind: String,
    /// What belongs into the header.
    pub header: serde_json::Value,
    /// What belongs into a tensor of bytes; empty for none.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}
