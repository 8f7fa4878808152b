//! Tokio as a world of the tests: with one thread or with several.

use socket2::SockRef;
use tokio::runtime::{Builder, Runtime};
use wirestate_machine::{Instant, Machine};
use wirestate_tokio::{
    ConnectError, Connection, Connector, Control, Fault, Info, Listener, Redial, Report, Shutdown, Socket, Wire,
    connect, reconnect, serve,
};

use super::World;

/// One tokio runtime with one thread, or with two.
pub(crate) struct Tokio<const THREADS: usize>;

fn runtime<const THREADS: usize>() -> Runtime {
    let mut builder = if THREADS == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.worker_threads(THREADS).enable_all().build().unwrap()
}

impl<const THREADS: usize> World for Tokio<THREADS> {
    type Stream = Socket<Wire>;

    fn serve<M: Machine + Send + 'static, T: Future<Output = ()> + Send + 'static>(
        listeners: Vec<Listener>,
        factory: impl Fn(&Info, Instant) -> M + Send + Sync + 'static,
        handler: impl Fn(Connection<M>) -> T + Send + Sync + 'static,
        control: &Control<M>,
    ) -> Report {
        runtime::<THREADS>().block_on(serve(listeners, factory, handler, control))
    }

    async fn connect<M: Machine<Error: Fault>>(
        server: impl Into<Connector>,
        factory: impl FnOnce(&Info, Instant) -> M,
    ) -> Result<Connection<M>, ConnectError> {
        connect(server, factory).await
    }

    async fn reconnect<M: Machine<Error: Fault> + 'static>(
        server: impl Into<Connector>,
        redial: &mut Redial,
        random: impl FnMut() -> u64,
        shutdown: &Shutdown,
        factory: impl FnMut(&Info, Instant) -> M,
    ) -> Option<Connection<M>> {
        reconnect(server, redial, random, shutdown, factory).await
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        runtime::<THREADS>().block_on(future)
    }

    fn socket(stream: &Self::Stream) -> SockRef<'_> {
        match stream.get_ref() {
            Wire::Tcp(stream) => SockRef::from(stream),
            Wire::Unix(stream) => SockRef::from(stream),
            other => panic!("no socket of the system's: {other:?}"),
        }
    }
}
