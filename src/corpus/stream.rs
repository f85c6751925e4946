//! What comes through standard input, which has no ending to tell.

use std::io::Cursor;
use std::path::Path;

use serde_json::{Map, Value};

use super::columns::{self, Field};
use super::table::Table;

/// What a stream of articles holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A JSON object a line.
    Lines,
    /// One JSON document.
    Json,
    /// Rows with cells.
    Table,
    /// One article.
    Text,
}

/// So many bytes of a stream tell what it holds.
pub(super) const BEGINNING: usize = 1 << 20;

impl Kind {
    /// What a stream holds that begins so. What may be prose is taken for prose.
    pub(super) fn of(beginning: &[u8]) -> Self {
        let text = String::from_utf8_lossy(beginning);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with('{') {
            let whole = text.split_once('\n').is_none_or(|(line, _)| is_object(line));
            return if whole { Self::Lines } else { Self::Json };
        }
        if text.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{')) {
            return Self::Json;
        }
        if is_table(text) { Self::Table } else { Self::Text }
    }
}

fn is_object(line: &str) -> bool {
    serde_json::from_str::<Map<String, Value>>(line).is_ok()
}

/// Several columns, of which one holds texts, and a row of as many cells.
fn is_table(text: &str) -> bool {
    let bytes = Box::new(Cursor::new(text.as_bytes().to_vec()));
    let Ok(mut table) = Table::from_reader(bytes, Path::new("-")) else { return false };
    let has_text = table.headers().iter().any(|h| columns::field(h) == Some(Field::Text));
    let several = table.headers().len() > 1;
    has_text && several && matches!(table.next_row(), Ok(Some(_))) && table.n_ragged == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_tells_what_a_stream_holds() {
        for (beginning, kind) in [
            ("{\"text\": \"One.\"}\n{\"text\": \"Two.\"}\n", Kind::Lines),
            ("\u{feff}\n {\"text\": \"cut off", Kind::Lines),
            ("{\n  \"text\": \"One.\"\n}\n", Kind::Json),
            ("[\n {\"text\": \"One.\"}]", Kind::Json),
            ("[Photo: a square] The mayor spoke.", Kind::Text),
            ("outlet,text\nA,\"One, two.\"\n", Kind::Table),
            ("body;date\nOne.;2024-05-01\n", Kind::Table),
            // No text column, no row, or a line of prose.
            ("outlet,date\nA,2024-05-01\n", Kind::Text),
            ("Body, mind\n", Kind::Text),
            ("Body, mind\nThe mayor spoke of both, and of money, on Monday.\n", Kind::Text),
            ("text\nThe mayor spoke.\n", Kind::Text),
            ("", Kind::Text),
        ] {
            assert_eq!(Kind::of(beginning.as_bytes()), kind, "{beginning}");
        }
    }
}
