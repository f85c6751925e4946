/// Vectors of words, as a file gives them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WordVectors {
    /// Numbers a word.
    pub dimension: usize,
    /// Lower case, each once, in file order: mostly the most frequent first.
    pub words: Vec<String>,
    /// Word after word, `dimension` finite numbers each.
    pub values: Vec<f32>,
}
