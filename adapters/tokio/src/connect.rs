use tokio::io::{AsyncRead, AsyncWrite};
use wirestate_driver::{Clock, ConnectError, Connector, Fault, Info, Options, Redial, Shutdown, Timer};
use wirestate_machine::{Instant, Machine};

use crate::sockets::Tokio;
use crate::{Connection, Socket};

/// Connects to a server, such as `"localhost:1110"`, and puts the machine that `factory` makes on the connection.
pub async fn connect<M: Machine<Error: Fault>>(
    server: impl Into<Connector>,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Result<Connection<M>, ConnectError> {
    wirestate_driver::connect(Tokio::default(), server, factory).await
}

/// Connects to a server, however often that takes: see [`wirestate_driver::reconnect`].
pub async fn reconnect<M: Machine<Error: Fault> + 'static>(
    server: impl Into<Connector>,
    redial: &mut Redial,
    random: impl FnMut() -> u64,
    shutdown: &Shutdown,
    factory: impl FnMut(&Info, Instant) -> M,
) -> Option<Connection<M>> {
    wirestate_driver::reconnect(Tokio::default(), server, redial, random, shutdown, factory).await
}

/// Puts a machine on a stream that is there already: a pipe in memory, a TLS stream of one's own.
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
