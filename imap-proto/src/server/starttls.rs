use alloc::boxed::Box;

use wirestate_machine::TlsFacts;

use super::{Event, Rejected, Reply, Server, State, Tls, Violation};

impl Server {
    /// STARTTLS (RFC 9051 §6.2.1).
    pub(super) fn starttls(&mut self) -> Result<(), Rejected> {
        if self.config.tls != Tls::Starttls || self.encrypted {
            return Err(Rejected::NotOffered);
        }
        if !self.inbox.is_empty() {
            self.violate(Violation::DataBeforeTls);
            return Ok(());
        }
        if self.answer(Reply::ok("Begin TLS negotiation now")) {
            self.inbox.hold(true);
            self.state = State::Securing;
        }
        Ok(())
    }

    /// TLS is up: what was said in the clear is forgotten.
    pub(super) fn secured(&mut self, facts: Box<TlsFacts>) {
        if let Some(login) = &mut self.login {
            login.know_channel(&facts);
            login.forget_proof();
        }
        self.client_id = Box::default();
        self.encrypted = true;
        self.inbox.hold(false);
        self.timer.rearm();
        // With implicit TLS the greeting is still to come.
        self.state = if self.heard { State::NotAuthenticated } else { State::Greeting };
        self.queue(Event::Secured(facts));
    }
}
