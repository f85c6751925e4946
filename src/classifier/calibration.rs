use linfa::ParamGuard;
use linfa::composing::platt_scaling::{Platt, platt_newton_method};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::objective::{sigmoid, softmax_into};

/// Turns linear scores into probabilities that come true as often as they say.
///
/// Fitted on scores of rows the model had not seen (out of fold), applied to the model fitted on all rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum Calibration {
    /// Scores as they come: the logistic function or the softmax of them.
    None,
    /// Two classes: `p(1) = 1 / (1 + exp(−(slope · z + intercept)))`, slope above 0.
    Platt {
        /// Above 0: below 1 where the scores are overconfident.
        slope: f64,
        /// Shifts towards the second class.
        intercept: f64,
    },
    /// Bias-corrected temperature: `p = softmax(slope · z + intercepts)`, slope above 0.
    Temperature {
        /// Above 0: one over the temperature.
        slope: f64,
        /// One per class, their mean zero.
        intercepts: Vec<f64>,
    },
}

/// With fewer rows of a class, scores stay as they are.
pub const FEWEST_FOR_CALIBRATION: usize = 10;

impl Calibration {
    /// Fits the calibration of out-of-fold scores.
    ///
    /// Two classes and rows that count alike: Platt's method on smoothed targets, by linfa. Otherwise: the slope and intercepts that
    /// minimise the log loss, weighted, plus a small ridge towards slope 1 and intercepts 0. Where a class has fewer than ten rows, or
    /// the slope would not be positive (the scores of two classes rank the wrong way round), there is none.
    ///
    /// # Arguments
    ///
    /// * `scores` - `(n_rows, n_outputs)`, one output for two classes.
    /// * `y` - the class of each row.
    /// * `weights` - how much each row counts, above 0; only their proportions matter.
    ///
    /// # References
    ///
    /// * Platt (1999), in *Advances in Large Margin Classifiers*; Lin, Lin & Weng (2007), *Machine Learning* 68:267–276.
    /// * Alexandari, Kundaje & Shrikumar (2020), *ICML*, sec. 3 (bias-corrected temperature).
    pub fn fit(scores: &[Vec<f64>], y: &[usize], weights: &[f64], n_classes: usize) -> Self {
        let mut counts = vec![0_usize; n_classes];
        for y in y {
            counts[*y] += 1;
        }
        if counts.iter().any(|n| *n < FEWEST_FOR_CALIBRATION) {
            return Self::None;
        }
        let alike = weights.iter().all(|w| *w == weights[0]);
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let weights: Vec<f64> = weights.iter().map(|w| if alike { 1.0 } else { w / mean }).collect();
        if n_classes > 2 {
            return temperature(scores, y, &weights, n_classes);
        }
        if alike {
            return platt(scores, y);
        }
        if !rank_rightly(scores, y, &weights) {
            return Self::None;
        }
        let halves: Vec<Vec<f64>> = scores.iter().map(|z| vec![-0.5 * z[0], 0.5 * z[0]]).collect();
        match temperature(&halves, y, &weights, 2) {
            Self::Temperature { slope, intercepts } => {
                Self::Platt { slope, intercept: intercepts[1] - intercepts[0] }
            }
            other => other,
        }
    }

    /// Calibrated probabilities of one row's scores, one per class; they sum to 1.
    pub fn apply(&self, z: &[f64]) -> Vec<f64> {
        if z.len() == 1 {
            let p = match self {
                Self::Platt { slope, intercept } => sigmoid(slope * z[0] + intercept),
                _ => sigmoid(z[0]),
            };
            return vec![1.0 - p, p];
        }
        let mut p = Vec::with_capacity(z.len());
        match self {
            Self::Temperature { slope, intercepts } => {
                let z: Vec<f64> = z.iter().zip(intercepts).map(|(z, b)| slope * z + b).collect();
                softmax_into(&z, &mut p);
            }
            _ => {
                softmax_into(z, &mut p);
            }
        }
        p
    }

    /// True when its numbers are finite, its slope positive and its length that of `n_classes`.
    pub fn is_sound(&self, n_classes: usize) -> bool {
        match self {
            Self::None => true,
            Self::Platt { slope, intercept } => {
                n_classes == 2 && slope.is_finite() && *slope > 0.0 && intercept.is_finite()
            }
            Self::Temperature { slope, intercepts } => {
                n_classes > 2
                    && slope.is_finite()
                    && *slope > 0.0
                    && intercepts.len() == n_classes
                    && intercepts.iter().all(|b| b.is_finite())
            }
        }
    }

    /// The word used in cards.
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Platt { .. } => "Platt",
            Self::Temperature { .. } => "bias-corrected temperature",
        }
    }
}

/// Whether scores of two classes are higher in the second, in the weighted mean: then the best slope is positive.
fn rank_rightly(scores: &[Vec<f64>], y: &[usize], weights: &[f64]) -> bool {
    let (mut sums, mut totals) = ([0.0; 2], [0.0; 2]);
    for ((z, y), weight) in scores.iter().zip(y).zip(weights) {
        sums[*y] += weight * z[0];
        totals[*y] += weight;
    }
    sums[1] / totals[1] > sums[0] / totals[0]
}

fn platt(scores: &[Vec<f64>], y: &[usize]) -> Calibration {
    let z: Array1<f64> = scores.iter().map(|z| z[0]).collect();
    let positive: Array1<bool> = y.iter().map(|y| *y == 1).collect();
    let fitted = Platt::<f64, ()>::params()
        .check()
        .ok()
        .and_then(|params| platt_newton_method(z.view(), positive.view(), &params).ok());
    // linfa's form is 1 / (1 + exp(a z + b)). It uses the platform's exp; the last digits are rounded away so
    // that the same data give the same file everywhere.
    match fitted {
        Some((a, b)) if a.is_finite() && b.is_finite() && a < 0.0 => {
            Calibration::Platt { slope: rounded(-a), intercept: rounded(-b) }
        }
        _ => Calibration::None,
    }
}

/// Nine significant digits.
fn rounded(x: f64) -> f64 {
    format!("{x:.8e}").parse().unwrap_or(x)
}

/// Weight of the ridge towards slope 1 and intercepts 0, in rows.
const RIDGE: f64 = 1.0;

fn temperature(scores: &[Vec<f64>], y: &[usize], weights: &[f64], n_classes: usize) -> Calibration {
    // Parameters: the logarithm of the slope keeps it positive; then the intercepts.
    let n = n_classes + 1;
    let mut theta = vec![0.0; n];
    let mut value = temperature_value(&theta, scores, y, weights);
    for _ in 0..100 {
        let (g, h) = temperature_derivatives(&theta, scores, y, weights);
        if g.iter().map(|g| g * g).sum::<f64>().sqrt() < 1e-9 * scores.len() as f64 {
            break;
        }
        let Some(step) = solve(h, g.iter().map(|g| -g).collect()) else { return Calibration::None };
        // Twice what the step promises: below the rounding of the value nothing is to be gained.
        let promised: f64 = -g.iter().zip(&step).map(|(g, s)| g * s).sum::<f64>();
        if promised < 1e-13 * value {
            break;
        }
        let mut length = 1.0;
        loop {
            let trial: Vec<f64> = theta.iter().zip(&step).map(|(t, s)| t + length * s).collect();
            let at_trial = temperature_value(&trial, scores, y, weights);
            if at_trial <= value {
                theta = trial;
                value = at_trial;
                break;
            }
            length *= 0.5;
            if length < 1e-9 {
                break;
            }
        }
        if length < 1e-9 {
            break;
        }
    }
    let slope = libm::exp(theta[0]);
    let mean = theta[1..].iter().sum::<f64>() / n_classes as f64;
    let intercepts = theta[1..].iter().map(|b| b - mean).collect();
    // A slope of nearly zero says that the scores tell nothing; the prior alone would be printed as a finding.
    if theta.iter().all(|t| t.is_finite()) && slope > 1e-3 {
        Calibration::Temperature { slope, intercepts }
    } else {
        Calibration::None
    }
}

fn temperature_value(theta: &[f64], scores: &[Vec<f64>], y: &[usize], weights: &[f64]) -> f64 {
    let slope = libm::exp(theta[0]);
    let mut f = 0.5 * RIDGE * (theta[0] * theta[0] + theta[1..].iter().map(|b| b * b).sum::<f64>());
    let (mut z, mut p) = (Vec::new(), Vec::new());
    for ((row, y), weight) in scores.iter().zip(y).zip(weights) {
        z.clear();
        p.clear();
        z.extend(row.iter().zip(&theta[1..]).map(|(z, b)| slope * z + b));
        f += weight * (softmax_into(&z, &mut p) - z[*y]);
    }
    f
}

/// Gradient and a positive definite curvature (Gauss–Newton in the slope).
fn temperature_derivatives(
    theta: &[f64],
    scores: &[Vec<f64>],
    y: &[usize],
    weights: &[f64],
) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = theta.len();
    let slope = libm::exp(theta[0]);
    let mut g: Vec<f64> = theta.iter().map(|t| RIDGE * t).collect();
    let mut h = vec![vec![0.0; n]; n];
    for (i, row) in h.iter_mut().enumerate() {
        row[i] = RIDGE;
    }
    let mut p = Vec::new();
    for ((row, y), weight) in scores.iter().zip(y).zip(weights) {
        let z: Vec<f64> = row.iter().zip(&theta[1..]).map(|(z, b)| slope * z + b).collect();
        p.clear();
        softmax_into(&z, &mut p);
        // Derivative of each linear score by the log slope.
        let d: Vec<f64> = row.iter().map(|z| slope * z).collect();
        let mean: f64 = p.iter().zip(&d).map(|(p, d)| p * d).sum();
        g[0] += weight * (mean - d[*y]);
        h[0][0] += weight * p.iter().zip(&d).map(|(p, d)| p * (d - mean) * (d - mean)).sum::<f64>();
        for k in 0..n - 1 {
            g[k + 1] += weight * (p[k] - f64::from(u8::from(k == *y)));
            let cross = weight * p[k] * (d[k] - mean);
            h[0][k + 1] += cross;
            h[k + 1][0] += cross;
            for l in 0..n - 1 {
                h[k + 1][l + 1] += weight * p[k] * (f64::from(u8::from(k == l)) - p[l]);
            }
        }
    }
    (g, h)
}

/// Solves a small positive definite system by elimination; `None` when it is singular.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for i in 0..n {
        let pivot = a[i][i];
        if pivot.abs() < 1e-300 || !pivot.is_finite() {
            return None;
        }
        let (above, below) = a.split_at_mut(i + 1);
        for (offset, row) in below.iter_mut().enumerate() {
            let factor = row[i] / pivot;
            for (x, y) in row[i..].iter_mut().zip(&above[i][i..]) {
                *x -= factor * y;
            }
            b[i + 1 + offset] -= factor * b[i];
        }
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| a[i][k] * b[k]).sum();
        b[i] = (b[i] - sum) / a[i][i];
    }
    b.iter().all(|b| b.is_finite()).then_some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores whose true probabilities are σ(½z): twice too confident.
    fn overconfident() -> (Vec<Vec<f64>>, Vec<usize>) {
        let mut scores = Vec::new();
        let mut y = Vec::new();
        for i in 0..4000 {
            let z = f64::from(i % 81 - 40) / 10.0;
            let p = sigmoid(0.5 * z);
            scores.push(vec![z]);
            y.push(usize::from(f64::from(i / 81) / 49.4 < p));
        }
        (scores, y)
    }

    #[test]
    fn platt_halves_scores_that_are_twice_too_large() {
        let (scores, y) = overconfident();
        let Calibration::Platt { slope, intercept } = Calibration::fit(&scores, &y, &vec![1.0; y.len()], 2)
        else {
            panic!("fitted")
        };
        assert!((slope - 0.5).abs() < 0.03 && intercept.abs() < 0.1, "{slope} {intercept}");
    }

    #[test]
    fn temperature_does_for_three_classes_what_platt_does_for_two() {
        let (scores, y) = overconfident();
        let three: Vec<Vec<f64>> = scores.iter().map(|z| vec![-z[0] / 2.0, z[0] / 2.0, -30.0]).collect();
        let mut y3 = y;
        for i in (0..200).step_by(10) {
            y3[i] = 2;
        }
        let Calibration::Temperature { slope, intercepts } =
            Calibration::fit(&three, &y3, &vec![1.0; y3.len()], 3)
        else {
            panic!("fitted")
        };
        assert!(slope > 0.3 && slope < 0.7, "{slope}");
        assert!(intercepts.iter().sum::<f64>().abs() < 1e-9);
    }

    #[test]
    fn a_row_of_weight_three_counts_as_three_rows() {
        let (scores, y) = overconfident();
        let weight = |i: usize| if i % 7 < 2 { 3 } else { 1 };
        let weights: Vec<f64> = (0..y.len()).map(|i| f64::from(weight(i))).collect();
        let thrice = || (0..y.len()).flat_map(|i| std::iter::repeat_n(i, weight(i) as usize));
        let (more, y_more): (Vec<_>, Vec<_>) = thrice().map(|i| (scores[i].clone(), y[i])).unzip();
        let numbers = |calibration| match calibration {
            Calibration::Platt { slope, intercept } => vec![slope, intercept],
            Calibration::Temperature { slope, intercepts } => [vec![slope], intercepts].concat(),
            Calibration::None => panic!("fitted"),
        };
        let near = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 2e-3);
        let alike = vec![1.0; y_more.len()];
        let two = numbers(Calibration::fit(&scores, &y, &weights, 2));
        assert!(near(two, numbers(Calibration::fit(&more, &y_more, &alike, 2))));
        let third = |scores: &[Vec<f64>]| -> Vec<Vec<f64>> {
            scores.iter().map(|z| vec![-z[0] / 2.0, z[0] / 2.0, -2.0]).collect()
        };
        let of_three = |y: &[usize], i: usize| if i.is_multiple_of(10) { 2 } else { y[i] };
        let y3: Vec<usize> = (0..y.len()).map(|i| of_three(&y, i)).collect();
        let y3_more: Vec<usize> = thrice().map(|i| y3[i]).collect();
        let three = numbers(Calibration::fit(&third(&scores), &y3, &weights, 3));
        assert!(near(three.clone(), numbers(Calibration::fit(&third(&more), &y3_more, &alike, 3))));
        let unweighted = numbers(Calibration::fit(&third(&scores), &y3, &vec![1.0; y3.len()], 3));
        assert!(!near(three, unweighted));
    }

    #[test]
    fn scores_that_rank_the_wrong_way_are_not_turned_round() {
        let (scores, y) = overconfident();
        let wrong: Vec<Vec<f64>> = scores.iter().map(|z| vec![-z[0]]).collect();
        assert_eq!(Calibration::fit(&wrong, &y, &vec![1.0; y.len()], 2), Calibration::None);
        let weights: Vec<f64> = (0..y.len()).map(|i| if i % 2 == 0 { 0.3 } else { 0.7 }).collect();
        assert_eq!(Calibration::fit(&wrong, &y, &weights, 2), Calibration::None);
    }

    #[test]
    fn only_the_proportions_of_weights_matter() {
        let (scores, y) = overconfident();
        let fit = |weight| Calibration::fit(&scores, &y, &vec![weight; y.len()], 2);
        assert_eq!(fit(1.0 / 3.0), fit(1.0));
    }

    #[test]
    fn nine_of_a_class_are_too_few() {
        let scores: Vec<Vec<f64>> = (0..100).map(|i| vec![f64::from(i)]).collect();
        let y: Vec<usize> = (0..100).map(|i| usize::from(i >= 91)).collect();
        assert_eq!(Calibration::fit(&scores, &y, &vec![1.0; y.len()], 2), Calibration::None);
    }

    #[test]
    fn probabilities_sum_to_one() {
        let t = Calibration::Temperature { slope: 2.0, intercepts: vec![0.1, 0.2, -0.3] };
        assert!((t.apply(&[300.0, -2.0, 1.0]).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(Calibration::None.apply(&[0.0]), [0.5, 0.5]);
    }
}
