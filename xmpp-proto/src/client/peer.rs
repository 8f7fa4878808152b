//! A server that connects to another one (RFC 6120 §1.1, XEP-0220, XEP-0288).

use alloc::format;
use alloc::string::String;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::event::{Event, LoginError, Method, Reason};
use super::violation::Violation;
use super::{Awaits, Client, On, State};
use crate::ns;
use crate::payload::dialback::{Content, Dialback, DialbackKind};
use crate::xml::ElementRef;

/// The key that proves that a stream is from whom it says (XEP-0185): hexadecimal, made of a secret that only this server knows. Whoever is asked by
/// `<db:verify/>` makes it once more and compares.
pub fn dialback_key(secret: &str, receiving: &str, originating: &str, stream_id: &str) -> String {
    let secret = hex(&Sha256::digest(secret));
    // HMAC takes keys of any length.
    let Ok(hmac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    let text = format!("{receiving} {originating} {stream_id}");
    hex(&hmac.chain_update(text).finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

impl Client {
    /// Whether SASL EXTERNAL or dialback is the way, and that.
    pub(super) fn begin_as_peer(&mut self) {
        if let Some(verify) = self.account.proof.verify.clone() {
            self.state = State::Authenticating;
            let (id, key) = verify;
            return self.say_dialback(DialbackKind::Verify, Some(id), key);
        }
        if self.features.bidi && self.config.bidi {
            self.is_bidi = true;
            drop(self.wire.writer().element("bidi", ns::BIDI));
        }
        let can_external = self.features.mechanisms.iter().any(|name| name == "EXTERNAL");
        if can_external && self.account.proof.credentials.is_some() {
            return self.begin_login();
        }
        self.state = State::Authenticating;
        self.dial_back();
    }

    fn dial_back(&mut self) {
        let Some(secret) = self.account.proof.secret.clone() else { return self.fail_login(LoginError::NotOffered) };
        let id = self.sid.as_deref().unwrap_or_default();
        let remote = self.account.proof.remote.as_ref().map(crate::Jid::domain).unwrap_or_default();
        let key = dialback_key(secret.expose(), remote, self.account.jid.domain(), id);
        self.events.push_back(Event::Authenticating(Method::Dialback));
        self.say_dialback(DialbackKind::Result, None, key);
    }

    fn say_dialback(&mut self, kind: DialbackKind, id: Option<String>, key: String) {
        let Some(to) = self.account.proof.remote.clone() else { return self.fail_login(LoginError::NoCredentials) };
        let from = self.account.jid.server().to_jid();
        let dialback = Dialback { kind, from, to, id, content: Content::Key(key) };
        // What XML cannot hold is nobody's key: the element goes without it.
        let _ = dialback.write(&mut self.wire.writer());
        self.negotiation.awaits = Awaits::Dialback;
    }

    pub(super) fn on_dialback(&mut self, element: ElementRef<'_>) -> Result<(), Violation> {
        self.allow_server(On::Login, "db:result")?;
        if self.state == State::Leaving {
            return Ok(());
        }
        let Ok(Some(result)) = Dialback::read(element) else { return Err(Violation::Unexpected("db:result")) };
        let verified = self.account.proof.verify.as_ref().map(|(id, _)| id);
        let kind = if verified.is_some() { DialbackKind::Verify } else { DialbackKind::Result };
        let is_ours = self.negotiation.awaits == Awaits::Dialback
            && result.kind == kind
            && verified.is_none_or(|id| Some(id) == result.id.as_ref())
            && Some(&result.from) == self.account.proof.remote.as_ref()
            && result.to.as_ref() == self.account.jid.server();
        if !is_ours {
            return Err(Violation::Unexpected("db:result"));
        }
        self.negotiation.awaits = Awaits::Nothing;
        if verified.is_some() {
            let answer = match result.content {
                Content::Valid => Ok(true),
                Content::Invalid => Ok(false),
                Content::Error(error) => Err(error.into()),
                Content::Key(_) => return Err(Violation::Unexpected("db:verify")),
            };
            self.events.push_back(Event::Verified(answer));
            self.take_leave(Reason::Quit);
            return Ok(());
        }
        let refused = |condition: &str| LoginError::Refused { condition: condition.into(), text: String::new() };
        match result.content {
            Content::Valid => {
                self.log_in();
                self.events.push_back(Event::Authenticated(Method::Dialback));
                self.become_peer();
            }
            Content::Error(error) => self.fail_login(refused(error.condition().as_str())),
            Content::Invalid => self.fail_login(refused("invalid")),
            Content::Key(_) => return Err(Violation::Unexpected("db:result")),
        }
        Ok(())
    }

    /// Nothing is bound between servers.
    pub(super) fn become_peer(&mut self) {
        self.me = Some(self.account.jid.server().to_jid());
        self.enable_management();
        self.become_ready();
    }
}
