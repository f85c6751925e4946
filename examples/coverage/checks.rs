//! What stands beside the corrected figures: permutation of articles, bootstrap-t, figures for outlets without labels.

use sayso::statistics::{
    Bootstrap, Clustered, Draws, Graded, Lambda, PooledError, equal_errors_p_value, permutation_p_value,
    prediction_powered, pseudo_outcomes,
};

use crate::WORLDS;
use crate::studies::{holds, observe, replicate, train};
use crate::world::{K, OUTLETS, Scenario, VALUES, World};

const PERMUTATIONS: usize = 199;
const REPLICATES: usize = 399;

/// Shares over all replications.
pub struct Checks {
    /// Of pairs of equal outlets, those that the permutation of articles tells apart at 5 %.
    pub permuted: f64,
    /// Of worlds of equal outlets with the same vocabulary, those where errors are said to differ at 5 %.
    pub equal_errors: f64,
    /// Of worlds whose outlets have their own vocabulary, the same.
    pub other_errors: f64,
}

/// Ten equal outlets, thirty labels each: every difference found is false.
pub fn equal_outlets() -> Checks {
    let worlds = |scenario| -> Vec<World> {
        (0..WORLDS).map(|w| World::new(w as u64, scenario).equal_outlets()).collect()
    };
    let (same, other) = (worlds(Scenario::S1), worlds(Scenario::S2));
    let found = replicate(11, |w, d| {
        let (permuted, differ) = one(&other[w], d);
        (permuted, one(&same[w], d).1, differ)
    });
    let n = found.len() as f64;
    Checks {
        permuted: found.iter().map(|f| f.0).sum::<f64>() / n,
        equal_errors: found.iter().filter(|f| f.1).count() as f64 / n,
        other_errors: found.iter().filter(|f| f.2).count() as f64 / n,
    }
}

/// The share of neighbouring pairs told apart, and whether errors are said to differ.
fn one(world: &World, d: &mut Draws) -> (f64, bool) {
    let classifier = train(world, d);
    let quotes = world.draw(d, 50, false);
    let p = classifier.probabilities(&quotes);
    let observations = observe(&quotes, &p, &VALUES, 30, d);
    let lambda = Lambda::pooled(&observations, OUTLETS).value;
    let estimates = prediction_powered(&observations, OUTLETS, lambda);
    let pseudo = pseudo_outcomes(&observations, &estimates, lambda);
    let side = |o: usize| -> Vec<(u32, f64)> {
        let values = observations.iter().zip(&pseudo).filter(|(x, _)| x.group == o);
        values.filter_map(|(x, y)| Some((x.cluster, (*y)?))).collect()
    };
    let mut rejected = 0;
    for o in (0..OUTLETS).step_by(2) {
        let p = permutation_p_value(&side(o), &side(o + 1), PERMUTATIONS, d);
        rejected += usize::from(p.is_some_and(|p| p <= 0.05));
    }
    let top = |p: &[f64; K]| (0..K).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap_or(0);
    let graded: Vec<Graded> = quotes
        .iter()
        .zip(&p)
        .zip(&observations)
        .filter(|(_, o)| o.label.is_some())
        .map(|((q, p), _)| Graded {
            group: q.outlet,
            cluster: q.article,
            truth: q.class,
            predicted: top(p),
            weight: 1.0,
        })
        .collect();
    let errors = equal_errors_p_value(&graded, OUTLETS, K, PERMUTATIONS, d);
    (rejected as f64 / (OUTLETS / 2) as f64, errors.is_some_and(|p| p <= 0.05))
}

/// How often bootstrap-t intervals hold the truth: of outlets, and of differences; 30 labels, 50 articles, S2.
pub fn bootstrap() -> [f64; 2] {
    let worlds: Vec<World> = (0..WORLDS).map(|w| World::new(w as u64, Scenario::S2)).collect();
    let truths: Vec<Vec<f64>> = worlds.iter().map(World::truth).collect();
    let found = replicate(12, |w, d| {
        let classifier = train(&worlds[w], d);
        let quotes = worlds[w].draw(d, 50, false);
        let p = classifier.probabilities(&quotes);
        let observations = observe(&quotes, &p, &worlds[w].values(), 30, d);
        let lambda = Lambda::pooled(&observations, OUTLETS).value;
        let seed = d.below(1 << 30) as u64;
        let bootstrap = Bootstrap::new(&observations, OUTLETS, lambda, REPLICATES, seed);
        let (mut alone, mut pairs) = (0, 0);
        for a in 0..OUTLETS {
            let inside = |x: sayso::statistics::Interval, truth: f64| x.low <= truth && truth <= x.high;
            let figure = bootstrap.figure(a).and_then(|x| x.interval(0.95));
            alone += usize::from(figure.is_some_and(|x| inside(x, truths[w][a])));
            for b in 0..a {
                let x = bootstrap.difference(a, b).and_then(|x| x.interval(0.95));
                pairs += usize::from(x.is_some_and(|x| inside(x, truths[w][a] - truths[w][b])));
            }
        }
        [alone as f64 / OUTLETS as f64, pairs as f64 / (OUTLETS * (OUTLETS - 1) / 2) as f64]
    });
    [0, 1].map(|i| found.iter().map(|f| f[i]).sum::<f64>() / found.len() as f64)
}

/// How often the synthetic interval of an outlet without labels holds its truth; each outlet in turn, S2.
pub fn synthetic() -> f64 {
    let worlds: Vec<World> = (0..WORLDS).map(|w| World::new(w as u64, Scenario::S2)).collect();
    let truths: Vec<Vec<f64>> = worlds.iter().map(World::truth).collect();
    let found = replicate(13, |w, d| {
        let classifier = train(&worlds[w], d);
        let quotes = worlds[w].draw(d, 50, false);
        let p = classifier.probabilities(&quotes);
        let observations = observe(&quotes, &p, &worlds[w].values(), 30, d);
        let held = |o: usize| {
            let mut without = observations.clone();
            without.iter_mut().filter(|x| x.group == o).for_each(|x| x.label = None);
            let lambda = Lambda::pooled(&without, OUTLETS).value;
            let sums: Vec<(u32, f64, f64)> =
                without.iter().filter(|x| x.group == o).map(|x| (x.cluster, x.prediction, 1.0)).collect();
            let mut cells = std::collections::BTreeMap::new();
            for (cluster, value, n) in sums {
                let cell: &mut (f64, f64) = cells.entry(cluster).or_default();
                *cell = (cell.0 + value, cell.1 + n);
            }
            let sums: Vec<(u32, f64, f64)> = cells.into_iter().map(|(c, (v, n))| (c, v, n)).collect();
            let prediction = Clustered::ratio(&sums).expect("every outlet has statements");
            let pooled = PooledError::new(&without, OUTLETS, lambda).expect("nine outlets have labels");
            holds(&pooled.synthetic(&prediction, lambda), truths[w][o])
        };
        (0..OUTLETS).filter(|o| held(*o)).count() as f64 / OUTLETS as f64
    });
    found.iter().sum::<f64>() / found.len() as f64
}
