#[cfg(target_os = "linux")]
use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
#[cfg(target_os = "linux")]
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a TCP port.
    Tcp(SocketAddr),
    /// A Unix socket, with its path where it has one. One in Linux's abstract namespace begins with `@`.
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

    /// The IP address, of a TCP end: an IPv4 address also where it came mapped into IPv6.
    pub fn ip(&self) -> Option<IpAddr> {
        self.tcp().map(|address| address.ip().to_canonical())
    }

    /// What the standard library calls a Unix socket's address.
    #[cfg(unix)]
    pub fn of_unix(address: &std::os::unix::net::SocketAddr) -> Self {
        #[cfg(target_os = "linux")]
        if let Some(name) = std::os::linux::net::SocketAddrExt::as_abstract_name(address) {
            return Address::of_abstract(name);
        }
        Address::Unix(address.as_pathname().map(PathBuf::from))
    }

    /// A name in Linux's abstract namespace.
    #[cfg(target_os = "linux")]
    pub fn of_abstract(name: &[u8]) -> Self {
        let name: OsString = OsStringExt::from_vec([b"@", name].concat());
        Address::Unix(Some(name.into()))
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
