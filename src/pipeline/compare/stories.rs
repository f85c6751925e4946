//! Articles that tell the same story in the same words are one story: they err together.

use std::collections::{BTreeMap, BTreeSet};

use crate::types::ScoredStatement;

/// Words in a row that make a shingle.
const SHINGLE: usize = 5;
/// The share of common shingles (Jaccard) from which two articles are one story.
const SAME_STORY: f64 = 0.5;
/// A shingle in more articles than this is a turn of phrase and finds no candidates.
const COMMON: usize = 50;

/// The article of each statement, numbered from 0 in order of appearance.
///
/// A statement whose article has no id is an article of its own.
pub fn articles(statements: &[ScoredStatement]) -> Vec<u32> {
    let mut ids: BTreeMap<&str, u32> = BTreeMap::new();
    let mut n_articles = 0;
    let mut article = Vec::with_capacity(statements.len());
    for s in statements {
        let known = if s.article.is_empty() { None } else { ids.get(s.article.as_str()).copied() };
        let id = known.unwrap_or(n_articles);
        if known.is_none() {
            n_articles += 1;
            if !s.article.is_empty() {
                ids.insert(&s.article, id);
            }
        }
        article.push(id);
    }
    article
}

/// The story of each statement: the number of the first article that tells it.
///
/// Compared are the statements of the articles, not their whole texts.
pub fn stories(statements: &[ScoredStatement], articles: &[u32]) -> Vec<u32> {
    let n_articles = articles.iter().max().map_or(0, |last| *last as usize + 1);
    let mut shingles: Vec<BTreeSet<u64>> = vec![BTreeSet::new(); n_articles];
    for (s, a) in statements.iter().zip(articles) {
        add_shingles(&s.quote, &mut shingles[*a as usize]);
    }
    let mut root: Vec<usize> = (0..n_articles).collect();
    for (a, b) in candidates(&shingles) {
        let (one, other) = (find(&mut root, a), find(&mut root, b));
        if one == other {
            continue;
        }
        let common = shingles[a].intersection(&shingles[b]).count() as f64;
        if common >= SAME_STORY * (shingles[a].len() + shingles[b].len()) as f64 - SAME_STORY * common {
            root[one.max(other)] = one.min(other);
        }
    }
    articles.iter().map(|a| find(&mut root, *a as usize) as u32).collect()
}

/// Pairs of articles that share a shingle that is not a turn of phrase.
fn candidates(shingles: &[BTreeSet<u64>]) -> BTreeSet<(usize, usize)> {
    let mut places: Vec<(u64, usize)> =
        shingles.iter().enumerate().flat_map(|(a, set)| set.iter().map(move |s| (*s, a))).collect();
    places.sort_unstable();
    let mut pairs = BTreeSet::new();
    for run in places.chunk_by(|x, y| x.0 == y.0).filter(|run| (2..=COMMON).contains(&run.len())) {
        // Neighbours are enough to join a run whose articles are all alike, all pairs to compare those that are not.
        for (i, (_, a)) in run.iter().enumerate() {
            pairs.extend(run[i + 1..].iter().map(|(_, b)| (*a, *b)));
        }
    }
    pairs
}

fn add_shingles(text: &str, set: &mut BTreeSet<u64>) {
    let words: Vec<u64> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(hash_word).collect();
    // A statement shorter than a shingle is one shingle, unless a word or two that anyone says.
    if words.len() < SHINGLE {
        if words.len() > 2 {
            set.insert(hash_words(&words));
        }
        return;
    }
    set.extend(words.windows(SHINGLE).map(hash_words));
}

/// FNV-1a over lower-case letters: the same on every platform and in every release.
fn hash_word(word: &str) -> u64 {
    word.chars()
        .flat_map(char::to_lowercase)
        .fold(OFFSET, |hash, c| (hash ^ u64::from(c)).wrapping_mul(PRIME))
}

fn hash_words(words: &[u64]) -> u64 {
    words.iter().fold(OFFSET, |hash, word| (hash.rotate_left(5) ^ word).wrapping_mul(PRIME))
}

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

fn find(root: &mut [usize], mut a: usize) -> usize {
    while root[a] != a {
        root[a] = root[root[a]];
        a = root[a];
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(statements: &[ScoredStatement]) -> Vec<u32> {
        stories(statements, &articles(statements))
    }

    fn said(article: &str, quote: &str) -> ScoredStatement {
        ScoredStatement { article: article.into(), quote: quote.into(), ..ScoredStatement::default() }
    }

    #[test]
    fn wire_copy_is_one_story_and_a_shared_phrase_is_not() {
        let wire = "We have told the delegation that the border stays open for as long as people need it";
        let found = told(&[
            said("a", wire),
            said("b", &wire.to_uppercase()),
            said(
                "c",
                "We have told the delegation that nothing of what they ask will ever come to pass here",
            ),
            said("a", "One more remark of the minister in the first paper alone"),
        ]);
        assert_eq!(found, [0, 0, 2, 0]);
    }

    #[test]
    fn statements_without_an_article_stand_alone() {
        let found = told(&[
            said("", "The same few words here again"),
            said("", "Quite another thing altogether, he said"),
        ]);
        assert_ne!(found[0], found[1]);
    }
}
