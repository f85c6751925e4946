//! One annotator at work: actions in, marks and a label file out. Everything but HTTP.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::book::{AGAIN, Book, Key, person};
use super::curve::Curve;
use super::frame::{Frame, Item};
use super::journal::{Journal, Record};
use super::mark::{Mark, Stage};
use super::queue::{Design, Queue, Slot, Stream};
use super::sheet::{Keep, Sheet};
use crate::pipeline::GOLD;
use crate::types::AxisSet;
use crate::{Error, Result};

/// What a session is about.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The label file; the journal stands beside it.
    pub labels: PathBuf,
    /// Whose labels these are.
    pub annotator: String,
    /// The questions.
    pub axes: AxisSet,
    /// The order of service.
    pub design: Design,
    /// True to settle disagreements into rows of the annotator `gold`.
    pub review: bool,
    /// Which side wins where page and file differ.
    pub keep: Option<Keep>,
    /// Tells the time in UTC, for the journal.
    pub clock: fn() -> String,
}

impl Settings {
    /// The journal of the label file.
    pub fn journal(&self) -> PathBuf {
        let mut name = self.labels.clone().into_os_string();
        name.push(".journal");
        name.into()
    }

    fn check(&self) -> Result<()> {
        let name = &self.annotator;
        let plain = !name.is_empty()
            && name.len() <= 64
            && name.chars().all(|c| c.is_alphanumeric() || "._@-".contains(c));
        if !plain || person(name) != name {
            return Err(Error::argument(
                "--annotator",
                name,
                "letters, digits and . _ @ - that do not end in -again",
            ));
        }
        if name.eq_ignore_ascii_case(GOLD) != self.review {
            return Err(Error::argument("--annotator", name, "a name other than gold")
                .with_help("Rows of the annotator gold come from adjudication: sayso label --review."));
        }
        self.design.check().map(drop)
    }
}

/// One annotator at work.
pub struct Session {
    pub(super) settings: Settings,
    pub(super) frame: Frame,
    pub(super) queue: Queue,
    pub(super) book: Book,
    pub(super) journal: Journal,
    pub(super) sheet: Sheet,
    /// The stages of this annotator's marks by item, the first time and the second.
    pub(super) stages: [Vec<Stage>; 2],
    /// What adjudication settles: for each item, the marks of the others.
    opinions: Vec<Vec<Mark>>,
    /// What the labels so far would teach a model.
    pub(super) curve: Curve,
    /// Why the label file could not be written, until it can.
    pub(super) blocked: Option<String>,
    /// Things worth saying once, at the start.
    pub remarks: Vec<String>,
}

impl Session {
    /// Opens label file and journal, and puts the statements in order.
    ///
    /// # Errors
    ///
    /// Those of [`Journal::open`] and of reading the label file; [`ErrorKind::Input`](crate::ErrorKind::Input) when page and
    /// file changed the same row in different ways; [`ErrorKind::Argument`](crate::ErrorKind::Argument) for a
    /// name that cannot be used, and for a share of other streams when there is nothing that they could serve.
    pub fn open(settings: Settings, frame: Frame) -> Result<Self> {
        settings.check()?;
        let path = settings.journal();
        let (journal, replay) = Journal::open(&path, &(settings.clock)())?;
        let sheet = Sheet::read(&settings.labels, &settings.axes)?;
        let book = Book::from_records(&replay.records, sheet.digest());
        let mut remarks = Vec::new();
        if let Some(line) = replay.torn {
            remarks.push(format!(
                "{}:{line}: half a line, cut off by a crash before it was acknowledged; it is left out",
                path.display()
            ));
        }
        let mut session = Self {
            settings,
            frame,
            queue: Queue::default(),
            book,
            journal,
            sheet,
            stages: [Vec::new(), Vec::new()],
            opinions: Vec::new(),
            curve: Curve::default(),
            blocked: None,
            remarks,
        };
        session.reconcile()?;
        if session.settings.review {
            session.settings.keep = None;
            session.disagreements();
        } else {
            session.restore_added();
            let wishes = session.wishes();
            session.settings.design.check_streams(wishes.iter().any(|wish| wish.is_any()))?;
            session.queue = Queue::new(&session.units(&wishes), &session.settings.design);
            let random = |slot: &Slot| slot.stream == Stream::Random;
            if session.settings.design.random_share < 1.0 && session.queue.slots.iter().all(random) {
                session.remarks.push(
                    "--random-share: all that the other streams want is in the random sample already; a smaller --sample leaves them some".into(),
                );
            }
            session.append_added();
        }
        session.count_stages();
        session.claim_strangers()?;
        session.write()?;
        Ok(session)
    }

    /// The only way in which anything changes: first the journal, then the book.
    pub(super) fn apply(&mut self, record: &Record) -> Result<Option<Key>> {
        self.journal.append(record)?;
        let key = self.book.apply(record);
        if let Some(key) = &key {
            self.recount(key);
        }
        Ok(key)
    }

    fn recount(&mut self, key: &Key) {
        if person(&key.annotator) == self.settings.annotator
            && let Some(item) = self.frame.find(&key.item)
        {
            let time = usize::from(key.annotator.ends_with(AGAIN));
            if self.stages[time].len() <= item {
                self.stages[time].resize(item + 1, Stage::Open);
            }
            self.stages[time][item] = self.book.get(key).map_or(Stage::Open, |mark| mark.stage);
        }
    }

    fn count_stages(&mut self) {
        self.stages = [(); 2].map(|()| vec![Stage::Open; self.frame.items.len()]);
        let keys: Vec<Key> = self.book.marks().map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.recount(&key);
        }
    }

    /// How far the statement at a place is.
    pub fn stage(&self, slot: Slot) -> Stage {
        self.stages[usize::from(slot.again)].get(slot.item).copied().unwrap_or_default()
    }

    /// Statements that the annotator marked in earlier sessions.
    fn restore_added(&mut self) {
        let name = &self.settings.annotator;
        let added: Vec<(String, Mark)> = self
            .book
            .marks()
            .filter(|(key, mark)| mark.added && person(&key.annotator) == name)
            .map(|(key, mark)| (key.item.clone(), mark.clone()))
            .collect();
        for (key, mark) in added {
            self.frame.push(added_item(key, &mark));
        }
    }

    fn append_added(&mut self) {
        let items = self.frame.items.iter().enumerate().filter(|(_, item)| item.blank.added);
        let slots = items.map(|(item, _)| Slot { item, stream: Stream::Added, again: false });
        // A statement marked by hand is no part of the frame that the sample is drawn from.
        self.queue.slots.retain(|slot| !self.frame.items[slot.item].blank.added);
        self.queue.slots.extend(slots);
    }

    /// The queue of adjudication: statements on which two rows of the label file differ.
    fn disagreements(&mut self) {
        let mut groups: Vec<(Mark, Vec<Mark>)> = Vec::new();
        let mut frame = std::mem::take(&mut self.frame);
        let mut group_of = BTreeMap::new();
        for row in self.sheet.rows().filter(|row| !row.annotator.eq_ignore_ascii_case(GOLD)) {
            let mut mark = Mark::from_row(row, &self.settings.axes);
            mark.sample_prob = row.sample_prob;
            let item = frame.find_like(&mark).unwrap_or_else(|| {
                let blank = blank_of(&mark);
                let key = format!("{}:{:?}-{:?}:{}", mark.article, mark.start, mark.end, mark.quote);
                frame.push(Item { key: key.clone(), blank, ..Item::default() });
                frame.find(&key).expect("it was pushed, or was there")
            });
            let group = *group_of.entry(item).or_insert(groups.len());
            if group == groups.len() {
                groups.push((mark.clone(), Vec::new()));
            }
            groups[group].1.push(mark);
        }
        let mut opinions = vec![Vec::new(); frame.items.len()];
        let mut items = Vec::new();
        for (item, group) in group_of {
            let (_, marks) = &groups[group];
            let differ = marks.iter().any(|m| m.labels != marks[0].labels || m.stage != marks[0].stage);
            if differ {
                items.push(item);
                opinions[item].clone_from(marks);
            }
        }
        self.frame = frame;
        self.opinions = opinions;
        self.queue = Queue::in_order(items, Stream::Disagreement);
    }

    /// What this session is about.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The statements and their articles.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The places of the queue.
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// What the others said of an item, in adjudication.
    pub fn opinions(&self, item: usize) -> &[Mark] {
        self.opinions.get(item).map_or(&[], Vec::as_slice)
    }

    /// Why the label file could not be written, while it cannot.
    pub fn blocked(&self) -> Option<&str> {
        self.blocked.as_deref()
    }

    /// How many actions can be undone.
    pub fn undoable(&self) -> usize {
        self.book.undoable(&self.settings.annotator)
    }

    /// True when the label file lacks something that the journal has.
    pub fn has_changes(&self) -> bool {
        self.book.has_changes()
    }

    pub(super) fn key(&self, slot: Slot) -> Key {
        let name = &self.settings.annotator;
        let annotator = if slot.again { format!("{name}{AGAIN}") } else { name.clone() };
        Key { annotator, item: self.frame.items[slot.item].key.clone() }
    }

    /// The place of this number.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) past the end of the queue.
    pub fn slot(&self, place: usize) -> Result<Slot> {
        self.queue.slots.get(place).copied().ok_or_else(|| {
            Error::argument("place", place, format!("a place of the queue, below {}", self.queue.slots.len()))
        })
    }

    /// What is known of the statement at a place: its mark, or the untouched one.
    pub fn mark(&self, slot: Slot) -> Mark {
        self.book.get(&self.key(slot)).cloned().unwrap_or_else(|| self.blank(slot.item))
    }

    fn blank(&self, item: usize) -> Mark {
        let mut blank = self.frame.items[item].blank.clone();
        if let Some(opinions) = self.opinions.get(item) {
            // Rows of one statement were drawn with one probability; a row without it takes nothing away.
            blank.sample_prob = opinions.iter().find_map(|m| m.sample_prob);
        }
        blank
    }

    /// The first place that waits to be served; when there is none, the skipped ones after this one and round again.
    ///
    /// Whoever went elsewhere comes back to where the sample stands: what was labelled ahead of its turn counts into it
    /// only when everything before was served. A second time comes up only when the first is done; a place whose statement was taken back is passed over.
    pub fn next_after(&self, place: Option<usize>) -> Option<usize> {
        let n = self.queue.slots.len();
        let from = place.map_or(0, |p| p + 1);
        let round = || (from..n).chain(0..from.min(n));
        let stage = |place: usize| self.stage(self.queue.slots[place]);
        let ready = |place: usize| {
            let slot = self.queue.slots[place];
            let withdrawn = slot.stream == Stream::Added && self.book.get(&self.key(slot)).is_none();
            let first = self.stage(Slot { again: false, ..slot });
            let first_done = !slot.again || matches!(first, Stage::Done | Stage::Rejected);
            !withdrawn && first_done && slot.stream != Stream::Chosen
        };
        (0..n)
            .find(|p| stage(*p) == Stage::Open && ready(*p))
            .or_else(|| round().find(|p| stage(*p) == Stage::Skipped && Some(*p) != place))
    }

    /// How many places were served, of how many.
    pub fn served_places(&self) -> (usize, usize) {
        let served = self.queue.slots.iter().filter(|slot| self.stage(**slot) != Stage::Open).count();
        (served, self.queue.slots.len())
    }
}

pub(super) fn added_item(key: String, mark: &Mark) -> Item {
    let blank = Mark { added: true, ..blank_of(mark) };
    Item { key, blank, ..Item::default() }
}

/// Place, text and who, without what anyone said of it.
fn blank_of(mark: &Mark) -> Mark {
    Mark {
        article: mark.article.clone(),
        start: mark.start,
        end: mark.end,
        quote: mark.quote.clone(),
        speaker: mark.speaker.clone(),
        outlet: mark.outlet.clone(),
        date: mark.date.clone(),
        group: mark.group.clone(),
        ..Mark::default()
    }
}
