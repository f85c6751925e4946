//! How far annotators agree, axis by axis.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::statistics::{
    AgreementCounts, Interval, Jackknife, Measurement, bootstrap_by_article, jackknife_by_article,
};
use crate::types::{Axis, AxisSet, Label, LabelledStatement};
use crate::{Error, Result};

/// The annotator name of adjudicated rows, which are no independent opinion.
pub const GOLD: &str = "gold";

/// How agreement is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AgreeParams {
    /// Bootstrap replicates.
    pub replicates: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Confidence level.
    pub level: f64,
}

impl Default for AgreeParams {
    fn default() -> Self {
        Self { replicates: 2000, seed: 1, level: 0.95 }
    }
}

/// A coefficient with two intervals; `None` where it is not defined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Coefficient {
    /// The coefficient; 1 is perfect.
    pub value: Option<f64>,
    /// Percentile bootstrap over articles.
    pub bootstrap: Option<Interval>,
    /// Jackknife over articles; steadier when articles are few. `None` below five articles.
    pub jackknife: Option<Interval>,
}

/// The agreement of one pair or group of annotators on one axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AxisAgreement {
    /// The axis.
    pub axis: String,
    /// The annotators, sorted.
    pub annotators: Vec<String>,
    /// Statements with a class from at least two annotators.
    pub n_shared: usize,
    /// Statements with a class from one annotator alone.
    pub n_single: usize,
    /// Articles with a shared statement.
    pub n_articles: usize,
    /// Share of agreeing pairs.
    pub raw: Coefficient,
    /// Cohen's κ for two annotators, Fleiss' κ for more.
    pub kappa: Coefficient,
    /// Gwet's AC1.
    pub ac1: Coefficient,
    /// Krippendorff's α, nominal.
    pub alpha: Coefficient,
    /// Krippendorff's α with ordered classes; `None` on a nominal axis.
    pub alpha_ordinal: Option<Coefficient>,
    /// Krippendorff's α with the class values −1, 0, +1; `None` on a nominal axis.
    pub alpha_interval: Option<Coefficient>,
    /// For each class: ratings, and how often the other annotator chose it too.
    pub classes: Vec<ClassAgreement>,
    /// Share of statements on which annotators agree that the axis applies or does not.
    pub applies: Option<f64>,
    /// The factor by which random slips at this rate pull every mean and every difference towards 0, in [0, 1].
    pub attenuation: Option<f64>,
}

/// Agreement on one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassAgreement {
    /// The class id.
    pub class: String,
    /// Ratings of this class in shared statements.
    pub n: usize,
    /// The share of them that the other annotator shares.
    pub agreement: Option<f64>,
}

/// A statement on which annotators differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// The axis.
    pub axis: String,
    /// The article.
    pub article: String,
    /// First code point.
    pub start: Option<usize>,
    /// One past the last code point.
    pub end: Option<usize>,
    /// The quoted text.
    pub quote: String,
    /// What each annotator chose: a class id, `?` or nothing.
    pub choices: BTreeMap<String, String>,
}

/// Agreement by axis, and the statements to talk about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// The format of this object.
    pub schema: &'static str,
    /// One entry per axis.
    pub axes: Vec<AxisAgreement>,
    /// Where annotators differ, in file order.
    pub disagreements: Vec<Disagreement>,
}

/// The rows of one statement, by annotator.
struct Unit<'a> {
    rows: BTreeMap<&'a str, &'a LabelledStatement>,
}

/// True for a row that was made because labels differed: how far such rows agree says nothing of the others.
pub fn was_disputed(row: &LabelledStatement) -> bool {
    row.annotator != GOLD && row.extra.get("strategy").is_some_and(|strategy| strategy == "disagreement")
}

/// Agreement between the annotators of label rows; adjudicated rows ([`GOLD`]) are left out, and those that were made
/// because labels differed ([`was_disputed`]).
///
/// # Errors
///
/// [`ErrorKind::TooFew`](crate::ErrorKind::TooFew) when no statement has rows of two annotators.
pub fn agree(rows: &[LabelledStatement], axes: &AxisSet, params: &AgreeParams) -> Result<Agreement> {
    let mut order = Vec::new();
    let mut units: BTreeMap<String, Unit<'_>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.annotator != GOLD && !was_disputed(row)) {
        let key = unit_key(row);
        let unit = units.entry(key.clone()).or_insert_with(|| {
            order.push(key);
            Unit { rows: BTreeMap::new() }
        });
        unit.rows.insert(&row.annotator, row);
    }
    let shared = units.values().filter(|unit| unit.rows.len() > 1).count();
    if shared == 0 {
        return Err(Error::too_few("statements with labels of two annotators", 0, 1).with_help(
            "Agreement needs the same statements labelled twice, with different names in the annotator column.",
        ));
    }
    let annotators: BTreeSet<&str> = units.values().flat_map(|unit| unit.rows.keys().copied()).collect();
    let annotators: Vec<&str> = annotators.into_iter().collect();
    let units: Vec<&Unit<'_>> = order.iter().map(|key| &units[key]).collect();
    let mut disagreements = Vec::new();
    let axes =
        axes.axes.iter().map(|axis| on_axis(axis, &units, &annotators, params, &mut disagreements)).collect();
    Ok(Agreement { schema: "sayso/agree/1", axes, disagreements })
}

fn unit_key(row: &LabelledStatement) -> String {
    match (row.start, row.end) {
        (Some(start), Some(end)) if !row.article.is_empty() => {
            format!("{}\u{1f}{start}\u{1f}{end}", row.article)
        }
        _ => format!("{}\u{1f}{}", row.article, row.quote.trim()),
    }
}

fn on_axis(
    axis: &Axis,
    units: &[&Unit<'_>],
    annotators: &[&str],
    params: &AgreeParams,
    disagreements: &mut Vec<Disagreement>,
) -> AxisAgreement {
    let classes = axis.classes();
    let k = classes.len();
    let mut articles: BTreeMap<String, AgreementCounts> = BTreeMap::new();
    let mut applies = AgreementCounts::new(2);
    for unit in units {
        let label = |annotator: &str| unit.rows.get(annotator).map(|row| row.labels.get(&axis.id));
        let ratings: Vec<Option<usize>> = annotators
            .iter()
            .map(|a| match label(a) {
                Some(Some(Label::Class(class))) => Some(*class),
                _ => None,
            })
            .collect();
        let Some(first) = unit.rows.values().next() else { continue };
        articles.entry(first.split_key()).or_insert_with(|| AgreementCounts::new(k)).add(&ratings);
        let is_about: Vec<Option<usize>> =
            annotators.iter().map(|a| label(a).map(|cell| usize::from(cell.is_some()))).collect();
        applies.add(&is_about);
        let choices: BTreeMap<String, String> = annotators
            .iter()
            .filter_map(|a| {
                let cell = label(a)?;
                let word = match cell {
                    Some(Label::Class(class)) => classes.get(*class).map_or("", |c| c.id.as_str()),
                    Some(Label::Unclear) => "?",
                    None => "",
                };
                Some(((*a).to_string(), word.to_string()))
            })
            .collect();
        if choices.values().collect::<BTreeSet<_>>().len() > 1 {
            disagreements.push(Disagreement {
                axis: axis.id.clone(),
                article: first.article.clone(),
                start: first.start,
                end: first.end,
                quote: first.quote.clone(),
                choices,
            });
        }
    }
    let mut all = AgreementCounts::new(k);
    for counts in articles.values() {
        all.merge(counts, 1.0);
    }
    let articles: Vec<AgreementCounts> = articles.into_values().filter(|c| c.n_units() > 0).collect();
    summary(axis, annotators, &all, &articles, &applies, params)
}

fn summary(
    axis: &Axis,
    annotators: &[&str],
    all: &AgreementCounts,
    articles: &[AgreementCounts],
    applies: &AgreementCounts,
    params: &AgreeParams,
) -> AxisAgreement {
    let classes = axis.classes();
    let values: Vec<f64> =
        (0..classes.len()).map(|i| axis.pole(i).map_or(0.0, crate::types::Pole::value)).collect();
    let coefficient = |f: &dyn Fn(&AgreementCounts) -> Option<f64>| Coefficient {
        value: f(all),
        bootstrap: bootstrap_by_article(articles, f, params.replicates, params.level, params.seed),
        jackknife: (articles.len() >= 5)
            .then(|| jackknife_by_article(articles, f))
            .flatten()
            .and_then(|j: Jackknife| j.interval(params.level))
            // Agreement ends at 1; the t interval does not know.
            .map(|i| Interval { low: i.low, high: i.high.min(1.0) }),
    };
    let ordered = axis.has_poles();
    let k = classes.len() as f64;
    AxisAgreement {
        axis: axis.id.clone(),
        annotators: annotators.iter().map(ToString::to_string).collect(),
        n_shared: all.n_units(),
        n_single: all.n_single(),
        n_articles: articles.len(),
        raw: coefficient(&AgreementCounts::raw),
        kappa: coefficient(&AgreementCounts::kappa),
        ac1: coefficient(&AgreementCounts::ac1),
        alpha: coefficient(&|c| c.alpha(Measurement::Nominal)),
        alpha_ordinal: ordered.then(|| coefficient(&|c| c.alpha(Measurement::Ordinal))),
        alpha_interval: ordered.then(|| coefficient(&|c| c.alpha(Measurement::Interval(&values)))),
        classes: classes
            .iter()
            .zip(all.totals())
            .zip(all.by_class())
            .map(|((class, n), agreement)| ClassAgreement { class: class.id.clone(), n, agreement })
            .collect(),
        applies: applies.raw(),
        // With slips at rate e to any other class, agreement is (1 − e)² + e²/(K − 1); solved for 1 − e·K/(K − 1).
        attenuation: all.raw().map(|raw| (1.0 - k / (k - 1.0) * (1.0 - raw)).max(0.0).sqrt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::bundled_axes;

    fn row(article: usize, annotator: &str, sentiment: Option<usize>) -> LabelledStatement {
        LabelledStatement {
            article: format!("a{}", article / 2),
            quote: format!("statement {article}"),
            annotator: annotator.into(),
            labels: sentiment.map(|c| ("sentiment".to_string(), Label::Class(c))).into_iter().collect(),
            ..LabelledStatement::default()
        }
    }

    fn sentiment() -> AxisSet {
        AxisSet { axes: bundled_axes().axes.into_iter().filter(|axis| axis.id == "sentiment").collect() }
    }

    #[test]
    fn gold_rows_are_no_opinion_and_empty_cells_no_class() {
        let mut rows = Vec::new();
        for i in 0..12 {
            rows.push(row(i, "a1", Some(i % 3)));
            rows.push(row(i, "a2", if i == 5 { None } else { Some((i + usize::from(i == 4)) % 3) }));
            rows.push(row(i, "gold", Some(0)));
        }
        let agreement = agree(&rows, &sentiment(), &AgreeParams::default()).expect("two annotators");
        let axis = &agreement.axes[0];
        assert_eq!(axis.annotators, ["a1", "a2"]);
        assert_eq!((axis.n_shared, axis.n_single, axis.n_articles), (11, 1, 6));
        assert!((axis.raw.value.expect("shared") - 10.0 / 11.0).abs() < 1e-12);
        assert!((axis.applies.expect("shared") - 11.0 / 12.0).abs() < 1e-12);
        assert_eq!(agreement.disagreements.len(), 2);
        assert_eq!(agreement.disagreements[1].choices["a2"], "");
        let shrink = axis.attenuation.expect("three classes");
        assert!((shrink * shrink - (1.0 - 1.5 / 11.0)).abs() < 1e-12);
    }

    #[test]
    fn one_annotator_is_refused_with_the_way_out() {
        let rows: Vec<_> = (0..4).map(|i| row(i, "a1", Some(1))).collect();
        let error = agree(&rows, &sentiment(), &AgreeParams::default()).expect_err("one annotator");
        assert!(error.to_string().contains("annotator column"), "{error}");
    }
}
