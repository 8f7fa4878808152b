//! Threads as a world of the tests.

use socket2::SockRef;
use wirestate_blocking::{
    ConnectError, Connector, Control, Fault, Info, Listener, Redial, Report, Shutdown, Socket, block_on, connect,
    reconnect, serve_async,
};
use wirestate_driver::Connection;
use wirestate_machine::{Instant, Machine};

use super::World;

pub(crate) struct Threads;

impl World for Threads {
    type Stream = Socket;

    fn serve<M: Machine + Send + 'static, T: Future<Output = ()> + Send + 'static>(
        listeners: Vec<Listener>,
        factory: impl Fn(&Info, Instant) -> M + Send + Sync + 'static,
        handler: impl Fn(Connection<M, Socket>) -> T + Send + Sync + 'static,
        control: &Control<M>,
    ) -> Report {
        serve_async(listeners, factory, handler, control)
    }

    async fn connect<M: Machine<Error: Fault>>(
        server: impl Into<Connector>,
        factory: impl FnOnce(&Info, Instant) -> M,
    ) -> Result<Connection<M, Socket>, ConnectError> {
        connect(server, factory).map(wirestate_blocking::Connection::into_inner)
    }

    async fn reconnect<M: Machine<Error: Fault> + 'static>(
        server: impl Into<Connector>,
        redial: &mut Redial,
        random: impl FnMut() -> u64,
        shutdown: &Shutdown,
        factory: impl FnMut(&Info, Instant) -> M,
    ) -> Option<Connection<M, Socket>> {
        reconnect(server, redial, random, shutdown, factory).map(wirestate_blocking::Connection::into_inner)
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        block_on(future)
    }

    fn socket(stream: &Self::Stream) -> SockRef<'_> {
        SockRef::from(stream.get_ref())
    }
}
