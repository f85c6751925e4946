//! Which column of a table, or key of an object, means what.

use std::collections::BTreeMap;

use super::date::{self, DayOrder};
use crate::types::Article;

/// The parts of an article that inputs name in many ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// A unique name.
    Id,
    /// The body.
    Text,
    /// The headline.
    Title,
    /// Who published it.
    Outlet,
    /// When.
    Date,
    /// Its address on the web.
    Url,
    /// Its language.
    Language,
    /// The file that holds the body, in an index of files.
    File,
}

/// The names of each field, best first: among several present, the first that is not missing wins.
const NAMES: [(Field, &[&str]); 8] = [
    (Field::Id, &["id", "doc_id", "article_id", "article", "uid", "an", "source_file"]),
    (Field::Text, &["maintext", "text", "plaintext", "body", "content", "full_text", "raw_text", "corpo"]),
    (Field::Title, &["title", "headline", "hd"]),
    (
        Field::Outlet,
        &[
            "outlet",
            "media_name",
            "publisher",
            "newspaper",
            "sitename",
            "source_name",
            "sn",
            "source_hostname",
            "source_domain",
            "hostname",
            "media_url",
            "domain",
        ],
    ),
    (
        Field::Date,
        &["date", "publish_date", "date_publish", "publishing_date", "published_at", "pub_date", "pd"],
    ),
    (Field::Url, &["url", "link"]),
    (Field::Language, &["language", "lang", "la"]),
    (Field::File, &["file", "filename", "localpath"]),
];

/// The field that a header names; case and `-`, `_`, blank do not count.
pub fn field(header: &str) -> Option<Field> {
    rank(header).map(|(field, _)| field)
}

fn rank(header: &str) -> Option<(Field, usize)> {
    let folded = header.trim().to_lowercase().replace(['-', ' '], "_");
    NAMES.iter().find_map(|(field, names)| names.iter().position(|n| *n == folded).map(|i| (*field, i)))
}

/// True for what exports write when there is nothing: empty, `null`, `None`, `NaN`, `NA`.
pub fn is_missing(cell: &str) -> bool {
    matches!(cell.trim(), "" | "null" | "None" | "none" | "NaN" | "nan" | "NA" | "N/A")
}

/// An article from named cells, and what was odd about them.
pub fn article<'a>(
    cells: impl IntoIterator<Item = (&'a str, &'a str)>,
    order: DayOrder,
) -> (Article, Vec<(String, String)>) {
    let mut best: BTreeMap<Field, (usize, &str)> = BTreeMap::new();
    let mut article = Article::default();
    let mut odd = Vec::new();
    for (header, cell) in cells {
        if is_missing(cell) {
            continue;
        }
        // Some exporters put the address under "source", others the outlet's name.
        let ranked = match rank(header) {
            None if header.eq_ignore_ascii_case("source") && cell.starts_with("http") => {
                Some((Field::Url, 99))
            }
            None if header.eq_ignore_ascii_case("source") => Some((Field::Outlet, 99)),
            ranked => ranked,
        };
        match ranked {
            Some((field, rank)) => {
                let entry = best.entry(field).or_insert((rank, cell));
                if rank < entry.0 {
                    *entry = (rank, cell);
                }
            }
            None => {
                article.extra.insert(header.to_string(), cell.to_string());
            }
        }
    }
    for (field, (_, cell)) in best {
        let value = cell.trim().to_string();
        match field {
            Field::Id => article.id = value,
            Field::Text => article.text = cell.to_string(),
            Field::Title => article.title = Some(value),
            Field::Outlet => article.outlet = Some(value),
            Field::Url => article.url = Some(value),
            Field::Language => article.language = Some(value.to_lowercase()),
            Field::File => {
                article.extra.insert("file".into(), value);
            }
            Field::Date => match date::parse(cell, order) {
                Ok(date) => article.date = date,
                Err(expected) => odd.push((value, expected)),
            },
        }
    }
    (article, odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_of_several_tools_are_understood() {
        let (a, odd) = article(
            [
                ("maintext", "Body."),
                ("text", "other"),
                ("source_domain", "example.org"),
                ("date_publish", "2022-04-14 13:52:00"),
                ("title", "None"),
                ("Section", "World"),
            ],
            DayOrder::Unknown,
        );
        assert_eq!((a.text.as_str(), a.outlet.as_deref()), ("Body.", Some("example.org")));
        assert_eq!((a.date.as_deref(), a.title), (Some("2022-04-14"), None));
        assert_eq!(a.extra.get("Section").map(String::as_str), Some("World"));
        assert!(odd.is_empty());
    }

    #[test]
    fn source_is_an_address_or_an_outlet() {
        assert_eq!(article([("source", "https://a.example/x")], DayOrder::Unknown).0.outlet, None);
        assert_eq!(
            article([("source", "The Herald")], DayOrder::Unknown).0.outlet.as_deref(),
            Some("The Herald")
        );
    }
}
