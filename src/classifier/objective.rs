//! The function that training minimises, its gradient and its curvature, over a sparse matrix.

use crate::features::CsrMatrix;

/// The L2-regularised logistic objective.
///
/// ```text
/// f(W, b) = ½‖W‖² − Σᵢ cᵢ · ln p(yᵢ | xᵢ)
/// ```
///
/// over weights `W` (`n_terms × n_outputs`, term-major) and intercepts `b` (`n_outputs`), kept in one vector
/// `θ = [W, b]`. With one output, `p(1 | x) = 1 / (1 + exp(−z))`; with more, `p` is the softmax of `z = W'x + b`.
/// `cᵢ` is `C` times the weight of row `i`.
///
/// # References
///
/// * Yu, Huang & Lin (2011), *Machine Learning* 85:41–75, eqs. 1 and 4.
pub(super) struct Objective<'a> {
    rows: &'a CsrMatrix,
    columns: CsrMatrix,
    y: &'a [usize],
    cost: &'a [f64],
    outputs: usize,
}

/// What is known at one `θ`.
pub(super) struct Point {
    /// `Xθ`, `n_rows × n_outputs`.
    pub(super) z: Vec<f64>,
    /// Probabilities, same shape.
    pub(super) p: Vec<f64>,
}

impl<'a> Objective<'a> {
    pub(super) fn new(rows: &'a CsrMatrix, y: &'a [usize], cost: &'a [f64], outputs: usize) -> Self {
        Self { rows, columns: rows.transposed(), y, cost, outputs }
    }

    pub(super) fn n_parameters(&self) -> usize {
        (self.rows.n_cols() + 1) * self.outputs
    }

    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// `z = Xθ`.
    pub(super) fn project(&self, theta: &[f64], z: &mut Vec<f64>) {
        let few_rows = self.rows.n_rows() < self.rows.n_cols();
        match self.outputs {
            1 if few_rows => self.spread_k::<1>(theta, z),
            2 if few_rows => self.spread_k::<2>(theta, z),
            3 if few_rows => self.spread_k::<3>(theta, z),
            4 if few_rows => self.spread_k::<4>(theta, z),
            5 if few_rows => self.spread_k::<5>(theta, z),
            1 => self.project_k::<1>(theta, z),
            2 => self.project_k::<2>(theta, z),
            3 => self.project_k::<3>(theta, z),
            4 => self.project_k::<4>(theta, z),
            5 => self.project_k::<5>(theta, z),
            _ => self.project_any(theta, z),
        }
    }

    fn project_k<const K: usize>(&self, theta: &[f64], z: &mut Vec<f64>) {
        z.clear();
        let (weights, _) = theta.as_chunks::<K>();
        let bias = weights[self.rows.n_cols()];
        for i in 0..self.rows.n_rows() {
            let row = self.rows.row(i);
            let mut sum = bias;
            for (column, value) in row.columns.iter().zip(row.values) {
                let w = &weights[*column as usize];
                for k in 0..K {
                    sum[k] += f64::from(*value) * w[k];
                }
            }
            z.extend_from_slice(&sum);
        }
    }

    /// The same, column by column: sums over few rows stay near the processor while many weights stream by.
    fn spread_k<const K: usize>(&self, theta: &[f64], z: &mut Vec<f64>) {
        let (theta, _) = theta.as_chunks::<K>();
        z.clear();
        z.resize(self.rows.n_rows() * K, 0.0);
        let (sums, _) = z.as_chunks_mut::<K>();
        sums.fill(theta[self.rows.n_cols()]);
        for (j, theta) in theta.iter().enumerate().take(self.columns.n_rows()) {
            let column = self.columns.row(j);
            for (i, value) in column.columns.iter().zip(column.values) {
                let sum = &mut sums[*i as usize];
                for k in 0..K {
                    sum[k] += f64::from(*value) * theta[k];
                }
            }
        }
    }

    fn project_any(&self, theta: &[f64], z: &mut Vec<f64>) {
        let outputs = self.outputs;
        z.clear();
        for i in 0..self.rows.n_rows() {
            let from = z.len();
            z.extend_from_slice(&theta[self.rows.n_cols() * outputs..]);
            for (column, value) in self.rows.row(i).iter() {
                for (sum, w) in z[from..].iter_mut().zip(&theta[column * outputs..(column + 1) * outputs]) {
                    *sum += value * w;
                }
            }
        }
    }

    /// `X'r + θ` (intercepts without the `θ`), into `out`.
    pub(super) fn collect(&self, r: &[f64], theta: &[f64], out: &mut Vec<f64>) {
        match self.outputs {
            1 => self.collect_k::<1>(r, theta, out),
            2 => self.collect_k::<2>(r, theta, out),
            3 => self.collect_k::<3>(r, theta, out),
            4 => self.collect_k::<4>(r, theta, out),
            5 => self.collect_k::<5>(r, theta, out),
            _ => self.collect_any(r, theta, out),
        }
    }

    fn collect_k<const K: usize>(&self, r: &[f64], theta: &[f64], out: &mut Vec<f64>) {
        out.clear();
        let (r, _) = r.as_chunks::<K>();
        let (theta, _) = theta.as_chunks::<K>();
        for (j, theta) in theta.iter().enumerate().take(self.columns.n_rows()) {
            let column = self.columns.row(j);
            let mut sum = *theta;
            for (i, value) in column.columns.iter().zip(column.values) {
                let r = &r[*i as usize];
                for k in 0..K {
                    sum[k] += f64::from(*value) * r[k];
                }
            }
            out.extend_from_slice(&sum);
        }
        let mut sum = [0.0; K];
        for r in r {
            for k in 0..K {
                sum[k] += r[k];
            }
        }
        out.extend_from_slice(&sum);
    }

    fn collect_any(&self, r: &[f64], theta: &[f64], out: &mut Vec<f64>) {
        let outputs = self.outputs;
        out.clear();
        for j in 0..self.columns.n_rows() {
            let from = out.len();
            out.extend_from_slice(&theta[j * outputs..(j + 1) * outputs]);
            for (i, value) in self.columns.row(j).iter() {
                for (sum, r) in out[from..].iter_mut().zip(&r[i * outputs..(i + 1) * outputs]) {
                    *sum += value * r;
                }
            }
        }
        let from = out.len();
        out.resize(from + outputs, 0.0);
        for r in r.chunks_exact(outputs) {
            for (sum, r) in out[from..].iter_mut().zip(r) {
                *sum += r;
            }
        }
    }

    /// The value at `z`; fills `p`.
    pub(super) fn value(&self, theta: &[f64], point: &mut Point) -> f64 {
        let weights = self.rows.n_cols() * self.outputs;
        let mut f = 0.5 * theta[..weights].iter().map(|w| w * w).sum::<f64>();
        point.p.clear();
        for (i, z) in point.z.chunks_exact(self.outputs).enumerate() {
            if self.outputs == 1 {
                let p = sigmoid(z[0]);
                let signed = if self.y[i] == 1 { z[0] } else { -z[0] };
                f += self.cost[i] * softplus(-signed);
                point.p.push(p);
            } else {
                let from = point.p.len();
                let log_sum = softmax_into(z, &mut point.p);
                debug_assert_eq!(point.p.len(), from + self.outputs);
                f += self.cost[i] * (log_sum - z[self.y[i]]);
            }
        }
        f
    }

    /// The gradient at a point whose `p` is filled.
    pub(super) fn gradient(&self, theta: &[f64], point: &Point, r: &mut Vec<f64>, out: &mut Vec<f64>) {
        r.clear();
        for (i, p) in point.p.chunks_exact(self.outputs).enumerate() {
            if self.outputs == 1 {
                r.push(self.cost[i] * (p[0] - f64::from(u8::from(self.y[i] == 1))));
            } else {
                r.extend(
                    p.iter()
                        .enumerate()
                        .map(|(k, p)| self.cost[i] * (p - f64::from(u8::from(self.y[i] == k)))),
                );
            }
        }
        self.collect(r, theta, out);
    }

    /// The Hessian times `v`; leaves `Xv` in `q`.
    pub(super) fn curvature(
        &self,
        v: &[f64],
        point: &Point,
        q: &mut Vec<f64>,
        r: &mut Vec<f64>,
        out: &mut Vec<f64>,
    ) {
        self.project(v, q);
        r.clear();
        for (i, (p, q)) in point.p.chunks_exact(self.outputs).zip(q.chunks_exact(self.outputs)).enumerate() {
            if self.outputs == 1 {
                r.push(self.cost[i] * p[0] * (1.0 - p[0]) * q[0]);
            } else {
                let mean: f64 = p.iter().zip(q).map(|(p, q)| p * q).sum();
                r.extend(p.iter().zip(q).map(|(p, q)| self.cost[i] * p * (q - mean)));
            }
        }
        self.collect(r, v, out);
    }

    /// The diagonal of the Hessian.
    pub(super) fn diagonal(&self, point: &Point, out: &mut Vec<f64>) {
        let outputs = self.outputs;
        let r: Vec<f64> = point
            .p
            .chunks_exact(outputs)
            .enumerate()
            .flat_map(|(i, p)| p.iter().map(move |p| self.cost[i] * p * (1.0 - p)))
            .collect();
        out.clear();
        for j in 0..self.columns.n_rows() {
            let from = out.len();
            out.resize(from + outputs, 1.0);
            for (i, value) in self.columns.row(j).iter() {
                let square = value * value;
                for (sum, r) in out[from..].iter_mut().zip(&r[i * outputs..(i + 1) * outputs]) {
                    *sum += square * r;
                }
            }
        }
        let from = out.len();
        out.resize(from + outputs, 1e-12);
        for r in r.chunks_exact(outputs) {
            for (sum, r) in out[from..].iter_mut().zip(r) {
                *sum += r;
            }
        }
    }
}

/// `1 / (1 + e^−z)`, without overflow.
pub(crate) fn sigmoid(z: f64) -> f64 {
    if z >= 0.0 {
        1.0 / (1.0 + libm::exp(-z))
    } else {
        let e = libm::exp(z);
        e / (1.0 + e)
    }
}

/// `ln(1 + e^z)`, without overflow.
pub(crate) fn softplus(z: f64) -> f64 {
    if z > 0.0 { z + libm::log1p(libm::exp(-z)) } else { libm::log1p(libm::exp(z)) }
}

/// Appends the softmax of `z`; returns `ln Σ exp(z)`. The largest entry of this row is taken out first, so
/// that no exponential overflows.
pub(crate) fn softmax_into(z: &[f64], out: &mut Vec<f64>) -> f64 {
    let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let from = out.len();
    out.extend(z.iter().map(|z| libm::exp(z - largest)));
    let sum: f64 = out[from..].iter().sum();
    for p in &mut out[from..] {
        *p /= sum;
    }
    largest + libm::log(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn x() -> CsrMatrix {
        CsrMatrix::from_rows(3, &[&[(0, 0.6), (1, 0.8)], &[(1, 1.0)], &[(2, 1.0)], &[(0, 0.3), (2, -0.9)]])
            .expect("sound")
    }

    #[test]
    fn gradient_and_curvature_equal_finite_differences() {
        let x = x();
        let cost = [1.0, 0.5, 2.0, 1.0];
        for (outputs, y) in [(1, [0, 1, 1, 0]), (3, [0, 1, 2, 1]), (6, [5, 1, 2, 0])] {
            let f = Objective::new(&x, &y, &cost, outputs);
            let theta: Vec<f64> = (0..f.n_parameters()).map(|i| libm::sin(i as f64 * 1.7) * 0.5).collect();
            let at = |theta: &[f64]| {
                let mut point = Point { z: Vec::new(), p: Vec::new() };
                f.project(theta, &mut point.z);
                let value = f.value(theta, &mut point);
                let mut g = Vec::new();
                f.gradient(theta, &point, &mut Vec::new(), &mut g);
                (value, g, point)
            };
            let (_, g, point) = at(&theta);
            let v: Vec<f64> = (0..theta.len()).map(|i| libm::cos(i as f64)).collect();
            let mut hv = Vec::new();
            f.curvature(&v, &point, &mut Vec::new(), &mut Vec::new(), &mut hv);
            let h = 1e-6;
            let moved =
                |sign: f64| -> Vec<f64> { theta.iter().zip(&v).map(|(t, v)| t + sign * h * v).collect() };
            let ((up, g_up, _), (down, g_down, _)) = (at(&moved(1.0)), at(&moved(-1.0)));
            let slope: f64 = g.iter().zip(&v).map(|(g, v)| g * v).sum();
            assert!(((up - down) / (2.0 * h) - slope).abs() < 1e-7, "{outputs} outputs");
            for (j, hv) in hv.iter().enumerate() {
                assert!(((g_up[j] - g_down[j]) / (2.0 * h) - hv).abs() < 1e-6, "{outputs} outputs, {j}");
            }
        }
    }

    #[test]
    fn extreme_scores_neither_overflow_nor_vanish() {
        assert_eq!((sigmoid(-800.0), sigmoid(800.0)), (0.0, 1.0));
        assert!((softplus(900.0) - 900.0).abs() < 1e-9 && softplus(-900.0) >= 0.0);
        let mut p = Vec::new();
        let log_sum = softmax_into(&[1000.0, 0.0, -1000.0], &mut p);
        assert_eq!((p[0], log_sum), (1.0, 1000.0));
    }
}
