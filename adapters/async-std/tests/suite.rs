//! The adapter suite on async-std and on smol.

#[path = "../../driver/tests/suite/mod.rs"]
mod suite;

use std::future::Future;

use suite::World;
use wirestate_async_std::{
    ConnectError, Connection, Connector, Control, Info, Listener, Redial, Report, Shutdown, Socket, Task, Wire,
    connect, reconnect, serve,
};
use wirestate_machine::{Instant, Machine};

macro_rules! world {
    ($world:ident: $block_on:path, $spawn:expr) => {
        struct $world;

        impl World for $world {
            type Stream = Socket<Wire>;

            fn serve<M: Machine + Send + 'static, T: Future<Output = ()> + Send + 'static>(
                listeners: Vec<Listener>,
                factory: impl Fn(&Info, Instant) -> M + Send + Sync + 'static,
                handler: impl Fn(Connection<M>) -> T + Send + Sync + 'static,
                control: &Control<M>,
            ) -> Report {
                $block_on(serve(listeners, $spawn, factory, handler, control))
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
                $block_on(future)
            }
        }
    };
}

world!(AsyncStd: async_std::task::block_on, |task: Task| drop(async_std::task::spawn(task)));
world!(Smol: smol::block_on, |task: Task| smol::spawn(task).detach());

suite::suite!(async_std_runtime: crate::AsyncStd);
suite::suite!(smol_runtime: crate::Smol);
