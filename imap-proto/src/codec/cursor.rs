//! Reading what a server says, byte by byte: the hot paths of the codec.
//!
//! Lenient wherever the meaning is clear: more than one space, atoms where a string belongs, 8-bit characters in quoted strings, NUL in
//! literals. Nothing here recurses, and nothing is reserved by an announced size.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use memchr::memchr2;

use super::classes::{Classes, span, span_in_quotes};
use super::date::DateTime;
use super::fault::{self, Expected, Failure};
use super::mailbox::Mailbox;
use super::number::digits;
use super::number_set::UidSet;
use super::sequence::SequenceSet;
use super::text::literal_head;

pub(crate) type Read<T> = Result<T, Failure>;

/// A place in a complete frame.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(frame: &'a [u8]) -> Self {
        Cursor { rest: frame }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Goes on where another reader of the same frame stopped.
    pub(crate) fn resume(&mut self, rest: &'a [u8]) {
        self.rest = rest;
    }

    #[cold]
    pub(crate) fn error(&self, expected: Expected) -> Failure {
        Failure::new(self.rest, expected)
    }

    /// Reads on with a parser of nom's kind.
    #[inline]
    pub(crate) fn with<O>(&mut self, parser: impl FnOnce(&'a [u8]) -> fault::Parsed<'a, O>) -> Read<O> {
        match parser(self.rest) {
            Ok((rest, value)) => {
                self.rest = rest;
                Ok(value)
            }
            Err(nom::Err::Error(failure) | nom::Err::Failure(failure)) => Err(failure),
            // No parser here is a streaming one.
            Err(nom::Err::Incomplete(_)) => self.fail(Expected::Grammar),
        }
    }

    #[cold]
    pub(crate) fn fail<T>(&self, expected: Expected) -> Read<T> {
        Err(self.error(expected))
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Passes `byte` if it comes next.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Passes these bytes if they come next.
    #[inline]
    pub(crate) fn eat_prefix(&mut self, prefix: &[u8]) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, expected: Expected) -> Read<()> {
        if self.eat(byte) { Ok(()) } else { self.fail(expected) }
    }

    #[inline]
    pub(crate) fn open(&mut self) -> Read<()> {
        self.expect(b'(', Expected::Open)
    }

    #[inline]
    pub(crate) fn close(&mut self) -> Read<()> {
        self.skip_spaces();
        self.expect(b')', Expected::Close)
    }

    /// Passes one space or more.
    #[inline]
    pub(crate) fn space(&mut self) -> Read<()> {
        self.expect(b' ', Expected::Space)?;
        self.skip_spaces();
        Ok(())
    }

    #[inline]
    pub(crate) fn skip_spaces(&mut self) {
        while self.eat(b' ') {}
    }

    /// Whether nothing but spaces is left of the line; those are passed.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.skip_spaces();
        matches!(self.rest, [] | b"\r\n" | b"\n")
    }

    /// Whether a word ends here.
    pub(crate) fn is_at_end_or_space(&self) -> bool {
        matches!(self.rest, [] | b"\r\n" | b"\n" | [b' ', ..])
    }

    /// Passes the end of the frame, with spaces before it.
    pub(crate) fn end(&mut self) -> Read<()> {
        if self.is_at_end() { Ok(()) } else { self.fail(Expected::End) }
    }

    /// What stands before the end of the frame.
    pub(crate) fn rest_of_line(&mut self) -> &'a [u8] {
        let line = self.rest.strip_suffix(b"\n").unwrap_or(self.rest);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.rest = &self.rest[line.len()..];
        line
    }

    /// Passes the bytes for which `is_part` holds.
    #[inline]
    pub(crate) fn take_while(&mut self, mut is_part: impl FnMut(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !is_part(*byte)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Passes the bytes that are of a class.
    #[inline]
    pub(crate) fn take_class(&mut self, class: u8) -> &'a [u8] {
        let (taken, rest) = split_class(class, self.rest);
        self.rest = rest;
        taken
    }

    /// Passes so many bytes, or all where there are fewer.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Passes `word`, in any case, if it comes next and ends there.
    pub(crate) fn eat_word(&mut self, word: &[u8]) -> bool {
        let Some((head, rest)) = self.rest.split_at_checked(word.len()) else { return false };
        let ends = rest.first().is_none_or(|next| !is_atom_byte(*next));
        let found = ends && head.eq_ignore_ascii_case(word);
        if found {
            self.rest = rest;
        }
        found
    }

    /// A number of at most 64 bits; leading zeros are let pass.
    #[inline]
    pub(crate) fn number64(&mut self) -> Read<u64> {
        /// So many digits always fit.
        const SAFE: usize = 19;
        let (mut number, mut rest) = (0u64, self.rest);
        while let [digit @ b'0'..=b'9', after @ ..] = rest {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            rest = after;
        }
        match self.rest.len() - rest.len() {
            0 => self.fail(Expected::Number),
            1..=SAFE => {
                self.rest = rest;
                Ok(number)
            }
            _ => self.with(digits),
        }
    }

    /// A number that some servers give as negative where they do not know it: that is read as 0.
    pub(crate) fn count64(&mut self) -> Read<u64> {
        let negative = self.eat(b'-');
        let number = self.number64()?;
        Ok(if negative { 0 } else { number })
    }

    /// As [`count64`](Self::count64), of 32 bits.
    pub(crate) fn count(&mut self) -> Read<u32> {
        let number = self.count64()?;
        u32::try_from(number).map_err(|_| self.error(Expected::SmallerNumber))
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Read<u32> {
        let number = self.number64()?;
        u32::try_from(number).map_err(|_| self.error(Expected::SmallerNumber))
    }

    #[inline]
    pub(crate) fn nz_number(&mut self) -> Read<NonZeroU32> {
        let number = self.number()?;
        NonZeroU32::new(number).ok_or_else(|| self.error(Expected::NonZero))
    }

    /// A word of atom characters, never empty. Servers put nearly anything into atoms.
    #[inline]
    pub(crate) fn atom(&mut self) -> Read<&'a [u8]> {
        let atom = self.take_class(ATOM);
        if atom.is_empty() { self.fail(Expected::Atom) } else { Ok(atom) }
    }

    /// A quoted string, a literal, or leniently an atom.
    #[inline]
    pub(crate) fn string(&mut self) -> Read<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{' | b'~') => self.literal_or_atom(),
            _ => self.atom().map(Cow::Borrowed),
        }
    }

    /// A string, or NIL.
    #[inline]
    pub(crate) fn nstring(&mut self) -> Read<Option<Cow<'a, [u8]>>> {
        match self.peek() {
            Some(b'"') => return self.quoted().map(Some),
            Some(b'{') => return self.literal().map(|text| Some(Cow::Borrowed(text))),
            _ => {}
        }
        if self.eat_nil() { Ok(None) } else { self.string().map(Some) }
    }

    /// A string; NIL, which some servers write in its place, is the empty one.
    #[inline]
    pub(crate) fn string_or_nil(&mut self) -> Read<Cow<'a, [u8]>> {
        Ok(self.nstring()?.unwrap_or_default())
    }

    #[inline]
    pub(crate) fn eat_nil(&mut self) -> bool {
        matches!(self.peek(), Some(b'N' | b'n')) && self.eat_word(b"NIL")
    }

    fn literal_or_atom(&mut self) -> Read<Cow<'a, [u8]>> {
        let literal = self.rest.strip_prefix(b"~").unwrap_or(self.rest).starts_with(b"{");
        if literal { self.literal().map(Cow::Borrowed) } else { self.atom().map(Cow::Borrowed) }
    }

    /// A literal, `{5}` or `~{5}`, with its bytes, whatever they are.
    pub(crate) fn literal(&mut self) -> Read<&'a [u8]> {
        let mut after = *self;
        let head = after.with(literal_head)?;
        match usize::try_from(head.len).ok().and_then(|len| after.rest.split_at_checked(len)) {
            Some((literal, rest)) => {
                self.rest = rest;
                Ok(literal)
            }
            None => self.fail(Expected::StringEnd),
        }
    }

    #[inline]
    fn quoted(&mut self) -> Read<Cow<'a, [u8]>> {
        let Some((_, inside)) = self.rest.split_first() else { return self.fail(Expected::String) };
        let end = span_in_quotes(&CLASSES, QUOTED, inside);
        match inside.split_at_checked(end) {
            Some((text, [b'"', rest @ ..])) => {
                self.rest = rest;
                Ok(Cow::Borrowed(text))
            }
            Some((_, [b'\\', ..])) => self.quoted_with_escapes(inside),
            _ => self.fail(Expected::StringEnd),
        }
    }

    /// A backslash before anything but a quote or a backslash was meant as itself.
    #[cold]
    fn quoted_with_escapes(&mut self, mut inside: &'a [u8]) -> Read<Cow<'a, [u8]>> {
        let mut text = Vec::new();
        while let Some((plain, [mark, rest @ ..])) =
            memchr2(b'"', b'\\', inside).and_then(|at| inside.split_at_checked(at))
        {
            if plain.iter().any(|byte| is_line_break(*byte)) {
                break;
            }
            text.extend_from_slice(plain);
            inside = match (mark, rest) {
                (b'"', _) => {
                    self.rest = rest;
                    return Ok(Cow::Owned(text));
                }
                (_, [escaped @ (b'"' | b'\\'), rest @ ..]) => {
                    text.push(*escaped);
                    rest
                }
                _ => {
                    text.push(b'\\');
                    rest
                }
            };
        }
        self.fail(Expected::StringEnd)
    }

    /// A mailbox's name.
    pub(crate) fn mailbox(&mut self) -> Read<Mailbox<Cow<'a, [u8]>>> {
        self.string().map(Mailbox::new)
    }

    /// A date with time and zone.
    pub(crate) fn date_time(&mut self) -> Read<DateTime> {
        DateTime::read(self)
    }

    /// Numbers whose values are known: neither `*` nor `$`.
    pub(crate) fn known_set(&mut self) -> Read<SequenceSet> {
        match SequenceSet::take(self.rest) {
            Ok((set, rest)) if is_known(&set) => {
                self.rest = rest;
                Ok(set)
            }
            _ => self.fail(Expected::SequenceSet),
        }
    }

    /// A set of UIDs, of which the order means nothing.
    pub(crate) fn uid_set(&mut self) -> Read<UidSet> {
        match UidSet::take(self.rest) {
            Ok((set, rest)) => {
                self.rest = rest;
                Ok(set)
            }
            Err(_) => self.fail(Expected::SequenceSet),
        }
    }

    /// A list in parentheses, with or without spaces between its elements.
    #[inline]
    pub(crate) fn list<O>(&mut self, mut read: impl FnMut(&mut Self) -> Read<O>) -> Read<Vec<O>> {
        let mut elements = Vec::new();
        self.open()?;
        loop {
            self.skip_spaces();
            if self.eat(b')') {
                return Ok(elements);
            }
            elements.push(read(self)?);
        }
    }

    /// What stands up to the end of the frame, each after a space.
    pub(crate) fn spaced<O>(&mut self, mut read: impl FnMut(&mut Self) -> Read<O>) -> Read<Vec<O>> {
        let mut elements = Vec::new();
        while !self.is_at_end() {
            elements.push(read(self)?);
        }
        Ok(elements)
    }

    /// Passes one value of any kind: an atom, a string, or a list with all that is in it. However deep, it takes one pass and no memory.
    pub(crate) fn value(&mut self) -> Read<&'a [u8]> {
        let start = *self;
        let mut depth = 0usize;
        loop {
            match self.peek() {
                Some(b'(') => {
                    depth += 1;
                    self.eat(b'(');
                }
                Some(b')') if depth > 0 => {
                    depth -= 1;
                    self.eat(b')');
                }
                Some(b' ') if depth > 0 => self.skip_spaces(),
                Some(b'"' | b'{' | b'~') => self.string().map(drop)?,
                _ => self.atom().map(drop)?,
            }
            if depth == 0 {
                let len = start.rest.len() - self.rest.len();
                return Ok(&start.rest[..len]);
            }
        }
    }

    /// Passes what can only be the rest of a list that has been opened, and what closes it.
    pub(crate) fn skip_to_close(&mut self) -> Read<()> {
        loop {
            self.skip_spaces();
            if self.eat(b')') {
                return Ok(());
            }
            self.value()?;
        }
    }
}

/// Reads with a cursor where a parser of nom's kind is wanted.
#[inline]
pub(crate) fn with_cursor<'a, O>(
    input: &'a [u8],
    read: impl FnOnce(&mut Cursor<'a>) -> Read<O>,
) -> fault::Parsed<'a, O> {
    let mut cursor = Cursor::new(input);
    match read(&mut cursor) {
        Ok(value) => Ok((cursor.rest(), value)),
        Err(failure) => Err(nom::Err::Error(failure)),
    }
}

/// Whether the values of all numbers in it are known.
pub(crate) fn is_known(set: &SequenceSet) -> bool {
    !set.is_saved() && !set.names_last()
}

/// What may stand in an atom here: all but spaces, controls, quotes and parentheses. Stricter grammars break at what servers really send.
pub(crate) const ATOM: u8 = 1;
/// What may stand in the name of something that may have brackets after it.
pub(crate) const NAME: u8 = 2;
/// What may stand in a list of atoms.
pub(crate) const ATOMS: u8 = 4;
/// What stands for itself in a quoted string.
const QUOTED: u8 = 8;

/// Whether a byte is of a class.
#[inline]
pub(crate) fn is(class: u8, byte: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

/// The bytes of a class at the start, and what follows them.
#[inline]
pub(crate) fn split_class(class: u8, input: &[u8]) -> (&[u8], &[u8]) {
    input.split_at(span(&CLASSES, class, input))
}

#[inline]
pub(crate) fn is_atom_byte(byte: u8) -> bool {
    is(ATOM, byte)
}

#[inline]
fn is_line_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

static CLASSES: Classes = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut class = 0;
        if byte > 0x20 && byte != 0x7f && !matches!(byte as u8, b'(' | b')' | b'"') {
            class |= ATOM | ATOMS;
            if !matches!(byte as u8, b'[' | b']') {
                class |= NAME;
            }
        }
        if byte == 0x20 {
            class |= ATOMS;
        }
        if !matches!(byte as u8, b'"' | b'\\' | b'\r' | b'\n') {
            class |= QUOTED;
        }
        classes[byte] = class;
        byte += 1;
    }
    classes
};
