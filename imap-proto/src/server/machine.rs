use alloc::collections::VecDeque;

use wirestate_machine::{Ending, Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};

use super::{Asked, Compressed, Event, Reason, Server, State, Violation};
use crate::codec::Code;

impl Machine for Server {
    type Event = Event;
    type Error = Violation;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Event>, Violation> {
        self.now = self.now.max(now);
        loop {
            if self.timer.is_due(self.now) {
                self.keep_time();
            }
            if self.is_at_rest() {
                self.outbox.take_relieved();
                return Ok(None);
            }
            // What was queued came before the violation.
            if let Some(event) = self.events.pop_front() {
                if self.events.is_empty() {
                    self.events = VecDeque::new();
                }
                return Ok(Some(event));
            }
            if let Some(violation) = self.violation {
                return Err(violation);
            }
            if self.state == State::Closed {
                return Ok(None);
            }
            if self.outbox.take_relieved() && self.command.asked == Asked::Command {
                return Ok(Some(Event::Writable));
            }
            if self.is_waiting() || self.outbox.is_full() {
                return Ok(None);
            }
            if self.asks {
                return Ok(Some(self.ask_for_news()));
            }
            if core::mem::take(&mut self.elsewhere) && self.is_logged_in() {
                return Ok(Some(Event::Elsewhere));
            }
            if self.telling.is_some() {
                self.tell_news(true);
            } else if self.stopping && self.appending.is_none() {
                self.say_bye(Some(Code::Unavailable), "The server is shutting down");
                self.close(Reason::Shutdown);
            } else if self.woken && self.may_poll_unasked() {
                self.ask_what_has_happened();
            } else if self.state == State::Greeting {
                self.begin();
            } else if self.state == State::Securing || self.compressed == Compressed::Beginning {
                if !self.inbox.is_closed() {
                    return Ok(None);
                }
                self.close(Reason::PeerClosed);
            } else if !self.read() {
                return Ok(None);
            } else if self.asks && self.events.is_empty() && self.violation.is_none() && !self.outbox.is_full() {
                // The timer is set when the answer is awaited.
                return Ok(Some(self.ask_for_news()));
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        (self.state != State::Closed).then(|| self.timer.deadline())
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        if !(self.inbox.is_empty() && self.outbox.is_empty()) {
            return None;
        }
        match (self.state, self.compressed) {
            (State::Securing, _) => Some(Upgrade::Tls),
            (State::Authenticated | State::Selected, Compressed::Beginning) => Some(Upgrade::Deflate),
            _ => None,
        }
    }

    fn upgraded(&mut self, _now: Instant, how: Upgraded) {
        match (self.state, how) {
            (State::Securing, Upgraded::Tls(facts)) => self.secured(facts),
            (State::Authenticated | State::Selected, Upgraded::Deflate) => self.begin_compression(),
            _ => {}
        }
    }

    fn is_closed(&self) -> bool {
        self.state == State::Closed && self.events.is_empty()
    }

    /// At the next safe point, between two commands or in IDLE, the client is told `* BYE [UNAVAILABLE]` and the session ends.
    fn shutdown(&mut self) {
        self.stopping = true;
        self.timer.wake();
    }

    fn ending(&self) -> Option<Ending> {
        self.ending.filter(|_| self.is_closed())
    }
}

impl Server {
    /// Whether there is nothing to do until somebody says something, told at little cost.
    #[inline]
    fn is_at_rest(&self) -> bool {
        self.inbox.is_empty()
            && self.events.is_empty()
            && !(self.inbox.is_closed()
                | self.tickets.is_open()
                | self.asks
                | self.elsewhere
                | self.woken
                | self.stopping)
            && self.telling.is_none()
            && self.violation.is_none()
            && self.state != State::Greeting
    }
}
