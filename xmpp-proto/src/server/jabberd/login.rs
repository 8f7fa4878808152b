use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use wirestate_machine::{Misuse, Ticket, TlsFacts};
use wirestate_sasl::server::{self as sasl, Answer, Failure, Identity, Offer, Rejection, Step};
use wirestate_sasl::{Bindings, Mechanism};

use super::{Event, RouterComponent, State};
use crate::payload::sasl::{Sasl, SaslCondition};
use crate::server::login::Channel;
use crate::server::{Ask, LoginFailure, Tls, Violation, kind};
use crate::xml::Element;

/// The name that clients which know no other make their digests for.
const SERVICE_HOST: &str = "jabberd-router";

/// What logins need; gone with the last of them.
#[derive(Debug, Default)]
pub(super) struct Login {
    pub(super) elements: u16,
    pub(super) channel: Option<Box<Channel>>,
    exchange: Option<Box<sasl::Server>>,
    failures: u16,
    /// The answer to a failed login, kept back for the delay.
    kept_back: Option<SaslCondition>,
}

impl Login {
    /// TLS has come up: what was said in the clear is forgotten.
    pub(super) fn secured(&mut self, facts: &TlsFacts) {
        self.channel = Some(Box::new(Channel::of(facts)));
        self.exchange = None;
    }
}

impl RouterComponent {
    /// Answers [`Event::Authenticate`]. Which answer fits which question is told at [`sasl::Ask`] and [`Ask`].
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`]; [`Misuse::OutOfRange`] for an answer that does not fit, with which the ticket is lost.
    pub fn authenticate(&mut self, ticket: Ticket<kind::Authenticate>, answer: Answer) -> Result<(), Misuse> {
        self.base.check(&ticket)?;
        let exchange = self.login.as_mut().and_then(|login| login.exchange.as_mut()).ok_or(Misuse::WrongState)?;
        let step = exchange.answer(answer).map_err(|_| Misuse::OutOfRange)?;
        self.base.redeem(ticket)?;
        self.take_step(step);
        Ok(())
    }

    pub(super) fn offered_mechanisms(&self) -> impl Iterator<Item = Mechanism> + '_ {
        let offer = Offer {
            bindings: self.channel().map(|channel| &channel.bindings),
            has_certificate: self.channel().is_some_and(|channel| channel.certificate.is_some()),
            is_private: self.is_encrypted || self.config.cleartext,
            has_fake_keys: self.config.fake_keys.is_some(),
        };
        // A token's mechanism needs what only SASL2 carries.
        let is_offered = move |one: &Mechanism| !matches!(one, Mechanism::Ht(_)) && offer.has(*one);
        self.config.mechanisms.iter().copied().filter(is_offered)
    }

    pub(super) fn channel(&self) -> Option<&Channel> {
        self.login.as_ref()?.channel.as_deref()
    }

    /// Whether nothing but TLS may be asked for yet.
    pub(super) fn is_tls_due(&self) -> bool {
        self.config.tls == Tls::Starttls { required: true } && !self.is_encrypted
    }

    pub(super) fn take_auth(&mut self, element: &Element) -> Result<(), Violation> {
        let (name, initial) = match Sasl::read(element.view(), self.config.limits.sasl) {
            Ok(Some(Sasl::Auth { mechanism, initial })) => (mechanism, initial),
            Ok(_) => return self.refuse_login(SaslCondition::MalformedRequest),
            Err(error) => return self.refuse_login(error.into()),
        };
        let mechanism =
            Mechanism::from_name(&name).filter(|one| self.offered_mechanisms().any(|offered| offered == *one));
        let Some(mechanism) = mechanism else { return self.refuse_login(SaslCondition::InvalidMechanism) };
        let context = self.context();
        let started = sasl::Server::start(mechanism, &context).ok().and_then(|mut exchange| {
            let step = exchange.step(initial.as_deref()).ok()?;
            Some((exchange, step))
        });
        let (Some((exchange, step)), Some(login)) = (started, &mut self.login) else {
            return self.refuse_login(SaslCondition::TemporaryAuthFailure);
        };
        login.exchange = Some(Box::new(exchange));
        self.state = State::Authenticating;
        self.take_step(step);
        Ok(())
    }

    pub(super) fn take_response(&mut self, element: &Element) -> Result<(), Violation> {
        let response = match Sasl::read(element.view(), self.config.limits.sasl) {
            Ok(Some(Sasl::Response(response))) => response,
            Ok(_) => return self.refuse_login(SaslCondition::MalformedRequest),
            Err(error) => return self.refuse_login(error.into()),
        };
        let exchange = self.login.as_mut().and_then(|login| login.exchange.as_mut());
        match exchange.map(|exchange| exchange.step(Some(&response))) {
            Some(Ok(step)) => self.take_step(step),
            _ => return self.refuse_login(SaslCondition::MalformedRequest),
        }
        Ok(())
    }

    pub(super) fn take_abort(&mut self) -> Result<(), Violation> {
        self.refuse_login(SaslCondition::Aborted)
    }

    fn context(&mut self) -> sasl::Context {
        let bindings = self.channel().map_or(Bindings::none(), |channel| channel.bindings.clone());
        let context = sasl::Context::new(self.base.fresh_nonce())
            .bindings(bindings)
            .plus_offered(self.offered_mechanisms().any(Mechanism::is_plus))
            .success_data(true)
            .fake_keys(self.config.fake_keys.clone())
            .limit(self.config.limits.sasl)
            .host(SERVICE_HOST);
        #[cfg(feature = "legacy")]
        let context = context.realm(self.config.host.as_str());
        context
    }

    fn take_step(&mut self, step: Step) {
        match step {
            Step::Challenge(challenge) => self.base.write(|writer| Sasl::Challenge(challenge).write(writer)),
            Step::Ask(sasl::Ask::External { authzid }) => {
                // Not offered without one, nor started.
                match self.channel().and_then(|channel| channel.certificate.clone()) {
                    Some(certificate) => self.ask(Ask::External { authzid, certificate }),
                    None => self.fail_login(Failure::Rejected(Rejection::Credentials)),
                }
            }
            Step::Ask(ask) => self.ask(Ask::Sasl(ask)),
            Step::Done { identity, data } => self.log_in(identity, data),
            Step::Failed(failure) => self.fail_login(failure),
        }
    }

    fn ask(&mut self, ask: Ask) {
        let ticket = self.base.issue();
        self.base.queue(Event::Authenticate { ticket, ask: Box::new(ask) });
    }

    fn log_in(&mut self, identity: Identity, data: Option<Vec<u8>>) {
        let Some(exchange) = self.login.as_mut().and_then(|login| login.exchange.take()) else { return };
        let mechanism = exchange.mechanism().name();
        self.base.queue(Event::LoggedIn { identity, mechanism });
        self.base.write(|writer| Sasl::Success(data).write(writer));
        self.base.wire.restart();
        self.state = State::Reopening;
    }

    /// The application, or the mechanism, says no: the component is told after a delay.
    fn fail_login(&mut self, failure: Failure) {
        let Some(login) = &mut self.login else { return };
        login.exchange = None;
        login.failures = login.failures.saturating_add(1);
        login.kept_back = Some(SaslCondition::from(&failure));
        let count = login.failures;
        self.base.queue(Event::LoginFailed { count, why: LoginFailure::Sasl(failure) });
        self.base.delay(self.config.limits.failure_delay);
    }

    /// The delay after a failed login is over: now the component learns of it.
    #[cold]
    pub(super) fn end_delay(&mut self) -> Result<(), Violation> {
        let Some(told) = self.login.as_mut().and_then(|login| login.kept_back.take()) else { return Ok(()) };
        self.tell_failure(told)
    }

    /// What the component sent is no step of a login: it is told at once.
    #[cold]
    fn refuse_login(&mut self, condition: SaslCondition) -> Result<(), Violation> {
        let Some(login) = &mut self.login else { return Ok(()) };
        login.exchange = None;
        login.failures = login.failures.saturating_add(1);
        let count = login.failures;
        self.base.queue(Event::LoginFailed { count, why: LoginFailure::Told(condition) });
        self.tell_failure(condition)
    }

    fn tell_failure(&mut self, condition: SaslCondition) -> Result<(), Violation> {
        self.state = State::Negotiating;
        self.base.write(|writer| Sasl::Failure(condition.into()).write(writer));
        let most = self.config.limits.failed_logins.max(1);
        match self.login.as_ref().is_some_and(|login| login.failures >= most) {
            true => Err(Violation::TooManyFailedLogins),
            false => Ok(()),
        }
    }

    pub(super) fn mechanism_names(&self) -> Vec<String> {
        self.offered_mechanisms().map(|mechanism| mechanism.name().into()).collect()
    }
}
