use std::path::PathBuf;

use super::{Outcome, Talk};
use crate::corpus::write_atomically;
use crate::{Error, Result};

/// The files of a new topic, each with comments that say what goes in.
const FILES: [(&str, &str); 5] = [
    ("axes.toml", include_str!("../../labels/topic/axes.toml")),
    ("labels.csv", include_str!("../../labels/topic/labels.csv")),
    ("speakers.csv", include_str!("../../labels/topic/speakers.csv")),
    ("meta.csv", include_str!("../../labels/topic/meta.csv")),
    ("README.md", include_str!("../../labels/topic/README.md")),
];

/// Start a topic of your own: axes.toml, labels.csv, speakers.csv, meta.csv.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso init
  sayso init monetary-policy
  sayso init --force monetary-policy")]
pub struct Args {
    /// The folder; it is made if it is not there.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    std::fs::create_dir_all(&args.folder).map_err(|e| Error::io(&args.folder, "create", e))?;
    // All or nothing: a file in the way is found before the first is written.
    if !args.force
        && let Some((name, _)) = FILES.iter().find(|(name, _)| args.folder.join(name).exists())
    {
        return Err(crate::ErrorKind::Exists { path: args.folder.join(name) }.into());
    }
    for (name, content) in FILES {
        write_atomically(&args.folder.join(name), content.as_bytes(), true)?;
    }
    let folder = args.folder.display();
    talk.say(format!("wrote {} files to {folder}", FILES.len()));
    let [axes, labels, model] = ["axes.toml", "labels.csv", "model.safetensors"]
        .map(|name| super::quoted(args.folder.join(name).display()));
    talk.next(format!(
        "edit {axes}, label statements in {labels}, then: sayso train {labels} --axes {axes} -o {model}"
    ));
    Ok(Outcome::Done)
}
