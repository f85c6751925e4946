//! Rows of a sentence encoder, kept on disk under the hash of what they were made from.
//!
//! One file, to which records are only ever appended. A file begins with [`MAGIC`]; a record is
//!
//! ```text
//! n: u32 | key: 32 bytes | n × f32 | CRC-32 of all that: u32        (little-endian)
//! ```
//!
//! Reading stops at the first record that is cut off or fails its checksum; what comes after is computed anew. Nothing in
//! the file is trusted: a row counts only if its key and its checksum are right.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The name of the file in its folder.
pub const EMBEDDING_CACHE_FILE: &str = "embeddings.sayso";

/// The size in bytes beyond which a cache takes nothing more, unless said otherwise.
pub const EMBEDDING_CACHE_LIMIT: u64 = 1 << 30;

const MAGIC: &[u8] = b"sayso embeddings 1\n";
/// The most numbers of a row.
const MOST_NUMBERS: usize = 1 << 16;
/// Length, key and checksum.
const FRAME: usize = 4 + 32 + 4;

/// The hash of everything a row depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EmbeddingKey([u8; 32]);

impl EmbeddingKey {
    /// Hashes the parts with their lengths, so that no two lists of parts look the same.
    pub fn new(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

/// Rows on disk, found by their [`EmbeddingKey`].
///
/// Several threads may use one. Of several processes on one folder the first appends, the others only read.
#[derive(Debug)]
pub struct EmbeddingCache {
    path: PathBuf,
    limit: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    /// Where the numbers of a row begin, and how many they are.
    rows: HashMap<EmbeddingKey, (u64, usize)>,
    /// Where the next record goes.
    end: u64,
    /// Why nothing is appended, if so.
    closed: Option<String>,
}

impl EmbeddingCache {
    /// Opens the cache of a folder, or begins one; it grows to `limit` bytes at most.
    ///
    /// A file under its name that is something else is left alone: the cache is then empty and stays so.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if the folder cannot be made or the file not be opened.
    pub fn open(folder: &Path, limit: u64) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, "create", e))?;
        let path = folder.join(EMBEDDING_CACHE_FILE);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(|e| Error::io(&path, "open", e))?;
        let mut closed = match file.try_lock() {
            Ok(()) => None,
            Err(TryLockError::WouldBlock) => Some("another process writes to it".to_string()),
            Err(TryLockError::Error(e)) => Some(format!("it cannot be locked ({e})")),
        };
        let mut rows = HashMap::new();
        let end = scan(&file, &mut rows).map_err(|e| Error::io(&path, "read", e))?;
        if end.is_none() {
            closed = Some("a file of another kind has its name".to_string());
        }
        let end = end.unwrap_or(0);
        if closed.is_none() {
            // What follows the last whole record was cut off when it was written.
            let whole = file.set_len(end).and_then(|()| {
                if end == 0 {
                    file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(MAGIC))
                } else {
                    Ok(())
                }
            });
            if let Err(e) = whole {
                closed = Some(e.to_string());
            }
        }
        let end = end.max(MAGIC.len() as u64);
        Ok(Self { path, limit, inner: Mutex::new(Inner { file, rows, end, closed }) })
    }

    /// The row kept under a key, bit for bit as it was put there.
    pub fn get(&self, key: &EmbeddingKey) -> Option<Vec<f32>> {
        let mut inner = self.inner();
        let (at, n) = *inner.rows.get(key)?;
        let mut bytes = vec![0; 4 * n + FRAME];
        inner.file.seek(SeekFrom::Start(at)).ok()?;
        inner.file.read_exact(&mut bytes).ok()?;
        // The file may have changed since it was opened.
        let (found, row) = decode(&bytes)?;
        (found == *key).then_some(row)
    }

    /// Appends rows. If that fails, or the file is as large as it may be, they are not kept; see [`problem`](Self::problem).
    pub fn put<'a>(&self, rows: impl IntoIterator<Item = (EmbeddingKey, &'a Vec<f32>)>) {
        let mut inner = self.inner();
        let (mut bytes, mut places) = (Vec::new(), Vec::new());
        for (key, row) in rows {
            let usable = row.len() <= MOST_NUMBERS && row.iter().all(|x| x.is_finite());
            if usable && inner.closed.is_none() && !inner.rows.contains_key(&key) {
                places.push((key, (inner.end + bytes.len() as u64, row.len())));
                encode(key, row, &mut bytes);
            }
        }
        if places.is_empty() {
            return;
        }
        let end = inner.end;
        if end + bytes.len() as u64 > self.limit {
            inner.closed = Some(format!("it has reached its limit of {} bytes", self.limit));
            return;
        }
        let written = inner.file.seek(SeekFrom::Start(end)).and_then(|_| inner.file.write_all(&bytes));
        match written {
            Ok(()) => {
                inner.end += bytes.len() as u64;
                inner.rows.extend(places);
            }
            Err(e) => {
                // Half a record would end the next reading here, which is what we want; still, take it away.
                let _ = inner.file.set_len(end);
                inner.closed = Some(e.to_string());
            }
        }
    }

    /// How many rows it holds.
    pub fn len(&self) -> usize {
        self.inner().rows.len()
    }

    /// True when it holds no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Why nothing more is kept, if so; what it holds is used all the same.
    pub fn problem(&self) -> Option<String> {
        let reason = self.inner().closed.clone()?;
        Some(format!("{}: nothing is added to the cache: {reason}", self.path.display()))
    }

    /// What it keeps is whole at any time, so a panic elsewhere does not spoil it.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Finds the whole records of a file and where they end; nothing if it is a file of another kind.
fn scan(file: &File, rows: &mut HashMap<EmbeddingKey, (u64, usize)>) -> std::io::Result<Option<u64>> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut magic = Vec::new();
    reader.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic)?;
    if magic != MAGIC {
        // A beginning that was cut off may be begun again.
        return Ok(MAGIC.starts_with(&magic).then_some(0));
    }
    let mut end = MAGIC.len() as u64;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        reader.by_ref().take(4).read_to_end(&mut bytes)?;
        let Some(n) = length(&bytes) else { return Ok(Some(end)) };
        reader.by_ref().take((4 * n + FRAME - 4) as u64).read_to_end(&mut bytes)?;
        let Some((key, _)) = decode(&bytes) else { return Ok(Some(end)) };
        rows.insert(key, (end, n));
        end += bytes.len() as u64;
    }
}

/// The number of numbers that a record begins with, if it can be one.
fn length(bytes: &[u8]) -> Option<usize> {
    let n = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    (n <= MOST_NUMBERS).then_some(n)
}

fn encode(key: EmbeddingKey, row: &[f32], bytes: &mut Vec<u8>) {
    let first = bytes.len();
    bytes.extend((row.len() as u32).to_le_bytes());
    bytes.extend(key.0);
    bytes.extend(row.iter().flat_map(|x| x.to_le_bytes()));
    let sum = crc32fast::hash(&bytes[first..]);
    bytes.extend(sum.to_le_bytes());
}

/// Key and numbers of a whole record; nothing if it is not whole or its checksum is wrong.
fn decode(bytes: &[u8]) -> Option<(EmbeddingKey, Vec<f32>)> {
    let n = length(bytes)?;
    let (content, sum) = bytes.split_last_chunk::<4>()?;
    if bytes.len() != 4 * n + FRAME || crc32fast::hash(content) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (key, numbers) = content[4..].split_first_chunk::<32>()?;
    let row: Vec<f32> =
        numbers.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    row.iter().all(|x| x.is_finite()).then_some((EmbeddingKey(*key), row))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(i: u32) -> EmbeddingKey {
        EmbeddingKey::new(&[&i.to_le_bytes()])
    }

    fn row(i: u32) -> Vec<f32> {
        (0..5).map(|j| (i * 5 + j) as f32 / 7.0).collect()
    }

    fn filled(folder: &Path, n: u32) -> PathBuf {
        let cache = EmbeddingCache::open(folder, EMBEDDING_CACHE_LIMIT).expect("opened");
        let rows: Vec<Vec<f32>> = (0..n).map(row).collect();
        cache.put((0..n).map(key).zip(&rows));
        assert_eq!((cache.len(), cache.problem()), (n as usize, None));
        folder.join(EMBEDDING_CACHE_FILE)
    }

    #[test]
    fn rows_come_back_bit_for_bit_after_reopening() {
        let folder = tempfile::tempdir().expect("a folder");
        filled(folder.path(), 20);
        let cache = EmbeddingCache::open(folder.path(), EMBEDDING_CACHE_LIMIT).expect("opened");
        for i in 0..20 {
            assert_eq!(cache.get(&key(i)), Some(row(i)));
        }
        assert_eq!(cache.get(&key(20)), None);
        assert_ne!(EmbeddingKey::new(&[b"ab", b"c"]), EmbeddingKey::new(&[b"a", b"bc"]));
    }

    #[test]
    fn a_file_cut_anywhere_keeps_its_whole_records_and_goes_on_from_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = filled(folder.path(), 3);
        let bytes = std::fs::read(&path).expect("read");
        let record = FRAME + 20;
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).expect("cut");
            let cache = EmbeddingCache::open(folder.path(), EMBEDDING_CACHE_LIMIT).expect("opened");
            assert_eq!(cache.len(), length.saturating_sub(MAGIC.len()) / record, "help: cut at {length}");
            cache.put([(key(9), &row(9))]);
            drop(cache);
            let cache = EmbeddingCache::open(folder.path(), EMBEDDING_CACHE_LIMIT).expect("opened");
            assert_eq!(cache.get(&key(9)), Some(row(9)), "help: cut at {length}");
        }
    }

    #[test]
    fn flipped_bytes_never_give_a_wrong_row() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = filled(folder.path(), 3);
        let bytes = std::fs::read(&path).expect("read");
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x41;
            std::fs::write(&path, &damaged).expect("written");
            let cache = EmbeddingCache::open(folder.path(), EMBEDDING_CACHE_LIMIT).expect("opened");
            for i in 0..3 {
                let found = cache.get(&key(i));
                assert!(found.is_none() || found == Some(row(i)), "help: flipped at {at}");
            }
        }
        // Changed under a cache that is open.
        std::fs::write(&path, &bytes).expect("written");
        let cache = EmbeddingCache::open(folder.path(), EMBEDDING_CACHE_LIMIT).expect("opened");
        let mut damaged = bytes.clone();
        damaged[MAGIC.len() + 40] ^= 1;
        std::fs::write(&path, &damaged).expect("written");
        assert_eq!((cache.get(&key(0)), cache.get(&key(1))), (None, Some(row(1))));
    }

    #[test]
    fn foreign_files_are_left_alone_and_the_size_is_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(EMBEDDING_CACHE_FILE);
        std::fs::write(&path, "my notes, which nobody may overwrite").expect("written");
        let cache = EmbeddingCache::open(folder.path(), EMBEDDING_CACHE_LIMIT).expect("opened");
        cache.put([(key(1), &row(1))]);
        assert!(cache.is_empty() && cache.problem().expect("said").contains("of another kind"));
        drop(cache);
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "my notes, which nobody may overwrite");

        std::fs::remove_file(&path).expect("removed");
        let cache = EmbeddingCache::open(folder.path(), 200).expect("opened");
        for i in 0..9 {
            cache.put([(key(i), &row(i))]);
        }
        assert_eq!(cache.len(), 3);
        assert!(cache.problem().expect("said").contains("limit of 200 bytes"));
        assert!(std::fs::metadata(&path).expect("there").len() <= 200);
    }

    #[test]
    fn a_second_user_of_a_folder_reads_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = EmbeddingCache::open(folder.path(), EMBEDDING_CACHE_LIMIT).expect("opened");
        first.put([(key(1), &row(1))]);
        let second = EmbeddingCache::open(folder.path(), EMBEDDING_CACHE_LIMIT).expect("opened");
        second.put([(key(2), &row(2))]);
        assert_eq!((second.get(&key(1)), second.get(&key(2))), (Some(row(1)), None));
        assert!(second.problem().expect("said").contains("another process"));
        first.put([(key(3), &row(3))]);
        assert_eq!(first.get(&key(3)), Some(row(3)));
    }
}
