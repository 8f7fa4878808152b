//! What others see of where a user comes from.

use std::net::IpAddr;

use sha2::{Digest, Sha256};
use wirestate_driver::Address;

/// Gives each peer a host, at once: no name service is asked.
pub(super) struct Hosts {
    /// `None` where addresses are shown as they are.
    key: Option<[u8; 32]>,
}

impl Hosts {
    pub(super) fn new(key: &[u8; 32], cloaks: bool) -> Self {
        Self { key: cloaks.then_some(*key) }
    }

    /// The host of whoever is at this end of a connection.
    pub(super) fn of(&self, peer: &Address) -> String {
        // A Unix socket's other end is on this machine.
        peer.ip().map_or_else(|| "localhost".to_owned(), |ip| self.of_ip(ip, None))
    }

    /// The host of an address that is known by this name.
    pub(super) fn of_ip(&self, ip: IpAddr, name: Option<&str>) -> String {
        if ip.is_loopback() {
            return "localhost".to_owned();
        }
        match &self.key {
            Some(key) => cloak(key, ip),
            None => name.map_or_else(|| ip.to_string(), str::to_owned),
        }
    }
}

/// The same for the same address while the program runs, and telling nothing
/// of it. The parts stand for the address, its neighbours and theirs, so that
/// masks such as `*.PART.PART.ip` mean networks.
fn cloak(key: &[u8; 32], ip: IpAddr) -> String {
    let (octets, lengths) = match ip {
        IpAddr::V4(ip) => (ip.octets().to_vec(), [4, 3, 2]),
        IpAddr::V6(ip) => (ip.octets().to_vec(), [8, 7, 6]),
    };
    let part = |length: usize| {
        let prefix = octets.get(..length).unwrap_or(&octets);
        let digest = Sha256::new().chain_update(b"cloak").chain_update(key).chain_update(prefix).finalize();
        let number = digest.iter().take(4).fold(0, |number: u64, octet| number << 8 | u64::from(*octet));
        format!("{number:08x}")
    };
    let [host, near, far] = lengths.map(part);
    format!("{host}.{near}.{far}.ip")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(hosts: &Hosts, ip: &str) -> String {
        hosts.of_ip(ip.parse().unwrap(), None)
    }

    #[test]
    fn neighbours_share_the_end_of_their_cloaks() {
        let hosts = Hosts::new(&[7; 32], true);
        let [one, near, far] = ["192.0.2.1", "192.0.2.2", "192.0.3.1"].map(|ip| of(&hosts, ip));
        assert_eq!(one, of(&hosts, "192.0.2.1"));
        assert!(!one.contains("192"));
        let end = |cloak: &str, parts| cloak.rsplitn(parts + 1, '.').take(parts).map(str::to_owned).collect::<Vec<_>>();
        assert_ne!(one, near);
        assert_eq!(end(&one, 3), end(&near, 3));
        assert_ne!(end(&one, 3), end(&far, 3));
        assert_eq!(end(&one, 2), end(&far, 2));
        assert_ne!(one, of(&Hosts::new(&[8; 32], true), "192.0.2.1"), "nobody can make a table of them");
        // Who has one address of a /64 has them all.
        assert_eq!(of(&hosts, "2001:db8::1"), of(&hosts, "2001:db8::2"));
        assert_ne!(of(&hosts, "2001:db8::1"), of(&hosts, "2001:db8:0:1::1"));
    }

    #[test]
    fn without_cloaks_addresses_are_shown() {
        let hosts = Hosts::new(&[7; 32], false);
        assert_eq!(of(&hosts, "192.0.2.1"), "192.0.2.1");
        assert_eq!(hosts.of_ip("192.0.2.1".parse().unwrap(), Some("a.example")), "a.example");
        for local in ["127.0.0.1", "::1"] {
            assert_eq!(of(&hosts, local), "localhost");
        }
        assert_eq!(hosts.of(&Address::Unix(None)), "localhost");
    }
}
