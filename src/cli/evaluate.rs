use std::io::Write;
use std::path::PathBuf;

use super::encoder::EncoderArgs;
use super::labelled::LabelledArgs;
use super::{Outcome, Talk};
use crate::model::Model;
use crate::pipeline::{AxisEvaluation, evaluate};
use crate::{Error, Result};

/// Tell how a model does on labels it has not seen.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso evaluate my.safetensors labels/seeds.csv
  sayso evaluate stance.safetensors test.csv --text text --label stance --target topic
  sayso evaluate my.safetensors labels.csv --min-f1 0.6 --format json")]
pub struct Args {
    /// The model.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    #[command(flatten)]
    rows: LabelledArgs,
    #[command(flatten)]
    encoder: EncoderArgs,
    /// Exit with 1 unless macro-F1 reaches this on every axis.
    #[arg(long, value_name = "F1")]
    min_f1: Option<f64>,
    /// Seed of the resampling behind the null value of the calibration error.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What to print.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    let mut model = Model::load(&args.model)?;
    args.encoder.attach(&mut model, talk)?;
    let set = args.rows.read(None, talk)?;
    for note in &set.notes {
        talk.detail(note);
    }
    let evaluation = evaluate(&model, &set, args.seed)?;
    if evaluation.n_seen > 0 {
        talk.warn(format!(
            "the model was trained on {} of these texts: the figures flatter it",
            evaluation.n_seen
        ));
    }
    let text = if args.format == "json" {
        let mut json = serde_json::to_string_pretty(&evaluation)
            .map_err(|e| Error::argument("evaluation", e, "numbers that can be written"))?;
        json.push('\n');
        json
    } else {
        evaluation.axes.iter().map(table).collect()
    };
    std::io::stdout().lock().write_all(text.as_bytes()).map_err(|e| Error::io("-", "write", e))?;
    let low: Vec<&str> = evaluation
        .axes
        .iter()
        .filter(|a| args.min_f1.is_some_and(|least| a.macro_f1 < least))
        .map(|a| a.axis.as_str())
        .collect();
    if low.is_empty() {
        talk.next(format!(
            "sayso explain {} 'A text whose score surprises.'",
            super::quoted(args.model.display())
        ));
        return Ok(Outcome::Done);
    }
    talk.say(format!("macro-F1 is below {:.3} on: {}", args.min_f1.unwrap_or_default(), low.join(", ")));
    talk.next("label more, and read the rows it gets wrong");
    Ok(Outcome::Findings)
}

fn table(axis: &AxisEvaluation) -> String {
    let interval =
        axis.macro_f1_interval.map_or(String::new(), |i| format!(" (95 % {:.3} to {:.3})", i.low, i.high));
    let r = &axis.reliability;
    let mut lines = vec![
        format!(
            "{}: {} rows, {} of them without a score in practice",
            axis.axis, axis.n, axis.n_without_score
        ),
        format!("  macro-F1 {:.3}{interval}, accuracy {:.3}", axis.macro_f1, axis.accuracy),
        format!("  weighted F1 {:.3}, mean F1 of the sides {:.3}", axis.weighted_f1, axis.sides_f1),
        format!(
            "  log loss {:.3}, Brier {:.3}, calibration error {:.3} (perfect probabilities: {:.3})",
            r.log_loss, r.brier, r.ece, r.ece_null
        ),
        format!("  {:<20} {:>9} {:>7} {:>7} {:>6}", "class", "precision", "recall", "F1", "rows"),
    ];
    for (class, s) in axis.classes.iter().zip(&axis.by_class) {
        lines.push(format!(
            "  {class:<20} {:>9.3} {:>7.3} {:>7.3} {:>6}",
            s.precision, s.recall, s.f1, s.support
        ));
    }
    if let Some(mean) = axis.mean_target_macro_f1.filter(|_| axis.by_target.len() > 1) {
        lines.push(format!("  by target: mean macro-F1 {mean:.3}"));
        for t in &axis.by_target {
            let target: String = t.target.chars().take(40).collect();
            lines.push(format!("  {target:<40} {:>7.3} {:>6}", t.macro_f1, t.n));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}
