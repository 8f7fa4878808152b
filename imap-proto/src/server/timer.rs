use core::time::Duration;

use wirestate_machine::Instant;

use super::reply::Reply;
use super::{Limits, Reason, Server, State};
use crate::codec::{Code, Condition};

/// The one thing in time that a session waits for.
#[derive(Debug)]
pub(super) struct Timer {
    at: Instant,
    what: What,
    /// When the login must be done. It moves by the time that the application takes for its answers.
    login_by: Instant,
    /// In IDLE: when the silence is over that the limits allow. What the application is asked meanwhile does not move it.
    idle_by: Option<Instant>,
    /// Since when the application has a ticket.
    asked_at: Option<Instant>,
    /// Something happened since `at` was computed.
    stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// The login, the next command, or DONE.
    Peer,
    /// In IDLE, the time to ask the application anew.
    Poll,
    /// The answer to a ticket.
    Answer,
    /// The end of the delay after a failed login.
    Delay,
}

impl Timer {
    pub(super) fn new(now: Instant, limits: &Limits) -> Self {
        let login_by = now + limits.login_time;
        Timer { at: login_by, what: What::Peer, login_by, idle_by: None, asked_at: None, stale: false }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.at
    }

    /// Something happened: the deadline is to be computed anew when the time is known.
    #[inline]
    pub(super) fn rearm(&mut self) {
        if self.what != What::Delay {
            self.stale = true;
        }
    }

    /// The client has said something.
    #[inline]
    pub(super) fn hear(&mut self) {
        self.idle_by = None;
        self.rearm();
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

    /// A client that has logged out again has as long for the next login as for the first.
    pub(super) fn begin_login(&mut self, now: Instant, limits: &Limits) {
        self.login_by = now + limits.login_time;
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
        if self.now < self.timer.at {
            return;
        }
        match self.timer.what {
            What::Poll => {
                self.force_poll();
                self.timer.rearm();
                self.arm();
            }
            _ => self.time_out(),
        }
    }

    fn arm(&mut self) {
        let limits = &self.config.limits;
        let wait = |time: Duration| self.now + time;
        self.timer.stale = false;
        if self.timer.what == What::Delay {
            self.timer.at = wait(limits.failure_delay);
            self.timer.resume(self.now);
            return;
        }
        if self.tickets.is_open() {
            self.timer.at = wait(limits.answer_time);
            self.timer.what = What::Answer;
            self.timer.asked_at = self.timer.asked_at.or(Some(self.now));
            return;
        }
        self.timer.resume(self.now);
        self.timer.what = What::Peer;
        if !self.is_logged_in() {
            self.timer.at = self.timer.login_by;
            return;
        }
        let idle_by = *self.timer.idle_by.get_or_insert(wait(limits.idle_time));
        self.timer.at = idle_by;
        if let (Some(every), true) = (limits.poll_every, self.is_idling() && self.is_selected()) {
            // A poll of no interval would never let the clock go on.
            let next = wait(every.max(Duration::from_millis(1)));
            if next < idle_by {
                (self.timer.at, self.timer.what) = (next, What::Poll);
            }
        }
    }

    fn time_out(&mut self) {
        let reason = if self.timer.what == What::Peer { Reason::Timeout } else { Reason::AnswerTimeout };
        // Within a literal a line would be taken for its octets; before TLS nothing may be said.
        if self.is_between_lines() && self.state != State::Securing {
            let (code, text) = match reason {
                Reason::Timeout if self.is_logged_in() => (None, "Idle for too long"),
                Reason::Timeout => (None, "Too slow to log in"),
                _ => (Some(Code::Unavailable), "Not possible at present, try again later"),
            };
            self.say(&Reply::new(Condition::Bye, code, text));
        }
        self.close(reason);
    }
}
