//! In which order statements are served, why, and with what probability a random one was drawn.
//!
//! Inside every outlet the statements are ranked by random numbers that depend on the seed and the statement
//! alone, so that the order of the input does not matter and a larger sample contains the smaller one. The
//! first `m` ranks of an outlet with `N` statements are a simple random sample with inclusion probability
//! `m / N`. Other streams serve from outside the planned sample alone: if they took from its ranks, where the
//! sample ends would depend on what they like, and `m / N` would no longer hold for a sample stopped early. They may
//! serve a statement of the sample a second time, when it is labelled: that moves no end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// How many other statements lie at least between the first and the second time.
const APART: usize = 20;

/// What decides the order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Design {
    /// Seeds every draw.
    pub seed: u64,
    /// Random statements per outlet; all if not given.
    pub sample: Option<usize>,
    /// Share of the queue that is the random sample, in (0, 1]; the rest are the other streams, in turns.
    pub random_share: f64,
    /// Share of the random sample that is served a second time, in [0, 1].
    pub twice: f64,
}

impl Default for Design {
    fn default() -> Self {
        Self { seed: 42, sample: None, random_share: 1.0, twice: 0.1 }
    }
}

impl Design {
    /// Refuses shares out of range.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) that names the option.
    pub fn check(self) -> Result<Self> {
        if !(self.random_share > 0.0 && self.random_share <= 1.0) {
            return Err(Error::argument("--random-share", self.random_share, "a share above 0, at most 1")
                .with_help("Outlets can only be compared on the random part."));
        }
        if !(0.0..=1.0).contains(&self.twice) {
            return Err(Error::argument("--twice", self.twice, "a share from 0 to 1"));
        }
        if self.sample == Some(0) {
            return Err(Error::argument("--sample", 0, "at least 1 statement per outlet"));
        }
        if self.random_share < 1.0 && self.sample.is_none() {
            return Err(Error::argument("--random-share", self.random_share, "a --sample N beside it").with_help(
                "The other streams serve from outside the random sample, so its size has to be set first.",
            ));
        }
        Ok(self)
    }

    /// Refuses a share for other streams when nothing is known that they could serve.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) that names the option.
    pub fn check_streams(&self, wanted: bool) -> Result<()> {
        if self.random_share < 1.0 && !wanted {
            let known = "statements with scores, or labels of two annotators that differ";
            return Err(Error::argument("--random-share", self.random_share, known).with_help(
                "The other streams are what a model is unsure of (name it with --model) and what annotators differ on; leave the option out until there is either.",
            ));
        }
        Ok(())
    }
}

/// Why a statement is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Drawn at random inside its outlet.
    Random,
    /// The model is unsure of it.
    Uncertain,
    /// Annotators disagree on it, or the annotator and the model.
    Disagreement,
    /// The annotator marked it in the text.
    Added,
    /// Outside the sample: the annotator went there.
    Chosen,
}

impl Stream {
    /// The word used in the column `strategy`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Uncertain => "uncertain",
            Self::Disagreement => "disagreement",
            Self::Added => "added",
            Self::Chosen => "chosen",
        }
    }
}

/// What the queue needs to know of a statement.
#[derive(Debug, Clone, Copy)]
pub struct Unit<'a> {
    /// Its key, unique.
    pub key: &'a str,
    /// Its outlet; empty when unknown, which counts as one outlet.
    pub outlet: &'a str,
    /// Which other stream wants it, and how much, higher first; `None` when none does.
    pub merit: Option<(Stream, f64)>,
    /// How much the stream of disagreement wants it a second time; `None` when it does not.
    pub recheck: Option<f64>,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Index of the statement.
    pub item: usize,
    /// Why it is here.
    pub stream: Stream,
    /// True the second time.
    pub again: bool,
}

/// The ranked statements of one outlet.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stratum {
    /// Indices of statements by rank.
    ranked: Vec<usize>,
    /// How many of them the design asks for.
    wanted: usize,
}

/// The order of service.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// The places, first to last.
    pub slots: Vec<Slot>,
    strata: BTreeMap<String, Stratum>,
}

/// The random numbers of one statement.
struct Draw {
    rank: u64,
    jitter: f64,
    twice: f64,
}

impl Draw {
    fn of(seed: u64, key: &str) -> Self {
        let digest = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(key.as_bytes()).finalize();
        let mut random = ChaCha8Rng::from_seed(digest.into());
        // 53 random bits make a double in [0, 1) without rounding.
        let unit = |bits: u64| (bits >> 11) as f64 / (1_u64 << 53) as f64;
        Self { rank: random.next_u64(), jitter: unit(random.next_u64()), twice: unit(random.next_u64()) }
    }
}

impl Queue {
    /// Puts statements in order.
    ///
    /// The outlets' samples advance side by side, each in proportion to its size and at random within that, so
    /// that the order does not give an outlet away. The other streams take turns, and are shared out among the random
    /// one evenly. They serve none of the first [`Design::sample`] ranks, but for second times.
    ///
    /// # Example
    ///
    /// ```
    /// use sayso::annotate::{Design, Queue, Unit};
    ///
    /// let keys: Vec<String> = (0..50).map(|i| format!("s{i}")).collect();
    /// let unit = |key| Unit { key, outlet: "Herald", merit: None, recheck: None };
    /// let units: Vec<Unit> = keys.iter().map(|key| unit(key)).collect();
    /// let design = Design { sample: Some(20), twice: 0.0, ..Design::default() };
    /// let queue = Queue::new(&units, &design);
    /// assert_eq!(queue.slots.len(), 20);
    /// // After the first 5, each had a chance of 5 in 50.
    /// let served: Vec<usize> = queue.slots[..5].iter().map(|slot| slot.item).collect();
    /// let p = queue.sample_probabilities(|item| served.contains(&item));
    /// assert_eq!(p.len(), 5);
    /// assert!(p.values().all(|p| *p == 0.1));
    /// ```
    pub fn new(units: &[Unit<'_>], design: &Design) -> Self {
        let draws: Vec<Draw> = units.iter().map(|unit| Draw::of(design.seed, unit.key)).collect();
        let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, unit) in units.iter().enumerate() {
            members.entry(unit.outlet.to_string()).or_default().push(i);
        }
        let mut strata = BTreeMap::new();
        let mut random: Vec<(f64, usize)> = Vec::new();
        for (outlet, mut ranked) in members {
            ranked.sort_by(|a, b| {
                draws[*a].rank.cmp(&draws[*b].rank).then_with(|| units[*a].key.cmp(units[*b].key))
            });
            let wanted = design.sample.unwrap_or(usize::MAX).min(ranked.len());
            let place = |rank: usize, i: usize| (rank as f64 + draws[i].jitter) / wanted as f64;
            random.extend(ranked[..wanted].iter().enumerate().map(|(rank, i)| (place(rank, *i), *i)));
            strata.insert(outlet, Stratum { ranked, wanted });
        }
        random.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| units[a.1].key.cmp(units[b.1].key)));
        let drawn: Vec<usize> = random.into_iter().map(|(_, i)| i).collect();
        let again: Vec<usize> = drawn.iter().copied().filter(|i| draws[*i].twice < design.twice).collect();
        let others = if design.random_share < 1.0 { others(units, &drawn, &again) } else { Vec::new() };
        let slots = mixed(&drawn, others, design.random_share);
        Self { slots: repeated(slots, &again), strata }
    }

    /// A queue in the given order, without a sample: for adjudication.
    pub fn in_order(items: impl IntoIterator<Item = usize>, stream: Stream) -> Self {
        let slots = items.into_iter().map(|item| Slot { item, stream, again: false }).collect();
        Self { slots, strata: BTreeMap::new() }
    }

    /// The chance with which each statement of the random sample was drawn.
    ///
    /// In an outlet with `N` statements whose first `m` ranks were all served, each of these had the chance
    /// `m / N`. Statements served out of turn are no part of the sample until all ranks before them were served.
    ///
    /// # Returns
    ///
    /// The probabilities, in (0, 1], by statement; a statement that is absent is no part of the sample.
    pub fn sample_probabilities(&self, served: impl Fn(usize) -> bool) -> BTreeMap<usize, f64> {
        let mut probabilities = BTreeMap::new();
        for stratum in self.strata.values() {
            let reached = stratum.ranked[..stratum.wanted].iter().take_while(|i| served(**i)).count();
            let p = reached as f64 / stratum.ranked.len() as f64;
            probabilities.extend(stratum.ranked[..reached].iter().map(|i| (*i, p)));
        }
        probabilities
    }

    /// Statements, wanted and served random ones, by outlet.
    pub fn by_outlet(&self, served: impl Fn(usize) -> bool) -> BTreeMap<&str, (usize, usize, usize)> {
        let count = |s: &Stratum| s.ranked[..s.wanted].iter().filter(|i| served(**i)).count();
        self.strata
            .iter()
            .map(|(outlet, s)| (outlet.as_str(), (s.ranked.len(), s.wanted, count(s))))
            .collect()
    }
}

/// What the other streams serve, in turns, each the most wanted first.
///
/// # Arguments
///
/// * `drawn` - the random sample: no other stream serves of it, but for second times.
/// * `again` - what the random sample serves twice; nothing is served thrice.
fn others(units: &[Unit<'_>], drawn: &[usize], again: &[usize]) -> Vec<Slot> {
    let in_sample: BTreeSet<usize> = drawn.iter().copied().collect();
    let twice: BTreeSet<usize> = again.iter().copied().collect();
    let mut streams: BTreeMap<Stream, Vec<(f64, usize, bool)>> = BTreeMap::new();
    for (i, unit) in units.iter().enumerate() {
        if let Some((stream, merit)) = unit.merit.filter(|_| !in_sample.contains(&i)) {
            streams.entry(stream).or_default().push((merit, i, false));
        }
        if let Some(merit) = unit.recheck.filter(|_| !twice.contains(&i)) {
            streams.entry(Stream::Disagreement).or_default().push((merit, i, true));
        }
    }
    let mut queues: Vec<_> = streams
        .into_iter()
        .map(|(stream, mut wanted)| {
            wanted.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| units[a.1].key.cmp(units[b.1].key)));
            wanted.into_iter().map(move |(_, item, again)| Slot { item, stream, again })
        })
        .collect();
    let mut slots = Vec::new();
    loop {
        let before = slots.len();
        slots.extend(queues.iter_mut().filter_map(Iterator::next));
        if slots.len() == before {
            return slots;
        }
    }
}

/// The random stream with its share of every stretch of the queue, the others between.
fn mixed(random: &[usize], others: Vec<Slot>, share: f64) -> Vec<Slot> {
    let mut random =
        random.iter().map(|i| Slot { item: *i, stream: Stream::Random, again: false }).peekable();
    let mut others = others.into_iter().peekable();
    let mut slots = Vec::new();
    while random.peek().is_some() || others.peek().is_some() {
        // The random stream is due when its share of the places so far has a place more with this one.
        let place = slots.len() as f64;
        let due = ((place + 1.0) * share).floor() > (place * share).floor();
        let slot = if due {
            random.next().or_else(|| others.next())
        } else {
            others.next().or_else(|| random.next())
        };
        slots.extend(slot);
    }
    slots
}

/// The queue with second times, [`APART`] places after the first ones or at the end.
fn repeated(slots: Vec<Slot>, again: &[usize]) -> Vec<Slot> {
    let again: BTreeSet<usize> = again.iter().copied().collect();
    let mut waiting: VecDeque<(usize, usize)> = VecDeque::new();
    let mut out = Vec::with_capacity(slots.len() + again.len());
    for (place, slot) in slots.into_iter().enumerate() {
        while waiting.front().is_some_and(|(due, _)| *due <= place) {
            let Some((_, item)) = waiting.pop_front() else { break };
            out.push(Slot { item, stream: Stream::Random, again: true });
        }
        out.push(slot);
        if !slot.again && again.contains(&slot.item) {
            waiting.push_back((place + APART, slot.item));
        }
    }
    out.extend(waiting.into_iter().map(|(_, item)| Slot { item, stream: Stream::Random, again: true }));
    out
}

#[cfg(test)]
mod tests;
