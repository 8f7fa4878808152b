//! The service: listeners opened, announced, and served on the chosen runtime
//! until a signal.

mod runtimes;

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use wirestate_driver::{Mode, Report, Shutdown};

use crate::failure::Failure;
use crate::gate::Gate;
use crate::pop3;
use crate::prepare::Prepared;
use crate::settings::{Listener, Runtime};
use crate::{banner, signals};

/// How long sessions have for their last words after a signal.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens every listener, prints a line for each and the first-steps page, and
/// serves until SIGTERM or Ctrl-C.
///
/// # Errors
///
/// [`Failure`]: a listener cannot be opened, the runtime cannot be started, or
/// every listener has failed while it was served.
pub fn serve(prepared: Prepared) -> Result<(), Failure> {
    let sockets = prepared.settings.listeners.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let shutdown = Shutdown::new();
    let stop = shutdown.clone();
    signals::listen(move || stop.trigger(Mode::Graceful { within: PATIENCE })).map_err(Failure::Signals)?;

    // Not before: a start that fails tells why, and nothing else.
    tracing::info!(users = prepared.users.iter().count(), data = ?prepared.data.mail(), "prepared");
    let prepared = Arc::new(prepared);
    let desk = pop3::Desk::new(prepared.clone(), Gate::new(&prepared.settings.limits))?;
    let bound: Vec<Listener> = sockets.iter().map(|(_, listener)| *listener).collect();
    let open: Vec<Open> =
        sockets.into_iter().map(|(socket, listener)| Open { socket, listener, door: desk.door(listener) }).collect();
    let announce = || announce(&prepared, &bound);
    match prepared.settings.runtime {
        Runtime::Tokio => runtimes::tokio(open, announce, &shutdown)?,
        Runtime::AsyncStd => runtimes::async_std(open, announce, &shutdown)?,
        Runtime::Blocking => runtimes::blocking(open, announce, &shutdown)?,
    }
    if shutdown.is_triggered() { Ok(()) } else { Err(Failure::NothingLeft) }
}

/// A listener that is ready to be served.
struct Open {
    socket: TcpListener,
    listener: Listener,
    door: Arc<pop3::Door>,
}

impl Open {
    fn failed(&self) -> impl Fn(std::io::Error) -> Failure + use<> {
        let Listener { protocol, address } = self.listener;
        move |source| Failure::Listen { protocol, address, source }
    }
}

/// A socket, and the listener with the port that it really has.
fn open(wanted: &Listener) -> Result<(TcpListener, Listener), Failure> {
    let Listener { protocol, address } = *wanted;
    let bound = TcpListener::bind(address).and_then(|socket| Ok((socket.local_addr()?, socket)));
    let (address, socket) = bound.map_err(|source| Failure::Listen { protocol, address, source })?;
    Ok((socket, Listener { protocol, address }))
}

fn announce(prepared: &Prepared, bound: &[Listener]) {
    let lines = bound.iter().map(|listener| format!("listening {} {}\n", listener.protocol, listener.address));
    let page = banner::first_steps(&prepared.users, bound, prepared.tls.ca());
    let mut stdout = std::io::stdout().lock();
    // Whoever does not listen to this may still want the service.
    let _ = lines.chain([page]).try_for_each(|text| stdout.write_all(text.as_bytes())).and_then(|()| stdout.flush());
}

fn note(listener: Listener, report: &Report) {
    let Listener { protocol, address } = listener;
    for failure in &report.failed {
        tracing::error!(%protocol, reason = %failure, "listener failed");
    }
    let (served, cut_off) = (report.accepted, report.aborted);
    tracing::info!(%protocol, %address, served, cut_off, left = report.left, "closed");
}
