//! From the book to the label file, and back when the file was edited elsewhere.

use std::collections::BTreeMap;

use super::book::{AGAIN, Key, person};
use super::journal::Record;
use super::mark::{Mark, Stage};
use super::queue::Stream;
use super::session::Session;
use super::sheet::{Rendered, Sheet};
use crate::Result;

impl Session {
    /// Takes over what was edited in the label file.
    pub(super) fn reconcile(&mut self) -> Result<()> {
        let adopted = self.sheet.reconcile(&self.book, &self.settings.axes, self.settings.keep)?;
        for (key, mark) in adopted {
            self.adopt(key, mark)?;
        }
        Ok(())
    }

    fn adopt(&mut self, key: Key, mark: Option<Mark>) -> Result<()> {
        let mark = mark.map(|mut mark| {
            if let Some(earlier) = self.book.get(&key) {
                mark.added = earlier.added;
                mark.sample_prob = earlier.sample_prob;
            }
            Box::new(mark)
        });
        let record = Record::Adopted { annotator: key.annotator, item: key.item, mark };
        self.apply(&record).map(drop)
    }

    /// Rows of this annotator that were made elsewhere are labels too.
    pub(super) fn claim_strangers(&mut self) -> Result<()> {
        let name = self.settings.annotator.clone();
        let names = [name.clone(), format!("{name}{AGAIN}")];
        let mut claims = Vec::new();
        for (i, row) in self.sheet.strangers(&names) {
            let mark = Mark::from_row(row, &self.settings.axes);
            let Some(item) = self.frame.find_like(&mark) else { continue };
            let key = Key { annotator: row.annotator.clone(), item: self.frame.items[item].key.clone() };
            if self.book.get(&key).is_none() {
                claims.push((i, key, mark));
            }
        }
        for (i, key, mark) in claims {
            if self.book.get(&key).is_none() {
                self.adopt(key.clone(), Some(mark))?;
                self.sheet.claim(i, key);
            }
        }
        Ok(())
    }

    /// Writes the label file.
    ///
    /// Edits made elsewhere are taken over first. When that or the writing fails, the file stands as it is, the
    /// journal has everything, and [`Session::blocked`] says why.
    ///
    /// # Errors
    ///
    /// Those of [`Session::prepare`] and [`Draft::place`].
    pub fn write(&mut self) -> Result<()> {
        match self.prepare()? {
            None => Ok(()),
            Some(draft) => {
                let placed = draft.place();
                self.settle(draft, placed)
            }
        }
    }

    /// Makes the label file that has every change so far; `None` when the file has them already.
    ///
    /// The disk is slow: [`Draft::place`] does without the session, so that work can go on meanwhile. Then
    /// [`Session::settle`] takes note of how it went.
    ///
    /// # Errors
    ///
    /// Those of merging the label file, and of the journal.
    pub fn prepare(&mut self) -> Result<Option<Draft>> {
        let draft = self.try_prepare();
        if let Err(error) = &draft {
            self.blocked = Some(error.to_string());
        }
        draft
    }

    fn try_prepare(&mut self) -> Result<Option<Draft>> {
        if self.sheet.was_edited()? {
            let there = Sheet::read(&self.settings.labels, &self.settings.axes)?;
            if there.digest().is_some() {
                self.sheet = there;
                self.reconcile()?;
                self.claim_strangers()?;
            } else {
                self.sheet.is_gone();
            }
        }
        let missing = self.sheet.digest().is_none() && self.book.rows().next().is_some();
        if !self.book.has_changes() && !missing {
            self.blocked = None;
            return Ok(None);
        }
        let probabilities = self.queue.sample_probabilities(|i| self.stages[0][i] != Stage::Open);
        let mut streams = BTreeMap::new();
        for slot in self.queue.slots.iter().filter(|slot| slot.stream != Stream::Random) {
            streams.insert((slot.item, slot.again), slot.stream);
        }
        let sampled = |key: &Key| {
            let own = person(&key.annotator) == self.settings.annotator && !self.settings.review;
            let item = self.frame.find(&key.item).filter(|_| own)?;
            // What was drawn but served ahead of its turn has no stream: it is no part of the sample as it stands.
            Some(match (streams.get(&(item, key.annotator.ends_with(AGAIN))), probabilities.get(&item)) {
                (Some(Stream::Chosen) | None, Some(p)) => (Some(*p), Some(Stream::Random)),
                (stream, _) => (None, stream.copied()),
            })
        };
        let rendered = self.sheet.render(&self.book, &self.settings.axes, sampled);
        self.journal.append(&Record::Written { digest: rendered.digest.clone() })?;
        Ok(Some(Draft { rendered, changes: self.book.take_changes() }))
    }

    /// Takes note of whether a draft came into place.
    ///
    /// # Errors
    ///
    /// The error of `placed`, or that of the journal.
    pub fn settle(&mut self, draft: Draft, placed: Result<()>) -> Result<()> {
        let result = placed.and_then(|()| self.journal.append(&Record::Placed));
        match &result {
            Ok(()) => {
                self.sheet.placed(draft.rendered);
                self.blocked = None;
            }
            Err(error) => {
                self.book.put_back(draft.changes);
                self.blocked = Some(error.to_string());
            }
        }
        result
    }
}

/// A label file on its way into place.
#[derive(Debug)]
pub struct Draft {
    rendered: Rendered,
    changes: BTreeMap<Key, Option<Mark>>,
}

impl Draft {
    /// Puts it in place; the old file stands untouched when that fails.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the disk is full or fails.
    pub fn place(&self) -> Result<()> {
        self.rendered.place()
    }
}
