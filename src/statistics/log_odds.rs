/// How much more often one side uses a word than the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogOdds {
    /// Log-odds ratio, smoothed by the prior; positive when the first side uses it more.
    pub ratio: f64,
    /// The ratio over its standard error. Words of a text hang together, so this orders words and tests nothing.
    pub z: f64,
}

/// Weighted log-odds with an informative Dirichlet prior.
///
/// `δ = ln((y₁ + α)/(n₁ + α₀ − y₁ − α)) − ln((y₂ + α)/(n₂ + α₀ − y₂ − α))` with variance `1/(y₁ + α) + 1/(y₂ + α)`.
/// Unlike raw ratios it does not favour words that are rare.
///
/// # Arguments
///
/// * `first`, `second` - `(count of the word, count of all words)` on either side.
/// * `prior` - `(α, α₀)`: the pseudo-count of the word and of all words.
///
/// # References
///
/// * Monroe, Colaresi & Quinn (2008), *Political Analysis* 16:372–403, eqs. 16 and 20.
pub fn log_odds(first: (f64, f64), second: (f64, f64), prior: (f64, f64)) -> LogOdds {
    let (alpha, total) = prior;
    let odds = |(y, n): (f64, f64)| libm::log((y + alpha) / (n + total - y - alpha).max(f64::MIN_POSITIVE));
    let ratio = odds(first) - odds(second);
    let variance = 1.0 / (first.0 + alpha) + 1.0 / (second.0 + alpha);
    LogOdds { ratio, z: ratio / variance.sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_use_is_zero_and_sides_are_symmetric() {
        let prior = (5.0, 1000.0);
        assert!(log_odds((20.0, 1000.0), (20.0, 1000.0), prior).z.abs() < 1e-12);
        let (a, b) = ((30.0, 1000.0), (10.0, 900.0));
        let (there, back) = (log_odds(a, b, prior), log_odds(b, a, prior));
        assert!(there.z > 0.0 && (there.z + back.z).abs() < 1e-12);
    }

    #[test]
    fn a_word_seen_once_weighs_less_than_a_frequent_one() {
        let prior = |n: f64| (n, 1000.0);
        let rare = log_odds((1.0, 1000.0), (0.0, 1000.0), prior(0.5));
        let frequent = log_odds((60.0, 1000.0), (30.0, 1000.0), prior(45.0));
        assert!(rare.ratio > frequent.ratio && rare.z < frequent.z, "{rare:?} {frequent:?}");
    }
}
