use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;
use wirestate_machine::Inbox;

use super::super::{Condition, Frame, Framer, Limit, Limits, Reader, Scope, XmlError};
use super::{HEADER, frames, frames_of};
use crate::ns;

#[test]
fn a_stream_is_cut_into_header_elements_and_end() {
    let stream = format!("{HEADER} \n<presence/>\n<message><body>a>b</body></message></stream:stream >rubbish");
    let (frames, fault) = frames([stream.as_bytes()], Limits::BEFORE_LOGIN);
    assert_eq!(fault, None);
    let [Frame::Header(header), Frame::Element(presence), Frame::Element(message), Frame::End] = &frames[..] else {
        panic!("{frames:?}")
    };
    assert!(header.is("stream", ns::STREAM));
    assert_eq!(header.attr("to").as_deref(), Some("im.example"));
    assert_eq!(header.attr("version").as_deref(), Some("1.0"));
    assert_eq!(header.lang().as_deref(), Some("en"));
    assert_eq!(Scope::of_header(header), Scope::CLIENT);
    assert!(presence.is("presence", ns::CLIENT));
    assert_eq!(message.child("body", ns::CLIENT).map(|body| body.text().into_owned()).as_deref(), Some("a>b"));
}

#[test]
fn headers_are_read_in_all_their_forms() {
    for header in [
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<stream:stream xmlns:stream=\"http://etherx.jabber.org/streams\" xmlns=\"jabber:client\">",
        "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'  >",
        " <stream:stream\nxmlns = 'jabber:client'\txmlns:stream= 'http://etherx.jabber.org/streams'>",
    ] {
        for cut in 0..header.len() {
            let (one, other) = header.as_bytes().split_at(cut);
            let (frames, fault) = frames([one, other, b"<presence/>"], Limits::BEFORE_LOGIN);
            assert_eq!(fault, None, "{header} at {cut}");
            assert!(
                matches!(&frames[..], [Frame::Header(header), Frame::Element(_)] if header.is("stream", ns::STREAM))
            );
        }
    }
}

#[test]
fn another_prefix_for_the_stream_ends_with_that_prefix() {
    let header = "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client'>";
    let (all, fault) = frames([format!("{header}<s:error/></s:stream>").as_bytes()], Limits::BEFORE_LOGIN);
    assert_eq!(fault, None);
    assert!(matches!(&all[..], [Frame::Header(_), Frame::Element(error), Frame::End] if error.is("error", ns::STREAM)));
    let (_, fault) = frames([format!("{header}</stream:stream>").as_bytes()], Limits::BEFORE_LOGIN);
    assert_eq!(fault, Some(XmlError::MismatchedTag));
}

#[test]
fn whitespace_between_stanzas_is_swallowed_and_counted() {
    let (mut inbox, mut reader) = (Inbox::new(10_000), Reader::new(Limits::BEFORE_LOGIN));
    inbox.push(HEADER.as_bytes());
    assert!(matches!(reader.next(&mut inbox), Ok(Some(Frame::Header(_)))));
    for _ in 0..3 {
        inbox.push(b" \n");
        assert_eq!(reader.next(&mut inbox), Ok(None));
        assert!(inbox.is_empty() && !reader.is_within());
    }
    assert_eq!(reader.keepalives(), 6);
    inbox.push(b"<presence");
    assert_eq!(reader.next(&mut inbox), Ok(None));
    assert!(reader.is_within());
}

#[test]
fn a_websocket_message_holds_one_element_whatever_the_cuts() {
    let element = |frame: &Frame| match frame {
        Frame::Element(element) => element.to_string(),
        other => panic!("{other:?}"),
    };
    for (text, wanted, fault) in [
        ("<a/>\0<b>x</b>\0", "<a/><b>x</b>", None),
        (" <a/>\n\0\0 \0<b/>\0", "<a/><b/>", None),
        ("<a/>", "<a/>", None),
        ("<a/><b/>\0", "<a/>", Some(XmlError::NotOneElement)),
        ("<a/> x\0", "<a/>", Some(XmlError::NotOneElement)),
        ("x\0", "", Some(XmlError::TextBetweenStanzas)),
        ("<a>\0</a>\0", "", Some(XmlError::Character('\0'))),
        ("<a\0/>\0", "", Some(XmlError::Tag)),
        ("</a>\0", "", Some(XmlError::MismatchedTag)),
    ] {
        for cut in 0..=text.len() {
            let (one, other) = text.as_bytes().split_at(cut);
            let (frames, found) = frames_of(Reader::messages(Limits::BEFORE_LOGIN), [one, other]);
            let read: String = frames.iter().map(element).collect();
            assert_eq!((read.as_str(), found), (wanted, fault), "{text:?} at {cut}");
        }
    }
    let (mut inbox, mut reader) = (Inbox::new(100), Reader::messages(Limits::BEFORE_LOGIN));
    inbox.push(b"<a/>\0 \0");
    assert!(matches!(reader.next(&mut inbox), Ok(Some(Frame::Element(_)))));
    assert_eq!((reader.next(&mut inbox), reader.keepalives()), (Ok(None), 2));
}

#[test]
fn a_restarted_stream_begins_with_a_header() {
    let (mut inbox, mut reader) = (Inbox::new(10_000), Reader::new(Limits::BEFORE_LOGIN));
    for _ in 0..2 {
        inbox.push(HEADER.as_bytes());
        assert!(matches!(reader.next(&mut inbox), Ok(Some(Frame::Header(_)))));
        assert_eq!(*reader.scope(), Scope::CLIENT);
        reader.restart();
    }
    inbox.push(b"<presence/>");
    assert_eq!(reader.next(&mut inbox), Err(XmlError::Tag));
}

#[test]
fn each_fault_is_told_with_its_first_bytes_and_is_a_stream_error() {
    let restricted = Condition::RestrictedXml;
    let ill_formed = Condition::NotWellFormed;
    for (bytes, error, condition) in [
        ("<!-", XmlError::Comment, restricted),
        ("<?", XmlError::ProcessingInstruction, restricted),
        ("<!D", XmlError::DocumentType, restricted),
        ("<!E", XmlError::DocumentType, restricted),
        ("<a><!-", XmlError::Comment, restricted),
        ("<a><?", XmlError::ProcessingInstruction, restricted),
        ("<a><!D", XmlError::DocumentType, restricted),
        ("<a><![CE", XmlError::DocumentType, restricted),
        ("<a>&nbsp;</a>", XmlError::Entity, restricted),
        ("<a b='&x;'/>", XmlError::Entity, restricted),
        ("<a>&#0;</a>", XmlError::CharacterReference, ill_formed),
        ("x", XmlError::TextBetweenStanzas, Condition::BadFormat),
        ("<![", XmlError::TextBetweenStanzas, Condition::BadFormat),
        ("< ", XmlError::Name, ill_formed),
        ("<=", XmlError::Name, ill_formed),
        ("<1/>", XmlError::Name, ill_formed),
        ("<a:b:c/>", XmlError::Name, ill_formed),
        ("<a b>", XmlError::Tag, ill_formed),
        ("<a b=c", XmlError::Tag, ill_formed),
        ("<a =", XmlError::Tag, ill_formed),
        ("<a b='c'd='e'/>", XmlError::Tag, ill_formed),
        ("<a / ", XmlError::Tag, ill_formed),
        ("<a b='<'/>", XmlError::AttributeValue, ill_formed),
        ("<a b='' b=''/>", XmlError::DuplicateAttribute, ill_formed),
        ("<a xmlns:x='u' xmlns:y='u' x:b='' y:b=''/>", XmlError::DuplicateAttribute, ill_formed),
        ("<a><b></a>", XmlError::MismatchedTag, ill_formed),
        ("<a></ab>", XmlError::MismatchedTag, ill_formed),
        ("<ab></a>", XmlError::MismatchedTag, ill_formed),
        ("<abc></axc>", XmlError::MismatchedTag, ill_formed),
        ("<a></ a>", XmlError::MismatchedTag, ill_formed),
        ("<a></a b='c'>", XmlError::Tag, ill_formed),
        ("</a>", XmlError::MismatchedTag, ill_formed),
        ("<a>]]></a>", XmlError::SectionEnd, ill_formed),
        ("<a>\u{1}</a>", XmlError::Character('\u{1}'), ill_formed),
        ("<a b='\u{ffff}'/>", XmlError::Character('\u{ffff}'), ill_formed),
        ("<a:b/>", XmlError::UnboundPrefix, Condition::BadNamespacePrefix),
        ("<a b:c='d'/>", XmlError::UnboundPrefix, Condition::BadNamespacePrefix),
        ("<xmlns:a/>", XmlError::UnboundPrefix, Condition::BadNamespacePrefix),
        ("<a xmlns:b=''/>", XmlError::NamespaceDeclaration, ill_formed),
        ("<a xmlns:xmlns='u'/>", XmlError::NamespaceDeclaration, ill_formed),
        ("<a xmlns:xml='u'/>", XmlError::NamespaceDeclaration, ill_formed),
        ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", XmlError::NamespaceDeclaration, ill_formed),
        ("<a xmlns:b='http://www.w3.org/XML/1998/namespac&#101;'/>", XmlError::NamespaceDeclaration, ill_formed),
    ] {
        // Nothing that follows may have an effect.
        let stream = format!("{HEADER}{bytes}<presence/></a></stream:stream>");
        let pieces = stream.as_bytes().split_at(HEADER.len() + bytes.len());
        let (all, fault) = frames([pieces.0], Limits::BEFORE_LOGIN);
        assert_eq!((all.len(), fault), (1, Some(error)), "{bytes}");
        assert_eq!(error.condition(), condition);
        let (all, fault) = frames([pieces.0, pieces.1], Limits::BEFORE_LOGIN);
        assert_eq!((all.len(), fault), (1, Some(error)), "{bytes}");
        let (all, fault) = frames(stream.as_bytes().chunks(1), Limits::BEFORE_LOGIN);
        assert_eq!((all.len(), fault), (1, Some(error)), "{bytes} by bytes");
    }
    let (_, fault) = frames([HEADER.as_bytes(), b"<a>\xff</a>"], Limits::BEFORE_LOGIN);
    assert_eq!(fault, Some(XmlError::Utf8));
}

#[test]
fn what_is_no_header_is_refused() {
    for (bytes, error) in [
        ("GET / HTTP/1.1", XmlError::NotXml),
        ("<?xml version='1.0'?>x", XmlError::NotXml),
        ("<?xml version='1.0' encoding='ISO-8859-1'?>", XmlError::Encoding),
        ("<!DOCTYPE", XmlError::DocumentType),
        ("<?xml-", XmlError::ProcessingInstruction),
        ("</stream:stream>", XmlError::MismatchedTag),
        ("<stream:stream>", XmlError::UnboundPrefix),
        ("<stream/>", XmlError::Tag),
    ] {
        assert_eq!(frames([bytes.as_bytes()], Limits::BEFORE_LOGIN), (Vec::new(), Some(error)), "{bytes}");
    }
}

#[test]
fn limits_can_be_raised_in_the_middle_of_a_stanza() {
    let small = Limits { bytes: 300, ..Limits::BEFORE_LOGIN };
    let (mut inbox, mut framer) = (Inbox::new(small.inbox()), Framer::new(small));
    inbox.push(HEADER.as_bytes());
    assert!(matches!(framer.next(&mut inbox), Ok(Some(_))));
    inbox.push(b"<a>");
    inbox.push(&[b'x'; 290]);
    assert_eq!(framer.next(&mut inbox), Ok(None));
    framer.set_limits(Limits::AFTER_LOGIN);
    inbox.set_limit(Limits::AFTER_LOGIN.inbox());
    inbox.push(&[b'x'; 5000]);
    inbox.push(b"</a>");
    assert!(matches!(framer.next(&mut inbox), Ok(Some(_))));
    framer.set_limits(small);
    inbox.push(b"<a>");
    inbox.push(&[b'x'; 298]);
    assert_eq!(framer.next(&mut inbox), Err(XmlError::Limit(Limit::Bytes)));
}

/// Parts of which streams are made, sound and unsound.
const PARTS: &[&str] = &[
    "<a>",
    "</a>",
    "<b/>",
    "<a b='c'>",
    "<a xmlns='u'>",
    "<p:a xmlns:p=\"v\">",
    "</p:a>",
    "<iq id=\"'\"/>",
    "text",
    "&amp;",
    "&lt;",
    "&#x1f600;",
    "<![CDATA[",
    "]]>",
    "<",
    ">",
    "'",
    "\"",
    "/",
    "!",
    "]",
    " ",
    "\r\n",
    "é",
    "😀",
    "<!--",
    "<?x?>",
    "\u{1}",
    "</stream:stream>",
    "<a d='&quot;' e='\n'/>",
    "<stream:features/>",
];

pub(super) fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PARTS), 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn frames_are_the_same_however_the_stream_is_cut(soup in soup(), cuts in prop::collection::vec(1usize..40, 1..20)) {
        let stream = format!("{HEADER}{soup}");
        let whole = frames([stream.as_bytes()], Limits::BEFORE_LOGIN);
        let bytes = frames(stream.as_bytes().chunks(1), Limits::BEFORE_LOGIN);
        prop_assert_eq!(shown(&whole.0), shown(&bytes.0));
        prop_assert_eq!(&whole, &bytes);
        let mut rest = stream.as_bytes();
        let pieces = cuts.iter().cycle().map_while(|cut| {
            let (piece, after) = rest.split_at(rest.len().min(*cut));
            rest = after;
            (!piece.is_empty()).then_some(piece)
        });
        prop_assert_eq!(&whole, &frames(pieces, Limits::BEFORE_LOGIN));
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200), after_header: bool) {
        let header: &[u8] = if after_header { HEADER.as_bytes() } else { b"" };
        let (all, _) = frames([header, &bytes], Limits::BEFORE_LOGIN);
        for frame in all {
            if let Frame::Header(element) | Frame::Element(element) = frame {
                let _ = (element.text(), element.to_string(), element.children().count(), element.lang());
            }
        }
    }
}

fn shown(frames: &[Frame]) -> Vec<String> {
    frames
        .iter()
        .map(|frame| match frame {
            Frame::Header(element) | Frame::Element(element) => element.to_string(),
            Frame::End => String::new(),
        })
        .collect()
}
