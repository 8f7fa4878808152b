//! The adapter suite on threads.

#[path = "../../driver/tests/suite/mod.rs"]
mod suite;

use std::future::Future;
use std::net::SocketAddr;

use suite::{Lines, Toy, World};
use wirestate_blocking::{ConnectError, Listener, Options, Report, Shutdown, Socket, block_on, connect, serve_async};
use wirestate_driver::Connection;
use wirestate_machine::Instant;

struct Threads;

impl World for Threads {
    type Stream = Socket;

    fn serve<T: Future<Output = ()> + Send + 'static>(
        addresses: Vec<SocketAddr>,
        options: Options,
        factory: impl Fn(Instant) -> Toy + Send + Sync + 'static,
        handler: impl Fn(Connection<Toy, Socket>) -> T + Send + Sync + 'static,
        shutdown: Shutdown,
        bound: impl FnOnce(Vec<SocketAddr>) + Send + 'static,
    ) -> Report {
        let listener = Listener::bind(&addresses[..]).unwrap().options(options);
        bound(listener.local_addrs());
        serve_async([listener], move |_, now| factory(now), handler, &shutdown)
    }

    async fn connect(server: String, options: Options) -> Result<Connection<Lines, Socket>, ConnectError> {
        connect(server, options, |_, _| Lines::new()).map(wirestate_blocking::Connection::into_inner)
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        block_on(future)
    }
}

suite::suite!(threads: crate::Threads);
