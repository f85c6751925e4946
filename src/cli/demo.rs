use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Outcome, Talk, score};
use crate::corpus::{LabelFile, TrainingSet, bundled_axes, read_aliases, write_atomically};
use crate::features::FeatureParams;
use crate::features::dense::Lexicon;
use crate::model::Model;
use crate::pipeline::{Blocks, CompareParams, Comparison, TrainParams, compare, train};
use crate::report::{self, PageOptions};
use crate::types::{AxisSet, ScoredStatement, Status};
use crate::{Error, Result};

/// The sample articles, and what is known of them.
const ARTICLES: [(&str, &str); 7] = [
    ("articles.csv", include_str!("../../seeds/articles.csv")),
    ("README.md", include_str!("../../seeds/README.md")),
    ("000_c8bcf7fd34c10865.txt", include_str!("../../seeds/000_c8bcf7fd34c10865.txt")),
    ("001_a79b49e9661639d9.txt", include_str!("../../seeds/001_a79b49e9661639d9.txt")),
    ("002_3396f7b0be424c1a.txt", include_str!("../../seeds/002_3396f7b0be424c1a.txt")),
    ("003_87f583545b90d6d8.txt", include_str!("../../seeds/003_87f583545b90d6d8.txt")),
    ("004_07e2cb37b6f2803c.txt", include_str!("../../seeds/004_07e2cb37b6f2803c.txt")),
];
/// The labels that come with Sayso.
const LABELS: [(&str, &str); 5] = [
    ("aliases.csv", include_str!("../../labels/aliases.csv")),
    ("axes.toml", include_str!("../../labels/axes.toml")),
    ("GUIDELINE.md", include_str!("../../labels/GUIDELINE.md")),
    ("seeds.csv", include_str!("../../labels/seeds.csv")),
    ("written.csv", include_str!("../../labels/written.csv")),
];

/// See the whole way on five real articles: train, score, report.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso demo
  sayso demo try-it
  sayso demo --force try-it")]
pub struct Args {
    /// The folder for everything that is made.
    #[arg(default_value = "sayso-demo")]
    folder: PathBuf,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    let folder = &args.folder;
    let made = ["model.safetensors", "scored.csv", "report.html"];
    if !args.force
        && let Some(name) = made.iter().find(|name| folder.join(name).exists())
    {
        return Err(crate::ErrorKind::Exists { path: folder.join(name) }.into());
    }
    for (sub, files) in [("articles", ARTICLES.as_slice()), ("labels", LABELS.as_slice())] {
        let sub = folder.join(sub);
        std::fs::create_dir_all(&sub).map_err(|e| Error::io(&sub, "create", e))?;
        for (name, content) in files {
            write_atomically(&sub.join(name), content.as_bytes(), true)?;
        }
    }
    talk.say("training on the labels …");
    let model = trained(folder)?;
    model.save(&folder.join("model.safetensors"), true)?;
    write_atomically(&folder.join("model.card.md"), model.card().to_markdown().as_bytes(), true)?;
    talk.say("finding and scoring the statements …");
    let scored = folder.join("scored.csv");
    let statements = score::articles_to_file(&[folder.join("articles")], &model, &scored, talk)?;
    let axes = AxisSet { axes: model.axes().iter().map(|axis| axis.axis.clone()).collect() };
    let comparison = compare(&statements, &[], &axes, &CompareParams::default())?;
    let options = PageOptions {
        title: "Sayso demo: five articles on Belarus and Ukraine".into(),
        provenance: vec![
            ("command".into(), "sayso demo".into()),
            ("version".into(), format!("sayso {}", env!("CARGO_PKG_VERSION"))),
            ("caution".into(), "the model was trained on labels of these very statements: its scores here are surer than on new articles".into()),
        ],
        card: Some(model.card().clone()),
        ..PageOptions::default()
    };
    let page = report::html(&comparison, &statements, &options)?;
    write_atomically(&folder.join("report.html"), page.as_bytes(), true)?;
    let summary = summary(folder, &model, &statements, &comparison);
    io::stdout().write_all(summary.as_bytes()).map_err(|e| Error::io("-", "write", e))?;
    Ok(Outcome::Done)
}

/// A model trained, as `models/make.sh` does it, on the labels in the folder.
fn trained(folder: &Path) -> Result<Model> {
    let paths = ["seeds.csv", "written.csv"].map(|name| folder.join("labels").join(name));
    let file = LabelFile::read(&paths, &bundled_axes(), None)?;
    if let Some(problem) = file.problems.first() {
        return Err(problem.clone().into_error());
    }
    // As in `models/make.sh`: the model of the demo is the bundled one, to the byte.
    let features = FeatureParams { min_df: 3, max_features: Some(24_500), ..FeatureParams::default() };
    let aliases = read_aliases(&folder.join("labels").join("aliases.csv"))?;
    let blocks = Blocks(vec![Arc::new(Lexicon::bundled(false)?)]);
    let params = TrainParams { features, aliases, c: Some(5.0), blocks, ..TrainParams::default() };
    train(&TrainingSet::from_labelled(&file.rows, &file.axes, Some("weight"))?, &params)
}

/// Ten lines that a newcomer understands.
fn summary(folder: &Path, model: &Model, statements: &[ScoredStatement], comparison: &Comparison) -> String {
    let mut text = String::new();
    let named = statements.iter().filter(|s| !s.speaker.is_empty()).count();
    let speakers: std::collections::BTreeSet<&str> =
        statements.iter().map(|s| s.speaker.as_str()).filter(|s| !s.is_empty()).collect();
    let _ = writeln!(
        text,
        "Five articles: {} statements, {named} with a speaker ({} speakers).",
        statements.len(),
        speakers.len()
    );
    for (at, axis) in model.axes().iter().enumerate() {
        let ok = |s: &&ScoredStatement| s.axes.get(&axis.axis.id).is_some_and(|a| a.status == Status::Ok);
        let n_ok = statements.iter().filter(ok).count();
        let quality = model.card().axes.get(at).and_then(|card| card.validation.as_ref());
        let f1 = quality.map_or(String::new(), |v| {
            format!(
                "; macro-F1 {:.2} on statements held out (guessing the commonest class: {:.2})",
                v.macro_f1, v.baselines.majority_macro_f1
            )
        });
        let _ = writeln!(text, "  {:<10} sure on {n_ok} of {}{f1}", axis.axis.id, statements.len());
    }
    let most = comparison.groups.iter().max_by_key(|group| group.n_statements);
    if let Some(group) = most {
        let _ = writeln!(text, "Most statements come from {} ({}).", group.name, group.n_statements);
    }
    let _ = writeln!(
        text,
        "One article per outlet proves nothing about outlets: the report shows averages without intervals and says so."
    );
    let _ = writeln!(text, "  {}   open it in a browser", folder.join("report.html").display());
    let _ = writeln!(text, "  {}    a row per statement", folder.join("scored.csv").display());
    let _ = writeln!(
        text,
        "Next: sayso score YOUR-ARTICLES/ -o scored.csv    or, for a topic of your own: sayso init my-topic"
    );
    text
}
