/// What a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Letters, with inner apostrophes, hyphens and the dots of abbreviations such as `U.S.`
    Word,
    /// Digits, with inner separators.
    Number,
    /// A quotation mark or an apostrophe that belongs to no word.
    Mark,
    /// Any other character that is not white space.
    Punctuation,
    /// The end of a paragraph; covers the line break.
    Break,
}

/// A piece of text: bytes `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// What it is.
    pub kind: TokenKind,
    /// White space, a line break or the text's edge stands before it.
    pub spaced: bool,
}

impl Token {
    /// The characters it covers.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start as usize..self.end as usize]
    }
}

/// Splits a text into tokens, in order, in one pass.
///
/// A line break ends a paragraph unless the line before it stops in mid-sentence and the next goes on in lower
/// case, as in texts with hard line ends. `'s` is a token of its own. Offsets are `u32`, so at most the first
/// 4 GiB are read.
///
/// # Example
///
/// ```
/// use sayso::text::tokens;
///
/// let text = "The U.S. envoy's view: \"No.\"";
/// let words: Vec<&str> = tokens(text).iter().map(|t| t.of(text)).collect();
/// assert_eq!(words, ["The", "U.S.", "envoy", "'s", "view", ":", "\"", "No", ".", "\""]);
/// ```
pub fn tokens(text: &str) -> Vec<Token> {
    let mut scanner = Scanner { text, tokens: Vec::with_capacity(text.len() / 5), at: 0, spaced: true };
    while scanner.at < text.len() && scanner.at < u32::MAX as usize - 64 {
        scanner.step();
    }
    scanner.tokens
}

struct Scanner<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    spaced: bool,
}

impl Scanner<'_> {
    fn char_at(&self, at: usize) -> Option<char> {
        let byte = *self.text.as_bytes().get(at)?;
        if byte.is_ascii() { Some(char::from(byte)) } else { self.text[at..].chars().next() }
    }

    fn push(&mut self, end: usize, kind: TokenKind) {
        self.tokens.push(Token { start: self.at as u32, end: end as u32, kind, spaced: self.spaced });
        self.spaced = kind == TokenKind::Break;
        self.at = end;
    }

    fn step(&mut self) {
        let Some(c) = self.char_at(self.at) else {
            self.at = self.text.len();
            return;
        };
        let after = self.at + c.len_utf8();
        if c == '\n' || c == '\r' || c == '\u{2029}' || c == '\u{85}' {
            self.line_break();
        } else if c.is_whitespace() || c == '\u{200b}' || c == '\u{feff}' {
            self.spaced = true;
            self.at = after;
        } else if c.is_numeric() {
            let end = self.number_end();
            self.push(end, TokenKind::Number);
        } else if c.is_alphanumeric() || ((c == '@' || c == '#') && self.letter_at(after)) {
            self.word(after);
        } else if is_mark(c) {
            let doubled = matches!(c, '\'' | '`' | '’' | '‘') && self.char_at(after) == Some(c);
            self.push(if doubled { after + c.len_utf8() } else { after }, TokenKind::Mark);
        } else {
            self.push(after, TokenKind::Punctuation);
        }
    }

    fn letter_at(&self, at: usize) -> bool {
        self.char_at(at).is_some_and(char::is_alphanumeric)
    }

    fn line_break(&mut self) {
        let start = self.at;
        let mut lines = 0;
        let mut end = start;
        while let Some(c) = self.char_at(end).filter(|c| c.is_whitespace()) {
            lines += usize::from(c == '\n' || c == '\u{2029}' || c == '\u{85}');
            end += c.len_utf8();
        }
        let goes_on = lines == 1
            && self.char_at(end).is_some_and(char::is_lowercase)
            && self.tokens.last().is_some_and(|t| {
                matches!(t.kind, TokenKind::Word | TokenKind::Number) || t.of(self.text) == ","
            });
        if goes_on || self.tokens.last().is_none_or(|t| t.kind == TokenKind::Break) {
            self.spaced = true;
            self.at = end;
        } else {
            self.push(end, TokenKind::Break);
        }
    }

    fn number_end(&self) -> usize {
        let mut end = self.at;
        while let Some(c) = self.char_at(end) {
            let inner = matches!(c, '.' | ',' | ':' | '/' | '-')
                && self.char_at(end + 1).is_some_and(char::is_numeric);
            if c.is_alphanumeric() || inner {
                end += c.len_utf8();
            } else {
                break;
            }
        }
        end
    }

    fn word(&mut self, after_first: usize) {
        let mut end = after_first;
        while let Some(c) = self.char_at(end) {
            let next = end + c.len_utf8();
            if c.is_alphanumeric() || is_combining(c) {
                end = next;
            } else if matches!(c, '\'' | '’' | '-' | '‑' | '&' | '_') && self.letter_at(next) {
                if matches!(c, '\'' | '’') && self.is_genitive(next) {
                    break;
                }
                end = next;
            } else if c == '.' && self.dotted(end) {
                end = next;
            } else {
                break;
            }
        }
        self.push(end, TokenKind::Word);
        // The genitive "'s" follows as a token of its own.
        if let Some(c @ ('\'' | '’')) = self.char_at(end)
            && self.is_genitive(end + c.len_utf8())
        {
            self.push(end + c.len_utf8() + 1, TokenKind::Word);
        }
    }

    fn is_genitive(&self, at: usize) -> bool {
        matches!(self.char_at(at), Some('s' | 'S')) && !self.letter_at(at + 1)
    }

    /// True for the dots of `U.S.` and `e.g.` and for those inside `Charter97.org`.
    fn dotted(&self, dot: usize) -> bool {
        let single_before = {
            let head = &self.text[self.at..dot];
            let last = head.rsplit('.').next().unwrap_or(head);
            last.chars().take(2).count() == 1
        };
        let letter_after = self.letter_at(dot + 1);
        let within = dot > self.at && self.text[self.at..dot].contains('.');
        let single_after = letter_after
            && self.char_at(dot + 1).is_some_and(|c| {
                let next = dot + 1 + c.len_utf8();
                !self.letter_at(next)
            });
        if single_before && (single_after || within) {
            return true;
        }
        letter_after && self.char_at(dot + 1).is_some_and(char::is_lowercase)
    }
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200c}' | '\u{200d}')
}

/// True for every character that can open or close a quotation.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '"' | '“'
            | '”'
            | '„'
            | '‟'
            | '«'
            | '»'
            | '‹'
            | '›'
            | '‘'
            | '’'
            | '‚'
            | '‛'
            | '\''
            | '`'
            | '″'
            | '「'
            | '」'
            | '『'
            | '』'
            | '＂'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).iter().map(|t| t.of(text)).collect()
    }

    #[test]
    fn abbreviations_addresses_and_doubled_marks_hold_together() {
        assert_eq!(words("at 5 p.m. in the U.S."), ["at", "5", "p.m.", "in", "the", "U.S."]);
        assert_eq!(words("Charter97.org said."), ["Charter97.org", "said", "."]);
        assert_eq!(words("''We don't,''"), ["''", "We", "don't", ",", "''"]);
        assert_eq!(words("$1,500.25 ok"), ["$", "1,500.25", "ok"]);
    }

    #[test]
    fn hard_line_ends_are_no_paragraphs() {
        let breaks = |text: &str| tokens(text).iter().filter(|t| t.kind == TokenKind::Break).count();
        assert_eq!(breaks("the minister\nsaid so.\nHe left."), 1);
        assert_eq!(breaks("One.\n\n\nTwo.\r\n\r\nThree."), 2);
    }

    proptest! {
        #[test]
        fn tokens_come_in_order_and_leave_only_white_space(text in "(\\PC|\n|\"|'|’|\\.){0,200}") {
            let mut at = 0;
            for token in tokens(&text) {
                prop_assert!(token.start as usize >= at && token.end > token.start);
                let gap = &text[at..token.start as usize];
                let blank = |c: char| c.is_whitespace() || c == '\u{200b}' || c == '\u{feff}';
                prop_assert!(gap.chars().all(blank));
                at = token.end as usize;
            }
        }
    }
}
