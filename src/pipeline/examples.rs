use std::collections::BTreeMap;

use crate::corpus::TrainingSet;
use crate::features::Passage;
use crate::model::{AxisShares, Model, Reading, Similar, TextIndex};
use crate::types::{Class, ScoredStatement};

/// A scored file rounds probabilities; what differs by more was not scored so.
const ROUNDING: f64 = 1e-3;

/// What is less alike has nothing in common that two decimals would show.
const LEAST: f64 = 0.005;

/// Labelled statements, read by a model once, to find those in that a text reads like.
pub struct Examples<'a> {
    model: &'a Model,
    index: TextIndex<'a>,
    texts: Vec<LabelledText<'a>>,
}

/// A text with the classes that it got, by axis id; several on an axis where its annotators differ.
struct LabelledText<'a> {
    text: &'a str,
    labels: BTreeMap<String, Vec<Class>>,
}

/// A labelled statement that reads like a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Alike {
    /// Its words.
    pub text: String,
    /// How alike they are to the model, in [−1, 1]; 1 for the same terms.
    pub similarity: f64,
    /// The classes it was given, by axis id; several on an axis where its annotators differ.
    pub labels: BTreeMap<String, Vec<Class>>,
}

/// What a statement reads like, and what made its scores.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadsLike {
    /// The labelled statements most like it.
    pub alike: Vec<Alike>,
    /// What the words and each block add, by axis; empty without a score, and for a model of terms alone.
    pub shares: Vec<AxisShares>,
}

/// What scored statements read like.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explained {
    /// By index of the statement; those with nothing to say are missing.
    pub by_statement: BTreeMap<usize, ReadsLike>,
    /// How many of them have other probabilities than the model gives: they were scored by another model, or together with
    /// what they speak about. They are given no shares.
    pub n_scored_otherwise: usize,
}

impl<'a> Examples<'a> {
    /// Reads the texts that have a label on one of these axes; equal texts are one example.
    pub fn new(model: &'a Model, set: &'a TrainingSet, axes: &[&str]) -> Self {
        let mut place: BTreeMap<&str, usize> = BTreeMap::new();
        let mut texts: Vec<LabelledText<'a>> = Vec::new();
        for row in &set.rows {
            let labels = set.axes.axes.iter().zip(&row.labels);
            let labels: Vec<(&str, &Class)> = labels
                .filter(|(axis, _)| axes.contains(&axis.id.as_str()))
                .filter_map(|(axis, class)| Some((axis.id.as_str(), axis.classes()[(*class)?])))
                .collect();
            if labels.is_empty() {
                continue;
            }
            let at = *place.entry(row.text.trim()).or_insert_with(|| {
                texts.push(LabelledText { text: &row.text, labels: BTreeMap::new() });
                texts.len() - 1
            });
            for (axis, class) in labels {
                let given = texts[at].labels.entry(axis.into()).or_default();
                if !given.contains(class) {
                    given.push(class.clone());
                }
            }
        }
        let passages: Vec<Passage<'a>> = texts.iter().map(|t| t.text.into()).collect();
        Self { model, index: model.index(&passages), texts }
    }

    /// The `n` examples that read most like a passage, the most similar first; the passage itself is passed over.
    pub fn alike(&self, passage: Passage<'_>, n: usize) -> Vec<Alike> {
        self.index.similar(passage, n).into_iter().map(|similar| self.example(similar)).collect()
    }

    /// What the chosen statements read like: at most `n` examples each, none that has nothing in common with it. A statement
    /// that got no score, such as one in another language, is not said to read like any.
    pub fn explain(&self, statements: &[ScoredStatement], chosen: &[usize], n: usize) -> Explained {
        let has_score = |i: &usize| statements[*i].axes.values().any(|score| score.status.has_score());
        let chosen: Vec<usize> = chosen.iter().copied().filter(has_score).collect();
        let passages: Vec<Passage<'_>> =
            chosen.iter().map(|i| statements[*i].quote.as_str().into()).collect();
        let mut explained = Explained::default();
        for (i, reading) in chosen.into_iter().zip(self.index.read_all(&passages, n)) {
            let Reading { similar, p, mut shares } = reading;
            let statement = &statements[i];
            if self.differs(statement, &p) {
                explained.n_scored_otherwise += 1;
                shares.clear();
            }
            shares.retain(|s| statement.axes.get(&s.axis).is_some_and(|score| score.status.has_score()));
            let alike = similar.into_iter().filter(|s| s.similarity >= LEAST).map(|s| self.example(s));
            let like = ReadsLike { alike: alike.collect(), shares };
            if like != ReadsLike::default() {
                explained.by_statement.insert(i, like);
            }
        }
        explained
    }

    /// True when a statement has other probabilities than these, which the model gives, on an axis that both have.
    fn differs(&self, statement: &ScoredStatement, p: &[f64]) -> bool {
        let mut rest = p;
        self.model.axes().iter().any(|axis| {
            let (own, others) = rest.split_at(axis.axis.classes().len().min(rest.len()));
            rest = others;
            statement.axes.get(&axis.axis.id).is_some_and(|score| {
                let far = score.p.iter().zip(own).any(|(theirs, own)| (theirs - own).abs() > ROUNDING);
                !score.p.is_empty() && (far || score.p.len() != own.len())
            })
        })
    }

    fn example(&self, similar: Similar) -> Alike {
        let LabelledText { text, labels } = &self.texts[similar.index];
        Alike { text: (*text).into(), similarity: similar.similarity, labels: labels.clone() }
    }
}
