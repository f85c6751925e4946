use crate::features::Rows;

/// The naive-Bayes log-count ratio of each term for one class against the rest.
///
/// ```text
/// r_t = ln( (p_t / ‖p‖₁) / (q_t / ‖q‖₁) ),   p_t = 1 + Σ of term t over rows of the class,  q_t the same over the rest
/// ```
///
/// Columns multiplied by it say beforehand which terms tell the class apart; a fit then corrects the naive guess.
/// Positive: the term speaks for the class.
///
/// # References
///
/// * Wang & Manning (2012), *ACL*, sec. 2.3 (there on binary counts with a hinge loss).
pub(crate) fn log_count_ratio(x: &Rows<'_>, in_class: &[bool]) -> Vec<f32> {
    let mut p = vec![1.0_f64; x.n_cols()];
    let mut q = vec![1.0_f64; x.n_cols()];
    let mut reader = x.reader();
    for (i, inside) in in_class.iter().enumerate() {
        let side = if *inside { &mut p } else { &mut q };
        for (column, value) in reader.row(i).iter() {
            side[column] += value;
        }
    }
    let (sum_p, sum_q): (f64, f64) = (p.iter().sum(), q.iter().sum());
    p.iter().zip(&q).map(|(p, q)| libm::log((p / sum_p) / (q / sum_q)) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::CsrMatrix;

    #[test]
    fn the_ratio_of_counted_terms_is_as_by_hand() {
        let x = CsrMatrix::from_rows(2, &[&[(0, 3.0)], &[(0, 1.0), (1, 2.0)]]).expect("sound");
        let r = log_count_ratio(&(&x).into(), &[true, false]);
        // p = (4, 1), q = (2, 3): r₀ = ln((4/5)/(2/5)), r₁ = ln((1/5)/(3/5)).
        assert!((r[0] - 2.0_f32.ln()).abs() < 1e-6 && (r[1] - (1.0_f32 / 3.0).ln()).abs() < 1e-6, "{r:?}");
    }
}
