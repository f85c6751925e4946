//! Rows seen from their mean, without making them dense.

use crate::features::CsrMatrix;

/// Rows, their mean `μ` and how far they are from it: what fits of the same rows have in common.
pub(super) struct Centred<'a> {
    pub(super) x: &'a CsrMatrix,
    pub(super) mean: Vec<f32>,
    /// Its product with each row.
    pub(super) products: Vec<f64>,
    /// Its product with itself.
    pub(super) square: f64,
    /// The square of the distance of each row from the mean.
    pub(super) distances: Vec<f64>,
}

impl<'a> Centred<'a> {
    /// The mean weighs rows by these weights.
    pub(super) fn new(x: &'a CsrMatrix, weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let mut mean = vec![0.0_f32; x.n_cols()];
        let mut lengths: Vec<f64> = Vec::with_capacity(weights.len());
        for (i, weight) in weights.iter().enumerate() {
            let share = (weight / total.max(f64::MIN_POSITIVE)) as f32;
            let row = x.row(i);
            let mut length = 0.0;
            for (column, value) in row.columns.iter().zip(row.values) {
                mean[*column as usize] += share * value;
                length += f64::from(*value) * f64::from(*value);
            }
            lengths.push(length);
        }
        let products: Vec<f64> = (0..x.n_rows()).map(|i| dot(x, i, &mean)).collect();
        let square: f64 = mean.iter().map(|m| f64::from(*m) * f64::from(*m)).sum();
        let distances =
            lengths.iter().zip(&products).map(|(length, m)| (length - 2.0 * m + square).max(0.0)).collect();
        Self { x, mean, products, square, distances }
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
