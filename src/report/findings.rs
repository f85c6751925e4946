//! Sentences: what may be said, and how it was found.

use super::chart::signed;
use super::figures::{pole_titles, share};
use crate::pipeline::{AxisComparison, Clustering, Comparison, Intervals, Pair, Sampling};
use crate::statistics::Target;

/// Claims beyond this many are left to the tables.
const MOST: usize = 12;

/// One sentence a claim, strongest first; or why there is none.
pub fn findings(comparison: &Comparison) -> Vec<String> {
    let mut claims: Vec<(&AxisComparison, &Pair)> = comparison
        .axes
        .iter()
        .flat_map(|axis| axis.pairs.iter().filter(|pair| pair.is_claim()).map(move |pair| (axis, pair)))
        .collect();
    if claims.is_empty() {
        return vec![nothing(comparison)];
    }
    claims.sort_by(|a, b| {
        let strength = |(_, p): &(&AxisComparison, &Pair)| p.difference.abs() / p.standard_error;
        strength(b).total_cmp(&strength(a))
    });
    let mut sentences: Vec<String> = claims.iter().take(MOST).map(|(axis, pair)| claim(axis, pair)).collect();
    let rest = claims.len().saturating_sub(MOST);
    if rest > 0 {
        sentences.push(format!("{rest} more differences stand in the tables below."));
    }
    sentences.push(format!(
        "{} of {} tested differences survive Holm's adjustment; of the others, none is shown to be zero.",
        claims.len(),
        comparison.n_tests
    ));
    sentences
}

fn claim(axis: &AxisComparison, pair: &Pair) -> String {
    let (low, high) = pole_titles(axis);
    let towards = if pair.difference > 0.0 { high } else { low };
    let interval = pair
        .interval
        .map_or(String::new(), |i| format!(", interval {} to {}", signed(i.low), signed(i.high)));
    let sentence = format!(
        "{}: what {} quotes lies nearer to “{towards}” than what {} quotes (difference {}{interval}; {}, adjusted for all tests).",
        axis.id,
        pair.a,
        pair.b,
        signed(pair.difference),
        p_is(pair.p_holm)
    );
    let reason = match &pair.split {
        None => " They quote too few of the same people to say whether it is whom they quote.".to_string(),
        Some(split) => format!(
            "{} Of it, {} is whom they quote, {} what the same people are quoted with, {} speakers whom only one of them quotes.",
            if split.shared_a.min(split.shared_b) < 0.5 {
                format!(
                    " They quote mostly different speakers (shared ones make {} and {} of the statements).",
                    share(split.shared_a),
                    share(split.shared_b)
                )
            } else {
                String::new()
            },
            signed(split.mix.value),
            signed(split.statement.value),
            signed(split.exclusive.value)
        ),
    };
    sentence + &reason
}

fn nothing(comparison: &Comparison) -> String {
    let by = &comparison.by;
    match &comparison.gold {
        None => format!(
            "No difference between {by}s is claimed: without hand labels the model's own errors could make any of them."
        ),
        Some(gold) if !gold.sampling.is_comparable() => {
            format!(
                "No difference between {by}s is claimed: the labels are no random sample, as far as is known."
            )
        }
        Some(_) if comparison.n_tests == 0 => {
            format!("No difference between {by}s is tested: too few articles or labels for an interval.")
        }
        Some(_) => format!(
            "No clear difference: none of {} tested differences between {by}s survives Holm's adjustment. That is not evidence that there is none.",
            comparison.n_tests
        ),
    }
}

/// A p value as one prints it.
pub fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".into() } else { format!("{p:.3}") }
}

/// `p = 0.012` or `p < 0.001`.
pub fn p_is(p: f64) -> String {
    if p < 0.001 { "p < 0.001".into() } else { format!("p = {p:.3}") }
}

/// The methods, in words.
pub fn methods(comparison: &Comparison) -> Vec<String> {
    let by = &comparison.by;
    let mut text = vec![format!(
        "Scores. Each statement has calibrated probabilities from a linear model over its words; the score is p(high pole) − p(low pole). Statements that the model cannot score stay in the corrected figures of their {by}, with the average prediction, and are counted."
    )];
    match &comparison.gold {
        Some(gold) if gold.sampling != Sampling::Unknown => {
            text.push(format!(
                "Correction. The figure of each {by} is the mean prediction over all its statements plus the mean error found on its hand labels, both weighted by one factor λ for all {by}s (prediction-powered inference, PPI++; the survey difference estimator). It is unbiased whatever the model's errors, as long as labels are a random sample with known chances. Statements that labels call irrelevant to an axis leave its figure; they are not neutral."
            ));
            text.push(uncertainty(comparison));
            text.push(tests(comparison));
        }
        _ => text.push(format!(
            "No correction. Figures are plain averages of the model's scores. Their dashed intervals hold for the choice of articles alone. A model that errs otherwise in one {by} than in another makes differences out of nothing, and no statistic on its scores can tell."
        )),
    }
    text.push("Limits. The figures speak of quoted statements that were found in the text, under a codebook and a model that are both fallible; of public wording, not of beliefs; and of these dates. Speakers were resolved by rules; doubtful ones are counted in the first table.".into());
    text
}

/// How the intervals are made.
fn uncertainty(comparison: &Comparison) -> String {
    let (by, level) = (&comparison.by, format!("{:.0} %", 100.0 * comparison.level));
    if comparison.target == Target::Corpus {
        return format!(
            "Uncertainty. {level} intervals speak of exactly these articles: only the choice of the labelled statements is chance."
        );
    }
    let how = match comparison.intervals {
        Intervals::T => {
            "a delete-one-article jackknife with Student's t on the labelled articles".to_string()
        }
        Intervals::BootT => format!(
            "a bootstrap-t over articles with {} replicates and a fixed seed; splits of a difference and uncorrected averages keep the jackknife",
            comparison.n_replicates
        ),
    };
    let draws = match comparison.cluster {
        Clustering::Article => "every article counts by itself",
        Clustering::Story => "near-duplicate articles are one",
        Clustering::Both => {
            "near-duplicate articles are one, and statements of one speaker go together as well: variances over articles and over speakers are added and that over their pairs taken off (two-way clustering), with the smaller number of degrees of freedom; splits of a difference hold the speakers fixed"
        }
    };
    format!(
        "Uncertainty. {level} intervals are {how}; {draws}. They speak of the {by} as a source of articles, of which these are a sample. Shares of classes have Korn–Graubard intervals."
    )
}

/// How differences are tested, and checked.
fn tests(comparison: &Comparison) -> String {
    let by = &comparison.by;
    let check = if comparison.n_permutations > 0 {
        format!(
            " Beside each p value stands that of a permutation test which deals whole articles out anew between the two (studentised, at most {} permutations, fixed seed) and assumes nothing of the model's errors; no claim rests on it.",
            comparison.n_permutations
        )
    } else {
        String::new()
    };
    format!(
        "Comparison. {} differences were tested, each with the articles of both {by}s left out jointly; p values are adjusted by Holm's method over all of them, and only what survives is said in words.{check} Ranks are sets that the tests leave open, not a league table. Differences that survive are split after Kitagawa into whom the two quote and what the same people are quoted with; the second also holds topic and date, and is no proof of slant.",
        comparison.n_tests
    )
}
