use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use atomic_waker::AtomicWaker;
use thiserror::Error;
use wirestate_machine::{Channel, Relay, TlsFacts};

use crate::shutdown::Ring;
use crate::{How, Info, Traffic};

/// A connection's handle: cloned, kept, sent to other tasks, to speak on the connection and to end it from there.
///
/// It does not keep the connection alive. What it asks for is done when the connection is pulled the next time; a connection that waits
/// for its peer is woken for it.
pub struct Handle<M> {
    pub(crate) shared: Arc<Shared<M>>,
}

impl<M> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Handle { shared: self.shared.clone() }
    }
}

/// Why a handle could not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Undelivered {
    /// The connection is over, or ending.
    #[error("the connection is gone")]
    Gone,
    /// As many messages wait as [`Options::mailbox`](crate::Options::mailbox) allows: the peer reads too slowly.
    #[error("the connection's mailbox is full: its peer is too slow for what is sent to it")]
    Full,
}

/// What is known of a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Since when it is there.
    pub since: Instant,
    /// What went over it.
    pub traffic: Traffic,
    /// What lies between machine and peer, with what compression has done.
    pub channel: Channel,
    /// What is known of the TLS handshake, where there was one.
    pub tls: Option<TlsFacts>,
    /// How many messages wait in the mailbox.
    pub waiting: usize,
}

impl<M> Handle<M> {
    /// The connection's number.
    pub fn id(&self) -> u64 {
        self.shared.info.id()
    }

    /// Which connection it is.
    pub fn info(&self) -> &Info {
        &self.shared.info
    }

    /// Whether the connection is over, or takes nothing more.
    pub fn is_gone(&self) -> bool {
        self.shared.has(FLUSH | ABORT | GONE)
    }

    /// What went over the connection so far, and by what means.
    pub fn stats(&self) -> Stats {
        let desk = self.shared.desk();
        Stats {
            since: self.shared.since,
            traffic: self.shared.traffic(),
            channel: desk.channel,
            tls: desk.tls.as_deref().cloned(),
            waiting: desk.posts.len(),
        }
    }

    /// Does `this` on the connection's machine: says something, asks something, begins its [shutdown](wirestate_machine::Machine::shutdown).
    ///
    /// It waits, in order with all else from handles, while the machine's outbox is full.
    pub fn tell(&self, this: impl FnOnce(&mut M) + Send + 'static) -> Result<(), Undelivered> {
        self.shared.post(Post::Once(Box::new(this)))
    }

    /// Ends the connection with `last` as the last that is said: what waits is written, then the connection closed.
    pub fn disconnect(&self, last: impl FnOnce(&mut M) + Send + 'static) -> Result<(), Undelivered> {
        let told = self.shared.post_last(Post::Once(Box::new(last)));
        self.shared.ring();
        told
    }

    /// Closes the connection, whatever its machine thinks of it. What was told before is said before, if it is flushed.
    pub fn close(&self, how: How) {
        self.shared.end(how);
    }

    /// Stops reading what the peer sends, until [`resume`](Handle::resume).
    pub fn pause(&self) {
        self.shared.set(PAUSED);
        self.shared.ring();
    }

    /// Reads again.
    pub fn resume(&self) {
        self.shared.flags.fetch_and(!PAUSED, Ordering::AcqRel);
        self.shared.ring();
    }
}

impl<M: Relay> Handle<M> {
    /// Says `message`, which is encoded already. Whoever says it on many connections makes a [`Parcel`] of it first.
    pub fn send(&self, message: &M::Message) -> Result<(), Undelivered> {
        let message = message.clone();
        self.tell(move |machine| machine.relay(&message))
    }

    /// Says what is in `parcel`.
    pub fn deliver(&self, parcel: &Parcel<M>) -> Result<(), Undelivered> {
        self.shared.post(Post::Shared(parcel.0.clone()))
    }
}

/// A message that goes to many connections: one encoding, and one piece of memory, for all of them.
pub struct Parcel<M>(Arc<dyn Fn(&mut M) + Send + Sync>);

impl<M: Relay> Parcel<M> {
    /// A parcel with `message` in it.
    pub fn new(message: M::Message) -> Self {
        Parcel(Arc::new(move |machine| machine.relay(&message)))
    }
}

impl<M> Clone for Parcel<M> {
    fn clone(&self) -> Self {
        Parcel(self.0.clone())
    }
}

impl<M> fmt::Debug for Parcel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel").finish_non_exhaustive()
    }
}

impl<M> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("info", &self.shared.info).field("gone", &self.is_gone()).finish_non_exhaustive()
    }
}

/// Something is in the mailbox.
pub(crate) const POSTED: u8 = 1;
/// The peer is not to be read.
pub(crate) const PAUSED: u8 = 2;
/// The connection is to end when all is written.
pub(crate) const FLUSH: u8 = 4;
/// The connection is to end at once.
pub(crate) const ABORT: u8 = 8;
/// The connection is over.
pub(crate) const GONE: u8 = 16;
/// A shutdown's deadline has cut the connection off.
pub(crate) const CUT_OFF: u8 = 32;
/// The connection goes on with another machine.
pub(crate) const REPLACED: u8 = 64;

/// What waits in a mailbox.
pub(crate) enum Post<M> {
    Once(Box<dyn FnOnce(&mut M) + Send>),
    Shared(Arc<dyn Fn(&mut M) + Send + Sync>),
}

impl<M> Post<M> {
    pub(crate) fn open(self, machine: &mut M) {
        match self {
            Post::Once(this) => this(machine),
            Post::Shared(this) => this(machine),
        }
    }
}

/// What a connection and its handles have in common.
pub(crate) struct Shared<M> {
    pub(crate) info: Info,
    since: Instant,
    /// The task that pulls the connection.
    puller: AtomicWaker,
    /// The task that runs the handler: the same one, mostly.
    handler: AtomicWaker,
    flags: AtomicU8,
    slices: AtomicU32,
    read: AtomicU64,
    written: AtomicU64,
    events: AtomicU64,
    desk: Mutex<Desk<M>>,
}

pub(crate) struct Desk<M> {
    pub(crate) posts: VecDeque<Post<M>>,
    limit: usize,
    pub(crate) channel: Channel,
    pub(crate) tls: Option<Box<TlsFacts>>,
}

impl<M> Shared<M> {
    pub(crate) fn new(info: Info, since: Instant, mailbox: usize) -> Self {
        Shared {
            info,
            since,
            puller: AtomicWaker::new(),
            handler: AtomicWaker::new(),
            flags: AtomicU8::new(0),
            slices: AtomicU32::new(0),
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
            events: AtomicU64::new(0),
            desk: Mutex::new(Desk { posts: VecDeque::new(), limit: mailbox, channel: Channel::default(), tls: None }),
        }
    }

    /// The same of a connection that goes on with another machine, which `unread` bytes are given to anew. Its handles are others.
    pub(crate) fn succeeded<N>(&self, unread: usize) -> Shared<N> {
        let (desk, traffic) = (self.desk(), self.traffic());
        let new = Shared::new(self.info.clone(), self.since, desk.limit);
        new.set(self.flags() & (PAUSED | FLUSH | ABORT));
        add(&new.read, traffic.read.saturating_sub(unread as u64));
        add(&new.written, traffic.written);
        add(&new.events, traffic.events);
        let mut new_desk = new.desk();
        (new_desk.channel, new_desk.tls) = (desk.channel, desk.tls.clone());
        drop(new_desk);
        new
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk<M>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn post(&self, post: Post<M>) -> Result<(), Undelivered> {
        let mut desk = self.desk();
        // Looked at under the lock, under which the last posts are taken.
        if self.has(FLUSH | ABORT | GONE) {
            return Err(Undelivered::Gone);
        }
        if desk.posts.len() >= desk.limit {
            return Err(Undelivered::Full);
        }
        desk.posts.push_back(post);
        let was_rung = self.set(POSTED) & POSTED != 0;
        drop(desk);
        // Whoever posted first has rung, and the mailbox was not emptied since.
        if !was_rung {
            self.ring();
        }
        Ok(())
    }

    /// The last post always has room.
    fn post_last(&self, post: Post<M>) -> Result<(), Undelivered> {
        let mut desk = self.desk();
        if self.has(FLUSH | ABORT | GONE) {
            return Err(Undelivered::Gone);
        }
        desk.posts.push_back(post);
        self.set(POSTED | FLUSH);
        Ok(())
    }

    /// Asks for the end of the connection.
    pub(crate) fn end(&self, how: How) {
        // Under the lock, so that no post slips in that is told as taken, and never said.
        let desk = self.desk();
        self.set(match how {
            How::Flush => FLUSH,
            How::Abort => ABORT,
        });
        drop(desk);
        self.ring();
    }

    /// The next from the mailbox.
    pub(crate) fn take_post(&self) -> Option<Post<M>> {
        let mut desk = self.desk();
        let post = desk.posts.pop_front();
        if desk.posts.is_empty() {
            desk.posts = VecDeque::new();
            self.flags.fetch_and(!POSTED, Ordering::AcqRel);
        }
        post
    }

    /// Takes no more posts, if none waits.
    pub(crate) fn leave(&self) -> bool {
        let desk = self.desk();
        if desk.posts.is_empty() {
            self.set(GONE);
        }
        desk.posts.is_empty()
    }

    /// No more posts are taken; those that wait are dropped.
    pub(crate) fn retire(&self) {
        let mut desk = self.desk();
        self.set(GONE);
        // Dropped outside the lock: they may hold anything.
        let posts = std::mem::take(&mut desk.posts);
        drop(desk);
        drop(posts);
    }

    pub(crate) fn flags(&self) -> u8 {
        self.flags.load(Ordering::Acquire)
    }

    pub(crate) fn has(&self, flags: u8) -> bool {
        self.flags() & flags != 0
    }

    /// Gives the flags as they were before.
    pub(crate) fn set(&self, flags: u8) -> u8 {
        self.flags.fetch_or(flags, Ordering::AcqRel)
    }

    // --- who waits ---

    pub(crate) fn register_puller(&self, waker: &Waker) {
        self.puller.register(waker);
    }

    pub(crate) fn register_handler(&self, waker: &Waker) {
        self.handler.register(waker);
    }

    // --- what is counted, by the connection alone: nobody else writes ---

    pub(crate) fn count_read(&self, bytes: usize) {
        add(&self.read, bytes as u64);
    }

    pub(crate) fn count_written(&self, bytes: usize) {
        add(&self.written, bytes as u64);
    }

    pub(crate) fn count_event(&self) {
        add(&self.events, 1);
    }

    pub(crate) fn traffic(&self) -> Traffic {
        Traffic {
            read: self.read.load(Ordering::Relaxed),
            written: self.written.load(Ordering::Relaxed),
            events: self.events.load(Ordering::Relaxed),
        }
    }

    // --- the executor's slices ---

    /// The number of the executor's slice in which the handler is being polled; `None` outside of it.
    ///
    /// Within one slice nobody can have waited, so that the clock need not be read anew for each event.
    pub(crate) fn slice(&self) -> Option<u32> {
        let slice = self.slices.load(Ordering::Relaxed);
        (slice % 2 == 1).then_some(slice)
    }

    pub(crate) fn begin_slice(&self) -> Slice<'_> {
        add_one(&self.slices);
        Slice(&self.slices)
    }
}

impl<M> Ring for Shared<M> {
    fn ring(&self) {
        self.puller.wake();
        self.handler.wake();
    }
}

/// Counts odd while a handler is polled, even in between, also when the handler panics.
pub(crate) struct Slice<'a>(&'a AtomicU32);

impl Drop for Slice<'_> {
    fn drop(&mut self) {
        add_one(self.0);
    }
}

fn add(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Ordering::Relaxed) + by, Ordering::Relaxed);
}

fn add_one(counter: &AtomicU32) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}
