//! Text to sparse rows: n-grams, vocabulary, TF-IDF.

mod analysis;
pub mod dense;
mod hash;
mod matrix;
mod params;
mod rewrite;
mod table;
mod tfidf;
mod vocabulary;

pub(crate) use analysis::CHANNEL_MARK;
pub use matrix::{CsrMatrix, SparseRow};
pub use params::{Block, Family, FeatureParams, Gram, NgramRange, Passage};
pub use rewrite::{MASK, Rewriter};
pub use tfidf::{Dropped, Tfidf};
pub(crate) use tfidf::{Reader, Source, TermFrequency};
pub use vocabulary::Vocabulary;
