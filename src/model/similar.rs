use std::collections::HashMap;

use rayon::prelude::*;

use super::bundle::Model;
use crate::features::Passage;

/// A text that reads like another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similar {
    /// Its index among the texts that were given.
    pub index: usize,
    /// The mean of the cosines of its terms and of each block of vectors, in [−1, 1]; 1 for the same text.
    pub similarity: f64,
}

impl Model {
    /// The texts that read most like a passage to this model, the most similar first; of equals the first given. The passage
    /// itself, should it be among them, is passed over.
    ///
    /// # Arguments
    ///
    /// * `texts` - labelled statements, mostly those the model was trained on.
    /// * `n` - how many are wanted.
    pub fn similar(&self, passage: Passage<'_>, texts: &[Passage<'_>], n: usize) -> Vec<Similar> {
        let mut scorer = self.scorer();
        let (ids, values, rows) = scorer.values(passage);
        let terms: HashMap<u32, f64> = ids.iter().copied().zip(values.iter().copied()).collect();
        let rows = rows.to_vec();
        // A lexicon's few sums say too little of what a text is about.
        let compared: Vec<usize> =
            (0..self.dense.len()).filter(|b| !self.dense[*b].block.standardised()).collect();
        let length = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
        let own = length(values);
        let scorers = self.scorers();
        let mut found: Vec<Similar> = texts
            .par_chunks(128)
            .enumerate()
            .map(|(chunk, texts)| {
                scorers.with(|scorer| {
                    scorer.prepare(texts);
                    let mut of_chunk = Vec::with_capacity(texts.len());
                    for (i, text) in texts.iter().enumerate() {
                        let (ids, values, theirs) = scorer.values(*text);
                        let dot: f64 =
                            ids.iter().zip(values).filter_map(|(id, v)| Some(terms.get(id)? * v)).sum();
                        let mut sum = cosine(dot, own * length(values));
                        for &b in &compared {
                            let of = |row: &[f32]| row.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
                            let (a, c) = (of(&rows[b]), of(&theirs[b]));
                            let dot: f64 = a.iter().zip(&c).map(|(a, c)| a * c).sum();
                            sum += cosine(dot, length(&a) * length(&c));
                        }
                        let similarity = sum / (1 + compared.len()) as f64;
                        of_chunk.push(Similar { index: chunk * 128 + i, similarity });
                    }
                    of_chunk
                })
            })
            .flatten_iter()
            .collect();
        found.retain(|s| texts[s.index].text.trim() != passage.text.trim());
        found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.index.cmp(&b.index)));
        found.truncate(n);
        found
    }
}

fn cosine(dot: f64, lengths: f64) -> f64 {
    if lengths > 0.0 { dot / lengths } else { 0.0 }
}
