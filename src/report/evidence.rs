//! The statements behind the marks: how many have room, and how they are shown.

use std::collections::BTreeMap;

use super::PageOptions;
use super::chart::signed;
use crate::model::AxisShares;
use crate::pipeline::{Alike, Comparison, ReadsLike, telling};
use crate::types::{AxisScore, ScoredStatement};

/// A statement is cut after this many characters.
const LONG: usize = 420;

/// What the examples are.
const EXAMPLES_LEAD: &str = " “Reads like these” opens the labelled statements that a statement reads most like to the model: how alike they are, from 0 (nothing in common) to 1 (the same words), and how they were labelled.";

/// What the shares are.
const SHARES_LEAD: &str = " Beneath them each linear score, from which the model makes its probabilities, is taken apart; its parts add up to it.";

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
    /// The labelled statements that it reads like.
    pub examples: Vec<EvidenceExample>,
    /// What the words and each block of the model add, one line an axis.
    pub shares: Vec<String>,
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

/// A labelled statement that a statement reads like.
pub struct EvidenceExample {
    /// How alike they are.
    pub similarity: String,
    /// Its words.
    pub text: String,
    /// Its classes, axis by axis.
    pub labels: String,
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
    /// Words the statements that tell most: as many as are asked for and have room.
    pub fn new(
        comparison: &Comparison,
        statements: &[ScoredStatement],
        options: &PageOptions,
        room: usize,
    ) -> Self {
        let place: BTreeMap<&str, usize> =
            comparison.groups.iter().enumerate().map(|(i, g)| (g.name.as_str(), i)).collect();
        let group = |s: &ScoredStatement| place.get(comparison.group_of(s)).copied();
        let mut n_members = vec![0; comparison.groups.len()];
        for g in statements.iter().filter_map(group) {
            n_members[g] += 1;
        }
        let total: usize = n_members.iter().sum();
        let mut rows: Vec<Vec<(usize, EvidenceRow)>> = n_members.iter().map(|_| Vec::new()).collect();
        let (mut shown, mut bytes) = (0, 0);
        for i in telling(comparison, statements, options.max_quotes) {
            let Some(g) = group(&statements[i]) else { continue };
            let mut row = EvidenceRow::new(comparison, &statements[i]);
            if let Some(like) = options.reads_like.get(&i) {
                row.examples = examples(comparison, like);
                row.shares = shares(comparison, like);
            }
            bytes += row.size();
            if bytes > room {
                break;
            }
            shown += 1;
            rows[g].push((i, row));
        }
        let has = |what: fn(&EvidenceRow) -> bool| rows.iter().flatten().any(|(_, row)| what(row));
        let examples = if has(|row| !row.examples.is_empty()) { EXAMPLES_LEAD } else { "" };
        let shares = if has(|row| !row.shares.is_empty()) { SHARES_LEAD } else { "" };
        let groups = rows
            .into_iter()
            .enumerate()
            .map(|(g, mut rows)| {
                rows.sort_by_key(|(i, _)| *i);
                EvidenceGroup {
                    index: g,
                    name: comparison.groups[g].name.clone(),
                    note: format!("{} of {} statements", rows.len(), n_members[g]),
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
                "{lead} Underlined words moved the score of the axis that is named with them: plainly towards its high pole, dashed towards its low pole.{examples}{shares}"
            ),
            axes,
            groups,
        }
    }
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
        let quote = cut(&s.quote);
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
            examples: Vec::new(),
            shares: Vec::new(),
            sort: scores.iter().flatten().find_map(|a| a.score).map_or(String::new(), |v| format!("{v:.3}")),
            scores: lines,
            date: s.date.clone(),
            article: if s.title.is_empty() { s.article.clone() } else { s.title.clone() },
            url: if web { s.url.clone() } else { String::new() },
        }
    }

    /// True when there is something to open beneath its words.
    pub fn has_more(&self) -> bool {
        !self.examples.is_empty() || !self.shares.is_empty()
    }

    /// About how many bytes it takes on the page: escaping and tags included.
    fn size(&self) -> usize {
        let words: usize = self.parts.iter().map(|(_, text)| text.len() + 13).sum();
        let scores: usize = self.scores.iter().map(|s| s.len() + 4).sum();
        let example = |e: &EvidenceExample| e.similarity.len() + e.text.len() + e.labels.len() + 35;
        let examples: usize = self.examples.iter().map(example).sum();
        let shares: usize = self.shares.iter().map(|s| s.len() + 4).sum();
        let opened = if self.has_more() { 90 } else { 0 };
        let rest =
            [&self.speaker, &self.kind, &self.why, &self.date, &self.article, &self.url, &self.classes];
        // Escaping can make a character five times as long; letters rarely need it.
        words + scores + examples + shares + opened + rest.iter().map(|s| s.len()).sum::<usize>() + 170
    }
}

/// A text without its end, if it is long.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

/// The labelled statements with their classes on the axes that are shown.
fn examples(comparison: &Comparison, like: &ReadsLike) -> Vec<EvidenceExample> {
    let worded = |alike: &Alike| {
        let labels = comparison.axes.iter().filter_map(|axis| {
            let classes: Vec<&str> = alike.labels.get(&axis.id)?.iter().map(|c| c.title.as_str()).collect();
            Some(format!("{} {}", axis.id, classes.join(" or ")))
        });
        EvidenceExample {
            similarity: format!("{:.2}", alike.similarity),
            text: cut(&alike.text),
            labels: format!("labelled {}", labels.collect::<Vec<_>>().join(", ")),
        }
    };
    like.alike.iter().map(worded).collect()
}

/// What made the score of each axis that is shown.
fn shares(comparison: &Comparison, like: &ReadsLike) -> Vec<String> {
    let worded = |shares: &AxisShares| {
        let axis = comparison.axes.iter().find(|axis| axis.id == shares.axis)?;
        let towards = axis.classes.iter().find(|class| class.id == shares.towards)?;
        let blocks = shares.blocks.iter().map(|b| format!(", {} by the {}", signed(b.value), b.name));
        Some(format!(
            "{} {} towards {}: {} before reading, {} by the words{}",
            axis.id,
            signed(shares.linear_score),
            towards.title,
            signed(shares.intercept),
            signed(shares.words),
            blocks.collect::<String>()
        ))
    };
    like.shares.iter().filter_map(worded).collect()
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
}
