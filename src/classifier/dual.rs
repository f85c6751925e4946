use super::center::{Centred, dot};
use super::descent::{Descent, descend, xlogx};
use super::newton::Reached;
use super::objective::{sigmoid, softplus};
use crate::Result;
use crate::features::{RowReader, SparseRow, prefetch};

/// Minimises the objective for two classes by descent on its dual, one row at a time.
///
/// The dual variable of row `i` is `αᵢ = cᵢ · σ(−tᵢ)`, where `tᵢ` stands for its margin `sᵢ(w·xᵢ + b)`, `sᵢ = ±1`;
/// `w = Σ αᵢ sᵢ xᵢ` is kept up to date. A visit solves for the `t` at which margin and `α` agree when `α` alone moves:
///
/// ```text
/// t − m − ‖xᵢ‖² (cᵢ σ(−t) − αᵢ) = 0,   m the present margin,
/// ```
///
/// whose left side rises with slope at least 1, so Newton's method inside a bracket finds it with one exponential a
/// step. After each pass the intercept, which is not penalised, takes its own Newton steps on the margins.
///
/// Rows are seen from their mean `μ`: `w·(x − μ) + b`. The minimum is the same, its intercept `b − w·μ`; but what the intercept
/// moves, the weights no longer take back, so that its steps go all the way. The rows stay sparse: with `u = Σ αᵢ sᵢ xᵢ` and
/// `S = Σ αᵢ sᵢ`, `w = u − S μ`, and products with `μ` are kept.
///
/// It stops when primal minus dual value at this intercept, plus `g_b² / 2h_b` for the intercept, is at most
/// `tolerance` times the primal value: the distance to the minimum, as far as intercept and centred weights do not depend on
/// each other.
///
/// # Arguments
///
/// * `start` - where to begin: `t` of every row, then the intercept of the centred rows, as a fit of the same rows at another `C`
///   ended ([`Fitted::end`]); `None` begins at zero weights.
///
/// # Errors
///
/// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) after `max_iterations` passes.
///
/// # References
///
/// * Yu, Huang & Lin (2011), *Machine Learning* 85:41–75, sec. 3 (the dual); the change of variable is ours.
pub(super) fn minimise(
    rows: &Centred<'_>,
    y: &[bool],
    cost: &[f64],
    tolerance: f64,
    max_iterations: usize,
    seed: u64,
    start: Option<&[f64]>,
) -> Result<Fitted> {
    let n = rows.x.n_rows();
    let mut state = Dual {
        rows,
        sign: y.iter().map(|y| if *y { 1.0 } else { -1.0 }).collect(),
        cost,
        u: vec![0.0; rows.x.n_cols()],
        balance: 0.0,
        u_mean: 0.0,
        intercept: 0.0,
        t: vec![f64::INFINITY; n],
        alpha: vec![0.0; n],
    };
    if let Some(start) = start {
        state.begin_at(start);
    }
    let reached = descend(&mut state, n, tolerance, max_iterations, seed)?;
    Ok(state.finish(reached))
}

/// A fit of two classes.
pub(super) struct Fitted {
    pub(super) weights: Vec<f32>,
    pub(super) intercept: f64,
    pub(super) reached: Reached,
    /// `t` of every row, then the intercept of the centred rows.
    pub(super) end: Vec<f64>,
}

struct Dual<'a> {
    rows: &'a Centred<'a>,
    sign: Vec<f64>,
    cost: &'a [f64],
    /// `Σ αᵢ sᵢ xᵢ`.
    u: Vec<f32>,
    /// `Σ αᵢ sᵢ`.
    balance: f64,
    /// `u · μ`.
    u_mean: f64,
    /// That of the centred rows.
    intercept: f64,
    t: Vec<f64>,
    alpha: Vec<f64>,
}

impl Dual<'_> {
    /// Takes the dual variables that belong to these `t`, and the weights that belong to them.
    fn begin_at(&mut self, start: &[f64]) {
        let (t, intercept) = start.split_at(self.t.len());
        self.t.copy_from_slice(t);
        self.intercept = intercept[0];
        let mut reader = self.rows.x.reader();
        for (i, t) in t.iter().enumerate() {
            let alpha = self.cost[i] * sigmoid(-t);
            self.change(i, reader.row(i), alpha);
        }
    }

    /// Asks the processor to fetch a row and what is kept of it.
    #[inline]
    fn prefetch(&self, reader: &RowReader<'_>, i: usize) {
        reader.prefetch(i);
        for of_rows in [&self.t, &self.alpha, &self.sign, &self.rows.distances, &self.rows.products] {
            prefetch(&raw const of_rows[i]);
        }
        prefetch(&raw const self.cost[i]);
    }

    /// Gives a row another dual variable.
    #[inline]
    fn change(&mut self, i: usize, row: SparseRow<'_>, alpha: f64) {
        let by = self.sign[i] * (alpha - self.alpha[i]);
        self.alpha[i] = alpha;
        self.balance += by;
        self.u_mean += by * self.rows.products[i];
        let step = by as f32;
        for (column, value) in row.columns.iter().zip(row.values) {
            self.u[*column as usize] += step * value;
        }
    }

    /// `w · (xᵢ − μ) + b`, with the sign of the row.
    #[inline]
    fn margin(&self, i: usize, row: SparseRow<'_>) -> f64 {
        let shift = self.balance * (self.rows.square - self.rows.products[i]) - self.u_mean;
        self.sign[i] * (dot(row, &self.u) + shift + self.intercept)
    }
}

impl Descent for Dual<'_> {
    fn pass(&mut self, order: &[u32]) -> f64 {
        let (mut gap, mut loss) = (0.0, 0.0);
        let mut reader = self.rows.x.reader();
        for (k, &i) in order.iter().enumerate() {
            let i = i as usize;
            if let Some(next) = order.get(k + 2) {
                self.prefetch(&reader, *next as usize);
            }
            let row = reader.row(i);
            let (norm, cost, sign) = (self.rows.distances[i], self.cost[i], self.sign[i]);
            if norm == 0.0 || cost == 0.0 {
                // Nothing but the intercept speaks for this row.
                self.t[i] = sign * self.intercept;
                let alpha = cost * sigmoid(-self.t[i]);
                self.change(i, row, alpha);
                continue;
            }
            let margin = self.margin(i, row);
            let before = self.alpha[i];
            let of_row = cost * softplus(-margin);
            loss += of_row;
            gap += of_row + before * margin + xlogx(before, cost) + xlogx(cost - before, cost);
            let t = agree(margin, before, norm, cost, self.t[i]);
            let alpha = cost * sigmoid(-t);
            self.t[i] = t;
            if alpha != before {
                self.change(i, row, alpha);
            }
        }
        gap / loss.max(f64::MIN_POSITIVE)
    }

    /// Newton steps, the margins shifted with them.
    fn move_intercepts(&mut self) {
        for _ in 0..3 {
            let (mut g, mut h) = (0.0, 1e-12);
            for i in 0..self.t.len() {
                let p = sigmoid(-self.t[i]);
                g -= self.cost[i] * self.sign[i] * p;
                h += self.cost[i] * p * (1.0 - p);
            }
            let by = (-g / h).clamp(-1.0, 1.0);
            self.intercept += by;
            for i in 0..self.t.len() {
                self.t[i] += self.sign[i] * by;
            }
            if by.abs() < 1e-9 {
                break;
            }
        }
    }

    fn certificate(&self, iterations: usize) -> Reached {
        let square: f64 = self.u.iter().map(|u| f64::from(*u) * f64::from(*u)).sum();
        let norm = 0.5 * (square + self.balance * (self.balance * self.rows.square - 2.0 * self.u_mean));
        let (mut primal, mut entropy, mut g, mut h) = (norm, 0.0, 0.0, 1e-12);
        let mut reader = self.rows.x.reader();
        for i in 0..self.t.len() {
            let margin = self.margin(i, reader.row(i));
            let (cost, alpha) = (self.cost[i], self.alpha[i]);
            primal += cost * softplus(-margin);
            let p = sigmoid(-margin);
            g -= cost * self.sign[i] * p;
            h += cost * p * (1.0 - p);
            entropy -= xlogx(alpha, cost) + xlogx(cost - alpha, cost);
        }
        let dual = entropy - norm - self.intercept * self.balance;
        let gap = (primal - dual).max(0.0) + 0.5 * g * g / h;
        Reached { objective: primal, gap: gap / primal.max(f64::MIN_POSITIVE), iterations }
    }
}

impl Dual<'_> {
    /// Weights and intercept of the rows as they were given.
    fn finish(mut self, reached: Reached) -> Fitted {
        let by = self.balance as f32;
        let weights = self.u.iter().zip(&self.rows.mean).map(|(u, m)| u - by * m).collect();
        let intercept = self.intercept - self.u_mean + self.balance * self.rows.square;
        self.t.push(self.intercept);
        Fitted { weights, intercept, reached, end: self.t }
    }
}

/// The `t` at which margin and dual variable agree.
fn agree(margin: f64, alpha: f64, norm: f64, cost: f64, start: f64) -> f64 {
    let mut low = margin - norm * alpha;
    let mut high = margin + norm * (cost - alpha);
    let mut t = if start.is_finite() { start.clamp(low, high) } else { 0.5 * (low + high) };
    for _ in 0..30 {
        let p = sigmoid(-t);
        let off = t - margin - norm * (cost * p - alpha);
        if off > 0.0 {
            high = t;
        } else {
            low = t;
        }
        let step = off / (1.0 + norm * cost * p * (1.0 - p));
        let next = t - step;
        // The next step is at most half the square of this one.
        if step.abs() < 1e-4 {
            t = next.clamp(low, high);
            break;
        }
        t = if next > low && next < high { next } else { 0.5 * (low + high) };
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::CsrMatrix;

    #[test]
    fn two_rows_without_a_common_term_have_a_known_answer() {
        let x = CsrMatrix::from_rows(2, &[&[(0, 1.0)], &[(1, 1.0)]]).expect("sound");
        let x = (&x).into();
        let rows = Centred::new(&x, &[1.0, 1.0]);
        let fit = |tolerance, start| {
            minimise(&rows, &[true, false], &[1.0, 1.0], tolerance, 200, 0, start).expect("converges")
        };
        let cold = fit(1e-7, None);
        let (w, b) = (&cold.weights, cold.intercept);
        // w₀ = −w₁ = α with α = σ(−α): the fixed point of the dual.
        assert!((f64::from(w[0]) - 0.401_058).abs() < 1e-5 && (w[0] + w[1]).abs() < 1e-6, "{w:?}");
        assert!(b.abs() < 1e-6 && cold.reached.gap <= 1e-7);
        // From its own end one pass is enough; from anywhere else it ends at the same place.
        assert_eq!(fit(1e-7, Some(&cold.end)).reached.iterations, 1);
        let warm = fit(1e-7, Some(&[-30.0, 50.0, 2.0]));
        assert!((warm.weights[0] - w[0]).abs() < 1e-3 && (warm.intercept - b).abs() < 1e-3);
    }

    #[test]
    fn a_row_is_visited_until_margin_and_dual_agree() {
        for (margin, alpha, norm, cost) in
            [(0.3, 0.2, 1.0, 1.0), (-40.0, 0.0, 2.0, 100.0), (5.0, 9.9, 0.5, 10.0)]
        {
            let t = agree(margin, alpha, norm, cost, f64::INFINITY);
            assert!((t - margin - norm * (cost * sigmoid(-t) - alpha)).abs() < 1e-5, "{t}");
        }
    }
}
