//! What a cue reports: the content before, around and after it.

use super::cue::Hit;
use super::lexicon::{class, takes};
use super::onset::{Onset, has_finite, onset, skip_adjuncts};
use super::reading::{Reading, Sentence};

/// Later cues of the sentence that may end a clause, and items in which its first phrase must stand.
const MAX_LATER: usize = 60;

/// A cue with its content: item ranges in text order.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub hit: Hit,
    pub pieces: Vec<(usize, usize)>,
}

/// The statements that the cues of a sentence report, and the cues that report nothing in this sentence.
pub(crate) fn reports(reading: &Reading<'_>, sentence: Sentence, hits: &[Hit]) -> (Vec<Report>, Vec<Hit>) {
    let end = trim_stop(reading, sentence.start, sentence.end);
    let mut reports: Vec<Report> = Vec::new();
    let mut idle = Vec::new();
    let mut cursor = sentence.start;
    for (k, hit) in hits.iter().enumerate() {
        if hit.first() < cursor || hit.start < cursor {
            continue;
        }
        let mut hit = *hit;
        if hit.shared {
            let earlier = reports
                .last()
                .map(|r| r.hit)
                .or_else(|| idle.last().copied())
                .filter(|h: &Hit| h.subject.is_some());
            hit.subject = earlier
                .and_then(|h| h.subject)
                .or_else(|| first_phrase(reading, sentence.start, hit.group))
                .or_else(|| {
                    reading.phrase_after(sentence.start, hit.group).filter(|_| sentence.start < hit.group)
                });
        }
        let pieces =
            pieces(reading, sentence, end, cursor, &hit, &hits[k + 1..hits.len().min(k + 1 + MAX_LATER)]);
        match pieces {
            Some(pieces) if !pieces.is_empty() => {
                cursor = pieces.last().map_or(cursor, |p| p.1).max(attribution_end(&hit));
                reports.push(Report { hit, pieces });
            }
            _ => idle.push(hit),
        }
    }
    (reports, idle)
}

fn attribution_end(hit: &Hit) -> usize {
    match hit.subject {
        Some(subject) if hit.inverted => subject.end.max(hit.end),
        _ => hit.end,
    }
}

/// The end of a sentence without its full stop.
fn trim_stop(reading: &Reading<'_>, start: usize, end: usize) -> usize {
    let mut end = end;
    while end > start && reading.items[end - 1].is(class::STOP | class::COMMA | class::SEMICOLON) {
        end -= 1;
    }
    end
}

/// The first noun phrase of a sentence, which is mostly its subject.
pub(crate) fn first_phrase(reading: &Reading<'_>, start: usize, end: usize) -> Option<super::phrase::Phrase> {
    let end = end.min(start + MAX_LATER);
    let mut i = start;
    let mut after_preposition = false;
    while i < end {
        let item = reading.items[i];
        if item.is(class::QUOTE) {
            i += 1;
            continue;
        }
        if item.is(class::PREPOSITION | class::SUBORDINATION) && !item.is(class::GROUP) {
            after_preposition = true;
        } else if item.is(class::COMMA) {
            after_preposition = false;
        } else if let Some(phrase) = reading.phrase_after(i, end) {
            if !after_preposition && reading.can_speak(phrase) {
                return Some(phrase);
            }
            i = phrase.end.max(i + 1);
            continue;
        }
        i += 1;
    }
    None
}

fn pieces(
    reading: &Reading<'_>,
    sentence: Sentence,
    end: usize,
    cursor: usize,
    hit: &Hit,
    later: &[Hit],
) -> Option<Vec<(usize, usize)>> {
    let frames = reading.lexicon.cues[hit.cue as usize].takes;
    if frames & takes::SOURCE != 0 {
        return source(reading, sentence, end, cursor, hit, later);
    }
    if frames & takes::DEED != 0 {
        return deed(reading, end, hit, later);
    }
    if frames & takes::NOUN != 0 {
        let onset = hit.end + 1;
        return (onset + 1 < end).then(|| vec![(onset, clause_end(reading, onset, end, later))]);
    }
    if let Some(trailing) = trailing(reading, end, cursor, hit, later, frames) {
        return Some(trailing);
    }
    if hit.inverted && !reading.lexicon.clause_comma {
        return None;
    }
    leading(reading, end, hit, later, frames)
}

/// "According to Berg, …" and "…, according to Berg".
fn source(
    reading: &Reading<'_>,
    sentence: Sentence,
    end: usize,
    cursor: usize,
    hit: &Hit,
    later: &[Hit],
) -> Option<Vec<(usize, usize)>> {
    let subject = hit.subject?;
    let left = trim_left(reading, cursor, hit.start);
    if left.1 > left.0 && has_finite(reading, left.0, left.1) {
        return Some(vec![left]);
    }
    let at_start = cursor == sentence.start && hit.start <= sentence.start + 2;
    let mut onset = if subject.aside + 1 < end { subject.aside } else { subject.end };
    if reading.at(onset, end, class::COMMA) {
        onset += 1;
    }
    (at_start && onset + 1 < end && has_finite(reading, onset, end))
        .then(|| vec![(onset, clause_end(reading, onset, end, later))])
}

/// The text before an attribution, without the comma that joins it.
fn trim_left(reading: &Reading<'_>, start: usize, end: usize) -> (usize, usize) {
    let mut end = end;
    while end > start && reading.items[end - 1].is(class::COMMA | class::DASH) {
        end -= 1;
    }
    let mut start = start;
    while start < end && reading.items[start].is(class::COMMA | class::DASH | class::SEMICOLON | class::STOP)
    {
        start += 1;
    }
    (start, end)
}

/// "…, Berg said" and "…, Berg said, …".
fn trailing(
    reading: &Reading<'_>,
    end: usize,
    cursor: usize,
    hit: &Hit,
    later: &[Hit],
    frames: u16,
) -> Option<Vec<(usize, usize)>> {
    let first = hit.first();
    if first <= cursor || hit.shared || hit.absolute {
        return None;
    }
    let before = reading.items[first - 1];
    if !before.is(class::COMMA | class::QUOTE | class::DASH) {
        return None;
    }
    let (start, stop) = trim_left(reading, cursor, first);
    if start >= stop {
        return None;
    }
    let quoted = reading.items[stop - 1].is(class::QUOTE);
    if frames & if quoted { takes::MARKS | takes::TRAILING } else { takes::TRAILING } == 0 {
        return None;
    }
    // "On Sunday's “Morning Show,” Berg said the bridge was safe": a title, no content.
    if quoted && reading.is_title(stop - 1) && !has_finite(reading, start, stop - 1) && !hit.inverted {
        return None;
    }
    let after = hit.subject.filter(|_| hit.inverted).map_or(hit.end, |s| s.aside.max(s.end));
    let rest = skip_adjuncts(reading, after, end, frames);
    let outlet = end - rest.min(end) <= 4 && (rest..end).all(|i| reading.items[i].is(class::CAPITAL));
    let closed = rest >= end || reading.items[rest].is(class::STOP) || outlet;
    let left = left_piece(reading, start, stop, quoted);
    if closed {
        return (quoted || has_finite(reading, start, stop)).then(|| vec![left]);
    }
    let next = reading.items[rest];
    if quoted {
        return Some(around_quote(reading, rest, end, left));
    }
    if !next.is(class::COMMA) || rest + 1 >= end {
        return None;
    }
    let follow = reading.items[rest + 1];
    if follow.is(class::QUOTE) {
        let joins = !reading.quote_starts_upper(follow.quote as usize) || has_finite(reading, start, stop);
        return joins.then(|| vec![left, (rest + 1, quote_run_end(reading, rest + 1, end))]);
    }
    let adjunct = reading.items[start]
        .is(class::PREPOSITION | class::TIME | class::SUBORDINATION | class::ADVERB)
        && !has_finite(reading, start, stop);
    if adjunct {
        let right = (rest + 1, clause_end(reading, rest + 1, end, later));
        return has_finite(reading, rest + 1, end).then(|| vec![right]);
    }
    let reports = later.first().is_some_and(|next| next.group <= rest + 1 && next.shared);
    if reports || follow.is(class::RELATIVE) || hit.inverted {
        return has_finite(reading, start, stop).then(|| vec![left]);
    }
    Some(vec![left, (rest + 1, clause_end(reading, rest + 1, end, later))])
}

fn around_quote(reading: &Reading<'_>, rest: usize, end: usize, left: (usize, usize)) -> Vec<(usize, usize)> {
    let next = reading.items[rest];
    if next.is(class::QUOTE) {
        return vec![left, (rest, quote_run_end(reading, rest, end))];
    }
    if next.is(class::COMMA | class::COLON | class::DASH) && reading.at(rest + 1, end, class::QUOTE) {
        let run = quote_run_end(reading, rest + 1, end);
        return vec![left, (rest + 1, run)];
    }
    vec![left]
}

/// The content before an attribution: after a colon only the quotation, else everything.
fn left_piece(reading: &Reading<'_>, start: usize, stop: usize, quoted: bool) -> (usize, usize) {
    if quoted && stop - start > 1 {
        let before = reading.items[stop - 2];
        let aside = before.is(class::DASH | class::OPEN)
            && reading.quote_starts_upper(reading.items[stop - 1].quote as usize);
        if before.is(class::COLON | class::SEMICOLON) || aside {
            return (stop - 1, stop);
        }
    }
    (start, stop)
}

/// From one quotation to the last one of "“a” and “b”".
fn quote_run_end(reading: &Reading<'_>, start: usize, end: usize) -> usize {
    let mut last = start + 1;
    while last + 1 < end
        && reading.items[last].is(class::COORDINATION | class::COMMA)
        && reading.items[last + 1].is(class::QUOTE)
    {
        last += 2;
    }
    last
}

/// "They condemned the vote", "she called for talks": the deed itself is what is said.
fn deed(reading: &Reading<'_>, end: usize, hit: &Hit, later: &[Hit]) -> Option<Vec<(usize, usize)>> {
    if hit.inverted || hit.end >= end {
        return None;
    }
    let begins = reading.items[hit.end];
    let object = begins.is(class::DETERMINER
        | class::POSSESSIVE
        | class::OTHER_PRONOUN
        | class::GROUP
        | class::IT
        | class::QUOTE)
        || reading.is_nominal(hit.end);
    if !object {
        return None;
    }
    let stop = clause_end(reading, hit.end, end, later);
    let comma = (hit.end..stop)
        .find(|&i| reading.items[i].is(class::COMMA | class::SEMICOLON | class::DASH))
        .unwrap_or(stop);
    (comma >= hit.end + 2).then(|| vec![(hit.end, comma)])
}

/// Content after the verb.
fn leading(
    reading: &Reading<'_>,
    end: usize,
    hit: &Hit,
    later: &[Hit],
    frames: u16,
) -> Option<Vec<(usize, usize)>> {
    let (start, onset) = onset(reading, hit, end, frames)?;
    match onset {
        Onset::Marks if frames & takes::PART != 0 && frames & takes::THAT == 0 => {
            // "called it “a mess”": a pronoun says nothing of its own.
            let pronoun = start == hit.end + 1 && reading.items[hit.end].is(class::OTHER_PRONOUN | class::IT);
            // "described him as a loner, “a sad man”": words of their own.
            let apart = start > 0 && reading.items[start - 1].is(class::COMMA);
            let from = if reading.lexicon.marked_parts || pronoun || apart { start } else { hit.end };
            Some(vec![(from, quote_run_end(reading, start, end))])
        }
        Onset::Marks => marks(reading, start, end, later, frames),
        Onset::Colon if reading.items[start].is(class::QUOTE) => marks(reading, start, end, later, frames),
        Onset::That | Onset::Wh | Onset::Bare | Onset::Colon => {
            let stop = clause_end(reading, start, end, later);
            (stop > start + 1 || reading.at(start, end, class::QUOTE)).then(|| vec![(start, stop)])
        }
    }
}

fn marks(
    reading: &Reading<'_>,
    start: usize,
    end: usize,
    later: &[Hit],
    frames: u16,
) -> Option<Vec<(usize, usize)>> {
    if frames & (takes::MARKS | takes::PART) == 0 {
        return None;
    }
    let run = quote_run_end(reading, start, end);
    if run >= end || reading.quote_ends_sentence(reading.items[run - 1].quote as usize) {
        return Some(vec![(start, run)]);
    }
    let next = reading.items[run];
    // "“We go,” pointing at the door": a sentence of the speaker's own, and what was done meanwhile.
    let quote = reading.items[run - 1].quote as usize;
    let meanwhile = next.is(class::WORD) && reading.slice(next).ends_with("ing");
    if meanwhile && reading.quote_is_closed_off(quote) {
        return Some(vec![(start, run)]);
    }
    // "“a” and that b", "“a” because b": the sentence goes on with the report.
    let goes_on = next.is(class::COORDINATION
        | class::SUBORDINATION
        | class::AUXILIARY
        | class::MODAL
        | class::COMPLEMENTIZER)
        || (next.is(class::WORD) && !next.is(class::PREPOSITION | class::TIME | class::ADVERB));
    let hit_follows = later.iter().any(|h| h.first() <= run + 2);
    if goes_on && !hit_follows {
        return Some(vec![(start, clause_end(reading, start, end, later))]);
    }
    Some(vec![(start, run)])
}

/// The end of a clause that begins at `start`: the sentence's end, or where another attribution takes over.
fn clause_end(reading: &Reading<'_>, start: usize, end: usize, later: &[Hit]) -> usize {
    let mut stop = end;
    for hit in later {
        let first = hit.first();
        if first <= start + 1 || first >= stop {
            continue;
        }
        let before = reading.items[first - 1];
        let source = reading.lexicon.cues[hit.cue as usize].takes & takes::SOURCE != 0;
        // "“It fell,” adding that": the comma stands inside the marks.
        let closed = before.is(class::QUOTE) && reading.quote_is_closed_off(before.quote as usize);
        // "it had failed – “It fell,” she said –": words in marks that are a report of their own.
        let aside = closed
            && first > start + 2
            && reading.items[first - 2].is(class::DASH | class::OPEN)
            && reading.quote_starts_upper(before.quote as usize);
        if aside {
            stop = first - 2;
            break;
        }
        let joined = before.is(class::COORDINATION | class::SEMICOLON | class::COMMA | class::DASH)
            || before.is(class::CONTRAST);
        // "there would be a deal he warned: “…”": a colon and marks begin a report of their own.
        let announces = hit.subject.is_some()
            && reading.at(hit.end, end, class::COLON)
            && reading.at(hit.end + 1, end, class::QUOTE);
        if joined && !hit.inverted
            || source
            || announces
            || (hit.shared && (before.is(class::COMMA) || closed))
        {
            stop = first;
            break;
        }
    }
    while stop > start + 1
        && stop < end
        && reading.items[stop - 1].is(class::COMMA
            | class::COORDINATION
            | class::SEMICOLON
            | class::DASH
            | class::SUBORDINATION)
    {
        stop -= 1;
    }
    stop
}
