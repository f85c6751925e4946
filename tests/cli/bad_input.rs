//! Bad input, tried by hand once and kept: each is refused, or skipped and listed, with the place and the way out.

use crate::workdir::Workdir;

#[test]
fn a_missing_file() {
    Workdir::new().sayso(&["extract", "nowhere.txt"]).refused(&["nowhere.txt", "cannot read"]);
}

#[test]
fn an_empty_file_and_an_empty_folder() {
    let dir = Workdir::new();
    dir.write("a.txt", "").write("l.csv", "").write("empty/notes.md", "");
    let run = dir.sayso(&["extract", "a.txt"]).done();
    assert!(run.stderr.contains("skipped a.txt: no text"), "{}", run.stderr);
    dir.sayso(&["check", "l.csv"]).refused(&["l.csv", "empty", "header"]);
    dir.sayso(&["extract", "empty"]).refused(&["empty", ".jsonl"]);
}

#[test]
fn a_binary_file() {
    let dir = Workdir::new();
    dir.write("a.txt", b"\x7fELF\x02\x01\0\0\0").write("l.csv", b"PK\x03\x04\0\0");
    let run = dir.sayso(&["extract", "a.txt"]).done();
    assert!(run.stderr.contains("binary"), "{}", run.stderr);
    dir.sayso(&["check", "l.csv"]).refused(&["l.csv", "binary"]);
}

#[test]
fn a_table_without_a_text_column() {
    let dir = Workdir::new();
    dir.write("t.csv", "headline,corps\na,b\n");
    let run = dir.sayso(&["extract", "t.csv"]).done();
    assert!(run.stderr.contains("t.csv:1") && run.stderr.contains("headline, corps"), "{}", run.stderr);
}

#[test]
fn a_label_file_without_quotes_names_the_nearest_column() {
    let dir = Workdir::new();
    dir.write("l.csv", "quotes,sentiment\nYes.,positive\n");
    dir.sayso(&["check", "l.csv"]).refused(&["l.csv:1", "quotes, sentiment", "Did you mean"]);
}

#[test]
fn an_article_of_fifty_megabytes_is_skipped_and_a_line_of_ten_is_read() {
    let dir = Workdir::new();
    let sentence = "“We will see,” said Anna Petrova. ";
    dir.write("big.txt", sentence.repeat(50 * 1024 * 1024 / sentence.len()));
    let long = serde_json::json!({"id": "long", "text": sentence.repeat(10 * 1024 * 1024 / sentence.len())});
    dir.write("long.jsonl", format!("{long}\n"));
    let run = dir.sayso(&["extract", "big.txt", "-o", "s.csv"]).done();
    assert!(
        run.stderr.contains("skipped big.txt") && run.stderr.contains("limit is 16777216"),
        "{}",
        run.stderr
    );
    let run = dir.sayso(&["extract", "long.jsonl", "-o", "l.csv"]).done();
    assert!(!run.stderr.contains("skipped"), "{}", run.stderr);
}

#[test]
fn a_lone_opening_mark_costs_its_paragraph_only() {
    let dir = Workdir::new();
    dir.write(
        "a.txt",
        "“We never closed this, said Boris Orlov.\n\nThen it rained. “But this is closed,” said Anna Petrova.\n",
    );
    let run = dir.sayso(&["-v", "extract", "a.txt", "--format", "jsonl"]).done();
    assert!(
        run.stdout.contains("But this is closed") && run.stdout.contains("Anna Petrova"),
        "{}",
        run.stdout
    );
    assert!(run.stderr.contains("never closed"), "{}", run.stderr);
}

#[test]
fn a_cell_that_is_never_closed() {
    let dir = Workdir::new();
    dir.write("l.csv", format!("quote,sentiment\n\"Yes,positive\n{}", "No.,negative\n".repeat(50)));
    let run = dir.sayso(&["check", "l.csv"]);
    assert!(run.stdout.contains("l.csv") && run.code != 101, "{}{}", run.stdout, run.stderr);
}

#[test]
fn rows_of_labels_in_one_cell_are_a_finding() {
    let dir = Workdir::new();
    let rows = "No.,negative\n".repeat(60);
    dir.write("l.csv", format!("quote,sentiment\nYes.,positive\n\"Yes,positive\n{rows}"));
    let run = dir.sayso(&["check", "l.csv"]);
    let told = run.stdout + &run.stderr;
    assert_eq!(run.code, 1, "{told}");
    assert!(told.contains("l.csv:3, column quote") && told.contains("one cell of 61 lines"), "{told}");
}

#[test]
fn an_output_that_is_there_is_not_replaced_without_force() {
    let dir = Workdir::new();
    dir.write("a.txt", "“Yes,” said Anna Petrova.").write("s.csv", "mine");
    dir.sayso(&["extract", "a.txt", "-o", "s.csv"]).refused(&["s.csv", "--force"]);
    assert_eq!(dir.read("s.csv"), "mine");
    dir.sayso(&["extract", "a.txt", "-o", "s.csv", "--force"]).done();
    assert_ne!(dir.read("s.csv"), "mine");
    assert_eq!(dir.list(), ["a.txt", "s.csv", "s.meta.json"]);
}

#[test]
fn an_output_format_nobody_knows_and_an_output_folder_that_is_not_there() {
    let dir = Workdir::new();
    dir.write("a.txt", "“Yes,” said Anna Petrova.");
    dir.sayso(&["extract", "a.txt", "-o", "s.xlsx"]).refused(&["s.xlsx", ".jsonl"]);
    dir.sayso(&["extract", "a.txt", "-o", "nowhere/s.csv"]).refused(&["nowhere/s.csv"]);
}

#[test]
fn an_unknown_option_and_no_command() {
    let dir = Workdir::new();
    dir.sayso(&["extract", "--outlet-form", "x"]).refused(&["--outlet-from"]);
    assert_eq!(dir.sayso(&[]).code, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    let dir = Workdir::new();
    dir.write("a.txt", "“Yes,” said Anna Petrova. ".repeat(20_000));
    let mut command = dir.command(&["extract", "a.txt", "--format", "jsonl"]);
    command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it"));
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write"));
}
