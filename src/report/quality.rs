//! How well the model does on rows it had not seen.

use super::chart::{Curve, curve};
use super::figures::share;
use super::view::{Chapter, Figure, Table};
use crate::model::{AxisCard, Card, Validation};

/// The section on the model.
pub fn chapter(card: &Card) -> Chapter {
    let figures = card.axes.iter().flat_map(axis).collect();
    Chapter {
        id: "quality",
        title: "How good the model is".into(),
        lead: format!(
            "Trained on {} rows in {} groups; measured on rows it had not seen, no group on two sides of a split.",
            card.n_rows, card.n_groups
        ),
        figures,
    }
}

fn axis(card: &AxisCard) -> Vec<Figure> {
    let Some(v) = &card.validation else {
        return vec![Figure {
            title: card.axis.clone(),
            caption: "Not measured: the model was fitted without cross-validation.".into(),
            ..Figure::default()
        }];
    };
    let mut figures = vec![by_class(card, v), confusion(card, v)];
    if !v.curve.is_empty() {
        figures.push(reliability(card, v));
    }
    if v.learning_curve.len() > 1 {
        figures.push(learning(card, v));
    }
    figures
}

fn by_class(card: &AxisCard, v: &Validation) -> Figure {
    let mut table = Table::new(&["class", "precision", "recall", "F1", "rows"], 1);
    for (class, s) in card.classes.iter().zip(&v.by_class) {
        let two = |x: f64| format!("{x:.2}");
        table.row(vec![class.clone(), two(s.precision), two(s.recall), two(s.f1), s.support.to_string()]);
    }
    let interval = v
        .macro_f1_interval
        .map_or(String::new(), |i| format!(" (interval {:.2} to {:.2})", i.low.max(0.0), i.high.min(1.0)));
    let b = &v.baselines;
    let speaker = b.speaker_macro_f1.map_or(String::new(), |f| {
        format!(" Knowing the speaker and nothing else gives {f:.2}: if that is as much, the model tells speakers apart, not statements.")
    });
    Figure {
        title: card.axis.clone(),
        charts: Vec::new(),
        caption: format!(
            "Macro-F1 {:.2}{interval}, accuracy {}. Always saying the most frequent class gives macro-F1 {:.2}, accuracy {}.{speaker}",
            v.macro_f1,
            share(v.accuracy),
            b.majority_macro_f1,
            share(b.majority_accuracy)
        ),
        table: Some(table),
    }
}

fn confusion(card: &AxisCard, v: &Validation) -> Figure {
    let mut heads = vec!["gold, down; predicted, across"];
    heads.extend(card.classes.iter().map(String::as_str));
    let mut table = Table::new(&heads, 1);
    for (class, row) in card.classes.iter().zip(&v.confusion) {
        let mut cells = vec![class.clone()];
        cells.extend(row.iter().map(ToString::to_string));
        table.row(cells);
    }
    Figure {
        title: format!("What is taken for what: {}", card.axis),
        charts: Vec::new(),
        caption: "Rows by hand label and by predicted class.".into(),
        table: Some(table),
    }
}

fn reliability(card: &AxisCard, v: &Validation) -> Figure {
    let title = format!("Do its probabilities come true? {}", card.axis);
    let points = v.curve.iter().map(|b| (b.confidence, b.accuracy)).collect();
    let mut table = Table::new(&["probability", "came true", "rows"], 0);
    for b in &v.curve {
        table.row(vec![share(b.confidence), share(b.accuracy), b.n.to_string()]);
    }
    let names = ["probability of the predicted class →", "share that is right ↑"];
    Figure {
        charts: vec![curve(&title, names, &Curve { points, diagonal: true, x_from: 0.0, x_to: 1.0 })],
        title,
        caption: format!(
            "On the dashed line, probabilities come true exactly. Calibration error {:.3}; perfect probabilities would show {:.3} on as many rows.",
            v.reliability.ece, v.reliability.ece_null
        ),
        table: Some(table),
    }
}

fn learning(card: &AxisCard, v: &Validation) -> Figure {
    let title = format!("Would more labels help? {}", card.axis);
    let points = v.learning_curve.iter().map(|p| (p.n_rows as f64, p.macro_f1)).collect();
    let mut table = Table::new(&["share of the groups", "rows", "macro-F1"], 0);
    for p in &v.learning_curve {
        table.row(vec![share(p.share), p.n_rows.to_string(), format!("{:.3}", p.macro_f1)]);
    }
    let most = v.learning_curve.iter().map(|p| p.n_rows).max().unwrap_or(1) as f64;
    let names = ["rows trained on →", "macro-F1 ↑"];
    Figure {
        charts: vec![curve(&title, names, &Curve { points, diagonal: false, x_from: 0.0, x_to: most })],
        title,
        caption: "A curve that still rises at its end says that more labels would help.".into(),
        table: Some(table),
    }
}
