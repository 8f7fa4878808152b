use super::*;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::ToString as _;
use proptest::prelude::*;

const BOTH: [Rules; 2] = [Rules::Rfc7622, Rules::Rfc6122];

type Parts<'a> = (Option<&'a str>, &'a str, Option<&'a str>);

fn parts(jid: &Jid) -> Parts<'_> {
    (jid.local(), jid.domain(), jid.resource())
}

fn character(part: Part, character: char) -> JidError {
    JidError::Character { part, character }
}

/// RFC 7622 §3.5, table 1.
#[test]
fn addresses_of_the_rfc() {
    let table: [(&str, Parts<'_>); 15] = [
        ("juliet@example.com", (Some("juliet"), "example.com", None)),
        ("juliet@example.com/foo", (Some("juliet"), "example.com", Some("foo"))),
        ("juliet@example.com/foo bar", (Some("juliet"), "example.com", Some("foo bar"))),
        ("juliet@example.com/foo@bar", (Some("juliet"), "example.com", Some("foo@bar"))),
        (r"foo\20bar@example.com", (Some(r"foo\20bar"), "example.com", None)),
        ("fussball@example.com", (Some("fussball"), "example.com", None)),
        ("fu\u{df}ball@example.com", (Some("fu\u{df}ball"), "example.com", None)),
        ("\u{3c0}@example.com", (Some("\u{3c0}"), "example.com", None)),
        ("\u{3a3}@example.com/foo", (Some("\u{3c3}"), "example.com", Some("foo"))),
        ("\u{3c3}@example.com/foo", (Some("\u{3c3}"), "example.com", Some("foo"))),
        ("\u{3c2}@example.com/foo", (Some("\u{3c2}"), "example.com", Some("foo"))),
        ("king@example.com/\u{265a}", (Some("king"), "example.com", Some("\u{265a}"))),
        ("example.com", (None, "example.com", None)),
        ("example.com/foobar", (None, "example.com", Some("foobar"))),
        ("a.example.com/b@example.net", (None, "a.example.com", Some("b@example.net"))),
    ];
    for (text, expected) in table {
        assert_eq!(parts(&Jid::parse(text).unwrap()), expected, "{text}");
    }
}

/// RFC 7622 §3.5, table 2, but for a space at the start of a resourcepart, which no rule of OpaqueString refuses.
#[test]
fn what_the_rfc_says_is_no_address() {
    for (text, error) in [
        ("\"juliet\"@example.com", character(Part::Local, '"')),
        ("foo bar@example.com", character(Part::Local, ' ')),
        ("@example.com/", JidError::Empty(Part::Local)),
        ("henry\u{2163}@example.com", character(Part::Local, '\u{2163}')),
        ("\u{265a}@example.com", character(Part::Local, '\u{265a}')),
        ("juliet@", JidError::Empty(Part::Domain)),
        ("/foobar", JidError::Empty(Part::Domain)),
    ] {
        assert_eq!(Jid::parse(text), Err(error), "{text}");
    }
    assert_eq!(Jid::parse("juliet@example.com/ foo").unwrap().resource(), Some(" foo"));
}

#[test]
fn the_two_rules_differ_where_they_are_said_to() {
    let local = |c| Err(character(Part::Local, c));
    let prohibited = |part| Err(JidError::Prohibited(part));
    type Outcome<'a> = Result<&'a str, JidError>;
    let table: [(&str, Outcome<'_>, Outcome<'_>); 17] = [
        ("straße@h", Ok("straße@h"), Ok("strasse@h")),
        ("ﬁn@h", local('ﬁ'), Ok("fin@h")),
        ("h/Ⅳ", Ok("h/Ⅳ"), Ok("h/IV")),
        ("😀@h", local('😀'), prohibited(Part::Local)),
        ("h/😀", Ok("h/😀"), prohibited(Part::Resource)),
        ("h/🥰🫠", Ok("h/🥰🫠"), prohibited(Part::Resource)),
        ("a\u{200d}b@h", local('\u{200d}'), Ok("ab@h")),
        ("h/a\u{200d}b", Err(character(Part::Resource, '\u{200d}')), Ok("h/ab")),
        ("a\u{ad}b@h", local('\u{ad}'), Ok("ab@h")),
        ("\u{ad}@h", local('\u{ad}'), Err(JidError::Empty(Part::Local))),
        ("Σίσυφος@h", Ok("σίσυφος@h"), Ok("σίσυφοσ@h")),
        ("١٢٣@h", Err(JidError::Direction(Part::Local)), Ok("١٢٣@h")),
        ("h/١٢٣", Ok("h/١٢٣"), Ok("h/١٢٣")),
        ("ｊｕｌｉｅｔ@h", Ok("juliet@h"), Ok("juliet@h")),
        ("ａ＠@h", local('@'), prohibited(Part::Local)),
        ("ａ＇@h", local('\''), prohibited(Part::Local)),
        ("e\u{301}@h", Ok("é@h"), Ok("é@h")),
    ];
    for (text, precis, stringprep) in table {
        for (rules, expected) in [(Rules::Rfc7622, precis), (Rules::Rfc6122, stringprep)] {
            let jid = Jid::parse_by(rules, text);
            assert_eq!(jid.as_ref().map(Jid::as_str), expected.as_ref().copied(), "{text} by {rules:?}");
        }
    }
}

#[test]
fn ascii_is_the_same_by_both_rules() {
    for (text, normal) in [
        ("Juliet@Example.COM/Balcony", "juliet@example.com/Balcony"),
        ("example.com./x", "example.com/x"),
        ("a@[2001:DB8:0::1]", "a@[2001:db8::1]"),
        ("[::ffff:10.0.0.1]/x", "[::ffff:10.0.0.1]/x"),
        ("192.0.2.1", "192.0.2.1"),
        ("r3---sn.example", "r3---sn.example"),
        ("a#$%()*+,;=?[]^_`{|}~!.-@h", "a#$%()*+,;=?[]^_`{|}~!.-@h"),
        ("h//a/b", "h//a/b"),
    ] {
        for rules in BOTH {
            assert_eq!(Jid::parse_by(rules, text).unwrap().as_str(), normal, "{text}");
        }
    }
    for (text, error) in [
        ("", JidError::Empty(Part::Domain)),
        ("@", JidError::Empty(Part::Local)),
        ("a@h/", JidError::Empty(Part::Resource)),
        ("@h", JidError::Empty(Part::Local)),
        ("a@b@h", JidError::DomainName),
        ("it's@h", character(Part::Local, '\'')),
        ("a\u{7f}@h", character(Part::Local, '\u{7f}')),
        ("h/\u{7}", character(Part::Resource, '\u{7}')),
        ("-a.example", JidError::DomainName),
        ("a-.example", JidError::DomainName),
        ("a..example", JidError::DomainName),
        (".example", JidError::DomainName),
        (".", JidError::DomainName),
        ("a_b.example", JidError::DomainName),
        ("a b.example", JidError::DomainName),
        ("[::1", JidError::Ipv6Literal),
        ("[::1%eth0]", JidError::Ipv6Literal),
        ("[127.0.0.1]", JidError::Ipv6Literal),
        ("[]", JidError::Ipv6Literal),
        ("[::1].example", JidError::Ipv6Literal),
    ] {
        for rules in BOTH {
            assert_eq!(Jid::parse_by(rules, text), Err(error), "{text}");
        }
    }
}

#[test]
fn domains_beyond_ascii() {
    for (text, normal) in [
        ("Fußball.example", "fußball.example"),
        ("xn--fuball-cta.example", "fußball.example"),
        ("BÜCHER.example", "bücher.example"),
        ("bücher。example｡", "bücher.example"),
        ("пример.испытание", "пример.испытание"),
    ] {
        assert_eq!(Jid::parse(text).unwrap().as_str(), normal, "{text}");
    }
    for text in ["xn--a-ä.example", "xn--a.example", "a\u{200d}b.example", "a\u{2f}b.example/\u{0}", "٠a.example"] {
        assert!(Jid::parse(text).is_err(), "{text}");
    }
    let prep = |text| Jid::parse_by(Rules::Rfc6122, text).map(Jid::into_string);
    assert_eq!(prep("Fußball.example").unwrap(), "fussball.example");
    assert_eq!(prep("bücher。example｡").unwrap(), "bücher.example");
    assert_eq!(prep("b＿c.example"), Err(JidError::DomainName));
    assert_eq!(prep("b😀.example"), Err(JidError::Prohibited(Part::Domain)));
}

/// RFC 5892 Appendix A, each rule kept and broken, in a localpart.
#[test]
fn characters_that_need_company() {
    for good in [
        "l·l",
        "क\u{94d}\u{200d}ष",
        "क\u{94d}\u{200c}ष",
        "ن\u{200c}ب",
        "͵α",
        "א׳ב",
        "א״ב",
        "カ・カ",
        "・ア・",
        "漢・",
        "ا١٢",
        "ا۱۲",
        "l·l·l",
        "א׳״ב",
    ] {
        assert_eq!(prepare_local(Rules::Rfc7622, good).as_deref(), Ok(good), "{good}");
    }
    for (bad, blamed) in [
        ("a·l", '·'),
        ("·", '·'),
        ("l·", '·'),
        ("\u{200d}", '\u{200d}'),
        ("a\u{200c}b", '\u{200c}'),
        ("ن\u{200c}", '\u{200c}'),
        ("͵a", '͵'),
        ("͵", '͵'),
        ("a׳", '׳'),
        ("・", '・'),
        ("a・b", '・'),
        ("ا١۲", '١'),
        ("ا۱٢", '۱'),
    ] {
        assert_eq!(prepare_local(Rules::Rfc7622, bad), Err(character(Part::Local, blamed)), "{bad}");
    }
}

#[test]
fn characters_that_are_newer_than_the_tables() {
    // Osage (Unicode 9) and Medefaidrin (11) are letters; U+1F970 (11) is a symbol, U+180F (14) is ignored, U+10FFFE is none.
    assert_eq!(prepare_local(Rules::Rfc7622, "\u{104b0}").unwrap(), "\u{104d8}");
    assert_eq!(prepare_local(Rules::Rfc7622, "\u{16e60}").unwrap(), "\u{16e60}");
    for (refused, in_resources) in [('\u{1f970}', true), ('\u{180f}', false), ('\u{10fffe}', false), ('\u{378}', false)]
    {
        let text = refused.to_string();
        assert_eq!(prepare_local(Rules::Rfc7622, &text), Err(character(Part::Local, refused)));
        assert_eq!(prepare_resource(Rules::Rfc7622, &text).is_ok(), in_resources, "{refused:?}");
    }
}

#[test]
fn each_part_has_its_limit() {
    let long = |letter: &str, length: usize| letter.repeat(length);
    let dotted = |length: usize| {
        let mut name = "a.".repeat(length / 2);
        name.push_str(if length.is_multiple_of(2) { "" } else { "a" });
        name
    };
    for rules in BOTH {
        let parse = |text: &str| Jid::parse_by(rules, text);
        for letter in ["a", "A"] {
            assert!(parse(&format!("{}@h", long(letter, 1023))).is_ok());
            assert_eq!(parse(&format!("{}@h", long(letter, 1024))), Err(JidError::TooLong(Part::Local)));
        }
        assert!(parse(&format!("h/{}", long("x", 1023))).is_ok());
        assert_eq!(parse(&format!("h/{}", long("x", 1024))), Err(JidError::TooLong(Part::Resource)));
        assert!(parse(&dotted(1023)).is_ok());
        assert_eq!(parse(&dotted(1025)), Err(JidError::TooLong(Part::Domain)));
        assert!(parse(&format!("{}.example", long("a", 63))).is_ok());
        assert_eq!(parse(&format!("{}.example", long("a", 64))), Err(JidError::LabelTooLong));
        assert_eq!(parse(&format!("{}.example", long("ü", 100))), Err(JidError::LabelTooLong));
        assert_eq!(parse(&format!("xn--{}.example", long("a", 900))), Err(JidError::LabelTooLong));
        assert_eq!(parse(&format!("h。{}", long("中", 300))), Err(JidError::LabelTooLong));
        assert!(parse(&format!("{}.example", long("ａ", 63))).is_ok());
        assert!(parse(&format!("{}@h", long("ａ", 1023))).is_ok(), "full-width letters become one octet each");
        assert_eq!(parse(&format!("{}@h", long("ａ", 1024))), Err(JidError::TooLong(Part::Local)));
        assert!(parse(&format!("{}@h", long("é", 511))).is_ok());
        assert_eq!(parse(&format!("{}@h", long("é", 512))), Err(JidError::TooLong(Part::Local)));
    }
    let longest = format!("{0}@{1}/{0}", long("a", 1023), dotted(1023));
    let jid = Jid::parse(&longest).unwrap();
    assert_eq!((jid.as_str(), jid.resource().unwrap().len()), (longest.as_str(), 1023));
}

#[test]
fn parts_are_found_and_changed() {
    let full = Jid::parse("a@h/r/s@t").unwrap();
    assert!(full.is_full() && !full.is_bare());
    assert_eq!((full.bare().as_str(), full.server().as_str()), ("a@h", "h"));
    assert_eq!((full.bare().resource(), full.server().local(), full.server().domain()), (None, None, "h"));
    assert_eq!(full.with_resource("ｘ").unwrap(), Jid::parse("a@h/ｘ").unwrap());
    assert_eq!(full.with_resource(""), Err(JidError::Empty(Part::Resource)));
    assert_eq!(full.bare().with_resource_by(Rules::Rfc6122, "ｘ").unwrap().as_str(), "a@h/x");
    let bare = full.clone().into_bare();
    assert_eq!(parts(&bare), (Some("a"), "h", None));
    assert_eq!(bare, full.bare());
    assert_eq!(parts(&full.server().with_resource("r").unwrap()), (None, "h", Some("r")));
    assert_eq!(Jid::from_parts(Rules::Rfc7622, Some("A"), "H.", Some("R")).unwrap().as_str(), "a@h/R");
    assert_eq!(Jid::from_parts(Rules::Rfc7622, Some("a@b"), "h", None), Err(character(Part::Local, '@')));
    assert_eq!(Jid::from_parts(Rules::Rfc7622, None, "a@h", None), Err(JidError::DomainName));
    assert_eq!(Jid::from_parts(Rules::Rfc7622, None, "h/r", None), Err(JidError::DomainName));
}

#[test]
fn a_map_finds_an_address_by_a_borrowed_one() {
    let mut sessions = BTreeMap::new();
    sessions.insert(Jid::parse("Romeo@montague.example/orchard").unwrap(), 7);
    let from = JidRef::parse("romeo@Montague.example/orchard").unwrap();
    assert_eq!(sessions.get(from.as_str()), Some(&7));
    assert_eq!(sessions.get(from.as_ref().bare().as_str()), None);
}

#[test]
fn normal_text_is_borrowed() {
    for normal in ["romeo@montague.example/orchard", "h", "é@bücher.example/😀", "a@[::1]"] {
        assert!(JidRef::parse(normal).unwrap().is_borrowed(), "{normal}");
    }
    for other in ["Romeo@montague.example", "h.", "É@h"] {
        let jid = JidRef::parse(other).unwrap();
        assert!(!jid.is_borrowed() && jid.as_str() != other);
        assert_eq!(jid.clone().into_jid(), Jid::parse(other).unwrap());
    }
    assert_eq!(size_of::<Option<Jid>>(), 24);
}

fn text() -> impl Strategy<Value = String> {
    let parts = "[aA1.\\-_ @'/\\\\\\[:]|[éÉßς\u{308}]|[ａＡ＠．。]|[\u{200c}\u{200d}\u{ad}·l]|[١۱אا׳]|[カ・漢한]|[Ⅳﬁ😀🥰İǅ]|\\PC|.";
    proptest::collection::vec(parts, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_normal_form_is_its_own(text in text(), domain in "[a-z]{1,5}") {
        for rules in BOTH {
            for whole in [text.clone(), format!("{text}@{domain}"), format!("{domain}/{text}")] {
                let Ok(jid) = Jid::parse_by(rules, &whole) else { continue };
                let again = JidRef::parse_by(rules, jid.as_str()).expect("a normal form is an address");
                prop_assert!(again.is_borrowed(), "{:?} of {:?}", jid, whole);
                prop_assert_eq!(parts(&jid), (again.as_ref().local(), again.as_ref().domain(), again.as_ref().resource()));
                prop_assert_eq!(&Jid::parse_by(rules, &format!("{jid}")).unwrap(), &jid);
                prop_assert_eq!(&Jid::from_parts(rules, jid.local(), jid.domain(), jid.resource()).unwrap(), &jid);
                let lengths = [jid.local(), Some(jid.domain()), jid.resource()].map(|part| part.map_or(1, str::len));
                prop_assert!(lengths.iter().all(|length| (1..=MAX_PART).contains(length)));
            }
        }
    }

    #[test]
    fn the_fast_path_says_what_the_long_one_says(text in "[aB0.\\-_ \"@/:~\u{7f}]{0,9}") {
        let long = prepare::whole(Rules::Rfc7622, &text);
        if let Some(span) = ascii::normal(&text) {
            let jid = JidRef::new(&text, span);
            prop_assert_eq!(long.as_ref().map(parts), Ok((jid.local(), jid.domain(), jid.resource())));
            prop_assert_eq!(jid.as_str(), long.as_ref().unwrap().as_str());
        } else if let Ok(jid) = long {
            let plain = jid.as_str() == text && !jid.domain().contains("--");
            prop_assert!(!plain, "{} need not go the long way", text);
        }
    }

    #[test]
    fn order_and_equality_are_those_of_the_text(left in "[ab@/.]{1,5}", right in "[ab@/.]{1,5}") {
        let (Ok(left), Ok(right)) = (Jid::parse(&left), Jid::parse(&right)) else { return Ok(()) };
        prop_assert_eq!(left.cmp(&right), left.as_str().cmp(right.as_str()));
        prop_assert_eq!(left == right, left.as_ref() == right.as_ref());
        prop_assert_eq!(left.bare() == right.bare(), (left.local(), left.domain()) == (right.local(), right.domain()));
    }
}
