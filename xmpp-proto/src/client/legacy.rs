//! Logins that are older than SASL: of clients (XEP-0078) and of components (XEP-0114).

use wirestate_sasl::Secret;

use super::account::{Dialect, LegacyLogin};
use super::event::{Event, LoginError, Method};
use super::violation::Violation;
use super::{Awaits, Client, On};
use crate::ns;
use crate::payload::component;
use crate::stanza::{Iq, IqType, StanzaError};
use crate::xml::Element;

impl Client {
    pub(super) fn begin_legacy_login(&mut self, login: LegacyLogin) -> Result<(), Violation> {
        if self.account.jid.resource().is_none() {
            self.fail_login(LoginError::NoCredentials);
            return Ok(());
        }
        if !login.asks_fields {
            return self.log_in_legacy(true, login.is_plaintext_allowed);
        }
        let id = self.requests.fresh_id();
        let server = self.account.jid.server().to_jid();
        let query = Iq::build(ns::CLIENT, IqType::Get, &id, Some(server.as_ref())).start("query", ns::IQ_AUTH);
        let query = query.own("username").text(self.account.jid.local().unwrap_or_default()).end();
        if let Ok(query) = query.finish() {
            self.wire.writer().embed(query.view());
        }
        self.negotiation.awaits = Awaits::Fields(id);
        Ok(())
    }

    pub(super) fn on_legacy_answer(&mut self, answer: &Element) -> Result<(), Violation> {
        self.allow_server(On::Login, "iq")?;
        let awaits = core::mem::replace(&mut self.negotiation.awaits, Awaits::Nothing);
        if let Some(error) = StanzaError::read(answer.view()) {
            self.fail_login(LoginError::Legacy(error.into()));
            return Ok(());
        }
        match awaits {
            Awaits::LegacyLogin(_, method) => {
                self.me = Some(self.account.jid.clone());
                self.log_in();
                self.events.push_back(Event::Authenticated(method));
                self.become_ready();
                Ok(())
            }
            _ => {
                let has = |name| {
                    answer.child("query", ns::IQ_AUTH).is_some_and(|query| query.child(name, ns::IQ_AUTH).is_some())
                };
                self.log_in_legacy(has("digest"), has("password"))
            }
        }
    }

    fn log_in_legacy(&mut self, has_digest: bool, has_password: bool) -> Result<(), Violation> {
        let Dialect::Legacy(login) = self.account.dialect else { return Ok(()) };
        let Some(password) = self.account.proof.secret.clone() else {
            self.fail_login(LoginError::NoCredentials);
            return Ok(());
        };
        // Who does not ask, and allows the password, means to send it.
        let is_password_wished = login.is_plaintext_allowed && !login.asks_fields;
        let is_safe = self.is_encrypted || self.config.cleartext;
        let (method, field, proof) = if has_digest && !is_password_wished {
            (Method::LegacyDigest, "digest", self.digest(&password)?)
        } else if has_password && login.is_plaintext_allowed && is_safe {
            (Method::LegacyPassword, "password", password)
        } else {
            let is_open = has_password && login.is_plaintext_allowed;
            self.fail_login(if is_open { LoginError::CleartextForbidden } else { LoginError::NotOffered });
            return Ok(());
        };
        self.events.push_back(Event::Authenticating(method));
        let id = self.requests.fresh_id();
        let jid = self.account.jid.clone();
        let mut writer = self.wire.writer();
        if let Ok(mut iq) = writer.element("iq", ns::CLIENT) {
            let _ = iq.attr("type", "set").and_then(|iq| iq.attr("id", &id)).map(drop);
            if let Ok(mut query) = iq.child("query", ns::IQ_AUTH) {
                let _ = query
                    .own_text("username", jid.local().unwrap_or_default())
                    .and_then(|query| query.own_text(field, proof.expose()))
                    .and_then(|query| query.own_text("resource", jid.resource().unwrap_or_default()))
                    .map(drop);
            }
        }
        self.negotiation.awaits = Awaits::LegacyLogin(id, method);
        Ok(())
    }

    /// A component's login: one digest.
    pub(super) fn shake_hands(&mut self) -> Result<(), Violation> {
        let Some(secret) = self.account.proof.secret.clone() else {
            self.fail_login(LoginError::NoCredentials);
            return Ok(());
        };
        let digest = self.digest(&secret)?;
        self.events.push_back(Event::Authenticating(Method::Handshake));
        let mut writer = self.wire.writer();
        if let Ok(mut handshake) = writer.element("handshake", ns::COMPONENT_ACCEPT) {
            let _ = handshake.ascii(digest.expose().as_bytes());
        }
        self.negotiation.awaits = Awaits::Handshake;
        Ok(())
    }

    pub(super) fn on_handshake(&mut self, element: &Element) -> Result<(), Violation> {
        self.allow_server(On::Login, "handshake")?;
        if element.name() != "handshake" {
            return Err(Violation::Unexpected("stanza"));
        }
        self.me = Some(self.account.jid.clone());
        self.log_in();
        self.events.push_back(Event::Authenticated(Method::Handshake));
        self.become_ready();
        Ok(())
    }

    /// The SHA-1 of the stream's id and the secret, in hexadecimal.
    fn digest(&self, secret: &Secret) -> Result<Secret, Violation> {
        let id = self.sid.as_deref().filter(|id| !id.is_empty()).ok_or(Violation::NoStreamId)?;
        Ok(Secret::new(component::digest(id, secret)))
    }
}
