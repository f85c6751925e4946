//! The card as Markdown.

use std::fmt::Write as _;

use super::{AxisCard, Card, Scores, Validation};
use crate::classifier::{Scheme, Solver};
use crate::features::FeatureParams;

impl Card {
    /// The card as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "# Model card\n");
        let _ = writeln!(
            out,
            "Made by sayso {} from {} rows in {} groups (BLAKE3 `{}`), seed {}.",
            self.sayso, self.n_rows, self.n_groups, self.data_digest, self.seed
        );
        let range = |r: Option<crate::features::NgramRange>| r.map_or("off".into(), |r| r.to_string());
        let _ = writeln!(
            out,
            "\nFeatures: words {}, characters {}, at least {} texts a term{}, {} terms.{}{}",
            range(self.features.words),
            range(self.features.chars),
            self.features.min_df,
            limits(&self.features),
            self.n_terms,
            further(&self.features),
            match (self.names_masked && self.n_rewritten_names > 0, self.names_read) {
                (true, _) => " Names of speakers and outlets are masked.",
                (false, true) => " Names of speakers and outlets are read like other words.",
                (false, false) => "",
            }
        );
        for axis in &self.axes {
            axis.write(&mut out, self.folds);
        }
        if !self.notes.is_empty() {
            let _ = writeln!(out, "\n## Notes\n");
            for note in &self.notes {
                let _ = writeln!(out, "- {note}");
            }
        }
        let _ = writeln!(
            out,
            "\n## Limits\n\nThe model reads words. It does not know who speaks, what is meant ironically or what is true, and must \
             not be used to judge a person. Its figures hold for texts like those it was trained on."
        );
        out
    }
}

/// Which terms are too frequent or too many, where that is limited.
fn limits(features: &FeatureParams) -> String {
    let mut text = String::new();
    if features.max_df < 1.0 {
        let _ = write!(text, " and at most {} % of them", short(100.0 * features.max_df));
    }
    if let Some(n) = features.max_features {
        let _ = write!(text, ", at most {n} terms of each kind");
    }
    text
}

/// What is counted otherwise than by default.
fn further(features: &FeatureParams) -> String {
    let n_stop_words = features.stop_words.len();
    let without = format!("{n_stop_words} stop words are not counted");
    let named: Vec<&str> = [
        (features.target, "terms are also read together with the target"),
        (features.window, "terms before, in and after the marked span are told apart"),
        (features.negation, "words after a negation are told apart"),
        (features.token_classes, "URLs, mentions and numbers are one word each and hashtags are split"),
        (n_stop_words > 0, without.as_str()),
        (!features.sublinear, "the frequency of a term in a text counts as it is"),
    ]
    .into_iter()
    .filter_map(|(on, what)| on.then_some(what))
    .collect();
    if named.is_empty() { String::new() } else { format!(" Besides: {}.", named.join("; ")) }
}

impl AxisCard {
    fn write(&self, out: &mut String, folds: usize) {
        let counts: Vec<String> =
            self.classes.iter().zip(&self.counts).map(|(c, n)| format!("{n} {}", cell(c))).collect();
        let _ = writeln!(out, "\n## {}\n\n{}.", cell(&self.axis), counts.join(", "));
        self.write_settings(out);
        match &self.validation {
            Some(v) => self.write_validation(out, v, folds),
            None => drop(writeln!(out, "Not validated.")),
        }
        self.write_trials(out);
    }

    /// How it was fitted, calibrated and how it decides.
    fn write_settings(&self, out: &mut String) {
        let several = |all: &[f64]| all.iter().map(|x| short(*x)).collect::<Vec<_>>().join(", ");
        let parameters = self.calibration_slope.map_or(String::new(), |slope| {
            let s = if self.calibration_intercepts.len() == 1 { "" } else { "s" };
            format!(" (slope {}, intercept{s} {})", short(slope), several(&self.calibration_intercepts))
        });
        let mut line = format!(
            "C {}, weighting {}, calibration {}{parameters}",
            short(self.c),
            self.weighting,
            self.calibration
        );
        for (on, what) in [
            (self.balanced, ", rows weighed so that classes count alike"),
            (self.scheme == Scheme::OneVsRest && self.classes.len() > 2, ", one class against the rest each"),
            (self.solver == Solver::Linfa, ", solver linfa"),
        ] {
            if on {
                line.push_str(what);
            }
        }
        let _ = writeln!(out, "{line}.");
        if self.macro_f1 {
            let weights: Vec<String> = self
                .classes
                .iter()
                .zip(&self.decision)
                .map(|(class, weight)| format!("{} {}", cell(class), short(*weight)))
                .collect();
            let _ = writeln!(
                out,
                "Classes are decided for macro-F1: the highest probability times its weight ({}).",
                weights.join(", ")
            );
        }
        if let Some(share) = self.abstain.filter(|_| self.validation.is_some()) {
            let _ = writeln!(
                out,
                "A score is flagged low_confidence unless one class alone may be meant: what may be meant leaves out the right class in at most {} % of the rows.",
                short(100.0 * share)
            );
        }
    }

    fn write_validation(&self, out: &mut String, v: &Validation, folds: usize) {
        let interval =
            v.macro_f1_interval.map_or(String::new(), |i| format!(" (95 % {:.3} to {:.3})", i.low, i.high));
        let _ = writeln!(out, "\nOn rows it had not seen, {folds} folds, no group on two sides:\n");
        if self.is_searched() {
            let _ = writeln!(out, "{SEARCHED}\n");
        }
        let _ = writeln!(out, "| | model | without reading |\n|---|---|---|");
        let _ = writeln!(
            out,
            "| macro-F1 | {:.3}{interval} | {:.3} (most frequent class){} |",
            v.macro_f1,
            v.baselines.majority_macro_f1,
            v.baselines.of_speaker().map_or(String::new(), |f| format!(", {f:.3} (speaker alone)"))
        );
        let _ = writeln!(out, "| accuracy | {:.3} | {:.3} |", v.accuracy, v.baselines.majority_accuracy);
        let _ =
            writeln!(out, "| log loss | {:.3} | {:.3} |", v.reliability.log_loss, v.baselines.prior_log_loss);
        let _ =
            writeln!(out, "| Brier score | {:.3} | {:.3} |", v.reliability.brier, v.baselines.prior_brier);
        let _ = writeln!(
            out,
            "| calibration error | {:.3} | {:.3} (perfect probabilities) |",
            v.reliability.ece, v.reliability.ece_null
        );
        let _ = writeln!(out, "\n| class | precision | recall | F1 | rows |\n|---|---|---|---|---|");
        for (class, s) in self.classes.iter().zip(&v.by_class) {
            let _ = writeln!(
                out,
                "| {} | {:.3} | {:.3} | {:.3} | {} |",
                cell(class),
                s.precision,
                s.recall,
                s.f1,
                s.support
            );
        }
        if !self.blocks.is_empty() {
            let _ = writeln!(
                out,
                "\nBeside the terms, each with a logistic regression of its own, their scores averaged:\n"
            );
            for block in &self.blocks {
                let _ = writeln!(out, "- {}", block.sentence());
            }
        }
        v.write_transfer(out);
        let _ = writeln!(out, "\nPermutation p {:.3}.", v.permutation_p);
        if !v.learning_curve.is_empty() {
            let points: Vec<String> = v
                .learning_curve
                .iter()
                .map(|p| format!("{:.3} with {} rows", p.macro_f1, p.n_rows))
                .collect();
            let n_held_out = v.learning_curve.iter().map(|p| p.n_held_out).max().unwrap_or_default();
            let _ = writeln!(
                out,
                "Learning curve, macro-F1 of the highest score on {n_held_out} rows held out: {}.",
                points.join(", ")
            );
            let _ = writeln!(out, "If it goes on so: {}.", v.labels_asked_for());
        }
    }

    /// Every trial in a table, those that were chosen marked.
    fn write_trials(&self, out: &mut String) {
        if self.trials.len() < 2 {
            return;
        }
        let _ = writeln!(out, "\n| tried | C | log loss | macro-F1 |\n|---|---|---|---|");
        for t in &self.trials {
            let mark = if t.chosen { " (chosen)" } else { "" };
            let _ = writeln!(
                out,
                "| {}{mark} | {} | {:.4} | {:.4} |",
                cell(&t.setting),
                short(t.c),
                t.log_loss,
                t.macro_f1
            );
        }
    }
}

/// Said where a search chose the settings on the rows of the validation.
const SEARCHED: &str = "The settings were searched on these same folds, so all figures here are a little too good, and the permutation p a little \
too small. Keep rows aside and measure on them with `sayso evaluate` where that matters.";

impl Validation {
    /// What carries over from file to file, and without names.
    fn write_transfer(&self, out: &mut String) {
        if !self.by_file.is_empty() {
            let _ = writeln!(
                out,
                "\nFile by file; F1 is the mean over the classes that occur there, in brackets that of always saying the most \
                 frequent one:\n"
            );
            let _ = writeln!(
                out,
                "| rows of | n | group held out: F1, accuracy, calibration error | learned from the other files alone |\n|---|---|---|---|"
            );
            let text = |s: &Scores| {
                format!(
                    "{:.3} ({:.3}), {:.3}, {:.3} ({:.3} if perfect)",
                    s.macro_f1, s.majority_macro_f1, s.accuracy, s.ece, s.ece_null
                )
            };
            for f in &self.by_file {
                let others = f.others.as_ref().map_or("not possible: fewer than two classes".into(), text);
                let _ = writeln!(
                    out,
                    "| {} | {} in {} groups | {} | {others} |",
                    cell(&f.file),
                    f.n,
                    f.n_groups,
                    text(&f.held_out)
                );
            }
        }
        if let Some(n) = self.names_left_in {
            let interval =
                n.interval.map_or(String::new(), |i| format!(" (95 % {:+.3} to {:+.3})", i.low, i.high));
            let _ = writeln!(
                out,
                "\nNames masked, terms alone: macro-F1 {:.3}. Names left in: {:.3}, a difference of {:+.3}{interval}.",
                n.masked, n.left_in, n.gained
            );
        }
    }
}

/// A name as a cell of a Markdown table: on one line, and without marks that would end the cell or change how it looks.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2028}' | '\u{2029}' => out.push(' '),
            c if c.is_control() => out.push(' '),
            '|' | '*' | '`' | '\\' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            c => out.push(c),
        }
    }
    out
}

/// Three significant digits.
pub(super) fn short(x: f64) -> String {
    let rounded: f64 = format!("{x:.2e}").parse().unwrap_or(x);
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    fn trial(setting: &str, c: f64, log_loss: f64) -> Trial {
        Trial { setting: setting.into(), c, log_loss, macro_f1: 0.5, chosen: false }
    }

    fn card(axis: AxisCard) -> Card {
        let axis = AxisCard { axis: "tone".into(), counts: vec![9, 8], ..axis };
        Card { axes: vec![axis], folds: 5, ..Card::default() }
    }

    #[test]
    fn names_of_classes_do_not_break_tables() {
        let classes = vec!["for|against".to_string(), "two\r\nlines <b>".to_string()];
        let none = ClassScores { precision: 0.0, recall: 0.0, f1: 0.0, support: 0 };
        let validation = Validation { by_class: vec![none; 2], ..Validation::default() };
        let text =
            card(AxisCard { classes, validation: Some(validation), ..AxisCard::default() }).to_markdown();
        assert!(text.contains("| for\\|against | 0.000 |") && text.contains("| two  lines &lt;b> | 0.000 |"));
        assert!(text.contains("9 for\\|against, 8 two  lines &lt;b>."), "{text}");
    }

    #[test]
    fn a_card_says_what_differs_from_the_default_and_no_more() {
        let plain = card(AxisCard::default()).to_markdown();
        for word in
            ["Besides", "Names of", "macro-F1", "low_confidence", "slope", "against the rest", "alike"]
        {
            assert!(!plain.contains(word), "{word} in\n{plain}");
        }
        let mut full = card(AxisCard {
            classes: vec!["a".into(), "b".into(), "c".into()],
            balanced: true,
            scheme: Scheme::OneVsRest,
            macro_f1: true,
            decision: vec![1.0, 1.5, 0.8],
            abstain: Some(0.05),
            calibration: "bias-corrected temperature".into(),
            calibration_slope: Some(1.25),
            calibration_intercepts: vec![0.1, -0.3, 0.2],
            validation: Some(Validation::default()),
            ..AxisCard::default()
        });
        full.features = FeatureParams {
            max_df: 0.2,
            max_features: Some(50),
            target: true,
            window: true,
            negation: true,
            token_classes: true,
            stop_words: vec!["the".into(), "of".into()],
            ..FeatureParams::default()
        };
        (full.names_masked, full.n_rewritten_names) = (true, 3);
        let text = full.to_markdown();
        for part in [
            "and at most 20 % of them, at most 50 terms of each kind",
            "with the target",
            "marked span",
            "after a negation",
            "hashtags are split",
            "2 stop words",
            "outlets are masked",
            "(slope 1.25, intercepts 0.1, -0.3, 0.2), rows weighed so that classes count alike, one class against the rest each.",
            "decided for macro-F1: the highest probability times its weight (a 1, b 1.5, c 0.8)",
            "leaves out the right class in at most 5 % of the rows",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn the_chosen_trials_are_marked_and_a_search_is_owned_up_to() {
        let trials = vec![
            trial("tfidf", 1.0, 0.5),
            trial("nb", 1.0, 0.45),
            trial("nb", 3.0, 0.4),
            trial("", 1.0, 0.6).of_c("terms"),
            trial("", 2.0, 0.5).of_c("terms"),
        ];
        let mut axis = AxisCard { trials, setting: "nb".into(), c: 2.0, ..AxisCard::default() };
        axis.mark_chosen();
        let chosen: Vec<bool> = axis.trials.iter().map(|trial| trial.chosen).collect();
        assert_eq!(chosen, [false, false, true, false, true]);
        let text = card(axis.clone()).to_markdown();
        assert!(text.contains("Not validated.") && text.contains("| tfidf | 1 |"), "{text}");
        assert!(text.contains("| nb | 1 |") && text.contains("| nb (chosen) | 3 |"), "{text}");
        assert!(
            text.contains("| C of the model's terms (chosen) | 2 |") && !text.contains("| | 1"),
            "{text}"
        );
        let validated = AxisCard { validation: Some(Validation::default()), ..axis };
        assert!(card(validated.clone()).to_markdown().contains("searched on these same folds"));
        let plain = AxisCard { trials: validated.trials[3..].to_vec(), ..validated };
        assert!(!card(plain).to_markdown().contains("searched"));
    }

    #[test]
    fn a_speaker_who_tells_nothing_is_not_a_second_baseline() {
        let with = |speaker: f64| {
            let baselines = Baselines {
                majority_macro_f1: 0.447,
                speaker_macro_f1: Some(speaker),
                ..Baselines::default()
            };
            let validation = Some(Validation { baselines, ..Validation::default() });
            card(AxisCard { validation, ..AxisCard::default() }).to_markdown()
        };
        assert!(!with(0.447).contains("speaker alone") && with(0.5).contains("0.500 (speaker alone)"));
    }

    #[test]
    fn a_card_of_an_earlier_version_is_read() {
        let mut json = serde_json::to_value(card(AxisCard::default())).expect("JSON");
        json.as_object_mut().expect("a card").remove("names_read");
        let axis = json["axes"][0].as_object_mut().expect("an axis");
        for field in [
            "balanced",
            "setting",
            "calibration_slope",
            "calibration_intercepts",
            "macro_f1",
            "decision",
            "abstain",
        ] {
            assert!(axis.remove(field).is_some(), "{field}");
        }
        assert_eq!(serde_json::from_value::<Card>(json).expect("readable"), card(AxisCard::default()));
    }
}
