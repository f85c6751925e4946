//! What can go wrong, where it went wrong, and the way out.

use std::fmt;
use std::path::{Path, PathBuf};

/// The result of anything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error: what was found, what was expected, where, and how to go on.
///
/// The kind is boxed, so that a `Result` stays small on the hot paths.
#[derive(Debug)]
pub struct Error(Box<ErrorKind>);

/// A place in an input: file, row (1-based, the header is row 1) and column.
///
/// Prints as `labels.csv:37, column end`; parts that are not known are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// The file, as the user named it; `-` is standard input.
    pub path: Option<PathBuf>,
    /// The row or line, counted from 1.
    pub row: Option<u64>,
    /// The column: a CSV header, a JSON key or a character position.
    pub column: Option<String>,
}

/// The kinds of [`Error`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file could not be read or written.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: "read", "write", "create", "rename".
        action: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// An input does not hold what it should.
    #[error("{position}: found {found}; expected {expected}{}", way_out(help))]
    Input {
        /// Where.
        position: Position,
        /// What stood there.
        found: String,
        /// What should have stood there.
        expected: String,
        /// The way out; empty when the expectation says it all.
        help: String,
    },
    /// An argument or a setting is out of range, or two of them do not go together.
    #[error("{name} = {value}: expected {expected}{}", way_out(help))]
    Argument {
        /// The option or field.
        name: String,
        /// Its value.
        value: String,
        /// The range or relation that holds.
        expected: String,
        /// The way out; may be empty.
        help: String,
    },
    /// Two arrays that belong together have different lengths.
    #[error("{what}: {left} and {right} do not match")]
    ShapeMismatch {
        /// Which two.
        what: &'static str,
        /// The first length.
        left: usize,
        /// The second length.
        right: usize,
    },
    /// There is too little data for what was asked.
    #[error("{what}: {found} found, at least {needed} needed{}", way_out(help))]
    TooFew {
        /// Of what: "rows of class pro-kyiv on axis alignment".
        what: String,
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
        /// The way out; may be empty.
        help: String,
    },
    /// A number is NaN or infinite.
    #[error("{what}: {value} is not a finite number")]
    NotFinite {
        /// Where it stands: "row 3, term 17".
        what: String,
        /// The value.
        value: f64,
    },
    /// An iterative method stopped before it reached its tolerance.
    #[error(
        "{method} did not converge in {iterations} iterations: {measure} is {reached:e}, tolerance {tolerance:e}"
    )]
    NotConverged {
        /// The method.
        method: &'static str,
        /// How many iterations it ran.
        iterations: usize,
        /// What is measured: "relative gradient norm".
        measure: &'static str,
        /// The value reached.
        reached: f64,
        /// The value asked for.
        tolerance: f64,
    },
    /// A solver from another library gave up.
    #[error("logistic regression: {reason}")]
    Solver {
        /// What it said.
        reason: String,
    },
    /// A model file is damaged, foreign or from a future version.
    #[error("{}: not a usable model: {reason}{}", path.display(), way_out(help))]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// The way out; may be empty.
        help: String,
    },
    /// An input is larger than the limit that keeps memory bounded.
    #[error("{position}: {what} is {size} bytes, the limit is {limit}{}", way_out(help))]
    TooLarge {
        /// Where.
        position: Position,
        /// What is too large: "article", "line".
        what: &'static str,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
        /// The way out; may be empty.
        help: String,
    },
    /// The output exists and `--force` was not given.
    #[error("{}: exists already; add --force to replace it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
}

fn way_out(help: &str) -> String {
    if help.is_empty() { String::new() } else { format!(". {help}") }
}

impl Error {
    /// The kind, to match on.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// A failed file operation.
    pub fn io(path: impl Into<PathBuf>, action: &'static str, source: std::io::Error) -> Self {
        ErrorKind::Io { path: path.into(), action, source }.into()
    }

    /// An input that does not hold what it should; see [`Error::with_help`] for the way out.
    pub fn input(position: Position, found: impl Into<String>, expected: impl Into<String>) -> Self {
        ErrorKind::Input { position, found: found.into(), expected: expected.into(), help: String::new() }
            .into()
    }

    /// An argument out of range.
    pub fn argument(name: impl Into<String>, value: impl fmt::Display, expected: impl Into<String>) -> Self {
        ErrorKind::Argument {
            name: name.into(),
            value: value.to_string(),
            expected: expected.into(),
            help: String::new(),
        }
        .into()
    }

    /// Too little data.
    pub fn too_few(what: impl Into<String>, found: usize, needed: usize) -> Self {
        ErrorKind::TooFew { what: what.into(), found, needed, help: String::new() }.into()
    }

    /// A model file that cannot be used.
    pub fn model(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        ErrorKind::Model { path: path.into(), reason: reason.into(), help: String::new() }.into()
    }

    /// Adds the way out, where the kind has room for one.
    #[must_use]
    pub fn with_help(mut self, text: impl Into<String>) -> Self {
        match &mut *self.0 {
            ErrorKind::Input { help, .. }
            | ErrorKind::Argument { help, .. }
            | ErrorKind::TooFew { help, .. }
            | ErrorKind::Model { help, .. }
            | ErrorKind::TooLarge { help, .. } => *help = text.into(),
            _ => {}
        }
        self
    }

    /// True when the other end of a pipe was closed, which ends a command quietly.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(&*self.0, ErrorKind::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<linfa::Error> for Error {
    fn from(error: linfa::Error) -> Self {
        ErrorKind::Solver { reason: error.to_string() }.into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            ErrorKind::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Position {
    /// A whole file.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self { path: Some(path.as_ref().to_path_buf()), row: None, column: None }
    }

    /// A row of a file, counted from 1.
    pub fn row(path: impl AsRef<Path>, row: u64) -> Self {
        Self { row: Some(row), ..Self::file(path) }
    }

    /// The same place, in this column.
    #[must_use]
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}", path.display())?,
            None => f.write_str("input")?,
        }
        if let Some(row) = self.row {
            write!(f, ":{row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_error_names_place_finding_expectation_and_way_out() {
        let error = Error::input(
            Position::row("labels.csv", 37).column("minsk"),
            "\"suportive\"",
            "a class of axis minsk",
        )
        .with_help("Did you mean \"supportive\"?");
        assert_eq!(
            error.to_string(),
            "labels.csv:37, column minsk: found \"suportive\"; expected a class of axis minsk. Did you mean \"supportive\"?"
        );
    }
}
