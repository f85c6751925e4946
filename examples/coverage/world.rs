//! A made-up world whose truth is known: ten outlets, sixty speakers, articles whose statements hang together, and a
//! classifier that errs otherwise in each outlet.

use linfa::prelude::*;
use linfa_logistic::{MultiFittedLogisticRegression, MultiLogisticRegression};
use ndarray::{Array1, Array2};
use sayso::statistics::Draws;

pub const OUTLETS: usize = 10;
pub const SPEAKERS: usize = 60;
pub const K: usize = 3;
pub const VALUES: [f64; K] = [-1.0, 0.0, 1.0];
/// Between the classes, on the latent scale.
const CUT: f64 = 0.7;

/// What separates the classifier's training data from the outlets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scenario {
    /// Classes are more or less frequent, but look the same everywhere.
    S1,
    /// Outlets and speakers have a vocabulary of their own.
    S2,
    /// As S2, with a rare class whose share is estimated.
    S3,
}

/// Normal, logistic, Poisson and gamma draws from uniform ones.
pub trait More {
    fn normal(&mut self) -> f64;
    fn logistic(&mut self) -> f64;
    fn poisson(&mut self, mean: f64) -> usize;
    fn gamma(&mut self, shape: f64) -> f64;
    fn pick(&mut self, weights: &[f64]) -> usize;
}

impl More for Draws {
    /// Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }

    fn logistic(&mut self) -> f64 {
        let u = self.uniform().clamp(1e-15, 1.0 - 1e-15);
        libm::log(u / (1.0 - u))
    }

    fn poisson(&mut self, mean: f64) -> usize {
        let (limit, mut product, mut n) = (libm::exp(-mean), self.uniform(), 0);
        while product > limit {
            product *= self.uniform();
            n += 1;
        }
        n
    }

    /// Marsaglia and Tsang (2000), with the boost for shapes below 1.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = libm::pow(1.0 - self.uniform(), 1.0 / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        loop {
            let x = self.normal();
            let v = libm::pow(1.0 + c * x, 3.0);
            let u = 1.0 - self.uniform();
            if v > 0.0 && libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                return d * v;
            }
        }
    }

    fn pick(&mut self, weights: &[f64]) -> usize {
        let mut left = self.uniform() * weights.iter().sum::<f64>();
        let found = weights.iter().position(|w| {
            left -= w;
            left < 0.0
        });
        found.unwrap_or(weights.len() - 1)
    }
}

/// One statement.
#[derive(Clone)]
pub struct Quote {
    pub outlet: usize,
    pub article: u32,
    pub speaker: usize,
    pub class: usize,
    pub features: Vec<f64>,
}

pub struct World {
    scenario: Scenario,
    /// What each speaker tends to say.
    pub stance: Vec<f64>,
    /// Whom each outlet quotes.
    pub mix: Vec<Vec<f64>>,
    /// Which statements each outlet chooses.
    pub effect: Vec<f64>,
    signal: f64,
    outlet_shift: Vec<[f64; K]>,
    speaker_shift: Vec<[f64; K]>,
}

const ARTICLE_EFFECT: f64 = 1.3;

impl World {
    pub fn new(seed: u64, scenario: Scenario) -> Self {
        let mut d = Draws::new(7, seed);
        let mut group: Vec<usize> = (0..SPEAKERS).map(|s| s / (SPEAKERS / 3)).collect();
        d.shuffle(&mut group);
        let stance = group.iter().map(|g| [1.3, -1.3, 0.0][*g] + 0.5 * d.normal()).collect();
        let mut mix = vec![vec![0.0; SPEAKERS]; OUTLETS];
        for (o, weights) in mix.iter_mut().enumerate() {
            let t = o as f64 / (OUTLETS as f64 - 1.0);
            for (g, share) in [0.75 - 0.6 * t, 0.05 + 0.6 * t, 0.2].into_iter().enumerate() {
                let members: Vec<usize> = (0..SPEAKERS).filter(|s| group[*s] == g).collect();
                let raw: Vec<f64> = members.iter().map(|_| d.gamma(0.7)).collect();
                let total: f64 = raw.iter().sum();
                for (s, r) in members.iter().zip(raw) {
                    weights[*s] = share * r / total;
                }
            }
        }
        let mut effect: Vec<f64> = (0..OUTLETS).map(|o| o as f64 / (OUTLETS as f64 - 1.0) - 0.5).collect();
        d.shuffle(&mut effect);
        if scenario == Scenario::S3 {
            for e in &mut effect {
                *e += 2.0;
            }
        }
        let shifted = scenario != Scenario::S1;
        let mut shift = |n: usize, sd: f64| -> Vec<[f64; K]> {
            (0..n).map(|_| [0; K].map(|_| if shifted { sd * d.normal() } else { 0.0 })).collect()
        };
        let (outlet_shift, speaker_shift) = (shift(OUTLETS, 0.4), shift(SPEAKERS, 0.3));
        let signal = if shifted { 1.95 } else { 1.72 };
        Self { scenario, stance, mix, effect, signal, outlet_shift, speaker_shift }
    }

    /// The same world with ten outlets of one true stance; the classifier still errs otherwise in each.
    pub fn equal_outlets(mut self) -> Self {
        let mean: Vec<f64> =
            (0..SPEAKERS).map(|s| self.mix.iter().map(|w| w[s]).sum::<f64>() / OUTLETS as f64).collect();
        self.mix = vec![mean; OUTLETS];
        self.effect = vec![0.0; OUTLETS];
        self
    }

    /// The value of each class in what is estimated: stance, or whether it is the rare class.
    pub fn values(&self) -> [f64; K] {
        if self.scenario == Scenario::S3 { [1.0, 0.0, 0.0] } else { VALUES }
    }

    /// The true figure of each outlet.
    pub fn truth(&self) -> Vec<f64> {
        let values = self.values();
        (0..OUTLETS)
            .map(|o| {
                let of = |s: usize| {
                    let p = class_shares(self.effect[o] + self.stance[s], ARTICLE_EFFECT);
                    p.iter().zip(values).map(|(p, v)| p * v).sum::<f64>()
                };
                self.mix[o].iter().enumerate().map(|(s, w)| w * of(s)).sum()
            })
            .collect()
    }

    /// Statements of all outlets; `training` statements carry a shift of their own.
    pub fn draw(&self, d: &mut Draws, articles: usize, training: bool) -> Vec<Quote> {
        let mut quotes = Vec::new();
        for o in 0..OUTLETS {
            let own = [0; K].map(|_| 0.4 * d.normal() * f64::from(u8::from(self.scenario != Scenario::S1)));
            let shift = if training { own } else { self.outlet_shift[o] };
            for g in 0..articles {
                let mood = ARTICLE_EFFECT * d.normal();
                let topic = [0; K].map(|_| 0.45 * d.normal());
                for _ in 0..=d.poisson(3.0) {
                    let speaker = d.pick(&self.mix[o]);
                    let class = class_of(self.effect[o] + self.stance[speaker] + mood + d.logistic());
                    let features = (0..K)
                        .map(|k| {
                            let signal = if k == class { self.signal } else { 0.0 };
                            signal + topic[k] + d.normal() + shift[k] + self.speaker_shift[speaker][k]
                        })
                        .collect();
                    let article = (o * articles + g) as u32;
                    quotes.push(Quote { outlet: o, article, speaker, class, features });
                }
            }
        }
        quotes
    }
}

pub fn class_of(latent: f64) -> usize {
    usize::from(latent > -CUT) + usize::from(latent > CUT)
}

/// Expected shares of the classes at a latent position, over articles of this spread.
pub fn class_shares(position: f64, spread: f64) -> [f64; K] {
    const STEPS: usize = 1000;
    let below = |at: f64| 1.0 / (1.0 + libm::exp(-at));
    let mut shares = [0.0; K];
    // The normal distribution by equal steps over ± 6 standard deviations.
    let (mut total, step) = (0.0, 12.0 / STEPS as f64);
    for i in 0..STEPS {
        let z = -6.0 + step * (i as f64 + 0.5);
        let weight = libm::exp(-0.5 * z * z);
        let eta = position + spread * z;
        let (low, high) = (below(-CUT - eta), 1.0 - below(CUT - eta));
        for (share, p) in shares.iter_mut().zip([low, 1.0 - low - high, high]) {
            *share += weight * p;
        }
        total += weight;
    }
    shares.map(|s| s / total)
}

/// The classifier: multinomial logistic regression on dense features.
pub struct Classifier(MultiFittedLogisticRegression<f64, usize>);

impl Classifier {
    /// Fits with inverse regularisation strength `c`.
    pub fn fit<'a>(quotes: impl ExactSizeIterator<Item = &'a Quote>, c: f64) -> Self {
        let n = quotes.len();
        let mut classes = Vec::with_capacity(n);
        let mut cells = Vec::new();
        for quote in quotes {
            classes.push(quote.class);
            cells.extend_from_slice(&quote.features);
        }
        let x =
            Array2::from_shape_vec((n, cells.len() / n), cells).expect("every quote has as many features");
        let data = Dataset::new(x, Array1::from_vec(classes));
        let params =
            MultiLogisticRegression::default().alpha(1.0 / c).max_iterations(200).gradient_tolerance(1e-3);
        Self(params.fit(&data).expect("600 statements of three classes can be fitted"))
    }

    /// Probabilities of the three classes; a class that was not in the training data has none.
    pub fn probabilities(&self, quotes: &[Quote]) -> Vec<[f64; K]> {
        let width = quotes[0].features.len();
        let cells: Vec<f64> = quotes.iter().flat_map(|q| q.features.iter().copied()).collect();
        let x =
            Array2::from_shape_vec((quotes.len(), width), cells).expect("every quote has as many features");
        let p = self.0.predict_probabilities(&x);
        let mut out = vec![[1e-9; K]; quotes.len()];
        for (row, shares) in out.iter_mut().zip(p.rows()) {
            for (class, share) in self.0.classes().iter().zip(shares) {
                row[*class] = *share;
            }
        }
        out
    }
}
