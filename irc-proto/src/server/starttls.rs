use alloc::boxed::Box;

use wirestate_machine::TlsFacts;

use super::{Event, Rejected, Server, State, Tls, Violation};
use crate::{Capabilities, numerics};

impl Server {
    /// STARTTLS (IRCv3 tls-3.1).
    pub(super) fn starttls(&mut self) -> Result<(), Rejected> {
        if self.config.tls != Tls::Starttls || self.encrypted {
            return Err(Rejected::NotOffered);
        }
        if !self.inbox.is_empty() {
            self.numeric(numerics::ERR_STARTTLS, &[], "STARTTLS failed: data came before the TLS negotiation");
            self.violate(Violation::DataBeforeTls);
            return Ok(());
        }
        self.numeric(numerics::RPL_STARTTLS, &[], "STARTTLS successful, proceed with TLS handshake");
        // Nothing more is said in the clear.
        self.end_answer();
        self.inbox.hold(true);
        self.state = State::Securing;
        Ok(())
    }

    /// TLS is up: what was said in the clear is forgotten, capabilities, names and logins.
    pub(super) fn secured(&mut self, facts: Box<TlsFacts>) {
        if let Some(login) = &mut self.login {
            login.secured(&facts);
        }
        if let Some(registering) = &mut self.registering {
            registering.secured();
        }
        self.nick = Box::default();
        (self.agreed, self.agreed_others, self.cap_302) = (Capabilities::NONE, 0, false);
        self.encrypted = true;
        self.inbox.hold(false);
        self.framing.reset();
        self.state = State::Registering;
        self.queued = Some(Box::new(Event::Secured(facts)));
    }
}
