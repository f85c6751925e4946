//! What the template shows: words and numbers ready to print.

use askama::Template;

use super::evidence::{Evidence, Tone};
use super::{PageOptions, SCRIPT, STYLE, chapters, figures, findings};
use crate::pipeline::{Comparison, Sampling};
use crate::types::ScoredStatement;

/// What the page may take, in bytes; the rest up to two megabytes is for what escaping adds.
const SIZE: usize = 1_750_000;

/// The page.
#[derive(Template)]
#[template(path = "page.html")]
pub struct Page {
    title: String,
    lead: String,
    by: String,
    level: String,
    version: &'static str,
    style: &'static str,
    script: &'static str,
    style_hash: String,
    script_hash: String,
    facts: Vec<(String, String)>,
    loud: Vec<String>,
    sections: Vec<(String, String)>,
    findings: Vec<String>,
    any_corrected: bool,
    groups: Vec<GroupRow>,
    coverage_note: String,
    axes: Vec<AxisView>,
    chapters: Vec<Chapter>,
    evidence: Evidence,
    methods: Vec<String>,
    notes: Vec<String>,
    provenance: Vec<(String, String)>,
}

/// A row of the table of groups.
pub struct GroupRow {
    index: usize,
    name: String,
    n: usize,
    articles: usize,
    stories: usize,
    speakers: usize,
    unattributed: usize,
    doubtful: usize,
    dates: String,
}

/// The section of an axis.
pub struct AxisView {
    /// Its number.
    pub index: usize,
    /// Its name.
    pub title: String,
    /// What annotators are asked.
    pub question: String,
    /// What must be read before its figures.
    pub loud: Vec<String>,
    /// Charts with their tables.
    pub figures: Vec<Figure>,
}

/// A further section.
pub struct Chapter {
    /// Its anchor.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// One sentence on it.
    pub lead: String,
    /// Charts with their tables.
    pub figures: Vec<Figure>,
}

/// Charts and their numbers.
#[derive(Default)]
pub struct Figure {
    /// The heading; may be empty.
    pub title: String,
    /// SVG.
    pub charts: Vec<String>,
    /// What is seen and what not.
    pub caption: String,
    /// The numbers.
    pub table: Option<Table>,
}

impl Figure {
    /// About how many bytes it takes on the page.
    fn size(&self) -> usize {
        let cell = |c: &String| c.len() + 21;
        let table: usize = self.table.iter().flat_map(|t| &t.rows).flat_map(|r| &r.cells).map(cell).sum();
        self.charts.iter().map(String::len).sum::<usize>() + table + self.caption.len() + 300
    }
}

/// A table; the first `words` columns are words, the rest numbers.
#[derive(Default)]
pub struct Table {
    /// Column heads.
    pub heads: Vec<String>,
    /// How many columns are words.
    pub words: usize,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of a [`Table`].
#[derive(Default)]
pub struct Row {
    /// Drawn bold.
    pub strong: bool,
    /// The cells.
    pub cells: Vec<String>,
}

impl Table {
    /// An empty table.
    pub fn new(heads: &[&str], words: usize) -> Self {
        Self { heads: heads.iter().map(ToString::to_string).collect(), words, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(Row { strong: false, cells });
    }
}

impl Page {
    /// Words everything.
    pub fn new(
        comparison: &Comparison,
        statements: &[ScoredStatement],
        options: &PageOptions,
        style_hash: &str,
        script_hash: &str,
    ) -> Self {
        let corpus = &comparison.corpus;
        let dates = figures::dates(&corpus.first_date, &corpus.last_date);
        let by = comparison.by.clone();
        let names: Vec<&str> = comparison.axes.iter().map(|axis| axis.id.as_str()).collect();
        let title = if options.title.is_empty() {
            format!("What {} {by}s let people say", comparison.groups.len())
        } else {
            options.title.clone()
        };
        let axes = figures::axes(comparison, &options.events);
        let chapters = chapters::chapters(comparison, options);
        let figures = axes.iter().flat_map(|a| &a.figures).chain(chapters.iter().flat_map(|c| &c.figures));
        let room = SIZE.saturating_sub(figures.map(Figure::size).sum());
        let mut sections = vec![
            ("findings".to_string(), "Findings".to_string()),
            ("coverage".into(), "What was read".into()),
        ];
        sections.extend(axes.iter().map(|axis| (format!("axis{}", axis.index), axis.title.clone())));
        sections.extend(chapters.iter().map(|chapter| (chapter.id.to_string(), chapter.title.clone())));
        sections.push(("statements".into(), "Statements".into()));
        sections.push(("methods".into(), "Methods".into()));
        let fact = |n: usize, what: &str| (figures::thousands(n), what.to_string());
        let mut facts = vec![
            fact(corpus.n_statements, "statements"),
            fact(corpus.n_articles, "articles"),
            fact(comparison.groups.len(), &format!("{by}s")),
            fact(corpus.n_speakers, "speakers"),
        ];
        if let Some(gold) = &comparison.gold {
            facts.push(fact(gold.n_matched, "labelled by hand"));
        }
        Self {
            title,
            lead: format!(
                "{}: {}.{}",
                plural(comparison.axes.len(), "axis", "axes"),
                names.join(", "),
                dates_sentence(&dates)
            ),
            level: format!("{:.0} %", 100.0 * comparison.level),
            version: env!("CARGO_PKG_VERSION"),
            style: STYLE,
            script: SCRIPT,
            style_hash: style_hash.to_string(),
            script_hash: script_hash.to_string(),
            facts,
            loud: loud(comparison),
            sections,
            findings: findings::findings(comparison),
            any_corrected: comparison.axes.iter().any(|axis| axis.corrected),
            groups: groups(comparison),
            coverage_note: coverage_note(comparison),
            evidence: Evidence::new(comparison, statements, options, room),
            methods: findings::methods(comparison),
            notes: comparison.notes.iter().map(|note| note.text.clone()).collect(),
            provenance: options.provenance.clone(),
            by,
            axes,
            chapters,
        }
    }
}

fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn dates_sentence(dates: &str) -> String {
    if dates.is_empty() { String::new() } else { format!(" {dates}.") }
}

/// What stands at the top because every figure depends on it.
fn loud(comparison: &Comparison) -> Vec<String> {
    let shout = ["uncorrected", "not_random", "in_sample", "census", "assumed_random"];
    let mut texts: Vec<String> = comparison
        .notes
        .iter()
        .filter(|note| shout.contains(&note.code))
        .map(|note| note.text.clone())
        .collect();
    let few: Vec<&str> = comparison
        .notes
        .iter()
        .filter(|note| note.code == "too_few_articles")
        .filter_map(|note| note.group.as_deref())
        .collect();
    if few.len() == comparison.groups.len() {
        texts.push(format!(
            "No {} has five articles or more, so there is no interval and nothing can be said about how {}s differ in general: the figures describe these articles alone.",
            comparison.by, comparison.by
        ));
    } else if !few.is_empty() {
        texts.push(format!("No interval, because of fewer than five articles: {}.", few.join(", ")));
    }
    let unlabelled = comparison.gold.as_ref().is_none_or(|gold| gold.sampling == Sampling::Unknown);
    let plan = comparison.axes.iter().find_map(|axis| axis.plan.as_ref());
    if let (true, Some(plan)) = (unlabelled, plan) {
        let reach: Vec<String> = plan
            .rows
            .iter()
            .filter_map(|(gap, n)| n.map(|n| format!("{n} for a difference of {gap}")))
            .collect();
        texts.push(if reach.is_empty() {
            format!("With {} statements in a typical {}, no number of labels would show a difference of 0.75 or less: more articles are needed.", plan.n_statements, comparison.by)
        } else {
            format!("Random hand labels needed in each {} to show a difference in four reports of five: about {}.", comparison.by, reach.join(", "))
        });
    }
    texts
}

fn groups(comparison: &Comparison) -> Vec<GroupRow> {
    comparison
        .groups
        .iter()
        .enumerate()
        .map(|(index, g)| GroupRow {
            index,
            name: g.name.clone(),
            n: g.n_statements,
            articles: g.n_articles,
            stories: g.n_stories,
            speakers: g.n_speakers,
            unattributed: g.n_unattributed,
            doubtful: g.n_doubtful,
            dates: figures::dates(&g.first_date, &g.last_date),
        })
        .collect()
}

fn coverage_note(comparison: &Comparison) -> String {
    let corpus = &comparison.corpus;
    let kinds: Vec<String> = corpus.kinds.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    let mut text =
        format!("The ten most quoted speakers make {:.0} % of all statements.", 100.0 * corpus.top_ten_share);
    if !kinds.is_empty() {
        text = format!("{text} Kinds: {}.", kinds.join(", "));
    }
    text
}
