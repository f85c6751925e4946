//! Rows to learn from out of any table with a text and a label column.

use std::collections::BTreeMap;
use std::path::PathBuf;

use encoding_rs::Encoding;

use super::is_missing;
use super::table::{Row, Table};
use super::training::{TrainingRow, TrainingSet, weight_of};
use crate::types::{Axis, Span};
use crate::{Error, Position, Result};

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
        let mut raw = RawRows::of(columns);
        for path in paths {
            raw.append(Table::open(path, encoding)?, columns)?;
        }
        Ok(raw.finish(columns))
    }
}

/// A class that was met.
#[derive(Default)]
struct Class {
    number: usize,
    /// How many rows spell it so.
    spellings: BTreeMap<String, usize>,
}

#[derive(Default)]
struct RawRows {
    rows: Vec<TrainingRow>,
    /// The classes of each label column, by spelling in lower case. Rows hold the numbers that classes got as they were met.
    classes: Vec<BTreeMap<String, Class>>,
    empty: usize,
    unlabelled: usize,
    ragged: u64,
}

impl RawRows {
    fn of(columns: &TrainingColumns) -> Self {
        let classes = columns.labels.iter().map(|_| BTreeMap::new()).collect();
        Self { classes, ..Self::default() }
    }

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
            let cells = labels.iter().map(|c| Some(row.cell(*c)).filter(|c| !c.is_empty() && *c != "?"));
            let labels: Vec<Option<usize>> = cells
                .zip(&mut self.classes)
                .map(|(cell, classes)| {
                    let next = classes.len();
                    let class = cell.map(|cell| (cell, classes.entry(cell.to_lowercase())));
                    class.map(|(cell, class)| {
                        let class = class.or_insert_with(|| Class { number: next, ..Class::default() });
                        *class.spellings.entry(cell.to_string()).or_default() += 1;
                        class.number
                    })
                })
                .collect();
            if labels.iter().all(Option::is_none) {
                self.unlabelled += 1;
                continue;
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
                labels,
                file: stem.clone(),
                position: Position::row(&path, row.number),
                annotator: cell(annotator),
                note: cell(note),
            });
        }
        self.ragged += table.n_ragged;
        Ok(())
    }

    fn finish(self, columns: &TrainingColumns) -> TrainingSet {
        let mut set = TrainingSet { rows: self.rows, ..TrainingSet::default() };
        for (axis, (name, met)) in columns.labels.iter().zip(&self.classes).enumerate() {
            // Classes stand in the order of their spelling in lower case, whatever the order of the rows.
            let (mut classes, mut place) = (Vec::new(), vec![0; met.len()]);
            for class in met.values() {
                let best = class.spellings.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
                let best = best.map(|(s, _)| s.clone()).unwrap_or_default();
                if class.spellings.len() > 1 {
                    let all: Vec<String> =
                        class.spellings.iter().map(|(s, n)| format!("{s:?} ({n})")).collect();
                    set.notes.push(format!("column {name}: {} are one class, {best:?}", all.join(", ")));
                }
                place[class.number] = classes.len();
                classes.push(best);
            }
            for label in set.rows.iter_mut().filter_map(|row| row.labels[axis].as_mut()) {
                *label = place[*label];
            }
            set.axes.axes.push(Axis::nominal(name.clone(), classes));
        }
        set.note(self.empty, "without a text");
        set.note(self.unlabelled, "without a label");
        if self.ragged > 0 {
            set.notes.push(format!("{} rows have more or fewer cells than the header", self.ragged));
        }
        set
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use std::path::Path;

    fn read(text: &str, columns: &TrainingColumns) -> Result<TrainingSet> {
        let table = Table::from_reader(Box::new(Cursor::new(text.as_bytes().to_vec())), Path::new("t.csv"))?;
        let mut raw = RawRows::of(columns);
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
}
