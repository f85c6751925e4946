/// Which labels are probably wrong, and how many: confident learning.
///
/// Shapes: `n` rows, `m` classes. A row counts with its weight `wᵢ`. `p` must come from models that had not seen the row.
///
/// ```text
/// tⱼ      = Σ_{yᵢ = j} wᵢ·pᵢ(j) / Σ_{yᵢ = j} wᵢ              threshold: the mean p(j) of the rows labelled j
/// kᵢ      = argmax over {j : pᵢ(j) ≥ tⱼ} of pᵢ(j)            the class that row i confidently reads as, if any
/// C[a][b] = Σ_{yᵢ = a, kᵢ = b} wᵢ                            the confident joint
/// Q[a][b] = (C[a][b] / Σ_b C[a][b]) · n(a) / Σ_a n(a)        calibrated: its rows sum to the shares of the given labels
/// ```
///
/// with `n(a)` the weight of all rows labelled `a`. Rows off the diagonal of `C` are suspicious; `1 − Σ Q[a][a]` estimates the
/// share of wrong labels. A threshold of its own for each class lets a model that is timid about a class still be confident of it.
///
/// The estimate holds if errors depend on the true class alone and the model ranks each class well. A weak model puts its own
/// mistakes off the diagonal too; errors that it has learned as if they were right it does not see.
///
/// # References
///
/// * Northcutt, Jiang & Chuang (2021), *JAIR* 70:1373–1411, eqs. 1–3.
///
/// # Example
///
/// The fourth row is labelled 0 and reads like the rows labelled 1.
///
/// ```
/// use sayso::statistics::ConfidentJoint;
///
/// let p = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9], [0.2, 0.8], [0.1, 0.9]].map(Vec::from);
/// let found = ConfidentJoint::measure(&p, &[0, 0, 0, 0, 1, 1], &[1.0; 6], 2);
/// // t₀ = (0.9 + 0.8 + 0.7 + 0.1) / 4, t₁ = (0.8 + 0.9) / 2.
/// assert_eq!(found.confident, [Some(0), Some(0), Some(0), Some(1), None, Some(1)]);
/// assert_eq!(found.counts, [[3.0, 1.0], [0.0, 1.0]]);
/// // A quarter of the four labels 0, none of the two labels 1: 1 of 6.
/// assert!((found.error_share() - 1.0 / 6.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ConfidentJoint {
    /// `tⱼ`, in [0, 1]; `None` for a class without a row.
    pub thresholds: Vec<Option<f64>>,
    /// `C`: `counts[given][confident]`.
    pub counts: Vec<Vec<f64>>,
    /// `kᵢ` of each row; `None` where no class reaches its threshold.
    pub confident: Vec<Option<usize>>,
    /// `n(a)`.
    totals: Vec<f64>,
}

impl ConfidentJoint {
    /// Measures labels against probabilities.
    ///
    /// # Arguments
    ///
    /// * `p` - probabilities out of fold, shape `(n, m)`.
    /// * `y` - the label of each row, below `n_classes`; a row with another label, or with other than `n_classes`
    ///   probabilities, is passed over.
    /// * `weights` - how much each row counts, above 0.
    pub fn measure(p: &[Vec<f64>], y: &[usize], weights: &[f64], n_classes: usize) -> Self {
        let rows = || p.iter().zip(y).zip(weights).map(|((p, y), w)| (p, *y, *w));
        let sound = |p: &[f64], y: usize| y < n_classes && p.len() == n_classes;
        let (mut sums, mut totals) = (vec![0.0; n_classes], vec![0.0; n_classes]);
        for (p, y, w) in rows().filter(|(p, y, _)| sound(p, *y)) {
            sums[y] += w * p[y];
            totals[y] += w;
        }
        let thresholds: Vec<Option<f64>> =
            sums.iter().zip(&totals).map(|(sum, n)| (*n > 0.0).then(|| sum / n)).collect();
        let mut counts = vec![vec![0.0; n_classes]; n_classes];
        let mut confident = Vec::with_capacity(y.len());
        for (p, y, w) in rows() {
            let class = if sound(p, y) { surest(p, &thresholds) } else { None };
            if let Some(class) = class {
                counts[y][class] += w;
            }
            confident.push(class);
        }
        Self { thresholds, counts, confident, totals }
    }

    /// `Q`: the estimated joint distribution of given label and right label; sums to 1, to 0 without rows.
    ///
    /// Of a class none of whose rows is confidently anything, all labels are taken to be right.
    pub fn joint(&self) -> Vec<Vec<f64>> {
        let n: f64 = self.totals.iter().sum();
        let share = |a: usize| if n > 0.0 { self.totals[a] / n } else { 0.0 };
        self.counts
            .iter()
            .enumerate()
            .map(|(a, row)| {
                let sum: f64 = row.iter().sum();
                let right = |b: usize| f64::from(u8::from(a == b));
                let part = |b: usize, c: f64| if sum > 0.0 { c / sum } else { right(b) };
                row.iter().enumerate().map(|(b, c)| part(b, *c) * share(a)).collect()
            })
            .collect()
    }

    /// The estimated share of wrong labels, in [0, 1].
    pub fn error_share(&self) -> f64 {
        let joint = self.joint();
        let wrong = |(a, row): (usize, &Vec<f64>)| -> f64 {
            row.iter().enumerate().filter(|(b, _)| *b != a).map(|(_, q)| q).sum()
        };
        joint.iter().enumerate().map(wrong).sum()
    }
}

/// The most probable of the classes that reach their thresholds; of equal ones the first.
fn surest(p: &[f64], thresholds: &[Option<f64>]) -> Option<usize> {
    let mut found: Option<usize> = None;
    for (k, p_k) in p.iter().enumerate() {
        let reached = thresholds[k].is_some_and(|t| *p_k >= t);
        if reached && found.is_none_or(|best| *p_k > p[best]) {
            found = Some(k);
        }
    }
    found
}

/// The normalised margin `p(given) − max_{k ≠ given} p(k)`, in [−1, 1]: the lower, the more suspicious the label.
///
/// 0 when there is no such class, or no other.
///
/// # References
///
/// * Northcutt, Jiang & Chuang (2021), *JAIR* 70:1373–1411, sec. 3.2.
pub fn normalised_margin(p: &[f64], given: usize) -> f64 {
    let others = p.iter().enumerate().filter(|(k, _)| *k != given).map(|(_, p)| *p);
    match (p.get(given), others.reduce(f64::max)) {
        (Some(p), Some(other)) => p - other,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Counts per given class as rows whose probabilities are certain.
    fn certain(counts: [[usize; 3]; 3]) -> (Vec<Vec<f64>>, Vec<usize>) {
        let (mut p, mut y) = (Vec::new(), Vec::new());
        for (a, row) in counts.iter().enumerate() {
            for (b, n) in row.iter().enumerate() {
                for _ in 0..*n {
                    p.push((0..3).map(|k| f64::from(u8::from(k == b))).collect());
                    y.push(a);
                }
            }
        }
        (p, y)
    }

    #[test]
    fn another_implementation_finds_the_same() {
        // cleanlab 2.9.0: compute_confident_joint, and find_label_issues by the normalised margin.
        let p = [
            [0.90, 0.05, 0.05],
            [0.70, 0.20, 0.10],
            [0.20, 0.70, 0.10],
            [0.50, 0.30, 0.20],
            [0.10, 0.85, 0.05],
            [0.30, 0.60, 0.10],
            [0.15, 0.25, 0.60],
            [0.60, 0.35, 0.05],
            [0.05, 0.15, 0.80],
            [0.10, 0.20, 0.70],
            [0.25, 0.05, 0.70],
            [0.05, 0.75, 0.20],
            [0.40, 0.35, 0.25],
            [0.33, 0.33, 0.34],
        ]
        .map(Vec::from);
        let y = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 2];
        let found = ConfidentJoint::measure(&p, &y, &[1.0; 14], 3);
        for (t, theirs) in found.thresholds.iter().zip([0.54, 0.5125, 0.548]) {
            assert!((t.expect("every class has rows") - theirs).abs() < 1e-12, "{:?}", found.thresholds);
        }
        assert_eq!(found.counts, [[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 3.0]]);
        let joint = [
            [0.238_095_24, 0.119_047_62, 0.0],
            [0.071_428_57, 0.142_857_14, 0.071_428_57],
            [0.0, 0.089_285_71, 0.267_857_14],
        ];
        for (q, theirs) in found.joint().iter().flatten().zip(joint.iter().flatten()) {
            assert!((q - theirs).abs() < 1e-8, "{:?}", found.joint());
        }
        assert!((found.error_share() - 0.351_190_476_190_476).abs() < 1e-12);
        let mut suspicious: Vec<usize> =
            (0..14).filter(|i| found.confident[*i].is_some_and(|k| k != y[*i])).collect();
        suspicious
            .sort_by(|a, b| normalised_margin(&p[*a], y[*a]).total_cmp(&normalised_margin(&p[*b], y[*b])));
        assert_eq!(suspicious, [11, 2, 6, 7]);
    }

    #[test]
    fn each_class_has_its_own_threshold() {
        // The model is never sure of class 1: 0.45 at most. Its mean there is 0.40, so 0.45 is confident all the same.
        let p: Vec<Vec<f64>> =
            [[0.9, 0.1], [0.8, 0.2], [0.55, 0.45], [0.55, 0.45], [0.65, 0.35]].map(Vec::from).to_vec();
        let found = ConfidentJoint::measure(&p, &[0, 0, 0, 1, 1], &[1.0; 5], 2);
        assert_eq!(found.confident, [Some(0), Some(0), Some(1), Some(1), None]);
    }

    #[test]
    fn weights_count_as_so_many_rows() {
        let (p, y) = certain([[4, 2, 0], [0, 6, 0], [0, 0, 2]]);
        let doubled: Vec<usize> = (0..y.len()).flat_map(|i| [i, i]).collect();
        let twice: (Vec<Vec<f64>>, Vec<usize>) = doubled.iter().map(|i| (p[*i].clone(), y[*i])).unzip();
        let whole = ConfidentJoint::measure(&p, &y, &vec![1.0; y.len()], 3);
        let halves = ConfidentJoint::measure(&twice.0, &twice.1, &vec![0.5; 2 * y.len()], 3);
        assert_eq!(whole.counts, halves.counts);
        assert_eq!(whole.joint(), halves.joint());
    }

    #[test]
    fn nothing_to_count_is_no_error() {
        let none = ConfidentJoint::measure(&[], &[], &[], 3);
        assert_eq!((none.error_share(), none.thresholds), (0.0, vec![None; 3]));
        let odd = ConfidentJoint::measure(&[vec![1.0], vec![f64::NAN, 0.5]], &[0, 7], &[1.0, 1.0], 2);
        assert_eq!(odd.confident, [None, None]);
        assert_eq!(normalised_margin(&[], 0), 0.0);
        assert_eq!(normalised_margin(&[0.25, 0.75], 0), -0.5);
    }

    proptest! {
        #[test]
        fn the_joint_is_a_distribution_with_the_given_shares(
            rows in prop::collection::vec((0_usize..3, 0.0_f64..1.0, 0.0_f64..1.0, 0.1_f64..2.0), 1..60)
        ) {
            let p: Vec<Vec<f64>> = rows.iter().map(|(_, a, b, _)| vec![a * b, a * (1.0 - b), 1.0 - a]).collect();
            let y: Vec<usize> = rows.iter().map(|r| r.0).collect();
            let weights: Vec<f64> = rows.iter().map(|r| r.3).collect();
            let found = ConfidentJoint::measure(&p, &y, &weights, 3);
            let n: f64 = weights.iter().sum();
            for (a, row) in found.joint().iter().enumerate() {
                let given: f64 = rows.iter().filter(|r| r.0 == a).map(|r| r.3).sum();
                prop_assert!((row.iter().sum::<f64>() - given / n).abs() < 1e-9);
            }
            prop_assert!((0.0..=1.0 + 1e-9).contains(&found.error_share()));
        }
    }
}
