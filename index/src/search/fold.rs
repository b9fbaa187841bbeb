//! Letters to their plain form: `Sigur RÓS` and `sigur ros` are asked for alike.
//!
//! Case, diacritics, full-width and other compatible forms, precomposed or not. Not here: where a
//! word begins and ends ([`super::text`]).

use std::cell::RefCell;
use tantivy::tokenizer::{AsciiFoldingFilter, RawTokenizer, TextAnalyzer};

thread_local! {
    /// Knows the Latin letters of all languages, typographic quotes and dashes, full-width forms. One for each
    /// thread: to make one costs more than to fold a name.
    static LATIN: RefCell<TextAnalyzer> =
        RefCell::new(TextAnalyzer::builder(RawTokenizer::default()).filter(AsciiFoldingFilter).build());
}

/// The plain form of a text. Folding twice is folding once.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .filter(|letter| !is_mark(*letter))
        .map(base_letter)
        .collect();
    if lower.is_ascii() {
        return lower;
    }
    let mut plain = String::with_capacity(lower.len());
    LATIN.with_borrow_mut(|latin| {
        latin.token_stream(&lower).process(&mut |token| plain.push_str(&token.text));
    });
    plain.make_ascii_lowercase();
    plain
}

/// Marks that change no word: accents that stand apart from their letter, vowel points of Hebrew
/// and Arabic, variation selectors, invisible joiners. The vowel signs of Indic scripts are not
/// among them: they are the word.
fn is_mark(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'
        | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}'
        | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Precomposed letters outside of Latin, which a mark taken away would leave as these.
fn base_letter(letter: char) -> char {
    match letter {
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        'ё' | 'ѐ' => 'е',
        'й' | 'ѝ' | 'ӣ' => 'и',
        'ї' => 'і',
        'ў' | 'ӯ' => 'у',
        'ѓ' => 'г',
        'ќ' => 'к',
        'آ' | 'أ' | 'إ' | 'ٱ' => 'ا',
        'ؤ' => 'و',
        'ئ' => 'ي',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_and_diacritics_are_folded() {
        for (text, plain) in [
            ("Sigur RÓS", "sigur ros"),
            ("Sigur Ro\u{301}s", "sigur ros"),
            ("MØTRIK Ærø ßaß Łódź Đorđe Þ", "motrik aero ssass lodz dorde th"),
            ("İstanbul ISPARTA ı", "istanbul isparta i"),
            ("Ｆｕｌｌ　Ｗｉｄｔｈ", "full　width"),
            ("Ёлка Й И\u{306}", "елка и и"),
            ("ΌΛΑ ΟΔΌΣ", "ολα οδοσ"),
            ("“Don’t” – …", "\"don't\" - …"),
            ("ﬁn ②", "fin 2"),
            ("أغنية", "اغنية"),
            ("東京", "東京"),
            ("हिन्दी", "हिन्दी"),
        ] {
            assert_eq!(fold(text), plain, "{text}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
