//! Label files: wide (a column per axis) and long (`axis`, `label`), as spreadsheets and people leave them.

mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;

use super::table::{Row, Table, nearest};
use super::training_table::names;
use super::{date, is_missing};
use crate::types::{Axis, AxisSet, Label, LabelledStatement};
use crate::{Error, Position, Result};

pub use writer::label_bytes;

/// The columns of a label file that are not axes, in the order in which they are written.
pub const LABEL_COLUMNS: [&str; 12] = [
    "article",
    "start",
    "end",
    "quote",
    "speaker",
    "outlet",
    "date",
    "annotator",
    "confidence",
    "sample_prob",
    "note",
    "group",
];

/// Something wrong with a row of a label file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File, row and column.
    pub position: Position,
    /// What stood there.
    pub found: String,
    /// What should have stood there.
    pub expected: String,
    /// The way out; may be empty.
    pub help: String,
}

impl Problem {
    /// The same, as an error.
    pub fn into_error(self) -> Error {
        Error::input(self.position, self.found, self.expected).with_help(self.help)
    }
}

/// The rows of one or more label files.
#[derive(Debug, Clone, Default)]
pub struct LabelFile {
    /// The rows that could be read, in file order.
    pub rows: Vec<LabelledStatement>,
    /// Where each row stood, in the order of `rows`.
    pub positions: Vec<Position>,
    /// The axes that the files have a column for, in the order of the axis set.
    pub axes: AxisSet,
    /// The cells and rows that could not be read; such a row is not among `rows`.
    pub problems: Vec<Problem>,
    /// Columns that mean nothing to Sayso, by header; they are kept in `extra`.
    pub unknown_columns: BTreeSet<String>,
    /// Rows with too few or too many cells.
    pub n_ragged: u64,
}

impl LabelFile {
    /// Reads label files.
    ///
    /// # Arguments
    ///
    /// * `paths` - the files; `-` is standard input.
    /// * `axes` - the axes there can be. A file needs a column for at least one of them, or the long form's
    ///   `axis` and `label` columns.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) for a file that is not there,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a file without any axis column, or with neither quotes
    /// nor offsets. Bad cells are no error: they are listed in `problems`.
    pub fn read(paths: &[PathBuf], axes: &AxisSet, encoding: Option<&'static Encoding>) -> Result<Self> {
        let mut file = Self::default();
        let mut present = BTreeSet::new();
        for (path, name) in paths.iter().zip(names(paths)) {
            let table = Table::open(path, encoding)?;
            let before = file.rows.len();
            file.append(table, axes, &mut present)?;
            file.rows[before..].iter_mut().for_each(|row| row.file.clone_from(&name));
        }
        file.axes.axes = axes.axes.iter().filter(|axis| present.contains(&axis.id)).cloned().collect();
        Ok(file)
    }

    fn append(&mut self, mut table: Table, axes: &AxisSet, present: &mut BTreeSet<String>) -> Result<()> {
        let columns = Columns::find(&table, axes)?;
        present.extend(columns.axes.iter().map(|(_, axis)| axis.id.clone()));
        self.unknown_columns.extend(columns.further.iter().map(|(_, header)| header.clone()));
        let path = table.path().to_path_buf();
        let mut open: BTreeMap<String, usize> = BTreeMap::new();
        while let Some(row) = table.next_row()? {
            let before = self.problems.len();
            let row_number = row.number;
            if let Some(swallowed) = &row.swallowed {
                self.problems.push(Problem {
                    position: Position::row(&path, row_number).column(&swallowed.column),
                    found: format!("one cell of {} lines that look like rows", swallowed.n_lines),
                    expected: "one row".into(),
                    help: "Look for a quotation mark that is not closed.".into(),
                });
            }
            let mut statement = columns.statement(&row, &path, &mut self.problems);
            columns.labels(&row, &path, axes, &mut statement, present, &mut self.problems);
            if self.problems.len() > before {
                continue;
            }
            if columns.long.is_some() {
                // In the long form, the rows of one statement and annotator are one row here.
                let key = format!(
                    "{}\u{1f}{:?}\u{1f}{:?}\u{1f}{}\u{1f}{}",
                    statement.article, statement.start, statement.end, statement.quote, statement.annotator
                );
                match open.get(&key).map(|i| &mut self.rows[*i]) {
                    Some(earlier) => {
                        earlier.labels.extend(statement.labels);
                        continue;
                    }
                    None => drop(open.insert(key, self.rows.len())),
                }
            }
            self.positions.push(Position::row(&path, row_number));
            self.rows.push(statement);
        }
        self.n_ragged += table.n_ragged;
        Ok(())
    }
}

/// Which column holds what.
struct Columns<'a> {
    known: BTreeMap<&'static str, usize>,
    axes: Vec<(usize, &'a Axis)>,
    long: Option<(usize, usize)>,
    further: Vec<(usize, String)>,
}

impl<'a> Columns<'a> {
    fn find(table: &Table, axes: &'a AxisSet) -> Result<Self> {
        let mut known = BTreeMap::new();
        for name in LABEL_COLUMNS {
            let column = table.column(name).or_else(|| match name {
                "article" => table.column("article_id"),
                "quote" => table.column("text"),
                _ => None,
            });
            if let Some(column) = column {
                known.insert(name, column);
            }
        }
        let found: Vec<(usize, &Axis)> =
            axes.axes.iter().filter_map(|axis| Some((table.column(&axis.id)?, axis))).collect();
        let long = table.column("axis").zip(table.column("label"));
        let here = || Position::row(table.path(), 1);
        let headers = || format!("the columns {}", table.headers().join(", "));
        if found.is_empty() && long.is_none() {
            let ids: Vec<&str> = axes.axes.iter().map(|a| a.id.as_str()).collect();
            let near = ids
                .iter()
                .find_map(|id| nearest(id, table.headers().iter().map(String::as_str)).map(|h| (h, *id)));
            let help = match near {
                Some((header, id)) => format!("Did you mean to call the column {header:?} {id:?}?"),
                None => "Name your own axes with --axes axes.toml, or any columns with --text COLUMN --label COLUMN.".into(),
            };
            let expected = format!("a column for at least one axis ({})", ids.join(", "));
            return Err(Error::input(here(), headers(), expected).with_help(help));
        }
        let located = known.contains_key("article") && known.contains_key("start");
        if !located && !known.contains_key("quote") {
            let near = nearest("quote", table.headers().iter().map(String::as_str));
            let help = near.map_or(String::new(), |n| format!("Did you mean to call {n:?} \"quote\"?"));
            let expected = "a column quote, or the columns article, start and end";
            return Err(Error::input(here(), headers(), expected).with_help(help));
        }
        let used = |i: usize| {
            known.values().any(|k| *k == i)
                || found.iter().any(|(k, _)| *k == i)
                || long.is_some_and(|(a, l)| a == i || l == i)
        };
        let further = (0..table.headers().len())
            .filter(|i| !used(*i))
            .map(|i| (i, table.headers()[i].clone()))
            .collect();
        Ok(Self { known, axes: found, long, further })
    }

    fn statement(&self, row: &Row<'_>, path: &Path, problems: &mut Vec<Problem>) -> LabelledStatement {
        let cell = |name: &str| self.known.get(name).map(|i| row.cell(*i)).unwrap_or_default();
        let mut problem = |column: &str, found: &str, expected: &str| {
            problems.push(Problem {
                position: Position::row(path, row.number).column(column),
                found: format!("{found:?}"),
                expected: expected.into(),
                help: String::new(),
            });
        };
        let mut offset = |name: &'static str| match cell(name) {
            "" => None,
            word => word.parse::<usize>().map_or_else(
                |_| {
                    problem(name, word, "a count of characters from the start of the article");
                    None
                },
                Some,
            ),
        };
        let (start, end) = (offset("start"), offset("end"));
        if let (Some(s), Some(e)) = (start, end)
            && s >= e
        {
            problem("end", &e.to_string(), &format!("an end after the start {s}"));
        }
        let confidence = match cell("confidence") {
            "" => None,
            word => word.parse().ok().filter(|n| (1..=3).contains(n)).or_else(|| {
                problem("confidence", word, "1, 2 or 3");
                None
            }),
        };
        let sample_prob = match cell("sample_prob") {
            "" => None,
            word => word.replace(',', ".").parse().ok().filter(|p| *p > 0.0 && *p <= 1.0).or_else(|| {
                problem("sample_prob", word, "a probability above 0 and at most 1");
                None
            }),
        };
        let day = date::parse(cell("date"), date::DayOrder::Unknown).unwrap_or_else(|expected| {
            problem("date", cell("date"), &expected);
            None
        });
        if cell("quote").is_empty() && start.is_none() {
            problem("quote", "", "the quoted text, or start and end");
        }
        let text = |name: &str| cell(name).to_string();
        LabelledStatement {
            file: path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
            row: row.number,
            article: text("article"),
            start,
            end,
            quote: text("quote"),
            speaker: text("speaker"),
            outlet: text("outlet"),
            date: day.unwrap_or_default(),
            labels: BTreeMap::new(),
            annotator: text("annotator"),
            confidence,
            sample_prob,
            group: text("group"),
            note: text("note"),
            extra: self
                .further
                .iter()
                .filter(|(i, _)| !is_missing(row.cell(*i)))
                .map(|(i, header)| (header.clone(), row.cell(*i).to_string()))
                .collect(),
        }
    }

    fn labels(
        &self,
        row: &Row<'_>,
        path: &Path,
        axes: &AxisSet,
        statement: &mut LabelledStatement,
        present: &mut BTreeSet<String>,
        problems: &mut Vec<Problem>,
    ) {
        let position = |column: &str| Position::row(path, row.number).column(column);
        let mut take = |axis: &Axis, column: &str, word: &str| match label(axis, word) {
            Ok(None) => {}
            Ok(Some(label)) => drop(statement.labels.insert(axis.id.clone(), label)),
            Err(help) => problems.push(Problem {
                position: position(column),
                found: format!("{word:?}"),
                expected: format!("a class of axis {}", axis.id),
                help,
            }),
        };
        for (column, axis) in &self.axes {
            take(axis, &axis.id, row.cell(*column));
        }
        if let Some((axis_column, label_column)) = self.long {
            let id = row.cell(axis_column);
            match axes.get(id) {
                Some(axis) => {
                    present.insert(axis.id.clone());
                    take(axis, "label", row.cell(label_column));
                }
                None => problems.push(Problem {
                    position: position("axis"),
                    found: format!("{id:?}"),
                    expected: "the id of an axis".into(),
                    help: format!(
                        "There are {}.",
                        axes.axes.iter().map(|a| a.id.as_str()).collect::<Vec<_>>().join(", ")
                    ),
                }),
            }
        }
    }
}

/// What a cell says on an axis; the way out when it says nothing that the axis knows.
pub(super) fn label(axis: &Axis, word: &str) -> std::result::Result<Option<Label>, String> {
    match word {
        "" => Ok(None),
        "?" | "unclear" => Ok(Some(Label::Unclear)),
        _ => match axis.class_index(word) {
            Some(class) => Ok(Some(Label::Class(class))),
            None => {
                let ids: Vec<&str> = axis.classes().iter().map(|c| c.id.as_str()).collect();
                let near = nearest(word, ids.iter().copied()).map(|n| format!(" Did you mean {n:?}?"));
                Err(format!(
                    "The classes are {}; ? is unclear, an empty cell does not apply.{}",
                    ids.join(", "),
                    near.unwrap_or_default()
                ))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::axes::bundled_axes;
    use super::*;
    use std::io::Cursor;

    fn read(text: &str) -> Result<LabelFile> {
        let table = Table::from_reader(Box::new(Cursor::new(text.as_bytes().to_vec())), Path::new("l.csv"))?;
        let mut file = LabelFile::default();
        let mut present = BTreeSet::new();
        file.append(table, &bundled_axes(), &mut present)?;
        Ok(file)
    }

    #[test]
    fn wide_and_long_forms_say_the_same() {
        let wide = read("quote,alignment,posture\nOne.,pro-kyiv,?\n").expect("readable").rows;
        let long =
            read("quote,axis,label\nOne.,alignment,+1\nOne.,posture,unclear\n").expect("readable").rows;
        assert_eq!(wide[0].labels, long[0].labels);
        assert_eq!(wide[0].labels["alignment"], Label::Class(2));
        assert_eq!(wide[0].labels["posture"], Label::Unclear);
        assert!(!wide[0].labels.contains_key("minsk"));
    }

    #[test]
    fn a_class_that_the_axis_lacks_is_listed_with_the_nearest_and_the_other_rows_are_kept() {
        let file = read("quote,minsk\nOne.,suportive\nTwo.,critical\n").expect("readable");
        assert_eq!(file.rows.len(), 1);
        let message = file.problems[0].clone().into_error().to_string();
        assert!(
            message.starts_with("l.csv:2, column minsk") && message.ends_with("Did you mean \"supportive\"?"),
            "{message}"
        );
    }

    #[test]
    fn a_file_without_axis_columns_says_what_it_has() {
        let message = read("quote,alignement\nOne.,pro-kyiv\n").expect_err("no axis").to_string();
        assert!(message.contains("quote, alignement") && message.contains("\"alignment\""), "{message}");
    }

    #[test]
    fn a_spreadsheet_with_semicolons_a_mark_and_further_columns_is_read() {
        let file = read("\u{feff}quote;minsk;sample_prob;Desk\r\n\"A; b\";critical;0,25;Kyiv\r\n")
            .expect("readable");
        assert_eq!(file.rows[0].quote, "A; b");
        assert_eq!(file.rows[0].sample_prob, Some(0.25));
        assert_eq!(file.rows[0].extra["Desk"], "Kyiv");
    }
}
