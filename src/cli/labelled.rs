use std::path::PathBuf;

use encoding_rs::Encoding;

use super::{Talk, quoted};
use crate::corpus::{LabelFile, TrainingColumns, TrainingSet, axes_or_bundled, encoding_by_name};
use crate::types::AxisSet;
use crate::{Error, Result};

/// The options of every command that reads labelled texts.
#[derive(Debug, clap::Args)]
pub struct LabelledArgs {
    /// Label files, or tables of any kind with --text and --label or --axes; - is standard input.
    #[arg(value_name = "LABELS", required = true)]
    pub labels: Vec<PathBuf>,
    /// The axes; those that come with Sayso if not given. In a table with --text, the columns named after an axis hold its labels.
    #[arg(long, value_name = "FILE")]
    pub axes: Option<PathBuf>,
    /// Take this axis only; may be given again.
    #[arg(long, value_name = "ID", conflicts_with = "label")]
    axis: Vec<String>,
    /// The column that holds the text, in a table of any kind.
    #[arg(long, value_name = "COLUMN")]
    pub text: Option<String>,
    /// The columns that hold classes; each is an axis, with the classes that it holds or, with --axes, those of the axis of its name.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', requires = "text")]
    pub label: Vec<String>,
    /// Rows with the same value here never sit on both sides of a split.
    #[arg(long, value_name = "COLUMN", requires = "text")]
    group: Option<String>,
    /// The column that says what a row speaks about: its terms are also read together with it.
    #[arg(long, value_name = "COLUMN", requires = "text")]
    pub target: Option<String>,
    /// The columns with the first and one past the last character of the marked part of the text.
    #[arg(long, value_name = "FROM,TO", requires = "text", value_parser = pair)]
    pub span: Option<(String, String)>,
    /// Read every input in this encoding instead of finding it out.
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
}

/// Two column names with a comma between them.
pub fn pair(word: &str) -> std::result::Result<(String, String), String> {
    match word.split_once(',') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.trim().into(), to.trim().into())),
        _ => Err("expected two column names, such as from,to".into()),
    }
}

impl LabelledArgs {
    /// Reads the rows and tells what was passed over.
    ///
    /// # Arguments
    ///
    /// * `weight` - the column that says how much a row counts.
    ///
    /// # Errors
    ///
    /// Those of [`TrainingSet::read`] and [`LabelFile::read`].
    pub fn read(&self, weight: Option<&str>, talk: &Talk) -> Result<TrainingSet> {
        if let Some(set) = self.table(weight)? {
            return Ok(set);
        }
        let axes = self.chosen(self.all_axes()?)?;
        let file = LabelFile::read(&self.labels, &axes, self.encoding()?)?;
        if let Some(problem) = file.problems.first() {
            let n = file.problems.len();
            talk.warn(format!("{n} rows left out; the first: {}", problem.clone().into_error()));
        }
        TrainingSet::from_file(&file, &file.axes, weight)
    }

    /// The rows of a table of any kind; `None` where label files are named.
    ///
    /// # Errors
    ///
    /// Those of [`TrainingSet::read`], [`LabelledArgs::all_axes`] and [`LabelledArgs::chosen`].
    pub fn table(&self, weight: Option<&str>) -> Result<Option<TrainingSet>> {
        let Some(text) = &self.text else { return Ok(None) };
        let columns = TrainingColumns {
            text: text.clone(),
            labels: self.label.clone(),
            axes: if self.label.is_empty() || self.axes.is_some() {
                Some(self.chosen(self.all_axes()?)?)
            } else {
                None
            },
            group: self.group.clone(),
            target: self.target.clone(),
            span: self.span.clone(),
            weight: weight.map(str::to_string),
        };
        TrainingSet::read(&self.labels, &columns, self.encoding()?).map(Some)
    }

    /// The axes that label files can have.
    ///
    /// # Errors
    ///
    /// Those of [`read_axes`](crate::corpus::read_axes).
    pub fn all_axes(&self) -> Result<AxisSet> {
        axes_or_bundled(self.axes.as_deref())
    }

    /// Those of `axes` that `--axis` names; all where it is not given.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) for an axis that is not among them.
    pub fn chosen(&self, mut axes: AxisSet) -> Result<AxisSet> {
        if !self.axis.is_empty() {
            if let Some(unknown) = self.axis.iter().find(|id| axes.get(id).is_none()) {
                let ids: Vec<&str> = axes.axes.iter().map(|a| a.id.as_str()).collect();
                return Err(Error::argument("--axis", unknown, format!("one of {}", ids.join(", "))));
            }
            axes.axes.retain(|a| self.axis.contains(&a.id));
        }
        Ok(axes)
    }

    /// The options that say what is read from the files, as a shell takes them, for the next command.
    pub fn options(&self) -> String {
        let labels = self.label.join(",");
        let span = self.span.as_ref().map(|(from, to)| format!("{from},{to}"));
        let axes = self.axes.as_ref().map(|path| path.display().to_string());
        let given = [
            ("axes", axes.as_deref()),
            ("text", self.text.as_deref()),
            ("label", Some(labels.as_str()).filter(|labels| !labels.is_empty())),
            ("group", self.group.as_deref()),
            ("target", self.target.as_deref()),
            ("span", span.as_deref()),
            ("encoding", self.encoding.as_deref()),
        ];
        let given = given.into_iter().filter_map(|(name, word)| Some((name, word?)));
        let axis = self.axis.iter().map(|id| ("axis", id.as_str()));
        given.chain(axis).fold(String::new(), |all, (name, word)| format!("{all} --{name} {}", quoted(word)))
    }

    /// The encoding of `--encoding`.
    ///
    /// # Errors
    ///
    /// Those of [`encoding_by_name`].
    pub fn encoding(&self) -> Result<Option<&'static Encoding>> {
        self.encoding.as_deref().map(encoding_by_name).transpose()
    }
}
