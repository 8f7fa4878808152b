use core::time::Duration;

use wirestate_machine::Misuse;

use super::event::{Event, Reason, RequestId};
use super::queue::Queued;
use super::{Client, Dialect, On, Outbound, State, TABLE};
use crate::jid::Jid;
use crate::ns;
use crate::stream::management::{Bounds, Stanza as _};
use crate::xml::{Element, Limits, Scope, Stamp};

/// What became of a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sent {
    /// It is in the outbox.
    Written,
    /// It waits: for a session, or for the server to take and acknowledge what went before it.
    Queued,
    /// A plugin put nothing in its place.
    Hidden,
}

impl Client {
    /// Sends a stanza, in the stream's [namespace](Client::ns). Before the session is ready it waits in the queue.
    ///
    /// # Errors
    ///
    /// [`Misuse::Closed`] when the session is over or ending, [`Misuse::OutOfRange`] for what is no stanza of this stream, [`Misuse::QueueFull`].
    pub fn send(&mut self, stanza: Element) -> Result<Sent, Misuse> {
        self.check(&stanza)?;
        self.dispatch(stanza, None)
    }

    /// Sends an `iq` of type `get` or `set`, whose answer will come as [`Event::Response`] or not come ([`Event::RequestFailed`]) within the
    /// [usual](super::Limits::request) time. It keeps its id unless an open request has it; without one it gets one.
    ///
    /// # Errors
    ///
    /// As [`send`](Client::send), and [`Misuse::QueueFull`] also when too many requests are open.
    pub fn request(&mut self, iq: Element) -> Result<RequestId, Misuse> {
        self.request_within(iq, self.config.limits.request)
    }

    /// The same, with a time of its own.
    ///
    /// # Errors
    ///
    /// As [`request`](Client::request).
    pub fn request_within(&mut self, iq: Element, patience: Duration) -> Result<RequestId, Misuse> {
        self.check(&iq)?;
        let is_request = iq.name() == "iq" && matches!(iq.attr("type").as_deref(), Some("get" | "set"));
        if !is_request {
            return Err(Misuse::OutOfRange);
        }
        if self.requests.len() >= self.config.limits.requests {
            return Err(Misuse::QueueFull);
        }
        let to = iq.attr("to").map(|to| Jid::parse(&to)).transpose().map_err(|_| Misuse::OutOfRange)?;
        let wish = iq.attr("id").map(|id| id.into_owned());
        let (request, id) = self.requests.open(wish.as_deref(), to, patience);
        let stanza = match &wish {
            Some(wish) if **wish == *id => Ok(iq),
            _ => Stamp::new(iq.view()).id(&id).to_element(&Scope::EMPTY, &Limits::PEER),
        };
        let outcome = stanza.map_err(|_| Misuse::TooLong).and_then(|stanza| self.dispatch(stanza, Some(request)));
        match outcome {
            Ok(_) => Ok(request),
            Err(misuse) => {
                self.requests.close(request);
                Err(misuse)
            }
        }
    }

    /// Gives up on a request: its answer, should it come, is a stanza like others.
    pub fn cancel(&mut self, request: RequestId) -> bool {
        self.queue.forget(request);
        self.backlog.forget(request);
        self.own_ping != Some(request) && self.requests.close(request)
    }

    /// Sends what waits in the queue, and tells how many stanzas that were. Before the session is ready it sends none.
    pub fn flush_queue(&mut self) -> usize {
        if self.state != State::Ready {
            return 0;
        }
        let mut count = 0;
        while let Some(Queued { stanza, request }) = self.queue.pop() {
            count += 1;
            self.put(stanza, request);
        }
        count
    }

    /// Drops what waits for a session, and tells how many stanzas that were. Requests among them fail.
    pub fn clear_queue(&mut self) -> usize {
        let mut count = 0;
        while let Some(Queued { request, .. }) = self.queue.pop() {
            count += 1;
            if let Some(request) = request.filter(|request| self.requests.close(*request)) {
                self.events.push_back(Event::RequestFailed(request, super::Failure::Cancelled));
            }
        }
        count
    }

    /// Tells the server whether anybody looks at the client, so that it may hold back what does not press (XEP-0352).
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongState`] before the session is ready, [`Misuse::NotOffered`].
    pub fn set_active(&mut self, is_active: bool) -> Result<(), Misuse> {
        match self.state {
            State::Ready if self.features.csi => {
                drop(self.wire.writer().element(if is_active { "active" } else { "inactive" }, ns::CSI));
                self.is_stale = true;
                Ok(())
            }
            State::Ready => Err(Misuse::NotOffered),
            _ => Err(Misuse::WrongState),
        }
    }

    /// Ends the session: our stream ends, then the server's, within [`Limits::farewell`](super::Limits::farewell).
    ///
    /// # Errors
    ///
    /// [`Misuse::Closed`] when it is over or ending already.
    pub fn close(&mut self) -> Result<(), Misuse> {
        self.allow(On::Close)?;
        self.take_leave(Reason::Quit);
        Ok(())
    }

    /// An answer of the machine's own, which is dropped where there is no room for it: whoever asks so much must wait.
    pub(super) fn send_own(&mut self, stanza: Element) {
        let _ = self.dispatch(stanza, None);
    }

    fn allow(&self, on: On) -> Result<(), Misuse> {
        if TABLE.allows(self.state, on) && self.parting.ending.is_none() && !self.is_closed {
            Ok(())
        } else {
            Err(Misuse::Closed)
        }
    }

    fn check(&self, stanza: &Element) -> Result<(), Misuse> {
        self.allow(On::Send)?;
        let name = stanza.name();
        let is_stanza = stanza.ns() == self.ns()
            && match self.account.dialect {
                Dialect::Router(_) => matches!(name, "route" | "bind" | "unbind" | "throttle"),
                _ => matches!(name, "message" | "presence" | "iq"),
            };
        if is_stanza { Ok(()) } else { Err(Misuse::OutOfRange) }
    }

    fn dispatch(&mut self, mut stanza: Element, request: Option<RequestId>) -> Result<Sent, Misuse> {
        if let Some(plugins) = &mut self.plugins {
            let Outbound(Some(passed)) = plugins.outgoing(Outbound(Some(stanza))) else { return Ok(Sent::Hidden) };
            self.check(&passed)?;
            stanza = passed;
        }
        let is_ready = self.state == State::Ready;
        if is_ready && self.may_write(&stanza) {
            self.write(stanza, request);
            return Ok(Sent::Written);
        }
        let queue = if is_ready { &mut self.backlog } else { &mut self.queue };
        let most = Bounds { stanzas: self.config.limits.queue, octets: self.config.limits.queue_octets };
        queue.push(stanza.clone(), request, most).map_err(|_| Misuse::QueueFull)?;
        if self.config.tells_sent {
            self.events.push_back(Event::Queued(stanza));
        }
        self.is_stale = true;
        Ok(Sent::Queued)
    }

    /// Writes what was let in already, now or when its turn comes.
    fn put(&mut self, stanza: Element, request: Option<RequestId>) {
        if self.may_write(&stanza) {
            self.write(stanza, request);
        } else {
            self.backlog.push_anyway(stanza, request);
        }
    }

    fn may_write(&mut self, stanza: &Element) -> bool {
        self.backlog.len() == 0 && self.managed.has_room(stanza.octets()) && !self.wire.outbox().is_full()
    }

    fn write(&mut self, stanza: Element, request: Option<RequestId>) {
        self.write_stanza(&stanza);
        if self.config.tells_sent {
            self.events.push_back(match request {
                Some(request) => Event::Requested(request, stanza),
                None => Event::Sent(stanza),
            });
        }
    }

    /// Writes what may go now, and asks for acknowledgement of what went.
    pub(super) fn pump(&mut self) {
        if self.state != State::Ready {
            return;
        }
        while let Some(first) = self.backlog.front() {
            let has_room = self.managed.has_room(first.stanza.octets());
            if !has_room || self.wire.outbox().is_full() {
                break;
            }
            let Some(Queued { stanza, request }) = self.backlog.pop() else { break };
            self.write(stanza, request);
        }
        self.ask_for_acknowledgement(false);
    }
}
