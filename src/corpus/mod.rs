//! Files to types and back: the only module, beside the model file, the annotator and the command line, that
//! touches files.

mod decode;
mod output;
mod table;

pub use decode::{Decoded, encoding_by_name, open};
pub use output::{Output, write_atomically};
pub use table::{Row, Table, nearest};
