//! What the dual solvers of two and of more classes have in common.

use super::newton::{Reached, not_converged};
use crate::Result;
use crate::statistics::Draws;

/// A state that passes over the rows bring nearer to the minimum.
pub(super) trait Descent {
    /// Visits every row once; returns the gap between primal and dual losses as each row showed it before its visit, as a
    /// share of the primal ones.
    fn pass(&mut self, order: &[u32]) -> f64;
    /// Moves the intercepts alone.
    fn move_intercepts(&mut self);
    /// The objective, and a bound of its distance to the minimum.
    fn certificate(&self, iterations: usize) -> Reached;
}

/// Passes over `n` rows, each in another order, until the distance to the minimum is at most `tolerance` times the objective.
///
/// # Errors
///
/// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) after `max_iterations` passes.
pub(super) fn descend(
    state: &mut impl Descent,
    n: usize,
    tolerance: f64,
    max_iterations: usize,
    seed: u64,
) -> Result<Reached> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    let mut draws = Draws::new(seed, 0);
    let mut gap = f64::INFINITY;
    for iteration in 1..=max_iterations {
        draws.shuffle(&mut order);
        let seen = state.pass(&order);
        state.move_intercepts();
        // The certificate costs a pass; it is asked for when what the pass saw on its way was near.
        if seen < NEAR * tolerance || iteration % 8 == 0 {
            let reached = state.certificate(iteration);
            if reached.gap <= tolerance {
                return Ok(reached);
            }
            gap = reached.gap;
        }
    }
    Err(not_converged(max_iterations, gap, tolerance))
}

/// A pass brings the gap down to about a tenth; what it sees of it on its way lies between.
const NEAR: f64 = 8.0;

/// The ends of the last two fits along a path of growing `C`, from which the next one's end is foretold.
///
/// An end is the score of every row and the intercepts. They change smoothly with `ln C`, so the next are looked for on the
/// straight line through the last two.
#[derive(Default)]
pub(super) struct Trail {
    before: Option<(f64, Vec<f64>)>,
    last: Option<(f64, Vec<f64>)>,
}

impl Trail {
    /// Where to begin at this `C`; `None` when nothing was fitted.
    pub(super) fn foretell(&self, c: f64) -> Option<Vec<f64>> {
        let (c_last, last) = self.last.as_ref()?;
        let Some((c_before, before)) = &self.before else { return Some(last.clone()) };
        let by = libm::log(c / c_last) / libm::log(c_last / c_before);
        Some(last.iter().zip(before).map(|(last, before)| last + by * (last - before)).collect())
    }

    /// Remembers the end of a fit.
    pub(super) fn push(&mut self, c: f64, end: Vec<f64>) {
        self.before = self.last.replace((c, end));
    }

    /// Begins anew.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// `a ln(a / c)`, 0 at 0.
pub(super) fn xlogx(a: f64, c: f64) -> f64 {
    if a > 0.0 { a * libm::log(a / c) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_end_lies_on_the_line_through_the_last_two() {
        let mut trail = Trail::default();
        assert_eq!(trail.foretell(1.0), None);
        trail.push(1.0, vec![2.0, -1.0]);
        assert_eq!(trail.foretell(10.0), Some(vec![2.0, -1.0]));
        trail.push(10.0, vec![3.0, -1.0]);
        // Half a decade on.
        let next = trail.foretell(10.0_f64.powf(1.5)).expect("two ends");
        assert!((next[0] - 3.5).abs() < 1e-12 && next[1] == -1.0, "{next:?}");
        trail.forget();
        assert_eq!(trail.foretell(1.0), None);
    }
}
