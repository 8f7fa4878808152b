use std::io;

use wirestate_driver::{Clock, ConnectError, Connector, Fault, Info, Options, Redial, Shutdown, Timer};
use wirestate_machine::{Instant, Machine};

use crate::threads::Threads;
use crate::{Channel, Connection, Socket, block_on};

/// Connects to a server, such as `"localhost:1110"`, and puts the machine that `factory` makes on the connection.
pub fn connect<M: Machine<Error: Fault>>(
    server: impl Into<Connector>,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Result<Connection<M>, ConnectError> {
    block_on(wirestate_driver::connect(Threads::default(), server, factory)).map(Connection::from)
}

/// Connects to a server, however often that takes: see [`wirestate_driver::reconnect`].
pub fn reconnect<M: Machine<Error: Fault> + 'static>(
    server: impl Into<Connector>,
    redial: &mut Redial,
    random: impl FnMut() -> u64,
    shutdown: &Shutdown,
    factory: impl FnMut(&Info, Instant) -> M,
) -> Option<Connection<M>> {
    let connected = wirestate_driver::reconnect(Threads::default(), server, redial, random, shutdown, factory);
    block_on(connected).map(Connection::from)
}

/// Puts a machine on a socket that is there already: one that was handed over, or a [`Channel`] of one's own.
pub fn attach<M: Machine, T: Channel>(
    socket: T,
    info: Info,
    options: Options,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> io::Result<Connection<M, T>> {
    let socket = Socket::new(socket)?;
    let clock = Clock::starting(socket.now());
    Ok(wirestate_driver::Connection::open(socket, info, clock, options, factory).into())
}
