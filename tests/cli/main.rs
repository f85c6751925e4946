//! The real binary, run in a fresh folder as a user would.

mod bad_input;
mod check;
mod extract;
mod report;
mod safety;
mod training;
mod workdir;
