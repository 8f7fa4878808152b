use core::time::Duration;

use wirestate_machine::Marks;

use crate::codec::{self, Sender};

/// Bounds on memory, time and patience. See SECURITY.md for the precedents of the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Limits {
    /// The longest line without its tags and with its CRLF, in bytes. Default 512 (RFC 2812 §2.3); more is to be told as LINELEN.
    pub line: usize,
    /// The longest user name, in bytes (USERLEN); a longer one is cut, as RFC 2812 servers do. Default 18.
    pub user: usize,
    /// The longest real name, in bytes (NAMELEN); a longer one is cut. Default 150, as the network's
    /// [`realname`](crate::network::Limits::realname).
    pub name: usize,
    /// The longest host that a gateway may name, in bytes (HOSTLEN); a longer one gives way to the address. Default 63.
    pub host: usize,
    /// The most bytes of base64 of one SASL message, in all its chunks. Default 12,288, as with the other protocols.
    pub sasl: usize,
    /// Lines before registration, until the session ends. Default 250.
    pub lines_before_registration: u16,
    /// Logins that fail, until the session ends. Default 3.
    pub failed_logins: u16,
    /// How long the answer to a failed login waits. Default 2 seconds.
    pub failure_delay: Duration,
    /// The time from the connection to registration, in all, TLS handshake included. Default 1 minute.
    pub registration_time: Duration,
    /// The silence after which a user is asked by PING. Default 90 seconds.
    pub ping_after: Duration,
    /// How long such a PING may stay unanswered. Default 90 seconds.
    pub ping_timeout: Duration,
    /// The time that the application has for an answer. Default 1 minute.
    pub answer_time: Duration,
    /// When the output counts as full: then no command is understood until it has drained. Before registration it is full at 8 KiB at the
    /// latest, so that a stranger who sends commands and reads nothing binds little memory.
    pub output: Marks,
    /// The most output that may wait, in bytes (SendQ): a user who reads so slowly is dropped. Default 1 MiB.
    pub send_queue: usize,
}

/// The longest real name by default, for sessions and for the network that they share.
pub(crate) const REALNAME: u32 = 150;

impl Default for Limits {
    fn default() -> Self {
        Limits {
            line: 512,
            user: 18,
            name: REALNAME as usize,
            host: 63,
            sasl: 12 * 1024,
            lines_before_registration: 250,
            failed_logins: 3,
            failure_delay: Duration::from_secs(2),
            registration_time: Duration::from_secs(60),
            ping_after: Duration::from_secs(90),
            ping_timeout: Duration::from_secs(90),
            answer_time: Duration::from_secs(60),
            output: Marks::default(),
            send_queue: 1024 * 1024,
        }
    }
}

impl Limits {
    pub(super) fn framing(&self) -> codec::Limits {
        codec::Limits { tags: Sender::Client.section(), body: self.line }
    }

    /// The longest line that the session itself writes, without its tags.
    pub(super) fn reply(&self) -> usize {
        self.line.max(512)
    }

    pub(super) fn output_before_registration(&self) -> Marks {
        Marks { high: self.output.high.min(8 * 1024), low: self.output.low.min(2 * 1024) }
    }
}
