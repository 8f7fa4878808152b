use alloc::boxed::Box;

use wirestate_machine::{Ending, Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
use wirestate_sasl::Bindings;

use super::event::{Event, Reason, Request, Wait};
use super::requests::{Ask, Sent, Waiting};
use super::responses::Read;
use super::violation::Violation;
use super::{Client, State, Tls};
use crate::codec::{Command, Text};

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
        let ready = self.tls == Tls::Awaited && self.ending.is_none() && !self.is_closed();
        (ready && self.inbox.is_empty() && self.outbox.is_empty()).then_some(Upgrade::Tls)
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        let Upgraded::Tls(facts) = how else { return };
        if self.tls != Tls::Awaited {
            return;
        }
        self.now = self.now.max(now);
        self.tls = Tls::Up;
        self.inbox.hold(false);
        self.bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
        self.secured = Some(facts);
    }

    fn is_closed(&self) -> bool {
        self.closed || self.violation.is_some()
    }

    /// Ends the session without committing anything by accident: what is under way is still answered, what waits in the
    /// machine fails; then QUIT goes out where nothing is marked as deleted, and else the session closes without it.
    /// Before login is complete it closes at once. After [`quit`](Client::quit) it changes nothing.
    fn shutdown(&mut self) {
        match self.state() {
            State::Closed | State::Leaving => {}
            State::Authorization | State::Transaction => {
                self.state = State::Leaving;
                self.stopping = true;
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
            self.renegotiate = self.state == State::Negotiation;
            return Ok(Some(Event::Secured(facts)));
        }
        if core::mem::take(&mut self.renegotiate)
            && let Some(event) = self.begin_negotiation()?
        {
            return Ok(Some(event));
        }
        loop {
            if self.ending.is_some() {
                return Ok(self.last_events());
            }
            if self.stopping
                && let Some(event) = self.stop()
            {
                return Ok(Some(event));
            }
            self.pump();
            match self.read()? {
                Read::Event(event) => {
                    self.pump();
                    return Ok(Some(event));
                }
                Read::Silent => {}
                Read::Starved if self.ending.is_some() => {}
                Read::Starved if self.inbox.is_closed() => self.end(Reason::Eof),
                Read::Starved => match (self.is_late(), self.timed) {
                    (true, Some(wait)) => self.end(Reason::Timeout(wait)),
                    _ => return Ok(None),
                },
            }
        }
    }

    /// A step towards the end that `shutdown` asked for.
    fn stop(&mut self) -> Option<Event> {
        while let Some(Waiting { sent, .. }) = self.waiting.pop_front() {
            if let Some(request) = sent.request.of_caller() {
                return Some(unanswered(request));
            }
        }
        if self.sent.is_empty() {
            self.stopping = false;
            if self.deletions == 0 {
                self.enqueue(Sent { request: Request::OWN, ask: Ask::Quit }, Command::Quit);
            } else {
                self.end(Reason::Shutdown);
            }
        }
        None
    }

    /// Ends the session: all requests fail, then comes `Closed`.
    pub(super) fn end(&mut self, reason: Reason) {
        if self.ending.is_none() && !self.is_closed() {
            self.ended = Some(Ending::from(&reason));
            self.ending = Some(Box::new(reason));
            self.put_away();
        }
    }

    fn last_events(&mut self) -> Option<Event> {
        let waiting = self.waiting.iter().map(|waiting| &waiting.sent);
        let next = self.sent.iter().chain(waiting).find_map(|sent| sent.request.of_caller());
        if let Some(request) = next {
            self.sent.retain(|sent| sent.request != request);
            self.waiting.retain(|waiting| waiting.sent.request != request);
            return Some(unanswered(request));
        }
        let reason = *self.ending.take()?;
        self.closed = true;
        self.inbox.close();
        self.inbox.clear();
        (self.sent, self.waiting) = Default::default();
        Some(Event::Closed { reason, deletions_lost: self.deletions })
    }

    fn break_off(&mut self, violation: Violation) {
        self.ended = Some(Ending::from(&violation));
        self.violation = Some(Box::new(violation));
        self.put_away();
        self.inbox.clear();
        (self.sent, self.waiting) = Default::default();
    }

    /// Drops what only a living session needs, secrets first.
    fn put_away(&mut self) {
        self.tickets.revoke();
        self.exchange = None;
        self.greeting = None;
        self.bindings = Bindings::none();
        self.asked_before_tls = None;
        self.listed = None;
        self.secured = None;
        self.stopping = false;
        self.state = State::Closed;
    }

    pub(super) fn waits_for(&self) -> Option<Wait> {
        if self.ending.is_some() || self.is_closed() {
            None
        } else if self.tls == Tls::Awaited {
            Some(Wait::Tls)
        } else if self.state == State::Greeting {
            Some(Wait::Greeting)
        } else if self.tickets.is_open() {
            Some(Wait::Work)
        } else if self.state == State::Authenticating {
            Some(Wait::Login)
        } else if self.sent.is_empty() && self.inbox.is_empty() {
            Some(Wait::Program)
        } else {
            Some(Wait::Response)
        }
    }

    fn is_late(&self) -> bool {
        self.waits_for() == self.timed && self.timer.is_some_and(|timer| timer <= self.now)
    }

    /// Sets the timer anew when the server came forward, or something else is waited for.
    pub(super) fn keep_time(&mut self) {
        let wait = self.waits_for();
        if !core::mem::take(&mut self.progress) && wait == self.timed {
            return;
        }
        let limits = &self.config.limits;
        self.timed = wait;
        self.timer = wait.map(|wait| {
            self.now
                + match wait {
                    Wait::Tls => limits.tls,
                    Wait::Greeting => limits.greeting,
                    Wait::Login => limits.login,
                    Wait::Response => limits.response,
                    Wait::Work => limits.work,
                    Wait::Program => limits.idle,
                }
        });
    }
}

fn unanswered(request: Request) -> Event {
    Event::Failed { request, code: None, text: Text::literal("the session ended before the server answered") }
}
