use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt::Display;

use wirestate_machine::Outbox;
use wirestate_sasl::Mechanism;
use wirestate_sasl::server::Offer;

use super::{Rejected, Server, State, Tls, Utf8};
use crate::codec::{Capability, Keyword, Text};
use crate::server::phrase::Phrase;

impl Server {
    /// CAPA (RFC 2449 §5): what is offered in this state, on this channel.
    pub(super) fn capa(&mut self) {
        if self.ok(Keyword::Capa, Phrase::Capabilities) {
            for capability in self.capabilities() {
                put_line(capability, &mut self.outbox);
            }
            self.outbox.put(b".\r\n");
        }
    }

    /// What CAPA would list now.
    pub fn capabilities(&self) -> Vec<Capability> {
        let config = &self.config;
        let before_login = self.state != State::Transaction;
        let mut list = Vec::with_capacity(16);
        list.extend([Capability::Top, Capability::Uidl, Capability::RespCodes, Capability::AuthRespCode]);
        list.push(Capability::Pipelining);
        if before_login {
            if self.offers_user() {
                list.push(Capability::User);
            }
            let mechanisms: Vec<_> = self.offered_mechanisms().map(|one| one.name().to_string()).collect();
            if !mechanisms.is_empty() {
                list.push(Capability::Sasl(mechanisms));
            }
            if config.tls == Tls::Stls && !self.encrypted {
                list.push(Capability::Stls);
            }
            if let Some(utf8) = config.utf8 {
                list.push(Capability::Utf8 { user: utf8 == Utf8::MessagesAndUsers });
            }
        }
        if !config.languages.is_empty() {
            list.push(Capability::Lang);
        }
        let own = self.maildrop.as_ref().map(|maildrop| maildrop.listing());
        list.extend(own.and_then(|own| own.expire).or(config.expire).map(Capability::Expire));
        list.extend(own.and_then(|own| own.login_delay).or(config.login_delay).map(Capability::LoginDelay));
        list.extend(config.implementation.clone().map(Capability::Implementation));
        list
    }

    /// Whether secrets may be sent in the clear on this channel, or need not be.
    pub(super) fn takes_secrets(&self) -> bool {
        self.encrypted || self.config.cleartext
    }

    pub(super) fn offers_user(&self) -> bool {
        self.config.user_pass && self.takes_secrets()
    }

    pub(super) fn offered_mechanisms(&self) -> impl Iterator<Item = Mechanism> + '_ {
        self.config.mechanisms.iter().copied().filter(|one| self.offers(*one))
    }

    pub(super) fn offers(&self, mechanism: Mechanism) -> bool {
        let login = self.login.as_ref();
        let offer = Offer {
            bindings: login.map(|login| &login.bindings),
            has_certificate: login.is_some_and(|login| login.certificate.is_some()),
            is_private: self.takes_secrets(),
            has_fake_keys: self.config.fake_keys.is_some(),
        };
        self.config.mechanisms.contains(&mechanism) && offer.has(mechanism)
    }

    /// `AUTH` alone: the mechanisms, a line each, for clients older than CAPA.
    pub(super) fn list_mechanisms(&mut self) -> Result<(), Rejected> {
        if self.ok(Keyword::Auth, Phrase::Mechanisms) {
            let mechanisms: Vec<_> = self.offered_mechanisms().collect();
            for mechanism in mechanisms {
                put_line(mechanism.name(), &mut self.outbox);
            }
            self.outbox.put(b".\r\n");
        }
        Ok(())
    }

    /// LANG (RFC 6856 §3): lists the languages, or speaks another one from now on.
    pub(super) fn lang(&mut self, tag: Option<&[u8]>) -> Result<(), Rejected> {
        if self.config.languages.is_empty() {
            return Err(Rejected::NotOffered);
        }
        match tag {
            None => self.list_languages(),
            // The server's default is English.
            Some(b"*") => {
                self.language = None;
                self.say_language("en");
            }
            Some(tag) => self.speak(tag),
        }
        Ok(())
    }

    fn list_languages(&mut self) {
        if self.ok(Keyword::Lang, Phrase::Languages) {
            put_line("en English", &mut self.outbox);
            for language in &self.config.languages {
                put_line(format_args!("{} {}", language.tag, language.name), &mut self.outbox);
            }
            self.outbox.put(b".\r\n");
        }
    }

    fn speak(&mut self, tag: &[u8]) {
        let is = |known: &str| known.as_bytes().eq_ignore_ascii_case(tag);
        if is("en") || is("i-default") {
            self.language = None;
            return self.say_language("en");
        }
        match self.config.languages.iter().position(|language| is(language.tag.as_str())) {
            Some(index) => {
                let tag = self.config.languages[index].tag.to_string();
                self.language = u8::try_from(index).ok();
                self.say_language(&tag);
            }
            None => self.err(Keyword::Lang, None, Phrase::UnknownLanguage),
        }
    }

    /// The response to LANG begins with the tag, and its text is in the new language already (RFC 6856 §3.2).
    fn say_language(&mut self, tag: &str) {
        let text = Text::lossy(alloc::format!("{tag} {}", self.phrase(Phrase::LanguageSet)));
        self.reply(super::Reply::ok(text).to(Keyword::Lang));
    }
}

fn put_line(line: impl Display, outbox: &mut Outbox) {
    outbox.put_display(line);
    outbox.put(b"\r\n");
}
