use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::{ClientCertificate, Misuse, Ticket, TlsFacts};
use wirestate_sasl::server::{self as sasl, Answer, Failure, Identity, Rejection, Step};
use wirestate_sasl::{Bindings, Mechanism, Nonces, Secret, base64};

use super::event::kind;
use super::{Ask, Asked, Event, Rejected, Reply, Server, State, Violation};
use crate::codec::Code;

/// What only matters until the login, and again after UNAUTHENTICATE.
#[derive(Debug)]
pub(super) struct Login {
    nonces: Nonces,
    pub(super) bindings: Bindings,
    /// What the client has proved by TLS.
    pub(super) certificate: Option<Box<ClientCertificate>>,
    proof: Proof,
    failures: u16,
    /// The answer to a failed login, kept back for the delay.
    kept_back: Option<Box<Reply>>,
}

/// How the client proves who it is.
#[derive(Debug)]
enum Proof {
    None,
    Login { user: String },
    Sasl(Box<sasl::Server>),
}

impl Login {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Login {
            nonces: Nonces::from_seed(seed),
            bindings: Bindings::none(),
            certificate: None,
            proof: Proof::None,
            failures: 0,
            kept_back: None,
        }
    }

    /// What SCRAM-PLUS and EXTERNAL rest on.
    pub(super) fn know_channel(&mut self, facts: &TlsFacts) {
        self.bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
        self.certificate = ClientCertificate::of(facts);
    }

    pub(super) fn forget_proof(&mut self) {
        self.proof = Proof::None;
    }
}

impl Server {
    // --- commands ---

    /// LOGIN (RFC 9051 §6.2.3).
    pub(super) fn log_in(&mut self, user: &[u8], password: &[u8]) -> Result<(), Rejected> {
        if !self.config.login {
            return Err(Rejected::NotOffered);
        }
        if !self.takes_secrets() {
            return Err(Rejected::NeedsTls);
        }
        let user = core::str::from_utf8(user).map_err(|_| Rejected::NotUtf8)?.to_string();
        let password = core::str::from_utf8(password).map_err(|_| Rejected::NotUtf8)?;
        let login = self.login.as_mut().ok_or(Rejected::WrongState)?;
        login.proof = Proof::Login { user: user.clone() };
        self.ask(Ask::Sasl(sasl::Ask::Password { authzid: None, user, password: Secret::new(password) }));
        Ok(())
    }

    /// AUTHENTICATE (RFC 9051 §6.2.2), with or without an initial response (RFC 4959).
    pub(super) fn authenticate_by(&mut self, name: &[u8], initial: Option<&[u8]>) -> Result<(), Rejected> {
        let mechanism = core::str::from_utf8(name).ok().and_then(Mechanism::from_name);
        let Some(mechanism) = mechanism.filter(|one| self.config.mechanisms.contains(one)) else {
            return Err(Rejected::NoMechanism);
        };
        if !self.offers(mechanism) {
            return Err(if self.takes_secrets() { Rejected::NoMechanism } else { Rejected::NeedsTls });
        }
        let initial: Option<Vec<u8>> = match initial {
            None => None,
            Some(b"=") => Some(Vec::new()),
            Some(text) => Some(self.decode(text).ok_or(Rejected::BrokenOff)?),
        };
        let plus_offered = self.offered_mechanisms().any(Mechanism::is_plus);
        let config = self.config.clone();
        let login = self.login.as_mut().ok_or(Rejected::WrongState)?;
        let mut context = sasl::Context::new(login.nonces.fresh())
            .bindings(login.bindings.clone())
            .plus_offered(plus_offered)
            .success_data(false)
            .fake_keys(config.fake_keys.clone())
            .oauth(config.oauth.clone())
            .limit(config.limits.sasl_line);
        if let Some(host) = &config.host {
            context = context.host(host.clone());
        }
        let mut exchange = sasl::Server::start(mechanism, &context).map_err(|_| Rejected::NoMechanism)?;
        let step = exchange.step(initial.as_deref()).map_err(|_| Rejected::BrokenOff)?;
        login.proof = Proof::Sasl(Box::new(exchange));
        self.state = State::Authenticating;
        self.take_step(step);
        Ok(())
    }

    fn decode(&self, text: &[u8]) -> Option<Vec<u8>> {
        base64::decode(text, self.config.limits.sasl_line).ok()
    }

    /// The client's next line of a SASL exchange; `None` for one that is too long, or no line.
    pub(super) fn take_sasl_line(&mut self, line: Option<Bytes>) {
        let Some(line) = line else { return self.break_off(Rejected::LineTooLong) };
        let Some(response) = (*line != *b"*").then(|| self.decode(&line)).flatten() else {
            return self.break_off(Rejected::BrokenOff);
        };
        let step = match self.login.as_deref_mut() {
            Some(Login { proof: Proof::Sasl(exchange), .. }) => exchange.step(Some(&response)),
            _ => return self.break_off(Rejected::WrongState),
        };
        match step {
            Ok(step) => self.take_step(step),
            Err(_) => self.break_off(Rejected::WrongState),
        }
    }

    /// Ends a SASL exchange in which the client did not keep to the form.
    fn break_off(&mut self, why: Rejected) {
        self.forget_proof();
        self.state = State::NotAuthenticated;
        self.reject(why);
    }

    // --- the application's part ---

    /// Answers [`Event::Authenticate`]. Which answer fits which question is told at [`sasl::Ask`].
    pub fn authenticate(&mut self, ticket: Ticket<kind::Authenticate>, answer: Answer) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let login = self.login.as_mut().ok_or(Misuse::WrongState)?;
        let done = |identity| Step::Done { identity, data: None };
        let step = match (&mut login.proof, answer) {
            (Proof::Sasl(exchange), answer) => exchange.answer(answer).map_err(|_| Misuse::OutOfRange)?,
            (Proof::None, _) => return Err(Misuse::WrongState),
            (Proof::Login { .. }, Answer::AcceptAs(identity)) => done(identity),
            (Proof::Login { .. }, Answer::Reject(why)) => Step::Failed(Failure::Rejected(why)),
            (Proof::Login { user }, Answer::Accept) => done(Identity::new(core::mem::take(user))),
            (Proof::Login { .. }, _) => return Err(Misuse::OutOfRange),
        };
        self.redeem(ticket)?;
        self.take_step(step);
        Ok(())
    }

    /// Answers [`Event::LoggedIn`]: the client is told OK, with the capabilities that it has now.
    pub fn welcome(&mut self, ticket: Ticket<kind::LogIn>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.enter(State::Authenticated);
        let reply = Reply::ok("Logged in").with_code(Code::Capability(self.capabilities()));
        if !self.answer(reply) {
            self.enter(State::NotAuthenticated);
        }
        Ok(())
    }

    /// Answers [`Event::LoggedIn`] with a refusal, such as [`Code::Unavailable`] or [`Code::Limit`]: the credentials were good, but there is no service
    /// to be had. The client may try again.
    pub fn refuse_login(&mut self, ticket: Ticket<kind::LogIn>, reply: Reply) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.forget_proof();
        self.state = State::NotAuthenticated;
        self.answer(reply.refusing());
        Ok(())
    }

    // --- the course of a login ---

    /// The client is known from here on, or, after UNAUTHENTICATE, no longer.
    pub(super) fn enter(&mut self, state: State) {
        self.state = state;
        self.bad_commands = 0;
        self.forget_proof();
        let logged_in = self.is_logged_in();
        if logged_in && !self.config.unauthenticate {
            self.login = None;
        }
        self.outbox.set_marks(self.config.limits.output(logged_in));
        self.inbox.set_limit(self.config.limits.inbox(logged_in));
        self.framing.set_limits(self.config.command_limits(logged_in));
    }

    fn ask(&mut self, ask: Ask) {
        self.state = State::Authenticating;
        let ticket = self.issue(Asked::Authenticate);
        self.queue(Event::Authenticate { ticket, ask });
    }

    fn take_step(&mut self, step: Step) {
        match step {
            Step::Challenge(challenge) => {
                self.outbox.put(b"+ ");
                self.outbox.put(base64::encode(&challenge).as_bytes());
                self.outbox.put(b"\r\n");
            }
            Step::Ask(sasl::Ask::External { authzid }) => {
                // Not offered without one, nor started.
                match self.login.as_ref().and_then(|login| login.certificate.clone()) {
                    Some(certificate) => self.ask(Ask::External { authzid, certificate }),
                    None => self.fail_login(Failure::Rejected(Rejection::Credentials)),
                }
            }
            Step::Ask(ask) => self.ask(Ask::Sasl(ask)),
            Step::Done { identity, .. } => {
                self.state = State::Authenticating;
                let ticket = self.issue(Asked::LogIn);
                self.queue(Event::LoggedIn { ticket, identity });
            }
            Step::Failed(failure) => self.fail_login(failure),
        }
    }

    /// The codes are RFC 5530's.
    fn fail_login(&mut self, failure: Failure) {
        let (code, text) = match failure.rejection() {
            Some(Rejection::Temporary) => (Code::Unavailable, "Not possible at present, try again later"),
            Some(Rejection::AccountDisabled) => (Code::ContactAdmin, "The account is disabled"),
            Some(Rejection::CredentialsExpired) => (Code::Expired, "The password has expired"),
            Some(Rejection::EncryptionRequired) => (Code::PrivacyRequired, "Not without TLS"),
            Some(Rejection::NotAuthorized) => (Code::AuthorizationFailed, "Not authorized"),
            _ => (Code::AuthenticationFailed, "Login failed"),
        };
        self.forget_proof();
        self.state = State::Authenticating;
        let Some(login) = &mut self.login else { return };
        login.failures = login.failures.saturating_add(1);
        login.kept_back = Some(Box::new(Reply::no(code, text)));
        let count = login.failures;
        self.queue(Event::LoginFailed { count, failure });
        self.timer.delay();
    }

    /// The delay after a failed login is over: now the client learns of it.
    pub(super) fn end_delay(&mut self) {
        let Some(login) = &mut self.login else { return };
        let failures = login.failures;
        let Some(reply) = login.kept_back.take() else { return };
        self.state = State::NotAuthenticated;
        self.answer(*reply);
        if failures >= self.config.limits.failed_logins.max(1) {
            self.violate(Violation::TooManyFailedLogins);
        }
    }

    fn forget_proof(&mut self) {
        if let Some(login) = &mut self.login {
            login.forget_proof();
        }
    }
}
