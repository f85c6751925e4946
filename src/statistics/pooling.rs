/// The variance between groups that the groups' own variances leave unexplained (Paule and Mandel).
///
/// Finds `A ≥ 0` with `Σ (θ_o − μ)² / (V_o + A) = k − 1`, `μ` the mean weighted by `1/(V_o + A)`; 0 when the groups
/// differ no more than their variances let expect. Returns `(A, μ)`; `None` below two groups or without variances.
///
/// # References
///
/// * Paule & Mandel (1982), *Journal of Research of the National Bureau of Standards* 87:377–385.
pub fn between_variance(estimates: &[f64], variances: &[f64]) -> Option<(f64, f64)> {
    if estimates.len() < 2 || variances.iter().any(|v| *v <= 0.0 || !v.is_finite()) {
        return None;
    }
    let at = |a: f64| {
        let weights: Vec<f64> = variances.iter().map(|v| 1.0 / (v + a)).collect();
        let total: f64 = weights.iter().sum();
        let mean = weights.iter().zip(estimates).map(|(w, t)| w * t).sum::<f64>() / total;
        let spread: f64 = weights.iter().zip(estimates).map(|(w, t)| w * (t - mean) * (t - mean)).sum();
        (spread, mean)
    };
    let wanted = estimates.len() as f64 - 1.0;
    let (spread, mean) = at(0.0);
    if spread <= wanted {
        return Some((0.0, mean));
    }
    let (mut low, mut high) = (0.0, 1.0);
    while at(high).0 > wanted {
        high *= 2.0;
    }
    // The spread falls as A grows, so that halving finds the one crossing.
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if at(middle).0 > wanted { low = middle } else { high = middle }
    }
    let a = f64::midpoint(low, high);
    Some((a, at(a).1))
}

/// Estimates drawn towards their common mean, the more the larger their variance: for showing small groups, never for
/// tests. `None` below five groups.
///
/// `θ_o − B_o (θ_o − μ)`, `B_o = (k − 3)/(k − 1) · V_o/(V_o + A)`.
///
/// # References
///
/// * Morris (1983), *Journal of the American Statistical Association* 78:47–55.
pub fn partially_pooled(estimates: &[f64], variances: &[f64]) -> Option<Vec<f64>> {
    let k = estimates.len() as f64;
    if estimates.len() < 5 {
        return None;
    }
    let (a, mean) = between_variance(estimates, variances)?;
    let shrink = |v: f64| (k - 3.0) / (k - 1.0) * v / (v + a);
    Some(estimates.iter().zip(variances).map(|(t, v)| t - shrink(*v) * (t - mean)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_groups_have_no_variance_between_them() {
        let (a, mean) = between_variance(&[0.1, 0.1, 0.1], &[0.01, 0.02, 0.03]).expect("three groups");
        assert!(a == 0.0 && (mean - 0.1).abs() < 1e-12);
    }

    #[test]
    fn equal_variances_give_the_moment_estimate() {
        // With V equal, the equation says: sample variance of the estimates = V + A.
        let (a, _) = between_variance(&[-1.0, 0.0, 1.0], &[0.25; 3]).expect("three groups");
        assert!((a - 0.75).abs() < 1e-9, "{a}");
    }

    #[test]
    fn the_least_certain_group_moves_most() {
        let estimates = [-0.4, -0.2, 0.0, 0.2, 0.4];
        let pooled = partially_pooled(&estimates, &[0.2, 0.01, 0.01, 0.01, 0.01]).expect("five groups");
        let moved: Vec<f64> = pooled.iter().zip(&estimates).map(|(p, e)| (p - e).abs()).collect();
        assert!(moved[0] > 3.0 * moved[4] && moved[4] > 0.0, "{moved:?}");
        assert_eq!(partially_pooled(&estimates[..4], &[0.1; 4]), None);
        assert_eq!(partially_pooled(&estimates, &[0.0; 5]), None);
    }
}
