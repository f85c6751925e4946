//! Where the terms of a text come from.

use super::analysis::{Analyser, Buffers, CharGrams, Grams};
use super::params::{Family, NgramRange, Passage};
use super::tfidf::Tfidf;

/// A text as the model reads it, its words, and which of them each term comes from.
pub(crate) struct Sources {
    /// Lower case, names rewritten.
    pub(crate) text: String,
    /// First byte and one past the last of each run without blanks.
    pub(crate) words: Vec<(usize, usize)>,
    pub(crate) places: Vec<Place>,
}

/// A word that a term of the vocabulary stands in; an n-gram of words stands in each of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    /// The term's column.
    pub(crate) id: u32,
    /// The number of the word.
    pub(crate) word: u32,
    /// The part of this occurrence that is this word's: one over the number of words of the n-gram.
    pub(crate) share: f64,
}

impl Tfidf {
    /// Where the terms of a passage come from.
    pub(crate) fn sources(&self, passage: Passage<'_>) -> Sources {
        let text = self.normalised(passage.text);
        let words: Vec<(usize, usize)> = text
            .split_whitespace()
            .map(|w| {
                let start = w.as_ptr() as usize - text.as_ptr() as usize;
                (start, start + w.len())
            })
            .collect();
        let mut places = Vec::new();
        if words.is_empty() {
            return Sources { text, words, places };
        }
        let holder = |at: usize| words.partition_point(|w| w.1 <= at).min(words.len() - 1) as u32;
        let piece =
            |from: usize, to: usize| self.normalised(passage.text.get(from..to).unwrap_or_default()).len();
        let (before, inside) = passage.span.map_or((0, 0), |s| (piece(0, s.start), piece(s.start, s.end)));
        let base = |block: usize, channel: &str| match (self.vocabulary().blocks()[block].family, channel) {
            (Family::Window, "in") => before,
            (Family::Window, "after") => before + inside,
            _ => 0,
        };
        let (mut cut, mut numbers) = (CharGrams::default(), Vec::new());
        let range = self.params().chars.unwrap_or(NgramRange::new(1, 1));
        let table = &self.vocabulary().table;
        self.analyser().analyse(passage, &mut Buffers::default(), |block, channel, grams| match grams {
            Grams::Words { range, keys, words, .. } => {
                numbers.resize(keys.len(), 0);
                table.look_up(keys, &mut numbers, |_| {});
                for (i, number) in numbers.iter().enumerate() {
                    let Some(id) = number.checked_sub(1) else { continue };
                    let at = |word: &super::words::Word| holder(base(block, channel) + word.start as usize);
                    let words = &words[Grams::words_of(range, words.len(), i)];
                    let share = 1.0 / words.len() as f64;
                    places.extend(words.iter().map(|w| Place { id, word: at(w), share }));
                }
            }
            Grams::Chars { text, runs, .. } => {
                for (start, end) in runs {
                    let run = &text[*start as usize..*end as usize];
                    let word = holder(base(block, channel) + *start as usize);
                    Analyser::char_grams(range, run, channel, &mut cut);
                    cut.keys().iter().for_each(|key| table.prefetch(*key));
                    let known = cut.keys().iter().filter_map(|key| table.number(*key).checked_sub(1));
                    places.extend(known.map(|id| Place { id, word, share: 1.0 }));
                }
            }
        });
        Sources { text, words, places }
    }
}
