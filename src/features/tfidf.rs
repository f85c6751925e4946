use rayon::prelude::*;

use super::analysis::{Analyser, Buffers};
use super::counter::{Counter, Rows};
use super::matrix::CsrMatrix;
use super::params::{FeatureParams, Gram, Passage};
use super::reader::Reader;
use super::rewrite::Rewriter;
use super::selection::{Dropped, select};
use super::table::{ABSENT, AHEAD, prefetch};
use super::vocabulary::{Vocabulary, block_index};
use crate::{Error, ErrorKind, Result};

/// A fitted TF-IDF: turns passages into sparse rows.
///
/// The value of term `t` in text `d` is `tf(t, d) · idf(t)`, `tf` the count or `1 + ln(count)`,
/// `idf(t) = ln((1 + n) / (1 + df(t))) + 1` with `n` training texts of which `df(t)` hold the term. The values of
/// each block of a row are then divided by their Euclidean norm.
///
/// # Example
///
/// ```
/// use sayso::features::{FeatureParams, NgramRange, Tfidf};
///
/// let params = FeatureParams { words: Some(NgramRange::new(1, 1)), chars: None, min_df: 1, ..Default::default() };
/// let texts = ["talks now", "no talks", "sanctions now"].map(Into::into);
/// let (tfidf, x) = Tfidf::fit(&params, Default::default(), &texts)?;
/// // "talks" and "now" stand in two texts each: equal weight, so 1/√2 after normalising.
/// assert!(x.row(0).iter().all(|(_, value)| (value - 0.5_f64.sqrt()).abs() < 1e-6));
/// assert_eq!(tfidf.vocabulary().len(), 4);
/// # Ok::<(), sayso::Error>(())
/// ```
///
/// # References
///
/// * Manning, Raghavan & Schütze (2008), *Introduction to Information Retrieval*, ch. 6; the smoothed idf is
///   scikit-learn's.
#[derive(Debug, Clone)]
pub struct Tfidf {
    analyser: Analyser,
    vocabulary: Vocabulary,
    idf: Vec<f32>,
}

/// The column a counted term became, and its idf; [`ABSENT`] and 0 for a term that was dropped.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) number: u32,
    pub(super) idf: f32,
}

impl Tfidf {
    /// Finds the vocabulary of these passages, and their rows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`] for settings that cannot work, [`ErrorKind::TooFew`] when no term is left.
    pub fn fit(
        params: &FeatureParams,
        rewriter: Rewriter,
        passages: &[Passage<'_>],
    ) -> Result<(Self, CsrMatrix)> {
        let (tfidf, x, _) = Self::fit_counting(params, rewriter, passages)?;
        Ok((tfidf, x))
    }

    /// As [`Tfidf::fit`], and what was dropped.
    ///
    /// # Errors
    ///
    /// Those of [`Tfidf::fit`].
    pub fn fit_counting(
        params: &FeatureParams,
        rewriter: Rewriter,
        passages: &[Passage<'_>],
    ) -> Result<(Self, CsrMatrix, Dropped)> {
        let (analyser, vocabulary, dropped, counters) = tally(params, rewriter, passages)?;
        if vocabulary.is_empty() {
            return Err(Error::too_few("terms left in the vocabulary", 0, 1).with_help(format!(
                "Of {} texts, no term stands in {} or more; lower --min-df or give texts with words.",
                passages.len(),
                params.min_df
            )));
        }
        let idf = vocabulary.df.iter().map(|df| idf(passages.len(), *df)).collect();
        let tfidf = Self { analyser, vocabulary, idf };
        let weighed: Vec<CsrMatrix> = counters
            .into_par_iter()
            .map(|counter| {
                let columns = tfidf.columns(counter.keys());
                let ahead = |id: u32| prefetch(columns.as_ptr().wrapping_add(id as usize));
                tfidf.weigh(counter.into_rows(), ahead, |id| columns[id as usize])
            })
            .collect();
        Ok((tfidf, CsrMatrix::stack(weighed), dropped))
    }

    /// Puts stored parts together.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`] or [`ErrorKind::ShapeMismatch`] when they do not fit.
    pub fn from_parts(
        params: &FeatureParams,
        rewriter: Rewriter,
        vocabulary: Vocabulary,
        idf: Vec<f32>,
    ) -> Result<Self> {
        params.check()?;
        let analyser = Analyser::new(params, rewriter);
        if analyser.blocks() != vocabulary.blocks() {
            return Err(Error::argument(
                "blocks",
                vocabulary.blocks().len(),
                "the blocks that the settings ask for",
            ));
        }
        if idf.len() != vocabulary.len() {
            return Err(ErrorKind::ShapeMismatch {
                what: "idf and terms",
                left: idf.len(),
                right: vocabulary.len(),
            }
            .into());
        }
        if let Some(value) = idf.iter().find(|v| !v.is_finite()) {
            return Err(ErrorKind::NotFinite { what: "idf".into(), value: f64::from(*value) }.into());
        }
        Ok(Self { analyser, vocabulary, idf })
    }

    /// The rows of passages over the fitted vocabulary; terms it does not hold are passed over.
    pub fn transform(&self, passages: &[Passage<'_>]) -> CsrMatrix {
        let parts: Vec<CsrMatrix> = passages
            .par_chunks(piece(passages.len()))
            .map(|chunk| {
                let mut reader = Reader::new(self);
                let mut rows = Rows::new();
                for passage in chunk {
                    reader.read_row(*passage, &mut rows, chunk.len());
                }
                self.weigh(rows, |_| {}, |id| Column { number: id, idf: self.idf[id as usize] })
            })
            .collect();
        if parts.is_empty() {
            return self.weigh(Rows::new(), |_| {}, |id| Column { number: id, idf: 0.0 });
        }
        CsrMatrix::stack(parts)
    }

    /// The settings it was fitted with.
    pub fn params(&self) -> &FeatureParams {
        self.analyser.params()
    }

    /// The names it rewrites.
    pub fn rewriter(&self) -> &Rewriter {
        self.analyser.rewriter()
    }

    /// The terms, in column order.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The inverse document frequency of each column.
    pub fn idf(&self) -> &[f32] {
        &self.idf
    }

    pub(super) fn analyser(&self) -> &Analyser {
        &self.analyser
    }

    /// What became of the terms with these keys.
    fn columns(&self, keys: &[u64]) -> Vec<Column> {
        let column =
            |number: u32| Column { number, idf: self.idf.get(number as usize).copied().unwrap_or_default() };
        self.vocabulary.table.get_all(keys).into_iter().map(column).collect()
    }

    fn weigh(&self, rows: Rows, ahead: impl Fn(u32), column: impl Fn(u32) -> Column) -> CsrMatrix {
        weigh(rows, &self.vocabulary.starts, &TermFrequency::new(self.params().sublinear), ahead, column)
    }

    /// The text as it is counted: lower case, names rewritten.
    pub fn normalised(&self, text: &str) -> String {
        let mut buffers = Buffers::default();
        self.analyser.normalise(text, &mut buffers);
        buffers.text().to_string()
    }
}

/// Counts the terms of passages and chooses the vocabulary.
pub(super) fn tally(
    params: &FeatureParams,
    rewriter: Rewriter,
    passages: &[Passage<'_>],
) -> Result<(Analyser, Vocabulary, Dropped, Vec<Counter>)> {
    params.check()?;
    let analyser = Analyser::new(params, rewriter);
    // One piece a thread: small pieces would each find the common terms anew.
    let counters: Vec<Counter> =
        passages.par_chunks(piece(passages.len())).map(|chunk| Counter::read(&analyser, chunk)).collect();
    if counters.is_empty() {
        return Err(Error::too_few("training texts", 0, 1));
    }
    let (vocabulary, dropped) = select(&counters, params, analyser.blocks().to_vec(), passages.len())?;
    Ok((analyser, vocabulary, dropped, counters))
}

/// The smoothed inverse document frequency of a term that stands in `df` of `n` texts.
pub(super) fn idf(n: usize, df: u32) -> f32 {
    (libm::log((1.0 + n as f64) / (1.0 + f64::from(df))) + 1.0) as f32
}

/// Counts to values: tf-idf, each block of a row at length 1. Ids become columns and counts values where they stand.
///
/// # Arguments
///
/// * `starts` - where each block of columns begins; one more than there are blocks.
/// * `ahead` - told of each id some steps before `column` is asked for it.
pub(super) fn weigh(
    rows: Rows,
    starts: &[u32],
    tf_of: &TermFrequency,
    ahead: impl Fn(u32),
    column: impl Fn(u32) -> Column,
) -> CsrMatrix {
    let Rows { starts: mut stops, ids: mut columns, tf: mut values } = rows;
    let mut norms = vec![0.0_f64; starts.len() - 1];
    let (mut from, mut end) = (0, 0);
    for stop in stops.iter_mut().skip(1) {
        let begin = end;
        norms.fill(0.0);
        for at in from..*stop {
            if let Some(next) = columns.get(at + AHEAD) {
                ahead(*next);
            }
            let Column { number, idf } = column(columns[at]);
            let value = tf_of.get(values[at] as u32) * f64::from(idf);
            // Written either way, kept if it is a column: a dropped term has the value 0.
            columns[end] = number;
            values[end] = value as f32;
            norms[block_index(starts, number)] += value * value;
            end += usize::from(number != ABSENT);
        }
        for norm in &mut norms {
            *norm = if *norm > 0.0 { 1.0 / norm.sqrt() } else { 0.0 };
        }
        for (value, number) in values[begin..end].iter_mut().zip(&columns[begin..end]) {
            *value = (f64::from(*value) * norms[block_index(starts, *number)]) as f32;
        }
        from = std::mem::replace(stop, end);
    }
    columns.truncate(end);
    columns.shrink_to_fit();
    values.truncate(end);
    values.shrink_to_fit();
    CsrMatrix { starts: stops, columns, values, n_cols: starts[starts.len() - 1] as usize }
}

/// How many passages a thread takes at once.
fn piece(n: usize) -> usize {
    n.div_ceil(rayon::current_num_threads()).max(64)
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

impl Tfidf {
    /// The block of columns a column belongs to, by number.
    pub(crate) fn block_index(&self, id: u32) -> usize {
        self.vocabulary.block_index(id)
    }

    /// The columns of a block.
    pub(crate) fn columns_of_block(&self, block: usize) -> std::ops::Range<u32> {
        self.vocabulary.starts[block]..self.vocabulary.starts[block + 1]
    }

    /// True when words are counted one by one, so that known words can be told.
    pub(crate) fn counts_single_words(&self) -> bool {
        self.params().words.is_some_and(|w| w.min == 1)
            && self.analyser.blocks().iter().any(|b| b.gram == Gram::Word)
    }
}
