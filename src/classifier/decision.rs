use super::most_probable;

/// Steps of the search, in nats: from one half to double.
const STEPS: [f64; 15] = [-0.7, -0.6, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];

/// Weights of the classes under which `argmax pₖ · dₖ` has the highest macro-F1 on these rows.
///
/// Probabilities that come true favour frequent classes; macro-F1 counts every class the same. The weights settle
/// that without bending the probabilities. Found by going through the classes, each weight in turn set to its best value out of
/// fifteen between one half and two, until nothing changes. Equal values go to the weight nearest to 1.
///
/// # Arguments
///
/// * `p` - calibrated probabilities, `(n_rows, n_classes)`, out of fold.
/// * `y` - the class of each row.
///
/// # Returns
///
/// One weight per class; all 1 without rows.
///
/// # References
///
/// * Lipton, Elkan & Naryanaswamy (2014), *ECML PKDD* 8725:225–239 (thresholds that maximise F1).
pub fn decision_weights(p: &[Vec<f64>], y: &[usize], n_classes: usize) -> Vec<f64> {
    let mut log_weights = vec![0.0; n_classes];
    let mut best = macro_f1(p, y, &log_weights);
    for _ in 0..10 {
        let before = best;
        for k in 0..n_classes {
            let mut chosen = log_weights[k];
            for step in STEPS {
                log_weights[k] = step;
                let f1 = macro_f1(p, y, &log_weights);
                let nearer = step.abs() < f64::abs(chosen);
                if f1 > best + 1e-9 || (f1 > best - 1e-9 && nearer) {
                    best = f1.max(best);
                    chosen = step;
                }
            }
            log_weights[k] = chosen;
        }
        if best <= before + 1e-9 {
            break;
        }
    }
    log_weights.into_iter().map(libm::exp).collect()
}

/// The class that weighted probabilities decide for, by index.
pub fn decide(p: &[f64], weights: &[f64]) -> usize {
    let weighted: Vec<f64> = p.iter().zip(weights).map(|(p, d)| p * d).collect();
    most_probable(&weighted)
}

fn macro_f1(p: &[Vec<f64>], y: &[usize], log_weights: &[f64]) -> f64 {
    let weights: Vec<f64> = log_weights.iter().map(|w| libm::exp(*w)).collect();
    let pairs = p.iter().zip(y).map(|(p, y)| (*y, decide(p, &weights)));
    crate::statistics::Confusion::from_pairs(log_weights.len(), pairs).macro_f1()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_class_gets_its_say() {
        // One row in ten is of class 1, and it never reaches one half.
        let p: Vec<Vec<f64>> =
            (0..100).map(|i| if i % 10 == 0 { vec![0.55, 0.45] } else { vec![0.8, 0.2] }).collect();
        let y: Vec<usize> = (0..100).map(|i| usize::from(i % 10 == 0)).collect();
        let d = decision_weights(&p, &y, 2);
        assert!(p.iter().zip(&y).all(|(p, y)| decide(p, &d) == *y), "{d:?}");
        assert_eq!(decision_weights(&[], &[], 2), [1.0, 1.0]);
    }
}
