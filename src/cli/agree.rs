use std::io::Write;
use std::path::PathBuf;

use super::{Outcome, Talk};
use crate::corpus::{LabelFile, Output, bundled_axes, read_axes};
use crate::pipeline::{AgreeParams, Agreement, Coefficient, Disagreement, agree, was_disputed};
use crate::{Error, Result};

/// Tell how far annotators agree: raw, kappa, AC1 and Krippendorff's alpha, with intervals over articles.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso agree labels/seeds.csv
  sayso agree first.csv second.csv --disagreements talk-about.csv
  sayso agree labels.csv --min-alpha 0.667 --format json")]
pub struct Args {
    /// Label files with rows of two or more annotators; rows of the annotator 'gold' are left out.
    #[arg(value_name = "LABELS", required = true)]
    labels: Vec<PathBuf>,
    /// The axes; those that come with Sayso if not given.
    #[arg(long, value_name = "FILE")]
    axes: Option<PathBuf>,
    /// Exit with 1 unless the lower bound of alpha reaches this on every axis; .667 allows tentative claims.
    #[arg(long, value_name = "A")]
    min_alpha: Option<f64>,
    /// Write the statements on which annotators differ to this CSV file.
    #[arg(long, value_name = "FILE")]
    disagreements: Option<PathBuf>,
    /// Seed of the bootstrap.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What to print.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
    /// Replace the file of disagreements if it is there.
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    let axes = args.axes.as_deref().map_or_else(|| Ok(bundled_axes()), read_axes)?;
    let file = LabelFile::read(&args.labels, &axes, None)?;
    if let Some(problem) = file.problems.first() {
        talk.warn(format!(
            "{} rows left out; the first: {}",
            file.problems.len(),
            problem.clone().into_error()
        ));
    }
    let disputed = file.rows.iter().filter(|row| was_disputed(row)).count();
    if disputed > 0 {
        talk.say(format!(
            "{disputed} rows left out: they were served because labels differed (strategy disagreement)"
        ));
    }
    let params = AgreeParams { seed: args.seed, ..AgreeParams::default() };
    let agreement = agree(&file.rows, &file.axes, &params)?;
    let text = if args.format == "json" { json(&agreement) } else { table(&agreement) };
    let stdout = |e| Error::io("-", "write", e);
    std::io::stdout().lock().write_all(text.as_bytes()).map_err(stdout)?;
    if let Some(path) = &args.disagreements {
        write_disagreements(path, &agreement.disagreements, args.force)?;
        talk.say(format!("wrote {} disagreements to {}", agreement.disagreements.len(), path.display()));
    }
    let low = |c: &Coefficient| c.bootstrap.or(c.jackknife).map(|i| i.low).or(c.value);
    let below: Vec<&str> = match args.min_alpha {
        Some(least) => agreement
            .axes
            .iter()
            .filter(|axis| low(&axis.alpha).is_none_or(|a| a < least))
            .map(|axis| axis.axis.as_str())
            .collect(),
        None => Vec::new(),
    };
    if below.is_empty() {
        talk.next("sayso train on the gold rows, or talk about the disagreements: --disagreements FILE");
        return Ok(Outcome::Done);
    }
    talk.say(format!("alpha is too low, or not defined, on: {}", below.join(", ")));
    talk.next("sharpen the guideline of these axes, then label again");
    Ok(Outcome::Findings)
}

fn json(agreement: &Agreement) -> String {
    let mut text = serde_json::to_string_pretty(agreement).expect("numbers and strings always serialise");
    text.push('\n');
    text
}

fn table(agreement: &Agreement) -> String {
    let mut lines = Vec::new();
    for axis in &agreement.axes {
        lines.push(format!(
            "{}: {} shared statements in {} articles, {} labelled once; annotators {}",
            axis.axis,
            axis.n_shared,
            axis.n_articles,
            axis.n_single,
            axis.annotators.join(", ")
        ));
        let kappa = if axis.annotators.len() == 2 { "Cohen's kappa" } else { "Fleiss' kappa" };
        let mut coefficients = vec![
            ("raw agreement", axis.raw),
            (kappa, axis.kappa),
            ("Gwet's AC1", axis.ac1),
            ("alpha, nominal", axis.alpha),
        ];
        coefficients.extend(axis.alpha_ordinal.map(|c| ("alpha, ordinal", c)));
        coefficients.extend(axis.alpha_interval.map(|c| ("alpha, interval", c)));
        for (name, c) in coefficients {
            lines.push(format!("  {name:<16} {}", figures(&c)));
        }
        for class in &axis.classes {
            let share = class.agreement.map_or("-".into(), |a| format!("{a:.3}"));
            lines.push(format!("  on {:<13} {share:>6}  of {} ratings", class.class, class.n));
        }
        if let Some(applies) = axis.applies {
            lines.push(format!("  whether the axis applies: {applies:.3} agree"));
        }
        if let Some(factor) = axis.attenuation {
            lines.push(format!("  random slips at this rate shrink every difference to {factor:.2} of it"));
        }
    }
    lines.push(format!("{} disagreements", agreement.disagreements.len()));
    lines.push(String::new());
    lines.join("\n")
}

fn figures(c: &Coefficient) -> String {
    let Some(value) = c.value else {
        return "not defined: one class in use, or nothing shared".into();
    };
    let interval = |i: Option<crate::statistics::Interval>| {
        i.map_or("too few articles".into(), |i| format!("{:.3}..{:.3}", i.low, i.high))
    };
    format!(
        "{value:>6.3}  95 % over articles: {} (bootstrap), {} (jackknife)",
        interval(c.bootstrap),
        interval(c.jackknife)
    )
}

fn write_disagreements(path: &std::path::Path, rows: &[Disagreement], force: bool) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Output::create(path, force)?);
    let annotators: std::collections::BTreeSet<&String> =
        rows.iter().flat_map(|r| r.choices.keys()).collect();
    let failed = |e: csv::Error| Error::io(path, "write", e.into());
    let header = ["axis", "article", "start", "end", "quote"].map(str::to_string);
    writer.write_record(header.iter().chain(annotators.iter().copied())).map_err(failed)?;
    for row in rows {
        let number = |n: Option<usize>| n.map_or(String::new(), |n| n.to_string());
        let mut cells = vec![
            row.axis.clone(),
            row.article.clone(),
            number(row.start),
            number(row.end),
            row.quote.clone(),
        ];
        cells.extend(annotators.iter().map(|a| row.choices.get(*a).cloned().unwrap_or_default()));
        writer.write_record(&cells).map_err(failed)?;
    }
    let output = writer.into_inner().map_err(|e| Error::io(path, "write", e.into_error()))?;
    output.finish()
}
