//! How good a model is on rows it had not seen, and what that is worth.

use std::collections::BTreeMap;

use super::data::Data;
use crate::classifier::most_probable;
use crate::model::{Baselines, LearningPoint, Validation};
use crate::statistics::{Confusion, Draws, Interval, Jackknife, Reliability, reliability_curve};

/// Shuffles behind the permutation p value.
const SHUFFLES: usize = 999;
/// With so many rows, a test may end after its first shuffles.
const MANY_ROWS: usize = 100_000;
const FIRST_SHUFFLES: usize = 99;
/// Standard deviations above the mean of the first shuffles at which the others are taken to be lower too.
const OUT_OF_REACH: f64 = 30.0;
/// Rows that each class must have, labelled and predicted, for the sums over shuffled rows to be near a normal distribution.
const ROWS_OF_CLASS: usize = 1_000;

/// What was said of rows out of fold.
pub(super) struct Said<'a> {
    /// Calibrated probabilities.
    pub(super) p: &'a [Vec<f64>],
    /// The classes decided for.
    pub(super) predicted: &'a [usize],
    /// The end of the learning curve; the rest of it needs fits of its own.
    pub(super) whole: LearningPoint,
}

pub(super) fn validate(
    data: &Data<'_>,
    axis: usize,
    rows: &[usize],
    y: &[usize],
    said: &Said<'_>,
    folds: &[usize],
    seed: u64,
) -> Validation {
    let Said { p, predicted, whole } = said;
    let n_classes = data.axes.axes[axis].classes().len();
    let confusion = Confusion::from_pairs(n_classes, y.iter().copied().zip(predicted.iter().copied()));
    let groups: Vec<usize> = rows.iter().map(|i| data.groups[*i]).collect();
    let macro_f1 = confusion.macro_f1();
    let (permutation_p, reliability) = rayon::join(
        || permutation_p(y, predicted, &groups, n_classes, macro_f1, seed),
        || Reliability::measure(p, y, seed),
    );
    Validation {
        accuracy: confusion.accuracy(),
        macro_f1,
        macro_f1_interval: jackknife(&confusion, y, predicted, &groups)
            .interval(0.95)
            .map(|interval| interval.within(0.0, 1.0)),
        by_class: confusion.by_class(),
        reliability,
        curve: reliability_curve(p, y),
        baselines: baselines(data, rows, y, folds, n_classes),
        permutation_p,
        confusion: confusion.counts,
        learning_curve: vec![*whole],
        by_file: Vec::new(),
        names_left_in: None,
    }
}

/// How much higher macro-F1 is with these predictions than with others, and its 95 % interval, groups being the units.
pub(super) fn difference(
    y: &[usize],
    with: &[usize],
    without: &[usize],
    groups: &[usize],
    n_classes: usize,
) -> (f64, Option<Interval>) {
    let all = |predicted: &[usize]| {
        Confusion::from_pairs(n_classes, y.iter().copied().zip(predicted.iter().copied()))
    };
    let (a, b) = (all(with), all(without));
    let mut by_group: BTreeMap<usize, [Confusion; 2]> = BTreeMap::new();
    for (i, group) in groups.iter().enumerate() {
        let of =
            by_group.entry(*group).or_insert_with(|| [Confusion::new(n_classes), Confusion::new(n_classes)]);
        of[0].counts[y[i]][with[i]] += 1;
        of[1].counts[y[i]][without[i]] += 1;
    }
    let left_out: Vec<f64> = by_group
        .values()
        .map(|[with, without]| a.without(with).macro_f1() - b.without(without).macro_f1())
        .collect();
    let estimate = a.macro_f1() - b.macro_f1();
    (estimate, Jackknife::new(estimate, &left_out).interval(0.95))
}

/// Macro-F1 with one group left out at a time.
fn jackknife(all: &Confusion, y: &[usize], predicted: &[usize], groups: &[usize]) -> Jackknife {
    let n = all.counts.len();
    let mut by_group: BTreeMap<usize, Confusion> = BTreeMap::new();
    for ((y, predicted), group) in y.iter().zip(predicted).zip(groups) {
        by_group.entry(*group).or_insert_with(|| Confusion::new(n)).counts[*y][*predicted] += 1;
    }
    let without: Vec<f64> = by_group.values().map(|c| all.without(c).macro_f1()).collect();
    Jackknife::new(all.macro_f1(), &without)
}

/// What one gets without reading, in the same folds.
fn baselines(data: &Data<'_>, rows: &[usize], y: &[usize], folds: &[usize], n_classes: usize) -> Baselines {
    let n_folds = folds.iter().max().map_or(1, |f| f + 1);
    let has_speakers = rows.iter().any(|i| !data.rows[*i].speaker.is_empty());
    let (mut majority, mut by_speaker) = (Confusion::new(n_classes), Confusion::new(n_classes));
    let (mut log_loss, mut brier) = (0.0, 0.0);
    for fold in 0..n_folds {
        // Half a row of each class keeps a class that the training side lacks possible.
        let mut counts = vec![0.5; n_classes];
        let mut of_speaker: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (i, y) in rows.iter().zip(y).filter(|(i, _)| folds[**i] != fold) {
            counts[*y] += 1.0;
            of_speaker.entry(&data.rows[*i].speaker).or_insert_with(|| vec![0; n_classes])[*y] += 1;
        }
        let total: f64 = counts.iter().sum();
        let prior: Vec<f64> = counts.iter().map(|n| n / total).collect();
        let most = most_probable(&prior);
        for (i, y) in rows.iter().zip(y).filter(|(i, _)| folds[**i] == fold) {
            majority.counts[*y][most] += 1;
            log_loss -= libm::log(prior[*y]);
            brier += prior
                .iter()
                .enumerate()
                .map(|(k, p)| (p - f64::from(u8::from(k == *y))).powi(2))
                .sum::<f64>();
            let speaker = data.rows[*i].speaker.as_str();
            let of_speaker = of_speaker.get(speaker).filter(|_| !speaker.is_empty());
            let guess = of_speaker.map_or(most, |counts| {
                let shares: Vec<f64> = counts.iter().zip(&prior).map(|(n, p)| *n as f64 + p).collect();
                most_probable(&shares)
            });
            by_speaker.counts[*y][guess] += 1;
        }
    }
    let n = y.len().max(1) as f64;
    Baselines {
        majority_accuracy: majority.accuracy(),
        majority_macro_f1: majority.macro_f1(),
        prior_log_loss: log_loss / n,
        prior_brier: brier / n,
        speaker_macro_f1: has_speakers.then(|| by_speaker.macro_f1()),
    }
}

/// The chance of a macro-F1 at least this high if labels had nothing to do with predictions.
///
/// Labels are dealt out anew with whole groups moved together: the groups' labels, laid end to end in an order that is
/// drawn, are read off by the rows in their own order. `p = (1 + #{as high}) / (1 + shuffles)`. With very many rows
/// the shuffles would take longer than training: there, if the rows are [`smooth`] and the first 99 shuffles end thirty standard
/// deviations below what was found, the others are taken to do so too.
///
/// # References
///
/// * Ojala & Garriga (2010), *JMLR* 11:1833–1863, test 1, with predictions held fixed.
fn permutation_p(
    y: &[usize],
    predicted: &[usize],
    groups: &[usize],
    n_classes: usize,
    found: f64,
    seed: u64,
) -> f64 {
    let mut order: Vec<usize> = (0..y.len()).collect();
    order.sort_by_key(|i| groups[*i]);
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    let mut last = None;
    for i in &order {
        if last != Some(groups[*i]) {
            blocks.push(Vec::new());
            last = Some(groups[*i]);
        }
        blocks.last_mut().expect("a block was opened").push(y[*i]);
    }
    let predicted: Vec<usize> = order.iter().map(|i| predicted[*i]).collect();
    let mut draws = Draws::new(seed, 2);
    let mut index: Vec<usize> = (0..blocks.len()).collect();
    let mut as_high = 0;
    let smooth = smooth(&blocks, &predicted, n_classes);
    let mut seen = Vec::with_capacity(FIRST_SHUFFLES);
    for shuffle in 0..SHUFFLES {
        draws.shuffle(&mut index);
        let dealt = index.iter().flat_map(|b| blocks[*b].iter().copied());
        let confusion = Confusion::from_pairs(n_classes, dealt.zip(predicted.iter().copied()));
        let by_chance = confusion.macro_f1();
        as_high += usize::from(by_chance >= found - 1e-12);
        if shuffle < FIRST_SHUFFLES {
            seen.push(by_chance);
            if smooth && seen.len() == FIRST_SHUFFLES && is_out_of_reach(found, &seen) {
                break;
            }
        }
    }
    (1 + as_high) as f64 / (1 + SHUFFLES) as f64
}

/// True for many rows of which no group and no class holds so large or so small a part that a few shuffles could miss what others
/// give.
fn smooth(blocks: &[Vec<usize>], predicted: &[usize], n_classes: usize) -> bool {
    let mut counts = vec![[0_usize; 2]; n_classes];
    for y in blocks.iter().flatten() {
        counts[*y][0] += 1;
    }
    for class in predicted {
        counts[*class][1] += 1;
    }
    let n = predicted.len();
    n >= MANY_ROWS
        && blocks.iter().all(|block| block.len() <= n / 1000)
        && counts.as_flattened().iter().all(|count| *count == 0 || *count >= ROWS_OF_CLASS)
}

fn is_out_of_reach(found: f64, by_chance: &[f64]) -> bool {
    let n = by_chance.len() as f64;
    let mean = by_chance.iter().sum::<f64>() / n;
    let variance = by_chance.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / (n - 1.0);
    found > mean + OUT_OF_REACH * variance.sqrt()
}

/// The probability from which on each class may be meant.
///
/// With non-conformity `1 − p(y)` of the rows and `q` at rank `⌈(n + 1)(1 − a)⌉` of them, the sets `{k: pₖ ≥ 1 − q}` hold the class of a
/// new row with a chance of at least `1 − a`. Classes with enough rows have a `q` of their own, so that the chance is that within the
/// class; the others have one together, so that it is that among them, and over all.
///
/// # References
///
/// * Vovk, Gammerman & Shafer (2005), *Algorithmic Learning in a Random World*, ch. 2 and sec. 4.5 (by category).
pub(super) fn conformal(p: &[Vec<f64>], y: &[usize], n_classes: usize, a: f64) -> Vec<f64> {
    let mut of_class: Vec<Vec<f64>> = vec![Vec::new(); n_classes];
    for (p, y) in p.iter().zip(y) {
        of_class[*y].push(p[*y]);
    }
    let few = |right: &[f64]| right.len() < ROWS_OF_OWN;
    let together = least(of_class.iter().filter(|right| few(right)).flatten().copied().collect(), a);
    of_class.into_iter().map(|right| if few(&right) { together } else { least(right, a) }).collect()
}

/// The probability that all but a share `a` of the right classes have; 0 for too few to tell.
fn least(mut right: Vec<f64>, a: f64) -> f64 {
    right.sort_by(|a, b| b.total_cmp(a));
    let rank = ((right.len() + 1) as f64 * (1.0 - a)).ceil() as usize;
    right.get(rank.saturating_sub(1)).map_or(0.0, |p| p.clamp(0.0, 1.0))
}

/// So many rows give a class a threshold of its own.
const ROWS_OF_OWN: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_follow_predictions_are_no_accident_and_others_are() {
        let y: Vec<usize> = (0..40).map(|i| i % 2).collect();
        let groups: Vec<usize> = (0..40).map(|i| i / 2).collect();
        let alone: Vec<usize> = (0..40).collect();
        assert!(permutation_p(&y, &y, &alone, 2, 1.0, 1) <= 0.002);
        // Every group holds one of each, so dealing groups anew changes nothing.
        assert_eq!(permutation_p(&y, &y, &groups, 2, 1.0, 1), 1.0);
    }

    #[test]
    fn shuffles_are_spared_only_where_none_could_be_as_high() {
        let by_chance: Vec<f64> = (0..99).map(|i| 0.5 + f64::from(i % 3 - 1) * 0.001).collect();
        assert!(is_out_of_reach(0.6, &by_chance) && !is_out_of_reach(0.51, &by_chance));
        let alone = |y: &[usize]| y.iter().map(|y| vec![*y]).collect::<Vec<_>>();
        let even: Vec<usize> = (0..MANY_ROWS).map(|i| i % 2).collect();
        assert!(smooth(&alone(&even), &even, 2) && !smooth(&alone(&even[1..]), &even[1..], 2));
        let rare: Vec<usize> = (0..MANY_ROWS).map(|i| usize::from(i < 5)).collect();
        assert!(!smooth(&alone(&rare), &rare, 2) && !smooth(std::slice::from_ref(&even), &even, 2));
    }

    #[test]
    fn a_rare_class_is_shuffled_to_the_end() {
        // One of five rare rows found: chance does so in one shuffle of eighty.
        let y: Vec<usize> = (0..2000).map(|i| usize::from(i < 5)).collect();
        let predicted: Vec<usize> = (0..2000).map(|i| usize::from((4..9).contains(&i))).collect();
        let found = Confusion::from_pairs(2, y.iter().copied().zip(predicted.iter().copied())).macro_f1();
        let groups: Vec<usize> = (0..2000).collect();
        let p = permutation_p(&y, &predicted, &groups, 2, found, 1);
        assert!((0.004..0.03).contains(&p), "{p}");
    }

    #[test]
    fn sets_miss_the_class_of_as_many_rows_as_asked_for_in_each_class() {
        // Class 0 is told well, class 1 badly; class 2 has too few rows for a threshold of its own.
        let mut draws = Draws::new(3, 0);
        let rows = |n: usize, draws: &mut Draws| -> (Vec<Vec<f64>>, Vec<usize>) {
            (0..n)
                .map(|i| {
                    let class = if i % 40 == 0 { 2 } else { i % 3 / 2 };
                    let right = if class == 0 { 0.7 + 0.3 * draws.uniform() } else { draws.uniform() };
                    let mut p = vec![(1.0 - right) / 2.0; 3];
                    p[class] = right;
                    (p, class)
                })
                .unzip()
        };
        let (p, y) = rows(3000, &mut draws);
        let least = conformal(&p, &y, 3, 0.1);
        let (p, y) = rows(30_000, &mut draws);
        for class in 0..2 {
            let of_class = || p.iter().zip(&y).filter(|(_, y)| **y == class);
            let missed = of_class().filter(|(p, _)| p[class] < least[class]).count() as f64;
            let share = missed / of_class().count() as f64;
            assert!((0.07..0.13).contains(&share), "class {class}: {share}");
        }
        let missed = p.iter().zip(&y).filter(|(p, y)| p[**y] < least[**y]).count() as f64;
        assert!((0.07..0.13).contains(&(missed / y.len() as f64)), "{missed}");
        assert_eq!(conformal(&[], &[], 2, 0.1), [0.0, 0.0]);
    }
}
