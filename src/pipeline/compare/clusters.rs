//! What counts as one draw: statements of one article, story or speaker err together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::CompareParams;
use crate::statistics::{Clustered, Target};
use crate::types::ScoredStatement;
use crate::{Error, Result};

/// Below this confidence the speaker of a statement counts as unknown.
const NAMED: f64 = 0.5;

/// What counts as one draw wherever intervals are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clustering {
    /// Every article, also one that repeats another.
    Article,
    /// Every story: articles that repeat each other almost word for word are one.
    #[default]
    Story,
    /// Stories and speakers at once, when speakers are a sample too: a speaker quoted again and again is no new evidence.
    Both,
}

/// How intervals of corrected figures and of their differences are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Intervals {
    /// Student's t on the delete-one-cluster jackknife.
    #[default]
    #[serde(rename = "t")]
    T,
    /// Bootstrap-t: resampled clusters, each replicate measured in its own standard errors.
    #[serde(rename = "boot-t")]
    BootT,
}

/// The cluster of every statement.
#[derive(Debug)]
pub struct Clusters {
    /// Articles or stories.
    pub first: Vec<u32>,
    /// Speakers, and pairs of story and speaker, when clustered both ways.
    pub second: Option<[Vec<u32>; 2]>,
}

impl Clusters {
    /// Numbers the clusters.
    pub fn new(statements: &[ScoredStatement], articles: Vec<u32>, stories: &[u32], how: Clustering) -> Self {
        match how {
            Clustering::Article => Self { first: articles, second: None },
            Clustering::Story => Self { first: stories.to_vec(), second: None },
            Clustering::Both => {
                let first = stories.to_vec();
                let speakers = speakers(statements, &first);
                let mut pairs: BTreeMap<(u32, u32), u32> = BTreeMap::new();
                let both = first.iter().zip(&speakers).map(|(a, s)| numbered(&mut pairs, (*a, *s))).collect();
                Self { first, second: Some([speakers, both]) }
            }
        }
    }

    /// The mean of `(statement, value)` with its variance over clusters; `None` without values.
    pub fn mean(&self, values: &[(usize, f64)]) -> Option<Clustered> {
        let by = |ids: &[u32]| {
            let mut cells: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
            for (i, value) in values {
                let (sum, n) = cells.entry(ids[*i]).or_default();
                *sum += value;
                *n += 1.0;
            }
            let sums: Vec<(u32, f64, f64)> = cells.into_iter().map(|(c, (sum, n))| (c, sum, n)).collect();
            Clustered::ratio(&sums)
        };
        let first = by(&self.first)?;
        match &self.second {
            None => Some(first),
            Some([speakers, both]) => Some(first.crossed(by(speakers)?, by(both)?)),
        }
    }
}

/// Speakers by name; unknown ones of one story are one, and never those of another.
fn speakers(statements: &[ScoredStatement], stories: &[u32]) -> Vec<u32> {
    let mut known: BTreeMap<(&str, u32), u32> = BTreeMap::new();
    let name = |s: &ScoredStatement| !s.speaker.is_empty() && s.speaker_confidence.is_none_or(|c| c >= NAMED);
    statements
        .iter()
        .zip(stories)
        .map(|(s, story)| {
            let key = if name(s) { (s.speaker.as_str(), u32::MAX) } else { ("", *story) };
            numbered(&mut known, key)
        })
        .collect()
}

fn numbered<K: Ord>(known: &mut BTreeMap<K, u32>, key: K) -> u32 {
    let next = known.len() as u32;
    *known.entry(key).or_insert(next)
}

/// Refuses choices that exclude each other.
pub fn check(params: &CompareParams) -> Result<()> {
    if params.cluster == Clustering::Both && params.by == "speaker" {
        return Err(Error::argument("cluster", "both", "article or story when speakers are compared")
            .with_help("A group of one speaker has one cluster of speakers, and so no interval."));
    }
    if params.intervals == Intervals::BootT {
        if params.cluster == Clustering::Both {
            return Err(Error::argument("ci", "boot-t", "t with --cluster both")
                .with_help("The bootstrap draws articles or stories: use --cluster story, or --ci t."));
        }
        if params.target == Target::Corpus {
            return Err(Error::argument("ci", "boot-t", "t with --target corpus")
                .with_help("The bootstrap draws articles, which are fixed in this target: use --ci t."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::compare::stories;

    fn said(article: &str, speaker: &str, quote: &str) -> ScoredStatement {
        ScoredStatement {
            article: article.into(),
            speaker: speaker.into(),
            quote: quote.into(),
            ..ScoredStatement::default()
        }
    }

    #[test]
    fn articles_stories_and_speakers_are_told_apart() {
        let wire = "We have told the delegation that the border stays open for as long as people need it";
        let statements = [
            said("a", "Ada", wire),
            said("b", "Ada", wire),
            said("c", "Ada", "Nothing of the kind was ever said by anybody in that room"),
            said("c", "", "Talks went on until the small hours of the morning, a source said"),
            said("d", "", "Quite another matter that concerns nobody but the two of them"),
        ];
        let articles = stories::articles(&statements);
        let stories = stories::stories(&statements, &articles);
        let by = |how| Clusters::new(&statements, articles.clone(), &stories, how);
        assert_eq!(by(Clustering::Article).first, [0, 1, 2, 2, 3]);
        assert_eq!(by(Clustering::Story).first, [0, 0, 2, 2, 3]);
        let [speakers, both] = by(Clustering::Both).second.expect("two ways");
        assert_eq!(speakers, [0, 0, 0, 1, 2]);
        assert_eq!(both, [0, 0, 1, 2, 3]);
    }
}
