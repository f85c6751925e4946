//! From counts to values.

use super::table::{AHEAD, prefetch};
use super::vocabulary::block_index;

/// The smoothed inverse document frequency of a term that stands in `df` of `n` texts.
pub(super) fn idf(n: usize, df: u32) -> f32 {
    (libm::log((1.0 + n as f64) / (1.0 + f64::from(df))) + 1.0) as f32
}

/// Turns the counts of a row into tf-idf, each block of the row at length 1.
pub(super) struct Weigher<'a> {
    starts: &'a [u32],
    idf: &'a [f32],
    tf_of: TermFrequency,
    norms: Vec<f64>,
}

impl<'a> Weigher<'a> {
    /// # Arguments
    ///
    /// * `starts` - where each block of columns begins; one more than there are blocks.
    /// * `idf` - of each column.
    pub(super) fn new(starts: &'a [u32], idf: &'a [f32], sublinear: bool) -> Self {
        Self { starts, idf, tf_of: TermFrequency::new(sublinear), norms: vec![0.0; starts.len() - 1] }
    }

    /// Turns counts into values where they are.
    pub(super) fn row(&mut self, columns: &[u32], values: &mut [f32]) {
        let Self { starts, idf, tf_of, norms } = self;
        norms.fill(0.0);
        for_each_run(starts, columns, values, |block, columns, values| {
            let mut sum = norms[block];
            for (at, (value, column)) in values.iter_mut().zip(columns).enumerate() {
                if let Some(next) = columns.get(at + AHEAD) {
                    prefetch(idf.as_ptr().wrapping_add(*next as usize));
                }
                let weighed = tf_of.get(*value as u32) * f64::from(idf[*column as usize]);
                *value = weighed as f32;
                sum += weighed * weighed;
            }
            norms[block] = sum;
        });
        for norm in norms.iter_mut() {
            *norm = if *norm > 0.0 { 1.0 / norm.sqrt() } else { 0.0 };
        }
        for_each_run(starts, columns, values, |block, _, values| {
            let norm = norms[block];
            for value in values {
                *value = (f64::from(*value) * norm) as f32;
            }
        });
    }
}

/// Gives `f(block, columns, values)` for columns of one block that stand together, from first to last.
#[inline]
fn for_each_run(
    starts: &[u32],
    mut columns: &[u32],
    mut values: &mut [f32],
    mut f: impl FnMut(usize, &[u32], &mut [f32]),
) {
    while let Some(first) = columns.first() {
        let block = block_index(starts, *first);
        let within = |column: &u32| (starts[block]..starts[block + 1]).contains(column);
        // Where there is one block, all are in it.
        let n = if starts.len() == 2 { None } else { columns.iter().position(|column| !within(column)) };
        let n = n.unwrap_or(columns.len());
        let (run, rest) = values.split_at_mut(n);
        f(block, &columns[..n], run);
        (columns, values) = (&columns[n..], rest);
    }
}

/// `tf` or `1 + ln(tf)`, small counts looked up.
pub(crate) struct TermFrequency {
    table: Vec<f64>,
    sublinear: bool,
}

impl TermFrequency {
    pub(crate) fn new(sublinear: bool) -> Self {
        let table = (0..256).map(|tf| Self::value(tf, sublinear)).collect();
        Self { table, sublinear }
    }

    fn value(tf: u32, sublinear: bool) -> f64 {
        if sublinear && tf > 0 { 1.0 + libm::log(f64::from(tf)) } else { f64::from(tf) }
    }

    #[inline]
    pub(crate) fn get(&self, tf: u32) -> f64 {
        match self.table.get(tf as usize) {
            Some(value) => *value,
            None => Self::value(tf, self.sublinear),
        }
    }
}
