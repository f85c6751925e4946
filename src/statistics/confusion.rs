use serde::{Deserialize, Serialize};

/// Counts of gold class against predicted class.
///
/// # Example
///
/// ```
/// use sayso::statistics::Confusion;
///
/// let confusion = Confusion::from_pairs(2, [(0, 0), (0, 0), (0, 1), (1, 1)]);
/// assert_eq!(confusion.accuracy(), 0.75);
/// // F1 of class 0 is 2·2/(3+2) = 0.8, of class 1 2·1/(1+2) = 0.667.
/// assert!((confusion.macro_f1() - (0.8 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// `counts[gold][predicted]`.
    pub counts: Vec<Vec<u64>>,
}

/// How well one class is found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassScores {
    /// Share of those predicted that are right; 0 when none is predicted.
    pub precision: f64,
    /// Share of those that are there and found; 0 when there is none.
    pub recall: f64,
    /// Harmonic mean of the two; 0 when both are.
    pub f1: f64,
    /// How many are there.
    pub support: u64,
}

impl Confusion {
    /// No pair yet, `n_classes` classes.
    pub fn new(n_classes: usize) -> Self {
        Self { counts: vec![vec![0; n_classes]; n_classes] }
    }

    /// From pairs of gold and predicted class, both below `n_classes`; others are passed over.
    pub fn from_pairs(n_classes: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut confusion = Self::new(n_classes);
        for (gold, predicted) in pairs {
            if let Some(count) = confusion.counts.get_mut(gold).and_then(|row| row.get_mut(predicted)) {
                *count += 1;
            }
        }
        confusion
    }

    /// Number of pairs.
    pub fn n(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// Share of pairs on the diagonal, in [0, 1]; 0 without pairs.
    pub fn accuracy(&self) -> f64 {
        ratio((0..self.counts.len()).map(|k| self.counts[k][k]).sum(), self.n())
    }

    /// Precision, recall, F1 and support by class.
    pub fn by_class(&self) -> Vec<ClassScores> {
        (0..self.counts.len())
            .map(|k| {
                let hits = self.counts[k][k];
                let support: u64 = self.counts[k].iter().sum();
                let predicted: u64 = self.counts.iter().map(|row| row[k]).sum();
                ClassScores {
                    precision: ratio(hits, predicted),
                    recall: ratio(hits, support),
                    f1: ratio(2 * hits, support + predicted),
                    support,
                }
            })
            .collect()
    }

    /// The mean of the classes' F1, in [0, 1]. Classes that are neither there nor predicted do not count.
    ///
    /// # References
    ///
    /// * Opitz & Burst (2019), arXiv:1911.03347 ("averaged F1").
    pub fn macro_f1(&self) -> f64 {
        self.mean_f1(|_| true)
    }

    /// The mean F1 of some classes, chosen by index.
    pub fn mean_f1(&self, of: impl Fn(usize) -> bool) -> f64 {
        let (mut sum, mut n) = (0.0, 0.0);
        for (k, class) in self.by_class().iter().enumerate() {
            let predicted: u64 = self.counts.iter().map(|row| row[k]).sum();
            if of(k) && class.support + predicted > 0 {
                sum += class.f1;
                n += 1.0;
            }
        }
        if n > 0.0 { sum / n } else { 0.0 }
    }

    /// The mean of the classes' F1, each weighted by how many are there.
    pub fn weighted_f1(&self) -> f64 {
        let n = self.n() as f64;
        if n == 0.0 {
            return 0.0;
        }
        self.by_class().iter().map(|c| c.f1 * c.support as f64).sum::<f64>() / n
    }

    /// This table without another's counts.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let counts = self
            .counts
            .iter()
            .zip(&other.counts)
            .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a.saturating_sub(*b)).collect())
            .collect();
        Self { counts }
    }
}

fn ratio(a: u64, b: u64) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_is_nowhere_does_not_lower_the_mean() {
        let c = Confusion::from_pairs(3, [(0, 0), (1, 1), (1, 0)]);
        let expected = f64::midpoint(2.0 / 3.0, 2.0 / 3.0);
        assert!((c.macro_f1() - expected).abs() < 1e-12);
        assert_eq!(c.by_class()[2], ClassScores { precision: 0.0, recall: 0.0, f1: 0.0, support: 0 });
    }

    #[test]
    fn an_empty_table_scores_zero() {
        let c = Confusion::new(2);
        assert_eq!((c.accuracy(), c.macro_f1(), c.weighted_f1()), (0.0, 0.0, 0.0));
    }

    #[test]
    fn taking_rows_away_leaves_the_rest() {
        let all = Confusion::from_pairs(2, [(0, 0), (0, 1), (1, 1)]);
        let some = Confusion::from_pairs(2, [(0, 1)]);
        assert_eq!(all.without(&some), Confusion::from_pairs(2, [(0, 0), (1, 1)]));
    }
}
