use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::Position;
use crate::corpus::{LabelFile, nearest};
use crate::text::CodePoints;
use crate::types::{Article, Axis, Label, LabelledStatement};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The row cannot be used as it stands.
    Error,
    /// The row can be used, but look at it.
    Warning,
}

/// Something that `check` found in a label file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub position: Position,
    /// What is wrong, and what would be right.
    pub message: String,
    /// The way out; may be empty.
    pub help: String,
}

/// The fewest rows per class with which training makes sense.
const FEW: usize = 5;

/// Looks through label files for cells, spans and rows that would make wrong numbers.
///
/// # Arguments
///
/// * `articles` - the articles that the rows were taken from, by id; empty when they are not at hand, and then
///   offsets are not verified.
///
/// # Returns
///
/// The findings in the order of the files' rows, those about whole files last.
pub fn check(file: &LabelFile, articles: &BTreeMap<String, Article>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = file
        .problems
        .iter()
        .map(|problem| Finding {
            severity: Severity::Error,
            position: problem.position.clone(),
            message: format!("found {}; expected {}", problem.found, problem.expected),
            help: problem.help.clone(),
        })
        .collect();
    if !articles.is_empty() {
        findings.extend(offsets(file, articles));
    }
    findings.extend(repeated(file));
    // A row of the annotator that says "no statement" has nothing to label.
    let rejected = |row: &LabelledStatement| row.extra.get("status").is_some_and(|s| s == "rejected");
    let bare = |row: &LabelledStatement| row.labels.is_empty() && !rejected(row);
    findings.extend(file.rows.iter().zip(&file.positions).filter(|(row, _)| bare(row)).map(
        |(_, position)| {
            warning(position.clone(), "no axis has a label".into(), "Fill a cell, or remove the row.")
        },
    ));
    findings.sort_by_key(|finding| (finding.position.path.clone(), finding.position.row));
    findings.extend(whole_file(file));
    findings
}

fn warning(position: Position, message: String, help: &str) -> Finding {
    Finding { severity: Severity::Warning, position, message, help: help.into() }
}

/// Offsets that do not lie where the quote stands.
fn offsets(file: &LabelFile, articles: &BTreeMap<String, Article>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut points: BTreeMap<&str, CodePoints<'_>> = BTreeMap::new();
    for (row, position) in file.rows.iter().zip(&file.positions) {
        let error = |column: &str, message: String, help: String| Finding {
            severity: Severity::Error,
            position: position.clone().column(column),
            message,
            help,
        };
        if row.article.is_empty() {
            continue;
        }
        let Some(article) = articles.get(&row.article) else {
            let near = nearest(&row.article, articles.keys().map(String::as_str));
            let help = near.map_or(String::new(), |near| format!("Did you mean {near:?}?"));
            findings.push(error(
                "article",
                format!("found {:?}; expected the id of an article", row.article),
                help,
            ));
            continue;
        };
        let (Some(start), Some(end)) = (row.start, row.end) else { continue };
        let points = points.entry(&article.id).or_insert_with(|| CodePoints::new(&article.text));
        let there = points.to_span(start, end).map(|span| span.slice(&article.text));
        match there {
            Some(text) if row.quote.is_empty() || stands_in(&row.quote, text) => {}
            _ => {
                let found = match there {
                    Some(text) => format!("the article reads {:?} at {start}..{end}", clip(text)),
                    None => format!("the article has {} characters, not {end}", points.len()),
                };
                let message = format!("{found}; the quote says {:?}", clip(&row.quote));
                findings.push(error("start", message, way_out(row, article, points)));
            }
        }
    }
    findings
}

/// True when `text` is the quote; the parts of a split quotation stand in it one after the other.
fn stands_in(quote: &str, text: &str) -> bool {
    if !quote.contains(" … ") {
        return quote == text;
    }
    let mut rest = text;
    quote.split(" … ").all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// Says in which unit the offsets would be right, or where else the quote stands.
fn way_out(row: &LabelledStatement, article: &Article, points: &CodePoints<'_>) -> String {
    let text = &article.text;
    let (Some(start), Some(end)) = (row.start, row.end) else { return String::new() };
    if text.get(start..end).is_some_and(|there| stands_in(&row.quote, there)) {
        return "The offsets look like bytes; Sayso counts Unicode code points.".into();
    }
    let units: Vec<u16> = text.encode_utf16().take(end).collect();
    let utf16 = units.get(start..).and_then(|there| String::from_utf16(there).ok());
    if utf16.is_some_and(|there| stands_in(&row.quote, &there)) {
        return "The offsets look like UTF-16 units; Sayso counts Unicode code points.".into();
    }
    let crlf = text.replace("\r\n", "\n");
    let shortened: String = crlf.chars().skip(start).take(end - start).collect();
    if crlf.len() != text.len() && stands_in(&row.quote, &shortened) {
        return "The offsets look as if line ends (CR LF) had been counted as one character.".into();
    }
    let mut places = text.match_indices(&row.quote).map(|(at, found)| (at, at + found.len()));
    match (places.next(), places.next()) {
        (Some((from, to)), None) => {
            format!("The quote stands at {}..{}.", points.of_byte(from), points.of_byte(to))
        }
        (Some(_), Some(_)) => "The quote stands in the article more than once.".into(),
        _ => "The quote does not stand in the article.".into(),
    }
}

fn clip(text: &str) -> String {
    let mut clipped: String = text.chars().take(40).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}

/// The same statement twice by one annotator, and the same words with different labels.
fn repeated(file: &LabelFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut rows: BTreeMap<_, &Position> = BTreeMap::new();
    let mut words: BTreeMap<(String, String), (&LabelledStatement, &Position)> = BTreeMap::new();
    for (row, position) in file.rows.iter().zip(&file.positions) {
        let key = (&row.article, row.start, row.end, &row.quote, &row.annotator);
        if let Some(first) = rows.insert(key, position) {
            let message = format!("the same statement by the same annotator as {first}");
            findings.push(warning(position.clone(), message, "Keep one of the two."));
            continue;
        }
        let folded = row.quote.to_lowercase();
        if folded.is_empty() {
            continue;
        }
        if let Some((first, at)) = words.get(&(folded.clone(), row.annotator.clone())) {
            let differs =
                row.labels.iter().find(|(axis, label)| first.labels.get(*axis).is_some_and(|l| l != *label));
            if let Some((axis, _)) = differs {
                let message = format!("the same words as {at}, with another label");
                findings.push(warning(
                    position.clone().column(axis),
                    message,
                    "Make them agree, or note why they differ.",
                ));
            }
        } else {
            words.insert((folded, row.annotator.clone()), (row, position));
        }
    }
    findings
}

/// Classes with too few rows, columns that nobody reads, ragged rows.
fn whole_file(file: &LabelFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let paths: BTreeSet<_> = file.positions.iter().filter_map(|p| p.path.clone()).collect();
    let whole = paths.into_iter().next().map(Position::file).unwrap_or_default();
    for axis in &file.axes.axes {
        for (class, n) in counts(file, axis).into_iter().enumerate().filter(|(_, n)| *n < FEW) {
            let id = axis.classes().get(class).map(|c| c.id.clone()).unwrap_or_default();
            let message = format!("{n} statements are {id}; training needs at least {FEW} of each class");
            findings.push(warning(whole.clone().column(&axis.id), message, ""));
        }
    }
    let of_the_annotator = |header: &&String| !["status", "strategy", "flag"].contains(&header.as_str());
    for header in file.unknown_columns.iter().filter(of_the_annotator) {
        let known =
            crate::corpus::LABEL_COLUMNS.into_iter().chain(file.axes.axes.iter().map(|a| a.id.as_str()));
        if let Some(near) = nearest(header, known) {
            let message = "no meaning to Sayso; kept as it is".to_string();
            findings.push(warning(whole.clone().column(header), message, &format!("Did you mean {near:?}?")));
        }
    }
    if file.n_ragged > 0 {
        let message = format!("{} rows have more or fewer cells than the header", file.n_ragged);
        findings.push(warning(
            whole,
            message,
            "Cells with the delimiter in them need quotation marks around them.",
        ));
    }
    findings
}

/// How many rows have each class of an axis.
fn counts(file: &LabelFile, axis: &Axis) -> Vec<usize> {
    let mut counts = vec![0; axis.classes().len()];
    for row in &file.rows {
        if let Some(Label::Class(class)) = row.labels.get(&axis.id)
            && let Some(count) = counts.get_mut(*class)
        {
            *count += 1;
        }
    }
    counts
}
