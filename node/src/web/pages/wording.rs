//! Figures in plain words: ages, dates, sizes, counts.

use std::fmt::Write;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Ages and dates beyond this are not meant seriously.
const LAST_HOUR: u64 = 9999 * 8766;

/// "6 min ago".
pub fn age(secs: u64) -> String {
    match secs {
        0..MINUTE => "just now".into(),
        MINUTE..HOUR => format!("{} min ago", secs / MINUTE),
        HOUR..DAY => format!("{} h ago", secs / HOUR),
        _ => match secs / DAY {
            days @ ..=60 => format!("{} ago", count(days, "day", "days")),
            days @ 61..=730 => format!("{} months ago", days * 100 / 3044),
            days => format!("{} years ago", days * 100 / 36525),
        },
    }
}

/// The age of something of which only the hour is known.
pub fn age_of_hours(hours: u64) -> String {
    if hours == 0 { "this hour".into() } else { age(hours.saturating_mul(HOUR)) }
}

/// A moment, for people and for programs.
#[derive(Debug, PartialEq, Eq)]
pub struct Date {
    /// "2 Nov 2025, 14 h UTC, 3 days ago".
    pub plain: String,
    /// "2025-11-02T14:00Z".
    pub machine: String,
}

/// The date of a whole hour since 1970, if it can be one.
pub fn date(hours: u64, now_hours: u64) -> Option<Date> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if hours > LAST_HOUR - 1970 * 8766 {
        return None;
    }
    let (year, month, day) = civil(hours / 24);
    let hour = hours % 24;
    let mut plain = format!("{day} {} {year}, {hour} h UTC", MONTHS[month as usize - 1]);
    if hours <= now_hours {
        write!(plain, ", {}", age_of_hours(now_hours - hours)).expect("writing to a String cannot fail");
    }
    Some(Date { plain, machine: format!("{year:04}-{month:02}-{day:02}T{hour:02}:00Z") })
}

/// Year, month and day of a day since 1970 in the Gregorian calendar. Counted in years that begin
/// in March, so that the leap day comes last.
pub fn civil(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + 719_468; // since 1 March of the year 0
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// "640 MB"; decimal units, as torrent clients and shops count.
pub fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return count(bytes, "byte", "bytes");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.5 would be shown as 1000.
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.95);
    format!("{value:.digits$} {}", units[unit])
}

/// "1 seeder", "5 seeders", "310,442 entries".
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// "310,442".
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// At most `max_chars`, the last of them an ellipsis if something was cut.
pub fn shorten(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some(_) => text.chars().take(max_chars - 1).chain(['…']).collect(),
    }
}

/// At most `max_chars`, and at most twice as many bytes as HTML has them: what has to be escaped, or is written in other
/// scripts, counts for more. So lists have a weight that no name can exceed.
pub fn fit(text: &str, max_chars: usize) -> String {
    let weight = |c: char| match c {
        '&' | '<' | '>' | '"' | '\'' => 5,
        c => c.len_utf8(),
    };
    let mut bytes = 0;
    let fitting = text.chars().take_while(|c| {
        bytes += weight(*c);
        bytes <= 2 * max_chars
    });
    match fitting.count() {
        all if all == text.chars().count() => shorten(text, max_chars),
        some => shorten(text, max_chars.min(some).max(1)),
    }
}

/// The first 16 digits of a key in groups of four: enough to tell contributors apart.
pub fn fingerprint(key: &str) -> String {
    let mut out = String::new();
    for (index, digit) in key.chars().take(16).enumerate() {
        if index > 0 && index % 4 == 0 {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// The parts that are there, with dots between them.
pub fn dotted(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        for (secs, words) in [
            (0, "just now"),
            (59, "just now"),
            (360, "6 min ago"),
            (7200, "2 h ago"),
            (DAY, "1 day ago"),
            (60 * DAY, "60 days ago"),
            (61 * DAY, "2 months ago"),
            (731 * DAY, "2 years ago"),
        ] {
            assert_eq!(age(secs), words);
        }
        assert_eq!(age_of_hours(0), "this hour");
        assert_eq!(age_of_hours(u64::MAX), age(u64::MAX));
    }

    #[test]
    fn dates() {
        for (days, ymd) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_394, (2025, 11, 2)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), ymd);
        }
        let hours = 20_394 * 24 + 14;
        let shown = date(hours, hours + 72).unwrap();
        assert_eq!(shown.plain, "2 Nov 2025, 14 h UTC, 3 days ago");
        assert_eq!(shown.machine, "2025-11-02T14:00Z");
        assert_eq!(date(hours + 1, hours).unwrap().plain, "2 Nov 2025, 15 h UTC");
        assert_eq!(date(u64::MAX, hours), None);
    }

    #[test]
    fn sizes_and_counts() {
        for (bytes, words) in [
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (640_000_000, "640 MB"),
            (999_700, "1.0 MB"),
            (9_960_000, "10 MB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(size(bytes), words);
        }
        assert_eq!(count(1, "seeder", "seeders"), "1 seeder");
        assert_eq!(count(310_442, "entry", "entries"), "310,442 entries");
        assert_eq!(thousands(1000), "1,000");
    }

    #[test]
    fn texts() {
        assert_eq!(shorten("søuth", 5), "søuth");
        assert_eq!(shorten("søuths", 5), "søut…");
        assert_eq!(fit("søuth", 5), "søuth");
        assert_eq!(fit(&"&".repeat(9), 10), "&&&…");
        assert_eq!(fit(&"日本語".repeat(9), 12), "日本語日本語日…");
        assert_eq!(fit("a&b", 1), "…");
        assert_eq!(fingerprint(&"0123456789abcdef".repeat(4)), "0123 4567 89ab cdef");
        assert_eq!(
            dotted([Some("1999".into()), None, Some(String::new()), Some("Album".into())]),
            "1999 · Album"
        );
    }
}
