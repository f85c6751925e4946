//! A figure for a group without labels, from what the labels of the other groups say of the model's error.

use std::collections::BTreeMap;

use super::{Clustered, Observation, between_variance};

/// Groups with fewer labels than this, or in fewer clusters than the second, say too little of their error.
const MIN_LABELS: usize = 10;
const MIN_CLUSTERS: usize = 5;
/// Groups that must have said something.
const MIN_GROUPS: usize = 3;

/// What the labelled groups say of the error, pooled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PooledError {
    /// The mean correction, before it is divided by the relevance.
    pub rectifier: f64,
    /// Its variance for a group that was not seen: that of the mean, and that between groups.
    pub rectifier_variance: f64,
    /// The mean share of statements that are about the axis.
    pub relevance: f64,
    /// Its variance for a group that was not seen.
    pub relevance_variance: f64,
    /// Groups that it comes from.
    pub n_groups: usize,
}

/// Sums of one cluster in one group: weights, weighted errors, weighted relevance, labels.
type Cell = [f64; 4];

impl PooledError {
    /// Pools the corrections of the groups that have enough labels, with the variance between them (Paule and Mandel).
    ///
    /// `None` when fewer than three groups have ten labels in five clusters.
    pub fn new(observations: &[Observation], n_groups: usize, lambda: f64) -> Option<Self> {
        let mut groups: Vec<BTreeMap<u32, Cell>> = vec![BTreeMap::new(); n_groups];
        for o in observations {
            let Some(l) = o.label else { continue };
            let cell = groups[o.group].entry(o.cluster).or_default();
            cell[0] += l.weight;
            cell[1] += l.weight * (l.value - lambda * o.prediction);
            cell[2] += l.weight * l.relevance;
            cell[3] += 1.0;
        }
        let (mut errors, mut shares) = (Vec::new(), Vec::new());
        for cells in &groups {
            let n: f64 = cells.values().map(|c| c[3]).sum();
            if n < MIN_LABELS as f64 || cells.len() < MIN_CLUSTERS {
                continue;
            }
            let ratio = |of: usize| {
                Clustered::ratio(&cells.iter().map(|(g, c)| (*g, c[of], c[0])).collect::<Vec<_>>())
            };
            // Labels that all say the same still leave half a label of doubt.
            let doubt = 0.25 / (n * n);
            for (list, of) in [(&mut errors, 1), (&mut shares, 2)] {
                let x = ratio(of)?;
                list.push((x.estimate, x.variance().max(doubt)));
            }
        }
        if errors.len() < MIN_GROUPS {
            return None;
        }
        let pooled = |list: &[(f64, f64)]| {
            let (estimates, variances): (Vec<f64>, Vec<f64>) = list.iter().copied().unzip();
            let (between, mean) = between_variance(&estimates, &variances)?;
            let of_mean = 1.0 / variances.iter().map(|v| 1.0 / (v + between)).sum::<f64>();
            Some((mean, of_mean + between))
        };
        let (rectifier, rectifier_variance) = pooled(&errors)?;
        // Where every label is about the axis there is nothing to estimate.
        let (relevance, relevance_variance) =
            if shares.iter().all(|(share, _)| *share >= 1.0) { (1.0, 0.0) } else { pooled(&shares)? };
        (relevance > 0.01).then_some(Self {
            rectifier,
            rectifier_variance,
            relevance,
            relevance_variance,
            n_groups: errors.len(),
        })
    }

    /// The synthetic figure of a group without labels: `(λ F + r̄) / ρ̄`.
    ///
    /// `F` is the group's mean prediction, `r̄` and `ρ̄` the pooled correction and relevance. The variance adds that of
    /// `F` over clusters to those of `r̄` and `ρ̄` *between groups*; `t` with two less than the groups they come from, as
    /// in a prediction interval. It holds only as far as this group's errors are like those of a group drawn from the
    /// others: it is **not design-based**, and must take part in no test.
    ///
    /// # Arguments
    ///
    /// * `prediction` - `F` with its deviations by cluster.
    /// * `lambda` - how far predictions are trusted, as for the labelled groups.
    ///
    /// # References
    ///
    /// * Rao & Molina (2015), *Small Area Estimation*, 2nd ed., ch. 3 (synthetic estimates).
    /// * Higgins, Thompson & Spiegelhalter (2009), *JRSS A* 172:137–159 (prediction intervals).
    pub fn synthetic(&self, prediction: &Clustered, lambda: f64) -> Clustered {
        let estimate = (lambda * prediction.estimate + self.rectifier) / self.relevance;
        let variance = lambda * lambda * prediction.variance()
            + self.rectifier_variance
            + estimate * estimate * self.relevance_variance;
        let df = self.n_groups as f64 - 2.0;
        Clustered::independent(estimate, variance / (self.relevance * self.relevance), df, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{Draws, LabelValue, Lambda};

    /// Six groups whose predictions are too high by an amount of their own; the last has no labels.
    fn world(seed: u64, relevant: f64, spread: f64) -> (Vec<Observation>, f64) {
        let mut draws = Draws::new(seed, 0);
        let (mut observations, mut truth) = (Vec::new(), [0.0, 0.0]);
        for group in 0..6 {
            let bias = 0.3 + spread * (2.0 * draws.uniform() - 1.0);
            for i in 0..400_u32 {
                let relevance = f64::from(u8::from(draws.uniform() < relevant));
                let value = relevance * (draws.below(3) as f64 - 1.0);
                let prediction = 0.5 * value + bias + 0.4 * (draws.uniform() - 0.5);
                if group == 5 {
                    truth[0] += value;
                    truth[1] += relevance;
                }
                let label = (group < 5 && draws.uniform() < 0.3).then_some(LabelValue {
                    value,
                    relevance,
                    weight: 1.0 / 0.3,
                });
                observations.push(Observation {
                    group,
                    cluster: group as u32 * 1000 + i / 4,
                    prediction,
                    label,
                });
            }
        }
        (observations, truth[0] / truth[1])
    }

    fn figure(observations: &[Observation]) -> Clustered {
        let lambda = Lambda::pooled(observations, 6).value;
        let sums: Vec<(u32, f64, f64)> =
            observations.iter().filter(|o| o.group == 5).map(|o| (o.cluster, o.prediction, 1.0)).collect();
        let prediction = Clustered::ratio(&sums).expect("statements");
        PooledError::new(observations, 6, lambda)
            .expect("five labelled groups")
            .synthetic(&prediction, lambda)
    }

    #[test]
    fn the_interval_holds_the_truth_of_the_group_nobody_labelled() {
        for relevant in [1.0, 0.6] {
            let held = (0..100)
                .filter(|seed| {
                    let (observations, truth) = world(*seed, relevant, 0.3);
                    let interval = figure(&observations).interval(0.95).expect("three degrees of freedom");
                    interval.low <= truth && truth <= interval.high
                })
                .count();
            assert!(held >= 90, "{held} of 100 at relevance {relevant}");
        }
    }

    #[test]
    fn groups_that_err_differently_leave_more_doubt() {
        let width = |spread: f64| {
            let x = figure(&world(3, 1.0, spread).0).interval(0.95).expect("three degrees of freedom");
            x.high - x.low
        };
        assert!(width(0.8) > 2.0 * width(0.0), "{} {}", width(0.8), width(0.0));
    }

    #[test]
    fn two_labelled_groups_are_too_few() {
        let mut observations = world(1, 1.0, 0.1).0;
        for o in observations.iter_mut().filter(|o| o.group > 1) {
            o.label = None;
        }
        assert_eq!(PooledError::new(&observations, 6, 1.0), None);
    }
}
