//! The functions between the products: normalisation, GELU, softmax, means.
//!
//! Sums run in sixteen lanes that are then folded in a fixed order, and multiplications and additions are rounded one by
//! one, so that every processor gives the same bits.

use super::dispatch::vectorised;

/// Lanes of a sum.
const LANES: usize = 16;

/// The sum of `f(x)`, lane by lane, the lanes folded in halves.
#[inline(always)]
fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for j in 0..LANES {
            lanes[j] += f(chunk[j]);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane += f(value);
    }
    let mut half = LANES / 2;
    while half > 0 {
        for j in 0..half {
            lanes[j] += lanes[j + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// `eˣ`, at most two units in the last place off between -87 and 88, and held at these ends beyond them.
///
/// `x = n·ln 2 + r` with `|r| ≤ ½ ln 2`, then the Taylor polynomial of seventh order in `r`, whose remainder is 6e-9 at
/// most. `ln 2` is taken off in two parts, so that nothing of `r` is lost.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const HIGH: f32 = 0.693_359_4;
    const LOW: f32 = -2.121_944_4e-4;
    // Adding and taking off 1.5·2²³ rounds to a whole number with additions alone.
    const WHOLE: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E + WHOLE) - WHOLE;
    let r = (x - n * HIGH) - n * LOW;
    let mut p = 1.0 / 5040.0;
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = p * r + c;
    }
    p * f32::from_bits(((n as i32 + 127) as u32) << 23)
}

/// The error function, to 5e-7.
///
/// # References
///
/// Abramowitz & Stegun (1964), *Handbook of Mathematical Functions*, 7.1.26.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let mut p = 1.061_405_4;
    for c in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        p = p * t + c;
    }
    (1.0 - p * t * exp(-x * x)).copysign(x)
}

vectorised! {
    /// The Gaussian error linear unit, `x Φ(x)`, in place.
    pub(super) fn gelu(x: &mut [f32]) {
        for x in x {
            *x *= 0.5 + 0.5 * erf(*x * std::f32::consts::FRAC_1_SQRT_2);
        }
    }
}

vectorised! {
    /// Makes each row of `scale · scores` a distribution: `exp(s - max)`, divided by its sum.
    pub(super) fn softmax(scores: &mut [f32], width: usize, scale: f32) {
        for row in scores.chunks_exact_mut(width) {
            // A row's maximum, so that no exponential overflows.
            let max = row.iter().copied().fold(f32::MIN, f32::max);
            for s in row.iter_mut() {
                *s = exp((*s - max) * scale);
            }
            let whole = sum(row, |e| e);
            for s in row.iter_mut() {
                *s /= whole;
            }
        }
    }
}

/// The gain and shift of a normalisation, and what is added to the variance.
#[derive(Debug, Clone)]
pub(super) struct Norm {
    /// One factor a column.
    pub gain: Vec<f32>,
    /// One summand a column.
    pub shift: Vec<f32>,
    /// What is added to the variance.
    pub epsilon: f32,
}

vectorised! {
    /// Adds `residual` (empty for none) to `x` and brings every row to mean 0 and variance 1, then applies gain and shift.
    pub(super) fn add_and_normalise(x: &mut [f32], residual: &[f32], norm: &Norm) {
        let width = norm.gain.len();
        for (x, residual) in x.iter_mut().zip(residual) {
            *x += residual;
        }
        for row in x.chunks_exact_mut(width) {
            let mean = sum(row, |x| x) / width as f32;
            let variance = sum(row, |x| (x - mean) * (x - mean)) / width as f32;
            let factor = 1.0 / (variance + norm.epsilon).sqrt();
            for ((x, gain), shift) in row.iter_mut().zip(&norm.gain).zip(&norm.shift) {
                *x = (*x - mean) * factor * gain + shift;
            }
        }
    }
}

/// Brings a row to length 1; one that is zero, or not finite because the weights overflow, becomes zero.
pub(super) fn to_unit_length(row: &mut [f32]) {
    let length = sum(row, |x| x * x).sqrt();
    if length.is_finite() && length > 1e-12 {
        for x in row {
            *x /= length;
        }
    } else {
        row.fill(0.0);
    }
}

/// Writes the mean of some rows of `states` to `out`; of no rows it is zero.
pub(super) fn mean<'a>(rows: impl Iterator<Item = &'a [f32]>, out: &mut [f32]) {
    out.fill(0.0);
    let mut n = 0_u32;
    for row in rows {
        out.iter_mut().zip(row).for_each(|(o, x)| *o += x);
        n += 1;
    }
    if n > 0 {
        for o in out {
            *o /= n as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_and_error_function_agree_with_the_mathematical_library() {
        for i in -8700..=8800_i16 {
            let x = f32::from(i) / 100.0;
            let expected = libm::exp(f64::from(x));
            assert!((f64::from(exp(x)) / expected - 1.0).abs() < 2.5e-7, "help: exp({x}) = {}", exp(x));
        }
        for i in -600..=600_i16 {
            let x = f32::from(i) / 100.0;
            let error = (f64::from(erf(x)) - libm::erf(f64::from(x))).abs();
            assert!(error < 5e-7, "help: erf({x}) is {error} off");
        }
        assert!(exp(f32::NAN).is_nan() && exp(f32::NEG_INFINITY) < 2e-38 && exp(f32::INFINITY).is_finite());
    }

    #[test]
    fn softmax_and_normalisation_keep_what_they_promise() {
        let mut scores: Vec<f32> = (0..37).map(|i| (i * 7 % 11) as f32 * 30.0).collect();
        let order = scores.clone();
        softmax(&mut scores, 37, 0.5);
        assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(order.iter().zip(&scores).all(|(o, s)| (*o < 300.0) == (*s < 0.1)));

        let norm = Norm { gain: vec![2.0; 37], shift: vec![1.0; 37], epsilon: 1e-12 };
        let mut x = order.clone();
        add_and_normalise(&mut x, &order, &norm);
        let mean = x.iter().sum::<f32>() / 37.0;
        let variance = x.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / 37.0;
        assert!((mean - 1.0).abs() < 1e-5 && (variance - 4.0).abs() < 1e-4, "help: {mean} {variance}");
    }

    #[test]
    fn vector_instructions_do_not_change_a_bit() {
        let x: Vec<f32> = (0..1003_u16).map(|i| f32::from(i * 37 % 1003) / 99.0 - 5.0).collect();
        let mut fast = x.clone();
        gelu(&mut fast);
        for (x, fast) in x.iter().zip(&fast) {
            let plain = x * (0.5 + 0.5 * erf(x * std::f32::consts::FRAC_1_SQRT_2));
            assert_eq!(plain.to_bits(), fast.to_bits(), "help: at {x}");
        }
        let mut fast = x.clone();
        softmax(&mut fast, 59, 0.25);
        for (x, fast) in x.chunks(59).zip(fast.chunks(59)) {
            let max = x.iter().copied().fold(f32::MIN, f32::max);
            let powers: Vec<f32> = x.iter().map(|x| exp((x - max) * 0.25)).collect();
            let whole = sum(&powers, |e| e);
            assert!(powers.iter().zip(fast).all(|(p, f)| (p / whole).to_bits() == f.to_bits()));
        }
    }

    #[test]
    fn rows_that_overflow_or_vanish_become_zero() {
        for bad in [0.0, f32::NAN, f32::INFINITY, f32::MAX] {
            let mut row = [bad, 0.0, 0.0];
            to_unit_length(&mut row);
            assert_eq!(row, [0.0; 3]);
        }
        let mut row = [3.0, 0.0, -4.0];
        to_unit_length(&mut row);
        assert_eq!(row, [0.6, 0.0, -0.8]);
    }
}
