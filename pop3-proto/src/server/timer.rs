use core::time::Duration;

use wirestate_machine::Instant;

use super::{Asked, Limits, Reason, Server};
use crate::codec::{Code, Keyword};
use crate::server::phrase::Phrase;
use crate::server::state::State;

/// The one thing in time that a session waits for.
#[derive(Debug)]
pub(super) struct Timer {
    at: Instant,
    what: What,
    /// When the login must be done. It moves by the time that the application takes for its answers.
    login_by: Instant,
    /// Since when the application has a ticket.
    asked_at: Option<Instant>,
    /// Something happened since `at` was computed.
    stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// The login, or the next command.
    Peer,
    /// The answer to a ticket.
    Answer,
    /// The end of the delay after a failed login.
    Delay,
}

impl Timer {
    pub(super) fn new(now: Instant, limits: &Limits) -> Self {
        let login_by = now + limits.login_time;
        Timer { at: login_by, what: What::Peer, login_by, asked_at: None, stale: false }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.at
    }

    /// Something happened: the deadline is to be computed anew when the time is known.
    pub(super) fn rearm(&mut self) {
        if self.what != What::Delay {
            self.stale = true;
        }
    }

    /// The next thing that happens is the end of a delay.
    pub(super) fn delay(&mut self) {
        self.what = What::Delay;
        self.stale = true;
    }

    /// Something happened that ends a delay, if there is one.
    pub(super) fn wake(&mut self) {
        if self.what == What::Delay {
            self.stale = true;
        }
    }

    /// Whether there is anything to do for the timer at `now`.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.stale || now >= self.at
    }

    pub(super) fn is_delaying(&self) -> bool {
        self.what == What::Delay
    }

    fn resume(&mut self, now: Instant) {
        if let Some(asked_at) = self.asked_at.take() {
            self.login_by = self.login_by + (now - asked_at);
        }
    }
}

impl Server {
    /// Computes the deadline where something happened, and does what is due.
    pub(super) fn keep_time(&mut self) {
        if self.state == State::Closed {
            return;
        }
        if self.timer.stale {
            self.arm();
        }
        if self.timer.what == What::Delay && (self.now >= self.timer.at || self.stopping) {
            self.timer.what = What::Peer;
            self.timer.rearm();
            self.end_delay();
            return self.keep_time();
        }
        if self.now >= self.timer.at {
            self.time_out();
        }
    }

    fn arm(&mut self) {
        let limits = &self.config.limits;
        let wait = |time: Duration| self.now + time;
        self.timer.stale = false;
        if self.timer.what == What::Delay {
            self.timer.at = wait(limits.failure_delay);
            self.timer.resume(self.now);
        } else if self.tickets.is_open() {
            self.timer.at = wait(limits.answer_time);
            self.timer.what = What::Answer;
            self.timer.asked_at = self.timer.asked_at.or(Some(self.now));
        } else {
            self.timer.resume(self.now);
            self.timer.what = What::Peer;
            self.timer.at = if self.login.is_some() { self.timer.login_by } else { wait(limits.idle_time) };
        }
    }

    fn time_out(&mut self) {
        if self.timer.what == What::Peer {
            // RFC 1939 §3: the connection is closed without a response.
            return self.close(Reason::Timeout);
        }
        // In mid-body an error line would be taken for message text.
        if self.asked != Asked::Stream {
            self.err(Keyword::Other, Some(Code::SysTemp), Phrase::TryLater);
        }
        self.close(Reason::AnswerTimeout);
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use wirestate_machine::Machine;
    use wirestate_sasl::server::{Answer, Rejection};

    use super::*;
    use crate::server::{Config, Event, Violation};

    #[test]
    fn the_last_failed_login_is_told_though_no_delay_lies_between_it_and_the_end() {
        let mut config = Config { cleartext: true, ..Config::default() };
        config.limits.failed_logins = 1;
        config.limits.failure_delay = Duration::ZERO;
        let mut server = Server::new(Arc::new(config), [7; 32], Instant::START);
        server.inbox().push(b"USER ann\r\nPASS wrong\r\n");
        let Ok(Some(Event::Authenticate { ticket, .. })) = server.poll(Instant::START) else { panic!() };
        server.authenticate(ticket, Answer::Reject(Rejection::Credentials)).unwrap();
        assert!(matches!(server.poll(Instant::START), Ok(Some(Event::LoginFailed { count: 1, .. }))));
        assert!(matches!(server.poll(Instant::START), Err(Violation::TooManyFailedLogins)));
        assert!(server.is_closed());
    }

    #[test]
    fn a_shutdown_ends_a_delay_and_moves_no_other_deadline() {
        let mut server =
            Server::new(Arc::new(Config { cleartext: true, ..Config::default() }), [7; 32], Instant::START);
        server.inbox().push(b"USER ann\r\nPASS wrong\r\n");
        let Ok(Some(Event::Authenticate { ticket, .. })) = server.poll(Instant::START) else { panic!() };
        assert!(matches!(server.poll(Instant::START), Ok(None)));
        let by = server.deadline();
        server.shutdown();
        assert!(matches!(server.poll(Instant::START + Duration::from_secs(1)), Ok(None)));
        assert_eq!(server.deadline(), by);
        server.authenticate(ticket, Answer::Reject(Rejection::Credentials)).unwrap();
        let now = Instant::START + Duration::from_secs(1);
        assert!(matches!(server.poll(now), Ok(Some(Event::LoginFailed { .. }))));
        assert!(matches!(server.poll(now), Ok(Some(Event::Closed(Reason::Shutdown)))));
    }
}
