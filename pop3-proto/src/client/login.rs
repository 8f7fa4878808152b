use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use bytes::Bytes;
use wirestate_machine::{Misuse, Ticket};
use wirestate_sasl::client::{self as sasl, Context, Credentials, Error as SaslError, Policy, Step, choose};
use wirestate_sasl::{Derived, Mechanism, Secret, apop, base64};

use super::event::{Derive, Event, LoginError, Request};
use super::requests::{Ask, Sent};
use super::violation::Violation;
use super::{Client, State};
use crate::codec::{Command, Keyword, Text};

/// How a client logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// AUTH with this mechanism (RFC 5034).
    Sasl(Mechanism),
    /// APOP (RFC 1939 §7).
    Apop,
    /// USER and PASS (RFC 1939 §7).
    UserPass,
}

/// A wish to log in.
///
/// The best method that server, credentials and policy allow is taken: SASL in the order of [`choose`], then APOP where
/// the configuration allows it, then USER and PASS.
#[derive(Clone)]
pub struct Login {
    credentials: Credentials,
    only: Option<Method>,
    host: Option<String>,
    port: Option<u16>,
}

impl Login {
    /// Logs in with these credentials.
    pub fn new(credentials: Credentials) -> Self {
        Login { credentials, only: None, host: None, port: None }
    }

    /// Takes this method and no other. A mechanism that the server's list lacks is refused, unless there is no list.
    #[must_use]
    pub fn only(mut self, method: Method) -> Self {
        self.only = Some(method);
        self
    }

    /// The host and port that the program connected to, which OAUTHBEARER tells the server (RFC 7628 §3.1).
    #[must_use]
    pub fn host(mut self, host: impl Into<String>, port: u16) -> Self {
        (self.host, self.port) = (Some(host.into()), Some(port));
        self
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("credentials", &self.credentials).field("only", &self.only).finish()
    }
}

/// A login that is under way.
pub(super) struct Exchange {
    request: Request,
    method: Method,
    part: Part,
}

enum Part {
    Sasl {
        client: Box<sasl::Client>,
        /// The initial response, in base64, where it did not go out with AUTH.
        withheld: Option<Secret>,
        cancelled: Option<Box<LoginError>>,
    },
    /// For PASS, once USER is answered.
    Password(Secret),
    Apop,
}

impl Client {
    /// Logs in; ends with [`Event::LoggedIn`], [`Event::Failed`] or [`Event::Cancelled`].
    ///
    /// # Errors
    /// [`Misuse::WrongState`] outside `Authorization`; [`Misuse::NotOffered`] when no method fits the server and the
    /// credentials; [`Misuse::CleartextForbidden`] when one fits, but would show the password or token on a connection
    /// that is not encrypted; [`Misuse::TooLong`], [`Misuse::ForbiddenCharacter`] and [`Misuse::OutOfRange`] when the
    /// credentials cannot be sent by the method.
    pub fn login(&mut self, login: Login) -> Result<Request, Misuse> {
        self.allow(Keyword::Auth)?;
        self.has_room()?;
        let method = self.method(&login)?;
        let (part, ask, command) = match method {
            Method::Sasl(mechanism) => self.begin_sasl(mechanism, &login)?,
            Method::Apop => self.begin_apop(&login)?,
            Method::UserPass => self.begin_password(&login)?,
        };
        let request = self.next_request();
        self.exchange = Some(Box::new(Exchange { request, method, part }));
        self.state = State::Authenticating;
        self.enqueue(Sent { request, ask }, command);
        Ok(request)
    }

    /// Gives the outcome of [`Event::Work`].
    ///
    /// # Errors
    /// [`Misuse::StaleTicket`] when the login is over; [`Misuse::OutOfRange`] when `derived` is of another work item: then
    /// the login ends when its time is up.
    pub fn derived(&mut self, ticket: Ticket<Derive>, derived: Derived) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let Some(Exchange { part: Part::Sasl { client, .. }, .. }) = self.exchange.as_deref_mut() else {
            return Err(Misuse::StaleTicket);
        };
        let step = client.resume(derived);
        if let Err(SaslError::Misuse(_)) = step {
            return Err(Misuse::OutOfRange);
        }
        self.tickets.redeem(ticket)?;
        match step {
            Ok(Step::Send(message)) => self.put_sasl(&base64::encode(&message)),
            Ok(Step::Wait) => {}
            // No mechanism has two work items in a row.
            Ok(Step::Work(_)) => self.cancel(SaslError::UnexpectedChallenge.into()),
            Err(error) => self.cancel(error.into()),
        }
        Ok(())
    }

    fn policy(&self) -> Policy {
        let policy = if self.is_encrypted() { Policy::encrypted() } else { Policy::unencrypted() };
        policy.allow_cleartext(self.config.cleartext).require_binding(self.config.require_channel_binding)
    }

    fn method(&self, login: &Login) -> Result<Method, Misuse> {
        let policy = self.policy();
        if let Some(method) = self.choose(login, &policy) {
            return Ok(method);
        }
        // Would anything fit if only the wire were safe?
        match self.choose(login, &policy.allow_cleartext(true)) {
            Some(_) => Err(Misuse::CleartextForbidden),
            None => Err(Misuse::NotOffered),
        }
    }

    fn choose(&self, login: &Login, policy: &Policy) -> Option<Method> {
        let credentials = &login.credentials;
        let allows = |method: Method| login.only.is_none_or(|only| only == method);
        let mechanisms: alloc::vec::Vec<Mechanism> = match login.only {
            Some(Method::Sasl(mechanism)) if !self.offers.known => alloc::vec![mechanism],
            _ => self.offers.mechanisms().filter(|mechanism| allows(Method::Sasl(*mechanism))).collect(),
        };
        if let Some(mechanism) = choose(&mechanisms, credentials, &self.bindings, policy) {
            return Some(Method::Sasl(mechanism));
        }
        // Both carry what LOGIN carries: a user and a password, and nobody to act for.
        if self.config.require_channel_binding || !credentials.fit(Mechanism::Login) {
            return None;
        }
        let timestamp = self.greeting.as_ref().is_some_and(|greeting| greeting.timestamp.is_some());
        if self.config.apop && timestamp && allows(Method::Apop) {
            return Some(Method::Apop);
        }
        let user = self.offers.user || !self.offers.known || self.config.quirks.unlisted_commands;
        (user && policy.allows(Mechanism::Login) && allows(Method::UserPass)).then_some(Method::UserPass)
    }

    fn begin_sasl(&mut self, mechanism: Mechanism, login: &Login) -> Result<(Part, Ask, Command<Bytes>), Misuse> {
        let mut context = Context::new(self.nonces.fresh())
            .bindings(self.bindings.clone())
            .server_offers_plus(self.offers.plus)
            .iterations(self.config.iterations.clone())
            .limit(self.config.limits.sasl_line);
        if let (Some(host), Some(port)) = (&login.host, login.port) {
            context = context.host(host.as_str()).port(port);
        }
        let unfit = |_: SaslError| Misuse::OutOfRange;
        let mut client = sasl::Client::start(mechanism, &login.credentials, &context).map_err(unfit)?;
        let initial = match client.step(None).map_err(unfit)? {
            Step::Send(message) => Some(Secret::new(base64::encode(&message))),
            Step::Wait | Step::Work(_) => None,
        };
        let quirks = &self.config.quirks;
        let two_lines = quirks.no_initial_response || mechanism == Mechanism::XOAuth2 && quirks.xoauth2_two_lines;
        let mut line = Command::Auth { mechanism: Bytes::from_static(mechanism.name().as_bytes()), initial: None };
        let mut withheld = initial;
        if let (Some(initial), false) = (&withheld, two_lines) {
            let initial = if initial.expose().is_empty() { "=" } else { initial.expose() };
            // RFC 5034 §4: only where the whole line fits 255 octets.
            if "AUTH ".len() + mechanism.name().len() + 1 + initial.len() + 2 <= self.config.limits.command_line {
                line = Command::Auth {
                    mechanism: Bytes::from_static(mechanism.name().as_bytes()),
                    initial: Some(Bytes::copy_from_slice(initial.as_bytes())),
                };
                withheld = None;
            }
        }
        self.check(&line)?;
        Ok((Part::Sasl { client: Box::new(client), withheld, cancelled: None }, Ask::Auth, line))
    }

    fn begin_apop(&self, login: &Login) -> Result<(Part, Ask, Command<Bytes>), Misuse> {
        let (user, password) = user_and_password(&login.credentials)?;
        let timestamp = self.greeting.as_ref().and_then(|greeting| greeting.timestamp.as_ref());
        let digest = apop::digest(timestamp.ok_or(Misuse::NotOffered)?, password.expose());
        let line = Command::Apop { name: user.into(), digest: digest.into() };
        self.check(&line)?;
        Ok((Part::Apop, Ask::Apop, line))
    }

    fn begin_password(&self, login: &Login) -> Result<(Part, Ask, Command<Bytes>), Misuse> {
        let (user, password) = user_and_password(&login.credentials)?;
        let line = Command::User(user.into());
        self.check(&line)?;
        self.check(&Command::Pass(password.expose()))?;
        Ok((Part::Password(password), Ask::User, line))
    }

    /// USER was answered well: now PASS.
    pub(super) fn send_password(&mut self) {
        if let Some(Exchange { request, part: Part::Password(password), .. }) = self.exchange.as_deref() {
            let line = Command::Pass(Bytes::copy_from_slice(password.expose().as_bytes()));
            let sent = Sent { request: *request, ask: Ask::Pass };
            self.enqueue(sent, line);
        }
    }

    /// The server goes on with the exchange: `+ ` and a challenge (RFC 5034 §4).
    pub(super) fn on_challenge(&mut self, text: &[u8]) -> Result<Option<Event>, Violation> {
        let limit = self.config.limits.sasl_line;
        let Some(Exchange { request, part: Part::Sasl { client, withheld, cancelled }, .. }) =
            self.exchange.as_deref_mut()
        else {
            return Err(Violation::UnexpectedContinuation);
        };
        if cancelled.is_some() || self.tickets.is_open() {
            return Err(Violation::UnexpectedContinuation);
        }
        let request = *request;
        let challenge = match base64::decode(text, limit) {
            Ok(challenge) => challenge,
            Err(error) => {
                self.cancel(error.into());
                return Ok(None);
            }
        };
        if let Some(initial) = withheld.take() {
            match challenge.is_empty() {
                true => self.put_sasl(initial.expose()),
                false => self.cancel(SaslError::UnexpectedChallenge.into()),
            }
            return Ok(None);
        }
        match client.step(Some(&challenge)) {
            Ok(Step::Send(message)) => {
                let refused = client.refusal().is_some();
                self.put_sasl(&base64::encode(&message));
                Ok(refused.then(|| Event::Refusal { request, json: challenge.into() }))
            }
            Ok(Step::Work(derivation)) => Ok(Some(Event::Work { ticket: self.tickets.issue(), derivation })),
            Ok(Step::Wait) => Ok(None),
            Err(error @ (SaslError::SignatureWrong | SaslError::NonceNotExtended)) => Err(Violation::Sasl(error)),
            Err(error) => {
                self.cancel(error.into());
                Ok(None)
            }
        }
    }

    /// The server says that the login succeeded; with SASL, only its proof makes that true.
    pub(super) fn on_login(&mut self, text: &[u8]) -> Result<Option<Event>, Violation> {
        let Some(mut exchange) = self.exchange.take() else { return Err(Violation::Unasked) };
        if let Part::Sasl { client, cancelled, .. } = &mut exchange.part {
            if cancelled.is_some() {
                return Err(Violation::SuccessAfterCancel);
            }
            client.succeed(None).map_err(Violation::Sasl)?;
        }
        self.sent.pop_front();
        self.tickets.revoke();
        self.state = State::Transaction;
        // Needed for logins only.
        self.greeting = None;
        self.bindings = Default::default();
        if self.config.capa_after_login && self.offers.known {
            self.enqueue(Sent { request: Request::OWN, ask: Ask::Capa }, Command::Capa);
        }
        Ok(Some(Event::LoggedIn { request: exchange.request, method: exchange.method, text: Text::lossy(text) }))
    }

    /// The server says that the login failed. Where it was the machine that broke it off, gives the reason.
    pub(super) fn on_login_refused(&mut self) -> Option<Box<LoginError>> {
        self.tickets.revoke();
        self.state = State::Authorization;
        match self.exchange.take()?.part {
            Part::Sasl { cancelled, .. } => cancelled,
            Part::Password(_) | Part::Apop => None,
        }
    }

    /// Breaks the exchange off; the server answers with `-ERR` (RFC 5034 §4).
    fn cancel(&mut self, error: LoginError) {
        self.outbox.put(b"*\r\n");
        if let Some(Exchange { part: Part::Sasl { cancelled, .. }, .. }) = self.exchange.as_deref_mut() {
            *cancelled = Some(Box::new(error));
        }
    }

    fn put_sasl(&mut self, message: &str) {
        self.outbox.put(message.as_bytes());
        self.outbox.put(b"\r\n");
    }
}

/// The message of PLAIN (RFC 4616 §2) holds just these two.
fn user_and_password(credentials: &Credentials) -> Result<(String, Secret), Misuse> {
    let unfit = |_| Misuse::OutOfRange;
    let nonce = wirestate_sasl::Nonce::new("unused").map_err(|_| Misuse::OutOfRange)?;
    let mut plain = sasl::Client::start(Mechanism::Plain, credentials, &Context::new(nonce)).map_err(unfit)?;
    let Step::Send(message) = plain.step(None).map_err(unfit)? else { return Err(Misuse::OutOfRange) };
    let message = Secret::new(String::from_utf8(message).map_err(|_| Misuse::OutOfRange)?);
    let mut parts = message.expose().split('\0').skip(1);
    match (parts.next(), parts.next()) {
        (Some(user), Some(password)) => Ok((user.into(), Secret::new(password))),
        _ => Err(Misuse::OutOfRange),
    }
}
