//! The split of a difference into speaker mix, same-speaker statements and exclusive speakers.

use rayon::prelude::*;
use sayso::statistics::{
    Draws, LabelValue, Lambda, Observation, SpokenValue, decompose, prediction_powered, pseudo_outcomes,
};

use crate::REPLICATIONS;
use crate::world::{Classifier, K, More, Quote, VALUES, class_of, class_shares};

const SPEAKERS: usize = 24;
/// Speakers that only one of the two outlets quotes.
const EXCLUSIVE: usize = 4;
const ARTICLES: usize = 60;
const LABELS: usize = 60;
const WORLDS: usize = 4;

struct World {
    stance: Vec<f64>,
    effect: [f64; 2],
    mix: [Vec<f64>; 2],
    speaker_shift: Vec<[f64; K]>,
    outlet_shift: [[f64; K]; 2],
}

impl World {
    fn new(seed: u64) -> Self {
        let mut d = Draws::new(8, seed);
        let stance = (0..SPEAKERS).map(|_| 1.3 * d.normal()).collect();
        let mut mix = |first: usize| {
            let mut weights = [0.0; SPEAKERS];
            for w in &mut weights[first..first + SPEAKERS - EXCLUSIVE] {
                *w = d.gamma(1.5);
            }
            let total: f64 = weights.iter().sum();
            weights.iter().map(|w| w / total).collect()
        };
        let mix = [mix(0), mix(EXCLUSIVE)];
        let mut shift = |sd: f64| [0; K].map(|_| sd * d.normal());
        let speaker_shift = (0..SPEAKERS).map(|_| shift(0.35)).collect();
        Self { stance, effect: [0.35, -0.35], mix, speaker_shift, outlet_shift: [shift(0.4), shift(0.4)] }
    }

    /// The true terms, given which speakers are compared.
    fn truth(&self, shared: &[usize]) -> [f64; 3] {
        let mean = |o: usize, s: usize| {
            let p = class_shares(self.effect[o] + self.stance[s], 1.0);
            p[2] - p[0]
        };
        let total = |o: usize| (0..SPEAKERS).map(|s| self.mix[o][s] * mean(o, s)).sum::<f64>();
        let among = |o: usize| shared.iter().map(|s| self.mix[o][*s]).sum::<f64>();
        let (a, b) = (among(0), among(1));
        let (mut mix, mut statement) = (0.0, 0.0);
        for s in shared {
            let (qa, qb) = (self.mix[0][*s] / a, self.mix[1][*s] / b);
            mix += (qa - qb) * f64::midpoint(mean(0, *s), mean(1, *s));
            statement += f64::midpoint(qa, qb) * (mean(0, *s) - mean(1, *s));
        }
        [mix, statement, total(0) - total(1) - mix - statement]
    }

    fn draw(&self, o: usize, d: &mut Draws) -> Vec<Quote> {
        let mut quotes = Vec::new();
        for g in 0..ARTICLES {
            let mood = d.normal();
            let topic = [0; K].map(|_| 0.45 * d.normal());
            for _ in 0..=d.poisson(3.0) {
                let speaker = d.pick(&self.mix[o]);
                let class = class_of(self.effect[o] + self.stance[speaker] + mood + d.logistic());
                let feature = |k: usize, d: &mut Draws| {
                    let signal = if k == class { 1.95 } else { 0.0 };
                    signal + topic[k] + d.normal() + self.speaker_shift[speaker][k] + self.outlet_shift[o][k]
                };
                let features = (0..K).map(|k| feature(k, d)).collect();
                quotes.push(Quote {
                    outlet: o,
                    article: (o * ARTICLES + g) as u32,
                    speaker,
                    class,
                    features,
                });
            }
        }
        quotes
    }
}

/// How often the intervals of mix, statement and exclusive hold the truth.
pub fn decomposition() -> [f64; 3] {
    let worlds: Vec<World> = (0..WORLDS).map(|w| World::new(w as u64)).collect();
    let found: Vec<[bool; 3]> = (0..REPLICATIONS)
        .into_par_iter()
        .filter_map(|rep| one(&worlds[rep % WORLDS], &mut Draws::new(900, rep as u64)))
        .collect();
    [0, 1, 2].map(|i| found.iter().filter(|held| held[i]).count() as f64 / found.len() as f64)
}

fn one(world: &World, d: &mut Draws) -> Option<[bool; 3]> {
    let mut quotes = world.draw(0, d);
    quotes.extend(world.draw(1, d));
    let p = train(d).probabilities(&quotes);
    let mut observations: Vec<Observation> = quotes
        .iter()
        .zip(&p)
        .map(|(q, p)| Observation {
            group: q.outlet,
            cluster: q.article,
            prediction: p[2] - p[0],
            label: None,
        })
        .collect();
    for o in 0..2 {
        let mut members: Vec<usize> = (0..quotes.len()).filter(|i| quotes[*i].outlet == o).collect();
        let weight = members.len() as f64 / LABELS as f64;
        d.shuffle(&mut members);
        for i in members.into_iter().take(LABELS) {
            observations[i].label =
                Some(LabelValue { value: VALUES[quotes[i].class], relevance: 1.0, weight });
        }
    }
    let lambda = Lambda::pooled(&observations, 2).value;
    let estimates = prediction_powered(&observations, 2, lambda);
    let pseudo = pseudo_outcomes(&observations, &estimates, lambda);
    let side = |o: usize| -> Vec<SpokenValue> {
        let members = quotes.iter().zip(&pseudo).filter(|(q, _)| q.outlet == o);
        members
            .filter_map(|(q, y)| {
                Some(SpokenValue { cluster: q.article, speaker: Some(q.speaker as u32), value: (*y)? })
            })
            .collect()
    };
    let figures: Vec<_> = estimates.into_iter().map(|e| e.expect("both have labels").corrected).collect();
    let df = figures[0].plus(-1.0, &figures[1]).df;
    let parts = decompose(&side(0), &side(1), df)?;
    let shared: Vec<usize> = (0..SPEAKERS).filter(|s| compared(&quotes, *s)).collect();
    let truth = world.truth(&shared);
    Some([0, 1, 2].map(|i| {
        let part = [&parts.mix, &parts.statement, &parts.exclusive][i];
        part.interval(0.95).is_some_and(|x| x.low <= truth[i] && truth[i] <= x.high)
    }))
}

/// Five statements from three articles in both outlets, as in the report.
fn compared(quotes: &[Quote], speaker: usize) -> bool {
    (0..2).all(|o| {
        let articles: Vec<u32> =
            quotes.iter().filter(|q| q.outlet == o && q.speaker == speaker).map(|q| q.article).collect();
        let distinct: std::collections::BTreeSet<u32> = articles.iter().copied().collect();
        articles.len() >= 5 && distinct.len() >= 3
    })
}

/// A classifier trained on 600 statements without outlets or speakers.
fn train(d: &mut Draws) -> Classifier {
    let quotes: Vec<Quote> = (0..600)
        .map(|_| {
            let class = d.pick(&[0.38, 0.22, 0.40]);
            let features =
                (0..K).map(|k| if k == class { 1.95 } else { 0.0 } + 0.7 * d.normal() + d.normal()).collect();
            Quote { outlet: 0, article: 0, speaker: 0, class, features }
        })
        .collect();
    Classifier::fit(quotes.iter(), 1.0)
}
