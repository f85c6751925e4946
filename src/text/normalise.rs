use any_ascii::any_ascii_char;

/// A word's form for comparison across spellings: lower case, without accents, in Latin letters.
///
/// Letters of other alphabets are transliterated one by one, and the commonest ways to romanise the same Slavic
/// sound are made equal, so that names meet: `Lukašenka`, `Лукашенка` and `Lukashenka`; `Jurkonis` and
/// `Yurkonis`; `Wladimir` stays apart from `Vladimir` by one letter, which [`edit_similarity`] forgives.
///
/// # Example
///
/// ```
/// use sayso::text::fold;
///
/// assert_eq!(fold("Zoë"), "zoe");
/// assert_eq!(fold("Jurkonis"), fold("Yurkonis"));
/// assert_eq!(fold("Шойгу"), fold("Shoygu"));
/// ```
pub fn fold(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            'š' | 'Š' => plain.push_str("sh"),
            'č' | 'Č' => plain.push_str("ch"),
            'ž' | 'Ž' => plain.push_str("zh"),
            'ь' | 'ъ' | 'Ь' | 'Ъ' | '’' | '\'' | 'ʼ' => {}
            'й' | 'Й' | 'ы' | 'Ы' => plain.push('y'),
            'х' | 'Х' => plain.push_str("kh"),
            c if c.is_ascii() => plain.push(c),
            c => plain.push_str(any_ascii_char(c)),
        }
    }
    plain.make_ascii_lowercase();
    plain.replace('j', "y").replace("iy", "y").replace("yi", "y").replace("ii", "y").replace('w', "v")
}

/// How alike two words are: `1 − distance / longer length` with the indel distance, in [0, 1], 1 for equal.
pub fn edit_similarity(a: &str, b: &str) -> f64 {
    rapidfuzz::fuzz::ratio(a.chars(), b.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_meet() {
        for (a, b) in [("Lukašenka", "Лукашенка"), ("Sergiy", "Сергий"), ("Wolodymyr", "Volodymyr")]
        {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
        assert!(edit_similarity(&fold("Lukashenka"), &fold("Lukashenko")) >= 0.85);
        assert!(edit_similarity(&fold("Putin"), &fold("Pushilin")) < 0.85);
    }
}
