//! Agreement between coders: Krippendorff's α, Cohen's and Fleiss' κ, Gwet's AC1, raw agreement.

use super::resampling::Draws;
use super::{Interval, Jackknife};

/// What the distance between two classes means; it decides which disagreements weigh more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measurement<'a> {
    /// All disagreements weigh the same.
    Nominal,
    /// Classes have an order; the distance counts the ratings that lie between.
    Ordinal,
    /// Classes have these values; the distance is the squared difference.
    Interval(&'a [f64]),
}

/// Counts from which every coefficient is computed. They add up over units, so that an article can be
/// taken out or drawn twice without another look at the ratings.
///
/// # Example
///
/// Two coders, four statements, one disagreement: κ = (3/4 − 1/2) / (1 − 1/2) = 1/2.
///
/// ```
/// use sayso::statistics::AgreementCounts;
///
/// let mut counts = AgreementCounts::new(2);
/// for (a, b) in [(0, 0), (0, 0), (0, 1), (1, 1)] {
///     counts.add(&[Some(a), Some(b)]);
/// }
/// assert_eq!(counts.raw(), Some(0.75));
/// assert_eq!(counts.kappa(), Some(0.5));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AgreementCounts {
    k: usize,
    /// Units with at least two ratings.
    n_units: f64,
    /// Ratings in those units.
    n_ratings: f64,
    /// Units with one rating, which say nothing about agreement.
    n_single: f64,
    /// Krippendorff's coincidence matrix, `k × k`, row by row.
    coincidences: Vec<f64>,
    /// First coder × second coder, `k × k`; only units both rated.
    table: Vec<f64>,
    /// Σ over units of the share of agreeing pairs.
    agreeing: f64,
    /// Σ over units of the share of ratings in each class.
    shares: Vec<f64>,
    /// Ratings by class.
    totals: Vec<f64>,
    /// The most coders that any unit has.
    n_coders: usize,
}

impl AgreementCounts {
    /// No ratings yet, of `k` classes.
    pub fn new(k: usize) -> Self {
        Self {
            k,
            n_units: 0.0,
            n_ratings: 0.0,
            n_single: 0.0,
            coincidences: vec![0.0; k * k],
            table: vec![0.0; k * k],
            agreeing: 0.0,
            shares: vec![0.0; k],
            totals: vec![0.0; k],
            n_coders: 0,
        }
    }

    /// Adds one unit: the class that each coder gave, in a fixed order of coders; `None` is no rating.
    ///
    /// Classes outside `0..k` are no ratings.
    pub fn add(&mut self, ratings: &[Option<usize>]) {
        self.n_coders = self.n_coders.max(ratings.len());
        let mut n = vec![0.0; self.k];
        for class in ratings.iter().flatten().filter(|class| **class < self.k) {
            n[*class] += 1.0;
        }
        let m: f64 = n.iter().sum();
        if m < 2.0 {
            self.n_single += m;
            return;
        }
        self.n_units += 1.0;
        self.n_ratings += m;
        for c in 0..self.k {
            for d in 0..self.k {
                let pairs = n[c] * (n[d] - if c == d { 1.0 } else { 0.0 });
                self.coincidences[c * self.k + d] += pairs / (m - 1.0);
            }
            self.agreeing += n[c] * (n[c] - 1.0) / (m * (m - 1.0));
            self.shares[c] += n[c] / m;
            self.totals[c] += n[c];
        }
        if let [Some(a), Some(b)] = ratings
            && *a < self.k
            && *b < self.k
        {
            self.table[a * self.k + b] += 1.0;
        }
    }

    /// Adds `times` copies of other counts; −1 takes them out again.
    pub fn merge(&mut self, other: &Self, times: f64) {
        self.n_units += times * other.n_units;
        self.n_ratings += times * other.n_ratings;
        self.n_single += times * other.n_single;
        self.agreeing += times * other.agreeing;
        for (mine, theirs) in [
            (&mut self.coincidences, &other.coincidences),
            (&mut self.table, &other.table),
            (&mut self.shares, &other.shares),
            (&mut self.totals, &other.totals),
        ] {
            for (a, b) in mine.iter_mut().zip(theirs) {
                *a += times * b;
            }
        }
        self.n_coders = self.n_coders.max(other.n_coders);
    }

    /// Units with at least two ratings.
    pub fn n_units(&self) -> usize {
        self.n_units as usize
    }

    /// Units with a single rating.
    pub fn n_single(&self) -> usize {
        self.n_single as usize
    }

    /// Raw agreement: the mean share of pairs of ratings of a unit that agree, in [0, 1]; higher is better.
    pub fn raw(&self) -> Option<f64> {
        (self.n_units > 0.5).then(|| self.agreeing / self.n_units)
    }

    /// Krippendorff's α = 1 − observed / expected disagreement; 1 is perfect, 0 is chance.
    ///
    /// With coincidences `o_ck`, their margins `n_c`, `n = Σ n_c` and squared distances `d_ck`:
    /// `α = 1 − (n − 1) · Σ o_ck d_ck / Σ n_c n_k d_ck`. `None` when no two ratings share a unit, or only one
    /// class is in use: then nothing can be said, not even "perfect".
    ///
    /// # References
    ///
    /// * Krippendorff (2011), *Computing Krippendorff's Alpha-Reliability*.
    pub fn alpha(&self, measurement: Measurement<'_>) -> Option<f64> {
        let (mut observed, mut expected) = (0.0, 0.0);
        for c in 0..self.k {
            for d in 0..self.k {
                let distance = self.distance(measurement, c, d);
                observed += self.coincidences[c * self.k + d] * distance;
                expected += self.totals[c] * self.totals[d] * distance;
            }
        }
        (expected > 1e-12).then(|| 1.0 - (self.n_ratings - 1.0) * observed / expected)
    }

    fn distance(&self, measurement: Measurement<'_>, c: usize, d: usize) -> f64 {
        if c == d {
            return 0.0;
        }
        match measurement {
            Measurement::Nominal => 1.0,
            Measurement::Ordinal => {
                let (low, high) = (c.min(d), c.max(d));
                let between: f64 = self.totals[low..=high].iter().sum();
                (between - f64::midpoint(self.totals[c], self.totals[d])).powi(2)
            }
            Measurement::Interval(values) => (values[c] - values[d]).powi(2),
        }
    }

    /// Cohen's κ for two coders, Fleiss' κ for more; 1 is perfect, 0 is chance. `None` when chance agreement is 1.
    ///
    /// # References
    ///
    /// * Cohen (1960), *Educational and Psychological Measurement* 20:37–46.
    /// * Fleiss (1971), *Psychological Bulletin* 76:378–382.
    pub fn kappa(&self) -> Option<f64> {
        let observed = self.raw()?;
        let chance: f64 = if self.n_coders == 2 {
            let row = |c: usize| self.table[c * self.k..(c + 1) * self.k].iter().sum::<f64>();
            let column = |c: usize| (0..self.k).map(|r| self.table[r * self.k + c]).sum::<f64>();
            (0..self.k).map(|c| row(c) * column(c)).sum::<f64>() / (self.n_units * self.n_units)
        } else {
            self.totals.iter().map(|n| (n / self.n_ratings).powi(2)).sum()
        };
        (chance < 1.0 - 1e-12).then(|| (observed - chance) / (1.0 - chance))
    }

    /// Gwet's AC1, which stays stable when one class is much more frequent; 1 is perfect, 0 is chance.
    ///
    /// # References
    ///
    /// * Gwet (2008), *British Journal of Mathematical and Statistical Psychology* 61:29–48.
    pub fn ac1(&self) -> Option<f64> {
        let observed = self.raw()?;
        if self.k < 2 {
            return None;
        }
        let share = |s: &f64| s / self.n_units;
        let spread: f64 = self.shares.iter().map(|s| share(s) * (1.0 - share(s))).sum();
        let chance = spread / (self.k as f64 - 1.0);
        Some((observed - chance) / (1.0 - chance))
    }

    /// For each class: of the pairs in which one coder chose it, the share in which the other did too.
    pub fn by_class(&self) -> Vec<Option<f64>> {
        (0..self.k)
            .map(|c| (self.totals[c] > 0.5).then(|| self.coincidences[c * self.k + c] / self.totals[c]))
            .collect()
    }

    /// Ratings of each class, in units with at least two.
    pub fn totals(&self) -> Vec<usize> {
        self.totals.iter().map(|n| *n as usize).collect()
    }
}

/// The percentile bootstrap interval of a coefficient: whole articles are drawn with replacement.
///
/// `None` with fewer than two articles, or when more than one replicate in twenty has no coefficient.
///
/// # References
///
/// * Zapf et al. (2016), *BMC Medical Research Methodology* 16:93.
pub fn bootstrap_by_article(
    articles: &[AgreementCounts],
    coefficient: impl Fn(&AgreementCounts) -> Option<f64>,
    replicates: usize,
    level: f64,
    seed: u64,
) -> Option<Interval> {
    if articles.len() < 2 {
        return None;
    }
    let mut draws = Draws::new(seed, 0);
    let mut values = Vec::with_capacity(replicates);
    for _ in 0..replicates {
        let mut counts = AgreementCounts::new(articles[0].k);
        for _ in 0..articles.len() {
            counts.merge(&articles[draws.below(articles.len())], 1.0);
        }
        values.extend(coefficient(&counts));
    }
    if values.len() * 20 < replicates * 19 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |p: f64| quantile(&values, p);
    Some(Interval { low: at(0.5 - level / 2.0), high: at(0.5 + level / 2.0) })
}

/// The delete-one-article jackknife of a coefficient; `None` when some article cannot be left out.
///
/// Steadier than the bootstrap when articles are few (Hughes 2022).
pub fn jackknife_by_article(
    articles: &[AgreementCounts],
    coefficient: impl Fn(&AgreementCounts) -> Option<f64>,
) -> Option<Jackknife> {
    let mut all = AgreementCounts::new(articles.first()?.k);
    for article in articles {
        all.merge(article, 1.0);
    }
    let without = articles
        .iter()
        .map(|article| {
            let mut rest = all.clone();
            rest.merge(article, -1.0);
            coefficient(&rest)
        })
        .collect::<Option<Vec<f64>>>()?;
    Some(Jackknife::new(coefficient(&all)?, &without))
}

/// The `p` quantile of sorted values, with linear interpolation between neighbours.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len() - 1) as f64;
    let (below, above) = (at.floor() as usize, at.ceil() as usize);
    sorted[below] + (at - at.floor()) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four coders, twelve units, five classes: the worked example of Krippendorff (2011).
    fn printed_example() -> AgreementCounts {
        let a = [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0];
        let b = [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3];
        let c = [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0];
        let d = [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0];
        let mut counts = AgreementCounts::new(5);
        for u in 0..12 {
            let rating = |x: usize| x.checked_sub(1);
            counts.add(&[rating(a[u]), rating(b[u]), rating(c[u]), rating(d[u])]);
        }
        counts
    }

    #[test]
    fn alpha_replays_the_printed_example() {
        let counts = printed_example();
        let values = [1.0, 2.0, 3.0, 4.0, 5.0];
        for (measurement, printed) in [
            (Measurement::Nominal, 0.743_421),
            (Measurement::Ordinal, 0.815_388),
            (Measurement::Interval(&values), 0.849_107),
        ] {
            let alpha = counts.alpha(measurement).expect("five classes in use");
            assert!((alpha - printed).abs() < 5e-7, "{measurement:?}: {alpha}, printed {printed}");
        }
        assert_eq!((counts.n_units(), counts.n_single()), (11, 1));
    }

    #[test]
    fn one_class_in_use_is_undefined_and_not_perfect() {
        let mut counts = AgreementCounts::new(3);
        counts.add(&[Some(1), Some(1)]);
        counts.add(&[Some(1), Some(1)]);
        assert_eq!(counts.alpha(Measurement::Nominal), None);
        assert_eq!(counts.kappa(), None);
        assert_eq!(counts.raw(), Some(1.0));
        assert_eq!(counts.ac1(), Some(1.0));
    }

    #[test]
    fn no_shared_unit_gives_nothing() {
        let mut counts = AgreementCounts::new(2);
        counts.add(&[Some(0), None]);
        counts.add(&[None, Some(1)]);
        assert_eq!((counts.raw(), counts.alpha(Measurement::Nominal), counts.kappa()), (None, None, None));
    }

    #[test]
    fn articles_can_be_left_out_and_drawn() {
        let articles: Vec<AgreementCounts> = (0..12)
            .map(|g| {
                let mut counts = AgreementCounts::new(2);
                for i in 0..4 {
                    let agree = i >= g % 3;
                    counts.add(&[Some((g + i) % 2), Some((g + i + usize::from(!agree)) % 2)]);
                }
                counts
            })
            .collect();
        let kappa = |c: &AgreementCounts| c.kappa();
        let jackknife = jackknife_by_article(&articles, kappa).expect("two classes everywhere");
        let interval = bootstrap_by_article(&articles, kappa, 500, 0.95, 7).expect("twelve articles");
        assert!(interval.low < jackknife.estimate && jackknife.estimate < interval.high);
        assert_eq!(bootstrap_by_article(&articles, kappa, 500, 0.95, 7), Some(interval));
        assert_ne!(bootstrap_by_article(&articles, kappa, 500, 0.95, 8), Some(interval));
        assert_eq!(bootstrap_by_article(&articles[..1], kappa, 500, 0.95, 7), None);
    }
}
