//! How often each term stands in one text.

use std::collections::BTreeMap;

use super::analysis::{Analyser, CharGrams};
use super::pages::reserve;
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
    /// A tally of `n` columns by their numbers, which are one more; number 0 may be added, but is not met.
    pub(super) fn of_columns(n: usize) -> Self {
        let mut counts = vec![0; n + 1];
        counts[0] = 1;
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

    /// What asks the processor to fetch the count of an id, as long as no more room is made.
    #[inline]
    pub(super) fn ahead(&self) -> impl Fn(u32) + Copy + use<> {
        let counts = self.counts.as_ptr();
        move |id| prefetch(counts.wrapping_add(id as usize))
    }

    /// Counts an id once.
    #[inline]
    pub(super) fn add(&mut self, id: u32) {
        self.add_each(&[id], |_| 1);
    }

    /// Counts each of these ids as many times as `times` says. Room must have been made for them.
    #[inline]
    pub(super) fn add_each(&mut self, ids: &[u32], times: impl Fn(u32) -> u32) {
        let Self { counts, beyond, ids: all, met } = self;
        let (counts, new) = (counts.as_mut_slice(), &mut all[*met..*met + ids.len()]);
        // Kept at hand: through memory, each id would wait for the one before.
        let mut n = 0;
        for id in ids {
            // Whether an id is new cannot be foreseen, so it is written either way and kept if it was.
            let count = &mut counts[*id as usize];
            new[n] = *id;
            n += usize::from(*count == 0);
            let sum = u32::from(*count) + times(*id);
            *count = sum as u8;
            if sum > u32::from(u8::MAX) {
                *count = u8::MAX;
                *beyond.entry(*id).or_default() += sum - u32::from(u8::MAX);
            }
        }
        *met += n;
    }

    /// Counts each of these numbers once, but for 0.
    #[inline]
    pub(super) fn add_known(&mut self, numbers: &[u32]) {
        self.expect(numbers.len());
        // Whether a number is 0 cannot be foreseen, so it is counted, and nothing is added to a count that is idle.
        self.add_each(numbers, |number| u32::from(number != 0));
    }

    /// Writes the columns met and their counts, [`Tally::n_met`] of each, and begins anew.
    pub(super) fn drain_into(&mut self, columns: &mut [u32], counts: &mut [f32]) {
        let mut at = 0;
        self.drain(
            |_| {},
            |number, count| {
                columns[at] = number - 1;
                counts[at] = count as f32;
                at += 1;
            },
        );
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
    pub(super) lists: Lists,
    tally: Tally,
    cut: CharGrams,
}

/// Lists of ids, by word.
#[derive(Default, Clone)]
pub(super) struct Lists {
    /// Where the list of each word stands in `ids`.
    spans: Vec<(u32, u32)>,
    ids: Vec<u32>,
}

/// So many distinct words, and so many n-grams of them, are remembered before a reader begins anew.
const MOST_WORDS: usize = 1 << 18;
const MOST_GRAMS: usize = 1 << 24;

impl WordLists {
    /// Forgets all words when there are very many, or very long ones: a stream of made-up words must not fill the memory.
    pub(super) fn bound(&mut self) {
        if self.words.len() > MOST_WORDS || self.lists.ids.len() > MOST_GRAMS {
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
        let Self { words, lists: Lists { spans, ids }, tally, cut } = self;
        tally.expect(keys.len());
        for (i, key) in keys.iter().enumerate() {
            if let Some(next) = keys.get(i + AHEAD) {
                words.prefetch(*next);
            }
            let known = words.insert(*key);
            if known as usize == spans.len() {
                let from = ids.len() as u32;
                Analyser::char_grams(range, word(i), channel, cut);
                if ids.capacity() - ids.len() < cut.keys().len() {
                    // Moving costs more than room does, as long as there is little.
                    let times = if ids.len() < MOST_GRAMS / 4 { 3 } else { 1 };
                    let more = (times * ids.len()).max(cut.keys().len());
                    reserve(ids, more);
                }
                number(cut, ids);
                spans.push((from, ids.len() as u32));
                tally.room_for(spans.len());
            }
            prefetch(spans.as_ptr().wrapping_add(known as usize));
            tally.add(known);
        }
    }

    /// Adds the n-grams of the words counted to a tally, and begins to count anew.
    pub(super) fn spread(&mut self, tally: &mut Tally) {
        self.drain(|_, ids, times| {
            tally.expect(ids.len());
            tally.add_each(ids, |_| times);
        });
    }

    /// Gives `found(number, ids, count)` for every word counted, in the order of first occurrence, and begins to count anew.
    pub(super) fn drain(&mut self, mut found: impl FnMut(u32, &[u32], u32)) {
        let Self { lists, tally, .. } = self;
        tally.drain(|word| lists.prefetch(word), |word, times| found(word, lists.of(word), times));
    }
}

impl Lists {
    pub(super) fn n_bytes(&self) -> usize {
        size_of_val(&self.spans[..]) + size_of_val(&self.ids[..])
    }

    /// The list of a word.
    pub(super) fn of(&self, word: u32) -> &[u32] {
        let (from, to) = self.spans[word as usize];
        &self.ids[from as usize..to as usize]
    }

    /// Asks the processor to fetch where the list of a word stands.
    pub(super) fn prefetch_span(&self, word: u32) {
        prefetch(self.spans.as_ptr().wrapping_add(word as usize));
    }

    /// Asks the processor to fetch the list of a word.
    pub(super) fn prefetch(&self, word: u32) {
        let from = self.ids.as_ptr().wrapping_add(self.spans[word as usize].0 as usize);
        prefetch(from);
        prefetch(from.wrapping_add(16));
    }

    /// The same lists with column numbers in place of ids; those whose number is 0 are dropped.
    pub(super) fn renumbered(mut self, number_of: &[u32]) -> Self {
        let mut end = 0;
        for (from, to) in &mut self.spans {
            let begin = end;
            for at in *from..*to {
                let number = number_of[self.ids[at as usize] as usize];
                self.ids[end as usize] = number;
                end += u32::from(number != 0);
            }
            (*from, *to) = (begin, end);
        }
        self.ids.truncate(end as usize);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact_beyond_a_byte_and_ids_keep_their_order() {
        let mut tally = Tally::of_columns(3);
        for _ in 0..2 {
            tally.expect(1004);
            for _ in 0..1000 {
                tally.add(3);
            }
            tally.add_each(&[1], |_| 700);
            tally.add_known(&[0, 0, 3]);
            tally.add_each(&[2], |_| 255);
            let mut found = Vec::new();
            tally.drain(|_| {}, |id, count| found.push((id, count)));
            assert_eq!(found, [(3, 1001), (1, 700), (2, 255)]);
        }
    }
}
