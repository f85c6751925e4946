//! Scored statements and hand labels to a comparison of outlets with intervals that hold what they say.

mod axis;
mod behind;
mod checks;
mod clusters;
mod group;
mod grouping;
mod join;
mod notes;
mod pairs;
mod result;
mod stories;
mod tables;
mod words;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::statistics::{Target, benjamini_hochberg, holm, rank_sets};
use crate::types::{AxisSet, LabelledStatement, ScoredStatement};
use crate::{Error, Result};
use clusters::Clusters;
pub use clusters::{Clustering, Intervals};
use grouping::Groups;
use join::{Joined, join};
pub use result::{
    AxisComparison, AxisGroup, ClassName, ClassShare, Comparison, CorpusSummary, Details, Estimate,
    GoldSummary, GroupSummary, LabelPlan, MonthCell, Note, Pair, Sampling, Sensitivity, SpeakerCell,
    SpeakerRow, Split, Spread, WordRow,
};

/// Predictions for one axis by a model that did not see the statement, by statement id.
pub type OutOfFold = BTreeMap<String, BTreeMap<String, Vec<f64>>>;

/// How a comparison is made.
#[derive(Debug, Clone, PartialEq)]
pub struct CompareParams {
    /// What is compared: `outlet`, `speaker`, `month`, `year`, `kind`, `role`, `organisation` or a column of the input.
    pub by: String,
    /// What the intervals speak of.
    pub target: Target,
    /// What counts as one draw: the article, the story, or the story and the speaker.
    pub cluster: Clustering,
    /// How intervals of corrected figures and of their differences are made.
    pub intervals: Intervals,
    /// Confidence level, in (0, 1).
    pub level: f64,
    /// Groups with fewer statements are left out.
    pub min_statements: usize,
    /// At most so many groups, the largest.
    pub max_groups: usize,
    /// Take labels without a recorded chance for a simple random sample within each group.
    pub assume_random: bool,
    /// Out-of-fold probabilities for labelled statements, by axis id and statement id.
    pub out_of_fold: OutOfFold,
    /// True when it is known whether the model that scored the statements was trained on these labels.
    pub training_known: bool,
    /// True when the model that scored the statements was trained on these labels.
    pub trained_on_gold: bool,
}

impl Default for CompareParams {
    fn default() -> Self {
        Self {
            by: "outlet".into(),
            target: Target::Process,
            cluster: Clustering::Story,
            intervals: Intervals::T,
            level: 0.95,
            min_statements: 1,
            max_groups: 40,
            assume_random: false,
            out_of_fold: OutOfFold::new(),
            training_known: false,
            trained_on_gold: false,
        }
    }
}

/// Compares groups of scored statements on every axis.
///
/// With hand labels that are a random sample (a recorded `sample_prob`, or every statement labelled), figures are
/// corrected for the model's errors and differences are tested; without, figures are uncorrected model averages and
/// nothing is claimed.
///
/// # Arguments
///
/// * `statements` - scored statements.
/// * `gold` - hand labels; may be empty.
/// * `axes` - the axes to compare on; an axis that no statement has a score on is left out.
///
/// # Errors
///
/// [`ErrorKind::TooFew`](crate::ErrorKind::TooFew) without statements or without any scored axis,
/// [`ErrorKind::Argument`](crate::ErrorKind::Argument) for a level outside (0, 1), a `by` that no statement has, or choices
/// that exclude each other: speakers compared and clustered by, bootstrap-t without articles as draws.
///
/// # Example
///
/// ```
/// use std::collections::BTreeMap;
/// use sayso::pipeline::{CompareParams, compare};
/// use sayso::types::{AxisScore, ScoredStatement, Status};
///
/// let statement = |article: &str, outlet: &str, score: f64| ScoredStatement {
///     article: article.into(),
///     outlet: outlet.into(),
///     axes: BTreeMap::from([(
///         "sentiment".to_string(),
///         AxisScore {
///             class: "positive".into(),
///             score: Some(score),
///             p: vec![0.5 - score / 2.0, 0.0, 0.5 + score / 2.0],
///             status: Status::Ok,
///             terms: Vec::new(),
///         },
///     )]),
///     ..ScoredStatement::default()
/// };
/// let statements = [statement("a", "Herald", 0.2), statement("b", "Herald", 0.4), statement("c", "Post", 0.6)];
/// let axes = sayso::corpus::bundled_axes();
/// let comparison = compare(&statements, &[], &axes, &CompareParams::default())?;
/// let sentiment = &comparison.axes[0];
/// assert!(!sentiment.corrected && sentiment.pairs.is_empty());
/// let herald = sentiment.groups[0].uncorrected.expect("two statements");
/// assert!((herald.value - 0.3).abs() < 1e-12 && herald.interval.is_none(), "two articles are too few");
/// # Ok::<(), sayso::Error>(())
/// ```
pub fn compare(
    statements: &[ScoredStatement],
    gold: &[LabelledStatement],
    axes: &AxisSet,
    params: &CompareParams,
) -> Result<Comparison> {
    if !(params.level > 0.0 && params.level < 1.0) {
        return Err(Error::argument("level", params.level, "a number between 0 and 1"));
    }
    clusters::check(params)?;
    if statements.is_empty() {
        return Err(
            Error::too_few("statements", 0, 1).with_help("Make some: sayso score ARTICLES -o scored.csv")
        );
    }
    let axes = AxisSet {
        axes: axes
            .axes
            .iter()
            .filter(|axis| statements.iter().any(|s| s.axes.get(&axis.id).is_some_and(|a| !a.p.is_empty())))
            .cloned()
            .collect(),
    };
    if axes.axes.is_empty() {
        return Err(Error::too_few("axes with a score", 0, 1)
            .with_help("Score the statements first (sayso score), or name their axes with --axes."));
    }
    let articles = stories::articles(statements);
    let stories = stories::stories(statements, &articles);
    let clusters = Clusters::new(statements, articles, &stories, params.cluster);
    let groups = Groups::new(statements, &stories, params)?;
    let joined = (!gold.is_empty()).then(|| join(statements, &groups.of, gold, &axes, params.assume_random));
    let n_pairs = groups.summaries.len() * (groups.summaries.len() - 1) / 2;
    let input = Input {
        statements,
        clusters: &clusters,
        groups: &groups,
        joined: joined.as_ref(),
        params,
        n_permutations: checks::permutations(&groups.summaries, axes.axes.len(), params),
        n_replicates: checks::replicates(axes.axes.len() * n_pairs, params),
    };
    let n_tests_bound = axes.axes.len() * groups.summaries.len();
    let mut found: Vec<AxisComparison> = axes
        .axes
        .par_iter()
        .enumerate()
        .map(|(i, axis)| axis::on_axis(&input, axis, i, n_tests_bound))
        .collect();
    let n_tests = adjust(&mut found);
    for (i, axis) in axes.axes.iter().enumerate() {
        pairs::split_claims(&input, axis, i, &mut found[i]);
    }
    let gold = joined.as_ref().map(|j| gold_summary(j, gold.len(), statements, params));
    let corpus = groups.corpus(statements, &stories);
    let mut comparison = Comparison {
        schema: "sayso/report/1",
        by: params.by.clone(),
        target: params.target,
        cluster: params.cluster,
        intervals: params.intervals,
        n_replicates: input.n_replicates,
        n_permutations: input.n_permutations,
        level: params.level,
        corpus,
        groups: groups.summaries.clone(),
        gold,
        axes: found,
        words: words::words(&input),
        n_tests,
        notes: Vec::new(),
    };
    comparison.notes = notes::notes(&comparison, params);
    Ok(comparison)
}

/// What every step reads.
struct Input<'a> {
    statements: &'a [ScoredStatement],
    clusters: &'a Clusters,
    groups: &'a Groups,
    joined: Option<&'a Joined>,
    params: &'a CompareParams,
    n_permutations: usize,
    n_replicates: usize,
}

/// Adjusts the p values of all axes together, then finds the ranks they leave open.
fn adjust(axes: &mut [AxisComparison]) -> usize {
    let p: Vec<f64> = axes.iter().flat_map(|axis| axis.pairs.iter().map(|pair| pair.p)).collect();
    let mut adjusted = holm(&p).into_iter().zip(benjamini_hochberg(&p));
    for axis in axes {
        let mut higher = Vec::new();
        let place = |name: &str| axis.groups.iter().position(|g| g.group == name);
        for pair in &mut axis.pairs {
            if let Some((holm, bh)) = adjusted.next() {
                (pair.p_holm, pair.p_bh) = (holm, bh);
            }
            if let (true, Some(a), Some(b)) = (pair.is_claim(), place(&pair.a), place(&pair.b)) {
                higher.push(if pair.difference > 0.0 { (a, b) } else { (b, a) });
            }
        }
        if axis.comparable {
            // A group without an interval takes part in no test, and so in no ranking.
            let ranked: Vec<usize> = (0..axis.groups.len())
                .filter(|i| {
                    axis.pairs.iter().any(|p| axis.groups[*i].group == p.a || axis.groups[*i].group == p.b)
                })
                .collect();
            let at = |i: usize| ranked.iter().position(|r| *r == i);
            let among: Vec<(usize, usize)> =
                higher.iter().filter_map(|(a, b)| Some((at(*a)?, at(*b)?))).collect();
            for (i, set) in ranked.iter().zip(rank_sets(ranked.len(), &among)) {
                axis.groups[*i].ranks = Some(set);
            }
        }
    }
    p.len()
}

fn gold_summary(
    joined: &Joined,
    n_rows: usize,
    statements: &[ScoredStatement],
    params: &CompareParams,
) -> GoldSummary {
    let labelled = || statements.iter().zip(&joined.gold).filter(|(_, g)| g.is_some()).map(|(s, _)| s);
    let dates = || labelled().map(|s| s.date.as_str()).filter(|d| !d.is_empty());
    let n_out_of_fold = labelled()
        .filter(|s| params.out_of_fold.values().any(|axis| axis.contains_key(&s.statement_id)))
        .count();
    GoldSummary {
        n_rows,
        n_matched: joined.n_matched,
        n_unmatched: joined.n_unmatched,
        n_not_random: joined.n_not_random,
        n_out_of_fold,
        sampling: joined.sampling,
        first_date: dates().min().unwrap_or_default().to_string(),
        last_date: dates().max().unwrap_or_default().to_string(),
    }
}
