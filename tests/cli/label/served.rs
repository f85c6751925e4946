//! What is served, told and foretold.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Page, corpus};
use crate::workdir::Workdir;

#[test]
fn outlet_and_scores_are_told_only_when_the_choice_is_made() {
    let dir = Workdir::new();
    corpus(&dir);
    let page = Page::open(&dir);
    for path in
        ["/api/place?at=0", "/api/queue?from=0", "/api/search?q=statement", "/api/session", "/api/next"]
    {
        let body = page.get(path).body;
        assert!(!body.contains("Herald") && !body.contains("Post"), "{path}: {body}");
    }
    let answer = page.act(0, &json!({"do": "finish"})).expect("an answer");
    assert!(answer.body.contains("\"outlet\""), "{}", answer.body);
    page.end();
}

#[test]
fn a_plan_says_how_many_labels_a_difference_needs_and_when_it_is_out_of_reach() {
    let dir = Workdir::new();
    let mut table = String::from("article,outlet,quote\n");
    for i in 0..600 {
        let outlet = if i % 2 == 0 { "Herald" } else { "Post" };
        table.extend([(i / 3).to_string().as_str(), ",", outlet, ",Statement ", &i.to_string(), "\n"]);
    }
    dir.write("s.csv", table);
    let said = dir.sayso(&["label", "--statements", "s.csv", "--plan", "0.5"]).done().stderr;
    assert!(said.contains("needs") && said.contains("labels in each"), "{said}");
    let said = dir.sayso(&["label", "--statements", "s.csv", "--plan", "0.05"]).done().stderr;
    assert!(said.contains("out of reach") && said.contains("articles per outlet"), "{said}");
    dir.sayso(&["label", "--statements", "s.csv", "--plan", "0"]).refused(&["--plan", "above 0"]);
    assert_eq!(dir.list(), ["s.csv"]);
}

/// Sixty statements, three to an article, whose words tell the class.
fn telling(dir: &Workdir) {
    let mut table = String::from("article,outlet,quote\n");
    for i in 0..60 {
        let words =
            ["a grave mistake and a shame", "a fine step and a relief", "a meeting on Tuesday"][i % 3];
        let (article, number) = ((i / 3).to_string(), i.to_string());
        table += &["a", &article, ",Herald,This was ", words, " number ", &number, "\n"].concat();
    }
    dir.write("s.csv", table);
    dir.write(
        "axes.toml",
        "[[axis]]\nid = \"tone\"\nlow = {id = \"bad\", title = \"bad\"}\nneutral = {id = \"plain\", title = \"plain\"}\n\
         high = {id = \"good\", title = \"good\"}\n",
    );
}

#[test]
fn the_learning_curve_says_what_is_missing_and_then_what_the_labels_teach_while_labels_are_saved() {
    let dir = Workdir::new();
    telling(&dir);
    let page = Page::open_with(&dir, &["--axes", "axes.toml"]);
    let curve = || serde_json::from_str::<Value>(&page.get("/api/curve").body).expect("JSON");
    assert_eq!(curve()["axes"][0]["missing"], "5 more “bad”, 5 more “plain”, 5 more “good”");
    let mut slowest = Duration::ZERO;
    for place in 0..60 {
        let shown: Value =
            serde_json::from_str(&page.get(&format!("/api/place?at={place}")).body).expect("JSON");
        let quote = shown["quote"].as_str().expect("a quote");
        let class = if quote.contains("grave") {
            "bad"
        } else if quote.contains("fine") {
            "good"
        } else {
            "plain"
        };
        let start = Instant::now();
        let answer = page.act(place, &json!({"do": "label", "axis": "tone", "class": class}));
        assert_eq!(answer.expect("an answer").status, 200);
        slowest = slowest.max(start.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "a save waited for learning: {slowest:?}");
    let start = Instant::now();
    let found = loop {
        let now = curve();
        if now["axes"][0]["curve"]["n_labels"].as_u64() >= Some(51) && now["learning"] == false {
            break now;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "{now}");
        std::thread::sleep(Duration::from_millis(200));
    };
    let axis = &found["axes"][0];
    assert_eq!((axis["labels"].as_u64(), axis["missing"].as_str()), (Some(60), Some("")));
    let points = axis["curve"]["points"].as_array().expect("points");
    assert_eq!(points.len(), 4);
    assert!(points[3][1].as_f64() > Some(0.9), "{axis}");
    let worth = axis["curve"]["worth"].as_str().expect("words");
    assert!(worth.contains("articles not learned from") && worth.contains("most frequent class"), "{worth}");
    page.end();
    // What was learned is shown again when the work goes on.
    let page = Page::open_with(&dir, &["--axes", "axes.toml"]);
    let start = Instant::now();
    while serde_json::from_str::<Value>(&page.get("/api/curve").body).expect("JSON")["version"] == 0 {
        assert!(start.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(100));
    }
    page.end();
}
