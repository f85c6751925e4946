//! Speakers and months in every group: plain averages of the model.

use std::collections::BTreeMap;

use super::Input;
use super::axis::sampled_mean;
use super::result::{MonthCell, SpeakerCell, SpeakerRow};
use crate::types::ScoredStatement;

/// Speakers in the table.
const N_SPEAKERS: usize = 25;

/// How many, and their sum.
type Sum = (usize, f64);

/// The most quoted speakers in every group.
pub fn speakers(input: &Input<'_>, score: &dyn Fn(&ScoredStatement) -> Option<f64>) -> Vec<SpeakerRow> {
    let n_groups = input.groups.summaries.len();
    let mut table: BTreeMap<&str, (usize, Vec<Sum>)> = BTreeMap::new();
    for (i, s) in input.statements.iter().enumerate() {
        let (Some(g), false) = (input.groups.of[i], s.speaker.is_empty()) else { continue };
        let (n, cells) = table.entry(&s.speaker).or_insert_with(|| (0, vec![(0, 0.0); n_groups]));
        *n += 1;
        if let Some(score) = score(s) {
            cells[g].0 += 1;
            cells[g].1 += score;
        }
    }
    let mut rows: Vec<_> = table.into_iter().collect();
    rows.sort_by(|a, b| b.1.0.cmp(&a.1.0).then(a.0.cmp(b.0)));
    rows.truncate(N_SPEAKERS);
    rows.into_iter()
        .map(|(speaker, (n, cells))| SpeakerRow {
            speaker: speaker.to_string(),
            n,
            cells: cells
                .into_iter()
                .map(|(n, sum)| (n > 0).then(|| SpeakerCell { n, mean: sum / n as f64 }))
                .collect(),
        })
        .collect()
}

/// Every group in every month.
pub fn months(input: &Input<'_>, score: &dyn Fn(&ScoredStatement) -> Option<f64>) -> Vec<MonthCell> {
    let mut cells: BTreeMap<(usize, &str), Vec<(usize, f64)>> = BTreeMap::new();
    for (i, s) in input.statements.iter().enumerate() {
        if let (Some(g), Some(month), Some(score)) =
            (input.groups.of[i], super::grouping::value(s, "month"), score(s))
        {
            cells.entry((g, month)).or_default().push((i, score));
        }
    }
    cells
        .into_iter()
        .filter_map(|((g, month), values)| {
            Some(MonthCell {
                group: input.groups.summaries[g].name.clone(),
                month: month.to_string(),
                n: values.len(),
                estimate: sampled_mean(input, values.into_iter(), 1)?,
            })
        })
        .collect()
}
