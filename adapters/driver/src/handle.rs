use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use thiserror::Error;
use wirestate_machine::{Channel, Relay, TlsFacts};

use crate::shared::{ABORT, Envelope, FLUSH, GONE, Mail, PAUSED, Post, Shared};
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
    /// As many messages wait as [`Options::mailbox`](crate::Options::mailbox) and [`mailbox_bytes`](crate::Options::mailbox_bytes) allow:
    /// the peer reads too slowly.
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
    /// How many bytes those among them are that say what they are.
    pub waiting_bytes: usize,
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
            waiting_bytes: desk.bytes,
        }
    }

    /// Does `this` on the connection's machine: says something, asks something, begins its [shutdown](wirestate_machine::Machine::shutdown).
    ///
    /// It waits, in order with all else from handles, while the machine's outbox is full. What it will say cannot be known before, so that
    /// [`Options::mailbox`](crate::Options::mailbox) alone bounds it.
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
        self.shared.post(Post::Message(Box::new(Envelope(message.clone())), message.as_ref().len()))
    }

    /// Says what is in `parcel`.
    pub fn deliver(&self, parcel: &Parcel<M>) -> Result<(), Undelivered> {
        self.shared.post(Post::Shared(parcel.mail.clone(), parcel.size))
    }
}

/// A message that goes to many connections: one encoding, and one piece of memory, for all of them.
pub struct Parcel<M> {
    mail: Arc<dyn Mail<M>>,
    size: usize,
}

impl<M: Relay> Parcel<M> {
    /// A parcel with `message` in it.
    pub fn new(message: M::Message) -> Self {
        let size = message.as_ref().len();
        Parcel { mail: Arc::new(Envelope(message)), size }
    }
}

impl<M> Parcel<M> {
    /// How many bytes the message is.
    pub fn size(&self) -> usize {
        self.size
    }
}

impl<M> Clone for Parcel<M> {
    fn clone(&self) -> Self {
        Parcel { mail: self.mail.clone(), size: self.size }
    }
}

impl<M> fmt::Debug for Parcel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel").field("size", &self.size).finish_non_exhaustive()
    }
}

impl<M> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("info", &self.shared.info).field("gone", &self.is_gone()).finish_non_exhaustive()
    }
}
