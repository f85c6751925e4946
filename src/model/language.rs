use serde::{Deserialize, Serialize};

use crate::features::Passage;

/// The language of the training texts, so that texts in another one get no score.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Language {
    /// ISO 639-3 code, as far as it could be told.
    pub code: Option<String>,
    /// Unicode script: "Latin".
    pub script: Option<String>,
}

/// So much text is read to tell the language of the training set.
const SAMPLE: usize = 200_000;
/// A foreign text has hardly a word that the model knows; above this share it is not asked what language it is.
const FAMILIAR: f64 = 0.34;
/// Fewer words say too little about a language.
const FEWEST_WORDS: usize = 4;

impl Language {
    /// The language of these texts, and their script.
    pub fn of(passages: &[Passage<'_>]) -> Self {
        let mut sample = String::new();
        for passage in passages {
            if sample.len() > SAMPLE {
                break;
            }
            sample.push_str(passage.text);
            sample.push('\n');
        }
        let script = whatlang::detect_script(&sample).map(|s| s.to_string());
        let code =
            whatlang::detect(&sample).filter(whatlang::Info::is_reliable).map(|i| i.lang().code().into());
        Self { code, script }
    }

    /// True when a text is in another script, or plainly in another language.
    ///
    /// One sentence is too short for a sure guess, so the words decide first: a text with a fair share of words
    /// that the model knows is in its language.
    pub fn is_foreign(&self, text: &str, n_words: usize, known_share: f64) -> bool {
        if n_words < FEWEST_WORDS || known_share > FAMILIAR {
            return false;
        }
        if let (Some(script), Some(found)) = (&self.script, whatlang::detect_script(text))
            && *script != found.to_string()
        {
            return true;
        }
        let Some(code) = &self.code else { return false };
        whatlang::detect(text).is_some_and(|info| info.is_reliable() && info.lang().code() != code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_script_and_another_language_are_told_apart_from_rare_words() {
        let texts = ["The talks with the neighbouring country will go on next week, the minister said."; 4];
        let language = Language::of(&texts.map(Passage::from));
        assert_eq!((language.code.as_deref(), language.script.as_deref()), (Some("eng"), Some("Latin")));
        assert!(language.is_foreign("Мы будем говорить о границе завтра утром", 7, 0.0));
        assert!(language.is_foreign(
            "Wir werden morgen früh über die Grenze und die Truppen sprechen",
            11,
            0.05
        ));
        assert!(!language.is_foreign("Wir werden morgen früh über die Grenze sprechen", 8, 0.6));
        assert!(!language.is_foreign("No", 1, 0.0));
    }
}
