use linfa::dataset::{DatasetBase, Records};
use linfa::traits::{Fit, PredictInplace};
use ndarray::Array1;

use super::dual;
use super::dual_multinomial;
use super::newton;
use super::objective::{Objective, sigmoid, softmax_into};
use super::params::{Scheme, Solver, ValidLogisticParams};
use crate::features::{CsrMatrix, SparseRow};
use crate::{Error, ErrorKind, Result};

/// A fitted logistic regression over sparse rows.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticRegression {
    /// Term-major: `weights[t * n_outputs + k]`.
    weights: Vec<f64>,
    intercepts: Vec<f64>,
    n_classes: usize,
    scheme: Scheme,
    /// What the solver reached, one entry per problem it solved.
    reports: Vec<SolverReport>,
}

/// What a solver reached, to be kept with the model.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SolverReport {
    /// The objective.
    pub objective: f64,
    /// A bound of its distance to the minimum, as a share of it.
    pub gap: f64,
    /// Passes or Newton steps.
    pub iterations: usize,
}

impl From<newton::Reached> for SolverReport {
    fn from(r: newton::Reached) -> Self {
        Self { objective: r.objective, gap: r.gap, iterations: r.iterations }
    }
}

impl ValidLogisticParams {
    /// Fits a logistic regression with a weight per row.
    ///
    /// Minimises over weights `W` and intercepts `b`
    ///
    /// ```text
    /// f(W, b) = ½‖W‖² − C · Σᵢ vᵢ ln p(yᵢ | xᵢ)
    /// ```
    ///
    /// # Arguments
    ///
    /// * `x` - rows, `(n_rows, n_terms)`.
    /// * `y` - the class of each row, below `n_classes`.
    /// * `row_weights` - `v`, one per row, at least 0.
    /// * `start` - a fit to begin from, of the same shape; `None` begins at zero. Read by the solver of more than
    ///   eight classes; the others gain nothing by it.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::ShapeMismatch`] when lengths differ.
    /// * [`ErrorKind::TooFew`] when fewer than two classes have rows.
    /// * [`ErrorKind::NotFinite`] for a row weight that is NaN, infinite or negative.
    /// * [`ErrorKind::NotConverged`] when the tolerance is not reached; a half-trained model is never returned.
    pub fn fit_weighted(
        &self,
        x: &CsrMatrix,
        y: &[usize],
        n_classes: usize,
        row_weights: &[f64],
        start: Option<&LogisticRegression>,
    ) -> Result<LogisticRegression> {
        check_rows(x, y, n_classes, row_weights)?;
        let cost: Vec<f64> = row_weights.iter().map(|v| v * self.c).collect();
        if self.solver == Solver::Linfa {
            return super::dense::fit(self, x, y, n_classes, row_weights);
        }
        if n_classes == 2 {
            let positive: Vec<bool> = y.iter().map(|y| *y == 1).collect();
            let (w, b, report) = self.fit_binary(x, &positive, &cost)?;
            return Ok(LogisticRegression {
                weights: w,
                intercepts: vec![b],
                n_classes,
                scheme: Scheme::Multinomial,
                reports: vec![report],
            });
        }
        match self.scheme {
            Scheme::Multinomial => self.fit_multinomial(x, y, n_classes, &cost, start),
            Scheme::OneVsRest => {
                let mut weights = vec![0.0; x.n_cols() * n_classes];
                let (mut intercepts, mut reports) = (Vec::new(), Vec::new());
                for k in 0..n_classes {
                    let positive: Vec<bool> = y.iter().map(|y| *y == k).collect();
                    let (w, b, report) = self.fit_binary(x, &positive, &cost)?;
                    for (j, w) in w.iter().enumerate() {
                        weights[j * n_classes + k] = *w;
                    }
                    intercepts.push(b);
                    reports.push(report);
                }
                Ok(LogisticRegression { weights, intercepts, n_classes, scheme: self.scheme, reports })
            }
        }
    }

    /// One class against the rest: dual descent, and Newton steps from where it ends when more is asked for
    /// than single precision gives.
    pub(super) fn fit_binary(
        &self,
        x: &CsrMatrix,
        positive: &[bool],
        cost: &[f64],
    ) -> Result<(Vec<f64>, f64, SolverReport)> {
        let reachable = self.tolerance.max(SINGLE_PRECISION);
        let dual =
            dual::minimise(x, positive, cost, reachable, self.max_iterations.min(DUAL_PASSES), self.seed);
        let (mut theta, passes) = match dual {
            Ok((w, b, reached)) => {
                let w: Vec<f64> = w.into_iter().map(f64::from).collect();
                if self.tolerance >= SINGLE_PRECISION {
                    return Ok((w, b, reached.into()));
                }
                let mut theta = w;
                theta.push(b);
                (theta, reached.iterations)
            }
            Err(_) => (vec![0.0; x.n_cols() + 1], 0),
        };
        let y: Vec<usize> = positive.iter().map(|p| usize::from(*p)).collect();
        let objective = Objective::new(x, &y, cost, 1);
        let reached = newton::minimise(&objective, &mut theta, self.tolerance, self.max_iterations)?;
        let b = theta.pop().unwrap_or_default();
        let mut report = SolverReport::from(reached);
        report.iterations += passes;
        Ok((theta, b, report))
    }

    fn fit_multinomial(
        &self,
        x: &CsrMatrix,
        y: &[usize],
        n_classes: usize,
        cost: &[f64],
        start: Option<&LogisticRegression>,
    ) -> Result<LogisticRegression> {
        let reachable = self.tolerance.max(SINGLE_PRECISION);
        let passes = self.max_iterations.min(DUAL_PASSES);
        let dual = match n_classes {
            ..=4 => dual_multinomial::minimise::<4>(x, y, n_classes, cost, reachable, passes, self.seed).ok(),
            5..=8 => {
                dual_multinomial::minimise::<8>(x, y, n_classes, cost, reachable, passes, self.seed).ok()
            }
            _ => None,
        };
        let n_weights = x.n_cols() * n_classes;
        let (theta, report) = match dual {
            Some((weights, intercepts, reached)) if self.tolerance >= SINGLE_PRECISION => {
                ([weights, intercepts].concat(), SolverReport::from(reached))
            }
            dual => {
                let objective = Objective::new(x, y, cost, n_classes);
                let begun = dual.map(|(weights, intercepts, _)| [weights, intercepts].concat());
                let given = || {
                    let start = start.filter(|s| s.weights.len() == n_weights)?;
                    Some([start.weights.as_slice(), &start.intercepts].concat())
                };
                let mut theta = begun.or_else(given).unwrap_or_else(|| vec![0.0; objective.n_parameters()]);
                let reached = newton::minimise(&objective, &mut theta, self.tolerance, self.max_iterations)?;
                (theta, reached.into())
            }
        };
        let mut weights = theta;
        let mut intercepts = weights.split_off(n_weights);
        // A constant on all intercepts changes nothing: the one with mean zero is kept.
        let mean = intercepts.iter().sum::<f64>() / n_classes as f64;
        for b in &mut intercepts {
            *b -= mean;
        }
        Ok(LogisticRegression {
            weights,
            intercepts,
            n_classes,
            scheme: Scheme::Multinomial,
            reports: vec![report],
        })
    }
}

/// Below this share of the objective, sums in single precision carry too much rounding.
const SINGLE_PRECISION: f64 = 1e-6;
/// Passes after which Newton steps are the shorter way.
const DUAL_PASSES: usize = 60;

fn check_rows(x: &CsrMatrix, y: &[usize], n_classes: usize, row_weights: &[f64]) -> Result<()> {
    for (what, n) in [("rows and classes", y.len()), ("rows and row weights", row_weights.len())] {
        if n != x.n_rows() {
            return Err(ErrorKind::ShapeMismatch { what, left: x.n_rows(), right: n }.into());
        }
    }
    if let Some(v) = row_weights.iter().find(|v| !v.is_finite() || **v < 0.0) {
        return Err(ErrorKind::NotFinite { what: "row weight".into(), value: *v }.into());
    }
    if let Some(v) = x.values.iter().find(|v| !v.is_finite()) {
        return Err(ErrorKind::NotFinite { what: "feature value".into(), value: f64::from(*v) }.into());
    }
    let mut present = vec![false; n_classes];
    for y in y {
        match present.get_mut(*y) {
            Some(present) => *present = true,
            None => {
                return Err(ErrorKind::ShapeMismatch {
                    what: "class and classes",
                    left: *y,
                    right: n_classes,
                }
                .into());
            }
        }
    }
    let found = present.iter().filter(|p| **p).count();
    if found < 2 {
        return Err(Error::too_few("classes with rows", found, 2)
            .with_help("A classifier needs rows of at least two classes."));
    }
    Ok(())
}

impl LogisticRegression {
    pub(super) fn from_parts(
        weights: Vec<f64>,
        intercepts: Vec<f64>,
        n_classes: usize,
        reports: Vec<SolverReport>,
    ) -> Self {
        Self { weights, intercepts, n_classes, scheme: Scheme::Multinomial, reports }
    }

    /// Number of classes.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// Linear scores a row has: one for two classes, else one per class.
    pub fn n_outputs(&self) -> usize {
        self.intercepts.len()
    }

    /// The weights, term-major: that of term `t` for output `k` is at `t * n_outputs + k`.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The intercepts, one per output.
    pub fn intercepts(&self) -> &[f64] {
        &self.intercepts
    }

    /// What the solver reached, one entry per problem it solved.
    pub fn reports(&self) -> &[SolverReport] {
        &self.reports
    }

    /// The linear scores of a row, in nats: `n_outputs` of them.
    pub fn decision(&self, row: SparseRow<'_>) -> Vec<f64> {
        let n = self.n_outputs();
        let mut z = self.intercepts.clone();
        for (column, value) in row.iter() {
            for (z, w) in z.iter_mut().zip(&self.weights[column * n..(column + 1) * n]) {
                *z += value * w;
            }
        }
        z
    }

    /// The probability of each class; they sum to 1. Not calibrated.
    pub fn predict_proba(&self, row: SparseRow<'_>) -> Vec<f64> {
        probabilities(&self.decision(row), self.scheme)
    }
}

fn probabilities(z: &[f64], scheme: Scheme) -> Vec<f64> {
    if z.len() == 1 {
        let p = sigmoid(z[0]);
        return vec![1.0 - p, p];
    }
    let mut p = Vec::with_capacity(z.len());
    match scheme {
        Scheme::Multinomial => {
            softmax_into(z, &mut p);
        }
        Scheme::OneVsRest => {
            p.extend(z.iter().map(|z| sigmoid(*z).max(f64::MIN_POSITIVE)));
            let sum: f64 = p.iter().sum();
            for p in &mut p {
                *p /= sum;
            }
        }
    }
    p
}

impl Records for CsrMatrix {
    type Elem = f32;

    fn nsamples(&self) -> usize {
        self.n_rows()
    }

    fn nfeatures(&self) -> usize {
        self.n_cols()
    }
}

impl Fit<CsrMatrix, Array1<usize>, Error> for ValidLogisticParams {
    type Object = LogisticRegression;

    /// Fits on a linfa dataset; its sample weights are used if it has them.
    fn fit(&self, dataset: &DatasetBase<CsrMatrix, Array1<usize>>) -> Result<Self::Object> {
        let y = dataset.targets.to_vec();
        let n_classes = y.iter().max().map_or(0, |k| k + 1).max(2);
        let weights = match dataset.weights() {
            Some(weights) => weights.iter().map(|w| f64::from(*w)).collect(),
            None => vec![1.0; y.len()],
        };
        self.fit_weighted(&dataset.records, &y, n_classes, &weights, None)
    }
}

impl PredictInplace<CsrMatrix, Array1<usize>> for LogisticRegression {
    fn predict_inplace<'a>(&'a self, x: &'a CsrMatrix, y: &mut Array1<usize>) {
        for (i, y) in y.iter_mut().enumerate() {
            *y = super::most_probable(&self.predict_proba(x.row(i)));
        }
    }

    fn default_target(&self, x: &CsrMatrix) -> Array1<usize> {
        Array1::zeros(x.n_rows())
    }
}
