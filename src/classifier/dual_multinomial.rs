use super::center::Centred;
use super::descent::{Descent, descend, xlogx};
use super::newton::Reached;
use crate::Result;
use crate::features::SparseRow;

/// Minimises the objective of three and more classes by descent on its dual, one row at a time.
///
/// The dual variables of row `i` are a distribution `pᵢ` over the classes, with weights `W = Σ cᵢ (eᵢ − pᵢ) xᵢ'` where `eᵢ` is 1 at
/// the class of the row. A visit finds the scores `z` of the row that agree with the `p` they give when this `p` alone moves:
///
/// ```text
/// z + ‖xᵢ‖² cᵢ softmax(z) = W xᵢ + b + ‖xᵢ‖² cᵢ pᵢ,
/// ```
///
/// the root of a strictly convex function's gradient; a Newton step on it costs one softmax, as its curvature is diagonal but for one
/// rank. Rows are seen from their mean, and the intercepts take steps of their own after each pass, as in the dual of two classes.
///
/// # Arguments
///
/// * `L` - lanes: how many classes there is room for. Weights of a term lie side by side, so that a row is read once.
/// * `start` - where to begin: `L` scores of every row, then `L` intercepts of the centred rows, as a fit of the same rows at another
///   `C` ended ([`Fitted::end`]); `None` begins at zero weights.
///
/// # Errors
///
/// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) after `max_iterations` passes.
///
/// # References
///
/// * Yu, Huang & Lin (2011), *Machine Learning* 85:41–75, sec. 6 (the dual of maximum entropy); the step is ours.
#[expect(clippy::too_many_arguments, reason = "a solver is told of rows, classes, costs and when to stop")]
pub(super) fn minimise<const L: usize>(
    rows: &Centred<'_>,
    y: &[usize],
    classes: usize,
    cost: &[f64],
    tolerance: f64,
    max_iterations: usize,
    seed: u64,
    start: Option<&[f64]>,
) -> Result<Fitted> {
    let n = rows.x.n_rows();
    let indicator = |class: &usize| std::array::from_fn(|k| f64::from(u8::from(k == *class)));
    let mut state = Dual::<L> {
        rows,
        y,
        classes,
        cost,
        u: vec![Lanes([0.0; L]); rows.x.n_cols()],
        balance: [0.0; L],
        u_mean: [0.0; L],
        intercept: [0.0; L],
        p: y.iter().map(indicator).collect(),
        z: vec![[0.0; L]; n],
    };
    if let Some(start) = start {
        state.begin_at(start);
    }
    let reached = descend(&mut state, n, tolerance, max_iterations, seed)?;
    Ok(state.finish(reached))
}

/// A fit of three and more classes.
pub(super) struct Fitted {
    /// Term-major.
    pub(super) weights: Vec<f64>,
    pub(super) intercepts: Vec<f64>,
    pub(super) reached: Reached,
    /// The scores of every row, then the intercepts of the centred rows.
    pub(super) end: Vec<f64>,
}

/// One number for each class that there is room for.
#[derive(Clone, Copy)]
#[repr(align(16))]
struct Lanes<const L: usize>([f32; L]);

struct Dual<'a, const L: usize> {
    rows: &'a Centred<'a>,
    y: &'a [usize],
    /// How many of the lanes are used.
    classes: usize,
    cost: &'a [f64],
    /// `Σ cᵢ (eᵢ − pᵢ) xᵢ'`, a term's weights side by side.
    u: Vec<Lanes<L>>,
    /// `Σ cᵢ (eᵢ − pᵢ)`.
    balance: [f64; L],
    /// `u · μ`.
    u_mean: [f64; L],
    /// Those of the centred rows.
    intercept: [f64; L],
    p: Vec<[f64; L]>,
    /// The scores found last, where the next search begins.
    z: Vec<[f64; L]>,
}

impl<const L: usize> Dual<'_, L> {
    /// Takes the distributions that belong to these scores, and the weights that belong to them.
    fn begin_at(&mut self, start: &[f64]) {
        let (starts, _) = start.as_chunks::<L>();
        let (z, intercept) = starts.split_at(self.z.len());
        self.z.copy_from_slice(z);
        self.intercept = intercept[0];
        let mut reader = self.rows.x.reader();
        for (i, z) in z.iter().enumerate() {
            let p = softmax(z, self.classes).0;
            self.change(i, reader.row(i), p);
        }
    }

    /// Gives a row another distribution.
    #[inline]
    fn change(&mut self, i: usize, row: SparseRow<'_>, p: [f64; L]) {
        let by: [f64; L] = std::array::from_fn(|k| self.cost[i] * (self.p[i][k] - p[k]));
        self.p[i] = p;
        for (k, by) in by.iter().enumerate() {
            self.balance[k] += by;
            self.u_mean[k] += by * self.rows.products[i];
        }
        let step: [f32; L] = std::array::from_fn(|k| by[k] as f32);
        for (column, value) in row.columns.iter().zip(row.values) {
            let w = &mut self.u[*column as usize].0;
            for k in 0..L {
                w[k] += step[k] * value;
            }
        }
    }

    /// `W (xᵢ − μ) + b`.
    #[inline]
    fn scores(&self, i: usize, row: SparseRow<'_>) -> [f64; L] {
        // Two strands, so that additions need not wait for each other.
        let mut sums = [[0.0_f32; L]; 2];
        let (columns, last_column) = row.columns.as_chunks::<2>();
        let (values, last_value) = row.values.as_chunks::<2>();
        for (c, v) in columns.iter().zip(values) {
            for strand in 0..2 {
                let w = &self.u[c[strand] as usize].0;
                for k in 0..L {
                    sums[strand][k] += v[strand] * w[k];
                }
            }
        }
        for (c, v) in last_column.iter().zip(last_value) {
            for (sum, w) in sums[0].iter_mut().zip(&self.u[*c as usize].0) {
                *sum += v * w;
            }
        }
        let from_mean = self.rows.square - self.rows.products[i];
        std::array::from_fn(|k| {
            let shift = self.balance[k] * from_mean - self.u_mean[k] + self.intercept[k];
            f64::from(sums[0][k]) + f64::from(sums[1][k]) + shift
        })
    }
}

impl<const L: usize> Descent for Dual<'_, L> {
    fn pass(&mut self, order: &[u32]) -> f64 {
        let (mut gap, mut loss) = (0.0, 0.0);
        let mut reader = self.rows.x.reader();
        for (k, &i) in order.iter().enumerate() {
            let i = i as usize;
            if let Some(next) = order.get(k + 2) {
                reader.prefetch(*next as usize);
            }
            let cost = self.cost[i];
            if cost == 0.0 {
                continue;
            }
            let row = reader.row(i);
            let scores = self.scores(i, row);
            let before = self.p[i];
            let (_, log_sum) = softmax(&scores, self.classes);
            loss += cost * (log_sum - scores[self.y[i]]);
            let apart = |k: usize| xlogx(before[k], 1.0) - before[k] * scores[k];
            gap += cost * (log_sum + (0..self.classes).map(apart).sum::<f64>());
            let reach = self.rows.distances[i] * cost;
            let target = std::array::from_fn(|k| scores[k] + reach * before[k]);
            let start = if self.z[i] == [0.0; L] { scores } else { self.z[i] };
            let (z, p) = agree(&target, reach, start, self.classes);
            self.z[i] = z;
            self.change(i, row, p);
        }
        gap / loss.max(f64::MIN_POSITIVE)
    }

    /// Newton steps on one intercept after the other, the scores shifted with them.
    fn move_intercepts(&mut self) {
        for _ in 0..3 {
            let mut largest = 0.0_f64;
            for k in 0..self.classes {
                let (mut g, mut h) = (0.0, 1e-12);
                for i in 0..self.z.len() {
                    let p = softmax(&self.z[i], self.classes).0[k];
                    g += self.cost[i] * (p - f64::from(u8::from(self.y[i] == k)));
                    h += self.cost[i] * p * (1.0 - p);
                }
                let by = (-g / h).clamp(-1.0, 1.0);
                self.intercept[k] += by;
                self.z.iter_mut().for_each(|z| z[k] += by);
                largest = largest.max(by.abs());
            }
            if largest < 1e-6 {
                break;
            }
        }
    }

    fn certificate(&self, iterations: usize) -> Reached {
        let square: f64 = self.u.iter().flat_map(|u| u.0).map(|u| f64::from(u) * f64::from(u)).sum();
        let of_mean: f64 = (0..self.classes)
            .map(|k| self.balance[k] * (self.balance[k] * self.rows.square - 2.0 * self.u_mean[k]))
            .sum();
        let norm = 0.5 * (square + of_mean);
        let mut primal = norm;
        let mut dual = -norm - (0..self.classes).map(|k| self.intercept[k] * self.balance[k]).sum::<f64>();
        let (mut g, mut h) = ([0.0; L], [1e-12; L]);
        let mut reader = self.rows.x.reader();
        for i in 0..self.z.len() {
            let cost = self.cost[i];
            let z = self.scores(i, reader.row(i));
            let (p, log_sum) = softmax(&z, self.classes);
            primal += cost * (log_sum - z[self.y[i]]);
            dual -= cost * self.p[i][..self.classes].iter().map(|p| xlogx(*p, 1.0)).sum::<f64>();
            for k in 0..self.classes {
                g[k] += cost * (p[k] - f64::from(u8::from(self.y[i] == k)));
                h[k] += cost * p[k] * (1.0 - p[k]);
            }
        }
        let of_intercepts: f64 = (0..self.classes).map(|k| 0.5 * g[k] * g[k] / h[k]).sum();
        let gap = (primal - dual).max(0.0) + of_intercepts;
        Reached { objective: primal, gap: gap / primal.max(f64::MIN_POSITIVE), iterations }
    }
}

impl<const L: usize> Dual<'_, L> {
    /// Weights, term-major, and intercepts of the rows as they were given.
    fn finish(self, reached: Reached) -> Fitted {
        let weights = self
            .u
            .iter()
            .zip(&self.rows.mean)
            .flat_map(|(u, m)| {
                (0..self.classes).map(move |k| f64::from(u.0[k]) - self.balance[k] * f64::from(*m))
            })
            .collect();
        let intercepts = (0..self.classes)
            .map(|k| self.intercept[k] - self.u_mean[k] + self.balance[k] * self.rows.square)
            .collect();
        let end = self.z.iter().chain([&self.intercept]).flatten().copied().collect();
        Fitted { weights, intercepts, reached, end }
    }
}

/// The `z` with `z + reach · softmax(z) = target`, and its softmax.
///
/// It minimises `½‖z − target‖² + reach · ln Σ exp(z)`; a step that raises this is halved.
fn agree<const L: usize>(
    target: &[f64; L],
    reach: f64,
    start: [f64; L],
    classes: usize,
) -> ([f64; L], [f64; L]) {
    let value = |z: &[f64; L], log_sum: f64| {
        (0..classes).map(|k| (z[k] - target[k]) * (z[k] - target[k])).sum::<f64>() * 0.5 + reach * log_sum
    };
    let mut z = start;
    let (mut p, log_sum) = softmax(&z, classes);
    let mut at = value(&z, log_sum);
    for _ in 0..30 {
        // Curvature: diagonal `d`, less `reach · p p'`.
        let d: [f64; L] = std::array::from_fn(|k| 1.0 + reach * p[k]);
        let (mut along, mut left) = (0.0, 0.0);
        let mut step = [0.0; L];
        for k in 0..classes {
            step[k] = (z[k] - target[k] + reach * p[k]) / d[k];
            along += p[k] * step[k];
            left += p[k] / d[k];
        }
        let mut largest = 0.0_f64;
        for k in 0..classes {
            step[k] += p[k] / d[k] * reach * along / left;
            largest = largest.max(step[k].abs());
        }
        let mut share = 1.0;
        loop {
            let trial: [f64; L] = std::array::from_fn(|k| z[k] - share * step[k]);
            let (of_trial, log_sum) = softmax(&trial, classes);
            let there = value(&trial, log_sum);
            if there <= at + 1e-12 * at.abs() || share < 1e-6 {
                (z, p, at) = (trial, of_trial, there);
                break;
            }
            share *= 0.5;
        }
        // The next step is about the square of this one.
        if largest < 1e-4 {
            break;
        }
    }
    (z, p)
}

/// The softmax of the scores of the classes, and `ln Σ exp(z)`.
fn softmax<const L: usize>(z: &[f64; L], classes: usize) -> ([f64; L], f64) {
    let largest = z[..classes].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut p = [0.0; L];
    let mut sum = 0.0;
    for k in 0..classes {
        p[k] = libm::exp(z[k] - largest);
        sum += p[k];
    }
    p[..classes].iter_mut().for_each(|p| *p /= sum);
    (p, largest + libm::log(sum))
}

#[cfg(test)]
mod tests {
    use super::super::newton;
    use super::super::objective::Objective;
    use super::*;
    use crate::features::CsrMatrix;

    #[test]
    fn a_row_is_visited_until_scores_and_distribution_agree() {
        for (target, reach) in
            [([0.3, -1.0, 2.0, 0.0], 1.0), ([40.0, -30.0, 0.0, 0.0], 100.0), ([0.0; 4], 1e4)]
        {
            let (z, p) = agree(&target, reach, [1.0, 0.0, -1.0, 0.0], 3);
            for k in 0..3 {
                assert!((z[k] + reach * p[k] - target[k]).abs() < 1e-5 * (1.0 + reach), "{target:?} {reach}");
            }
        }
    }

    #[test]
    fn it_ends_where_newton_ends() {
        let rows: Vec<Vec<(u32, f32)>> = (0..90_u32)
            .map(|i| vec![(i % 7, 0.6), (7 + i % 5, 0.5), (12 + i % 3, if i % 4 == 0 { 0.1 } else { 0.7 })])
            .collect();
        let rows: Vec<&[(u32, f32)]> = rows.iter().map(Vec::as_slice).collect();
        let x = CsrMatrix::from_rows(15, &rows).expect("sound");
        // Class 0 is common: the intercepts have something to do.
        let y: Vec<usize> = (0..90).map(|i| if i % 5 < 3 { 0 } else { 1 + (i / 3) % 2 }).collect();
        let rows = (&x).into();
        let centred = Centred::new(&rows, &[1.0; 90]);
        let mut start: Option<Vec<f64>> = None;
        for c in [0.1, 1.0, 30.0] {
            let cost = vec![c; 90];
            let fit = minimise::<4>(&centred, &y, 3, &cost, 1e-6, 500, 1, start.as_deref());
            let Fitted { weights: w, intercepts: b, reached, end } = fit.expect("converges");
            start = Some(end);
            let objective = Objective::new(&x, &y, &cost, 3);
            let mut theta = vec![0.0; objective.n_parameters()];
            let best = newton::minimise(&objective, &mut theta, 1e-12, 100).expect("converges");
            assert!(reached.objective - best.objective <= 2e-6 * best.objective, "{c}: {reached:?} {best:?}");
            let far = w.iter().zip(&theta).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(far < 0.02 * (1.0 + c), "{c}: {far}");
            assert!(((b[0] - b[1]) - (theta[45] - theta[46])).abs() < 0.05, "{c}");
        }
    }
}
