//! Stream management ([XEP-0198](https://xmpp.org/extensions/xep-0198.html)): what is counted, what is kept until the peer has it, and what is said
//! again after a resumption. Pure arithmetic and a queue, the same for both ends of a stream.
//!
//! Each end counts the stanzas it handled, modulo 2^32, and tells that count (`h`) when it is asked. Whoever sent them keeps each stanza until
//! the other end's count covers it. On a new connection both ends tell their counts once more: what the other one lacks is sent again, in the
//! old order, and nothing else. So no stanza is lost and none comes twice.
//!
//! ```
//! use bytes::Bytes;
//! use xmpp_proto::stream::management::{Bounds, Management};
//!
//! let mut stream = Management::new(Bounds::default());
//! for stanza in ["<message id='1'/>", "<message id='2'/>", "<message id='3'/>"] {
//!     stream.sent(Bytes::from(stanza))?; // and written to the peer
//! }
//! assert_eq!(stream.acknowledged(1)?.collect::<Vec<_>>(), ["<message id='1'/>"]);
//!
//! // The connection breaks. The peer has handled the second one, but could not say so.
//! let snapshot = stream.detach();
//! let mut stream = Management::attach(snapshot, Bounds::default());
//! assert_eq!(stream.resumed(2)?, 1);
//! assert_eq!(stream.unacknowledged().collect::<Vec<_>>(), ["<message id='3'/>"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::collections::{VecDeque, vec_deque};
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use thiserror::Error;

use crate::xml::Element;

/// A stanza that is kept until the peer has it: cheap to clone, of a known weight.
pub trait Stanza: Clone {
    /// How many bytes it keeps alive.
    fn octets(&self) -> usize;
}

impl Stanza for Bytes {
    fn octets(&self) -> usize {
        self.len()
    }
}

impl Stanza for Element {
    fn octets(&self) -> usize {
        self.view().raw().len()
    }
}

/// How much is kept for a peer that does not acknowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Bounds {
    /// The most stanzas.
    pub stanzas: usize,
    /// The most bytes of all of them together.
    pub octets: usize,
}

impl Default for Bounds {
    /// 500 stanzas, 1 MiB.
    fn default() -> Self {
        Bounds { stanzas: 500, octets: 1 << 20 }
    }
}

/// Both directions of a managed stream: how many stanzas came, and which ones the peer may still lack.
#[derive(Clone)]
pub struct Management<S> {
    handled: u32,
    /// The peer's last count, or what it must have been.
    acknowledged: u32,
    kept: VecDeque<S>,
    octets: usize,
    bounds: Bounds,
    /// Stanzas that went out since `forget`, of which no copy is kept.
    forgotten: u32,
    is_forgetful: bool,
    is_asked: bool,
    /// Whether something went out since the peer was asked last.
    is_news: bool,
}

/// What of a managed stream outlives its connection. It can be taken apart to be stored, and put together again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot<S> {
    /// How many stanzas of the peer were handled, modulo 2^32: the `h` of `<resume/>` and `<resumed/>`.
    pub handled: u32,
    /// How many stanzas the peer acknowledged, modulo 2^32.
    pub acknowledged: u32,
    /// The stanzas that it did not acknowledge, oldest first.
    pub unacknowledged: Vec<S>,
}

/// The peer acknowledged stanzas that were never sent: `<handled-count-too-high/>` (XEP-0198 §4), which ends the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the peer acknowledged {handled} stanzas, but {sent} were sent; do not resume this stream, for its counts cannot be trusted"
)]
pub struct HandledTooHigh {
    /// The peer's count.
    pub handled: u32,
    /// How many were sent, modulo 2^32.
    pub sent: u32,
}

/// There is no room for another stanza that would have to be kept. It was neither counted nor kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the peer has {stanzas} stanzas ({octets} bytes) to acknowledge: wait for it, end the stream, or give up that it can be resumed"
)]
pub struct Full {
    /// How many stanzas are kept.
    pub stanzas: usize,
    /// How many bytes they have.
    pub octets: usize,
}

impl<S: Stanza> Management<S> {
    /// A stream on which nothing was said yet.
    pub fn new(bounds: Bounds) -> Self {
        Management {
            handled: 0,
            acknowledged: 0,
            kept: VecDeque::new(),
            octets: 0,
            bounds,
            forgotten: 0,
            is_forgetful: false,
            is_asked: false,
            is_news: false,
        }
    }

    /// A stream that goes on where another one was cut. What it keeps may be more than the `bounds`, until it is acknowledged.
    pub fn attach(snapshot: Snapshot<S>, bounds: Bounds) -> Self {
        let kept = VecDeque::from(snapshot.unacknowledged);
        let octets = kept.iter().map(Stanza::octets).fold(0, usize::saturating_add);
        let (handled, acknowledged) = (snapshot.handled, snapshot.acknowledged);
        Management { handled, acknowledged, kept, octets, ..Management::new(bounds) }
    }

    /// What outlives the connection.
    pub fn detach(self) -> Snapshot<S> {
        let unacknowledged = self.kept.into();
        Snapshot { handled: self.handled, acknowledged: self.acknowledged, unacknowledged }
    }

    // --- what comes ---

    /// A stanza of the peer has been handled.
    #[inline]
    pub fn received(&mut self) {
        self.handled = self.handled.wrapping_add(1);
    }

    /// How many were, modulo 2^32: the `h` to tell.
    pub fn handled(&self) -> u32 {
        self.handled
    }

    // --- what goes ---

    /// Counts a stanza that is about to be written, and keeps it.
    ///
    /// # Errors
    ///
    /// [`Full`]. Nothing has changed, and the stanza must not be written.
    pub fn sent(&mut self, stanza: S) -> Result<(), Full> {
        if self.is_forgetful {
            self.forgotten = self.forgotten.wrapping_add(1);
            self.is_news = true;
            return Ok(());
        }
        let octets = stanza.octets();
        if !self.has_room(octets) {
            return Err(Full { stanzas: self.kept.len(), octets: self.octets });
        }
        self.octets += octets;
        self.kept.push_back(stanza);
        self.is_news = true;
        Ok(())
    }

    /// Whether a stanza of so many bytes can be kept. One that is larger than all there may be has room where nothing else is kept.
    pub fn has_room(&self, octets: usize) -> bool {
        if self.is_forgetful || self.kept.is_empty() {
            return self.bounds.stanzas > 0 || self.is_forgetful;
        }
        self.kept.len() < self.bounds.stanzas && self.octets.saturating_add(octets) <= self.bounds.octets
    }

    /// How many stanzas were sent, modulo 2^32.
    pub fn total_sent(&self) -> u32 {
        self.acknowledged.wrapping_add(self.unacknowledged_count())
    }

    /// Takes the peer's count from `<a/>`, and gives the stanzas that it covers for the first time, oldest first.
    ///
    /// # Errors
    ///
    /// [`HandledTooHigh`] where so many were not sent, and where the count goes back, which is the same modulo 2^32.
    pub fn acknowledged(&mut self, handled: u32) -> Result<vec_deque::Drain<'_, S>, HandledTooHigh> {
        self.is_asked = false;
        self.release(handled)
    }

    /// Takes the peer's count from `<resume/>` or `<resumed/>`, and tells how many stanzas it covers for the first time. What is still
    /// [unacknowledged](Management::unacknowledged) must be written again, in order, before anything else.
    ///
    /// # Errors
    ///
    /// As [`acknowledged`](Management::acknowledged).
    pub fn resumed(&mut self, handled: u32) -> Result<usize, HandledTooHigh> {
        let covered = self.acknowledged(handled)?.len();
        self.is_news = !self.kept.is_empty();
        Ok(covered)
    }

    /// The stanzas that the peer may not have, oldest first.
    pub fn unacknowledged(&self) -> vec_deque::Iter<'_, S> {
        self.kept.iter()
    }

    /// How many stanzas the peer has not acknowledged, those that were forgotten included.
    pub fn unacknowledged_count(&self) -> u32 {
        // Never more than were sent, and so not cut off: the bounds are far below 2^32.
        (self.kept.len() as u32).wrapping_add(self.forgotten)
    }

    /// How many bytes are kept.
    pub fn kept_octets(&self) -> usize {
        self.octets
    }

    // --- asking ---

    /// Whether it is time for `<r/>`: something went out since the last one, which has been answered. So at most one waits for an answer, and
    /// the peer is asked no more often than the way there and back takes.
    pub fn is_request_due(&self) -> bool {
        self.is_news && !self.is_asked
    }

    /// `<r/>` was written.
    pub fn requested(&mut self) {
        (self.is_asked, self.is_news) = (true, false);
    }

    /// Whether `<r/>` waits for its answer.
    pub fn is_request_open(&self) -> bool {
        self.is_asked
    }

    // --- giving up ---

    /// Drops all that is kept and keeps nothing from now on: counting goes on, resuming is over. What a server does whose client reads but
    /// never acknowledges.
    pub fn forget(&mut self) {
        self.forgotten = self.unacknowledged_count();
        self.is_forgetful = true;
        self.octets = 0;
        self.kept = VecDeque::new();
    }

    /// Whether nothing was forgotten, so that the stream can be resumed.
    pub fn is_resumable(&self) -> bool {
        !self.is_forgetful
    }

    fn release(&mut self, handled: u32) -> Result<vec_deque::Drain<'_, S>, HandledTooHigh> {
        let covered = handled.wrapping_sub(self.acknowledged);
        if covered > self.unacknowledged_count() {
            return Err(HandledTooHigh { handled, sent: self.total_sent() });
        }
        self.acknowledged = handled;
        if self.is_forgetful {
            self.forgotten -= covered;
            return Ok(self.kept.drain(..0));
        }
        let covered = (covered as usize).min(self.kept.len());
        let octets = self.kept.iter().take(covered).map(Stanza::octets).fold(0, usize::saturating_add);
        self.octets = self.octets.saturating_sub(octets);
        Ok(self.kept.drain(..covered))
    }
}

impl<S> fmt::Debug for Management<S> {
    /// Shows counts, not what the stanzas say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Management")
            .field("handled", &self.handled)
            .field("acknowledged", &self.acknowledged)
            .field("kept", &self.kept.len())
            .field("octets", &self.octets)
            .field("forgotten", &self.forgotten)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
