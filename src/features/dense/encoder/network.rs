//! The forward pass of a BERT: token ids to the states of the last layer.
//!
//! Texts of any length stand one after the other in the same matrix, without padding: all but the attention works on
//! single rows, and the attention goes text by text.
//!
//! # References
//!
//! Devlin, Chang, Lee & Toutanova (2019), *BERT: Pre-training of deep bidirectional transformers*, NAACL.

use super::numeric::{Norm, add_and_normalise, gelu, softmax};
use super::product::{Packed, Target, View, multiply};

/// A linear layer.
#[derive(Debug)]
pub(super) struct Linear {
    /// The weights.
    pub weights: Packed,
    /// One summand an output.
    pub bias: Vec<f32>,
}

impl Linear {
    fn apply(&self, x: &[f32], inputs: usize, n: usize) -> Vec<f32> {
        let outputs = self.bias.len();
        let mut out = vec![0.0; n * outputs];
        let target = Target { data: &mut out, stride: outputs };
        multiply(View { data: x, stride: inputs }, n, &self.weights, &self.bias, target);
        out
    }
}

/// One layer of the network.
#[derive(Debug)]
pub(super) struct Layer {
    /// Queries, keys and values, side by side.
    pub attention: Linear,
    /// What the heads found, mixed.
    pub mixing: Linear,
    /// After the attention.
    pub attention_norm: Norm,
    /// To the wide inner layer.
    pub widening: Linear,
    /// And back.
    pub narrowing: Linear,
    /// After the inner layer.
    pub norm: Norm,
}

/// A whole network.
#[derive(Debug)]
pub(super) struct Network {
    /// Numbers a token.
    pub hidden: usize,
    /// Attention heads; they divide `hidden`.
    pub heads: usize,
    /// One row a token of the vocabulary.
    pub words: Vec<f32>,
    /// One row a position, the row of the first segment added.
    pub positions: Vec<f32>,
    /// After the embeddings.
    pub norm: Norm,
    /// First to last.
    pub layers: Vec<Layer>,
}

impl Network {
    /// The states of the last layer, `(tokens of all texts, hidden)`.
    ///
    /// Each id must be below the vocabulary's size and each text no longer than there are positions.
    pub(super) fn states(&self, texts: &[&[u32]]) -> Vec<f32> {
        let hidden = self.hidden;
        let n: usize = texts.iter().map(|t| t.len()).sum();
        let mut x = Vec::with_capacity(n * hidden);
        for text in texts {
            for (&id, position) in text.iter().zip(self.positions.chunks_exact(hidden)) {
                let word = &self.words[id as usize * hidden..][..hidden];
                x.extend(word.iter().zip(position).map(|(w, p)| w + p));
            }
        }
        add_and_normalise(&mut x, &[], &self.norm);
        for layer in &self.layers {
            let found = self.attend(layer, &x, n, texts);
            let mut mixed = layer.mixing.apply(&found, hidden, n);
            add_and_normalise(&mut mixed, &x, &layer.attention_norm);
            let mut inner = layer.widening.apply(&mixed, hidden, n);
            gelu(&mut inner);
            x = layer.narrowing.apply(&inner, layer.widening.bias.len(), n);
            add_and_normalise(&mut x, &mixed, &layer.norm);
        }
        x
    }

    /// `softmax(Q Kᵀ / √d) V` of each text and head, `d = hidden / heads`.
    fn attend(&self, layer: &Layer, x: &[f32], n: usize, texts: &[&[u32]]) -> Vec<f32> {
        let (hidden, d) = (self.hidden, self.hidden / self.heads);
        let all = layer.attention.apply(x, hidden, n);
        let mut found = vec![0.0; n * hidden];
        let (mut keys, mut values, mut scores) = (Packed::default(), Packed::default(), Vec::new());
        let scale = 1.0 / (d as f32).sqrt();
        let mut first = 0;
        for text in texts.iter().filter(|t| !t.is_empty()) {
            let length = text.len();
            for head in 0..self.heads {
                let part = |which: usize| View {
                    data: &all[first * 3 * hidden + which * hidden + head * d..],
                    stride: 3 * hidden,
                };
                keys.refill_outputs(part(1), length, d);
                values.refill_rows(part(2), length, d);
                scores.clear();
                scores.resize(length * length, 0.0);
                multiply(part(0), length, &keys, &[], Target { data: &mut scores, stride: length });
                softmax(&mut scores, length, scale);
                let target = Target { data: &mut found[first * hidden + head * d..], stride: hidden };
                multiply(View { data: &scores, stride: length }, length, &values, &[], target);
            }
            first += length;
        }
        found
    }
}
