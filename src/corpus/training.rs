//! Rows to learn from: out of label files, or out of any table with a text and a label column.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use encoding_rs::Encoding;

use super::table::{Row, Table, nearest};
use super::{LabelFile, is_missing};
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

/// Which columns of a table hold what.
#[derive(Debug, Clone, Default)]
pub struct TrainingColumns {
    /// The text.
    pub text: String,
    /// The labels, one axis each.
    pub labels: Vec<String>,
    /// What keeps rows together in a split.
    pub group: Option<String>,
    /// What the row speaks about.
    pub target: Option<String>,
    /// First and one past the last character of the marked part.
    pub span: Option<(String, String)>,
    /// How much the row counts.
    pub weight: Option<String>,
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

    /// Reads any tables with a text and one or more label columns; classes are what the columns hold.
    ///
    /// Classes that differ in case or outer blanks only are one class, spelled as most rows spell it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a missing column (with the nearest name), a weight that is no number
    /// of at least 0, or a span outside its text; those of [`Table::open`] and [`Table::next_row`].
    pub fn read(
        paths: &[PathBuf],
        columns: &TrainingColumns,
        encoding: Option<&'static Encoding>,
    ) -> Result<Self> {
        let mut raw =
            RawRows { spellings: vec![BTreeMap::new(); columns.labels.len()], ..RawRows::default() };
        for path in paths {
            raw.append(Table::open(path, encoding)?, columns)?;
        }
        Ok(raw.finish(columns))
    }

    fn note(&mut self, n: usize, what: &str) {
        if n > 0 {
            self.notes.push(format!("{n} rows {what} were passed over"));
        }
    }
}

#[derive(Default)]
struct RawRows {
    rows: Vec<TrainingRow>,
    /// Per label column: folded class → spelling → rows.
    spellings: Vec<BTreeMap<String, BTreeMap<String, usize>>>,
    /// The folded class of each row and column.
    classes: Vec<Vec<Option<String>>>,
    empty: usize,
    unlabelled: usize,
    ragged: u64,
}

impl RawRows {
    fn append(&mut self, mut table: Table, columns: &TrainingColumns) -> Result<()> {
        let text = table.require(&columns.text)?;
        let labels: Vec<usize> = columns.labels.iter().map(|c| table.require(c)).collect::<Result<_>>()?;
        let optional = |name: &Option<String>| name.as_ref().map(|n| table.require(n)).transpose();
        let (group, target, weight) =
            (optional(&columns.group)?, optional(&columns.target)?, optional(&columns.weight)?);
        let span = match &columns.span {
            Some((from, to)) => Some((table.require(from)?, table.require(to)?)),
            None => None,
        };
        let speaker = table.column("speaker");
        let outlet = table.column("outlet");
        let (annotator, note) = (table.column("annotator"), table.column("note"));
        let path = table.path().to_path_buf();
        let stem = path.file_name().map_or("-".into(), |n| n.to_string_lossy().into_owned());
        while let Some(row) = table.next_row()? {
            if row.cell(text).is_empty() {
                self.empty += 1;
                continue;
            }
            let classes: Vec<Option<String>> = labels
                .iter()
                .map(|c| row.cell(*c))
                .map(|cell| (!cell.is_empty() && cell != "?").then(|| cell.to_lowercase()))
                .collect();
            if classes.iter().all(Option::is_none) {
                self.unlabelled += 1;
                continue;
            }
            for (column, (spellings, class)) in labels.iter().zip(self.spellings.iter_mut().zip(&classes)) {
                if let Some(class) = class {
                    let spelling = row.cell(*column).to_string();
                    *spellings.entry(class.clone()).or_default().entry(spelling).or_default() += 1;
                }
            }
            let here = |column: &str| Position::row(&path, row.number).column(column);
            let cell = |column: Option<usize>| column.map(|c| row.cell(c).to_string()).unwrap_or_default();
            let weight = match weight.map(|c| row.cell(c)) {
                None => 1.0,
                Some(word) => weight_of(word, || here(columns.weight.as_deref().unwrap_or_default()))?,
            };
            let span = match span {
                Some((from, to)) => marked(&row, text, from, to, &here)?,
                None => None,
            };
            let group = match group.map(|c| row.cell(c)).filter(|c| !is_missing(c)) {
                Some(group) => group.to_string(),
                None => format!("{stem}:{}", row.number),
            };
            self.rows.push(TrainingRow {
                text: row.raw(text).to_string(),
                target: cell(target),
                span,
                speaker: cell(speaker),
                outlet: cell(outlet),
                group,
                weight,
                labels: Vec::new(),
                file: stem.clone(),
                position: Position::row(&path, row.number),
                annotator: cell(annotator),
                note: cell(note),
            });
            self.classes.push(classes);
        }
        self.ragged += table.n_ragged;
        Ok(())
    }

    fn finish(self, columns: &TrainingColumns) -> TrainingSet {
        let mut set = TrainingSet::default();
        let mut index: Vec<BTreeMap<String, usize>> = Vec::new();
        for (name, spellings) in columns.labels.iter().zip(&self.spellings) {
            let mut classes = Vec::new();
            for variants in spellings.values() {
                let best = variants.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
                let best = best.map(|(s, _)| s.clone()).unwrap_or_default();
                if variants.len() > 1 {
                    let all: Vec<String> = variants.iter().map(|(s, n)| format!("{s:?} ({n})")).collect();
                    set.notes.push(format!("column {name}: {} are one class, {best:?}", all.join(", ")));
                }
                classes.push(best);
            }
            index.push(spellings.keys().enumerate().map(|(i, k)| (k.clone(), i)).collect());
            set.axes.axes.push(Axis::nominal(name.clone(), classes));
        }
        set.rows = self.rows;
        for (row, classes) in set.rows.iter_mut().zip(&self.classes) {
            row.labels = classes
                .iter()
                .zip(&index)
                .map(|(class, index)| class.as_ref().and_then(|c| index.get(c).copied()))
                .collect();
        }
        set.note(self.empty, "without a text");
        set.note(self.unlabelled, "without a label");
        if self.ragged > 0 {
            set.notes.push(format!("{} rows have more or fewer cells than the header", self.ragged));
        }
        set
    }
}

/// Sums of weights up to this stay exact enough.
const MOST_WEIGHT: f64 = 1e12;

fn weight_of(word: &str, here: impl Fn() -> Position) -> Result<f64> {
    match word.replace(',', ".").parse::<f64>() {
        Ok(weight) if (0.0..=MOST_WEIGHT).contains(&weight) => Ok(weight),
        _ => Err(Error::input(here(), format!("{word:?}"), "a weight: a number from 0 to 1e12")
            .with_help("Fill in the cell, or leave --weight out.")),
    }
}

/// The marked part of a text, from code points to bytes; `None` where both cells are empty.
fn marked(
    row: &Row<'_>,
    text: usize,
    from: usize,
    to: usize,
    here: &impl Fn(&str) -> Position,
) -> Result<Option<Span>> {
    let (from, to) = (row.cell(from), row.cell(to));
    if from.is_empty() && to.is_empty() {
        return Ok(None);
    }
    let text = row.raw(text);
    let length = text.chars().count();
    let number = |word: &str| word.parse::<usize>().ok().filter(|n| *n <= length);
    let (Some(first), Some(last)) = (number(from), number(to)) else {
        return Err(Error::input(
            here("--span"),
            format!("{from:?}, {to:?}"),
            format!("two counts of characters within the text, which has {length}"),
        )
        .with_help("Offsets are 0-based and half-open, in Unicode code points."));
    };
    let byte = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(i, _)| i);
    Ok((first < last).then(|| Span::new(byte(first), byte(last))))
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
    use std::io::Cursor;
    use std::path::Path;

    fn read(text: &str, columns: &TrainingColumns) -> Result<TrainingSet> {
        let table = Table::from_reader(Box::new(Cursor::new(text.as_bytes().to_vec())), Path::new("t.csv"))?;
        let mut raw =
            RawRows { spellings: vec![BTreeMap::new(); columns.labels.len()], ..RawRows::default() };
        raw.append(table, columns)?;
        Ok(raw.finish(columns))
    }

    fn columns() -> TrainingColumns {
        TrainingColumns { text: "text".into(), labels: vec!["side".into()], ..TrainingColumns::default() }
    }

    #[test]
    fn spellings_of_a_class_are_put_together_and_told() {
        let set = read("text,side\nOne,Left\nTwo,left \nThree,Left\nFour,Right\nFive,\n", &columns())
            .expect("read");
        let ids: Vec<&str> = set.axes.axes[0].classes.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids, ["Left", "Right"]);
        assert_eq!(
            set.rows.iter().map(|r| r.labels[0]).collect::<Vec<_>>(),
            [Some(0), Some(0), Some(0), Some(1)]
        );
        assert!(set.notes[0].contains("\"left\" (1)") && set.notes[1].contains("1 rows without a label"));
    }

    #[test]
    fn spans_count_characters() {
        let columns = TrainingColumns { span: Some(("from".into(), "to".into())), ..columns() };
        let set = read("text,side,from,to\nŽivo Kyjiv!,x,5,10\nnone,y,,\n", &columns).expect("read");
        assert_eq!(set.rows[0].span.map(|s| s.slice(&set.rows[0].text)), Some("Kyjiv"));
        assert_eq!(set.rows[1].span, None);
        let message = read("text,side,from,to\nshort,x,2,9\n", &columns).expect_err("beyond").to_string();
        assert!(
            message.starts_with("t.csv:2, column --span") && message.contains("which has 5"),
            "{message}"
        );
    }

    #[test]
    fn a_weight_that_is_no_number_is_named() {
        let columns = TrainingColumns { weight: Some("w".into()), ..columns() };
        for bad in ["NaN", "-1", "inf", "much", ""] {
            let message =
                read(&format!("text,side,w\nOne,x,{bad}\n"), &columns).expect_err("bad").to_string();
            assert!(message.starts_with("t.csv:2, column w"), "{message}");
        }
    }

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
