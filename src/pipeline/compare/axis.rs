//! One axis: the figures of every group.

use std::collections::BTreeMap;

use super::result::{AxisComparison, AxisGroup, ClassName, ClassShare, Estimate, Spread};
use super::tables::{months, speakers};
use super::{Input, Intervals, behind, checks, pairs};
use crate::statistics::{
    Clustered, GroupEstimate, LabelValue, Lambda, Observation, Target, density, korn_graubard,
    partially_pooled, prediction_powered, quantile,
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
pub fn probabilities<'a>(input: &'a Input<'_>, axis: &Axis, s: &'a ScoredStatement) -> Option<&'a [f64]> {
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
        observations.push(Observation { group, cluster: input.clusters.first[i], prediction, label });
        statement.push(i);
    }
    let n_groups = input.groups.summaries.len();
    let lambda = Lambda::pooled(&observations, n_groups);
    let estimates = estimates(input, &observations, &statement, lambda.value);
    Values { observations, statement, lambda, estimates }
}

/// The corrected figures, clustered as the comparison wants it.
fn estimates(
    input: &Input<'_>,
    observations: &[Observation],
    statement: &[usize],
    lambda: f64,
) -> Vec<Option<GroupEstimate>> {
    let n_groups = input.groups.summaries.len();
    let mut found = prediction_powered(observations, n_groups, lambda);
    if let Some(ways) = &input.clusters.second {
        let mut by = ways.iter().map(|ids| {
            let again: Vec<Observation> = observations
                .iter()
                .zip(statement)
                .map(|(o, i)| Observation { cluster: ids[*i], ..*o })
                .collect();
            prediction_powered(&again, n_groups, lambda).into_iter()
        });
        if let (Some(speakers), Some(both)) = (by.next(), by.next()) {
            for ((e, s), b) in found.iter_mut().zip(speakers).zip(both) {
                let (Some(e), Some(s), Some(b)) = (e.as_mut(), s, b) else { continue };
                e.corrected = std::mem::take(&mut e.corrected).crossed(s.corrected, b.corrected);
                e.labels_only = std::mem::take(&mut e.labels_only).crossed(s.labels_only, b.labels_only);
            }
        }
    }
    found
}

/// The estimate as the target wants it, with no degrees of freedom when data are too few for an interval.
pub fn for_target(group: &GroupEstimate, target: Target, at: usize) -> Clustered {
    match target {
        Target::Process if group.n_labelled < MIN_LABELS || few_clusters(&group.corrected) => {
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

/// Fewer than five articles (or, clustered by them too, speakers) behind a variance.
pub fn few_clusters(x: &Clustered) -> bool {
    x.df + 1.5 < MIN_ARTICLES as f64
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
    let p_equal_errors = behind::equal_errors(input, axis, at);
    let mut groups: Vec<AxisGroup> = (0..n_groups)
        .map(|g| group_figures(input, axis, at, g, mean.as_ref(), &by_class, n_figures))
        .collect();
    if p_equal_errors.is_some_and(|p| p < behind::ERRORS_DIFFER) {
        groups.iter_mut().filter_map(|g| g.sensitivity.as_mut()).for_each(behind::hide);
    }
    let mut pairs = Vec::new();
    if let Some(mean) = mean.as_ref().filter(|_| comparable) {
        checks::synthetic(input, mean, n_figures, &mut groups);
        pairs = pairs::pairs(input, mean);
        if input.params.intervals == Intervals::BootT {
            checks::bootstrapped(input, mean, at, n_figures, &mut groups, &mut pairs);
        }
        checks::permuted(input, mean, at, &mut pairs);
    }
    pool(&mut groups);
    let score = |s: &ScoredStatement| -> Option<f64> {
        let values = values.as_ref()?;
        let p = &s.axes.get(&axis.id)?.p;
        (p.len() == values.len()).then(|| p.iter().zip(values).map(|(p, v)| p * v).sum())
    };
    AxisComparison {
        id: axis.id.clone(),
        question: axis.question.clone(),
        lambda: mean.as_ref().filter(|_| corrected).map(|m| m.lambda),
        plan: mean.as_ref().and_then(|m| behind::plan(input, m, &groups)),
        classes: names,
        corrected,
        comparable,
        p_equal_errors,
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
    let values: Vec<f64> = (0..k).filter_map(|c| axis.pole(c)).map(crate::types::Pole::value).collect();
    let stance: Vec<(usize, f64)> = usable
        .iter()
        .filter(|_| mean.is_some())
        .map(|(i, p)| (*i, p.iter().zip(&values).map(|(p, v)| p * v).sum()))
        .collect();
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
        uncorrected: sampled_mean(input, stance.iter().copied(), n_figures),
        synthetic: None,
        scores: spread(stance.into_iter().map(|(_, score)| score).collect()),
        corrected: estimates.map(|e| figure(&for_target(e, params.target, g), params.level, n_figures)),
        pooled: None,
        classes,
        ranks: None,
        sensitivity: mean.map(|_| behind::sensitivity(input, axis, at, &usable, estimates)),
        details: mean.zip(estimates).map(|(m, e)| behind::details(input, axis, at, g, m, e)),
    }
}

/// How scores between −1 and +1 are spread; `None` without any.
fn spread(mut scores: Vec<f64>) -> Option<Spread> {
    scores.sort_by(f64::total_cmp);
    if scores.is_empty() {
        return None;
    }
    let mut counts = [0; Spread::BINS];
    for score in &scores {
        let bin = (f64::midpoint(score.clamp(-1.0, 1.0), 1.0) * Spread::BINS as f64) as usize;
        counts[bin.min(Spread::BINS - 1)] += 1;
    }
    let quantiles = [0.1, 0.25, 0.5, 0.75, 0.9].map(|p| quantile(&scores, p));
    let many = scores.len() >= Spread::MANY;
    let density = if many { density(&scores, -1.0, 1.0, Spread::STEPS) } else { Vec::new() };
    Some(Spread { counts, quantiles, density, points: if many { Vec::new() } else { scores } })
}

/// The mean of `(statement, value)`; an interval over clusters when there are enough of them.
pub fn sampled_mean(
    input: &Input<'_>,
    values: impl Iterator<Item = (usize, f64)>,
    n_figures: usize,
) -> Option<Estimate> {
    let values: Vec<(usize, f64)> = values.collect();
    let mean = input.clusters.mean(&values)?;
    let mean = if few_clusters(&mean) { mean.with_df(0.0) } else { mean };
    Some(figure(&mean, input.params.level, n_figures))
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
