//! What terms add, on the words they come from.

use std::collections::BTreeMap;

use super::score::TOP_TERMS;
use crate::features::Sources;
use crate::types::TermWeight;

/// The words of a text, ready to be told what its terms add: on one axis after the other.
pub(super) struct Words {
    sources: Sources,
    /// By place: the number of its term among those of the text, and the part of what the term adds that falls here; equal among
    /// the places where a term stands.
    parts: Vec<(u32, f64)>,
}

/// Where each term of a text is found among its terms: as long as the vocabulary, so that it is kept from text to text.
#[derive(Default)]
pub(super) struct Slots(Vec<u32>);

impl Words {
    /// # Arguments
    ///
    /// * `ids` - the terms of the text.
    pub(super) fn new(mut sources: Sources, ids: &[u32], slots: &mut Slots, n_terms: usize) -> Self {
        slots.0.resize(n_terms, 0);
        for (slot, id) in ids.iter().enumerate() {
            slots.0[*id as usize] = slot as u32;
        }
        sources.places.retain(|p| ids.get(slots.0[p.id as usize] as usize) == Some(&p.id));
        let mut wholes = vec![0.0; ids.len()];
        for place in &sources.places {
            wholes[slots.0[place.id as usize] as usize] += place.share;
        }
        let part = |slot: u32, share: f64| (slot, share / wholes[slot as usize]);
        let parts = sources.places.iter().map(|p| part(slots.0[p.id as usize], p.share)).collect();
        Self { sources, parts }
    }

    /// What each word adds, `adds` being what each term of the text does; `None` where no term stands.
    pub(super) fn values(&self, adds: &[f64]) -> Vec<Option<f64>> {
        let mut values = vec![None; self.sources.words.len()];
        for (place, (slot, part)) in self.sources.places.iter().zip(&self.parts) {
            *values[place.word as usize].get_or_insert(0.0) += adds[*slot as usize] * part;
        }
        values
    }

    /// The words that add most either way, those of one spelling taken together, without marks at their edges.
    pub(super) fn strongest(&self, adds: &[f64]) -> Vec<TermWeight> {
        let mut by_word: BTreeMap<&str, f64> = BTreeMap::new();
        for (value, (start, end)) in self.values(adds).into_iter().zip(&self.sources.words) {
            let bare = self.sources.text[*start..*end].trim_matches(|c: char| !c.is_alphanumeric());
            if let Some(value) = value
                && !bare.is_empty()
            {
                *by_word.entry(bare).or_default() += value;
            }
        }
        let mut terms: Vec<(&str, f64)> = by_word.into_iter().collect();
        terms.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(b.0)));
        terms.truncate(TOP_TERMS);
        terms.into_iter().map(|(term, value)| TermWeight { term: term.into(), value }).collect()
    }

    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }
}
