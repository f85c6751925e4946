use rayon::prelude::*;
use serde::Serialize;

use crate::corpus::{TrainingRow, TrainingSet};
use crate::features::Passage;
use crate::model::{AxisModel, Model, Scorer};
use crate::statistics::{
    ClassScores, Confusion, Interval, Jackknife, Reliability, ReliabilityBin, reliability_curve,
};
use crate::{Error, Result};

/// How a model does on labels it has not seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// One entry per axis that both the model and the labels have.
    pub axes: Vec<AxisEvaluation>,
    /// Rows of which the model had read the very text.
    pub n_seen: usize,
}

/// How a model does on one axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AxisEvaluation {
    /// The axis.
    pub axis: String,
    /// Its classes, in order.
    pub classes: Vec<String>,
    /// Labelled rows.
    pub n: usize,
    /// Rows for which scoring would give a status in place of a class; they count here with the class the
    /// model would have given.
    pub n_without_score: usize,
    /// Share of rows that get their class.
    pub accuracy: f64,
    /// Mean of the classes' F1.
    pub macro_f1: f64,
    /// Its 95 % interval, groups being the units.
    pub macro_f1_interval: Option<Interval>,
    /// Mean of the classes' F1, weighted by how many rows each has.
    pub weighted_f1: f64,
    /// Mean F1 of the classes that take a side: all but neutral ones (`neutral`, `none`, `other`).
    pub sides_f1: f64,
    /// The same by what the rows speak about, in alphabetical order; empty without targets.
    pub by_target: Vec<TargetScores>,
    /// The mean of the targets' macro-F1; `None` without targets.
    pub mean_target_macro_f1: Option<f64>,
    /// Precision, recall, F1 and support by class.
    pub by_class: Vec<ClassScores>,
    /// `confusion[gold][predicted]`.
    pub confusion: Vec<Vec<u64>>,
    /// How far the probabilities come true.
    pub reliability: Reliability,
    /// The reliability curve of the most probable class.
    pub curve: Vec<ReliabilityBin>,
}

/// How a model does on the rows about one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetScores {
    /// The target.
    pub target: String,
    /// Labelled rows about it.
    pub n: usize,
    /// Mean of the F1 of the classes that these rows have.
    pub macro_f1: f64,
    /// Mean F1 of those of them that take a side.
    pub sides_f1: f64,
}

/// Compares what a model says with labels.
///
/// # Errors
///
/// [`ErrorKind::Argument`](crate::ErrorKind::Argument) when model and labels share no axis;
/// [`ErrorKind::TooFew`](crate::ErrorKind::TooFew) when a shared axis has no label that the model knows.
pub fn evaluate(model: &Model, set: &TrainingSet, seed: u64) -> Result<Evaluation> {
    let passages: Vec<Passage<'_>> =
        set.rows.iter().map(|r| Passage { text: &r.text, target: &r.target, span: r.span }).collect();
    let scorers = model.scorers();
    let judge = |scorer: &mut Scorer<'_>, passage: &Passage<'_>| {
        let mut p = Vec::new();
        let silent = scorer.judged(*passage, &mut p).is_some();
        (p, silent)
    };
    let scored: Vec<(Vec<f64>, bool)> = passages
        .par_chunks(128)
        .map(|chunk| {
            scorers.with(|scorer| {
                scorer.prepare(chunk);
                chunk.iter().map(|passage| judge(scorer, passage)).collect::<Vec<_>>()
            })
        })
        .flatten_iter()
        .collect();
    let mut first = 0;
    let mut axes = Vec::new();
    for axis in model.axes() {
        let n_classes = axis.axis.classes().len();
        if let Some(column) = set.axes.axes.iter().position(|a| a.id == axis.axis.id) {
            axes.push(axis_evaluation(axis, set, column, &scored, first, seed)?);
        }
        first += n_classes;
    }
    if axes.is_empty() {
        let ids = |axes: Vec<&str>| axes.join(", ");
        let there = ids(set.axes.axes.iter().map(|a| a.id.as_str()).collect());
        let known = ids(model.axes().iter().map(|a| a.axis.id.as_str()).collect());
        return Err(Error::argument("axes of the labels", there, format!("an axis of the model: {known}")));
    }
    let key = |r: &TrainingRow| crate::model::HeldOut::key(&r.text, &r.target);
    let n_seen = set.rows.iter().filter(|r| model.held_out().p.contains_key(&key(r))).count();
    Ok(Evaluation { axes, n_seen })
}

fn axis_evaluation(
    axis: &AxisModel,
    set: &TrainingSet,
    column: usize,
    scored: &[(Vec<f64>, bool)],
    first: usize,
    seed: u64,
) -> Result<AxisEvaluation> {
    let classes = axis.axis.classes();
    let of_label: Vec<Option<usize>> =
        set.axes.axes[column].classes().iter().map(|c| axis.axis.class_index(&c.id)).collect();
    let (mut p, mut y, mut groups, mut targets, mut n_without_score) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), 0);
    for (row, (probabilities, silent)) in set.rows.iter().zip(scored) {
        if let Some(class) = row.labels[column].and_then(|label| of_label[label]) {
            p.push(probabilities[first..first + classes.len()].to_vec());
            y.push(class);
            groups.push(row.group.as_str());
            targets.push(row.target.as_str());
            n_without_score += usize::from(*silent);
        }
    }
    if y.is_empty() {
        return Err(Error::too_few(format!("labels that the model knows on axis {}", axis.axis.id), 0, 1));
    }
    let predicted: Vec<usize> = p.iter().map(|p| axis.decide(p)).collect();
    let confusion = Confusion::from_pairs(classes.len(), y.iter().copied().zip(predicted.iter().copied()));
    let takes_side =
        |k: usize| !["neutral", "none", "other"].contains(&classes[k].id.to_lowercase().as_str());
    let mut by_group: std::collections::BTreeMap<&str, Confusion> = std::collections::BTreeMap::new();
    for ((y, predicted), group) in y.iter().zip(&predicted).zip(groups) {
        by_group.entry(group).or_insert_with(|| Confusion::new(classes.len())).counts[*y][*predicted] += 1;
    }
    let by_target = by_target(classes.len(), &y, &predicted, &targets, takes_side);
    let mean_target_macro_f1 = (!by_target.is_empty())
        .then(|| by_target.iter().map(|t| t.macro_f1).sum::<f64>() / by_target.len() as f64);
    let without: Vec<f64> = by_group.values().map(|c| confusion.without(c).macro_f1()).collect();
    Ok(AxisEvaluation {
        axis: axis.axis.id.clone(),
        n: y.len(),
        n_without_score,
        accuracy: confusion.accuracy(),
        macro_f1: confusion.macro_f1(),
        macro_f1_interval: Jackknife::new(confusion.macro_f1(), &without).interval(0.95),
        weighted_f1: confusion.weighted_f1(),
        sides_f1: confusion.mean_f1(takes_side),
        by_target,
        mean_target_macro_f1,
        by_class: confusion.by_class(),
        reliability: Reliability::measure(&p, &y, seed),
        curve: reliability_curve(&p, &y),
        classes: classes.iter().map(|c| c.id.clone()).collect(),
        confusion: confusion.counts,
    })
}

/// The scores of each target; none when no row has one.
fn by_target(
    n_classes: usize,
    y: &[usize],
    predicted: &[usize],
    targets: &[&str],
    takes_side: impl Fn(usize) -> bool,
) -> Vec<TargetScores> {
    let mut of: std::collections::BTreeMap<&str, Confusion> = std::collections::BTreeMap::new();
    for ((y, predicted), target) in y.iter().zip(predicted).zip(targets).filter(|(_, t)| !t.is_empty()) {
        of.entry(target).or_insert_with(|| Confusion::new(n_classes)).counts[*y][*predicted] += 1;
    }
    of.into_iter()
        .map(|(target, confusion)| {
            let n: Vec<u64> = confusion.counts.iter().map(|row| row.iter().sum()).collect();
            TargetScores {
                target: target.into(),
                n: n.iter().sum::<u64>() as usize,
                macro_f1: confusion.mean_f1(|k| n[k] > 0),
                sides_f1: confusion.mean_f1(|k| n[k] > 0 && takes_side(k)),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_counted_apart_and_absent_classes_do_not_count() {
        let found = by_target(3, &[0, 0, 2, 1], &[0, 2, 2, 1], &["a", "a", "a", ""], |k| k != 1);
        assert_eq!(found.len(), 1);
        // Class 0: precision 1, recall ½; class 2: precision ½, recall 1; class 1 has no row.
        assert_eq!((found[0].target.as_str(), found[0].n), ("a", 3));
        assert!((found[0].macro_f1 - 2.0 / 3.0).abs() < 1e-12);
    }
}
