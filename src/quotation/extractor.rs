use super::digest::digest;
use super::interview::interview;
use super::lexicon::{Lexicon, class};
use super::mention::People;
use super::prose::{Draft, Prose};
use super::reading::Reading;
use super::speaker::{Resolver, Speaker};
use crate::types::{Article, Kind, Span, Statement};

/// Words of a text that are looked at to tell its language.
const SAMPLE: usize = 80;

/// Finds the statements of articles. Built once; shared between threads.
///
/// # Example
///
/// ```
/// use sayso::quotation::Extractor;
/// use sayso::types::{Article, Kind};
///
/// let text = "“The bridge is safe,” said Anna Berg, the chief engineer. She added that it had been checked twice.";
/// let article = Article { text: text.into(), ..Article::default() };
/// let statements = Extractor::new().extract(&article).statements;
///
/// assert_eq!(statements.len(), 2);
/// assert_eq!(statements[0].quote(text), "The bridge is safe");
/// assert_eq!(statements[1].kind, Kind::Indirect);
/// assert_eq!(statements[1].mention, "She");
/// assert_eq!(statements[1].speaker.as_deref(), Some("Anna Berg"));
/// ```
#[derive(Debug)]
pub struct Extractor {
    lexicons: Vec<Lexicon>,
}

/// What was found in one article.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extraction {
    /// In text order; no two overlap.
    pub statements: Vec<Statement>,
    /// What a reader should know: marks that are never closed.
    pub notes: Vec<Note>,
}

impl Extraction {
    /// The statements with the paragraphs of each quotation or answer joined again: one statement per `group`,
    /// whose span runs on over the paragraph breaks.
    ///
    /// # Example
    ///
    /// ```
    /// use sayso::quotation::Extractor;
    /// use sayso::types::Article;
    ///
    /// let text = "“We go.\n\n“We stay,” Anna Berg said.";
    /// let found = Extractor::new().extract(&Article { text: text.into(), ..Article::default() });
    /// assert_eq!(found.statements.len(), 2);
    /// assert_eq!(found.joined()[0].quote(text), "We go.\n\n“We stay");
    /// ```
    pub fn joined(&self) -> Vec<Statement> {
        let mut joined: Vec<Statement> = Vec::with_capacity(self.statements.len());
        for statement in &self.statements {
            match joined.last_mut() {
                Some(open) if open.group.is_some() && open.group == statement.group => {
                    let mut spans = statement.spans.iter();
                    if let (Some(last), Some(first)) = (open.spans.last_mut(), spans.next()) {
                        last.end = first.end;
                    }
                    open.spans.extend(spans);
                }
                _ => joined.push(statement.clone()),
            }
        }
        joined
    }
}

/// Something odd in an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The byte it is about.
    pub at: usize,
    /// What it is, in a sentence.
    pub message: String,
}

impl Default for Extractor {
    fn default() -> Self {
        Self::new()
    }
}

impl Extractor {
    /// An extractor for all languages that come with the crate.
    pub fn new() -> Self {
        Self { lexicons: Lexicon::all() }
    }

    /// The lexicon for an article: the language it names, else the one its text looks like, else the first.
    fn lexicon(&self, article: &Article) -> Option<&Lexicon> {
        let named = |code: &str| self.lexicons.iter().find(|l| l.language == code);
        let code = article.language.as_deref().map(str::to_lowercase);
        if let Some(code) = code {
            return named(code.get(..2).unwrap_or(&code)).or_else(|| self.lexicons.first());
        }
        self.likeliest(&article.text)
    }

    /// The language whose small words (articles, pronouns, prepositions …) the beginning of a text holds most.
    fn likeliest(&self, text: &str) -> Option<&Lexicon> {
        let words: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .take(SAMPLE)
            .map(str::to_lowercase)
            .collect();
        let share =
            |lexicon: &Lexicon| words.iter().filter(|w| lexicon.word(w).classes & class::CLOSED != 0).count();
        // The first of equals, so that the order of the files decides.
        self.lexicons.iter().rev().max_by_key(|lexicon| share(lexicon))
    }

    /// The statements of an article, in text order.
    pub fn extract(&self, article: &Article) -> Extraction {
        let Some(lexicon) = self.lexicon(article) else { return Extraction::default() };
        let reading = Reading::new(&article.text, &article.boilerplate, lexicon);
        let people = People::new(&reading);
        let mut drafts = Vec::new();
        let mut covered = 0..0;
        if let Some(interview) = interview(&reading, &people) {
            covered = interview.covered;
            drafts.extend(interview.answers.into_iter().map(|answer| Draft {
                paragraphs: answer.paragraphs.into_iter().map(|span| vec![span]).collect(),
                kind: Kind::Answer,
                speaker: Speaker {
                    confidence: if answer.speaker.is_some() { 0.9 } else { 0.0 },
                    name: answer.speaker,
                    person: answer.person,
                },
                cue: if answer.mention.is_empty() { "–".into() } else { ":".into() },
                mention: answer.mention,
                rule: answer.rule.into(),
            }));
        } else if let Some(digest) = digest(&reading, &people) {
            covered = digest.paragraphs.clone();
            let speaker = Speaker {
                name: Some(people.list[digest.person].name.clone()),
                person: Some(digest.person),
                confidence: 0.8,
            };
            drafts.extend(digest.paragraphs.map(|p| {
                let (start, end) = reading.paragraphs[p];
                let span =
                    Span::new(reading.items[start].start as usize, reading.items[end - 1].end as usize);
                Draft {
                    paragraphs: vec![vec![span]],
                    kind: Kind::Digest,
                    speaker: speaker.clone(),
                    mention: String::new(),
                    cue: String::new(),
                    rule: "digest".into(),
                }
            }));
        }
        let mut prose = Prose::new(&reading, Resolver::new(&reading, &people));
        for (number, sentence) in reading.sentences.iter().enumerate() {
            if !covered.contains(&(sentence.paragraph as usize)) {
                prose.read(number);
            }
        }
        drafts.append(&mut prose.drafts);
        let notes = reading.unclosed.iter().map(|&at| Note {
            at,
            message:
                "a quotation mark that is never closed; the quotation is taken to end with its paragraph"
                    .into(),
        });
        Extraction { notes: notes.collect(), statements: statements(drafts, &people) }
    }
}

/// Drafts to statements: one per paragraph, in order, without overlaps.
fn statements(drafts: Vec<Draft>, people: &People) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    let mut group = 0;
    for draft in drafts {
        let tie = (draft.paragraphs.len() > 1).then(|| {
            group += 1;
            group
        });
        let person = draft.speaker.person.map(|p| &people.list[p]);
        for spans in draft.paragraphs {
            statements.push(Statement {
                spans,
                kind: draft.kind,
                speaker: draft.speaker.name.clone(),
                mention: draft.mention.clone(),
                cue: draft.cue.clone(),
                cue_rule: draft.rule.clone(),
                group: tie,
                speaker_confidence: draft.speaker.confidence.clamp(0.0, 1.0),
                role: person.and_then(|p| p.role.clone()),
                organisation: person.and_then(|p| p.organisation.clone()),
            });
        }
    }
    statements.retain(|s| !s.spans.is_empty());
    statements.sort_by_key(|s| (s.extent().start, s.extent().end));
    let mut end = 0;
    statements.retain(|s| {
        let extent = s.extent();
        let free = extent.start >= end;
        if free {
            end = extent.end;
        }
        free
    });
    statements
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn extract(text: &str, language: &str) -> Vec<Statement> {
        let article = Article { text: text.into(), language: Some(language.into()), ..Article::default() };
        Extractor::new().extract(&article).statements
    }

    /// The text without `[ ] { }`, what the brackets hold, and what the braces hold.
    fn marked(example: &str) -> (String, Vec<String>, String) {
        let (mut text, mut contents, mut mention) = (String::new(), Vec::new(), String::new());
        let (mut content, mut speaker) = (None, None);
        for c in example.chars() {
            match c {
                '[' => content = Some(text.len()),
                ']' => contents.extend(content.take().map(|from| text[from..].to_string())),
                '{' => speaker = Some(text.len()),
                '}' => mention = speaker.take().map_or(String::new(), |from| text[from..].to_string()),
                c => text.push(c),
            }
        }
        (text, contents, mention)
    }

    fn assert_lawful(text: &str) -> Result<(), TestCaseError> {
        for statements in [extract(text, "en"), extract(text, "xx")] {
            let mut at = 0;
            for statement in &statements {
                prop_assert!(!statement.spans.is_empty());
                for span in &statement.spans {
                    prop_assert!(span.start >= at, "overlap in {text:?}");
                    prop_assert!(!span.slice(text).trim().is_empty(), "no text at {span:?} in {text:?}");
                    at = span.end;
                }
                prop_assert!((0.0..=1.0).contains(&statement.speaker_confidence));
                prop_assert!(statement.speaker.is_some() || statement.speaker_confidence == 0.0);
            }
        }
        Ok(())
    }

    /// Pieces from which news is made, marks first.
    const PIECES: &str = "“|”|\"|''|„|«|»|‘|’|'|, |\\. |: |; |\\? | – |\n\n|\n|\\(|\\)| he | she said | said | told reporters that \
        | according to |, adding that | Anna Berg | Mr\\. Weiss | the ministry |, a lawyer from Kyiv, | the bridge is safe \
        | who | was | claim that | Q: | A: |– | to say | and | in a statement | Ірина | 6000 | U\\.S\\. ";

    proptest! {
        #[test]
        fn any_text_gives_lawful_statements(text in "\\PC{0,200}") {
            assert_lawful(&text)?;
        }

        #[test]
        fn any_news_gives_lawful_statements(text in format!("({PIECES}){{0,60}}").as_str()) {
            assert_lawful(&text)?;
        }

        #[test]
        fn a_paragraph_in_front_shifts_the_spans(text in format!("({PIECES}){{0,60}}").as_str()) {
            let text = format!("Nothing new here.\n\n{}", text.trim_start());
            let front = "It rained all day.\n\n";
            let shifted: Vec<Vec<Span>> = extract(&text, "en")
                .iter()
                .map(|s| s.spans.iter().map(|span| span.shifted(front.len())).collect())
                .collect();
            let found: Vec<Vec<Span>> = extract(&format!("{front}{text}"), "en").into_iter().map(|s| s.spans).collect();
            prop_assert_eq!(shifted, found);
        }
    }

    /// Speakers and contents of an English text.
    fn said(text: &str) -> Vec<(String, String)> {
        extract(text, "en")
            .iter()
            .map(|s| {
                let contents: Vec<&str> = s.spans.iter().map(|span| span.slice(text)).collect();
                (s.speaker.clone().unwrap_or_default(), contents.join(" | "))
            })
            .collect()
    }

    #[test]
    fn subjects_are_read_whole() {
        for (text, speaker, content) in [
            (
                "Anna Berg, director of the Town and Me course, said Weiss believes those efforts will pay off.",
                "Anna Berg",
                "Weiss believes those efforts will pay off",
            ),
            ("About 22 percent said they would stay at home.", "22 percent", "they would stay at home"),
            (
                "A report on poverty in Alpine towns found that many are poor.",
                "A report on poverty in Alpine towns",
                "many are poor",
            ),
            (
                "Two people briefed on the talks in Kyiv said it was late.",
                "Two people briefed on the talks in Kyiv",
                "it was late",
            ),
            ("Minister of Bridges Anna Berg said a pause was needed.", "Anna Berg", "a pause was needed"),
            (
                "The River Bridge Board (RBB) met. RBB say the bridge is safe.",
                "River Bridge Board",
                "the bridge is safe",
            ),
            ("The bigger risk, Berg said, is a flood.", "Berg", "The bigger risk | is a flood"),
        ] {
            assert_eq!(said(text), [(speaker.to_string(), content.to_string())], "{text}");
        }
    }

    #[test]
    fn reports_inside_reports_are_told_apart() {
        let found = said("Berg said the plan was thin – “Nobody has read it,” she said – and left.");
        assert_eq!(found[0], ("Berg".into(), "the plan was thin".into()));
        assert_eq!(found[1].1, "Nobody has read it");
        let found = said(
            "Berg told the Courier that the bridge was “old as the hills,” adding, “It will fall in May.”",
        );
        assert_eq!(found[0], ("Berg".into(), "the bridge was “old as the hills,”".into()));
        assert_eq!(found[1], ("Berg".into(), "It will fall in May.".into()));
    }

    #[test]
    fn hostile_texts_are_read_to_the_end() {
        for unit in [
            "\"",
            "“",
            "„",
            "'a ",
            "he said ",
            "Anna Berg ",
            "\n",
            "“a,” he said, “b,” ",
            "saying a, ",
            "– Who?\n",
        ] {
            assert_lawful(&unit.repeat(100_000 / unit.len())).expect("lawful statements");
        }
    }

    #[test]
    fn every_cue_passes_its_examples_and_counter_examples() {
        let mut failures = Vec::new();
        for lexicon in Extractor::new().lexicons {
            for cue in &lexicon.cues {
                for example in &cue.examples {
                    let (text, contents, mention) = marked(example);
                    let statements = extract(&text, &lexicon.language);
                    let quotes: Vec<&str> =
                        statements.iter().flat_map(|s| &s.spans).map(|s| s.slice(&text)).collect();
                    let clean =
                        |s: &str| s.trim_matches(['“', '”', '"', '?', '!', '„', '«', '»']).to_string();
                    let same = quotes.iter().map(|q| clean(q)).eq(contents.iter().map(|c| clean(c)));
                    let by = statements.iter().all(|s| s.mention == mention && s.cue_rule == cue.id);
                    if !same || !by {
                        failures.push(format!("{}: {example}\n    found {statements:?}", cue.id));
                    }
                }
                for counter in &cue.counter {
                    let found = extract(counter, &lexicon.language);
                    if !found.is_empty() {
                        failures.push(format!("{}: {counter}\n    found {found:?}", cue.id));
                    }
                }
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
}
