//! A text in lower case, and where its words are.

use super::hash::{WORD, hash_within};

/// A word of the normalised text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Within the reach of a negation.
    pub(super) negated: bool,
}

/// Lower case, with the stress mark U+0301 dropped and the typographic apostrophe made plain.
pub(super) fn lower_case(text: &str, out: &mut String) {
    out.clear();
    let mut bytes = std::mem::take(out).into_bytes();
    let mut high = 0;
    bytes.extend(text.bytes().map(|b| {
        high |= b;
        b.to_ascii_lowercase()
    }));
    // SAFETY: these are the bytes of a string, of which ASCII ones became other ASCII ones.
    *out = unsafe { String::from_utf8_unchecked(bytes) };
    if high < 128 {
        return;
    }
    out.clear();
    let mut rest = text;
    while !rest.is_empty() {
        let ascii = rest.bytes().position(|b| !b.is_ascii()).unwrap_or(rest.len());
        let from = out.len();
        out.push_str(&rest[..ascii]);
        out[from..].make_ascii_lowercase();
        rest = &rest[ascii..];
        let mut chars = rest.chars();
        while let Some(c) = chars.next() {
            match c {
                '\u{301}' => {}
                '\u{2019}' | '\u{2bc}' => out.push('\''),
                _ => out.extend(c.to_lowercase()),
            }
            rest = chars.as_str();
            if rest.as_bytes().first().is_none_or(u8::is_ascii) {
                break;
            }
        }
    }
}

/// So many bytes are classed at a time: one bit each.
const BLOCK: usize = 64;

/// What finding words needs room for.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// One bit per byte, set where the byte belongs to a word.
    bits: Vec<u64>,
    /// Where the bits change: the beginning of a run, its end, the beginning of the next.
    edges: Vec<u32>,
}

/// Finds the words, runs of at least two letters, digits or underscores, and the key of each.
///
/// Nothing here branches on where words begin and end, which no processor can foresee.
pub(super) fn find_words(text: &str, marks: &mut Marks, words: &mut Vec<Word>, keys: &mut Vec<u64>) {
    let ascii = mark(text, &mut marks.bits, |block| block.word, char::is_alphanumeric);
    let n = find_edges(&marks.bits, text.len(), &mut marks.edges);
    let (runs, _) = marks.edges[..n].as_chunks::<2>();
    words.clear();
    words.resize(runs.len(), Word { start: 0, end: 0, negated: false });
    keys.clear();
    keys.resize(runs.len(), 0);
    let (bytes, mut kept) = (text.as_bytes(), 0);
    for [start, end] in runs {
        // Written either way, kept if it has two characters.
        words[kept] = Word { start: *start, end: *end, negated: false };
        keys[kept] = hash_within(WORD, bytes, *start as usize, *end as usize);
        let several = if ascii || bytes[*start as usize] < 128 {
            end - start >= 2
        } else {
            text[*start as usize..*end as usize].chars().nth(1).is_some()
        };
        kept += usize::from(several);
    }
    words.truncate(kept);
    keys.truncate(kept);
}

/// So many edges are written at a time, whether there are so many or not.
const EDGES: usize = 8;

/// Finds where bits change and where an open run ends; returns how many places there are.
fn find_edges(bits: &[u64], length: usize, places: &mut Vec<u32>) -> usize {
    let room = bits.len() * BLOCK + EDGES + 1;
    if places.len() < room {
        places.resize(room, 0);
    }
    let (mut n, mut carry) = (0, 0);
    for (i, mask) in bits.iter().enumerate() {
        let mut edges = mask ^ (mask << 1 | carry);
        carry = mask >> 63;
        let end = n + edges.count_ones() as usize;
        while n < end {
            for place in &mut places[n..n + EDGES] {
                *place = (i * BLOCK) as u32 + edges.trailing_zeros();
                edges &= edges.wrapping_sub(1);
            }
            n += EDGES;
        }
        n = end;
    }
    if n % 2 == 1 {
        places[n] = length as u32;
        n += 1;
    }
    n
}

/// Finds the runs without blanks.
pub(super) fn find_runs(text: &str, marks: &mut Marks, runs: &mut Vec<(u32, u32)>) {
    mark(text, &mut marks.bits, |block| block.solid, |c| !c.is_whitespace());
    let n = find_edges(&marks.bits, text.len(), &mut marks.edges);
    let (edges, _) = marks.edges[..n].as_chunks::<2>();
    runs.clear();
    runs.extend(edges.iter().map(|[start, end]| (*start, *end)));
}

/// One bit per byte: does its character belong to a run? The last block is filled up with zeros. Returns whether all is ASCII.
#[inline]
fn mark(
    text: &str,
    marks: &mut Vec<u64>,
    ascii: impl Fn(Classes) -> u64,
    beyond_ascii: impl Fn(char) -> bool,
) -> bool {
    marks.clear();
    let bytes = text.as_bytes();
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut high = 0;
    let mut class = |block: &[u8; BLOCK]| {
        let classes = classes(block);
        high |= classes.high;
        marks.push(ascii(classes));
    };
    blocks.iter().for_each(&mut class);
    if !rest.is_empty() {
        let mut last = [b' '; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        class(&last);
    }
    if high != 0 {
        mark_beyond_ascii(text, marks, beyond_ascii);
    }
    high == 0
}

fn mark_beyond_ascii(text: &str, marks: &mut [u64], belongs: impl Fn(char) -> bool) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(|b| *b >= 128) {
        at += next;
        while let Some(c) = text[at..].chars().next().filter(|c| !c.is_ascii()) {
            if belongs(c) {
                for byte in at..at + c.len_utf8() {
                    marks[byte / BLOCK] |= 1 << (byte % BLOCK);
                }
            }
            at += c.len_utf8();
        }
    }
}

/// What the bytes of a block are: bit `i` stands for byte `i`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Classes {
    /// ASCII letters, digits and underscores.
    word: u64,
    /// ASCII but no blank: none of those below 128 in Unicode's `White_Space`.
    solid: u64,
    /// Not ASCII.
    high: u64,
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn classes(block: &[u8; BLOCK]) -> Classes {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8, _mm_sub_epi8,
    };
    let mut all = Classes::default();
    for (i, piece) in block.as_chunks::<16>().0.iter().enumerate() {
        // SAFETY: every x86-64 processor has SSE2, and the load reads the sixteen bytes of `piece`.
        #[allow(unused_unsafe, reason = "newer toolchains call most of these intrinsics safe")]
        let [word, blank, high] = unsafe {
            #[allow(clippy::cast_ptr_alignment, reason = "this load asks for no alignment")]
            let v = _mm_loadu_si128(std::ptr::from_ref(piece).cast::<__m128i>());
            // `x - first` is at most `span` exactly for the bytes from `first` to `first + span`.
            let within = |x: __m128i, first: u8, span: u8| {
                let from_first = _mm_sub_epi8(x, _mm_set1_epi8(first as i8));
                _mm_cmpeq_epi8(_mm_min_epu8(from_first, _mm_set1_epi8(span as i8)), from_first)
            };
            let letters = within(_mm_or_si128(v, _mm_set1_epi8(0x20)), b'a', 25);
            let digits = within(v, b'0', 9);
            let underscores = _mm_cmpeq_epi8(v, _mm_set1_epi8(b'_' as i8));
            let word = _mm_or_si128(_mm_or_si128(letters, digits), underscores);
            let blank = _mm_or_si128(within(v, 9, 4), _mm_cmpeq_epi8(v, _mm_set1_epi8(b' ' as i8)));
            [word, blank, v].map(|mask| _mm_movemask_epi8(mask))
        }
        .map(|bits| u64::from(bits as u16) << (16 * i));
        all.word |= word;
        all.solid |= (0xFFFF << (16 * i)) & !blank & !high;
        all.high |= high;
    }
    all
}

#[cfg(not(target_arch = "x86_64"))]
fn classes(block: &[u8; BLOCK]) -> Classes {
    classes_by_byte(block)
}

/// The same, byte by byte.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn classes_by_byte(block: &[u8; BLOCK]) -> Classes {
    block.iter().enumerate().fold(Classes::default(), |all, (i, b)| Classes {
        word: all.word | u64::from(b.is_ascii_alphanumeric() || *b == b'_') << i,
        solid: all.solid | u64::from(b.is_ascii() && !matches!(b, 9..=13 | b' ')) << i,
        high: all.high | u64::from(!b.is_ascii()) << i,
    })
}

const NEGATIONS: [&str; 17] = [
    "not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot", "dont",
    "doesnt", "didnt", "isnt", "wasnt", "wont", "cant",
];

/// Marks the words after a negation, up to the next punctuation mark.
pub(super) fn mark_negation(text: &str, words: &mut [Word]) {
    let mut negated = false;
    let mut last = 0;
    for word in words {
        let between = &text[last..word.start as usize];
        if between.contains(['.', ',', ';', ':', '!', '?', '(', ')', '"', '“', '”', '\n']) {
            negated = false;
        }
        let spelling = &text[word.start as usize..word.end as usize];
        word.negated = negated;
        let contracted = text[word.end as usize..].starts_with("'t") && spelling.ends_with('n');
        if NEGATIONS.contains(&spelling) || contracted {
            negated = true;
        }
        last = word.end as usize;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let (mut lower, mut marks, mut words, mut keys) =
            (String::new(), Marks::default(), Vec::new(), Vec::new());
        lower_case(text, &mut lower);
        find_words(&lower, &mut marks, &mut words, &mut keys);
        assert_eq!(words.len(), keys.len());
        words.iter().map(|w| lower[w.start as usize..w.end as usize].to_string()).collect()
    }

    /// The definition, character by character.
    fn words_by_definition(text: &str) -> Vec<String> {
        let mut lower = String::new();
        lower_case(text, &mut lower);
        lower
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|w| w.chars().count() >= 2)
            .map(str::to_string)
            .collect()
    }

    #[test]
    fn words_are_runs_of_two_or_more_letters() {
        assert_eq!(words("A NATO-led drill, isn’t it?"), ["nato", "led", "drill", "isn", "it"]);
        assert_eq!(words("Перегово\u{301}ри тривають — так!"), ["переговори", "тривають", "так"]);
        assert_eq!(words("x_y 42 é 𝟙 éé"), ["x_y", "42", "éé"]);
        assert!(words("").is_empty());
    }

    #[test]
    fn every_byte_is_classed_alike_sixteen_at_a_time_and_one_by_one() {
        for shift in 0..=255_u8 {
            let block = std::array::from_fn(|i| (i as u8).wrapping_mul(3).wrapping_add(shift));
            assert_eq!(classes(&block), classes_by_byte(&block));
        }
    }

    proptest! {
        #[test]
        fn runs_are_those_of_the_standard_library(text in "[a-z\t\u{b}\u{1c}\r\n é\u{a0}]{0,80}", only_ascii: bool) {
            let text = if only_ascii { text.replace(|c: char| !c.is_ascii(), "") } else { text };
            let (mut marks, mut runs) = (Marks::default(), Vec::new());
            find_runs(&text, &mut marks, &mut runs);
            let found: Vec<&str> = runs.iter().map(|(a, b)| &text[*a as usize..*b as usize]).collect();
            prop_assert_eq!(found, text.split_whitespace().collect::<Vec<_>>());
        }

        #[test]
        fn words_are_those_of_the_definition(text in "[a-zA-Z0-9_ .,’éßИя́—𝟙\u{301}\n]{0,200}") {
            prop_assert_eq!(words(&text), words_by_definition(&text));
        }
    }
}
