//! Labels out to other tools and back, as files.

use crate::workdir::Workdir;

const AXES: &str = "[[axis]]\nid = \"tone\"\nlow = {id = \"bad\", title = \"bad\"}\nhigh = {id = \"good\", title = \"good\"}\n";
const LABELS: &str = "article,start,end,quote,speaker,outlet,date,tone,annotator,confidence,sample_prob,note,group,desk\n\
                      a,2,5,так,Ann,Herald,2022-03-01,good,a1,3,0.25,\"why, \"\"so\"\"\",,world\n\
                      a,6,9,two,Bob,Herald,2022-03-01,?,a1,,,,,\n\
                      a,2,5,так,Ann,Herald,2022-03-01,bad,a2,,,,,\n\
                      b,0,3,one,,,,,a1,,,,,\n";

fn dir() -> Workdir {
    let dir = Workdir::new();
    dir.write("articles/a.txt", "👩 так two\r\nthree")
        .write("articles/b.txt", "one")
        .write("axes.toml", AXES);
    dir.write("labels.csv", LABELS);
    dir
}

#[test]
fn every_tool_gives_back_the_file_it_was_given() {
    for (to, out) in
        [("doccano", "d.jsonl"), ("prodigy", "p.jsonl"), ("labelstudio", "l.json"), ("brat", "brat")]
    {
        let dir = dir();
        dir.sayso(&[
            "convert",
            "labels.csv",
            "--articles",
            "articles",
            "--to",
            to,
            "-o",
            out,
            "--axes",
            "axes.toml",
        ])
        .done();
        dir.sayso(&["convert", out, "-o", "back.csv", "--axes", "axes.toml"]).done();
        assert_eq!(dir.read("back.csv"), LABELS, "{to}");
    }
}

#[test]
fn outputs_that_are_there_are_not_replaced() {
    let dir = dir();
    for (to, out) in [("doccano", "d.jsonl"), ("brat", "brat")] {
        let args = ["convert", "labels.csv", "--to", to, "-o", out, "--axes", "axes.toml"];
        dir.sayso(&args).done();
        dir.sayso(&args).refused(&[out, "--force"]);
        dir.sayso(&[&args[..], &["--force"]].concat()).done();
    }
}

#[test]
fn quotations_become_rows_to_label() {
    let dir = Workdir::new();
    let line = r#"{"date":"2020-01-02T00:00:00Z","url":"https://news.example/x","title":"T","lang":"ENGLISH","quotes":[{"pre":"he said","quote":"We will go","post":"on Monday"}]}"#;
    dir.write("q.jsonl", line);
    dir.sayso(&["convert", "q.jsonl", "-o", "labels.csv"]).done();
    let text = dir.read("labels.csv");
    assert!(
        text.contains("We will go") && text.contains("2020-01-02") && text.contains("on Monday"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_placed_is_refused_with_the_way_out() {
    let dir = dir();
    dir.write("d.jsonl", "{\"text\":\"👩 так\",\"label\":[[2,5,\"good\"]]}\n");
    dir.sayso(&["convert", "d.jsonl", "-o", "x.csv", "--axes", "axes.toml"])
        .refused(&["d.jsonl:1", "--offset-unit"]);
    dir.sayso(&["convert", "d.jsonl", "-o", "x.csv", "--axes", "axes.toml", "--offset-unit", "codepoint"])
        .done();
    assert!(dir.read("x.csv").contains("так"));
    dir.write("l.json", r#"[{"data":{"text":"one two"},"annotations":[{"result":[{"type":"labels","value":{"start":0,"end":3,"text":"two","labels":["good"]}}]}]}]"#);
    dir.sayso(&["convert", "l.json", "-o", "y.csv", "--axes", "axes.toml"]).refused(&["0..3 reads", "two"]);
    dir.write("u.jsonl", "{\"a\":1}\n");
    dir.sayso(&["convert", "u.jsonl", "-o", "z.csv"]).refused(&["--from"]);
    dir.sayso(&["convert", "labels.csv", "-o", "z.jsonl"]).refused(&["--to"]);
}
