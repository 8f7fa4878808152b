use std::net::IpAddr;

use ipnet::IpNet;

use crate::Rate;

/// How many connections a server has at once, and how fast they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// In all. At this limit accept pauses, and clients wait in the system's backlog; below it, accept resumes. Default: as many as come.
    /// With zero, nobody is let in.
    pub connections: Option<usize>,
    /// From one IP address. Default: as many as come. Who comes above that limit [waits](Limits::waiting), unanswered, until another one
    /// from there has left. Who a [proxy](crate::Proxies) introduces is refused at once.
    pub per_address: Option<usize>,
    /// How many bits of an IPv6 address tell one host from another, 128 at most: those whose first bits are the same count as one address.
    /// Default 64, what one subscriber has in any case (RFC 6177 §2), and could change at each connection.
    pub ipv6_prefix: u8,
    /// The same for IPv4, 32 at most. Default 32: each address for itself.
    pub ipv4_prefix: u8,
    /// How fast connections are accepted. Above it accept pauses, clients wait in the system's backlog, and
    /// [`AcceptSlowed`](crate::Notice::AcceptSlowed) is told. Default: as fast as they come.
    pub rate: Option<Rate>,
    /// How many may wait for others from their address to leave. They count as connections. Beyond this they are refused. Who hangs up, or
    /// only ends what he says, gives his place free, unless he has said more than 4 KiB by then. Default 64.
    pub waiting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { connections: None, per_address: None, ipv6_prefix: 64, ipv4_prefix: 32, rate: None, waiting: 64 }
    }
}

impl Limits {
    /// The defaults: no limits.
    pub fn new() -> Self {
        Limits::default()
    }

    /// Sets [`connections`](Limits::connections).
    pub fn connections(self, connections: impl Into<Option<usize>>) -> Self {
        Limits { connections: connections.into(), ..self }
    }

    /// Sets [`per_address`](Limits::per_address).
    pub fn per_address(self, per_address: impl Into<Option<usize>>) -> Self {
        Limits { per_address: per_address.into(), ..self }
    }

    /// Sets [`ipv4_prefix`](Limits::ipv4_prefix) and [`ipv6_prefix`](Limits::ipv6_prefix).
    pub fn prefixes(self, ipv4: u8, ipv6: u8) -> Self {
        Limits { ipv4_prefix: ipv4, ipv6_prefix: ipv6, ..self }
    }

    /// Sets [`rate`](Limits::rate).
    pub fn rate(self, rate: impl Into<Option<Rate>>) -> Self {
        Limits { rate: rate.into(), ..self }
    }

    /// Sets [`waiting`](Limits::waiting).
    pub fn waiting(self, waiting: usize) -> Self {
        Limits { waiting, ..self }
    }

    /// Whose connections are counted together with those from `ip`.
    pub(crate) fn network_of(&self, ip: IpAddr) -> IpNet {
        let (prefix, most) = match ip {
            IpAddr::V4(_) => (self.ipv4_prefix, 32),
            IpAddr::V6(_) => (self.ipv6_prefix, 128),
        };
        IpNet::new_assert(ip, prefix.min(most))
    }
}
