//! Rows seen from their mean, without making them dense.

use crate::features::CsrMatrix;

/// The mean of the rows.
pub(super) struct Center {
    pub(super) mean: Vec<f32>,
    /// Its product with each row.
    pub(super) rows: Vec<f64>,
    /// Its product with itself.
    pub(super) square: f64,
}

impl Center {
    /// Rows weigh by their cost.
    pub(super) fn of(x: &CsrMatrix, cost: &[f64]) -> Self {
        let total: f64 = cost.iter().sum();
        let mut mean = vec![0.0_f32; x.n_cols()];
        for (i, cost) in cost.iter().enumerate() {
            let share = (cost / total.max(f64::MIN_POSITIVE)) as f32;
            let row = x.row(i);
            for (column, value) in row.columns.iter().zip(row.values) {
                mean[*column as usize] += share * value;
            }
        }
        let rows = (0..x.n_rows()).map(|i| dot(x, i, &mean)).collect();
        let square = mean.iter().map(|m| f64::from(*m) * f64::from(*m)).sum();
        Self { mean, rows, square }
    }

    /// The square of the distance of each row from the mean.
    pub(super) fn squares(&self, x: &CsrMatrix) -> Vec<f64> {
        let square = |i: usize| x.row(i).values.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>();
        self.rows.iter().enumerate().map(|(i, m)| (square(i) - 2.0 * m + self.square).max(0.0)).collect()
    }
}

/// `xᵢ · w`, summed in four strands so that additions need not wait for each other.
#[inline]
pub(super) fn dot(x: &CsrMatrix, i: usize, w: &[f32]) -> f64 {
    let row = x.row(i);
    let (columns, columns_rest) = row.columns.as_chunks::<4>();
    let (values, values_rest) = row.values.as_chunks::<4>();
    let mut sums = [0.0_f32; 4];
    for (c, v) in columns.iter().zip(values) {
        for k in 0..4 {
            sums[k] += w[c[k] as usize] * v[k];
        }
    }
    let mut sum = f64::from(sums[0] + sums[1]) + f64::from(sums[2] + sums[3]);
    for (c, v) in columns_rest.iter().zip(values_rest) {
        sum += f64::from(w[*c as usize] * v);
    }
    sum
}
