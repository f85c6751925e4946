//! Models that had not seen the rows they are asked about.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::blocks::{self, BlockRows};
use super::data::Data;
use super::fit::Recipe;
use super::learning_curve;
use super::out_of_fold::{Chosen, OutOfFold, Source, choose, mean};
use super::scores::RowScores;
use super::side_by_side::{bytes_of_block, bytes_of_terms, hold, side_by_side};
use super::steps::Steps;
use super::validation::{self, Said};
use crate::classifier::{Calibration, decide, decision_weights};
use crate::features::Counts;
use crate::model::{BlockCard, HeldOut, Trial, Validation};
use crate::statistics::{Confusion, stratified_grouped_folds};
use crate::{Error, Result};

/// What to cross-fit.
pub(super) struct Plan<'a> {
    /// The terms of the rows.
    pub(super) counts: &'a Counts,
    pub(super) recipe: Recipe,
    pub(super) grid: Vec<f64>,
    pub(super) folds: usize,
    pub(super) abstain: Option<f64>,
    pub(super) macro_f1: bool,
    /// What is read beside the terms.
    pub(super) blocks: &'a [BlockRows],
    /// Told of every fit that is done.
    pub(super) steps: &'a Steps<'a>,
}

/// What cross-fitting found.
pub(super) struct CrossFit {
    pub(super) n_folds: usize,
    pub(super) folds: Vec<usize>,
    pub(super) axes: Vec<AxisFit>,
}

/// What cross-fitting found on one axis.
pub(super) struct AxisFit {
    /// Of the terms, then of each block.
    pub(super) c: Vec<f64>,
    pub(super) calibration: Calibration,
    pub(super) trials: Vec<Trial>,
    /// What each block gives.
    pub(super) blocks: Vec<BlockCard>,
    pub(super) validation: Validation,
    /// The probability from which on each class may be meant; empty without abstention.
    pub(super) conformal: Vec<f64>,
    /// The weights under which probabilities decide for a class.
    pub(super) decision: Vec<f64>,
    /// Calibrated probabilities of every row, labelled or not, each from a model, a `C` and a calibration
    /// that had not seen its fold.
    pub(super) p: Vec<Vec<f64>>,
    /// Linear scores of every row out of fold, at the `C` of the model.
    pub(super) scores: Vec<Vec<f64>>,
    /// Those of the terms alone.
    pub(super) of_terms: RowScores,
}

/// Fits at the grids of all axes on one side of a split, and scores the other.
type ScoreSplit<'a> = dyn Fn(&[Vec<f64>], &[usize], &[usize]) -> Result<SplitScores> + Sync + 'a;

/// The linear scores of the rows of one test side, by axis, by `C`: `[axis][c]`.
pub(super) type SplitScores = Vec<Vec<RowScores>>;

/// Rows learned from, and rows held out.
pub(super) type Split = (Vec<usize>, Vec<usize>);

/// Inner folds of the nested choice of `C`.
pub(super) const INNER: usize = 3;

/// The linear scores of terms and blocks out of fold, before anything is chosen by them.
pub(super) struct FoldScores {
    /// The fold of each row.
    pub(super) folds: Vec<usize>,
    /// Rows learned from and rows scored: the outer splits, then the inner ones of each.
    pub(super) splits: Vec<Split>,
    sources: Vec<Source>,
}

pub(super) fn run(data: &Data<'_>, plan: &Plan<'_>) -> Result<CrossFit> {
    plan.steps.expect(learning_curve::n_fits(data, plan.folds));
    let scores = score_folds(data, plan)?;
    let mut axes: Vec<AxisFit> = (0..data.axes.axes.len())
        .into_par_iter()
        .map(|axis| axis_fit(data, plan, axis, &scores))
        .collect::<Result<_>>()?;
    // The scores are many, and no longer needed.
    let FoldScores { folds, .. } = scores;
    let curves = learning_curve::points(data, plan, &folds, &axes)?;
    for (axis, curve) in axes.iter_mut().zip(curves) {
        axis.validation.learning_curve.splice(0..0, curve);
    }
    Ok(CrossFit { n_folds: plan.folds, folds, axes })
}

/// Fits on every split and scores the rows that it holds out.
pub(super) fn score_folds(data: &Data<'_>, plan: &Plan<'_>) -> Result<FoldScores> {
    let seed = plan.recipe.seed;
    let strata = data.strata();
    let folds = stratified_grouped_folds(&data.groups, &strata, plan.folds, seed);
    let side = |fold: usize, inside: bool| -> Vec<usize> {
        (0..folds.len()).filter(|i| (folds[*i] == fold) == inside).collect()
    };
    // Outer splits, then the inner splits of each.
    let mut splits: Vec<Split> = (0..plan.folds)
        .map(|f| {
            let test = side(f, true);
            (data.apart_from(&test, side(f, false)), test)
        })
        .collect();
    for (axis, definition) in data.axes.axes.iter().enumerate() {
        let taught = |(train, _): &Split| {
            let mut classes = train.iter().filter_map(|i| data.rows[*i].labels[axis]);
            classes.next().is_some_and(|first| classes.any(|class| class != first))
        };
        if !splits.iter().any(taught) {
            return Err(Error::too_few("classes in what is learned from", 1, 2).with_help(format!(
                "{}: whatever is held out, no two classes are left. Each class may be of one group, or its texts stand in the others \
                 too; choose another --group, or --folds 0 --c 1.",
                definition.id
            )));
        }
    }
    let nested = plan.grid.len() > 1 || !plan.blocks.is_empty();
    if nested {
        for f in 0..plan.folds {
            let rows = splits[f].0.clone();
            let groups: Vec<usize> = rows.iter().map(|i| data.groups[*i]).collect();
            let strata: Vec<Vec<usize>> = rows.iter().map(|i| strata[*i].clone()).collect();
            let inner = stratified_grouped_folds(&groups, &strata, INNER, seed ^ (f as u64 + 1));
            for g in 0..INNER {
                let (test, train) = (0..rows.len()).partition::<Vec<usize>, _>(|i| inner[*i] == g);
                let of_rows = |side: &[usize]| side.iter().map(|i| rows[*i]).collect::<Vec<usize>>();
                let test = of_rows(&test);
                splits.push((data.apart_from(&test, of_rows(&train)), test));
            }
        }
    }
    let n_axes = data.axes.axes.len();
    let outer_or_all = |grid: &[f64]| if grid.len() > 1 { splits.len() } else { plan.folds };
    let n_block_fits: usize = plan.blocks.iter().map(|b| outer_or_all(b.block.grid())).sum();
    plan.steps.expect(outer_or_all(&plan.grid) + n_block_fits);
    let scored = |grid: &[f64], bytes: usize, score: &ScoreSplit<'_>| {
        let grids = vec![grid.to_vec(); n_axes];
        // The inner splits serve the choice of C alone.
        let splits = if grid.len() > 1 { &splits[..] } else { &splits[..plan.folds] };
        let scores = side_by_side(data.memory, bytes, splits, |(train, test)| {
            score(&grids, train, test).inspect(|_| plan.steps.step())
        })?;
        Ok::<_, Error>(Source { grid: grid.to_vec(), scores })
    };
    let mut sources =
        vec![scored(&plan.grid, bytes_of_terms(data, plan.counts, &plan.recipe), &|grids, train, test| {
            split_scores(data, plan.counts, &plan.recipe, grids, train, test)
        })?];
    let recipe = blocks::recipe(&plan.recipe);
    if !plan.blocks.is_empty() {
        plan.counts.let_go();
    }
    for block in plan.blocks {
        sources.push(scored(block.block.grid(), bytes_of_block(data, block), &|grids, train, test| {
            blocks::split_scores(data, block, &recipe, grids, train, test)
        })?);
    }
    Ok(FoldScores { folds, splits, sources })
}

/// Fits on one side of a split and scores the other.
pub(super) fn split_scores(
    data: &Data<'_>,
    counts: &Counts,
    recipe: &Recipe,
    grids: &[Vec<f64>],
    train: &[usize],
    test: &[usize],
) -> Result<SplitScores> {
    // A small split may have no term often enough: its rows get no opinion.
    // What is read once need not be held.
    let n_readings: usize = grids.iter().map(Vec::len).sum();
    let hold = hold(data, counts, recipe);
    let Some((x, x_test)) = counts.split(train, test, (hold, hold && n_readings > 1)) else {
        return Ok(silent(data, grids, test.len()));
    };
    let scores = (0..data.axes.axes.len())
        .into_par_iter()
        .map(|axis| {
            if grids[axis].is_empty() {
                return Ok(Vec::new());
            }
            let n_classes = data.axes.axes[axis].classes().len();
            let outputs = if n_classes == 2 { 1 } else { n_classes };
            let rows: Vec<usize> =
                (0..train.len()).filter(|i| data.rows[train[*i]].labels[axis].is_some()).collect();
            let y: Vec<usize> = rows.iter().filter_map(|i| data.rows[train[*i]].labels[axis]).collect();
            if y.iter().all(|k| Some(k) == y.first()) {
                return Ok(vec![RowScores::zeros(test.len(), outputs); grids[axis].len()]);
            }
            let weights: Vec<f64> = rows.iter().map(|i| data.rows[train[*i]].weight).collect();
            let selected;
            let x = if rows.len() == train.len() {
                &x
            } else {
                selected = x.select(&rows);
                &selected
            };
            let fits = recipe.rough_path(x, &y, n_classes, &weights, &grids[axis])?;
            Ok(fits.par_iter().map(|fit| fit.scores(&x_test)).collect())
        })
        .collect();
    counts.take_back(x);
    scores
}

fn silent(data: &Data<'_>, grids: &[Vec<f64>], n: usize) -> SplitScores {
    data.axes
        .axes
        .iter()
        .zip(grids)
        .map(|(axis, grid)| {
            let n_classes = axis.classes().len();
            vec![RowScores::zeros(n, if n_classes == 2 { 1 } else { n_classes }); grid.len()]
        })
        .collect()
}

/// What models that had not seen a row's fold say of it on one axis, and what was chosen on the way.
pub(super) fn held_out_on(
    data: &Data<'_>,
    plan: &Plan<'_>,
    axis: usize,
    scores: &FoldScores,
) -> Result<(Vec<Chosen>, OutOfFold)> {
    let FoldScores { splits, sources, .. } = scores;
    let rows = data.labelled(axis);
    let y: Vec<usize> = rows.iter().filter_map(|i| data.rows[*i].labels[axis]).collect();
    let n_classes = data.axes.axes[axis].classes().len();
    let found: Vec<Chosen> = sources
        .iter()
        .map(|s| choose(data, plan, axis, splits, s, &rows, &y, n_classes))
        .collect::<Result<_>>()?;
    let together: Vec<&Chosen> = found.iter().collect();
    let out = OutOfFold::of(data, plan, splits, &together, n_classes, axis);
    Ok((found, out))
}

fn axis_fit(data: &Data<'_>, plan: &Plan<'_>, axis: usize, scores: &FoldScores) -> Result<AxisFit> {
    let FoldScores { folds, sources, splits } = scores;
    let rows = data.labelled(axis);
    let y: Vec<usize> = rows.iter().filter_map(|i| data.rows[*i].labels[axis]).collect();
    let n_classes = data.axes.axes[axis].classes().len();
    let (found, out) = held_out_on(data, plan, axis, scores)?;
    let together: Vec<&Chosen> = found.iter().collect();
    let labelled_scores: Vec<Vec<f64>> = rows.iter().map(|i| mean(&together, None, *i)).collect();
    let calibration = Calibration::fit(&labelled_scores, &y, &data.weights(&rows), n_classes);
    let decision = decision_of(plan, &calibration, &labelled_scores, &y, n_classes);
    let c: Vec<f64> = found.iter().zip(sources).map(|(f, s)| s.grid[f.best]).collect();
    let labelled_p: Vec<Vec<f64>> = rows.iter().map(|i| out.p[*i].clone()).collect();
    let predicted: Vec<usize> = rows.iter().map(|i| out.predicted[*i]).collect();
    let blocks = plan
        .blocks
        .iter()
        .enumerate()
        .map(|(b, block)| {
            let predict = |of: &[&Chosen]| -> Vec<usize> {
                let out = OutOfFold::of(data, plan, splits, of, n_classes, axis);
                rows.iter().map(|i| out.predicted[*i]).collect()
            };
            let others: Vec<&Chosen> = (0..found.len()).filter(|s| *s != b + 1).map(|s| &found[s]).collect();
            let without = predict(&others);
            let alone = predict(&[&found[b + 1]]);
            let groups: Vec<usize> = rows.iter().map(|i| data.groups[*i]).collect();
            let added = validation::difference(&y, &predicted, &without, &groups, n_classes);
            BlockCard {
                name: block.block.name().into(),
                width: block.block.width(),
                c: c[b + 1],
                alone_macro_f1: Confusion::from_pairs(n_classes, y.iter().copied().zip(alone)).macro_f1(),
                added_macro_f1: added.0,
                added_interval: added.1,
            }
        })
        .collect();
    let seed = plan.recipe.seed;
    let whole = learning_curve::whole(data, plan, axis, scores, &rows, &labelled_scores, &y);
    let said = Said { p: &labelled_p, predicted: &predicted, whole };
    let validation = validation::validate(data, axis, &rows, &y, &said, folds, seed);
    let scores = (0..data.rows.len()).map(|i| mean(&together, None, i)).collect();
    let conformal =
        plan.abstain.map_or_else(Vec::new, |a| validation::conformal(&labelled_p, &y, n_classes, a));
    let of_terms = found[0].flat[found[0].best].clone();
    let trials = found.into_iter().flat_map(|f| f.trials).collect();
    Ok(AxisFit {
        c,
        calibration,
        trials,
        blocks,
        validation,
        conformal,
        decision,
        p: out.p,
        scores,
        of_terms,
    })
}

/// The weights under which classes are decided, found on these scores.
pub(super) fn decision_of(
    plan: &Plan<'_>,
    calibration: &Calibration,
    scores: &[Vec<f64>],
    y: &[usize],
    n_classes: usize,
) -> Vec<f64> {
    if !plan.macro_f1 {
        return vec![1.0; n_classes];
    }
    let p: Vec<Vec<f64>> = scores.iter().map(|z| calibration.apply(z)).collect();
    decision_weights(&p, y, n_classes)
}

/// Scores of all rows at one `C`, each from the split that held it out; zeros where none did.
pub(super) fn gather(n: usize, splits: &[Split], scores: &[SplitScores], axis: usize, c: usize) -> RowScores {
    let parts = splits.iter().zip(scores);
    RowScores::gathered(n, parts.map(|((_, test), scores)| (test.as_slice(), &scores[axis][c])))
}

/// Measures one setting on its out-of-fold scores; with `macro_f1`, under the decision weights that are best for it.
pub(super) fn trial(
    c: f64,
    scores: &[Vec<f64>],
    y: &[usize],
    weights: &[f64],
    n_classes: usize,
    macro_f1: bool,
) -> Trial {
    let calibration = Calibration::fit(scores, y, weights, n_classes);
    let p: Vec<Vec<f64>> = scores.iter().map(|z| calibration.apply(z)).collect();
    let losses = p.iter().zip(y).map(|(p, y)| -libm::log(p[*y].max(1e-15)));
    let log_loss: f64 = losses.zip(weights).map(|(loss, weight)| weight * loss).sum();
    let decision = if macro_f1 { decision_weights(&p, y, n_classes) } else { vec![1.0; n_classes] };
    let confusion =
        Confusion::from_pairs(n_classes, p.iter().zip(y).map(|(p, y)| (*y, decide(p, &decision))));
    Trial {
        setting: String::new(),
        c,
        log_loss: log_loss / weights.iter().sum::<f64>().max(f64::MIN_POSITIVE),
        macro_f1: confusion.macro_f1(),
        chosen: false,
    }
}

/// The trial of smallest calibrated log loss; of equal ones the first, which has the smallest `C`.
pub(super) fn best(trials: &[Trial]) -> usize {
    let mut best = 0;
    for (i, t) in trials.iter().enumerate() {
        if t.log_loss < trials[best].log_loss {
            best = i;
        }
    }
    best
}

impl CrossFit {
    /// The out-of-fold probabilities by key of the text. Of rows with the same text, the first counts.
    pub(super) fn held_out(&self, data: &Data<'_>) -> HeldOut {
        let mut held = HeldOut { folds: BTreeMap::new(), p: BTreeMap::new() };
        for (i, row) in data.rows.iter().enumerate() {
            let key = HeldOut::key(&row.text, &row.target);
            held.folds.entry(key).or_insert(self.folds[i] as u8);
            held.p
                .entry(key)
                .or_insert_with(|| self.axes.iter().flat_map(|a| a.p[i].iter().map(|p| *p as f32)).collect());
        }
        held
    }
}
