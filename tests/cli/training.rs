//! Train, evaluate, explain: on tables of any kind.

use super::workdir::Workdir;

/// Tweets on two topics whose sides use each other's words: only the topic tells what "ban it" means.
pub fn table() -> String {
    let mut csv = String::from("text,topic,from,to,stance\n");
    for i in 0..40 {
        let place = ["town", "harbour", "valley", "station"][i % 4];
        csv.extend([
            format!("ban it in the {place} {i},smoking,0,3,favor\n"),
            format!("ban it at the {place} {i},hunting ban repeal,0,3,against\n"),
            format!("the {place} market opens at nine {i},smoking,0,3,none\n"),
            format!("keep it legal in the {place} {i},smoking,0,4,against\n"),
            format!("keep it legal at the {place} {i},hunting ban repeal,0,4,favor\n"),
        ]);
    }
    csv
}

pub fn trained(args: &[&str]) -> Workdir {
    let dir = Workdir::new();
    dir.write("t.csv", table());
    let all =
        [&["train", "t.csv", "--text", "text", "--label", "stance", "-o", "m.safetensors"], args].concat();
    let run = dir.sayso(&all).done();
    assert!(
        run.stderr.contains("trained 1 axes on 200 rows") && run.stderr.contains("next: "),
        "{}",
        run.stderr
    );
    dir
}

#[test]
fn a_table_whose_columns_are_named_after_axes_trains_with_targets_and_gives_scores() {
    let dir = Workdir::new();
    dir.write("t.csv", table());
    dir.write(
        "axes.toml",
        "[[axis]]\nid = \"stance\"\nquestion = \"For or against?\"\nlow = { id = \"against\", title = \"against\" }\n\
         neutral = { id = \"none\", title = \"neither\" }\nhigh = { id = \"favor\", title = \"in favour\" }\n",
    );
    let columns = ["t.csv", "--text", "text", "--target", "topic", "--axes", "axes.toml"];
    dir.sayso(&[&["train"], &columns[..], &["--c", "3", "-o", "m.safetensors"]].concat()).done();
    let run = dir.sayso(&[&["evaluate", "m.safetensors"], &columns[..]].concat()).done();
    assert!(run.stdout.starts_with("stance: 200 rows"), "{}", run.stdout);
    let score = ["score", "t.csv", "--text", "text", "--target", "topic", "--model", "m.safetensors"];
    let run = dir.sayso(&score).done();
    assert!(run.stdout.contains("stance.score"), "{}", run.stdout);
    let again = dir.sayso(&[&["check", "--suspicious"], &columns[..]].concat()).done();
    assert!(
        again.stderr.contains("sayso train t.csv --axes axes.toml --text text --target topic"),
        "{}",
        again.stderr
    );
    let other = [&["train"], &columns[..], &["--label", "topic", "-o", "n.safetensors"]].concat();
    dir.sayso(&other).refused(&["--label = topic", "an axis of the file: stance"]);
}

#[test]
fn a_table_with_targets_trains_scores_and_is_evaluated() {
    let dir = trained(&["--target", "topic", "--c", "3"]);
    assert_eq!(dir.list(), ["m.card.md", "m.safetensors", "t.csv"]);
    assert!(dir.read("m.card.md").contains("| macro-F1 |"));
    dir.write(
        "new.csv",
        "text,topic\nban it in the square,smoking\nban it at the square,hunting ban repeal\n",
    );
    let args = [
        "score",
        "--statements",
        "new.csv",
        "--text",
        "text",
        "--target",
        "topic",
        "--model",
        "m.safetensors",
    ];
    dir.sayso(&[&args[..], &["-o", "out.csv"]].concat()).done();
    let classes: Vec<bool> = dir.read("out.csv").lines().skip(1).map(|l| l.contains(",favor,")).collect();
    assert_eq!(classes, [true, false]);
    let mistyped = [&args[..6], &["topik", "--model", "m.safetensors"]].concat();
    dir.sayso(&mistyped).refused(&["a column topik", "Did you mean \"topic\"?"]);
    let run = dir
        .sayso(&[
            "evaluate",
            "m.safetensors",
            "t.csv",
            "--text",
            "text",
            "--label",
            "stance",
            "--target",
            "topic",
        ])
        .done();
    assert!(run.stdout.contains("stance: 200 rows"), "{}", run.stdout);
    assert!(run.stderr.contains("was trained on 200 of these texts"), "{}", run.stderr);
    let low = dir.sayso(&[
        "evaluate",
        "m.safetensors",
        "t.csv",
        "--text",
        "text",
        "--label",
        "stance",
        "--min-f1",
        "1.01",
    ]);
    assert_eq!(low.code, 1, "{}", low.stderr);
}

#[test]
fn spans_reach_the_model() {
    let dir = trained(&["--span", "from,to", "--c", "1", "--folds", "0"]);
    dir.write("new.csv", "text,from,to\nban it in the square,0,3\nban it in the square,14,20\n");
    let args = [
        "score",
        "--statements",
        "new.csv",
        "--text",
        "text",
        "--span",
        "from,to",
        "--model",
        "m.safetensors",
    ];
    dir.sayso(&[&args[..], &["-o", "out.jsonl"]].concat()).done();
    let scores: Vec<String> =
        dir.read("out.jsonl").lines().map(|l| l.split("\"p\"").nth(1).unwrap_or("").into()).collect();
    assert_ne!(scores[0], scores[1]);
}

#[test]
fn explanations_come_as_text_json_and_html() {
    let dir = trained(&["--c", "1", "--folds", "0"]);
    let terms = dir.sayso(&["explain", "m.safetensors"]).done();
    assert!(terms.stdout.contains("stance") && terms.stdout.contains("market"), "{}", terms.stdout);
    let text = "keep it legal at the market";
    let why = dir.sayso(&["explain", "m.safetensors", text]).done();
    assert!(why.stdout.contains(text) && !why.stdout.contains('\u{1b}'), "{}", why.stdout);
    let json = dir.sayso(&["explain", "m.safetensors", text, "--format", "json"]).done().stdout;
    assert!(json.contains("\"linear_score\""));
    let html =
        dir.sayso(&["explain", "m.safetensors", "<b>keep</b> it legal", "--format", "html"]).done().stdout;
    assert!(html.contains("&lt;b&gt;keep") && !html.contains("<b>"), "{html}");
    dir.sayso(&["explain", "m.safetensors", "--axis", "stanse"])
        .refused(&["--axis = stanse", "one of stance"]);
}

#[test]
fn tables_that_cannot_be_trained_on_are_refused() {
    let dir = Workdir::new();
    let train = |csv: &str, more: &[&str]| {
        dir.write("t.csv", csv);
        let args = ["train", "t.csv", "--text", "text", "--label", "side", "-o", "m.safetensors"];
        dir.sayso(&[&args[..], more].concat())
    };
    train("txt,side\na,b\n", &[]).refused(&["t.csv:1", "a column text", "Did you mean \"txt\"?"]);
    train("text,side\none two,left\nthree four,left\n", &[])
        .refused(&["classes with rows on axis side: 1 found"]);
    train("text,side\n,left\n,right\n", &[]).refused(&["labelled rows: 0 found"]);
    train("text,side\nx,left\n", &["--ngrams", "3-1"]).refused(&["--ngrams = 3-1"]);
    train("text,side,w\nx,left,NaN\n", &["--weight", "w"]).refused(&["t.csv:2, column w", "NaN"]);
    dir.write("m.safetensors", "mine");
    train("text,side\nx,left\n", &[]).refused(&["exists already", "--force"]);
    assert_eq!(dir.read("m.safetensors"), "mine");
    dir.sayso(&["explain", "m.safetensors"]).refused(&["not a usable model", "too short"]);
}
