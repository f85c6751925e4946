//! What the fuzzer found worth keeping (`fuzz/corpus`) is replayed, so that a crash once found stays mended.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use sayso::quotation::Extractor;
use sayso::text::boilerplate;
use sayso::types::Article;

#[test]
fn every_text_of_the_corpus_gives_lawful_statements() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/extract");
    let files: Vec<_> = fs::read_dir(folder).expect("the corpus is there").flatten().collect();
    assert!(files.len() > 100, "help: only {} texts", files.len());
    let extractor = Extractor::new();
    let mut n_statements = 0;
    for file in files {
        let bytes = fs::read(file.path()).expect("a readable file");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for language in [None, Some("de"), Some("uk")] {
            let article = Article {
                boilerplate: boilerplate(&text),
                text: text.clone(),
                language: language.map(str::to_string),
                ..Article::default()
            };
            let mut at = 0;
            for span in extractor.extract(&article).statements.iter().flat_map(|s| &s.spans) {
                assert!(span.start >= at, "overlap in {}", file.path().display());
                assert!(!span.slice(&text).trim().is_empty(), "no text in {}", file.path().display());
                at = span.end;
                n_statements += 1;
            }
        }
    }
    assert!(n_statements > 50, "help: the corpus holds only {n_statements} statements");
}

/// The shortest of three runs.
fn time(extractor: &Extractor, text: &str) -> Duration {
    let article = Article { text: text.into(), language: Some("en".into()), ..Article::default() };
    let runs = (0..3).map(|_| {
        let start = Instant::now();
        black_box(extractor.extract(&article));
        start.elapsed()
    });
    runs.min().unwrap_or_default()
}

/// Eight times the text must not take anywhere near the 64 times of quadratic work.
#[test]
fn time_grows_with_the_text_on_hostile_input() {
    let extractor = Extractor::new();
    let names = |n: usize| {
        let word = |k: usize| {
            let letters = "bcdfghjklmnpqrstvwxz".as_bytes();
            (0..4)
                .map(|p| letters[k / 20_usize.pow(p) % 20] as char)
                .flat_map(|c| [c, 'a'])
                .collect::<String>()
        };
        let name = |k: usize| format!("Anna {}{}", word(k)[..1].to_uppercase(), &word(k)[1..]);
        (0..n / 15).map(name).collect::<Vec<_>>().join(", ")
    };
    let units = ["\"", "“", "he said ", "\n", "“a,” he said, “b,” ", "saying a, "];
    let repeated = |unit: &str, n: usize| unit.repeat(n / unit.len());
    let pairs = units.map(|unit| (unit, repeated(unit, 125_000), repeated(unit, 1_000_000)));
    let distinct = ("names", names(125_000), names(1_000_000));
    for (name, short, long) in pairs.into_iter().chain([distinct]) {
        let small = time(&extractor, &short).max(Duration::from_millis(1));
        let large = time(&extractor, &long);
        assert!(large < small * 32, "{name:?}: {small:?} for 125 kB, {large:?} for 1 MB");
    }
}
