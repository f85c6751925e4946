//! N-grams that were met for the first time and are no terms yet.

use super::pages::room_for;
use super::texts::Contents;

/// First occurrences of word n-grams, text by text. In the texts they have number 0 until it is known whether they became terms.
#[derive(Default)]
pub(super) struct Firsts {
    keys: Vec<u64>,
    /// Where each stands among the items of its text.
    at: Vec<u32>,
    /// Where those of each text end.
    ends: Vec<usize>,
}

/// So many are looked up together.
const PIECE: usize = 1024;

impl Firsts {
    /// Makes room for so many more; there will be `expected` texts in all.
    pub(super) fn room_for(&mut self, more: usize, expected: usize) {
        room_for(&mut self.keys, more, self.ends.len() + 1, expected);
        room_for(&mut self.at, more, self.ends.len() + 1, expected);
    }

    #[inline]
    pub(super) fn push(&mut self, key: u64, at: usize) {
        self.keys.push(key);
        self.at.push(at as u32);
    }

    pub(super) fn end_text(&mut self) {
        self.ends.push(self.keys.len());
    }

    pub(super) fn keys(&self) -> &[u64] {
        &self.keys
    }

    /// Gives each of them its number, and keeps those that have none. Nothing here branches on which they are.
    ///
    /// # Arguments
    ///
    /// * `look_up` - writes the numbers of some keys.
    /// * `settle` - of a number, its key and its text: the number, or 0 if it is not meant.
    pub(super) fn number(
        &mut self,
        contents: &mut Contents,
        look_up: impl Fn(&[u64], &mut [u32]),
        mut settle: impl FnMut(u32, u64, usize) -> u32,
    ) {
        let mut numbers = [0; PIECE];
        let (mut from, mut left) = (0, 0);
        for (text, end) in self.ends.iter_mut().enumerate() {
            let items = contents.of_mut(text);
            for i in from..*end {
                if i % PIECE == 0 {
                    let keys = &self.keys[i..self.keys.len().min(i + PIECE)];
                    look_up(keys, &mut numbers[..keys.len()]);
                }
                let (key, at) = (self.keys[i], self.at[i]);
                let number = settle(numbers[i % PIECE], key, text);
                items[at as usize] = number;
                (self.keys[left], self.at[left]) = (key, at);
                left += usize::from(number == 0);
            }
            from = std::mem::replace(end, left);
        }
        self.keys.truncate(left);
        self.at.truncate(left);
    }

    /// Gives `number(i)` to each.
    pub(super) fn fill(&self, contents: &mut Contents, mut number: impl FnMut(usize) -> u32) {
        let mut from = 0;
        for (text, end) in self.ends.iter().enumerate() {
            let items = contents.of_mut(text);
            for i in from..*end {
                items[self.at[i] as usize] = number(i);
            }
            from = *end;
        }
    }
}
