//! What is known about an article outside of it: a table to join, a pattern in its path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use encoding_rs::Encoding;

use super::columns::{self, Field};
use super::date::DayOrder;
use super::table::Table;
use crate::types::Article;
use crate::{Error, Position, Result};

/// A table that is joined to articles by file name, id or url.
#[derive(Debug, Default)]
pub struct Metadata {
    by_key: BTreeMap<String, usize>,
    rows: Vec<Article>,
    used: BTreeSet<usize>,
}

impl Metadata {
    /// Reads a metadata table.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) when no column can be joined on.
    pub fn read(path: &Path, encoding: Option<&'static Encoding>, order: DayOrder) -> Result<Self> {
        let mut table = Table::open(path, encoding)?;
        let headers = table.headers().to_vec();
        let joins = |h: &String| matches!(columns::field(h), Some(Field::Id | Field::File | Field::Url));
        if !headers.iter().any(joins) {
            return Err(Error::input(
                Position::row(path, 1),
                format!("the columns {}", headers.join(", ")),
                "a column file, id or url to join the metadata on",
            ));
        }
        let mut metadata = Self::default();
        while let Some(row) = table.next_row()? {
            let cells = headers.iter().enumerate().map(|(i, h)| (h.as_str(), row.raw(i)));
            let (article, odd) = columns::article(cells, order);
            if let Some((found, expected)) = odd.first() {
                return Err(Error::input(
                    Position::row(path, row.number).column("date"),
                    format!("{found:?}"),
                    expected.clone(),
                ));
            }
            metadata.push(article);
        }
        Ok(metadata)
    }

    fn push(&mut self, row: Article) {
        let index = self.rows.len();
        let keys = [Some(row.id.clone()), row.url.clone(), row.extra.get("file").cloned()];
        for key in keys.into_iter().flatten().filter(|k| !k.is_empty()) {
            self.by_key.entry(key.clone()).or_insert(index);
            // A table made on another machine may name files without their folder or ending.
            if let Some(stem) = Path::new(&key).file_stem().and_then(|s| s.to_str()) {
                self.by_key.entry(stem.to_string()).or_insert(index);
            }
        }
        self.rows.push(row);
    }

    /// Fills an article from its row; what the table says wins over what the article says.
    pub fn join(&mut self, article: &mut Article, path: Option<&Path>) {
        let name = |p: &Path| p.file_name().and_then(|n| n.to_str()).map(str::to_string);
        let whole = path.and_then(|p| p.to_str()).map(str::to_string);
        let keys = [whole, path.and_then(name), Some(article.id.clone()), article.url.clone()];
        let Some(index) = keys.into_iter().flatten().find_map(|k| self.by_key.get(&k).copied()) else {
            return;
        };
        self.used.insert(index);
        let row = &self.rows[index];
        if !row.id.is_empty() {
            article.id.clone_from(&row.id);
        }
        for (to, from) in [
            (&mut article.outlet, &row.outlet),
            (&mut article.date, &row.date),
            (&mut article.title, &row.title),
            (&mut article.url, &row.url),
            (&mut article.language, &row.language),
        ] {
            if from.is_some() {
                to.clone_from(from);
            }
        }
        let further = row.extra.iter().filter(|(k, _)| *k != "file");
        article.extra.extend(further.map(|(k, v)| (k.clone(), v.clone())));
    }

    /// The columns that have no meaning of their own.
    pub(super) fn further_columns(&self) -> Vec<String> {
        let columns: BTreeSet<&String> =
            self.rows.iter().flat_map(|r| r.extra.keys()).filter(|k| *k != "file").collect();
        columns.into_iter().cloned().collect()
    }

    /// How many rows met no article.
    pub fn n_unmatched(&self) -> usize {
        self.rows.len() - self.used.len()
    }
}

/// A path with fields in it: `corpus/{outlet}/{date}_*.txt`. It is matched against the end of a path.
///
/// # Example
///
/// ```
/// use std::path::Path;
/// use sayso::corpus::PathPattern;
///
/// let pattern = PathPattern::parse("{outlet}/{date}_*.txt")?;
/// let fields = pattern.fields(Path::new("news/herald/2022-04-14_front.txt")).expect("it matches");
/// assert_eq!(fields["outlet"], "herald");
/// assert_eq!(fields["date"], "2022-04-14");
/// # Ok::<(), sayso::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PathPattern(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Any,
    Field(String),
}

impl PathPattern {
    /// Parses a pattern: `{outlet}`, `{date}`, `{id}`, `{title}`, `{language}` or any other name (kept as a
    /// column of its own), `*` for anything within a folder or file name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) for a brace that is never closed, or no field.
    pub fn parse(pattern: &str) -> Result<Self> {
        let wrong = |expected: &str| {
            Error::argument("--outlet-from", pattern, expected)
                .with_help("An example: --outlet-from 'corpus/{outlet}/{date}_*.txt'.")
        };
        let mut pieces = Vec::new();
        let mut rest = pattern;
        while !rest.is_empty() {
            let next = rest.find(['{', '*']).unwrap_or(rest.len());
            if next > 0 {
                pieces.push(Piece::Text(rest[..next].to_string()));
            }
            rest = &rest[next..];
            if let Some(after) = rest.strip_prefix('*') {
                pieces.push(Piece::Any);
                rest = after;
            } else if let Some(after) = rest.strip_prefix('{') {
                let (name, after) = after.split_once('}').ok_or_else(|| wrong("a } for every {"))?;
                pieces.push(Piece::Field(name.trim().to_lowercase()));
                rest = after;
            }
        }
        if !pieces.iter().any(|p| matches!(p, Piece::Field(_))) {
            return Err(wrong("at least one {field}"));
        }
        Ok(Self(pieces))
    }

    /// The fields that have no meaning of their own.
    pub(super) fn further_columns(&self) -> Vec<String> {
        let known = ["outlet", "date", "id", "title", "language"];
        let name = |piece: &Piece| if let Piece::Field(name) = piece { Some(name.clone()) } else { None };
        self.0.iter().filter_map(name).filter(|name| !known.contains(&name.as_str())).collect()
    }

    /// The fields of a path whose end matches; `None` when none does.
    pub fn fields(&self, path: &Path) -> Option<BTreeMap<String, String>> {
        let path = path.to_str()?.replace('\\', "/");
        let mut starts = std::iter::once(0).chain(path.match_indices('/').map(|(i, _)| i + 1));
        starts.find_map(|start| matched(&self.0, &path[start..]))
    }
}

fn matched(pieces: &[Piece], path: &str) -> Option<BTreeMap<String, String>> {
    let Some((first, rest)) = pieces.split_first() else {
        return path.is_empty().then(BTreeMap::new);
    };
    match first {
        Piece::Text(text) => matched(rest, path.strip_prefix(text.as_str())?),
        Piece::Any | Piece::Field(_) => {
            // Within one folder or file name, the shortest that lets the rest match.
            let limit = path.find('/').unwrap_or(path.len());
            let ends = path[..limit].char_indices().map(|(i, _)| i).chain([limit]);
            for end in ends {
                if let Some(mut fields) = matched(rest, &path[end..]) {
                    if let Piece::Field(name) = first {
                        fields.insert(name.clone(), path[..end].to_string());
                    }
                    return Some(fields);
                }
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_needs_a_field_and_closed_braces() {
        assert!(PathPattern::parse("corpus/*.txt").is_err());
        assert!(PathPattern::parse("corpus/{outlet").is_err());
    }

    #[test]
    fn a_path_that_does_not_match_has_no_fields() {
        let pattern = PathPattern::parse("{outlet}/{date}_*.txt").expect("sound");
        assert!(pattern.fields(Path::new("a/b/c.txt")).is_none());
    }
}
