//! A model as one file: safetensors, readable without Sayso, with no code in it.
//!
//! ```text
//! terms          U8   all terms end to end, UTF-8
//! term_offsets   U32  where each term begins; one more than there are terms
//! df             U32  training texts that hold each term
//! idf            F32  inverse document frequency of each term
//! weights        F32  (terms, outputs)
//! held_keys      U64  keys of the training texts
//! held_folds     U8   their folds
//! held_p         F32  (texts, classes of all axes), out of fold
//! dense.N.bytes  U8   what the N-th block of dense features keeps; only with such blocks
//! dense.N.weights F32 (its numbers, outputs)
//! metadata.sayso      64 hexadecimal digits of BLAKE3 over the header and all tensors in the order of their names, each after its
//!                     length in bytes as U64; a blank; the header as JSON
//! ```

use std::collections::HashMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use blake3::Hasher;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use super::bundle::{AxisModel, DensePart, HeldOut, Model, Parts};
use super::card::Card;
use super::language::Language;
use super::tensors::{LARGEST_HEADER, Tensors, damaged};
use crate::classifier::Calibration;
use crate::corpus::write_atomically;
use crate::features::dense::{self, Scaling, StoredBlock};
use crate::features::{Block, FeatureParams, Rewriter, Tfidf, Vocabulary};
use crate::types::Axis;
use crate::{Error, Result};

/// The version that this program writes and reads: a model is trained again sooner than an earlier form is guessed at.
const VERSION: u32 = 3;
/// A file above this is refused before it is read.
const LARGEST_FILE: u64 = 8 << 30;
const DIGEST: usize = 64;
/// More blocks are refused; tensors are then in the order of their names.
const MOST_BLOCKS: usize = 9;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    features: FeatureParams,
    names: Rewriter,
    blocks: Vec<Block>,
    block_starts: Vec<u32>,
    axes: Vec<AxisHeader>,
    language: Language,
    card: Card,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dense: Vec<DenseHeader>,
}

/// A block of dense features, but for its tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DenseHeader {
    block: StoredBlock,
    scaling: Option<Scaling>,
}

/// The version alone, read before anything that may change with it.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AxisHeader {
    axis: Axis,
    intercepts: Vec<f64>,
    calibration: Calibration,
    decision: Vec<f64>,
    conformal: Vec<f64>,
}

impl Model {
    /// The model as bytes. Equal models give equal bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) when the header would be larger than a reader accepts.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let vocabulary = self.tfidf.vocabulary();
        let (terms, offsets, starts) = vocabulary.parts();
        let stored: Vec<StoredBlock> = self.dense.iter().map(|part| part.block.stored()).collect();
        let header = Header {
            version: VERSION,
            features: self.tfidf.params().clone(),
            names: self.tfidf.rewriter().clone(),
            blocks: vocabulary.blocks().to_vec(),
            block_starts: starts.to_vec(),
            axes: self
                .axes
                .iter()
                .map(|a| AxisHeader {
                    axis: a.axis.clone(),
                    intercepts: a.intercepts.clone(),
                    calibration: a.calibration.clone(),
                    decision: a.decision.clone(),
                    conformal: a.conformal.clone(),
                })
                .collect(),
            language: self.language.clone(),
            card: self.card.clone(),
            dense: stored
                .iter()
                .zip(&self.dense)
                .map(|(block, part)| DenseHeader { block: block.clone(), scaling: part.scaling.clone() })
                .collect(),
        };
        let json = serde_json::to_string(&header)
            .map_err(|e| Error::argument("model header", e, "numbers that can be written"))?;
        if json.len() as u64 + 4096 > LARGEST_HEADER {
            return Err(Error::argument(
                "model header",
                json.len(),
                format!("at most {LARGEST_HEADER} bytes"),
            )
            .with_help("Fewer masked names or aliases make it smaller."));
        }
        let n_classes: usize = self.axes.iter().map(|a| a.axis.classes().len()).sum();
        let n_held = self.held_out.p.len();
        let keys: Vec<u64> = self.held_out.p.keys().copied().collect();
        let folds: Vec<u8> =
            keys.iter().map(|k| self.held_out.folds.get(k).copied().unwrap_or_default()).collect();
        let p: Vec<f32> = self.held_out.p.values().flatten().copied().collect();
        let n_terms = vocabulary.len();
        let weights: Vec<u8> = self.weights().flat_map(f32::to_le_bytes).collect();
        let mut tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
        for (n, (block, part)) in stored.into_iter().zip(&self.dense).enumerate() {
            tensors.push((format!("dense.{n}.bytes"), Dtype::U8, vec![block.bytes.len()], block.bytes));
            let weights = bytes_of(&part.weights, f32::to_le_bytes);
            let shape = vec![part.block.width(), self.n_outputs];
            tensors.push((format!("dense.{n}.weights"), Dtype::F32, shape, weights));
        }
        let of_terms: [(&str, Dtype, Vec<usize>, Vec<u8>); 8] = [
            ("df", Dtype::U32, vec![n_terms], bytes_of(vocabulary.document_frequencies(), u32::to_le_bytes)),
            ("held_folds", Dtype::U8, vec![n_held], folds),
            ("held_keys", Dtype::U64, vec![n_held], bytes_of(&keys, u64::to_le_bytes)),
            ("held_p", Dtype::F32, vec![n_held, n_classes], bytes_of(&p, f32::to_le_bytes)),
            ("idf", Dtype::F32, vec![n_terms], bytes_of(self.tfidf.idf(), f32::to_le_bytes)),
            ("term_offsets", Dtype::U32, vec![offsets.len()], bytes_of(offsets, u32::to_le_bytes)),
            ("terms", Dtype::U8, vec![terms.len()], terms.as_bytes().to_vec()),
            ("weights", Dtype::F32, vec![n_terms, self.n_outputs], weights),
        ];
        tensors.extend(of_terms.map(|(name, dtype, shape, data)| (name.to_string(), dtype, shape, data)));
        let digest = digest(&json, tensors.iter().map(|t| t.3.as_slice()));
        let views = tensors
            .iter()
            .map(|(name, dtype, shape, data)| {
                Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), data)?))
            })
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
        let metadata = HashMap::from([("sayso".to_string(), format!("{digest} {json}"))]);
        views
            .and_then(|views| safetensors::serialize(views, Some(metadata)))
            .map_err(|e| Error::argument("model", e, "tensors that fit their shapes"))
    }

    /// Writes the model, whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of [`Model::to_bytes`] and of writing; [`ErrorKind::Exists`](crate::ErrorKind::Exists) without `force`.
    pub fn save(&self, path: &Path, force: bool) -> Result<()> {
        write_atomically(path, &self.to_bytes()?, force)
    }

    /// Reads a model.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when it cannot be read, else those of [`Model::from_bytes`].
    pub fn load(path: &Path) -> Result<Self> {
        let unread = |e| Error::io(path, "read", e);
        let file = File::open(path).map_err(unread)?;
        let about = file.metadata().map_err(unread)?;
        if about.len() > LARGEST_FILE {
            return Err(Error::model(path, format!("{} bytes, the limit is {LARGEST_FILE}", about.len())));
        }
        if about.is_file() && about.len() > 0 {
            return Self::read(file, about.len(), path);
        }
        // A pipe says nothing of its size, and some file systems say 0.
        let mut bytes = Vec::new();
        file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(unread)?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(Error::model(path, format!("more bytes than the limit of {LARGEST_FILE}")));
        }
        Self::from_bytes(&bytes, path)
    }

    /// Reads a model from bytes; `path` names it in messages. Every length, hash and number is checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`](crate::ErrorKind::Model) that says what is wrong.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self> {
        Self::read(Cursor::new(bytes), bytes.len() as u64, path)
    }

    fn read(source: impl Read + Seek, size: u64, path: &Path) -> Result<Self> {
        let damaged = |reason: String| damaged(path, reason);
        let mut tensors = Tensors::open(source, size, path)?;
        let text =
            tensors.header().ok_or_else(|| damaged("a safetensors file that Sayso did not make".into()))?;
        let (stored, json) =
            text.split_at_checked(DIGEST).ok_or_else(|| damaged("a header that is too short".into()))?;
        let json = json.strip_prefix(' ').ok_or_else(|| damaged("a header without its blank".into()))?;
        let version =
            serde_json::from_str::<Versioned>(json).map_err(|e| damaged(format!("header: {e}")))?.version;
        if version != VERSION {
            let help = if version > VERSION {
                "Use a newer Sayso."
            } else {
                "An earlier Sayso made it; train it again."
            };
            return Err(Error::model(
                path,
                format!("version {version}, this program reads version {VERSION}"),
            )
            .with_help(help));
        }
        let (stored, json) = (stored.to_string(), json.to_string());
        tensors.digest(json.as_bytes());
        let n_dense = tensors.len().saturating_sub(N_TENSORS) / 2;
        if n_dense > MOST_BLOCKS || tensors.len() != N_TENSORS + 2 * n_dense {
            let expected = format!("{N_TENSORS}, and two for each of up to {MOST_BLOCKS} blocks");
            return Err(damaged(format!("{} tensors, expected {expected}", tensors.len())));
        }
        let content = Content::read(&mut tensors, n_dense)?;
        if tensors.finish() != stored {
            return Err(damaged("its content does not match its digest".into()));
        }
        let header: Header = serde_json::from_str(&json).map_err(|e| damaged(format!("header: {e}")))?;
        let model = assemble(header, content, path).map_err(|e| match e.kind() {
            crate::ErrorKind::Model { .. } => e,
            _ => damaged(e.to_string()),
        })?;
        Ok(Self { digest: Some(stored), ..model })
    }
}

/// Tensors that every model has.
const N_TENSORS: usize = 8;

/// The numbers of all tensors.
struct Content {
    /// Bytes and weights of each block of dense features.
    dense: Vec<(Vec<u8>, Vec<f32>)>,
    df: Vec<u32>,
    held_folds: Vec<u8>,
    held_keys: Vec<u64>,
    held_p: Vec<f32>,
    idf: Vec<f32>,
    term_offsets: Vec<u32>,
    terms: Vec<u8>,
    weights: Vec<f32>,
}

impl Content {
    /// Reads the tensors in the order of their names, as they are digested.
    fn read(tensors: &mut Tensors<'_, impl Read + Seek>, n_dense: usize) -> Result<Self> {
        Ok(Self {
            dense: (0..n_dense)
                .map(|n| {
                    Ok((
                        tensors.read(&format!("dense.{n}.bytes"), Dtype::U8, u8::from_le_bytes)?,
                        tensors.read(&format!("dense.{n}.weights"), Dtype::F32, f32::from_le_bytes)?,
                    ))
                })
                .collect::<Result<_>>()?,
            df: tensors.read("df", Dtype::U32, u32::from_le_bytes)?,
            held_folds: tensors.read("held_folds", Dtype::U8, u8::from_le_bytes)?,
            held_keys: tensors.read("held_keys", Dtype::U64, u64::from_le_bytes)?,
            held_p: tensors.read("held_p", Dtype::F32, f32::from_le_bytes)?,
            idf: tensors.read("idf", Dtype::F32, f32::from_le_bytes)?,
            term_offsets: tensors.read("term_offsets", Dtype::U32, u32::from_le_bytes)?,
            terms: tensors.read("terms", Dtype::U8, u8::from_le_bytes)?,
            weights: tensors.read("weights", Dtype::F32, f32::from_le_bytes)?,
        })
    }
}

fn assemble(header: Header, content: Content, path: &Path) -> Result<Model> {
    let Content { dense, df, held_folds: folds, held_keys: keys, held_p: p, .. } = content;
    let Content { idf, term_offsets, terms, weights, .. } = content;
    let vocabulary = Vocabulary::from_parts(terms, term_offsets, df, header.block_starts, header.blocks)?;
    let tfidf = Tfidf::from_parts(&header.features, header.names, vocabulary, idf)?;
    let n_classes: usize = header.axes.iter().map(|a| a.axis.classes().len()).sum();
    if folds.len() != keys.len() || p.len() != keys.len() * n_classes || p.iter().any(|p| !p.is_finite()) {
        return Err(damaged(path, "held-out probabilities that do not fit".into()));
    }
    let held_out = HeldOut {
        folds: keys.iter().copied().zip(folds).collect(),
        p: keys.iter().copied().zip(p.chunks_exact(n_classes.max(1)).map(<[f32]>::to_vec)).collect(),
    };
    let axes = header
        .axes
        .into_iter()
        .map(|a| AxisModel {
            axis: a.axis,
            intercepts: a.intercepts,
            calibration: a.calibration,
            decision: a.decision,
            conformal: a.conformal,
        })
        .collect();
    if dense.len() != header.dense.len() {
        return Err(damaged(path, "blocks that do not fit their tensors".into()));
    }
    let dense = header
        .dense
        .into_iter()
        .zip(dense)
        .map(|(DenseHeader { mut block, scaling }, (bytes, weights))| {
            block.bytes = bytes;
            Ok(DensePart { block: dense::restore(&block)?, scaling, weights })
        })
        .collect::<Result<Vec<_>>>()?;
    Model::new(Parts { tfidf, axes, weights, dense, language: header.language, held_out, card: header.card })
}

fn bytes_of<T: Copy, const N: usize>(values: &[T], write: fn(T) -> [u8; N]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * N);
    for value in values {
        bytes.extend_from_slice(&write(*value));
    }
    bytes
}

fn digest<'a>(json: &str, tensors: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hash = Hasher::new();
    hash.update(json.as_bytes());
    for tensor in tensors {
        hash.update(&(tensor.len() as u64).to_le_bytes());
        hash.update(tensor);
    }
    hash.finalize().to_string()
}
