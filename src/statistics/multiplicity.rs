//! Many comparisons at once: Holm, Benjamini–Hochberg, rank sets.

use serde::{Deserialize, Serialize};

/// Holm's adjusted p values, in the order of the input: at most 5 % of families have a false claim below 0.05.
///
/// Sorted upwards, `adjusted₍ᵢ₎ = max_{j ≤ i} min(1, (m − j + 1) · p₍ⱼ₎)`.
///
/// # Example
///
/// ```
/// let adjusted = sayso::statistics::holm(&[0.01, 0.04, 0.03]);
/// assert!((adjusted[0] - 0.03).abs() < 1e-12 && (adjusted[1] - 0.06).abs() < 1e-12 && (adjusted[2] - 0.06).abs() < 1e-12);
/// ```
///
/// # References
///
/// * Holm (1979), *Scandinavian Journal of Statistics* 6:65–70.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let m = p.len() as f64;
    let mut adjusted = vec![1.0; p.len()];
    let mut largest = 0.0_f64;
    for (j, i) in order.into_iter().enumerate() {
        largest = largest.max(((m - j as f64) * p[i]).min(1.0));
        adjusted[i] = largest;
    }
    adjusted
}

/// Benjamini and Hochberg's adjusted p values, in the order of the input: below `q`, at most a share `q` of the
/// claims is false on average. For exploring, not for claims.
///
/// Sorted upwards, `adjusted₍ᵢ₎ = min_{j ≥ i} min(1, m · p₍ⱼ₎ / j)`.
///
/// # References
///
/// * Benjamini & Hochberg (1995), *Journal of the Royal Statistical Society B* 57:289–300.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let m = p.len() as f64;
    let mut adjusted = vec![1.0; p.len()];
    let mut smallest = 1.0_f64;
    for (j, i) in order.into_iter().enumerate().rev() {
        smallest = smallest.min(m * p[i] / (j as f64 + 1.0));
        adjusted[i] = smallest;
    }
    adjusted
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    order
}

/// The ranks that one of `k` groups can have, 1 being the highest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankSet {
    /// The best rank that the tests leave open.
    pub best: usize,
    /// The worst rank that the tests leave open.
    pub worst: usize,
}

/// Rank sets from significant differences: `higher` lists pairs `(a, b)` where `a` lies significantly above `b`.
///
/// The set of a group is `[1 + #above, k − #below]`; with Holm-adjusted tests all sets hold the true ranks at once
/// in at least 95 % of reports.
///
/// # References
///
/// * Mogstad, Romano, Shaikh & Wilhelm (2024), *Review of Economic Studies* 91:476–518.
pub fn rank_sets(k: usize, higher: &[(usize, usize)]) -> Vec<RankSet> {
    (0..k)
        .map(|o| RankSet {
            best: 1 + higher.iter().filter(|(_, below)| *below == o).count(),
            worst: k - higher.iter().filter(|(above, _)| *above == o).count(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusted_values_keep_the_order_of_the_input_and_never_fall() {
        let p = [0.9, 0.001, 0.02, 0.02, 0.3];
        let (holm, bh) = (holm(&p), benjamini_hochberg(&p));
        for i in 0..p.len() {
            assert!(p[i] <= bh[i] && bh[i] <= holm[i], "{p:?} {bh:?} {holm:?}");
        }
        assert!((holm[1] - 0.005).abs() < 1e-12 && (bh[2] - 0.02 * 5.0 / 3.0).abs() < 1e-12);
        assert_eq!(holm[2], holm[3]);
    }

    #[test]
    fn nothing_significant_leaves_every_rank_open() {
        assert_eq!(rank_sets(3, &[]), vec![RankSet { best: 1, worst: 3 }; 3]);
        let sets = rank_sets(3, &[(0, 1), (0, 2)]);
        assert_eq!(sets[0], RankSet { best: 1, worst: 1 });
        assert_eq!(sets[1], RankSet { best: 2, worst: 3 });
    }
}
