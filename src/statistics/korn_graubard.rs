use statrs::distribution::{Beta, ContinuousCDF};

use super::{Interval, student_t_quantile};

/// The interval of a share near 0 or 1 from clustered data, after Korn and Graubard.
///
/// The effective sample size `n* = θ(1 − θ)/V · (t_{n−1} / t_df)²` goes into the exact binomial limits, with
/// `k = θ n*`: `[Beta(α/2; k, n* − k + 1), Beta(1 − α/2; k + 1, n* − k)]`. `θ` is kept within `[½/n, 1 − ½/n]`.
///
/// # Arguments
///
/// * `theta` - the estimated share; a correction may have pushed it slightly out of [0, 1].
/// * `variance` - its variance, clusters taken into account.
/// * `n` - how many statements carry the information (labels).
/// * `df` - the degrees of freedom of `variance`.
///
/// # Returns
///
/// `None` below two statements or one degree of freedom.
///
/// # References
///
/// * Korn & Graubard (1998), *Survey Methodology* 24:193–201.
/// * Parker et al. (2017), *NCHS Data Presentation Standards for Proportions*, Series 2 no. 175.
pub fn korn_graubard(theta: f64, variance: f64, n: usize, df: f64, level: f64) -> Option<Interval> {
    if n < 2 || !theta.is_finite() || !variance.is_finite() {
        return None;
    }
    let n = n as f64;
    let tail = 0.5 - level / 2.0;
    let ratio = student_t_quantile(1.0 - tail, n - 1.0)? / student_t_quantile(1.0 - tail, df)?;
    let theta = theta.clamp(0.5 / n, 1.0 - 0.5 / n);
    // Without variance (every article alike) the effective size is the number of statements.
    let effective = if variance > 0.0 { theta * (1.0 - theta) / variance } else { n };
    let effective = (effective * ratio * ratio).max(2.0);
    let k = theta * effective;
    let low = beta_quantile(tail, k, effective - k + 1.0)?;
    let high = beta_quantile(1.0 - tail, k + 1.0, effective - k)?;
    Some(Interval { low, high })
}

/// The quantile of the beta distribution, by bisection of its distribution function.
fn beta_quantile(p: f64, a: f64, b: f64) -> Option<f64> {
    let beta = Beta::new(a, b).ok()?;
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    // Bisection reaches the last bit of the distribution function whatever the shape.
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if beta.cdf(middle) < p { low = middle } else { high = middle }
    }
    Some(f64::midpoint(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_random_sampling_gives_the_exact_binomial_limits() {
        // 3 of 30 with the binomial variance and equal degrees of freedom: Clopper and Pearson's interval.
        let variance = 0.1 * 0.9 / 30.0;
        let interval = korn_graubard(0.1, variance, 30, 29.0, 0.95).expect("thirty statements");
        assert!((interval.low - 0.021_117_1).abs() < 1e-6, "{interval:?}");
        assert!((interval.high - 0.265_288_5).abs() < 1e-6, "{interval:?}");
    }

    #[test]
    fn none_seen_still_leaves_room_above() {
        let interval = korn_graubard(0.0, 0.0, 40, 20.0, 0.95).expect("forty statements");
        assert!(interval.low >= 0.0 && interval.low < 0.01 && interval.high > 0.05 && interval.high < 0.25);
    }

    #[test]
    fn clustering_widens_the_interval() {
        let width = |v: f64| korn_graubard(0.2, v, 60, 25.0, 0.95).map(|i| i.high - i.low).expect("defined");
        assert!(width(0.006) > width(0.003));
        assert_eq!(korn_graubard(0.2, 0.003, 1, 25.0, 0.95), None);
        assert_eq!(korn_graubard(0.2, 0.003, 60, 0.0, 0.95), None);
    }
}
