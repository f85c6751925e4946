use serde::{Deserialize, Serialize};

/// One row of `speakers.csv`: a name under which a speaker appears, and who it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeakerEntry {
    /// The name used in every output.
    pub canonical: String,
    /// A name found in articles.
    pub alias: String,
    /// "president", "analyst".
    #[serde(default)]
    pub role: String,
    /// ISO country code or name.
    #[serde(default)]
    pub country: String,
    /// Any grouping the user wants to compare by.
    #[serde(default)]
    pub group: String,
}
