use wirestate_driver::{Control, Info, Listener, Report};
use wirestate_machine::{Instant, Machine};

use crate::Connection;
use crate::sockets::Tokio;

/// Serves on `listeners`: puts a machine from `factory` on each connection that comes in, and runs `handler` on it in a task of its own.
///
/// `control` is a [`Control`], by which the server is steered while it runs, or just a [`Shutdown`](crate::Shutdown). The server ends when
/// its shutdown has been triggered, or the last listener has failed, and all handlers have ended.
pub async fn serve<M, F, H, T>(
    listeners: impl IntoIterator<Item = Listener>,
    factory: F,
    handler: H,
    control: impl Into<Control<M>>,
) -> Report
where
    M: Machine + 'static,
    F: Fn(&Info, Instant) -> M + Send + Sync + 'static,
    H: Fn(Connection<M>) -> T + Send + Sync + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    wirestate_driver::serve(listeners, Tokio::default(), factory, handler, control).await
}
