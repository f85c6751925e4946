use std::collections::{BTreeMap, BTreeSet};

use crate::text::{edit_similarity, fold};

/// Surnames at least this alike are proposed as one.
const ALIKE: f64 = 0.8;

/// A proposal: two names that may be one speaker, with the evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct AliasSuggestion {
    /// The fuller or more frequent name.
    pub canonical: String,
    /// The other one.
    pub alias: String,
    /// How alike the folded surnames are, in [0, 1]; 1 for equal.
    pub likeness: f64,
    /// Statements under the canonical name.
    pub n_canonical: usize,
    /// Statements under the alias.
    pub n_alias: usize,
    /// Articles in which both names speak, which speaks against the merge.
    pub n_together: usize,
}

/// Proposes which speakers of many articles are one, for `speakers.csv`.
///
/// Two names are proposed when their surnames are spelled alike after folding (`Jurkonis` and `Yurkonis`,
/// `Lukashenka` and `Lukashenko`) and their given names do not clash; a bare surname is proposed for a full name
/// only when no other full name has it. Nothing is merged.
///
/// # Arguments
///
/// * `statements` - the article and the speaker of every statement; empty speakers are passed over.
///
/// # Returns
///
/// The proposals, the most frequent alias first, then by name.
///
/// # Example
///
/// ```
/// use sayso::quotation::suggest_aliases;
///
/// let statements = [("a", "Vytis Jurkonis"), ("a", "Vytis Jurkonis"), ("b", "Vytis Yurkonis"), ("b", "Anna Berg")];
/// let found = suggest_aliases(statements);
/// assert_eq!((found[0].canonical.as_str(), found[0].alias.as_str()), ("Vytis Jurkonis", "Vytis Yurkonis"));
/// assert_eq!(found.len(), 1);
/// ```
pub fn suggest_aliases<'a>(statements: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<AliasSuggestion> {
    let mut names: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for (article, speaker) in statements {
        if speaker.starts_with(char::is_uppercase) {
            let entry = names.entry(speaker).or_default();
            entry.0 += 1;
            entry.1.insert(article);
        }
    }
    // Only names whose surnames begin alike are compared.
    let mut blocks: BTreeMap<String, Vec<(&str, Vec<String>)>> = BTreeMap::new();
    for name in names.keys() {
        let words: Vec<String> = name.split_whitespace().map(fold).filter(|w| !w.is_empty()).collect();
        if let Some(last) = words.last() {
            blocks.entry(last.chars().take(2).collect()).or_default().push((name, words));
        }
    }
    let mut found = Vec::new();
    for block in blocks.values() {
        for (i, (a, a_words)) in block.iter().enumerate() {
            for (b, b_words) in &block[i + 1..] {
                let Some(likeness) = likeness(a_words, b_words, block) else { continue };
                let (n_a, n_b) = (names[a].0, names[b].0);
                let a_first = (a_words.len(), n_a) >= (b_words.len(), n_b);
                let (canonical, alias) = if a_first { (a, b) } else { (b, a) };
                found.push(AliasSuggestion {
                    canonical: (*canonical).to_string(),
                    alias: (*alias).to_string(),
                    likeness,
                    n_canonical: names[canonical].0,
                    n_alias: names[alias].0,
                    n_together: names[a].1.intersection(&names[b].1).count(),
                });
            }
        }
    }
    found.sort_by(|x, y| {
        y.n_alias.cmp(&x.n_alias).then_with(|| (&x.canonical, &x.alias).cmp(&(&y.canonical, &y.alias)))
    });
    found
}

/// How alike two names are; `None` when they cannot be one speaker.
fn likeness(a: &[String], b: &[String], block: &[(&str, Vec<String>)]) -> Option<f64> {
    let (last_a, last_b) = (a.last()?, b.last()?);
    let likeness = if last_a == last_b { 1.0 } else { edit_similarity(last_a, last_b) };
    if likeness < ALIKE || (likeness < 1.0 && last_a.len().min(last_b.len()) < 5) {
        return None;
    }
    match (a.len(), b.len()) {
        (1, 1) => Some(likeness),
        (1, _) | (_, 1) => {
            let full = block.iter().filter(|(_, w)| {
                w.len() > 1 && w.last().is_some_and(|l| edit_similarity(l, last_a) >= ALIKE)
            });
            (full.count() == 1).then_some(likeness)
        }
        _ => {
            let (first_a, first_b) = (&a[0], &b[0]);
            let fits = edit_similarity(first_a, first_b) >= 0.7
                || first_a.starts_with(first_b.as_str())
                || first_b.starts_with(first_a.as_str());
            fits.then_some(likeness)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_surname_needs_a_single_owner() {
        assert_eq!(suggest_aliases([("a", "Anna Berg"), ("b", "Berg")]).len(), 1);
        let two = suggest_aliases([("a", "Anna Berg"), ("b", "Berg"), ("c", "Karl Berg")]);
        assert!(two.is_empty(), "{two:?}");
    }

    #[test]
    fn names_that_speak_in_one_article_are_counted_against_the_merge() {
        let found = suggest_aliases([("a", "Sergey Lavrov"), ("a", "Sergei Lavrov")]);
        assert_eq!(found[0].n_together, 1);
    }
}
