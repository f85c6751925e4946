//! The `sayso` program: everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    sayso::cli::run(std::env::args_os())
}
