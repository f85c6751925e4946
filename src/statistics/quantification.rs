//! Other ways from predictions to shares of classes, shown beside the corrected figures to see how far they stray.
//!
//! All of them but [`classify_and_count`] assume that a class looks the same in every outlet (label shift only).
//! Outlets with a vocabulary of their own break that, and then these corrections can be worse than none.

/// The share of each class among the most probable ones; sums to 1. `None` without statements.
///
/// # References
///
/// * Forman (2008), *Data Mining and Knowledge Discovery* 17:164–206.
pub fn classify_and_count(predicted: impl IntoIterator<Item = usize>, k: usize) -> Option<Vec<f64>> {
    let mut counts = vec![0.0; k];
    let mut n = 0.0;
    for class in predicted {
        counts[class] += 1.0;
        n += 1.0;
    }
    (n > 0.0).then(|| counts.into_iter().map(|c| c / n).collect())
}

/// Adjusted counts: the shares `q` that would give the predicted shares `c` through the confusion matrix, `M q = c`,
/// projected on the simplex.
///
/// # Arguments
///
/// * `shares` - predicted shares, length `k`.
/// * `confusion` - labelled statements by predicted (row) and true class (column), `k × k`, any non-negative weights.
///
/// # Returns
///
/// `None` when some class has no labelled statement, or the classifier cannot tell two classes apart (the matrix is
/// singular): a made-up column would only look like an answer.
///
/// # References
///
/// * Rogan & Gladen (1978), *American Journal of Epidemiology* 107:71–76 (two classes).
pub fn adjusted_count(shares: &[f64], confusion: &[Vec<f64>]) -> Option<Vec<f64>> {
    let k = shares.len();
    let mut system: Vec<Vec<f64>> = vec![vec![0.0; k + 1]; k];
    for truth in 0..k {
        let column: f64 = confusion.iter().map(|row| row[truth]).sum();
        if column <= 0.0 {
            return None;
        }
        for predicted in 0..k {
            system[predicted][truth] = confusion[predicted][truth] / column;
        }
    }
    for (row, share) in system.iter_mut().zip(shares) {
        row[k] = *share;
    }
    solve(system).map(|q| simplex(&q))
}

/// Gaussian elimination with partial pivoting on an augmented `k × (k + 1)` system; `None` when singular.
fn solve(mut system: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let k = system.len();
    for column in 0..k {
        let pivot =
            (column..k).max_by(|a, b| system[*a][column].abs().total_cmp(&system[*b][column].abs()))?;
        if system[pivot][column].abs() < 1e-9 {
            return None;
        }
        system.swap(column, pivot);
        let leading = system[column].clone();
        for (row, line) in system.iter_mut().enumerate() {
            if row != column {
                let factor = line[column] / leading[column];
                for (cell, above) in line.iter_mut().zip(&leading) {
                    *cell -= factor * above;
                }
            }
        }
    }
    Some((0..k).map(|i| system[i][k] / system[i][i]).collect())
}

/// The nearest point (least squares) with non-negative entries that sum to 1.
fn simplex(q: &[f64]) -> Vec<f64> {
    let mut sorted = q.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut threshold) = (0.0, 0.0);
    for (i, value) in sorted.iter().enumerate() {
        sum += value;
        let candidate = (sum - 1.0) / (i as f64 + 1.0);
        if value - candidate > 0.0 {
            threshold = candidate;
        }
    }
    q.iter().map(|value| (value - threshold).max(0.0)).collect()
}

/// Shares by expectation maximisation: class priors re-estimated until they agree with the re-weighted probabilities.
///
/// `r_ik ∝ (q_k / t_k) p_ik`, `q_k = mean_i r_ik`, from `q = t` until no entry moves by more than 1e-8.
///
/// # Arguments
///
/// * `probabilities` - calibrated, length `k` each.
/// * `prior` - class shares `t` of the training data, all positive.
///
/// # Returns
///
/// The shares, and whether they settled within 1000 rounds. `None` without statements, or with a prior entry of 0.
///
/// # References
///
/// * Saerens, Latinne & Decaestecker (2002), *Neural Computation* 14:21–41.
pub fn expectation_maximisation(probabilities: &[&[f64]], prior: &[f64]) -> Option<(Vec<f64>, bool)> {
    if probabilities.is_empty() || prior.iter().any(|t| *t <= 0.0) {
        return None;
    }
    let mut q = prior.to_vec();
    for _ in 0..1000 {
        let ratio: Vec<f64> = q.iter().zip(prior).map(|(q, t)| q / t).collect();
        let mut next = vec![0.0; q.len()];
        for p in probabilities {
            let total: f64 = p.iter().zip(&ratio).map(|(p, r)| p * r).sum();
            if total > 0.0 {
                for ((n, p), r) in next.iter_mut().zip(*p).zip(&ratio) {
                    *n += p * r / total;
                }
            }
        }
        let total: f64 = next.iter().sum();
        for share in &mut next {
            *share /= total.max(f64::MIN_POSITIVE);
        }
        let moved = q.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        q = next;
        if moved < 1e-8 {
            return Some((q, true));
        }
    }
    Some((q, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusted_counts_undo_a_known_confusion() {
        // Sensitivity 0.8, specificity 0.9, true share 0.3: predicted share 0.3·0.8 + 0.7·0.1 = 0.31.
        let confusion = vec![vec![90.0, 20.0], vec![10.0, 80.0]];
        let q = adjusted_count(&[0.69, 0.31], &confusion).expect("both classes seen");
        assert!((q[1] - 0.3).abs() < 1e-12 && (q[0] + q[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_class_nobody_labelled_and_a_blind_classifier_are_refused() {
        assert_eq!(adjusted_count(&[0.5, 0.5], &[vec![10.0, 0.0], vec![5.0, 0.0]]), None);
        assert_eq!(adjusted_count(&[0.5, 0.5], &[vec![5.0, 5.0], vec![5.0, 5.0]]), None);
    }

    #[test]
    fn the_projection_stays_on_the_simplex() {
        for q in [[1.2, -0.2, 0.0], [0.2, 0.3, 0.5], [-1.0, -1.0, 5.0], [0.5, 0.6, 0.7]] {
            let p = simplex(&q);
            assert!(
                (p.iter().sum::<f64>() - 1.0).abs() < 1e-12 && p.iter().all(|v| *v >= 0.0),
                "{q:?} {p:?}"
            );
        }
        assert_eq!(simplex(&[1.2, -0.2, 0.0]), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn expectation_maximisation_finds_shifted_shares() {
        // A classifier that is sure and right, trained on equal classes.
        let sure: Vec<[f64; 2]> =
            (0..100).map(|i| if i < 20 { [0.999, 0.001] } else { [0.001, 0.999] }).collect();
        let rows: Vec<&[f64]> = sure.iter().map(<[f64; 2]>::as_slice).collect();
        let (q, settled) = expectation_maximisation(&rows, &[0.5, 0.5]).expect("statements");
        assert!(settled && (q[0] - 0.2).abs() < 1e-2, "{q:?}");
        assert_eq!(expectation_maximisation(&rows, &[1.0, 0.0]), None);
        assert_eq!(expectation_maximisation(&[], &[0.5, 0.5]), None);
    }

    #[test]
    fn counting_counts() {
        assert_eq!(classify_and_count([0, 1, 1, 2], 3), Some(vec![0.25, 0.5, 0.25]));
        assert_eq!(classify_and_count([], 3), None);
    }
}
