//! `labels/written.csv` is written by hand, not by filling templates: no two statements share much of their wording.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sayso::corpus::{LabelFile, bundled_axes};
use sayso::types::Label;

fn written() -> LabelFile {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("labels/written.csv");
    let mut file = LabelFile::read(&[path], &bundled_axes(), None).expect("readable");
    assert!(file.problems.is_empty(), "{:?}", file.problems);
    file.rows.retain(|row| row.annotator == "a1");
    file
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

#[test]
fn no_two_statements_share_more_than_half_of_their_word_four_grams() {
    let rows = written().rows;
    let grams: Vec<BTreeSet<Vec<String>>> =
        rows.iter().map(|row| words(&row.quote).windows(4).map(<[String]>::to_vec).collect()).collect();
    let mut holders: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
    for (i, set) in grams.iter().enumerate() {
        for gram in set {
            holders.entry(gram).or_default().push(i);
        }
    }
    let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for list in holders.values() {
        for (k, a) in list.iter().enumerate() {
            for b in &list[k + 1..] {
                *shared.entry((*a, *b)).or_default() += 1;
            }
        }
    }
    for ((a, b), n) in shared {
        let fewest = grams[a].len().min(grams[b].len());
        assert!(2 * n <= fewest, "rows {} and {} share {n} of {fewest} four-grams", rows[a].row, rows[b].row);
    }
}

#[test]
fn there_are_enough_statements_of_every_kind_and_length() {
    let file = written();
    assert!(file.rows.len() >= 2400, "{}", file.rows.len());
    for (axis, fewest) in [("alignment", 450), ("posture", 450), ("minsk", 350), ("sentiment", 350)] {
        for class in [0, 2] {
            let n = file.rows.iter().filter(|r| r.labels.get(axis) == Some(&Label::Class(class))).count();
            assert!(n >= fewest, "{axis}, class {class}: {n}");
        }
    }
    let situations: BTreeSet<&str> = file.rows.iter().map(|r| r.group.as_str()).collect();
    assert!(situations.len() >= 40, "{situations:?}");
    for row in &file.rows {
        let n = row.quote.split_whitespace().count();
        assert!((8..=90).contains(&n), "row {}: {n} words", row.row);
    }
}

#[test]
fn the_vocabulary_keeps_growing() {
    // Template text runs out of new words; hand-written text adds them to the end. Heaps' exponent between
    // 50,000 and 100,000 words: 0 is a template, news is near 0.5 to 0.7. It falls with length, so the length is fixed.
    let rows = written().rows;
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|i| i.wrapping_mul(2_654_435_761) % 1_000_003);
    let (mut seen, mut n) = (BTreeSet::new(), 0_usize);
    let mut curve = Vec::new();
    for i in order {
        for word in words(&rows[i].quote) {
            n += 1;
            seen.insert(word);
            if n.is_multiple_of(25_000) {
                println!("{n} words, {} distinct", seen.len());
                curve.push((n as f64, seen.len() as f64));
            }
        }
    }
    let (half, whole) = (curve[1], curve[3]);
    let exponent = (whole.1 / half.1).ln() / (whole.0 / half.0).ln();
    assert!(exponent > 0.4, "{exponent:.2}");
}
