//! Prodigy: JSON Lines with `spans`, a `label`, or chosen options; offsets in code points.

use serde_json::{Map, Value, json};

use super::{Document, Marked, OffsetUnit, count, objects, travelled, travelling};
use crate::{Error, Position, Result};

/// JSON Lines that Prodigy loads; one span per label, since its spans have one each.
pub fn write(documents: &[Document]) -> String {
    let mut out = String::new();
    for document in documents {
        let spans: Vec<Value> = document
            .spans
            .iter()
            .flat_map(|s| {
                s.words
                    .iter()
                    .map(move |w| json!({"start": s.start, "end": s.end, "label": w, "text": s.covers}))
            })
            .collect();
        let meta = travelling(document, OffsetUnit::CodePoint);
        let record = json!({"text": document.text, "meta": meta, "spans": spans, "answer": "accept"});
        out.push_str(&record.to_string());
        out.push('\n');
    }
    out
}

/// Reads what `db-out` writes. Answers other than accept are left out.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input), with the line, for what is no such record.
pub fn read(text: &str, position: &Position) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    for (position, record) in objects(text, position)? {
        if record.get("answer").and_then(Value::as_str).is_none_or(|answer| answer == "accept") {
            documents.push(document(&position, &record)?);
        }
    }
    Ok(documents)
}

fn document(position: &Position, record: &Map<String, Value>) -> Result<Document> {
    let wrong =
        |found: String| Error::input(position.clone(), found, "text, and spans with start, end and label");
    let text = record.get("text").and_then(Value::as_str).ok_or_else(|| wrong("no text".into()))?.to_string();
    let mut document = Document { position: position.clone(), text, ..Document::default() };
    if let Some(Value::Object(meta)) = record.get("meta") {
        travelled(meta, &mut document);
    }
    for name in ["_annotator_id", "_session_id"] {
        if document.annotator.is_empty() {
            document.annotator = record.get(name).and_then(Value::as_str).unwrap_or_default().to_string();
        }
    }
    for span in record.get("spans").and_then(Value::as_array).into_iter().flatten() {
        let at =
            (count(span.get("start")), count(span.get("end")), span.get("label").and_then(Value::as_str));
        let (Some(start), Some(end), Some(word)) = at else { return Err(wrong(span.to_string())) };
        let covers = span.get("text").and_then(Value::as_str).map(str::to_string);
        document.spans.push(Marked { start, end, covers, words: vec![word.to_string()] });
    }
    let chosen =
        record.get("accept").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let label = record.get("label").and_then(Value::as_str);
    let words: Vec<String> = chosen.chain(label).map(str::to_string).collect();
    if !words.is_empty() {
        let end = document.text.chars().count();
        document.spans.push(Marked { start: 0, end, covers: Some(document.text.clone()), words });
    }
    Ok(document)
}
