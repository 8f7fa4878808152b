use futures_io::{AsyncRead, AsyncWrite};
use wirestate_driver::{Clock, ConnectError, Connector, Fault, Info, Options, Redial, Shutdown, Timer};
use wirestate_machine::{Instant, Machine};

use crate::sockets::Reactor;
use crate::{Connection, Socket};

/// Connects to a server, such as `"localhost:1110"`, and puts the machine that `factory` makes on the connection.
pub async fn connect<M: Machine<Error: Fault>>(
    server: impl Into<Connector>,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Result<Connection<M>, ConnectError> {
    wirestate_driver::connect(Reactor::new(()), server, factory).await
}

/// Connects to a server, however often that takes: see [`wirestate_driver::reconnect`].
pub async fn reconnect<M: Machine<Error: Fault> + 'static>(
    server: impl Into<Connector>,
    redial: &mut Redial,
    random: impl FnMut() -> u64,
    shutdown: &Shutdown,
    factory: impl FnMut(&Info, Instant) -> M,
) -> Option<Connection<M>> {
    wirestate_driver::reconnect(Reactor::new(()), server, redial, random, shutdown, factory).await
}

/// Puts a machine on a stream that is there already: smol's, async-std's, a pipe in memory, a TLS stream of one's own.
///
/// `poll_close` of the stream is to tell the peer of the end; where it does not, as with async-std's own sockets, the peer hears of it
/// only when the connection is dropped, after [`Options::linger`]. Make a [`Wire`](crate::Wire) of such a socket.
pub fn attach<M: Machine, T: AsyncRead + AsyncWrite + Unpin>(
    stream: T,
    info: Info,
    options: Options,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Connection<M, T> {
    let socket = Socket::new(stream);
    let clock = Clock::starting(socket.now());
    Connection::open(socket, info, clock, options, factory)
}
