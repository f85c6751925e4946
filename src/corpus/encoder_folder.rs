//! The folder of a sentence encoder: three files, read whole within limits.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{Error, ErrorKind, Position, Result};

/// The file that gives the sizes of the network.
pub const ENCODER_CONFIG: &str = "config.json";
/// The file that splits text into tokens.
pub const ENCODER_TOKENIZER: &str = "tokenizer.json";
/// The file of weights.
pub const ENCODER_WEIGHTS: &str = "model.safetensors";

/// Largest `config.json`, in bytes.
const CONFIG_LIMIT: u64 = 1 << 20;
/// Largest `tokenizer.json`, in bytes: the vocabulary of a hundred languages takes 17 million.
const TOKENIZER_LIMIT: u64 = 40_000_000;
/// Largest `model.safetensors`, in bytes.
const WEIGHTS_LIMIT: u64 = 2 << 30;

/// What a sentence encoder is made of, as bytes; nothing of it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderFiles {
    /// Where they come from, for messages.
    pub folder: PathBuf,
    /// `config.json`.
    pub config: Vec<u8>,
    /// `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    /// `model.safetensors`.
    pub weights: Vec<u8>,
}

impl EncoderFiles {
    /// Reads the three files of a folder. Other files in it are left alone.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::Input`] if `folder` is no folder or lacks one of the files; it says which and what the folder needs.
    /// * [`ErrorKind::TooLarge`] if a file is above its limit.
    /// * [`ErrorKind::Io`] if one cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        if !folder.is_dir() {
            let found = if folder.exists() { "a file" } else { "nothing" };
            return Err(Error::input(Position::file(folder), found, "the folder of a sentence encoder")
                .with_help(NEEDED));
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            config: read(folder, ENCODER_CONFIG, CONFIG_LIMIT)?,
            tokenizer: read(folder, ENCODER_TOKENIZER, TOKENIZER_LIMIT)?,
            weights: read(folder, ENCODER_WEIGHTS, WEIGHTS_LIMIT)?,
        })
    }

    /// What identifies an encoder: the SHA-256, in hexadecimal digits, of the SHA-256 values of `config.json`,
    /// `tokenizer.json` and `model.safetensors`, one after the other as bytes.
    pub fn digest(&self) -> String {
        let mut whole = Sha256::new();
        for file in [&self.config, &self.tokenizer, &self.weights] {
            whole.update(Sha256::digest(file));
        }
        whole.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

const NEEDED: &str =
    "It must hold config.json, tokenizer.json and model.safetensors; docs/encoders.md says how to get them";

fn read(folder: &Path, name: &str, limit: u64) -> Result<Vec<u8>> {
    let path = folder.join(name);
    if !path.is_file() {
        let error = Error::input(Position::file(&path), "no such file", format!("the encoder's {name}"));
        return Err(error.with_help(NEEDED));
    }
    let file = File::open(&path).map_err(|e| Error::io(&path, "read", e))?;
    let mut bytes = Vec::new();
    // One byte more than allowed shows that there are more, whatever the file's length is said to be.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| Error::io(&path, "read", e))?;
    if bytes.len() as u64 > limit {
        let size = path.metadata().map_or(bytes.len() as u64, |m| m.len());
        return Err(ErrorKind::TooLarge {
            position: Position::file(&path),
            what: "encoder file",
            size,
            limit,
            help: "Is it the file of a BERT-family sentence encoder?".into(),
        }
        .into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_whole_or_the_reason_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        let message = |p: &Path| EncoderFiles::read(p).expect_err("refused").to_string();
        assert!(message(&path.join("none")).contains("found nothing; expected the folder"));

        std::fs::write(path.join(ENCODER_CONFIG), "{}").expect("written");
        let missing = message(path);
        assert!(missing.contains("tokenizer.json: found no such file"), "{missing}");
        assert!(missing.contains("docs/encoders.md"), "{missing}");
        assert!(message(&path.join(ENCODER_CONFIG)).contains("found a file; expected the folder"));

        // A tokenizer of 100 MB, most of it a hole.
        let large = File::create(path.join(ENCODER_TOKENIZER)).expect("created");
        large.set_len(100_000_000).expect("a hole");
        let large = EncoderFiles::read(path).expect_err("refused");
        assert!(
            matches!(large.kind(), ErrorKind::TooLarge { size: 100_000_000, limit: TOKENIZER_LIMIT, .. }),
            "{large}"
        );

        std::fs::write(path.join(ENCODER_TOKENIZER), "{ }").expect("written");
        std::fs::write(path.join(ENCODER_WEIGHTS), "abc").expect("written");
        let files = EncoderFiles::read(path).expect("read");
        assert_eq!((&files.config[..], &files.weights[..]), (&b"{}"[..], &b"abc"[..]));
    }
}
