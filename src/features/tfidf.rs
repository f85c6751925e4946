use rayon::prelude::*;

use super::CHANNEL_MARK;
use super::analysis::{Analyser, Buffers, Grams, spell};
use super::matrix::CsrMatrix;
use super::params::{Family, FeatureParams, Gram, NgramRange, Passage};
use super::rewrite::Rewriter;
use super::table::KeyTable;
use super::vocabulary::Vocabulary;
use crate::{Error, ErrorKind, Result};

/// Above this a vocabulary would no longer fit its 32-bit numbers with room to spare.
const MOST_TERMS: usize = 1 << 30;

/// So many keys ahead the table is fetched: about one memory latency's worth of probes.
const AHEAD: usize = 16;

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

/// What fitting dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Terms in too few or too many texts.
    pub by_frequency: usize,
    /// Terms beyond `max_features`.
    pub by_limit: usize,
}

/// What one thread counts: terms in the order of their first occurrence, and rows over them.
struct Counter {
    table: KeyTable,
    terms: String,
    ends: Vec<u32>,
    df: Vec<u32>,
    block: Vec<u8>,
    memo: KeyTable,
    memo_spans: Vec<(u32, u32)>,
    memo_ids: Vec<u32>,
    counts: Vec<u16>,
    touched: Vec<u32>,
    rows: Rows,
}

/// Counted rows: ids and how often each stands.
#[derive(Default)]
struct Rows {
    starts: Vec<usize>,
    ids: Vec<u32>,
    tf: Vec<u16>,
}

impl Counter {
    fn new() -> Self {
        Self {
            table: KeyTable::with_capacity(1 << 12),
            terms: String::new(),
            ends: vec![0],
            df: Vec::new(),
            block: Vec::new(),
            memo: KeyTable::with_capacity(1 << 10),
            memo_spans: Vec::new(),
            memo_ids: Vec::new(),
            counts: Vec::new(),
            touched: Vec::new(),
            rows: Rows { starts: vec![0], ..Rows::default() },
        }
    }

    /// The id of a key; `spelled` writes its term if it is new.
    #[inline]
    fn id(&mut self, key: u64, block: usize, spelled: impl FnOnce(&mut String)) -> u32 {
        let id = self.table.insert(key);
        if id as usize == self.df.len() {
            spelled(&mut self.terms);
            self.ends.push(self.terms.len() as u32);
            self.df.push(0);
            self.block.push(block as u8);
            self.counts.push(0);
        }
        id
    }

    #[inline]
    fn count(counts: &mut [u16], touched: &mut Vec<u32>, id: u32) {
        let count = &mut counts[id as usize];
        if *count == 0 {
            touched.push(id);
        }
        *count = count.saturating_add(1);
    }

    fn words(&mut self, block: usize, keys: &[u64], spelled: impl Fn(usize, &mut String)) {
        for key in keys.iter().take(AHEAD) {
            self.table.prefetch(*key);
        }
        for (i, key) in keys.iter().enumerate() {
            if let Some(next) = keys.get(i + AHEAD) {
                self.table.prefetch(*next);
            }
            let id = self.id(*key, block, |out| spelled(i, out));
            Self::count(&mut self.counts, &mut self.touched, id);
        }
    }

    fn chars(
        &mut self,
        block: usize,
        channel: &str,
        range: NgramRange,
        word: &str,
        key: u64,
        padded: &mut String,
    ) {
        let known = self.memo.insert(key) as usize;
        if known == self.memo_spans.len() {
            let from = self.memo_ids.len();
            Analyser::char_grams(range, word, channel, padded, |key, gram| {
                let id = self.id(key, block, |out| {
                    if !channel.is_empty() {
                        out.push_str(channel);
                        out.push(CHANNEL_MARK);
                    }
                    out.push_str(gram);
                });
                self.memo_ids.push(id);
            });
            self.memo_spans.push((from as u32, self.memo_ids.len() as u32));
        }
        let (from, to) = self.memo_spans[known];
        for id in &self.memo_ids[from as usize..to as usize] {
            Self::count(&mut self.counts, &mut self.touched, *id);
        }
    }

    fn end_row(&mut self) {
        for id in self.touched.drain(..) {
            let count = &mut self.counts[id as usize];
            self.rows.ids.push(id);
            self.rows.tf.push(*count);
            self.df[id as usize] += 1;
            *count = 0;
        }
        self.rows.starts.push(self.rows.ids.len());
    }

    fn read(analyser: &Analyser, passages: &[Passage<'_>]) -> Self {
        let mut counter = Self::new();
        let mut buffers = Buffers::default();
        let mut padded = String::new();
        let range = analyser.params().chars.unwrap_or(NgramRange::new(1, 1));
        for passage in passages {
            analyser.analyse(*passage, &mut buffers, |block, channel, grams| match grams {
                Grams::Words { n, keys, tokens, text } => {
                    counter.words(block, keys, |i, out| spell(channel, &tokens[i..i + n], text, out));
                }
                Grams::Chars { word, key, .. } => {
                    counter.chars(block, channel, range, word, key, &mut padded);
                }
            });
            counter.end_row();
        }
        counter
    }

    fn term(&self, id: usize) -> &str {
        &self.terms[self.ends[id] as usize..self.ends[id + 1] as usize]
    }

    /// Takes over the terms of another counter; returns the number each of its terms has here.
    fn absorb(&mut self, other: &Self) -> Vec<u32> {
        let keys = other.table.keys();
        let mut map = Vec::with_capacity(keys.len());
        for (i, key) in keys.iter().enumerate() {
            if let Some(next) = keys.get(i + AHEAD) {
                self.table.prefetch(*next);
            }
            let id = self.id(*key, usize::from(other.block[i]), |out| out.push_str(other.term(i)));
            self.df[id as usize] += other.df[i];
            map.push(id);
        }
        map
    }
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
        params.check()?;
        let analyser = Analyser::new(params, rewriter);
        // One piece a thread: small pieces would each find the common terms anew.
        let piece = passages.len().div_ceil(rayon::current_num_threads()).max(64);
        let mut counters: Vec<Counter> =
            passages.par_chunks(piece).map(|chunk| Counter::read(&analyser, chunk)).collect();
        if counters.is_empty() {
            return Err(Error::too_few("training texts", 0, 1));
        }
        let mut first = counters.remove(0);
        let maps: Vec<Vec<u32>> = counters.iter().map(|other| first.absorb(other)).collect();
        if first.df.len() > MOST_TERMS {
            return Err(Error::argument("distinct terms", first.df.len(), format!("at most {MOST_TERMS}"))
                .with_help("Use fewer texts or shorter n-grams."));
        }
        let (vocabulary, renumbered, dropped) =
            first.select(params, analyser.blocks().to_vec(), passages.len());
        if vocabulary.is_empty() {
            return Err(Error::too_few("terms left in the vocabulary", 0, 1).with_help(format!(
                "Of {} texts, no term stands in {} or more; lower --min-df or give texts with words.",
                passages.len(),
                params.min_df
            )));
        }
        let n = passages.len() as f64;
        let idf: Vec<f32> = vocabulary
            .df
            .iter()
            .map(|df| (libm::log((1.0 + n) / (1.0 + f64::from(*df))) + 1.0) as f32)
            .collect();
        let tfidf = Self { analyser, vocabulary, idf };
        let pieces: Vec<(&Rows, Option<&Vec<u32>>)> = std::iter::once((&first.rows, None))
            .chain(counters.iter().zip(&maps).map(|(c, m)| (&c.rows, Some(m))))
            .collect();
        let weighted: Vec<CsrMatrix> = pieces
            .par_iter()
            .map(|(rows, map)| {
                tfidf.weigh(rows, |id| renumbered[map.map_or(id, |m| m[id as usize]) as usize])
            })
            .collect();
        Ok((tfidf, stack(weighted), dropped))
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
        let piece = passages.len().div_ceil(rayon::current_num_threads()).max(64);
        let parts: Vec<CsrMatrix> = passages
            .par_chunks(piece)
            .map(|chunk| {
                let mut reader = Reader::new(self);
                let mut rows = Rows { starts: vec![0], ..Rows::default() };
                for passage in chunk {
                    reader.read(*passage, &mut rows.ids, &mut rows.tf);
                    rows.starts.push(rows.ids.len());
                }
                self.weigh(&rows, |id| id)
            })
            .collect();
        if parts.is_empty() {
            return CsrMatrix {
                starts: vec![0],
                columns: Vec::new(),
                values: Vec::new(),
                n_cols: self.vocabulary.len(),
            };
        }
        stack(parts)
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

    /// Counts to values: tf-idf, each block of a row at length 1. `u32::MAX` from `number` drops an entry.
    fn weigh(&self, rows: &Rows, number: impl Fn(u32) -> u32) -> CsrMatrix {
        let mut out = CsrMatrix {
            starts: Vec::with_capacity(rows.starts.len()),
            columns: Vec::with_capacity(rows.ids.len()),
            values: Vec::with_capacity(rows.ids.len()),
            n_cols: self.vocabulary.len(),
        };
        out.starts.push(0);
        let tf_of = TermFrequency::new(self.params().sublinear);
        let mut norms = vec![0.0_f64; self.vocabulary.blocks.len()];
        for bounds in rows.starts.windows(2) {
            let from = out.columns.len();
            norms.fill(0.0);
            for at in bounds[0]..bounds[1] {
                let id = number(rows.ids[at]);
                if id != u32::MAX {
                    let value = tf_of.get(rows.tf[at]) * f64::from(self.idf[id as usize]);
                    norms[self.vocabulary.block_index(id)] += value * value;
                    out.columns.push(id);
                    out.values.push(value as f32);
                }
            }
            for norm in &mut norms {
                *norm = if *norm > 0.0 { 1.0 / norm.sqrt() } else { 0.0 };
            }
            for (value, id) in out.values[from..].iter_mut().zip(&out.columns[from..]) {
                *value = (f64::from(*value) * norms[self.vocabulary.block_index(*id)]) as f32;
            }
            out.starts.push(out.columns.len());
        }
        out
    }

    /// The text as it is counted: lower case, names rewritten.
    pub fn normalised(&self, text: &str) -> String {
        let mut buffers = Buffers::default();
        self.analyser.read(text, &mut buffers);
        buffers.text().to_string()
    }
}

impl Counter {
    /// Keeps the terms whose frequency is wanted, and numbers them.
    fn select(
        &self,
        params: &FeatureParams,
        blocks: Vec<super::params::Block>,
        n_texts: usize,
    ) -> (Vocabulary, Vec<u32>, Dropped) {
        let most = (params.max_df * n_texts as f64).floor().max(1.0) as u32;
        let mut dropped = Dropped::default();
        let mut kept: Vec<Vec<u32>> = vec![Vec::new(); blocks.len()];
        for (id, df) in self.df.iter().enumerate() {
            if *df >= params.min_df && *df <= most {
                kept[usize::from(self.block[id])].push(id as u32);
            } else {
                dropped.by_frequency += 1;
            }
        }
        let keys = self.table.keys();
        let mut renumbered = vec![u32::MAX; self.df.len()];
        let mut vocabulary = Vocabulary {
            bytes: String::new(),
            offsets: vec![0],
            df: Vec::new(),
            starts: vec![0],
            blocks,
            table: KeyTable::with_capacity(kept.iter().map(Vec::len).sum()),
        };
        for ids in &mut kept {
            ids.sort_unstable_by_key(|id| (std::cmp::Reverse(self.df[*id as usize]), keys[*id as usize]));
            let limit = params.max_features.unwrap_or(usize::MAX);
            dropped.by_limit += ids.len().saturating_sub(limit);
            ids.truncate(limit);
            for id in &*ids {
                renumbered[*id as usize] = vocabulary.df.len() as u32;
                vocabulary.df.push(self.df[*id as usize]);
                vocabulary.bytes.push_str(self.term(*id as usize));
                vocabulary.offsets.push(vocabulary.bytes.len() as u32);
                vocabulary.table.insert(keys[*id as usize]);
            }
            vocabulary.starts.push(vocabulary.df.len() as u32);
        }
        (vocabulary, renumbered, dropped)
    }
}

/// Reads passages over a fitted vocabulary, one after the other.
pub(crate) struct Reader<'a> {
    tfidf: &'a Tfidf,
    buffers: Buffers,
    padded: String,
    memo: KeyTable,
    memo_spans: Vec<(u32, u32)>,
    memo_ids: Vec<u32>,
    counts: Vec<u16>,
    touched: Vec<u32>,
}

/// So many distinct words are remembered before a reader begins anew.
const MEMO_LIMIT: usize = 1 << 18;

impl<'a> Reader<'a> {
    pub(crate) fn new(tfidf: &'a Tfidf) -> Self {
        Self {
            tfidf,
            buffers: Buffers::default(),
            padded: String::new(),
            memo: KeyTable::with_capacity(0),
            memo_spans: Vec::new(),
            memo_ids: Vec::new(),
            counts: vec![0; tfidf.vocabulary.len()],
            touched: Vec::new(),
        }
    }

    /// Appends the columns of a passage and how often each stands, in the order of first occurrence. Returns its
    /// words and how many of them are terms by themselves.
    pub(crate) fn read(
        &mut self,
        passage: Passage<'_>,
        ids: &mut Vec<u32>,
        tf: &mut Vec<u16>,
    ) -> (usize, usize) {
        let mut words = None;
        let Self { tfidf, buffers, padded, memo, memo_spans, memo_ids, counts, touched } = self;
        if memo.len() > MEMO_LIMIT {
            *memo = KeyTable::with_capacity(0);
            memo_spans.clear();
            memo_ids.clear();
        }
        let table = &tfidf.vocabulary.table;
        let range = tfidf.params().chars.unwrap_or(NgramRange::new(1, 1));
        tfidf.analyser.analyse(passage, buffers, |_, channel, grams| match grams {
            Grams::Words { n, keys, .. } => {
                for key in keys {
                    table.prefetch(*key);
                }
                let mut known = 0;
                for key in keys {
                    if let Some(id) = table.get(*key) {
                        Counter::count(counts, touched, id);
                        known += 1;
                    }
                }
                // The first single words to come are those of the whole text.
                if n == 1 {
                    words.get_or_insert((keys.len(), known));
                }
            }
            Grams::Chars { word, key, .. } => {
                let known = memo.insert(key) as usize;
                if known == memo_spans.len() {
                    let from = memo_ids.len();
                    Analyser::char_grams(range, word, channel, padded, |key, _| {
                        memo_ids.extend(table.get(key));
                    });
                    memo_spans.push((from as u32, memo_ids.len() as u32));
                }
                let (from, to) = memo_spans[known];
                for id in &memo_ids[from as usize..to as usize] {
                    Counter::count(counts, touched, *id);
                }
            }
        });
        for id in touched.drain(..) {
            let count = &mut counts[id as usize];
            ids.push(id);
            tf.push(*count);
            *count = 0;
        }
        words.unwrap_or_else(|| self.known_words(passage.text))
    }

    /// Words of a text and how many of them are terms by themselves.
    fn known_words(&mut self, text: &str) -> (usize, usize) {
        self.tfidf.analyser.read(text, &mut self.buffers);
        Analyser::tokens(&self.buffers)
            .fold((0, 0), |(n, known), key| (n + 1, known + usize::from(self.tfidf.vocabulary.knows(key))))
    }
}

/// `tf` or `1 + ln(tf)`, small counts looked up.
pub(crate) struct TermFrequency {
    table: Vec<f64>,
    sublinear: bool,
}

impl TermFrequency {
    pub(crate) fn new(sublinear: bool) -> Self {
        let table = (0..256_u16).map(|tf| Self::value(tf, sublinear)).collect();
        Self { table, sublinear }
    }

    fn value(tf: u16, sublinear: bool) -> f64 {
        if sublinear && tf > 0 { 1.0 + libm::log(f64::from(tf)) } else { f64::from(tf) }
    }

    #[inline]
    pub(crate) fn get(&self, tf: u16) -> f64 {
        match self.table.get(usize::from(tf)) {
            Some(value) => *value,
            None => Self::value(tf, self.sublinear),
        }
    }
}

/// Matrices over the same columns, one under the other.
fn stack(mut parts: Vec<CsrMatrix>) -> CsrMatrix {
    let mut out = parts.remove(0);
    for part in parts {
        let shift = out.columns.len();
        out.columns.extend_from_slice(&part.columns);
        out.values.extend_from_slice(&part.values);
        out.starts.extend(part.starts[1..].iter().map(|s| s + shift));
    }
    out
}

impl Tfidf {
    /// The block of columns a column belongs to, by number.
    pub(crate) fn block_index(&self, id: u32) -> usize {
        self.vocabulary.block_index(id)
    }

    /// True when words are counted one by one, so that known words can be told.
    pub(crate) fn counts_single_words(&self) -> bool {
        self.params().words.is_some_and(|w| w.min == 1)
            && self.analyser.blocks().iter().any(|b| b.gram == Gram::Word)
    }
}

/// A place in a text where a term of the vocabulary stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Source {
    /// The term's column.
    pub(crate) id: u32,
    /// First byte of the word, in the normalised text.
    pub(crate) start: usize,
    /// One past its last byte.
    pub(crate) end: usize,
    /// The part of this occurrence that is this word's: one over the number of words of the n-gram.
    pub(crate) share: f64,
}

impl Tfidf {
    /// Where the terms of a passage come from: words are runs without blanks of the normalised text.
    pub(crate) fn sources(&self, passage: Passage<'_>) -> Vec<Source> {
        let text = self.normalised(passage.text);
        let words: Vec<(usize, usize)> = text
            .split_whitespace()
            .map(|w| {
                let start = w.as_ptr() as usize - text.as_ptr() as usize;
                (start, start + w.len())
            })
            .collect();
        let holder = |at: usize| {
            let i = words.partition_point(|w| w.1 <= at);
            words.get(i).or(words.last()).copied().unwrap_or((0, 0))
        };
        let piece =
            |from: usize, to: usize| self.normalised(passage.text.get(from..to).unwrap_or_default()).len();
        let (before, inside) = passage.span.map_or((0, 0), |s| (piece(0, s.start), piece(s.start, s.end)));
        let base = |block: usize, channel: &str| match (self.vocabulary.blocks[block].family, channel) {
            (Family::Window, "in") => before,
            (Family::Window, "after") => before + inside,
            _ => 0,
        };
        let mut sources = Vec::new();
        let mut padded = String::new();
        let range = self.params().chars.unwrap_or(NgramRange::new(1, 1));
        self.analyser.analyse(passage, &mut Buffers::default(), |block, channel, grams| match grams {
            Grams::Words { n, keys, tokens, .. } => {
                for (i, key) in keys.iter().enumerate() {
                    let Some(id) = self.vocabulary.table.get(*key) else { continue };
                    for token in &tokens[i..i + n] {
                        let (start, end) = holder(base(block, channel) + token.start as usize);
                        sources.push(Source { id, start, end, share: 1.0 / n as f64 });
                    }
                }
            }
            Grams::Chars { word, start, .. } => {
                let (start, end) = holder(base(block, channel) + start);
                Analyser::char_grams(range, word, channel, &mut padded, |key, _| {
                    if let Some(id) = self.vocabulary.table.get(key) {
                        sources.push(Source { id, start, end, share: 1.0 });
                    }
                });
            }
        });
        sources
    }
}
