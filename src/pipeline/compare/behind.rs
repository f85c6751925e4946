//! Other methods beside the corrected figures, and what stands behind these.

use std::collections::BTreeMap;

use super::Input;
use super::axis::{Values, probabilities};
use super::join::Gold;
use super::result::{AxisGroup, Details, LabelPlan, Sensitivity};
use crate::statistics::{
    Draws, Graded, GroupEstimate, Observation, Plan, adjusted_count, classify_and_count,
    equal_errors_p_value, expectation_maximisation,
};
use crate::types::Axis;

/// Seed of the permutations.
const SEED: u64 = 71;
/// At most so many permutations.
const PERMUTATIONS: usize = 9999;
/// Below this p value the model errs otherwise in one group than in another.
pub const ERRORS_DIFFER: f64 = 0.05;

/// The class with the largest share.
fn top(shares: &[f64]) -> usize {
    (0..shares.len()).rev().max_by(|a, b| shares[*a].total_cmp(&shares[*b])).unwrap_or(0)
}

/// Labelled, relevant statements: `(statement, label shares, weight, probabilities)`.
fn graded<'a>(
    input: &'a Input<'_>,
    axis: &'a Axis,
    at: usize,
) -> impl Iterator<Item = (usize, &'a Vec<f64>, f64, &'a [f64])> {
    input.statements.iter().enumerate().filter_map(move |(i, s)| {
        let gold: &Gold = input.joined?.gold[i].as_ref()?;
        input.groups.of[i]?;
        let shares = gold.axes[at].as_ref().filter(|shares| shares.iter().sum::<f64>() > 0.5)?;
        Some((i, shares, gold.weight, probabilities(input, axis, s)?))
    })
}

/// Does the model take the same classes for the same others in every group? By permutation of articles; `None` without
/// labels in two groups.
pub fn equal_errors(input: &Input<'_>, axis: &Axis, at: usize) -> Option<f64> {
    let mut rows = Vec::new();
    for (i, shares, _, p) in graded(input, axis, at) {
        let (Some(group), predicted) = (input.groups.of[i], top(p)) else { continue };
        let graded = |(truth, weight): (usize, &f64)| Graded {
            group,
            cluster: input.clusters.first[i],
            truth,
            predicted,
            weight: *weight,
        };
        rows.extend(shares.iter().enumerate().filter(|(_, share)| **share > 0.0).map(graded));
    }
    let mut draws = Draws::new(SEED, at as u64);
    equal_errors_p_value(&rows, input.groups.summaries.len(), axis.classes().len(), PERMUTATIONS, &mut draws)
}

/// Takes away the figures of methods that assume equal errors everywhere.
pub fn hide(sensitivity: &mut Sensitivity) {
    sensitivity.adjusted_count = None;
    sensitivity.expectation_maximisation = None;
}

/// Other methods on one group.
pub fn sensitivity(
    input: &Input<'_>,
    axis: &Axis,
    at: usize,
    usable: &[(usize, &[f64])],
    estimate: Option<&GroupEstimate>,
) -> Sensitivity {
    let k = axis.classes().len();
    let value = |shares: &[f64]| {
        shares.iter().enumerate().filter_map(|(c, s)| Some(s * axis.pole(c)?.value())).sum::<f64>()
    };
    let counted = classify_and_count(usable.iter().map(|(_, p)| top(p)), k);
    let mut confusion = vec![vec![0.0; k]; k];
    let mut truths = vec![0.0; k];
    for (_, shares, weight, p) in graded(input, axis, at) {
        for (truth, share) in shares.iter().enumerate() {
            confusion[top(p)][truth] += weight * share;
            truths[truth] += weight * share;
        }
    }
    let total: f64 = truths.iter().sum();
    let prior: Vec<f64> = truths.iter().map(|t| t / total.max(1e-9)).collect();
    let rows: Vec<&[f64]> = usable.iter().map(|(_, p)| *p).collect();
    Sensitivity {
        adjusted_count: counted.as_ref().and_then(|c| adjusted_count(c, &confusion)).map(|q| value(&q)),
        expectation_maximisation: expectation_maximisation(&rows, &prior)
            .filter(|(_, settled)| *settled)
            .map(|(q, _)| value(&q)),
        classify_and_count: counted.map(|c| value(&c)),
        labels_only: estimate.map(|e| e.labels_only.estimate),
        labels_only_se: estimate
            .map(|e| e.labels_only.jackknife().standard_error)
            .filter(|se| se.is_finite()),
    }
}

/// What stands behind the corrected figure of one group.
pub fn details(
    input: &Input<'_>,
    axis: &Axis,
    at: usize,
    g: usize,
    values: &Values,
    e: &GroupEstimate,
) -> Details {
    let (mut here, mut elsewhere) = ([0.0; 2], [0.0; 2]);
    for (i, shares, _, p) in graded(input, axis, at) {
        let counts = if input.groups.of[i] == Some(g) { &mut here } else { &mut elsewhere };
        counts[0] += f64::from(u8::from(top(shares) == top(p)));
        counts[1] += 1.0;
    }
    let accuracy = |[right, n]: [f64; 2]| (n > 0.0).then(|| right / n);
    let variance = e.corrected.variance();
    Details {
        n_labelled: e.n_labelled,
        n_labelled_articles: e.n_labelled_clusters,
        relevance: e.relevance,
        design_effect: if e.independent_variance > 0.0 { variance / e.independent_variance } else { 1.0 },
        icc: intra_article_correlation(values, g),
        effective_labels: (variance > 0.0)
            .then(|| e.n_labelled as f64 * e.labels_only.variance() / variance)
            .filter(|n| n.is_finite()),
        accuracy: accuracy(here),
        accuracy_elsewhere: accuracy(elsewhere),
    }
}

/// The correlation of two predictions of one article, by analysis of variance; `None` when every article has one.
fn intra_article_correlation(values: &Values, g: usize) -> Option<f64> {
    let mut clusters: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for o in values.observations.iter().filter(|o| o.group == g) {
        clusters.entry(o.cluster).or_default().push(o.prediction);
    }
    let n: f64 = clusters.values().map(|c| c.len() as f64).sum();
    let k = clusters.len() as f64;
    if clusters.len() < 2 || n <= k {
        return None;
    }
    let grand = clusters.values().flatten().sum::<f64>() / n;
    let (mut between, mut within, mut squares) = (0.0, 0.0, 0.0);
    for cluster in clusters.values() {
        let m = cluster.len() as f64;
        let mean = cluster.iter().sum::<f64>() / m;
        between += m * (mean - grand).powi(2);
        within += cluster.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        squares += m * m;
    }
    let (between, within) = (between / (k - 1.0), within / (n - k));
    let size = (n - squares / n) / (k - 1.0);
    let total = between + (size - 1.0) * within;
    (total > 0.0).then(|| (between - within) / total)
}

/// How many labels per group the usual differences need, from the predictions themselves.
pub fn plan(input: &Input<'_>, values: &Values, groups: &[AxisGroup]) -> Option<LabelPlan> {
    let mut sizes: Vec<usize> = groups.iter().map(|g| g.n).collect();
    sizes.sort_unstable();
    let n_statements = *sizes.get(sizes.len() / 2)?;
    let articles: f64 = input.groups.summaries.iter().map(|g| g.n_stories as f64).sum();
    let icc: Vec<f64> = (0..groups.len()).filter_map(|g| intra_article_correlation(values, g)).collect();
    let icc = if icc.is_empty() { 0.2 } else { (icc.iter().sum::<f64>() / icc.len() as f64).clamp(0.0, 1.0) };
    let per_article = values.observations.len() as f64 / articles.max(1.0);
    let spread = |f: &dyn Fn(&Observation) -> Option<f64>| {
        let known: Vec<f64> = values.observations.iter().filter_map(f).collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        (known.len() > 1)
            .then(|| known.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (known.len() as f64 - 1.0))
    };
    // Without labels: a spread of ⅔ is that of three equal classes, and what the predictions spread is what they explain.
    let variance = spread(&|o| o.label.map(|l| l.value)).unwrap_or(2.0 / 3.0).max(0.05);
    let explained = spread(&|o| Some(o.prediction)).unwrap_or(0.0);
    let correlation = if values.lambda.n >= 30 {
        values.lambda.correlation
    } else {
        (explained / variance).min(0.8).sqrt()
    };
    let plan = Plan {
        variance,
        correlation: correlation.clamp(0.0, 0.95),
        n_statements: n_statements as f64,
        design_effect: 1.0 + (per_article - 1.0).max(0.0) * icc,
    };
    let rows = [0.2, 0.3, 0.4, 0.5, 0.75].map(|gap| (gap, plan.labels_for(gap))).to_vec();
    Some(LabelPlan { n_statements, rows })
}
