use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use wirestate_machine::Outbox;
use wirestate_machine::plugin::Kind;

use super::Framing;
use super::management::Stanza;
use crate::ns;
use crate::xml::{Element, ElementRef, Limits, MESSAGE_END, Scope, Stamp, Writer, XmlError};

/// Which content namespace a stream has (RFC 6120 §4.8.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Content {
    /// `jabber:client`.
    #[default]
    Client,
    /// `jabber:server`.
    Server,
    /// `jabber:component:accept`.
    Component,
    /// That of jabberd2's router.
    Router,
}

impl Content {
    /// The namespace.
    pub const fn ns(self) -> &'static str {
        match self {
            Content::Client => ns::CLIENT,
            Content::Server => ns::SERVER,
            Content::Component => ns::COMPONENT_ACCEPT,
            Content::Router => ns::JABBERD_ROUTER,
        }
    }

    /// What the header of such a stream declares.
    pub const fn scope(self) -> Scope {
        match self {
            Content::Client => Scope::CLIENT,
            Content::Server => Scope::SERVER,
            Content::Component => Scope::COMPONENT,
            Content::Router => Scope::ROUTER,
        }
    }

    fn of(ns: &str) -> Option<Self> {
        [Content::Client, Content::Server, Content::Component, Content::Router]
            .into_iter()
            .find(|content| content.ns() == ns)
    }
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketKind {
    /// A message.
    Message,
    /// A presence.
    Presence,
    /// A question or its answer.
    Iq,
    /// None of the stanzas.
    Other,
}

/// One whole first-level element as it goes out. Cheap to clone: one writing serves any number of receivers, and what waits for them to acknowledge it.
///
/// Only what this crate has read or written becomes one, so that it cannot break the stream that it is said in.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    /// As it stands in a stream whose header declares `content`'s scope.
    bytes: Bytes,
    content: Content,
    kind: PacketKind,
    /// Where its name ends in the start tag.
    name_end: u16,
    /// Whether it declares its default namespace itself.
    is_declared: bool,
    /// Whether it uses the prefix of the stream.
    is_prefixed: bool,
}

impl Packet {
    /// None at all: what a plugin puts in the place of one that it hides.
    pub const NOTHING: Packet = Packet {
        bytes: Bytes::new(),
        content: Content::Client,
        kind: PacketKind::Other,
        name_end: 0,
        is_declared: false,
        is_prefixed: false,
    };

    /// An element as it was read or built. Where its namespaces allow, its bytes are shared.
    pub fn of(element: ElementRef<'_>) -> Self {
        let content = Content::of(element.ns()).unwrap_or_default();
        let scope = content.scope();
        let mut sink = Gathered::default();
        Writer::new(&mut sink, &scope).embed(element);
        Packet::new(sink.into_bytes(), element, element.ns(), content)
    }

    /// An element with another start tag, in one allocation.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] where a new value has one that XML cannot hold.
    pub fn stamped(stamp: &Stamp<'_>) -> Result<Self, XmlError> {
        let element = stamp.element();
        let content = Content::of(stamp.new_ns()).unwrap_or_default();
        let mut bytes = Vec::with_capacity(element.raw().len() + 128);
        stamp.write(&mut bytes, &content.scope())?;
        Ok(Packet::new(bytes.into(), element, stamp.new_ns(), content))
    }

    /// An element that is written now, for streams of this content.
    ///
    /// # Errors
    ///
    /// What the writer refused; [`XmlError::NotOneElement`] where it wrote none, or more than one; and [`Limits::PEER`] hold.
    pub fn write(
        content: Content,
        write: impl FnOnce(&mut Writer<'_, Vec<u8>>) -> Result<(), XmlError>,
    ) -> Result<Self, XmlError> {
        let (mut bytes, scope) = (Vec::with_capacity(256), content.scope());
        write(&mut Writer::new(&mut bytes, &scope))?;
        let element = Element::parse(bytes.into(), &scope, &Limits::PEER)?;
        Ok(Packet::new(element.to_bytes(), element.view(), element.ns(), content))
    }

    /// A stanza of `jabber:client` that this crate has put together from parts: its name has no prefix, and its start tag declares no namespace that it
    /// needs.
    pub(crate) fn assembled(kind: PacketKind, name: &str, bytes: Bytes) -> Self {
        let name_end = name.len() as u16 + 1;
        Packet { bytes, content: Content::Client, kind, name_end, is_declared: false, is_prefixed: false }
    }

    fn new(bytes: Bytes, element: ElementRef<'_>, ns: &str, content: Content) -> Self {
        let name_end = bytes.iter().skip(1).position(|byte| matches!(byte, b' ' | b'/' | b'>' | b'\t' | b'\r' | b'\n'));
        let name_end = name_end.map_or(0, |len| len + 1);
        let kind = match element.name() {
            _ if ns != content.ns() => PacketKind::Other,
            "message" => PacketKind::Message,
            "presence" => PacketKind::Presence,
            "iq" => PacketKind::Iq,
            _ => PacketKind::Other,
        };
        let is_declared = element.declarations().any(|(prefix, _)| prefix.is_empty())
            || bytes.get(name_end..).is_some_and(|rest| rest.starts_with(b" xmlns="));
        let is_prefixed = element.uses_outer_prefix() && !element.declarations().any(|(prefix, _)| prefix == "stream");
        Packet { bytes, content, kind, name_end: name_end.min(usize::from(u16::MAX)) as u16, is_declared, is_prefixed }
    }

    /// Whether it is [none at all](Packet::NOTHING).
    pub fn is_nothing(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What it is.
    pub fn kind(&self) -> PacketKind {
        self.kind
    }

    /// Whether it is one of the stanzas, which stream management counts.
    pub fn is_stanza(&self) -> bool {
        self.kind != PacketKind::Other
    }

    /// It as it stands in a stream of its content.
    pub fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// It as an element.
    ///
    /// # Errors
    ///
    /// Where it has grown over [`Limits::PEER`].
    pub fn to_element(&self) -> Result<Element, XmlError> {
        Element::parse(self.bytes.clone(), &self.content.scope(), &Limits::PEER)
    }

    /// Says it in a stream of this content and framing. One of another content is written anew for it (RFC 6120 §4.8.3).
    pub(crate) fn say(&self, outbox: &mut Outbox, framing: Framing, content: Content) {
        match framing {
            _ if self.is_nothing() => {}
            _ if self.content != content => self.say_anew(outbox, framing, content),
            Framing::Tcp => outbox.share(&self.bytes),
            Framing::WebSocket => self.say_alone(outbox),
        }
    }

    /// Whether its bytes as they are is what is said in such a stream.
    pub(crate) fn is_said_as_it_is(&self, framing: Framing, content: Content) -> bool {
        framing == Framing::Tcp && self.content == content
    }

    /// Says it as a message of its own, in which nothing is declared but what it declares itself.
    fn say_alone(&self, outbox: &mut Outbox) {
        if self.is_declared && !self.is_prefixed {
            outbox.share(&self.bytes);
        } else {
            let at = usize::from(self.name_end).min(self.bytes.len());
            outbox.put(&self.bytes[..at]);
            if !self.is_declared {
                [b" xmlns='", self.content.ns().as_bytes(), b"'"].iter().for_each(|part| outbox.put(part));
            }
            if self.is_prefixed {
                [b" xmlns:stream='", ns::STREAM.as_bytes(), b"'"].iter().for_each(|part| outbox.put(part));
            }
            outbox.link(self.bytes.slice(at..));
        }
        outbox.put(&[MESSAGE_END]);
    }

    #[cold]
    fn say_anew(&self, outbox: &mut Outbox, framing: Framing, content: Content) {
        let Ok(element) = self.to_element() else { return };
        let stamp = Stamp::new(element.view()).ns(content.ns());
        // No new value is set that could be refused.
        if framing == Framing::Tcp {
            let _ = stamp.write(outbox, &content.scope());
        } else if stamp.write(outbox, &Scope::EMPTY).is_ok() {
            outbox.put(&[MESSAGE_END]);
        }
    }
}

impl AsRef<[u8]> for Packet {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Kind for Packet {
    /// Message 0, presence 1, IQ 2, anything else 3.
    fn bit(&self) -> u32 {
        self.kind as u32
    }
}

impl Stanza for Packet {
    fn octets(&self) -> usize {
        self.bytes.len()
    }
}

impl fmt::Debug for Packet {
    /// Shows what it is and how long, not what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} bytes", self.kind, self.bytes.len())
    }
}

/// What is written, or the bytes that were linked where that is all.
#[derive(Default)]
struct Gathered {
    linked: Option<Bytes>,
    bytes: Vec<u8>,
}

impl Gathered {
    fn into_bytes(self) -> Bytes {
        self.linked.unwrap_or(self.bytes.into())
    }
}

impl crate::xml::Sink for Gathered {
    fn put(&mut self, bytes: &[u8]) {
        if let Some(linked) = self.linked.take() {
            self.bytes.extend_from_slice(&linked);
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn link(&mut self, bytes: Bytes) {
        if self.bytes.is_empty() && self.linked.is_none() {
            self.linked = Some(bytes);
        } else {
            self.put(&bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn client(text: &str) -> Element {
        Element::parse(Bytes::copy_from_slice(text.as_bytes()), &Scope::CLIENT, &Limits::AFTER_LOGIN).unwrap()
    }

    fn said(packet: &Packet, framing: Framing, content: Content) -> String {
        let mut outbox = Outbox::new();
        packet.say(&mut outbox, framing, content);
        String::from_utf8(outbox.drain()).unwrap()
    }

    #[test]
    fn what_is_at_home_is_shared() {
        let element = client("<message to='a'><body>Hi</body></message>");
        let packet = Packet::of(element.view());
        assert_eq!(packet.as_bytes().as_ptr(), element.to_bytes().as_ptr());
        assert_eq!((packet.kind(), packet.is_stanza()), (PacketKind::Message, true));
        assert_eq!(said(&packet, Framing::Tcp, Content::Client), "<message to='a'><body>Hi</body></message>");
    }

    #[test]
    fn a_websocket_is_told_the_namespaces() {
        for (text, wanted) in [
            ("<presence/>", "<presence xmlns='jabber:client'/>"),
            ("<iq xmlns='jabber:client' id='1'/>", "<iq xmlns='jabber:client' id='1'/>"),
            ("<iq\nid='1'/>", "<iq xmlns='jabber:client'\nid='1'/>"),
            (
                "<iq><stream:x/></iq>",
                "<iq xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'><stream:x/></iq>",
            ),
            ("<iq><a>stream:x</a></iq>", "<iq xmlns='jabber:client'><a>stream:x</a></iq>"),
            (
                "<c:message xmlns:c='jabber:client'><body/></c:message>",
                "<c:message xmlns='jabber:client' xmlns:c='jabber:client'><body/></c:message>",
            ),
        ] {
            let packet = Packet::of(client(text).view());
            let told = said(&packet, Framing::WebSocket, Content::Client);
            let told = told.strip_suffix('\0').unwrap();
            assert_eq!(told, wanted);
            let alone: Element = told.parse().unwrap();
            assert_eq!(alone, client(text));
        }
    }

    #[test]
    fn another_content_is_written_anew() {
        let packet = Packet::of(client("<message to='a'><body>Hi</body></message>").view());
        assert_eq!(said(&packet, Framing::Tcp, Content::Server), "<message to='a'><body>Hi</body></message>");
        let foreign = Element::parse("<a/>".into(), &Scope::SERVER, &Limits::AFTER_LOGIN).unwrap();
        assert_eq!(Packet::of(foreign.view()).kind(), PacketKind::Other);
    }

    #[test]
    fn a_stamp_is_one_writing() {
        let element = client("<message from='evil' to='a'><body>Hi</body></message>");
        let packet = Packet::stamped(&Stamp::new(element.view()).from("b/c")).unwrap();
        assert_eq!(packet.as_bytes(), "<message to='a' from='b/c'><body>Hi</body></message>");
        assert_eq!(packet.kind(), PacketKind::Message);
    }

    #[test]
    fn nothing_says_nothing() {
        assert!(Packet::NOTHING.is_nothing() && !Packet::of(client("<iq/>").view()).is_nothing());
        for framing in [Framing::Tcp, Framing::WebSocket] {
            for content in [Content::Client, Content::Server] {
                assert_eq!(said(&Packet::NOTHING, framing, content), "");
            }
        }
    }

    #[test]
    fn a_packet_is_one_element() {
        let two = Packet::write(Content::Client, |writer| {
            writer.element("presence", ns::CLIENT)?;
            writer.element("presence", ns::CLIENT).map(drop)
        });
        assert_eq!(two, Err(XmlError::NotOneElement));
        assert_eq!(Packet::write(Content::Client, |_| Ok(())), Err(XmlError::NotOneElement));
        let one = Packet::write(Content::Client, |writer| writer.element("iq", ns::CLIENT).map(drop)).unwrap();
        assert_eq!((one.as_bytes().as_ref(), one.kind()), (&b"<iq/>"[..], PacketKind::Iq));
    }
}
