/// A term of a lexicon: what it says on one dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct LexiconEntry {
    /// One to four words in lower case.
    pub term: String,
    /// In [−1, 1].
    pub value: f32,
    /// What is weighed: "tone", "posture".
    pub dimension: String,
}
