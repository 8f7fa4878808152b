//! Raw bytes: a machine for streams that have no frames, or whose frames are found elsewhere.
//!
//! ```
//! use wirestate_machine::raw::{Pieces, Raw};
//! use wirestate_machine::{Instant, Machine};
//!
//! let mut session = Raw::new(Pieces::default().half_open());
//! session.inbox().push(b"any bytes ");
//! session.inbox().close();
//! while let Some(piece) = session.poll(Instant::START)? {
//!     if piece.is_empty() {
//!         session.send("and what is said after the peer's end")?;
//!         session.close();
//!     } else {
//!         session.send_bytes(piece)?;
//!     }
//! }
//! assert_eq!(session.outbox().to_vec(), b"any bytes and what is said after the peer's end");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::convert::Infallible;

use bytes::Bytes;

use crate::framed::{Envelope, Failure, Framed, Framing};
use crate::{Inbox, Misuse};

/// A session in bytes as they come. Each event is some bytes, as many as were waiting; where they were cut means nothing.
pub type Raw = Framed<Pieces>;

/// Why a [`Raw`] session was ended.
pub type Error = Failure<Infallible>;

/// How many bytes are taken at a time, and what the peer's end of stream means.
///
/// By default 16 KiB are taken at a time, and the session is over with the peer's stream.
#[derive(Clone, Debug)]
pub struct Pieces {
    limit: usize,
    half_open: bool,
    ended: bool,
}

impl Default for Pieces {
    fn default() -> Self {
        Pieces { limit: 16 * 1024, half_open: false, ended: false }
    }
}

impl Pieces {
    /// Sets the most bytes of one event, and of what is read ahead. Not less than one.
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes.max(1);
        self
    }

    /// Lets the session outlast the peer's end of stream, which is told once as an event without bytes. The application says what it has to
    /// say and [`close`](Framed::close)s.
    pub fn half_open(mut self) -> Self {
        self.half_open = true;
        self
    }
}

impl Framing for Pieces {
    type Frame = Bytes;
    type Violation = Infallible;

    fn frame(&mut self, inbox: &mut Inbox) -> Result<Option<Bytes>, Infallible> {
        let piece = inbox.take(self.limit);
        Ok((!piece.is_empty()).then_some(piece))
    }

    fn end(&mut self, _inbox: &mut Inbox) -> Result<Option<Bytes>, Infallible> {
        let told = core::mem::replace(&mut self.ended, true) || !self.half_open;
        Ok((!told).then(Bytes::new))
    }

    fn envelope(&self, _content: &[u8]) -> Result<Envelope<'_>, Misuse> {
        Ok(Envelope::default())
    }

    fn outlasts_input(&self) -> bool {
        self.half_open
    }

    fn inbox_limit(&self) -> usize {
        self.limit
    }
}
