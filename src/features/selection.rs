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

/// A vocabulary chosen among what counters found.
pub(super) struct Selection {
    pub(super) vocabulary: Vocabulary,
    /// For each counter what [`Counter::into_numbered`] asks for.
    pub(super) numbers: Vec<Vec<u32>>,
    pub(super) dropped: Dropped,
}

/// A term, and where its spelling is found.
#[derive(Clone, Copy)]
struct Candidate {
    key: u64,
    df: u32,
    /// What a counter knows it by.
    id: u32,
    counter: u16,
    block: u8,
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
) -> Result<Selection> {
    let most = params.most_texts(n_texts);
    let wanted = |c: &Candidate| c.df >= params.min_df && c.df <= most;
    let parts: Vec<(usize, Vec<Candidate>)> = match counters {
        [alone] => {
            let mut kept = room(of_counter(0, alone).filter(wanted).count());
            kept.extend(of_counter(0, alone).filter(wanted));
            vec![(alone.keys().len() + alone.firsts().len(), kept)]
        }
        _ => {
            let found: Vec<Vec<Dealt>> =
                counters.par_iter().enumerate().map(|(number, counter)| dealt(number, counter)).collect();
            let kept = |part| {
                let (distinct, mut all) = merged(&found, part);
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
    let n_bytes = counters.iter().map(Counter::n_bytes).sum::<usize>();
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
    kept = ranked(&kept, blocks.len(), n_texts);
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
    let keys = kept.iter().map(|c| c.key).collect();
    let (table, (bytes, offsets)) = rayon::join(|| KeyTable::from_keys(keys), || spelled(counters, &kept));
    let Some(table) = table else { return Err(taken_for_each_other(kept.len())) };
    let numbers = numbers(counters, &kept, &table);
    let df = kept.iter().map(|c| c.df).collect();
    Ok(Selection { vocabulary: Vocabulary { bytes, offsets, df, starts, blocks, table }, numbers, dropped })
}

fn of_counter(number: usize, counter: &Counter) -> impl Iterator<Item = Candidate> + '_ {
    counter.found().zip(0..).map(move |(found, id)| Candidate {
        key: found.key,
        df: found.df,
        id,
        counter: number as u16,
        block: found.block,
    })
}

/// Keys are put together in so many parts by their upper bits, each small enough for a table that stays in cache.
const PARTS: usize = 64;

/// What a counter found of one part of the keys.
#[derive(Default)]
struct Dealt {
    terms: Vec<Candidate>,
    firsts: Vec<u64>,
}

/// What a counter found, by part.
fn dealt(number: usize, counter: &Counter) -> Vec<Dealt> {
    let part = |key: u64| (key >> (u64::BITS - PARTS.ilog2())) as usize;
    let mut parts: Vec<Dealt> = (0..PARTS).map(|_| Dealt::default()).collect();
    // As keys are spread evenly, all parts are about as large.
    let share = |n: usize| n / PARTS + n / PARTS / 8;
    for part in &mut parts {
        part.terms.reserve(share(counter.keys().len()));
        part.firsts.reserve(share(counter.firsts().len()));
    }
    of_counter(number, counter).for_each(|candidate| parts[part(candidate.key)].terms.push(candidate));
    counter.firsts().iter().for_each(|key| parts[part(*key)].firsts.push(*key));
    parts
}

/// How many n-grams one part of the keys has, and those of them that became terms, counted over all counters.
fn merged(found: &[Vec<Dealt>], part: usize) -> (usize, Vec<Candidate>) {
    let most = found.iter().map(|parts| parts[part].terms.len()).sum();
    let mut table = KeyTable::with_capacity(most);
    let mut all: Vec<Candidate> = Vec::with_capacity(most);
    for candidate in found.iter().flat_map(|parts| &parts[part].terms) {
        match all.get_mut(table.insert(candidate.key) as usize) {
            Some(known) => known.df += candidate.df,
            None => all.push(*candidate),
        }
    }
    // What was met first by one counter may be a term of another.
    let mut n_once = 0;
    for key in found.iter().flat_map(|parts| &parts[part].firsts) {
        match table.number(*key) {
            0 => n_once += 1,
            number => all[number as usize - 1].df += 1,
        }
    }
    (all.len() + n_once, all)
}

/// Candidates block by block, within a block by falling frequency, ties by key.
///
/// They are counted out: by block and frequency first, then, as keys are spread evenly, by the place that a key has among so many.
/// What is left to sort are the few that share a place.
fn ranked(found: &[Candidate], n_blocks: usize, n_texts: usize) -> Vec<Candidate> {
    let group = |c: &Candidate| c.block as usize * n_texts + n_texts - c.df as usize;
    let mut begins = vec![0_u32; n_blocks * n_texts + 1];
    for candidate in found {
        begins[group(candidate) + 1] += 1;
    }
    for i in 1..begins.len() {
        begins[i] += begins[i - 1];
    }
    let place = |candidate: &Candidate| {
        let (from, to) = (begins[group(candidate)], begins[group(candidate) + 1]);
        from as usize + ((u128::from(candidate.key) * u128::from(to - from)) >> u64::BITS) as usize
    };
    let mut ends = vec![0_u32; found.len()];
    for candidate in found {
        ends[place(candidate)] += 1;
    }
    let mut end = 0;
    for at in &mut ends {
        end += std::mem::replace(at, end);
    }
    let mut ranked = room(found.len());
    ranked.extend_from_slice(found);
    for candidate in found {
        let at = &mut ends[place(candidate)];
        ranked[*at as usize] = *candidate;
        *at += 1;
    }
    let mut from = 0;
    for to in ends {
        let same = &mut ranked[from as usize..to as usize];
        if same.len() > 1 {
            same.sort_unstable_by_key(|candidate| candidate.key);
        }
        from = to;
    }
    ranked
}

/// The error for terms that a table cannot tell apart.
pub(super) fn taken_for_each_other(n: usize) -> Error {
    Error::argument("distinct terms", n, "terms that can be told apart")
        .with_help("Two terms were made to be taken for each other: leave out texts that are no language.")
}

/// For each counter what [`Counter::into_numbered`] asks for.
fn numbers(counters: &[Counter], kept: &[Candidate], table: &KeyTable) -> Vec<Vec<u32>> {
    if let [alone] = counters {
        // What it met once stands nowhere else.
        let mut numbers = vec![0; alone.keys().len() + 1];
        for (i, candidate) in kept.iter().enumerate() {
            if let Some(next) = kept.get(i + AHEAD) {
                prefetch(numbers.as_ptr().wrapping_add(next.id as usize + 1));
            }
            numbers[candidate.id as usize + 1] = i as u32 + 1;
        }
        return vec![numbers];
    }
    let of = |counter: &Counter| {
        let (keys, firsts) = (counter.keys(), counter.firsts());
        let mut numbers = vec![0; 1 + keys.len() + firsts.len()];
        let (of_keys, of_firsts) = numbers[1..].split_at_mut(keys.len());
        look_up(keys, of_keys, table);
        look_up(firsts, of_firsts, table);
        numbers
    };
    counters.par_iter().map(of).collect()
}

/// Writes the number of each key in a table, or 0. A term that was dropped may be taken for one that was kept, and then a text's
/// entries would be fewer than counted, so it is made sure.
fn look_up(keys: &[u64], numbers: &mut [u32], table: &KeyTable) {
    table.look_up(keys, numbers, |_| {});
    for (number, key) in numbers.iter_mut().zip(keys) {
        if *number != 0 && table.keys()[*number as usize - 1] != *key {
            *number = 0;
        }
    }
}

fn spelled(counters: &[Counter], kept: &[Candidate]) -> (String, Vec<u32>) {
    let (mut bytes, mut offsets) = (String::new(), Vec::with_capacity(kept.len() + 1));
    offsets.push(0);
    for (i, candidate) in kept.iter().enumerate() {
        if let Some(later) = kept.get(i + 2 * AHEAD) {
            counters[usize::from(later.counter)].prefetch_place(later.id);
        }
        if let Some(next) = kept.get(i + AHEAD) {
            counters[usize::from(next.counter)].prefetch_spelling(next.id);
        }
        bytes.push_str(counters[usize::from(candidate.counter)].spelling(candidate.id));
        offsets.push(bytes.len() as u32);
    }
    (bytes, offsets)
}

#[cfg(test)]
mod tests {
    use super::super::hash::mix;
    use super::*;

    #[test]
    fn a_term_that_the_table_takes_for_another_is_no_column() {
        let key = mix(1, 7) | 1;
        let table = |key| KeyTable::from_keys(vec![key]).expect("one key");
        // Neither the place nor the slot of a key holds its last two bits.
        assert_eq!(table(key ^ 2).number(key), 1);
        let found = |of: u64| {
            let mut numbers = [9];
            look_up(&[key], &mut numbers, &table(of));
            numbers[0]
        };
        assert_eq!((found(key), found(key ^ 2)), (1, 0));
    }

    #[test]
    fn terms_are_numbered_by_block_frequency_and_key() {
        let n_texts = 40;
        let even = (0..3000).map(|i| mix(i, 7));
        // Keys that crowd one place, and the smallest and the largest of all.
        let crowded = (0..300).map(|i| 1 << 63 | mix(i, 7) >> 32).chain([0, u64::MAX]);
        let found: Vec<Candidate> = even
            .chain(crowded)
            .zip(0..)
            .map(|(key, id)| Candidate {
                key,
                df: if id % 3 == 0 { 1 + id % n_texts } else { 2 },
                id,
                counter: 0,
                block: (id % 2) as u8,
            })
            .collect();
        let mut sorted: Vec<_> = found.iter().map(|c| (c.block, !c.df, c.key)).collect();
        sorted.sort_unstable();
        let ranked = ranked(&found, 2, n_texts as usize);
        assert!(ranked.iter().map(|c| (c.block, !c.df, c.key)).eq(sorted));
        assert!(super::ranked(&[], 2, 1).is_empty());
    }
}
