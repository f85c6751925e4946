use std::cmp::Ordering;

use rayon::prelude::*;

use super::bundle::Model;
use super::explain::AxisShares;
use super::score::{Scorer, Scorers};
use crate::features::Passage;

/// Texts that are read in one go.
const CHUNK: usize = 128;
/// Rows whose products are summed side by side, each in its own order.
const LANES: usize = 8;

/// A text that reads like another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similar {
    /// Its index among the texts that were given.
    pub index: usize,
    /// The mean of the cosines of its terms and of each block of vectors, in [−1, 1]; 1 for the same text.
    pub similarity: f64,
}

/// How a model reads a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What it reads like.
    pub similar: Vec<Similar>,
    /// Calibrated probabilities, axis after axis.
    pub p: Vec<f64>,
    /// What the words and each block add, by axis; empty for a model of terms alone.
    pub shares: Vec<AxisShares>,
}

/// Texts, mostly those a model was trained on, read once so that those like any passage are found fast.
pub struct TextIndex<'a> {
    scorers: Scorers<'a>,
    texts: Vec<&'a str>,
    /// Where the texts of each term begin, by column.
    starts: Vec<usize>,
    /// The texts that hold a term, term after term, and its value in each.
    holders: Vec<u32>,
    values: Vec<f64>,
    /// The length of each text's values.
    lengths: Vec<f64>,
    vectors: Vec<VectorRows>,
}

/// The rows of a block of vectors.
struct VectorRows {
    /// Which of the model's blocks it is.
    block: usize,
    width: usize,
    /// Tiles of [`LANES`] rows, column after column.
    tiles: Vec<f32>,
    lengths: Vec<f64>,
}

/// What is kept of one text while the index is made.
struct Row {
    ids: Vec<u32>,
    values: Vec<f64>,
    vectors: Vec<Vec<f32>>,
}

impl Model {
    /// Reads texts so that those like a passage can be found.
    pub fn index<'a>(&'a self, texts: &[Passage<'a>]) -> TextIndex<'a> {
        // A lexicon's few sums say too little of what a text is about.
        let compared: Vec<usize> =
            (0..self.dense.len()).filter(|b| !self.dense[*b].block.standardised()).collect();
        let scorers = self.scorers();
        let rows: Vec<Row> = texts
            .par_chunks(CHUNK)
            .flat_map_iter(|texts| {
                scorers.with(|scorer| {
                    scorer.prepare(texts);
                    texts.iter().map(|text| Row::read(scorer, *text, &compared)).collect::<Vec<_>>()
                })
            })
            .collect();
        let n_terms = self.tfidf.vocabulary().len();
        let mut starts = vec![0; n_terms + 1];
        for id in rows.iter().flat_map(|row| &row.ids) {
            starts[*id as usize + 1] += 1;
        }
        for id in 0..n_terms {
            starts[id + 1] += starts[id];
        }
        let mut next = starts.clone();
        let (mut holders, mut values) = (vec![0; starts[n_terms]], vec![0.0; starts[n_terms]]);
        for (index, row) in rows.iter().enumerate() {
            for (id, value) in row.ids.iter().zip(&row.values) {
                let at = &mut next[*id as usize];
                (holders[*at], values[*at]) = (index as u32, *value);
                *at += 1;
            }
        }
        let vectors = compared.iter().enumerate().map(|(at, block)| {
            VectorRows::new(*block, self.dense[*block].block.width(), rows.iter().map(|r| &r.vectors[at][..]))
        });
        TextIndex {
            texts: texts.iter().map(|text| text.text.trim()).collect(),
            starts,
            holders,
            values,
            lengths: rows.iter().map(|row| length(row.values.iter().copied())).collect(),
            vectors: vectors.collect(),
            scorers,
        }
    }
}

impl TextIndex<'_> {
    /// The texts that read most like a passage to the model, the most similar first; of equals the first given. The passage
    /// itself, should it be among them, is passed over.
    pub fn similar(&self, passage: Passage<'_>, n: usize) -> Vec<Similar> {
        self.scorers.with(|scorer| {
            let (ids, values, rows) = scorer.values(passage, &mut Vec::new());
            self.nearest(passage.text, ids, values, rows, n)
        })
    }

    /// Reads many passages on all cores, in their order, and finds the `n` texts most like each.
    pub fn read_all(&self, passages: &[Passage<'_>], n: usize) -> Vec<Reading> {
        passages
            .par_chunks(CHUNK)
            .flat_map_iter(|chunk| {
                self.scorers.with(|scorer| {
                    scorer.prepare(chunk);
                    chunk.iter().map(|passage| self.read(scorer, *passage, n)).collect::<Vec<_>>()
                })
            })
            .collect()
    }

    fn read(&self, scorer: &mut Scorer<'_>, passage: Passage<'_>, n: usize) -> Reading {
        let mut p = Vec::new();
        let model = scorer.model();
        let (ids, values, rows) = scorer.values(passage, &mut p);
        let shares = if model.dense.is_empty() {
            Vec::new()
        } else {
            (0..model.axes.len()).map(|axis| model.shares(axis, &p, ids, values, rows).0).collect()
        };
        Reading { similar: self.nearest(passage.text, ids, values, rows, n), p, shares }
    }

    fn nearest(&self, text: &str, ids: &[u32], values: &[f64], rows: &[Vec<f32>], n: usize) -> Vec<Similar> {
        let mut sums = vec![0.0; self.texts.len()];
        for (id, value) in ids.iter().zip(values) {
            let held = self.starts[*id as usize]..self.starts[*id as usize + 1];
            for (holder, theirs) in self.holders[held.clone()].iter().zip(&self.values[held]) {
                sums[*holder as usize] += value * theirs;
            }
        }
        let own = length(values.iter().copied());
        for (sum, theirs) in sums.iter_mut().zip(&self.lengths) {
            *sum = cosine(*sum, own * theirs);
        }
        for vectors in &self.vectors {
            vectors.add_cosines(&rows[vectors.block], &mut sums);
        }
        let n_means = (1 + self.vectors.len()) as f64;
        let text = text.trim();
        let mut found: Vec<Similar> = sums
            .into_iter()
            .enumerate()
            .filter(|(index, _)| self.texts[*index] != text)
            .map(|(index, sum)| Similar { index, similarity: sum / n_means })
            .collect();
        let order = |a: &Similar, b: &Similar| -> Ordering {
            b.similarity.total_cmp(&a.similarity).then(a.index.cmp(&b.index))
        };
        if n < found.len() {
            found.select_nth_unstable_by(n, order);
            found.truncate(n);
        }
        found.sort_by(order);
        found
    }
}

impl Row {
    fn read(scorer: &mut Scorer<'_>, text: Passage<'_>, compared: &[usize]) -> Self {
        let (ids, values, rows) = scorer.values(text, &mut Vec::new());
        let vectors = compared.iter().map(|b| rows[*b].clone()).collect();
        Self { ids: ids.to_vec(), values: values.to_vec(), vectors }
    }
}

impl VectorRows {
    fn new<'r>(block: usize, width: usize, rows: impl ExactSizeIterator<Item = &'r [f32]>) -> Self {
        let mut tiles = vec![0.0; rows.len().div_ceil(LANES) * LANES * width];
        let mut lengths = Vec::with_capacity(rows.len());
        for (index, row) in rows.enumerate() {
            let first = index / LANES * LANES * width + index % LANES;
            for (column, value) in row.iter().enumerate() {
                tiles[first + column * LANES] = *value;
            }
            lengths.push(length(row.iter().map(|v| f64::from(*v))));
        }
        Self { block, width, tiles, lengths }
    }

    fn add_cosines(&self, row: &[f32], sums: &mut [f64]) {
        let own = length(row.iter().map(|v| f64::from(*v)));
        let tiles = self.tiles.chunks_exact(self.width.max(1) * LANES);
        for ((tile, sums), lengths) in tiles.zip(sums.chunks_mut(LANES)).zip(self.lengths.chunks(LANES)) {
            let mut dots = [0.0; LANES];
            let (columns, _) = tile.as_chunks::<LANES>();
            for (a, column) in row.iter().zip(columns) {
                for (dot, c) in dots.iter_mut().zip(column) {
                    *dot += f64::from(*a) * f64::from(*c);
                }
            }
            for ((sum, dot), theirs) in sums.iter_mut().zip(dots).zip(lengths) {
                *sum += cosine(dot, own * theirs);
            }
        }
    }
}

fn length(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|v| v * v).sum::<f64>().sqrt()
}

fn cosine(dot: f64, lengths: f64) -> f64 {
    if lengths > 0.0 { dot / lengths } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use super::super::bundle::DensePart;
    use super::*;
    use crate::features::dense::{DenseBlock, StoredBlock};

    /// How often each vowel stands in a text.
    #[derive(Debug)]
    struct Vowels {
        standardised: bool,
    }

    impl DenseBlock for Vowels {
        fn name(&self) -> &'static str {
            "vowels"
        }

        fn width(&self) -> usize {
            5
        }

        fn rows(&self, passages: &[Passage<'_>]) -> Vec<f32> {
            let count = |text: &str, vowel| text.chars().filter(|c| *c == vowel).count() as f32;
            passages.iter().flat_map(|p| "aeiou".chars().map(|v| count(p.text, v))).collect()
        }

        fn standardised(&self) -> bool {
            self.standardised
        }

        fn grid(&self) -> &'static [f64] {
            &[1.0]
        }

        fn stored(&self) -> StoredBlock {
            StoredBlock { kind: "vowels".into(), header: serde_json::Value::Null, bytes: Vec::new() }
        }
    }

    /// The bundled model, which reads a word list beside the terms, with one more block that is compared and one that is not.
    fn with_blocks() -> Model {
        let mut model = Model::bundled().expect("bundled");
        for standardised in [true, false] {
            let weights = (0..5 * model.n_outputs).map(|i| 0.01 * (i % 7) as f32).collect();
            model.dense.push(DensePart { block: Arc::new(Vowels { standardised }), scaling: None, weights });
        }
        model
    }

    /// Compares the passage with one text after the other.
    fn one_by_one(model: &Model, passage: &str, texts: &[&str]) -> Vec<Similar> {
        let mut scorer = model.scorer();
        let mut read = |text: &str| {
            let (ids, values, rows) = scorer.values(text.into(), &mut Vec::new());
            let terms: HashMap<u32, f64> = ids.iter().copied().zip(values.iter().copied()).collect();
            let blocks = (0..rows.len()).filter(|b| !model.dense[*b].block.standardised());
            let rows = blocks.map(|b| rows[b].iter().map(|v| f64::from(*v)).collect::<Vec<_>>());
            (terms, rows.collect::<Vec<_>>())
        };
        let (terms, rows) = read(passage);
        let mut found: Vec<Similar> = texts
            .iter()
            .enumerate()
            .filter(|(_, text)| text.trim() != passage.trim())
            .map(|(index, text)| {
                let (theirs, their_rows) = read(text);
                let dot = theirs.iter().filter_map(|(id, v)| Some(terms.get(id)? * v)).sum();
                let lengths = length(terms.values().copied()) * length(theirs.values().copied());
                let of_rows = rows.iter().zip(&their_rows).map(|(a, b)| {
                    let dot = a.iter().zip(b).map(|(a, b)| a * b).sum();
                    cosine(dot, length(a.iter().copied()) * length(b.iter().copied()))
                });
                let sum = cosine(dot, lengths) + of_rows.sum::<f64>();
                Similar { index, similarity: sum / (1 + rows.len()) as f64 }
            })
            .collect();
        found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.index.cmp(&b.index)));
        found
    }

    #[test]
    fn an_index_finds_what_comparing_one_by_one_finds() {
        let texts: Vec<&str> = include_str!("../../labels/written.csv").lines().skip(1).take(301).collect();
        let passages: Vec<Passage<'_>> = texts.iter().map(|text| (*text).into()).collect();
        let asked =
            ["We will not give in to threats.", texts[7], "", "Полёт", "Talks, and nothing but talks."];
        for model in [Model::bundled().expect("bundled"), with_blocks()] {
            let index = model.index(&passages);
            let together = index.read_all(&asked.map(Passage::from), 10);
            for (passage, reading) in asked.into_iter().zip(together) {
                let slowly = one_by_one(&model, passage, &texts);
                let fast = index.similar(passage.into(), 10);
                assert_eq!(reading.similar, fast, "{passage}");
                assert_eq!(fast.len(), 10);
                for (a, b) in fast.iter().zip(&slowly) {
                    assert!((a.similarity - b.similarity).abs() < 1e-12, "{passage}: {a:?} {b:?}");
                    assert_eq!(texts[a.index] == texts[b.index], a.index == b.index);
                }
                assert!(fast.iter().all(|s| texts[s.index] != passage));
                assert_eq!(index.similar(passage.into(), 1000).len(), slowly.len());
            }
        }
    }

    #[test]
    fn shares_are_those_of_an_explanation() {
        let model = with_blocks();
        let text = "The regime must face tougher sanctions.";
        let reading = &model.index(&[]).read_all(&[text.into()], 3)[0];
        assert_eq!((reading.similar.len(), reading.shares.len()), (0, 4));
        for (axis, shares) in reading.shares.iter().enumerate() {
            let explained = model.explain(axis, text.into());
            assert_eq!((&shares.axis, &shares.towards), (&explained.axis, &explained.towards));
            assert_eq!(shares.blocks, explained.blocks);
            assert_eq!(shares.linear_score.to_bits(), explained.linear_score.to_bits());
            let terms: f64 = explained.terms.iter().map(|t| t.value).sum();
            assert!((shares.words - terms).abs() < 1e-9);
        }
    }
}
