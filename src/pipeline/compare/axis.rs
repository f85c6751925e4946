//! One axis: the figures of every group.

use std::collections::BTreeMap;

use super::Input;
use super::join::Gold;
use super::pairs;
use super::result::{
    AxisComparison, AxisGroup, ClassName, ClassShare, Details, Estimate, LabelPlan, Sensitivity,
};
use super::tables::{months, speakers};
use crate::statistics::{
    Clustered, GroupEstimate, LabelValue, Lambda, Observation, Plan, Target, adjusted_count,
    classify_and_count, expectation_maximisation, korn_graubard, partially_pooled, prediction_powered,
};
use crate::types::{Axis, ScoredStatement, Status};

/// Below this many labels in a group there is a point and no interval.
pub const MIN_LABELS: usize = 10;
/// Below this many articles (labelled articles, after correction) there is a point and no interval.
pub const MIN_ARTICLES: usize = 5;

/// The statements that are compared, as the estimators see them, for one way of giving values to classes.
pub struct Values {
    /// One per statement that belongs to a group.
    pub observations: Vec<Observation>,
    /// The statement of each.
    pub statement: Vec<usize>,
    /// How far predictions are trusted.
    pub lambda: Lambda,
    /// The corrected figure of each group.
    pub estimates: Vec<Option<GroupEstimate>>,
}

/// The probabilities for a statement: out of fold where there are such.
fn probabilities<'a>(input: &'a Input<'_>, axis: &Axis, s: &'a ScoredStatement) -> Option<&'a [f64]> {
    let held_out = input.params.out_of_fold.get(&axis.id).and_then(|axis| axis.get(&s.statement_id));
    let p = match held_out {
        Some(p) => p,
        None => &s.axes.get(&axis.id)?.p,
    };
    (p.len() == axis.classes().len()).then_some(p.as_slice())
}

/// Applies the estimator with these class values.
pub fn estimate(input: &Input<'_>, axis: &Axis, at: usize, values: &[f64]) -> Values {
    let expected = |p: &[f64]| p.iter().zip(values).map(|(p, v)| p * v).sum::<f64>();
    let scored: Vec<f64> =
        input.statements.iter().filter_map(|s| probabilities(input, axis, s)).map(expected).collect();
    // Statements without a score stay in: any constant will do for them, since labels correct it.
    let fallback = scored.iter().sum::<f64>() / scored.len().max(1) as f64;
    let mut observations = Vec::new();
    let mut statement = Vec::new();
    for (i, s) in input.statements.iter().enumerate() {
        let Some(group) = input.groups.of[i] else { continue };
        let gold = input.joined.and_then(|j| j.gold[i].as_ref());
        let label = gold.and_then(|g| {
            let shares = g.axes[at].as_ref()?;
            Some(LabelValue { value: expected(shares), relevance: shares.iter().sum(), weight: g.weight })
        });
        let prediction = probabilities(input, axis, s).map_or(fallback, expected);
        observations.push(Observation { group, cluster: input.stories[i], prediction, label });
        statement.push(i);
    }
    let n_groups = input.groups.summaries.len();
    let lambda = Lambda::pooled(&observations, n_groups);
    let estimates = prediction_powered(&observations, n_groups, lambda.value);
    Values { observations, statement, lambda, estimates }
}

/// The estimate as the target wants it, with no degrees of freedom when data are too few for an interval.
pub fn for_target(group: &GroupEstimate, target: Target, at: usize) -> Clustered {
    match target {
        Target::Process if group.n_labelled < MIN_LABELS || group.n_labelled_clusters < MIN_ARTICLES => {
            group.corrected.clone().with_df(0.0)
        }
        Target::Process => group.corrected.clone(),
        Target::Corpus => {
            let enough = group.n_labelled >= MIN_LABELS;
            let df = if enough { group.n_labelled as f64 - 1.0 } else { 0.0 };
            Clustered::independent(group.corrected.estimate, group.corpus_variance, df, at as u32)
        }
    }
}

/// A figure with intervals: for itself, and for all of `n_figures` at once.
pub fn figure(x: &Clustered, level: f64, n_figures: usize) -> Estimate {
    let simultaneous = 1.0 - (1.0 - level) / n_figures.max(1) as f64;
    let jackknife = x.jackknife();
    Estimate {
        value: x.estimate,
        standard_error: Some(jackknife.standard_error).filter(|se| se.is_finite()),
        interval: x.interval(level),
        simultaneous: x.interval(simultaneous),
    }
}

/// Everything on one axis; p values are adjusted later, over all axes.
pub fn on_axis(input: &Input<'_>, axis: &Axis, at: usize, n_figures: usize) -> AxisComparison {
    let names = class_names(axis);
    let labelled = input.joined.is_some_and(|j| j.labelled_axes[at]);
    let comparable = labelled && input.joined.is_some_and(|j| j.sampling.is_comparable());
    let values: Option<Vec<f64>> = names.iter().map(|class| class.value).collect();
    let mean = values.as_ref().map(|values| estimate(input, axis, at, values));
    let by_class: Vec<Values> = (0..names.len())
        .map(|c| {
            let indicator: Vec<f64> = (0..names.len()).map(|d| f64::from(u8::from(c == d))).collect();
            estimate(input, axis, at, &indicator)
        })
        .collect();
    let corrected = by_class.iter().any(|v| v.estimates.iter().any(Option::is_some));
    let n_groups = input.groups.summaries.len();
    let mut groups: Vec<AxisGroup> = (0..n_groups)
        .map(|g| group_figures(input, axis, at, g, mean.as_ref(), &by_class, n_figures))
        .collect();
    pool(&mut groups);
    let pairs = match &mean {
        Some(mean) if comparable => pairs::pairs(input, mean),
        _ => Vec::new(),
    };
    let score = |s: &ScoredStatement| -> Option<f64> {
        let values = values.as_ref()?;
        let p = &s.axes.get(&axis.id)?.p;
        (p.len() == values.len()).then(|| p.iter().zip(values).map(|(p, v)| p * v).sum())
    };
    AxisComparison {
        id: axis.id.clone(),
        question: axis.question.clone(),
        lambda: mean.as_ref().filter(|_| corrected).map(|m| m.lambda),
        plan: mean.as_ref().and_then(|m| plan(input, m, &groups)),
        classes: names,
        corrected,
        comparable,
        groups,
        pairs,
        speakers: speakers(input, &score),
        months: months(input, &score),
    }
}

fn class_names(axis: &Axis) -> Vec<ClassName> {
    axis.classes()
        .iter()
        .enumerate()
        .map(|(i, class)| ClassName {
            id: class.id.clone(),
            title: class.title.clone(),
            value: axis.pole(i).map(crate::types::Pole::value),
        })
        .collect()
}

fn group_figures(
    input: &Input<'_>,
    axis: &Axis,
    at: usize,
    g: usize,
    mean: Option<&Values>,
    by_class: &[Values],
    n_figures: usize,
) -> AxisGroup {
    let params = input.params;
    let members: Vec<usize> =
        (0..input.statements.len()).filter(|i| input.groups.of[*i] == Some(g)).collect();
    let scores = || members.iter().filter_map(|i| input.statements[*i].axes.get(&axis.id).map(|a| (*i, a)));
    let mut abstained: BTreeMap<String, usize> = BTreeMap::new();
    for (_, a) in scores().filter(|(_, a)| !a.status.has_score()) {
        *abstained.entry(a.status.to_string()).or_default() += 1;
    }
    let k = axis.classes().len();
    let usable: Vec<(usize, &[f64])> =
        scores().filter(|(_, a)| a.p.len() == k).map(|(i, a)| (i, a.p.as_slice())).collect();
    let uncorrected = mean.and_then(|_| {
        let values: Vec<f64> = (0..k).filter_map(|c| axis.pole(c)).map(crate::types::Pole::value).collect();
        let sums = usable
            .iter()
            .map(|(i, p)| (input.stories[*i], p.iter().zip(&values).map(|(p, v)| p * v).sum::<f64>(), 1.0));
        sampled_mean(sums, params.level, n_figures)
    });
    let estimates = mean.and_then(|m| m.estimates[g].as_ref());
    let classes = axis
        .classes()
        .iter()
        .enumerate()
        .map(|(c, class)| {
            let share = usable.iter().map(|(_, p)| p[c]).sum::<f64>() / usable.len().max(1) as f64;
            class_share(&class.id, share, by_class[c].estimates[g].as_ref(), &by_class[c], g, params)
        })
        .collect();
    AxisGroup {
        group: input.groups.summaries[g].name.clone(),
        n: members.len(),
        n_scored: usable.len(),
        n_low_confidence: scores().filter(|(_, a)| a.status == Status::LowConfidence).count(),
        abstained,
        uncorrected,
        corrected: estimates.map(|e| figure(&for_target(e, params.target, g), params.level, n_figures)),
        pooled: None,
        classes,
        ranks: None,
        sensitivity: mean.map(|_| sensitivity(input, axis, at, &usable, estimates)),
        details: mean.zip(estimates).map(|(m, e)| details(input, axis, at, g, m, e)),
    }
}

/// The mean of values by cluster; an interval over clusters when there are enough of them.
pub fn sampled_mean(
    values: impl Iterator<Item = (u32, f64, f64)>,
    level: f64,
    n_figures: usize,
) -> Option<Estimate> {
    let mut clusters: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (cluster, value, n) in values {
        let (sum, count) = clusters.entry(cluster).or_default();
        *sum += value;
        *count += n;
    }
    let sums: Vec<(u32, f64, f64)> = clusters.into_iter().map(|(c, (sum, n))| (c, sum, n)).collect();
    let mean = Clustered::ratio(&sums)?;
    let mean = if sums.len() < MIN_ARTICLES { mean.with_df(0.0) } else { mean };
    Some(figure(&mean, level, n_figures))
}

fn class_share(
    class: &str,
    uncorrected: f64,
    estimate: Option<&GroupEstimate>,
    values: &Values,
    g: usize,
    params: &super::CompareParams,
) -> ClassShare {
    let n_labels =
        values.observations.iter().filter(|o| o.group == g && o.label.is_some_and(|l| l.value > 0.5)).count();
    let interval = estimate.and_then(|e| {
        let x = for_target(e, params.target, g);
        let relevant = (e.n_labelled as f64 * e.relevance).round() as usize;
        if x.df < 1.0 { None } else { korn_graubard(x.estimate, x.variance(), relevant, x.df, params.level) }
    });
    ClassShare {
        class: class.to_string(),
        uncorrected,
        corrected: estimate.map(|e| e.corrected.estimate.clamp(0.0, 1.0)),
        interval,
        n_labels,
    }
}

fn pool(groups: &mut [AxisGroup]) {
    let known: Vec<(usize, f64, f64)> = groups
        .iter()
        .enumerate()
        .filter_map(|(i, g)| g.corrected.and_then(|c| Some((i, c.value, c.standard_error?.powi(2)))))
        .collect();
    let (estimates, variances): (Vec<f64>, Vec<f64>) = known.iter().map(|(_, e, v)| (*e, *v)).unzip();
    if let Some(pooled) = partially_pooled(&estimates, &variances) {
        for ((i, _, _), value) in known.iter().zip(pooled) {
            groups[*i].pooled = Some(value);
        }
    }
}

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

fn sensitivity(
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

fn details(
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
fn plan(input: &Input<'_>, values: &Values, groups: &[AxisGroup]) -> Option<LabelPlan> {
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
