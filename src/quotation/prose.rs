//! Running text to drafts of statements: cues first, then the quotations that no cue has claimed.

use super::clause::{first_phrase, reports};
use super::cue::{Hit, hits};
use super::lexicon::{class, takes};
use super::phrase::Phrase;
use super::reading::{Reading, Sentence};
use super::speaker::{Resolver, Speaker, tidy};
use crate::types::{Kind, Span};

/// Mentions of a sentence that are looked at for the speaker of a quotation.
const MAX_MENTIONS: usize = 40;
/// Items around a quotation in which reported speech must show itself.
const NEIGHBOURHOOD: usize = 60;

/// A statement before its paragraphs are told apart.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Content by paragraph: each inner list is one statement.
    pub paragraphs: Vec<Vec<Span>>,
    pub kind: Kind,
    pub speaker: Speaker,
    pub mention: String,
    pub cue: String,
    pub rule: String,
}

/// What the sentence before leaves open for a quotation that stands alone.
#[derive(Debug, Clone)]
struct Context {
    speaker: Speaker,
    mention: String,
    cue: String,
    rule: String,
    sentence: usize,
    paragraph: u32,
    /// The sentence ends with a colon or a cue that waits for its content.
    announces: bool,
}

/// Reads sentence by sentence.
pub(crate) struct Prose<'a, 'b> {
    reading: &'b Reading<'a>,
    resolver: Resolver<'a, 'b>,
    pub drafts: Vec<Draft>,
    context: Option<Context>,
    /// Drafts of the sentence before whose speaker may still follow ("“Why?” Berg asked.").
    pending: Vec<usize>,
    pending_sentence: usize,
}

impl<'a, 'b> Prose<'a, 'b> {
    pub fn new(reading: &'b Reading<'a>, resolver: Resolver<'a, 'b>) -> Self {
        Self {
            reading,
            resolver,
            drafts: Vec::new(),
            context: None,
            pending: Vec::new(),
            pending_sentence: 0,
        }
    }

    /// Reads one sentence.
    pub fn read(&mut self, number: usize) {
        let sentence = self.reading.sentences[number];
        let hits = if self.reading.has_picture_label(sentence.start, sentence.end) {
            Vec::new()
        } else {
            hits(self.reading, sentence)
        };
        let (reports, idle) = reports(self.reading, sentence, &hits);
        if reports.is_empty() && self.attach_to_pending(number, &idle) {
            return;
        }
        let mut claimed: Vec<(usize, usize)> = Vec::new();
        let mut context = None;
        for report in &reports {
            let (speaker, mention) = self.speaker_of(&report.hit, number);
            for pieces in self.told_apart(&report.pieces, sentence) {
                let draft = self.draft(&pieces, &report.hit, speaker.clone(), mention.clone());
                claimed.extend(&pieces);
                self.drafts.push(draft);
            }
            context = Some(self.context_of(&report.hit, speaker, mention, number, false));
        }
        if reports.is_empty() {
            let marks = |hit: &&Hit| {
                let frames = self.reading.lexicon.cues[hit.cue as usize].takes;
                let near = frames & takes::CLOSE == 0
                    || self.reading.at(hit.end, sentence.end, class::COLON | class::COMMA);
                frames & (takes::MARKS | takes::THAT) != 0 && near
            };
            if let Some(hit) = idle.iter().find(|h| marks(h) && h.subject.is_some()).copied() {
                let (speaker, mention) = self.speaker_of(&hit, number);
                context = Some(self.context_of(&hit, speaker, mention, number, true));
            }
        }
        self.orphans(number, sentence, &claimed, context.as_ref());
        let label = sentence.colon && reports.is_empty() && !self.has_subject_cue(&idle, sentence);
        if sentence.colon && (label || context.as_ref().is_none_or(|c| !c.announces)) {
            context = self.announced(number, sentence).or(context);
        }
        self.context = match (context, self.context.take()) {
            (Some(now), _) => Some(now),
            (None, Some(before)) if before.paragraph == sentence.paragraph && !before.announces => {
                Some(before)
            }
            (None, before) => {
                self.subject_context(number, sentence).or(before.filter(|b| number - b.sentence < 2))
            }
        };
    }

    /// A cue at the end of the sentence waits for its content; one inside brackets does not.
    fn has_subject_cue(&self, idle: &[Hit], sentence: Sentence) -> bool {
        idle.iter().take(MAX_MENTIONS).any(|h| {
            h.subject.is_some()
                && !(h.end..sentence.end.min(h.end + NEIGHBOURHOOD))
                    .any(|i| self.reading.items[i].is(class::CLOSE))
        })
    }

    /// The pieces of one statement each. Where the language gives words in marks alone, each quotation is one.
    fn told_apart(&self, pieces: &[(usize, usize)], sentence: Sentence) -> Vec<Vec<(usize, usize)>> {
        let quoted = |i: &usize| self.reading.items[*i].is(class::QUOTE);
        let marked = |&(start, end): &(usize, usize)| (start..end).any(|i| quoted(&i));
        if !self.reading.lexicon.marked_parts || !pieces.iter().any(marked) {
            return vec![pieces.to_vec()];
        }
        let alone = pieces.len() == 1 && pieces[0].1 == pieces[0].0 + 1;
        let parts = pieces.iter().flat_map(|&(start, end)| (start..end).filter(quoted));
        parts.filter(|&i| alone || self.is_marked_part(i, sentence)).map(|i| vec![(i, i + 1)]).collect()
    }

    fn context_of(
        &self,
        hit: &Hit,
        speaker: Speaker,
        mention: String,
        sentence: usize,
        announces: bool,
    ) -> Context {
        Context {
            speaker,
            mention,
            cue: self.cue_words(hit),
            rule: self.reading.lexicon.cues[hit.cue as usize].id.clone(),
            sentence,
            paragraph: self.reading.sentences[sentence].paragraph,
            announces,
        }
    }

    fn cue_words(&self, hit: &Hit) -> String {
        tidy(self.reading.words(hit.start, hit.end))
    }

    fn speaker_of(&mut self, hit: &Hit, number: usize) -> (Speaker, String) {
        match hit.subject {
            Some(subject) => {
                let speaker = self.resolver.resolve(subject, number);
                (speaker, tidy(self.reading.words(subject.start, subject.end)))
            }
            None => (Speaker::unknown(), String::new()),
        }
    }

    /// "“Why?” Berg asked.": a sentence that only attributes the one before.
    fn attach_to_pending(&mut self, number: usize, idle: &[Hit]) -> bool {
        let same = self.pending_sentence + 1 == number
            && number > 0
            && self.reading.sentences[number - 1].paragraph == self.reading.sentences[number].paragraph;
        let pending = std::mem::take(&mut self.pending);
        let sentence = self.reading.sentences[number];
        let [hit] = idle else { return false };
        let Some(subject) = hit.subject else { return false };
        let frames = self.reading.lexicon.cues[hit.cue as usize].takes;
        let first = hit.first().min(subject.start);
        let short = sentence.end - sentence.start <= 14 && first <= sentence.start + 1;
        if pending.is_empty() || !same || frames & takes::MARKS == 0 || !short || hit.shared {
            return false;
        }
        let (speaker, mention) = self.speaker_of(hit, number);
        let (cue, rule) = (self.cue_words(hit), self.reading.lexicon.cues[hit.cue as usize].id.clone());
        for index in pending {
            let draft = &mut self.drafts[index];
            draft.speaker = speaker.clone();
            draft.mention.clone_from(&mention);
            draft.cue.clone_from(&cue);
            draft.rule.clone_from(&rule);
        }
        self.context = Some(self.context_of(hit, speaker, mention, number, false));
        true
    }

    /// "First Deputy Chair Irina Gerashchenko:" – the person named before a colon.
    fn announced(&mut self, number: usize, sentence: Sentence) -> Option<Context> {
        let mentions = self.resolver.people.mentions_in(sentence.start, sentence.end);
        let short = sentence.end - sentence.start <= 40;
        let at_end = |m: &&super::mention::Mention| m.end + 1 >= sentence.end || short;
        let last = mentions.iter().rev().take(MAX_MENTIONS).find(at_end)?;
        let people = &self.resolver.people.list;
        let who = mentions.iter().rev().take(MAX_MENTIONS).find(|m| people[m.person].human).unwrap_or(last);
        let phrase = Phrase { start: who.titled, end: who.end, aside: who.end };
        let speaker = self.resolver.resolve(phrase, number);
        Some(Context {
            speaker,
            mention: tidy(self.reading.words(phrase.start, phrase.end)),
            cue: ":".into(),
            rule: "announced".into(),
            sentence: number,
            paragraph: sentence.paragraph,
            announces: true,
        })
    }

    /// The subject of a sentence without a cue, for a quotation right after it.
    fn subject_context(&mut self, number: usize, sentence: Sentence) -> Option<Context> {
        let people = self.resolver.people;
        let mention = people
            .mentions_in(sentence.start, sentence.end)
            .iter()
            .take(MAX_MENTIONS)
            .find(|m| people.list[m.person].human);
        let phrase = match mention {
            Some(m) => Phrase { start: m.titled, end: m.end, aside: m.end },
            None => first_phrase(self.reading, sentence.start, sentence.end)
                .filter(|p| self.reading.items[p.start].is(class::HE | class::SHE))?,
        };
        let mut speaker = self.resolver.resolve_quietly(phrase, number);
        speaker.confidence *= 0.7;
        Some(Context {
            speaker,
            mention: tidy(self.reading.words(phrase.start, phrase.end)),
            cue: String::new(),
            rule: "neighbour".into(),
            sentence: number,
            paragraph: sentence.paragraph,
            announces: false,
        })
    }

    /// Quotations of a sentence that no cue has claimed.
    fn orphans(
        &mut self,
        number: usize,
        sentence: Sentence,
        claimed: &[(usize, usize)],
        here: Option<&Context>,
    ) {
        let reading = self.reading;
        let mut pending = Vec::new();
        let alone = (sentence.start..sentence.end).all(|i| {
            reading.items[i].is(class::QUOTE
                | class::STOP
                | class::COMMA
                | class::DASH
                | class::CLOSE
                | class::OPEN)
        });
        for i in sentence.start..sentence.end {
            // The claimed pieces are in order and do not overlap.
            let next = claimed.partition_point(|&(start, _)| start <= i);
            if !reading.items[i].is(class::QUOTE) || (next > 0 && i < claimed[next - 1].1) {
                continue;
            }
            let quote = reading.items[i].quote as usize;
            let signed = self.signature(i, sentence);
            if !alone && signed.is_none() && !self.is_speech(i, sentence) {
                continue;
            }
            let context = signed
                .or_else(|| here.cloned())
                .or_else(|| if alone { None } else { self.colon_label(i, number, sentence) })
                .or_else(|| if alone { self.before(number, sentence) } else { self.inside(number, sentence) })
                .or_else(|| self.before(number, sentence));
            let context = context.unwrap_or_else(|| Context {
                speaker: Speaker::unknown(),
                mention: String::new(),
                cue: String::new(),
                rule: "marks".into(),
                sentence: number,
                paragraph: sentence.paragraph,
                announces: false,
            });
            self.resolver.remember(&context.speaker, number);
            if alone {
                pending.push(self.drafts.len());
            }
            let draft = Draft {
                paragraphs: paragraphs(reading, &[(i, i + 1)]),
                kind: Kind::Direct,
                speaker: context.speaker,
                mention: context.mention,
                cue: context.cue,
                rule: context.rule,
            };
            let _ = quote;
            self.drafts.push(draft);
        }
        self.pending = pending;
        self.pending_sentence = number;
    }

    /// "“…” – Anna Berg": the name after a dash.
    fn signature(&mut self, i: usize, sentence: Sentence) -> Option<Context> {
        let reading = self.reading;
        let mut k = i + 1;
        while reading.at(k, sentence.end, class::DASH) {
            k += 1;
        }
        if k == i + 1 || k >= sentence.end || sentence.end - k > 14 {
            return None;
        }
        if self.reading.is_caption(sentence.start, sentence.end) {
            return None;
        }
        let number = reading.sentences.partition_point(|s| s.end <= i);
        let phrase = match self.resolver.people.mentions_in(k, sentence.end).first() {
            Some(mention) if mention.titled <= k + 4 => {
                Phrase { start: mention.titled, end: mention.end, aside: mention.end }
            }
            Some(_) => return None,
            // "“…” – a blogger": nobody's name, and nothing else.
            None => reading.phrase_after(k, sentence.end).filter(|p| p.end + 1 >= sentence.end)?,
        };
        let speaker = self.resolver.resolve(phrase, number);
        Some(Context {
            speaker,
            mention: tidy(reading.words(phrase.start, phrase.end)),
            cue: "–".into(),
            rule: "signature".into(),
            sentence: number,
            paragraph: sentence.paragraph,
            announces: false,
        })
    }

    /// "Anna Berg: “…”".
    fn colon_label(&mut self, i: usize, number: usize, sentence: Sentence) -> Option<Context> {
        let colon =
            i.checked_sub(1).filter(|&c| c > sentence.start && self.reading.items[c].is(class::COLON))?;
        if self.reading.is_caption(sentence.start, sentence.end) {
            return None;
        }
        self.announced(number, Sentence { end: colon + 1, ..sentence })
            .map(|c| Context { rule: "label".into(), ..c })
    }

    fn before(&self, number: usize, sentence: Sentence) -> Option<Context> {
        let context = self.context.as_ref()?;
        let near = context.paragraph == sentence.paragraph
            || (context.paragraph + 1 == sentence.paragraph && number - context.sentence <= 2)
            || context.announces;
        near.then(|| {
            let mut context = context.clone();
            if !context.announces {
                context.speaker.confidence *= 0.8;
                context.cue = String::new();
                context.rule = "continued".into();
            }
            context
        })
    }

    fn inside(&mut self, number: usize, sentence: Sentence) -> Option<Context> {
        self.subject_context(number, sentence)
    }

    /// True for words in marks that somebody said, false for titles, nicknames and scare quotes.
    fn is_speech(&self, i: usize, sentence: Sentence) -> bool {
        let reading = self.reading;
        let quote = reading.items[i].quote as usize;
        let words = reading.quote_words(quote);
        if reading.lexicon.marked_parts {
            return self.is_marked_part(i, sentence);
        }
        let after_colon = i > sentence.start && reading.items[i - 1].is(class::COLON);
        if after_colon && words > 1 {
            return true;
        }
        let text: &str = reading.quotes[quote].parts.first().map_or("", |p| p.slice(reading.text));
        let capitals = text
            .split_whitespace()
            .filter(|w| w.starts_with(|c: char| c.is_uppercase() || c.is_numeric()))
            .count();
        if words <= 12 && capitals * 10 >= words * 6 && words > 1 && !reading.quote_ends_sentence(quote) {
            return false;
        }
        let closed = reading.quote_ends_sentence(quote);
        words >= 5 || (closed && words >= 3)
    }

    /// In languages that give words in marks alone: small letters, or any sign of reported speech in the sentence,
    /// tell a quotation from a title.
    fn is_marked_part(&self, i: usize, sentence: Sentence) -> bool {
        let reading = self.reading;
        let quote = reading.items[i].quote as usize;
        if reading.quote_ends_sentence(quote) && reading.quote_words(quote) > 1 {
            return true;
        }
        if i > sentence.start && reading.items[i - 1].is(class::WORK | class::GENITIVE) {
            return false;
        }
        let text = reading.quotes[quote].parts.first().map_or("", |p| p.slice(reading.text));
        let before = i.checked_sub(1).filter(|&b| b >= sentence.start).map(|b| reading.items[b]);
        let introduced = before.is_some_and(|b| b.is(class::INDEFINITE | class::COLON));
        let name = text
            .split_whitespace()
            .all(|w| !w.starts_with(char::is_lowercase) || w.len() < 4 || w.contains('.'));
        if name && !introduced && !reading.quote_is_closed_off(quote) {
            return false;
        }
        if !reading.quote_starts_upper(quote) {
            return true;
        }
        let from = sentence.start.max(i.saturating_sub(NEIGHBOURHOOD));
        let reported = (from..sentence.end.min(i + NEIGHBOURHOOD))
            .any(|k| k != i && reading.items[k].is(class::CUE_VERB | class::REPORTED));
        reported && reading.quote_words(quote) > 1
            || (reported && i > sentence.start && reading.items[i - 1].is(class::DETERMINER))
    }

    fn draft(&self, pieces: &[(usize, usize)], hit: &Hit, speaker: Speaker, mention: String) -> Draft {
        let reading = self.reading;
        let mut marked = false;
        let mut plain = false;
        for &(start, end) in pieces {
            let quotes = (start..end).filter(|&i| reading.items[i].is(class::QUOTE)).count();
            marked |= quotes > 0;
            plain |= quotes == 0 || end - start > 1;
        }
        let kind = match (marked, plain) {
            (true, false) => Kind::Direct,
            (true, true) => Kind::Mixed,
            _ => Kind::Indirect,
        };
        Draft {
            paragraphs: paragraphs(reading, pieces),
            kind,
            speaker,
            mention,
            cue: self.cue_words(hit),
            rule: reading.lexicon.cues[hit.cue as usize].id.clone(),
        }
    }
}

/// The text of item ranges as spans, one list per paragraph. A piece that is one quotation loses its marks.
fn paragraphs(reading: &Reading<'_>, pieces: &[(usize, usize)]) -> Vec<Vec<Span>> {
    let mut all: Vec<Vec<Span>> = vec![Vec::new()];
    for &(start, end) in pieces {
        let mut from = reading.items[start].start as usize;
        for i in start..end {
            let item = reading.items[i];
            if !item.is(class::QUOTE) {
                continue;
            }
            let parts = &reading.quotes[item.quote as usize].parts;
            if end - start == 1 {
                from = parts.first().map_or(from, |p| p.start);
            }
            for pair in parts.windows(2) {
                push(reading.text, &mut all, from, pair[0].end);
                all.push(Vec::new());
                from = pair[1].start;
            }
        }
        let last = reading.items[end - 1];
        let to = if end - start == 1 && last.is(class::QUOTE) {
            reading.quotes[last.quote as usize].parts.last().map_or(last.end as usize, |p| p.end)
        } else {
            last.end as usize
        };
        push(reading.text, &mut all, from, to);
    }
    all.retain(|spans| !spans.is_empty());
    all
}

fn push(text: &str, all: &mut [Vec<Span>], from: usize, to: usize) {
    if from >= to {
        return;
    }
    let piece = &text[from..to];
    let lead = piece.len()
        - piece.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':')).len();
    let kept = piece[lead..].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    if kept.chars().any(char::is_alphanumeric)
        && let Some(spans) = all.last_mut()
    {
        spans.push(Span::new(from + lead, from + lead + kept.len()));
    }
}
