//! What is heard in one channel, though nobody listens: the network's history
//! is given all that lasts there, so it is heard on its way.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use irc_proto::network::history::{Buffer, Entry, Query, Store, Unavailable};

/// A history, and an ear for one channel.
pub(super) struct Ear {
    store: Box<dyn Store>,
    heard: Heard,
}

/// What was heard, until it is taken.
#[derive(Clone, Debug)]
pub(super) struct Heard(Arc<Mutex<Channel>>);

#[derive(Debug)]
struct Channel {
    /// Folded.
    name: Box<[u8]>,
    lines: Vec<Bytes>,
}

impl Heard {
    /// What the channel is called now, folded.
    pub(super) fn channel(&self) -> Box<[u8]> {
        self.lock().name.clone()
    }

    /// What was heard since the last time, line by line, in order.
    pub(super) fn take(&self) -> Vec<Bytes> {
        mem::take(&mut self.lock().lines)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Channel> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ear {
    /// An ear for the channel of this name, which is folded.
    pub(super) fn new(store: Box<dyn Store>, channel: &[u8]) -> Self {
        let channel = Channel { name: channel.into(), lines: Vec::new() };
        Self { store, heard: Heard(Arc::new(Mutex::new(channel))) }
    }

    pub(super) fn heard(&self) -> Heard {
        self.heard.clone()
    }
}

impl Store for Ear {
    fn append(&mut self, buffer: Buffer<'_>, entry: Entry) {
        if let Buffer::Channel(name) = buffer {
            let mut channel = self.heard.lock();
            if *channel.name == *name {
                channel.lines.extend(entry.lines().map(|(_, line)| line.clone()));
            }
        }
        self.store.append(buffer, entry);
    }

    fn query(&self, buffer: Buffer<'_>, query: Query<'_>, out: &mut Vec<Entry>) -> Result<(), Unavailable> {
        self.store.query(buffer, query, out)
    }

    fn newest(&self, buffer: Buffer<'_>) -> Result<Option<u64>, Unavailable> {
        self.store.newest(buffer)
    }

    fn peers(&self, owner: &[u8], out: &mut Vec<(Box<[u8]>, u64)>) -> Result<(), Unavailable> {
        self.store.peers(owner, out)
    }

    fn find(&self, buffer: Buffer<'_>, msgid: &[u8]) -> Option<Entry> {
        self.store.find(buffer, msgid)
    }

    fn redact(&mut self, buffer: Buffer<'_>, msgid: &[u8], redaction: Entry) -> bool {
        self.store.redact(buffer, msgid, redaction)
    }

    fn rename(&mut self, from: &[u8], to: &[u8]) {
        let mut channel = self.heard.lock();
        if *channel.name == *from {
            channel.name = to.into();
        }
        drop(channel);
        self.store.rename(from, to);
    }

    fn forget(&mut self, buffer: Buffer<'_>) {
        self.store.forget(buffer);
    }

    fn restrict(&mut self, channel: &[u8], restricted: bool) {
        self.store.restrict(channel, restricted);
    }

    fn expire(&mut self, now: u64) {
        self.store.expire(now);
    }
}
