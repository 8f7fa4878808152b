use core::time::Duration;

use thiserror::Error;
use wirestate_machine::{Inbox, Instant, Marks, Outbox};

use super::{Content, OtherUri, Packet};
use crate::ns;
use crate::xml::{Element, Frame, Limits, Reader, Scope, Writer, XmlError, write_stream_end};

/// How a stream is laid out on what carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// One long document, as over TCP (RFC 6120 §4.2).
    #[default]
    Tcp,
    /// A message for each element, as over WebSocket; `<open/>` and `<close/>` stand for the root's tags (RFC 7395 §3.3). In the boxes each message
    /// ends with [`MESSAGE_END`](crate::xml::MESSAGE_END): a layer makes a message of the WebSocket of each, and the other way round.
    WebSocket,
}

/// What a peer sent, one frame of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Incoming {
    /// A stream header: its start tag, or `<open/>`.
    Header(Element),
    /// A first-level element.
    Element(Element),
    /// The peer has ended its stream in good order (RFC 6120 §4.4), and over WebSocket perhaps told where to go on.
    End(Option<OtherUri>),
    /// The peer has gone without a word.
    Gone,
}

/// What we say of ourselves where our stream begins (RFC 6120 §4.7). Texts that XML cannot hold are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening<'a> {
    /// Who we are.
    pub from: Option<&'a str>,
    /// Whom we speak to.
    pub to: Option<&'a str>,
    /// The stream's name, which the receiving side chooses.
    pub id: Option<&'a str>,
    /// `1.0`; without it the stream is one of the time before features.
    pub version: Option<&'a str>,
    /// The language of what is meant for people.
    pub lang: Option<&'a str>,
}

/// Bytes came in the clear after the last that may be said in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("data came between the agreement on TLS and the handshake: somebody may have put it there")]
pub struct Injected;

/// A stream as both of its ends handle it: the boxes, the reader, both directions' headers and ends, and restarts in between.
///
/// It knows nothing of what is negotiated. A machine reads by [`read`](Wire::read), writes by [`writer`](Wire::writer), and on a fault that the
/// reader finds says its stream error and [ends](Wire::end).
#[derive(Debug)]
pub struct Wire {
    inbox: Inbox,
    outbox: Outbox,
    reader: Reader,
    /// What our header declares.
    scope: Scope,
    framing: Framing,
    /// Whether our header is out, since the last restart.
    is_opened: bool,
    /// Whether our end is out.
    is_ended: bool,
    /// Whether the peer has ended its stream, or gone.
    is_left: bool,
    /// When the peer must have ended its stream, too.
    until: Option<Instant>,
    /// What had come when it was last asked, or a frame was read: keepalives, and bytes of an unfinished frame.
    heard: (u64, u32),
}

impl Wire {
    /// A stream that has not begun. `scope` is what our header declares: [`Scope::CLIENT`] and its like.
    pub fn new(framing: Framing, scope: Scope, limits: Limits, marks: Marks) -> Self {
        let reader = match framing {
            Framing::Tcp => Reader::new(limits),
            Framing::WebSocket => Reader::messages(limits),
        };
        Wire {
            inbox: Inbox::new(limits.inbox()),
            outbox: Outbox::with_marks(marks),
            reader,
            scope,
            framing,
            is_opened: false,
            is_ended: false,
            is_left: false,
            until: None,
            heard: (0, 0),
        }
    }

    /// For [`Machine::inbox`](wirestate_machine::Machine::inbox).
    pub fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    /// For [`Machine::outbox`](wirestate_machine::Machine::outbox).
    pub fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Whether nothing that the peer sent is waiting, and more may come yet.
    pub fn is_idle(&self) -> bool {
        self.inbox.is_idle()
    }

    /// How the stream is laid out.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// What the peer's header declared.
    pub fn peer_scope(&self) -> &Scope {
        self.reader.scope()
    }

    /// What stands around an element that we write: what our header declares, or over WebSocket nothing (RFC 7395 §3.3.3).
    pub fn scope(&self) -> &Scope {
        match self.framing {
            Framing::Tcp => &self.scope,
            Framing::WebSocket => &Scope::EMPTY,
        }
    }

    /// What a peer may make us hold from here on, as after a login.
    pub fn set_limits(&mut self, limits: Limits) {
        self.reader.set_limits(limits);
        self.inbox.set_limit(limits.inbox());
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        self.reader.limits()
    }

    /// Whether anything has come since a frame was read, or this was last asked, whitespace between stanzas counted.
    pub fn has_heard(&mut self) -> bool {
        let heard = (self.reader.keepalives(), self.inbox.len() as u32);
        core::mem::replace(&mut self.heard, heard) != heard
    }

    // --- reading ---

    /// The next frame, if it is all here. After the end nothing comes.
    ///
    /// # Errors
    ///
    /// The rule or limit that was broken: answer with the stream error that it is.
    pub fn read(&mut self) -> Result<Option<Incoming>, XmlError> {
        if self.is_left {
            return Ok(None);
        }
        let incoming = match self.reader.next(&mut self.inbox)? {
            Some(Frame::Header(header)) => Incoming::Header(header),
            Some(Frame::End) => Incoming::End(None),
            Some(Frame::Element(element)) if self.framing == Framing::WebSocket => of_message(element),
            Some(Frame::Element(element)) => Incoming::Element(element),
            None if self.inbox.is_closed() => Incoming::Gone,
            None => return Ok(None),
        };
        if matches!(incoming, Incoming::End(_) | Incoming::Gone) {
            self.is_left = true;
            self.inbox.clear();
            self.inbox.close();
        }
        // What is here already of the frames that follow is news, too, however it was cut.
        self.heard = (self.reader.keepalives(), 0);
        Ok(Some(incoming))
    }

    /// Whether there is nothing to be read at the moment, not even half of a frame.
    pub fn is_between(&self) -> bool {
        self.inbox.is_empty()
    }

    // --- writing ---

    /// Writes our header, where it is not out yet.
    pub fn open(&mut self, opening: &Opening<'_>) {
        if self.is_opened || self.is_ended {
            return;
        }
        self.is_opened = true;
        let Opening { from, to, id, version, lang } = *opening;
        let attributes = [("from", from), ("to", to), ("id", id), ("version", version)];
        // A value that XML cannot hold is left out by its writer.
        match self.framing {
            Framing::Tcp => {
                let mut writer = Writer::new(&mut self.outbox, &self.scope);
                let mut header = writer.stream();
                for (name, value) in attributes {
                    let _ = value.map(|value| header.attr(name, value).map(drop));
                }
                let _ = lang.map(|lang| header.lang(lang).map(drop));
            }
            Framing::WebSocket => {
                let mut writer = Writer::messages(&mut self.outbox);
                let Ok(mut open) = writer.element("open", ns::FRAMING) else { return };
                for (name, value) in attributes {
                    let _ = value.map(|value| open.attr(name, value).map(drop));
                }
                let _ = lang.map(|lang| open.lang(lang).map(drop));
            }
        }
    }

    /// Whether our header is out.
    pub fn is_opened(&self) -> bool {
        self.is_opened
    }

    /// Writes first-level elements, which come after our header and before our end.
    pub fn writer(&mut self) -> Writer<'_, Outbox> {
        match self.framing {
            Framing::Tcp => Writer::new(&mut self.outbox, &self.scope),
            Framing::WebSocket => Writer::messages(&mut self.outbox),
        }
    }

    /// Says an element that is written already, of streams of this content.
    pub fn say(&mut self, packet: &Packet, content: Content) {
        packet.say(&mut self.outbox, self.framing, content);
    }

    /// Whether to say this packet is to say its bytes, and nothing else.
    pub fn is_transparent(&self, packet: &Packet, content: Content) -> bool {
        packet.is_said_as_it_is(self.framing, content) && packet.as_bytes().len() < self.outbox.marks().high
    }

    /// Says a space, which means nothing but that we are here (RFC 6120 §4.6.1). Over WebSocket, whose own pings do that, nothing is said.
    pub fn keep_alive(&mut self) {
        if self.framing == Framing::Tcp && self.is_opened && !self.is_ended {
            self.outbox.put(b" ");
        }
    }

    // --- restarts ---

    /// Begins the stream anew in both directions, as after SASL (RFC 6120 §4.3.3).
    pub fn restart(&mut self) {
        self.reader.restart();
        self.is_opened = false;
    }

    /// Shuts the door until TLS is up. The last thing that was said must have been its agreement. Whitespace is let go: RFC 6120 §5.3.3 forbids it here,
    /// yet go-xmpp ends its lines, and it acts on nothing.
    ///
    /// # Errors
    ///
    /// [`Injected`]: something is here already, which must not act on anything.
    pub fn hold_for_tls(&mut self) -> Result<(), Injected> {
        if self.inbox.bytes().iter().any(|byte| !byte.is_ascii_whitespace()) {
            return Err(Injected);
        }
        self.inbox.clear();
        self.inbox.hold(true);
        Ok(())
    }

    /// Whether the door is shut until TLS is up, and all is ready for it: the last word in the clear is written.
    pub fn is_ready_for_upgrade(&self) -> bool {
        self.inbox.is_held() && self.inbox.is_empty() && self.outbox.is_empty()
    }

    /// What lies inside the upgrade begins: a new stream in both directions.
    pub fn upgraded(&mut self) {
        self.inbox.clear();
        self.inbox.hold(false);
        self.restart();
    }

    // --- the end ---

    /// Ends our direction of the stream, once (RFC 6120 §4.4). The peer has `patience` to end its own.
    pub fn end(&mut self, now: Instant, patience: Duration) {
        self.end_with(now, patience, None);
    }

    /// As [`end`](Wire::end), and over WebSocket with where to connect instead (RFC 7395 §3.6.1).
    pub fn end_elsewhere(&mut self, now: Instant, patience: Duration, uri: &OtherUri) {
        self.end_with(now, patience, Some(uri));
    }

    fn end_with(&mut self, now: Instant, patience: Duration, elsewhere: Option<&OtherUri>) {
        if core::mem::replace(&mut self.is_ended, true) {
            return;
        }
        self.until = Some(now + patience);
        if !self.is_opened {
            return;
        }
        match self.framing {
            Framing::Tcp => write_stream_end(&mut self.outbox),
            Framing::WebSocket => {
                let mut writer = Writer::messages(&mut self.outbox);
                // A name and a namespace of our own, and a value of ASCII.
                let Ok(mut close) = writer.element("close", ns::FRAMING) else { return };
                let _ = close.attr_if("see-other-uri", elsewhere.map(OtherUri::as_str)).map(drop);
            }
        }
    }

    /// Takes nothing more: what is here is dropped, and no more is let in.
    pub fn shut(&mut self) {
        self.is_left = true;
        self.inbox.clear();
        self.inbox.hold(false);
        self.inbox.close();
    }

    /// Whether our direction has ended.
    pub fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Whether the peer's direction has ended.
    pub fn is_left(&self) -> bool {
        self.is_left
    }

    /// When the peer must have ended its direction; there is such a time once ours has ended, and until the peer's has.
    pub fn until(&self) -> Option<Instant> {
        self.until.filter(|_| !self.is_left)
    }

    /// Whether the closing handshake is done, or the peer had time enough for it.
    pub fn is_over(&self, now: Instant) -> bool {
        self.is_ended && (self.is_left || self.until.is_none_or(|until| now >= until))
    }
}

/// What an element of a WebSocket message is to the stream.
fn of_message(element: Element) -> Incoming {
    match element.ns() {
        ns::FRAMING if element.name() == "open" => Incoming::Header(element),
        ns::FRAMING if element.name() == "close" => Incoming::End(OtherUri::of(element.view())),
        _ => Incoming::Element(element),
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    const NOW: Instant = Instant::START;
    const HEADER: &[u8] = b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams' to='im.example' version='1.0'>";

    fn wire(framing: Framing) -> Wire {
        Wire::new(framing, Scope::CLIENT, Limits::BEFORE_LOGIN, Marks::default())
    }

    fn said(wire: &mut Wire) -> String {
        String::from_utf8(wire.outbox().drain()).unwrap()
    }

    fn opening() -> Opening<'static> {
        Opening { from: Some("im.example"), id: Some("1"), version: Some("1.0"), lang: Some("en"), to: None }
    }

    #[test]
    fn a_stream_over_tcp() {
        let mut wire = wire(Framing::Tcp);
        assert_eq!(wire.read(), Ok(None));
        wire.inbox().push(HEADER);
        wire.inbox().push(b" <presence/></stream:stream>junk");
        let Ok(Some(Incoming::Header(header))) = wire.read() else { panic!() };
        assert_eq!(header.attr("to").as_deref(), Some("im.example"));
        wire.open(&opening());
        wire.open(&opening());
        assert_eq!(
            said(&mut wire),
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
             from='im.example' id='1' version='1.0' xml:lang='en'>"
        );
        assert!(matches!(wire.read(), Ok(Some(Incoming::Element(presence))) if presence.is("presence", ns::CLIENT)));
        assert_eq!(wire.read(), Ok(Some(Incoming::End(None))));
        assert_eq!((wire.read(), wire.is_between()), (Ok(None), true));
        assert!(!wire.is_over(NOW));
        wire.end(NOW, Duration::from_secs(5));
        wire.end(NOW, Duration::from_secs(5));
        assert_eq!(said(&mut wire), "</stream:stream>");
        assert!(wire.is_over(NOW));
    }

    #[test]
    fn a_stream_over_websocket() {
        let mut wire = wire(Framing::WebSocket);
        wire.inbox().push(b"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='im.example' version='1.0'/>\0");
        assert!(matches!(wire.read(), Ok(Some(Incoming::Header(open))) if open.attr("to").is_some()));
        wire.open(&opening());
        drop(wire.writer().element("presence", ns::CLIENT));
        wire.keep_alive();
        wire.end(NOW, Duration::ZERO);
        assert_eq!(
            said(&mut wire),
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='im.example' id='1' version='1.0' xml:lang='en'/>\0\
             <presence xmlns='jabber:client'/>\0<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>\0"
        );
        wire.inbox().push(b"<message xmlns='jabber:client'/>\0<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>\0");
        assert!(matches!(wire.read(), Ok(Some(Incoming::Element(message))) if message.is("message", ns::CLIENT)));
        assert_eq!(wire.read(), Ok(Some(Incoming::End(None))));
    }

    #[test]
    fn the_closing_handshake_does_not_wait_for_ever() {
        let mut wire = wire(Framing::Tcp);
        wire.open(&Opening::default());
        wire.end(NOW, Duration::from_secs(5));
        let later = NOW + Duration::from_secs(5);
        assert_eq!((wire.until(), wire.is_over(NOW), wire.is_over(later)), (Some(later), false, true));
        wire.inbox().close();
        assert_eq!(wire.read(), Ok(Some(Incoming::Gone)));
        assert!(wire.is_over(NOW));
    }

    #[test]
    fn what_comes_before_tls_is_noticed() {
        let mut wire = wire(Framing::Tcp);
        wire.inbox().push(HEADER);
        wire.read().unwrap();
        wire.inbox().push(b"<");
        assert_eq!(wire.hold_for_tls(), Err(Injected));
        wire.shut();
        let mut wire = super::tests::wire(Framing::Tcp);
        wire.inbox().push(b"\r\n ");
        assert_eq!(wire.hold_for_tls(), Ok(()), "go-xmpp ends its lines");
        assert_eq!((wire.inbox().room(), wire.is_ready_for_upgrade()), (0, true));
        wire.upgraded();
        wire.inbox().push(HEADER);
        assert!(matches!(wire.read(), Ok(Some(Incoming::Header(_)))));
    }

    #[test]
    fn whitespace_is_heard() {
        let mut wire = wire(Framing::Tcp);
        wire.inbox().push(HEADER);
        wire.read().unwrap();
        wire.has_heard();
        assert!(!wire.has_heard());
        wire.inbox().push(b" ");
        assert_eq!(wire.read(), Ok(None));
        assert!(wire.has_heard());
        wire.inbox().push(b"<mess");
        assert!(wire.has_heard());
        assert!(!wire.has_heard());
    }
}
