use super::{TokenKind, tokens};
use crate::types::Span;

/// The paragraphs of a text, without the line breaks between them, in order.
///
/// # Example
///
/// ```
/// use sayso::text::paragraphs;
///
/// let text = "One.\n\nTwo.\n";
/// assert_eq!(paragraphs(text).iter().map(|p| p.slice(text)).collect::<Vec<_>>(), ["One.", "Two."]);
/// ```
pub fn paragraphs(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut open: Option<Span> = None;
    for token in tokens(text) {
        if token.kind == TokenKind::Break {
            found.extend(open.take());
        } else {
            let span = Span::new(token.start as usize, token.end as usize);
            open = Some(open.map_or(span, |o| o.union(span)));
        }
    }
    found.extend(open);
    found
}
