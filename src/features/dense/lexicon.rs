//! A list of words and phrases with values: what they add up to in a text.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{DenseBlock, StoredBlock};
use crate::features::Passage;
use crate::types::{LexiconEntry, Span};
use crate::{Error, Result};

/// Words of the longest phrase.
const LONGEST: usize = 4;
/// Words before a term in which a negator turns it.
const REACH: usize = 3;
/// What a negation makes of a value.
const NEGATED: f32 = -0.5;
/// Words on either side of a marked span that are read by themselves.
const NEAR: usize = 8;
/// Numbers that describe one dimension of one stretch of text.
const PER_DIMENSION: usize = 6;

const NEGATORS: [&str; 13] = [
    "not", "no", "never", "without", "hardly", "neither", "nor", "cannot", "none", "nobody", "nothing",
    "scarcely", "barely",
];
/// "Not only", "no less": no negation.
const NO_NEGATION: [&str; 6] = ["only", "just", "merely", "less", "wonder", "doubt"];
const STRONGER: [&str; 20] = [
    "very",
    "deeply",
    "extremely",
    "utterly",
    "strongly",
    "highly",
    "completely",
    "absolutely",
    "totally",
    "truly",
    "really",
    "fully",
    "profoundly",
    "seriously",
    "severely",
    "sharply",
    "enormously",
    "hugely",
    "particularly",
    "especially",
];
const WEAKER: [&str; 10] = [
    "somewhat",
    "slightly",
    "partly",
    "partially",
    "mildly",
    "bit",
    "moderately",
    "marginally",
    "fairly",
    "relatively",
];

/// A lexicon as a block of features.
///
/// The longest phrase wins over the words in it. A term within three words after a negator counts −0.5 times its value, up to
/// the next mark; an intensifier right before it counts 1.5 times, a diminisher half. A stretch of `n` words whose positive
/// values sum to `P` and negative ones to `−N` gives, for each dimension, `P/√n`, `N/√n`, `(P−N)/√n`, `(P−N)/√((P−N)²+4)`, and
/// whether more terms were positive, or negative.
///
/// # Example
///
/// ```
/// use sayso::features::dense::{DenseBlock, Lexicon};
/// use sayso::types::LexiconEntry;
///
/// let entry = |term: &str, value| LexiconEntry { term: term.into(), value, dimension: "tone".into() };
/// let lexicon = Lexicon::new(&[entry("shameful", -0.8), entry("good", 0.5)], false)?;
/// let rows = lexicon.rows(&["A shameful vote".into(), "not very good".into()]);
/// assert_eq!(lexicon.width(), 6);
/// assert!((rows[1] - 0.8 / 3.0_f32.sqrt()).abs() < 1e-6, "N / √n of the first text");
/// assert!((rows[6 + 1] - 0.375 / 3.0_f32.sqrt()).abs() < 1e-6, "−0.5 · 1.5 · 0.5");
/// # Ok::<(), sayso::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Lexicon {
    entries: Vec<LexiconEntry>,
    dimensions: Vec<String>,
    values: HashMap<String, Vec<(u8, f32)>>,
    span: bool,
}

/// What a model's header keeps of a lexicon; the entries lie in the tensor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    span: bool,
    n_entries: usize,
}

/// A word of the text that is read.
#[derive(Clone, Copy)]
struct Word {
    start: usize,
    end: usize,
    /// A mark stands between the word before and this one.
    apart: bool,
    /// Its place in the text as given.
    at: usize,
}

/// A term that was found, and what it counts.
pub(crate) struct Found {
    /// The words `first..end`.
    first: usize,
    end: usize,
    dimension: u8,
    value: f32,
}

impl Lexicon {
    /// A lexicon; with `span`, the text before, in and after a passage's marked span, and the eight words on either side of it,
    /// are read by themselves as well.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) for no entry, more than 16 dimensions, a value outside [−1, 1], or a
    /// term of more than four words.
    pub fn new(entries: &[LexiconEntry], span: bool) -> Result<Self> {
        let mut dimensions: Vec<String> = entries.iter().map(|e| e.dimension.clone()).collect();
        dimensions.sort();
        dimensions.dedup();
        if entries.is_empty() || dimensions.len() > 16 {
            return Err(Error::argument(
                "--lexicon",
                format!("{} terms, {} dimensions", entries.len(), dimensions.len()),
                "at least one term, and at most 16 dimensions",
            ));
        }
        let mut entries = entries.to_vec();
        entries.sort_by(|a, b| (&a.dimension, &a.term).cmp(&(&b.dimension, &b.term)));
        let mut values: HashMap<String, Vec<(u8, f32)>> = HashMap::new();
        for entry in &entries {
            let (text, words) = read(&entry.term);
            if words.is_empty() || words.len() > LONGEST || !(-1.0..=1.0).contains(&entry.value) {
                return Err(Error::argument(
                    "--lexicon",
                    format!("{:?} with {}", entry.term, entry.value),
                    format!("one to {LONGEST} words with a value from -1 to 1"),
                ));
            }
            let dimension = dimensions.partition_point(|d| *d < entry.dimension) as u8;
            values.entry(text).or_default().push((dimension, entry.value));
        }
        Ok(Self { entries, dimensions, values, span })
    }

    /// The lexicon that comes with Sayso: English, the dimensions `posture` and `tone`.
    ///
    /// # Errors
    ///
    /// None in practice: a test reads it.
    pub fn bundled(span: bool) -> Result<Self> {
        let file = include_str!("../../../labels/lexicon.csv");
        Self::new(
            &crate::corpus::parse_lexicon(file.as_bytes(), std::path::Path::new("labels/lexicon.csv"))?,
            span,
        )
    }

    /// The block that a model file keeps.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) or [`ErrorKind::Argument`](crate::ErrorKind::Argument) when it is damaged.
    pub fn restore(stored: &StoredBlock) -> Result<Self> {
        let header: Header = serde_json::from_value(stored.header.clone())
            .map_err(|e| Error::argument("lexicon", e, "a header that Sayso wrote"))?;
        let entries = crate::corpus::parse_lexicon(&stored.bytes, std::path::Path::new("lexicon"))?;
        if entries.len() != header.n_entries {
            return Err(Error::argument("lexicon", entries.len(), format!("{} entries", header.n_entries)));
        }
        Self::new(&entries, header.span)
    }

    /// The names of the dimensions, in column order.
    pub fn dimensions(&self) -> &[String] {
        &self.dimensions
    }

    /// The terms of a text with what each counts, in text order: span of bytes, dimension, value.
    pub fn found(&self, text: &str) -> Vec<(Span, &str, f32)> {
        let (lower, words) = read(text);
        self.terms(&lower, &words)
            .into_iter()
            .map(|f| {
                let last = words[f.end - 1];
                let length = last.end - last.start;
                let span = Span::new(words[f.first].at, (last.at + length).min(text.len()));
                (span, self.dimensions[f.dimension as usize].as_str(), f.value)
            })
            .collect()
    }

    fn terms(&self, text: &str, words: &[Word]) -> Vec<Found> {
        let mut found = Vec::new();
        let mut used = vec![false; words.len()];
        let mut i = 0;
        while i < words.len() {
            let longest = (1..=LONGEST.min(words.len() - i)).rev().find_map(|n| {
                let inside = words[i + 1..i + n].iter().all(|w| !w.apart);
                let phrase = &text[words[i].start..words[i + n - 1].end];
                self.values.get(phrase).filter(|_| inside).map(|v| (n, v))
            });
            let Some((n, values)) = longest else {
                i += 1;
                continue;
            };
            let by = strength(text, words, i) * if negated(text, words, &used, i) { NEGATED } else { 1.0 };
            used[i..i + n].fill(true);
            found.extend(values.iter().map(|(dimension, value)| Found {
                first: i,
                end: i + n,
                dimension: *dimension,
                value: value * by,
            }));
            i += n;
        }
        found
    }

    /// The numbers of the words `from..to`.
    fn describe(&self, found: &[Found], from: usize, to: usize, out: &mut Vec<f32>) {
        let root = (to.saturating_sub(from).max(1) as f32).sqrt();
        for dimension in 0..self.dimensions.len() as u8 {
            let (mut positive, mut negative, mut n_positive, mut n_negative) = (0.0, 0.0, 0, 0);
            for f in found.iter().filter(|f| f.dimension == dimension && f.first >= from && f.first < to) {
                if f.value > 0.0 {
                    positive += f.value;
                    n_positive += 1;
                } else {
                    negative -= f.value;
                    n_negative += 1;
                }
            }
            let net = positive - negative;
            let more = |a: u32, b: u32| f32::from(u8::from(a > b));
            out.extend([
                positive / root,
                negative / root,
                net / root,
                net / (net * net + 4.0).sqrt(),
                more(n_positive, n_negative),
                more(n_negative, n_positive),
            ]);
        }
    }
}

impl DenseBlock for Lexicon {
    fn name(&self) -> &'static str {
        "lexicon"
    }

    fn width(&self) -> usize {
        self.dimensions.len() * PER_DIMENSION * if self.span { 5 } else { 1 }
    }

    fn rows(&self, passages: &[Passage<'_>]) -> Vec<f32> {
        let mut out = Vec::with_capacity(passages.len() * self.width());
        for passage in passages {
            let (lower, words) = read(passage.text);
            let found = self.terms(&lower, &words);
            let n = words.len();
            self.describe(&found, 0, n, &mut out);
            if self.span {
                // Without a mark, everything stands before it.
                let (start, end) = passage.span.map_or((n, n), |span| {
                    let first = words.partition_point(|w| w.at < span.start);
                    (first, words.partition_point(|w| w.at < span.end).max(first))
                });
                for (from, to) in
                    [(0, start), (start, end), (end, n), (start.saturating_sub(NEAR), (end + NEAR).min(n))]
                {
                    self.describe(&found, from, to, &mut out);
                }
            }
        }
        out
    }

    fn standardised(&self) -> bool {
        true
    }

    fn grid(&self) -> &'static [f64] {
        &[0.003, 0.01, 0.03, 0.1]
    }

    fn stored(&self) -> StoredBlock {
        let header = Header { span: self.span, n_entries: self.entries.len() };
        let mut bytes = b"term,value,dimension\n".to_vec();
        for e in &self.entries {
            bytes.extend_from_slice(format!("{},{},{}\n", e.term, e.value, e.dimension).as_bytes());
        }
        StoredBlock {
            kind: self.name().into(),
            header: serde_json::to_value(header).unwrap_or_default(),
            bytes,
        }
    }
}

/// The words of a text in lower case, one blank between them, and where each stands. "Won't" is read as "wo not".
fn read(text: &str) -> (String, Vec<Word>) {
    let mut lower = String::with_capacity(text.len());
    let mut words: Vec<Word> = Vec::new();
    let (mut apart, mut open) = (false, None::<Word>);
    let close = |lower: &mut String, words: &mut Vec<Word>, word: Word| {
        let kept = lower[word.start..].trim_end_matches(['\'', '-']).len();
        lower.truncate(word.start + kept);
        if kept == 0 {
            return;
        }
        let stem = lower[word.start..].strip_suffix("n't").map(str::len);
        let end = stem.map_or(lower.len(), |n| word.start + n);
        if end > word.start {
            words.push(Word { end, ..word });
        }
        if stem.is_some() {
            lower.truncate(end);
            lower.push_str(if end > word.start { " not" } else { "not" });
            let start = lower.len() - 3;
            let at = word.at + end.saturating_sub(word.start);
            words.push(Word { start, end: lower.len(), apart: word.apart && end == word.start, at });
        }
        lower.push(' ');
    };
    for (at, c) in text.char_indices() {
        let inner = matches!(c, '\'' | '’' | '-');
        if c.is_alphanumeric() || c == '_' || (inner && open.is_some()) {
            if open.is_none() {
                open = Some(Word { start: lower.len(), end: 0, apart, at });
                apart = false;
            }
            if c == '’' {
                lower.push('\'');
            } else {
                lower.extend(c.to_lowercase());
            }
            continue;
        }
        if let Some(word) = open.take() {
            close(&mut lower, &mut words, word);
        }
        apart |= matches!(c, ',' | '.' | ';' | ':' | '!' | '?' | '…' | '(' | ')' | '\n');
    }
    if let Some(word) = open.take() {
        close(&mut lower, &mut words, word);
    }
    lower.truncate(lower.trim_end().len());
    (lower, words)
}

fn word<'t>(text: &'t str, words: &[Word], i: usize) -> &'t str {
    words.get(i).map_or("", |w| &text[w.start..w.end])
}

fn strength(text: &str, words: &[Word], i: usize) -> f32 {
    if i == 0 || words[i].apart {
        return 1.0;
    }
    let before = word(text, words, i - 1);
    if STRONGER.contains(&before) {
        1.5
    } else if WEAKER.contains(&before) {
        0.5
    } else {
        1.0
    }
}

/// True when a negator that belongs to no phrase stands near before word `i`, with no mark between.
fn negated(text: &str, words: &[Word], used: &[bool], i: usize) -> bool {
    let mut k = i;
    while k > 0 && i - k < REACH && !words[k].apart {
        k -= 1;
        let negates =
            NEGATORS.contains(&word(text, words, k)) && !NO_NEGATION.contains(&word(text, words, k + 1));
        if negates && !used[k] {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lexicon() -> Lexicon {
        let entry = |term: &str, value, dimension: &str| LexiconEntry {
            term: term.into(),
            value,
            dimension: dimension.into(),
        };
        Lexicon::new(
            &[
                entry("talks", -0.4, "posture"),
                entry("no talks", 0.6, "posture"),
                entry("good", 0.5, "tone"),
                entry("condemn", -0.7, "tone"),
                entry("not negotiate", 0.6, "posture"),
            ],
            false,
        )
        .expect("a sound lexicon")
    }

    fn values(text: &str) -> Vec<(String, f32)> {
        lexicon()
            .found(text)
            .into_iter()
            .map(|(span, _, value)| (span.slice(text).to_string(), value))
            .collect()
    }

    #[test]
    fn longest_phrases_negation_and_strength() {
        assert_eq!(
            values("No talks now. We want talks."),
            [("No talks".into(), 0.6), ("talks".into(), -0.4)]
        );
        assert_eq!(values("We do not condemn it"), [("condemn".into(), 0.35)]);
        assert_eq!(values("We don’t condemn it"), [("condemn".into(), 0.35)]);
        assert_eq!(values("Not now, condemn it"), [("condemn".into(), -0.7)]);
        assert_eq!(values("Not only good"), [("good".into(), 0.5)]);
        assert_eq!(values("very good, slightly good"), [("good".into(), 0.75), ("good".into(), 0.25)]);
        assert_eq!(values("We won't negotiate")[0].1, 0.6);
    }

    #[test]
    fn a_span_tells_its_surroundings_apart() {
        let lexicon = Lexicon::new(&lexicon().entries, true).expect("a sound lexicon");
        let text = "Good news for Weiss, whom we condemn";
        let passage = Passage { text, target: "", span: Some(Span::new(14, 19)) };
        let row = lexicon.rows(&[passage]);
        assert_eq!(row.len(), 2 * 6 * 5);
        // Dimensions are in order: posture, tone. The first number of tone before the span, the second after it.
        assert!(row[12 + 6] > 0.0 && row[12 + 7] == 0.0);
        assert!(row[36 + 6] == 0.0 && row[36 + 7] > 0.0);
    }

    #[test]
    fn a_stored_lexicon_reads_the_same() {
        let lexicon = lexicon();
        assert_eq!(Lexicon::restore(&lexicon.stored()).expect("its own bytes"), lexicon);
    }

    #[test]
    fn the_bundled_lexicon_is_sound() {
        let lexicon = Lexicon::bundled(false).expect("a sound file");
        assert_eq!(lexicon.dimensions(), ["posture", "tone"]);
        assert!(lexicon.entries.len() > 5000);
    }

    proptest! {
        #[test]
        fn any_text_gives_finite_rows(text in "\\PC{0,120}", span in proptest::option::of((0_usize..200, 0_usize..200))) {
            let lexicon = Lexicon::new(&lexicon().entries, true).expect("a sound lexicon");
            let span = span.map(|(a, b)| Span::new(a.min(b), a.max(b)));
            let row = lexicon.rows(&[Passage { text: &text, target: "", span }]);
            prop_assert_eq!(row.len(), lexicon.width());
            prop_assert!(row.iter().all(|v| v.is_finite()));
            for (span, _, _) in lexicon.found(&text) {
                prop_assert!(span.end <= text.len());
            }
        }
    }
}
