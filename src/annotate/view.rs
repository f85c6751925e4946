use serde_json::{Value, json};

use super::mark::{Mark, Stage};
use super::queue::{Slot, Stream};
use super::session::Session;
use crate::Result;
use crate::text::CodePoints;
use crate::types::{Article, Span};

/// The most context on either side of a statement, in bytes, that is sent unasked.
const CONTEXT: usize = 3000;
/// Places of one page of the queue's list.
const PAGE: usize = 100;
/// Most finds of a search.
const FINDS: usize = 50;
/// Characters of a quote in lists.
const CLIP: usize = 140;

/// What the page needs once.
pub fn session(s: &Session) -> Value {
    let settings = s.settings();
    let axes: Vec<Value> = settings
        .axes
        .axes
        .iter()
        .map(|axis| {
            let classes: Vec<Value> =
                axis.classes().iter().map(|c| json!({"id": c.id, "title": c.title})).collect();
            json!({"id": axis.id, "question": axis.question, "guideline": axis.guideline, "classes": classes})
        })
        .collect();
    json!({
        "axes": axes,
        "annotator": settings.annotator,
        "review": settings.review,
        "labels": settings.labels.display().to_string(),
        "remarks": s.remarks,
        "progress": progress(s),
    })
}

/// How far the work is, and what is in its way.
pub fn progress(s: &Session) -> Value {
    let (served, total) = s.served_places();
    json!({
        "served": served,
        "total": total,
        "undoable": s.undoable(),
        "blocked": s.blocked(),
        "unsaved": s.has_changes(),
        "curve": s.curve.version,
        "learning": s.curve.learning,
    })
}

/// The statement at a place. Outlet, address and the model's probabilities are told only when it is done, so that
/// they cannot lead the annotator.
pub fn place(s: &Session, place: usize) -> Result<Value> {
    let slot = s.slot(place)?;
    let item = &s.frame().items[slot.item];
    let mark = s.mark(slot);
    let moved = (mark.start, mark.end) != (item.blank.start, item.blank.end);
    let told = matches!(mark.stage, Stage::Done | Stage::Rejected);
    let mut view = json!({
        "place": place,
        "again": slot.again,
        "reason": reason(s, slot),
        "stage": mark.stage,
        "quote": mark.quote,
        "start": mark.start,
        "end": mark.end,
        "parts": if moved { &[][..] } else { &item.parts[..] },
        "moved": moved,
        "speaker": mark.speaker,
        "mention": item.mention,
        "role": item.role,
        "date": mark.date,
        "labels": mark.labels,
        "confidence": mark.confidence,
        "note": mark.note,
        "flag": mark.flag,
        "added": mark.added,
        "context": s.frame().article(slot.item).and_then(|article| context(article, &mark)),
    });
    if told {
        view["told"] =
            json!({"outlet": mark.outlet, "title": item.title, "url": item.url, "scores": item.scores});
    }
    if s.settings().review {
        view["opinions"] = opinions(s, slot);
    }
    Ok(view)
}

/// Why a statement has its place.
fn reason(s: &Session, slot: Slot) -> String {
    let why = match (slot.stream, slot.again) {
        (Stream::Random, _) => "drawn at random",
        (Stream::Uncertain, _) => "the model is unsure",
        (Stream::Disagreement, true) => "your label and the model differ",
        (Stream::Disagreement, false) if s.settings().review => "labels differ",
        (Stream::Disagreement, false) => "other annotators differ",
        (Stream::Added, _) => "you marked it",
        (Stream::Chosen, _) => "you went there",
    };
    if slot.again { format!("{why}, a second time") } else { why.into() }
}

/// The labels to settle, without names and in an order that does not give the names away.
fn opinions(s: &Session, slot: Slot) -> Value {
    let mut opinions: Vec<&Mark> = s.opinions(slot.item).iter().collect();
    opinions.sort_by_key(|m| crc32fast::hash(format!("{}{:?}{}", m.quote, m.labels, m.note).as_bytes()));
    opinions
        .iter()
        .map(|m| json!({"labels": m.labels, "note": m.note, "confidence": m.confidence, "rejected": m.stage == Stage::Rejected}))
        .collect()
}

/// The paragraph of a statement, the one before and the one after.
fn context(article: &Article, mark: &Mark) -> Option<Value> {
    let text = article.text.as_str();
    let points = CodePoints::new(text);
    let span = points.to_span(mark.start?, mark.end?)?;
    let window = Span::new(back(text, span.start), forward(text, span.end));
    let (from, to) = points.of_span(window);
    Some(json!({"from": from, "to": to, "length": points.len(), "text": window.slice(text)}))
}

/// Where the paragraph before the one at this byte begins.
fn back(text: &str, from: usize) -> usize {
    let mut at = text[..from].rfind('\n').map_or(0, |i| i + 1);
    // Blank lines between paragraphs are passed over.
    let before = text[..at].trim_end();
    if !before.is_empty() {
        at = before.rfind('\n').map_or(0, |i| i + 1);
    }
    let near = at.max(from.saturating_sub(CONTEXT));
    (near..=from).find(|i| text.is_char_boundary(*i)).unwrap_or(from)
}

/// Where the paragraph after the one at this byte ends.
fn forward(text: &str, from: usize) -> usize {
    let mut at = text[from..].find('\n').map_or(text.len(), |i| from + i);
    let rest = &text[at..];
    let blank = rest.len() - rest.trim_start().len();
    if blank < rest.len() {
        at += blank + rest[blank..].find('\n').unwrap_or(rest.len() - blank);
    }
    let near = at.min(from + CONTEXT);
    (from..=near).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(from)
}

/// The whole article around a place.
pub fn article(s: &Session, place: usize) -> Result<Value> {
    let slot = s.slot(place)?;
    let text = s.frame().article(slot.item).map(|article| article.text.as_str());
    Ok(json!({"place": place, "text": text}))
}

/// A page of the queue, and why each is there.
pub fn queue(s: &Session, from: usize) -> Value {
    let slots = s.queue().slots.iter().enumerate().skip(from).take(PAGE);
    let rows: Vec<Value> = slots.map(|(place, slot)| line(s, place, *slot)).collect();
    json!({"from": from, "total": s.queue().slots.len(), "rows": rows})
}

fn line(s: &Session, place: usize, slot: Slot) -> Value {
    let blank = &s.frame().items[slot.item].blank;
    json!({
        "place": place,
        "quote": clip(&blank.quote),
        "speaker": blank.speaker,
        "stage": s.stage(slot),
        "reason": reason(s, slot),
    })
}

/// Statements whose words or speaker hold all of the words looked for, in the queue or not.
pub fn search(s: &Session, query: &str) -> Value {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let hit = |i: &usize| {
        let blank = &s.frame().items[*i].blank;
        let text = format!("{} {}", blank.quote, blank.speaker).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    let finds: Vec<Value> = (0..s.frame().items.len())
        .filter(|i| !words.is_empty() && hit(i))
        .take(FINDS)
        .map(|item| {
            let blank = &s.frame().items[item].blank;
            let stage = s.stage(Slot { item, stream: Stream::Chosen, again: false });
            json!({"item": item, "quote": clip(&blank.quote), "speaker": blank.speaker, "stage": stage})
        })
        .collect();
    json!({"finds": finds, "limit": FINDS})
}

/// Every speaker's name, sorted.
pub fn speakers(s: &Session) -> Value {
    let names: std::collections::BTreeSet<&str> = s
        .frame()
        .items
        .iter()
        .map(|item| item.blank.speaker.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    json!({"speakers": names})
}

/// What is said when the work ends.
pub fn farewell(s: &Session) -> String {
    let (served, total) = s.served_places();
    let name = &s.settings().annotator;
    let by_outlet = s
        .queue()
        .by_outlet(|item| s.stage(Slot { item, stream: Stream::Random, again: false }) != Stage::Open);
    let short = by_outlet.values().filter(|(_, wanted, reached)| reached < wanted).count();
    let sample = match (by_outlet.len(), short) {
        (0, _) => String::new(),
        (n, 0) => format!("; the random sample of all {n} outlets is complete"),
        (n, short) => format!("; the random sample of {short} of {n} outlets is not yet complete"),
    };
    format!("{name} has served {served} of {total} places{sample} → {}", s.settings().labels.display())
}

fn clip(text: &str) -> String {
    if text.chars().count() <= CLIP {
        text.to_string()
    } else {
        text.chars().take(CLIP - 1).chain(['…']).collect()
    }
}
