//! Swapping one machine for another on a live connection.

use bytes::{Buf, Bytes};
use thiserror::Error;

use crate::{Channel, Machine, Outbox};

/// Why one machine could not take over from another. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum HandOverError {
    /// The old machine's session is over: what it left unread acts on nothing.
    #[error("the old session is over: open a new connection for the new machine")]
    OldClosed,
    /// The old machine is about to upgrade the stream: bytes that come before the switch must not act after it.
    #[error("the old machine is about to upgrade the stream: let it finish, then hand over")]
    OldUpgrades,
    /// The old machine is inside a layer of its own, so that its boxes hold what the layer's peer sees.
    #[error(
        "the old machine lies under TLS, compression or WebSocket: hand over from machine to machine inside the layer"
    )]
    OldLayered,
    /// The new machine is inside a layer that is at work already.
    #[error(
        "the new machine lies under TLS, compression or WebSocket: hand over from machine to machine inside the layer"
    )]
    NewLayered,
    /// The new machine's session is over.
    #[error("the new machine's session is over: make a fresh one")]
    NewClosed,
    /// The new machine has bytes of its own to read, and nobody can say which came first.
    #[error("the new machine has unread bytes: make a fresh one")]
    NewHasInput,
    /// The new machine begins with an upgrade, and there are unread bytes, which came before it.
    #[error("the new machine begins with an upgrade, but bytes are unread that came before it: refuse the peer")]
    UnreadAtUpgrade,
}

/// What the new machine had no room for.
///
/// It comes before anything that is read from the connection later: until [`push`](Left::push) says that nothing is left, the driver must
/// not read.
#[must_use = "what is left must be pushed before anything else is read"]
#[derive(Debug, Default)]
pub struct Left {
    bytes: Bytes,
    end: bool,
}

impl Left {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && !self.end
    }

    /// The bytes that are left.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether the peer has said its last, so that the new machine's inbox is to be closed after the bytes.
    pub fn ends(&self) -> bool {
        self.end
    }

    /// Gives the new machine as much as it has room for, and the end of the stream after the last byte. Says whether nothing is left; if not,
    /// it is called again after the machine was polled.
    pub fn push(&mut self, machine: &mut impl Machine) -> bool {
        let inbox = machine.inbox();
        let taken = inbox.push_some(&self.bytes);
        self.bytes.advance(taken);
        if self.bytes.is_empty() {
            self.bytes = Bytes::new();
            if core::mem::take(&mut self.end) {
                inbox.close();
            }
        }
        self.is_empty()
    }
}

/// Gives `new` the connection that `old` had: what is unread, the end of the stream if it has come, and what is not written yet, which goes
/// out before what `new` has said already. Neither is lost nor doubled.
///
/// It is done between two events of `old`, whose inbox then holds just the bytes after the last event. `old` is over after it: its inbox is
/// empty and closed, and it is to be dropped.
///
/// Where `new` waits for an upgrade there may be no unread bytes. It goes on from there in the usual way: what is unwritten is written, then
/// the upgrade made.
///
/// ```
/// use wirestate_machine::block::{Block, Blocks, Length};
/// use wirestate_machine::line::{Line, Lines};
/// use wirestate_machine::{Instant, Machine, hand_over};
///
/// let mut lines = Line::new(Lines::default());
/// lines.inbox().push(b"BINARY\r\n5:hello,");
/// assert_eq!(lines.poll(Instant::START)?.as_deref(), Some(&b"BINARY"[..]));
/// lines.send("OK")?;
///
/// let mut blocks = Block::new(Blocks::new(Length::Netstring));
/// assert!(hand_over(&mut lines, &mut blocks)?.is_empty());
/// assert_eq!(blocks.poll(Instant::START)?.as_deref(), Some(&b"hello"[..]));
/// blocks.send("bye")?;
/// assert_eq!(blocks.outbox().to_vec(), b"OK\r\n3:bye,");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Where a byte would act in the wrong place. See [`HandOverError`].
pub fn hand_over(old: &mut impl Machine, new: &mut impl Machine) -> Result<Left, HandOverError> {
    check(old, new)?;
    move_output(old.outbox(), new.outbox());
    let inbox = old.inbox();
    let end = inbox.is_closed();
    let bytes = inbox.take(usize::MAX);
    inbox.close();
    let mut left = Left { bytes, end };
    left.push(new);
    Ok(left)
}

fn check(old: &mut impl Machine, new: &mut impl Machine) -> Result<(), HandOverError> {
    let old_upgrades = old.upgrade().is_some() || old.inbox().is_held();
    let new_upgrades = new.upgrade().is_some() || new.inbox().is_held();
    let reasons = [
        (old.is_closed(), HandOverError::OldClosed),
        (old_upgrades, HandOverError::OldUpgrades),
        (old.channel() != Channel::default(), HandOverError::OldLayered),
        (new.channel() != Channel::default(), HandOverError::NewLayered),
        (new.is_closed() || new.inbox().is_closed(), HandOverError::NewClosed),
        (!new.inbox().is_empty(), HandOverError::NewHasInput),
        (new_upgrades && !old.inbox().is_empty(), HandOverError::UnreadAtUpgrade),
    ];
    reasons.into_iter().find(|(holds, _)| *holds).map_or(Ok(()), |(_, error)| Err(error))
}

fn move_output(old: &mut Outbox, new: &mut Outbox) {
    if old.is_empty() {
        return;
    }
    let said = new.copy_to_bytes(new.len());
    while old.has_remaining() {
        let chunk = old.chunk().len();
        new.link(old.copy_to_bytes(chunk));
    }
    new.link(said);
}
