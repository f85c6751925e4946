//! The weights of a network, from `model.safetensors`.

use std::path::Path;

use safetensors::{Dtype, SafeTensors};

use super::config::Config;
use super::network::{Layer, Linear, Network};
use super::numeric::Norm;
use super::product::Packed;
use crate::corpus::ENCODER_WEIGHTS;
use crate::{Error, Position, Result};

/// Reads the tensors that `config` asks for, under their names with or without `bert.` before them.
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::ErrorKind::Input) if the file is damaged, a tensor is missing, has another shape or another type than
/// 32-bit floating point, or holds a number that is not finite.
pub(super) fn read(bytes: &[u8], config: &Config, folder: &Path) -> Result<Network> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| {
        let found = format!("a damaged file ({e})");
        Error::input(Position::file(folder.join(ENCODER_WEIGHTS)), found, "tensors in the safetensors format")
            .with_help("Get the file again and compare its SHA-256 with the publisher's")
    })?;
    let prefix = if tensors.tensor("embeddings.word_embeddings.weight").is_ok() { "" } else { "bert." };
    let source = Source { tensors, prefix, folder, epsilon: config.epsilon };
    let hidden = config.hidden;

    let words = source.numbers("embeddings.word_embeddings.weight", &[config.vocabulary, hidden])?;
    let mut positions =
        source.numbers("embeddings.position_embeddings.weight", &[config.positions, hidden])?;
    let segments = source.numbers("embeddings.token_type_embeddings.weight", &[config.segments, hidden])?;
    for position in positions.chunks_exact_mut(hidden) {
        position.iter_mut().zip(&segments).for_each(|(p, s)| *p += s);
    }
    let mut layers = Vec::with_capacity(config.layers);
    for i in 0..config.layers {
        let name = |part: &str| format!("encoder.layer.{i}.{part}");
        layers.push(Layer {
            attention: source.side_by_side(
                &["query", "key", "value"].map(|w| name(&format!("attention.self.{w}"))),
                hidden,
            )?,
            mixing: source.linear(&name("attention.output.dense"), hidden, hidden)?,
            attention_norm: source.norm(&name("attention.output.LayerNorm"), hidden)?,
            widening: source.linear(&name("intermediate.dense"), config.inner, hidden)?,
            narrowing: source.linear(&name("output.dense"), hidden, config.inner)?,
            norm: source.norm(&name("output.LayerNorm"), hidden)?,
        });
    }
    let norm = source.norm("embeddings.LayerNorm", hidden)?;
    Ok(Network { hidden, heads: config.heads, words, positions, norm, layers })
}

struct Source<'a> {
    tensors: SafeTensors<'a>,
    prefix: &'static str,
    folder: &'a Path,
    epsilon: f32,
}

impl Source<'_> {
    fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let wanted = || format!("a tensor {shape:?} of 32-bit floating point, as {} says", "config.json");
        let tensor = self
            .tensors
            .tensor(&format!("{}{name}", self.prefix))
            .map_err(|_| self.refuse(name, "nothing", wanted()))?;
        if tensor.shape() != shape {
            return Err(self.refuse(name, format!("a tensor {:?}", tensor.shape()), wanted()));
        }
        if tensor.dtype() != Dtype::F32 {
            let error = self.refuse(name, format!("numbers of type {:?}", tensor.dtype()), wanted());
            return Err(error.with_help("Convert the weights to 32-bit floating point"));
        }
        let numbers: Vec<f32> =
            tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if let Some(at) = numbers.iter().position(|x| !x.is_finite()) {
            let found = format!("{} as number {at}", numbers[at]);
            return Err(self.refuse(name, found, "finite numbers"));
        }
        Ok(numbers)
    }

    fn linear(&self, name: &str, outputs: usize, inputs: usize) -> Result<Linear> {
        let weights = self.numbers(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = self.numbers(&format!("{name}.bias"), &[outputs])?;
        Ok(Linear { weights: Packed::from_outputs(&weights, outputs, inputs), bias })
    }

    /// Square layers of the same input, as one.
    fn side_by_side(&self, names: &[String; 3], width: usize) -> Result<Linear> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(self.numbers(&format!("{name}.weight"), &[width, width])?);
            bias.extend(self.numbers(&format!("{name}.bias"), &[width])?);
        }
        Ok(Linear { weights: Packed::from_outputs(&weights, names.len() * width, width), bias })
    }

    fn norm(&self, name: &str, width: usize) -> Result<Norm> {
        Ok(Norm {
            gain: self.numbers(&format!("{name}.weight"), &[width])?,
            shift: self.numbers(&format!("{name}.bias"), &[width])?,
            epsilon: self.epsilon,
        })
    }

    fn refuse(&self, name: &str, found: impl Into<String>, expected: impl Into<String>) -> Error {
        let position = Position::file(self.folder.join(ENCODER_WEIGHTS)).column(name);
        Error::input(position, found, expected)
    }
}
