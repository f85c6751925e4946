use std::cell::RefCell;
use std::collections::BTreeMap;

use rayon::prelude::*;
use thread_local::ThreadLocal;

use super::bundle::Model;
use super::words::{Slots, Words};
use crate::features::{Passage, Reader, TermFrequency, prefetch};
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
    values: Vec<f64>,
    /// One over the length of each block's values.
    norms: Vec<f64>,
    /// The sums of each block's values under the weights of each output, before the block is brought to length 1.
    sums: Vec<f64>,
    z: Vec<f64>,
    /// The dense rows of passages to come, by block, scaled.
    prepared: Vec<Vec<f32>>,
    /// How many of them there are, and the next one.
    n_prepared: usize,
    next: usize,
    /// The dense rows of the passage read last, by block.
    dense: Vec<Vec<f32>>,
    slots: Slots,
}

impl Model {
    /// Scores one text.
    pub fn score(&self, text: &str) -> TextScore {
        self.scorer().score(text.into())
    }

    /// Scores many texts on all cores, in their order.
    pub fn score_all(&self, passages: &[Passage<'_>]) -> Vec<TextScore> {
        let scorers = self.scorers();
        passages
            .par_chunks(256)
            .map(|chunk| {
                scorers.with(|scorer| {
                    scorer.prepare(chunk);
                    chunk.iter().map(|p| scorer.score(*p)).collect::<Vec<_>>()
                })
            })
            .flatten_iter()
            .collect()
    }

    /// Scorers for many threads.
    pub fn scorers(&self) -> Scorers<'_> {
        Scorers { model: self, by_thread: ThreadLocal::new() }
    }

    /// A scorer for one thread.
    pub fn scorer(&self) -> Scorer<'_> {
        Scorer {
            model: self,
            reader: Reader::new(&self.tfidf),
            frequency: TermFrequency::new(self.tfidf.params().sublinear),
            ids: Vec::new(),
            values: Vec::new(),
            norms: vec![0.0; self.tfidf.vocabulary().blocks().len()],
            sums: vec![0.0; self.tfidf.vocabulary().blocks().len() * self.n_outputs],
            z: vec![0.0; self.n_outputs],
            prepared: Vec::new(),
            n_prepared: 0,
            next: 0,
            dense: vec![Vec::new(); self.dense.len()],
            slots: Slots::default(),
        }
    }
}

/// A scorer for each thread that asks for one. A scorer remembers the words it met, so it is worth keeping.
pub struct Scorers<'m> {
    model: &'m Model,
    by_thread: ThreadLocal<RefCell<Scorer<'m>>>,
}

impl<'m> Scorers<'m> {
    /// Works with the scorer of this thread.
    pub fn with<T>(&self, work: impl FnOnce(&mut Scorer<'m>) -> T) -> T {
        let scorer = self.by_thread.get_or(|| RefCell::new(self.model.scorer()));
        match scorer.try_borrow_mut() {
            Ok(mut scorer) => work(&mut scorer),
            // A thread that waits for others may take up work from within its own.
            Err(_) => work(&mut self.model.scorer()),
        }
    }
}

impl<'m> Scorer<'m> {
    /// The model.
    pub(super) fn model(&self) -> &'m Model {
        self.model
    }

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
        let (n_tokens, known) = self.read(passage, true);
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
                let n_terms = model.tfidf.vocabulary().len();
                let words = Words::new(model.tfidf.sources(passage), &self.ids, &mut self.slots, n_terms);
                for (index, (first, n)) in model.outputs().into_iter().enumerate() {
                    let axis = &model.axes[index];
                    let p = axis.calibration.apply(&self.z[first..first + n]);
                    let class = axis.decide(&p);
                    let status = if axis.is_sure(class, &p) { Status::Ok } else { Status::LowConfidence };
                    let terms = words.strongest(&model.additions(index, class, &self.ids, &self.values));
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
            || self.norms.iter().all(|n| *n == 0.0)
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
        self.read(passage, false);
        self.finish(out);
    }

    /// Calibrates the scores of the text read last.
    fn finish(&mut self, out: &mut Vec<f64>) {
        let mut first = 0;
        for axis in &self.model.axes {
            let n = axis.intercepts.len();
            out.extend(axis.calibration.apply(&self.z[first..first + n]));
            first += n;
        }
    }

    /// Finds the linear scores of a text, and its terms and their values if they are to be kept; returns its words and
    /// how many are known.
    fn read(&mut self, passage: Passage<'_>, keep: bool) -> (usize, usize) {
        self.read_dense(passage);
        let words = self.reader.count(passage);
        self.ids.clear();
        self.values.clear();
        self.norms.fill(0.0);
        self.sums.fill(0.0);
        match self.model.n_outputs {
            1 => self.add_terms::<1, 2>(keep),
            2 => self.add_terms::<2, 3>(keep),
            3 => self.add_terms::<3, 4>(keep),
            4 => self.add_terms::<4, 5>(keep),
            6 => self.add_terms::<6, 7>(keep),
            12 => self.add_terms::<12, 13>(keep),
            _ => self.add_terms_any(keep),
        }
        self.z.clear();
        for axis in &self.model.axes {
            self.z.extend_from_slice(&axis.intercepts);
        }
        for (norm, sums) in self.norms.iter_mut().zip(self.sums.chunks_exact(self.model.n_outputs)) {
            *norm = if *norm > 0.0 { 1.0 / norm.sqrt() } else { 0.0 };
            for (z, sum) in self.z.iter_mut().zip(sums) {
                *z += *norm * sum;
            }
        }
        // Each block of columns has length 1.
        for (id, value) in self.ids.iter().zip(&mut self.values) {
            *value *= self.norms[self.model.tfidf.block_index(*id)];
        }
        for (part, row) in self.model.dense.iter().zip(&self.dense) {
            part.add_to(row, &mut self.z);
        }
        words
    }

    /// Adds the terms of the text counted last to the sum of squares of their block, and to its sums under the weights of
    /// `K` outputs. A term's record is its idf and `K` weights, `R` numbers.
    fn add_terms<const K: usize, const R: usize>(&mut self, keep: bool) {
        let Self { model, reader, frequency, ids, values, norms, sums, .. } = self;
        let (records, _) = model.records.as_chunks::<R>();
        let (sums, _) = sums.as_chunks_mut::<K>();
        let ahead = |id: u32| prefetch(&raw const records[id as usize]);
        // Terms come block by block, so a block's sums are kept at hand.
        let (mut block, mut columns) = (0, 0..0);
        let (mut square, mut sum) = (0.0, [0.0; K]);
        reader.drain(ahead, |id, count| {
            if !columns.contains(&id) {
                if !columns.is_empty() {
                    norms[block] = square;
                    sums[block] = sum;
                }
                block = model.tfidf.block_index(id);
                columns = model.tfidf.columns_of_block(block);
                (square, sum) = (norms[block], sums[block]);
            }
            let record = &records[id as usize];
            let value = frequency.get(count) * f64::from(record[0]);
            square += value * value;
            for (sum, w) in sum.iter_mut().zip(&record[1..]) {
                *sum += value * f64::from(*w);
            }
            if keep {
                ids.push(id);
                values.push(value);
            }
        });
        if !columns.is_empty() {
            norms[block] = square;
            sums[block] = sum;
        }
    }

    /// The same for any number of outputs.
    fn add_terms_any(&mut self, keep: bool) {
        let Self { model, reader, frequency, ids, values, norms, sums, .. } = self;
        let n = model.n_outputs;
        let ahead = |id: u32| prefetch(&raw const model.records[id as usize * (n + 1)]);
        reader.drain(ahead, |id, count| {
            let block = model.tfidf.block_index(id);
            let at = id as usize * (n + 1);
            let value = frequency.get(count) * f64::from(model.records[at]);
            norms[block] += value * value;
            for (sum, w) in
                sums[block * n..(block + 1) * n].iter_mut().zip(&model.records[at + 1..at + 1 + n])
            {
                *sum += value * f64::from(*w);
            }
            if keep {
                ids.push(id);
                values.push(value);
            }
        });
    }

    /// The terms of a text and their tf-idf, and its dense rows by block; its calibrated probabilities are appended to `p`.
    pub(super) fn values(&mut self, passage: Passage<'_>, p: &mut Vec<f64>) -> (&[u32], &[f64], &[Vec<f32>]) {
        self.read(passage, true);
        self.finish(p);
        (&self.ids, &self.values, &self.dense)
    }

    /// Probabilities as [`Scorer::probabilities`] gives them, and why the text would get no score.
    pub fn judged(&mut self, passage: Passage<'_>, out: &mut Vec<f64>) -> Option<Status> {
        let (n_tokens, known) = self.read(passage, false);
        self.finish(out);
        self.silence(passage, n_tokens, known)
    }
}
