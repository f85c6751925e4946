use super::objective::{Objective, Point};
use crate::{ErrorKind, Result};

/// What a solver reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reached {
    /// The objective at the end.
    pub(super) objective: f64,
    /// An upper bound of its distance to the minimum, as a share of it.
    pub(super) gap: f64,
    /// Passes over the data or Newton steps.
    pub(super) iterations: usize,
}

/// Minimises an [`Objective`] from `theta` on by Newton steps that conjugate gradients solve roughly.
///
/// Each step solves `H d = −g` with the diagonal of `H` as preconditioner, until the residual is a tenth of the
/// gradient or less, the less the nearer the end; then halves the step until the objective falls by 1e-4 of
/// what the slope promises. `Xd` comes out of the conjugate gradients, so the halving costs no pass over the data.
///
/// It stops when `½‖g_W‖² + Σ g_b² / 2h_b ≤ tolerance · f`. As `f` is 1-strongly convex in `W`, the first term bounds
/// its distance to the minimum; `h_b` is the curvature of an intercept.
///
/// # Errors
///
/// [`ErrorKind::NotConverged`] after `max_iterations` steps.
///
/// # References
///
/// * Lin, Weng & Keerthi (2008), *JMLR* 9:627–650 (with a line search in place of the trust region).
/// * Nocedal & Wright (2006), *Numerical Optimization*, alg. 7.1.
pub(super) fn minimise(
    f: &Objective<'_>,
    theta: &mut [f64],
    tolerance: f64,
    max_iterations: usize,
) -> Result<Reached> {
    let n = theta.len();
    let mut point = Point { z: Vec::new(), p: Vec::new() };
    f.project(theta, &mut point.z);
    let mut value = f.value(theta, &mut point);
    let (mut r, mut g, mut diagonal) = (Vec::new(), Vec::with_capacity(n), Vec::with_capacity(n));
    let mut conjugate = ConjugateGradients::default();
    let mut first_norm = None;
    for iteration in 0..=max_iterations {
        f.gradient(theta, &point, &mut r, &mut g);
        f.diagonal(&point, &mut diagonal);
        let gap = bound(&g, &diagonal, f.outputs()) / value.max(f64::MIN_POSITIVE);
        if gap <= tolerance {
            return Ok(Reached { objective: value, gap, iterations: iteration });
        }
        let norm = g.iter().map(|g| g * g).sum::<f64>().sqrt();
        let first = *first_norm.get_or_insert(norm);
        let forcing = (norm / first).sqrt().clamp(1e-4, 0.1);
        // Below this a residual would do for the end: a step that is better solved buys nothing.
        let enough = 0.5 * tolerance * value;
        conjugate.solve(f, &point, &g, &diagonal, forcing, enough);
        let slope: f64 = g.iter().zip(&conjugate.d).map(|(g, d)| g * d).sum();
        let start = point.z.clone();
        let mut step = 1.0;
        let moved = loop {
            let trial: Vec<f64> = theta.iter().zip(&conjugate.d).map(|(t, d)| t + step * d).collect();
            point.z.clear();
            point.z.extend(start.iter().zip(&conjugate.xd).map(|(z, q)| z + step * q));
            let at_trial = f.value(&trial, &mut point);
            if at_trial <= value + 1e-4 * step * slope {
                theta.copy_from_slice(&trial);
                value = at_trial;
                break true;
            }
            step *= 0.5;
            if step < 1e-10 {
                break false;
            }
        };
        if !moved {
            // Rounding hides any further fall: this is as low as double precision gets.
            return if gap <= tolerance.max(1e-12) {
                Ok(Reached { objective: value, gap, iterations: iteration })
            } else {
                Err(not_converged(iteration, gap, tolerance))
            };
        }
        // The sums in `z` drift with many updates.
        if iteration % 16 == 15 {
            f.project(theta, &mut point.z);
            value = f.value(theta, &mut point);
        }
    }
    let gap = bound(&g, &diagonal, f.outputs()) / value.max(f64::MIN_POSITIVE);
    Err(not_converged(max_iterations, gap, tolerance))
}

pub(super) fn not_converged(iterations: usize, reached: f64, tolerance: f64) -> crate::Error {
    ErrorKind::NotConverged {
        method: "logistic regression",
        iterations,
        measure: "relative distance to the minimum",
        reached,
        tolerance,
    }
    .into()
}

fn bound(g: &[f64], diagonal: &[f64], outputs: usize) -> f64 {
    let weights = g.len() - outputs;
    let of_weights: f64 = g[..weights].iter().map(|g| 0.5 * g * g).sum();
    let of_intercepts: f64 =
        g[weights..].iter().zip(&diagonal[weights..]).map(|(g, h)| 0.5 * g * g / h.max(1e-9)).sum();
    of_weights + of_intercepts
}

#[derive(Default)]
struct ConjugateGradients {
    d: Vec<f64>,
    xd: Vec<f64>,
    residual: Vec<f64>,
    direction: Vec<f64>,
    hv: Vec<f64>,
    q: Vec<f64>,
    r: Vec<f64>,
}

impl ConjugateGradients {
    /// Stops when the residual has fallen to the share `forcing` of the gradient, or its bound to `enough`.
    fn solve(
        &mut self,
        f: &Objective<'_>,
        point: &Point,
        g: &[f64],
        diagonal: &[f64],
        forcing: f64,
        enough: f64,
    ) {
        let n = g.len();
        self.d.clear();
        self.d.resize(n, 0.0);
        self.xd.clear();
        self.xd.resize(point.z.len(), 0.0);
        self.residual.clear();
        self.residual.extend(g.iter().map(|g| -g));
        self.direction.clear();
        self.direction.extend(self.residual.iter().zip(diagonal).map(|(r, h)| r / h));
        let mut rho: f64 = self.residual.iter().zip(&self.direction).map(|(r, s)| r * s).sum();
        let stop = forcing * forcing * rho;
        for _ in 0..200 {
            f.curvature(&self.direction, point, &mut self.q, &mut self.r, &mut self.hv);
            let along: f64 = self.direction.iter().zip(&self.hv).map(|(s, h)| s * h).sum();
            if along <= 0.0 {
                return;
            }
            let alpha = rho / along;
            for (d, s) in self.d.iter_mut().zip(&self.direction) {
                *d += alpha * s;
            }
            for (z, q) in self.xd.iter_mut().zip(&self.q) {
                *z += alpha * q;
            }
            let mut next = 0.0;
            for ((r, h), m) in self.residual.iter_mut().zip(&self.hv).zip(diagonal) {
                *r -= alpha * h;
                next += *r * *r / m;
            }
            if next <= stop || bound(&self.residual, diagonal, f.outputs()) <= enough {
                return;
            }
            let beta = next / rho;
            rho = next;
            for ((s, r), m) in self.direction.iter_mut().zip(&self.residual).zip(diagonal) {
                *s = r / m + beta * *s;
            }
        }
    }
}
