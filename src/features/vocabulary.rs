use rayon::prelude::*;

use super::analysis::Analyser;
use super::pages::zeros;
use super::params::Block;
use super::table::KeyTable;
use crate::{Error, Result};

/// The terms of a model, in column order: block by block, within a block by falling document frequency.
///
/// Frequent terms have low numbers, which keeps what is read most often together in memory.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    pub(super) bytes: String,
    /// Where each term begins; one more than there are terms.
    pub(super) offsets: Vec<u32>,
    /// In how many training texts each term stands.
    pub(super) df: Vec<u32>,
    /// Where each block of columns begins; one more than there are blocks.
    pub(super) starts: Vec<u32>,
    pub(super) blocks: Vec<Block>,
    pub(super) table: KeyTable,
}

impl Vocabulary {
    /// Puts a vocabulary together from its stored parts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) when the parts do not fit each other, a term is no
    /// UTF-8 or stands twice.
    pub fn from_parts(
        terms: Vec<u8>,
        offsets: Vec<u32>,
        df: Vec<u32>,
        starts: Vec<u32>,
        blocks: Vec<Block>,
    ) -> Result<Self> {
        let wrong = |what: &str| Error::argument("vocabulary", what, "parts that fit each other");
        let bytes = String::from_utf8(terms).map_err(|_| wrong("a term that is no UTF-8"))?;
        let n = df.len();
        if offsets.len() != n + 1 || offsets.first() != Some(&0) || offsets[n] as usize != bytes.len() {
            return Err(wrong("offsets that do not cover the terms"));
        }
        let in_order = offsets.windows(2).all(|w| w[0] <= w[1])
            && offsets.iter().all(|o| bytes.is_char_boundary(*o as usize));
        if !in_order {
            return Err(wrong("offsets that run backwards or cut a character"));
        }
        if starts.len() != blocks.len() + 1
            || starts.first() != Some(&0)
            || starts.last().copied() != Some(n as u32)
            || starts.windows(2).any(|w| w[0] > w[1])
        {
            return Err(wrong("blocks that do not cover the terms"));
        }
        let mut vocabulary = Self { bytes, offsets, df, starts, blocks, table: KeyTable::default() };
        let key = |id: usize| {
            let (start, end) = (vocabulary.offsets[id] as usize, vocabulary.offsets[id + 1] as usize);
            Analyser::term_key(vocabulary.block_of(id as u32), &vocabulary.bytes, start, end)
        };
        let mut keys = zeros(n);
        keys.par_iter_mut().enumerate().with_min_len(1 << 12).for_each(|(id, place)| *place = key(id));
        vocabulary.table = KeyTable::from_keys(keys).ok_or_else(|| wrong("a term that stands twice"))?;
        Ok(vocabulary)
    }

    /// Some of these terms in another order; `None` when two are taken for each other.
    ///
    /// # Arguments
    ///
    /// * `ids` - the terms, each at most once, block by block.
    /// * `starts` - where each block then begins.
    pub(super) fn chosen(&self, ids: &[u32], starts: Vec<u32>) -> Option<Self> {
        let mut offsets = Vec::with_capacity(ids.len() + 1);
        let mut bytes = String::new();
        offsets.push(0);
        for id in ids {
            bytes.push_str(self.term(*id as usize));
            offsets.push(bytes.len() as u32);
        }
        let keys = self.table.keys();
        let table = KeyTable::from_keys(ids.iter().map(|id| keys[*id as usize]).collect())?;
        let df = ids.iter().map(|id| self.df[*id as usize]).collect();
        Some(Self { bytes, offsets, df, starts, blocks: self.blocks.clone(), table })
    }

    /// Number of terms, which is the number of columns.
    pub fn len(&self) -> usize {
        self.df.len()
    }

    /// True when there is no term.
    pub fn is_empty(&self) -> bool {
        self.df.is_empty()
    }

    /// The term of a column, as it was counted: lower case, a channel before a U+001F.
    ///
    /// # Panics
    ///
    /// When `id` is not below [`Vocabulary::len`].
    pub fn term(&self, id: usize) -> &str {
        &self.bytes[self.offsets[id] as usize..self.offsets[id + 1] as usize]
    }

    /// In how many training texts the term of each column stands.
    pub fn document_frequencies(&self) -> &[u32] {
        &self.df
    }

    /// All terms end to end, and where each begins.
    pub fn parts(&self) -> (&str, &[u32], &[u32]) {
        (&self.bytes, &self.offsets, &self.starts)
    }

    /// The blocks of columns.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The block a column belongs to.
    pub fn block_of(&self, id: u32) -> Block {
        self.blocks[self.block_index(id)]
    }

    #[inline]
    pub(super) fn block_index(&self, id: u32) -> usize {
        block_index(&self.starts, id)
    }

    /// True when the word with this key is a term by itself.
    pub(super) fn knows(&self, key: u64) -> bool {
        self.table.number(key) != 0
    }
}

/// The block a column belongs to, given where each block begins.
#[inline]
pub(super) fn block_index(starts: &[u32], id: u32) -> usize {
    let mut block = 0;
    while block + 2 < starts.len() && id >= starts[block + 1] {
        block += 1;
    }
    block
}
