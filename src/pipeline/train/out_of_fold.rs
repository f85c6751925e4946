//! Terms and blocks put together out of fold: each source of scores at its own `C`, their mean calibrated and decided.

use super::cross_fit::{INNER, Plan, Split, SplitScores, best, decision_of, gather, trial};
use super::data::Data;
use super::scores::RowScores;
use super::side_by_side::side_by_side;
use crate::Result;
use crate::classifier::{Calibration, decide};
use crate::model::Trial;

/// The scores of the terms, or of one block, at each `C` of its grid.
pub(super) struct Source {
    pub(super) grid: Vec<f64>,
    /// Of the outer splits, then, with more than one `C`, of the inner ones.
    pub(super) scores: Vec<SplitScores>,
}

/// The choice of `C` for the terms or a block, over all and on each fold's training side alone.
pub(super) struct Chosen {
    /// Out-of-fold scores of all rows, by `C`.
    pub(super) flat: Vec<RowScores>,
    pub(super) best: usize,
    pub(super) of_fold: Vec<usize>,
    pub(super) trials: Vec<Trial>,
}

/// What a trial needs for each row, about.
const BYTES_OF_ROW: usize = 160;

#[expect(clippy::too_many_arguments, reason = "the choice looks at all there is about an axis")]
pub(super) fn choose(
    data: &Data<'_>,
    plan: &Plan<'_>,
    axis: usize,
    splits: &[Split],
    source: &Source,
    rows: &[usize],
    y: &[usize],
    n_classes: usize,
) -> Result<Chosen> {
    let Source { grid, scores } = source;
    let flat: Vec<RowScores> =
        (0..grid.len()).map(|c| gather(data.rows.len(), &splits[..plan.folds], scores, axis, c)).collect();
    let at = |c: usize, scores: &RowScores, rows: &[usize], y: &[usize]| {
        let of_rows: Vec<Vec<f64>> = rows.iter().map(|i| scores.row(*i).to_vec()).collect();
        trial(grid[c], &of_rows, y, &data.weights(rows), n_classes, false)
    };
    // Over all rows, then without each fold.
    let without = if grid.len() == 1 { 0 } else { plan.folds };
    let tasks: Vec<(Option<usize>, usize)> = std::iter::once(None)
        .chain((0..without).map(Some))
        .flat_map(|fold| (0..grid.len()).map(move |c| (fold, c)))
        .collect();
    let mut trials = side_by_side(data.memory, rows.len() * BYTES_OF_ROW, &tasks, |(fold, c)| {
        let Some(f) = *fold else { return Ok(at(*c, &flat[*c], rows, y)) };
        let inner = plan.folds + f * INNER..plan.folds + (f + 1) * INNER;
        // Copies of what is held out are in no inner split.
        let train = &splits[f].0;
        let rows: Vec<usize> = rows.iter().copied().filter(|i| train.binary_search(i).is_ok()).collect();
        let y: Vec<usize> = rows.iter().filter_map(|i| data.rows[*i].labels[axis]).collect();
        let scores = gather(data.rows.len(), &splits[inner.clone()], &scores[inner], axis, *c);
        Ok(at(*c, &scores, &rows, &y))
    })?;
    let of_fold = match trials.split_off(grid.len()).as_slice() {
        [] => vec![0; plan.folds],
        of_folds => of_folds.chunks(grid.len()).map(best).collect(),
    };
    Ok(Chosen { best: best(&trials), of_fold, flat, trials })
}

/// The mean of the linear scores of a row: each source at the `C` chosen without this fold, or over all.
pub(super) fn mean(of: &[&Chosen], fold: Option<usize>, row: usize) -> Vec<f64> {
    let at = |c: &Chosen| fold.map_or(c.best, |f| c.of_fold[f]);
    let mut z = of[0].flat[at(of[0])].row(row).to_vec();
    for source in &of[1..] {
        for (z, other) in z.iter_mut().zip(source.flat[at(source)].row(row)) {
            *z += other;
        }
    }
    for z in &mut z {
        *z /= of.len() as f64;
    }
    z
}

/// What models that had not seen a row's fold say of it, `C` and calibration being chosen without it too.
pub(super) struct OutOfFold {
    pub(super) p: Vec<Vec<f64>>,
    pub(super) predicted: Vec<usize>,
}

impl OutOfFold {
    pub(super) fn of(
        data: &Data<'_>,
        plan: &Plan<'_>,
        splits: &[Split],
        sources: &[&Chosen],
        n_classes: usize,
        axis: usize,
    ) -> Self {
        let mut out = Self { p: vec![Vec::new(); data.rows.len()], predicted: vec![0; data.rows.len()] };
        for (f, (train, test)) in splits[..plan.folds].iter().enumerate() {
            let others: Vec<usize> =
                train.iter().copied().filter(|i| data.rows[*i].labels[axis].is_some()).collect();
            let y: Vec<usize> = others.iter().filter_map(|i| data.rows[*i].labels[axis]).collect();
            let of_others: Vec<Vec<f64>> = others.iter().map(|i| mean(sources, Some(f), *i)).collect();
            let calibration = Calibration::fit(&of_others, &y, &data.weights(&others), n_classes);
            let weights = decision_of(plan, &calibration, &of_others, &y, n_classes);
            for i in test.iter().copied() {
                out.p[i] = calibration.apply(&mean(sources, Some(f), i));
                out.predicted[i] = decide(&out.p[i], &weights);
            }
        }
        out
    }
}
