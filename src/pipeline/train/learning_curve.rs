//! What more rows would give: macro-F1 by the share of the groups that are learned from.

use super::blocks;
use super::cross_fit::{AxisFit, FoldScores, Plan, split_scores};
use super::data::Data;
use super::side_by_side::{bytes_of_all, side_by_side};
use crate::Result;
use crate::classifier::{Calibration, most_probable};
use crate::model::LearningPoint;
use crate::statistics::Confusion;

/// Shares of the training groups at which the curve is taken, beside all of them.
const SHARES: [f64; 3] = [0.25, 0.5, 0.75];

/// So many rows and groups held out, and so many rows of the rarest class, say enough of a point of the learning curve: a standard
/// error of macro-F1 of some .002. Where there are millions of rows, fits on all folds would take most of the time.
const ROWS_OF_POINT: usize = 50_000;
const GROUPS_OF_POINT: usize = 200;
const ROWS_OF_CLASS: usize = 1_000;

/// How many folds the curves are measured on.
fn n_folds(data: &Data<'_>, folds: usize) -> usize {
    let of_axis = |axis: usize| folds_that_tell(&data.counts(axis), data.n_groups, folds);
    (0..data.axes.axes.len()).map(of_axis).max().unwrap_or(folds)
}

/// How many of the folds hold enough, given how many rows there are of each class, and how many groups.
fn folds_that_tell(counts: &[usize], n_groups: usize, folds: usize) -> usize {
    let enough = |n: usize, wanted: usize| (wanted * folds).div_ceil(n.max(1));
    let rarest = counts.iter().copied().filter(|n| *n > 0).min().unwrap_or_default();
    let of_rows = enough(counts.iter().sum(), ROWS_OF_POINT).max(enough(rarest, ROWS_OF_CLASS));
    of_rows.max(enough(n_groups, GROUPS_OF_POINT)).clamp(1, folds)
}

/// How many fits it takes beyond those of cross-validation.
pub(super) fn n_fits(data: &Data<'_>, folds: usize) -> usize {
    SHARES.len() * n_folds(data, folds)
}

/// The end of an axis's curve, of which cross-validation has the scores.
///
/// # Arguments
///
/// * `rows` - those with a class, `y`.
/// * `of_rows` - their linear scores out of fold.
pub(super) fn whole(
    data: &Data<'_>,
    plan: &Plan<'_>,
    axis: usize,
    scores: &FoldScores,
    rows: &[usize],
    of_rows: &[Vec<f64>],
    y: &[usize],
) -> LearningPoint {
    let FoldScores { folds, splits, .. } = scores;
    let n_folds = n_folds(data, plan.folds);
    let n_classes = data.axes.axes[axis].classes().len();
    let held_out = || (0..rows.len()).filter(|k| folds[rows[*k]] < n_folds);
    let labelled = |train: &[usize]| train.iter().filter(|i| data.rows[**i].labels[axis].is_some()).count();
    LearningPoint {
        share: 1.0,
        n_rows: splits[..n_folds].iter().map(|(train, _)| labelled(train)).sum::<usize>() / n_folds,
        macro_f1: Confusion::from_pairs(n_classes, held_out().map(|k| (y[k], highest(&of_rows[k]))))
            .macro_f1(),
        n_held_out: held_out().count(),
    }
}

/// The class of the highest score: the points have no calibration of their own.
fn highest(z: &[f64]) -> usize {
    most_probable(&Calibration::None.apply(z))
}

/// By axis: rows learned from, and pairs of class and prediction.
type Outcome = Vec<(usize, Vec<(usize, usize)>)>;

/// The points of each axis's curve but for its end.
pub(super) fn points(
    data: &Data<'_>,
    plan: &Plan<'_>,
    folds: &[usize],
    axes: &[AxisFit],
) -> Result<Vec<Vec<LearningPoint>>> {
    let grids = |source: usize| axes.iter().map(|a| vec![a.c[source]]).collect::<Vec<_>>();
    let of_blocks = blocks::recipe(&plan.recipe);
    let mut order: Vec<usize> = (0..data.n_groups).collect();
    crate::statistics::Draws::new(plan.recipe.seed, 1).shuffle(&mut order);
    let mut rank = vec![0; data.n_groups];
    for (r, g) in order.iter().enumerate() {
        rank[*g] = r;
    }
    let n_folds = n_folds(data, plan.folds);
    let tasks: Vec<(f64, usize)> = SHARES.iter().flat_map(|s| (0..n_folds).map(move |f| (*s, f))).collect();
    let outcomes: Vec<Outcome> =
        side_by_side(data.memory, bytes_of_all(data, plan), &tasks, |(share, f)| {
            let kept = |i: usize| (rank[data.groups[i]] as f64) < share * data.n_groups as f64;
            let train: Vec<usize> = (0..folds.len()).filter(|i| folds[*i] != *f && kept(*i)).collect();
            let test: Vec<usize> = (0..folds.len()).filter(|i| folds[*i] == *f).collect();
            let train = data.apart_from(&test, train);
            let mut scores = split_scores(data, plan.counts, &plan.recipe, &grids(0), &train, &test)?;
            for (b, block) in plan.blocks.iter().enumerate() {
                let more = blocks::split_scores(data, block, &of_blocks, &grids(b + 1), &train, &test)?;
                scores.iter_mut().zip(&more).for_each(|(z, more)| z[0].add(&more[0]));
            }
            plan.steps.step();
            let of_axis = |axis: usize| {
                let labelled = |i: &usize| data.rows[*i].labels[axis];
                let pairs = test
                    .iter()
                    .zip(scores[axis][0].rows())
                    .filter_map(|(i, z)| Some((labelled(i)?, highest(z))));
                (train.iter().filter_map(labelled).count(), pairs.collect())
            };
            Ok((0..axes.len()).map(of_axis).collect())
        })?;
    let curve = |axis: usize| {
        let n_classes = data.axes.axes[axis].classes().len();
        let point = |(s, share): (usize, &f64)| {
            let of_share = || outcomes[s * n_folds..(s + 1) * n_folds].iter().map(|o| &o[axis]);
            let pairs = of_share().flat_map(|o| o.1.iter().copied());
            LearningPoint {
                share: *share,
                n_rows: of_share().map(|o| o.0).sum::<usize>() / n_folds,
                macro_f1: Confusion::from_pairs(n_classes, pairs).macro_f1(),
                n_held_out: of_share().map(|o| o.1.len()).sum(),
            }
        };
        SHARES.iter().enumerate().map(point).collect()
    };
    Ok((0..axes.len()).map(curve).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_takes_as_many_folds_as_tell() {
        for (counts, n_groups, n) in [
            (&[40, 60][..], 100, 5),
            (&[30_000, 30_000], 9_000, 5),
            (&[60_000, 65_000], 9_000, 2),
            (&[250_000, 250_000], 9_000, 1),
            (&[250_000, 250_000], 300, 4),
            (&[999_000, 1_000], 9_000, 5),
            (&[998_000, 2_000, 0], 9_000, 3),
            (&[0, 0], 0, 5),
        ] {
            assert_eq!(folds_that_tell(counts, n_groups, 5), n, "{counts:?}");
        }
    }
}
