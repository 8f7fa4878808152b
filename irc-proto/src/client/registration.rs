use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::event::{Event, LoginError, Reason, Sts};
use super::sts::{Policy, Value};
use super::violation::Violation;
use super::{Cap, Client, SaslPolicy, Starttls, State, Tls, TlsPolicy};
use crate::capability::Capability;
use crate::codec::{Command, Encoder, Message, Numeric, Parts, Sender};
use crate::numerics::*;

impl Client {
    /// Begins, or begins anew now that TLS is up.
    pub(super) fn begin(&mut self) {
        let plain = !self.is_encrypted();
        if let Some(policy) = self.config.sts.filter(|_| plain) {
            self.events.push_back(Event::Sts(Sts::Reconnect { port: policy.port }));
            return self.end(Reason::Sts { port: policy.port });
        }
        self.state = State::Negotiation;
        self.offers = Default::default();
        self.cap = Cap::Asked;
        self.starttls = Starttls::NotAsked;
        if self.identity.webirc.is_some() && !(plain && self.wants_starttls()) {
            if plain && !self.config.cleartext {
                return self.end(Reason::CleartextForbidden);
            }
            let (webirc, outbox) = (&self.identity.webirc, &mut self.outbox);
            if let Some(webirc) = webirc {
                // It has been written once already, when it was given.
                let _ = webirc.with_parts(|parts| Encoder::new(Sender::Client).encode(parts, outbox));
            }
        }
        self.put(b"CAP", &[b"LS", b"302"]);
        if plain {
            self.silence = Some(self.now + self.config.limits.silence);
        } else {
            self.introduce();
        }
    }

    /// Nothing learnt before TLS is believed after it.
    pub(super) fn forget(&mut self) {
        let nick = Vec::from(self.nick());
        self.tracker = Client::fresh_tracker(&self.config);
        self.tracker.set_nick(&nick);
        self.framing.set_limits(self.config.limits.framing(0));
        self.batches.clear();
        self.error = None;
    }

    fn wants_starttls(&self) -> bool {
        let wanted = matches!(self.config.tls, TlsPolicy::Required | TlsPolicy::IfOffered);
        wanted && self.tls == Tls::Down && self.starttls != Starttls::Refused
    }

    /// Says PASS, NICK and USER, once.
    fn introduce(&mut self) {
        if core::mem::replace(&mut self.introduced, true) {
            return;
        }
        self.silence = None;
        if let Some(password) = self.identity.password.clone() {
            if !self.is_encrypted() && !self.config.cleartext {
                return self.end(Reason::CleartextForbidden);
            }
            self.put(b"PASS", &[password.expose().as_bytes()]);
        }
        if let Some(nick) = self.identity.nicks.next() {
            self.tracker.set_nick(&nick);
            self.put(b"NICK", &[&nick]);
        }
        let (user, realname) = (self.identity.user.clone(), self.identity.realname.clone());
        self.put(b"USER", &[user.as_bytes(), b"0", b"*", realname.as_bytes()]);
    }

    /// The server has said nothing about capabilities: old servers do not.
    pub(super) fn on_silence(&mut self) {
        match (self.config.tls, self.starttls) {
            (TlsPolicy::Required, Starttls::NotAsked) if self.tls == Tls::Down => self.ask_for_tls(),
            (TlsPolicy::Required, _) if self.tls == Tls::Down => {}
            _ => self.introduce(),
        }
    }

    fn ask_for_tls(&mut self) {
        self.silence = None;
        self.starttls = Starttls::Asked;
        self.put(b"STARTTLS", &[]);
    }

    pub(super) fn on_starttls(&mut self) -> Result<(), Violation> {
        if self.starttls != Starttls::Asked || self.tls != Tls::Down {
            return Ok(());
        }
        if !self.inbox.is_empty() {
            return Err(Violation::BytesBeforeTls);
        }
        self.tls = Tls::Awaited;
        self.inbox.hold(true);
        Ok(())
    }

    pub(super) fn on_starttls_refused(&mut self) -> Result<(), Violation> {
        if self.starttls != Starttls::Asked || self.tls != Tls::Down {
            return Ok(());
        }
        if self.config.tls == TlsPolicy::Required {
            return Err(Violation::TlsRefused);
        }
        self.starttls = Starttls::Refused;
        match self.cap {
            Cap::Known => self.negotiate(),
            _ => {
                self.introduce();
                Ok(())
            }
        }
    }

    /// An error that may say that CAP or STARTTLS is not known.
    pub(super) fn on_unknown(&mut self, numeric: Numeric, message: Message<Bytes>) -> Result<(), Violation> {
        let named = message.borrow().param(1).unwrap_or_default();
        // 451 ERR_NOTREGISTERED often names no command.
        let about = |command: &[u8]| named.eq_ignore_ascii_case(command);
        let nameless = numeric == ERR_NOTREGISTERED && named.contains(&b' ') || numeric == ERR_INVALIDCAPCMD;
        if self.starttls == Starttls::Asked && (about(b"STARTTLS") || nameless) {
            return self.on_starttls_refused();
        }
        if self.cap != Cap::Asked || !(about(b"CAP") || nameless) {
            self.file(message);
            return Ok(());
        }
        self.cap = Cap::Missing;
        self.silence = None;
        if self.config.tls == TlsPolicy::Required && self.tls == Tls::Down {
            self.ask_for_tls();
            return Ok(());
        }
        self.introduce();
        if self.ending.is_none() {
            self.after_capabilities();
        }
        Ok(())
    }

    pub(super) fn on_cap(&mut self, message: Message<Bytes>) -> Result<(), Violation> {
        let params: Vec<&[u8]> = message.borrow().params().collect();
        let (Some(sub), Some(list)) = (params.get(1).copied(), params.last().copied().filter(|_| params.len() > 2))
        else {
            self.file(message);
            return Ok(());
        };
        let is = |word: &[u8]| sub.eq_ignore_ascii_case(word);
        let registered = !matches!(self.state, State::Negotiation | State::Authenticating | State::Registration);
        let limits = &self.config.limits;
        if is(b"LS") {
            let more = params.len() > 3 && params.get(2) == Some(&&b"*"[..]);
            if !registered && matches!(self.cap, Cap::Asked | Cap::Listing) {
                self.silence = None;
                self.offers.add(list, limits)?;
                self.cap = if more { Cap::Listing } else { Cap::Known };
                return if more { Ok(()) } else { self.negotiate() };
            }
        } else if is(b"NEW") {
            self.offers.add(list, limits)?;
            if self.is_encrypted() || registered {
                self.hear_sts();
            }
            if registered || self.cap == Cap::Known && self.introduced {
                self.ask_for_capabilities(Some(list));
            }
        } else if is(b"DEL") {
            // STS is not taken back so: what it said holds for its duration.
            let before = self.offers.agreed;
            self.offers.remove(list);
            if self.offers.agreed != before {
                self.events.push_back(Event::Capabilities(self.offers.agreed));
            }
        } else if is(b"ACK") {
            let before = (self.offers.agreed, self.offers.others.len());
            let sasl = self.offers.acknowledge(list);
            if registered {
                if before != (self.offers.agreed, self.offers.others.len()) {
                    self.events.push_back(Event::Capabilities(self.offers.agreed));
                }
                if sasl && !self.logged_in && self.exchange.is_none() {
                    self.begin_login();
                }
            } else {
                self.after_answer();
            }
            return Ok(());
        } else if is(b"NAK") {
            for name in self.offers.refuse() {
                self.put(b"CAP", &[b"REQ", &name]);
                self.offers.asked.push_back(alloc::vec![name]);
            }
            if !registered {
                self.after_answer();
            }
            return Ok(());
        }
        if registered {
            self.file(message);
        }
        Ok(())
    }

    /// All capabilities are known: TLS first, where it is wanted and not there yet.
    fn negotiate(&mut self) -> Result<(), Violation> {
        self.hear_sts();
        if self.ending.is_some() {
            return Ok(());
        }
        if self.wants_starttls() && self.starttls == Starttls::NotAsked {
            if self.offers.has(Capability::Tls.name().as_bytes()) {
                self.ask_for_tls();
                return Ok(());
            }
            if self.config.tls == TlsPolicy::Required {
                return Err(Violation::TlsNotOffered);
            }
        }
        if self.starttls == Starttls::Asked && self.tls == Tls::Down {
            return Ok(());
        }
        self.introduce();
        if self.ending.is_none() {
            self.state = State::Negotiation;
            self.ask_for_capabilities(None);
            self.after_answer();
        }
        Ok(())
    }

    /// What the server demands by STS: TLS and a port where there is none yet, and else how long to keep to that.
    fn hear_sts(&mut self) {
        let Some(value) = self.offers.value(Capability::Sts).map(Value::parse) else { return };
        if !self.is_encrypted() {
            if let Some(port) = value.port {
                self.events.push_back(Event::Sts(Sts::Reconnect { port }));
                self.end(Reason::Sts { port });
            }
        } else if let Some(duration) = value.duration {
            let port = self.config.port.or(value.port).unwrap_or(6697);
            self.events.push_back(Event::Sts(Sts::Keep(Policy { port, duration, preload: value.preload })));
        }
    }

    fn ask_for_capabilities(&mut self, among: Option<&[u8]>) {
        let sasl = self.config.sasl != SaslPolicy::Off && self.identity.credentials.is_some();
        for names in self.offers.wishes(&self.config, sasl, among) {
            let list = names.join(&b' ');
            self.put(b"CAP", &[b"REQ", &list]);
            self.offers.asked.push_back(names);
        }
    }

    /// A CAP REQ was answered, or there was none to make.
    fn after_answer(&mut self) {
        let waiting = !self.offers.asked.is_empty() || self.exchange.is_some();
        if self.cap == Cap::Known && self.introduced && !waiting && self.state == State::Negotiation {
            self.after_capabilities();
        }
    }

    /// The capabilities are settled: the login next, where there is to be one.
    fn after_capabilities(&mut self) {
        self.events.push_back(Event::Capabilities(self.offers.agreed));
        if self.config.sasl == SaslPolicy::Off || self.identity.credentials.is_none() || self.logged_in {
            return match self.config.sasl {
                SaslPolicy::Required if !self.logged_in => self.login_failed(LoginError::NotOffered),
                _ => self.finish_negotiation(),
            };
        }
        self.state = State::Authenticating;
        match self.offers.agreed.has(Capability::Sasl) {
            true => self.begin_login(),
            false => self.login_failed(LoginError::NotOffered),
        }
    }

    pub(super) fn finish_negotiation(&mut self) {
        self.state = State::Registration;
        if let Some(network) = self.identity.network.clone()
            && self.offers.agreed.has(Capability::SojuBouncerNetworks)
        {
            self.put(b"BOUNCER", &[b"BIND", network.as_bytes()]);
        }
        if self.cap == Cap::Known {
            self.put(b"CAP", &[b"END"]);
        }
    }

    /// The nickname is taken or no good: the next one.
    pub(super) fn next_nick(&mut self, refused: Option<&[u8]>) {
        // A late answer about another one, or about a channel.
        if refused.is_some_and(|refused| refused != b"*" && !self.tracker.is_me(refused) && !refused.contains(&b' ')) {
            // Servers may cut what they refuse.
            let cut = refused.is_some_and(|refused| !refused.is_empty() && self.nick().starts_with(refused));
            if !cut {
                return;
            }
        }
        let nicks = &mut self.identity.nicks;
        match nicks.next().filter(|_| nicks.tried() <= self.config.limits.nicks) {
            Some(nick) => {
                self.tracker.set_nick(&nick);
                self.put(b"NICK", &[&nick]);
            }
            None => self.take_leave(b"", Reason::NoNick),
        }
    }

    pub(super) fn on_welcome(&mut self, message: Message<Bytes>) -> Result<(), Violation> {
        if !self.is_encrypted() && self.config.tls == TlsPolicy::Required {
            return Err(Violation::TlsRefused);
        }
        if !self.introduced {
            // Nobody has been introduced, so nobody can be welcome.
            self.file(message);
            return Ok(());
        }
        self.silence = None;
        if self.exchange.is_some() {
            self.abort_login();
            self.events.push_back(Event::LoginFailed(Box::new(LoginError::Unfinished)));
        }
        if self.config.sasl == SaslPolicy::Required && !self.logged_in {
            self.take_leave(b"", Reason::LoginFailed);
            return Ok(());
        }
        self.state = State::Registered;
        self.heard = self.now;
        self.stale = true;
        let mut changes = Vec::new();
        self.tracker.apply(message.borrow(), &mut changes);
        let nick = Bytes::copy_from_slice(self.nick());
        self.events.push_back(Event::Registered { nick, message });
        Ok(())
    }

    /// The server's greeting is over: takes up what the session before has left.
    pub(super) fn settle(&mut self) {
        if core::mem::replace(&mut self.settled, true) {
            return;
        }
        if let Some(resume) = self.resume.take() {
            self.take_up(&resume);
        }
        self.regain_begin();
    }

    /// Writes a line at once, before all that waits in the queue; whether it could be written.
    pub(super) fn put(&mut self, command: &[u8], params: &[&[u8]]) -> bool {
        let parts = Parts { command: Command::Word(command), params, ..Parts::default() };
        self.encoder().encode(&parts, &mut self.outbox).is_ok()
    }
}
