//! Rows times a fixed matrix, with the same bits in any company and on any processor.
//!
//! Every element of a product is one chain `a·b + c` over the shared dimension from first to last, with one rounding a
//! step. It does not depend on how many rows are multiplied at once, so texts can share a call without any effect on
//! each other. General libraries for matrices cut that dimension into pieces by the shape of the whole product, which
//! would make the last bits of a row depend on its neighbours.

use super::dispatch::vectorised;

/// Columns that are computed together.
const PANEL: usize = 16;
/// Rows that are computed together: with [`PANEL`] columns their sums take 12 of 16 registers of 256 bits, or 24 of 32 of
/// 128 bits.
const ROWS: usize = 6;

/// A matrix of `depth` rows and `columns` columns, laid out for [`multiply`]: panels of [`PANEL`] columns, in each
/// panel one row after the other; the last panel is filled up with zeros.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed {
    depth: usize,
    columns: usize,
    panels: Vec<[f32; PANEL]>,
}

impl Packed {
    /// Packs the weights of a linear layer, stored as `(outputs, inputs)`: its columns are the outputs.
    pub(super) fn from_outputs(weights: &[f32], outputs: usize, inputs: usize) -> Self {
        let mut packed = Self::default();
        packed.refill_outputs(View { data: weights, stride: inputs }, outputs, inputs);
        packed
    }

    /// As [`from_outputs`](Self::from_outputs), in the memory at hand.
    pub(super) fn refill_outputs(&mut self, weights: View<'_>, outputs: usize, inputs: usize) {
        self.resize(inputs, outputs);
        for column in 0..outputs {
            let row = weights.row(column, inputs);
            let panel = &mut self.panels[column / PANEL * inputs..][..inputs];
            for (slot, &value) in panel.iter_mut().zip(row) {
                slot[column % PANEL] = value;
            }
        }
    }

    /// Packs a matrix stored as `(depth, columns)`, in the memory at hand.
    pub(super) fn refill_rows(&mut self, rows: View<'_>, depth: usize, columns: usize) {
        self.resize(depth, columns);
        for d in 0..depth {
            for (p, part) in rows.row(d, columns).chunks(PANEL).enumerate() {
                self.panels[p * depth + d][..part.len()].copy_from_slice(part);
            }
        }
    }

    fn resize(&mut self, depth: usize, columns: usize) {
        (self.depth, self.columns) = (depth, columns);
        self.panels.clear();
        self.panels.resize(columns.div_ceil(PANEL) * depth, [0.0; PANEL]);
    }
}

/// Rows inside a larger matrix: row `i` begins at `i · stride`.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    /// From the first number of the first row on.
    pub data: &'a [f32],
    /// From one row to the next.
    pub stride: usize,
}

impl<'a> View<'a> {
    /// The first `width` numbers of a row.
    #[inline(always)]
    fn row(self, i: usize, width: usize) -> &'a [f32] {
        &self.data[i * self.stride..][..width]
    }
}

/// Where the rows of a product go: row `i` begins at `i · stride`.
#[derive(Debug)]
pub(super) struct Target<'a> {
    /// From the first number of the first row on.
    pub data: &'a mut [f32],
    /// From one row to the next.
    pub stride: usize,
}

/// Blocks of rows that are laid out together, so that a panel is read once for all of them.
const BLOCKS: usize = 8;

vectorised! {
    /// Writes `x · matrix + bias` for `n` rows `x`; an empty bias is zero.
    pub(super) fn multiply(x: View<'_>, n: usize, matrix: &Packed, bias: &[f32], out: Target<'_>) {
        let depth = matrix.depth;
        let Target { data, stride } = out;
        let mut blocks = vec![[0.0_f32; ROWS]; depth * BLOCKS.min(n.div_ceil(ROWS))];
        for group in (0..n).step_by(ROWS * BLOCKS) {
            let rows = (n - group).min(ROWS * BLOCKS);
            for i in 0..rows {
                let block = &mut blocks[i / ROWS * depth..][..depth];
                for (slot, &value) in block.iter_mut().zip(x.row(group + i, depth)) {
                    slot[i % ROWS] = value;
                }
            }
            for first in (0..matrix.columns).step_by(PANEL) {
                let panel = &matrix.panels[first / PANEL * depth..][..depth];
                let width = PANEL.min(matrix.columns - first);
                let mut start = [0.0; PANEL];
                if !bias.is_empty() {
                    start[..width].copy_from_slice(&bias[first..first + width]);
                }
                for (b, block) in (0..rows).step_by(ROWS).zip(blocks.chunks_exact(depth.max(1))) {
                    let sums = tile(block, panel, start);
                    for (i, sums) in (b..rows).zip(&sums) {
                        data[(group + i) * stride + first..][..width].copy_from_slice(&sums[..width]);
                    }
                }
            }
        }
    }
}

/// A block of rows times a panel of columns.
#[inline(always)]
fn tile(block: &[[f32; ROWS]], panel: &[[f32; PANEL]], start: [f32; PANEL]) -> [[f32; PANEL]; ROWS] {
    let mut sums = [start; ROWS];
    // Plain loops over constant ranges: the compiler unrolls them and keeps the sums in registers.
    for (a, b) in block.iter().zip(panel) {
        for m in 0..ROWS {
            for j in 0..PANEL {
                sums[m][j] = a[m].mul_add(b[j], sums[m][j]);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + seed) % 1013) as f32 / 1013.0 - 0.4).collect()
    }

    /// One chain from the bias on, as the module promises.
    fn chain(a: impl Iterator<Item = f32>, b: impl Iterator<Item = f32>, start: f32) -> u32 {
        a.zip(b).fold(start, |sum, (a, b)| a.mul_add(b, sum)).to_bits()
    }

    #[test]
    fn every_shape_gives_the_bits_of_plain_chains() {
        for (n, depth, columns) in
            [(1, 1, 1), (2, 7, 33), (12, 32, 32), (13, 5, 64), (97, 40, 31), (200, 3, 70)]
        {
            let (x, w, bias) = (numbers(n * depth, 1), numbers(columns * depth, 2), numbers(columns, 3));
            let packed = Packed::from_outputs(&w, columns, depth);
            // Rows and results inside wider matrices.
            let (stride, wide) = (depth + 2, columns + 3);
            let mut rows = vec![f32::NAN; n * stride];
            rows.chunks_mut(stride).zip(x.chunks(depth)).for_each(|(r, x)| r[..depth].copy_from_slice(x));
            let mut out = vec![-1.0; n * wide];
            let view = View { data: &rows, stride };
            multiply(view, n, &packed, &bias, Target { data: &mut out, stride: wide });
            for i in 0..n {
                for c in 0..columns {
                    let (a, b) = (&x[i * depth..][..depth], &w[c * depth..][..depth]);
                    let expected = chain(a.iter().copied(), b.iter().copied(), bias[c]);
                    assert_eq!(
                        out[i * wide + c].to_bits(),
                        expected,
                        "help: {n}×{depth}×{columns} at {i}, {c}"
                    );
                }
                assert_eq!(out[i * wide + columns..(i + 1) * wide], [-1.0; 3], "help: written outside");
            }
            let mut turned = Packed::default();
            let columnwise: Vec<f32> =
                (0..depth).flat_map(|d| w.iter().skip(d).step_by(depth)).copied().collect();
            turned.refill_rows(View { data: &columnwise, stride: columns }, depth, columns);
            assert_eq!(turned.panels, packed.panels);
        }
    }
}
