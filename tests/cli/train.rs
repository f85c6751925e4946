use crate::workdir::{Workdir, project_arg};

/// Forty statements on two axes, in ten groups.
fn labels() -> Vec<String> {
    (0..40)
        .map(|i| {
            let (quote, class) = match i % 4 {
                0 => ("we demand tougher sanctions and will answer force with force", "escalation"),
                1 => ("they will pay a heavy price if the attacks go on", "escalation"),
                2 => ("let us return to the table and talk about a ceasefire", "restraint"),
                _ => ("caution and dialogue are the only way out for everyone", "restraint"),
            };
            format!("{quote} says number {i},{class},{}\n", i / 4)
        })
        .collect()
}

fn table(rows: &[String]) -> String {
    format!("text,label,story\n{}", rows.concat())
}

const TRAIN: [&str; 7] = ["train", "l.csv", "--text", "text", "--label", "label", "--group"];

fn train(dir: &Workdir, more: &[&str]) -> crate::workdir::Run {
    dir.sayso(&[&TRAIN, ["story"].as_slice(), more].concat())
}

#[test]
fn shuffled_rows_and_any_number_of_threads_give_the_same_bytes() {
    let dir = Workdir::new();
    let rows = labels();
    let mut shuffled = rows.clone();
    shuffled.reverse();
    shuffled.swap(3, 30);
    dir.write("l.csv", table(&rows));
    train(&dir, &["-o", "1.safetensors", "--threads", "1"]).done();
    dir.write("l.csv", table(&shuffled));
    train(&dir, &["-o", "2.safetensors", "--threads", "2"]).done();
    let bytes = |name: &str| std::fs::read(dir.path(name)).expect("written");
    assert_eq!(bytes("1.safetensors"), bytes("2.safetensors"));
}

#[test]
fn a_trained_model_scores_explains_and_is_evaluated() {
    let dir = Workdir::new();
    dir.write("l.csv", table(&labels()));
    let run = train(&dir, &["-o", "m.safetensors"]).done();
    assert!(
        run.stderr.contains("macro-F1") && run.stderr.contains("most frequent class alone"),
        "{}",
        run.stderr
    );
    dir.write("n.csv", "id,remark\n7,we demand tougher sanctions now\n8,я не знаю чому це так\n9,no\n");
    let run =
        dir.sayso(&["score", "--statements", "n.csv", "--text", "remark", "--model", "m.safetensors"]).done();
    let rows: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(rows.len(), 4, "{}", run.stdout);
    assert!(rows[1].contains("escalation") && rows[1].ends_with(",7"), "{}", rows[1]);
    assert!(!rows[2].contains("escalation") && !rows[2].contains(",ok,"), "{}", rows[2]);
    assert!(rows[3].contains("too_short"), "{}", rows[3]);
    let run = dir.sayso(&["explain", "m.safetensors", "we demand tougher sanctions now"]).done();
    assert!(run.stdout.contains("tougher"), "{}", run.stdout);
    let run = dir.sayso(&["evaluate", "m.safetensors", "l.csv", "--text", "text", "--label", "label"]).done();
    assert!(
        run.stdout.contains("macro-F1") || run.stderr.contains("macro-F1"),
        "{}{}",
        run.stdout,
        run.stderr
    );
}

#[test]
fn a_column_that_is_not_there_names_the_nearest() {
    let dir = Workdir::new();
    dir.write("l.csv", table(&labels()));
    dir.sayso(&["train", "l.csv", "--text", "texts", "--label", "label", "-o", "m.safetensors"]).refused(&[
        "l.csv:1",
        "text, label, story",
        "Did you mean \"text\"?",
    ]);
}

#[test]
fn one_class_and_a_class_of_three() {
    let dir = Workdir::new();
    let one: Vec<String> = labels().into_iter().filter(|row| row.contains("escalation")).collect();
    dir.write("l.csv", table(&one));
    train(&dir, &["-o", "m.safetensors"]).refused(&["axis label", "1 found, at least 2 needed"]);
    let rare: Vec<String> = labels()
        .into_iter()
        .enumerate()
        .filter(|(i, r)| *i < 6 || r.contains("escalation"))
        .map(|(_, r)| r)
        .collect();
    dir.write("l.csv", table(&rare));
    train(&dir, &["-o", "m.safetensors"]).refused(&["restraint", "3", "5"]);
    assert_eq!(dir.list(), ["l.csv"]);
}

#[test]
fn a_class_that_the_axis_does_not_have_is_left_out_and_told() {
    let dir = Workdir::new();
    let neutral = (0..5).map(|i| format!("the weather at the crossing was mild on day {i},neutral,{i}\n"));
    let rows: String = labels().into_iter().chain(neutral).collect();
    dir.write("l.csv", format!("quote,posture,group\n{rows}Nonsense word here,escalate,99\n"));
    let run = dir.sayso(&["train", "l.csv", "-o", "m.safetensors"]).done();
    assert!(run.stderr.contains("l.csv:47") && run.stderr.contains("escalation"), "{}", run.stderr);
}

#[test]
fn all_rows_in_one_group_cannot_be_validated() {
    let dir = Workdir::new();
    let rows: Vec<String> = labels()
        .iter()
        .map(|r| format!("{},same\n", r.trim_end().rsplit_once(',').expect("three cells").0))
        .collect();
    dir.write("l.csv", table(&rows));
    train(&dir, &["-o", "m.safetensors"]).refused(&["group"]);
}

#[test]
fn a_damaged_or_foreign_model_is_refused() {
    let dir = Workdir::new();
    let bytes = std::fs::read(project_arg("models/bundled.safetensors")).expect("it comes with the project");
    dir.write("cut.safetensors", &bytes[..bytes.len() / 2])
        .write("a.txt", "“Yes, we will,” said Anna Petrova.");
    dir.write("text.safetensors", "not a model at all, just words");
    for model in ["cut.safetensors", "text.safetensors"] {
        dir.sayso(&["score", "a.txt", "--model", model, "-o", "s.csv"])
            .refused(&[model, "not a usable model"]);
    }
    dir.sayso(&["score", "a.txt", "--model", "nowhere.safetensors"]).refused(&["nowhere.safetensors"]);
    assert!(!dir.list().contains(&"s.csv".to_string()));
}

#[test]
fn a_column_without_a_text_is_told() {
    let dir = Workdir::new();
    dir.write("t.csv", format!("text,label\n{}", ",yes\n,no\n".repeat(10)));
    dir.sayso(&["train", "t.csv", "--text", "text", "--label", "label", "-o", "m.safetensors"])
        .refused(&["labelled rows: 0 found", "20 rows without a text were passed over"]);
}

#[test]
fn the_summary_of_scores_names_the_model_that_gave_them() {
    let dir = Workdir::new();
    dir.write("n.csv", "text\nWe demand tougher sanctions against the aggressor\n");
    let bundled = project_arg("models/bundled.safetensors");
    let named = |further: &[&str]| {
        let score = ["score", "--statements", "n.csv", "-o", "s.csv", "--force"];
        dir.sayso(&[&score, further].concat()).done();
        let summary: serde_json::Value = serde_json::from_str(&dir.read("s.meta.json")).expect("JSON");
        summary["model_content_blake3"].as_str().expect("a digest").to_string()
    };
    // The model that comes with the program, and the same as a file.
    assert_eq!(named(&[]), named(&["--model", &bundled]));
    assert_eq!(named(&[]).len(), 64);
}

#[test]
fn scores_of_a_statement_do_not_depend_on_its_company_or_the_threads() {
    let dir = Workdir::new();
    let rows: Vec<String> =
        (0..300).map(|i| format!("We demand tougher sanctions number {i} against the aggressor\n")).collect();
    dir.write("one.csv", format!("text\n{}", rows[7])).write("all.csv", format!("text\n{}", rows.concat()));
    let one = dir.sayso(&["score", "--statements", "one.csv"]).done().stdout;
    let all = dir.sayso(&["score", "--statements", "all.csv", "--threads", "1"]).done().stdout;
    assert_eq!(one.lines().nth(1), all.lines().nth(8));
    let two = dir.sayso(&["score", "--statements", "all.csv", "--threads", "2"]).done().stdout;
    assert_eq!(all, two);
}

#[test]
fn a_search_marks_what_it_chose_also_without_folds() {
    let dir = Workdir::new();
    dir.write("l.csv", table(&labels()));
    train(&dir, &["--tune", "--folds", "0", "--c", "1", "-o", "m.safetensors"]).done();
    let card = dir.read("m.card.md");
    assert!(card.contains("Not validated.") && card.contains("| tried | C |"), "{card}");
    assert_eq!(card.matches("(chosen)").count(), 1, "{card}");
    let run = train(&dir, &["--tune=0", "--folds", "3", "--c", "1", "-o", "n.safetensors"]).done();
    assert!(run.stderr.contains("searched on the same folds"), "{}", run.stderr);
    let card = dir.read("n.card.md");
    assert!(
        card.contains("searched on these same folds") && card.contains("C of the model's terms"),
        "{card}"
    );
}

#[test]
fn a_time_limit_that_is_none_is_refused() {
    let dir = Workdir::new();
    dir.write("l.csv", table(&labels()));
    for limit in ["--tune=-5", "--tune=nan", "--tune=soon"] {
        train(&dir, &[limit, "-o", "m.safetensors"])
            .refused(&["--tune", "of at least 0, such as --tune=300"]);
    }
    train(&dir, &["-o", "m.safetensors", "--tune", "5"])
        .refused(&["--tune = 5", "no file 5; write --tune=5"]);
    assert_eq!(dir.list(), ["l.csv"]);
}

#[test]
fn a_label_column_that_is_named_twice_and_a_solver_that_cannot_are_refused() {
    let dir = Workdir::new();
    dir.write("l.csv", table(&labels()));
    dir.sayso(&["train", "l.csv", "--text", "text", "--label", "label,label", "-o", "m.safetensors"])
        .refused(&["--label = label,label", "each column once"]);
    train(&dir, &["--solver", "linfa", "--one-vs-rest", "-o", "m.safetensors"])
        .refused(&["--solver = linfa", "leave --one-vs-rest out"]);
}
