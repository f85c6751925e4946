//! Who a mention means: names, roles, pronouns.

use super::lexicon::class;
use super::mention::{Gender, Mention, People};
use super::phrase::Phrase;
use super::reading::Reading;

/// Mentions that are looked at for a pronoun.
const WINDOW: usize = 40;

/// A resolved speaker.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Speaker {
    /// The canonical name; `None` when the text does not tell.
    pub name: Option<String>,
    /// Index into the article's people, when it is one of them.
    pub person: Option<usize>,
    pub confidence: f32,
}

impl Speaker {
    /// Nobody that the text names.
    pub fn unknown() -> Self {
        Self { name: None, person: None, confidence: 0.0 }
    }
}

/// Resolves mentions in text order and remembers who spoke.
pub(crate) struct Resolver<'a, 'b> {
    reading: &'b Reading<'a>,
    pub people: &'b People,
    /// Who spoke last, with the sentence's number.
    last: Option<(Speaker, usize)>,
    /// The last body or group that spoke, for "it" and "they".
    last_group: Option<(String, usize)>,
}

impl<'a, 'b> Resolver<'a, 'b> {
    pub fn new(reading: &'b Reading<'a>, people: &'b People) -> Self {
        Self { reading, people, last: None, last_group: None }
    }

    /// Who a phrase means. `sentence` is the number of its sentence.
    pub fn resolve(&mut self, phrase: Phrase, sentence: usize) -> Speaker {
        let speaker = self.resolve_quietly(phrase, sentence);
        self.remember(&speaker, sentence);
        speaker
    }

    /// Like [`Self::resolve`], but the speaker is not remembered as one who spoke.
    pub fn resolve_quietly(&self, phrase: Phrase, sentence: usize) -> Speaker {
        let item = self.reading.items[phrase.start];
        let single = phrase.end - phrase.start == 1;
        let forms =
            class::SUBJECT | class::POSSESSIVE | class::MALE_FORM | class::FEMALE_FORM | class::PLURAL_FORM;
        let pronoun = single && item.is(forms) && !item.is(class::SHOUT);
        if pronoun || item.is(class::I) {
            self.pronoun(phrase.start, sentence)
        } else {
            self.noun(phrase, sentence)
        }
    }

    /// Notes that this speaker spoke in this sentence.
    pub fn remember(&mut self, speaker: &Speaker, sentence: usize) {
        if let Some(name) = &speaker.name {
            if speaker.person.is_none() {
                self.last_group = Some((name.clone(), sentence));
            }
            self.last = Some((speaker.clone(), sentence));
        }
    }

    fn person(&self, person: usize, confidence: f32) -> Speaker {
        Speaker { name: Some(self.people.list[person].name.clone()), person: Some(person), confidence }
    }

    fn noun(&self, phrase: Phrase, sentence: usize) -> Speaker {
        let reading = self.reading;
        let mentions = self.people.mentions_in(phrase.start, phrase.end);
        if let Some(speaker) = self.two_people(phrase, mentions) {
            return speaker;
        }
        // A name at the phrase's end, unless a preposition makes it part of a role: "a spokesman for Berg".
        if let Some(last) = mentions.iter().rev().find(|m| m.end >= phrase.end)
            && !(last.titled > phrase.start
                && reading.items[last.titled - 1].is(class::PREPOSITION | class::DETERMINER))
        {
            return self.person(last.person, 0.95);
        }
        if let Some(first) = mentions.first()
            && first.titled <= phrase.start + 1
            && first.end < phrase.end
            && reading.items[first.end]
                .is(class::PREPOSITION | class::OPEN | class::COORDINATION | class::QUOTE)
        {
            return self.person(first.person, 0.9);
        }
        // "a spokeswoman, Anna Berg,"
        if phrase.aside > phrase.end {
            let aside = self.people.mentions_in(phrase.end, phrase.aside);
            if let Some(named) =
                aside.iter().find(|m| m.titled == phrase.end + 1 && self.people.list[m.person].human)
            {
                return self.person(named.person, 0.9);
            }
        }
        if let Some(person) = self.by_role(phrase, sentence) {
            return self.person(person, 0.7);
        }
        let name = reading.words(phrase.start, phrase.end);
        Speaker { name: Some(tidy(name)), person: None, confidence: 0.8 }
    }

    /// "the mayor Anna Berg and the governor Jan Weiss": both.
    fn two_people(&self, phrase: Phrase, mentions: &[Mention]) -> Option<Speaker> {
        let [first, second] = mentions else { return None };
        let people = [first, second].map(|m| &self.people.list[m.person]);
        let between = (first.end..second.start).collect::<Vec<_>>();
        let joined = between.first().is_some_and(|&i| self.reading.items[i].is(class::COORDINATION))
            && between[1..].iter().all(|&i| {
                self.reading.is_nominal(i) || self.reading.items[i].is(class::DETERMINER | class::POSSESSIVE)
            });
        let both =
            first.person != second.person && people.iter().all(|p| p.human) && second.end >= phrase.end;
        let lone = first.titled <= phrase.start + 2;
        (joined && both && lone).then(|| Speaker {
            name: Some(format!("{} and {}", people[0].name, people[1].name)),
            person: None,
            confidence: 0.8,
        })
    }

    /// "the political analyst": the last person that the article has given this role.
    fn by_role(&self, phrase: Phrase, sentence: usize) -> Option<usize> {
        let reading = self.reading;
        if !reading.lower(phrase.start).starts_with("the") && !reading.lexicon.capital_nouns {
            return None;
        }
        let head = phrase.end - 1;
        if !reading.items[head].is(class::ROLE) || phrase.end - phrase.start > 4 {
            return None;
        }
        let word = reading.lower(head);
        let from = self.people.mentions.partition_point(|m| m.start < phrase.start);
        let holds = |person: usize| {
            self.people.list[person].role.as_ref().is_some_and(|role| role.to_lowercase().contains(&word))
        };
        let recent = self.people.mentions[from.saturating_sub(WINDOW * 4)..from].iter().rev();
        if let Some(found) = recent.map(|m| m.person).find(|&p| holds(p)) {
            return Some(found);
        }
        let (last, at) = self.last.as_ref()?;
        (sentence - at.min(&sentence) <= 6)
            .then_some(last.person)
            .flatten()
            .filter(|_| phrase.end - phrase.start == 2)
    }

    fn pronoun(&self, item: usize, sentence: usize) -> Speaker {
        let it = self.reading.items[item];
        if it.is(class::HE | class::MALE_FORM) {
            return self.singular(item, sentence, Gender::Male);
        }
        if it.is(class::SHE | class::FEMALE_FORM) {
            return self.singular(item, sentence, Gender::Female);
        }
        if it.is(class::THEY | class::IT | class::PLURAL_FORM) {
            return match &self.last_group {
                Some((name, at)) if sentence.saturating_sub(*at) <= 4 => {
                    Speaker { name: Some(name.clone()), person: None, confidence: 0.5 }
                }
                _ => Speaker::unknown(),
            };
        }
        Speaker::unknown()
    }

    /// "he", "she": the best of the recent mentions of people.
    fn singular(&self, item: usize, sentence: usize, gender: Gender) -> Speaker {
        let from = self.people.mentions.partition_point(|m| m.start < item);
        let mut best: Option<(f32, usize)> = None;
        let mut second = f32::MIN;
        let beside = self.beside_role(sentence);
        for mention in self.people.mentions[from.saturating_sub(WINDOW)..from].iter().rev() {
            let person = &self.people.list[mention.person];
            if beside.contains(&mention.person) {
                continue;
            }
            if person.gender != Gender::Unknown && person.gender != gender || (person.body && !person.human) {
                continue;
            }
            let score = self.score(mention.start, mention.titled, mention.person, sentence, gender);
            match best {
                Some((top, who)) if who == mention.person => best = Some((top.max(score), who)),
                Some((top, _)) if score > top => {
                    second = top;
                    best = Some((score, mention.person));
                }
                Some(_) => second = second.max(score),
                None => best = Some((score, mention.person)),
            }
        }
        let Some((score, person)) = best.filter(|(score, _)| *score > -6.0) else {
            return Speaker::unknown();
        };
        let margin = (score - second.max(score - 4.0)) / 4.0;
        self.person(person, 0.45 + 0.45 * margin)
    }

    /// "The autocrat fights the impression that he is Orlov's man. He said": the people named beside a role that is
    /// the subject of the sentence before are not whom the pronoun means.
    fn beside_role(&self, sentence: usize) -> Vec<usize> {
        let Some(before) = sentence.checked_sub(1).filter(|s| self.reading.begins_with_role(*s)) else {
            return Vec::new();
        };
        let whole = self.reading.sentences[before];
        self.people.mentions_in(whole.start, whole.end).iter().map(|mention| mention.person).collect()
    }

    fn score(&self, start: usize, titled: usize, person: usize, sentence: usize, gender: Gender) -> f32 {
        let reading = self.reading;
        let whose = &self.people.list[person];
        let number = reading.sentences.partition_point(|s| s.end <= start);
        let distance = sentence.saturating_sub(number) as f32;
        let mut score = -0.7 * distance.min(12.0);
        if whose.gender == gender {
            score += 2.0;
        }
        if whose.human {
            score += 2.0;
        } else {
            score -= 1.5;
        }
        let first = reading.sentences.get(number).map_or(0, |s| s.start);
        // "The autocrat fights …": a role as subject means somebody named before, not the names beside it.
        if number < sentence && reading.begins_with_role(number) {
            score -= 2.5;
        }
        let early = self.people.mentions_in(first, start).is_empty();
        if early {
            score += 1.6;
        }
        if titled > 0 && reading.items[titled - 1].is(class::PREPOSITION) {
            score -= 1.0;
        }
        if reading.items.get(start + 1).is_some_and(|i| i.is(class::GENITIVE)) {
            score -= 0.7;
        }
        if let Some((last, at)) = &self.last
            && last.person == Some(person)
        {
            score += (3.0 - 0.6 * sentence.saturating_sub(*at) as f32).max(0.0);
        }
        score
    }
}

/// A phrase on one line.
pub(crate) fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}
