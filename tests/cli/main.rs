//! The real binary, run in a fresh folder as a user would.

mod bad_input;
mod check;
mod convert;
mod extract;
mod label;
mod outputs;
mod report;
mod report_checks;
mod report_examples;
mod safety;
mod score;
mod train;
mod training;
mod workdir;
