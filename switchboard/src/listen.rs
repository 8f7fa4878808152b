//! Where a listener is to be, and who may introduce its clients.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;
use wirestate_driver::{Address, IpNet, Proxies};

use crate::protocol::Protocol;

/// One listener to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// What it speaks.
    pub protocol: Protocol,
    /// Where.
    pub place: Place,
    /// Who must introduce each client by a PROXY header; `None`: clients come
    /// by themselves.
    pub proxies: Option<TrustedPeers>,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Place {
    /// An IP address and a TCP port; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// A Unix socket at this path.
    Unix(PathBuf),
    /// A socket that listens already and was handed over as this descriptor,
    /// 3 or higher, as systemd does (`LISTEN_FDS`).
    Descriptor(u16),
}

/// The first descriptor that can be handed over (`SD_LISTEN_FDS_START`).
pub const FIRST_DESCRIPTOR: u16 = 3;

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(PlaceError::NoPath) } else { Ok(Self::Unix(path.into())) };
        }
        if let Some(number) = text.strip_prefix("fd:") {
            let number = number.parse().ok().filter(|number| *number >= FIRST_DESCRIPTOR);
            return number.map(Self::Descriptor).ok_or(PlaceError::Descriptor);
        }
        // No resolver: a name would make the start depend on the network.
        let loopback = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
        let loopback = loopback.map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        loopback.or_else(|| text.parse().ok()).map(Self::Tcp).ok_or(PlaceError::Address)
    }
}

impl TryFrom<String> for Place {
    type Error = PlaceError;

    fn try_from(text: String) -> Result<Self, PlaceError> {
        text.parse()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Descriptor(number) => write!(f, "fd:{number}"),
        }
    }
}

/// Why a text is no [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// It is none of the forms.
    #[error("write an IP address and a port, as in 127.0.0.1:1110 or [::1]:1110, or unix:/PATH, or fd:3")]
    Address,
    /// Nothing stands behind `unix:`.
    #[error("write the socket's path behind unix:")]
    NoPath,
    /// What stands behind `fd:` is no descriptor that can have been handed over.
    #[error("write the number of an inherited socket behind fd:, {FIRST_DESCRIPTOR} for the first")]
    Descriptor,
}

/// The proxies and gateways whose word on where a client comes from is taken.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct TrustedPeers {
    networks: Vec<IpNet>,
    unix: bool,
}

impl TrustedPeers {
    /// The same for the driver, which reads the headers.
    pub fn to_proxies(&self) -> Proxies {
        let proxies = Proxies::trusted(self.networks.iter().copied());
        if self.unix { proxies.trust_unix() } else { proxies }
    }

    /// Whether a peer is one of them.
    pub fn include(&self, peer: &Address) -> bool {
        match peer {
            Address::Unix(_) => self.unix,
            peer => peer.ip().is_some_and(|ip| self.networks.iter().any(|network| network.contains(&ip))),
        }
    }
}

impl TryFrom<Vec<String>> for TrustedPeers {
    type Error = PeersError;

    fn try_from(names: Vec<String>) -> Result<Self, PeersError> {
        if names.is_empty() {
            return Err(PeersError::Nobody);
        }
        let mut proxies = Self { networks: Vec::new(), unix: false };
        for name in names {
            if name == "unix" {
                proxies.unix = true;
                continue;
            }
            let host = || name.parse::<IpAddr>().ok().map(IpNet::from);
            let network = name.parse().ok().or_else(host);
            proxies.networks.push(network.ok_or(PeersError::Network(name))?);
        }
        Ok(proxies)
    }
}

/// Why a list names no proxies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeersError {
    /// The list is empty, so that nobody could come in.
    #[error("the list names nobody; list networks, or leave it out")]
    Nobody,
    /// Not a network.
    #[error("{0:?} is no network; write 10.0.0.0/8, one address, or unix for whoever comes by a Unix socket")]
    Network(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_place_is_read_and_shown() {
        for text in ["127.0.0.1:0", "[::1]:1110", "unix:/run/pop3.sock", "fd:3"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        assert_eq!("localhost:7".parse::<Place>().unwrap().to_string(), "127.0.0.1:7");
        for (text, wanted) in [
            ("nowhere", PlaceError::Address),
            ("example.org:110", PlaceError::Address),
            ("unix:", PlaceError::NoPath),
            ("fd:2", PlaceError::Descriptor),
            ("fd:x", PlaceError::Descriptor),
        ] {
            assert_eq!(text.parse::<Place>(), Err(wanted), "{text}");
        }
    }

    #[test]
    fn peers_are_networks_addresses_or_unix() {
        let read = |names: &[&str]| TrustedPeers::try_from(names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>());
        let proxies = read(&["10.0.0.0/8", "192.0.2.1", "::1", "unix"]).unwrap();
        assert_eq!(
            proxies.networks.iter().map(IpNet::to_string).collect::<Vec<_>>(),
            ["10.0.0.0/8", "192.0.2.1/32", "::1/128"]
        );
        assert!(proxies.unix);
        let tcp = |text: &str| Address::Tcp(text.parse().unwrap());
        assert!(proxies.include(&tcp("10.1.2.3:4")) && proxies.include(&Address::Unix(None)));
        assert!(!proxies.include(&tcp("192.0.2.2:1")) && !read(&["::1"]).unwrap().include(&Address::Unix(None)));
        assert_eq!(read(&[]), Err(PeersError::Nobody));
        assert_eq!(read(&["example.org"]), Err(PeersError::Network("example.org".to_owned())));
    }
}
