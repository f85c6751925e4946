//! Passages counted once, for the many splits of cross-validation.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::matrix::CsrMatrix;
use super::params::{FeatureParams, Passage};
use super::rewrite::Rewriter;
use super::rows::{self, Made, Rows};
use super::selection::{Dropped, Selection, taken_for_each_other};
use super::table::prefetch;
use super::texts::{Numbers, TextReader, Texts};
use super::tfidf::{ENTRY, Tfidf, no_terms, tally};
use super::vocabulary::Vocabulary;
use super::weigh::idf;
use crate::Result;

/// Which terms stand in each of some passages, and how often.
///
/// [`Counts::split`] gives the rows that [`Tfidf::fit`](super::Tfidf::fit) on one side of a split and
/// [`Tfidf::transform`](super::Tfidf::transform) of the other would give, bit for bit, without reading a text again: a
/// vocabulary is a choice among the terms counted here, as no term stands in more texts of a side than of all.
pub(crate) struct Counts {
    params: FeatureParams,
    rewriter: Rewriter,
    /// Terms that stand in too few texts to be in any vocabulary.
    n_rare: usize,
    /// All terms that could be in a vocabulary of some of the passages. Their numbers, one more than their ids, are those in `texts`.
    vocabulary: Vocabulary,
    /// The ids of each block in the order of their keys.
    by_key: Vec<u32>,
    texts: Arc<Texts>,
    /// Of each part of the texts, over all terms.
    numbers: Vec<Numbers>,
    /// Matrices that are no longer needed: the system takes longer to find memory than a split takes to fill it.
    used: Mutex<Vec<CsrMatrix>>,
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
        let (_, counters, Selection { vocabulary, numbers, dropped }) =
            tally(&open, rewriter.clone(), passages)?;
        let same = Arc::new((0..=vocabulary.len() as u32).collect::<Vec<u32>>());
        let (texts, numbers) = counters
            .into_par_iter()
            .zip(numbers)
            .map(|(counter, of_terms)| {
                let (contents, Numbers { of_terms, lists }, _) = counter.into_numbered(of_terms);
                (contents.renumbered(&of_terms), Numbers { of_terms: Arc::clone(&same), lists })
            })
            .unzip();
        let keys = vocabulary.table.keys();
        let mut by_key: Vec<u32> = (0..vocabulary.len() as u32).collect();
        for block in vocabulary.starts.windows(2) {
            by_key[block[0] as usize..block[1] as usize].par_sort_unstable_by_key(|id| keys[*id as usize]);
        }
        Ok(Self {
            params: params.clone(),
            rewriter,
            n_rare: dropped.by_frequency,
            vocabulary,
            by_key,
            texts: Arc::new(Texts::new(texts)),
            numbers,
            used: Mutex::default(),
        })
    }

    /// The matrices of a split take no more bytes, but for a few.
    pub(crate) fn most_bytes(&self) -> usize {
        let n_entries: usize = self.vocabulary.df.iter().map(|df| *df as usize).sum();
        n_entries * ENTRY + self.texts.n_texts() * size_of::<usize>()
    }

    /// About so many bytes are taken by what makes the rows of a split.
    pub(crate) fn bytes_to_make(&self) -> usize {
        let of_lists: usize = self.numbers.iter().map(|part| part.lists.n_bytes()).sum();
        of_lists + self.vocabulary.len() * 3 * size_of::<u32>() + self.texts.n_texts() * size_of::<usize>()
    }

    /// The rows of a training side over its own vocabulary, and those of a test side over the same; `None` when no term of the
    /// training side stands in enough of its texts.
    ///
    /// # Arguments
    ///
    /// * `hold` - whether the training side, and whether the test side, is to be held in memory.
    pub(crate) fn split(
        &self,
        train: &[usize],
        test: &[usize],
        hold: (bool, bool),
    ) -> Option<(Rows<'static>, Rows<'static>)> {
        let over = Arc::new(self.columns(train).0);
        if over.n_cols() == 0 {
            return None;
        }
        let made = |of: &[usize]| Made::new(Arc::clone(&self.texts), Arc::clone(&over), of.to_vec());
        let (train, test) = (made(train), made(test));
        Some(rayon::join(
            || if hold.0 { train.matrix_in(self.place()).into() } else { Rows::Made(train) },
            || if hold.1 { test.matrix().into() } else { Rows::Made(test) },
        ))
    }

    /// Lets the memory go that rows were put in which were taken back.
    pub(crate) fn let_go(&self) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Takes the rows of a training side that are no longer needed: those of another are put in their place.
    pub(crate) fn take_back(&self, rows: Rows<'static>) {
        if let Rows::Held(matrix) = rows {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).push(matrix.into_owned());
        }
    }

    /// Where a matrix can be put.
    fn place(&self) -> CsrMatrix {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_else(|| CsrMatrix::empty(0))
    }

    /// What [`Tfidf::fit_counting`] of all passages gives. What was taken back is let go.
    ///
    /// # Arguments
    ///
    /// * `hold` - whether the rows are to be held in memory.
    ///
    /// # Errors
    ///
    /// Those of [`Tfidf::fit`].
    pub(crate) fn fit(&self, hold: bool) -> Result<(Tfidf, Rows<'static>, Dropped)> {
        let all: Vec<usize> = (0..self.texts.n_texts()).collect();
        let (over, ids) = self.columns(&all);
        if ids.is_empty() {
            return Err(no_terms(all.len(), self.params.min_df));
        }
        let wanted = self.vocabulary.df.iter().filter(|df| **df <= self.params.most_texts(all.len())).count();
        let dropped = Dropped {
            by_frequency: self.n_rare + self.vocabulary.len() - wanted,
            by_limit: wanted - ids.len(),
        };
        let vocabulary = self.vocabulary.chosen(&ids, over.starts.clone());
        let vocabulary = vocabulary.ok_or_else(|| taken_for_each_other(ids.len()))?;
        let tfidf = Tfidf::of_counts(&self.params, self.rewriter.clone(), vocabulary, over.idf.clone());
        let made = Made::new(Arc::clone(&self.texts), Arc::new(over), all);
        // One after the other: parts would have to be put together, and take half as much memory again meanwhile.
        let place = self.place();
        self.let_go();
        let rows = if hold { made.matrix_in(place).into() } else { Rows::Made(made) };
        Ok((tfidf, rows, dropped))
    }

    /// In how many of these texts each term stands.
    fn frequencies(&self, of: &[usize]) -> Vec<u32> {
        // Those of fewer texts are counted, and the rest of them is known.
        let mut inside = vec![false; self.texts.n_texts()];
        for text in of {
            inside[*text] = true;
        }
        let few = 2 * of.len() <= inside.len();
        let mut found = vec![0_u32; self.vocabulary.len()];
        let mut reader = TextReader::new(&self.texts, &self.numbers, self.vocabulary.len());
        for text in (0..inside.len()).filter(|text| inside[*text] == few) {
            reader.count(text);
            let place = found.as_ptr();
            let ahead = |id: u32| prefetch(place.wrapping_add(id as usize));
            reader.drain(ahead, |id| found[id as usize] += 1);
        }
        if !few {
            found.iter_mut().zip(&self.vocabulary.df).for_each(|(n, all)| *n = all - *n);
        }
        found
    }

    /// The vocabulary of these texts, and the id of each of its columns.
    fn columns(&self, train: &[usize]) -> (rows::Columns, Vec<u32>) {
        let df = self.frequencies(train);
        let least = self.params.min_df;
        let most = self.params.most_texts(train.len());
        // One more than the column of each term by its number, or 0.
        let (mut columns, mut idfs, mut ids) = (vec![0; df.len() + 1], Vec::new(), Vec::new());
        let mut starts = vec![0_u32];
        for block in self.vocabulary.starts.windows(2) {
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
            ids.resize(end as usize, 0);
            for id in by_key {
                let df = df[*id as usize];
                if wanted(df) {
                    let place = &mut places[df as usize];
                    if *place < limit {
                        let column = before + *place;
                        columns[*id as usize + 1] = column + 1;
                        (idfs[column as usize], ids[column as usize]) = (idf_of[df as usize], *id);
                    }
                    *place += 1;
                }
            }
            starts.push(end);
        }
        let columns = Arc::new(columns);
        let numbers = self.numbers.iter().map(|part| Numbers {
            of_terms: Arc::clone(&columns),
            lists: part.lists.clone().renumbered(&columns),
        });
        let sublinear = self.params.sublinear;
        (rows::Columns { numbers: numbers.collect(), starts, idf: idfs, sublinear }, ids)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CsrMatrix, NgramRange};
    use super::*;

    fn in_one_piece(rows: &Rows<'_>) -> CsrMatrix {
        let mut reader = rows.reader();
        let mut matrix = CsrMatrix::empty(rows.n_cols());
        // From the last to the first, as a solver may ask for them in any order.
        let read: Vec<_> = (0..rows.n_rows())
            .rev()
            .map(|i| {
                let row = reader.row(i);
                (row.columns.to_vec(), row.values.to_vec())
            })
            .collect();
        for (columns, values) in read.iter().rev() {
            let place = matrix.push_row(columns.len(), rows.n_rows());
            place.0.copy_from_slice(columns);
            place.1.copy_from_slice(values);
        }
        matrix
    }

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
                // None where no term is left.
                let read = Tfidf::fit(&params, Rewriter::default(), &of(train.clone())).ok();
                let read = read.map(|(tfidf, x)| (x, tfidf.transform(&of(test.clone()))));
                for hold in [(true, true), (false, true), (true, false)] {
                    let split = counts.split(&rows(train.clone()), &rows(test.clone()), hold);
                    let found = split.as_ref().map(|(x, x_test)| (in_one_piece(x), in_one_piece(x_test)));
                    assert_eq!(found, read);
                    // The next are put in their place.
                    if let Some((x, x_test)) = split {
                        counts.take_back(x);
                        counts.take_back(x_test);
                    }
                }
                n_found += usize::from(read.is_some());
            }
        }
        assert_eq!(n_found, 11, "six texts of twelve are more than .4 of them");
    }
}
