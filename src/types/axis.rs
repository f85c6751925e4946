use serde::{Deserialize, Serialize};

/// Where a class lies on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pole {
    /// The pole that scores −1.
    Low,
    /// Between the poles: scores 0.
    Neutral,
    /// The pole that scores +1.
    High,
}

impl Pole {
    /// −1, 0 or +1.
    pub fn value(self) -> f64 {
        match self {
            Self::Low => -1.0,
            Self::Neutral => 0.0,
            Self::High => 1.0,
        }
    }
}

/// A class of an axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// The id used in label files: `pro-kyiv`.
    pub id: String,
    /// The name used in reports: "pro-Kyiv".
    pub title: String,
    /// Other spellings that label files may hold: `+1`, `ukraine`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// A scale with a low and a high pole and usually a neutral class, or a plain set of nominal classes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// Column name in label files and prefix of the columns of scored files.
    pub id: String,
    /// What an annotator is asked.
    #[serde(default)]
    pub question: String,
    /// The pole that scores −1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<Class>,
    /// The pole that scores +1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<Class>,
    /// The class between the poles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neutral: Option<Class>,
    /// The classes of a nominal axis, which has no poles and no score.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<Class>,
    /// What to look at, and the hard cases.
    #[serde(default)]
    pub guideline: String,
}

impl Axis {
    /// An axis without poles, from class ids.
    pub fn nominal(id: impl Into<String>, classes: impl IntoIterator<Item = String>) -> Self {
        let classes =
            classes.into_iter().map(|id| Class { title: id.clone(), id, aliases: Vec::new() }).collect();
        Self {
            id: id.into(),
            question: String::new(),
            low: None,
            high: None,
            neutral: None,
            classes,
            guideline: String::new(),
        }
    }

    /// True when it has two poles, so that statements get a score.
    pub fn has_poles(&self) -> bool {
        self.low.is_some() && self.high.is_some()
    }

    /// The classes: low, neutral (if any), high; or the nominal classes in their given order.
    ///
    /// This order is the order of every probability vector.
    pub fn classes(&self) -> Vec<&Class> {
        if self.has_poles() {
            [&self.low, &self.neutral, &self.high].into_iter().flatten().collect()
        } else {
            self.classes.iter().collect()
        }
    }

    /// The pole of the class at `index` of [`Axis::classes`]; `None` on a nominal axis.
    pub fn pole(&self, index: usize) -> Option<Pole> {
        if !self.has_poles() {
            return None;
        }
        match (index, self.neutral.is_some()) {
            (0, _) => Some(Pole::Low),
            (1, true) => Some(Pole::Neutral),
            (1, false) | (2, true) => Some(Pole::High),
            _ => None,
        }
    }

    /// The index in [`Axis::classes`] of a class id, title or alias; case and outer blanks do not count.
    pub fn class_index(&self, word: &str) -> Option<usize> {
        let word = spelling(word);
        self.classes().iter().position(|class| {
            spelling(&class.id) == word
                || spelling(&class.title) == word
                || class.aliases.iter().any(|alias| spelling(alias) == word)
        })
    }

    /// p(high) − p(low), in [−1, 1]; `None` on a nominal axis. `p` is in the order of [`Axis::classes`].
    pub fn score(&self, p: &[f64]) -> Option<f64> {
        if !self.has_poles() || p.len() < 2 {
            return None;
        }
        Some((p[p.len() - 1] - p[0]).clamp(-1.0, 1.0))
    }
}

/// The axes of a project, as `axes.toml` holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AxisSet {
    /// The axes, in file order, which is the order of all output columns.
    #[serde(rename = "axis", default)]
    pub axes: Vec<Axis>,
}

impl AxisSet {
    /// The axis with this id.
    pub fn get(&self, id: &str) -> Option<&Axis> {
        self.axes.iter().find(|axis| axis.id == id)
    }
}

/// A word in lower case and with single blanks: what spells one class.
pub(crate) fn spelling(word: &str) -> String {
    word.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
