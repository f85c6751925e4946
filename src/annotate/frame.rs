use std::collections::BTreeMap;

use super::mark::Mark;
use crate::text::CodePoints;
use crate::types::{Article, ScoredStatement};

/// A statement that can be labelled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// Unique, and the same in every run on the same articles.
    pub key: String,
    /// The untouched mark: place, text, speaker, outlet, date.
    pub blank: Mark,
    /// The parts in code points, where the attribution splits the statement; else empty.
    pub parts: Vec<(usize, usize)>,
    /// How the speaker is named here.
    pub mention: String,
    /// The speaker's role and organisation as the article gives them.
    pub role: String,
    /// The article's headline.
    pub title: String,
    /// Where the article stands on the web.
    pub url: String,
    /// Probabilities by axis id, from a model; empty without one.
    pub scores: BTreeMap<String, Vec<f64>>,
}

/// Everything there is to label, with the articles around it.
#[derive(Debug, Default)]
pub struct Frame {
    articles: BTreeMap<String, Article>,
    /// The statements, in the order in which they were given.
    pub items: Vec<Item>,
    by_key: BTreeMap<String, usize>,
    by_article: BTreeMap<String, Vec<usize>>,
}

impl Frame {
    /// Puts statements into their articles.
    ///
    /// # Arguments
    ///
    /// * `articles` - those at hand; a statement of another one is labelled without its context.
    ///
    /// # Returns
    ///
    /// The frame, and a remark on every statement that does not stand where its offsets say. It is looked up by
    /// its words; when these stand in the article not at all or more than once, it is left without context.
    pub fn new(articles: Vec<Article>, statements: Vec<ScoredStatement>) -> (Self, Vec<String>) {
        let articles = articles.into_iter().map(|a| (a.id.clone(), a)).collect();
        let mut frame = Self { articles, ..Self::default() };
        let mut remarks = Vec::new();
        for statement in statements {
            let item = frame.item(statement, &mut remarks);
            if !frame.push(item.clone()) {
                remarks.push(format!("{} stands there twice; it is served once", item.key));
            }
        }
        (frame, remarks)
    }

    fn item(&self, s: ScoredStatement, remarks: &mut Vec<String>) -> Item {
        let place = s.start.zip(s.end).filter(|_| !s.article.is_empty());
        let place = match self.articles.get(&s.article) {
            None => place,
            Some(article) => anchor(article, place, &s.quote).or_else(|| {
                remarks.push(format!(
                    "article {}: the statement {:?} stands there not once; it is shown without its context",
                    s.article,
                    s.quote.chars().take(60).collect::<String>()
                ));
                None
            }),
        };
        let parts = if place == s.start.zip(s.end) { s.spans } else { Vec::new() };
        let role = [s.role.as_str(), s.organisation.as_str()];
        let role = role.into_iter().filter(|r| !r.is_empty()).collect::<Vec<_>>().join(", ");
        let blank = Mark {
            article: s.article,
            start: place.map(|p| p.0),
            end: place.map(|p| p.1),
            quote: s.quote.trim().to_string(),
            speaker: s.speaker,
            outlet: s.outlet,
            date: s.date,
            group: s.group,
            ..Mark::default()
        };
        Item {
            key: key(&blank),
            blank,
            parts,
            mention: s.mention,
            role,
            title: s.title,
            url: s.url,
            scores: s
                .axes
                .into_iter()
                .map(|(id, score)| (id, score.p))
                .filter(|(_, p)| !p.is_empty())
                .collect(),
        }
    }

    /// Adds an item; false when its key is there already.
    pub fn push(&mut self, item: Item) -> bool {
        if self.by_key.contains_key(&item.key) {
            return false;
        }
        let at = self.items.len();
        self.by_key.insert(item.key.clone(), at);
        self.by_article.entry(item.blank.article.clone()).or_default().push(at);
        self.items.push(item);
        true
    }

    /// The article of an item.
    pub fn article(&self, item: usize) -> Option<&Article> {
        self.articles.get(&self.items.get(item)?.blank.article)
    }

    /// The item with this key.
    pub fn find(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// The item that a row of a label file is about: the one with its key, else the one in its article that
    /// shares most characters with it, if these are at least half of what the two cover together.
    pub fn find_like(&self, row: &Mark) -> Option<usize> {
        if let Some(item) = self.find(&key(row)) {
            return Some(item);
        }
        let span = row.start.zip(row.end)?;
        let share = |i: &usize| {
            let blank = &self.items[*i].blank;
            let other = blank.start.zip(blank.end)?;
            let common = span.1.min(other.1).saturating_sub(span.0.max(other.0));
            let union = span.1.max(other.1) - span.0.min(other.0);
            (2 * common >= union).then_some((common, *i))
        };
        let candidates = self.by_article.get(&row.article)?;
        candidates
            .iter()
            .filter_map(share)
            .max_by_key(|(common, i)| (*common, usize::MAX - i))
            .map(|(_, i)| i)
    }
}

impl Item {
    /// How unsure the model is, in [0, 1]: one minus the lead of the first class over the second, on the axis
    /// where that is smallest; `None` without a model. Direction: higher is more doubtful.
    pub fn doubt(&self) -> Option<f64> {
        let margin = |p: &Vec<f64>| {
            let mut p = p.clone();
            p.sort_by(|a, b| b.total_cmp(a));
            (p.len() > 1).then(|| 1.0 - (p[0] - p[1]))
        };
        self.scores.values().filter_map(margin).max_by(f64::total_cmp)
    }
}

/// Article and offsets where they are known, else the words themselves.
fn key(mark: &Mark) -> String {
    match (mark.start, mark.end) {
        (Some(start), Some(end)) if !mark.article.is_empty() => format!("{}:{start}-{end}", mark.article),
        _ => format!("{}:{:?}", mark.article, mark.quote),
    }
}

/// Where a quote stands: at its offsets, else where its words stand, if that is once.
fn anchor(article: &Article, place: Option<(usize, usize)>, quote: &str) -> Option<(usize, usize)> {
    let points = CodePoints::new(&article.text);
    if let Some((start, end)) = place
        && let Some(span) = points.to_span(start, end)
        && reads(span.slice(&article.text), quote)
    {
        return place;
    }
    let quote = quote.trim();
    let mut found = article.text.match_indices(quote).filter(|_| !quote.is_empty());
    let (at, _) = found.next()?;
    if found.next().is_some() {
        return None;
    }
    Some((points.of_byte(at), points.of_byte(at + quote.len())))
}

/// True when `text` is the quote, or holds its parts one after the other.
fn reads(text: &str, quote: &str) -> bool {
    if text == quote || text.trim() == quote.trim() {
        return true;
    }
    let mut rest = text;
    let mut parts = quote.split(" … ").peekable();
    parts.peek().is_some_and(|first| text.starts_with(first))
        && parts.all(|part| match rest.find(part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article() -> Article {
        Article {
            id: "a".into(),
            text: "👩‍🚒 “Нет”, he said, “not now”. Not now.".into(),
            ..Article::default()
        }
    }

    fn statement(start: usize, end: usize, quote: &str) -> ScoredStatement {
        ScoredStatement {
            article: "a".into(),
            start: Some(start),
            end: Some(end),
            quote: quote.into(),
            ..ScoredStatement::default()
        }
    }

    #[test]
    fn offsets_are_checked_and_words_that_stand_once_are_found_again() {
        let statements = vec![
            statement(5, 8, "Нет"),
            statement(5, 28, "Нет … not now"),
            statement(7, 16, "he said"),
            statement(1, 2, "ow"),
        ];
        let (frame, remarks) = Frame::new(vec![article()], statements);
        let places: Vec<_> = frame.items.iter().map(|i| i.blank.start.zip(i.blank.end)).collect();
        assert_eq!(places, [Some((5, 8)), Some((5, 28)), Some((11, 18)), None]);
        assert_eq!(remarks.len(), 1, "{remarks:?}");
    }

    #[test]
    fn a_row_is_about_the_item_that_it_shares_half_its_characters_with() {
        let (frame, _) =
            Frame::new(vec![article()], vec![statement(5, 8, "Нет"), statement(11, 18, "he said")]);
        let row =
            |start, end| Mark { article: "a".into(), start: Some(start), end: Some(end), ..Mark::default() };
        assert_eq!(frame.find_like(&row(11, 18)), Some(1));
        assert_eq!(frame.find_like(&row(10, 18)), Some(1));
        assert_eq!(frame.find_like(&row(11, 14)), None);
        assert_eq!(frame.find_like(&row(30, 33)), None);
    }

    #[test]
    fn doubt_is_largest_where_two_classes_are_level() {
        let item = |p: &[f64]| Item { scores: [("x".to_string(), p.to_vec())].into(), ..Item::default() };
        assert_eq!(item(&[0.4, 0.4, 0.2]).doubt(), Some(1.0));
        assert!(item(&[0.8, 0.1, 0.1]).doubt() < item(&[0.5, 0.1, 0.4]).doubt());
        assert_eq!(Item::default().doubt(), None);
    }
}
