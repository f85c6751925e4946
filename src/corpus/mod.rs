//! Files to types and back: the only module, beside the model file, the annotator and the command line, that
//! touches files.

mod articles;
mod axes;
mod columns;
mod date;
mod decode;
mod embedding_cache;
mod encoder_folder;
mod exchange;
mod label_column;
mod labels;
mod lexicon;
mod metadata;
mod objects;
mod output;
mod scored;
mod speakers;
mod stream;
mod table;
mod training;
mod training_table;
mod vectors;
mod within;
mod words;

pub use articles::{ARTICLE_LIMIT, ArticleOptions, Articles, Read1, Skipped};
pub use axes::{BUNDLED_AXES, axes_or_bundled, bundled_axes, parse_axes, read_axes};
pub use columns::{Field, field, is_missing};
pub use date::{DayOrder, parse as parse_date};
pub use decode::{Decoded, encoding_by_name, open};
pub use embedding_cache::{EMBEDDING_CACHE_FILE, EMBEDDING_CACHE_LIMIT, EmbeddingCache, EmbeddingKey};
pub use encoder_folder::{ENCODER_CONFIG, ENCODER_TOKENIZER, ENCODER_WEIGHTS, EncoderFiles};
pub use exchange::{
    Check, Counting, Document, Marked, OffsetUnit, Restored, Ruler, brat_file_name, detect, documents,
    is_plain, read_brat, read_doccano, read_label_studio, read_prodigy, restore, write_brat, write_doccano,
    write_label_studio, write_prodigy,
};
pub use labels::{LABEL_COLUMNS, LabelFile, Problem, label_bytes};
pub use lexicon::{parse_lexicon, read_lexicon};
pub use metadata::{Metadata, PathPattern};
pub use output::{Output, check_output, is_stream, write_atomically};
pub use scored::{Format, StatementFile, StatementWriter, each_statement, guard_formula, read_statements};
pub use speakers::read_speakers;
pub use table::{Row, Swallowed, Table, nearest};
pub use training::{TrainingRow, TrainingSet, number_groups};
pub use training_table::TrainingColumns;
pub use vectors::read_vectors;
pub use words::{read_aliases, read_word_list};
