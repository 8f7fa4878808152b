use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// One end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a TCP port.
    Tcp(SocketAddr),
    /// A Unix socket, with its path where it has one.
    Unix(Option<PathBuf>),
    /// Something without an address, such as a pipe in memory.
    #[default]
    Unknown,
}

impl Address {
    /// The IP address and port, of a TCP end.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Address::Tcp(address) => Some(*address),
            _ => None,
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Address::Tcp(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(Some(path)) => write!(f, "unix:{}", path.display()),
            Address::Unix(None) => f.write_str("unix"),
            Address::Unknown => f.write_str("unknown"),
        }
    }
}

/// Which connection this is: what its machine, its handler and its log lines may know of it from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    id: u64,
    peer: Address,
    local: Address,
}

impl Info {
    /// A new connection between these ends, with an id that no other connection of this process has.
    pub fn new(peer: impl Into<Address>, local: impl Into<Address>) -> Self {
        Info { id: LAST_ID.fetch_add(1, Ordering::Relaxed) + 1, peer: peer.into(), local: local.into() }
    }

    /// The connection's number, counted from 1 and unique in this process.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The other end.
    pub fn peer(&self) -> &Address {
        &self.peer
    }

    /// This end.
    pub fn local(&self) -> &Address {
        &self.local
    }
}

/// How many bytes went over a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes that came from the peer.
    pub read: u64,
    /// Bytes that the stream took for the peer.
    pub written: u64,
}
