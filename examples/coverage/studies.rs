//! The studies: what share of intervals hold the truth.

use rayon::prelude::*;
use sayso::statistics::{
    Clustered, Draws, GroupEstimate, LabelValue, Lambda, Observation, holm, korn_graubard, prediction_powered,
};

use crate::world::{Classifier, K, More, OUTLETS, Quote, Scenario, VALUES, World, class_of};
use crate::{REPLICATIONS, WORLDS};

/// What a study of outlets measures.
pub struct Measured {
    pub coverage: f64,
    pub worst: f64,
    pub bias: f64,
    pub pairs: f64,
    pub korn_graubard: f64,
    pub counted: f64,
}

/// What one replication finds: by outlet, error of the estimate and three verdicts; and the share of pairs that hold.
struct Replication {
    world: usize,
    errors: Vec<f64>,
    held: Vec<bool>,
    rare_held: Vec<bool>,
    counted_held: Vec<bool>,
    pairs_held: f64,
}

/// Every replication draws from a stream of its own, so that order and threads do not matter.
pub fn replicate<T: Send>(study: u64, one: impl Fn(usize, &mut Draws) -> T + Sync) -> Vec<T> {
    (0..REPLICATIONS)
        .into_par_iter()
        .map(|rep| one(rep % WORLDS, &mut Draws::new(1000 + study, rep as u64)))
        .collect()
}

/// Ten outlets with `labels` random labels each and `articles` articles each.
pub fn outlets(scenario: Scenario, labels: usize, articles: usize) -> Measured {
    let worlds: Vec<World> = (0..WORLDS).map(|w| World::new(w as u64, scenario)).collect();
    let truths: Vec<Vec<f64>> = worlds.iter().map(World::truth).collect();
    let study = labels as u64 * 100 + articles as u64 * 10 + scenario as u64;
    let found = replicate(study, |w, d| one(&worlds[w], &truths[w], w, labels, articles, d));
    let share = |held: &dyn Fn(&Replication) -> &Vec<bool>| {
        let all: Vec<bool> = found.iter().flat_map(|r| held(r).iter().copied()).collect();
        all.iter().filter(|h| **h).count() as f64 / all.len() as f64
    };
    let of_outlet = |o: usize| found.iter().filter(|r| r.held[o]).count() as f64 / found.len() as f64;
    let mut cells = Vec::new();
    for w in 0..WORLDS {
        for o in 0..OUTLETS {
            let errors: Vec<f64> = found.iter().filter(|r| r.world == w).map(|r| r.errors[o]).collect();
            cells.push((errors.iter().sum::<f64>() / errors.len() as f64).abs());
        }
    }
    Measured {
        coverage: share(&|r| &r.held),
        worst: (0..OUTLETS).map(of_outlet).fold(1.0, f64::min),
        bias: cells.iter().sum::<f64>() / cells.len() as f64,
        pairs: found.iter().map(|r| r.pairs_held).sum::<f64>() / found.len() as f64,
        korn_graubard: share(&|r| &r.rare_held),
        counted: share(&|r| &r.counted_held),
    }
}

fn one(
    world: &World,
    truth: &[f64],
    number: usize,
    labels: usize,
    articles: usize,
    d: &mut Draws,
) -> Replication {
    let classifier = train(world, d);
    let quotes = world.draw(d, articles, false);
    let p = classifier.probabilities(&quotes);
    let observations = observe(&quotes, &p, &world.values(), labels, d);
    let estimates = corrected(&observations);
    let counted = count(&quotes, &p, &world.values());
    let mut r = Replication {
        world: number,
        errors: Vec::new(),
        held: Vec::new(),
        rare_held: Vec::new(),
        counted_held: Vec::new(),
        pairs_held: 0.0,
    };
    for o in 0..OUTLETS {
        let e = &estimates[o];
        let x = &e.corrected;
        r.errors.push(x.estimate - truth[o]);
        r.held.push(holds(x, truth[o]));
        let rare = korn_graubard(x.estimate, x.variance(), e.n_labelled, x.df, 0.95);
        r.rare_held.push(rare.is_some_and(|i| i.low <= truth[o] && truth[o] <= i.high));
        let (mean, se) = counted[o];
        r.counted_held.push((mean - truth[o]).abs() <= 1.959_964 * se);
    }
    let mut held = 0;
    for a in 0..OUTLETS {
        for b in 0..a {
            let difference = estimates[a].corrected.plus(-1.0, &estimates[b].corrected);
            held += usize::from(holds(&difference, truth[a] - truth[b]));
        }
    }
    r.pairs_held = held as f64 / (OUTLETS * (OUTLETS - 1) / 2) as f64;
    r
}

pub fn holds(x: &Clustered, truth: f64) -> bool {
    x.interval(0.95).is_some_and(|i| i.low <= truth && truth <= i.high)
}

/// A classifier trained on 600 statements from elsewhere.
pub fn train(world: &World, d: &mut Draws) -> Classifier {
    let mut quotes = world.draw(d, 40, true);
    d.shuffle(&mut quotes);
    quotes.truncate(600);
    Classifier::fit(quotes.iter(), 1.0)
}

/// A simple random sample of statements is labelled in each outlet.
pub fn observe(
    quotes: &[Quote],
    p: &[[f64; K]],
    values: &[f64; K],
    labels: usize,
    d: &mut Draws,
) -> Vec<Observation> {
    let mut chosen = vec![None; quotes.len()];
    for o in 0..OUTLETS {
        let mut members: Vec<usize> = (0..quotes.len()).filter(|i| quotes[*i].outlet == o).collect();
        let weight = members.len() as f64 / labels.min(members.len()) as f64;
        d.shuffle(&mut members);
        for i in members.into_iter().take(labels) {
            chosen[i] = Some(LabelValue { value: values[quotes[i].class], relevance: 1.0, weight });
        }
    }
    let expected = |p: &[f64; K]| p.iter().zip(values).map(|(p, v)| p * v).sum();
    quotes
        .iter()
        .zip(p)
        .zip(chosen)
        .map(|((q, p), label)| Observation {
            group: q.outlet,
            cluster: q.article,
            prediction: expected(p),
            label,
        })
        .collect()
}

/// What the report computes.
fn corrected(observations: &[Observation]) -> Vec<GroupEstimate> {
    let lambda = Lambda::pooled(observations, OUTLETS).value;
    let found = prediction_powered(observations, OUTLETS, lambda);
    found.into_iter().map(|e| e.expect("every outlet has labels")).collect()
}

/// Classify and count, with the standard error of independent statements.
fn count(quotes: &[Quote], p: &[[f64; K]], values: &[f64; K]) -> Vec<(f64, f64)> {
    let top = |p: &[f64; K]| (0..K).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap_or(0);
    (0..OUTLETS)
        .map(|o| {
            let x: Vec<f64> =
                quotes.iter().zip(p).filter(|(q, _)| q.outlet == o).map(|(_, p)| values[top(p)]).collect();
            let n = x.len() as f64;
            let mean = x.iter().sum::<f64>() / n;
            let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
            (mean, libm::sqrt(variance / n))
        })
        .collect()
}

/// Shares of reports with at least one false claim.
pub struct FalseClaims {
    pub corrected: f64,
    pub counted: f64,
}

/// Ten outlets of equal stance: every claim is false.
pub fn equal_outlets() -> FalseClaims {
    let worlds: Vec<World> =
        (0..WORLDS).map(|w| World::new(w as u64, Scenario::S2).equal_outlets()).collect();
    let found = replicate(1, |w, d| {
        let classifier = train(&worlds[w], d);
        let quotes = worlds[w].draw(d, 50, false);
        let p = classifier.probabilities(&quotes);
        let estimates = corrected(&observe(&quotes, &p, &VALUES, 30, d));
        let counted = count(&quotes, &p, &VALUES);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for a in 0..OUTLETS {
            for b in 0..a {
                ours.extend(estimates[a].corrected.plus(-1.0, &estimates[b].corrected).p_value());
                let ((x, s), (y, t)) = (counted[a], counted[b]);
                theirs.push(libm::erfc((x - y).abs() / libm::sqrt(2.0 * (s * s + t * t))));
            }
        }
        let claims = |p: &[f64]| holm(p).into_iter().any(|p| p < 0.05);
        (claims(&ours), claims(&theirs))
    });
    let n = found.len() as f64;
    FalseClaims {
        corrected: found.iter().filter(|f| f.0).count() as f64 / n,
        counted: found.iter().filter(|f| f.1).count() as f64 / n,
    }
}

/// Coverage when the labels also trained the model.
pub struct Reused {
    pub naive: f64,
    pub crossed: f64,
}

/// Words that articles have of their own, so that a model can learn its training articles by heart.
const OWN_WORDS: usize = 150;
const FOLDS: usize = 5;
/// Much data, so that the model remembers: inverse regularisation strength.
const C: f64 = 0.1;

/// 300 labels train the model and correct it: with its own predictions for them, and with those of models that had not
/// seen their article.
pub fn in_sample() -> Reused {
    let worlds: Vec<World> = (0..WORLDS).map(|w| World::new(w as u64, Scenario::S2)).collect();
    let truths: Vec<Vec<f64>> = worlds.iter().map(World::truth).collect();
    let found = replicate(2, |w, d| {
        let mut quotes = worlds[w].draw(d, 50, false);
        remember_articles(&mut quotes, d);
        let zero = vec![[0.0; K]; quotes.len()];
        let chosen = observe(&quotes, &zero, &VALUES, 30, d);
        let labelled: Vec<usize> = (0..quotes.len()).filter(|i| chosen[*i].label.is_some()).collect();
        let full = Classifier::fit(labelled.iter().map(|i| &quotes[*i]).collect::<Vec<_>>().into_iter(), C);
        let naive = full.probabilities(&quotes);
        let mut folds: Vec<usize> = (0..OUTLETS * 50).map(|g| g % FOLDS).collect();
        d.shuffle(&mut folds);
        let mut crossed = naive.clone();
        for fold in 0..FOLDS {
            let rest: Vec<&Quote> =
                labelled.iter().map(|i| &quotes[*i]).filter(|q| folds[q.article as usize] != fold).collect();
            let held: Vec<usize> =
                (0..quotes.len()).filter(|i| folds[quotes[*i].article as usize] == fold).collect();
            let subset: Vec<Quote> = held.iter().map(|i| quotes[*i].clone()).collect();
            for (i, p) in held.iter().zip(Classifier::fit(rest.into_iter(), C).probabilities(&subset)) {
                crossed[*i] = p;
            }
        }
        let held = |p: &[[f64; K]]| {
            let mut with = chosen.clone();
            for (o, p) in with.iter_mut().zip(p) {
                o.prediction = p[2] - p[0];
            }
            let estimates = corrected(&with);
            (0..OUTLETS).filter(|o| holds(&estimates[*o].corrected, truths[w][*o])).count()
        };
        (held(&naive), held(&crossed))
    });
    let n = (found.len() * OUTLETS) as f64;
    Reused {
        naive: found.iter().map(|f| f.0).sum::<usize>() as f64 / n,
        crossed: found.iter().map(|f| f.1).sum::<usize>() as f64 / n,
    }
}

fn remember_articles(quotes: &mut [Quote], d: &mut Draws) {
    let mut topic = (u32::MAX, Vec::new());
    for quote in quotes {
        if quote.article != topic.0 {
            topic = (quote.article, (0..OWN_WORDS).map(|_| 0.8 * d.normal()).collect());
        }
        quote.features.extend(topic.1.iter().map(|t| 0.7 * t + 0.7 * d.normal()));
    }
}

/// Two equal outlets of 50 articles, perfect labels: how often permuting statements, not articles, finds a difference.
pub fn statement_permutation() -> f64 {
    const PERMUTATIONS: usize = 499;
    let rejected = replicate(3, |_, d| {
        let mut draw = || {
            let mut values = Vec::new();
            for _ in 0..50 {
                let mood = 1.3 * d.normal();
                for _ in 0..=d.poisson(3.0) {
                    values.push(VALUES[class_of(mood + d.logistic())]);
                }
            }
            values
        };
        let (a, b) = (draw(), draw());
        let mut all = [a.as_slice(), b.as_slice()].concat();
        let gap = |all: &[f64]| {
            let (x, y) = all.split_at(a.len());
            (x.iter().sum::<f64>() / x.len() as f64 - y.iter().sum::<f64>() / y.len() as f64).abs()
        };
        let seen = gap(&all);
        let mut larger = 0;
        for _ in 0..PERMUTATIONS {
            d.shuffle(&mut all);
            larger += usize::from(gap(&all) >= seen - 1e-12);
        }
        (1 + larger) * 20 <= PERMUTATIONS + 1
    });
    rejected.iter().filter(|r| **r).count() as f64 / rejected.len() as f64
}
