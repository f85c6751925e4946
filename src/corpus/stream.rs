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
        let text = text.trim_start_matches(['\u{feff}', '\n', '\r']);
        let solid = text.trim_start();
        if solid.starts_with('{') {
            return of_objects(solid, beginning.len() < BEGINNING);
        }
        if solid.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{')) {
            return Self::Json;
        }
        if is_table(text) { Self::Table } else { Self::Text }
    }

    /// In words.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lines => "JSON lines",
            Self::Json => "one JSON document",
            Self::Table => "a table",
            Self::Text => "one article",
        }
    }
}

/// An object a line, of which some may be damaged, or one object on one line or several.
fn of_objects(text: &str, is_all: bool) -> Kind {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if rest.trim().is_empty() {
        return if is_all { Kind::Json } else { Kind::Lines };
    }
    let object = |line: &str| serde_json::from_str::<Map<String, Value>>(line);
    match object(first) {
        Err(error)
            if error.is_eof() && !rest.lines().any(|line| line.starts_with('{') && object(line).is_ok()) =>
        {
            Kind::Json
        }
        _ => Kind::Lines,
    }
}

/// Several columns, of which one holds texts; and where the others say nothing, a row of as many cells.
fn is_table(text: &str) -> bool {
    let bytes = Box::new(Cursor::new(text.as_bytes().to_vec()));
    let Ok(mut table) = Table::from_reader(bytes, Path::new("-")) else { return false };
    let fields: Vec<Field> = table.headers().iter().filter_map(|h| columns::field(h)).collect();
    let several = table.headers().len() > 1;
    several
        && fields.contains(&Field::Text)
        && matches!(table.next_row(), Ok(Some(_)))
        && (fields.len() > 1 || table.n_ragged == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_tells_what_a_stream_holds() {
        for (beginning, kind) in [
            ("{\"text\": \"One.\"}\n{\"text\": \"Two.\"}\n", Kind::Lines),
            ("{bad}\n{\"text\": \"Two.\"}\n", Kind::Lines),
            ("{\"text\": \"cut off\n{\"text\": \"Two.\"}\n", Kind::Lines),
            ("\u{feff}\n {\"Herald\": [{\"text\": \"One.\"}]}\n", Kind::Json),
            ("{\n  \"text\": \"One.\"\n}\n", Kind::Json),
            ("[\n {\"text\": \"One.\"}]", Kind::Json),
            ("[Photo: a square] The mayor spoke.", Kind::Text),
            ("outlet,text\nA,\"One, two.\"\n", Kind::Table),
            ("body;date\nOne.;2024-05-01\n", Kind::Table),
            ("\ttext\tdate\n0\tOne.\t2024-05-01\n", Kind::Table),
            ("outlet,text\nA,One.,\n", Kind::Table),
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
