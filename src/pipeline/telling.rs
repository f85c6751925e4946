use std::collections::{BTreeMap, BTreeSet};

use super::compare::Comparison;
use crate::types::ScoredStatement;

/// Which statements tell most of a comparison: at most `max`, in the order in which they are worth showing.
///
/// The groups take turns. Within a group each class of each axis gives, by turns, its surest, its least certain and a typical
/// statement.
///
/// # Returns
///
/// Indices of `statements`.
pub fn telling(comparison: &Comparison, statements: &[ScoredStatement], max: usize) -> Vec<usize> {
    let place: BTreeMap<&str, usize> =
        comparison.groups.iter().enumerate().map(|(i, g)| (g.name.as_str(), i)).collect();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); comparison.groups.len()];
    for (i, s) in statements.iter().enumerate() {
        if let Some(g) = place.get(comparison.group_of(s)) {
            members[*g].push(i);
        }
    }
    let queues: Vec<Vec<usize>> = members.iter().map(|group| within(comparison, statements, group)).collect();
    let mut order = in_turns(&queues);
    order.truncate(max);
    order
}

/// The members of a group so that, however many are shown, all axes and classes have their surest, their least certain
/// and a typical one among them.
fn within(comparison: &Comparison, statements: &[ScoredStatement], members: &[usize]) -> Vec<usize> {
    let mut queues: Vec<Vec<usize>> = Vec::new();
    for axis in &comparison.axes {
        for class in &axis.classes {
            let mut of_class: Vec<(f64, usize)> = members
                .iter()
                .filter_map(|i| {
                    let score = statements[*i].axes.get(&axis.id).filter(|s| s.class == class.id)?;
                    Some((score.p.iter().copied().fold(0.0, f64::max), *i))
                })
                .collect();
            of_class.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            queues.push(ends_and_middle(&of_class));
        }
    }
    queues.push(members.to_vec());
    in_turns(&queues)
}

/// The first of each queue, the second of each, and so on; each index once.
fn in_turns(queues: &[Vec<usize>]) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let longest = queues.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .flat_map(|turn| queues.iter().filter_map(move |queue| queue.get(turn).copied()))
        .filter(|i| seen.insert(*i))
        .collect()
}

/// The surest, the least sure, the middle one, the next surest and so on.
fn ends_and_middle(sorted: &[(f64, usize)]) -> Vec<usize> {
    let (mut first, mut last, mut middle) = (0, sorted.len(), sorted.len() / 2);
    let mut order = Vec::with_capacity(sorted.len());
    while first < last {
        order.push(sorted[first].1);
        first += 1;
        if first < last {
            last -= 1;
            order.push(sorted[last].1);
        }
        middle = middle.clamp(first, last);
        if middle < last {
            order.push(sorted[middle].1);
            middle += 1;
        }
    }
    let mut seen = BTreeSet::new();
    order.retain(|i| seen.insert(*i));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_take_every_statement_once() {
        let sorted: Vec<(f64, usize)> = (0..7).map(|i| (1.0 - 0.1 * i as f64, i)).collect();
        let mut order = ends_and_middle(&sorted);
        assert_eq!(order[..3], [0, 6, 3]);
        order.sort_unstable();
        assert_eq!(order, (0..7).collect::<Vec<_>>());
    }
}
