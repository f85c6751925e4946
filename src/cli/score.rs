use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::{Value, json};

use super::context::{Columns, Context, tell_mismatch};
use super::encoder::EncoderArgs;
use super::{ArticleArgs, Outcome, OutputArgs, Talk, batches};
use crate::corpus::{
    Articles, Format, StatementFile, StatementWriter, check_output, each_statement, is_stream,
};
use crate::model::{Model, Scorer};
use crate::pipeline::{SpeakerDirectory, extract};
use crate::quotation::Extractor;
use crate::types::{Axis, AxisSet, ScoredStatement, Status};
use crate::{Error, Result};

/// Statements scored at once when they come from a file.
const BATCH: usize = 8192;
/// Statements that one thread scores in one go.
const CHUNK: usize = 128;

/// Score each speaker's statements in new articles.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A score is p(high) - p(low), in [-1, 1]. A status other than ok says why it is weak or missing.

Examples:
  sayso score articles/ -o scored.csv
  sayso score news.jsonl --model my.safetensors --meta meta.csv -o scored.jsonl
  sayso score --statements statements.csv -o scored.csv
  sayso score tweets.csv --text tweet -o scored.csv"
)]
pub struct Args {
    #[command(flatten)]
    articles: ArticleArgs,
    /// Score these statements instead: CSV, TSV or JSON Lines with a column quote or text.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "articles")]
    statements: Vec<PathBuf>,
    /// The column that holds the text of the statements. With it, --target or --span, files are read as statements also
    /// without --statements.
    #[arg(long, value_name = "COLUMN")]
    text: Option<String>,
    /// The column that says what a statement speaks about, for a model that was trained with --target.
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// The columns with the first and one past the last character of the marked part of the text, for a model that
    /// was trained with --span.
    #[arg(long, value_name = "FROM,TO", value_parser = super::labelled::pair)]
    span: Option<(String, String)>,
    /// The model; the one that comes with Sayso if not given.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    encoder: EncoderArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    /// The files of statements; `None` where articles are read.
    fn statement_files(&self) -> Result<Option<&[PathBuf]>> {
        let files =
            if self.statements.is_empty() { self.named_statements()? } else { Some(&self.statements[..]) };
        let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
        let of_articles = [
            ("--meta", path(&self.articles.meta)),
            ("--speakers", path(&self.articles.speakers)),
            ("--outlet-from", self.articles.outlet_from.clone()),
            ("--date-format", self.articles.date_format.clone()),
        ];
        match of_articles.into_iter().find_map(|(option, value)| Some((option, value?))) {
            Some((option, value)) if files.is_some() => Err(Error::argument(
                option,
                value,
                "articles to go with it: statements say these things in their columns",
            )),
            _ => Ok(files),
        }
    }

    /// Files that an option makes files of statements.
    fn named_statements(&self) -> Result<Option<&[PathBuf]>> {
        let span = self.span.as_ref().map(|(from, to)| format!("{from},{to}"));
        let given = [("--text", &self.text), ("--target", &self.target), ("--span", &span)];
        match given.into_iter().find_map(|(option, value)| Some((option, value.as_ref()?))) {
            None => Ok(None),
            Some((option, value)) if self.articles.articles.is_empty() => {
                Err(Error::argument(option, value, "at least one file of statements, or -"))
            }
            Some(_) => Ok(Some(&self.articles.articles)),
        }
    }

    /// Refuses an output that cannot be written, or that is one of these files or of the others that are read.
    fn check_output<'p>(&'p self, files: impl Iterator<Item = &'p Path>) -> Result<()> {
        let others = [&self.model, &self.articles.meta, &self.articles.speakers];
        let others = others.into_iter().flatten().map(PathBuf::as_path);
        let inputs: Vec<&Path> = files.chain(others).collect();
        check_output(&self.output.output, self.output.force, &inputs)?;
        batches::check_summary(&self.output.output, self.output.force, &inputs)
    }
}

/// How many statements have which status, by axis.
#[derive(Default)]
struct Tally {
    n: usize,
    by_status: BTreeMap<String, BTreeMap<&'static str, usize>>,
    by_class: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Tally {
    fn add(&mut self, statement: &ScoredStatement) {
        self.n += 1;
        for (axis, score) in &statement.axes {
            *self.by_status.entry(axis.clone()).or_default().entry(score.status.as_str()).or_default() += 1;
            if score.status.has_score() {
                *self.by_class.entry(axis.clone()).or_default().entry(score.class.clone()).or_default() += 1;
            }
        }
    }

    /// "alignment 42 of 90 sure".
    fn sentence(&self, axes: &[Axis]) -> String {
        let ok = |axis: &Axis| {
            let n =
                self.by_status.get(&axis.id).and_then(|s| s.get(Status::Ok.as_str())).copied().unwrap_or(0);
            format!("{} {n}", axis.id)
        };
        axes.iter().map(ok).collect::<Vec<_>>().join(", ")
    }
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    let format = args.output.format()?;
    let statements = args.statement_files()?;
    let mut model = args.model.as_deref().map_or_else(Model::bundled, Model::load)?;
    args.encoder.attach(&mut model, talk)?;
    tell_mismatch(&model, args.target.is_some(), args.span.is_some(), talk);
    let axes: Vec<Axis> = model.axes().iter().map(|axis| axis.axis.clone()).collect();
    let create = |further: Vec<String>| {
        let set = AxisSet { axes: axes.clone() };
        StatementWriter::create(
            &args.output.output,
            format,
            &set,
            further,
            args.output.excel,
            args.output.force,
        )
    };
    let mut tally = Tally::default();
    let inputs = if let Some(files) = statements {
        args.check_output(files.iter().map(PathBuf::as_path))?;
        score_statements(args, files, &model, create, &mut tally, talk)?
    } else {
        let articles = args.articles.open()?;
        args.check_output(articles.files())?;
        let directory = args.articles.directory()?;
        let mut writer =
            create(articles.further_columns().iter().cloned().chain(directory.columns()).collect())?;
        let inputs = score_articles(&args.articles, articles, &directory, &model, talk, |statement| {
            tally.add(&statement);
            writer.write(&statement)
        })?;
        writer.finish()?;
        inputs
    };
    let summary = json!({
        "schema": "sayso/scored/1",
        "sayso": env!("CARGO_PKG_VERSION"),
        "model_content_blake3": model.digest(),
        "inputs": inputs,
        "statements": tally.n,
        "status": tally.by_status,
        "classes": tally.by_class,
    });
    batches::write_summary(&args.output.output, &summary)?;
    let place = args.output.output.display();
    talk.say(format!("scored {} statements (sure on {}) → {place}", tally.n, tally.sentence(&axes)));
    if !is_stream(&args.output.output) {
        talk.next(format!("sayso report {} -o report.html", super::quoted(place)));
    }
    Ok(Outcome::Done)
}

/// Scores articles into a CSV file with the default settings, and returns what was written.
pub fn articles_to_file(
    inputs: &[PathBuf],
    model: &Model,
    output: &Path,
    talk: &Talk,
) -> Result<Vec<ScoredStatement>> {
    let args = ArticleArgs::of(inputs);
    let articles = args.open()?;
    let axes = AxisSet { axes: model.axes().iter().map(|axis| axis.axis.clone()).collect() };
    let further = articles.further_columns().iter().cloned().collect();
    let mut writer = StatementWriter::create(output, Format::of(output)?, &axes, further, false, true)?;
    let mut statements = Vec::new();
    score_articles(&args, articles, &SpeakerDirectory::default(), model, talk, |statement| {
        writer.write(&statement)?;
        statements.push(statement);
        Ok(())
    })?;
    writer.finish()?;
    Ok(statements)
}

fn score_articles(
    args: &ArticleArgs,
    articles: Articles,
    directory: &SpeakerDirectory,
    model: &Model,
    talk: &Talk,
    mut sink: impl FnMut(ScoredStatement) -> Result<()> + Send,
) -> Result<Value> {
    let extractor = Extractor::new();
    let scorers = model.scorers();
    let counts = batches::in_order(
        articles,
        args,
        talk,
        |article| {
            let (mut statements, notes) = extract(article, &extractor);
            for statement in &mut statements {
                directory.join(statement);
            }
            scorers.with(|scorer| fill(&mut statements, &Context::default(), scorer));
            (statements, notes)
        },
        |article, (statements, notes)| {
            for note in notes {
                talk.detail(format!("{}: {note}", article.id));
            }
            statements.into_iter().try_for_each(&mut sink)
        },
    )?;
    if counts.n_articles == 0 && !counts.skipped.is_empty() {
        talk.warn("nothing was read as an article; if these are statements, name them with --statements");
    }
    Ok(json!({"articles": counts.as_json()}))
}

fn score_statements(
    args: &Args,
    files: &[PathBuf],
    model: &Model,
    create: impl FnOnce(Vec<String>) -> Result<StatementWriter>,
    tally: &mut Tally,
    talk: &Talk,
) -> Result<Value> {
    let (text, encoding) = (args.text.as_deref(), args.articles.encoding()?);
    // A pipe can be read once only, so what it gives is held; files are read twice, so that no more than a batch is held.
    let hold = files.iter().any(|path| is_stream(path));
    let (mut columns, mut held, mut n) = (Columns::default(), Vec::new(), 0_usize);
    let StatementFile { skipped, warnings, .. } = each_statement(files, text, encoding, |statement| {
        columns.note(&statement);
        n += 1;
        held.extend(hold.then_some(statement));
        Ok(())
    })?;
    args.articles.refuse_if_strict(&skipped)?;
    talk.skipped(&skipped);
    for warning in &warnings {
        talk.warn(warning);
    }
    if n == 0 {
        let position = crate::Position::file(&files[0]);
        return Err(Error::input(position, "no statement that can be read", "at least one row with a text"));
    }
    let context = Context::find(args.target.as_deref(), args.span.as_ref(), &columns, &files[0])?;
    let mut writer = create(columns.further)?;
    let scorers = model.scorers();
    let bar = talk.progress(Some(n as u64), "statements");
    let mut batch = Vec::with_capacity(BATCH);
    let mut take = |statement: Option<ScoredStatement>| -> Result<()> {
        let last = statement.is_none();
        batch.extend(statement);
        if batch.len() < BATCH && !last {
            return Ok(());
        }
        batch.par_chunks_mut(CHUNK).for_each(|chunk| {
            scorers.with(|scorer| fill(chunk, &context, scorer));
        });
        bar.inc(batch.len() as u64);
        batch.drain(..).try_for_each(|statement: ScoredStatement| {
            tally.add(&statement);
            writer.write(&statement)
        })
    };
    if hold {
        held.into_iter().try_for_each(|statement| take(Some(statement)))?;
    } else {
        each_statement(files, text, encoding, |statement| take(Some(statement)))?;
    }
    take(None)?;
    bar.finish_and_clear();
    writer.finish()?;
    context.tell_unusable(talk);
    let skipped: Vec<Value> =
        skipped.iter().map(|s| json!({"position": s.position.to_string(), "reason": s.reason})).collect();
    let mut read = json!({"read": n, "skipped": skipped});
    if let Some(n_unusable) = context.n_unusable() {
        read["unusable_marks"] = n_unusable.into();
    }
    Ok(json!({"statements": read}))
}

/// Puts the scores of the model into statements, in place of any they had.
fn fill(statements: &mut [ScoredStatement], context: &Context, scorer: &mut Scorer<'_>) {
    let passages: Vec<_> = statements.iter().map(|s| context.passage(s)).collect();
    scorer.prepare(&passages);
    let scored: Vec<_> = passages.into_iter().map(|passage| scorer.score(passage)).collect();
    for (statement, scored) in statements.iter_mut().zip(scored) {
        statement.axes = scored.axes;
        statement.n_tokens = scored.n_tokens;
        statement.known_share = scored.known_share;
    }
}
