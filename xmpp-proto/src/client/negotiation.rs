use alloc::string::String;

use wirestate_sasl::Nonce;

use super::account::Dialect;
use super::event::{Event, Oddity, Reason, TlsFailure};
use super::queue::QueuePolicy;
use super::violation::Violation;
use super::{Awaits, BindRetry, Client, Layer, On, State, TlsPolicy};
use crate::jid::Jid;
use crate::ns;
use crate::stanza::{ErrorType, Iq, IqType, StanzaCondition, StanzaError};
use crate::stream::Features;
use crate::xml::{Element, ElementRef};

impl Client {
    pub(super) fn on_features(&mut self, features: Features) -> Result<(), Violation> {
        if self.state == State::Leaving {
            return Ok(());
        }
        if self.state == State::Authenticating && self.negotiation.exchange.is_some() {
            return Err(Violation::Unexpected("stream:features"));
        }
        *self.features = features;
        if self.state == State::Authenticating {
            return Ok(());
        }
        if !self.is_logged_in && self.is_encrypted {
            self.offered = Some(self.features.clone());
        }
        if self.negotiation.present().is_some_and(|negotiation| core::mem::take(&mut negotiation.is_early)) {
            self.catch_up();
            return Ok(());
        }
        if self.state == State::Ready {
            self.events.push_back(Event::Features(self.features.clone()));
            return Ok(());
        }
        if self.is_logged_in {
            self.state = State::Binding;
            // Another list of features does not ask again what is asked already.
            if self.negotiation.awaits == Awaits::Nothing {
                self.go_on();
            }
            return Ok(());
        }
        self.begin_securely();
        Ok(())
    }

    /// Says at once what the server can be expected to want (XEP-0305).
    pub(super) fn start_quickly(&mut self) {
        if !self.config.quickstart || self.account.dialect != Dialect::Xmpp || self.is_logged_in {
            return;
        }
        if !self.is_encrypted && self.config.tls == TlsPolicy::Required {
            self.negotiation.is_early = true;
            drop(self.wire.writer().element("starttls", ns::TLS));
        } else if self.is_encrypted
            && let Some(offered) = self.offered.take()
        {
            // Once: if that is not what the server offers any more, the next connection waits.
            self.features = offered;
            self.negotiation.is_early = true;
            self.begin_login();
            if self.state == State::Authenticating {
                self.state = State::Opening;
            }
        }
    }

    /// The features have come of a stream on which more was said already.
    fn catch_up(&mut self) {
        if self.negotiation.exchange.is_some() {
            self.state = State::Authenticating;
        } else if self.features.starttls.is_some() {
            self.events.push_back(Event::TlsNegotiating);
            self.state = State::Securing;
        } else {
            self.fail_tls(TlsFailure::NotOffered);
        }
    }

    /// Before the login: TLS first, where the policy wants it.
    fn begin_securely(&mut self) {
        let is_offered = self.features.starttls.is_some();
        match self.config.tls {
            TlsPolicy::Required | TlsPolicy::IfOffered if self.is_encrypted => self.prove(),
            TlsPolicy::Required | TlsPolicy::IfOffered if is_offered => {
                self.events.push_back(Event::TlsNegotiating);
                drop(self.wire.writer().element("starttls", ns::TLS));
                self.state = State::Securing;
            }
            TlsPolicy::Required => self.fail_tls(TlsFailure::NotOffered),
            _ => self.prove(),
        }
    }

    fn prove(&mut self) {
        match self.account.dialect {
            Dialect::Server => self.begin_as_peer(),
            _ => self.begin_login(),
        }
    }

    /// Of the dialects that know no features, and so no STARTTLS.
    pub(super) fn begin_without_features(&mut self) -> Result<(), Violation> {
        if self.config.tls == TlsPolicy::Required && !self.is_encrypted {
            self.fail_tls(TlsFailure::NotOffered);
            return Ok(());
        }
        self.state = State::Authenticating;
        match self.account.dialect {
            Dialect::Legacy(login) => self.begin_legacy_login(login),
            Dialect::Component => self.shake_hands(),
            Dialect::Server => {
                self.begin_as_peer();
                Ok(())
            }
            Dialect::Xmpp | Dialect::Router(_) => Ok(()),
        }
    }

    fn fail_tls(&mut self, failure: TlsFailure) {
        self.events.push_back(Event::TlsFailed(failure));
        self.take_leave(Reason::Tls(failure));
    }

    pub(super) fn on_tls(&mut self, element: ElementRef<'_>) -> Result<(), Violation> {
        self.allow_server(On::Tls, "starttls")?;
        if self.state == State::Leaving {
            return Ok(());
        }
        match element.name() {
            "proceed" => {
                self.wire.hold_for_tls().map_err(|_| Violation::BytesBeforeTls)?;
                self.layer = Layer::Tls;
                self.state = State::Handshake;
                Ok(())
            }
            "failure" if self.config.tls == TlsPolicy::IfOffered => {
                // The server ends the stream after this (RFC 6120 §5.4.2.2); one that does not may be logged in to.
                self.begin_login();
                Ok(())
            }
            "failure" => {
                self.fail_tls(TlsFailure::Refused);
                Ok(())
            }
            _ => Err(Violation::Unexpected("starttls")),
        }
    }

    /// The next thing to agree on after the login.
    pub(super) fn go_on(&mut self) {
        self.state = State::Binding;
        let may_compress = self.config.compression && !self.is_compressed;
        if may_compress && self.features.compression.iter().any(|method| method == "zlib") {
            return self.compress();
        }
        match self.account.dialect {
            Dialect::Router(how) => return self.bind_own_name(how),
            Dialect::Server => return self.become_peer(),
            _ => {}
        }
        if self.managed.has_before() && self.me.is_none() && self.features.sm && self.config.management {
            return self.resume();
        }
        if self.me.is_none() {
            let resource = self.account.jid.resource().map(String::from);
            return self.bind(resource);
        }
        if !self.has_session && self.features.session.is_some_and(|session| !session.optional) {
            return self.ask_for_session();
        }
        self.enable_management();
        self.become_ready();
    }

    fn compress(&mut self) {
        self.negotiation.awaits = Awaits::Compression;
        let mut writer = self.wire.writer();
        if let Ok(mut compress) = writer.element("compress", ns::COMPRESS) {
            let _ = compress.own_text("method", "zlib");
        }
    }

    pub(super) fn on_compression(&mut self, element: ElementRef<'_>) -> Result<(), Violation> {
        self.allow_server(On::Bind, "compressed")?;
        if self.state == State::Leaving {
            return Ok(());
        }
        if self.negotiation.awaits != Awaits::Compression {
            return Err(Violation::Unexpected("compressed"));
        }
        self.negotiation.awaits = Awaits::Nothing;
        if element.name() == "compressed" {
            self.wire.hold_for_tls().map_err(|_| Violation::BytesBeforeCompression)?;
            self.layer = Layer::Deflate;
            return Ok(());
        }
        self.events.push_back(Event::Odd(Oddity::CompressionRefused.into()));
        self.features.compression.clear();
        self.go_on();
        Ok(())
    }

    fn bind(&mut self, resource: Option<String>) {
        if !self.features.bind {
            let error = StanzaError::new(StanzaCondition::FeatureNotImplemented);
            self.events.push_back(Event::BindFailed(error.into()));
            return self.take_leave(Reason::BindFailed);
        }
        self.negotiation.binds = self.negotiation.binds.saturating_add(1);
        let id = self.requests.fresh_id();
        let mut bind = Iq::build(self.ns(), IqType::Set, &id, None).start("bind", ns::BIND);
        if let Some(resource) = &resource {
            bind = bind.own("resource").text(resource).end();
        }
        if let Ok(bind) = bind.finish() {
            self.wire.writer().embed(bind.view());
        }
        self.events.push_back(Event::Binding(resource));
        self.negotiation.awaits = Awaits::Bind(id);
    }

    pub(super) fn on_bound(&mut self, answer: &Element) -> Result<(), Violation> {
        self.allow_server(On::Bind, "iq")?;
        self.negotiation.awaits = Awaits::Nothing;
        if answer.attr("type").as_deref() == Some("error") {
            let refusal = StanzaCondition::UndefinedCondition;
            let error = StanzaError::read(answer.view()).unwrap_or(StanzaError::new(refusal));
            self.on_bind_failed(error);
            return Ok(());
        }
        let bound = answer.child("bind", ns::BIND).and_then(|bind| bind.child("jid", ns::BIND));
        let jid = bound.ok_or(Violation::BoundNowhere)?.text();
        self.bound(&jid)?;
        self.go_on();
        Ok(())
    }

    /// The server says who we are.
    pub(super) fn bound(&mut self, jid: &str) -> Result<(), Violation> {
        let jid = Jid::parse(jid.trim()).map_err(Violation::Bound)?;
        if !jid.is_full() {
            return Err(Violation::BoundNowhere);
        }
        self.events.push_back(Event::Bound(jid.clone()));
        self.me = Some(jid);
        Ok(())
    }

    fn on_bind_failed(&mut self, error: StanzaError) {
        let may_help = error.condition() == StanzaCondition::Conflict || error.kind() == ErrorType::Modify;
        self.events.push_back(Event::BindFailed(error.into()));
        let wished = self.account.jid.resource().map(String::from);
        match (self.config.bind_retry, wished) {
            (BindRetry::ServersChoice, Some(_)) if may_help && self.negotiation.binds < 2 => self.bind(None),
            (BindRetry::Random(tries), Some(wished)) if may_help && self.negotiation.binds <= tries => {
                let nonce = self.negotiation.fresh_nonce();
                let nonce = nonce.as_ref().map(Nonce::as_str).unwrap_or_default();
                let letters = nonce.chars().filter(char::is_ascii_alphanumeric).take(8);
                let resource = alloc::format!("{wished}-{}", letters.collect::<String>());
                self.bind(Some(resource));
            }
            _ => self.take_leave(Reason::BindFailed),
        }
    }

    fn ask_for_session(&mut self) {
        self.events.push_back(Event::SessionNegotiating);
        let id = self.requests.fresh_id();
        if let Ok(iq) = Iq::build(self.ns(), IqType::Set, &id, None).start("session", ns::SESSION).finish() {
            self.wire.writer().embed(iq.view());
        }
        self.negotiation.awaits = Awaits::Session(id);
    }

    pub(super) fn on_session(&mut self, answer: &Element) {
        self.negotiation.awaits = Awaits::Nothing;
        match StanzaError::read(answer.view()) {
            Some(error) => {
                self.events.push_back(Event::SessionFailed(error.into()));
                self.take_leave(Reason::SessionFailed);
            }
            None => {
                self.has_session = true;
                self.events.push_back(Event::SessionEstablished);
                self.go_on();
            }
        }
    }

    pub(super) fn become_ready(&mut self) {
        self.state = State::Ready;
        (self.heard, self.said, self.used) = (self.now, self.now, self.now);
        // Only a login over this connection needs it again.
        self.account.forget_proof();
        self.negotiation.clear();
        if !self.config.quickstart {
            self.offered = None;
        }
        if let Some(me) = &self.me {
            self.events.push_back(Event::Ready(me.clone()));
        }
        if self.config.queue == QueuePolicy::OnReady {
            self.flush_queue();
        }
        self.is_stale = true;
    }
}
