//! What stands beside a difference or in place of a figure: permutation tests, bootstrap-t, synthetic figures.

use rayon::prelude::*;

use super::axis::{Values, few_clusters, figure};
use super::result::{AxisGroup, Estimate, GroupSummary, Pair};
use super::{CompareParams, Input, Intervals};
use crate::statistics::{
    Bootstrap, Clustered, Draws, PooledError, Studentised, Target, permutation_p_value, pseudo_outcomes,
};

/// Seeds of the permutations and of the bootstrap.
const PERMUTATION_SEED: u64 = 72;
const BOOTSTRAP_SEED: u64 = 73;
/// Permutations of a difference; the smaller number when the larger would take more steps than [`STEPS`].
const PERMUTATIONS: [usize; 2] = [9999, 999];
/// Articles dealt out in all permutations of a report.
const STEPS: f64 = 1e9;
/// Bootstrap replicates, and the most when many differences are tested: Holm's method asks for small p values.
const REPLICATES: [usize; 2] = [1999, 9999];
/// How many streams of random numbers an axis has.
const STREAMS: u64 = 1_000_000;

/// How many permutations each difference gets at most.
pub fn permutations(groups: &[GroupSummary], n_axes: usize, params: &CompareParams) -> usize {
    if params.target == Target::Corpus {
        return 0;
    }
    let mut dealt = 0.0;
    for (i, a) in groups.iter().enumerate() {
        dealt += groups[i + 1..].iter().map(|b| a.n_articles.min(b.n_articles) as f64).sum::<f64>();
    }
    let [many, fewer] = PERMUTATIONS;
    if dealt * n_axes as f64 * many as f64 <= STEPS { many } else { fewer }
}

/// How many replicates the bootstrap makes: enough for a p value that Holm's method over all tests can pass.
pub fn replicates(n_tests: usize, params: &CompareParams) -> usize {
    let [least, most] = REPLICATES;
    match params.intervals {
        Intervals::T => 0,
        Intervals::BootT => (80 * n_tests).saturating_sub(1).clamp(least, most),
    }
}

/// The permutation test of every pair: whole articles (stories) dealt out anew between the two groups.
pub fn permuted(input: &Input<'_>, mean: &Values, at: usize, pairs: &mut [Pair]) {
    if input.n_permutations == 0 {
        return;
    }
    let pseudo = pseudo_outcomes(&mean.observations, &mean.estimates, mean.lambda.value);
    let mut by_group: Vec<Vec<(u32, f64)>> = vec![Vec::new(); input.groups.summaries.len()];
    for (o, value) in mean.observations.iter().zip(pseudo) {
        by_group[o.group].extend(value.map(|value| (o.cluster, value)));
    }
    pairs.par_iter_mut().enumerate().for_each(|(stream, pair)| {
        let (Some(a), Some(b)) = (input.groups.place(&pair.a), input.groups.place(&pair.b)) else { return };
        let mut draws = Draws::new(PERMUTATION_SEED, at as u64 * STREAMS + stream as u64);
        pair.p_permutation =
            permutation_p_value(&by_group[a], &by_group[b], input.n_permutations, &mut draws);
    });
}

/// Puts bootstrap-t intervals and p values in place of those of the jackknife.
pub fn bootstrapped(
    input: &Input<'_>,
    mean: &Values,
    at: usize,
    n_figures: usize,
    groups: &mut [AxisGroup],
    pairs: &mut Vec<Pair>,
) {
    let seed = BOOTSTRAP_SEED + STREAMS * at as u64;
    let bootstrap = Bootstrap::new(
        &mean.observations,
        input.groups.summaries.len(),
        mean.lambda.value,
        input.n_replicates,
        seed,
    );
    let level = input.params.level;
    for (g, group) in groups.iter_mut().enumerate() {
        // Where data are too few for a jackknife interval, a bootstrap of them is no better.
        let Some(corrected) = group.corrected.as_mut().filter(|e| e.interval.is_some()) else { continue };
        *corrected = match bootstrap.figure(g) {
            Some(x) => bootstrapped_figure(x, level, n_figures),
            None => Estimate { interval: None, simultaneous: None, ..*corrected },
        };
    }
    pairs.retain_mut(|pair| {
        let places = input.groups.place(&pair.a).zip(input.groups.place(&pair.b));
        let Some(x) = places.and_then(|(a, b)| bootstrap.difference(a, b)) else { return false };
        pair.standard_error = x.standard_error;
        pair.interval = x.interval(level);
        pair.p = x.p_value();
        (pair.p_holm, pair.p_bh) = (pair.p, pair.p);
        true
    });
}

fn bootstrapped_figure(x: &Studentised, level: f64, n_figures: usize) -> Estimate {
    Estimate {
        value: x.estimate,
        standard_error: Some(x.standard_error),
        interval: x.interval(level),
        simultaneous: x.interval(1.0 - (1.0 - level) / n_figures.max(1) as f64),
    }
}

/// Gives groups without labels a figure from the errors that labels show in the others.
pub fn synthetic(input: &Input<'_>, mean: &Values, n_figures: usize, groups: &mut [AxisGroup]) {
    let lambda = mean.lambda.value;
    let Some(pooled) = PooledError::new(&mean.observations, groups.len(), lambda) else { return };
    for (g, group) in groups.iter_mut().enumerate() {
        let members = || mean.observations.iter().zip(&mean.statement).filter(|(o, _)| o.group == g);
        if group.n_scored == 0 || members().any(|(o, _)| o.label.is_some()) {
            continue;
        }
        let values: Vec<(usize, f64)> = members().map(|(o, i)| (*i, o.prediction)).collect();
        let Some(prediction) = input.clusters.mean(&values) else { continue };
        let few = few_clusters(&prediction);
        // Exactly these articles are not a sample of any.
        let prediction = match input.params.target {
            Target::Process => prediction,
            Target::Corpus => Clustered::independent(prediction.estimate, 0.0, prediction.df, 0),
        };
        let figure_of = pooled.synthetic(&prediction, lambda);
        let unsure = few && input.params.target == Target::Process;
        let figure_of = if unsure { figure_of.with_df(0.0) } else { figure_of };
        group.synthetic = Some(figure(&figure_of, input.params.level, n_figures));
    }
}
