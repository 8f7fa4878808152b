use std::time::Duration;

use crate::Keepalive;

/// The driver's patience with one connection. Limits on the protocol itself belong to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long a peer may take not a single byte of what waits for it. Default 60 s.
    pub stall: Duration,
    /// How long the peer is drained after the last word was written, if it does not close before. Default 2 s; zero drains nothing.
    pub linger: Duration,
    /// How many bytes are drained then, at most. Default 64 KiB.
    pub linger_bytes: usize,
    /// After how long without input a connection is [told of as idle](crate::Notice::Idle), again and again. Default never. It is only
    /// told: when a session has been idle for too long is for the machine to say. While the peer is not listened to, because reading is
    /// paused or the machine has no room for more, its silence does not count.
    pub idle: Option<Duration>,
    /// Whether, and how, the system looks for peers that went without a word, on TCP. Default not. It is set where a listener accepts and
    /// where a connector connects; on a stream of one's own, [set](Keepalive::set_on) it oneself.
    pub keepalive: Option<Keepalive>,
    /// How many messages from [handles](crate::Handle) may wait for their connection. Default 1024.
    pub mailbox: usize,
    /// What an error of the stream means. Default [`OnError::Close`].
    pub on_error: OnError,
}

/// What happens when a connection's stream fails, or its peer reads nothing for [`Options::stall`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// The error is told and the connection is over.
    #[default]
    Close,
    /// The error is told, and who pulls decides: to pull again is to go on. A stream that cannot be read any more then has ended; one that
    /// cannot be written any more takes what is said and drops it; a peer that reads nothing has as long again. To end it,
    /// [close](crate::Connection::close) it.
    Ask,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            stall: Duration::from_secs(60),
            linger: Duration::from_secs(2),
            linger_bytes: 64 * 1024,
            idle: None,
            keepalive: None,
            mailbox: 1024,
            on_error: OnError::Close,
        }
    }
}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Options::default()
    }

    /// Sets [`stall`](Options::stall).
    pub fn stall(self, stall: Duration) -> Self {
        Options { stall, ..self }
    }

    /// Sets [`linger`](Options::linger) and [`linger_bytes`](Options::linger_bytes).
    pub fn linger(self, linger: Duration, linger_bytes: usize) -> Self {
        Options { linger, linger_bytes, ..self }
    }

    /// Sets [`idle`](Options::idle).
    pub fn idle(self, idle: Duration) -> Self {
        Options { idle: Some(idle), ..self }
    }

    /// Sets [`keepalive`](Options::keepalive).
    pub fn keepalive(self, keepalive: Keepalive) -> Self {
        Options { keepalive: Some(keepalive), ..self }
    }

    /// Sets [`mailbox`](Options::mailbox).
    pub fn mailbox(self, mailbox: usize) -> Self {
        Options { mailbox, ..self }
    }

    /// Sets [`on_error`](Options::on_error).
    pub fn on_error(self, on_error: OnError) -> Self {
        Options { on_error, ..self }
    }
}
