use alloc::boxed::Box;
use alloc::vec::Vec;

use wirestate_machine::plugin::Flow;
use wirestate_machine::{Outbox, TlsFacts};

use super::timer::PING_ID;
use super::{Event, FromRule, Keyword, Reason, Server, State, TABLE, Tls, Violation};
use crate::jid::JidRef;
use crate::payload::compression::{Compression, CompressionFailure};
use crate::payload::csi::ClientState;
use crate::payload::starttls::Starttls;
use crate::stanza::{Due, IqType, Stanza, StanzaCondition, StanzaError};
use crate::stream::{Content, Framing, Incoming, Packet, StreamCondition, StreamError};
use crate::xml::{Element, Limits, Stamp, Writer, XmlError};

/// What came of looking for the next frame.
pub(super) enum Read {
    /// There is none.
    Nothing,
    /// Something happened, of which there may be an event in the queue.
    Something,
    /// There is an event.
    Event(Event),
}

impl Server {
    /// Understands the next frame, if it is there.
    pub(super) fn read_frame(&mut self) -> Result<Read, Violation> {
        let incoming = match self.wire.read() {
            Ok(Some(incoming)) => incoming,
            Ok(None) => return Ok(Read::Nothing),
            Err(error) => return Err(self.violate(error.into())),
        };
        self.timer.hear(self.now, &self.config.limits);
        if let Some(login) = &mut self.login {
            login.elements = login.elements.saturating_add(1);
            if login.elements > self.config.limits.elements_before_binding {
                return Err(self.violate(Violation::TooManyElements));
            }
        }
        let (keyword, element) = match incoming {
            Incoming::Header(header) => (Keyword::Header, header),
            Incoming::Element(element) => (Keyword::of(element.view()), element),
            Incoming::End(_) => return Ok(self.take_end()),
            Incoming::Gone => {
                self.close(Reason::Gone);
                return Ok(Read::Something);
            }
        };
        if !TABLE.allows(self.state, keyword) {
            return self.refuse(keyword);
        }
        if keyword == Keyword::Stanza {
            return self.take_stanza(element).map_err(|violation| self.violate(violation));
        }
        let before = self.state;
        let taken = self.take(keyword, element);
        debug_assert!(taken.is_err() || TABLE.leads(before, keyword, self.state) || self.state == before);
        match taken {
            Ok(()) => Ok(Read::Something),
            Err(violation) => Err(self.violate(violation)),
        }
    }

    fn take(&mut self, keyword: Keyword, element: Element) -> Result<(), Violation> {
        match keyword {
            Keyword::Header => return self.take_header(&element),
            Keyword::Starttls => return self.take_starttls(),
            Keyword::Auth => self.take_auth(&element),
            Keyword::Response => self.take_response(&element),
            Keyword::Abort => self.take_abort(&element),
            Keyword::Authenticate => self.take_authenticate(&element),
            Keyword::IqAuth => {
                self.count_stanza();
                self.take_iq_auth(element);
            }
            Keyword::Compress => return self.take_compress(&element),
            Keyword::Bind if self.state != State::Closing => {
                self.count_stanza();
                self.take_bind(element);
            }
            Keyword::Session if self.state != State::Closing => {
                self.count_stanza();
                self.take_session(&element);
            }
            Keyword::Enable => self.take_enable(&element),
            Keyword::Resume => self.take_resume(&element),
            Keyword::Request => self.take_request(),
            Keyword::Answer => return self.take_answer(&element),
            Keyword::ClientState => self.take_client_state(&element),
            Keyword::Error => {
                let error =
                    StreamError::read(element.view()).unwrap_or(StreamError::new(StreamCondition::UndefinedCondition));
                self.end_stream();
                self.close(Reason::Error(Box::new(error)));
            }
            // Nothing can be answered any more, or is never allowed.
            _ => {}
        }
        Ok(())
    }

    /// What the table does not allow.
    #[cold]
    fn refuse(&mut self, keyword: Keyword) -> Result<Read, Violation> {
        match (self.state, keyword) {
            (State::Closing, _) => Ok(Read::Something),
            (State::Bound, _) => Err(self.violate(Violation::UnsupportedElement)),
            _ => Err(self.violate(Violation::NotAuthorized)),
        }
    }

    /// The client has ended its stream: so do we.
    fn take_end(&mut self) -> Read {
        self.give_up_resumption();
        self.end_stream();
        let reason = if self.state == State::Closing { Reason::Closed } else { Reason::Ended };
        self.close(reason);
        Read::Something
    }

    // --- upgrades ---

    /// `<starttls/>` (RFC 6120 §5.4.2).
    fn take_starttls(&mut self) -> Result<(), Violation> {
        let is_offered = matches!(self.config.tls, Tls::Starttls { .. }) && self.wire.framing() == Framing::Tcp;
        if !is_offered || self.encrypted {
            self.write(|writer| Starttls::Failure.write(writer));
            return Err(Violation::TlsNotOffered);
        }
        self.wire.hold_for_tls().map_err(|_| Violation::DataBeforeUpgrade)?;
        self.write(|writer| Starttls::Proceed.write(writer));
        self.state = State::Securing;
        Ok(())
    }

    /// TLS is up: what was said in the clear is forgotten.
    pub(super) fn secured(&mut self, facts: Box<TlsFacts>) {
        self.forget_login(&facts);
        self.encrypted = true;
        self.wire.upgraded();
        self.state = State::Opening;
        self.queue(Event::Secured(facts));
    }

    /// `<compress/>` (XEP-0138 §3).
    fn take_compress(&mut self, element: &Element) -> Result<(), Violation> {
        let is_offered = self.config.compression && !self.compressed && self.wire.framing() == Framing::Tcp;
        let failure = match Compression::read(element.view()) {
            _ if !is_offered => CompressionFailure::SetupFailed,
            Some(Compression::Compress { method }) if method == "zlib" => {
                self.wire.hold_for_tls().map_err(|_| Violation::DataBeforeUpgrade)?;
                self.write(|writer| Compression::Compressed.write(writer));
                self.state = State::Compressing;
                return Ok(());
            }
            _ => CompressionFailure::UnsupportedMethod,
        };
        self.write(|writer| Compression::Failure(failure).write(writer));
        Ok(())
    }

    pub(super) fn deflated(&mut self) {
        self.compressed = true;
        self.wire.upgraded();
        self.state = State::Reopening;
        self.queue(Event::Compressed);
    }

    // --- stanzas ---

    /// Counts a stanza that has come, where the stream is managed.
    fn count_stanza(&mut self) {
        if let Some(managed) = &mut self.managed {
            managed.stream.received();
        }
    }

    /// A stanza (RFC 6120 §8, §10.3): what is wrong with its head is answered here.
    fn take_stanza(&mut self, element: Element) -> Result<Read, Violation> {
        self.count_stanza();
        let element = self.check_from(element)?;
        let stanza = match Stanza::read(element, Content::Client.ns(), self.config.rules) {
            Ok(stanza) => stanza,
            Err(refused) => {
                match refused.due() {
                    Due::Stream(StreamCondition::InvalidFrom) => return Err(Violation::InvalidFrom),
                    Due::Stream(_) => return Err(Violation::UnsupportedElement),
                    Due::Stanza(error) if self.state != State::Closing => self.refuse_stanza(&refused.element, &error),
                    Due::Stanza(_) | Due::Nothing => {}
                }
                return Ok(Read::Something);
            }
        };
        if self.is_ping_answer(&stanza) {
            return Ok(Read::Something);
        }
        if self.plugins.is_some() {
            return self.show(stanza);
        }
        Ok(Read::Event(Event::Stanza(stanza)))
    }

    /// Shows a stanza to the plugins, and to the application if they let it pass.
    #[cold]
    fn show(&mut self, mut stanza: Stanza) -> Result<Read, Violation> {
        let flow = self.plugins.as_mut().map_or(Flow::Pass, |plugins| plugins.incoming(&mut stanza));
        if let Flow::Answer(packet) = flow {
            if !self.wire.is_ended() {
                self.say(&packet);
            }
            return Ok(Read::Something);
        }
        // What a plugin has made of it must be lawful, too.
        let element = self.check_from(stanza.element().clone())?;
        match Stanza::read(element, Content::Client.ns(), self.config.rules) {
            Ok(stanza) => Ok(Read::Event(Event::Stanza(stanza))),
            Err(_) => Err(Violation::UnsupportedElement),
        }
    }

    /// A client speaks for itself: as its account, or as its resource (RFC 6120 §8.1.2.1).
    fn check_from(&self, element: Element) -> Result<Element, Violation> {
        let Some(from) = element.attr("from") else { return Ok(element) };
        let is_own = match (JidRef::parse_by(self.config.rules, &from), &self.jid) {
            (Ok(from), Some(jid)) => from.as_ref() == jid.as_ref() || from.as_ref() == jid.bare(),
            _ => false,
        };
        if is_own {
            return Ok(element);
        }
        if self.config.from == FromRule::Check {
            return Err(Violation::InvalidFrom);
        }
        let scope = self.wire.peer_scope();
        let limits = Limits { bytes: usize::MAX, ..self.config.limits.after_login };
        Ok(Stamp::new(element.view()).without_from().to_element(scope, &limits)?)
    }

    /// Whether it is the answer to our question whether the client is there.
    fn is_ping_answer(&self, stanza: &Stanza) -> bool {
        match stanza {
            Stanza::Iq(iq) => {
                matches!(iq.kind(), IqType::Result | IqType::Error)
                    && iq.id().as_deref() == Some(PING_ID)
                    && iq.to().is_none_or(|to| to.as_str() == self.host_name())
            }
            _ => false,
        }
    }

    /// `<active/>`, `<inactive/>` (XEP-0352).
    fn take_client_state(&mut self, element: &Element) {
        let Some(state) = ClientState::of(element.view()).filter(|_| self.config.client_state) else { return };
        let inactive = state == ClientState::Inactive;
        if inactive != self.inactive {
            self.inactive = inactive;
            self.release_held();
            self.queue(Event::ClientState(state));
        }
    }

    // --- writing ---

    /// Writes what is no stanza.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut Writer<'_, Outbox>) -> Result<(), XmlError>) {
        if !self.wire.is_opened() || self.wire.is_ended() {
            return;
        }
        let written = write(&mut self.wire.writer());
        debug_assert!(written.is_ok(), "{written:?}");
    }

    /// Says what was written as a packet, and keeps it where the stream is managed.
    pub(super) fn say_built(&mut self, packet: Result<Packet, XmlError>) {
        debug_assert!(packet.is_ok(), "{packet:?}");
        if let Ok(packet) = packet
            && self.wire.is_opened()
            && !self.wire.is_ended()
        {
            self.say(&packet);
        }
    }
}

/// For an application that answers stanzas itself.
impl Server {
    /// Answers a stanza of the client by an error, from whom it was to; nothing is said to what must not be answered.
    pub fn refuse_with(&mut self, stanza: &Stanza, why: impl Into<StanzaError>) {
        if self.state == State::Bound {
            self.refuse_stanza(stanza.element(), &why.into());
        }
    }

    /// Answers a stanza by `service-unavailable`: what a server does with requests that it does not know (RFC 6120 §8.4).
    pub fn refuse_unknown(&mut self, stanza: &Stanza) {
        self.refuse_with(stanza, StanzaCondition::ServiceUnavailable);
    }

    /// Packets that wait until somebody looks at the client, oldest first.
    pub fn held(&self) -> &[Packet] {
        self.held.as_deref().map_or(&[], Vec::as_slice)
    }
}
