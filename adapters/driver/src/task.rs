//! The task in which a server's connection lives.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use crate::Shutdown;
use crate::shared::{CUT_OFF, Shared};
use crate::shutdown::Phase;

pin_project! {
    /// A connection's task.
    #[project = TaskNow]
    pub(crate) enum Task<M, T> {
        // It begins at once.
        Begun { #[pin] attended: Attended<M, T> },
        // A proxy is heard before.
        Asking { session: Pin<Box<dyn Future<Output = ()> + Send>> },
    }
}

impl<M, T: Future<Output = ()>> Future for Task<M, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project() {
            TaskNow::Begun { attended } => attended.poll(cx),
            TaskNow::Asking { session } => session.as_mut().poll(cx),
        }
    }
}

pin_project! {
    /// A handler that a shutdown's deadline cuts off. No async block: it would hold the handler twice, once as it came and once pinned.
    pub(crate) struct Attended<M, T> {
        shared: Arc<Shared<M>>,
        shutdown: Option<Shutdown>,
        // Who was registered last to hear of the deadline.
        known: Option<Waker>,
        #[pin]
        handler: T,
    }
}

impl<M, T> Attended<M, T> {
    pub(crate) fn new(handler: T, shared: Arc<Shared<M>>, shutdown: Option<Shutdown>) -> Self {
        Attended { shared, shutdown, known: None, handler }
    }
}

impl<M, T: Future<Output = ()>> Future for Attended<M, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let slice = this.shared.begin_slice();
        let done = this.handler.poll(cx);
        drop(slice);
        if done.is_ready() {
            return done;
        }
        // At the deadline, too, the handler came first: it hears of it from its connection. One that sits elsewhere is dropped.
        this.shared.register_handler(cx.waker(), this.known);
        if this.shutdown.as_ref().is_none_or(|shutdown| shutdown.phase() < Phase::Abort) {
            return Poll::Pending;
        }
        this.shared.set(CUT_OFF);
        Poll::Ready(())
    }
}
