//! Articles worked on by all cores, with the results in the order of the input and memory that does not grow.

use std::path::Path;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::{ArticleArgs, Talk};
use crate::Result;
use crate::corpus::{Articles, Read1, Skipped, check_output, is_stream, write_atomically};
use crate::text;
use crate::types::Article;

/// How much text, and how many articles, are in work at once.
const BATCH_BYTES: usize = 4 << 20;
const BATCH_ARTICLES: usize = 512;

/// What became of the inputs.
#[derive(Debug, Default)]
pub struct Counts {
    pub n_articles: usize,
    pub n_unmatched_metadata: usize,
    pub skipped: Vec<Skipped>,
}

impl Counts {
    /// For the summary beside an output.
    pub fn as_json(&self) -> Value {
        let skipped: Vec<Value> = self
            .skipped
            .iter()
            .map(|s| json!({"position": s.position.to_string(), "reason": s.reason}))
            .collect();
        json!({"read": self.n_articles, "skipped": skipped, "metadata_rows_unmatched": self.n_unmatched_metadata})
    }
}

/// Works on every article and hands the results on in input order; tells what was skipped.
///
/// While one batch is worked on, the next is read and the results of the one before are handed on. With `--strict`,
/// the first skipped input is an error.
pub fn in_order<T: Send>(
    mut articles: Articles,
    args: &ArticleArgs,
    talk: &Talk,
    work: impl Fn(&Article) -> T + Sync + Send,
    mut sink: impl FnMut(Article, T) -> Result<()> + Send,
) -> Result<Counts> {
    let mut counts = Counts::default();
    let bar = talk.progress(None, "articles");
    let mut hand_on =
        |results: Vec<(Article, T)>| results.into_iter().try_for_each(|(article, t)| sink(article, t));
    let mut done = Vec::new();
    let mut batch = next_batch(&mut articles, &mut counts.skipped);
    // What standard input holds is known when it is read.
    for remark in std::mem::take(&mut articles.remarks) {
        talk.detail(remark);
    }
    while !batch.is_empty() {
        args.refuse_if_strict(&counts.skipped)?;
        let run = |mut article: Article| {
            article.boilerplate = text::boilerplate(&article.text);
            let result = work(&article);
            (article, result)
        };
        let (results, (next, handed)) = rayon::join(
            || batch.into_par_iter().map(run).collect::<Vec<_>>(),
            || {
                let next = next_batch(&mut articles, &mut counts.skipped);
                (next, hand_on(std::mem::take(&mut done)))
            },
        );
        handed?;
        counts.n_articles += results.len();
        bar.inc(results.len() as u64);
        done = results;
        batch = next;
    }
    hand_on(done)?;
    bar.finish_and_clear();
    args.refuse_if_strict(&counts.skipped)?;
    talk.skipped(&counts.skipped);
    for warning in &articles.warnings {
        talk.warn(warning);
    }
    counts.n_unmatched_metadata = articles.n_unmatched_metadata();
    if counts.n_unmatched_metadata > 0 {
        talk.warn(format!("{} metadata rows met no article", counts.n_unmatched_metadata));
    }
    Ok(counts)
}

fn next_batch(articles: &mut Articles, skipped: &mut Vec<Skipped>) -> Vec<Article> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while bytes < BATCH_BYTES && batch.len() < BATCH_ARTICLES {
        match articles.next() {
            None => break,
            Some(Read1::Article(article)) => {
                bytes += article.text.len();
                batch.push(*article);
            }
            Some(Read1::Skipped(skip)) => skipped.push(skip),
        }
    }
    batch
}

/// Refuses a summary that would be written over what is read, or over a file that is no summary.
///
/// # Errors
///
/// Those of [`check_output`].
pub fn check_summary(output: &Path, force: bool, inputs: &[&Path]) -> Result<()> {
    if is_stream(output) {
        return Ok(());
    }
    let path = output.with_extension("meta.json");
    let is_ours = || std::fs::read_to_string(&path).is_ok_and(|text| text.contains("\"schema\": \"sayso/"));
    check_output(&path, force || is_ours(), inputs)
}

/// Writes the counts beside an output: `scored.csv` gets `scored.meta.json`. Standard output and devices get none.
pub fn write_summary(output: &Path, summary: &Value) -> Result<()> {
    if is_stream(output) {
        return Ok(());
    }
    write_atomically(&output.with_extension("meta.json"), format!("{summary:#}\n").as_bytes(), true)
}
