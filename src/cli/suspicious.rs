//! The labels that `check --suspicious` finds, on the terminal, as JSON and as a table to review.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::labelled::LabelledArgs;
use super::talk::{Talk, harmless};
use crate::corpus::{TrainingSet, check_output, guard_formula, write_atomically};
use crate::features::FeatureParams;
use crate::pipeline::{Suspicion, Suspicions, SuspicionsOnAxis, TrainParams, suspicious};
use crate::{Error, Result};

/// The options of `check` that go with `--suspicious`.
#[derive(Debug, clap::Args)]
pub struct SuspiciousArgs {
    /// Look for labels that are probably wrong too: those that models which had not seen the row would not give.
    #[arg(long)]
    pub suspicious: bool,
    /// Name at most so many suspicious labels an axis, the most suspicious first; if not given, 20 on the terminal and all in a
    /// file and in JSON.
    #[arg(long, value_name = "N", requires = "suspicious")]
    limit: Option<usize>,
    /// Write the suspicious labels to this CSV file, to be reviewed in a spreadsheet.
    #[arg(short, long, value_name = "FILE", requires = "suspicious")]
    pub output: Option<PathBuf>,
    /// Replace the output if it is there.
    #[arg(long, requires = "output")]
    force: bool,
    /// The column that says how much a row counts in training.
    #[arg(long, value_name = "COLUMN", requires = "suspicious")]
    pub weight: Option<String>,
    /// Seed of the folds.
    #[arg(long, default_value_t = 1, requires = "suspicious")]
    seed: u64,
}

/// Suspicious labels named on the terminal, an axis.
const NAMED: usize = 20;
/// Characters of a quote on the terminal.
const BEGINNING: usize = 90;

/// What was found, beside the rows that it was found in.
pub struct Found {
    set: TrainingSet,
    suspicions: Suspicions,
    limit: Option<usize>,
}

impl SuspiciousArgs {
    /// Refuses an output that cannot be written, before the work and not after it.
    ///
    /// # Errors
    ///
    /// Those of [`check_output`]; [`ErrorKind::Argument`](crate::ErrorKind::Argument) for standard output.
    pub fn check_output(&self, inputs: &[PathBuf]) -> Result<()> {
        match &self.output {
            Some(path) if path == Path::new("-") => {
                Err(Error::argument("--output", "-", "a file: the findings go to standard output"))
            }
            Some(path) => {
                let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
                check_output(path, self.force, &inputs)
            }
            None => Ok(()),
        }
    }

    /// Searches the rows, and writes the table if one is asked for.
    ///
    /// # Errors
    ///
    /// Those of [`suspicious`] and of writing.
    pub fn search(&self, set: TrainingSet, rows: &LabelledArgs, talk: &Talk) -> Result<Found> {
        for note in &set.notes {
            talk.detail(note);
        }
        let features = FeatureParams {
            target: rows.target.is_some(),
            window: rows.span.is_some(),
            ..FeatureParams::default()
        };
        let params = TrainParams { features, seed: self.seed, ..TrainParams::default() };
        let bar = talk.progress(Some(1), "reading rows that were held out, fits");
        let found = suspicious(&set, &params, &|done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        })?;
        bar.finish_and_clear();
        for note in &found.notes {
            talk.warn(note);
        }
        if set.axes.axes.is_empty() {
            talk.warn("no axis has a label: nothing can be suspicious");
        }
        let found = Found { set, suspicions: found, limit: self.limit };
        if let Some(path) = &self.output {
            write_atomically(path, &found.table(), self.force)?;
        }
        Ok(found)
    }
}

impl Found {
    /// How many labels look wrong, on all axes.
    pub fn n(&self) -> usize {
        self.suspicions.axes.iter().map(|axis| axis.labels.len()).sum()
    }

    /// Rows that were looked at.
    pub fn n_rows(&self) -> usize {
        self.set.rows.len()
    }

    /// The first labels of an axis, at most as many as asked for.
    fn named<'a>(&self, axis: &'a SuspicionsOnAxis, unless_asked: usize) -> &'a [Suspicion] {
        &axis.labels[..axis.labels.len().min(self.limit.unwrap_or(unless_asked))]
    }

    /// Axis by axis: how many labels look wrong, and the most suspicious of them.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for axis in &self.suspicions.axes {
            let _ = writeln!(
                out,
                "{}: {} of {} labels are suspicious. The model agrees with {:.1} % of the labels out of fold (the commonest class alone \
                 with {:.1} %); confident learning counts {:.1} % as wrong, the model's own mistakes among them.",
                axis.axis,
                axis.labels.len(),
                axis.n,
                100.0 * axis.agreement,
                100.0 * axis.commonest,
                100.0 * axis.error_share
            );
            let named = self.named(axis, NAMED);
            for s in named {
                let row = &self.set.rows[s.row];
                let _ = writeln!(
                    out,
                    "warning: {}: {}{}: {:?}{}",
                    row.position.clone().column(&axis.axis),
                    message(s),
                    if row.annotator.is_empty() { String::new() } else { format!(", by {}", row.annotator) },
                    beginning(&row.text),
                    match self.also(s) {
                        also if also.is_empty() => String::new(),
                        also => format!("; the same words: {also}"),
                    }
                );
            }
            if named.len() < axis.labels.len() {
                let _ = writeln!(out, "… and {} more", axis.labels.len() - named.len());
            }
        }
        harmless(&out)
    }

    /// The labels as findings, and what was found axis by axis.
    pub fn json(&self) -> (Vec<Value>, Value) {
        let mut findings = Vec::new();
        let mut axes = Vec::new();
        for axis in &self.suspicions.axes {
            for s in self.named(axis, usize::MAX) {
                let row = &self.set.rows[s.row];
                let place = &row.position;
                findings.push(json!({
                    "severity": "warning",
                    "file": place.path.as_ref().map(|p| p.display().to_string()),
                    "row": place.row,
                    "column": axis.axis,
                    "message": message(s),
                    "help": "",
                    "suspicious": {
                        "label": s.label,
                        "suggested": s.suggested,
                        "p_label": s.p_label,
                        "p_suggested": s.p_suggested,
                        "margin": s.margin,
                        "quote": row.text,
                        "speaker": row.speaker,
                        "annotator": row.annotator,
                        "group": row.group,
                        "note": row.note,
                        "also": self.also(s),
                    },
                }));
            }
            axes.push(json!({
                "axis": axis.axis,
                "labels": axis.n,
                "suspicious": axis.labels.len(),
                "agreement": axis.agreement,
                "commonest": axis.commonest,
                "error_share": axis.error_share,
                "classes": axis.classes,
                "thresholds": axis.thresholds,
                "joint": axis.joint,
            }));
        }
        (findings, json!({"axes": axes, "notes": self.suspicions.notes}))
    }

    /// The labels as a table for a spreadsheet: a byte order mark, and `'` before cells that would run as formulas.
    fn table(&self) -> Vec<u8> {
        const HEAD: [&str; 14] = [
            "file",
            "row",
            "axis",
            "label",
            "suggested",
            "p_label",
            "p_suggested",
            "margin",
            "quote",
            "speaker",
            "annotator",
            "group",
            "note",
            "also",
        ];
        let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
        writer.write_record(HEAD).expect("a vector takes every byte");
        for axis in &self.suspicions.axes {
            for s in self.named(axis, usize::MAX) {
                let row = &self.set.rows[s.row];
                let place = &row.position;
                let file = place.path.as_ref().map_or(String::new(), |p| p.display().to_string());
                let number = |x: f64| format!("{x:.4}");
                let cells = [
                    guard_formula(&file),
                    place.row.map_or(String::new(), |n| n.to_string()),
                    guard_formula(&axis.axis),
                    guard_formula(&s.label),
                    guard_formula(&s.suggested),
                    number(s.p_label),
                    number(s.p_suggested),
                    number(s.margin),
                    guard_formula(&row.text),
                    guard_formula(&row.speaker),
                    guard_formula(&row.annotator),
                    guard_formula(&row.group),
                    guard_formula(&row.note),
                    guard_formula(&self.also(s)),
                ];
                writer.write_record(cells).expect("every row has the header's cells");
            }
        }
        writer.into_inner().expect("a vector takes every byte")
    }

    /// The other rows with the same words: place, annotator and label of each.
    fn also(&self, s: &Suspicion) -> String {
        let one = |(row, label): &(usize, String)| {
            let row = &self.set.rows[*row];
            let by = if row.annotator.is_empty() { String::new() } else { format!("{} ", row.annotator) };
            format!("{} {by}{label}", row.position)
        };
        s.also.iter().map(one).collect::<Vec<_>>().join("; ")
    }
}

fn message(s: &Suspicion) -> String {
    format!("labelled {} ({:.2}), reads like {} ({:.2})", s.label, s.p_label, s.suggested, s.p_suggested)
}

fn beginning(text: &str) -> String {
    let mut clipped: String = text.chars().take(BEGINNING).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}
