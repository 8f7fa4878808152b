use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::{ClientCertificate, Misuse, Ticket, TlsFacts};
use wirestate_sasl::apop::Timestamp;
use wirestate_sasl::server::{self as sasl, Answer, Failure, Identity, Rejection, Step};
use wirestate_sasl::{Bindings, Mechanism, Nonces, Secret, base64};

use super::event::kind;
use super::maildrop::Opened;
use super::{ApopProof, Ask, Asked, Event, Maildrop, Rejected, Reply, Server, State, Violation};
use crate::codec::{Code, Keyword, LineFault, Text};
use crate::server::phrase::Phrase;

/// What only matters until the login.
#[derive(Debug)]
pub(super) struct Login {
    nonces: Nonces,
    pub(super) bindings: Bindings,
    /// What the client has proved by TLS.
    pub(super) certificate: Option<Box<ClientCertificate>>,
    timestamp: Option<Timestamp>,
    /// USER's argument, until PASS.
    user: Option<String>,
    proof: Proof,
    /// Which command is being answered.
    keyword: Keyword,
    failures: u16,
    /// The answer to a failed login, kept back for the delay.
    kept_back: Option<Box<Reply>>,
}

/// How the client proves who it is.
#[derive(Debug)]
enum Proof {
    None,
    Pass { user: String },
    Apop { user: String, proof: Box<ApopProof> },
    Sasl(Box<sasl::Server>),
}

impl Login {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Login {
            nonces: Nonces::from_seed(seed),
            bindings: Bindings::none(),
            certificate: None,
            timestamp: None,
            user: None,
            proof: Proof::None,
            keyword: Keyword::Other,
            failures: 0,
            kept_back: None,
        }
    }

    /// What SCRAM-PLUS and EXTERNAL rest on.
    pub(super) fn know_channel(&mut self, facts: &TlsFacts) {
        self.bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
        self.certificate = ClientCertificate::of(facts);
    }
}

impl Server {
    // --- before the login ---

    /// The greeting (RFC 1939 §4), with APOP's timestamp and `[XCLIENT]` where they are configured.
    pub(super) fn say_greeting(&mut self, text: Text) {
        let mut text = text;
        if let (Some(host), Some(login)) = (&self.config.apop_host, &mut self.login) {
            login.timestamp = Timestamp::new(&login.nonces.fresh(), host).ok();
            if let Some(timestamp) = &login.timestamp {
                text = Text::lossy(alloc::format!("{text} {timestamp}"));
            }
        }
        let mut greeting = Reply::ok(text);
        greeting.code = self.config.xclient.then_some(Code::Xclient);
        self.state = State::Authorization;
        self.timer.rearm();
        self.reply(greeting);
    }

    /// TLS is up: what was said in the clear is forgotten (RFC 2595 §4).
    pub(super) fn secured(&mut self, facts: Box<TlsFacts>) {
        if let Some(login) = &mut self.login {
            login.know_channel(&facts);
            login.user = None;
            login.proof = Proof::None;
        }
        self.encrypted = true;
        (self.utf8, self.language) = (false, None);
        self.inbox.hold(false);
        self.timer.rearm();
        // With implicit TLS the greeting is still to come.
        self.state = if self.heard { State::Authorization } else { State::Greeting };
        self.queued = Some(Box::new(Event::Secured(facts)));
    }

    // --- commands ---

    pub(super) fn user(&mut self, name: &[u8]) -> Result<(), Rejected> {
        self.check_user_offered()?;
        let name = core::str::from_utf8(name).map_err(|_| Rejected::NotUtf8)?;
        if self.ok(Keyword::User, Phrase::NameTaken)
            && let Some(login) = &mut self.login
        {
            login.user = Some(name.to_string());
        }
        Ok(())
    }

    pub(super) fn pass(&mut self, password: &[u8]) -> Result<(), Rejected> {
        self.check_user_offered()?;
        let login = self.login.as_mut().ok_or(Rejected::WrongState)?;
        let user = login.user.take().ok_or(Rejected::UserFirst)?;
        let password = core::str::from_utf8(password).map_err(|_| Rejected::NotUtf8)?;
        login.proof = Proof::Pass { user: user.clone() };
        login.keyword = Keyword::Pass;
        let ask = sasl::Ask::Password { authzid: None, user, password: Secret::new(password) };
        self.ask(Ask::Sasl(ask));
        Ok(())
    }

    fn check_user_offered(&self) -> Result<(), Rejected> {
        if !self.config.user_pass {
            Err(Rejected::NotOffered)
        } else if !self.takes_secrets() {
            Err(Rejected::NeedsTls)
        } else {
            Ok(())
        }
    }

    pub(super) fn apop(&mut self, name: &[u8], digest: &[u8]) -> Result<(), Rejected> {
        let login = self.login.as_mut().ok_or(Rejected::WrongState)?;
        let timestamp = login.timestamp.clone().ok_or(Rejected::NotOffered)?;
        let user = core::str::from_utf8(name).map_err(|_| Rejected::NotUtf8)?.to_string();
        let digest = String::from_utf8_lossy(digest).into_owned();
        let proof = ApopProof { timestamp, digest };
        login.proof = Proof::Apop { user: user.clone(), proof: Box::new(proof.clone()) };
        login.keyword = Keyword::Apop;
        self.ask(Ask::Apop { user, proof });
        Ok(())
    }

    /// AUTH (RFC 5034 §4).
    pub(super) fn auth(&mut self, name: &[u8], initial: Option<&[u8]>) -> Result<(), Rejected> {
        let mechanism = core::str::from_utf8(name).ok().and_then(Mechanism::from_name);
        let Some(mechanism) = mechanism.filter(|one| self.config.mechanisms.contains(one)) else {
            return Err(Rejected::NotOffered);
        };
        if !self.offers(mechanism) {
            return Err(if self.takes_secrets() { Rejected::NotOffered } else { Rejected::NeedsTls });
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
        if let Some(host) = &config.apop_host {
            context = context.host(host.clone());
        }
        let mut exchange = sasl::Server::start(mechanism, &context).map_err(|_| Rejected::NotOffered)?;
        let step = exchange.step(initial.as_deref()).map_err(|_| Rejected::BrokenOff)?;
        login.proof = Proof::Sasl(Box::new(exchange));
        login.keyword = Keyword::Auth;
        login.user = None;
        self.state = State::Authenticating;
        self.take_step(step);
        Ok(())
    }

    fn decode(&self, text: &[u8]) -> Option<Vec<u8>> {
        base64::decode(text, self.config.limits.sasl_line).ok()
    }

    /// The client's next line of a SASL exchange.
    pub(super) fn take_sasl_line(&mut self, line: Result<Bytes, LineFault>) -> Result<(), Violation> {
        self.timer.rearm();
        let line = match line {
            Ok(line) if &*line == b"*" => return self.break_off(Phrase::LoginCancelled, Rejected::BrokenOff),
            Ok(line) => line,
            Err(fault) => return self.break_off(Phrase::BadLine, Rejected::Line(fault)),
        };
        let Some(response) = self.decode(&line) else {
            return self.break_off(Phrase::BadBase64, Rejected::BrokenOff);
        };
        let step = match self.login.as_deref_mut() {
            Some(Login { proof: Proof::Sasl(exchange), .. }) => exchange.step(Some(&response)),
            _ => return self.break_off(Phrase::WrongState, Rejected::WrongState),
        };
        match step {
            Ok(step) => self.take_step(step),
            Err(_) => return self.break_off(Phrase::WrongState, Rejected::WrongState),
        }
        Ok(())
    }

    /// Ends a SASL exchange in which the client did not keep to the form.
    pub(super) fn break_off(&mut self, phrase: Phrase, why: Rejected) -> Result<(), Violation> {
        self.forget_proof();
        self.state = State::Authorization;
        self.err(Keyword::Auth, None, phrase);
        self.count(Keyword::Auth, why)
    }

    // --- the application's part ---

    /// Answers [`Event::Authenticate`]. Which answer fits which question is told at [`sasl::Ask`]; APOP takes `Accept`, `AcceptAs`,
    /// `Secret` (the machine checks the proof), `NoKeys` and `Reject`.
    pub fn authenticate(&mut self, ticket: Ticket<kind::Authenticate>, answer: Answer) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let login = self.login.as_mut().ok_or(Misuse::WrongState)?;
        let rejected = |why| Step::Failed(Failure::Rejected(why));
        let done = |identity| Step::Done { identity, data: None };
        let step = match (&mut login.proof, answer) {
            (Proof::Sasl(exchange), answer) => exchange.answer(answer).map_err(|_| Misuse::OutOfRange)?,
            (Proof::None, _) => return Err(Misuse::WrongState),
            (_, Answer::AcceptAs(identity)) => done(identity),
            (_, Answer::Reject(why)) => rejected(why),
            (_, Answer::NoKeys) => rejected(Rejection::Credentials),
            (Proof::Pass { user } | Proof::Apop { user, .. }, Answer::Accept) => {
                done(Identity::new(core::mem::take(user)))
            }
            (Proof::Apop { user, proof }, Answer::Secret(secret)) if proof.fits(secret.expose()) => {
                done(Identity::new(core::mem::take(user)))
            }
            (Proof::Apop { .. }, Answer::Secret(_)) => rejected(Rejection::Credentials),
            (Proof::Pass { .. } | Proof::Apop { .. }, _) => return Err(Misuse::OutOfRange),
        };
        self.redeem(ticket)?;
        self.take_step(step);
        Ok(())
    }

    /// Answers [`Event::Open`]: the maildrop is this session's now, and TRANSACTION begins.
    pub fn open(&mut self, ticket: Ticket<kind::Open>, maildrop: Maildrop) -> Result<(), Misuse> {
        let keyword = self.login_keyword();
        self.redeem(ticket)?;
        if self.ok(keyword, Phrase::MaildropOpen) {
            self.login = None;
            self.bad_commands = 0;
            self.outbox.set_marks(self.config.limits.output);
            self.maildrop = Some(Box::new(Opened::new(maildrop)));
            self.state = State::Transaction;
        } else {
            self.forget_proof();
            self.state = State::Authorization;
        }
        Ok(())
    }

    /// Answers [`Event::Open`] with a refusal, such as [`Code::InUse`] or [`Code::LoginDelay`]: the credentials were good, but there is
    /// no maildrop to be had. The client may try again.
    pub fn refuse_open(&mut self, ticket: Ticket<kind::Open>, code: Option<Code>, text: Text) -> Result<(), Misuse> {
        let keyword = self.login_keyword();
        self.redeem(ticket)?;
        self.forget_proof();
        self.state = State::Authorization;
        self.reply(Reply::err(code, text).to(keyword));
        Ok(())
    }

    // --- the course of a login ---

    fn ask(&mut self, ask: Ask) {
        self.state = State::Authenticating;
        let ticket = self.issue(Asked::Authenticate);
        self.queued = Some(Box::new(Event::Authenticate { ticket, ask }));
    }

    fn take_step(&mut self, step: Step) {
        match step {
            Step::Challenge(challenge) => {
                // A challenge is not bound to the 512 octets of a response's first line (RFC 5034 §4).
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
                let ticket = self.issue(Asked::Open);
                self.queued = Some(Box::new(Event::Open { ticket, identity }));
            }
            Step::Failed(failure) => self.fail_login(failure),
        }
    }

    fn fail_login(&mut self, failure: Failure) {
        let (code, phrase) = match failure.rejection() {
            Some(Rejection::Temporary) => (Some(Code::SysTemp), Phrase::TryLater),
            Some(Rejection::AccountDisabled) => (Some(Code::SysPerm), Phrase::NotAuthorized),
            Some(Rejection::EncryptionRequired) => (Some(Code::Auth), Phrase::NeedsTls),
            Some(Rejection::NotAuthorized) => (Some(Code::Auth), Phrase::NotAuthorized),
            _ => (Some(Code::Auth), Phrase::LoginFailed),
        };
        let text = self.phrase(phrase);
        self.forget_proof();
        let Some(login) = &mut self.login else { return };
        login.failures = login.failures.saturating_add(1);
        login.kept_back = Some(Box::new(Reply::err(code, text).to(login.keyword)));
        self.queued = Some(Box::new(Event::LoginFailed { count: login.failures, failure }));
        self.timer.delay();
    }

    /// The delay after a failed login is over: now the client learns of it.
    pub(super) fn end_delay(&mut self) {
        let Some(login) = &mut self.login else { return };
        let failures = login.failures;
        let Some(reply) = login.kept_back.take() else { return };
        self.state = State::Authorization;
        self.reply(*reply);
        if failures >= self.config.limits.failed_logins.max(1) {
            self.err(Keyword::Other, None, Phrase::TooManyFailures);
            self.violate(Violation::TooManyFailedLogins);
        }
    }

    fn forget_proof(&mut self) {
        if let Some(login) = &mut self.login {
            login.proof = Proof::None;
            login.user = None;
        }
    }

    fn login_keyword(&self) -> Keyword {
        self.login.as_ref().map_or(Keyword::Other, |login| login.keyword)
    }
}
