use serde::Deserialize;

use super::book::{AGAIN, Key};
use super::frame::Item;
use super::journal::Record;
use super::mark::{Mark, Stage};
use super::queue::{Slot, Stream};
use super::session::{Session, added_item};
use crate::corpus::nearest;
use crate::text::CodePoints;
use crate::types::Axis;
use crate::{Error, Position, Result};

/// The longest note or name of a speaker, in bytes.
const TEXT_LIMIT: usize = 10_000;

/// Something an annotator does with the statement at a place of the queue.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Chooses a class of an axis, `?` for unclear, or nothing: the axis does not apply.
    Label {
        /// The axis.
        axis: String,
        /// The class id.
        class: Option<String>,
    },
    /// The statement is labelled; axes without a class do not apply.
    Finish,
    /// Later.
    Skip,
    /// No statement at all.
    Reject,
    /// How sure the annotator is, 1 to 3, or nothing.
    Confidence {
        /// The grade.
        value: Option<u8>,
    },
    /// Free text.
    Note {
        /// The text.
        text: String,
    },
    /// To come back to, or no more.
    Flag {
        /// Which of the two.
        on: bool,
    },
    /// The statement begins and ends elsewhere.
    Span {
        /// First code point.
        start: usize,
        /// One past the last.
        end: usize,
    },
    /// Somebody else says it.
    Speaker {
        /// The name.
        name: String,
    },
    /// A statement that was not found, in the article of this one.
    Add {
        /// First code point.
        start: usize,
        /// One past the last.
        end: usize,
    },
}

impl Session {
    /// Does something at a place of the queue; when this returns, it is on the disk.
    ///
    /// # Returns
    ///
    /// The place to show: the same, or that of a statement just added.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) for what cannot be done,
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the journal cannot be written: nothing has changed then.
    pub fn act(&mut self, place: usize, action: &Action) -> Result<usize> {
        let slot = self.slot(place)?;
        if let Action::Add { start, end } = action {
            return self.add(slot, *start, *end);
        }
        let before = self.mark(slot);
        let after = self.changed(slot, before.clone(), action)?;
        if after != before {
            self.set(self.key(slot), Some(after))?;
        }
        Ok(place)
    }

    fn set(&mut self, key: Key, mark: Option<Mark>) -> Result<()> {
        let at = (self.settings.clock)();
        let record = Record::Set { at, annotator: key.annotator, item: key.item, mark: mark.map(Box::new) };
        self.apply(&record).map(drop)
    }

    fn changed(&self, slot: Slot, mut mark: Mark, action: &Action) -> Result<Mark> {
        match action {
            Action::Label { axis, class } => {
                let axis = self.axis(axis)?;
                match class {
                    None => drop(mark.labels.remove(&axis.id)),
                    Some(id) => drop(mark.labels.insert(axis.id.clone(), class_of(axis, id)?)),
                }
                if mark.stage == Stage::Rejected {
                    mark.stage = Stage::Open;
                }
                if mark.labels.len() == self.settings.axes.axes.len() {
                    mark.stage = Stage::Done;
                }
            }
            Action::Finish => mark.stage = Stage::Done,
            Action::Skip => mark.stage = Stage::Skipped,
            Action::Reject => {
                mark.stage = Stage::Rejected;
                mark.labels.clear();
            }
            Action::Confidence { value } => {
                if value.is_some_and(|v| !(1..=3).contains(&v)) {
                    return Err(Error::argument("confidence", value.unwrap_or_default(), "1, 2 or 3"));
                }
                mark.confidence = *value;
            }
            Action::Note { text } => mark.note = short("note", text)?,
            Action::Flag { on } => mark.flag = *on,
            Action::Speaker { name } => mark.speaker = short("speaker", name)?,
            Action::Span { start, end } => {
                let (start, end, quote) = self.cut(slot, *start, *end)?;
                if (mark.start, mark.end) != (Some(start), Some(end)) {
                    (mark.start, mark.end, mark.quote) = (Some(start), Some(end), quote);
                }
            }
            Action::Add { .. } => {}
        }
        Ok(mark)
    }

    fn axis(&self, id: &str) -> Result<&Axis> {
        self.settings.axes.get(id).ok_or_else(|| {
            let ids: Vec<&str> = self.settings.axes.axes.iter().map(|a| a.id.as_str()).collect();
            let near = nearest(id, ids.iter().copied()).map(|n| format!("Did you mean {n:?}?"));
            Error::argument("axis", id, ids.join(", ")).with_help(near.unwrap_or_default())
        })
    }

    /// A stretch of the article of a statement, without blanks at its ends.
    fn cut(&self, slot: Slot, start: usize, end: usize) -> Result<(usize, usize, String)> {
        let article = self.frame.article(slot.item).ok_or_else(|| {
            Error::argument("span", format!("{start}..{end}"), "an article that is at hand")
                .with_help("Name the articles on the command line to correct spans.")
        })?;
        let points = CodePoints::new(&article.text);
        let span = points.to_span(start, end).filter(|span| !span.slice(&article.text).trim().is_empty());
        let span = span.ok_or_else(|| {
            Error::argument(
                "span",
                format!("{start}..{end}"),
                format!("some text within 0..{}", points.len()),
            )
        })?;
        let text = span.slice(&article.text);
        let (left, right) = (text.len() - text.trim_start().len(), text.trim_end().len());
        let (start, end) = (points.of_byte(span.start + left), points.of_byte(span.start + right));
        Ok((start, end, text.trim().to_string()))
    }

    fn add(&mut self, slot: Slot, start: usize, end: usize) -> Result<usize> {
        let (start, end, quote) = self.cut(slot, start, end)?;
        let near = &self.frame.items[slot.item];
        let mark = Mark {
            start: Some(start),
            end: Some(end),
            quote,
            added: true,
            article: near.blank.article.clone(),
            outlet: near.blank.outlet.clone(),
            date: near.blank.date.clone(),
            ..Mark::default()
        };
        let (title, url) = (near.title.clone(), near.url.clone());
        let same = |i: usize| {
            let blank = &self.frame.items[i].blank;
            (&blank.article, blank.start, blank.end) == (&mark.article, mark.start, mark.end)
        };
        if let Some(item) = (0..self.frame.items.len()).find(|i| same(*i)) {
            // It is there already: go to it, through a place of its own if the sample has none.
            return Ok(self.place_of(item));
        }
        let key = format!("+{}:{start}-{end}", mark.article);
        self.set(Key { annotator: self.settings.annotator.clone(), item: key.clone() }, Some(mark.clone()))?;
        self.frame.push(Item { title, url, ..added_item(key, &mark) });
        for stages in &mut self.stages {
            stages.resize(self.frame.items.len(), Stage::Open);
        }
        self.queue.slots.push(Slot { item: self.frame.items.len() - 1, stream: Stream::Added, again: false });
        Ok(self.queue.slots.len() - 1)
    }

    /// The first place of a statement; one is made at the end when it has none.
    pub fn place_of(&mut self, item: usize) -> usize {
        if let Some(place) = self.queue.slots.iter().position(|slot| slot.item == item && !slot.again) {
            return place;
        }
        self.queue.slots.push(Slot { item, stream: Stream::Chosen, again: false });
        self.queue.slots.len() - 1
    }

    /// Takes the last action back; when this returns, that is on the disk.
    ///
    /// # Returns
    ///
    /// The place where something changed; `None` when there was nothing to undo.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the journal cannot be written.
    pub fn undo(&mut self) -> Result<Option<usize>> {
        if self.undoable() == 0 {
            return Ok(None);
        }
        let annotator = self.settings.annotator.clone();
        let record = Record::Undo { at: (self.settings.clock)(), annotator };
        let Some(key) = self.apply(&record)? else { return Ok(None) };
        let again = key.annotator.ends_with(AGAIN);
        // A statement that is no longer there cannot be shown; nor can one of articles that are not at hand now.
        let withdrawn = self.book.get(&key).is_none() && key.item.starts_with('+');
        let item = self.frame.find(&key.item).filter(|_| !withdrawn);
        Ok(item.and_then(|i| self.queue.slots.iter().position(|s| s.item == i && s.again == again)))
    }
}

/// The id of a class of the axis, or `?`.
fn class_of(axis: &Axis, id: &str) -> Result<String> {
    let classes = axis.classes();
    if id == "?" || classes.iter().any(|class| class.id == id) {
        return Ok(id.to_string());
    }
    let ids: Vec<&str> = classes.iter().map(|class| class.id.as_str()).collect();
    Err(Error::argument("class", id, format!("{} or ?", ids.join(", "))))
}

fn short(name: &'static str, text: &str) -> Result<String> {
    if text.len() > TEXT_LIMIT {
        return Err(crate::ErrorKind::TooLarge {
            position: Position { column: Some(name.into()), ..Position::default() },
            what: name,
            size: text.len() as u64,
            limit: TEXT_LIMIT as u64,
            help: String::new(),
        }
        .into());
    }
    Ok(text.trim().to_string())
}
