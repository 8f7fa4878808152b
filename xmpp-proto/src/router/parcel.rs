use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::ns;
use crate::payload::moment;
use crate::stanza::StanzaError;
use crate::stream::{Packet, PacketKind};
use crate::xml::{Element, ElementBuf, ElementRef, ElementWriter, Limits, Scope, Sink, Stamp, Writer, XmlError};

/// Which of the three a stanza is (RFC 6120 §8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `<message/>`
    Message,
    /// `<presence/>`
    Presence,
    /// `<iq/>`
    Iq,
}

impl Kind {
    /// The element's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Message => "message",
            Kind::Presence => "presence",
            Kind::Iq => "iq",
        }
    }

    /// Which one has this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Kind::Message, Kind::Presence, Kind::Iq].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A stanza that is ready to be written for as many as receive it: only its start tag is written anew for each, what it holds is shared.
///
/// It is in whatever namespace the stream has that it is written to: `jabber:client`, `jabber:server` or `jabber:component:accept`.
#[derive(Clone, PartialEq, Eq)]
pub struct Parcel {
    kind: Kind,
    /// From `<` to the last attribute but `to`.
    head: Bytes,
    /// What stands between the tags.
    content: Bytes,
}

impl Parcel {
    /// Which of the three it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// How many bytes it has, without the `to` of its receiver.
    pub fn len(&self) -> usize {
        self.head.len() + self.content.len() + self.kind.as_str().len() + 4
    }

    /// Whether there is nothing between its tags.
    pub fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    /// Writes it into a stream whose header declares `scope`; `to` is what [`Recipient`](super::Recipient) says. What it holds is linked.
    pub fn write<S: Sink + ?Sized>(&self, to: Option<&str>, scope: &Scope, sink: &mut S) {
        self.write_start(to, scope.default_ns().is_empty(), sink);
        if self.content.is_empty() {
            return;
        }
        sink.link(self.content.clone());
        for part in [&b"</"[..], self.kind.as_str().as_bytes(), b">"] {
            sink.put(part);
        }
    }

    /// It as a session relays it.
    pub fn to_packet(&self, to: Option<&str>) -> Packet {
        let mut bytes = Vec::with_capacity(self.len() + to.map_or(0, str::len) + 16);
        self.write(to, &Scope::CLIENT, &mut bytes);
        let kind = match self.kind {
            Kind::Message => PacketKind::Message,
            Kind::Presence => PacketKind::Presence,
            Kind::Iq => PacketKind::Iq,
        };
        Packet::assembled(kind, self.kind.as_str(), bytes.into())
    }

    /// It as one element of `jabber:client` that stands alone.
    pub fn to_bytes(&self, to: Option<&str>) -> Bytes {
        let mut bytes = Vec::with_capacity(self.len() + to.map_or(0, str::len) + 40);
        self.write(to, &Scope::EMPTY, &mut bytes);
        bytes.into()
    }

    /// Reads what [`to_bytes`](Parcel::to_bytes) has written, without a `to` of a receiver's.
    ///
    /// # Errors
    /// It is not one element, or larger than a peer's may be; [`XmlError::NotOneElement`] also where that is no stanza.
    pub fn read(bytes: Bytes) -> Result<Self, XmlError> {
        let element = Element::parse(bytes, &Scope::EMPTY, &Limits::PEER)?;
        let kind =
            Kind::parse(element.name()).filter(|_| element.ns() == ns::CLIENT && element.view().prefix().is_none());
        let kind = kind.ok_or(XmlError::NotOneElement)?;
        let (tag, _) = Stamp::new(element.view()).ns(ns::CLIENT).to_parts(&Scope::CLIENT)?;
        let mut head = Vec::from(tag);
        open(&mut head);
        Ok(Parcel { kind, head: head.into(), content: content(&element, |_| true) })
    }

    /// It as an element of `jabber:client`.
    ///
    /// # Errors
    /// It is larger than a peer's may be, for what was added to it.
    pub fn to_element(&self, to: Option<&str>) -> Result<Element, XmlError> {
        Element::parse(self.to_bytes(to), &Scope::EMPTY, &Limits::PEER)
    }

    fn write_start<S: Sink + ?Sized>(&self, to: Option<&str>, declares: bool, sink: &mut S) {
        sink.put(&self.head);
        if declares {
            for part in [b" xmlns='", ns::CLIENT.as_bytes(), b"'"] {
                sink.put(part);
            }
        }
        if let Some(to) = to {
            put_to(to, sink);
        }
        sink.put(if self.content.is_empty() { b"/>" } else { b">" });
    }

    /// The same one in memory of its own, so that keeping it does not keep what it came with.
    pub(super) fn detached(&self) -> Parcel {
        self.clone().holding(Bytes::copy_from_slice(&self.content))
    }

    fn holding(self, content: Bytes) -> Parcel {
        Parcel { content, ..self }
    }

    /// The same one with a `to` for all.
    pub(super) fn addressed(&self, to: &str) -> Parcel {
        let mut head = Vec::with_capacity(self.head.len() + to.len() + 8);
        head.extend_from_slice(&self.head);
        put_to(to, &mut head);
        Parcel { head: head.into(), ..self.clone() }
    }

    /// The same one with more in it.
    pub(super) fn with(&self, more: impl FnOnce(&mut Content<'_>)) -> Parcel {
        let mut bytes = Vec::with_capacity(self.content.len() + 192);
        bytes.extend_from_slice(&self.content);
        more(&mut Content { bytes: &mut bytes });
        Parcel { content: bytes.into(), ..self.clone() }
    }
}

fn put_to<S: Sink + ?Sized>(to: &str, sink: &mut S) {
    sink.put(b" to='");
    let mut rest = to;
    // What an address can have of what must be escaped.
    while let Some(at) = rest.find(['\'', '&', '<', '>']) {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        sink.put(before.as_bytes());
        let mut after = after.chars();
        sink.put(match after.next() {
            Some('\'') => b"&apos;",
            Some('&') => b"&amp;",
            Some('<') => b"&lt;",
            _ => b"&gt;",
        });
        rest = after.as_str();
    }
    sink.put(rest.as_bytes());
    sink.put(b"'");
}

impl fmt::Debug for Parcel {
    /// Shows what it is and how long, not what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} bytes", self.kind, self.len())
    }
}

/// What a parcel is to hold.
pub(super) struct Content<'a> {
    bytes: &'a mut Vec<u8>,
}

impl Content<'_> {
    /// One element: a part that XML cannot hold is left out of it.
    pub(super) fn element(
        &mut self,
        name: &str,
        ns: &str,
        fill: impl FnOnce(&mut ElementWriter<'_, Vec<u8>>) -> Result<(), XmlError>,
    ) -> &mut Self {
        let mut writer = Writer::new(self.bytes, &Scope::EMPTY);
        if let Ok(mut element) = writer.element(name, ns) {
            // Others' words were read as XML before, so this is for what the application says.
            let _ = fill(&mut element);
        }
        self
    }

    /// Payloads, which are written into an element that holds them.
    pub(super) fn payloads(
        &mut self,
        fill: impl FnOnce(&mut ElementWriter<'_, Vec<u8>>) -> Result<(), XmlError>,
    ) -> &mut Self {
        const HOLDER: (&str, &str) = ("h", "<h>");
        let mut held = Vec::with_capacity(256);
        let mut writer = Writer::new(&mut held, &Scope::EMPTY);
        if let Ok(mut element) = writer.element(HOLDER.0, "") {
            let _ = fill(&mut element);
        }
        let inner = held.strip_prefix(HOLDER.1.as_bytes()).and_then(|rest| rest.strip_suffix(b"</h>"));
        self.bytes.extend_from_slice(inner.unwrap_or_default());
        self
    }

    /// An element of the stanza's own namespace that holds text.
    pub(super) fn text(&mut self, name: &str, text: &str) -> &mut Self {
        // Without a declaration it has the namespace of the stream.
        let mut writer = Writer::new(self.bytes, &Scope::EMPTY);
        if let Ok(mut element) = writer.element(name, "") {
            element.text_lossy(text);
        }
        self
    }

    /// A child as it came in.
    pub(super) fn embed(&mut self, child: ElementRef<'_>) -> &mut Self {
        Writer::new(self.bytes, &Scope::EMPTY).embed(child);
        self
    }

    /// A stanza that is sent on in an element of this name, with the moment at which it came (XEP-0297).
    pub(super) fn forwarded(
        &mut self,
        name: &str,
        ns: &str,
        attributes: &[(&str, Option<&str>)],
        parcel: &Parcel,
        stamp: Option<u64>,
    ) -> &mut Self {
        self.element(name, ns, |element| {
            attributes.iter().try_for_each(|(name, value)| element.attr_if(name, *value).map(drop))
        });
        open(self.bytes);
        self.bytes.extend_from_slice(b"><forwarded xmlns='");
        self.bytes.extend_from_slice(ns::FORWARD.as_bytes());
        self.bytes.extend_from_slice(b"'>");
        if let Some(stamp) = stamp {
            let stamp = moment::write(stamp);
            self.element("delay", ns::DELAY, |delay| delay.attr("stamp", stamp.as_str()).map(drop));
        }
        parcel.write(None, &Scope::EMPTY, self.bytes);
        for part in [&b"</forwarded></"[..], name.as_bytes(), b">"] {
            self.bytes.extend_from_slice(part);
        }
        self
    }

    /// What went wrong with a stanza.
    pub(super) fn stanza_error(&mut self, error: &StanzaError) -> &mut Self {
        let mut held = Vec::with_capacity(192);
        let written =
            Writer::new(&mut held, &Scope::CLIENT).element("h", ns::CLIENT).map(|mut holder| error.write(&mut holder));
        if let Ok(Ok(())) = written {
            let inner = held.strip_prefix(b"<h>").and_then(|rest| rest.strip_suffix(b"</h>"));
            self.bytes.extend_from_slice(inner.unwrap_or_default());
        }
        self
    }

    /// What another parcel holds.
    pub(super) fn content_of(&mut self, parcel: &Parcel) -> &mut Self {
        self.bytes.extend_from_slice(&parcel.content);
        self
    }
}

/// The start tag of a parcel.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tag<'a> {
    pub(super) from: Option<&'a str>,
    pub(super) to: Option<&'a str>,
    pub(super) kind: Option<&'a str>,
    pub(super) id: Option<&'a str>,
}

/// A stanza of the router's own.
pub(super) fn build(kind: Kind, tag: Tag<'_>, fill: impl FnOnce(&mut Content<'_>)) -> Parcel {
    let mut head = Vec::with_capacity(128);
    let mut writer = Writer::new(&mut head, &Scope::EMPTY);
    if let Ok(mut element) = writer.element(kind.as_str(), "") {
        for (name, value) in [("type", tag.kind), ("id", tag.id), ("from", tag.from), ("to", tag.to)] {
            let _ = element.attr_if(name, value);
        }
    }
    open(&mut head);
    let mut content = Vec::new();
    fill(&mut Content { bytes: &mut content });
    Parcel { kind, head: head.into(), content: content.into() }
}

/// Leaves a start tag open that has ended.
fn open(head: &mut Vec<u8>) {
    let end = head.strip_suffix(b"/>").or_else(|| head.strip_suffix(b">")).map(<[u8]>::len);
    head.truncate(end.unwrap_or(head.len()));
}

/// How stanzas that came in are sent on.
#[derive(Debug)]
pub(super) struct Relay {
    /// `jabber:client`, and no prefix.
    scope: Scope,
}

/// What becomes of `to`.
#[derive(Clone, Copy, Debug)]
pub(super) enum To<'a> {
    /// Each receiver has its own.
    Each,
    /// All have this one.
    All(&'a str),
}

impl Relay {
    pub(super) fn new() -> Self {
        let header = ElementBuf::new("x", ns::CLIENT).finish();
        Relay { scope: header.map_or(Scope::EMPTY, |header| Scope::of_header(&header)) }
    }

    /// A stanza as it came, from `from`.
    pub(super) fn stanza(&self, kind: Kind, stanza: &Element, from: &str, to: To<'_>) -> Parcel {
        self.parcel(kind, stanza, from, to, |_| true)
    }

    /// A stanza as it came, without some of its children.
    pub(super) fn parcel(
        &self,
        kind: Kind,
        stanza: &Element,
        from: &str,
        to: To<'_>,
        keep: impl Fn(ElementRef<'_>) -> bool,
    ) -> Parcel {
        let plain;
        let stanza = match stanza.view().prefix() {
            None => stanza,
            Some(_) => {
                // Without a prefix the namespace is that of any stream.
                plain = ElementBuf::like(stanza.view()).finish();
                match &plain {
                    Ok(plain) => plain,
                    Err(_) => stanza,
                }
            }
        };
        let stamp = Stamp::new(stanza.view()).ns(ns::CLIENT).from(from);
        let stamp = match to {
            To::Each => stamp.without_to(),
            To::All(to) => stamp.to(to),
        };
        let mut head = Vec::with_capacity(128);
        // What is set are addresses, which XML can hold.
        let written = stamp.write_tag(&mut head, &self.scope);
        debug_assert!(written.is_ok(), "{written:?}");
        open(&mut head);
        Parcel { kind, head: head.into(), content: content(stanza, keep) }
    }
}

impl Relay {
    /// What a stanza holds, to stand in another start tag: without some of its children, and with nothing that its own start tag declares.
    pub(super) fn words(&self, kind: Kind, stanza: &Element, keep: impl Fn(ElementRef<'_>) -> bool) -> Parcel {
        let parcel = self.parcel(kind, stanza, "", To::Each, &keep);
        let declares = parcel.head.windows(7).any(|seven| seven == b" xmlns:");
        let content = match parcel.to_element(None).ok().filter(|_| declares) {
            None => Bytes::copy_from_slice(&parcel.content),
            Some(whole) => {
                let mut content = Vec::with_capacity(parcel.content.len() + 128);
                for child in whole.children() {
                    Writer::new(&mut content, &self.scope).embed(child);
                }
                content.into()
            }
        };
        build(kind, Tag::default(), |_| {}).holding(content)
    }
}

/// What stands between the tags, shared where nothing is left out.
fn content(stanza: &Element, keep: impl Fn(ElementRef<'_>) -> bool) -> Bytes {
    let raw = stanza.view().raw_content();
    let whole = stanza.to_bytes().slice_ref(raw.as_bytes());
    if stanza.children().all(&keep) {
        return whole;
    }
    let mut kept = Vec::with_capacity(raw.len());
    for node in stanza.view().nodes() {
        match node {
            crate::xml::Node::Text(text) => kept.extend_from_slice(text.raw().as_bytes()),
            crate::xml::Node::Element(child) if keep(child) => kept.extend_from_slice(child.raw().as_bytes()),
            crate::xml::Node::Element(_) => {}
        }
    }
    kept.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_is_read_again() {
        let relay = Relay::new();
        let stanza = |text: &str| text.parse::<Element>().unwrap();
        let message = stanza(
            "<message xmlns='jabber:client' xmlns:o='urn:other' type='chat' id='1' xml:lang='de'>\
             <body>Gr\u{fc}\u{df}e &amp; K\u{fc}sse</body><o:x o:a='1'/><y xmlns='urn:y'/></message>",
        );
        let prefixed = stanza("<c:message xmlns:c='jabber:client'><c:body>Hi</c:body></c:message>");
        for (element, to) in [(&message, To::All("romeo@im.example")), (&message, To::Each), (&prefixed, To::Each)] {
            let parcel = relay.stanza(Kind::Message, element, "juliet@im.example/b'c", to);
            let again = Parcel::read(parcel.to_bytes(None)).unwrap();
            for to in [None, Some("romeo@im.example/o")].into_iter().take(if matches!(to, To::Each) { 2 } else { 1 }) {
                let (parcel, again) = (parcel.to_element(to).unwrap(), again.to_element(to).unwrap());
                assert!(parcel == again, "{} and {}", parcel.view().raw(), again.view().raw());
            }
            assert_eq!(again.to_packet(None).as_bytes(), parcel.to_packet(None).as_bytes());
        }
        let built = build(Kind::Presence, Tag { from: Some("a@b/c"), ..Tag::default() }, |_| {});
        assert!(Parcel::read(built.to_bytes(None)).unwrap() == built);
        for wrong in [
            "",
            "<message/>",
            "<iq xmlns='jabber:server'/>",
            "<x xmlns='jabber:client'/>",
            "<iq xmlns='jabber:client'>",
        ] {
            assert!(Parcel::read(wrong.into()).is_err(), "{wrong}");
        }
    }
}
