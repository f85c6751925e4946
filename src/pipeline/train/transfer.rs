//! Whether what was learned carries over: from file to file, and without knowing names.

use std::collections::{BTreeMap, BTreeSet};

use super::blocks;
use super::cross_fit::{CrossFit, Plan, SplitScores, split_scores};
use super::data::Data;
use super::scores::RowScores;
use super::side_by_side::{bytes_of_all, side_by_side};
use crate::Result;
use crate::classifier::{Calibration, most_probable};
use crate::model::{FileScores, NamesLeftIn, Scores};
use crate::statistics::{Confusion, Reliability};

/// Linear scores by axis.
type ScoresByAxis = Vec<RowScores>;

/// Files beyond this are not told apart: it would be many fits, and a long card.
const MOST_FILES: usize = 6;

/// How each file's rows fare on each axis: held out group by group, and by a model of the other files alone.
///
/// Empty for one file, and for very many.
pub(super) fn by_file(data: &Data<'_>, plan: &Plan<'_>, fit: &CrossFit) -> Result<Vec<Vec<FileScores>>> {
    let n_axes = data.axes.axes.len();
    let files: BTreeSet<&str> = data.rows.iter().map(|r| r.file.as_str()).collect();
    if files.len() < 2 || files.len() > MOST_FILES {
        return Ok(vec![Vec::new(); n_axes]);
    }
    let files: Vec<&str> = files.into_iter().collect();
    let of_files: Vec<Vec<FileScores>> =
        side_by_side(data.memory, bytes_of_all(data, plan), &files, |file| {
            let (test, train): (Vec<usize>, Vec<usize>) =
                (0..data.rows.len()).partition(|i| data.rows[*i].file == *file);
            // A text that stands in both would be tested on itself.
            let in_test: BTreeSet<usize> = test.iter().map(|i| data.groups[*i]).collect();
            let train: Vec<usize> =
                train.into_iter().filter(|i| !in_test.contains(&data.groups[*i])).collect();
            let train = data.apart_from(&test, train);
            let z = test_scores(data, plan, fit, &train, &test)?;
            Ok((0..n_axes)
                .map(|axis| of_file(data, plan, fit, axis, file, &train, &test, &z[axis]))
                .collect())
        })?;
    Ok((0..n_axes).map(|axis| of_files.iter().map(|f| f[axis].clone()).collect()).collect())
}

#[expect(clippy::too_many_arguments, reason = "a file is looked at from both sides of a split")]
fn of_file(
    data: &Data<'_>,
    plan: &Plan<'_>,
    fit: &CrossFit,
    axis: usize,
    file: &str,
    train: &[usize],
    test: &[usize],
    z: &RowScores,
) -> FileScores {
    let n_classes = data.axes.axes[axis].classes().len();
    let label = |i: usize| data.rows[i].labels[axis];
    let y = |rows: &[usize]| rows.iter().filter_map(|i| label(*i)).collect::<Vec<_>>();
    let labelled = |rows: &[usize]| rows.iter().copied().filter(|i| label(*i).is_some()).collect::<Vec<_>>();
    let found = &fit.axes[axis];
    let of_test = labelled(test);
    let p: Vec<Vec<f64>> = of_test.iter().map(|i| found.p[*i].clone()).collect();
    let y_test = y(test);
    let classes: BTreeSet<usize> = y(train).into_iter().collect();
    let possible = !y_test.is_empty() && classes.len() >= 2;
    let others = possible.then(|| {
        // Calibrated on what was said out of fold of the rows it learned from.
        let of_train: Vec<Vec<f64>> = labelled(train).iter().map(|i| found.scores[*i].clone()).collect();
        let calibration = Calibration::fit(&of_train, &y(train), &data.weights(&labelled(train)), n_classes);
        let z = test.iter().zip(z.rows()).filter(|(i, _)| label(**i).is_some());
        let p: Vec<Vec<f64>> = z.map(|(_, z)| calibration.apply(z)).collect();
        scores(&p, &y_test, n_classes, plan)
    });
    let n_groups = of_test.iter().map(|i| data.groups[*i]).collect::<BTreeSet<_>>().len();
    FileScores {
        file: file.into(),
        n: of_test.len(),
        n_groups,
        held_out: scores(&p, &y_test, n_classes, plan),
        others,
    }
}

/// The mean of the linear scores of terms and blocks, fitted on one set of rows at the `C` of the model, for another: by axis and
/// row.
fn test_scores(
    data: &Data<'_>,
    plan: &Plan<'_>,
    fit: &CrossFit,
    train: &[usize],
    test: &[usize],
) -> Result<ScoresByAxis> {
    let grids = |source: usize| fit.axes.iter().map(|a| vec![a.c[source]]).collect::<Vec<_>>();
    let first = |scores: SplitScores| -> ScoresByAxis {
        scores.into_iter().map(|mut of_axis| of_axis.swap_remove(0)).collect()
    };
    let mut z = first(split_scores(data, plan.counts, &plan.recipe, &grids(0), train, test)?);
    let of_blocks = blocks::recipe(&plan.recipe);
    for (b, block) in plan.blocks.iter().enumerate() {
        let more = first(blocks::split_scores(data, block, &of_blocks, &grids(b + 1), train, test)?);
        z.iter_mut().zip(&more).for_each(|(z, more)| z.add(more));
    }
    let n = (1 + plan.blocks.len()) as f64;
    for of_axis in &mut z {
        of_axis.divide(n);
    }
    Ok(z)
}

fn scores(p: &[Vec<f64>], y: &[usize], n_classes: usize, plan: &Plan<'_>) -> Scores {
    let confusion =
        Confusion::from_pairs(n_classes, y.iter().copied().zip(p.iter().map(|p| most_probable(p))));
    let mut counts = BTreeMap::new();
    for y in y {
        *counts.entry(*y).or_insert(0_usize) += 1;
    }
    let most = counts
        .iter()
        .max_by_key(|(class, n)| (**n, std::cmp::Reverse(**class)))
        .map_or(0, |(class, _)| *class);
    let always = Confusion::from_pairs(n_classes, y.iter().map(|y| (*y, most)));
    let occurring = |c: &Confusion| c.mean_f1(|k| counts.contains_key(&k));
    let reliability = Reliability::measure(p, y, plan.recipe.seed);
    Scores {
        accuracy: confusion.accuracy(),
        macro_f1: occurring(&confusion),
        majority_accuracy: always.accuracy(),
        majority_macro_f1: occurring(&always),
        ece: reliability.ece,
        ece_null: reliability.ece_null,
    }
}

/// What macro-F1 of each axis would be out of fold if the names of speakers and outlets were read like other words, and what it is
/// without them: terms alone, at one `C` both.
///
/// # Arguments
///
/// * `open` - without blocks, with the terms of the same rows with names left in.
pub(super) fn names_left_in(data: &Data<'_>, open: &Plan<'_>, fit: &CrossFit) -> Result<Vec<NamesLeftIn>> {
    debug_assert!(open.blocks.is_empty(), "what it is compared with is of terms alone");
    let said = |z: &[f64]| most_probable(&Calibration::None.apply(z));
    let folds: Vec<usize> = (0..fit.n_folds).collect();
    let of_folds: Vec<(Vec<usize>, ScoresByAxis)> =
        side_by_side(data.memory, bytes_of_all(data, open), &folds, |f| {
            let (test, train): (Vec<usize>, Vec<usize>) =
                (0..data.rows.len()).partition(|i| fit.folds[*i] == *f);
            let train = data.apart_from(&test, train);
            let z = test_scores(data, open, fit, &train, &test)?;
            Ok((test, z))
        })?;
    // By axis and row.
    let mut with = vec![vec![0; data.rows.len()]; fit.axes.len()];
    for (test, z) in of_folds {
        for (with, z) in with.iter_mut().zip(z) {
            for (i, z) in test.iter().zip(z.rows()) {
                with[*i] = said(z);
            }
        }
    }
    let of_axis = |axis: usize| {
        let n_classes = data.axes.axes[axis].classes().len();
        let rows = data.labelled(axis);
        let y: Vec<usize> = rows.iter().filter_map(|i| data.rows[*i].labels[axis]).collect();
        let groups: Vec<usize> = rows.iter().map(|i| data.groups[*i]).collect();
        let with: Vec<usize> = rows.iter().map(|i| with[axis][*i]).collect();
        let without: Vec<usize> = rows.iter().map(|i| said(fit.axes[axis].of_terms.row(*i))).collect();
        let macro_f1 = |of: &[usize]| {
            Confusion::from_pairs(n_classes, y.iter().copied().zip(of.iter().copied())).macro_f1()
        };
        let (gained, interval) = super::validation::difference(&y, &with, &without, &groups, n_classes);
        NamesLeftIn { masked: macro_f1(&without), left_in: macro_f1(&with), gained, interval }
    };
    Ok((0..fit.axes.len()).map(of_axis).collect())
}
