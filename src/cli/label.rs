use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{ArticleArgs, Outcome, Talk, batches};
use crate::annotate::{Design, Frame, Keep, Server, Session, Settings, open_browser};
use crate::corpus::{axes_or_bundled, read_statements};
use crate::features::Passage;
use crate::model::Model;
use crate::pipeline::{GOLD, extract};
use crate::quotation::Extractor;
use crate::statistics::Plan;
use crate::types::{Article, ScoredStatement};
use crate::{Error, Result};

/// Label statements in the browser: fast, in random order, and without ever losing one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso label articles/ --labels labels.csv --sample 100
  sayso label articles/ --labels mine.csv --annotator a2 --axes axes.toml
  sayso label articles/ --labels labels.csv --sample 100 --model my.safetensors --random-share 0.5
  sayso label articles/ --labels labels.csv --review

Every choice is on the disk before the page says so. Ctrl-C, or End in the page, writes the label file.")]
pub struct Args {
    #[command(flatten)]
    articles: ArticleArgs,
    /// The label file; it is made if it is not there. A journal is kept beside it.
    #[arg(long, value_name = "FILE", default_value = "labels.csv")]
    labels: PathBuf,
    /// Statements found or scored before, instead of finding them now; articles then give the context.
    #[arg(long, value_name = "FILE")]
    statements: Vec<PathBuf>,
    /// Whose labels these are.
    #[arg(long, value_name = "NAME", default_value = "a1")]
    annotator: String,
    /// The questions; those that come with Sayso if not given.
    #[arg(long, value_name = "FILE")]
    axes: Option<PathBuf>,
    /// How many statements per outlet are drawn at random; all if not given.
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// A model, whose doubts and objections --random-share can mix into the queue.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// The share of the queue that is the random sample; the rest is in turns what the annotators of the label file, or
    /// the model and you, differ on, and what the model is least sure of. Needs --sample, and --model, scored
    /// --statements, or such labels.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    random_share: f64,
    /// The share of the random sample that is served a second time, to see how steady the labels are.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    twice: f64,
    /// Seeds the random sample.
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Settle the statements on which annotators differ, into rows of the annotator gold.
    #[arg(long)]
    review: bool,
    /// Which side wins when a row was changed both in the page and in the label file: page or file.
    #[arg(long, value_name = "SIDE", value_parser = ["page", "file"])]
    keep: Option<String>,
    /// Only tell how many labels and articles per outlet a difference of this size on the scale from −1 to +1 needs.
    #[arg(long, value_name = "DIFFERENCE")]
    plan: Option<f64>,
    /// The port; any that is free if not given.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// Do not open the browser.
    #[arg(long)]
    no_open: bool,
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    let axes = axes_or_bundled(args.axes.as_deref())?;
    let (articles, mut statements) = read(args, talk)?;
    if statements.is_empty() && !args.review {
        return Err(Error::too_few("statements to label", 0, 1));
    }
    if let Some(difference) = args.plan {
        return plan(difference, &statements, talk);
    }
    if let Some(path) = &args.model {
        score(&Model::load(path)?, &mut statements);
    }
    let (frame, remarks) = Frame::new(articles, statements);
    for remark in &remarks {
        talk.detail(remark);
    }
    if !remarks.is_empty() {
        talk.warn(format!(
            "{} statements do not stand where they should; --verbose names them",
            remarks.len()
        ));
    }
    let (sample, twice, seed) = (args.sample, args.twice, args.seed);
    let settings = Settings {
        labels: args.labels.clone(),
        annotator: if args.review { GOLD.into() } else { args.annotator.clone() },
        axes,
        design: Design { seed, sample, random_share: args.random_share, twice },
        review: args.review,
        keep: args.keep.as_deref().map(|side| if side == "page" { Keep::Page } else { Keep::File }),
        clock: || jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    let session = Session::open(settings, frame)?;
    for remark in &session.remarks {
        talk.warn(remark);
    }
    let (served, total) = session.served_places();
    if total == 0 {
        talk.say("nothing to settle: no two annotators differ");
        return Ok(Outcome::Done);
    }
    let server = Server::bind(session, args.port)?;
    let address = server.address();
    talk.say(format!("{served} of {total} places served; the page is at {address}"));
    if !args.no_open && !open_browser(&address) {
        talk.say("no browser could be opened; open that address by hand");
    }
    let farewell = server.run()?;
    talk.say(farewell);
    let labels = super::quoted(args.labels.display());
    let axes = super::axes_option(args.axes.as_deref());
    talk.next(format!("sayso agree {labels}{axes}, or: sayso train {labels}{axes} -o my.safetensors"));
    Ok(Outcome::Done)
}

/// The articles, and the statements to label: those of `--statements`, else the ones found in the articles. Review
/// takes its statements from the label file.
fn read(args: &Args, talk: &Talk) -> Result<(Vec<Article>, Vec<ScoredStatement>)> {
    let (mut articles, mut statements) = (Vec::new(), Vec::new());
    if !args.statements.is_empty() {
        let file = read_statements(&args.statements, None)?;
        args.articles.refuse_if_strict(&file.skipped)?;
        talk.skipped(&file.skipped);
        for warning in &file.warnings {
            talk.warn(warning);
        }
        statements = file.statements;
    }
    let find = args.statements.is_empty() && !args.review;
    if args.articles.articles.is_empty() && !find {
        return Ok((articles, statements));
    }
    let directory = args.articles.directory()?;
    let extractor = Extractor::new();
    batches::in_order(
        args.articles.open()?,
        &args.articles,
        talk,
        |article| if find { extract(article, &extractor).0 } else { Vec::new() },
        |article, found| {
            articles.push(article);
            statements.extend(found.into_iter().map(|mut statement| {
                directory.join(&mut statement);
                statement
            }));
            Ok(())
        },
    )?;
    Ok((articles, statements))
}

fn score(model: &Model, statements: &mut [ScoredStatement]) {
    let passages: Vec<Passage<'_>> = statements.iter().map(|s| s.quote.as_str().into()).collect();
    let scores = model.score_all(&passages);
    for (statement, score) in statements.iter_mut().zip(scores) {
        statement.axes = score.axes;
    }
}

/// How alike the statements of one article are: what was found on similar news, since nothing is labelled yet.
const WITHIN_ARTICLE: f64 = 0.2;
/// The variance of three equally common classes at −1, 0 and +1.
const SPREAD: f64 = 2.0 / 3.0;

/// Says what a wanted difference between two outlets needs, before the first label is made.
fn plan(difference: f64, statements: &[ScoredStatement], talk: &Talk) -> Result<Outcome> {
    if !(difference > 0.0 && difference <= 2.0) {
        return Err(Error::argument("--plan", difference, "a difference above 0, at most 2"));
    }
    let mut outlets: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    for s in statements {
        *outlets.entry(&s.outlet).or_default().entry(&s.article).or_default() += 1.0;
    }
    let mut sizes: Vec<f64> = outlets.values().map(|articles| articles.values().sum()).collect();
    sizes.sort_by(f64::total_cmp);
    let n_statements = sizes[sizes.len() / 2];
    let per_article: Vec<f64> = outlets.values().flat_map(|articles| articles.values().copied()).collect();
    let n_articles = per_article.len() as f64;
    let total: f64 = per_article.iter().sum();
    // The article of the typical statement, not the typical article: large ones weigh more.
    let weighted = per_article.iter().map(|m| m * m).sum::<f64>() / total;
    let design_effect = 1.0 + (weighted - 1.0) * WITHIN_ARTICLE;
    let plan = Plan { variance: SPREAD, correlation: 0.0, n_statements, design_effect };
    talk.say(format!(
        "{} outlets, {n_articles} articles, {total} statements; the outlet in the middle has {n_statements}",
        outlets.len()
    ));
    talk.say(format!(
        "assumed: three classes equally common, statements of one article correlated {WITHIN_ARTICLE}, no model; 95 % confidence, 80 % power"
    ));
    match plan.labels_for(difference) {
        Some(n) => talk
            .say(format!("a difference of {difference} between two such outlets needs {n} labels in each")),
        None => {
            // With every statement labelled, only the articles are left to chance.
            let needed = 2.0 * SPREAD * design_effect * (2.8 / difference).powi(2);
            let articles = (needed * n_articles / total).ceil();
            talk.say(format!(
                "a difference of {difference} is out of reach even with every statement labelled: it needs some {articles} articles per outlet"
            ));
        }
    }
    for n in [20.0, 30.0, 50.0, 100.0, 200.0].into_iter().filter(|n| *n <= n_statements) {
        talk.say(format!(
            "  {n:>4} labels per outlet show a difference of {:.2}",
            plan.detectable_difference(n)
        ));
    }
    talk.next(format!(
        "sayso label ARTICLES --labels labels.csv --sample {}",
        plan.labels_for(difference).unwrap_or(100)
    ));
    Ok(Outcome::Done)
}
