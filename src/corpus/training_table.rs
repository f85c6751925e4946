//! Rows to learn from out of any table with a text and a label column.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;

use super::is_missing;
use super::label_column::LabelColumn;
use super::table::{Row, Table};
use super::training::{TrainingRow, TrainingSet, weight_of};
use crate::types::{AxisSet, Span};
use crate::{Error, Position, Result};

/// Which columns of a table hold what.
#[derive(Debug, Clone, Default)]
pub struct TrainingColumns {
    /// The text.
    pub text: String,
    /// The labels, one axis each; where `axes` are given, none stands for all of these that there is a column for.
    pub labels: Vec<String>,
    /// The axes that columns of their names are about; `None` where each column is an axis of the classes that it holds.
    pub axes: Option<AxisSet>,
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
    /// Reads any tables with a text and one or more label columns; classes are what the columns hold, or those of the axes given.
    ///
    /// A row with a cell that is no class of its axis is left out, and a note says so.
    ///
    /// Without axes, classes that differ in case or blanks only are one class, spelled as most rows spell it, with single blanks.
    /// Cells such as NA are no class: their rows count as without a label. Rows without a group are one each, named by file and row;
    /// of files with the same name by the path as given.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a missing column (with the nearest name), a weight that is no number
    /// of at least 0, or a span outside its text or the wrong way round;
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) for a label column that is named twice or is no axis; those of
    /// [`Table::open`] and [`Table::next_row`].
    pub fn read(
        paths: &[PathBuf],
        columns: &TrainingColumns,
        encoding: Option<&'static Encoding>,
    ) -> Result<Self> {
        let mut raw = RawRows::of(columns)?;
        for (path, name) in paths.iter().zip(names(paths)) {
            raw.append(Table::open(path, encoding)?, &name, columns)?;
        }
        Ok(raw.finish())
    }
}

/// What to call each file: its name, or the path as given where files in several folders have the same name.
pub(super) fn names(paths: &[PathBuf]) -> Vec<String> {
    let name = |path: &Path| path.file_name().map_or("-".into(), |n| n.to_string_lossy().into_owned());
    let mut folders: BTreeMap<String, BTreeSet<&Path>> = BTreeMap::new();
    for path in paths {
        folders.entry(name(path)).or_default().insert(path);
    }
    let is_shared = |name: &str| folders.get(name).is_some_and(|paths| paths.len() > 1);
    let called = |path: &PathBuf| match name(path) {
        shared if is_shared(&shared) => path.to_string_lossy().into_owned(),
        name => name,
    };
    paths.iter().map(called).collect()
}

#[derive(Default)]
struct RawRows {
    rows: Vec<TrainingRow>,
    labels: Vec<LabelColumn>,
    /// Whether label columns were named, in place of any that could be there.
    named: bool,
    /// Rows with a label that its axis does not have, and what is wrong with the first.
    unknown: usize,
    first_unknown: Option<Error>,
    /// Rows whose span begins where it ends.
    empty_spans: usize,
    empty: usize,
    unlabelled: usize,
    ragged: u64,
    /// Where cells look as if they had swallowed rows.
    warnings: Vec<String>,
}

impl RawRows {
    fn of(columns: &TrainingColumns) -> Result<Self> {
        let labels = match &columns.axes {
            None => columns.labels.iter().map(|name| LabelColumn::of_any_class(name)).collect(),
            Some(axes) if columns.labels.is_empty() => axes.axes.iter().map(LabelColumn::of_axis).collect(),
            Some(axes) => {
                let ids: Vec<&str> = axes.axes.iter().map(|axis| axis.id.as_str()).collect();
                let unknown = |name: &String| {
                    Error::argument("--label", name, format!("an axis of the file: {}", ids.join(", ")))
                };
                let column =
                    |name: &String| axes.get(name).map(LabelColumn::of_axis).ok_or_else(|| unknown(name));
                columns.labels.iter().map(column).collect::<Result<_>>()?
            }
        };
        Ok(Self { labels, named: !columns.labels.is_empty(), ..Self::default() })
    }

    /// Where a table has the label columns.
    fn find_labels(&self, table: &Table, columns: &TrainingColumns) -> Result<Vec<Option<usize>>> {
        if !self.named {
            let found: Vec<Option<usize>> =
                self.labels.iter().map(|label| table.column(label.name())).collect();
            if found.iter().all(Option::is_none) {
                let ids: Vec<&str> = self.labels.iter().map(LabelColumn::name).collect();
                return Err(Error::input(
                    Position::row(table.path(), 1),
                    format!("the columns {}", table.headers().join(", ")),
                    format!("a column for one of the axes {}", ids.join(", ")),
                )
                .with_help("Give a column the name of its axis, or name the columns that hold the labels with --label, without --axes."));
            }
            return Ok(found);
        }
        let found: Vec<usize> =
            columns.labels.iter().map(|name| table.require(name)).collect::<Result<_>>()?;
        if found.iter().collect::<BTreeSet<_>>().len() < found.len() {
            return Err(Error::argument("--label", columns.labels.join(","), "each column once")
                .with_help("Every column is an axis by itself; name it one time only."));
        }
        Ok(found.into_iter().map(Some).collect())
    }

    /// The rows of a table; `file` is what its rows are named by.
    fn append(&mut self, mut table: Table, file: &str, columns: &TrainingColumns) -> Result<()> {
        let text = table.require(&columns.text)?;
        let label_columns = self.find_labels(&table, columns)?;
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
        while let Some(row) = table.next_row()? {
            if row.cell(text).is_empty() {
                self.empty += 1;
                continue;
            }
            let here = |column: &str| Position::row(&path, row.number).column(column);
            let cells = label_columns.iter().map(|column| column.map_or("", |column| row.cell(column)));
            let mut labels = Vec::with_capacity(label_columns.len());
            let mut unknown = None;
            for (cell, column) in cells.zip(&mut self.labels) {
                column.note_missing(cell);
                labels.push(column.class(cell).unwrap_or_else(|help| {
                    let expected = format!("a class of axis {}", column.name());
                    let error =
                        || Error::input(here(column.name()), format!("{cell:?}"), expected).with_help(help);
                    unknown.get_or_insert_with(error);
                    None
                }));
            }
            if unknown.is_some() {
                self.unknown += 1;
                self.first_unknown = self.first_unknown.take().or(unknown);
                continue;
            }
            if labels.iter().all(Option::is_none) {
                self.unlabelled += 1;
                continue;
            }
            let cell = |column: Option<usize>| column.map(|c| row.cell(c).to_string()).unwrap_or_default();
            let weight = match weight.map(|c| row.cell(c)) {
                None => 1.0,
                Some(word) => weight_of(word, || here(columns.weight.as_deref().unwrap_or_default()))?,
            };
            let span = match span {
                Some((from, to)) => marked(&row, text, from, to, &here)?,
                None => None,
            };
            let span = span.filter(|span| {
                self.empty_spans += usize::from(span.start == span.end);
                span.start < span.end
            });
            let group = match group.map(|c| row.cell(c)).filter(|c| !is_missing(c)) {
                Some(group) => group.to_string(),
                None => format!("{file}:{}", row.number),
            };
            self.rows.push(TrainingRow {
                text: row.raw(text).to_string(),
                // As scoring reads it.
                target: cell(target.filter(|c| !is_missing(row.cell(*c)))),
                span,
                speaker: cell(speaker),
                outlet: cell(outlet),
                group,
                weight,
                labels,
                file: file.to_string(),
                position: Position::row(&path, row.number),
                annotator: cell(annotator),
                note: cell(note),
            });
        }
        self.ragged += table.n_ragged;
        self.warnings.extend(table.warning());
        Ok(())
    }

    fn finish(self) -> TrainingSet {
        let mut set = TrainingSet { rows: self.rows, notes: self.warnings, ..TrainingSet::default() };
        let mut labels: Vec<Vec<Option<usize>>> =
            set.rows.iter_mut().map(|row| std::mem::take(&mut row.labels)).collect();
        for (column, label) in self.labels.into_iter().enumerate() {
            let (axis, place) = label.finish(&mut set.notes);
            // Of axes that could have been there, those without a label are left out.
            if self.named || labels.iter().any(|labels| labels[column].is_some()) {
                set.axes.axes.push(axis);
                for (row, labels) in set.rows.iter_mut().zip(&mut labels) {
                    row.labels.push(labels[column].map(|class| place[class]));
                }
            }
        }
        if let Some(first) = self.first_unknown {
            set.notes.push(format!(
                "{} rows have a label that its axis does not have, and are left out; the first: {first}",
                self.unknown
            ));
        }
        set.note(self.empty, "without a text");
        set.note(self.unlabelled, "without a label");
        if self.empty_spans > 0 {
            set.notes.push(format!("{} rows have an empty span and are read without one", self.empty_spans));
        }
        if self.ragged > 0 {
            set.notes.push(format!("{} rows have more or fewer cells than the header", self.ragged));
        }
        set
    }
}

/// The marked part of a text, from code points to bytes, which may be empty; `None` where both cells are empty.
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
    if first > last {
        return Err(Error::input(
            here("--span"),
            format!("{first}, {last}"),
            "a first character, and one past the last that is not before it",
        )
        .with_help("Are the two columns the wrong way round?"));
    }
    let byte = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(i, _)| i);
    Ok(Some(Span::new(byte(first), byte(last))))
}

#[cfg(test)]
mod tests {
    use super::super::axes::bundled_axes;
    use super::*;
    use std::io::Cursor;
    use std::path::Path;

    fn read(text: &str, columns: &TrainingColumns) -> Result<TrainingSet> {
        let table = Table::from_reader(Box::new(Cursor::new(text.as_bytes().to_vec())), Path::new("t.csv"))?;
        let mut raw = RawRows::of(columns)?;
        raw.append(table, "t.csv", columns)?;
        Ok(raw.finish())
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
    fn blanks_of_any_kind_do_not_make_a_class() {
        let rows = "One,pro  kyiv\nTwo,\u{a0}pro kyiv \nThree,pro\u{a0}Kyiv\nFour,pro  kyiv\nFive,other\n";
        let set = read(&format!("text,side\n{rows}"), &columns()).expect("read");
        let ids: Vec<&str> = set.axes.axes[0].classes.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids, ["other", "pro kyiv"]);
        assert_eq!(set.rows.iter().filter(|r| r.labels[0] == Some(1)).count(), 4);
        assert!(
            set.notes[0].contains("\"pro  kyiv\" (2)") && set.notes[0].contains("u{a0}"),
            "{:?}",
            set.notes
        );
        let axes =
            AxisSet { axes: vec![crate::types::Axis::nominal("side", ["other".into(), "pro  Kyiv".into()])] };
        let named = TrainingColumns { axes: Some(axes), ..columns() };
        let set = read("text,side\nOne,pro  kyiv\nTwo,pro\u{a0}kyiv\nThree,other\n", &named).expect("read");
        assert!(set.rows.iter().map(|r| r.labels[0]).eq([Some(1), Some(1), Some(0)]));
    }

    #[test]
    fn cells_that_stand_for_nothing_are_no_class_and_told() {
        let rows = "One,left\nTwo,NA\nThree,nan\nFour,none\nFive,NA\nSix,None\n";
        let set = read(&format!("text,side\n{rows}"), &columns()).expect("read");
        let ids: Vec<&str> = set.axes.axes[0].classes.iter().map(|c| c.id.as_str()).collect();
        // A stance may be none.
        assert_eq!((ids, set.rows.len()), (vec!["left", "None"], 3));
        let told = |part: &str| set.notes.iter().any(|note| note.contains(part));
        assert!(told("3 rows hold \"NA\" (2), \"nan\" (1)") && told("not applicable"), "{:?}", set.notes);
    }

    #[test]
    fn rows_of_files_with_one_name_do_not_share_groups() {
        let called = |paths: &[&str]| names(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(called(&["a/x.csv", "b/x.csv", "b/y.csv"]), ["a/x.csv", "b/x.csv", "y.csv"]);
        assert_eq!(called(&["a/x.csv", "a/x.csv", "-"]), ["x.csv", "x.csv", "-"]);
        let folder = tempfile::tempdir().expect("a folder");
        let paths = ["a", "b"].map(|sub| {
            std::fs::create_dir(folder.path().join(sub)).expect("made");
            let path = folder.path().join(sub).join("x.csv");
            std::fs::write(&path, format!("text,side\nWords of {sub},left\n")).expect("written");
            path
        });
        let set = TrainingSet::read(&paths, &columns(), None).expect("read");
        assert_ne!(set.rows[0].group, set.rows[1].group);
        assert_ne!(set.rows[0].file, set.rows[1].file);
        let one = TrainingSet::read(&paths[..1], &columns(), None).expect("read");
        assert_eq!(one.rows[0].group, "x.csv:2");
    }

    #[test]
    fn a_label_column_is_named_once() {
        for twice in [["side", "side"], ["side", "Side"]] {
            let columns = TrainingColumns { labels: twice.map(String::from).into(), ..columns() };
            let message = read("text,side\nOne,left\n", &columns).expect_err("twice").to_string();
            assert!(message.starts_with("--label = side,") && message.contains("once"), "{message}");
        }
    }

    #[test]
    fn columns_named_after_axes_hold_their_classes() {
        let mut axes = bundled_axes();
        let all = TrainingColumns { labels: Vec::new(), axes: Some(axes.clone()), ..columns() };
        let rows = "One,+1,?,x\nTwo,Pro-Moscow,,y\nThree,,,z\nFour,pro kiev,,w\n";
        let set = read(&format!("text,alignment,posture,side\n{rows}"), &all).expect("read");
        // No label of posture is one, and the fourth row cannot be used.
        let ids: Vec<&str> = set.axes.axes.iter().map(|axis| axis.id.as_str()).collect();
        assert_eq!(ids, ["alignment"]);
        assert!(set.axes.axes[0].has_poles());
        assert_eq!(set.rows.iter().map(|row| row.labels.clone()).collect::<Vec<_>>(), [[Some(2)], [Some(0)]]);
        let told = |parts: [&str; 2]| set.notes.iter().any(|n| parts.iter().all(|part| n.contains(part)));
        assert!(
            told(["1 rows have a label", "t.csv:5, column alignment: found \"pro kiev\""]),
            "{:?}",
            set.notes
        );
        assert!(told(["1 rows without a label", ""]), "{:?}", set.notes);

        let message = read("text,side\nOne,x\n", &all).expect_err("none of them").to_string();
        assert!(
            message.contains("one of the axes alignment, posture") && message.contains("--label"),
            "{message}"
        );
        let one = TrainingColumns { labels: vec!["posture".into()], ..all.clone() };
        let set = read("text,posture,alignment\nOne,restraint,+1\n", &one).expect("read");
        assert_eq!((set.axes.axes.len(), &set.rows[0].labels), (1, &vec![Some(0)]));
        axes.axes.truncate(1);
        let none = TrainingColumns { axes: Some(axes), ..one };
        let message = read("text,posture\nOne,restraint\n", &none).expect_err("no axis").to_string();
        assert!(
            message.starts_with("--label = posture: expected an axis of the file: alignment"),
            "{message}"
        );
    }

    #[test]
    fn numbers_of_classes_do_not_hang_on_the_order_of_rows() {
        let columns = TrainingColumns { labels: vec!["side".into(), "tone".into()], ..columns() };
        let rows = "One,Right,\nTwo,?,warm\nThree,left,Cold\nFour,Centre,warm\n";
        let set = read(&format!("text,side,tone\n{rows}"), &columns).expect("read");
        let class = |row: &TrainingRow, axis: usize| -> Option<String> {
            row.labels[axis].map(|k| set.axes.axes[axis].classes[k].id.clone())
        };
        let found = |axis: usize| set.rows.iter().map(|row| class(row, axis)).collect::<Vec<_>>();
        let some = |id: &str| Some(id.to_string());
        assert_eq!(found(0), [some("Right"), None, some("left"), some("Centre")]);
        assert_eq!(found(1), [None, some("warm"), some("Cold"), some("warm")]);
        let first: Vec<&str> = set.axes.axes.iter().map(|axis| axis.classes[0].id.as_str()).collect();
        assert_eq!(first, ["Centre", "Cold"]);
    }

    #[test]
    fn a_cell_that_stands_for_nothing_is_no_target() {
        let columns = TrainingColumns { target: Some("topic".into()), ..columns() };
        let set = read("text,side,topic\nOne,x,NA\nTwo,y,NATO\n", &columns).expect("read");
        assert_eq!(set.rows.iter().map(|row| row.target.as_str()).collect::<Vec<_>>(), ["", "NATO"]);
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
        let message = read("text,side,from,to\nshort,x,4,2\n", &columns).expect_err("reversed").to_string();
        assert!(
            message.starts_with("t.csv:2, column --span: found 4, 2") && message.contains("wrong way round"),
            "{message}"
        );
        let set = read("text,side,from,to\nshort,x,2,2\n", &columns).expect("empty");
        assert_eq!(set.rows[0].span, None);
        assert!(set.notes[0].contains("1 rows have an empty span"), "{:?}", set.notes);
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
}
