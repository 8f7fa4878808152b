//! FETCH responses whose message data is streamed, because it is too long for one frame.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::{MessageAttribute, Rfc822, read_item, read_origin};
use crate::codec::cursor::{ATOM, Cursor, NAME, Read};
use crate::codec::fault::{Expected, Fault};
use crate::codec::number::Uid;
use crate::codec::section::{Section, read_part, upper};
use crate::codec::sequence::SeqNo;
use crate::codec::text::Literal;

/// Data of a message that comes, or goes, in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Streamed<T> {
    /// `BODY[section]<origin>`
    Section {
        /// What of the message it is.
        section: Section<T>,
        /// Where the data begins in it, in octets, if only a stretch was asked for.
        origin: Option<u64>,
    },
    /// `BINARY[part]<origin>`: a part without its transfer encoding.
    Binary {
        /// The part's numbers; empty for the whole message.
        part: Vec<NonZeroU32>,
        /// Where the data begins in it, in octets, if only a stretch was asked for.
        origin: Option<u64>,
    },
    /// `RFC822`, `RFC822.HEADER` or `RFC822.TEXT`
    Rfc822(Rfc822),
}

impl<T> Streamed<T> {
    /// `BODY[]`: the whole message.
    pub const fn whole() -> Self {
        Streamed::Section { section: Section::whole(), origin: None }
    }

    /// The item, once its data is there.
    pub fn with_data(self, data: Option<T>) -> MessageAttribute<T> {
        match self {
            Streamed::Section { section, origin } => MessageAttribute::Section { section, origin, data },
            Streamed::Binary { part, origin } => MessageAttribute::Binary { part, origin, data },
            Streamed::Rfc822(what) => MessageAttribute::Rfc822(what, data),
        }
    }

    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Streamed<U> {
        match self {
            Streamed::Section { section, origin } => Streamed::Section { section: section.map_text(f), origin },
            Streamed::Binary { part, origin } => Streamed::Binary { part, origin },
            Streamed::Rfc822(what) => Streamed::Rfc822(what),
        }
    }
}

/// Which message a FETCH response is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fetched {
    /// FETCH: the message of this number.
    Number(SeqNo),
    /// UIDFETCH: the message of this UID.
    Uid(Uid),
}

/// A FETCH response up to the first data that is streamed: the head of [`Frame::Message`](crate::codec::Frame::Message).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchHead<T> {
    /// Which message it is about.
    pub message: Fetched,
    /// What comes before the data, and what the data is.
    pub part: FetchPart<T>,
}

/// A stretch of a FETCH response between data that is streamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchPart<T> {
    /// The items that are complete.
    pub items: Vec<MessageAttribute<T>>,
    /// What the data is that follows; absent at the end of the response.
    pub streamed: Option<Streamed<T>>,
}

impl<'a> FetchHead<Cow<'a, [u8]>> {
    /// Parses the start of a FETCH or UIDFETCH response, which ends with the announcement of the data, without its line end.
    ///
    /// # Errors
    ///
    /// What was expected, and where: it may be another response altogether.
    pub fn parse(head: &'a [u8]) -> Result<Self, Fault> {
        parse_head(head, |cursor| {
            cursor.expect(b'*', Expected::Data)?;
            cursor.space()?;
            let number = cursor.nz_number()?;
            cursor.space()?;
            let message = match upper(cursor.take_class(ATOM), &mut [0; 8]) {
                b"FETCH" => Fetched::Number(number),
                b"UIDFETCH" => Fetched::Uid(number.into()),
                _ => return cursor.fail(Expected::Data),
            };
            cursor.space()?;
            cursor.open()?;
            Ok(FetchHead { message, part: read_part_of_response(cursor)? })
        })
    }
}

impl<'a> FetchPart<Cow<'a, [u8]>> {
    /// Parses what stands between data and the announcement of more: the head of a [`Frame::Message`](crate::codec::Frame::Message) that follows
    /// another.
    ///
    /// # Errors
    ///
    /// What was expected, and where.
    pub fn parse(head: &'a [u8]) -> Result<Self, Fault> {
        parse_head(head, read_part_of_response)
    }

    /// Parses what follows the last data, to the end of the response: a [`Frame::Rest`](crate::codec::Frame::Rest).
    ///
    /// # Errors
    ///
    /// What was expected, and where.
    pub fn parse_rest(rest: &'a [u8]) -> Result<Self, Fault> {
        let mut items = Vec::new();
        let mut cursor = Cursor::new(rest);
        let mut read = || loop {
            cursor.skip_spaces();
            if cursor.eat(b')') {
                return cursor.end();
            }
            items.push(read_item(&mut cursor)?);
        };
        read().map_err(|failure| Fault::of(rest, nom::Err::Error(failure)))?;
        Ok(FetchPart { items, streamed: None })
    }
}

impl<T> FetchHead<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> FetchHead<U> {
        FetchHead { message: self.message, part: self.part.map_text(f) }
    }
}

impl<T> FetchPart<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> FetchPart<U> {
        FetchPart {
            items: self.items.into_iter().map(|item| item.map_text(f)).collect(),
            streamed: self.streamed.map(|streamed| streamed.map_text(f)),
        }
    }
}

fn parse_head<'a, O>(head: &'a [u8], read: impl FnOnce(&mut Cursor<'a>) -> Read<O>) -> Result<O, Fault> {
    // How much is announced, the framing has told already.
    let Some((start, _)) = Literal::at_end_of(head) else {
        return Err(Fault { expected: Expected::Literal, at: head.len() });
    };
    let before = head.get(..start).unwrap_or(head);
    read(&mut Cursor::new(before)).map_err(|failure| Fault::of(before, nom::Err::Error(failure)))
}

fn read_part_of_response<'a>(cursor: &mut Cursor<'a>) -> Read<FetchPart<Cow<'a, [u8]>>> {
    let mut items = Vec::new();
    loop {
        cursor.skip_spaces();
        let start = *cursor;
        if let Ok(streamed) = read_streamed(cursor) {
            return Ok(FetchPart { items, streamed: Some(streamed) });
        }
        *cursor = start;
        items.push(read_item(cursor)?);
    }
}

/// Reads a name after which nothing comes but the data.
fn read_streamed<'a>(cursor: &mut Cursor<'a>) -> Read<Streamed<Cow<'a, [u8]>>> {
    let name = cursor.take_class(NAME);
    let streamed = match upper(name, &mut [0; 13]) {
        b"BODY" => Streamed::Section { section: Section::read(cursor)?, origin: read_origin(cursor)? },
        b"BINARY" => Streamed::Binary { part: read_part(cursor)?, origin: read_origin(cursor)? },
        b"RFC822" => Streamed::Rfc822(Rfc822::Message),
        b"RFC822.HEADER" => Streamed::Rfc822(Rfc822::Header),
        b"RFC822.TEXT" => Streamed::Rfc822(Rfc822::Text),
        _ => return cursor.fail(Expected::FetchAttribute),
    };
    cursor.space()?;
    cursor.end()?;
    Ok(streamed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Frame, Framing, Limits};
    use wirestate_machine::Inbox;

    #[test]
    fn a_response_is_read_around_data_that_is_streamed() {
        let limits = Limits { stream: 4, ..Limits::RESPONSES };
        let (mut inbox, mut framing) = (Inbox::new(1 << 16), Framing::responses(limits));
        inbox.push(
            b"* 7 FETCH (UID 9 BODY[1.MIME]<2> {5}\r\nhello FLAGS (\\Seen) RFC822.TEXT {6}\r\nworld! MODSEQ (3))\r\n",
        );
        let Some(Frame::Message { head, .. }) = framing.next(&mut inbox) else { panic!() };
        let head = FetchHead::parse(head).unwrap();
        assert_eq!(head.message, Fetched::Number(SeqNo::new(7).unwrap()));
        assert!(matches!(head.part.items[..], [MessageAttribute::Uid(_)]));
        assert!(
            matches!(&head.part.streamed, Some(Streamed::Section { section, origin: Some(2) }) if section.part.len() == 1)
        );
        assert_eq!(framing.next(&mut inbox), Some(Frame::Chunk(b"hello"[..].into())));
        let Some(Frame::Message { head, .. }) = framing.next(&mut inbox) else { panic!() };
        let part = FetchPart::parse(head).unwrap();
        assert!(matches!(part.items[..], [MessageAttribute::Flags(_)]));
        assert_eq!(part.streamed, Some(Streamed::Rfc822(Rfc822::Text)));
        assert_eq!(framing.next(&mut inbox), Some(Frame::Chunk(b"world!"[..].into())));
        let Some(Frame::Rest(rest)) = framing.next(&mut inbox) else { panic!() };
        let part = FetchPart::parse_rest(rest).unwrap();
        assert!(matches!(part.items[..], [MessageAttribute::ModSeq(_)]) && part.streamed.is_none());
    }

    #[test]
    fn what_looks_like_an_announcement_at_the_end_of_the_rest_is_none() {
        assert!(FetchPart::parse_rest(b" UID 1) ").is_ok());
        assert!(FetchPart::parse_rest(b" UID 1 BODY[] {4}").is_err());
        assert!(FetchPart::parse_rest(b" UID 1").is_err());
    }

    #[test]
    fn what_is_no_such_head_is_refused() {
        for odd in [
            &b"* 0 FETCH (BODY[] {5}"[..],
            b"* 1 FETCH (ENVELOPE {5}",
            b"* OK BODY[] {5}",
            b"* 1 FETCH BODY[] {5}",
            b"* 1 FETCH (UID 1)",
            b"",
        ] {
            assert!(FetchHead::parse(odd).is_err(), "{}", odd.escape_ascii());
        }
    }
}
