//! The verbs: extract, train, evaluate, score, compare.

mod agree;

pub use agree::{
    AgreeParams, Agreement, AxisAgreement, ClassAgreement, Coefficient, Disagreement, GOLD, agree,
};
