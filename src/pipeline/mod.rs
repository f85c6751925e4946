//! The verbs, silent: extract, check, agree, train, evaluate, score, compare.

mod agree;
mod check;
mod compare;
mod evaluate;
mod examples;
mod extract;
mod held_out;
mod telling;
mod train;

pub use agree::{
    AgreeParams, Agreement, AxisAgreement, ClassAgreement, Coefficient, Disagreement, GOLD, agree,
    was_disputed,
};
pub use check::{Finding, Severity, check};
pub use compare::{
    AxisComparison, AxisGroup, ClassName, ClassShare, Clustering, CompareParams, Comparison, CorpusSummary,
    Details, Estimate, GoldSummary, GroupSummary, Intervals, LabelPlan, MonthCell, Note, OutOfFold, Pair,
    Sampling, Sensitivity, SpeakerCell, SpeakerRow, Split, Spread, WordRow, compare,
};
pub use evaluate::{AxisEvaluation, Evaluation, evaluate};
pub use examples::{Alike, Examples, Explained, ReadsLike};
pub use extract::{SpeakerDirectory, extract, statement_id};
pub use held_out::held_out;
pub use telling::telling;
pub use train::{
    Blocks, C_GRID, FEWEST_PER_CLASS, Suspicion, Suspicions, SuspicionsOnAxis, TrainParams, Tuned,
    suspicious, train, train_watched, tune,
};
