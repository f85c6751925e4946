use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{ArticleArgs, Outcome, Talk, batches};
use crate::corpus::{
    Document, LabelFile, OffsetUnit, axes_or_bundled, brat_file_name, documents, label_bytes, open,
    read_brat, read_doccano, read_label_studio, read_prodigy, read_statements, restore, write_atomically,
    write_brat, write_doccano, write_label_studio, write_prodigy,
};
use crate::types::{AxisSet, LabelledStatement};
use crate::{Error, Position, Result};

/// The largest file of another tool that is read, in bytes.
const FILE_LIMIT: u64 = 1 << 30;

/// Take labels to doccano, Label Studio, Prodigy or brat, and back.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sayso convert labels.csv --articles articles/ --to doccano -o doccano.jsonl
  sayso convert export.json --from labelstudio -o labels.csv
  sayso convert brat-folder/ -o labels.csv --axes axes.toml")]
pub struct Args {
    /// What to read: a label file, a tool's export, or a folder of brat.
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Where to; brat makes a folder.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// What IN is, when its name and its beginning do not say it.
    #[arg(long, value_name = "TOOL", value_parser = TOOLS)]
    from: Option<String>,
    /// What OUT shall be, when its name does not say it.
    #[arg(long, value_name = "TOOL", value_parser = TOOLS)]
    to: Option<String>,
    /// The articles of the rows, so that a tool can show statements in their texts.
    #[arg(long, value_name = "ARTICLES")]
    articles: Vec<PathBuf>,
    /// The axes; those that come with Sayso if not given.
    #[arg(long, value_name = "FILE")]
    axes: Option<PathBuf>,
    /// The axis of labels that are a class alone.
    #[arg(long, value_name = "ID")]
    axis: Option<String>,
    /// What the tool counts: codepoint, utf16, byte or grapheme. Found out if not given; doccano gets utf16.
    #[arg(long, value_name = "UNIT", value_parser = ["codepoint", "utf16", "byte", "grapheme"])]
    offset_unit: Option<String>,
    /// Replace the output if it is there.
    #[arg(long)]
    force: bool,
}

const TOOLS: [&str; 6] = ["labels", "doccano", "labelstudio", "prodigy", "brat", "gdelt"];

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    let axes = axes_or_bundled(args.axes.as_deref())?;
    if let Some(id) = &args.axis
        && axes.get(id).is_none()
    {
        let ids: Vec<&str> = axes.axes.iter().map(|a| a.id.as_str()).collect();
        return Err(Error::argument("--axis", id, ids.join(", ")));
    }
    let to = target(args)?;
    let from = source(args)?;
    let rows = read(args, from, &axes, talk)?;
    let n_files = write(args, to, &rows, &axes, talk)?;
    let what = if n_files > 1 { format!(" in {n_files} files") } else { String::new() };
    talk.say(format!("converted {} rows from {from} to {to}{what} → {}", rows.len(), args.output.display()));
    let (axes, output) = (super::axes_option(args.axes.as_deref()), super::quoted(args.output.display()));
    match to {
        "labels" => talk.next(format!("sayso check {output}{axes}")),
        _ => talk.next(format!("sayso convert {output} --from {to} -o labels.csv{axes}")),
    }
    Ok(Outcome::Done)
}

fn unit(args: &Args) -> Option<OffsetUnit> {
    args.offset_unit.as_deref().and_then(|word| word.parse().ok())
}

fn ending(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn known(word: &str) -> Option<&'static str> {
    TOOLS.into_iter().find(|tool| *tool == word)
}

fn target(args: &Args) -> Result<&'static str> {
    let named = args.to.as_deref().and_then(known);
    let guessed = match ending(&args.output).as_str() {
        "csv" | "tsv" => Some("labels"),
        "json" => Some("labelstudio"),
        "" => Some("brat"),
        _ => None,
    };
    match named.or(guessed) {
        Some("gdelt") => {
            Err(Error::argument("--to", "gdelt", "a tool for labelling; gdelt can be read alone"))
        }
        Some(tool) => Ok(tool),
        None => Err(Error::argument(
            "--output",
            args.output.display(),
            "--to TOOL beside a file with this ending",
        )
        .with_help("doccano and prodigy both read .jsonl.")),
    }
}

fn source(args: &Args) -> Result<&'static str> {
    if let Some(tool) = args.from.as_deref().and_then(known) {
        return Ok(tool);
    }
    if args.input.is_dir() {
        return Ok("brat");
    }
    match ending(&args.input).as_str() {
        "csv" | "tsv" => return Ok("labels"),
        "json" => return Ok("labelstudio"),
        _ => {}
    }
    // JSON Lines: the first object's keys tell the tools apart.
    let text = read_text(&args.input)?;
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let has = |key: &str| {
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(first)
            .is_ok_and(|o| o.contains_key(key))
    };
    if has("quotes") {
        Ok("gdelt")
    } else if ["spans", "_task_hash", "answer", "accept"].into_iter().any(has) {
        Ok("prodigy")
    } else if ["label", "labels", "entities"].into_iter().any(has) {
        Ok("doccano")
    } else {
        let found = "a file that shows no tool's keys in its first line";
        Err(Error::input(Position::row(&args.input, 1), found, "--from TOOL"))
    }
}

fn read_text(path: &Path) -> Result<String> {
    let mut text = String::new();
    open(path, None)?
        .reader
        .take(FILE_LIMIT)
        .read_to_string(&mut text)
        .map_err(|e| Error::io(path, "read", e))?;
    Ok(text)
}

fn read(args: &Args, from: &str, axes: &AxisSet, talk: &Talk) -> Result<Vec<LabelledStatement>> {
    let position = Position::file(&args.input);
    let documents = match from {
        "labels" => return labels(args, axes),
        "gdelt" => return quotations(args, talk),
        "brat" => brat_folder(&args.input)?,
        "doccano" => read_doccano(&read_text(&args.input)?, &position)?,
        "prodigy" => read_prodigy(&read_text(&args.input)?, &position)?,
        _ => read_label_studio(&read_text(&args.input)?, &position)?,
    };
    let restored = restore(&documents, axes, args.axis.as_deref(), unit(args))?;
    if let Some(counting) = restored.counting {
        talk.say(format!("offsets read as {counting}"));
    }
    Ok(restored.rows)
}

fn labels(args: &Args, axes: &AxisSet) -> Result<Vec<LabelledStatement>> {
    let file = LabelFile::read(std::slice::from_ref(&args.input), axes, None)?;
    match file.problems.into_iter().next() {
        Some(problem) => Err(problem.into_error()),
        None => Ok(file.rows),
    }
}

/// Quotations without labels: rows to be labelled.
fn quotations(args: &Args, talk: &Talk) -> Result<Vec<LabelledStatement>> {
    let file = read_statements(std::slice::from_ref(&args.input), None)?;
    talk.skipped(&file.skipped);
    for warning in &file.warnings {
        talk.warn(warning);
    }
    let row = |statement: crate::types::ScoredStatement| LabelledStatement {
        article: statement.article,
        quote: statement.quote,
        speaker: statement.speaker,
        outlet: statement.outlet,
        date: statement.date,
        extra: statement.extra,
        ..LabelledStatement::default()
    };
    Ok(file.statements.into_iter().map(row).collect())
}

fn brat_folder(folder: &Path) -> Result<Vec<Document>> {
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder, "read", e))?;
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| ending(p) == "ann").collect();
    paths.sort();
    if paths.is_empty() {
        return Err(Error::input(Position::file(folder), "no .ann file", "pairs of .txt and .ann"));
    }
    let pair = |path: &PathBuf| {
        let text = read_text(&path.with_extension("txt"))?;
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        // A document without annotations has an empty file.
        let empty = std::fs::metadata(path).is_ok_and(|m| m.len() == 0);
        let annotations = if empty { String::new() } else { read_text(path)? };
        read_brat(&text, &annotations, &stem, &Position::file(path))
    };
    paths.iter().map(pair).collect()
}

fn write(args: &Args, to: &str, rows: &[LabelledStatement], axes: &AxisSet, talk: &Talk) -> Result<usize> {
    if to == "labels" {
        let further: BTreeSet<String> = rows.iter().flat_map(|row| row.extra.keys().cloned()).collect();
        let further: Vec<String> = further.into_iter().collect();
        let delimiter = if ending(&args.output) == "tsv" { b'\t' } else { b',' };
        write_atomically(&args.output, &label_bytes(rows, axes, &further, delimiter), args.force)?;
        return Ok(1);
    }
    let texts = texts(args, talk)?;
    let located = rows.iter().filter(|row| row.start.is_some() && !texts.contains_key(&row.article)).count();
    if located > 0 {
        talk.warn(format!("{located} rows stand alone, without their articles; name these with --articles"));
    }
    let documents = documents(rows, &texts, axes)?;
    let text = match to {
        "doccano" => write_doccano(&documents, unit(args).unwrap_or(OffsetUnit::Utf16))?,
        "prodigy" => write_prodigy(&documents),
        "labelstudio" => write_label_studio(&documents),
        _ => return brat(args, &documents),
    };
    write_atomically(&args.output, text.as_bytes(), args.force)?;
    Ok(1)
}

fn texts(args: &Args, talk: &Talk) -> Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    if args.articles.is_empty() {
        return Ok(texts);
    }
    let articles = ArticleArgs { articles: args.articles.clone(), ..ArticleArgs::default() };
    let keep = |article: crate::types::Article, ()| {
        texts.insert(article.id, article.text);
        Ok(())
    };
    batches::in_order(articles.open()?, &articles, talk, |_| (), keep)?;
    Ok(texts)
}

fn brat(args: &Args, documents: &[Document]) -> Result<usize> {
    let folder = &args.output;
    let taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if taken && !args.force {
        return Err(crate::ErrorKind::Exists { path: folder.clone() }.into());
    }
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, "create", e))?;
    let mut names = BTreeSet::new();
    for (number, document) in (1..).zip(documents) {
        let mut name = brat_file_name(document, number);
        if !names.insert(name.to_lowercase()) {
            // Two ids that differ in case alone are one file on some systems.
            name = format!("{name}.{number}");
            names.insert(name.to_lowercase());
        }
        write_atomically(&folder.join(format!("{name}.txt")), document.text.as_bytes(), args.force)?;
        write_atomically(&folder.join(format!("{name}.ann")), write_brat(document).as_bytes(), args.force)?;
    }
    Ok(2 * documents.len())
}
