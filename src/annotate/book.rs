use std::collections::{BTreeMap, BTreeSet};

use super::journal::Record;
use super::mark::Mark;

/// Whose mark, and on which item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The name in the column `annotator`; the second time ends in [`AGAIN`].
    pub annotator: String,
    /// The item's key.
    pub item: String,
}

/// What the annotator's name ends in when a statement is labelled for the second time.
pub const AGAIN: &str = "-again";

/// The person behind an annotator name.
pub fn person(annotator: &str) -> &str {
    annotator.strip_suffix(AGAIN).unwrap_or(annotator)
}

/// All marks: what the journal adds up to.
#[derive(Debug, Default, PartialEq)]
pub struct Book {
    marks: BTreeMap<Key, Mark>,
    /// What stood where the label file was last put in place, for every key that changed since.
    changed: BTreeMap<Key, Option<Mark>>,
    /// What each person's actions replaced, oldest first.
    undo: BTreeMap<String, Vec<(Key, Option<Mark>)>>,
    /// Keys in the order in which they first became a row.
    order: Vec<Key>,
    ordered: BTreeSet<Key>,
}

impl Book {
    /// Adds up a journal.
    ///
    /// # Arguments
    ///
    /// * `digest` - of the label file as it is now. What was done after the journal announced a file with this
    ///   digest counts as changed since; without such a line, what was done after a file was last put in place.
    pub fn from_records(records: &[Record], digest: Option<&str>) -> Self {
        let written = |r: &Record| matches!(r, Record::Written { .. });
        let announced = |r: &Record| matches!(r, Record::Written { digest: d } if Some(d.as_str()) == digest);
        // What was said while a file was on its way into place is not in it.
        let placed = || {
            let placed = records.iter().rposition(|r| matches!(r, Record::Placed))?;
            records[..placed].iter().rposition(written)
        };
        let base = records.iter().rposition(announced).or_else(placed);
        let mut book = Self::default();
        for (i, record) in records.iter().enumerate() {
            book.apply(record);
            if Some(i) == base {
                book.changed.clear();
            }
        }
        book
    }

    /// Applies a record.
    ///
    /// # Returns
    ///
    /// The key that changed.
    pub fn apply(&mut self, record: &Record) -> Option<Key> {
        match record {
            Record::Opened { .. } | Record::Written { .. } | Record::Placed => None,
            Record::Set { annotator, item, mark, .. } => {
                let key = Key { annotator: annotator.clone(), item: item.clone() };
                let before = self.replace(&key, mark.as_deref().cloned());
                self.undo.entry(person(annotator).into()).or_default().push((key.clone(), before));
                Some(key)
            }
            Record::Undo { annotator, .. } => {
                let (key, before) = self.undo.get_mut(annotator)?.pop()?;
                self.replace(&key, before);
                Some(key)
            }
            Record::Adopted { annotator, item, mark } => {
                let key = Key { annotator: annotator.clone(), item: item.clone() };
                self.replace(&key, mark.as_deref().cloned());
                Some(key)
            }
        }
    }

    fn replace(&mut self, key: &Key, mark: Option<Mark>) -> Option<Mark> {
        if mark.as_ref().is_some_and(Mark::is_row) && self.ordered.insert(key.clone()) {
            self.order.push(key.clone());
        }
        let before = match mark {
            Some(mark) => self.marks.insert(key.clone(), mark),
            None => self.marks.remove(key),
        };
        self.changed.entry(key.clone()).or_insert_with(|| before.clone());
        before
    }

    /// The mark, if there is one.
    pub fn get(&self, key: &Key) -> Option<&Mark> {
        self.marks.get(key)
    }

    /// All marks, by annotator and item.
    pub fn marks(&self) -> impl Iterator<Item = (&Key, &Mark)> {
        self.marks.iter()
    }

    /// The keys of rows, in the order in which they first became one.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, &Mark)> {
        self.order.iter().filter_map(|key| Some((key, self.marks.get(key).filter(|m| m.is_row())?)))
    }

    /// How many actions of this person can be undone.
    pub fn undoable(&self, person: &str) -> usize {
        self.undo.get(person).map_or(0, Vec::len)
    }

    /// The mark as the label file had it when it was last put in place.
    pub fn base(&self, key: &Key) -> Option<&Mark> {
        match self.changed.get(key) {
            Some(before) => before.as_ref(),
            None => self.marks.get(key),
        }
    }

    /// Every key that has a mark or had one when the label file was last put in place.
    pub fn keys(&self) -> BTreeSet<&Key> {
        self.marks.keys().chain(self.changed.keys()).collect()
    }

    /// True when the mark differs from what the label file was last given.
    pub fn is_changed(&self, key: &Key) -> bool {
        self.changed.get(key).is_some_and(|before| before.as_ref() != self.marks.get(key))
    }

    /// True when the label file lacks something.
    pub fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// What changed, to be forgotten when the label file that has it is in place.
    pub fn take_changes(&mut self) -> BTreeMap<Key, Option<Mark>> {
        std::mem::take(&mut self.changed)
    }

    /// The label file did not come into place: what it lacks is what it lacked before.
    pub fn put_back(&mut self, changes: BTreeMap<Key, Option<Mark>>) {
        self.changed.extend(changes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::mark::Stage;
    use super::*;

    fn set(item: &str, note: &str) -> Record {
        let mark = Mark { stage: Stage::Done, note: note.into(), ..Mark::default() };
        Record::Set {
            at: String::new(),
            annotator: "a1".into(),
            item: item.into(),
            mark: Some(Box::new(mark)),
        }
    }

    fn undo() -> Record {
        Record::Undo { at: String::new(), annotator: "a1".into() }
    }

    fn key(item: &str) -> Key {
        Key { annotator: "a1".into(), item: item.into() }
    }

    #[test]
    fn undo_goes_back_without_limit_and_past_the_beginning_does_nothing() {
        let mut records = vec![set("x", "1"), set("x", "2"), set("y", "3")];
        records.extend(std::iter::repeat_with(undo).take(2));
        let book = Book::from_records(&records, None);
        assert_eq!(book.get(&key("x")).map(|m| m.note.as_str()), Some("1"));
        assert_eq!((book.get(&key("y")), book.undoable("a1")), (None, 1));
        records.extend(std::iter::repeat_with(undo).take(3));
        let book = Book::from_records(&records, None);
        assert_eq!(book.marks().count(), 0);
    }

    #[test]
    fn a_crash_between_announcing_and_placing_a_file_leaves_the_changes_to_be_written() {
        let written = |digest: &str| Record::Written { digest: digest.into() };
        let records = [set("x", "1"), written("one"), Record::Placed, set("y", "2"), written("two")];
        // The second file never came into place, so the first is still there.
        assert!(Book::from_records(&records, Some("one")).is_changed(&key("y")));
        assert!(!Book::from_records(&records, Some("two")).has_changes());
        // Edited elsewhere: what the last file that was surely in place lacks is still ours to write.
        let edited = Book::from_records(&records, Some("other"));
        assert!(edited.is_changed(&key("y")) && !edited.is_changed(&key("x")));
    }
}
