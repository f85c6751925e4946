//! As much at once as there is room for.

use rayon::prelude::*;

use super::blocks::BlockRows;
use super::cross_fit::Plan;
use super::data::Data;
use super::fit::Recipe;
use crate::Result;
use crate::classifier::{MOST_BY_ROW, Scheme};
use crate::features::Counts;
use crate::model::Weighting;

/// Training takes about so many times as long where rows of terms are made of the texts whenever they are read.
const TIMES_AS_LONG: usize = 2;

/// Does the work of many splits, side by side as far as their matrices have room and then in turn. What it returns, in the order
/// of the tasks, does not depend on that.
///
/// # Arguments
///
/// * `memory` - how many bytes of matrices may be held at once: what training takes must not grow with the number of processors.
/// * `bytes` - what the matrices of one split take, about.
pub(super) fn side_by_side<T: Sync, R: Send>(
    memory: usize,
    bytes: usize,
    tasks: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    in_turns((memory / bytes.max(1)).max(1), tasks, work)
}

fn in_turns<T: Sync, R: Send>(
    at_once: usize,
    tasks: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let mut done = Vec::with_capacity(tasks.len());
    for tasks in tasks.chunks(at_once) {
        done.extend(tasks.par_iter().map(&work).collect::<Result<Vec<R>>>()?);
    }
    Ok(done)
}

/// Whether the rows of the terms of a split are to be held in memory: when there is room, and not for so few splits that most
/// processors would have nothing to do.
pub(super) fn hold(data: &Data<'_>, counts: &Counts, recipe: &Recipe) -> bool {
    let at_once = data.memory / bytes_to_hold(data, counts, recipe).max(1);
    at_once * TIMES_AS_LONG >= rayon::current_num_threads() || n_newton(data, recipe) > 0
}

/// What the rows of the terms of a split take.
pub(super) fn bytes_of_terms(data: &Data<'_>, counts: &Counts, recipe: &Recipe) -> usize {
    if hold(data, counts, recipe) { bytes_to_hold(data, counts, recipe) } else { counts.bytes_to_make() }
}

fn bytes_to_hold(data: &Data<'_>, counts: &Counts, recipe: &Recipe) -> usize {
    counts.most_bytes() * n_copies(data, recipe)
}

/// Rows of terms that are all that is worked on are held up to so many bytes.
pub(super) fn most_bytes_alone(data: &Data<'_>, recipe: &Recipe) -> usize {
    data.memory / n_copies(data, recipe)
}

fn n_copies(data: &Data<'_>, recipe: &Recipe) -> usize {
    // A fit copies the rows with a class where some have none, and those that it scales by log-count ratios.
    let scaled = if recipe.weighting == Weighting::Tfidf { 0 } else { data.axes.axes.len() };
    1 + data.n_partly_labelled() + scaled + n_newton(data, recipe)
}

/// On how many axes a fit needs all rows at once, and by column too.
fn n_newton(data: &Data<'_>, recipe: &Recipe) -> usize {
    let all_at_once = recipe.scheme == Scheme::Multinomial && recipe.weighting != Weighting::Nb;
    let axes = &data.axes.axes;
    if all_at_once { axes.iter().filter(|axis| axis.classes().len() > MOST_BY_ROW).count() } else { 0 }
}

/// What the matrices of a block of a split take.
pub(super) fn bytes_of_block(data: &Data<'_>, block: &BlockRows) -> usize {
    let entry = size_of::<u32>() + size_of::<f32>();
    data.rows.len() * block.block.width() * entry * data.axes.axes.len()
}

/// What the matrices of terms and blocks of a split take.
pub(super) fn bytes_of_all(data: &Data<'_>, plan: &Plan<'_>) -> usize {
    let of_blocks: usize = plan.blocks.iter().map(|block| bytes_of_block(data, block)).sum();
    bytes_of_terms(data, plan.counts, &plan.recipe) + of_blocks
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::Error;

    #[test]
    fn tasks_keep_their_order_however_many_are_worked_on_at_once() {
        let tasks: Vec<usize> = (0..7).collect();
        for at_once in [1, 3, 7, 100] {
            let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let done = in_turns(at_once, &tasks, |task| {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(task * task)
            });
            assert_eq!(done.expect("none fails"), [0, 1, 4, 9, 16, 25, 36]);
            assert!(most.into_inner() <= at_once);
        }
        // More than all there is room for is still done, and a late failure is not lost.
        assert_eq!(side_by_side(1, usize::MAX, &tasks, |task| Ok(*task)).expect("none fails"), tasks);
        let failed =
            in_turns(2, &tasks, |task| if *task == 6 { Err(Error::too_few("rows", 0, 1)) } else { Ok(()) });
        assert!(failed.is_err());
    }
}
