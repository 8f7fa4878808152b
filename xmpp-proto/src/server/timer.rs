use alloc::borrow::ToOwned;

use wirestate_machine::Instant;

use super::{Limits, Reason, Server, State};
use crate::ns;
use crate::payload::ping;
use crate::payload::sm::Sm;
use crate::stream::{Content, Packet};

/// What our pings are called.
pub(super) const PING_ID: &str = "are-you-there";

/// What a session waits for in time.
#[derive(Debug)]
pub(super) struct Timer {
    /// When a client must have been heard again, or it is asked; when it has been asked, by when the answer must be there.
    alive_by: Instant,
    asked: bool,
    wait: Wait,
}

/// What nothing else happens before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Nothing,
    /// The application got a ticket at this time. With the ticket back, the time that it took is still to be given to the client.
    Answer(Instant),
    /// A login has failed, after a question at this time, or of itself at this time; from the next time on that is told, the answer is delayed.
    DelayBegun(Instant),
    /// The end of the delay before the answer to a failed login.
    Delay(Instant),
}

impl Timer {
    pub(super) fn new(now: Instant) -> Self {
        Timer { alive_by: now, asked: false, wait: Wait::Nothing }
    }

    /// The client has said something.
    pub(super) fn hear(&mut self, now: Instant, limits: &Limits) {
        (self.alive_by, self.asked) = (now + limits.ping_after, false);
    }

    /// The application has got a ticket. Where one question follows another's answer, its time is that of the first.
    pub(super) fn ask(&mut self, now: Instant) {
        if !matches!(self.wait, Wait::Answer(_)) {
            self.wait = Wait::Answer(now);
        }
    }

    /// The next thing that happens is the end of a delay.
    pub(super) fn delay(&mut self, now: Instant) {
        self.wait = match self.wait {
            Wait::Answer(asked_at) => Wait::DelayBegun(asked_at),
            _ => Wait::DelayBegun(now),
        };
    }

    /// Whether nothing is waited for but the client.
    pub(super) fn is_resting(&self) -> bool {
        self.wait == Wait::Nothing
    }

    pub(super) fn is_delaying(&self) -> bool {
        matches!(self.wait, Wait::DelayBegun(_) | Wait::Delay(_))
    }
}

impl Server {
    /// Does what is due; gives whether that was anything.
    pub(super) fn keep_time(&mut self) -> bool {
        match self.timer.wait {
            Wait::Answer(asked_at) if self.tickets.is_open() => {
                return self.close_if_due(asked_at + self.config.limits.answer_time, Reason::AnswerTimeout);
            }
            Wait::Answer(asked_at) => {
                self.give_back(asked_at);
                self.timer.wait = Wait::Nothing;
            }
            Wait::DelayBegun(asked_at) => {
                self.give_back(asked_at);
                self.timer.wait = Wait::Delay(self.now + self.config.limits.failure_delay);
                return true;
            }
            Wait::Delay(end) if self.now >= end || self.stopping => {
                self.timer.wait = Wait::Nothing;
                self.end_delay();
                return true;
            }
            Wait::Delay(_) => return false,
            Wait::Nothing => {}
        }
        if self.state == State::Closing {
            let is_over = self.wire.is_over(self.now);
            if is_over {
                self.close(Reason::CloseTimeout);
            }
            return is_over;
        }
        if let Some(login) = &self.login {
            return self.close_if_due(login.by, Reason::LoginTimeout);
        }
        let due = self.now >= self.timer.alive_by;
        if due {
            self.ask_whether_alive();
        }
        due
    }

    /// What the application took is not the client's time.
    fn give_back(&mut self, asked_at: Instant) {
        if let Some(login) = &mut self.login {
            login.by = login.by + (self.now - asked_at);
        }
    }

    fn close_if_due(&mut self, by: Instant, reason: Reason) -> bool {
        let due = self.now >= by;
        if due {
            self.close_for(reason);
        }
        due
    }

    #[cold]
    fn ask_whether_alive(&mut self) {
        if self.wire.has_heard() {
            // Keepalives, or a stanza that takes its time.
            return self.timer.hear(self.now, &self.config.limits);
        }
        if self.timer.asked {
            return self.close_for(Reason::PingTimeout);
        }
        (self.timer.alive_by, self.timer.asked) = (self.now + self.config.limits.ping_timeout, true);
        if let Some(managed) = &mut self.managed {
            managed.stream.requested();
            return self.write(|writer| Sm::Request.write(writer));
        }
        let (host, jid) = (self.host_name().to_owned(), self.jid.clone());
        let ping = Packet::write(Content::Client, |writer| {
            let mut iq = writer.element("iq", ns::CLIENT)?;
            iq.attr("type", "get")?.attr("id", PING_ID)?.attr("from", &host)?;
            iq.attr_if("to", jid.as_ref().map(|jid| jid.as_str()))?;
            ping::write(&mut iq)
        });
        self.say_built(ping);
    }

    /// When the next thing is due.
    pub(super) fn due_at(&self) -> Option<Instant> {
        match self.timer.wait {
            _ if self.state == State::Closed => return None,
            Wait::Answer(at) if self.tickets.is_open() => return Some(at + self.config.limits.answer_time),
            Wait::DelayBegun(_) => return Some(self.now),
            Wait::Delay(end) => return Some(end),
            Wait::Answer(_) | Wait::Nothing => {}
        }
        match &self.login {
            _ if self.state == State::Closing => self.wire.until(),
            Some(login) => Some(login.by),
            None => Some(self.timer.alive_by),
        }
    }
}
