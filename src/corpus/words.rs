//! Lists of words and of names that are one and the same.

use std::io::Read;
use std::path::Path;

use super::decode;
use super::table::Table;
use crate::{Error, Position, Result};

/// Reads words, one a line; blank lines and lines that begin with `#` are passed over.
///
/// # Errors
///
/// Those of [`open`](super::open).
pub fn read_word_list(path: &Path) -> Result<Vec<String>> {
    let mut text = String::new();
    let reader = decode::open(path, None)?.reader;
    reader.take(16 << 20).read_to_string(&mut text).map_err(|e| Error::io(path, "read", e))?;
    Ok(text
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(str::to_string)
        .collect())
}

/// Reads a table with the columns `alias` and `canonical`: pairs of a phrase and the name it stands for.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for a missing column or an empty cell; those of [`Table::open`].
pub fn read_aliases(path: &Path) -> Result<Vec<(String, String)>> {
    let mut table = Table::open(path, None)?;
    let (alias, canonical) = (table.require("alias")?, table.require("canonical")?);
    let mut pairs = Vec::new();
    while let Some(row) = table.next_row()? {
        let (a, c) = (row.cell(alias).to_string(), row.cell(canonical).to_string());
        if a.is_empty() || c.is_empty() {
            let column = if a.is_empty() { "alias" } else { "canonical" };
            return Err(Error::input(
                Position::row(path, row.number).column(column),
                "an empty cell",
                "a name",
            ));
        }
        pairs.push((a, c));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_aliases_are_read_and_holes_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("list.csv");
        std::fs::write(&path, "# common\nthe\n\n of \n").expect("written");
        assert_eq!(read_word_list(&path).expect("read"), ["the", "of"]);
        std::fs::write(&path, "alias,canonical\nKiev,Kyiv\nMinsk,\n").expect("written");
        let message = read_aliases(&path).expect_err("a hole").to_string();
        assert!(message.contains("list.csv:3, column canonical"), "{message}");
    }
}
