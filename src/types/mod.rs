//! Plain data: articles, statements, axes, labels, scores. No behaviour beyond what keeps the data sound.

mod article;
mod axis;
mod label;
mod lexicon;
mod scored;
mod span;
mod speaker;
mod statement;
mod vectors;

pub use article::Article;
pub(crate) use axis::spelling;
pub use axis::{Axis, AxisSet, Class, Pole};
pub use label::{Label, LabelledStatement};
pub use lexicon::LexiconEntry;
pub use scored::{AxisScore, ScoredStatement, Status, TermWeight};
pub use span::Span;
pub use speaker::SpeakerEntry;
pub use statement::{Kind, Statement};
pub use vectors::WordVectors;
