use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use serde_json::{Map, Value};

use super::super::table::{Row, Table};
use super::super::{Skipped, date, decode, is_missing};
use super::{AFTER, BEFORE, Format};
use crate::types::{AxisScore, ScoredStatement, Status, TermWeight};
use crate::{Error, Position, Result};

/// Statements read from files.
#[derive(Debug, Clone, Default)]
pub struct StatementFile {
    /// The statements, in file order.
    pub statements: Vec<ScoredStatement>,
    /// The ids of the axes they are scored on, in column order.
    pub axis_ids: Vec<String>,
    /// Rows that could not be read, and why.
    pub skipped: Vec<Skipped>,
    /// What else there is to say of a file.
    pub warnings: Vec<String>,
}

/// Reads extracted or scored statements: CSV, TSV or JSON Lines. An input whose name has no ending, such as standard input, is
/// JSON Lines when it begins with `{`.
///
/// # Arguments
///
/// * `text` - the column or key of the text, when it is neither `quote` nor `text`.
///
/// # Errors
///
/// [`ErrorKind::Io`](crate::ErrorKind::Io) for a file that is not there, [`ErrorKind::Input`](crate::ErrorKind::Input)
/// for a table without a text column.
pub fn read_statements(paths: &[PathBuf], text: Option<&str>) -> Result<StatementFile> {
    let mut statements = Vec::new();
    let mut file = each_statement(paths, text, None, |statement| {
        statements.push(statement);
        Ok(())
    })?;
    file.statements = statements;
    Ok(file)
}

/// Reads statements as [`read_statements`] does and hands them on one by one, in file order. What is returned holds all but the
/// statements.
///
/// # Arguments
///
/// * `encoding` - that of every input; found out where it is not given.
///
/// # Errors
///
/// Those of [`read_statements`], and those of `found`.
pub fn each_statement(
    paths: &[PathBuf],
    text: Option<&str>,
    encoding: Option<&'static Encoding>,
    mut found: impl FnMut(ScoredStatement) -> Result<()>,
) -> Result<StatementFile> {
    let mut file = StatementFile::default();
    let mut seen = BTreeSet::new();
    for path in paths {
        let mut reader = BufReader::with_capacity(1 << 16, decode::open(path, encoding)?.reader);
        let lines = if path.extension().is_none() {
            begins_with_brace(&mut reader).map_err(|e| Error::io(path, "read", e))?
        } else {
            Format::of(path).is_ok_and(|f| f == Format::Jsonl)
        };
        if lines {
            read_lines(reader, path, text, &mut file, &mut seen, &mut found)?;
        } else {
            let table = Table::from_reader(Box::new(reader), path)?;
            read_table(table, path, text, &mut file, &mut seen, &mut found)?;
        }
    }
    Ok(file)
}

/// Whether the first character that is no blank is `{`.
fn begins_with_brace(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let buffer = reader.fill_buf()?;
        match buffer.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(first) => return Ok(*first == b'{'),
            None if buffer.is_empty() => return Ok(false),
            None => {
                let n = buffer.len();
                reader.consume(n);
            }
        }
    }
}

fn read_table(
    mut table: Table,
    path: &Path,
    text: Option<&str>,
    file: &mut StatementFile,
    seen: &mut BTreeSet<String>,
    found: &mut impl FnMut(ScoredStatement) -> Result<()>,
) -> Result<()> {
    let quote = match text {
        Some(name) => table.require(name)?,
        None => table
            .column("text")
            .filter(|_| table.column("quote").is_none())
            .map_or_else(|| table.require("quote"), Ok)?,
    };
    let headers = table.headers().to_vec();
    let axis_ids: Vec<String> =
        headers.iter().filter_map(|h| h.strip_suffix(".status").map(str::to_string)).collect();
    for id in &axis_ids {
        if seen.insert(id.clone()) {
            file.axis_ids.push(id.clone());
        }
    }
    while let Some(row) = table.next_row()? {
        match statement_of_row(&row, &headers, quote, &axis_ids) {
            Ok(statement) => found(statement)?,
            Err((column, reason)) => file
                .skipped
                .push(Skipped { position: Position::row(path, row.number).column(column), reason }),
        }
    }
    file.warnings.extend(table.warning());
    Ok(())
}

fn statement_of_row(
    row: &Row<'_>,
    headers: &[String],
    quote: usize,
    axis_ids: &[String],
) -> std::result::Result<ScoredStatement, (String, String)> {
    let mut cells: BTreeMap<&str, &str> = headers
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != quote)
        .map(|(i, h)| (h.as_str(), row.cell(i)))
        .collect();
    let mut axes = BTreeMap::new();
    for id in axis_ids {
        let prefix = format!("{id}.");
        let own: Vec<(&str, &str)> = headers
            .iter()
            .enumerate()
            .filter_map(|(i, h)| Some((h.strip_prefix(&prefix)?, row.cell(i))))
            .collect();
        cells.retain(|h, _| !h.starts_with(&prefix));
        axes.insert(id.clone(), axis_score(&own).map_err(|(c, why)| (format!("{id}.{c}"), why))?);
    }
    let mut statement =
        ScoredStatement { quote: row.raw(quote).to_string(), axes, ..ScoredStatement::default() };
    fill(&mut statement, &cells).map_err(|(c, why)| (c.to_string(), why))?;
    for (header, cell) in cells {
        if !BEFORE.contains(&header) && !AFTER.contains(&header) && !is_missing(cell) {
            statement.extra.insert(header.to_string(), cell.to_string());
        }
    }
    Ok(statement)
}

fn axis_score(own: &[(&str, &str)]) -> std::result::Result<AxisScore, (String, String)> {
    let number = |name: &str, cell: &str| {
        cell.parse::<f64>()
            .ok()
            .filter(|x| x.is_finite() && x.abs() <= 1.0)
            .ok_or_else(|| (name.to_string(), format!("found {cell:?}; expected a number in [-1, 1]")))
    };
    let mut score = AxisScore::none(Status::NoFeatures);
    for (name, cell) in own {
        match *name {
            "class" => score.class = (*cell).to_string(),
            "score" if !cell.is_empty() => score.score = Some(number(name, cell)?),
            "status" => {
                score.status = cell.parse().map_err(|()| {
                    (name.to_string(), format!("found {cell:?}; expected a status such as ok"))
                })?;
            }
            "terms" => score.terms = parse_terms(cell),
            p if p.starts_with("p_") && !cell.is_empty() => score.p.push(number(name, cell)?),
            _ => {}
        }
    }
    Ok(score)
}

fn parse_terms(cell: &str) -> Vec<TermWeight> {
    let one = |part: &str| {
        let (term, value) = part.rsplit_once(':')?;
        Some(TermWeight { term: term.to_string(), value: value.parse().ok()? })
    };
    cell.split("; ").filter_map(one).collect()
}

fn fill(
    statement: &mut ScoredStatement,
    cells: &BTreeMap<&str, &str>,
) -> std::result::Result<(), (&'static str, String)> {
    let get = |name: &str| cells.get(name).copied().unwrap_or_default();
    let count = |name: &'static str| match get(name) {
        "" => Ok(None),
        word => word
            .parse()
            .map(Some)
            .map_err(|_| (name, format!("found {word:?}; expected a count of characters"))),
    };
    let real = |name: &'static str| match get(name) {
        "" => Ok(None),
        word => {
            word.parse::<f64>().map(Some).map_err(|_| (name, format!("found {word:?}; expected a number")))
        }
    };
    statement.start = count("start")?;
    statement.end = count("end")?;
    statement.n_tokens = count("n_tokens")?.unwrap_or_default();
    statement.known_share = real("known_share")?.unwrap_or_default();
    statement.speaker_confidence = real("speaker_confidence")?;
    statement.spans = serde_json::from_str(get("spans")).unwrap_or_default();
    for (name, to) in [
        ("statement_id", &mut statement.statement_id),
        ("article", &mut statement.article),
        ("url", &mut statement.url),
        ("outlet", &mut statement.outlet),
        ("date", &mut statement.date),
        ("title", &mut statement.title),
        ("kind", &mut statement.kind),
        ("speaker", &mut statement.speaker),
        ("mention", &mut statement.mention),
        ("cue", &mut statement.cue),
        ("cue_rule", &mut statement.cue_rule),
        ("role", &mut statement.role),
        ("organisation", &mut statement.organisation),
        ("group", &mut statement.group),
    ] {
        *to = cells.get(name).copied().unwrap_or_default().to_string();
    }
    Ok(())
}

fn read_lines(
    reader: impl BufRead,
    path: &Path,
    text: Option<&str>,
    file: &mut StatementFile,
    seen: &mut BTreeSet<String>,
    found: &mut impl FnMut(ScoredStatement) -> Result<()>,
) -> Result<()> {
    for (row, line) in (1_u64..).zip(reader.lines()) {
        let line = line.map_err(|e| Error::io(path, "read", e))?;
        if line.trim().is_empty() {
            continue;
        }
        let position = Position::row(path, row);
        match serde_json::from_str::<Map<String, Value>>(&line) {
            Ok(object) => match statement_of_object(object, text) {
                Ok(statements) => {
                    for statement in statements {
                        for id in statement.axes.keys() {
                            if seen.insert(id.clone()) {
                                file.axis_ids.push(id.clone());
                            }
                        }
                        found(statement)?;
                    }
                }
                Err(reason) => file.skipped.push(Skipped { position, reason }),
            },
            Err(e) => file.skipped.push(Skipped { position, reason: format!("not a JSON object: {e}") }),
        }
    }
    Ok(())
}

/// The statements of one object: its own, or those of a quotation record `{quotes: [{pre, quote, post}]}`.
fn statement_of_object(
    mut object: Map<String, Value>,
    text: Option<&str>,
) -> std::result::Result<Vec<ScoredStatement>, String> {
    if let Some(Value::Array(quotes)) = object.remove("quotes") {
        let article = plain(object.get("url").unwrap_or(&Value::Null));
        return Ok(quotes
            .iter()
            .filter_map(|q| Some((q.get("quote")?.as_str()?, q)))
            .map(|(quote, q)| {
                let mut statement =
                    ScoredStatement { quote: quote.to_string(), ..ScoredStatement::default() };
                statement.url.clone_from(&article);
                statement.article.clone_from(&article);
                statement.title = plain(object.get("title").unwrap_or(&Value::Null));
                statement.date = date_of(&plain(object.get("date").unwrap_or(&Value::Null)));
                for side in ["pre", "post"] {
                    statement.extra.insert(side.into(), plain(q.get(side).unwrap_or(&Value::Null)));
                }
                statement
            })
            .collect());
    }
    let key = text.unwrap_or(if object.contains_key("quote") { "quote" } else { "text" }).to_string();
    let quote = object.remove(&key).and_then(|v| v.as_str().map(str::to_string));
    let quote = quote.ok_or_else(|| format!("no text under the key {key:?}"))?;
    let axes = match object.remove("axes") {
        None | Some(Value::Null) => BTreeMap::new(),
        Some(value) => parse_axes(&value)?,
    };
    let spans = object.remove("spans").and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
    let cells: Vec<(String, String)> = object.iter().map(|(k, v)| (k.clone(), plain(v))).collect();
    let map: BTreeMap<&str, &str> = cells.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let mut statement = ScoredStatement { quote, axes, ..ScoredStatement::default() };
    fill(&mut statement, &map).map_err(|(key, why)| format!("{key}: {why}"))?;
    statement.spans = spans;
    for (key, value) in cells {
        if !BEFORE.contains(&key.as_str()) && !AFTER.contains(&key.as_str()) && !is_missing(&value) {
            statement.extra.insert(key, value);
        }
    }
    Ok(vec![statement])
}

fn parse_axes(value: &Value) -> std::result::Result<BTreeMap<String, AxisScore>, String> {
    let axes = value.as_object().ok_or("axes is not an object")?;
    axes.iter()
        .map(|(id, v)| {
            let unit = |x: &f64| x.is_finite() && x.abs() <= 1.0;
            let p: Vec<f64> = v
                .get("p")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .filter_map(|(_, p)| p.as_f64())
                .collect();
            let score = AxisScore {
                class: plain(v.get("class").unwrap_or(&Value::Null)),
                score: v.get("score").and_then(Value::as_f64),
                p,
                status: plain(v.get("status").unwrap_or(&Value::Null))
                    .parse()
                    .map_err(|()| format!("axis {id}: expected a status such as \"ok\""))?,
                terms: v
                    .get("terms")
                    .and_then(|t| serde_json::from_value(t.clone()).ok())
                    .unwrap_or_default(),
            };
            if score.p.iter().chain(&score.score).all(unit) {
                Ok((id.clone(), score))
            } else {
                Err(format!("axis {id}: expected probabilities and scores in [-1, 1]"))
            }
        })
        .collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

fn date_of(cell: &str) -> String {
    date::parse(cell, date::DayOrder::Unknown).ok().flatten().unwrap_or_default()
}
