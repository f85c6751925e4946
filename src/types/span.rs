use serde::{Deserialize, Serialize};

/// A half-open range of **bytes** of a text, on char boundaries.
///
/// Files carry Unicode code points instead; `text::CodePoints` converts between the two.
///
/// # Example
///
/// ```
/// use sayso::types::Span;
///
/// let span = Span::new(4, 8);
/// assert_eq!(span.slice("She said no."), "said");
/// assert!(span.overlaps(Span::new(7, 12)) && !span.overlaps(Span::new(8, 12)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "a span does not run backwards: {start}..{end}");
        Self { start, end }
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// True when nothing lies in it.
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// The text it covers. Empty when it does not lie in `text` on char boundaries.
    pub fn slice(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// True when `at` lies in it.
    pub fn contains(self, at: usize) -> bool {
        self.start <= at && at < self.end
    }

    /// True when the two share at least one byte.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// True when `other` lies wholly in it.
    pub fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The same span, `by` bytes further on.
    #[must_use]
    pub fn shifted(self, by: usize) -> Self {
        Self { start: self.start + by, end: self.end + by }
    }
}
