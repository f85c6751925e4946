use crate::types::{AxisSet, Label, LabelledStatement};

use super::LABEL_COLUMNS;

/// The columns that stand before those of the axes.
const BEFORE: usize = 7;

/// A label file in its wide form, as UTF-8 bytes: a header and one line per row.
///
/// The columns are those of [`LABEL_COLUMNS`] with one column per axis after `date`, then `further`. What
/// [`LabelFile::read`](super::LabelFile::read) reads from them equals `rows`, apart from outer blanks.
///
/// # Arguments
///
/// * `further` - the keys of [`LabelledStatement::extra`] to write, in this order.
///
/// # Panics
///
/// Never: memory takes every byte.
///
/// # Example
///
/// ```
/// use sayso::corpus::{bundled_axes, label_bytes};
/// use sayso::types::{Label, LabelledStatement};
///
/// let row = LabelledStatement {
///     quote: "Stop, at once.".into(),
///     annotator: "a1".into(),
///     labels: [("posture".to_string(), Label::Unclear), ("minsk".to_string(), Label::Class(0))].into(),
///     ..LabelledStatement::default()
/// };
/// let text = String::from_utf8(label_bytes(&[row], &bundled_axes(), &[], b',')).unwrap();
/// assert!(text.ends_with(",,,\"Stop, at once.\",,,,,?,critical,,a1,,,,\n"));
/// ```
pub fn label_bytes(rows: &[LabelledStatement], axes: &AxisSet, further: &[String], delimiter: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    let header = LABEL_COLUMNS[..BEFORE]
        .iter()
        .copied()
        .chain(axes.axes.iter().map(|axis| axis.id.as_str()))
        .chain(LABEL_COLUMNS[BEFORE..].iter().copied())
        .chain(further.iter().map(String::as_str));
    writer.write_record(header).expect("a vector takes every byte");
    for row in rows {
        writer.write_record(cells(row, axes, further)).expect("every row has the header's cells");
    }
    writer.into_inner().expect("a vector takes every byte")
}

fn cells(row: &LabelledStatement, axes: &AxisSet, further: &[String]) -> Vec<String> {
    let offset = |n: Option<usize>| n.map_or(String::new(), |n| n.to_string());
    let mut cells = vec![
        row.article.clone(),
        offset(row.start),
        offset(row.end),
        row.quote.clone(),
        row.speaker.clone(),
        row.outlet.clone(),
        row.date.clone(),
    ];
    for axis in &axes.axes {
        cells.push(match row.labels.get(&axis.id) {
            None => String::new(),
            Some(Label::Unclear) => "?".into(),
            Some(Label::Class(i)) => axis.classes().get(*i).map(|c| c.id.clone()).unwrap_or_default(),
        });
    }
    cells.extend([
        row.annotator.clone(),
        row.confidence.map_or(String::new(), |c| c.to_string()),
        row.sample_prob.map_or(String::new(), probability),
        row.note.clone(),
        row.group.clone(),
    ]);
    cells.extend(further.iter().map(|header| row.extra.get(header).cloned().unwrap_or_default()));
    cells
}

/// The shortest decimal that reads back as the same number, so that a file survives being read and written.
fn probability(p: f64) -> String {
    format!("{p}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::LabelFile;
    use super::*;
    use crate::corpus::bundled_axes;

    #[test]
    fn what_is_written_is_read_back() {
        let row = LabelledStatement {
            file: String::new(),
            row: 2,
            article: "a".into(),
            start: Some(3),
            end: Some(19),
            quote: "=Line \"one\",\nline 👩‍🚒 two; и ё".into(),
            speaker: "Ann".into(),
            outlet: "H, \"D\"".into(),
            date: "2022-03-01".into(),
            labels: BTreeMap::from([
                ("alignment".into(), Label::Class(2)),
                ("posture".into(), Label::Unclear),
            ]),
            annotator: "a1".into(),
            confidence: Some(3),
            sample_prob: Some(1.0 / 3.0),
            group: "7".into(),
            note: "#not a comment".into(),
            extra: BTreeMap::from([("desk".to_string(), "world".to_string())]),
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, delimiter) in [("l.csv", b','), ("l.tsv", b'\t')] {
            let path = folder.path().join(name);
            let bytes = label_bytes(std::slice::from_ref(&row), &bundled_axes(), &["desk".into()], delimiter);
            std::fs::write(&path, bytes).expect("writable");
            let file = LabelFile::read(&[path], &bundled_axes(), None).expect("readable");
            let same = LabelledStatement { file: name.into(), ..row.clone() };
            assert_eq!((file.problems, file.rows), (Vec::new(), vec![same]), "{name}");
        }
    }
}
