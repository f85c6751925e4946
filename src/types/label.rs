use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One cell of a label file: what an annotator said about a statement on one axis.
///
/// An empty cell (the axis does not apply) is not a label: the axis is absent from the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Label {
    /// The index of a class in [`Axis::classes`](super::Axis::classes).
    Class(usize),
    /// `?`: the annotator could not tell. Kept, counted, not trained on.
    Unclear,
}

/// One row of a label file: a statement, and one annotator's labels for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LabelledStatement {
    /// Name of the file it came from; empty when made in memory.
    pub file: String,
    /// Row of the file it came from (the header is row 1); 0 when made in memory.
    pub row: u64,
    /// Article id; empty when the row stands alone.
    pub article: String,
    /// First code point of the statement in the article.
    pub start: Option<usize>,
    /// One past its last code point.
    pub end: Option<usize>,
    /// The quoted text.
    pub quote: String,
    /// Who says it.
    pub speaker: String,
    /// Who published it.
    pub outlet: String,
    /// When, as `YYYY-MM-DD`.
    pub date: String,
    /// The labels, by axis id.
    pub labels: BTreeMap<String, Label>,
    /// Who labelled it; `gold` is the adjudicated row.
    pub annotator: String,
    /// 1 (could be argued either way) to 3 (certain).
    pub confidence: Option<u8>,
    /// The chance with which it was drawn for labelling, in (0, 1]; `None` when it is no probability sample.
    pub sample_prob: Option<f64>,
    /// Rows of one group never sit on both sides of a split. Falls back to the article.
    pub group: String,
    /// Free text.
    pub note: String,
    /// Every further column, by header.
    pub extra: BTreeMap<String, String>,
}

impl LabelledStatement {
    /// What keeps rows together in a split: the group, else the article, else the row itself.
    pub fn split_key(&self) -> String {
        if !self.group.is_empty() && self.article.is_empty() {
            self.group.clone()
        } else if !self.article.is_empty() {
            self.article.clone()
        } else {
            format!("{} row {}", self.file, self.row)
        }
    }
}
