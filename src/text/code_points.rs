use crate::types::Span;

/// Bytes per checkpoint of [`CodePoints`].
const BLOCK: usize = 256;

/// Converts between byte offsets, which the code uses, and Unicode code points, which files carry.
///
/// Building takes one pass over the text; a conversion counts at most one block of 256 bytes. For pure ASCII
/// nothing is stored.
///
/// # Example
///
/// ```
/// use sayso::text::CodePoints;
/// use sayso::types::Span;
///
/// let text = "„Ja“, said Zoë.";
/// let points = CodePoints::new(text);
/// assert_eq!(points.of_byte(text.find("said").unwrap()), 6);
/// assert_eq!(points.to_byte(6), text.find("said"));
/// assert_eq!(points.of_span(Span::new(0, text.len())), (0, 15));
/// assert_eq!(points.to_span(0, 99), None);
/// ```
#[derive(Debug, Clone)]
pub struct CodePoints<'a> {
    text: &'a str,
    /// Code points before byte `BLOCK · i`; empty when the text is ASCII.
    checkpoints: Vec<usize>,
    total: usize,
}

impl<'a> CodePoints<'a> {
    /// Prepares the conversions for this text.
    pub fn new(text: &'a str) -> Self {
        if text.is_ascii() {
            return Self { text, checkpoints: Vec::new(), total: text.len() };
        }
        let mut checkpoints = Vec::with_capacity(text.len() / BLOCK + 1);
        let mut total = 0;
        for block in text.as_bytes().chunks(BLOCK) {
            checkpoints.push(total);
            total += starts(block);
        }
        Self { text, checkpoints, total }
    }

    /// Code points in the whole text.
    pub fn len(&self) -> usize {
        self.total
    }

    /// True for the empty text.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The number of code points that begin before this byte; offsets past the end count as the end.
    pub fn of_byte(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        if self.checkpoints.is_empty() {
            return byte;
        }
        let block = (byte / BLOCK).min(self.checkpoints.len() - 1);
        self.checkpoints[block] + starts(&self.text.as_bytes()[block * BLOCK..byte])
    }

    /// The byte at which this code point begins; `None` past the end. The text's length itself is allowed.
    pub fn to_byte(&self, point: usize) -> Option<usize> {
        if point > self.total {
            return None;
        }
        if self.checkpoints.is_empty() {
            return Some(point);
        }
        let block = self.checkpoints.partition_point(|&before| before <= point) - 1;
        let mut left = point - self.checkpoints[block];
        let bytes = self.text.as_bytes();
        let mut at = block * BLOCK;
        while at < bytes.len() {
            if is_start(bytes[at]) {
                if left == 0 {
                    break;
                }
                left -= 1;
            }
            at += 1;
        }
        Some(at)
    }

    /// A span of bytes as `(start, end)` in code points.
    pub fn of_span(&self, span: Span) -> (usize, usize) {
        (self.of_byte(span.start), self.of_byte(span.end))
    }

    /// `(start, end)` in code points as a span of bytes; `None` when it runs backwards or past the end.
    pub fn to_span(&self, start: usize, end: usize) -> Option<Span> {
        if start > end {
            return None;
        }
        Some(Span::new(self.to_byte(start)?, self.to_byte(end)?))
    }
}

fn is_start(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

fn starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&b| is_start(b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_boundary_converts_there_and_back(text in "(\\PC|ü|„|𝄞){0,400}") {
            let points = CodePoints::new(&text);
            let mut n = 0;
            for (byte, _) in text.char_indices() {
                prop_assert_eq!(points.of_byte(byte), n);
                prop_assert_eq!(points.to_byte(n), Some(byte));
                n += 1;
            }
            prop_assert_eq!(points.len(), n);
            prop_assert_eq!(points.to_byte(n), Some(text.len()));
            prop_assert_eq!(points.to_byte(n + 1), None);
        }
    }
}
