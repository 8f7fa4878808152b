//! The runtimes with their skins: a server in each, on a thread of its own.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use wirestate_driver::{Connection, Control, Info, Listener, Mode, Report, Stream};
use wirestate_machine::{Instant, Machine};

/// Nothing here waits this long, unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A runtime with its skin.
pub(crate) trait World: 'static {
    type Stream: Stream + Send + 'static;

    /// Serves on this thread until the shutdown.
    fn serve<M: Machine + Send + 'static, T: Future<Output = ()> + Send + 'static>(
        listener: Listener,
        factory: impl Fn(&Info, Instant) -> M + Send + Sync + 'static,
        handler: impl Fn(Connection<M, Self::Stream>) -> T + Send + Sync + 'static,
        control: &Control<M>,
    ) -> Report;
}

macro_rules! world {
    ($world:ident: $stream:ty, |$listener:ident, $factory:ident, $handler:ident, $control:ident| $serve:expr) => {
        pub(crate) struct $world;

        impl World for $world {
            type Stream = $stream;

            fn serve<M: Machine + Send + 'static, T: Future<Output = ()> + Send + 'static>(
                $listener: Listener,
                $factory: impl Fn(&Info, Instant) -> M + Send + Sync + 'static,
                $handler: impl Fn(Connection<M, Self::Stream>) -> T + Send + Sync + 'static,
                $control: &Control<M>,
            ) -> Report {
                $serve
            }
        }
    };
}

world!(Tokio: wirestate_tokio::Socket<wirestate_tokio::Wire>, |listener, factory, handler, control| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(wirestate_tokio::serve([listener], factory, handler, control))
});
world!(AsyncStd: wirestate_async_std::Socket<wirestate_async_std::Wire>, |listener, factory, handler, control| {
    let spawn = |task| drop(async_std::task::spawn(task));
    async_std::task::block_on(wirestate_async_std::serve([listener], spawn, factory, handler, control))
});
world!(Smol: wirestate_async_std::Socket<wirestate_async_std::Wire>, |listener, factory, handler, control| {
    let spawn = |task| smol::spawn(task).detach();
    smol::block_on(wirestate_async_std::serve([listener], spawn, factory, handler, control))
});
world!(Blocking: wirestate_blocking::Socket, |listener, factory, handler, control| {
    wirestate_blocking::serve_async([listener], factory, handler, control)
});

/// A server that is running.
pub(crate) struct Running<M> {
    pub(crate) address: SocketAddr,
    pub(crate) control: Control<M>,
    report: Receiver<Report>,
}

impl<M: Machine + Send + 'static> Running<M> {
    pub(crate) fn start<W: World, T: Future<Output = ()> + Send + 'static>(
        listener: Listener,
        control: Control<M>,
        factory: impl Fn(&Info, Instant) -> M + Send + Sync + 'static,
        handler: impl Fn(Connection<M, W::Stream>) -> T + Send + Sync + 'static,
    ) -> Self {
        let (address, steer) = (listener.local_addr(), control.clone());
        let (done, report) = channel();
        thread::spawn(move || {
            let _ = done.send(W::serve(listener, factory, handler, &steer));
        });
        Running { address, control, report }
    }

    pub(crate) fn stop(&self, mode: Mode) -> Report {
        self.control.trigger(mode);
        self.report.recv_timeout(PATIENCE).expect("the server ends")
    }
}

/// Runs tests, which take a world, in each.
macro_rules! in_all_worlds {
    ($($test:ident)*) => {
        in_all_worlds! { @ tokio_runtime: Tokio, ($($test)*) }
        in_all_worlds! { @ async_std_runtime: AsyncStd, ($($test)*) }
        in_all_worlds! { @ smol_runtime: Smol, ($($test)*) }
        in_all_worlds! { @ threads: Blocking, ($($test)*) }
    };
    (@ $name:ident: $world:ident, ($($test:ident)*)) => {
        mod $name {
            $(#[test] fn $test() { super::$test::<crate::worlds::$world>() })*
        }
    };
}
pub(crate) use in_all_worlds;
