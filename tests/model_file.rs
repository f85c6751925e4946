//! Model files are untrusted: whatever is wrong with one, it is refused with a reason.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use sayso::ErrorKind;
use sayso::corpus::{TrainingRow, TrainingSet};
use sayso::model::{BUNDLED, Model};
use sayso::pipeline::{TrainParams, train};
use sayso::types::{Axis, AxisSet};
use serde_json::{Value, json};

fn small() -> Vec<u8> {
    let row = |i: usize, text: &str, class| TrainingRow {
        text: format!("{text} in week {i}"),
        group: i.to_string(),
        weight: 1.0,
        labels: vec![Some(class)],
        ..TrainingRow::default()
    };
    let set = TrainingSet {
        axes: AxisSet { axes: vec![Axis::nominal("posture", ["firm".into(), "mild".into()])] },
        rows: (0..10)
            .flat_map(|i| [row(i, "more sanctions must follow", 0), row(i + 10, "let us return to talks", 1)])
            .collect(),
        notes: Vec::new(),
    };
    let params = TrainParams { c: Some(1.0), ..TrainParams::default() };
    train(&set, &params).expect("trainable").to_bytes().expect("writable")
}

#[track_caller]
fn refused(bytes: &[u8], what: &str) {
    match Model::from_bytes(bytes, Path::new("m.safetensors")) {
        Ok(_) => panic!("accepted: {what}"),
        Err(error) => assert!(
            matches!(error.kind(), ErrorKind::Model { .. } | ErrorKind::TooLarge { .. }),
            "{what}: {error}"
        ),
    }
}

#[test]
fn a_model_reads_back_and_writes_the_same_bytes() {
    let bytes = small();
    let model = Model::from_bytes(&bytes, Path::new("m.safetensors")).expect("sound");
    assert_eq!(model.to_bytes().expect("writable"), bytes);
}

#[test]
fn a_model_is_read_from_a_file_and_from_a_pipe() {
    let bytes = small();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.safetensors");
    std::fs::write(&path, &bytes).expect("written");
    let same = |path: &Path| Model::load(path).expect("sound").to_bytes().expect("writable") == bytes;
    assert!(same(&path));
    #[cfg(target_os = "linux")]
    {
        use std::io::Write as _;
        use std::os::fd::AsRawFd as _;
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let all = bytes.clone();
        let writing = std::thread::spawn(move || writer.write_all(&all));
        assert!(same(Path::new(&format!("/proc/self/fd/{}", reader.as_raw_fd()))));
        writing.join().expect("no panic").expect("all is read");
    }
    assert!(matches!(Model::load(folder.path()).expect_err("a folder").kind(), ErrorKind::Io { .. }));
}

#[test]
fn a_model_cut_off_anywhere_is_refused() {
    let bytes = small();
    for length in 0..bytes.len() {
        refused(&bytes[..length], &format!("{length} of {} bytes", bytes.len()));
    }
    refused(&[bytes.as_slice(), b"x"].concat(), "a byte too many");
}

#[test]
fn a_model_with_any_byte_changed_is_refused() {
    let bytes = small();
    // Every byte of the header's length and of a stride through the file, each bit pattern of three.
    for at in (0..8).chain((8..bytes.len()).step_by(7)) {
        for mask in [0x01, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= mask;
            refused(&changed, &format!("byte {at} xor {mask:#x}"));
        }
    }
}

#[test]
fn a_header_that_claims_to_be_huge_is_refused_before_it_is_believed() {
    let mut bytes = small();
    bytes[..8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
    refused(&bytes, "2^60 bytes of header");
}

#[test]
fn a_model_that_was_read_knows_the_digest_in_its_file() {
    let bytes = small();
    let model = Model::from_bytes(&bytes, Path::new("m.safetensors")).expect("sound");
    let digest = model.digest().expect("it was read");
    assert_eq!(digest.len(), 64);
    let place = bytes.windows(64).position(|at| at == digest.as_bytes()).expect("the file holds it");
    assert!(bytes[..place].ends_with(br#""sayso":""#));
    // Equal content has an equal digest, other content another one.
    assert_eq!(model.to_bytes().expect("writable"), bytes);
    assert_ne!(Model::bundled().expect("sound").digest(), model.digest());
}

/// A file with other content and the digest that goes with it: anyone can write one.
fn forged(change: impl FnOnce(&mut Value, &mut BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>)) -> Vec<u8> {
    let bytes = small();
    let (_, metadata) = SafeTensors::read_metadata(&bytes).expect("sound");
    let stored = &metadata.metadata().as_ref().expect("metadata")["sayso"];
    let mut header: Value = serde_json::from_str(&stored[65..]).expect("JSON");
    let mut tensors: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)> = SafeTensors::deserialize(&bytes)
        .expect("sound")
        .iter()
        .map(|(name, view)| (name.to_string(), (view.dtype(), view.shape().to_vec(), view.data().to_vec())))
        .collect();
    change(&mut header, &mut tensors);
    let json = header.to_string();
    let mut hash = blake3::Hasher::new();
    hash.update(json.as_bytes());
    for (_, _, data) in tensors.values() {
        hash.update(&(data.len() as u64).to_le_bytes());
        hash.update(data);
    }
    let digest = hash.finalize();
    let views = tensors.iter().map(|(name, (dtype, shape, data))| {
        (name.as_str(), TensorView::new(*dtype, shape.clone(), data).expect("its shape"))
    });
    let metadata = HashMap::from([("sayso".to_string(), format!("{digest} {json}"))]);
    safetensors::serialize(views, Some(metadata)).expect("writable")
}

#[test]
fn a_forged_model_that_would_break_scoring_is_refused() {
    let same = forged(|_, _| {});
    Model::from_bytes(&same, Path::new("m.safetensors")).expect("the digest is that of the content");
    let without_axes = forged(|header, tensors| {
        header["axes"] = json!([]);
        for name in ["weights", "held_p"] {
            let (_, shape, data) = tensors.get_mut(name).expect("it is there");
            shape[1] = 0;
            data.clear();
        }
    });
    refused(&without_axes, "no axis");
    let too_few_weights = forged(|_, tensors| {
        let (_, shape, data) = tensors.get_mut("weights").expect("it is there");
        shape[0] -= 1;
        data.truncate(shape[0] * 4);
    });
    refused(&too_few_weights, "a weight too few");
    let not_finite = forged(|_, tensors| {
        tensors.get_mut("idf").expect("it is there").2[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    refused(&not_finite, "an idf that is no number");
    let other_numbers = forged(|_, tensors| tensors.get_mut("df").expect("it is there").0 = Dtype::F32);
    refused(&other_numbers, "frequencies that are no whole numbers");
    let other_name = forged(|_, tensors| {
        let weights = tensors.remove("weights").expect("it is there");
        tensors.insert("wights".into(), weights);
    });
    refused(&other_name, "weights under another name");
    let one_more = forged(|_, tensors| {
        let weights = tensors["weights"].clone();
        tensors.insert("zzz".into(), weights);
    });
    refused(&one_more, "a tensor that nothing reads");
}

#[test]
fn a_model_of_another_version_says_what_to_do() {
    for (version, help) in [(2, "train it again"), (4, "newer Sayso")] {
        let bytes = forged(|header, _| header["version"] = version.into());
        let error = Model::from_bytes(&bytes, Path::new("m.safetensors")).expect_err("another version");
        let message = error.to_string();
        assert!(message.contains(&format!("version {version}")) && message.contains(help), "{message}");
    }
}

#[test]
fn the_bundled_model_is_sound_and_small() {
    let model = Model::bundled().expect("it comes with the program");
    let ids: Vec<&str> = model.axes().iter().map(|axis| axis.axis.id.as_str()).collect();
    assert_eq!(ids, ["alignment", "posture", "minsk", "sentiment"]);
    assert!(BUNDLED.len() <= 4 << 20, "{} bytes", BUNDLED.len());
    for axis in &model.card().axes {
        let validation = axis.validation.as_ref().expect("validated");
        let gain = validation.macro_f1 - validation.baselines.majority_macro_f1;
        assert!(gain >= 0.25, "{}: {gain:.3} above the commonest class", axis.axis);
        assert!(validation.reliability.ece <= 0.10, "{}: {:.3}", axis.axis, validation.reliability.ece);
    }
}
