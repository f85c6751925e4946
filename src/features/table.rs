//! The table of keys: open addressing, eight bytes a slot, so that a probe touches one cache line.

use super::pages::filled;

/// So many slots are looked at together.
const GROUP: usize = 4;

/// Slots that share a cache line. They are filled from the first on; 0 is empty.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(32))]
struct Group([u64; GROUP]);

/// From 64-bit keys to dense ids, in the order of insertion.
///
/// With `2^g` groups, the upper `g` bits of a key choose its group. A slot holds the key's other bits but the last two, and
/// below them the id plus one, which has room as at most three quarters of the slots are taken. So a key is compared in nearly all of its
/// bits without a look elsewhere: in a table of a million keys, about one in 10¹³ unknown keys is taken for a known one.
#[derive(Debug, Clone)]
pub(super) struct KeyTable {
    groups: Vec<Group>,
    keys: Vec<u64>,
    /// The number of groups is two to this power.
    bits: u32,
}

/// Stands for the id of a key that a table does not hold.
pub(super) const ABSENT: u32 = u32::MAX;

impl Default for KeyTable {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl KeyTable {
    /// A table with room for this many keys before it grows.
    pub(super) fn with_capacity(n: usize) -> Self {
        Self::empty(Vec::with_capacity(n), n)
    }

    /// A table with slots for this many keys, and none in them.
    fn empty(keys: Vec<u64>, n: usize) -> Self {
        let groups = (n.max(384) * 4 / 3 / GROUP + 1).next_power_of_two();
        Self { groups: filled(Group::default(), groups), keys, bits: groups.ilog2() }
    }

    /// A table of these keys, which get their places as ids; `None` when one stands twice.
    pub(super) fn from_keys(keys: Vec<u64>) -> Option<Self> {
        let n = keys.len();
        let mut table = Self::empty(keys, n);
        for id in 0..table.keys.len() {
            if let Some(next) = table.keys.get(id + AHEAD) {
                table.prefetch(*next);
            }
            if table.get(table.keys[id]) != ABSENT {
                return None;
            }
            table.put(table.keys[id], id as u32);
        }
        Some(table)
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn keys(&self) -> &[u64] {
        &self.keys
    }

    fn n_slots(&self) -> usize {
        self.groups.len() * GROUP
    }

    /// The group of a key, and what its slot holds above the id.
    #[inline]
    fn place(&self, key: u64) -> (usize, u64) {
        ((key >> (64 - self.bits)) as usize, key << self.bits & !(self.n_slots() as u64 - 1))
    }

    /// Asks the processor to fetch the slots of this key, so that a later look finds them in cache.
    #[inline]
    pub(super) fn prefetch(&self, key: u64) {
        prefetch(&raw const self.groups[self.place(key).0]);
    }

    /// The id of a key, or [`ABSENT`].
    #[inline]
    pub(super) fn get(&self, key: u64) -> u32 {
        let (mut at, tag) = self.place(key);
        let last_id = self.n_slots() as u64 - 1;
        loop {
            let group = &self.groups[at & (self.groups.len() - 1)].0;
            // Equal upper bits cancel out, and what is left is the id plus one. All slots are looked at: which one it
            // is cannot be foreseen, and a wrong guess costs more than three comparisons.
            // At most one fits; an empty one fits a tag of zeros, and then adds nothing.
            let mut found = 0;
            for slot in group {
                let rest = slot ^ tag;
                found |= if rest <= last_id { rest } else { 0 };
            }
            if found != 0 || group[GROUP - 1] == 0 {
                return (found as u32).wrapping_sub(1);
            }
            at += 1;
        }
    }

    /// The ids of many keys; [`ABSENT`] for those it does not hold.
    pub(super) fn get_all(&self, keys: &[u64]) -> Vec<u32> {
        let look = |(i, key): (usize, &u64)| {
            if let Some(next) = keys.get(i + AHEAD) {
                self.prefetch(*next);
            }
            self.get(*key)
        };
        keys.iter().enumerate().map(look).collect()
    }

    /// The id of a key, new if the key is.
    #[inline]
    pub(super) fn insert(&mut self, key: u64) -> u32 {
        match self.get(key) {
            ABSENT => self.add(key),
            id => id,
        }
    }

    fn add(&mut self, key: u64) -> u32 {
        let id = self.keys.len() as u32;
        self.keys.push(key);
        self.put(key, id);
        if self.keys.len() * 4 >= self.n_slots() * 3 {
            self.grow();
        }
        id
    }

    /// Puts an id into the first empty slot for its key.
    #[inline]
    fn put(&mut self, key: u64, id: u32) {
        let (mut at, tag) = self.place(key);
        let mask = self.groups.len() - 1;
        loop {
            let group = &mut self.groups[at & mask].0;
            if let Some(slot) = group.iter_mut().find(|slot| **slot == 0) {
                *slot = tag | (u64::from(id) + 1);
                return;
            }
            at += 1;
        }
    }

    fn grow(&mut self) {
        self.bits += 1;
        self.groups = filled(Group::default(), 1 << self.bits);
        for id in 0..self.keys.len() {
            if let Some(next) = self.keys.get(id + AHEAD) {
                self.prefetch(*next);
            }
            self.put(self.keys[id], id as u32);
        }
    }
}

/// So many keys ahead a table is fetched: about one memory latency's worth of probes.
pub(super) const AHEAD: usize = 32;

/// Hints that this place will be read soon. Never changes a result; on other processors it does nothing.
#[inline]
pub(crate) fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch never faults and every x86-64 processor has it.
    #[allow(
        unused_unsafe,
        reason = "newer toolchains call the intrinsic safe, the oldest supported one does not"
    )]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

#[cfg(test)]
mod tests {
    use super::super::hash::mix;
    use super::*;

    fn holds(keys: &[u64]) {
        let mut table = KeyTable::with_capacity(1);
        for (i, key) in keys.iter().enumerate() {
            assert_eq!((table.get(*key), table.insert(*key)), (ABSENT, i as u32));
        }
        let whole = KeyTable::from_keys(keys.to_vec()).expect("none twice");
        for (i, key) in keys.iter().enumerate() {
            assert_eq!(
                (table.get(*key), table.insert(*key), whole.get(*key)),
                (i as u32, i as u32, i as u32)
            );
        }
        assert!(KeyTable::from_keys([keys, &keys[..1]].concat()).is_none());
        assert_eq!(table.len(), keys.len());
    }

    #[test]
    fn ids_follow_insertion_and_survive_growth() {
        holds(&(0..5000).map(|i| mix(i, 7) | 1).collect::<Vec<_>>());
    }

    #[test]
    fn keys_that_crowd_one_place_are_told_apart() {
        // All want the first group, or the last and from there on the first.
        holds(&(0..900).map(|i| i << 20 | 1).collect::<Vec<_>>());
        holds(&(0..900).map(|i| u64::MAX << 40 | i << 20 | 1).collect::<Vec<_>>());
    }
}
