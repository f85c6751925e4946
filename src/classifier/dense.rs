//! `linfa-logistic` behind the same door: it takes a matrix written out in full, so it is for small sets and for
//! checking the sparse solver.

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_logistic::{LogisticRegression as Binary, MultiLogisticRegression as Multi};
use ndarray::{Array1, Array2};

use super::logistic::{LogisticRegression, SolverReport};
use super::objective::{Objective, Point};
use super::params::{Scheme, ValidLogisticParams};
use crate::features::Rows;
use crate::{Error, ErrorKind, Result};

/// Largest matrix that is written out in full, in bytes.
const LARGEST: u64 = 256 << 20;
/// linfa stops at an absolute gradient norm; this one is below what six digits of the objective need.
const GRADIENT: f64 = 1e-7;
/// linfa says nothing when it stops early, so its result is measured and refused above this.
const WORST_GAP: f64 = 1e-4;

pub(super) fn fit(
    params: &ValidLogisticParams,
    x: &Rows<'_>,
    y: &[usize],
    n_classes: usize,
    row_weights: &[f64],
) -> Result<LogisticRegression> {
    let bytes = x.n_rows() as u64 * x.n_cols() as u64 * 8;
    if bytes > LARGEST {
        return Err(Error::argument(
            "--solver",
            "linfa",
            format!("a matrix of at most {} MB; this one is {} MB", LARGEST >> 20, bytes >> 20),
        )
        .with_help("Use the default solver, which keeps the matrix sparse, or --max-features."));
    }
    let weight = row_weights.first().copied().unwrap_or(1.0);
    if row_weights.iter().any(|v| *v != weight) {
        return Err(Error::argument("--solver", "linfa", "rows of equal weight")
            .with_help("linfa-logistic knows no row weights; use the default solver."));
    }
    let c = params.c * weight;
    let x = x.matrix();
    let mut dense = Array2::<f64>::zeros((x.n_rows(), x.n_cols()));
    for i in 0..x.n_rows() {
        for (j, value) in x.row(i).iter() {
            dense[[i, j]] = value;
        }
    }
    let outputs = if n_classes == 2 { 1 } else { n_classes };
    let theta = if n_classes == 2 {
        fit_binary(c, params.max_iterations, dense, y)?
    } else {
        fit_multi(c, params.max_iterations, dense, y, n_classes)?
    };
    let cost = vec![c; y.len()];
    let objective = Objective::new(&x, y, &cost, outputs);
    let mut point = Point { z: Vec::new(), p: Vec::new() };
    objective.project(&theta, &mut point.z);
    let value = objective.value(&theta, &mut point);
    let mut g = Vec::new();
    objective.gradient(&theta, &point, &mut Vec::new(), &mut g);
    let gap = 0.5 * g.iter().map(|g| g * g).sum::<f64>() / value;
    if !gap.is_finite() || gap > WORST_GAP {
        return Err(super::newton::not_converged(params.max_iterations, gap, WORST_GAP));
    }
    let mut weights = theta;
    let intercepts = weights.split_off(x.n_cols() * outputs);
    let report = SolverReport { objective: value, gap, iterations: params.max_iterations };
    Ok(LogisticRegression::from_parts(weights, intercepts, n_classes, Scheme::Multinomial, vec![report]))
}

fn fit_binary(c: f64, max_iterations: usize, x: Array2<f64>, y: &[usize]) -> Result<Vec<f64>> {
    let n = x.ncols();
    let data = Dataset::new(x, Array1::from_vec(y.to_vec()));
    let model = Binary::default()
        .alpha(1.0 / c)
        .gradient_tolerance(GRADIENT)
        .max_iterations(max_iterations as u64)
        .fit(&data)
        .map_err(|e| ErrorKind::Solver { reason: e.to_string() })?;
    // linfa calls the more frequent class positive.
    let sign = if model.labels().pos.class == 1 { 1.0 } else { -1.0 };
    let mut theta: Vec<f64> = model.params().iter().map(|w| sign * w).collect();
    debug_assert_eq!(theta.len(), n);
    theta.push(sign * model.intercept());
    Ok(theta)
}

fn fit_multi(
    c: f64,
    max_iterations: usize,
    x: Array2<f64>,
    y: &[usize],
    n_classes: usize,
) -> Result<Vec<f64>> {
    let n = x.ncols();
    let data = Dataset::new(x, Array1::from_vec(y.to_vec()));
    let model = Multi::default()
        .alpha(1.0 / c)
        .gradient_tolerance(GRADIENT)
        .max_iterations(max_iterations as u64)
        .fit(&data)
        .map_err(|e| ErrorKind::Solver { reason: e.to_string() })?;
    let mut theta = vec![0.0; (n + 1) * n_classes];
    for (at, class) in model.classes().iter().enumerate() {
        for j in 0..n {
            theta[j * n_classes + class] = model.params()[[j, at]];
        }
        theta[n * n_classes + class] = model.intercept()[at];
    }
    Ok(theta)
}
