//! Files of word vectors: the text form of fastText and GloVe, word2vec's binary form, and safetensors.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use safetensors::{Dtype, SafeTensors};

use crate::types::WordVectors;
use crate::{Error, Position, Result};

/// Numbers a word may have.
const LARGEST_DIMENSION: usize = 4096;
/// Bytes of a line, and of a word.
const LONGEST_LINE: u64 = 256 << 10;
const LONGEST_WORD: usize = 256;
/// A safetensors file is read whole, so it may not be larger.
const LARGEST_TENSORS: u64 = 4 << 30;

/// Reads the vectors of the words that are wanted; all others are passed over, so memory holds no more than asked for.
///
/// The form is told by the file: `.safetensors` with a tensor `vectors` (words × numbers, F32) and a tensor `words` (U8, one word a
/// line); `.bin` for word2vec's binary form; else text, one word a line with its numbers, `.gz` or not, a first line of two
/// counts being passed over. Words are brought to lower case; the first of equal ones counts.
///
/// # Arguments
///
/// * `wanted` - asked for each word, in lower case, with its place in the file.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input) with the line for a wrong count of numbers, or one that is none;
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when the file cannot be read.
pub fn read_vectors(path: &Path, wanted: &dyn Fn(&str, usize) -> bool) -> Result<WordVectors> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let mut keep = Keep { seen: HashSet::new(), found: WordVectors::default(), wanted, place: 0 };
    match ending {
        "safetensors" => tensors(path, &mut keep)?,
        "bin" => binary(path, &mut keep)?,
        _ => text(path, &mut keep)?,
    }
    if keep.found.words.is_empty() {
        return Err(Error::input(
            Position::file(path),
            "no vector of a word that is needed",
            "word vectors in the language of the texts",
        ));
    }
    Ok(keep.found)
}

struct Keep<'a> {
    seen: HashSet<String>,
    found: WordVectors,
    wanted: &'a dyn Fn(&str, usize) -> bool,
    place: usize,
}

impl Keep<'_> {
    /// True when the vector of this word is to be kept.
    fn asks_for(&mut self, word: &str) -> Option<String> {
        let place = self.place;
        self.place += 1;
        let word = word.to_lowercase();
        let take = !word.is_empty()
            && word.len() <= LONGEST_WORD
            && (self.wanted)(&word, place)
            && self.seen.insert(word.clone());
        take.then_some(word)
    }

    fn add(&mut self, word: String, values: impl Iterator<Item = f32>) {
        self.found.words.push(word);
        self.found.values.extend(values);
    }
}

fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    let file = File::open(path).map_err(|e| Error::io(path, "read", e))?;
    if path.extension().is_some_and(|e| e == "gz") {
        return Ok(Box::new(BufReader::with_capacity(1 << 20, MultiGzDecoder::new(file))));
    }
    Ok(Box::new(BufReader::with_capacity(1 << 20, file)))
}

fn dimension(path: &Path, row: u64, n: usize) -> Result<usize> {
    if n == 0 || n > LARGEST_DIMENSION {
        return Err(Error::input(
            Position::row(path, row),
            format!("{n} numbers"),
            format!("a word and 1 to {LARGEST_DIMENSION} numbers"),
        ));
    }
    Ok(n)
}

fn text(path: &Path, keep: &mut Keep<'_>) -> Result<()> {
    let mut reader = open(path)?;
    let mut line = Vec::new();
    let mut row = 0;
    loop {
        line.clear();
        let n = reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|e| Error::io(path, "read", e))?;
        if n == 0 {
            return Ok(());
        }
        row += 1;
        if n as u64 == LONGEST_LINE {
            return Err(Error::input(
                Position::row(path, row),
                format!("a line of more than {LONGEST_LINE} bytes"),
                "a word and its numbers",
            ));
        }
        let content = String::from_utf8_lossy(&line);
        let content = content.trim_end();
        let Some((word, numbers)) = content.split_once([' ', '\t']) else { continue };
        let counts = row == 1 && numbers.split_whitespace().count() == 1 && word.parse::<u64>().is_ok();
        if counts {
            continue;
        }
        if keep.found.dimension == 0 {
            keep.found.dimension = dimension(path, row, numbers.split_whitespace().count())?;
        }
        let Some(word) = keep.asks_for(word) else { continue };
        let values: Vec<f32> = numbers
            .split_whitespace()
            .map_while(|v| v.parse().ok())
            .filter(|v: &f32| v.is_finite())
            .collect();
        if values.len() != keep.found.dimension {
            return Err(Error::input(
                Position::row(path, row),
                format!("{:?} with {} numbers", word, values.len()),
                format!("{} numbers, as in the lines before", keep.found.dimension),
            ));
        }
        keep.add(word, values.into_iter());
    }
}

fn binary(path: &Path, keep: &mut Keep<'_>) -> Result<()> {
    let mut reader = open(path)?;
    let mut head = Vec::new();
    reader.by_ref().take(64).read_until(b'\n', &mut head).map_err(|e| Error::io(path, "read", e))?;
    let head = String::from_utf8_lossy(&head);
    let mut counts = head.split_whitespace().map(str::parse::<usize>);
    let (Some(Ok(n)), Some(Ok(d))) = (counts.next(), counts.next()) else {
        return Err(Error::input(
            Position::row(path, 1),
            format!("{:?}", head.trim_end()),
            "two counts, as word2vec's binary form begins",
        ));
    };
    keep.found.dimension = dimension(path, 1, d)?;
    let mut bytes = vec![0; d * 4];
    for k in 0..n {
        let mut word = Vec::new();
        reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b' ', &mut word)
            .map_err(|e| Error::io(path, "read", e))?;
        let cut = |_| {
            Error::input(
                Position::file(path),
                format!("an end after {k} words"),
                format!("{n} words, as its first line says"),
            )
        };
        reader.read_exact(&mut bytes).map_err(cut)?;
        let word = String::from_utf8_lossy(&word).trim().to_string();
        if let Some(word) = keep.asks_for(&word) {
            let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            if values.iter().any(|v| !v.is_finite()) {
                return Err(Error::input(
                    Position::file(path),
                    format!("no number in the vector of {word:?}"),
                    "finite numbers",
                ));
            }
            keep.add(word, values.into_iter());
        }
    }
    Ok(())
}

fn tensors(path: &Path, keep: &mut Keep<'_>) -> Result<()> {
    let size = std::fs::metadata(path).map_err(|e| Error::io(path, "read", e))?.len();
    let wrong = |found: String| {
        Error::input(
            Position::file(path),
            found,
            "a tensor words (U8, one a line) and a tensor vectors (F32, words × numbers)",
        )
    };
    if size > LARGEST_TENSORS {
        return Err(wrong(format!("{size} bytes")));
    }
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, "read", e))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| wrong(e.to_string()))?;
    let (Ok(words), Ok(vectors)) = (file.tensor("words"), file.tensor("vectors")) else {
        return Err(wrong(format!("the tensors {}", file.names().join(", "))));
    };
    let names = String::from_utf8_lossy(words.data());
    let names: Vec<&str> = names.lines().collect();
    let &[n, d] = vectors.shape() else {
        return Err(wrong(format!("a tensor of {} dimensions", vectors.shape().len())));
    };
    if vectors.dtype() != Dtype::F32 || n != names.len() {
        return Err(wrong(format!("{} words and {n} vectors of {:?}", names.len(), vectors.dtype())));
    }
    keep.found.dimension = dimension(path, 1, d)?;
    for (name, row) in names.iter().zip(vectors.data().chunks_exact(4 * d)) {
        if let Some(word) = keep.asks_for(name) {
            let values: Vec<f32> = row.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
            if values.iter().any(|v| !v.is_finite()) {
                return Err(wrong(format!("no number in the vector of {word:?}")));
            }
            keep.add(word, values.into_iter());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, bytes: &[u8]) -> Result<WordVectors> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        read_vectors(&path, &|word, _| word != "unwanted")
    }

    #[test]
    fn three_forms_give_the_same_vectors() {
        let expected = WordVectors {
            dimension: 2,
            words: vec!["peace".into(), "war".into()],
            values: vec![0.5, -1.0, 2.0, 0.25],
        };
        let text = "3 2\nPeace 0.5 -1\nunwanted 9 9\nwar 2 0.25\n";
        assert_eq!(read("v.vec", text.as_bytes()).expect("text"), expected);
        let mut binary = b"3 2\n".to_vec();
        for (word, values) in [("Peace", [0.5_f32, -1.0]), ("unwanted", [9.0, 9.0]), ("war", [2.0, 0.25])] {
            binary.extend_from_slice(word.as_bytes());
            binary.push(b' ');
            binary.extend(values.iter().flat_map(|v| v.to_le_bytes()));
            binary.push(b'\n');
        }
        assert_eq!(read("v.bin", &binary).expect("binary"), expected);
        let numbers: Vec<u8> =
            [0.5_f32, -1.0, 9.0, 9.0, 2.0, 0.25].iter().flat_map(|v| v.to_le_bytes()).collect();
        let words = b"Peace\nunwanted\nwar".to_vec();
        let views = [
            (
                "words",
                safetensors::tensor::TensorView::new(Dtype::U8, vec![words.len()], &words).expect("fits"),
            ),
            (
                "vectors",
                safetensors::tensor::TensorView::new(Dtype::F32, vec![3, 2], &numbers).expect("fits"),
            ),
        ];
        let bytes = safetensors::serialize(views, None).expect("serialises");
        assert_eq!(read("v.safetensors", &bytes).expect("tensors"), expected);
    }

    #[test]
    fn damaged_files_are_refused_with_the_place() {
        for (name, bytes, words) in [
            ("v.vec", "peace 0.5 1\nwar 2\n".as_bytes(), "with 1 numbers"),
            ("v.vec", "peace 0.5 nan\n".as_bytes(), "with 1 numbers"),
            ("v.bin", b"2 2\npeace 12345678".as_slice(), "after 1 words"),
            ("v.bin", b"nothing\n".as_slice(), "two counts"),
            ("v.safetensors", b"nothing".as_slice(), "words (U8"),
            ("v.vec", b"".as_slice(), "no vector"),
        ] {
            let error = read(name, bytes).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
