//! Reading that ends at a limit, whatever comes.

use std::io::{BufRead, Read};
use std::path::Path;

use crate::{Error, Position, Result};

/// The error for what is larger than a limit, in bytes.
pub(super) fn too_large(position: Position, what: &'static str, limit: usize) -> Error {
    crate::ErrorKind::TooLarge {
        position,
        what,
        size: limit as u64 + 1,
        limit: limit as u64,
        help: "Split it; one article is one file, row or line.".into(),
    }
    .into()
}

/// A line of text.
pub(super) enum Line {
    Text(String),
    /// Longer than it may be.
    TooLong,
}

/// The next line, of at most `limit` bytes; a longer one is read past without being kept.
pub(super) fn line_within(reader: &mut impl BufRead, limit: usize) -> std::io::Result<Option<Line>> {
    let mut line = Vec::new();
    let n = reader.by_ref().take(limit as u64 + 1).read_until(b'\n', &mut line)?;
    if n == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() > limit {
        loop {
            let buffer = reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let (used, done) = memchr::memchr(b'\n', buffer).map_or((buffer.len(), false), |i| (i + 1, true));
            reader.consume(used);
            if done {
                break;
            }
        }
        return Ok(Some(Line::TooLong));
    }
    Ok(Some(Line::Text(String::from_utf8_lossy(&line).into_owned())))
}

/// All of a text of at most so many bytes.
pub(super) fn whole(reader: impl Read, path: &Path, limit: usize) -> Result<String> {
    let mut text = String::new();
    reader.take(limit as u64 + 1).read_to_string(&mut text).map_err(|e| Error::io(path, "read", e))?;
    if text.len() > limit {
        return Err(too_large(Position::file(path), "file", limit));
    }
    Ok(text)
}
