//! One machine for any protocol that is a row of frames: what [`line`](crate::line), [`block`](crate::block) and [`raw`](crate::raw) share.
//!
//! A [`Framing`] says where a frame ends and what is put around one; [`Framed`] makes a machine of it, with all that a session needs beside:
//! back-pressure, an idle limit, a farewell, and messages that are encoded once for many sessions. A framing of one's own is two methods:
//!
//! ```
//! use std::convert::Infallible;
//! use wirestate_machine::framed::{Envelope, Framed, Framing};
//! use wirestate_machine::{Inbox, Instant, Machine, Misuse};
//!
//! /// Frames of two bytes.
//! struct Pairs;
//!
//! impl Framing for Pairs {
//!     type Frame = [u8; 2];
//!     type Violation = Infallible;
//!
//!     fn frame(&mut self, inbox: &mut Inbox) -> Result<Option<[u8; 2]>, Infallible> {
//!         let pair = inbox.bytes().first_chunk().copied();
//!         inbox.consume(if pair.is_some() { 2 } else { 0 });
//!         Ok(pair)
//!     }
//!     fn envelope(&self, content: &[u8]) -> Result<Envelope<'_>, Misuse> {
//!         if content.len() == 2 { Ok(Envelope::default()) } else { Err(Misuse::OutOfRange) }
//!     }
//! }
//!
//! let mut pairs = Framed::new(Pairs);
//! pairs.inbox().push(b"abc");
//! assert_eq!(pairs.poll(Instant::START), Ok(Some(*b"ab")));
//! assert_eq!(pairs.poll(Instant::START), Ok(None));
//! assert_eq!(pairs.send("xyz"), Err(Misuse::OutOfRange));
//! ```

mod message;

use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use bytes::Bytes;
use thiserror::Error;

use crate::{Ending, Inbox, Instant, Machine, Marks, Misuse, Outbox, Relay, Upgrade, Upgraded};

pub use message::{Encoded, Envelope, Head};

/// How many bytes an inbox takes at least, so that short frames are read many at a time.
pub(crate) const LEAST_INBOX: usize = 4 * 1024;

/// Where a frame ends in a stream of bytes, and what is put around one that is sent.
///
/// What it gives must not depend on how the bytes were cut: it looks at the inbox, and either takes a whole frame out or waits.
pub trait Framing {
    /// One frame, as the application gets it.
    type Frame;
    /// What a peer can do wrong.
    type Violation: Clone + core::error::Error;

    /// Takes the next frame out of the inbox, or gives `None` where it is not there in whole. Each frame takes at least one byte.
    fn frame(&mut self, inbox: &mut Inbox) -> Result<Option<Self::Frame>, Self::Violation>;

    /// What is put around `content`, or why the content cannot be sent: so is every frame sealed that leaves.
    fn envelope(&self, content: &[u8]) -> Result<Envelope<'_>, Misuse>;

    /// What the rest of the inbox is, which holds no whole frame, now that the peer will send no more. Asked until it gives `None`; by
    /// itself it drops the rest.
    fn end(&mut self, inbox: &mut Inbox) -> Result<Option<Self::Frame>, Self::Violation> {
        inbox.clear();
        Ok(None)
    }

    /// Whether the session goes on after the peer's end of stream, until it is [`close`](Framed::close)d here.
    fn outlasts_input(&self) -> bool {
        false
    }

    /// How many bytes the inbox must take so that the largest frame fits. 4 KiB if nothing else is said.
    fn inbox_limit(&self) -> usize {
        LEAST_INBOX
    }

    /// What kind of end a violation is.
    fn ending(_violation: &Self::Violation) -> Ending {
        Ending::Violation
    }

    /// Encodes `content` once, to be [`relay`](Relay::relay)ed by many machines with the same settings.
    ///
    /// # Errors
    ///
    /// Those of [`envelope`](Framing::envelope).
    fn encode(&self, content: impl AsRef<[u8]>) -> Result<Encoded<Self>, Misuse>
    where
        Self: Sized,
    {
        let content = content.as_ref();
        Ok(self.envelope(content)?.around(content))
    }
}

/// Why a peer's session was ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure<V> {
    /// Nothing was heard from the peer, and nothing said to it, for the time that [`Framed::with_idle`] gives.
    #[error("nothing was heard or said for too long: speak, or raise the idle limit")]
    Idle,
    /// The peer broke the protocol.
    #[error("{0}")]
    Violation(V),
}

/// A session in frames.
///
/// - Each event is one frame. The session is over when the peer will send no more and all it sent has been told, when it is
///   [`close`](Framed::close)d, by [`shutdown`](Machine::shutdown), or by a [`Failure`], which stays.
/// - While the outbox is [full](Outbox::is_full) no frame is read: a peer that does not read is not read. There is no event for when it
///   has room again; who sends without being asked looks at `outbox().is_full()` first, or waits for its driver to say so.
/// - Idle and empty it holds no heap of its own.
pub struct Framed<F: Framing> {
    framing: F,
    inbox: Inbox,
    outbox: Outbox,
    /// What was said before the TLS that this session waits for.
    early: Option<Box<Outbox>>,
    farewell: Option<Encoded<F>>,
    idle: Option<Duration>,
    now: Instant,
    /// When something was last heard or said; unknown before the first poll.
    active: Option<Instant>,
    /// Something was said since the last poll, which is when the time is known.
    spoken: bool,
    state: State<F::Violation>,
}

enum State<V> {
    Open,
    Stopping,
    Closed(Ending),
    Failed(Failure<V>),
}

impl<F: Framing> Framed<F> {
    /// A session with no idle limit and no farewell.
    pub fn new(framing: F) -> Self {
        Framed {
            inbox: Inbox::new(framing.inbox_limit()),
            outbox: Outbox::new(),
            framing,
            early: None,
            farewell: None,
            idle: None,
            now: Instant::START,
            active: None,
            spoken: false,
            state: State::Open,
        }
    }

    /// Ends the session with [`Failure::Idle`] when for so long no frame came in whole and nothing was said. It counts from the first poll.
    pub fn with_idle(mut self, limit: Duration) -> Self {
        self.idle = Some(limit);
        self
    }

    /// What the peer is told last where this end gives up: at [`shutdown`](Machine::shutdown), and before a [`Failure`].
    pub fn with_farewell(mut self, farewell: Encoded<F>) -> Self {
        self.farewell = Some(farewell);
        self
    }

    /// Sets the marks of the outbox.
    pub fn with_marks(mut self, marks: Marks) -> Self {
        self.outbox.set_marks(marks);
        if let Some(early) = &mut self.early {
            early.set_marks(marks);
        }
        self
    }

    /// Begins with a TLS handshake, for which the machine needs a TLS layer around it: nothing is said or heard in the clear, and what is
    /// said before the handshake is done waits for it. Without this, a TLS layer around the machine has nothing to do.
    pub fn with_tls(mut self) -> Self {
        self.inbox.hold(true);
        self.early = Some(Box::new(core::mem::take(&mut self.outbox)));
        self
    }

    /// The framing and its settings.
    pub fn framing(&self) -> &F {
        &self.framing
    }

    /// Says `content` to the peer, as one frame.
    ///
    /// # Errors
    ///
    /// [`Misuse::Closed`] after the session's end, and what the framing forbids (see there). Nothing was said then.
    pub fn send(&mut self, content: impl AsRef<[u8]>) -> Result<(), Misuse> {
        let content = content.as_ref();
        self.speak(content, |outbox| outbox.put(content))
    }

    /// The same for bytes that are owned: many are linked into the outbox without a copy.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Framed::send).
    pub fn send_bytes(&mut self, content: Bytes) -> Result<(), Misuse> {
        self.speak(&content, |outbox| outbox.link(content.clone()))
    }

    /// Encodes `content` once, to be [`relay`](Relay::relay)ed by many machines with the same settings.
    ///
    /// # Errors
    ///
    /// What the framing forbids.
    pub fn encode(&self, content: impl AsRef<[u8]>) -> Result<Encoded<F>, Misuse> {
        self.framing.encode(content)
    }

    /// Ends the session now: what was said is still written, what was not read is dropped. The farewell is not said, for whoever closes has
    /// said what there was to say.
    pub fn close(&mut self) {
        if !self.is_closed() {
            self.finish(State::Closed(Ending::Local));
        }
    }

    fn speak(&mut self, content: &[u8], put: impl FnOnce(&mut Outbox)) -> Result<(), Misuse> {
        if self.is_closed() {
            return Err(Misuse::Closed);
        }
        let envelope = self.framing.envelope(content)?;
        let outbox = self.early.as_deref_mut().unwrap_or(&mut self.outbox);
        outbox.put(envelope.head.as_slice());
        put(outbox);
        outbox.put(envelope.tail);
        self.spoken = true;
        Ok(())
    }

    /// The next frame, the end of input included.
    fn read(&mut self) -> Result<Option<F::Frame>, F::Violation> {
        if self.outbox.is_full() {
            return Ok(None);
        }
        let frame = self.framing.frame(&mut self.inbox)?;
        if frame.is_some() || !self.inbox.is_closed() {
            return Ok(frame);
        }
        let last = self.framing.end(&mut self.inbox)?;
        if last.is_none() && !self.framing.outlasts_input() {
            self.finish(State::Closed(Ending::PeerClosed));
        }
        Ok(last)
    }

    fn fail(&mut self, failure: Failure<F::Violation>) -> Failure<F::Violation> {
        self.say_farewell();
        self.finish(State::Failed(failure.clone()));
        failure
    }

    fn say_farewell(&mut self) {
        if let Some(farewell) = self.farewell.take() {
            self.early.as_deref_mut().unwrap_or(&mut self.outbox).link(farewell.into_bytes());
        }
    }

    fn finish(&mut self, state: State<F::Violation>) {
        self.inbox.clear();
        self.state = state;
    }
}

impl<F: Framing> Machine for Framed<F> {
    type Event = F::Frame;
    type Error = Failure<F::Violation>;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, now: Instant) -> Result<Option<F::Frame>, Self::Error> {
        self.now = self.now.max(now);
        if core::mem::take(&mut self.spoken) || self.active.is_none() {
            self.active = Some(self.now);
        }
        match &self.state {
            State::Open => {}
            State::Closed(_) => return Ok(None),
            State::Failed(failure) => return Err(failure.clone()),
            State::Stopping => {
                self.say_farewell();
                self.finish(State::Closed(Ending::Shutdown));
                return Ok(None);
            }
        }
        match self.read() {
            Ok(Some(frame)) => {
                self.active = Some(self.now);
                Ok(Some(frame))
            }
            Ok(None) if self.deadline().is_some_and(|deadline| deadline <= self.now) => Err(self.fail(Failure::Idle)),
            Ok(None) => Ok(None),
            Err(violation) => Err(self.fail(Failure::Violation(violation))),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match (self.active, self.idle) {
            (Some(active), Some(idle)) if !self.is_closed() => Some(active + idle),
            _ => None,
        }
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        let waits = self.early.is_some() && self.inbox.is_empty() && self.outbox.is_empty() && !self.is_closed();
        waits.then_some(Upgrade::Tls)
    }

    fn upgraded(&mut self, _now: Instant, how: Upgraded) {
        if let Upgraded::Tls(_) = how
            && let Some(early) = self.early.take()
        {
            self.outbox = *early;
            self.inbox.hold(false);
        }
    }

    fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed(_) | State::Failed(_))
    }

    /// The next poll says the farewell and closes; frames that were not told yet are dropped.
    fn shutdown(&mut self) {
        if !self.is_closed() {
            self.state = State::Stopping;
        }
    }

    fn ending(&self) -> Option<Ending> {
        match &self.state {
            State::Open | State::Stopping => None,
            State::Closed(ending) => Some(*ending),
            State::Failed(Failure::Idle) => Some(Ending::Timeout),
            State::Failed(Failure::Violation(violation)) => Some(F::ending(violation)),
        }
    }
}

impl<F: Framing + 'static> Relay for Framed<F> {
    type Message = Encoded<F>;

    fn relay(&mut self, message: &Encoded<F>) {
        if !self.is_closed() {
            self.early.as_deref_mut().unwrap_or(&mut self.outbox).link(message.clone().into_bytes());
            self.spoken = true;
        }
    }
}

impl<F: Framing> fmt::Debug for Framed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framed")
            .field("inbox", &self.inbox)
            .field("outbox", &self.outbox)
            .field("deadline", &self.deadline())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// Takes `count` bytes out: shared where they are most of a large buffer, copied where they would keep one alive that is much larger.
pub(crate) fn carve(inbox: &mut Inbox, count: usize) -> Bytes {
    if count >= Outbox::LINK_FROM && count >= inbox.len() / 2 {
        return inbox.take(count);
    }
    let copy = Bytes::copy_from_slice(inbox.bytes().get(..count).unwrap_or_default());
    inbox.consume(count);
    copy
}
