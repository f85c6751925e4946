//! Differences on an axis, and what stands behind its corrected figures: tables.

use super::chart::signed;
use super::figures::{share, span};
use super::findings::{p_is, p_value};
use super::view::{Figure, Row, Table};
use crate::pipeline::{AxisComparison, Comparison};

/// Pairs beyond this many stand in the CSV alone.
const MOST_PAIRS: usize = 120;

/// All differences of an axis, the surest first.
pub fn pairs(comparison: &Comparison, axis: &AxisComparison) -> Option<Figure> {
    if axis.pairs.is_empty() {
        return None;
    }
    let mut order: Vec<&crate::pipeline::Pair> = axis.pairs.iter().collect();
    order.sort_by(|a, b| a.p_holm.total_cmp(&b.p_holm).then(a.p.total_cmp(&b.p)));
    let permuted = comparison.n_permutations > 0;
    let mut heads = vec!["first", "second", "difference", "95 % interval", "p", "p (Holm)", "q (BH)"];
    if permuted {
        heads.push("p (articles permuted)");
    }
    let mut table = Table::new(&heads, 2);
    for pair in order.iter().take(MOST_PAIRS) {
        let mut cells = vec![
            pair.a.clone(),
            pair.b.clone(),
            signed(pair.difference),
            span(pair.interval),
            p_value(pair.p),
            p_value(pair.p_holm),
            p_value(pair.p_bh),
        ];
        if permuted {
            cells.push(pair.p_permutation.map_or(String::new(), p_value));
        }
        table.rows.push(Row { strong: pair.is_claim(), cells });
    }
    let rest = order.len().saturating_sub(MOST_PAIRS);
    let more = if rest > 0 { format!(" {rest} more stand in the CSV.") } else { String::new() };
    let check = if permuted {
        " The last column is a check that needs no model of the errors: whole articles dealt out anew between the two; it is not adjusted, so compare it with p."
    } else {
        ""
    };
    Some(Figure {
        title: format!("Differences on {}", axis.id),
        charts: Vec::new(),
        caption: format!(
            "First minus second. Bold: survives Holm's adjustment over all {} tests of this page. q (Benjamini–Hochberg) is for exploring.{check}{more}",
            comparison.n_tests
        ),
        table: Some(table),
    })
}

/// What stands behind the corrected figures.
pub fn behind(comparison: &Comparison, axis: &AxisComparison) -> Option<Figure> {
    if !axis.groups.iter().any(|g| g.details.is_some()) {
        return None;
    }
    let mut table = Table::new(
        &[
            &comparison.by,
            "labels",
            "labelled articles",
            "about the axis",
            "design effect",
            "ICC",
            "effective labels",
            "accuracy here",
            "elsewhere",
            "abstained",
            "unsure",
        ],
        1,
    );
    for g in &axis.groups {
        let Some(d) = g.details else { continue };
        let abstained: Vec<String> =
            g.abstained.iter().map(|(why, n)| format!("{n} {}", why.replace('_', " "))).collect();
        table.row(vec![
            g.group.clone(),
            d.n_labelled.to_string(),
            d.n_labelled_articles.to_string(),
            share(d.relevance),
            format!("{:.2}", d.design_effect),
            d.icc.map_or(String::new(), |v| format!("{v:.2}")),
            d.effective_labels.map_or(String::new(), |v| format!("{v:.0}")),
            d.accuracy.map_or(String::new(), share),
            d.accuracy_elsewhere.map_or(String::new(), share),
            abstained.join(", "),
            g.n_low_confidence.to_string(),
        ]);
    }
    let lambda = axis.lambda.map_or(String::new(), |l| {
        format!(
            " λ = {:.2}, correlation of prediction and label {:.2} on {} labels.",
            l.value, l.correlation, l.n
        )
    });
    let errors = axis.p_equal_errors.map_or(String::new(), |p| {
        format!(
            " That the model errs alike in every {}: {} (articles permuted; a large p is no proof).",
            comparison.by,
            p_is(p)
        )
    });
    Some(Figure {
        title: format!("What stands behind the corrected figures of {}", axis.id),
        charts: Vec::new(),
        caption: format!(
            "Effective labels: how many labels alone would be as precise. Design effect: variance against independent statements.{lambda}{errors}"
        ),
        table: Some(table),
    })
}
