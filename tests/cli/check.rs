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
