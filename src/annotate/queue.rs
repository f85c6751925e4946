//! In which order statements are served, why, and with what probability a random one was drawn.
//!
//! Inside every outlet the statements are ranked by random numbers that depend on the seed and the statement
//! alone, so that the order of the input does not matter and a larger sample contains the smaller one. The
//! first `m` ranks of an outlet with `N` statements are a simple random sample with inclusion probability
//! `m / N`. Other streams serve from outside the planned sample alone: if they took from its ranks, where the
//! sample ends would depend on what they like, and `m / N` would no longer hold for a sample stopped early.

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
    /// Share of the queue that is the random sample, in (0, 1]; the rest is the other stream.
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
                "The other stream serves from outside the random sample, so its size has to be set first.",
            ));
        }
        Ok(self)
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
    /// Annotators disagree on it.
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
    /// How much the second stream wants it, higher first; `None` when it does not.
    pub merit: Option<f64>,
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
    /// that the order does not give an outlet away. The second stream is shared out among the random one evenly.
    /// It serves none of the first [`Design::sample`] ranks.
    ///
    /// # Arguments
    ///
    /// * `second` - the name of the second stream, for the units with a merit.
    ///
    /// # Example
    ///
    /// ```
    /// use sayso::annotate::{Design, Queue, Stream, Unit};
    ///
    /// let keys: Vec<String> = (0..50).map(|i| format!("s{i}")).collect();
    /// let units: Vec<Unit> = keys.iter().map(|key| Unit { key, outlet: "Herald", merit: None }).collect();
    /// let design = Design { sample: Some(20), twice: 0.0, ..Design::default() };
    /// let queue = Queue::new(&units, &design, Stream::Uncertain);
    /// assert_eq!(queue.slots.len(), 20);
    /// // After the first 5, each had a chance of 5 in 50.
    /// let served: Vec<usize> = queue.slots[..5].iter().map(|slot| slot.item).collect();
    /// let p = queue.sample_probabilities(|item| served.contains(&item));
    /// assert_eq!(p.len(), 5);
    /// assert!(p.values().all(|p| *p == 0.1));
    /// ```
    pub fn new(units: &[Unit<'_>], design: &Design, second: Stream) -> Self {
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
        let in_sample: BTreeSet<usize> = drawn.iter().copied().collect();
        let mut others = if design.random_share < 1.0 { by_merit(units) } else { Vec::new() };
        others.retain(|i| !in_sample.contains(i));
        let slots = mixed(&drawn, &others, design.random_share, second);
        let again: Vec<usize> = drawn.into_iter().filter(|i| draws[*i].twice < design.twice).collect();
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

/// The statements that the second stream wants, best first.
fn by_merit(units: &[Unit<'_>]) -> Vec<usize> {
    let mut wanted: Vec<(f64, usize)> =
        units.iter().enumerate().filter_map(|(i, unit)| Some((unit.merit?, i))).collect();
    wanted.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| units[a.1].key.cmp(units[b.1].key)));
    wanted.into_iter().map(|(_, i)| i).collect()
}

/// Both streams, the random one with its share of every stretch of the queue.
fn mixed(random: &[usize], second: &[usize], share: f64, name: Stream) -> Vec<Slot> {
    let mut random =
        random.iter().map(|i| Slot { item: *i, stream: Stream::Random, again: false }).peekable();
    let mut second = second.iter().map(|i| Slot { item: *i, stream: name, again: false }).peekable();
    let mut slots = Vec::new();
    while random.peek().is_some() || second.peek().is_some() {
        // The random stream is due when its share of the places so far has a place more with this one.
        let place = slots.len() as f64;
        let due = ((place + 1.0) * share).floor() > (place * share).floor();
        let slot = if due {
            random.next().or_else(|| second.next())
        } else {
            second.next().or_else(|| random.next())
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
        if again.contains(&slot.item) {
            waiting.push_back((place + APART, slot.item));
        }
    }
    out.extend(waiting.into_iter().map(|(_, item)| Slot { item, stream: Stream::Random, again: true }));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statements of three outlets: 40, 25 and 7.
    fn keys() -> Vec<(String, &'static str)> {
        let sizes = [("Herald", 40), ("Post", 25), ("Echo", 7)];
        sizes.iter().flat_map(|(o, n)| (0..*n).map(move |i| (format!("{o}:{i}"), *o))).collect()
    }

    fn units<'a>(keys: &'a [(String, &'static str)]) -> Vec<Unit<'a>> {
        // The second stream likes the same statements under every seed, as a model would.
        let merit = |i: usize| i.is_multiple_of(3).then(|| ((i * 37) % 101) as f64);
        keys.iter().enumerate().map(|(i, (key, outlet))| Unit { key, outlet, merit: merit(i) }).collect()
    }

    /// Over 2,000 seeds, how often each statement was in the sample, and the mean of what was recorded for it.
    fn frequencies(design: Design, stop: usize) -> Vec<(f64, f64)> {
        const SEEDS: u64 = 2000;
        let keys = keys();
        let units = units(&keys);
        let mut counts = vec![(0.0, 0.0); units.len()];
        let mut expected: Vec<(f64, f64)> = vec![(0.0, 0.0); units.len()];
        for seed in 0..SEEDS {
            let queue = Queue::new(&units, &Design { seed, ..design }, Stream::Uncertain);
            let served: BTreeSet<usize> = queue.slots.iter().take(stop).map(|slot| slot.item).collect();
            let p = queue.sample_probabilities(|i| served.contains(&i));
            for (i, unit) in units.iter().enumerate() {
                let of_outlet =
                    p.iter().find(|(j, _)| units[**j].outlet == unit.outlet).map_or(0.0, |(_, p)| *p);
                counts[i].0 += f64::from(u8::from(p.contains_key(&i)));
                expected[i].0 += of_outlet;
                expected[i].1 += of_outlet * (1.0 - of_outlet);
            }
        }
        counts.iter().zip(&expected).map(|(c, e)| (c.0 - e.0, e.1)).collect()
    }

    #[test]
    fn over_2000_seeds_every_statement_is_drawn_as_often_as_its_recorded_probability_says() {
        let all = Design { twice: 0.0, ..Design::default() };
        let designs = [
            (Design { sample: Some(10), ..all }, usize::MAX),
            // Stopped before the end, and with another stream and second times in between.
            (Design { sample: Some(20), ..all }, 23),
            (Design { sample: Some(20), random_share: 0.4, twice: 0.2, ..all }, 40),
        ];
        for (design, stop) in designs {
            let off = frequencies(design, stop);
            let mut chi = 0.0;
            let mut cells = 0.0;
            for (difference, variance) in off {
                if variance > 0.0 {
                    let z = difference / variance.sqrt();
                    assert!(z.abs() < 4.2, "z = {z} in {design:?}");
                    chi += z * z;
                    cells += 1.0;
                } else {
                    assert_eq!(difference, 0.0);
                }
            }
            // The squares average 1 up to the finite-population factor, which is below 1 by 1/N alone.
            assert!((chi / cells - 1.0).abs() < 0.5, "{chi} over {cells}");
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter() {
        let keys = keys();
        let forward = units(&keys);
        let names = |units: &[Unit<'_>]| -> Vec<(String, bool)> {
            let queue = Queue::new(units, &Design::default(), Stream::Uncertain);
            queue.slots.iter().map(|s| (units[s.item].key.to_string(), s.again)).collect()
        };
        let mut backward = forward.clone();
        backward.reverse();
        assert_eq!(names(&forward), names(&backward));
    }

    #[test]
    fn a_larger_sample_contains_the_smaller_one() {
        let keys = keys();
        let units = units(&keys);
        let drawn = |sample| -> BTreeSet<usize> {
            let design = Design { sample: Some(sample), ..Design::default() };
            Queue::new(&units, &design, Stream::Uncertain).slots.iter().map(|s| s.item).collect()
        };
        assert!(drawn(5).is_subset(&drawn(12)));
        assert_eq!(drawn(5).len(), 15);
        assert_eq!(drawn(12).len(), 12 + 12 + 7);
    }

    #[test]
    fn a_gap_in_the_ranks_ends_the_sample_there() {
        let keys = keys();
        let units = units(&keys);
        let queue = Queue::new(
            &units,
            &Design { sample: Some(10), twice: 0.0, ..Design::default() },
            Stream::Uncertain,
        );
        let herald: Vec<usize> =
            queue.slots.iter().map(|s| s.item).filter(|i| units[*i].outlet == "Herald").collect();
        let p = queue.sample_probabilities(|i| herald.contains(&i) && i != herald[3]);
        assert_eq!(p.keys().copied().collect::<Vec<_>>().len(), 3);
        assert!(p.values().all(|p| *p == 3.0 / 40.0));
    }

    #[test]
    fn streams_keep_their_shares_and_nothing_is_served_thrice() {
        let keys = keys();
        let units = units(&keys);
        let design = Design { sample: Some(20), random_share: 0.5, twice: 0.3, ..Design::default() };
        let queue = Queue::new(&units, &design, Stream::Uncertain);
        let first: Vec<&Slot> = queue.slots.iter().filter(|s| !s.again).take(12).collect();
        assert_eq!(first.iter().filter(|s| s.stream == Stream::Random).count(), 6);
        for item in 0..units.len() {
            let places: Vec<usize> =
                (0..queue.slots.len()).filter(|p| queue.slots[*p].item == item).collect();
            assert!(places.len() <= 2);
            if let &[one, two] = &places[..] {
                assert!(!queue.slots[one].again && queue.slots[two].again);
                assert!(two - one >= APART || two + 8 >= queue.slots.len(), "{one} and {two}");
            }
        }
    }

    #[test]
    fn shares_out_of_range_are_refused() {
        let with = |random_share, twice, sample| Design { seed: 1, sample, random_share, twice }.check();
        assert!(with(0.2, 0.1, Some(3)).is_ok());
        for bad in
            [with(0.0, 0.1, None), with(f64::NAN, 0.1, None), with(1.0, 1.1, None), with(1.0, 0.0, Some(0))]
        {
            assert!(matches!(bad.expect_err("out of range").kind(), crate::ErrorKind::Argument { .. }));
        }
    }
}
