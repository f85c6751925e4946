//! From a text to the keys of its n-grams.

use std::ops::Range;

use super::hash::{CHANNEL, CHARS, WORD, hash, hash_within, mix};
use super::params::{Block, Family, FeatureParams, Gram, NgramRange, Passage};
use super::rewrite::Rewriter;
use super::words::{Marks, Word, find_runs, find_words, lower_case, mark_negation};

/// Stands between the channel and the n-gram of a term that belongs to a channel.
pub(crate) const CHANNEL_MARK: char = '\u{1f}';

/// Turns passages into n-grams; knows nothing of vocabularies.
#[derive(Debug, Clone)]
pub(super) struct Analyser {
    params: FeatureParams,
    blocks: Vec<Block>,
    rewriter: Rewriter,
    stop_words: std::collections::BTreeSet<String>,
}

/// Buffers that one thread uses again for every text.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    raw: String,
    text: String,
    marks: Marks,
    words: Vec<Word>,
    /// Runs without blanks.
    runs: Vec<(u32, u32)>,
    hashes: Vec<u64>,
    keys: Vec<u64>,
}

/// N-grams as they come out of a text.
pub(super) enum Grams<'a> {
    /// The word n-grams, from the shortest on; [`Grams::words_of`] says which words a key stands for.
    Words { range: NgramRange, keys: &'a [u64], words: &'a [Word], text: &'a str },
    /// Words whose character n-grams are to be counted: runs without blanks, and a key for each.
    Chars { text: &'a str, runs: &'a [(u32, u32)], keys: &'a [u64] },
}

impl Grams<'_> {
    /// The words that key `i` of the word n-grams of `n_words` words stands for.
    pub(super) fn words_of(range: NgramRange, n_words: usize, mut i: usize) -> Range<usize> {
        for n in usize::from(range.min)..=usize::from(range.max) {
            let of_length = (n_words + 1).saturating_sub(n);
            if i < of_length {
                return i..i + n;
            }
            i -= of_length;
        }
        0..0
    }
}

/// A place where n-grams are looked for: the channel's name is part of their terms.
struct Channel<'a> {
    family: Family,
    name: &'a str,
}

impl Channel<'_> {
    fn key(&self) -> u64 {
        if self.name.is_empty() { 0 } else { channel_key(self.name) }
    }
}

fn channel_key(name: &str) -> u64 {
    hash(CHANNEL, name.as_bytes())
}

#[inline]
fn in_channel(key: u64, channel: u64) -> u64 {
    if channel == 0 { key } else { mix(key, channel) | 1 }
}

impl Buffers {
    /// The text read last, normalised.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl Analyser {
    pub(super) fn new(params: &FeatureParams, rewriter: Rewriter) -> Self {
        let stop_words = params.stop_words.iter().map(|w| w.to_lowercase()).collect();
        Self { blocks: params.blocks(), params: params.clone(), rewriter, stop_words }
    }

    pub(super) fn params(&self) -> &FeatureParams {
        &self.params
    }

    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    pub(super) fn rewriter(&self) -> &Rewriter {
        &self.rewriter
    }

    /// Calls `found(block, channel name, n-grams)` for all n-grams of a passage, block by block within a piece
    /// of text, those of each length in text order.
    pub(super) fn analyse(
        &self,
        passage: Passage<'_>,
        buffers: &mut Buffers,
        mut found: impl FnMut(usize, &str, Grams<'_>),
    ) {
        let target = passage.target.trim().to_lowercase();
        let mut channels = vec![Channel { family: Family::Plain, name: "" }];
        if self.params.target && !target.is_empty() {
            channels.push(Channel { family: Family::Target, name: &target });
        }
        self.read(passage.text, buffers);
        self.emit(&channels, buffers, &mut found);
        let Some(span) = passage.span.filter(|_| self.params.window) else { return };
        let text = passage.text;
        for (name, piece) in [
            ("before", text.get(..span.start)),
            ("in", text.get(span.start..span.end)),
            ("after", text.get(span.end..)),
        ] {
            self.read(piece.unwrap_or_default(), buffers);
            self.emit(&[Channel { family: Family::Window, name }], buffers, &mut found);
        }
    }

    /// Normalises a text, and finds its words if they are counted.
    fn read(&self, text: &str, buffers: &mut Buffers) {
        self.normalise(text, buffers);
        if self.params.words.is_some() {
            self.find_words(buffers);
        }
    }

    /// Lower case, names rewritten.
    pub(super) fn normalise(&self, text: &str, buffers: &mut Buffers) {
        if self.rewriter.is_empty() && !self.params.token_classes {
            lower_case(text, &mut buffers.text);
        } else {
            if self.params.token_classes {
                super::rewrite::fold_classes(text, &mut buffers.text);
                std::mem::swap(&mut buffers.raw, &mut buffers.text);
                let raw = std::mem::take(&mut buffers.raw);
                lower_case(&raw, &mut buffers.text);
                buffers.raw = raw;
            } else {
                lower_case(text, &mut buffers.text);
            }
            if !self.rewriter.is_empty() {
                self.rewriter.rewrite(&buffers.text, &mut buffers.raw);
                std::mem::swap(&mut buffers.raw, &mut buffers.text);
            }
        }
    }

    /// Finds the words of the text read last, and their keys.
    pub(super) fn find_words(&self, buffers: &mut Buffers) {
        let Buffers { text, marks, words, hashes, .. } = buffers;
        find_words(text, marks, words, hashes);
        if !self.stop_words.is_empty() {
            let kept = |w: &Word| !self.stop_words.contains(&text[w.start as usize..w.end as usize]);
            let mut of_hash = words.iter();
            hashes.retain(|_| of_hash.next().is_some_and(kept));
            words.retain(kept);
        }
        if self.params.negation {
            mark_negation(text, words);
            for (_, key) in words.iter().zip(hashes).filter(|(word, _)| word.negated) {
                *key = negated(*key);
            }
        }
    }

    fn emit(
        &self,
        channels: &[Channel<'_>],
        buffers: &mut Buffers,
        found: &mut impl FnMut(usize, &str, Grams<'_>),
    ) {
        let Buffers { text, marks, words, runs, hashes, keys, .. } = buffers;
        if self.params.chars.is_some() {
            find_runs(text, marks, runs);
        }
        for channel in channels {
            let channel_key = channel.key();
            for (index, block) in self.blocks.iter().enumerate().filter(|(_, b)| b.family == channel.family) {
                match block.gram {
                    Gram::Word => {
                        let range = self.params.words.unwrap_or(NgramRange::new(1, 1));
                        keys.clear();
                        for n in usize::from(range.min)..=usize::from(range.max) {
                            match n {
                                1 => keys.extend(hashes.iter().map(|h| in_channel(*h, channel_key))),
                                2 => keys.extend(
                                    hashes.windows(2).map(|w| in_channel(mix(w[0], w[1]) | 1, channel_key)),
                                ),
                                _ => keys
                                    .extend(hashes.windows(n).map(|w| in_channel(ngram_key(w), channel_key))),
                            }
                        }
                        found(index, channel.name, Grams::Words { range, keys, words, text });
                    }
                    Gram::Char => {
                        keys.clear();
                        keys.extend(runs.iter().map(|(start, end)| {
                            let key =
                                hash_within(CHARS ^ WORD, text.as_bytes(), *start as usize, *end as usize);
                            in_channel(key, channel_key)
                        }));
                        found(index, channel.name, Grams::Chars { text, runs, keys });
                    }
                }
            }
        }
    }

    /// The keys of the words of the text read last.
    pub(super) fn words(buffers: &Buffers) -> impl Iterator<Item = u64> {
        buffers.hashes.iter().copied()
    }

    /// The key of the term `text[start..end]` as the vocabulary spells it.
    pub(super) fn term_key(block: Block, text: &str, mut start: usize, end: usize) -> u64 {
        let bytes = text.as_bytes();
        let mut channel = 0;
        if block.family != Family::Plain
            && let Some(n) = bytes[start..end].iter().position(|b| char::from(*b) == CHANNEL_MARK)
        {
            channel = channel_key(&text[start..start + n]);
            start += n + CHANNEL_MARK.len_utf8();
        }
        if block.gram == Gram::Char {
            return in_channel(hash_within(CHARS, bytes, start, end), channel);
        }
        let mut key = None;
        loop {
            let stop = next_blank(bytes, start, end);
            let word = if bytes[start..stop].starts_with(NEGATED.as_bytes()) {
                negated(hash_within(WORD, bytes, start + NEGATED.len(), stop))
            } else {
                hash_within(WORD, bytes, start, stop)
            };
            let all = key.map_or(word, |key| mix(key, word) | 1);
            if stop == end {
                return in_channel(all, channel);
            }
            key = Some(all);
            start = stop + 1;
        }
    }

    /// Cuts a word into its character n-grams, the blanks around it counting as characters.
    pub(super) fn char_grams(range: NgramRange, word: &str, channel: &str, cut: &mut CharGrams) {
        let channel = if channel.is_empty() { 0 } else { channel_key(channel) };
        let CharGrams { text, bounds, keys, spans } = cut;
        text.clear();
        text.push(' ');
        text.push_str(word);
        text.push(' ');
        bounds.clear();
        bounds.extend(text.char_indices().map(|(i, _)| i as u32));
        bounds.push(text.len() as u32);
        // So that every n-gram is within sixteen bytes of something.
        text.push_str(ROOM);
        keys.clear();
        spans.clear();
        let mut add = |start: u32, end: u32| {
            let key = hash_within(CHARS, text.as_bytes(), start as usize, end as usize);
            keys.push(in_channel(key, channel));
            spans.push((start, end));
        };
        let length = bounds.len() - 1;
        for n in usize::from(range.min)..=usize::from(range.max) {
            if n >= length {
                // A word no longer than n stands once, whole, and longer n-grams add nothing.
                add(0, bounds[length]);
                return;
            }
            bounds.windows(n + 1).for_each(|of| add(of[0], of[n]));
        }
    }
}

/// The character n-grams of a word.
#[derive(Debug, Default)]
pub(super) struct CharGrams {
    text: String,
    bounds: Vec<u32>,
    keys: Vec<u64>,
    spans: Vec<(u32, u32)>,
}

const ROOM: &str = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

impl CharGrams {
    /// The key of each n-gram.
    pub(super) fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// The spelling of an n-gram.
    pub(super) fn spelling(&self, i: usize) -> &str {
        let (start, end) = self.spans[i];
        &self.text[start as usize..end as usize]
    }
}

/// Stands before a word within the reach of a negation. Upper case, which no normalised word has.
pub(super) const NEGATED: &str = "NOT_";

/// Where the first blank of `bytes[start..end]` is, or `end`.
fn next_blank(bytes: &[u8], mut start: usize, end: usize) -> usize {
    const LOW: u128 = u128::from_ne_bytes([0x7F; 16]);
    while start < end {
        let Some(sixteen) = bytes[start..].first_chunk::<16>() else {
            return bytes[start..end].iter().position(|b| *b == b' ').map_or(end, |n| start + n);
        };
        // The upper bit of each byte that is a blank, and no other bit.
        let differs = u128::from_le_bytes(*sixteen) ^ u128::from_ne_bytes([b' '; 16]);
        let blanks = !(((differs & LOW) + LOW) | differs | LOW);
        if blanks != 0 {
            return end.min(start + blanks.trailing_zeros() as usize / 8);
        }
        start += 16;
    }
    end
}

/// The key of a word within the reach of a negation.
fn negated(key: u64) -> u64 {
    mix(key, WORD) | 1
}

fn ngram_key(hashes: &[u64]) -> u64 {
    let mut key = hashes.first().copied().unwrap_or(1);
    for h in hashes.get(1..).unwrap_or_default() {
        key = mix(key, *h) | 1;
    }
    key
}

/// The term of a word n-gram.
pub(super) fn spell(channel: &str, words: &[Word], text: &str, out: &mut String) {
    if !channel.is_empty() {
        out.push_str(channel);
        out.push(CHANNEL_MARK);
    }
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        if word.negated {
            out.push_str(NEGATED);
        }
        out.push_str(&text[word.start as usize..word.end as usize]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_blank_is_the_first_one() {
        let text = "talks\u{a0}on a ceasefire_that_has_not_begun\u{e0}\u{e020} yet. !\u{7f}";
        for start in 0..=text.len() {
            for end in start..=text.len() {
                let first = text.as_bytes()[start..end].iter().position(|b| *b == b' ');
                assert_eq!(next_blank(text.as_bytes(), start, end), first.map_or(end, |n| start + n));
            }
        }
    }

    #[test]
    fn the_key_of_a_term_is_the_key_it_had_in_the_text() {
        let params = FeatureParams {
            words: Some(NgramRange::new(1, 3)),
            target: true,
            negation: true,
            stop_words: vec!["will".into()],
            ..FeatureParams::default()
        };
        let analyser = Analyser::new(&params, Rewriter::default());
        let passage = Passage { text: "We will not give up Kyiv.", target: "War", span: None };
        let mut seen = 0;
        analyser.analyse(passage, &mut Buffers::default(), |block, channel, grams| match grams {
            Grams::Words { range, keys, words, text } => {
                for (i, key) in keys.iter().enumerate() {
                    let mut term = String::new();
                    spell(channel, &words[Grams::words_of(range, words.len(), i)], text, &mut term);
                    let block = analyser.blocks()[block];
                    assert_eq!(Analyser::term_key(block, &term, 0, term.len()), *key, "{term}");
                    seen += 1;
                }
            }
            Grams::Chars { text, runs, .. } => {
                assert_eq!(analyser.blocks()[block].gram, Gram::Char);
                for (start, end) in runs {
                    let word = &text[*start as usize..*end as usize];
                    let mut cut = CharGrams::default();
                    Analyser::char_grams(NgramRange::new(2, 5), word, channel, &mut cut);
                    for (i, key) in cut.keys().iter().enumerate() {
                        let gram = cut.spelling(i);
                        let term = if channel.is_empty() {
                            gram.to_string()
                        } else {
                            format!("{channel}{CHANNEL_MARK}{gram}")
                        };
                        let block = analyser.blocks()[block];
                        assert_eq!(Analyser::term_key(block, &term, 0, term.len()), *key, "{term}");
                        seen += 1;
                    }
                }
            }
        });
        assert!(seen > 100, "{seen}");
    }
}
