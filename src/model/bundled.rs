use std::path::Path;

use super::Model;
use crate::Result;

/// The model that comes with Sayso; `models/make.sh` makes it again, byte for byte.
pub const BUNDLED: &[u8] = include_bytes!("../../models/bundled.safetensors");

impl Model {
    /// The model that comes with Sayso: news on Belarus, Ukraine and Russia, on the four axes of `labels/axes.toml`.
    ///
    /// Read its card before you use it: `models/bundled.card.md`.
    ///
    /// # Errors
    ///
    /// Those of [`Model::from_bytes`], which a test rules out.
    pub fn bundled() -> Result<Self> {
        Self::from_bytes(BUNDLED, Path::new("bundled.safetensors"))
    }
}
