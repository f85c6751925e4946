//! Numbers in, numbers out: nothing here knows of texts, files or outlets.

mod agreement;
mod clustered;
mod jackknife;
mod korn_graubard;
mod multiplicity;
mod prediction_powered;
mod resampling;

pub use agreement::{AgreementCounts, Measurement, bootstrap_by_article, jackknife_by_article};
pub use clustered::Clustered;
pub use jackknife::{Interval, Jackknife, student_t_p_value, student_t_quantile};
pub use korn_graubard::korn_graubard;
pub use multiplicity::{RankSet, benjamini_hochberg, holm, rank_sets};
pub use prediction_powered::{
    GroupEstimate, LabelValue, Lambda, Observation, Target, prediction_powered, pseudo_outcomes,
};
pub use resampling::Draws;
