//! Cues in a sentence: which words report, and whose words they report.

use super::lexicon::{class, takes};
use super::phrase::Phrase;
use super::reading::{Reading, Sentence};

/// Words between a verb and the auxiliaries before it.
const MAX_GROUP: usize = 8;

/// A cue found in a sentence.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "where the subject stands and which form the verb has are asked apart"
)]
pub(crate) struct Hit {
    /// Index into the lexicon's cues.
    pub cue: u16,
    /// The cue's words: items `start..end`.
    pub start: usize,
    pub end: usize,
    /// First item of the verb group with its auxiliaries.
    pub group: usize,
    /// Who speaks; `None` when the subject stands elsewhere ("…, adding that").
    pub subject: Option<Phrase>,
    /// The subject follows the verb: "said the minister".
    pub inverted: bool,
    /// The subject must be taken from an earlier cue or from the sentence's first phrase.
    pub shared: bool,
    /// "to say", "would say".
    pub infinitive: bool,
    /// "with the mayor saying": the subject belongs to a participle, and nothing before it is content.
    pub absolute: bool,
}

impl Hit {
    /// The first item that belongs to the attribution.
    pub fn first(&self) -> usize {
        match self.subject {
            Some(subject) if !self.inverted && !self.shared => subject.start.min(self.group),
            _ => self.group,
        }
    }
}

/// All cues of a sentence that have a possible speaker, in order.
pub(crate) fn hits(reading: &Reading<'_>, sentence: Sentence) -> Vec<Hit> {
    let mut found: Vec<Hit> = Vec::new();
    let mut i = sentence.start;
    while i < sentence.end {
        let next = reading.items[i].forms;
        if next == 0 {
            i += 1;
            continue;
        }
        let mut step = 1;
        for form in reading.lexicon.forms(next) {
            let end = i + 1 + form.rest.len();
            let matches = end <= sentence.end
                && form.rest.iter().enumerate().all(|(k, word)| reading.lower(i + 1 + k) == *word);
            if !matches {
                continue;
            }
            let floor = found.last().map_or(sentence.start, |hit| {
                if hit.inverted { hit.end } else { hit.end.max(hit.subject.map_or(0, |s| s.end)) }
            });
            if let Some(hit) = hit(reading, sentence, floor, i, end, form.cue, form.gerund) {
                step = end - i;
                found.push(hit);
                break;
            }
        }
        i += step;
    }
    found
}

fn hit(
    reading: &Reading<'_>,
    sentence: Sentence,
    floor: usize,
    start: usize,
    end: usize,
    cue: u16,
    gerund: bool,
) -> Option<Hit> {
    let frames = reading.lexicon.cues[cue as usize].takes;
    let blank = Hit {
        cue,
        start,
        end,
        group: start,
        subject: None,
        inverted: false,
        shared: false,
        infinitive: false,
        absolute: false,
    };
    if frames & takes::SOURCE != 0 {
        let subject = reading.object_after(end, sentence.end)?;
        let personal = class::MALE_FORM | class::FEMALE_FORM | class::PLURAL_FORM;
        if !reading.can_speak(subject) && !reading.items[subject.start].is(personal) {
            return None;
        }
        return Some(Hit { subject: Some(subject), inverted: true, ..blank });
    }
    if frames & takes::NOUN != 0 {
        return noun(reading, sentence, floor, blank);
    }
    if reading.items[start].is(class::CAPITAL) && !reading.items[start].is(class::FIRST) {
        return None;
    }
    let progressive = start > sentence.start && reading.items[start - 1].is(class::BE);
    if gerund && !progressive {
        let joined = start == sentence.start
            || reading.items[start - 1].is(class::COMMA
                | class::COORDINATION
                | class::SUBORDINATION
                | class::ADVERB
                | class::QUOTE
                | class::DASH)
            || reading.items[start - 1].is(class::PREPOSITION);
        // "with the mayor saying it was safe": a subject of its own.
        let own = reading.phrase_before(floor, start).filter(|phrase| {
            phrase.start > floor
                && reading.lower(phrase.start - 1) == "with"
                && (reading.can_speak(*phrase) || says(reading, sentence, &blank, frames))
        });
        return match own {
            Some(subject) if !joined => {
                Some(Hit { subject: Some(subject), group: subject.start - 1, absolute: true, ..blank })
            }
            _ => joined.then_some(Hit { shared: true, ..blank }),
        };
    }
    // "Recent reports have shown": a noun.
    if reading.items[start].is(class::SAYING)
        && reading.at(end, sentence.end, class::AUXILIARY | class::MODAL)
    {
        return None;
    }
    let before = start.checked_sub(1).filter(|&b| b >= sentence.start).map(|b| reading.items[b]);
    if before.is_some_and(|b| {
        b.is(class::DETERMINER | class::POSSESSIVE | class::GENITIVE | class::PREPOSITION)
            && !b.is(class::GROUP | class::RELATIVE)
    }) {
        return None;
    }
    finite(reading, sentence, floor, blank, frames)
}

/// A finite verb, an infinitive or a participle: looks for the subject on both sides.
fn finite(reading: &Reading<'_>, sentence: Sentence, floor: usize, blank: Hit, frames: u16) -> Option<Hit> {
    let start = blank.start;
    let mut group = start;
    let (mut passive, mut infinitive) = (false, false);
    while group > floor && start - group < MAX_GROUP {
        let item = reading.items[group - 1];
        let auxiliary = item.is(class::AUXILIARY | class::MODAL | class::NEGATION | class::INFINITIVE);
        let adverb = item.is(class::ADVERB) && !item.is(class::CAPITAL) || time_before(reading, floor, group);
        if !auxiliary && !adverb
            || item.is(class::OTHER_PRONOUN)
            || (item.is(class::CAPITAL) && !item.is(class::FIRST))
        {
            break;
        }
        passive |= item.is(class::BE);
        infinitive |= item.is(class::INFINITIVE);
        group -= 1;
    }
    if passive && frames & takes::PASSIVE == 0 && !reading.slice(reading.items[start]).ends_with("ing") {
        return None;
    }
    let hit = Hit { group, infinitive, ..blank };
    let after_quote = group > sentence.start
        && (reading.items[group - 1].is(class::QUOTE)
            || reading.items[group - 1].is(class::COMMA | class::DASH));
    if after_quote
        && !infinitive
        && let Some(subject) = inverted_subject(reading, sentence, &hit)
        && !follows_its_subject(reading, sentence, floor, &hit)
    {
        return Some(Hit { subject: Some(subject), inverted: true, ..hit });
    }
    if infinitive {
        let personal = class::MALE_FORM | class::FEMALE_FORM | class::PLURAL_FORM;
        let who = group.checked_sub(1).filter(|&w| w >= floor && reading.items[w].is(personal));
        let subject = who.map(|w| Phrase { start: w, end: w + 1, aside: w + 1 });
        return Some(Hit { shared: subject.is_none(), subject, ..hit });
    }
    if let Some(subject) = reading.subject_before(floor, group) {
        // Whatever says something speaks, be it "one in three" or "those surveyed".
        if reading.can_speak(subject) || says(reading, sentence, &hit, frames) {
            return Some(Hit { subject: Some(subject), ..hit });
        }
        return None;
    }
    let joined = group > floor && reading.items[group - 1].is(class::COORDINATION | class::COMMA);
    if frames & takes::LOOSE != 0
        && group > floor
        && !joined
        && let Some(subject) = first_subject(reading, sentence, floor, group)
    {
        return Some(Hit { subject: Some(subject), ..hit });
    }
    if reading.lexicon.clause_comma
        && group == start
        && let Some(subject) = reading.phrase_after(hit.end, sentence.end)
        && reading.can_speak(subject)
    {
        return Some(Hit { subject: Some(subject), inverted: true, ..hit });
    }
    joined.then_some(Hit { shared: true, ..hit })
}

/// "Anna Berg, a lawyer from Kyiv, said the bridge": the subject stands before the verb although a comma does, too.
fn follows_its_subject(reading: &Reading<'_>, sentence: Sentence, floor: usize, hit: &Hit) -> bool {
    if !reading.items[hit.group - 1].is(class::COMMA | class::DASH) {
        return false;
    }
    let Some(subject) = reading.subject_before(floor, hit.group) else { return false };
    let first = (floor.max(sentence.start)..subject.start)
        .all(|i| reading.items[i].is(class::ADVERB | class::COORDINATION | class::QUOTE | class::COMMA));
    first && reading.can_speak(subject)
}

/// True when the verb is one that always reports, and a clause or words in marks follow it.
fn says(reading: &Reading<'_>, sentence: Sentence, hit: &Hit, frames: u16) -> bool {
    let marks = |i: usize| reading.at(i, sentence.end, class::QUOTE);
    let quoted = frames & takes::MARKS != 0
        && (marks(hit.end)
            || reading.at(hit.end, sentence.end, class::COMMA | class::COLON) && marks(hit.end + 1));
    frames & takes::LOOSE != 0 || quoted
}

/// The first phrase of a clause, when nothing nearer to its verb is a subject: "Mr. Ryan has long said".
fn first_subject(reading: &Reading<'_>, sentence: Sentence, floor: usize, group: usize) -> Option<Phrase> {
    let start = if floor > sentence.start { floor } else { sentence.start };
    (start..group)
        .take_while(|&i| !reading.items[i].is(class::QUOTE | class::SEMICOLON | class::COLON))
        .find_map(|i| reading.phrase_after(i, group))
        .filter(|&phrase| reading.can_speak(phrase))
}

/// "on Thursday", "last week", "Thursday evening" between a subject and its verb.
fn time_before(reading: &Reading<'_>, floor: usize, group: usize) -> bool {
    let item = reading.items[group - 1];
    let later = |class: u64| group < reading.items.len() && reading.items[group].is(class);
    item.is(class::TIME)
        || (later(class::TIME) && item.is(class::PREPOSITION | class::DETERMINER))
        || (item.is(class::NUMBER) && group > floor + 1 && reading.items[group - 2].is(class::TIME))
}

/// "…, said the minister": the verb follows the content, the subject follows the verb.
fn inverted_subject(reading: &Reading<'_>, sentence: Sentence, hit: &Hit) -> Option<Phrase> {
    if hit.group != hit.start {
        return None;
    }
    let mut at = hit.end;
    while reading.at(at, sentence.end, class::ADVERB) && !reading.at(at, sentence.end, class::CAPITAL) {
        at += 1;
    }
    let phrase = reading.phrase_after(at, sentence.end)?;
    if !reading.can_speak(phrase) {
        return None;
    }
    // What follows must not be a verb of its own: "…, said the bridge was safe".
    let next = phrase.end;
    let verb = class::AUXILIARY | class::MODAL | class::VERB;
    if reading.at(next, sentence.end, verb) && !reading.at(next, sentence.end, class::ROLE) {
        return None;
    }
    Some(phrase)
}

/// "her claim that", "Berg's claim that".
fn noun(reading: &Reading<'_>, sentence: Sentence, floor: usize, blank: Hit) -> Option<Hit> {
    if !reading.at(blank.end, sentence.end, class::COMPLEMENTIZER) || blank.start <= floor {
        return None;
    }
    let mut i = blank.start;
    while i > floor && reading.is_nominal(i - 1) && !reading.items[i - 1].is(class::CAPITAL) {
        i -= 1;
    }
    if i <= floor {
        return None;
    }
    let owner = reading.items[i - 1];
    let subject = if owner.is(class::GENITIVE) {
        reading.phrase_before(floor, i - 1)?
    } else if owner.is(class::POSSESSIVE) {
        Phrase { start: i - 1, end: i, aside: i }
    } else {
        return None;
    };
    Some(Hit { subject: Some(subject), group: subject.start, ..blank })
}
