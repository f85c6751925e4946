//! Why two outlets differ: whom they quote, or what those they both quote say.

use std::collections::{BTreeMap, BTreeSet};

use super::Clustered;

/// A statement with its (corrected) value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpokenValue {
    /// The cluster (article).
    pub cluster: u32,
    /// The speaker; `None` when unknown, which counts as exclusive to the outlet.
    pub speaker: Option<u32>,
    /// Its value: a pseudo-outcome.
    pub value: f64,
}

/// A difference of two means in three parts that add up to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// Because the shared speakers are quoted in other proportions.
    pub mix: Clustered,
    /// Because the same speakers say other things: other statements chosen, other topics, other dates.
    pub statement: Clustered,
    /// Because of speakers that only one of the two quotes enough.
    pub exclusive: Clustered,
    /// The share of the first outlet's statements that shared speakers make.
    pub shared_a: f64,
    /// The share of the second outlet's statements that shared speakers make.
    pub shared_b: f64,
    /// How many speakers both quote enough.
    pub n_speakers: usize,
}

/// A speaker is compared when both outlets have at least this many statements of theirs …
const MIN_STATEMENTS: usize = 5;
/// … from at least this many clusters.
const MIN_CLUSTERS: usize = 3;

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    n: f64,
    sum: f64,
}

/// One outlet: sums by shared speaker, in all and by cluster.
struct Side {
    n: f64,
    sum: f64,
    speakers: Vec<Cell>,
    clusters: BTreeMap<u32, Part>,
}

#[derive(Debug, Clone, Default)]
struct Part {
    n: f64,
    sum: f64,
    speakers: Vec<(usize, Cell)>,
}

/// The three terms, in the order mix, statement, exclusive.
type Terms = [f64; 3];

/// Splits the difference `A − B` of two means into speaker mix, same-speaker statements and exclusive speakers.
///
/// With `q_os` the share of speaker `s` among the shared speakers `C` in outlet `o`, and `m_os` their mean there:
///
/// ```text
/// mix       = Σ_C (q_As − q_Bs) · (m_As + m_Bs) / 2
/// statement = Σ_C (q_As + q_Bs) / 2 · (m_As − m_Bs)
/// exclusive = total − mix − statement
/// ```
///
/// Exact, and symmetric in the two. Uncertainty: jackknife by cluster with `C` held fixed; a cell that a deletion
/// empties takes the other outlet's mean ± the statement term.
///
/// # Returns
///
/// `None` when fewer than two speakers have five statements from three clusters in both.
///
/// # References
///
/// * Kitagawa (1955), *Journal of the American Statistical Association* 50:1168–1194.
/// * Ñopo (2008), *Review of Economics and Statistics* 90:290–299 (exclusive terms).
pub fn decompose(a: &[SpokenValue], b: &[SpokenValue], df: f64) -> Option<Decomposition> {
    let (enough_a, enough_b) = (enough(a), enough(b));
    let shared: Vec<u32> = enough_a.intersection(&enough_b).copied().collect();
    if shared.len() < 2 {
        return None;
    }
    let (a, b) = (Side::new(a, &shared), Side::new(b, &shared));
    let (cells_a, cells_b) = (a.means(&[]), b.means(&[]));
    let all = terms(&a, &cells_a, None, &b, &cells_b, None);
    let without_a =
        a.without(|part, cells| terms(&a, cells, Some(part), &b, &cells_b, None), &cells_b, all[1]);
    let without_b =
        b.without(|part, cells| terms(&a, &cells_a, None, &b, cells, Some(part)), &cells_a, -all[1]);
    let term = |i: usize| {
        let of = |list: &[(u32, Terms)]| {
            let values: Vec<(u32, f64)> = list.iter().map(|(g, t)| (*g, t[i])).collect();
            Clustered::new(all[i], &values)
        };
        let mut part = of(&without_a).plus(1.0, &of(&without_b));
        part.estimate = all[i];
        part.with_df(df)
    };
    let shared_share = |side: &Side| side.speakers.iter().map(|c| c.n).sum::<f64>() / side.n;
    Some(Decomposition {
        mix: term(0),
        statement: term(1),
        exclusive: term(2),
        shared_a: shared_share(&a),
        shared_b: shared_share(&b),
        n_speakers: shared.len(),
    })
}

/// The speakers with enough statements from enough clusters.
fn enough(values: &[SpokenValue]) -> BTreeSet<u32> {
    let mut seen: BTreeMap<u32, (usize, BTreeSet<u32>)> = BTreeMap::new();
    for value in values {
        if let Some(speaker) = value.speaker {
            let (n, clusters) = seen.entry(speaker).or_default();
            *n += 1;
            clusters.insert(value.cluster);
        }
    }
    seen.into_iter()
        .filter(|(_, (n, clusters))| *n >= MIN_STATEMENTS && clusters.len() >= MIN_CLUSTERS)
        .map(|(speaker, _)| speaker)
        .collect()
}

impl Side {
    fn new(values: &[SpokenValue], shared: &[u32]) -> Self {
        let mut side = Self {
            n: 0.0,
            sum: 0.0,
            speakers: vec![Cell::default(); shared.len()],
            clusters: BTreeMap::new(),
        };
        for value in values {
            let part = side.clusters.entry(value.cluster).or_default();
            side.n += 1.0;
            side.sum += value.value;
            part.n += 1.0;
            part.sum += value.value;
            let Some(s) = value.speaker.and_then(|s| shared.binary_search(&s).ok()) else { continue };
            side.speakers[s].n += 1.0;
            side.speakers[s].sum += value.value;
            let at = part.speakers.iter().position(|(other, _)| *other == s).unwrap_or_else(|| {
                part.speakers.push((s, Cell::default()));
                part.speakers.len() - 1
            });
            part.speakers[at].1.n += 1.0;
            part.speakers[at].1.sum += value.value;
        }
        side
    }

    /// `(statements, mean)` of each shared speaker, less those of a cluster.
    fn means(&self, less: &[(usize, Cell)]) -> Vec<(f64, f64)> {
        let mut cells = self.speakers.clone();
        for (s, cell) in less {
            cells[*s].n -= cell.n;
            cells[*s].sum -= cell.sum;
        }
        cells.iter().map(|c| (c.n.max(0.0), if c.n > 0.5 { c.sum / c.n } else { f64::NAN })).collect()
    }

    fn without(
        &self,
        terms: impl Fn(&Part, &[(f64, f64)]) -> Terms,
        other: &[(f64, f64)],
        step: f64,
    ) -> Vec<(u32, Terms)> {
        self.clusters
            .iter()
            .map(|(g, part)| {
                let mut cells = self.means(&part.speakers);
                for (cell, (_, mean)) in cells.iter_mut().zip(other) {
                    if cell.1.is_nan() {
                        cell.1 = mean + step;
                    }
                }
                (*g, terms(part, &cells))
            })
            .collect()
    }
}

fn terms(
    a: &Side,
    cells_a: &[(f64, f64)],
    less_a: Option<&Part>,
    b: &Side,
    cells_b: &[(f64, f64)],
    less_b: Option<&Part>,
) -> Terms {
    let mean = |side: &Side, less: Option<&Part>| {
        let (n, sum) = less.map_or((0.0, 0.0), |part| (part.n, part.sum));
        (side.sum - sum) / (side.n - n).max(1.0)
    };
    let total_of = |cells: &[(f64, f64)]| cells.iter().map(|c| c.0).sum::<f64>().max(1e-9);
    let (n_a, n_b) = (total_of(cells_a), total_of(cells_b));
    let (mut mix, mut statement) = (0.0, 0.0);
    for ((na, ma), (nb, mb)) in cells_a.iter().zip(cells_b) {
        let (qa, qb) = (na / n_a, nb / n_b);
        mix += (qa - qb) * f64::midpoint(*ma, *mb);
        statement += f64::midpoint(qa, qb) * (ma - mb);
    }
    [mix, statement, mean(a, less_a) - mean(b, less_b) - mix - statement]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` statements of a speaker with this value, three to a cluster.
    fn said(speaker: u32, n: u32, value: f64, first_cluster: u32) -> Vec<SpokenValue> {
        (0..n)
            .map(|i| SpokenValue { cluster: first_cluster + i / 3, speaker: Some(speaker), value })
            .collect()
    }

    #[test]
    fn a_difference_in_whom_is_all_mix() {
        let a = [said(1, 30, 1.0, 0), said(2, 10, -1.0, 10)].concat();
        let b = [said(1, 10, 1.0, 20), said(2, 30, -1.0, 30)].concat();
        let parts = decompose(&a, &b, 20.0).expect("two shared speakers");
        assert!((parts.mix.estimate - 1.0).abs() < 1e-12, "{parts:?}");
        assert!(parts.statement.estimate.abs() < 1e-12 && parts.exclusive.estimate.abs() < 1e-12);
        assert!(parts.mix.standard_error() > 0.0);
    }

    #[test]
    fn a_difference_in_what_is_all_statement() {
        let a = [said(1, 20, 0.5, 0), said(2, 20, 0.1, 10)].concat();
        let b = [said(1, 20, 0.0, 20), said(2, 20, -0.4, 30)].concat();
        let parts = decompose(&a, &b, 20.0).expect("two shared speakers");
        assert!((parts.statement.estimate - 0.5).abs() < 1e-12 && parts.mix.estimate.abs() < 1e-12);
        let turned = decompose(&b, &a, 20.0).expect("two shared speakers");
        assert!((turned.statement.estimate + parts.statement.estimate).abs() < 1e-12);
    }

    #[test]
    fn speakers_of_one_outlet_and_the_unknown_are_exclusive() {
        let shared = [said(1, 10, 0.0, 0), said(2, 10, 0.0, 10)].concat();
        let mut a = [shared.clone(), said(3, 20, 1.0, 20)].concat();
        a.iter_mut().rev().take(10).for_each(|v| v.speaker = None);
        let parts = decompose(&a, &shared, 20.0).expect("two shared speakers");
        assert!((parts.exclusive.estimate - 0.5).abs() < 1e-12);
        assert!((parts.shared_a - 0.5).abs() < 1e-12 && parts.shared_b == 1.0 && parts.n_speakers == 2);
    }

    #[test]
    fn too_few_shared_speakers_give_no_split() {
        let a = [said(1, 10, 0.0, 0), said(2, 4, 0.0, 10)].concat();
        assert_eq!(decompose(&a, &a, 20.0), None);
    }
}
