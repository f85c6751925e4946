//! What stands beside the figures of a report: permutation tests, synthetic figures, clusters, bootstrap, ridges.

use serde_json::Value;

use super::report::{corpus, corpus_of, json_of};
use super::workdir::Workdir;

fn number(v: &Value) -> f64 {
    v.as_f64().unwrap_or_else(|| panic!("a number, not {v}"))
}

fn pairs(found: &Value) -> Vec<Value> {
    found["axes"][0]["pairs"].as_array().expect("pairs").clone()
}

fn has_note(found: &Value, code: &str) -> bool {
    found["notes"].as_array().expect("notes").iter().any(|n| n["code"] == code)
}

/// Gives every second article another speaker of seven.
fn many_speakers(dir: &Workdir) {
    let mut scored = String::new();
    for (i, line) in dir.read("scored.jsonl").lines().enumerate() {
        let mut row: Value = serde_json::from_str(line).expect("a row");
        row["speaker"] = Value::String(format!("Speaker {}", (i / 2) % 7));
        scored.extend([format!("{row}\n")]);
    }
    dir.write("scored.jsonl", scored);
}

#[test]
fn each_difference_has_a_permutation_test_beside_it() {
    let dir = Workdir::new();
    corpus(&dir, 4, 30);
    let found = json_of(&dir, &["--gold", "labels.csv"]);
    assert_eq!(found["n_permutations"], 9999);
    for pair in pairs(&found) {
        let (p, permuted) = (number(&pair["p"]), number(&pair["p_permutation"]));
        assert!((0.0..=1.0).contains(&permuted) && permuted > 0.0);
        assert!((p - permuted).abs() < 0.05 + 0.3 * p, "they agree about clean data: {pair}");
    }
    let base = ["report", "scored.jsonl", "--gold", "labels.csv", "-o"];
    dir.sayso(&[&base[..], &["r.html"]].concat()).done();
    let page = dir.read("r.html");
    assert!(page.contains("p (articles permuted)") && page.contains("no claim rests on it"));
    dir.sayso(&[&base[..], &["r.csv"]].concat()).done();
    assert_eq!(dir.read("r.csv").lines().filter(|l| l.contains(",p_permutation,")).count(), 6);
    let fixed = json_of(&dir, &["--gold", "labels.csv", "--target", "corpus"]);
    assert!(pairs(&fixed).iter().all(|p| p["p_permutation"].is_null()), "articles are no sample there");
}

#[test]
fn corrections_that_assume_equal_errors_are_hidden_where_errors_differ() {
    let figures = |truth: fn(usize, usize, usize) -> usize| {
        let dir = Workdir::new();
        corpus_of(&dir, 3, 40, truth);
        let found = json_of(&dir, &["--gold", "labels.csv"]);
        let hidden: Vec<bool> = found["axes"][0]["groups"]
            .as_array()
            .expect("groups")
            .iter()
            .map(|g| {
                let s = &g["sensitivity"];
                assert!(s["classify_and_count"].is_number() && s["labels_only"].is_number());
                s["adjusted_count"].is_null() && s["expectation_maximisation"].is_null()
            })
            .collect();
        (number(&found["axes"][0]["p_equal_errors"]), hidden, has_note(&found, "errors_differ"))
    };
    // One outlet's low statements are taken for others; then: those of every fourth article are, wherever it stands.
    let (p, hidden, noted) = figures(|o, _, class| if o == 2 { class.min(1) } else { class });
    assert!(p < 0.05 && noted, "{p}");
    assert_eq!(hidden, [true; 3]);
    let (p, hidden, noted) = figures(|_, g, class| if g % 4 == 0 { (class + 1) % 3 } else { class });
    assert!(p >= 0.05 && !noted, "{p}");
    assert_eq!(hidden, [false; 3]);
}

#[test]
fn an_outlet_nobody_labelled_has_a_synthetic_figure_and_no_test() {
    let dir = Workdir::new();
    corpus(&dir, 5, 20);
    let labels: String =
        dir.read("labels.csv").lines().filter(|l| !l.starts_with("o1-")).map(|l| format!("{l}\n")).collect();
    dir.write("labels.csv", labels);
    let found = json_of(&dir, &["--gold", "labels.csv"]);
    let group = &found["axes"][0]["groups"][1];
    assert!(group["corrected"].is_null() && group["synthetic"]["interval"].is_object(), "{group}");
    let width = |e: &Value| number(&e["interval"]["high"]) - number(&e["interval"]["low"]);
    let labelled = &found["axes"][0]["groups"][0];
    assert!(width(&group["synthetic"]) > 1.5 * width(&labelled["corrected"]), "it knows less");
    assert!(labelled["synthetic"].is_null());
    assert!(pairs(&found).iter().all(|p| p["a"] != "Outlet 1" && p["b"] != "Outlet 1"));
    assert!(group["ranks"].is_null());
    dir.sayso(&["report", "scored.jsonl", "--gold", "labels.csv", "-o", "r.html"]).done();
    assert!(dir.read("r.html").contains("not design-based"));
    // Two labelled outlets say too little of how much outlets differ.
    let few: String = dir
        .read("labels.csv")
        .lines()
        .filter(|l| l.starts_with("o0-") || l.starts_with("o2-") || l.starts_with("article"))
        .map(|l| format!("{l}\n"))
        .collect();
    dir.write("labels.csv", few);
    assert!(json_of(&dir, &["--gold", "labels.csv"])["axes"][0]["groups"][1]["synthetic"].is_null());
}

#[test]
fn repeated_articles_count_once_unless_told_otherwise() {
    let dir = Workdir::new();
    corpus(&dir, 2, 20);
    let mut scored = dir.read("scored.jsonl");
    let mut labels = dir.read("labels.csv");
    // Every article comes a second time under another name.
    let again: Vec<String> =
        scored.lines().map(|l| l.replace("\"article\":\"o", "\"article\":\"x")).collect();
    let labels_again: Vec<String> = labels.lines().skip(1).map(|l| l.replacen('o', "x", 1)).collect();
    scored.extend(again.iter().map(|l| format!("{l}\n")));
    labels.extend(labels_again.iter().map(|l| format!("{l}\n")));
    dir.write("scored.jsonl", scored).write("labels.csv", labels);
    let error = |how: &[&str]| {
        let found = json_of(&dir, &[&["--gold", "labels.csv"], how].concat());
        assert!(has_note(&found, "near_duplicates"));
        (number(&pairs(&found)[0]["standard_error"]), found["cluster"].clone())
    };
    let ((story, name), (article, _)) = (error(&[]), error(&["--cluster", "article"]));
    assert_eq!(name, "story");
    assert!((story / article - std::f64::consts::SQRT_2).abs() < 0.05, "{story} {article}");
}

#[test]
fn speakers_can_be_clusters_too() {
    let dir = Workdir::new();
    corpus(&dir, 2, 30);
    let alone = json_of(&dir, &["--gold", "labels.csv", "--cluster", "both"]);
    assert!(pairs(&alone).is_empty() && has_note(&alone, "too_few_speakers"), "one speaker is no sample");
    many_speakers(&dir);
    let error = |how: &str| {
        let found = json_of(&dir, &["--gold", "labels.csv", "--cluster", how]);
        let pair = pairs(&found).remove(0);
        let outside = number(&pair["interval"]["low"]) > 0.0 || number(&pair["interval"]["high"]) < 0.0;
        assert_eq!(number(&pair["p"]) < 0.05, outside, "{pair}");
        (number(&pair["standard_error"]), number(&pair["df"]))
    };
    let (story, both) = (error("story"), error("both"));
    assert!(both.0 >= story.0 && both.1 <= story.1, "{story:?} {both:?}");
    dir.sayso(&["report", "scored.jsonl", "--by", "speaker", "--cluster", "both", "-o", "r.html"])
        .refused(&["cluster", "both", "article or story"]);
}

#[test]
fn bootstrap_intervals_agree_with_their_p_values_and_repeat() {
    let dir = Workdir::new();
    corpus(&dir, 4, 30);
    let boot = ["--gold", "labels.csv", "--ci", "boot-t"];
    let found = json_of(&dir, &boot);
    assert_eq!((found["intervals"].as_str(), found["n_replicates"].as_u64()), (Some("boot-t"), Some(1999)));
    let mut significant = 0;
    for pair in pairs(&found) {
        let outside = number(&pair["interval"]["low"]) > 0.0 || number(&pair["interval"]["high"]) < 0.0;
        assert_eq!(number(&pair["p"]) < 0.05, outside, "{pair}");
        significant += usize::from(outside);
    }
    assert!(significant > 0 && significant < 6, "{significant} of 6");
    assert_eq!(found, json_of(&dir, &[&boot[..], &["--threads", "1"]].concat()));
    let usual = json_of(&dir, &["--gold", "labels.csv"]);
    for (a, b) in pairs(&usual).iter().zip(pairs(&found)) {
        assert!((number(&a["difference"]) - number(&b["difference"])).abs() < 1e-9);
        assert!(a["interval"] != b["interval"]);
    }
    for (other, value) in [("--cluster", "both"), ("--target", "corpus")] {
        let args = ["report", "scored.jsonl", "--ci", "boot-t", other, value, "-o", "r.html"];
        dir.sayso(&args).refused(&["boot-t", "--ci t"]);
    }
}

#[test]
fn scores_are_ridges_where_there_are_enough_and_dots_elsewhere() {
    let dir = Workdir::new();
    corpus(&dir, 2, 10);
    let few: String = dir
        .read("scored.jsonl")
        .lines()
        .filter(|l| !l.contains("\"article\":\"o1-") || l.contains("\"article\":\"o1-0\""))
        .map(|l| format!("{l}\n"))
        .collect();
    dir.write("scored.jsonl", few);
    let found = json_of(&dir, &[]);
    for (group, n, points) in [(0, 30, 0), (1, 3, 3)] {
        let scores = &found["axes"][0]["groups"][group]["scores"];
        let counted: f64 = scores["counts"].as_array().expect("bins").iter().map(number).sum();
        assert!((counted - f64::from(n)).abs() < 1e-9);
        assert_eq!(scores["points"].as_array().map(Vec::len), Some(points));
    }
    dir.sayso(&["report", "scored.jsonl", "-o", "r.html"]).done();
    let page = dir.read("r.html");
    assert_eq!(page.matches("class=\"ridge\"").count(), 1);
    assert!(page.contains("How scores are spread on sentiment") && page.contains("+0.8 to +1.0"));
}
