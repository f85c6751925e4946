use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{ArticleArgs, Outcome, OutputArgs, Talk, batches};
use crate::corpus::{StatementWriter, check_output, write_atomically};
use crate::pipeline::extract;
use crate::quotation::{Extractor, suggest_aliases};
use crate::types::AxisSet;
use crate::{Error, Result};

/// Find every statement in articles, and who makes it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso extract articles/ -o statements.csv
  sayso extract news.jsonl --speakers speakers.csv -o statements.jsonl
  sayso extract articles/ -o statements.csv --suggest-aliases speakers.csv")]
pub struct Args {
    #[command(flatten)]
    articles: ArticleArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Write which names may be one speaker, with the evidence, in the form of a speakers file to be looked through.
    #[arg(long, value_name = "FILE")]
    suggest_aliases: Option<PathBuf>,
}

/// The speakers of the run, kept when aliases are asked for: article and name of every statement.
type Names = Vec<(String, String)>;

/// Writes the proposals as `speakers.csv`, with the evidence in further columns.
fn write_aliases(path: &Path, names: &Names, force: bool, talk: &Talk) -> Result<()> {
    let found = suggest_aliases(names.iter().map(|(article, name)| (article.as_str(), name.as_str())));
    let mut table = csv::Writer::from_writer(Vec::new());
    let head = [
        "canonical",
        "alias",
        "role",
        "country",
        "group",
        "likeness",
        "n_canonical",
        "n_alias",
        "n_together",
    ];
    let mut written = table.write_record(head);
    for s in &found {
        let likeness = format!("{:.2}", s.likeness);
        let counts = [s.n_canonical, s.n_alias, s.n_together].map(|n| n.to_string());
        let evidence = [likeness.as_str(), &counts[0], &counts[1], &counts[2]];
        let row = [s.canonical.as_str(), s.alias.as_str(), "", "", ""].into_iter().chain(evidence);
        written = written.and_then(|()| table.write_record(row));
    }
    let bytes = written
        .map_err(std::io::Error::from)
        .and_then(|()| table.into_inner().map_err(csv::IntoInnerError::into_error));
    write_atomically(path, &bytes.map_err(|e| Error::io(path, "write", e))?, force)?;
    talk.say(format!("{} names may be one with another → {}", found.len(), path.display()));
    talk.next(format!(
        "look through it, strike what is wrong, then pass it with --speakers {}",
        super::quoted(path.display())
    ));
    Ok(())
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    let format = args.output.format()?;
    let directory = args.articles.directory()?;
    let extractor = Extractor::new();
    let articles = args.articles.open()?;
    let others = [&args.articles.meta, &args.articles.speakers];
    let inputs: Vec<&Path> =
        articles.files().chain(others.into_iter().flatten().map(PathBuf::as_path)).collect();
    check_output(&args.output.output, args.output.force, &inputs)?;
    batches::check_summary(&args.output.output, args.output.force, &inputs)?;
    let further = articles.further_columns().iter().cloned().chain(directory.columns()).collect();
    let mut writer = StatementWriter::create(
        &args.output.output,
        format,
        &AxisSet::default(),
        further,
        args.output.excel,
        args.output.force,
    )?;
    let mut names = Names::new();
    let mut speakers_met = BTreeSet::new();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let (mut n_statements, mut n_unknown) = (0_usize, 0_usize);
    let counts = batches::in_order(
        articles,
        &args.articles,
        talk,
        |article| extract(article, &extractor),
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
                if args.suggest_aliases.is_some() && !statement.speaker.is_empty() {
                    names.push((article.id.clone(), statement.speaker.clone()));
                }
                speakers_met.insert(statement.speaker);
            }
            Ok(())
        },
    )?;
    writer.finish()?;
    if let Some(path) = &args.suggest_aliases {
        write_aliases(path, &names, args.output.force, talk)?;
    }
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
    if args.output.output != Path::new("-") {
        let place = super::quoted(place);
        talk.next(format!("sayso score --statements {place} -o scored.csv"));
    }
    Ok(Outcome::Done)
}
