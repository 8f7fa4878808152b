//! From the greeting to the login, and what changes the session: TLS, login, logout.

use bytes::Bytes;
use wirestate_machine::Upgrade;

use super::event::{Event, Reason, Words};
use super::offers::Offers;
use super::violation::Violation;
use super::{Client, Enabled, State, TlsPolicy};
use crate::codec::{Capability, Code, Command, Condition, Response, Status};

impl Client {
    pub(super) fn on_greeting(&mut self, response: Response<Bytes>) -> Result<(), Violation> {
        let Response::Status(status) = response else { return Err(Violation::NotImap) };
        let Status { condition, code, text } = status;
        match condition {
            Condition::Ok => {}
            Condition::Preauth if self.config.tls == TlsPolicy::Required && !self.is_encrypted => {
                return Err(Violation::PreauthBeforeTls);
            }
            Condition::Preauth => {}
            Condition::Bye => {
                self.end(Reason::Refused(Words { code: code.map(alloc::boxed::Box::new), text }));
                return Ok(());
            }
            Condition::No | Condition::Bad => return Err(Violation::NotImap),
        }
        self.greeting = text;
        if let Some(Code::Capability(capabilities)) = code {
            self.learn(capabilities);
        }
        if condition == Condition::Preauth {
            self.be_ready(true);
            return Ok(());
        }
        self.negotiate()
    }

    /// Learns what the server can, starts TLS where it is wanted and not there yet, or else is ready.
    pub(super) fn negotiate(&mut self) -> Result<(), Violation> {
        self.state = State::Negotiation;
        if !self.offers.is_known() && !self.has_asked {
            self.has_asked = true;
            self.enqueue(None, Command::Capability);
            return Ok(());
        }
        let is_offered = self.offers.has(&Capability::StartTls);
        let starttls = match self.config.tls {
            _ if self.is_encrypted => false,
            // A server that does not tell what it can may have it nevertheless.
            TlsPolicy::Required if is_offered || !self.offers.is_known() => true,
            TlsPolicy::Required => return Err(Violation::TlsNotOffered),
            TlsPolicy::IfOffered => is_offered && !self.starttls_refused,
            TlsPolicy::Implicit | TlsPolicy::Never | TlsPolicy::Outside => false,
        };
        if starttls {
            self.enqueue(None, Command::StartTls);
        } else {
            self.be_ready(false);
        }
        Ok(())
    }

    fn be_ready(&mut self, authenticated: bool) {
        let greeting = core::mem::take(&mut self.greeting);
        if authenticated {
            self.has_told = self.offers.is_known();
            self.be_authenticated();
        } else {
            self.state = State::NotAuthenticated;
        }
        self.events.push_back(Event::Ready { greeting, encrypted: self.is_encrypted, authenticated });
    }

    pub(super) fn on_starttls_over(&mut self, condition: Condition) -> Result<(), Violation> {
        if condition == Condition::Ok {
            // RFC 9051 §6.2.1: nothing learnt before TLS is believed after it.
            self.greeting = Bytes::new();
            self.offers = Offers::default();
            self.has_asked = false;
            self.events.clear();
            self.awaited = Some(Upgrade::Tls);
            return Ok(());
        }
        if self.config.tls == TlsPolicy::Required {
            return Err(Violation::TlsRefused);
        }
        self.starttls_refused = true;
        self.negotiate()
    }

    /// Logged in. What the server can may be something else now (RFC 9051 §6.2.2).
    pub(super) fn be_authenticated(&mut self) {
        self.state = State::Authenticated;
        self.framing.set_limits(self.config.limits.response);
        if !self.has_told {
            self.offers = Offers::default();
        }
        let is_wanted = !self.has_told || self.config.quirks.partial_capabilities;
        if is_wanted && self.config.capability_after_login {
            self.enqueue(None, Command::Capability);
        }
    }

    /// UNAUTHENTICATE has succeeded (RFC 8437 §3): as it was before login.
    pub(super) fn be_nobody(&mut self) {
        self.state = State::NotAuthenticated;
        self.selected = None;
        self.enabled = Enabled::default();
        self.framing.set_limits(self.config.limits.before_login);
        if !self.has_told {
            self.offers = Offers::default();
        }
    }

    /// The server has told what it can.
    pub(super) fn learn(&mut self, capabilities: alloc::vec::Vec<Capability<Bytes>>) {
        self.offers = Offers::new(capabilities);
        self.has_told = true;
        if !matches!(self.state, State::Greeting | State::Negotiation) {
            self.events.push_back(Event::Capabilities);
        }
    }

    /// What ENABLE has turned on (RFC 5161 §3.1).
    pub(super) fn on_enabled(&mut self, capabilities: &[Capability<Bytes>]) {
        for capability in capabilities {
            match capability {
                Capability::Utf8Accept => self.enabled.utf8 = true,
                Capability::Imap4Rev2 => (self.enabled.rev2, self.enabled.utf8) = (true, true),
                Capability::QResync => (self.enabled.qresync, self.enabled.condstore) = (true, true),
                Capability::CondStore => self.enabled.condstore = true,
                _ => {}
            }
        }
    }
}
