//! What one thread counts while a vocabulary is looked for.

use super::CHANNEL_MARK;
use super::analysis::{Analyser, Buffers, Grams, spell};
use super::pages::reserve;
use super::params::{NgramRange, Passage};
use super::table::{ABSENT, AHEAD, KeyTable, prefetch};
use super::tally::{Tally, WordLists};

/// Terms in the order of their first occurrence, and rows over them.
pub(super) struct Counter {
    table: KeyTable,
    terms: String,
    ends: Vec<u32>,
    df: Vec<u32>,
    block: Vec<u8>,
    /// The character n-grams of the words met so far.
    lists: WordLists,
    tally: Tally,
    pub(super) rows: Rows,
}

/// Counted rows: ids and how often each stands.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) starts: Vec<usize>,
    pub(super) ids: Vec<u32>,
    /// Counts are whole numbers; as floating point they can become values where they are.
    pub(super) tf: Vec<f32>,
}

impl Rows {
    pub(super) fn new() -> Self {
        Self { starts: vec![0], ..Self::default() }
    }

    pub(super) fn end_row(&mut self) {
        self.starts.push(self.ids.len());
    }

    /// Makes room for a row of so many entries. When there is none, room is made for as many rows as are `expected` in all, as far as
    /// those before foretell it: large vectors are slow to move.
    #[inline]
    pub(super) fn room_for(&mut self, more: usize, expected: usize) {
        let (held, done) = (self.ids.len(), self.starts.len());
        if self.ids.capacity() - held < more {
            let foretold = held / done * expected.saturating_sub(done) / 8 * 9;
            let room = more + foretold.clamp(held / 2, 8 * held);
            reserve(&mut self.ids, room);
            reserve(&mut self.tf, room);
        }
    }

    /// The ids of a row.
    pub(super) fn ids_of(&self, i: usize) -> &[u32] {
        &self.ids[self.starts[i]..self.starts[i + 1]]
    }

    /// The rows with these indices, in this order.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        let n = rows.iter().map(|i| self.ids_of(*i).len()).sum();
        let mut out = Self { starts: vec![0], ids: Vec::with_capacity(n), tf: Vec::with_capacity(n) };
        for i in rows {
            out.ids.extend_from_slice(self.ids_of(*i));
            out.tf.extend_from_slice(&self.tf[self.starts[*i]..self.starts[*i + 1]]);
            out.end_row();
        }
        out
    }

    /// The same rows with other ids; entries whose id becomes [`ABSENT`] are dropped.
    pub(super) fn renumbered(mut self, id: impl Fn(u32) -> u32) -> Self {
        let (mut from, mut end) = (0, 0);
        for stop in self.starts.iter_mut().skip(1) {
            for at in from..*stop {
                let number = id(self.ids[at]);
                self.ids[end] = number;
                self.tf[end] = self.tf[at];
                end += usize::from(number != ABSENT);
            }
            from = std::mem::replace(stop, end);
        }
        self.ids.truncate(end);
        self.ids.shrink_to_fit();
        self.tf.truncate(end);
        self.tf.shrink_to_fit();
        self
    }

    /// Adds rows below.
    pub(super) fn append(&mut self, more: Self) {
        if self.ids.is_empty() && self.starts.len() <= 1 {
            *self = more;
            return;
        }
        let shift = self.ids.len();
        self.ids.extend_from_slice(&more.ids);
        self.tf.extend_from_slice(&more.tf);
        self.starts.extend(more.starts[1..].iter().map(|s| s + shift));
    }
}

impl Counter {
    fn new() -> Self {
        Self {
            table: KeyTable::with_capacity(1 << 12),
            terms: String::new(),
            ends: vec![0],
            df: Vec::new(),
            block: Vec::new(),
            lists: WordLists::default(),
            tally: Tally::default(),
            rows: Rows::new(),
        }
    }

    /// Counts all n-grams of these passages.
    pub(super) fn read(analyser: &Analyser, passages: &[Passage<'_>]) -> Self {
        let mut counter = Self::new();
        let mut buffers = Buffers::default();
        let range = analyser.params().chars.unwrap_or(NgramRange::new(1, 1));
        for passage in passages {
            analyser.analyse(*passage, &mut buffers, |block, channel, grams| match grams {
                Grams::Words { n, keys, words, text } => {
                    counter.words(block, keys, |i, out| spell(channel, &words[i..i + n], text, out));
                }
                Grams::Chars { text, runs, keys } => {
                    let word = |i: usize| &text[runs[i].0 as usize..runs[i].1 as usize];
                    counter.chars(block, channel, range, keys, word);
                }
            });
            counter.end_row(passages.len());
        }
        counter
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
            self.tally.room_for(self.df.len());
        }
        id
    }

    fn words(&mut self, block: usize, keys: &[u64], spelled: impl Fn(usize, &mut String)) {
        self.tally.expect(keys.len());
        for key in keys.iter().take(AHEAD) {
            self.table.prefetch(*key);
        }
        for (i, key) in keys.iter().enumerate() {
            if let Some(next) = keys.get(i + AHEAD) {
                self.table.prefetch(*next);
            }
            let id = self.id(*key, block, |out| spelled(i, out));
            self.tally.add(id, 1);
        }
    }

    fn chars<'t>(
        &mut self,
        block: usize,
        channel: &str,
        range: NgramRange,
        keys: &[u64],
        word: impl Fn(usize) -> &'t str,
    ) {
        let mut lists = std::mem::take(&mut self.lists);
        lists.read(range, channel, keys, word, |cut, ids| {
            cut.keys().iter().for_each(|key| self.table.prefetch(*key));
            for (i, key) in cut.keys().iter().enumerate() {
                let spelled = |out: &mut String| {
                    if !channel.is_empty() {
                        out.push_str(channel);
                        out.push(CHANNEL_MARK);
                    }
                    out.push_str(cut.spelling(i));
                };
                ids.push(self.id(*key, block, spelled));
            }
        });
        lists.spread(&mut self.tally);
        self.lists = lists;
    }

    fn end_row(&mut self, expected: usize) {
        let (df, rows) = (&mut self.df, &mut self.rows);
        rows.room_for(self.tally.n_met(), expected);
        let first = df.as_ptr();
        let ahead = |id: u32| prefetch(first.wrapping_add(id as usize));
        self.tally.drain(ahead, |id, count| {
            rows.ids.push(id);
            rows.tf.push(count as f32);
            df[id as usize] += 1;
        });
        rows.end_row();
    }

    pub(super) fn term(&self, id: usize) -> &str {
        &self.terms[self.ends[id] as usize..self.ends[id + 1] as usize]
    }

    /// The terms found: key, block and number of texts of each, by id.
    pub(super) fn found(&self) -> impl Iterator<Item = (u64, usize, u32)> + '_ {
        self.table
            .keys()
            .iter()
            .zip(&self.block)
            .zip(&self.df)
            .map(|((key, block), df)| (*key, usize::from(*block), *df))
    }

    /// Asks the processor to fetch the spelling of a term.
    pub(super) fn prefetch_term(&self, id: usize) {
        if let Some(byte) = self.terms.as_bytes().get(self.ends[id] as usize) {
            prefetch(byte);
        }
    }

    /// The rows alone.
    pub(super) fn into_rows(self) -> Rows {
        self.rows
    }

    pub(super) fn keys(&self) -> &[u64] {
        self.table.keys()
    }
}
