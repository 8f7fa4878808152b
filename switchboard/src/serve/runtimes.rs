//! The same servers on each of the three runtimes.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use async_executor::Executor;
use wirestate_driver::{Mode, Shutdown};

use super::Served;
use crate::failure::Failure;

type Servers = Vec<Box<dyn Served>>;

/// On so many threads of tokio's, or as many as tokio likes: one for each core.
pub(super) fn tokio(servers: Servers, threads: Option<NonZeroUsize>, announce: impl FnOnce()) -> Result<(), Failure> {
    let mut builder = match threads.map(NonZeroUsize::get) {
        // It has nobody to share its work with, which tokio has a scheduler of its own for.
        Some(1) => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    if let Some(threads) = threads {
        builder.worker_threads(threads.get());
    }
    let runtime = builder.enable_io().enable_time().thread_name("tokio").build().map_err(Failure::Runtime)?;
    runtime.block_on(async {
        announce();
        let servers: Vec<_> = servers.into_iter().map(|server| tokio::spawn(server.on_tokio())).collect();
        for server in servers {
            // What would have to be told was told by the panic itself.
            let _ = server.await;
        }
    });
    Ok(())
}

/// On async-std's reactor, async-io, with the executor and the pool of threads
/// for blocking work that smol and async-std are made of. async-std itself is
/// discontinued; its last release adds nothing to these but names.
pub(super) fn async_std(
    servers: Servers,
    threads: Option<NonZeroUsize>,
    announce: impl FnOnce(),
) -> Result<(), Failure> {
    let executor: &'static Executor<'static> = Box::leak(Box::new(Executor::new()));
    let done = Shutdown::new();
    let threads = threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for number in 0..threads {
            let worker = thread::Builder::new().name(format!("executor {number}"));
            let run = || async_io::block_on(executor.run(done.triggered()));
            // A session that panics takes neither its thread nor other sessions along.
            let work = move || while catch_unwind(AssertUnwindSafe(run)).is_err() {};
            if let Err(error) = worker.spawn_scoped(scope, work) {
                done.trigger(Mode::Now);
                return Err(Failure::Runtime(error));
            }
        }
        announce();
        let servers: Vec<_> = servers.into_iter().map(|server| executor.spawn(server.on_async_std(executor))).collect();
        async_io::block_on(async {
            for server in servers {
                server.await;
            }
        });
        done.trigger(Mode::Now);
        Ok(())
    })
}

/// On blocking sockets, with a thread for each connection.
pub(super) fn blocking(servers: Servers, announce: impl FnOnce()) {
    announce();
    thread::scope(|scope| {
        for server in servers {
            scope.spawn(move || server.on_blocking());
        }
    });
}
