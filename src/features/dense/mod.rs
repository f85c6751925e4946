//! Blocks of a few dense numbers beside the sparse terms: a lexicon, word vectors, a sentence encoder.
//!
//! A new block is one file that implements [`DenseBlock`].

#[cfg(feature = "encoder")]
pub mod encoder;

mod absent;
mod lexicon;
mod scaling;
mod vectors;

use std::fmt::Debug;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use lexicon::Lexicon;
pub use scaling::Scaling;
pub use vectors::{FREQUENT, VectorBlock, vector_words};

use super::Passage;
use crate::{Error, Result};

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

    /// What has to be brought before rows can be read: the digest of a sentence encoder that a model names and was not given.
    fn missing(&self) -> Option<&str> {
        None
    }

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

/// The block that a model file keeps.
///
/// # Errors
///
/// [`ErrorKind::Argument`](crate::ErrorKind::Argument) for a kind that this program does not know; those of the block itself
/// when it is damaged.
pub fn restore(stored: &StoredBlock) -> Result<Arc<dyn DenseBlock>> {
    match stored.kind.as_str() {
        "lexicon" => Ok(Arc::new(Lexicon::restore(stored)?)),
        "vectors" => Ok(Arc::new(VectorBlock::restore(stored)?)),
        "encoder" => Ok(Arc::new(absent::Absent::restore(stored)?)),
        kind => Err(Error::argument("block", kind, "a kind of features that this program knows")),
    }
}
