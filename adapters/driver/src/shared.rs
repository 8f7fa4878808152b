//! What a connection and its handles have in common: the mailbox, the flags, the counts, and who waits.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use wirestate_machine::{Channel, Relay, TlsFacts};

use crate::shutdown::Ring;
use crate::{How, Info, Options, Traffic, Undelivered};

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

/// What waits in a mailbox.
pub(crate) enum Post<M> {
    /// Something to be done.
    Once(Box<dyn FnOnce(&mut M) + Send>),
    /// A message to be said, of so many bytes.
    Message(Box<dyn Mail<M>>, usize),
    /// The same, for many connections.
    Shared(Arc<dyn Mail<M>>, usize),
}

/// A message, of whatever type the machine takes.
pub(crate) trait Mail<M>: Send + Sync {
    fn relay(&self, machine: &mut M);

    /// The message itself, if it is all that the machine would say.
    fn bare(&self, machine: &M) -> Option<&[u8]>;
}

/// A message that a machine takes.
pub(crate) struct Envelope<T>(pub(crate) T);

impl<M: Relay> Mail<M> for Envelope<M::Message> {
    fn relay(&self, machine: &mut M) {
        machine.relay(&self.0);
    }

    fn bare(&self, machine: &M) -> Option<&[u8]> {
        let bytes = self.0.as_ref();
        (!bytes.is_empty() && machine.is_transparent(&self.0)).then_some(bytes)
    }
}

impl<M> Post<M> {
    pub(crate) fn open(self, machine: &mut M) {
        match self {
            Post::Once(this) => this(machine),
            Post::Message(mail, _) => mail.relay(machine),
            Post::Shared(mail, _) => mail.relay(machine),
        }
    }

    pub(crate) fn mail(&self) -> Option<&dyn Mail<M>> {
        match self {
            Post::Once(_) => None,
            Post::Message(mail, _) => Some(&**mail),
            Post::Shared(mail, _) => Some(&**mail),
        }
    }

    pub(crate) fn is_message(&self) -> bool {
        self.mail().is_some()
    }

    fn size(&self) -> usize {
        match self {
            Post::Once(_) => 0,
            Post::Message(_, size) | Post::Shared(_, size) => *size,
        }
    }
}

/// What a connection and its handles have in common.
// In this order, so that what a relayed message touches lies together.
#[repr(C)]
pub(crate) struct Shared<M> {
    pub(crate) flags: AtomicU8,
    /// Whether something is in the mailbox. Written under the desk's lock alone.
    posted: AtomicBool,
    /// Whether the handler is registered at the desk. Written under its lock alone.
    attended: AtomicBool,
    slices: AtomicU32,
    relayed: AtomicU64,
    written: AtomicU64,
    desk: Mutex<Desk<M>>,
    read: AtomicU64,
    events: AtomicU64,
    pub(crate) info: Info,
    pub(crate) since: Instant,
}

/// Posts in order. One that is alone, as most are, takes no heap.
pub(crate) struct Posts<M> {
    first: Option<Post<M>>,
    #[expect(clippy::box_collection, reason = "in each connection lies room for it, and most never have any")]
    more: Option<Box<VecDeque<Post<M>>>>,
}

impl<M> Posts<M> {
    const fn new() -> Self {
        Posts { first: None, more: None }
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.more.as_ref().map_or(0, |more| more.len())
    }

    fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_none()
    }

    fn put(&mut self, post: Post<M>) {
        if self.is_empty() { self.first = Some(post) } else { self.more.get_or_insert_default().push_back(post) }
    }

    /// The next one. With the last, the heap is given back.
    fn take(&mut self) -> Option<Post<M>> {
        if self.first.is_some() {
            return self.first.take();
        }
        let more = self.more.as_mut()?;
        let next = more.pop_front();
        if more.is_empty() {
            self.more = None;
        }
        next
    }
}

// In this order, so that what a relayed message touches lies together.
#[repr(C)]
pub(crate) struct Desk<M> {
    /// The task that pulls the connection, if it waits.
    puller: Option<Waker>,
    pub(crate) posts: Posts<M>,
    /// How many bytes the messages among them are.
    pub(crate) bytes: usize,
    most_posts: usize,
    most_bytes: usize,
    /// The task that runs the handler: the same one, mostly.
    handler: Option<Waker>,
    pub(crate) channel: Channel,
    pub(crate) tls: Option<Box<TlsFacts>>,
}

impl<M> Desk<M> {
    fn new(most_posts: usize, most_bytes: usize) -> Self {
        Desk {
            puller: None,
            posts: Posts::new(),
            bytes: 0,
            most_posts,
            most_bytes,
            handler: None,
            channel: Channel::default(),
            tls: None,
        }
    }

    /// One that is larger than all that may wait has room while no other waits.
    fn has_room_for(&self, post: &Post<M>) -> bool {
        let fits = post.size() <= self.most_bytes.saturating_sub(self.bytes);
        self.posts.len() < self.most_posts && (fits || self.bytes == 0)
    }

    fn put(&mut self, post: Post<M>) {
        self.bytes += post.size();
        self.posts.put(post);
    }
}

impl<M> Shared<M> {
    pub(crate) fn new(info: Info, since: Instant, options: &Options) -> Self {
        Shared::with_desk(info, since, Desk::new(options.mailbox, options.mailbox_bytes))
    }

    fn with_desk(info: Info, since: Instant, desk: Desk<M>) -> Self {
        Shared {
            flags: AtomicU8::new(0),
            posted: AtomicBool::new(false),
            attended: AtomicBool::new(false),
            slices: AtomicU32::new(0),
            relayed: AtomicU64::new(0),
            written: AtomicU64::new(0),
            desk: Mutex::new(desk),
            read: AtomicU64::new(0),
            events: AtomicU64::new(0),
            info,
            since,
        }
    }

    /// The same of a connection that goes on with another machine, which `unread` bytes are given to anew. Its handles are others.
    pub(crate) fn succeeded<N>(&self, unread: usize) -> Shared<N> {
        let (desk, traffic) = (self.desk(), self.traffic());
        let new_desk =
            Desk { channel: desk.channel, tls: desk.tls.clone(), ..Desk::new(desk.most_posts, desk.most_bytes) };
        let new = Shared::with_desk(self.info.clone(), self.since, new_desk);
        new.set(self.flags() & (PAUSED | FLUSH | ABORT));
        add(&new.read, traffic.read.saturating_sub(unread as u64));
        add(&new.written, traffic.written);
        add(&new.events, traffic.events);
        add(&new.relayed, traffic.relayed);
        new
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk<M>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn post(&self, post: Post<M>) -> Result<(), Undelivered> {
        let mut desk = self.desk();
        // Looked at under the lock, under which the last posts are taken.
        if self.has(FLUSH | ABORT | GONE) {
            return Err(Undelivered::Gone);
        }
        if !desk.has_room_for(&post) {
            return Err(Undelivered::Full);
        }
        desk.put(post);
        // Whoever posted first has rung, and the mailbox was not emptied since. A handler that is elsewhere will look when it pulls.
        if !self.is_posted() {
            self.posted.store(true, Ordering::Release);
            let puller = desk.puller.take();
            drop(desk);
            wake(puller);
        }
        Ok(())
    }

    /// The last post always has room.
    pub(crate) fn post_last(&self, post: Post<M>) -> Result<(), Undelivered> {
        let mut desk = self.desk();
        if self.has(FLUSH | ABORT | GONE) {
            return Err(Undelivered::Gone);
        }
        desk.put(post);
        self.posted.store(true, Ordering::Release);
        self.set(FLUSH);
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
        self.take_post_from(&mut self.desk())
    }

    /// The next from the mailbox, of which `waker` is woken if more comes.
    pub(crate) fn take_post_or_wait(&self, waker: &Waker) -> Option<Post<M>> {
        let mut desk = self.desk();
        let post = self.take_post_from(&mut desk);
        self.expect(desk, waker);
        post
    }

    fn take_post_from(&self, desk: &mut Desk<M>) -> Option<Post<M>> {
        let post = desk.posts.take();
        desk.bytes -= post.as_ref().map_or(0, Post::size);
        if desk.posts.is_empty() {
            self.posted.store(false, Ordering::Release);
        }
        post
    }

    /// Whether something is in the mailbox.
    pub(crate) fn is_posted(&self) -> bool {
        self.posted.load(Ordering::Acquire)
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
        let posts = std::mem::replace(&mut desk.posts, Posts::new());
        desk.bytes = 0;
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
        self.expect(self.desk(), waker);
    }

    fn expect(&self, mut desk: MutexGuard<'_, Desk<M>>, waker: &Waker) {
        if desk.puller.as_ref().is_some_and(|puller| puller.will_wake(waker)) {
            return;
        }
        let earlier = desk.puller.replace(waker.clone());
        // Dropped outside the lock: with it may go a task, and all that this holds.
        drop(desk);
        drop(earlier);
    }

    /// Lets `waker` be woken when somebody rings. `known` is who was registered last, and is so still if nobody has rung since.
    pub(crate) fn register_handler(&self, waker: &Waker, known: &mut Option<Waker>) {
        let is_known = known.as_ref().is_some_and(|known| known.will_wake(waker));
        // Who rings takes the waker away, tells it here, and only then wakes: so a task that sees the past is woken again.
        if is_known && self.attended.load(Ordering::Acquire) {
            return;
        }
        let mut desk = self.desk();
        let earlier = desk.handler.replace(waker.clone());
        self.attended.store(true, Ordering::Release);
        drop(desk);
        drop(earlier);
        if !is_known {
            *known = Some(waker.clone());
        }
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

    pub(crate) fn count_relayed(&self) {
        add(&self.relayed, 1);
    }

    pub(crate) fn traffic(&self) -> Traffic {
        Traffic {
            read: self.read.load(Ordering::Relaxed),
            written: self.written.load(Ordering::Relaxed),
            events: self.events.load(Ordering::Relaxed),
            relayed: self.relayed.load(Ordering::Relaxed),
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
        let mut desk = self.desk();
        let waiting = [desk.puller.take(), desk.handler.take()];
        self.attended.store(false, Ordering::Release);
        drop(desk);
        waiting.into_iter().for_each(wake);
    }
}

/// Counts odd while a handler is polled, even in between, also when the handler panics.
pub(crate) struct Slice<'a>(&'a AtomicU32);

impl Drop for Slice<'_> {
    fn drop(&mut self) {
        add_one(self.0);
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn add(counter: &AtomicU64, by: u64) {
    counter.store(counter.load(Ordering::Relaxed) + by, Ordering::Relaxed);
}

fn add_one(counter: &AtomicU32) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}
