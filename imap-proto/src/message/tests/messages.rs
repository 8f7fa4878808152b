use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::num::{NonZeroU32, NonZeroU64};

use bytes::Bytes;
use proptest::prelude::*;

use crate::codec::command::Partial;
use crate::codec::{AddressField, DateTime, Encoder, FetchWriter, MessageAttribute, Section, SectionText};
use crate::message::*;

type Attribute<'a> = MessageAttribute<Cow<'a, [u8]>>;

fn parse(raw: &(impl AsRef<[u8]> + ?Sized)) -> Message<'_> {
    Message::parse(raw.as_ref(), &Limits::default())
}

fn written(item: Attribute<'_>) -> String {
    let mut wire = Vec::new();
    let mut fetch = FetchWriter::begin(Encoder::server(), NonZeroU32::MIN, &mut wire);
    fetch.attribute(&item, &mut wire).unwrap();
    fetch.end(&mut wire);
    let text = String::from_utf8_lossy(&wire).into_owned();
    text.strip_prefix("* 1 FETCH (").and_then(|text| text.strip_suffix(")\r\n")).unwrap().to_string()
}

fn envelope(raw: &str) -> String {
    written(MessageAttribute::Envelope(parse(raw).envelope().into()))
}

fn structure(raw: &str) -> String {
    written(MessageAttribute::BodyStructure(parse(raw).body_structure()))
}

fn numbers(part: &str) -> Vec<NonZeroU32> {
    part.split('.').filter_map(|number| number.parse().ok()).collect()
}

fn section(raw: &str, part: &str, text: Option<SectionText<&str>>) -> Option<String> {
    let data = parse(raw).section(&Section { part: numbers(part), text })?;
    Some(String::from_utf8_lossy(&data).into_owned())
}

/// The message of RFC 9051 §7.5.2's and RFC 3501 §8's example.
const MEETING: &str = "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
    From: Terry Gray <gray@cac.washington.edu>\r\n\
    Subject: IMAP4rev2 WG mtg summary and minutes\r\n\
    To: imap@cac.washington.edu\r\n\
    cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
    Message-Id: <B27397-0100000@cac.washington.edu>\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\nTwo\r\nlines\r\n";

const NESTED: &str = "From: a@b\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n\
    preamble\r\n--out\r\nContent-Type: text/plain; charset=utf-8\r\nContent-ID: <1@x>\r\n\r\none\r\n\
    --out\r\nContent-Type: message/rfc822\r\nContent-Description: inner\r\n\r\n\
    Subject: inside\r\nFrom: c@d\r\nContent-Type: multipart/alternative; boundary=\"out-in\"\r\n\r\n\
    --out-in\r\n\r\nplain\r\n--out-in\r\nContent-Type: text/html\r\nContent-Language: en, da\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<b>=C3=A9</b>\r\n--out-in--\r\nepilogue\r\n\
    --out\r\nContent-Type: image/png; name=\"p.png\"\r\nContent-Disposition: attachment; filename=\"p.png\"\r\nContent-Transfer-Encoding: base64\r\nContent-MD5: Q2hl\r\nContent-Location: /p\r\n\r\nAAEC\r\n--out--\r\n";

#[test]
fn the_envelope_of_rfc_9051() {
    let wanted = "ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" \
        ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
        ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
        ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
        ((NIL NIL \"imap\" \"cac.washington.edu\")) \
        ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) \
        NIL NIL \"<B27397-0100000@cac.washington.edu>\")";
    assert_eq!(envelope(MEETING), wanted);
}

#[test]
fn odd_headers_give_envelopes() {
    assert_eq!(envelope(""), "ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    assert_eq!(envelope("\r\nSubject: body"), "ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    assert_eq!(
        envelope("subject:\n a\0\n\tb \nSubject: no"),
        "ENVELOPE (NIL \"a?\tb\" NIL NIL NIL NIL NIL NIL NIL NIL)"
    );
    assert_eq!(
        envelope("Subject:\r\nSender: s@t\r\nTo: a@b\r\nTo: c@d\r\n"),
        "ENVELOPE (NIL \"\" NIL ((NIL NIL \"s\" \"t\")) NIL ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) NIL NIL NIL NIL)"
    );
}

#[test]
fn the_structure_of_a_plain_text() {
    assert_eq!(
        structure(MEETING),
        "BODYSTRUCTURE (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 12 2 NIL NIL NIL NIL)"
    );
    assert_eq!(
        written(MessageAttribute::Body(parse(MEETING).body_structure())),
        "BODY (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 12 2)"
    );
    assert_eq!(structure(""), "BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 0 0 NIL NIL NIL NIL)");
}

#[test]
fn the_structure_of_a_message_in_a_message() {
    let inner_size = NESTED.find("\r\n--out\r\nContent-Type: image").unwrap() - NESTED.find("Subject: inside").unwrap();
    let wanted = format!(
        "BODYSTRUCTURE ((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") \"<1@x>\" NIL \"7BIT\" 3 0 NIL NIL NIL NIL)\
        (\"MESSAGE\" \"RFC822\" NIL NIL \"inner\" \"7BIT\" {inner_size} \
        (NIL \"inside\" ((NIL NIL \"c\" \"d\")) ((NIL NIL \"c\" \"d\")) ((NIL NIL \"c\" \"d\")) NIL NIL NIL NIL NIL) \
        ((\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 5 0 NIL NIL NIL NIL)\
        (\"TEXT\" \"HTML\" NIL NIL NIL \"QUOTED-PRINTABLE\" 13 0 NIL NIL (\"en\" \"da\") NIL) \
        \"ALTERNATIVE\" (\"BOUNDARY\" \"out-in\") NIL NIL NIL) 14 NIL NIL NIL NIL)\
        (\"IMAGE\" \"PNG\" (\"NAME\" \"p.png\") NIL NIL \"BASE64\" 4 \"Q2hl\" (\"ATTACHMENT\" (\"FILENAME\" \"p.png\")) NIL \"/p\") \
        \"MIXED\" (\"BOUNDARY\" \"out\") NIL NIL NIL)"
    );
    assert_eq!(structure(NESTED), wanted);
}

#[test]
fn sections_of_a_message() {
    use SectionText::*;
    assert_eq!(section(NESTED, "", None).as_deref(), Some(NESTED));
    assert_eq!(section(NESTED, "1", None).as_deref(), Some("one"));
    assert_eq!(
        section(NESTED, "1", Some(Mime)).as_deref(),
        Some("Content-Type: text/plain; charset=utf-8\r\nContent-ID: <1@x>\r\n\r\n")
    );
    assert_eq!(section(NESTED, "2.1", None).as_deref(), Some("plain"));
    assert_eq!(section(NESTED, "2.2", None).as_deref(), Some("<b>=C3=A9</b>"));
    assert_eq!(
        section(NESTED, "2", Some(HeaderFields(["SUBJECT"].to_vec()))).as_deref(),
        Some("Subject: inside\r\n\r\n")
    );
    assert_eq!(
        section(NESTED, "2", Some(HeaderFieldsNot(["content-type", "from"].to_vec()))).as_deref(),
        Some("Subject: inside\r\n\r\n")
    );
    assert!(section(NESTED, "2", Some(Text)).unwrap().starts_with("--out-in\r\n"));
    assert!(section(NESTED, "2", Some(Header)).unwrap().ends_with("out-in\"\r\n\r\n"));
    assert_eq!(
        section(NESTED, "", Some(Header)).as_deref(),
        Some("From: a@b\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n")
    );
    for (part, text) in [
        ("4", None),
        ("1.1", None),
        ("2.3", None),
        ("2.1.1", None),
        ("1", Some(Header)),
        ("", Some(Mime)),
        ("4294967295", None),
    ] {
        assert_eq!(section(NESTED, part, text.clone()), None, "{part} {text:?}");
    }
    assert_eq!(section(MEETING, "1", None).as_deref(), Some("Two\r\nlines\r\n"));
    assert_eq!(section(MEETING, "", Some(Text)).as_deref(), Some("Two\r\nlines\r\n"));
    assert_eq!(section(MEETING, "2", None), None);
}

/// A part of `octets` octets and `lines` lines.
fn filled(octets: usize, lines: usize) -> String {
    "x".repeat(octets - 2 * lines) + &"\r\n".repeat(lines)
}

#[test]
fn the_structure_in_rfc_9051_with_two_texts() {
    let raw = String::from(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=US-ASCII\r\n\r\n",
    ) + &filled(1152, 23)
        + "\r\n--b\r\nContent-Type: text/plain; charset=US-ASCII; name=\"cc.diff\"\r\nContent-ID: <960723163407.20117h@cac.washington.edu>\r\n\
           Content-Description: Compiler diff\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + &filled(4554, 73)
        + "\r\n--b--\r\n";
    assert_eq!(
        written(MessageAttribute::Body(parse(&raw).body_structure())),
        "BODY ((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1152 23)\
         (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\" \"NAME\" \"cc.diff\") \"<960723163407.20117h@cac.washington.edu>\" \
         \"Compiler diff\" \"BASE64\" 4554 73) \"MIXED\")"
    );
}

#[test]
fn the_part_numbers_of_rfc_9051() {
    let part = |kind: &str, body: &str| format!("Content-Type: {kind}\r\n\r\n{body}");
    let many = |subtype: &str, boundary: &str, parts: &[String]| {
        let parts: String = parts.iter().map(|part| format!("--{boundary}\r\n{part}\r\n")).collect();
        part(&format!("multipart/{subtype}; boundary={boundary}"), &format!("{parts}--{boundary}--"))
    };
    let alternative = many("alternative", "d", &[part("text/plain", "4.2.2.1"), part("text/richtext", "4.2.2.2")]);
    let second = format!("Subject: 4.2\r\n{}", many("mixed", "c", &[part("text/plain", "4.2.1"), alternative]));
    let fourth = many("mixed", "b4", &[part("image/gif", "4.1"), part("message/rfc822", &second)]);
    let third = format!(
        "Subject: 3\r\n{}",
        many("mixed", "b3", &[part("text/plain", "3.1"), part("application/octet-stream", "3.2")])
    );
    let raw = many(
        "mixed",
        "a",
        &[part("text/plain", "1"), part("application/octet-stream", "2"), part("message/rfc822", &third), fourth],
    );
    for number in ["1", "2", "3.1", "3.2", "4.1", "4.2.1", "4.2.2.1", "4.2.2.2"] {
        assert_eq!(section(&raw, number, None).as_deref(), Some(number));
    }
    let mime = section(&raw, "4.1", Some(SectionText::Mime));
    assert_eq!(mime.as_deref(), Some("Content-Type: image/gif\r\n\r\n"));
    for number in ["3", "4.2"] {
        let fields = SectionText::HeaderFields(["subject"].to_vec());
        assert_eq!(section(&raw, number, Some(fields)), Some(format!("Subject: {number}\r\n\r\n")));
    }
    assert_eq!(section(&raw, "4.2", None), Some(second.clone()));
    let text = section(&raw, "4.2", Some(SectionText::Text)).unwrap();
    assert_eq!(section(&raw, "4.2", Some(SectionText::Header)).unwrap() + &text, second);
    for number in ["4.2.2.3", "4.3", "3.1.1.1", "5", "4.1.1"] {
        assert_eq!(section(&raw, number, None), None, "{number}");
    }
}

#[test]
fn parts_without_their_encoding() {
    let message = parse(NESTED);
    let binary = |part| message.binary(&numbers(part)).unwrap().map(Cow::into_owned);
    assert_eq!(binary("3").as_deref(), Some(&[0, 1, 2][..]));
    assert_eq!(binary("2.2").as_deref(), Some("<b>é</b>".as_bytes()));
    assert_eq!(binary("4"), None);
    assert_eq!(message.binary_size(&numbers("3")), Ok(Some(3)));
    assert_eq!(message.binary_size(&[]), Ok(Some(NESTED.len() as u64)));
    let odd = parse("Content-Transfer-Encoding: x-uue\r\n\r\nbegin");
    assert_eq!(odd.binary(&numbers("1")), Err(UnknownEncoding));
}

#[test]
fn stretches_of_data() {
    let part = |offset, count| {
        let range = Partial { offset, count: NonZeroU64::new(count).unwrap() };
        let borrowed = partial(Cow::Borrowed(b"0123456789"), Some(range)).into_owned();
        assert_eq!(partial(Cow::Owned(b"0123456789".to_vec()), Some(range)), borrowed);
        borrowed
    };
    assert_eq!(part(2, 3), b"234");
    assert_eq!(part(8, u64::MAX), b"89");
    assert_eq!(part(10, 1), b"");
    assert_eq!(part(u64::MAX, u64::MAX), b"");
}

#[test]
fn multiparts_that_are_none() {
    for raw in [
        "Content-Type: multipart/mixed\r\n\r\nx\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\nx\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n",
    ] {
        assert!(structure(raw).starts_with("BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL"), "{raw}");
    }
    // Without its end, and with the next part right after the header.
    let cut = "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: a\n\nx\n--b\nContent-Type: message/rfc822\n--b \nContent-Type: text/plain\n\ny";
    let message = parse(cut);
    let kinds: Vec<_> = message.body_structure().parts().map(|part| part.subtype.to_vec()).collect();
    assert_eq!(kinds, [&b"DIGEST"[..], b"RFC822", b"PLAIN", b"PLAIN", b"PLAIN"]);
    assert_eq!(section(cut, "3", None).as_deref(), Some("y"));
    assert_eq!(section(cut, "1", Some(SectionText::Text)).as_deref(), Some("x"));
}

#[test]
fn the_longest_boundary_is_meant() {
    let raw = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=\"a--\"\r\n\r\n\
        --a--\r\n\r\nx\r\n--a----\r\n--a--\r\n";
    assert_eq!(section(raw, "1.1", None).as_deref(), Some("x"));
}

#[test]
fn previews_are_short_and_plain() {
    let long = String::from("\r\n") + &"wörd ".repeat(100);
    let preview = parse(&long).preview();
    assert_eq!(preview.chars().count(), 199);
    assert_eq!(parse(NESTED).preview(), "one");
    let page = "Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Caf=E9 &amp;<br>bar";
    assert_eq!(parse(page).preview(), "Café & bar");
    assert_eq!(parse("Content-Type: image/png\r\n\r\nx").preview(), "");
}

#[test]
fn h41_parts_nested_without_end_stay_within_the_depth() {
    let mut raw = String::new();
    for depth in 0..2000 {
        raw += &format!("Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n");
    }
    let structure = parse(&raw).body_structure();
    assert_eq!(structure.parts().len(), 64);
    assert_eq!(structure.part(63).unwrap().subtype.as_ref(), b"OCTET-STREAM");
    let raw = "Content-Type: message/rfc822\r\n\r\n".repeat(10_000);
    assert_eq!(parse(&raw).body_structure().parts().len(), 64);
    // A boundary that comes again inside itself.
    let raw = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(5000);
    assert!(parse(&raw).body_structure().parts().len() <= 1000);
}

#[test]
fn h41_more_parts_than_may_be_belong_to_the_last() {
    let raw = String::from("Content-Type: multipart/mixed; boundary=b\r\n\r\n") + &"--b\r\n\r\nx\r\n".repeat(100_000);
    let message = parse(&raw);
    let structure = message.body_structure();
    assert_eq!(structure.parts().len(), 1000);
    assert!(structure.part(999).unwrap().size > 900_000);
    assert_eq!(message.section(&Section::<&str> { part: numbers("998"), text: None }).as_deref(), Some(&b"x"[..]));
}

#[test]
fn h41_a_hundred_thousand_address_fields() {
    let raw = "To: a@b\r\n".repeat(100_000) + "\r\n";
    assert_eq!(parse(&raw).envelope().addresses(AddressField::To).len(), Limits::default().fields);
    let raw = String::from("To: ") + &"a@b,".repeat(100_000) + "\r\nCc: c@d\r\n\r\n";
    let envelope = parse(&raw).envelope();
    assert_eq!(envelope.addresses(AddressField::To).len(), 10_000);
    assert!(envelope.addresses(AddressField::Cc).is_empty());
}

#[test]
fn a_summary_comes_back() {
    let date = DateTime::from_unix(837_596_665, -420).unwrap();
    let header = "References: <1@x> <2@x>\r\n <3@x>\r\nIn-Reply-To: <no@x>\r\n";
    for raw in [MEETING, NESTED, "", header, "In-Reply-To: <7@x> <8@x>\r\n", "From: g: a@b;\r\n\r\n"] {
        let summary = Summary::of(&parse(raw), date);
        let bytes = Bytes::from(summary.to_bytes());
        assert_eq!(Summary::from_bytes(bytes.clone()).as_ref(), Ok(&summary));
        for cut in 0..bytes.len() {
            assert!(Summary::from_bytes(bytes.slice(..cut)).is_err());
        }
        let wanted = parse(raw).envelope().map_text(&mut |text| Bytes::from(text.into_owned()));
        assert_eq!((summary.envelope, summary.size, summary.internal_date), (wanted, raw.len() as u64, date));
    }
    let references = |raw: &str| Summary::of(&parse(raw), date).references().to_vec();
    assert_eq!(references(header), ["1@x", "2@x", "3@x"]);
    assert_eq!(references("In-Reply-To: <7@x> <8@x>\r\n"), ["7@x"]);
    assert_eq!(Summary::from_bytes(Bytes::from_static(b"\x02")), Err(BadSummary::Version));
}

proptest! {
    #[test]
    fn no_message_breaks_anything(raw in "((Content-Type: (multipart/mixed; boundary=b|message/rfc822|text/html)|--b|--b--|From: \"a\" <b@c>|To: g:a@b;|x|Subject: =\\?utf-8\\?Q\\?a\\?=)?\r?\n){0,30}") {
        let message = parse(&raw);
        let structure = message.body_structure();
        let item = written(MessageAttribute::BodyStructure(structure.clone()));
        prop_assert!(item.starts_with("BODYSTRUCTURE ("));
        written(MessageAttribute::Envelope(message.envelope().into()));
        message.preview();
        for part in ["1", "2", "1.1", "1.2", "2.1", "1.1.1"] {
            let found = structure.find(&numbers(part));
            let data = message.section(&Section::<&str> { part: numbers(part), text: None });
            prop_assert_eq!(found.is_some(), data.is_some(), "{}", part);
            if let (Some(part), Some(data)) = (found.filter(|part| !part.is_multipart()), data) {
                prop_assert_eq!(part.size, data.len() as u64);
            }
        }
    }

    #[test]
    fn no_bytes_break_a_summary(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let mut known = alloc::vec![1u8, 7, 208, 1, 1, 0, 0, 0, 0, 0];
        known.extend(bytes);
        if let Ok(summary) = Summary::from_bytes(Bytes::from(known)) {
            prop_assert_eq!(Summary::from_bytes(Bytes::from(summary.to_bytes())), Ok(summary));
        }
    }
}
