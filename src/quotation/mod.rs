//! Article to statements: who says what.
//!
//! One pass over the text gives tokens; quotation marks are paired; cues from the lexicon of the article's language
//! are found in each sentence and their content is read on both sides; quotations that no cue claims are given to
//! the speaker around them; interviews and digests are read turn by turn. Mentions are then resolved to people.

mod alias;
mod clause;
mod cue;
mod digest;
mod interview;
mod lexicon;
mod marks;
mod mention;
mod onset;
mod phrase;
mod prose;
mod reading;
mod speaker;

mod extractor;

pub use alias::{AliasSuggestion, suggest_aliases};
pub use extractor::{Extraction, Extractor, Note};
