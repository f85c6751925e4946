use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::output::Output;
use super::{AFTER, BEFORE, Format};
use crate::Result;
use crate::types::{AxisScore, AxisSet, ScoredStatement, Status, TermWeight};

/// Writes statements one after the other, in the order they come.
pub struct StatementWriter {
    output: Output,
    sink: Sink,
    axes: AxisSet,
    further: Vec<String>,
    guarded: bool,
}

enum Sink {
    /// The cells of the row under way, and the delimiter.
    Table(u8),
    Lines,
}

impl StatementWriter {
    /// Starts a file.
    ///
    /// # Arguments
    ///
    /// * `axes` - the axes of the scores, which become columns; none for extracted statements.
    /// * `further` - headers of the input's own columns, kept after ours; JSON Lines keep all there are.
    /// * `spreadsheet` - write a byte order mark and put `'` before cells that a spreadsheet would run as formulas.
    ///
    /// # Errors
    ///
    /// Those of [`Output::create`].
    pub fn create(
        path: &Path,
        format: Format,
        axes: &AxisSet,
        further: Vec<String>,
        spreadsheet: bool,
        force: bool,
    ) -> Result<Self> {
        let output = Output::create(path, force)?;
        let sink = match format {
            Format::Csv => Sink::Table(b','),
            Format::Tsv => Sink::Table(b'\t'),
            Format::Jsonl => Sink::Lines,
        };
        let mut writer = Self { output, sink, axes: axes.clone(), further, guarded: spreadsheet };
        writer.header()?;
        Ok(writer)
    }

    fn header(&mut self) -> Result<()> {
        if matches!(self.sink, Sink::Lines) {
            return Ok(());
        }
        if self.guarded {
            self.output.write_all("\u{feff}".as_bytes()).map_err(|e| self.output.error(e))?;
        }
        let mut cells: Vec<String> = BEFORE.iter().map(ToString::to_string).collect();
        for axis in &self.axes.axes {
            let id = &axis.id;
            cells.push(format!("{id}.class"));
            if axis.has_poles() {
                cells.push(format!("{id}.score"));
            }
            cells.extend(probability_names(axis).into_iter().map(|name| format!("{id}.p_{name}")));
            cells.push(format!("{id}.status"));
            cells.push(format!("{id}.terms"));
        }
        if !self.axes.axes.is_empty() {
            cells.extend(AFTER.iter().map(ToString::to_string));
        }
        cells.extend(self.further.iter().cloned());
        self.row(&cells)
    }

    fn row(&mut self, cells: &[String]) -> Result<()> {
        let Sink::Table(delimiter) = self.sink else { return Ok(()) };
        let mut line = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        let guarded = self.guarded;
        let written =
            line.write_record(cells.iter().map(|c| if guarded { guard_formula(c) } else { c.clone() }));
        let bytes = written
            .map_err(std::io::Error::from)
            .and_then(|()| line.into_inner().map_err(csv::IntoInnerError::into_error));
        bytes.and_then(|b| self.output.write_all(&b)).map_err(|e| self.output.error(e))
    }

    /// Writes one statement.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the disk is full or the pipe is closed.
    pub fn write(&mut self, statement: &ScoredStatement) -> Result<()> {
        match self.sink {
            Sink::Table(_) => {
                let cells = self.cells(statement);
                self.row(&cells)
            }
            Sink::Lines => {
                let mut line = self.object(statement).to_string();
                line.push('\n');
                self.output.write_all(line.as_bytes()).map_err(|e| self.output.error(e))
            }
        }
    }

    fn cells(&self, s: &ScoredStatement) -> Vec<String> {
        let count = |n: Option<usize>| n.map_or(String::new(), |n| n.to_string());
        let spans = if s.spans.is_empty() { String::new() } else { json!(s.spans).to_string() };
        let confidence = s.speaker_confidence.map_or(String::new(), |c| decimal(c, 2));
        let mut cells: Vec<String> = [&s.statement_id, &s.article, &s.url, &s.outlet, &s.date, &s.title]
            .into_iter()
            .cloned()
            .chain([count(s.start), count(s.end)])
            .chain([&s.quote, &s.kind, &s.speaker, &s.mention, &s.cue, &s.cue_rule].into_iter().cloned())
            .chain([confidence, s.role.clone(), s.organisation.clone(), s.group.clone(), spans])
            .collect();
        for axis in &self.axes.axes {
            let empty = AxisScore::none(Status::NoFeatures);
            let score = s.axes.get(&axis.id).unwrap_or(&empty);
            cells.push(score.class.clone());
            if axis.has_poles() {
                cells.push(score.score.map_or(String::new(), |x| decimal(x, 4)));
            }
            cells.extend(
                (0..axis.classes().len()).map(|i| score.p.get(i).map_or(String::new(), |p| decimal(*p, 4))),
            );
            cells.push(score.status.to_string());
            cells.push(terms(&score.terms));
        }
        if !self.axes.axes.is_empty() {
            cells.extend([s.n_tokens.to_string(), decimal(s.known_share, 3)]);
        }
        cells.extend(self.further.iter().map(|header| s.extra.get(header).cloned().unwrap_or_default()));
        cells
    }

    fn object(&self, s: &ScoredStatement) -> Value {
        let mut o = Map::new();
        let mut put = |key: &str, value: &str| drop(o.insert(key.into(), value.into()));
        put("statement_id", &s.statement_id);
        put("article", &s.article);
        for (key, value) in [("url", &s.url), ("outlet", &s.outlet), ("date", &s.date), ("title", &s.title)] {
            put(key, value);
        }
        o.insert("start".into(), json!(s.start));
        o.insert("end".into(), json!(s.end));
        if !s.spans.is_empty() {
            o.insert("spans".into(), json!(s.spans));
        }
        for (key, value) in [
            ("quote", &s.quote),
            ("kind", &s.kind),
            ("speaker", &s.speaker),
            ("mention", &s.mention),
            ("cue", &s.cue),
            ("cue_rule", &s.cue_rule),
            ("role", &s.role),
            ("organisation", &s.organisation),
            ("group", &s.group),
        ] {
            o.insert(key.into(), value.as_str().into());
        }
        o.insert("speaker_confidence".into(), json!(s.speaker_confidence));
        if !self.axes.axes.is_empty() {
            let axes: Map<String, Value> = self
                .axes
                .axes
                .iter()
                .filter_map(|axis| Some((axis, s.axes.get(&axis.id)?)))
                .map(|(axis, score)| {
                    let p: Map<String, Value> =
                        probability_names(axis).into_iter().zip(&score.p).map(|(n, p)| (n, json!(p))).collect();
                    let object = json!({
                        "class": score.class, "score": score.score, "p": p, "status": score.status, "terms": score.terms,
                    });
                    (axis.id.clone(), object)
                })
                .collect();
            o.insert("axes".into(), Value::Object(axes));
            o.insert("n_tokens".into(), json!(s.n_tokens));
            o.insert("known_share".into(), json!(s.known_share));
        }
        for (header, value) in &s.extra {
            o.entry(header.clone()).or_insert_with(|| value.as_str().into());
        }
        Value::Object(o)
    }

    /// Puts the file in place.
    ///
    /// # Errors
    ///
    /// Those of [`Output::finish`].
    pub fn finish(self) -> Result<()> {
        self.output.finish()
    }
}

/// The names under which the probabilities of an axis stand: `low`, `neutral`, `high`, or the class ids.
fn probability_names(axis: &crate::types::Axis) -> Vec<String> {
    let poles: &[&str] = if axis.neutral.is_some() { &["low", "neutral", "high"] } else { &["low", "high"] };
    if axis.has_poles() {
        poles.iter().map(ToString::to_string).collect()
    } else {
        axis.classes().iter().map(|c| c.id.clone()).collect()
    }
}

/// A number with a fixed count of decimals; never "-0.0000".
fn decimal(x: f64, places: usize) -> String {
    let text = format!("{x:.places$}");
    if text.trim_start_matches(['-', '0', '.']).is_empty() {
        text.trim_start_matches('-').to_string()
    } else {
        text
    }
}

fn terms(terms: &[TermWeight]) -> String {
    terms.iter().map(|t| format!("{}:{:+.2}", t.term, t.value)).collect::<Vec<_>>().join("; ")
}

/// The cell with `'` before it when a spreadsheet would run it as a formula.
pub fn guard_formula(cell: &str) -> String {
    let risky =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\0' | '＝' | '＋' | '－' | '＠');
    let number = cell.parse::<f64>().is_ok();
    if !number && cell.trim_start_matches(' ').starts_with(risky) {
        format!("'{cell}")
    } else {
        cell.to_string()
    }
}
