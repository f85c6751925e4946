//! The table of keys: open addressing, eight bytes a slot, so that a probe touches one cache line.

/// A slot: the upper half of the key, and the id plus one (0 is empty).
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    tag: u32,
    id: u32,
}

/// From 64-bit keys to dense ids, in the order of insertion.
#[derive(Debug, Clone)]
pub(super) struct KeyTable {
    slots: Vec<Slot>,
    keys: Vec<u64>,
    shift: u32,
}

impl KeyTable {
    /// A table with room for this many keys before it grows.
    pub(super) fn with_capacity(n: usize) -> Self {
        let slots = (n.max(512) * 2).next_power_of_two();
        Self { slots: vec![Slot::default(); slots], keys: Vec::with_capacity(n), shift: 64 - slots.ilog2() }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// Keys are well mixed in their low bits; a multiplication carries those to the top.
    #[inline]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }

    /// Asks the processor to fetch the slot of this key, so that a later probe finds it in cache.
    #[inline]
    pub(super) fn prefetch(&self, key: u64) {
        let slot: *const Slot = &raw const self.slots[self.home(key)];
        prefetch(slot.cast());
    }

    /// The id of a key.
    #[inline]
    pub(super) fn get(&self, key: u64) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        let tag = (key >> 32) as u32;
        loop {
            let slot = self.slots[at];
            if slot.id == 0 {
                return None;
            }
            if slot.tag == tag && self.keys[slot.id as usize - 1] == key {
                return Some(slot.id - 1);
            }
            at = (at + 1) & mask;
        }
    }

    /// The id of a key, new if the key is.
    #[inline]
    pub(super) fn insert(&mut self, key: u64) -> u32 {
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        let tag = (key >> 32) as u32;
        loop {
            let slot = self.slots[at];
            if slot.id == 0 {
                break;
            }
            if slot.tag == tag && self.keys[slot.id as usize - 1] == key {
                return slot.id - 1;
            }
            at = (at + 1) & mask;
        }
        let id = self.keys.len() as u32;
        self.keys.push(key);
        self.slots[at] = Slot { tag, id: id + 1 };
        if self.keys.len() * 2 > self.slots.len() {
            self.grow();
        }
        id
    }

    fn grow(&mut self) {
        let n = self.slots.len() * 2;
        self.slots.clear();
        self.slots.resize(n, Slot::default());
        self.shift -= 1;
        let mask = n - 1;
        for (id, key) in self.keys.iter().enumerate() {
            let mut at = self.home(*key);
            while self.slots[at].id != 0 {
                at = (at + 1) & mask;
            }
            self.slots[at] = Slot { tag: (key >> 32) as u32, id: id as u32 + 1 };
        }
    }
}

/// Hints that this address will be read soon. Never changes a result; on other processors it does nothing.
#[inline]
pub(super) fn prefetch(address: *const u8) {
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
    use super::*;

    #[test]
    fn ids_follow_insertion_and_survive_growth() {
        let mut table = KeyTable::with_capacity(1);
        let keys: Vec<u64> = (1..5000_u64).map(|i| (i * 0x9E37_79B9) | 1).collect();
        for (i, key) in keys.iter().enumerate() {
            assert_eq!(table.insert(*key), i as u32);
        }
        for (i, key) in keys.iter().enumerate() {
            assert_eq!((table.get(*key), table.insert(*key)), (Some(i as u32), i as u32));
        }
        assert_eq!((table.get(2), table.len()), (None, keys.len()));
    }
}
