//! What statements read like, in a report.

use super::report::corpus;
use super::workdir::{Workdir, project_arg};

/// Statements scored by the model that comes with Sayso, and labelled ones that some of them read like.
fn scored() -> Workdir {
    let dir = Workdir::new();
    dir.write(
        "statements.csv",
        "quote,outlet,speaker\n\
         The regime must face tougher sanctions from all of Europe.,Herald,Ada\n\
         We call for talks and for peace between the two armies.,Herald,Bo\n\
         Der Fahrplan der Straßenbahn wurde gestern geändert.,Courier,Cy\n",
    );
    dir.write(
        "labels.csv",
        "quote,alignment,posture,annotator\n\
         Tougher sanctions are what the regime must face.,pro-kyiv,escalation,a\n\
         Tougher sanctions are what the regime must face.,pro-kyiv,neutral,b\n\
         \"Talks, talks and peace <b>now</b>\",neutral,restraint,a\n\
         The regime must face tougher sanctions from all of Europe.,pro-kyiv,escalation,a\n\
         Nobody labelled this statement on tougher sanctions.,,,a\n",
    );
    dir.sayso(&["score", "--statements", "statements.csv", "-o", "scored.csv"]).done();
    dir
}

/// What is opened under each statement, in page order; empty for those with nothing to open.
fn opened(page: &str) -> Vec<String> {
    let rows = page.split("<tr class=\"s\"").skip(1);
    let beneath = |row: &str| Some(row.split("<details>").nth(1)?.split("</details>").next()?.to_string());
    rows.map(|row| beneath(row.split("</tr>").next().unwrap_or_default()).unwrap_or_default()).collect()
}

#[test]
fn each_statement_has_the_labelled_ones_it_reads_like() {
    let dir = scored();
    let run = dir.sayso(&["report", "scored.csv", "--labels", "labels.csv", "-o", "r.html"]).done();
    assert!(!run.stderr.contains("other scores"), "{}", run.stderr);
    let page = dir.read("r.html");
    assert!(page.contains("from 0 (nothing in common) to 1 (the same words)"));
    assert!(page.contains("--labels labels.csv") && page.contains("SHA-256 of labels.csv"));
    let found = opened(&page);
    let [german, sanctions, talks] = &found[..] else { panic!("three statements, not {found:?}") };
    assert!(sanctions.contains("<summary>reads like these</summary><ul><li><b>0."), "{sanctions}");
    // The statement itself is passed over; two annotators of one text are one example with both classes.
    assert!(
        !sanctions.contains("from all of Europe") && !sanctions.contains("Nobody labelled"),
        "{sanctions}"
    );
    assert_eq!(sanctions.matches("what the regime must face").count(), 1);
    assert!(sanctions.contains("posture escalation or neither"), "{sanctions}");
    assert!(talks.contains("&#60;b&#62;now") && !talks.contains("<b>now"), "{talks}");
    assert!(talks.contains("labelled alignment takes no side, posture restraint"), "{talks}");
    // The bundled model reads a word list beside the words, so the share of each is told.
    assert!(sanctions.contains("before reading") && !german.contains("before reading"), "{sanctions}");
    assert_eq!(german, "", "a statement in another language has no score and reads like none");
    dir.sayso(&["report", "scored.csv", "-o", "plain.html"]).done();
    assert!(!dir.read("plain.html").contains("reads like these"));
}

#[test]
fn a_report_and_an_explanation_give_the_same_examples() {
    let dir = scored();
    dir.sayso(&["report", "scored.csv", "--labels", "labels.csv", "-o", "r.html"]).done();
    let found = opened(&dir.read("r.html"));
    let model = project_arg("models/bundled.safetensors");
    let text = "We call for talks and for peace between the two armies.";
    let run = dir.sayso(&["explain", &model, text, "--labels", "labels.csv", "--format", "json"]).done();
    let why: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let alike = why["reads_like"].as_array().expect("a list");
    assert_eq!(alike.len(), 3);
    assert_eq!(alike[0]["labels"]["posture"], "restraint");
    for example in alike.iter().filter(|a| a["similarity"].as_f64() >= Some(0.005)) {
        let similarity = format!("<li><b>{:.2}</b>", example["similarity"].as_f64().expect("a number"));
        assert!(found[2].contains(&similarity), "{similarity} in {}", found[2]);
    }
    assert!(alike.iter().any(|a| a["labels"]["posture"] == "escalation or neutral"), "{alike:?}");
}

#[test]
fn a_model_of_several_blocks_says_what_each_adds() {
    let dir = Workdir::new();
    let mut table = String::from("text,side\n");
    for i in 0..20 {
        table.extend([
            format!("the happy harvest in valley {i} is a great success,good\n"),
            format!("the terrible fire at station {i} is a disaster,bad\n"),
        ]);
    }
    dir.write("t.csv", table);
    dir.write(
        "new.csv",
        "text,outlet\nthis great success makes us happy,Herald\nthe disaster is terrible,Courier\n",
    );
    let of_table = ["--text", "text", "--label", "side"];
    let train = ["train", "t.csv", "--c", "1", "--folds", "0", "--lexicon", "bundled", "-o", "m.safetensors"];
    dir.sayso(&[&train[..], &of_table].concat()).done();
    let score = ["score", "--statements", "new.csv", "--text", "text", "--model", "m.safetensors"];
    dir.sayso(&[&score[..], &["-o", "scored.jsonl"]].concat()).done();
    let base = ["report", "scored.jsonl", "--labels", "t.csv", "--model", "m.safetensors", "-o", "r.html"];
    dir.sayso(&[&base[..], &of_table].concat()).done();
    let found = opened(&dir.read("r.html"));
    let shares = found.iter().find(|row| row.contains("towards good")).expect("a statement on the good side");
    let sum = |text: &str| -> f64 {
        let number = |word: &str| word.trim_start_matches('+').replace('−', "-").parse::<f64>().ok();
        text.split_whitespace().filter_map(number).sum()
    };
    let line = shares.split("<small>").last().and_then(|rest| rest.split("</small>").next()).expect("a line");
    assert!(line.contains(" before reading, ") && line.contains(" by the lexicon"), "{line}");
    let (score, parts) = line.split_once(':').expect("a score and its parts");
    assert!((sum(score) - sum(parts)).abs() < 0.03, "{line}");
    let why = |format: &str| {
        dir.sayso(&["explain", "m.safetensors", "this great success", "--format", format]).done().stdout
    };
    let told: serde_json::Value = serde_json::from_str(&why("json")).expect("JSON");
    let of_lexicon = told[0]["blocks"][0]["value"].as_f64().expect("a number");
    let row = format!("<th scope=\"row\">lexicon</th><td>{of_lexicon:+.3}</td>");
    assert!(why("html").contains(&row), "{row} in {}", why("html"));
}

#[test]
fn examples_that_cannot_be_shown_are_refused_with_the_way_out() {
    let dir = scored();
    let report = |labels: &str, more: &[&str]| {
        dir.write("l.csv", labels);
        dir.sayso(&[&["report", "scored.csv", "--labels", "l.csv", "--force", "-o", "r.html"], more].concat())
    };
    report("quotes,posture\nYes.,restraint\n", &[]).refused(&["l.csv:1", "a column quote", "Did you mean"]);
    report("article,start,end,posture\na,0,9,restraint\n", &[]).refused(&[
        "l.csv",
        "its words",
        "--text COLUMN",
    ]);
    report("text,mood\nWe hope.,fine\n", &["--text", "text", "--label", "mood"]).refused(&[
        "l.csv",
        "labels on mood",
        "alignment, posture, minsk, sentiment",
        "--label AXIS",
    ]);
    report("text,mood\nWe hope.,fine\n", &["--text", "text", "--label", "mode"])
        .refused(&["Did you mean \"mood\"?"]);
    report("quote,posture\nWe will go.,restrain\nWe hope for peace.,restraint\n", &[]).done();
    let run = report(
        "text,mood,posture\nWe hope.,fine,restraint\n",
        &["--text", "text", "--label", "mood,posture"],
    )
    .done();
    assert!(run.stderr.contains("labels on mood are not shown"), "{}", run.stderr);
    dir.sayso(&["report", "scored.csv", "--encoder", "e", "-o", "r.html"]).refused(&["--labels"]);
    let run = dir.sayso(&["report", "scored.csv", "--labels", "labels.csv", "-o", "r.csv"]).done();
    assert!(run.stderr.contains("HTML page alone"), "{}", run.stderr);
}

#[test]
fn a_model_that_did_not_score_the_statements_is_told() {
    let dir = Workdir::new();
    // Probabilities made up by hand, on an axis that the bundled model has.
    corpus(&dir, 2, 4);
    dir.write("l.csv", "quote,sentiment\nA statement has words of its own.,positive\n");
    let run = dir.sayso(&["report", "scored.jsonl", "--labels", "l.csv", "-o", "r.html"]).done();
    assert!(
        run.stderr.contains("24 of 24 statements have other scores than the model gives"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("--model"), "{}", run.stderr);
    assert!(opened(&dir.read("r.html")).iter().all(|row| row.contains("labelled sentiment positive")));
    // And one that knows none of their axes is refused.
    dir.write("s.jsonl", dir.read("scored.jsonl").replace("sentiment", "mood"));
    let args =
        ["report", "s.jsonl", "--labels", "m.csv", "--text", "text", "--label", "mood", "-o", "m.html"];
    dir.write("m.csv", "text,mood\nA statement has words of its own.,positive\n");
    dir.sayso(&args).refused(&[
        "--model",
        "comes with Sayso",
        "the axes of the statements: mood",
        "alignment",
    ]);
}
