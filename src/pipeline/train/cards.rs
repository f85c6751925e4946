//! What the card says of an axis.

use super::TrainParams;
use super::cross_fit::AxisFit;
use super::data::Data;
use super::tune::describe;
use crate::classifier::{Calibration, FEWEST_FOR_CALIBRATION, SolverReport};
use crate::model::{AxisCard, Trial};
use crate::types::Axis;

/// Why the scores of an axis stay as they are.
pub(super) fn not_calibrated(axis: &Axis, counts: &[usize]) -> String {
    let few: Vec<String> = axis
        .classes()
        .iter()
        .zip(counts)
        .filter(|(_, n)| **n < FEWEST_FOR_CALIBRATION)
        .map(|(class, n)| format!("class {} has {n} rows, {FEWEST_FOR_CALIBRATION} are needed", class.id))
        .collect();
    let why = if few.is_empty() {
        "out of fold, higher scores of a class do not go with more rows of it".into()
    } else {
        few.join("; ")
    };
    format!("{} is not calibrated: {why}", axis.id)
}

/// The trials of the choice of `C`, named by the part of the model whose `C` they are of.
fn named_trials(found: &AxisFit, params: &TrainParams) -> Vec<Trial> {
    // Terms and each block were tried at every C of their own grid, one after the other; the terms get what is left.
    let of_blocks: usize = params.blocks.0.iter().map(|block| block.grid().len()).sum();
    let of_terms = found.trials.len().saturating_sub(of_blocks);
    let terms = std::iter::repeat_n("terms", of_terms);
    let blocks = params.blocks.0.iter().flat_map(|b| std::iter::repeat_n(b.name(), b.grid().len()));
    found.trials.iter().cloned().zip(terms.chain(blocks)).map(|(trial, part)| trial.of_c(part)).collect()
}

/// The card of one axis.
#[expect(clippy::too_many_arguments, reason = "a card is put together from everything that was found")]
pub(super) fn axis_card(
    data: &Data<'_>,
    axis: usize,
    definition: &Axis,
    params: &TrainParams,
    c: f64,
    calibration: &Calibration,
    reports: Vec<SolverReport>,
    found: Option<&AxisFit>,
) -> AxisCard {
    let (calibration_slope, calibration_intercepts) = match calibration {
        Calibration::None => (None, Vec::new()),
        Calibration::Platt { slope, intercept } => (Some(*slope), vec![*intercept]),
        Calibration::Temperature { slope, intercepts } => (Some(*slope), intercepts.clone()),
    };
    let mut validation = found.map(|f| f.validation.clone());
    if let Some(baselines) = validation.as_mut().map(|v| &mut v.baselines) {
        baselines.speaker_macro_f1 = baselines.of_speaker();
    }
    let mut card = AxisCard {
        axis: definition.id.clone(),
        classes: definition.classes().iter().map(|c| c.id.clone()).collect(),
        counts: data.counts(axis),
        weighting: params.weighting,
        scheme: params.scheme,
        solver: params.solver,
        balanced: params.balanced,
        setting: describe(params),
        c,
        calibration: calibration.name().into(),
        calibration_slope,
        calibration_intercepts,
        macro_f1: params.macro_f1,
        decision: found.map(|f| f.decision.clone()).unwrap_or_default(),
        abstain: params.abstain.filter(|_| found.is_some()),
        reports,
        trials: found.map(|f| named_trials(f, params)).unwrap_or_default(),
        validation,
        blocks: found.map(|f| f.blocks.clone()).unwrap_or_default(),
    };
    card.mark_chosen();
    card
}
