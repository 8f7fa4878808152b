//! SASL2 (XEP-0388), and what goes along with it: Bind 2 (XEP-0386), resumption (XEP-0198), tokens (XEP-0484).

use alloc::boxed::Box;
use alloc::string::String;

use wirestate_sasl::client::Credentials;
use wirestate_sasl::{Mechanism, Secret};

use super::account::{FastToken, UserAgent};
use super::event::{Event, LoginError, Method};
use super::login::{Exchange, Offer, text_of};
use super::violation::Violation;
use super::{Client, On, State};
use crate::ns;
use crate::stream::Sasl2;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

impl Client {
    pub(super) fn begin_sasl2(&mut self) -> Result<(), LoginError> {
        let features = core::mem::take(&mut self.features);
        let outcome = match &features.sasl2 {
            Some(sasl2) => self.authenticate(sasl2, &features.channel_bindings),
            None => Err(LoginError::NotOffered),
        };
        self.features = features;
        outcome
    }

    fn authenticate(&mut self, sasl2: &Sasl2, binding_types: &[String]) -> Result<(), LoginError> {
        let (mechanism, offer, credentials, is_fast) = match self.by_token(sasl2, binding_types) {
            Some((mechanism, offer, credentials)) => (mechanism, offer, credentials, true),
            None => {
                let credentials = self.account.proof.credentials.clone().ok_or(LoginError::NoCredentials)?;
                let offer = Offer { mechanisms: &sasl2.mechanisms, binding_types };
                (self.pick(offer, &credentials)?, offer, credentials, false)
            }
        };
        let (client, first) = self.start(mechanism, offer, &credentials)?;
        let wanted_token = if is_fast { None } else { self.token_to_ask_for(sasl2, binding_types) };
        let inline = &sasl2.inline;
        let can_manage = inline.bind2.as_ref().is_some_and(|vars| vars.iter().any(|var| var == ns::SM));
        let request = Authenticate {
            mechanism,
            first,
            agent: self.account.proof.agent.as_ref(),
            is_bound: inline.bind2.is_some(),
            bind_tag: self.config.bind_tag.as_deref(),
            enables_management: can_manage && self.config.management,
            wanted_token,
            is_fast,
        };
        let resumes = inline.sm && self.config.management;
        let mut writer = self.wire.writer();
        if let Ok(mut element) = writer.element("authenticate", ns::SASL2) {
            // Names of our own, and texts that were checked.
            let _ = request.write(&mut element);
            if resumes {
                Client::write_inline_resume(&self.managed, &mut element);
            }
        }
        let method = Method::Sasl2(mechanism);
        self.negotiation.exchange = Some(Exchange { client, method, is_fast });
        self.events.push_back(Event::Authenticating(method));
        Ok(())
    }

    /// A login by the token of an earlier one, where that is possible.
    fn by_token<'a>(&self, sasl2: &'a Sasl2, types: &'a [String]) -> Option<(Mechanism, Offer<'a>, Credentials)> {
        let fast = sasl2.inline.fast.as_ref()?;
        let token = self.account.token.as_deref()?;
        // The server binds the token to who asked for it (XEP-0484 §3.3).
        self.account.proof.agent.as_ref()?;
        let credentials = Credentials::fast_token(self.account.jid.local()?, token.token.as_str()).ok()?;
        let offer = Offer { mechanisms: &fast.mechanisms, binding_types: types };
        let mechanism = self.pick(offer, &credentials).ok()?;
        (mechanism.name() == token.mechanism).then_some((mechanism, offer, credentials))
    }

    /// The mechanism that a token is worth asking for.
    fn token_to_ask_for(&self, sasl2: &Sasl2, types: &[String]) -> Option<Mechanism> {
        self.account.proof.agent.as_ref()?;
        let fast = sasl2.inline.fast.as_ref()?;
        // Whatever the token, it fits the same mechanisms.
        let any = Credentials::fast_token(self.account.jid.local()?, "t").ok()?;
        self.pick(Offer { mechanisms: &fast.mechanisms, binding_types: types }, &any).ok()
    }

    pub(super) fn on_sasl2(&mut self, element: ElementRef<'_>) -> Result<(), Violation> {
        self.allow_server(On::Login, "sasl2")?;
        if self.state == State::Leaving {
            return self.after_abort(element);
        }
        let is_ours =
            self.negotiation.exchange.as_ref().is_some_and(|exchange| matches!(exchange.method, Method::Sasl2(_)));
        if !is_ours {
            return Err(Violation::Unexpected("sasl2"));
        }
        match element.name() {
            "challenge" => self.on_challenge(element),
            "failure" => {
                self.on_refusal(element);
                Ok(())
            }
            "continue" => {
                self.abort(LoginError::MoreDemanded);
                Ok(())
            }
            "success" => self.on_sasl2_success(element),
            _ => Err(Violation::Unexpected("sasl2")),
        }
    }

    fn on_sasl2_success(&mut self, success: ElementRef<'_>) -> Result<(), Violation> {
        let data = success.child("additional-data", ns::SASL2).map(ElementRef::text).unwrap_or_default();
        let data = match self.decode(&data) {
            Ok(data) => data,
            Err(error) => {
                self.abort(error.into());
                return Ok(());
            }
        };
        let mechanism =
            self.negotiation.exchange.as_ref().map(|exchange| (exchange.client.mechanism(), exchange.is_fast));
        self.on_success(data.as_deref())?;
        self.log_in();
        self.take_token(success, mechanism);
        // A restart there is not: the features follow, in the same stream.
        self.state = State::Binding;
        if let Some(resumed) = success.child("resumed", ns::SM) {
            return self.on_resumed(resumed);
        }
        if let Some(failed) = success.child("failed", ns::SM) {
            self.on_resumption_failed(failed);
        }
        let Some(bound) = success.child("bound", ns::BIND2) else { return Ok(()) };
        let jid = success.child("authorization-identifier", ns::SASL2).ok_or(Violation::BoundNowhere)?.text();
        self.bound(&jid)?;
        if let Some(enabled) = bound.child("enabled", ns::SM) {
            self.expect_management();
            self.on_enabled(enabled);
        }
        self.become_ready();
        Ok(())
    }

    fn take_token(&mut self, success: ElementRef<'_>, used: Option<(Mechanism, bool)>) {
        let Some(given) = success.child("token", ns::FAST) else { return };
        let Some(token) = given.attr("token").filter(|token| !token.is_empty()) else { return };
        let before = self.account.token.take();
        let mechanism = match used {
            Some((mechanism, true)) => mechanism.name().into(),
            _ => match self
                .features
                .sasl2
                .as_ref()
                .and_then(|sasl2| self.token_to_ask_for(sasl2, &self.features.channel_bindings))
            {
                Some(mechanism) => mechanism.name().into(),
                None => return self.account.token = before,
            },
        };
        let expiry = given.attr("expiry").map(|expiry| expiry.into_owned());
        let token = FastToken { token: token.into_owned(), mechanism, expiry };
        self.account.token = Some(Box::new(token.clone()));
        self.events.push_back(Event::Token(token.into()));
    }
}

/// What `<authenticate/>` says.
struct Authenticate<'a> {
    mechanism: Mechanism,
    first: Option<alloc::vec::Vec<u8>>,
    agent: Option<&'a UserAgent>,
    is_bound: bool,
    bind_tag: Option<&'a str>,
    enables_management: bool,
    wanted_token: Option<Mechanism>,
    is_fast: bool,
}

impl Authenticate<'_> {
    fn write<S: Sink + ?Sized>(&self, element: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        element.attr("mechanism", self.mechanism.name())?;
        if let Some(first) = &self.first {
            let first: Secret = text_of(first);
            element.own("initial-response")?.ascii(first.expose().as_bytes())?;
        }
        if let Some(agent) = self.agent {
            let mut user_agent = element.own("user-agent")?;
            user_agent.attr("id", &agent.id)?;
            if let Some(software) = &agent.software {
                user_agent.own_text("software", software)?;
            }
            if let Some(device) = &agent.device {
                user_agent.own_text("device", device)?;
            }
        }
        if self.is_bound {
            let mut bind = element.child("bind", ns::BIND2)?;
            if let Some(tag) = self.bind_tag {
                bind.own_text("tag", tag)?;
            }
            if self.enables_management {
                bind.child("enable", ns::SM)?.attr("resume", "true")?;
            }
        }
        if let Some(mechanism) = self.wanted_token {
            element.child("request-token", ns::FAST)?.attr("mechanism", mechanism.name())?;
        }
        if self.is_fast {
            element.child("fast", ns::FAST)?;
        }
        Ok(())
    }
}
