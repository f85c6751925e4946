//! Writes a made-up scored corpus and random hand labels, to try `sayso report` on something large.
//!
//! ```sh
//! cargo run --release --example made_up_corpus -- made-up 12 300
//! sayso report made-up/scored.csv --gold made-up/labels.csv -o made-up/report.html
//! ```
//!
//! Outlets, speakers and words are invented. The truth is known here: the model's scores lean otherwise in each outlet,
//! so that its plain averages are wrong and corrected ones are not.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use sayso::Result;
use sayso::corpus::{Format, StatementWriter, bundled_axes};
use sayso::statistics::Draws;
use sayso::types::{Axis, AxisScore, ScoredStatement, Status, TermWeight};

const OUTLETS: [&str; 20] = [
    "Morning Lantern",
    "The Ferry",
    "Harbour Post",
    "Daily Compass",
    "Northern Mirror",
    "Evening Bell",
    "Free Quill",
    "The Weathervane",
    "City Ledger",
    "Riverside Echo",
    "State Gazette",
    "Tower Press",
    "Open Window",
    "The Plough",
    "Market Crier",
    "Signal Hill",
    "The Almanac",
    "Granite News",
    "Blue Pencil",
    "Last Edition",
];
const FIRST: [&str; 8] = ["Ada", "Boris", "Clara", "Dmitri", "Elena", "Felix", "Greta", "Henryk"];
const LAST: [&str; 6] = ["Arendt-Made", "Bellwether", "Corvin", "Drummond-Up", "Elster", "Fabler"];
const HIGH: [&str; 6] = ["aggressor", "solidarity", "sanctions", "independence", "courage", "allies"];
const LOW: [&str; 6] = ["provocation", "puppets", "brotherhood", "western pressure", "stability", "order"];
const PLAIN: [&str; 8] = [
    "We discussed the matter at length",
    "The talks will go on next week",
    "This concerns every family in the region",
    "I have said so before and I say it again",
    "Nobody should be surprised",
    "The figures speak for themselves",
    "It is too early to judge",
    "Our position has not changed",
];

struct World {
    lean: Vec<f64>,
    shift: Vec<f64>,
    mix: Vec<Vec<f64>>,
    stance: Vec<f64>,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let folder = PathBuf::from(args.get(1).map_or("made-up", String::as_str));
    let number = |i: usize, otherwise: usize| args.get(i).and_then(|a| a.parse().ok()).unwrap_or(otherwise);
    let (outlets, articles, labels) = (number(2, 12).clamp(1, 20), number(3, 300), number(4, 100));
    fs::create_dir_all(&folder).map_err(|e| sayso::Error::io(&folder, "create", e))?;
    let axes = bundled_axes();
    let mut writer =
        StatementWriter::create(&folder.join("scored.csv"), Format::Csv, &axes, Vec::new(), false, true)?;
    let worlds: Vec<World> = (0..axes.axes.len()).map(|a| World::new(a as u64, outlets)).collect();
    let mut gold = vec![header(&axes.axes)];
    let mut draws = Draws::new(2, 0);
    for (o, outlet) in OUTLETS.iter().take(outlets).enumerate() {
        let mut truths = Vec::new();
        for g in 0..articles {
            let article = format!("{}-{g:04}", outlet.to_lowercase().replace(' ', "-"));
            let date = format!("2023-{:02}-{:02}", 1 + draws.below(12), 1 + draws.below(28));
            let mood: Vec<f64> = worlds.iter().map(|_| 0.9 * normal(&mut draws)).collect();
            for i in 0..2 + draws.below(5) {
                let made = statement(o, outlet, &article, &date, i, &mood, &axes.axes, &worlds, &mut draws);
                writer.write(&made.0)?;
                truths.push(made);
            }
        }
        let n = truths.len();
        let mut order: Vec<usize> = (0..n).collect();
        draws.shuffle(&mut order);
        let chance = labels.min(n) as f64 / n as f64;
        gold.extend(order.iter().take(labels).map(|i| label_row(&truths[*i], &axes.axes, chance)));
    }
    writer.finish()?;
    let path = folder.join("labels.csv");
    fs::write(&path, gold.join("\n") + "\n").map_err(|e| sayso::Error::io(&path, "write", e))?;
    println!("made up {outlets} outlets × {articles} articles in {}", folder.display());
    Ok(())
}

impl World {
    fn new(axis: u64, outlets: usize) -> Self {
        let mut draws = Draws::new(1, axis);
        let speakers = FIRST.len() * LAST.len();
        let stance = (0..speakers).map(|_| 1.3 * normal(&mut draws)).collect();
        let mut spread = |sd: f64| (0..outlets).map(|_| sd * normal(&mut draws)).collect::<Vec<_>>();
        let (lean, shift) = (spread(0.35), spread(0.5));
        let mut mixes = Draws::new(7, 0);
        let mix = (0..outlets)
            .map(|_| (0..speakers).map(|_| libm::exp(0.9 * normal(&mut mixes))).collect())
            .collect();
        Self { lean, shift, mix, stance }
    }
}

type Made = (ScoredStatement, Vec<usize>);

#[allow(clippy::too_many_arguments, reason = "each is one fact about the made-up statement")]
fn statement(
    o: usize,
    outlet: &str,
    article: &str,
    date: &str,
    i: usize,
    mood: &[f64],
    axes: &[Axis],
    worlds: &[World],
    draws: &mut Draws,
) -> Made {
    let speaker = pick(&worlds[0].mix[o], draws);
    let (mut scores, mut truths) = (BTreeMap::new(), Vec::new());
    let mut words = vec![PLAIN[draws.below(PLAIN.len())].to_string()];
    for (a, (axis, world)) in axes.iter().zip(worlds).enumerate() {
        let noise = libm::log(1.0 / draws.uniform().max(1e-9) - 1.0);
        let eta = world.lean[o] + world.stance[speaker] + mood[a] + noise;
        let truth = usize::from(eta > -0.8) + usize::from(eta > 0.8);
        truths.push(truth);
        let seen = 1.6 * (truth as f64 - 1.0) + world.shift[o] + 1.1 * normal(draws);
        let p = probabilities(seen);
        let class = (0..3).max_by(|x, y| p[*x].total_cmp(&p[*y])).unwrap_or(1);
        let word = if seen > 0.0 { HIGH[draws.below(6)] } else { LOW[draws.below(6)] };
        let terms = vec![TermWeight { term: word.into(), value: (seen * 100.0).round() / 300.0 }];
        if a == 0 {
            words.push(format!("and this is about {word}"));
        }
        let score = AxisScore {
            class: axis.classes()[class].id.clone(),
            score: axis.score(&p),
            p: p.to_vec(),
            status: if p[class] < 0.4 { Status::LowConfidence } else { Status::Ok },
            terms,
        };
        let silent = draws.uniform() < 0.02;
        scores.insert(axis.id.clone(), if silent { AxisScore::none(Status::NoFeatures) } else { score });
    }
    let quote = words.join(", ");
    let name = format!("{} {}", FIRST[speaker % FIRST.len()], LAST[speaker / FIRST.len()]);
    let statement = ScoredStatement {
        statement_id: format!("{article}-{i}"),
        article: article.into(),
        outlet: outlet.into(),
        date: date.into(),
        title: format!("A made-up article, number {article}"),
        start: Some(1000 * i),
        end: Some(1000 * i + quote.chars().count()),
        n_tokens: quote.split_whitespace().count(),
        known_share: 1.0,
        quote: format!("{quote} ({article}, {i})"),
        kind: ["direct", "indirect", "mixed"][draws.below(3)].into(),
        speaker: if draws.uniform() < 0.05 { String::new() } else { name },
        speaker_confidence: Some(if draws.uniform() < 0.1 { 0.4 } else { 0.9 }),
        axes: scores,
        ..ScoredStatement::default()
    };
    (statement, truths)
}

/// Probabilities of low, neutral and high for a score.
fn probabilities(seen: f64) -> [f64; 3] {
    let raw = [libm::exp(-1.1 * seen), 1.6, libm::exp(1.1 * seen)];
    let total: f64 = raw.iter().sum();
    raw.map(|r| (r / total * 1e4).round() / 1e4)
}

fn pick(weights: &[f64], draws: &mut Draws) -> usize {
    let mut left = draws.uniform() * weights.iter().sum::<f64>();
    weights
        .iter()
        .position(|w| {
            left -= w;
            left < 0.0
        })
        .unwrap_or(0)
}

/// A standard normal draw (Box and Muller).
fn normal(draws: &mut Draws) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - draws.uniform()));
    radius * libm::cos(std::f64::consts::TAU * draws.uniform())
}

fn header(axes: &[Axis]) -> String {
    let ids: Vec<&str> = axes.iter().map(|axis| axis.id.as_str()).collect();
    format!("article,start,end,quote,speaker,outlet,date,{},annotator,sample_prob", ids.join(","))
}

fn label_row((s, truths): &Made, axes: &[Axis], chance: f64) -> String {
    let classes: Vec<&str> =
        axes.iter().zip(truths).map(|(axis, t)| axis.classes()[*t].id.as_str()).collect();
    let (start, end) = (s.start.unwrap_or(0), s.end.unwrap_or(0));
    format!(
        "{},{start},{end},\"{}\",{},{},{},{},gold,{chance}",
        s.article,
        s.quote,
        s.speaker,
        s.outlet,
        s.date,
        classes.join(",")
    )
}
