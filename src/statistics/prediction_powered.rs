//! Means that a classifier's predictions sharpen and a random sample of hand labels keeps honest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Clustered;

/// What an interval speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// The process that makes the articles: which of them were written and collected is chance too.
    #[default]
    Process,
    /// Exactly these articles: only the choice of the labelled statements is chance.
    Corpus,
}

/// A hand label as the estimator sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelValue {
    /// The class value, say −1, 0, +1, or 1 for "is this class"; 0 when not relevant.
    pub value: f64,
    /// 1 when the statement is about the axis, else 0.
    pub relevance: f64,
    /// One over the chance of having been labelled.
    pub weight: f64,
}

/// One statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Which group (outlet) it belongs to, from 0.
    pub group: usize,
    /// Which cluster (article, story) it belongs to; clusters may reach over groups.
    pub cluster: u32,
    /// The predicted value.
    pub prediction: f64,
    /// The hand label, where there is one.
    pub label: Option<LabelValue>,
}

/// How far predictions are trusted, one number for all groups.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lambda {
    /// In [0, 1.5]; 0 means that labels alone are used.
    pub value: f64,
    /// The correlation of prediction and label within groups.
    pub correlation: f64,
    /// Labels it was found on.
    pub n: usize,
    /// True when the correlation was too weak to help, so that `value` was set to 0.
    pub dropped: bool,
}

impl Lambda {
    /// The pooled within-group slope of labels on predictions, clipped to [0, 1.5].
    ///
    /// `λ = Σ_o Σ_i w_i u_i (f_i − f̄_o) / Σ_o Σ_i w_i (f_i − f̄_o)²` over labelled statements, where `u_i` is the label
    /// without its group's mean (for a domain: `value − θ_o · relevance`). Below a correlation of `1/√(n − 2)`
    /// predictions would cost precision, and λ is 0.
    ///
    /// # References
    ///
    /// * Angelopoulos, Duchi & Zrnic (2023), *PPI++*, arXiv:2311.01453.
    /// * Mani et al. (2025), arXiv:2505.20178 (when predictions do not help).
    pub fn pooled(observations: &[Observation], n_groups: usize) -> Self {
        let mut sums = vec![[0.0_f64; 4]; n_groups];
        let labelled = || observations.iter().filter_map(|o| o.label.map(|l| (o, l)));
        for (o, l) in labelled() {
            let s = &mut sums[o.group];
            s[0] += l.weight;
            s[1] += l.weight * o.prediction;
            s[2] += l.weight * l.value;
            s[3] += l.weight * l.relevance;
        }
        let (mut uf, mut ff, mut uu, mut n) = (0.0, 0.0, 0.0, 0_usize);
        for (o, l) in labelled() {
            let [w, wf, wv, wr] = sums[o.group];
            let f = o.prediction - wf / w;
            let u = l.value - if wr > 0.0 { wv / wr } else { 0.0 } * l.relevance;
            uf += l.weight * u * f;
            ff += l.weight * f * f;
            uu += l.weight * u * u;
            n += 1;
        }
        let correlation = if uu > 0.0 && ff > 0.0 { uf / (uu * ff).sqrt() } else { 0.0 };
        let dropped = n < 4 || correlation < 1.0 / (n as f64 - 2.0).sqrt();
        let value = if dropped { 0.0 } else { (uf / ff).clamp(0.0, 1.5) };
        Self { value, correlation, n, dropped }
    }
}

/// The corrected mean of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupEstimate {
    /// The corrected mean over the relevant statements, with its jackknife by cluster.
    pub corrected: Clustered,
    /// The same from labels alone.
    pub labels_only: Clustered,
    /// Statements.
    pub n: usize,
    /// Labelled statements.
    pub n_labelled: usize,
    /// Clusters with at least one statement.
    pub n_clusters: usize,
    /// Clusters with at least one label.
    pub n_labelled_clusters: usize,
    /// The mean prediction over all statements.
    pub prediction: f64,
    /// The estimated share of statements that are about the axis.
    pub relevance: f64,
    /// The mean correction, before it is divided by the relevance.
    pub rectifier: f64,
    /// The variance as if statements were independent; the design effect is measured against it.
    pub independent_variance: f64,
    /// The variance over the choice of labels alone, for [`Target::Corpus`].
    pub corpus_variance: f64,
    /// Σ of label weights.
    pub weight: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: f64,
    f: f64,
    w: f64,
    wv: f64,
    wf: f64,
    wr: f64,
    labelled: f64,
}

impl Sums {
    fn add(&mut self, o: &Observation) {
        self.n += 1.0;
        self.f += o.prediction;
        if let Some(l) = o.label {
            self.w += l.weight;
            self.wv += l.weight * l.value;
            self.wf += l.weight * o.prediction;
            self.wr += l.weight * l.relevance;
            self.labelled += 1.0;
        }
    }

    fn combine(&self, other: &Self, sign: f64) -> Self {
        Self {
            n: self.n + sign * other.n,
            f: self.f + sign * other.f,
            w: self.w + sign * other.w,
            wv: self.wv + sign * other.wv,
            wf: self.wf + sign * other.wf,
            wr: self.wr + sign * other.wr,
            labelled: self.labelled + sign * other.labelled,
        }
    }

    /// `[λ·mean(f) + Σw(v − λf)/Σw] / [Σw·relevance/Σw]`.
    fn theta(&self, lambda: f64) -> Option<f64> {
        if self.labelled < 0.5 || self.wr <= 1e-9 || self.n < 0.5 {
            return None;
        }
        let numerator = lambda * self.f / self.n + (self.wv - lambda * self.wf) / self.w;
        Some(numerator / (self.wr / self.w))
    }
}

/// The prediction-powered mean of every group (PPI++, the survey difference estimator).
///
/// `θ_o = λ F_o + Σ_L (Y_i − λ f_i)/π_i / Σ_L 1/π_i`, with `F_o` the mean prediction over all statements of the group
/// and `L` its labelled ones. It is unbiased for any classifier as long as the labels are a random sample with known
/// chances `π_i`. Statements that are not about the axis make it a domain mean: numerator and share of relevant
/// statements are estimated alike and divided. Uncertainty: delete-one-cluster jackknife with λ held fixed, `t` with
/// one less than the labelled clusters.
///
/// # Arguments
///
/// * `observations` - all statements; groups in `0..n_groups`.
/// * `lambda` - how far predictions are trusted, see [`Lambda::pooled`].
///
/// # Returns
///
/// One entry per group; `None` for a group without any relevant labelled statement.
///
/// # Example
///
/// Predictions that are always 0.5 too high are put right by the labels:
///
/// ```
/// use sayso::statistics::{LabelValue, Observation, prediction_powered};
///
/// let statements: Vec<Observation> = (0..40)
///     .map(|i| {
///         let truth = f64::from(i % 2);
///         let label = LabelValue { value: truth, relevance: 1.0, weight: 4.0 };
///         Observation {
///             group: 0,
///             cluster: i / 4,
///             prediction: truth + 0.5,
///             label: (i % 4 < 2).then_some(label),
///         }
///     })
///     .collect();
/// let estimate = prediction_powered(&statements, 1, 1.0).remove(0).expect("labels");
/// assert!((estimate.corrected.estimate - 0.5).abs() < 1e-12);
/// assert!((estimate.prediction - 1.0).abs() < 1e-12);
/// ```
///
/// # References
///
/// * Angelopoulos et al. (2023), *Science* 382:669–674.
/// * Cassel, Särndal & Wretman (1976), *Biometrika* 63:615–620 (difference estimator).
pub fn prediction_powered(
    observations: &[Observation],
    n_groups: usize,
    lambda: f64,
) -> Vec<Option<GroupEstimate>> {
    let mut cells: Vec<BTreeMap<u32, Sums>> = vec![BTreeMap::new(); n_groups];
    let mut members: Vec<Vec<&Observation>> = vec![Vec::new(); n_groups];
    for o in observations {
        cells[o.group].entry(o.cluster).or_default().add(o);
        members[o.group].push(o);
    }
    cells.iter().zip(&members).map(|(cells, members)| group_estimate(cells, members, lambda)).collect()
}

fn group_estimate(
    cells: &BTreeMap<u32, Sums>,
    members: &[&Observation],
    lambda: f64,
) -> Option<GroupEstimate> {
    let total = cells.values().fold(Sums::default(), |sum, cell| sum.combine(cell, 1.0));
    let estimate = total.theta(lambda)?;
    let n_labelled_clusters = cells.values().filter(|c| c.labelled > 0.5).count();
    let df = n_labelled_clusters as f64 - 1.0;
    let without = |lambda: f64, estimate: f64| -> Vec<(u32, f64)> {
        cells
            .iter()
            .map(|(g, cell)| (*g, total.combine(cell, -1.0).theta(lambda).unwrap_or(estimate)))
            .collect()
    };
    let corrected = Clustered::new(estimate, &without(lambda, estimate)).with_df(df);
    let alone = total.theta(0.0)?;
    // Clusters without a label do not move an estimate from labels alone.
    let labelled_only: Vec<(u32, f64)> =
        without(0.0, alone).into_iter().filter(|(g, _)| cells[g].labelled > 0.5).collect();
    let labels_only = Clustered::new(alone, &labelled_only).with_df(df);
    let relevance = total.wr / total.w;
    let (independent_variance, corpus_variance) = variances(members, &total, lambda, estimate, relevance);
    Some(GroupEstimate {
        corrected,
        labels_only,
        n: members.len(),
        n_labelled: total.labelled as usize,
        n_clusters: cells.len(),
        n_labelled_clusters,
        prediction: total.f / total.n,
        relevance,
        rectifier: (total.wv - lambda * total.wf) / total.w,
        independent_variance,
        corpus_variance,
        weight: total.w,
    })
}

/// The variance for independent statements, and the one over the choice of labels alone.
fn variances(members: &[&Observation], total: &Sums, lambda: f64, theta: f64, relevance: f64) -> (f64, f64) {
    let mean = total.f / total.n;
    let mean_error = (total.wv - lambda * total.wf - theta * total.wr) / total.w;
    let (mut of_predictions, mut of_labels, mut of_choice) = (0.0, 0.0, 0.0);
    for o in members {
        of_predictions += (o.prediction - mean).powi(2);
        if let Some(l) = o.label {
            let error = l.value - lambda * o.prediction - theta * l.relevance - mean_error;
            let square = (l.weight * error / total.w).powi(2);
            of_labels += square;
            of_choice += (1.0 - 1.0 / l.weight.max(1.0)) * square;
        }
    }
    let small = total.labelled / (total.labelled - 1.0).max(1.0);
    let scale = small / (relevance * relevance);
    let predictions = lambda * lambda * of_predictions / (total.n * (total.n - 1.0).max(1.0));
    (of_labels * scale + predictions / (relevance * relevance), of_choice * scale)
}

/// Values whose mean over a group is the corrected estimate, one per observation, in their order.
///
/// `ỹ_i = θ + (num_i − θ · den_i) / ρ` with `num_i = λ f_i + (N/W) R_i w_i (v_i − λ f_i)` and `den_i = ρ + (N/W) R_i w_i
/// (relevance_i − ρ)`, `ρ` the share of relevant statements. Means of `ỹ` over any part of the group (a speaker, a
/// month) are unbiased for that part. `None` in groups without an estimate.
///
/// # References
///
/// * Egami, Hinck, Stewart & Wei (2023), *NeurIPS* 36 (design-based supervised learning, pseudo-outcomes).
pub fn pseudo_outcomes(
    observations: &[Observation],
    estimates: &[Option<GroupEstimate>],
    lambda: f64,
) -> Vec<Option<f64>> {
    observations
        .iter()
        .map(|o| {
            let group = estimates[o.group].as_ref()?;
            let (theta, rho) = (group.corrected.estimate, group.relevance);
            let mut numerator = lambda * o.prediction;
            let mut denominator = rho;
            if let Some(l) = o.label {
                let scale = group.n as f64 / group.weight * l.weight;
                numerator += scale * (l.value - lambda * o.prediction);
                denominator += scale * (l.relevance - rho);
            }
            Some(theta + (numerator - theta * denominator) / rho)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Draws;

    fn observations(seed: u64, relevant: f64) -> Vec<Observation> {
        let mut draws = Draws::new(seed, 0);
        (0..400)
            .map(|i| {
                let relevance = f64::from(u8::from(draws.uniform() < relevant));
                let value = relevance * (draws.below(3) as f64 - 1.0);
                let prediction = 0.6 * value + 0.3 + 0.4 * draws.uniform();
                let label =
                    (draws.uniform() < 0.3).then_some(LabelValue { value, relevance, weight: 1.0 / 0.3 });
                Observation { group: i % 2, cluster: (i / 8) as u32, prediction, label }
            })
            .collect()
    }

    #[test]
    fn lambda_zero_is_the_labels_alone() {
        let data = observations(1, 0.8);
        for estimate in prediction_powered(&data, 2, 0.0).into_iter().flatten() {
            assert!((estimate.corrected.estimate - estimate.labels_only.estimate).abs() < 1e-12);
            assert!((estimate.corrected.variance() / estimate.labels_only.variance() - 1.0).abs() < 0.1);
        }
    }

    #[test]
    fn good_predictions_shorten_the_interval() {
        let data = observations(2, 1.0);
        let lambda = Lambda::pooled(&data, 2);
        assert!(!lambda.dropped && lambda.value > 1.0 && lambda.correlation > 0.9, "{lambda:?}");
        for estimate in prediction_powered(&data, 2, lambda.value).into_iter().flatten() {
            assert!(estimate.corrected.variance() < 0.6 * estimate.labels_only.variance());
            assert!(estimate.corpus_variance < estimate.independent_variance);
        }
    }

    #[test]
    fn useless_predictions_are_dropped() {
        let mut data = observations(3, 1.0);
        let mut draws = Draws::new(9, 0);
        for o in &mut data {
            o.prediction = draws.uniform();
        }
        let lambda = Lambda::pooled(&data, 2);
        assert!(lambda.dropped && lambda.value == 0.0, "{lambda:?}");
    }

    #[test]
    fn pseudo_outcomes_average_to_the_estimate() {
        for relevant in [1.0, 0.7] {
            let data = observations(4, relevant);
            let estimates = prediction_powered(&data, 2, 0.9);
            let pseudo = pseudo_outcomes(&data, &estimates, 0.9);
            for (group, estimate) in estimates.iter().enumerate() {
                let values: Vec<f64> = data
                    .iter()
                    .zip(&pseudo)
                    .filter(|(o, _)| o.group == group)
                    .filter_map(|(_, y)| *y)
                    .collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let estimate = estimate.as_ref().expect("labels");
                assert!((mean - estimate.corrected.estimate).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_census_leaves_no_doubt_about_the_corpus() {
        let mut data = observations(5, 0.8);
        for o in &mut data {
            o.label = Some(LabelValue { value: o.prediction, relevance: 1.0, weight: 1.0 });
        }
        let estimates = prediction_powered(&data, 2, 0.5);
        assert!(estimates.iter().flatten().all(|e| e.corpus_variance == 0.0 && e.corrected.variance() > 0.0));
    }

    #[test]
    fn a_group_without_labels_has_no_estimate() {
        let mut data = observations(6, 1.0);
        for o in data.iter_mut().filter(|o| o.group == 1) {
            o.label = None;
        }
        let estimates = prediction_powered(&data, 2, 1.0);
        assert!(estimates[0].is_some() && estimates[1].is_none());
    }
}
