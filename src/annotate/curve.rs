//! What the labels so far would teach a model: macro-F1 against the number of labels.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Value, json};

use super::book::Key;
use super::mark::Stage;
use super::session::Session;
use crate::corpus::TrainingSet;
use crate::model::{LearningPoint, Validation};
use crate::pipeline::{FEWEST_PER_CLASS, TrainParams, train};
use crate::statistics::student_t_quantile;
use crate::types::{Axis, AxisSet, Label, LabelledStatement};

/// Labels between one training and the next; a twentieth of all when that is more.
pub const EVERY: usize = 10;
/// Labels whose worth is foretold.
const NEXT: usize = 50;
/// `C` is not searched for: a small model at the usual strength shows the shape of the curve in a fraction of the time.
const C: f64 = 1.0;

/// The curve of one axis, and what it is worth.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct AxisCurve {
    /// The axis.
    pub axis: String,
    /// Labels with a class when the curve was made.
    pub n_labels: usize,
    /// Labels learned from, and macro-F1 on articles that were not.
    pub points: Vec<(usize, f64)>,
    /// 95 % interval of the last point, articles being the units.
    pub interval: Option<(f64, f64)>,
    /// Macro-F1 of always saying the most frequent class.
    pub baseline: f64,
    /// All of it in words; without points, why there are none.
    pub worth: String,
}

/// The curves of all axes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// Rows of the label file when it was made.
    pub n_rows: usize,
    /// One for each axis that had labels enough.
    pub axes: Vec<AxisCurve>,
    /// How often it was made since the server was started, so that the page knows of a new one.
    pub version: usize,
    /// True while a new one is made.
    pub learning: bool,
}

/// Rows to learn from, taken out of a session so that learning holds nobody up.
#[derive(Debug, Clone)]
pub(super) struct Lesson {
    pub(super) rows: Vec<LabelledStatement>,
    /// How many of them were not drawn at random.
    n_chosen: usize,
    axes: AxisSet,
}

/// How many labels an axis lacks before it can be learned; empty when it lacks none.
///
/// # Arguments
///
/// * `counts` - the labels of each class of the axis.
fn missing(counts: &[usize], axis: &Axis) -> String {
    let classes = axis.classes();
    let short: Vec<String> = counts
        .iter()
        .zip(&classes)
        .map(|(n, class)| (FEWEST_PER_CLASS.saturating_sub(*n), &class.title))
        .filter(|(n, _)| *n > 0)
        .map(|(n, title)| format!("{n} more “{title}”"))
        .collect();
    short.join(", ")
}

/// Labels by class, without a copy of anything.
struct Tally {
    /// Rows with a class on some axis.
    n_rows: usize,
    /// `[axis][class]`.
    by_class: Vec<Vec<usize>>,
}

impl Lesson {
    /// Trains on each axis that has labels enough, folds by article.
    pub(super) fn learn(&self) -> Vec<AxisCurve> {
        let of = |axis: &Axis, class: usize| {
            self.rows.iter().filter(|row| row.labels.get(&axis.id) == Some(&Label::Class(class))).count()
        };
        let enough =
            |axis: &&Axis| (0..axis.classes().len()).all(|class| of(axis, class) >= FEWEST_PER_CLASS);
        self.axes.axes.iter().filter(enough).map(|axis| self.axis(axis)).collect()
    }

    fn axis(&self, axis: &Axis) -> AxisCurve {
        let alone = AxisSet { axes: vec![axis.clone()] };
        let params = TrainParams { c: Some(C), abstain: None, ..TrainParams::default() };
        let mut curve = AxisCurve { axis: axis.id.clone(), ..AxisCurve::default() };
        let trained = TrainingSet::from_labelled(&self.rows, &alone, None).and_then(|set| {
            curve.n_labels = set.rows.len();
            train(&set, &params)
        });
        match trained {
            Err(error) => curve.worth = error.to_string(),
            Ok(model) => {
                let found = model.card().axes.first().and_then(|card| card.validation.as_ref());
                if let Some(v) = found {
                    curve.points = v.learning_curve.iter().map(|p| (p.n_rows, p.macro_f1)).collect();
                    curve.interval =
                        v.macro_f1_interval.map(|i| (i.low.clamp(0.0, 1.0), i.high.clamp(0.0, 1.0)));
                    curve.baseline = v.baselines.majority_macro_f1;
                    curve.worth = self.worth(v, curve.n_labels);
                }
            }
        }
        curve
    }

    /// What a curve is worth, in words.
    fn worth(&self, v: &Validation, n_labels: usize) -> String {
        let mut words = format!("Macro-F1 {:.2}", v.macro_f1);
        let interval = v.macro_f1_interval;
        // Writing to a string cannot fail.
        let _ = match interval {
            Some(i) => write!(words, " (95 % {:.2} to {:.2})", i.low.max(0.0), i.high.min(1.0)),
            None => write!(words, " (too few articles for an interval)"),
        };
        let _ = write!(words, " with {n_labels} labels, on articles not learned from.");
        let baseline = v.baselines.majority_macro_f1;
        let better = interval.is_some_and(|i| i.low > baseline);
        let _ = if better {
            write!(words, " Always saying the most frequent class gives {baseline:.2}.")
        } else {
            write!(
                words,
                " That is not surely better than always saying the most frequent class ({baseline:.2})."
            )
        };
        if let Some((gain, low, high)) = gain(&v.learning_curve, NEXT) {
            // No curve goes on past 1, whatever a straight line says.
            let left = 1.0 - v.macro_f1;
            let _ = if gain < left {
                let high = high.min(left);
                write!(
                    words,
                    " If the curve goes on so, {NEXT} more labels add {gain:+.2}; its points leave {low:+.2} to {high:+.2} open."
                )
            } else {
                write!(
                    words,
                    " On a straight line {NEXT} more labels would reach 1; expect less, for curves flatten."
                )
            };
        }
        if self.n_chosen > 0 {
            let _ = write!(
                words,
                " {} of {} rows were not drawn at random, so this is not the figure of all statements.",
                self.n_chosen,
                self.rows.len()
            );
        }
        words
    }
}

/// What this many more labels would add to macro-F1 if the curve went on, with a 95 % interval.
///
/// Least squares of macro-F1 over the binary logarithm of the labels; the interval is that of the slope. The points share
/// their test articles, so it speaks of how straight the curve is, not of other articles.
fn gain(points: &[LearningPoint], more: usize) -> Option<(f64, f64, f64)> {
    let n = points.len() as f64;
    let last = points.last()?.n_rows.max(1) as f64;
    let xy: Vec<(f64, f64)> =
        points.iter().map(|p| (libm::log2(p.n_rows.max(1) as f64), p.macro_f1)).collect();
    let (x, y) = xy.iter().fold((0.0, 0.0), |(x, y), (a, b)| (x + a / n, y + b / n));
    let variance: f64 = xy.iter().map(|(a, _)| (a - x).powi(2)).sum();
    let slope = xy.iter().map(|(a, b)| (a - x) * (b - y)).sum::<f64>() / variance;
    let rest: f64 = xy.iter().map(|(a, b)| (b - y - slope * (a - x)).powi(2)).sum();
    let half = student_t_quantile(0.975, n - 2.0)? * libm::sqrt(rest / (n - 2.0) / variance);
    let step = libm::log2((last + more as f64) / last);
    let known = slope.is_finite() && half.is_finite();
    known.then_some((step * slope, step * (slope - half), step * (slope + half)))
}

impl Session {
    /// The rows of this annotator that have a class, first times alone.
    pub(super) fn lesson(&self) -> Lesson {
        let axes = &self.settings.axes;
        let drawn = self.queue.sample_probabilities(|i| self.stages[0][i].is_served());
        let own = |key: &Key| key.annotator == self.settings.annotator;
        let mut lesson = Lesson { rows: Vec::new(), n_chosen: 0, axes: axes.clone() };
        for (key, mark) in self.book.rows().filter(|(key, _)| own(key)) {
            let mut row = mark.to_row(&key.annotator, axes);
            if row.labels.values().any(|label| matches!(label, Label::Class(_))) {
                row.row = lesson.rows.len() as u64 + 1;
                let at_random = self.frame.find(&key.item).is_some_and(|item| drawn.contains_key(&item));
                // What is settled keeps the probability of the rows that differed.
                let settled = self.settings.review && mark.sample_prob.is_some();
                lesson.n_chosen += usize::from(!at_random && !settled);
                lesson.rows.push(row);
            }
        }
        lesson
    }

    fn tally(&self) -> Tally {
        let axes = &self.settings.axes.axes;
        let ids: Vec<Vec<String>> =
            axes.iter().map(|axis| axis.classes().iter().map(|class| class.id.clone()).collect()).collect();
        let mut tally =
            Tally { n_rows: 0, by_class: ids.iter().map(|classes| vec![0; classes.len()]).collect() };
        let own = self.book.rows().filter(|(key, _)| key.annotator == self.settings.annotator);
        for (_, mark) in own.filter(|(_, mark)| mark.stage == Stage::Done) {
            let mut labelled = false;
            for ((axis, ids), counts) in axes.iter().zip(&ids).zip(&mut tally.by_class) {
                let class = mark.labels.get(&axis.id).and_then(|class| ids.iter().position(|id| id == class));
                if let Some(class) = class {
                    counts[class] += 1;
                    labelled = true;
                }
            }
            tally.n_rows += usize::from(labelled);
        }
        tally
    }

    /// The rows to learn from, when enough were made since the last time.
    pub(super) fn lesson_due(&self) -> Option<Lesson> {
        let tally = self.tally();
        let enough: Vec<&Axis> = self
            .settings
            .axes
            .axes
            .iter()
            .zip(&tally.by_class)
            .filter(|(_, counts)| counts.iter().all(|n| *n >= FEWEST_PER_CLASS))
            .map(|(axis, _)| axis)
            .collect();
        // The first curve of an axis does not wait for the next ten labels.
        let known = |axis: &&&Axis| self.curve.axes.iter().any(|curve| curve.axis == axis.id);
        let first = enough.iter().filter(known).count() < enough.len();
        // Training takes longer with more labels, and ten of many change little.
        let step = EVERY.max(self.curve.n_rows / 20);
        let many = !enough.is_empty() && tally.n_rows.abs_diff(self.curve.n_rows) >= step;
        (first || many).then(|| self.lesson())
    }

    /// Labels, what is missing, and the curve, for the page.
    pub(super) fn teaching(&self) -> Value {
        let tally = self.tally();
        let axes: Vec<Value> = self
            .settings
            .axes
            .axes
            .iter()
            .zip(&tally.by_class)
            .map(|(axis, counts)| {
                json!({
                    "axis": axis.id,
                    "labels": counts.iter().sum::<usize>(),
                    "missing": missing(counts, axis),
                    "needed": counts.iter().map(|n| FEWEST_PER_CLASS.saturating_sub(*n)).sum::<usize>(),
                    "curve": self.curve.axes.iter().find(|curve| curve.axis == axis.id),
                })
            })
            .collect();
        json!({
            "axes": axes,
            "every": EVERY,
            "version": self.curve.version,
            "learning": self.curve.learning,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis() -> Axis {
        Axis::nominal("posture", ["firm".into(), "mild".into()])
    }

    fn rows(firm: usize, mild: usize) -> Vec<LabelledStatement> {
        let row = |i: usize, class: usize, text: &str| LabelledStatement {
            article: format!("a{}", i / 2),
            quote: format!("{text} number {i}"),
            labels: [("posture".to_string(), Label::Class(class))].into(),
            ..LabelledStatement::default()
        };
        let firm = (0..firm).map(|i| row(2 * i, 0, "more sanctions must follow now"));
        firm.chain((0..mild).map(|i| row(2 * i + 1, 1, "let us return to talks"))).collect()
    }

    #[test]
    fn what_is_missing_is_said_by_class() {
        assert_eq!(missing(&[3, 9], &axis()), "2 more “firm”");
        assert_eq!(missing(&[0, 0], &axis()), "5 more “firm”, 5 more “mild”");
        assert_eq!(missing(&[5, 5], &axis()), "");
    }

    #[test]
    fn labels_that_follow_the_words_are_learned_and_the_words_say_what_that_is_worth() {
        let lesson = Lesson { rows: rows(20, 20), n_chosen: 4, axes: AxisSet { axes: vec![axis()] } };
        let curves = lesson.learn();
        let curve = &curves[0];
        assert_eq!((curve.n_labels, curve.points.len()), (40, 4));
        assert!(curve.points.windows(2).all(|p| p[0].0 < p[1].0), "{:?}", curve.points);
        assert!(curve.points[3].1 > 0.9 && curve.baseline < 0.6, "{curve:?}");
        for word in ["with 40 labels", "50 more labels", "4 of 40 rows were not drawn at random"] {
            assert!(curve.worth.contains(word), "{}", curve.worth);
        }
        // At macro-F1 1 there is nothing left to gain.
        assert!(curve.points[3].1 < 1.0 || curve.worth.contains("curves flatten"), "{}", curve.worth);
        let few = Lesson { rows: rows(20, 4), ..lesson };
        assert_eq!(few.learn(), []);
    }

    #[test]
    fn a_straight_curve_foretells_its_next_step_and_a_bent_one_says_how_little_it_knows() {
        let curve = |f1: [f64; 4]| -> Vec<LearningPoint> {
            let of = |(i, macro_f1): (usize, f64)| LearningPoint {
                share: 0.0,
                n_rows: 25_usize << i,
                macro_f1,
                n_held_out: 100,
            };
            f1.into_iter().enumerate().map(of).collect()
        };
        let (gain_, low, high) = gain(&curve([0.4, 0.5, 0.6, 0.7]), 200).expect("four points");
        assert!((gain_ - 0.1).abs() < 1e-9 && (high - low).abs() < 1e-6, "{gain_} {low} {high}");
        let (_, low, high) = gain(&curve([0.4, 0.6, 0.5, 0.7]), 200).expect("four points");
        assert!(low < 0.0 && high > 0.1);
        assert_eq!(gain(&curve([0.4; 4])[..2], 200), None);
        assert_eq!(gain(&[], 200), None);
    }
}
