//! Do the intervals of `sayso report` hold what they say? Worlds with a known truth, drawn again and again.
//!
//! ```sh
//! cargo run --release --example coverage > docs/coverage.md
//! ```
//!
//! Prints a table with every figure and the range it must lie in; exits with 1 when one does not. Methods that are known
//! to fail are run as well: if they passed, the worlds would be too easy.

mod checks;
mod split;
mod studies;
mod world;

use std::process::ExitCode;

use studies::Measured;
use world::Scenario;

/// Replications of every study.
const REPLICATIONS: usize = 400;
/// Worlds among which they are shared.
const WORLDS: usize = 5;

struct Row {
    study: String,
    figure: &'static str,
    value: f64,
    from: f64,
    to: f64,
}

fn main() -> ExitCode {
    let mut rows = Vec::new();
    for scenario in [Scenario::S1, Scenario::S2] {
        for labels in [20, 30, 50] {
            let study = format!("{scenario:?}, {labels} labels, 50 articles");
            outlets(&mut rows, &study, &studies::outlets(scenario, labels, 50), scenario == Scenario::S2);
        }
    }
    outlets(&mut rows, "S2, 20 labels, 15 articles", &studies::outlets(Scenario::S2, 20, 15), false);
    for labels in [30, 50] {
        let rare = studies::outlets(Scenario::S3, labels, 50);
        let study = format!("S3 (rare class), {labels} labels, 50 articles");
        push(&mut rows, &study, "Korn–Graubard intervals", 100.0 * rare.korn_graubard, 93.0, 97.5);
        push(&mut rows, &study, "mean absolute bias", rare.bias, 0.0, 0.02);
    }
    let equal = studies::equal_outlets();
    push(
        &mut rows,
        "ten equal outlets, S2",
        "reports with a false claim after Holm",
        100.0 * equal.corrected,
        0.0,
        7.0,
    );
    push(
        &mut rows,
        "ten equal outlets, S2",
        "same, classify and count (must fail)",
        100.0 * equal.counted,
        50.0,
        100.0,
    );
    let parts = split::decomposition();
    for (name, covered) in
        ["speaker mix", "same-speaker statements", "exclusive speakers"].into_iter().zip(parts)
    {
        push(&mut rows, "split of a difference, 60 labels", name, 100.0 * covered, 93.0, 97.5);
    }
    let in_sample = studies::in_sample();
    push(
        &mut rows,
        "labels that also trained, 30 labels",
        "in sample (must fail)",
        100.0 * in_sample.naive,
        0.0,
        85.0,
    );
    push(
        &mut rows,
        "labels that also trained, 30 labels",
        "out of fold by article",
        100.0 * in_sample.crossed,
        93.0,
        97.0,
    );
    let permuted = 100.0 * studies::statement_permutation();
    push(
        &mut rows,
        "two equal outlets",
        "statement permutation rejects at 5 % (must fail)",
        permuted,
        10.0,
        100.0,
    );
    beside(&mut rows);
    print(&rows);
    if rows.iter().all(Row::holds) { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// What stands beside the corrected figures.
fn beside(rows: &mut Vec<Row>) {
    let equal = checks::equal_outlets();
    push(
        rows,
        "ten equal outlets, S2",
        "article permutation rejects at 5 %",
        100.0 * equal.permuted,
        3.0,
        7.0,
    );
    push(rows, "ten equal outlets, S1", "errors said to differ at 5 %", 100.0 * equal.equal_errors, 0.0, 8.0);
    push(
        rows,
        "ten equal outlets, S2",
        "errors rightly said to differ at 5 %",
        100.0 * equal.other_errors,
        25.0,
        100.0,
    );
    let [alone, pairs] = checks::bootstrap();
    push(rows, "S2, 30 labels, bootstrap-t", "intervals that hold the truth", 100.0 * alone, 93.0, 97.5);
    push(rows, "S2, 30 labels, bootstrap-t", "intervals of differences", 100.0 * pairs, 93.0, 97.5);
    let synthetic = 100.0 * checks::synthetic();
    push(
        rows,
        "S2, an outlet without labels",
        "synthetic intervals that hold the truth",
        synthetic,
        92.0,
        99.0,
    );
}

fn push(rows: &mut Vec<Row>, study: &str, figure: &'static str, value: f64, from: f64, to: f64) {
    rows.push(Row { study: study.to_string(), figure, value, from, to });
}

fn outlets(rows: &mut Vec<Row>, study: &str, m: &Measured, control: bool) {
    push(rows, study, "intervals that hold the truth", 100.0 * m.coverage, 93.0, 97.0);
    push(rows, study, "the same, worst outlet", 100.0 * m.worst, 89.0, 100.0);
    push(rows, study, "mean absolute bias", m.bias, 0.0, 0.02);
    push(rows, study, "intervals of differences", 100.0 * m.pairs, 93.0, 97.0);
    if control {
        push(rows, study, "classify and count, independent (must fail)", 100.0 * m.counted, 0.0, 60.0);
    }
}

impl Row {
    fn holds(&self) -> bool {
        (self.from..=self.to).contains(&self.value)
    }
}

fn print(rows: &[Row]) {
    println!("# Do the intervals hold what they say?\n");
    println!(
        "Made by `cargo run --release --example coverage > docs/coverage.md`, which fails when a figure leaves its range.\n"
    );
    println!(
        "{REPLICATIONS} replications of each study, shared among {WORLDS} made-up worlds: ten outlets, sixty speakers,"
    );
    println!(
        "about four statements an article, three classes, a logistic classifier trained on 600 other statements."
    );
    println!(
        "S1: classes differ in frequency alone. S2: outlets and speakers also have their own vocabulary, so that the"
    );
    println!(
        "classifier errs otherwise in each. S3: S2 with a rare class. Intervals are at 95 %; figures are per cent, bias is"
    );
    println!(
        "on the scale from −1 to +1 (S3: 0 to 1). \"Must fail\" marks methods known to be wrong; their range is where they fail.\n"
    );
    println!("| study | figure | measured | wanted | |");
    println!("|---|---|---:|---|---|");
    for row in rows {
        let precise = if row.to <= 1.0 { 3 } else { 1 };
        let wanted = match (row.from, row.to) {
            (from, 100.0) => format!("≥ {from}"),
            (0.0, to) => format!("≤ {to}"),
            (from, to) => format!("{from} to {to}"),
        };
        let verdict = if row.holds() { "holds" } else { "**does not hold**" };
        println!("| {} | {} | {:.precise$} | {wanted} | {verdict} |", row.study, row.figure, row.value);
    }
}
