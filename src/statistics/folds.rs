use super::Draws;

/// Splits rows into folds: no group on two sides, and every stratum as evenly spread as the groups allow.
///
/// The largest groups are dealt first, each to the fold where it leaves the strata most even; equal choices go
/// to the fold with fewest rows. Groups of equal size come in an order drawn from the seed.
///
/// # Arguments
///
/// * `groups` - the group of each row, any numbering from 0.
/// * `strata` - what each row counts towards, such as its class on each axis; may be empty.
/// * `k` - number of folds, at least 2.
///
/// # Returns
///
/// The fold of each row, below `k`. With fewer groups than folds, some folds are empty.
///
/// # Example
///
/// ```
/// use sayso::statistics::stratified_grouped_folds;
///
/// let groups = [0, 0, 1, 1, 2, 3];
/// let strata = [vec![0], vec![1], vec![0], vec![1], vec![0], vec![1]];
/// let folds = stratified_grouped_folds(&groups, &strata, 2, 7);
/// assert_eq!(folds[0], folds[1]);
/// assert_eq!(folds.iter().filter(|f| **f == 0).count(), 3);
/// ```
pub fn stratified_grouped_folds(groups: &[usize], strata: &[Vec<usize>], k: usize, seed: u64) -> Vec<usize> {
    let n_groups = groups.iter().max().map_or(0, |g| g + 1);
    let n_strata = strata.iter().flatten().max().map_or(0, |s| s + 1);
    let mut size = vec![0_usize; n_groups];
    let mut members: Vec<Vec<(usize, f64)>> = vec![Vec::new(); n_groups];
    let mut total = vec![0.0_f64; n_strata];
    for (i, group) in groups.iter().enumerate() {
        size[*group] += 1;
        for s in strata.get(i).into_iter().flatten() {
            total[*s] += 1.0;
            match members[*group].iter_mut().find(|(t, _)| t == s) {
                Some((_, n)) => *n += 1.0,
                None => members[*group].push((*s, 1.0)),
            }
        }
    }
    let mut order: Vec<usize> = (0..n_groups).filter(|g| size[*g] > 0).collect();
    Draws::new(seed, 0).shuffle(&mut order);
    order.sort_by_key(|g| std::cmp::Reverse(size[*g]));
    let k = k.max(2);
    let mut held = vec![vec![0.0_f64; n_strata]; k];
    let mut rows = vec![0_usize; k];
    let mut fold_of = vec![0_usize; n_groups];
    let share = groups.len() as f64 / k as f64;
    for group in order {
        let cost = |fold: usize| {
            let mut cost = 0.0;
            for (s, n) in &members[group] {
                // How far above its even share the stratum would stand here, in shares.
                let even = total[*s] / k as f64;
                cost += n * (held[fold][*s] + 0.5 * n) / even;
            }
            cost + size[group] as f64 * (rows[fold] as f64 + 0.5 * size[group] as f64) / share
        };
        let best = (0..k)
            .min_by(|a, b| cost(*a).total_cmp(&cost(*b)).then(rows[*a].cmp(&rows[*b])))
            .unwrap_or_default();
        fold_of[group] = best;
        rows[best] += size[group];
        for (s, n) in &members[group] {
            held[best][*s] += n;
        }
    }
    groups.iter().map(|g| fold_of[*g]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strata_are_even_when_groups_are_single_rows() {
        let groups: Vec<usize> = (0..100).collect();
        let strata: Vec<Vec<usize>> = (0..100).map(|i| vec![usize::from(i % 10 == 0)]).collect();
        let folds = stratified_grouped_folds(&groups, &strata, 5, 1);
        for fold in 0..5 {
            let of = |s: usize| (0..100).filter(|i| folds[*i] == fold && strata[*i] == [s]).count();
            assert_eq!((of(0), of(1)), (18, 2));
        }
    }

    proptest! {
        #[test]
        fn a_group_is_never_split(groups in prop::collection::vec(0_usize..12, 1..80), k in 2_usize..7, seed: u64) {
            let strata: Vec<Vec<usize>> = groups.iter().map(|g| vec![g % 3]).collect();
            let folds = stratified_grouped_folds(&groups, &strata, k, seed);
            for i in 0..groups.len() {
                prop_assert!(folds[i] < k);
                for j in 0..i {
                    prop_assert!(groups[i] != groups[j] || folds[i] == folds[j]);
                }
            }
            prop_assert_eq!(folds, stratified_grouped_folds(&groups, &strata, k, seed));
        }
    }
}
