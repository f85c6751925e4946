//! brat standoff: `X.txt` and `X.ann`; a text-bound `Statement`, an attribute per axis, a note with the row.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::{Document, Marked, OffsetUnit, travelled, travelling};
use crate::{Error, Position, Result};

/// What an unclear label is called: attribute values are words.
const UNCLEAR: &str = "unclear";

/// The name, without its ending, under which a document is written: letters and digits, others as `%xx`.
pub fn file_name(document: &Document, number: usize) -> String {
    let stem = if document.article.is_empty() { format!("row-{number}") } else { document.article.clone() };
    let name = if document.annotator.is_empty() { stem } else { format!("{stem}.{}", document.annotator) };
    let mut safe = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() || matches!(c, '-' | '_') || (c == '.' && !safe.is_empty()) {
            safe.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(safe, "%{byte:02x}");
            }
        }
    }
    safe
}

/// The annotations of a document; its text goes into the file beside them as it is.
pub fn write(document: &Document) -> String {
    let mut out = String::new();
    let mut attribute = 0;
    for (t, span) in (1..).zip(&document.spans) {
        let covers = span.covers.as_deref().unwrap_or_default().replace(['\r', '\n'], " ");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "T{t}\tStatement {} {}\t{covers}", span.start, span.end);
        for (axis, class) in span.words.iter().filter_map(|word| word.split_once(':')) {
            attribute += 1;
            let class = if class == "?" { UNCLEAR } else { class };
            let _ = writeln!(out, "A{attribute}\t{axis} T{t} {class}");
        }
    }
    let fields = Value::Object(travelling(document, OffsetUnit::CodePoint)).to_string();
    if !document.spans.is_empty() {
        let _ = writeln!(out, "#1\tAnnotatorNotes T1\t{fields}");
    }
    out
}

/// Reads a pair of files.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input), with the line, for an annotation that cannot be read.
pub fn read(text: &str, annotations: &str, stem: &str, position: &Position) -> Result<Document> {
    let mut document = Document { position: position.clone(), text: text.to_string(), ..Document::default() };
    let mut spans: BTreeMap<String, Marked> = BTreeMap::new();
    let mut order = Vec::new();
    let mut attributes = Vec::new();
    for (number, line) in (1_u64..).zip(annotations.lines()) {
        let position = Position { row: Some(number), ..position.clone() };
        let wrong =
            || Error::input(position.clone(), format!("{line:?}"), "a line of brat's standoff format");
        let mut cells = line.splitn(3, '\t');
        let (Some(id), Some(what)) = (cells.next(), cells.next()) else {
            if line.trim().is_empty() {
                continue;
            }
            return Err(wrong());
        };
        let rest = cells.next();
        match id.chars().next() {
            Some('T') => {
                let (kind, places) = what.split_once(' ').ok_or_else(wrong)?;
                spans.insert(id.to_string(), bound(kind, places, rest).ok_or_else(wrong)?);
                order.push(id.to_string());
            }
            Some('A' | 'M') => {
                let mut parts = what.split(' ');
                if let (Some(axis), Some(target), Some(class)) = (parts.next(), parts.next(), parts.next()) {
                    attributes.push((target.to_string(), format!("{axis}:{class}")));
                }
            }
            Some('#') => {
                if let Some(Ok(Value::Object(fields))) = rest.map(serde_json::from_str) {
                    travelled(&fields, &mut document);
                }
            }
            // Relations, events and equivalences say nothing about stance.
            _ => {}
        }
    }
    for (target, word) in attributes {
        if let Some(span) = spans.get_mut(&target) {
            span.words.push(word);
        }
    }
    document.spans = order.iter().filter_map(|id| spans.remove(id)).collect();
    // A document without a note of ours is named by its file.
    if document.article.is_empty() && document.rows.is_empty() {
        document.article = stem.to_string();
    }
    // The covered text is what tells how the tool counted.
    document.unit = None;
    Ok(document)
}

/// A text-bound annotation; of one in pieces, the whole stretch from the first to the last.
fn bound(kind: &str, places: &str, covers: Option<&str>) -> Option<Marked> {
    let pieces: Option<Vec<(usize, usize)>> = places
        .split(';')
        .map(|piece| {
            let (start, end) = piece.trim().split_once(' ')?;
            Some((start.parse().ok()?, end.parse().ok()?))
        })
        .collect();
    let pieces = pieces.filter(|p| !p.is_empty())?;
    let covers = covers.filter(|_| pieces.len() == 1).map(str::to_string);
    let kind = if kind.eq_ignore_ascii_case(super::STATEMENT) { Vec::new() } else { vec![kind.to_string()] };
    Some(Marked { start: pieces[0].0, end: pieces.last()?.1, covers, words: kind })
}
