//! The journal: one line per thing done, on the disk before the page says so.
//!
//! A line is `{"crc":"xxxxxxxx","record":{…}}`: CRC-32 (IEEE) of the bytes of the record as they stand, in
//! hexadecimal, and the record. The file only grows. A line that was cut off by a crash can only be the last,
//! was never acknowledged, and is cut away when the journal is opened again.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::mark::Mark;
use crate::{Error, Position, Result};

/// The version that [`Record::Opened`] carries.
const VERSION: u32 = 1;
/// `{"crc":"xxxxxxxx","record":`
const HEAD: usize = 27;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Record {
    /// A session began.
    Opened {
        /// The version of this format.
        version: u32,
        /// When, in UTC.
        at: String,
        /// The process, so that a second one can name the first.
        process: u32,
    },
    /// What an annotator says of an item from now on; the whole of it, so that lines need no others to be read.
    Set {
        /// When, in UTC.
        at: String,
        /// Whose.
        annotator: String,
        /// The item's key.
        item: String,
        /// The new state; `None` takes it back to untouched.
        mark: Option<Box<Mark>>,
    },
    /// The last [`Record::Set`] of this annotator that is not yet undone is undone.
    Undo {
        /// When, in UTC.
        at: String,
        /// Whose.
        annotator: String,
    },
    /// The label file was edited elsewhere, and the edit is taken over. Cannot be undone from the page.
    Adopted {
        /// Whose row.
        annotator: String,
        /// The item's key.
        item: String,
        /// The new state; `None` when the row was removed.
        mark: Option<Box<Mark>>,
    },
    /// A label file with everything up to this line is about to be put in place.
    Written {
        /// SHA-256 of the file, in hexadecimal.
        digest: String,
    },
    /// That label file is in place.
    Placed,
}

/// Where a journal is kept; a file, except in tests that let the disk fail.
pub trait Storage: Send {
    /// Appends bytes; after a failure some of them may be there.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when all appended bytes are on the disk.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts off everything past this length.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Storage for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(drop)
    }
}

/// What a journal held when it was opened.
#[derive(Debug, Default, PartialEq)]
pub struct Replay {
    /// The records of all whole lines.
    pub records: Vec<Record>,
    /// Bytes of whole lines.
    pub length: u64,
    /// The number of the last line, counted from 1, when a crash cut it off.
    pub torn: Option<u64>,
}

/// An open journal.
pub struct Journal {
    path: PathBuf,
    storage: Box<dyn Storage>,
    length: u64,
    /// Set when a failed write could not be taken back: what follows might stand on half a line.
    broken: bool,
}

impl Journal {
    /// Opens the journal, makes it if it is not there, and takes it for this process alone.
    ///
    /// # Arguments
    ///
    /// * `now` - the time of day in UTC, for the first line.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when it cannot be opened or written,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) when another process has it, or a line other than the last
    /// is damaged.
    pub fn open(path: &Path, now: &str) -> Result<(Self, Replay)> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|e| Error::io(path, "open", e))?;
        let locked = match file.try_lock() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(e)) => return Err(Error::io(path, "lock", e)),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|e| Error::io(path, "read", e))?;
        if locked {
            return Err(in_use(path, &bytes));
        }
        let replay = replay(&bytes, path)?;
        let mut journal =
            Self { path: path.into(), storage: Box::new(file), length: replay.length, broken: false };
        journal.storage.cut(replay.length).map_err(|e| Error::io(path, "write", e))?;
        journal.append(&Record::Opened { version: VERSION, at: now.into(), process: std::process::id() })?;
        Ok((journal, replay))
    }

    /// A journal on other storage, empty.
    pub fn on(storage: Box<dyn Storage>) -> Self {
        Self { path: PathBuf::from("journal"), storage, length: 0, broken: false }
    }

    /// Appends a record; when this returns, it is on the disk.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the disk is full or fails: nothing of the record is kept then.
    pub fn append(&mut self, record: &Record) -> Result<()> {
        if self.broken {
            let source = io::Error::other("an earlier write failed and could not be taken back");
            return Err(Error::io(&self.path, "write", source));
        }
        let bytes = line(record);
        let written = self.storage.append(&bytes).and_then(|()| self.storage.sync());
        if let Err(source) = written {
            self.broken = self.storage.cut(self.length).is_err();
            return Err(Error::io(&self.path, "write", source));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }
}

fn line(record: &Record) -> Vec<u8> {
    let record = serde_json::to_string(record).expect("records hold strings and numbers alone");
    format!("{{\"crc\":\"{:08x}\",\"record\":{record}}}\n", crc32fast::hash(record.as_bytes())).into_bytes()
}

/// The record of a line without its line end; `None` when it is damaged.
fn parse(line: &[u8]) -> Option<Record> {
    let line = std::str::from_utf8(line).ok()?;
    let crc = u32::from_str_radix(line.strip_prefix("{\"crc\":\"")?.get(..8)?, 16).ok()?;
    line.get(16..HEAD).filter(|between| *between == "\",\"record\":")?;
    let record = line.get(HEAD..)?.strip_suffix('}')?;
    if crc32fast::hash(record.as_bytes()) != crc {
        return None;
    }
    serde_json::from_str(record).ok()
}

/// Reads the lines of a journal.
///
/// # Arguments
///
/// * `path` - names the journal in messages.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input), with the line, when a line other than the last is damaged or the
/// journal is of a later version.
pub fn replay(bytes: &[u8], path: &Path) -> Result<Replay> {
    let mut replay = Replay::default();
    let mut lines = bytes.split_inclusive(|b| *b == b'\n').zip(1_u64..).peekable();
    while let Some((line, number)) = lines.next() {
        // A last line without its line end was never acknowledged, even when all the rest of it is there.
        let record = line.strip_suffix(b"\n").and_then(parse);
        match record {
            Some(Record::Opened { version, .. }) if version > VERSION => {
                let found = format!("a journal of version {version}");
                let expected = format!("version {VERSION} or earlier");
                return Err(Error::input(Position::row(path, number), found, expected)
                    .with_help("It was written by a later Sayso; use that one."));
            }
            Some(record) => {
                replay.records.push(record);
                replay.length += line.len() as u64;
            }
            None if lines.peek().is_none() => replay.torn = Some(number),
            None => {
                return Err(Error::input(
                    Position::row(path, number),
                    "a line whose checksum does not fit",
                    "a journal that nothing but sayso label has written",
                )
                .with_help(
                    "The label file beside it has what was saved before; move the journal away to go on from there.",
                ));
            }
        }
    }
    Ok(replay)
}

fn in_use(path: &Path, bytes: &[u8]) -> Error {
    let process = bytes.rsplit(|b| *b == b'\n').filter_map(parse).find_map(|record| match record {
        Record::Opened { process, .. } => Some(process),
        _ => None,
    });
    let who = process.map_or(String::new(), |process| format!(" (process {process})"));
    Error::input(
        Position::file(path),
        format!("another sayso label at work on it{who}"),
        "one at a time on a label file",
    )
    .with_help("Go on in its page, or end it with Ctrl-C; several people label into files of their own.")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::ErrorKind;

    fn set(n: usize) -> Record {
        let mark = Mark { note: format!("note {n} – „да“ 👩‍🚒\n"), ..Mark::default() };
        Record::Set {
            at: "2026-01-02T03:04:05Z".into(),
            annotator: "a1".into(),
            item: format!("x:{n}"),
            mark: Some(Box::new(mark)),
        }
    }

    #[test]
    fn cut_at_every_byte_all_whole_lines_are_kept_and_one_torn_line_is_told() {
        let records: Vec<Record> = (0..200).map(set).collect();
        let lines: Vec<Vec<u8>> = records.iter().map(line).collect();
        let bytes = lines.concat();
        let mut whole = 0;
        let mut end = 0;
        for cut in 0..=bytes.len() {
            if whole < lines.len() && cut == end + lines[whole].len() {
                end += lines[whole].len();
                whole += 1;
            }
            // Parsing all 200 lines at each of some 60,000 cuts would only repeat itself: the last three do.
            let from: usize = lines[..whole.saturating_sub(3)].iter().map(Vec::len).sum();
            let got = replay(&bytes[from..cut], Path::new("j")).expect("only the last line is torn");
            assert_eq!(got.records, records[whole.saturating_sub(3)..whole], "cut at {cut}");
            assert_eq!(got.torn.is_some(), cut > end, "cut at {cut}");
            assert_eq!(from as u64 + got.length, end as u64);
        }
        assert_eq!(replay(&bytes, Path::new("j")).expect("whole").records, records);
    }

    #[test]
    fn a_damaged_line_in_the_middle_is_an_error_that_names_it() {
        let mut bytes: Vec<u8> = (0..3).flat_map(|n| line(&set(n))).collect();
        let second = line(&set(0)).len() + 60;
        bytes[second] ^= 1;
        let message = replay(&bytes, Path::new("j")).expect_err("damaged").to_string();
        assert!(message.starts_with("j:2: found a line whose checksum"), "{message}");
    }

    #[test]
    fn a_journal_of_a_later_version_is_refused() {
        let bytes = line(&Record::Opened { version: VERSION + 1, at: String::new(), process: 1 });
        assert!(replay(&bytes, Path::new("j")).is_err());
    }

    #[test]
    fn a_second_process_is_refused_and_a_torn_line_is_cut_away() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("l.csv.journal");
        let (mut journal, _) = Journal::open(&path, "t").expect("new");
        journal.append(&set(1)).expect("room");
        let message =
            Journal::open(&path, "t").err().expect("the file is locked by the first handle").to_string();
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        drop(journal);
        let mut bytes = std::fs::read(&path).expect("there");
        bytes.extend_from_slice(&line(&set(2))[..40]);
        std::fs::write(&path, &bytes).expect("writable");
        let (mut journal, replay) = Journal::open(&path, "t").expect("opens again");
        assert_eq!((replay.torn, replay.records.last()), (Some(3), Some(&set(1))));
        journal.append(&set(3)).expect("room");
        drop(journal);
        let (_, replay) = Journal::open(&path, "t").expect("opens again");
        assert_eq!((replay.torn, replay.records.last()), (None, Some(&set(3))));
    }

    /// A disk that fails at one call, after taking a part of the bytes.
    struct Failing {
        bytes: Arc<Mutex<Vec<u8>>>,
        calls: usize,
        fails_at: usize,
        cuts: bool,
    }

    impl Failing {
        fn due(&mut self) -> io::Result<()> {
            self.calls += 1;
            if self.calls == self.fails_at { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }

    impl Storage for Failing {
        fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
            let due = self.due();
            let taken = if due.is_err() { &bytes[..bytes.len() / 2] } else { bytes };
            self.bytes.lock().expect("one thread").extend_from_slice(taken);
            due
        }

        fn sync(&mut self) -> io::Result<()> {
            self.due()
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            if !self.cuts {
                return Err(io::ErrorKind::Other.into());
            }
            self.bytes.lock().expect("one thread").truncate(length as usize);
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_at_any_call_loses_nothing_that_was_acknowledged_and_keeps_nothing_that_was_not() {
        for cuts in [true, false] {
            for fails_at in 1..=21 {
                let bytes = Arc::new(Mutex::new(Vec::new()));
                let mut journal =
                    Journal::on(Box::new(Failing { bytes: bytes.clone(), calls: 0, fails_at, cuts }));
                let mut acknowledged = Vec::new();
                let mut failures = 0;
                for n in 0..10 {
                    match journal.append(&set(n)) {
                        Ok(()) => acknowledged.push(set(n)),
                        Err(error) => {
                            assert!(matches!(error.kind(), ErrorKind::Io { action: "write", .. }));
                            failures += 1;
                        }
                    }
                }
                let got = replay(&bytes.lock().expect("one thread"), Path::new("j")).expect("sound");
                if cuts {
                    assert_eq!(got.records, acknowledged, "fails at {fails_at}");
                    assert_eq!((failures, got.torn), (usize::from(fails_at <= 20), None));
                } else {
                    // What could not be taken back stands last, and nothing follows it.
                    assert!(
                        got.records.starts_with(&acknowledged) && got.records.len() <= acknowledged.len() + 1
                    );
                    assert_eq!(failures, 10 - acknowledged.len());
                }
            }
        }
    }
}
