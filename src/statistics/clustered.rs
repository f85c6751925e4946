use std::collections::BTreeMap;

use super::{Interval, Jackknife, student_t_p_value};

/// An estimate with what each cluster (article, or story shared by outlets) does to it.
///
/// The deviations `d_g = √((G − 1)/G) · (θ₍g₎ − θ̄)` are those of the delete-one-cluster [`Jackknife`], whose
/// variance is `Σ d_g²`. Kept apart by cluster they also give the variance of a difference of estimates that share
/// clusters, `Σ (d_g^A − d_g^B)²`: a wire story printed by both outlets is taken out of both at once.
///
/// An estimate may be clustered two ways at once, by article and by speaker ([`Clustered::crossed`]): then its variance is
/// `V_article + V_speaker − V_article×speaker`, at least the larger of the first two.
///
/// # References
///
/// * Cameron, Gelbach & Miller (2011), *Journal of Business & Economic Statistics* 29:238–249 (two ways).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clustered {
    /// The statistic on everything.
    pub estimate: f64,
    /// Degrees of freedom of its variance.
    pub df: f64,
    /// One way of clustering; or two and, third, their intersections.
    ways: Vec<BTreeMap<u32, f64>>,
}

impl Clustered {
    /// From the statistic on everything and the statistics with one cluster left out each.
    pub fn new(estimate: f64, without: &[(u32, f64)]) -> Self {
        let groups = without.len() as f64;
        let mean = without.iter().map(|(_, t)| t).sum::<f64>() / groups.max(1.0);
        let scale = ((groups - 1.0) / groups.max(1.0)).max(0.0).sqrt();
        let deviations = without.iter().map(|(g, t)| (*g, scale * (t - mean))).collect();
        Self { estimate, df: (groups - 1.0).max(0.0), ways: vec![deviations] }
    }

    /// An estimate whose variance is known and shares nothing with others; `id` keeps it apart from theirs.
    pub fn independent(estimate: f64, variance: f64, df: f64, id: u32) -> Self {
        Self { estimate, df, ways: vec![BTreeMap::from([(id, variance.max(0.0).sqrt())])] }
    }

    /// Clustered two ways at once: this one by article, `second` by speaker, `both` by the pairs of the two.
    ///
    /// All three are of the same statistic. The degrees of freedom are the smaller of the two ways.
    #[must_use]
    pub fn crossed(self, second: Self, both: Self) -> Self {
        let (estimate, df) = (self.estimate, self.df.min(second.df));
        let ways = [self, second, both].into_iter().map(|x| x.ways.into_iter().next().unwrap_or_default());
        Self { estimate, df, ways: ways.collect() }
    }

    /// The ratio `Σ numerator / Σ denominator` of cluster sums; `None` when the denominator is 0.
    ///
    /// A mean is the ratio of sums to counts.
    pub fn ratio(sums: &[(u32, f64, f64)]) -> Option<Self> {
        let numerator: f64 = sums.iter().map(|(_, a, _)| a).sum();
        let denominator: f64 = sums.iter().map(|(_, _, b)| b).sum();
        if denominator <= 0.0 {
            return None;
        }
        let estimate = numerator / denominator;
        let without: Vec<(u32, f64)> = sums
            .iter()
            .map(|(g, a, b)| {
                let rest = denominator - b;
                (*g, if rest > 1e-9 { (numerator - a) / rest } else { estimate })
            })
            .collect();
        Some(Self::new(estimate, &without))
    }

    /// Its variance.
    pub fn variance(&self) -> f64 {
        let squares = |way: &BTreeMap<u32, f64>| way.values().map(|d| d * d).sum::<f64>();
        match self.ways.as_slice() {
            [first, second, both] => {
                let (first, second) = (squares(first), squares(second));
                (first + second - squares(both)).max(first).max(second)
            }
            ways => ways.first().map_or(0.0, squares),
        }
    }

    /// Its standard error.
    pub fn standard_error(&self) -> f64 {
        self.variance().sqrt()
    }

    /// The same with other degrees of freedom: those of the labelled clusters, say.
    #[must_use]
    pub fn with_df(mut self, df: f64) -> Self {
        self.df = df.max(0.0);
        self
    }

    /// Two estimates added, with a factor on the second; degrees of freedom after Welch and Satterthwaite.
    #[must_use]
    pub fn plus(&self, factor: f64, other: &Self) -> Self {
        let (a, b) = (self.variance(), factor * factor * other.variance());
        let spread = a * a / self.df.max(1e-9) + b * b / other.df.max(1e-9);
        let df = if self.df < 1.0 || other.df < 1.0 {
            0.0
        } else if spread > 0.0 {
            (a + b) * (a + b) / spread
        } else {
            self.df.min(other.df)
        };
        let mut ways = self.ways.clone();
        ways.resize(ways.len().max(other.ways.len()), BTreeMap::new());
        for (way, more) in ways.iter_mut().zip(&other.ways) {
            for (g, d) in more {
                *way.entry(*g).or_insert(0.0) += factor * d;
            }
        }
        Self { estimate: self.estimate + factor * other.estimate, df, ways }
    }

    /// The jackknife of this estimate, for intervals.
    pub fn jackknife(&self) -> Jackknife {
        let standard_error = if self.df < 1.0 { f64::NAN } else { self.standard_error() };
        Jackknife { estimate: self.estimate, standard_error, df: self.df }
    }

    /// The t interval; `None` below one degree of freedom.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        self.jackknife().interval(level)
    }

    /// The two-sided p value of "it is 0": below 0.05 exactly when the 95 % interval leaves 0 out.
    ///
    /// `None` below one degree of freedom, or when the variance is 0 (nothing was sampled, so nothing is tested).
    pub fn p_value(&self) -> Option<f64> {
        let standard_error = self.standard_error();
        if standard_error <= 1e-12 {
            return None;
        }
        student_t_p_value(self.estimate / standard_error, self.df)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[(u32, f64)]) -> Clustered {
        let sums: Vec<_> = values.iter().map(|(g, v)| (*g, *v, 1.0)).collect();
        Clustered::ratio(&sums).expect("some values")
    }

    #[test]
    fn a_mean_has_its_textbook_standard_error() {
        let x = mean(&[(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]);
        assert!((x.estimate - 2.5).abs() < 1e-12 && (x.standard_error() - 0.645_497_224).abs() < 1e-9);
    }

    #[test]
    fn shared_clusters_cancel_in_a_difference() {
        let a = mean(&[(1, 1.0), (2, 2.0), (3, 4.0)]);
        let same = a.plus(-1.0, &a);
        assert!(same.estimate.abs() < 1e-12 && same.standard_error() < 1e-12);
        let apart = a.plus(-1.0, &mean(&[(4, 1.0), (5, 2.0), (6, 4.0)]));
        assert!((apart.variance() - 2.0 * a.variance()).abs() < 1e-12);
        assert!((apart.df - 4.0).abs() < 1e-9, "equal variances add their degrees of freedom: {}", apart.df);
    }

    #[test]
    fn p_falls_below_the_level_exactly_when_the_interval_leaves_zero_out() {
        for step in 0..400 {
            let shift = f64::from(step) * 0.01;
            let x =
                mean(&[(1, shift - 1.0), (2, shift), (3, shift + 1.5), (4, shift - 0.7), (5, shift + 0.3)]);
            let interval = x.interval(0.95).expect("five clusters");
            let outside = interval.low > 0.0 || interval.high < 0.0;
            assert_eq!(x.p_value().expect("some variance") < 0.05, outside, "shift {shift}");
        }
    }

    #[test]
    fn two_ways_count_articles_and_speakers_and_never_less_than_either() {
        // Eight statements: article g, speaker s, value.
        let data = [
            (0, 0, 1.0),
            (0, 1, 2.0),
            (1, 0, 1.5),
            (1, 1, 2.5),
            (2, 2, 4.0),
            (2, 3, 3.0),
            (3, 2, 4.5),
            (3, 3, 3.5),
        ];
        let by = |key: &dyn Fn(u32, u32) -> u32| {
            let mut cells: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
            for (g, s, v) in data {
                let cell = cells.entry(key(g, s)).or_default();
                *cell = (cell.0 + v, cell.1 + 1.0);
            }
            let sums: Vec<_> = cells.into_iter().map(|(c, (sum, n))| (c, sum, n)).collect();
            Clustered::ratio(&sums).expect("eight statements")
        };
        let (article, speaker, both) = (by(&|g, _| g), by(&|_, s| s), by(&|g, s| 10 * g + s));
        let wanted = article.variance() + speaker.variance() - both.variance();
        let crossed = article.clone().crossed(speaker.clone(), both.clone());
        assert!(wanted > article.variance().max(speaker.variance()));
        assert!((crossed.variance() - wanted).abs() < 1e-12 && (crossed.df - 3.0).abs() < 1e-12);
        // Every statement its own cluster is more than both ways see: the larger way is the floor.
        let floored = article.clone().crossed(both.clone(), speaker.clone());
        assert!(floored.variance() >= article.variance());
        let doubled = crossed.plus(1.0, &crossed);
        assert!((doubled.variance() - 4.0 * wanted).abs() < 1e-12);
    }

    #[test]
    fn one_cluster_has_no_interval() {
        let x = mean(&[(1, 1.0)]);
        assert_eq!((x.interval(0.95), x.p_value()), (None, None));
        assert_eq!(Clustered::ratio(&[(1, 1.0, 0.0)]), None);
    }
}
