use std::future::poll_fn;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::pin::pin;
use std::task::Poll;

use async_io::Async;
use futures_io::{AsyncRead, AsyncWrite};
use wirestate_driver::{Clock, ConnectError, Info, Options, Timer};
use wirestate_machine::{Instant, Machine};

use crate::listen::over_tcp;
use crate::resolve::resolve;
use crate::socket::Alarm;
use crate::{Connection, Socket, Tcp};

/// Connects to a server, such as `"localhost:1110"`, and puts the machine that `factory` makes on the connection.
///
/// The addresses that the name resolves to are tried one after the other, for [`Options::connect`] in all.
pub async fn connect<M: Machine>(
    server: impl ToSocketAddrs + Send + 'static,
    options: Options,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Result<Connection<M>, ConnectError> {
    let mut alarm = Alarm::default();
    let deadline = alarm.now().checked_add(options.connect);
    let mut dialling = pin!(dial(server));
    let dialled = poll_fn(|cx| match dialling.as_mut().poll(cx) {
        Poll::Pending => {
            alarm.poll_until(cx, deadline).map(|()| Err(ConnectError::Deadline { after: options.connect }))
        }
        done => done,
    });
    let (stream, peer) = dialled.await?;
    let (socket, info) = over_tcp(stream, peer);
    Ok(open(socket, info, options, factory))
}

/// Puts a machine on a stream that is there already: smol's, async-std's, a pipe in memory, a TLS stream of one's own.
///
/// `poll_close` of the stream is to tell the peer of the end; where it does not, as with async-std's own sockets, the peer hears of it
/// only when the connection is dropped, after [`Options::linger`]. Make a [`Tcp`] of such a socket.
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

async fn dial(server: impl ToSocketAddrs + Send + 'static) -> Result<(Tcp, SocketAddr), ConnectError> {
    let mut failure = ConnectError::NoAddress;
    for address in resolve(server).await.map_err(ConnectError::Resolve)? {
        match Async::<TcpStream>::connect(address).await {
            Ok(stream) => return Ok((stream.into(), address)),
            Err(source) => failure = ConnectError::Connect { address, source },
        }
    }
    Err(failure)
}
