//! The statements behind the marks: which ones are shown, and how.

use std::collections::BTreeMap;

use super::chart::signed;
use crate::pipeline::Comparison;
use crate::types::{AxisScore, ScoredStatement};

/// A statement is cut after this many characters.
const LONG: usize = 420;

/// The table of statements.
pub struct Evidence {
    /// What is shown.
    pub lead: String,
    /// The axes one can filter by.
    pub axes: Vec<EvidenceAxis>,
    /// The groups with their statements.
    pub groups: Vec<EvidenceGroup>,
}

/// An axis in the filter.
pub struct EvidenceAxis {
    /// Its number.
    pub index: usize,
    /// Its name.
    pub title: String,
    /// Its classes.
    pub classes: Vec<String>,
}

/// The statements of a group.
pub struct EvidenceGroup {
    /// The group's number.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// "12 of 340 statements".
    pub note: String,
    /// The statements.
    pub rows: Vec<EvidenceRow>,
}

/// One statement.
pub struct EvidenceRow {
    /// The class on each axis, `-` for none, blanks between.
    pub classes: String,
    /// Who speaks.
    pub speaker: String,
    /// How it is given.
    pub kind: String,
    /// The words, with the terms that moved the score.
    pub parts: Vec<(Tone, String)>,
    /// The terms with their weights.
    pub why: String,
    /// One line an axis.
    pub scores: Vec<String>,
    /// What the score column is sorted by.
    pub sort: String,
    /// The date.
    pub date: String,
    /// The article's headline or id.
    pub article: String,
    /// Its address; empty unless it is a web address.
    pub url: String,
}

/// Which way a part of the words moved the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Not at all.
    Plain,
    /// Towards the high pole.
    High,
    /// Towards the low pole.
    Low,
}

impl Evidence {
    /// Chooses and words the statements: at most `max`, and at most about `room` bytes of them.
    pub fn new(comparison: &Comparison, statements: &[ScoredStatement], max: usize, room: usize) -> Self {
        let place: BTreeMap<&str, usize> =
            comparison.groups.iter().enumerate().map(|(i, g)| (g.name.as_str(), i)).collect();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); comparison.groups.len()];
        for (i, s) in statements.iter().enumerate() {
            if let Some(g) = place.get(comparison.group_of(s)) {
                members[*g].push(i);
            }
        }
        let total: usize = members.iter().map(Vec::len).sum();
        let queues: Vec<Vec<usize>> =
            members.iter().map(|group| telling_first(comparison, statements, group)).collect();
        let mut rows: Vec<Vec<(usize, EvidenceRow)>> = members.iter().map(|_| Vec::new()).collect();
        let (mut shown, mut bytes) = (0, 0);
        let longest = queues.iter().map(Vec::len).max().unwrap_or(0);
        'all: for turn in 0..longest {
            for (g, queue) in queues.iter().enumerate() {
                let Some(i) = queue.get(turn) else { continue };
                let row = EvidenceRow::new(comparison, &statements[*i]);
                bytes += row.size();
                if shown == max || bytes > room {
                    break 'all;
                }
                shown += 1;
                rows[g].push((*i, row));
            }
        }
        let groups = rows
            .into_iter()
            .enumerate()
            .map(|(g, mut rows)| {
                rows.sort_by_key(|(i, _)| *i);
                EvidenceGroup {
                    index: g,
                    name: comparison.groups[g].name.clone(),
                    note: format!("{} of {} statements", rows.len(), members[g].len()),
                    rows: rows.into_iter().map(|(_, row)| row).collect(),
                }
            })
            .collect();
        let lead = if shown == total {
            format!("All {total} statements.")
        } else {
            format!(
                "{shown} of {total} statements: for each {} and each class the strongest, the least certain and typical ones by turns. The scored file holds them all.",
                comparison.by
            )
        };
        let axes = comparison
            .axes
            .iter()
            .enumerate()
            .map(|(index, axis)| EvidenceAxis {
                index,
                title: axis.id.clone(),
                classes: axis.classes.iter().map(|c| c.title.clone()).collect(),
            })
            .collect();
        Self {
            lead: format!(
                "{lead} Underlined words moved the score of the axis that is named with them: plainly towards its high pole, dashed towards its low pole."
            ),
            axes,
            groups,
        }
    }
}

/// The members of a group so that, however many are shown, all axes and classes have their strongest, their least
/// certain and a typical one among them.
fn telling_first(comparison: &Comparison, statements: &[ScoredStatement], members: &[usize]) -> Vec<usize> {
    let mut queues: Vec<Vec<usize>> = Vec::new();
    for axis in &comparison.axes {
        for class in &axis.classes {
            let mut of_class: Vec<(f64, usize)> = members
                .iter()
                .filter_map(|i| {
                    let score = statements[*i].axes.get(&axis.id).filter(|s| s.class == class.id)?;
                    Some((score.p.iter().copied().fold(0.0, f64::max), *i))
                })
                .collect();
            of_class.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            queues.push(by_turns(&of_class));
        }
    }
    queues.push(members.to_vec());
    let mut order = Vec::with_capacity(members.len());
    let mut seen = std::collections::BTreeSet::new();
    let longest = queues.iter().map(Vec::len).max().unwrap_or(0);
    for turn in 0..longest {
        for queue in &queues {
            if let Some(i) = queue.get(turn).filter(|i| seen.insert(**i)) {
                order.push(*i);
            }
        }
    }
    order
}

/// The surest, the least sure, the middle one, the next surest and so on.
fn by_turns(sorted: &[(f64, usize)]) -> Vec<usize> {
    let (mut first, mut last, mut middle) = (0, sorted.len(), sorted.len() / 2);
    let mut order = Vec::with_capacity(sorted.len());
    while first < last {
        order.push(sorted[first].1);
        first += 1;
        if first < last {
            last -= 1;
            order.push(sorted[last].1);
        }
        middle = middle.clamp(first, last);
        if middle < last {
            order.push(sorted[middle].1);
            middle += 1;
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    order.retain(|i| seen.insert(*i));
    order
}

impl EvidenceRow {
    fn new(comparison: &Comparison, s: &ScoredStatement) -> Self {
        let scores: Vec<Option<&AxisScore>> =
            comparison.axes.iter().map(|axis| s.axes.get(&axis.id)).collect();
        let class = |a: usize| {
            let score = scores[a].filter(|score| score.status.has_score())?;
            comparison.axes[a].classes.iter().position(|c| c.id == score.class)
        };
        let classes: Vec<String> =
            (0..scores.len()).map(|a| class(a).map_or("-".into(), |c| c.to_string())).collect();
        let lines = scores
            .iter()
            .zip(&comparison.axes)
            .enumerate()
            .filter_map(|(a, (score, axis))| {
                let score = (*score)?;
                Some(match (class(a), score.score) {
                    (Some(c), Some(value)) => {
                        format!("{} {} {}", axis.id, signed(value), axis.classes[c].title)
                    }
                    (Some(c), None) => format!("{} {}", axis.id, axis.classes[c].title),
                    _ => format!("{}: {}", axis.id, score.status.as_str().replace('_', " ")),
                })
            })
            .collect();
        // The axis with most to say explains itself.
        let telling = scores
            .iter()
            .zip(&comparison.axes)
            .filter_map(|(score, axis)| Some(((*score)?, axis)))
            .filter(|(score, _)| !score.terms.is_empty())
            .max_by(|a, b| a.0.score.unwrap_or(0.0).abs().total_cmp(&b.0.score.unwrap_or(0.0).abs()));
        let quote = if s.quote.chars().count() > LONG {
            let mut cut: String = s.quote.chars().take(LONG).collect();
            cut.push('…');
            cut
        } else {
            s.quote.clone()
        };
        let (parts, why) = match telling {
            Some((score, axis)) => {
                let terms: Vec<(&str, f64)> =
                    score.terms.iter().map(|t| (t.term.as_str(), t.value)).collect();
                let list: Vec<String> =
                    terms.iter().take(5).map(|(term, value)| format!("{term} {}", signed(*value))).collect();
                (highlighted(&quote, &terms), format!("{}: {}", axis.id, list.join(", ")))
            }
            None => (vec![(Tone::Plain, quote)], String::new()),
        };
        let web = s.url.starts_with("https://") || s.url.starts_with("http://");
        Self {
            classes: classes.join(" "),
            speaker: if s.speaker.is_empty() { "unknown".into() } else { s.speaker.clone() },
            kind: s.kind.clone(),
            parts,
            why,
            sort: scores.iter().flatten().find_map(|a| a.score).map_or(String::new(), |v| format!("{v:.3}")),
            scores: lines,
            date: s.date.clone(),
            article: if s.title.is_empty() { s.article.clone() } else { s.title.clone() },
            url: if web { s.url.clone() } else { String::new() },
        }
    }

    /// About how many bytes it takes on the page: escaping and tags included.
    fn size(&self) -> usize {
        let words: usize = self.parts.iter().map(|(_, text)| text.len() + 13).sum();
        let scores: usize = self.scores.iter().map(|s| s.len() + 4).sum();
        let rest =
            [&self.speaker, &self.kind, &self.why, &self.date, &self.article, &self.url, &self.classes];
        // Escaping can make a character five times as long; letters rarely need it.
        words + scores + rest.iter().map(|s| s.len()).sum::<usize>() + 170
    }
}

/// Cuts a quotation at the terms that moved its score; longer terms win where two overlap.
fn highlighted(quote: &str, terms: &[(&str, f64)]) -> Vec<(Tone, String)> {
    let letters: Vec<(usize, char)> = quote.char_indices().collect();
    let lower: Vec<char> = letters.iter().map(|(_, c)| c.to_lowercase().next().unwrap_or(*c)).collect();
    let mut tones = vec![Tone::Plain; lower.len()];
    let mut ordered: Vec<&(&str, f64)> = terms.iter().collect();
    ordered.sort_by_key(|(term, _)| std::cmp::Reverse(term.chars().count()));
    for (term, value) in ordered {
        let words: Vec<char> = term.trim().chars().flat_map(char::to_lowercase).collect();
        if words.is_empty() || words.len() > lower.len() {
            continue;
        }
        let tone = if *value > 0.0 { Tone::High } else { Tone::Low };
        for start in 0..=lower.len() - words.len() {
            let end = start + words.len();
            let inside = |i: usize| lower.get(i).is_some_and(|c| c.is_alphanumeric());
            let whole = (start == 0 || !inside(start - 1)) && !inside(end);
            if whole && lower[start..end] == words[..] && tones[start..end].iter().all(|t| *t == Tone::Plain)
            {
                tones[start..end].fill(tone);
            }
        }
    }
    let mut parts: Vec<(Tone, String)> = Vec::new();
    for ((_, c), tone) in letters.iter().zip(tones) {
        match parts.last_mut() {
            Some((last, text)) if *last == tone => text.push(*c),
            _ => parts.push((tone, c.to_string())),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_found_whole_and_without_case() {
        let parts =
            highlighted("The Aggressor is aggressive.", &[("aggressor", 0.4), ("the", -0.1), ("ss", 1.0)]);
        assert_eq!(
            parts,
            [
                (Tone::Low, "The".to_string()),
                (Tone::Plain, " ".into()),
                (Tone::High, "Aggressor".into()),
                (Tone::Plain, " is aggressive.".into())
            ]
        );
    }

    #[test]
    fn turns_take_every_statement_once() {
        let sorted: Vec<(f64, usize)> = (0..7).map(|i| (1.0 - 0.1 * i as f64, i)).collect();
        let mut order = by_turns(&sorted);
        assert_eq!(order[..3], [0, 6, 3]);
        order.sort_unstable();
        assert_eq!(order, (0..7).collect::<Vec<_>>());
    }
}
