use std::path::PathBuf;

use clap::Args;
use encoding_rs::Encoding;

use crate::corpus::{
    ArticleOptions, Articles, DayOrder, Format, Metadata, PathPattern, Skipped, encoding_by_name,
    read_speakers,
};
use crate::pipeline::SpeakerDirectory;
use crate::{Error, Result};

/// The options of every command that reads articles.
#[derive(Debug, Default, Args)]
pub struct ArticleArgs {
    /// Articles: .txt, .csv, .tsv, .json, .jsonl (also .gz), folders or patterns of these, - for standard input.
    #[arg(value_name = "ARTICLES")]
    pub articles: Vec<PathBuf>,
    /// A table to join by its column file, id or url.
    #[arg(long, value_name = "FILE")]
    pub meta: Option<PathBuf>,
    /// Take outlet, date and more from the path, such as 'corpus/{outlet}/{date}_*.txt'.
    #[arg(long, value_name = "PATTERN")]
    pub outlet_from: Option<String>,
    /// Names under which speakers appear: canonical, alias, role, country, group.
    #[arg(long, value_name = "FILE")]
    pub speakers: Option<PathBuf>,
    /// Read every input in this encoding instead of finding it out.
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// How dates such as 03/04/2022 are meant: dmy or mdy.
    #[arg(long, value_name = "ORDER", value_parser = ["dmy", "mdy"])]
    pub date_format: Option<String>,
    /// Stop at the first input that cannot be used.
    #[arg(long)]
    pub strict: bool,
}

impl ArticleArgs {
    /// These inputs, with nothing else said.
    pub fn of(articles: &[PathBuf]) -> Self {
        Self {
            articles: articles.to_vec(),
            meta: None,
            outlet_from: None,
            speakers: None,
            encoding: None,
            date_format: None,
            strict: false,
        }
    }

    /// Opens the articles.
    ///
    /// # Errors
    ///
    /// Those of the arguments and of [`Articles::open`].
    pub fn open(&self) -> Result<Articles> {
        if self.articles.is_empty() {
            return Err(Error::argument("ARTICLES", "nothing", "at least one file, folder or pattern, or -"));
        }
        let encoding = self.encoding()?;
        let day_order = match self.date_format.as_deref() {
            Some("dmy") => DayOrder::DayFirst,
            Some("mdy") => DayOrder::MonthFirst,
            _ => DayOrder::Unknown,
        };
        let metadata =
            self.meta.as_ref().map(|path| Metadata::read(path, encoding, day_order)).transpose()?;
        let pattern = self.outlet_from.as_deref().map(PathPattern::parse).transpose()?;
        Articles::open(&self.articles, ArticleOptions { encoding, metadata, pattern, day_order })
    }

    /// The encoding of `--encoding`.
    ///
    /// # Errors
    ///
    /// Those of [`encoding_by_name`].
    pub fn encoding(&self) -> Result<Option<&'static Encoding>> {
        self.encoding.as_deref().map(encoding_by_name).transpose()
    }

    /// The speakers of `--speakers`.
    ///
    /// # Errors
    ///
    /// Those of [`read_speakers`].
    pub fn directory(&self) -> Result<SpeakerDirectory> {
        let entries = self.speakers.as_deref().map(read_speakers).transpose()?.unwrap_or_default();
        Ok(SpeakerDirectory::new(&entries))
    }

    /// With `--strict`, fails on the first skipped input.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) at the skipped input.
    pub fn refuse_if_strict(&self, skipped: &[Skipped]) -> Result<()> {
        match skipped.first() {
            Some(first) if self.strict => {
                let expected = "every input usable, because of --strict";
                Err(Error::input(first.position.clone(), first.reason.clone(), expected))
            }
            _ => Ok(()),
        }
    }
}

/// The options of every command that writes statements.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Where to; the ending says the format (.csv, .tsv, .jsonl), - is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
    /// The format, when the ending does not say it.
    #[arg(long, value_name = "FORMAT", value_parser = ["csv", "tsv", "jsonl"])]
    pub format: Option<String>,
    /// For spreadsheets: a byte order mark, and ' before cells that would run as formulas.
    #[arg(long)]
    pub excel: bool,
    /// Replace the output if it is there.
    #[arg(long)]
    pub force: bool,
}

impl OutputArgs {
    /// The format named, else the one of the file's ending.
    ///
    /// # Errors
    ///
    /// Those of [`Format::of`].
    pub fn format(&self) -> Result<Format> {
        match self.format.as_deref() {
            Some("csv") => Ok(Format::Csv),
            Some("tsv") => Ok(Format::Tsv),
            Some(_) => Ok(Format::Jsonl),
            None => Format::of(&self.output),
        }
    }
}
