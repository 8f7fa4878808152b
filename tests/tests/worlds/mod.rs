//! The runtimes with their skins, as the adapters' own suite has them, and a server in each on a thread of its own.

#[path = "../../../adapters/async-std/tests/world/mod.rs"]
mod async_std_world;
#[path = "../../../adapters/blocking/tests/world/mod.rs"]
mod blocking_world;
#[path = "../../../adapters/tokio/tests/world/mod.rs"]
mod tokio_world;
#[path = "../../../adapters/driver/tests/suite/world.rs"]
mod world;

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

pub(crate) use async_std_world::{AsyncStd, Smol};
pub(crate) use blocking_world::Threads;
use wirestate_driver::{Connection, Control, Info, Listener, Mode, Report};
use wirestate_machine::{Instant, Machine};
pub(crate) use world::World;

/// Tokio with one thread.
pub(crate) type Tokio = tokio_world::Tokio<1>;

/// Nothing here waits this long, unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

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
            let _ = done.send(W::serve(vec![listener], factory, handler, &steer));
        });
        Running { address, control, report }
    }

    pub(crate) fn stop(&self, mode: Mode) -> Report {
        self.control.trigger(mode);
        self.report.recv_timeout(PATIENCE).expect("the server ends")
    }
}

/// Runs tests, which take a world, in each.
#[allow(unused_macros)]
macro_rules! in_all_worlds {
    ($($test:ident)*) => {
        in_all_worlds! { @ tokio_runtime: Tokio, ($($test)*) }
        in_all_worlds! { @ async_std_runtime: AsyncStd, ($($test)*) }
        in_all_worlds! { @ smol_runtime: Smol, ($($test)*) }
        in_all_worlds! { @ threads: Threads, ($($test)*) }
    };
    (@ $name:ident: $world:ident, ($($test:ident)*)) => {
        mod $name {
            $(#[test] fn $test() { super::$test::<crate::worlds::$world>() })*
        }
    };
}
#[allow(unused_imports)]
pub(crate) use in_all_worlds;
