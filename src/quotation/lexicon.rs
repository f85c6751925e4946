//! Word classes and cues of a language, read from the data files in `lexicon/`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use serde::Deserialize;

/// Sets of word classes, one bit each.
pub(crate) mod class {
    /// The names of the classes in the lexicon files, in bit order.
    pub const NAMES: [&str; 49] = [
        "determiner",
        "possessive",
        "he",
        "she",
        "it",
        "they",
        "i",
        "we",
        "genitive",
        "other_pronoun",
        "relative",
        "complementizer",
        "wh",
        "negation",
        "be",
        "auxiliary",
        "modal",
        "infinitive",
        "coordination",
        "subordination",
        "preposition",
        "attaching",
        "adverb",
        "time",
        "verb",
        "title",
        "indefinite",
        "reported",
        "role",
        "role_male",
        "role_female",
        "group",
        "organisation",
        "saying",
        "nationality",
        "name_part",
        "male",
        "female",
        "abbreviation",
        "digest_noun",
        "interview_noun",
        "question_label",
        "answer_label",
        "not_name",
        "male_form",
        "female_form",
        "plural_form",
        "contrast",
        "work",
    ];
    macro_rules! bits {
        ($($name:ident = $bit:expr;)*) => { $(pub const $name: u64 = 1 << $bit;)* };
    }
    bits! {
        DETERMINER = 0; POSSESSIVE = 1; HE = 2; SHE = 3; IT = 4; THEY = 5; I = 6; WE = 7; GENITIVE = 8; OTHER_PRONOUN = 9;
        RELATIVE = 10; COMPLEMENTIZER = 11; WH = 12; NEGATION = 13; BE = 14; AUXILIARY = 15; MODAL = 16;
        INFINITIVE = 17; COORDINATION = 18; SUBORDINATION = 19; PREPOSITION = 20; ATTACHING = 21; ADVERB = 22;
        TIME = 23; VERB = 24; TITLE = 25; INDEFINITE = 26; REPORTED = 27; ROLE = 28; ROLE_MALE = 29;
        ROLE_FEMALE = 30; GROUP = 31; ORGANISATION = 32; SAYING = 33; NATIONALITY = 34; NAME_PART = 35; MALE = 36;
        FEMALE = 37; ABBREVIATION = 38; DIGEST_NOUN = 39; INTERVIEW_NOUN = 40; QUESTION_LABEL = 41;
        ANSWER_LABEL = 42; NOT_NAME = 43; MALE_FORM = 44; FEMALE_FORM = 45; PLURAL_FORM = 46; CONTRAST = 47; WORK = 48;
        // Set by the lexicon for the forms of verbs that report.
        CUE_VERB = 50;
        // Set by the reader, not by the lexicon.
        CAPITAL = 51; SHOUT = 52; NUMBER = 53; COMMA = 54; STOP = 55; COLON = 56; SEMICOLON = 57; DASH = 58;
        OPEN = 59; CLOSE = 60; QUOTE = 61; WORD = 62; FIRST = 63;
    }
    /// Pronouns that can be a subject.
    pub const SUBJECT: u64 = HE | SHE | IT | THEY | I | WE;
    /// Words that no name begins with, even at the head of a sentence.
    pub const CLOSED: u64 = DETERMINER
        | POSSESSIVE
        | SUBJECT
        | OTHER_PRONOUN
        | RELATIVE
        | WH
        | NEGATION
        | AUXILIARY
        | MODAL
        | COORDINATION
        | SUBORDINATION
        | PREPOSITION
        | ADVERB
        | NOT_NAME;
}

/// What a cue takes, one bit each.
pub(crate) mod takes {
    /// The words used in the lexicon files, in bit order.
    pub const NAMES: [&str; 14] = [
        "that", "bare", "marks", "trailing", "wh", "object", "noun", "source", "passive", "part", "loose",
        "close", "to", "deed",
    ];
    pub const THAT: u16 = 1;
    pub const BARE: u16 = 1 << 1;
    pub const MARKS: u16 = 1 << 2;
    pub const TRAILING: u16 = 1 << 3;
    pub const WH: u16 = 1 << 4;
    pub const OBJECT: u16 = 1 << 5;
    pub const NOUN: u16 = 1 << 6;
    pub const SOURCE: u16 = 1 << 7;
    pub const PASSIVE: u16 = 1 << 8;
    pub const PART: u16 = 1 << 9;
    pub const LOOSE: u16 = 1 << 10;
    pub const CLOSE: u16 = 1 << 11;
    pub const TO: u16 = 1 << 12;
    pub const DEED: u16 = 1 << 13;
}

/// One entry of the list of cues.
#[derive(Debug, Clone)]
pub(crate) struct Cue {
    /// Reaches the output as `cue_rule`, with the language before it: `en.say`.
    pub id: String,
    /// What it takes: bits of [`takes`].
    pub takes: u16,
    /// Sentences with `[content]` and `{speaker}` marked.
    #[cfg(test)]
    pub examples: Vec<String>,
    /// Sentences that hold no statement.
    #[cfg(test)]
    pub counter: Vec<String>,
}

/// A form of a cue, found by its first word.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// Index into [`Lexicon::cues`].
    pub cue: u16,
    /// The form is a present participle or gerund, which has no subject of its own.
    pub gerund: bool,
    /// The words after the first.
    pub rest: Vec<String>,
}

/// What is known about a word.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WordInfo {
    /// Bits of [`class`].
    pub classes: u64,
    /// 1 + index into [`Lexicon::forms`]; 0 when no cue begins with it.
    pub forms: u16,
}

/// A language's words and cues.
#[derive(Debug)]
pub(crate) struct Lexicon {
    /// ISO 639-1 code.
    pub language: String,
    /// A lower-case word that ends so counts as an adverb; may be empty.
    pub adverb_suffix: String,
    /// All nouns are capitalised, so that a capital does not make a name.
    pub capital_nouns: bool,
    /// A clause is set off from its verb by a comma, and the subject may follow the verb at the sentence's head.
    pub clause_comma: bool,
    /// Words in marks within reported speech are given alone, as quotations of their own.
    pub marked_parts: bool,
    /// The cues in file order.
    pub cues: Vec<Cue>,
    /// The forms that share a first word, longest first.
    pub forms: Vec<Vec<Form>>,
    words: HashMap<Box<str>, WordInfo, BuildHasherDefault<Fnv>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    language: String,
    #[serde(default)]
    adverb_suffix: String,
    #[serde(default)]
    capital_nouns: bool,
    #[serde(default)]
    clause_comma: bool,
    #[serde(default)]
    marked_parts: bool,
    words: HashMap<String, String>,
    cue: Vec<FileCue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileCue {
    id: String,
    forms: String,
    #[serde(default)]
    gerund: String,
    takes: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "the examples are tests"))]
    examples: Vec<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "the counter-examples are tests"))]
    counter: Vec<String>,
}

/// The data files, in order of preference.
const FILES: [&str; 4] = [
    include_str!("lexicon/en.toml"),
    include_str!("lexicon/de.toml"),
    include_str!("lexicon/uk.toml"),
    include_str!("lexicon/ru.toml"),
];

impl Lexicon {
    /// All languages that come with the crate.
    pub fn all() -> Vec<Self> {
        let read =
            |file: &&str| Self::read(file).expect("the files are part of the crate and a test reads them");
        FILES.iter().map(read).collect()
    }

    fn read(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut lexicon = Self {
            language: file.language,
            adverb_suffix: file.adverb_suffix,
            capital_nouns: file.capital_nouns,
            clause_comma: file.clause_comma,
            marked_parts: file.marked_parts,
            cues: Vec::new(),
            forms: Vec::new(),
            words: HashMap::default(),
        };
        for (name, words) in &file.words {
            let bit = class::NAMES.iter().position(|n| n == name).ok_or(format!("no word class {name}"))?;
            for word in words.split_whitespace() {
                lexicon.words.entry(word.into()).or_default().classes |= 1 << bit;
            }
        }
        for cue in file.cue {
            lexicon.add_cue(&cue)?;
        }
        for forms in &mut lexicon.forms {
            forms.sort_by_key(|form| std::cmp::Reverse(form.rest.len()));
        }
        Ok(lexicon)
    }

    fn add_cue(&mut self, cue: &FileCue) -> Result<(), String> {
        let mut bits = 0;
        for name in cue.takes.split_whitespace() {
            let bit =
                takes::NAMES.iter().position(|n| *n == name).ok_or(format!("{}: takes {name}?", cue.id))?;
            bits |= 1 << bit;
        }
        let index = self.cues.len() as u16;
        for (forms, gerund) in [(&cue.forms, false), (&cue.gerund, true)] {
            for form in split_forms(forms) {
                self.add_form(&form, index, bits & (takes::NOUN | takes::SOURCE) == 0, gerund);
            }
        }
        self.cues.push(Cue {
            id: format!("{}.{}", self.language, cue.id),
            takes: bits,
            #[cfg(test)]
            examples: cue.examples.clone(),
            #[cfg(test)]
            counter: cue.counter.clone(),
        });
        Ok(())
    }

    fn add_form(&mut self, form: &str, cue: u16, verb: bool, gerund: bool) {
        let mut words = form.split_whitespace();
        let Some(first) = words.next() else { return };
        let rest = words.map(str::to_string).collect();
        let info = self.words.entry(first.into()).or_default();
        // "was quoted as saying" begins with an auxiliary, which alone reports nothing.
        if verb && info.classes & class::AUXILIARY == 0 {
            info.classes |= class::CUE_VERB;
        }
        if info.forms == 0 {
            self.forms.push(Vec::new());
            info.forms = self.forms.len() as u16;
        }
        self.forms[info.forms as usize - 1].push(Form { cue, gerund, rest });
    }

    /// What is known about a word in lower case.
    pub fn word(&self, lower: &str) -> WordInfo {
        self.words.get(lower).copied().unwrap_or_default()
    }

    /// The forms that begin with the word of this [`WordInfo::forms`].
    pub fn forms(&self, forms: u16) -> &[Form] {
        if forms == 0 { &[] } else { &self.forms[forms as usize - 1] }
    }
}

/// Forms of one word stand first, separated by white space; forms of several words follow, each after a `|`.
fn split_forms(forms: &str) -> Vec<String> {
    let (single, several) = forms.split_once('|').unwrap_or((forms, ""));
    let single = single.split_whitespace();
    single.chain(several.split('|')).map(str::trim).filter(|f| !f.is_empty()).map(str::to_string).collect()
}

/// FNV-1a: short keys of our own, so speed counts and collisions cannot be provoked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_sound() {
        for file in FILES {
            let lexicon = Lexicon::read(file).expect("a readable lexicon");
            for cue in &lexicon.cues {
                assert!(!cue.examples.is_empty(), "{} has no example", cue.id);
                assert!(!cue.counter.is_empty(), "{} has no counter-example", cue.id);
            }
        }
        assert_eq!(Lexicon::all().len(), FILES.len());
    }

    #[test]
    fn an_unknown_class_or_frame_is_refused() {
        let class = "language = \"xx\"\ncue = []\n[words]\ncolour = \"red\"\n";
        assert_eq!(Lexicon::read(class).unwrap_err(), "no word class colour");
    }
}
