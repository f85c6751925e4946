//! Do the intervals of `sayso report` hold on labels that `sayso label` served? A made-up annotator labels over HTTP.
//!
//! ```sh
//! cargo run --example coverage_server >> docs/coverage.md
//! ```
//!
//! Each replication draws a world with a known truth, serves it, labels what the server says is next until it is time to
//! stop, ends the server, and compares the outlets from the label file as it lies on the disk. Half of the queue is what
//! the model is unsure of, the random sample is stopped before its end, and a tenth of it is served twice: none of
//! that may show in the intervals. Exits with 1 when a figure leaves its range.

mod page;
#[expect(dead_code, reason = "the studies of the other example need more of the world")]
#[path = "../coverage/world.rs"]
mod world;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::ExitCode;

use page::Page;
use rayon::prelude::*;
use sayso::annotate::{Design, Frame, Server, Session, Settings};
use sayso::corpus::{LabelFile, parse_axes};
use sayso::pipeline::{CompareParams, Comparison, compare};
use sayso::statistics::Draws;
use sayso::types::{AxisScore, AxisSet, LabelledStatement, ScoredStatement, Status};
use world::{Classifier, K, OUTLETS, Quote, Scenario, World};

const REPLICATIONS: usize = 120;
const WORLDS: usize = 5;
/// Statements an outlet that the sample is planned for; the annotator stops before.
const SAMPLE: usize = 40;
/// Places that the annotator serves: with half of them random, some thirty an outlet.
const PLACES: usize = 600;
const CLASSES: [&str; K] = ["low", "middle", "high"];

/// What one replication finds: shares of intervals that hold.
struct Found {
    outlets: f64,
    pairs: f64,
    /// The same, were all labels taken for a random sample.
    mixed: f64,
    labels: usize,
    random: usize,
}

fn main() -> ExitCode {
    let worlds: Vec<World> = (0..WORLDS).map(|w| World::new(w as u64, Scenario::S2)).collect();
    let truths: Vec<Vec<f64>> = worlds.iter().map(World::truth).collect();
    let found: Vec<Found> = (0..REPLICATIONS)
        .into_par_iter()
        .map(|rep| replicate(rep, &worlds[rep % WORLDS], &truths[rep % WORLDS]))
        .collect::<Result<_, _>>()
        .expect("a server on this machine can be asked");
    let n = REPLICATIONS as f64;
    let labels = found.iter().map(|f| f.labels).sum::<usize>() as f64 / n;
    let random = found.iter().map(|f| f.random).sum::<usize>() as f64 / n;
    println!("\n## On labels that `sayso label` served\n");
    println!(
        "Made by `cargo run --example coverage_server >> docs/coverage.md`, which fails when a figure leaves its range.\n"
    );
    println!(
        "{REPLICATIONS} replications of S2 with 50 articles an outlet. A made-up annotator asks a running server what is next, over HTTP, and \
         labels it truly; half of the queue is what the model is unsure of, a tenth of the random half comes twice, and the \
         work stops after {PLACES} places, before the sample of {SAMPLE} an outlet is complete. On average {labels:.0} rows, of which \
         {random:.0} of the random sample, second times included. Outlets are compared from the label file, as `sayso report --gold` does. In brackets the 95 % \
         interval of the figure itself, over replications.\n"
    );
    println!("| figure | measured | wanted | |\n|---|---:|---|---|");
    let rows = [
        row("intervals that hold the truth", &found, |f| f.outlets, 93.0, 97.0),
        row("intervals of differences", &found, |f| f.pairs, 93.0, 97.0),
        row("all labels taken for a random sample (must fail)", &found, |f| f.mixed, 0.0, 92.0),
    ];
    if rows.into_iter().all(|holds| holds) { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn row(name: &str, found: &[Found], of: impl Fn(&Found) -> f64, from: f64, to: f64) -> bool {
    let n = found.len() as f64;
    let mean = found.iter().map(&of).sum::<f64>() / n;
    let variance = found.iter().map(|f| (of(f) - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let half = 196.0 * libm::sqrt(variance / n);
    let mean = 100.0 * mean;
    let holds = (from..=to).contains(&mean);
    let wanted = if from == 0.0 { format!("≤ {to}") } else { format!("{from} to {to}") };
    let verdict = if holds { "holds" } else { "**does not hold**" };
    println!("| {name} | {mean:.1} [{:.1}, {:.1}] | {wanted} | {verdict} |", mean - half, mean + half);
    holds
}

fn replicate(rep: usize, world: &World, truth: &[f64]) -> sayso::Result<Found> {
    let mut d = Draws::new(1900, rep as u64);
    let mut training = world.draw(&mut d, 40, true);
    d.shuffle(&mut training);
    training.truncate(600);
    let classifier = Classifier::fit(training.iter(), 1.0);
    let quotes = world.draw(&mut d, 50, false);
    let statements = scored(&quotes, &classifier.probabilities(&quotes), &mut d);
    let axes = axes()?;
    let rows = serve(rep, &quotes, &statements, &axes)?;
    let random = rows.iter().filter(|row| row.sample_prob.is_some()).count();
    let comparison = compare(&statements, &rows, &axes, &CompareParams::default())?;
    let bare: Vec<LabelledStatement> =
        rows.iter().map(|row| LabelledStatement { sample_prob: None, ..row.clone() }).collect();
    let params = CompareParams { assume_random: true, ..CompareParams::default() };
    let mixed = compare(&statements, &bare, &axes, &params)?;
    Ok(Found {
        outlets: outlets_held(&comparison, truth),
        pairs: pairs_held(&comparison, truth),
        mixed: outlets_held(&mixed, truth),
        labels: rows.len(),
        random,
    })
}

fn axes() -> sayso::Result<AxisSet> {
    let class = |name: &str, id: &str| format!("{name} = {{id = \"{id}\", title = \"{id}\"}}\n");
    let text = ["[[axis]]\nid = \"stance\"\n".to_string()]
        .into_iter()
        .chain(["low", "neutral", "high"].into_iter().zip(CLASSES).map(|(name, id)| class(name, id)))
        .collect::<String>();
    parse_axes(&text, Path::new("axes.toml"))
}

/// The statements as a scored file has them; words are made up, so that no two articles look alike.
fn scored(quotes: &[Quote], p: &[[f64; K]], d: &mut Draws) -> Vec<ScoredStatement> {
    let mut word =
        || (0..3).map(|_| ["ka", "lo", "mi", "ru", "te", "so", "nu", "va"][d.below(8)]).collect::<String>();
    quotes
        .iter()
        .zip(p)
        .enumerate()
        .map(|(i, (quote, p))| {
            let words: Vec<String> = (0..9).map(|_| word()).collect();
            let most = (0..K).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap_or(0);
            let score = AxisScore {
                class: CLASSES[most].into(),
                score: Some(p[2] - p[0]),
                p: p.to_vec(),
                ..AxisScore::none(Status::Ok)
            };
            ScoredStatement {
                statement_id: i.to_string(),
                article: format!("a{}", quote.article),
                outlet: outlet(quote.outlet),
                speaker: format!("Speaker {}", quote.speaker),
                quote: format!("{} {i}", words.join(" ")),
                axes: BTreeMap::from([("stance".to_string(), score)]),
                ..ScoredStatement::default()
            }
        })
        .collect()
}

fn outlet(o: usize) -> String {
    format!("Outlet {o}")
}

/// Serves the statements, labels as many places as the annotator has time for, and reads the label file.
fn serve(
    rep: usize,
    quotes: &[Quote],
    statements: &[ScoredStatement],
    axes: &AxisSet,
) -> sayso::Result<Vec<LabelledStatement>> {
    let truth: HashMap<&str, usize> =
        statements.iter().zip(quotes).map(|(s, q)| (s.quote.as_str(), q.class)).collect();
    // Memory in place of a disk: what is asked here is not whether a crash loses something.
    let shared = Path::new("/dev/shm");
    let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    let folder = folder.expect("a temporary folder");
    let labels = folder.path().join("labels.csv");
    let settings = Settings {
        labels: labels.clone(),
        annotator: "a1".into(),
        axes: axes.clone(),
        design: Design { seed: rep as u64, sample: Some(SAMPLE), random_share: 0.5, twice: 0.1 },
        review: false,
        keep: None,
        clock: || "2026-01-01T00:00:00Z".into(),
    };
    let (frame, _) = Frame::new(Vec::new(), statements.to_vec());
    let server = Server::bind(Session::open(settings, frame)?, 0)?;
    let mut page = Page::open(&server.address()).expect("it listens");
    let served = std::thread::spawn(move || server.run());
    let mut place = None;
    for _ in 0..PLACES {
        let Some(next) = page.next(place).expect("an answer") else { break };
        let quote = page.quote(next).expect("an answer");
        page.label(next, CLASSES[truth[quote.as_str()]]).expect("it is saved");
        place = Some(next);
    }
    page.end().expect("it ends");
    served.join().expect("it does not panic")?;
    Ok(LabelFile::read(&[labels], axes, None)?.rows)
}

fn outlets_held(comparison: &Comparison, truth: &[f64]) -> f64 {
    let groups = &comparison.axes[0].groups;
    let held = (0..OUTLETS).filter(|o| {
        let group = groups.iter().find(|g| g.group == outlet(*o)).expect("every outlet is compared");
        let interval = group.corrected.and_then(|e| e.interval).expect("every outlet has labels");
        interval.low <= truth[*o] && truth[*o] <= interval.high
    });
    held.count() as f64 / OUTLETS as f64
}

fn pairs_held(comparison: &Comparison, truth: &[f64]) -> f64 {
    let of = |name: &str| (0..OUTLETS).find(|o| outlet(*o) == name).map_or(0.0, |o| truth[o]);
    let pairs = &comparison.axes[0].pairs;
    let held = pairs.iter().filter(|pair| {
        let difference = of(&pair.a) - of(&pair.b);
        pair.interval.is_some_and(|i| i.low <= difference && difference <= i.high)
    });
    held.count() as f64 / pairs.len() as f64
}
