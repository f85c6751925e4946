//! The people and bodies an article names: every mention, joined into one table per article.

use std::collections::HashMap;

use super::lexicon::class;
use super::reading::Reading;
use crate::text::{edit_similarity, fold};

/// Names that are compared by likeness; beyond that only equal spellings are joined.
const MAX_COMPARED: usize = 200;
/// Spellings at least this alike are one name.
const ALIKE: f64 = 0.85;

/// Grammatical gender, as far as titles and given names tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gender {
    Male,
    Female,
    Unknown,
}

/// A person or body that an article names.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// The fullest form of the name in the article.
    pub name: String,
    /// The folded words of the name.
    pub words: Vec<String>,
    pub gender: Gender,
    /// The role that stands beside the name: "political analyst".
    pub role: Option<String>,
    /// The organisation that stands beside the name.
    pub organisation: Option<String>,
    /// A given name, a title or a role says that it is a person.
    pub human: bool,
    /// Its words name a body, a group or a nation.
    pub body: bool,
}

/// One mention of a name: items `start..end`, the titles before it from `titled` on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mention {
    pub titled: usize,
    pub start: usize,
    pub end: usize,
    pub person: usize,
}

/// Everybody an article names.
pub(crate) struct People {
    pub list: Vec<Person>,
    /// In text order.
    pub mentions: Vec<Mention>,
    by_word: HashMap<String, Vec<usize>>,
    /// Acronyms that the article introduces: "World Health Organisation (WHO)".
    short: HashMap<String, usize>,
}

struct Run {
    titled: usize,
    start: usize,
    end: usize,
    gender: Gender,
    title: bool,
    /// The last word names a body or a role, no person.
    body: bool,
}

impl People {
    /// Reads the names of an article, outside its quotations.
    pub fn new(reading: &Reading<'_>) -> Self {
        let mut runs = Vec::new();
        for sentence in &reading.sentences {
            let mut i = sentence.start;
            while i < sentence.end {
                match run(reading, i, sentence.end) {
                    Some(found) => {
                        i = found.end.max(i + 1);
                        runs.push(found);
                    }
                    None => i += 1,
                }
            }
        }
        let mut people =
            Self { list: Vec::new(), mentions: Vec::new(), by_word: HashMap::new(), short: HashMap::new() };
        // Full names first, so that a surname in the headline finds the full name below it.
        let mut owner = vec![usize::MAX; runs.len()];
        for full in [true, false] {
            for (k, run) in runs.iter().enumerate() {
                if k > 0 && !full && stands_for(reading, &runs[k - 1], run) {
                    owner[k] = owner[k - 1];
                    people.index(owner[k], &[fold(reading.words(run.start, run.end))]);
                    people.short.insert(fold(reading.words(run.start, run.end)), owner[k]);
                } else if (run.end - run.start > 1) == full {
                    owner[k] = people.join(reading, run);
                }
            }
        }
        for (run, person) in runs.iter().zip(owner) {
            people.mentions.push(Mention { titled: run.titled, start: run.start, end: run.end, person });
            people.describe(reading, run, person);
        }
        people
    }

    /// The person of this run: an earlier one with a fitting name, or a new one.
    fn join(&mut self, reading: &Reading<'_>, run: &Run) -> usize {
        let words: Vec<String> = (run.start..run.end)
            .filter(|&i| reading.items[i].is(class::WORD) && !reading.items[i].is(class::GENITIVE))
            .map(|i| fold(reading.slice(reading.items[i])))
            .collect();
        let given = reading.items[run.start].classes;
        let gender = match run.gender {
            Gender::Unknown if given & class::MALE != 0 => Gender::Male,
            Gender::Unknown if given & class::FEMALE != 0 => Gender::Female,
            known => known,
        };
        let human = !run.body && run.title
            || !run.body && (words.len() > 1 && given & (class::MALE | class::FEMALE) != 0);
        let short = words.first().filter(|_| words.len() == 1).and_then(|word| self.short.get(word)).copied();
        if let Some(index) = short.or_else(|| self.find(&words, gender)) {
            let person = &mut self.list[index];
            if person.gender == Gender::Unknown {
                person.gender = gender;
            }
            person.human |= human;
            let name = reading.words(run.start, run.end);
            if words.len() > person.words.len() && words.len() <= 4 {
                person.name = name.to_string();
                person.words.clone_from(&words);
                self.index(index, &words);
            }
            return index;
        }
        let index = self.list.len();
        self.index(index, &words);
        self.list.push(Person {
            name: clean(reading.words(run.start, run.end)),
            words,
            gender,
            role: None,
            organisation: None,
            human,
            body: run.body,
        });
        index
    }

    fn index(&mut self, person: usize, words: &[String]) {
        for word in words {
            let owners = self.by_word.entry(word.clone()).or_default();
            if !owners.contains(&person) && owners.len() < MAX_COMPARED {
                owners.push(person);
            }
        }
    }

    /// The person with this name: same last word, and given names that do not clash.
    pub fn find(&self, words: &[String], gender: Gender) -> Option<usize> {
        let last = words.last()?;
        let exact = self.by_word.get(last).into_iter().flatten().copied().collect::<Vec<_>>();
        let fits = |&person: &usize| self.fits(person, words, gender);
        if let Some(found) = exact.into_iter().find(fits) {
            return Some(found);
        }
        if self.list.len() > MAX_COMPARED || last.len() < 5 {
            return None;
        }
        (0..self.list.len()).find(|&p| {
            let theirs = self.list[p].words.last();
            theirs.is_some_and(|t| {
                t.len() >= 5 && t.as_bytes()[0] == last.as_bytes()[0] && edit_similarity(t, last) >= ALIKE
            }) && self.fits(p, words, gender)
        })
    }

    fn fits(&self, person: usize, words: &[String], gender: Gender) -> bool {
        let other = &self.list[person];
        if gender != Gender::Unknown && other.gender != Gender::Unknown && gender != other.gender {
            return false;
        }
        let (Some(last), Some(their_last)) = (words.last(), other.words.last()) else { return false };
        if words.len() == 1 {
            // A single word is a surname, or the given name of somebody introduced in full.
            return last == their_last
                || edit_similarity(last, their_last) >= ALIKE
                || (other.human && other.words.first() == Some(last));
        }
        if other.words.len() == 1 {
            return last == their_last || edit_similarity(last, their_last) >= ALIKE;
        }
        if last != their_last && edit_similarity(last, their_last) < ALIKE {
            return false;
        }
        let (a, b) = (&words[0], &other.words[0]);
        a == b || a.starts_with(b.as_str()) || b.starts_with(a.as_str()) || edit_similarity(a, b) >= 0.7
    }

    /// Keeps the role and the organisation that stand beside a name.
    fn describe(&mut self, reading: &Reading<'_>, run: &Run, person: usize) {
        let sentence_start = run.start.saturating_sub(14);
        if run.body {
            return;
        }
        let before = role_before(reading, sentence_start, run);
        let after = role_after(reading, run.end);
        let person = &mut self.list[person];
        for (start, end) in [before, after].into_iter().flatten() {
            person.human = true;
            let role = reading.words(start, end);
            if person.role.is_none() && role.len() < 160 {
                person.role = Some(role.to_string());
            }
            if person.organisation.is_none() {
                person.organisation = organisation(reading, start, end).map(str::to_string);
            }
            if person.gender == Gender::Unknown {
                person.gender = role_gender(reading, start, end);
            }
        }
    }

    /// The mentions that lie in items `start..end`.
    pub fn mentions_in(&self, start: usize, end: usize) -> &[Mention] {
        let from = self.mentions.partition_point(|m| m.start < start);
        let to = self.mentions.partition_point(|m| m.start < end);
        &self.mentions[from..to.max(from)]
    }
}

fn clean(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The gender that role words tell: "spokeswoman".
pub(crate) fn role_gender(reading: &Reading<'_>, start: usize, end: usize) -> Gender {
    for i in start..end {
        let item = reading.items[i];
        if item.is(class::ROLE_MALE) {
            return Gender::Male;
        }
        if item.is(class::ROLE_FEMALE) {
            return Gender::Female;
        }
    }
    Gender::Unknown
}

/// The name that begins at item `i`, titles included.
fn run(reading: &Reading<'_>, i: usize, end: usize) -> Option<Run> {
    if !begins_name(reading, i) {
        return None;
    }
    let mut stop = i;
    while stop < end {
        let item = reading.items[stop];
        let initial_dot = item.is(class::STOP)
            && stop > i
            && stop + 1 < end
            && reading.slice(reading.items[stop - 1]).chars().count() == 1
            && reading.slice(item) == ".";
        let particle = item.is(class::NAME_PART)
            && !item.is(class::CAPITAL)
            && stop > i
            && stop + 1 < end
            && reading.items[stop + 1].is(class::CAPITAL);
        let title = item.is(class::TITLE) && item.is(class::CAPITAL);
        if begins_name(reading, stop) || initial_dot || particle || title {
            stop += 1;
        } else {
            break;
        }
    }
    // Titles, bodies, acronyms and nationalities before the name belong to the role.
    let mut start = i;
    let mut gender = Gender::Unknown;
    let mut title = false;
    let before = class::TITLE | class::ROLE | class::ORGANISATION | class::NATIONALITY | class::GROUP;
    for k in i..stop {
        let item = reading.items[k];
        let given = item.is(class::MALE | class::FEMALE) && k + 1 < stop;
        if item.is(class::ROLE_MALE) {
            gender = Gender::Male;
        } else if item.is(class::ROLE_FEMALE) {
            gender = Gender::Female;
        }
        let acronym = item.is(class::SHOUT) && reading.slice(item).len() > 1 && k + 2 < stop;
        let prefix =
            item.is(before) && !given && (k == start || !item.is(class::ORGANISATION) || k + 2 < stop);
        if k + 1 < stop && (prefix || acronym) {
            title |= item.is(class::TITLE | class::ROLE);
            start = k + 1;
        }
    }
    // A given name in the middle of a long run begins the person's name: "White House Josh Earnest".
    if stop - start > 2
        && let Some(given) = (start + 1..stop - 1).find(|&k| reading.items[k].is(class::MALE | class::FEMALE))
        && !reading.items[start].is(class::MALE | class::FEMALE)
        && reading.slice(reading.items[start]).len() > 2
        && stop - given <= 3
    {
        start = given;
    }
    let office = named_office(reading, i, stop);
    if let Some(name) = office {
        start = start.max(name);
        title = true;
    }
    let titled = if office.is_some() { start } else { i };
    let last = reading.items[stop - 1];
    let bodies =
        class::TITLE | class::ROLE | class::ORGANISATION | class::GROUP | class::NATIONALITY | class::SAYING;
    let body = last.is(bodies) && !last.is(class::MALE | class::FEMALE)
        || (last.is(class::SHOUT) && stop == start + 1 && reading.slice(last).len() < 6);
    (stop > start).then_some(Run { titled, start, end: stop, gender, title, body })
}

/// "Minister of Education Anna Berg": where the name begins in the run `i..stop` after the preposition.
///
/// An office without an article before it is a title, so a name must follow it.
fn named_office(reading: &Reading<'_>, i: usize, stop: usize) -> Option<usize> {
    const OFFICE: usize = 10;
    let mut at = i.checked_sub(1)?;
    if reading.items[at].is(class::DETERMINER) {
        at = at.checked_sub(1)?;
    }
    if !reading.items[at].is(class::ATTACHING) {
        return None;
    }
    let floor = at.saturating_sub(OFFICE);
    let begin = (floor..at)
        .rev()
        .take_while(|&k| {
            reading.is_nominal(k) || k + 1 < at && matches!(reading.lower(k).as_str(), "of" | "for" | "at")
        })
        .last()?;
    let head = reading.items[begin];
    let office = (begin..at).any(|k| reading.items[k].is(class::ROLE | class::TITLE));
    let bare = head.is(class::CAPITAL)
        && (head.is(class::FIRST)
            || begin.checked_sub(1).is_some_and(|b| {
                reading.items[b]
                    .is(class::PREPOSITION | class::COORDINATION | class::COMPLEMENTIZER | class::COMMA)
            }));
    if !office || !bare {
        return None;
    }
    let aside = begin > 0 && reading.items[begin - 1].is(class::COMMA);
    let organisation = (i..stop).rev().find(|&k| reading.items[k].is(class::ORGANISATION));
    match organisation {
        Some(k) if k + 2 < stop && stop <= k + 4 => Some(k + 1),
        None if stop - i >= 3 && !aside => Some(stop - 2),
        _ => None,
    }
}

/// "World Health Organisation (WHO)": the second run holds the initials of the first in brackets.
fn stands_for(reading: &Reading<'_>, name: &Run, short: &Run) -> bool {
    let acronym = short.end == short.start + 1 && reading.items[short.start].is(class::SHOUT);
    let bracket = short.start == name.end + 1 && reading.items[name.end].is(class::OPEN);
    let initials = (name.titled..name.end)
        .filter_map(|i| reading.slice(reading.items[i]).chars().next().filter(|c| c.is_uppercase()));
    acronym && bracket && initials.eq(reading.slice(reading.items[short.start]).chars())
}

fn begins_name(reading: &Reading<'_>, i: usize) -> bool {
    let item = reading.items[i];
    if !item.is(class::CAPITAL) || item.is(class::TIME | class::GENITIVE | class::I) {
        return false;
    }
    if item.is(class::TITLE | class::MALE | class::FEMALE) {
        return true;
    }
    // "WHO say": an acronym, unless the whole line is in capitals.
    let alone = || {
        reading.slice(item).len() > 2 && !reading.items.get(i + 1).is_some_and(|next| next.is(class::SHOUT))
    };
    if item.is(class::SHOUT) && (!item.is(class::FIRST) || alone()) {
        return true;
    }
    if reading.lexicon.capital_nouns && item.classes & (class::GROUP | class::SAYING | class::NOT_NAME) != 0 {
        return false;
    }
    !item.is(class::CLOSED) && !(item.is(class::FIRST) && (item.is(class::VERB) || item.forms != 0))
}

/// The role right before a name: "political analyst", "First Deputy Chair of the Verkhovna Rada".
fn role_before(reading: &Reading<'_>, floor: usize, run: &Run) -> Option<(usize, usize)> {
    let Run { titled, start, end, .. } = *run;
    let limit = reading.items.len();
    let has_role = |from: usize, to: usize| (from..to).any(|i| reading.items[i].is(class::ROLE));
    let ties = |i: usize| {
        i > floor
            && reading.items[i].is(class::ATTACHING)
            && matches!(reading.lower(i).as_str(), "of" | "for" | "at")
            && reading.items[i - 1].is(class::ROLE | class::ORGANISATION | class::CAPITAL)
    };
    let mut from = titled;
    while from > floor {
        let item = reading.items[from - 1];
        let inside = from < titled || titled < start;
        if reading.is_nominal(from - 1) && !item.is(class::STOP) || inside && ties(from - 1) {
            from -= 1;
        } else if item.is(class::DETERMINER) && inside && from > 1 && ties(from - 2) {
            // "chair of the board"
            from -= 2;
        } else if item.is(class::CLOSE)
            && let Some(open) = (floor..from - 1).rev().find(|&k| reading.items[k].is(class::OPEN))
        {
            from = open;
        } else {
            break;
        }
        if reading.items[from].is(class::FIRST) {
            break;
        }
    }
    if has_role(from, start) {
        return Some((from, start));
    }
    // "The secretary of the council, Anna Berg,"
    if titled > floor + 1
        && reading.items[titled - 1].is(class::COMMA)
        && reading.at(end, limit, class::COMMA)
    {
        let office = reading.phrase_before(floor, titled - 1);
        if let Some(office) = office.filter(|o| {
            reading.items[o.start].is(class::DETERMINER | class::POSSESSIVE) && has_role(o.start, o.end)
        }) {
            return Some((office.start + 1, office.end));
        }
    }
    let titles = (titled..start).any(|i| {
        reading.items[i].is(class::TITLE)
            && !matches!(reading.lower(i).as_str(), "mr" | "mrs" | "ms" | "miss" | "dr")
    });
    titles.then_some((titled, start))
}

/// The role in an aside after a name: ", a political analyst at Vilnius University,".
fn role_after(reading: &Reading<'_>, end: usize) -> Option<(usize, usize)> {
    let limit = reading.items.len().min(end + 24);
    if !reading.at(end, limit, class::COMMA) || end + 1 >= limit {
        return None;
    }
    let mut start = end + 1;
    while reading.at(start, limit, class::DETERMINER | class::POSSESSIVE) {
        start += 1;
    }
    let mut stop = start;
    while stop < limit
        && !reading.items[stop].is(class::COMMA
            | class::STOP
            | class::QUOTE
            | class::SEMICOLON
            | class::COLON
            | class::FIRST
            | class::TIME
            | class::RELATIVE)
        && !reading.items[stop].is(class::AUXILIARY | class::MODAL)
    {
        stop += 1;
    }
    // "According to Berg, a lawyer for the town was there": a clause of its own.
    if reading.at(stop, limit, class::AUXILIARY | class::MODAL) {
        return None;
    }
    let head = start + 6;
    (stop > start && (start..stop.min(head)).any(|i| reading.items[i].is(class::ROLE)))
        .then_some((start, stop))
}

/// The organisation in a role: the name after "of", "at", "for" or "from", or a run that holds a body's word.
fn organisation<'a>(reading: &Reading<'a>, start: usize, end: usize) -> Option<&'a str> {
    let mut i = start;
    while i < end {
        // An ambassador to a country does not work for it.
        if reading.items[i].is(class::ATTACHING) && reading.lower(i) != "to" {
            let mut from = i + 1;
            while reading.at(from, end, class::DETERMINER | class::POSSESSIVE) {
                from += 1;
            }
            if reading.at(from, end, class::CAPITAL) {
                return Some(reading.words(from, end));
            }
        }
        i += 1;
    }
    let body = (start..end)
        .find(|&i| reading.items[i].is(class::CAPITAL) && reading.items[i].is(class::ORGANISATION))?;
    let from = (start..=body).rev().take_while(|&k| reading.items[k].is(class::CAPITAL)).last()?;
    Some(reading.words(from, body + 1))
}
