//! Transfer encodings (RFC 2045 §6), encoded words (RFC 2047) and character sets.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode_char;

/// A Content-Transfer-Encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encoding<'m> {
    /// `7BIT`, which is also meant where nothing is said.
    SevenBit,
    /// `8BIT`, `BINARY`: as it stands too.
    Identity(Cow<'m, [u8]>),
    Base64,
    QuotedPrintable,
    /// Not known here.
    Other(Cow<'m, [u8]>),
}

impl<'m> Encoding<'m> {
    pub(super) fn of(word: Option<Cow<'m, [u8]>>) -> Self {
        let Some(word) = word else { return Encoding::SevenBit };
        let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
        if is(b"7bit") {
            Encoding::SevenBit
        } else if is(b"8bit") || is(b"binary") {
            Encoding::Identity(word)
        } else if is(b"base64") {
            Encoding::Base64
        } else if is(b"quoted-printable") {
            Encoding::QuotedPrintable
        } else {
            Encoding::Other(word)
        }
    }

    pub(super) fn is_identity(&self) -> bool {
        matches!(self, Encoding::SevenBit | Encoding::Identity(_))
    }

    pub(super) fn name(&self) -> Cow<'m, [u8]> {
        match self {
            Encoding::SevenBit => Cow::Borrowed(b"7BIT"),
            Encoding::Base64 => Cow::Borrowed(b"BASE64"),
            Encoding::QuotedPrintable => Cow::Borrowed(b"QUOTED-PRINTABLE"),
            Encoding::Identity(word) | Encoding::Other(word) => Cow::Owned(word.to_ascii_uppercase()),
        }
    }

    /// The data without its encoding; nothing where the encoding is not known.
    pub(super) fn decode<'d>(&self, data: &'d [u8]) -> Option<Cow<'d, [u8]>> {
        match self {
            Encoding::SevenBit | Encoding::Identity(_) => Some(Cow::Borrowed(data)),
            Encoding::Base64 => Some(Cow::Owned(base64(data))),
            Encoding::QuotedPrintable => Some(Cow::Owned(quoted_printable(data))),
            Encoding::Other(_) => None,
        }
    }
}

/// Bytes outside the alphabet are passed over (RFC 2045 §6.8).
fn base64(data: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(data.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in data {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                (bits, count) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    decoded
}

/// What is not rightly encoded stays as it is (RFC 2045 §6.7).
fn quoted_printable(data: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(data.len());
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let ends: &[u8] = if line.ends_with(b"\r\n") {
            b"\r\n"
        } else if line.ends_with(b"\n") {
            b"\n"
        } else {
            b""
        };
        let text = line.trim_ascii_end();
        // At the end of the data there may be spaces that are meant.
        let text = if ends.is_empty() { line } else { text };
        let (text, is_soft) = match text.trim_ascii_end().strip_suffix(b"=") {
            Some(text) => (text, true),
            None => (text, false),
        };
        unquote(text, b'=', &mut decoded);
        if !is_soft {
            decoded.extend_from_slice(ends);
        }
    }
    decoded
}

fn unquote(mut text: &[u8], mark: u8, decoded: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr(mark, text) {
        decoded.extend_from_slice(&text[..at]);
        text = &text[at..];
        let byte = match text {
            [_, high, low, ..] => quoted_printable_decode_char(*high, *low),
            _ => None,
        };
        decoded.push(byte.unwrap_or(mark));
        text = &text[if byte.is_some() { 3 } else { 1 }..];
    }
    decoded.extend_from_slice(text);
}

/// Text in UTF-8, from a character set by name. A set that is not known is taken for UTF-8; what makes no sense becomes U+FFFD.
pub(super) fn charset<'d>(data: &'d [u8], name: &[u8]) -> Cow<'d, str> {
    if data.is_empty() || is_utf8(name) {
        return String::from_utf8_lossy(data);
    }
    match charset_decoder(name) {
        Some(decode) => Cow::Owned(decode(data)),
        None => String::from_utf8_lossy(data),
    }
}

/// Whether text in this character set can be read.
pub(super) fn knows_charset(name: &[u8]) -> bool {
    is_utf8(name) || charset_decoder(name).is_some()
}

fn is_utf8(name: &[u8]) -> bool {
    let names: [&[u8]; 4] = [b"", b"utf-8", b"us-ascii", b"utf8"];
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A field's text with its encoded words decoded. Time is linear: what begins like an encoded word is looked at up to its next question
/// marks only.
pub(super) fn words(text: &[u8]) -> Cow<'_, str> {
    let marks = memchr::memmem::Finder::new(b"=?");
    if marks.find(text).is_none() {
        return String::from_utf8_lossy(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut pending: Option<(&[u8], Vec<u8>)> = None;
    let mut rest = text;
    while let Some(at) = marks.find(rest) {
        let (before, word) = rest.split_at(at);
        let Some(word) = EncodedWord::read(word) else {
            flush(&mut pending, &mut decoded);
            decoded.push_str(&String::from_utf8_lossy(&rest[..at + 2]));
            rest = &rest[at + 2..];
            continue;
        };
        // Spaces between two encoded words are not part of the text.
        let is_adjacent = pending.is_some() && before.trim_ascii().is_empty();
        let is_same = pending.as_ref().is_some_and(|(charset, _)| charset.eq_ignore_ascii_case(word.charset));
        if !is_adjacent || !is_same {
            flush(&mut pending, &mut decoded);
        }
        if !is_adjacent {
            decoded.push_str(&String::from_utf8_lossy(before));
        }
        // A character may be divided between two words.
        word.decode(&mut pending.get_or_insert((word.charset, Vec::new())).1);
        rest = &rest[at + word.length..];
    }
    flush(&mut pending, &mut decoded);
    decoded.push_str(&String::from_utf8_lossy(rest));
    Cow::Owned(decoded)
}

fn flush(pending: &mut Option<(&[u8], Vec<u8>)>, decoded: &mut String) {
    if let Some((name, data)) = pending.take() {
        decoded.push_str(&charset(&data, name));
    }
}

struct EncodedWord<'t> {
    charset: &'t [u8],
    is_base64: bool,
    text: &'t [u8],
    length: usize,
}

impl<'t> EncodedWord<'t> {
    /// Reads `=?charset?encoding?text?=` from where it begins.
    fn read(word: &'t [u8]) -> Option<Self> {
        let rest = word.strip_prefix(b"=?")?;
        let (charset, rest) = until_question_mark(rest)?;
        let is_base64 = match rest {
            [b'b' | b'B', b'?', ..] => true,
            [b'q' | b'Q', b'?', ..] => false,
            _ => return None,
        };
        let (text, rest) = until_question_mark(&rest[2..])?;
        let rest = rest.strip_prefix(b"=")?;
        let language = memchr::memchr(b'*', charset).unwrap_or(charset.len());
        Some(EncodedWord { charset: &charset[..language], is_base64, text, length: word.len() - rest.len() })
    }

    fn decode(&self, decoded: &mut Vec<u8>) {
        if self.is_base64 {
            decoded.append(&mut base64(self.text));
        } else {
            let spaced: Vec<u8> = self.text.iter().map(|byte| if *byte == b'_' { b' ' } else { *byte }).collect();
            unquote(&spaced, b'=', decoded);
        }
    }
}

fn until_question_mark(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b'?', text)?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_of_rfc_2047() {
        for (text, wanted) in [
            ("plain", "plain"),
            ("=?US-ASCII?Q?Keith_Moore?=", "Keith Moore"),
            ("=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?= x", "Keld Jørn Simonsen x"),
            ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
            ("=?ISO-8859-1?Q?a?= \t =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a_?= =?ISO-8859-2?Q?_b?=", "a  b"),
            ("=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=", "If you can read this yo"),
            ("=?utf-8?B?w6k=?= =?utf-8*en?Q?=C3?= =?UTF-8?Q?=A9?=", "éé"),
            ("=?iso-2022-jp?B?GyRCJTklUSVgGyhC?=", "スパム"),
            ("=?x-unknown?Q?a=ZZb=4?=", "a=ZZb=4"),
            ("=?utf-8?X?a?= =?utf-8?Q?a", "=?utf-8?X?a?= =?utf-8?Q?a"),
            ("=?=?=?", "=?=?=?"),
        ] {
            assert_eq!(words(text.as_bytes()), wanted, "{text}");
        }
    }

    #[test]
    fn h41_words_that_never_end_are_left_as_they_are() {
        for piece in ["=?a?q?a ", "=?", "=?a?q?", "=?a?b?=?="] {
            let text = piece.repeat(100_000);
            assert!(words(text.as_bytes()).len() <= text.len());
        }
    }

    #[test]
    fn transfer_encodings() {
        let of = |name: &'static [u8], data: &[u8]| {
            Encoding::of(Some(Cow::Borrowed(name))).decode(data).map(Cow::into_owned)
        };
        assert_eq!(of(b"BASE64", b"aGVs\r\nbG8h\r\n-IA==").as_deref(), Some(&b"hello! "[..]));
        assert_eq!(of(b"base64", b"YQ==YQ==").as_deref(), Some(&b"aa"[..]));
        assert_eq!(
            of(b"Quoted-Printable", b"a=3Db =\r\n c  \r\n=\r\n\r\nd=zz=4").as_deref(),
            Some(&b"a=b  c\r\n\r\nd=zz=4"[..])
        );
        assert_eq!(of(b"x-uuencode", b"a"), None);
    }

    proptest! {
        #[test]
        fn no_character_set_breaks(data in proptest::collection::vec(any::<u8>(), 0..12), name in 0usize..24) {
            let names = [
                "big5", "cp850", "euc-jp", "euc-kr", "gb18030", "gbk", "gb2312", "ibm866", "iso-2022-jp", "iso-8859-1", "iso-8859-6",
                "iso-8859-8", "iso-8859-16", "koi8-r", "koi8-u", "macintosh", "shift_jis", "tis-620", "utf-7", "utf-16", "utf-16be",
                "utf-16le", "windows-1252", "windows-874",
            ];
            prop_assert!(knows_charset(names[name].as_bytes()));
            charset(&data, names[name].as_bytes());
        }

        #[test]
        fn nothing_breaks_words(data in "[=?qQbB_a4 \\t*-]{0,60}") {
            words(data.as_bytes());
        }
    }
}
