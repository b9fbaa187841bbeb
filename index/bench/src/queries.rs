//! Questions that people ask of a catalogue, made from its records; `queries.tsv` holds those of seed 1.
//!
//! The records are those of the first blocks, so the same questions fit a catalogue of any size.

use crate::catalogue::{Block, Group, Release, World};
use crate::numbers::{Numbers, Purpose};
use std::fmt;

/// Blocks that questions are about.
const BLOCKS: u64 = 4;
/// Questions of each kind.
const OF_EACH: usize = 25;
/// The questions of seed 1, one a line: kind, tab, text.
const COMMITTED: &str = include_str!("../queries.tsv");

/// What sort of question it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Some words of artist and title.
    ArtistAndTitle,
    /// One word of either.
    OneWord,
    /// Words and a filter, or filters alone.
    Filtered,
    /// Filters that match a large part, of which people want the counts.
    Facets,
    /// A letter is wrong.
    Typo,
    /// The last word is not finished.
    Prefix,
    /// Nothing is there.
    Nothing,
}

impl Asked {
    /// All sorts.
    pub const ALL: [Self; 7] = [
        Self::ArtistAndTitle,
        Self::OneWord,
        Self::Filtered,
        Self::Facets,
        Self::Typo,
        Self::Prefix,
        Self::Nothing,
    ];

    /// Whether it is words and nothing else.
    pub fn is_words(self) -> bool {
        !matches!(self, Self::Filtered | Self::Facets)
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ArtistAndTitle => "artist-and-title",
            Self::OneWord => "one-word",
            Self::Filtered => "filtered",
            Self::Facets => "facets",
            Self::Typo => "typo",
            Self::Prefix => "prefix",
            Self::Nothing => "nothing",
        })
    }
}

/// The committed questions.
pub fn committed() -> impl Iterator<Item = (Asked, &'static str)> {
    COMMITTED.lines().filter_map(|line| {
        let (asked, text) = line.split_once('\t')?;
        Some((Asked::ALL.into_iter().find(|known| known.to_string() == asked)?, text))
    })
}

/// Questions about the catalogue of a seed, all sorts mixed.
pub fn make(seed: u64) -> Vec<(Asked, String)> {
    let world = World::new(seed);
    let blocks: Vec<Block> = (0..BLOCKS).map(|block| world.block(block)).collect();
    let mut numbers = Numbers::new(seed, Purpose::Queries, 0);
    let mut questions = Vec::new();
    for _ in 0..OF_EACH {
        for asked in Asked::ALL {
            let block = &blocks[numbers.below(BLOCKS) as usize];
            let release = &block.releases[numbers.below(block.releases.len() as u64) as usize];
            questions.push((asked, question(&mut numbers, asked, &block.groups[release.group], release)));
        }
    }
    questions
}

fn question(numbers: &mut Numbers, asked: Asked, group: &Group, release: &Release) -> String {
    let artist = group.credit[0].name.to_lowercase();
    let title = group.title.to_lowercase();
    let both = format!("{} {}", first_words(&artist, 2), first_words(&title, 3));
    let medium = release.media.first().and_then(|medium| medium.format).unwrap_or("CD");
    let medium = medium.rsplit(' ').next().unwrap_or(medium);
    let year = group.year;
    match asked {
        Asked::ArtistAndTitle => both,
        Asked::OneWord => {
            let name = if numbers.happens(500) { &artist } else { &title };
            let words: Vec<&str> = name.split_whitespace().collect();
            words.get(numbers.below(words.len() as u64) as usize).copied().unwrap_or("the").to_owned()
        }
        Asked::Filtered => match numbers.below(4) {
            0 => format!("{} year:{}..{}", first_words(&artist, 2), year - 1, year + 1),
            1 => format!("{} media:{medium}", longest(&title)),
            2 => format!("{} type:{}", longest(&artist), group.primary_type.unwrap_or("Album")),
            _ => format!(
                "year:{year} media:{medium} country:{}",
                release.events.first().and_then(|event| event.1).unwrap_or("US")
            ),
        },
        Asked::Facets => match numbers.below(3) {
            0 => format!("year:{}..{}", year - year % 10, year - year % 10 + 9),
            1 => format!("type:{}", group.primary_type.unwrap_or("Album")),
            _ => format!("media:{medium} type:{}", group.primary_type.unwrap_or("Album")),
        },
        Asked::Typo => {
            let wrong = misspelled(numbers, longest(&both));
            both.replacen(longest(&both), &wrong, 1)
        }
        Asked::Prefix => {
            let letters = both.chars().count();
            both.chars().take((letters * 3 / 4).max(3)).collect::<String>().trim_end().to_owned()
        }
        Asked::Nothing => format!("{} qqx{}", longest(&artist), numbers.below(100_000)),
    }
}

fn first_words(text: &str, count: usize) -> String {
    text.split_whitespace().take(count).collect::<Vec<_>>().join(" ")
}

fn longest(text: &str) -> &str {
    text.split_whitespace().max_by_key(|word| word.chars().count()).unwrap_or("")
}

/// Two letters change places, one is left out, or one is another.
fn misspelled(numbers: &mut Numbers, word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() < 4 {
        return format!("{word}x");
    }
    let at = 1 + numbers.below(letters.len() as u64 - 2) as usize;
    match numbers.below(3) {
        0 => letters.swap(at, at + 1),
        1 => drop(letters.remove(at)),
        _ => letters[at] = 'y',
    }
    letters.into_iter().collect()
}

/// All questions as the lines of `queries.tsv`.
pub fn to_tsv(questions: &[(Asked, String)]) -> String {
    questions.iter().map(|(asked, text)| format!("{asked}\t{text}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_questions_are_those_of_seed_1() {
        let text = to_tsv(&make(1));
        assert!(text == COMMITTED, "write them anew: deadwax-bench gen-queries > index/bench/queries.tsv");
        assert_eq!(committed().count(), OF_EACH * Asked::ALL.len());
    }
}
