//! The command line: one command a file. Everything else is in the library.

mod agree;
mod batches;
mod check;
mod completions;
mod context;
mod convert;
mod demo;
mod encoder;
mod evaluate;
mod examples;
mod explain;
mod extract;
mod init;
mod label;
mod labelled;
mod man;
mod options;
mod report;
mod score;
mod suspicious;
mod talk;
mod train;

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use sha2::{Digest, Sha256};

use crate::model::hexadecimal;
use crate::{Error, Result};
pub use options::{ArticleArgs, OutputArgs};
pub use talk::Talk;

/// Who says what, which side it takes, and how outlets differ: with numbers you can defend.
#[derive(Debug, Parser)]
#[command(name = "sayso", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Start here: sayso demo\nExit codes: 0 done, 1 findings, 2 bad input.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Say nothing but errors.
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more: every skipped row, every column's meaning.
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// Worker threads; all cores if not given. Results do not depend on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Extract(extract::Args),
    Train(Box<train::Args>),
    Evaluate(evaluate::Args),
    Score(score::Args),
    Explain(explain::Args),
    Report(report::Args),
    Label(Box<label::Args>),
    Check(Box<check::Args>),
    Agree(agree::Args),
    Convert(convert::Args),
    Init(init::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Done,
    /// Exit code 1: something was found that the user asked to be told of.
    Findings,
}

/// Runs the program and returns its exit code: 0 done, 1 findings, 2 bad input.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe while help is printed is nobody's fault.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    if let Some(threads) = cli.threads {
        // Fails only when a pool exists already, which then has the size it was given first.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
    }
    let talk = Talk::new(cli.quiet, cli.verbose);
    match dispatch(cli.command, &talk) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            talk.error(&error);
            ExitCode::from(2)
        }
    }
}

fn dispatch(command: Command, talk: &Talk) -> Result<Outcome> {
    match command {
        Command::Demo(args) => demo::run(&args, talk),
        Command::Score(args) => score::run(&args, talk),
        Command::Extract(args) => extract::run(&args, talk),
        Command::Check(args) => check::run(&args, talk),
        Command::Init(args) => init::run(&args, talk),
        Command::Evaluate(args) => evaluate::run(&args, talk),
        Command::Explain(args) => explain::run(&args, talk),
        Command::Train(args) => train::run(&args, talk),
        Command::Label(args) => label::run(&args, talk),
        Command::Convert(args) => convert::run(&args, talk),
        Command::Agree(args) => agree::run(&args, talk),
        Command::Report(args) => report::run(&args, talk),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args, talk),
    }
}

/// The axes as the next command has to be given them; empty for those that come with Sayso.
fn axes_option(axes: Option<&Path>) -> String {
    axes.map_or_else(String::new, |axes| format!(" --axes {}", quoted(axes.display())))
}

/// A word as a shell takes it, for the next command.
fn quoted(word: impl Display) -> String {
    let word = word.to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "_-./,:=+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// SHA-256 of a file.
fn file_digest(path: &Path) -> Result<String> {
    let read = |mut file: File| -> std::io::Result<String> {
        // Piece by piece: a table may be large.
        let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(hexadecimal(&hash.finalize())),
                Ok(n) => hash.update(&piece[..n]),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    };
    File::open(path).and_then(read).map_err(|e| Error::io(path, "read", e))
}

/// The whole command line, for completions and manual pages.
fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_cut_them() {
        let words = ["topic", "a/b-c.csv", "my text", "it's", "$(x)", ""];
        assert_eq!(words.map(quoted), ["topic", "a/b-c.csv", "'my text'", "'it'\\''s'", "'$(x)'", "''"]);
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_command_shows_three_examples() {
        for sub in command().get_subcommands() {
            let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples = help.lines().filter(|line| line.trim_start().starts_with("sayso ")).count();
            assert!(examples >= 3, "help: add examples to the after_help of {}", sub.get_name());
        }
    }
}
