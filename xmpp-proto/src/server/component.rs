//! The accepting side of XEP-0114: a session of an external component.
//!
//! The component names its domain in the stream header, proves that it knows the secret, and then speaks for all addresses of the domain.
//!
//! ```
//! use std::sync::Arc;
//! use wirestate_machine::{Instant, Machine};
//! use wirestate_sasl::Secret;
//! use xmpp_proto::payload::component::digest;
//! use xmpp_proto::server::component::{Component, Config, Event};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut server = Component::new(Arc::new(Config::default()), [7; 32], Instant::START);
//! server.inbox().push(b"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='chat.example'>");
//! assert!(server.poll(Instant::START)?.is_none());
//! let header = String::from_utf8(server.outbox().drain())?;
//! let id = header.split("id='").nth(1).and_then(|rest| rest.split('\'').next()).ok_or("the server names the stream")?;
//! let secret = Secret::new("hamlet");
//! server.inbox().push(format!("<handshake>{}</handshake>", digest(id, &secret)).as_bytes());
//! let Some(Event::Handshake { ticket, domain }) = server.poll(Instant::START)? else { panic!("it asks for the secret") };
//! assert_eq!(domain.as_str(), "chat.example");
//! server.admit(ticket, &secret)?;
//! assert_eq!(server.outbox().drain(), b"<handshake/>");
//! # Ok(())
//! # }
//! ```
//!
//! # States
//!
//! | | Opening | Authenticating | Connected | Closing | Closed |
//! |---|---|---|---|---|---|
//! | (header) | Authenticating, Closed |  |  |  |  |
//! | handshake |  | Connected, Closed |  |  |  |
//! | (stanza) |  |  | Connected, Closed | Closing |  |
//! | stream:error | Closed | Closed | Closed | Closed |  |
//! | (end) | Closed | Closed | Closed | Closed |  |
//! | (other) |  |  |  |  |  |
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Opening
//!     Opening --> Authenticating: (header)
//!     Opening --> Closed: (header), stream:error, (end)
//!     Authenticating --> Connected: handshake
//!     Authenticating --> Closed: handshake, stream:error, (end)
//!     Connected --> Connected: (stanza)
//!     Connected --> Closed: (stanza), stream:error, (end)
//!     Closing --> Closing: (stanza)
//!     Closing --> Closed: stream:error, (end)
//! ```

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;

use wirestate_machine::table::{Move, Named, Row, Table};
use wirestate_machine::{Ending, Inbox, Instant, Machine, Misuse, Outbox, Relay, Ticket, Upgrade, Upgraded};
use wirestate_sasl::Secret;

use super::base::{Base, Step};
use super::{Limits, Reason, Violation};
use crate::jid::{Jid, Rules};
use crate::payload::component;
use crate::stanza::{Due, Stanza, StanzaError, write_error};
use crate::stream::{Content, Header, Incoming, Opening, Packet, StreamCondition, StreamError};
use crate::xml::{self, Element};

/// What all sessions of a listener for components have in common.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The language of what is meant for people.
    pub lang: String,
    /// By which rules addresses are prepared.
    pub rules: Rules,
    /// Bounds on memory, time and patience. A stanza may have 512 KiB.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        let limits = Limits { after_login: xml::Limits::PEER, ..Limits::default() };
        Config { lang: "en".into(), rules: Rules::default(), limits }
    }
}

/// Where a component's session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No stream header has come yet.
    Opening,
    /// The component has not proved that it knows the secret.
    Authenticating,
    /// Stanzas go both ways.
    Connected,
    /// Our direction of the stream has ended; the component's has not yet.
    Closing,
    /// The session is over.
    Closed,
}

/// What a frame of a component's stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// A stream header.
    Header,
    /// `<handshake/>`.
    Handshake,
    /// A message, a presence or an IQ.
    Stanza,
    /// A stream error of the component's.
    Error,
    /// The end of the component's stream.
    End,
    /// Anything else.
    Other,
}

impl Named for State {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        ["Opening", "Authenticating", "Connected", "Closing", "Closed"][self as usize]
    }
}

impl Named for Keyword {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        ["(header)", "handshake", "(stanza)", "stream:error", "(end)", "(other)"][self as usize]
    }
}

const ENDS: &[Move<State>] = &[
    Move { from: State::Opening, to: &[State::Closed] },
    Move { from: State::Authenticating, to: &[State::Closed] },
    Move { from: State::Connected, to: &[State::Closed] },
    Move { from: State::Closing, to: &[State::Closed] },
];

/// What is allowed in which state: the law that the server consults.
pub const TABLE: Table<State, Keyword> = Table {
    states: &[State::Opening, State::Authenticating, State::Connected, State::Closing, State::Closed],
    rows: &[
        Row {
            on: Keyword::Header,
            moves: &[Move { from: State::Opening, to: &[State::Authenticating, State::Closed] }],
        },
        Row {
            on: Keyword::Handshake,
            moves: &[Move { from: State::Authenticating, to: &[State::Connected, State::Closed] }],
        },
        Row {
            on: Keyword::Stanza,
            moves: &[
                Move { from: State::Connected, to: &[State::Connected, State::Closed] },
                Move { from: State::Closing, to: &[State::Closing] },
            ],
        },
        Row { on: Keyword::Error, moves: ENDS },
        Row { on: Keyword::End, moves: ENDS },
        Row { on: Keyword::Other, moves: &[] },
    ],
};

/// A mark of what a ticket asks for: a component's secret.
#[derive(Debug)]
pub enum Handshake {}

/// What a session tells the application.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A component wishes to speak for a domain: answer with [`Component::admit`] or refuse.
    Handshake {
        /// Comes back with the answer.
        ticket: Ticket<Handshake>,
        /// The domain.
        domain: Jid,
    },
    /// A stanza: it is from an address of the component's domain, and to somebody.
    Stanza(Stanza),
    /// The session is over. Nothing follows.
    Closed(Reason),
}

impl From<Reason> for Event {
    fn from(reason: Reason) -> Self {
        Event::Closed(reason)
    }
}

/// A component's session. See the [module's guide](self).
#[derive(Debug)]
pub struct Component {
    config: Arc<Config>,
    base: Base<Event>,
    state: State,
    domain: Option<Jid>,
    proof: Box<str>,
}

impl Component {
    /// A session that begins at `now`. `seed` must be 32 octets that nobody can guess and that no other session has: from it comes the name of the
    /// stream.
    pub fn new(config: Arc<Config>, seed: [u8; 32], now: Instant) -> Self {
        let base = Base::new(Content::Component, seed, &config.limits, now);
        Component { config, base, state: State::Opening, domain: None, proof: Box::default() }
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        match self.base.is_over() {
            true => State::Closed,
            false => self.state,
        }
    }

    /// The domain that the component has named.
    pub fn domain(&self) -> Option<&Jid> {
        self.domain.as_ref()
    }

    /// Answers [`Event::Handshake`] with the secret of that domain's component. One that does not know it is told `not-authorized`, and the session
    /// ends.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn admit(&mut self, ticket: Ticket<Handshake>, secret: &Secret) -> Result<(), Misuse> {
        self.base.redeem(ticket)?;
        let limits = &self.config.limits;
        if !component::fits(&self.proof, &self.base.stream_id, secret) {
            let error = StreamError::new(StreamCondition::NotAuthorized);
            self.base.close_with(&error, Reason::Refused, limits);
            return Ok(());
        }
        self.base.trust(limits);
        self.state = State::Connected;
        self.base.write(|writer| component::write(writer, None));
        Ok(())
    }

    /// Answers [`Event::Handshake`]: there is no such component (`host-unknown`), or it is connected already (`conflict`).
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn refuse(&mut self, ticket: Ticket<Handshake>, why: StreamCondition) -> Result<(), Misuse> {
        self.base.redeem(ticket)?;
        self.base.close_with(&StreamError::new(why), Reason::Refused, &self.config.limits);
        Ok(())
    }

    /// Ends the stream in good order: what the component has sent until it hears of it still comes.
    pub fn end(&mut self) {
        if self.state() == State::Connected {
            self.base.end(&self.config.limits);
            self.state = State::Closing;
        } else {
            self.base.end(&self.config.limits);
            self.base.close(Reason::Closed);
        }
    }

    /// Ends the stream with an error. Once the session is over, nothing happens.
    pub fn close_with(&mut self, error: &StreamError) {
        self.base.close_with(error, Reason::Closed, &self.config.limits);
    }

    fn take(&mut self, frame: Incoming) -> Result<Option<Event>, Violation> {
        let (keyword, element) = match frame {
            Incoming::Header(header) => (Keyword::Header, header),
            Incoming::Element(element) => (keyword_of(&element), element),
            _ => return Ok(None),
        };
        if !TABLE.allows(self.state, keyword) {
            return match self.state {
                State::Closing => Ok(None),
                State::Connected => Err(Violation::UnsupportedElement),
                _ => Err(Violation::NotAuthorized),
            };
        }
        match keyword {
            Keyword::Header => self.take_header(&element).map(|()| None),
            Keyword::Handshake => Ok(self.take_handshake(&element)),
            Keyword::Stanza => self.take_stanza(element),
            _ => {
                self.base.take_error(&element, &self.config.limits);
                Ok(None)
            }
        }
    }

    fn take_header(&mut self, element: &Element) -> Result<(), Violation> {
        let header = Header::read(element, self.config.rules)?;
        Header::check_scope(self.base.wire.peer_scope(), Content::Component.ns())?;
        let domain = header.to.ok_or(Violation::NoHost)?;
        if domain.local().is_some() || domain.is_full() {
            return Err(Violation::HostUnknown);
        }
        self.base.open(&Opening { from: Some(domain.as_str()), lang: Some(&self.config.lang), ..Opening::default() });
        self.domain = Some(domain);
        self.state = State::Authenticating;
        Ok(())
    }

    fn take_handshake(&mut self, element: &Element) -> Option<Event> {
        let domain = self.domain.clone()?;
        self.proof = component::read(element.view(), Content::Component.ns()).unwrap_or_default().into();
        Some(Event::Handshake { ticket: self.base.issue(), domain })
    }

    /// A component speaks for its domain, and must say for whom and to whom (XEP-0114 §3).
    fn take_stanza(&mut self, element: Element) -> Result<Option<Event>, Violation> {
        let stanza = match Stanza::read(element, Content::Component.ns(), self.config.rules) {
            Ok(stanza) => stanza,
            Err(refused) => {
                return match refused.due() {
                    Due::Stream(StreamCondition::InvalidFrom) => Err(Violation::InvalidFrom),
                    Due::Stream(_) => Err(Violation::UnsupportedElement),
                    Due::Stanza(error) => {
                        self.refuse_element(&refused.element, &error);
                        Ok(None)
                    }
                    Due::Nothing => Ok(None),
                };
            }
        };
        let is_ours = match (stanza.from(), &self.domain) {
            (Some(from), Some(domain)) => from.as_ref().domain() == domain.as_str(),
            _ => false,
        };
        if !is_ours {
            return Err(Violation::InvalidFrom);
        }
        if stanza.to().is_none() {
            return Err(Violation::NoHost);
        }
        let is_ping_answer = stanza.element().name() == "iq" && stanza.id().as_deref() == Some(super::timer::PING_ID);
        Ok((!is_ping_answer).then_some(Event::Stanza(stanza)))
    }

    fn refuse_element(&mut self, stanza: &Element, error: &StanzaError) {
        self.base.write(|writer| write_error(stanza.view(), error, writer).map(drop));
    }
}

fn keyword_of(element: &Element) -> Keyword {
    match (element.ns(), element.name()) {
        (ns, "handshake") if ns == Content::Component.ns() => Keyword::Handshake,
        (ns, "message" | "presence" | "iq") if ns == Content::Component.ns() => Keyword::Stanza,
        (crate::ns::STREAM, "error") => Keyword::Error,
        _ => Keyword::Other,
    }
}

impl Machine for Component {
    type Event = Event;
    type Error = Violation;

    fn inbox(&mut self) -> &mut Inbox {
        self.base.wire.inbox()
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.base.wire.outbox()
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Event>, Violation> {
        let config = self.config.clone();
        loop {
            match self.base.next(now, &config.limits)? {
                Step::Idle => return Ok(None),
                Step::Event(event) => return Ok(Some(event)),
                Step::Delayed => {}
                Step::Silent => {
                    let domain = self.domain.as_ref().map(ToString::to_string).unwrap_or_default();
                    // The server has no name here but the component's own (XEP-0114).
                    self.base.ping(&domain, Some(domain.clone()), &config.limits);
                }
                Step::Frame(frame) => match self.take(frame) {
                    Ok(Some(event)) => return Ok(Some(event)),
                    Ok(None) => {}
                    Err(violation) => return Err(self.base.violate(violation, &config.limits)),
                },
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.base.deadline(&self.config.limits)
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        None
    }

    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}

    fn is_closed(&self) -> bool {
        self.base.is_closed()
    }

    fn shutdown(&mut self) {
        self.base.is_stopping = true;
    }

    fn ending(&self) -> Option<Ending> {
        self.base.ending()
    }
}

impl Relay for Component {
    type Message = Packet;

    /// Says a packet to a component that is connected.
    fn relay(&mut self, packet: &Packet) {
        if self.state() == State::Connected {
            self.base.say(packet, &self.config.limits);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_shows_this_table() {
        assert!(TABLE.is_in_order());
        let page =
            include_str!("component.rs").lines().map(|line| line.trim_start_matches("//! ").trim_start_matches("//!"));
        let page: String = page.flat_map(|line| [line, "\n"]).collect();
        assert!(page.contains(&TABLE.to_markdown()), "put this table into component.rs:\n{}", TABLE.to_markdown());
        assert!(page.contains(&TABLE.to_mermaid()), "put this diagram into component.rs:\n{}", TABLE.to_mermaid());
    }
}
