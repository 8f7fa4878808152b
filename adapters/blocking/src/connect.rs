use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time;

use wirestate_driver::{Address, Clock, ConnectError, Info, Options, Timer};
use wirestate_machine::{Instant, Machine};

use crate::{Channel, Connection, Socket};

/// Connects to a server, such as `"localhost:1110"`, and puts the machine that `factory` makes on the connection.
///
/// The addresses that the name resolves to are tried one after the other, for [`Options::connect`] in all. The system's resolver keeps
/// its own time.
pub fn connect<M: Machine>(
    server: impl ToSocketAddrs,
    options: Options,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Result<Connection<M>, ConnectError> {
    let (stream, address) = dial(server, options)?;
    let (socket, info) = over_tcp(stream, address).map_err(|source| ConnectError::Connect { address, source })?;
    Ok(open(socket, info, options, factory))
}

/// Puts a machine on a socket that is there already: a Unix socket, or a [`Channel`] of one's own.
pub fn attach<M: Machine, T: Channel>(
    socket: T,
    info: Info,
    options: Options,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> io::Result<Connection<M, T>> {
    Ok(open(Socket::new(socket)?, info, options, factory))
}

fn open<M: Machine, T: Channel>(
    socket: Socket<T>,
    info: Info,
    options: Options,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Connection<M, T> {
    let clock = Clock::starting(socket.now());
    wirestate_driver::Connection::open(socket, info, clock, options, factory).into()
}

fn dial(server: impl ToSocketAddrs, options: Options) -> Result<(TcpStream, SocketAddr), ConnectError> {
    let start = time::Instant::now();
    let mut failure = ConnectError::NoAddress;
    for address in server.to_socket_addrs().map_err(ConnectError::Resolve)? {
        let left = options.connect.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(ConnectError::Deadline { after: options.connect });
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok((stream, address)),
            Err(source) => failure = ConnectError::Connect { address, source },
        }
    }
    if start.elapsed() >= options.connect {
        Err(ConnectError::Deadline { after: options.connect })
    } else {
        Err(failure)
    }
}

/// A TCP stream as all connections have it: small replies leave at once.
pub(crate) fn over_tcp(stream: TcpStream, peer: SocketAddr) -> io::Result<(Socket, Info)> {
    // Fails only on a connection that is already gone, which its first read will tell.
    let _ = stream.set_nodelay(true);
    let local = stream.local_addr().map_or(Address::Unknown, Address::from);
    Ok((Socket::new(stream)?, Info::new(peer, local)))
}
