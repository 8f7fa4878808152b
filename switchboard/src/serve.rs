//! The service: listeners opened, announced, and served on the chosen runtime
//! until a signal. One server for each protocol, which this room does not know.

mod open;
mod runtimes;
mod server;

use std::cell::OnceCell;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use wirestate_driver::{Mode, Shutdown};

use crate::failure::Failure;
use crate::imap::Imap;
use crate::irc::Irc;
use crate::pop3::Pop3;
use crate::prepare::Prepared;
use crate::service::Entrance;
use crate::settings::Runtime;
use crate::web::Web;
use crate::xmpp::{self, Components, Xmpp};
use crate::{banner, signals};
use open::Opened;
use server::{Served, Server};

/// How long sessions have for their last words after a signal.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens every listener, prints a line for each and the first-steps page, and
/// serves until SIGTERM or Ctrl-C. SIGHUP makes it read again what can change while
/// it runs.
///
/// # Errors
///
/// [`Failure`]: a listener cannot be opened, the runtime cannot be started, or
/// every listener has failed while it was served.
pub fn serve(prepared: Prepared) -> Result<(), Failure> {
    let mut opened = open::open(&prepared.settings.listeners)?;
    let entrances: Vec<Entrance> = opened.iter().map(|opened| opened.entrance.clone()).collect();
    let shutdown = Shutdown::new();
    let prepared = Arc::new(prepared);
    let (stop, fresh) = (shutdown.clone(), prepared.clone());
    let stop = move || stop.trigger(Mode::Graceful { within: PATIENCE });
    signals::listen(stop, move || fresh.reload()).map_err(Failure::Signals)?;

    // Not before: a start that fails tells why, and nothing else.
    tracing::info!(users = prepared.users.iter().count(), data = ?prepared.data.mail(), "prepared");
    prepared.warn_of_expiry();
    let servers = servers(&prepared, &mut opened, &shutdown)?;
    let announce = || announce(&prepared, &entrances);
    let threads = prepared.settings.threads;
    match prepared.settings.runtime {
        Runtime::Tokio => runtimes::tokio(servers, threads, announce)?,
        Runtime::AsyncStd => runtimes::async_std(servers, threads, announce)?,
        Runtime::Blocking => runtimes::blocking(servers, announce),
    }
    if let Some(hub) = prepared.xmpp.get() {
        hub.close();
    }
    if shutdown.is_triggered() { Ok(()) } else { Err(Failure::NothingLeft) }
}

/// The servers that have listeners. A new protocol is one more line here.
///
/// The web's sessions are those of IRC and of XMPP, on their network and router.
fn servers(
    prepared: &Arc<Prepared>,
    opened: &mut Vec<Opened>,
    shutdown: &Shutdown,
) -> Result<Vec<Box<dyn Served>>, Failure> {
    let (irc, xmpp) = (Shared::default(), Shared::default());
    let irc = || irc.get_or_make(|| Irc::new(prepared));
    let xmpp = || xmpp.get_or_make(|| Xmpp::new(prepared));
    let web = || Ok(Arc::new(Web::new(prepared, irc()?, xmpp()?)));
    let mut servers: Vec<Box<dyn Served>> = Vec::new();
    servers.extend(Server::begin(prepared, opened, shutdown, || Pop3::new(prepared).map(Arc::new))?);
    servers.extend(Server::begin(prepared, opened, shutdown, || Imap::new(prepared).map(Arc::new))?);
    servers.extend(Server::begin(prepared, opened, shutdown, irc)?);
    servers.extend(Server::begin(prepared, opened, shutdown, xmpp)?);
    servers.extend(Server::begin(prepared, opened, shutdown, || Components::new(prepared).map(Arc::new))?);
    servers.extend(Server::begin(prepared, opened, shutdown, web)?);
    Ok(servers)
}

/// A service that several servers need, made for the first of them.
struct Shared<P>(OnceCell<Arc<P>>);

impl<P> Default for Shared<P> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<P> Shared<P> {
    fn get_or_make(&self, make: impl FnOnce() -> Result<P, Failure>) -> Result<Arc<P>, Failure> {
        if let Some(made) = self.0.get() {
            return Ok(made.clone());
        }
        let made = Arc::new(make()?);
        Ok(self.0.get_or_init(|| made).clone())
    }
}

fn announce(prepared: &Prepared, entrances: &[Entrance]) {
    let lines = entrances.iter().map(|entrance| format!("listening {} {}\n", entrance.protocol, entrance.address));
    let page = banner::first_steps(&prepared.users, entrances, prepared.tls.ca(), &xmpp::domain(&prepared.settings));
    let mut stdout = std::io::stdout().lock();
    // Whoever does not listen to this may still want the service.
    let _ = lines.chain([page]).try_for_each(|text| stdout.write_all(text.as_bytes())).and_then(|()| stdout.flush());
}
