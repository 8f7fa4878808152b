use alloc::borrow::Cow;
use alloc::vec::Vec;

use wirestate_machine::{Misuse, Ticket};
use wirestate_sasl::client::{self as sasl, Context, Credentials, Error as SaslError, Policy, Step, choose};
use wirestate_sasl::{Advertised, Bindings, Derived, Mechanism, Secret, base64};

use super::event::{Derive, Event, LoginError, Method, Reason};
use super::violation::Violation;
use super::{Client, On, State};
use crate::ns;
use crate::xml::ElementRef;

/// A login that is under way.
pub(super) struct Exchange {
    pub(super) client: sasl::Client,
    pub(super) method: Method,
    /// Whether it is by a token.
    pub(super) is_fast: bool,
}

/// What the server offers for one kind of login.
#[derive(Clone, Copy)]
pub(super) struct Offer<'a> {
    pub(super) mechanisms: &'a [alloc::string::String],
    pub(super) binding_types: &'a [alloc::string::String],
}

impl Offer<'_> {
    /// Those that are known here, without the ones that were refused; and no password in the clear where SCRAM is offered, whatever became of it.
    fn mechanisms(&self, tried: &[Mechanism]) -> Vec<Mechanism> {
        let all: Vec<Mechanism> = self.mechanisms.iter().filter_map(|name| Mechanism::from_name(name)).collect();
        let has_scram = all.iter().any(|mechanism| matches!(mechanism, Mechanism::Scram { .. }));
        let is_open =
            |mechanism: &Mechanism| !(tried.contains(mechanism) || has_scram && mechanism.sends_cleartext_password());
        all.into_iter().filter(is_open).collect()
    }

    /// The channel bindings of ours that the server knows (XEP-0440); all of them where it does not say.
    pub(super) fn bindings(&self, ours: &Bindings) -> Bindings {
        if self.binding_types.is_empty() {
            return ours.clone();
        }
        ours.among(self.binding_types.iter().map(|name| name.as_str()))
    }
}

impl Client {
    /// Logs in, or says why that cannot be.
    pub(super) fn begin_login(&mut self) {
        self.state = State::Authenticating;
        let begun =
            if self.config.sasl2 && self.features.sasl2.is_some() { self.begin_sasl2() } else { self.begin_sasl() };
        if let Err(error) = begun {
            self.fail_login(error);
        }
    }

    fn begin_sasl(&mut self) -> Result<(), LoginError> {
        let credentials = self.account.proof.credentials.clone().ok_or(LoginError::NoCredentials)?;
        let features = core::mem::take(&mut self.features);
        let offer = Offer { mechanisms: &features.mechanisms, binding_types: &features.channel_bindings };
        let started = self.pick(offer, &credentials).and_then(|mechanism| {
            let (client, first) = self.start(mechanism, offer, &credentials)?;
            Ok((mechanism, client, first))
        });
        self.features = features;
        let (mechanism, client, first) = started?;
        let method = Method::Sasl(mechanism);
        self.negotiation.exchange = Some(Exchange { client, method, is_fast: false });
        self.events.push_back(Event::Authenticating(method));
        let mut writer = self.wire.writer();
        if let Ok(mut auth) = writer.element("auth", ns::SASL) {
            let _ = auth.attr("mechanism", mechanism.name());
            if let Some(first) = first {
                let _ = auth.ascii(text_of(&first).expose().as_bytes());
            }
        }
        Ok(())
    }

    /// The best mechanism that is offered, fits the credentials, and is allowed here.
    pub(super) fn pick(&self, offer: Offer<'_>, credentials: &Credentials) -> Result<Mechanism, LoginError> {
        let offered = offer.mechanisms(&self.negotiation.tried);
        let bindings = offer.bindings(&self.negotiation.bindings);
        let policy = if self.is_encrypted { Policy::encrypted() } else { Policy::unencrypted() };
        let policy = policy.require_binding(self.config.require_channel_binding).allow_cleartext(self.config.cleartext);
        if let Some(mechanism) = choose(&offered, credentials, &bindings, &policy) {
            return Ok(mechanism);
        }
        // Would anything fit if only the wire were safe?
        match choose(&offered, credentials, &bindings, &policy.allow_cleartext(true)) {
            Some(_) => Err(LoginError::CleartextForbidden),
            None => Err(LoginError::NotOffered),
        }
    }

    /// Starts a mechanism, and gives its initial response if it has one.
    pub(super) fn start(
        &mut self,
        mechanism: Mechanism,
        offer: Offer<'_>,
        credentials: &Credentials,
    ) -> Result<(sasl::Client, Option<Vec<u8>>), LoginError> {
        let plus = offer.mechanisms.iter().any(|name| name.ends_with("-PLUS"));
        let nonce = self.negotiation.fresh_nonce().ok_or(LoginError::NoCredentials)?;
        let context = Context::new(nonce)
            .bindings(offer.bindings(&self.negotiation.bindings))
            .server_offers_plus(plus)
            .iterations(self.config.iterations.clone())
            .advertised(Advertised::new(offer.mechanisms, offer.binding_types))
            .host(self.account.host())
            .limit(self.config.limits.sasl_message);
        #[cfg(feature = "legacy")]
        let context = context.service("xmpp");
        let mut client = sasl::Client::start(mechanism, credentials, &context)?;
        let first = match client.step(None)? {
            Step::Send(first) => Some(first),
            _ => None,
        };
        Ok((client, first))
    }

    /// Gives the outcome of [`Event::Work`].
    ///
    /// # Errors
    /// [`Misuse::StaleTicket`] when the login is over; [`Misuse::OutOfRange`] when `derived` is of another work item: then the session ends when its
    /// time is up.
    pub fn derived(&mut self, ticket: Ticket<Derive>, derived: Derived) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let Some(exchange) = self.negotiation.exchange.as_mut() else { return Err(Misuse::StaleTicket) };
        let step = exchange.client.resume(derived);
        if let Err(SaslError::Misuse(_)) = step {
            return Err(Misuse::OutOfRange);
        }
        self.tickets.redeem(ticket)?;
        self.is_stale = true;
        match step {
            Ok(Step::Send(message)) => self.respond(&message),
            Ok(Step::Wait) => self.respond(&[]),
            // No mechanism has two work items in a row.
            Ok(Step::Work(_)) => self.abort(SaslError::UnexpectedChallenge.into()),
            Err(error) => self.abort(error.into()),
        }
        Ok(())
    }

    pub(super) fn on_sasl(&mut self, element: ElementRef<'_>) -> Result<(), Violation> {
        self.allow_server(On::Login, "sasl")?;
        if self.state == State::Leaving {
            return self.after_abort(element);
        }
        let is_ours =
            self.negotiation.exchange.as_ref().is_some_and(|exchange| matches!(exchange.method, Method::Sasl(_)));
        if !is_ours {
            return Err(Violation::Unexpected("sasl"));
        }
        match element.name() {
            "challenge" => self.on_challenge(element),
            "failure" => {
                self.on_refusal(element);
                Ok(())
            }
            "success" => {
                let data = self.decode(&element.text());
                match data {
                    Ok(data) => self.on_success(data.as_deref())?,
                    Err(error) => {
                        self.abort(error.into());
                        return Ok(());
                    }
                }
                self.log_in();
                self.forget();
                self.wire.restart();
                self.state = State::Opening;
                self.open();
                Ok(())
            }
            _ => Err(Violation::Unexpected("sasl")),
        }
    }

    /// A success after the exchange was broken off is no success.
    pub(super) fn after_abort(&self, element: ElementRef<'_>) -> Result<(), Violation> {
        if element.name() == "success" { Err(Violation::SuccessAfterAbort) } else { Ok(()) }
    }

    pub(super) fn on_challenge(&mut self, element: ElementRef<'_>) -> Result<(), Violation> {
        let challenge = match self.decode(&element.text()) {
            Ok(challenge) => challenge.unwrap_or_default(),
            Err(error) => {
                self.abort(error.into());
                return Ok(());
            }
        };
        let Some(exchange) = self.negotiation.exchange.as_mut() else { return Ok(()) };
        match exchange.client.step(Some(&challenge)) {
            Ok(Step::Send(message)) => self.respond(&message),
            Ok(Step::Work(derivation)) => {
                let ticket = self.tickets.issue();
                self.events.push_back(Event::Work { ticket, derivation });
            }
            // The mechanism waits although it is the client's turn: an empty message is all that can be said.
            Ok(Step::Wait) => self.respond(&[]),
            Err(error @ (SaslError::SignatureWrong | SaslError::NonceNotExtended)) => {
                return Err(Violation::Sasl(error));
            }
            Err(error) => self.abort(error.into()),
        }
        Ok(())
    }

    /// The server says that the login succeeded; only its proof makes that true.
    pub(super) fn on_success(&mut self, data: Option<&[u8]>) -> Result<(), Violation> {
        let Some(mut exchange) = self.negotiation.exchange.take() else { return Err(Violation::Unexpected("success")) };
        exchange.client.succeed(data).map_err(Violation::Sasl)?;
        self.tickets.revoke();
        self.events.push_back(Event::Authenticated(exchange.method));
        Ok(())
    }

    /// From here on the server knows who we are, and may say more.
    pub(super) fn log_in(&mut self) {
        self.is_logged_in = true;
        self.negotiation.tried.clear();
        self.wire.set_limits(self.config.limits.after_login);
    }

    pub(super) fn on_refusal(&mut self, failure: ElementRef<'_>) {
        let Some(exchange) = self.negotiation.exchange.take() else { return };
        self.tickets.revoke();
        let condition = failure
            .children()
            .find(|child| child.ns() == ns::SASL && child.name() != "text")
            .map_or("", ElementRef::name);
        let text = failure.children().find(|child| child.name() == "text").map(ElementRef::text);
        let error =
            LoginError::Refused { condition: condition.into(), text: text.map(Cow::into_owned).unwrap_or_default() };
        let mechanism = exchange.client.mechanism();
        if exchange.is_fast {
            // A token may be too old; the password is not.
            self.account.token = None;
            self.events.push_back(Event::AuthenticationFailed(error.into()));
            return self.begin_login();
        }
        if matches!(condition, "invalid-mechanism" | "mechanism-too-weak")
            && !self.negotiation.tried.contains(&mechanism)
        {
            self.negotiation.tried.push(mechanism);
            self.events.push_back(Event::AuthenticationFailed(error.into()));
            return self.begin_login();
        }
        self.fail_login(error);
    }

    /// The login failed for good.
    pub(super) fn fail_login(&mut self, error: LoginError) {
        self.events.push_back(Event::AuthenticationFailed(error.into()));
        self.take_leave(Reason::LoginFailed);
    }

    /// Breaks the exchange off, and with it the session.
    pub(super) fn abort(&mut self, error: LoginError) {
        let Some(exchange) = self.negotiation.exchange.take() else { return };
        self.tickets.revoke();
        let ns = ns_of(exchange.method);
        drop(self.wire.writer().element("abort", ns));
        self.fail_login(error);
    }

    /// Drops a login that is overtaken by something else.
    pub(super) fn abandon_login(&mut self) {
        self.tickets.revoke();
        self.negotiation.exchange = None;
    }

    fn respond(&mut self, message: &[u8]) {
        let Some(exchange) = self.negotiation.exchange.as_ref() else { return };
        let ns = ns_of(exchange.method);
        let mut writer = self.wire.writer();
        if let Ok(mut response) = writer.element("response", ns)
            && !message.is_empty()
        {
            let _ = response.ascii(text_of(message).expose().as_bytes());
        }
    }

    /// What stands in a challenge or success: nothing, `=` for a message that is empty, or base64.
    pub(super) fn decode(&self, text: &str) -> Result<Option<Vec<u8>>, base64::DecodeError> {
        match text {
            "" => Ok(None),
            "=" => Ok(Some(Vec::new())),
            text => base64::decode(text, self.config.limits.sasl_message).map(Some),
        }
    }
}

/// A message as it stands in an element: one that is empty as `=` (RFC 6120 §6.4.2).
pub(super) fn text_of(message: &[u8]) -> Secret {
    Secret::new(if message.is_empty() { "=".into() } else { base64::encode(message) })
}

fn ns_of(method: Method) -> &'static str {
    match method {
        Method::Sasl2(_) => ns::SASL2,
        _ => ns::SASL,
    }
}
