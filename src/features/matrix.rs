use super::pages::room_for;
use super::table::prefetch;
use crate::{ErrorKind, Result};

/// A sparse matrix by rows: `n_rows × n_cols`, single precision.
///
/// Entries of a row keep the order in which they were made; that order is the order of every sum, so equal
/// input gives equal bits.
#[derive(Debug, Clone, PartialEq)]
pub struct CsrMatrix {
    pub(crate) starts: Vec<usize>,
    pub(crate) columns: Vec<u32>,
    pub(crate) values: Vec<f32>,
    pub(crate) n_cols: usize,
}

/// One row of a [`CsrMatrix`].
#[derive(Debug, Clone, Copy)]
pub struct SparseRow<'a> {
    /// The columns that are not zero, each at most once.
    pub columns: &'a [u32],
    /// Their values.
    pub values: &'a [f32],
}

impl SparseRow<'_> {
    /// Pairs of column and value.
    pub fn iter(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.columns.iter().zip(self.values).map(|(c, v)| (*c as usize, f64::from(*v)))
    }
}

impl CsrMatrix {
    /// A matrix from rows of `(column, value)` pairs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ShapeMismatch`] for a column at or beyond `n_cols`, [`ErrorKind::NotFinite`] for a NaN or an
    /// infinity.
    ///
    /// # Example
    ///
    /// ```
    /// use sayso::features::CsrMatrix;
    ///
    /// let x = CsrMatrix::from_rows(3, &[&[(0, 1.0), (2, 0.5)], &[]])?;
    /// assert_eq!((x.n_rows(), x.n_cols(), x.n_entries()), (2, 3, 2));
    /// # Ok::<(), sayso::Error>(())
    /// ```
    pub fn from_rows(n_cols: usize, rows: &[&[(u32, f32)]]) -> Result<Self> {
        let mut matrix = Self { starts: vec![0], columns: Vec::new(), values: Vec::new(), n_cols };
        for (i, row) in rows.iter().enumerate() {
            for &(column, value) in *row {
                if column as usize >= n_cols {
                    return Err(ErrorKind::ShapeMismatch {
                        what: "column and number of columns",
                        left: column as usize,
                        right: n_cols,
                    }
                    .into());
                }
                if !value.is_finite() {
                    return Err(ErrorKind::NotFinite {
                        what: format!("row {i}, column {column}"),
                        value: f64::from(value),
                    }
                    .into());
                }
                matrix.columns.push(column);
                matrix.values.push(value);
            }
            matrix.starts.push(matrix.columns.len());
        }
        Ok(matrix)
    }

    pub(super) fn empty(n_cols: usize) -> Self {
        Self { starts: vec![0], columns: Vec::new(), values: Vec::new(), n_cols }
    }

    /// A matrix without rows that takes the memory of this one.
    pub(super) fn emptied(self, n_cols: usize) -> Self {
        let Self { mut starts, mut columns, mut values, .. } = self;
        starts.truncate(1);
        columns.clear();
        values.clear();
        Self { starts, columns, values, n_cols }
    }

    /// Appends a row of so many zeros, of `expected` rows in all, for its columns and values to be written.
    pub(super) fn push_row(&mut self, n: usize, expected: usize) -> (&mut [u32], &mut [f32]) {
        let (from, done) = (self.columns.len(), self.starts.len());
        room_for(&mut self.columns, n, done, expected);
        room_for(&mut self.values, n, done, expected);
        self.columns.resize(from + n, 0);
        self.values.resize(from + n, 0.0);
        self.starts.push(from + n);
        (&mut self.columns[from..], &mut self.values[from..])
    }

    /// Gives back the room that no entry took.
    pub(super) fn shrink(&mut self) {
        self.columns.shrink_to_fit();
        self.values.shrink_to_fit();
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of columns.
    pub fn n_cols(&self) -> usize {
        self.n_cols
    }

    /// Number of stored entries.
    pub fn n_entries(&self) -> usize {
        self.columns.len()
    }

    /// A row.
    ///
    /// # Panics
    ///
    /// When `i` is not below [`CsrMatrix::n_rows`].
    pub fn row(&self, i: usize) -> SparseRow<'_> {
        let (from, to) = (self.starts[i], self.starts[i + 1]);
        SparseRow { columns: &self.columns[from..to], values: &self.values[from..to] }
    }

    /// Asks the processor to fetch a row.
    #[inline]
    pub(crate) fn prefetch_row(&self, i: usize) {
        let (from, to) = (self.starts[i], self.starts[i + 1]);
        for at in (from..to).step_by(16) {
            prefetch(&raw const self.columns[at]);
            prefetch(&raw const self.values[at]);
        }
    }

    /// The rows with these indices, in this order.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let n: usize = rows.iter().map(|&i| self.starts[i + 1] - self.starts[i]).sum();
        let mut out = Self {
            starts: Vec::with_capacity(rows.len() + 1),
            columns: Vec::with_capacity(n),
            values: Vec::with_capacity(n),
            n_cols: self.n_cols,
        };
        out.starts.push(0);
        for &i in rows {
            let row = self.row(i);
            out.columns.extend_from_slice(row.columns);
            out.values.extend_from_slice(row.values);
            out.starts.push(out.columns.len());
        }
        out
    }

    /// Matrices over the same columns, at least one, one under the other.
    pub(super) fn stack(mut parts: Vec<Self>) -> Self {
        let mut out = parts.remove(0);
        for part in &parts {
            let shift = out.starts[out.starts.len() - 1];
            out.starts.extend(part.starts[1..].iter().map(|s| s + shift));
        }
        let more: usize = parts.iter().map(Self::n_entries).sum();
        let (columns, values) = (&mut out.columns, &mut out.values);
        rayon::join(
            || {
                columns.reserve_exact(more);
                for part in &parts {
                    columns.extend_from_slice(&part.columns);
                }
            },
            || {
                values.reserve_exact(more);
                for part in &parts {
                    values.extend_from_slice(&part.values);
                }
            },
        );
        out
    }

    /// The same matrix with each column multiplied by a factor.
    #[must_use]
    pub fn scaled(&self, by: &[f32]) -> Self {
        let mut out = self.clone();
        for (value, column) in out.values.iter_mut().zip(&out.columns) {
            *value *= by[*column as usize];
        }
        out
    }

    /// The same matrix by columns: rows and columns exchanged. Row indices of a column ascend.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut starts = vec![0_usize; self.n_cols + 1];
        for column in &self.columns {
            starts[*column as usize + 1] += 1;
        }
        for i in 0..self.n_cols {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut columns = vec![0_u32; self.columns.len()];
        let mut values = vec![0_f32; self.columns.len()];
        for i in 0..self.n_rows() {
            let row = self.row(i);
            for (column, value) in row.columns.iter().zip(row.values) {
                let at = &mut next[*column as usize];
                columns[*at] = i as u32;
                values[*at] = *value;
                *at += 1;
            }
        }
        Self { starts, columns, values, n_cols: self.n_rows() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_twice_gives_the_same_matrix() {
        let x =
            CsrMatrix::from_rows(4, &[&[(0, 1.0), (3, 2.0)], &[], &[(1, -1.0), (3, 4.0)]]).expect("sound");
        let t = x.transposed();
        assert_eq!(t.row(3).iter().collect::<Vec<_>>(), [(0, 2.0), (2, 4.0)]);
        assert_eq!(t.transposed(), x);
        assert_eq!(x.select(&[2, 0]).row(0).columns, [1, 3]);
        assert_eq!(x.scaled(&[1.0, 1.0, 1.0, 0.5]).row(0).values, [1.0, 1.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let beyond = CsrMatrix::from_rows(1, &[&[(1, 1.0)]]).expect_err("column 1 of 1");
        assert!(matches!(beyond.kind(), ErrorKind::ShapeMismatch { left: 1, right: 1, .. }));
        let nan = CsrMatrix::from_rows(1, &[&[(0, f32::NAN)]]).expect_err("NaN");
        assert!(matches!(nan.kind(), ErrorKind::NotFinite { .. }));
    }
}
