//! Differences between groups, and why they differ.

use std::collections::BTreeMap;

use super::Input;
use super::axis::{Values, estimate, figure, for_target};
use super::result::{AxisComparison, Pair, Split};
use crate::statistics::{Clustered, SpokenValue, decompose, pseudo_outcomes};
use crate::types::Axis;

/// Below this confidence the speaker of a statement counts as unknown.
const NAMED: f64 = 0.5;

/// All pairs whose figures have an interval, p values not yet adjusted.
pub fn pairs(input: &Input<'_>, mean: &Values) -> Vec<Pair> {
    let names: Vec<&str> = input.groups.summaries.iter().map(|g| g.name.as_str()).collect();
    let figures: Vec<Option<Clustered>> = mean
        .estimates
        .iter()
        .enumerate()
        .map(|(g, e)| e.as_ref().map(|e| for_target(e, input.params.target, g)).filter(|x| x.df >= 1.0))
        .collect();
    let mut pairs = Vec::new();
    for a in 0..names.len() {
        for b in a + 1..names.len() {
            let (Some(x), Some(y)) = (&figures[a], &figures[b]) else { continue };
            let difference = x.plus(-1.0, y);
            let Some(p) = difference.p_value() else { continue };
            pairs.push(Pair {
                a: names[a].to_string(),
                b: names[b].to_string(),
                difference: difference.estimate,
                standard_error: difference.standard_error(),
                df: difference.df,
                interval: difference.interval(input.params.level),
                p,
                p_holm: p,
                p_bh: p,
                p_permutation: None,
                split: None,
            });
        }
    }
    pairs
}

/// Splits every difference that survived the adjustment.
pub fn split_claims(input: &Input<'_>, axis: &Axis, at: usize, found: &mut AxisComparison) {
    if !found.pairs.iter().any(Pair::is_claim) || input.params.by == "speaker" {
        return;
    }
    let values: Vec<f64> = found.classes.iter().filter_map(|class| class.value).collect();
    let mean = estimate(input, axis, at, &values);
    let pseudo = pseudo_outcomes(&mean.observations, &mean.estimates, mean.lambda.value);
    let mut speakers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut by_group: Vec<Vec<SpokenValue>> = vec![Vec::new(); input.groups.summaries.len()];
    for ((o, value), i) in mean.observations.iter().zip(pseudo).zip(&mean.statement) {
        let Some(value) = value else { continue };
        let s = &input.statements[*i];
        let sure = !s.speaker.is_empty() && s.speaker_confidence.is_none_or(|c| c >= NAMED);
        let next = speakers.len() as u32;
        let speaker = sure.then(|| *speakers.entry(&s.speaker).or_insert(next));
        by_group[o.group].push(SpokenValue { cluster: o.cluster, speaker, value });
    }
    let level = input.params.level;
    for pair in found.pairs.iter_mut().filter(|pair| pair.is_claim()) {
        let (Some(a), Some(b)) = (input.groups.place(&pair.a), input.groups.place(&pair.b)) else { continue };
        pair.split = decompose(&by_group[a], &by_group[b], pair.df).map(|d| Split {
            mix: figure(&d.mix, level, 1),
            statement: figure(&d.statement, level, 1),
            exclusive: figure(&d.exclusive, level, 1),
            shared_a: d.shared_a,
            shared_b: d.shared_b,
            n_speakers: d.n_speakers,
        });
    }
}
