use serde::{Deserialize, Serialize};

use super::Draws;

/// How far probabilities are from coming true.
#[derive(Debug, Clone, Default, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// `Σₖ (pₖ − yₖ)²`, averaged over rows, in [0, 2]; lower is better.
    pub brier: f64,
    /// `−ln p` of the true class, averaged, in nats; lower is better.
    pub log_loss: f64,
    /// Expected calibration error of the most probable class, in [0, 1]: over bins of equal size, the mean
    /// distance between its probability and how often it is right. Lower is better; above 0 even for perfect probabilities.
    pub ece: f64,
    /// The ECE that perfect probabilities would show on as many rows, by resampling classes from them.
    pub ece_null: f64,
}

/// The smallest probability whose logarithm is taken.
const FLOOR: f64 = 1e-15;
/// Resamples behind the null value.
const RESAMPLES: usize = 100;

/// A point of a reliability curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Mean probability of the most probable class.
    pub confidence: f64,
    /// How often it is right.
    pub accuracy: f64,
    /// Rows in the bin.
    pub n: usize,
}

impl Reliability {
    /// Measures probabilities against true classes.
    ///
    /// # Arguments
    ///
    /// * `p` - `(n_rows, n_classes)`, each row summing to 1.
    /// * `y` - the true class of each row.
    /// * `seed` - of the resampling behind [`Reliability::ece_null`].
    ///
    /// # Returns
    ///
    /// All NaN without rows.
    ///
    /// # References
    ///
    /// * Brier (1950), *Monthly Weather Review* 78:1–3 (multi-class form).
    /// * Roelofs et al. (2022), *AISTATS* (equal-mass bins; the upward bias of the ECE).
    pub fn measure(p: &[Vec<f64>], y: &[usize], seed: u64) -> Self {
        let n = p.len() as f64;
        if p.is_empty() {
            return Self { brier: f64::NAN, log_loss: f64::NAN, ece: f64::NAN, ece_null: f64::NAN };
        }
        let (mut brier, mut log_loss) = (0.0, 0.0);
        for (p, y) in p.iter().zip(y) {
            for (k, p) in p.iter().enumerate() {
                let hit = f64::from(u8::from(k == *y));
                brier += (p - hit) * (p - hit);
            }
            log_loss -= libm::log(p[*y].max(FLOOR));
        }
        let mut confidence: Vec<(f64, bool)> = p.iter().zip(y).map(|(p, y)| top(p, *y)).collect();
        let ece = calibration_error(&mut confidence);
        let mut draws = Draws::new(seed, 0);
        let mut null = 0.0;
        for _ in 0..RESAMPLES {
            for (confidence, right) in &mut confidence {
                *right = draws.uniform() < *confidence;
            }
            null += calibration_error(&mut confidence);
        }
        Self { brier: brier / n, log_loss: log_loss / n, ece, ece_null: null / RESAMPLES as f64 }
    }
}

fn top(p: &[f64], y: usize) -> (f64, bool) {
    let mut best = 0;
    for (k, value) in p.iter().enumerate() {
        if *value > p[best] {
            best = k;
        }
    }
    (p[best], best == y)
}

/// The reliability curve of the most probable class, over bins of equal size.
pub fn reliability_curve(p: &[Vec<f64>], y: &[usize]) -> Vec<ReliabilityBin> {
    let mut rows: Vec<(f64, bool)> = p.iter().zip(y).map(|(p, y)| top(p, *y)).collect();
    bins(&mut rows)
}

fn bins(rows: &mut [(f64, bool)]) -> Vec<ReliabilityBin> {
    rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    // Fifteen bins, fewer when they would hold less than ten rows each.
    let k = (rows.len() / 10).clamp(1, 15);
    (0..k)
        .map(|bin| &rows[bin * rows.len() / k..(bin + 1) * rows.len() / k])
        .filter(|rows| !rows.is_empty())
        .map(|rows| ReliabilityBin {
            confidence: rows.iter().map(|r| r.0).sum::<f64>() / rows.len() as f64,
            accuracy: rows.iter().filter(|r| r.1).count() as f64 / rows.len() as f64,
            n: rows.len(),
        })
        .collect()
}

fn calibration_error(rows: &mut [(f64, bool)]) -> f64 {
    let n = rows.len() as f64;
    bins(rows).iter().map(|b| b.n as f64 / n * (b.confidence - b.accuracy).abs()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worked_example() {
        let p = vec![vec![0.7, 0.3], vec![0.2, 0.8]];
        let r = Reliability::measure(&p, &[0, 0], 1);
        assert!((r.brier - 0.73).abs() < 1e-12);
        assert!((r.log_loss - (-(0.7_f64.ln()) - 0.2_f64.ln()) / 2.0).abs() < 1e-12);
        // One bin: mean confidence 0.75, half right.
        assert!((r.ece - 0.25).abs() < 1e-12);
    }

    #[test]
    fn true_probabilities_are_near_their_null_and_false_ones_far_above() {
        let mut draws = Draws::new(3, 0);
        let p: Vec<Vec<f64>> =
            (0..3000).map(|i| vec![f64::from(i) / 3000.0, 1.0 - f64::from(i) / 3000.0]).collect();
        let y: Vec<usize> = p.iter().map(|p| usize::from(draws.uniform() >= p[0])).collect();
        let good = Reliability::measure(&p, &y, 1);
        assert!(good.ece < 2.0 * good.ece_null && good.ece_null < 0.04, "{good:?}");
        let bold: Vec<Vec<f64>> =
            p.iter().map(|p| if p[0] > 0.5 { vec![0.99, 0.01] } else { vec![0.01, 0.99] }).collect();
        let bad = Reliability::measure(&bold, &y, 1);
        assert!(bad.ece > 5.0 * bad.ece_null, "{bad:?}");
        assert_eq!(reliability_curve(&p, &y).iter().map(|b| b.n).sum::<usize>(), 3000);
    }

    #[test]
    fn a_probability_of_zero_for_the_truth_is_no_infinity() {
        assert!(Reliability::measure(&[vec![1.0, 0.0]], &[1], 1).log_loss < 40.0);
        assert!(Reliability::measure(&[], &[], 1).brier.is_nan());
    }
}
