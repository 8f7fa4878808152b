//! The accepting side of a stream between servers: a session that another server has opened (RFC 6120, XEP-0220, XEP-0288).
//!
//! The other server proves that it may speak for a domain by its certificate (SASL EXTERNAL), or by dialback: then whoever has to be asked is asked by
//! the application, over a stream of its own, and [`Peer::answer_result`] tells what came of it. One stream may carry the stanzas of many pairs of domains;
//! of a pair that is not proved nothing is taken. With `bidi` stanzas may be [relayed](Relay::relay) back over it.
//!
//! # States
//!
//! | | Opening | Securing | Negotiating | Reopening | Established | Closing | Closed |
//! |---|---|---|---|---|---|---|---|
//! | (header) | Negotiating, Closed |  |  | Established, Closed |  |  |  |
//! | starttls |  |  | Securing, Closed |  |  |  |  |
//! | auth |  |  | Reopening, Negotiating, Closed |  |  |  |  |
//! | bidi |  |  | Negotiating |  |  |  |  |
//! | db:result |  |  | Negotiating, Established, Closed |  | Established, Closed |  |  |
//! | db:verify |  |  | Negotiating, Established, Closed |  | Established, Closed |  |  |
//! | (stanza) |  |  |  |  | Established, Closed | Closing, Closed |  |
//! | stream:error | Closed |  | Closed | Closed | Closed | Closed |  |
//! | (end) | Closed |  | Closed | Closed | Closed | Closed |  |
//! | (other) |  |  |  |  |  |  |  |
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Opening
//!     Opening --> Negotiating: (header)
//!     Opening --> Closed: (header), stream:error, (end)
//!     Negotiating --> Securing: starttls
//!     Negotiating --> Negotiating: auth, bidi, db:result, db:verify
//!     Negotiating --> Reopening: auth
//!     Negotiating --> Established: db:result, db:verify
//!     Negotiating --> Closed: starttls, auth, db:result, db:verify, stream:error, (end)
//!     Reopening --> Established: (header)
//!     Reopening --> Closed: (header), stream:error, (end)
//!     Established --> Established: db:result, db:verify, (stanza)
//!     Established --> Closed: db:result, db:verify, (stanza), stream:error, (end)
//!     Closing --> Closing: (stanza)
//!     Closing --> Closed: (stanza), stream:error, (end)
//! ```

mod config;
mod dialback;
mod event;
mod state;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use wirestate_machine::{
    ClientCertificate, Ending, Inbox, Instant, Machine, Misuse, Outbox, Relay, Ticket, Upgrade, Upgraded,
};

use super::base::{Base, Step};
use super::{Opened, Reason, Tls, Violation};
pub use config::Config;
pub use event::{Event, External, Key, Verdict};
pub use state::{Keyword, State, TABLE};

use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::payload::sasl::{Sasl, SaslCondition};
use crate::stanza::{Due, Stanza, write_error};
use crate::stream::{
    self, Content, Features, Header, Incoming, Opening, Packet, StreamCondition, StreamError, StreamLimits,
};
use crate::xml::Element;

/// A session that another server has opened. See the [module's guide](self).
#[derive(Debug)]
pub struct Peer {
    config: Arc<Config>,
    base: Base<Event>,
    state: State,
    is_encrypted: bool,
    is_bidi: bool,
    certificate: Option<Box<ClientCertificate>>,
    /// Whom the header says it is, unproved.
    from: Option<Jid>,
    /// Which domain of ours it is for.
    to: Option<Jid>,
    /// What EXTERNAL is to prove, while the application is asked.
    claimed: Option<Jid>,
    /// What is proved: their domains and ours.
    pairs: Vec<(Jid, Jid)>,
    /// Keys that wait for their verdict.
    pending: Vec<(Jid, Jid)>,
    failures: u8,
}

impl Peer {
    /// A session that begins at `now`. `seed` must be 32 octets that nobody can guess and that no other session has: from it come the names of the
    /// stream.
    pub fn new(config: Arc<Config>, seed: [u8; 32], now: Instant) -> Self {
        let mut base = Base::new(Content::Server, seed, &config.limits, now);
        let is_implicit = config.tls == Tls::Implicit;
        // Nothing may be read before the handshake.
        base.wire.inbox().hold(is_implicit);
        base.is_held = is_implicit;
        Peer {
            base,
            state: if is_implicit { State::Securing } else { State::Opening },
            is_encrypted: config.tls == Tls::Outside,
            is_bidi: false,
            certificate: None,
            from: None,
            to: None,
            claimed: None,
            pairs: Vec::new(),
            pending: Vec::new(),
            failures: 0,
            config,
        }
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        if self.base.is_over() { State::Closed } else { self.state }
    }

    /// Whether the channel is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Whether stanzas may go back over this stream (XEP-0288).
    pub fn is_bidi(&self) -> bool {
        self.is_bidi
    }

    /// The pairs of domains that are proved: theirs, and ours.
    pub fn pairs(&self) -> impl Iterator<Item = (&Jid, &Jid)> {
        self.pairs.iter().map(|(theirs, ours)| (theirs, ours))
    }

    // --- what the application says ---

    /// Answers [`Event::External`]: the certificate proves the domain.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn accept(&mut self, ticket: Ticket<External>) -> Result<(), Misuse> {
        self.base.redeem(ticket)?;
        if let (Some(theirs), Some(ours)) = (self.claimed.take(), self.to.clone()) {
            self.prove(theirs, ours);
        }
        self.base.write(|writer| Sasl::Success(None).write(writer));
        self.base.wire.restart();
        self.state = State::Reopening;
        Ok(())
    }

    /// Answers [`Event::External`]: the certificate does not prove the domain. The other server may try dialback.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn refuse(&mut self, ticket: Ticket<External>) -> Result<(), Misuse> {
        self.base.redeem(ticket)?;
        self.claimed = None;
        if let Err(violation) = self.fail(SaslCondition::NotAuthorized) {
            self.base.violate(violation, &self.config.limits);
        }
        Ok(())
    }

    /// Ends the stream in good order: what the other server has sent until it hears of it still comes.
    pub fn end(&mut self) {
        let is_established = self.state() == State::Established;
        self.base.end(&self.config.limits);
        if is_established {
            self.state = State::Closing;
        } else {
            self.base.close(Reason::Closed);
        }
    }

    /// Ends the stream with an error. Once the session is over, nothing happens.
    pub fn close_with(&mut self, error: &StreamError) {
        self.base.close_with(error, Reason::Closed, &self.config.limits);
    }

    // --- what the other server says ---

    fn take(&mut self, frame: Incoming) -> Result<Option<Event>, Violation> {
        let (keyword, element) = match frame {
            Incoming::Header(header) => (Keyword::Header, header),
            Incoming::Element(element) => (keyword_of(&element), element),
            _ => return Ok(None),
        };
        let is_tls_due = self.config.tls == Tls::Starttls { required: true } && !self.is_encrypted;
        let is_early = is_tls_due && !matches!(keyword, Keyword::Header | Keyword::Starttls | Keyword::Error);
        if is_early || !TABLE.allows(self.state, keyword) {
            return match self.state {
                State::Closing => Ok(None),
                State::Established => Err(Violation::UnsupportedElement),
                _ => Err(Violation::NotAuthorized),
            };
        }
        match keyword {
            Keyword::Header => self.take_header(&element),
            Keyword::Starttls => self.take_starttls().map(|()| None),
            Keyword::Auth => self.take_auth(&element),
            Keyword::Bidi => {
                self.is_bidi |= self.config.bidi;
                Ok(None)
            }
            Keyword::Result | Keyword::Verify => self.take_dialback(&element),
            Keyword::Stanza => self.take_stanza(element),
            _ => {
                self.base.take_error(&element, &self.config.limits);
                Ok(None)
            }
        }
    }

    fn take_header(&mut self, element: &Element) -> Result<Option<Event>, Violation> {
        let header = Header::read(element, self.config.rules)?;
        Header::check_scope(self.base.wire.peer_scope(), Content::Server.ns())?;
        let to = header.to.ok_or(Violation::NoHost)?;
        let is_other = self.state == State::Reopening && self.to.as_ref() != Some(&to);
        if !self.config.serves(to.as_str()) || is_other {
            return Err(Violation::HostUnknown);
        }
        // Servers of before 1.0 know dialback, and no features.
        let is_old = header.version.is_none_or(|version| version < stream::Version::ONE);
        if is_old && (!self.config.dialback || self.config.tls == (Tls::Starttls { required: true })) {
            return Err(Violation::Version);
        }
        self.base.open(&Opening {
            from: Some(to.as_str()),
            to: header.from.as_ref().map(Jid::as_str),
            version: (!is_old).then_some("1.0"),
            lang: Some(&self.config.lang),
            id: None,
        });
        let host = to.as_str().to_owned();
        self.to = Some(to);
        let is_first = self.state == State::Opening;
        self.state = if is_first { State::Negotiating } else { State::Established };
        if !is_old {
            let features = self.features();
            self.base.write(|writer| features.write(writer));
        }
        self.from = header.from.filter(|from| from.local().is_none() && from.is_bare());
        let opened = Opened { host, from: self.from.clone(), lang: header.lang };
        Ok(is_first.then(|| Event::Opened(Box::new(opened))))
    }

    fn features(&self) -> Features {
        let limits = StreamLimits { max_bytes: Some(self.base.wire.limits().bytes as u64), idle_seconds: None };
        let starttls = match self.config.tls {
            Tls::Starttls { required } if !self.is_encrypted => Some(stream::Starttls { required }),
            _ => None,
        };
        if starttls == Some(stream::Starttls { required: true }) || self.state == State::Established {
            return Features { starttls, limits: Some(limits), ..Features::default() };
        }
        let external = self.certificate.is_some().then(|| String::from("EXTERNAL"));
        Features {
            starttls,
            mechanisms: external.into_iter().collect(),
            dialback: self.config.dialback.then_some(stream::Dialback { errors: true }),
            bidi: self.config.bidi,
            limits: Some(limits),
            ..Features::default()
        }
    }

    fn take_starttls(&mut self) -> Result<(), Violation> {
        self.base.start_tls(matches!(self.config.tls, Tls::Starttls { .. }) && !self.is_encrypted)?;
        self.state = State::Securing;
        Ok(())
    }

    /// EXTERNAL, and nothing else (RFC 6120 §13.8.3). Without an authorization identity, the domain is the header's.
    fn take_auth(&mut self, element: &Element) -> Result<Option<Event>, Violation> {
        let (mechanism, initial) = match Sasl::read(element.view(), 1023) {
            Ok(Some(Sasl::Auth { mechanism, initial })) => (mechanism, initial.unwrap_or_default()),
            Ok(_) => return self.fail(SaslCondition::MalformedRequest).map(|()| None),
            Err(error) => return self.fail(error.into()).map(|()| None),
        };
        let Some(certificate) = self.certificate.clone().filter(|_| mechanism == "EXTERNAL") else {
            return self.fail(SaslCondition::InvalidMechanism).map(|()| None);
        };
        let named = String::from_utf8(initial).ok().filter(|named| !named.is_empty());
        let claimed = match named {
            Some(named) => {
                Jid::parse_by(self.config.rules, &named).ok().filter(|jid| jid.local().is_none() && jid.is_bare())
            }
            None => self.from.clone(),
        };
        let Some(domain) = claimed else { return self.fail(SaslCondition::InvalidAuthzid).map(|()| None) };
        self.claimed = Some(domain.clone());
        Ok(Some(Event::External { ticket: self.base.issue(), domain, certificate }))
    }

    fn fail(&mut self, condition: SaslCondition) -> Result<(), Violation> {
        self.base.write(|writer| Sasl::Failure(condition.into()).write(writer));
        self.failures = self.failures.saturating_add(1);
        if u16::from(self.failures) >= self.config.limits.failed_logins.max(1) {
            return Err(Violation::TooManyFailedLogins);
        }
        Ok(())
    }

    /// A stanza says between whom it is (RFC 6120 §8.1.1.2, §8.1.2.2), and the pair must be proved.
    fn take_stanza(&mut self, element: Element) -> Result<Option<Event>, Violation> {
        let stanza = match Stanza::read(element, Content::Server.ns(), self.config.rules) {
            Ok(stanza) => stanza,
            Err(refused) => {
                return match refused.due() {
                    Due::Stream(StreamCondition::InvalidFrom) => Err(Violation::InvalidFrom),
                    Due::Stream(_) => Err(Violation::UnsupportedElement),
                    Due::Stanza(error) => {
                        self.base.write(|writer| write_error(refused.element.view(), &error, writer).map(drop));
                        Ok(None)
                    }
                    Due::Nothing => Ok(None),
                };
            }
        };
        let (from, to) = (stanza.from(), stanza.to().ok_or(Violation::NoHost)?);
        let from = from.ok_or(Violation::InvalidFrom)?;
        if !self.is_proved(from.as_ref().server(), to.as_ref().server()) {
            return Err(Violation::InvalidFrom);
        }
        let is_ping_answer = stanza.element().name() == "iq" && stanza.id().as_deref() == Some(super::timer::PING_ID);
        Ok((!is_ping_answer).then_some(Event::Stanza(stanza)))
    }

    fn is_proved(&self, theirs: JidRef<'_>, ours: JidRef<'_>) -> bool {
        self.pairs.iter().any(|pair| pair.0 == theirs && pair.1 == ours)
    }

    fn prove(&mut self, theirs: Jid, ours: Jid) {
        if !self.is_proved(theirs.as_ref(), ours.as_ref()) {
            // Most streams carry one pair.
            if self.pairs.is_empty() {
                self.pairs.reserve_exact(1);
            }
            self.pairs.push((theirs, ours));
        }
        if !self.base.is_trusted() {
            self.base.trust(&self.config.limits);
        }
    }
}

fn keyword_of(element: &Element) -> Keyword {
    match (element.ns(), element.name()) {
        (ns::SERVER, "message" | "presence" | "iq") => Keyword::Stanza,
        (ns::TLS, "starttls") => Keyword::Starttls,
        (ns::SASL, "auth") => Keyword::Auth,
        (ns::BIDI, "bidi") => Keyword::Bidi,
        (ns::DIALBACK, "result") => Keyword::Result,
        (ns::DIALBACK, "verify") => Keyword::Verify,
        (ns::STREAM, "error") => Keyword::Error,
        _ => Keyword::Other,
    }
}

impl Machine for Peer {
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
                    if let Some((theirs, ours)) = self.pairs.first().filter(|_| self.is_bidi).cloned() {
                        self.base.ping(ours.as_str(), Some(theirs.to_string()), &config.limits);
                    }
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
        let is_ready = self.state() == State::Securing && self.base.wire.is_ready_for_upgrade();
        is_ready.then_some(Upgrade::Tls)
    }

    fn upgraded(&mut self, _now: Instant, how: Upgraded) {
        if let (State::Securing, Upgraded::Tls(facts)) = (self.state(), how) {
            self.certificate = ClientCertificate::of(&facts);
            (self.is_encrypted, self.is_bidi) = (true, false);
            (self.pending, self.from, self.to) = (Vec::new(), None, None);
            self.base.secured();
            self.state = State::Opening;
            self.base.queue(Event::Secured(facts));
        }
    }

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

impl Relay for Peer {
    type Message = Packet;

    /// Says a packet to the other server, where stanzas may go back over its stream (XEP-0288): the pair of the stanza's domains must be one of
    /// [`pairs`](Peer::pairs), which is the caller's to see.
    fn relay(&mut self, packet: &Packet) {
        if self.is_bidi && self.state() == State::Established {
            self.base.say(packet, &self.config.limits);
        }
    }
}
