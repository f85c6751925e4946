//! A session without its server: labels, undo, second times, edits from elsewhere, crashes.

use std::path::{Path, PathBuf};

use sayso::annotate::{Action, Design, Frame, Keep, Session, Settings, Stage};
use sayso::corpus::{LabelFile, bundled_axes, parse_axes};
use sayso::types::{Article, AxisSet, Label, LabelledStatement, ScoredStatement};

fn axes() -> AxisSet {
    let text = "[[axis]]\nid = \"tone\"\nlow = {id = \"bad\", title = \"bad\"}\nhigh = {id = \"good\", title = \"good\"}\n\
                [[axis]]\nid = \"topic\"\n[[axis.classes]]\nid = \"war\"\ntitle = \"war\"\n[[axis.classes]]\nid = \"trade\"\ntitle = \"trade\"\n";
    parse_axes(text, Path::new("axes.toml")).expect("two axes")
}

/// Twelve statements in each of two outlets, three to an article, with characters of one to four bytes between.
fn frame() -> Frame {
    let mut articles = Vec::new();
    let mut statements = Vec::new();
    for n in 0..8 {
        let outlet = if n % 2 == 0 { "Herald" } else { "Post" };
        let mut text = String::from("Заголовок 👩‍🚒\n\n");
        for k in 0..3 {
            let quote = format!("statement {k} of article {n}");
            let start = text.chars().count() + 1;
            statements.push(ScoredStatement {
                article: format!("a{n}"),
                outlet: outlet.into(),
                date: "2022-03-01".into(),
                start: Some(start),
                end: Some(start + quote.chars().count()),
                quote: quote.clone(),
                speaker: "Ann".into(),
                ..ScoredStatement::default()
            });
            text.extend(["“", quote.as_str(), "”, she said. Прощай e\u{301}tude.\n\n"]);
        }
        articles.push(Article {
            id: format!("a{n}"),
            outlet: Some(outlet.into()),
            text,
            ..Article::default()
        });
    }
    let (frame, remarks) = Frame::new(articles, statements);
    assert_eq!(remarks, Vec::<String>::new());
    frame
}

fn settings(labels: &Path) -> Settings {
    Settings {
        labels: labels.into(),
        annotator: "a1".into(),
        axes: axes(),
        design: Design { twice: 0.0, ..Design::default() },
        review: false,
        keep: None,
        clock: || "2026-01-01T00:00:00Z".into(),
    }
}

fn open(settings: Settings) -> Session {
    Session::open(settings, frame()).expect("a sound folder")
}

fn rows(labels: &Path) -> Vec<LabelledStatement> {
    LabelFile::read(&[labels.to_path_buf()], &axes(), None).expect("readable").rows
}

fn label(axis: &str, class: &str) -> Action {
    Action::Label { axis: axis.into(), class: Some(class.into()) }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("labels.csv");
    (folder, path)
}

#[test]
fn a_statement_is_a_row_when_every_axis_has_a_class_or_the_annotator_says_done() {
    let (_folder, path) = folder();
    let mut session = open(settings(&path));
    session.act(0, &label("tone", "good")).expect("saved");
    session.write().expect("written");
    assert_eq!(rows(&path).len(), 0);
    session.act(0, &label("topic", "war")).expect("saved");
    session.act(1, &label("tone", "?")).expect("saved");
    session.act(1, &Action::Finish).expect("saved");
    session.act(2, &Action::Reject).expect("saved");
    session.act(3, &Action::Skip).expect("saved");
    session.write().expect("written");
    let rows = rows(&path);
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[0].labels["tone"], rows[0].labels["topic"]), (Label::Class(1), Label::Class(0)));
    assert_eq!((rows[1].labels["tone"], rows[1].labels.len()), (Label::Unclear, 1));
    assert_eq!((rows[2].labels.len(), rows[2].extra["status"].as_str()), (0, "rejected"));
    // Four of 24 were served, two in each outlet of twelve: labelled, rejected or put off, they had their turn.
    assert!(rows.iter().all(|row| row.extra["strategy"] == "random"));
    let served: f64 = rows.iter().filter_map(|row| row.sample_prob).map(|p| p * 12.0).sum();
    assert!(rows.iter().all(|row| row.sample_prob.is_some()) && served > 0.0);
    assert_eq!(session.next_after(Some(3)), Some(4));
}

#[test]
fn what_was_put_off_comes_again_at_the_end() {
    let (_folder, path) = folder();
    let mut session = open(settings(&path));
    session.act(0, &Action::Skip).expect("saved");
    for place in 1..24 {
        assert_eq!(session.next_after(Some(place - 1)), Some(place));
        session.act(place, &Action::Finish).expect("saved");
    }
    assert_eq!(session.next_after(Some(23)), Some(0));
    session.act(0, &Action::Finish).expect("saved");
    assert_eq!(session.next_after(Some(0)), None);
    session.write().expect("written");
    // The whole of both outlets was served: everything had the chance 1.
    assert!(rows(&path).iter().all(|row| row.sample_prob == Some(1.0)));
}

#[test]
fn a_statement_chosen_ahead_of_its_turn_is_no_part_of_the_sample_until_the_sample_reaches_it() {
    let (_folder, path) = folder();
    let mut session = open(settings(&path));
    session.act(20, &Action::Finish).expect("saved");
    session.write().expect("written");
    let row = &rows(&path)[0];
    assert_eq!((row.sample_prob, row.extra["strategy"].as_str()), (None, "chosen"));
    for place in (0..24).filter(|p| *p != 20) {
        session.act(place, &Action::Finish).expect("saved");
    }
    session.write().expect("written");
    assert!(rows(&path).iter().all(|row| row.extra["strategy"] == "random" && row.sample_prob == Some(1.0)));
}

#[test]
fn whoever_went_elsewhere_comes_back_to_where_the_sample_stands() {
    let (_folder, path) = folder();
    let mut session = open(settings(&path));
    session.act(0, &Action::Finish).expect("saved");
    session.act(12, &Action::Finish).expect("saved");
    assert_eq!(session.next_after(Some(12)), Some(1));
}

#[test]
fn undo_goes_back_over_the_end_of_a_session() {
    let (_folder, path) = folder();
    let mut session = open(settings(&path));
    for place in 0..10 {
        session.act(place, &label("tone", "good")).expect("saved");
        session.act(place, &Action::Finish).expect("saved");
    }
    session.write().expect("written");
    drop(session);
    let mut session = open(settings(&path));
    assert_eq!(session.undoable(), 20);
    for place in (0..10).rev() {
        for _ in 0..2 {
            assert_eq!(session.undo().expect("saved"), Some(place));
        }
    }
    assert_eq!(session.undo().expect("nothing to do"), None);
    session.write().expect("written");
    assert_eq!(rows(&path), Vec::new());
}

#[test]
fn spans_are_cut_by_code_points_and_trimmed() {
    let (_folder, path) = folder();
    let mut session = open(settings(&path));
    let slot = session.slot(0).expect("there");
    let text = session.frame().article(slot.item).expect("at hand").text.clone();
    let at = text.chars().position(|c| c == '👩').expect("in every headline");
    session.act(0, &Action::Span { start: at - 1, end: at + 4 }).expect("saved");
    session.act(0, &Action::Finish).expect("saved");
    session.write().expect("written");
    let row = rows(&path).remove(0);
    assert_eq!((row.start, row.end, row.quote.as_str()), (Some(at), Some(at + 3), "👩\u{200d}🚒"));
    for (start, end) in [(5, 5), (9, 3), (0, 1_000_000), (usize::MAX, usize::MAX)] {
        assert!(session.act(0, &Action::Span { start, end }).is_err(), "{start}..{end}");
    }
}

#[test]
fn an_added_statement_stays_over_sessions_and_has_no_probability() {
    let (_folder, path) = folder();
    let mut session = open(settings(&path));
    let place = session.act(0, &Action::Add { start: 0, end: 9 }).expect("saved");
    assert_eq!(place, 24);
    // The same again leads to the same place.
    assert_eq!(session.act(0, &Action::Add { start: 0, end: 9 }).expect("there"), 24);
    session.act(place, &label("tone", "bad")).expect("saved");
    session.act(place, &Action::Finish).expect("saved");
    session.write().expect("written");
    drop(session);
    let session = open(settings(&path));
    assert_eq!(session.stage(session.slot(24).expect("restored")), Stage::Done);
    let row = rows(&path).remove(0);
    assert_eq!(
        (row.quote.as_str(), row.sample_prob, row.extra["strategy"].as_str()),
        ("Заголовок", None, "added")
    );
}

#[test]
fn second_times_stand_in_rows_of_their_own() {
    let (_folder, path) = folder();
    let design = Design { twice: 1.0, ..Design::default() };
    let mut session = open(Settings { design, ..settings(&path) });
    assert_eq!(session.served_places(), (0, 48));
    let mut place = None;
    while let Some(next) = session.next_after(place) {
        let class = if session.slot(next).expect("there").again { "bad" } else { "good" };
        session.act(next, &label("tone", class)).expect("saved");
        session.act(next, &Action::Finish).expect("saved");
        place = Some(next);
    }
    session.write().expect("written");
    let rows = rows(&path);
    assert_eq!(rows.len(), 48);
    let of = |name: &str, class| {
        rows.iter().filter(|r| r.annotator == name && r.labels["tone"] == Label::Class(class)).count()
    };
    assert_eq!((of("a1", 1), of("a1-again", 0)), (24, 24));
}

#[test]
fn edits_from_elsewhere_are_taken_over_and_other_people_s_rows_stand() {
    let (_folder, path) = folder();
    std::fs::write(&path, "article,start,end,quote,tone,annotator,Desk\na0,15,25,other,good,a2,Kyiv\n")
        .expect("writable");
    let mut session = open(settings(&path));
    session.act(0, &label("tone", "good")).expect("saved");
    session.act(0, &Action::Finish).expect("saved");
    session.act(1, &label("tone", "good")).expect("saved");
    session.act(1, &Action::Finish).expect("saved");
    session.write().expect("written");
    // While the session is open, somebody turns one label round and removes a row.
    let text = std::fs::read_to_string(&path).expect("there");
    let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
    assert_eq!(lines.len(), 4);
    lines[2] = lines[2].replace("good", "bad");
    lines.remove(3);
    std::fs::write(&path, lines.join("\n") + "\n").expect("writable");
    session.act(2, &label("tone", "good")).expect("saved");
    session.act(2, &Action::Finish).expect("saved");
    session.write().expect("written");
    let rows = rows(&path);
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[0].annotator.as_str(), rows[0].extra["Desk"].as_str()), ("a2", "Kyiv"));
    assert_eq!(rows[1].labels["tone"], Label::Class(0));
    assert_eq!(rows[2].labels["tone"], Label::Class(1));
    let stage = |place| session.stage(session.slot(place).expect("there"));
    assert_eq!((stage(0), stage(1), stage(2)), (Stage::Done, Stage::Open, Stage::Done));
}

#[test]
fn a_row_that_both_sides_changed_is_refused_and_nothing_is_overwritten() {
    let (_folder, path) = folder();
    let mut session = open(settings(&path));
    session.act(0, &label("tone", "good")).expect("saved");
    session.act(0, &Action::Finish).expect("saved");
    session.write().expect("written");
    let edited = std::fs::read_to_string(&path).expect("there").replace(",good,", ",bad,");
    std::fs::write(&path, &edited).expect("writable");
    session.act(0, &Action::Note { text: "sure of it".into() }).expect("saved");
    let message = session.write().expect_err("both changed it").to_string();
    assert!(message.contains("labels.csv:2") && message.contains("--keep"), "{message}");
    assert_eq!(session.blocked(), Some(message.as_str()));
    assert_eq!(std::fs::read_to_string(&path).expect("there"), edited);
    drop(session);
    assert!(Session::open(settings(&path), frame()).is_err());
    for (keep, class, note) in [(Keep::File, 0, ""), (Keep::Page, 1, "sure of it")] {
        let (_other, copy) = folder_copy(&path);
        let mut session = open(Settings { keep: Some(keep), ..settings(&copy) });
        session.write().expect("written");
        let row = rows(&copy).remove(0);
        assert_eq!((row.labels["tone"], row.note.as_str()), (Label::Class(class), note));
    }
}

fn folder_copy(path: &Path) -> (tempfile::TempDir, PathBuf) {
    let (folder, copy) = folder();
    std::fs::copy(path, &copy).expect("room");
    let journal = |p: &Path| p.with_extension("csv.journal");
    std::fs::copy(journal(path), journal(&copy)).expect("room");
    (folder, copy)
}

#[test]
fn without_its_journal_a_label_file_is_still_known() {
    let (_folder, path) = folder();
    let mut session = open(settings(&path));
    for place in 0..5 {
        session.act(place, &label("tone", "good")).expect("saved");
        session.act(place, &Action::Finish).expect("saved");
    }
    session.write().expect("written");
    let before = std::fs::read(&path).expect("there");
    drop(session);
    std::fs::remove_file(path.with_extension("csv.journal")).expect("there");
    let mut session = open(settings(&path));
    assert_eq!(session.served_places().0, 5);
    session.write().expect("written");
    assert_eq!(std::fs::read(&path).expect("there"), before);
}

#[test]
fn a_label_file_that_was_removed_is_written_again() {
    let (_folder, path) = folder();
    let mut session = open(settings(&path));
    session.act(0, &Action::Finish).expect("saved");
    session.write().expect("written");
    std::fs::remove_file(&path).expect("there");
    session.write().expect("written");
    assert_eq!(rows(&path).len(), 1);
    drop(session);
    std::fs::remove_file(&path).expect("there");
    drop(open(settings(&path)));
    assert_eq!(rows(&path).len(), 1);
}

#[test]
fn a_label_file_that_cannot_be_read_whole_is_refused_at_the_start() {
    for (text, place) in
        [("quote,tone\nx,goood\n", "labels.csv:2, column tone"), ("quote,tone\nx,good,more\n", "labels.csv")]
    {
        let (_folder, path) = folder();
        std::fs::write(&path, text).expect("writable");
        let error = Session::open(settings(&path), frame()).err().expect("refused");
        assert!(error.to_string().contains(place), "{error}");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), text);
    }
}

#[test]
fn review_serves_what_annotators_differ_on_and_writes_gold_rows() {
    let (_folder, path) = folder();
    let mut first = open(settings(&path));
    for place in 0..6 {
        first.act(place, &label("tone", "good")).expect("saved");
        first.act(place, &Action::Finish).expect("saved");
    }
    first.write().expect("written");
    drop(first);
    let mut second = open(Settings { annotator: "a2".into(), ..settings(&path) });
    assert_eq!(second.served_places().0, 0, "nobody sees another's labels");
    for place in 0..6 {
        let class = if place < 2 { "bad" } else { "good" };
        second.act(place, &label("tone", class)).expect("saved");
        second.act(place, &Action::Finish).expect("saved");
    }
    second.write().expect("written");
    drop(second);
    assert!(
        rows(&path).iter().all(|row| row.sample_prob.is_some()),
        "the first annotator's probabilities stand"
    );
    let gold = Settings { annotator: "gold".into(), review: true, ..settings(&path) };
    let mut review = open(gold.clone());
    assert_eq!(review.served_places(), (0, 2));
    assert_eq!(review.opinions(review.slot(0).expect("there").item).len(), 2);
    review.act(0, &label("tone", "bad")).expect("saved");
    review.act(0, &Action::Finish).expect("saved");
    review.write().expect("written");
    drop(review);
    let gold_rows: Vec<_> = rows(&path).into_iter().filter(|row| row.annotator == "gold").collect();
    assert_eq!((gold_rows.len(), gold_rows[0].labels["tone"]), (1, Label::Class(0)));
    assert!(gold_rows[0].sample_prob.is_some());
    assert_eq!(open(gold).served_places(), (1, 2));
}

#[test]
fn names_that_mean_something_else_are_refused() {
    let (_folder, path) = folder();
    for name in ["", "gold", "a1-again", "a b", "a\nb", "=cmd"] {
        let bad = Settings { annotator: name.into(), ..settings(&path) };
        let error = Session::open(bad, frame()).err().expect("refused");
        assert!(error.to_string().starts_with("--annotator"), "{error}");
    }
}

#[test]
fn wrong_actions_change_nothing() {
    let (_folder, path) = folder();
    let mut session = open(settings(&path));
    for action in [
        label("tune", "good"),
        label("tone", "great"),
        Action::Confidence { value: Some(4) },
        Action::Note { text: "x".repeat(20_000) },
    ] {
        assert!(session.act(0, &action).is_err(), "{action:?}");
    }
    assert!(session.act(24, &Action::Finish).is_err());
    assert_eq!((session.undoable(), session.has_changes()), (0, false));
}

#[test]
fn the_bundled_axes_open_too() {
    let (_folder, path) = folder();
    let mut session = open(Settings { axes: bundled_axes(), ..settings(&path) });
    session.act(0, &label("minsk", "critical")).expect("saved");
    assert_eq!(session.mark(session.slot(0).expect("there")).labels["minsk"], "critical");
}
