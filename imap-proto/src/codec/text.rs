use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use memchr::memchr;

use super::classes::{Classes, span};
use super::fault::{Expected, Parsed, fail};
use super::number::digits;

/// Text that must not be written down: its `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Secret<T>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// How a literal is announced: `{n}`, `{n+}`, `~{n}` or `~{n+}` at the end of a line (RFC 9051 §4.3, RFC 7888, RFC 3516 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Literal {
    /// How many bytes follow the line. What is more than 64 bits can say is `u64::MAX`.
    pub len: u64,
    /// Whether a client waits for `+` before it sends them. What a server announces comes at once, whatever this says.
    pub sync: bool,
    /// Whether the bytes may hold NUL: `~{n}`, a literal8.
    pub binary: bool,
}

impl Literal {
    /// The most digits that a literal's number has: those of 2^64.
    pub const DIGITS: usize = 20;

    /// Reads what stands at the end of a line, without its line end; `None` where the line announces nothing.
    ///
    /// Whether it is part of a quoted string is not looked at. Numbers of more than [`Literal::DIGITS`] digits announce nothing.
    #[inline]
    pub fn at_end_of(line: &[u8]) -> Option<(usize, Literal)> {
        let within = line.strip_suffix(b"}")?;
        Literal::before_brace(within)
    }

    /// What stands before the brace.
    fn before_brace(line: &[u8]) -> Option<(usize, Literal)> {
        let within = line.strip_suffix(b"+").unwrap_or(line);
        let sync = within.len() == line.len();
        let mut before = within;
        while let [rest @ .., b'0'..=b'9'] = before {
            before = rest;
        }
        let digits = within.get(before.len()..)?;
        let before = before.strip_suffix(b"{").filter(|_| !digits.is_empty())?;
        let len = match digits.len() {
            // So many always fit.
            ..Literal::DIGITS => digits.iter().fold(0, |len, digit| len * 10 + u64::from(digit - b'0')),
            Literal::DIGITS => digits.iter().fold(0u64, |len, digit| {
                // Of what is too much for 64 bits, all is.
                len.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
            }),
            _ => return None,
        };
        let (start, binary) = match before.strip_suffix(b"~") {
            Some(before) => (before.len(), true),
            None => (before.len(), false),
        };
        Some((start, Literal { len, sync, binary }))
    }
}

/// ATOM-CHAR
pub(crate) const ATOM: u8 = 1;
/// ASTRING-CHAR
pub(crate) const ASTRING: u8 = 2;
/// list-char
pub(crate) const LIST: u8 = 4;
/// ASTRING-CHAR without `+`
pub(crate) const TAG: u8 = 8;
/// What stands for itself in a quoted string. UTF-8 is taken whether or not it was agreed on.
pub(crate) const QUOTED: u8 = 16;
/// The same in ASCII.
pub(crate) const PLAIN: u8 = 32;

static CLASSES: Classes = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut class = 0;
        if byte > 0x20 && byte < 0x7f {
            class = match byte as u8 {
                b'(' | b')' | b'{' | b'"' | b'\\' => 0,
                b'%' | b'*' => LIST,
                b']' => ASTRING | LIST | TAG,
                b'+' => ATOM | ASTRING | LIST,
                _ => ATOM | ASTRING | LIST | TAG,
            };
        }
        if !matches!(byte as u8, 0 | b'\r' | b'\n' | b'"' | b'\\') {
            class |= QUOTED;
            if byte < 0x80 {
                class |= PLAIN;
            }
        }
        classes[byte] = class;
        byte += 1;
    }
    classes
};

/// Whether a byte is of a class.
#[inline]
pub(crate) fn is(class: u8, byte: u8) -> bool {
    CLASSES[byte as usize] & class != 0
}

/// Whether all of `text` is of a class, and there is any.
pub(crate) fn is_word(class: u8, text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| is(class, *byte))
}

/// Whether it can be a command's tag.
#[inline]
pub(crate) fn is_tag(text: &[u8]) -> bool {
    is_word(TAG, text)
}

/// One or more bytes of a class.
#[inline]
pub(crate) fn word(input: &[u8], class: u8, expected: Expected) -> Parsed<'_, &[u8]> {
    let end = span(&CLASSES, class, input);
    if end == 0 { fail(input, expected) } else { Ok((&input[end..], &input[..end])) }
}

/// `atom` (RFC 9051 §9).
#[inline]
pub(crate) fn atom(input: &[u8]) -> Parsed<'_, &[u8]> {
    word(input, ATOM, Expected::Atom)
}

/// `tag` (RFC 9051 §9).
#[inline]
pub(crate) fn tag(input: &[u8]) -> Parsed<'_, &[u8]> {
    word(input, TAG, Expected::Tag)
}

/// One byte that must be this one.
#[inline]
pub(crate) fn byte(input: &[u8], wanted: u8, expected: Expected) -> Parsed<'_, ()> {
    match input.split_first() {
        Some((first, rest)) if *first == wanted => Ok((rest, ())),
        _ => fail(input, expected),
    }
}

/// A space between two arguments. More than one are let pass.
#[inline]
pub(crate) fn sp(input: &[u8]) -> Parsed<'_, ()> {
    match input {
        [b' ', b' ', ..] => Ok((skip_spaces(input), ())),
        [b' ', rest @ ..] => Ok((rest, ())),
        _ => fail(input, Expected::Space),
    }
}

/// The input without spaces at its start.
#[inline]
pub(crate) fn skip_spaces(mut input: &[u8]) -> &[u8] {
    while let [b' ', rest @ ..] = input {
        input = rest;
    }
    input
}

/// The end of the frame. Spaces before it are let pass.
#[inline]
pub(crate) fn end(input: &[u8]) -> Parsed<'_, ()> {
    if input.is_empty() || skip_spaces(input).is_empty() { Ok((&[], ())) } else { fail(input, Expected::End) }
}

/// A word in any case, which must not go on as an atom.
pub(crate) fn keyword<'a>(input: &'a [u8], wanted: &[u8]) -> Parsed<'a, ()> {
    match input.split_at_checked(wanted.len()) {
        Some((word, rest))
            if (word == wanted || word.eq_ignore_ascii_case(wanted))
                && !rest.first().is_some_and(|next| is(ATOM, *next)) =>
        {
            Ok((rest, ()))
        }
        _ => fail(input, Expected::Keyword),
    }
}

/// `(`, items with spaces between them, `)`. An empty list is read as one; who forbids it looks at what came.
pub(crate) fn list<'a, O>(input: &'a [u8], mut item: impl FnMut(&'a [u8]) -> Parsed<'a, O>) -> Parsed<'a, Vec<O>> {
    let (mut rest, ()) = byte(input, b'(', Expected::Open)?;
    rest = skip_spaces(rest);
    if let [b')', after @ ..] = rest {
        return Ok((after, Vec::new()));
    }
    let mut items = Vec::with_capacity(likely_items(rest));
    loop {
        let (after, one) = item(rest)?;
        items.push(one);
        rest = after;
        match rest {
            [b' ', after @ ..] if !matches!(after.first(), None | Some(b' ' | b')')) => rest = after,
            [b')', after @ ..] => return Ok((after, items)),
            [b' ', ..] => {
                rest = skip_spaces(rest);
                // A space before the parenthesis is a fault of many, and harms none.
                if let [b')', after @ ..] = rest {
                    return Ok((after, items));
                }
            }
            _ => return fail(rest, Expected::Close),
        }
    }
}

/// How many items a list has at most where they are words, but no more than most lists have: so few lists grow, and none reserves much.
pub(crate) fn likely_items(list: &[u8]) -> usize {
    (1 + list.len() / 4).min(8)
}

/// A [`list`] with at least one item.
pub(crate) fn list1<'a, O>(input: &'a [u8], mut item: impl FnMut(&'a [u8]) -> Parsed<'a, O>) -> Parsed<'a, Vec<O>> {
    let (rest, items) = list(input, &mut item)?;
    if items.is_empty() {
        // The item's own failure tells what should have been there.
        item(skip_spaces(&input[1..])).map(|(_, one)| (rest, Vec::from([one])))
    } else {
        Ok((rest, items))
    }
}

/// `quoted` (RFC 9051 §9). A backslash takes the next byte as it is, whichever it is.
pub(crate) fn quoted(input: &[u8]) -> Parsed<'_, Cow<'_, [u8]>> {
    let (start, ()) = byte(input, b'"', Expected::String)?;
    let end = quoted_span(start);
    match &start[end..] {
        [b'"', rest @ ..] => Ok((rest, Cow::Borrowed(&start[..end]))),
        _ => quoted_with_escapes(start, end),
    }
}

/// How many bytes of a quoted string stand for themselves.
#[inline]
pub(crate) fn quoted_span(input: &[u8]) -> usize {
    span(&CLASSES, QUOTED, input)
}

#[cold]
fn quoted_with_escapes(start: &[u8], mut end: usize) -> Parsed<'_, Cow<'_, [u8]>> {
    // The length is looked for first, so that an input without end costs nothing.
    let mut escapes = 0;
    loop {
        match &start[end..] {
            [b'"', ..] => break,
            [b'\\', escaped, ..] if is(QUOTED, *escaped) || matches!(escaped, b'"' | b'\\') => {
                escapes += 1;
                end += 2;
                end += quoted_span(&start[end..]);
            }
            at => return fail(at, Expected::StringEnd),
        }
    }
    let mut text = Vec::with_capacity(end - escapes);
    let mut rest = &start[..end];
    while let Some(at) = memchr(b'\\', rest) {
        text.extend_from_slice(&rest[..at]);
        text.extend(rest.get(at + 1));
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    text.extend_from_slice(rest);
    Ok((&start[end + 1..], Cow::Owned(text)))
}

/// `{n}`, `{n+}`, `~{n}` or `~{n+}` with its line end.
pub(crate) fn literal_head(input: &[u8]) -> Parsed<'_, Literal> {
    let (rest, binary) = match input {
        [b'~', rest @ ..] => (rest, true),
        _ => (input, false),
    };
    let (rest, ()) = byte(rest, b'{', Expected::Literal)?;
    let (rest, len) = digits(rest)?;
    let (rest, sync) = match rest {
        [b'+', rest @ ..] => (rest, false),
        _ => (rest, true),
    };
    match rest {
        [b'}', b'\r', b'\n', rest @ ..] | [b'}', b'\n', rest @ ..] => Ok((rest, Literal { len, sync, binary })),
        _ => fail(input, Expected::Literal),
    }
}

/// `literal` or, where `binary`, `literal8` too; tells which. NUL is only in the latter.
pub(crate) fn literal(input: &[u8], binary: bool) -> Parsed<'_, (bool, &[u8])> {
    let (rest, head) = literal_head(input)?;
    if head.binary && !binary {
        return fail(input, Expected::Literal);
    }
    let parts = usize::try_from(head.len).ok().and_then(|len| rest.split_at_checked(len));
    let Some((text, after)) = parts else { return fail(rest, Expected::StringEnd) };
    if !head.binary && memchr(0, text).is_some() {
        return fail(rest, Expected::StringEnd);
    }
    Ok((after, (head.binary, text)))
}

/// `string` (RFC 9051 §9).
pub(crate) fn string(input: &[u8]) -> Parsed<'_, Cow<'_, [u8]>> {
    match input.first() {
        Some(b'"') => quoted(input),
        Some(b'{') => literal(input, false).map(|(rest, (_, text))| (rest, Cow::Borrowed(text))),
        _ => fail(input, Expected::String),
    }
}

/// `string` or `literal8` (RFC 3516 §7).
pub(crate) fn string8(input: &[u8]) -> Parsed<'_, Cow<'_, [u8]>> {
    match input.first() {
        Some(b'~') => literal(input, true).map(|(rest, (_, text))| (rest, Cow::Borrowed(text))),
        _ => string(input),
    }
}

/// `astring` (RFC 9051 §9).
pub(crate) fn astring(input: &[u8]) -> Parsed<'_, Cow<'_, [u8]>> {
    match input.first() {
        Some(b'"' | b'{') => string(input),
        _ => word(input, ASTRING, Expected::Astring).map(|(rest, text)| (rest, Cow::Borrowed(text))),
    }
}

/// `nil`, and nothing that only begins so.
pub(crate) fn nil(input: &[u8]) -> Parsed<'_, ()> {
    keyword(input, b"NIL").or_else(|_| fail(input, Expected::Nstring))
}

/// `nstring` (RFC 9051 §9).
pub(crate) fn nstring(input: &[u8]) -> Parsed<'_, Option<Cow<'_, [u8]>>> {
    match input.first() {
        Some(b'"' | b'{') => string(input).map(|(rest, text)| (rest, Some(text))),
        _ => nil(input).map(|(rest, ())| (rest, None)),
    }
}

/// `nstring` or `literal8` (RFC 3516 §7, RFC 5464 §5).
pub(crate) fn nstring8(input: &[u8]) -> Parsed<'_, Option<Cow<'_, [u8]>>> {
    match input.first() {
        Some(b'~') => string8(input).map(|(rest, text)| (rest, Some(text))),
        _ => nstring(input),
    }
}

/// `list-mailbox` (RFC 9051 §9).
pub(crate) fn list_mailbox(input: &[u8]) -> Parsed<'_, Cow<'_, [u8]>> {
    match input.first() {
        Some(b'"' | b'{') => string(input),
        _ => word(input, LIST, Expected::ListMailbox).map(|(rest, text)| (rest, Cow::Borrowed(text))),
    }
}

/// A value of an extension that is not known, as it stands (`tagged-ext-val`, RFC 4466 §6; RFC 9051 §9): an atom, a sequence set, a string, or
/// balanced parentheses. It is found without recursion.
pub(crate) fn opaque(input: &[u8]) -> Parsed<'_, &[u8]> {
    let mut rest = input;
    let mut depth = 0usize;
    loop {
        rest = match rest.first() {
            Some(b'(') => {
                depth += 1;
                &rest[1..]
            }
            Some(b')') if depth > 0 => {
                depth -= 1;
                &rest[1..]
            }
            Some(b'"') => quoted(rest)?.0,
            Some(b'{') => literal(rest, true)?.0,
            Some(b'~') if rest.get(1) == Some(&b'{') => literal(rest, true)?.0,
            // Flags and sequence sets may stand in such a value.
            Some(one) if is(LIST, *one) || *one == b'\\' => &rest[1..],
            Some(b' ') if depth > 0 => &rest[1..],
            _ => break,
        };
        if depth == 0 && matches!(rest.first(), None | Some(b' ' | b')')) {
            break;
        }
    }
    if depth > 0 {
        return fail(rest, Expected::Close);
    }
    if rest.len() == input.len() {
        return fail(input, Expected::Astring);
    }
    Ok((rest, &input[..input.len() - rest.len()]))
}

/// Whether text is what [`opaque`] would find in all of it, so that it may be written as it is.
pub(crate) fn is_opaque(text: &[u8]) -> bool {
    opaque(text).is_ok_and(|(rest, _)| rest.is_empty())
}

/// Hands text that was read from a frame to the frame's own buffer: what borrows from it becomes a slice of it, without a copy.
pub(crate) fn own(frame: &Bytes, text: Cow<'_, [u8]>) -> Bytes {
    match text {
        Cow::Borrowed(part) if frame.as_ptr_range().contains(&part.as_ptr()) => frame.slice_ref(part),
        Cow::Borrowed(part) => Bytes::copy_from_slice(part),
        Cow::Owned(text) => Bytes::from(text),
    }
}

/// Runs a parser over a whole frame.
#[cfg(test)]
pub(crate) fn whole<'a, O>(
    frame: &'a [u8],
    parser: impl FnOnce(&'a [u8]) -> Parsed<'a, O>,
) -> Result<O, nom::Err<super::fault::Failure>> {
    let (rest, value) = parser(frame)?;
    end(rest)?;
    Ok(value)
}

#[cfg(test)]
mod tests;
