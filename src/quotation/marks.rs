//! Quotation marks: which open, which close, and what lies between them.

use crate::text::{Token, TokenKind};
use crate::types::Span;

/// Paragraphs that a quotation may run over without its marks being opened again.
const MAX_SILENT_PARAGRAPHS: usize = 12;
/// Tokens that are searched for the end of a quotation in single marks.
const MAX_SINGLE: usize = 120;

/// A stretch in quotation marks, outermost marks only.
#[derive(Debug, Clone)]
pub(crate) struct Quoted {
    /// Index of the opening mark's token.
    pub open: usize,
    /// Index of the closing mark's token; the last token of the paragraph when there is no mark.
    pub close: usize,
    /// The text between the marks, one span per paragraph, trimmed.
    pub parts: Vec<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// `"`, `''`, “ ” „ ‟ and their like, which people mix.
    Double,
    /// « »
    Angle,
    /// ‘ ’ ‚ '
    Single,
    /// ‹ ›
    SingleAngle,
    /// 「 」
    Corner,
}

struct Open {
    token: usize,
    family: Family,
    glyph: char,
    depth: usize,
    parts: Vec<Span>,
    part_start: usize,
}

/// Finds the outermost quotations of a text in one pass. Also returns the opening tokens that are never closed.
pub(crate) fn quotations(text: &str, tokens: &[Token], skipped: &[bool]) -> (Vec<Quoted>, Vec<usize>) {
    let mut reader = Reader {
        text,
        tokens,
        next_mark: next_marks(text, tokens, skipped),
        paragraph: paragraph_numbers(tokens),
        open: None,
        found: Vec::new(),
        unclosed: Vec::new(),
    };
    for i in 0..tokens.len() {
        if skipped[i] {
            continue;
        }
        match tokens[i].kind {
            TokenKind::Mark => reader.mark(i),
            TokenKind::Break => reader.paragraph_end(i),
            _ => {}
        }
    }
    reader.paragraph_end(tokens.len());
    (reader.found, reader.unclosed)
}

fn glyph(text: &str, token: Token) -> char {
    token.of(text).chars().next().unwrap_or(' ')
}

fn family(text: &str, token: Token) -> Family {
    let piece = token.of(text);
    match glyph(text, token) {
        '«' | '»' => Family::Angle,
        '‹' | '›' => Family::SingleAngle,
        '「' | '」' | '『' | '』' => Family::Corner,
        '‘' | '’' | '\'' | '`' | '‚' | '‛' if piece.chars().count() == 1 => Family::Single,
        _ => Family::Double,
    }
}

/// For each token the next mark at or after it that is not a single one.
fn next_marks(text: &str, tokens: &[Token], skipped: &[bool]) -> Vec<u32> {
    let mut next = vec![u32::MAX; tokens.len() + 1];
    for i in (0..tokens.len()).rev() {
        let is_mark =
            tokens[i].kind == TokenKind::Mark && !skipped[i] && family(text, tokens[i]) != Family::Single;
        next[i] = if is_mark { i as u32 } else { next[i + 1] };
    }
    next
}

fn paragraph_numbers(tokens: &[Token]) -> Vec<u32> {
    let mut number = 0;
    tokens
        .iter()
        .map(|token| {
            number += u32::from(token.kind == TokenKind::Break);
            number
        })
        .collect()
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    next_mark: Vec<u32>,
    paragraph: Vec<u32>,
    open: Option<Open>,
    found: Vec<Quoted>,
    unclosed: Vec<usize>,
}

impl Reader<'_> {
    fn spaced_before(&self, i: usize) -> bool {
        self.tokens[i].spaced
            || i == 0
            || matches!(self.tokens[i - 1].of(self.text), "(" | "[" | "-" | "–" | "—" | "/" | ":")
            || (self.tokens[i - 1].kind == TokenKind::Mark && self.spaced_before_once(i - 1))
    }

    fn spaced_before_once(&self, i: usize) -> bool {
        self.tokens[i].spaced || i == 0
    }

    fn spaced_after(&self, i: usize) -> bool {
        self.tokens.get(i + 1).is_none_or(|t| t.spaced || t.kind == TokenKind::Break)
    }

    fn word_after(&self, i: usize) -> bool {
        self.tokens.get(i + 1).is_some_and(|t| {
            !t.spaced
                && (matches!(t.kind, TokenKind::Word | TokenKind::Number | TokenKind::Mark)
                    || matches!(
                        t.of(self.text),
                        "(" | "[" | "." | "…" | "$" | "€" | "£" | "-" | "–" | "—" | "¿" | "¡"
                    ))
        })
    }

    /// True when this mark looks like the beginning of a quotation where it stands.
    fn opens(&self, i: usize) -> bool {
        let spaced = self.spaced_before(i);
        match glyph(self.text, self.tokens[i]) {
            '「' | '『' | '„' | '‚' | '‟' => true,
            '`' if self.tokens[i].end - self.tokens[i].start > 1 => true,
            '」' | '』' => false,
            '«' | '‹' => !self.spaced_after(i) || spaced,
            '»' | '›' => spaced && !self.spaced_after(i),
            '“' => spaced || (!self.spaced_after(i) && self.word_after(i)),
            _ => spaced && self.word_after(i),
        }
    }

    fn mark(&mut self, i: usize) {
        let family = family(self.text, self.tokens[i]);
        let glyph = glyph(self.text, self.tokens[i]);
        let Some(open) = &self.open else {
            let begins = match family {
                Family::Single => self.opens(i) && self.single_end(i).is_some(),
                _ => self.opens(i),
            };
            if begins {
                let part_start = self.tokens[i].end as usize;
                self.open = Some(Open { token: i, family, glyph, depth: 0, parts: Vec::new(), part_start });
            }
            return;
        };
        if family != open.family {
            return;
        }
        let first_of_paragraph = self.tokens[i - 1].kind == TokenKind::Break;
        if first_of_paragraph && self.opens(i) {
            // A paragraph that opens the marks again goes on with the quotation.
            if let Some(open) = &mut self.open {
                open.part_start = self.tokens[i].end as usize;
                open.depth = 0;
            }
            return;
        }
        if self.closes(i, open, glyph) {
            if open.depth == 0 {
                self.close(i, true);
            } else if let Some(open) = &mut self.open {
                open.depth -= 1;
            }
        } else if family != Family::Single
            && self.opens(i)
            && let Some(open) = &mut self.open
        {
            open.depth += 1;
        }
    }

    fn closes(&self, i: usize, open: &Open, glyph: char) -> bool {
        let spaced = self.spaced_before(i);
        match open.family {
            Family::Single => !self.tokens[i].spaced && !self.letter_after(i),
            Family::Corner => matches!(glyph, '」' | '』'),
            Family::Angle | Family::SingleAngle => glyph != open.glyph,
            Family::Double => match glyph {
                '„' => false,
                // Closes „ and, by mistake of the typesetter, also “.
                '“' => open.glyph == '„' || !(spaced && self.word_after(i)),
                _ => !(spaced && self.word_after(i)),
            },
        }
    }

    fn letter_after(&self, i: usize) -> bool {
        self.tokens
            .get(i + 1)
            .is_some_and(|t| !t.spaced && matches!(t.kind, TokenKind::Word | TokenKind::Number))
    }

    /// The token that closes a quotation in single marks, in the same paragraph and not far off.
    fn single_end(&self, i: usize) -> Option<usize> {
        let last = (i + MAX_SINGLE).min(self.tokens.len());
        (i + 1..last)
            .take_while(|&k| self.tokens[k].kind != TokenKind::Break)
            .take_while(|&k| self.next_mark[k] as usize != k || self.tokens[k].of(self.text).len() > 3)
            .find(|&k| {
                self.tokens[k].kind == TokenKind::Mark
                    && family(self.text, self.tokens[k]) == Family::Single
                    && k > i + 1
                    && !self.tokens[k].spaced
                    && !self.letter_after(k)
                    && !self.genitive_plural(k)
            })
    }

    /// True for the mark of "the voters’ choice": after an s and before another word.
    fn genitive_plural(&self, k: usize) -> bool {
        let after_s = self.tokens[k - 1].of(self.text).ends_with('s');
        let before_word = self
            .tokens
            .get(k + 1)
            .is_some_and(|t| t.kind == TokenKind::Word && t.of(self.text).starts_with(char::is_lowercase));
        after_s && before_word
    }

    fn close(&mut self, i: usize, closed: bool) {
        let Some(mut open) = self.open.take() else { return };
        let end = if closed { self.tokens[i].start as usize } else { self.tokens[i].end as usize };
        push_part(self.text, &mut open.parts, open.part_start, end);
        if !closed {
            self.unclosed.push(open.token);
        }
        if open.parts.is_empty() {
            return;
        }
        self.found.push(Quoted { open: open.token, close: i, parts: open.parts });
    }

    /// At the break `i` (or the text's end): does the quotation go on in the next paragraph?
    fn paragraph_end(&mut self, i: usize) {
        let Some(open) = &self.open else { return };
        let goes_on = i + 1 < self.tokens.len() && open.family != Family::Single && self.goes_on(i, open);
        if goes_on {
            let end = self.tokens[i].start as usize;
            let next = self.tokens[i].end as usize;
            if let Some(open) = &mut self.open {
                push_part(self.text, &mut open.parts, open.part_start, end);
                open.part_start = next;
            }
        } else if i > 0 {
            self.close(i - 1, false);
        }
    }

    fn goes_on(&self, i: usize, open: &Open) -> bool {
        let next = i + 1;
        let is_family = |k: usize| {
            self.tokens[k].kind == TokenKind::Mark && family(self.text, self.tokens[k]) == open.family
        };
        if is_family(next) && self.opens(next) {
            return true;
        }
        // Without a new opening mark it goes on only if the next mark of the text closes it.
        let mark = self.next_mark[next] as usize;
        mark < self.tokens.len()
            && is_family(mark)
            && (self.paragraph[mark] - self.paragraph[i]) as usize <= MAX_SILENT_PARAGRAPHS
            && self.closes(mark, open, glyph(self.text, self.tokens[mark]))
            && (!self.opens(mark) || matches!(glyph(self.text, self.tokens[mark]), '“' | '”'))
    }
}

fn push_part(text: &str, parts: &mut Vec<Span>, start: usize, end: usize) {
    if start >= end {
        return;
    }
    let piece = &text[start..end];
    let lead = piece.len() - piece.trim_start().len();
    let trimmed = piece.trim();
    if !trimmed.is_empty() {
        parts.push(Span::new(start + lead, start + lead + trimmed.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens;

    fn found(text: &str) -> Vec<Vec<&str>> {
        let tokens = tokens(text);
        let skipped = vec![false; tokens.len()];
        let (quoted, _) = quotations(text, &tokens, &skipped);
        quoted.iter().map(|q| q.parts.iter().map(|p| p.slice(text)).collect()).collect()
    }

    #[test]
    fn marks_of_all_kinds() {
        for text in [
            "“We go”, she said.",
            "\"We go\", she said.",
            "''We go'', she said.",
            "„We go“, she said.",
            "„We go”, she said.",
            "”We go”, she said.",
            "«We go», she said.",
            "»We go«, she said.",
            "‘We go’, she said.",
            "'We go', she said.",
            "「We go」 she said.",
            "“We go\", she said.",
            "„We go\", she said.",
        ] {
            assert_eq!(found(text), [["We go"]], "{text}");
        }
    }

    #[test]
    fn apostrophes_inches_and_genitives_are_no_marks() {
        for text in [
            "The voters’ choice wasn’t his.",
            "A 6\" pipe and a 4\" pipe.",
            "'Tis the season.",
            "the '90s and O'Neill",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn nested_quotations_belong_to_the_outer_one() {
        assert_eq!(found("“He joined the “13” then,” she said."), [["He joined the “13” then,"]]);
        assert_eq!(found("“They call it ‘peace’ now,” she said."), [["They call it ‘peace’ now,"]]);
    }

    #[test]
    fn a_quotation_runs_over_paragraphs_with_and_without_new_marks() {
        assert_eq!(found("“One.\n\n“Two,” she said."), [["One.", "Two,"]]);
        assert_eq!(found("„One.\n\nTwo,“ she said."), [["One.", "Two,"]]);
    }

    #[test]
    fn an_unclosed_mark_costs_one_paragraph() {
        assert_eq!(found("“One is lost.\n\nNo marks.\n\n“Two,” she said."), [["One is lost."], ["Two,"]]);
    }
}
