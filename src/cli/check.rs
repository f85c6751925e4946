use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::json;

use super::{Outcome, Talk};
use crate::corpus::{ArticleOptions, Articles, LabelFile, Read1, axes_or_bundled, encoding_by_name};
use crate::pipeline::{Finding, Severity, check};
use crate::types::Article;
use crate::{Error, Result};

/// Find what is wrong with label files: offsets, quotes, classes, duplicates, columns.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit code 1 when an error is found, 0 when there are warnings only.

Examples:
  sayso check labels.csv
  sayso check labels.csv --articles articles/ --axes axes.toml
  sayso check labels.csv more.csv --format json")]
pub struct Args {
    /// Label files: CSV with a column per axis, or with the columns axis and label.
    #[arg(value_name = "LABELS", required = true)]
    labels: Vec<PathBuf>,
    /// The articles they were taken from, to verify offsets and quotes.
    #[arg(long, value_name = "ARTICLES", num_args = 1..)]
    articles: Vec<PathBuf>,
    /// The axes; those that come with Sayso if not given.
    #[arg(long, value_name = "FILE")]
    axes: Option<PathBuf>,
    /// Read every input in this encoding instead of finding it out.
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// How to print the findings.
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    let encoding = args.encoding.as_deref().map(encoding_by_name).transpose()?;
    let axes = axes_or_bundled(args.axes.as_deref())?;
    let file = LabelFile::read(&args.labels, &axes, encoding)?;
    let articles = articles(args, talk)?;
    let findings = check(&file, &articles);
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    let out = if args.format == "json" {
        as_json(&findings, file.rows.len(), errors)
    } else {
        findings.iter().fold(String::new(), |mut out, finding| {
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            let help = if finding.help.is_empty() { String::new() } else { format!(". {}", finding.help) };
            let _ = writeln!(out, "{severity}: {}: {}{help}", finding.position, finding.message);
            out
        })
    };
    io::stdout().write_all(out.as_bytes()).map_err(|e| Error::io("-", "write", e))?;
    talk.say(format!(
        "checked {} rows: {errors} errors, {warnings} warnings",
        file.rows.len() + file.problems.len()
    ));
    if args.articles.is_empty() && file.rows.iter().any(|row| row.start.is_some()) {
        talk.next("add --articles to verify offsets and quotes");
    } else if errors > 0 {
        talk.next("mend the rows above, then check again");
    } else {
        let axes = super::axes_option(args.axes.as_deref());
        talk.next(format!("sayso train {}{axes} -o model.safetensors", args.labels[0].display()));
    }
    Ok(if errors > 0 { Outcome::Findings } else { Outcome::Done })
}

fn articles(args: &Args, talk: &Talk) -> Result<BTreeMap<String, Article>> {
    let mut articles = BTreeMap::new();
    if args.articles.is_empty() {
        return Ok(articles);
    }
    let encoding = args.encoding.as_deref().map(encoding_by_name).transpose()?;
    let options = ArticleOptions { encoding, ..ArticleOptions::default() };
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

fn as_json(findings: &[Finding], rows: usize, errors: usize) -> String {
    let list: Vec<_> = findings
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
    let object = json!({"schema": "sayso/check/1", "rows": rows, "errors": errors, "findings": list});
    format!("{object:#}\n")
}
