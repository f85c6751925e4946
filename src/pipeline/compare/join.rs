//! Which hand label belongs to which scored statement.

use std::collections::{BTreeMap, BTreeSet};

use super::super::agree::{GOLD, was_disputed};
use super::result::Sampling;
use crate::types::{Axis, AxisSet, Label, LabelledStatement, ScoredStatement};

/// The hand labels of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Gold {
    /// One over the chance of having been labelled.
    pub weight: f64,
    /// For each axis of the comparison: the share of annotators for each class, all zero when the axis does not
    /// apply; `None` when nobody could tell.
    pub axes: Vec<Option<Vec<f64>>>,
}

/// The labels joined to the statements.
#[derive(Debug)]
pub struct Joined {
    /// By statement.
    pub gold: Vec<Option<Gold>>,
    /// How the labelled statements were chosen.
    pub sampling: Sampling,
    /// Labelled statements among the scored ones.
    pub n_matched: usize,
    /// Labelled statements that are not among the scored ones.
    pub n_unmatched: usize,
    /// Matched, but without a recorded chance while others have one.
    pub n_not_random: usize,
    /// For each axis: whether the label files speak of it at all.
    pub labelled_axes: Vec<bool>,
}

/// The overlap, as intersection over union, from which spans of one article are the same statement.
const SAME_SPAN: f64 = 0.8;

/// Joins by article and offsets, then by article and words, then by overlapping offsets; rows without an article by
/// words alone, when these are unique.
pub fn join(
    statements: &[ScoredStatement],
    groups: &[Option<usize>],
    rows: &[LabelledStatement],
    axes: &AxisSet,
    assume_random: bool,
) -> Joined {
    let index = Index::new(statements);
    let mut by_statement: BTreeMap<usize, Vec<&LabelledStatement>> = BTreeMap::new();
    let mut unmatched = BTreeSet::new();
    for row in rows {
        match index.find(row) {
            Some(i) => by_statement.entry(i).or_default().push(row),
            None => drop(unmatched.insert((&row.article, row.start, row.end, &row.quote))),
        }
    }
    let n_matched = by_statement.len();
    let compared = groups.iter().flatten().count();
    let covered = by_statement.keys().filter(|i| groups[**i].is_some()).count();
    let recorded = by_statement.values().any(|rows| rows.iter().any(|r| r.sample_prob.is_some()));
    let sampling = if n_matched > 0 && covered == compared {
        Sampling::Census
    } else if recorded {
        Sampling::Random
    } else if assume_random {
        Sampling::AssumedRandom
    } else {
        Sampling::Unknown
    };
    let labelled_axes: Vec<bool> =
        axes.axes.iter().map(|axis| rows.iter().any(|row| row.labels.contains_key(&axis.id))).collect();
    let mut gold: Vec<Option<Gold>> = vec![None; statements.len()];
    let mut n_not_random = 0;
    for (i, mut rows) in by_statement {
        // Second opinions sought where labels differed would pull the sample towards whoever differed.
        rows.retain(|row| !was_disputed(row));
        if rows.is_empty() {
            n_not_random += 1;
            continue;
        }
        let chance = rows.iter().find_map(|row| row.sample_prob);
        let weight = match (sampling, chance) {
            (Sampling::Random, Some(chance)) => 1.0 / chance,
            (Sampling::Random, None) => {
                n_not_random += 1;
                continue;
            }
            _ => 1.0,
        };
        gold[i] = Some(Gold { weight, axes: axes.axes.iter().map(|axis| opinion(&rows, axis)).collect() });
    }
    if matches!(sampling, Sampling::AssumedRandom | Sampling::Unknown) {
        implied_weights(&mut gold, groups);
    }
    Joined { gold, sampling, n_matched, n_unmatched: unmatched.len(), n_not_random, labelled_axes }
}

/// Without recorded chances: all statements of a group over its labelled ones.
fn implied_weights(gold: &mut [Option<Gold>], groups: &[Option<usize>]) {
    let mut counts: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for (label, group) in gold.iter().zip(groups) {
        if let Some(group) = group {
            let (n, labelled) = counts.entry(*group).or_default();
            *n += 1.0;
            *labelled += f64::from(u8::from(label.is_some()));
        }
    }
    for (label, group) in gold.iter_mut().zip(groups) {
        if let (Some(label), Some((n, labelled))) = (label, group.and_then(|g| counts.get(&g))) {
            label.weight = n / labelled.max(1.0);
        }
    }
}

/// What the annotators say: the adjudicated row where there is one, else the average of all.
fn opinion(rows: &[&LabelledStatement], axis: &Axis) -> Option<Vec<f64>> {
    let adjudicated: Vec<_> = rows.iter().filter(|row| row.annotator == GOLD).collect();
    let voices: Vec<_> = if adjudicated.is_empty() { rows.iter().collect() } else { adjudicated };
    let mut shares = vec![0.0; axis.classes().len()];
    let mut n = 0.0;
    for row in voices {
        match row.labels.get(&axis.id) {
            Some(Label::Class(class)) if *class < shares.len() => shares[*class] += 1.0,
            Some(_) => continue,
            None => {}
        }
        n += 1.0;
    }
    (n > 0.0).then(|| shares.into_iter().map(|s| s / n).collect())
}

/// Finds statements by what label files know of them.
struct Index<'a> {
    spans: BTreeMap<(&'a str, usize, usize), usize>,
    words: BTreeMap<(&'a str, String), usize>,
    /// By words alone; `None` when two statements share them.
    bare: BTreeMap<String, Option<usize>>,
    articles: BTreeMap<&'a str, Vec<(usize, usize, usize)>>,
}

impl<'a> Index<'a> {
    fn new(statements: &'a [ScoredStatement]) -> Self {
        let mut index = Self {
            spans: BTreeMap::new(),
            words: BTreeMap::new(),
            bare: BTreeMap::new(),
            articles: BTreeMap::new(),
        };
        for (i, s) in statements.iter().enumerate() {
            if let (Some(start), Some(end)) = (s.start, s.end) {
                index.spans.insert((&s.article, start, end), i);
                index.articles.entry(&s.article).or_default().push((start, end, i));
            }
            let words = words(&s.quote);
            index.bare.entry(words.clone()).and_modify(|other| *other = None).or_insert(Some(i));
            index.words.insert((&s.article, words), i);
        }
        index
    }

    fn find(&self, row: &LabelledStatement) -> Option<usize> {
        if row.article.is_empty() {
            return self.bare.get(&words(&row.quote)).copied().flatten();
        }
        if let (Some(start), Some(end)) = (row.start, row.end)
            && let Some(i) = self.spans.get(&(row.article.as_str(), start, end))
        {
            return Some(*i);
        }
        if !row.quote.is_empty()
            && let Some(i) = self.words.get(&(row.article.as_str(), words(&row.quote)))
        {
            return Some(*i);
        }
        let (start, end) = (row.start?, row.end?);
        let overlap = |a: usize, b: usize| {
            let both = b.min(end).saturating_sub(a.max(start)) as f64;
            both / ((b.max(end) - a.min(start)) as f64).max(1.0)
        };
        self.articles
            .get(row.article.as_str())?
            .iter()
            .map(|(a, b, i)| (overlap(*a, *b), *i))
            .filter(|(share, _)| *share >= SAME_SPAN)
            .max_by(|x, y| x.0.total_cmp(&y.0))
            .map(|(_, i)| i)
    }
}

/// Letters and digits in lower case, single blanks between them: quotation marks and spacing do not count.
fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::bundled_axes;

    fn statement(article: &str, start: usize, quote: &str) -> ScoredStatement {
        ScoredStatement {
            article: article.into(),
            start: Some(start),
            end: Some(start + 100),
            quote: quote.into(),
            ..ScoredStatement::default()
        }
    }

    fn row(
        article: &str,
        start: Option<usize>,
        quote: &str,
        annotator: &str,
        class: usize,
    ) -> LabelledStatement {
        LabelledStatement {
            article: article.into(),
            start,
            end: start.map(|s| s + 100),
            quote: quote.into(),
            annotator: annotator.into(),
            labels: BTreeMap::from([("sentiment".to_string(), Label::Class(class))]),
            ..LabelledStatement::default()
        }
    }

    fn joined(rows: &[LabelledStatement], assume_random: bool) -> Joined {
        let statements = [
            statement("a", 0, "We will not leave."),
            statement("a", 500, "Talks go on."),
            statement("b", 40, "It rained."),
            statement("b", 400, "It rained!"),
        ];
        let groups = [Some(0), Some(0), Some(1), Some(1)];
        join(&statements, &groups, rows, &bundled_axes(), assume_random)
    }

    #[test]
    fn labels_find_their_statement_by_offsets_words_or_overlap() {
        let rows = [
            row("a", Some(0), "", "x", 0),
            row("a", None, "“Talks   go on”", "x", 1),
            row("b", Some(45), "other words", "x", 2),
            row("", None, "it rained", "x", 2),
            row("c", Some(0), "elsewhere", "x", 2),
        ];
        let joined = joined(&rows, false);
        assert_eq!(joined.gold.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, true, false]);
        assert_eq!((joined.n_matched, joined.n_unmatched, joined.sampling), (3, 2, Sampling::Unknown));
        let weights: Vec<f64> = joined.gold.iter().flatten().map(|g| g.weight).collect();
        assert_eq!(weights, [1.0, 1.0, 2.0]);
    }

    #[test]
    fn second_opinions_sought_where_labels_differ_do_not_move_the_sample() {
        let mut first = row("a", Some(0), "", "x", 0);
        first.sample_prob = Some(0.5);
        let disputed = |article: &str, start: usize| LabelledStatement {
            extra: BTreeMap::from([("strategy".to_string(), "disagreement".to_string())]),
            ..row(article, Some(start), "", "x-again", 2)
        };
        let joined = joined(&[first, disputed("a", 0), disputed("b", 40)], false);
        let gold = joined.gold[0].as_ref().expect("drawn at random");
        let axis = bundled_axes().axes.iter().position(|axis| axis.id == "sentiment").expect("bundled");
        assert_eq!((gold.weight, gold.axes[axis].as_deref()), (2.0, Some(&[1.0, 0.0, 0.0][..])));
        assert!(joined.gold[2].is_none());
        assert_eq!((joined.n_matched, joined.n_not_random), (2, 1));
    }

    #[test]
    fn the_adjudicated_row_wins_and_without_one_annotators_are_averaged() {
        let rows = [
            row("a", Some(0), "", "x", 0),
            row("a", Some(0), "", "y", 2),
            row("a", Some(500), "", "x", 0),
            row("a", Some(500), "", GOLD, 2),
        ];
        let joined = joined(&rows, true);
        let sentiment = bundled_axes().axes.iter().position(|a| a.id == "sentiment").expect("bundled");
        let opinion = |i: usize| joined.gold[i].as_ref().and_then(|g| g.axes[sentiment].clone());
        assert_eq!(opinion(0), Some(vec![0.5, 0.0, 0.5]));
        assert_eq!(opinion(1), Some(vec![0.0, 0.0, 1.0]));
        assert_eq!(joined.sampling, Sampling::AssumedRandom);
        assert!(!joined.labelled_axes[0] && joined.labelled_axes[sentiment]);
    }

    #[test]
    fn only_rows_with_a_recorded_chance_are_a_random_sample() {
        let mut rows = vec![row("a", Some(0), "", "x", 0), row("b", Some(40), "", "x", 0)];
        rows[0].sample_prob = Some(0.25);
        let joined = joined(&rows, false);
        assert_eq!((joined.sampling, joined.n_not_random), (Sampling::Random, 1));
        assert_eq!(joined.gold[0].as_ref().map(|g| g.weight), Some(4.0));
    }

    #[test]
    fn all_labelled_is_a_census() {
        let rows: Vec<_> =
            [("a", 0), ("a", 500), ("b", 40), ("b", 400)].map(|(a, s)| row(a, Some(s), "", "x", 1)).into();
        assert_eq!(joined(&rows, false).sampling, Sampling::Census);
    }
}
