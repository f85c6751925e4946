//! Reading passages over a fitted vocabulary.

use super::analysis::{Analyser, Buffers, Grams};
use super::params::{NgramRange, Passage};
use super::tally::{Tally, WordLists};
use super::tfidf::Tfidf;

/// Reads passages one after the other.
pub(crate) struct Reader<'a> {
    tfidf: &'a Tfidf,
    buffers: Buffers,
    lists: WordLists,
    tally: Tally,
    /// The numbers of the keys looked up last come first; the rest is room.
    numbers: Vec<u32>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(tfidf: &'a Tfidf) -> Self {
        Self {
            tfidf,
            buffers: Buffers::default(),
            lists: WordLists::default(),
            tally: Tally::of_columns(tfidf.vocabulary().len()),
            numbers: Vec::new(),
        }
    }

    /// How many terms the passage counted last holds.
    pub(super) fn n_met(&self) -> usize {
        self.tally.n_met()
    }

    /// Writes the terms of the passage counted last and their counts, [`Reader::n_met`] of each.
    pub(super) fn drain_into(&mut self, columns: &mut [u32], counts: &mut [f32]) {
        self.tally.drain_into(columns, counts);
    }

    /// Gives `found(column, count)` for the terms of the passage counted last, in the order of first occurrence. `ahead` is
    /// told of each column some steps before.
    #[inline]
    pub(crate) fn drain(&mut self, ahead: impl Fn(u32), mut found: impl FnMut(u32, u32)) {
        self.tally.drain(|number| ahead(number - 1), |number, count| found(number - 1, count));
    }

    /// Counts the terms of a passage. Returns its words and how many of them are terms by themselves.
    pub(crate) fn count(&mut self, passage: Passage<'_>) -> (usize, usize) {
        let mut words = None;
        let Self { tfidf, buffers, lists, tally, numbers } = self;
        lists.bound();
        let table = &tfidf.vocabulary().table;
        let range = tfidf.params().chars.unwrap_or(NgramRange::new(1, 1));
        tfidf.analyser().analyse(passage, buffers, |_, channel, grams| match grams {
            Grams::Words { range, keys, words: found, .. } => {
                // All are looked up before one is counted, so that the counts are on their way meanwhile.
                if numbers.len() < keys.len() {
                    numbers.resize(keys.len().next_power_of_two(), 0);
                }
                let numbers = &mut numbers[..keys.len()];
                table.look_up(keys, numbers, tally.ahead());
                tally.add_known(numbers);
                // The first single words to come are those of the whole text.
                if range.min == 1 {
                    let single = &numbers[..found.len()];
                    words.get_or_insert_with(|| (single.len(), single.iter().filter(|n| **n != 0).count()));
                }
            }
            Grams::Chars { text, runs, keys } => {
                let word = |i: usize| &text[runs[i].0 as usize..runs[i].1 as usize];
                lists.read(range, channel, keys, word, |cut, ids| {
                    cut.keys().iter().for_each(|key| table.prefetch(*key));
                    ids.extend(cut.keys().iter().map(|key| table.number(*key)).filter(|number| *number != 0));
                });
                lists.spread(tally);
            }
        });
        words.unwrap_or_else(|| self.known_words(passage.text))
    }

    /// Words of a text and how many of them are terms by themselves.
    fn known_words(&mut self, text: &str) -> (usize, usize) {
        self.tfidf.analyser().normalise(text, &mut self.buffers);
        self.tfidf.analyser().find_words(&mut self.buffers);
        Analyser::words(&self.buffers)
            .fold((0, 0), |(n, known), key| (n + 1, known + usize::from(self.tfidf.vocabulary().knows(key))))
    }
}
