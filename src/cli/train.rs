use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::encoder::EncoderArgs;
use super::labelled::LabelledArgs;
use super::{Outcome, Talk};
use crate::classifier::{Scheme, Solver};
use crate::corpus::{TrainingSet, check_output, is_stream, read_lexicon, read_vectors, write_atomically};
use crate::features::dense::{DenseBlock, FREQUENT, Lexicon, VectorBlock, vector_words};
use crate::features::{FeatureParams, NgramRange};
use crate::model::{Model, Weighting};
use crate::pipeline::{Blocks, TrainParams, train_watched, tune};
use crate::{Error, Result};

/// Train a model on labelled statements, or on any table with a text and a label column.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso train labels/seeds.csv -o my.safetensors
  sayso train labels.csv --axes axes.toml --axis posture -o posture.safetensors
  sayso train tweets.csv --text text --label stance --target topic -o stance.safetensors
  sayso train tweets.csv --text text --axes axes.toml --target topic -o stance.safetensors
  sayso train few.csv --text text --label tone --lexicon bundled --tune -o tone.safetensors
  sayso train sentences.csv --text text --label tone --span from,to --weighting nb -o tone.safetensors")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Args {
    #[command(flatten)]
    rows: LabelledArgs,
    /// The column that says how much a row counts; rows of label files without it count 1.
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
    /// The model file to write; its card goes beside it as .card.md.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
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
    /// A word list to read beside the terms: a CSV file with the columns term, value and dimension; bundled for the one that
    /// comes with Sayso (English tone and posture), or off. --tune tries the bundled one if none is given.
    #[arg(long, value_name = "FILE")]
    lexicon: Option<PathBuf>,
    /// Word vectors to read beside the terms: text (fastText, GloVe), word2vec's .bin, or .safetensors. The model keeps what it needs.
    #[arg(long, value_name = "FILE")]
    vectors: Option<PathBuf>,
    #[command(flatten)]
    encoder: EncoderArgs,
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
    /// Search for settings by cross-validation, for at most so many seconds if given; the card lists what was tried.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "inf", value_parser = seconds)]
    tune: Option<f64>,
    /// Decide classes for macro-F1 in place of for the most probable class; --tune does so too.
    #[arg(long)]
    macro_f1: bool,
    /// Let the model see the names of speakers and outlets.
    #[arg(long)]
    keep_names: bool,
    /// Names that are one and the same: a CSV file with the columns alias and canonical.
    #[arg(long, value_name = "FILE")]
    aliases: Option<PathBuf>,
    /// Flag scores as low_confidence for which more than one class, or none, may be meant: the classes that may be meant leave out the
    /// right one in at most this share of the statements, in each class of a hundred rows. 0 flags none.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    abstain: f64,
    /// Hold at most so many gigabytes of term values at once; what does not fit is made anew whenever it is read, which takes longer.
    /// The model is the same.
    #[arg(long, value_name = "GB", default_value = "8", value_parser = gigabytes)]
    memory: usize,
    /// Seed of everything drawn.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What to print on standard output: nothing (text goes to standard error), or the card as JSON.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
    /// Replace the model and its card if they are there.
    #[arg(long)]
    force: bool,
}

/// A time limit in seconds, or none: "inf".
fn seconds(word: &str) -> std::result::Result<f64, String> {
    let refused = || "expected a number of seconds of at least 0, such as --tune=300".to_string();
    word.parse().ok().filter(|seconds: &f64| *seconds >= 0.0).ok_or_else(refused)
}

impl Args {
    /// Where the card goes; a model that is written into a device has none.
    fn card(&self) -> Option<PathBuf> {
        (!is_stream(&self.output)).then(|| self.output.with_extension("card.md"))
    }

    /// Refuses outputs that cannot be written, before the work.
    fn check_outputs(&self) -> Result<()> {
        if self.output == Path::new("-") {
            return Err(Error::argument("--output", "-", "a file: a model cannot be printed")
                .with_help("Name one, such as -o model.safetensors."));
        }
        let options = [&self.rows.axes, &self.stop_words, &self.lexicon, &self.vectors, &self.aliases];
        let encoder: Vec<PathBuf> = self.encoder.encoder.iter().flat_map(|folder| files_in(folder)).collect();
        let inputs: Vec<&Path> = self
            .rows
            .labels
            .iter()
            .chain(options.into_iter().flatten())
            .chain(&encoder)
            .map(PathBuf::as_path)
            .collect();
        check_output(&self.output, self.force, &inputs)?;
        self.card().map_or(Ok(()), |card| check_output(&card, self.force, &inputs))
    }
}

/// The files in a folder, as far as it can be read.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).map(|all| all.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
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

fn gigabytes(word: &str) -> std::result::Result<usize, String> {
    match word.parse::<f64>() {
        Ok(n) if n > 0.0 && n <= 1e6 => Ok((n * 1e9) as usize),
        _ => Err("expected a number of gigabytes above 0, such as 4".into()),
    }
}

fn strength(word: &str) -> std::result::Result<Strength, String> {
    if word == "auto" {
        return Ok(Strength(None));
    }
    word.parse().map(|c| Strength(Some(c))).map_err(|_| "expected a number above 0, or auto".into())
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    refuse_bare_seconds(args)?;
    // Said before the work, not after it.
    args.check_outputs()?;
    let set = args.rows.read(args.weight.as_deref(), talk)?;
    let mut params = params(args, &set, talk)?;
    let mut trials = Vec::new();
    if let Some(seconds) = args.tune {
        let begun = std::time::Instant::now();
        let most = params.most_settings() as u64;
        let bar = talk.progress(Some(most), "searching for settings, settings tried");
        let tuned = tune(&set, &params, &|| {
            bar.inc(1);
            begun.elapsed().as_secs_f64() < seconds
        })?;
        bar.finish_and_clear();
        if tuned.cut_short {
            talk.say(format!("the search for settings stopped after {seconds} seconds"));
        }
        params = tuned.params;
        trials = tuned.trials;
    }
    let bar = talk.progress(Some(1), "cross-validating and fitting, fits");
    let mut model = train_watched(&set, &params, &|done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    model.add_trials(&trials);
    model.save(&args.output, args.force)?;
    if let Some(card) = args.card() {
        write_atomically(&card, model.card().to_markdown().as_bytes(), args.force)?;
    }
    if args.format == "json" {
        let mut json = serde_json::to_string_pretty(model.card())
            .map_err(|e| Error::argument("card", e, "numbers that can be written"))?;
        json.push('\n');
        write_atomically(Path::new("-"), json.as_bytes(), true)?;
    }
    report(&model, args, talk);
    Ok(Outcome::Done)
}

/// `--tune 5` reads 5 as a file.
fn refuse_bare_seconds(args: &Args) -> Result<()> {
    let is_bare =
        |path: &&PathBuf| path.to_str().is_some_and(|word| word.parse::<f64>().is_ok()) && !path.exists();
    match args.rows.labels.iter().find(is_bare).filter(|_| args.tune.is_some()) {
        Some(number) => {
            let number = number.display();
            Err(Error::argument("--tune", &number, "its seconds after an equals sign")
                .with_help(format!("There is no file {number}; write --tune={number}.")))
        }
        None => Ok(()),
    }
}

fn params(args: &Args, set: &TrainingSet, talk: &Talk) -> Result<TrainParams> {
    Ok(TrainParams {
        features: FeatureParams {
            words: args.ngrams.0,
            chars: args.char_ngrams.0,
            min_df: args.min_df,
            max_df: args.max_df,
            max_features: args.max_features,
            target: args.rows.target.is_some(),
            window: args.rows.span.is_some(),
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
        abstain: (args.abstain != 0.0).then_some(args.abstain),
        macro_f1: args.macro_f1,
        blocks: blocks(args, set, talk)?,
        memory: args.memory,
        seed: args.seed,
    })
}

/// What the options name; a search tries the bundled lexicon by itself.
fn blocks(args: &Args, set: &TrainingSet, talk: &Talk) -> Result<Blocks> {
    let span = args.rows.span.is_some();
    let mut blocks: Vec<Arc<dyn DenseBlock>> = Vec::new();
    match args.lexicon.as_deref().and_then(Path::to_str) {
        Some("off") => {}
        Some("bundled") => blocks.push(Arc::new(Lexicon::bundled(span)?)),
        Some(file) => blocks.push(Arc::new(Lexicon::new(&read_lexicon(Path::new(file))?, span)?)),
        None if args.tune.is_some() => blocks.push(Arc::new(Lexicon::bundled(span)?)),
        None => {}
    }
    if let Some(file) = &args.vectors {
        let texts = || set.rows.iter().map(|row| row.text.as_str());
        let known: HashSet<String> =
            texts().flat_map(|text| vector_words(text).map(|(_, word)| word)).collect();
        let vectors = read_vectors(file, &|word, place| place < FREQUENT || known.contains(word))?;
        blocks.push(Arc::new(VectorBlock::new(&vectors, texts(), span)?));
    }
    blocks.extend(args.encoder.block(span, talk)?);
    Ok(Blocks(blocks))
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
        if axis.is_searched() {
            talk.say("  a little too good, since settings were searched on the same folds; evaluate on rows kept aside");
        }
        for block in &axis.blocks {
            talk.say(format!("  {}", block.sentence()));
        }
        let asked = v.labels_asked_for();
        if !asked.is_empty() {
            talk.say(format!("  {asked}"));
        }
    }
    talk.say(format!(
        "trained {} axes on {} rows, {} terms → {}",
        model.axes().len(),
        model.card().n_rows,
        model.card().n_terms,
        args.output.display()
    ));
    talk.next(format!("sayso score ARTICLES --model {} -o scored.csv", super::quoted(args.output.display())));
}
