use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::book::{Book, Key};
use super::mark::{FLAG, Mark, STATUS, STRATEGY};
use super::queue::Stream;
use crate::corpus::{LabelFile, label_bytes, write_atomically};
use crate::types::{AxisSet, LabelledStatement};
use crate::{Error, Position, Result};

/// Which side is kept when a row was changed here and in the label file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// What the page said.
    Page,
    /// What the label file says.
    File,
}

/// The label file, as it was last read or written.
#[derive(Debug)]
pub struct Sheet {
    path: PathBuf,
    /// The rows, each with the key of the mark it shows, if there is one.
    rows: Vec<(Option<Key>, LabelledStatement)>,
    /// Extra columns, in the order in which they are written.
    further: Vec<String>,
    /// SHA-256 of the bytes; `None` when there is no file.
    digest: Option<String>,
}

/// Where a row stands, by its own words.
type Location = (String, String, Option<usize>, Option<usize>, String);

fn location(row: &LabelledStatement) -> Location {
    let quote = if row.start.is_some() { String::new() } else { row.quote.clone() };
    (row.annotator.clone(), row.article.clone(), row.start, row.end, quote)
}

/// The row without what follows from the queue and from the file: those are not the annotator's words.
fn said(mut row: LabelledStatement) -> LabelledStatement {
    row.row = 0;
    row.sample_prob = None;
    row.extra.remove(STRATEGY);
    row
}

impl Sheet {
    /// Reads the label file; one that is not there is empty.
    ///
    /// # Errors
    ///
    /// Those of [`LabelFile::read`], and [`ErrorKind::Input`](crate::ErrorKind::Input) for a cell that cannot be
    /// read or a row of the wrong width: writing the file again would lose it.
    pub fn read(path: &Path, axes: &AxisSet) -> Result<Self> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path: path.into(), rows: Vec::new(), further: Vec::new(), digest: None });
            }
            Err(e) => return Err(Error::io(path, "read", e)),
        };
        let digest = Some(hex(&Sha256::digest(&bytes)));
        // Spaces and line ends alone: an empty file, say of a touch, is as good as none.
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { path: path.into(), rows: Vec::new(), further: Vec::new(), digest });
        }
        let file = LabelFile::read(&[path.to_path_buf()], axes, None)?;
        if let Some(problem) = file.problems.into_iter().next() {
            return Err(problem.into_error());
        }
        if file.n_ragged > 0 {
            let found = format!("{} rows with more or fewer cells than the header", file.n_ragged);
            return Err(Error::input(Position::file(path), found, "as many cells as the header has")
                .with_help("Repair them first; sayso check names them."));
        }
        let further = file.unknown_columns.into_iter().collect();
        let rows = file.rows.into_iter().map(|row| (None, row)).collect();
        Ok(Self { path: path.into(), rows, further, digest })
    }

    /// The rows, as they are in the file.
    pub fn rows(&self) -> impl Iterator<Item = &LabelledStatement> {
        self.rows.iter().map(|(_, row)| row)
    }

    /// SHA-256 of the file in hexadecimal; `None` when there was none.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The file was removed while its rows are still known: they are written again.
    pub fn is_gone(&mut self) {
        self.digest = None;
    }

    /// True when the file is no longer what was last read or put in place.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when it cannot be read.
    pub fn was_edited(&self) -> Result<bool> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(self.digest.as_deref() != Some(hex(&Sha256::digest(&bytes)).as_str())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(self.digest.is_some()),
            Err(e) => Err(Error::io(&self.path, "read", e)),
        }
    }

    /// Brings the book and a file that was edited elsewhere together.
    ///
    /// A row that only the file changed is adopted, a removed one too; a row that only the page changed stands.
    /// Rows of other annotators are the file's.
    ///
    /// # Returns
    ///
    /// The marks to adopt, by key; each row of the file that shows a mark now knows its key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) at the first row that both changed in different ways, unless
    /// `keep` says which side wins.
    pub fn reconcile(
        &mut self,
        book: &Book,
        axes: &AxisSet,
        keep: Option<Keep>,
    ) -> Result<Vec<(Key, Option<Mark>)>> {
        let mut at: BTreeMap<Location, usize> = BTreeMap::new();
        for (i, (_, row)) in self.rows.iter().enumerate() {
            at.entry(location(row)).or_insert(i);
        }
        let row_of = |key: &Key, mark: Option<&Mark>| {
            mark.filter(|m| m.is_row()).map(|m| said(m.to_row(&key.annotator, axes)))
        };
        let mut adopted = Vec::new();
        for key in book.keys() {
            let ours = row_of(key, book.get(key));
            let base = row_of(key, book.base(key));
            let found = [&base, &ours].into_iter().flatten().find_map(|row| at.get(&location(row)).copied());
            let theirs = found.map(|i| said(self.rows[i].1.clone()));
            // A file that is gone is no wish to remove every row.
            let gone = self.digest.is_none();
            let file_kept = theirs == base || (theirs.is_none() && gone);
            let page_kept = ours == base;
            if !file_kept && theirs != ours {
                let wins = if page_kept { Some(Keep::File) } else { keep };
                match wins {
                    Some(Keep::Page) => {}
                    Some(Keep::File) => {
                        adopted.push((key.clone(), theirs.map(|row| Mark::from_row(&row, axes))));
                    }
                    None => return Err(self.conflict(key, found, theirs.is_some())),
                }
            }
            if let Some(i) = found {
                self.rows[i].0 = Some(key.clone());
            }
        }
        Ok(adopted)
    }

    fn conflict(&self, key: &Key, found: Option<usize>, there: bool) -> Error {
        let position = match found {
            Some(i) => Position::row(&self.path, self.rows[i].1.row),
            None => Position::file(&self.path),
        };
        let how = if there { "changed" } else { "removed" };
        Error::input(
            position,
            format!("the row of {} on {} {how} in the file and in the page", key.annotator, key.item),
            "one of the two",
        )
        .with_help(
            "Nothing is overwritten. Take the edit back, or start again with --keep page or --keep file.",
        )
    }

    /// Rows of these annotators that show no mark: written by hand, or before a journal was lost.
    pub fn strangers<'a>(
        &'a self,
        annotators: &'a [String],
    ) -> impl Iterator<Item = (usize, &'a LabelledStatement)> {
        self.rows
            .iter()
            .enumerate()
            .filter(|(_, (key, row))| key.is_none() && annotators.contains(&row.annotator))
            .map(|(i, (_, row))| (i, row))
    }

    /// Row `i` shows this mark from now on.
    pub fn claim(&mut self, i: usize, key: Key) {
        self.rows[i].0 = Some(key);
    }

    /// The rows the file should have: its own in their order, with the marks they show as they are now, then new
    /// ones in the order in which they were made.
    ///
    /// # Arguments
    ///
    /// * `sampled` - what the queue knows of a mark: its probability, and its stream if it has a place; `None` leaves
    ///   what the file says.
    pub fn render(
        &self,
        book: &Book,
        axes: &AxisSet,
        sampled: impl Fn(&Key) -> Option<(Option<f64>, Option<Stream>)>,
    ) -> Rendered {
        let show = |key: &Key, mark: &Mark, old: Option<&LabelledStatement>| {
            let mut row = mark.to_row(&key.annotator, axes);
            // A stream that served it in another session is still why it was labelled; the sample is as it stands now.
            let earlier =
                || old.and_then(|row| row.extra.get(STRATEGY)).filter(|s| *s != Stream::Random.as_str());
            let (sample_prob, strategy) = match (sampled(key), old) {
                (Some((p, Some(stream))), _) => (p, Some(stream.as_str().to_string())),
                (Some((p, None)), _) => {
                    (p, Some(earlier().map_or_else(|| Stream::Chosen.as_str().into(), String::clone)))
                }
                (None, Some(old)) => (old.sample_prob, old.extra.get(STRATEGY).cloned()),
                (None, None) => (mark.sample_prob, None),
            };
            row.sample_prob = sample_prob;
            row.extra.extend(strategy.map(|s| (STRATEGY.to_string(), s)));
            row
        };
        let mut shown = BTreeSet::new();
        let mut rows = Vec::new();
        for (key, row) in &self.rows {
            match key {
                None => rows.push((None, row.clone())),
                Some(key) if shown.insert(key) => {
                    if let Some(mark) = book.get(key).filter(|m| m.is_row()) {
                        rows.push((Some(key.clone()), show(key, mark, Some(row))));
                    }
                }
                Some(_) => {}
            }
        }
        let new = book.rows().filter(|(key, _)| !shown.contains(key));
        rows.extend(new.map(|(key, mark)| (Some(key.clone()), show(key, mark, None))));
        for (i, (_, row)) in rows.iter_mut().enumerate() {
            row.row = i as u64 + 2;
        }
        let mut further = self.further.clone();
        for name in [STRATEGY, STATUS, FLAG] {
            if !further.iter().any(|f| f == name) && rows.iter().any(|(_, row)| row.extra.contains_key(name))
            {
                further.push(name.to_string());
            }
        }
        let plain: Vec<LabelledStatement> = rows.iter().map(|(_, row)| row.clone()).collect();
        let tabs = self.path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
        let bytes = label_bytes(&plain, axes, &further, if tabs { b'\t' } else { b',' });
        Rendered { path: self.path.clone(), digest: digest_of(&bytes), bytes, rows, further }
    }

    /// The rendered rows are in place.
    pub fn placed(&mut self, rendered: Rendered) {
        self.digest = Some(rendered.digest);
        self.rows = rendered.rows;
        self.further = rendered.further;
    }
}

/// A label file that is ready to be put in place.
#[derive(Debug)]
pub struct Rendered {
    path: PathBuf,
    bytes: Vec<u8>,
    rows: Vec<(Option<Key>, LabelledStatement)>,
    further: Vec<String>,
    /// SHA-256 of the bytes in hexadecimal.
    pub digest: String,
}

impl Rendered {
    /// Puts it in place; the old file stands untouched when that fails.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when the disk is full or fails.
    pub fn place(&self) -> Result<()> {
        write_atomically(&self.path, &self.bytes, true)
    }
}

/// SHA-256 in hexadecimal.
pub fn digest_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
