//! Words, names and titles of a made-up language in several scripts.

use super::measured::{self as real, Script, Weights};
use crate::numbers::{Numbers, mix};

const ONSETS: [&str; 16] = ["b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "sh"];
const VOWELS: [&str; 4] = ["a", "e", "i", "o"];
const CODAS: [&str; 4] = ["", "n", "r", "l"];
const CYRILLIC: ([&str; 16], [&str; 4], [&str; 4]) = (
    ["б", "д", "ф", "г", "х", "к", "л", "м", "н", "п", "р", "с", "т", "в", "з", "ш"],
    ["а", "е", "и", "о"],
    ["", "н", "р", "л"],
);
const DIACRITICS: [[&str; 4]; 4] =
    [["á", "é", "í", "ó"], ["ä", "ë", "ï", "ö"], ["à", "è", "ì", "ò"], ["å", "ê", "î", "ø"]];

/// Writes the word with this rank; `marked` with a diacritic on its first vowel.
fn syllables(rank: u64, script: Script, marked: bool, out: &mut String) {
    let (onsets, vowels, codas) = match script {
        Script::Cyrillic => CYRILLIC,
        _ => (ONSETS, VOWELS, CODAS),
    };
    let marks = DIACRITICS[(mix(rank) >> 8) as usize % 4];
    let (mut rest, mut first) = (rank, true);
    loop {
        let digit = (rest % 256) as usize;
        out.push_str(onsets[digit % 16]);
        let vowel = digit / 16 % 4;
        out.push_str(if marked && first { marks[vowel] } else { vowels[vowel] });
        out.push_str(codas[digit / 64]);
        first = false;
        match (rest / 256).checked_sub(1) {
            None => break,
            Some(left) => rest = left,
        }
    }
}

/// One word. Names and titles share only the commonest words.
fn word(rank: u64, of_names: bool, script: Script, out: &mut String) {
    if rank == 0 && script == Script::Latin {
        out.push_str("the");
        return;
    }
    let number = if rank < real::FUNCTION_WORDS { rank } else { rank * 2 + u64::from(of_names) };
    let marked = rank >= real::FUNCTION_WORDS && mix(number) % 1_000 < real::DIACRITIC_WORDS;
    syllables(number, script, marked && script == Script::Latin, out);
}

fn capitalise(out: &mut String, from: usize) {
    let Some(first) = out[from..].chars().next() else { return };
    let upper: String = first.to_uppercase().collect();
    out.replace_range(from..from + first.len_utf8(), &upper);
}

/// Words with a capital each, but for small ones inside.
fn phrase(numbers: &mut Numbers, count: u64, of_names: bool, article: u64, script: Script) -> String {
    let vocabulary = if of_names { real::NAME_VOCABULARY } else { real::TITLE_VOCABULARY };
    let mut text = String::new();
    for at in 0..count {
        let rank = match at {
            0 if count > 1 && numbers.happens(article) => 0,
            0 if of_names => numbers.zipf(vocabulary).max(1),
            _ => numbers.zipf(vocabulary),
        };
        if at > 0 {
            text.push(' ');
        }
        let from = text.len();
        word(rank, of_names, script, &mut text);
        if at == 0 || of_names || rank >= real::FUNCTION_WORDS {
            capitalise(&mut text, from);
        }
    }
    text
}

/// Characters of a script that puts no spaces, or of Hangul.
fn characters(numbers: &mut Numbers, script: Script, words: u64) -> String {
    let mut text = String::new();
    let (first, count, per_word) = match script {
        Script::Han => (0x4e00, 6_000, 2),
        Script::Hangul => (0xac00, 3_000, 2),
        _ if numbers.happens(700) => (0x30a2, 80, 3),
        _ => (0x3042, 80, 3),
    };
    for at in 0..words {
        if at > 0 && script == Script::Hangul {
            text.push(' ');
        }
        for _ in 0..per_word {
            let point = first + numbers.early(count, 2.0) as u32;
            text.push(char::from_u32(point).unwrap_or('音'));
        }
    }
    text
}

fn text(numbers: &mut Numbers, script: Script, words: Weights<u64>, of_names: bool, article: u64) -> String {
    let count = numbers.pick(words);
    match script {
        Script::Latin | Script::Cyrillic => phrase(numbers, count, of_names, article, script),
        _ => characters(numbers, script, count.clamp(1, 5)),
    }
}

/// An artist's name.
pub fn artist(numbers: &mut Numbers) -> String {
    let script = numbers.pick(real::SCRIPTS);
    text(numbers, script, real::ARTIST_WORDS, true, real::ARTIST_ARTICLE)
}

/// An artist's name in Latin letters.
pub fn latin_artist(numbers: &mut Numbers) -> String {
    text(numbers, Script::Latin, real::ARTIST_WORDS, true, real::ARTIST_ARTICLE)
}

/// A label's name.
pub fn label(numbers: &mut Numbers) -> String {
    let name = text(numbers, Script::Latin, real::LABEL_WORDS, true, 0);
    if numbers.happens(real::LABEL_RECORDS) { name + " Records" } else { name }
}

/// The title of a group.
pub fn title(numbers: &mut Numbers) -> String {
    let script = numbers.pick(real::SCRIPTS);
    let part = |numbers: &mut Numbers| text(numbers, script, real::TITLE_WORDS, false, real::TITLE_ARTICLE);
    let mut title = part(numbers);
    if numbers.happens(real::APOSTROPHE)
        && let Some(end) = title.find(' ')
    {
        title.insert_str(end, "'s");
    }
    if numbers.happens(real::NUMBER) {
        let number = 1 + numbers.zipf(2_000);
        title = if numbers.happens(300) {
            format!("{title}, Vol. {number}")
        } else {
            format!("{title} {number}")
        };
    }
    if numbers.happens(real::BRACKETS) {
        title = format!("{title} ({})", phrase(numbers, 2, false, 0, Script::Latin));
    }
    if numbers.happens(real::TWO_SIDES * 3 / 2) && title.len() < 24 {
        title = format!("{title} / {}", part(numbers));
    }
    title
}

/// The title of a track.
pub fn track(numbers: &mut Numbers, script: Script) -> String {
    text(numbers, script, real::TRACK_WORDS, false, real::TITLE_ARTICLE)
}

/// Some words that tell a record from others.
pub fn remark(numbers: &mut Numbers) -> String {
    let mut remark = String::new();
    for at in 0..1 + numbers.below(3) {
        if at > 0 {
            remark.push(' ');
        }
        word(1 + numbers.zipf(20_000), false, Script::Latin, &mut remark);
    }
    remark
}

/// A catalogue number.
pub fn catalogue_number(numbers: &mut Numbers) -> String {
    let mut number = String::new();
    for form in numbers.pick(real::NUMBER_FORMS).chars() {
        match form {
            'A' => {
                for _ in 0..1 + numbers.below(4) {
                    number.push(char::from(b'A' + numbers.below(26) as u8));
                }
            }
            '9' => {
                let digits = 2 + numbers.below(4) as u32;
                number += &numbers.below(10u64.pow(digits)).to_string();
            }
            other => number.push(other),
        }
    }
    number
}
