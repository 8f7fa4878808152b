use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use wirestate_sasl::Secret;
use wirestate_sasl::client::{Credentials, CredentialsError};

use super::jabberd::Name;
use super::rare::{Absent, Rare};
use crate::jid::{Jid, JidError, JidRef};

/// Who connects, to whom, and how they prove it: one of the kinds of connection that there are. Debug shows no secret.
///
/// | | speaks | proves itself by |
/// |---|---|---|
/// | [`user`](Account::user) | XMPP 1.0 as a client (RFC 6120) | SASL |
/// | [`legacy`](Account::legacy) | what was before, as a client (XEP-0078) | a digest over the stream's id, or the password |
/// | [`component`](Account::component) | as an external component (XEP-0114) | a digest over the stream's id |
/// | [`router`](Account::router) | as a component of jabberd2's router | SASL, DIGEST-MD5 most often |
/// | [`server`](Account::server) | as a server to another server | its certificate (SASL EXTERNAL), or dialback (XEP-0220) |
#[derive(Clone)]
pub struct Account {
    pub(super) jid: Jid,
    pub(super) dialect: Dialect,
    /// Gone, as far as it is secret, once the session is ready.
    pub(super) proof: Rare<Proof>,
    /// A token of an earlier login (XEP-0484).
    pub(super) token: Option<Box<FastToken>>,
}

/// What one login needs.
#[derive(Clone, Default)]
pub(super) struct Proof {
    pub(super) credentials: Option<Credentials>,
    /// What digests are made of.
    pub(super) secret: Option<Secret>,
    /// What the program is, told with SASL2 (XEP-0388 §2.3).
    pub(super) agent: Option<UserAgent>,
    /// The other server, of a server's stream.
    pub(super) remote: Option<Jid>,
    /// A stream's name and a key that the other server is asked about.
    pub(super) verify: Option<(String, String)>,
}

impl Absent for Proof {
    fn absent() -> &'static Self {
        static NONE: Proof = Proof { credentials: None, secret: None, agent: None, remote: None, verify: None };
        &NONE
    }
}

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Xmpp,
    Legacy(LegacyLogin),
    Component,
    Router(Name),
    Server,
}

/// How a legacy login is done (XEP-0078).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyLogin {
    /// Whether the password itself may be sent, where the server knows no digest. Over a connection that is not encrypted
    /// [`Config::cleartext`](super::Config::cleartext) must allow it, too.
    pub is_plaintext_allowed: bool,
    /// Whether the server is asked first what it wants to know. Without that a digest is sent at once, as seed programs did.
    pub asks_fields: bool,
}

impl Default for LegacyLogin {
    /// Asks first, and sends digests only.
    fn default() -> Self {
        LegacyLogin { is_plaintext_allowed: false, asks_fields: true }
    }
}

/// What a program is, for SASL2 (XEP-0388 §2.3) and tokens (XEP-0484).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAgent {
    /// A UUID of version 4 that is made once per installation and kept: servers tell a user's clients apart by it, and bind tokens to it.
    pub id: String,
    /// The software's name.
    pub software: Option<String>,
    /// The device's name.
    pub device: Option<String>,
}

/// A token to log in by next time, without the password (XEP-0484). Keep it as secret as a password. Debug does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct FastToken {
    /// The token.
    pub token: String,
    /// The name of the mechanism that it is for.
    pub mechanism: String,
    /// Until when it is good, as the server wrote it (XEP-0082).
    pub expiry: Option<String>,
}

/// Why a text is no [`Account`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// It is no address.
    #[error("the account's address is wrong: {0}")]
    Jid(#[from] JidError),
    /// There is no name before the `@`.
    #[error("the account's address needs a user's name: name@server")]
    NoName,
    /// The name or password cannot be sent.
    #[error("{0}")]
    Credentials(#[from] CredentialsError),
}

impl Account {
    /// A user and their password. A resource in the address is the one that is asked for; without it the server makes one.
    ///
    /// # Errors
    ///
    /// [`AccountError`].
    pub fn user(jid: &str, password: &str) -> Result<Account, AccountError> {
        let jid = Jid::parse(jid)?;
        let credentials = Credentials::password(local(&jid)?, password)?;
        Ok(Account::with_credentials(jid, credentials))
    }

    /// A user who proves who they are by other means: a certificate, a bearer token, or not at all ([`Credentials::anonymous`], for which the address is
    /// the server's).
    pub fn with_credentials(jid: Jid, credentials: Credentials) -> Account {
        Account::of(jid, Dialect::Xmpp, Proof { credentials: Some(credentials), ..Proof::default() })
    }

    /// A user of a server that speaks what was before XMPP 1.0. The address needs a resource.
    ///
    /// # Errors
    ///
    /// [`AccountError`].
    pub fn legacy(jid: &str, password: &str, login: LegacyLogin) -> Result<Account, AccountError> {
        let jid = Jid::parse(jid)?;
        local(&jid)?;
        Credentials::password("", password).or_else(|_| Credentials::password("x", password))?;
        let secret = Some(Secret::new(password));
        Ok(Account::of(jid, Dialect::Legacy(login), Proof { secret, ..Proof::default() }))
    }

    /// An external component, by its domain and the secret that it shares with the server.
    ///
    /// # Errors
    ///
    /// [`AccountError::Jid`].
    pub fn component(domain: &str, secret: &str) -> Result<Account, AccountError> {
        let jid = Jid::parse(domain)?;
        Ok(Account::of(jid, Dialect::Component, Proof { secret: Some(Secret::new(secret)), ..Proof::default() }))
    }

    /// A component of jabberd2's router, by the name that it binds, and a user that the router knows.
    ///
    /// # Errors
    ///
    /// [`AccountError`].
    pub fn router(name: &str, how: Name, user: &str, password: &str) -> Result<Account, AccountError> {
        let credentials = Some(Credentials::password(user, password)?);
        let name = Jid::parse(name)?.server().to_jid();
        Ok(Account::of(name, Dialect::Router(how), Proof { credentials, ..Proof::default() }))
    }

    /// A server with a stream of its own to another server. `has_certificate` tells that TLS shows one that names us (SASL EXTERNAL); `secret` is
    /// what dialback keys are [made of](super::dialback_key), where dialback is to be used.
    ///
    /// # Errors
    ///
    /// [`AccountError`].
    pub fn server(
        local: &str,
        remote: &str,
        has_certificate: bool,
        secret: Option<&str>,
    ) -> Result<Account, AccountError> {
        let local = Jid::parse(local)?.server().to_jid();
        let external = || Credentials::external().authorize_as(local.domain());
        let proof = Proof {
            credentials: if has_certificate { Some(external()?) } else { None },
            remote: Some(Jid::parse(remote)?.server().to_jid()),
            secret: secret.map(Secret::new),
            ..Proof::default()
        };
        Ok(Account::of(local, Dialect::Server, proof))
    }

    /// A server that asks another one whether it made a key that was shown here, `<db:verify/>` (XEP-0220 §2.2.2). `stream` is the name that the
    /// key's stream has here. [`Event::Verified`](super::Event::Verified) answers, and the session ends.
    ///
    /// # Errors
    ///
    /// [`AccountError`].
    pub fn verifier(
        local: &str,
        remote: &str,
        stream: impl Into<String>,
        key: impl Into<String>,
    ) -> Result<Account, AccountError> {
        let mut account = Account::server(local, remote, false, None)?;
        account.proof.verify = Some((stream.into(), key.into()));
        Ok(account)
    }

    /// Tells what the program is. Without it no tokens are asked for.
    #[must_use]
    pub fn agent(mut self, agent: UserAgent) -> Account {
        self.proof.agent = Some(agent);
        self
    }

    /// A token that [`Event::Token`](super::Event::Token) gave on an earlier connection. It is tried before the credentials.
    #[must_use]
    pub fn token(mut self, token: FastToken) -> Account {
        self.token = Some(token.into());
        self
    }

    /// The address that was given.
    pub fn jid(&self) -> &Jid {
        &self.jid
    }

    fn of(jid: Jid, dialect: Dialect, proof: Proof) -> Account {
        Account { jid, dialect, proof: proof.into(), token: None }
    }

    /// Drops what only a login needs, secrets first.
    pub(super) fn forget_proof(&mut self) {
        match self.dialect {
            Dialect::Server => (self.proof.credentials, self.proof.secret) = (None, None),
            _ => self.proof.clear(),
        }
    }

    /// Whom the stream is to.
    pub(super) fn receiver(&self) -> Option<JidRef<'_>> {
        match self.dialect {
            Dialect::Component => Some(self.jid.as_ref()),
            Dialect::Router(_) => None,
            Dialect::Server => self.proof.remote.as_ref().map(Jid::as_ref),
            Dialect::Xmpp | Dialect::Legacy(_) => Some(self.jid.server()),
        }
    }

    /// The name that the other end has in SASL. Routers have this one by default.
    pub(super) fn host(&self) -> &str {
        self.receiver().map_or("jabberd-router", JidRef::as_str)
    }

    /// Whether XMPP 1.0 is spoken.
    pub(super) fn is_modern(&self) -> bool {
        matches!(self.dialect, Dialect::Xmpp | Dialect::Router(_) | Dialect::Server)
    }
}

fn local(jid: &Jid) -> Result<&str, AccountError> {
    jid.local().ok_or(AccountError::NoName)
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("jid", &self.jid.as_str())
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for FastToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FastToken")
            .field("mechanism", &self.mechanism)
            .field("expiry", &self.expiry)
            .finish_non_exhaustive()
    }
}
