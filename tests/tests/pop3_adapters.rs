//! POP3 over real sockets on loopback: one scenario for tokio, async-std, smol and threads, and for peers of different runtimes.

#[allow(dead_code)]
mod worlds;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use pop3_proto::client::{Client, Config as ClientConfig, Event as ClientEvent, Login, Reason, TlsPolicy, Violation};
use pop3_proto::codec::{Code, MessageNumber};
use pop3_proto::server::{Server, Tls as ServerTls};
use wirestate_driver::{
    ConnectError, Connection, Connector, Control, Ending, Error, Info, Listener, Mode, Notice, Observer, Redial,
    Report, Shutdown, Step, Stream,
};
use wirestate_layers::{Error as LayerError, Tls};
use wirestate_sasl::client::Credentials;
use wirestate_tests::certificate::Trust;
use wirestate_tests::pop3::{Desk, PASSWORD, USER, on_the_wire, open_config};
use wirestate_tests::pop3_client::{Fetcher, Mail};
use wirestate_tests::talk::Application;
use worlds::{AsyncStd, PATIENCE, Running, Smol, Threads, Tokio, World};

/// How many sessions there are at once.
const SESSIONS: u8 = 20;

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
struct Post {
    running: Running<Tls<Server>>,
    desks: Receiver<Desk>,
}

impl Post {
    fn start<W: World>(way: Way, trust: &Trust) -> Self {
        let (over, desks) = channel();
        let (desk, trust, seed) = (way.desk(), trust.clone(), AtomicU8::new(0));
        let config = desk.config.clone();
        let factory = move |_: &Info, now| {
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
        let (listener, control) = (Listener::bind("127.0.0.1:0").unwrap(), Control::new(&Shutdown::new()));
        Post { running: Running::start::<W, _>(listener, control, factory, handler), desks }
    }

    fn stop(&self) -> Report {
        self.running.stop(Mode::Graceful { within: PATIENCE })
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
    W::connect(server, |_, now| trust.on_client(Client::new(config, [seed; 32], now))).await
}

fn all_mail_comes_home<S: World, C: World>() {
    for way in Way::ALL {
        let trust = Trust::new();
        let server = Post::start::<S>(way, &trust);
        let address = server.running.address;
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
        let server = Post::start::<S>(way, &trust);
        let ended = C::block_on(async {
            let conn = connect::<C>(server.running.address, way, 0, &trust).await.unwrap();
            sit(conn, || server.running.control.trigger(Mode::Graceful { within: PATIENCE })).await.unwrap()
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

fn a_certificate_that_is_not_trusted_is_the_connectors_failure<S: World, C: World>() {
    let server = Post::start::<S>(Way::Implicit, &Trust::new());
    let address = server.running.address;
    let error = C::block_on(connect::<C>(address, Way::Implicit, 0, &Trust::new())).unwrap_err();
    let ConnectError::Handshake { address: peer, ending, source } = error else { panic!("{error:?}") };
    assert_eq!((peer.tcp(), ending), (Some(address), Ending::Tls));
    let source: &Failure = source.downcast_ref().expect("the machine's own error");
    assert!(matches!(source, Error::Protocol(LayerError::Tls(_))), "{source:?}");
    let desk = server.desks.recv_timeout(PATIENCE).expect("the session ends");
    assert!(desk.who.is_none());
    assert_eq!(server.stop().accepted, 1);
}

fn a_certificate_that_is_not_trusted_is_tried_again_with_pauses<S: World, C: World>() {
    let (server, trust) = (Post::start::<S>(Way::Implicit, &Trust::new()), Trust::new());
    let (shutdown, mut redial) = (Shutdown::new(), Redial::new(Duration::from_millis(1), Duration::from_millis(8)));
    let (config, stop, mut tries) = (Way::Implicit.fetcher().config, shutdown.clone(), 0);
    let factory = |_: &Info, now| {
        tries += 1;
        if tries == 4 {
            stop.trigger(Mode::Now);
        }
        trust.on_client(Client::new(config.clone(), [0; 32], now))
    };
    let conn = C::block_on(C::reconnect(server.running.address, &mut redial, || 0, &shutdown, factory));
    assert!(conn.is_none());
    assert_eq!((redial.tries(), tries), (4, 4));
}

fn implicit_tls_is_there_when_the_connector_is_done<S: World, C: World>() {
    let trust = Trust::new();
    let server = Post::start::<S>(Way::Implicit, &trust);
    let (tell, told) = channel();
    let observer = Observer::new(move |notice| {
        let word = match notice {
            Notice::ConnectorOpened { .. } => "opened",
            Notice::Connected { .. } => "connected",
            Notice::Upgraded { .. } => "upgraded",
            Notice::Disconnected { .. } => "disconnected",
            _ => return,
        };
        tell.send(word).unwrap();
    });
    let connector = Connector::to(server.running.address).observe(observer);
    let config = Way::Implicit.fetcher().config;
    C::block_on(async {
        let made = C::connect(connector, |_, now| trust.on_client(Client::new(config, [0; 32], now))).await;
        let conn = made.unwrap();
        let stats = conn.handle().stats();
        assert!(stats.channel.tls && stats.tls.is_some());
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["opened", "connected"]);
        fetch(conn, Way::Implicit.fetcher()).await.unwrap();
    });
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["upgraded", "disconnected"]);
}

fn a_server_that_says_nothing_is_given_up_in_the_handshake<C: World>() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (trust, within) = (Trust::new(), Duration::from_millis(50));
    let connector = Connector::to(silent.local_addr().unwrap()).within(within);
    let config = Way::Implicit.fetcher().config;
    let made = C::connect(connector, |_, now| trust.on_client(Client::new(config, [0; 32], now)));
    let error = C::block_on(made).unwrap_err();
    assert!(matches!(error, ConnectError::Deadline { after, step: Step::Handshake } if after == within), "{error}");
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
            fn a_certificate_that_is_not_trusted_is_the_connectors_failure() {
                super::a_certificate_that_is_not_trusted_is_the_connectors_failure::<Serving, Fetching>();
            }

            #[test]
            fn a_certificate_that_is_not_trusted_is_tried_again_with_pauses() {
                super::a_certificate_that_is_not_trusted_is_tried_again_with_pauses::<Serving, Fetching>();
            }

            #[test]
            fn implicit_tls_is_there_when_the_connector_is_done() {
                super::implicit_tls_is_there_when_the_connector_is_done::<Serving, Fetching>();
            }

            #[test]
            fn a_server_that_says_nothing_is_given_up_in_the_handshake() {
                super::a_server_that_says_nothing_is_given_up_in_the_handshake::<Fetching>();
            }
        }
    )*};
}

scenario! {
    tokio_runtime: Tokio, Tokio;
    async_std_runtime: AsyncStd, AsyncStd;
    smol_runtime: Smol, Smol;
    threads: Threads, Threads;
    threads_against_tokio: Tokio, Threads;
    tokio_against_threads: Threads, Tokio;
    smol_against_tokio: Tokio, Smol;
}
