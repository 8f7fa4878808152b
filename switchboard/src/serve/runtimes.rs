//! The same listeners and sessions on each of the three runtimes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use async_executor::Executor;
use wirestate_driver::{Mode, Shutdown};

use super::{Open, note};
use crate::failure::Failure;
use crate::offload::{Inline, Pool, Tokio};
use crate::pop3::{Door, session};
use crate::settings::Listener;

/// On tokio's threads, one for each core.
pub(super) fn tokio(open: Vec<Open>, announce: impl FnOnce(), shutdown: &Shutdown) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_io()
        .enable_time()
        .thread_name("tokio")
        .build()
        .map_err(Failure::Runtime)?;
    runtime.block_on(async {
        let mut servers = Vec::new();
        for open in open {
            let failed = open.failed();
            let Open { socket, listener, door } = open;
            let entrance = wirestate_tokio::Listener::from_socket(socket).map_err(&failed)?;
            let shutdown = shutdown.clone();
            servers.push(async move {
                let machines = door.clone();
                let report = wirestate_tokio::serve(
                    [entrance],
                    move |info, now| machines.machine(info, now),
                    move |conn| session(conn, door.clone(), Tokio),
                    &shutdown,
                );
                note(listener, &report.await);
            });
        }
        announce();
        let servers: Vec<_> = servers.into_iter().map(tokio::spawn).collect();
        for server in servers {
            // What would have to be told was told by the panic itself.
            let _ = server.await;
        }
        Ok(())
    })
}

/// On async-std's reactor, async-io, with the executor and the pool of threads
/// for blocking work that smol and async-std are made of. async-std itself is
/// discontinued; its last release adds nothing to these but names.
pub(super) fn async_std(open: Vec<Open>, announce: impl FnOnce(), shutdown: &Shutdown) -> Result<(), Failure> {
    let mut entrances = Vec::new();
    for open in open {
        let failed = open.failed();
        let Open { socket, listener, door } = open;
        let entrance = wirestate_async_std::Listener::from_socket(socket).map_err(&failed)?;
        entrances.push((entrance, listener, door));
    }
    let executor: &'static Executor<'static> = Box::leak(Box::new(Executor::new()));
    let done = Shutdown::new();
    thread::scope(|scope| {
        for number in 0..thread::available_parallelism().map_or(1, usize::from) {
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
        let serve = |(entrance, listener, door): (wirestate_async_std::Listener, Listener, Arc<Door>)| {
            let shutdown = shutdown.clone();
            executor.spawn(async move {
                let machines = door.clone();
                let report = wirestate_async_std::serve(
                    [entrance],
                    |task| executor.spawn(task).detach(),
                    move |info, now| machines.machine(info, now),
                    move |conn| session(conn, door.clone(), Pool),
                    &shutdown,
                );
                note(listener, &report.await);
            })
        };
        let servers: Vec<_> = entrances.into_iter().map(serve).collect();
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
pub(super) fn blocking(open: Vec<Open>, announce: impl FnOnce(), shutdown: &Shutdown) -> Result<(), Failure> {
    let mut entrances = Vec::new();
    for open in open {
        let failed = open.failed();
        let Open { socket, listener, door } = open;
        let entrance = wirestate_blocking::Listener::from_socket(socket).map_err(&failed)?;
        entrances.push((entrance, listener, door));
    }
    announce();
    thread::scope(|scope| {
        for (entrance, listener, door) in entrances {
            scope.spawn(move || {
                let machines = door.clone();
                let report = wirestate_blocking::serve_async(
                    [entrance],
                    move |info, now| machines.machine(info, now),
                    move |conn| session(conn, door.clone(), Inline),
                    shutdown,
                );
                note(listener, &report);
            });
        }
    });
    Ok(())
}
