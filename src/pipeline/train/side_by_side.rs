//! As much at once as there is room for.

use rayon::prelude::*;

use super::data::Data;
use crate::Result;
use crate::features::Counts;

/// The matrices of the splits that are worked on at once take no more bytes than this together, unless one alone does: how much
/// memory training takes must not depend on the number of processors.
const MOST_AT_ONCE: usize = 4 << 30;

/// Does the work of many splits, side by side as far as their matrices have room and then in turn. What it returns, in the order
/// of the tasks, does not depend on that.
///
/// # Arguments
///
/// * `counts` - what the matrices of each split are made of.
pub(super) fn side_by_side<T: Sync, R: Send>(
    data: &Data<'_>,
    counts: &Counts,
    tasks: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let of_split = counts.most_bytes() * (1 + data.n_partly_labelled());
    let at_once = (MOST_AT_ONCE / of_split.max(1)).max(1);
    let mut done = Vec::with_capacity(tasks.len());
    for tasks in tasks.chunks(at_once) {
        done.extend(tasks.par_iter().map(&work).collect::<Result<Vec<R>>>()?);
    }
    Ok(done)
}
