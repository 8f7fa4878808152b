use std::time::Duration;

/// The driver's patience with one connection. Limits on the protocol itself belong to the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long a connector tries, over all addresses and with resolving them. Default 30 s.
    pub connect: Duration,
    /// How long a peer may take not a single byte of what waits for it. Default 60 s.
    pub stall: Duration,
    /// How long the peer is drained after the last word was written, if it does not close before. Default 2 s; zero drains nothing.
    pub linger: Duration,
    /// How many bytes are drained then, at most. Default 64 KiB.
    pub linger_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            connect: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            linger: Duration::from_secs(2),
            linger_bytes: 64 * 1024,
        }
    }
}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Options::default()
    }

    /// Sets [`connect`](Options::connect).
    pub fn connect(self, connect: Duration) -> Self {
        Options { connect, ..self }
    }

    /// Sets [`stall`](Options::stall).
    pub fn stall(self, stall: Duration) -> Self {
        Options { stall, ..self }
    }

    /// Sets [`linger`](Options::linger) and [`linger_bytes`](Options::linger_bytes).
    pub fn linger(self, linger: Duration, linger_bytes: usize) -> Self {
        Options { linger, linger_bytes, ..self }
    }
}
