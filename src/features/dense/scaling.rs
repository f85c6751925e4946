use serde::{Deserialize, Serialize};

/// Brings the columns of a block to mean 0 and variance 1, as they were on the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// The mean of each column.
    pub center: Vec<f32>,
    /// One over its standard deviation; 0 for a column that never changes.
    pub scale: Vec<f32>,
}

/// Scaled values are kept within this many standard deviations.
const FARTHEST: f32 = 5.0;

impl Scaling {
    /// Means and deviations of these rows, each `width` numbers.
    pub fn fit(rows: &[&[f32]], width: usize) -> Self {
        let n = rows.len().max(1) as f64;
        let mut scaling = Self { center: Vec::with_capacity(width), scale: Vec::with_capacity(width) };
        for j in 0..width {
            let mean = rows.iter().map(|r| f64::from(r[j])).sum::<f64>() / n;
            let variance = rows.iter().map(|r| (f64::from(r[j]) - mean).powi(2)).sum::<f64>() / n;
            scaling.center.push(mean as f32);
            scaling.scale.push(if variance > 1e-12 { (1.0 / variance.sqrt()) as f32 } else { 0.0 });
        }
        scaling
    }

    /// Scales a row in place.
    pub fn apply(&self, row: &mut [f32]) {
        for ((value, center), scale) in row.iter_mut().zip(&self.center).zip(&self.scale) {
            *value = ((*value - center) * scale).clamp(-FARTHEST, FARTHEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_get_mean_zero_and_variance_one_and_no_outlier() {
        let scaling = Scaling::fit(&[&[1.0, 7.0], &[3.0, 7.0]], 2);
        let mut row = [3.0, 7.0];
        scaling.apply(&mut row);
        assert_eq!(row, [1.0, 0.0]);
        let mut far = [1000.0, 9.0];
        scaling.apply(&mut far);
        assert_eq!(far, [5.0, 0.0]);
    }
}
