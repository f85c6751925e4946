//! Extracted and scored statements: CSV and JSON Lines, by the ending of the file.

mod reader;
mod writer;

use std::path::Path;

use crate::{Error, Result};
pub use reader::{StatementFile, each_statement, read_statements};
pub use writer::{StatementWriter, guard_formula};

/// The columns before those of the axes.
const BEFORE: [&str; 19] = [
    "statement_id",
    "article",
    "url",
    "outlet",
    "date",
    "title",
    "start",
    "end",
    "quote",
    "kind",
    "speaker",
    "mention",
    "cue",
    "cue_rule",
    "speaker_confidence",
    "role",
    "organisation",
    "group",
    "spans",
];
/// The columns after those of the axes.
const AFTER: [&str; 2] = ["n_tokens", "known_share"];

/// The file formats of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a header.
    Csv,
    /// Tab-separated, with a header.
    Tsv,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    /// The format that a file's ending names; CSV for `-` and for no ending.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) for an ending that is none of them.
    pub fn of(path: &Path) -> Result<Self> {
        let name = path.to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match Path::new(name).extension().and_then(|e| e.to_str()) {
            None | Some("csv") => Ok(Self::Csv),
            Some("tsv") => Ok(Self::Tsv),
            Some("jsonl" | "ndjson") => Ok(Self::Jsonl),
            Some(other) => {
                Err(Error::argument("--output", path.display(), "a file that ends in .csv, .tsv or .jsonl")
                    .with_help(format!(
                        "Sayso does not write .{other}; --format csv or jsonl says what - shall be."
                    )))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::bundled_axes;
    use super::*;
    use crate::types::{AxisScore, ScoredStatement, Status, TermWeight};

    fn statement() -> ScoredStatement {
        let score = AxisScore {
            class: "pro-kyiv".into(),
            score: Some(0.5),
            p: vec![0.125, 0.25, 0.625],
            status: Status::Ok,
            terms: vec![TermWeight { term: "the aggressor: us".into(), value: 0.25 }],
        };
        let axes = bundled_axes()
            .axes
            .into_iter()
            .map(|axis| (axis.id, AxisScore::none(Status::TooShort)))
            .chain([("alignment".to_string(), score)])
            .collect();
        ScoredStatement {
            statement_id: "0a".into(),
            article: "a".into(),
            outlet: "The \"Herald\"; daily".into(),
            start: Some(3),
            end: Some(19),
            quote: "=Line one,\nline 👩‍🚒 two".into(),
            kind: "direct".into(),
            speaker: "Ann Ivanova".into(),
            speaker_confidence: Some(0.75),
            spans: vec![(3, 7), (9, 19)],
            axes,
            n_tokens: 4,
            known_share: 0.5,
            extra: BTreeMap::from([("desk".to_string(), "world".to_string())]),
            ..ScoredStatement::default()
        }
    }

    #[test]
    fn every_format_reads_back_what_was_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, spreadsheet) in [("s.csv", false), ("s.tsv", false), ("s.jsonl", false)] {
            let path = folder.path().join(name);
            let format = Format::of(&path).expect("a known ending");
            let further = vec!["desk".to_string()];
            let mut writer =
                StatementWriter::create(&path, format, &bundled_axes(), further, spreadsheet, false)
                    .expect("writable");
            writer.write(&statement()).expect("room on the disk");
            writer.finish().expect("renamed");
            let file = read_statements(std::slice::from_ref(&path), None).expect("readable");
            assert_eq!(file.skipped, Vec::new());
            assert_eq!(file.statements, vec![statement()], "{name}");
            assert_eq!(file.axis_ids.len(), 4);
        }
    }

    #[test]
    fn a_spreadsheet_gets_a_mark_and_no_formula() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("s.csv");
        let mut writer =
            StatementWriter::create(&path, Format::Csv, &bundled_axes(), Vec::new(), true, false)
                .expect("writable");
        writer.write(&statement()).expect("room on the disk");
        writer.finish().expect("renamed");
        let text = std::fs::read_to_string(&path).expect("written");
        assert!(text.starts_with('\u{feff}') && text.contains("\"'=Line one,"));
    }
}
