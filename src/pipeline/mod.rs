//! The verbs, silent: extract, check, agree, train, evaluate, score, compare.

mod adjudicate;
mod agree;
mod check;
mod extract;

pub use adjudicate::{Adjudication, adjudicate};
pub use agree::{
    AgreeParams, Agreement, AxisAgreement, ClassAgreement, Coefficient, Disagreement, GOLD, agree,
};
pub use check::{Finding, Severity, check};
pub use extract::{SpeakerDirectory, extract, statement_id};
