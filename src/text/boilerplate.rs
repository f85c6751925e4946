use std::collections::HashSet;

use super::paragraphs;
use crate::types::Span;

/// Words that stand alone in a paragraph that leads away from the article.
const NAVIGATION: &[&str] = &[
    "source link",
    "read more",
    "read also",
    "see also",
    "advertisement",
    "related articles",
    "share this",
    "share this article",
    "follow us",
    "subscribe",
    "sign up",
    "we need your help",
    "continue reading",
    "most read",
    "mehr zum thema",
    "anzeige",
    "weiterlesen",
    "lesen sie auch",
    "читайте также",
    "читайте також",
    "реклама",
    "comments",
    "print",
    "share",
    "tweet",
    "leave a comment",
    "all rights reserved",
];
/// Signs of a publisher's footer. Two of them in one of the last paragraphs mark everything from there on.
const FOOTER: &[&str] = &[
    "©",
    "all rights reserved",
    "copyright",
    "app store",
    "google play",
    "uab „",
    "teisės saugomos",
    "kodas:",
    "registrų",
    "@",
    "impressum",
    "alle rechte vorbehalten",
    "все права защищены",
    "усі права захищено",
    "terms of use",
    "privacy policy",
    "newsletter",
];
const TAGS: &[&str] = &["<br>", "<br/>", "<br />", "<p>", "</p>", "<b>", "</b>", "<i>", "</i>", "&nbsp;"];

/// Finds what is not the article: paragraphs said twice, stray tags, links such as "Source link", the
/// publisher's footer.
///
/// Spans come in order and never overlap; they refer to `text`, which stays as it is. A paragraph that holds a
/// quotation mark around words is kept unless it repeats an earlier one, so no quotation is ever lost.
///
/// # Example
///
/// ```
/// use sayso::text::boilerplate;
///
/// let text = "Talks begin in Minsk, with all sides at the table.\n\n\
///             Talks begin in Minsk, with all sides at the table.<br>Photo\n\n“We will see,” he said.\n\nSource link";
/// let found: Vec<&str> = boilerplate(text).iter().map(|span| span.slice(text)).collect();
/// assert_eq!(found, ["Talks begin in Minsk, with all sides at the table.<br>Photo", "Source link"]);
/// ```
pub fn boilerplate(text: &str) -> Vec<Span> {
    let paragraphs = paragraphs(text);
    let footer = footer_start(text, &paragraphs);
    let mut seen: HashSet<&str> = HashSet::new();
    let mut found: Vec<Span> = Vec::new();
    for (i, paragraph) in paragraphs.iter().enumerate() {
        let line = paragraph.slice(text);
        let core = before_tag(line);
        let repeated = core.len() >= 40 && !seen.insert(core);
        if i >= footer || repeated || is_navigation(line) {
            found.push(*paragraph);
        } else {
            tags(text, *paragraph, &mut found);
        }
    }
    found
}

fn before_tag(line: &str) -> &str {
    line.find("<br").map_or(line, |at| &line[..at]).trim_end()
}

fn is_navigation(line: &str) -> bool {
    if line.len() > 60 {
        return false;
    }
    let bare = line.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    NAVIGATION.contains(&bare.as_str())
}

/// True when the line holds more than three words in quotation marks.
fn is_quoted(line: &str) -> bool {
    const OPEN: [&str; 6] = ["“", "\"", "„", "«", "''", "‘"];
    const CLOSE: [char; 6] = ['”', '“', '"', '»', '\'', '’'];
    OPEN.iter().any(|mark| {
        line.match_indices(mark).take(8).any(|(at, _)| {
            let inner = &line[at + mark.len()..];
            let inner = &inner[..inner.find(CLOSE).unwrap_or(inner.len())];
            inner.split_whitespace().count() > 3
        })
    })
}

/// The index of the first paragraph of the publisher's footer, or the number of paragraphs.
fn footer_start(text: &str, paragraphs: &[Span]) -> usize {
    let signs = |line: &str| {
        let lower = line.to_lowercase();
        FOOTER.iter().filter(|sign| lower.contains(**sign)).count()
    };
    let n = paragraphs.len();
    // A footer stands in the last part of a text of several paragraphs.
    let earliest = n.saturating_sub(12).max(n / 3).max(1);
    let mut start = n;
    let mut evidence = 0;
    for i in (earliest.min(n)..n).rev() {
        let line = paragraphs[i].slice(text);
        let found = signs(line);
        let short = line.len() < 120;
        if is_quoted(line) {
            break;
        }
        if found > 0 && (short || found > 1) {
            evidence += found;
            start = i;
        } else if !short {
            break;
        }
    }
    if evidence >= 2 { start } else { n }
}

fn tags(text: &str, paragraph: Span, found: &mut Vec<Span>) {
    let line = paragraph.slice(text);
    let mut at = 0;
    while let Some(next) = line[at..].find(['<', '&']) {
        let here = at + next;
        match TAGS.iter().find(|tag| line[here..].starts_with(**tag)) {
            Some(tag) => {
                found.push(Span::new(paragraph.start + here, paragraph.start + here + tag.len()));
                at = here + tag.len();
            }
            None => at = here + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_quotation_near_the_end_is_no_footer() {
        let text = "First.\n\nSecond.\n\n“Write to me at anna@example.org, © or not,” she said.\n\nThird.";
        assert_eq!(boilerplate(text), []);
    }

    #[test]
    fn a_footer_goes_as_a_whole() {
        let text = "One.\n\nTwo is longer.\n\n“Three is said,” she said.\n\nExample Ltd\n\nnews@example.org\n\n© 2024 Example. All rights reserved.";
        let found: Vec<&str> = boilerplate(text).iter().map(|s| s.slice(text)).collect();
        assert_eq!(found, ["news@example.org", "© 2024 Example. All rights reserved."]);
    }

    proptest! {
        #[test]
        fn spans_are_ordered_and_whole(text in "(\\PC|\n|<br>|©|@|\"){0,200}") {
            let mut at = 0;
            for span in boilerplate(&text) {
                prop_assert!(span.start >= at && !span.slice(&text).is_empty());
                at = span.end;
            }
        }
    }
}
