//! Lexicon files: `term, value, dimension`, one row a term and dimension.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;

use super::table::Table;
use crate::types::LexiconEntry;
use crate::{Error, Position, Result};

/// Most rows of a lexicon.
const MOST: usize = 500_000;

/// Reads a lexicon file.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input) with row and column for a missing column, an empty or overlong term, a value
/// that is no number in [−1, 1], and a term that stands twice in one dimension.
pub fn read_lexicon(path: &Path) -> Result<Vec<LexiconEntry>> {
    rows(Table::open(path, None)?, path)
}

/// Reads a lexicon from bytes; `path` names it in messages.
///
/// # Errors
///
/// Those of [`read_lexicon`].
pub fn parse_lexicon(bytes: &[u8], path: &Path) -> Result<Vec<LexiconEntry>> {
    rows(Table::from_reader(Box::new(Cursor::new(bytes.to_vec())), path)?, path)
}

fn rows(mut table: Table, path: &Path) -> Result<Vec<LexiconEntry>> {
    let [term, value, dimension] = ["term", "value", "dimension"].map(|name| table.require(name));
    let (term, value, dimension) = (term?, value?, dimension?);
    let mut entries = Vec::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    while let Some(row) = table.next_row()? {
        let at = |column: &str| Position::row(path, row.number).column(column);
        let words = row.cell(term).split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
        if words.is_empty() || words.len() > 4 || row.cell(term).contains([',', '"']) {
            return Err(Error::input(
                at("term"),
                format!("{:?}", row.cell(term)),
                "one to four words without marks",
            ));
        }
        let number = row.cell(value).parse::<f32>().ok().filter(|v| (-1.0..=1.0).contains(v));
        let Some(number) = number else {
            return Err(Error::input(at("value"), format!("{:?}", row.cell(value)), "a number from -1 to 1"));
        };
        let name = row.cell(dimension);
        if name.is_empty() || name.contains([',', '"']) {
            return Err(Error::input(at("dimension"), format!("{name:?}"), "a name, such as tone"));
        }
        let entry = LexiconEntry { term: words.join(" "), value: number, dimension: name.to_string() };
        if !seen.insert((entry.dimension.clone(), entry.term.clone())) {
            return Err(Error::input(
                at("term"),
                format!("{:?} a second time", entry.term),
                "every term once a dimension",
            ));
        }
        entries.push(entry);
        if entries.len() > MOST {
            return Err(Error::input(at("term"), format!("more than {MOST} rows"), "a shorter lexicon"));
        }
    }
    if entries.is_empty() {
        return Err(Error::input(Position::file(path), "no term", "rows of term, value and dimension"));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_rows_are_named() {
        let read = |text: &str| parse_lexicon(text.as_bytes(), Path::new("l.csv")).map_err(|e| e.to_string());
        assert_eq!(read("term,value,dimension\nRed  line,0.5,posture\n").expect("sound")[0].term, "red line");
        for (text, words) in [
            ("term,value\na,1\n", "dimension"),
            ("term,value,dimension\na,2,tone\n", "from -1 to 1"),
            ("term,value,dimension\na,1,tone\na,0.5,tone\n", "second time"),
            ("term,value,dimension\na b c d e,1,tone\n", "four words"),
            ("term,value,dimension\n", "no term"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(words), "{error}");
        }
    }
}
