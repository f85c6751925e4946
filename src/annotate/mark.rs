use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::types::{AxisSet, Label, LabelledStatement};

/// The extra column that says `rejected` where the text is no statement.
pub(super) const STATUS: &str = "status";
/// The extra column that says `yes` where the annotator wants to come back.
pub(super) const FLAG: &str = "flag";
/// The extra column with the [`Stream`](super::Stream) a row came from.
pub(super) const STRATEGY: &str = "strategy";
const REJECTED: &str = "rejected";
const UNCLEAR: &str = "?";

/// How far an annotator is with an item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Begun, or untouched: no row of the label file.
    #[default]
    Open,
    /// Put off: it comes again after all others.
    Skipped,
    /// Labelled. An axis without a label does not apply.
    Done,
    /// No statement at all: a row without labels whose column `status` says `rejected`.
    Rejected,
}

impl Stage {
    /// True when it had its turn in the sample: labelled, rejected, or put off.
    pub fn is_served(self) -> bool {
        self != Self::Open
    }
}

/// All that one annotator says of one item. Class ids are kept, not indices, so that `axes.toml` can be reordered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mark {
    /// How far it is.
    pub stage: Stage,
    /// Article id.
    pub article: String,
    /// First code point.
    pub start: Option<usize>,
    /// One past the last code point.
    pub end: Option<usize>,
    /// The text between them, or its parts joined with " … ".
    pub quote: String,
    /// Who says it.
    pub speaker: String,
    /// Who published it.
    pub outlet: String,
    /// When.
    pub date: String,
    /// Ties the paragraphs of one quotation together.
    pub group: String,
    /// Class ids by axis id; `?` is unclear.
    pub labels: BTreeMap<String, String>,
    /// 1 (could be argued either way) to 3 (certain).
    pub confidence: Option<u8>,
    /// Free text.
    pub note: String,
    /// To come back to.
    pub flag: bool,
    /// True when the annotator marked the statement in the text.
    pub added: bool,
    /// For adjudicated rows: the probability of the rows they settle.
    pub sample_prob: Option<f64>,
    /// Further columns of the label file.
    pub extra: BTreeMap<String, String>,
}

impl Mark {
    /// True when the label file has a row for it.
    pub fn is_row(&self) -> bool {
        matches!(self.stage, Stage::Done | Stage::Rejected)
    }

    /// The row of the label file. `sample_prob` and the strategy follow from the queue, not from the mark.
    pub fn to_row(&self, annotator: &str, axes: &AxisSet) -> LabelledStatement {
        let rejected = self.stage == Stage::Rejected;
        let label = |(axis, class): (&String, &String)| {
            let label = match class.as_str() {
                UNCLEAR => Label::Unclear,
                id => Label::Class(axes.get(axis)?.class_index(id)?),
            };
            Some((axis.clone(), label))
        };
        let mut extra = self.extra.clone();
        for (column, value, applies) in [(STATUS, REJECTED, rejected), (FLAG, "yes", self.flag)] {
            if applies {
                extra.insert(column.into(), value.into());
            }
        }
        LabelledStatement {
            file: String::new(),
            row: 0,
            article: self.article.clone(),
            start: self.start,
            end: self.end,
            quote: self.quote.trim().to_string(),
            speaker: self.speaker.trim().to_string(),
            outlet: self.outlet.trim().to_string(),
            date: self.date.clone(),
            labels: if rejected { BTreeMap::new() } else { self.labels.iter().filter_map(label).collect() },
            annotator: annotator.into(),
            confidence: self.confidence,
            sample_prob: self.sample_prob,
            group: self.group.trim().to_string(),
            note: self.note.trim().to_string(),
            extra,
        }
    }

    /// What a row of the label file says.
    pub fn from_row(row: &LabelledStatement, axes: &AxisSet) -> Self {
        let mut extra = row.extra.clone();
        extra.remove(STRATEGY);
        let rejected = extra.remove(STATUS).is_some_and(|status| status == REJECTED);
        let flag = extra.remove(FLAG).is_some();
        let class = |(axis, label): (&String, &Label)| {
            let id = match label {
                Label::Unclear => UNCLEAR.to_string(),
                Label::Class(i) => axes.get(axis)?.classes().get(*i)?.id.clone(),
            };
            Some((axis.clone(), id))
        };
        Self {
            stage: if rejected { Stage::Rejected } else { Stage::Done },
            article: row.article.clone(),
            start: row.start,
            end: row.end,
            quote: row.quote.clone(),
            speaker: row.speaker.clone(),
            outlet: row.outlet.clone(),
            date: row.date.clone(),
            group: row.group.clone(),
            labels: row.labels.iter().filter_map(class).collect(),
            confidence: row.confidence,
            note: row.note.clone(),
            flag,
            added: false,
            sample_prob: None,
            extra,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::bundled_axes;

    #[test]
    fn a_row_holds_all_of_a_mark() {
        let mark = Mark {
            stage: Stage::Done,
            article: "a".into(),
            start: Some(1),
            end: Some(5),
            quote: "text".into(),
            labels: [("minsk".to_string(), "critical".to_string()), ("posture".into(), "?".into())].into(),
            confidence: Some(2),
            note: "why".into(),
            flag: true,
            extra: [("desk".to_string(), "world".to_string())].into(),
            ..Mark::default()
        };
        let axes = bundled_axes();
        assert_eq!(Mark::from_row(&mark.to_row("a1", &axes), &axes), mark);
        let rejected = Mark { stage: Stage::Rejected, labels: BTreeMap::new(), ..mark };
        assert_eq!(Mark::from_row(&rejected.to_row("a1", &axes), &axes), rejected);
    }
}
