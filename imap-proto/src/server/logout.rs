use alloc::boxed::Box;

use super::{Enabled, Event, Reason, Rejected, Reply, Server, State};

impl Server {
    /// LOGOUT (RFC 9051 §6.1.3).
    pub(super) fn log_out(&mut self) {
        self.outbox.put(b"* BYE Logging out\r\n");
        self.answer_at_once(Reply::ok("Goodbye"));
        self.close(Reason::Logout);
    }

    /// UNAUTHENTICATE (RFC 8437 §3): all that was said since the connection began is forgotten, save TLS and compression.
    pub(super) fn unauthenticate(&mut self) -> Result<(), Rejected> {
        if !self.answer_at_once(Reply::ok("Logged out, log in again")) {
            return Ok(());
        }
        self.deselect();
        (self.enabled, self.notifying) = (Enabled::NONE, None);
        self.client_id = Box::default();
        self.enter(State::NotAuthenticated);
        self.timer.begin_login(self.now, &self.config.limits);
        self.queue(Event::LoggedOut);
        Ok(())
    }
}
