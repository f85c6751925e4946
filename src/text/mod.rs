//! Sentences, tokens and normal forms, always with offsets back.

mod boilerplate;
mod code_points;
mod normalise;
mod paragraph;
mod token;

pub use boilerplate::boilerplate;
pub use code_points::CodePoints;
pub use normalise::{edit_similarity, fold};
pub use paragraph::paragraphs;
pub use token::{Token, TokenKind, tokens};
