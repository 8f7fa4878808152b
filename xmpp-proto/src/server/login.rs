use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use wirestate_machine::{ClientCertificate, Instant, Misuse, Ticket, TlsFacts};
use wirestate_sasl::server::{self as sasl, Answer, Failure, Identity, Offer, Rejection, Step};
use wirestate_sasl::{Advertised, Bindings, Mechanism};

use super::event::kind;
use super::iq_auth::IqLogin;
use super::sasl2::Inlined;
use super::{Ask, Event, LoggedIn, LoginFailure, Server, State, Tls, Violation};
use crate::jid::Jid;
use crate::ns;
use crate::payload::fast::ByToken;
use crate::payload::sasl::{Failure as Told, Sasl, SaslCondition};
use crate::payload::sasl2::{Authenticate, Sasl2};
use crate::xml::Element;

/// What logins and what follows them need; gone with the bound resource.
#[derive(Debug)]
pub(super) struct Login {
    /// By when a resource must be bound.
    pub(super) by: Instant,
    pub(super) elements: u16,
    /// The name of the stream, which old digests are made with.
    pub(super) stream_id: Box<str>,
    channel: Option<Box<Channel>>,
    exchange: Option<Box<Exchange>>,
    /// What is still to be done before SASL2 tells of its success.
    pub(super) inlined: Option<Box<Inlined>>,
    pub(super) iq: Option<Box<IqLogin>>,
    failures: u16,
    /// The answer to a failed login, kept back for the delay.
    kept_back: Option<Box<KeptBack>>,
}

/// What is known of a channel of TLS.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) bindings: Bindings,
    /// What the client has proved by TLS.
    pub(super) certificate: Option<Box<ClientCertificate>>,
}

impl Channel {
    /// What SCRAM-PLUS, tokens and EXTERNAL rest on.
    pub(super) fn of(facts: &TlsFacts) -> Self {
        let bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
        Channel { bindings, certificate: ClientCertificate::of(facts) }
    }

    pub(super) fn binding_types(&self) -> Vec<String> {
        self.bindings.iter().map(|binding| binding.name().into()).collect()
    }
}

/// In which form an exchange is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    /// RFC 6120 §6.
    Sasl,
    /// XEP-0388.
    Sasl2,
}

/// One login under way.
#[derive(Debug)]
struct Exchange {
    profile: Profile,
    sasl: sasl::Server,
    /// What SASL2 was asked for together with the login.
    request: Option<Box<Authenticate>>,
    by_token: Option<ByToken>,
}

#[derive(Debug)]
pub(super) enum KeptBack {
    Sasl(Profile, SaslCondition),
    Iq(Element),
}

impl Login {
    pub(super) fn new(by: Instant) -> Self {
        Login {
            by,
            elements: 0,
            stream_id: Box::default(),
            channel: None,
            exchange: None,
            inlined: None,
            iq: None,
            failures: 0,
            kept_back: None,
        }
    }

    pub(super) fn know_channel(&mut self, facts: &TlsFacts) {
        self.channel = Some(Box::new(Channel::of(facts)));
    }

    fn certificate(&self) -> Option<&ClientCertificate> {
        self.channel.as_ref()?.certificate.as_deref()
    }

    fn bindings(&self) -> Bindings {
        self.channel.as_ref().map_or(Bindings::none(), |channel| channel.bindings.clone())
    }
}

impl Server {
    // --- what is offered ---

    pub(super) fn offered_mechanisms(&self) -> impl Iterator<Item = Mechanism> + '_ {
        self.config.mechanisms.iter().copied().filter(|one| self.offers(*one))
    }

    /// The mechanisms by which a token may be used.
    pub(super) fn offered_tokens(&self) -> impl Iterator<Item = Mechanism> + '_ {
        self.config
            .fast
            .iter()
            .map(|binding| Mechanism::Ht(*binding))
            .filter(|one| self.config.sasl2 && self.offers(*one))
    }

    pub(super) fn binding_types(&self) -> Vec<String> {
        let channel = self.login.as_ref().and_then(|login| login.channel.as_ref());
        channel.map(|channel| channel.binding_types()).unwrap_or_default()
    }

    fn offers(&self, mechanism: Mechanism) -> bool {
        let Some(login) = &self.login else { return false };
        let offer = Offer {
            bindings: login.channel.as_ref().map(|channel| &channel.bindings),
            has_certificate: login.certificate().is_some(),
            is_private: self.encrypted || self.config.cleartext,
            has_fake_keys: self.config.fake_keys.is_some(),
        };
        offer.has(mechanism)
    }

    /// Whether nothing but TLS may be asked for yet.
    fn is_tls_due(&self) -> bool {
        self.config.tls == Tls::Starttls { required: true } && !self.encrypted
    }

    // --- what the client says ---

    /// `<auth/>` (RFC 6120 §6.4.2).
    pub(super) fn take_auth(&mut self, element: &Element) {
        match Sasl::read(element.view(), self.config.limits.sasl) {
            Ok(Some(Sasl::Auth { mechanism, initial })) => self.start_login(&mechanism, initial, None),
            Ok(_) => self.refuse_login(Profile::Sasl, SaslCondition::MalformedRequest),
            Err(error) => self.refuse_login(Profile::Sasl, error.into()),
        }
    }

    /// `<authenticate/>` (XEP-0388 §2.2).
    pub(super) fn take_authenticate(&mut self, element: &Element) {
        if !self.config.sasl2 {
            return self.refuse_login(Profile::Sasl2, SaslCondition::InvalidMechanism);
        }
        match Sasl2::read(element.view(), self.config.limits.sasl) {
            Ok(Some(Sasl2::Authenticate(mut request))) => {
                let (mechanism, initial) = (core::mem::take(&mut request.mechanism), request.initial.take());
                self.start_login(&mechanism, initial, Some(Box::new(request)));
            }
            Ok(_) => self.refuse_login(Profile::Sasl2, SaslCondition::MalformedRequest),
            Err(error) => self.refuse_login(Profile::Sasl2, error.into()),
        }
    }

    /// `<response/>` (RFC 6120 §6.4.3, XEP-0388 §2.3).
    pub(super) fn take_response(&mut self, element: &Element) {
        let profile = profile_of(element);
        let limit = self.config.limits.sasl;
        let response = match profile {
            Profile::Sasl => Sasl::read(element.view(), limit).map_err(SaslCondition::from).map(|step| match step {
                Some(Sasl::Response(response)) => Some(response),
                _ => None,
            }),
            Profile::Sasl2 => Sasl2::read(element.view(), limit).map_err(SaslCondition::from).map(|step| match step {
                Some(Sasl2::Response(response)) => Some(response),
                _ => None,
            }),
        };
        let exchange = self.login.as_mut().and_then(|login| login.exchange.as_mut());
        let exchange = exchange.filter(|exchange| exchange.profile == profile);
        let step = match (response, exchange) {
            (Err(condition), _) => Err(condition),
            (Ok(Some(response)), Some(exchange)) => {
                exchange.sasl.step(Some(&response)).map_err(|_| SaslCondition::MalformedRequest)
            }
            _ => Err(SaslCondition::MalformedRequest),
        };
        match step {
            Ok(step) => self.take_step(step),
            Err(condition) => self.refuse_login(profile, condition),
        }
    }

    /// `<abort/>` (RFC 6120 §6.4.4, XEP-0388 §2.7).
    pub(super) fn take_abort(&mut self, element: &Element) {
        self.refuse_login(profile_of(element), SaslCondition::Aborted);
    }

    fn start_login(&mut self, name: &str, initial: Option<Vec<u8>>, request: Option<Box<Authenticate>>) {
        let profile = if request.is_some() { Profile::Sasl2 } else { Profile::Sasl };
        if self.is_tls_due() {
            return self.refuse_login(profile, SaslCondition::EncryptionRequired);
        }
        let by_token = request.as_ref().and_then(|request| request.inline("fast", ns::FAST)).map(ByToken::read);
        let by_token = match by_token.transpose() {
            Ok(by_token) => by_token,
            Err(_) => return self.refuse_login(profile, SaslCondition::MalformedRequest),
        };
        let mechanism = Mechanism::from_name(name).filter(|one| match by_token {
            Some(_) => self.offered_tokens().any(|offered| offered == *one),
            None => self.offered_mechanisms().any(|offered| offered == *one),
        });
        let Some(mechanism) = mechanism else {
            return self.refuse_login(profile, SaslCondition::InvalidMechanism);
        };
        let context = self.context();
        let started = sasl::Server::start(mechanism, &context).ok().and_then(|mut sasl| {
            let step = sasl.step(initial.as_deref()).ok()?;
            Some((sasl, step))
        });
        let (Some((sasl, step)), Some(login)) = (started, &mut self.login) else {
            return self.refuse_login(profile, SaslCondition::TemporaryAuthFailure);
        };
        login.exchange = Some(Box::new(Exchange { profile, sasl, request, by_token }));
        self.state = State::Authenticating;
        self.take_step(step);
    }

    fn context(&mut self) -> sasl::Context {
        let config = self.config.clone();
        let bindings = self.login.as_ref().map_or(Bindings::none(), |login| login.bindings());
        let mut context = sasl::Context::new(self.nonces.fresh())
            .bindings(bindings)
            .plus_offered(self.offered_mechanisms().any(Mechanism::is_plus))
            .success_data(true)
            .fake_keys(config.fake_keys.clone())
            .oauth(config.oauth.clone())
            .limit(config.limits.sasl)
            .host(config.host(self.host));
        if config.downgrade_protection {
            let mechanisms = self.offered_mechanisms().map(Mechanism::name);
            context = context.advertised(Advertised::new(mechanisms, self.binding_types()));
        }
        context
    }

    // --- the application's part ---

    /// Answers [`Event::Authenticate`]. Which answer fits which question is told at [`sasl::Ask`] and [`Ask`].
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`]; [`Misuse::OutOfRange`] for an answer that does not fit, with which the ticket is lost.
    pub fn authenticate(&mut self, ticket: Ticket<kind::Authenticate>, answer: Answer) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let login = self.login.as_mut().ok_or(Misuse::WrongState)?;
        if login.iq.is_some() {
            return self.answer_iq_auth(ticket, answer);
        }
        let exchange = login.exchange.as_mut().ok_or(Misuse::WrongState)?;
        let step = exchange.sasl.answer(answer).map_err(|_| Misuse::OutOfRange)?;
        self.redeem(ticket)?;
        self.take_step(step);
        Ok(())
    }

    // --- the course of a login ---

    fn take_step(&mut self, step: Step) {
        match step {
            Step::Challenge(challenge) => match self.profile() {
                Profile::Sasl => self.write(|writer| Sasl::Challenge(challenge).write(writer)),
                Profile::Sasl2 => self.write(|writer| Sasl2::Challenge(challenge).write(writer)),
            },
            Step::Ask(ask) => self.take_ask(ask),
            Step::Done { identity, data } => match self.address_of(&identity) {
                Some(account) => self.log_in(identity, account, data),
                None => self.fail_login(Failure::Rejected(Rejection::NotAuthorized)),
            },
            Step::Failed(failure) => self.fail_login(failure),
        }
    }

    fn take_ask(&mut self, ask: sasl::Ask) {
        match ask {
            sasl::Ask::External { authzid } => {
                // Not offered without one, nor started.
                match self.login.as_ref().and_then(|login| login.certificate()).cloned().map(Box::new) {
                    Some(certificate) => self.ask(Ask::External { authzid, certificate }),
                    None => self.fail_login(Failure::Rejected(Rejection::Credentials)),
                }
            }
            // Who acts as itself need not ask, by whatever name: an authorization identity is an address, a user name is none (RFC 6120 §6.3.8).
            sasl::Ask::Authorize { user, authzid } if self.is_same(&user, &authzid) => {
                let exchange = self.login.as_mut().and_then(|login| login.exchange.as_mut());
                match exchange.map(|exchange| exchange.sasl.answer(Answer::Accept)) {
                    Some(Ok(step)) => self.take_step(step),
                    _ => self.fail_login(Failure::Rejected(Rejection::NotAuthorized)),
                }
            }
            sasl::Ask::HashedToken { user, proof } => {
                let exchange = self.login.as_ref().and_then(|login| login.exchange.as_ref());
                let by_token = exchange.and_then(|exchange| exchange.by_token).unwrap_or_default();
                let request = exchange.and_then(|exchange| exchange.request.as_ref());
                let user_agent = request.and_then(|request| request.user_agent.clone());
                let ByToken { count, invalidate } = by_token;
                self.ask(Ask::Token { user, proof, count, invalidate, user_agent });
            }
            ask => self.ask(Ask::Sasl(ask)),
        }
    }

    pub(super) fn ask(&mut self, ask: Ask) {
        let ticket = self.issue();
        self.queue(Event::Authenticate { ticket, ask: Box::new(ask) });
    }

    fn profile(&self) -> Profile {
        let exchange = self.login.as_ref().and_then(|login| login.exchange.as_ref());
        exchange.map_or(Profile::Sasl, |exchange| exchange.profile)
    }

    fn is_same(&self, user: &str, authzid: &str) -> bool {
        let (user, authzid) = (self.address(user), self.address(authzid));
        user.is_some() && user == authzid
    }

    /// The account that an identity opens, which is one of the domain.
    pub(super) fn address_of(&self, identity: &Identity) -> Option<Jid> {
        self.address(identity.name())
    }

    /// A user's name, or the bare address of one.
    pub(super) fn address(&self, name: &str) -> Option<Jid> {
        let (host, rules) = (self.host_name(), self.config.rules);
        let as_address = Jid::parse_by(rules, name).ok().filter(|jid| jid.domain() == host && jid.is_bare());
        match as_address {
            Some(jid) if jid.local().is_some() => Some(jid),
            _ => Jid::from_parts(rules, Some(name), host, None).ok(),
        }
    }

    fn log_in(&mut self, identity: Identity, account: Jid, data: Option<Vec<u8>>) {
        let Some(exchange) = self.login.as_mut().and_then(|login| login.exchange.take()) else { return };
        let Exchange { profile, sasl, request, by_token } = *exchange;
        self.jid = Some(account.clone());
        self.wire.set_limits(self.config.limits.after_login);
        let user_agent = request.as_ref().and_then(|request| request.user_agent.clone());
        let mechanism = Some(sasl.mechanism().name());
        self.queue(Event::LoggedIn(Box::new(LoggedIn { identity, account, mechanism, user_agent })));
        match profile {
            Profile::Sasl => {
                self.write(|writer| Sasl::Success(data).write(writer));
                self.wire.restart();
                self.state = State::Reopening;
            }
            Profile::Sasl2 => {
                let inlined =
                    Inlined::new(data, request.map(|request| *request).unwrap_or_default(), by_token.is_some());
                if let Some(login) = &mut self.login {
                    login.inlined = Some(Box::new(inlined));
                }
            }
        }
    }

    /// The application, or the mechanism, says no: the client is told after a delay.
    fn fail_login(&mut self, failure: Failure) {
        let kept_back = KeptBack::Sasl(self.profile(), SaslCondition::from(&failure));
        self.keep_back(kept_back, LoginFailure::Sasl(failure));
    }

    pub(super) fn keep_back(&mut self, told: KeptBack, why: LoginFailure) {
        let Some(login) = &mut self.login else { return };
        (login.exchange, login.iq) = (None, None);
        login.failures = login.failures.saturating_add(1);
        login.kept_back = Some(Box::new(told));
        let count = login.failures;
        self.queue(Event::LoginFailed { count, why });
        self.timer.delay(self.now);
    }

    /// The delay after a failed login is over: now the client learns of it.
    #[cold]
    pub(super) fn end_delay(&mut self) {
        let Some(told) = self.login.as_mut().and_then(|login| login.kept_back.take()) else { return };
        self.state = State::Negotiating;
        match *told {
            KeptBack::Sasl(profile, condition) => self.tell_failure(profile, condition),
            KeptBack::Iq(iq) => self.refuse_iq(&iq, crate::stanza::StanzaCondition::NotAuthorized),
        }
        self.check_failures();
    }

    /// What the client sent is no step of a login: it is told at once.
    #[cold]
    fn refuse_login(&mut self, profile: Profile, condition: SaslCondition) {
        let Some(login) = &mut self.login else { return };
        login.exchange = None;
        login.failures = login.failures.saturating_add(1);
        let count = login.failures;
        self.state = State::Negotiating;
        self.queue(Event::LoginFailed { count, why: LoginFailure::Told(condition) });
        self.tell_failure(profile, condition);
        self.check_failures();
    }

    fn tell_failure(&mut self, profile: Profile, condition: SaslCondition) {
        let failure = Told::from(condition);
        match profile {
            Profile::Sasl => self.write(|writer| Sasl::Failure(failure).write(writer)),
            Profile::Sasl2 => self.write(|writer| Sasl2::Failure(failure).write(writer)),
        }
    }

    fn check_failures(&mut self) {
        let most = self.config.limits.failed_logins.max(1);
        if self.login.as_ref().is_some_and(|login| login.failures >= most) {
            self.violate(Violation::TooManyFailedLogins);
        }
    }

    /// TLS has come up: what was said in the clear is forgotten.
    pub(super) fn forget_login(&mut self, facts: &TlsFacts) {
        if let Some(login) = &mut self.login {
            login.know_channel(facts);
            (login.exchange, login.inlined, login.iq) = (None, None, None);
        }
        self.jid = None;
    }

    pub(super) fn host_name(&self) -> &str {
        self.config.host(self.host)
    }

    pub(super) fn stream_id(&self) -> String {
        self.login.as_ref().map(|login| (*login.stream_id).to_owned()).unwrap_or_default()
    }
}

fn profile_of(element: &Element) -> Profile {
    if element.ns() == ns::SASL2 { Profile::Sasl2 } else { Profile::Sasl }
}
