//! Word vectors: a text is the weighted mean of its words'.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{DenseBlock, StoredBlock};
use crate::features::Passage;
use crate::types::WordVectors;
use crate::{Error, Result};

/// Words on either side of a marked span that are averaged by themselves.
const NEAR: usize = 8;
/// Words of a file that are kept though no training text holds them: files begin with the most frequent ones.
pub const FREQUENT: usize = 20_000;

/// Word vectors as a block of features.
///
/// A text becomes `Σ idf(w) · v(w)` over its words, brought to length 1, with `idf(w) = ln((1 + n) / (1 + df(w))) + 1` over the training
/// texts. With `span`, the same of the eight words on either side of a passage's marked span, and of the span, follows. The
/// vectors are kept in 8 bits: each word's largest number is ±127.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorBlock {
    dimension: usize,
    index: HashMap<String, u32>,
    words: Vec<String>,
    /// `words × dimension`.
    values: Vec<i8>,
    /// What a word's numbers are to be multiplied by: its largest number over 127, times its idf.
    weights: Vec<f32>,
    span: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    dimension: usize,
    n_words: usize,
    span: bool,
}

/// The words that vectors are looked up for: runs of letters, digits and inner apostrophes and hyphens, in lower case.
pub fn vector_words(text: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    let inner = |c: char| matches!(c, '\'' | '’' | '-');
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let start = at + rest.find(char::is_alphanumeric)?;
        let length =
            text[start..].find(|c: char| !c.is_alphanumeric() && !inner(c)).unwrap_or(text.len() - start);
        at = start + length;
        let word = text[start..at].trim_end_matches(inner).to_lowercase().replace('’', "'");
        Some((start, word))
    })
}

impl VectorBlock {
    /// A block of these vectors, with idf from the training texts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ShapeMismatch`](crate::ErrorKind::ShapeMismatch) when words and numbers do not fit.
    pub fn new<'t>(
        vectors: &WordVectors,
        texts: impl IntoIterator<Item = &'t str>,
        span: bool,
    ) -> Result<Self> {
        let mut df: HashMap<String, u32> = HashMap::new();
        let mut n = 0_u32;
        for text in texts {
            let mut words: Vec<String> = vector_words(text).map(|(_, word)| word).collect();
            words.sort_unstable();
            words.dedup();
            for word in words {
                *df.entry(word).or_default() += 1;
            }
            n += 1;
        }
        let d = vectors.dimension;
        if d == 0 || vectors.values.len() != d * vectors.words.len() {
            return Err(crate::ErrorKind::ShapeMismatch {
                what: "numbers and words × dimension",
                left: vectors.values.len(),
                right: d * vectors.words.len(),
            }
            .into());
        }
        let (mut values, mut weights) = (Vec::with_capacity(vectors.values.len()), Vec::new());
        for (word, row) in vectors.words.iter().zip(vectors.values.chunks_exact(d)) {
            let largest = row.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
            let by = if largest > 0.0 { 127.0 / largest } else { 0.0 };
            values.extend(row.iter().map(|v| (v * by).round() as i8));
            let df = df.get(word).copied().unwrap_or_default();
            let idf = libm::log(f64::from(1 + n) / f64::from(1 + df)) + 1.0;
            weights.push((f64::from(largest) / 127.0 * idf) as f32);
        }
        Self::from_parts(d, vectors.words.clone(), values, weights, span)
    }

    fn from_parts(
        dimension: usize,
        words: Vec<String>,
        values: Vec<i8>,
        weights: Vec<f32>,
        span: bool,
    ) -> Result<Self> {
        let index: HashMap<String, u32> =
            words.iter().enumerate().map(|(i, w)| (w.clone(), i as u32)).collect();
        let sound = dimension > 0
            && index.len() == words.len()
            && weights.len() == words.len()
            && values.len() == words.len() * dimension
            && weights.iter().all(|w| w.is_finite());
        if !sound {
            return Err(Error::argument(
                "vectors",
                format!("{} words", words.len()),
                "distinct words with one vector each",
            ));
        }
        Ok(Self { dimension, index, words, values, weights, span })
    }

    /// The block that a model file keeps.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) when it is damaged.
    pub fn restore(stored: &StoredBlock) -> Result<Self> {
        let damaged = |what: &str| Error::argument("vectors", what, "what Sayso wrote");
        let header: Header =
            serde_json::from_value(stored.header.clone()).map_err(|e| damaged(&e.to_string()))?;
        let numbers = header.n_words.checked_mul(header.dimension).ok_or_else(|| damaged("its counts"))?;
        let weights = header.n_words.checked_mul(4).ok_or_else(|| damaged("its counts"))?;
        let (values, rest) =
            stored.bytes.split_at_checked(numbers).ok_or_else(|| damaged("too few bytes"))?;
        let (weights, words) = rest.split_at_checked(weights).ok_or_else(|| damaged("too few bytes"))?;
        let words = std::str::from_utf8(words).map_err(|_| damaged("words that are no UTF-8"))?;
        Self::from_parts(
            header.dimension,
            words.lines().map(str::to_string).collect(),
            values.iter().map(|b| b.cast_signed()).collect(),
            weights.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            header.span,
        )
    }

    /// How many words it knows.
    pub fn n_words(&self) -> usize {
        self.words.len()
    }

    /// The mean of these words, of length 1; zeros when none is known.
    fn mean<'w>(&self, words: impl Iterator<Item = &'w str>, out: &mut Vec<f32>) {
        let from = out.len();
        out.resize(from + self.dimension, 0.0);
        for word in words {
            if let Some(&i) = self.index.get(word) {
                let row = &self.values[i as usize * self.dimension..(i as usize + 1) * self.dimension];
                let weight = self.weights[i as usize];
                for (sum, v) in out[from..].iter_mut().zip(row) {
                    *sum += weight * f32::from(*v);
                }
            }
        }
        let length = out[from..].iter().map(|v| v * v).sum::<f32>().sqrt();
        if length > 0.0 {
            out[from..].iter_mut().for_each(|v| *v /= length);
        }
    }
}

impl DenseBlock for VectorBlock {
    fn name(&self) -> &'static str {
        "vectors"
    }

    fn width(&self) -> usize {
        self.dimension * if self.span { 2 } else { 1 }
    }

    fn rows(&self, passages: &[Passage<'_>]) -> Vec<f32> {
        let mut out = Vec::with_capacity(passages.len() * self.width());
        for passage in passages {
            let words: Vec<(usize, String)> = vector_words(passage.text).collect();
            self.mean(words.iter().map(|w| w.1.as_str()), &mut out);
            if self.span {
                let near = passage.span.map_or(0..0, |span| {
                    let first = words.partition_point(|w| w.0 < span.start);
                    let last = words.partition_point(|w| w.0 < span.end);
                    first.saturating_sub(NEAR)..(last.max(first) + NEAR).min(words.len())
                });
                self.mean(words[near].iter().map(|w| w.1.as_str()), &mut out);
            }
        }
        out
    }

    fn standardised(&self) -> bool {
        false
    }

    fn grid(&self) -> &'static [f64] {
        &[0.3, 1.0, 3.0, 10.0, 30.0]
    }

    fn stored(&self) -> StoredBlock {
        let header = Header { dimension: self.dimension, n_words: self.words.len(), span: self.span };
        let mut bytes: Vec<u8> = self.values.iter().map(|v| v.cast_unsigned()).collect();
        bytes.extend(self.weights.iter().flat_map(|w| w.to_le_bytes()));
        bytes.extend_from_slice(self.words.join("\n").as_bytes());
        StoredBlock {
            kind: self.name().into(),
            header: serde_json::to_value(header).unwrap_or_default(),
            bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Span;

    fn block(span: bool) -> VectorBlock {
        let vectors = WordVectors {
            dimension: 2,
            words: vec!["peace".into(), "war".into(), "won't".into()],
            values: vec![1.0, 0.0, 0.0, 2.0, -1.0, 0.5],
        };
        VectorBlock::new(&vectors, ["peace", "peace and peace", "war"], span).expect("fits")
    }

    #[test]
    fn a_text_is_the_idf_weighted_mean_of_its_words() {
        // idf: peace ln(4/3) + 1, war ln(4/2) + 1.
        let row = block(false).rows(&["Peace, not WAR!".into(), "nothing".into()]);
        let (a, b) = (1.28768_f32, 2.0 * 1.69315_f32);
        let length = (a * a + b * b).sqrt();
        assert!((row[0] - a / length).abs() < 1e-3 && (row[1] - b / length).abs() < 1e-3, "{row:?}");
        assert_eq!(row[2..], [0.0, 0.0]);
    }

    #[test]
    fn a_span_has_a_mean_of_its_own_and_apostrophes_do_not_matter() {
        let text = "won’t";
        let row = block(true).rows(&[Passage { text, target: "", span: Some(Span::new(0, text.len())) }]);
        assert_eq!(row[..2], row[2..]);
        assert!(row[0] < 0.0);
    }

    #[test]
    fn stored_vectors_read_the_same_and_damaged_ones_are_refused() {
        let block = block(true);
        let stored = block.stored();
        assert_eq!(VectorBlock::restore(&stored).expect("its own bytes"), block);
        for cut in 0..stored.bytes.len() - "won't".len() {
            let cut = StoredBlock { bytes: stored.bytes[..cut].to_vec(), ..stored.clone() };
            assert!(VectorBlock::restore(&cut).is_err());
        }
    }
}
