use alloc::boxed::Box;

use wirestate_machine::plugin::Flow;

use super::account::Dialect;
use super::event::{Event, LoginError, Oddity, Reason};
use super::violation::Violation;
use super::{Awaits, Client, On, Outbound, State, TABLE};
use crate::jid::Rules;
use crate::ns;
use crate::stanza::{Iq, IqType, Stanza};
use crate::stream::{Features, Framing, Header, Incoming, StreamError, Version};
use crate::xml::Element;

impl Client {
    /// Understands the next frame; whether there was one.
    pub(super) fn read(&mut self) -> Result<bool, Violation> {
        let Some(incoming) = self.wire.read()? else { return Ok(false) };
        match incoming {
            Incoming::Header(header) => {
                self.on_sign_of_life();
                self.on_header(&header)?;
            }
            Incoming::Element(element) => {
                self.on_sign_of_life();
                self.on_element(element)?;
            }
            Incoming::End(elsewhere) => {
                self.events.extend(elsewhere.map(Event::SeeOtherUri));
                self.events.push_back(Event::StreamEnded);
                self.take_leave(Reason::PeerClosed);
                self.at_end(Reason::PeerClosed);
            }
            Incoming::Gone => self.at_end(Reason::Eof),
        }
        Ok(true)
    }

    /// Whether the law allows the server to say this now.
    pub(super) fn allow_server(&self, on: On, name: &'static str) -> Result<(), Violation> {
        if TABLE.allows(self.state, on) { Ok(()) } else { Err(Violation::Unexpected(name)) }
    }

    fn on_header(&mut self, element: &Element) -> Result<(), Violation> {
        self.allow_server(On::Header, "stream:stream")?;
        let header = Header::read(element, Rules::default())?;
        if self.wire.framing() != Framing::WebSocket {
            Header::check_scope(self.wire.peer_scope(), self.ns())?;
        }
        if self.state == State::Leaving {
            return Ok(());
        }
        self.sid = header.id.as_deref().map(Box::from);
        let version = header.version;
        self.events.push_back(Event::StreamStarted(header.into()));
        match self.account.dialect {
            Dialect::Xmpp | Dialect::Router(_) if version.is_none_or(|version| version < Version::ONE) => {
                Err(Violation::Version)
            }
            // A server of old has no features and knows nothing but dialback.
            Dialect::Server if version.is_none_or(|version| version < Version::ONE) => self.begin_without_features(),
            Dialect::Xmpp | Dialect::Router(_) | Dialect::Server => Ok(()),
            Dialect::Legacy(_) | Dialect::Component => self.begin_without_features(),
        }
    }

    fn on_element(&mut self, element: Element) -> Result<(), Violation> {
        let view = element.view();
        if let Some(error) = StreamError::read(view) {
            self.allow_server(On::Error, "stream:error")?;
            self.on_stream_error(error);
            return Ok(());
        }
        match element.ns() {
            ns::STREAM if element.name() == "features" => {
                self.allow_server(On::Features, "stream:features")?;
                match Features::read(view) {
                    Some(features) => self.on_features(features),
                    None => Ok(()),
                }
            }
            ns::TLS => self.on_tls(view),
            ns::SASL => self.on_sasl(view),
            ns::SASL2 => self.on_sasl2(view),
            ns::SM => self.on_management(view),
            ns::COMPRESS => self.on_compression(view),
            ns::DIALBACK => self.on_dialback(view),
            ns::JABBERD_ROUTER if ns::JABBERD_ROUTER == self.ns() => self.on_router_element(&element),
            ns if ns == self.ns() => self.on_content(element),
            _ => Err(Violation::Unexpected("of another namespace")),
        }
    }

    fn on_stream_error(&mut self, error: StreamError) {
        if self.state == State::Authenticating {
            // What a component's server says to a wrong digest.
            let condition = error.condition().as_str().into();
            let text = error.words().unwrap_or_default().into();
            self.events.push_back(Event::AuthenticationFailed(LoginError::Refused { condition, text }.into()));
        }
        self.events.push_back(Event::StreamError(error.clone().into()));
        match self.state {
            State::Leaving => self.parting.leave = Some(Box::new(Reason::Error(error.into()))),
            _ => self.take_leave(Reason::Error(error.into())),
        }
    }

    /// What is in the namespace of stanzas.
    fn on_content(&mut self, element: Element) -> Result<(), Violation> {
        match &self.negotiation.awaits {
            Awaits::Handshake => return self.on_handshake(&element),
            Awaits::Fields(id) | Awaits::LegacyLogin(id, _) if is_answer(&element, id) => {
                return self.on_legacy_answer(&element);
            }
            Awaits::Bind(id) if is_answer(&element, id) => return self.on_bound(&element),
            Awaits::Session(id) if is_answer(&element, id) => {
                self.on_session(&element);
                return Ok(());
            }
            _ => {}
        }
        self.allow_server(On::Stanza, "stanza")?;
        if matches!(element.name(), "message" | "presence" | "iq") {
            self.managed.received();
        }
        if self.account.dialect == Dialect::Server && !self.is_bidi {
            self.events.push_back(Event::Odd(Oddity::WrongWay.into()));
            return Ok(());
        }
        if let Some(request) = self.requests.answered_by(element.view(), self.me.as_ref()) {
            if self.own_ping == Some(request) {
                self.own_ping = None;
            } else {
                self.events.push_back(Event::Response(request, element));
            }
            return Ok(());
        }
        match Stanza::read(element, self.ns(), Rules::default()) {
            Ok(Stanza::Iq(iq)) if self.is_ping(&iq) => self.answer_ping(&iq),
            Ok(stanza) => self.tell(stanza),
            Err(refused) => self.events.push_back(Event::Odd(Oddity::Stanza(refused).into())),
        }
        Ok(())
    }

    fn tell(&mut self, mut stanza: Stanza) {
        if let Some(plugins) = &mut self.plugins
            && let Flow::Answer(Outbound(answer)) = plugins.incoming(&mut stanza)
        {
            if let Some(answer) = answer {
                self.send_own(answer);
            }
            return;
        }
        for found in self.filters.find(stanza.element()) {
            self.events.push_back(Event::Filtered {
                tag: found.tag,
                filter: found.id,
                nodes: found.nodes,
                stanza: stanza.element().clone(),
            });
        }
        self.events.push_back(Event::Stanza(stanza));
    }

    fn is_ping(&self, iq: &Iq) -> bool {
        self.config.answers_pings
            && self.state == State::Ready
            && iq.kind() == IqType::Get
            && iq.payload().is_some_and(|payload| payload.is("ping", ns::PING))
    }

    fn answer_ping(&mut self, iq: &Iq) {
        if let Ok(pong) = iq.result().finish() {
            self.send_own(pong);
        }
    }
}

/// Whether it is the answer to a question of our own in the negotiation, in which nobody but the server can speak.
fn is_answer(element: &Element, id: &str) -> bool {
    element.name() == "iq"
        && element.attr("id").as_deref() == Some(id)
        && matches!(element.attr("type").as_deref(), Some("result" | "error"))
}
