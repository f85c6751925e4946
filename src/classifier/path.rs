//! Fits at one `C`, or at many along a path.

use super::center::Centred;
use super::descent::Trail;
use super::dual;
use super::dual_multinomial::{self, Fitted};
use super::logistic::{LogisticRegression, SolverReport, check_rows};
use super::newton;
use super::objective::Objective;
use super::params::{LARGEST_C, Scheme, Solver, ValidLogisticParams, check_c};
use crate::features::{CsrMatrix, Rows};
use crate::{Error, Result};

/// Below this share of the objective, sums in single precision carry too much rounding.
const SINGLE_PRECISION: f64 = 1e-6;
/// Passes after which Newton steps are the shorter way.
const DUAL_PASSES: usize = 60;
/// Classes that can be fitted one row at a time; with more, all rows are read at once.
pub(crate) const MOST_BY_ROW: usize = 8;

/// Weights, term-major, and intercepts of one fit.
type Solution = (Vec<f64>, Vec<f64>, SolverReport);

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
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::ShapeMismatch`](crate::ErrorKind::ShapeMismatch) when lengths differ.
    /// * [`ErrorKind::TooFew`](crate::ErrorKind::TooFew) when fewer than two classes have rows.
    /// * [`ErrorKind::NotFinite`](crate::ErrorKind::NotFinite) for a row weight that is NaN, infinite or negative.
    /// * [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) when the tolerance is not reached; a half-trained model is
    ///   never returned.
    pub fn fit_weighted(
        &self,
        x: &CsrMatrix,
        y: &[usize],
        n_classes: usize,
        row_weights: &[f64],
    ) -> Result<LogisticRegression> {
        let mut path = self.fit_path(x, y, n_classes, row_weights, &[self.c])?;
        // One fit for one value of C.
        Ok(path.swap_remove(0))
    }

    /// Fits at each `C` of a grid, in its order, the `C` of these settings being left aside.
    ///
    /// Each fit ends where [`fit_weighted`](Self::fit_weighted) would, within the tolerance, and begins where the ones before
    /// it point to: along a grid that grows evenly this takes about a third of the passes.
    ///
    /// # Errors
    ///
    /// Those of [`fit_weighted`](Self::fit_weighted), and [`ErrorKind::Argument`](crate::ErrorKind::Argument) for a `C` that is not
    /// above 0, or too large, by itself or times a row weight.
    ///
    /// # Example
    ///
    /// ```
    /// use linfa::ParamGuard;
    /// use sayso::classifier::LogisticParams;
    /// use sayso::features::CsrMatrix;
    ///
    /// let x = CsrMatrix::from_rows(2, &[&[(0, 1.0)], &[(1, 1.0)]])?;
    /// let path = LogisticParams::new().check()?.fit_path(&x, &[1, 0], 2, &[1.0, 1.0], &[0.1, 1.0, 10.0])?;
    /// // The weaker the regularisation, the larger the weights.
    /// assert!(path[0].weights()[0] < path[1].weights()[0] && path[1].weights()[0] < path[2].weights()[0]);
    /// # Ok::<(), sayso::Error>(())
    /// ```
    pub fn fit_path(
        &self,
        x: &CsrMatrix,
        y: &[usize],
        n_classes: usize,
        row_weights: &[f64],
        grid: &[f64],
    ) -> Result<Vec<LogisticRegression>> {
        self.fit_rows(&x.into(), y, n_classes, row_weights, grid)
    }

    /// The same with rows in either form.
    pub(crate) fn fit_rows(
        &self,
        x: &Rows<'_>,
        y: &[usize],
        n_classes: usize,
        row_weights: &[f64],
        grid: &[f64],
    ) -> Result<Vec<LogisticRegression>> {
        check_rows(x, y, n_classes, row_weights)?;
        let heaviest = row_weights.iter().copied().fold(1.0, f64::max);
        for c in grid {
            check_c(*c)?;
            if check_c(*c * heaviest).is_err() {
                return Err(Error::argument(
                    "row weight",
                    heaviest,
                    format!("at most {:e} with C {c}", LARGEST_C / c),
                )
                .with_help("Divide all weights by the largest one: C is then chosen for them anew."));
            }
        }
        if self.solver == Solver::Linfa {
            let at = |c: &f64| super::dense::fit(&Self { c: *c, ..*self }, x, y, n_classes, row_weights);
            return grid.iter().map(at).collect();
        }
        let rows = Centred::new(x, row_weights);
        let fitted = |(weights, intercepts, report): Solution| {
            LogisticRegression::from_parts(weights, intercepts, n_classes, Scheme::Multinomial, vec![report])
        };
        if n_classes == 2 {
            let positive: Vec<bool> = y.iter().map(|y| *y == 1).collect();
            return Ok(self
                .binary_path(&rows, &positive, row_weights, grid)?
                .into_iter()
                .map(fitted)
                .collect());
        }
        if self.scheme == Scheme::Multinomial {
            let path = self.multinomial_path(&rows, y, n_classes, row_weights, grid)?;
            return Ok(path.into_iter().map(fitted).collect());
        }
        let of_classes = (0..n_classes)
            .map(|k| {
                let positive: Vec<bool> = y.iter().map(|y| *y == k).collect();
                self.binary_path(&rows, &positive, row_weights, grid)
            })
            .collect::<Result<Vec<_>>>()?;
        let together = |c: usize| {
            let mut weights = vec![0.0; x.n_cols() * n_classes];
            for (k, path) in of_classes.iter().enumerate() {
                for (w, of_class) in weights.iter_mut().skip(k).step_by(n_classes).zip(&path[c].0) {
                    *w = *of_class;
                }
            }
            let intercepts = of_classes.iter().map(|path| path[c].1[0]).collect();
            let reports = of_classes.iter().map(|path| path[c].2).collect();
            LogisticRegression::from_parts(weights, intercepts, n_classes, self.scheme, reports)
        };
        Ok((0..grid.len()).map(together).collect())
    }

    /// One class against the rest: dual descent, and Newton steps from where it ends when more is asked for
    /// than single precision gives.
    fn binary_path(
        &self,
        rows: &Centred<'_>,
        positive: &[bool],
        row_weights: &[f64],
        grid: &[f64],
    ) -> Result<Vec<Solution>> {
        let tolerance = self.tolerance.max(SINGLE_PRECISION);
        let passes = self.max_iterations.min(DUAL_PASSES);
        let mut trail = Trail::default();
        let mut path = Vec::with_capacity(grid.len());
        for c in grid {
            let cost: Vec<f64> = row_weights.iter().map(|v| v * c).collect();
            let start = trail.foretell(*c);
            let dual = dual::minimise(rows, positive, &cost, tolerance, passes, self.seed, start.as_deref());
            let (mut theta, taken) = match dual {
                Ok(fit) => {
                    trail.push(*c, fit.end);
                    let w: Vec<f64> = fit.weights.into_iter().map(f64::from).collect();
                    if self.tolerance >= SINGLE_PRECISION {
                        path.push((w, vec![fit.intercept], fit.reached.into()));
                        continue;
                    }
                    ([w, vec![fit.intercept]].concat(), fit.reached.iterations)
                }
                Err(_) => {
                    trail.forget();
                    (vec![0.0; rows.x.n_cols() + 1], 0)
                }
            };
            let y: Vec<usize> = positive.iter().map(|p| usize::from(*p)).collect();
            let x = rows.x.matrix();
            let objective = Objective::new(&x, &y, &cost, 1);
            let reached = newton::minimise(&objective, &mut theta, self.tolerance, self.max_iterations)?;
            let mut report = SolverReport::from(reached);
            report.iterations += taken;
            let intercept = theta.split_off(rows.x.n_cols());
            path.push((theta, intercept, report));
        }
        Ok(path)
    }

    fn multinomial_path(
        &self,
        rows: &Centred<'_>,
        y: &[usize],
        n_classes: usize,
        row_weights: &[f64],
        grid: &[f64],
    ) -> Result<Vec<Solution>> {
        let n_weights = rows.x.n_cols() * n_classes;
        let mut trail = Trail::default();
        let mut path: Vec<Solution> = Vec::with_capacity(grid.len());
        for c in grid {
            let cost: Vec<f64> = row_weights.iter().map(|v| v * c).collect();
            let dual = self.multinomial_dual(rows, y, n_classes, &cost, trail.foretell(*c).as_deref());
            let (weights, mut intercepts, report) = match dual {
                Some(fit) if self.tolerance >= SINGLE_PRECISION => {
                    trail.push(*c, fit.end);
                    (fit.weights, fit.intercepts, fit.reached.into())
                }
                dual => {
                    trail.forget();
                    let last = || {
                        path.last().map(|(weights, intercepts, _)| [weights.as_slice(), intercepts].concat())
                    };
                    let begun = dual.map(|fit| [fit.weights, fit.intercepts].concat()).or_else(last);
                    let x = rows.x.matrix();
                    let objective = Objective::new(&x, y, &cost, n_classes);
                    let mut theta = begun.unwrap_or_else(|| vec![0.0; objective.n_parameters()]);
                    let reached =
                        newton::minimise(&objective, &mut theta, self.tolerance, self.max_iterations)?;
                    let intercepts = theta.split_off(n_weights);
                    (theta, intercepts, reached.into())
                }
            };
            // A constant on all intercepts changes nothing: the one with mean zero is kept.
            let mean = intercepts.iter().sum::<f64>() / n_classes as f64;
            for b in &mut intercepts {
                *b -= mean;
            }
            path.push((weights, intercepts, report));
        }
        Ok(path)
    }

    /// Dual descent for up to eight classes; `None` beyond, or when it does not get there.
    fn multinomial_dual(
        &self,
        rows: &Centred<'_>,
        y: &[usize],
        n_classes: usize,
        cost: &[f64],
        start: Option<&[f64]>,
    ) -> Option<Fitted> {
        let tolerance = self.tolerance.max(SINGLE_PRECISION);
        let passes = self.max_iterations.min(DUAL_PASSES);
        let minimise = match n_classes {
            ..=4 => dual_multinomial::minimise::<4>,
            5..=MOST_BY_ROW => dual_multinomial::minimise::<MOST_BY_ROW>,
            _ => return None,
        };
        minimise(rows, y, n_classes, cost, tolerance, passes, self.seed, start).ok()
    }
}
