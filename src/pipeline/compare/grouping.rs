//! Which group each statement belongs to, and what the groups are made of.

use std::collections::{BTreeMap, BTreeSet};

use super::CompareParams;
use super::result::{CorpusSummary, GroupSummary};
use crate::types::ScoredStatement;
use crate::{Error, Result};

/// The groups of a comparison.
#[derive(Debug)]
pub struct Groups {
    /// The group of each statement; `None` when it is left out.
    pub of: Vec<Option<usize>>,
    /// The groups, by name.
    pub summaries: Vec<GroupSummary>,
    left_out: BTreeMap<String, usize>,
}

/// Below this a speaker's name is doubtful.
const DOUBTFUL: f64 = 0.5;

/// The name of statements that have no value in the column.
pub const NO_NAME: &str = "(not named)";

impl Groups {
    /// Groups by `params.by`; too small groups, and the smallest beyond `params.max_groups`, are left out.
    pub fn new(statements: &[ScoredStatement], stories: &[u32], params: &CompareParams) -> Result<Self> {
        let names: Vec<Option<&str>> = statements.iter().map(|s| value(s, &params.by)).collect();
        if names.iter().all(Option::is_none) && params.by != "outlet" {
            let mut known: BTreeSet<&str> =
                statements.iter().flat_map(|s| s.extra.keys().map(String::as_str)).collect();
            known.extend(["outlet", "speaker", "month", "year", "kind", "role", "organisation"]);
            let known: Vec<&str> = known.into_iter().collect();
            return Err(Error::argument("by", &params.by, format!("one of {}", known.join(", "))));
        }
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        for name in &names {
            *sizes.entry(name.unwrap_or(NO_NAME)).or_default() += 1;
        }
        let mut order: Vec<(&str, usize)> = sizes.into_iter().collect();
        order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let kept = |rank: usize, n: usize| rank < params.max_groups && n >= params.min_statements;
        let mut chosen: Vec<&str> =
            order.iter().enumerate().filter(|(i, (_, n))| kept(*i, *n)).map(|(_, (name, _))| *name).collect();
        chosen.sort_unstable();
        if chosen.is_empty() {
            let largest = order.first().map_or(0, |(_, n)| *n);
            return Err(Error::too_few(
                format!("statements in any {}", params.by),
                largest,
                params.min_statements,
            )
            .with_help("Lower --min-n."));
        }
        let left_out = order
            .iter()
            .enumerate()
            .filter(|(i, (_, n))| !kept(*i, *n))
            .map(|(_, (name, n))| ((*name).to_string(), *n))
            .collect();
        let of: Vec<Option<usize>> =
            names.iter().map(|name| chosen.binary_search(&name.unwrap_or(NO_NAME)).ok()).collect();
        let summaries = chosen
            .iter()
            .enumerate()
            .map(|(g, name)| {
                let members: Vec<usize> = (0..statements.len()).filter(|i| of[*i] == Some(g)).collect();
                summary(name, &members, statements, stories)
            })
            .collect();
        Ok(Self { of, summaries, left_out })
    }

    /// The number of the group of this name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.summaries.iter().position(|g| g.name == name)
    }

    /// The statements as a whole.
    pub fn corpus(&self, statements: &[ScoredStatement], stories: &[u32]) -> CorpusSummary {
        let all: Vec<usize> = (0..statements.len()).collect();
        let whole = summary("", &all, statements, stories);
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        let mut speakers: BTreeMap<&str, usize> = BTreeMap::new();
        for s in statements {
            if !s.kind.is_empty() {
                *kinds.entry(s.kind.clone()).or_default() += 1;
            }
            if !s.speaker.is_empty() {
                *speakers.entry(&s.speaker).or_default() += 1;
            }
        }
        let mut most: Vec<usize> = speakers.into_values().collect();
        most.sort_unstable_by(|a, b| b.cmp(a));
        let top: usize = most.iter().take(10).sum();
        CorpusSummary {
            n_statements: whole.n_statements,
            n_articles: whole.n_articles,
            n_stories: whole.n_stories,
            n_speakers: whole.n_speakers,
            n_unattributed: whole.n_unattributed,
            n_doubtful: whole.n_doubtful,
            first_date: whole.first_date,
            last_date: whole.last_date,
            top_ten_share: top as f64 / statements.len().max(1) as f64,
            kinds,
            left_out: self.left_out.clone(),
        }
    }
}

/// The value that a statement is grouped by; `None` when it has none.
pub fn value<'a>(s: &'a ScoredStatement, by: &str) -> Option<&'a str> {
    let text = match by {
        "outlet" => s.outlet.as_str(),
        "speaker" => s.speaker.as_str(),
        "kind" => s.kind.as_str(),
        "role" => s.role.as_str(),
        "organisation" => s.organisation.as_str(),
        "month" => s.date.get(..7).unwrap_or_default(),
        "year" => s.date.get(..4).unwrap_or_default(),
        column => s.extra.get(column).map_or("", String::as_str),
    };
    let text = text.trim();
    (!text.is_empty()).then_some(text)
}

fn summary(name: &str, members: &[usize], statements: &[ScoredStatement], stories: &[u32]) -> GroupSummary {
    let mut articles: BTreeMap<&str, usize> = BTreeMap::new();
    let mut speakers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut months: BTreeMap<String, usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let (mut n_unattributed, mut n_doubtful) = (0, 0);
    for i in members {
        let s = &statements[*i];
        *articles.entry(&s.article).or_default() += 1;
        seen.insert(stories[*i]);
        if s.speaker.is_empty() {
            n_unattributed += 1;
        } else {
            *speakers.entry(&s.speaker).or_default() += 1;
            n_doubtful += usize::from(s.speaker_confidence.is_some_and(|c| c < DOUBTFUL));
        }
        if let Some(month) = value(s, "month") {
            *months.entry(month.to_string()).or_default() += 1;
        }
    }
    let dates = || members.iter().map(|i| statements[*i].date.as_str()).filter(|d| !d.is_empty());
    let n = members.len();
    let share = |count: usize| count as f64 / n.max(1) as f64;
    let largest_article =
        articles.iter().filter(|(id, _)| !id.is_empty()).map(|(_, n)| *n).max().unwrap_or(0);
    let top = speakers.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    GroupSummary {
        name: name.to_string(),
        n_statements: n,
        n_articles: articles.len(),
        n_stories: seen.len(),
        n_speakers: speakers.len(),
        n_unattributed,
        n_doubtful,
        first_date: dates().min().unwrap_or_default().to_string(),
        last_date: dates().max().unwrap_or_default().to_string(),
        months,
        largest_article: share(largest_article),
        largest_speaker: top.map_or(String::new(), |(s, _)| (*s).to_string()),
        largest_speaker_share: top.map_or(0.0, |(_, n)| share(*n)),
    }
}
