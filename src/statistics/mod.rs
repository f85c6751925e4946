//! Numbers in, numbers out: nothing here knows of texts, files or outlets.

mod agreement;
mod bootstrap;
mod clustered;
mod confident;
mod confusion;
mod decomposition;
mod density;
mod folds;
mod jackknife;
mod korn_graubard;
mod log_odds;
mod multiplicity;
mod permutation;
mod planning;
mod pooling;
mod prediction_powered;
mod quantification;
mod reliability;
mod resampling;
mod synthetic;

pub use agreement::{AgreementCounts, Measurement, bootstrap_by_article, jackknife_by_article};
pub use bootstrap::{Bootstrap, Studentised};
pub use clustered::Clustered;
pub use confident::{ConfidentJoint, normalised_margin};
pub use confusion::{ClassScores, Confusion};
pub use decomposition::{Decomposition, SpokenValue, decompose};
pub use density::{density, quantile};
pub use folds::stratified_grouped_folds;
pub use jackknife::{Interval, Jackknife, student_t_p_value, student_t_quantile};
pub use korn_graubard::korn_graubard;
pub use log_odds::{LogOdds, log_odds};
pub use multiplicity::{RankSet, benjamini_hochberg, holm, rank_sets};
pub use permutation::{Graded, equal_errors_p_value, permutation_p_value};
pub use planning::Plan;
pub use pooling::{between_variance, partially_pooled};
pub use prediction_powered::{
    GroupEstimate, LabelValue, Lambda, Observation, Target, prediction_powered, pseudo_outcomes,
};
pub use quantification::{adjusted_count, classify_and_count, expectation_maximisation};
pub use reliability::{Reliability, ReliabilityBin, reliability_curve};
pub use resampling::Draws;
pub use synthetic::PooledError;
