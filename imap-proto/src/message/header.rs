//! Header fields as they lie in a message (RFC 5322 §2.2).

use alloc::borrow::Cow;
use alloc::vec::Vec;

/// One field of a header, with its line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'m> {
    raw: &'m [u8],
    name: usize,
    value: usize,
}

impl<'m> Field<'m> {
    /// The name; empty where the line is no field.
    pub fn name(&self) -> &'m [u8] {
        self.raw.get(..self.name).unwrap_or_default()
    }

    /// Whether the field has this name, in any case.
    pub fn is(&self, name: &[u8]) -> bool {
        self.name > 0 && self.name().eq_ignore_ascii_case(name)
    }

    /// What stands after the colon, with folds and the last line end.
    pub fn folded(&self) -> &'m [u8] {
        self.raw.get(self.value..).unwrap_or_default()
    }

    /// The value as one line: without folds, and without spaces before and behind it.
    pub fn value(&self) -> Cow<'m, [u8]> {
        one_line(self.folded().trim_ascii())
    }

    /// The whole field as it stands.
    pub fn raw(&self) -> &'m [u8] {
        self.raw
    }
}

/// The fields of a header, one after another, as they stand.
#[derive(Clone, Debug)]
pub struct Fields<'m> {
    rest: &'m [u8],
}

impl<'m> Fields<'m> {
    /// The fields of a header; of a whole message, those before its first empty line.
    pub fn new(header: &'m [u8]) -> Self {
        Fields { rest: header }
    }
}

impl<'m> Iterator for Fields<'m> {
    type Item = Field<'m>;

    fn next(&mut self) -> Option<Field<'m>> {
        if self.rest.is_empty() || is_empty_line(self.rest) {
            return None;
        }
        let mut end = line_len(self.rest);
        while matches!(self.rest.get(end), Some(b' ' | b'\t')) {
            end += line_len(&self.rest[end..]);
        }
        let (raw, rest) = self.rest.split_at(end);
        self.rest = rest;
        let first_line = &raw[..line_len(raw)];
        let colon = memchr::memchr(b':', first_line).unwrap_or(0);
        let name = first_line[..colon].trim_ascii_end();
        let is_name = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic());
        let (name, value) = if is_name { (name.len(), colon + 1) } else { (0, 0) };
        Some(Field { raw, name, value })
    }
}

/// How long the first line is, with its end.
pub(super) fn line_len(text: &[u8]) -> usize {
    memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1)
}

pub(super) fn is_empty_line(text: &[u8]) -> bool {
    text.starts_with(b"\r\n") || text.starts_with(b"\n")
}

/// Text without line ends and NUL, which the wire cannot carry in these places.
pub(super) fn one_line(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr3(b'\r', b'\n', 0, text).is_none() {
        return Cow::Borrowed(text);
    }
    let kept = text.iter().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    Cow::Owned(kept.map(|byte| if *byte == 0 { b'?' } else { *byte }).collect())
}

/// The fields whose names are, or are not, among some: `HEADER.FIELDS` and `HEADER.FIELDS.NOT`.
pub(super) fn select<'m, T: AsRef<[u8]>>(header: &'m [u8], names: &[T], wanted: bool) -> Cow<'m, [u8]> {
    let mut sorted: Vec<Vec<u8>> = names.iter().map(|name| name.as_ref().to_ascii_lowercase()).collect();
    sorted.sort_unstable();
    let mut selected = Vec::new();
    let mut fields = Fields::new(header);
    for field in fields.by_ref() {
        let is_among = field.name > 0 && sorted.binary_search(&field.name().to_ascii_lowercase()).is_ok();
        if is_among == wanted {
            selected.extend_from_slice(field.raw());
        }
    }
    let blank = fields.rest;
    if selected.is_empty() {
        return Cow::Borrowed(blank);
    }
    selected.extend_from_slice(blank);
    Cow::Owned(selected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_cut_as_they_stand() {
        let header = b"From: a\r\nSubject : one\r\n\ttwo \r\nno field\r\nX:\r\n\r\nBody: no\r\n";
        let fields: Vec<_> = Fields::new(header).collect();
        let names: Vec<&[u8]> = fields.iter().map(Field::name).collect();
        assert_eq!(names, [&b"From"[..], b"Subject", b"", b"X"]);
        assert_eq!(&*fields[1].value(), b"one\ttwo");
        assert_eq!(&*fields[3].value(), b"");
        assert!(fields[1].is(b"SUBJECT") && !fields[2].is(b""));
    }

    #[test]
    fn an_mbox_line_is_no_field() {
        let fields: Vec<_> = Fields::new(b"From a Sat Nov 21 12:00:00\nTo: b\n").collect();
        assert_eq!(fields.iter().filter(|field| !field.name().is_empty()).count(), 1);
    }

    #[test]
    fn fields_are_selected_with_the_empty_line() {
        let header = b"A: 1\r\nB: 2\r\n 3\r\na: 4\r\n\r\n";
        assert_eq!(&*select(header, &["A"], true), b"A: 1\r\na: 4\r\n\r\n");
        assert_eq!(&*select(header, &["a"], false), b"B: 2\r\n 3\r\n\r\n");
        assert_eq!(&*select(header, &["C"], true), b"\r\n");
        assert_eq!(&*select(b"A: 1\r\n", &["B"], true), b"");
    }
}
