//! What a comparison finds, as plain data: the page draws it, `--format json` prints it.

use std::collections::BTreeMap;

use serde::Serialize;

pub use super::group::{AxisGroup, ClassShare, Details, Estimate, Sensitivity, Spread};
use super::grouping::{NO_NAME, value};
use super::{Clustering, Intervals};
use crate::statistics::{Interval, Lambda, Target};
use crate::types::ScoredStatement;

/// A comparison of groups (outlets) on all axes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The format of this object.
    pub schema: &'static str,
    /// What is compared: `outlet`, `speaker`, `month` or a column.
    pub by: String,
    /// What the intervals speak of.
    pub target: Target,
    /// What counts as one draw wherever intervals are computed.
    pub cluster: Clustering,
    /// How the intervals of corrected figures and of their differences are made.
    pub intervals: Intervals,
    /// Bootstrap replicates, when intervals come from them; else 0.
    pub n_replicates: usize,
    /// Permutations of articles behind a difference's `p_permutation`, at most; 0 when none are made.
    pub n_permutations: usize,
    /// Confidence level of every interval.
    pub level: f64,
    /// The statements as a whole.
    pub corpus: CorpusSummary,
    /// The groups, by name.
    pub groups: Vec<GroupSummary>,
    /// The hand labels, when there are any.
    pub gold: Option<GoldSummary>,
    /// The axes.
    pub axes: Vec<AxisComparison>,
    /// The words that stand out in each group.
    pub words: Vec<WordRow>,
    /// How many differences were tested, over all axes; Holm's method adjusts for this number.
    pub n_tests: usize,
    /// What a reader must know before believing a figure.
    pub notes: Vec<Note>,
}

impl Comparison {
    /// The name of the group that a statement belongs to, whether or not that group is compared.
    pub fn group_of<'a>(&self, statement: &'a ScoredStatement) -> &'a str {
        value(statement, &self.by).unwrap_or(NO_NAME)
    }
}

/// A warning or remark with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// A stable word for it.
    pub code: &'static str,
    /// The axis, when it is about one.
    pub axis: Option<String>,
    /// The group, when it is about one.
    pub group: Option<String>,
    /// The sentence.
    pub text: String,
}

/// The statements as a whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorpusSummary {
    /// Statements.
    pub n_statements: usize,
    /// Articles.
    pub n_articles: usize,
    /// Stories: articles of which near-duplicates count once.
    pub n_stories: usize,
    /// Named speakers.
    pub n_speakers: usize,
    /// Statements without a speaker.
    pub n_unattributed: usize,
    /// Statements whose speaker is doubtful (confidence below ½).
    pub n_doubtful: usize,
    /// First date; empty when none is known.
    pub first_date: String,
    /// Last date.
    pub last_date: String,
    /// The share of statements that the ten most quoted speakers make.
    pub top_ten_share: f64,
    /// Statements by kind.
    pub kinds: BTreeMap<String, usize>,
    /// Groups that were too small or too many to compare, and their statements.
    pub left_out: BTreeMap<String, usize>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupSummary {
    /// Its name.
    pub name: String,
    /// Statements.
    pub n_statements: usize,
    /// Articles.
    pub n_articles: usize,
    /// Stories.
    pub n_stories: usize,
    /// Named speakers.
    pub n_speakers: usize,
    /// Statements without a speaker.
    pub n_unattributed: usize,
    /// Statements whose speaker is doubtful.
    pub n_doubtful: usize,
    /// First date; empty when none is known.
    pub first_date: String,
    /// Last date.
    pub last_date: String,
    /// Statements by month (`YYYY-MM`).
    pub months: BTreeMap<String, usize>,
    /// The largest share of its statements that one article has.
    pub largest_article: f64,
    /// The speaker with most statements.
    pub largest_speaker: String,
    /// The share of its statements that this speaker has.
    pub largest_speaker_share: f64,
}

/// How the labelled statements were chosen, which decides what may be concluded from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// At random with recorded chances.
    Random,
    /// Every statement is labelled.
    Census,
    /// The user vouches for a simple random sample within each group.
    AssumedRandom,
    /// Nobody knows.
    Unknown,
}

impl Sampling {
    /// True when corrected figures may be compared.
    pub fn is_comparable(self) -> bool {
        self != Self::Unknown
    }
}

/// The hand labels and how they met the statements.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GoldSummary {
    /// Rows of the label files.
    pub n_rows: usize,
    /// Labelled statements among the scored ones.
    pub n_matched: usize,
    /// Labelled statements that are not among the scored ones.
    pub n_unmatched: usize,
    /// Matched, but without a recorded chance while others have one: left out.
    pub n_not_random: usize,
    /// Matched statements whose prediction comes from a model that did not see them.
    pub n_out_of_fold: usize,
    /// How they were chosen.
    pub sampling: Sampling,
    /// First label date and last, from the labelled statements.
    pub first_date: String,
    /// Last date of a labelled statement.
    pub last_date: String,
}

/// A class of an axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassName {
    /// The id in files.
    pub id: String,
    /// The name for readers.
    pub title: String,
    /// −1, 0 or +1; `None` on a nominal axis.
    pub value: Option<f64>,
}

/// One axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AxisComparison {
    /// The axis.
    pub id: String,
    /// What was asked of annotators.
    pub question: String,
    /// Its classes, in axis order.
    pub classes: Vec<ClassName>,
    /// True when there are figures corrected by hand labels.
    pub corrected: bool,
    /// True when differences may be tested.
    pub comparable: bool,
    /// The p value of "the model errs alike in every group", by permutation of articles; below 0.05 adjusted counts and
    /// expectation maximisation, which assume it, are left out.
    pub p_equal_errors: Option<f64>,
    /// How far predictions are trusted for the mean stance.
    pub lambda: Option<Lambda>,
    /// The groups, in the order of [`Comparison::groups`].
    pub groups: Vec<AxisGroup>,
    /// All pairs of groups that could be tested.
    pub pairs: Vec<Pair>,
    /// Speakers × groups, most quoted first.
    pub speakers: Vec<SpeakerRow>,
    /// Groups × months.
    pub months: Vec<MonthCell>,
    /// How many random labels per group a difference needs.
    pub plan: Option<LabelPlan>,
}

impl AxisComparison {
    /// True when the axis has poles, so that there is a mean stance.
    pub fn has_poles(&self) -> bool {
        self.classes.first().is_some_and(|class| class.value.is_some())
    }
}

/// The difference of two groups in mean stance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The first group.
    pub a: String,
    /// The second group.
    pub b: String,
    /// First minus second.
    pub difference: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Degrees of freedom of the jackknife.
    pub df: f64,
    /// Its interval, for this pair alone.
    pub interval: Option<Interval>,
    /// Two-sided p value, for this pair alone.
    pub p: f64,
    /// Holm's p over all printed claims.
    pub p_holm: f64,
    /// Benjamini and Hochberg's p over all printed claims.
    pub p_bh: f64,
    /// Two-sided p value, for this pair alone, by permutation of whole articles: it assumes nothing of the model's errors
    /// or of any distribution. A check beside `p`; no claim rests on it. `None` when the target is the corpus.
    pub p_permutation: Option<f64>,
    /// Why they differ; for pairs that survive Holm.
    pub split: Option<Split>,
}

impl Pair {
    /// True when the difference survives the adjustment for all tests of the report.
    pub fn is_claim(&self) -> bool {
        self.p_holm < 0.05
    }
}

/// A difference in three parts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Split {
    /// Because the shared speakers are quoted in other proportions.
    pub mix: Estimate,
    /// Because the same speakers say other things.
    pub statement: Estimate,
    /// Because of speakers that only one of the two quotes enough.
    pub exclusive: Estimate,
    /// The share of the first group's statements that shared speakers make.
    pub shared_a: f64,
    /// The share of the second group's.
    pub shared_b: f64,
    /// How many speakers are shared.
    pub n_speakers: usize,
}

/// A speaker on an axis, in every group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpeakerRow {
    /// The speaker.
    pub speaker: String,
    /// Statements in all groups.
    pub n: usize,
    /// By group: statements with a score and their mean prediction; uncorrected.
    pub cells: Vec<Option<SpeakerCell>>,
}

/// A speaker in a group.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SpeakerCell {
    /// Statements with a score.
    pub n: usize,
    /// Their mean prediction.
    pub mean: f64,
}

/// A group in a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MonthCell {
    /// The group's name.
    pub group: String,
    /// `YYYY-MM`.
    pub month: String,
    /// Statements with a score.
    pub n: usize,
    /// Their mean prediction, with the interval over articles; uncorrected.
    pub estimate: Estimate,
}

/// A word that a group prints more, or less, often than the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WordRow {
    /// The group's name.
    pub group: String,
    /// The word, in lower case.
    pub word: String,
    /// Weighted log-odds over their standard error; positive: more often here. Orders words, tests nothing.
    pub z: f64,
    /// Statements of the group with the word.
    pub n_here: usize,
    /// Statements of the other groups with it.
    pub n_elsewhere: usize,
}

/// How many random labels per group a difference needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelPlan {
    /// Statements per group, in the middle.
    pub n_statements: usize,
    /// Difference and labels per group; `None` when more articles are needed.
    pub rows: Vec<(f64, Option<usize>)>,
}
