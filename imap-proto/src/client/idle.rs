//! IDLE (RFC 2177, RFC 9051 §6.3.13).

use wirestate_machine::Misuse;

use super::Client;
use super::event::{Event, Outcome, RequestId};
use crate::codec::{Command, Keyword};

/// An IDLE that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Idle {
    pub(super) request: RequestId,
    /// Whether the server has taken it.
    pub(super) is_on: bool,
    /// Whether it is to end, as soon as it is on.
    is_unwanted: bool,
    /// Whether DONE was sent.
    pub(super) is_done: bool,
}

impl Idle {
    pub(super) fn new(request: RequestId) -> Self {
        Idle { request, is_on: false, is_unwanted: false, is_done: false }
    }
}

impl Client {
    /// IDLE (RFC 9051 §6.3.13): the server tells of changes as they happen, until [`done`](Client::done) or any other request ends it. The
    /// machine begins it anew in time ([`Limits::renewal`](super::Limits::renewal)).
    ///
    /// # Errors
    /// As for all requests.
    pub fn idle(&mut self) -> Result<RequestId, Misuse> {
        self.ask(Command::Idle)
    }

    /// Ends [`idle`](Client::idle).
    ///
    /// # Errors
    /// [`Misuse::WrongState`] where there is none.
    pub fn done(&mut self) -> Result<(), Misuse> {
        if let Some(place) = self.waiting.iter().position(|one| one.command.keyword() == Keyword::Idle) {
            if let Some(request) = self.waiting.remove(place).and_then(|waiting| waiting.request) {
                self.events.push_back(Event::Done { request, outcome: Outcome::Unsent });
            }
            return Ok(());
        }
        if self.idle.is_none() {
            return Err(Misuse::WrongState);
        }
        self.end_idle();
        Ok(())
    }

    /// Ends IDLE for good, now or as soon as it is on.
    pub(super) fn end_idle(&mut self) {
        if let Some(idle) = &mut self.idle {
            idle.is_unwanted = true;
            self.say_done();
        }
    }

    pub(super) fn say_done(&mut self) {
        if let Some(idle) = &mut self.idle
            && idle.is_on
            && !idle.is_done
        {
            idle.is_done = true;
            self.outbox.put(b"DONE\r\n");
        }
    }

    /// The server has taken IDLE.
    pub(super) fn on_idling(&mut self) {
        if let Some(idle) = &mut self.idle {
            idle.is_on = true;
            self.events.push_back(Event::Idling { request: idle.request });
            if idle.is_unwanted {
                self.say_done();
            }
        }
    }

    /// IDLE has been completed; gives whether it is to begin anew.
    pub(super) fn on_idle_over(&mut self, ok: bool) -> bool {
        // A server that ends it of its own accord has its reasons.
        self.idle.take().is_some_and(|idle| ok && idle.is_done && !idle.is_unwanted)
    }
}
