use core::fmt;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};

use super::Failure;
use super::session::Session;
use crate::{Error, wraps};

/// TLS around a machine, in either role, by rustls.
///
/// Until the machine offers [`Upgrade::Tls`] its own boxes are handed out and nothing is spent. Then the layer shakes hands, tells
/// the machine what came of it ([`TlsFacts`](wirestate_machine::TlsFacts)), and carries ciphertext outside and plaintext inside.
/// Implicit TLS is a machine that offers the upgrade before the first byte.
///
/// Plaintext moves inward as far as the machine's inbox has room, one record at a time, and outward until the ciphertext outbox
/// is full, so that nothing piles up in between. Randomness and the clock that certificates are checked against are those of the rustls
/// configuration; all else depends on the bytes alone.
///
/// ```no_run
/// # fn example<M: wirestate_machine::Machine>(server: M) -> Result<(), Box<dyn std::error::Error>> {
/// use wirestate_layers::tls::rustls::pki_types::pem::PemObject;
/// use wirestate_layers::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
/// use wirestate_layers::{Tls, tls};
///
/// let chain = CertificateDer::pem_file_iter("chain.pem")?.collect::<Result<_, _>>()?;
/// let key = PrivateKeyDer::from_pem_file("key.pem")?;
/// let server = Tls::server(server, tls::server_config(chain, key, &[b"pop3"])?);
/// # Ok(())
/// # }
/// ```
pub struct Tls<M> {
    inner: M,
    role: Role,
    session: Option<Box<Session>>,
    failure: Option<Box<Failure>>,
}

/// Which end of TLS this is.
#[derive(Clone)]
pub(super) enum Role {
    Server(Arc<ServerConfig>),
    Client(Arc<ClientConfig>, Box<ServerName<'static>>),
    None,
}

impl<M> Tls<M> {
    /// TLS for a machine that answers connections.
    pub fn server(inner: M, config: Arc<ServerConfig>) -> Self {
        Tls { inner, role: Role::Server(config), session: None, failure: None }
    }

    /// TLS for a machine that makes connections, to a server that proves to be `name`.
    pub fn client(inner: M, config: Arc<ClientConfig>, name: ServerName<'static>) -> Self {
        Tls { inner, role: Role::Client(config, Box::new(name)), session: None, failure: None }
    }

    /// No TLS: the layer for a place where another connection of the same type has it. Upgrades are offered further outward.
    pub fn without(inner: M) -> Self {
        Tls { inner, role: Role::None, session: None, failure: None }
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
            return self.begin();
        };
        let sent = session.send(&mut self.inner);
        if self.inner.is_closed() {
            return Ok(false);
        }
        if session.receive(&mut self.inner, now)? || sent {
            return Ok(true);
        }
        match self.inner.upgrade() {
            Some(stranded) if session.is_open() => Err(Failure::Stranded(stranded)),
            _ => Ok(false),
        }
    }

    fn begin(&mut self) -> Result<bool, Failure> {
        if matches!(self.role, Role::None) || self.inner.upgrade() != Some(Upgrade::Tls) {
            return Ok(false);
        }
        let mut session = Session::start(&self.role)?;
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
        if self.failure.is_some() { None } else { self.inner.deadline() }
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
