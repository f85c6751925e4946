use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// The part of it that a statistic can take whose values lie between these.
    #[must_use]
    pub fn within(self, least: f64, most: f64) -> Self {
        Self { low: self.low.clamp(least, most), high: self.high.clamp(least, most) }
    }
}

/// The delete-one-group jackknife: one engine of uncertainty for every statistic.
///
/// With `G` groups (articles), `θ` the statistic on all of them and `θ₍g₎` the one without group `g`,
/// the variance is `V = (G−1)/G · Σ_g (θ₍g₎ − θ̄)²`, `θ̄` the mean of the `θ₍g₎`, and intervals use Student's t
/// with `G − 1` degrees of freedom. It needs no random numbers.
///
/// # Example
///
/// For the mean of 1, 2, 3, 4 it gives the textbook standard error `s/√n = 0.6455`:
///
/// ```
/// use sayso::statistics::Jackknife;
///
/// let x = [1.0, 2.0, 3.0, 4.0];
/// let mean = |skip: usize| x.iter().enumerate().filter(|(i, _)| *i != skip).map(|(_, v)| v).sum::<f64>() / 3.0;
/// let without: Vec<f64> = (0..4).map(mean).collect();
/// let jackknife = Jackknife::new(2.5, &without);
/// assert!((jackknife.standard_error - 0.645_497).abs() < 1e-6);
/// let interval = jackknife.interval(0.95).expect("four groups have three degrees of freedom");
/// assert!((interval.high - (2.5 + 3.182_446 * 0.645_497)).abs() < 1e-5);
/// ```
///
/// # References
///
/// * Miller (1974), *Biometrika* 61:1–15, eq. 2.1 (with groups as units).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Jackknife {
    /// The statistic on all groups.
    pub estimate: f64,
    /// `√V`; NaN with fewer than two groups.
    pub standard_error: f64,
    /// `G − 1`.
    pub df: f64,
}

impl Jackknife {
    /// From the statistic on all groups and the statistics with one group left out each.
    pub fn new(estimate: f64, without: &[f64]) -> Self {
        let groups = without.len() as f64;
        let mean = without.iter().sum::<f64>() / groups;
        let variance = (groups - 1.0) / groups * without.iter().map(|t| (t - mean) * (t - mean)).sum::<f64>();
        let standard_error = if without.len() < 2 { f64::NAN } else { variance.sqrt() };
        Self { estimate, standard_error, df: (groups - 1.0).max(0.0) }
    }

    /// The interval `θ ± t · √V` at this level, say 0.95; `None` with fewer than two groups.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let half = student_t_quantile(0.5 + level / 2.0, self.df)? * self.standard_error;
        half.is_finite().then_some(Interval { low: self.estimate - half, high: self.estimate + half })
    }
}

/// The quantile of Student's t; `None` below one degree of freedom.
pub fn student_t_quantile(p: f64, df: f64) -> Option<f64> {
    if df < 1.0 {
        return None;
    }
    Some(StudentsT::new(0.0, 1.0, df).ok()?.inverse_cdf(p))
}

/// The two-sided p value of a t statistic; `None` below one degree of freedom.
pub fn student_t_p_value(t: f64, df: f64) -> Option<f64> {
    if df < 1.0 || !t.is_finite() {
        return None;
    }
    Some((2.0 * StudentsT::new(0.0, 1.0, df).ok()?.cdf(-t.abs())).min(1.0))
}
