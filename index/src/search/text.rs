//! Text to terms: the same rules for what is indexed and for what is asked.
//!
//! A text is cut at spaces into chunks. A chunk with punctuation inside (`AC/DC`, `Don't`,
//! `NHR-014`) can be found by its parts and by all of them run together. Scripts written without
//! spaces are cut into pairs of characters. Chunks of nothing but signs (`!!!`, `( )`) are kept,
//! as names may consist of them.

use super::fold::fold;

/// Longer words are cut, in what is indexed and in what is asked alike.
const MAX_TERM_CHARS: usize = 64;
/// Whole names are told apart by so many bytes.
const MAX_WHOLE_BYTES: usize = 256;

/// A stretch of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// Letters and digits between spaces or punctuation.
    Word(String),
    /// Characters of a script that puts no spaces between words.
    Unspaced(String),
}

/// What stood between two spaces, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// At least one.
    parts: Vec<Part>,
    /// The parts run together, where there are several.
    joined: Option<String>,
    /// Nothing but signs: no hit is lost for want of it if there are real words.
    signs: bool,
}

/// The chunks of a text.
pub(super) fn chunks(text: &str) -> Vec<Chunk> {
    fold(text).split_whitespace().map(Chunk::new).collect()
}

/// All terms under which a text is found.
pub(super) fn index_terms(text: &str) -> Vec<String> {
    index_tokens(text).into_iter().map(|(term, _)| term).collect()
}

/// All terms under which a text of these chunks is found.
pub(super) fn terms(chunks: Vec<Chunk>) -> impl Iterator<Item = String> {
    let mut tokens = Vec::with_capacity(chunks.len());
    chunks.into_iter().fold(0, |place, chunk| chunk.index_tokens(place, &mut tokens));
    tokens.into_iter().map(|(term, _)| term)
}

/// All terms under which a text is found, each with its place in the text.
pub(super) fn index_tokens(text: &str) -> Vec<(String, usize)> {
    let (mut place, mut tokens) = (0, Vec::new());
    for chunk in fold(text).split_whitespace() {
        if is_plain(chunk) {
            tokens.push((cut(chunk.to_owned()), place));
            place += 1;
        } else {
            place = Chunk::new(chunk).index_tokens(place, &mut tokens);
        }
    }
    tokens
}

/// Nothing but letters and digits of ASCII, which most words are: one term.
fn is_plain(chunk: &str) -> bool {
    chunk.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The terms of a phrase, each with its place: a name that contains the phrase has them at the same
/// distances.
pub(super) fn phrase(chunks: &[Chunk]) -> Vec<(String, usize)> {
    let (mut place, mut terms) = (0, Vec::new());
    for part in chunks.iter().flat_map(|chunk| &chunk.parts) {
        match part {
            Part::Unspaced(text) if text.chars().nth(1).is_some() => {
                terms.extend(pairs(text).zip(place..));
                place += text.chars().count();
            }
            Part::Word(text) | Part::Unspaced(text) => {
                terms.push((text.clone(), place));
                place += 1;
            }
        }
    }
    terms
}

/// Bits of a whole name's number. Each byte is one more step in the index's dictionary of numbers. Among 20M names
/// somebody else's has the same number once in 14M times.
const WHOLE_BITS: u32 = 48;

/// A whole name as a number: only equality is ever asked, and numbers take less room.
pub(super) fn whole_number(whole: &str) -> u64 {
    let hash = blake3::hash(whole.as_bytes());
    hash.as_bytes()[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) >> (64 - WHOLE_BITS)
}

/// Two names as one number, the same in either order.
pub(super) fn both_numbers(one: u64, other: u64) -> u64 {
    (one + other) & ((1 << WHOLE_BITS) - 1)
}

/// A name as one term, whatever its spaces, punctuation and leading article.
pub(super) fn whole(chunks: &[Chunk]) -> String {
    let nothing_else = chunks.iter().all(|chunk| chunk.signs);
    let chunks = match chunks {
        [first, rest @ ..] if !rest.is_empty() && first.word() == Some("the") => rest,
        chunks => chunks,
    };
    let named = chunks.iter().filter(|chunk| nothing_else || !chunk.signs || chunk.is_and());
    let parts = named.flat_map(|chunk| &chunk.parts);
    let mut whole: String = parts.map(Part::text).collect();
    whole.truncate(whole.floor_char_boundary(MAX_WHOLE_BYTES));
    whole
}

impl Chunk {
    /// From folded text without spaces.
    fn new(text: &str) -> Self {
        if is_plain(text) {
            return Self { parts: vec![Part::Word(cut(text.to_owned()))], joined: None, signs: false };
        }
        if matches!(text, "&" | "+") {
            return Self { parts: vec![Part::Word("and".into())], joined: None, signs: true };
        }
        // Stage names spell S as $; a sum of money has digits.
        let spelled = text.contains('$')
            && text.chars().any(char::is_alphabetic)
            && !text.contains(|letter: char| letter.is_ascii_digit());
        let text = if spelled { text.replace('$', "s") } else { text.to_owned() };

        let mut parts = Vec::new();
        let mut last = None;
        for letter in text.chars() {
            let class = class(letter);
            match (class, parts.last_mut()) {
                (None, _) => {}
                (Some(Class::Spaced), Some(Part::Word(part))) if class == last => part.push(letter),
                (Some(Class::Unspaced), Some(Part::Unspaced(part))) if class == last => part.push(letter),
                (Some(Class::Spaced), _) => parts.push(Part::Word(letter.into())),
                (Some(Class::Unspaced), _) => parts.push(Part::Unspaced(letter.into())),
            }
            last = class;
        }
        let signs = parts.is_empty();
        if signs {
            parts.push(Part::Word(text));
        }
        let words: Option<Vec<&str>> = parts.iter().map(Part::word).collect();
        let joined = words.filter(|words| words.len() > 1).map(|words| cut(words.concat()));
        parts.iter_mut().for_each(|part| {
            if let Part::Word(word) = part {
                *word = cut(std::mem::take(word));
            }
        });
        Self { parts, joined, signs }
    }

    fn is_and(&self) -> bool {
        self.word() == Some("and")
    }

    /// Whether there is nothing but signs in it.
    pub(super) fn is_signs(&self) -> bool {
        self.signs
    }

    /// The chunk as one word, run together if it has several parts.
    pub(super) fn word(&self) -> Option<&str> {
        match (&self.joined, self.parts.as_slice()) {
            (Some(joined), _) => Some(joined),
            (None, [Part::Word(word)]) => Some(word),
            _ => None,
        }
    }

    /// The parts run together, where there are several.
    pub(super) fn joined(&self) -> Option<&str> {
        self.joined.as_deref()
    }

    /// As a person would write it.
    #[cfg(test)]
    pub(super) fn display(&self) -> String {
        self.word().map_or_else(|| self.parts.iter().map(Part::text).collect(), str::to_owned)
    }

    /// A text that is read as this chunk again.
    pub(super) fn in_parts(&self) -> String {
        if self.signs && self.is_and() {
            return "&".into();
        }
        self.parts.iter().map(Part::text).collect::<Vec<_>>().join("-")
    }

    /// Appends the terms, of which the first one has this place, and returns the place after the last.
    fn index_tokens(self, mut place: usize, tokens: &mut Vec<(String, usize)>) -> usize {
        tokens.extend(self.joined.map(|joined| (joined, place)));
        for part in self.parts {
            match part {
                Part::Word(word) => {
                    tokens.push((word, place));
                    place += 1;
                }
                Part::Unspaced(text) => {
                    tokens.extend(text.chars().map(String::from).zip(place..));
                    tokens.extend(pairs(&text).zip(place..));
                    place += text.chars().count();
                }
            }
        }
        place
    }

    /// The terms that a name has if it contains the chunk.
    pub(super) fn query_terms(&self) -> Vec<String> {
        let terms = self.parts.iter().flat_map(|part| match part {
            Part::Word(word) => vec![word.clone()],
            Part::Unspaced(text) if text.chars().nth(1).is_none() => vec![text.clone()],
            Part::Unspaced(text) => pairs(text).collect(),
        });
        terms.collect()
    }

    /// Leaves no more parts and pairs than `budget`, and takes them from it; `None` if none are left.
    pub(super) fn within(mut self, budget: &mut usize) -> Option<Self> {
        let mut kept = Vec::new();
        for part in self.parts {
            if *budget == 0 {
                break;
            }
            let (part, cost) = match part {
                Part::Unspaced(text) => {
                    let text: String = text.chars().take(*budget).collect();
                    let cost = text.chars().count();
                    (Part::Unspaced(text), cost)
                }
                word => (word, 1),
            };
            *budget -= cost;
            kept.push(part);
        }
        self.parts = kept;
        (!self.parts.is_empty()).then_some(self)
    }
}

impl Part {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Unspaced(text) => text,
        }
    }

    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Unspaced(_) => None,
        }
    }
}

fn cut(word: String) -> String {
    if word.len() <= MAX_TERM_CHARS {
        return word;
    }
    match word.char_indices().nth(MAX_TERM_CHARS) {
        None => word,
        Some((end, _)) => word[..end].to_owned(),
    }
}

fn pairs(text: &str) -> impl Iterator<Item = String> + '_ {
    text.chars().zip(text.chars().skip(1)).map(|(first, second)| String::from_iter([first, second]))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Spaced,
    Unspaced,
}

/// `None` for what separates words.
fn class(letter: char) -> Option<Class> {
    match letter {
        // Full stops and the like inside the blocks below.
        '\u{964}' | '\u{965}' | '\u{970}' | '\u{e3f}' | '\u{e4f}' | '\u{e5a}' | '\u{e5b}' | '\u{104a}'
        ..='\u{104f}' | '\u{17d4}'..='\u{17da}' | '・' => None,
        // Thai and Lao, Myanmar, Khmer, with their marks.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        // Hangul, kana, bopomofo; particles and compounds make spaces a poor guide in Korean too.
        | '\u{1100}'..='\u{11ff}' | '\u{3041}'..='\u{31ff}' | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}' | '\u{ff66}'..='\u{ff9f}'
        // Han.
        | '々' | '〆' | '〇' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => Some(Class::Unspaced),
        // Indic scripts: not all of their marks count as letters in Unicode.
        '\u{900}'..='\u{dff}' => Some(Class::Spaced),
        letter => letter.is_alphanumeric().then_some(Class::Spaced),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(text: &str) -> String {
        let mut terms = index_terms(text);
        terms.sort();
        terms.join(" ")
    }

    #[test]
    fn punctuation_inside_is_optional() {
        assert_eq!(terms("AC/DC"), "ac acdc dc");
        assert_eq!(terms("Don’t"), "don dont t");
        assert_eq!(terms("Harbour N' Tide"), "harbour n tide");
        assert_eq!(terms("R.E.M."), "e m r rem");
        assert_eq!(terms("Tide & Tar + Salt"), "and and salt tar tide");
        assert_eq!(terms("K€$ha A$AP $100 a$1"), "1 100 a a1 asap k ksha sha");
        assert_eq!(terms("!!! ( ) -"), "!!! ( ) -");
        assert_eq!(terms("A"), "a");
        assert_eq!(terms(" \u{3000} "), "");
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_pairs() {
        assert_eq!(terms("東京事変"), "事 事変 京 京事 変 東 東京");
        assert_eq!(terms("X紅・海"), "x 海 紅");
        let query = |text: &str| chunks(text).iter().flat_map(Chunk::query_terms).collect::<Vec<_>>();
        assert_eq!(query("東京事 紅"), ["東京", "京事", "紅"]);
    }

    #[test]
    fn phrases_keep_their_distances() {
        let found = |name: &str, text: &str| {
            let (name, phrase) = (index_tokens(name), phrase(&chunks(text)));
            (0..9).any(|shift| phrase.iter().all(|(term, at)| name.contains(&(term.clone(), at + shift))))
        };
        for (name, text) in [
            ("Maps of Low Water", "low water"),
            ("Live at AC/DC Lane", "ac/dc lane"),
            ("Live at AC/DC Lane", "at ac dc"),
            ("群青列車の海 Sea", "列車の"),
            ("群青列車の海 Sea", "海 sea"),
        ] {
            assert!(found(name, text), "{name}: {text}");
        }
        for (name, text) in
            [("Maps of Low Water", "low maps"), ("列群青車", "列車"), ("Low of Water", "low water")]
        {
            assert!(!found(name, text), "{name}: {text}");
        }
    }

    #[test]
    fn a_whole_name_has_no_spaces() {
        let same = |a: &str, b: &str| assert_eq!(whole(&chunks(a)), whole(&chunks(b)), "{a} / {b}");
        same("AC/DC", "ac dc");
        same("The Salt Cartographers", "salt cartographers");
        same("Salt & Tar", "Salt and Tar");
        same("Sea - Land", "sealand");
        same("( )", "()");
        assert_eq!(whole(&chunks("The The")), "the");
        assert_eq!(whole(&chunks("The")), "the");
        assert_eq!(whole(&chunks(&"é".repeat(500))).len(), MAX_TERM_CHARS);
    }

    #[test]
    fn long_input_is_cut() {
        let mut budget = 5;
        let kept: Vec<_> =
            chunks("a-b 東京事変東京 c").into_iter().filter_map(|c| c.within(&mut budget)).collect();
        assert_eq!(budget, 0);
        assert_eq!(kept.iter().flat_map(Chunk::query_terms).collect::<Vec<_>>(), ["a", "b", "東京", "京事"]);
    }

    proptest! {
        /// Whatever is indexed is found by itself.
        #[test]
        fn query_terms_are_index_terms(text in any::<String>()) {
            let indexed = index_terms(&text);
            for term in chunks(&text).iter().flat_map(Chunk::query_terms) {
                prop_assert!(!term.is_empty());
                prop_assert!(indexed.contains(&term), "{}", term);
            }
        }

        #[test]
        fn chunks_are_read_again_as_the_same(text in any::<String>()) {
            let once = chunks(&text);
            let again: Vec<_> = once.iter().flat_map(|chunk| chunks(&chunk.in_parts())).collect();
            prop_assert_eq!(again, once);
        }
    }
}
