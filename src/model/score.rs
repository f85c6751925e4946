use std::collections::BTreeMap;

use rayon::prelude::*;

use super::bundle::Model;
use crate::features::{Passage, Reader, TermFrequency};
use crate::types::{AxisScore, Status};

/// What a model says about one text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextScore {
    /// The scores, by axis id.
    pub axes: BTreeMap<String, AxisScore>,
    /// Words of two or more letters.
    pub n_tokens: usize,
    /// The share of them that the model knows, in [0, 1].
    pub known_share: f64,
}

/// Fewer words say too little to be scored.
const FEWEST_TOKENS: usize = 3;
/// Terms kept with each score.
pub(super) const TOP_TERMS: usize = 5;

fn share(known: usize, n: usize) -> f64 {
    if n == 0 { 0.0 } else { known as f64 / n as f64 }
}

/// Scores texts one after the other, with buffers of its own.
pub struct Scorer<'m> {
    model: &'m Model,
    reader: Reader<'m>,
    frequency: TermFrequency,
    ids: Vec<u32>,
    tf: Vec<u16>,
    values: Vec<f64>,
    norms: Vec<f64>,
    z: Vec<f64>,
    /// The dense rows of passages to come, by block, scaled.
    prepared: Vec<Vec<f32>>,
    /// How many of them there are, and the next one.
    n_prepared: usize,
    next: usize,
    /// The dense rows of the passage read last, by block.
    dense: Vec<Vec<f32>>,
}

impl Model {
    /// Scores one text.
    pub fn score(&self, text: &str) -> TextScore {
        self.scorer().score(text.into())
    }

    /// Scores many texts on all cores, in their order.
    pub fn score_all(&self, passages: &[Passage<'_>]) -> Vec<TextScore> {
        passages
            .par_chunks(256)
            .map_init(
                || self.scorer(),
                |scorer, chunk| {
                    scorer.prepare(chunk);
                    chunk.iter().map(|p| scorer.score(*p)).collect::<Vec<_>>()
                },
            )
            .flatten_iter()
            .collect()
    }

    /// A scorer for one thread.
    pub fn scorer(&self) -> Scorer<'_> {
        Scorer {
            model: self,
            reader: Reader::new(&self.tfidf),
            frequency: TermFrequency::new(self.tfidf.params().sublinear),
            ids: Vec::new(),
            tf: Vec::new(),
            values: Vec::new(),
            norms: vec![0.0; self.tfidf.vocabulary().blocks().len()],
            z: vec![0.0; self.n_outputs],
            prepared: Vec::new(),
            n_prepared: 0,
            next: 0,
            dense: vec![Vec::new(); self.dense.len()],
        }
    }
}

impl Scorer<'_> {
    /// Reads the dense features of these passages in one go; the passages that are scored next must be these, in this order.
    /// Nothing changes but the time it takes: sentence encoders are faster on many texts.
    pub fn prepare(&mut self, passages: &[Passage<'_>]) {
        self.prepared = self.model.dense.iter().map(|part| part.rows(passages)).collect();
        self.n_prepared = if self.model.dense.is_empty() { 0 } else { passages.len() };
        self.next = 0;
    }

    /// The dense rows of a passage, scaled.
    fn read_dense(&mut self, passage: Passage<'_>) {
        for (b, part) in self.model.dense.iter().enumerate() {
            if self.next < self.n_prepared {
                let width = part.block.width();
                let row = &self.prepared[b][self.next * width..(self.next + 1) * width];
                self.dense[b].clear();
                self.dense[b].extend_from_slice(row);
            } else {
                self.dense[b] = part.rows(&[passage]);
            }
        }
        self.next += 1;
    }

    /// Scores a text, with its strongest terms.
    pub fn score(&mut self, passage: Passage<'_>) -> TextScore {
        let model = self.model;
        let (n_tokens, known) = self.read(passage);
        let known_share = share(known, n_tokens);
        let status = self.silence(passage, n_tokens, known);
        let mut axes = BTreeMap::new();
        match status {
            Some(status) => {
                for axis in &model.axes {
                    let none = AxisScore {
                        class: String::new(),
                        score: None,
                        p: Vec::new(),
                        status,
                        terms: Vec::new(),
                    };
                    axes.insert(axis.axis.id.clone(), none);
                }
            }
            None => {
                self.project();
                let places = model.places(passage);
                for (index, (first, n)) in model.outputs().into_iter().enumerate() {
                    let axis = &model.axes[index];
                    let p = axis.calibration.apply(&self.z[first..first + n]);
                    let class = axis.decide(&p);
                    let status = if p[class] < axis.doubt { Status::LowConfidence } else { Status::Ok };
                    let terms = model.strongest_words(index, class, &places, &self.ids, &self.values);
                    axes.insert(
                        axis.axis.id.clone(),
                        AxisScore {
                            class: axis.axis.classes()[class].id.clone(),
                            score: axis.axis.score(&p),
                            p,
                            status,
                            terms,
                        },
                    );
                }
            }
        }
        TextScore { axes, n_tokens, known_share }
    }

    fn silence(&self, passage: Passage<'_>, n_tokens: usize, known: usize) -> Option<Status> {
        let unknown = self.model.missing_encoder().is_some()
            || self.ids.is_empty()
            || (self.model.tfidf.counts_single_words() && known == 0);
        if n_tokens < FEWEST_TOKENS {
            Some(Status::TooShort)
        } else if self.model.language.is_foreign(passage.text, n_tokens, share(known, n_tokens)) {
            Some(Status::OtherLanguage)
        } else if unknown {
            Some(Status::NoFeatures)
        } else {
            None
        }
    }

    /// Calibrated probabilities of a text, axis after axis, whatever its length and language. No terms, no status:
    /// the fast way through many texts.
    pub fn probabilities(&mut self, passage: Passage<'_>, out: &mut Vec<f64>) {
        self.read(passage);
        self.finish(out);
    }

    /// Scores and calibrates the text read last.
    fn finish(&mut self, out: &mut Vec<f64>) {
        self.project();
        let mut first = 0;
        for axis in &self.model.axes {
            let n = axis.intercepts.len();
            out.extend(axis.calibration.apply(&self.z[first..first + n]));
            first += n;
        }
    }

    /// Finds the terms of a text and their tf-idf, each block at length 1; returns its words and how many are known.
    fn read(&mut self, passage: Passage<'_>) -> (usize, usize) {
        let tfidf = &self.model.tfidf;
        self.ids.clear();
        self.tf.clear();
        self.values.clear();
        self.norms.fill(0.0);
        self.read_dense(passage);
        let words = self.reader.read(passage, &mut self.ids, &mut self.tf);
        let idf = tfidf.idf();
        for (id, tf) in self.ids.iter().zip(&self.tf) {
            let value = self.frequency.get(*tf) * f64::from(idf[*id as usize]);
            self.norms[tfidf.block_index(*id)] += value * value;
            self.values.push(value);
        }
        for norm in &mut self.norms {
            *norm = if *norm > 0.0 { 1.0 / norm.sqrt() } else { 0.0 };
        }
        for (id, value) in self.ids.iter().zip(&mut self.values) {
            *value *= self.norms[tfidf.block_index(*id)];
        }
        words
    }

    /// The terms of a text and their tf-idf, and its dense rows by block.
    pub(super) fn values(&mut self, passage: Passage<'_>) -> (&[u32], &[f64], &[Vec<f32>]) {
        self.read(passage);
        (&self.ids, &self.values, &self.dense)
    }

    /// Probabilities as [`Scorer::probabilities`] gives them, and why the text would get no score.
    pub fn judged(&mut self, passage: Passage<'_>, out: &mut Vec<f64>) -> Option<Status> {
        let (n_tokens, known) = self.read(passage);
        self.finish(out);
        self.silence(passage, n_tokens, known)
    }

    /// The linear scores of the text read last.
    fn project(&mut self) {
        let n = self.model.n_outputs;
        self.z.clear();
        for axis in &self.model.axes {
            self.z.extend_from_slice(&axis.intercepts);
        }
        for (id, value) in self.ids.iter().zip(&self.values) {
            let at = *id as usize * n;
            for (z, w) in self.z.iter_mut().zip(&self.model.weights[at..at + n]) {
                *z += value * f64::from(*w);
            }
        }
        for (part, row) in self.model.dense.iter().zip(&self.dense) {
            part.add_to(row, &mut self.z);
        }
    }
}
