use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::prelude::*;

use super::TrainParams;
use crate::corpus::{TrainingRow, TrainingSet};
use crate::features::{MASK, Passage, Rewriter};
use crate::types::AxisSet;

/// Rows in canonical order, with what every split needs to know of them.
#[derive(Clone)]
pub(super) struct Data<'a> {
    pub(super) rows: Vec<&'a TrainingRow>,
    /// The place of each row in the set.
    pub(super) order: Vec<usize>,
    pub(super) axes: &'a AxisSet,
    /// The group of each row.
    pub(super) groups: Vec<usize>,
    pub(super) n_groups: usize,
    /// The same as they were named: what is put together depends on whether rows are held out.
    named: Vec<usize>,
    /// Of each row whose text stands in other groups too, what its copies have in common; empty when there are none.
    copies: Vec<Option<u64>>,
    /// How many bytes of matrices may be held at once.
    pub(super) memory: usize,
    pub(super) rewriter: Rewriter,
    pub(super) n_names: usize,
    pub(super) notes: Vec<String>,
}

impl<'a> Data<'a> {
    /// # Arguments
    ///
    /// * `for_splits` - whether rows will be held out: finding copies takes time.
    pub(super) fn prepare(set: &'a TrainingSet, params: &TrainParams, for_splits: bool) -> Self {
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
        let (named, n_groups) = named(&rows);
        let groups = named.clone();
        let Grouped { groups, n_groups, copies } = if for_splits {
            grouped(&rows, groups, n_groups, &mut notes)
        } else {
            Grouped { groups, n_groups, copies: Vec::new() }
        };
        let (rewriter, n_names) = rewriter(&rows, params);
        let memory = params.memory;
        Self {
            rows,
            order,
            axes: &set.axes,
            groups,
            n_groups,
            named,
            copies,
            memory,
            rewriter,
            n_names,
            notes,
        }
    }

    /// The same rows, names rewritten as these settings ask.
    pub(super) fn rewritten(&self, params: &TrainParams) -> Self {
        let (rewriter, n_names) = rewriter(&self.rows, params);
        Self { rewriter, n_names, ..self.clone() }
    }

    pub(super) fn passages(&self) -> Vec<Passage<'a>> {
        self.rows.iter().map(|r| Passage { text: &r.text, target: &r.target, span: r.span }).collect()
    }

    /// These rows without copies of what is held out.
    pub(super) fn apart_from(&self, held_out: &[usize], mut rows: Vec<usize>) -> Vec<usize> {
        if !self.copies.is_empty() {
            let held_out: HashSet<u64> = held_out.iter().filter_map(|i| self.copies[*i]).collect();
            rows.retain(|i| self.copies[*i].is_none_or(|text| !held_out.contains(&text)));
        }
        rows
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

    /// What there is to say of classes whose rows are all of one group.
    pub(super) fn classes_of_one_group(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (axis, definition) in self.axes.axes.iter().enumerate() {
            let mut groups: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); definition.classes().len()];
            for (row, group) in self.rows.iter().zip(&self.groups) {
                if let Some(class) = row.labels[axis] {
                    groups[class].insert(*group);
                }
            }
            let classes = definition.classes();
            let alone = classes.iter().zip(&groups).filter(|(_, groups)| groups.len() == 1);
            let alone: Vec<&str> = alone.map(|(class, _)| class.id.as_str()).collect();
            if !alone.is_empty() {
                notes.push(format!(
                    "{}: all rows of {} are of one group, so there is nothing to learn the class from when they are held out; the \
                     figures say nothing of it",
                    definition.id,
                    alone.join(", ")
                ));
            }
        }
        notes
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

    /// BLAKE3 of the rows' content and groups, in canonical order.
    pub(super) fn digest(&self) -> String {
        let mut hash = blake3::Hasher::new();
        // In large pieces, of which several blocks are hashed at a time.
        let mut piece = Vec::new();
        for (row, group) in self.rows.iter().zip(&self.named) {
            for part in [&row.text, &row.target, &row.speaker, &row.outlet] {
                piece.extend((part.len() as u64).to_le_bytes());
                piece.extend(part.as_bytes());
            }
            let span = row.span.map_or(u64::MAX, |s| (s.start as u64) << 32 | s.end as u64);
            piece.extend(span.to_le_bytes());
            piece.extend((*group as u64).to_le_bytes());
            piece.extend(row.weight.to_le_bytes());
            for class in &row.labels {
                piece.extend(class.map_or(u64::MAX, |c| c as u64).to_le_bytes());
            }
            if piece.len() >= 1 << 17 {
                hash.update(&piece);
                piece.clear();
            }
        }
        hash.update(&piece).finalize().to_hex().to_string()
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

/// What stands on one side of a split only.
struct Grouped {
    /// The group of each row.
    groups: Vec<usize>,
    n_groups: usize,
    /// Of each row whose text stands in other groups too, what its copies have in common; empty when there are none.
    copies: Vec<Option<u64>>,
}

/// Numbers groups by their first row. What is learned from a text must not be tested on it: groups that consist of copies of one text
/// become one group; the copies in others are found.
fn grouped(
    rows: &[&TrainingRow],
    mut groups: Vec<usize>,
    n_named: usize,
    notes: &mut Vec<String>,
) -> Grouped {
    let texts: Vec<u64> = rows.par_iter().map(|row| as_read(&row.text)).collect();
    // The text of each group, as long as it has only one.
    let mut only: Vec<Option<u64>> = vec![None; n_named];
    let mut several = vec![false; n_named];
    for (group, text) in groups.iter().zip(&texts) {
        several[*group] |= *only[*group].get_or_insert(*text) != *text;
    }
    let mut first_with: HashMap<u64, usize> = HashMap::new();
    let mut put_together = HashSet::new();
    for (group, text) in groups.iter_mut().zip(&texts) {
        if !several[*group] {
            let first = *first_with.entry(*text).or_insert(*group);
            if first != *group {
                put_together.insert(*text);
            }
            *group = first;
        }
    }
    let mut group_of: HashMap<u64, usize> = HashMap::new();
    let mut shared = HashSet::new();
    for (group, text) in groups.iter().zip(&texts) {
        if *group_of.entry(*text).or_insert(*group) != *group {
            shared.insert(*text);
        }
    }
    if !put_together.is_empty() {
        notes.push(format!(
            "{} texts stand in more than one group; such groups were put together, or a model would be tested on what it \
             has read",
            put_together.len()
        ));
    }
    let mut copies = Vec::new();
    if !shared.is_empty() {
        notes.push(format!(
            "{} texts stand in more than one group, among others; where one of them is held out, its copies are not learned from",
            shared.len()
        ));
        copies = texts.iter().map(|text| shared.contains(text).then_some(*text)).collect();
    }
    let mut renumbered = vec![None; n_named];
    let mut n_groups = 0;
    for group in &mut groups {
        *group = *renumbered[*group].get_or_insert_with(|| {
            n_groups += 1;
            n_groups - 1
        });
    }
    Grouped { groups, n_groups, copies }
}

/// The group of each row by its name, and how many there are.
fn named(rows: &[&TrainingRow]) -> (Vec<usize>, usize) {
    let mut number: HashMap<&str, usize> = HashMap::new();
    let groups = rows.iter().map(|row| {
        let next = number.len();
        *number.entry(&row.group).or_insert(next)
    });
    (groups.collect(), number.len())
}

/// What is equal for texts that are read alike: case and white space make no difference.
fn as_read(text: &str) -> u64 {
    let mut hash = DefaultHasher::new();
    for word in text.split_whitespace() {
        if word.bytes().any(|byte| !byte.is_ascii_lowercase()) {
            word.to_lowercase().hash(&mut hash);
        } else {
            word.hash(&mut hash);
        }
    }
    hash.finish()
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
