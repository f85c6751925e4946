//! Labels that models which had not seen them would not have given.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::cross_fit::{FoldScores, held_out_on, score_folds};
use super::data::Data;
use super::steps::Steps;
use super::{BlockRows, FEWEST_PER_CLASS, Plan, TrainParams};
use crate::Result;
use crate::classifier::most_probable;
use crate::corpus::{TrainingRow, TrainingSet};
use crate::features::Counts;
use crate::statistics::{ConfidentJoint, normalised_margin};
use crate::types::{Axis, AxisSet};

/// What a search for wrong labels found.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspicions {
    /// The axes that were searched, in the order of the set.
    pub axes: Vec<SuspicionsOnAxis>,
    /// What could not be judged, and why: axes and classes with too few rows, axes of which nothing was learned.
    pub notes: Vec<String>,
}

/// The probably wrong labels of one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct SuspicionsOnAxis {
    /// The axis.
    pub axis: String,
    /// The classes that were judged, in the order of the axis.
    pub classes: Vec<String>,
    /// Labels that were judged.
    pub n: usize,
    /// The share of them that is the most probable class out of fold, in [0, 1]: how far the model can be trusted.
    pub agreement: f64,
    /// The share of the commonest label, in [0, 1]: a model that agrees with no more than this has learned nothing.
    pub commonest: f64,
    /// The estimated share of wrong labels, in [0, 1]; see [`ConfidentJoint::error_share`].
    pub error_share: f64,
    /// The mean out-of-fold probability of each class in the rows labelled so.
    pub thresholds: Vec<f64>,
    /// The estimated joint distribution of given and right label; see [`ConfidentJoint::joint`].
    pub joint: Vec<Vec<f64>>,
    /// The suspicious labels, the most suspicious first.
    pub labels: Vec<Suspicion>,
}

/// A label that is probably wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspicion {
    /// Index in the set of the first row with this label.
    pub row: usize,
    /// The other rows with the same words and a class on this axis, of whatever label.
    pub also: Vec<(usize, String)>,
    /// The class given.
    pub label: String,
    /// The class that the statement reads as.
    pub suggested: String,
    /// The out-of-fold probability of the class given.
    pub p_label: f64,
    /// The out-of-fold probability of the class suggested.
    pub p_suggested: f64,
    /// The normalised margin, in [−1, 0): the lower, the more suspicious.
    pub margin: f64,
}

/// Finds labels that are probably wrong, by confident learning on out-of-fold probabilities.
///
/// Folds, vocabulary, `C` and calibration are those of [`train`](super::train): no group stands on both sides of a split, and what is fitted
/// is fitted without the fold that it judges. On each axis, with the thresholds and the joint of [`ConfidentJoint`], a label is suspicious when
/// the statement confidently reads as another class `j` than the given class `i` and `p(j) > p(i)`. They are ranked by
/// `p(i) − max_{k ≠ i} p(k)`, the lowest first.
///
/// Rows count with their weights, so the annotators of one statement share one vote. Rows with the same words and target and the same label are
/// one suspicion; the others are named beside it. Classes with fewer than five rows, or whose rows are all of one group, cannot be judged:
/// their labels are left out. An axis with fewer than two classes to judge is passed over.
///
/// # Arguments
///
/// * `watch` - called after each fit, from any thread, with how many are done and how many there are in all.
///
/// # Errors
///
/// [`ErrorKind::Argument`](crate::ErrorKind::Argument) for settings that cannot work;
/// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) when a solver fails. Too few labels are no error.
///
/// # Example
///
/// ```
/// use sayso::corpus::{TrainingRow, TrainingSet};
/// use sayso::pipeline::{TrainParams, suspicious};
/// use sayso::types::{Axis, AxisSet};
///
/// let row = |i: usize| TrainingRow {
///     text: format!("{} number {i}", ["more sanctions must follow now", "let us return to talks"][i % 2]),
///     group: i.to_string(),
///     weight: 1.0,
///     // The label of row 7 is wrong.
///     labels: vec![Some(if i == 7 { 0 } else { i % 2 })],
///     ..TrainingRow::default()
/// };
/// let set = TrainingSet {
///     axes: AxisSet { axes: vec![Axis::nominal("posture", ["firm".into(), "mild".into()])] },
///     rows: (0..40).map(row).collect(),
///     notes: Vec::new(),
/// };
/// let found = suspicious(&set, &TrainParams::default(), &|_, _| {})?;
/// let labels = &found.axes[0].labels;
/// assert_eq!(labels.len(), 1);
/// assert_eq!((labels[0].row, labels[0].suggested.as_str()), (7, "mild"));
/// # Ok::<(), sayso::Error>(())
/// ```
///
/// # References
///
/// * Northcutt, Jiang & Chuang (2021), "Confident Learning", *JAIR* 70:1373–1411.
pub fn suspicious(
    set: &TrainingSet,
    params: &TrainParams,
    watch: &(dyn Fn(usize, usize) + Sync),
) -> Result<Suspicions> {
    params.check()?;
    let mut notes = Vec::new();
    let set = judgeable(set, params, &mut notes);
    if set.axes.axes.is_empty() {
        return Ok(Suspicions { axes: Vec::new(), notes });
    }
    let data = Data::prepare(&set, params, true);
    let passages = data.passages();
    let blocks: Vec<BlockRows> = params.blocks.0.iter().map(|b| BlockRows::new(b, &passages)).collect();
    let counts = Counts::read(&params.features, data.rewriter.clone(), &passages)?;
    let steps = Steps::new(watch);
    let settings =
        TrainParams { folds: params.folds.max(2), abstain: None, macro_f1: false, ..params.clone() };
    let plan = super::plan(&data, &settings, &counts, &blocks, &steps);
    let scores = score_folds(&data, &plan)?;
    let axes = (0..data.axes.axes.len())
        .into_par_iter()
        .map(|axis| on_axis(&data, &plan, axis, &scores))
        .collect::<Result<Vec<SuspicionsOnAxis>>>()?;
    steps.step();
    for axis in axes.iter().filter(|a| a.agreement <= a.commonest) {
        notes.push(format!(
            "{}: the model agrees with {:.0} % of the labels out of fold, the commonest class alone with {:.0} %: it has learned \
             nothing, and what it suspects says nothing",
            axis.axis,
            100.0 * axis.agreement,
            100.0 * axis.commonest
        ));
    }
    Ok(Suspicions { axes, notes })
}

/// The same rows with the labels that can be judged, on the axes that have two classes of them.
fn judgeable(set: &TrainingSet, params: &TrainParams, notes: &mut Vec<String>) -> TrainingSet {
    let data = Data::prepare(set, params, true);
    let mut axes = Vec::new();
    let mut labels: Vec<Vec<Option<usize>>> = vec![Vec::new(); set.rows.len()];
    for (axis, definition) in set.axes.axes.iter().enumerate() {
        let mut groups: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); definition.classes().len()];
        for (row, group) in data.rows.iter().zip(&data.groups) {
            if let Some(class) = row.labels[axis] {
                groups[class].insert(*group);
            }
        }
        let counts = data.counts(axis);
        let enough = |class: usize| counts[class] >= FEWEST_PER_CLASS && groups[class].len() >= 2;
        let kept: Vec<usize> = (0..counts.len()).filter(|class| enough(*class)).collect();
        let id = &definition.id;
        if kept.len() < 2 {
            notes.push(format!(
                "{id} is passed over: two classes need at least {FEWEST_PER_CLASS} rows each, in more than one group; {} has them",
                if kept.is_empty() { "none" } else { "one" }
            ));
            continue;
        }
        let classes = definition.classes();
        for class in (0..counts.len()).filter(|class| counts[*class] > 0 && !enough(*class)) {
            notes.push(format!(
                "{id}: the labels {} ({}) cannot be judged: fewer than {FEWEST_PER_CLASS} rows, or all in one group",
                classes[class].id, counts[class]
            ));
        }
        axes.push(Axis::nominal(id.clone(), kept.iter().map(|class| classes[*class].id.clone())));
        for (labels, row) in labels.iter_mut().zip(&set.rows) {
            labels.push(row.labels[axis].and_then(|class| kept.iter().position(|k| *k == class)));
        }
    }
    let row = |(row, labels): (&TrainingRow, Vec<Option<usize>>)| TrainingRow { labels, ..row.clone() };
    TrainingSet {
        axes: AxisSet { axes },
        rows: set.rows.iter().zip(labels).map(row).collect(),
        notes: Vec::new(),
    }
}

fn on_axis(data: &Data<'_>, plan: &Plan<'_>, axis: usize, scores: &FoldScores) -> Result<SuspicionsOnAxis> {
    let (_, out) = held_out_on(data, plan, axis, scores)?;
    let classes: Vec<String> = data.axes.axes[axis].classes().iter().map(|c| c.id.clone()).collect();
    let rows = data.labelled(axis);
    let y: Vec<usize> = rows.iter().filter_map(|i| data.rows[*i].labels[axis]).collect();
    let p: Vec<Vec<f64>> = rows.iter().map(|i| out.p[*i].clone()).collect();
    let weights: Vec<f64> = rows.iter().map(|i| data.rows[*i].weight).collect();
    let found = ConfidentJoint::measure(&p, &y, &weights, classes.len());
    // Rows with the same words get the same probabilities: by passage, then by label, in the order of the set.
    let mut alike: BTreeMap<_, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|i| data.order[rows[*i]]);
    for i in order {
        let row = data.rows[rows[i]];
        alike.entry((&row.text, &row.target, row.span)).or_default().entry(y[i]).or_default().push(i);
    }
    let mut labels = Vec::new();
    for of_passage in alike.values() {
        for (given, members) in of_passage {
            let i = members[0];
            let Some(suggested) = found.confident[i].filter(|k| p[i][*k] > p[i][*given]) else { continue };
            let mut also: Vec<(usize, String)> = of_passage
                .iter()
                .flat_map(|(label, others)| others.iter().map(|o| (*o, classes[*label].clone())))
                .filter(|(o, _)| *o != i)
                .map(|(o, label)| (data.order[rows[o]], label))
                .collect();
            also.sort_unstable();
            labels.push(Suspicion {
                row: data.order[rows[i]],
                also,
                label: classes[*given].clone(),
                suggested: classes[suggested].clone(),
                p_label: p[i][*given],
                p_suggested: p[i][suggested],
                margin: normalised_margin(&p[i], *given),
            });
        }
    }
    labels.sort_by(|a, b| a.margin.total_cmp(&b.margin).then(a.row.cmp(&b.row)));
    let all: f64 = weights.iter().sum();
    let mut of_class = vec![0.0_f64; classes.len()];
    for (y, w) in y.iter().zip(&weights) {
        of_class[*y] += w;
    }
    let agreeing = p.iter().zip(&y).zip(&weights).filter(|((p, y), _)| most_probable(p) == **y);
    Ok(SuspicionsOnAxis {
        axis: data.axes.axes[axis].id.clone(),
        n: y.len(),
        agreement: agreeing.map(|(_, w)| w).sum::<f64>() / all,
        commonest: of_class.into_iter().fold(0.0, f64::max) / all,
        error_share: found.error_share(),
        thresholds: found.thresholds.iter().map(|t| t.unwrap_or_default()).collect(),
        joint: found.joint(),
        labels,
        classes,
    })
}
