//! The figures of one group on one axis, as plain data.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::statistics::{Interval, RankSet};

/// A figure with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Its standard error.
    pub standard_error: Option<f64>,
    /// The interval for this figure alone.
    pub interval: Option<Interval>,
    /// The interval that holds for all groups and axes at once (Bonferroni).
    pub simultaneous: Option<Interval>,
}

/// A group on an axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AxisGroup {
    /// The group's name.
    pub group: String,
    /// Statements of the group.
    pub n: usize,
    /// Of these, with a score.
    pub n_scored: usize,
    /// Of these, with a score the model is unsure of.
    pub n_low_confidence: usize,
    /// Statements without a score, by reason.
    pub abstained: BTreeMap<String, usize>,
    /// The mean of the model's predictions: uncorrected.
    pub uncorrected: Option<Estimate>,
    /// The mean stance corrected by hand labels.
    pub corrected: Option<Estimate>,
    /// For a group without labels: its predictions corrected by what labels of the others say. Not design-based; takes
    /// part in no test.
    pub synthetic: Option<Estimate>,
    /// How the scores of its statements are spread: uncorrected.
    pub scores: Option<Spread>,
    /// The corrected mean drawn towards the others: for showing small groups, never for tests.
    pub pooled: Option<f64>,
    /// Shares of the classes.
    pub classes: Vec<ClassShare>,
    /// The ranks that the tests leave open, 1 being nearest the high pole.
    pub ranks: Option<RankSet>,
    /// Other methods, to see how far they stray.
    pub sensitivity: Option<Sensitivity>,
    /// What stands behind the corrected figure.
    pub details: Option<Details>,
}

/// How the model's scores in a group are spread between −1 and +1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// Statements in ten equal bins from −1 to +1.
    pub counts: [usize; Self::BINS],
    /// The 10, 25, 50, 75 and 90 % quantiles.
    pub quantiles: [f64; 5],
    /// The density at 41 equal steps from −1 to +1; empty with fewer than 30 statements.
    pub density: Vec<f64>,
    /// With fewer than 30 statements: the scores themselves, in rising order.
    pub points: Vec<f64>,
}

impl Spread {
    /// Bins of `counts`.
    pub const BINS: usize = 10;
    /// Points of `density`.
    pub const STEPS: usize = 41;
    /// From so many statements on there is a density.
    pub const MANY: usize = 30;
}

/// The share of one class in one group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassShare {
    /// The class id.
    pub class: String,
    /// Share by mean predicted probability: uncorrected.
    pub uncorrected: f64,
    /// Share corrected by hand labels.
    pub corrected: Option<f64>,
    /// Its Korn–Graubard interval.
    pub interval: Option<Interval>,
    /// Hand labels of this class.
    pub n_labels: usize,
}

/// Mean stance by other methods.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sensitivity {
    /// Classify and count: the most probable class of every statement.
    pub classify_and_count: Option<f64>,
    /// Adjusted counts; assumes that a class looks the same in every group, and is left out when it does not.
    pub adjusted_count: Option<f64>,
    /// Expectation maximisation; the same assumption.
    pub expectation_maximisation: Option<f64>,
    /// Labels alone.
    pub labels_only: Option<f64>,
    /// Standard error of the labels alone.
    pub labels_only_se: Option<f64>,
}

/// What stands behind a corrected figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Details {
    /// Labelled statements.
    pub n_labelled: usize,
    /// Articles with a label.
    pub n_labelled_articles: usize,
    /// Share of the statements that are about the axis.
    pub relevance: f64,
    /// Variance of the figure over that of independent statements.
    pub design_effect: f64,
    /// Intra-article correlation of the predictions.
    pub icc: Option<f64>,
    /// How many labels alone would be as precise.
    pub effective_labels: Option<f64>,
    /// The model's accuracy on the labels here.
    pub accuracy: Option<f64>,
    /// Its accuracy on the labels of the other groups.
    pub accuracy_elsewhere: Option<f64>,
}
