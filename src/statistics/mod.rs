//! Numbers in, numbers out: nothing here knows of texts, files or outlets.

mod agreement;
mod clustered;
mod confusion;
mod decomposition;
mod folds;
mod jackknife;
mod korn_graubard;
mod log_odds;
mod multiplicity;
mod planning;
mod pooling;
mod prediction_powered;
mod quantification;
mod reliability;
mod resampling;

pub use agreement::{AgreementCounts, Measurement, bootstrap_by_article, jackknife_by_article};
pub use clustered::Clustered;
pub use confusion::{ClassScores, Confusion};
pub use decomposition::{Decomposition, SpokenValue, decompose};
pub use folds::stratified_grouped_folds;
pub use jackknife::{Interval, Jackknife, student_t_p_value, student_t_quantile};
pub use korn_graubard::korn_graubard;
pub use log_odds::{LogOdds, log_odds};
pub use multiplicity::{RankSet, benjamini_hochberg, holm, rank_sets};
pub use planning::Plan;
pub use pooling::{between_variance, partially_pooled};
pub use prediction_powered::{
    GroupEstimate, LabelValue, Lambda, Observation, Target, prediction_powered, pseudo_outcomes,
};
pub use quantification::{adjusted_count, classify_and_count, expectation_maximisation};
pub use reliability::{Reliability, ReliabilityBin, reliability_curve};
pub use resampling::Draws;
