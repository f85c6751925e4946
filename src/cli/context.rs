//! What a statement speaks about, as the options of the command line name it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Talk;
use crate::corpus::nearest;
use crate::features::Passage;
use crate::model::Model;
use crate::text::CodePoints;
use crate::types::{ScoredStatement, Span};
use crate::{Error, Position, Result};

/// The columns in which statements have something, in the order in which they are met.
#[derive(Default)]
pub struct Columns {
    /// Those with a meaning of their own, such as `speaker`.
    own: Vec<&'static str>,
    /// All others.
    pub further: Vec<String>,
    seen: HashSet<String>,
}

impl Columns {
    /// Takes note of what a statement has.
    pub fn note(&mut self, statement: &ScoredStatement) {
        for column in statement.extra.keys() {
            if !self.seen.contains(column) {
                self.seen.insert(column.clone());
                self.further.push(column.clone());
            }
        }
        for column in ScoredStatement::OWN.into_iter().chain(["start", "end"]) {
            if !self.own.contains(&column) && !cell(statement, column).is_empty() {
                self.own.push(column);
            }
        }
    }

    /// The column of this name; case does not count, except between columns that differ in nothing else.
    fn find(&self, name: &str, path: &Path) -> Result<String> {
        let all = || self.own.iter().copied().chain(self.further.iter().map(String::as_str));
        if let Some(found) =
            all().find(|c| *c == name).or_else(|| all().find(|c| c.eq_ignore_ascii_case(name)))
        {
            return Ok(found.to_string());
        }
        let error = Error::input(
            Position::row(path, 1),
            format!("the filled columns {}", all().collect::<Vec<_>>().join(", ")),
            format!("a column {name}"),
        );
        Err(match nearest(name, all()) {
            Some(near) => error.with_help(format!("Did you mean {near:?}?")),
            None => error,
        })
    }
}

/// What stands in a column of a statement, without outer blanks; empty where there is nothing.
fn cell<'s>(statement: &'s ScoredStatement, column: &str) -> Cow<'s, str> {
    let count = |n: Option<usize>| n.map_or(Cow::Borrowed(""), |n| Cow::Owned(n.to_string()));
    match column {
        "start" => count(statement.start),
        "end" => count(statement.end),
        _ => Cow::Borrowed(text_in(statement, column).trim()),
    }
}

/// The same as it stands there. Files may spell a column in lower case and in upper case.
fn text_in<'s>(statement: &'s ScoredStatement, column: &str) -> &'s str {
    let otherwise = || statement.extra.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
    let text = statement.text_in(column).or_else(|| otherwise().map(|(_, text)| text.as_str()));
    text.unwrap_or_default()
}

/// Which columns hold what a statement speaks about.
#[derive(Default)]
pub struct Context {
    target: Option<String>,
    span: Option<(String, String)>,
    /// Statements whose mark does not lie in their text.
    n_unusable: AtomicUsize,
}

impl Context {
    /// Finds the columns that `--target` and `--span` name.
    ///
    /// # Arguments
    ///
    /// * `path` - the file that messages name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) that lists the columns there are and names the nearest one.
    pub fn find(
        target: Option<&str>,
        span: Option<&(String, String)>,
        columns: &Columns,
        path: &Path,
    ) -> Result<Self> {
        let find = |name: &str| columns.find(name, path);
        Ok(Self {
            target: target.map(find).transpose()?,
            span: span.map(|(from, to)| Ok::<_, Error>((find(from)?, find(to)?))).transpose()?,
            n_unusable: AtomicUsize::new(0),
        })
    }

    /// The text of a statement with what it speaks about; a mark that does not lie in the text is counted and passed over.
    pub fn passage<'s>(&self, statement: &'s ScoredStatement) -> Passage<'s> {
        let text = statement.quote.as_str();
        let target = self.target.as_ref().map_or("", |column| text_in(statement, column));
        let span = self.span.as_ref().and_then(|(from, to)| {
            let (from, to) = (cell(statement, from), cell(statement, to));
            if from.is_empty() && to.is_empty() {
                return None;
            }
            let span = from.parse().ok().zip(to.parse().ok()).and_then(|(from, to)| marked(text, from, to));
            if span.is_none() {
                self.n_unusable.fetch_add(1, Ordering::Relaxed);
            }
            span
        });
        Passage { text, target: target.trim(), span }
    }

    /// How many marks were passed over; `None` where no columns hold marks.
    pub fn n_unusable(&self) -> Option<usize> {
        self.span.as_ref().map(|_| self.n_unusable.load(Ordering::Relaxed))
    }

    /// Says how many marks were passed over.
    pub fn tell_unusable(&self, talk: &Talk) {
        if let (Some((from, to)), Some(n @ 1..)) = (&self.span, self.n_unusable()) {
            talk.warn(format!(
                "{n} statements have no usable mark in {from},{to}; they were scored without (a mark is two counts of \
                 characters within the text, the first below the second)"
            ));
        }
    }
}

/// The part of a text between two counts of characters; `None` where it is empty or does not lie in the text.
pub fn marked(text: &str, from: usize, to: usize) -> Option<Span> {
    CodePoints::new(text).to_span(from, to).filter(|span| !span.is_empty())
}

/// Warns when a model is not told what a statement speaks about though it learned from it, or is told though it did not.
pub fn tell_mismatch(model: &Model, target: bool, span: bool, talk: &Talk) {
    let params = model.tfidf().params();
    for (option, learned, given) in [("--target", params.target, target), ("--span", params.window, span)] {
        match (learned, given) {
            (true, false) => {
                talk.warn(format!("the model was trained with {option}; without it, scores are less sure"));
            }
            (false, true) => {
                talk.warn(format!("the model was trained without {option}: it changes no score"));
            }
            _ => {}
        }
    }
}
