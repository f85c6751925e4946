//! A frozen sentence encoder of the BERT family as a block of features.
//!
//! A text becomes the mean of the network's last states over its first 256 tokens, brought to length 1. With `span`, a
//! second half of the row is the same mean over the tokens that touch [`Passage::span`], so that what is said *about the
//! target* has numbers of its own; it is zero for a passage without a span, or with one behind the last token read.
//!
//! The network runs in 32-bit floating point on all threads of the current rayon pool. Its products are written so that a
//! row has the same bits in any company, on any number of threads and on any processor.
//!
//! # References
//!
//! * Reimers & Gurevych (2019), *Sentence-BERT*, EMNLP: the mean of the states.
//! * Wang et al. (2024), *Multilingual E5 text embeddings*, arXiv:2402.05672: the prefix `query: `.

// Plain loops over constant ranges are what the compiler turns into vector instructions, if they are inlined where these
// are allowed.
#![allow(clippy::inline_always, clippy::needless_range_loop)]

mod config;
mod dispatch;
mod network;
mod numeric;
mod product;
mod tokens;
mod weights;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::config::Config;
use self::network::Network;
use self::tokens::{Encoded, Tokens};
use super::{DenseBlock, StoredBlock};
use crate::corpus::{EmbeddingCache, EmbeddingKey, EncoderFiles};
use crate::features::Passage;
use crate::types::Span;
use crate::{Error, Result};

/// The name of the block.
const KIND: &str = "encoder";
/// How states become a row; part of the key under which rows are kept, to be changed with the recipe.
const RECIPE: &[u8] = b"mean of 256, 1";
/// Tokens that go through the network together: enough to read the weights rarely, few enough to stay in the cache.
const TOGETHER: usize = 256;

/// Is told how many of how many distinct passages are done.
type Progress = dyn Fn(usize, usize) + Send + Sync;

/// A frozen sentence encoder.
pub struct Encoder {
    network: Network,
    tokens: Tokens,
    digest: String,
    span: bool,
    cache: Option<EmbeddingCache>,
    progress: Option<Box<Progress>>,
}

/// What a model file keeps of an encoder; the weights stay in their folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    digest: String,
    width: usize,
    hidden: usize,
    span: bool,
}

impl Encoder {
    /// Makes an encoder of its files.
    ///
    /// # Arguments
    ///
    /// * `files` - the three files; what is needed of them is copied, so they may be dropped afterwards.
    /// * `span` - whether a row has a second half for the tokens that name the target.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with file, field or tensor, what was found and what was expected: a
    /// file that is damaged, a network or tokenizer of another family, absurd sizes, tensors that are missing or do not fit
    /// the sizes, numbers that are not finite, a vocabulary larger than the network's.
    pub fn new(files: &EncoderFiles, span: bool) -> Result<Self> {
        let digest = files.digest();
        let config = Config::parse(&files.config, &files.folder)?;
        let tokens = Tokens::read(&files.tokenizer, &config, &files.folder)?;
        let network = weights::read(&files.weights, &config, &files.folder)?;
        Ok(Self { network, tokens, digest, span, cache: None, progress: None })
    }

    /// Makes the encoder that a model was trained with.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::Argument`](crate::ErrorKind::Argument) if the files are not the ones whose digest the model keeps, or
    ///   `stored` is not an encoder's.
    /// * Those of [`Encoder::new`].
    pub fn restore(files: &EncoderFiles, stored: &StoredBlock) -> Result<Self> {
        let header = serde_json::from_value::<Header>(stored.header.clone());
        let (KIND, Ok(header)) = (stored.kind.as_str(), header) else {
            return Err(Error::argument("block", &stored.kind, "what a model keeps of a sentence encoder"));
        };
        let digest = files.digest();
        let refuse = |expected: String| Error::argument("encoder", files.folder.display(), expected);
        if digest != header.digest {
            return Err(refuse(format!("the encoder with digest {}", header.digest)).with_help(format!(
                "The model was trained with that one; the digest of this folder is {digest}"
            )));
        }
        let encoder = Self::new(files, header.span)?;
        if (encoder.width(), encoder.network.hidden) != (header.width, header.hidden) {
            return Err(refuse(format!("rows of {} numbers, as the model says", header.width)));
        }
        Ok(encoder)
    }

    /// Looks rows up in a cache before they are computed, and keeps there what was.
    #[must_use]
    pub fn with_cache(mut self, cache: EmbeddingCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Calls `progress` with the number of distinct passages that are done and how many there are: once at the beginning
    /// with those that the cache knew, then after every few. The calls come from several threads, one at a time, in order.
    #[must_use]
    pub fn with_progress(mut self, progress: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// The digest of the three files, [`EncoderFiles::digest`].
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What is set before every text: `query: ` for a network with the vocabulary of XLM-RoBERTa, as multilingual E5 wants it.
    pub fn prefix(&self) -> &'static str {
        self.tokens.prefix()
    }

    /// The cache, to ask whether it could be written.
    pub fn cache(&self) -> Option<&EmbeddingCache> {
        self.cache.as_ref()
    }

    /// The span that counts: none when rows have one half.
    fn counted(&self, passage: &Passage<'_>) -> Option<Span> {
        passage.span.filter(|_| self.span)
    }

    fn key(&self, text: &str, span: Option<Span>) -> EmbeddingKey {
        let (from, to) = span.map_or((u64::MAX, u64::MAX), |s| (s.start as u64, s.end as u64));
        let parts: [&[u8]; 6] = [
            RECIPE,
            self.digest.as_bytes(),
            &[u8::from(self.span)],
            text.as_bytes(),
            &from.to_le_bytes(),
            &to.to_le_bytes(),
        ];
        EmbeddingKey::new(&parts)
    }

    /// The rows of texts that go through the network together.
    fn encode(&self, texts: &[&Encoded]) -> Vec<Vec<f32>> {
        let (hidden, width) = (self.network.hidden, self.width());
        let ids: Vec<&[u32]> = texts.iter().map(|t| t.ids.as_slice()).collect();
        let states = self.network.states(&ids);
        let mut first = 0;
        let mut rows = Vec::with_capacity(texts.len());
        for text in texts {
            let own = &states[first * hidden..(first + text.ids.len()) * hidden];
            let mut row = vec![0.0; width];
            let (whole, part) = row.split_at_mut(hidden);
            numeric::mean(own.chunks_exact(hidden), whole);
            numeric::to_unit_length(whole);
            if self.span {
                numeric::mean(text.inside.iter().map(|&i| &own[i * hidden..][..hidden]), part);
                numeric::to_unit_length(part);
            }
            first += text.ids.len();
            rows.push(row);
        }
        rows
    }
}

impl DenseBlock for Encoder {
    fn name(&self) -> &'static str {
        KIND
    }

    fn width(&self) -> usize {
        if self.span { 2 * self.network.hidden } else { self.network.hidden }
    }

    fn rows(&self, passages: &[Passage<'_>]) -> Vec<f32> {
        // Equal passages are encoded once.
        let mut numbers = HashMap::new();
        let mut distinct = Vec::new();
        let which: Vec<usize> = passages
            .iter()
            .map(|passage| {
                let content = (passage.text, self.counted(passage));
                *numbers.entry(content).or_insert_with(|| {
                    distinct.push(content);
                    distinct.len() - 1
                })
            })
            .collect();
        let mut rows: Vec<Option<Vec<f32>>> = distinct
            .iter()
            .map(|&(text, span)| {
                let cache = self.cache.as_ref()?;
                cache.get(&self.key(text, span)).filter(|row| row.len() == self.width())
            })
            .collect();
        let missing: Vec<usize> = (0..distinct.len()).filter(|&i| rows[i].is_none()).collect();
        let done = Mutex::new(distinct.len() - missing.len());
        let tell = |more: usize| {
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            *done += more;
            if let Some(progress) = &self.progress {
                progress(*done, distinct.len());
            }
        };
        tell(0);

        let encoded: Vec<Encoded> = missing
            .par_iter()
            .with_min_len(16)
            .map(|&i| self.tokens.encode(distinct[i].0, distinct[i].1))
            .collect();
        let fresh: Vec<Vec<(usize, Vec<f32>)>> = together(&encoded)
            .into_par_iter()
            .with_max_len(1)
            .map(|unit| {
                let texts: Vec<&Encoded> = unit.iter().map(|&m| &encoded[m]).collect();
                let rows = self.encode(&texts);
                if let Some(cache) = &self.cache {
                    let keys =
                        unit.iter().map(|&m| distinct[missing[m]]).map(|(text, span)| self.key(text, span));
                    cache.put(keys.zip(&rows));
                }
                tell(unit.len());
                unit.into_iter().map(|m| missing[m]).zip(rows).collect()
            })
            .collect();
        for (i, row) in fresh.into_iter().flatten() {
            rows[i] = Some(row);
        }
        let mut all = Vec::with_capacity(passages.len() * self.width());
        for i in which {
            all.extend_from_slice(rows[i].as_deref().expect("known to the cache or just computed"));
        }
        all
    }

    fn standardised(&self) -> bool {
        false
    }

    fn grid(&self) -> &'static [f64] {
        &[0.3, 1.0, 3.0, 10.0, 30.0]
    }

    fn stored(&self) -> StoredBlock {
        let header = Header {
            digest: self.digest.clone(),
            width: self.width(),
            hidden: self.network.hidden,
            span: self.span,
        };
        let header = serde_json::to_value(header).expect("strings and numbers are JSON");
        StoredBlock { kind: KIND.into(), header, bytes: Vec::new() }
    }
}

/// Puts texts together, the long ones first, so that no thread is left with a long one at the end.
fn together(texts: &[Encoded]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(texts[i].ids.len()), i));
    let mut units: Vec<Vec<usize>> = Vec::new();
    let mut tokens = 0;
    for i in order {
        let length = texts[i].ids.len().max(1);
        match units.last_mut() {
            Some(unit) if tokens + length <= TOGETHER => unit.push(i),
            _ => {
                units.push(vec![i]);
                tokens = 0;
            }
        }
        tokens += length;
    }
    units
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("digest", &self.digest)
            .field("width", &self.width())
            .field("prefix", &self.prefix())
            .field("layers", &self.network.layers.len())
            .finish_non_exhaustive()
    }
}
