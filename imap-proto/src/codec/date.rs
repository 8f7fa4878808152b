use core::fmt;

use super::cursor::{Cursor, Read, with_cursor};
use super::encode::Writer;
use super::fault::{Expected, Parsed};

/// A day, as searches name it: `1-Feb-1994` (RFC 9051 §9, `date`). It exists in the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A moment with its zone, as INTERNALDATE tells it: `17-Jul-1996 02:44:25 -0700` (RFC 9051 §9, `date-time`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    date: Date,
    hour: u8,
    minute: u8,
    second: u8,
    zone: i16,
}

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

impl Date {
    /// The day, if there is one: years 0 to 9999, months and days from 1.
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let days = match month {
            2 if is_leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        if year > 9999 || day == 0 || day > days { None } else { Some(Date { year, month, day }) }
    }

    /// The year.
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// How many days it is after 1970-01-01.
    pub fn days(self) -> i64 {
        // Years begin in March, so that a leap day is the last of its year.
        let (year, month) = (i64::from(self.year), i64::from(self.month));
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
    }

    /// The day so many days after 1970-01-01, in the years 0 to 9999.
    pub fn from_days(days: i64) -> Option<Date> {
        let days = days.checked_add(719_468)?;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        Date::new(
            u16::try_from(era * 400 + year_of_era + next).ok()?,
            u8::try_from(month).ok()?,
            u8::try_from(day).ok()?,
        )
    }

    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        writer.number(u64::from(self.day));
        self.write_month_and_year(writer);
    }

    fn write_month_and_year(self, writer: &mut Writer<'_>) {
        writer.put(b"-");
        writer.put(self.month_name());
        writer.put(b"-");
        let (century, rest) = (self.year / 100, self.year % 100);
        writer.put(&two_digits(century as u8));
        writer.put(&two_digits(rest as u8));
    }

    fn month_name(self) -> &'static [u8; 3] {
        MONTHS.get(usize::from(self.month).wrapping_sub(1)).copied().unwrap_or(b"Jan")
    }
}

impl DateTime {
    /// The moment, if there is one: hours to 23, minutes to 59, seconds to 60, and the zone's distance from UTC in minutes, eastwards, by less than
    /// 100 hours.
    pub const fn new(date: Date, hour: u8, minute: u8, second: u8, zone: i16) -> Option<DateTime> {
        if hour > 23 || minute > 59 || second > 60 || zone <= -6000 || zone >= 6000 {
            return None;
        }
        Some(DateTime { date, hour, minute, second, zone })
    }

    /// The day, where the zone is.
    pub const fn date(self) -> Date {
        self.date
    }

    /// The hour, 0 to 23.
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// The second, 0 to 60.
    pub const fn second(self) -> u8 {
        self.second
    }

    /// How many minutes the zone is ahead of UTC; less than 0 to its west.
    pub const fn zone(self) -> i16 {
        self.zone
    }

    /// Seconds since 1970-01-01 00:00 UTC.
    pub fn unix(self) -> i64 {
        let minutes = i64::from(self.hour) * 60 + i64::from(self.minute) - i64::from(self.zone);
        self.date.days() * 86_400 + minutes * 60 + i64::from(self.second)
    }

    /// The moment so many seconds after 1970-01-01 00:00 UTC, told in the zone so many minutes ahead of UTC.
    pub fn from_unix(seconds: i64, zone: i16) -> Option<DateTime> {
        let local = seconds.checked_add(i64::from(zone) * 60)?;
        let date = Date::from_days(local.div_euclid(86_400))?;
        let second = local.rem_euclid(86_400);
        let part = |number: i64| u8::try_from(number).ok();
        DateTime::new(date, part(second / 3600)?, part(second / 60 % 60)?, part(second % 60)?, zone)
    }

    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        writer.put(b"\"");
        let day = two_digits(self.date.day);
        writer.put(if day[0] == b'0' { b" " } else { &day[..1] });
        writer.put(&day[1..]);
        self.date.write_month_and_year(writer);
        writer.put(b" ");
        writer.put(&two_digits(self.hour));
        writer.put(b":");
        writer.put(&two_digits(self.minute));
        writer.put(b":");
        writer.put(&two_digits(self.second));
        writer.put(if self.zone < 0 { b" -" } else { b" +" });
        let zone = self.zone.unsigned_abs();
        writer.put(&two_digits((zone / 60) as u8));
        writer.put(&two_digits((zone % 60) as u8));
        writer.put(b"\"");
    }
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn two_digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:04}", self.day, self.month_name().escape_ascii(), self.year)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, zone) = (if self.zone < 0 { '-' } else { '+' }, self.zone.unsigned_abs());
        let (hour, minute, second) = (self.hour, self.minute, self.second);
        write!(f, "{} {hour:02}:{minute:02}:{second:02} {sign}{:02}{:02}", self.date, zone / 60, zone % 60)
    }
}

/// So many digits.
#[inline]
fn fixed<const DIGITS: usize>(cursor: &mut Cursor<'_>, expected: Expected) -> Read<u16> {
    match cursor.rest().split_first_chunk::<DIGITS>() {
        Some((digits, rest)) if digits.iter().all(u8::is_ascii_digit) => {
            cursor.resume(rest);
            Ok(digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
        }
        _ => cursor.fail(expected),
    }
}

impl Date {
    /// `date-text`, with a space or a zero before a single digit let pass.
    #[inline]
    fn read(cursor: &mut Cursor<'_>, expected: Expected) -> Read<Date> {
        let start = *cursor;
        cursor.eat(b' ');
        let day = match cursor.rest() {
            [_, b'0'..=b'9', ..] => fixed::<2>(cursor, expected)?,
            _ => fixed::<1>(cursor, expected)?,
        };
        cursor.expect(b'-', expected)?;
        let Some((name, rest)) = cursor.rest().split_first_chunk() else { return cursor.fail(expected) };
        let Some(month) = month(name) else { return cursor.fail(expected) };
        cursor.resume(rest);
        cursor.expect(b'-', expected)?;
        let year = fixed::<4>(cursor, expected)?;
        Date::new(year, month, day as u8).ok_or_else(|| start.error(expected))
    }
}

impl DateTime {
    /// `date-time` (RFC 9051 §9).
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Read<DateTime> {
        const WANTED: Expected = Expected::DateTime;
        let start = *cursor;
        cursor.expect(b'"', WANTED)?;
        let date = Date::read(cursor, WANTED)?;
        cursor.expect(b' ', WANTED)?;
        let hour = fixed::<2>(cursor, WANTED)?;
        cursor.expect(b':', WANTED)?;
        let minute = fixed::<2>(cursor, WANTED)?;
        cursor.expect(b':', WANTED)?;
        let second = fixed::<2>(cursor, WANTED)?;
        cursor.expect(b' ', WANTED)?;
        let west = cursor.eat(b'-');
        if !west {
            cursor.expect(b'+', WANTED)?;
        }
        let hours = fixed::<2>(cursor, WANTED)?;
        let minutes = fixed::<2>(cursor, WANTED)?;
        cursor.expect(b'"', WANTED)?;
        let zone = (hours * 60 + minutes) as i16;
        let zone = if west { -zone } else { zone };
        match DateTime::new(date, hour as u8, minute as u8, second as u8, zone) {
            Some(moment) if minutes < 60 => Ok(moment),
            _ => start.fail(WANTED),
        }
    }
}

/// Which month has this name, from 1.
fn month(name: &[u8; 3]) -> Option<u8> {
    Some(match &name.map(|letter| letter.to_ascii_lowercase()) {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" => 3,
        b"apr" => 4,
        b"may" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" => 10,
        b"nov" => 11,
        b"dec" => 12,
        _ => return None,
    })
}

/// `date` (RFC 9051 §9): with or without quotes.
pub(crate) fn date(input: &[u8]) -> Parsed<'_, Date> {
    with_cursor(input, |cursor| {
        let quoted = cursor.eat(b'"');
        let date = Date::read(cursor, Expected::Date)?;
        if quoted {
            cursor.expect(b'"', Expected::Date)?;
        }
        Ok(date)
    })
}

/// `date-time` (RFC 9051 §9).
pub(crate) fn date_time(input: &[u8]) -> Parsed<'_, DateTime> {
    with_cursor(input, DateTime::read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encode::{Encode, Encoder, Unwritable};
    use alloc::string::ToString;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    impl Encode for DateTime {
        fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
            DateTime::write(*self, writer);
            Ok(())
        }
    }

    fn day(text: &[u8]) -> Option<Date> {
        date(text).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, date)| date)
    }

    fn moment(text: &[u8]) -> Option<DateTime> {
        date_time(text).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, moment)| moment)
    }

    #[test]
    fn days_with_and_without_quotes() {
        let wanted = Date::new(1994, 2, 1);
        for text in [&b"1-Feb-1994"[..], b"\"1-Feb-1994\"", b"01-feb-1994", b"\" 1-FEB-1994\""] {
            assert_eq!(day(text), wanted);
        }
        for odd in
            [&b""[..], b"30-Feb-1994", b"29-Feb-1900", b"0-Jan-2000", b"1-Foo-2000", b"1-Jan-99", b"\"1-Jan-1999"]
        {
            assert_eq!(day(odd), None, "{}", odd.escape_ascii());
        }
        assert_eq!(day(b"29-Feb-2000").map(|date| date.to_string()).as_deref(), Some("29-Feb-2000"));
    }

    #[test]
    fn moments() {
        let wanted = moment(b"\"17-Jul-1996 02:44:25 -0700\"").unwrap();
        assert_eq!(wanted.unix(), 837_596_665);
        assert_eq!(moment(b"\" 1-Jan-1970 01:00:00 +0100\"").map(DateTime::unix), Some(0));
        assert_eq!(wanted.to_string(), "17-Jul-1996 02:44:25 -0700");
        for odd in [
            &b"17-Jul-1996 02:44:25 -0700"[..],
            b"\"17-Jul-1996 24:44:25 -0700\"",
            b"\"17-Jul-1996 02:60:25 -0700\"",
            b"\"17-Jul-1996 02:44:25 -0760\"",
            b"\"17-Jul-1996 02:44:25 0700\"",
            b"\"17-Jul-1996 02:44:25 -070\"",
            b"\"17-Jul-1996\"",
        ] {
            assert_eq!(moment(odd), None, "{}", odd.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn every_second_comes_back(seconds in -62_135_596_800i64..253_402_300_799, zone in -720i16..=840) {
            let Some(told) = DateTime::from_unix(seconds, zone) else { return Ok(()) };
            prop_assert_eq!(told.unix(), seconds);
            let mut wire = Vec::new();
            prop_assert_eq!(Encoder::server().encode(&told, &mut wire), Ok(()));
            prop_assert_eq!(moment(&wire), Some(told));
            prop_assert_eq!(wire.len(), 28);
        }

        #[test]
        fn days_are_counted_one_by_one(days in -719_468i64..2_932_895) {
            let (one, next) = (Date::from_days(days).unwrap(), Date::from_days(days + 1).unwrap());
            prop_assert_eq!((one.days(), next.days()), (days, days + 1));
            prop_assert!(one < next);
        }
    }
}
