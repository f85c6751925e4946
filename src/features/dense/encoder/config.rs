//! The sizes of a network, from `config.json`.

use std::path::Path;

use serde_json::{Map, Value};

use crate::corpus::ENCODER_CONFIG;
use crate::{Error, Position, Result};

/// The sizes of a BERT, each within its range.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Config {
    /// Numbers a token.
    pub hidden: usize,
    /// Layers.
    pub layers: usize,
    /// Attention heads; they divide `hidden`.
    pub heads: usize,
    /// Width of the inner layer.
    pub inner: usize,
    /// The most tokens that have a position.
    pub positions: usize,
    /// Segments.
    pub segments: usize,
    /// Rows of the table of tokens.
    pub vocabulary: usize,
    /// What the normalisations add to the variance.
    pub epsilon: f32,
    /// True when the file names the tokenizer of XLM-RoBERTa.
    pub xlm_roberta: bool,
}

/// What may stand in place of one name: the path of the file and its fields.
struct Fields<'a> {
    folder: &'a Path,
    map: Map<String, Value>,
}

impl Config {
    /// Reads and checks the file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) with the field that is missing, out of range or names a network of
    /// another kind.
    pub(super) fn parse(bytes: &[u8], folder: &Path) -> Result<Self> {
        let map = match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => map,
            Ok(_) => return Err(refuse(folder, None, "JSON that is no object", "the sizes of a network")),
            Err(e) => {
                return Err(refuse(folder, None, format!("no JSON ({e})"), "the sizes of a network"));
            }
        };
        let fields = Fields { folder, map };
        fields.word("model_type", "bert", None)?;
        fields.word("hidden_act", "gelu", Some("gelu"))?;
        fields.word("position_embedding_type", "absolute", Some("absolute"))?;
        let config = Self {
            hidden: fields.size("hidden_size", 4096)?,
            layers: fields.size("num_hidden_layers", 64)?,
            heads: fields.size("num_attention_heads", 256)?,
            inner: fields.size("intermediate_size", 16_384)?,
            positions: fields.size("max_position_embeddings", 8192)?,
            segments: fields.size("type_vocab_size", 16)?,
            vocabulary: fields.size("vocab_size", 1_000_000)?,
            epsilon: fields.epsilon()?,
            xlm_roberta: fields
                .map
                .get("tokenizer_class")
                .and_then(Value::as_str)
                .is_some_and(|c| c.starts_with("XLMRoberta")),
        };
        if !config.hidden.is_multiple_of(config.heads) {
            let found = format!("{} heads for {} numbers", config.heads, config.hidden);
            let expected = "a number of heads that divides hidden_size";
            return Err(refuse(folder, Some("num_attention_heads"), found, expected));
        }
        if config.positions < 8 {
            let found = config.positions.to_string();
            return Err(refuse(folder, Some("max_position_embeddings"), found, "at least 8"));
        }
        Ok(config)
    }
}

impl Fields<'_> {
    fn size(&self, name: &str, most: usize) -> Result<usize> {
        let expected = format!("a whole number from 1 to {most}");
        let Some(value) = self.map.get(name) else {
            return Err(refuse(self.folder, Some(name), "nothing", expected));
        };
        match value.as_u64() {
            Some(n) if (1..=most as u64).contains(&n) => Ok(n as usize),
            _ => Err(refuse(self.folder, Some(name), shortened(value), expected)),
        }
    }

    fn epsilon(&self) -> Result<f32> {
        let Some(value) = self.map.get("layer_norm_eps") else { return Ok(1e-12) };
        match value.as_f64() {
            Some(epsilon) if (1e-30..=0.1).contains(&epsilon) => Ok(epsilon as f32),
            _ => Err(refuse(
                self.folder,
                Some("layer_norm_eps"),
                shortened(value),
                "a number from 1e-30 to 0.1",
            )),
        }
    }

    fn word(&self, name: &str, wanted: &str, otherwise: Option<&str>) -> Result<()> {
        let missing = Value::Null;
        let value = self.map.get(name).unwrap_or(&missing);
        if value.as_str().or(if value.is_null() { otherwise } else { None }) == Some(wanted) {
            return Ok(());
        }
        let error = refuse(self.folder, Some(name), shortened(value), format!("\"{wanted}\""));
        Err(error.with_help("Networks of the BERT family are read: all-MiniLM-L6-v2, multilingual-e5-small"))
    }
}

/// A value as a message can hold it.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn refuse(
    folder: &Path,
    field: Option<&str>,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> Error {
    let mut position = Position::file(folder.join(ENCODER_CONFIG));
    position.column = field.map(str::to_string);
    Error::input(position, found, expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 64, "max_position_embeddings": 64, "type_vocab_size": 2, "vocab_size": 40}"#;

    #[test]
    fn what_is_not_said_has_the_usual_value() {
        let config = Config::parse(GOOD.as_bytes(), Path::new("e")).expect("good");
        assert_eq!((config.hidden, config.heads, config.epsilon), (32, 4, 1e-12));
    }

    #[test]
    fn absurd_sizes_and_other_networks_are_refused_by_name() {
        for (from, to, expected) in [
            ("\"hidden_size\": 32", "\"hidden_size\": 0", "column hidden_size: found 0"),
            ("\"hidden_size\": 32", "\"hidden_size\": 33", "4 heads for 33 numbers"),
            ("\"hidden_size\": 32", "\"hidden_size\": 1e18", "column hidden_size"),
            ("\"hidden_size\": 32, ", "", "column hidden_size: found nothing"),
            ("\"vocab_size\": 40", "\"vocab_size\": 18446744073709551615", "from 1 to 1000000"),
            ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": -2", "column num_hidden_layers: found -2"),
            ("\"bert\"", "\"xlm-roberta\"", "column model_type: found \"xlm-roberta\"; expected \"bert\""),
            ("{", "{\"hidden_act\": \"relu\",", "column hidden_act"),
            ("{", "{\"layer_norm_eps\": 0,", "column layer_norm_eps"),
            ("{", "[", "no JSON"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            let message = Config::parse(text.as_bytes(), Path::new("e")).expect_err("refused").to_string();
            assert!(message.contains(expected) && message.contains("config.json"), "help: {message}");
        }
    }
}
