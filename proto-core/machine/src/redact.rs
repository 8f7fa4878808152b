//! What of a transcript is secret: the seam between a tracing layer, which sees bytes, and a protocol, which knows passwords.

use core::ops::Range;

/// Which way a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the peer to the machine.
    In,
    /// From the machine to the peer.
    Out,
}

/// A protocol's knowledge of which bytes of a session must not be written down.
///
/// It is shown each line of a session, in both directions and in order, so that it can follow an exchange over several lines.
pub trait Redact {
    /// The part of `line` (without its line end) that must be hidden; an empty range hides nothing.
    fn secret(&mut self, direction: Direction, line: &[u8]) -> Range<usize>;
}

/// Hides nothing: for protocols without secrets, and for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Redact for Nothing {
    fn secret(&mut self, _direction: Direction, _line: &[u8]) -> Range<usize> {
        0..0
    }
}
