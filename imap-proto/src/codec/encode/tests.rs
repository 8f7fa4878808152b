use super::*;
use crate::codec::text::{astring, list_mailbox, nstring, string, string8, whole};
use proptest::prelude::*;

struct With<F>(F);

impl<F: Fn(&mut Writer<'_>) -> Result<(), Unwritable>> Encode for With<F> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        (self.0)(writer)
    }
}

fn wire(encoder: Encoder, write: impl Fn(&mut Writer<'_>) -> Result<(), Unwritable>) -> Result<Vec<u8>, Unwritable> {
    let mut wire = Vec::new();
    let result = encoder.encode(&With(write), &mut wire);
    assert!(result.is_ok() || wire.is_empty(), "a failure left something behind");
    result.map(|()| wire)
}

fn string_wire(encoder: Encoder, text: &[u8]) -> Vec<u8> {
    wire(encoder, |writer| writer.string(text)).unwrap()
}

#[test]
fn the_shortest_form_that_holds_a_string() {
    let client = Encoder::client();
    let astring = |text: &'static [u8]| wire(client, |writer| writer.astring(text)).unwrap();
    assert_eq!(astring(b"INBOX"), b"INBOX");
    assert_eq!(astring(b"a]b"), b"a]b");
    assert_eq!(astring(b""), b"\"\"");
    assert_eq!(astring(b"NIL"), b"\"NIL\"");
    assert_eq!(astring(b"a \"b\\"), b"\"a \\\"b\\\\\"");
    assert_eq!(astring(b"a\nb"), b"{3}\r\na\nb");
    assert_eq!(string_wire(client, "é".as_bytes()), "{2}\r\né".as_bytes());
    assert_eq!(string_wire(client.with_utf8(true), "é".as_bytes()), "\"é\"".as_bytes());
    assert_eq!(string_wire(client.with_utf8(true), b"\xe9"), b"{1}\r\n\xe9");
    assert_eq!(wire(client, |writer| writer.nstring(None)).unwrap(), b"NIL");
}

#[test]
fn literals_wait_only_where_they_must() {
    let mut waits = Waits::default();
    let both = With(|writer: &mut Writer<'_>| {
        writer.string(b"a\nb")?;
        writer.space();
        writer.string(&[b'\n'; 5000])
    });
    Encoder::client().encode(&both, &mut waits).unwrap();
    assert_eq!(waits.stops, [5, 9 + 8]);
    waits = Waits::default();
    Encoder::client().with_literals(Literals::Minus).encode(&both, &mut waits).unwrap();
    assert_eq!(waits.stops, [6 + 4 + 8]);
    waits = Waits::default();
    Encoder::client().with_literals(Literals::Plus).encode(&both, &mut waits).unwrap();
    assert!(waits.stops.is_empty() && waits.bytes.starts_with(b"{3+}\r\na\nb {5000+}\r\n"));
    waits = Waits::default();
    Encoder::server().encode(&both, &mut waits).unwrap();
    assert!(waits.stops.is_empty() && waits.bytes.starts_with(b"{3}\r\n"));
}

#[test]
fn nothing_breaks_out() {
    let server = Encoder::server();
    for odd in [&b"a\r\nb"[..], b"a\nb", b"a\rb", b"a\0b"] {
        assert!(wire(server, |writer| writer.text(odd)).is_err());
        assert!(wire(server, |writer| writer.quoted(odd)).is_err());
        assert!(wire(server, |writer| writer.atom(odd)).is_err());
        assert!(wire(server, |writer| writer.tag(odd)).is_err());
        assert!(wire(server, |writer| writer.opaque(odd)).is_err());
    }
    for odd in [&b""[..], b"a b", b"(", b"\"", b"{1}", b"\x7f", b"\xc3\xa9"] {
        assert_eq!(wire(server, |writer| writer.atom(odd)), Err(Unwritable::Atom));
    }
    assert_eq!(wire(server, |writer| writer.tag(b"a+")), Err(Unwritable::Tag));
    assert_eq!(wire(server, |writer| writer.string(b"\0")), Err(Unwritable::Nul));
    assert_eq!(wire(server, |writer| writer.quoted(b"\xe9")), Err(Unwritable::NotAscii));
    let late = |writer: &mut Writer<'_>| {
        writer.atom(b"fine")?;
        writer.text(b"\n")
    };
    assert_eq!(wire(server, late), Err(Unwritable::LineEnd));
}

#[test]
fn unknown_values_announce_their_literals_our_way() {
    let value = b"(a {3}\r\nx\ny ~{1+}\r\n\0 b)";
    let written = wire(Encoder::client().with_literals(Literals::Plus), |writer| writer.opaque(value)).unwrap();
    assert_eq!(written, b"(a {3+}\r\nx\ny ~{1+}\r\n\0 b)");
}

proptest! {
    #[test]
    fn what_is_written_reads_as_it_was_meant(text in prop::collection::vec(prop::sample::select(&b"ab \"\\{}+~12()\r\n\0%*]\xc3\xa9"[..]), 0..12), utf8: bool) {
        for encoder in [Encoder::server(), Encoder::client(), Encoder::client().with_literals(Literals::Plus)] {
            let encoder = encoder.with_utf8(utf8);
            let text = &text[..];
            if let Ok(wire) = wire(encoder, |writer| writer.astring(text)) {
                prop_assert_eq!(&*whole(&wire, astring).unwrap(), text);
                let wire = string_wire(encoder, text);
                prop_assert_eq!(&*whole(&wire, string).unwrap(), text);
            } else {
                prop_assert!(text.contains(&0));
            }
            if let Ok(wire) = wire(encoder, |writer| writer.list_mailbox(text)) {
                prop_assert_eq!(&*whole(&wire, list_mailbox).unwrap(), text);
            }
            if let Ok(wire) = wire(encoder, |writer| writer.nstring(Some(text))) {
                let read = whole(&wire, nstring).unwrap();
                prop_assert_eq!(read.as_deref(), Some(text));
            }
            let wire = wire(encoder, |writer| writer.string8(text)).unwrap();
            prop_assert_eq!(&*whole(&wire, string8).unwrap(), text);
        }
    }
}
