//! Agreement with scikit-learn, on a fixture that `tests/fixtures/make_sklearn_oracles.py` makes.

use std::collections::BTreeMap;

use linfa::ParamGuard;
use sayso::classifier::{Calibration, LogisticParams, Solver, most_probable};
use sayso::features::{CsrMatrix, FeatureParams, NgramRange, Passage, Rewriter, Tfidf};
use sayso::statistics::{Confusion, Reliability};
use serde::Deserialize;

#[derive(Deserialize)]
struct Oracles {
    texts: Vec<String>,
    labels: Vec<usize>,
    tfidf: Vec<Vectorised>,
    binary: Vec<Optimum>,
    multinomial: Vec<Optimum>,
    platt: Platt,
    losses: Losses,
}

#[derive(Deserialize)]
struct Vectorised {
    name: String,
    terms: BTreeMap<String, f64>,
    rows: Vec<BTreeMap<String, f64>>,
}

#[derive(Deserialize)]
struct Optimum {
    c: f64,
    objective: f64,
    p: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Platt {
    scores: Vec<f64>,
    hits: Vec<usize>,
    a: f64,
    b: f64,
}

#[derive(Deserialize)]
struct Losses {
    p: Vec<Vec<f64>>,
    y: Vec<usize>,
    log_loss: f64,
    brier: f64,
    macro_f1: f64,
    weighted_f1: f64,
}

fn oracles() -> Oracles {
    serde_json::from_str(include_str!("fixtures/sklearn_oracles.json")).expect("the fixture is whole")
}

fn words(oracles: &Oracles) -> (Tfidf, CsrMatrix) {
    let params = FeatureParams {
        words: Some(NgramRange::new(1, 2)),
        chars: None,
        min_df: 1,
        ..FeatureParams::default()
    };
    let passages: Vec<Passage<'_>> = oracles.texts.iter().map(|t| t.as_str().into()).collect();
    Tfidf::fit(&params, Rewriter::default(), &passages).expect("there are terms")
}

fn assert_same(oracle: &Vectorised, tfidf: &Tfidf, x: &CsrMatrix) {
    let vocabulary = tfidf.vocabulary();
    let ours: BTreeMap<&str, f64> =
        (0..vocabulary.len()).map(|j| (vocabulary.term(j), f64::from(tfidf.idf()[j]))).collect();
    let theirs: Vec<&str> = oracle.terms.keys().map(String::as_str).collect();
    assert_eq!(ours.keys().copied().collect::<Vec<_>>(), theirs, "{}", oracle.name);
    for (term, idf) in &oracle.terms {
        assert!((ours[term.as_str()] - idf).abs() < 1e-6, "{}: idf of {term:?}", oracle.name);
    }
    for (i, row) in oracle.rows.iter().enumerate() {
        assert_eq!(x.row(i).columns.len(), row.len(), "{}: row {i}", oracle.name);
        for (j, value) in x.row(i).iter() {
            assert!(
                (value - row[vocabulary.term(j)]).abs() < 1e-6,
                "{}: row {i}, {:?}",
                oracle.name,
                vocabulary.term(j)
            );
        }
    }
}

#[test]
fn tfidf_has_the_same_terms_and_values() {
    let oracles = oracles();
    let (tfidf, x) = words(&oracles);
    assert_same(&oracles.tfidf[0], &tfidf, &x);
    let params = FeatureParams { words: None, ..FeatureParams::default() };
    let passages: Vec<Passage<'_>> = oracles.texts.iter().map(|t| t.as_str().into()).collect();
    let (tfidf, x) = Tfidf::fit(&params, Rewriter::default(), &passages).expect("there are terms");
    assert_same(&oracles.tfidf[1], &tfidf, &x);
    assert_eq!(tfidf.transform(&passages), x);
}

#[test]
fn both_solvers_reach_the_same_optimum() {
    let oracles = oracles();
    let (_, x) = words(&oracles);
    let binary: Vec<usize> = oracles.labels.iter().map(|y| usize::from(*y == 2)).collect();
    for (y, n_classes, optima) in [(&binary, 2, &oracles.binary), (&oracles.labels, 3, &oracles.multinomial)]
    {
        for optimum in optima {
            for solver in [Solver::Sparse, Solver::Linfa] {
                let params = LogisticParams::new().c(optimum.c).tolerance(1e-10).solver(solver);
                let params = params.max_iterations(1000).check().expect("sound");
                let fit = params.fit_weighted(&x, y, n_classes, &vec![1.0; y.len()]).expect("converges");
                let reached = fit.reports()[0].objective;
                assert!(
                    (reached / optimum.objective - 1.0).abs() < 1e-6,
                    "{solver:?}, {n_classes} classes, C {}: {reached} against {}",
                    optimum.c,
                    optimum.objective
                );
                for (i, p) in optimum.p.iter().enumerate() {
                    for (ours, theirs) in fit.predict_proba(x.row(i)).iter().zip(p) {
                        assert!((ours - theirs).abs() < 1e-4, "{solver:?}, C {}, row {i}", optimum.c);
                    }
                }
            }
        }
    }
}

#[test]
fn platt_finds_the_same_curve() {
    let Platt { scores, hits, a, b } = oracles().platt;
    let scores: Vec<Vec<f64>> = scores.into_iter().map(|z| vec![z]).collect();
    let Calibration::Platt { slope, intercept } = Calibration::fit(&scores, &hits, &vec![1.0; hits.len()], 2)
    else {
        panic!("fitted")
    };
    // Both stop when the gradient is small, not at the last digit.
    assert!((slope + a).abs() < 1e-3 && (intercept + b).abs() < 1e-3, "{slope} {intercept} against {a} {b}");
}

#[test]
fn losses_and_f1_are_the_same() {
    let Losses { p, y, log_loss, brier, macro_f1, weighted_f1 } = oracles().losses;
    let r = Reliability::measure(&p, &y, 1);
    assert!((r.log_loss - log_loss).abs() < 1e-12 && (r.brier - brier).abs() < 1e-12);
    let confusion = Confusion::from_pairs(3, y.iter().copied().zip(p.iter().map(|p| most_probable(p))));
    assert!((confusion.macro_f1() - macro_f1).abs() < 1e-12);
    assert!((confusion.weighted_f1() - weighted_f1).abs() < 1e-12);
}
