use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::quotation::Extractor;
use crate::text::{CodePoints, fold};
use crate::types::{Article, ScoredStatement, SpeakerEntry};

/// The statements of an article, with offsets in code points and the article's own data beside them.
///
/// # Returns
///
/// The statements in text order, without scores, and remarks on what could not be read, such as an opening
/// quotation mark that is never closed.
pub fn extract(article: &Article, extractor: &Extractor) -> (Vec<ScoredStatement>, Vec<String>) {
    let extraction = extractor.extract(article);
    let points = CodePoints::new(&article.text);
    let whole: BTreeMap<u32, Vec<(usize, usize)>> = extraction
        .joined()
        .into_iter()
        .filter_map(|s| Some((s.group?, s.spans.iter().map(|span| points.of_span(*span)).collect())))
        .collect();
    let statements = extraction
        .statements
        .into_iter()
        .map(|statement| {
            let extent = statement.extent();
            let (start, end) = points.of_span(extent);
            let spans = match (statement.group.and_then(|g| whole.get(&g)), statement.spans.as_slice()) {
                (Some(whole), _) => whole.clone(),
                (None, [_]) => Vec::new(),
                (None, parts) => parts.iter().map(|span| points.of_span(*span)).collect(),
            };
            ScoredStatement {
                statement_id: statement_id(&article.id, start, end),
                article: article.id.clone(),
                url: article.url.clone().unwrap_or_default(),
                outlet: article.outlet.clone().unwrap_or_default(),
                date: article.date.clone().unwrap_or_default(),
                title: article.title.clone().unwrap_or_default(),
                start: Some(start),
                end: Some(end),
                quote: statement.quote(&article.text),
                kind: statement.kind.to_string(),
                speaker: statement.speaker.unwrap_or_default(),
                mention: statement.mention,
                cue: statement.cue,
                speaker_confidence: Some(f64::from((statement.speaker_confidence * 100.0).round()) / 100.0),
                role: statement.role.unwrap_or_default(),
                organisation: statement.organisation.unwrap_or_default(),
                cue_rule: statement.cue_rule,
                group: statement.group.map(|g| g.to_string()).unwrap_or_default(),
                spans,
                extra: article.extra.clone(),
                ..ScoredStatement::default()
            }
        })
        .collect();
    let describe =
        |note: &crate::quotation::Note| format!("at character {}: {}", points.of_byte(note.at), note.message);
    (statements, extraction.notes.iter().map(describe).collect())
}

/// Who is who: joins the names under which speakers appear, across articles.
///
/// # Example
///
/// ```
/// use sayso::pipeline::SpeakerDirectory;
/// use sayso::types::{ScoredStatement, SpeakerEntry};
///
/// let entry = SpeakerEntry {
///     canonical: "Vytis Jurkonis".into(),
///     alias: "Vytis Yurkonis".into(),
///     country: "LT".into(),
///     ..SpeakerEntry::default()
/// };
/// let mut statement = ScoredStatement { speaker: "Vytis YURKONIS".into(), ..ScoredStatement::default() };
/// SpeakerDirectory::new(&[entry]).join(&mut statement);
/// assert_eq!(statement.speaker, "Vytis Jurkonis");
/// assert_eq!(statement.extra["country"], "LT");
/// ```
#[derive(Debug, Clone, Default)]
pub struct SpeakerDirectory {
    by_name: BTreeMap<String, SpeakerEntry>,
}

impl SpeakerDirectory {
    /// From the rows of `speakers.csv`; a canonical name is its own alias.
    pub fn new(entries: &[SpeakerEntry]) -> Self {
        let mut by_name = BTreeMap::new();
        for entry in entries {
            by_name.insert(fold(&entry.alias), entry.clone());
            by_name.entry(fold(&entry.canonical)).or_insert_with(|| entry.clone());
        }
        Self { by_name }
    }

    /// Gives a statement its speaker's canonical name, role, country and group, if the directory has them.
    pub fn join(&self, statement: &mut ScoredStatement) {
        let names = [&statement.speaker, &statement.mention];
        let Some(entry) =
            names.into_iter().filter(|n| !n.is_empty()).find_map(|n| self.by_name.get(&fold(n)))
        else {
            return;
        };
        statement.speaker.clone_from(&entry.canonical);
        if !entry.role.is_empty() {
            statement.role.clone_from(&entry.role);
        }
        for (column, value) in [("country", &entry.country), ("group", &entry.group)] {
            if !value.is_empty() {
                let column = if column == "group" { "speaker_group" } else { column };
                statement.extra.insert(column.into(), value.clone());
            }
        }
    }

    /// The columns that [`SpeakerDirectory::join`] adds.
    pub fn columns(&self) -> BTreeSet<String> {
        let any = |f: fn(&SpeakerEntry) -> &String| self.by_name.values().any(|e| !f(e).is_empty());
        let country = any(|e| &e.country).then(|| "country".to_string());
        let group = any(|e| &e.group).then(|| "speaker_group".to_string());
        country.into_iter().chain(group).collect()
    }
}

/// Twelve hexadecimal digits that depend on the article and the span alone, so that they are the same in every run.
pub fn statement_id(article: &str, start: usize, end: usize) -> String {
    let digest = Sha256::digest(format!("{article}\u{1f}{start}\u{1f}{end}"));
    let number = digest.iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{number:012x}")
}
