//! Which keys were met before: for short, as most are met once and are of no account.

use std::sync::atomic::{AtomicU64, Ordering};

use super::pages::zeros;
use super::table::prefetch;

/// A bit for each key, which it may share with others: that a key was met may be said of one that was not, never the other way round.
pub(super) struct Once {
    bits: Vec<AtomicU64>,
    /// Whether several threads ask.
    shared: bool,
}

/// There are no more bits.
const MOST_BITS: usize = 1 << 31;

impl Once {
    /// Nothing met, and room for the n-grams of texts of so many bytes.
    pub(super) fn new(n_bytes: usize, shared: bool) -> Self {
        let n = n_bytes.clamp(1 << 10, MOST_BITS).next_power_of_two() / u64::BITS as usize;
        Self { bits: zeros::<u64>(n).into_iter().map(AtomicU64::new).collect(), shared }
    }

    #[inline]
    fn place(&self, key: u64) -> (&AtomicU64, u64) {
        let n_bits = self.bits.len().ilog2() + u64::BITS.ilog2();
        let at = key >> (u64::BITS - n_bits);
        (&self.bits[(at >> u64::BITS.ilog2()) as usize], 1 << (at & u64::from(u64::BITS - 1)))
    }

    #[inline]
    pub(super) fn prefetch(&self, key: u64) {
        prefetch(self.place(key).0);
    }

    /// Whether a key was not met before. Of all threads that ask at the same time, one is told so.
    #[inline]
    pub(super) fn is_first(&self, key: u64) -> bool {
        let (bits, bit) = self.place(key);
        // Nothing but the bit itself is handed from thread to thread.
        let before = bits.load(Ordering::Relaxed);
        if before & bit != 0 {
            return false;
        }
        if self.shared {
            return bits.fetch_or(bit, Ordering::Relaxed) & bit == 0;
        }
        bits.store(before | bit, Ordering::Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::mix;
    use super::*;
    use rayon::prelude::*;

    #[test]
    fn each_key_is_met_first_once_on_any_number_of_threads() {
        let keys: Vec<u64> = (0..20_000).map(|i| mix(i, 7)).collect();
        for shared in [false, true] {
            let once = Once::new(1 << 24, shared);
            let n_first = |keys: &[u64]| keys.iter().filter(|key| once.is_first(**key)).count();
            let firsts = if shared {
                let twice = [&keys[..], &keys[..]].concat();
                twice.par_chunks(500).map(n_first).sum()
            } else {
                n_first(&keys)
            };
            // Some share their bit: of 20,000 in 2^24 about 12.
            assert!((19_950..=20_000).contains(&firsts), "{firsts}");
            assert_eq!(n_first(&keys), 0);
        }
        assert!(Once::new(0, false).is_first(0));
    }
}
