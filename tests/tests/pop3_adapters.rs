//! POP3 over real sockets on loopback: one scenario for tokio, async-std, smol and threads, and for peers of different runtimes.

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use pop3_proto::client::{Client, Config as ClientConfig, Event as ClientEvent, Login, Reason, TlsPolicy, Violation};
use pop3_proto::codec::{Code, MessageNumber};
use pop3_proto::server::{Server, Tls as ServerTls};
use wirestate_driver::{ConnectError, Connection, Error, Mode, Report, Shutdown, Stream};
use wirestate_layers::{Error as LayerError, Tls};
use wirestate_machine::Instant;
use wirestate_sasl::client::Credentials;
use wirestate_tests::certificate::Trust;
use wirestate_tests::pop3::{Desk, PASSWORD, USER, on_the_wire, open_config};
use wirestate_tests::pop3_client::{Fetcher, Mail};

/// Nothing here waits this long, unless it is broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many sessions there are at once.
const SESSIONS: u8 = 20;

/// A runtime with its skin.
trait World: 'static {
    type Stream: Stream + Send + 'static;

    /// Listens on loopback, tells where, and serves until the shutdown.
    fn serve<T: Future<Output = ()> + Send + 'static>(
        factory: impl Fn(Instant) -> Tls<Server> + Send + Sync + 'static,
        handler: impl Fn(Connection<Tls<Server>, Self::Stream>) -> T + Send + Sync + 'static,
        shutdown: Shutdown,
        bound: impl FnOnce(SocketAddr),
    ) -> Report;

    fn connect(
        server: SocketAddr,
        factory: impl FnOnce(Instant) -> Tls<Client>,
    ) -> impl Future<Output = Result<Connection<Tls<Client>, Self::Stream>, ConnectError>>;

    fn block_on<F: Future>(future: F) -> F::Output;
}

struct Tokio;

impl World for Tokio {
    type Stream = wirestate_tokio::Socket<wirestate_tokio::Wire>;

    fn serve<T: Future<Output = ()> + Send + 'static>(
        factory: impl Fn(Instant) -> Tls<Server> + Send + Sync + 'static,
        handler: impl Fn(Connection<Tls<Server>, Self::Stream>) -> T + Send + Sync + 'static,
        shutdown: Shutdown,
        bound: impl FnOnce(SocketAddr),
    ) -> Report {
        Tokio::block_on(async {
            let listener = wirestate_tokio::Listener::bind("127.0.0.1:0").unwrap();
            bound(listener.local_addr());
            wirestate_tokio::serve([listener], move |_, now| factory(now), handler, &shutdown).await
        })
    }

    async fn connect(
        server: SocketAddr,
        factory: impl FnOnce(Instant) -> Tls<Client>,
    ) -> Result<Connection<Tls<Client>, Self::Stream>, ConnectError> {
        wirestate_tokio::connect(server, |_, now| factory(now)).await
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }
}

macro_rules! futures_io {
    ($world:ident: $block_on:path, $spawn:expr) => {
        struct $world;

        impl World for $world {
            type Stream = wirestate_async_std::Socket<wirestate_async_std::Wire>;

            fn serve<T: Future<Output = ()> + Send + 'static>(
                factory: impl Fn(Instant) -> Tls<Server> + Send + Sync + 'static,
                handler: impl Fn(Connection<Tls<Server>, Self::Stream>) -> T + Send + Sync + 'static,
                shutdown: Shutdown,
                bound: impl FnOnce(SocketAddr),
            ) -> Report {
                $block_on(async {
                    let listener = wirestate_async_std::Listener::bind("127.0.0.1:0").unwrap();
                    bound(listener.local_addr());
                    wirestate_async_std::serve([listener], $spawn, move |_, now| factory(now), handler, &shutdown).await
                })
            }

            async fn connect(
                server: SocketAddr,
                factory: impl FnOnce(Instant) -> Tls<Client>,
            ) -> Result<Connection<Tls<Client>, Self::Stream>, ConnectError> {
                wirestate_async_std::connect(server, |_, now| factory(now)).await
            }

            fn block_on<F: Future>(future: F) -> F::Output {
                $block_on(future)
            }
        }
    };
}

futures_io!(AsyncStd: async_std::task::block_on, |task| drop(async_std::task::spawn(task)));
futures_io!(Smol: smol::block_on, |task| smol::spawn(task).detach());

struct Blocking;

impl World for Blocking {
    type Stream = wirestate_blocking::Socket;

    fn serve<T: Future<Output = ()> + Send + 'static>(
        factory: impl Fn(Instant) -> Tls<Server> + Send + Sync + 'static,
        handler: impl Fn(Connection<Tls<Server>, Self::Stream>) -> T + Send + Sync + 'static,
        shutdown: Shutdown,
        bound: impl FnOnce(SocketAddr),
    ) -> Report {
        let listener = wirestate_blocking::Listener::bind("127.0.0.1:0").unwrap();
        bound(listener.local_addr());
        wirestate_blocking::serve_async([listener], move |_, now| factory(now), handler, &shutdown)
    }

    async fn connect(
        server: SocketAddr,
        factory: impl FnOnce(Instant) -> Tls<Client>,
    ) -> Result<Connection<Tls<Client>, Self::Stream>, ConnectError> {
        wirestate_blocking::connect(server, |_, now| factory(now)).map(wirestate_blocking::Connection::into_inner)
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        wirestate_blocking::block_on(future)
    }
}

/// How a connection comes by its TLS.
#[derive(Clone, Copy, Debug)]
enum Way {
    Plain,
    Stls,
    Implicit,
}

impl Way {
    const ALL: [Way; 3] = [Way::Plain, Way::Stls, Way::Implicit];

    fn desk(self) -> Desk {
        let mut config = open_config();
        (config.cleartext, config.tls) = match self {
            Way::Plain => (true, ServerTls::Off),
            Way::Stls => (false, ServerTls::Stls),
            Way::Implicit => (false, ServerTls::Implicit),
        };
        let mut desk = Desk::new(config);
        // More than an outbox takes at once.
        desk.messages.push(".a line with a dot\n".repeat(8_000).into());
        desk.piece = 10_000;
        desk
    }

    fn fetcher(self) -> Fetcher {
        Fetcher::new(ClientConfig::default().tls(match self {
            Way::Plain => TlsPolicy::Never,
            Way::Stls => TlsPolicy::Required,
            Way::Implicit => TlsPolicy::Implicit,
        }))
    }
}

/// A server that is running, and the desks of its sessions that are over.
struct Running {
    address: SocketAddr,
    shutdown: Shutdown,
    report: Receiver<Report>,
    desks: Receiver<Desk>,
}

impl Running {
    fn start<W: World>(way: Way, trust: &Trust) -> Self {
        let shutdown = Shutdown::new();
        let (bound, address) = channel();
        let (done, report) = channel();
        let (over, desks) = channel();
        let (desk, trust, seed, until) = (way.desk(), trust.clone(), AtomicU8::new(0), shutdown.clone());
        let config = desk.config.clone();
        let factory = move |now| {
            let seed = [seed.fetch_add(1, Ordering::Relaxed); 32];
            trust.on_server(Server::new(config.clone(), seed, now))
        };
        let handler = move |conn| {
            let (desk, over) = (desk.clone(), over.clone());
            async move {
                let desk = serve_one(conn, desk).await;
                // A test that has seen enough does not listen any more.
                let _ = over.send(desk);
            }
        };
        thread::spawn(move || {
            let report = W::serve(factory, handler, until, |address| bound.send(address).unwrap());
            let _ = done.send(report);
        });
        Running { address: address.recv_timeout(PATIENCE).unwrap(), shutdown, report, desks }
    }

    fn stop(&self) -> Report {
        self.shutdown.trigger(Mode::Graceful { within: PATIENCE });
        self.report.recv_timeout(PATIENCE * 2).expect("the server ends")
    }
}

/// The server's session: the same for all runtimes.
async fn serve_one<S: Stream>(mut conn: Connection<Tls<Server>, S>, mut desk: Desk) -> Desk {
    // A session that breaks off is known by its desk.
    while let Ok(Some(event)) = conn.try_next().await {
        desk.answer(conn.machine(), event).unwrap();
    }
    desk
}

type Failure = Error<LayerError<Violation>>;

/// The client's session: the same for all runtimes.
async fn fetch<S: Stream>(mut conn: Connection<Tls<Client>, S>, mut fetcher: Fetcher) -> Result<Mail, Failure> {
    while let Some(event) = conn.try_next().await? {
        fetcher.answer(conn.machine(), event).unwrap();
    }
    Ok(fetcher.mail.lock().unwrap().clone())
}

async fn connect<W: World>(
    server: SocketAddr,
    way: Way,
    seed: u8,
    trust: &Trust,
) -> Result<Connection<Tls<Client>, W::Stream>, ConnectError> {
    let config = way.fetcher().config;
    W::connect(server, |now| trust.on_client(Client::new(config, [seed; 32], now))).await
}

fn all_mail_comes_home<S: World, C: World>() {
    for way in Way::ALL {
        let trust = Trust::new();
        let server = Running::start::<S>(way, &trust);
        let address = server.address;
        let mails: Vec<Mail> = thread::scope(|scope| {
            let session = |seed: u8| {
                let trust = &trust;
                move || {
                    C::block_on(async {
                        let conn = connect::<C>(address, way, seed, trust).await.unwrap();
                        fetch(conn, way.fetcher()).await.unwrap()
                    })
                }
            };
            let sessions: Vec<_> = (0..SESSIONS).map(|seed| scope.spawn(session(seed))).collect();
            sessions.into_iter().map(|session| session.join().unwrap()).collect()
        });
        let desk = way.desk();
        let wires: Vec<_> = desk.messages.iter().map(|message| on_the_wire(message)).collect();
        for mail in mails {
            // Not assert_eq, for this is much to print.
            assert!(mail.messages.values().eq(&wires), "{way:?}: the mail is not what was sent");
            assert!(mail.committed && mail.failed == 0, "{way:?}");
            let bound = mail.method.is_some_and(|method| method.contains("plus: true"));
            assert_eq!(bound, !matches!(way, Way::Plain), "{way:?}");
        }
        for _ in 0..SESSIONS {
            let desk = server.desks.recv_timeout(PATIENCE).expect("the session ends");
            assert_eq!((desk.who.as_deref(), desk.removed.len()), (Some(USER), wires.len()), "{way:?}");
        }
        let report = server.stop();
        assert_eq!((report.accepted, report.aborted, report.left), (SESSIONS.into(), 0, 0), "{way:?}");
    }
}

/// Logs in, marks a message, and then has nothing to do; `idle` is called once it is so. Gives why the session ended.
async fn sit<S: Stream>(
    mut conn: Connection<Tls<Client>, S>,
    idle: impl Fn(),
) -> Result<Option<(Reason, u32)>, Failure> {
    let mut ended = None;
    while let Some(event) = conn.try_next().await? {
        let client = conn.machine();
        match event {
            ClientEvent::Ready { .. } => {
                client.login(Login::new(Credentials::password(USER, PASSWORD).unwrap())).map(drop).unwrap();
            }
            ClientEvent::Work { ticket, derivation } => client.derived(ticket, derivation.run()).unwrap(),
            ClientEvent::LoggedIn { .. } => client.dele(MessageNumber::new(1).unwrap()).map(drop).unwrap(),
            ClientEvent::Done { .. } => idle(),
            ClientEvent::Closed { reason, deletions_lost } => ended = Some((reason, deletions_lost)),
            _ => {}
        }
    }
    Ok(ended)
}

fn a_graceful_shutdown_says_farewell_to_who_is_idle<S: World, C: World>() {
    for way in Way::ALL {
        let trust = Trust::new();
        let server = Running::start::<S>(way, &trust);
        let ended = C::block_on(async {
            let conn = connect::<C>(server.address, way, 0, &trust).await.unwrap();
            sit(conn, || server.shutdown.trigger(Mode::Graceful { within: PATIENCE })).await.unwrap()
        });
        let Some((Reason::Dismissed { code, text }, lost)) = ended else { panic!("{way:?}: {ended:?}") };
        assert_eq!(code, Some(Code::SysTemp));
        assert_eq!((text.as_str(), lost), ("server is shutting down, nothing was deleted", 1));
        assert!(server.desks.recv_timeout(PATIENCE).expect("the session ends").removed.is_empty());
        let report = server.stop();
        assert_eq!((report.accepted, report.aborted, report.left), (1, 0, 0), "{way:?}");
    }
}

fn a_dead_port_is_told_as_such<C: World>() {
    // Bound, so that nobody else has it, and never listened on.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let dead = socket.local_addr().unwrap().as_socket().unwrap();
    let error = C::block_on(connect::<C>(dead, Way::Plain, 0, &Trust::new())).unwrap_err();
    let ConnectError::Connect { address, source } = error else { panic!("{error:?}") };
    assert_eq!((address, source.kind()), (dead.into(), ErrorKind::ConnectionRefused));
}

fn a_certificate_that_is_not_trusted_is_told_as_such<S: World, C: World>() {
    let server = Running::start::<S>(Way::Implicit, &Trust::new());
    let error = C::block_on(async {
        let conn = connect::<C>(server.address, Way::Implicit, 0, &Trust::new()).await.unwrap();
        fetch(conn, Way::Implicit.fetcher()).await.unwrap_err()
    });
    assert!(matches!(error, Error::Protocol(LayerError::Tls(_))), "{error:?}");
    let desk = server.desks.recv_timeout(PATIENCE).expect("the session ends");
    assert!(desk.who.is_none());
    assert_eq!(server.stop().accepted, 1);
}

/// The scenario for a server of one world and clients of the same or another.
macro_rules! scenario {
    ($($name:ident: $server:ident, $client:ident;)*) => {$(
        mod $name {
            use super::{$server as Serving, $client as Fetching};

            #[test]
            fn all_mail_comes_home() {
                super::all_mail_comes_home::<Serving, Fetching>();
            }

            #[test]
            fn a_graceful_shutdown_says_farewell_to_who_is_idle() {
                super::a_graceful_shutdown_says_farewell_to_who_is_idle::<Serving, Fetching>();
            }

            #[test]
            fn a_dead_port_is_told_as_such() {
                super::a_dead_port_is_told_as_such::<Fetching>();
            }

            #[test]
            fn a_certificate_that_is_not_trusted_is_told_as_such() {
                super::a_certificate_that_is_not_trusted_is_told_as_such::<Serving, Fetching>();
            }
        }
    )*};
}

scenario! {
    tokio_runtime: Tokio, Tokio;
    async_std_runtime: AsyncStd, AsyncStd;
    smol_runtime: Smol, Smol;
    threads: Blocking, Blocking;
    threads_against_tokio: Tokio, Blocking;
    tokio_against_threads: Blocking, Tokio;
    smol_against_tokio: Tokio, Smol;
}
