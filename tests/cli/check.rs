use std::fmt::Write as _;

use crate::workdir::{Workdir, project_arg};

#[test]
fn the_labels_of_the_project_are_sound() {
    let dir = Workdir::new();
    let run =
        dir.sayso(&["check", &project_arg("labels/seeds.csv"), "--articles", &project_arg("seeds")]).done();
    assert!(!run.stdout.contains("error:"), "{}", run.stdout);
    dir.sayso(&["check", &project_arg("labels/written.csv")]).done();
}

#[test]
fn offsets_in_another_unit_are_named() {
    let dir = Workdir::new();
    let text = "👩‍🚒 said “no”. Она сказала “yes” twice.";
    dir.write("a.txt", text);
    let bytes = text.find("yes").expect("there");
    let utf16 = text[..bytes].encode_utf16().count();
    for (unit, start) in [("bytes", bytes), ("UTF-16", utf16)] {
        dir.write(
            "l.csv",
            format!("article,start,end,quote,sentiment\na,{start},{},yes,positive\n", start + 3),
        );
        let run = dir.sayso(&["check", "l.csv", "--articles", "a.txt"]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(run.stdout.contains("l.csv:2, column start") && run.stdout.contains(unit), "{}", run.stdout);
    }
    let points = text[..bytes].chars().count();
    dir.write(
        "l.csv",
        format!("article,start,end,quote,sentiment\na,{points},{},yes,positive\n", points + 3),
    );
    dir.sayso(&["check", "l.csv", "--articles", "a.txt"]).done();
}

#[test]
fn duplicates_and_contradictions_are_warned_of() {
    let dir = Workdir::new();
    dir.write(
        "l.csv",
        "quote,sentiment,annotator\nGood news.,positive,a1\nGood news.,positive,a1\ngood news.,negative,a1\n",
    );
    let run = dir.sayso(&["check", "l.csv"]).done();
    assert!(run.stdout.contains("l.csv:3") && run.stdout.contains("same statement"), "{}", run.stdout);
    assert!(
        run.stdout.contains("l.csv:4, column sentiment") && run.stdout.contains("another label"),
        "{}",
        run.stdout
    );
}

#[test]
fn findings_come_as_json_too() {
    let dir = Workdir::new();
    dir.write("l.csv", "quote,sentiment\nGood news.,positiv\n");
    let run = dir.sayso(&["check", "l.csv", "--format", "json"]);
    assert_eq!(run.code, 1);
    let object: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(object["findings"][0]["row"], 2);
    assert_eq!(object["findings"][0]["column"], "sentiment");
}

#[test]
fn what_the_annotator_writes_is_no_finding() {
    let dir = Workdir::new();
    dir.write(
        "labels.csv",
        "article,quote,sentiment,annotator,sample_prob,flag,status,strategy\n\
         a,We are glad.,positive,a1,0.5,yes,,random\n\
         a,Chapter two,,a1,0.5,,rejected,random\n",
    );
    let said = dir.sayso(&["check", "labels.csv"]).done();
    let said = said.stdout + &said.stderr;
    for word in ["no axis has a label", "no meaning to Sayso"] {
        assert!(!said.contains(word), "{said}");
    }
    dir.write("labels.csv", "article,quote,sentiment,sentimant\na,Chapter two,,\n");
    let said = dir.sayso(&["check", "labels.csv"]).done();
    let said = said.stdout + &said.stderr;
    for word in ["no axis has a label", "no meaning to Sayso"] {
        assert!(said.contains(word), "{said}");
    }
}

/// Forty statements of two annotators; row 8 of the file has a wrong label.
fn suspicious_labels() -> String {
    let mut text = String::from("quote,speaker,sentiment,annotator,note,group\n");
    for i in 0..40 {
        let good = i % 2 == 0;
        let (quote, label) = if good {
            ("What a splendid and joyful success", "positive")
        } else {
            ("What a dreadful and shameful failure", "negative")
        };
        let label = if i == 6 { "negative" } else { label };
        let note = if i == 6 { "=not sure" } else { "" };
        let _ = writeln!(text, "\"{quote}, number {i}.\",a minister,{label},a1,{note},g{}", i % 7);
    }
    text
}

#[test]
fn a_label_that_reads_like_another_is_suspicious_and_goes_into_the_table() {
    let dir = Workdir::new();
    dir.write("l.csv", suspicious_labels());
    let run = dir.sayso(&["check", "l.csv", "--suspicious", "-o", "review.csv"]).done();
    assert!(
        run.stdout.contains("sentiment: 1 of 40 labels are suspicious")
            && run.stdout.contains("warning: l.csv:8, column sentiment: labelled negative (0.")
            && run.stdout.contains("reads like positive (0.")
            && run.stdout.contains("by a1: \"What a splendid and joyful success, number 6.\""),
        "{}",
        run.stdout
    );
    assert!(run.stderr.contains("1 suspicious labels → review.csv"), "{}", run.stderr);
    let table = dir.read("review.csv");
    let mut lines = table.lines();
    assert_eq!(
        lines.next(),
        Some(
            "\u{feff}file,row,axis,label,suggested,p_label,p_suggested,margin,quote,speaker,annotator,group,note,also"
        )
    );
    let row = lines.next().expect("a row");
    assert!(row.starts_with("l.csv,8,sentiment,negative,positive,0.") && row.contains("'=not sure"), "{row}");
    assert_eq!(lines.next(), None);
    // The table is a label file in the long form.
    dir.sayso(&["check", "review.csv"]).done();
    dir.sayso(&["check", "l.csv", "--suspicious", "-o", "review.csv"]).refused(&["review.csv", "--force"]);
    dir.sayso(&["check", "l.csv", "--suspicious", "-o", "-"]).refused(&["--output", "standard output"]);
    assert_eq!(dir.list(), ["l.csv", "review.csv"]);
}

#[test]
fn suspicious_labels_are_the_same_on_any_number_of_threads_and_in_json() {
    let dir = Workdir::new();
    dir.write("l.csv", suspicious_labels());
    let on = |threads: &str| {
        dir.sayso(&["check", "l.csv", "--suspicious", "--format", "json", "--threads", threads]).done().stdout
    };
    let one = on("1");
    assert_eq!(one, on("3"));
    let object: serde_json::Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!(object["schema"], "sayso/check/1");
    assert_eq!(object["suspicious"]["axes"][0]["labels"], 40);
    let finding = object["findings"].as_array().and_then(|f| f.last()).expect("a finding");
    assert_eq!((&finding["row"], &finding["severity"]), (&8.into(), &"warning".into()));
    assert_eq!(finding["suspicious"]["suggested"], "positive");
    let with = |more: &[&str]| {
        let args = ["check", "l.csv", "--suspicious", "--format", "json"];
        dir.sayso(&[&args[..], more].concat()).done().stdout
    };
    assert_ne!(with(&["--seed", "2"]), one);
    assert_eq!(with(&["--axis", "sentiment"]), one);
    let other: serde_json::Value = serde_json::from_str(&with(&["--axis", "minsk"])).expect("JSON");
    assert!(other["suspicious"]["axes"].as_array().is_some_and(Vec::is_empty), "{other}");
    let none = with(&["--limit", "0"]);
    assert!(!none.contains("\"suggested\"") && none.contains("\"suspicious\": 1"), "{none}");
}

#[test]
fn any_table_can_be_searched_for_suspicious_labels() {
    let dir = Workdir::new();
    let (head, rows) =
        suspicious_labels().split_once('\n').map(|(h, r)| (h.to_string(), r.to_string())).expect("rows");
    let table = head.replace("quote", "text").replace("sentiment", "mood")
        + "\n"
        + &rows
        + "Odd \u{202e}one,,x\u{1b}[2J,,,\n";
    dir.write("t.csv", table);
    let columns = ["check", "t.csv", "--text", "text", "--label", "mood", "--group", "group"];
    let run = dir.sayso(&[&columns[..], &["--suspicious"]].concat()).done();
    assert!(run.stdout.contains("warning: t.csv:8, column mood: labelled negative"), "{}", run.stdout);
    let said = run.stdout + &run.stderr;
    assert!(said.contains("cannot be judged") && !said.contains('\u{1b}'), "{said}");
    // Without it a table of any kind has nothing to be checked for.
    dir.sayso(&columns).refused(&["--suspicious"]);
}

#[test]
fn too_few_labels_to_suspect_any_are_no_error() {
    let dir = Workdir::new();
    dir.write("l.csv", "quote,sentiment,posture\nGood news.,positive,\nBad news.,negative,\nNo news.,?,\n");
    let run = dir.sayso(&["check", "l.csv", "--suspicious", "-o", "r.csv"]).done();
    assert!(run.stderr.contains("sentiment is passed over"), "{}", run.stderr);
    assert_eq!(dir.read("r.csv").lines().count(), 1);
    dir.write("l.csv", "quote,sentiment\nGood news.,\n");
    let run = dir.sayso(&["check", "l.csv", "--suspicious"]).done();
    assert!(run.stderr.contains("no axis has a label"), "{}", run.stderr);
    dir.sayso(&["check", "l.csv", "--suspicious", "--axis", "mood"]).refused(&["--axis", "mood"]);
}
