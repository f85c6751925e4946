use linfa::dataset::{DatasetBase, Records};
use linfa::traits::{Fit, PredictInplace};
use ndarray::Array1;

use super::newton;
use super::objective::{sigmoid, softmax_into};
use super::params::{Scheme, ValidLogisticParams};
use crate::features::{CsrMatrix, Rows, SparseRow};
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

pub(super) fn check_rows(x: &Rows<'_>, y: &[usize], n_classes: usize, row_weights: &[f64]) -> Result<()> {
    for (what, n) in [("rows and classes", y.len()), ("rows and row weights", row_weights.len())] {
        if n != x.n_rows() {
            return Err(ErrorKind::ShapeMismatch { what, left: x.n_rows(), right: n }.into());
        }
    }
    if let Some(v) = row_weights.iter().find(|v| !v.is_finite() || **v < 0.0) {
        return Err(ErrorKind::NotFinite { what: "row weight".into(), value: *v }.into());
    }
    // Those that are made of texts are numbers.
    if let Rows::Held(x) = x
        && let Some(v) = x.values.iter().find(|v| !v.is_finite())
    {
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
        scheme: Scheme,
        reports: Vec<SolverReport>,
    ) -> Self {
        Self { weights, intercepts, n_classes, scheme, reports }
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
        self.fit_weighted(&dataset.records, &y, n_classes, &weights)
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
