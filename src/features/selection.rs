//! From what the threads counted to one vocabulary.

use rayon::prelude::*;

use super::counter::Counter;
use super::pages::room;
use super::params::{Block, FeatureParams};
use super::table::{AHEAD, KeyTable, prefetch};
use super::vocabulary::Vocabulary;
use crate::{Error, Result};

/// Above this a vocabulary would no longer fit its 32-bit numbers with room to spare.
const MOST_TERMS: usize = 1 << 30;

/// What fitting dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Terms in too few or too many texts.
    pub by_frequency: usize,
    /// Terms beyond `max_features`.
    pub by_limit: usize,
}

/// A term, and where its spelling is found.
#[derive(Clone, Copy)]
struct Candidate {
    key: u64,
    df: u32,
    /// Its bytes among the spellings of a counter.
    start: u32,
    length: u32,
    counter: u16,
    block: u8,
}

impl Candidate {
    /// Block by block, within a block by falling frequency, ties by key.
    fn rank(&self) -> (u64, u64) {
        (u64::from(self.block) << 32 | u64::from(!self.df), self.key)
    }
}

/// Keeps the terms whose frequency is wanted, and numbers them: block by block, within a block by falling frequency,
/// ties by key. The numbers do not depend on which thread counted what.
///
/// # Errors
///
/// [`ErrorKind::Argument`](crate::ErrorKind::Argument) when there are too many distinct terms.
pub(super) fn select(
    counters: &[Counter],
    params: &FeatureParams,
    blocks: Vec<Block>,
    n_texts: usize,
) -> Result<(Vocabulary, Dropped)> {
    let most = params.most_texts(n_texts);
    let wanted = |c: &Candidate| c.df >= params.min_df && c.df <= most;
    let parts: Vec<(usize, Vec<Candidate>)> = match counters {
        [alone] => {
            let mut kept = room(of_counter(0, alone).filter(wanted).count());
            kept.extend(of_counter(0, alone).filter(wanted));
            vec![(alone.keys().len(), kept)]
        }
        _ => {
            let found: Vec<Vec<Vec<Candidate>>> =
                counters.par_iter().enumerate().map(|(number, counter)| dealt(number, counter)).collect();
            let kept = |part| {
                let mut all = merged(&found, part);
                let distinct = all.len();
                all.retain(wanted);
                (distinct, all)
            };
            (0..PARTS).into_par_iter().map(kept).collect()
        }
    };
    let distinct: usize = parts.iter().map(|p| p.0).sum();
    if distinct > MOST_TERMS {
        return Err(Error::argument("distinct terms", distinct, format!("at most {MOST_TERMS}"))
            .with_help("Use fewer texts or shorter n-grams."));
    }
    // Places in spellings are 32-bit numbers too.
    let n_bytes = counters.iter().map(|counter| counter.spellings().len()).sum::<usize>();
    if n_bytes > u32::MAX as usize {
        return Err(Error::argument("bytes of distinct terms", n_bytes, format!("at most {}", u32::MAX))
            .with_help("Use fewer texts or shorter n-grams."));
    }
    let mut kept = match <[_; 1]>::try_from(parts) {
        Ok([(_, kept)]) => kept,
        Err(parts) => {
            let mut kept = room(parts.iter().map(|p| p.1.len()).sum());
            for (_, of_part) in parts {
                kept.extend(of_part);
            }
            kept
        }
    };
    let mut dropped = Dropped { by_frequency: distinct - kept.len(), by_limit: 0 };
    kept.par_sort_unstable_by_key(Candidate::rank);
    if let Some(limit) = params.max_features {
        let before = kept.len();
        let mut of_block = vec![0; blocks.len()];
        kept.retain(|c| {
            of_block[c.block as usize] += 1;
            of_block[c.block as usize] <= limit
        });
        dropped.by_limit = before - kept.len();
    }
    let starts =
        (0..=blocks.len() as u32).map(|b| kept.partition_point(|c| u32::from(c.block) < b) as u32).collect();
    let (table, (bytes, offsets)) = rayon::join(|| table(&kept), || spelled(counters, &kept));
    let df = kept.iter().map(|c| c.df).collect();
    Ok((Vocabulary { bytes, offsets, df, starts, blocks, table }, dropped))
}

fn of_counter(number: usize, counter: &Counter) -> impl Iterator<Item = Candidate> + '_ {
    counter.found().map(move |found| Candidate {
        key: found.key,
        df: found.df,
        start: found.spelled.start,
        length: found.spelled.end - found.spelled.start,
        counter: number as u16,
        block: found.block,
    })
}

/// Keys are put together in so many parts by their upper bits, each small enough for a table that stays in cache.
const PARTS: usize = 64;

/// The terms of a counter, by part.
fn dealt(number: usize, counter: &Counter) -> Vec<Vec<Candidate>> {
    let part = |key: u64| (key >> (u64::BITS - PARTS.ilog2())) as usize;
    let mut sizes = [0; PARTS];
    for key in counter.keys() {
        sizes[part(*key)] += 1;
    }
    let mut parts: Vec<Vec<Candidate>> = sizes.iter().map(|n| Vec::with_capacity(*n)).collect();
    for candidate in of_counter(number, counter) {
        parts[part(candidate.key)].push(candidate);
    }
    parts
}

/// The terms of one part of the keys, counted over all counters.
fn merged(found: &[Vec<Vec<Candidate>>], part: usize) -> Vec<Candidate> {
    let most = found.iter().map(|parts| parts[part].len()).sum();
    let mut table = KeyTable::with_capacity(most);
    let mut all: Vec<Candidate> = Vec::with_capacity(most);
    for candidate in found.iter().flat_map(|parts| &parts[part]) {
        match all.get_mut(table.insert(candidate.key) as usize) {
            Some(known) => known.df += candidate.df,
            None => all.push(*candidate),
        }
    }
    all
}

fn table(kept: &[Candidate]) -> KeyTable {
    let mut table = KeyTable::with_capacity(kept.len());
    for (i, candidate) in kept.iter().enumerate() {
        if let Some(next) = kept.get(i + AHEAD) {
            table.prefetch(next.key);
        }
        table.insert(candidate.key);
    }
    table
}

fn spelled(counters: &[Counter], kept: &[Candidate]) -> (String, Vec<u32>) {
    let (mut bytes, mut offsets) = (String::new(), Vec::with_capacity(kept.len() + 1));
    offsets.push(0);
    for (i, candidate) in kept.iter().enumerate() {
        if let Some(next) = kept.get(i + AHEAD) {
            prefetch(
                counters[usize::from(next.counter)].spellings().as_ptr().wrapping_add(next.start as usize),
            );
        }
        let spellings = counters[usize::from(candidate.counter)].spellings();
        bytes.push_str(&spellings[candidate.start as usize..][..candidate.length as usize]);
        offsets.push(bytes.len() as u32);
    }
    (bytes, offsets)
}
