//! The rows that a solver reads: held in memory, or made anew whenever one is asked for.

use std::borrow::Cow;
use std::sync::Arc;

use super::matrix::{CsrMatrix, SparseRow};
use super::texts::{Numbers, TextReader, Texts};
use super::weigh::Weigher;

/// Rows over the columns of a vocabulary. Which form they have changes speed and memory, never a value.
pub(crate) enum Rows<'a> {
    /// Eight bytes for each entry.
    Held(Cow<'a, CsrMatrix>),
    /// No more than the texts as numbers; a row takes about five times as long to make as to visit.
    Made(Made),
}

/// Rows that are made of texts.
#[derive(Clone)]
pub(crate) struct Made {
    texts: Arc<Texts>,
    columns: Arc<Columns>,
    /// The texts that the rows are of.
    of: Vec<usize>,
    /// What each column is multiplied by at last.
    scale: Option<Arc<[f32]>>,
}

/// The columns of a vocabulary, and all that is needed to make rows over them.
pub(super) struct Columns {
    /// Of each part of the texts.
    pub(super) numbers: Vec<Numbers>,
    /// Where each block of columns begins; one more than there are blocks.
    pub(super) starts: Vec<u32>,
    pub(super) idf: Vec<f32>,
    pub(super) sublinear: bool,
}

impl Columns {
    pub(super) fn weigher(&self) -> Weigher<'_> {
        Weigher::new(&self.starts, &self.idf, self.sublinear)
    }

    pub(super) fn n_cols(&self) -> usize {
        self.idf.len()
    }
}

impl<'a> From<&'a CsrMatrix> for Rows<'a> {
    fn from(matrix: &'a CsrMatrix) -> Self {
        Self::Held(Cow::Borrowed(matrix))
    }
}

impl From<CsrMatrix> for Rows<'_> {
    fn from(matrix: CsrMatrix) -> Self {
        Self::Held(Cow::Owned(matrix))
    }
}

impl Rows<'_> {
    pub(crate) fn n_rows(&self) -> usize {
        match self {
            Self::Held(matrix) => matrix.n_rows(),
            Self::Made(made) => made.of.len(),
        }
    }

    pub(crate) fn n_cols(&self) -> usize {
        match self {
            Self::Held(matrix) => matrix.n_cols(),
            Self::Made(made) => made.columns.n_cols(),
        }
    }

    /// Reads one row after the other.
    pub(crate) fn reader(&self) -> RowReader<'_> {
        match self {
            Self::Held(matrix) => RowReader::Held(matrix),
            Self::Made(made) => RowReader::Made(Box::new(MadeReader::new(made))),
        }
    }

    /// The rows with these indices, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Held(matrix) => Self::Held(Cow::Owned(matrix.select(rows))),
            Self::Made(made) => {
                Self::Made(Made { of: rows.iter().map(|i| made.of[*i]).collect(), ..made.clone() })
            }
        }
    }

    /// The same rows with each column multiplied by a factor.
    pub(crate) fn scaled(&self, by: &[f32]) -> Self {
        match self {
            Self::Held(matrix) => Self::Held(Cow::Owned(matrix.scaled(by))),
            Self::Made(made) => {
                let by = match &made.scale {
                    Some(before) => before.iter().zip(by).map(|(before, by)| before * by).collect(),
                    None => by.into(),
                };
                Self::Made(Made { scale: Some(by), ..made.clone() })
            }
        }
    }

    /// All rows in memory.
    pub(crate) fn matrix(&self) -> Cow<'_, CsrMatrix> {
        match self {
            Self::Held(matrix) => Cow::Borrowed(matrix),
            Self::Made(made) => Cow::Owned(made.matrix()),
        }
    }
}

impl Made {
    /// The rows of these texts.
    pub(super) fn new(texts: Arc<Texts>, columns: Arc<Columns>, of: Vec<usize>) -> Self {
        Self { texts, columns, of, scale: None }
    }

    /// All rows in memory.
    pub(super) fn matrix(&self) -> CsrMatrix {
        let mut matrix = self.matrix_in(CsrMatrix::empty(0));
        matrix.shrink();
        matrix
    }

    /// All rows in the place of a matrix that is no longer needed.
    pub(super) fn matrix_in(&self, place: CsrMatrix) -> CsrMatrix {
        let mut reader = MadeReader::new(self);
        let mut matrix = place.emptied(self.columns.n_cols());
        for text in &self.of {
            let (columns, values) = matrix.push_row(reader.texts.count(*text), self.of.len());
            reader.fill(columns, values);
        }
        matrix
    }
}

/// Reads rows.
pub(crate) enum RowReader<'a> {
    Held(&'a CsrMatrix),
    Made(Box<MadeReader<'a>>),
}

/// Makes rows in a place of its own.
pub(crate) struct MadeReader<'a> {
    of: &'a [usize],
    texts: TextReader<'a>,
    weigher: Weigher<'a>,
    scale: Option<&'a [f32]>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl RowReader<'_> {
    /// A row.
    #[inline]
    pub(crate) fn row(&mut self, i: usize) -> SparseRow<'_> {
        match self {
            Self::Held(matrix) => matrix.row(i),
            Self::Made(made) => made.row(i),
        }
    }

    /// Asks the processor to fetch what a row is read from.
    #[inline]
    pub(crate) fn prefetch(&self, i: usize) {
        match self {
            Self::Held(matrix) => matrix.prefetch_row(i),
            Self::Made(made) => made.texts.prefetch(made.of[i]),
        }
    }
}

impl<'a> MadeReader<'a> {
    fn new(made: &'a Made) -> Self {
        let Made { texts, columns, of, scale } = made;
        Self {
            of,
            texts: TextReader::new(texts, &columns.numbers, columns.n_cols()),
            weigher: columns.weigher(),
            scale: scale.as_deref(),
            columns: Vec::new(),
            values: Vec::new(),
        }
    }

    fn row(&mut self, i: usize) -> SparseRow<'_> {
        let n = self.texts.count(self.of[i]);
        let (mut columns, mut values) = (std::mem::take(&mut self.columns), std::mem::take(&mut self.values));
        columns.resize(n, 0);
        values.resize(n, 0.0);
        self.fill(&mut columns, &mut values);
        (self.columns, self.values) = (columns, values);
        SparseRow { columns: &self.columns, values: &self.values }
    }

    /// Writes the row of the text counted last.
    fn fill(&mut self, columns: &mut [u32], values: &mut [f32]) {
        self.texts.drain_into(columns, values);
        self.weigher.row(columns, values);
        if let Some(scale) = self.scale {
            for (value, column) in values.iter_mut().zip(&*columns) {
                *value *= scale[*column as usize];
            }
        }
    }
}
