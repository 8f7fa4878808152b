use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// TCP keepalive: the system asks a peer that has been silent whether it is still there, and resets the connection when it does not answer
/// (RFC 9293 §3.8.4).
///
/// It finds peers that went without a word, such as a telephone out of reach, also where no deadline of the machine's would. It is off by
/// default, for most machines have such deadlines; [`Options::keepalive`](crate::Options::keepalive) switches it on for the connections of a
/// listener or a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keepalive {
    /// How long the peer may be silent before it is first asked, in whole seconds.
    pub idle: Duration,
    /// How long after one question the next one follows, in whole seconds. Default the system's (75 s on Linux).
    pub interval: Option<Duration>,
    /// After how many questions without an answer the connection is reset. Default the system's (9 on Linux). Windows before 10 and OpenBSD
    /// know only their own number.
    pub retries: Option<u32>,
}

impl Keepalive {
    /// Asks after `idle`, with the system's interval and retries.
    pub fn after(idle: Duration) -> Self {
        Keepalive { idle, interval: None, retries: None }
    }

    /// Sets [`interval`](Keepalive::interval).
    pub fn interval(self, interval: Duration) -> Self {
        Keepalive { interval: Some(interval), ..self }
    }

    /// Sets [`retries`](Keepalive::retries).
    pub fn retries(self, retries: u32) -> Self {
        Keepalive { retries: Some(retries), ..self }
    }

    /// Sets it on a TCP socket: for those that no listener accepts and no connector connects.
    pub fn set_on<'s>(&self, socket: impl Into<SockRef<'s>>) -> io::Result<()> {
        let mut keepalive = TcpKeepalive::new().with_time(self.idle);
        #[cfg(not(any(target_os = "openbsd", target_os = "haiku", target_os = "vita")))]
        if let Some(interval) = self.interval {
            keepalive = keepalive.with_interval(interval);
        }
        #[cfg(not(any(target_os = "openbsd", target_os = "haiku", target_os = "vita", target_os = "nto")))]
        if let Some(retries) = self.retries {
            keepalive = keepalive.with_retries(retries);
        }
        socket.into().set_tcp_keepalive(&keepalive)
    }
}
