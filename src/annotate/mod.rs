//! Labelling in the browser: a queue that stays a random sample, a journal that loses nothing, one page.

mod action;
mod book;
mod curve;
mod dispute;
mod frame;
mod guard;
mod journal;
mod learning;
mod mark;
mod queue;
mod route;
mod server;
mod session;
mod sheet;
mod view;
mod writing;

pub use action::Action;
pub use book::{AGAIN, Book, Key};
pub use frame::{Frame, Item};
pub use journal::{Journal, Record, Replay, Storage, replay};
pub use mark::{Mark, Stage};
pub use queue::{Design, Queue, Slot, Stream, Unit};
pub use server::{Server, open_browser};
pub use session::{Session, Settings};
pub use sheet::Keep;
pub use writing::Draft;
