//! The rules of [`super::text`] as the index calls them while it writes, on a thread of its own.
//!
//! A field gets all its texts at once, one on each line.

use super::text;
use tantivy::Index;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Names with the places of their words, so that phrases are found.
pub(super) const NAMES: &str = "names";
/// Words, each of them once.
pub(super) const WORDS: &str = "words";
/// Lines as they are.
pub(super) const LINES: &str = "lines";

/// Words of names in one field that count: a record with hundreds of editions has as many titles.
const MAX_NAME_TOKENS: usize = 256;
/// Between two names, so that no phrase spans both.
const NAME_GAP: usize = 16;

/// Tells an index how its fields are cut.
pub(super) fn register(index: &Index) {
    index.tokenizers().register(NAMES, Cutter(names));
    index.tokenizers().register(WORDS, Cutter(words));
    index.tokenizers().register(LINES, Cutter(lines));
}

/// Cuts a text into terms with their places.
#[derive(Clone, Copy)]
struct Cutter(fn(&str) -> Vec<(String, usize)>);

struct Cut {
    terms: std::vec::IntoIter<(String, usize)>,
    token: Token,
}

impl Tokenizer for Cutter {
    type TokenStream<'a> = Cut;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Cut {
        Cut { terms: self.0(text).into_iter(), token: Token::default() }
    }
}

impl TokenStream for Cut {
    fn advance(&mut self) -> bool {
        let Some((text, position)) = self.terms.next() else { return false };
        self.token.text = text;
        self.token.position = position;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

fn names(text: &str) -> Vec<(String, usize)> {
    let (mut tokens, mut start) = (Vec::new(), 0);
    for name in text.lines() {
        for (term, place) in text::index_tokens(name) {
            tokens.push((term, start + place));
        }
        start = tokens.last().map_or(0, |(_, last)| last + NAME_GAP);
    }
    tokens.truncate(MAX_NAME_TOKENS);
    tokens
}

fn words(text: &str) -> Vec<(String, usize)> {
    let mut terms: Vec<String> = text.lines().flat_map(text::index_terms).collect();
    terms.sort_unstable();
    terms.dedup();
    terms.into_iter().zip(0..).collect()
}

fn lines(text: &str) -> Vec<(String, usize)> {
    text.lines().map(str::to_owned).zip(0..).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_apart_and_words_once() {
        let terms = names("Low Water\nAM/PM\n潮 Sea");
        let at = |term: &str| terms.iter().find(|(found, _)| found == term).map(|(_, place)| *place);
        assert_eq!([at("low"), at("water")], [Some(0), Some(1)]);
        assert_eq!([at("ampm"), at("am"), at("pm")], [Some(17), Some(17), Some(18)]);
        assert_eq!([at("潮"), at("sea")], [Some(34), Some(35)]);
        let terms = |text| words(text).into_iter().map(|(term, _)| term).collect::<Vec<_>>().join(" ");
        assert_eq!(terms("CD Album\nalbum"), "album cd");
        assert_eq!(names(&"word ".repeat(999)).len(), MAX_NAME_TOKENS);
        assert_eq!(lines("link\ncue").len(), 2);
    }
}
