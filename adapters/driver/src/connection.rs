use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use wirestate_machine::{Instant, Machine};

use crate::{Clock, Error, Info, Member, Options, Shutdown, Stream, Traffic};

/// A machine on a stream.
///
/// Events are pulled with [`next`](Connection::next) (or [`try_next`](Connection::try_next)) and answered on
/// [`machine`](Connection::machine); in between, the application may await whatever it likes. What it says is written when it pulls
/// again, together with all else that is said until the machine has nothing more to tell; [`flush`](Connection::flush) writes before.
///
/// All state lies here, so each of these futures may be dropped at any point, as `select!` does, and nothing is lost.
/// Dropping the connection itself cuts it off: pull until `None`, or [`close`](Connection::close), to end it well.
pub struct Connection<M: Machine, S> {
    pub(crate) machine: M,
    pub(crate) stream: S,
    pub(crate) info: Info,
    pub(crate) clock: Clock,
    pub(crate) options: Options,
    pub(crate) traffic: Traffic,
    pub(crate) member: Option<Arc<Member>>,
    pub(crate) stage: Stage,
    /// What `None` must be preceded by.
    pub(crate) failure: Option<Error<M::Error>>,
    pub(crate) now: Instant,
    /// The executor's slice in which `now` was read.
    pub(crate) slice: Option<u32>,
    /// When the peer, which takes nothing at the moment, is given up.
    pub(crate) stalled: Option<Instant>,
    /// When a shutdown's patience ends.
    pub(crate) patience: Option<Instant>,
    /// How often the crank was turned without a wait.
    pub(crate) turns: u16,
    /// Whether the stream may have gathered what it was given.
    pub(crate) unflushed: bool,
    /// Whether the peer has said that it will send no more.
    pub(crate) peer_done: bool,
    /// Whether the machine has been told of the shutdown.
    pub(crate) told: bool,
    /// Whether the shutdown waits for no safe point.
    pub(crate) hurried: bool,
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
pub struct Parts<M, S> {
    /// The machine, with what is in its boxes.
    pub machine: M,
    /// The stream.
    pub stream: S,
    /// Which connection it was.
    pub info: Info,
    /// The clock that the machine knows.
    pub clock: Clock,
    /// Its options.
    pub options: Options,
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
        let now = clock.instant(stream.now());
        Connection {
            machine: machine(&info, now),
            stream,
            info,
            clock,
            options,
            traffic: Traffic::default(),
            member: None,
            stage: Stage::Open,
            failure: None,
            now,
            slice: None,
            stalled: None,
            patience: None,
            turns: 0,
            unflushed: false,
            peer_done: false,
            told: false,
            hurried: false,
        }
    }

    /// Lets `shutdown` end this connection. Connections of a server are under its shutdown already.
    pub fn enroll(self, shutdown: &Shutdown) -> Self {
        self.with_member(Arc::new(Member::new(shutdown, None)))
    }

    /// Makes this connection a member of a [`Group`](crate::Group): for accept loops of one's own.
    pub fn with_member(self, member: Arc<Member>) -> Self {
        Connection { member: Some(member), ..self }
    }

    /// The machine's next event.
    ///
    /// `None` is the end: all was written, and the connection is closed. An error comes once, right before it.
    pub async fn next(&mut self) -> Next<M> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// The machine's next event, with the error outside, for use with `?`.
    pub async fn try_next(&mut self) -> Result<Option<M::Event>, Error<M::Error>> {
        self.next().await.transpose()
    }

    /// Writes what the machine has said so far, without waiting for more of it: before a long pause between two events.
    pub async fn flush(&mut self) -> Result<(), Error<M::Error>> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// [`flush`](Connection::flush), to be polled.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error<M::Error>>> {
        self.turn_flush(cx)
    }

    /// Closes the connection, whatever the machine thinks of it.
    pub async fn close(mut self, how: How) -> Result<(), Error<M::Error>> {
        if how == How::Abort {
            return Ok(());
        }
        self.part();
        while self.try_next().await?.is_some() {}
        Ok(())
    }

    /// The machine, to answer and to ask. What is said on it goes out at the next pull.
    pub fn machine(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Which connection this is.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// How many bytes have gone either way.
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Takes the connection apart, as to put another machine on the stream. Nothing is written or closed.
    pub fn into_parts(self) -> Parts<M, S> {
        Parts { machine: self.machine, stream: self.stream, info: self.info, clock: self.clock, options: self.options }
    }
}

impl<M: Machine, S> fmt::Debug for Connection<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("info", &self.info)
            .field("stage", &self.stage)
            .field("traffic", &self.traffic)
            .finish_non_exhaustive()
    }
}
