//! What one thread finds while a vocabulary is looked for.

use std::ops::Range;
use std::sync::Arc;

use super::CHANNEL_MARK;
use super::analysis::{Analyser, Buffers, Grams, spell};
use super::pages::{reserve, room, room_for};
use super::params::{NgramRange, Passage};
use super::table::{AHEAD, KeyTable, prefetch};
use super::tally::WordLists;
use super::texts::{Contents, Numbers};

/// Terms in the order of their first occurrence, and what each text holds of them.
///
/// How often a term stands in a text is counted when it is known which terms are kept: then only those are, and numbered by
/// frequency their counts are close together.
pub(super) struct Counter {
    table: KeyTable,
    seen: Vec<Seen>,
    block: Vec<u8>,
    spellings: Spellings,
    /// The character n-grams of the words met so far.
    lists: WordLists,
    contents: Contents,
    /// How many texts there are to read.
    expected: usize,
}

/// A term that was found.
pub(super) struct Found {
    pub(super) key: u64,
    pub(super) df: u32,
    pub(super) block: u8,
    /// The number of its spelling; 0 if it has none.
    pub(super) spelling: u32,
}

/// In how many texts a term stands, and the last of them; texts are numbered from 1.
#[derive(Clone, Copy, Default)]
struct Seen {
    df: u32,
    last: u32,
}

impl Seen {
    /// Returns whether this is its first time in this text. That cannot be foreseen, so it is written either way.
    #[inline]
    fn within(&mut self, text: u32) -> bool {
        let new = self.last != text;
        self.df += u32::from(new);
        self.last = text;
        new
    }
}

/// How terms are spelled.
struct Spellings {
    /// A term is spelled when it is seen in so many texts.
    from: u32,
    /// The number of the spelling of each term that has one.
    numbers: Vec<u32>,
    /// Where each spelling ends, from 0 on.
    ends: Vec<u32>,
    bytes: String,
}

impl Spellings {
    fn add(&mut self, id: u32, spell: impl FnOnce(&mut String)) {
        self.numbers[id as usize] = self.ends.len() as u32;
        spell(&mut self.bytes);
        self.ends.push(self.bytes.len() as u32);
    }

    /// The bytes of a spelling; none of number 0.
    fn bytes_of(&self, number: u32) -> Range<usize> {
        let number = number as usize;
        self.ends[number.saturating_sub(1)] as usize..self.ends[number] as usize
    }
}

impl Counter {
    /// A counter with room for so many terms before it grows.
    fn with_capacity(n: usize, spelled_from: u32, expected: usize) -> Self {
        Self {
            table: KeyTable::with_capacity(n),
            seen: room(n),
            block: room(n),
            spellings: Spellings {
                from: spelled_from,
                numbers: room(n),
                ends: vec![0],
                bytes: String::new(),
            },
            lists: WordLists::default(),
            contents: Contents::empty(),
            expected,
        }
    }

    /// Finds all n-grams of these passages. Those in fewer texts than `spelled_from` may be left without a spelling.
    pub(super) fn read(analyser: &Analyser, passages: &[Passage<'_>], spelled_from: u32) -> Self {
        let n_bytes: usize = passages.iter().map(|passage| passage.text.len()).sum();
        let expected = passages.len();
        let mut counter =
            Self::with_capacity((n_bytes / BYTES_A_TERM).min(MOST_AT_FIRST), spelled_from, expected);
        let mut buffers = Buffers::default();
        let range = analyser.params().chars.unwrap_or(NgramRange::new(1, 1));
        for passage in passages {
            analyser.analyse(*passage, &mut buffers, |block, channel, grams| match grams {
                Grams::Words { range, keys, words, text } => {
                    counter.contents.room_for(keys.len(), expected);
                    counter.words(block, keys, |i, out| {
                        spell(channel, &words[Grams::words_of(range, words.len(), i)], text, out);
                    });
                }
                Grams::Chars { text, runs, keys } => {
                    counter.contents.room_for(2 * keys.len(), expected);
                    let word = |i: usize| &text[runs[i].0 as usize..runs[i].1 as usize];
                    counter.chars(block, channel, range, keys, word);
                }
            });
            counter.contents.end_text();
        }
        counter
    }

    /// The number of the text that is being read.
    fn text(&self) -> u32 {
        self.contents.n_texts() as u32 + 1
    }

    /// The id of a key.
    #[inline]
    fn id(&mut self, key: u64, block: usize) -> u32 {
        let id = self.table.insert(key);
        if id as usize == self.seen.len() {
            self.admit(block);
        }
        id
    }

    /// Takes in a term of this block. Kept apart, so that looking one up stays small.
    #[inline(never)]
    fn admit(&mut self, block: usize) {
        let (n, done) = (self.seen.len(), self.contents.n_texts() + 1);
        if n == self.seen.capacity() {
            room_for(&mut self.seen, 1, done, self.expected);
            let more = self.seen.capacity() - n;
            reserve(&mut self.block, more);
            reserve(&mut self.spellings.numbers, more);
        }
        self.seen.push(Seen::default());
        self.block.push(block as u8);
        self.spellings.numbers.push(0);
    }

    fn words(&mut self, block: usize, keys: &[u64], spell: impl Fn(usize, &mut String)) {
        for key in keys.iter().take(AHEAD) {
            self.table.prefetch(*key);
        }
        let from = self.contents.unfinished().len();
        for (i, key) in keys.iter().enumerate() {
            if let Some(next) = keys.get(i + AHEAD) {
                self.table.prefetch(*next);
            }
            let id = self.id(*key, block);
            prefetch(self.seen.as_ptr().wrapping_add(id as usize));
            self.contents.push(id);
        }
        // All are looked up before one is seen, so that what is known of them is on its way meanwhile.
        let text = self.text();
        for (i, id) in self.contents.unfinished()[from..].iter().enumerate() {
            let seen = &mut self.seen[*id as usize];
            let new = seen.within(text);
            if seen.df == self.spellings.from && new {
                self.spellings.add(*id, |out| spell(i, out));
            }
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
                let id = self.id(*key, block);
                if self.spellings.numbers[id as usize] == 0 {
                    self.spellings.add(id, |out| {
                        if !channel.is_empty() {
                            out.push_str(channel);
                            out.push(CHANNEL_MARK);
                        }
                        out.push_str(cut.spelling(i));
                    });
                }
                ids.push(id);
            }
        });
        let (text, contents, seen) = (self.text(), &mut self.contents, self.seen.as_mut_slice());
        lists.drain(|number, ids, times| {
            contents.push_list(number, times);
            for id in ids {
                seen[*id as usize].within(text);
            }
        });
        self.lists = lists;
    }

    /// The keys of the terms found.
    pub(super) fn keys(&self) -> &[u64] {
        self.table.keys()
    }

    /// The terms found, by id.
    pub(super) fn found(&self) -> impl Iterator<Item = Found> + '_ {
        let terms = self.table.keys().iter().zip(&self.block).zip(&self.seen).zip(&self.spellings.numbers);
        terms.map(|(((key, block), seen), spelling)| Found {
            key: *key,
            df: seen.df,
            block: *block,
            spelling: *spelling,
        })
    }

    /// A spelling, by number.
    pub(super) fn spelling(&self, number: u32) -> &str {
        &self.spellings.bytes[self.spellings.bytes_of(number)]
    }

    /// How many bytes all spellings have.
    pub(super) fn n_bytes(&self) -> usize {
        self.spellings.bytes.len()
    }

    /// Asks the processor to fetch where a spelling stands.
    pub(super) fn prefetch_place(&self, spelling: u32) {
        prefetch(self.spellings.ends.as_ptr().wrapping_add(spelling as usize));
    }

    /// Asks the processor to fetch a spelling.
    pub(super) fn prefetch_spelling(&self, spelling: u32) {
        prefetch(self.spellings.bytes.as_ptr().wrapping_add(self.spellings.bytes_of(spelling).start));
    }

    /// What is left when each term has become a column, or nothing: what its texts hold, what their terms have become, and how many
    /// columns they hold, those of each text counted once.
    ///
    /// # Arguments
    ///
    /// * `of_terms` - of each term, by id: one more than its column, or 0 where it was dropped.
    pub(super) fn into_numbered(self, of_terms: Vec<u32>) -> (Contents, Numbers, usize) {
        let kept = self.seen.iter().zip(&of_terms).filter(|(_, number)| **number != 0);
        let n_entries = kept.map(|(seen, _)| seen.df as usize).sum();
        let lists = self.lists.lists.renumbered(&of_terms);
        (self.contents, Numbers { of_terms: Arc::new(of_terms), lists }, n_entries)
    }
}

/// Where words and characters are counted, there is a new term for so many bytes of text or fewer, until there are very many.
const BYTES_A_TERM: usize = 64;
/// Room is made for so many terms before the first is seen; from there on it grows with them.
const MOST_AT_FIRST: usize = 1 << 19;
