//! Text to token ids, with `tokenizer.json`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use tokenizers::{Tokenizer, TruncationParams};

use super::config::Config;
use crate::corpus::ENCODER_TOKENIZER;
use crate::types::Span;
use crate::{Error, Position, Result};

/// The most tokens of a text that are read, those that the tokenizer adds included.
const MOST_TOKENS: usize = 256;
/// The most bytes of a text that are split into tokens; far more than [`MOST_TOKENS`] take.
const MOST_BYTES: usize = 16 << 10;
/// What multilingual E5 was trained to see before every text.
const E5_PREFIX: &str = "query: ";

/// Normalisers, splitters and processors that BERT-family tokenizers are made of. Others are refused, because what they
/// cost on hostile input is not known.
const STEPS: [&str; 24] = [
    "BertNormalizer",
    "BertPreTokenizer",
    "BertProcessing",
    "Digits",
    "Lowercase",
    "Metaspace",
    "NFC",
    "NFD",
    "NFKC",
    "NFKD",
    "Nmt",
    "Precompiled",
    "Prepend",
    "Punctuation",
    "Replace",
    "RobertaProcessing",
    "Sequence",
    "Strip",
    "StripAccents",
    "TemplateProcessing",
    "UnicodeScripts",
    "Whitespace",
    "WhitespaceSplit",
    "CharDelimiterSplit",
];

/// The regular expressions that a `Replace` step may hold: runs of blanks, as SentencePiece folds them.
const PATTERNS: [&str; 3] = [" {2,}", "\\s+", " +"];

/// The parts of `tokenizer.json` that are checked before the file is handed on.
#[derive(Deserialize)]
struct Outline {
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    model: Model,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    max_input_chars_per_word: Option<u64>,
    #[serde(rename = "vocab")]
    _vocabulary: IgnoredAny,
}

/// Splits texts into tokens.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    prefix: &'static str,
    most: usize,
    vocabulary: usize,
}

/// A text as the network sees it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Encoded {
    /// The ids, each below the vocabulary's size.
    pub ids: Vec<u32>,
    /// Which of the tokens touch the span.
    pub inside: Vec<usize>,
}

impl Tokens {
    /// Checks and reads the file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) if it is damaged, not a tokenizer of the BERT family, gives ids that
    /// the network has no row for, or fails on a trial.
    pub(super) fn read(bytes: &[u8], config: &Config, folder: &Path) -> Result<Self> {
        let refuse = |found: String, expected: String| {
            Error::input(Position::file(folder.join(ENCODER_TOKENIZER)), found, expected)
        };
        let damaged = |e: String| {
            refuse(format!("a damaged file ({e})"), "a tokenizer as JSON".into())
                .with_help("Get the file again and compare its SHA-256 with the publisher's")
        };
        let outline: Outline = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
        let unigram = outline.model.kind.as_deref() == Some("Unigram");
        if !unigram && outline.model.kind.as_deref() != Some("WordPiece") {
            let found =
                outline.model.kind.map_or("a model without a type".into(), |k| format!("a model {k:.40}"));
            return Err(refuse(found, "a tokenizer with a WordPiece or Unigram model".into()));
        }
        // The time for a word grows with the square of its length.
        if outline.model.max_input_chars_per_word.is_some_and(|n| n > 1000) {
            return Err(refuse("max_input_chars_per_word above 1000".into(), "at most 1000".into()));
        }
        for step in [&outline.normalizer, &outline.pre_tokenizer, &outline.post_processor] {
            check_step(step, 0)
                .map_err(|found| refuse(found, "the steps of a BERT-family tokenizer".into()))?;
        }
        // The library that reads tokenizers panics on some damaged files: a panic here is a reason to refuse the file.
        let guarded = catch_unwind(AssertUnwindSafe(|| {
            let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|e| e.to_string())?;
            let most = MOST_TOKENS.min(config.positions);
            tokenizer.with_padding(None);
            let truncation = TruncationParams { max_length: most, ..TruncationParams::default() };
            tokenizer.with_truncation(Some(truncation)).map_err(|e| e.to_string())?;
            let largest = tokenizer.get_vocab(true).into_values().max().unwrap_or(0);
            Ok::<_, String>((tokenizer, most, largest))
        }));
        let (tokenizer, most, largest) =
            guarded.map_err(|_| damaged("it cannot be read".into()))?.map_err(damaged)?;
        if largest as usize >= config.vocabulary {
            return Err(refuse(
                format!("a token with id {largest}"),
                format!("ids below {}, the vocab_size of config.json", config.vocabulary),
            )
            .with_help("The three files must be of the same encoder"));
        }
        let prefix = if unigram && config.xlm_roberta { E5_PREFIX } else { "" };
        let tokens = Self { tokenizer, prefix, most, vocabulary: config.vocabulary };
        for trial in
            ["", "Minsk talks", "\u{e000}\u{10ffff}", "Переговоры, 1 234,5 € – “да”", "谈判 \u{1f600}\u{301}"]
        {
            tokens
                .try_encode(trial, None)
                .map_err(|e| refuse(e, "a tokenizer that can split any text".into()))?;
        }
        Ok(tokens)
    }

    /// What is set before every text.
    pub(super) fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// The tokens of a text, as many as fit. A text that the tokenizer fails on has none.
    pub(super) fn encode(&self, text: &str, span: Option<Span>) -> Encoded {
        self.try_encode(text, span).unwrap_or_default()
    }

    fn try_encode(&self, text: &str, span: Option<Span>) -> Result<Encoded, String> {
        let end = (0..=MOST_BYTES.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
        let text = &text[..end];
        let whole = format!("{}{text}", self.prefix);
        // As above: a table inside a normaliser can be damaged in ways that show at some texts only.
        let encoding = catch_unwind(AssertUnwindSafe(|| self.tokenizer.encode(whole.as_str(), true)))
            .map_err(|_| "a damaged table".to_string())?
            .map_err(|e| e.to_string())?;
        let n = encoding.get_ids().len().min(self.most);
        let ids = encoding.get_ids()[..n].to_vec();
        if let Some(id) = ids.iter().find(|&&id| id as usize >= self.vocabulary) {
            return Err(format!("a token with id {id}"));
        }
        let inside = span.map_or_else(Vec::new, |span| {
            let (from, to) = (span.start + self.prefix.len(), span.end + self.prefix.len());
            let offsets = encoding.get_offsets().iter().take(n).enumerate();
            // Tokens that the tokenizer adds are empty.
            offsets.filter(|(_, (s, e))| s < e && *s < to && *e > from).map(|(i, _)| i).collect()
        });
        Ok(Encoded { ids, inside })
    }
}

/// The name of the first step that is not known, if any.
fn check_step(step: &Value, depth: usize) -> Result<(), String> {
    let Value::Object(fields) = step else {
        return if step.is_null() { Ok(()) } else { Err("a step that is no object".into()) };
    };
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or("without a type");
    if depth > 4 || !STEPS.contains(&kind) {
        return Err(format!("a step {kind:.40}"));
    }
    let pattern = fields.get("pattern").and_then(|p| p.get("Regex")).and_then(Value::as_str);
    if let Some(pattern) = pattern.filter(|p| !PATTERNS.contains(p)) {
        return Err(format!("a step {kind} with the pattern {pattern:.40}"));
    }
    let children = ["normalizers", "pretokenizers", "processors"].iter().filter_map(|c| fields.get(*c));
    children.filter_map(Value::as_array).flatten().try_for_each(|child| check_step(child, depth + 1))
}
