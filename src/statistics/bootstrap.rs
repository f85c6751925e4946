//! Bootstrap-t: intervals from resampled articles, each replicate measured in its own standard errors.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{Draws, Interval, Observation};

/// Sums of one cluster in one group: statements, predictions, and weight, value, prediction and relevance of labels.
type Cell = [f64; 6];

/// A statistic with its bootstrap distribution in standard errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Studentised {
    /// The statistic on everything.
    pub estimate: f64,
    /// Its standard error, from cluster sums.
    pub standard_error: f64,
    /// `(θ* − θ) / se*` of every replicate, in rising order.
    t: Vec<f64>,
}

impl Studentised {
    /// How many replicates lie beyond the end of an interval with `alpha` outside: the most that are fewer than
    /// `α (B + 1) / 2`.
    fn beyond(&self, alpha: f64) -> Option<usize> {
        let share = alpha * (self.t.len() as f64 + 1.0) / 2.0;
        let k = (share - 1e-9).ceil() as usize;
        k.checked_sub(1).filter(|k| *k >= 1)
    }

    /// `[θ − t*₍high₎ se, θ − t*₍low₎ se]`; `None` when the replicates are too few for this level.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let k = self.beyond(1.0 - level)?;
        let (low, high) = (self.t[k - 1], self.t[self.t.len() - k]);
        Some(Interval {
            low: self.estimate - high * self.standard_error,
            high: self.estimate - low * self.standard_error,
        })
    }

    /// The two-sided p value of "it is 0", `2 · (1 + beyond) / (B + 1)` with `beyond` counted in the nearer tail: below
    /// `1 − level` exactly when the interval at that level leaves 0 out.
    pub fn p_value(&self) -> f64 {
        let seen = self.estimate / self.standard_error;
        let above = self.t.len() - self.t.partition_point(|t| *t < seen);
        let below = self.t.partition_point(|t| *t <= seen);
        (2.0 * (above.min(below) as f64 + 1.0) / (self.t.len() as f64 + 1.0)).min(1.0)
    }
}

/// Prediction-powered means and their differences with bootstrap-t distributions.
///
/// Every replicate draws as many clusters (articles, stories) as there are, with replacement, over all groups at once, so
/// that a story in two groups is drawn for both. λ is held fixed. Standard errors are those of cluster sums,
/// `V = G/(G − 1) Σ_g ψ_g²` with `ψ_g` what the cluster adds to the linearised estimate, on the data and in every replicate.
/// Replicates have streams of their own: equal input gives equal bits on any number of threads.
///
/// # Example
///
/// ```
/// use sayso::statistics::{Bootstrap, LabelValue, Observation};
///
/// let statements: Vec<Observation> = (0..60)
///     .map(|i| {
///         let value = f64::from(i % 3) - 1.0 + f64::from(i / 30);
///         let label = Some(LabelValue { value, relevance: 1.0, weight: 1.0 });
///         Observation { group: (i / 30) as usize, cluster: i / 2, prediction: 0.0, label }
///     })
///     .collect();
/// let bootstrap = Bootstrap::new(&statements, 2, 0.0, 1999, 1);
/// let difference = bootstrap.difference(1, 0).expect("thirty labels in each");
/// assert!((difference.estimate - 1.0).abs() < 1e-12);
/// let interval = difference.interval(0.95).expect("1999 replicates");
/// assert!(interval.low > 0.0 && interval.high < 2.0 && difference.p_value() < 0.05);
/// ```
///
/// # References
///
/// * Efron (1981), *Canadian Journal of Statistics* 9:139–172 (bootstrap-t).
/// * Cameron, Gelbach & Miller (2008), *Review of Economics and Statistics* 90:414–427 (with clusters).
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    figures: Vec<Option<Studentised>>,
    /// By pair `(a, b)` with `a < b`: first minus second.
    differences: BTreeMap<(usize, usize), Studentised>,
}

/// One group under one draw of clusters: the estimate, its variance, and what each cluster adds.
struct Drawn {
    estimate: f64,
    variance: f64,
    /// Of clusters that other groups have too: place among the shared ones, count, addition.
    shared: Vec<(usize, f64, f64)>,
    small: f64,
}

/// The clusters of all groups.
struct World {
    /// By group: cluster, place among the shared clusters, sums.
    groups: Vec<Vec<(usize, Option<usize>, Cell)>>,
    n_clusters: usize,
    n_shared: usize,
    lambda: f64,
}

impl World {
    fn new(observations: &[Observation], n_groups: usize, lambda: f64) -> Self {
        let mut ids: BTreeMap<u32, usize> = observations.iter().map(|o| (o.cluster, 0)).collect();
        for (i, id) in ids.values_mut().enumerate() {
            *id = i;
        }
        let mut cells: Vec<BTreeMap<usize, Cell>> = vec![BTreeMap::new(); n_groups];
        for o in observations {
            let cell = cells[o.group].entry(ids[&o.cluster]).or_default();
            cell[0] += 1.0;
            cell[1] += o.prediction;
            if let Some(l) = o.label {
                cell[2] += l.weight;
                cell[3] += l.weight * l.value;
                cell[4] += l.weight * o.prediction;
                cell[5] += l.weight * l.relevance;
            }
        }
        let mut times = vec![0; ids.len()];
        cells.iter().flat_map(BTreeMap::keys).for_each(|c| times[*c] += 1);
        let mut n_shared = 0;
        let places: Vec<Option<usize>> = times
            .iter()
            .map(|n| {
                n_shared += usize::from(*n > 1);
                (*n > 1).then(|| n_shared - 1)
            })
            .collect();
        let groups = cells
            .into_iter()
            .map(|g| g.into_iter().map(|(c, cell)| (c, places[c], cell)).collect())
            .collect();
        Self { groups, n_clusters: ids.len(), n_shared, lambda }
    }

    /// All groups, each cluster counted so many times; `None` for a group that cannot be estimated.
    fn drawn(&self, counts: &[f64]) -> Vec<Option<Drawn>> {
        self.groups.iter().map(|group| self.group(group, counts)).collect()
    }

    fn group(&self, group: &[(usize, Option<usize>, Cell)], counts: &[f64]) -> Option<Drawn> {
        let mut total = [0.0; 6];
        let (mut clusters, mut labelled) = (0.0, 0.0);
        for (c, _, cell) in group.iter().filter(|(c, ..)| counts[*c] > 0.0) {
            clusters += counts[*c];
            labelled += if cell[2] > 0.0 { counts[*c] } else { 0.0 };
            for (sum, part) in total.iter_mut().zip(cell) {
                *sum += counts[*c] * part;
            }
        }
        let [n, f, w, wv, wf, wr] = total;
        if labelled < 2.0 || wr <= 1e-9 {
            return None;
        }
        let (mean, error, relevance) = (f / n, (wv - self.lambda * wf) / w, wr / w);
        let estimate = (self.lambda * mean + error) / relevance;
        let small = clusters / (clusters - 1.0);
        let mut drawn = Drawn { estimate, variance: 0.0, shared: Vec::new(), small };
        for (c, place, cell) in group.iter().filter(|(c, ..)| counts[*c] > 0.0) {
            let [n_g, f_g, w_g, wv_g, wf_g, wr_g] = cell;
            let adds = (self.lambda * (f_g - mean * n_g) / n + (wv_g - self.lambda * wf_g - error * w_g) / w
                - estimate * (wr_g - relevance * w_g) / w)
                / relevance;
            drawn.variance += small * counts[*c] * adds * adds;
            drawn.shared.extend(place.map(|place| (place, counts[*c], adds)));
        }
        (drawn.variance > 1e-15).then_some(drawn)
    }

    /// The covariance of every pair of groups, through the clusters both have.
    fn covariance(&self, a: &Drawn, b: &Drawn, row: &mut [f64]) -> f64 {
        if self.n_shared == 0 || a.shared.is_empty() || b.shared.is_empty() {
            return 0.0;
        }
        for (place, count, adds) in &a.shared {
            row[*place] = count * adds;
        }
        let sum: f64 = b.shared.iter().map(|(place, _, adds)| row[*place] * adds).sum();
        for (place, ..) in &a.shared {
            row[*place] = 0.0;
        }
        sum * (a.small * b.small).sqrt()
    }

    /// Estimate and standard error of every group, then of every pair.
    fn figures(&self, counts: &[f64]) -> Vec<Option<[f64; 2]>> {
        let drawn = self.drawn(counts);
        let mut row = vec![0.0; self.n_shared];
        let mut out: Vec<Option<[f64; 2]>> =
            drawn.iter().map(|d| d.as_ref().map(|d| [d.estimate, d.variance.sqrt()])).collect();
        for (a, b) in pairs(drawn.len()) {
            out.push(drawn[a].as_ref().zip(drawn[b].as_ref()).and_then(|(a, b)| {
                let variance = a.variance + b.variance - 2.0 * self.covariance(a, b, &mut row);
                (variance > 1e-15).then(|| [a.estimate - b.estimate, variance.sqrt()])
            }));
        }
        out
    }
}

fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |a| (a + 1..n).map(move |b| (a, b)))
}

impl Bootstrap {
    /// Resamples `replicates` times.
    ///
    /// # Arguments
    ///
    /// * `observations`, `n_groups`, `lambda` - as for [`prediction_powered`](super::prediction_powered).
    /// * `replicates` - 1999, say; the smallest possible p value is `2 / (replicates + 1)`.
    /// * `seed` - names the random numbers.
    pub fn new(
        observations: &[Observation],
        n_groups: usize,
        lambda: f64,
        replicates: usize,
        seed: u64,
    ) -> Self {
        let world = World::new(observations, n_groups, lambda);
        let seen = world.figures(&vec![1.0; world.n_clusters]);
        let t: Vec<Vec<f64>> = (0..replicates)
            .into_par_iter()
            .map(|replicate| {
                let mut draws = Draws::new(seed, replicate as u64);
                let mut counts = vec![0.0; world.n_clusters];
                for _ in 0..world.n_clusters {
                    counts[draws.below(world.n_clusters)] += 1.0;
                }
                let found = world.figures(&counts);
                let t = |(seen, found): (&Option<[f64; 2]>, &Option<[f64; 2]>)| match (seen, found) {
                    (Some([theta, _]), Some([estimate, error])) => (estimate - theta) / error,
                    _ => f64::NAN,
                };
                seen.iter().zip(&found).map(t).collect()
            })
            .collect();
        let mut all = seen.iter().enumerate().map(|(i, figure)| {
            let [estimate, standard_error] = (*figure)?;
            // A replicate without labels in the group says nothing of it.
            let mut t: Vec<f64> = t.iter().map(|row| row[i]).filter(|t| t.is_finite()).collect();
            t.sort_by(f64::total_cmp);
            Some(Studentised { estimate, standard_error, t })
        });
        let figures = all.by_ref().take(n_groups).collect();
        let differences = pairs(n_groups).zip(all).filter_map(|(pair, x)| Some((pair, x?))).collect();
        Self { figures, differences }
    }

    /// The figure of a group; `None` without labels in two clusters.
    pub fn figure(&self, group: usize) -> Option<&Studentised> {
        self.figures.get(group)?.as_ref()
    }

    /// The difference `a − b` of two groups.
    pub fn difference(&self, a: usize, b: usize) -> Option<Studentised> {
        if a < b {
            return self.differences.get(&(a, b)).cloned();
        }
        let Studentised { estimate, standard_error, t } = self.differences.get(&(b, a))?;
        let t = t.iter().rev().map(|t| -t).collect();
        Some(Studentised { estimate: -estimate, standard_error: *standard_error, t })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{LabelValue, prediction_powered};

    fn observations(seed: u64, shift: f64, shared: bool) -> Vec<Observation> {
        let mut draws = Draws::new(seed, 0);
        (0..240_u32)
            .map(|i| {
                let group = (i / 120) as usize;
                let cluster = i / 4 - if shared && group == 1 { 30 } else { 0 };
                let value = draws.below(3) as f64 - 1.0 + shift * group as f64;
                let prediction = 0.5 * value + draws.uniform();
                let label =
                    (draws.uniform() < 0.5).then_some(LabelValue { value, relevance: 1.0, weight: 2.0 });
                Observation { group, cluster, prediction, label }
            })
            .collect()
    }

    #[test]
    fn it_estimates_what_the_jackknife_estimates() {
        let data = observations(1, 0.4, false);
        let bootstrap = Bootstrap::new(&data, 2, 0.8, 1999, 7);
        for (g, e) in prediction_powered(&data, 2, 0.8).into_iter().enumerate() {
            let (e, x) = (e.expect("labels").corrected, bootstrap.figure(g).expect("labels"));
            assert!((x.estimate - e.estimate).abs() < 1e-12);
            assert!((x.standard_error / e.standard_error() - 1.0).abs() < 0.05);
            let (ours, theirs) = (x.interval(0.95).expect("1999"), e.interval(0.95).expect("30 articles"));
            let ratio = (ours.high - ours.low) / (theirs.high - theirs.low);
            assert!((0.85..1.2).contains(&ratio), "{ratio}");
        }
    }

    #[test]
    fn p_falls_below_the_level_exactly_when_the_interval_leaves_zero_out() {
        let mut outside = 0;
        for step in 0..40_u32 {
            let data = observations(u64::from(step), f64::from(step) * 0.02, step % 2 == 0);
            let x = Bootstrap::new(&data, 2, 0.8, 199, 3).difference(1, 0).expect("labels");
            for level in [0.8, 0.9, 0.95] {
                let interval = x.interval(level).expect("199 replicates");
                let out = interval.low > 0.0 || interval.high < 0.0;
                outside += usize::from(out);
                assert_eq!(x.p_value() < 1.0 - level - 1e-12, out, "{step} {level} {}", x.p_value());
            }
        }
        assert!((10..110).contains(&outside), "{outside} of 120");
    }

    #[test]
    fn a_difference_turned_round_is_its_mirror() {
        let bootstrap = Bootstrap::new(&observations(2, 0.5, false), 2, 0.8, 199, 3);
        let (ab, ba) =
            (bootstrap.difference(0, 1).expect("labels"), bootstrap.difference(1, 0).expect("labels"));
        let (x, y) = (ab.interval(0.9).expect("199"), ba.interval(0.9).expect("199"));
        assert!((x.low + y.high).abs() < 1e-12 && (ab.p_value() - ba.p_value()).abs() < 1e-12);
    }

    #[test]
    fn shared_stories_make_a_difference_surer() {
        // Both groups print the same stories, and say in each what the story gives them.
        let mut draws = Draws::new(4, 0);
        let mood: Vec<f64> = (0..30).map(|_| 2.0 * draws.uniform()).collect();
        let width = |shared: bool| {
            let data: Vec<Observation> = (0..60_u32)
                .map(|i| {
                    let (group, story) = ((i / 30) as usize, i % 30);
                    let value = mood[story as usize] + 0.1 * f64::from(i % 7);
                    let label = Some(LabelValue { value, relevance: 1.0, weight: 1.0 });
                    Observation { group, cluster: if shared { story } else { i }, prediction: 0.0, label }
                })
                .collect();
            let x = Bootstrap::new(&data, 2, 0.0, 999, 1).difference(0, 1).expect("labels");
            x.interval(0.95).map(|i| i.high - i.low).expect("999 replicates")
        };
        assert!(width(true) < 0.5 * width(false), "{} {}", width(true), width(false));
    }

    #[test]
    fn too_few_replicates_have_no_interval_and_no_labels_no_figure() {
        let mut data = observations(5, 0.0, false);
        let x = Bootstrap::new(&data, 2, 0.8, 30, 1);
        assert_eq!(x.figure(0).and_then(|f| f.interval(0.95)), None);
        for o in data.iter_mut().filter(|o| o.group == 1) {
            o.label = None;
        }
        let x = Bootstrap::new(&data, 2, 0.8, 30, 1);
        assert!(x.figure(0).is_some() && x.figure(1).is_none() && x.difference(0, 1).is_none());
    }
}
