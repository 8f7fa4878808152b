use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use wirestate_driver::{Control, Info, Listener, Report};
use wirestate_machine::{Instant, Machine};

use crate::Connection;
use crate::sockets::Reactor;

/// What [`serve`] gives to be run: the task of one connection.
pub struct Task(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Task {
    pub(crate) fn new(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Task(Box::pin(task))
    }
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// Serves on `listeners`: puts a machine from `factory` on each connection that comes in, and runs `handler` on it in a task of its own.
///
/// `spawn` gives the task to the runtime: `|task| drop(async_std::task::spawn(task))`, or `|task| smol::spawn(task).detach()`.
/// `control` is a [`Control`], by which the server is steered while it runs, or just a [`Shutdown`](crate::Shutdown). The server ends when
/// its shutdown has been triggered, or the last listener has failed, and all handlers have ended.
pub async fn serve<M, F, H, T>(
    listeners: impl IntoIterator<Item = Listener>,
    spawn: impl Fn(Task),
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
    wirestate_driver::serve(listeners, Reactor::new(spawn), factory, handler, control).await
}
