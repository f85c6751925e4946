use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether a score can be used, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The model has an answer.
    Ok,
    /// Class, score and probabilities are given, but the model is unsure.
    LowConfidence,
    /// No term of the statement is known to the model: no class, no score.
    NoFeatures,
    /// Too few words to say anything: no class, no score.
    TooShort,
    /// Not in the language of the training data: no class, no score.
    OtherLanguage,
}

impl Status {
    /// All, in the order in which reports list them.
    pub const ALL: [Self; 5] =
        [Self::Ok, Self::LowConfidence, Self::NoFeatures, Self::TooShort, Self::OtherLanguage];

    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::LowConfidence => "low_confidence",
            Self::NoFeatures => "no_features",
            Self::TooShort => "too_short",
            Self::OtherLanguage => "other_language",
        }
    }

    /// True when class, score and probabilities are present.
    pub fn has_score(self) -> bool {
        matches!(self, Self::Ok | Self::LowConfidence)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.as_str() == word).ok_or(())
    }
}

/// What one term adds to the score: tf-idf × weight, positive towards the high pole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TermWeight {
    /// The term as it stands in the vocabulary.
    pub term: String,
    /// Its contribution.
    pub value: f64,
}

/// The scores of one statement on one axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AxisScore {
    /// The id of the most probable class; empty when the status has no score.
    pub class: String,
    /// p(high) − p(low), in [−1, 1]; `None` without a score or on a nominal axis.
    pub score: Option<f64>,
    /// Calibrated probabilities by class, in axis order; empty when the status has no score.
    pub p: Vec<f64>,
    /// Whether the numbers can be used.
    pub status: Status,
    /// The terms that move the score most, strongest first.
    pub terms: Vec<TermWeight>,
}

impl AxisScore {
    /// No class and no score, for this reason.
    pub fn none(status: Status) -> Self {
        Self { class: String::new(), score: None, p: Vec::new(), status, terms: Vec::new() }
    }
}

/// A statement with its scores: one row of a scored file, or, without scores, of an extracted one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoredStatement {
    /// Stable over runs: a hash of article, start and end.
    pub statement_id: String,
    /// Article id.
    pub article: String,
    /// Where the article stands on the web.
    pub url: String,
    /// Who published it.
    pub outlet: String,
    /// When, as `YYYY-MM-DD`.
    pub date: String,
    /// The article's headline.
    pub title: String,
    /// First code point of the statement in the article; `None` for a bare statement.
    pub start: Option<usize>,
    /// One past its last code point.
    pub end: Option<usize>,
    /// The content; parts that the attribution splits are joined with " … ".
    pub quote: String,
    /// `direct`, `indirect`, `mixed`, `answer` or `digest`; empty for a bare statement.
    pub kind: String,
    /// The resolved speaker; empty when unknown.
    pub speaker: String,
    /// How the speaker is named here.
    pub mention: String,
    /// The words that report.
    pub cue: String,
    /// How sure the speaker is, in [0, 1]; `None` for a bare statement.
    pub speaker_confidence: Option<f64>,
    /// The speaker's role as the article gives it.
    pub role: String,
    /// The speaker's organisation as the article gives it.
    pub organisation: String,
    /// The id of the lexicon entry or rule that found the statement.
    pub cue_rule: String,
    /// Ties the paragraphs of one quotation or answer together within the article.
    pub group: String,
    /// The content spans, in code points, of the whole quotation or answer that this is a paragraph of; more than
    /// one where the attribution splits the content. Empty when it is `start..end` alone.
    pub spans: Vec<(usize, usize)>,
    /// The scores, by axis id.
    pub axes: BTreeMap<String, AxisScore>,
    /// Word tokens of the quote.
    pub n_tokens: usize,
    /// The share of its word tokens that the model knows, in [0, 1].
    pub known_share: f64,
    /// Every further column of the input, by header.
    pub extra: BTreeMap<String, String>,
}

impl ScoredStatement {
    /// The columns of text that are its own, by header.
    pub const OWN: [&str; 13] = [
        "statement_id",
        "article",
        "url",
        "outlet",
        "date",
        "title",
        "kind",
        "speaker",
        "mention",
        "cue",
        "role",
        "organisation",
        "group",
    ];

    /// What stands in a column of text, its own or a further one; `None` where there is no such column.
    pub fn text_in(&self, column: &str) -> Option<&str> {
        Some(match column {
            "statement_id" => &self.statement_id,
            "article" => &self.article,
            "url" => &self.url,
            "outlet" => &self.outlet,
            "date" => &self.date,
            "title" => &self.title,
            "kind" => &self.kind,
            "speaker" => &self.speaker,
            "mention" => &self.mention,
            "cue" => &self.cue,
            "role" => &self.role,
            "organisation" => &self.organisation,
            "group" => &self.group,
            _ => return self.extra.get(column).map(String::as_str),
        })
    }
}
