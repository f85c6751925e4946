//! An article as the rules see it: items (words, punctuation, whole quotations) in sentences in paragraphs.

use super::lexicon::{Lexicon, class};
use super::marks::{Quoted, quotations};
use crate::text::{Token, TokenKind, tokens};
use crate::types::Span;

/// A word, a punctuation character, or a whole quotation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    /// Bytes.
    pub start: u32,
    /// Bytes.
    pub end: u32,
    /// Bits of [`class`].
    pub classes: u64,
    /// See [`super::lexicon::WordInfo::forms`].
    pub forms: u16,
    /// Index into [`Reading::quotes`], when `classes` has `QUOTE`.
    pub quote: u32,
}

impl Item {
    /// True when it has one of these classes.
    pub fn is(self, classes: u64) -> bool {
        self.classes & classes != 0
    }
}

/// A sentence: items `start..end`, in this paragraph.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sentence {
    pub start: usize,
    pub end: usize,
    pub paragraph: u32,
    /// It ends its paragraph with a colon.
    pub colon: bool,
}

/// An article, read once.
pub(crate) struct Reading<'a> {
    pub text: &'a str,
    pub lexicon: &'a Lexicon,
    pub items: Vec<Item>,
    pub sentences: Vec<Sentence>,
    pub quotes: Vec<Quoted>,
    /// Bytes at which an unclosed quotation opens.
    pub unclosed: Vec<usize>,
    /// Item ranges of the paragraphs.
    pub paragraphs: Vec<(usize, usize)>,
}

impl<'a> Reading<'a> {
    /// Reads a text; what lies in `ignored` (in order) is passed over.
    pub fn new(text: &'a str, ignored: &[Span], lexicon: &'a Lexicon) -> Self {
        let tokens = tokens(text);
        let skipped = skipped(&tokens, ignored);
        let (quotes, unclosed) = quotations(text, &tokens, &skipped);
        let unclosed = unclosed.into_iter().map(|t| tokens[t].start as usize).collect();
        let mut reading = Self {
            text,
            lexicon,
            items: Vec::with_capacity(tokens.len()),
            sentences: Vec::new(),
            quotes,
            unclosed,
            paragraphs: Vec::new(),
        };
        reading.fill(&tokens, &skipped);
        reading
    }

    fn fill(&mut self, tokens: &[Token], skipped: &[bool]) {
        let mut lower = String::new();
        let mut quote = 0;
        let mut first = 0;
        let mut begin = 0;
        let mut i = 0;
        while i < tokens.len() {
            let token = tokens[i];
            if quote < self.quotes.len() && self.quotes[quote].open == i {
                let close = self.quotes[quote].close;
                self.items.push(Item {
                    start: token.start,
                    end: tokens[close].end,
                    classes: class::QUOTE,
                    forms: 0,
                    quote: quote as u32,
                });
                quote += 1;
                i = close + 1;
            } else if token.kind == TokenKind::Break {
                self.end_paragraph(&mut first, &mut begin);
                i += 1;
            } else {
                if !skipped[i] {
                    let item = self.item(token, &mut lower);
                    // The dot of an abbreviation belongs to it.
                    let dot = item.is(class::ABBREVIATION)
                        && tokens.get(i + 1).is_some_and(|t| !t.spaced && t.of(self.text) == ".")
                        && tokens.get(i + 2).is_some_and(|t| t.kind != TokenKind::Break);
                    self.items.push(item);
                    i += usize::from(dot);
                }
                i += 1;
            }
            let n = self.items.len();
            if n > begin && n > 0 && self.ends_sentence(n - 1, tokens.get(i).copied()) {
                self.end_sentence(first, &mut begin);
            }
        }
        self.end_paragraph(&mut first, &mut begin);
    }

    fn end_sentence(&mut self, _first: usize, begin: &mut usize) {
        let end = self.items.len();
        if end > *begin {
            self.items[*begin].classes |= class::FIRST;
            let paragraph = self.paragraphs.len() as u32;
            self.sentences.push(Sentence { start: *begin, end, paragraph, colon: false });
            *begin = end;
        }
    }

    fn end_paragraph(&mut self, first: &mut usize, begin: &mut usize) {
        self.end_sentence(*first, begin);
        let end = self.items.len();
        if end > *first {
            if self.items[end - 1].is(class::COLON)
                && let Some(last) = self.sentences.last_mut()
            {
                last.colon = true;
            }
            self.paragraphs.push((*first, end));
            *first = end;
        }
    }

    fn item(&self, token: Token, lower: &mut String) -> Item {
        let piece = token.of(self.text);
        let mut item = Item { start: token.start, end: token.end, classes: 0, forms: 0, quote: 0 };
        match token.kind {
            TokenKind::Word => {
                let capital = piece.chars().next().is_some_and(char::is_uppercase);
                lower.clear();
                if piece.is_ascii() {
                    lower.push_str(piece);
                    lower.make_ascii_lowercase();
                } else {
                    lower.extend(piece.chars().flat_map(char::to_lowercase));
                    if lower.contains('’') {
                        *lower = lower.replace('’', "'");
                    }
                }
                let info = self.lexicon.word(lower);
                item.classes = info.classes | class::WORD;
                item.forms = info.forms;
                if info.classes & class::GENITIVE != 0 {
                    item.classes &= !class::GENITIVE;
                    let pronoun = class::SUBJECT | class::RELATIVE | class::WH | class::COMPLEMENTIZER;
                    let is = self
                        .items
                        .last()
                        .is_some_and(|before| before.is(pronoun) && !before.is(class::SHOUT));
                    item.classes |= if is { class::AUXILIARY } else { class::GENITIVE };
                } else if info.classes == 0
                    && info.forms == 0
                    && !capital
                    && !self.lexicon.adverb_suffix.is_empty()
                    && lower.len() > 4
                    && lower.ends_with(&self.lexicon.adverb_suffix)
                {
                    item.classes |= class::ADVERB;
                }
                if capital {
                    item.classes |= class::CAPITAL;
                    if piece.len() > 1 && piece.chars().all(|c| !c.is_lowercase()) {
                        item.classes |= class::SHOUT;
                    }
                }
            }
            TokenKind::Number => item.classes = class::NUMBER,
            _ => item.classes = punctuation(piece),
        }
        item
    }

    /// True when a sentence ends after item `last`, the next token being `next`.
    fn ends_sentence(&self, last: usize, next: Option<Token>) -> bool {
        let item = self.items[last];
        let Some(next) = next else { return false };
        if next.kind == TokenKind::Break {
            return false;
        }
        let piece = next.of(self.text);
        let starts = next.kind != TokenKind::Punctuation && !piece.starts_with(char::is_lowercase)
            || matches!(piece, "(" | "[" | "–" | "—" | "-" | "•" | "*");
        if !starts || !next.spaced {
            return false;
        }
        if item.is(class::STOP) {
            return !(item.len_is_dot(self.text) && self.initial_before(last));
        }
        if item.is(class::CLOSE) {
            return last > 0 && self.items[last - 1].is(class::STOP);
        }
        if item.is(class::QUOTE) {
            return self.quote_ends_sentence(item.quote as usize);
        }
        // "in the U.S. He left": a dotted abbreviation before a word that begins sentences.
        let dotted = item.is(class::WORD) && self.slice(item).ends_with('.');
        dotted
            && next.kind == TokenKind::Word
            && self.lexicon.word(&piece.to_lowercase()).classes
                & (class::DETERMINER | class::SUBJECT | class::SUBORDINATION | class::COORDINATION)
                != 0
    }

    /// "J. Smith": the dot after an initial ends nothing.
    fn initial_before(&self, dot: usize) -> bool {
        dot > 0 && {
            let before = self.items[dot - 1];
            before.is(class::CAPITAL) && self.slice(before).chars().count() == 1 && !before.is(class::I)
        }
    }

    /// True when the words in the marks end with a sentence's end.
    pub fn quote_ends_sentence(&self, quote: usize) -> bool {
        let quoted = &self.quotes[quote];
        quoted.parts.last().is_some_and(|part| {
            part.slice(self.text)
                .trim_end_matches(['’', '\'', ')', ']', '”', '"', '“'])
                .ends_with(['.', '!', '?', '…'])
        })
    }

    /// True when the words in the marks end with any punctuation that joins them to their attribution.
    pub fn quote_is_closed_off(&self, quote: usize) -> bool {
        let quoted = &self.quotes[quote];
        quoted
            .parts
            .last()
            .is_some_and(|part| part.slice(self.text).ends_with([',', '.', '!', '?', '…', '-', '–', '—']))
    }

    /// Words in the marks.
    pub fn quote_words(&self, quote: usize) -> usize {
        self.quotes[quote].parts.iter().map(|p| p.slice(self.text).split_whitespace().count()).sum()
    }

    /// The first letter in the marks is a capital.
    pub fn quote_starts_upper(&self, quote: usize) -> bool {
        self.quotes[quote]
            .parts
            .first()
            .and_then(|part| part.slice(self.text).chars().find(|c| c.is_alphanumeric()))
            .is_some_and(|c| c.is_uppercase() || c.is_numeric())
    }

    /// True when this sentence begins with "the", a role, and no name.
    pub fn begins_with_role(&self, sentence: usize) -> bool {
        let Some(&Sentence { start, end, .. }) = self.sentences.get(sentence) else { return false };
        let role = (start + 1..end.min(start + 4)).find(|&i| self.items[i].is(class::ROLE));
        self.items[start].is(class::DETERMINER)
            && role.is_some_and(|r| {
                (start + 1..=r)
                    .all(|i| !self.items[i].is(class::CAPITAL) || self.items[i].is(class::NATIONALITY))
                    && self.at(
                        r + 1,
                        end,
                        class::AUXILIARY | class::MODAL | class::VERB | class::CUE_VERB | class::ADVERB,
                    )
            })
    }

    /// The title of a work or a programme in marks: "the show “Meet the Town”".
    pub fn is_title(&self, i: usize) -> bool {
        let quote = self.items[i].quote as usize;
        let text = self.quotes[quote].parts.first().map_or("", |p| p.slice(self.text));
        let words = text.split_whitespace().count();
        let capitals = text.split_whitespace().filter(|w| w.starts_with(|c: char| c.is_uppercase())).count();
        let follows = i > 0
            && self.items[i - 1].is(class::PREPOSITION
                | class::GENITIVE
                | class::DETERMINER
                | class::POSSESSIVE
                | class::CAPITAL
                | class::ORGANISATION);
        (1..=7).contains(&words) && capitals * 5 >= words * 3 && follows && !text.ends_with(['!', '?'])
    }

    /// "Image: Anna Berg": a picture's caption or another line beside the text.
    pub fn is_caption(&self, start: usize, end: usize) -> bool {
        let end = end.min(start + 20);
        (start + 1..end).any(|i| self.items[i].is(class::COLON) && self.items[i - 1].is(class::NOT_NAME))
    }

    /// "Anna Berg on the bridge Image: City of Weiss": nothing in it is reported.
    pub fn has_picture_label(&self, start: usize, end: usize) -> bool {
        let end = end.min(start + 20);
        (start + 1..end).any(|i| {
            let label = self.items[i - 1];
            self.items[i].is(class::COLON)
                && label.is(class::NOT_NAME)
                && label.is(class::CAPITAL)
                && !self.at(i + 1, end, class::QUOTE)
        })
    }

    /// The text of an item.
    pub fn slice(&self, item: Item) -> &'a str {
        &self.text[item.start as usize..item.end as usize]
    }

    /// The text of items `start..end`.
    pub fn words(&self, start: usize, end: usize) -> &'a str {
        if start >= end {
            return "";
        }
        &self.text[self.items[start].start as usize..self.items[end - 1].end as usize]
    }

    /// The item in lower case.
    pub fn lower(&self, i: usize) -> String {
        self.slice(self.items[i]).to_lowercase()
    }

    /// True when item `i` exists before `end` and has one of these classes.
    pub fn at(&self, i: usize, end: usize, classes: u64) -> bool {
        i < end && self.items[i].is(classes)
    }
}

impl Item {
    fn len_is_dot(self, text: &str) -> bool {
        &text[self.start as usize..self.end as usize] == "."
    }
}

fn punctuation(piece: &str) -> u64 {
    match piece {
        "," => class::COMMA,
        "." | "!" | "?" | "…" => class::STOP,
        ":" => class::COLON,
        ";" => class::SEMICOLON,
        "–" | "—" | "-" | "―" | "−" => class::DASH,
        "(" | "[" | "{" => class::OPEN,
        ")" | "]" | "}" => class::CLOSE,
        "%" => class::NUMBER | class::GROUP,
        _ => 0,
    }
}

fn skipped(tokens: &[Token], ignored: &[Span]) -> Vec<bool> {
    let mut next = 0;
    tokens
        .iter()
        .map(|token| {
            let start = token.start as usize;
            while next < ignored.len() && ignored[next].end <= start {
                next += 1;
            }
            token.kind != TokenKind::Break && next < ignored.len() && ignored[next].contains(start)
        })
        .collect()
}
