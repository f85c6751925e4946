//! The words that a group prints more often than the others.

use std::collections::{BTreeMap, BTreeSet};

use super::Input;
use super::result::WordRow;
use crate::statistics::log_odds;

/// Statements that must have a word before it is looked at.
const FEWEST: usize = 5;
/// Words a group and direction.
const MOST: usize = 8;
/// All pseudo-counts together: as much as a small outlet.
const PRIOR: f64 = 500.0;
/// Below this the difference is noise.
const NOTICEABLE: f64 = 1.96;

/// For every group the words of its statements that stand out against all other groups; counted are statements, so
/// that one long statement does not make a word frequent.
pub fn words(input: &Input<'_>) -> Vec<WordRow> {
    let n_groups = input.groups.summaries.len();
    if n_groups < 2 {
        return Vec::new();
    }
    let mut counts: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut totals = vec![0_u32; n_groups];
    for (s, group) in input.statements.iter().zip(&input.groups.of) {
        let Some(g) = group else { continue };
        let lower = s.quote.to_lowercase();
        let distinct: BTreeSet<&str> = lower
            .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’')
            .map(|w| w.trim_matches(['\'', '’']))
            .filter(|w| w.chars().count() > 2 && w.chars().any(char::is_alphabetic))
            .collect();
        totals[*g] += distinct.len() as u32;
        for word in distinct {
            if let Some(row) = counts.get_mut(word) {
                row[*g] += 1;
            } else {
                let mut row = vec![0; n_groups];
                row[*g] = 1;
                counts.insert(word.to_string(), row);
            }
        }
    }
    let all: f64 = totals.iter().map(|n| f64::from(*n)).sum();
    let frequent: Vec<(&String, &Vec<u32>, u32)> = counts
        .iter()
        .map(|(word, row)| (word, row, row.iter().sum::<u32>()))
        .filter(|(_, _, n)| *n as usize >= FEWEST)
        .collect();
    let mut rows = Vec::new();
    for (g, summary) in input.groups.summaries.iter().enumerate() {
        let here = f64::from(totals[g]);
        let mut ranked: Vec<(f64, &str, u32, u32)> = frequent
            .iter()
            .map(|(word, row, n)| {
                let (own, total) = (f64::from(row[g]), f64::from(*n));
                let odds = log_odds((own, here), (total - own, all - here), (PRIOR * total / all, PRIOR));
                (odds.z, word.as_str(), row[g], n - row[g])
            })
            .filter(|(z, ..)| z.abs() >= NOTICEABLE)
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let more = ranked.iter().filter(|r| r.0 > 0.0).take(MOST);
        let less = ranked.iter().rev().filter(|r| r.0 < 0.0).take(MOST);
        rows.extend(more.chain(less).map(|(z, word, n_here, n_elsewhere)| WordRow {
            group: summary.name.clone(),
            word: (*word).to_string(),
            z: *z,
            n_here: *n_here as usize,
            n_elsewhere: *n_elsewhere as usize,
        }));
    }
    rows
}
