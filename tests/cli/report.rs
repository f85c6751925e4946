//! `sayso report` and `sayso agree`, from the command line.

use serde_json::{Value, json};

use crate::workdir::Workdir;

const CLASSES: [&str; 3] = ["negative", "neutral", "positive"];

/// A scored statement as a line of JSON; `class` is what the model says.
fn line(outlet: &str, article: &str, i: usize, speaker: &str, quote: &str, class: usize) -> Value {
    let mut p = [0.15, 0.15, 0.15];
    p[class] = 0.7;
    json!({
        "statement_id": format!("{article}-{i}"), "article": article, "outlet": outlet, "date": "2024-03-05",
        "title": format!("About {article}"), "start": 100 * i, "end": 100 * i + 90, "quote": quote, "kind": "direct",
        "speaker": speaker, "n_tokens": 6, "known_share": 1.0,
        "axes": {"sentiment": {
            "class": CLASSES[class], "score": p[2] - p[0],
            "p": {"low": p[0], "neutral": p[1], "high": p[2]}, "status": "ok",
            "terms": [{"term": "grain", "value": 0.2}]
        }}
    })
}

/// `outlets` of `articles` articles of three statements each, and labels: every second statement, drawn with chance ½.
pub fn corpus(dir: &Workdir, outlets: usize, articles: usize) {
    // The truth leans with the outlet.
    corpus_of(dir, outlets, articles, |o, g, class| (class + usize::from(g % 4 < o)).min(2));
}

/// The same with a truth of one's own, from outlet, article and predicted class.
pub fn corpus_of(
    dir: &Workdir,
    outlets: usize,
    articles: usize,
    truth: impl Fn(usize, usize, usize) -> usize,
) {
    let (mut scored, mut labels) =
        (String::new(), String::from("article,start,end,sentiment,annotator,sample_prob\n"));
    for o in 0..outlets {
        for g in 0..articles {
            for i in 0..3 {
                let at = o * 7 + g * 5 + i * 3;
                let class = (at + at / 4) % 3;
                let article = format!("o{o}-{g}");
                let quote = format!("Statement {o} {g} {i} has words of its own, number {at}");
                scored.extend([format!(
                    "{}\n",
                    line(&format!("Outlet {o}"), &article, i, "Ada", &quote, class)
                )]);
                if (o + g + i) % 2 == 0 {
                    let truth = truth(o, g, class);
                    labels.extend([format!(
                        "{article},{},{},{},gold,0.5\n",
                        100 * i,
                        100 * i + 90,
                        CLASSES[truth]
                    )]);
                }
            }
        }
    }
    dir.write("scored.jsonl", scored).write("labels.csv", labels);
}

pub fn json_of(dir: &Workdir, args: &[&str]) -> Value {
    let args = [&["report", "scored.jsonl", "--format", "json", "-o", "-"], args].concat();
    serde_json::from_str(&dir.sayso(&args).done().stdout).expect("one JSON object")
}

#[test]
fn without_labels_nothing_is_claimed_and_the_page_says_so() {
    let dir = Workdir::new();
    corpus(&dir, 3, 8);
    let run = dir.sayso(&["report", "scored.jsonl", "-o", "r.html"]).done();
    assert!(run.stderr.contains("uncorrected model averages"), "{}", run.stderr);
    let page = dir.read("r.html");
    assert!(
        page.contains("No difference between outlets is claimed")
            && page.contains("Random hand labels needed")
    );
    let found = json_of(&dir, &[]);
    assert_eq!(found["n_tests"], 0);
    assert_eq!(found["axes"][0]["pairs"], json!([]));
    assert!(found["axes"][0]["groups"][0]["uncorrected"]["interval"].is_object());
}

#[test]
fn outlets_of_one_article_have_no_interval_and_it_is_said() {
    let dir = Workdir::new();
    corpus(&dir, 5, 1);
    for gold in [&[][..], &["--gold", "labels.csv"]] {
        let found = json_of(&dir, gold);
        for group in found["axes"][0]["groups"].as_array().expect("groups") {
            for figure in ["uncorrected", "corrected"] {
                assert_eq!(group[figure]["interval"], Value::Null, "{figure} of {group}");
            }
        }
        assert_eq!(found["n_tests"], 0);
    }
    dir.sayso(&["report", "scored.jsonl", "--gold", "labels.csv", "-o", "r.html"]).done();
    assert!(dir.read("r.html").contains("No outlet has five articles or more"));
}

#[test]
fn p_is_below_the_level_exactly_when_the_interval_leaves_zero_out() {
    let dir = Workdir::new();
    corpus(&dir, 4, 30);
    let found = json_of(&dir, &["--gold", "labels.csv"]);
    let pairs = found["axes"][0]["pairs"].as_array().expect("pairs").clone();
    assert_eq!((pairs.len(), found["n_tests"].as_u64()), (6, Some(6)));
    let number = |v: &Value| v.as_f64().expect("a number");
    let mut significant = 0;
    for pair in &pairs {
        let (low, high) = (number(&pair["interval"]["low"]), number(&pair["interval"]["high"]));
        let outside = low > 0.0 || high < 0.0;
        assert_eq!(number(&pair["p"]) < 0.05, outside, "{pair}");
        assert!(
            number(&pair["p"]) <= number(&pair["p_bh"]) && number(&pair["p_bh"]) <= number(&pair["p_holm"])
        );
        significant += usize::from(outside);
    }
    assert!(significant > 0 && significant < 6, "{significant} of 6");
}

#[test]
fn labels_of_unknown_origin_are_not_compared_unless_the_user_vouches() {
    let dir = Workdir::new();
    corpus(&dir, 3, 20);
    let bare: String = dir
        .read("labels.csv")
        .lines()
        .map(|l| format!("{}\n", l.rsplit_once(',').expect("cells").0))
        .collect();
    dir.write("labels.csv", bare);
    let found = json_of(&dir, &["--gold", "labels.csv"]);
    assert_eq!((found["gold"]["sampling"].as_str(), found["n_tests"].as_u64()), (Some("unknown"), Some(0)));
    assert!(found["axes"][0]["groups"][0]["corrected"].is_object());
    let vouched = json_of(&dir, &["--gold", "labels.csv", "--assume-random"]);
    assert_eq!(
        (vouched["gold"]["sampling"].as_str(), vouched["n_tests"].as_u64()),
        (Some("assumed_random"), Some(3))
    );
}

#[test]
fn every_statement_labelled_gives_the_mean_of_the_labels() {
    let dir = Workdir::new();
    corpus(&dir, 2, 6);
    let mut labels = String::from("article,start,end,sentiment,annotator\n");
    for o in 0..2 {
        for g in 0..6 {
            for i in 0..3 {
                let class = if i < o + 1 { "positive" } else { "neutral" };
                labels.extend([format!("o{o}-{g},{},{},{class},gold\n", 100 * i, 100 * i + 90)]);
            }
        }
    }
    dir.write("labels.csv", labels);
    let found = json_of(&dir, &["--gold", "labels.csv"]);
    for (group, mean) in [(0, 1.0 / 3.0), (1, 2.0 / 3.0)] {
        let value = found["axes"][0]["groups"][group]["corrected"]["value"].as_f64().expect("a number");
        assert!((value - mean).abs() < 1e-12, "{value}");
    }
    assert_eq!(found["gold"]["sampling"], "census");
}

#[test]
fn nothing_in_an_article_becomes_part_of_the_page() {
    let payloads = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</title><svg onload=alert(1)>",
        "</textarea><iframe src=javascript:alert(1)>",
        "javascript:alert(1)",
        "{{7*7}}",
        "-->]]><!--",
        "&lt;b&gt;\u{2028}",
        "</style><b>",
    ];
    let page = |harmless: bool| {
        let dir = Workdir::new();
        let mut scored = String::new();
        for (i, payload) in payloads.iter().enumerate() {
            let clean: String = payload.chars().map(|c| if c.is_alphanumeric() { c } else { 'x' }).collect();
            let text = format!("{i}{}", if harmless { &clean } else { *payload });
            let mut row = line(&text, &text, i, &text, &text, i % 3);
            for key in ["url", "title", "kind", "mention", "cue", "role"] {
                row[key] = json!(text);
            }
            row["axes"]["sentiment"]["terms"][0]["term"] = json!(text);
            scored.extend([format!("{row}\n")]);
        }
        dir.write("scored.jsonl", scored);
        let title = if harmless { "xxxxxx" } else { "</h1><script>" };
        dir.sayso(&["report", "scored.jsonl", "--title", title, "-o", "r.html"]).done();
        dir.read("r.html")
    };
    let (hostile, twin) = (page(false), page(true));
    for mark in ["<script", "<img", "<iframe", "<svg", "<b>", "<a ", "<tr", "<td", "<text", "<title"] {
        assert_eq!(hostile.matches(mark).count(), twin.matches(mark).count(), "{mark}");
    }
    assert!(!hostile.contains("href=\"javascript:") && hostile.contains("&#60;script&#62;alert(1)"));
}

#[test]
fn the_page_needs_no_network_and_no_inline_handler() {
    let dir = Workdir::new();
    corpus(&dir, 3, 8);
    dir.sayso(&["report", "scored.jsonl", "--gold", "labels.csv", "-o", "r.html"]).done();
    let page = dir.read("r.html");
    assert!(page.contains("default-src 'none'"));
    for mark in [" src=", "@import", " onclick=", " onload=", "style=\"", "<link"] {
        assert!(!page.contains(mark), "{mark}");
    }
    let outside = page.replace("http://www.w3.org/2000/svg", "").contains("http:");
    assert!(!outside, "no address but the name of SVG");
}

#[test]
fn every_format_has_the_numbers_and_the_same_bytes_on_any_number_of_threads() {
    let dir = Workdir::new();
    corpus(&dir, 3, 12);
    for name in ["r.html", "r.json", "r.csv", "r.md"] {
        let base = ["report", "scored.jsonl", "--gold", "labels.csv", "--force", "-o", name];
        dir.sayso(&[&base[..], &["--threads", "1"]].concat()).done();
        let first = dir.read(name);
        dir.sayso(&[&base[..], &["--threads", "2"]].concat()).done();
        assert_eq!(dir.read(name), first, "{name}");
        assert!(first.contains("Outlet 2"), "{name}");
    }
    let csv = dir.read("r.csv");
    assert!(csv.starts_with("axis,group,other,item,measure,value,low,high,n\n"));
    for measure in [
        "corrected",
        "uncorrected",
        "difference",
        "p_holm",
        "share_corrected",
        "rank_best",
        "classify_and_count",
    ] {
        assert!(csv.lines().any(|l| l.split(',').nth(4) == Some(measure)), "{measure}");
    }
}

#[test]
fn a_name_that_is_a_formula_stays_a_name() {
    let dir = Workdir::new();
    dir.write("scored.jsonl", format!("{}\n", line("=cmd()", "a", 0, "@ada", "Nothing to add here", 1)));
    let csv = dir.sayso(&["report", "scored.jsonl", "-o", "-", "--format", "csv"]).done().stdout;
    assert!(csv.contains(",'=cmd(),") && !csv.contains(",=cmd()"), "{csv}");
}

#[test]
fn groups_can_be_any_column() {
    let dir = Workdir::new();
    corpus(&dir, 3, 4);
    let found = json_of(&dir, &["--by", "month"]);
    assert_eq!(found["groups"][0]["name"], "2024-03");
    dir.sayso(&["report", "scored.jsonl", "--by", "colour", "-o", "r.html"])
        .refused(&["colour", "outlet", "speaker"]);
}

#[test]
fn a_report_is_never_overwritten_and_its_ending_says_the_format() {
    let dir = Workdir::new();
    corpus(&dir, 2, 2);
    dir.write("r.html", "mine");
    dir.sayso(&["report", "scored.jsonl", "-o", "r.html"]).refused(&["r.html", "--force"]);
    assert_eq!(dir.read("r.html"), "mine");
    dir.sayso(&["report", "scored.jsonl", "-o", "r.pdf"]).refused(&["r.pdf", ".html"]);
}

#[test]
fn statements_without_scores_are_refused_with_the_way_out() {
    let dir = Workdir::new();
    dir.write("s.csv", "quote,outlet\nYes indeed.,Herald\n");
    dir.sayso(&["report", "s.csv", "-o", "r.html"]).refused(&["sayso score"]);
}

#[test]
fn agreement_below_the_wanted_alpha_is_a_finding() {
    let dir = Workdir::new();
    let mut labels = String::from("article,quote,sentiment,annotator\n");
    for i in 0..20 {
        let (a, b) = (CLASSES[i % 3], CLASSES[(i + i / 15) % 3]);
        labels.extend([format!("a{},statement {i},{a},x\na{},statement {i},{b},y\n", i / 2, i / 2)]);
    }
    dir.write("labels.csv", labels);
    let run = dir.sayso(&["agree", "labels.csv", "--disagreements", "d.csv"]).done();
    assert!(
        run.stdout.contains("alpha, ordinal") && run.stdout.contains("5 disagreements"),
        "{}",
        run.stdout
    );
    assert_eq!(dir.read("d.csv").lines().count(), 6);
    assert_eq!(dir.sayso(&["agree", "labels.csv", "--min-alpha", "0.99"]).code, 1);
    assert_eq!(dir.sayso(&["agree", "labels.csv", "--min-alpha", "0.2"]).code, 0);
}
