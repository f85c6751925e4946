//! CSV and TSV as people have them: any delimiter, byte order marks, ragged rows.

use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use encoding_rs::Encoding;

use super::decode;
use crate::{Error, ErrorKind, Position, Result};

/// The largest row that is read; a lone quotation mark would otherwise swallow the rest of a file into memory.
const ROW_LIMIT: u64 = 64 << 20;
/// A cell of more lines than this is looked at for rows that a lone quotation mark put into it.
const LONG_CELL: usize = 50;
/// How much of a file is looked at to find its delimiter.
const SNIFF: usize = 1 << 16;

/// A table that is read row by row.
pub struct Table {
    path: PathBuf,
    headers: Vec<String>,
    delimiter: u8,
    reader: csv::Reader<Limited>,
    record: StringRecord,
    row: u64,
    /// Rows with more or fewer cells than the header, which were cut or padded: the first few row numbers.
    pub ragged: Vec<u64>,
    /// How many ragged rows there were.
    pub n_ragged: u64,
    /// The first cell that looks as if it held rows, in words.
    first_swallowed: Option<String>,
    n_swallowed: u64,
}

/// A cell whose lines look like rows of the table: a quotation mark that nobody closed put them there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swallowed {
    /// The header of the cell's column.
    pub column: String,
    /// How many lines the cell has.
    pub n_lines: usize,
}

/// One row of a [`Table`].
pub struct Row<'a> {
    /// Counted from 1, the header being row 1.
    pub number: u64,
    /// Its first cell that looks as if it held rows.
    pub swallowed: Option<Swallowed>,
    cells: &'a StringRecord,
}

impl Row<'_> {
    /// The cell of this column, without outer blanks; empty when the row is too short.
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default().trim()
    }

    /// The cell of this column as it stands.
    pub fn raw(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default()
    }
}

impl Table {
    /// Opens a CSV or TSV file; `-` is standard input.
    ///
    /// # Errors
    ///
    /// Those of [`decode::open`]; [`ErrorKind::Input`] when there is no header row.
    pub fn open(path: &Path, encoding: Option<&'static Encoding>) -> Result<Self> {
        Self::from_reader(decode::open(path, encoding)?.reader, path)
    }

    /// Reads a table from UTF-8 bytes; `path` names it in messages.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] when there is no header row.
    pub fn from_reader(mut utf8: Box<dyn Read + Send>, path: &Path) -> Result<Self> {
        let mut prefix = Vec::new();
        utf8.by_ref().take(SNIFF as u64).read_to_end(&mut prefix).map_err(|e| Error::io(path, "read", e))?;
        if prefix.iter().all(u8::is_ascii_whitespace) {
            return Err(Error::input(
                Position::file(path),
                "an empty file",
                "a header row and at least one row",
            ));
        }
        let delimiter = sniff(&prefix);
        let input: Box<dyn Read + Send> = Box::new(Cursor::new(prefix).chain(utf8));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(Limited { input, since_row: 0 });
        let headers = reader
            .headers()
            .map_err(|e| csv_error(path, 1, e))?
            .iter()
            .map(|h| h.trim().trim_start_matches('\u{feff}').to_string())
            .collect();
        Ok(Self {
            path: path.to_path_buf(),
            headers,
            delimiter,
            reader,
            record: StringRecord::new(),
            row: 1,
            ragged: Vec::new(),
            n_ragged: 0,
            first_swallowed: None,
            n_swallowed: 0,
        })
    }

    /// The file, as the user named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The header cells.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// The column with this header; case does not count.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.headers
            .iter()
            .position(|h| h == name)
            .or_else(|| self.headers.iter().position(|h| h.eq_ignore_ascii_case(name)))
    }

    /// The column with this header.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] that lists the columns there are and names the nearest one.
    pub fn require(&self, name: &str) -> Result<usize> {
        self.column(name).ok_or_else(|| {
            let error = Error::input(
                Position::row(&self.path, 1),
                format!("the columns {}", self.headers.join(", ")),
                format!("a column {name}"),
            );
            match nearest(name, self.headers.iter().map(String::as_str)) {
                Some(near) => error.with_help(format!("Did you mean {near:?}?")),
                None => error,
            }
        })
    }

    /// The next row, or `None` at the end. Blank lines are passed over, ragged rows are counted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] when reading fails, [`ErrorKind::TooLarge`] for a row above 64 MiB.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>> {
        self.reader.get_mut().since_row = 0;
        let begun = self.reader.position().line();
        let more =
            self.reader.read_record(&mut self.record).map_err(|e| csv_error(&self.path, self.row + 1, e))?;
        if !more {
            return Ok(None);
        }
        self.row += 1;
        if self.record.len() != self.headers.len() {
            self.n_ragged += 1;
            if self.ragged.len() < 5 {
                self.ragged.push(self.row);
            }
        }
        let long = self.reader.position().line() - begun > LONG_CELL as u64;
        let swallowed = if long { self.swallowed() } else { None };
        if let Some(Swallowed { column, n_lines }) = &swallowed {
            self.n_swallowed += 1;
            let position = Position::row(&self.path, self.row).column(column);
            self.first_swallowed.get_or_insert_with(|| {
                format!("{position}: one cell of {n_lines} lines that look like rows")
            });
        }
        Ok(Some(Row { number: self.row, swallowed, cells: &self.record }))
    }

    /// The first cell of the row at hand that has many lines, most of them with as many delimiters as a row.
    fn swallowed(&self) -> Option<Swallowed> {
        let n = self.headers.len().saturating_sub(1);
        let delimiters = |line: &str| line.bytes().filter(|byte| *byte == self.delimiter).count();
        self.record.iter().enumerate().find_map(|(i, cell)| {
            let n_lines = cell.lines().count();
            let like_rows = cell.lines().filter(|line| delimiters(line) == n).count();
            (n > 0 && n_lines > LONG_CELL && 2 * like_rows > n_lines).then(|| Swallowed {
                column: self.headers.get(i).cloned().unwrap_or_else(|| (i + 1).to_string()),
                n_lines,
            })
        })
    }

    /// What to say of the rows read so far: where a cell looks as if it had swallowed rows.
    pub fn warning(&self) -> Option<String> {
        let more = match self.n_swallowed {
            ..=1 => String::new(),
            n => format!(" ({} more such cells)", n - 1),
        };
        let first = self.first_swallowed.as_ref()?;
        Some(format!("{first}{more}; look for a quotation mark that is not closed"))
    }
}

/// Fails instead of letting one row grow without bound.
struct Limited {
    input: Box<dyn Read + Send>,
    since_row: u64,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row > ROW_LIMIT {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "row too large"));
        }
        let n = self.input.read(buffer)?;
        self.since_row += n as u64;
        Ok(n)
    }
}

fn csv_error(path: &Path, row: u64, error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(e) if e.kind() == io::ErrorKind::FileTooLarge => ErrorKind::TooLarge {
            position: Position::row(path, row),
            what: "row",
            size: ROW_LIMIT + 1,
            limit: ROW_LIMIT,
            help: "A quotation mark that is never closed makes the rest of the file one cell; look for one in this row."
                .into(),
        }
        .into(),
        csv::ErrorKind::Io(e) => Error::io(path, "read", e),
        other => Error::input(Position::row(path, row), format!("{other:?}"), "a CSV row"),
    }
}

/// The delimiter under which the first rows have the most, and the most equal, numbers of cells.
fn sniff(prefix: &[u8]) -> u8 {
    let mut best = (0, b',');
    for delimiter in [b',', b';', b'\t', b'|'] {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(prefix);
        let mut widths = reader.byte_records().take(50).map_while(|r| r.ok().map(|r| r.len()));
        let Some(header) = widths.next() else { continue };
        if header < 2 {
            continue;
        }
        let (mut rows, mut equal) = (0_usize, 0_usize);
        for width in widths {
            rows += 1;
            equal += usize::from(width == header);
        }
        // Equal rows first; among delimiters that do as well, the one that gives more columns.
        let share = (equal * 1000).checked_div(rows).unwrap_or(1000);
        let merit = share * 1000 + header.min(999);
        if merit > best.0 {
            best = (merit, delimiter);
        }
    }
    best.1
}

/// The candidate most like `name`, if it is like enough to be a slip of the pen.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (rapidfuzz::fuzz::ratio(wanted.chars(), candidate.to_lowercase().chars()), candidate)
        })
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        Table::from_reader(Box::new(Cursor::new(text.as_bytes().to_vec())), Path::new("t.csv"))
            .expect("a table")
    }

    #[test]
    fn delimiters_are_found() {
        for (text, columns) in [
            ("a,b\n1,2\n", 2),
            ("a;b;c\n1,5;2;3\n", 3),
            ("a\tb\nx, y\tz\n", 2),
            ("text\nno delimiter here\n", 1),
        ] {
            assert_eq!(table(text).headers().len(), columns, "{text:?}");
        }
    }

    #[test]
    fn ragged_rows_are_read_and_counted() {
        let mut t = table("a,b\n1\n1,2,3\n1,2\n");
        let mut rows = 0;
        while let Some(row) = t.next_row().expect("readable") {
            assert_eq!(row.cell(0), "1");
            rows += 1;
        }
        assert_eq!((rows, t.n_ragged, t.ragged.clone()), (3, 2, vec![2, 3]));
    }

    #[test]
    fn rows_in_a_cell_are_told_and_long_texts_are_not() {
        let rows = "No.,negative\n".repeat(60);
        let mut t = table(&format!("quote,tone\nYes.,positive\n\"Yes.,positive\n{rows}"));
        while t.next_row().expect("readable").is_some() {}
        let warning = t.warning().expect("told");
        assert!(warning.starts_with("t.csv:3, column quote: one cell of 61 lines"), "{warning}");
        let verses = "Line upon line\n".repeat(60);
        let mut t = table(&format!("quote,tone\n\"{verses}\",positive\n"));
        let row = t.next_row().expect("readable").expect("a row");
        assert_eq!((row.cell(1), row.swallowed.clone()), ("positive", None));
        assert_eq!(t.warning(), None);
    }

    #[test]
    fn a_missing_column_names_the_nearest() {
        let message = table("quote,speeker\na,b\n").require("speaker").expect_err("not there").to_string();
        assert!(message.contains("t.csv:1") && message.ends_with("Did you mean \"speeker\"?"), "{message}");
    }
}
