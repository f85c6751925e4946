//! Sections that are not about one axis.

use super::chart::{MapPoint, SplitRow, counts, map, signed, splits};
use super::figures::{pole_titles, share, span};
use super::view::{Chapter, Figure, Table};
use super::{PageOptions, agreement, quality};
use crate::pipeline::{AxisComparison, Comparison, Estimate};

/// Speakers in the chart of the most quoted.
const MOST_QUOTED: usize = 20;
/// Differences whose split is drawn.
const MOST_SPLITS: usize = 10;

/// The sections, those without content left out.
pub fn chapters(comparison: &Comparison, options: &PageOptions) -> Vec<Chapter> {
    let quality = options.card.as_ref().map(quality::chapter);
    let agreement = options.agreement.as_ref().map(agreement::chapter);
    [quoted(comparison), why(comparison), two_axes(comparison), words(comparison), quality, agreement]
        .into_iter()
        .flatten()
        .collect()
}

fn quoted(comparison: &Comparison) -> Option<Chapter> {
    let axis = comparison.axes.iter().find(|axis| !axis.speakers.is_empty())?;
    let rows: Vec<(String, usize, String)> = axis
        .speakers
        .iter()
        .take(MOST_QUOTED)
        .map(|s| {
            let groups = s.cells.iter().filter(|c| c.is_some()).count();
            (s.speaker.clone(), s.n, format!("{} in {groups} of {}", s.n, comparison.groups.len()))
        })
        .collect();
    let title = "The most quoted speakers".to_string();
    let mut table = Table::new(&["speaker", "statements", "share"], 1);
    for (name, n, _) in &rows {
        table.row(vec![
            name.clone(),
            n.to_string(),
            share(*n as f64 / comparison.corpus.n_statements.max(1) as f64),
        ]);
    }
    let figure = Figure {
        charts: vec![counts(&title, &rows)],
        title,
        caption: format!("Statements, and in how many {}s.", comparison.by),
        table: Some(table),
    };
    Some(Chapter {
        id: "quoted",
        title: "Who is quoted".into(),
        lead: format!(
            "{} of all statements are by the ten most quoted speakers; {} have no speaker.",
            share(comparison.corpus.top_ten_share),
            comparison.corpus.n_unattributed
        ),
        figures: vec![figure],
    })
}

fn why(comparison: &Comparison) -> Option<Chapter> {
    let mut figures = Vec::new();
    for axis in &comparison.axes {
        let mut claims: Vec<_> = axis.pairs.iter().filter_map(|p| Some((p, p.split?))).collect();
        if claims.is_empty() {
            continue;
        }
        claims.sort_by(|a, b| b.0.difference.abs().total_cmp(&a.0.difference.abs()));
        let ends = |e: &Estimate| (e.value, e.interval.map(|i| (i.low, i.high)));
        let rows: Vec<SplitRow> = claims
            .iter()
            .take(MOST_SPLITS)
            .map(|(pair, split)| SplitRow {
                name: format!("{} − {}", pair.a, pair.b),
                parts: [ends(&split.mix), ends(&split.statement), ends(&split.exclusive)],
            })
            .collect();
        let mut table = Table::new(
            &[
                "first",
                "second",
                "difference",
                "whom",
                "interval",
                "what",
                "interval",
                "only one",
                "interval",
                "shared speakers",
                "their share",
            ],
            2,
        );
        for (pair, split) in &claims {
            let mut cells = vec![pair.a.clone(), pair.b.clone(), signed(pair.difference)];
            for part in [split.mix, split.statement, split.exclusive] {
                cells.push(signed(part.value));
                cells.push(span(part.interval));
            }
            cells.push(split.n_speakers.to_string());
            cells.push(format!("{} / {}", share(split.shared_a), share(split.shared_b)));
            table.row(cells);
        }
        let title = format!("Why they differ on {}", axis.id);
        figures.push(Figure {
            charts: vec![splits(&title, &rows)],
            title,
            caption: "The three parts add up to the difference. “What the same people say” compares the same speakers in both outlets; it also holds topic and date, and is no proof of slant.".into(),
            table: Some(table),
        });
    }
    (!figures.is_empty()).then(|| Chapter {
        id: "why",
        title: "Whom they quote, or what those say".into(),
        lead: "Every difference that survives, in parts: the mix of speakers, the statements of the same speakers, and speakers whom only one of the two quotes.".into(),
        figures,
    })
}

fn two_axes(comparison: &Comparison) -> Option<Chapter> {
    let polar: Vec<&AxisComparison> = comparison.axes.iter().filter(|axis| axis.has_poles()).collect();
    let [x, y, ..] = polar[..] else { return None };
    let best = |e: (Option<Estimate>, Option<Estimate>)| e.0.or(e.1);
    let half = |e: Estimate| e.interval.map(|i| (i.high - i.low) / 2.0);
    let points: Vec<MapPoint> = x
        .groups
        .iter()
        .zip(&y.groups)
        .enumerate()
        .filter_map(|(group, (a, b))| {
            let (ea, eb) = (best((a.corrected, a.uncorrected))?, best((b.corrected, b.uncorrected))?);
            Some(MapPoint {
                name: a.group.clone(),
                group,
                x: (ea.value, half(ea)),
                y: (eb.value, half(eb)),
                filled: a.corrected.is_some() && b.corrected.is_some(),
            })
        })
        .collect();
    let (x_low, x_high) = pole_titles(x);
    let (y_low, y_high) = pole_titles(y);
    let title = format!("{} and {}", x.id, y.id);
    let mut table = Table::new(&[&comparison.by, &x.id, &y.id], 1);
    for p in &points {
        table.row(vec![p.name.clone(), signed(p.x.0), signed(p.y.0)]);
    }
    Some(Chapter {
        id: "map",
        title: "Two axes at once".into(),
        lead: format!("{} to the right, {} upwards.", x.id, y.id),
        figures: vec![Figure {
            charts: vec![map(&title, [x_low, x_high, y_low, y_high], &points)],
            title,
            caption: "Ellipses span the two intervals; without an ellipse, no interval could be computed. Hollow dots are not corrected, and their ellipses hold for the choice of articles alone.".into(),
            table: Some(table),
        }],
    })
}

fn words(comparison: &Comparison) -> Option<Chapter> {
    if comparison.words.is_empty() {
        return None;
    }
    let by = &comparison.by;
    let mut table = Table::new(&[by, "word", "weight", "statements here", "elsewhere"], 2);
    for row in &comparison.words {
        table.row(vec![
            row.group.clone(),
            row.word.clone(),
            signed(row.z),
            row.n_here.to_string(),
            row.n_elsewhere.to_string(),
        ]);
    }
    Some(Chapter {
        id: "words",
        title: "Words that stand out".into(),
        lead: format!("What the quoted people in one {by} say more, or less, often than in the others."),
        figures: vec![Figure {
            title: String::new(),
            charts: Vec::new(),
            caption: "Weighted log-odds against all others over their standard error (Monroe, Colaresi and Quinn), counted in statements; positive: more often here. The weight orders words and is no test. To read a word in its place, search for it among the statements.".into(),
            table: Some(table),
        }],
    })
}
