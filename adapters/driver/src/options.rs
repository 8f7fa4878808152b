use std::time::Duration;

use crate::Keepalive;

/// The driver's patience with one connection. Limits on the protocol itself belong to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long a peer may take not a single byte of what waits for it. Default 60 s.
    pub stall: Duration,
    /// How fast a peer has to take what waits for it, at least. Default: however slowly, a byte in each [`stall`](Options::stall) will do.
    pub pace: Option<Pace>,
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
    /// How many bytes the encoded ones among them may be together, such as [`Handle::send`](crate::Handle::send) takes. One that is larger
    /// by itself is taken where no other waits. Default 8 MiB.
    pub mailbox_bytes: usize,
    /// What an error of the stream means. Default [`OnError::Close`].
    pub on_error: OnError,
}

/// The least that a peer has to take while output waits for it: so many bytes in each such stretch of time.
///
/// The first stretch begins when the peer takes no more for the moment, and the last one is over when it has taken all that the machine has
/// to say. Time in which the application is waited for does not count. What the system holds for the peer counts as taken, so that a stretch
/// is to be long, and its bytes more than a buffer: minutes, and hundreds of KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How many bytes.
    pub bytes: u64,
    /// In how long.
    pub within: Duration,
}

impl Pace {
    /// At least so many `bytes` in each stretch `within`.
    pub fn new(bytes: u64, within: Duration) -> Self {
        Pace { bytes, within }
    }
}

/// What happens when a connection's stream fails, or its peer reads nothing for [`Options::stall`], or too little for [`Options::pace`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// The error is told and the connection is over.
    #[default]
    Close,
    /// The error is told, and who pulls decides: to pull again is to go on. A stream that cannot be read any more then has ended; one that
    /// cannot be written any more takes what is said and drops it; a peer that reads nothing, or too little, has as long again. To end it,
    /// [close](crate::Connection::close) it.
    Ask,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            stall: Duration::from_secs(60),
            pace: None,
            linger: Duration::from_secs(2),
            linger_bytes: 64 * 1024,
            idle: None,
            keepalive: None,
            mailbox: 1024,
            mailbox_bytes: 8 * 1024 * 1024,
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

    /// Sets [`pace`](Options::pace).
    pub fn pace(self, pace: impl Into<Option<Pace>>) -> Self {
        Options { pace: pace.into(), ..self }
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

    /// Sets [`mailbox_bytes`](Options::mailbox_bytes).
    pub fn mailbox_bytes(self, mailbox_bytes: usize) -> Self {
        Options { mailbox_bytes, ..self }
    }

    /// Sets [`on_error`](Options::on_error).
    pub fn on_error(self, on_error: OnError) -> Self {
        Options { on_error, ..self }
    }
}
