use super::student_t_quantile;

/// What decides how many labels an outlet needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Variance of the label values, at most 1 on a scale from −1 to +1.
    pub variance: f64,
    /// Correlation of prediction and label, out of fold.
    pub correlation: f64,
    /// Statements per outlet.
    pub n_statements: f64,
    /// Design effect of articles on the mean of all statements: `1 + (m − 1) · ICC`.
    pub design_effect: f64,
}

impl Plan {
    /// The variance of an outlet's corrected mean with `n` random labels:
    /// `s² · [(1 − R²)(1/n − 1/N) + deff/N]`.
    pub fn variance_with(&self, n: f64) -> f64 {
        let explained = self.correlation * self.correlation;
        let labels = (1.0 - explained) * (1.0 / n - 1.0 / self.n_statements).max(0.0);
        self.variance * (labels + self.design_effect / self.n_statements)
    }

    /// The smallest difference between two such outlets that is found in four reports of five:
    /// `(t₀.₉₇₅ + 0.84) · √(2V)`.
    pub fn detectable_difference(&self, n: f64) -> f64 {
        let t = student_t_quantile(0.975, (n - 1.0).max(1.0)).unwrap_or(1.96);
        (t + 0.84) * (2.0 * self.variance_with(n)).sqrt()
    }

    /// How many random labels each outlet needs for this difference; `None` when even labelling every statement
    /// is not enough, so that more articles are needed.
    pub fn labels_for(&self, difference: f64) -> Option<usize> {
        let most = self.n_statements.floor() as usize;
        (10..=most).find(|n| self.detectable_difference(*n as f64) <= difference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_labels_of_two_hundred_statements_tell_half_a_point() {
        let plan = Plan { variance: 0.75, correlation: 0.8, n_statements: 200.0, design_effect: 1.6 };
        let found = plan.detectable_difference(30.0);
        assert!((0.4..0.6).contains(&found), "{found}");
        assert!(plan.detectable_difference(100.0) < found);
        let n = plan.labels_for(0.4).expect("within reach");
        assert!(
            plan.detectable_difference(n as f64) <= 0.4 && plan.detectable_difference(n as f64 - 1.0) > 0.4
        );
        assert_eq!(plan.labels_for(0.05), None);
    }
}
