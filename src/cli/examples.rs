use std::path::{Path, PathBuf};

use super::Talk;
use crate::corpus::{LabelFile, TrainingColumns, TrainingSet, axes_or_bundled};
use crate::{Error, Position, Result};

/// How many statements that read like a text are shown.
pub const N_ALIKE: usize = 3;

/// The options of every command that shows what a text reads like.
#[derive(Debug, clap::Args)]
pub struct ExampleArgs {
    /// Labelled statements to find those in that read most like the text; with --axes, or a table with --text and --label.
    #[arg(long, value_name = "FILE")]
    pub labels: Vec<PathBuf>,
    /// The column that holds the text of the labelled statements, in a table of any kind.
    #[arg(long, value_name = "COLUMN", requires = "label")]
    text: Option<String>,
    /// The columns that hold their classes; each is an axis.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', requires_all = ["text", "labels"])]
    label: Vec<String>,
}

impl ExampleArgs {
    /// Reads the labelled statements; rows that cannot be read are left out and told.
    ///
    /// # Errors
    ///
    /// Those of [`TrainingSet::read`] and [`LabelFile::read`]; [`ErrorKind::Input`](crate::ErrorKind::Input) when no statement
    /// has both its words and a class.
    pub fn read(&self, axes: Option<&Path>, talk: &Talk) -> Result<TrainingSet> {
        let set = match &self.text {
            Some(text) => {
                let columns = TrainingColumns {
                    text: text.clone(),
                    labels: self.label.clone(),
                    ..TrainingColumns::default()
                };
                TrainingSet::read(&self.labels, &columns, None)?
            }
            None => {
                let file = LabelFile::read(&self.labels, &axes_or_bundled(axes)?, None)?;
                if let Some(problem) = file.problems.first() {
                    let n = file.problems.len();
                    talk.warn(format!(
                        "{n} label rows left out; the first: {}",
                        problem.clone().into_error()
                    ));
                }
                TrainingSet::from_labelled(&file.rows, &file.axes, None)?
            }
        };
        if set.rows.is_empty() {
            let position = self.labels.first().map(Position::file).unwrap_or_default();
            let error = Error::input(
                position,
                "no labelled statement with its words",
                "rows with a quote and a class",
            );
            return Err(error.with_help(
                "Places in articles do not do: add a column quote, or name the columns with --text COLUMN --label COLUMN.",
            ));
        }
        Ok(set)
    }

    /// The options as they were given, for a command that can be run again.
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> =
            self.labels.iter().map(|p| format!("--labels {}", p.display())).collect();
        words.extend(self.text.iter().map(|column| format!("--text {column}")));
        if !self.label.is_empty() {
            words.push(format!("--label {}", self.label.join(",")));
        }
        words
    }
}
