//! Label Studio: a JSON array of tasks with `annotations`, or its short form JSON_MIN; offsets in code points.

use serde_json::{Map, Value, json};

use super::{Document, Marked, OffsetUnit, count, travelled, travelling};
use crate::{Error, Position, Result};

/// Tasks with one annotation each, for a project with `<Labels name="label" toName="text">` on `<Text name="text">`.
pub fn write(documents: &[Document]) -> String {
    let tasks: Vec<Value> = (1..)
        .zip(documents)
        .map(|(id, document)| {
            let mut data = Map::new();
            data.insert("text".into(), document.text.as_str().into());
            data.extend(travelling(document, OffsetUnit::CodePoint));
            let region = |(n, span): (usize, &Marked)| {
                let value = json!({"start": span.start, "end": span.end, "text": span.covers, "labels": span.words});
                json!({"id": format!("s{id}-{n}"), "from_name": "label", "to_name": "text", "type": "labels", "value": value})
            };
            let result: Vec<Value> = document.spans.iter().enumerate().map(region).collect();
            let annotation = json!({"id": id, "was_cancelled": false, "ground_truth": false, "result": result});
            json!({"id": id, "data": data, "annotations": [annotation]})
        })
        .collect();
    format!("{:#}\n", Value::Array(tasks))
}

/// Reads an export, JSON or JSON_MIN.
///
/// # Returns
///
/// One document per task and annotation; annotations that were skipped in the tool are left out.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input), with the number of the task, for what is no such task, and for
/// spans of HyperText, whose offsets count the characters of HTML elements.
pub fn read(text: &str, position: &Position) -> Result<Vec<Document>> {
    let tasks: Vec<Map<String, Value>> = serde_json::from_str(text)
        .map_err(|e| Error::input(position.clone(), e.to_string(), "a JSON array of tasks"))?;
    let mut documents = Vec::new();
    for (number, task) in (1_u64..).zip(&tasks) {
        let position = Position { row: Some(number), ..position.clone() };
        let data = task.get("data").and_then(Value::as_object).unwrap_or(task);
        let text = data.get("text").and_then(Value::as_str).ok_or_else(|| {
            Error::input(position.clone(), "a task without text", "the text under data.text")
        })?;
        let blank = Document { position: position.clone(), text: text.to_string(), ..Document::default() };
        match task.get("annotations").and_then(Value::as_array) {
            Some(annotations) => {
                for annotation in annotations {
                    if annotation.get("was_cancelled").and_then(Value::as_bool) != Some(true) {
                        documents.push(annotated(blank.clone(), data, annotation)?);
                    }
                }
            }
            None => documents.push(short_form(blank, task)?),
        }
    }
    Ok(documents)
}

fn annotated(mut document: Document, data: &Map<String, Value>, annotation: &Value) -> Result<Document> {
    travelled(data, &mut document);
    if document.annotator.is_empty() {
        document.annotator = who(annotation.get("completed_by"));
    }
    for region in annotation.get("result").and_then(Value::as_array).into_iter().flatten() {
        let value = region.get("value").and_then(Value::as_object);
        match (region.get("type").and_then(Value::as_str), value) {
            (Some("labels" | "hypertextlabels"), Some(value)) => {
                let span = span(value, "labels", &document.position)?;
                document.spans.push(span);
            }
            (Some("choices"), Some(value)) => {
                let words = words(value.get("choices"));
                whole(&mut document, words);
            }
            _ => {}
        }
    }
    Ok(document)
}

/// JSON_MIN: the fields of the task, and one field per control with its spans or choices.
fn short_form(mut document: Document, task: &Map<String, Value>) -> Result<Document> {
    travelled(task, &mut document);
    if document.annotator.is_empty() {
        document.annotator = who(task.get("annotator"));
    }
    for (name, value) in task {
        if matches!(name.as_str(), "text" | "sayso") {
            continue;
        }
        match value {
            Value::Array(items) => {
                for item in items.iter().filter_map(Value::as_object).filter(|i| i.contains_key("labels")) {
                    let span = span(item, "labels", &document.position)?;
                    document.spans.push(span);
                }
            }
            Value::Object(choice) if choice.contains_key("choices") => {
                let words = words(choice.get("choices"));
                whole(&mut document, words);
            }
            _ => {}
        }
    }
    Ok(document)
}

fn span(value: &Map<String, Value>, labels: &str, position: &Position) -> Result<Marked> {
    if value.contains_key("startOffset") || value.get("start").is_some_and(Value::is_string) {
        return Err(Error::input(position.clone(), "a span of HyperText", "spans of the tag Text")
            .with_help(
                "Offsets within HTML elements cannot be placed in plain text; label the text in a Text tag.",
            ));
    }
    let (Some(start), Some(end)) = (count(value.get("start")), count(value.get("end"))) else {
        let found = Value::Object(value.clone()).to_string();
        return Err(Error::input(position.clone(), found, "a span with start and end"));
    };
    let covers = value.get("text").and_then(Value::as_str).map(str::to_string);
    Ok(Marked { start, end, covers, words: words(value.get(labels)) })
}

fn whole(document: &mut Document, words: Vec<String>) {
    let end = document.text.chars().count();
    document.spans.push(Marked { start: 0, end, covers: Some(document.text.clone()), words });
}

fn words(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_string)
        .collect()
}

/// A person: a number, an address, or an object with one.
fn who(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Number(n)) => n.to_string(),
        Some(Value::Object(person)) => {
            person.get("email").or_else(|| person.get("id")).map(|v| who(Some(v))).unwrap_or_default()
        }
        _ => String::new(),
    }
}
