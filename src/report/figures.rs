//! The figures of an axis.

use super::chart::{BarRow, DotRow, HeatRow, Point, Series, bars, dots, heat, signed, timeline};
use super::differences::{behind, pairs};
use super::spread::spread;
use super::view::{AxisView, Figure, Table};
use crate::pipeline::{AxisComparison, AxisGroup, Comparison, Estimate};
use crate::statistics::Interval;

/// Groups that stand beside each other in a heat map.
const BESIDE: usize = 8;
/// Below this many statements a group is drawn grey.
const FAINT: usize = 10;

/// The sections of all axes.
pub fn axes(comparison: &Comparison, events: &[(String, String)]) -> Vec<AxisView> {
    comparison.axes.iter().enumerate().map(|(i, axis)| view(comparison, i, axis, events)).collect()
}

fn view(
    comparison: &Comparison,
    index: usize,
    axis: &AxisComparison,
    events: &[(String, String)],
) -> AxisView {
    let loud = comparison
        .notes
        .iter()
        .filter(|n| n.axis.as_deref() == Some(&axis.id) && n.group.is_none())
        .map(|n| n.text.clone())
        .collect();
    let mut figures = Vec::new();
    if axis.has_poles() {
        figures.push(stance(comparison, index, axis));
    }
    figures.push(distribution(comparison, index, axis));
    figures.extend(spread(comparison, index, axis));
    if axis.has_poles() {
        figures.extend(pairs(comparison, axis));
        figures.extend(speakers(comparison, index, axis));
        figures.extend(months(comparison, axis, events));
        figures.extend(behind(comparison, axis));
    }
    AxisView { index, title: axis.id.clone(), question: axis.question.clone(), loud, figures }
}

/// The names of the poles, low and high.
pub fn pole_titles(axis: &AxisComparison) -> (&str, &str) {
    (axis.classes.first().map_or("", |c| &c.title), axis.classes.last().map_or("", |c| &c.title))
}

/// `12 %`.
pub fn share(value: f64) -> String {
    format!("{:.0} %", 100.0 * value)
}

/// `12 345`.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// "2021-03-02 to 2021-04-11".
pub fn dates(first: &str, last: &str) -> String {
    match (first, last) {
        ("", _) => String::new(),
        (a, b) if a == b => a.to_string(),
        (a, b) => format!("{a} to {b}"),
    }
}

/// `−0.20 to +0.31`, or nothing.
pub fn span(interval: Option<Interval>) -> String {
    interval.map_or(String::new(), |i| format!("{} to {}", signed(i.low), signed(i.high)))
}

fn ends(estimate: Option<Estimate>) -> Option<(f64, f64)> {
    estimate.and_then(|e| e.interval).map(|i| (i.low, i.high))
}

/// The best figure of a group: corrected, else synthetic, else the model's average.
fn best(g: &AxisGroup) -> Option<Estimate> {
    g.corrected.or(g.synthetic).or(g.uncorrected)
}

/// The groups from the high pole to the low one.
pub fn by_stance(axis: &AxisComparison) -> Vec<usize> {
    let mut order: Vec<usize> = (0..axis.groups.len()).collect();
    let value = |g: &AxisGroup| best(g).map_or(f64::NEG_INFINITY, |e| e.value);
    order.sort_by(|a, b| value(&axis.groups[*b]).total_cmp(&value(&axis.groups[*a])).then(a.cmp(b)));
    order
}

fn stance(comparison: &Comparison, index: usize, axis: &AxisComparison) -> Figure {
    let (low, high) = pole_titles(axis);
    let order = by_stance(axis);
    let rows: Vec<DotRow> = order.iter().map(|g| dot_row(comparison, axis, *g)).collect();
    let mean = {
        let known: Vec<(f64, f64)> =
            axis.groups.iter().filter_map(|g| Some((best(g)?.value, g.n as f64))).collect();
        let n: f64 = known.iter().map(|(_, n)| n).sum();
        (n > 0.0).then(|| known.iter().map(|(v, n)| v * n).sum::<f64>() / n)
    };
    let title = format!("Mean stance on {} by {}", axis.id, comparison.by);
    let synthetic = axis.groups.iter().any(|g| g.synthetic.is_some());
    let mut heads = vec![
        comparison.by.as_str(),
        "ranks",
        "corrected",
        "95 % interval",
        "simultaneous",
        "uncorrected",
        "its interval",
        "labels only",
        "classify and count",
        "adjusted count",
        "EM",
        "pooled",
        "statements",
        "scored",
    ];
    if synthetic {
        heads.extend(["synthetic", "its interval"]);
    }
    let mut table = Table::new(&heads, 1);
    for g in &order {
        let group = &axis.groups[*g];
        let mut cells = stance_cells(group);
        if synthetic {
            let value = group.synthetic.map_or(String::new(), |e| signed(e.value));
            cells.extend([value, span(group.synthetic.and_then(|e| e.interval))]);
        }
        table.row(cells);
    }
    let mut caption = String::from(if axis.corrected {
        "Filled: corrected by hand labels, with its interval. Hollow: the model's plain average. The dotted line is the mean of all statements. "
    } else {
        "Hollow: the model's plain average, not corrected. Dashed: chance in the choice of articles alone. The dotted line is the mean of all statements. "
    });
    if synthetic {
        caption.push_str("A diamond with a dashed line is synthetic: nobody labelled there, so the errors of the others are supposed; it is not design-based and takes part in no test. ");
    }
    if axis.corrected {
        caption.push_str("In the numbers: “simultaneous” intervals hold for all figures of this page at once; classify and count, adjusted count and EM are other methods, shown to see how far they stray; “pooled” is drawn towards the common mean, for show and never for tests.");
    }
    Figure { charts: vec![dots(&title, low, high, index, &rows, mean)], title, caption, table: Some(table) }
}

fn dot_row(comparison: &Comparison, axis: &AxisComparison, g: usize) -> DotRow {
    let group = &axis.groups[g];
    let corrected = group.corrected;
    let labels = group.details.map_or(String::new(), |d| format!(", {} labels", d.n_labelled));
    let figure = best(group);
    let tip = format!(
        "{}: {} {}{}; {} statements{labels}",
        group.group,
        match (corrected, group.synthetic) {
            (Some(_), _) => "corrected",
            (None, Some(_)) => "synthetic",
            (None, None) => "uncorrected",
        },
        figure.map_or("no figure".into(), |e| signed(e.value)),
        figure.and_then(|e| e.interval).map_or(String::new(), |i| format!(", {}", span(Some(i)))),
        group.n
    );
    let starred = comparison
        .notes
        .iter()
        .any(|n| n.group.as_deref() == Some(&group.group) && n.axis.as_deref().is_none_or(|a| a == axis.id));
    DotRow {
        name: if starred { format!("{} *", group.group) } else { group.group.clone() },
        group: g,
        hollow: group.uncorrected.map(|e| e.value),
        dashed: match (corrected, group.synthetic) {
            (Some(_), _) => None,
            (None, Some(_)) => ends(group.synthetic),
            (None, None) => ends(group.uncorrected),
        },
        diamond: group.synthetic.map(|e| e.value),
        filled: corrected.map(|e| e.value),
        interval: ends(corrected),
        note: format!("n = {}", thousands(group.n)),
        faint: group.n < FAINT,
        tip,
    }
}

fn stance_cells(group: &AxisGroup) -> Vec<String> {
    let figure = |v: Option<f64>| v.map_or(String::new(), signed);
    let s = group.sensitivity;
    vec![
        group.group.clone(),
        group.ranks.map_or(String::new(), |r| {
            if r.best == r.worst { r.best.to_string() } else { format!("{}–{}", r.best, r.worst) }
        }),
        figure(group.corrected.map(|e| e.value)),
        span(group.corrected.and_then(|e| e.interval)),
        span(group.corrected.and_then(|e| e.simultaneous)),
        figure(group.uncorrected.map(|e| e.value)),
        span(group.uncorrected.and_then(|e| e.interval)),
        figure(s.and_then(|s| s.labels_only)),
        figure(s.and_then(|s| s.classify_and_count)),
        figure(s.and_then(|s| s.adjusted_count)),
        figure(s.and_then(|s| s.expectation_maximisation)),
        figure(group.pooled),
        group.n.to_string(),
        group.n_scored.to_string(),
    ]
}

fn distribution(comparison: &Comparison, index: usize, axis: &AxisComparison) -> Figure {
    let titles: Vec<String> = axis.classes.iter().map(|c| c.title.clone()).collect();
    let rows: Vec<BarRow> = axis
        .groups
        .iter()
        .enumerate()
        .filter(|(_, g)| g.n_scored > 0 || g.corrected.is_some())
        .map(|(i, g)| {
            let raw: Vec<f64> =
                g.classes.iter().map(|c| c.corrected.unwrap_or(c.uncorrected).max(0.0)).collect();
            let total: f64 = raw.iter().sum::<f64>().max(1e-9);
            BarRow {
                name: g.group.clone(),
                group: i,
                shares: raw.into_iter().map(|v| v / total).collect(),
                note: format!("n = {}", thousands(g.n)),
            }
        })
        .collect();
    let title = format!("Shares of the classes of {}", axis.id);
    let mut table =
        Table::new(&[&comparison.by, "class", "corrected", "95 % interval", "uncorrected", "labels"], 2);
    for g in &axis.groups {
        for (class, name) in g.classes.iter().zip(&titles) {
            table.row(vec![
                g.group.clone(),
                name.clone(),
                class.corrected.map_or(String::new(), share),
                class.interval.map_or(String::new(), |i| format!("{} to {}", share(i.low), share(i.high))),
                share(class.uncorrected),
                class.n_labels.to_string(),
            ]);
        }
    }
    Figure {
        charts: vec![bars(&title, &titles, index, &rows, axis.has_poles())],
        title,
        caption: format!(
            "{} Hatched: the low pole; plain: the high pole. Statements that are not about the axis, or that the model cannot score, are in none of the shares.",
            if axis.corrected {
                "Corrected by hand labels where there are any."
            } else {
                "Mean probabilities of the model, not corrected."
            }
        ),
        table: Some(table),
    }
}

fn speakers(comparison: &Comparison, index: usize, axis: &AxisComparison) -> Option<Figure> {
    if axis.speakers.is_empty() || comparison.by == "speaker" {
        return None;
    }
    let rows: Vec<HeatRow> = axis
        .speakers
        .iter()
        .map(|s| HeatRow {
            name: s.speaker.clone(),
            cells: s.cells.iter().map(|c| c.map(|c| (c.n, c.mean))).collect(),
        })
        .collect();
    let names: Vec<(usize, String)> =
        comparison.groups.iter().enumerate().map(|(i, g)| (i, g.name.clone())).collect();
    let title = format!("Who says what where: {}", axis.id);
    let charts = names.chunks(BESIDE).map(|part| heat(&title, index, part, &rows)).collect();
    let mut heads = vec!["speaker", "statements"];
    heads.extend(names.iter().map(|(_, name)| name.as_str()));
    let mut table = Table::new(&heads, 1);
    for s in &axis.speakers {
        let mut cells = vec![s.speaker.clone(), s.n.to_string()];
        cells.extend(
            s.cells.iter().map(|c| c.map_or(String::new(), |c| format!("{} ({})", signed(c.mean), c.n))),
        );
        table.row(cells);
    }
    Some(Figure {
        charts,
        title,
        caption: format!(
            "Mean score of the most quoted speakers in each {}, with the number of their statements. Averages of the model, not corrected: a cell of few statements says little. Dashed: not quoted.",
            comparison.by
        ),
        table: Some(table),
    })
}

/// The months of an axis, when there are at least two.
fn months(comparison: &Comparison, axis: &AxisComparison, events: &[(String, String)]) -> Option<Figure> {
    let first = axis.months.iter().map(|m| number(&m.month)).min()??;
    let last = axis.months.iter().map(|m| number(&m.month)).max()??;
    if last <= first || comparison.by == "month" {
        return None;
    }
    let labels: Vec<String> = (first..=last).map(|m| format!("{:04}-{:02}", m / 12, m % 12 + 1)).collect();
    let series: Vec<Series> = comparison
        .groups
        .iter()
        .map(|group| Series {
            name: group.name.clone(),
            points: axis
                .months
                .iter()
                .filter(|m| m.group == group.name)
                .filter_map(|m| {
                    Some(Point {
                        month: number(&m.month)? - first,
                        value: m.estimate.value,
                        interval: ends(Some(m.estimate)),
                    })
                })
                .collect(),
        })
        .filter(|s: &Series| !s.points.is_empty())
        .collect();
    let marks: Vec<super::chart::Event> = events
        .iter()
        .filter_map(|(date, label)| {
            let month = number(date.get(..7)?)?;
            let day: f64 = date.get(8..10)?.parse().ok()?;
            let inside = (first..=last).contains(&month);
            inside.then(|| super::chart::Event {
                month: (month - first) as f64 + (day - 1.0) / 31.0,
                label: format!("{date}: {label}"),
            })
        })
        .collect();
    let title = format!("{} by month", axis.id);
    let mut table = Table::new(&[&comparison.by, "month", "mean", "95 % interval", "statements"], 2);
    for m in &axis.months {
        table.row(vec![
            m.group.clone(),
            m.month.clone(),
            signed(m.estimate.value),
            span(m.estimate.interval),
            m.n.to_string(),
        ]);
    }
    Some(Figure {
        charts: vec![timeline(&title, &labels, &series, &marks)],
        title,
        caption: "Each strip runs from −1 (bottom) to +1 (top). Averages of the model, not corrected; the band is chance in the choice of articles, where a month has five or more. A month without statements is a gap.".into(),
        table: Some(table),
    })
}

/// Months since year 0 of `YYYY-MM`.
fn number(month: &str) -> Option<usize> {
    let (year, month) = month.split_once('-')?;
    let (year, month): (usize, usize) = (year.parse().ok()?, month.parse().ok()?);
    ((1..=12).contains(&month) && year < 10_000).then(|| year * 12 + month - 1)
}
