use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Settings of the logistic regression, not yet checked.
///
/// `C` is the *inverse* regularisation strength, as in LIBLINEAR and scikit-learn: a smaller `C` pulls the
/// weights harder towards zero. Intercepts are never penalised.
///
/// # Example
///
/// ```
/// use linfa::DatasetBase;
/// use linfa::traits::Fit;
/// use ndarray::array;
/// use sayso::classifier::LogisticParams;
/// use sayso::features::CsrMatrix;
///
/// // Two statements that share no term. By symmetry p = 1 / (1 + exp(−C(1 − p))), so p = 0.5989 at C = 1.
/// let x = CsrMatrix::from_rows(2, &[&[(0, 1.0)], &[(1, 1.0)]])?;
/// let data = DatasetBase::new(x, array![0, 1]);
/// let model = LogisticParams::new().c(1.0).tolerance(1e-12).fit(&data)?;
/// let p = model.predict_proba(data.records().row(0));
/// assert!((p[0] - 0.5989).abs() < 5e-5);
/// # Ok::<(), sayso::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogisticParams(ValidLogisticParams);

/// Checked settings of the logistic regression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValidLogisticParams {
    pub(super) c: f64,
    pub(super) tolerance: f64,
    pub(super) max_iterations: usize,
    pub(super) scheme: Scheme,
    pub(super) solver: Solver,
    pub(super) seed: u64,
}

/// How three and more classes are told apart. Two classes are the same under both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// One model of all classes: the softmax of one linear score per class.
    #[default]
    Multinomial,
    /// One model per class against the others.
    OneVsRest,
}

/// Which solver finds the weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Solver {
    /// Ours: sparse, descent on the dual for up to eight classes, Newton with conjugate gradients beyond and to polish.
    #[default]
    Sparse,
    /// `linfa-logistic` on the matrix written out in full. For small sets, and to check the other one.
    Linfa,
}

impl Default for LogisticParams {
    fn default() -> Self {
        Self::new()
    }
}

impl LogisticParams {
    /// `C` = 1, tolerance 1e-5, at most 300 iterations.
    pub fn new() -> Self {
        Self(ValidLogisticParams {
            c: 1.0,
            tolerance: 1e-5,
            max_iterations: 300,
            scheme: Scheme::Multinomial,
            solver: Solver::Sparse,
            seed: 0,
        })
    }

    /// Inverse regularisation strength, above 0.
    #[must_use]
    pub fn c(mut self, c: f64) -> Self {
        self.0.c = c;
        self
    }

    /// How far above its minimum the objective may end, as a share of it, in (0, 0.1].
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.0.tolerance = tolerance;
        self
    }

    /// After so many passes or Newton steps the solver gives up with an error.
    #[must_use]
    pub fn max_iterations(mut self, n: usize) -> Self {
        self.0.max_iterations = n;
        self
    }

    /// How three and more classes are told apart.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.0.scheme = scheme;
        self
    }

    /// Which solver finds the weights.
    #[must_use]
    pub fn solver(mut self, solver: Solver) -> Self {
        self.0.solver = solver;
        self
    }

    /// Seed of the order in which the dual solver visits rows.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }
}

/// Weights in single precision end far beyond this.
pub(super) const LARGEST_C: f64 = 1e12;

/// Refuses a `C` that is not above 0, or so large that nothing is left of the penalty.
pub(crate) fn check_c(c: f64) -> Result<()> {
    if c.is_finite() && c > 0.0 && c <= LARGEST_C {
        return Ok(());
    }
    Err(Error::argument("--c", c, format!("a number above 0 and up to {LARGEST_C:e}"))
        .with_help("C is the inverse of the regularisation strength; 1 is usual."))
}

impl ParamGuard for LogisticParams {
    type Checked = ValidLogisticParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&Self::Checked> {
        let p = &self.0;
        check_c(p.c)?;
        if !(p.tolerance > 0.0 && p.tolerance <= 0.1) {
            return Err(Error::argument("--tolerance", p.tolerance, "a share of the objective in (0, 0.1]"));
        }
        if p.max_iterations == 0 {
            return Err(Error::argument("max_iterations", 0, "at least 1"));
        }
        Ok(p)
    }

    fn check(self) -> Result<Self::Checked> {
        self.check_ref()?;
        Ok(self.0)
    }
}
