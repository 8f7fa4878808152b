use super::*;
use proptest::prelude::*;

fn read<'a, O>(input: &'a [u8], parser: impl FnOnce(&'a [u8]) -> Parsed<'a, O>) -> Option<O> {
    whole(input, parser).ok()
}

#[test]
fn strings_of_each_form() {
    let text = |text: &'static [u8]| Some(Cow::Borrowed(text));
    assert_eq!(read(b"\"a b\"", string), text(b"a b"));
    assert_eq!(read(b"\"\"", string), text(b""));
    assert_eq!(read(b"\"a\\\"b\\\\c\"", string), text(b"a\"b\\c"));
    assert_eq!(read(b"\"\\a\"", string), text(b"a"));
    assert_eq!(read(b"{3}\r\na\r\n", string), text(b"a\r\n"));
    assert_eq!(read(b"{3+}\r\n\"x\"", string), text(b"\"x\""));
    assert_eq!(read(b"{0}\r\n", string), text(b""));
    assert_eq!(read(b"~{2}\r\na\0", string8), text(b"a\0"));
    assert_eq!(read(b"a]b", astring), text(b"a]b"));
    assert_eq!(read(b"a*%b]", list_mailbox), text(b"a*%b]"));
    assert_eq!(read(b"nil", nstring), Some(None));
    assert_eq!(read(b"~{2}\r\n\0\0", nstring8), Some(text(b"\0\0")));
    assert_eq!(read(b"\"caf\xc3\xa9\"", string), text(b"caf\xc3\xa9"));
}

#[test]
fn what_is_no_string() {
    let odd: [&[u8]; 18] = [
        b"",
        b"\"",
        b"\"a",
        b"\"a\\",
        b"\"a\\\"",
        b"\"a\r\nb\"",
        b"\"a\0\"",
        b"\"\\\n\"",
        b"{3}\r\nab",
        b"{3}ab",
        b"{}\r\n",
        b"{-1}\r\n",
        b"{1 }\r\na",
        b"{99999999999999999999}\r\n",
        b"~{1}\r\na",
        b"{1}\r\n\0",
        b"a",
        b"nil",
    ];
    for odd in odd {
        assert_eq!(read(odd, string), None, "{}", odd.escape_ascii());
    }
    assert_eq!(read(b"nilly", nstring), None);
    assert_eq!(read(b"{4294967295}\r\nx", string), None);
}

#[test]
fn a_literal_is_found_at_the_end_of_a_line() {
    let found =
        |line: &[u8]| Literal::at_end_of(line).map(|(at, literal)| (at, literal.len, literal.sync, literal.binary));
    assert_eq!(found(b"a LOGIN {11}"), Some((8, 11, true, false)));
    assert_eq!(found(b"x {11+}"), Some((2, 11, false, false)));
    assert_eq!(found(b"x ~{0}"), Some((2, 0, true, true)));
    assert_eq!(found(b"{99999999999999999999+}"), Some((0, u64::MAX, false, false)));
    for none in
        [&b""[..], b"}", b"{}", b"{+}", b"{1", b"1}", b"{1-}", b"{1++}", b"{x1}", b"{1} ", b"{000000000000000000001}"]
    {
        assert_eq!(found(none), None, "{}", none.escape_ascii());
    }
}

#[test]
fn values_of_unknown_extensions_are_kept_whole() {
    for value in
        ["a", "1:*,5", "\"a b)\"", "()", "(a (b \"c)\") (\\Seen))", "(a {1}\r\n( b)", "{3}\r\n(\r\n", "~{1+}\r\n\0"]
    {
        assert!(is_opaque(value.as_bytes()), "{value}");
    }
    assert_eq!(opaque(b"(a) b").ok(), Some((&b" b"[..], &b"(a)"[..])));
    for odd in [&b""[..], b")", b"(", b"((a)", b"\"", b"a\r\n", b" a", b"a b"] {
        assert!(!is_opaque(odd), "{}", odd.escape_ascii());
    }
    let deep = [vec_of(b'(', 100_000), vec_of(b')', 100_000)].concat();
    assert!(is_opaque(&deep));
}

fn vec_of(byte: u8, count: usize) -> Vec<u8> {
    core::iter::repeat_n(byte, count).collect()
}

#[test]
fn owned_text_is_a_slice_of_the_frame() {
    let frame = Bytes::from_static(b"a \"b\"");
    let (_, text) = quoted(&frame[2..]).unwrap();
    let owned = own(&frame, text);
    assert_eq!(owned.as_ptr(), frame[3..].as_ptr());
    assert_eq!(own(&frame, Cow::Borrowed(b"elsewhere")), "elsewhere");
    assert_eq!(own(&frame, Cow::Owned(Vec::from(b"x"))), "x");
    assert_eq!(own(&frame, Cow::Borrowed(&[])), "");
}

#[test]
fn secrets_are_not_shown() {
    assert_eq!(alloc::format!("{:?}", Secret("hunter2")), "(hidden)");
}

proptest! {
    #[test]
    fn nothing_panics(input in prop::collection::vec(prop::sample::select(&b"ab \"\\{}+~12()\r\n\0%*]\xc3"[..]), 0..40)) {
        for parser in [string, string8, astring, list_mailbox] {
            let _ = parser(&input);
        }
        let _ = (nstring(&input), nstring8(&input), opaque(&input), list(&input, astring), Literal::at_end_of(&input));
    }
}
