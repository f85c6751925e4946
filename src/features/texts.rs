//! Texts as numbers, from which their rows are made: once, or whenever one is asked for.

use std::sync::Arc;

use rayon::prelude::*;

use super::matrix::CsrMatrix;
use super::pages::{room_for, zeros};
use super::table::{AHEAD, prefetch};
use super::tally::{Lists, Tally};

/// What stands in some texts, one after the other: a number below [`LIST`] is a term, 0 one that is of no account; another is a word
/// whose list of character n-grams has that number above `LIST`, and how often the word stands comes after it.
///
/// This takes a fraction of the memory of the rows that are made of it, as a word stands for all its character n-grams.
pub(super) struct Contents {
    /// Where each text begins; one more than there are texts.
    starts: Vec<usize>,
    items: Vec<u32>,
}

/// Terms have lower numbers: [`select`](super::selection::select) refuses half as many.
pub(super) const LIST: u32 = 1 << 31;

impl Contents {
    pub(super) fn empty() -> Self {
        Self { starts: vec![0], items: Vec::new() }
    }

    /// How many texts were ended.
    #[inline]
    pub(super) fn n_texts(&self) -> usize {
        self.starts.len() - 1
    }

    /// Makes room for so many items more; there will be `expected` texts in all.
    #[inline]
    pub(super) fn room_for(&mut self, more: usize, expected: usize) {
        room_for(&mut self.items, more, self.starts.len(), expected);
    }

    /// Adds so many terms to the text that is being written, and returns where their numbers are to be put.
    #[inline]
    pub(super) fn add(&mut self, n: usize, expected: usize) -> &mut [u32] {
        self.room_for(n, expected);
        let from = self.items.len();
        self.items.resize(from + n, 0);
        &mut self.items[from..]
    }

    /// Adds a word by its list, and how often it stands in the text.
    #[inline]
    pub(super) fn push_list(&mut self, list: u32, times: u32) {
        self.items.extend([LIST | list, times]);
    }

    /// Ends a text.
    pub(super) fn end_text(&mut self) {
        self.starts.push(self.items.len());
    }

    #[inline]
    fn of(&self, text: usize) -> &[u32] {
        &self.items[self.starts[text]..self.starts[text + 1]]
    }

    /// The items of a text that was ended.
    #[inline]
    pub(super) fn of_mut(&mut self, text: usize) -> &mut [u32] {
        &mut self.items[self.starts[text]..self.starts[text + 1]]
    }

    /// How many items the text that is being written has.
    #[inline]
    pub(super) fn n_written(&self) -> usize {
        self.items.len() - self.starts[self.n_texts()]
    }

    /// The same texts with other numbers for the terms; those whose number is 0 are dropped.
    pub(super) fn renumbered(mut self, number_of: &[u32]) -> Self {
        let (mut at, mut end) = (0, 0);
        for stop in &mut self.starts[1..] {
            while at < *stop {
                let item = self.items[at];
                if item < LIST {
                    if let Some(next) = self.items.get(at + AHEAD) {
                        prefetch(number_of.as_ptr().wrapping_add(*next as usize));
                    }
                    let number = number_of[item as usize];
                    self.items[end] = number;
                    end += usize::from(number != 0);
                    at += 1;
                } else {
                    self.items.copy_within(at..at + 2, end);
                    (at, end) = (at + 2, end + 2);
                }
            }
            *stop = end;
        }
        self.items.truncate(end);
        self.items.shrink_to_fit();
        self
    }
}

/// What becomes of the terms of some texts.
pub(super) struct Numbers {
    /// The number of each term's column, which is one more, or 0 where the term was dropped.
    pub(super) of_terms: Arc<Vec<u32>>,
    /// The same of the character n-grams of each word.
    pub(super) lists: Lists,
}

/// All texts, in the parts that threads read.
pub(super) struct Texts {
    parts: Vec<Contents>,
    /// How many texts each part has, but the last, which may have fewer.
    piece: usize,
}

impl Texts {
    pub(super) fn new(parts: Vec<Contents>) -> Self {
        let piece = parts.first().map_or(1, |part| part.n_texts().max(1));
        Self { parts, piece }
    }

    pub(super) fn n_texts(&self) -> usize {
        self.parts.iter().map(Contents::n_texts).sum()
    }

    /// The rows of all texts.
    ///
    /// # Arguments
    ///
    /// * `numbers` - of each part.
    /// * `n_entries` - how many columns the texts of each part hold, those of each text counted once.
    /// * `finish` - makes what is given the columns and counts of each row, and may turn counts into other values.
    pub(super) fn rows<F: FnMut(&[u32], &mut [f32])>(
        &self,
        numbers: &[Numbers],
        n_entries: &[usize],
        n_cols: usize,
        finish: impl Fn() -> F + Sync,
    ) -> CsrMatrix {
        let all: usize = n_entries.iter().sum();
        let (mut columns, mut values) = (zeros::<u32>(all), zeros::<f32>(all));
        let mut starts = vec![0; self.n_texts() + 1];
        let (mut ids, mut counts, mut lengths) = (&mut columns[..], &mut values[..], &mut starts[1..]);
        // Each thread writes to its own place.
        let mut places = Vec::with_capacity(self.parts.len());
        for (part, n) in self.parts.iter().zip(n_entries) {
            places.push((
                ids.split_off_mut(..*n),
                counts.split_off_mut(..*n),
                lengths.split_off_mut(..part.n_texts()),
            ));
        }
        places.into_par_iter().enumerate().for_each(|(part, place)| {
            let (Some(ids), Some(counts), Some(lengths)) = place else { return };
            let (mut reader, mut finish) = (TextReader::new(self, numbers, n_cols), finish());
            let mut end = 0;
            for (text, length) in lengths.iter_mut().enumerate() {
                *length = reader.count_in(part, text);
                let row = end..end + *length;
                reader.drain_into(&mut ids[row.clone()], &mut counts[row.clone()]);
                finish(&ids[row.clone()], &mut counts[row]);
                end += *length;
            }
        });
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        CsrMatrix { starts, columns, values, n_cols }
    }
}

/// Counts the columns of one text after the other.
pub(super) struct TextReader<'a> {
    texts: &'a Texts,
    numbers: &'a [Numbers],
    tally: Tally,
    /// The columns' numbers of the terms counted last come first; the rest is room.
    found: Vec<u32>,
}

impl<'a> TextReader<'a> {
    /// # Arguments
    ///
    /// * `numbers` - of each part of the texts.
    /// * `n_cols` - all columns are below.
    pub(super) fn new(texts: &'a Texts, numbers: &'a [Numbers], n_cols: usize) -> Self {
        Self { texts, numbers, tally: Tally::of_columns(n_cols), found: Vec::new() }
    }

    #[inline]
    fn place(&self, text: usize) -> (usize, usize) {
        (text / self.texts.piece, text % self.texts.piece)
    }

    /// Asks the processor to fetch what a text holds.
    #[inline]
    pub(super) fn prefetch(&self, text: usize) {
        let (part, text) = self.place(text);
        let items = self.texts.parts[part].of(text);
        items.iter().step_by(16).for_each(|item| prefetch(&raw const *item));
    }

    /// Counts the columns of a text and returns how many there are; they are to be drained before the next is counted.
    #[inline]
    pub(super) fn count(&mut self, text: usize) -> usize {
        let (part, text) = self.place(text);
        self.count_in(part, text)
    }

    fn count_in(&mut self, part: usize, text: usize) -> usize {
        let Self { texts, numbers, tally, found } = self;
        let Numbers { of_terms, lists } = &numbers[part];
        let mut rest = texts.parts[part].of(text);
        while let Some(first) = rest.first() {
            if *first < LIST {
                let n = rest.iter().position(|item| *item >= LIST).unwrap_or(rest.len());
                let (terms, others) = rest.split_at(n);
                rest = others;
                if found.len() < n {
                    found.resize(n.next_power_of_two(), 0);
                }
                // All become columns before one is counted, so that the counts are on their way meanwhile.
                let (of_terms, ahead) = (&of_terms[..], tally.ahead());
                for (at, place) in found[..n].iter_mut().enumerate() {
                    if let Some(next) = terms.get(at + AHEAD) {
                        prefetch(of_terms.as_ptr().wrapping_add(*next as usize));
                    }
                    *place = of_terms[terms[at] as usize];
                    ahead(*place);
                }
                tally.add_known(&found[..n]);
            } else {
                if let Some(next) = rest.get(2 * WORDS_AHEAD).filter(|next| **next >= LIST) {
                    lists.prefetch_span(*next - LIST);
                }
                if let Some(next) = rest.get(WORDS_AHEAD).filter(|next| **next >= LIST) {
                    lists.prefetch(*next - LIST);
                }
                let (list, times) = (lists.of(*first - LIST), rest[1]);
                tally.expect(list.len());
                tally.add_each(list, |_| times);
                rest = &rest[2..];
            }
        }
        tally.n_met()
    }

    /// Writes the columns of the text counted last, in the order of their first occurrence, and how often each stands in it.
    #[inline]
    pub(super) fn drain_into(&mut self, columns: &mut [u32], counts: &mut [f32]) {
        self.tally.drain_into(columns, counts);
    }

    /// Gives `found(column)` for each column of the text counted last. `ahead` is told of each some steps before.
    #[inline]
    pub(super) fn drain(&mut self, ahead: impl Fn(u32), mut found: impl FnMut(u32)) {
        self.tally.drain(|number| ahead(number - 1), |number, _| found(number - 1));
    }
}

/// So many items ahead, which are half as many words, a list is fetched.
const WORDS_AHEAD: usize = 32;
