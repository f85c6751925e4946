use serde_json::Value;

use crate::workdir::{Run, Workdir, project_arg};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

#[test]
fn statements_of_the_sample_articles_have_their_speakers_and_read_back_from_their_offsets() {
    let dir = Workdir::new();
    dir.sayso(&["extract", &project_arg("seeds"), "-o", "s.jsonl"]).done();
    let rows = lines(&dir.read("s.jsonl"));
    assert!(rows.len() >= 80, "{} statements", rows.len());
    for row in &rows {
        let article = row["article"].as_str().expect("an id");
        let text: Vec<char> = std::fs::read_to_string(project_arg(&format!("seeds/{article}.txt")))
            .expect("there")
            .chars()
            .collect();
        let at = |i: &Value| usize::try_from(i.as_u64().expect("an offset")).expect("small");
        let mut there: String = text[at(&row["start"])..at(&row["end"])].iter().collect();
        let quote = row["quote"].as_str().expect("a text");
        if !quote.contains(" … ") {
            assert_eq!(quote, there);
        }
        for part in quote.split(" … ") {
            let place = there.find(part).unwrap_or_else(|| panic!("{part:?} is not at its offsets"));
            there = there.split_off(place + part.len());
        }
    }
    let speakers = |article: &str| -> Vec<&str> {
        let of_article = |row: &&Value| row["article"].as_str().is_some_and(|a| a.starts_with(article));
        rows.iter().filter(of_article).filter_map(|row| row["speaker"].as_str()).collect()
    };
    // One analyst under two spellings is one speaker; an interviewer's questions are not the guest's.
    let analysts: std::collections::BTreeSet<_> =
        speakers("003").into_iter().filter(|s| s.contains("onis")).collect();
    assert_eq!(analysts.len(), 1, "{analysts:?}");
    let question = rows
        .iter()
        .find(|r| r["quote"].as_str().is_some_and(|q| q.starts_with("How should the Ukrainian authorities")));
    assert!(
        question.is_none_or(|q| !q["speaker"].as_str().unwrap_or_default().contains("Khara")),
        "{question:?}"
    );
    assert!(speakers("004").iter().filter(|s| s.contains("Kyzym")).count() >= 15);
    let meta: Value = serde_json::from_str(&dir.read("s.meta.json")).expect("JSON");
    assert_eq!(meta["articles"]["read"], 5);
    assert_eq!(meta["statements"], rows.len());
}

#[test]
fn threads_do_not_change_a_byte() {
    let dir = Workdir::new();
    for threads in ["1", "2", "3"] {
        dir.sayso(&["--threads", threads, "extract", &project_arg("seeds"), "-o", &format!("{threads}.csv")])
            .done();
    }
    assert_eq!(dir.read("1.csv"), dir.read("2.csv"));
    assert_eq!(dir.read("1.csv"), dir.read("3.csv"));
}

#[test]
fn articles_come_from_tables_lines_globs_and_standard_input_with_their_metadata() {
    let dir = Workdir::new();
    let body = "“We will vote tomorrow,” said Anna Petrova, the mayor.";
    dir.write("news/herald/2022-04-14_front.txt", body)
        .write("t.csv", format!("Headline;Body;Media_Name;publish_date\nOne;{body};Herald;14.04.2022\n"))
        .write(
            "l.jsonl",
            format!(
                "{}\n{{\"broken\n",
                serde_json::json!({"maintext": body, "source_domain": "herald.example"})
            ),
        )
        .write("meta.csv", "file,outlet,desk\n2022-04-14_front.txt,The Herald,World\n");
    let pattern = dir.path("news/*/*.txt").to_string_lossy().into_owned();
    let run = dir
        .sayso(&["extract", &pattern, "--outlet-from", "{outlet}/{date}_*.txt", "--format", "jsonl"])
        .done();
    let rows = lines(&run.stdout);
    assert_eq!((rows[0]["outlet"].as_str(), rows[0]["date"].as_str()), (Some("herald"), Some("2022-04-14")));
    assert_eq!(rows[0]["speaker"], "Anna Petrova");
    let run = dir.sayso(&["extract", "news", "--meta", "meta.csv", "--format", "jsonl"]).done();
    assert_eq!(lines(&run.stdout)[0]["outlet"], "The Herald");
    let run = dir.sayso(&["extract", "t.csv", "--format", "jsonl"]).done();
    assert_eq!(
        (&lines(&run.stdout)[0]["title"], &lines(&run.stdout)[0]["date"]),
        (&"One".into(), &"2022-04-14".into())
    );
    let run = dir.sayso(&["extract", "l.jsonl", "--format", "jsonl"]).done();
    assert_eq!(lines(&run.stdout)[0]["outlet"], "herald.example");
    assert!(run.stderr.contains("skipped l.jsonl:2"), "{}", run.stderr);
    dir.sayso(&["extract", "l.jsonl", "--strict"]).refused(&["l.jsonl:2", "--strict"]);
    let mut command = dir.command(&["extract", "-", "--format", "jsonl"]);
    command.stdin(std::fs::File::open(dir.path("news/herald/2022-04-14_front.txt")).expect("there"));
    let run = Run::of(command.output().expect("the program starts")).done();
    assert_eq!(lines(&run.stdout)[0]["article"], "stdin");
    for (file, kind) in [("t.csv", "a table"), ("l.jsonl", "JSON lines")] {
        let mut command = dir.command(&["extract", "-", "-v", "--format", "jsonl"]);
        command.stdin(std::fs::File::open(dir.path(file)).expect("there"));
        let piped = Run::of(command.output().expect("the program starts")).done();
        assert!(piped.stderr.contains(&format!("standard input: read as {kind}")), "{}", piped.stderr);
        let named = dir.sayso(&["extract", file, "--format", "jsonl"]).done();
        let quotes =
            |run: &Run| lines(&run.stdout).iter().map(|line| line["quote"].clone()).collect::<Vec<_>>();
        assert!(!quotes(&piped).is_empty() && quotes(&piped) == quotes(&named), "{file}: {}", piped.stdout);
    }
}

#[test]
fn aliases_are_proposed_in_the_form_of_a_speakers_file() {
    let dir = Workdir::new();
    dir.write("a.txt", "“We wait,” said Vytis Jurkonis, an analyst. “We go on waiting,” Jurkonis said.")
        .write("b.txt", "“We go,” said Vytis Yurkonis, the analyst.");
    dir.sayso(&["extract", "a.txt", "b.txt", "-o", "s.csv", "--suggest-aliases", "speakers.csv"]).done();
    assert!(
        dir.read("speakers.csv").contains("\nVytis Jurkonis,Vytis Yurkonis,"),
        "{}",
        dir.read("speakers.csv")
    );
    let run = dir.sayso(&["extract", "b.txt", "--speakers", "speakers.csv", "--format", "jsonl"]).done();
    assert_eq!(lines(&run.stdout)[0]["speaker"], "Vytis Jurkonis");
}
