//! Bytes to text: compression, byte order marks, encodings.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

use crate::{Error, Position, Result};

/// How much of an input is read before its encoding is decided.
const PREFIX: usize = 1 << 20;

/// An input as UTF-8, and which encoding it had.
pub struct Decoded {
    /// The text as UTF-8 bytes; malformed sequences are replaced by U+FFFD.
    pub reader: Box<dyn Read + Send>,
    /// The encoding it was read as.
    pub encoding: &'static Encoding,
}

/// Opens a file (`-` is standard input; `.gz` is unpacked) and decodes it to UTF-8.
///
/// The encoding is the one forced, else the byte order mark's, else UTF-8 if the first mebibyte is valid
/// UTF-8, else what the detector says of that mebibyte.
///
/// # Errors
///
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when it cannot be opened, [`ErrorKind::Input`](crate::ErrorKind::Input)
/// when it is binary (a NUL byte where the encoding has none).
pub fn open(path: &Path, forced: Option<&'static Encoding>) -> Result<Decoded> {
    let raw: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let file = File::open(path).map_err(|e| Error::io(path, "read", e))?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(Error::input(Position::file(path), "a folder", "a file"));
        }
        Box::new(BufReader::with_capacity(1 << 16, file))
    };
    let raw: Box<dyn Read + Send> = if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz")) {
        Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(raw)))
    } else {
        raw
    };
    decode(raw, path, forced)
}

fn decode(mut raw: Box<dyn Read + Send>, path: &Path, forced: Option<&'static Encoding>) -> Result<Decoded> {
    let mut prefix = Vec::new();
    raw.by_ref().take(PREFIX as u64).read_to_end(&mut prefix).map_err(|e| Error::io(path, "read", e))?;
    let encoding = forced.unwrap_or_else(|| guess(&prefix));
    if encoding.is_ascii_compatible()
        && Encoding::for_bom(&prefix).is_none()
        && let Some(at) = prefix.iter().position(|b| *b == 0)
    {
        return Err(Error::input(
            Position::file(path),
            format!("a NUL byte at byte {at}: a binary file"),
            "text",
        )
        .with_help("Sayso reads .txt, .csv, .tsv, .json and .jsonl, also packed as .gz."));
    }
    let chained = Cursor::new(prefix).chain(raw);
    let reader = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_override(true).build(chained);
    Ok(Decoded { reader: Box::new(reader), encoding })
}

fn guess(prefix: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(prefix) {
        return encoding;
    }
    let valid = match std::str::from_utf8(prefix) {
        Ok(_) => true,
        // A character cut by the end of the prefix is no proof against UTF-8.
        Err(e) => e.error_len().is_none(),
    };
    if valid {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(prefix, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// The encoding a user names: `utf-8`, `windows-1251`, `latin1`, …
///
/// # Errors
///
/// [`ErrorKind::Argument`](crate::ErrorKind::Argument) for a name nobody knows.
pub fn encoding_by_name(name: &str) -> Result<&'static Encoding> {
    Encoding::for_label(name.as_bytes()).ok_or_else(|| {
        Error::argument("--encoding", name, "an encoding's name")
            .with_help("Common ones: utf-8, utf-16le, windows-1251, windows-1252, iso-8859-2, koi8-u.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8], forced: Option<&'static Encoding>) -> (String, &'static str) {
        let decoded = decode(Box::new(Cursor::new(bytes.to_vec())), Path::new("x"), forced).expect("text");
        let mut out = String::new();
        let mut reader = decoded.reader;
        reader.read_to_string(&mut out).expect("decoded text is UTF-8");
        (out, decoded.encoding.name())
    }

    #[test]
    fn byte_order_marks_are_read_and_dropped() {
        assert_eq!(text(b"\xEF\xBB\xBFhi", None), ("hi".into(), "UTF-8"));
        assert_eq!(text(b"\xFF\xFEh\0i\0", None), ("hi".into(), "UTF-16LE"));
        assert_eq!(text(b"\xFE\xFF\0h\0i", None), ("hi".into(), "UTF-16BE"));
    }

    #[test]
    fn cyrillic_without_a_mark_is_detected_and_can_be_forced() {
        let words = "Президент заявив, що переговори тривають, а кордон лишається закритим.";
        let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(words);
        assert_eq!(text(&bytes, None).0, words);
        assert_eq!(text(&bytes, Some(encoding_rs::WINDOWS_1251)).0, words);
    }

    #[test]
    fn a_binary_file_is_refused() {
        let refused = decode(Box::new(Cursor::new(b"\x7fELF\0\0".to_vec())), Path::new("a.out"), None);
        assert!(refused.err().is_some_and(|e| e.to_string().contains("binary")));
    }
}
