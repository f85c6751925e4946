//! Keys of n-grams: 64 bits that stand for a term. Their values are part of the model format only through the
//! order of terms of equal document frequency, but equal text must give equal keys on every platform.

/// Seeds that keep words, character n-grams and channels apart.
pub(super) const WORD: u64 = 0x9E6C_63D0_876A_3F35;
pub(super) const CHARS: u64 = 0xD1B5_4A32_D192_ED03;
pub(super) const CHANNEL: u64 = 0x8CB9_2BA7_2F3D_8DD7;

/// The 128-bit product of two words, folded to 64 bits.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Combines two keys; the order counts.
#[inline]
pub(super) fn mix(a: u64, b: u64) -> u64 {
    fold(a ^ 0xA076_1D64_78BD_642F, b ^ 0xE703_7ED1_A0B4_28DB)
}

#[inline]
fn word_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

/// The key of a byte string. Reads eight bytes at a time; short strings cost one multiplication or two.
#[inline]
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let n = bytes.len();
    let mut key = seed ^ (n as u64).wrapping_mul(0x2D35_8DCC_AA6C_78A5);
    if n >= 8 {
        let mut at = 0;
        while at + 8 < n {
            key = mix(key, word_at(bytes, at));
            at += 8;
        }
        // The last eight bytes may overlap those before; the length in the seed keeps that unambiguous.
        return mix(key, word_at(bytes, n - 8)) | 1;
    }
    let mut last = 0_u64;
    for (i, byte) in bytes.iter().enumerate() {
        last |= u64::from(*byte) << (8 * i);
    }
    // Zero marks an empty slot of the table, so no key is zero.
    mix(key, last) | 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn strings_that_differ_have_keys_that_differ() {
        let mut seen = BTreeSet::new();
        let strings: Vec<String> = (0..20_000).map(|i| format!("{:b}", i * i + 1)).collect();
        for s in strings.iter().collect::<BTreeSet<_>>() {
            assert!(seen.insert(hash(WORD, s.as_bytes())), "{s}");
            assert!(seen.insert(hash(CHARS, s.as_bytes())), "{s}");
        }
        assert_ne!(mix(1, 2), mix(2, 1));
    }

    #[test]
    fn keys_are_the_same_on_every_platform() {
        assert_eq!(hash(WORD, b"sanctions"), KEY_OF_SANCTIONS);
        assert_eq!(hash(CHARS, b" sa"), KEY_OF_SA);
    }

    const KEY_OF_SANCTIONS: u64 = 12_385_811_082_832_815_399;
    const KEY_OF_SA: u64 = 12_330_080_885_462_182_189;
}
