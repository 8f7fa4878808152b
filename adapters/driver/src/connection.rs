use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use wirestate_machine::{Ending, Instant, Machine, Relay};

use crate::audience::Audience;
use crate::hall::{Messenger, Seat};
use crate::presence::{Bond, Kept, Presence, bell};
use crate::shared::Shared;
use crate::slowness::Slowness;
use crate::{Clock, Error, Handle, Info, Notice, Observer, Options, Shutdown, Stream, Traffic};

/// A machine on a stream.
///
/// Events are pulled with [`next`](Connection::next) (or [`try_next`](Connection::try_next)) and answered on
/// [`machine`](Connection::machine); in between, the application may await whatever it likes. What it says is written when it pulls
/// again, together with all else that is said until the machine has nothing more to tell; [`flush`](Connection::flush) writes before.
///
/// All state lies here, so each of these futures may be dropped at any point, as `select!` does, and nothing is lost.
/// Dropping the connection itself cuts it off: pull until `None`, or [`close`](Connection::close), to end it well.
// In this order, so that what a relayed message touches lies together: among thousands of connections each line of the cache counts.
#[repr(C)]
pub struct Connection<M: Machine, S> {
    pub(crate) presence: Presence<M>,
    pub(crate) state: State,
    /// How often the crank was turned without a wait.
    pub(crate) turns: u16,
    pub(crate) now: Instant,
    pub(crate) stream: S,
    pub(crate) slowness: Slowness,
    pub(crate) machine: M,
    pub(crate) stage: Stage,
    /// What was read and the machine has had no room for yet.
    pub(crate) unread: Option<Box<Bytes>>,
    /// An event that came while the connection was established, and is to be pulled yet.
    pub(crate) foretold: Option<Box<M::Event>>,
    /// What `None` must be preceded by.
    pub(crate) failure: Option<Error<M::Error>>,
    pub(crate) clock: Clock,
    /// The executor's slice in which `now` was read.
    pub(crate) slice: Option<u32>,
    /// When a shutdown's patience ends.
    pub(crate) patience: Option<Instant>,
    /// When something was last read, and how often silence has been told since.
    pub(crate) heard: Instant,
    pub(crate) silences: u32,
    pub(crate) options: Options,
}

/// What is so and what is not, of a connection.
#[derive(Clone, Copy, Default)]
pub(crate) struct State {
    /// Whether the stream may have gathered what it was given.
    pub(crate) unflushed: bool,
    /// Whether the peer has said that it will send no more.
    pub(crate) peer_done: bool,
    /// Whether the peer cannot be written to any more, and this end goes on nevertheless.
    pub(crate) mute: bool,
    /// Whether the peer is not listened to, so that its silence means nothing.
    pub(crate) deaf: bool,
    /// Whether reading or writing has failed, and this end goes on nevertheless.
    pub(crate) broken: bool,
    /// Whether the machine has been told of the shutdown.
    pub(crate) told: bool,
    /// Whether the shutdown waits for no safe point.
    pub(crate) hurried: bool,
    /// Whether all there was to do was done when the connection was last pulled, so that it waits for the peer, the alarm and its handles alone.
    pub(crate) waiting: bool,
    /// Whether the outbox was full when the observer was last told of it.
    pub(crate) full: bool,
    /// Whether there was TLS, and compression, when the observer was last told of it.
    pub(crate) tls: bool,
    pub(crate) deflate: bool,
}

/// What a pull on a connection gives: an event, an error and then the end, or the end.
pub type Next<M> = Option<Result<<M as Machine>::Event, Error<<M as Machine>::Error>>>;

/// How far the end of a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The session is on.
    Open,
    /// The last words are being written.
    Parting,
    /// The peer is being told that no more will come.
    HangingUp,
    /// What the peer still sends is thrown away.
    Lingering { until: Instant, left: usize },
    /// Nothing more will happen.
    Over,
}

/// How to close a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Write what waits to be written, shut the write side, drain the peer for a moment.
    Flush,
    /// At once.
    Abort,
}

/// What a [`Connection`] was made of.
#[derive(Debug)]
#[non_exhaustive]
pub struct Parts<M: Machine, S> {
    /// The machine, with what is in its boxes.
    pub machine: M,
    /// What the machine has told while a connector waited for its handshake, and nobody has pulled.
    pub event: Option<M::Event>,
    /// What was read and the machine has had no room for: the peer said it after all that is in the inbox.
    pub unread: Bytes,
    /// The stream.
    pub stream: S,
    /// Which connection it was.
    pub info: Info,
    /// The clock that the machine knows.
    pub clock: Clock,
    /// Its options.
    pub options: Options,
    /// The connection's seat at its server, if it had one: it is given back when this is dropped.
    pub seat: Option<Kept>,
}

impl<M: Machine, S: Stream> Connection<M, S> {
    /// Puts a machine on `stream`. `machine` is told which connection this is and what time it is.
    pub fn open(
        stream: S,
        info: Info,
        clock: Clock,
        options: Options,
        machine: impl FnOnce(&Info, Instant) -> M,
    ) -> Self {
        let time = stream.now();
        let now = clock.instant(time);
        let machine = machine(&info, now);
        Connection::made_of(stream, machine, Shared::new(info, time, &options), clock, options, now)
    }

    fn made_of(stream: S, machine: M, shared: Shared<M>, clock: Clock, options: Options, now: Instant) -> Self {
        Connection {
            machine,
            stream,
            clock,
            options,
            presence: Presence::new(shared),
            unread: None,
            stage: Stage::Open,
            foretold: None,
            failure: None,
            now,
            slice: None,
            slowness: Slowness::default(),
            patience: None,
            heard: now,
            silences: 0,
            turns: 0,
            state: State::default(),
        }
    }

    /// Lets `shutdown` end this connection. Connections of a server are under its shutdown already.
    pub fn enroll(mut self, shutdown: &Shutdown) -> Self
    where
        M: 'static,
    {
        self.presence.bond = Bond::Shutdown(shutdown.connect(bell(&self.presence.shared)));
        self
    }

    /// Tells `observer`, and no other, what happens on this connection, from now on. Connections of a server have its observer already.
    pub fn observe(mut self, observer: Observer) -> Self {
        observer.tell(&Notice::Connected { info: self.info() });
        self.presence.audience = Some(Audience::of(observer));
        self
    }

    /// Lets what lies between machine and peer already be told to the observer that comes.
    pub(crate) fn unseen(mut self) -> Self {
        self.state.tls = false;
        self.state.deflate = false;
        self
    }

    /// Makes this a connection of a server, with what was read of it before.
    pub(crate) fn seated(mut self, mut seat: Seat<M>, read: Bytes) -> Self {
        seat.enter(&self.presence.shared);
        let audience = seat.hall().audience().clone();
        audience.tell(&Notice::Connected { info: self.info() });
        self.presence.audience = Some(audience);
        self.presence.bond = Bond::Seat(seat);
        self.unread = (!read.is_empty()).then(|| Box::new(read));
        self
    }

    /// The machine's next event.
    ///
    /// `None` is the end: all was written, and the connection is closed. An error comes once, right before it; with
    /// [`OnError::Ask`](crate::OnError::Ask) a pull after an error may go on.
    // No async fn, nor the next: each adds a state of its own to what is polled for each message.
    #[expect(clippy::should_implement_trait, reason = "what it gives is awaited")]
    pub fn next(&mut self) -> impl Future<Output = Next<M>> {
        poll_fn(|cx| self.poll_next(cx))
    }

    /// The machine's next event, with the error outside, for use with `?`.
    pub fn try_next(&mut self) -> impl Future<Output = Result<Option<M::Event>, Error<M::Error>>> {
        poll_fn(|cx| self.poll_next(cx).map(Option::transpose))
    }

    /// Writes what the machine has said so far, without waiting for more of it: before a long pause between two events.
    pub async fn flush(&mut self) -> Result<(), Error<M::Error>> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// [`flush`](Connection::flush), to be polled.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error<M::Error>>> {
        self.turn_flush(cx)
    }

    /// Closes the connection, whatever the machine thinks of it. With [`How::Flush`], what handles have told so far is said before.
    pub async fn close(mut self, how: How) -> Result<(), Error<M::Error>> {
        self.presence.ending.get_or_insert(Ending::Local);
        if how == How::Abort {
            return Ok(());
        }
        self.shared().end(How::Flush);
        while self.try_next().await?.is_some() {}
        Ok(())
    }

    /// Puts another machine on the connection, in the place of the one that is there: it gets what the peer has sent and the old one has not
    /// understood. What the old one has said is written first.
    ///
    /// The server's shutdown and limits go on to hold. Handles of the old machine reach nothing any more; the server's
    /// [`Control`](crate::Control) finds the connection under its number if the new machine is of the type that its connections begin with,
    /// can disconnect it in any case, and can send to it if it is made [`reachable`](Connection::reachable). A machine that waits for an
    /// upgrade cannot be replaced, for what comes next is no longer what it was. What it has told and nobody has pulled goes with it. A connection that is ending already goes on ending.
    pub async fn replace<N: Machine + 'static>(
        mut self,
        machine: impl FnOnce(M, &Info, Instant) -> N,
    ) -> Result<Connection<N, S>, Error<M::Error>>
    where
        M: 'static,
    {
        loop {
            self.flush().await?;
            if let Some(error) = self.failure.take() {
                return Err(error);
            }
            if self.stage != Stage::Open {
                break;
            }
            // Also while what came before the upgrade still waits to be understood.
            if self.machine.upgrade().is_some() || self.machine.inbox().is_held() {
                return Err(Error::Upgrading);
            }
            // What handles have said while the outbox was full is said by the old machine, too.
            if self.shared().leave() {
                break;
            }
        }
        let Connection { machine: mut old, stream, clock, options, presence, unread, now, state, .. } = self;
        let read = old.inbox().take(usize::MAX);
        let shared = presence.shared.succeeded(read.len());
        let machine = machine(old, &shared.info, now);
        let mut new = Connection::made_of(stream, machine, shared, clock, options, now);
        new.unread = join(read, unread);
        new.stage = self.stage;
        new.patience = self.patience;
        new.heard = self.heard;
        new.silences = self.silences;
        // The new machine has not heard of a shutdown yet.
        new.state = State { told: false, hurried: false, ..state };
        if state.peer_done && new.unread.is_none() {
            new.machine.inbox().close();
        }
        presence.hand_over(&mut new.presence);
        Ok(new)
    }

    /// Lets the server's [`Control::send`](crate::Control::send) reach this connection, though its machine is of another type than the one it
    /// began with: where both take the same messages, the control knows no difference.
    pub fn reachable(self) -> Self
    where
        M: Relay + 'static,
    {
        let handle = self.handle();
        let messenger = Messenger::<M::Message>::new(move |message| handle.send(message));
        self.presence.be_reached_by(Box::new(messenger));
        self
    }

    /// Puts the connection on a seat that was [kept](Parts::seat): the server's shutdown holds for it, and its control knows it.
    pub fn seat(mut self, kept: Kept) -> Self
    where
        M: 'static,
    {
        self.presence.take_seat(kept);
        self
    }

    /// The machine, to answer and to ask. What is said on it goes out at the next pull.
    pub fn machine(&mut self) -> &mut M {
        self.state.waiting = false;
        &mut self.machine
    }

    /// Says that the handler may have blocked since the last pull, so that the clock has to be read anew. Only handlers that block where
    /// they should await need it.
    pub fn has_slept(&mut self) {
        self.slice = None;
    }

    /// Which connection this is.
    pub fn info(&self) -> &Info {
        &self.presence.shared.info
    }

    /// How much has gone either way.
    pub fn traffic(&self) -> Traffic {
        self.presence.shared.traffic()
    }

    /// A handle, to speak on this connection and to end it from elsewhere.
    pub fn handle(&self) -> Handle<M> {
        Handle { shared: self.presence.shared.clone() }
    }

    /// Takes the connection apart. Nothing is written or closed; its handles have nothing to hold on to any more, and it is told as
    /// disconnected. Its server counts it for as long as the [seat](Parts::seat) is kept.
    pub fn into_parts(mut self) -> Parts<M, S>
    where
        M: 'static,
    {
        self.presence.ending.get_or_insert(Ending::Local);
        let unread = self.unread.take().map(|unread| *unread).unwrap_or_default();
        let info = self.info().clone();
        let event = self.foretold.take().map(|event| *event);
        let seat = self.presence.keep_seat();
        Parts {
            machine: self.machine,
            event,
            unread,
            stream: self.stream,
            info,
            clock: self.clock,
            options: self.options,
            seat,
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<M>> {
        &self.presence.shared
    }

    pub(crate) fn shutdown(&self) -> Option<&Shutdown> {
        self.presence.shutdown()
    }
}

fn join(read: Bytes, unread: Option<Box<Bytes>>) -> Option<Box<Bytes>> {
    match unread {
        None if read.is_empty() => None,
        None => Some(Box::new(read)),
        Some(unread) if read.is_empty() => Some(unread),
        Some(unread) => Some(Box::new([read, *unread].concat().into())),
    }
}

impl<M: Machine, S> fmt::Debug for Connection<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("info", &self.presence.shared.info)
            .field("stage", &self.stage)
            .field("traffic", &self.presence.shared.traffic())
            .finish_non_exhaustive()
    }
}
