//! From a text to the keys of its n-grams.

use super::hash::{CHANNEL, CHARS, WORD, hash, mix};
use super::params::{Block, Family, FeatureParams, Gram, NgramRange, Passage};
use super::rewrite::Rewriter;

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
    tokens: Vec<Token>,
    hashes: Vec<u64>,
    keys: Vec<u64>,
}

/// A word of the normalised text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Within the reach of a negation.
    pub(super) negated: bool,
}

/// N-grams as they come out of a text.
pub(super) enum Grams<'a> {
    /// The word n-grams of length `n`: key `i` stands for the tokens `i..i + n`.
    Words { n: usize, keys: &'a [u64], tokens: &'a [Token], text: &'a str },
    /// A word whose character n-grams are to be counted.
    Chars { word: &'a str, start: usize, key: u64 },
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
    /// of text, in text order.
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

    /// Normalises a text and finds its words.
    pub(super) fn read(&self, text: &str, buffers: &mut Buffers) {
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
        tokenise(&buffers.text, &mut buffers.tokens);
        if !self.stop_words.is_empty() {
            let text = &buffers.text;
            buffers.tokens.retain(|t| !self.stop_words.contains(&text[t.start as usize..t.end as usize]));
        }
        if self.params.negation {
            mark_negation(&buffers.text, &mut buffers.tokens);
        }
        buffers.hashes.clear();
        let text = buffers.text.as_bytes();
        buffers.hashes.extend(buffers.tokens.iter().map(|t| {
            let key = hash(WORD, &text[t.start as usize..t.end as usize]);
            if t.negated { mix(key, WORD) | 1 } else { key }
        }));
    }

    fn emit(
        &self,
        channels: &[Channel<'_>],
        buffers: &mut Buffers,
        found: &mut impl FnMut(usize, &str, Grams<'_>),
    ) {
        let Buffers { text, tokens, hashes, keys, .. } = buffers;
        for channel in channels {
            let channel_key = channel.key();
            for (index, block) in self.blocks.iter().enumerate().filter(|(_, b)| b.family == channel.family) {
                match block.gram {
                    Gram::Word => {
                        let range = self.params.words.unwrap_or(NgramRange::new(1, 1));
                        for n in usize::from(range.min)..=usize::from(range.max) {
                            keys.clear();
                            match n {
                                1 => keys.extend(hashes.iter().map(|h| in_channel(*h, channel_key))),
                                2 => keys.extend(
                                    hashes.windows(2).map(|w| in_channel(mix(w[0], w[1]) | 1, channel_key)),
                                ),
                                _ => keys
                                    .extend(hashes.windows(n).map(|w| in_channel(ngram_key(w), channel_key))),
                            }
                            found(index, channel.name, Grams::Words { n, keys, tokens, text });
                        }
                    }
                    Gram::Char => {
                        for word in text.split_whitespace() {
                            let key = in_channel(hash(CHARS ^ WORD, word.as_bytes()), channel_key);
                            let start = word.as_ptr() as usize - text.as_ptr() as usize;
                            found(index, channel.name, Grams::Chars { word, start, key });
                        }
                    }
                }
            }
        }
    }

    /// The keys of the words of the text read last.
    pub(super) fn tokens(buffers: &Buffers) -> impl Iterator<Item = u64> {
        buffers.hashes.iter().copied()
    }

    /// The key of a term as the vocabulary spells it.
    pub(super) fn term_key(gram: Gram, term: &str) -> u64 {
        let (channel, gram_text) = match term.split_once(CHANNEL_MARK) {
            Some((channel, rest)) => (channel_key(channel), rest),
            None => (0, term),
        };
        let key = match gram {
            Gram::Char => hash(CHARS, gram_text.as_bytes()),
            Gram::Word => {
                let hashes: Vec<u64> = gram_text
                    .split(' ')
                    .map(|word| match word.strip_prefix(NEGATED) {
                        Some(plain) => mix(hash(WORD, plain.as_bytes()), WORD) | 1,
                        None => hash(WORD, word.as_bytes()),
                    })
                    .collect();
                ngram_key(&hashes)
            }
        };
        in_channel(key, channel)
    }

    /// Calls `found(key, n-gram)` for the character n-grams of a word.
    pub(super) fn char_grams(
        range: NgramRange,
        word: &str,
        channel: &str,
        padded: &mut String,
        mut found: impl FnMut(u64, &str),
    ) {
        let channel = if channel.is_empty() { 0 } else { channel_key(channel) };
        padded.clear();
        padded.push(' ');
        padded.push_str(word);
        padded.push(' ');
        let mut bounds: Vec<usize> = padded.char_indices().map(|(i, _)| i).collect();
        bounds.push(padded.len());
        let length = bounds.len() - 1;
        for n in usize::from(range.min)..=usize::from(range.max) {
            if n >= length {
                // A word no longer than n stands once, whole, and longer n-grams add nothing.
                found(in_channel(hash(CHARS, padded.as_bytes()), channel), padded);
                return;
            }
            for i in 0..=length - n {
                let gram = &padded[bounds[i]..bounds[i + n]];
                found(in_channel(hash(CHARS, gram.as_bytes()), channel), gram);
            }
        }
    }
}

/// Stands before a word within the reach of a negation. Upper case, which no normalised word has.
pub(super) const NEGATED: &str = "NOT_";

fn ngram_key(hashes: &[u64]) -> u64 {
    let mut key = hashes.first().copied().unwrap_or(1);
    for h in hashes.get(1..).unwrap_or_default() {
        key = mix(key, *h) | 1;
    }
    key
}

/// Lower case, with the stress mark U+0301 dropped and the typographic apostrophe made plain.
pub(super) fn lower_case(text: &str, out: &mut String) {
    out.clear();
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
        return;
    }
    out.reserve(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let ascii = rest.bytes().position(|b| !b.is_ascii()).unwrap_or(rest.len());
        let from = out.len();
        out.push_str(&rest[..ascii]);
        out[from..].make_ascii_lowercase();
        rest = &rest[ascii..];
        let mut chars = rest.chars();
        while let Some(c) = chars.next() {
            match c {
                '\u{301}' => {}
                '\u{2019}' | '\u{2bc}' => out.push('\''),
                _ => out.extend(c.to_lowercase()),
            }
            rest = chars.as_str();
            if rest.as_bytes().first().is_none_or(u8::is_ascii) {
                break;
            }
        }
    }
}

/// 1 for the bytes of ASCII letters, digits and the underscore.
const WORD_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 128 {
        let byte = b as u8;
        table[b] = byte.is_ascii_alphanumeric() || byte == b'_';
        b += 1;
    }
    table
};

/// Finds the words: runs of at least two letters, digits or underscores.
fn tokenise(text: &str, tokens: &mut Vec<Token>) {
    tokens.clear();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let mut length = 0_usize;
        while at < bytes.len() {
            let byte = bytes[at];
            if WORD_BYTES[usize::from(byte)] {
                at += 1;
                length += 1;
            } else if byte < 128 {
                break;
            } else {
                let c = text[at..].chars().next().unwrap_or(' ');
                if !c.is_alphanumeric() {
                    break;
                }
                at += c.len_utf8();
                length += 1;
            }
        }
        if length >= 2 {
            tokens.push(Token { start: start as u32, end: at as u32, negated: false });
        }
        if at < bytes.len() {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
}

const NEGATIONS: [&str; 17] = [
    "not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot", "dont",
    "doesnt", "didnt", "isnt", "wasnt", "wont", "cant",
];

/// Marks the words after a negation, up to the next punctuation mark.
fn mark_negation(text: &str, tokens: &mut [Token]) {
    let mut negated = false;
    let mut last = 0;
    for token in tokens {
        let between = &text[last..token.start as usize];
        if between.contains(['.', ',', ';', ':', '!', '?', '(', ')', '"', '“', '”', '\n']) {
            negated = false;
        }
        let word = &text[token.start as usize..token.end as usize];
        token.negated = negated;
        let contracted = text[token.end as usize..].starts_with("'t") && word.ends_with('n');
        if NEGATIONS.contains(&word) || contracted {
            negated = true;
        }
        last = token.end as usize;
    }
}

/// The term of a word n-gram.
pub(super) fn spell(channel: &str, tokens: &[Token], text: &str, out: &mut String) {
    if !channel.is_empty() {
        out.push_str(channel);
        out.push(CHANNEL_MARK);
    }
    for (i, token) in tokens.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        if token.negated {
            out.push_str(NEGATED);
        }
        out.push_str(&text[token.start as usize..token.end as usize]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        let mut lower = String::new();
        lower_case(text, &mut lower);
        tokenise(&lower, &mut tokens);
        tokens.iter().map(|t| lower[t.start as usize..t.end as usize].to_string()).collect()
    }

    #[test]
    fn words_are_runs_of_two_or_more_letters() {
        assert_eq!(words("A NATO-led drill, isn’t it?"), ["nato", "led", "drill", "isn", "it"]);
        assert_eq!(words("Перегово\u{301}ри тривають — так!"), ["переговори", "тривають", "так"]);
        assert_eq!(words("x_y 42 é"), ["x_y", "42"]);
        assert!(words("").is_empty());
    }

    #[test]
    fn the_key_of_a_term_is_the_key_it_had_in_the_text() {
        let params = FeatureParams {
            words: Some(NgramRange::new(1, 3)),
            target: true,
            negation: true,
            ..FeatureParams::default()
        };
        let analyser = Analyser::new(&params, Rewriter::default());
        let passage = Passage { text: "We will not give up Kyiv.", target: "War", span: None };
        let mut seen = 0;
        analyser.analyse(passage, &mut Buffers::default(), |block, channel, grams| match grams {
            Grams::Words { n, keys, tokens, text } => {
                for (i, key) in keys.iter().enumerate() {
                    let mut term = String::new();
                    spell(channel, &tokens[i..i + n], text, &mut term);
                    assert_eq!(Analyser::term_key(Gram::Word, &term), *key, "{term}");
                    seen += 1;
                }
            }
            Grams::Chars { word, .. } => {
                assert_eq!(analyser.blocks()[block].gram, Gram::Char);
                Analyser::char_grams(
                    NgramRange::new(2, 5),
                    word,
                    channel,
                    &mut String::new(),
                    |key, gram| {
                        let term = if channel.is_empty() {
                            gram.to_string()
                        } else {
                            format!("{channel}{CHANNEL_MARK}{gram}")
                        };
                        assert_eq!(Analyser::term_key(Gram::Char, &term), key, "{term}");
                        seen += 1;
                    },
                );
            }
        });
        assert!(seen > 100, "{seen}");
    }
}
