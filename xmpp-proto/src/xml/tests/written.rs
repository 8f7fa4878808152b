use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::Bytes;
use proptest::prelude::*;
use wirestate_machine::Outbox;

use super::super::{
    Element, ElementBuf, ElementRef, ElementWriter, Limits, Node, Scope, Sink, Stamp, Writer, XmlError,
    write_stream_end,
};
use super::parsed;
use crate::ns;

fn written(scope: &Scope, write: impl FnOnce(&mut Writer<'_, Outbox>) -> Result<(), XmlError>) -> String {
    let mut outbox = Outbox::new();
    write(&mut Writer::new(&mut outbox, scope)).unwrap();
    String::from_utf8(outbox.drain()).unwrap()
}

#[test]
fn namespaces_are_declared_where_they_must_be() {
    let text = written(&Scope::CLIENT, |writer| {
        let mut features = writer.element("features", ns::STREAM)?;
        features.child("starttls", ns::TLS)?.own_empty("required")?;
        let mut mechanisms = features.child("mechanisms", ns::SASL)?;
        mechanisms.own_text("mechanism", "PLAIN")?.attr("late", "").unwrap_err();
        Ok(())
    });
    assert_eq!(
        text,
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>\
         <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>"
    );
    let text = written(&Scope::EMPTY, |writer| {
        let mut features = writer.element("features", ns::STREAM)?;
        features.child("a", "")?.attr_ns("b", "u", "1")?.attr_ns("c", "v", "2")?.attr_decimal("n", 10)?;
        Ok(())
    });
    let features: Element = text.parse().unwrap();
    let child = features.child("a", "").unwrap();
    assert_eq!(child.attr_ns("b", "u").as_deref(), Some("1"));
    assert_eq!(child.attr_ns("c", "v").as_deref(), Some("2"));
    assert_eq!(child.attr("n").as_deref(), Some("10"));
}

#[test]
fn each_element_is_a_message_where_messages_are_written() {
    let mut outbox = Outbox::new();
    let mut writer = Writer::messages(&mut outbox);
    writer.element("a", "u").unwrap().own_text("b", "c").unwrap();
    writer.element("no name", "u").unwrap_err();
    writer.element("d", "").unwrap().attr("e", "\0").unwrap_err();
    writer.embed(parsed("<f><g/></f>").view());
    assert_eq!(
        String::from_utf8(outbox.drain()).unwrap(),
        "<a xmlns='u'><b>c</b></a>\0<d/>\0<f xmlns='jabber:client'><g/></f>\0"
    );
}

#[test]
fn a_stream_begins_and_ends() {
    let mut outbox = Outbox::new();
    Writer::new(&mut outbox, &Scope::CLIENT).stream().attr("to", "im.example").unwrap().lang("en").unwrap();
    write_stream_end(&mut outbox);
    assert_eq!(
        String::from_utf8(outbox.drain()).unwrap(),
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
         to='im.example' xml:lang='en'></stream:stream>"
    );
}

#[test]
fn what_xml_cannot_hold_is_refused_and_the_element_closed() {
    let text = written(&Scope::CLIENT, |writer| {
        let mut message = writer.element("message", ns::CLIENT)?;
        assert_eq!(message.attr("id", "\u{b}").err(), Some(XmlError::Character('\u{b}')));
        assert_eq!(message.attr("i d", "").err(), Some(XmlError::Name));
        assert_eq!(message.attr("xmlns", "").err(), Some(XmlError::NamespaceDeclaration));
        assert_eq!(message.attr("id", "<'\n")?.attr("id", "2").err(), Some(XmlError::DuplicateAttribute));
        assert_eq!(message.lang("en")?.attr_ns("lang", ns::XML, "de").err(), Some(XmlError::DuplicateAttribute));
        assert_eq!(message.text("a\0b").err(), Some(XmlError::Character('\0')));
        assert!(message.child("<", ns::CLIENT).is_err());
        assert!(message.child("a", ns::XML).is_err());
        assert!(message.child("a", "\u{1}").is_err());
        assert_eq!(message.own("body")?.text_lossy("a\u{1}b\u{2}&"), Some('\u{1}'));
        Ok(())
    });
    assert_eq!(text, "<message id='&lt;&apos;&#10;' xml:lang='en'><body>a\u{fffd}b\u{fffd}&amp;</body></message>");
    let names: Vec<String> = (0..20).map(|at| format!("a{at}")).collect();
    written(&Scope::CLIENT, |writer| {
        let mut element = writer.element("a", "u")?;
        for name in &names {
            element.attr(name, "")?;
        }
        assert!(names.iter().all(|name| element.attr(name, "").is_err()));
        Ok(())
    });
}

#[test]
fn an_element_that_is_embedded_means_what_it_meant() {
    let outer = parsed(
        "<message><p:a xmlns:p='v' xmlns:q='w'><b xmlns='u'><p:c/><d/></b><e q:f='1'/><stream:g/><h xmlns=''><i/></h><j k=''/></p:a></message>",
    );
    let mut parts = Vec::from([outer.view()]);
    let mut at = 0;
    while let Some(part) = parts.get(at).copied() {
        parts.extend(part.children());
        at += 1;
    }
    assert_eq!(parts.len(), 10);
    for part in parts {
        for scope in [Scope::CLIENT, Scope::EMPTY, Scope::SERVER, Scope::COMPONENT] {
            let text = written(&scope, |writer| {
                writer.embed(part);
                Ok(())
            });
            let read = Element::parse(text.clone().into(), &scope, &Limits::AFTER_LOGIN).unwrap();
            assert_eq!(read, part, "{text}");
            let text = written(&scope, |writer| {
                writer.element("wrap", "urn:x")?.embed(part);
                Ok(())
            });
            let read = Element::parse(text.clone().into(), &scope, &Limits::AFTER_LOGIN).unwrap();
            assert_eq!(read.children().next(), Some(part), "{text}");
        }
    }
}

#[test]
fn a_stamp_changes_the_start_tag_alone() {
    let message = parsed("<message from='x' type='chat' to='y' xml:lang='de'><body>&lt;</body></message>");
    let stamp = Stamp::new(message.view()).from("j@im.example/'").without_to().id("7").kind("error").lang("en");
    let (tag, rest) = stamp.to_parts(&Scope::CLIENT).unwrap();
    assert_eq!(tag, "<message from='j@im.example/&apos;' id='7' type='error' xml:lang='en'>");
    assert_eq!(rest, "<body>&lt;</body></message>");
    assert_eq!(stamp.from("\0").to_parts(&Scope::CLIENT), Err(XmlError::Character('\0')));
    let (tag, rest) = Stamp::new(parsed("<presence/>").view()).from("x").to_parts(&Scope::EMPTY).unwrap();
    assert_eq!((&tag[..], &rest[..]), (&b"<presence xmlns='jabber:client' from='x'/>"[..], &b""[..]));
}

#[test]
fn a_stamp_takes_a_stanza_to_another_namespace() {
    let message = parsed("<message xmlns='jabber:client' to='y'><body/><x xmlns='u'/></message>");
    let server = Stamp::new(message.view()).ns(ns::SERVER).to_element(&Scope::SERVER, &Limits::PEER).unwrap();
    assert_eq!(server.to_string(), "<message to='y'><body/><x xmlns='u'/></message>");
    assert!(server.is("message", ns::SERVER) && server.child("body", ns::SERVER).is_some());
    let alone = Stamp::new(message.view()).ns(ns::SERVER).to_element(&Scope::EMPTY, &Limits::PEER).unwrap();
    assert!(alone.is("message", ns::SERVER) && alone.child("x", "u").is_some());
}

#[test]
fn what_is_built_equals_what_is_read() {
    let built = ElementBuf::new("message", ns::CLIENT)
        .attr("to", "a'b")
        .lang("en")
        .own("body")
        .text("x < y")
        .end()
        .start("x", "u")
        .attr_ns("y", "v", "1")
        .end()
        .finish()
        .unwrap();
    assert_eq!(
        built,
        parsed("<message xml:lang='en' to='a&#39;b'><body>x &lt; y</body><x xmlns='u' v:y='1' xmlns:v='v'/></message>")
    );
    assert_eq!(ElementBuf::like(built.view()).finish().unwrap(), built);
    for bad in [
        ElementBuf::new("a b", ""),
        ElementBuf::new("a", "u").attr("b", "").attr("b", ""),
        ElementBuf::new("a", "u").text("\u{1}"),
        ElementBuf::new("a", "u").text("x").attr("b", ""),
        ElementBuf::new("a", "u").attr("xmlns", "v"),
        ElementBuf::new("a", ns::XML),
    ] {
        assert!(bad.finish().is_err());
    }
}

#[derive(Clone, Debug)]
struct Tree {
    name: &'static str,
    ns: &'static str,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Tree>,
}

fn tree() -> impl Strategy<Value = Tree> {
    let text = "[ -~é😀\n\r\t]{0,12}";
    let attributes = prop::collection::btree_map("[a-z]{1,3}", text, 0..4);
    let parts = (
        prop::sample::select(&["a", "_b.c-1", "é"][..]),
        prop::sample::select(&["", "u", "a'b&c", ns::CLIENT, ns::STREAM][..]),
        attributes,
        text,
    );
    parts
        .prop_map(|(name, ns, attributes, text)| Tree {
            name,
            ns,
            attributes: attributes.into_iter().collect(),
            text,
            children: Vec::new(),
        })
        .prop_recursive(4, 20, 3, |inner| {
            (inner.clone(), prop::collection::vec(inner, 0..3)).prop_map(|(root, children)| Tree { children, ..root })
        })
}

fn write<S: Sink>(tree: &Tree, element: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
    for (name, value) in &tree.attributes {
        element.attr(name, value)?;
    }
    element.text(&tree.text)?;
    tree.children.iter().try_for_each(|child| write(child, &mut element.child(child.name, child.ns)?))
}

fn is_read(tree: &Tree, element: ElementRef<'_>) -> bool {
    element.is(tree.name, tree.ns)
        && element.attrs().count() == tree.attributes.len()
        && tree.attributes.iter().all(|(name, value)| element.attr(name).as_deref() == Some(value))
        && element.text() == tree.text.as_str()
        && element.children().count() == tree.children.len()
        && tree.children.iter().zip(element.children()).all(|(tree, child)| is_read(tree, child))
}

fn rewrite<S: Sink>(element: ElementRef<'_>, writer: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
    for attribute in element.attrs() {
        writer.attr_ns_or_plain(attribute)?;
    }
    for node in element.nodes() {
        match node {
            Node::Text(text) => _ = writer.text(&text.value())?,
            Node::Element(child) => rewrite(child, &mut writer.child(child.name(), child.ns())?)?,
        }
    }
    Ok(())
}

impl<S: Sink> ElementWriter<'_, S> {
    fn attr_ns_or_plain(&mut self, attribute: super::super::Attribute<'_>) -> Result<(), XmlError> {
        match attribute.ns() {
            "" => self.attr(attribute.name(), &attribute.value())?,
            ns => self.attr_ns(attribute.name(), ns, &attribute.value())?,
        };
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_written_is_read(tree in tree()) {
        for scope in [Scope::CLIENT, Scope::EMPTY] {
            let mut bytes = Vec::new();
            write(&tree, &mut Writer::new(&mut bytes, &scope).element(tree.name, tree.ns).unwrap()).unwrap();
            let read = Element::parse(Bytes::from(bytes), &scope, &Limits::AFTER_LOGIN).unwrap();
            prop_assert!(is_read(&tree, read.view()), "{}", read);
        }
    }

    #[test]
    fn what_is_read_is_written_and_read_again(soup in super::stream::soup()) {
        let text = format!("<r xmlns:p='w'>{soup}</r>");
        if let Ok(read) = super::element(&text) {
            let mut bytes = Vec::new();
            rewrite(read.view(), &mut Writer::new(&mut bytes, &Scope::EMPTY).element(read.name(), read.ns()).unwrap()).unwrap();
            let again = Element::parse(Bytes::from(bytes), &Scope::EMPTY, &Limits::AFTER_LOGIN).unwrap();
            prop_assert_eq!(&again, &read);
            prop_assert_eq!(&ElementBuf::like(read.view()).finish().unwrap(), &read);
        }
    }

    #[test]
    fn nothing_that_is_given_makes_it_ill_formed(parts in prop::collection::vec(any::<(String, String)>(), 0..4), text: String) {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, &Scope::EMPTY);
        let mut root = writer.element("r", "u").unwrap();
        for (name, value) in &parts {
            let _ = root.attr(name, value).is_ok();
        }
        let _ = root.text(&text).is_ok();
        root.text_lossy(&text);
        for (name, ns) in &parts {
            let _ = root.child(name, ns).is_ok();
        }
        root.end();
        prop_assert!(Element::parse(bytes.into(), &Scope::EMPTY, &Limits::AFTER_LOGIN).is_ok());
    }
}
