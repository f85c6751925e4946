use std::path::PathBuf;

use super::{Outcome, Talk};
use crate::classifier::{Scheme, Solver};
use crate::corpus::{
    LabelFile, TrainingColumns, TrainingSet, bundled_axes, encoding_by_name, read_axes, write_atomically,
};
use crate::features::{FeatureParams, NgramRange};
use crate::model::{Model, Weighting};
use crate::pipeline::{TrainParams, train};
use crate::{Error, Result};

/// Train a model on labelled statements, or on any table with a text and a label column.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso train labels/seeds.csv -o my.safetensors
  sayso train labels.csv --axes axes.toml --axis posture -o posture.safetensors
  sayso train tweets.csv --text text --label stance --target topic -o stance.safetensors
  sayso train sentences.csv --text text --label tone --span from,to --weighting nb -o tone.safetensors")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Args {
    /// Label files, or tables of any kind with --text and --label; - is standard input.
    #[arg(value_name = "LABELS", required = true)]
    labels: Vec<PathBuf>,
    /// The model file to write; its card goes beside it as .card.md.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The axes; those that come with Sayso if not given.
    #[arg(long, value_name = "FILE", conflicts_with = "label")]
    axes: Option<PathBuf>,
    /// Train this axis only; may be given again.
    #[arg(long, value_name = "ID", conflicts_with = "label")]
    axis: Vec<String>,
    /// The column that holds the text, in a table of any kind.
    #[arg(long, value_name = "COLUMN", requires = "label")]
    text: Option<String>,
    /// The columns that hold classes; each becomes an axis.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', requires = "text")]
    label: Vec<String>,
    /// Rows with the same value here never sit on both sides of a split.
    #[arg(long, value_name = "COLUMN", requires = "label")]
    group: Option<String>,
    /// The column that says what a row speaks about: its terms are also read together with it.
    #[arg(long, value_name = "COLUMN", requires = "label")]
    target: Option<String>,
    /// The columns with the first and one past the last character of the marked part of the text.
    #[arg(long, value_name = "FROM,TO", requires = "label", value_parser = pair)]
    span: Option<(String, String)>,
    /// The column that says how much a row counts.
    #[arg(long, value_name = "COLUMN", requires = "label")]
    weight: Option<String>,
    /// Word n-grams: MIN-MAX, or off.
    #[arg(long, value_name = "RANGE", default_value = "1-2", value_parser = range)]
    ngrams: Range,
    /// Character n-grams within words: MIN-MAX, or off.
    #[arg(long, value_name = "RANGE", default_value = "2-5", value_parser = range)]
    char_ngrams: Range,
    /// Drop terms that fewer texts hold.
    #[arg(long, value_name = "N", default_value_t = 2)]
    min_df: u32,
    /// Drop terms that a larger share of the texts holds.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    max_df: f64,
    /// Keep at most this many terms of each kind, the most frequent ones.
    #[arg(long, value_name = "N")]
    max_features: Option<usize>,
    /// Read URLs, mentions and numbers as one word each, and split hashtags.
    #[arg(long)]
    token_classes: bool,
    /// Tell words after a negation apart.
    #[arg(long)]
    negation: bool,
    /// Words that are not counted: a file with one a line.
    #[arg(long, value_name = "FILE")]
    stop_words: Option<PathBuf>,
    /// How terms are weighted: tfidf, nb (times the naive-Bayes log-count ratio), both (the mean of the two).
    #[arg(long, value_name = "HOW", default_value = "tfidf", value_parser = ["tfidf", "nb", "both"])]
    weighting: String,
    /// Inverse regularisation strength, or auto to choose it by cross-validation.
    #[arg(long, value_name = "C", default_value = "auto", value_parser = strength)]
    c: Strength,
    /// Let rows weigh in inverse proportion to the frequency of their class.
    #[arg(long)]
    class_weight: bool,
    /// Folds of the cross-validation; 0 fits only.
    #[arg(long, value_name = "K", default_value_t = 5)]
    folds: usize,
    /// sparse, or linfa: linfa-logistic on the matrix written out in full, for small sets.
    #[arg(long, value_name = "NAME", default_value = "sparse", value_parser = ["sparse", "linfa"])]
    solver: String,
    /// Tell three and more classes apart one against the rest each.
    #[arg(long)]
    one_vs_rest: bool,
    /// Let the model see the names of speakers and outlets.
    #[arg(long)]
    keep_names: bool,
    /// Names that are one and the same: a CSV file with the columns alias and canonical.
    #[arg(long, value_name = "FILE")]
    aliases: Option<PathBuf>,
    /// Flag scores as low_confidence so that of the others at most this share is wrong.
    #[arg(long, value_name = "SHARE")]
    abstain: Option<f64>,
    /// Seed of everything drawn.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Read every input in this encoding instead of finding it out.
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
    /// What to print on standard output: nothing (text goes to standard error), or the card as JSON.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
    /// Replace the model if it is there.
    #[arg(long)]
    force: bool,
}

/// A range of n-gram lengths that may be off.
#[derive(Debug, Clone, Copy)]
struct Range(Option<NgramRange>);

/// An inverse regularisation strength that may be left to choose.
#[derive(Debug, Clone, Copy)]
struct Strength(Option<f64>);

fn range(word: &str) -> std::result::Result<Range, String> {
    if word == "off" {
        return Ok(Range(None));
    }
    let (min, max) = word.split_once('-').unwrap_or((word, word));
    match (min.trim().parse(), max.trim().parse()) {
        (Ok(min), Ok(max)) => Ok(Range(Some(NgramRange::new(min, max)))),
        _ => Err("expected MIN-MAX such as 1-2, or off".into()),
    }
}

fn strength(word: &str) -> std::result::Result<Strength, String> {
    if word == "auto" {
        return Ok(Strength(None));
    }
    word.parse().map(|c| Strength(Some(c))).map_err(|_| "expected a number above 0, or auto".into())
}

fn pair(word: &str) -> std::result::Result<(String, String), String> {
    match word.split_once(',') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.trim().into(), to.trim().into())),
        _ => Err("expected two column names, such as from,to".into()),
    }
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    if !args.force && args.output.exists() {
        // Said before the work, not after it.
        return Err(crate::ErrorKind::Exists { path: args.output.clone() }.into());
    }
    let set = read(args, talk)?;
    for note in &set.notes {
        talk.detail(note);
    }
    let params = params(args)?;
    let model = train(&set, &params)?;
    model.save(&args.output, args.force)?;
    let card_path = args.output.with_extension("card.md");
    write_atomically(&card_path, model.card().to_markdown().as_bytes(), true)?;
    if args.format == "json" {
        let mut json = serde_json::to_string_pretty(model.card())
            .map_err(|e| Error::argument("card", e, "numbers that can be written"))?;
        json.push('\n');
        write_atomically(std::path::Path::new("-"), json.as_bytes(), true)?;
    }
    report(&model, args, talk);
    Ok(Outcome::Done)
}

fn read(args: &Args, talk: &Talk) -> Result<TrainingSet> {
    let encoding = args.encoding.as_deref().map(encoding_by_name).transpose()?;
    if let Some(text) = &args.text {
        let columns = TrainingColumns {
            text: text.clone(),
            labels: args.label.clone(),
            group: args.group.clone(),
            target: args.target.clone(),
            span: args.span.clone(),
            weight: args.weight.clone(),
        };
        return TrainingSet::read(&args.labels, &columns, encoding);
    }
    let mut axes = args.axes.as_deref().map_or_else(|| Ok(bundled_axes()), read_axes)?;
    if !args.axis.is_empty() {
        if let Some(unknown) = args.axis.iter().find(|id| axes.get(id).is_none()) {
            let ids: Vec<&str> = axes.axes.iter().map(|a| a.id.as_str()).collect();
            return Err(Error::argument("--axis", unknown, format!("one of {}", ids.join(", "))));
        }
        axes.axes.retain(|a| args.axis.contains(&a.id));
    }
    let file = LabelFile::read(&args.labels, &axes, encoding)?;
    if let Some(problem) = file.problems.first() {
        talk.warn(format!(
            "{} rows left out; the first: {}",
            file.problems.len(),
            problem.clone().into_error()
        ));
    }
    Ok(TrainingSet::from_labelled(&file.rows, &file.axes))
}

fn params(args: &Args) -> Result<TrainParams> {
    Ok(TrainParams {
        features: FeatureParams {
            words: args.ngrams.0,
            chars: args.char_ngrams.0,
            min_df: args.min_df,
            max_df: args.max_df,
            max_features: args.max_features,
            target: args.target.is_some(),
            window: args.span.is_some(),
            negation: args.negation,
            token_classes: args.token_classes,
            stop_words: args.stop_words.as_deref().map_or(Ok(Vec::new()), crate::corpus::read_word_list)?,
            ..FeatureParams::default()
        },
        weighting: match args.weighting.as_str() {
            "nb" => Weighting::Nb,
            "both" => Weighting::Both,
            _ => Weighting::Tfidf,
        },
        scheme: if args.one_vs_rest { Scheme::OneVsRest } else { Scheme::Multinomial },
        solver: if args.solver == "linfa" { Solver::Linfa } else { Solver::Sparse },
        c: args.c.0,
        balanced: args.class_weight,
        folds: args.folds,
        mask_names: !args.keep_names,
        aliases: args.aliases.as_deref().map_or(Ok(Vec::new()), crate::corpus::read_aliases)?,
        abstain: args.abstain,
        seed: args.seed,
    })
}

fn report(model: &Model, args: &Args, talk: &Talk) {
    for note in &model.card().notes {
        talk.say(format!("note: {note}"));
    }
    for axis in &model.card().axes {
        let Some(v) = &axis.validation else {
            talk.say(format!("{}: not validated", axis.axis));
            continue;
        };
        let interval =
            v.macro_f1_interval.map_or(String::new(), |i| format!(", 95 % {:.3} to {:.3}", i.low, i.high));
        talk.say(format!(
            "{}: macro-F1 {:.3}{interval} (most frequent class alone: {:.3}), accuracy {:.3}, calibration error {:.3}, C {:.3}",
            axis.axis, v.macro_f1, v.baselines.majority_macro_f1, v.accuracy, v.reliability.ece, axis.c
        ));
    }
    talk.say(format!(
        "trained {} axes on {} rows, {} terms → {}",
        model.axes().len(),
        model.card().n_rows,
        model.card().n_terms,
        args.output.display()
    ));
    talk.next(format!("sayso score ARTICLES --model {} -o scored.csv", args.output.display()));
}
