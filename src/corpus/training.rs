//! Rows to learn from, and how label files become rows.

use std::collections::{BTreeMap, BTreeSet};

use super::LabelFile;
use super::table::nearest;
use crate::types::{Axis, AxisSet, Label, LabelledStatement, Span};
use crate::{Error, Position, Result};

/// A text and its classes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrainingRow {
    /// The text.
    pub text: String,
    /// What it speaks about; empty when not given.
    pub target: String,
    /// The marked part of the text.
    pub span: Option<Span>,
    /// Who says it; empty when not given.
    pub speaker: String,
    /// Who published it; empty when not given.
    pub outlet: String,
    /// Rows of one group never sit on both sides of a split.
    pub group: String,
    /// How much the row counts, above 0.
    pub weight: f64,
    /// The class on each axis of the set, by index; `None` where the axis does not apply or the annotator could
    /// not tell.
    pub labels: Vec<Option<usize>>,
    /// Name of the file it comes from; empty when made in memory.
    pub file: String,
    /// The file, as the user named it, and the row of it.
    pub position: Position,
    /// Who labelled it; empty when not given.
    pub annotator: String,
    /// What the annotator noted.
    pub note: String,
}

/// Rows to learn from, and the axes they are labelled on.
#[derive(Debug, Clone, Default)]
pub struct TrainingSet {
    /// The axes, in the order of every row's `labels`.
    pub axes: AxisSet,
    /// The rows.
    pub rows: Vec<TrainingRow>,
    /// What was passed over or put together on the way, for the user to read.
    pub notes: Vec<String>,
}

impl TrainingSet {
    /// The labels of statements that have a text.
    ///
    /// Where a statement has a row by the annotator `gold`, only that row counts; else its annotators share one vote:
    /// each of `m` rows weighs `1/m`. Axes without a label are left out.
    ///
    /// # Arguments
    ///
    /// * `weight` - the further column that says how much a row counts; rows without a value count 1.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a weight that is no number of at least 0, or a column that no row has.
    pub fn from_labelled(
        statements: &[LabelledStatement],
        axes: &AxisSet,
        weight: Option<&str>,
    ) -> Result<Self> {
        let position = |i: usize| Position::row(&statements[i].file, statements[i].row);
        Self::gathered(statements, axes, weight, position)
    }

    /// The labels of the statements of label files, as [`TrainingSet::from_labelled`] takes them.
    ///
    /// # Arguments
    ///
    /// * `axes` - those of the files' axes to take.
    ///
    /// # Errors
    ///
    /// Those of [`TrainingSet::from_labelled`].
    pub fn from_file(file: &LabelFile, axes: &AxisSet, weight: Option<&str>) -> Result<Self> {
        let position = |i: usize| file.positions.get(i).cloned().unwrap_or_default();
        Self::gathered(&file.rows, axes, weight, position)
    }

    fn gathered(
        statements: &[LabelledStatement],
        axes: &AxisSet,
        weight: Option<&str>,
        position: impl Fn(usize) -> Position,
    ) -> Result<Self> {
        let is_nowhere = |column: &&str| !statements.iter().any(|s| s.extra.contains_key(*column));
        if let Some(column) = weight.filter(is_nowhere) {
            let columns: BTreeSet<&str> =
                statements.iter().flat_map(|s| s.extra.keys()).map(String::as_str).collect();
            let near = nearest(column, columns.iter().copied());
            let header = if statements.is_empty() { Position::default() } else { position(0) };
            let position = Position { row: Some(1), ..header }.column(column);
            return Err(Error::input(position, "no row with a weight", "label files with this column")
                .with_help(near.map_or(String::new(), |n| format!("Did you mean {n:?}?"))));
        }
        let key = |s: &LabelledStatement| (s.article.clone(), s.start, s.end, s.quote.clone());
        let mut rows_of: BTreeMap<_, (usize, bool)> = BTreeMap::new();
        for s in statements {
            let entry = rows_of.entry(key(s)).or_default();
            entry.0 += 1;
            entry.1 |= s.annotator == "gold";
        }
        let labelled =
            |axis: &&Axis| statements.iter().any(|s| matches!(s.labels.get(&axis.id), Some(Label::Class(_))));
        let axes = AxisSet { axes: axes.axes.iter().filter(labelled).cloned().collect() };
        let mut set = Self { axes, ..Self::default() };
        let (mut empty, mut unlabelled) = (0, 0);
        for (i, s) in statements.iter().enumerate() {
            let (n, has_gold) = rows_of[&key(s)];
            if has_gold && s.annotator != "gold" {
                continue;
            }
            let labels: Vec<Option<usize>> = set
                .axes
                .axes
                .iter()
                .map(|axis| match s.labels.get(&axis.id) {
                    Some(Label::Class(class)) => Some(*class),
                    _ => None,
                })
                .collect();
            if s.quote.trim().is_empty() {
                empty += 1;
                continue;
            }
            if labels.iter().all(Option::is_none) {
                unlabelled += 1;
                continue;
            }
            let counts = match weight.and_then(|column| Some((column, s.extra.get(column)?))) {
                Some((column, word)) => weight_of(word, || position(i).column(column))?,
                None => 1.0,
            };
            set.rows.push(TrainingRow {
                text: s.quote.clone(),
                speaker: s.speaker.clone(),
                outlet: s.outlet.clone(),
                group: s.split_key(),
                weight: counts * if has_gold { 1.0 } else { 1.0 / n as f64 },
                labels,
                file: s.file.clone(),
                position: position(i),
                annotator: s.annotator.clone(),
                note: s.note.clone(),
                ..TrainingRow::default()
            });
        }
        set.note(empty, "without a text");
        set.note(unlabelled, "without a label");
        Ok(set)
    }

    pub(super) fn note(&mut self, n: usize, what: &str) {
        if n > 0 {
            self.notes.push(format!("{n} rows {what} were passed over"));
        }
    }
}

/// Sums of weights up to this stay exact enough.
const MOST_WEIGHT: f64 = 1e12;

pub(super) fn weight_of(word: &str, here: impl Fn() -> Position) -> Result<f64> {
    match word.replace(',', ".").parse::<f64>() {
        Ok(weight) if (0.0..=MOST_WEIGHT).contains(&weight) => Ok(weight),
        _ => Err(Error::input(here(), format!("{word:?}"), "a weight: a number from 0 to 1e12")
            .with_help("Fill in the cell, or leave --weight out.")),
    }
}

/// The distinct groups of the rows, and the number of each row's group; numbers follow the groups' order by name.
pub fn number_groups(rows: &[TrainingRow]) -> Vec<usize> {
    let names: BTreeSet<&str> = rows.iter().map(|r| r.group.as_str()).collect();
    let index: BTreeMap<&str, usize> = names.into_iter().enumerate().map(|(i, n)| (n, i)).collect();
    rows.iter().map(|r| index[r.group.as_str()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gold_rows_replace_their_annotators() {
        let statement = |annotator: &str, class| LabelledStatement {
            quote: "We will talk.".into(),
            annotator: annotator.into(),
            labels: [("posture".to_string(), class)].into(),
            ..LabelledStatement::default()
        };
        let axes = super::super::bundled_axes();
        let two = [statement("a1", Label::Class(0)), statement("a2", Label::Class(1))];
        let set = TrainingSet::from_labelled(&two, &axes, None).expect("no weights");
        assert_eq!(set.rows.iter().map(|r| r.weight).collect::<Vec<_>>(), [0.5, 0.5]);
        let three = [two[0].clone(), statement("gold", Label::Class(2)), statement("a1", Label::Unclear)];
        let set = TrainingSet::from_labelled(&three, &axes, None).expect("no weights");
        assert_eq!((set.rows.len(), set.rows[0].labels.clone()), (1, vec![Some(2)]));
        assert_eq!(set.axes.axes.len(), 1);
    }

    #[test]
    fn a_column_of_a_label_file_says_how_much_a_row_counts() {
        let statement = |quote: &str, weight: Option<&str>| LabelledStatement {
            quote: quote.into(),
            file: "labels.csv".into(),
            row: 7,
            annotator: "a1".into(),
            labels: [("posture".to_string(), Label::Class(0))].into(),
            extra: weight.map(|w| ("weight".to_string(), w.to_string())).into_iter().collect(),
            ..LabelledStatement::default()
        };
        let axes = super::super::bundled_axes();
        let rows = [statement("We will talk.", Some("0,25")), statement("They will talk.", None)];
        let set = TrainingSet::from_labelled(&rows, &axes, Some("weight")).expect("numbers");
        assert_eq!(set.rows.iter().map(|r| r.weight).collect::<Vec<_>>(), [0.25, 1.0]);
        let wrong = [statement("We will talk.", Some("much"))];
        let error = TrainingSet::from_labelled(&wrong, &axes, Some("weight")).expect_err("no number");
        assert!(error.to_string().contains("labels.csv") && error.to_string().contains("weight"), "{error}");
        let error = TrainingSet::from_labelled(&rows, &axes, Some("wieght")).expect_err("no such column");
        let text = error.to_string();
        assert!(text.contains("labels.csv:1") && text.contains("Did you mean \"weight\"?"), "{text}");
    }
}
