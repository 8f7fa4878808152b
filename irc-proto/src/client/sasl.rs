use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::{Instant, Misuse, Ticket};
use wirestate_sasl::client::{self as sasl, Context, Credentials, Error as SaslError, Policy, Step, choose};
use wirestate_sasl::{Derived, Mechanism, Secret, base64};

use super::event::{Derive, Event, LoginError, Reason};
use super::state::On;
use super::violation::Violation;
use super::{Client, SaslPolicy, State};
use crate::capability::Capability;
use crate::codec::{Message, Numeric};
use crate::numerics::*;

/// How long a piece of a message is, in base64 ([SASL](https://ircv3.net/specs/extensions/sasl-3.1)). One of just this length is not the last.
const PIECE: usize = 400;

/// A login that is under way.
pub(super) struct Exchange {
    client: sasl::Client,
    /// The pieces of the server's message that are here.
    gathered: String,
    too_long: bool,
    aborted: bool,
    /// After registration, from the first poll on.
    deadline: Option<Instant>,
}

impl Exchange {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

impl Client {
    /// Logs in, or in anew, after registration; ends with [`Event::LoggedIn`] or [`Event::LoginFailed`].
    ///
    /// # Errors
    /// [`Misuse::WrongState`] before registration, where [`Identity::login`](super::Identity::login) is the way, and while another login is under
    /// way; [`Misuse::NotOffered`] where `sasl` is not agreed on, or no mechanism fits; [`Misuse::CleartextForbidden`] where one fits, but would
    /// show the password on a connection that is not encrypted.
    pub fn login(&mut self, credentials: Credentials) -> Result<(), Misuse> {
        self.allow(On::Login)?;
        if self.exchange.is_some() {
            return Err(Misuse::WrongState);
        }
        if !self.offers.agreed.has(Capability::Sasl) {
            return Err(Misuse::NotOffered);
        }
        self.tried.clear();
        let mechanism = self.mechanism(&credentials).map_err(|error| match error {
            LoginError::CleartextForbidden => Misuse::CleartextForbidden,
            _ => Misuse::NotOffered,
        })?;
        self.identity.credentials = Some(credentials);
        self.start(mechanism).map_err(|_| Misuse::OutOfRange)
    }

    /// Gives the outcome of [`Event::Work`].
    ///
    /// # Errors
    /// [`Misuse::StaleTicket`] when the login is over; [`Misuse::OutOfRange`] when `derived` is of another work item: then
    /// the session ends when its time is up.
    pub fn derived(&mut self, ticket: Ticket<Derive>, derived: Derived) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let Some(exchange) = self.exchange.as_deref_mut() else { return Err(Misuse::StaleTicket) };
        let step = exchange.client.resume(derived);
        if let Err(SaslError::Misuse(_)) = step {
            return Err(Misuse::OutOfRange);
        }
        self.tickets.redeem(ticket)?;
        self.stale = true;
        match step {
            Ok(Step::Send(message)) => self.put_message(&message),
            Ok(Step::Wait) => {}
            // No mechanism has two work items in a row.
            Ok(Step::Work(_)) => self.abort(SaslError::UnexpectedChallenge.into()),
            Err(error) => self.abort(error.into()),
        }
        Ok(())
    }

    /// Logs in with the identity's credentials, or says why that cannot be.
    pub(super) fn begin_login(&mut self) {
        let Some(credentials) = self.identity.credentials.clone() else { return };
        let begun = self.mechanism(&credentials).and_then(|mechanism| self.start(mechanism));
        if let Err(error) = begun {
            self.login_failed(error);
        }
    }

    fn start(&mut self, mechanism: Mechanism) -> Result<(), LoginError> {
        let Some(credentials) = self.identity.credentials.clone() else { return Err(LoginError::NotOffered) };
        let plus = self.listed().is_some_and(|list| list.iter().any(|name| name.ends_with("-PLUS")));
        let mut context = Context::new(self.nonces.fresh())
            .bindings(self.bindings.clone())
            .server_offers_plus(plus)
            .iterations(self.config.iterations.clone())
            .limit(self.config.limits.sasl_message);
        if let (Some(host), Some(port)) = (&self.config.host, self.config.port) {
            context = context.host(host.as_str()).port(port);
        }
        let client = sasl::Client::start(mechanism, &credentials, &context)?;
        let exchange = Exchange { client, gathered: String::new(), too_long: false, aborted: false, deadline: None };
        self.exchange = Some(Box::new(exchange));
        self.stale = true;
        self.put(b"AUTHENTICATE", &[mechanism.name().as_bytes()]);
        Ok(())
    }

    /// The names in the capability's value; `None` from a server that tells none.
    fn listed(&self) -> Option<Vec<String>> {
        let value = self.offers.value(Capability::Sasl).filter(|value| !value.is_empty())?;
        let names = value.split(|byte| *byte == b',').map(|name| String::from_utf8_lossy(name).to_ascii_uppercase());
        Some(names.collect())
    }

    fn mechanism(&self, credentials: &Credentials) -> Result<Mechanism, LoginError> {
        let offered: Vec<Mechanism> = match self.listed() {
            Some(names) => names.iter().filter_map(|name| Mechanism::from_name(name)).collect(),
            // Unknown: whatever is best, and the server will say if it lacks that.
            None => Mechanism::ALL.into_iter().filter(|mechanism| !mechanism.is_plus()).collect(),
        };
        let offered: Vec<Mechanism> = offered.into_iter().filter(|one| !self.tried.contains(one)).collect();
        let policy = if self.is_encrypted() { Policy::encrypted() } else { Policy::unencrypted() };
        let policy = policy.require_binding(self.config.require_channel_binding).allow_cleartext(self.config.cleartext);
        if let Some(mechanism) = choose(&offered, credentials, &self.bindings, &policy) {
            return Ok(mechanism);
        }
        // Would anything fit if only the wire were safe?
        match choose(&offered, credentials, &self.bindings, &policy.allow_cleartext(true)) {
            Some(_) => Err(LoginError::CleartextForbidden),
            None => Err(LoginError::NotOffered),
        }
    }

    /// A piece of the server's message.
    pub(super) fn on_authenticate(&mut self, message: &Message<Bytes>) -> Result<(), Violation> {
        let limit = self.config.limits.sasl_message;
        let working = self.tickets.is_open();
        let Some(exchange) = self.exchange.as_deref_mut().filter(|exchange| !exchange.aborted) else { return Ok(()) };
        let piece = message.borrow().param(0).unwrap_or_default();
        if working {
            self.abort(SaslError::UnexpectedChallenge.into());
            return Ok(());
        }
        if piece != b"+" {
            exchange.too_long |= exchange.gathered.len() + piece.len() > limit;
            if !exchange.too_long {
                exchange.gathered.push_str(&String::from_utf8_lossy(piece));
            }
        }
        if exchange.too_long {
            exchange.gathered = String::new();
            self.abort(SaslError::TooLong { limit }.into());
            return Ok(());
        }
        if piece.len() >= PIECE {
            return Ok(());
        }
        let challenge = match base64::decode(core::mem::take(&mut exchange.gathered), limit) {
            Ok(challenge) => challenge,
            Err(error) => {
                self.abort(error.into());
                return Ok(());
            }
        };
        match exchange.client.step(Some(&challenge)) {
            Ok(Step::Send(message)) => self.put_message(&message),
            Ok(Step::Work(derivation)) => {
                let ticket = self.tickets.issue();
                self.events.push_back(Event::Work { ticket, derivation });
            }
            // The mechanism waits although it is the client's turn: an empty message is all that can be said.
            Ok(Step::Wait) => self.put_message(&[]),
            Err(error @ (SaslError::SignatureWrong | SaslError::NonceNotExtended)) => {
                return Err(Violation::Sasl(error));
            }
            Err(error) => self.abort(error.into()),
        }
        Ok(())
    }

    pub(super) fn on_sasl_numeric(&mut self, numeric: Numeric, message: Message<Bytes>) -> Result<(), Violation> {
        match numeric {
            RPL_SASLMECHS if self.exchange.is_some() => {
                // What the server told before, if it did, still counts: nobody takes mechanisms off the list in the middle.
                if self.listed().is_none() {
                    let list = message.borrow().param(1).unwrap_or_default();
                    let value = [&b"sasl="[..], list].concat();
                    self.offers.add(&value, &self.config.limits)?;
                }
            }
            RPL_SASLSUCCESS => return self.on_login(),
            ERR_NICKLOCKED | ERR_SASLFAIL | ERR_SASLTOOLONG | ERR_SASLABORTED | ERR_SASLALREADY
                if self.exchange.is_some() =>
            {
                let text = Bytes::copy_from_slice(message.borrow().params().last().unwrap_or_default());
                self.on_refusal(numeric, text);
            }
            _ => self.file(message),
        }
        Ok(())
    }

    /// The server says that the login succeeded; only its proof makes that true.
    fn on_login(&mut self) -> Result<(), Violation> {
        let Some(mut exchange) = self.exchange.take() else { return Ok(()) };
        if exchange.aborted {
            return Err(Violation::SuccessAfterAbort);
        }
        exchange.client.succeed(None).map_err(Violation::Sasl)?;
        self.tickets.revoke();
        self.logged_in = true;
        let account = self.tracker.me().account.as_deref().map(Bytes::copy_from_slice);
        self.events.push_back(Event::LoggedIn { mechanism: exchange.client.mechanism(), account });
        if self.state == State::Authenticating {
            self.finish_negotiation();
        }
        Ok(())
    }

    fn on_refusal(&mut self, numeric: Numeric, text: Bytes) {
        let Some(exchange) = self.exchange.take() else { return };
        self.tickets.revoke();
        if exchange.aborted {
            // Why has been told already.
            return self.after_failure();
        }
        let mechanism = exchange.client.mechanism();
        self.tried.push(mechanism);
        // A server that has told its mechanisms only now, and lacks this one, is asked for another.
        let lacks = self.listed().is_some_and(|list| !list.iter().any(|name| name == mechanism.name()));
        let again = lacks && numeric == ERR_SASLFAIL && self.tried.len() < Mechanism::ALL.len();
        let credentials = self.identity.credentials.clone().filter(|_| again);
        if let Some(mechanism) = credentials.and_then(|credentials| self.mechanism(&credentials).ok())
            && self.start(mechanism).is_ok()
        {
            return;
        }
        self.login_failed(LoginError::Refused { numeric: numeric.number(), text });
    }

    pub(super) fn login_failed(&mut self, error: LoginError) {
        self.events.push_back(Event::LoginFailed(Box::new(error)));
        self.after_failure();
    }

    fn after_failure(&mut self) {
        self.tried.clear();
        if matches!(self.state, State::Registered | State::Leaving | State::Closed) {
            return;
        }
        match self.config.sasl {
            SaslPolicy::Required => self.take_leave(b"", Reason::LoginFailed),
            _ => self.finish_negotiation(),
        }
    }

    /// Breaks the exchange off for a reason; the server answers with 906 or 904.
    fn abort(&mut self, error: LoginError) {
        self.tickets.revoke();
        if let Some(exchange) = self.exchange.as_deref_mut() {
            exchange.aborted = true;
            exchange.gathered = String::new();
            self.put(b"AUTHENTICATE", &[b"*"]);
            self.events.push_back(Event::LoginFailed(Box::new(error)));
        }
    }

    /// Drops a login that is overtaken by something else.
    pub(super) fn abort_login(&mut self) {
        self.tickets.revoke();
        self.exchange = None;
    }

    /// Times a login after registration; whether its time is up.
    pub(super) fn login_is_late(&mut self) -> bool {
        if self.state != State::Registered || self.tickets.is_open() {
            return false;
        }
        let Some(exchange) = self.exchange.as_deref_mut() else { return false };
        let due = *exchange.deadline.get_or_insert(self.now + self.config.limits.login);
        if due > self.now {
            return false;
        }
        let told = exchange.aborted;
        self.put(b"AUTHENTICATE", &[b"*"]);
        self.abort_login();
        if !told {
            self.login_failed(LoginError::Unfinished);
        }
        true
    }

    /// Sends a message in pieces; one that fills its last piece is followed by an empty one.
    fn put_message(&mut self, message: &[u8]) {
        let text = Secret::new(base64::encode(message));
        let text = text.expose().as_bytes();
        for piece in text.chunks(PIECE) {
            self.put(b"AUTHENTICATE", &[piece]);
        }
        if text.len().is_multiple_of(PIECE) {
            self.put(b"AUTHENTICATE", &[b"+"]);
        }
    }
}
