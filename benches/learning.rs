//! The stages of learning and scoring on made-up statements: `cargo bench --bench learning`.
//!
//! `examples/stages.rs` measures the same stages on tables of your own.

mod made_up;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use linfa::ParamGuard;
use sayso::classifier::{Calibration, LogisticParams};
use sayso::features::{FeatureParams, NgramRange, Passage, Rewriter, Tfidf};
use sayso::model::Model;
use sayso::pipeline::{TrainParams, train};
use std::path::Path;

fn stages(criterion: &mut Criterion) {
    let made = made_up::texts(3000, 40);
    let passages: Vec<Passage<'_>> = made.iter().map(|m| m.text.as_str().into()).collect();
    let bytes: usize = made.iter().map(|m| m.text.len()).sum();
    let words = FeatureParams { chars: None, ..FeatureParams::default() };
    let chars = FeatureParams { words: None, chars: Some(NgramRange::new(3, 5)), ..FeatureParams::default() };

    let mut group = criterion.benchmark_group("features");
    group.throughput(Throughput::Bytes(bytes as u64));
    for (name, params) in [("fit words", &words), ("fit chars", &chars)] {
        group.bench_function(name, |b| b.iter(|| Tfidf::fit(params, Rewriter::default(), &passages)));
    }
    let (tfidf, x) = Tfidf::fit(&words, Rewriter::default(), &passages).expect("there are terms");
    group.bench_function("transform words", |b| b.iter(|| tfidf.transform(&passages)));
    group.finish();

    let mut group = criterion.benchmark_group("classifier");
    let three: Vec<usize> = made.iter().map(|m| m.side).collect();
    let two: Vec<usize> = three.iter().map(|side| (*side).min(1)).collect();
    let ones = vec![1.0; made.len()];
    let params = LogisticParams::new().c(1.0).tolerance(1e-5).check().expect("sound");
    for (name, y, n) in [("two classes", &two, 2), ("three classes", &three, 3)] {
        group.bench_function(name, |b| b.iter(|| params.fit_weighted(&x, y, n, &ones)));
    }
    let fit = params.fit_weighted(&x, &three, 3, &ones).expect("converges");
    let logits = |i: usize| fit.predict_proba(x.row(i)).iter().map(|p| p.ln()).collect::<Vec<_>>();
    let scores: Vec<Vec<f64>> = (0..x.n_rows()).map(logits).collect();
    group.bench_function("calibrate", |b| b.iter(|| Calibration::fit(&scores, &three, &ones, 3)));
    group.finish();

    let mut group = criterion.benchmark_group("model");
    group.throughput(Throughput::Elements(made.len() as u64));
    group.sample_size(10);
    let set = made_up::training_set(&made);
    let once = TrainParams { c: Some(1.0), folds: 0, ..TrainParams::default() };
    group.bench_function("train, one C, no folds", |b| b.iter(|| train(&set, &once)));
    group.bench_function("train, C chosen, five folds", |b| b.iter(|| train(&set, &TrainParams::default())));
    let model = train(&set, &once).expect("trains");
    group.bench_function("probabilities", |b| {
        let mut scorer = model.scorer();
        let mut p = Vec::new();
        b.iter(|| {
            p.clear();
            for passage in &passages {
                scorer.probabilities(*passage, &mut p);
            }
            p.iter().sum::<f64>()
        });
    });
    group.bench_function("scores with terms", |b| b.iter(|| model.score_all(&passages)));
    let saved = model.to_bytes().expect("can be saved");
    group.bench_function("load", |b| b.iter(|| Model::from_bytes(&saved, Path::new("bench"))));
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
