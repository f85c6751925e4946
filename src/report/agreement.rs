//! How far the labels themselves can be trusted.

use super::view::{Chapter, Figure, Table};
use crate::pipeline::{Agreement, AxisAgreement, Coefficient};

/// Lower bounds of Krippendorff's alpha below which outlets should not be compared, and below which it should be said.
const TENTATIVE: f64 = 0.667;
const FIRM: f64 = 0.80;

/// The section on agreement.
pub fn chapter(agreement: &Agreement) -> Chapter {
    let mut table = Table::new(
        &[
            "axis",
            "shared statements",
            "alpha, nominal",
            "95 % interval",
            "alpha, ordinal",
            "AC1",
            "raw",
            "differences shrink to",
        ],
        1,
    );
    for axis in &agreement.axes {
        let figure = |c: Option<f64>| c.map_or("not defined".into(), |v| format!("{v:.2}"));
        let interval =
            |c: &Coefficient| c.bootstrap.map_or(String::new(), |i| format!("{:.2} to {:.2}", i.low, i.high));
        table.row(vec![
            axis.axis.clone(),
            axis.n_shared.to_string(),
            figure(axis.alpha.value),
            interval(&axis.alpha),
            figure(axis.alpha_ordinal.and_then(|c| c.value)),
            figure(axis.ac1.value),
            figure(axis.raw.value),
            axis.attenuation.map_or(String::new(), |f| format!("{f:.2} of them")),
        ]);
    }
    let doubts: Vec<String> = agreement.axes.iter().filter_map(doubt).collect();
    Chapter {
        id: "agreement",
        title: "How far the labels agree".into(),
        lead: if doubts.is_empty() {
            format!("On every axis the lower bound of alpha reaches {FIRM:.2}.")
        } else {
            doubts.join(" ")
        },
        figures: vec![Figure {
            title: String::new(),
            charts: Vec::new(),
            caption: "Intervals are a bootstrap over whole articles. Random slips of the annotators pull every mean and every difference towards 0, by the factor in the last column; no statistic puts that right, nor labels that know the outlet.".into(),
            table: Some(table),
        }],
    }
}

fn doubt(axis: &AxisAgreement) -> Option<String> {
    let Some(low) = axis.alpha.bootstrap.map(|i| i.low) else {
        return Some(format!("{}: agreement cannot be told.", axis.axis));
    };
    if low < TENTATIVE {
        Some(format!(
            "{}: the lower bound of alpha is {low:.2}, below {TENTATIVE}; do not compare outlets on it.",
            axis.axis
        ))
    } else if low < FIRM {
        Some(format!("{}: the lower bound of alpha is {low:.2}; conclusions are tentative.", axis.axis))
    } else {
        None
    }
}
