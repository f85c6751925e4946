//! Interviews: turns that begin with a dash or with a name and a colon.

use super::lexicon::class;
use super::mention::{Gender, People};
use super::reading::Reading;
use crate::text::fold;
use crate::types::Span;

/// Items that a label before a colon may have.
const MAX_LABEL: usize = 8;

/// An answer: its paragraphs, and who gives it.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub paragraphs: Vec<Span>,
    pub speaker: Option<String>,
    pub person: Option<usize>,
    pub mention: String,
    pub rule: &'static str,
}

/// The answers of an interview and the paragraphs that its turns cover.
pub(crate) struct Interview {
    pub answers: Vec<Answer>,
    pub covered: std::ops::Range<usize>,
}

struct Turn {
    /// Paragraph numbers.
    from: usize,
    to: usize,
    /// Items of the label.
    label: (usize, usize),
    /// First item of what is said.
    start: usize,
    question: bool,
}

/// The interview in this article, if it holds one.
pub(crate) fn interview(reading: &Reading<'_>, people: &People) -> Option<Interview> {
    dashes(reading, people).or_else(|| names(reading, people))
}

/// Splits the article at the paragraphs that `label` accepts.
fn turns(reading: &Reading<'_>, label: impl Fn(usize, usize) -> Option<(usize, usize, usize)>) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for (number, &(start, end)) in reading.paragraphs.iter().enumerate() {
        // A headline such as "Anna Berg: an interview" is no turn.
        let headline = number == 0 && (start..end).any(|i| reading.items[i].is(class::INTERVIEW_NOUN));
        if let Some((from, to, said)) = label(start, end).filter(|_| !headline) {
            if let Some(open) = turns.last_mut() {
                open.to = number;
            }
            turns.push(Turn {
                from: number,
                to: number + 1,
                label: (from, to),
                start: said,
                question: false,
            });
        }
    }
    if let Some(last) = turns.last_mut() {
        last.to = reading.paragraphs.len();
    }
    for turn in &mut turns {
        turn.question = ends_with_question(reading, turn);
    }
    turns
}

fn ends_with_question(reading: &Reading<'_>, turn: &Turn) -> bool {
    (turn.from..turn.to)
        .rev()
        .find(|&p| p == turn.from || !is_heading(reading, p))
        .is_some_and(|p| reading.slice(reading.items[reading.paragraphs[p].1 - 1]) == "?")
}

/// A short paragraph without a sentence's end.
fn is_heading(reading: &Reading<'_>, paragraph: usize) -> bool {
    let (start, end) = reading.paragraphs[paragraph];
    end - start <= 12
        && !reading.items[end - 1].is(class::STOP | class::QUOTE | class::COLON | class::CLOSE | class::COMMA)
        || reading.is_caption(start, end)
        || (reading.items[start].is(class::QUOTE)
            && (end == start + 1 || reading.items[start + 1].is(class::DASH)))
}

fn dashes(reading: &Reading<'_>, people: &People) -> Option<Interview> {
    let mut turns = turns(reading, |start, end| {
        let dash = reading.items[start].is(class::DASH)
            && end - start > 1
            && reading.items[start + 1].start > reading.items[start].end;
        dash.then_some((start, start, start + 1))
    });
    if turns.len() < 2 || !turns.iter().any(|t| t.question) {
        return None;
    }
    alternate(reading, &mut turns);
    let first = turns[0].from;
    let (speaker, person) = interviewee(reading, people, reading.paragraphs[first].0);
    let answers = turns
        .iter()
        .filter(|t| !t.question)
        .map(|turn| Answer {
            paragraphs: spans(reading, turn),
            speaker: speaker.clone(),
            person,
            mention: String::new(),
            rule: "interview.dash",
        })
        .collect();
    Some(Interview { answers, covered: first..reading.paragraphs.len() })
}

/// Decides which turns are questions: they alternate, and questions tend to end with a question mark and to be
/// short. The best sequence is found exactly, by dynamic programming over two states.
fn alternate(reading: &Reading<'_>, turns: &mut [Turn]) {
    const SAME: f32 = -2.0;
    let cost = |turn: &Turn, question: bool| {
        let words = (reading.paragraphs[turn.to - 1].1 - turn.start) as f32;
        let length = (words - 60.0).clamp(-60.0, 120.0) / 60.0;
        let asks =
            (turn.start..reading.paragraphs[turn.from].1).any(|i| reading.slice(reading.items[i]) == "?");
        let mark = match (turn.question, asks) {
            (true, _) => 2.0,
            (_, true) => 0.0,
            _ => -1.5,
        };
        if question { mark - length } else { length - mark }
    };
    // An interview begins with a question.
    let mut best = [1.0 + cost(&turns[0], true), cost(&turns[0], false)];
    let mut back: Vec<[usize; 2]> = Vec::with_capacity(turns.len());
    for turn in &turns[1..] {
        let mut next = [0.0; 2];
        let mut from = [0; 2];
        for state in 0..2 {
            let stay = best[state] + SAME;
            let change = best[1 - state];
            from[state] = if change >= stay { 1 - state } else { state };
            next[state] = change.max(stay) + cost(turn, state == 0);
        }
        back.push(from);
        best = next;
    }
    let mut state = usize::from(best[1] > best[0]);
    for k in (0..turns.len()).rev() {
        turns[k].question = state == 0;
        if k > 0 {
            state = back[k - 1][state];
        }
    }
}

/// The person whom the introduction names most.
fn interviewee(reading: &Reading<'_>, people: &People, end: usize) -> (Option<String>, Option<usize>) {
    let mut counts = vec![0.0_f32; people.list.len()];
    for (rank, mention) in people.mentions_in(0, end).iter().enumerate() {
        let person = &people.list[mention.person];
        let reporter = person.role.as_ref().is_some_and(|role| {
            let role = role.to_lowercase();
            role.contains("reporter") || role.contains("journalist") || role.contains("correspondent")
        });
        let at = mention.titled;
        let credit =
            at >= 2 && reading.items[at - 1].is(class::COLON) && reading.items[at - 2].is(class::NOT_NAME);
        if credit {
            continue;
        }
        let weight = match (reporter, person.human, person.words.len() > 1) {
            (true, ..) => 0.1,
            (_, true, true) => 4.0,
            (_, true, false) => 1.0,
            (_, _, true) => 1.5,
            _ => 0.3,
        };
        let title = reading.paragraphs.first().is_some_and(|p| at < p.1);
        counts[mention.person] += weight * if title { 2.0 } else { 1.0 } + 1.0 / (1.0 + rank as f32);
        let with = mention.titled >= 2
            && (mention.titled.saturating_sub(12)..mention.titled)
                .any(|i| reading.items[i].is(class::INTERVIEW_NOUN));
        if with {
            counts[mention.person] += 1.5;
        }
    }
    let best = (0..counts.len())
        .filter(|&p| counts[p] > 0.0)
        .max_by(|&a, &b| counts[a].total_cmp(&counts[b]).then(b.cmp(&a)));
    (best.map(|p| people.list[p].name.clone()), best)
}

fn spans(reading: &Reading<'_>, turn: &Turn) -> Vec<Span> {
    let mut spans = Vec::new();
    for number in turn.from..turn.to {
        let (start, end) = reading.paragraphs[number];
        if number > turn.from && is_heading(reading, number) {
            continue;
        }
        let start = if number == turn.from { turn.start } else { start };
        if start < end {
            spans.push(Span::new(reading.items[start].start as usize, reading.items[end - 1].end as usize));
        }
    }
    spans
}

/// A label at the head of a paragraph: `(first item, item after the last, first item of the speech)`.
fn label(reading: &Reading<'_>, start: usize, end: usize) -> Option<(usize, usize, usize)> {
    let mut i = start;
    while i < end && i - start <= MAX_LABEL {
        let item = reading.items[i];
        if item.is(class::COLON) {
            let speech = i > start && i + 1 < end && !reading.items[i - 1].is(class::NOT_NAME);
            return speech.then_some((start, i, i + 1));
        }
        let allowed = item.is(class::CAPITAL | class::NAME_PART | class::NUMBER | class::OPEN | class::CLOSE)
            || (item.is(class::STOP) && reading.slice(item) == ".")
            || reading.slice(item) == "*"
            || reading.slice(item) == "/"
            || (item.is(class::DASH) && i > start);
        if !allowed {
            return None;
        }
        i += 1;
    }
    None
}

fn names(reading: &Reading<'_>, people: &People) -> Option<Interview> {
    let turns = turns(reading, |start, end| label(reading, start, end));
    // Labels that come back are speakers; one that stands once may be a heading or a caption.
    let mut labels: Vec<(String, usize, usize)> = Vec::new();
    for turn in &turns {
        let name = fold(reading.words(turn.label.0, turn.label.1));
        let known = labels.iter().position(|l| l.0 == name).unwrap_or(labels.len());
        if known == labels.len() && known < 64 {
            labels.push((name, 0, 0));
        }
        if let Some(label) = labels.get_mut(known) {
            label.1 += 1;
            label.2 += usize::from(turn.question);
        }
    }
    let repeated = labels.iter().filter(|l| l.1 > 1).count();
    let answer = |t: &Turn| (t.label.0..t.label.1).all(|i| reading.items[i].is(class::ANSWER_LABEL));
    let question = |t: &Turn| (t.label.0..t.label.1).any(|i| reading.items[i].is(class::QUESTION_LABEL));
    let pair = turns.iter().any(answer) && turns.iter().any(question);
    let asked = turns.iter().any(question) || turns.iter().any(|t| t.question);
    if !pair && (turns.len() < 3 || repeated == 0 || labels.len() < 2 || !(repeated > 1 || asked)) {
        return None;
    }
    let first = turns.iter().position(|t| {
        pair || labels.iter().any(|l| l.1 > 1 && l.0 == fold(reading.words(t.label.0, t.label.1)))
    })?;
    let asks = asker(reading, &turns[first..], &labels);
    let covered = turns[first].from;
    let intro = interviewee(reading, people, reading.paragraphs[covered].0);
    let mut answers = Vec::new();
    for turn in &turns[first..] {
        let words = reading.words(turn.label.0, turn.label.1);
        if asks.as_ref().is_some_and(|a| *a == fold(words)) || question(turn) {
            continue;
        }
        let (speaker, person) = if answer(turn) { intro.clone() } else { owner(reading, people, turn) };
        answers.push(Answer {
            paragraphs: spans(reading, turn),
            speaker,
            person,
            mention: words.to_string(),
            rule: "interview.name",
        });
    }
    Some(Interview { answers, covered: covered..reading.paragraphs.len() })
}

/// The label that asks: by its name, else the one whose turns mostly end with a question mark.
fn asker(reading: &Reading<'_>, turns: &[Turn], labels: &[(String, usize, usize)]) -> Option<String> {
    let named =
        turns.iter().find(|t| (t.label.0..t.label.1).any(|i| reading.items[i].is(class::QUESTION_LABEL)));
    if let Some(turn) = named {
        return Some(fold(reading.words(turn.label.0, turn.label.1)));
    }
    // An interview begins with a question.
    let opens = turns.first().map(|t| fold(reading.words(t.label.0, t.label.1)));
    let share =
        |l: &(String, usize, usize)| l.2 * 100 / l.1 + if Some(&l.0) == opens.as_ref() { 30 } else { 0 };
    let asking = labels.iter().filter(|l| l.1 > 1 && l.2 * 2 >= l.1);
    asking.max_by_key(|l| (share(l), l.1)).map(|l| l.0.clone())
}

/// Who a label means: a known name, a surname, or initials.
fn owner(reading: &Reading<'_>, people: &People, turn: &Turn) -> (Option<String>, Option<usize>) {
    let label = reading.words(turn.label.0, turn.label.1).trim_matches(['*', ' ']);
    let words: Vec<String> = (turn.label.0..turn.label.1)
        .filter(|&i| reading.items[i].is(class::WORD) && !reading.items[i].is(class::TITLE))
        .map(|i| fold(reading.slice(reading.items[i])))
        .collect();
    if let Some(found) = people
        .find(&words, Gender::Unknown)
        .filter(|&p| fold(&people.list[p].name) != fold(label) || words.len() > 1)
    {
        return (Some(people.list[found].name.clone()), Some(found));
    }
    let initials: String = words.concat();
    if initials.len() <= 3 && label.chars().all(|c| !c.is_lowercase()) {
        let spelt = |words: &[String]| words.iter().filter_map(|w| w.chars().next()).collect::<String>();
        let found = (0..people.list.len())
            .find(|&p| people.list[p].words.len() > 1 && spelt(&people.list[p].words) == initials);
        if let Some(found) = found {
            return (Some(people.list[found].name.clone()), Some(found));
        }
    }
    (Some(label.to_string()), None)
}
