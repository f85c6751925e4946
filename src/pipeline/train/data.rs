use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use super::TrainParams;
use crate::corpus::{TrainingRow, TrainingSet};
use crate::features::{MASK, Passage, Rewriter};
use crate::model::hexadecimal;
use crate::types::AxisSet;

/// Rows in canonical order, with what every split needs to know of them.
#[derive(Clone)]
pub(super) struct Data<'a> {
    pub(super) rows: Vec<&'a TrainingRow>,
    /// The place of each row in the set.
    pub(super) order: Vec<usize>,
    pub(super) axes: &'a AxisSet,
    /// The group of each row; rows with the same text share one.
    pub(super) groups: Vec<usize>,
    pub(super) n_groups: usize,
    pub(super) rewriter: Rewriter,
    pub(super) n_names: usize,
    pub(super) notes: Vec<String>,
}

impl<'a> Data<'a> {
    pub(super) fn prepare(set: &'a TrainingSet, params: &TrainParams) -> Self {
        // Most texts differ in their first letters, which stand beside each other here.
        let weighty = set.rows.iter().enumerate().filter(|(_, r)| r.weight > 0.0);
        let mut numbered: Vec<(u64, usize, &TrainingRow)> =
            weighty.map(|(i, row)| (beginning(&row.text), i, row)).collect();
        numbered.sort_by(|(first, _, a), (other, _, b)| {
            first.cmp(other).then_with(|| content(a).cmp(&content(b))).then_with(|| a.group.cmp(&b.group))
        });
        let (order, rows): (Vec<usize>, Vec<&TrainingRow>) =
            numbered.into_iter().map(|(_, i, row)| (i, row)).unzip();
        let mut notes = set.notes.clone();
        let weightless = set.rows.len() - rows.len();
        if weightless > 0 {
            notes.push(format!("{weightless} rows of weight 0 were passed over"));
        }
        let (groups, n_groups) = groups(&rows, &mut notes);
        let (rewriter, n_names) = rewriter(&rows, params);
        Self { rows, order, axes: &set.axes, groups, n_groups, rewriter, n_names, notes }
    }

    /// The same rows, names rewritten as these settings ask.
    pub(super) fn rewritten(&self, params: &TrainParams) -> Self {
        let (rewriter, n_names) = rewriter(&self.rows, params);
        Self { rewriter, n_names, ..self.clone() }
    }

    pub(super) fn passages(&self) -> Vec<Passage<'a>> {
        self.rows.iter().map(|r| Passage { text: &r.text, target: &r.target, span: r.span }).collect()
    }

    /// The rows that have a class on an axis.
    pub(super) fn labelled(&self, axis: usize) -> Vec<usize> {
        (0..self.rows.len()).filter(|i| self.rows[*i].labels[axis].is_some()).collect()
    }

    /// How many axes have rows without a class.
    pub(super) fn n_partly_labelled(&self) -> usize {
        let partly = |axis: &usize| self.rows.iter().any(|row| row.labels[*axis].is_none());
        (0..self.axes.axes.len()).filter(partly).count()
    }

    /// How much each of these rows counts.
    pub(super) fn weights(&self, rows: &[usize]) -> Vec<f64> {
        rows.iter().map(|i| self.rows[*i].weight).collect()
    }

    /// Rows of each class of an axis.
    pub(super) fn counts(&self, axis: usize) -> Vec<usize> {
        let mut counts = vec![0; self.axes.axes[axis].classes().len()];
        for class in self.rows.iter().filter_map(|r| r.labels[axis]) {
            counts[class] += 1;
        }
        counts
    }

    /// What each row counts towards when folds are made even: its class on each axis.
    pub(super) fn strata(&self) -> Vec<Vec<usize>> {
        let mut first = Vec::new();
        let mut n = 0;
        for axis in &self.axes.axes {
            first.push(n);
            n += axis.classes().len();
        }
        self.rows
            .iter()
            .map(|r| {
                r.labels.iter().zip(&first).filter_map(|(class, first)| class.map(|c| first + c)).collect()
            })
            .collect()
    }

    /// SHA-256 of the rows' content and groups, in canonical order.
    pub(super) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (row, group) in self.rows.iter().zip(&self.groups) {
            for part in [&row.text, &row.target, &row.speaker, &row.outlet] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part.as_bytes());
            }
            let span = row.span.map_or(u64::MAX, |s| (s.start as u64) << 32 | s.end as u64);
            hash.update(span.to_le_bytes());
            hash.update((*group as u64).to_le_bytes());
            hash.update(row.weight.to_le_bytes());
            for class in &row.labels {
                hash.update(class.map_or(u64::MAX, |c| c as u64).to_le_bytes());
            }
        }
        hexadecimal(&hash.finalize())
    }
}

type Content<'r> = (&'r str, &'r str, Option<crate::types::Span>, &'r [Option<usize>], &'r str, &'r str, u64);

fn content(row: &TrainingRow) -> Content<'_> {
    (&row.text, &row.target, row.span, &row.labels, &row.speaker, &row.outlet, row.weight.to_bits())
}

/// The first eight bytes of a text as a number: of two that differ, the smaller belongs to the smaller text.
fn beginning(text: &str) -> u64 {
    let mut bytes = [0; 8];
    let n = text.len().min(8);
    bytes[..n].copy_from_slice(&text.as_bytes()[..n]);
    u64::from_be_bytes(bytes)
}

/// Numbers groups by their first row. Groups that share a text become one: what is learned from a text must
/// not be tested on it.
fn groups(rows: &[&TrainingRow], notes: &mut Vec<String>) -> (Vec<usize>, usize) {
    let mut number: HashMap<&str, usize> = HashMap::new();
    let mut groups = Vec::with_capacity(rows.len());
    for row in rows {
        let next = number.len();
        groups.push(*number.entry(&row.group).or_insert(next));
    }
    let mut root: Vec<usize> = (0..number.len()).collect();
    let find = |root: &Vec<usize>, mut g: usize| {
        while root[g] != g {
            g = root[g];
        }
        g
    };
    let mut shared = 0;
    for i in 1..rows.len() {
        if rows[i].text == rows[i - 1].text {
            let (a, b) = (find(&root, groups[i - 1]), find(&root, groups[i]));
            if a != b {
                root[a.max(b)] = a.min(b);
                shared += 1;
            }
        }
    }
    if shared > 0 {
        notes.push(format!(
            "{shared} texts stand in more than one group; such groups were put together, or a model would be tested on what it \
             has read"
        ));
    }
    let mut renumbered = vec![None; root.len()];
    let mut n = 0;
    for g in &mut groups {
        *g = *renumbered[find(&root, *g)].get_or_insert_with(|| {
            n += 1;
            n - 1
        });
    }
    (groups, n)
}

/// Aliases, and masks for the names of those who speak and publish.
///
/// A name with an alias is something that statements speak about, so it is kept.
fn rewriter(rows: &[&TrainingRow], params: &TrainParams) -> (Rewriter, usize) {
    let mut rewriter = Rewriter::default();
    let mut kept = Rewriter::default();
    for (phrase, word) in &params.aliases {
        rewriter.add(phrase, word);
        kept.add(phrase, word);
        kept.add(word, word);
    }
    let mut n = params.aliases.len();
    if params.mask_names {
        let names: BTreeSet<&str> = rows
            .iter()
            .flat_map(|r| [r.speaker.as_str(), r.outlet.as_str()])
            .filter(|n| is_name(n))
            .collect();
        for name in names {
            let last = name.split_whitespace().next_back().unwrap_or_default();
            for phrase in [name, last] {
                if phrase.chars().count() > 3 && !kept.contains(phrase) && !rewriter.contains(phrase) {
                    rewriter.add(phrase, MASK);
                    n += 1;
                }
            }
        }
    }
    (rewriter, n)
}

/// True when every word begins with a capital: a role ("border-guard spokesman") is no name.
fn is_name(text: &str) -> bool {
    let mut words = text.split_whitespace().peekable();
    words.peek().is_some() && words.all(|w| w.chars().next().is_some_and(char::is_uppercase))
}
