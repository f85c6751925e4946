//! How the scores are spread in each group.

use super::chart::{RidgeRow, ridges, signed};
use super::figures::{by_stance, pole_titles, thousands};
use super::view::{Figure, Table};
use crate::pipeline::{AxisComparison, Comparison, Spread};

/// The ten bins of scores.
pub const BINS: [&str; Spread::BINS] = [
    "−1.0 to −0.8",
    "−0.8 to −0.6",
    "−0.6 to −0.4",
    "−0.4 to −0.2",
    "−0.2 to 0.0",
    "0.0 to +0.2",
    "+0.2 to +0.4",
    "+0.4 to +0.6",
    "+0.6 to +0.8",
    "+0.8 to +1.0",
];

/// Ridges of the scores, one a group, in the order of the mean stance; `None` on an axis without poles.
pub fn spread(comparison: &Comparison, index: usize, axis: &AxisComparison) -> Option<Figure> {
    let order: Vec<usize> =
        by_stance(axis).into_iter().filter(|g| axis.groups[*g].scores.is_some()).collect();
    if order.is_empty() {
        return None;
    }
    let mut heads = vec![comparison.by.as_str(), "scored", "10 %", "25 %", "median", "75 %", "90 %"];
    heads.extend(BINS);
    let mut table = Table::new(&heads, 1);
    let mut rows = Vec::new();
    for g in order {
        let group = &axis.groups[g];
        let Some(scores) = &group.scores else { continue };
        let [_, low, median, high, _] = scores.quantiles;
        rows.push(RidgeRow {
            name: group.group.clone(),
            group: g,
            density: scores.density.clone(),
            points: scores.points.clone(),
            median,
            note: format!("n = {}", thousands(group.n_scored)),
            tip: format!(
                "{}: median {}, half of its {} scores between {} and {}",
                group.group,
                signed(median),
                group.n_scored,
                signed(low),
                signed(high)
            ),
        });
        let mut cells = vec![group.group.clone(), group.n_scored.to_string()];
        cells.extend(scores.quantiles.iter().map(|q| signed(*q)));
        cells.extend(scores.counts.iter().map(ToString::to_string));
        table.row(cells);
    }
    let (low, high) = pole_titles(axis);
    let title = format!("How scores are spread on {}", axis.id);
    Some(Figure {
        charts: vec![ridges(&title, low, high, index, &rows)],
        title,
        caption: format!(
            "Where the scores of single statements lie: the higher the ridge, the more of them; equal areas. The upright stroke is the median. Below {} statements each is a dot. Scores of the model, not corrected.",
            Spread::MANY
        ),
        table: Some(table),
    })
}
