//! A column of labels in a table of any kind, and the axis that it is about.

use std::collections::BTreeMap;

use super::is_missing;
use super::labels::label;
use crate::types::{Axis, Label, spelling};

/// What a column of labels holds.
pub(super) struct LabelColumn {
    name: String,
    classes: Classes,
    /// The cells that hold NA or the like, by what they hold.
    missing: BTreeMap<String, usize>,
}

enum Classes {
    /// Whatever stands there, by spelling in lower case and with single blanks.
    Met(BTreeMap<String, Class>),
    /// Those of an axis.
    Of(Box<Axis>),
}

/// A class that was met.
#[derive(Default)]
struct Class {
    /// What rows hold: classes are numbered as they are met.
    number: usize,
    /// How many rows spell it so.
    spellings: BTreeMap<String, usize>,
}

/// The cells that other programs write for nothing, where a label should stand. "None" and "none" are not among them: a stance
/// may be none.
fn is_no_label(cell: &str) -> bool {
    is_missing(cell) && !cell.eq_ignore_ascii_case("none")
}

/// The text with single blanks between its words, whatever blanks stood there.
fn single_blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl LabelColumn {
    /// A column whose classes are what it holds.
    pub(super) fn of_any_class(name: &str) -> Self {
        Self { name: name.into(), classes: Classes::Met(BTreeMap::new()), missing: BTreeMap::new() }
    }

    /// A column with the classes of an axis, which it is named after.
    pub(super) fn of_axis(axis: &Axis) -> Self {
        Self { name: axis.id.clone(), classes: Classes::Of(Box::new(axis.clone())), missing: BTreeMap::new() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Takes note of a cell that holds NA or the like.
    pub(super) fn note_missing(&mut self, cell: &str) {
        if !cell.is_empty() && is_no_label(cell) {
            *self.missing.entry(cell.to_string()).or_default() += 1;
        }
    }

    /// The class of a cell by number, which [`LabelColumn::finish`] puts in its place; `None` where it holds none.
    ///
    /// # Errors
    ///
    /// The way out, where it holds what is no class of the axis.
    pub(super) fn class(&mut self, cell: &str) -> Result<Option<usize>, String> {
        if is_no_label(cell) || cell == "?" {
            return Ok(None);
        }
        match &mut self.classes {
            Classes::Met(met) => {
                let number = met.len();
                let class = met.entry(spelling(cell)).or_insert_with(|| Class { number, ..Class::default() });
                *class.spellings.entry(cell.to_string()).or_default() += 1;
                Ok(Some(class.number))
            }
            Classes::Of(axis) => Ok(match label(axis, cell)? {
                Some(Label::Class(class)) => Some(class),
                _ => None,
            }),
        }
    }

    /// The axis, and the place of each class that was met; what there is to tell goes to `notes`.
    pub(super) fn finish(self, notes: &mut Vec<String>) -> (Axis, Vec<usize>) {
        let name = self.name;
        let (axis, place) = match self.classes {
            Classes::Of(axis) => {
                let same = (0..axis.classes().len()).collect();
                (*axis, same)
            }
            Classes::Met(met) => {
                // Classes stand in the order of their spelling in lower case, whatever the order of the rows.
                let (mut classes, mut place) = (Vec::new(), vec![0; met.len()]);
                for class in met.values() {
                    let best = class.spellings.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
                    let best = best.map(|(s, _)| single_blanks(s)).unwrap_or_default();
                    if class.spellings.len() > 1 {
                        let all: Vec<String> =
                            class.spellings.iter().map(|(s, n)| format!("{s:?} ({n})")).collect();
                        notes.push(format!("column {name}: {} are one class, {best:?}", all.join(", ")));
                    }
                    place[class.number] = classes.len();
                    classes.push(best);
                }
                (Axis::nominal(name.clone(), classes), place)
            }
        };
        if !self.missing.is_empty() {
            let all: Vec<String> = self.missing.iter().map(|(cell, n)| format!("{cell:?} ({n})")).collect();
            notes.push(format!(
                "column {name}: {} rows hold {} and count as without a label; should that be a class, write it in other words, \
                 such as \"not applicable\"",
                self.missing.values().sum::<usize>(),
                all.join(", ")
            ));
        }
        (axis, place)
    }
}
