use alloc::boxed::Box;

use wirestate_machine::{Ending, Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
use wirestate_sasl::Bindings;

use super::event::{Event, Outcome, Reason, RequestId, Wait, Words};
use super::violation::Violation;
use super::{Client, State};
use crate::codec::{Command, Keyword};

impl Machine for Client {
    type Event = Event;
    type Error = Violation;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Event>, Violation> {
        if let Some(violation) = &self.violation {
            return Err((**violation).clone());
        }
        if self.closed {
            return Ok(None);
        }
        self.now = self.now.max(now);
        let outcome = self.advance();
        if let Err(violation) = &outcome {
            self.break_off(violation.clone());
        }
        self.keep_time();
        outcome
    }

    fn deadline(&self) -> Option<Instant> {
        // What began since the last poll is timed by the next one.
        if self.waits_for() == self.timed { self.timer } else { Some(self.now) }
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        let ready = self.ending.is_none() && !self.is_closed() && self.inbox.is_empty() && self.outbox.is_empty();
        self.awaited.filter(|_| ready)
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        match (self.awaited, how) {
            (Some(Upgrade::Tls), Upgraded::Tls(facts)) => {
                self.is_encrypted = true;
                self.bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
                self.secured = Some(facts);
            }
            (Some(Upgrade::Deflate), Upgraded::Deflate) => self.progress = true,
            _ => return,
        }
        self.now = self.now.max(now);
        self.awaited = None;
        self.inbox.hold(false);
        self.pump();
    }

    fn is_closed(&self) -> bool {
        self.closed || self.violation.is_some()
    }

    /// Ends the session in good order: what is under way is still answered, what waits in the machine is not sent, then LOGOUT goes out. Nothing
    /// is expunged. Before the session is ready, and during a login, it closes at once. After [`logout`](Client::logout) it changes nothing.
    fn shutdown(&mut self) {
        match self.state() {
            State::Closed | State::Leaving => {}
            State::NotAuthenticated | State::Authenticated | State::Selected => {
                self.leaving = true;
                self.stopping = true;
                self.end_idle();
            }
            _ => self.end(Reason::Shutdown),
        }
    }

    fn ending(&self) -> Option<Ending> {
        self.ended.filter(|_| self.is_closed())
    }
}

impl Client {
    fn advance(&mut self) -> Result<Option<Event>, Violation> {
        if let Some(facts) = self.secured.take() {
            self.progress = true;
            if self.state == State::Negotiation {
                self.negotiate()?;
            }
            return Ok(Some(Event::Secured(facts)));
        }
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if self.ending.is_some() {
                return Ok(self.last_events());
            }
            if self.stopping {
                self.stop();
            }
            self.pump();
            if let Some(event) = self.want_more() {
                return Ok(Some(event));
            }
            if !self.events.is_empty() || self.read()? || self.ending.is_some() {
                continue;
            }
            if self.inbox.is_closed() {
                self.on_eof();
                continue;
            }
            match self.timed {
                Some(wait) if self.is_late() => self.on_late(wait),
                _ => return Ok(None),
            }
            // IDLE and NOOP end no session.
            if self.ending.is_none() {
                return Ok(None);
            }
        }
    }

    /// A step towards the end that `shutdown` asked for.
    fn stop(&mut self) {
        while let Some(waiting) = self.waiting.pop_front() {
            if let Some(request) = waiting.request {
                self.events.push_back(Event::Done { request, outcome: Outcome::Unsent });
            }
        }
        if self.sent.is_empty() && self.awaited.is_none() {
            self.stopping = false;
            self.enqueue(None, Command::Logout);
        }
    }

    fn on_eof(&mut self) {
        if !self.say_farewell() {
            self.end(Reason::Eof);
        }
    }

    fn on_late(&mut self, wait: Wait) {
        match wait {
            Wait::Renewal => self.say_done(),
            Wait::KeepAlive => self.enqueue(None, Command::Noop),
            Wait::Logout if self.say_farewell() => {}
            wait => self.end(Reason::Timeout(wait)),
        }
    }

    /// Takes the server's BYE for its answer to LOGOUT, where no other will come.
    fn say_farewell(&mut self) -> bool {
        let Some(place) = self.sent.iter().position(|sent| sent.keyword == Keyword::Logout) else { return false };
        let Some(words) = self.farewell.take() else { return false };
        let request = self.sent.remove(place).and_then(|sent| sent.request);
        self.end(if request.is_some() { Reason::Logout } else { Reason::Shutdown });
        if let Some(request) = request {
            let Words { code, text } = *words;
            self.events.push_back(Event::Done { request, outcome: Outcome::Ok(Words { code, text }) });
        }
        true
    }

    /// Ends the session: all requests end unanswered, then comes `Closed`.
    pub(super) fn end(&mut self, reason: Reason) {
        if self.ending.is_none() && !self.is_closed() {
            self.ended = Some(Ending::from(&reason));
            self.ending = Some(Box::new(reason));
            self.put_away();
        }
    }

    fn last_events(&mut self) -> Option<Event> {
        let done = |request: RequestId, outcome| Some(Event::Done { request, outcome });
        while let Some(sent) = self.sent.pop_front() {
            if let Some(request) = sent.request {
                return done(request, Outcome::Unanswered);
            }
        }
        while let Some(waiting) = self.waiting.pop_front() {
            if let Some(request) = waiting.request {
                return done(request, Outcome::Unsent);
            }
        }
        let reason = *self.ending.take()?;
        self.closed = true;
        self.inbox.close();
        self.inbox.clear();
        self.framing.reset();
        Some(Event::Closed { reason })
    }

    pub(super) fn break_off(&mut self, violation: Violation) {
        self.ended = Some(Ending::from(&violation));
        self.violation = Some(Box::new(violation));
        self.put_away();
        self.inbox.clear();
        self.framing.reset();
        (self.sent, self.waiting, self.events) = Default::default();
    }

    /// Drops what only a living session needs, secrets first.
    fn put_away(&mut self) {
        self.tickets.revoke();
        self.exchange = None;
        self.writing = None;
        self.bindings = Bindings::none();
        self.secured = None;
        self.selected = None;
        self.idle = None;
        self.streamed = None;
        self.awaited = None;
        self.stopping = false;
        self.state = State::Closed;
    }

    fn waits_for(&self) -> Option<Wait> {
        if self.ending.is_some() || self.is_closed() {
            None
        } else if self.awaited.is_some() {
            Some(Wait::Upgrade)
        } else if self.state == State::Greeting {
            Some(Wait::Greeting)
        } else if self.tickets.is_open() {
            Some(Wait::Work)
        } else if self.state == State::Authenticating {
            Some(Wait::Login)
        } else if self.sent.iter().any(|sent| sent.keyword == Keyword::Logout) {
            Some(Wait::Logout)
        } else if self.idle.is_some_and(|idle| idle.is_on && !idle.is_done) {
            Some(Wait::Renewal)
        } else if self.wanted().is_some() && self.outbox.is_empty() {
            Some(Wait::Program)
        } else if !self.sent.is_empty() || !self.waiting.is_empty() || !self.inbox.is_empty() {
            Some(Wait::Response)
        } else if self.state.is_logged_in() && self.config.keep_alive.is_some() {
            Some(Wait::KeepAlive)
        } else {
            Some(Wait::Program)
        }
    }

    fn is_late(&self) -> bool {
        self.waits_for() == self.timed && self.timer.is_some_and(|timer| timer <= self.now)
    }

    /// Sets the timer anew when the server came forward, or something else is waited for.
    pub(super) fn keep_time(&mut self) {
        let wait = self.waits_for();
        let progress = core::mem::take(&mut self.progress);
        // The server counts from our last command, whatever it says meanwhile.
        let counts = !matches!(wait, Some(Wait::Renewal | Wait::KeepAlive));
        if !(progress && counts) && wait == self.timed {
            return;
        }
        let limits = &self.config.limits;
        self.timed = wait;
        self.timer = wait.map(|wait| {
            self.now
                + match wait {
                    Wait::Upgrade => limits.tls,
                    Wait::Greeting => limits.greeting,
                    Wait::Login => limits.login,
                    Wait::Response => limits.response_time,
                    Wait::Logout => limits.logout,
                    Wait::Work => limits.work,
                    Wait::Program => limits.idle,
                    Wait::Renewal => limits.renewal,
                    Wait::KeepAlive => self.config.keep_alive.unwrap_or(limits.idle),
                }
        });
    }
}
