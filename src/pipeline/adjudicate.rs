use std::collections::BTreeMap;

use super::GOLD;
use crate::types::{Label, LabelledStatement};

/// What was done to get one label per statement and axis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Adjudication {
    /// Statements with a `gold` row.
    pub n_gold: usize,
    /// Statements that one annotator labelled.
    pub n_single: usize,
    /// Statements that several annotators labelled, without a `gold` row.
    pub n_majority: usize,
    /// Cells on which several annotators found no majority; they are left empty.
    pub n_tied: usize,
}

/// One row per statement: its `gold` row, else its only row, else what more than half of its annotators say.
///
/// Two rows are of one statement when article, start, end and quote agree. An empty cell counts as an
/// annotator's word that the axis does not apply; without a majority the cell stays empty. Rows keep the order in
/// which their statements first appear.
///
/// # Example
///
/// ```
/// use sayso::pipeline::adjudicate;
/// use sayso::types::{Label, LabelledStatement};
///
/// let row = |annotator: &str, class| LabelledStatement {
///     quote: "Stop the shelling.".into(),
///     annotator: annotator.into(),
///     labels: [("posture".to_string(), Label::Class(class))].into(),
///     ..LabelledStatement::default()
/// };
/// let (rows, how) = adjudicate(vec![row("a1", 0), row("a2", 1), row("gold", 0)]);
/// assert_eq!((rows.len(), rows[0].labels["posture"], how.n_gold), (1, Label::Class(0), 1));
///
/// let (rows, how) = adjudicate(vec![row("a1", 0), row("a2", 1)]);
/// assert!(rows[0].labels.is_empty() && how.n_tied == 1);
/// ```
pub fn adjudicate(rows: Vec<LabelledStatement>) -> (Vec<LabelledStatement>, Adjudication) {
    let mut index: BTreeMap<(String, Option<usize>, Option<usize>, String), usize> = BTreeMap::new();
    let mut statements: Vec<Vec<LabelledStatement>> = Vec::new();
    for row in rows {
        let key = (row.article.clone(), row.start, row.end, row.quote.clone());
        let at = *index.entry(key).or_insert(statements.len());
        if at == statements.len() {
            statements.push(Vec::new());
        }
        statements[at].push(row);
    }
    let mut how = Adjudication::default();
    let rows = statements.into_iter().filter_map(|rows| settle(rows, &mut how)).collect();
    (rows, how)
}

fn settle(mut rows: Vec<LabelledStatement>, how: &mut Adjudication) -> Option<LabelledStatement> {
    if let Some(gold) = rows.iter().position(|row| row.annotator.eq_ignore_ascii_case(GOLD)) {
        how.n_gold += 1;
        return Some(rows.swap_remove(gold));
    }
    if rows.len() == 1 {
        how.n_single += 1;
        return rows.pop();
    }
    how.n_majority += 1;
    let mut votes: BTreeMap<String, Vec<Label>> = BTreeMap::new();
    for (axis, label) in rows.iter().flat_map(|row| &row.labels) {
        votes.entry(axis.clone()).or_default().push(*label);
    }
    let n = rows.len();
    let mut settled = rows.swap_remove(0);
    settled.labels.clear();
    for (axis, given) in votes {
        let majority = |label: &Label| given.iter().filter(|other| *other == label).count() * 2 > n;
        match given.iter().find(|label| majority(label)) {
            Some(label) => drop(settled.labels.insert(axis, *label)),
            // More than half left the cell empty: the axis does not apply, which is no tie.
            None if (n - given.len()) * 2 > n => {}
            None => how.n_tied += 1,
        }
    }
    Some(settled)
}
