//! Inputs that broke other XML parsers in XMPP, thrown at ours. The names are the rows of the list they come from, and what they broke is told with
//! each.
//!
//! Work is counted, not timed: the bytes that went in until a refusal, the bytes taken from the heap, the calls. What is scanned again without being
//! copied shows in instructions alone; those `benches/xmpp.sh hostile` counts, for the same floods.

use wirestate_machine::Inbox;
use wirestate_testing::{Heap, Usage};
use xmpp_proto::ns;
use xmpp_proto::xml::{Condition, Element, ElementBuf, Frame, Limit, Limits, Reader, Scope, XmlError};

#[global_allocator]
static HEAP: Heap = Heap;

const HEADER: &str =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/// What came of a flood.
struct Outcome {
    fault: Option<XmlError>,
    /// How many bytes went in before it was refused; all of them, where it was not.
    eaten: usize,
    elements: Vec<Element>,
    usage: Usage,
}

/// Feeds a stream, so many bytes at a time.
fn feed(stream: &[u8], limits: Limits, at_once: usize) -> Outcome {
    let (mut inbox, mut reader) = (Inbox::new(limits.inbox()), Reader::new(limits));
    let (mut elements, mut eaten) = (Vec::new(), 0);
    let (fault, usage) = Heap::measure(|| {
        while eaten < stream.len() {
            let piece = &stream[eaten..(eaten + at_once).min(stream.len())];
            let taken = inbox.push_some(piece);
            assert!(taken > 0, "a full inbox that gives neither a frame nor a fault");
            eaten += taken;
            loop {
                match reader.next(&mut inbox) {
                    Ok(Some(Frame::Element(element))) => elements.push(element),
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(fault) => return Some(fault),
                }
            }
        }
        None
    });
    Outcome { fault, eaten, elements, usage }
}

const CUTS: [usize; 3] = [1, 61, 4096];

/// After the header this is refused, wherever it is cut, before `within` bytes of it went in: with what a read may hold beyond.
fn refused(flood: &str, fault: XmlError, within: usize) {
    for limits in [Limits::BEFORE_LOGIN, Limits::AFTER_LOGIN] {
        for at_once in CUTS {
            let outcome = feed(format!("{HEADER}{flood}").as_bytes(), limits, at_once);
            let start = &flood[..flood.len().min(40)];
            assert_eq!(outcome.fault, Some(fault), "{start}");
            assert!(outcome.elements.is_empty(), "{start}");
            let eaten = outcome.eaten.saturating_sub(HEADER.len());
            assert!(eaten <= within + at_once, "{start}: {eaten} bytes went in, {at_once} at once");
            // A buffer that doubles as it fills; never an index of what is not whole.
            let most = 4 * (eaten + HEADER.len() + at_once) + 4096;
            assert!(outcome.usage.volume <= most as u64, "{start}: {} bytes of heap", outcome.usage.volume);
        }
    }
}

fn limited(flood: &str, limit: Limit, within: usize) {
    refused(flood, XmlError::Limit(limit), within);
    assert_eq!(XmlError::Limit(limit).condition(), Condition::PolicyViolation);
}

/// H30: entities inside entities became gigabytes (xml-rs, 3,000,000 times what came in; jabberd2 CVE-2011-1755).
#[test]
fn h30_entity_bomb() {
    let bomb =
        "<!DOCTYPE lolz [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>";
    refused(bomb, XmlError::DocumentType, 3);
    refused(&format!("<message><body>{bomb}"), XmlError::DocumentType, 18);
    let before = feed(format!("<?xml version='1.0'?>{bomb}<s>&c;</s>").as_bytes(), Limits::BEFORE_LOGIN, 1);
    assert_eq!((before.fault, before.eaten), (Some(XmlError::DocumentType), 24));
    // Nothing declares one, so nothing is looked up.
    refused(&format!("<message><body>&c;{}</body></message>", "x".repeat(100)), XmlError::Entity, 200);
    refused("<message id='&c;'/>", XmlError::Entity, 20);
    assert_eq!(XmlError::Entity.condition(), Condition::RestrictedXml);
}

/// H30: a document type with an external subset was fetched.
#[test]
fn h30_document_type() {
    refused("<!DOCTYPE message SYSTEM 'http://attacker.example/x.dtd'>", XmlError::DocumentType, 3);
    refused("<message><!ELEMENT body ANY></message>", XmlError::DocumentType, 12);
    refused("<message><!ATTLIST body x CDATA 'y'>", XmlError::DocumentType, 12);
    assert_eq!(XmlError::DocumentType.condition(), Condition::RestrictedXml);
}

/// H30: processing instructions (RFC 6120 §11.1; pontarius-xmpp#54).
#[test]
fn h30_processing_instruction() {
    refused("<?xml-stylesheet href='x'?>", XmlError::ProcessingInstruction, 2);
    refused("<message><?php system('x') ?></message>", XmlError::ProcessingInstruction, 11);
    // A second declaration is one, too.
    refused("<?xml version='1.0'?><message/>", XmlError::ProcessingInstruction, 2);
    assert_eq!(XmlError::ProcessingInstruction.condition(), Condition::RestrictedXml);
}

/// H30: comments (RFC 6120 §11.1; mellium/xmpp#126), also endless ones.
#[test]
fn h30_comment() {
    refused("<!-- x -->", XmlError::Comment, 3);
    refused(&format!("<message><!--{}", "-".repeat(300_000)), XmlError::Comment, 12);
    assert_eq!(XmlError::Comment.condition(), Condition::RestrictedXml);
}

/// H30: sections are text and no more: between stanzas they are as little allowed as it, and what is in them is no markup. An endless one has the limit
/// of all stanzas.
#[test]
fn h30_sections() {
    refused("<![CDATA[ ]]>", XmlError::TextBetweenStanzas, 3);
    let stream = format!("{HEADER}<message><body><![CDATA[</body><iq>&x;<!-- ]]]]>&gt;<![CDATA[]]></body></message>");
    for at_once in CUTS {
        let outcome = feed(stream.as_bytes(), Limits::BEFORE_LOGIN, at_once);
        assert_eq!((outcome.fault, outcome.elements.len()), (None, 1));
        let body = outcome.elements[0].child("body", ns::CLIENT).unwrap();
        assert_eq!((&*body.text(), body.children().count()), ("</body><iq>&x;<!-- ]]>", 0));
    }
    let endless = format!("<message><![CDATA[{}", "]]x".repeat(100_000));
    limited(&endless, Limit::Bytes, Limits::AFTER_LOGIN.bytes + 1);
}

/// H31: ten thousand elements inside one another overflowed the stack of a builder that recursed (hew#1461), and of what it dropped.
#[test]
fn h31_depth() {
    limited(&"<a>".repeat(10_000), Limit::Depth, 3 * 64 + 2);
    // What is allowed is dropped, compared, written and looked through without trouble.
    let deep = format!("{}x{}", "<a>".repeat(64), "</a>".repeat(64));
    let element: Element = deep.parse().unwrap();
    assert_eq!(ElementBuf::like(element.view()).finish().unwrap(), element);
    assert_eq!(std::iter::successors(Some(element.view()), |one| one.children().next()).count(), 64);
}

/// H31: a hundred thousand attributes of one element were compared each with each.
#[test]
fn h31_attributes() {
    let attributes: String = (0..100_000).map(|at| format!(" a{at}=''")).collect();
    limited(&format!("<a{attributes}/>"), Limit::Attributes, 600);
    let unquoted: String = (0..100_000).map(|at| format!(" a{at}")).collect();
    refused(&format!("<a{unquoted}/>"), XmlError::Tag, 6);
}

/// H31: five thousand namespaces in scope, looked through for each name.
#[test]
fn h31_namespaces() {
    let nested: String = (0..5000).map(|at| format!("<a xmlns:n{at}='u{at}'>")).collect();
    // Whichever comes first: each element may declare one, and no more than the depth are open.
    for limits in [Limits::BEFORE_LOGIN, Limits::AFTER_LOGIN] {
        let outcome = feed(format!("{HEADER}{nested}").as_bytes(), limits, 1);
        assert!(matches!(outcome.fault, Some(XmlError::Limit(Limit::Depth | Limit::Bindings))), "{:?}", outcome.fault);
        assert!(outcome.eaten <= HEADER.len() + 65 * 22);
    }
    let at_once: String = (0..5000).map(|at| format!(" xmlns:n{at}='u{at}'")).collect();
    let limits = Limits { attributes: u16::MAX, ..Limits::AFTER_LOGIN };
    let outcome = feed(format!("{HEADER}<a{at_once}").as_bytes(), limits, 61);
    assert_eq!(outcome.fault, Some(XmlError::Limit(Limit::Bindings)));
    assert!(outcome.eaten <= HEADER.len() + 65 * 18 + 61);
}

/// H31: a name of a hundred kilobytes, in each place where a name may stand.
#[test]
fn h31_names() {
    let name = "n".repeat(100_000);
    for start in ["<", "<a ", "<a><", "<a></", "<p:", "<a b='' "] {
        limited(&format!("{start}{name}"), Limit::Name, 300);
    }
}

/// H31: `<a>x</a>` without end in one stanza, which was held as a tree fifty times as large (twisted#12707).
#[test]
fn h31_elements_without_end() {
    let flood = format!("<message>{}", "<a>x</a>".repeat(60_000));
    limited(&flood, Limit::Elements, 10_001 * 8 + 9);
    limited(&format!("<message>{}", "<a/>".repeat(500_000)), Limit::Elements, 10_001 * 4 + 9);
    let text = format!("<message><body>{}", "text ".repeat(60_000));
    limited(&text, Limit::Bytes, Limits::AFTER_LOGIN.bytes + 1);
    limited(&format!("<a b='{}", "value ".repeat(60_000)), Limit::Bytes, Limits::AFTER_LOGIN.bytes + 1);
    limited(&format!("<a{}", " ".repeat(300_000)), Limit::Bytes, Limits::AFTER_LOGIN.bytes + 1);
}

/// H31: half a million children where somebody allows them: one flat index, given back at once.
#[test]
fn h31_half_a_million_children() {
    let limits = Limits { bytes: 4 << 20, elements: u32::MAX, ..Limits::PEER };
    let stanza = format!("<a>{}</a>", "<b/>".repeat(500_000));
    let len = stanza.len();
    let (element, usage) = Heap::measure(|| Element::parse(stanza.into(), &Scope::CLIENT, &limits).unwrap());
    assert!(usage.peak <= 12 * len && usage.allocations <= 2, "{usage:?}");
    assert_eq!(element.children().count(), 500_000);
    let (_, usage) = Heap::measure(|| drop(element));
    assert!(usage.live < 0 && usage.allocations == 0);
}

/// H31: what stands before the header has no end either: whitespace is swallowed as it comes, with a byte order mark before it as without, and a
/// declaration is short.
#[test]
fn h31_a_header_that_never_comes() {
    let spaces = " \n".repeat(200_000);
    for start in ["", "\u{feff}", "<?xml version='1.0'?>"] {
        let outcome = feed(format!("{start}{spaces}").as_bytes(), Limits::BEFORE_LOGIN, 1);
        assert_eq!((outcome.fault, outcome.eaten), (None, start.len() + spaces.len()));
        assert!(outcome.usage.peak <= 2 * Limits::BEFORE_LOGIN.inbox(), "{:?}", outcome.usage);
        let stream = format!("{start}{spaces}{}<iq/>", &HEADER[21..]);
        assert_eq!(feed(stream.as_bytes(), Limits::BEFORE_LOGIN, 4096).elements.len(), 1);
    }
    let outcome = feed(format!("<?xml version='1.0'{spaces}").as_bytes(), Limits::BEFORE_LOGIN, 1);
    assert_eq!((outcome.fault, outcome.eaten), (Some(XmlError::Declaration), 256));
}

/// H31: whatever comes over and over, twice as much of it costs no more than twice as much, however it is cut.
#[test]
fn h31_work_is_linear() {
    let limits = Limits { bytes: 1 << 20, elements: u32::MAX, ..Limits::AFTER_LOGIN };
    for (start, unit, end) in [
        ("<a>", "x", "</a>"),
        ("<a>", "&amp;", "</a>"),
        ("<a>", "]]", "</a>"),
        ("<a>", "<b/>", "</a>"),
        ("<a>", "<b c='d'>e</b>", "</a>"),
        ("<a>", "<b xmlns='u' xmlns:p='v' p:c=''><p:d/></b>", "</a>"),
        ("<a>", "<![CDATA[x]]>", "</a>"),
        ("<a><![CDATA[", "]", "]]></a>"),
        ("<a b='", "x\n", "'/>"),
        ("<a", " ", "/>"),
        ("<a", " b ", "/>"),
        ("", "<message><body>Hi</body></message>", ""),
        ("", " \n", "<iq/>"),
    ] {
        for at_once in CUTS {
            let cost = |count: usize| {
                let stream = [HEADER, start, &unit.repeat(count / unit.len()), end].concat();
                let outcome = feed(stream.as_bytes(), limits, at_once);
                drop(outcome.elements);
                (outcome.usage.volume, outcome.usage.allocations)
            };
            let (once, twice) = (cost(100_000), cost(200_000));
            // A buffer may just have doubled once more.
            assert!(twice.0 <= 3 * once.0 + 65_536, "{unit:?}: {} bytes of heap, then {}", once.0, twice.0);
            assert!(twice.1 <= 11 * once.1 / 5 + 64, "{unit:?}: {} allocations, then {}", once.1, twice.1);
        }
    }
}

/// H32: what one parser took for the end of a stanza another did not, so that what was text, or inside an element, became a stanza of somebody else
/// (aioxmpp#268; Zoom CVE-2022-22784 to 22787).
#[test]
fn h32_smuggling() {
    let evil = "<iq type='set' id='evil'/>";
    for stanza in [
        "<a><b></a>@</b>",
        "<a b='>'><c d=\"/>\"/></a></a>@",
        "<a><![CDATA[</a>@]]></b>@",
        "<a>\u{1}</a>@",
        "<a>\u{fffe}</a>@",
        "<a><p:b/></a>@",
        "<a/ >@",
        "<a></a/>@",
        "<a></a b=''>@",
        "<a b='<'/>@",
        "<a b='c' b='d'/>@",
        "<a b='</a>@'>",
        "<a><!</a>@",
        "<a>&#0;</a>@",
        "<a>&</a>@",
        "<a>]]></a>@",
        "</stream:stream >x@",
        "</stream>@",
        "<stream:stream></stream:stream>@</stream:stream>",
    ] {
        let stream = format!("{HEADER}{}", stanza.replace('@', evil));
        for at_once in CUTS {
            let outcome = feed(stream.as_bytes(), Limits::AFTER_LOGIN, at_once);
            let is_evil = |element: &Element| element.attr("id").as_deref() == Some("evil");
            // Only what follows a whole stanza may be one; here each stanza before it is broken, or the stream has ended.
            let is_allowed = stanza.starts_with("<stream:stream>");
            assert!(is_allowed || !outcome.elements.iter().any(is_evil), "{stanza}");
        }
    }
}

/// H32: bytes that are no UTF-8 were skipped by one parser and ended a stanza for another. They end the stream, wherever they are.
#[test]
fn h32_bytes_that_are_no_text() {
    for bad in [&b"\xff"[..], b"\xc0\xbc", b"\xe2\x82", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xc3"] {
        for (before, after) in [
            (&b"<a>"[..], &b"</a>"[..]),
            (b"<a b='", b"'/>"),
            (b"<a", b"/>"),
            (b"<a b", b"=''/>"),
            (b"<a><![CDATA[", b"]]></a>"),
            (b"<a></a", b">"),
        ] {
            let stream = [HEADER.as_bytes(), before, bad, after, b"<iq id='evil'/>"].concat();
            for at_once in CUTS {
                let outcome = feed(&stream, Limits::AFTER_LOGIN, at_once);
                assert!(outcome.fault.is_some() && outcome.elements.is_empty(), "{}", stream.escape_ascii());
                assert_eq!(outcome.fault.map(XmlError::condition), Some(Condition::NotWellFormed));
            }
        }
    }
}

/// H32: an end tag that belongs elsewhere. Most are refused where they stand; one whose name is as long, and begins and ends alike, when the element
/// around all is whole. Neither gives anything before.
#[test]
fn h32_end_tags_that_match_nothing() {
    refused(&format!("<aa><bb></aa>{}", "x".repeat(100)), XmlError::MismatchedTag, 13);
    let outcome = feed(format!("{HEADER}<axa><aya></axa></aya><iq id='evil'/>").as_bytes(), Limits::AFTER_LOGIN, 1);
    assert_eq!(outcome.fault, Some(XmlError::MismatchedTag));
    assert!(outcome.elements.is_empty());
    assert_eq!(outcome.eaten, HEADER.len() + "<axa><aya></axa></aya>".len());
}
