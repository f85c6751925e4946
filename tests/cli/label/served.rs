//! What is served, told and foretold.

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
