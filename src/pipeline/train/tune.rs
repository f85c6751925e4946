//! A small, explained search for settings.

use std::sync::Arc;

use super::blocks::{self, BlockRows, Blocks};
use super::cross_fit::{Split, SplitScores, best, gather, split_scores, trial};
use super::data::Data;
use super::fit::Recipe;
use super::side_by_side::{bytes_of_block, bytes_of_terms, side_by_side};
use super::{TrainParams, check_classes};
use crate::Result;
use crate::classifier::{Scheme, Solver};
use crate::corpus::TrainingSet;
use crate::features::{Counts, FeatureParams, NgramRange};
use crate::model::{Trial, Weighting};
use crate::statistics::stratified_grouped_folds;

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuned {
    /// The settings to train with.
    pub params: TrainParams,
    /// Every setting that was tried, axis by axis, in the order of trying.
    pub trials: Vec<Vec<Trial>>,
    /// True when the search was told to stop before its end.
    pub cut_short: bool,
}

/// The values of `C` that the search tries.
const COARSE: [f64; 6] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// Searches weighting, n-grams, token classes, the weights of rare classes and blocks by cross-validation.
///
/// In turn, each starting from the best so far: TF-IDF, naive-Bayes weighting or the mean of both; words 1–3, or 1;
/// no characters; token classes; balanced classes; then each block of `params`, which is left out when it adds nothing. A setting counts by its macro-F1 out of fold, averaged over axes, under
/// decision weights found on the same rows, and replaces another only when it is better by a tenth of a point. The classes of
/// the model are then decided for macro-F1. Under the solver `linfa`, which knows no row weights and tells all classes apart
/// together, balanced classes and one class against the rest are not tried.
///
/// The folds are those on which [`train`](super::train) then validates, so its figures are a little too good after a search: where
/// labels have nothing to do with texts, its permutation p is below 0.05 about twice as often as it says. Measure on rows kept
/// aside where that matters.
///
/// # Arguments
///
/// * `keep_going` - asked before each setting but the first; once it says no, the best so far is returned. The library knows no
///   clock: a time limit is the caller's.
///
/// # Errors
///
/// Those of [`train`](super::train).
pub fn tune(set: &TrainingSet, params: &TrainParams, keep_going: &dyn Fn() -> bool) -> Result<Tuned> {
    params.check()?;
    let data = Data::prepare(set, params, true);
    check_classes(&data)?;
    let mut search = Search {
        folds: stratified_grouped_folds(&data.groups, &data.strata(), params.folds.max(2), params.seed),
        data: &data,
        n_folds: params.folds.max(2),
        trials: vec![Vec::new(); set.axes.axes.len()],
        best: TrainParams { macro_f1: true, blocks: Blocks::default(), ..params.clone() },
        best_f1: f64::NEG_INFINITY,
        counted: None,
        of_terms: None,
        of_blocks: Vec::new(),
    };
    let mut cut_short = false;
    for (i, step) in steps(params).into_iter().enumerate() {
        if i > 0 && !keep_going() {
            cut_short = true;
            break;
        }
        if let Some(candidate) = step(&search.best) {
            search.consider(candidate, None)?;
        }
    }
    for block in &params.blocks.0 {
        if cut_short || !keep_going() {
            cut_short = true;
            break;
        }
        let mut blocks = search.best.blocks.clone();
        blocks.0.push(Arc::clone(block));
        let rows = BlockRows::new(block, &data.passages());
        search.consider(TrainParams { blocks, ..search.best.clone() }, Some(&rows))?;
    }
    Ok(Tuned { params: search.best, trials: search.trials, cut_short })
}

impl TrainParams {
    /// How many settings [`tune`] tries at most, starting from these.
    pub fn most_settings(&self) -> usize {
        steps(self).len() + self.blocks.0.len()
    }
}

type Step = Box<dyn Fn(&TrainParams) -> Option<TrainParams>>;

/// One change of the settings each; `None` where it would change nothing.
fn steps(start: &TrainParams) -> Vec<Step> {
    fn features(change: impl Fn(&mut FeatureParams) -> bool + 'static) -> Step {
        Box::new(move |p| {
            let mut next = p.clone();
            change(&mut next.features).then_some(next)
        })
    }
    let weighting = |to: Weighting| -> Step {
        Box::new(move |p| (p.weighting != to).then(|| TrainParams { weighting: to, ..p.clone() }))
    };
    let first = start.clone();
    let mut steps: Vec<Step> = vec![
        Box::new(move |_| Some(TrainParams { macro_f1: true, blocks: Blocks::default(), ..first.clone() })),
        weighting(Weighting::Nb),
        weighting(Weighting::Both),
        features(|f| f.words.replace(NgramRange::new(1, 3)) != Some(NgramRange::new(1, 3))),
        features(|f| f.words.replace(NgramRange::new(1, 1)) != Some(NgramRange::new(1, 1))),
        features(|f| f.words.is_some() && f.chars.take().is_some()),
        features(|f| !std::mem::replace(&mut f.token_classes, true)),
    ];
    if start.solver != Solver::Linfa {
        steps.push(Box::new(|p| (!p.balanced).then(|| TrainParams { balanced: true, ..p.clone() })));
        steps.push(Box::new(|p| {
            let changes = p.scheme == Scheme::Multinomial && p.weighting != Weighting::Nb;
            changes.then(|| TrainParams { scheme: Scheme::OneVsRest, ..p.clone() })
        }));
    }
    steps
}

struct Search<'a> {
    data: &'a Data<'a>,
    folds: Vec<usize>,
    n_folds: usize,
    trials: Vec<Vec<Trial>>,
    best: TrainParams,
    best_f1: f64,
    /// The terms of the rows under the settings tried last; many settings count alike.
    counted: Option<(FeatureParams, Counts)>,
    /// The scores of the terms at the best settings.
    of_terms: Option<Scored>,
    /// The same of each block taken so far.
    of_blocks: Vec<Scored>,
}

/// Out-of-fold scores by split, at each `C` of a grid.
#[derive(Clone)]
struct Scored {
    grid: Vec<f64>,
    splits: Vec<SplitScores>,
}

/// A setting must be better by this to replace another: differences below are noise.
const MARGIN: f64 = 0.001;

impl Search<'_> {
    /// Measures a setting: of the terms, or, with `block`, of the best terms and blocks so far and this one.
    fn consider(&mut self, candidate: TrainParams, block: Option<&BlockRows>) -> Result<()> {
        let recipe: Recipe = candidate.recipe();
        let n = self.data.rows.len();
        let n_axes = self.data.axes.axes.len();
        let splits: Vec<Split> = (0..self.n_folds)
            .map(|f| {
                let (train, test): (Vec<usize>, Vec<usize>) = (0..n).partition(|i| self.folds[*i] != f);
                (self.data.apart_from(&test, train), test)
            })
            .collect();
        let grid = match block {
            Some(rows) => rows.block.grid().to_vec(),
            None => candidate.c.map_or_else(|| COARSE.to_vec(), |c| vec![c]),
        };
        let grids = vec![grid.clone(); n_axes];
        let of_block = blocks::recipe(&recipe);
        // What was counted before is let go first.
        let counted = match self.counted.take().filter(|(of, _)| *of == candidate.features) {
            Some((_, counts)) => counts,
            None => Counts::read(&candidate.features, self.data.rewriter.clone(), &self.data.passages())?,
        };
        let bytes = match block {
            Some(rows) => bytes_of_block(self.data, rows),
            None => bytes_of_terms(self.data, &counted, &recipe),
        };
        let found = side_by_side(self.data.memory, bytes, &splits, |(train, test)| match block {
            Some(rows) => blocks::split_scores(self.data, rows, &of_block, &grids, train, test),
            None => split_scores(self.data, &counted, &recipe, &grids, train, test),
        })?;
        self.counted = Some((candidate.features.clone(), counted));
        let new = Scored { grid, splits: found };
        // What is averaged with it.
        let others: Vec<&Scored> = match block {
            Some(_) => self.of_terms.iter().chain(&self.of_blocks).collect(),
            None => Vec::new(),
        };
        let setting = describe(&candidate);
        let mut mean = 0.0;
        for axis in 0..n_axes {
            let rows = self.data.labelled(axis);
            let y: Vec<usize> = rows.iter().filter_map(|i| self.data.rows[*i].labels[axis]).collect();
            let weights = self.data.weights(&rows);
            let n_classes = self.data.axes.axes[axis].classes().len();
            let at = |scored: &Scored, k: usize| -> Vec<Vec<f64>> {
                let all = gather(n, &splits, &scored.splits, axis, k);
                rows.iter().map(|i| all.row(*i).to_vec()).collect()
            };
            let chosen = |scored: &Scored| -> Vec<Vec<f64>> {
                let trials: Vec<Trial> = (0..scored.grid.len())
                    .map(|k| trial(scored.grid[k], &at(scored, k), &y, &weights, n_classes, false))
                    .collect();
                at(scored, best(&trials))
            };
            let mut sum: Option<Vec<Vec<f64>>> = None;
            for other in &others {
                sum = Some(added(sum, chosen(other)));
            }
            let mut of_grid = Vec::new();
            // A block's C is chosen by the block alone, as training does.
            let tried: Vec<(f64, Vec<Vec<f64>>)> = if block.is_some() {
                let trials: Vec<Trial> = (0..new.grid.len())
                    .map(|k| trial(new.grid[k], &at(&new, k), &y, &weights, n_classes, false))
                    .collect();
                let k = best(&trials);
                vec![(new.grid[k], at(&new, k))]
            } else {
                (0..new.grid.len()).map(|k| (new.grid[k], at(&new, k))).collect()
            };
            for (c, scores) in tried {
                let share = 1.0 / (1 + others.len()) as f64;
                let mut z = added(sum.clone(), scores);
                z.iter_mut().flatten().for_each(|z| *z *= share);
                let mut trial = trial(c, &z, &y, &weights, n_classes, true);
                trial.setting.clone_from(&setting);
                of_grid.push(trial);
            }
            mean += of_grid[best(&of_grid)].macro_f1 / n_axes as f64;
            self.trials[axis].append(&mut of_grid);
        }
        if mean > self.best_f1 + MARGIN {
            self.best_f1 = mean;
            self.best = candidate;
            match block {
                Some(_) => self.of_blocks.push(new),
                None => self.of_terms = Some(new),
            }
        }
        Ok(())
    }
}

/// The sum of the scores of two models, row by row.
fn added(sum: Option<Vec<Vec<f64>>>, more: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let Some(mut sum) = sum else { return more };
    for (z, more) in sum.iter_mut().flatten().zip(more.into_iter().flatten()) {
        *z += more;
    }
    sum
}

/// A setting in a few words.
pub(super) fn describe(p: &TrainParams) -> String {
    let range = |r: Option<NgramRange>| r.map_or("off".into(), |r| r.to_string());
    let mut text =
        format!("{}, words {}, characters {}", p.weighting, range(p.features.words), range(p.features.chars));
    for (on, what) in [
        (p.features.token_classes, ", token classes"),
        (p.balanced, ", balanced classes"),
        (p.scheme == Scheme::OneVsRest, ", one against the rest"),
    ] {
        if on {
            text.push_str(what);
        }
    }
    for block in &p.blocks.0 {
        text.push_str(" + ");
        text.push_str(block.name());
    }
    text
}
