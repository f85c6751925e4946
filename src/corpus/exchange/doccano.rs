//! doccano: JSON Lines with `[start, end, label]`, or with `entities`; offsets in UTF-16 units and no span text.

use serde_json::{Map, Value, json};

use super::{Counting, Document, Marked, OffsetUnit, Ruler, count, objects, travelled, travelling};
use crate::{Error, Position, Result};

/// JSON Lines for an import of the kind "sequence labelling".
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for a span that cuts a character of this unit.
pub fn write(documents: &[Document], unit: OffsetUnit) -> Result<String> {
    let mut out = String::new();
    for (id, document) in (1..).zip(documents) {
        let ruler = Ruler::new(&document.text, Counting { unit, crlf_is_one: false });
        let mut labels = Vec::new();
        for span in &document.spans {
            let (start, end) = ruler.units(span.start, span.end).ok_or_else(|| {
                let found = format!("the span {}..{} of {}", span.start, span.end, document.article);
                Error::input(Position::default(), found, format!("a span on whole units ({unit})"))
                    .with_help("Export with --offset-unit utf16.")
            })?;
            labels.extend(span.words.iter().map(|word| json!([start, end, word])));
        }
        let mut record = Map::new();
        record.insert("id".into(), id.into());
        record.insert("text".into(), document.text.as_str().into());
        record.insert("label".into(), labels.into());
        record.extend(travelling(document, unit));
        out.push_str(&Value::Object(record).to_string());
        out.push('\n');
    }
    Ok(out)
}

/// Reads an export of doccano, of any of its kinds.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input), with the line, for what is no such record.
pub fn read(text: &str, position: &Position) -> Result<Vec<Document>> {
    objects(text, position)?.into_iter().map(|(position, record)| document(&position, &record)).collect()
}

fn document(position: &Position, record: &Map<String, Value>) -> Result<Document> {
    let wrong = |found: String| {
        Error::input(position.clone(), found, "text, and label as [start, end, name] or names")
    };
    let text = record.get("text").or_else(|| record.get("data")).and_then(Value::as_str);
    let text = text.ok_or_else(|| wrong("no text".into()))?.to_string();
    let mut document = Document { position: position.clone(), text, ..Document::default() };
    let listed = record.get("label").or_else(|| record.get("labels")).or_else(|| record.get("entities"));
    for label in listed.and_then(Value::as_array).into_iter().flatten() {
        let span = match label {
            Value::Array(parts) => {
                (count(parts.first()), count(parts.get(1)), parts.get(2).and_then(Value::as_str))
            }
            Value::Object(entity) => (
                count(entity.get("start_offset")),
                count(entity.get("end_offset")),
                entity.get("label").and_then(Value::as_str),
            ),
            // A class of the whole text.
            Value::String(word) => (Some(0), None, Some(word.as_str())),
            _ => (None, None, None),
        };
        let (Some(start), end, Some(word)) = span else { return Err(wrong(label.to_string())) };
        let end = match end {
            Some(end) => end,
            None if label.is_string() => document.text.encode_utf16().count(),
            None => return Err(wrong(label.to_string())),
        };
        if label.is_string() {
            document.unit = Some(OffsetUnit::Utf16);
        }
        document.spans.push(Marked { start, end, covers: None, words: vec![word.to_string()] });
    }
    let whole = document.unit;
    travelled(record, &mut document);
    document.unit = whole.or(document.unit);
    if document.annotator.is_empty() {
        let user = record.get("user").or_else(|| record.get("username")).and_then(Value::as_str);
        document.annotator = user.unwrap_or_default().to_string();
    }
    Ok(document)
}
