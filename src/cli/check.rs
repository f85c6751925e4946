use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::labelled::LabelledArgs;
use super::suspicious::{Found, SuspiciousArgs};
use super::talk::harmless;
use super::{Outcome, Talk};
use crate::corpus::{ArticleOptions, Articles, LabelFile, Read1, TrainingSet};
use crate::pipeline::{Finding, Severity, check};
use crate::types::Article;
use crate::{Error, Result};

/// Find what is wrong with label files: offsets, quotes, classes, duplicates, columns; and labels that are probably wrong.
#[derive(Debug, clap::Args)]
#[command(
    mut_arg("axis", |arg| arg.requires("suspicious")),
    mut_arg("weight", |arg| arg.requires("suspicious")),
    mut_arg("text", |arg| arg.requires("suspicious").conflicts_with("articles")),
    after_help = "With --suspicious, each row is read by a model that was trained without its group, as `sayso train` does it. A label is \
suspicious when the statement confidently reads like another class (confident learning). Read it before you change it: the model errs \
too, most where it is weak, and an error that many rows share it has learned as if it were right.

The table of --output has the columns file, row, axis, label, suggested, p_label, p_suggested, margin, quote, speaker, annotator, group, \
note, also; axis by axis, the most suspicious first.

Exit code 1 when an error is found, 0 when there are warnings only; suspicious labels are warnings.

Examples:
  sayso check labels.csv
  sayso check labels.csv --articles articles/ --axes axes.toml
  sayso check labels.csv more.csv --format json
  sayso check labels.csv --suspicious -o review.csv
  sayso check tweets.csv --text text --label stance --group author --suspicious"
)]
pub struct Args {
    #[command(flatten)]
    rows: LabelledArgs,
    /// The articles they were taken from, to verify offsets and quotes.
    #[arg(long, value_name = "ARTICLES", num_args = 1..)]
    articles: Vec<PathBuf>,
    #[command(flatten)]
    suspicious: SuspiciousArgs,
    /// How to print the findings.
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

/// What the files were checked for, and what was found.
struct Checked {
    /// Rows that could be read.
    rows: usize,
    /// Rows that could not.
    unreadable: usize,
    findings: Vec<Finding>,
    suspicious: Option<Found>,
    has_offsets: bool,
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    args.suspicious.check_output(&args.rows.labels)?;
    let checked = match args.rows.table(args.suspicious.weight.as_deref())? {
        Some(set) => {
            let found = args.suspicious.search(set, &args.rows, talk)?;
            Checked {
                rows: found.n_rows(),
                unreadable: 0,
                findings: Vec::new(),
                suspicious: Some(found),
                has_offsets: false,
            }
        }
        None => label_files(args, talk)?,
    };
    let errors = checked.findings.iter().filter(|f| f.severity == Severity::Error).count();
    let out = if args.format == "json" { as_json(&checked, errors) } else { as_text(&checked) };
    io::stdout().write_all(out.as_bytes()).map_err(|e| Error::io("-", "write", e))?;
    let n_suspicious = checked.suspicious.as_ref().map_or(0, Found::n);
    let mut said = format!(
        "checked {} rows: {errors} errors, {} warnings",
        checked.rows + checked.unreadable,
        checked.findings.len() - errors
    );
    if checked.suspicious.is_some() {
        let _ = write!(said, ", {n_suspicious} suspicious labels");
    }
    if let Some(path) = &args.suspicious.output {
        let _ = write!(said, " → {}", path.display());
    }
    talk.say(said);
    if args.articles.is_empty() && checked.has_offsets {
        talk.next("add --articles to verify offsets and quotes");
    } else if errors > 0 {
        talk.next("mend the rows above, then check again");
    } else if n_suspicious > 0 {
        talk.next("read the suspicious labels against your guideline, and correct those that are wrong");
    } else {
        talk.next(format!(
            "sayso train {}{} -o model.safetensors",
            super::quoted(args.rows.labels[0].display()),
            args.rows.options()
        ));
    }
    Ok(if errors > 0 { Outcome::Findings } else { Outcome::Done })
}

fn label_files(args: &Args, talk: &Talk) -> Result<Checked> {
    let axes = args.rows.all_axes()?;
    let chosen = args.rows.chosen(axes.clone())?;
    let file = LabelFile::read(&args.rows.labels, &axes, args.rows.encoding()?)?;
    let articles = articles(args, talk)?;
    let findings = check(&file, &articles);
    let suspicious = if args.suspicious.suspicious {
        let set = TrainingSet::from_file(&file, &chosen, args.suspicious.weight.as_deref())?;
        Some(args.suspicious.search(set, &args.rows, talk)?)
    } else {
        None
    };
    Ok(Checked {
        rows: file.rows.len(),
        unreadable: file.problems.len(),
        findings,
        suspicious,
        has_offsets: file.rows.iter().any(|row| row.start.is_some()),
    })
}

fn as_text(checked: &Checked) -> String {
    let mut out = String::new();
    for finding in &checked.findings {
        let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
        let help = if finding.help.is_empty() { String::new() } else { format!(". {}", finding.help) };
        let _ = writeln!(out, "{severity}: {}: {}{help}", finding.position, finding.message);
    }
    let mut out = harmless(&out);
    if let Some(found) = &checked.suspicious {
        out.push_str(&found.text());
    }
    out
}

fn articles(args: &Args, talk: &Talk) -> Result<BTreeMap<String, Article>> {
    let mut articles = BTreeMap::new();
    if args.articles.is_empty() {
        return Ok(articles);
    }
    let options = ArticleOptions { encoding: args.rows.encoding()?, ..ArticleOptions::default() };
    let mut skipped = Vec::new();
    for read in Articles::open(&args.articles, options)? {
        match read {
            Read1::Article(article) => drop(articles.insert(article.id.clone(), *article)),
            Read1::Skipped(skip) => skipped.push(skip),
        }
    }
    talk.skipped(&skipped);
    Ok(articles)
}

fn as_json(checked: &Checked, errors: usize) -> String {
    let mut findings: Vec<Value> = checked
        .findings
        .iter()
        .map(|f| {
            json!({
                "severity": f.severity,
                "file": f.position.path.as_ref().map(|p| p.display().to_string()),
                "row": f.position.row,
                "column": f.position.column,
                "message": f.message,
                "help": f.help,
            })
        })
        .collect();
    let mut object = json!({"schema": "sayso/check/1", "rows": checked.rows, "errors": errors});
    if let Some(found) = &checked.suspicious {
        let (more, summary) = found.json();
        findings.extend(more);
        object["suspicious"] = summary;
    }
    object["findings"] = findings.into();
    format!("{object:#}\n")
}
