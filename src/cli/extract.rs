use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{ArticleArgs, Outcome, OutputArgs, Talk, batches};
use crate::Result;
use crate::corpus::StatementWriter;
use crate::pipeline::extract;
use crate::quotation::Extractor;
use crate::types::AxisSet;

/// Find every statement in articles, and who makes it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso extract articles/ -o statements.csv
  sayso extract news.jsonl --speakers speakers.csv -o statements.jsonl
  sayso extract - --format jsonl < article.txt")]
pub struct Args {
    #[command(flatten)]
    articles: ArticleArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    let format = args.output.format()?;
    let directory = args.articles.directory()?;
    let extractor = Extractor::new();
    let articles = args.articles.open()?;
    let further = articles.further_columns().iter().cloned().chain(directory.columns()).collect();
    let mut writer = StatementWriter::create(
        &args.output.output,
        format,
        &AxisSet::default(),
        further,
        args.output.excel,
        args.output.force,
    )?;
    let mut speakers_met = BTreeSet::new();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let (mut n_statements, mut n_unknown) = (0_usize, 0_usize);
    let counts = batches::in_order(
        articles,
        &args.articles,
        talk,
        || (),
        |(), article| extract(article, &extractor),
        |article, (statements, notes)| {
            for note in notes {
                talk.detail(format!("{}: {note}", article.id));
            }
            for mut statement in statements {
                directory.join(&mut statement);
                n_statements += 1;
                n_unknown += usize::from(statement.speaker.is_empty());
                *kinds.entry(statement.kind.clone()).or_default() += 1;
                writer.write(&statement)?;
                speakers_met.insert(statement.speaker);
            }
            Ok(())
        },
    )?;
    writer.finish()?;
    let summary = json!({
        "schema": "sayso/statements/1",
        "sayso": env!("CARGO_PKG_VERSION"),
        "articles": counts.as_json(),
        "statements": n_statements,
        "statements_without_speaker": n_unknown,
        "statements_by_kind": kinds,
    });
    batches::write_summary(&args.output.output, &summary)?;
    if counts.n_articles > 0 && n_statements == 0 {
        talk.warn("no statement found; is the text in a language Sayso knows?");
    }
    let place = args.output.output.display();
    talk.say(format!(
        "found {n_statements} statements by {} speakers in {} articles ({n_unknown} without a speaker) → {place}",
        speakers_met.iter().filter(|s| !s.is_empty()).count(),
        counts.n_articles,
    ));
    if args.output.output != std::path::Path::new("-") {
        talk.next(format!("sayso score --statements {place} -o scored.csv"));
    }
    Ok(Outcome::Done)
}
