mod markdown;

use markdown::short;
use serde::{Deserialize, Serialize};

use crate::classifier::{Scheme, Solver, SolverReport};
use crate::features::FeatureParams;
use crate::statistics::{ClassScores, Interval, Reliability, ReliabilityBin};

/// What is to be known about a model: how it was made, from what, and how well it does on rows it had not seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of Sayso that made it.
    pub sayso: String,
    /// Rows it was trained on.
    pub n_rows: usize,
    /// Groups of rows that were never split.
    pub n_groups: usize,
    /// BLAKE3 of the training rows in canonical order.
    pub data_digest: String,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Folds of the cross-validation; 0 when there was none.
    pub folds: usize,
    /// What is counted in a text.
    pub features: FeatureParams,
    /// Number of terms.
    pub n_terms: usize,
    /// Names that are read as one word, and names that are masked.
    pub n_rewritten_names: usize,
    /// True when names of speakers and outlets are masked; false where none stands in the rows.
    pub names_masked: bool,
    /// True when rows have speakers or outlets, and their names are read like other words.
    #[serde(default)]
    pub names_read: bool,
    /// One entry per axis.
    pub axes: Vec<AxisCard>,
    /// What was passed over, put together or dropped.
    pub notes: Vec<String>,
}

/// The card of one axis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AxisCard {
    /// The axis.
    pub axis: String,
    /// Its classes, in order.
    pub classes: Vec<String>,
    /// Rows of each class.
    pub counts: Vec<usize>,
    /// How terms were weighted.
    pub weighting: Weighting,
    /// How classes are told apart.
    pub scheme: Scheme,
    /// Which solver.
    pub solver: Solver,
    /// True when rows weigh in inverse proportion to the frequency of their class.
    #[serde(default)]
    pub balanced: bool,
    /// The setting in the words of the trials: of those of a search, the one that was chosen.
    #[serde(default)]
    pub setting: String,
    /// Inverse regularisation strength.
    pub c: f64,
    /// How scores become probabilities.
    pub calibration: String,
    /// What scores are multiplied with; `None` where they stay as they are.
    #[serde(default)]
    pub calibration_slope: Option<f64>,
    /// What is then added: one number for two classes, else one per class; empty where scores stay as they are.
    #[serde(default)]
    pub calibration_intercepts: Vec<f64>,
    /// True when classes are decided for macro-F1, false when for the most probable class.
    #[serde(default)]
    pub macro_f1: bool,
    /// What the probability of each class is multiplied with before the highest decides.
    #[serde(default)]
    pub decision: Vec<f64>,
    /// Share of rows whose class is not among those that may be meant; a score is `low_confidence` unless one class alone may be.
    /// `None` when none is flagged.
    #[serde(default)]
    pub abstain: Option<f64>,
    /// What the solver reached.
    pub reports: Vec<SolverReport>,
    /// Every setting that was tried, with what it gave.
    pub trials: Vec<Trial>,
    /// On rows it had not seen.
    pub validation: Option<Validation>,
    /// The blocks of dense features beside the terms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<BlockCard>,
}

/// What a block of dense features gives on one axis, out of fold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BlockCard {
    /// What it is: "lexicon", "vectors", "encoder".
    pub name: String,
    /// Numbers a text.
    pub width: usize,
    /// Inverse regularisation strength of its logistic regression.
    pub c: f64,
    /// Macro-F1 of this block by itself.
    pub alone_macro_f1: f64,
    /// Macro-F1 of all minus that of all but this block.
    pub added_macro_f1: f64,
    /// Its 95 % interval, groups being the units.
    pub added_interval: Option<Interval>,
}

impl BlockCard {
    /// What it gives in a sentence.
    pub fn sentence(&self) -> String {
        let interval =
            self.added_interval.map_or(String::new(), |i| format!(" (95 % {:+.3} to {:+.3})", i.low, i.high));
        format!(
            "{} ({} numbers a text, C {}): adds {:+.3} macro-F1{interval}; {:.3} by itself",
            self.name,
            self.width,
            short(self.c),
            self.added_macro_f1,
            self.alone_macro_f1
        )
    }
}

/// How the columns are weighted before the fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weighting {
    /// TF-IDF as it is.
    #[default]
    Tfidf,
    /// TF-IDF times the naive-Bayes log-count ratio.
    Nb,
    /// The mean of the linear scores of both.
    Both,
}

impl std::fmt::Display for Weighting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tfidf => "tfidf",
            Self::Nb => "nb",
            Self::Both => "both",
        })
    }
}

/// A setting that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// What was tried: "nb, words 1-2, characters 2-5" in a search, "C of the model's terms" in the choice of C.
    pub setting: String,
    /// Inverse regularisation strength.
    pub c: f64,
    /// Calibrated log loss out of fold, in nats.
    pub log_loss: f64,
    /// Macro-F1 out of fold.
    pub macro_f1: f64,
    /// Whether the model was trained with it.
    #[serde(default)]
    pub chosen: bool,
}

/// How a model does on rows it had not seen.
///
/// `C`, calibration and decision weights are chosen without the rows that are measured. Settings that a search found are not: it
/// tries them on the same folds, so that after [`tune`](crate::pipeline::tune) all figures are a little too good, and
/// `permutation_p` a little too small. Rows that took no part in the search give figures without that: `sayso evaluate`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// Share of rows that get their class.
    pub accuracy: f64,
    /// Mean of the classes' F1.
    pub macro_f1: f64,
    /// Its 95 % interval, groups being the units.
    pub macro_f1_interval: Option<Interval>,
    /// Precision, recall, F1 and support by class.
    pub by_class: Vec<ClassScores>,
    /// `confusion[gold][predicted]`.
    pub confusion: Vec<Vec<u64>>,
    /// How far the probabilities come true.
    pub reliability: Reliability,
    /// The reliability curve of the most probable class.
    pub curve: Vec<ReliabilityBin>,
    /// What one gets without reading the text.
    pub baselines: Baselines,
    /// The chance of so high a macro-F1 if labels had nothing to do with texts, by shuffling labels.
    pub permutation_p: f64,
    /// Macro-F1 by share of the training groups.
    pub learning_curve: Vec<LearningPoint>,
    /// File by file, when there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_file: Vec<FileScores>,
    /// What knowing names would give, when they are masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names_left_in: Option<NamesLeftIn>,
}

/// How the rows of one file fare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileScores {
    /// The file's name.
    pub file: String,
    /// Its labelled rows.
    pub n: usize,
    /// Their groups.
    pub n_groups: usize,
    /// Each group held out, all others learned from.
    pub held_out: Scores,
    /// The whole file held out, the other files learned from; `None` when those have fewer than two classes.
    pub others: Option<Scores>,
}

/// What probabilities are worth on some rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Share of rows that get their class.
    pub accuracy: f64,
    /// Mean F1 of the classes that occur.
    pub macro_f1: f64,
    /// Accuracy of always saying the class that is most frequent there.
    pub majority_accuracy: f64,
    /// Macro-F1 of the same.
    pub majority_macro_f1: f64,
    /// Expected calibration error.
    pub ece: f64,
    /// That of perfect probabilities on as many rows.
    pub ece_null: f64,
}

/// Macro-F1 out of fold with names masked and left in, terms alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NamesLeftIn {
    /// With names masked, as in the model.
    pub masked: f64,
    /// With names read like other words.
    pub left_in: f64,
    /// The difference: above 0, names give away classes.
    pub gained: f64,
    /// Its 95 % interval, groups being the units.
    pub interval: Option<Interval>,
}

/// What one gets without reading the text.
#[derive(Debug, Clone, Default, Copy, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    /// Accuracy of always saying the most frequent class.
    pub majority_accuracy: f64,
    /// Macro-F1 of the same.
    pub majority_macro_f1: f64,
    /// Log loss of the class shares.
    pub prior_log_loss: f64,
    /// Brier score of the class shares.
    pub prior_brier: f64,
    /// Macro-F1 of knowing the speaker and nothing else; `None` without speakers, and where no speaker stands in two folds so that it
    /// is that of the most frequent class.
    pub speaker_macro_f1: Option<f64>,
}

/// A point of the learning curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LearningPoint {
    /// Share of the groups.
    pub share: f64,
    /// Rows in them, on average over folds.
    pub n_rows: usize,
    /// Macro-F1 on held-out folds: on all of them, or on as many as have rows enough to tell.
    pub macro_f1: f64,
    /// The rows that these folds hold out.
    #[serde(default)]
    pub n_held_out: usize,
}

impl Validation {
    /// What macro-F1 gained with each doubling of the rows: the slope of the learning curve over the binary logarithm
    /// of the rows, by least squares. `None` with fewer than three points.
    pub fn gain_per_doubling(&self) -> Option<f64> {
        let n = self.learning_curve.len() as f64;
        if n < 3.0 {
            return None;
        }
        let points = || self.learning_curve.iter().map(|p| (libm::log2(p.n_rows.max(1) as f64), p.macro_f1));
        let (x, y) = points().fold((0.0, 0.0), |(x, y), (a, b)| (x + a / n, y + b / n));
        let covariance: f64 = points().map(|(a, b)| (a - x) * (b - y)).sum();
        let variance: f64 = points().map(|(a, _)| (a - x) * (a - x)).sum();
        (variance > 0.0).then(|| covariance / variance)
    }

    /// How many rows macro-F1 would need to gain this much more, should the learning curve go on as it did.
    ///
    /// `None` when the curve does not rise, or would need more than a million rows and eight times those there are.
    pub fn rows_for_gain(&self, gain: f64) -> Option<usize> {
        let slope = self.gain_per_doubling().filter(|slope| *slope > 0.001)?;
        let times = libm::exp2(gain / slope);
        let rows = self.learning_curve.last()?.n_rows as f64 * times;
        (rows <= 1e6 || times <= 8.0).then(|| ((rows / 10.0).round() * 10.0) as usize)
    }

    /// The two in a sentence; empty without a learning curve.
    pub fn labels_asked_for(&self) -> String {
        match (self.gain_per_doubling(), self.rows_for_gain(0.05)) {
            (Some(slope), Some(rows)) => {
                format!(
                    "each doubling of the rows gained {slope:+.3} macro-F1; 0.05 more would take about {rows} rows to train on"
                )
            }
            (Some(slope), None) => format!(
                "each doubling of the rows gained {slope:+.3} macro-F1: more rows alone will not help"
            ),
            _ => String::new(),
        }
    }
}

impl Trial {
    /// What the trials of `C` are called; a search calls its own by their setting.
    const OF_C: &str = "C of the model's ";

    /// The same trial, as one of the `C` of a part of the model: "terms", or a block.
    pub(crate) fn of_c(self, part: &str) -> Self {
        Self { setting: format!("{}{part}", Self::OF_C), ..self }
    }

    /// True for a trial of a search, false for one of the choice of `C`, which cards of earlier versions leave without a name.
    fn is_of_search(&self) -> bool {
        !self.setting.is_empty() && !self.setting.starts_with(Self::OF_C)
    }
}

impl Baselines {
    /// The macro-F1 of knowing the speaker, unless that tells nothing: then it is exactly that of the most frequent class.
    pub fn of_speaker(&self) -> Option<f64> {
        self.speaker_macro_f1.filter(|f| *f != self.majority_macro_f1)
    }
}

impl AxisCard {
    /// True when a search chose the settings on the folds of the validation.
    pub fn is_searched(&self) -> bool {
        self.trials.iter().any(Trial::is_of_search)
    }

    /// Marks the trials that were chosen: of the search, the setting that was trained with, at its best `C`; of the trials of `C`,
    /// those of the model's terms and of each block.
    pub(crate) fn mark_chosen(&mut self) {
        let mut chosen = Vec::new();
        let of_setting =
            self.trials.iter().enumerate().filter(|(_, t)| t.is_of_search() && t.setting == self.setting);
        chosen.extend(of_setting.min_by(|a, b| a.1.log_loss.total_cmp(&b.1.log_loss)).map(|(i, _)| i));
        let parts = [("terms", self.c)].into_iter();
        for (part, c) in parts.chain(self.blocks.iter().map(|b| (b.name.as_str(), b.c))) {
            let is_it = |t: &Trial| t.c == c && t.setting.strip_prefix(Trial::OF_C) == Some(part);
            chosen.extend(self.trials.iter().position(is_it));
        }
        for (i, trial) in self.trials.iter_mut().enumerate() {
            trial.chosen = chosen.contains(&i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(usize, f64)]) -> Validation {
        let learning_curve = points
            .iter()
            .map(|&(n_rows, macro_f1)| LearningPoint { share: 1.0, n_rows, macro_f1, n_held_out: 100 })
            .collect();
        Validation { learning_curve, ..Validation::default() }
    }

    #[test]
    fn a_curve_that_gains_five_points_a_doubling_asks_for_twice_the_rows() {
        let v = curve(&[(100, 0.50), (200, 0.55), (400, 0.60)]);
        assert!((v.gain_per_doubling().expect("three points") - 0.05).abs() < 1e-12);
        assert_eq!(v.rows_for_gain(0.05), Some(800));
        // With a million rows, twice as many are not out of the question.
        let many = curve(&[(250_000, 0.50), (500_000, 0.55), (1_000_000, 0.60)]);
        assert_eq!(many.rows_for_gain(0.05), Some(2_000_000));
    }

    #[test]
    fn a_flat_curve_and_two_points_ask_for_nothing() {
        assert_eq!(curve(&[(100, 0.5), (200, 0.5), (400, 0.5)]).rows_for_gain(0.05), None);
        assert_eq!(curve(&[(25_000, 0.50), (50_000, 0.51), (100_000, 0.52)]).rows_for_gain(0.05), None);
        assert_eq!(curve(&[(100, 0.5), (200, 0.6)]).labels_asked_for(), "");
    }
}
