//! Rows seen from their mean, without making them dense.

use crate::features::{Rows, SparseRow};

/// Rows, their mean `μ` and how far they are from it: what fits of the same rows have in common.
pub(super) struct Centred<'a> {
    pub(super) x: &'a Rows<'a>,
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
    pub(super) fn new(x: &'a Rows<'a>, weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let mut mean = vec![0.0_f32; x.n_cols()];
        let mut reader = x.reader();
        for (i, weight) in weights.iter().enumerate() {
            let share = (weight / total.max(f64::MIN_POSITIVE)) as f32;
            let row = reader.row(i);
            for (column, value) in row.columns.iter().zip(row.values) {
                mean[*column as usize] += share * value;
            }
        }
        let square: f64 = mean.iter().map(|m| f64::from(*m) * f64::from(*m)).sum();
        let (products, distances) = (0..x.n_rows())
            .map(|i| {
                let row = reader.row(i);
                let (product, length) = (dot(row, &mean), sum(row, |_, value| value * value));
                (product, (length - 2.0 * product + square).max(0.0))
            })
            .unzip();
        Self { x, mean, products, square, distances }
    }
}

/// `x · w`.
#[inline]
pub(super) fn dot(row: SparseRow<'_>, w: &[f32]) -> f64 {
    sum(row, |column, value| w[column as usize] * value)
}

/// The sum of `of(column, value)` over a row, in four strands so that additions need not wait for each other.
#[inline]
fn sum(row: SparseRow<'_>, of: impl Fn(u32, f32) -> f32) -> f64 {
    let (columns, columns_rest) = row.columns.as_chunks::<4>();
    let (values, values_rest) = row.values.as_chunks::<4>();
    let mut sums = [0.0_f32; 4];
    for (c, v) in columns.iter().zip(values) {
        for k in 0..4 {
            sums[k] += of(c[k], v[k]);
        }
    }
    let mut sum = f64::from(sums[0] + sums[1]) + f64::from(sums[2] + sums[3]);
    for (c, v) in columns_rest.iter().zip(values_rest) {
        sum += f64::from(of(*c, *v));
    }
    sum
}
