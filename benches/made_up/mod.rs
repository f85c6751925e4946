//! Texts of made-up words: few are frequent and many rare, as in a language, and each text leans to one of three sides.

use sayso::corpus::{TrainingRow, TrainingSet};
use sayso::types::{Axis, AxisSet};

/// A made-up text and its side, 0 to 2.
pub struct Made {
    pub text: String,
    pub side: usize,
}

/// So many texts of about `words` words; the same at every call.
pub fn texts(n: usize, words: usize) -> Vec<Made> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut draw = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..n)
        .map(|i| {
            let side = i % 3;
            let mut text = String::new();
            for k in 0..words {
                // Rank r comes with a chance of about 1/r, up to 20,000 words; one in eight is the side's own.
                let rank = (20_000_f64.powf(draw()) as usize).max(1);
                let own = draw() < 0.125;
                spell(if own { 30_000 + 40 * side + rank % 40 } else { rank }, &mut text);
                text.push_str(if k % 11 == 10 { ". " } else { " " });
            }
            Made { text, side }
        })
        .collect()
}

/// The texts as rows to learn sides from, five to a group.
pub fn training_set(made: &[Made]) -> TrainingSet {
    let row = |(i, made): (usize, &Made)| TrainingRow {
        text: made.text.clone(),
        group: (i / 5).to_string(),
        weight: 1.0,
        labels: vec![Some(made.side)],
        ..TrainingRow::default()
    };
    TrainingSet {
        axes: AxisSet { axes: vec![Axis::nominal("side", ["a".into(), "b".into(), "c".into()])] },
        rows: made.iter().enumerate().map(row).collect(),
        notes: Vec::new(),
    }
}

/// A word for a number: syllables, so that words share parts.
fn spell(mut number: usize, out: &mut String) {
    const ONSETS: [&str; 12] = ["b", "d", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st"];
    const ENDS: [&str; 8] = ["a", "e", "i", "o", "an", "er", "is", "on"];
    loop {
        out.push_str(ONSETS[number % 12]);
        number /= 12;
        out.push_str(ENDS[number % 8]);
        number /= 8;
        if number == 0 {
            return;
        }
    }
}
