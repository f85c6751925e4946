//! Processor seconds of each stage of learning and scoring, on tables of your own, as one JSON object.
//!
//! ```sh
//! cargo run --release --example stages -- TRAIN.csv TEST.csv TEXT LABEL [REPEATS] [STAGE,STAGE...]
//! ```
//!
//! Stages are run one after the other, REPEATS times (5), and the median is printed; STAGE is the beginning of a name. `RAYON_NUM_THREADS` sets the number of
//! threads (all cores). For three classes the longest third of the training texts is taken as a class of its own.

use std::error::Error;
use std::time::Instant;

use linfa::ParamGuard;
use rustix::time::{ClockId, clock_gettime};
use sayso::classifier::{LogisticParams, SolverReport};
use sayso::corpus::{TrainingRow, TrainingSet};
use sayso::features::{CsrMatrix, FeatureParams, NgramRange, Passage, Tfidf};
use sayso::model::Model;
use sayso::pipeline::{TrainParams, train};
use sayso::types::{Axis, AxisSet};
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [train_file, test_file, text, label, rest @ ..] = args.as_slice() else {
        return Err("give TRAIN.csv TEST.csv TEXT LABEL [REPEATS] [STAGE,STAGE...]".into());
    };
    let repeats: usize = rest.first().map_or(Ok(5), |n| n.parse())?;
    let stages: Vec<&str> = rest.get(1).map_or_else(Vec::new, |s| s.split(',').collect());
    let wanted = |name: &str| stages.is_empty() || stages.iter().any(|s| name.starts_with(s));
    let (texts, labels) = read(train_file, text, label)?;
    let (test, _) = read(test_file, text, label)?;
    let passages: Vec<Passage<'_>> = texts.iter().map(|t| t.as_str().into()).collect();
    let test_passages: Vec<Passage<'_>> = test.iter().map(|t| t.as_str().into()).collect();
    let mut out = Map::new();
    let megabytes = |texts: &[String]| texts.iter().map(String::len).sum::<usize>() as f64 / 1e6;
    out.insert("train".into(), json!({ "rows": texts.len(), "megabytes": megabytes(&texts) }));
    out.insert("test".into(), json!({ "rows": test.len(), "megabytes": megabytes(&test) }));

    let features = |words, chars| FeatureParams { words, chars, min_df: 2, ..FeatureParams::default() };
    let words = features(Some(NgramRange::new(1, 2)), None);
    let chars = features(None, Some(NgramRange::new(3, 5)));
    let fit = |params: &FeatureParams| Tfidf::fit(params, sayso::features::Rewriter::default(), &passages);
    for (name, params) in [("vectorise words", &words), ("vectorise chars", &chars)] {
        if !wanted(name) {
            continue;
        }
        let ((tfidf, x), taken) = repeat(repeats, || fit(params))?;
        let size = json!({ "terms": tfidf.vocabulary().len(), "entries": x.n_entries() });
        out.insert(name.into(), with(size, &taken));
    }

    let (_, x) = fit(&words)?;
    let two: Vec<usize> = labels.iter().map(|l| usize::from(*l == labels[0])).collect();
    let three = third_class(&texts, &two);
    for (name, y, c, tolerance) in [
        ("solve 2 classes, C 1", &two, 1.0, 1e-5),
        ("solve 2 classes, C 10", &two, 10.0, 1e-5),
        ("solve 3 classes, C 1", &three, 1.0, 1e-4),
    ] {
        if !wanted(name) {
            continue;
        }
        let (report, taken) = repeat(repeats, || solve(&x, y, c, tolerance))?;
        let reached = json!({ "objective": report.objective, "gap": report.gap });
        out.insert(name.into(), with(reached, &taken));
    }

    if wanted("train") {
        let set = training_set(&texts, &two);
        let (_, taken) = repeat(repeats, || model(&set, words.clone()))?;
        out.insert("train words, C 10".into(), with(json!({}), &taken));
    }
    for (name, params) in [("words", words), ("chars", chars)] {
        let name = format!("score {name}");
        if !wanted(&name) {
            continue;
        }
        let model = model(&training_set(&texts, &two), params)?;
        let (_, taken) = repeat(repeats, || Ok::<_, sayso::Error>(score(&model, &test_passages)))?;
        out.insert(name.clone(), with(json!({}), &taken));
        if name == "score words" {
            let short = pieces(&test, 200);
            let short: Vec<Passage<'_>> = short.iter().map(|t| (*t).into()).collect();
            let (_, taken) = repeat(repeats, || Ok::<_, sayso::Error>(score(&model, &short)))?;
            out.insert("score statements".into(), with(json!({ "statements": short.len() }), &taken));
        }
    }
    println!("{}", serde_json::to_string_pretty(&out)?);
    Ok(())
}

fn read(file: &str, text: &str, label: &str) -> Result<(Vec<String>, Vec<String>), Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(file)?;
    let header = reader.headers()?.clone();
    let column =
        |name: &str| header.iter().position(|h| h == name).ok_or_else(|| format!("{file}: no column {name}"));
    let (text, label) = (column(text)?, column(label)?);
    let (mut texts, mut labels) = (Vec::new(), Vec::new());
    for row in reader.records() {
        let row = row?;
        texts.push(row[text].to_string());
        labels.push(row[label].to_string());
    }
    Ok((texts, labels))
}

/// The longest third of the texts becomes class 2.
fn third_class(texts: &[String], two: &[usize]) -> Vec<usize> {
    let mut lengths: Vec<usize> = texts.iter().map(String::len).collect();
    lengths.sort_unstable();
    let long = lengths[lengths.len() * 2 / 3];
    texts.iter().zip(two).map(|(t, y)| if t.len() >= long { 2 } else { *y }).collect()
}

fn solve(x: &CsrMatrix, y: &[usize], c: f64, tolerance: f64) -> sayso::Result<SolverReport> {
    let classes = y.iter().max().map_or(0, |k| k + 1);
    let params = LogisticParams::new().c(c).tolerance(tolerance).check()?;
    let fit = params.fit_weighted(x, y, classes, &vec![1.0; y.len()])?;
    Ok(fit.reports()[0])
}

fn training_set(texts: &[String], y: &[usize]) -> TrainingSet {
    let rows = texts.iter().zip(y).enumerate().map(|(i, (text, y))| TrainingRow {
        text: text.clone(),
        group: i.to_string(),
        weight: 1.0,
        labels: vec![Some(*y)],
        ..TrainingRow::default()
    });
    TrainingSet {
        axes: AxisSet { axes: vec![Axis::nominal("label", ["a".into(), "b".into()])] },
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

fn model(set: &TrainingSet, features: FeatureParams) -> sayso::Result<Model> {
    train(set, &TrainParams { features, c: Some(10.0), folds: 0, ..TrainParams::default() })
}

/// The sum of all probabilities: something that depends on every one.
fn score(model: &Model, passages: &[Passage<'_>]) -> f64 {
    use rayon::prelude::*;
    let scorers = model.scorers();
    passages
        .par_chunks(256)
        .map(|chunk| {
            scorers.with(|scorer| {
                let mut p = Vec::new();
                for passage in chunk {
                    scorer.probabilities(*passage, &mut p);
                }
                p.iter().sum::<f64>()
            })
        })
        .sum()
}

/// Pieces of about so many bytes, cut at blanks.
fn pieces(texts: &[String], size: usize) -> Vec<&str> {
    let mut out = Vec::new();
    for text in texts {
        let mut rest = text.as_str();
        while let Some(end) =
            rest.char_indices().map(|(i, _)| i).find(|i| *i >= size && rest.as_bytes()[*i] == b' ')
        {
            out.push(&rest[..end]);
            rest = &rest[end..];
        }
        out.push(rest);
    }
    out
}

/// What was made, and the seconds of each run: of the processor, by the clock.
fn repeat<T, E>(times: usize, mut run: impl FnMut() -> Result<T, E>) -> Result<(T, Vec<(f64, f64)>), E> {
    let mut taken = Vec::new();
    loop {
        let (clock, cpu) = (Instant::now(), processor());
        let made = run()?;
        taken.push((processor() - cpu, clock.elapsed().as_secs_f64()));
        if taken.len() >= times.max(1) {
            return Ok((made, taken));
        }
    }
}

fn processor() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn with(mut what: Value, taken: &[(f64, f64)]) -> Value {
    let median = |mut of: Vec<f64>| {
        of.sort_by(f64::total_cmp);
        (of[of.len() / 2] * 1e4).round() / 1e4
    };
    what["cpu_s"] = json!(median(taken.iter().map(|t| t.0).collect()));
    what["clock_s"] = json!(median(taken.iter().map(|t| t.1).collect()));
    what
}
