use std::io::{self, Write};

use clap_complete::Shell;

use super::Outcome;
use crate::{Error, Result};

/// Print a completion script for your shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso completions bash > ~/.local/share/bash-completion/completions/sayso
  sayso completions zsh > ~/.zfunc/_sayso
  sayso completions fish > ~/.config/fish/completions/sayso.fish")]
pub struct Args {
    /// The shell.
    shell: Shell,
}

pub fn run(args: &Args) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "sayso", &mut script);
    io::stdout().write_all(&script).map_err(|e| Error::io("-", "write", e))?;
    Ok(Outcome::Done)
}
