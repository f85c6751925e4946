//! Score: what is read as statements, and what a statement speaks about.

use std::io::Write as _;
use std::process::Stdio;

use super::training::trained;
use super::workdir::{Run, Workdir};

/// Runs with this on standard input.
fn with_input(dir: &Workdir, args: &[&str], input: &[u8]) -> Run {
    let mut child = dir
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("piped").write_all(input).expect("it reads its input");
    Run::of(child.wait_with_output().expect("a child ends"))
}

/// The statements of JSON Lines.
fn objects(lines: &str) -> Vec<serde_json::Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn probabilities(run: &Run) -> Vec<serde_json::Value> {
    objects(&run.stdout).into_iter().map(|s| s["axes"]["stance"]["p"].clone()).collect()
}

#[test]
fn a_text_column_makes_files_be_read_as_statements() {
    let dir = Workdir::new();
    dir.write("t.csv", "id,tweet\n1,We demand tougher sanctions\n2,“No,” said Anna Petrova.\n");
    let score = |args: &[&str]| dir.sayso(&[&["score", "--text", "tweet"], args].concat());
    let bare = score(&["t.csv"]).done();
    assert_eq!(bare.stdout, score(&["--statements", "t.csv"]).done().stdout);
    assert!(bare.stdout.contains(",We demand tougher sanctions,"), "{}", bare.stdout);
    assert_eq!(bare.stdout.lines().count(), 3, "{}", bare.stdout);
    score(&[]).refused(&["--text = tweet", "at least one file of statements"]);
}

#[test]
fn columns_with_a_meaning_of_their_own_say_what_a_statement_speaks_about() {
    let dir = trained(&["--target", "topic", "--c", "3", "--folds", "0"]);
    let rows = "ban it in the square,smoking\nban it at the square,hunting ban repeal\n";
    dir.write("a.csv", format!("text,topic\n{rows}")).write("b.csv", format!("text,speaker\n{rows}"));
    let score = |file: &str, target: &str| {
        let args = ["score", file, "--target", target, "--model", "m.safetensors", "--format", "jsonl"];
        dir.sayso(&args)
    };
    let by_topic = probabilities(&score("a.csv", "topic").done());
    assert_ne!(by_topic[0]["favor"], by_topic[1]["favor"]);
    assert_eq!(probabilities(&score("a.csv", "Topic").done()), by_topic);
    assert_eq!(probabilities(&score("b.csv", "speaker").done()), by_topic);
    assert_eq!(probabilities(&score("b.csv", "SPEAKER").done()), by_topic);
    score("b.csv", "speeker").refused(&["b.csv:1", "a column speeker", "Did you mean \"speaker\"?"]);
    score("b.csv", "outlet").refused(&["the filled columns speaker", "a column outlet"]);
}

#[test]
fn marks_that_do_not_lie_in_the_text_are_counted() {
    let dir = trained(&["--span", "from,to", "--c", "1", "--folds", "0"]);
    let row = |marks: &str| format!("ban it in the square,{marks}\n");
    dir.write("good.csv", format!("text,start,end\n{}{}", row("0,3"), row("14,20")));
    let score = |file: &str, more: &[&str]| {
        dir.sayso(&[&["score", "--statements", file, "--model", "m.safetensors"], more].concat())
    };
    let marked = score("good.csv", &["--span", "start,end", "--format", "jsonl"]).done();
    assert_ne!(probabilities(&marked)[0], probabilities(&marked)[1]);
    assert!(!marked.stderr.contains("warning"), "{}", marked.stderr);
    let bad: String = ["3,0", "-1,3", "one,3", "0,99", "0,", "0,3", ","].map(row).concat();
    dir.write("bad.csv", format!("text,from,to\n{bad}"));
    let run = score("bad.csv", &["--span", "from,to", "-o", "s.jsonl"]).done();
    assert!(run.stderr.contains("5 statements have no usable mark in from,to"), "{}", run.stderr);
    let summary: serde_json::Value = serde_json::from_str(&dir.read("s.meta.json")).expect("JSON");
    assert_eq!(summary["inputs"]["statements"]["unusable_marks"], 5);
    assert_eq!(summary["statements"], 7);
}

#[test]
fn a_model_that_is_not_told_what_it_learned_from_is_told_of() {
    let dir = trained(&["--target", "topic", "--c", "1", "--folds", "0"]);
    dir.write("n.csv", "text,topic,from,to\nban it in the square,smoking,0,3\n");
    let score = |more: &[&str]| {
        dir.sayso(&[&["score", "--statements", "n.csv", "--model", "m.safetensors"], more].concat())
            .done()
            .stderr
    };
    let told = score(&[]);
    assert_eq!(told.matches("the model was trained with --target").count(), 1, "{told}");
    assert!(!score(&["--target", "topic"]).contains("warning"));
    let told = score(&["--target", "topic", "--span", "from,to"]);
    assert!(told.contains("the model was trained without --span"), "{told}");
    let explain = |more: &[&str]| {
        dir.sayso(&[&["explain", "m.safetensors", "ban it here"], more].concat()).done().stderr
    };
    assert!(explain(&[]).contains("the model was trained with --target"));
    assert!(explain(&["--target", "smoking", "--span", "0,3"]).contains("trained without --span"));
}

#[test]
fn a_marked_text_is_explained_as_it_is_scored() {
    let dir = trained(&["--span", "from,to", "--c", "1", "--folds", "0"]);
    let explain = |more: &[&str]| {
        let args = ["explain", "m.safetensors", "bän it in the square", "--format", "json"];
        dir.sayso(&[&args, more].concat())
    };
    let score = |run: Run| objects(&run.done().stdout.replace('\n', " "))[0][0]["linear_score"].clone();
    let (first, last) = (score(explain(&["--span", "0,3"])), score(explain(&["--span", "14,20"])));
    assert_ne!(first, last);
    assert_ne!(score(explain(&[])), last);
    for outside in ["14,21", "3,3", "5,2"] {
        explain(&["--span", outside]).refused(&[&format!("--span = {outside}"), "which has 20"]);
    }
    explain(&["--span", "a,b"]).refused(&["two counts of characters"]);
}

#[test]
fn json_lines_are_known_on_standard_input_and_from_a_pipe() {
    let dir = Workdir::new();
    let lines = "\n{\"text\": \"We demand tougher sanctions\", \"desk\": \"world\"}\n";
    dir.write("n.jsonl", lines);
    let file = dir.sayso(&["score", "--statements", "n.jsonl"]).done().stdout;
    let piped = with_input(&dir, &["score", "--statements", "-"], lines.as_bytes()).done();
    assert_eq!(piped.stdout, file);
    assert!(file.contains("We demand tougher sanctions") && file.contains("world"), "{file}");
    let table =
        with_input(&dir, &["score", "--statements", "-"], b"text,desk\nWe demand tougher sanctions,world\n");
    assert_eq!(table.done().stdout, file);
    #[cfg(unix)]
    {
        let program = env!("CARGO_BIN_EXE_sayso");
        let run = dir.shell(&format!("{program} score --statements <(cat n.jsonl)")).done();
        assert_eq!(run.stdout, file);
    }
}

#[test]
fn statements_given_as_articles_are_pointed_to_their_option() {
    let dir = Workdir::new();
    dir.write("gdelt.jsonl", "{\"url\": \"u\", \"quotes\": [{\"quote\": \"We will not give in\"}]}\n");
    let run = dir.sayso(&["score", "gdelt.jsonl"]).done();
    assert!(run.stderr.contains("name them with --statements"), "{}", run.stderr);
    let run = dir.sayso(&["score", "--statements", "gdelt.jsonl"]).done();
    assert!(run.stdout.contains("We will not give in"), "{}", run.stdout);
}

#[test]
fn statements_are_read_in_the_encoding_that_is_named() {
    let dir = Workdir::new();
    dir.write("n.csv", b"text\nWe met the mayor of K\xF6ln\n");
    let run = dir.sayso(&["score", "--statements", "n.csv", "--encoding", "koi8-r"]).done();
    assert!(run.stdout.contains("KЖln"), "{}", run.stdout);
    let run = dir.sayso(&["score", "--statements", "n.csv", "--encoding", "latin1"]).done();
    assert!(run.stdout.contains("Köln"), "{}", run.stdout);
}

#[test]
fn further_columns_keep_their_order() {
    let dir = Workdir::new();
    let names: Vec<String> = (0..300).map(|i| format!("c{i:03}")).collect();
    let cells = ["x"; 300].join(",");
    dir.write("n.csv", format!("text,{}\nWe will see,{cells}\n", names.join(",")));
    let out = dir.sayso(&["score", "--statements", "n.csv"]).done().stdout;
    assert!(out.lines().next().is_some_and(|head| head.ends_with(&names.join(","))), "{out}");
}

#[test]
fn a_report_of_standard_output_is_not_proposed() {
    let dir = Workdir::new();
    dir.write("n.csv", "text\nWe will see\n");
    let printed = dir.sayso(&["score", "--statements", "n.csv"]).done();
    assert!(!printed.stderr.contains("next:"), "{}", printed.stderr);
    let written = dir.sayso(&["score", "--statements", "n.csv", "-o", "s.csv"]).done();
    assert!(written.stderr.contains("next: sayso report s.csv"), "{}", written.stderr);
}

#[test]
fn rows_that_a_lone_quotation_mark_swallows_are_told() {
    let dir = Workdir::new();
    let rows = "We will see,world\n".repeat(60);
    dir.write("n.csv", format!("text,desk\nWe will not,world\n\"We may,world\n{rows}"));
    let run = dir.sayso(&["score", "--statements", "n.csv"]).done();
    assert!(run.stderr.contains("n.csv:3, column text: one cell of 61 lines"), "{}", run.stderr);
    assert!(run.stderr.contains("a quotation mark that is not closed"), "{}", run.stderr);
    let labelled = "We will see,favor\nWe will not,against\n".repeat(30);
    dir.write("t.csv", format!("text,stance\n{labelled}\"We may,favor\n{labelled}"));
    let trained =
        ["train", "t.csv", "--text", "text", "--label", "stance", "--c", "1", "--folds", "0", "-o", "m.st"];
    let run = dir.sayso(&trained).done();
    assert!(run.stderr.contains("t.csv:62, column text: one cell of 61 lines"), "{}", run.stderr);
}
