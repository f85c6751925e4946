//! Rows to probabilities: logistic regression, its solvers, and the calibration of what it says.

mod calibration;
mod center;
mod decision;
mod dense;
mod descent;
mod dual;
mod dual_multinomial;
mod logistic;
mod newton;
mod objective;
mod params;
mod path;
mod weighting;

pub use calibration::{Calibration, FEWEST_FOR_CALIBRATION};
pub use decision::{decide, decision_weights};
pub use logistic::{LogisticRegression, SolverReport};
pub(crate) use params::check_c;
pub use params::{LogisticParams, Scheme, Solver, ValidLogisticParams};
pub(crate) use path::MOST_BY_ROW;
pub(crate) use weighting::log_count_ratio;

/// The index of the largest probability; the first of equal ones.
pub fn most_probable(p: &[f64]) -> usize {
    let mut best = 0;
    for (k, value) in p.iter().enumerate() {
        if *value > p[best] {
            best = k;
        }
    }
    best
}
