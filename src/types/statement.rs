use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Span;

/// How a statement is given in the article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Wholly in quotation marks, or a role block ("Analyst X:" and marked paragraphs).
    Direct,
    /// Reported, without quotation marks.
    Indirect,
    /// Reported, with a part in quotation marks.
    Mixed,
    /// A turn of an interview.
    Answer,
    /// A paragraph of a text that reports one announced speaker.
    Digest,
}

impl Kind {
    /// All kinds, in the order in which reports list them.
    pub const ALL: [Self; 5] = [Self::Direct, Self::Mixed, Self::Indirect, Self::Answer, Self::Digest];

    /// The word used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Indirect => "indirect",
            Self::Mixed => "mixed",
            Self::Answer => "answer",
            Self::Digest => "digest",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(())
    }
}

/// What one speaker says in one go, at most one paragraph of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The content, without quotation marks and without the words that report it. More than one span
    /// where the attribution splits the content; in text order, never overlapping, never empty.
    pub spans: Vec<Span>,
    /// How it is given.
    pub kind: Kind,
    /// The resolved person or body; `None` when the text does not tell.
    pub speaker: Option<String>,
    /// How the speaker is named here: "he", "Mr Porotnikov".
    pub mention: String,
    /// The words that report: "told Priamyi TV", "according to", ":".
    pub cue: String,
    /// The id of the lexicon entry or rule that found it.
    pub cue_rule: String,
    /// Ties the paragraphs of one quotation or answer together; unique within the article.
    pub group: Option<u32>,
    /// How sure the speaker is, in [0, 1].
    pub speaker_confidence: f32,
    /// The speaker's role as the article gives it: "political analyst".
    pub role: Option<String>,
    /// The speaker's organisation as the article gives it.
    pub organisation: Option<String>,
}

impl Statement {
    /// From the first byte of the first span to the last of the last.
    pub fn extent(&self) -> Span {
        let first = self.spans.first().copied().unwrap_or(Span::new(0, 0));
        self.spans.last().map_or(first, |last| first.union(*last))
    }

    /// The content as one string; parts that the attribution splits are joined with " … ".
    pub fn quote(&self, text: &str) -> String {
        let mut quote = String::new();
        for span in &self.spans {
            if !quote.is_empty() {
                quote.push_str(" … ");
            }
            quote.push_str(span.slice(text));
        }
        quote
    }
}
