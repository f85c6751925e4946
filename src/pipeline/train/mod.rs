//! From labelled rows to a model, with an honest account of how good it is.

mod blocks;
mod cards;
mod cross_fit;
mod data;
mod fit;
mod learning_curve;
mod out_of_fold;
mod scores;
mod side_by_side;
mod steps;
mod suspicious;
#[cfg(test)]
mod tests;
mod transfer;
mod tune;
mod validation;

use std::sync::Arc;

use rayon::prelude::*;

use crate::classifier::{Calibration, Scheme, Solver, check_c};
use crate::corpus::TrainingSet;
use crate::features::{Counts, FeatureParams, Passage, Rows, Tfidf};
use crate::model::{AxisModel, Card, DensePart, HeldOut, Language, Model, Parts, Weighting};
use crate::{Error, Result};
use blocks::BlockRows;
pub use blocks::Blocks;
use cards::{axis_card, not_calibrated};
use cross_fit::{CrossFit, Plan};
use data::Data;
use fit::{Linear, Recipe};
use side_by_side::most_bytes_alone;
use steps::Steps;
pub use suspicious::{Suspicion, Suspicions, SuspicionsOnAxis, suspicious};
pub use tune::{Tuned, tune};

/// How to train.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainParams {
    /// What is counted in a text.
    pub features: FeatureParams,
    /// How terms are weighted.
    pub weighting: Weighting,
    /// How three and more classes are told apart.
    pub scheme: Scheme,
    /// Which solver.
    pub solver: Solver,
    /// Inverse regularisation strength; `None` chooses it by cross-validation.
    pub c: Option<f64>,
    /// Rows weigh in inverse proportion to the frequency of their class.
    pub balanced: bool,
    /// Folds of the cross-validation; 0 fits only.
    pub folds: usize,
    /// Replaces the names of speakers and outlets by one word.
    pub mask_names: bool,
    /// Pairs of a phrase and the word it is read as: "Kiev", "Kyiv".
    pub aliases: Vec<(String, String)>,
    /// Share of rows whose class is not among those that may be meant, in (0, 1): a score is `low_confidence` unless one class alone
    /// may be. `None` flags none.
    pub abstain: Option<f64>,
    /// Decides classes for macro-F1, by weights found out of fold, in place of for the most probable class.
    pub macro_f1: bool,
    /// What is read beside the terms: a lexicon, word vectors, a sentence encoder.
    pub blocks: Blocks,
    /// So many bytes of matrices are held at once, about; what does not fit is made anew whenever it is read. The result is the same.
    pub memory: usize,
    /// Seed of everything drawn.
    pub seed: u64,
}

impl Default for TrainParams {
    fn default() -> Self {
        Self {
            features: FeatureParams::default(),
            weighting: Weighting::Tfidf,
            scheme: Scheme::Multinomial,
            solver: Solver::Sparse,
            c: None,
            balanced: false,
            folds: 5,
            mask_names: true,
            aliases: Vec::new(),
            abstain: Some(0.1),
            macro_f1: false,
            blocks: Blocks::default(),
            memory: 8_000_000_000,
            seed: 1,
        }
    }
}

/// The values of `C` among which cross-validation chooses: 0.01 to 100, three a decade.
pub const C_GRID: [f64; 13] = [
    0.01, 0.021_544, 0.046_416, 0.1, 0.215_443, 0.464_159, 1.0, 2.154_435, 4.641_589, 10.0, 21.544_347,
    46.415_888, 100.0,
];
/// Rows that a class needs: fewer cannot be learned from, nor split into folds.
pub const FEWEST_PER_CLASS: usize = 5;

impl TrainParams {
    fn check(&self) -> Result<()> {
        self.features.check()?;
        self.c.map_or(Ok(()), check_c)?;
        if self.folds == 1 || self.folds > 50 {
            return Err(Error::argument("--folds", self.folds, "0 (fit only) or 2 to 50"));
        }
        if self.folds == 0 && self.c.is_none() {
            return Err(Error::argument("--folds", 0, "a fixed --c to go with it")
                .with_help("Without folds there is nothing to choose C by; give --c 1, say."));
        }
        if let Some(a) = self.abstain
            && !(a > 0.0 && a < 1.0)
        {
            return Err(Error::argument("--abstain", a, "a share in (0, 1), or 0 to flag nothing"));
        }
        if self.solver == Solver::Linfa && self.scheme == Scheme::OneVsRest {
            return Err(Error::argument("--solver", "linfa", "one model of all classes, without --one-vs-rest")
                .with_help("linfa-logistic tells classes apart together; leave --one-vs-rest out, or use the default solver."));
        }
        Ok(())
    }

    fn recipe(&self) -> Recipe {
        Recipe {
            weighting: self.weighting,
            scheme: self.scheme,
            solver: self.solver,
            balanced: self.balanced,
            seed: self.seed,
        }
    }
}

/// Trains a model on labelled rows.
///
/// The rows are put in an order that depends on their content alone, so shuffled files give the same model, to the
/// byte, on any number of threads. Each axis gets a logistic regression over one common vocabulary. With folds, `C` is
/// chosen by calibrated log loss out of fold; probabilities are calibrated on out-of-fold scores; the card tells how well the
/// model does on rows it had not seen, `C` and calibration being chosen without them too.
///
/// # Errors
///
/// [`ErrorKind::TooFew`](crate::ErrorKind::TooFew) when an axis has one class, a class fewer than five rows, or all rows one
/// group; [`ErrorKind::Argument`](crate::ErrorKind::Argument) for settings that cannot work;
/// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) when a solver fails.
///
/// # Example
///
/// ```
/// use sayso::corpus::{TrainingRow, TrainingSet};
/// use sayso::pipeline::{TrainParams, train};
/// use sayso::types::{Axis, AxisSet};
///
/// let row = |i: usize, text: &str, class| TrainingRow {
///     text: format!("{text} number {i}"),
///     group: i.to_string(),
///     weight: 1.0,
///     labels: vec![Some(class)],
///     ..TrainingRow::default()
/// };
/// let set = TrainingSet {
///     axes: AxisSet { axes: vec![Axis::nominal("posture", ["firm".into(), "mild".into()])] },
///     rows: (0..12)
///         .flat_map(|i| [row(i, "more sanctions must follow now", 0), row(i + 12, "let us return to talks", 1)])
///         .collect(),
///     notes: Vec::new(),
/// };
/// let model = train(&set, &TrainParams::default())?;
/// assert_eq!(model.score("New sanctions must come").axes["posture"].class, "firm");
/// # Ok::<(), sayso::Error>(())
/// ```
pub fn train(set: &TrainingSet, params: &TrainParams) -> Result<Model> {
    train_watched(set, params, &|_, _| {})
}

/// Like [`train`], and tells how far it is.
///
/// # Arguments
///
/// * `watch` - called after each fit, from any thread, with how many are done and how many there are in all.
///
/// # Errors
///
/// Those of [`train`].
pub fn train_watched(
    set: &TrainingSet,
    params: &TrainParams,
    watch: &(dyn Fn(usize, usize) + Sync),
) -> Result<Model> {
    params.check()?;
    let steps = Steps::new(watch);
    let mut data = Data::prepare(set, params, params.folds > 0);
    check_classes(&data)?;
    let passages = data.passages();
    let recipe = params.recipe();
    let blocks: Vec<BlockRows> = params.blocks.0.iter().map(|b| BlockRows::new(b, &passages)).collect();
    let (cross_fit, (tfidf, x, dropped)) = if params.folds == 0 {
        let most_bytes = most_bytes_alone(&data, &recipe);
        (None, Tfidf::fit_rows(&params.features, data.rewriter.clone(), &passages, most_bytes)?)
    } else {
        let notes = data.classes_of_one_group();
        data.notes.extend(notes);
        let (found, counts) = cross_validate(&data, &passages, params, &blocks, &steps)?;
        (Some(found), counts.fit(counts.most_bytes() <= most_bytes_alone(&data, &recipe))?)
    };
    if dropped.by_limit > 0 {
        data.notes
            .push(format!("{} terms beyond --max-features were dropped, the rarest first", dropped.by_limit));
    }
    let c = |axis: usize| params.c.unwrap_or_else(|| cross_fit.as_ref().map_or(1.0, |f| f.axes[axis].c[0]));
    let fits = fit_terms(&data, &x, &recipe, &c)?;
    steps.step();
    let n_outputs: usize = fits.iter().map(|f| f.intercepts.len()).sum();
    let of_blocks = blocks::fit_all(&data, &blocks, recipe, cross_fit.as_ref())?;
    // The mean of the linear scores of terms and blocks.
    let share = 1.0 / (1 + blocks.len()) as f64;
    let mut weights = vec![0.0_f32; x.n_cols() * n_outputs];
    let (mut at, mut axes, mut cards) = (0, Vec::new(), Vec::new());
    for (axis, fit) in fits.into_iter().enumerate() {
        let n = fit.intercepts.len();
        for (j, w) in fit.weights.chunks_exact(n).enumerate() {
            for (k, w) in w.iter().enumerate() {
                weights[j * n_outputs + at + k] = (*w * share) as f32;
            }
        }
        let intercepts = (0..n)
            .map(|k| {
                share * (fit.intercepts[k] + of_blocks.iter().map(|b| b.intercepts[at + k]).sum::<f64>())
            })
            .collect();
        at += n;
        let of_axis = cross_fit.as_ref().map(|f| &f.axes[axis]);
        let definition = data.axes.axes[axis].clone();
        let calibration = of_axis.map_or(Calibration::None, |a| a.calibration.clone());
        if of_axis.is_some() && calibration == Calibration::None {
            let note = not_calibrated(&definition, &data.counts(axis));
            data.notes.push(note);
        }
        cards.push(axis_card(&data, axis, &definition, params, c(axis), &calibration, fit.reports, of_axis));
        axes.push(AxisModel {
            decision: of_axis.map_or_else(|| vec![1.0; definition.classes().len()], |a| a.decision.clone()),
            conformal: of_axis.map_or_else(Vec::new, |a| a.conformal.clone()),
            axis: definition,
            intercepts,
            calibration,
        });
    }
    let held_out = cross_fit.as_ref().map_or_else(HeldOut::default, |f| f.held_out(&data));
    let card = Card {
        sayso: env!("CARGO_PKG_VERSION").into(),
        n_rows: data.rows.len(),
        n_groups: data.n_groups,
        data_digest: data.digest(),
        seed: params.seed,
        folds: cross_fit.as_ref().map_or(0, |f| f.n_folds),
        features: params.features.clone(),
        n_terms: tfidf.vocabulary().len(),
        n_rewritten_names: data.n_names,
        // Aliases are rewritten too.
        names_masked: data.n_names > params.aliases.len(),
        names_read: !params.mask_names
            && data.rows.iter().any(|row| !row.speaker.is_empty() || !row.outlet.is_empty()),
        axes: cards,
        notes: data.notes.clone(),
    };
    let dense = of_blocks
        .into_iter()
        .zip(&blocks)
        .map(|(fitted, rows)| DensePart {
            block: Arc::clone(&rows.block),
            scaling: fitted.scaling,
            weights: fitted.weights.iter().map(|w| (w * share) as f32).collect(),
        })
        .collect();
    Model::new(Parts { language: Language::of(&passages), tfidf, axes, weights, dense, held_out, card })
}

/// Fits the terms on all rows, by axis.
fn fit_terms(
    data: &Data<'_>,
    x: &Rows<'_>,
    recipe: &Recipe,
    c: &(dyn Fn(usize) -> f64 + Sync),
) -> Result<Vec<Linear>> {
    (0..data.axes.axes.len())
        .into_par_iter()
        .map(|axis| {
            let rows = data.labelled(axis);
            let y: Vec<usize> = rows.iter().filter_map(|i| data.rows[*i].labels[axis]).collect();
            let n_classes = data.axes.axes[axis].classes().len();
            let selected;
            let x = if rows.len() == x.n_rows() {
                x
            } else {
                selected = x.select(&rows);
                &selected
            };
            recipe.fit(x, &y, n_classes, &data.weights(&rows), c(axis))
        })
        .collect()
}

fn check_classes(data: &Data<'_>) -> Result<()> {
    if data.axes.axes.is_empty() || data.rows.is_empty() {
        let help = "Label some statements first: sayso label.";
        let passed_over = data.notes.join("; ");
        return Err(Error::too_few("labelled rows", 0, 2 * FEWEST_PER_CLASS)
            .with_help(if passed_over.is_empty() { help.into() } else { format!("{passed_over}. {help}") }));
    }
    for (axis, definition) in data.axes.axes.iter().enumerate() {
        let counts = data.counts(axis);
        let present = counts.iter().filter(|n| **n > 0).count();
        if present < 2 {
            return Err(Error::too_few(format!("classes with rows on axis {}", definition.id), present, 2)
                .with_help("A classifier needs rows of at least two classes."));
        }
        for (class, n) in definition.classes().iter().zip(&counts) {
            if *n < FEWEST_PER_CLASS {
                return Err(Error::too_few(
                    format!("rows of class {} on axis {}", class.id, definition.id),
                    *n,
                    FEWEST_PER_CLASS,
                )
                .with_help(format!("Label {} more, or leave the axis out.", FEWEST_PER_CLASS - n)));
            }
        }
    }
    Ok(())
}

fn cross_validate(
    data: &Data<'_>,
    passages: &[Passage<'_>],
    params: &TrainParams,
    blocks: &[BlockRows],
    steps: &Steps<'_>,
) -> Result<(CrossFit, Counts)> {
    if data.n_groups < 2 {
        let help = if data.rows.iter().all(|row| row.text == data.rows[0].text) {
            "All texts are the same: is it the column with the texts?"
        } else {
            "All rows are one group, so none can be held out; choose another --group, or --folds 0 --c 1."
        };
        return Err(Error::too_few("groups of rows", data.n_groups, 2).with_help(help));
    }
    let count = |data: &Data<'_>| Counts::read(&params.features, data.rewriter.clone(), passages);
    let counts = count(data)?;
    let plan = plan(data, params, &counts, blocks, steps);
    let mut fit = cross_fit::run(data, &plan)?;
    let open = open(data, params);
    steps.expect(2);
    let by_file = transfer::by_file(data, &plan, &fit)?;
    steps.step();
    let names_left_in = |open: Data<'_>| {
        transfer::names_left_in(data, &self::plan(data, params, &count(&open)?, &[], steps), &fit)
    };
    let names = open.map(names_left_in).transpose()?;
    steps.step();
    for (axis, by_file) in fit.axes.iter_mut().zip(by_file) {
        axis.validation.by_file = by_file;
    }
    for (axis, names) in fit.axes.iter_mut().zip(names.into_iter().flatten()) {
        axis.validation.names_left_in = Some(names);
    }
    Ok((fit, counts))
}

fn plan<'a>(
    data: &Data<'_>,
    params: &TrainParams,
    counts: &'a Counts,
    blocks: &'a [BlockRows],
    steps: &'a Steps<'a>,
) -> Plan<'a> {
    Plan {
        counts,
        recipe: params.recipe(),
        grid: params.c.map_or_else(|| C_GRID.to_vec(), |c| vec![c]),
        folds: params.folds.min(data.n_groups),
        abstain: params.abstain,
        macro_f1: params.macro_f1,
        blocks,
        steps,
    }
}

/// The same rows with names left in; `None` when none is masked.
fn open<'a>(data: &Data<'a>, params: &TrainParams) -> Option<Data<'a>> {
    let bare = TrainParams { mask_names: false, ..params.clone() };
    let open = data.rewritten(&bare);
    (open.n_names < data.n_names).then_some(open)
}
