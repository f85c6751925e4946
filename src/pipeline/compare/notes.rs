//! What a reader must be told before believing a figure.

use super::axis::{MIN_ARTICLES, MIN_LABELS};
use super::behind::ERRORS_DIFFER;
use super::result::{AxisComparison, AxisGroup, Comparison, Note, Pair, Sampling};
use super::{Clustering, CompareParams};
use crate::statistics::Target;

/// Below these a figure is starred.
const FEW_LABELS: usize = 30;
const FEW_LABELLED_ARTICLES: usize = 15;
const FEW_ARTICLES: usize = 12;
/// Above these one article or one speaker makes a group's figure.
const MUCH_OF_ONE_ARTICLE: f64 = 0.10;
const MUCH_OF_ONE_SPEAKER: f64 = 0.30;
/// Hand labels of a class below which its share is a guess.
const FEW_OF_CLASS: usize = 5;
/// The share of near-duplicate articles above which it is said.
const MANY_DUPLICATES: f64 = 0.05;

pub fn notes(comparison: &Comparison, params: &CompareParams) -> Vec<Note> {
    let mut notes = Vec::new();
    about_labels(comparison, params, &mut notes);
    about_groups(comparison, &mut notes);
    for axis in &comparison.axes {
        about_axis(comparison, axis, &mut notes);
    }
    let least = 2.0 / (comparison.n_replicates as f64 + 1.0) * comparison.n_tests as f64;
    if comparison.n_replicates > 0 && least >= 0.05 {
        notes.push(note("bootstrap_floor", None, None, format!(
            "With {} tests, no p value of {} bootstrap replicates is small enough for Holm's adjustment: no difference can be claimed. Use --ci t.",
            comparison.n_tests, comparison.n_replicates)));
    }
    notes
}

fn note(code: &'static str, axis: Option<&str>, group: Option<&str>, text: String) -> Note {
    Note { code, axis: axis.map(str::to_string), group: group.map(str::to_string), text }
}

fn about_labels(comparison: &Comparison, params: &CompareParams, notes: &mut Vec<Note>) {
    let Some(gold) = &comparison.gold else {
        notes.push(note("uncorrected", None, None, format!(
            "No hand labels were given: all {} figures are uncorrected model averages. The model's errors differ from one {} to the next, so nothing here says that two of them differ.",
            comparison.by, comparison.by
        )));
        return;
    };
    match gold.sampling {
        Sampling::Unknown => notes.push(note("not_random", None, None,
            "Not valid for comparison: it is not recorded how the labelled statements were chosen (no sample_prob), so they need not stand for the others. No difference is tested. If they are a simple random sample, say so with --assume-random.".into())),
        Sampling::AssumedRandom => notes.push(note("assumed_random", None, None,
            "The labels are taken for a simple random sample within each group because --assume-random says so; no chance was recorded.".into())),
        Sampling::Census => notes.push(note("census", None, None,
            "Every statement is labelled by hand: the figures are those of the labels, and the model adds nothing to them.".into())),
        Sampling::Random => {}
    }
    if gold.n_unmatched > 0 {
        notes.push(note(
            "labels_without_statement",
            None,
            None,
            format!(
                "{} labelled statements are not among the scored ones and are left out.",
                gold.n_unmatched
            ),
        ));
    }
    if gold.n_not_random > 0 {
        notes.push(note("labels_not_random", None, None, format!(
            "{} labelled statements have no recorded chance (sample_prob), while others have; they are no random sample and are left out.", gold.n_not_random)));
    }
    if params.trained_on_gold && gold.n_out_of_fold == 0 && gold.sampling != Sampling::Census {
        notes.push(note("in_sample", None, None,
            "The model was trained on these labels and its predictions for them are not out of fold: its errors look smaller than they are, and intervals are too short.".into()));
    }
    if !params.training_known && gold.sampling != Sampling::Census {
        notes.push(note("training_unknown", None, None,
            "The labels are taken to be new to the model. If they also trained it, name the model with --model, so that predictions of models that had not seen them are used; else intervals are too short.".into()));
    }
    if gold.sampling != Sampling::Census
        && (gold.first_date > comparison.corpus.first_date || gold.last_date < comparison.corpus.last_date)
    {
        notes.push(note(
            "label_dates",
            None,
            None,
            format!(
                "The labels are from {} to {}, the statements from {} to {}.",
                gold.first_date, gold.last_date, comparison.corpus.first_date, comparison.corpus.last_date
            ),
        ));
    }
}

fn about_groups(comparison: &Comparison, notes: &mut Vec<Note>) {
    let corpus = &comparison.corpus;
    if !corpus.left_out.is_empty() {
        notes.push(note(
            "left_out",
            None,
            None,
            format!(
                "{} groups with {} statements are left out because they are small: {}.",
                corpus.left_out.len(),
                corpus.left_out.values().sum::<usize>(),
                list(corpus.left_out.keys().map(String::as_str))
            ),
        ));
    }
    let duplicates = corpus.n_articles.saturating_sub(corpus.n_stories) as f64;
    if duplicates > MANY_DUPLICATES * corpus.n_articles as f64 {
        let counted = match comparison.cluster {
            Clustering::Article => {
                "they count as articles of their own because --cluster article says so, and intervals are too short"
            }
            Clustering::Story | Clustering::Both => {
                "each such story counts as one article wherever intervals are computed"
            }
        };
        notes.push(note(
            "near_duplicates",
            None,
            None,
            format!(
                "{duplicates} of {} articles repeat another almost word for word; {counted}.",
                corpus.n_articles
            ),
        ));
    }
    for group in &comparison.groups {
        let name = Some(group.name.as_str());
        if group.n_stories < MIN_ARTICLES {
            notes.push(note("too_few_articles", None, name, format!(
                "{}: {} {}, so no interval. At least {MIN_ARTICLES} articles are needed to see how far articles of one outlet differ.",
                group.name, group.n_stories, if group.n_stories == 1 { "article" } else { "articles" })));
        } else if group.n_stories < FEW_ARTICLES {
            notes.push(note(
                "few_articles",
                None,
                name,
                format!("{}: only {} articles; its interval is a rough one.", group.name, group.n_stories),
            ));
        }
        if group.n_stories >= MIN_ARTICLES && group.largest_article > MUCH_OF_ONE_ARTICLE {
            notes.push(note(
                "one_article",
                None,
                name,
                format!(
                    "{}: one article has {:.0} % of its statements.",
                    group.name,
                    100.0 * group.largest_article
                ),
            ));
        }
        if comparison.by != "speaker" && group.largest_speaker_share > MUCH_OF_ONE_SPEAKER {
            notes.push(note(
                "one_speaker",
                None,
                name,
                format!(
                    "{}: {:.0} % of its statements are by one speaker, {}.",
                    group.name,
                    100.0 * group.largest_speaker_share,
                    group.largest_speaker
                ),
            ));
        }
    }
}

fn about_axis(comparison: &Comparison, axis: &AxisComparison, notes: &mut Vec<Note>) {
    let id = Some(axis.id.as_str());
    if comparison.gold.is_some() && !axis.corrected {
        notes.push(note(
            "axis_uncorrected",
            id,
            None,
            format!("{}: no label is about this axis; its figures are uncorrected model averages.", axis.id),
        ));
        return;
    }
    if let Some(lambda) = axis.lambda.filter(|l| l.dropped) {
        notes.push(note("predictions_unused", id, None, format!(
            "{}: predictions and labels correlate at {:.2} only, which would cost precision; labels alone are used.",
            axis.id, lambda.correlation)));
    }
    let census = comparison.gold.as_ref().is_some_and(|g| g.sampling == Sampling::Census);
    for group in &axis.groups {
        let name = Some(group.group.as_str());
        let Some(details) = &group.details else {
            if comparison.gold.is_some() && axis.has_poles() {
                notes.push(note("no_labels", id, name, unlabelled(axis, group)));
            }
            continue;
        };
        let process = comparison.target == Target::Process;
        if details.n_labelled < MIN_LABELS || (process && details.n_labelled_articles < MIN_ARTICLES) {
            if !census {
                notes.push(note(
                    "too_few_labels",
                    id,
                    name,
                    format!(
                        "{}, {}: {} labels in {} articles are too few for an interval.",
                        axis.id, group.group, details.n_labelled, details.n_labelled_articles
                    ),
                ));
            }
        } else if process && group.corrected.is_some_and(|e| e.interval.is_none()) {
            notes.push(note("too_few_speakers", id, name, format!(
                "{}, {}: the labelled statements are by fewer than {MIN_ARTICLES} speakers, too few for an interval over speakers (--cluster both).",
                axis.id, group.group)));
        } else if details.n_labelled < FEW_LABELS || details.n_labelled_articles < FEW_LABELLED_ARTICLES {
            notes.push(note(
                "few_labels",
                id,
                name,
                format!(
                    "{}, {}: only {} labels in {} articles.",
                    axis.id, group.group, details.n_labelled, details.n_labelled_articles
                ),
            ));
        }
        let rare: Vec<&str> = group
            .classes
            .iter()
            .filter(|c| c.interval.is_some() && c.n_labels < FEW_OF_CLASS)
            .map(|c| c.class.as_str())
            .collect();
        if !rare.is_empty() {
            notes.push(note(
                "rare_class",
                id,
                name,
                format!(
                    "{}, {}: fewer than {FEW_OF_CLASS} labels of {}.",
                    axis.id,
                    group.group,
                    list(rare.into_iter())
                ),
            ));
        }
        strays(axis, group, notes);
    }
    if let Some(p) = axis.p_equal_errors.filter(|p| *p < ERRORS_DIFFER) {
        let p = if p < 0.001 { "p < 0.001".to_string() } else { format!("p = {p:.3}") };
        notes.push(note("errors_differ", id, None, format!(
            "{}: the model's mistakes differ from one {} to the next (articles permuted, {p}). Adjusted counts and EM assume that they do not, and are left out; the corrected figures do not assume it.",
            axis.id, comparison.by)));
    }
    doubted(axis, notes);
    undetected(axis, notes);
}

/// What a figure without labels is worth.
fn unlabelled(axis: &AxisComparison, group: &AxisGroup) -> String {
    let figure = if group.synthetic.is_some() {
        "the synthetic figure supposes that the model errs here as in the labelled ones; it is not design-based and takes part in no test"
    } else {
        "the figure is an uncorrected model average and takes part in no test"
    };
    format!("{}, {}: no hand label; {figure}.", axis.id, group.group)
}

/// Claims that the permutation test does not bear out.
fn doubted(axis: &AxisComparison, notes: &mut Vec<Note>) {
    let doubtful = |p: &&Pair| p.is_claim() && p.p_permutation.is_some_and(|p| p >= 0.05);
    let pairs: Vec<String> =
        axis.pairs.iter().filter(doubtful).map(|p| format!("{} − {}", p.a, p.b)).collect();
    if !pairs.is_empty() {
        notes.push(note(
            "permutation_disagrees",
            Some(&axis.id),
            None,
            format!(
                "{}: permuting whole articles does not bear out {}; take that difference for a hint.",
                axis.id,
                list(pairs.iter().map(String::as_str))
            ),
        ));
    }
}

/// Another correction that disagrees by more than two standard errors says that errors differ between groups.
fn strays(axis: &AxisComparison, group: &AxisGroup, notes: &mut Vec<Note>) {
    let (Some(sensitivity), Some(corrected)) = (&group.sensitivity, &group.corrected) else { return };
    let Some(se) = corrected.standard_error else { return };
    let far: Vec<&str> = [
        ("adjusted counts", sensitivity.adjusted_count),
        ("expectation maximisation", sensitivity.expectation_maximisation),
    ]
    .into_iter()
    .filter(|(_, value)| value.is_some_and(|v| (v - corrected.value).abs() > 2.0 * se))
    .map(|(name, _)| name)
    .collect();
    if !far.is_empty() {
        notes.push(note("strays", Some(&axis.id), Some(&group.group), format!(
            "{}, {}: {} differ by more than two standard errors from the corrected figure; the model errs otherwise here than elsewhere.",
            axis.id, group.group, list(far.into_iter()))));
    }
}

/// "No evidence" is not "no difference".
fn undetected(axis: &AxisComparison, notes: &mut Vec<Note>) {
    if axis.pairs.is_empty() || axis.pairs.iter().any(Pair::is_claim) {
        return;
    }
    let largest = axis.pairs.iter().map(|p| p.difference.abs()).fold(0.0, f64::max);
    let detectable = axis.pairs.iter().map(|p| 2.84 * p.standard_error).fold(f64::INFINITY, f64::min);
    if detectable > largest {
        notes.push(note("low_power", Some(&axis.id), None, format!(
            "{}: the smallest difference these data can show is about {detectable:.2}; the largest seen is {largest:.2}. That no difference is shown does not mean that there is none.",
            axis.id)));
    }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = words.collect();
    match all.len() {
        0..=6 => all.join(", "),
        n => format!("{} and {} more", all[..6].join(", "), n - 6),
    }
}
