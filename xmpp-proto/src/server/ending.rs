use alloc::boxed::Box;

use wirestate_machine::Misuse;

use super::{Event, Reason, Server, State, Violation};
use crate::stream::{Framing, OtherUri, StreamCondition, StreamError};

impl Server {
    /// Ends the stream in good order (RFC 6120 §4.4): what the client has sent until it hears of it still comes. A stream that is ended like this
    /// cannot be resumed.
    pub fn end(&mut self) {
        self.end_with(None);
    }

    /// As [`end`](Server::end), and tells the client of a WebSocket to connect there instead (RFC 7395 §3.6.1). Over TCP there is an error for it:
    /// [`StreamError::see_other_host`].
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongState`] over TCP, [`Misuse::Closed`] where the stream has ended or is about to.
    pub fn end_elsewhere(&mut self, uri: &OtherUri) -> Result<(), Misuse> {
        match self.state {
            _ if self.wire.framing() != Framing::WebSocket => Err(Misuse::WrongState),
            State::Closed | State::Closing => Err(Misuse::Closed),
            _ => {
                self.end_with(Some(uri));
                Ok(())
            }
        }
    }

    fn end_with(&mut self, elsewhere: Option<&OtherUri>) {
        if matches!(self.state, State::Closed | State::Closing) {
            return;
        }
        if self.state != State::Bound {
            self.end_stream_with(elsewhere);
            return self.close(Reason::Closed);
        }
        self.release_held();
        self.give_up_resumption();
        self.end_stream_with(elsewhere);
        self.state = State::Closing;
    }

    /// Ends the stream with an error (RFC 6120 §4.9), such as `conflict` for who lost its resource. Once the session is over, nothing happens.
    pub fn close_with(&mut self, error: &StreamError) {
        if self.state != State::Closed {
            self.give_up_resumption();
            self.close_with_error(error, Reason::Closed);
        }
    }

    pub(super) fn close_with_error(&mut self, error: &StreamError, reason: Reason) {
        self.say_error(error);
        self.close(reason);
    }

    /// Closes for a reason of ours, which the client is told.
    #[cold]
    pub(super) fn close_for(&mut self, reason: Reason) {
        let condition = match reason {
            Reason::LoginTimeout | Reason::PingTimeout => StreamCondition::ConnectionTimeout,
            Reason::AnswerTimeout => StreamCondition::InternalServerError,
            Reason::SendQueueExceeded => StreamCondition::ResourceConstraint,
            Reason::Shutdown => StreamCondition::SystemShutdown,
            _ => {
                self.end_stream();
                return self.close(reason);
            }
        };
        self.close_with_error(&StreamError::new(condition), reason);
    }

    #[cold]
    pub(super) fn close(&mut self, reason: Reason) {
        self.leave();
        self.ending = Some((&reason).into());
        self.queue(Event::Closed(reason));
    }

    #[cold]
    pub(super) fn violate(&mut self, violation: Violation) -> Violation {
        match violation.stream_error() {
            Some(error) => self.say_error(&error),
            None => self.end_stream(),
        }
        self.leave();
        self.ending = Some(violation.into());
        self.violation = Some(Box::new(violation));
        violation
    }

    /// Says an error and the end, after our header (RFC 6120 §4.9.1.2). While an upgrade is made, nothing can be said.
    fn say_error(&mut self, error: &StreamError) {
        if matches!(self.state, State::Securing | State::Compressing | State::Closed) {
            return;
        }
        self.open(None, true);
        self.write(|writer| error.write(writer));
        self.end_stream();
    }

    pub(super) fn end_stream(&mut self) {
        self.end_stream_with(None);
    }

    fn end_stream_with(&mut self, elsewhere: Option<&OtherUri>) {
        if !matches!(self.state, State::Securing | State::Compressing) {
            self.open(None, true);
            let patience = self.config.limits.close_time;
            match elsewhere {
                Some(uri) => self.wire.end_elsewhere(self.now, patience, uri),
                None => self.wire.end(self.now, patience),
            }
        }
    }

    /// Leaves everything behind but what is still to be written, and what a stream needs to be resumed.
    fn leave(&mut self) {
        self.state = State::Closed;
        self.tickets.revoke();
        (self.login, self.bind_source, self.binding_later, self.resuming) = (None, None, None, None);
        self.wire.shut();
    }
}
