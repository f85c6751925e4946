use std::path::Path;

use super::*;
use crate::ErrorKind;
use crate::corpus::TrainingRow;
use crate::types::{Axis, AxisSet, Class, Status};

/// Sentences of two sides and of neither, each in a group of three.
fn set() -> TrainingSet {
    let firm =
        ["tougher sanctions must follow", "the army will answer with force", "no talks with the aggressor"];
    let mild = ["we call for talks and peace", "caution is better than revenge", "stay out of this quarrel"];
    let neither =
        ["the train leaves at noon", "grain prices rose last month", "the bridge is being repaired"];
    let mut rows = Vec::new();
    for i in 0..36_usize {
        for (class, texts) in [&mild, &neither, &firm].into_iter().enumerate() {
            rows.push(TrainingRow {
                text: format!("{} {}, {}", texts[i % 3], ["now", "today", "soon", "again"][i % 4], i),
                speaker: ["Anna Example", "a lorry driver"][i % 2].into(),
                group: format!("g{class} {}", i / 3),
                weight: 1.0,
                labels: vec![Some(class), (class != 1).then_some(class / 2)],
                ..TrainingRow::default()
            });
        }
    }
    let class = |id: &str| Some(Class { id: id.into(), title: id.into(), aliases: Vec::new() });
    let posture = Axis {
        low: class("mild"),
        neutral: class("neutral"),
        high: class("firm"),
        ..Axis::nominal("posture", [])
    };
    TrainingSet {
        axes: AxisSet { axes: vec![posture, Axis::nominal("side", ["a".into(), "b".into()])] },
        rows,
        notes: Vec::new(),
    }
}

#[test]
fn a_model_learns_scores_and_says_why() {
    let model = train(&set(), &TrainParams::default()).expect("trains");
    let score = model.score("Tougher sanctions must follow, with force!");
    let posture = &score.axes["posture"];
    assert_eq!((posture.class.as_str(), posture.status), ("firm", Status::Ok));
    assert!(posture.score.expect("poles") > 0.3 && (posture.p.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert_eq!(score.axes["side"].score, None);
    assert!(posture.terms.iter().any(|t| t.term == "sanctions" && t.value > 0.0), "{:?}", posture.terms);
    let card = &model.card().axes[0];
    let validation = card.validation.as_ref().expect("five folds");
    assert!(validation.macro_f1 > 0.9 && validation.permutation_p < 0.01);
    assert_eq!(validation.learning_curve.len(), 4);
    assert!(validation.baselines.majority_macro_f1 < 0.4);
    assert!(model.card().to_markdown().contains("| macro-F1 |"));
}

#[test]
fn a_learning_curve_of_many_rows_is_measured_on_the_same_folds_throughout() {
    let row = |i: usize| TrainingRow {
        text: format!(
            "{} w{} x{}",
            ["no talks", "more force"][(i + usize::from(i.is_multiple_of(10))) % 2],
            i % 97,
            i % 89
        ),
        group: i.to_string(),
        weight: 1.0,
        labels: vec![Some(i % 2)],
        ..TrainingRow::default()
    };
    let set = TrainingSet {
        axes: AxisSet { axes: vec![Axis::nominal("side", ["a".into(), "b".into()])] },
        rows: (0..90_000).map(row).collect(),
        notes: Vec::new(),
    };
    let mut params = TrainParams { c: Some(1.0), ..TrainParams::default() };
    params.features.chars = None;
    let card = train(&set, &params).expect("trains").card().axes[0].clone();
    let validation = card.validation.expect("five folds");
    // Of 90,000 rows a fold holds out 18,000: three of the five tell.
    assert_eq!(validation.confusion.iter().flatten().sum::<u64>(), 90_000);
    let curve = &validation.learning_curve;
    assert!(
        curve.iter().all(|p| p.n_held_out == curve[0].n_held_out && p.n_held_out.div_ceil(1000) == 54),
        "{curve:?}"
    );
    assert!(curve.iter().map(|p| p.n_rows / 1000).eq([18, 36, 53, 72]), "{curve:?}");
}

#[test]
fn contributions_sum_to_the_linear_score_and_words_to_terms() {
    let model = train(&set(), &TrainParams::default()).expect("trains");
    let text = "No talks, said he: the army's answer is peace. Peace!";
    for axis in 0..2 {
        let e = model.explain(axis, text.into());
        let terms: f64 = e.terms.iter().map(|t| t.value).sum();
        let words: f64 = e.words.iter().map(|w| w.value).sum();
        assert!((e.intercept + terms - e.linear_score).abs() < 1e-9);
        assert!((words - terms).abs() < 1e-9, "{words} {terms}");
        assert!(e.words.windows(2).all(|w| w[0].end <= w[1].start));
    }
}

#[test]
fn a_watcher_hears_of_every_fit() {
    use std::sync::Mutex;
    let heard = Mutex::new(Vec::new());
    let watch = |done, total| heard.lock().expect("no panic").push((done, total));
    train_watched(&set(), &TrainParams::default(), &watch).expect("trains");
    let mut heard = heard.into_inner().expect("no panic");
    heard.sort_unstable();
    // 5 outer and 15 inner splits, three shares of five folds, what carries over (twice), and the last fit.
    assert_eq!(heard.iter().map(|h| h.0).collect::<Vec<_>>(), (1..=38).collect::<Vec<_>>());
    assert_eq!(heard.last(), Some(&(38, 38)));
}

#[test]
fn the_card_tells_what_carries_over_between_files_and_what_names_give_away() {
    let row = |i: usize| {
        let side = i % 2;
        // The words tell sides apart in the first file only; in the second the speaker's name does.
        let (file, words) = match (i < 60, side) {
            (true, 0) => ("first.csv", "more sanctions and pressure"),
            (true, _) => ("first.csv", "patience and a quiet talk"),
            _ => ("second.csv", "nothing new about that"),
        };
        let speaker = if side == 0 { "Anna Bergström" } else { "Karl Steinmetz" };
        TrainingRow {
            text: format!("{speaker} on day {}: {words}", i / 2),
            speaker: speaker.into(),
            group: i.to_string(),
            weight: 1.0,
            labels: vec![Some(side)],
            file: file.into(),
            ..TrainingRow::default()
        }
    };
    let set = TrainingSet {
        axes: AxisSet { axes: vec![Axis::nominal("side", ["a".into(), "b".into()])] },
        rows: (0..120).map(row).collect(),
        notes: Vec::new(),
    };
    let model = train(&set, &TrainParams { c: Some(1.0), ..TrainParams::default() }).expect("trains");
    let validation = model.card().axes[0].validation.as_ref().expect("validated");
    let names: Vec<&str> = validation.by_file.iter().map(|f| f.file.as_str()).collect();
    assert_eq!(names, ["first.csv", "second.csv"]);
    let [first, second] = validation.by_file.as_slice() else { panic!("two files") };
    assert!(first.held_out.accuracy > 0.95 && second.held_out.accuracy < 0.7, "{:?}", validation.by_file);
    // What the second file's words say is nothing, so it teaches nothing about the first.
    assert!(first.others.is_some_and(|o| o.accuracy < 0.7), "{first:?}");
    let leak = validation.names_left_in.expect("names are masked");
    assert!(leak.left_in > 0.95 && leak.gained > 0.1, "{leak:?}");
    assert!(model.card().to_markdown().contains("| second.csv | 60 in 60 groups |"));
}

/// Settings with a lexicon and word vectors beside the terms.
fn with_blocks() -> TrainParams {
    use crate::features::dense::{Lexicon, VectorBlock};
    use crate::types::{LexiconEntry, WordVectors};
    let entry = |term: &str, value| LexiconEntry { term: term.into(), value, dimension: "posture".into() };
    let lexicon =
        Lexicon::new(&[entry("tougher sanctions", 0.8), entry("talks", -0.5), entry("peace", -0.6)], false);
    let vectors = WordVectors {
        dimension: 2,
        words: ["force", "army", "peace", "caution", "armistice"].map(str::to_string).into(),
        values: vec![1.0, 0.1, 0.9, 0.0, -1.0, 0.2, -0.8, 0.1, -1.0, 0.1],
    };
    let set = set();
    let vectors = VectorBlock::new(&vectors, set.rows.iter().map(|r| r.text.as_str()), false);
    let blocks = Blocks(vec![Arc::new(lexicon.expect("sound")), Arc::new(vectors.expect("sound"))]);
    TrainParams { blocks, ..TrainParams::default() }
}

#[test]
fn blocks_are_averaged_with_the_terms_and_explained_exactly() {
    let model = train(&set(), &with_blocks()).expect("trains");
    let text = "Tougher sanctions, says the army; talks and peace, say others";
    for axis in 0..2 {
        let e = model.explain(axis, text.into());
        let terms: f64 = e.terms.iter().map(|t| t.value).sum();
        let blocks: f64 = e.blocks.iter().map(|b| b.value).sum();
        assert_eq!(e.blocks.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["lexicon", "vectors"]);
        assert!((e.intercept + terms + blocks - e.linear_score).abs() < 1e-9);
    }
    // The vectors know a word that no training text holds.
    let p = |text: &str| model.score(text).axes["posture"].p[0];
    assert!(p("an armistice is what the train needs") > p("an omnibus is what the train needs") + 0.05);
    let card = &model.card().axes[0];
    assert_eq!(card.blocks.len(), 2);
    assert!(card.blocks[0].alone_macro_f1 > 0.5 && card.validation.is_some());
    assert!(model.card().to_markdown().contains("- lexicon (6 numbers a text"));
}

#[test]
fn a_model_with_blocks_is_read_back_to_the_byte_and_refused_when_damaged() {
    let model = train(&set(), &with_blocks()).expect("trains");
    let bytes = model.to_bytes().expect("fits");
    let path = Path::new("m.safetensors");
    let again = Model::from_bytes(&bytes, path).expect("its own bytes");
    assert_eq!(again.to_bytes().expect("fits"), bytes);
    let passages = ["we call for talks and peace".into(), "the army will answer with force".into()];
    assert_eq!(again.score_all(&passages), model.score_all(&passages));
    for at in (0..bytes.len()).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        assert!(Model::from_bytes(&damaged, path).is_err(), "byte {at}");
        assert!(Model::from_bytes(&bytes[..at], path).is_err(), "cut at {at}");
    }
}

#[test]
fn scores_do_not_depend_on_company() {
    let model = train(&set(), &with_blocks()).expect("trains");
    let texts =
        ["we call for talks and peace", "the army will answer with force", "grain prices rose last month"];
    let passages: Vec<Passage<'_>> = texts.iter().map(|t| (*t).into()).collect();
    let alone: Vec<_> = texts.iter().map(|t| model.score(t)).collect();
    assert_eq!(model.score_all(&passages), alone);
}

#[test]
fn a_search_leaves_out_what_adds_nothing() {
    use crate::features::dense::Lexicon;
    use crate::types::LexiconEntry;
    let useless = LexiconEntry { term: "noon".into(), value: 0.1, dimension: "d".into() };
    let lexicon = Lexicon::new(&[useless], false).expect("sound");
    let params = TrainParams { blocks: Blocks(vec![Arc::new(lexicon)]), ..TrainParams::default() };
    let found = tune(&set(), &params, &|| true).expect("searches");
    assert!(found.params.blocks.0.is_empty());
    assert!(found.trials[0].iter().any(|t| t.setting.contains("+ lexicon")));
}

#[test]
fn texts_that_cannot_be_scored_say_why() {
    let model = train(&set(), &TrainParams::default()).expect("trains");
    for (text, status) in [
        ("", Status::TooShort),
        ("Peace now", Status::TooShort),
        ("xylophone zebra quux wobbly", Status::NoFeatures),
        ("Переговори тривають уже третій день поспіль", Status::OtherLanguage),
    ] {
        let score = model.score(text);
        let axis = &score.axes["posture"];
        assert_eq!((axis.status, axis.class.as_str(), axis.score), (status, "", None), "{text:?}");
    }
}

#[test]
fn shuffled_rows_and_any_number_of_threads_give_the_same_bytes() {
    let set = set();
    let mut shuffled = set.clone();
    shuffled.rows.reverse();
    shuffled.rows.swap(3, 50);
    let bytes = |set: &TrainingSet, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| train(set, &TrainParams::default()).and_then(|m| m.to_bytes()).expect("trains"))
    };
    let one = bytes(&set, 1);
    assert!(one == bytes(&set, 2));
    assert!(one == bytes(&shuffled, 3));
}

#[test]
fn a_saved_model_is_the_same_and_a_damaged_one_is_refused() {
    let mut set = set();
    set.rows.truncate(60);
    let features = FeatureParams { chars: None, ..FeatureParams::default() };
    let model =
        train(&set, &TrainParams { features, c: Some(1.0), ..TrainParams::default() }).expect("trains");
    let bytes = model.to_bytes().expect("small");
    let path = Path::new("m.safetensors");
    let again = Model::from_bytes(&bytes, path).expect("whole");
    assert!(again.to_bytes().expect("small") == bytes);
    let text = "the army will answer today";
    assert_eq!(again.score(text), model.score(text));
    assert_eq!(again.held_out(), model.held_out());
    for n in 0..bytes.len() {
        let error = Model::from_bytes(&bytes[..n], path).expect_err("cut short");
        assert!(matches!(error.kind(), ErrorKind::Model { .. }), "{n}: {error}");
    }
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        // Blanks that pad the header mean nothing; every other byte is covered.
        if let Ok(m) = Model::from_bytes(&flipped, path) {
            assert!(matches!(bytes[at], b' ' | b'\t'), "byte {at} of {}", bytes.len());
            assert_eq!(m.score(text), model.score(text));
        }
    }
}

#[test]
fn what_cannot_be_trained_says_what_is_missing() {
    let refused = |change: &dyn Fn(&mut TrainingSet, &mut TrainParams)| {
        let (mut set, mut params) = (set(), TrainParams::default());
        change(&mut set, &mut params);
        train(&set, &params).expect_err("refused").to_string()
    };
    let one_class = refused(&|s, _| s.rows.iter_mut().for_each(|r| r.labels[1] = r.labels[1].map(|_| 0)));
    assert!(one_class.contains("classes with rows on axis side: 1 found, at least 2 needed"), "{one_class}");
    let rare = refused(&|s, _| {
        let mut kept = 0;
        s.rows.retain(|r| {
            r.labels[0] != Some(1) || {
                kept += 1;
                kept <= 3
            }
        });
    });
    assert!(
        rare.contains("class neutral on axis posture: 3 found, at least 5 needed. Label 2 more"),
        "{rare}"
    );
    let one_group = refused(&|s, _| s.rows.iter_mut().for_each(|r| r.group = "all".into()));
    assert!(one_group.contains("groups of rows: 1 found"), "{one_group}");
    let empty = refused(&|s, _| s.rows.clear());
    assert!(empty.contains("labelled rows: 0 found"), "{empty}");
    let no_words = refused(&|s, p| {
        s.rows.iter_mut().enumerate().for_each(|(i, r)| r.text = format!("! {}", i % 10));
        p.features.chars = None;
        (p.folds, p.c) = (0, Some(1.0));
    });
    assert!(no_words.contains("terms left in the vocabulary: 0 found"), "{no_words}");
    for (c, folds) in [(Some(-1.0), 5), (Some(f64::NAN), 5), (None, 0), (Some(1.0), 1)] {
        assert!(refused(&|_, p| (p.c, p.folds) = (c, folds)).starts_with("--"));
    }
}

#[test]
fn a_text_in_two_groups_is_told_and_never_learned_from_where_it_is_held_out() {
    let mut set = set();
    let n_groups = train(&set, &TrainParams::default()).expect("trains").card().n_groups;
    let mut copy = set.rows[0].clone();
    copy.group = "g2 9".into();
    copy.text = format!("  {} ", copy.text.to_uppercase());
    set.rows.push(copy);
    let model = train(&set, &TrainParams::default()).expect("trains");
    assert!(model.card().notes.iter().any(|n| n.contains("1 texts stand in more than one group, among")));
    // Groups with other texts stay apart: a sentence that everybody says must not make one group of all.
    assert_eq!(model.card().n_groups, n_groups);
    let data = Data::prepare(&set, &TrainParams::default(), true);
    let copies: Vec<usize> = (0..data.rows.len())
        .filter(|i| data.rows[*i].text.trim().to_lowercase() == set.rows[0].text.to_lowercase())
        .collect();
    assert_eq!(copies.len(), 2);
    let rest: Vec<usize> = (0..data.rows.len()).filter(|i| *i != copies[0]).collect();
    let apart = data.apart_from(&copies[..1], rest.clone());
    assert_eq!(apart.len(), rest.len() - 1);
    assert!(!apart.contains(&copies[1]));
}

#[test]
fn rows_that_are_made_when_they_are_read_give_the_same_model() {
    let mut set = set();
    // One axis lacks labels, so that rows are chosen among.
    set.rows.iter_mut().step_by(7).for_each(|row| row.labels[0] = None);
    let default = TrainParams { c: Some(1.0), ..TrainParams::default() };
    for params in [
        TrainParams { c: None, ..default.clone() },
        TrainParams { weighting: Weighting::Both, folds: 3, ..default.clone() },
        TrainParams { scheme: Scheme::OneVsRest, folds: 0, ..default },
    ] {
        let bytes = |memory| {
            let model = train(&set, &TrainParams { memory, ..params.clone() }).expect("trains");
            model.to_bytes().expect("can be written")
        };
        assert!(bytes(1) == bytes(usize::MAX), "{params:?}");
    }
}

#[test]
fn what_leaves_nothing_to_learn_from_is_refused() {
    let mut heavy = set();
    let mut set = set();
    // The same texts in two groups: where one is held out, nothing is left of the other.
    let copies: Vec<TrainingRow> = set.rows.clone();
    set.rows.iter_mut().for_each(|row| row.group = "first coder".into());
    set.rows.extend(copies.into_iter().map(|row| TrainingRow { group: "second coder".into(), ..row }));
    let error = train(&set, &TrainParams::default()).expect_err("nothing to learn from");
    assert!(error.to_string().contains("classes in what is learned from"), "{error}");
    // Heavy rows are not taken for a large C, which is chosen.
    heavy.rows[0].weight = 1e13;
    let error = train(&heavy, &TrainParams::default()).expect_err("too heavy");
    assert!(
        error.to_string().starts_with("row weight = 1") && error.to_string().contains("Divide"),
        "{error}"
    );
}

#[test]
fn groups_that_are_copies_of_one_text_are_one_group() {
    let mut set = set();
    let n_groups = train(&set, &TrainParams::default()).expect("trains").card().n_groups;
    for group in ["a", "b", "c"] {
        let mut copy = set.rows[0].clone();
        (copy.group, copy.text) = (group.into(), format!("one {} text for all", ["", " "][group.len() % 2]));
        set.rows.push(copy);
    }
    let model = train(&set, &TrainParams::default()).expect("trains");
    assert_eq!(model.card().n_groups, n_groups + 1);
    assert!(model.card().notes.iter().any(|n| n.starts_with("1 texts stand in more than one group; such")));
}

#[test]
fn classes_of_one_group_are_told_and_intervals_stay_possible() {
    let mut set = set();
    for row in &mut set.rows {
        row.group = row.labels[0].map_or("none".into(), |class| class.to_string());
    }
    let model = train(&set, &TrainParams::default()).expect("trains");
    assert!(model.card().notes.iter().any(|n| n.contains("are of one group")), "{:?}", model.card().notes);
    for axis in &model.card().axes {
        let interval = axis.validation.as_ref().and_then(|v| v.macro_f1_interval).expect("two groups");
        assert!(interval.low >= 0.0 && interval.high <= 1.0, "{interval:?}");
    }
}

#[test]
fn names_of_speakers_are_masked_unless_an_alias_keeps_them() {
    let mut set = set();
    for row in &mut set.rows {
        row.text = format!("Anna Example and Kiev: {}", row.text);
    }
    let terms = |params: TrainParams| {
        let model = train(&set, &params).expect("trains");
        let v = model.tfidf().vocabulary();
        (0..v.len()).map(|i| v.term(i).to_string()).collect::<Vec<_>>()
    };
    let has = |terms: &[String], t: &str| terms.iter().any(|x| x == t);
    let masked =
        terms(TrainParams { aliases: vec![("Kiev".into(), "Kyiv".into())], ..TrainParams::default() });
    assert!(has(&masked, "_name_") && has(&masked, "kyiv") && !has(&masked, "anna") && !has(&masked, "kiev"));
    let open = terms(TrainParams { mask_names: false, ..TrainParams::default() });
    assert!(has(&open, "anna") && has(&open, "kiev") && !has(&open, "_name_"));
    let alias = vec![("Anna Example".into(), "Example".into())];
    let kept = terms(TrainParams { aliases: alias, ..TrainParams::default() });
    assert!(has(&kept, "example") && !has(&kept, "_name_"));
}

#[test]
fn every_setting_changes_the_model() {
    let set = set();
    let base = TrainParams { c: Some(1.0), folds: 2, ..TrainParams::default() };
    let bytes = |p: &TrainParams| train(&set, p).and_then(|m| m.to_bytes()).expect("trains");
    let weights = |p: &TrainParams| train(&set, p).expect("trains").weights().collect::<Vec<f32>>();
    let first = weights(&base);
    let with = |change: &dyn Fn(&mut TrainParams)| {
        let mut p = base.clone();
        change(&mut p);
        p
    };
    for (name, p) in [
        ("weighting nb", with(&|p| p.weighting = Weighting::Nb)),
        ("weighting both", with(&|p| p.weighting = Weighting::Both)),
        ("scheme", with(&|p| p.scheme = Scheme::OneVsRest)),
        ("c", with(&|p| p.c = Some(2.0))),
        ("min_df", with(&|p| p.features.min_df = 4)),
        ("max_df", with(&|p| p.features.max_df = 0.2)),
        ("max_features", with(&|p| p.features.max_features = Some(10))),
        ("sublinear", with(&|p| p.features.sublinear = false)),
        ("chars", with(&|p| p.features.chars = None)),
        ("words", with(&|p| p.features.words = None)),
        ("negation", with(&|p| p.features.negation = true)),
        ("token classes", with(&|p| p.features.token_classes = true)),
        ("stop words", with(&|p| p.features.stop_words = vec!["the".into()])),
    ] {
        assert!(weights(&p) != first, "{name} changes nothing");
    }
    for (name, p) in [
        ("folds", with(&|p| p.folds = 3)),
        ("seed", with(&|p| p.seed = 9)),
        ("abstain", with(&|p| p.abstain = Some(0.2))),
    ] {
        assert!(bytes(&p) != bytes(&base), "{name} changes nothing");
    }
}

#[test]
fn a_search_tries_what_it_lists_and_stops_when_told() {
    let set = set();
    let base = TrainParams { c: Some(1.0), folds: 3, ..TrainParams::default() };
    let tuned = tune(&set, &base, &|| true).expect("searches");
    let settings: Vec<&str> = tuned.trials[0].iter().map(|t| t.setting.as_str()).collect();
    assert_eq!(settings[0], "tfidf, words 1-2, characters 2-5");
    assert!(
        settings.iter().any(|s| s.starts_with("nb")) && settings.iter().any(|s| s.contains("characters off"))
    );
    assert!(tuned.params.macro_f1 && !tuned.cut_short);
    let short = tune(&set, &base, &|| false).expect("searches");
    assert!(short.cut_short && short.trials[0].len() == 1);
    let mut model = train(&set, &short.params).expect("trains");
    model.add_trials(&short.trials);
    assert_eq!(model.card().axes[0].trials.len(), 2);
}

#[test]
fn a_search_with_linfa_ends_and_tries_at_most_what_it_says() {
    use std::cell::Cell;
    let mut set = set();
    set.rows.truncate(60);
    let features = FeatureParams { chars: None, ..FeatureParams::default() };
    let base =
        TrainParams { solver: Solver::Linfa, c: Some(1.0), folds: 2, features, ..TrainParams::default() };
    let asked = Cell::new(0);
    let keep_going = || {
        asked.set(asked.get() + 1);
        true
    };
    let tuned = tune(&set, &base, &keep_going).expect("searches");
    assert!(!tuned.params.balanced && tuned.params.scheme == Scheme::Multinomial);
    assert!(tuned.trials[0].iter().all(|t| !t.setting.contains("balanced") && !t.setting.contains("rest")));
    assert_eq!(asked.get() + 1, base.most_settings());
    assert!(TrainParams::default().most_settings() > base.most_settings());
    let error = train(&set, &TrainParams { scheme: Scheme::OneVsRest, ..base }).expect_err("refused");
    assert!(error.to_string().contains("without --one-vs-rest"), "{error}");
}

#[test]
fn the_card_says_how_classes_are_weighed_decided_and_calibrated() {
    let params = TrainParams {
        c: Some(1.0),
        balanced: true,
        macro_f1: true,
        abstain: Some(0.2),
        scheme: Scheme::OneVsRest,
        ..TrainParams::default()
    };
    let model = train(&set(), &params).expect("trains");
    let card = &model.card().axes[0];
    assert!(card.balanced && card.macro_f1 && card.scheme == Scheme::OneVsRest && card.abstain == Some(0.2));
    assert_eq!(card.decision, model.axes()[0].decision);
    let Calibration::Temperature { slope, intercepts } = &model.axes()[0].calibration else {
        panic!("three classes of 36 rows are calibrated")
    };
    assert_eq!((card.calibration_slope, &card.calibration_intercepts), (Some(*slope), intercepts));
    assert!(model.card().to_markdown().contains("macro-F1: the highest probability times its weight"));
}

#[test]
fn an_axis_that_is_not_calibrated_says_why() {
    let mut set = set();
    let mut kept = 0;
    set.rows.retain(|row| {
        kept += usize::from(row.labels[0] == Some(2));
        row.labels[0] != Some(2) || kept <= 8
    });
    let params = TrainParams { c: Some(1.0), ..TrainParams::default() };
    let card = train(&set, &params).expect("trains").card().clone();
    assert_eq!((card.axes[0].calibration.as_str(), card.axes[0].calibration_slope), ("none", None));
    let why = "posture is not calibrated: class firm has 8 rows, 10 are needed";
    assert!(card.notes.iter().any(|note| note == why), "{:?}", card.notes);
    assert!(card.to_markdown().contains(why));
}

#[test]
fn trials_of_c_are_named_and_the_chosen_ones_are_known() {
    let model = train(&set(), &with_blocks()).expect("trains");
    let card = &model.card().axes[0];
    let chosen: Vec<(&str, f64)> = card
        .trials
        .iter()
        .filter(|trial| trial.chosen)
        .map(|trial| (trial.setting.as_str(), trial.c))
        .collect();
    assert_eq!(
        chosen,
        [
            ("C of the model's terms", card.c),
            ("C of the model's lexicon", card.blocks[0].c),
            ("C of the model's vectors", card.blocks[1].c)
        ]
    );
    assert!(!card.is_searched() && !model.card().to_markdown().contains("searched"));
}

#[test]
fn names_are_said_to_be_masked_only_where_there_are_any() {
    let says = |set: &TrainingSet, params: &TrainParams| {
        let text = train(set, params).expect("trains").card().to_markdown();
        (text.contains("are masked"), text.contains("are read like other words"))
    };
    let params = TrainParams { c: Some(1.0), folds: 0, ..TrainParams::default() };
    let open = TrainParams { mask_names: false, ..params.clone() };
    assert_eq!((says(&set(), &params), says(&set(), &open)), ((true, false), (false, true)));
    let mut bare = set();
    bare.rows.iter_mut().for_each(|row| row.speaker.clear());
    let alias = TrainParams { aliases: vec![("Kiev".into(), "Kyiv".into())], ..params };
    assert_eq!((says(&bare, &alias), says(&bare, &open)), ((false, false), (false, false)));
}

#[test]
fn speakers_who_stand_in_one_fold_each_are_no_baseline() {
    let mut set = set();
    let baseline = |set: &TrainingSet| {
        let params = TrainParams { c: Some(1.0), ..TrainParams::default() };
        let model = train(set, &params).expect("trains");
        model.card().axes[0].validation.as_ref().expect("validated").baselines.speaker_macro_f1
    };
    for (i, row) in set.rows.iter_mut().enumerate() {
        row.speaker = format!("speaker {i}");
    }
    assert_eq!(baseline(&set), None);
    for (i, row) in set.rows.iter_mut().enumerate() {
        row.speaker = format!("speaker {}", i % 3);
    }
    assert!(baseline(&set).is_some_and(|f| f > 0.9));
}

#[test]
fn classes_decided_for_macro_f1_serve_the_rare_class() {
    let mut set = set();
    let mut n = 0;
    // A noisy, rare class: one row in five keeps it, and some of those say what the others say.
    set.rows.retain(|r| {
        r.labels[0] != Some(2) || {
            n += 1;
            n % 4 == 0
        }
    });
    for (i, row) in set.rows.iter_mut().enumerate() {
        if i % 5 == 0 {
            row.text = format!("the army will answer with force {i}");
        }
    }
    let params = TrainParams { c: Some(1.0), ..TrainParams::default() };
    let plain = train(&set, &params).expect("trains");
    let fair = train(&set, &TrainParams { macro_f1: true, ..params }).expect("trains");
    assert_eq!(plain.axes()[0].decision, [1.0; 3]);
    assert!(fair.axes()[0].decision.iter().any(|d| *d != 1.0));
    assert!(plain.axes()[0].calibration == fair.axes()[0].calibration);
}
