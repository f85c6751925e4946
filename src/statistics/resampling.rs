use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Seeded random draws that are the same on every platform.
///
/// A seed and a stream number name a sequence, so that replicate 17 draws the same numbers whatever ran before it.
#[derive(Debug, Clone)]
pub struct Draws(ChaCha8Rng);

impl Draws {
    /// The sequence of this seed and stream.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        // The high half of the product is uniform up to n / 2⁶⁴.
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// Puts the elements in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_and_repeat() {
        let draw = |seed, stream| (0..4).map(|_| Draws::new(seed, stream).below(1000)).collect::<Vec<_>>();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }

    #[test]
    fn draws_stay_in_range_and_fill_it() {
        let mut draws = Draws::new(3, 0);
        let mut counts = [0; 5];
        for _ in 0..5000 {
            counts[draws.below(5)] += 1;
            assert!((0.0..1.0).contains(&draws.uniform()));
        }
        assert!(counts.iter().all(|n| (850..1150).contains(n)), "{counts:?}");
        let mut items: Vec<usize> = (0..20).collect();
        draws.shuffle(&mut items);
        assert_ne!(items, (0..20).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..20).collect::<Vec<_>>());
    }
}
