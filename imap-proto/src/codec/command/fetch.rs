//! FETCH (RFC 9051 §6.4.5), with BINARY, CONDSTORE, QRESYNC, OBJECTID, SAVEDATE, PREVIEW and PARTIAL (RFC 3516, RFC 7162,
//! RFC 8474, RFC 8514, RFC 8970, RFC 9394).

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::{NonZeroU32, NonZeroU64};

use crate::codec::cursor::{Cursor, NAME, Read, with_cursor};
use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::{Expected, Parsed};
use crate::codec::number::{ModSeq, mod_seq_or_zero, number64};
use crate::codec::response::PartialRange;
use crate::codec::section::{Section, read_part, write_part};
use crate::codec::sequence::SequenceSet;
use crate::codec::text::{atom, is_opaque, keyword, likely_items, list1, opaque, skip_spaces, sp};
use crate::codec::word::{Word, known_words};

use super::{Text, is_next, named_value, sequence_set, write_named_value, write_set};

/// `[UID] FETCH set items [(modifiers)]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch<T> {
    /// Whether the set is one of UIDs.
    pub uid: bool,
    /// Of which messages.
    pub set: SequenceSet,
    /// What.
    pub items: FetchItems<T>,
    /// On what terms; absent by default.
    pub modifiers: Vec<FetchModifier<T>>,
}

/// What FETCH asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchItems<T> {
    /// `ALL`: FLAGS, INTERNALDATE, RFC822.SIZE and ENVELOPE.
    All,
    /// `FAST`: FLAGS, INTERNALDATE and RFC822.SIZE.
    Fast,
    /// `FULL`: FLAGS, INTERNALDATE, RFC822.SIZE, ENVELOPE and BODY.
    Full,
    /// These; at least one.
    Attributes(Vec<FetchAttribute<T>>),
}

/// One thing that FETCH asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchAttribute<T> {
    /// `BODY`
    Body,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `ENVELOPE`
    Envelope,
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822` (RFC 3501)
    Rfc822,
    /// `RFC822.HEADER` (RFC 3501)
    Rfc822Header,
    /// `RFC822.SIZE`
    Rfc822Size,
    /// `RFC822.TEXT` (RFC 3501)
    Rfc822Text,
    /// `UID`
    Uid,
    /// `BODY[section]<partial>`
    Section {
        /// `BODY.PEEK`: `\Seen` is not set.
        peek: bool,
        /// Which part.
        section: Section<T>,
        /// Which bytes of it; absent for all.
        partial: Option<Partial>,
    },
    /// `BINARY[part]<partial>` (RFC 3516)
    Binary {
        /// `BINARY.PEEK`: `\Seen` is not set.
        peek: bool,
        /// Which part.
        part: Vec<NonZeroU32>,
        /// Which bytes of it; absent for all.
        partial: Option<Partial>,
    },
    /// `BINARY.SIZE[part]` (RFC 3516)
    BinarySize(Vec<NonZeroU32>),
    /// `MODSEQ` (RFC 7162)
    ModSeq,
    /// `EMAILID` (RFC 8474)
    EmailId,
    /// `THREADID` (RFC 8474)
    ThreadId,
    /// `SAVEDATE` (RFC 8514)
    SaveDate,
    /// `PREVIEW` or `PREVIEW (LAZY)` (RFC 8970)
    Preview {
        /// Only what the server has at hand.
        lazy: bool,
    },
    /// Any other, as it came, with what stands in brackets after its name.
    Other(T),
}

/// `<offset.count>`: some of the bytes of a part (RFC 9051 §6.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Partial {
    /// How many bytes before them are left out.
    pub offset: u64,
    /// How many there may be.
    pub count: NonZeroU64,
}

/// On what terms FETCH tells (RFC 4466 §2.4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchModifier<T> {
    /// `CHANGEDSINCE`: only of messages with a higher mod-sequence (RFC 7162 §3.1.4.1).
    ChangedSince(ModSeq),
    /// `VANISHED`: with those that were expunged since (RFC 7162 §3.2.6).
    Vanished,
    /// `PARTIAL`: of so many messages of the set (RFC 9394 §3.3).
    Partial(PartialRange),
    /// Any other: its name and its value as it stands.
    Other {
        /// The name.
        name: T,
        /// An atom, a number, a set, a string or a list in parentheses.
        value: Option<T>,
    },
}

impl<'a> Fetch<Text<'a>> {
    pub(crate) fn read(input: &'a [u8], uid: bool) -> Parsed<'a, Self> {
        let (rest, set) = sequence_set(input)?;
        let (rest, ()) = sp(rest)?;
        let (mut rest, items) = FetchItems::read(rest)?;
        let mut modifiers = Vec::new();
        if is_next(rest, b'(') {
            let (after, some) = list1(skip_spaces(rest), FetchModifier::read)?;
            modifiers = some;
            rest = after;
        }
        Ok((rest, Fetch { uid, set, items, modifiers }))
    }
}

impl<'a> FetchItems<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        if input.first() == Some(&b'(') {
            return with_cursor(input, read_attributes).map(|(rest, items)| (rest, FetchItems::Attributes(items)));
        }
        for (name, items) in [(&b"ALL"[..], FetchItems::All), (b"FAST", FetchItems::Fast), (b"FULL", FetchItems::Full)]
        {
            if let Ok((rest, ())) = keyword(input, name) {
                return Ok((rest, items));
            }
        }
        FetchAttribute::read(input).map(|(rest, item)| (rest, FetchItems::Attributes(Vec::from([item]))))
    }
}

/// Attributes in parentheses; at least one.
fn read_attributes<'a>(cursor: &mut Cursor<'a>) -> Read<Vec<FetchAttribute<Text<'a>>>> {
    cursor.open()?;
    cursor.skip_spaces();
    let mut items = Vec::with_capacity(likely_items(cursor.rest()));
    loop {
        FetchAttribute::read_into(cursor, &mut items)?;
        if cursor.eat(b')') {
            return Ok(items);
        }
        cursor.expect(b' ', Expected::Close)?;
        cursor.skip_spaces();
        // A space before the parenthesis is a fault of many, and harms none.
        if cursor.eat(b')') {
            return Ok(items);
        }
    }
}

impl<'a> FetchAttribute<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        with_cursor(input, |cursor| {
            let mut items = Vec::with_capacity(1);
            FetchAttribute::read_into(cursor, &mut items)?;
            items.pop().ok_or_else(|| cursor.error(Expected::FetchAttribute))
        })
    }

    /// Reads one to the others: it is too large to be handed on much.
    #[inline]
    fn read_into(cursor: &mut Cursor<'a>, items: &mut Vec<Self>) -> Read<()> {
        let start = *cursor;
        let name = Word::of(cursor.take_class(NAME));
        match FetchAttribute::plain(name) {
            Some(plain) if cursor.peek() != Some(b'[') => items.push(plain),
            _ => items.push(read_with_more(cursor, name, start)?),
        }
        Ok(())
    }
}

impl<T> FetchAttribute<T> {
    /// What is one word, and has nothing after it.
    #[inline]
    fn plain(name: Word) -> Option<Self> {
        known_words!(
            BODY BODYSTRUCTURE EMAILID ENVELOPE FLAGS INTERNALDATE MODSEQ RFC822 RFC822_HEADER RFC822_SIZE RFC822_TEXT
            SAVEDATE THREADID UID
        );
        Some(match name {
            BODY => FetchAttribute::Body,
            BODYSTRUCTURE => FetchAttribute::BodyStructure,
            EMAILID => FetchAttribute::EmailId,
            ENVELOPE => FetchAttribute::Envelope,
            FLAGS => FetchAttribute::Flags,
            INTERNALDATE => FetchAttribute::InternalDate,
            MODSEQ => FetchAttribute::ModSeq,
            RFC822 => FetchAttribute::Rfc822,
            RFC822_HEADER => FetchAttribute::Rfc822Header,
            RFC822_SIZE => FetchAttribute::Rfc822Size,
            RFC822_TEXT => FetchAttribute::Rfc822Text,
            SAVEDATE => FetchAttribute::SaveDate,
            THREADID => FetchAttribute::ThreadId,
            UID => FetchAttribute::Uid,
            _ => return None,
        })
    }
}

/// Reads the item whose name has been read, if that is not all of it, or nothing that is known.
#[inline(never)]
fn read_with_more<'a>(cursor: &mut Cursor<'a>, name: Word, start: Cursor<'a>) -> Read<FetchAttribute<Text<'a>>> {
    known_words!(BINARY BINARY_PEEK BINARY_SIZE BODY BODY_PEEK PREVIEW);
    let has_section = cursor.peek() == Some(b'[');
    match name {
        BODY if has_section => read_section(cursor, false),
        BODY_PEEK if has_section => read_section(cursor, true),
        BINARY if has_section => read_binary(cursor, false),
        BINARY_PEEK if has_section => read_binary(cursor, true),
        BINARY_SIZE if has_section => read_part(cursor).map(FetchAttribute::BinarySize),
        PREVIEW => Ok(read_preview(cursor)),
        name => match FetchAttribute::plain(name) {
            Some(plain) => Ok(plain),
            None => read_other(cursor, start),
        },
    }
}

fn read_other<'a>(cursor: &mut Cursor<'a>, start: Cursor<'a>) -> Read<FetchAttribute<Text<'a>>> {
    match opaque(start.rest()) {
        Ok((rest, whole)) if is_other(whole) => {
            cursor.resume(rest);
            Ok(FetchAttribute::Other(Cow::Borrowed(whole)))
        }
        _ => start.fail(Expected::FetchAttribute),
    }
}

/// An atom, with whatever stands in brackets right after it.
fn is_other(whole: &[u8]) -> bool {
    atom(whole).is_ok() && is_opaque(whole)
}

fn read_section<'a>(cursor: &mut Cursor<'a>, peek: bool) -> Read<FetchAttribute<Text<'a>>> {
    let section = Section::read(cursor)?;
    Ok(FetchAttribute::Section { peek, section, partial: read_partial(cursor)? })
}

fn read_binary<'a>(cursor: &mut Cursor<'a>, peek: bool) -> Read<FetchAttribute<Text<'a>>> {
    let part = read_part(cursor)?;
    Ok(FetchAttribute::Binary { peek, part, partial: read_partial(cursor)? })
}

fn read_partial(cursor: &mut Cursor<'_>) -> Read<Option<Partial>> {
    if !cursor.eat(b'<') {
        return Ok(None);
    }
    let offset = cursor.with(number64)?;
    cursor.expect(b'.', Expected::Section)?;
    let count = cursor.with(number64)?;
    cursor.expect(b'>', Expected::Section)?;
    match NonZeroU64::new(count) {
        Some(count) => Ok(Some(Partial { offset, count })),
        None => cursor.fail(Expected::NonZero),
    }
}

fn read_preview<'a>(cursor: &mut Cursor<'a>) -> FetchAttribute<Text<'a>> {
    // What stands in parentheses may be the modifiers of FETCH, too.
    let modifier = cursor.rest().strip_prefix(b" ").and_then(|rest| list1(rest, atom).ok());
    let lazy = modifier.filter(|(_, words)| words.iter().all(|word| word.eq_ignore_ascii_case(b"LAZY")));
    if let Some((rest, _)) = &lazy {
        cursor.resume(rest);
    }
    FetchAttribute::Preview { lazy: lazy.is_some() }
}

impl<'a> FetchModifier<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, name) = atom(input)?;
        if name.eq_ignore_ascii_case(b"CHANGEDSINCE") {
            // Of 0, which some clients say, the meaning is clear.
            return mod_seq_or_zero(sp(rest)?.0).map(|(rest, since)| (rest, FetchModifier::ChangedSince(since)));
        }
        if name.eq_ignore_ascii_case(b"VANISHED") {
            return Ok((rest, FetchModifier::Vanished));
        }
        if name.eq_ignore_ascii_case(b"PARTIAL") {
            return with_cursor(sp(rest)?.0, PartialRange::read)
                .map(|(rest, range)| (rest, FetchModifier::Partial(range)));
        }
        let (rest, value) = named_value(rest)?;
        Ok((rest, FetchModifier::Other { name: Cow::Borrowed(name), value }))
    }
}

impl<T: AsRef<[u8]>> Fetch<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        write_set(&self.set, writer);
        match &self.items {
            FetchItems::All => writer.put(b" ALL"),
            FetchItems::Fast => writer.put(b" FAST"),
            FetchItems::Full => writer.put(b" FULL"),
            FetchItems::Attributes(items) => {
                writer.space();
                write_attributes(items, writer)?;
            }
        }
        if self.modifiers.is_empty() {
            return Ok(());
        }
        writer.space();
        writer.list(&self.modifiers, |writer, modifier| match modifier {
            FetchModifier::ChangedSince(since) => {
                writer.put(b"CHANGEDSINCE ");
                writer.number(since.get());
                Ok(())
            }
            FetchModifier::Vanished => {
                writer.put(b"VANISHED");
                Ok(())
            }
            FetchModifier::Partial(range) => {
                writer.put(b"PARTIAL ");
                range.write(writer);
                Ok(())
            }
            FetchModifier::Other { name, value } => write_named_value(name, value.as_ref(), writer),
        })
    }
}

/// One attribute alone, or several in parentheses.
fn write_attributes<T: AsRef<[u8]>>(items: &[FetchAttribute<T>], writer: &mut Writer<'_>) -> Result<(), Unwritable> {
    match items {
        // Without parentheses, what follows PREVIEW could be read as its own.
        [one] if !matches!(one, FetchAttribute::Preview { .. } | FetchAttribute::Other(_)) => one.write(writer),
        items => writer.list1(items, |writer, item| item.write(writer)),
    }
}

impl<T: AsRef<[u8]>> FetchAttribute<T> {
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let plain: &[u8] = match self {
            FetchAttribute::Body => b"BODY",
            FetchAttribute::BodyStructure => b"BODYSTRUCTURE",
            FetchAttribute::Envelope => b"ENVELOPE",
            FetchAttribute::Flags => b"FLAGS",
            FetchAttribute::InternalDate => b"INTERNALDATE",
            FetchAttribute::Rfc822 => b"RFC822",
            FetchAttribute::Rfc822Header => b"RFC822.HEADER",
            FetchAttribute::Rfc822Size => b"RFC822.SIZE",
            FetchAttribute::Rfc822Text => b"RFC822.TEXT",
            FetchAttribute::Uid => b"UID",
            FetchAttribute::ModSeq => b"MODSEQ",
            FetchAttribute::EmailId => b"EMAILID",
            FetchAttribute::ThreadId => b"THREADID",
            FetchAttribute::SaveDate => b"SAVEDATE",
            FetchAttribute::Preview { lazy: false } => b"PREVIEW",
            FetchAttribute::Preview { lazy: true } => b"PREVIEW (LAZY)",
            FetchAttribute::Section { peek, section, partial } => {
                writer.put(if *peek { b"BODY.PEEK" } else { b"BODY" });
                section.write(writer)?;
                return write_partial(*partial, writer);
            }
            FetchAttribute::Binary { peek, part, partial } => {
                writer.put(if *peek { b"BINARY.PEEK" } else { b"BINARY" });
                write_part(writer, part);
                return write_partial(*partial, writer);
            }
            FetchAttribute::BinarySize(part) => {
                writer.put(b"BINARY.SIZE");
                write_part(writer, part);
                return Ok(());
            }
            FetchAttribute::Other(whole) => {
                let whole = whole.as_ref();
                // What would be read as one of the others, or as a macro, is not another.
                let read = || matches!(FetchAttribute::read(whole), Ok((b"", FetchAttribute::Other(_))));
                if writer.is_checking() && !read() {
                    return Err(Unwritable::Value);
                }
                return writer.opaque(whole);
            }
        };
        writer.put(plain);
        Ok(())
    }
}

fn write_partial(partial: Option<Partial>, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
    let Some(Partial { offset, count }) = partial else { return Ok(()) };
    writer.put(b"<");
    writer.number(offset);
    writer.put(b".");
    writer.number(count.get());
    writer.put(b">");
    if (offset | count.get()) >> 63 == 0 { Ok(()) } else { Err(Unwritable::Value) }
}

impl<T> Fetch<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Fetch<U> {
        let items = match self.items {
            FetchItems::All => FetchItems::All,
            FetchItems::Fast => FetchItems::Fast,
            FetchItems::Full => FetchItems::Full,
            FetchItems::Attributes(items) => {
                FetchItems::Attributes(items.into_iter().map(|item| item.map_text(text)).collect())
            }
        };
        let modifier = |modifier| match modifier {
            FetchModifier::ChangedSince(since) => FetchModifier::ChangedSince(since),
            FetchModifier::Vanished => FetchModifier::Vanished,
            FetchModifier::Partial(range) => FetchModifier::Partial(range),
            FetchModifier::Other { name, value } => {
                FetchModifier::Other { name: text(name), value: value.map(&mut *text) }
            }
        };
        let modifiers = self.modifiers.into_iter().map(modifier).collect();
        Fetch { uid: self.uid, set: self.set, items, modifiers }
    }
}

impl<T> FetchAttribute<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> FetchAttribute<U> {
        use FetchAttribute as Item;
        match self {
            Item::Body => Item::Body,
            Item::BodyStructure => Item::BodyStructure,
            Item::Envelope => Item::Envelope,
            Item::Flags => Item::Flags,
            Item::InternalDate => Item::InternalDate,
            Item::Rfc822 => Item::Rfc822,
            Item::Rfc822Header => Item::Rfc822Header,
            Item::Rfc822Size => Item::Rfc822Size,
            Item::Rfc822Text => Item::Rfc822Text,
            Item::Uid => Item::Uid,
            Item::ModSeq => Item::ModSeq,
            Item::EmailId => Item::EmailId,
            Item::ThreadId => Item::ThreadId,
            Item::SaveDate => Item::SaveDate,
            Item::Preview { lazy } => Item::Preview { lazy },
            Item::Section { peek, section, partial } => {
                Item::Section { peek, section: section.map_text(text), partial }
            }
            Item::Binary { peek, part, partial } => Item::Binary { peek, part, partial },
            Item::BinarySize(part) => Item::BinarySize(part),
            Item::Other(whole) => Item::Other(text(whole)),
        }
    }
}
