//! Tests that permute whole clusters (articles): they need no model of the classifier's errors and no distribution.

use std::collections::BTreeMap;

use super::Draws;

/// A run stops once so many permutations were as extreme as the data: `p` is then known to about 10 % of itself.
const ENOUGH: usize = 100;

/// Sums over the clusters of one side.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    clusters: f64,
    s: f64,
    n: f64,
    ss: f64,
    sn: f64,
    nn: f64,
}

impl Sums {
    fn add(&mut self, [s, n]: [f64; 2]) {
        self.clusters += 1.0;
        self.s += s;
        self.n += n;
        self.ss += s * s;
        self.sn += s * n;
        self.nn += n * n;
    }

    fn less(&self, other: &Self) -> Self {
        Self {
            clusters: self.clusters - other.clusters,
            s: self.s - other.s,
            n: self.n - other.n,
            ss: self.ss - other.ss,
            sn: self.sn - other.sn,
            nn: self.nn - other.nn,
        }
    }

    fn plus(&self, other: &Self) -> Self {
        self.less(&Self::default().less(other))
    }

    fn mean(&self) -> f64 {
        self.s / self.n
    }

    fn small(&self) -> f64 {
        self.clusters / (self.clusters - 1.0)
    }

    fn variance(&self) -> f64 {
        let m = self.mean();
        self.small() * (self.ss - 2.0 * m * self.sn + m * m * self.nn) / (self.n * self.n)
    }
}

/// Products of the two parts of clusters that lie in both groups: for their covariance.
#[derive(Debug, Clone, Copy, Default)]
struct Cross {
    ss: f64,
    ns: f64,
    sn: f64,
    nn: f64,
}

/// The difference of two means over its cluster-robust standard error; `None` when nothing varies.
fn studentised(a: &Sums, b: &Sums, cross: &Cross) -> Option<f64> {
    let (m, k) = (a.mean(), b.mean());
    let covariance = (a.small() * b.small()).sqrt()
        * (cross.ss - m * cross.ns - k * cross.sn + m * k * cross.nn)
        / (a.n * b.n);
    let variance = a.variance() + b.variance() - 2.0 * covariance;
    (variance > 1e-15).then(|| (m - k) / variance.sqrt())
}

/// Could two groups be one? The p value of a permutation test of their means, clusters kept whole.
///
/// The statistic is `|m_A − m_B| / se`, with the cluster-robust standard error computed anew in every permutation:
/// studentised, the test also holds when the groups differ in the number, size and likeness of their clusters. Clusters
/// that lie in one group are dealt out anew, as many to each group as it had; the two parts of a cluster that lies in
/// both (one story) are swapped or not, and stay paired.
///
/// # Arguments
///
/// * `a`, `b` - `(cluster, value)` of every statement; values whose mean is the figure, such as
///   [`pseudo_outcomes`](super::pseudo_outcomes).
/// * `permutations` - at most so many; fewer when 100 were as extreme before.
///
/// # Returns
///
/// `(1 + as extreme) / (1 + permutations)`, or `as extreme / permutations` when stopped early; `None` with fewer than
/// two clusters in a group or without any variance.
///
/// # Example
///
/// Ten articles against ten others that lie higher by more than they differ among themselves:
///
/// ```
/// use sayso::statistics::{Draws, permutation_p_value};
///
/// let low: Vec<(u32, f64)> = (0..10).map(|g| (g, f64::from(g % 3))).collect();
/// let high: Vec<(u32, f64)> = (10..20).map(|g| (g, 2.0 + f64::from(g % 3))).collect();
/// assert!(permutation_p_value(&low, &high, 999, &mut Draws::new(1, 0)).expect("twenty articles") < 0.01);
/// assert!(permutation_p_value(&low, &low[..9], 999, &mut Draws::new(1, 0)).expect("the same") > 0.3);
/// ```
///
/// # References
///
/// * Chung & Romano (2013), *Annals of Statistics* 41:484–507 (studentised permutation tests).
/// * Besag & Clifford (1991), *Biometrika* 78:301–304 (stopping early).
pub fn permutation_p_value(
    a: &[(u32, f64)],
    b: &[(u32, f64)],
    permutations: usize,
    draws: &mut Draws,
) -> Option<f64> {
    let (cells_a, cells_b) = (cells(a), cells(b));
    if cells_a.len() < 2 || cells_b.len() < 2 {
        return None;
    }
    let shared: Vec<[[f64; 2]; 2]> =
        cells_a.iter().filter_map(|(g, x)| Some([*x, *cells_b.get(g)?])).collect();
    let only = |cells: &BTreeMap<u32, [f64; 2]>, other: &BTreeMap<u32, [f64; 2]>| -> Vec<[f64; 2]> {
        cells.iter().filter(|(g, _)| !other.contains_key(g)).map(|(_, x)| *x).collect()
    };
    let (own_a, own_b) = (only(&cells_a, &cells_b), only(&cells_b, &cells_a));
    let mut own = [own_a.as_slice(), own_b.as_slice()].concat();
    let all = sum(&own);
    let seen = {
        let (pairs_a, pairs_b, cross) = paired(&shared, || false);
        studentised(&sum(&own_a).plus(&pairs_a), &sum(&own_b).plus(&pairs_b), &cross)?.abs()
    };
    // The smaller side is drawn; the other one has the rest.
    let n_drawn = own_a.len().min(own_b.len());
    let drawn_is_a = own_a.len() <= own_b.len();
    Some(share_as_extreme(permutations, || {
        for i in 0..n_drawn {
            let j = i + draws.below(own.len() - i);
            own.swap(i, j);
        }
        let drawn = sum(&own[..n_drawn]);
        let rest = all.less(&drawn);
        let (mine, theirs) = if drawn_is_a { (drawn, rest) } else { (rest, drawn) };
        let (pairs_a, pairs_b, cross) = paired(&shared, || draws.below(2) == 1);
        let t = studentised(&mine.plus(&pairs_a), &theirs.plus(&pairs_b), &cross);
        t.is_none_or(|t| t.abs() >= seen - 1e-9)
    }))
}

/// Sum and count of every cluster.
fn cells(values: &[(u32, f64)]) -> BTreeMap<u32, [f64; 2]> {
    let mut cells: BTreeMap<u32, [f64; 2]> = BTreeMap::new();
    for (cluster, value) in values {
        let cell = cells.entry(*cluster).or_default();
        cell[0] += value;
        cell[1] += 1.0;
    }
    cells
}

fn sum(cells: &[[f64; 2]]) -> Sums {
    let mut sums = Sums::default();
    for cell in cells {
        sums.add(*cell);
    }
    sums
}

/// The sums of paired parts, each pair turned round when `turned` says so.
fn paired(pairs: &[[[f64; 2]; 2]], mut turned: impl FnMut() -> bool) -> (Sums, Sums, Cross) {
    let (mut a, mut b, mut cross) = (Sums::default(), Sums::default(), Cross::default());
    for [x, y] in pairs {
        let (x, y) = if turned() { (y, x) } else { (x, y) };
        a.add(*x);
        b.add(*y);
        cross.ss += x[0] * y[0];
        cross.ns += x[1] * y[0];
        cross.sn += x[0] * y[1];
        cross.nn += x[1] * y[1];
    }
    (a, b, cross)
}

/// Runs permutations, `extreme` telling of each whether it is as extreme as the data, and gives the p value.
fn share_as_extreme(permutations: usize, mut extreme: impl FnMut() -> bool) -> f64 {
    let mut found = 0;
    for done in 1..=permutations {
        found += usize::from(extreme());
        if found == ENOUGH && done < permutations {
            return found as f64 / done as f64;
        }
    }
    (found + 1) as f64 / (permutations + 1) as f64
}

/// A labelled statement beside the prediction for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Graded {
    /// Its group (outlet), from 0.
    pub group: usize,
    /// Its cluster (article).
    pub cluster: u32,
    /// The class that the label gives, from 0.
    pub truth: usize,
    /// The class predicted, from 0.
    pub predicted: usize,
    /// How much it counts: 1, or the share of annotators for this class.
    pub weight: f64,
}

/// Does the classifier err alike in all groups? The p value of "P(predicted | true class) is the same everywhere".
///
/// The statistic is the sum over groups and true classes of Pearson's `Σ (n_otp − n_ot q_tp)² / (n_ot q_tp)`, with `q_tp`
/// the share of prediction `p` among all statements of true class `t`; its distribution comes from dealing whole
/// articles out among the groups, as many to each as it had. Adjusted counts and expectation maximisation assume what
/// is tested here.
///
/// # Returns
///
/// The p value as in [`permutation_p_value`]; `None` when fewer than two groups have graded statements.
///
/// # References
///
/// * Pearson (1900), *Philosophical Magazine* 50:157–175.
/// * Besag & Clifford (1991), *Biometrika* 78:301–304 (stopping early).
pub fn equal_errors_p_value(
    rows: &[Graded],
    n_groups: usize,
    n_classes: usize,
    permutations: usize,
    draws: &mut Draws,
) -> Option<f64> {
    let mut articles: BTreeMap<(usize, u32), Vec<(usize, f64)>> = BTreeMap::new();
    for row in rows {
        let cell = row.truth * n_classes + row.predicted;
        articles.entry((row.group, row.cluster)).or_default().push((cell, row.weight));
    }
    let mut groups: Vec<usize> = articles.keys().map(|(group, _)| *group).collect();
    if groups.iter().all(|g| Some(g) == groups.first()) {
        return None;
    }
    let articles: Vec<Vec<(usize, f64)>> = articles.into_values().collect();
    let mut pooled = vec![0.0; n_classes * n_classes];
    for (cell, weight) in articles.iter().flatten() {
        pooled[*cell] += weight;
    }
    let expected: Vec<f64> = pooled
        .chunks(n_classes)
        .flat_map(|row| row.iter().map(|n| n / row.iter().sum::<f64>().max(f64::MIN_POSITIVE)))
        .collect();
    let mut counts = vec![0.0; n_groups * expected.len()];
    let mut statistic = |groups: &[usize]| {
        counts.fill(0.0);
        for (article, group) in articles.iter().zip(groups) {
            for (cell, weight) in article {
                counts[group * expected.len() + cell] += weight;
            }
        }
        let mut total = 0.0;
        for group in counts.chunks(expected.len()) {
            for (seen, shares) in group.chunks(n_classes).zip(expected.chunks(n_classes)) {
                let n: f64 = seen.iter().sum();
                for (seen, share) in seen.iter().zip(shares).filter(|(_, share)| n * **share > 0.0) {
                    total += (seen - n * share).powi(2) / (n * share);
                }
            }
        }
        total
    };
    let seen = statistic(&groups);
    Some(share_as_extreme(permutations, || {
        draws.shuffle(&mut groups);
        statistic(&groups) >= seen - 1e-9
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Articles of unequal size whose values go together; group A has `shift` more.
    fn world(draws: &mut Draws, first: u32, articles: u32, most: usize, shift: f64) -> Vec<(u32, f64)> {
        let mut values = Vec::new();
        for g in first..first + articles {
            let mood = 2.0 * draws.uniform() - 1.0;
            for _ in 0..=draws.below(most) {
                values.push((g, shift + mood + draws.uniform()));
            }
        }
        values
    }

    #[test]
    fn equal_groups_are_told_apart_as_rarely_as_the_level_says() {
        // Groups that differ in number and size of articles, where a test that is not studentised fails.
        let mut rejected = 0;
        for rep in 0..400 {
            let mut draws = Draws::new(5, rep);
            let (a, b) = (world(&mut draws, 0, 12, 9, 0.0), world(&mut draws, 100, 40, 3, 0.0));
            let p = permutation_p_value(&a, &b, 199, &mut draws).expect("many articles");
            rejected += usize::from(p <= 0.05);
        }
        assert!((8..=36).contains(&rejected), "{rejected} of 400");
    }

    #[test]
    fn a_real_difference_is_found_and_the_order_of_the_groups_does_not_matter() {
        let mut draws = Draws::new(6, 0);
        let (a, b) = (world(&mut draws, 0, 30, 4, 0.8), world(&mut draws, 100, 30, 4, 0.0));
        let forth = permutation_p_value(&a, &b, 1999, &mut Draws::new(1, 1)).expect("many articles");
        let back = permutation_p_value(&b, &a, 1999, &mut Draws::new(1, 1)).expect("many articles");
        assert!(forth < 0.01 && back < 0.01, "{forth} {back}");
    }

    #[test]
    fn stories_in_both_groups_are_swapped_in_pairs() {
        // The same stories in both; B prints each 0.2 higher: small beside their spread, but never otherwise.
        let mut draws = Draws::new(7, 0);
        let a: Vec<(u32, f64)> = (0..20).map(|g| (g, 3.0 * draws.uniform())).collect();
        let b: Vec<(u32, f64)> = a.iter().map(|(g, v)| (*g, v + 0.2 + 0.1 * draws.uniform())).collect();
        let apart: Vec<(u32, f64)> = b.iter().map(|(g, v)| (g + 100, *v)).collect();
        let p =
            |b: &[(u32, f64)]| permutation_p_value(&a, b, 999, &mut Draws::new(2, 0)).expect("20 stories");
        assert!(p(&b) < 0.01 && p(&apart) > 0.2, "{} {}", p(&b), p(&apart));
    }

    #[test]
    fn nothing_to_permute_is_no_test() {
        let mut draws = Draws::new(1, 0);
        assert_eq!(permutation_p_value(&[(0, 1.0)], &[(1, 1.0), (2, 0.0)], 99, &mut draws), None);
        assert_eq!(permutation_p_value(&[(0, 1.0), (1, 1.0)], &[(2, 1.0), (3, 1.0)], 99, &mut draws), None);
        let one = [Graded { group: 1, cluster: 0, truth: 0, predicted: 0, weight: 1.0 }];
        assert_eq!(equal_errors_p_value(&one, 2, 2, 99, &mut draws), None);
    }

    /// 60 articles of 3 statements in two groups; in the second the classifier misses class 1 with chance `miss`.
    fn graded(draws: &mut Draws, miss: f64) -> Vec<Graded> {
        let mut rows = Vec::new();
        for g in 0..60_u32 {
            let group = (g % 2) as usize;
            for _ in 0..3 {
                let truth = usize::from(draws.uniform() < 0.3 + 0.4 * group as f64);
                let wrong = draws.uniform() < if group == 1 && truth == 1 { miss } else { 0.2 };
                let predicted = if wrong { 1 - truth } else { truth };
                rows.push(Graded { group, cluster: g, truth, predicted, weight: 1.0 });
            }
        }
        rows
    }

    #[test]
    fn other_class_shares_are_not_other_errors() {
        let mut rejected = 0;
        for rep in 0..200 {
            let mut draws = Draws::new(8, rep);
            let rows = graded(&mut draws, 0.2);
            let p = equal_errors_p_value(&rows, 2, 2, 199, &mut draws).expect("two groups");
            rejected += usize::from(p <= 0.05);
        }
        assert!(rejected <= 22, "{rejected} of 200");
    }

    #[test]
    fn errors_that_differ_are_found() {
        let mut draws = Draws::new(9, 0);
        let rows = graded(&mut draws, 0.7);
        assert!(equal_errors_p_value(&rows, 2, 2, 999, &mut draws).expect("two groups") < 0.01);
    }
}
