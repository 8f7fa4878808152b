use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// TCP keepalive: the system asks a peer that has been silent whether it is still there, and resets the connection when it does not answer
/// (RFC 9293 §3.8.4).
///
/// It finds peers that went without a word, such as a telephone out of reach, also where no deadline of the machine's would. It is off by
/// default, for most machines have such deadlines; [`Options::keepalive`](crate::Options::keepalive) switches it on for the connections of a
/// listener or a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    // In seconds, for each connection has one.
    idle: u32,
    interval: Option<NonZeroU32>,
    retries: Option<NonZeroU32>,
}

impl Keepalive {
    /// Asks when the peer has been silent for `idle`, with the system's interval and retries. All times are rounded up to whole seconds.
    pub fn after(idle: Duration) -> Self {
        Keepalive { idle: seconds(idle).get(), interval: None, retries: None }
    }

    /// Sets how long after one question the next one follows. Default the system's (75 s on Linux).
    pub fn interval(self, interval: Duration) -> Self {
        Keepalive { interval: Some(seconds(interval)), ..self }
    }

    /// Sets after how many questions without an answer the connection is reset, at least one. Default the system's (9 on Linux). OpenBSD, and
    /// Windows before 10, know only their own number.
    pub fn retries(self, retries: u32) -> Self {
        Keepalive { retries: Some(NonZeroU32::new(retries).unwrap_or(NonZeroU32::MIN)), ..self }
    }

    /// Sets it on a TCP socket: for those that no listener accepts and no connector connects.
    pub fn set_on<'s>(&self, socket: impl Into<SockRef<'s>>) -> io::Result<()> {
        let time = |seconds: u32| Duration::from_secs(seconds.into());
        let mut keepalive = TcpKeepalive::new().with_time(time(self.idle));
        #[cfg(not(any(target_os = "openbsd", target_os = "haiku", target_os = "vita")))]
        if let Some(interval) = self.interval {
            keepalive = keepalive.with_interval(time(interval.get()));
        }
        #[cfg(not(any(target_os = "openbsd", target_os = "haiku", target_os = "vita", target_os = "nto")))]
        if let Some(retries) = self.retries {
            keepalive = keepalive.with_retries(retries.get());
        }
        socket.into().set_tcp_keepalive(&keepalive)
    }
}

/// At least one, for to some systems none means never.
fn seconds(time: Duration) -> NonZeroU32 {
    let seconds = time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
    NonZeroU32::new(u32::try_from(seconds).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds_and_at_least_one() {
        let after = |time| Keepalive::after(time).idle;
        assert_eq!(after(Duration::ZERO), 1);
        assert_eq!(after(Duration::from_millis(1)), 1);
        assert_eq!(after(Duration::from_millis(2001)), 3);
        assert_eq!(after(Duration::MAX), u32::MAX);
        assert_eq!(Keepalive::after(Duration::ZERO).retries(0).retries, NonZeroU32::new(1));
    }
}
