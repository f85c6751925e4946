use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::corpus::bundled_axes;

fn texts() -> BTreeMap<String, String> {
    let a = "👨🏻‍🚒 firemen said “no” – “так”.\r\nE\u{301}tude:\n“Not\nnow”, 𝄞.".to_string();
    BTreeMap::from([("a/1".to_string(), a), ("b".to_string(), "One two three.".to_string())])
}

fn row(n: u64, article: &str, span: Option<(usize, usize)>, annotator: &str) -> LabelledStatement {
    let text = texts().get(article).cloned().unwrap_or_default();
    let quote = match span {
        Some((s, e)) => text.chars().skip(s).take(e - s).collect(),
        None => "“Alone”, she said".to_string(),
    };
    LabelledStatement {
        file: String::new(),
        row: n,
        article: article.into(),
        start: span.map(|s| s.0),
        end: span.map(|s| s.1),
        quote,
        speaker: "Ann".into(),
        outlet: "Herald".into(),
        date: "2022-03-01".into(),
        labels: BTreeMap::from([
            ("alignment".to_string(), Label::Class(2)),
            ("posture".to_string(), Label::Unclear),
            ("minsk".to_string(), Label::Class(0)),
        ]),
        annotator: annotator.into(),
        confidence: Some(2),
        sample_prob: Some(1.0 / 3.0),
        group: "7".into(),
        note: "a \"note\"\nin two lines".into(),
        extra: BTreeMap::from([("desk".to_string(), "world".to_string())]),
    }
}

/// Rows that interleave articles and annotators, one without any label, one in the other axes, one alone.
fn rows() -> Vec<LabelledStatement> {
    let at = |word: &str| {
        let text = &texts()["a/1"];
        let start = text[..text.find(word).expect("there")].chars().count();
        (start, start + word.chars().count())
    };
    let mut rows = vec![
        row(2, "a/1", Some(at("так")), "a1"),
        row(3, "b", Some((4, 7)), "a1"),
        row(4, "a/1", Some(at("Not\nnow")), "a1"),
        row(5, "a/1", Some(at("так")), "a2"),
        row(6, "", None, "a1"),
        row(7, "b", Some((8, 13)), "a1"),
    ];
    rows[1].labels.clear();
    rows[3].labels = BTreeMap::from([("sentiment".to_string(), Label::Class(1))]);
    rows
}

fn back(documents: &[Document]) -> Vec<LabelledStatement> {
    restore(documents, &bundled_axes(), None, None).expect("readable").rows
}

fn place() -> Position {
    Position::file(Path::new("in"))
}

#[test]
fn what_goes_out_to_a_tool_and_comes_back_is_the_same() {
    let documents = documents(&rows(), &texts(), &bundled_axes()).expect("offsets fit");
    assert_eq!(documents.len(), 4);
    for unit in [OffsetUnit::Utf16, OffsetUnit::CodePoint, OffsetUnit::Byte, OffsetUnit::Grapheme] {
        let text = doccano::write(&documents, unit).expect("on boundaries");
        assert_eq!(back(&doccano::read(&text, &place()).expect("readable")), rows(), "doccano, {unit}");
    }
    let text = label_studio::write(&documents);
    assert_eq!(back(&label_studio::read(&text, &place()).expect("readable")), rows());
    let text = prodigy::write(&documents);
    assert_eq!(back(&prodigy::read(&text, &place()).expect("readable")), rows());
    let read: Vec<Document> = documents
        .iter()
        .map(|d| brat::read(&d.text, &brat::write(d), "x", &place()).expect("readable"))
        .collect();
    assert_eq!(back(&read), rows());
}

#[test]
fn a_label_changed_in_the_tool_is_changed_and_a_span_made_there_is_a_row() {
    let out = documents(&rows(), &texts(), &bundled_axes()).expect("offsets fit");
    let text = label_studio::write(&out).replace("alignment:pro-kyiv", "alignment:pro-moscow");
    let read = back(&label_studio::read(&text, &place()).expect("readable"));
    assert_eq!(read[0].labels["alignment"], Label::Class(0));
    assert_eq!(read[0].note, rows()[0].note);
    let mut made = out;
    made[1].spans.push(Marked {
        start: 0,
        end: 3,
        covers: Some("One".into()),
        words: vec!["minsk:critical".into()],
    });
    let read = back(&made);
    let new = read.last().expect("rows");
    assert_eq!(
        (new.article.as_str(), new.start, new.end, new.quote.as_str()),
        ("b", Some(0), Some(3), "One")
    );
}

#[test]
fn units_are_found_by_the_text_and_refused_with_the_mismatches_when_none_fits() {
    let text = &texts()["a/1"];
    let task = |start: usize, end: usize, covers: &str| {
        serde_json::json!([{"id": 1, "data": {"text": text}, "annotations": [{"result": [
            {"type": "labels", "value": {"start": start, "end": end, "text": covers, "labels": ["pro-kyiv"]}}]}]}])
        .to_string()
    };
    let read = |json: String| {
        restore(&label_studio::read(&json, &place()).expect("tasks"), &bundled_axes(), None, None)
    };
    let utf16 = read(task(29, 32, "так")).expect("older versions count UTF-16");
    assert_eq!(utf16.counting.map(|c| c.unit), Some(OffsetUnit::Utf16));
    assert_eq!(utf16.rows[0].quote, "так");
    let message = read(task(3, 6, "так")).expect_err("no unit fits").to_string();
    assert!(message.contains("3..6 reads") && message.contains("\"так\""), "{message}");
}

#[test]
fn doccano_without_a_unit_is_read_where_it_does_not_matter_and_refused_where_it_does() {
    let read = |text: &str, unit| {
        let record = serde_json::json!({"id": 1, "text": text, "label": [[0, 3, "critical"]]}).to_string();
        restore(&doccano::read(&record, &place()).expect("a record"), &bundled_axes(), None, unit)
    };
    assert_eq!(read("One two", None).expect("plain").rows[0].quote, "One");
    let message = read("One 👩 two", None).expect_err("ambiguous").to_string();
    assert!(message.starts_with("in:1") && message.contains("--offset-unit"), "{message}");
    assert!(read("One 👩 two", Some(OffsetUnit::Utf16)).is_ok());
}

#[test]
fn other_forms_of_the_tools_are_read() {
    let entities = r#"{"id":1,"text":"One two","entities":[{"id":1,"label":"critical","start_offset":4,"end_offset":7}],"relations":[]}"#;
    assert_eq!(back(&doccano::read(entities, &place()).expect("readable"))[0].quote, "two");
    let class = r#"{"id":1,"text":"One 👩","label":["critical"]}"#;
    assert_eq!(back(&doccano::read(class, &place()).expect("readable"))[0].quote, "One 👩");
    let min = r#"[{"id":1,"text":"One two","label":[{"start":4,"end":7,"text":"two","labels":["critical"]}],"annotator":3}]"#;
    let rows = back(&label_studio::read(min, &place()).expect("readable"));
    assert_eq!((rows[0].quote.as_str(), rows[0].annotator.as_str()), ("two", "3"));
    let choice = "{\"text\":\"One\",\"accept\":[\"minsk:critical\",\"negative\"],\"answer\":\"accept\",\"_annotator_id\":\"x\"}\n{\"text\":\"No\",\"accept\":[\"critical\"],\"answer\":\"ignore\"}\n";
    let rows = back(&prodigy::read(choice, &place()).expect("readable"));
    assert_eq!((rows.len(), rows[0].labels.len()), (1, 2));
    let ann = "T1\tStatement 0 3;4 7\tOne two\nA1\tminsk T1 critical\nR1\tSaidBy Arg1:T1 Arg2:T2\n";
    let document = brat::read("One two", ann, "x", &place()).expect("readable");
    assert_eq!(back(&[document])[0].quote, "One two");
}

#[test]
fn words_that_no_axis_knows_and_spans_of_html_are_refused() {
    let read = |label: &str, axis| {
        let record = serde_json::json!({"text": "One two", "label": [[0, 3, label]]}).to_string();
        restore(&doccano::read(&record, &place()).expect("a record"), &bundled_axes(), axis, None)
    };
    assert!(read("greatness", None).is_err());
    // Four axes have a class of this name.
    assert!(read("neutral", None).is_err());
    assert!(read("neutral", Some("minsk")).is_ok());
    let html = r#"[{"data":{"text":"x"},"annotations":[{"result":[{"type":"hypertextlabels","value":{"start":"/p[1]/text()[1]","end":"/p[1]/text()[1]","startOffset":0,"endOffset":1,"hypertextlabels":["a"]}}]}]}]"#;
    assert!(label_studio::read(html, &place()).is_err());
}
