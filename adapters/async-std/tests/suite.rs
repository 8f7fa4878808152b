//! The adapter suite on async-std and on smol.

#[path = "../../driver/tests/suite/mod.rs"]
mod suite;

use std::future::Future;
use std::net::SocketAddr;

use suite::{Lines, Toy, World};
use wirestate_async_std::{
    ConnectError, Connection, Listener, Options, Report, Shutdown, Socket, Task, Tcp, connect, serve,
};
use wirestate_machine::Instant;

macro_rules! world {
    ($world:ident: $block_on:path, $spawn:expr) => {
        struct $world;

        impl World for $world {
            type Stream = Socket<Tcp>;

            fn serve<T: Future<Output = ()> + Send + 'static>(
                addresses: Vec<SocketAddr>,
                options: Options,
                factory: impl Fn(Instant) -> Toy + Send + Sync + 'static,
                handler: impl Fn(Connection<Toy>) -> T + Send + Sync + 'static,
                shutdown: Shutdown,
                bound: impl FnOnce(Vec<SocketAddr>) + Send + 'static,
            ) -> Report {
                $block_on(async {
                    let listener = Listener::bind(&addresses[..]).unwrap().options(options);
                    bound(listener.local_addrs());
                    serve([listener], $spawn, |_, now| factory(now), handler, &shutdown).await
                })
            }

            async fn connect(server: String, options: Options) -> Result<Connection<Lines>, ConnectError> {
                connect(server, options, |_, _| Lines::new()).await
            }

            fn block_on<F: Future>(future: F) -> F::Output {
                $block_on(future)
            }
        }
    };
}

world!(AsyncStd: async_std::task::block_on, |task: Task| drop(async_std::task::spawn(task)));
world!(Smol: smol::block_on, |task: Task| smol::spawn(task).detach());

suite::suite!(async_std_runtime: crate::AsyncStd);
suite::suite!(smol_runtime: crate::Smol);
