//! Where the content of a cue begins, and whether what stands there is a clause.

use super::cue::Hit;
use super::lexicon::{class, takes};
use super::reading::Reading;

/// Items between a cue and the beginning of its content.
const MAX_ADJUNCT: usize = 30;
/// Items in which a clause must show a finite verb.
const MAX_CLAUSE: usize = 40;

/// How the content begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onset {
    That,
    Wh,
    Bare,
    Marks,
    Colon,
}

/// Where the content after a verb begins, and how.
pub(super) fn onset(reading: &Reading<'_>, hit: &Hit, end: usize, frames: u16) -> Option<(usize, Onset)> {
    let mut i = match hit.subject {
        Some(subject) if hit.inverted => subject.end,
        _ => hit.end,
    };
    if frames & takes::OBJECT != 0 && !hit.inverted {
        i = object_end(reading, i, end);
    }
    let near = i;
    let limit = end.min(hit.end + MAX_ADJUNCT);
    let mut parted = false;
    let mut inside = false;
    while i < limit {
        let item = reading.items[i];
        if item.is(class::QUOTE) {
            let part = frames & takes::PART != 0 && frames & takes::THAT == 0;
            let scare =
                reading.is_nickname(i) && !part && i + 1 < end || reading.is_title(i) && i > hit.end && !part;
            let place = inside && names_a_place(reading, i, limit, frames);
            if !(scare || place) {
                let close = frames & takes::CLOSE == 0 || i == hit.end || (i == hit.end + 1 && parted);
                return close.then_some((i, Onset::Marks));
            }
            i += 1;
            continue;
        }
        if item.is(class::COLON) && !hit.infinitive {
            return (i + 1 < end).then_some((i + 1, Onset::Colon));
        }
        if item.is(class::COMPLEMENTIZER) && frames & takes::THAT != 0 && i + 2 < end {
            return Some((i + 1, Onset::That));
        }
        if item.is(class::INFINITIVE) && frames & takes::TO != 0 && i + 1 < end {
            return Some((i, Onset::That));
        }
        if item.is(class::WH) && i == near && frames & takes::WH != 0 && !item.is(class::RELATIVE) {
            return (i + 1 < end).then_some((i, Onset::Wh));
        }
        if frames & takes::PART != 0 && frames & takes::THAT == 0 {
            let apart = item.is(class::COMMA) && !reading.at(i + 1, end, class::QUOTE);
            if item.is(class::STOP | class::SEMICOLON) || i > hit.end + 14 || apart {
                return None;
            }
            i += 1;
            continue;
        }
        if item.is(class::COMMA) {
            parted = true;
            i += 1;
            continue;
        }
        if i == near
            && item.is(class::TIME)
            && reading.at(i + 1, end, class::GENITIVE)
            && frames & takes::BARE != 0
        {
            return has_finite(reading, i + 1, end).then_some((i, Onset::Bare));
        }
        let set_off = reading.lexicon.clause_comma && item.is(class::DETERMINER | class::POSSESSIVE);
        let after_comma = parted && (i == near + 1 && item.is(class::SUBJECT | class::CAPITAL) || set_off);
        let bare = frames & takes::BARE != 0 && !hit.infinitive && !inside && (!parted || after_comma);
        if bare && clause_begins(reading, i, end, frames & takes::LOOSE != 0) {
            // "He said it himself on Monday: “…”": what stands before the colon is no clause of its own.
            let colon = (i..limit).find(|k| reading.items[*k].is(class::COLON));
            if let Some(k) =
                colon.filter(|k| reading.at(k + 1, end, class::QUOTE) && !has_finite(reading, i, *k))
            {
                return Some((k + 1, Onset::Colon));
            }
            // "He said as he left, “We go”": when it was said.
            let marks = (i + 1..limit).find(|k| reading.items[*k].is(class::QUOTE));
            if let Some(k) = marks.filter(|&k| {
                item.is(class::SUBORDINATION)
                    && reading.items[k - 1].is(class::COMMA | class::COLON)
                    && reading.quote_starts_upper(reading.items[k].quote as usize)
            }) {
                return Some((k, Onset::Marks));
            }
            return Some((i, Onset::Bare));
        }
        if item.is(class::PREPOSITION) && !item.is(class::COMPLEMENTIZER) {
            i = reading.phrase_after(i + 1, limit).map_or(i + 1, |phrase| phrase.end);
            inside = reading.at(i, end, class::QUOTE)
                || reading.at(i.wrapping_sub(1), end, class::DETERMINER | class::PREPOSITION);
        } else if item.is(class::TIME | class::ADVERB | class::NUMBER) {
            i += 1;
        } else if item.is(class::DETERMINER) && reading.at(i + 1, end, class::TIME) {
            i += 2;
        } else if inside && (reading.is_nominal(i) || item.is(class::DETERMINER | class::POSSESSIVE)) {
            i += 1;
        } else {
            return None;
        }
    }
    None
}

/// "said on the “Morning” programme “New Day” that …": a few words in marks that name where it was said.
fn names_a_place(reading: &Reading<'_>, i: usize, limit: usize, frames: u16) -> bool {
    const WORDS: usize = 4;
    let text = reading.slice(reading.items[i]);
    let stops = |c: char| c.is_ascii_punctuation() || "“”„«»…".contains(c);
    let ends_open = !text.trim_end_matches(stops).is_empty() && !text.contains(['.', '!', '?', ',']);
    frames & takes::THAT != 0
        && ends_open
        && text.split_whitespace().count() <= WORDS
        && (i + 1..limit).any(|k| reading.items[k].is(class::COMPLEMENTIZER))
}

/// True when a clause without "that" can begin with item `i`.
fn clause_begins(reading: &Reading<'_>, i: usize, end: usize, loose: bool) -> bool {
    let item = reading.items[i];
    let subject = class::SUBJECT | class::DETERMINER | class::POSSESSIVE | class::GROUP | class::NUMBER;
    let there = reading.lower(i).starts_with("there");
    let condition = item.is(class::SUBORDINATION) && !item.is(class::PREPOSITION);
    let contraction = item.is(class::OTHER_PRONOUN) && item.is(class::AUXILIARY | class::MODAL);
    let noun = reading.is_nominal(i) && (loose || item.is(class::CAPITAL));
    // "said going there had helped": an activity as subject.
    let activity = item.is(class::WORD)
        && !item.is(class::CAPITAL)
        && reading.slice(item).len() > 4
        && reading.slice(item).ends_with("ing")
        && has_finite(reading, i + 1, end);
    // "she notes he favours the bridge": what follows a pronoun is its verb.
    let pronoun = item.is(class::HE | class::SHE | class::THEY | class::I | class::WE)
        && reading.at(i + 1, end, class::WORD)
        && !reading.items[i + 1].is(class::CLOSED);
    (item.is(subject) || there || condition || contraction || noun || activity)
        && !item.is(class::TIME)
        && (contraction
            || pronoun
            || if loose {
                has_finite(reading, i + 1, end) || (end - i > 4 && item.is(subject | class::CAPITAL))
            } else {
                has_own_verb(reading, i + 1, end)
            })
}

/// True when a finite verb comes before any relative clause: "the bridge was", not "the bridge that was".
fn has_own_verb(reading: &Reading<'_>, start: usize, end: usize) -> bool {
    let stop =
        class::RELATIVE | class::COMPLEMENTIZER | class::WH | class::QUOTE | class::INFINITIVE | class::COMMA;
    (start..end.min(start + MAX_CLAUSE))
        .take_while(|&i| !reading.items[i].is(stop) || reading.items[i].is(class::CAPITAL))
        .any(|i| {
            let item = reading.items[i];
            item.is(class::WORD)
                && (!item.is(class::CAPITAL) || item.is(class::AUXILIARY))
                && item.is(class::AUXILIARY | class::MODAL | class::VERB | class::CUE_VERB)
        })
}

/// True when a finite verb shows up in the first items of `start..end`.
pub(super) fn has_finite(reading: &Reading<'_>, start: usize, end: usize) -> bool {
    (start..end.min(start + MAX_CLAUSE)).any(|i| {
        let item = reading.items[i];
        if item.is(class::QUOTE) {
            return reading.quote_words(item.quote as usize) > 3;
        }
        if !item.is(class::WORD) || (item.is(class::CAPITAL) && !item.is(class::FIRST | class::AUXILIARY)) {
            return false;
        }
        item.is(class::AUXILIARY | class::MODAL | class::VERB)
            || item.is(class::CUE_VERB)
            || (item.classes & !class::WORD == 0 && {
                let word = reading.slice(item);
                word.len() > 4 && (word.ends_with("ed") || word.ends_with("es"))
            })
    })
}

/// Passes over who is addressed, when, where and how: "reporters in Kyiv on Friday".
pub(super) fn skip_adjuncts(reading: &Reading<'_>, start: usize, end: usize, frames: u16) -> usize {
    let mut i = start;
    if frames & takes::OBJECT != 0 {
        i = object_end(reading, i, end);
    }
    let limit = end.min(start + MAX_ADJUNCT);
    while i < limit {
        let item = reading.items[i];
        if item.is(class::TIME | class::ADVERB | class::NUMBER | class::OTHER_PRONOUN) {
            i += 1;
        } else if item.is(class::PREPOSITION) {
            i = match reading.phrase_after(i + 1, limit) {
                Some(phrase) => phrase.end,
                None => i + 1,
            };
        } else if item.is(class::DETERMINER) && reading.at(i + 1, end, class::TIME) {
            i += 2;
        } else if item.is(class::QUOTE) && i > start && reading.is_title(i) {
            i += 1;
        } else if item.is(class::OPEN) {
            match (i..limit).find(|&k| reading.items[k].is(class::CLOSE)) {
                Some(close) => i = close + 1,
                None => break,
            }
        } else {
            break;
        }
    }
    i
}

/// The end of "reporters" in "told reporters".
fn object_end(reading: &Reading<'_>, start: usize, end: usize) -> usize {
    if reading.at(start, end, class::OTHER_PRONOUN | class::WE | class::IT | class::POSSESSIVE)
        && !(reading.at(start, end, class::POSSESSIVE) && start + 1 < end && reading.is_nominal(start + 1))
    {
        return start + 1;
    }
    let mut i = start;
    while reading.at(i, end, class::DETERMINER | class::POSSESSIVE)
        && !reading.at(i, end, class::COMPLEMENTIZER)
    {
        i += 1;
    }
    let capital = reading.at(i, end, class::CAPITAL);
    let first = i;
    while i < end && (reading.is_nominal(i) || reading.items[i].is(class::GROUP | class::GENITIVE)) {
        // A plural addressee ends the object, what follows begins the clause.
        if i > first
            && capital != reading.items[i].is(class::CAPITAL)
            && !reading.items[i - 1].is(class::GENITIVE)
            && capital
        {
            break;
        }
        i += 1;
        if reading.items[i - 1].is(class::GROUP) {
            break;
        }
    }
    i
}
