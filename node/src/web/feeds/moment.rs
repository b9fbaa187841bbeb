//! Moments as RSS and Atom write them.

use crate::web::pages::wording::civil;

const DAY_SECS: u64 = 24 * 3600;

/// "Tue, 24 Nov 2026 18:20:00 GMT": RFC 822, with a year of four digits.
pub fn rfc822(secs: u64) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = secs / DAY_SECS;
    let (year, month, day) = civil(days);
    let (weekday, month) = (WEEKDAYS[(days % 7) as usize], MONTHS[month as usize - 1]);
    format!("{weekday}, {day:02} {month} {year:04} {} GMT", time(secs))
}

/// "2026-11-24T18:20:00Z".
pub fn rfc3339(secs: u64) -> String {
    let (year, month, day) = civil(secs / DAY_SECS);
    format!("{year:04}-{month:02}-{day:02}T{}Z", time(secs))
}

fn time(secs: u64) -> String {
    let secs = secs % DAY_SECS;
    format!("{:02}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        for (secs, mail, net) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"),
            (951_827_696, "Tue, 29 Feb 2000 12:34:56 GMT", "2000-02-29T12:34:56Z"),
            (1_795_539_600, "Tue, 24 Nov 2026 17:00:00 GMT", "2026-11-24T17:00:00Z"),
        ] {
            assert_eq!((rfc822(secs).as_str(), rfc3339(secs).as_str()), (mail, net));
        }
    }
}
