use alloc::borrow::Cow;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::super::{Element, Limits, Node, Scope, XmlError};
use super::{element, parsed};
use crate::ns;

#[test]
fn names_attributes_children_and_text_are_read() {
    let message = parsed(
        "<message from='a@b' x:y='1' xmlns:x='urn:x' xml:lang='de'>\
         <body>Hallo &amp; <![CDATA[<b>]]></body>\n<x:thread parent=\"p&#10;q\tr\">t</x:thread>tail</message>",
    );
    assert!(message.is("message", ns::CLIENT));
    assert_eq!(message.attr("from").as_deref(), Some("a@b"));
    assert_eq!(message.attr("y"), None);
    assert_eq!(message.attr("x:y"), None);
    assert_eq!(message.attr_ns("y", "urn:x").as_deref(), Some("1"));
    assert_eq!(message.attr_ns("lang", ns::XML).as_deref(), Some("de"));
    assert_eq!(message.attrs().map(|attribute| attribute.name()).collect::<Vec<_>>(), ["from", "y", "lang"]);
    assert_eq!(message.view().declarations().collect::<Vec<_>>(), [("x", "urn:x")]);
    assert_eq!(message.text(), "\ntail");
    let body = message.child("body", ns::CLIENT).unwrap();
    assert_eq!(body.text(), "Hallo & <b>");
    assert_eq!(body.lang().as_deref(), Some("de"));
    assert_eq!(body.raw_content(), "Hallo &amp; <![CDATA[<b>]]>");
    let thread = message.child("thread", "urn:x").unwrap();
    assert_eq!((thread.prefix(), thread.name()), (Some("x"), "thread"));
    assert_eq!(thread.attr("parent").as_deref(), Some("p\nq r"));
    assert!(matches!(thread.text(), Cow::Borrowed("t")));
    assert_eq!(thread.parent(), Some(message.view()));
    assert_eq!(message.child("thread", ns::CLIENT), None);
    assert_eq!(message.children().count(), 2);
    let nodes = message.view().nodes().map(|node| match node {
        Node::Element(element) => element.name().to_string(),
        Node::Text(text) => text.value().into_owned(),
    });
    assert_eq!(nodes.collect::<Vec<_>>(), ["body", "\n", "thread", "tail"]);
}

#[test]
fn namespaces_are_those_in_scope() {
    let element = parsed(
        "<a xmlns='u' xmlns:p='v'><b/><p:c/><d xmlns='' xmlns:p='w'><e/><p:f p:g=''/></d><h/><stream:i/>\
         <j xmlns='amp&amp;ersand'><k/></j></a>",
    );
    let names = |of: &Element| {
        of.children().map(|child| (child.name().to_string(), child.ns().to_string())).collect::<Vec<_>>()
    };
    let owned = |(name, ns): (&str, &str)| (name.to_string(), ns.to_string());
    let wanted = [("b", "u"), ("c", "v"), ("d", ""), ("h", "u"), ("i", ns::STREAM), ("j", "amp&ersand")];
    assert_eq!(names(&element), wanted.map(owned));
    let inner = element.child("d", "").unwrap().to_element();
    assert_eq!(names(&inner), [("e", ""), ("f", "w")].map(owned));
    assert_eq!(inner.child("f", "w").unwrap().attr_ns("g", "w").as_deref(), Some(""));
    assert!(element.child("j", "amp&ersand").unwrap().child("k", "amp&ersand").is_some());
}

#[test]
fn a_part_is_an_element_of_its_own() {
    let message = parsed(
        "<message><forwarded xmlns='f'><message xmlns='jabber:client'><body>x</body></message></forwarded></message>",
    );
    let inner = message.child("forwarded", "f").unwrap().child("message", ns::CLIENT).unwrap().to_element();
    drop(message);
    assert_eq!(inner.to_bytes(), "<message xmlns='jabber:client'><body>x</body></message>");
    assert_eq!(inner.child("body", ns::CLIENT).unwrap().text(), "x");
    assert_eq!(format!("{inner:?}"), "<message xmlns='jabber:client'> of 55 bytes");
}

#[test]
fn elements_are_equal_that_mean_the_same() {
    let one = parsed("<a b='1' c='2'><d>x&lt;y</d><e/></a>");
    for same in [
        "<a c=\"2\" b=\"1\" ><d>x<![CDATA[<y]]></d><e></e></a>",
        "<p:a xmlns:p='jabber:client' b='1' c='&#50;'><p:d>x&#60;y</p:d><e xmlns='jabber:client'/></p:a>",
    ] {
        assert_eq!(parsed(same), one, "{same}");
    }
    for other in [
        "<a b='1' c='2'><d>x&lt;y</d><e/> </a>",
        "<a b='1' c='2'><d>x&lt;y</d></a>",
        "<a b='1' c='3'><d>x&lt;y</d><e/></a>",
        "<a b='1'><d>x&lt;y</d><e/></a>",
        "<a b='1' c='2' xmlns='u'><d>x&lt;y</d><e/></a>",
        "<a b='1' c='2'><e/><d>x&lt;y</d></a>",
        "<a b='1' c='2'><d>x&lt;y<e/></d></a>",
    ] {
        assert_ne!(parsed(other), one, "{other}");
    }
}

#[test]
fn a_websocket_message_is_one_whole_element() {
    let open = " <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='im.example' version='1.0'/>\n";
    let open: Element = open.parse().unwrap();
    assert!(open.is("open", ns::FRAMING));
    for (text, error) in [
        ("", XmlError::NotOneElement),
        (" ", XmlError::NotOneElement),
        ("<a>", XmlError::NotOneElement),
        ("<a/><b/>", XmlError::NotOneElement),
        ("<a/>x", XmlError::NotOneElement),
        ("</a>", XmlError::NotOneElement),
        ("x", XmlError::NotXml),
        ("<?xml version='1.0'?><a/>", XmlError::ProcessingInstruction),
        ("<stream:features/>", XmlError::UnboundPrefix),
    ] {
        assert_eq!(text.parse::<Element>(), Err(error), "{text}");
    }
    let limits = Limits { bytes: 10, ..Limits::AFTER_LOGIN };
    assert!(Element::parse("<abcdefg/>".into(), &Scope::EMPTY, &limits).is_ok());
    assert!(Element::parse("<abcdefgh/>".into(), &Scope::EMPTY, &limits).is_err());
}

#[test]
fn many_attributes_are_compared_as_few_are() {
    for count in [2, 16, 17, 40, 64] {
        let names: Vec<_> = (0..count).map(|at| format!("a{at}=''")).collect();
        assert!(element(&format!("<a {}/>", names.join(" "))).is_ok());
        let mut doubled = names.clone();
        doubled[count - 1] = names[count / 2 - 1].clone();
        assert_eq!(element(&format!("<a {}/>", doubled.join(" "))), Err(XmlError::DuplicateAttribute));
    }
    let mixed = ["xmlns:p='u'", "xmlns:q='v'", "p:a=''", "q:a=''", "a=''"];
    assert!(element(&format!("<a {}/>", mixed.join(" "))).is_ok());
}
