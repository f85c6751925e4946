//! Texts that announce one speaker and then report only them.

use super::lexicon::class;
use super::mention::People;
use super::reading::Reading;

/// Paragraphs at the head of a text in which a digest can be announced.
const HEAD: usize = 12;

/// A digest: the speaker, and its paragraphs.
pub(crate) struct Digest {
    pub person: usize,
    pub paragraphs: std::ops::Range<usize>,
}

/// "The key points are summarised below": everything after it is said by the person named before it.
pub(crate) fn digest(reading: &Reading<'_>, people: &People) -> Option<Digest> {
    let n = reading.paragraphs.len();
    let announced = (1..n.min(HEAD)).find(|&p| {
        let (start, end) = reading.paragraphs[p];
        let noun = (start..end.min(start + 5))
            .find(|&i| reading.items[i].is(class::DIGEST_NOUN) && !reading.items[i].is(class::CAPITAL));
        // "The key points are …" or "The key points of the conversation:"
        end - start <= 40
            && noun
                .is_some_and(|n| reading.at(n + 1, end, class::BE) || reading.items[end - 1].is(class::COLON))
    })?;
    let body = announced + 1..n;
    if body.len() < 3 {
        return None;
    }
    let quoted = body
        .clone()
        .filter(|&p| {
            let (start, end) = reading.paragraphs[p];
            (start..end).any(|i| {
                reading.items[i].is(class::QUOTE) && reading.quote_words(reading.items[i].quote as usize) > 6
            })
        })
        .count();
    if quoted * 4 > body.len() {
        return None;
    }
    let before = people.mentions_in(0, reading.paragraphs[announced].0);
    let introduced = |m: &&super::mention::Mention| {
        let person = &people.list[m.person];
        person.human && person.role.is_some() && m.end - m.start > 1
    };
    let person = before.iter().rev().find(introduced)?.person;
    Some(Digest { person, paragraphs: body })
}
