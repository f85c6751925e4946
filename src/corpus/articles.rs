//! Articles from files, folders, tables and standard input, one after the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;
use serde_json::{Map, Value};

use super::columns::{self, Field};
use super::date::{self, DayOrder};
use super::metadata::{Metadata, PathPattern};
use super::stream::{self, Kind};
use super::table::Table;
use super::within::{Line, line_within, too_large, whole};
use super::{decode, objects};
use crate::types::Article;
use crate::{Error, Position, Result};

/// The largest article that is read, in bytes of UTF-8.
pub const ARTICLE_LIMIT: usize = 16 << 20;
/// The largest line of a JSONL file that is read, in bytes.
const LINE_LIMIT: usize = 64 << 20;
const ENDINGS: [&str; 7] = ["txt", "csv", "tsv", "json", "jsonl", "ndjson", "text"];

/// How articles are read.
#[derive(Debug, Default)]
pub struct ArticleOptions {
    /// Force this encoding.
    pub encoding: Option<&'static Encoding>,
    /// A table to join.
    pub metadata: Option<Metadata>,
    /// Fields to take from paths.
    pub pattern: Option<PathPattern>,
    /// How dates such as 03/04/2022 are meant.
    pub day_order: DayOrder,
}

/// Something that was passed over, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Where it stood.
    pub position: Position,
    /// Why it was passed over, with the way out.
    pub reason: String,
}

/// What the reader gives next.
#[derive(Debug)]
pub enum Read1 {
    /// An article.
    Article(Box<Article>),
    /// An input that could not be used.
    Skipped(Skipped),
}

/// Reads articles one after the other; memory does not grow with their number, beyond their ids.
pub struct Articles {
    options: ArticleOptions,
    files: VecDeque<Source>,
    /// The tables that name files.
    indexes: Vec<PathBuf>,
    current: Option<Current>,
    /// Further articles and skips that one input gave at once.
    pending: VecDeque<Read1>,
    ids: BTreeMap<String, u32>,
    further: BTreeSet<String>,
    /// Things worth saying once: which tables were taken as metadata, which columns mean what.
    pub remarks: Vec<String>,
    /// What is wrong with an input though it could be read; whole at the end.
    pub warnings: Vec<String>,
}

/// A file, and the row of the index that names it, if one does.
struct Source {
    path: PathBuf,
    known: Option<Article>,
}

enum Current {
    Table { table: Box<Table>, cells: Vec<String> },
    Lines { path: PathBuf, reader: Box<dyn BufRead + Send>, row: u64 },
}

impl Articles {
    /// Opens inputs: files, folders (searched through, in the order of their names), glob patterns, `-`.
    ///
    /// A table with a `file` column and no text column is an index: the files it names are read, with its
    /// other columns as their metadata.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) for an input that is not there,
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) for a folder or pattern without any article.
    pub fn open(inputs: &[PathBuf], options: ArticleOptions) -> Result<Self> {
        let mut files = Vec::new();
        for input in inputs {
            expand(input, &mut files)?;
        }
        let mut articles = Self {
            options,
            files: VecDeque::new(),
            indexes: Vec::new(),
            current: None,
            pending: VecDeque::new(),
            ids: BTreeMap::new(),
            further: BTreeSet::new(),
            remarks: Vec::new(),
            warnings: Vec::new(),
        };
        articles.queue(files)?;
        let joined = articles.options.metadata.iter().flat_map(Metadata::further_columns);
        let in_path = articles.options.pattern.iter().flat_map(PathPattern::further_columns);
        let known: Vec<String> = joined.chain(in_path).collect();
        articles.further.extend(known);
        Ok(articles)
    }

    /// Puts the files in reading order, with the rows of the indexes among them.
    fn queue(&mut self, files: Vec<PathBuf>) -> Result<()> {
        let mut named: BTreeMap<PathBuf, Article> = BTreeMap::new();
        let mut plain = Vec::new();
        for path in files {
            match self.index(&path)? {
                Some(rows) => {
                    self.remarks.push(format!(
                        "{}: names {} files and what is known of them",
                        path.display(),
                        rows.len()
                    ));
                    self.further.extend(rows.iter().flat_map(|(_, row)| row.extra.keys().cloned()));
                    named.extend(rows);
                    self.indexes.push(path);
                }
                None => plain.push(path),
            }
        }
        let mut seen = BTreeSet::new();
        for path in plain.into_iter().chain(named.keys().cloned()) {
            if seen.insert(path.clone()) {
                self.files.push_back(Source { known: named.get(&path).cloned(), path });
            }
        }
        Ok(())
    }

    /// The rows of a table that names files instead of holding texts.
    fn index(&self, path: &Path) -> Result<Option<Vec<(PathBuf, Article)>>> {
        if !matches!(ending(path).as_str(), "csv" | "tsv") {
            return Ok(None);
        }
        // A table that cannot be opened is met again, and reported, when its turn to be read comes.
        let Ok(mut table) = Table::open(path, self.options.encoding) else { return Ok(None) };
        let headers = table.headers().to_vec();
        let has = |field| headers.iter().any(|h| columns::field(h) == Some(field));
        if has(Field::Text) || !has(Field::File) {
            return Ok(None);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut rows = Vec::new();
        while let Some(row) = table.next_row()? {
            let cells = headers.iter().enumerate().map(|(i, h)| (h.as_str(), row.raw(i)));
            let (mut article, odd) = columns::article(cells, self.options.day_order);
            if let Some((found, expected)) = odd.first() {
                let position = Position::row(path, row.number).column("date");
                return Err(Error::input(position, format!("{found:?}"), expected.clone()));
            }
            if let Some(file) = article.extra.remove("file") {
                rows.push((folder.join(file), article));
            }
        }
        Ok(Some(rows))
    }

    /// The columns of indexes, joined metadata and path patterns that have no meaning of their own.
    pub fn further_columns(&self) -> &BTreeSet<String> {
        &self.further
    }

    /// The files that are still to be read, and the tables that name files.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|source| &source.path).chain(&self.indexes).map(PathBuf::as_path)
    }

    /// How many rows of the joined metadata met no article; known at the end.
    pub fn n_unmatched_metadata(&self) -> usize {
        self.options.metadata.as_ref().map_or(0, Metadata::n_unmatched)
    }

    fn step(&mut self) -> Option<Read1> {
        loop {
            if let Some(read) = self.pending.pop_front() {
                return Some(read);
            }
            match self.current.take() {
                Some(current) => self.continue_with(current),
                None => {
                    let source = self.files.pop_front()?;
                    if let Err(error) = self.begin(&source) {
                        self.skip(Position::file(&source.path), error.to_string());
                    }
                }
            }
        }
    }

    fn begin(&mut self, source: &Source) -> Result<()> {
        let path = &source.path;
        match ending(path).as_str() {
            "csv" | "tsv" => {
                let table = Table::open(path, self.options.encoding)?;
                if table.headers().iter().all(|h| columns::field(h) != Some(Field::Text)) {
                    return Err(Error::input(
                        Position::row(path, 1),
                        format!("the columns {}", table.headers().join(", ")),
                        "a column with the article's text, such as text, body or maintext",
                    )
                    .with_help(
                        "Rename the column, or, if the table describes files, name them in a column file.",
                    ));
                }
                self.current = Some(Current::Table { table: Box::new(table), cells: Vec::new() });
            }
            "jsonl" | "ndjson" => {
                let reader = Box::new(BufReader::with_capacity(
                    1 << 16,
                    decode::open(path, self.options.encoding)?.reader,
                ));
                self.current = Some(Current::Lines { path: path.clone(), reader, row: 0 });
            }
            "json" => {
                let text = self.whole(path, LINE_LIMIT)?;
                self.objects(&text, path)?;
            }
            _ if path == Path::new("-") => self.begin_stream(source)?,
            _ => {
                let text = self.whole(path, ARTICLE_LIMIT)?;
                self.text(source, text);
            }
        }
        Ok(())
    }

    /// Standard input: what it begins with says what it holds.
    fn begin_stream(&mut self, source: &Source) -> Result<()> {
        let path = &source.path;
        let mut reader = decode::open(path, self.options.encoding)?.reader;
        let mut beginning = Vec::new();
        let most = stream::BEGINNING as u64;
        reader.by_ref().take(most).read_to_end(&mut beginning).map_err(|e| Error::io(path, "read", e))?;
        let kind = Kind::of(&beginning);
        self.remarks.push(format!("standard input: read as {}", kind.name()));
        let reader: Box<dyn Read + Send> = Box::new(Cursor::new(beginning).chain(reader));
        match kind {
            Kind::Lines => {
                let reader = Box::new(BufReader::with_capacity(1 << 16, reader));
                self.current = Some(Current::Lines { path: path.clone(), reader, row: 0 });
            }
            Kind::Table => {
                let table = Box::new(Table::from_reader(reader, path)?);
                self.current = Some(Current::Table { table, cells: Vec::new() });
            }
            Kind::Json => self.objects(&whole(reader, path, LINE_LIMIT)?, path)?,
            Kind::Text => self.text(source, whole(reader, path, ARTICLE_LIMIT)?),
        }
        Ok(())
    }

    fn objects(&mut self, text: &str, path: &Path) -> Result<()> {
        for (row, object) in objects::articles(text, path)? {
            self.object(&object, Position::row(path, row), path);
        }
        Ok(())
    }

    fn text(&mut self, source: &Source, text: String) {
        let mut article = source.known.clone().unwrap_or_default();
        article.text = text;
        self.accept(article, &source.path, Position::file(&source.path));
    }

    fn whole(&self, path: &Path, limit: usize) -> Result<String> {
        whole(decode::open(path, self.options.encoding)?.reader, path, limit)
    }

    fn continue_with(&mut self, current: Current) {
        match current {
            Current::Table { mut table, mut cells } => {
                let path = table.path().to_path_buf();
                let headers = table.headers().to_vec();
                match table.next_row() {
                    Ok(None) => self.warnings.extend(table.warning()),
                    Ok(Some(row)) => {
                        cells.clear();
                        cells.extend((0..headers.len()).map(|i| row.raw(i).to_string()));
                        let position = Position::row(&path, row.number);
                        let named = headers.iter().map(String::as_str).zip(cells.iter().map(String::as_str));
                        let (article, odd) = columns::article(named, self.options.day_order);
                        self.current = Some(Current::Table { table, cells });
                        self.accept_with(article, odd, &path, position);
                    }
                    Err(error) => self.skip(Position::file(&path), error.to_string()),
                }
            }
            Current::Lines { path, mut reader, mut row } => {
                let line = line_within(&mut reader, LINE_LIMIT);
                row += 1;
                let position = Position::row(&path, row);
                match line {
                    Ok(None) => return,
                    Ok(Some(Line::TooLong)) => {
                        self.skip(position.clone(), too_large(position, "line", LINE_LIMIT).to_string());
                    }
                    Ok(Some(Line::Text(line))) if line.trim().is_empty() => {}
                    Ok(Some(Line::Text(line))) => match serde_json::from_str::<Map<String, Value>>(&line) {
                        Ok(object) => self.object(&object, position, &path),
                        Err(e) => self.skip(position, format!("not a JSON object: {e}")),
                    },
                    Err(e) => {
                        self.skip(position, format!("cannot read on: {e}"));
                        return;
                    }
                }
                self.current = Some(Current::Lines { path, reader, row });
            }
        }
    }

    fn object(&mut self, object: &Map<String, Value>, position: Position, path: &Path) {
        let cells = objects::cells(object);
        let named = cells.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let (article, odd) = columns::article(named, self.options.day_order);
        self.accept_with(article, odd, path, position);
    }

    fn accept_with(&mut self, article: Article, odd: Vec<(String, String)>, path: &Path, position: Position) {
        if let Some((found, expected)) = odd.into_iter().next() {
            let error = Error::input(position.clone().column("date"), format!("{found:?}"), expected);
            self.skip(position, error.to_string());
            return;
        }
        self.accept(article, path, position);
    }

    /// Completes an article and puts it in line.
    fn accept(&mut self, mut article: Article, path: &Path, position: Position) {
        if article.text.len() > ARTICLE_LIMIT {
            return self.skip(position.clone(), too_large(position, "article", ARTICLE_LIMIT).to_string());
        }
        if article.text.trim().is_empty() {
            return self.skip(position, "no text".into());
        }
        if article.id.is_empty() {
            let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("article").to_string();
            let stem = if stem == "-" { "stdin".to_string() } else { stem };
            article.id = match position.row {
                Some(row) => format!("{stem}:{row}"),
                None => stem,
            };
        }
        if let Some(fields) = self.options.pattern.as_ref().and_then(|p| p.fields(path)) {
            self.take_fields(&mut article, fields);
        }
        if let Some(metadata) = &mut self.options.metadata {
            metadata.join(&mut article, (ending(path) != "jsonl").then_some(path));
        }
        let count = self.ids.entry(article.id.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            let reason =
                format!("a second article with the id {:?}; ids must be unique in a run", article.id);
            return self.skip(position, reason);
        }
        self.pending.push_back(Read1::Article(Box::new(article)));
    }

    fn take_fields(&self, article: &mut Article, fields: BTreeMap<String, String>) {
        for (name, value) in fields {
            match name.as_str() {
                "outlet" => article.outlet = Some(value),
                "date" => match date::parse(&value, self.options.day_order) {
                    Ok(date) => article.date = date,
                    Err(_) => drop(article.extra.insert(name, value)),
                },
                "id" => article.id = value,
                "title" => article.title = Some(value),
                "language" => article.language = Some(value),
                _ => drop(article.extra.insert(name, value)),
            }
        }
    }

    fn skip(&mut self, position: Position, reason: String) {
        self.pending.push_back(Read1::Skipped(Skipped { position, reason }));
    }
}

impl Iterator for Articles {
    type Item = Read1;

    fn next(&mut self) -> Option<Read1> {
        self.step()
    }
}

/// The lower-case ending of a path, past a `.gz`.
fn ending(path: &Path) -> String {
    let lower = path.to_string_lossy().to_lowercase();
    let lower = lower.strip_suffix(".gz").unwrap_or(&lower);
    lower.rsplit_once('.').map(|(_, ending)| ending.to_string()).unwrap_or_default()
}

fn expand(input: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if input == Path::new("-") || input.is_file() {
        files.push(input.to_path_buf());
        return Ok(());
    }
    let before = files.len();
    if input.is_dir() {
        walk(input, files)?;
        if files.len() == before {
            return Err(Error::input(
                Position::file(input),
                "a folder without any article",
                "files that end in .txt, .csv, .tsv, .json or .jsonl",
            ));
        }
        return Ok(());
    }
    let pattern = input.to_string_lossy();
    if pattern.contains(['*', '?', '[']) {
        let paths = glob::glob(&pattern).map_err(|e| {
            Error::argument("ARTICLES", &pattern, "a path or a glob pattern").with_help(e.to_string())
        })?;
        for path in paths.flatten() {
            if path.is_file() {
                files.push(path);
            } else if path.is_dir() {
                walk(&path, files)?;
            }
        }
        if files.len() == before {
            return Err(Error::input(Position::file(input), "nothing that matches", "at least one file"));
        }
        return Ok(());
    }
    Err(Error::io(input, "read", std::io::ErrorKind::NotFound.into()))
}

/// The articles of a folder and its folders, by name; hidden files and links to folders are left out.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder, "read", e))?;
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let Ok(kind) = entry.file_type() else { continue };
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            walk(&path, files)?;
        } else if path.is_file() && ENDINGS.contains(&ending(&path).as_str()) {
            files.push(path);
        }
    }
    Ok(())
}
