//! The Date field (RFC 5322 §3.3), with the older forms of §4.3.

use super::lexer::{Grammar, Lexer, Token};
use crate::codec::{Date, DateTime};

/// When a message was sent, by its Date field; without a time of day it is midnight, without a zone UTC (RFC 5256 §2.2).
pub(super) fn read(value: &[u8]) -> Option<DateTime> {
    let mut words = Lexer::new(value, Grammar::Mail).filter_map(|token| match token {
        Token::Atom(word) => Some(word),
        _ => None,
    });
    let mut word = words.next()?;
    if !word.first()?.is_ascii_digit() {
        word = words.next()?;
    }
    let day = number(word)?;
    let month = month(words.next()?)?;
    let year = words.next()?;
    let year = match (year.len(), number(year)?) {
        (0..=2, year @ 0..=49) => year + 2000,
        (0..=3, year) => year + 1900,
        (_, year) => year,
    };
    let date = Date::new(year, month, u8::try_from(day).ok()?)?;
    // The colons between them are no words.
    let (mut time, mut zone) = ([0u8; 3], 0);
    let mut place = 0;
    for word in words.take(4) {
        match number(word).and_then(|part| u8::try_from(part).ok()) {
            Some(part) if place < 3 && word.len() <= 2 => {
                time[place] = part;
                place += 1;
            }
            _ => {
                zone = zone_minutes(word);
                break;
            }
        }
    }
    let [hour, minute, second] = time;
    DateTime::new(date, hour, minute, second, zone)
}

fn number(word: &[u8]) -> Option<u16> {
    if word.is_empty() || word.len() > 4 || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(word.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
}

fn month(word: &[u8]) -> Option<u8> {
    const MONTHS: &[u8] = b"janfebmaraprmayjunjulaugsepoctnovdec";
    let name = word.get(..3)?;
    let place = MONTHS.chunks_exact(3).position(|month| month.eq_ignore_ascii_case(name))?;
    u8::try_from(place + 1).ok()
}

/// How many minutes a zone is ahead of UTC; what is not known is UTC.
fn zone_minutes(word: &[u8]) -> i16 {
    let hours = |hours: i16| hours * 60;
    match word {
        [sign @ (b'+' | b'-'), digits @ ..] if digits.len() == 4 => match number(digits) {
            Some(zone) if zone % 100 < 60 => {
                let minutes = (zone / 100 * 60 + zone % 100) as i16;
                if *sign == b'-' { -minutes } else { minutes }
            }
            _ => 0,
        },
        b"EDT" => hours(-4),
        b"EST" | b"CDT" => hours(-5),
        b"CST" | b"MDT" => hours(-6),
        b"MST" | b"PDT" => hours(-7),
        b"PST" => hours(-8),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn dates_of_headers() {
        for (text, wanted) in [
            ("Fri, 21 Nov 1997 09:55:06 -0600", Some("21-Nov-1997 09:55:06 -0600")),
            ("Tue, 1 Jul 2003 10:52:37 +1300", Some("1-Jul-2003 10:52:37 +1300")),
            (
                "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)",
                Some("13-Feb-1969 23:32:00 -0330"),
            ),
            ("21 Nov 97 09:55:06 GMT", Some("21-Nov-1997 09:55:06 +0000")),
            ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", Some("21-Nov-1997 09:55:06 -0600")),
            ("1 Jan 05 00:00 EST", Some("1-Jan-2005 00:00:00 -0500")),
            ("1 January 2005", Some("1-Jan-2005 00:00:00 +0000")),
            ("1 Jan 105 +0100", Some("1-Jan-2005 00:00:00 +0100")),
            ("31 Feb 2005", None),
            ("1 Jan 2005 25:00:00", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(read(text.as_bytes()).map(|date| date.to_string()).as_deref(), wanted, "{text}");
        }
    }
}
