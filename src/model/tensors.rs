//! Reading a safetensors file: each tensor straight into numbers of its own, digested on the way.

use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use blake3::Hasher;
use safetensors::tensor::{Dtype, Metadata};

use crate::features::reserve;
use crate::{Error, Result};

/// A header above this is refused before it is parsed.
pub(super) const LARGEST_HEADER: u64 = 16 << 20;
/// So many bytes are read at a time: they stay near the processor until they are digested and turned into numbers.
const PIECE: u64 = 512 << 10;

/// A safetensors file whose header was read and found to fit its size.
pub(super) struct Tensors<'p, R> {
    source: R,
    metadata: Metadata,
    /// Where the tensors begin.
    start: u64,
    digest: Hasher,
    piece: Vec<u8>,
    path: &'p Path,
}

impl<'p, R: Read + Seek> Tensors<'p, R> {
    /// Reads the header of a file of `size` bytes; `path` names it in messages.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`](crate::ErrorKind::Model) that says what is wrong, [`ErrorKind::Io`](crate::ErrorKind::Io) when it cannot be
    /// read.
    pub(super) fn open(mut source: R, size: u64, path: &'p Path) -> Result<Self> {
        if size < 8 {
            return Err(damaged(path, format!("{size} bytes, too short for a model")));
        }
        let mut length = [0; 8];
        source.read_exact(&mut length).map_err(|e| unread(path, e))?;
        let length = u64::from_le_bytes(length);
        if length > LARGEST_HEADER {
            return Err(damaged(path, format!("a header of {length} bytes, the limit is {LARGEST_HEADER}")));
        }
        if 8 + length > size {
            return Err(damaged(path, format!("{size} bytes, too short for its header of {length}")));
        }
        let mut header = Vec::new();
        source.by_ref().take(length).read_to_end(&mut header).map_err(|e| unread(path, e))?;
        let metadata: Metadata = serde_json::from_slice(&header)
            .map_err(|e| damaged(path, format!("no safetensors file: {e}")))?;
        let start = 8 + length;
        let whole = start.saturating_add(metadata.data_len() as u64);
        if size != whole {
            return Err(damaged(path, format!("{size} bytes, expected {whole}")));
        }
        Ok(Self { source, metadata, start, digest: Hasher::new(), piece: Vec::new(), path })
    }

    /// What Sayso says of the tensors.
    pub(super) fn header(&self) -> Option<&str> {
        self.metadata.metadata().as_ref()?.get("sayso").map(String::as_str)
    }

    /// How many tensors there are.
    pub(super) fn len(&self) -> usize {
        self.metadata.offset_keys().len()
    }

    /// Takes more into the digest.
    pub(super) fn digest(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// BLAKE3 of all that was taken into the digest and of the tensors read, in this order, each after its length in bytes; in
    /// hexadecimal digits.
    pub(super) fn finish(self) -> String {
        self.digest.finalize().to_string()
    }

    /// The numbers of a tensor.
    ///
    /// # Errors
    ///
    /// Those of [`Tensors::open`].
    pub(super) fn read<T: Send, const N: usize>(
        &mut self,
        name: &str,
        dtype: Dtype,
        number: impl Fn([u8; N]) -> T + Sync,
    ) -> Result<Vec<T>> {
        let Self { source, metadata, start, digest, piece, path } = self;
        let info = metadata.info(name).ok_or_else(|| damaged(path, format!("no tensor {name:?}")))?;
        if info.dtype != dtype {
            let found = info.dtype;
            return Err(damaged(path, format!("tensor {name:?} holds {found:?}, expected {dtype:?}")));
        }
        let (from, to) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        source.seek(SeekFrom::Start(*start + from)).map_err(|e| unread(path, e))?;
        digest.update(&(to - from).to_le_bytes());
        let (mut numbers, n) = (Vec::new(), (to - from) as usize / N);
        numbers.try_reserve_exact(n).map_err(|e| unread(path, e.into()))?;
        reserve(&mut numbers, n);
        let mut left = to - from;
        while left > 0 {
            let n = left.min(PIECE);
            piece.resize(n as usize, 0);
            source.read_exact(piece).map_err(|e| unread(path, e))?;
            rayon::join(
                || _ = digest.update(piece),
                || numbers.extend(piece.as_chunks::<N>().0.iter().map(|bytes| number(*bytes))),
            );
            left -= n;
        }
        Ok(numbers)
    }
}

/// The error for a file with something wrong in it.
pub(super) fn damaged(path: &Path, reason: String) -> Error {
    Error::model(path, reason).with_help("Train it again with sayso train, or copy the file again.")
}

/// The error for a file that could not be read on.
fn unread(path: &Path, error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::UnexpectedEof => damaged(path, "a file that became shorter while it was read".into()),
        _ => Error::io(path, "read", error),
    }
}
