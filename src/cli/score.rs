use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::{Value, json};

use super::encoder::EncoderArgs;
use super::{ArticleArgs, Outcome, OutputArgs, Talk, batches};
use crate::corpus::{Articles, Format, StatementFile, StatementWriter, each_statement, read_statements};
use crate::features::Passage;
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
  sayso score --statements statements.csv --text quote -o scored.csv"
)]
pub struct Args {
    #[command(flatten)]
    articles: ArticleArgs,
    /// Score these statements instead: CSV, TSV or JSON Lines with a column quote or text.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "articles")]
    statements: Vec<PathBuf>,
    /// The column that holds the text of the statements.
    #[arg(long, value_name = "COLUMN", requires = "statements")]
    text: Option<String>,
    /// The column that says what a statement speaks about, for a model that was trained with --target.
    #[arg(long, value_name = "COLUMN", requires = "statements")]
    target: Option<String>,
    /// The columns with the first and one past the last character of the marked part of the text, for a model that
    /// was trained with --span.
    #[arg(long, value_name = "FROM,TO", requires = "statements", value_parser = super::labelled::pair)]
    span: Option<(String, String)>,
    /// The model; the one that comes with Sayso if not given.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    encoder: EncoderArgs,
    #[command(flatten)]
    output: OutputArgs,
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
    let mut model = args.model.as_deref().map_or_else(Model::bundled, Model::load)?;
    args.encoder.attach(&mut model, talk)?;
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
    let inputs = if args.statements.is_empty() {
        let articles = args.articles.open()?;
        let directory = args.articles.directory()?;
        let mut writer =
            create(articles.further_columns().iter().cloned().chain(directory.columns()).collect())?;
        let inputs = score_articles(&args.articles, articles, &directory, &model, talk, |statement| {
            tally.add(&statement);
            writer.write(&statement)
        })?;
        writer.finish()?;
        inputs
    } else {
        score_statements(args, &model, create, &mut tally, talk)?
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
    talk.next(format!("sayso report {place} -o report.html"));
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
    Ok(json!({"articles": counts.as_json()}))
}

fn score_statements(
    args: &Args,
    model: &Model,
    create: impl FnOnce(Vec<String>) -> Result<StatementWriter>,
    tally: &mut Tally,
    talk: &Talk,
) -> Result<Value> {
    // Standard input can be read once only, so it is held; files are read twice, so that no more than a batch is held.
    let text = args.text.as_deref();
    let mut further: Vec<String> = Vec::new();
    let mut note = |statement: &ScoredStatement| {
        further.extend(statement.extra.keys().filter(|k| !further.contains(k)).cloned().collect::<Vec<_>>());
    };
    let mut n = 0;
    let held = if args.statements.iter().any(|path| path == Path::new("-")) {
        let file = read_statements(&args.statements, text)?;
        file.statements.iter().for_each(&mut note);
        n = file.statements.len();
        Some(file)
    } else {
        None
    };
    let StatementFile { statements: held, skipped, .. } = match held {
        Some(file) => file,
        None => each_statement(&args.statements, text, |statement| {
            note(&statement);
            n += 1;
            Ok(())
        })?,
    };
    args.articles.refuse_if_strict(&skipped)?;
    talk.skipped(&skipped);
    if n == 0 {
        let position = crate::Position::file(&args.statements[0]);
        return Err(Error::input(position, "no statement that can be read", "at least one row with a text"));
    }
    let context = Context::find(args, &further)?;
    let mut writer = create(further)?;
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
    if held.is_empty() {
        each_statement(&args.statements, text, |statement| take(Some(statement)))?;
    } else {
        held.into_iter().try_for_each(|statement| take(Some(statement)))?;
    }
    take(None)?;
    bar.finish_and_clear();
    writer.finish()?;
    let skipped: Vec<Value> =
        skipped.iter().map(|s| json!({"position": s.position.to_string(), "reason": s.reason})).collect();
    Ok(json!({"statements": {"read": n, "skipped": skipped}}))
}

/// Puts the scores of the model into statements, in place of any they had.
fn fill(statements: &mut [ScoredStatement], context: &Context, scorer: &mut Scorer<'_>) {
    scorer.prepare(&statements.iter().map(|s| context.passage(s)).collect::<Vec<_>>());
    for statement in statements {
        let scored = scorer.score(context.passage(statement));
        statement.axes = scored.axes;
        statement.n_tokens = scored.n_tokens;
        statement.known_share = scored.known_share;
    }
}

/// Which further columns hold what a statement speaks about.
#[derive(Default)]
struct Context {
    target: Option<String>,
    span: Option<(String, String)>,
}

impl Context {
    fn find(args: &Args, columns: &[String]) -> Result<Self> {
        let span = args.span.as_ref();
        let asked = args.target.iter().chain(span.map(|s| &s.0)).chain(span.map(|s| &s.1));
        for name in asked {
            if !columns.contains(name) {
                let error = Error::input(
                    crate::Position::row(&args.statements[0], 1),
                    format!("the further columns {}", columns.join(", ")),
                    format!("a column {name}"),
                );
                let near = crate::corpus::nearest(name, columns.iter().map(String::as_str));
                return Err(match near {
                    Some(near) => error.with_help(format!("Did you mean {near:?}?")),
                    None => error,
                });
            }
        }
        Ok(Self { target: args.target.clone(), span: args.span.clone() })
    }

    /// The text of a statement with what it speaks about; a mark that does not lie in the text is passed over.
    fn passage<'s>(&self, statement: &'s ScoredStatement) -> Passage<'s> {
        let text = statement.quote.as_str();
        let cell = |name: &String| statement.extra.get(name).map(|c| c.trim());
        let target = self.target.as_ref().and_then(cell).unwrap_or_default();
        let number = |name: &String| cell(name)?.parse::<usize>().ok();
        let span = self.span.as_ref().and_then(|(from, to)| {
            let byte = |n: usize| text.char_indices().map(|(i, _)| i).chain([text.len()]).nth(n);
            let (start, end) = (byte(number(from)?)?, byte(number(to)?)?);
            (start < end).then(|| crate::types::Span::new(start, end))
        });
        Passage { text, target, span }
    }
}
