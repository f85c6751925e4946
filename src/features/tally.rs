//! How often each term stands in one text.

use std::collections::BTreeMap;

use super::analysis::{Analyser, CharGrams};
use super::params::NgramRange;
use super::table::{AHEAD, KeyTable, prefetch};

/// Counts of one text, by id, and the ids that were met, in the order of their first occurrence.
///
/// A count is a byte, so that those of a large vocabulary stay near the processor; the few above 255 are kept elsewhere.
#[derive(Default)]
pub(super) struct Tally {
    counts: Vec<u8>,
    /// What does not fit the byte, by id.
    beyond: BTreeMap<u32, u32>,
    /// The first `met` entries count; the rest is room.
    ids: Vec<u32>,
    met: usize,
}

impl Tally {
    /// A tally of ids below `n_ids`, and of the id `n_ids` itself, which may be added but is not met.
    pub(super) fn with_idle(n_ids: usize) -> Self {
        let mut counts = vec![0; n_ids + 1];
        counts[n_ids] = 1;
        Self { counts, ..Self::default() }
    }

    /// Makes room for ids below `n_ids`.
    #[inline]
    pub(super) fn room_for(&mut self, n_ids: usize) {
        if n_ids > self.counts.len() {
            self.counts.resize(n_ids.next_power_of_two(), 0);
        }
    }

    /// Makes room for so many more ids in one text.
    #[inline]
    pub(super) fn expect(&mut self, more: usize) {
        if self.ids.len() < self.met + more {
            self.ids.resize((self.met + more).next_power_of_two(), 0);
        }
    }

    /// Asks the processor to fetch the count of an id.
    #[inline]
    pub(super) fn prefetch(&self, id: u32) {
        prefetch(self.counts.as_ptr().wrapping_add(id as usize));
    }

    /// Counts an id `times` times, for which room was made.
    #[inline]
    pub(super) fn add(&mut self, id: u32, times: u32) {
        // Whether an id is new cannot be foreseen, so it is written either way and kept if it was.
        let count = &mut self.counts[id as usize];
        self.ids[self.met] = id;
        self.met += usize::from(*count == 0);
        let sum = u32::from(*count) + times;
        *count = sum as u8;
        if sum > u32::from(u8::MAX) {
            *count = u8::MAX;
            *self.beyond.entry(id).or_default() += sum - u32::from(u8::MAX);
        }
    }

    /// Counts each of these ids `times` times.
    #[inline]
    pub(super) fn add_all(&mut self, ids: &[u32], times: u32) {
        let Self { counts, beyond, ids: met_ids, met } = self;
        let (counts, new) = (counts.as_mut_slice(), &mut met_ids[*met..*met + ids.len()]);
        // Kept in a register: through memory, each id would wait for the one before.
        let mut n = 0;
        for id in ids {
            // Whether an id is new cannot be foreseen, so it is written either way and kept if it was.
            let count = &mut counts[*id as usize];
            new[n] = *id;
            n += usize::from(*count == 0);
            let sum = u32::from(*count) + times;
            *count = sum as u8;
            if sum > u32::from(u8::MAX) {
                *count = u8::MAX;
                *beyond.entry(*id).or_default() += sum - u32::from(u8::MAX);
            }
        }
        *met += n;
    }

    /// How many ids were met.
    pub(super) fn n_met(&self) -> usize {
        self.met
    }

    /// Gives `found(id, count)` for every id met, and begins anew. `ahead` is told of each id some steps before.
    #[inline]
    pub(super) fn drain(&mut self, ahead: impl Fn(u32), mut found: impl FnMut(u32, u32)) {
        let ids = &self.ids[..self.met];
        ids.iter().take(AHEAD).for_each(|id| ahead(*id));
        for (i, id) in ids.iter().enumerate() {
            if let Some(next) = ids.get(i + AHEAD) {
                ahead(*next);
            }
            let count = &mut self.counts[*id as usize];
            let mut all = u32::from(*count);
            if *count == u8::MAX {
                all += self.beyond.get(id).copied().unwrap_or_default();
            }
            found(*id, all);
            *count = 0;
        }
        self.beyond.clear();
        self.met = 0;
    }
}

/// The ids of the character n-grams of each word met so far: a word is cut into n-grams once.
///
/// The words of a text are counted first and their n-grams added once for each distinct word.
#[derive(Default)]
pub(super) struct WordLists {
    words: KeyTable,
    /// Where the list of each word stands in `ids`.
    spans: Vec<(u32, u32)>,
    ids: Vec<u32>,
    tally: Tally,
    cut: CharGrams,
}

/// So many distinct words are remembered before a reader begins anew.
const MOST_WORDS: usize = 1 << 18;

impl WordLists {
    /// Forgets all words when there are very many: a stream of made-up words must not fill the memory.
    pub(super) fn bound(&mut self) {
        if self.words.len() > MOST_WORDS {
            *self = Self::default();
        }
    }

    /// Counts these words and cuts those that are new.
    ///
    /// # Arguments
    ///
    /// * `keys` - one per word: equal for equal words of one channel.
    /// * `word` - the spelling of a word, by number.
    /// * `number` - appends the ids of the n-grams of a word.
    pub(super) fn read<'t>(
        &mut self,
        range: NgramRange,
        channel: &str,
        keys: &[u64],
        word: impl Fn(usize) -> &'t str,
        mut number: impl FnMut(&CharGrams, &mut Vec<u32>),
    ) {
        self.tally.expect(keys.len());
        for (i, key) in keys.iter().enumerate() {
            if let Some(next) = keys.get(i + AHEAD) {
                self.words.prefetch(*next);
            }
            let known = self.words.insert(*key);
            if known as usize == self.spans.len() {
                let from = self.ids.len() as u32;
                Analyser::char_grams(range, word(i), channel, &mut self.cut);
                number(&self.cut, &mut self.ids);
                self.spans.push((from, self.ids.len() as u32));
                self.tally.room_for(self.spans.len());
            }
            prefetch(self.spans.as_ptr().wrapping_add(known as usize));
            self.tally.add(known, 1);
        }
    }

    /// Adds the n-grams of the words counted to a tally, and begins to count anew.
    pub(super) fn spread(&mut self, tally: &mut Tally) {
        let (spans, ids) = (&self.spans, &self.ids);
        self.tally.drain(
            |word| {
                let from = ids.as_ptr().wrapping_add(spans[word as usize].0 as usize);
                prefetch(from);
                prefetch(from.wrapping_add(16));
            },
            |word, times| {
                let (from, to) = spans[word as usize];
                let ids = &ids[from as usize..to as usize];
                tally.expect(ids.len());
                tally.add_all(ids, times);
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact_beyond_a_byte_and_ids_keep_their_order() {
        let mut tally = Tally::with_idle(3);
        for _ in 0..2 {
            tally.expect(1004);
            for _ in 0..1000 {
                tally.add(2, 1);
            }
            tally.add(0, 700);
            tally.add(3, 1);
            tally.add(1, 255);
            let mut found = Vec::new();
            tally.drain(|_| {}, |id, count| found.push((id, count)));
            assert_eq!(found, [(2, 1000), (0, 700), (1, 255)]);
        }
    }
}
