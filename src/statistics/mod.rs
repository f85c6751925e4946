//! Numbers in, numbers out: nothing here knows of texts, files or outlets.

mod jackknife;

pub use jackknife::{Interval, Jackknife, student_t_p_value, student_t_quantile};
