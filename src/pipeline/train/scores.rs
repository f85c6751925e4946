//! Linear scores of many rows.

use rayon::prelude::*;

/// The linear scores of some rows, as many of each as there are outputs, end to end: with millions of rows and a dozen values of
/// `C`, a vector for each row would take several times the memory.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RowScores {
    n_outputs: usize,
    values: Vec<f64>,
}

/// Fewer rows are not dealt out.
const FEWEST_ROWS: usize = 1 << 12;

impl RowScores {
    /// Zeros.
    pub(super) fn zeros(n_rows: usize, n_outputs: usize) -> Self {
        Self { n_outputs, values: vec![0.0; n_rows * n_outputs] }
    }

    /// The scores of a row.
    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.n_outputs..(i + 1) * self.n_outputs]
    }

    pub(super) fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.values[i * self.n_outputs..(i + 1) * self.n_outputs]
    }

    /// The scores of rows that stand together, as many pieces as there are threads: the first row of each, and the scores end to end.
    pub(super) fn pieces_mut(&mut self) -> impl IndexedParallelIterator<Item = (usize, &mut [f64])> {
        let n_rows = self.values.len() / self.n_outputs;
        let piece = n_rows.div_ceil(rayon::current_num_threads()).max(FEWEST_ROWS);
        let pieces = self.values.par_chunks_mut(piece * self.n_outputs);
        pieces.enumerate().map(move |(i, scores)| (i * piece, scores))
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.n_outputs)
    }

    /// Adds the scores of another model of the same rows.
    pub(super) fn add(&mut self, other: &Self) {
        self.values.iter_mut().zip(&other.values).for_each(|(z, more)| *z += more);
    }

    pub(super) fn divide(&mut self, by: f64) {
        self.values.iter_mut().for_each(|z| *z /= by);
    }

    /// Scores of all of `n` rows, each from the split that held it out; zeros where none did.
    ///
    /// # Arguments
    ///
    /// * `held_out` - the rows that each split holds out, and their scores.
    pub(super) fn gathered<'a>(
        n: usize,
        held_out: impl IntoIterator<Item = (&'a [usize], &'a RowScores)>,
    ) -> Self {
        let mut parts = held_out.into_iter().peekable();
        let mut out = Self::zeros(n, parts.peek().map_or(1, |(_, scores)| scores.n_outputs));
        for (rows, scores) in parts {
            for (i, z) in rows.iter().zip(scores.rows()) {
                out.row_mut(*i).copy_from_slice(z);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_return_to_the_rows_that_were_held_out() {
        let of = |values: &[f64]| RowScores { n_outputs: 2, values: values.to_vec() };
        let (first, second) = (of(&[1.0, 2.0, 3.0, 4.0]), of(&[5.0, 6.0]));
        let mut all = RowScores::gathered(4, [(&[3, 0][..], &first), (&[1][..], &second)]);
        assert_eq!(all, of(&[3.0, 4.0, 5.0, 6.0, 0.0, 0.0, 1.0, 2.0]));
        all.add(&all.clone());
        all.divide(4.0);
        assert_eq!((all.row(1), all.rows().count()), (&[2.5, 3.0][..], 4));
    }
}
