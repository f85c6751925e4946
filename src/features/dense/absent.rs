//! The place of a sentence encoder in a model that was loaded without it.

use super::{DenseBlock, StoredBlock};
use crate::features::Passage;
use crate::{Error, Result};

/// Knows which encoder belongs here, and reads nothing.
#[derive(Debug)]
pub(super) struct Absent {
    digest: String,
    width: usize,
    stored: StoredBlock,
}

/// Wider rows are no sentence encoder's.
const WIDEST: u64 = 1 << 16;

impl Absent {
    pub(super) fn restore(stored: &StoredBlock) -> Result<Self> {
        let text =
            |name: &str| stored.header.get(name).and_then(serde_json::Value::as_str).map(str::to_string);
        let width = stored
            .header
            .get("width")
            .and_then(serde_json::Value::as_u64)
            .filter(|w| (1..=WIDEST).contains(w));
        match (text("digest"), width) {
            (Some(digest), Some(width)) => Ok(Self { digest, width: width as usize, stored: stored.clone() }),
            _ => Err(Error::argument("encoder", &stored.header, "a header with digest and width")),
        }
    }
}

impl DenseBlock for Absent {
    fn name(&self) -> &'static str {
        "encoder"
    }

    fn width(&self) -> usize {
        self.width
    }

    fn rows(&self, passages: &[Passage<'_>]) -> Vec<f32> {
        vec![0.0; self.width * passages.len()]
    }

    fn standardised(&self) -> bool {
        false
    }

    fn grid(&self) -> &'static [f64] {
        &[1.0]
    }

    fn missing(&self) -> Option<&str> {
        Some(&self.digest)
    }

    fn stored(&self) -> StoredBlock {
        self.stored.clone()
    }
}
