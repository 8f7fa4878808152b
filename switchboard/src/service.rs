//! What a protocol is to the program: one room that implements [`Service`],
//! and one line in `serve` that starts it.

use std::future::Future;
use std::sync::Arc;

use wirestate_driver::{Address, Connection, Info, Options, Stream};
use wirestate_machine::{Instant, Machine};

use crate::offload::Offload;
use crate::protocol::{Family, Protocol};

/// A protocol that is served: its machines, and what is done with them.
pub trait Service: Send + Sync + Sized + 'static {
    /// What every connection runs on: the protocol within its layers.
    type Machine: Machine<Event: Send, Error: Send> + Send + 'static;
    /// What the connections of one listener have in common.
    type Door: Send + Sync + 'static;

    /// Which of the listeners are its own.
    const FAMILY: Family;

    /// How its connections are driven.
    fn options(&self) -> Options {
        Options::new()
    }

    /// One of its listeners.
    fn door(&self, entrance: &Entrance) -> Self::Door;

    /// The machine for a new connection that came in by `door`.
    fn machine(&self, door: &Self::Door, info: &Info, now: Instant) -> Self::Machine;

    /// Serves one connection to its end, on any runtime.
    fn session<S, O>(
        self: Arc<Self>,
        conn: Connection<Self::Machine, S>,
        offload: O,
    ) -> impl Future<Output = ()> + Send + 'static
    where
        S: Stream + Send + 'static,
        O: Offload;
}

/// A listener that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it really is.
    pub address: Address,
    /// Whether its clients come by a proxy.
    pub is_proxied: bool,
}

impl Entrance {
    /// Whether nobody on the way can read along: clients come from this machine
    /// alone, and speak for nobody else.
    pub fn is_private(&self) -> bool {
        let is_local = match &self.address {
            Address::Tcp(address) => address.ip().is_loopback(),
            Address::Unix(_) => true,
            _ => false,
        };
        is_local && !self.is_proxied
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_never_leaves_the_machine_is_private() {
        let is_private =
            |address: Address, is_proxied| Entrance { protocol: Protocol::Pop3, address, is_proxied }.is_private();
        let tcp = |text: &str| Address::Tcp(text.parse().unwrap());
        assert!(is_private(tcp("127.0.0.1:1"), false) && is_private(tcp("[::1]:1"), false));
        assert!(is_private(Address::Unix(Some("/run/x".into())), false));
        assert!(!is_private(tcp("0.0.0.0:1"), false) && !is_private(tcp("192.0.2.1:1"), false));
        // A proxy on this machine has clients from anywhere.
        assert!(!is_private(tcp("127.0.0.1:1"), true) && !is_private(Address::Unix(None), true));
    }
}
