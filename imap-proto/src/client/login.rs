use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use wirestate_machine::{Misuse, Ticket};
use wirestate_sasl::client::{self as sasl, Context, Credentials, Error as SaslError, Policy, Step, choose};
use wirestate_sasl::{Bindings, Derived, Mechanism, Secret, base64};

use super::event::{Derive, Event, LoginError, Outcome, RequestId};
use super::violation::Violation;
use super::{Client, State};
use crate::codec::{self, Capability, Command, Condition, Keyword};

/// How a client logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// AUTHENTICATE with this mechanism (RFC 9051 §6.2.2).
    Sasl(Mechanism),
    /// LOGIN (RFC 9051 §6.2.3).
    Login,
}

/// A wish to log in.
///
/// The best method that server, credentials and policy allow is taken: SASL in the order of [`choose`], then LOGIN.
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

/// An exchange that is under way.
pub(super) struct Exchange {
    request: RequestId,
    client: Box<sasl::Client>,
    /// The initial response, in base64, where it did not go out with AUTHENTICATE.
    withheld: Option<Secret>,
    cancelled: Option<Box<LoginError>>,
}

impl Client {
    /// Logs in.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] outside `NotAuthenticated`; [`Misuse::NotOffered`] when no method fits the server and the credentials;
    /// [`Misuse::CleartextForbidden`] when one fits, but would show the password or token on a connection that is not encrypted;
    /// [`Misuse::ForbiddenCharacter`] and [`Misuse::OutOfRange`] when the credentials cannot be sent by the method.
    pub fn login(&mut self, login: Login) -> Result<RequestId, Misuse> {
        self.allow(Keyword::Login)?;
        if self.state != State::NotAuthenticated {
            // UNAUTHENTICATE is still under way.
            return Err(Misuse::WrongState);
        }
        self.has_room()?;
        let method = self.method(&login)?;
        let (command, started) = match method {
            Method::Sasl(mechanism) => {
                let (command, client, withheld) = self.begin_sasl(mechanism, &login)?;
                (command, Some((client, withheld)))
            }
            Method::Login => {
                let (user, password) = user_and_password(&login.credentials)?;
                let password = Bytes::copy_from_slice(password.expose().as_bytes());
                (Command::Login { user: Bytes::from(user), password: codec::Secret(password) }, None)
            }
        };
        let command = self.check(command)?;
        let request = self.next_request();
        self.exchange =
            started.map(|(client, withheld)| Box::new(Exchange { request, client, withheld, cancelled: None }));
        self.state = State::Authenticating;
        self.has_told = false;
        self.enqueue(Some(request), command);
        Ok(request)
    }

    /// Gives the outcome of [`Event::Work`].
    ///
    /// # Errors
    /// [`Misuse::StaleTicket`] when the login is over; [`Misuse::OutOfRange`] when `derived` is of another work item: then the login ends when
    /// its time is up.
    pub fn derived(&mut self, ticket: Ticket<Derive>, derived: Derived) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let Some(Exchange { client, .. }) = self.exchange.as_deref_mut() else { return Err(Misuse::StaleTicket) };
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
        let mechanisms: Vec<Mechanism> = match login.only {
            Some(Method::Sasl(mechanism)) if !self.offers.is_known() => Vec::from([mechanism]),
            _ => self.offers.mechanisms().filter(|mechanism| allows(Method::Sasl(*mechanism))).collect(),
        };
        if let Some(mechanism) = choose(&mechanisms, credentials, &self.bindings, policy) {
            return Some(Method::Sasl(mechanism));
        }
        // It carries a user and a password, and nobody to act for.
        let fits = credentials.fit(Mechanism::Login) && policy.allows(Mechanism::Login);
        let is_open = !self.config.require_channel_binding && !self.offers.has(&Capability::LoginDisabled);
        (fits && is_open && allows(Method::Login)).then_some(Method::Login)
    }

    #[allow(clippy::type_complexity)] // it is taken apart at once
    fn begin_sasl(
        &mut self,
        mechanism: Mechanism,
        login: &Login,
    ) -> Result<(Command<Bytes>, Box<sasl::Client>, Option<Secret>), Misuse> {
        let mut context = Context::new(self.nonces.fresh())
            .bindings(self.bindings.clone())
            .server_offers_plus(self.offers.plus())
            .iterations(self.config.iterations.clone())
            .limit(self.config.limits.sasl);
        if let (Some(host), Some(port)) = (&login.host, login.port) {
            context = context.host(host.as_str()).port(port);
        }
        let unfit = |_: SaslError| Misuse::OutOfRange;
        let mut client = sasl::Client::start(mechanism, &login.credentials, &context).map_err(unfit)?;
        let first = match client.step(None).map_err(unfit)? {
            Step::Send(message) => Some(Secret::new(base64::encode(&message))),
            Step::Wait | Step::Work(_) => None,
        };
        let at_once = self.offers.has(&Capability::SaslIr) && !self.config.quirks.no_initial_response;
        let (initial, withheld) = if at_once { (first, None) } else { (None, first) };
        let initial = initial.map(|initial| {
            let initial = if initial.expose().is_empty() { "=" } else { initial.expose() };
            codec::Secret(Bytes::copy_from_slice(initial.as_bytes()))
        });
        let mechanism = Bytes::from_static(mechanism.name().as_bytes());
        Ok((Command::Authenticate { mechanism, initial }, Box::new(client), withheld))
    }

    /// Whether it is an AUTHENTICATE that the server's `+` goes on with.
    pub(super) fn is_in_exchange(&self) -> bool {
        self.exchange.is_some() && self.sent.iter().any(|sent| sent.keyword == Keyword::Authenticate)
    }

    /// The server goes on with the exchange: `+` and a challenge (RFC 9051 §6.2.2).
    pub(super) fn on_challenge(&mut self, text: &[u8]) -> Result<(), Violation> {
        let limit = self.config.limits.sasl;
        let Some(Exchange { request, client, withheld, cancelled }) = self.exchange.as_deref_mut() else {
            return Ok(());
        };
        if cancelled.is_some() || self.tickets.is_open() {
            return Err(Violation::UnexpectedContinuation);
        }
        let request = *request;
        let challenge = base64::decode(text.trim_ascii(), limit);
        if let Some(initial) = withheld.take() {
            // A prompt. Some put words there, or a `=`.
            match challenge {
                Ok(challenge) if !challenge.is_empty() && !self.config.quirks.wordy_prompts => {
                    self.cancel(SaslError::UnexpectedChallenge.into());
                }
                _ => self.put_sasl(initial.expose()),
            }
            return Ok(());
        }
        let challenge = match challenge {
            Ok(challenge) => challenge,
            Err(error) => {
                self.cancel(error.into());
                return Ok(());
            }
        };
        match client.step(Some(&challenge)) {
            Ok(Step::Send(message)) => {
                let is_refused = client.refusal().is_some();
                self.put_sasl(&base64::encode(&message));
                if is_refused {
                    self.events.push_back(Event::Refusal { request, json: challenge.into() });
                }
            }
            Ok(Step::Work(derivation)) => {
                let ticket = self.tickets.issue();
                self.events.push_back(Event::Work { ticket, derivation });
            }
            Ok(Step::Wait) => {}
            Err(error @ (SaslError::SignatureWrong | SaslError::NonceNotExtended)) => {
                return Err(Violation::Sasl(error));
            }
            Err(error) => self.cancel(error.into()),
        }
        Ok(())
    }

    /// The login is over. With SASL, only the server's proof makes its success true.
    pub(super) fn on_login_over(&mut self, condition: Condition) -> Result<Option<Outcome>, Violation> {
        self.tickets.revoke();
        let exchange = self.exchange.take();
        if condition != Condition::Ok {
            self.state = State::NotAuthenticated;
            return Ok(exchange.and_then(|exchange| exchange.cancelled).map(Outcome::Cancelled));
        }
        if let Some(mut exchange) = exchange {
            if exchange.cancelled.is_some() {
                return Err(Violation::SuccessAfterCancel);
            }
            exchange.client.succeed(None).map_err(Violation::Sasl)?;
        }
        self.bindings = Bindings::none();
        self.be_authenticated();
        Ok(None)
    }

    /// Breaks the exchange off; the server answers with BAD (RFC 9051 §6.2.2).
    fn cancel(&mut self, error: LoginError) {
        self.outbox.put(b"*\r\n");
        if let Some(exchange) = self.exchange.as_deref_mut() {
            exchange.cancelled = Some(Box::new(error));
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
