use irc_proto::network::history::{Buffer, Entry};

use crate::backlog::Backlog;

/// Bytes of messages that may wait to be written; beyond them messages are not
/// kept.
const MOST: usize = 32 << 20;

/// The name of a buffer: an account, or nothing, and who is on the other side,
/// or a channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) owner: Box<[u8]>,
    pub(super) peer: Box<[u8]>,
}

impl Key {
    pub(super) fn of(buffer: Buffer<'_>) -> Self {
        match buffer {
            Buffer::Channel(name) => Self::channel(name),
            Buffer::Direct { owner, peer } => Self { owner: owner.into(), peer: peer.into() },
        }
    }

    pub(super) fn channel(name: &[u8]) -> Self {
        Self { owner: Box::default(), peer: name.into() }
    }
}

/// What is to be written.
#[derive(Debug)]
pub(super) enum Change {
    Append(Key, Entry),
    Redact(Key, Box<[u8]>, Entry),
    Rename { from: Box<[u8]>, to: Box<[u8]> },
    Forget(Key),
    Restrict { channel: Box<[u8]>, restricted: bool },
    Expire { before: u64 },
}

/// What waits to be written.
pub(super) type Queue = Backlog<Change>;

pub(super) fn queue() -> Queue {
    Backlog::new("the history", MOST)
}
