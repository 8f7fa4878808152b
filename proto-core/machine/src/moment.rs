//! Moments as the protocols of chat write them (RFC 3339): `YYYY-MM-DDThh:mm:ss.sssZ`, always UTC, for IRCv3's
//! [server-time](https://ircv3.net/specs/extensions/server-time) and XMPP's date and time profiles (XEP-0082 §3.2).

/// How long such a text is, for the years 0 to 9999.
pub const LEN: usize = 24;

const DAY: u64 = 86_400_000;
/// 9999-12-31T23:59:59.999Z, the last moment that four digits of a year can name.
pub const LAST: u64 = 253_402_300_799_999;

/// Writes a moment, in milliseconds since 1970; what comes after the year 9999 is written as its last moment.
pub fn write(unix_ms: u64) -> [u8; LEN] {
    let unix_ms = unix_ms.min(LAST);
    let (day, rest) = (unix_ms / DAY, unix_ms % DAY);
    let (year, month, day) = civil(day);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, millisecond) = (rest / 1000 % 60, rest % 1000);
    let mut out = *b"0000-00-00T00:00:00.000Z";
    let fields = [(3, year), (6, month), (9, day), (12, hour), (15, minute), (18, second), (22, millisecond)];
    for (last, mut number) in fields {
        let mut at = last;
        while number > 0 {
            out[at] = b'0' + (number % 10) as u8;
            number /= 10;
            at = at.saturating_sub(1);
        }
    }
    out
}

/// Reads a moment, in milliseconds since 1970. The fraction may have 0 to 9 digits, of which three count; the `Z` must be there. What lies
/// before 1970 is taken for 1970.
pub fn parse(text: &[u8]) -> Option<u64> {
    parse_without_zone(text.strip_suffix(b"Z")?)
}

/// Reads what stands before the zone, and takes it for UTC; else as [`parse`].
pub fn parse_without_zone(text: &[u8]) -> Option<u64> {
    let (date, clock) = text.split_at_checked(10)?;
    let clock = clock.strip_prefix(b"T")?;
    let [year, month, day] = numbers(date, b'-', [4, 2, 2])?;
    let (clock, fraction) = match clock.get(8..) {
        Some([b'.', fraction @ ..]) => (clock.get(..8)?, fraction),
        _ => (clock, &b""[..]),
    };
    let [hour, minute, second] = numbers(clock, b':', [2, 2, 2])?;
    let leap = u64::from(month == 2 && is_leap(year));
    let days = 28 + leap + month_surplus(month)?;
    // A leap second, 60, is the first of the next minute.
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 60 || fraction.len() > 9 {
        return None;
    }
    let mut milliseconds = 0;
    for place in 0..3 {
        let digit = fraction.get(place).copied().unwrap_or(b'0');
        milliseconds = milliseconds * 10 + u64::from(digit.checked_sub(b'0')?);
    }
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let Some(days) = days_since_1970(year, month, day) else { return Some(0) };
    Some(days * DAY + (hour * 60 + minute) * 60_000 + second * 1000 + milliseconds)
}

fn numbers(text: &[u8], mark: u8, lengths: [usize; 3]) -> Option<[u64; 3]> {
    let mut out = [0; 3];
    let mut parts = text.split(|byte| *byte == mark);
    for (number, length) in out.iter_mut().zip(lengths) {
        let part = parts.next().filter(|part| part.len() == length && part.iter().all(u8::is_ascii_digit))?;
        *number = part.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    }
    parts.next().is_none().then_some(out)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// How many days a month has above 28.
fn month_surplus(month: u64) -> Option<u64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(3),
        4 | 6 | 9 | 11 => Some(2),
        2 => Some(0),
        _ => None,
    }
}

/// Years begin in March here, so that the leap day is the last; an era is 400 of them (146,097 days).
fn civil(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments() {
        for (unix_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_546_612_466_123, "2019-01-04T14:34:26.123Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(write(unix_ms), text.as_bytes(), "{text}");
            assert_eq!(parse(text.as_bytes()), Some(unix_ms), "{text}");
        }
        assert_eq!(write(u64::MAX), write(LAST));
        assert_eq!(parse(b"1969-12-31T23:59:59.000Z"), Some(0));
        assert_eq!(parse(b"0000-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse(b"1970-01-01T00:00:01Z"), Some(1000));
        assert_eq!(parse(b"1970-01-01T00:00:00.5Z"), Some(500));
        assert_eq!(parse(b"1970-01-01T00:00:00.123999Z"), Some(123));
        assert_eq!(parse(b"1970-01-01T00:00:60Z"), Some(60_000));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "Z",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01 00:00:00Z",
            "1970-13-01T00:00:00Z",
            "1970-00-01T00:00:00Z",
            "1970-02-29T00:00:00Z",
            "1970-01-00T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:60:00Z",
            "1970-01-01T00:00:61Z",
            "1970-01-01T00:00:00.1234567890Z",
            "1970-01-01T00:00:00.12xZ",
            "1970-01-01T00:00:00.1234xZ",
            "70-01-01T00:00:00Z",
            "1970-01-01T0:00:00Z",
            "1970-01-01T00:00:00:00Z",
            "+970-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn each_moment_reads_back(unix_ms in 0..=LAST) {
            prop_assert_eq!(parse(&write(unix_ms)), Some(unix_ms));
        }

        #[test]
        fn moments_are_ordered_as_their_texts(a in 0..=LAST, b in 0..=LAST) {
            prop_assert_eq!(a.cmp(&b), write(a).cmp(&write(b)));
        }

        #[test]
        fn no_text_panics(text in "[0-9T:.Z-]{0,30}") {
            let _ = parse(text.as_bytes());
        }
    }
}
