//! Articles in JSON: arrays of objects, one object, or publishers with their articles.

use std::path::Path;

use serde_json::{Map, Value};

use crate::{Error, Position, Result};

/// The article objects of a JSON file, each with its number, counted from 1.
pub(super) fn articles(text: &str, path: &Path) -> Result<Vec<(u64, Map<String, Value>)>> {
    let value: Value = serde_json::from_str(text).map_err(|e| {
        let position = Position::row(path, e.line() as u64).column(e.column().to_string());
        let error = Error::input(position, e.to_string(), "JSON: an object, or an array of objects");
        if text.contains("}\n{") {
            error.with_help("One object a line is JSON Lines: rename it to .jsonl.")
        } else {
            error
        }
    })?;
    let objects = match value {
        Value::Array(items) => items,
        // An exporter that writes {publisher: [article, …]}.
        Value::Object(map) if !map.is_empty() && map.values().all(Value::is_array) => map
            .into_iter()
            .flat_map(|(publisher, items)| {
                let items = if let Value::Array(items) = items { items } else { Vec::new() };
                items.into_iter().map(move |mut item| {
                    if let Value::Object(object) = &mut item {
                        object.entry("publisher").or_insert_with(|| Value::String(publisher.clone()));
                    }
                    item
                })
            })
            .collect(),
        other => vec![other],
    };
    let numbered = (1_u64..).zip(objects);
    Ok(numbered
        .filter_map(|(row, item)| if let Value::Object(o) = item { Some((row, o)) } else { None })
        .collect())
}

/// The keys and values of an object as cells; a structured body becomes its paragraphs.
pub(super) fn cells(object: &Map<String, Value>) -> Vec<(String, String)> {
    object.iter().map(|(key, value)| (key.clone(), cell(value))).collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
        }
        Value::Object(body) if body.contains_key("sections") => paragraphs(body).join("\n\n"),
        other => other.to_string(),
    }
}

/// The paragraphs of `{summary: […], sections: [{headline: […], paragraphs: […]}]}`.
fn paragraphs(body: &Map<String, Value>) -> Vec<String> {
    let strings = |v: Option<&Value>| -> Vec<String> {
        v.and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_string)
            .collect()
    };
    let mut all = strings(body.get("summary"));
    for section in body.get("sections").and_then(Value::as_array).into_iter().flatten() {
        all.extend(strings(section.get("headline")));
        all.extend(strings(section.get("paragraphs")));
    }
    all
}
