use wirestate_machine::{Inbox, Instant, Machine, Outbox};

use super::close::Close;
use super::config::Limits;
use super::delimiter::Delimiter;
use super::failure::Failure;
use super::handshake::Handshake;
use super::reader::{Delivery, Reader, Step};
use super::writer::{Masks, Writer};

/// A connection whose opening handshake is done.
pub(super) struct Session {
    pub(super) handshake: Handshake,
    limits: Limits,
    reader: Reader,
    writer: Writer,
    /// The answer to the last ping, while there is no room for it.
    pong: Option<Vec<u8>>,
    /// Whether our Close frame is out: nothing may follow it.
    said_close: bool,
    /// Whether the peer will say no more, by a Close frame or by the end of the stream.
    heard_close: bool,
    pub(super) peer_close: Option<Box<Close>>,
    /// When it ends, since one end has said its last.
    pub(super) closes_at: Option<Instant>,
}

impl Session {
    pub(super) fn server(handshake: Handshake, limits: Limits) -> Self {
        Session::new(handshake, limits, None)
    }

    pub(super) fn client(handshake: Handshake, limits: Limits, seed: [u8; 32]) -> Self {
        Session::new(handshake, limits, Some(Masks::new(seed)))
    }

    fn new(handshake: Handshake, limits: Limits, masks: Option<Masks>) -> Self {
        let reader = Reader::new(masks.is_none());
        let writer = Writer::new(handshake.frames(), masks);
        Session {
            handshake,
            limits,
            reader,
            writer,
            pong: None,
            said_close: false,
            heard_close: false,
            peer_close: None,
            closes_at: None,
        }
    }

    /// Whether both ends have said their last.
    pub(super) fn is_over(&self) -> bool {
        self.said_close && self.heard_close
    }

    pub(super) fn has_said_close(&self) -> bool {
        self.said_close
    }

    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        self.closes_at.is_some_and(|deadline| now >= deadline)
    }

    /// Frames what the machine has said, until the outbox is full, or all of it. Says whether anything moved.
    pub(super) fn send(
        &mut self,
        inner: &mut impl Machine,
        outbox: &mut Outbox,
        with: &mut impl Delimiter,
        all: bool,
    ) -> bool {
        let said = inner.outbox();
        if self.said_close {
            let moved = !said.is_empty();
            said.clear();
            return moved;
        }
        if let Some(pong) = self.pong.take_if(|_| !outbox.is_full()) {
            self.writer.pong(outbox, &pong);
        }
        self.writer.send(said, outbox, with, all)
    }

    /// Begins or goes on with the end, if there is a reason for one.
    pub(super) fn wind_up(
        &mut self,
        inner: &mut impl Machine,
        outbox: &mut Outbox,
        with: &mut impl Delimiter,
        now: Instant,
    ) -> bool {
        if !inner.is_closed() && !self.heard_close {
            return false;
        }
        self.closes_at.get_or_insert(now + self.limits.closing);
        let has_said_all = inner.is_closed() && inner.outbox().is_empty();
        if self.said_close || !(has_said_all || self.is_overdue(now)) {
            return false;
        }
        if has_said_all {
            self.writer.finish(outbox, with);
        }
        self.say_close(outbox, &Close::of(inner.ending()));
        true
    }

    /// Says the last, if it has not been said.
    pub(super) fn say_close(&mut self, outbox: &mut Outbox, close: &Close) {
        if !core::mem::replace(&mut self.said_close, true) {
            self.writer.close(outbox, close);
        }
    }

    /// Sends all that a machine says that gave up, and the Close frame after it.
    pub(super) fn say_farewell(&mut self, inner: &mut impl Machine, outbox: &mut Outbox, with: &mut impl Delimiter) {
        self.send(inner, outbox, with, true);
        if !self.said_close {
            self.writer.finish(outbox, with);
        }
        self.say_close(outbox, &Close::of(inner.ending()));
    }

    /// Reads at most one frame, or what is here of one, as the machine has room for it. Says whether anything moved.
    pub(super) fn receive<D: Delimiter>(
        &mut self,
        inner: &mut impl Machine,
        inbox: &mut Inbox,
        outbox: &mut Outbox,
        with: &mut D,
        now: Instant,
    ) -> Result<bool, Failure> {
        if inner.is_closed() {
            self.reader.drop_content();
        }
        match self.reader.deliver(inner.inbox()) {
            Delivery::Nothing => {}
            delivery => return Ok(delivery == Delivery::Moved),
        }
        if self.heard_close {
            return Ok(false);
        }
        match self.reader.read(inbox, now, &self.limits, D::IN_PARTS)? {
            Step::Starved if inbox.is_closed() => self.end_input(inner, inbox),
            Step::Starved => return Ok(false),
            Step::Part => {}
            Step::Content { is_last } => match with.incoming(self.reader.content(), is_last) {
                Err(refused) if D::IN_PARTS => self.reader.fail_behind(refused.into()),
                done => done?,
            },
            Step::Ping(payload) if outbox.is_full() => self.pong = Some(payload),
            Step::Ping(payload) => self.answer(outbox, &payload),
            Step::Close(close) => {
                self.say_close(outbox, &Close { reason: String::new(), ..close.clone() });
                self.peer_close = Some(close.into());
                self.end_input(inner, inbox);
            }
        }
        Ok(true)
    }

    /// No pong is sent after a Close frame (RFC 6455 §5.5.1).
    fn answer(&mut self, outbox: &mut Outbox, ping: &[u8]) {
        if !self.said_close {
            self.writer.pong(outbox, ping);
        }
    }

    /// Nothing that follows counts.
    fn end_input(&mut self, inner: &mut impl Machine, inbox: &mut Inbox) {
        self.heard_close = true;
        inbox.clear();
        inbox.close();
        inner.inbox().close();
    }
}
