//! Noun phrases around a cue, read from word classes alone.

use super::lexicon::class;
use super::reading::Reading;

/// Items that a noun phrase may span, so that hostile input costs linear time.
const MAX_PHRASE: usize = 40;

/// A noun phrase, items `start..end`; an aside such as ", a lawyer from Kyiv," may follow up to `aside`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phrase {
    pub start: usize,
    pub end: usize,
    /// End of the aside; equal to `end` when there is none.
    pub aside: usize,
}

impl Phrase {
    fn plain(start: usize, end: usize) -> Self {
        Self { start, end, aside: end }
    }
}

impl Reading<'_> {
    /// True for words that can be part of a noun phrase's core.
    pub fn is_nominal(&self, i: usize) -> bool {
        let item = self.items[i];
        if item.is(class::NUMBER) {
            return true;
        }
        if !item.is(class::WORD) {
            return false;
        }
        let noun = class::ROLE
            | class::GROUP
            | class::ORGANISATION
            | class::SAYING
            | class::TITLE
            | class::NATIONALITY;
        if item.is(class::CAPITAL) {
            let shout = item.is(class::SHOUT);
            if item.is(class::TIME) {
                return false;
            }
            if item.is(class::FIRST) && !shout {
                return !item.is(class::CLOSED) || item.is(noun);
            }
            return shout || !item.is(class::SUBJECT | class::OTHER_PRONOUN | class::RELATIVE);
        }
        if item.is(noun) {
            return true;
        }
        !item.is(class::CLOSED
            | class::VERB
            | class::TIME
            | class::GENITIVE
            | class::COMPLEMENTIZER
            | class::INFINITIVE)
            && !item.is(class::CUE_VERB)
    }

    /// The noun phrase that ends right before `end`, not reaching before `floor`.
    pub fn phrase_before(&self, floor: usize, end: usize) -> Option<Phrase> {
        let floor = floor.max(end.saturating_sub(MAX_PHRASE));
        if end <= floor {
            return None;
        }
        let last = self.items[end - 1];
        if last.is(class::SUBJECT) && !last.is(class::SHOUT) || last.is(class::I) {
            return Some(Phrase::plain(end - 1, end));
        }
        let group = last.is(class::GROUP);
        if !self.is_nominal(end - 1) && !group && !last.is(class::CLOSE) {
            return None;
        }
        let mut i = end;
        let mut core = 0;
        while i > floor {
            let item = self.items[i - 1];
            if self.is_nominal(i - 1) || (i == end && group) {
                core += 1;
                i -= 1;
            } else if self.extends_left(floor, i - 1) {
                i -= 1;
            } else if item.is(class::DETERMINER | class::POSSESSIVE) {
                i -= 1;
                let joined =
                    i > floor && self.items[i - 1].is(class::ATTACHING) && self.extends_left(floor, i - 1);
                let stacked = i > floor && self.items[i - 1].is(class::DETERMINER);
                if joined {
                    i -= 1;
                } else if !stacked {
                    break;
                }
            } else if item.is(class::CLOSE) {
                let Some(open) = self.bracket_before(floor, i - 1) else { break };
                i = open;
            } else {
                break;
            }
        }
        (core > 0).then_some(Phrase::plain(i, end))
    }

    /// True when item `i` ties what follows it to a noun before it: a genitive, a preposition, "and", a nickname.
    fn extends_left(&self, floor: usize, i: usize) -> bool {
        if i <= floor {
            return false;
        }
        let item = self.items[i];
        let noun = self.is_nominal(i - 1);
        (item.is(class::GENITIVE) && noun)
            || (item.is(class::ATTACHING) && (noun || self.items[i - 1].is(class::GROUP)) && self.attaches(i))
            || (item.is(class::COORDINATION) && self.coordinates(i))
            || (item.is(class::QUOTE)
                && (noun && i > floor + 1 || self.items[i - 1].is(class::DETERMINER))
                && self.is_nickname(i))
    }

    /// "of" always ties two nouns; other prepositions tie only what follows a role, a body or a name.
    fn attaches(&self, preposition: usize) -> bool {
        let before = self.items[preposition - 1];
        self.lower(preposition) == "of"
            || before.is(class::ROLE | class::ORGANISATION | class::GROUP)
            || (before.is(class::SAYING) && !before.is(class::CAPITAL))
    }

    fn coordinates(&self, and: usize) -> bool {
        let named = |i: usize| self.items[i].is(class::CAPITAL | class::GROUP | class::ROLE);
        self.lower(and) != "but"
            && named(and - 1)
            && self.is_nominal(and - 1)
            && and + 1 < self.items.len()
            && { named(and + 1) || self.items[and + 1].is(class::DETERMINER | class::POSSESSIVE) }
    }

    fn bracket_before(&self, floor: usize, close: usize) -> Option<usize> {
        (floor.max(close.saturating_sub(12))..close).rev().find(|&k| self.items[k].is(class::OPEN))
    }

    /// A quotation that stands for a name: short, and no sentence.
    pub fn is_nickname(&self, i: usize) -> bool {
        let quote = self.items[i].quote as usize;
        self.quote_words(quote) <= 4 && !self.quote_is_closed_off(quote)
    }

    /// Like [`Self::phrase_after`], also for "him", "her" and "them", which follow a preposition.
    pub fn object_after(&self, start: usize, end: usize) -> Option<Phrase> {
        let form = class::MALE_FORM | class::FEMALE_FORM | class::PLURAL_FORM;
        let alone = self.at(start, end, form)
            && !(self.at(start, end, class::POSSESSIVE) && start + 1 < end && self.is_nominal(start + 1));
        if alone { Some(Phrase::plain(start, start + 1)) } else { self.phrase_after(start, end) }
    }

    /// The noun phrase that begins at `start`, with the aside after it.
    pub fn phrase_after(&self, start: usize, end: usize) -> Option<Phrase> {
        let end = end.min(start + MAX_PHRASE);
        if start >= end {
            return None;
        }
        if self.items[start].is(class::SUBJECT) && !self.items[start].is(class::SHOUT) {
            // "says he Analyst Weiss": a name right after the pronoun tells who it is.
            let named = self.at(start + 1, end, class::CAPITAL) && self.is_nominal(start + 1);
            return if named {
                self.phrase_after(start + 1, end)
            } else {
                Some(Phrase::plain(start, start + 1))
            };
        }
        let mut i = start;
        while self.at(i, end, class::DETERMINER | class::POSSESSIVE) && !self.at(i, end, class::GROUP) {
            i += 1;
        }
        let core = i;
        while i < end {
            let item = self.items[i];
            if self.is_nominal(i) || item.is(class::GENITIVE) || (i == core && item.is(class::GROUP)) {
                i += 1;
            } else if i > core && self.continues(i, end) {
                i += 1;
                while self.at(i, end, class::DETERMINER | class::POSSESSIVE) {
                    i += 1;
                }
            } else if i > core && item.is(class::OPEN) {
                let Some(close) = (i..end.min(i + 12)).find(|&k| self.items[k].is(class::CLOSE)) else {
                    break;
                };
                i = close + 1;
            } else if i > core
                && item.is(class::QUOTE)
                && self.is_nickname(i)
                && i + 1 < end
                && self.is_nominal(i + 1)
            {
                i += 1;
            } else {
                break;
            }
        }
        if i == core {
            return None;
        }
        Some(Phrase { start, end: i, aside: self.aside_end(i, end) })
    }

    /// A preposition or "and" inside a noun phrase that goes on to the right.
    fn continues(&self, i: usize, end: usize) -> bool {
        let item = self.items[i];
        if i + 1 >= end {
            return false;
        }
        let next = self.items[i + 1];
        if item.is(class::COORDINATION) {
            return self.coordinates(i);
        }
        if !item.is(class::ATTACHING | class::PREPOSITION) || next.is(class::TIME | class::NUMBER) {
            return false;
        }
        let noun = if next.is(class::DETERMINER | class::POSSESSIVE) { i + 2 } else { i + 1 };
        if noun >= end || !self.is_nominal(noun) || self.items[noun].is(class::SAYING | class::INTERVIEW_NOUN)
        {
            return false;
        }
        match self.lower(i).as_str() {
            "of" | "for" | "from" | "at" | "with" => true,
            "in" | "on" | "to" => self.items[i - 1].is(class::ROLE | class::GROUP | class::TITLE),
            _ => false,
        }
    }

    /// The end of ", a lawyer from Kyiv" after a name; `i` when no aside follows.
    fn aside_end(&self, i: usize, end: usize) -> usize {
        if !self.at(i, end, class::COMMA) || !self.begins_aside(i + 1, end) {
            return i;
        }
        let mut k = i + 1;
        while k < end {
            let item = self.items[k];
            if item.is(class::STOP | class::QUOTE | class::SEMICOLON | class::COLON) {
                break;
            }
            if item.is(class::COMMA) && !self.begins_aside(k + 1, end) {
                break;
            }
            k += 1;
        }
        // A finite verb without "who" makes it a clause of its own.
        let relative = self.items[i + 1].is(class::RELATIVE);
        let verb = class::AUXILIARY | class::MODAL;
        if !relative && let Some(verb) = (i + 1..k).find(|&v| self.items[v].is(verb)) {
            let comma = (i + 1..verb).rev().find(|&c| self.items[c].is(class::COMMA));
            return comma.unwrap_or(i);
        }
        k
    }

    /// True when an aside to a name can begin with item `i`.
    pub fn begins_aside(&self, i: usize, end: usize) -> bool {
        if i >= end {
            return false;
        }
        let item = self.items[i];
        item.is(class::DETERMINER
            | class::POSSESSIVE
            | class::RELATIVE
            | class::NUMBER
            | class::ROLE
            | class::ORGANISATION
            | class::TITLE
            | class::NATIONALITY)
            || (item.is(class::CAPITAL) && !item.is(class::CLOSED | class::TIME))
            || matches!(
                self.lower(i).as_str(),
                "of" | "from" | "now" | "formerly" | "then" | "himself" | "herself" | "co-founder"
            )
            || (item.is(class::WORD)
                && !item.is(class::CLOSED | class::VERB | class::TIME)
                && item.forms == 0)
    }

    /// The subject of a verb group that begins at `group`: a phrase, a phrase with an aside, or the phrase that a
    /// relative pronoun refers to.
    pub fn subject_before(&self, floor: usize, group: usize) -> Option<Phrase> {
        if group <= floor {
            return None;
        }
        let before = self.items[group - 1];
        if before.is(class::RELATIVE) && !before.is(class::SHOUT) {
            let mut end = group - 1;
            if end > floor && self.items[end - 1].is(class::COMMA) {
                end -= 1;
            }
            return self.phrase_before(floor, end).or_else(|| self.with_aside(floor, end));
        }
        if before.is(class::COMPLEMENTIZER) {
            return self.phrase_before(floor, group - 1);
        }
        if before.is(class::COMMA) || before.is(class::DASH) {
            return self.with_aside(floor, group - 1);
        }
        let mut phrase = self.phrase_before(floor, group);
        // "tests that courts said failed": "that" belongs to the tests.
        if let Some(found) = &mut phrase
            && found.end - found.start > 1
            && found.start > floor
            && self.items[found.start].is(class::COMPLEMENTIZER)
            && self.is_nominal(found.start - 1)
        {
            found.start += 1;
        }
        match phrase {
            Some(found) if self.can_speak(found) && !self.in_relative(floor, found.start) => {
                Some(self.with_head(floor, found))
            }
            _ => self.before_relative(floor, group).or(phrase),
        }
    }

    /// "A report on poverty in Scottish cities", "two people briefed on the talks": the phrase from its head on, when
    /// only prepositions and a participle stand between the head and what was found.
    fn with_head(&self, floor: usize, found: Phrase) -> Phrase {
        const REACH: usize = 12;
        let lowest = floor.max(found.start.saturating_sub(REACH));
        if found.start <= lowest + 1 || !self.items[found.start - 1].is(class::PREPOSITION) {
            return found;
        }
        let boundary = class::COMMA
            | class::QUOTE
            | class::SEMICOLON
            | class::COLON
            | class::DASH
            | class::COMPLEMENTIZER
            | class::SUBORDINATION
            | class::COORDINATION
            | class::RELATIVE
            | class::AUXILIARY
            | class::MODAL;
        let begin = (lowest..found.start)
            .rev()
            .find(|&k| self.items[k].is(boundary) && !self.items[k].is(class::PREPOSITION))
            .map_or(lowest, |k| k + 1);
        let clause =
            begin == floor || begin > lowest && !self.items[begin - 1].is(class::AUXILIARY | class::MODAL);
        let Some(mut head) = self.phrase_after(begin, found.start).filter(|_| clause) else { return found };
        // What follows the head: "on …", "seen by …".
        let participle = |k: usize| {
            let word = self.slice(self.items[k]);
            word.ends_with("ed") || word.ends_with('n') && self.items[k].is(class::VERB)
        };
        if head.end > head.start + 1 && participle(head.end - 1) {
            head.end -= 1;
        }
        let noun = self.items[head.end - 1];
        let speaks = noun.is(class::GROUP | class::ROLE | class::SAYING | class::ORGANISATION)
            && (!noun.is(class::CAPITAL) || noun.is(class::FIRST));
        let tied = self.at(head.end, found.start, class::PREPOSITION)
            || head.end + 1 < found.start
                && participle(head.end)
                && self.items[head.end + 1].is(class::PREPOSITION);
        if speaks && tied { Phrase { start: head.start, ..found } } else { found }
    }

    /// True when the words before item `i` are a verb of a relative clause: "people who battle threats".
    fn in_relative(&self, floor: usize, i: usize) -> bool {
        let lowest = floor.max(i.saturating_sub(8));
        i > lowest
            && self.items[i - 1].is(class::VERB | class::AUXILIARY | class::PREPOSITION | class::CUE_VERB)
            && self.relative_before(lowest, i).is_some()
    }

    fn relative_before(&self, floor: usize, end: usize) -> Option<usize> {
        (floor..end)
            .rev()
            .take_while(|&k| {
                !self.items[k].is(class::COMMA | class::STOP | class::SEMICOLON | class::COLON | class::QUOTE)
            })
            .find(|&k| self.items[k].is(class::RELATIVE) && !self.items[k].is(class::SHOUT))
    }

    /// "people who have battled other threats": the phrase that a relative clause without commas describes.
    fn before_relative(&self, floor: usize, group: usize) -> Option<Phrase> {
        let relative = self.relative_before(floor.max(group.saturating_sub(16)), group)?;
        let phrase = self.phrase_before(floor, relative)?;
        self.can_speak(phrase).then_some(Phrase { aside: group, ..phrase })
    }

    /// The phrase before an aside that ends at `end` (a comma stands there).
    fn with_aside(&self, floor: usize, end: usize) -> Option<Phrase> {
        let lowest = floor.max(end.saturating_sub(MAX_PHRASE + 5));
        let mut best: Option<Phrase> = None;
        let mut after = end;
        for k in (lowest..end).rev() {
            let item = self.items[k];
            if item.is(class::QUOTE) && !self.is_nickname(k)
                || item.is(class::SEMICOLON | class::COLON | class::STOP)
            {
                break;
            }
            if !item.is(class::COMMA | class::DASH) {
                continue;
            }
            if !self.begins_aside(k + 1, after) {
                break;
            }
            after = k;
            let Some(phrase) = self.phrase_before(floor, k) else { continue };
            let starts_clause = phrase.start == floor
                || self.items[phrase.start - 1].is(class::COMMA
                    | class::COORDINATION
                    | class::SUBORDINATION
                    | class::COMPLEMENTIZER
                    | class::QUOTE
                    | class::ADVERB
                    | class::TIME
                    | class::DASH
                    | class::COLON
                    | class::SEMICOLON);
            if starts_clause && self.can_speak(phrase) {
                best = Some(Phrase { aside: end, ..phrase });
                // "In Kyiv, Anna Berg, a lawyer, said": a name with nothing before it but its clause is enough.
                let named = (phrase.start..phrase.end)
                    .any(|i| self.items[i].is(class::CAPITAL) && !self.items[i].is(class::FIRST))
                    && !self.items[phrase.start].is(class::DETERMINER | class::POSSESSIVE);
                if named && phrase.start > floor {
                    let previous = self.items[phrase.start - 1];
                    if !previous.is(class::COMMA) || self.items[phrase.start].is(class::TITLE) {
                        break;
                    }
                }
            }
        }
        best
    }

    /// True for phrases that can speak: a name, a role, a group, a body, a document, a pronoun.
    pub fn can_speak(&self, phrase: Phrase) -> bool {
        (phrase.start..phrase.end).any(|i| {
            let item = self.items[i];
            // "three in 10"
            item.is(class::NUMBER)
                && i + 1 == phrase.end
                && i > phrase.start
                && self.items[i - 1].is(class::PREPOSITION)
                || item.is(class::CAPITAL
                    | class::ROLE
                    | class::GROUP
                    | class::ORGANISATION
                    | class::SAYING
                    | class::SUBJECT
                    | class::TITLE)
                    && !(item.is(class::FIRST)
                        && item.is(class::CLOSED)
                        && !item.is(class::SUBJECT | class::GROUP))
        })
    }
}
