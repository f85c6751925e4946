//! Passages counted once, for the many splits of cross-validation.

use rayon::prelude::*;

use super::columns::rows;
use super::matrix::CsrMatrix;
use super::pages::zeros;
use super::params::{FeatureParams, Passage};
use super::rewrite::Rewriter;
use super::selection::Selection;
use super::table::{AHEAD, prefetch};
use super::tfidf::tally;
use super::weigh::{Weigher, idf};
use crate::Result;

/// How often each term stands in each of some passages.
///
/// [`Counts::split`] gives the rows that [`Tfidf::fit`](super::Tfidf::fit) on one side of a split and
/// [`Tfidf::transform`](super::Tfidf::transform) of the other would give, bit for bit, without reading a text again: a
/// vocabulary is a choice among the terms counted here, as no term stands in more texts of a side than of all.
pub(crate) struct Counts {
    params: FeatureParams,
    /// Ids are numbered block by block.
    starts: Vec<u32>,
    /// The ids of each block in the order of their keys.
    by_key: Vec<u32>,
    /// Where the entries of each passage begin; one more than there are passages.
    of_passage: Vec<usize>,
    ids: Vec<u32>,
    /// A count is a byte, as there may be very many; one that is 255 stands in `beyond`.
    times: Vec<u8>,
    /// Entries of 255 and more, in order, and their counts.
    beyond: Vec<(usize, f32)>,
}

impl Counts {
    /// Counts all terms of these passages that could be in a vocabulary of some of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) for settings that cannot work.
    pub(crate) fn read(params: &FeatureParams, rewriter: Rewriter, passages: &[Passage<'_>]) -> Result<Self> {
        // The other limits depend on the split.
        let open = FeatureParams { max_df: 1.0, max_features: None, ..params.clone() };
        let (_, counters, Selection { vocabulary, numbers, .. }) = tally(&open, rewriter, passages)?;
        let rows = rows(counters, numbers, vocabulary.len(), || |_: &[u32], _: &mut [f32]| {});
        let keys = vocabulary.table.keys();
        let mut by_key: Vec<u32> = (0..vocabulary.len() as u32).collect();
        for block in vocabulary.starts.windows(2) {
            by_key[block[0] as usize..block[1] as usize].par_sort_unstable_by_key(|id| keys[*id as usize]);
        }
        let CsrMatrix { starts: of_passage, columns: ids, values, .. } = rows;
        let times: Vec<u8> = values.par_iter().map(|n| n.min(f32::from(u8::MAX)) as u8).collect();
        let beyond = (0..times.len()).filter(|at| times[*at] == u8::MAX).map(|at| (at, values[at])).collect();
        Ok(Self { params: params.clone(), starts: vocabulary.starts, by_key, of_passage, ids, times, beyond })
    }

    /// The matrices of a split take no more bytes, but for a few.
    pub(crate) fn most_bytes(&self) -> usize {
        self.ids.len() * (size_of::<u32>() + size_of::<f32>()) + size_of_val(self.of_passage.as_slice())
    }

    /// The rows of a training side over its own vocabulary, and those of a test side over the same; `None` when no term of the
    /// training side stands in enough of its texts.
    pub(crate) fn split(&self, train: &[usize], test: &[usize]) -> Option<(CsrMatrix, CsrMatrix)> {
        let (columns, idf, starts) = self.columns(train);
        if idf.is_empty() {
            return None;
        }
        let side = |passages: &[usize]| {
            self.matrix(passages, &columns, idf.len(), Weigher::new(&starts, &idf, self.params.sublinear))
        };
        Some(rayon::join(|| side(train), || side(test)))
    }

    /// The rows of these passages; `columns` says what becomes of each term, those that become [`DROPPED`] are dropped.
    fn matrix(
        &self,
        passages: &[usize],
        columns: &[u32],
        n_cols: usize,
        mut weigher: Weigher<'_>,
    ) -> CsrMatrix {
        let n = passages.iter().map(|i| self.of_passage[i + 1] - self.of_passage[*i]).sum();
        let mut out = CsrMatrix { starts: vec![0], columns: zeros(n), values: zeros(n), n_cols };
        let mut end = 0;
        for i in passages {
            let (entries, begin) = (self.of_passage[*i]..self.of_passage[i + 1], end);
            let ids = &self.ids[entries.clone()];
            for (k, (at, id)) in entries.zip(ids).enumerate() {
                if let Some(next) = ids.get(k + AHEAD) {
                    prefetch(columns.as_ptr().wrapping_add(*next as usize));
                }
                // Written either way, kept if it is a column.
                let column = columns[*id as usize];
                out.columns[end] = column;
                out.values[end] = self.count(at);
                end += usize::from(column != DROPPED);
            }
            weigher.row(&out.columns[begin..end], &mut out.values[begin..end]);
            out.starts.push(end);
        }
        out.columns.truncate(end);
        out.columns.shrink_to_fit();
        out.values.truncate(end);
        out.values.shrink_to_fit();
        out
    }

    #[inline]
    fn count(&self, at: usize) -> f32 {
        match self.times[at] {
            u8::MAX => self.beyond[self.beyond.partition_point(|(entry, _)| *entry < at)].1,
            count => f32::from(count),
        }
    }

    /// The column of each term in a vocabulary of these rows, or [`DROPPED`]; the idf of each column; where its blocks begin.
    fn columns(&self, train: &[usize]) -> (Vec<u32>, Vec<f32>, Vec<u32>) {
        let mut df = vec![0_u32; self.by_key.len()];
        for i in train {
            for id in &self.ids[self.of_passage[*i]..self.of_passage[i + 1]] {
                df[*id as usize] += 1;
            }
        }
        let least = self.params.min_df;
        let most = self.params.most_texts(train.len());
        let (mut columns, mut idfs) = (vec![DROPPED; df.len()], Vec::new());
        let mut starts = vec![0_u32];
        for block in self.starts.windows(2) {
            let by_key = &self.by_key[block[0] as usize..block[1] as usize];
            let wanted = |df: u32| df >= least && df <= most;
            // By falling frequency, ties by key: counted out, as the keys are in order already.
            let mut places = vec![0_u32; train.len() + 1];
            for id in by_key {
                let df = df[*id as usize];
                places[df as usize] += u32::from(wanted(df));
            }
            let (mut n, before) = (0, starts.last().copied().unwrap_or_default());
            for place in places.iter_mut().rev() {
                n += std::mem::replace(place, n);
            }
            let limit = self.params.max_features.map_or(u32::MAX, |m| u32::try_from(m).unwrap_or(u32::MAX));
            let idf_of: Vec<f32> = (0..places.len()).map(|df| idf(train.len(), df as u32)).collect();
            let end = before + n.min(limit);
            idfs.resize(end as usize, 0.0);
            for id in by_key {
                let df = df[*id as usize];
                if wanted(df) {
                    let place = &mut places[df as usize];
                    if *place < limit {
                        let column = before + *place;
                        columns[*id as usize] = column;
                        idfs[column as usize] = idf_of[df as usize];
                    }
                    *place += 1;
                }
            }
            starts.push(end);
        }
        (columns, idfs, starts)
    }
}

/// What a term becomes that is no column.
const DROPPED: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::super::{NgramRange, Tfidf};
    use super::*;

    #[test]
    fn splits_are_what_reading_each_side_gives() {
        let texts: Vec<String> = (0..90_u32)
            .map(|i| {
                let words = ["talks", "sanctions", "must", "not", "return", "Minsk", "drones", "Übung"];
                let at = |k: u32| words[(i.wrapping_mul(2_654_435_761).rotate_left(k * 5) % 8) as usize];
                // Some terms stand in a text more often than a byte can say, or just so often.
                let repeats = if i < 4 { 250 + 3 * i as usize } else { 1 };
                (0..3 + i % 9).map(|k| [at(k)].repeat(repeats).join(" ")).collect::<Vec<_>>().join(" ")
            })
            .collect();
        let passages: Vec<Passage<'_>> =
            texts.iter().map(|t| Passage { target: &t[..4], ..t.as_str().into() }).collect();
        let default = FeatureParams::default();
        let mut n_found = 0;
        for params in [
            default.clone(),
            FeatureParams { max_features: Some(7), target: true, negation: true, ..default.clone() },
            FeatureParams { min_df: 6, max_df: 0.4, sublinear: false, chars: None, ..default.clone() },
            FeatureParams { words: Some(NgramRange::new(1, 1)), min_df: 1, ..default },
        ] {
            let counts = Counts::read(&params, Rewriter::default(), &passages).expect("sound");
            for (train, test) in [(0..60, 60..90), (45..90, 0..45), (3..15, 2..9)] {
                let of = |rows: std::ops::Range<usize>| rows.map(|i| passages[i]).collect::<Vec<_>>();
                let rows = |r: std::ops::Range<usize>| r.collect::<Vec<_>>();
                let split = counts.split(&rows(train.clone()), &rows(test.clone()));
                // None where no term is left.
                let read = Tfidf::fit(&params, Rewriter::default(), &of(train)).ok();
                assert_eq!(split, read.map(|(tfidf, x)| (x, tfidf.transform(&of(test)))));
                n_found += usize::from(split.is_some());
            }
        }
        assert_eq!(n_found, 11, "six texts of twelve are more than .4 of them");
    }
}
