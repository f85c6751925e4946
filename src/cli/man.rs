use std::path::PathBuf;

use super::{Outcome, Talk};
use crate::corpus::write_atomically;
use crate::{Error, Result};

/// Write manual pages into a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso man man
  sayso man ~/.local/share/man/man1
  sayso man --force man")]
pub struct Args {
    /// The folder; it is made if it is not there.
    folder: PathBuf,
    /// Replace pages that are there.
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    std::fs::create_dir_all(&args.folder).map_err(|e| Error::io(&args.folder, "create", e))?;
    let command = super::command();
    let mut pages = 0;
    let named = command.get_subcommands().map(|sub| (format!("sayso-{}", sub.get_name()), sub.clone()));
    for (name, page) in std::iter::once(("sayso".to_string(), command.clone())).chain(named) {
        let path = args.folder.join(format!("{name}.1"));
        let mut bytes = Vec::new();
        clap_mangen::Man::new(page)
            .title(name)
            .render(&mut bytes)
            .map_err(|e| Error::io(&path, "write", e))?;
        write_atomically(&path, &bytes, args.force)?;
        pages += 1;
    }
    talk.say(format!("wrote {pages} manual pages to {}", args.folder.display()));
    talk.next(format!("man -l {}", super::quoted(args.folder.join("sayso.1").display())));
    Ok(Outcome::Done)
}
