//! Any bytes, decoded as the article reader decodes them, give lawful statements and no panic.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sayso::quotation::{Extractor, Extraction};
use sayso::types::Article;

static EXTRACTOR: LazyLock<Extractor> = LazyLock::new(Extractor::new);

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).into_owned();
    for language in [None, Some("de"), Some("uk")] {
        let article = Article {
            boilerplate: sayso::text::boilerplate(&text),
            text: text.clone(),
            language: language.map(str::to_string),
            ..Article::default()
        };
        let Extraction { statements, .. } = EXTRACTOR.extract(&article);
        let mut at = 0;
        for span in statements.iter().flat_map(|s| &s.spans) {
            assert!(span.start >= at, "overlap");
            assert!(!span.slice(&text).trim().is_empty(), "no text");
            at = span.end;
        }
    }
});
