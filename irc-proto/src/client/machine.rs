use alloc::boxed::Box;

use wirestate_machine::{Ending, Inbox, Instant, Machine, Outbox, Relay, Upgrade, Upgraded};
use wirestate_sasl::Bindings;

use super::event::{Event, Oddity, Reason, Wait};
use super::line::Line;
use super::queue::{Pacing, Priority};
use super::violation::Violation;
use super::{Client, State, Tls};

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
        self.stale = false;
        outcome
    }

    fn deadline(&self) -> Option<Instant> {
        if self.is_closed() {
            return None;
        }
        // What began since the last poll is timed by the next one.
        if self.stale || self.ending.is_some() || !self.events.is_empty() || self.waits_for() != self.timed {
            return Some(self.now);
        }
        let queue = self.queue.deadline(self.pacing()).filter(|_| !self.outbox.is_full());
        let pong = self.ping.map(|(_, sent)| sent.max(self.heard) + self.config.limits.pong);
        let login = self.exchange.as_ref().and_then(|exchange| exchange.deadline());
        let times = [
            self.timer,
            self.silence,
            queue,
            if self.ping.is_some() { pong } else { self.next_ping },
            login,
            self.requests.deadline(self.now),
            self.batches.deadline(self.now),
            self.regain.deadline(),
        ];
        times.into_iter().fold(None, Instant::earlier)
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
        self.framing.reset();
        self.bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
        self.secured = Some(facts);
        self.stale = true;
    }

    fn is_closed(&self) -> bool {
        self.closed || self.violation.is_some()
    }

    /// Says QUIT and waits a moment for the server to close; before anything was said it closes at once. What waits in the queue is not sent any
    /// more.
    fn shutdown(&mut self) {
        match self.state {
            State::Closed | State::Leaving => {}
            State::Handshake => self.end(Reason::Shutdown),
            _ if self.tls == Tls::Awaited => self.end(Reason::Shutdown),
            _ => {
                let farewell = self.config.farewell.clone();
                self.take_leave(farewell.as_bytes(), Reason::Shutdown);
            }
        }
    }

    fn ending(&self) -> Option<Ending> {
        self.ended.filter(|_| self.is_closed())
    }
}

impl Relay for Client {
    type Message = Line;

    /// Queues a line that is written already. Where the queue has no room the session ends, as a server ends one whose queue overflows; before
    /// registration nothing is sent.
    fn relay(&mut self, message: &Line) {
        if self.state == State::Registered && self.enqueue(Priority::Normal, message.clone(), None).is_err() {
            self.take_leave(b"queue exceeded", Reason::QueueExceeded);
        }
    }
}

impl Client {
    fn advance(&mut self) -> Result<Option<Event>, Violation> {
        if let Some(facts) = self.secured.take() {
            self.forget();
            self.begin();
            return Ok(Some(Event::Secured(facts)));
        }
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if self.ending.is_some() {
                return Ok(self.last_events());
            }
            self.pump();
            if !self.outbox.is_full() && self.tls != Tls::Awaited {
                if self.read()? {
                    continue;
                }
                if self.inbox.is_closed() {
                    self.at_eof();
                    continue;
                }
            } else if self.tls == Tls::Awaited && self.inbox.is_closed() {
                self.at_eof();
                continue;
            }
            if !self.act_on_time() {
                return Ok(None);
            }
        }
    }

    fn at_eof(&mut self) {
        let reason = match (self.leave.take(), self.error.take()) {
            (Some(reason), _) => *reason,
            (None, Some(text)) => Reason::Error(text),
            (None, None) => Reason::Eof,
        };
        self.end(reason);
    }

    /// Sends QUIT at once and waits for the server to close.
    pub(super) fn take_leave(&mut self, text: &[u8], reason: Reason) {
        self.queue.clear();
        self.parting = None;
        self.abort_login();
        let params: &[&[u8]] = if text.is_empty() { &[] } else { &[text] };
        if !self.put(b"QUIT", params) {
            self.put(b"QUIT", &[]);
        }
        self.leave = Some(Box::new(reason));
        self.state = State::Leaving;
        self.stale = true;
    }

    /// Ends the session: all requests fail, then comes `Closed`.
    pub(super) fn end(&mut self, reason: Reason) {
        if self.ending.is_none() && !self.is_closed() {
            self.ended = Some(Ending::from(&reason));
            self.ending = Some(Box::new(reason));
            self.put_away();
            self.stale = true;
        }
    }

    fn last_events(&mut self) -> Option<Event> {
        if let Some(failed) = self.requests.cancel() {
            return Some(failed);
        }
        let reason = *self.ending.take()?;
        self.closed = true;
        self.inbox.close();
        self.inbox.clear();
        Some(Event::Closed(reason))
    }

    fn break_off(&mut self, violation: Violation) {
        self.ended = Some(Ending::from(&violation));
        self.violation = Some(Box::new(violation));
        self.put_away();
        self.requests.clear();
        self.events.clear();
        self.inbox.clear();
    }

    /// Drops what only a living session needs, secrets first.
    fn put_away(&mut self) {
        self.identity.password = None;
        self.identity.credentials = None;
        self.identity.webirc = None;
        self.tickets.revoke();
        self.exchange = None;
        self.bindings = Bindings::none();
        self.secured = None;
        self.queue.clear();
        self.batches.clear();
        (self.leave, self.parting) = (None, None);
        self.silence = None;
        self.ping = None;
        self.next_ping = None;
        self.regain = Default::default();
        self.state = State::Closed;
    }

    pub(super) fn pacing(&self) -> Pacing {
        if self.offers.is_bouncer() { Pacing::Off } else { self.config.pacing }
    }

    /// Writes what may go now.
    pub(super) fn pump(&mut self) {
        let (pacing, now) = (self.pacing(), self.now);
        let requests = &mut self.requests;
        self.queue.pump(pacing, now, &mut self.outbox, |tag| requests.sent(tag));
        if self.queue.len() == 0
            && let Some(text) = self.parting.take()
        {
            self.take_leave(&text, Reason::Quit);
        }
    }

    fn waits_for(&self) -> Option<Wait> {
        if self.ending.is_some() || self.is_closed() {
            None
        } else if self.tls == Tls::Awaited {
            Some(Wait::Tls)
        } else if self.tickets.is_open() {
            Some(Wait::Work)
        } else {
            match self.state {
                State::Negotiation | State::Authenticating | State::Registration => Some(Wait::Registration),
                State::Leaving => Some(Wait::Farewell),
                _ => None,
            }
        }
    }

    /// Sets the timer anew where something else is waited for.
    pub(super) fn keep_time(&mut self) {
        let wait = self.waits_for();
        if wait == self.timed {
            return;
        }
        let limits = &self.config.limits;
        self.timed = wait;
        self.timer = wait.map(|wait| {
            self.now
                + match wait {
                    Wait::Tls => limits.tls,
                    Wait::Registration => limits.registration,
                    Wait::Work => limits.work,
                    Wait::Pong => limits.pong,
                    Wait::Farewell => limits.farewell,
                }
        });
    }

    /// Does what the time demands; whether it did something.
    fn act_on_time(&mut self) -> bool {
        let now = self.now;
        self.keep_time();
        if let (Some(wait), Some(timer)) = (self.timed, self.timer)
            && timer <= now
        {
            match wait {
                Wait::Farewell => self.at_eof(),
                wait => self.end(Reason::Timeout(wait)),
            }
            return true;
        }
        if self.silence.is_some_and(|silence| silence <= now) {
            self.silence = None;
            self.on_silence();
            return true;
        }
        if self.login_is_late() {
            return true;
        }
        let limits = &self.config.limits;
        if let Some(late) = self.requests.late(now, limits) {
            self.events.extend(late);
            return true;
        }
        if let Some(closed) = self.batches.late(now, limits) {
            self.events.push_back(Event::Odd(Oddity::BatchCut));
            self.tell_batch(closed);
            return true;
        }
        self.watch() || self.regain_on_time()
    }

    /// Asks whether the server is there.
    fn watch(&mut self) -> bool {
        if self.state != State::Registered {
            return false;
        }
        let limits = &self.config.limits;
        match self.ping {
            Some((_, sent)) if sent.max(self.heard) + limits.pong <= self.now => {
                self.end(Reason::Timeout(Wait::Pong));
                true
            }
            Some(_) => false,
            None => {
                let due = *self.next_ping.get_or_insert(self.now + limits.ping);
                if due > self.now {
                    return false;
                }
                // Few servers end their greeting without 376 or 422.
                self.settle();
                self.pings = self.pings.wrapping_add(1);
                self.ping = Some((self.pings, self.now));
                self.next_ping = None;
                let token = alloc::format!("wirestate-{}", self.pings);
                self.put(b"PING", &[token.as_bytes()]);
                true
            }
        }
    }
}
