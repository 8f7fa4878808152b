//! What sessions of components and of servers share: boxes, time, tickets and the end.

use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use wirestate_machine::{Ending, Instant, Misuse, Outbox, Ticket, Tickets};
use wirestate_sasl::{Nonce, Nonces};

use super::{Limits, Reason, Violation};
use crate::payload::starttls::Starttls;
use crate::stream::{Content, Framing, Incoming, Opening, Packet, StreamCondition, StreamError, Wire};
use crate::xml::{Element, Writer, XmlError};

#[derive(Debug)]
pub(super) struct Base<E> {
    pub(super) wire: Wire,
    content: Content,
    pub(super) now: Instant,
    /// By when the peer must have proved who it is; none once it has.
    by: Option<Instant>,
    /// When the peer must have been heard again, or it is asked; when it has been asked, by when the answer must be there.
    alive_by: Instant,
    is_asked: bool,
    heard_at: Instant,
    tickets: Tickets,
    asked_at: Option<Instant>,
    delay: Delay,
    nonces: Nonces,
    pub(super) stream_id: Box<str>,
    pub(super) queued: Option<Box<E>>,
    violation: Option<Box<Violation>>,
    ending: Option<Ending>,
    is_over: bool,
    pub(super) is_held: bool,
    is_overrun: bool,
    pub(super) is_stopping: bool,
}

/// A wait before something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delay {
    None,
    /// It is this long, from the next time on that is told.
    Begins(Duration),
    Until(Instant),
}

/// What there is to do.
pub(super) enum Step<E> {
    /// Nothing, until something comes or time passes.
    Idle,
    /// An event to give.
    Event(E),
    /// The peer is to be asked whether it is there.
    Silent,
    /// The delay that was asked for is over.
    Delayed,
    /// A frame has come.
    Frame(Incoming),
}

impl<E: From<Reason>> Base<E> {
    pub(super) fn new(content: Content, seed: [u8; 32], limits: &Limits, now: Instant) -> Self {
        let wire = Wire::new(Framing::Tcp, content.scope(), limits.before_login, limits.output_before_binding());
        Base {
            wire,
            content,
            now,
            by: Some(now + limits.login_time),
            alive_by: now,
            is_asked: false,
            heard_at: now,
            tickets: Tickets::new(),
            asked_at: None,
            delay: Delay::None,
            nonces: Nonces::from_seed(seed),
            stream_id: Box::default(),
            queued: None,
            violation: None,
            ending: None,
            is_over: false,
            is_held: false,
            is_overrun: false,
            is_stopping: false,
        }
    }

    /// What is next: an event, or what the machine has to see to.
    pub(super) fn next(&mut self, now: Instant, limits: &Limits) -> Result<Step<E>, Violation> {
        self.now = self.now.max(now);
        loop {
            if let Some(event) = self.queued.take() {
                return Ok(Step::Event(*event));
            }
            if let Some(violation) = &self.violation {
                return Err(**violation);
            }
            if self.is_over {
                return Ok(Step::Idle);
            }
            if self.is_overrun {
                self.close_for(Reason::SendQueueExceeded, limits);
                continue;
            }
            if let Some(reason) = self.due(limits) {
                self.close_for(reason, limits);
                continue;
            }
            if self.tickets.is_open() {
                return Ok(Step::Idle);
            }
            match self.delay {
                Delay::None => {}
                Delay::Begins(length) => {
                    self.delay = Delay::Until(self.now + length);
                    continue;
                }
                Delay::Until(end) if self.now >= end || self.is_stopping => {
                    self.delay = Delay::None;
                    return Ok(Step::Delayed);
                }
                Delay::Until(_) => return Ok(Step::Idle),
            }
            if self.is_stopping {
                self.close_for(Reason::Shutdown, limits);
                continue;
            }
            if self.is_held {
                if !self.wire.inbox().is_closed() {
                    return Ok(Step::Idle);
                }
                self.close(Reason::Gone);
                continue;
            }
            if self.by.is_none() && !self.wire.is_ended() && self.now >= self.alive_by {
                if self.wire.has_heard() {
                    self.hear(limits);
                    continue;
                }
                (self.alive_by, self.is_asked) = (self.now + limits.ping_timeout, true);
                return Ok(Step::Silent);
            }
            if self.wire.outbox().is_full() {
                return Ok(Step::Idle);
            }
            match self.wire.read() {
                Err(error) => return Err(self.violate(error.into(), limits)),
                Ok(None) => return Ok(Step::Idle),
                Ok(Some(Incoming::Gone)) => self.close(Reason::Gone),
                Ok(Some(Incoming::End(_))) => {
                    let reason = if self.wire.is_ended() { Reason::Closed } else { Reason::Ended };
                    self.end(limits);
                    self.close(reason);
                }
                Ok(Some(frame)) => {
                    self.hear(limits);
                    return Ok(Step::Frame(frame));
                }
            }
        }
    }

    fn hear(&mut self, limits: &Limits) {
        (self.alive_by, self.is_asked, self.heard_at) = (self.now + limits.ping_after, false, self.now);
    }

    /// Why the session ends by now.
    fn due(&mut self, limits: &Limits) -> Option<Reason> {
        if let Some(asked_at) = self.asked_at {
            if self.tickets.is_open() {
                return (self.now >= asked_at + limits.answer_time).then_some(Reason::AnswerTimeout);
            }
            // What the application took is not the peer's time.
            self.by = self.by.map(|by| by + (self.now - asked_at));
            self.asked_at = None;
        }
        if self.wire.is_ended() {
            return self.wire.is_over(self.now).then_some(Reason::CloseTimeout);
        }
        match self.by {
            Some(by) => (self.now >= by).then_some(Reason::LoginTimeout),
            None => {
                (self.is_asked && self.now >= self.alive_by && !self.wire.has_heard()).then_some(Reason::PingTimeout)
            }
        }
    }

    pub(super) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        match self.asked_at {
            _ if self.is_over => None,
            Some(asked_at) if self.tickets.is_open() => Some(asked_at + limits.answer_time),
            _ if self.wire.is_ended() => self.wire.until(),
            _ => {
                let by = self.by.unwrap_or(self.alive_by);
                Some(match self.delay {
                    Delay::None => by,
                    Delay::Begins(_) => self.now,
                    Delay::Until(end) => end.min(by),
                })
            }
        }
    }

    /// The peer has proved who it is.
    pub(super) fn trust(&mut self, limits: &Limits) {
        self.by = None;
        self.wire.set_limits(limits.after_login);
        self.wire.outbox().set_marks(limits.output);
        self.hear(limits);
    }

    pub(super) fn is_trusted(&self) -> bool {
        self.by.is_none()
    }

    // --- tickets ---

    pub(super) fn issue<Kind>(&mut self) -> Ticket<Kind> {
        self.asked_at.get_or_insert(self.now);
        self.tickets.issue()
    }

    pub(super) fn redeem<Kind>(&mut self, ticket: Ticket<Kind>) -> Result<(), Misuse> {
        self.tickets.redeem(ticket)
    }

    pub(super) fn check<Kind>(&self, ticket: &Ticket<Kind>) -> Result<(), Misuse> {
        self.tickets.check(ticket)
    }

    /// Nothing is read, and nothing else happens, for so long.
    pub(super) fn delay(&mut self, length: Duration) {
        self.delay = Delay::Begins(length);
    }

    pub(super) fn fresh_nonce(&mut self) -> Nonce {
        self.nonces.fresh()
    }

    pub(super) fn queue(&mut self, event: E) {
        self.queued = Some(Box::new(event));
    }

    // --- writing ---

    /// Our header, with a new name for the stream, where it is not out yet.
    pub(super) fn open(&mut self, opening: &Opening<'_>) {
        if self.wire.is_opened() || self.is_over {
            return;
        }
        let id = self.nonces.fresh();
        self.stream_id = id.as_str().into();
        self.wire.open(&Opening { id: Some(id.as_str()), ..*opening });
    }

    pub(super) fn write(&mut self, write: impl FnOnce(&mut Writer<'_, Outbox>) -> Result<(), XmlError>) {
        if !self.wire.is_opened() || self.wire.is_ended() || self.is_over {
            return;
        }
        let written = write(&mut self.wire.writer());
        debug_assert!(written.is_ok(), "{written:?}");
    }

    pub(super) fn say(&mut self, packet: &Packet, limits: &Limits) {
        if self.is_overrun || !self.wire.is_opened() || self.wire.is_ended() || self.is_over {
            return;
        }
        self.wire.say(packet, self.content);
        self.check_waiting(0, limits);
    }

    /// No more may wait to be sent than the limits allow, what is kept elsewhere counted.
    pub(super) fn check_waiting(&mut self, kept: usize, limits: &Limits) {
        self.is_overrun |= self.wire.outbox().len() + kept > limits.send_queue;
    }

    /// Answers `<starttls/>` (RFC 6120 §5.4.2), where it is offered.
    pub(super) fn start_tls(&mut self, is_offered: bool) -> Result<(), Violation> {
        if !is_offered {
            self.write(|writer| Starttls::Failure.write(writer));
            return Err(Violation::TlsNotOffered);
        }
        self.wire.hold_for_tls().map_err(|_| Violation::DataBeforeUpgrade)?;
        self.write(|writer| Starttls::Proceed.write(writer));
        self.is_held = true;
        Ok(())
    }

    /// TLS is up: a new stream begins.
    pub(super) fn secured(&mut self) {
        self.is_held = false;
        self.wire.upgraded();
    }

    /// A space for a peer that cannot be asked, which the network notices the loss of; after so long a silence, the end.
    pub(super) fn keep_alive(&mut self, idle: Duration, limits: &Limits) {
        let end = self.heard_at + idle;
        if self.now >= end {
            return self.close_for(Reason::PingTimeout, limits);
        }
        self.wire.keep_alive();
        let pause = limits.ping_after.max(Duration::from_secs(1));
        (self.alive_by, self.is_asked) = (end.min(self.now + pause), false);
    }

    // --- ends ---

    /// The peer ends its stream by an error.
    pub(super) fn take_error(&mut self, element: &Element, limits: &Limits) {
        let error = StreamError::read(element.view()).unwrap_or(StreamError::new(StreamCondition::UndefinedCondition));
        self.end(limits);
        self.close(Reason::Error(Box::new(error)));
    }

    pub(super) fn end(&mut self, limits: &Limits) {
        if !self.is_held && !self.is_over {
            self.open(&Opening::default());
            self.wire.end(self.now, limits.close_time);
        }
    }

    pub(super) fn close_with(&mut self, error: &StreamError, reason: Reason, limits: &Limits) {
        self.say_error(error, limits);
        self.close(reason);
    }

    #[cold]
    fn close_for(&mut self, reason: Reason, limits: &Limits) {
        let condition = match reason {
            Reason::LoginTimeout | Reason::PingTimeout => StreamCondition::ConnectionTimeout,
            Reason::AnswerTimeout => StreamCondition::InternalServerError,
            Reason::SendQueueExceeded => StreamCondition::ResourceConstraint,
            Reason::Shutdown => StreamCondition::SystemShutdown,
            _ => return self.close(reason),
        };
        self.close_with(&StreamError::new(condition), reason, limits);
    }

    #[cold]
    pub(super) fn close(&mut self, reason: Reason) {
        if self.is_over {
            return;
        }
        self.leave();
        self.ending = Some((&reason).into());
        self.queue(reason.into());
    }

    #[cold]
    pub(super) fn violate(&mut self, violation: Violation, limits: &Limits) -> Violation {
        match violation.stream_error() {
            Some(error) => self.say_error(&error, limits),
            None => self.end(limits),
        }
        self.leave();
        self.ending = Some(violation.into());
        self.violation = Some(Box::new(violation));
        violation
    }

    fn say_error(&mut self, error: &StreamError, limits: &Limits) {
        if self.is_held || self.is_over {
            return;
        }
        self.open(&Opening { version: Some("1.0"), ..Opening::default() });
        self.write(|writer| error.write(writer));
        self.end(limits);
    }

    fn leave(&mut self) {
        self.is_over = true;
        self.tickets.revoke();
        self.wire.shut();
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_over && self.queued.is_none()
    }

    pub(super) fn ending(&self) -> Option<Ending> {
        self.ending.filter(|_| self.is_closed())
    }

    /// A ping for a peer that is silent.
    pub(super) fn ping(&mut self, from: &str, to: Option<String>, limits: &Limits) {
        let content = self.content;
        let ping = Packet::write(content, |writer| {
            let mut iq = writer.element("iq", content.ns())?;
            iq.attr("type", "get")?
                .attr("id", super::timer::PING_ID)?
                .attr("from", from)?
                .attr_if("to", to.as_deref())?;
            crate::payload::ping::write(&mut iq)
        });
        if let Ok(ping) = ping {
            self.say(&ping, limits);
        }
    }
}
