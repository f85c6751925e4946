//! Labels that were made wrong on purpose are found among the first that look wrong.

use std::collections::BTreeSet;
use std::path::PathBuf;

use sayso::corpus::{LabelFile, TrainingRow, TrainingSet, bundled_axes};
use sayso::pipeline::{Suspicions, TrainParams, suspicious};
use sayso::types::{Axis, AxisSet, Label, LabelledStatement};

/// The written statements that take a side on one axis, by one annotator.
fn written(axis: &str) -> TrainingSet {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("labels/written.csv");
    let mut axes = bundled_axes();
    axes.axes.retain(|a| a.id == axis);
    let file = LabelFile::read(&[path], &axes, None).expect("readable");
    let sides = |row: &&LabelledStatement| matches!(row.labels.get(axis), Some(Label::Class(0 | 2)));
    let rows: Vec<LabelledStatement> =
        file.rows.iter().filter(|r| r.annotator == "a1").filter(sides).cloned().collect();
    TrainingSet::from_labelled(&rows, &axes, None).expect("no weights")
}

/// One fit a fold, so that the test is quick.
fn quick() -> TrainParams {
    TrainParams { c: Some(3.0), ..TrainParams::default() }
}

fn search(set: &TrainingSet, params: &TrainParams) -> Suspicions {
    suspicious(set, params, &|_, _| {}).expect("searched")
}

/// Sentences about two things, four groups of each label.
fn made_up() -> TrainingSet {
    let texts = ["more sanctions must follow now", "let us return to talks"];
    let rows = (0..48).map(|i| TrainingRow {
        text: format!("{}, said speaker {i}", texts[i % 2]),
        group: format!("g{}", i % 8),
        weight: 1.0,
        labels: vec![Some(i % 2)],
        ..TrainingRow::default()
    });
    TrainingSet {
        axes: AxisSet { axes: vec![Axis::nominal("posture", ["firm".into(), "mild".into()])] },
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

#[test]
fn labels_made_wrong_are_among_the_first_found() {
    let mut set = written("alignment");
    let n = set.rows.len();
    assert!(n > 2000, "{n}");
    // Every twentieth label: 5 %.
    let wrong: BTreeSet<usize> = (0..n).filter(|i| i % 20 == 7).collect();
    for i in &wrong {
        set.rows[*i].labels[0] = set.rows[*i].labels[0].map(|class| 2 - class);
    }
    let found = search(&set, &quick());
    let axis = &found.axes[0];
    assert_eq!(axis.n, n);
    assert!(axis.labels.windows(2).all(|w| w[0].margin <= w[1].margin));
    let first: Vec<usize> = axis.labels.iter().take(wrong.len()).map(|s| s.row).collect();
    let hits = first.iter().filter(|row| wrong.contains(row)).count();
    let all = axis.labels.iter().filter(|s| wrong.contains(&s.row)).count();
    println!(
        "{n} labels, {} wrong; {hits} of the first {}, {all} of all {}; estimated share {:.3}, agreement {:.3}",
        wrong.len(),
        first.len(),
        axis.labels.len(),
        axis.error_share,
        axis.agreement
    );
    // Drawn blindly, 5 % would be.
    assert!(2 * hits >= first.len(), "{hits} of {}", first.len());
    assert!(3 * all >= 2 * wrong.len(), "{all} of {}", wrong.len());
    assert!((0.05..0.2).contains(&axis.error_share), "{}", axis.error_share);
    // A label made wrong is to be made right again.
    let clean = written("alignment");
    for s in axis.labels.iter().filter(|s| wrong.contains(&s.row)) {
        let right = clean.rows[s.row].labels[0].map(|class| ["pro-moscow", "neutral", "pro-kyiv"][class]);
        assert_eq!(Some(s.suggested.as_str()), right);
        assert!(s.p_suggested > s.p_label && s.margin < 0.0);
    }
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let mut set = made_up();
    set.rows[5].labels[0] = Some(0);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| search(&set, &TrainParams::default()))
    };
    let one = on(1);
    assert_eq!(one.axes[0].labels.iter().map(|s| s.row).collect::<Vec<_>>(), [5]);
    assert_eq!(one, on(4));
}

#[test]
fn the_seed_draws_the_folds() {
    let set = written("minsk");
    let of = |seed: u64| search(&set, &TrainParams { seed, ..quick() });
    assert_eq!(of(1), of(1));
    assert_ne!(of(1).axes[0].thresholds, of(2).axes[0].thresholds);
}

#[test]
fn annotators_of_one_statement_share_a_vote_and_a_line() {
    let mut set = made_up();
    // Two annotators give row 5 a wrong label, a third one the right one.
    for (annotator, class) in [("a2", 0), ("a3", 1)] {
        let row =
            TrainingRow { annotator: annotator.into(), labels: vec![Some(class)], ..set.rows[5].clone() };
        set.rows.push(row);
    }
    set.rows[5].labels[0] = Some(0);
    for i in [5, 48, 49] {
        set.rows[i].weight = 1.0 / 3.0;
    }
    let found = search(&set, &quick());
    let labels = &found.axes[0].labels;
    assert_eq!(labels.len(), 1, "{labels:?}");
    assert_eq!((labels[0].row, labels[0].label.as_str(), labels[0].suggested.as_str()), (5, "firm", "mild"));
    assert_eq!(labels[0].also, [(48, "firm".to_string()), (49, "mild".to_string())]);
    // 48 statements, two thirds of one of them wrong.
    assert!((found.axes[0].error_share - 2.0 / 3.0 / 48.0).abs() < 0.01, "{}", found.axes[0].error_share);
}

#[test]
fn what_cannot_be_judged_is_said_and_no_error() {
    // Too few rows of a class, a class in one group alone, one class, no row.
    let mut set = made_up();
    set.axes.axes[0] = Axis::nominal("posture", ["firm".into(), "mild".into(), "odd".into(), "one".into()]);
    set.axes.axes.push(Axis::nominal("side", ["a".into(), "b".into()]));
    for (i, row) in set.rows.iter_mut().enumerate() {
        row.labels.push(Some(0));
        match i % 12 {
            0 if i < 36 => row.labels[0] = Some(2),
            2 | 4 => {
                row.labels[0] = Some(3);
                row.group = "alone".into();
            }
            _ => {}
        }
    }
    let found = search(&set, &quick());
    assert_eq!(found.axes.len(), 1);
    assert_eq!(found.axes[0].classes, ["firm", "mild"]);
    assert_eq!(found.axes[0].n, 48 - 3 - 8);
    for part in ["odd (3)", "one (8)", "side is passed over"] {
        assert!(found.notes.iter().any(|note| note.contains(part)), "{part}: {:?}", found.notes);
    }
    set.rows.clear();
    let found = search(&set, &quick());
    assert!(found.axes.is_empty() && found.notes.len() == 2, "{:?}", found.notes);
}

#[test]
fn a_model_that_learned_nothing_says_so() {
    let mut set = made_up();
    for (i, row) in set.rows.iter_mut().enumerate() {
        row.text = format!("number {i}");
        row.labels[0] = Some(usize::from(i % 3 == 0));
    }
    let found = search(&set, &quick());
    assert!(found.notes.iter().any(|note| note.contains("learned nothing")), "{:?}", found.notes);
}
