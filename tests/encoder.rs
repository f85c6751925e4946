//! Sentence encoders: exact beside the reference implementation, alone or in company, and deaf to hostile folders.
#![cfg(feature = "encoder")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use sayso::corpus::{EMBEDDING_CACHE_FILE, EMBEDDING_CACHE_LIMIT, EmbeddingCache, EncoderFiles};
use sayso::features::Passage;
use sayso::features::dense::DenseBlock;
use sayso::features::dense::encoder::Encoder;
use sayso::types::Span;
use sayso::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::{Value, json};

/// An encoder of `tests/fixtures/encoder.py` and what the reference implementation makes of some texts.
#[derive(Debug, Deserialize)]
struct Reference {
    config: Value,
    tokenizer: Value,
    prefix: String,
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    text: String,
    span: Option<(usize, usize)>,
    row: Vec<f32>,
    span_row: Vec<f32>,
}

impl Case {
    fn passage(&self) -> Passage<'_> {
        let span = self.span.map(|(start, end)| Span { start, end });
        Passage { text: &self.text, target: "", span }
    }
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read_to_string(path).expect("the fixture is there")
}

fn references() -> Vec<Reference> {
    serde_json::from_str(&fixture("encoder.json")).expect("a fixture")
}

/// The tensors of the made-up network: name, shape, numbers.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The same numbers as `Made` in `tests/fixtures/encoder.py` gives.
fn made_weights(config: &Value) -> Tensors {
    let size = |name: &str| config[name].as_u64().expect("a size") as usize;
    let (hidden, inner) = (size("hidden_size"), size("intermediate_size"));
    let mut shapes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut both = |name: String, shape: Vec<usize>| {
        shapes.insert(format!("{name}.bias"), vec![shape[0]]);
        shapes.insert(format!("{name}.weight"), shape);
    };
    both("embeddings.LayerNorm".into(), vec![hidden]);
    for i in 0..size("num_hidden_layers") {
        for part in
            ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
        {
            both(format!("encoder.layer.{i}.{part}"), vec![hidden, hidden]);
        }
        both(format!("encoder.layer.{i}.intermediate.dense"), vec![inner, hidden]);
        both(format!("encoder.layer.{i}.output.dense"), vec![hidden, inner]);
        both(format!("encoder.layer.{i}.attention.output.LayerNorm"), vec![hidden]);
        both(format!("encoder.layer.{i}.output.LayerNorm"), vec![hidden]);
    }
    for (table, rows) in
        [("word", "vocab_size"), ("position", "max_position_embeddings"), ("token_type", "type_vocab_size")]
    {
        shapes.insert(format!("embeddings.{table}_embeddings.weight"), vec![size(rows), hidden]);
    }
    let mut state = 2026_u64;
    let numbers = shapes.into_iter().map(|(name, shape)| {
        let gain = f32::from(u8::from(name.ends_with("LayerNorm.weight")));
        let numbers = (0..shape.iter().product())
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 40) as f32 / 16_777_216.0 - 0.5) * 0.5 + gain
            })
            .collect();
        (name, (shape, numbers))
    });
    numbers.collect()
}

fn bytes(tensors: &Tensors, dtype: Dtype) -> Vec<u8> {
    let data: Vec<Vec<u8>> =
        tensors.values().map(|(_, x)| x.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&data).map(|((name, (shape, _)), data)| {
        (name.clone(), TensorView::new(dtype, shape.clone(), data).expect("shape and length agree"))
    });
    safetensors::serialize(views, None).expect("serialises")
}

fn files(reference: &Reference) -> EncoderFiles {
    EncoderFiles {
        folder: PathBuf::from("tiny"),
        config: reference.config.to_string().into_bytes(),
        tokenizer: reference.tokenizer.to_string().into_bytes(),
        weights: bytes(&made_weights(&reference.config), Dtype::F32),
    }
}

fn tiny(span: bool) -> Encoder {
    Encoder::new(&files(&references()[0]), span).expect("a good encoder")
}

fn bits(rows: &[f32]) -> Vec<u32> {
    rows.iter().map(|x| x.to_bits()).collect()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn agrees(encoder: &Encoder, cases: &[Case], tolerance: f32) {
    let passages: Vec<Passage<'_>> = cases.iter().map(Case::passage).collect();
    let rows = encoder.rows(&passages);
    for (case, row) in cases.iter().zip(rows.chunks(encoder.width())) {
        let (whole, part) = row.split_at(encoder.width() / 2);
        for (name, ours, theirs) in [("row", whole, &case.row), ("span", part, &case.span_row)] {
            let off = largest_difference(ours, theirs);
            assert!(off <= tolerance, "help: {name} of {:?} is {off} off", case.text);
        }
    }
}

#[test]
fn rows_agree_with_the_reference_implementation() {
    for reference in references() {
        let encoder = Encoder::new(&files(&reference), true).expect("a good encoder");
        assert_eq!((encoder.width(), encoder.prefix()), (64, reference.prefix.as_str()));
        agrees(&encoder, &reference.cases, 1e-5);

        let halves = Encoder::new(&files(&reference), false).expect("a good encoder");
        let passages: Vec<Passage<'_>> = reference.cases.iter().map(Case::passage).collect();
        let (whole, half) = (encoder.rows(&passages), halves.rows(&passages));
        let first: Vec<f32> = whole.chunks(64).flat_map(|row| &row[..32]).copied().collect();
        assert_eq!(bits(&first), bits(&half), "help: without spans, a row is the first half");
    }
}

#[test]
fn names_with_and_without_bert_before_them_are_the_same_network() {
    let reference = &references()[0];
    let mut other = files(reference);
    let named = made_weights(&reference.config).into_iter().map(|(n, t)| (format!("bert.{n}"), t)).collect();
    other.weights = bytes(&named, Dtype::F32);
    let other = Encoder::new(&other, false).expect("a good encoder");
    let passage = [Passage::from("The talks must agree on Minsk.")];
    assert_eq!(bits(&other.rows(&passage)), bits(&tiny(false).rows(&passage)));
    assert_ne!(other.digest(), tiny(false).digest());
}

#[test]
fn a_row_does_not_depend_on_company_order_or_threads() {
    let encoder = tiny(true);
    let words = ["minsk", "talks", "must", "the", "sanctions", "agree", "two", "no"];
    let texts: Vec<String> = (0..90_usize)
        .map(|i| (0..(i * i) % 70).map(|j| words[(i + j * j) % 8]).collect::<Vec<_>>().join(" "))
        .collect();
    let mut passages: Vec<Passage<'_>> = texts
        .iter()
        .enumerate()
        .map(|(i, text)| {
            let span = (i % 3 > 0).then(|| Span { start: i % 5, end: i % 5 + 9 });
            Passage { text, target: "", span }
        })
        .collect();
    let together = encoder.rows(&passages);
    for (passage, row) in passages.iter().zip(together.chunks(64)) {
        assert_eq!(bits(&encoder.rows(&[*passage])), bits(row), "help: {:?}", passage.text);
    }
    for threads in [1, 2, 3, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        assert_eq!(
            bits(&pool.install(|| encoder.rows(&passages))),
            bits(&together),
            "help: {threads} threads"
        );
    }
    passages.reverse();
    let reversed: Vec<f32> = encoder.rows(&passages).chunks(64).rev().flatten().copied().collect();
    assert_eq!(bits(&reversed), bits(&together));
}

#[test]
fn equal_passages_are_encoded_once_and_progress_counts_distinct_ones() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let encoder = tiny(true).with_progress(move |done, total| {
        seen.lock().expect("no panic").push((done, total));
    });
    let span = |start, end| Passage { text: "minsk talks", target: "", span: Some(Span { start, end }) };
    let rows = encoder.rows(&[span(0, 5), span(6, 11), span(0, 5), "minsk talks".into(), span(0, 5)]);
    assert_eq!(rows[..64], rows[128..192]);
    assert_ne!(rows[..64], rows[64..128]);
    assert_eq!(rows[192 + 32..256], [0.0; 32], "help: without a span the second half is zero");
    let calls = std::mem::take(&mut *calls.lock().expect("no panic"));
    assert_eq!((calls.first(), calls.last()), (Some(&(0, 3)), Some(&(3, 3))));
    assert!(calls.is_sorted());
    assert!(encoder.rows(&[]).is_empty());
}

#[test]
fn any_text_has_finite_rows() {
    let encoder = tiny(true);
    let long = "минск ".repeat(400_000);
    let unbroken = "x".repeat(1 << 20);
    for text in ["", " ", "\0\u{feff}\u{202e}", "\u{10ffff}🇺🇦🇧🇾é́́", &long, &unbroken] {
        let span = Some(Span { start: 3, end: usize::MAX / 2 });
        let rows = encoder.rows(&[Passage { text, target: "", span }]);
        assert!(rows.iter().all(|x| x.is_finite()));
        assert!((rows[..32].iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
    }
    // Weights that are finite, but whose sums are not.
    let reference = &references()[0];
    let mut weights = made_weights(&reference.config);
    for x in weights.values_mut().flat_map(|(_, x)| x) {
        *x = f32::MAX.copysign(*x);
    }
    let mut huge = files(reference);
    huge.weights = bytes(&weights, Dtype::F32);
    let huge = Encoder::new(&huge, true).expect("finite weights");
    assert_eq!(huge.rows(&["minsk talks".into()]), vec![0.0; 64]);
}

#[test]
fn a_model_takes_back_the_encoder_it_was_trained_with_and_no_other() {
    let encoder = tiny(true);
    let stored = encoder.stored();
    assert_eq!((encoder.name(), stored.kind.as_str(), stored.bytes.len()), ("encoder", "encoder", 0));
    assert_eq!(stored.header, json!({"digest": encoder.digest(), "width": 64, "hidden": 32, "span": true}));
    let again = Encoder::restore(&files(&references()[0]), &stored).expect("the same");
    let passage = [Passage::from("the talks")];
    assert_eq!(bits(&again.rows(&passage)), bits(&encoder.rows(&passage)));

    let other = Encoder::restore(&files(&references()[1]), &stored).expect_err("another");
    assert!(matches!(other.kind(), ErrorKind::Argument { .. }));
    assert!(other.to_string().contains(encoder.digest()) && other.to_string().contains("this folder is"));
    let mut lexicon = stored.clone();
    lexicon.kind = "lexicon".into();
    Encoder::restore(&files(&references()[0]), &lexicon).expect_err("no encoder");
    let mut wider = stored;
    wider.header["width"] = json!(65);
    Encoder::restore(&files(&references()[0]), &wider).expect_err("another width");
}

#[test]
fn a_cache_gives_the_same_bits_and_knows_encoders_and_spans_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || EmbeddingCache::open(folder.path(), EMBEDDING_CACHE_LIMIT).expect("opened");
    let span = Some(Span { start: 0, end: 5 });
    let passages: Vec<Passage<'_>> =
        ["minsk talks", "sanctions", "minsk talks"].map(|text| Passage { text, target: "", span }).to_vec();
    let plain = tiny(true).rows(&passages);
    let first = tiny(true).with_cache(open());
    assert_eq!(bits(&first.rows(&passages)), bits(&plain));
    assert_eq!(first.cache().map(EmbeddingCache::len), Some(2));
    drop(first);

    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let second = tiny(true).with_cache(open()).with_progress(move |done, total| {
        seen.lock().expect("no panic").push((done, total));
    });
    assert_eq!(bits(&second.rows(&passages)), bits(&plain));
    assert_eq!(*calls.lock().expect("no panic"), [(2, 2)], "help: nothing is left to compute");
    second.rows(&["minsk talks".into()]);
    assert_eq!(second.cache().map(EmbeddingCache::len), Some(3), "help: another span is another row");
    drop(second);

    let other = Encoder::new(&files(&references()[1]), true).expect("good").with_cache(open());
    let fresh = Encoder::new(&files(&references()[1]), true).expect("good");
    assert_eq!(bits(&other.rows(&passages)), bits(&fresh.rows(&passages)));
    drop(other);

    let path = folder.path().join(EMBEDDING_CACHE_FILE);
    let mut damaged = std::fs::read(&path).expect("read");
    damaged[60..].iter_mut().for_each(|b| *b ^= 0xff);
    std::fs::write(&path, damaged).expect("written");
    assert_eq!(bits(&tiny(true).with_cache(open()).rows(&passages)), bits(&plain));
}

fn refusal(change: impl FnOnce(&mut EncoderFiles)) -> String {
    let mut files = files(&references()[0]);
    change(&mut files);
    let error: Error = Encoder::new(&files, true).expect_err("hostile files");
    assert!(matches!(error.kind(), ErrorKind::Input { .. }), "{error:?}");
    error.to_string()
}

fn with_weights(change: impl FnOnce(&mut Tensors)) -> String {
    refusal(|files| {
        let mut tensors = made_weights(&references()[0].config);
        change(&mut tensors);
        files.weights = bytes(&tensors, Dtype::F32);
    })
}

#[test]
fn hostile_weights_are_refused_with_tensor_and_reason() {
    let words = "embeddings.word_embeddings.weight";
    let query = "encoder.layer.1.attention.self.query.weight";
    let missing = with_weights(|t| drop(t.remove(query)));
    assert!(missing.contains(query) && missing.contains("found nothing"), "{missing}");
    let shape = with_weights(|t| t.get_mut(query).expect("there").0 = vec![16, 64]);
    assert!(shape.contains("found a tensor [16, 64]; expected a tensor [32, 32]"), "{shape}");
    for bad in [f32::NAN, f32::NEG_INFINITY] {
        let message = with_weights(|t| t.get_mut(words).expect("there").1[77] = bad);
        assert!(message.contains("as number 77; expected finite numbers"), "{message}");
    }
    let half = refusal(|files| {
        let mut tensors = made_weights(&references()[0].config);
        for (shape, _) in tensors.values_mut() {
            let last = shape.len() - 1;
            shape[last] *= 2;
        }
        tensors.get_mut(words).expect("there").0 = vec![96, 64];
        files.weights = bytes(&tensors, Dtype::F16);
    });
    assert!(half.contains("expected a tensor [96, 32] of 32-bit floating point"), "{half}");

    let good = files(&references()[0]).weights;
    for length in (0..good.len()).step_by(good.len() / 97).chain([good.len() - 1]) {
        let cut = refusal(|files| files.weights.truncate(length));
        assert!(cut.contains("model.safetensors: found a damaged file"), "{cut}");
    }
    // Flipped bytes anywhere in the description of the tensors: an error or a network, never a panic.
    for at in 0..4000 {
        let mut flipped = files(&references()[0]);
        flipped.weights[at] ^= 0x15;
        let _ = Encoder::new(&flipped, false);
    }
}

#[test]
fn hostile_configs_and_tokenizers_are_refused_with_a_reason() {
    let config = |name: &str, value: Value| {
        refusal(|files| {
            let mut config = references()[0].config.clone();
            config[name] = value;
            files.config = config.to_string().into_bytes();
        })
    };
    assert!(config("num_hidden_layers", json!(3)).contains("encoder.layer.2.attention.self.query.weight"));
    assert!(config("vocab_size", json!(72)).contains("expected ids below 72, the vocab_size of config.json"));
    assert!(config("vocab_size", json!(97)).contains("found a tensor [96, 32]"));
    assert!(config("hidden_size", json!(4_000_000_000_u64)).contains("from 1 to 4096"));
    assert!(config("model_type", json!("gpt2")).contains("expected \"bert\""));

    let tokenizer = |path: &str, value: Value| {
        refusal(|files| {
            let mut tokenizer = references()[0].tokenizer.clone();
            *tokenizer.pointer_mut(path).expect("there") = value;
            files.tokenizer = tokenizer.to_string().into_bytes();
        })
    };
    assert!(tokenizer("/model/type", json!("BPE")).contains("a model BPE"));
    assert!(tokenizer("/model/max_input_chars_per_word", json!(1_u64 << 40)).contains("above 1000"));
    assert!(tokenizer("/model/unk_token", json!("[NONE]")).contains("can split any text"));
    let pattern = json!({"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""});
    assert!(tokenizer("/normalizer", pattern.clone()).contains("with the pattern (a+)+$"));
    let nested = json!({"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": [pattern]}]});
    assert!(tokenizer("/normalizer", nested).contains("with the pattern (a+)+$"));
    assert!(tokenizer("/pre_tokenizer", json!({"type": "ByteLevel"})).contains("a step ByteLevel"));
    assert!(tokenizer("/model/vocab/minsk", json!(4_294_967_295_u32)).contains("a token with id 4294967295"));

    let good = files(&references()[0]).tokenizer;
    for length in (0..good.len()).step_by(61) {
        let cut = refusal(|files| files.tokenizer.truncate(length));
        assert!(cut.contains("tokenizer.json: found a damaged file"), "{cut}");
    }
}

#[test]
#[ignore = "needs the folder of all-MiniLM-L6-v2 in SAYSO_ENCODER; docs/encoders.md says how to get it"]
fn minilm_agrees_with_the_reference_implementation() {
    let folder = std::env::var_os("SAYSO_ENCODER").expect("help: set SAYSO_ENCODER to the folder");
    let files = EncoderFiles::read(folder.as_ref()).expect("read");
    let encoder = Encoder::new(&files, true).expect("a good encoder");
    assert_eq!((encoder.width(), encoder.prefix()), (768, ""));
    let cases: Vec<Case> = serde_json::from_str(&fixture("encoder_minilm.json")).expect("a fixture");
    agrees(&encoder, &cases, 1e-4);
}
