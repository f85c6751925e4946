use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Span;

/// A document: its text and what is known about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// Unique within a run; a file's stem when nothing better is known.
    pub id: String,
    /// Who published it.
    pub outlet: Option<String>,
    /// When it was published, as `YYYY-MM-DD` (a time of day is dropped).
    pub date: Option<String>,
    /// Headline.
    pub title: Option<String>,
    /// Where it stands on the web.
    pub url: Option<String>,
    /// ISO 639-1 code of its language, when the input names one.
    pub language: Option<String>,
    /// The text exactly as decoded. All spans refer to it.
    pub text: String,
    /// Parts of `text` that are not the article: captions said twice, navigation, a company's footer.
    pub boilerplate: Vec<Span>,
    /// Every further column of the input, by header.
    pub extra: BTreeMap<String, String>,
}
