use std::fmt;
use std::str::FromStr;

use unicode_segmentation::UnicodeSegmentation;

/// What an annotation tool counts when it says where a span begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetUnit {
    /// Unicode code points, as in Sayso's own files.
    CodePoint,
    /// UTF-16 units, as browsers and Java count.
    Utf16,
    /// Bytes of UTF-8.
    Byte,
    /// Extended grapheme clusters: what a reader sees as one character.
    Grapheme,
}

impl OffsetUnit {
    /// All units, in the order in which they are tried.
    pub const ALL: [Self; 4] = [Self::CodePoint, Self::Utf16, Self::Byte, Self::Grapheme];

    /// The word used in options and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CodePoint => "codepoint",
            Self::Utf16 => "utf16",
            Self::Byte => "byte",
            Self::Grapheme => "grapheme",
        }
    }
}

impl fmt::Display for OffsetUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for OffsetUnit {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == word).ok_or(())
    }
}

/// How a tool counts: the unit, and whether it counts CR LF as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    /// The unit.
    pub unit: OffsetUnit,
    /// True when the tool turned CR LF into LF before it counted.
    pub crlf_is_one: bool,
}

impl fmt::Display for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.unit, if self.crlf_is_one { ", CR LF counted once" } else { "" })
    }
}

/// The boundaries of one text as a tool counts them.
#[derive(Debug)]
pub struct Ruler {
    /// The code point at which each unit begins; `None` inside of one. The last is the text's end.
    points: Vec<Option<usize>>,
}

impl Ruler {
    /// Measures a text.
    ///
    /// # Example
    ///
    /// ```
    /// use sayso::corpus::{Counting, OffsetUnit, Ruler};
    ///
    /// let text = "👨🏻‍🚒 firemen said “no” – “так”.";
    /// let span = |unit, start, end| Ruler::new(text, Counting { unit, crlf_is_one: false }).points(start, end);
    /// assert_eq!(span(OffsetUnit::CodePoint, 26, 29), Some((26, 29)));
    /// assert_eq!(span(OffsetUnit::Utf16, 29, 32), Some((26, 29)));
    /// assert_eq!(span(OffsetUnit::Byte, 45, 51), Some((26, 29)));
    /// assert_eq!(span(OffsetUnit::Utf16, 1, 32), None);
    /// ```
    pub fn new(text: &str, counting: Counting) -> Self {
        let mut points = Vec::new();
        let mut point = 0;
        for cluster in text.graphemes(true) {
            let n = cluster.chars().count();
            if counting.unit == OffsetUnit::Grapheme || (counting.crlf_is_one && cluster == "\r\n") {
                points.push(Some(point));
            } else {
                for (i, c) in cluster.chars().enumerate() {
                    let units = match counting.unit {
                        OffsetUnit::Utf16 => c.len_utf16(),
                        OffsetUnit::Byte => c.len_utf8(),
                        OffsetUnit::CodePoint | OffsetUnit::Grapheme => 1,
                    };
                    points.push(Some(point + i));
                    points.extend(std::iter::repeat_n(None, units - 1));
                }
            }
            point += n;
        }
        points.push(Some(point));
        Self { points }
    }

    /// A span in code points; `None` when it runs backwards, past the end, or cuts a character.
    pub fn points(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let span = (*self.points.get(start)?, *self.points.get(end)?);
        Some((span.0?, span.1?)).filter(|(s, e)| s <= e)
    }

    /// A span of code points as the tool counts it; `None` when it cuts one of its units.
    pub fn units(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let at = |point| self.points.iter().position(|p| *p == Some(point));
        Some((at(start)?, at(end)?))
    }
}

/// A span, and the text it should cover.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// The whole text.
    pub text: &'a str,
    /// Where the tool says the span begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What the tool says it covers.
    pub covers: &'a str,
}

impl Check<'_> {
    /// True when it covers what it should. Line ends in the covered text may have become blanks or LF.
    fn holds(&self, counting: Counting) -> bool {
        let ruler = Ruler::new(self.text, counting);
        let Some((start, end)) = ruler.points(self.start, self.end) else { return false };
        let flat = |text: &str| text.replace("\r\n", " ").replace(['\n', '\r'], " ");
        let there: String = self.text.chars().skip(start).take(end - start).collect();
        flat(&there) == flat(self.covers)
    }
}

/// Finds the unit under which every span covers the text that it should.
///
/// # Returns
///
/// The first counting under which all checks hold.
///
/// # Errors
///
/// The checks, at most five, that do not hold in code points, when no counting fits all.
pub fn detect<'a>(checks: &[Check<'a>]) -> Result<Counting, Vec<Check<'a>>> {
    let countings = [false, true]
        .into_iter()
        .flat_map(|crlf_is_one| OffsetUnit::ALL.map(|unit| Counting { unit, crlf_is_one }));
    for counting in countings {
        if checks.iter().all(|check| check.holds(counting)) {
            return Ok(counting);
        }
    }
    let plain = Counting { unit: OffsetUnit::CodePoint, crlf_is_one: false };
    Err(checks.iter().filter(|check| !check.holds(plain)).take(5).copied().collect())
}

/// True when code points, UTF-16 and a text with LF alone count this text alike.
pub fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c != '\r' && c.len_utf16() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_told_from_the_others_by_the_text() {
        let text = "👨🏻‍🚒 e\u{301}\r\n“так”.";
        let points: Vec<char> = text.chars().collect();
        let start = points.iter().position(|c| *c == 'т').expect("there");
        for crlf_is_one in [false, true] {
            for unit in OffsetUnit::ALL {
                let counting = Counting { unit, crlf_is_one };
                let ruler = Ruler::new(text, counting);
                let (s, e) = ruler.units(start, start + 3).expect("on boundaries");
                assert_eq!(ruler.points(s, e), Some((start, start + 3)));
                let found = detect(&[Check { text, start: s, end: e, covers: "так" }]).expect("one fits");
                let same = Ruler::new(text, found).points(s, e);
                assert_eq!(same, Some((start, start + 3)), "{counting} taken for {found}");
            }
        }
    }

    #[test]
    fn a_span_that_fits_no_unit_is_handed_back() {
        let check = Check { text: "one two", start: 0, end: 3, covers: "two" };
        assert_eq!(detect(&[check]).expect_err("none fits").len(), 1);
    }
}
