//! Labels to and from other annotation tools: doccano, Label Studio, Prodigy, brat.
//!
//! A tool sees one record per article and annotator: the text, and a span for each row with the words
//! `statement`, `axis:class` and `axis:?`. The row's further columns travel beside it in a field `sayso` that the
//! tools hand through, so that what comes back unchanged is the same file.

mod brat;
mod doccano;
mod label_studio;
mod offsets;
mod prodigy;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::types::{Axis, AxisSet, Label, LabelledStatement};
use crate::{Error, Position, Result};
pub use brat::{file_name as brat_file_name, read as read_brat, write as write_brat};
pub use doccano::{read as read_doccano, write as write_doccano};
pub use label_studio::{read as read_label_studio, write as write_label_studio};
pub use offsets::{Check, Counting, OffsetUnit, Ruler, detect, is_plain};
pub use prodigy::{read as read_prodigy, write as write_prodigy};

/// The word of a span that says no more than that a statement stands there.
const STATEMENT: &str = "statement";
/// The field in which the rows travel.
const FIELD: &str = "sayso";
/// The field that names the unit of the offsets.
const UNIT: &str = "offset_unit";

/// One annotator's spans in one text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// Where it stood in the input.
    pub position: Position,
    /// The article's id; empty for a text that is one statement.
    pub article: String,
    /// The text that the offsets refer to.
    pub text: String,
    /// Whose spans.
    pub annotator: String,
    /// The unit that the record itself names.
    pub unit: Option<OffsetUnit>,
    /// The spans, in their order.
    pub spans: Vec<Marked>,
    /// The rows that travelled with it.
    pub rows: Vec<LabelledStatement>,
}

/// A span and the words on it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Marked {
    /// Where it begins, in the tool's unit; in code points when it is written.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it covers, where the tool says so.
    pub covers: Option<String>,
    /// `statement`, `axis:class`, or a word of the tool's own.
    pub words: Vec<String>,
}

/// Puts rows into documents, one per article and annotator, in the order of their first rows.
///
/// # Arguments
///
/// * `texts` - the articles by id. A row whose article is not among them, or that has no offsets, stands alone with
///   its quote as the text.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input) for offsets past the end of the article.
pub fn documents(
    rows: &[LabelledStatement],
    texts: &BTreeMap<String, String>,
    axes: &AxisSet,
) -> Result<Vec<Document>> {
    let mut documents: Vec<Document> = Vec::new();
    let mut index: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in rows {
        let place = row.start.zip(row.end).zip(texts.get(&row.article));
        let at = match place {
            Some((_, text)) => {
                let key = (row.article.clone(), row.annotator.clone());
                *index.entry(key).or_insert_with(|| {
                    documents.push(Document {
                        article: row.article.clone(),
                        text: text.clone(),
                        annotator: row.annotator.clone(),
                        ..Document::default()
                    });
                    documents.len() - 1
                })
            }
            None => {
                let (text, annotator) = (row.quote.clone(), row.annotator.clone());
                documents.push(Document { text, annotator, ..Document::default() });
                documents.len() - 1
            }
        };
        let document = &mut documents[at];
        let length = document.text.chars().count();
        let (start, end) = place.map_or((0, length), |(span, _)| span);
        if end > length {
            let position = Position { row: Some(row.row), column: Some("end".into()), path: None };
            let found = format!("{end} in article {} of {length} characters", row.article);
            return Err(Error::input(position, found, "offsets within the article")
                .with_help("sayso check --articles names every such row."));
        }
        let mut words = vec![STATEMENT.to_string()];
        words.extend(row.labels.iter().filter_map(|(id, label)| word(axes.get(id)?, *label)));
        let covers = Some(document.text.chars().skip(start).take(end - start).collect());
        document.spans.push(Marked { start, end, covers, words });
        document.rows.push(row.clone());
    }
    Ok(documents)
}

fn word(axis: &Axis, label: Label) -> Option<String> {
    Some(match label {
        Label::Unclear => format!("{}:?", axis.id),
        Label::Class(i) => format!("{}:{}", axis.id, axis.classes().get(i)?.id),
    })
}

/// What was read, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Restored {
    /// The rows, in the order in which they were exported where that is known.
    pub rows: Vec<LabelledStatement>,
    /// How the tool counted, when any span needed to be placed.
    pub counting: Option<Counting>,
}

/// Makes rows of documents.
///
/// The unit is the one asked for, else the one that the records name, else the one under which every span covers
/// the text that the tool says it does, else code points if no text has a character on which the units differ.
///
/// # Arguments
///
/// * `axis` - the axis of words that are a class alone.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input) with the first five spans that fit no unit, for a word that is no
/// class of an axis, and for offsets whose unit cannot be known.
pub fn restore(
    documents: &[Document],
    axes: &AxisSet,
    axis: Option<&str>,
    unit: Option<OffsetUnit>,
) -> Result<Restored> {
    let counting = counting(documents, unit)?;
    let mut rows = Vec::new();
    for document in documents {
        let ruler = Ruler::new(&document.text, counting);
        let mut by_span: Vec<(usize, usize, LabelledStatement)> = Vec::new();
        for span in &document.spans {
            let (start, end) =
                ruler.points(span.start, span.end).filter(|(s, e)| s < e).ok_or_else(|| {
                    let found = format!("the span {}..{} ({counting})", span.start, span.end);
                    Error::input(document.position.clone(), found, "a span on characters of the text")
                        .with_help("Say how the tool counts with --offset-unit.")
                })?;
            let at = by_span.iter().position(|(s, e, _)| (*s, *e) == (start, end)).unwrap_or_else(|| {
                by_span.push((start, end, row_of(document, start, end)));
                by_span.len() - 1
            });
            for word in &span.words {
                if let Some((id, label)) = parse_word(word, axes, axis, &document.position)? {
                    by_span[at].2.labels.insert(id, label);
                }
            }
        }
        rows.extend(by_span.into_iter().map(|(_, _, row)| row));
    }
    // Rows that travelled know their places; others follow.
    rows.sort_by_key(|row| if row.row == 0 { u64::MAX } else { row.row });
    let placed = documents.iter().any(|d| !d.spans.is_empty());
    Ok(Restored { rows, counting: placed.then_some(counting) })
}

/// The row that travelled with a span, without its labels; a new one for a span made in the tool.
fn row_of(document: &Document, start: usize, end: usize) -> LabelledStatement {
    let length = document.text.chars().count();
    let travelled = document.rows.iter().find(|row| {
        let alone = document.article.is_empty() && (start, end) == (0, length);
        alone || (row.start, row.end) == (Some(start), Some(end))
    });
    match travelled {
        Some(row) => LabelledStatement { labels: BTreeMap::new(), ..row.clone() },
        None => {
            let located = !document.article.is_empty();
            LabelledStatement {
                article: document.article.clone(),
                start: located.then_some(start),
                end: located.then_some(end),
                quote: document.text.chars().skip(start).take(end - start).collect::<String>().trim().into(),
                annotator: document.annotator.clone(),
                ..LabelledStatement::default()
            }
        }
    }
}

fn counting(documents: &[Document], unit: Option<OffsetUnit>) -> Result<Counting> {
    let named = documents.iter().find_map(|d| d.unit);
    if let Some(unit) = unit.or(named) {
        return Ok(Counting { unit, crlf_is_one: false });
    }
    let checks: Vec<Check<'_>> = documents
        .iter()
        .flat_map(|d| {
            d.spans.iter().filter_map(|s| {
                Some(Check { text: &d.text, start: s.start, end: s.end, covers: s.covers.as_deref()? })
            })
        })
        .collect();
    if checks.is_empty() {
        return match documents.iter().find(|d| !d.spans.is_empty() && !is_plain(&d.text)) {
            None => Ok(Counting { unit: OffsetUnit::CodePoint, crlf_is_one: false }),
            Some(document) => Err(Error::input(
                document.position.clone(),
                "a text with characters that tools count in different ways, and spans without their text",
                "--offset-unit codepoint, utf16, byte or grapheme",
            )
            .with_help("doccano counts utf16, or grapheme where the project says so.")),
        };
    }
    detect(&checks).map_err(|misses| {
        let shown: Vec<String> = misses
            .iter()
            .map(|c| {
                let there: String =
                    c.text.chars().skip(c.start).take(c.end.saturating_sub(c.start)).take(60).collect();
                format!(
                    "{}..{} reads {there:?}, not {:?}",
                    c.start,
                    c.end,
                    c.covers.chars().take(60).collect::<String>()
                )
            })
            .collect();
        let position = documents.first().map(|d| Position { row: None, ..d.position.clone() });
        Error::input(position.unwrap_or_default(), shown.join("; "), "spans that cover what they say they do")
            .with_help(
                "The text was changed after it was labelled; convert it together with the text of then.",
            )
    })
}

/// What a word says: an axis and its label; nothing for the word that marks a statement.
fn parse_word(
    word: &str,
    axes: &AxisSet,
    axis: Option<&str>,
    position: &Position,
) -> Result<Option<(String, Label)>> {
    if word.eq_ignore_ascii_case(STATEMENT) {
        return Ok(None);
    }
    let unclear = |class: &str| matches!(class, "?" | "unclear");
    let of = |axis: &Axis, class: &str| {
        let label =
            if unclear(class) { Some(Label::Unclear) } else { axis.class_index(class).map(Label::Class) };
        label.map(|label| (axis.id.clone(), label))
    };
    let named = word.split_once(':').and_then(|(id, class)| of(axes.get(id)?, class));
    let found = named.or_else(|| {
        let mut fits =
            axes.axes.iter().filter(|a| axis.is_none_or(|id| id == a.id)).filter_map(|a| of(a, word));
        // A class that two axes have says nothing without the axis.
        fits.next().filter(|_| fits.next().is_none())
    });
    found.map(Some).ok_or_else(|| {
        Error::input(
            position.clone(),
            format!("the label {word:?}"),
            "axis:class, or a class of one axis alone",
        )
        .with_help("Name the axes with --axes, and the one that is meant with --axis.")
    })
}

/// The fields of a record that let its rows travel.
fn travelling(document: &Document, unit: OffsetUnit) -> Map<String, Value> {
    let rows: Vec<Value> = document
        .rows
        .iter()
        .map(|row| {
            let bare = LabelledStatement { labels: BTreeMap::new(), ..row.clone() };
            serde_json::to_value(bare).expect("rows are plain data")
        })
        .collect();
    [
        ("article".to_string(), Value::from(document.article.as_str())),
        ("annotator".to_string(), Value::from(document.annotator.as_str())),
        (UNIT.to_string(), Value::from(unit.as_str())),
        (FIELD.to_string(), Value::Array(rows)),
    ]
    .into_iter()
    .collect()
}

/// Reads those fields back; a record of the tool's own has none of them.
fn travelled(fields: &Map<String, Value>, document: &mut Document) {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    for name in ["article", "article_id"] {
        if document.article.is_empty() {
            document.article = text(name).to_string();
        }
    }
    if document.annotator.is_empty() {
        document.annotator = text("annotator").to_string();
    }
    document.unit = document.unit.or_else(|| text(UNIT).parse().ok());
    if let Some(Value::Array(rows)) = fields.get(FIELD) {
        document.rows.extend(rows.iter().filter_map(|row| serde_json::from_value(row.clone()).ok()));
    }
}

/// A count in a JSON value.
fn count(value: Option<&Value>) -> Option<usize> {
    value.and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok())
}

/// The objects of JSON Lines, with their places.
fn objects(text: &str, position: &Position) -> Result<Vec<(Position, Map<String, Value>)>> {
    let mut objects = Vec::new();
    for (number, line) in (1_u64..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let position = Position { row: Some(number), ..position.clone() };
        let object = serde_json::from_str(line)
            .map_err(|e| Error::input(position.clone(), e.to_string(), "a JSON object"))?;
        objects.push((position, object));
    }
    Ok(objects)
}

#[cfg(test)]
mod tests;
