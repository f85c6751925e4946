//! Text to sparse rows: n-grams, vocabulary, TF-IDF.

mod analysis;
mod counter;
mod counts;
pub mod dense;
mod firsts;
mod hash;
mod matrix;
mod once;
mod pages;
mod params;
mod reader;
mod rewrite;
mod rows;
mod selection;
mod sources;
mod table;
mod tally;
mod texts;
mod tfidf;
mod vocabulary;
mod weigh;
mod words;

pub(crate) use analysis::CHANNEL_MARK;
pub(crate) use counts::Counts;
pub use matrix::{CsrMatrix, SparseRow};
pub(crate) use pages::reserve;
pub use params::{Block, Family, FeatureParams, Gram, NgramRange, Passage};
pub(crate) use reader::Reader;
pub use rewrite::{MASK, Rewriter};
pub(crate) use rows::{RowReader, Rows};
pub use selection::Dropped;
pub(crate) use sources::Sources;
pub(crate) use table::prefetch;
pub use tfidf::Tfidf;
pub use vocabulary::Vocabulary;
pub(crate) use weigh::TermFrequency;
