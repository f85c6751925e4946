use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;

use super::context::{marked, tell_mismatch};
use super::encoder::EncoderArgs;
use super::examples::{ExampleArgs, N_ALIKE};
use super::{Outcome, Talk};
use crate::features::Passage;
use crate::model::{Explanation, Model};
use crate::pipeline::Examples;
use crate::types::{Class, Span};
use crate::{Error, Result};

/// Tell what a model listens to, or why a text gets its score.
#[derive(Debug, clap::Args)]
#[command(mut_arg("labels", |arg| arg.num_args(1..).requires("passage")))]
#[command(after_help = "Examples:
  sayso explain my.safetensors
  sayso explain my.safetensors 'We will not give in to threats.'
  sayso explain my.safetensors 'We will not give in to threats.' --labels labels.csv
  sayso explain my.safetensors 'We will not give in to threats.' --format html > why.html")]
pub struct Args {
    /// The model.
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// The text; without one, the strongest terms of each class are listed.
    #[arg(value_name = "TEXT")]
    passage: Option<String>,
    /// What the text speaks about, for a model that was trained with --target.
    #[arg(long, value_name = "NAME", requires = "passage")]
    target: Option<String>,
    /// The first and one past the last character of the marked part of the text, for a model that was trained with --span.
    #[arg(long, value_name = "FROM,TO", requires = "passage", value_parser = places)]
    span: Option<(usize, usize)>,
    #[command(flatten)]
    examples: ExampleArgs,
    /// The axes of the labelled statements; those that come with Sayso if not given.
    #[arg(long, value_name = "FILE", conflicts_with = "label")]
    axes: Option<PathBuf>,
    #[command(flatten)]
    encoder: EncoderArgs,
    /// Explain this axis only; may be given again.
    #[arg(long, value_name = "ID")]
    axis: Vec<String>,
    /// How many terms to list.
    #[arg(long, value_name = "N", default_value_t = 15)]
    top: usize,
    /// What to print.
    #[arg(long, default_value = "text", value_parser = ["text", "json", "html"])]
    format: String,
}

/// Two counts of characters with a comma between them.
fn places(word: &str) -> std::result::Result<(usize, usize), String> {
    let number = |word: &str| word.trim().parse().ok();
    word.split_once(',')
        .and_then(|(from, to)| number(from).zip(number(to)))
        .ok_or_else(|| "expected two counts of characters, such as 0,12".into())
}

fn span_of(text: &str, from: usize, to: usize) -> Result<Span> {
    marked(text, from, to).ok_or_else(|| {
        let length = text.chars().count();
        let expected =
            format!("two counts of characters, the first below the second, in the text, which has {length}");
        Error::argument("--span", format!("{from},{to}"), expected)
            .with_help("Offsets are 0-based and half-open, in Unicode code points.")
    })
}

pub fn run(args: &Args, talk: &Talk) -> Result<Outcome> {
    let mut model = Model::load(&args.model)?;
    if args.passage.is_some() {
        args.encoder.attach(&mut model, talk)?;
    }
    let ids: Vec<&str> = model.axes().iter().map(|a| a.axis.id.as_str()).collect();
    if let Some(unknown) = args.axis.iter().find(|id| !ids.contains(&id.as_str())) {
        return Err(Error::argument("--axis", unknown, format!("one of {}", ids.join(", "))));
    }
    let axes: Vec<usize> =
        (0..ids.len()).filter(|i| args.axis.is_empty() || args.axis.iter().any(|id| id == ids[*i])).collect();
    let out = match &args.passage {
        Some(text) => {
            tell_mismatch(&model, args.target.is_some(), args.span.is_some(), talk);
            let span = args.span.map(|(from, to)| span_of(text, from, to)).transpose()?;
            let passage = Passage { text, target: args.target.as_deref().unwrap_or_default(), span };
            let explained: Vec<Explanation> = axes.iter().map(|i| model.explain(*i, passage)).collect();
            let alike = if args.examples.labels.is_empty() {
                Vec::new()
            } else {
                alike(args, &model, passage, talk)?
            };
            match args.format.as_str() {
                "json" if args.examples.labels.is_empty() => json(&explained)?,
                "json" => json(&serde_json::json!({ "axes": explained, "reads_like": alike }))?,
                "html" => html(&explained) + &html_of(&alike),
                _ => explained.iter().map(|e| text_of(e, args.top)).collect::<String>() + &list_of(&alike),
            }
        }
        None => {
            let listed: Vec<_> = axes
                .iter()
                .map(|i| serde_json::json!({ "axis": ids[*i], "classes": model.top_terms(*i, args.top) }))
                .collect();
            match args.format.as_str() {
                "json" => json(&listed)?,
                "html" => return Err(Error::argument("--format", "html", "a TEXT to go with it")),
                _ => axes.iter().map(|i| terms_of(&model, *i, args.top)).collect(),
            }
        }
    };
    std::io::stdout().lock().write_all(out.as_bytes()).map_err(|e| Error::io("-", "write", e))?;
    if args.passage.is_none() {
        talk.next(format!("sayso explain {} 'A text to explain.'", super::quoted(args.model.display())));
    }
    Ok(Outcome::Done)
}

/// A labelled statement that reads like the text.
#[derive(serde::Serialize)]
struct ReadsLike {
    text: String,
    similarity: f64,
    /// Class by axis; "a or b" where annotators differ.
    labels: BTreeMap<String, String>,
}

fn alike(args: &Args, model: &Model, passage: Passage<'_>, talk: &Talk) -> Result<Vec<ReadsLike>> {
    let set = args.examples.read(args.axes.as_deref(), talk)?;
    let axes: Vec<&str> = set.axes.axes.iter().map(|axis| axis.id.as_str()).collect();
    let found = Examples::new(model, &set, &axes).alike(passage, N_ALIKE).into_iter().map(|alike| {
        let ids = |classes: Vec<Class>| classes.into_iter().map(|c| c.id).collect::<Vec<_>>().join(" or ");
        let labels = alike.labels.into_iter().map(|(axis, classes)| (axis, ids(classes)));
        ReadsLike { text: alike.text, similarity: alike.similarity, labels: labels.collect() }
    });
    Ok(found.collect())
}

fn labels_of(alike: &ReadsLike) -> String {
    let labels: Vec<String> = alike.labels.iter().map(|(axis, class)| format!("{axis} {class}")).collect();
    labels.join(", ")
}

fn list_of(alike: &[ReadsLike]) -> String {
    let mut out = String::new();
    for a in alike {
        let text: String = a.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(out, "reads like ({:.2}) {text}\n  labelled {}", a.similarity, labels_of(a));
    }
    out
}

fn html_of(alike: &[ReadsLike]) -> String {
    let mut out = String::new();
    for a in alike {
        let _ = writeln!(
            out,
            "<p>Reads like ({:.2}): {}<br>labelled {}</p>",
            a.similarity,
            escape(&a.text),
            escape(&labels_of(a))
        );
    }
    out
}

fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|e| Error::argument("explanation", e, "numbers that can be written"))?;
    text.push('\n');
    Ok(text)
}

fn terms_of(model: &Model, axis: usize, top: usize) -> String {
    let mut out = format!("{}\n", model.axes()[axis].axis.id);
    for (class, terms) in model.top_terms(axis, top) {
        let terms: Vec<String> = terms.iter().map(|t| format!("{} {:+.2}", t.term, t.value)).collect();
        let _ = writeln!(out, "  {class}: {}", terms.join(", "));
    }
    out
}

/// Values below this share of the strongest word stay uncoloured.
const FAINT: f64 = 0.1;

fn text_of(e: &Explanation, top: usize) -> String {
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut out = format!("{}: {:+.3} towards {} = {:+.3}", e.axis, e.linear_score, e.towards, e.intercept);
    let of_blocks: f64 = e.blocks.iter().map(|b| b.value).sum();
    let _ = write!(out, " before reading {:+.3} by the words", e.linear_score - e.intercept - of_blocks);
    for block in &e.blocks {
        let _ = write!(out, " {:+.3} by the {}", block.value, block.name);
    }
    out.push('\n');
    out.push_str("  ");
    pieces(e, |piece, value| {
        // A text must not steer the terminal that shows it.
        let piece: String = piece.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        match value {
            Some(v) if coloured => {
                let code = if v > 0.0 { "32" } else { "31" };
                let _ = write!(out, "\u{1b}[{code}m{piece}\u{1b}[0m");
            }
            _ => out.push_str(&piece),
        }
    });
    out.push('\n');
    for term in e.terms.iter().take(top) {
        let _ = writeln!(out, "  {:+.4}  {}", term.value, term.term);
    }
    out
}

/// Walks through the text: words with their value, `None` for faint ones and for what lies between.
fn pieces(e: &Explanation, mut show: impl FnMut(&str, Option<f64>)) {
    let strongest = e.words.iter().map(|w| w.value.abs()).fold(0.0, f64::max);
    let mut at = 0;
    for word in &e.words {
        show(e.text.get(at..word.start).unwrap_or_default(), None);
        let value = Some(word.value).filter(|v| v.abs() > FAINT * strongest);
        show(e.text.get(word.start..word.end).unwrap_or_default(), value);
        at = word.end;
    }
    show(e.text.get(at..).unwrap_or_default(), None);
}

fn html(explained: &[Explanation]) -> String {
    let mut out = String::from(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Why this score</title>\n<style>table{border-collapse:collapse}caption{text-align:left}\
         th{font-weight:normal;text-align:left;padding-right:1em}td{text-align:right;font-variant-numeric:tabular-nums}\
         tr:last-child>*{border-top:1px solid}</style>\n",
    );
    for e in explained {
        let strongest = e.words.iter().map(|w| w.value.abs()).fold(1e-12, f64::max);
        let _ = writeln!(
            out,
            "<h2>{}: {:+.3} towards {}</h2>\n<p>",
            escape(&e.axis),
            e.linear_score,
            escape(&e.towards)
        );
        pieces(e, |piece, value| match value {
            Some(v) => {
                let rgb = if v > 0.0 { "0,128,0" } else { "200,0,0" };
                let _ = write!(
                    out,
                    "<span style=\"background:rgba({rgb},{:.2})\" title=\"{v:+.4}\">{}</span>",
                    0.6 * v.abs() / strongest,
                    escape(piece)
                );
            }
            None => out.push_str(&escape(piece)),
        });
        out.push_str("</p>\n");
        out.push_str(&shares(e));
    }
    out
}

/// What the words and each block add to the score, as a table whose last line is their sum.
fn shares(e: &Explanation) -> String {
    let of_blocks: f64 = e.blocks.iter().map(|b| b.value).sum();
    let mut lines = vec![
        ("before reading".to_string(), e.intercept),
        ("words".to_string(), e.linear_score - e.intercept - of_blocks),
    ];
    lines.extend(e.blocks.iter().map(|b| (b.name.clone(), b.value)));
    lines.push(("together".to_string(), e.linear_score));
    let mut out = format!("<table><caption>What speaks for {}</caption>\n", escape(&e.towards));
    for (name, value) in lines {
        let _ = writeln!(out, "<tr><th scope=\"row\">{}</th><td>{value:+.3}</td></tr>", escape(&name));
    }
    out.push_str("</table>\n");
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_lets_no_text_through() {
        let e = Explanation {
            axis: "a".into(),
            towards: "<b>".into(),
            intercept: 0.0,
            linear_score: 1.0,
            text: "<script> x".into(),
            terms: Vec::new(),
            blocks: Vec::new(),
            words: vec![crate::model::WordValue { start: 0, end: 8, value: 1.0 }],
        };
        let page = html(&[e]);
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;</span> x"), "{page}");
        assert!(!page.contains("<b>") && page.contains("What speaks for &lt;b&gt;"), "{page}");
    }

    #[test]
    fn html_says_what_each_block_adds() {
        let block = |name: &str, value| crate::model::BlockValue { name: name.into(), value };
        let e = Explanation {
            axis: "a".into(),
            towards: "high".into(),
            intercept: 0.25,
            linear_score: 1.0,
            text: String::new(),
            terms: Vec::new(),
            blocks: vec![block("lexicon", -0.5), block("<i>vectors", 1.125)],
            words: Vec::new(),
        };
        let lines: Vec<String> = shares(&e)
            .lines()
            .filter_map(|line| Some(line.strip_prefix("<tr><th scope=\"row\">")?.replace("</th><td>", " ")))
            .collect();
        let told = [
            "before reading +0.250",
            "words +0.125",
            "lexicon -0.500",
            "&lt;i&gt;vectors +1.125",
            "together +1.000",
        ];
        assert_eq!(lines, told.map(|line| format!("{line}</td></tr>")));
    }
}
