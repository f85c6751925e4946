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

/// The key of a byte string.
#[inline]
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    hash_within(seed, bytes, 0, bytes.len())
}

/// The key of `bytes[start..end]`. Up to sixteen bytes, which nearly all words have, cost one multiplication and no branch on
/// their number where sixteen bytes can be read in one go.
#[inline]
pub(super) fn hash_within(seed: u64, bytes: &[u8], start: usize, end: usize) -> u64 {
    let n = end - start;
    match bytes[start..].first_chunk::<16>() {
        Some(chunk) if n <= 16 && n > 0 => {
            // Those beyond the end are masked away.
            finish(seed, n, u128::from_le_bytes(*chunk) & (u128::MAX >> (128 - 8 * n)))
        }
        _ => hash_at_end(seed, bytes, start, end),
    }
}

/// The same where what follows has no sixteen bytes, or the string has more.
#[cold]
fn hash_at_end(seed: u64, bytes: &[u8], start: usize, end: usize) -> u64 {
    let n = end - start;
    match bytes.last_chunk::<16>() {
        Some(chunk) if n <= 16 && n > 0 => {
            let before = start + 16 - bytes.len();
            finish(seed, n, u128::from_le_bytes(*chunk) >> (8 * before) & (u128::MAX >> (128 - 8 * n)))
        }
        _ => hash_pieces(seed, &bytes[start..end]),
    }
}

fn hash_pieces(seed: u64, bytes: &[u8]) -> u64 {
    let padded = |piece: &[u8]| {
        let mut chunk = [0; 16];
        chunk[..piece.len()].copy_from_slice(piece);
        u128::from_le_bytes(chunk)
    };
    let (pieces, last) = bytes.split_at(bytes.len().saturating_sub(1) / 16 * 16);
    let seed = pieces.chunks(16).fold(seed, |key, piece| finish(key, 16, padded(piece)));
    finish(seed, bytes.len(), padded(last))
}

#[inline]
fn finish(seed: u64, n: usize, last: u128) -> u64 {
    let key = seed ^ (n as u64).wrapping_mul(0x2D35_8DCC_AA6C_78A5);
    // Zero marks an empty slot of the table, so no key is zero.
    mix(key ^ last as u64, (last >> 64) as u64) | 1
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
    fn a_string_within_another_has_its_own_key() {
        let text = b"the sanctions against it, and all that followed from them";
        for start in 0..text.len() {
            for end in start..text.len() {
                assert_eq!(hash_within(WORD, text, start, end), hash(WORD, &text[start..end]));
            }
        }
    }

    #[test]
    fn keys_are_the_same_on_every_platform() {
        assert_eq!(hash(WORD, b"sanctions"), KEY_OF_SANCTIONS);
        assert_eq!(hash(CHARS, b" sa"), KEY_OF_SA);
    }

    const KEY_OF_SANCTIONS: u64 = 1_698_897_340_568_864_889;
    const KEY_OF_SA: u64 = 7_088_447_946_973_568_617;
}
