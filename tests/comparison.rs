//! The statistics of comparison against public Python packages, on stored figures; `fixtures/comparison.py` makes them.

use sayso::statistics::{
    AgreementCounts, LabelValue, Measurement, Observation, adjusted_count, benjamini_hochberg,
    between_variance, expectation_maximisation, holm, korn_graubard, prediction_powered, student_t_p_value,
    student_t_quantile,
};
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/comparison.json")).expect("the fixture is JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().expect("a list of lists").iter().map(numbers).collect()
}

#[track_caller]
fn near(ours: f64, theirs: f64, tolerance: f64, what: &str) {
    assert!((ours - theirs).abs() <= tolerance, "{what}: {ours} here, {theirs} there");
}

fn counted(ratings: &Value, coders: usize) -> AgreementCounts {
    let mut counts = AgreementCounts::new(4);
    for unit in ratings.as_array().expect("units") {
        let row: Vec<Option<usize>> = unit
            .as_array()
            .expect("ratings")
            .iter()
            .take(coders)
            .map(|v| v.as_u64().map(|c| c as usize))
            .collect();
        counts.add(&row);
    }
    counts
}

#[test]
fn alpha_is_that_of_the_krippendorff_package() {
    let agreement = &fixture()["agreement"];
    let counts = counted(&agreement["ratings"], 3);
    let values = [0.0, 1.0, 2.0, 3.0];
    for (name, level) in [
        ("nominal", Measurement::Nominal),
        ("ordinal", Measurement::Ordinal),
        ("interval", Measurement::Interval(&values)),
    ] {
        let theirs = agreement["alpha"][name].as_f64().expect("a number");
        near(counts.alpha(level).expect("four classes in use"), theirs, 1e-9, name);
    }
}

#[test]
fn kappa_is_that_of_scikit_learn_and_statsmodels() {
    let agreement = &fixture()["agreement"];
    for (coders, name) in [(2, "cohen"), (3, "fleiss")] {
        let ours = counted(&agreement["complete"], coders).kappa().expect("four classes in use");
        near(ours, agreement[name].as_f64().expect("a number"), 1e-9, name);
    }
}

#[test]
fn adjusted_p_values_are_those_of_statsmodels() {
    let many = &fixture()["multiplicity"];
    let p = numbers(&many["p"]);
    for (ours, name) in [(holm(&p), "holm"), (benjamini_hochberg(&p), "bh")] {
        for (x, y) in ours.iter().zip(numbers(&many[name])) {
            near(*x, y, 1e-12, name);
        }
    }
}

#[test]
fn student_t_is_that_of_scipy() {
    let student = &fixture()["student"];
    let (quantiles, p) = (numbers(&student["quantile_975"]), numbers(&student["p_of_2"]));
    for ((df, quantile), p) in numbers(&student["df"]).into_iter().zip(quantiles).zip(p) {
        near(student_t_quantile(0.975, df).expect("df ≥ 1"), quantile, 1e-9 * quantile, "quantile");
        near(student_t_p_value(2.0, df).expect("df ≥ 1"), p, 1e-9, "p value");
    }
}

#[test]
fn binomial_limits_are_those_of_statsmodels() {
    for case in fixture()["limits"].as_array().expect("cases") {
        let (k, n) = (case["k"].as_f64().expect("a count"), case["n"].as_f64().expect("a count"));
        let share = k / n;
        let ours =
            korn_graubard(share, share * (1.0 - share) / n, n as usize, n - 1.0, 0.95).expect("defined");
        let theirs = numbers(&case["interval"]);
        near(ours.low, theirs[0], 1e-9, "lower limit");
        near(ours.high, theirs[1], 1e-9, "upper limit");
    }
}

#[test]
fn the_corrected_mean_is_that_of_ppi_py() {
    let powered = &fixture()["prediction_powered"];
    let (predictions, labels) = (numbers(&powered["predictions"]), numbers(&powered["labels"]));
    let weight = predictions.len() as f64 / labels.len() as f64;
    let observations: Vec<Observation> = predictions
        .iter()
        .enumerate()
        .map(|(i, prediction)| Observation {
            group: 0,
            cluster: i as u32,
            prediction: *prediction,
            label: labels.get(i).map(|value| LabelValue { value: *value, relevance: 1.0, weight }),
        })
        .collect();
    let lambda = powered["lambda"].as_f64().expect("a number");
    let ours = prediction_powered(&observations, 1, lambda).remove(0).expect("labels");
    near(ours.corrected.estimate, powered["mean"].as_f64().expect("a number"), 1e-9, "mean");
    near(ours.labels_only.estimate, powered["labels_only"].as_f64().expect("a number"), 1e-9, "labels");
}

#[test]
fn quantification_is_that_of_quapy() {
    let quantification = &fixture()["quantification"];
    let confusion = rows(&quantification["confusion"]);
    for (counts, theirs) in rows(&quantification["counts"]).iter().zip(rows(&quantification["adjusted"])) {
        let ours = adjusted_count(counts, &confusion).expect("every class is labelled");
        for (x, y) in ours.iter().zip(theirs) {
            near(*x, y, 1e-9, "adjusted count");
        }
    }
    let posteriors = rows(&quantification["posteriors"]);
    let posteriors: Vec<&[f64]> = posteriors.iter().map(Vec::as_slice).collect();
    let (ours, settled) =
        expectation_maximisation(&posteriors, &numbers(&quantification["prior"])).expect("statements");
    assert!(settled);
    // They stop at another rule, so that the last digits differ.
    for (x, y) in ours.iter().zip(numbers(&quantification["emq"])) {
        near(*x, y, 1e-6, "expectation maximisation");
    }
}

#[test]
fn the_variance_between_groups_is_that_of_statsmodels() {
    let between = &fixture()["between"];
    let (ours, _) = between_variance(&numbers(&between["estimates"]), &numbers(&between["variances"]))
        .expect("nine groups");
    near(ours, between["tau2"].as_f64().expect("a number"), 1e-9, "tau squared");
}
