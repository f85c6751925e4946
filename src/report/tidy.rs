//! Every number of the page in tables: JSON, CSV, Markdown.

use crate::pipeline::{Comparison, Estimate, Pair};
use crate::statistics::Interval;
use crate::{Error, Result};

/// The comparison as one JSON object, the keys being those of [`Comparison`].
///
/// # Errors
///
/// [`ErrorKind::Argument`](crate::ErrorKind::Argument) when it cannot be written as JSON, which numbers and strings
/// always can.
pub fn json(comparison: &Comparison) -> Result<String> {
    let mut text = serde_json::to_string_pretty(comparison)
        .map_err(|e| Error::argument("--format", e, "a comparison that JSON can hold"))?;
    text.push('\n');
    Ok(text)
}

/// One figure a line: `axis, group, other, item, measure, value, low, high, n`.
struct Line<'a> {
    axis: &'a str,
    group: &'a str,
    other: &'a str,
    item: &'a str,
    measure: &'a str,
    value: f64,
    interval: Option<Interval>,
    n: Option<usize>,
}

/// Of the scores of a group.
const QUANTILES: [&str; 5] = ["10 %", "25 %", "50 %", "75 %", "90 %"];

const HEADS: [&str; 9] = ["axis", "group", "other", "item", "measure", "value", "low", "high", "n"];

/// Every figure, one a line: `axis, group, other, item, measure, value, low, high, n`.
///
/// `other` is the second group of a difference, `item` a class, a speaker, a month or a quantile. Names that a spreadsheet would
/// run as a formula get a `'` in front.
///
/// # Errors
///
/// [`ErrorKind::Io`](crate::ErrorKind::Io) when memory runs out.
pub fn csv(comparison: &Comparison) -> Result<String> {
    let failed = |e: csv::Error| Error::io("report", "write", e.into());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADS).map_err(failed)?;
    for line in lines(comparison) {
        let number = |v: Option<f64>| v.map_or(String::new(), |v| v.to_string());
        let record = [
            guarded(line.axis),
            guarded(line.group),
            guarded(line.other),
            guarded(line.item),
            line.measure.to_string(),
            line.value.to_string(),
            number(line.interval.map(|i| i.low)),
            number(line.interval.map(|i| i.high)),
            line.n.map_or(String::new(), |n| n.to_string()),
        ];
        writer.write_record(record).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::io("report", "write", e.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The figures and differences as Markdown tables, with the warnings above them.
pub fn markdown(comparison: &Comparison) -> String {
    let mut out = vec![format!("# {} {}s compared", comparison.groups.len(), comparison.by), String::new()];
    out.extend(super::findings::findings(comparison).iter().map(|f| format!("- {}", escaped(f))));
    out.push(String::new());
    out.extend(comparison.notes.iter().map(|n| format!("> {}\n>", escaped(&n.text))));
    for axis in &comparison.axes {
        out.push(format!("\n## {}\n", escaped(&axis.id)));
        out.push(format!("| {} | corrected | low | high | uncorrected | n |", escaped(&comparison.by)));
        out.push("|---|---:|---:|---:|---:|---:|".into());
        for g in &axis.groups {
            let value = |e: Option<Estimate>| e.map_or(String::new(), |e| format!("{:.3}", e.value));
            let end = |f: fn(Interval) -> f64| {
                g.corrected.and_then(|e| e.interval).map_or(String::new(), |i| format!("{:.3}", f(i)))
            };
            out.push(format!(
                "| {} | {} | {} | {} | {} | {} |",
                escaped(&g.group),
                value(g.corrected),
                end(|i| i.low),
                end(|i| i.high),
                value(g.uncorrected),
                g.n
            ));
        }
        if axis.pairs.is_empty() {
            continue;
        }
        out.push("\n| first | second | difference | low | high | p (Holm) | p (permutation) |".into());
        out.push("|---|---|---:|---:|---:|---:|---:|".into());
        for pair in &axis.pairs {
            let (low, high) = pair.interval.map_or((String::new(), String::new()), |i| {
                (format!("{:.3}", i.low), format!("{:.3}", i.high))
            });
            out.push(format!(
                "| {} | {} | {:.3} | {low} | {high} | {} | {} |",
                escaped(&pair.a),
                escaped(&pair.b),
                pair.difference,
                super::findings::p_value(pair.p_holm),
                pair.p_permutation.map_or(String::new(), super::findings::p_value)
            ));
        }
    }
    out.push(String::new());
    out.join("\n")
}

/// Words that Markdown or HTML would take for marks are escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '|' | '*' | '_' | '`' | '[' | ']' | '#' | '\\' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(c),
        }
    }
    out
}

fn guarded(text: &str) -> String {
    if text.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text.to_string()
    }
}

fn lines(comparison: &Comparison) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for axis in &comparison.axes {
        let id = axis.id.as_str();
        let line = |group, other, item, measure, value, interval, n| Line {
            axis: id,
            group,
            other,
            item,
            measure,
            value,
            interval,
            n,
        };
        for g in &axis.groups {
            let name = g.group.as_str();
            let mut put = |item, measure, value: Option<f64>, interval, n| {
                lines.extend(value.map(|v| line(name, "", item, measure, v, interval, n)));
            };
            let labels = g.details.map(|d| d.n_labelled);
            put("", "corrected", g.corrected.map(|e| e.value), g.corrected.and_then(|e| e.interval), labels);
            put(
                "",
                "corrected_simultaneous",
                g.corrected.map(|e| e.value),
                g.corrected.and_then(|e| e.simultaneous),
                labels,
            );
            put(
                "",
                "uncorrected",
                g.uncorrected.map(|e| e.value),
                g.uncorrected.and_then(|e| e.interval),
                Some(g.n_scored),
            );
            let synthetic = g.synthetic;
            put("", "synthetic", synthetic.map(|e| e.value), synthetic.and_then(|e| e.interval), None);
            put("", "pooled", g.pooled, None, None);
            put("", "rank_best", g.ranks.map(|r| r.best as f64), None, None);
            put("", "rank_worst", g.ranks.map(|r| r.worst as f64), None, None);
            if let Some(s) = g.sensitivity {
                put("", "labels_only", s.labels_only, None, labels);
                put("", "classify_and_count", s.classify_and_count, None, Some(g.n_scored));
                put("", "adjusted_count", s.adjusted_count, None, Some(g.n_scored));
                put("", "expectation_maximisation", s.expectation_maximisation, None, Some(g.n_scored));
            }
            if let Some(d) = g.details {
                put("", "relevance", Some(d.relevance), None, labels);
                put("", "design_effect", Some(d.design_effect), None, None);
                put("", "icc", d.icc, None, None);
                put("", "effective_labels", d.effective_labels, None, None);
                put("", "accuracy", d.accuracy, None, labels);
                put("", "accuracy_elsewhere", d.accuracy_elsewhere, None, None);
            }
            for class in &g.classes {
                put(&class.class, "share_corrected", class.corrected, class.interval, Some(class.n_labels));
                put(&class.class, "share_uncorrected", Some(class.uncorrected), None, Some(g.n_scored));
            }
            for (p, value) in QUANTILES.iter().zip(g.scores.iter().flat_map(|s| s.quantiles)) {
                put(p, "score_quantile", Some(value), None, Some(g.n_scored));
            }
            for (bin, n) in super::spread::BINS.iter().zip(g.scores.iter().flat_map(|s| s.counts)) {
                put(bin, "score_count", Some(n as f64), None, Some(g.n_scored));
            }
            for (why, n) in &g.abstained {
                put(why, "abstained", Some(*n as f64), None, Some(g.n));
            }
        }
        if let Some(p) = axis.p_equal_errors {
            lines.push(line("", "", "", "p_equal_errors", p, None, None));
        }
        axis.pairs.iter().for_each(|pair| differences(id, pair, &mut lines));
        for s in &axis.speakers {
            for (cell, group) in s.cells.iter().zip(&axis.groups) {
                lines.extend(cell.map(|c| {
                    line(&group.group, "", &s.speaker, "speaker_uncorrected", c.mean, None, Some(c.n))
                }));
            }
        }
        for m in &axis.months {
            lines.push(line(
                &m.group,
                "",
                &m.month,
                "month_uncorrected",
                m.estimate.value,
                m.estimate.interval,
                Some(m.n),
            ));
        }
    }
    lines
}

/// The lines of a difference.
fn differences<'a>(axis: &'a str, p: &'a Pair, lines: &mut Vec<Line<'a>>) {
    let mut put = |measure, value, interval| {
        lines.push(Line { axis, group: &p.a, other: &p.b, item: "", measure, value, interval, n: None });
    };
    put("difference", p.difference, p.interval);
    put("p", p.p, None);
    put("p_holm", p.p_holm, None);
    put("q_bh", p.p_bh, None);
    if let Some(p) = p.p_permutation {
        put("p_permutation", p, None);
    }
    if let Some(s) = p.split {
        put("split_mix", s.mix.value, s.mix.interval);
        put("split_statement", s.statement.value, s.statement.interval);
        put("split_exclusive", s.exclusive.value, s.exclusive.interval);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_formulas_or_marks() {
        assert_eq!(guarded("=1+1"), "'=1+1");
        assert_eq!(guarded(" @x"), "' @x");
        assert_eq!(guarded("Herald"), "Herald");
        assert_eq!(escaped("a|b <i>\n*c*"), "a\\|b &lt;i&gt; \\*c\\*");
    }
}
