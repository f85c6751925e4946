use serde::{Deserialize, Serialize};

use super::bundle::Model;
use super::words::{Slots, Words};
use crate::features::{CHANNEL_MARK, Passage};
use crate::types::TermWeight;

/// Why a text gets its score on one axis.
///
/// The linear score is `intercept + Σ values of terms + Σ values of blocks`, exactly. On an axis with poles it points to the high pole
/// (`z_high − z_low`); on a nominal one to the class that was chosen (its score minus the mean of the others).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The axis.
    pub axis: String,
    /// What positive values speak for: the id of a class.
    pub towards: String,
    /// What the model says before it reads.
    pub intercept: f64,
    /// The linear score, in nats.
    pub linear_score: f64,
    /// The text as the model reads it: lower case, names rewritten.
    pub text: String,
    /// Every term with its tf-idf × weight, strongest first.
    pub terms: Vec<TermWeight>,
    /// What each block of dense features adds; empty for a model of terms alone.
    pub blocks: Vec<BlockValue>,
    /// The values of the terms on the words they come from, in text order; they sum to the same.
    pub words: Vec<WordValue>,
}

/// What makes the linear score of a text on one axis: `intercept + words + Σ values of blocks`, exactly as in [`Explanation`].
#[derive(Debug, Clone, PartialEq)]
pub struct AxisShares {
    /// The axis.
    pub axis: String,
    /// What positive values speak for: the id of a class.
    pub towards: String,
    /// What the model says before it reads.
    pub intercept: f64,
    /// What the terms add, in nats.
    pub words: f64,
    /// What each block of dense features adds.
    pub blocks: Vec<BlockValue>,
    /// The linear score, in nats.
    pub linear_score: f64,
}

/// What a block of dense features adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockValue {
    /// "lexicon", "vectors", "encoder".
    pub name: String,
    /// What it adds, in nats.
    pub value: f64,
}

/// What one word of the text adds, all n-grams that it is part of taken together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WordValue {
    /// First byte in [`Explanation::text`].
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// What it adds.
    pub value: f64,
}

/// The weight of each output in the direction that is explained.
fn direction(model: &Model, axis: usize, class: usize) -> Vec<f64> {
    let axis = &model.axes[axis];
    let n = axis.intercepts.len();
    if n == 1 {
        let towards_second = axis.axis.has_poles() || class == 1;
        return vec![if towards_second { 1.0 } else { -1.0 }];
    }
    let mut d = vec![0.0; n];
    if axis.axis.has_poles() {
        d[0] = -1.0;
        d[n - 1] = 1.0;
    } else {
        d.fill(-1.0 / (n as f64 - 1.0));
        d[class] = 1.0;
    }
    d
}

impl Model {
    /// Explains the score of a text on the axis with this index.
    ///
    /// # Panics
    ///
    /// When `axis` is not below the number of axes.
    pub fn explain(&self, axis: usize, passage: Passage<'_>) -> Explanation {
        let mut scorer = self.scorer();
        let mut p = Vec::new();
        let (ids, values, rows) = scorer.values(passage, &mut p);
        let (shares, adds) = self.shares(axis, &p, ids, values, rows);
        let n_terms = self.tfidf.vocabulary().len();
        let words = Words::new(self.tfidf.sources(passage), ids, &mut Slots::default(), n_terms);
        let sources = words.sources();
        let word = |(value, (start, end)): (Option<f64>, &(usize, usize))| {
            value.map(|value| WordValue { start: *start, end: *end, value })
        };
        Explanation {
            axis: shares.axis,
            towards: shares.towards,
            intercept: shares.intercept,
            linear_score: shares.linear_score,
            words: words.values(&adds).into_iter().zip(&sources.words).filter_map(word).collect(),
            terms: self.named(ids, &adds),
            blocks: shares.blocks,
            text: sources.text.clone(),
        }
    }

    /// What the terms and each block of a text add to its score, and each term by itself; `p` has the calibrated probabilities
    /// of all axes, one after the other.
    pub(super) fn shares(
        &self,
        axis: usize,
        p: &[f64],
        ids: &[u32],
        values: &[f64],
        rows: &[Vec<f32>],
    ) -> (AxisShares, Vec<f64>) {
        let (first, n) = self.outputs()[axis];
        let from: usize = self.axes[..axis].iter().map(|a| a.axis.classes().len()).sum();
        let classes = self.axes[axis].axis.classes();
        let class = self.axes[axis].decide(&p[from..from + classes.len()]);
        let d = direction(self, axis, class);
        let adds = self.contributions(first, n, &d, ids, values);
        let blocks: Vec<BlockValue> = self
            .dense
            .iter()
            .zip(rows)
            .map(|(part, row)| {
                let mut z = vec![0.0; self.n_outputs];
                part.add_to(row, &mut z);
                let value = z[first..first + n].iter().zip(&d).map(|(z, d)| z * d).sum();
                BlockValue { name: part.block.name().into(), value }
            })
            .collect();
        let intercept: f64 = self.axes[axis].intercepts.iter().zip(&d).map(|(b, d)| b * d).sum();
        let words = adds.iter().sum::<f64>();
        let towards = if self.axes[axis].axis.has_poles() { classes.len() - 1 } else { class };
        let shares = AxisShares {
            axis: self.axes[axis].axis.id.clone(),
            towards: classes[towards].id.clone(),
            intercept,
            words,
            linear_score: intercept + words + blocks.iter().map(|b| b.value).sum::<f64>(),
            blocks,
        };
        (shares, adds)
    }

    /// tf-idf × weight of each term of a text, in one direction.
    fn contributions(&self, first: usize, n: usize, d: &[f64], ids: &[u32], values: &[f64]) -> Vec<f64> {
        ids.iter()
            .zip(values)
            .map(|(id, value)| {
                let w: f64 = self
                    .weights_of(*id, first..first + n)
                    .iter()
                    .zip(d)
                    .map(|(w, d)| f64::from(*w) * d)
                    .sum();
                value * w
            })
            .collect()
    }

    fn named(&self, ids: &[u32], adds: &[f64]) -> Vec<TermWeight> {
        let mut terms: Vec<TermWeight> = ids
            .iter()
            .zip(adds)
            .map(|(id, value)| TermWeight {
                term: display_term(self.tfidf.vocabulary().term(*id as usize)),
                value: *value,
            })
            .collect();
        terms.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()).then_with(|| a.term.cmp(&b.term)));
        terms
    }

    /// What each term of a text adds to the score that is explained.
    pub(super) fn additions(&self, axis: usize, class: usize, ids: &[u32], values: &[f64]) -> Vec<f64> {
        let (first, n) = self.outputs()[axis];
        self.contributions(first, n, &direction(self, axis, class), ids, values)
    }

    /// The terms with the largest weight towards each class: `(class id, terms)`, strongest first.
    ///
    /// # Panics
    ///
    /// When `axis` is not below the number of axes.
    pub fn top_terms(&self, axis: usize, n_terms: usize) -> Vec<(String, Vec<TermWeight>)> {
        let (first, n) = self.outputs()[axis];
        let classes = self.axes[axis].axis.classes();
        (0..classes.len())
            .map(|class| {
                let mut weights: Vec<(u32, f64)> = (0..self.tfidf.vocabulary().len())
                    .map(|id| {
                        let w = self.weights_of(id as u32, first..first + n);
                        let value = if n == 1 {
                            f64::from(w[0]) * if class == 1 { 1.0 } else { -1.0 }
                        } else {
                            f64::from(w[class]) - w.iter().map(|w| f64::from(*w)).sum::<f64>() / n as f64
                        };
                        (id as u32, value * f64::from(self.tfidf.idf()[id]))
                    })
                    .collect();
                weights.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                let terms = weights
                    .into_iter()
                    .take(n_terms)
                    .filter(|(_, w)| *w > 0.0)
                    .map(|(id, value)| TermWeight {
                        term: display_term(self.tfidf.vocabulary().term(id as usize)),
                        value,
                    })
                    .collect();
                (classes[class].id.clone(), terms)
            })
            .collect()
    }
}

/// A term for people: blanks at the edges of a character n-gram are shown, a channel stands before a colon.
fn display_term(term: &str) -> String {
    let (channel, gram) = term.split_once(CHANNEL_MARK).map_or(("", term), |(c, g)| (c, g));
    let gram =
        if gram.starts_with(' ') || gram.ends_with(' ') { gram.replace(' ', "_") } else { gram.to_string() };
    if channel.is_empty() { gram } else { format!("{channel}: {gram}") }
}
