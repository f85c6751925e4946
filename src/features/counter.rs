//! What one thread finds while a vocabulary is looked for.

use std::hint::select_unpredictable;
use std::ops::Range;
use std::sync::Arc;

use super::CHANNEL_MARK;
use super::analysis::{Analyser, Buffers, Grams, spell};
use super::firsts::Firsts;
use super::once::Once;
use super::pages::{reserve, room, room_for};
use super::params::{NgramRange, Passage};
use super::table::{KeyTable, prefetch};
use super::tally::WordLists;
use super::texts::{Contents, Numbers};

/// Terms in the order of their first occurrence, and what each text holds of them.
///
/// How often a term stands in a text is counted when it is known which terms are kept: then only those are, and numbered by
/// frequency their counts are close together.
pub(super) struct Counter {
    terms: Terms,
    /// Word n-grams that were new when they were met and may be dropped: most stand in one text only, so they become terms when they
    /// are met again.
    firsts: Firsts,
    /// Which keys of a text were not found; the rest is room.
    missed: Vec<u32>,
    /// The character n-grams of the words met so far.
    lists: WordLists,
    contents: Contents,
    /// How many texts there are to read.
    expected: usize,
}

/// Terms by their numbers, which are one more than their places in each of these vectors.
struct Terms {
    table: KeyTable,
    /// One more than there are terms: the first is nobody's.
    seen: Vec<Seen>,
    /// The text that each became a term in.
    born: Vec<u32>,
    block: Vec<u8>,
    /// Where each spelling ends, from 0 on.
    ends: Vec<u32>,
    spellings: String,
}

/// A term that was found.
pub(super) struct Found {
    pub(super) key: u64,
    pub(super) df: u32,
    pub(super) block: u8,
}

/// In how many texts a term stands, and the last of them; texts are numbered from 1.
#[derive(Clone, Copy, Default)]
struct Seen {
    df: u32,
    last: u32,
}

impl Seen {
    /// Whether it is the first time in this text cannot be foreseen, so it is written either way.
    #[inline]
    fn within(&mut self, text: u32) {
        self.df += u32::from(self.last != text);
        self.last = text;
    }
}

/// Where a key is met.
#[derive(Clone, Copy)]
struct Place {
    text: u32,
    block: u8,
    /// How many texts there are to read.
    expected: usize,
}

impl Terms {
    /// No terms, and room for so many before it grows.
    fn with_capacity(n: usize) -> Self {
        let mut seen = room(n + 1);
        seen.push(Seen::default());
        let mut ends = room(n + 1);
        ends.push(0);
        Self {
            table: KeyTable::with_capacity(n),
            seen,
            born: room(n),
            block: room(n),
            ends,
            spellings: String::new(),
        }
    }

    /// The number of a key, which becomes a term if it is none.
    #[inline]
    fn number(&mut self, key: u64, place: Place, spell: impl FnOnce(&mut String)) -> u32 {
        let id = self.table.insert(key);
        if id as usize == self.born.len() {
            self.admit(place);
            spell(&mut self.spellings);
            self.ends.push(self.spellings.len() as u32);
        }
        id + 1
    }

    /// Takes in a term. Kept apart, so that looking one up stays small.
    #[inline(never)]
    fn admit(&mut self, place: Place) {
        if self.born.len() == self.born.capacity() {
            room_for(&mut self.born, 1, place.text as usize, place.expected);
            let more = self.born.capacity() - self.born.len();
            reserve(&mut self.seen, more);
            reserve(&mut self.block, more);
            reserve(&mut self.ends, more);
        }
        self.seen.push(Seen::default());
        self.born.push(place.text);
        self.block.push(place.block);
    }

    /// The bytes of a spelling, by id.
    fn bytes_of(&self, id: u32) -> Range<usize> {
        self.ends[id as usize] as usize..self.ends[id as usize + 1] as usize
    }
}

impl Counter {
    /// Finds all n-grams of these passages.
    ///
    /// # Arguments
    ///
    /// * `once` - given where terms of a single text are dropped: what tells whether a word n-gram was met before, in these passages
    ///   or those of another counter.
    pub(super) fn read(analyser: &Analyser, passages: &[Passage<'_>], once: Option<&Once>) -> Self {
        let n_bytes: usize = passages.iter().map(|passage| passage.text.len()).sum();
        let expected = passages.len();
        let mut counter = Self {
            terms: Terms::with_capacity((n_bytes / BYTES_A_TERM).min(MOST_AT_FIRST)),
            firsts: Firsts::default(),
            missed: Vec::new(),
            lists: WordLists::default(),
            contents: Contents::empty(),
            expected,
        };
        let mut buffers = Buffers::default();
        let range = analyser.params().chars.unwrap_or(NgramRange::new(1, 1));
        for passage in passages {
            analyser.analyse(*passage, &mut buffers, |block, channel, grams| match grams {
                Grams::Words { range, keys, words, text } => {
                    counter.words(block, keys, once, |i, out| {
                        spell(channel, &words[Grams::words_of(range, words.len(), i)], text, out);
                    });
                }
                Grams::Chars { text, runs, keys } => {
                    let word = |i: usize| &text[runs[i].0 as usize..runs[i].1 as usize];
                    counter.chars(block, channel, range, keys, word);
                }
            });
            counter.contents.end_text();
            counter.firsts.end_text();
        }
        counter.number_firsts();
        counter
    }

    fn place(&self, block: usize) -> Place {
        Place { text: self.contents.n_texts() as u32 + 1, block: block as u8, expected: self.expected }
    }

    fn words(&mut self, block: usize, keys: &[u64], once: Option<&Once>, spell: impl Fn(usize, &mut String)) {
        let place = self.place(block);
        let Self { terms, firsts, missed, contents, expected, .. } = self;
        let before = contents.n_written();
        let numbers = contents.add(keys.len(), *expected);
        // All are looked up before one is seen, so that what is known of them is on its way meanwhile.
        let seen = terms.seen.as_ptr();
        terms.table.look_up(keys, numbers, |number| prefetch(seen.wrapping_add(number as usize)));
        if missed.len() < keys.len() {
            missed.resize(keys.len().next_power_of_two(), 0);
        }
        let mut n_missed = 0;
        for (i, number) in numbers.iter().enumerate() {
            // Which are found cannot be foreseen, so each is written.
            missed[n_missed] = i as u32;
            n_missed += usize::from(*number == 0);
        }
        let missed = missed[..n_missed].iter().map(|i| *i as usize);
        if let Some(once) = once {
            missed.clone().for_each(|i| once.prefetch(keys[i]));
            firsts.room_for(n_missed, *expected);
        }
        for i in missed {
            match once {
                Some(once) if once.is_first(keys[i]) => firsts.push(keys[i], before + i),
                _ => numbers[i] = terms.number(keys[i], place, |out| spell(i, out)),
            }
        }
        for number in numbers {
            terms.seen[*number as usize].within(place.text);
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
        let place = self.place(block);
        let Self { terms, lists, contents, expected, .. } = self;
        lists.read(range, channel, keys, word, |cut, numbers| {
            cut.keys().iter().for_each(|key| terms.table.prefetch(*key));
            for (i, key) in cut.keys().iter().enumerate() {
                numbers.push(terms.number(*key, place, |out| {
                    if !channel.is_empty() {
                        out.push_str(channel);
                        out.push(CHANNEL_MARK);
                    }
                    out.push_str(cut.spelling(i));
                }));
            }
        });
        contents.room_for(2 * keys.len(), *expected);
        let seen = terms.seen.as_mut_slice();
        lists.drain(|list, numbers, times| {
            contents.push_list(list, times);
            for number in numbers {
                seen[*number as usize].within(place.text);
            }
        });
    }

    /// Gives the first occurrences of what became a term later the number of the term. Those of all else are left.
    fn number_firsts(&mut self) {
        let Self { terms: Terms { table, seen, born, .. }, firsts, contents, .. } = self;
        if table.len() == 0 {
            return;
        }
        let of_terms = table.keys();
        let (known, frequencies, texts) = (of_terms.as_ptr(), seen.as_ptr(), born.as_ptr());
        let ahead = |number: u32| {
            let (number, id) = (number as usize, (number as usize).saturating_sub(1));
            prefetch(known.wrapping_add(id));
            prefetch(frequencies.wrapping_add(number));
            prefetch(texts.wrapping_add(id));
        };
        firsts.number(
            contents,
            |keys, numbers| table.look_up(keys, numbers, ahead),
            |number, key, text| {
                // One may be taken for another term, which stands in this text perhaps: it is made sure.
                let id = (number as usize).saturating_sub(1);
                let number = select_unpredictable(of_terms[id] == key, number, 0);
                // What became a term in the same text was counted there.
                seen[number as usize].df += u32::from(born[id] != text as u32 + 1);
                number
            },
        );
    }

    /// The keys of the terms found.
    pub(super) fn keys(&self) -> &[u64] {
        self.terms.table.keys()
    }

    /// The keys that are no terms here, and were met nowhere before.
    pub(super) fn firsts(&self) -> &[u64] {
        self.firsts.keys()
    }

    /// The terms found, by id.
    pub(super) fn found(&self) -> impl Iterator<Item = Found> + '_ {
        let Terms { table, seen, block, .. } = &self.terms;
        let terms = table.keys().iter().zip(block).zip(&seen[1..]);
        terms.map(|((key, block), seen)| Found { key: *key, df: seen.df, block: *block })
    }

    /// The spelling of a term, by id.
    pub(super) fn spelling(&self, id: u32) -> &str {
        &self.terms.spellings[self.terms.bytes_of(id)]
    }

    /// How many bytes all spellings have.
    pub(super) fn n_bytes(&self) -> usize {
        self.terms.spellings.len()
    }

    /// Asks the processor to fetch where a spelling stands.
    pub(super) fn prefetch_place(&self, id: u32) {
        prefetch(self.terms.ends.as_ptr().wrapping_add(id as usize));
    }

    /// Asks the processor to fetch a spelling.
    pub(super) fn prefetch_spelling(&self, id: u32) {
        prefetch(self.terms.spellings.as_ptr().wrapping_add(self.terms.bytes_of(id).start));
    }

    /// What is left when each term has become a column, or nothing: what its texts hold, what their terms have become, and how many
    /// columns they hold, those of each text counted once.
    ///
    /// # Arguments
    ///
    /// * `of_terms` - of each term, by its number: one more than its column, or 0 where it was dropped; the same of number 0, which is
    ///   none, and after the terms of each of [`Counter::firsts`].
    pub(super) fn into_numbered(self, of_terms: Vec<u32>) -> (Contents, Numbers, usize) {
        let Self { terms, firsts, lists, mut contents, .. } = self;
        let kept = terms.seen.iter().zip(&of_terms).filter(|(_, number)| **number != 0);
        let mut n_entries = kept.map(|(seen, _)| seen.df as usize).sum();
        let (first, of_firsts) = (terms.seen.len(), of_terms.get(terms.seen.len()..).unwrap_or_default());
        if !of_firsts.is_empty() {
            firsts.fill(&mut contents, |i| {
                let kept = u32::from(of_firsts[i] != 0);
                n_entries += kept as usize;
                (first + i) as u32 * kept
            });
        }
        let lists = lists.lists.renumbered(&of_terms);
        (contents, Numbers { of_terms: Arc::new(of_terms), lists }, n_entries)
    }
}

/// Where words and characters are counted, there is a new term for so many bytes of text or fewer, until there are very many.
const BYTES_A_TERM: usize = 64;
/// Room is made for so many terms before the first is seen; from there on it grows with them.
const MOST_AT_FIRST: usize = 1 << 19;

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::{FeatureParams, Rewriter, Tfidf};
    use super::*;

    #[test]
    fn terms_stand_in_as_many_texts_whoever_met_them_first() {
        // Beside a common word: one of a single text, there once or twice; one of two texts that stand next to each other, and one of
        // two far apart, so that another thread meets it again; and a word twice in the first of its two texts.
        let texts: Vec<String> = (0..300)
            .map(|i| {
                let (near, far, twice) = (i / 2, i % 150, i % 149);
                format!(
                    "common once{i} pair{i} pair{i} near{near} far{far} {}",
                    if i < 149 { format!("twice{twice} ").repeat(2) } else { format!("twice{twice}") }
                )
            })
            .collect();
        let mut df: BTreeMap<&str, u32> = BTreeMap::new();
        for text in &texts {
            text.split_whitespace()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .for_each(|w| *df.entry(w).or_default() += 1);
        }
        let passages: Vec<Passage<'_>> = texts.iter().map(|text| text.as_str().into()).collect();
        let words = Some(NgramRange::new(1, 1));
        for min_df in [1, 2, 3] {
            let params = FeatureParams { words, chars: None, min_df, ..FeatureParams::default() };
            let kept: BTreeMap<&str, u32> =
                df.iter().filter(|(_, n)| **n >= min_df).map(|(w, n)| (*w, *n)).collect();
            for n_threads in [1, 2, 4] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().expect("threads");
                let fitted = pool.install(|| Tfidf::fit_counting(&params, Rewriter::default(), &passages));
                let (tfidf, x, dropped) = fitted.expect("fits");
                let vocabulary = tfidf.vocabulary();
                let frequencies = vocabulary.document_frequencies().iter().copied();
                let found: BTreeMap<&str, u32> =
                    (0..vocabulary.len()).map(|id| vocabulary.term(id)).zip(frequencies).collect();
                assert_eq!(
                    (&found, dropped.by_frequency),
                    (&kept, df.len() - kept.len()),
                    "{n_threads} threads"
                );
                for (i, text) in texts.iter().enumerate() {
                    let of_row: BTreeSet<&str> =
                        x.row(i).columns.iter().map(|c| vocabulary.term(*c as usize)).collect();
                    let of_text: BTreeSet<&str> =
                        text.split_whitespace().filter(|w| kept.contains_key(w)).collect();
                    assert_eq!((of_row, x.row(i).columns.len()), (of_text.clone(), of_text.len()), "{text}");
                }
            }
        }
    }

    #[test]
    fn rows_are_those_of_reading_anew_in_every_channel() {
        let texts: Vec<String> = (0..200)
            .map(|i| format!("rare{i} near{} far{} talks on both rare{i} sides", i / 2, i % 100))
            .collect();
        // A text is read three times: as a whole, by its target, and around its span.
        let passages: Vec<Passage<'_>> = texts
            .iter()
            .zip(0..)
            .map(|(text, i)| Passage {
                text,
                target: ["Kyiv", "Minsk", ""][i % 3],
                span: Some(crate::types::Span { start: 5, end: 9 + i % 7 }),
            })
            .collect();
        for chars in [None, Some(NgramRange::new(2, 4))] {
            let words = Some(NgramRange::new(1, 2));
            let params = FeatureParams {
                words,
                chars,
                min_df: 2,
                target: true,
                window: true,
                ..FeatureParams::default()
            };
            for n_threads in [1, 2, 4] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().expect("threads");
                let (tfidf, x) =
                    pool.install(|| Tfidf::fit(&params, Rewriter::default(), &passages)).expect("fits");
                assert!(tfidf.vocabulary().blocks().len() >= 3, "{:?}", tfidf.vocabulary().blocks());
                assert_eq!(tfidf.transform(&passages), x, "{n_threads} threads");
            }
        }
    }
}
