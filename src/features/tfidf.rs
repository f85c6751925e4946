use std::sync::Arc;

use rayon::prelude::*;

use super::analysis::{Analyser, Buffers};
use super::counter::Counter;
use super::matrix::CsrMatrix;
use super::once::Once;
use super::params::{FeatureParams, Gram, Passage};
use super::reader::Reader;
use super::rewrite::Rewriter;
use super::rows::{self, Made, Rows};
use super::selection::{Dropped, Selection, select};
use super::texts::{Contents, Numbers, Texts};
use super::vocabulary::Vocabulary;
use super::weigh::{Weigher, idf};
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

/// An entry of a matrix takes so many bytes.
pub(super) const ENTRY: usize = size_of::<u32>() + size_of::<f32>();

/// Texts over the vocabulary that was found in them.
struct Found {
    texts: Texts,
    /// Of each part of the texts.
    numbers: Vec<Numbers>,
    n_entries: Vec<usize>,
}

impl Found {
    fn matrix(&self, tfidf: &Tfidf) -> CsrMatrix {
        self.texts.rows(&self.numbers, &self.n_entries, tfidf.vocabulary.len(), || {
            let mut weigher = tfidf.weigher();
            move |columns: &[u32], values: &mut [f32]| weigher.row(columns, values)
        })
    }
}

/// The error for a vocabulary without terms.
pub(super) fn no_terms(n_texts: usize, min_df: u32) -> Error {
    Error::too_few("terms left in the vocabulary", 0, 1).with_help(format!(
        "Of {n_texts} texts, no term stands in {min_df} or more; lower --min-df or give texts with words."
    ))
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
        let (tfidf, found, dropped) = Self::found(params, rewriter, passages)?;
        let x = found.matrix(&tfidf);
        Ok((tfidf, x, dropped))
    }

    /// As [`Tfidf::fit_counting`], the rows in the form that takes less memory where a matrix would take more than `most_bytes`.
    ///
    /// # Errors
    ///
    /// Those of [`Tfidf::fit`].
    pub(crate) fn fit_rows(
        params: &FeatureParams,
        rewriter: Rewriter,
        passages: &[Passage<'_>],
        most_bytes: usize,
    ) -> Result<(Self, Rows<'static>, Dropped)> {
        let (tfidf, found, dropped) = Self::found(params, rewriter, passages)?;
        let n_entries = found.n_entries.iter().sum::<usize>();
        let rows = if n_entries * ENTRY > most_bytes {
            let over = rows::Columns {
                numbers: found.numbers,
                starts: tfidf.vocabulary.starts.clone(),
                idf: tfidf.idf.clone(),
                sublinear: tfidf.params().sublinear,
            };
            Rows::Made(Made::new(Arc::new(found.texts), Arc::new(over), (0..passages.len()).collect()))
        } else {
            found.matrix(&tfidf).into()
        };
        Ok((tfidf, rows, dropped))
    }

    fn found(
        params: &FeatureParams,
        rewriter: Rewriter,
        passages: &[Passage<'_>],
    ) -> Result<(Self, Found, Dropped)> {
        let (analyser, counters, Selection { vocabulary, numbers, dropped }) =
            tally(params, rewriter, passages)?;
        if vocabulary.is_empty() {
            return Err(no_terms(passages.len(), params.min_df));
        }
        let idf = vocabulary.df.iter().map(|df| idf(passages.len(), *df)).collect();
        let parts: Vec<(Contents, (Numbers, usize))> = counters
            .into_par_iter()
            .zip(numbers)
            .map(|(counter, numbers)| {
                let (contents, numbers, n_entries) = counter.into_numbered(numbers);
                (contents, (numbers, n_entries))
            })
            .collect();
        let (texts, (numbers, n_entries)) = parts.into_iter().unzip::<_, _, Vec<_>, (Vec<_>, Vec<_>)>();
        let found = Found { texts: Texts::new(texts), numbers, n_entries };
        Ok((Self { analyser, vocabulary, idf }, found, dropped))
    }

    /// Puts the parts together that were found by counting.
    pub(super) fn of_counts(
        params: &FeatureParams,
        rewriter: Rewriter,
        vocabulary: Vocabulary,
        idf: Vec<f32>,
    ) -> Self {
        Self { analyser: Analyser::new(params, rewriter), vocabulary, idf }
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
                let (mut reader, mut weigher) = (Reader::new(self), self.weigher());
                let mut part = CsrMatrix::empty(self.vocabulary.len());
                for passage in chunk {
                    reader.count(*passage);
                    let (columns, values) = part.push_row(reader.n_met(), chunk.len());
                    reader.drain_into(columns, values);
                    weigher.row(columns, values);
                }
                part
            })
            .collect();
        if parts.is_empty() { CsrMatrix::empty(self.vocabulary.len()) } else { CsrMatrix::stack(parts) }
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

    fn weigher(&self) -> Weigher<'_> {
        Weigher::new(&self.vocabulary.starts, &self.idf, self.params().sublinear)
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
) -> Result<(Analyser, Vec<Counter>, Selection)> {
    params.check()?;
    let analyser = Analyser::new(params, rewriter);
    // One piece a thread: small pieces would each find the common terms anew.
    let piece = piece(passages.len());
    let once = (params.min_df > 1 && params.words.is_some()).then(|| {
        let n_bytes = passages.iter().map(|passage| passage.text.len()).sum();
        Once::new(n_bytes, piece < passages.len())
    });
    let counters: Vec<Counter> =
        passages.par_chunks(piece).map(|chunk| Counter::read(&analyser, chunk, once.as_ref())).collect();
    if counters.is_empty() {
        return Err(Error::too_few("training texts", 0, 1));
    }
    let selection = select(&counters, params, analyser.blocks().to_vec(), passages.len())?;
    Ok((analyser, counters, selection))
}

/// How many passages a thread takes at once.
fn piece(n: usize) -> usize {
    n.div_ceil(rayon::current_num_threads()).max(64)
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
