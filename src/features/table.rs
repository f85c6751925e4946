//! The table of keys: open addressing, eight bytes a slot, so that a probe touches one cache line.

use std::hint::select_unpredictable;

use super::pages::{filled, reserve, room};

/// So many slots are looked at together.
const GROUP: usize = 4;

/// An empty slot: whatever the key, it stands for no number.
const EMPTY: u64 = u64::MAX;

/// Slots that share a cache line. They are filled from the first on.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
struct Group([u64; GROUP]);

impl Default for Group {
    fn default() -> Self {
        Self([EMPTY; GROUP])
    }
}

impl Group {
    fn is_full(&self) -> bool {
        self.0[GROUP - 1] != EMPTY
    }
}

/// From 64-bit keys to dense ids, in the order of insertion.
///
/// With `2^g` groups, bits 2 to `g + 1` of a key choose its group. A slot holds the key's bits from `g + 2` on, and below them the
/// key's *number*, its id plus one, which has room as at most three quarters of the slots are taken. So a key is compared in all of
/// its bits but the last two, whatever the size of the table, without a look elsewhere; only one that was displaced to another group
/// may be taken for one of that group: in a table of a million keys, about one in 10¹³ unknown keys is taken for a known one. Number 0
/// stands for keys that a table does not hold.
#[derive(Debug, Clone)]
pub(super) struct KeyTable {
    groups: Vec<Group>,
    keys: Vec<u64>,
}

impl Default for KeyTable {
    fn default() -> Self {
        Self::with_capacity(0)
    }
}

impl KeyTable {
    /// A table with room for this many keys before it grows.
    pub(super) fn with_capacity(n: usize) -> Self {
        Self::empty(room(n), n)
    }

    /// A table with slots for this many keys, and none in them.
    fn empty(keys: Vec<u64>, n: usize) -> Self {
        let groups = (n.max(384) * 4 / 3 / GROUP + 1).next_power_of_two();
        Self { groups: filled(Group::default(), groups), keys }
    }

    /// A table of these keys, which get their places as ids; `None` when one stands twice.
    pub(super) fn from_keys(keys: Vec<u64>) -> Option<Self> {
        let n = keys.len();
        let mut table = Self::empty(keys, n);
        for id in 0..table.keys.len() {
            if let Some(next) = table.keys.get(id + AHEAD) {
                table.prefetch(*next);
            }
            let key = table.keys[id];
            table.put(key, id as u32, table.slots().search(key).err()?);
        }
        Some(table)
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn keys(&self) -> &[u64] {
        &self.keys
    }

    #[inline]
    fn slots(&self) -> Slots<'_> {
        Slots { groups: &self.groups }
    }

    /// Asks the processor to fetch the slots of this key, so that a later look finds them in cache.
    #[inline]
    pub(super) fn prefetch(&self, key: u64) {
        self.slots().prefetch(key);
    }

    /// The number of a key: its id plus one, or 0.
    #[inline]
    pub(super) fn number(&self, key: u64) -> u32 {
        self.slots().search(key).unwrap_or(0)
    }

    /// Writes the number of each key, and calls `found` with it.
    #[inline]
    pub(super) fn look_up(&self, keys: &[u64], numbers: &mut [u32], found: impl Fn(u32)) {
        let slots = self.slots();
        let look = |(key, number): (&u64, &mut u32)| {
            *number = slots.number(*key);
            found(*number);
        };
        let ahead = AHEAD.min(keys.len());
        keys[..ahead].iter().for_each(|key| slots.prefetch(*key));
        let (first, last) = keys.split_at(keys.len() - ahead);
        let (of_first, of_last) = numbers.split_at_mut(first.len());
        for (pair, next) in first.iter().zip(of_first).zip(&keys[ahead..]) {
            slots.prefetch(*next);
            look(pair);
        }
        last.iter().zip(of_last).for_each(look);
    }

    /// The id of a key, new if the key is.
    #[inline]
    pub(super) fn insert(&mut self, key: u64) -> u32 {
        match self.slots().search(key) {
            Ok(number) => number - 1,
            Err(group) => self.add(key, group),
        }
    }

    fn add(&mut self, key: u64, group: usize) -> u32 {
        let id = self.keys.len() as u32;
        self.keys.push(key);
        self.put(key, id, group);
        if self.keys.len() >= self.most_keys() {
            self.grow();
        }
        id
    }

    /// It grows when it holds so many keys.
    fn most_keys(&self) -> usize {
        self.slots().most_keys() as usize
    }

    /// Puts an id into the first empty slot of a group.
    #[inline]
    fn put(&mut self, key: u64, id: u32, group: usize) {
        let (_, tag) = self.slots().place(key);
        if let Some(slot) = self.groups[group].0.iter_mut().find(|slot| **slot == EMPTY) {
            *slot = tag | (u64::from(id) + 1);
        }
    }

    fn grow(&mut self) {
        self.groups = filled(Group::default(), 2 * self.groups.len());
        let room = self.most_keys() - self.keys.len();
        reserve(&mut self.keys, room);
        for id in 0..self.keys.len() {
            if let Some(next) = self.keys.get(id + AHEAD) {
                self.prefetch(*next);
            }
            let key = self.keys[id];
            let (mut group, _) = self.slots().place(key);
            while self.groups[group].is_full() {
                group = (group + 1) & (self.groups.len() - 1);
            }
            self.put(key, id as u32, group);
        }
    }
}

/// The slots of a table.
#[derive(Clone, Copy)]
struct Slots<'t> {
    groups: &'t [Group],
}

impl Slots<'_> {
    /// Where the group of a key is, and what its slot holds above the number.
    #[inline]
    fn place(self, key: u64) -> (usize, u64) {
        ((key >> 2) as usize & (self.groups.len() - 1), key & !self.most())
    }

    /// All bits of a number. No number is as large.
    #[inline]
    fn most(self) -> u64 {
        (self.groups.len() * GROUP) as u64 - 1
    }

    /// No number is above.
    #[inline]
    fn most_keys(self) -> u64 {
        (self.groups.len() * GROUP / 4 * 3) as u64
    }

    #[inline]
    fn prefetch(self, key: u64) {
        prefetch(self.groups.as_ptr().wrapping_add(self.place(key).0));
    }

    /// The number of a key, or the group that would take it.
    #[inline]
    fn search(self, key: u64) -> Result<u32, usize> {
        let (group, tag) = self.place(key);
        self.search_from(group, tag)
    }

    #[inline]
    fn search_from(self, mut at: usize, tag: u64) -> Result<u32, usize> {
        loop {
            let group = &self.groups[at];
            let rest = least_rest(group, tag);
            if rest < self.most() {
                return Ok(rest as u32);
            }
            if !group.is_full() {
                return Err(at);
            }
            at = (at + 1) & (self.groups.len() - 1);
        }
    }

    /// The number of a key, or 0, with no branch on which of both.
    #[inline]
    fn number(self, key: u64) -> u32 {
        let (at, tag) = self.place(key);
        let group = &self.groups[at];
        let rest = least_rest(group, tag);
        // Neither whether a key is known can be foreseen nor whether its group is full; that it is unknown in a full one is rare. Of
        // "and" a compiler makes two branches, so both are asked in one comparison: a number is at most `most_keys`, and the last slot
        // has all bits of `most` exactly where it is empty.
        if rest.min(self.most()) > (group.0[GROUP - 1] & self.most()).max(self.most_keys()) {
            return self.number_beyond(at, tag);
        }
        select_unpredictable(rest < self.most(), rest, 0) as u32
    }

    #[cold]
    #[inline(never)]
    fn number_beyond(self, at: usize, tag: u64) -> u32 {
        self.search_from((at + 1) & (self.groups.len() - 1), tag).unwrap_or(0)
    }
}

/// The least of what the slots of a group leave of a tag. Equal upper bits cancel out, so it is the number that stands beside this tag,
/// the smaller one should there be two, as one was displaced; where the tag is not there, it is no less than [`Slots::most`].
#[inline]
fn least_rest(group: &Group, tag: u64) -> u64 {
    // All slots are looked at: which one it is cannot be foreseen, and a wrong guess costs more than three comparisons.
    let [a, b, c, d] = group.0.map(|slot| slot ^ tag);
    a.min(b).min(c.min(d))
}

/// So many keys ahead a table is fetched: about one memory latency's worth of probes.
pub(super) const AHEAD: usize = 48;

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
            assert_eq!((table.number(*key), table.insert(*key)), (0, i as u32));
        }
        let whole = KeyTable::from_keys(keys.to_vec()).expect("none twice");
        for (i, key) in keys.iter().enumerate() {
            assert_eq!(
                (table.number(*key), table.insert(*key), whole.number(*key)),
                (i as u32 + 1, i as u32, i as u32 + 1)
            );
        }
        for n in [0, 1, AHEAD - 1, AHEAD, AHEAD + 1, keys.len()] {
            let (mut numbers, unknown) = (vec![9; n + 1], 1 << 63 | 1);
            table.look_up(&[&keys[..n], &[unknown]].concat(), &mut numbers, |number| {
                assert!(number as usize <= n);
            });
            assert!(numbers[..n].iter().copied().eq(1..=n as u32) && numbers[n] == 0);
        }
        assert!(KeyTable::from_keys([keys, &keys[..1]].concat()).is_none());
        assert_eq!(table.len(), keys.len());
    }

    #[test]
    fn ids_follow_insertion_and_survive_growth() {
        holds(&(0..5000).map(|i| mix(i, 7) | 1).collect::<Vec<_>>());
    }

    #[test]
    fn keys_of_equal_bits_are_told_from_empty_slots() {
        for key in [1, u64::MAX] {
            let mut table = KeyTable::with_capacity(1);
            assert_eq!((table.number(key), table.insert(key), table.number(key)), (0, 0, 1));
            // These want the same group, and more of them than it holds.
            for i in 1..6_u64 {
                let like = key ^ i << 20;
                assert_eq!((table.number(like), table.insert(like)), (0, i as u32));
            }
        }
    }

    #[test]
    fn keys_that_differ_in_one_bit_are_told_apart_at_every_size() {
        let alike = (2..64).map(|bit| (mix(1, 7) | 1) ^ 1 << bit);
        holds(&alike.chain((2..5000).map(|i| mix(i, 7) | 1)).collect::<Vec<_>>());
    }

    #[test]
    fn keys_that_crowd_one_place_are_told_apart() {
        // All want the first group, or the last and from there on the first.
        holds(&(0..900).map(|i| i << 20 | 1).collect::<Vec<_>>());
        holds(&(0..900).map(|i| i << 20 | 0xF_FFFF).collect::<Vec<_>>());
    }

    #[test]
    fn keys_made_to_look_alike_after_growth_get_the_number_of_one_of_them() {
        let key = |group: u64, upper: u64| upper << 20 | group << 2 | 1;
        let mut table = KeyTable::with_capacity(1);
        let groups = table.groups.len() as u64;
        // The last group is full, so the fifth key goes on to the first, where bit `groups` tells it from the sixth. In a table of
        // twice as many groups that bit belongs to the place.
        for upper in 1..=4 {
            table.insert(key(groups - 1, upper));
        }
        let (fifth, sixth) = (key(groups - 1, 9), key(groups, 9));
        assert_eq!((table.insert(fifth), table.insert(sixth)), (4, 5));
        let more = (1_u64 << 50..).map(|i| mix(i, 7) | 1);
        more.take(table.most_keys()).for_each(|key| _ = table.insert(key));
        assert_eq!(table.groups.len() as u64, 2 * groups);
        assert_eq!((table.number(fifth), table.number(sixth)), (5, 5));
    }
}
