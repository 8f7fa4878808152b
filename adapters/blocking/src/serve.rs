use std::sync::Arc;

use wirestate_driver::{Control, Info, Listener, Report};
use wirestate_machine::{Instant, Machine};

use crate::threads::Threads;
use crate::{Connection, Socket, block_on};

/// Serves on `listeners`: puts a machine from `factory` on each connection that comes in, and runs `handler` on it in a thread of its own.
///
/// `control` is a [`Control`], by which the server is steered while it runs, or just a [`Shutdown`](crate::Shutdown). The server ends when
/// its shutdown has been triggered, or the last listener has failed, and all handlers have ended. A handler that waits elsewhere than on its
/// connection cannot be cut off; after the shutdown's deadline its thread is left behind, and counted in [`Report::left`].
pub fn serve<M, F, H>(
    listeners: impl IntoIterator<Item = Listener>,
    factory: F,
    handler: H,
    control: impl Into<Control<M>>,
) -> Report
where
    M: Machine<Event: Send, Error: Send> + Send + 'static,
    F: Fn(&Info, Instant) -> M + Send + Sync + 'static,
    H: Fn(Connection<M>) + Send + Sync + 'static,
{
    let handler = Arc::new(handler);
    let handler = move |connection: wirestate_driver::Connection<M, Socket>| {
        let handler = handler.clone();
        async move { handler(connection.into()) }
    };
    serve_async(listeners, factory, handler, control)
}

/// [`serve`] with a handler that is a future: the same that other runtimes take. Each runs in a thread of its own, too.
pub fn serve_async<M, F, H, T>(
    listeners: impl IntoIterator<Item = Listener>,
    factory: F,
    handler: H,
    control: impl Into<Control<M>>,
) -> Report
where
    M: Machine + 'static,
    F: Fn(&Info, Instant) -> M + Send + Sync + 'static,
    H: Fn(wirestate_driver::Connection<M, Socket>) -> T + Send + Sync + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    block_on(wirestate_driver::serve(listeners, Threads::default(), factory, handler, control))
}
