//! The streams beside the random sample: what they serve, what they say of it, and that they never count into it.

use std::path::{Path, PathBuf};

use sayso::annotate::{Action, Design, Frame, Session, Settings, Stream};
use sayso::corpus::{LabelFile, parse_axes};
use sayso::types::{Article, AxisScore, AxisSet, LabelledStatement, ScoredStatement, Status};

const N: usize = 40;

fn axes() -> AxisSet {
    let text = "[[axis]]\nid = \"tone\"\nlow = {id = \"bad\", title = \"bad\"}\nhigh = {id = \"good\", title = \"good\"}\n";
    parse_axes(text, Path::new("axes.toml")).expect("one axis")
}

/// Forty statements of one outlet, one to an article; with a model, every fourth is surely good, the rest are unsure.
fn frame(scored: bool) -> Frame {
    let (mut articles, mut statements) = (Vec::new(), Vec::new());
    for n in 0..N {
        let quote = format!("statement {n} of all");
        let p = if n % 4 == 0 { vec![0.1, 0.9] } else { vec![0.5, 0.5] };
        let score = AxisScore { p, ..AxisScore::none(Status::Ok) };
        statements.push(ScoredStatement {
            article: format!("a{n}"),
            outlet: "Herald".into(),
            start: Some(0),
            end: Some(quote.len()),
            axes: scored.then(|| ("tone".to_string(), score)).into_iter().collect(),
            quote: quote.clone(),
            ..ScoredStatement::default()
        });
        articles.push(Article { id: format!("a{n}"), text: quote, ..Article::default() });
    }
    Frame::new(articles, statements).0
}

fn settings(labels: &Path, annotator: &str) -> Settings {
    Settings {
        labels: labels.into(),
        annotator: annotator.into(),
        axes: axes(),
        design: Design { sample: Some(10), random_share: 0.5, twice: 0.0, ..Design::default() },
        review: false,
        keep: None,
        clock: || "2026-01-01T00:00:00Z".into(),
    }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("labels.csv");
    (folder, path)
}

fn rows(labels: &Path) -> Vec<LabelledStatement> {
    LabelFile::read(&[labels.to_path_buf()], &axes(), None).expect("readable").rows
}

fn label(session: &mut Session, place: usize, class: &str) {
    let action = Action::Label { axis: "tone".into(), class: Some(class.into()) };
    session.act(place, &action).expect("saved");
}

fn items(session: &Session, stream: Stream) -> Vec<usize> {
    session.queue().slots.iter().filter(|s| s.stream == stream).map(|s| s.item).collect()
}

fn strategy(row: &LabelledStatement) -> &str {
    &row.extra["strategy"]
}

fn row(n: usize, quote: &str, class: &str, name: &str) -> String {
    format!("a{n},0,{},{quote},{class},{name}\n", quote.len())
}

/// Two annotators who label everything and differ on every fifth statement.
fn two_who_differ(path: &Path) -> String {
    let mut table = String::from("article,start,end,quote,tone,annotator\n");
    for n in 0..N {
        for (name, class) in [("a1", "bad"), ("a2", if n % 5 == 0 { "good" } else { "bad" })] {
            let quote = format!("statement {n} of all");
            table.push_str(&row(n, &quote, class, name));
        }
    }
    std::fs::write(path, &table).expect("writable");
    table
}

#[test]
fn what_others_differ_on_is_served_beside_the_sample_and_never_counted_into_it() {
    let (_folder, path) = folder();
    two_who_differ(&path);
    let mut session = Session::open(settings(&path, "a3"), frame(false)).expect("a sound folder");
    let (random, disputed) = (items(&session, Stream::Random), items(&session, Stream::Disagreement));
    assert_eq!(random.len(), 10);
    let expected: Vec<usize> = (0..N).filter(|i| i % 5 == 0 && !random.contains(i)).collect();
    let mut found = disputed.clone();
    found.sort_unstable();
    assert_eq!(found, expected, "all that is disputed and not drawn, and nothing else");
    assert!(items(&session, Stream::Uncertain).is_empty());
    for place in 0..session.queue().slots.len() {
        label(&mut session, place, "good");
    }
    session.write().expect("written");
    let own: Vec<_> = rows(&path).into_iter().filter(|row| row.annotator == "a3").collect();
    assert_eq!(own.len(), 10 + expected.len());
    for row in &own {
        match strategy(row) {
            "random" => assert_eq!(row.sample_prob, Some(0.25)),
            other => assert_eq!((other, row.sample_prob), ("disagreement", None)),
        }
    }
    assert_eq!(own.iter().filter(|row| strategy(row) == "random").count(), 10);
}

#[test]
fn why_a_row_was_labelled_stands_when_the_others_come_to_agree() {
    let (_folder, path) = folder();
    let table = two_who_differ(&path);
    let mut session = Session::open(settings(&path, "a3"), frame(false)).expect("a sound folder");
    let place =
        session.queue().slots.iter().position(|s| s.stream == Stream::Disagreement).expect("some differ");
    label(&mut session, place, "good");
    session.write().expect("written");
    drop(session);
    let own = std::fs::read_to_string(&path).expect("there").lines().last().expect("a row").to_string();
    // a2 changes all labels to those of a1, in a spreadsheet, and leaves one that is in dispute.
    let text = std::fs::read_to_string(&path).expect("there");
    let agreed: Vec<String> = text
        .lines()
        .enumerate()
        .map(
            |(i, line)| {
                if i < table.lines().count() - 2 { line.replace(",good,", ",bad,") } else { line.into() }
            },
        )
        .collect();
    std::fs::write(&path, agreed.join("\n") + "\n").expect("writable");
    let mut settings = settings(&path, "a3");
    settings.design.random_share = 1.0;
    let mut session = Session::open(settings, frame(false)).expect("a sound folder");
    let random = session.queue().slots.iter().position(|s| s.stream == Stream::Random).expect("a sample");
    label(&mut session, random, "good");
    session.write().expect("written");
    let row = rows(&path).into_iter().find(|row| row.annotator == "a3").expect("there");
    assert_eq!((strategy(&row), row.sample_prob), ("disagreement", None), "{own}");
}

#[test]
fn a_label_that_the_model_contradicts_comes_a_second_time_in_a_row_of_its_own() {
    let (_folder, path) = folder();
    let mut session = Session::open(settings(&path, "a1"), frame(true)).expect("a sound folder");
    assert!(items(&session, Stream::Disagreement).is_empty(), "nothing is labelled yet");
    let drawn = items(&session, Stream::Random);
    for place in 0..session.queue().slots.len() {
        if session.slot(place).expect("there").stream == Stream::Random {
            label(&mut session, place, "bad");
        }
    }
    session.write().expect("written");
    drop(session);
    let mut session = Session::open(settings(&path, "a1"), frame(true)).expect("a sound folder");
    let mut contradicted: Vec<usize> = drawn.into_iter().filter(|i| i % 4 == 0).collect();
    contradicted.sort_unstable();
    let mut found = items(&session, Stream::Disagreement);
    found.sort_unstable();
    assert!(!contradicted.is_empty() && found == contradicted, "{found:?} of {contradicted:?}");
    let place = session.queue().slots.iter().position(|s| s.stream == Stream::Disagreement).expect("some");
    let slot = session.slot(place).expect("there");
    assert!(slot.again && session.mark(slot).labels.is_empty(), "the first label is not shown");
    label(&mut session, place, "good");
    session.write().expect("written");
    let rows = rows(&path);
    let again: Vec<_> = rows.iter().filter(|row| row.annotator == "a1-again").collect();
    assert_eq!(again.len(), 1);
    assert_eq!((strategy(again[0]), again[0].sample_prob), ("disagreement", None));
    let first: Vec<_> = rows.iter().filter(|row| row.annotator == "a1").collect();
    assert!(first.len() == 10 && first.iter().all(|row| row.sample_prob == Some(0.25)));
}

#[test]
fn a_share_for_other_streams_needs_something_that_they_could_serve() {
    let (_folder, path) = folder();
    let error = Session::open(settings(&path, "a1"), frame(false)).err().expect("refused").to_string();
    assert!(error.contains("--random-share") && error.contains("--model"), "{error}");
    assert!(!path.exists());
    assert!(Session::open(settings(&path, "a1"), frame(true)).is_ok());
}

#[test]
fn a_sample_that_holds_all_that_is_disputed_is_told() {
    let (_folder, path) = folder();
    two_who_differ(&path);
    let mut settings = settings(&path, "a3");
    settings.design.sample = Some(N);
    let session = Session::open(settings, frame(false)).expect("a sound folder");
    assert!(
        session.remarks.iter().any(|remark| remark.contains("a smaller --sample")),
        "{:?}",
        session.remarks
    );
}
