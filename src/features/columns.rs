//! From what the threads found to rows of counts over the columns of a vocabulary.

use rayon::prelude::*;

use super::counter::{Contents, Counter, LIST};
use super::matrix::CsrMatrix;
use super::pages::zeros;
use super::table::{AHEAD, prefetch};
use super::tally::{Lists, Tally};

/// The rows that these counters found, over `n_cols` columns.
///
/// # Arguments
///
/// * `numbers` - for each counter, what [`Counter::into_columns`] takes.
/// * `finish` - makes what is given the columns and counts of each row, and may turn counts into other values.
pub(super) fn rows<F: FnMut(&[u32], &mut [f32])>(
    counters: Vec<Counter>,
    numbers: Vec<Vec<u32>>,
    n_cols: usize,
    finish: impl Fn() -> F + Sync,
) -> CsrMatrix {
    let parts: Vec<Columns> = counters
        .into_par_iter()
        .zip(numbers)
        .map(|(counter, numbers)| counter.into_columns(numbers))
        .collect();
    let n_entries = parts.iter().map(|part| part.n_entries).sum();
    let n_rows: usize = parts.iter().map(Columns::n_texts).sum();
    let (mut columns, mut values) = (zeros::<u32>(n_entries), zeros::<f32>(n_entries));
    let mut starts = vec![0; n_rows + 1];
    let (mut ids, mut counts, mut lengths) = (&mut columns[..], &mut values[..], &mut starts[1..]);
    // Each thread writes to its own place.
    let mut places = Vec::with_capacity(parts.len());
    for part in parts {
        let place = (
            ids.split_off_mut(..part.n_entries),
            counts.split_off_mut(..part.n_entries),
            lengths.split_off_mut(..part.n_texts()),
        );
        places.push((part, place));
    }
    places.into_par_iter().for_each(|(part, place)| {
        if let (Some(ids), Some(counts), Some(lengths)) = place {
            part.count(n_cols, ids, counts, lengths, finish());
        }
    });
    let mut end = 0;
    for start in &mut starts {
        end += *start;
        *start = end;
    }
    CsrMatrix { starts, columns, values, n_cols }
}

/// What a [`Counter`] found, in terms of columns.
pub(super) struct Columns {
    /// How many columns its texts hold, those of each text counted once.
    pub(super) n_entries: usize,
    /// The number of each term's column, which is one more, or 0 where the term was dropped.
    pub(super) number_of: Vec<u32>,
    pub(super) lists: Lists,
    pub(super) contents: Contents,
}

impl Columns {
    pub(super) fn n_texts(&self) -> usize {
        self.contents.starts.len() - 1
    }

    /// Writes the columns of each text, in the order of their first occurrence, and how often each stands in it.
    ///
    /// # Arguments
    ///
    /// * `n_cols` - all columns are below.
    /// * `ids`, `counts` - of length [`Columns::n_entries`].
    /// * `lengths` - gets the number of columns of each text.
    /// * `finish` - given the columns and counts of each text when they are written.
    pub(super) fn count(
        mut self,
        n_cols: usize,
        ids: &mut [u32],
        counts: &mut [f32],
        lengths: &mut [usize],
        mut finish: impl FnMut(&[u32], &mut [f32]),
    ) {
        let mut tally = Tally::of_columns(n_cols);
        let mut from = 0;
        for (text, length) in self.contents.starts.windows(2).zip(lengths) {
            let mut rest = &mut self.contents.items[text[0]..text[1]];
            while let Some(first) = rest.first() {
                if *first < LIST {
                    let n = rest.iter().position(|item| *item >= LIST).unwrap_or(rest.len());
                    let (terms, others) = rest.split_at_mut(n);
                    rest = others;
                    // All become columns before one is counted, so that the counts are on their way meanwhile.
                    let (number_of, ahead) = (&self.number_of[..], tally.ahead());
                    for at in 0..n {
                        if let Some(next) = terms.get(at + AHEAD) {
                            prefetch(number_of.as_ptr().wrapping_add(*next as usize));
                        }
                        let number = number_of[terms[at] as usize];
                        ahead(number);
                        terms[at] = number;
                    }
                    tally.add_known(terms);
                } else {
                    if let Some(next) = rest.get(2 * WORDS_AHEAD).filter(|next| **next >= LIST) {
                        self.lists.prefetch_span(*next - LIST);
                    }
                    if let Some(next) = rest.get(WORDS_AHEAD).filter(|next| **next >= LIST) {
                        self.lists.prefetch(*next - LIST);
                    }
                    let (list, times) = (self.lists.of(*first - LIST), rest[1]);
                    tally.expect(list.len());
                    tally.add_each(list, |_| times);
                    rest = &mut rest[2..];
                }
            }
            *length = tally.n_met();
            let row = from..from + *length;
            tally.drain_into(&mut ids[row.clone()], &mut counts[row.clone()]);
            finish(&ids[row.clone()], &mut counts[row]);
            from += *length;
        }
    }
}

/// So many items ahead, which are half as many words, a list is fetched.
const WORDS_AHEAD: usize = 32;
