//! Filters: `format:flac`, `year:1970..1973`, `-type:live`. Which keys there are, and what their values
//! may be.
//!
//! Not here: how a query is cut into words and filters ([`super::parse`]).

use super::sort::Sort;
use super::text::{self, Chunk};
use crate::entry::link::MAX_YEAR;
use std::ops::RangeInclusive;

/// What a filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Artist,
    Title,
    Label,
    Catno,
    Barcode,
    Year,
    Type,
    Status,
    Country,
    Format,
    Encoding,
    Media,
    Log,
    Cue,
    Tag,
    Has,
    Seeded,
    Added,
    By,
    Sort,
}

/// The keys that filter, by name.
pub(super) const KEYS: [(&str, Key); 20] = [
    ("artist", Key::Artist),
    ("title", Key::Title),
    ("label", Key::Label),
    ("catno", Key::Catno),
    ("barcode", Key::Barcode),
    ("year", Key::Year),
    ("type", Key::Type),
    ("status", Key::Status),
    ("country", Key::Country),
    ("format", Key::Format),
    ("encoding", Key::Encoding),
    ("media", Key::Media),
    ("log", Key::Log),
    ("cue", Key::Cue),
    ("tag", Key::Tag),
    ("has", Key::Has),
    ("seeded", Key::Seeded),
    ("added", Key::Added),
    ("by", Key::By),
    ("sort", Key::Sort),
];

/// Names of the keys that filters in addresses may have: all but the order, which stands by itself.
pub fn filter_keys() -> impl Iterator<Item = &'static str> {
    KEYS.into_iter().filter(|(_, key)| *key != Key::Sort).map(|(name, _)| name)
}

/// What a filter asks of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter {
    /// All of the chunks are in the field.
    Words(Key, Vec<Chunk>),
    /// The chunks stand in one name, in this order.
    Phrase(Vec<Chunk>),
    /// All of the chunks are somewhere.
    Anywhere(Vec<Chunk>),
    /// The group or one of its editions is of these years.
    Years(RangeInclusive<u16>),
    /// Something of this name is there: `link`, `log`, `log100`, `cue`, `tag`.
    Has(&'static str),
    /// Somebody seeds it.
    Seeded,
    /// The newest link is of these hours since 1970.
    Added(RangeInclusive<u64>),
    /// A link is by an author whose key begins so.
    By(String),
}

/// A filter, or the opposite of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub wanted: bool,
    pub filter: Filter,
}

/// What a key and its value mean.
pub(super) enum Meaning {
    Condition(Condition),
    Sort(Sort),
}

/// What may stand after a key, for whoever wrote something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected(pub &'static str);

/// Reads a value; `bounded` cuts it into chunks.
pub(super) fn read(
    key: Key,
    value: &str,
    bounded: impl FnOnce(&str) -> Vec<Chunk>,
) -> Result<Meaning, Expected> {
    let yes_or_no = |filter| match value {
        _ if value.eq_ignore_ascii_case("yes") => Ok(Condition { wanted: true, filter }),
        _ if value.eq_ignore_ascii_case("no") => Ok(Condition { wanted: false, filter }),
        _ => Err(Expected("yes or no")),
    };
    let wanted = |filter| Condition { wanted: true, filter };
    let condition = match key {
        Key::Year => {
            let range = years(value).ok_or(Expected("a year or a range like 1970..1973"))?;
            wanted(Filter::Years(range))
        }
        Key::Added => {
            let range = dates(value).ok_or(Expected("a date like 2026-11, or a range like 2026-11-01.."))?;
            wanted(Filter::Added(range))
        }
        Key::Log if value == "100" => wanted(Filter::Has("log100")),
        Key::Log => yes_or_no(Filter::Has("log")).map_err(|_| Expected("yes, no or 100"))?,
        Key::Cue => yes_or_no(Filter::Has("cue"))?,
        Key::Seeded => yes_or_no(Filter::Seeded)?,
        Key::Has => {
            let known = ["link", "log", "cue", "tag"].into_iter();
            let what = known.into_iter().find(|name| value.eq_ignore_ascii_case(name));
            wanted(Filter::Has(what.ok_or(Expected("link, log, cue or tag"))?))
        }
        Key::By => {
            let hex = (8..=64).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !hex {
                return Err(Expected("the first 8 to 64 digits of a contributor's key"));
            }
            wanted(Filter::By(value.to_ascii_lowercase()))
        }
        Key::Sort => {
            let sort = Sort::from_name(value);
            let sort = sort.ok_or(Expected("relevance, newest, year, seeders, score or size"))?;
            return Ok(Meaning::Sort(sort));
        }
        Key::Barcode => {
            let digits = text::whole(&bounded(value));
            wanted(Filter::Words(key, some(text::chunks(&digits))?))
        }
        key => wanted(Filter::Words(key, some(bounded(value))?)),
    };
    Ok(Meaning::Condition(condition))
}

/// A filter without words would let everything pass, or nothing.
fn some(chunks: Vec<Chunk>) -> Result<Vec<Chunk>, Expected> {
    if chunks.is_empty() { Err(Expected("a word")) } else { Ok(chunks) }
}

/// `1970`, `1970..1973`, `1970..` or `..1973`.
pub(super) fn years(value: &str) -> Option<RangeInclusive<u16>> {
    let year = |text: &str| -> Option<u16> {
        let plain = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if plain { text.parse().ok() } else { None }
    };
    let Some((from, to)) = value.split_once("..") else {
        return year(value).map(|year| year..=year);
    };
    let from = if from.is_empty() { Some(0) } else { year(from) };
    let open = to.is_empty() && value != "..";
    let to = if open { Some(MAX_YEAR as u16) } else { year(to) };
    from.zip(to).filter(|(from, to)| from <= to).map(|(from, to)| from..=to)
}

/// `2026`, `2026-11`, `2026-11-24`, or a range of these, in hours since 1970 (UTC).
fn dates(value: &str) -> Option<RangeInclusive<u64>> {
    let Some((from, to)) = value.split_once("..") else { return days(value).map(hours) };
    if from.is_empty() && to.is_empty() {
        return None;
    }
    let start = if from.is_empty() { 0 } else { *hours(days(from)?).start() };
    let end = if to.is_empty() { u64::MAX } else { *hours(days(to)?).end() };
    (start <= end).then_some(start..=end)
}

fn hours(days: RangeInclusive<u64>) -> RangeInclusive<u64> {
    days.start() * 24..=days.end() * 24 + 23
}

/// The first and last day of a year, month or day.
fn days(text: &str) -> Option<RangeInclusive<u64>> {
    let mut parts = text.split('-');
    let mut number = |length: usize, range: RangeInclusive<u64>| -> Option<Option<u64>> {
        let Some(part) = parts.next() else { return Some(None) };
        let plain = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        let number = part.parse().ok().filter(|number| plain && range.contains(number))?;
        Some(Some(number))
    };
    let year = number(4, 1970..=9_999)??;
    let month = number(2, 1..=12)?;
    let day = number(2, 1..=31)?;
    if parts.next().is_some() {
        return None;
    }
    Some(match (month, day) {
        (None, _) => day_number(year, 1, 1)..=day_number(year + 1, 1, 1) - 1,
        (Some(12), None) => day_number(year, 12, 1)..=day_number(year + 1, 1, 1) - 1,
        (Some(month), None) => day_number(year, month, 1)..=day_number(year, month + 1, 1) - 1,
        (Some(month), Some(day)) => day_number(year, month, day)..=day_number(year, month, day),
    })
}

/// Days since 1970-01-01 in the Gregorian calendar. A year is taken to begin in March, so that the leap
/// day is its last one.
fn day_number(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month_from_march * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_and_ranges() {
        for (value, range) in [
            ("1970", Some(1970..=1970)),
            ("1970..1973", Some(1970..=1973)),
            ("1970..", Some(1970..=9999)),
            ("..1973", Some(0..=1973)),
            ("..", None),
            ("", None),
            ("1973..1970", None),
            ("197x", None),
            ("+970", None),
            ("19700", None),
        ] {
            assert_eq!(years(value), range, "{value}");
        }
    }

    #[test]
    fn dates_are_hours() {
        assert_eq!(dates("1970-01-01"), Some(0..=23));
        assert_eq!(dates("1970-01"), Some(0..=31 * 24 - 1));
        // 2024 has a leap day.
        let (february, march) = (dates("2024-02").unwrap(), dates("2024-03-01").unwrap());
        assert_eq!((february.end() - february.start() + 1, *march.start()), (29 * 24, february.end() + 1));
        // 2026-05-10 08:00 is hour 494,000.
        assert_eq!(dates("2026-05-10"), Some(493_992..=494_015));
        assert_eq!(dates("2026-05-10.."), Some(493_992..=u64::MAX));
        assert_eq!(dates("..2026-05-10"), Some(0..=494_015));
        assert_eq!(dates("2000..1999"), None);
        for wrong in ["", "..", "26", "2026-13", "2026-1", "2026-05-10-1", "2026-+5", "1969", "soon"] {
            assert_eq!(dates(wrong), None, "{wrong}");
        }
        assert!(dates("9999-12-31").is_some());
    }
}
