//! async-std and smol as worlds of the tests.

use socket2::SockRef;
use wirestate_async_std::{
    ConnectError, Connection, Connector, Control, Fault, Info, Listener, Redial, Report, Shutdown, Socket, Task, Wire,
    connect, reconnect, serve,
};
use wirestate_machine::{Instant, Machine};

use super::World;

macro_rules! world {
    ($world:ident: $block_on:path, $spawn:expr) => {
        pub(crate) struct $world;

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
                $block_on(future)
            }

            fn socket(stream: &Self::Stream) -> SockRef<'_> {
                match stream.get_ref() {
                    Wire::Tcp(stream) => SockRef::from(stream.get_ref()),
                    Wire::Unix(stream) => SockRef::from(stream.get_ref()),
                    other => panic!("no socket of the system's: {other:?}"),
                }
            }
        }
    };
}

world!(AsyncStd: async_std::task::block_on, |task: Task| drop(async_std::task::spawn(task)));
world!(Smol: smol::block_on, |task: Task| smol::spawn(task).detach());
