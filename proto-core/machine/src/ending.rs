use core::fmt;

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// In good order: one side took its leave in the protocol's own words.
    Quit,
    /// The peer closed the connection, with leave or without.
    PeerClosed,
    /// The peer was silent, or slow, for too long.
    Timeout,
    /// The peer wanted more than the limits allow.
    Limit,
    /// The peer broke the protocol.
    Violation,
    /// TLS could not be agreed on, or broke.
    Tls,
    /// Reading or writing failed.
    Io,
    /// This end is shutting down.
    Shutdown,
    /// This end closed the connection.
    Local,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ending::Quit => "quit",
            Ending::PeerClosed => "closed by the peer",
            Ending::Timeout => "timeout",
            Ending::Limit => "limit",
            Ending::Violation => "violation of the protocol",
            Ending::Tls => "TLS failure",
            Ending::Io => "I/O failure",
            Ending::Shutdown => "shutdown",
            Ending::Local => "closed by this end",
        })
    }
}
