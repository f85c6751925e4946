//! On which statements annotators differ, and on which the model and the annotator do: the stream of disagreement.

use std::collections::BTreeMap;

use super::book::{AGAIN, Key, person};
use super::frame::Item;
use super::mark::{Mark, Stage};
use super::queue::{Stream, Unit};
use super::session::Session;
use crate::pipeline::GOLD;
use crate::types::AxisSet;

/// What the streams beside the random one want of a statement.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wish {
    /// The stream that wants it, and how much.
    merit: Option<(Stream, f64)>,
    /// How much it is wanted a second time.
    recheck: Option<f64>,
}

impl Session {
    /// What the streams beside the random one want of each statement.
    ///
    /// Annotators who differ come before a model that is unsure. What others said stays with them: that they differ is
    /// all that is used.
    pub(super) fn wishes(&self) -> Vec<Wish> {
        let axes = &self.settings.axes;
        let mut others: BTreeMap<usize, BTreeMap<String, Mark>> = BTreeMap::new();
        for row in self.sheet.rows() {
            let name = row.annotator.as_str();
            let independent = !name.eq_ignore_ascii_case(GOLD)
                && !name.ends_with(AGAIN)
                && person(name) != self.settings.annotator;
            if !independent {
                continue;
            }
            let mark = Mark::from_row(row, axes);
            if let Some(item) = self.frame.find_like(&mark) {
                others.entry(item).or_default().insert(name.to_string(), mark);
            }
        }
        let wish = |(i, item): (usize, &Item)| {
            let dispute = others.get(&i).and_then(|marks| dispute(&marks.values().collect::<Vec<_>>(), axes));
            let doubt = item.doubt().map(|doubt| (Stream::Uncertain, doubt));
            let key = Key { annotator: self.settings.annotator.clone(), item: item.key.clone() };
            Wish {
                merit: dispute.map(|share| (Stream::Disagreement, share)).or(doubt),
                recheck: self.book.get(&key).and_then(|mark| contradiction(mark, item, axes)),
            }
        };
        self.frame.items.iter().enumerate().map(wish).collect()
    }

    /// What the queue needs to know of each statement.
    pub(super) fn units<'a>(&'a self, wishes: &'a [Wish]) -> Vec<Unit<'a>> {
        let items = self.frame.items.iter().zip(wishes);
        items
            .map(|(item, wish)| Unit {
                key: &item.key,
                outlet: &item.blank.outlet,
                merit: wish.merit,
                recheck: wish.recheck,
            })
            .collect()
    }
}

impl Wish {
    /// True when some stream wants it.
    pub(super) fn is_any(self) -> bool {
        self.merit.is_some() || self.recheck.is_some()
    }
}

/// The share of pairs of annotators that differ, in (0, 1], on the axis where it is largest; `None` when they agree.
/// Whether there is a statement at all counts like an axis.
fn dispute(marks: &[&Mark], axes: &AxisSet) -> Option<f64> {
    let pairs = marks.len() * marks.len().saturating_sub(1) / 2;
    let differing = |said: &dyn Fn(&Mark) -> Option<String>| {
        let said: Vec<Option<String>> = marks.iter().map(|mark| said(mark)).collect();
        let of = |(i, a): (usize, &Option<String>)| said[..i].iter().filter(|b| *b != a).count();
        said.iter().enumerate().map(of).sum::<usize>()
    };
    let statement =
        differing(&|mark: &Mark| (mark.stage == Stage::Rejected).then(|| "no statement".to_string()));
    let on_axes = axes.axes.iter().map(|axis| differing(&|mark: &Mark| mark.labels.get(&axis.id).cloned()));
    let most = on_axes.chain([statement]).max().unwrap_or(0);
    (most > 0).then(|| most as f64 / pairs as f64)
}

/// How much surer the model is of another class than of the label, in (0, 1], on the axis where that is largest; `None`
/// when it agrees. Unclear, or an axis that does not apply, is no class that a model could contradict.
fn contradiction(mark: &Mark, item: &Item, axes: &AxisSet) -> Option<f64> {
    if mark.stage != Stage::Done {
        return None;
    }
    let lead = |(axis, class): (&String, &String)| {
        let p = item.scores.get(axis)?;
        let label = axes.get(axis)?.class_index(class)?;
        let most = p.iter().copied().fold(0.0, f64::max);
        Some(most - p.get(label)?)
    };
    mark.labels.iter().filter_map(lead).filter(|lead| *lead > 0.0).max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::bundled_axes;

    fn mark(class: &str) -> Mark {
        let labels = if class.is_empty() { None } else { Some(("sentiment".to_string(), class.to_string())) };
        Mark { stage: Stage::Done, labels: labels.into_iter().collect(), ..Mark::default() }
    }

    #[test]
    fn the_more_pairs_differ_the_more_a_statement_is_disputed() {
        let axes = bundled_axes();
        let among = |classes: &[&str]| {
            let marks: Vec<Mark> = classes.iter().map(|class| mark(class)).collect();
            dispute(&marks.iter().collect::<Vec<_>>(), &axes)
        };
        assert_eq!(among(&[]), None);
        assert_eq!(among(&["positive"]), None);
        assert_eq!(among(&["positive", "positive"]), None);
        assert_eq!(among(&["positive", ""]), Some(1.0));
        assert_eq!(among(&["positive", "positive", "?"]), Some(2.0 / 3.0));
        let rejected = Mark { stage: Stage::Rejected, ..Mark::default() };
        assert_eq!(dispute(&[&mark(""), &rejected], &axes), Some(1.0));
    }

    #[test]
    fn a_model_contradicts_classes_and_nothing_else() {
        let axes = bundled_axes();
        let item =
            Item { scores: [("sentiment".to_string(), vec![0.1, 0.2, 0.7])].into(), ..Item::default() };
        let lead = contradiction(&mark("negative"), &item, &axes).expect("the model says positive");
        assert!((lead - 0.6).abs() < 1e-12, "{lead}");
        for class in ["positive", "?", ""] {
            assert_eq!(contradiction(&mark(class), &item, &axes), None, "{class}");
        }
        let open = Mark { stage: Stage::Open, ..mark("negative") };
        assert_eq!(contradiction(&open, &item, &axes), None);
        assert_eq!(contradiction(&mark("negative"), &Item::default(), &axes), None);
    }
}
