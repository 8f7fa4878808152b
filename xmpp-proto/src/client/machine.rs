use alloc::boxed::Box;
use alloc::collections::VecDeque;

use wirestate_machine::{Ending, Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
use wirestate_sasl::Bindings;

use super::event::{Event, Failure, Reason, Wait};
use super::violation::Violation;
use super::{Awaits, Client, Dialect, Layer, State};
use crate::jid::Jid;
use crate::ns;
use crate::stanza::{Iq, IqType};
use crate::stream::management::HandledTooHigh;
use crate::stream::{Features, StreamError};
use crate::xml::{Element, ElementBuf};

impl Machine for Client {
    type Event = Event;
    type Error = Violation;

    fn inbox(&mut self) -> &mut Inbox {
        self.wire.inbox()
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.wire.outbox()
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Event>, Violation> {
        if let Some(violation) = &self.parting.violation {
            return Err(violation.clone());
        }
        if self.is_closed {
            return Ok(None);
        }
        self.now = self.now.max(now);
        let outcome = self.advance();
        if let Err(violation) = &outcome {
            self.break_off(violation.clone());
        }
        self.requests.keep_time(self.now);
        self.keep_time();
        // What was understood now is not heard again.
        self.wire.has_heard();
        self.is_stale = false;
        outcome
    }

    fn deadline(&self) -> Option<Instant> {
        if self.is_closed() {
            return None;
        }
        // What began since the last poll is timed by the next one.
        if self.is_stale || self.parting.ending.is_some() || !self.events.is_empty() || self.waits_for() != self.timed {
            return Some(self.now);
        }
        let mut times = [self.timer, self.requests.deadline(self.now), None, None];
        if self.state == State::Ready {
            times[2] = self.sign_of_life_due();
            times[3] = self.config.keepalive.map(|keepalive| self.said + keepalive);
        }
        times.into_iter().fold(None, Instant::earlier)
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        if self.parting.ending.is_some() || self.is_closed() || !self.wire.is_ready_for_upgrade() {
            return None;
        }
        match self.layer {
            Layer::None => None,
            Layer::Tls => Some(Upgrade::Tls),
            Layer::Deflate => Some(Upgrade::Deflate),
        }
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        if self.parting.ending.is_some() || self.is_closed() {
            return;
        }
        match (how, self.layer) {
            (Upgraded::Tls(facts), Layer::Tls) => {
                self.is_encrypted = true;
                self.negotiation.bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
                self.negotiation.secured = Some(facts);
            }
            (Upgraded::Deflate, Layer::Deflate) => {
                self.is_compressed = true;
                self.events.push_back(Event::Compressed);
                self.said = now;
            }
            _ => return,
        }
        self.now = self.now.max(now);
        self.layer = Layer::None;
        self.forget();
        self.wire.upgraded();
        self.state = State::Opening;
        self.open();
        self.is_stale = true;
    }

    fn is_closed(&self) -> bool {
        self.is_closed || self.parting.violation.is_some()
    }

    /// Ends the stream and waits a moment for the server to end its own; before anything was said the session ends at once.
    fn shutdown(&mut self) {
        self.take_leave(Reason::Shutdown);
    }

    fn ending(&self) -> Option<Ending> {
        self.ended.filter(|_| self.is_closed())
    }
}

impl Client {
    fn advance(&mut self) -> Result<Option<Event>, Violation> {
        if self.wire.has_heard() {
            self.on_sign_of_life();
        }
        if let Some(facts) = self.negotiation.present().and_then(|negotiation| negotiation.secured.take()) {
            return Ok(Some(Event::Secured(facts)));
        }
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if self.parting.ending.is_some() {
                return Ok(self.last_events());
            }
            self.pump();
            if self.may_read() && self.read()? {
                continue;
            }
            if !self.act_on_time() {
                if !self.wire.outbox().is_empty() {
                    self.said = self.now;
                }
                // An idle session keeps no room for events.
                self.events = VecDeque::new();
                return Ok(None);
            }
        }
    }

    /// Whether the next frame may be understood: not while an upgrade or the program's work is awaited, nor while the server does not read.
    fn may_read(&mut self) -> bool {
        match self.layer {
            // The door is shut; only the end of the connection can have come.
            Layer::Tls | Layer::Deflate => self.wire.inbox().is_closed(),
            Layer::None => !self.tickets.is_open() && !self.wire.outbox().is_full(),
        }
    }

    pub(super) fn on_sign_of_life(&mut self) {
        (self.heard, self.used) = (self.now, self.now);
        self.asked = None;
    }

    /// The server has ended its stream, or the connection.
    pub(super) fn at_end(&mut self, reason: Reason) {
        let reason = self.parting.leave.take().map_or(reason, |reason| *reason);
        self.end(reason);
    }

    /// Ends our stream and waits for the server to end its own.
    pub(super) fn take_leave(&mut self, reason: Reason) {
        if matches!(self.state, State::Leaving | State::Closed) || self.parting.ending.is_some() {
            return;
        }
        if self.layer != Layer::None || !self.wire.is_opened() {
            return self.end(reason);
        }
        self.acknowledge();
        self.abandon_login();
        self.wire.end(self.now, self.config.limits.farewell);
        self.negotiation.awaits = Awaits::Nothing;
        self.state = State::Leaving;
        self.parting.leave = Some(Box::new(reason));
        self.events.push_back(Event::Closing);
        self.is_stale = true;
    }

    /// Ends the session: what is not acknowledged is told, all requests fail, then comes `Closed`.
    pub(super) fn end(&mut self, reason: Reason) {
        if self.parting.ending.is_some() || self.is_closed() {
            return;
        }
        self.ended = Some(Ending::from(&reason));
        // A stream that ended in good order cannot be resumed (XEP-0198 §5).
        let is_orderly = self.wire.is_ended();
        self.parting.ending = Some(Box::new(reason));
        if is_orderly || self.managed.resumption(self.me.as_ref()).is_none() {
            let unacknowledged = self.managed.end();
            if !unacknowledged.is_empty() {
                self.events.push_back(Event::Unacknowledged(unacknowledged));
            }
        }
        self.put_away();
        self.is_stale = true;
    }

    fn last_events(&mut self) -> Option<Event> {
        if let Some(own) = self.own_ping.take() {
            self.requests.close(own);
        }
        if let Some(request) = self.requests.cancel_one() {
            return Some(Event::RequestFailed(request, Failure::Cancelled));
        }
        let reason = *self.parting.ending.take()?;
        self.is_closed = true;
        self.wire.shut();
        Some(Event::Closed(reason))
    }

    fn break_off(&mut self, violation: Violation) {
        if self.layer != Layer::Tls && self.wire.is_opened() && !self.wire.is_ended() {
            let error = match &violation {
                Violation::Handled(too_high) => handled_too_high(*too_high),
                violation => StreamError::new(violation.condition()),
            };
            // Names of our own.
            let _ = error.write(&mut self.wire.writer());
            self.wire.end(self.now, self.config.limits.farewell);
        }
        self.ended = Some(Ending::from(&violation));
        self.parting.violation = Some(violation);
        drop(self.managed.end());
        self.put_away();
        self.requests.clear();
        self.own_ping = None;
        self.events.clear();
        self.wire.shut();
    }

    /// Drops what only a living session needs, secrets first.
    fn put_away(&mut self) {
        self.account.forget_proof();
        self.abandon_login();
        self.negotiation.clear();
        self.queue.forget_requests();
        self.backlog.forget_requests();
        self.parting.leave = None;
        self.asked = None;
        self.state = State::Closed;
    }

    /// What was said on the stream before is forgotten: it may be somebody else's words.
    pub(super) fn forget(&mut self) {
        *self.features = Features::default();
        self.sid = None;
        self.negotiation.awaits = Awaits::Nothing;
    }

    fn waits_for(&self) -> Option<Wait> {
        if self.parting.ending.is_some() || self.is_closed() {
            None
        } else if self.layer == Layer::Tls {
            Some(Wait::Tls)
        } else if self.tickets.is_open() {
            Some(Wait::Work)
        } else {
            match self.state {
                State::Ready | State::Closed => None,
                State::Leaving => Some(Wait::Farewell),
                _ => Some(Wait::Negotiation),
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
                    Wait::Negotiation => limits.negotiation,
                    Wait::Work => limits.work,
                    Wait::Pong => limits.pong,
                    Wait::Farewell => limits.farewell,
                }
        });
    }

    /// Does what the time demands; whether it did something.
    fn act_on_time(&mut self) -> bool {
        self.requests.keep_time(self.now);
        self.keep_time();
        if let (Some(wait), Some(timer)) = (self.timed, self.timer)
            && timer <= self.now
        {
            match wait {
                Wait::Farewell => self.at_end(Reason::Eof),
                wait => self.end(Reason::Timeout(wait)),
            }
            return true;
        }
        if let Some(late) = self.requests.late(self.now) {
            if self.own_ping == Some(late) {
                self.own_ping = None;
                return true;
            }
            self.queue.forget(late);
            self.backlog.forget(late);
            self.events.push_back(Event::RequestFailed(late, Failure::Timeout));
            return true;
        }
        self.state == State::Ready && (self.watch() || self.keep_alive())
    }

    fn sign_of_life_due(&self) -> Option<Instant> {
        match self.asked {
            Some(asked) => Some(asked + self.config.limits.pong),
            None => self.config.ping.map(|ping| self.heard + ping),
        }
    }

    /// Asks whether the server is there: by `<r/>`, or by a ping (XEP-0199).
    fn watch(&mut self) -> bool {
        if self.sign_of_life_due().is_none_or(|due| due > self.now) {
            return false;
        }
        if self.asked.is_some() {
            self.end(Reason::Timeout(Wait::Pong));
            return true;
        }
        if self.ask_for_acknowledgement(true) {
            self.asked = Some(self.now);
            return true;
        }
        match self.account.dialect {
            Dialect::Xmpp | Dialect::Legacy(_) | Dialect::Component => {
                self.asked = Some(self.now);
                self.ping();
            }
            Dialect::Router(_) => {
                self.asked = Some(self.now);
                self.route_to_self();
            }
            // Nothing comes back on such a stream.
            Dialect::Server if self.used + self.config.limits.idle <= self.now => self.take_leave(Reason::Idle),
            Dialect::Server => {
                self.wire.keep_alive();
                self.heard = self.now;
            }
        }
        true
    }

    /// Pings the server; a component itself, which the server must bring the ping to.
    fn ping(&mut self) {
        if let Some(before) = self.own_ping.take() {
            self.requests.close(before);
        }
        let is_component = self.account.dialect == Dialect::Component;
        let to = self.me.as_ref().map(|me| if is_component { me.clone() } else { me.server().to_jid() });
        let (request, id) = self.requests.open(None, to.clone(), self.config.limits.pong);
        self.own_ping = Some(request);
        let mut ping = Iq::build(self.ns(), IqType::Get, &id, to.as_ref().map(Jid::as_ref));
        if let Some(me) = to.as_ref().filter(|_| is_component) {
            ping = ping.attr("from", me.as_str());
        }
        if let Ok(ping) = ping.start("ping", ns::PING).finish() {
            self.write_stanza(&ping);
        }
    }

    fn keep_alive(&mut self) -> bool {
        let is_due = self.config.keepalive.is_some_and(|keepalive| self.said + keepalive <= self.now);
        if is_due {
            self.wire.keep_alive();
            self.said = self.now;
        }
        is_due
    }

    /// Writes a stanza, and counts it.
    pub(super) fn write_stanza(&mut self, stanza: &Element) {
        self.managed.sent(stanza);
        self.used = self.now;
        self.wire.writer().embed(stanza.view());
        self.is_stale = true;
    }
}

/// XEP-0198 §4.
fn handled_too_high(too_high: HandledTooHigh) -> StreamError {
    let HandledTooHigh { handled, sent } = too_high;
    let condition = ElementBuf::new("handled-count-too-high", ns::SM)
        .attr("h", &alloc::format!("{handled}"))
        .attr("send-count", &alloc::format!("{sent}"))
        .finish();
    let error = StreamError::new(crate::stream::StreamCondition::UndefinedCondition);
    match condition {
        Ok(condition) => error.application(condition),
        Err(_) => error,
    }
}
