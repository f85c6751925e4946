use linfa::ParamGuard;
use rayon::prelude::*;

use super::scores::RowScores;
use crate::Result;
use crate::classifier::{LogisticParams, LogisticRegression, Scheme, Solver, SolverReport, log_count_ratio};
use crate::features::Rows;
use crate::model::Weighting;

/// How one axis is fitted, but for `C`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Recipe {
    pub(super) weighting: Weighting,
    pub(super) scheme: Scheme,
    pub(super) solver: Solver,
    pub(super) balanced: bool,
    pub(super) seed: u64,
}

/// A linear model of tf-idf values, whatever it was fitted on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linear {
    /// Term-major.
    pub(super) weights: Vec<f64>,
    pub(super) intercepts: Vec<f64>,
    pub(super) reports: Vec<SolverReport>,
}

/// How near the minimum a final fit ends, as a share of the objective.
const FINAL: f64 = 1e-5;
/// The same for fits that only help to choose.
const ROUGH: f64 = 1e-3;

impl Recipe {
    /// Fits to the final tolerance.
    pub(super) fn fit(
        &self,
        x: &Rows<'_>,
        y: &[usize],
        n_classes: usize,
        weights: &[f64],
        c: f64,
    ) -> Result<Linear> {
        let path = self.path(x, y, n_classes, weights, &[c], FINAL)?;
        Ok(path.into_iter().next().expect("one fit per value of C"))
    }

    /// Fits at each `C`, roughly.
    pub(super) fn rough_path(
        &self,
        x: &Rows<'_>,
        y: &[usize],
        n_classes: usize,
        weights: &[f64],
        grid: &[f64],
    ) -> Result<Vec<Linear>> {
        self.path(x, y, n_classes, weights, grid, ROUGH)
    }

    fn path(
        &self,
        x: &Rows<'_>,
        y: &[usize],
        n_classes: usize,
        weights: &[f64],
        grid: &[f64],
        tolerance: f64,
    ) -> Result<Vec<Linear>> {
        let weights = if self.balanced { balanced(y, n_classes, weights) } else { weights.to_vec() };
        let params = LogisticParams::new()
            .tolerance(tolerance)
            .scheme(self.scheme)
            .solver(self.solver)
            .seed(self.seed);
        match self.weighting {
            Weighting::Tfidf => plain(x, y, n_classes, &weights, grid, params),
            Weighting::Nb => naive_bayes(x, y, n_classes, &weights, grid, params),
            Weighting::Both => {
                let a = plain(x, y, n_classes, &weights, grid, params)?;
                let b = naive_bayes(x, y, n_classes, &weights, grid, params)?;
                Ok(a.into_iter().zip(b).map(|(a, b)| a.mean(b)).collect())
            }
        }
    }
}

fn plain(
    x: &Rows<'_>,
    y: &[usize],
    n_classes: usize,
    weights: &[f64],
    grid: &[f64],
    params: LogisticParams,
) -> Result<Vec<Linear>> {
    let path = params.check()?.fit_rows(x, y, n_classes, weights, grid)?;
    Ok(path.iter().map(Linear::from).collect())
}

/// One class against the rest each, on columns that its log-count ratio scales.
fn naive_bayes(
    x: &Rows<'_>,
    y: &[usize],
    n_classes: usize,
    weights: &[f64],
    grid: &[f64],
    params: LogisticParams,
) -> Result<Vec<Linear>> {
    let outputs: Vec<usize> = if n_classes == 2 { vec![1] } else { (0..n_classes).collect() };
    let n = outputs.len();
    let empty = Linear { weights: vec![0.0; x.n_cols() * n], intercepts: vec![0.0; n], reports: Vec::new() };
    let mut fits = vec![empty; grid.len()];
    for (k, class) in outputs.iter().enumerate() {
        let inside: Vec<bool> = y.iter().map(|y| y == class).collect();
        if inside.iter().all(|i| *i == inside[0]) {
            for fit in &mut fits {
                fit.intercepts[k] = if inside[0] { CERTAIN } else { -CERTAIN };
            }
            continue;
        }
        let ratio = at_full_length(log_count_ratio(x, &inside), x);
        let scaled = x.scaled(&ratio);
        let of_two: Vec<usize> = inside.iter().map(|i| usize::from(*i)).collect();
        let path = params.check()?.fit_rows(&scaled, &of_two, 2, weights, grid)?;
        for (binary, fit) in path.iter().zip(&mut fits) {
            for (j, (w, r)) in binary.weights().iter().zip(&ratio).enumerate() {
                fit.weights[j * n + k] = w * f64::from(*r);
            }
            fit.intercepts[k] = binary.intercepts()[0];
            fit.reports.extend_from_slice(binary.reports());
        }
    }
    Ok(fits)
}

/// Scales ratios so that rows keep their mean square length: then `C` means the same with and without them.
fn at_full_length(mut ratio: Vec<f32>, x: &Rows<'_>) -> Vec<f32> {
    let (mut before, mut after) = (0.0, 0.0);
    let mut reader = x.reader();
    for i in 0..x.n_rows() {
        for (column, value) in reader.row(i).iter() {
            let r = f64::from(ratio[column]);
            before += value * value;
            after += value * value * r * r;
        }
    }
    let by = if after > 0.0 { (before / after).sqrt() } else { 1.0 };
    for r in &mut ratio {
        *r = (f64::from(*r) * by) as f32;
    }
    ratio
}

/// The linear score of a class that no row of a split has, or all.
const CERTAIN: f64 = 10.0;

/// Row weights times `n / (n_classes · n_of_class)`.
fn balanced(y: &[usize], n_classes: usize, weights: &[f64]) -> Vec<f64> {
    let mut of_class = vec![0.0; n_classes];
    for (y, w) in y.iter().zip(weights) {
        of_class[*y] += w;
    }
    let total: f64 = of_class.iter().sum();
    let present = of_class.iter().filter(|w| **w > 0.0).count() as f64;
    y.iter().zip(weights).map(|(y, w)| w * total / (present * of_class[*y])).collect()
}

impl From<&LogisticRegression> for Linear {
    fn from(fit: &LogisticRegression) -> Self {
        Self {
            weights: fit.weights().to_vec(),
            intercepts: fit.intercepts().to_vec(),
            reports: fit.reports().to_vec(),
        }
    }
}

impl Linear {
    /// The linear scores of every row.
    pub(super) fn scores(&self, x: &Rows<'_>) -> RowScores {
        let n = self.intercepts.len();
        let mut scores = RowScores::zeros(x.n_rows(), n);
        scores.pieces_mut().for_each(|(first, piece)| {
            let mut reader = x.reader();
            for (i, z) in piece.chunks_exact_mut(n).enumerate() {
                z.copy_from_slice(&self.intercepts);
                for (column, value) in reader.row(first + i).iter() {
                    for (z, w) in z.iter_mut().zip(&self.weights[column * n..(column + 1) * n]) {
                        *z += value * w;
                    }
                }
            }
        });
        scores
    }

    fn mean(mut self, other: Self) -> Self {
        for (a, b) in self.weights.iter_mut().zip(other.weights) {
            *a = 0.5 * (*a + b);
        }
        for (a, b) in self.intercepts.iter_mut().zip(other.intercepts) {
            *a = 0.5 * (*a + b);
        }
        self.reports.extend(other.reports);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_rows_give_each_class_the_same_say() {
        let w = balanced(&[0, 0, 0, 1], 2, &[1.0; 4]);
        assert!(
            (w[..3].iter().sum::<f64>() - w[3]).abs() < 1e-12 && (w.iter().sum::<f64>() - 4.0).abs() < 1e-12
        );
    }
}
