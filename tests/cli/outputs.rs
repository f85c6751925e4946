//! Outputs: refused before the work where they cannot be or must not be written, and written where they lead.

use std::fs;

use super::training::table;
use super::workdir::{Run, Workdir};

fn folder() -> Workdir {
    let dir = Workdir::new();
    dir.write("t.csv", table()).write("n.csv", "text\nWe will see\n");
    dir
}

fn train(dir: &Workdir, more: &[&str]) -> Run {
    let args = ["train", "t.csv", "--text", "text", "--label", "stance", "--c", "1", "--folds", "0"];
    dir.sayso(&[&args, more].concat())
}

#[test]
fn an_output_in_a_folder_that_is_not_there_is_refused_before_the_work() {
    let dir = folder();
    // The labels are not even looked at.
    dir.sayso(&["train", "nowhere.csv", "-o", "missing/m.safetensors"]).refused(&[
        "missing/m.safetensors",
        "no folder missing",
        "Make the folder first",
    ]);
    dir.sayso(&["score", "--statements", "n.csv", "-o", "missing/s.csv"]).refused(&["no folder missing"]);
    dir.sayso(&["score", "--statements", "n.csv", "-o", "."]).refused(&[]);
}

#[test]
fn a_card_is_not_replaced_without_force() {
    let dir = folder();
    dir.write("m.card.md", "mine");
    train(&dir, &["-o", "m.safetensors"]).refused(&["m.card.md", "exists already", "--force"]);
    assert_eq!(dir.read("m.card.md"), "mine");
    assert!(!dir.path("m.safetensors").exists());
    train(&dir, &["-o", "m.safetensors", "--force"]).done();
    assert_ne!(dir.read("m.card.md"), "mine");
}

#[test]
fn an_input_is_never_replaced() {
    let dir = folder();
    let before = dir.read("t.csv");
    train(&dir, &["-o", "./t.csv", "--force"]).refused(&["t.csv", "one of the inputs", "Name another file"]);
    assert_eq!(dir.read("t.csv"), before);
    dir.sayso(&["score", "--statements", "n.csv", "-o", "n.csv", "--force"]).refused(&["one of the inputs"]);
    dir.write("a/a.csv", "text\n“Yes,” said Anna Petrova.\n");
    dir.sayso(&["score", "a", "-o", "a/a.csv", "--force"]).refused(&["a/a.csv", "one of the inputs"]);
    assert!(dir.read("a/a.csv").contains("said Anna"));
}

#[test]
fn a_summary_replaces_no_input_and_nothing_but_a_summary() {
    let dir = folder();
    dir.write("b.meta.json", r#"[{"text": "“Yes,” said Anna Petrova."}]"#);
    dir.sayso(&["score", "b.meta.json", "-o", "b.csv", "--force"]).refused(&["one of the inputs"]);
    dir.sayso(&["extract", "b.meta.json", "-o", "b.csv"]).refused(&["b.meta.json"]);
    dir.sayso(&["score", "--statements", "n.csv", "-o", "b.csv"]).refused(&["b.meta.json", "exists already"]);
    assert!(dir.read("b.meta.json").contains("said Anna"));
    // One of an earlier run is no obstacle.
    dir.sayso(&["score", "--statements", "n.csv", "-o", "c.csv"]).done();
    fs::remove_file(dir.path("c.csv")).expect("it was written");
    dir.sayso(&["score", "--statements", "n.csv", "-o", "c.csv"]).done();
}

#[test]
fn a_table_that_names_articles_is_an_input() {
    let dir = folder();
    dir.write("ix/a.txt", "“Yes,” said Anna Petrova.\n").write("ix/index.csv", "file,outlet\na.txt,Daily\n");
    dir.sayso(&["score", "ix", "-o", "ix/index.csv", "--force"]).refused(&["one of the inputs"]);
    assert!(dir.read("ix/index.csv").contains("Daily"));
}

#[test]
fn a_model_is_not_printed() {
    let dir = folder();
    train(&dir, &["-o", "-"]).refused(&["--output = -", "-o model.safetensors"]);
    assert_eq!(dir.list(), ["n.csv", "t.csv"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_link_stays_a_link_and_a_pipe_a_pipe() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let dir = folder();
    dir.write("real/old.csv", "old");
    symlink("real/old.csv", dir.path("s.csv")).expect("links can be made");
    symlink("real/new.csv", dir.path("new.csv")).expect("links can be made");
    let score = ["score", "--statements", "n.csv", "-o"];
    dir.sayso(&[&score[..], &["s.csv"]].concat()).refused(&["s.csv", "exists already"]);
    dir.sayso(&[&score[..], &["s.csv", "--force"]].concat()).done();
    dir.sayso(&[&score[..], &["new.csv"]].concat()).done();
    for (link, file) in [("s.csv", "real/old.csv"), ("new.csv", "real/new.csv")] {
        assert!(fs::symlink_metadata(dir.path(link)).expect("it is there").is_symlink(), "{link}");
        assert!(dir.read(file).contains("We will see"), "{file}");
    }
    let program = env!("CARGO_BIN_EXE_sayso");
    let run = dir.shell(&format!(
        "mkfifo p.csv; timeout 60 cat p.csv & {program} score --statements n.csv -o p.csv; wait"
    ));
    assert!(run.done().stdout.contains("We will see"));
    assert!(fs::metadata(dir.path("p.csv")).expect("it is there").file_type().is_fifo());
    // Nothing is laid beside a pipe.
    assert!(!dir.path("p.meta.json").exists());
}
