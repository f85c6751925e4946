use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::encoder::EncoderArgs;
use super::examples::{ExampleArgs, N_ALIKE};
use super::{Outcome, Talk, file_digest};
use crate::corpus::{
    DayOrder, LabelFile, Output, Table, bundled_axes, parse_date, read_axes, read_statements,
    write_atomically,
};
use crate::model::Model;
use crate::pipeline::{
    AgreeParams, Clustering, CompareParams, Comparison, Examples, Intervals, Pair, ReadsLike, agree, compare,
    held_out, telling,
};
use crate::report::{self, PageOptions};
use crate::statistics::Target;
use crate::types::{Axis, AxisSet, Class, LabelledStatement, ScoredStatement};
use crate::{Error, Position, Result};

/// Compare outlets: one page with figures, intervals, and the statements behind every mark.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso report scored.csv -o report.html
  sayso report scored.csv --gold labels.csv -o report.html
  sayso report scored.csv --gold labels.csv --by speaker --format csv -o figures.csv
  sayso report scored.csv --gold labels.csv --cluster both -o report.html
  sayso report scored.csv --labels labels.csv --model my.safetensors -o report.html")]
#[command(
    mut_arg("labels", |arg| arg.help("Labelled statements: under each quoted statement stand the three that read most like it; with --axes, or a table with --text and --label")),
    mut_arg("encoder", |arg| arg.requires("labels"))
)]
pub struct Args {
    /// Scored statements: .csv, .tsv or .jsonl, - for standard input.
    #[arg(value_name = "SCORED", required = true)]
    scored: Vec<PathBuf>,
    /// Hand labels of a random sample of these statements; figures are corrected by them.
    #[arg(long, value_name = "LABELS")]
    gold: Vec<PathBuf>,
    /// Where to; the ending says the format (.html, .json, .csv, .md), - is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    /// The format, when the ending does not say it.
    #[arg(long, value_name = "FORMAT", value_parser = ["html", "json", "csv", "md"])]
    format: Option<String>,
    /// The axes; those that come with Sayso if not given.
    #[arg(long, value_name = "FILE")]
    axes: Option<PathBuf>,
    /// What to compare: outlet, speaker, kind, role, organisation, month, year or any column of the input.
    #[arg(long, value_name = "COLUMN", default_value = "outlet")]
    by: String,
    /// What intervals speak of: the process that makes the articles, or exactly this corpus.
    #[arg(long, default_value = "process", value_parser = ["process", "corpus"])]
    target: String,
    /// What counts as one draw: every article, every story (articles that repeat each other are one), or both stories and speakers.
    #[arg(long, default_value = "story", value_parser = ["article", "story", "both"])]
    cluster: String,
    /// How intervals of corrected figures and their differences are made: jackknife with Student's t, or bootstrap-t.
    #[arg(long, default_value = "t", value_parser = ["t", "boot-t"])]
    ci: String,
    /// Leave out groups with fewer statements.
    #[arg(long, value_name = "N", default_value_t = 1)]
    min_n: usize,
    /// Take labels without a sample_prob for a simple random sample within each group.
    #[arg(long)]
    assume_random: bool,
    #[command(flatten)]
    examples: ExampleArgs,
    /// The model that scored the statements: its quality is shown, and labels that trained it still correct it fairly; what
    /// reads like --labels is found by the model that comes with Sayso if none is given.
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    #[command(flatten)]
    encoder: EncoderArgs,
    /// Things that happened, for the timeline: a table with the columns date and label.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// The headline.
    #[arg(long, default_value = "")]
    title: String,
    /// Quote at most so many statements.
    #[arg(long, value_name = "N", default_value_t = PageOptions::MAX_QUOTES)]
    max_quotes: usize,
    /// Replace the output if it is there.
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    let format = format_of(args)?;
    if args.output != Path::new("-") && args.output.exists() && !args.force {
        return Err(crate::ErrorKind::Exists { path: args.output.clone() }.into());
    }
    let file = read_statements(&args.scored, None)?;
    talk.skipped(&file.skipped);
    for warning in &file.warnings {
        talk.warn(warning);
    }
    let axes = axes(args, &file.statements, &file.axis_ids)?;
    let gold = labels(args, &axes, talk)?;
    let model = args.model.as_deref().map(Model::load).transpose()?;
    let out_of_fold = model.as_ref().map(|m| held_out(m, &file.statements)).unwrap_or_default();
    let keeps_folds = model.as_ref().is_some_and(|m| !m.held_out().p.is_empty());
    let params = CompareParams {
        trained_on_gold: !out_of_fold.is_empty(),
        training_known: keeps_folds,
        out_of_fold,
        by: args.by.clone(),
        target: if args.target == "corpus" { Target::Corpus } else { Target::Process },
        cluster: match args.cluster.as_str() {
            "article" => Clustering::Article,
            "both" => Clustering::Both,
            _ => Clustering::Story,
        },
        intervals: if args.ci == "boot-t" { Intervals::BootT } else { Intervals::T },
        min_statements: args.min_n,
        assume_random: args.assume_random,
        ..CompareParams::default()
    };
    let comparison = compare(&file.statements, &gold, &axes, &params)?;
    if format != "html" && !args.examples.labels.is_empty() {
        talk.warn("what statements read like stands on the HTML page alone, so --labels is not used");
    }
    let text = match format {
        "json" => report::json(&comparison)?,
        "csv" => report::csv(&comparison)?,
        "md" => report::markdown(&comparison),
        _ => {
            let options = PageOptions {
                title: args.title.clone(),
                max_quotes: args.max_quotes,
                provenance: provenance(args)?,
                card: model.as_ref().map(|m| m.card().clone()),
                // Labels of one annotator have no agreement, which is no error here.
                agreement: agree(&gold, &axes, &AgreeParams::default()).ok(),
                reads_like: reads_like(args, model, &comparison, &file.statements, talk)?,
                events: args.events.as_deref().map(read_events).transpose()?.unwrap_or_default(),
            };
            report::html(&comparison, &file.statements, &options)?
        }
    };
    write(args, &text)?;
    summary(&comparison, args, talk);
    Ok(Outcome::Done)
}

/// The hand labels; rows that cannot be read are left out and told.
fn labels(args: &Args, axes: &AxisSet, talk: &Talk) -> Result<Vec<LabelledStatement>> {
    if args.gold.is_empty() {
        return Ok(Vec::new());
    }
    let labels = LabelFile::read(&args.gold, axes, None)?;
    if let Some(problem) = labels.problems.first() {
        let first = problem.clone().into_error();
        talk.warn(format!("{} label rows left out; the first: {first}", labels.problems.len()));
    }
    Ok(labels.rows)
}

/// What the statements that may be shown read like.
fn reads_like(
    args: &Args,
    model: Option<Model>,
    comparison: &Comparison,
    statements: &[ScoredStatement],
    talk: &Talk,
) -> Result<BTreeMap<usize, ReadsLike>> {
    if args.examples.labels.is_empty() {
        return Ok(BTreeMap::new());
    }
    let set = args.examples.read(args.axes.as_deref(), talk)?;
    let shown: Vec<&str> = comparison.axes.iter().map(|axis| axis.id.as_str()).collect();
    let all = shown.join(", ");
    let labelled = set.axes.axes.iter().map(|axis| axis.id.as_str());
    let (of_axes, others): (Vec<&str>, Vec<&str>) = labelled.partition(|id| shown.contains(id));
    if of_axes.is_empty() {
        let found = format!("labels on {}", others.join(", "));
        let position = Position::file(&args.examples.labels[0]);
        return Err(Error::input(position, found, format!("labels on an axis of the statements: {all}"))
            .with_help("In a table of any kind, the name of the column with the classes is the axis: --text COLUMN --label AXIS."));
    }
    if !others.is_empty() {
        talk.warn(format!(
            "labels on {} are not shown: the statements have no scores there",
            others.join(", ")
        ));
    }
    let mut model = model.map_or_else(Model::bundled, Ok)?;
    let known: Vec<&str> = model.axes().iter().map(|axis| axis.axis.id.as_str()).collect();
    if !shown.iter().any(|id| known.contains(id)) {
        let name =
            args.model.as_ref().map_or("the one that comes with Sayso".into(), |p| p.display().to_string());
        let error = Error::argument("--model", name, format!("a model of the axes of the statements: {all}"));
        return Err(error.with_help(format!(
            "It has the axes {}; name the model that scored the statements.",
            known.join(", ")
        )));
    }
    args.encoder.attach(&mut model, talk)?;
    let examples = Examples::new(&model, &set, &shown);
    let chosen = telling(comparison, statements, args.max_quotes);
    let explained = examples.explain(statements, &chosen, N_ALIKE);
    if explained.n_scored_otherwise > 0 {
        talk.warn(format!(
            "{} of {} statements have other scores than the model gives: what made them is not shown. Name the model that scored them with --model.",
            explained.n_scored_otherwise,
            chosen.len()
        ));
    }
    Ok(explained.by_statement)
}

fn write(args: &Args, text: &str) -> Result<()> {
    if args.output == Path::new("-") {
        let mut output = Output::create(&args.output, args.force)?;
        output.write_all(text.as_bytes()).map_err(|e| Error::io(&args.output, "write", e))?;
        return output.finish();
    }
    write_atomically(&args.output, text.as_bytes(), args.force)
}

fn format_of(args: &Args) -> Result<&'static str> {
    let named = args.format.as_deref();
    let ending = args.output.extension().and_then(|e| e.to_str());
    match named.or(ending) {
        Some("json") => Ok("json"),
        Some("csv") => Ok("csv"),
        Some("md") => Ok("md"),
        None | Some("html" | "htm") => Ok("html"),
        Some(_) => Err(Error::argument(
            "--output",
            args.output.display(),
            "a file that ends in .html, .json, .csv or .md",
        )
        .with_help("Or say it with --format.")),
    }
}

/// The axes of the statements: from `--axes`, else those bundled, else made from the classes that occur.
fn axes(args: &Args, statements: &[ScoredStatement], ids: &[String]) -> Result<AxisSet> {
    let known = args.axes.as_deref().map_or_else(|| Ok(bundled_axes()), read_axes)?;
    let fits =
        |axis: &Axis| {
            statements.iter().filter_map(|s| s.axes.get(&axis.id)).filter(|score| !score.p.is_empty()).all(
                |score| score.p.len() == axis.classes().len() && axis.class_index(&score.class).is_some(),
            )
        };
    let axes = ids
        .iter()
        .map(|id| match known.get(id).filter(|axis| fits(axis)) {
            Some(axis) => axis.clone(),
            None => inferred(id, statements),
        })
        .collect();
    Ok(AxisSet { axes })
}

/// An axis that nothing is known of but its scores: its poles, or its classes.
fn inferred(id: &str, statements: &[ScoredStatement]) -> Axis {
    let scores = || statements.iter().filter_map(|s| s.axes.get(id)).filter(|score| !score.p.is_empty());
    let n_classes = scores().map(|s| s.p.len()).max().unwrap_or(0);
    let mut names = vec![String::new(); n_classes];
    for score in scores() {
        let top = (0..score.p.len()).rev().max_by(|a, b| score.p[*a].total_cmp(&score.p[*b])).unwrap_or(0);
        if names[top].is_empty() {
            names[top].clone_from(&score.class);
        }
    }
    let polar = scores().any(|s| s.score.is_some()) && (2..=3).contains(&n_classes);
    let fallback = ["low", if n_classes == 2 { "high" } else { "neutral" }, "high"];
    for (i, name) in names.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
        *name = fallback.get(i).map_or_else(|| format!("class {}", i + 1), ToString::to_string);
    }
    let mut axis = Axis::nominal(id, names);
    if polar {
        let mut classes: Vec<Class> = std::mem::take(&mut axis.classes);
        axis.high = classes.pop();
        axis.neutral = if classes.len() == 2 { classes.pop() } else { None };
        axis.low = classes.pop();
    }
    axis
}

fn read_events(path: &Path) -> Result<Vec<(String, String)>> {
    let mut table = Table::open(path, None)?;
    let (date, label) = (table.require("date")?, table.require("label")?);
    let mut events = Vec::new();
    while let Some(row) = table.next_row()? {
        let cell = row.cell(date).to_string();
        match parse_date(&cell, DayOrder::Unknown) {
            Ok(Some(day)) => events.push((day, row.cell(label).to_string())),
            _ => {
                let position = Position::row(path, row.number).column("date");
                return Err(Error::input(position, format!("{cell:?}"), "a date such as 2022-02-24"));
            }
        }
    }
    Ok(events)
}

/// What the page was made from, so that it can be made again.
fn provenance(args: &Args) -> Result<Vec<(String, String)>> {
    let mut facts = vec![("command".to_string(), command(args))];
    let inputs = args.scored.iter().chain(&args.gold).chain(&args.examples.labels).chain(&args.model);
    for path in inputs.filter(|path| *path != Path::new("-")) {
        facts.push((format!("SHA-256 of {}", path.display()), file_digest(path)?));
    }
    facts.push(("version".into(), format!("sayso {}", env!("CARGO_PKG_VERSION"))));
    Ok(facts)
}

fn command(args: &Args) -> String {
    let mut words = vec!["sayso report".to_string()];
    words.extend(args.scored.iter().map(|p| p.display().to_string()));
    words.extend(args.gold.iter().map(|p| format!("--gold {}", p.display())));
    words.extend(args.examples.words());
    words.extend(args.model.iter().map(|p| format!("--model {}", p.display())));
    words.extend(args.encoder.encoder.iter().map(|p| format!("--encoder {}", p.display())));
    words.extend(args.axes.iter().map(|p| format!("--axes {}", p.display())));
    words.push(format!(
        "--by {} --target {} --cluster {} --ci {} --min-n {} --max-quotes {}",
        args.by, args.target, args.cluster, args.ci, args.min_n, args.max_quotes
    ));
    if args.assume_random {
        words.push("--assume-random".into());
    }
    words.extend(args.events.iter().map(|p| format!("--events {}", p.display())));
    words.push(format!("-o {}", args.output.display()));
    words.join(" ")
}

fn summary(comparison: &Comparison, args: &Args, talk: &Talk) {
    let shout = ["uncorrected", "not_random", "in_sample", "bootstrap_floor"];
    for note in comparison.notes.iter().filter(|n| shout.contains(&n.code)) {
        talk.warn(&note.text);
    }
    let claims = comparison.axes.iter().flat_map(|a| &a.pairs).filter(|p: &&Pair| p.is_claim()).count();
    talk.say(format!(
        "compared {} {}s on {} axes over {} statements: {claims} of {} tested differences hold → {}",
        comparison.groups.len(),
        comparison.by,
        comparison.axes.len(),
        comparison.corpus.n_statements,
        comparison.n_tests,
        args.output.display()
    ));
    talk.next(match &comparison.gold {
        None => {
            "label a random sample of the statements, then: sayso report SCORED --gold LABELS -o report.html"
                .to_string()
        }
        Some(_) => format!("open {} in a browser", args.output.display()),
    });
}
