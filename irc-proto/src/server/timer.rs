use wirestate_machine::Instant;

use super::{Flood, Limits, Reason, Server, State};
use crate::codec::{Command, Parts};

/// What a session waits for in time.
#[derive(Debug)]
pub(super) struct Timer {
    /// When the client must be registered. It moves by the time that the application takes for its answers.
    register_by: Instant,
    /// When the client was last heard, or asked by PING whether it is there.
    since: Instant,
    asked: bool,
    /// When the application got a ticket.
    ticket_at: Option<Instant>,
    delay: Delay,
}

/// The wait before the answer to a failed login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delay {
    None,
    /// From the next time on that is told.
    Begun,
    Until(Instant),
}

impl Timer {
    pub(super) fn new(now: Instant, limits: &Limits) -> Self {
        Timer {
            register_by: now + limits.registration_time,
            since: now,
            asked: false,
            ticket_at: None,
            delay: Delay::None,
        }
    }

    /// A line has come.
    pub(super) fn hear(&mut self, now: Instant) {
        (self.since, self.asked) = (now, false);
    }

    /// The application has got a ticket.
    pub(super) fn wait_for_answer(&mut self, now: Instant) {
        // One question may follow another's answer.
        self.ticket_at = Some(now);
    }

    /// The next thing that happens is the end of a delay.
    pub(super) fn delay(&mut self) {
        self.delay = Delay::Begun;
    }

    pub(super) fn is_delaying(&self) -> bool {
        self.delay != Delay::None
    }
}

impl Server {
    /// Does what is due; gives whether that was anything.
    pub(super) fn keep_time(&mut self) -> bool {
        let limits = &self.config.limits;
        if self.timer.delay == Delay::Begun {
            self.timer.delay = Delay::Until(self.now + limits.failure_delay);
        }
        if self.tickets.is_open() {
            let due = self.answer_by().is_some_and(|by| self.now >= by);
            if due {
                self.close_with_error(Reason::AnswerTimeout);
            }
            return due;
        }
        if let Some(asked_at) = self.timer.ticket_at.take() {
            self.timer.register_by = self.timer.register_by + (self.now - asked_at);
        }
        if let Delay::Until(end) = self.timer.delay {
            let due = self.now >= end || self.stopping;
            if due {
                self.timer.delay = Delay::None;
                self.end_delay();
            }
            return due;
        }
        if self.registering.is_some() {
            let due = self.now >= self.timer.register_by;
            if due {
                self.close_with_error(Reason::RegistrationTimeout);
            }
            return due;
        }
        let due = self.now >= self.alive_by();
        if due {
            self.ask_whether_alive();
        }
        due
    }

    fn ask_whether_alive(&mut self) {
        if self.timer.asked {
            let silence = self.config.limits.ping_after + self.config.limits.ping_timeout;
            return self.close_with_error(Reason::PingTimeout(silence.as_secs()));
        }
        (self.timer.since, self.timer.asked) = (self.now, true);
        let config = self.config.clone();
        let ping = Parts { command: Command::Word(b"PING"), params: &[config.name.as_bytes()], ..Parts::default() };
        let said = self.say(&ping);
        debug_assert!(said.is_ok(), "{said:?}");
    }

    fn alive_by(&self) -> Instant {
        let limits = &self.config.limits;
        self.timer.since + if self.timer.asked { limits.ping_timeout } else { limits.ping_after }
    }

    fn answer_by(&self) -> Option<Instant> {
        self.timer.ticket_at.map(|at| at + self.config.limits.answer_time)
    }

    /// Until when the next line waits, where flood control holds it back.
    pub(super) fn held_until(&self) -> Option<Instant> {
        let flood = if self.exempt { Flood::Off } else { self.config.flood };
        let ready = self.penalties.ready_at(flood);
        (self.registering.is_none() && ready > self.now && !self.inbox.is_empty()).then_some(ready)
    }

    /// When the next thing is due.
    pub(super) fn due_at(&self) -> Option<Instant> {
        if self.state == State::Closed {
            return None;
        }
        if self.tickets.is_open() {
            return self.answer_by();
        }
        match self.timer.delay {
            Delay::Begun => return Some(self.now),
            Delay::Until(end) => return Some(end),
            Delay::None => {}
        }
        if self.registering.is_some() {
            return Some(self.timer.register_by);
        }
        Instant::earlier(Some(self.alive_by()), self.held_until())
    }
}
