//! The adapter suite on tokio: with one thread and with several.

#[path = "../../driver/tests/suite/mod.rs"]
mod suite;

use std::future::Future;
use std::net::SocketAddr;

use suite::{Lines, Toy, World};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use wirestate_machine::Instant;
use wirestate_tokio::{ConnectError, Connection, Listener, Options, Report, Shutdown, Socket, connect, serve};

/// One tokio runtime with one thread, or with two.
struct Tokio<const THREADS: usize>;

fn runtime<const THREADS: usize>() -> Runtime {
    let mut builder = if THREADS == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.worker_threads(THREADS).enable_all().build().unwrap()
}

impl<const THREADS: usize> World for Tokio<THREADS> {
    type Stream = Socket<TcpStream>;

    fn serve<T: Future<Output = ()> + Send + 'static>(
        addresses: Vec<SocketAddr>,
        options: Options,
        factory: impl Fn(Instant) -> Toy + Send + Sync + 'static,
        handler: impl Fn(Connection<Toy>) -> T + Send + Sync + 'static,
        shutdown: Shutdown,
        bound: impl FnOnce(Vec<SocketAddr>) + Send + 'static,
    ) -> Report {
        runtime::<THREADS>().block_on(async {
            let listener = Listener::bind(&addresses[..]).await.unwrap().options(options);
            bound(listener.local_addrs());
            serve([listener], |_, now| factory(now), handler, &shutdown).await
        })
    }

    async fn connect(server: String, options: Options) -> Result<Connection<Lines>, ConnectError> {
        connect(server, options, |_, _| Lines::new()).await
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        runtime::<THREADS>().block_on(future)
    }
}

suite::suite!(one_thread: crate::Tokio<1>);
suite::suite!(two_threads: crate::Tokio<2>);
