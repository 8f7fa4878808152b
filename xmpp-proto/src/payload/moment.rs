//! Moments as XMPP writes them (XEP-0082): `YYYY-MM-DDThh:mm:ss.sssZ`.

use core::fmt;

use wirestate_machine::moment;

/// A moment as XMPP writes it, in UTC and with milliseconds: what [`write()`] gives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written([u8; moment::LEN]);

impl Written {
    /// Its text.
    pub fn as_str(&self) -> &str {
        // Digits and marks.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Writes a moment, in milliseconds since 1970; what comes after the year 9999 is written as its last moment.
pub fn write(unix_ms: u64) -> Written {
    Written(moment::write(unix_ms))
}

/// Reads a moment, in milliseconds since 1970. The fraction may have 0 to 9 digits, of which three count; the zone is `Z` or `+hh:mm` or `-hh:mm`, and
/// must be there. What lies before 1970 is taken for 1970.
pub fn parse(text: &str) -> Option<u64> {
    let (text, zone) = zone(text.trim_ascii().as_bytes())?;
    let utc = moment::parse_without_zone(text)? as i64 - zone;
    Some(utc.max(0) as u64)
}

/// What stands before the zone, and the zone in milliseconds.
fn zone(text: &[u8]) -> Option<(&[u8], i64)> {
    if let Some(before) = text.strip_suffix(b"Z") {
        return Some((before, 0));
    }
    let (before, zone) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let (sign, zone) = zone.split_first()?;
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let mut numbers = zone.split(|byte| *byte == b':').map(|digits| match digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => None,
    });
    let (hours, minutes) = (numbers.next()??, numbers.next()??);
    (hours < 24 && minutes < 60).then_some((before, sign * (hours * 60 + minutes) * 60_000))
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
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (moment::LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(write(unix_ms).as_str(), text);
            assert_eq!(parse(text), Some(unix_ms), "{text}");
        }
        assert_eq!(parse("1969-07-21T02:56:15Z"), Some(0));
        assert_eq!(parse("1970-01-01T02:30:01.5+02:30"), Some(1500));
        assert_eq!(parse("1970-01-01T00:00:00-01:00"), Some(3_600_000));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "Z",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-02-29T00:00:00Z",
            "1970-01-01T00:00:00+2:00",
            "1970-01-01T00:00:00+24:00",
            "é0-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn each_moment_reads_back(unix_ms in 0..=moment::LAST) {
            prop_assert_eq!(parse(write(unix_ms).as_str()), Some(unix_ms));
        }

        #[test]
        fn no_text_panics(text in "[0-9T:.Z+-]{0,30}") {
            let _ = parse(&text);
        }
    }
}
