/// The density of values on a scale with two ends, at equal steps from one end to the other.
///
/// A Gaussian kernel with Silverman's width, `0.9 · min(s, IQR / 1.34) · n^(−1/5)`, kept between 0.03 and 0.2 of the
/// scale; what would fall over an end is folded back, so that it integrates to 1 over the scale.
///
/// # Arguments
///
/// * `values` - in `[from, to]`; values outside count at the nearer end.
/// * `steps` - how many points, at least two; the first at `from`, the last at `to`.
///
/// # Returns
///
/// The density at each point; empty without values or with fewer than two points.
///
/// # References
///
/// * Silverman (1986), *Density Estimation for Statistics and Data Analysis*, eq. 3.31 and §2.10 (reflection).
pub fn density(values: &[f64], from: f64, to: f64, steps: usize) -> Vec<f64> {
    if values.is_empty() || steps < 2 || to <= from {
        return Vec::new();
    }
    let mut sorted: Vec<f64> = values.iter().map(|v| v.clamp(from, to)).collect();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let spread = (sorted.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt();
    let middle = (quantile(&sorted, 0.75) - quantile(&sorted, 0.25)) / 1.34;
    let narrow = if middle > 0.0 { spread.min(middle) } else { spread };
    let width = (0.9 * narrow * libm::pow(n, -0.2)).clamp(0.03 * (to - from), 0.2 * (to - from));
    let norm = n * width * (2.0 * std::f64::consts::PI).sqrt();
    (0..steps)
        .map(|i| {
            let x = from + (to - from) * i as f64 / (steps as f64 - 1.0);
            // Beyond six widths the kernel is below 1e-8 of its height.
            let kernel = |v: f64| {
                let z = (x - v) / width;
                if z.abs() > 6.0 { 0.0 } else { libm::exp(-0.5 * z * z) }
            };
            let total: f64 =
                sorted.iter().map(|v| kernel(*v) + kernel(2.0 * from - v) + kernel(2.0 * to - v)).sum();
            total / norm
        })
        .collect()
}

/// The quantile of values in rising order, linear between them (Hyndman and Fan's type 7); NaN without values.
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = p.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_integrates_to_one_even_when_all_values_lie_at_an_end() {
        for values in
            [vec![1.0; 50], vec![-1.0, 1.0], vec![0.3], (0..99).map(|i| f64::from(i % 7) / 7.0).collect()]
        {
            let d = density(&values, -1.0, 1.0, 201);
            let step = 0.01;
            let integral: f64 = d.windows(2).map(|w| f64::midpoint(w[0], w[1]) * step).sum();
            assert!(
                (integral - 1.0).abs() < 1e-3 && d.iter().all(|v| *v >= 0.0),
                "{integral} for {values:?}"
            );
        }
        assert!(density(&[], -1.0, 1.0, 5).is_empty() && density(&[0.0], 1.0, 1.0, 5).is_empty());
    }

    #[test]
    fn two_camps_have_two_hills() {
        let values: Vec<f64> =
            (0..60).map(|i| if i % 2 == 0 { -0.7 } else { 0.6 } + f64::from(i) * 0.002).collect();
        let d = density(&values, -1.0, 1.0, 41);
        assert!(d[7] > 2.0 * d[20] && d[33] > 2.0 * d[20], "{d:?}");
    }

    #[test]
    fn quantiles_are_those_of_r() {
        let x = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(
            [quantile(&x, 0.0), quantile(&x, 0.25), quantile(&x, 0.5), quantile(&x, 1.0)],
            [1.0, 1.75, 3.0, 8.0]
        );
        assert!(quantile(&[], 0.5).is_nan());
    }
}
