use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use wirestate_machine::{Channel, Ending, Inbox, Instant, Machine, Outbox, Relay, TlsFacts, Upgrade, Upgraded};

use super::Failure;
use super::session::Session;
use crate::{Error, wraps};

/// How long a handshake may take where nothing else is said: 30 seconds.
pub const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(30);

/// TLS around a machine, in either role, by rustls.
///
/// Until the machine offers [`Upgrade::Tls`] its own boxes are handed out and nothing is spent. Then the layer shakes hands, tells
/// the machine what came of it ([`TlsFacts`]), and carries ciphertext outside and plaintext inside.
/// Implicit TLS is a machine that offers the upgrade before the first byte. A handshake that is not done in time
/// ([`HANDSHAKE_PATIENCE`]) fails.
///
/// Plaintext moves inward as far as the machine's inbox has room, one record at a time, and outward until the ciphertext outbox
/// is full, so that nothing piles up in between. Randomness and the clock that certificates are checked against are those of the rustls
/// configuration; all else depends on the bytes alone.
///
/// ```no_run
/// # fn example<M: wirestate_machine::Machine>(server: M) -> Result<(), Box<dyn std::error::Error>> {
/// use wirestate_layers::{Tls, tls};
///
/// let identity = tls::Identity::from_files("chain.pem", "key.pem")?;
/// let server = Tls::server(server, tls::server(identity).alpn(&[b"pop3"]).config()?);
/// # Ok(())
/// # }
/// ```
// In this order, so that what a relayed message touches lies together.
#[repr(C)]
pub struct Tls<M> {
    session: Option<Box<Session>>,
    failure: Option<Box<Failure>>,
    inner: M,
    role: Role,
    patience: Duration,
}

/// Which end of TLS this is.
#[derive(Clone)]
pub(super) enum Role {
    Server(Arc<ServerConfig>),
    Client(Arc<ClientConfig>, Box<ServerName<'static>>),
    None,
}

impl Role {
    /// Whether TLS 1.2 is used with extended master secret only (RFC 7627).
    pub(super) fn requires_extended_master_secret(&self) -> bool {
        match self {
            Role::Server(config) => config.require_ems,
            Role::Client(config, _) => config.require_ems,
            Role::None => false,
        }
    }
}

impl<M> Tls<M> {
    /// TLS for a machine that answers connections.
    pub fn server(inner: M, config: Arc<ServerConfig>) -> Self {
        Tls::new(inner, Role::Server(config))
    }

    /// TLS for a machine that makes connections, to a server that proves to be `name`.
    pub fn client(inner: M, config: Arc<ClientConfig>, name: ServerName<'static>) -> Self {
        Tls::new(inner, Role::Client(config, Box::new(name)))
    }

    /// No TLS: the layer for a place where another connection of the same type has it. Upgrades are offered further outward.
    pub fn without(inner: M) -> Self {
        Tls::new(inner, Role::None)
    }

    fn new(inner: M, role: Role) -> Self {
        Tls { inner, role, patience: HANDSHAKE_PATIENCE, session: None, failure: None }
    }

    /// How long the handshake may take, from its beginning; [`HANDSHAKE_PATIENCE`] if not said.
    pub fn with_handshake_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Whether the handshake is done and the stream encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.is_open())
    }

    /// Whether a handshake is under way.
    pub fn is_handshaking(&self) -> bool {
        self.failure.is_none() && self.session.as_ref().is_some_and(|session| !session.is_open())
    }

    /// Whether the stream ended without TLS's own mark of the end (RFC 8446 §6.1): somebody may have cut it. What came before was
    /// handed on; a protocol with an end mark of its own is not harmed.
    pub fn was_truncated(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.was_truncated())
    }
}

impl<M: Machine> Tls<M> {
    /// Moves what can be moved between the boxes; `false` where nothing can.
    fn advance(&mut self, now: Instant) -> Result<bool, Failure> {
        let Some(session) = &mut self.session else {
            return self.begin(now);
        };
        let sent = session.send(&mut self.inner);
        if self.inner.is_closed() {
            return Ok(false);
        }
        if session.is_overdue(now) {
            session.give_up();
            return Err(Failure::TooSlow { limit: self.patience });
        }
        if session.receive(&mut self.inner, &self.role, now)? || sent {
            return Ok(true);
        }
        match self.inner.upgrade() {
            Some(stranded) if session.is_open() => Err(Failure::Stranded(stranded)),
            _ => Ok(false),
        }
    }

    fn begin(&mut self, now: Instant) -> Result<bool, Failure> {
        if matches!(self.role, Role::None) || self.inner.upgrade() != Some(Upgrade::Tls) {
            return Ok(false);
        }
        let mut session = Session::start(&self.role, now + self.patience)?;
        if self.inner.inbox().is_closed() {
            session.inbox.close();
        }
        self.session = Some(Box::new(session));
        Ok(true)
    }
}

impl<M: Machine> Machine for Tls<M> {
    type Event = M::Event;
    type Error = Error<M::Error>;

    fn inbox(&mut self) -> &mut Inbox {
        match &mut self.session {
            Some(session) => &mut session.inbox,
            None => self.inner.inbox(),
        }
    }

    fn outbox(&mut self) -> &mut Outbox {
        match &mut self.session {
            Some(session) => {
                if self.failure.is_none() {
                    session.send(&mut self.inner);
                }
                &mut session.outbox
            }
            None => self.inner.outbox(),
        }
    }

    fn poll(&mut self, now: Instant) -> Result<Option<M::Event>, Error<M::Error>> {
        if let Some(failure) = &self.failure {
            return Err(Error::Tls((**failure).clone()));
        }
        loop {
            if let Some(event) = self.inner.poll(now).map_err(Error::Inner)? {
                return Ok(Some(event));
            }
            match self.advance(now) {
                Ok(true) => continue,
                Ok(false) => return Ok(None),
                Err(failure) => {
                    self.failure = Some(Box::new(failure.clone()));
                    return Err(Error::Tls(failure));
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        if self.failure.is_some() {
            return None;
        }
        match &self.session {
            Some(session) if !session.is_open() && !self.inner.is_closed() => {
                Instant::earlier(session.handshake_deadline(), self.inner.deadline())
            }
            _ => self.inner.deadline(),
        }
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        if self.session.is_some() || self.failure.is_some() {
            return None;
        }
        match self.inner.upgrade() {
            Some(Upgrade::Tls) if !matches!(self.role, Role::None) => None,
            other => other,
        }
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        self.inner.upgraded(now, how);
    }

    fn is_closed(&self) -> bool {
        self.failure.is_some() || self.inner.is_closed()
    }

    fn shutdown(&mut self) {
        self.inner.shutdown();
    }

    /// Never with a session of TLS, which has to look for itself.
    fn is_settled(&self) -> bool {
        self.session.is_none() && self.failure.is_none() && self.inner.is_settled()
    }

    fn is_establishing(&mut self) -> bool {
        let is_shaking_hands = match &self.session {
            _ if self.is_closed() => return false,
            Some(session) => !session.is_open(),
            None => !matches!(self.role, Role::None) && self.inner.upgrade() == Some(Upgrade::Tls),
        };
        is_shaking_hands || self.inner.is_establishing()
    }

    fn ending(&self) -> Option<Ending> {
        match self.failure.as_deref() {
            Some(Failure::TooSlow { .. }) => Some(Ending::Timeout),
            Some(Failure::TooLong { .. }) => Some(Ending::Limit),
            Some(Failure::CutOff) => Some(Ending::PeerClosed),
            Some(_) => Some(Ending::Tls),
            None => self.inner.ending(),
        }
    }

    fn channel(&self) -> Channel {
        let mut channel = self.inner.channel();
        channel.tls |= self.is_encrypted();
        channel
    }

    fn tls_facts(&self) -> Option<TlsFacts> {
        let facts = self.session.as_ref().and_then(|session| session.facts(&self.role));
        facts.or_else(|| self.inner.tls_facts())
    }
}

impl<M: Relay> Relay for Tls<M> {
    type Message = M::Message;

    fn relay(&mut self, message: &M::Message) {
        self.inner.relay(message);
    }

    fn is_transparent(&self, message: &M::Message) -> bool {
        self.session.is_none() && self.failure.is_none() && self.inner.is_transparent(message)
    }
}

wraps!(Tls<M>);

impl<M: fmt::Debug> fmt::Debug for Tls<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("inner", &self.inner)
            .field("encrypted", &self.is_encrypted())
            .field("failure", &self.failure)
            .finish()
    }
}
