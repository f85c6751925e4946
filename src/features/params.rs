use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A range of n-gram lengths, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NgramRange {
    /// Shortest.
    pub min: u8,
    /// Longest.
    pub max: u8,
}

impl NgramRange {
    /// From `min` to `max`.
    pub fn new(min: u8, max: u8) -> Self {
        Self { min, max }
    }
}

impl std::fmt::Display for NgramRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.min, self.max)
    }
}

/// What is counted in a text, and how it is weighted. Stored in the model: scoring does the same as training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option by itself")]
pub struct FeatureParams {
    /// Word n-grams; a word is two or more letters, digits or underscores. `None` leaves them out.
    pub words: Option<NgramRange>,
    /// Character n-grams inside words, the blanks around a word counting as characters.
    pub chars: Option<NgramRange>,
    /// Terms in fewer training texts than this are dropped.
    pub min_df: u32,
    /// Terms in a larger share of the training texts than this are dropped, in (0, 1].
    pub max_df: f64,
    /// At most this many terms a block, the most frequent first; `None` keeps all.
    pub max_features: Option<usize>,
    /// `1 + ln(tf)` in place of `tf`.
    pub sublinear: bool,
    /// Each term also crossed with the row's target: "`atheism` × `faith`".
    pub target: bool,
    /// Terms before, in and after the row's marked span told apart.
    pub window: bool,
    /// Terms within the reach of a negation told apart: "not_good".
    pub negation: bool,
    /// URLs, mentions and numbers become one token each; hashtags are split into their words.
    pub token_classes: bool,
    /// Words that are not counted, in lower case. Character n-grams are not affected.
    pub stop_words: Vec<String>,
}

impl Default for FeatureParams {
    /// Words 1–2, characters 2–5, sublinear, terms of at least two texts.
    fn default() -> Self {
        Self {
            words: Some(NgramRange::new(1, 2)),
            chars: Some(NgramRange::new(2, 5)),
            min_df: 2,
            max_df: 1.0,
            max_features: None,
            sublinear: true,
            target: false,
            window: false,
            negation: false,
            token_classes: false,
            stop_words: Vec::new(),
        }
    }
}

impl FeatureParams {
    /// Refuses what cannot work.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) that names the option.
    pub fn check(&self) -> Result<()> {
        for (name, range, longest) in [("--ngrams", self.words, 5), ("--char-ngrams", self.chars, 8)] {
            if let Some(range) = range
                && (range.min < 1 || range.max < range.min || range.max > longest)
            {
                return Err(Error::argument(
                    name,
                    range,
                    format!("MIN-MAX with 1 ≤ MIN ≤ MAX ≤ {longest}, such as 1-2"),
                ));
            }
        }
        if self.words.is_none() && self.chars.is_none() {
            return Err(Error::argument("--ngrams", "off", "words, characters or both")
                .with_help("Turn one of --ngrams and --char-ngrams on."));
        }
        if self.min_df < 1 {
            return Err(Error::argument("--min-df", self.min_df, "a count of at least 1"));
        }
        if !(self.max_df > 0.0 && self.max_df <= 1.0) {
            return Err(Error::argument("--max-df", self.max_df, "a share in (0, 1]"));
        }
        if self.max_features == Some(0) {
            return Err(Error::argument("--max-features", 0, "a count of at least 1"));
        }
        Ok(())
    }

    /// In how many of `n` texts a term may stand.
    pub(super) fn most_texts(&self, n: usize) -> u32 {
        (self.max_df * n as f64).floor().max(1.0) as u32
    }

    /// The blocks of features, in column order.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        for (family, on) in
            [(Family::Plain, true), (Family::Target, self.target), (Family::Window, self.window)]
        {
            for (gram, range) in [(Gram::Word, self.words), (Gram::Char, self.chars)] {
                if on && range.is_some() {
                    blocks.push(Block { gram, family });
                }
            }
        }
        blocks
    }
}

/// What a term is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gram {
    /// Words.
    Word,
    /// Characters of one word.
    Char,
}

/// Where a term is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// In the whole text.
    Plain,
    /// In the whole text, crossed with the row's target.
    Target,
    /// Before, in and after the marked span.
    Window,
}

/// A run of columns that is normalised to length 1 by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What its terms are made of.
    pub gram: Gram,
    /// Where they are looked for.
    pub family: Family,
}

/// A text as the features see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passage<'a> {
    /// The text.
    pub text: &'a str,
    /// What it speaks about; empty when unknown.
    pub target: &'a str,
    /// The part of the text that names the target.
    pub span: Option<crate::types::Span>,
}

impl<'a> From<&'a str> for Passage<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, ..Self::default() }
    }
}
