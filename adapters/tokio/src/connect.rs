use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, ToSocketAddrs, lookup_host};
use wirestate_driver::{Clock, ConnectError, Info, Options, Timer};
use wirestate_machine::{Instant, Machine};

use crate::listen::over_tcp;
use crate::{Connection, Socket};

/// Connects to a server, such as `"localhost:1110"`, and puts the machine that `factory` makes on the connection.
///
/// The addresses that the name resolves to are tried one after the other, for [`Options::connect`] in all.
pub async fn connect<M: Machine>(
    server: impl ToSocketAddrs,
    options: Options,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Result<Connection<M>, ConnectError> {
    let deadline = ConnectError::Deadline { after: options.connect };
    let (stream, peer) = tokio::time::timeout(options.connect, dial(server)).await.map_err(|_| deadline)??;
    let (socket, info) = over_tcp(stream, peer);
    Ok(open(socket, info, options, factory))
}

/// Puts a machine on a stream that is there already: a Unix socket, a pipe in memory, a TLS stream of one's own.
pub fn attach<M: Machine, T: AsyncRead + AsyncWrite + Unpin>(
    stream: T,
    info: Info,
    options: Options,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Connection<M, T> {
    open(Socket::new(stream), info, options, factory)
}

fn open<M: Machine, T: AsyncRead + AsyncWrite + Unpin>(
    socket: Socket<T>,
    info: Info,
    options: Options,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Connection<M, T> {
    let clock = Clock::starting(socket.now());
    Connection::open(socket, info, clock, options, factory)
}

async fn dial(server: impl ToSocketAddrs) -> Result<(TcpStream, SocketAddr), ConnectError> {
    let mut failure = ConnectError::NoAddress;
    for address in lookup_host(server).await.map_err(ConnectError::Resolve)? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok((stream, address)),
            Err(source) => failure = ConnectError::Connect { address, source },
        }
    }
    Err(failure)
}
