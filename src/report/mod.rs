//! A comparison as one self-contained page, or as tables. Draws and words what it is given; computes nothing.

mod agreement;
mod chapters;
mod chart;
mod differences;
mod evidence;
mod figures;
mod findings;
mod quality;
mod spread;
mod tidy;
mod view;

use std::collections::BTreeMap;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::model::Card;
use crate::pipeline::{Agreement, Comparison, ReadsLike};
use crate::types::ScoredStatement;
use crate::{Error, Result};
pub use tidy::{csv, json, markdown};
use view::Page;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What the page says beside the comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct PageOptions {
    /// The headline; made from the comparison if empty.
    pub title: String,
    /// At most so many statements are quoted.
    pub max_quotes: usize,
    /// What the page was made from and how: name and value, such as the command line and digests of the inputs.
    pub provenance: Vec<(String, String)>,
    /// The card of the model that scored the statements.
    pub card: Option<Card>,
    /// How far the annotators of the labels agree, where two labelled the same statements.
    pub agreement: Option<Agreement>,
    /// What statements read like, by their index.
    pub reads_like: BTreeMap<usize, ReadsLike>,
    /// Things that happened, for the timeline: date as `YYYY-MM-DD`, and what.
    pub events: Vec<(String, String)>,
}

impl Default for PageOptions {
    fn default() -> Self {
        Self {
            title: String::new(),
            max_quotes: Self::MAX_QUOTES,
            provenance: Vec::new(),
            card: None,
            agreement: None,
            reads_like: BTreeMap::new(),
            events: Vec::new(),
        }
    }
}

impl PageOptions {
    /// The most statements that a page quotes, so that it stays below two megabytes.
    pub const MAX_QUOTES: usize = 2000;
}

/// Renders the page: one HTML file without network, without inline handlers, readable without its script.
///
/// Everything that comes from articles is escaped; the page's content security policy allows its own style and script
/// alone.
///
/// # Errors
///
/// [`ErrorKind::Argument`](crate::ErrorKind::Argument) when the template cannot be rendered, which does not happen with
/// any input known to us.
pub fn html(
    comparison: &Comparison,
    statements: &[ScoredStatement],
    options: &PageOptions,
) -> Result<String> {
    let page = Page::new(comparison, statements, options, &digest(STYLE), &digest(SCRIPT));
    page.render().map_err(|e| Error::argument("report", e, "a page that renders"))
}

/// The hash by which the content security policy knows a style or script.
fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}
