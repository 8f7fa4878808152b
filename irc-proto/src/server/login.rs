use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use wirestate_machine::{ClientCertificate, Misuse, Ticket, TlsFacts};
use wirestate_sasl::server::{self as sasl, Answer, Failure, Identity, Offer, Rejection, Step};
use wirestate_sasl::{Bindings, Mechanism, Nonces, base64};

use super::event::kind;
use super::reply::{encoder, target};
use super::{Ask, Event, Keyword, Rejected, Server, State, Violation};
use crate::codec::{Command, Numeric, Parts, Trailing};
use crate::{Capability, numerics};

/// What one AUTHENTICATE carries (IRCv3 sasl-3.1): a chunk of this length says that more follows.
const CHUNK: usize = 400;
/// The longest account name, which stands in the middle of replies.
const LONGEST_ACCOUNT: usize = 128;

/// What logins need.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) nonces: Nonces,
    channel: Option<Box<Channel>>,
    exchange: Option<Box<Exchange>>,
    failures: u16,
    /// The answer to a failed login, kept back for the delay.
    kept_back: Option<Numeric>,
    is_logged_in: bool,
    /// What most sessions never need.
    rare: Option<Box<Rare>>,
}

/// What is known of a channel of TLS.
#[derive(Debug)]
struct Channel {
    bindings: Bindings,
    /// What the client has proved by TLS.
    certificate: Option<Box<ClientCertificate>>,
}

#[derive(Debug, Default)]
struct Rare {
    /// As others see the client; empty where that is not known.
    user: Box<[u8]>,
    host: Box<[u8]>,
    /// The command about an account that the application is asked to carry out, and the account's name.
    request: Option<(Keyword, Box<str>)>,
}

/// One login under way.
#[derive(Debug)]
struct Exchange {
    sasl: sasl::Server,
    /// The chunks of the message that is coming in. It may be a password, so only how many there are is shown.
    chunks: Chunks,
}

#[derive(Default)]
struct Chunks(Vec<u8>);

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Login {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Login {
            nonces: Nonces::from_seed(seed),
            channel: None,
            exchange: None,
            failures: 0,
            kept_back: None,
            is_logged_in: false,
            rare: None,
        }
    }

    /// What SCRAM-PLUS and EXTERNAL rest on.
    pub(super) fn know_channel(&mut self, facts: &TlsFacts) {
        let bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
        self.channel = Some(Box::new(Channel { bindings, certificate: ClientCertificate::of(facts) }));
    }

    pub(super) fn forget_channel(&mut self) {
        self.channel = None;
    }

    /// What the client has proved by TLS.
    pub(super) fn certificate(&self) -> Option<&ClientCertificate> {
        self.channel.as_ref()?.certificate.as_deref()
    }

    fn bindings(&self) -> Option<&Bindings> {
        self.channel.as_ref().map(|channel| &channel.bindings)
    }

    /// Notes which command about an account the application is asked to carry out.
    pub(super) fn note_request(&mut self, command: Keyword, account: &str) {
        self.rare.get_or_insert_default().request = Some((command, account.into()));
    }

    /// That command, and the account's name.
    pub(super) fn request(&mut self) -> Option<&mut Option<(Keyword, Box<str>)>> {
        self.rare.as_mut().map(|rare| &mut rare.request)
    }

    /// TLS has come up: what was said in the clear is forgotten.
    pub(super) fn secured(&mut self, facts: &TlsFacts) {
        self.know_channel(facts);
        self.is_logged_in = false;
        self.exchange = None;
    }
}

impl Server {
    // --- what is offered ---

    pub(super) fn offered_mechanisms(&self) -> impl Iterator<Item = Mechanism> + '_ {
        self.config.mechanisms.iter().copied().filter(|one| self.offers(*one))
    }

    fn offers(&self, mechanism: Mechanism) -> bool {
        let Some(login) = &self.login else { return false };
        let offer = Offer {
            bindings: login.bindings(),
            has_certificate: login.certificate().is_some(),
            is_private: self.encrypted || self.config.cleartext,
            has_fake_keys: self.config.fake_keys.is_some(),
        };
        offer.has(mechanism)
    }

    /// The names of the mechanisms on offer, as capability and RPL_SASLMECHS list them.
    pub(super) fn mechanism_list(&self) -> Vec<u8> {
        let names: Vec<_> = self.offered_mechanisms().map(Mechanism::name).collect();
        names.join(",").into_bytes()
    }

    // --- AUTHENTICATE ---

    pub(super) fn authenticate_command(&mut self, param: &[u8]) -> Result<(), Rejected> {
        if matches!(self.state, State::Authenticating | State::Reauthenticating) {
            return self.take_chunk(param);
        }
        if param == b"*" {
            self.numeric(numerics::ERR_SASLABORTED, &[], "SASL authentication aborted");
            return Err(Rejected::BrokenOff);
        }
        let known_to_both = self.agreed.has(Capability::Sasl);
        let is_done = self.login.as_ref().is_none_or(|login| login.is_logged_in);
        let is_again = is_done || self.registering.is_none();
        if is_again && !self.config.reauthentication {
            return Err(Rejected::AlreadyLoggedIn);
        }
        if !known_to_both {
            return Err(Rejected::NotOffered);
        }
        self.start_login(param)
    }

    fn start_login(&mut self, name: &[u8]) -> Result<(), Rejected> {
        let mechanism = core::str::from_utf8(name).ok().and_then(Mechanism::from_name);
        let offered = mechanism.filter(|one| self.offered_mechanisms().any(|offered| offered == *one));
        let Some(mechanism) = offered else {
            self.list_mechanisms();
            return Err(Rejected::NotOffered);
        };
        let plus_offered = self.offered_mechanisms().any(Mechanism::is_plus);
        let config = self.config.clone();
        let login = self.login.as_mut().ok_or(Rejected::NotOffered)?;
        let context = sasl::Context::new(login.nonces.fresh())
            .bindings(login.bindings().cloned().unwrap_or(Bindings::none()))
            .plus_offered(plus_offered)
            .success_data(false)
            .fake_keys(config.fake_keys.clone())
            .oauth(config.oauth.clone())
            .limit(config.limits.sasl)
            .host(config.name.as_str());
        let mut sasl = sasl::Server::start(mechanism, &context).map_err(|_| Rejected::NotOffered)?;
        let step = sasl.step(None).map_err(|_| Rejected::SaslMalformed)?;
        login.exchange = Some(Box::new(Exchange { sasl, chunks: Chunks::default() }));
        self.state = if self.registering.is_some() { State::Authenticating } else { State::Reauthenticating };
        self.take_step(step);
        Ok(())
    }

    fn list_mechanisms(&mut self) {
        let config = self.config.clone();
        let nick = self.nick.clone();
        let list = self.mechanism_list();
        let list = if list.is_empty() { b"*".to_vec() } else { list };
        let said = self.say(&Parts {
            source: Some(config.name.as_bytes()),
            command: Command::Numeric(numerics::RPL_SASLMECHS),
            params: &[target(&nick), &list, b"are available SASL mechanisms"],
            ..Parts::default()
        });
        debug_assert!(said.is_ok(), "{said:?}");
    }

    fn take_chunk(&mut self, chunk: &[u8]) -> Result<(), Rejected> {
        let limit = self.config.limits.sasl;
        let exchange = self.login.as_mut().and_then(|login| login.exchange.as_mut()).ok_or(Rejected::SaslMalformed)?;
        let chunks = &mut exchange.chunks.0;
        let fault = if chunk == b"*" {
            Some((numerics::ERR_SASLABORTED, "SASL authentication aborted", Rejected::BrokenOff))
        } else if chunk.len() > CHUNK || chunks.len() + chunk.len() > limit {
            Some((numerics::ERR_SASLTOOLONG, "SASL message too long", Rejected::SaslTooLong))
        } else {
            None
        };
        if let Some((numeric, text, why)) = fault {
            self.leave_exchange();
            self.numeric(numeric, &[], text);
            return Err(why);
        }
        if chunk != b"+" {
            chunks.extend_from_slice(chunk);
        }
        if chunk.len() == CHUNK {
            return Ok(());
        }
        let text = core::mem::take(chunks);
        let response = base64::decode(&text, limit).ok();
        let step = response.and_then(|response| exchange.sasl.step(Some(&response)).ok());
        match step {
            Some(step) => {
                self.take_step(step);
                Ok(())
            }
            None => {
                self.leave_exchange();
                self.numeric(numerics::ERR_SASLFAIL, &[], "SASL authentication failed: not base64");
                Err(Rejected::SaslMalformed)
            }
        }
    }

    // --- the application's part ---

    /// Answers [`Event::Authenticate`] (IRCv3 sasl-3.1): the client is told 900 and 903 when the exchange succeeds, and 904 after the delay when it
    /// fails. Which
    /// answer fits which question is told at [`sasl::Ask`].
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`]; [`Misuse::OutOfRange`] for an answer that does not fit, with which the ticket is lost.
    pub fn authenticate(&mut self, ticket: Ticket<kind::Authenticate>, answer: Answer) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let exchange = self.login.as_mut().and_then(|login| login.exchange.as_mut()).ok_or(Misuse::WrongState)?;
        let step = exchange.sasl.answer(answer).map_err(|_| Misuse::OutOfRange)?;
        self.redeem(ticket)?;
        self.take_step(step);
        Ok(())
    }

    // --- the course of a login ---

    fn take_step(&mut self, step: Step) {
        match step {
            Step::Challenge(challenge) => self.challenge(&challenge),
            Step::Ask(sasl::Ask::External { authzid }) => {
                // Not offered without one, nor started.
                match self.login.as_ref().and_then(|login| login.certificate()).cloned().map(Box::new) {
                    Some(certificate) => self.ask(Ask::External { authzid, certificate }),
                    None => self.fail_login(Failure::Rejected(Rejection::Credentials)),
                }
            }
            Step::Ask(ask) => self.ask(Ask::Sasl(ask)),
            Step::Done { identity, .. } if is_account(identity.name()) => self.log_in(identity),
            Step::Done { .. } => self.fail_login(Failure::Rejected(Rejection::NotAuthorized)),
            Step::Failed(failure) => self.fail_login(failure),
        }
    }

    fn ask(&mut self, ask: Ask) {
        let ticket = self.issue();
        self.queued = Some(Box::new(Event::Authenticate { ticket, ask: Box::new(ask) }));
    }

    /// A challenge in chunks; what fills its last chunk, as nothing does, is ended by an empty one.
    fn challenge(&mut self, challenge: &[u8]) {
        let text = base64::encode(challenge);
        let is_open = text.len().is_multiple_of(CHUNK);
        for chunk in text.as_bytes().chunks(CHUNK).chain(is_open.then_some(&b"+"[..])) {
            let parts = Parts { command: Command::Word(b"AUTHENTICATE"), params: &[chunk], ..Parts::default() };
            // Here a colon would be one too many for many a client.
            let encoder = encoder(&self.config).with_trailing(Trailing::Auto);
            let said = self.say_by(&encoder, &parts);
            debug_assert!(said.is_ok(), "{said:?}");
        }
    }

    fn log_in(&mut self, identity: Identity) {
        self.leave_exchange();
        self.tell_login(identity.name());
        self.numeric(numerics::RPL_SASLSUCCESS, &[], "SASL authentication successful");
        self.keep_login(identity);
    }

    /// RPL_LOGGEDIN, with as much as fits into a line.
    pub(super) fn tell_login(&mut self, name: &str) {
        let config = self.config.clone();
        let nick = self.nick.clone();
        let (mask, brief) = (self.mask(), [target(&nick), b"!*@*"].concat());
        let text = alloc::format!("You are now logged in as {name}");
        for (mask, text) in [(&mask, &text[..]), (&mask, "You are now logged in"), (&brief, "You are now logged in")] {
            let params = [target(&nick), mask, name.as_bytes(), text.as_bytes()];
            let source = Some(config.name.as_bytes());
            let command = Command::Numeric(numerics::RPL_LOGGEDIN);
            if self.say(&Parts { source, command, params: &params, ..Parts::default() }).is_ok() {
                return;
            }
        }
    }

    /// The client is somebody from here on.
    pub(super) fn keep_login(&mut self, identity: Identity) {
        if let Some(login) = &mut self.login {
            login.is_logged_in = true;
        }
        if let Some(registering) = &mut self.registering {
            registering.said_mut().account = Some(identity.clone());
        }
        self.queued = Some(Box::new(Event::LoggedIn(identity)));
    }

    pub(super) fn is_exchanging(&self) -> bool {
        self.login.as_ref().is_some_and(|login| login.exchange.is_some())
    }

    /// Counts a failure that was answered; whether it was the last that is allowed.
    pub(super) fn has_failed_too_often(&mut self) -> bool {
        let most = self.config.limits.failed_logins.max(1);
        let Some(login) = &mut self.login else { return false };
        login.failures = login.failures.saturating_add(1);
        login.failures >= most
    }

    pub(super) fn is_logged_in(&self) -> bool {
        self.login.as_ref().is_some_and(|login| login.is_logged_in)
    }

    /// `nick!user@host` with `*` for what is not known.
    fn mask(&self) -> Vec<u8> {
        let rare = self.login.as_ref().and_then(|login| login.rare.as_ref());
        let (user, host) = rare.map_or((&[][..], &[][..]), |rare| (&rare.user, &rare.host));
        let said = self.registering.as_ref().and_then(|registering| registering.said());
        let forwarded = said.and_then(|said| said.forwarded.as_ref());
        let forwarded = forwarded.map_or(&[][..], |forwarded| forwarded.host.as_bytes());
        let known = |all: [&'_ [u8]; 2]| all.into_iter().find(|one| !one.is_empty()).unwrap_or(b"*").to_vec();
        let (user, host) = (known([user, self.user_name()]), known([host, forwarded]));
        [target(&self.nick), b"!", &user, b"@", &host].concat()
    }

    /// Tells the session the user name and the host that others see of the client, for RPL_LOGGEDIN and RPL_LOGGEDOUT. What is empty is not known
    /// yet: then a user name is the one that the client has given, and a host the one that its gateway has. Where no login can come any more they
    /// are not kept.
    ///
    /// # Errors
    ///
    /// [`Misuse::TooLong`] for more than 128 bytes; [`Misuse::ForbiddenCharacter`] for what could not stand in a source.
    pub fn set_mask(&mut self, user: &[u8], host: &[u8]) -> Result<(), Misuse> {
        if user.len() > 128 || host.len() > 128 {
            return Err(Misuse::TooLong);
        }
        if [user, host].concat().iter().any(|byte| b"\r\n\0 !@".contains(byte)) {
            return Err(Misuse::ForbiddenCharacter);
        }
        if let Some(login) = &mut self.login {
            let rare = login.rare.get_or_insert_default();
            (rare.user, rare.host) = (user.into(), host.into());
        }
        Ok(())
    }

    fn fail_login(&mut self, failure: Failure) {
        let numeric = match failure.rejection() {
            Some(Rejection::AccountDisabled) => numerics::ERR_NICKLOCKED,
            _ => numerics::ERR_SASLFAIL,
        };
        let Some(login) = &mut self.login else { return };
        login.exchange = None;
        login.failures = login.failures.saturating_add(1);
        login.kept_back = Some(numeric);
        self.queued = Some(Box::new(Event::LoginFailed { count: login.failures, failure }));
        self.timer.delay(self.now);
    }

    /// The delay after a failed login is over: now the client learns of it.
    #[cold]
    pub(super) fn end_delay(&mut self) {
        let Some(login) = &mut self.login else { return };
        let failures = login.failures;
        let Some(numeric) = login.kept_back.take() else { return };
        self.leave_exchange();
        let text = match numeric {
            numerics::ERR_NICKLOCKED => "This account is not available",
            _ => "SASL authentication failed",
        };
        self.numeric(numeric, &[], text);
        if failures >= self.config.limits.failed_logins.max(1) {
            self.violate(Violation::TooManyFailedLogins);
        }
    }

    /// The client has ended its registration in the middle of an exchange.
    pub(super) fn abort_login(&mut self) {
        self.leave_exchange();
        self.numeric(numerics::ERR_SASLABORTED, &[], "SASL authentication aborted");
    }

    fn leave_exchange(&mut self) {
        if let Some(login) = &mut self.login {
            login.exchange = None;
        }
        self.state = if self.registering.is_some() { State::Registering } else { State::Registered };
    }

    /// Tells the client that it is logged out, as when its account is gone (901 RPL_LOGGEDOUT, IRCv3 sasl-3.1). It may log in again where that is
    /// configured.
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongState`] where the session is over, or is being secured.
    pub fn log_out(&mut self) -> Result<(), Misuse> {
        if matches!(self.state, State::Closed | State::Securing) {
            return Err(Misuse::WrongState);
        }
        if let Some(login) = &mut self.login {
            login.is_logged_in = false;
        }
        if let Some(registering) = &mut self.registering {
            registering.said_mut().account = None;
        }
        let mask = self.mask();
        self.numeric(numerics::RPL_LOGGEDOUT, &[&mask], "You are now logged out");
        Ok(())
    }
}

/// Whether an account's name can stand in the middle of a message.
pub(super) fn is_account(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST_ACCOUNT
        && !name.starts_with([':', '*'])
        && !name.contains([' ', '\r', '\n', '\0'])
}
