use std::fmt;
use std::io;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::{fs::FileTypeExt, net::UnixListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(unix)]
use socket2::SockAddr;
use socket2::{Domain, Protocol, Socket, Type};

use crate::info::{Data, Entrance};
use crate::{Address, BindError, Options, Proxies};

static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// The number of a listening socket: unique in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerId(u64);

impl fmt::Display for ListenerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Sockets that listen, and what they give to the connections that come in over them.
///
/// Binding does not wait for anything but a name to be resolved, and needs no runtime; [`serve`](crate::serve) and
/// [`Control::add`](crate::Control::add) take listeners over into theirs. Port 0 lets the system choose;
/// [`local_addrs`](Listener::local_addrs) says which, before anything is served.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<Bound>,
    options: Options,
    proxies: Option<Arc<Proxies>>,
    data: Option<Data>,
}

/// A socket that listens and belongs to no runtime yet. It does not block.
#[derive(Debug)]
#[non_exhaustive]
pub enum ListeningSocket {
    /// On TCP.
    Tcp(TcpListener),
    /// On a Unix socket.
    #[cfg(unix)]
    Unix(UnixListener),
}

/// One socket of a listener, ready to be taken over into a runtime.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) socket: ListeningSocket,
    pub(crate) place: Place,
    pub(crate) options: Options,
    pub(crate) proxies: Option<Arc<Proxies>>,
    pub(crate) entrance: Arc<Entrance>,
}

/// Where a socket listens. Its path, if it made one, goes with it.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) id: ListenerId,
    pub(crate) address: Address,
    path: Option<PathBuf>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Should it be gone already, all is well.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// How TCP sockets are bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BindOptions {
    /// How many connections wait in the system's queue at most. Default 1024; the system may have a lower limit of its own.
    pub backlog: u32,
    /// Whether an IPv6 socket leaves IPv4 to others. The default is the system's: `[::]` serves both on most.
    pub only_v6: Option<bool>,
    /// Whether several processes may listen on the same port (`SO_REUSEPORT`; on Unix). Default no.
    pub reuse_port: bool,
}

impl Default for BindOptions {
    fn default() -> Self {
        BindOptions { backlog: 1024, only_v6: None, reuse_port: false }
    }
}

impl BindOptions {
    /// The defaults.
    pub fn new() -> Self {
        BindOptions::default()
    }

    /// Sets [`backlog`](BindOptions::backlog).
    pub fn backlog(self, backlog: u32) -> Self {
        BindOptions { backlog, ..self }
    }

    /// Sets [`only_v6`](BindOptions::only_v6).
    pub fn only_v6(self, only_v6: bool) -> Self {
        BindOptions { only_v6: Some(only_v6), ..self }
    }

    /// Sets [`reuse_port`](BindOptions::reuse_port).
    pub fn reuse_port(self, reuse_port: bool) -> Self {
        BindOptions { reuse_port, ..self }
    }
}

impl Listener {
    /// Listens on all addresses that `address` names: `"127.0.0.1:1110"`, `"[::1]:0"`, `"localhost:0"`, or a slice of [`SocketAddr`]s.
    pub fn bind(address: impl ToSocketAddrs) -> Result<Self, BindError> {
        Listener::bind_with(address, BindOptions::default())
    }

    /// [`bind`](Listener::bind), with these settings.
    pub fn bind_with(address: impl ToSocketAddrs, options: BindOptions) -> Result<Self, BindError> {
        let mut sockets = Vec::new();
        for address in address.to_socket_addrs().map_err(BindError::Resolve)? {
            let bound = bind_tcp(address, options).and_then(|socket| {
                let local = socket.local_addr()?.into();
                Ok((ListeningSocket::Tcp(socket), local, None))
            });
            sockets.push(bound.map_err(|source| BindError::Bind { address: address.into(), source })?);
        }
        if sockets.is_empty() {
            return Err(BindError::NoAddress);
        }
        Ok(Listener::of(sockets))
    }

    /// Listens on a Unix socket at `path`, which is removed when the listener is. One that a process left there when it died is replaced.
    #[cfg(unix)]
    pub fn bind_unix(path: impl AsRef<Path>) -> Result<Self, BindError> {
        let path = path.as_ref();
        let address = Address::Unix(Some(path.into()));
        match bind_unix(path) {
            Ok(socket) => Ok(Listener::of(vec![(ListeningSocket::Unix(socket), address, Some(path.into()))])),
            Err(source) => Err(BindError::Bind { address, source }),
        }
    }

    /// Listens on a Unix socket in Linux's abstract namespace, where no file is left behind.
    #[cfg(target_os = "linux")]
    pub fn bind_abstract(name: impl AsRef<[u8]>) -> Result<Self, BindError> {
        let name = name.as_ref();
        let address = Address::of_abstract(name);
        use std::os::linux::net::SocketAddrExt;
        let bound = std::os::unix::net::SocketAddr::from_abstract_name(name).and_then(|name| {
            let socket = UnixListener::bind_addr(&name)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        match bound {
            Ok(socket) => Ok(Listener::of(vec![(ListeningSocket::Unix(socket), address, None)])),
            Err(source) => Err(BindError::Bind { address, source }),
        }
    }

    /// The sockets that whoever started this process has opened for it, one listener for each: systemd's socket activation
    /// (`LISTEN_FDS`), or `systemfd`. Call it once, early. Without any it gives an empty list.
    pub fn inherited() -> io::Result<Vec<Self>> {
        let mut given = listenfd::ListenFd::from_env();
        let mut listeners = Vec::with_capacity(given.len());
        for place in 0..given.len() {
            #[cfg(unix)]
            if let Ok(Some(socket)) = given.take_unix_listener(place) {
                listeners.push(Listener::from_unix(socket)?);
                continue;
            }
            if let Some(socket) = given.take_tcp_listener(place)? {
                listeners.push(Listener::from_socket(socket)?);
            }
        }
        Ok(listeners)
    }

    /// Listens on a TCP socket that was made elsewhere.
    pub fn from_socket(socket: TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?.into();
        Ok(Listener::of(vec![(ListeningSocket::Tcp(socket), local, None)]))
    }

    /// Listens on a Unix socket that was made elsewhere. Its path, if it has one, stays.
    #[cfg(unix)]
    pub fn from_unix(socket: UnixListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let local = Address::of_unix(&socket.local_addr()?);
        Ok(Listener::of(vec![(ListeningSocket::Unix(socket), local, None)]))
    }

    fn of(sockets: Vec<(ListeningSocket, Address, Option<PathBuf>)>) -> Self {
        let bound = |(socket, address, path)| {
            let id = ListenerId(LAST_ID.fetch_add(1, Ordering::Relaxed) + 1);
            let entrance = Arc::new(Entrance { id, data: None });
            Bound { socket, place: Place { id, address, path }, options: Options::default(), proxies: None, entrance }
        };
        let sockets = sockets.into_iter().map(bound).collect();
        Listener { sockets, options: Options::default(), proxies: None, data: None }
    }

    /// Sets the options of the connections to come.
    pub fn options(self, options: Options) -> Self {
        Listener { options, ..self }
    }

    /// Demands a PROXY header of each connection, before anything else, also before TLS: for listeners behind a load balancer.
    pub fn proxies(self, proxies: Proxies) -> Self {
        Listener { proxies: Some(Arc::new(proxies)), ..self }
    }

    /// Gives `data` to all connections of this listener, which find it in [`Info::data`](crate::Info::data): a name, a TLS configuration,
    /// whatever tells them from those of other listeners.
    pub fn data<T: Send + Sync + 'static>(self, data: T) -> Self {
        Listener { data: Some(Arc::new(data)), ..self }
    }

    /// The ids of its sockets, in the order in which they were named.
    pub fn ids(&self) -> Vec<ListenerId> {
        self.sockets.iter().map(|bound| bound.place.id).collect()
    }

    /// Where it listens: one address for each socket, in the same order.
    pub fn addresses(&self) -> Vec<Address> {
        self.sockets.iter().map(|bound| bound.place.address.clone()).collect()
    }

    /// Where it listens on TCP.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.sockets.iter().filter_map(|bound| bound.place.address.tcp()).collect()
    }

    /// Where it listens on TCP, first of all.
    ///
    /// # Panics
    ///
    /// When it listens on no TCP socket.
    pub fn local_addr(&self) -> SocketAddr {
        *self
            .local_addrs()
            .first()
            .expect("a listener on Unix sockets alone has no TCP address: ask for its `addresses`")
    }

    pub(crate) fn into_bound(self) -> impl Iterator<Item = Bound> {
        let Listener { sockets, options, proxies, data } = self;
        sockets.into_iter().map(move |bound| Bound {
            entrance: Arc::new(Entrance { id: bound.place.id, data: data.clone() }),
            options,
            proxies: proxies.clone(),
            ..bound
        })
    }
}

fn bind_tcp(address: SocketAddr, options: BindOptions) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // On Windows the same option would let others take the port over.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(all(unix, not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin"))))]
    if options.reuse_port {
        socket.set_reuse_port(true)?;
    }
    if let (Some(only_v6), true) = (options.only_v6, address.is_ipv6()) {
        socket.set_only_v6(only_v6)?;
    }
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

#[cfg(unix)]
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    let socket = match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_abandoned(path) => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        bound => bound?,
    };
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Whether there is a socket at `path` that nobody listens on any more.
#[cfg(unix)]
fn is_abandoned(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_socket());
    // It must not wait for room in the backlog of somebody who is busy.
    let tried = Socket::new(Domain::UNIX, Type::STREAM, None)
        .and_then(|socket| socket.set_nonblocking(true).and_then(|()| socket.connect(&SockAddr::unix(path)?)));
    is_socket && tried.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// Which listening sockets are meant: by id, by address with or without port, or by port.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selector {
    /// The one with this id.
    Id(ListenerId),
    /// Those on this address.
    Address(Address),
    /// Those on this IP address, whatever the port.
    Ip(IpAddr),
    /// Those on this TCP port.
    Port(u16),
}

impl Selector {
    pub(crate) fn selects(&self, place: &Place) -> bool {
        match self {
            Selector::Id(id) => place.id == *id,
            Selector::Address(address) => place.address == *address,
            Selector::Ip(ip) => place.address.tcp().is_some_and(|address| address.ip() == *ip),
            Selector::Port(port) => place.address.tcp().is_some_and(|address| address.port() == *port),
        }
    }
}

impl From<ListenerId> for Selector {
    fn from(id: ListenerId) -> Self {
        Selector::Id(id)
    }
}

impl From<SocketAddr> for Selector {
    fn from(address: SocketAddr) -> Self {
        Selector::Address(address.into())
    }
}

impl From<Address> for Selector {
    fn from(address: Address) -> Self {
        Selector::Address(address)
    }
}

impl From<IpAddr> for Selector {
    fn from(ip: IpAddr) -> Self {
        Selector::Ip(ip)
    }
}

impl From<u16> for Selector {
    fn from(port: u16) -> Self {
        Selector::Port(port)
    }
}
