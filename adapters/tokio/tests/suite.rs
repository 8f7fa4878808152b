//! The adapter suite on tokio: with one thread and with several.

#[path = "../../driver/tests/suite/mod.rs"]
mod suite;

use std::future::Future;

use suite::World;
use tokio::runtime::{Builder, Runtime};
use wirestate_machine::{Instant, Machine};
use wirestate_tokio::{
    ConnectError, Connection, Connector, Control, Info, Listener, Redial, Report, Shutdown, Socket, Wire, connect,
    reconnect, serve,
};

/// One tokio runtime with one thread, or with two.
struct Tokio<const THREADS: usize>;

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

    async fn connect<M: Machine>(
        server: impl Into<Connector>,
        factory: impl FnOnce(&Info, Instant) -> M,
    ) -> Result<Connection<M>, ConnectError> {
        connect(server, factory).await
    }

    async fn reconnect<M: Machine + 'static>(
        server: impl Into<Connector>,
        redial: &mut Redial,
        random: impl FnMut() -> u64,
        shutdown: &Shutdown,
        factory: impl FnOnce(&Info, Instant) -> M,
    ) -> Option<Connection<M>> {
        reconnect(server, redial, random, shutdown, factory).await
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        runtime::<THREADS>().block_on(future)
    }
}

suite::suite!(one_thread: crate::Tokio<1>);
suite::suite!(two_threads: crate::Tokio<2>);
