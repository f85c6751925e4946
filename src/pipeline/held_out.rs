use super::compare::OutOfFold;
use crate::model::{HeldOut, Model};
use crate::types::ScoredStatement;

/// The predictions for statements that trained the model, by models that had not seen them.
///
/// A correction with labels that also trained the model needs these: with the model's own predictions its errors would
/// look smaller than they are. Empty for a model that was not trained on any of the statements, or without
/// cross-validation.
pub fn held_out(model: &Model, statements: &[ScoredStatement]) -> OutOfFold {
    let mut found = OutOfFold::new();
    for s in statements {
        let Some(p) = model.held_out().p.get(&HeldOut::key(&s.quote, "")) else { continue };
        let mut rest = p.as_slice();
        for axis in model.axes() {
            let (own, others) = rest.split_at(axis.axis.classes().len().min(rest.len()));
            rest = others;
            let p: Vec<f64> = own.iter().map(|p| f64::from(*p)).collect();
            found.entry(axis.axis.id.clone()).or_default().insert(s.statement_id.clone(), p);
        }
    }
    found
}
