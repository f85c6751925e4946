use std::collections::BTreeMap;
use std::sync::Arc;

use super::card::Card;
use super::language::Language;
use crate::classifier::Calibration;
use crate::features::dense::{DenseBlock, Scaling};
use crate::features::{Passage, Tfidf, reserve};
use crate::types::Axis;
use crate::{Error, ErrorKind, Result};

/// Everything that training found, ready to score.
///
/// Thread-safe: scoring changes nothing in it.
#[derive(Debug, Clone)]
pub struct Model {
    pub(super) tfidf: Tfidf,
    pub(super) axes: Vec<AxisModel>,
    /// By term: its idf, then its weight for each output over all axes. Side by side, as scoring reads them together.
    pub(super) records: Vec<f32>,
    pub(super) n_outputs: usize,
    /// What is read beside the terms.
    pub(super) dense: Vec<DensePart>,
    pub(super) language: Language,
    pub(super) held_out: HeldOut,
    pub(super) card: Card,
    /// The BLAKE3 of its content, of a model that was read.
    pub(super) digest: Option<String>,
}

/// A block of dense features with its weights.
#[derive(Debug, Clone)]
pub struct DensePart {
    /// From text to numbers.
    pub block: Arc<dyn DenseBlock>,
    /// How they are brought to one scale; `None` leaves them.
    pub scaling: Option<Scaling>,
    /// `width × n_outputs` over all axes; what they add to the linear scores, intercepts being the axes'.
    pub weights: Vec<f32>,
}

/// What a model knows about one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct AxisModel {
    /// The axis.
    pub axis: Axis,
    /// One for two classes, else one per class.
    pub intercepts: Vec<f64>,
    /// From linear scores to probabilities.
    pub calibration: Calibration,
    /// The class is the one with the largest probability times this.
    pub decision: Vec<f64>,
    /// From this probability on a class is one that may be meant; a score is `low_confidence` unless its class alone is. Empty where
    /// nothing is flagged.
    pub conformal: Vec<f64>,
}

/// Probabilities of the training rows from models that had not seen them, so that labels which trained a model can
/// still correct what it says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeldOut {
    /// The fold of each row, by key of its text.
    pub folds: BTreeMap<u64, u8>,
    /// By key: the calibrated probabilities of all axes, one after the other.
    pub p: BTreeMap<u64, Vec<f32>>,
}

impl HeldOut {
    /// The key of a training text and its target.
    pub fn key(text: &str, target: &str) -> u64 {
        use sha2::Digest;
        let mut hash = sha2::Sha256::new();
        hash.update(text.trim().as_bytes());
        hash.update([0]);
        hash.update(target.trim().as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.finalize()[..8]);
        u64::from_le_bytes(first)
    }
}

/// Parts of a [`Model`].
#[derive(Debug, Clone)]
pub struct Parts {
    /// From text to rows.
    pub tfidf: Tfidf,
    /// The axes.
    pub axes: Vec<AxisModel>,
    /// Term-major, `n_terms × n_outputs` over all axes.
    pub weights: Vec<f32>,
    /// What is read beside the terms.
    pub dense: Vec<DensePart>,
    /// The language it was trained on.
    pub language: Language,
    /// Out-of-fold probabilities.
    pub held_out: HeldOut,
    /// How it was made.
    pub card: Card,
}

impl DensePart {
    /// The rows of these passages, scaled, row after row.
    pub(super) fn rows(&self, passages: &[Passage<'_>]) -> Vec<f32> {
        let mut rows = self.block.rows(passages);
        if let Some(scaling) = &self.scaling {
            rows.chunks_exact_mut(self.block.width().max(1)).for_each(|row| scaling.apply(row));
        }
        rows
    }

    /// Adds what a scaled row says to the linear scores of all axes.
    pub(super) fn add_to(&self, row: &[f32], z: &mut [f64]) {
        let n = z.len();
        for (value, weights) in row.iter().zip(self.weights.chunks_exact(n)) {
            for (z, w) in z.iter_mut().zip(weights) {
                *z += f64::from(*value) * f64::from(*w);
            }
        }
    }
}

impl Model {
    /// A model from its parts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ShapeMismatch`], [`ErrorKind::NotFinite`] or [`ErrorKind::Argument`] when they do not fit each other.
    pub fn new(parts: Parts) -> Result<Self> {
        let n_outputs: usize = parts.axes.iter().map(|a| a.intercepts.len()).sum();
        if n_outputs == 0 {
            return Err(Error::argument("model", "no axis", "at least one"));
        }
        let expected = parts.tfidf.vocabulary().len() * n_outputs;
        if parts.weights.len() != expected {
            return Err(ErrorKind::ShapeMismatch {
                what: "weights and terms × outputs",
                left: parts.weights.len(),
                right: expected,
            }
            .into());
        }
        for part in &parts.dense {
            let width = part.block.width();
            let scaled =
                part.scaling.as_ref().is_none_or(|s| s.center.len() == width && s.scale.len() == width);
            if !scaled || part.weights.len() != width * n_outputs {
                return Err(ErrorKind::ShapeMismatch {
                    what: "weights of a block and its numbers × outputs",
                    left: part.weights.len(),
                    right: width * n_outputs,
                }
                .into());
            }
        }
        let scalings = parts.dense.iter().filter_map(|d| d.scaling.as_ref());
        let of_blocks = parts
            .dense
            .iter()
            .flat_map(|d| &d.weights)
            .chain(scalings.flat_map(|s| s.center.iter().chain(&s.scale)));
        if let Some(w) = parts.weights.iter().chain(of_blocks).find(|w| !w.is_finite()) {
            return Err(ErrorKind::NotFinite { what: "weight".into(), value: f64::from(*w) }.into());
        }
        for axis in &parts.axes {
            axis.check()?;
        }
        let n_classes: usize = parts.axes.iter().map(|a| a.axis.classes().len()).sum();
        if parts.held_out.p.values().any(|p| p.len() != n_classes) {
            return Err(Error::argument(
                "held-out probabilities",
                "a row of another length",
                "one per class",
            ));
        }
        let mut records = Vec::new();
        reserve(&mut records, parts.weights.len() + parts.tfidf.idf().len());
        for (idf, weights) in parts.tfidf.idf().iter().zip(parts.weights.chunks_exact(n_outputs.max(1))) {
            records.push(*idf);
            records.extend_from_slice(weights);
        }
        Ok(Self {
            tfidf: parts.tfidf,
            axes: parts.axes,
            records,
            n_outputs,
            dense: parts.dense,
            language: parts.language,
            held_out: parts.held_out,
            card: parts.card,
            digest: None,
        })
    }

    /// The BLAKE3 of its content as its file holds it, in hexadecimal digits; `None` for a model that was not read from one.
    /// It was found to be right when the model was read.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The axes it scores, in output order.
    pub fn axes(&self) -> &[AxisModel] {
        &self.axes
    }

    /// How it was made and how well it does.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Puts the settings that a search tried, axis by axis, before those in the card.
    pub fn add_trials(&mut self, trials: &[Vec<super::card::Trial>]) {
        self.digest = None;
        for (axis, trials) in self.card.axes.iter_mut().zip(trials) {
            axis.trials.splice(0..0, trials.iter().cloned());
            axis.mark_chosen();
        }
    }

    /// From text to rows.
    pub fn tfidf(&self) -> &Tfidf {
        &self.tfidf
    }

    /// What is read beside the terms.
    pub fn dense(&self) -> &[DensePart] {
        &self.dense
    }

    /// The digest of the sentence encoder that the model was trained with and has not been given; texts get no score without it.
    pub fn missing_encoder(&self) -> Option<&str> {
        self.dense.iter().find_map(|part| part.block.missing())
    }

    /// Puts the sentence encoder in its place.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) when the model needs none, or another one.
    pub fn attach(&mut self, encoder: &Arc<dyn DenseBlock>) -> Result<()> {
        let stored = encoder.stored();
        let mut attached = false;
        for part in self.dense.iter_mut().filter(|part| part.block.name() == encoder.name()) {
            if part.block.stored() != stored {
                let needs = part.block.stored().header;
                return Err(Error::argument(
                    "--encoder",
                    &stored.header,
                    format!("the encoder of the model: {needs}"),
                ));
            }
            part.block = Arc::clone(encoder);
            attached = true;
        }
        if attached {
            Ok(())
        } else {
            Err(Error::argument("--encoder", encoder.name(), "a model that was trained with one"))
        }
    }

    /// The language it was trained on.
    pub fn language(&self) -> &Language {
        &self.language
    }

    /// Out-of-fold probabilities of the training rows.
    pub fn held_out(&self) -> &HeldOut {
        &self.held_out
    }

    /// The weights, term-major: `n_terms × n_outputs`, axis after axis.
    pub fn weights(&self) -> impl Iterator<Item = f32> + '_ {
        self.records.chunks_exact(self.n_outputs + 1).flat_map(|record| &record[1..]).copied()
    }

    /// The weights of a term for some of the outputs.
    pub(super) fn weights_of(&self, id: u32, outputs: std::ops::Range<usize>) -> &[f32] {
        let at = id as usize * (self.n_outputs + 1) + 1;
        &self.records[at + outputs.start..at + outputs.end]
    }

    /// The first output of each axis, and how many it has.
    pub(super) fn outputs(&self) -> Vec<(usize, usize)> {
        let mut at = 0;
        self.axes
            .iter()
            .map(|axis| {
                let n = axis.intercepts.len();
                at += n;
                (at - n, n)
            })
            .collect()
    }
}

impl AxisModel {
    fn check(&self) -> Result<()> {
        let n = self.axis.classes().len();
        let outputs = if n == 2 { 1 } else { n };
        let sound = n >= 2
            && self.intercepts.len() == outputs
            && self.intercepts.iter().all(|b| b.is_finite())
            && self.calibration.is_sound(n)
            && self.decision.len() == n
            && self.decision.iter().all(|d| d.is_finite() && *d > 0.0)
            && (self.conformal.is_empty() || self.conformal.len() == n)
            && self.conformal.iter().all(|p| (0.0..=1.0).contains(p));
        if sound {
            Ok(())
        } else {
            Err(Error::argument("axis", &self.axis.id, "finite intercepts, calibration and decision weights"))
        }
    }

    /// True when no other class than this may be meant, and this one may.
    pub fn is_sure(&self, class: usize, p: &[f64]) -> bool {
        self.conformal.iter().zip(p).enumerate().all(|(k, (least, p))| (p >= least) == (k == class))
    }

    /// The class of these probabilities, by index.
    pub fn decide(&self, p: &[f64]) -> usize {
        crate::classifier::decide(p, &self.decision)
    }
}
