use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant as Time};

use wirestate_machine::{Ending, Instant, Machine};

use crate::race::Race;
use crate::{
    Address, Clock, ConnectError, Connection, Info, Keepalive, Notice, Observer, Options, Redial, Shutdown, Step,
    Stream, Timer,
};

/// Where to connect to, and how.
///
/// It is made from `"pop.example.org:110"`, `("pop.example.org", 110)`, `"unix:/run/pop3"`, a [`SocketAddr`] or several:
///
/// ```
/// use std::time::Duration;
/// use wirestate_driver::Connector;
///
/// let connector = Connector::to("pop.example.org:110").within(Duration::from_secs(10));
/// ```
///
/// TLS is no matter of the connector's: the machine offers the upgrade before its first byte or at the protocol's command, and its TLS
/// layer takes it. But where a machine cannot begin before something lies between it and its peer, as it is with implicit TLS, the server is
/// not reached before [that](Machine::is_establishing): a handshake that fails is a failure of the connector's.
#[derive(Clone, Debug)]
pub struct Connector {
    target: Target,
    from: Option<IpAddr>,
    within: Duration,
    stagger: Duration,
    options: Options,
    observer: Option<Observer>,
}

#[derive(Clone, Debug)]
enum Target {
    /// A host and a port, as one text.
    Host(String),
    Addresses(Vec<SocketAddr>),
    Unix(PathBuf),
}

/// What a connector needs of its runtime: the time, a resolver, and sockets.
pub trait Dialer: Timer {
    /// What a connection is made of.
    type Stream: Stream;

    /// Resolves a host and a port, such as `localhost:110`.
    fn resolve(server: String) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static;

    /// Connects by TCP, from the address `from` if there is one.
    fn tcp(to: SocketAddr, from: Option<IpAddr>) -> impl Future<Output = io::Result<Self::Stream>> + Send + 'static;

    /// Connects to a Unix socket.
    fn unix(path: PathBuf) -> impl Future<Output = io::Result<Self::Stream>> + Send + 'static;

    /// This end of a connection.
    fn local(stream: &Self::Stream) -> Address;

    /// Switches TCP keepalive on; on other than TCP it does nothing.
    fn keep_alive(stream: &Self::Stream, keepalive: &Keepalive) -> io::Result<()>;
}

/// What a machine's own error has to be, so that a [`ConnectError`] can tell of it: any error that can be sent elsewhere.
pub trait Fault: std::error::Error + Send + Sync + 'static {}

impl<E: std::error::Error + Send + Sync + 'static> Fault for E {}

impl Connector {
    /// Connects to `server`.
    pub fn to(server: impl Into<Connector>) -> Self {
        server.into()
    }

    /// Connects to the Unix socket at `path`.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Connector::new(Target::Unix(path.into()))
    }

    fn new(target: Target) -> Self {
        Connector {
            target,
            from: None,
            within: Duration::from_secs(30),
            stagger: Duration::from_millis(250),
            options: Options::default(),
            observer: None,
        }
    }

    /// Connects from this address of this host. Addresses of the server that are of the other family are then left out.
    pub fn from_address(self, address: IpAddr) -> Self {
        Connector { from: Some(address), ..self }
    }

    /// Sets how long the connector tries, over all addresses, with resolving them and with the handshake of implicit TLS. Default 30 s.
    pub fn within(self, within: Duration) -> Self {
        Connector { within, ..self }
    }

    /// Sets how long one address is tried alone before the next one is tried beside it (RFC 8305 §5). Default 250 ms.
    pub fn stagger(self, stagger: Duration) -> Self {
        Connector { stagger, ..self }
    }

    /// Sets the connection's options.
    pub fn options(self, options: Options) -> Self {
        Connector { options, ..self }
    }

    /// Tells `observer` what comes of it, and what happens on the connection.
    pub fn observe(self, observer: Observer) -> Self {
        Connector { observer: Some(observer), ..self }
    }

    fn tell(&self, notice: &Notice<'_>) {
        if let Some(observer) = &self.observer {
            observer.tell(notice);
        }
    }
}

impl From<&str> for Connector {
    fn from(server: &str) -> Self {
        match server.strip_prefix("unix:") {
            Some(path) => Connector::unix(path),
            None => Connector::new(Target::Host(server.into())),
        }
    }
}

impl From<String> for Connector {
    fn from(server: String) -> Self {
        server.as_str().into()
    }
}

impl From<(&str, u16)> for Connector {
    fn from((host, port): (&str, u16)) -> Self {
        match host.parse::<IpAddr>() {
            Ok(ip) => SocketAddr::new(ip, port).into(),
            Err(_) => Connector::new(Target::Host(format!("{host}:{port}"))),
        }
    }
}

impl From<SocketAddr> for Connector {
    fn from(address: SocketAddr) -> Self {
        Connector::new(Target::Addresses(vec![address]))
    }
}

impl From<Vec<SocketAddr>> for Connector {
    fn from(addresses: Vec<SocketAddr>) -> Self {
        Connector::new(Target::Addresses(addresses))
    }
}

/// Connects to a server, and puts the machine that `factory` makes on the connection.
///
/// The addresses that a name resolves to are tried as RFC 8305 has it: families in turn, one beside the other where one alone takes long.
pub async fn connect<D: Dialer, M: Machine<Error: Fault>>(
    mut dialer: D,
    connector: impl Into<Connector>,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Result<Connection<M, D::Stream>, ConnectError> {
    attempt(&mut dialer, &connector.into(), factory).await
}

/// Connects to a server, however often that takes, with the pauses of `redial` in between; `random` gives their jitter. `None` comes
/// only of a shutdown. The connection is under that shutdown, too. Each try that comes as far as a handshake has a machine of its own.
///
/// To stay connected, call it again with the same `redial` when the connection has ended, and [`reset`](Redial::reset) that when a session
/// has gone well.
pub async fn reconnect<D: Dialer, M: Machine<Error: Fault> + 'static>(
    mut dialer: D,
    connector: impl Into<Connector>,
    redial: &mut Redial,
    mut random: impl FnMut() -> u64,
    shutdown: &Shutdown,
    mut factory: impl FnMut(&Info, Instant) -> M,
) -> Option<Connection<M, D::Stream>> {
    let connector = connector.into();
    let mut triggered = pin!(shutdown.triggered());
    // Asked first, for a try that is not made is not counted.
    while !shutdown.is_triggered() {
        let pause = redial.pause(random());
        let until = dialer.now().checked_add(pause);
        let over = poll_fn(|cx| match triggered.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(true),
            Poll::Pending => dialer.poll_until(cx, until).map(|()| false),
        });
        if over.await {
            return None;
        }
        let mut tried = pin!(attempt(&mut dialer, &connector, &mut factory));
        let tried = poll_fn(|cx| match triggered.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => tried.as_mut().poll(cx).map(Some),
        });
        match tried.await {
            None => return None,
            Some(Ok(connection)) => return Some(connection.enroll(shutdown)),
            Some(Err(_)) => {}
        }
    }
    None
}

/// One try, of which the observer is told.
async fn attempt<D: Dialer, M: Machine<Error: Fault>>(
    dialer: &mut D,
    connector: &Connector,
    factory: impl FnOnce(&Info, Instant) -> M,
) -> Result<Connection<M, D::Stream>, ConnectError> {
    let deadline = dialer.now().checked_add(connector.within);
    let tried = match dial(dialer, connector, deadline).await {
        Ok((stream, info)) => {
            let clock = Clock::starting(stream.now());
            let connection = Connection::open(stream, info, clock, connector.options, factory);
            establish(dialer, connector, deadline, connection).await
        }
        Err(error) => Err(error),
    };
    match tried {
        Ok(connection) => {
            connector.tell(&Notice::ConnectorOpened { info: connection.info() });
            Ok(match connector.observer.clone() {
                Some(observer) => connection.observe(observer),
                None => connection,
            })
        }
        Err(error) => {
            connector.tell(&Notice::ConnectorFailed { error: &error });
            Err(error)
        }
    }
}

/// Waits until the machine can begin.
async fn establish<M: Machine<Error: Fault>, S: Stream>(
    timer: &mut impl Timer,
    connector: &Connector,
    deadline: Option<Time>,
    mut connection: Connection<M, S>,
) -> Result<Connection<M, S>, ConnectError> {
    match before(timer, deadline, poll_fn(|cx| connection.poll_established(cx))).await {
        Some(Ok(())) => Ok(connection.unseen()),
        Some(Err(error)) => Err(ConnectError::Handshake {
            address: connection.info().peer().clone(),
            ending: connection.presence.ending.unwrap_or(Ending::PeerClosed),
            source: error.map_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof).into(), Into::into),
        }),
        None => Err(ConnectError::Deadline { after: connector.within, step: Step::Handshake }),
    }
}

async fn dial<D: Dialer>(
    dialer: &mut D,
    connector: &Connector,
    deadline: Option<Time>,
) -> Result<(D::Stream, Info), ConnectError> {
    let late = |step| ConnectError::Deadline { after: connector.within, step };
    let addresses = match &connector.target {
        Target::Addresses(addresses) => addresses.clone(),
        Target::Host(host) => {
            let resolved = before(dialer, deadline, D::resolve(host.clone())).await;
            resolved.ok_or_else(|| late(Step::Resolve))?.map_err(ConnectError::Resolve)?
        }
        Target::Unix(path) => {
            let address = Address::Unix(Some(path.clone()));
            let stream = before(dialer, deadline, D::unix(path.clone())).await.ok_or_else(|| late(Step::Connect))?;
            let stream = stream.map_err(|source| ConnectError::Connect { address: address.clone(), source })?;
            return Ok((stream, Info::new(address, Address::Unix(None))));
        }
    };
    let fits = |address: &SocketAddr| connector.from.is_none_or(|from| from.is_ipv4() == address.is_ipv4());
    let addresses = addresses.into_iter().filter(fits);
    let from = connector.from;
    let mut race = Race::new(addresses, connector.stagger, |to| D::tcp(to, from));
    match poll_fn(|cx| race.poll(cx, dialer, deadline)).await {
        Some(Ok((stream, peer))) => {
            let local = D::local(&stream);
            if let Some(keepalive) = &connector.options.keepalive {
                // It fails only on a connection that is already gone, which its first read will tell.
                let _ = D::keep_alive(&stream, keepalive);
            }
            Ok((stream, Info::new(peer, local)))
        }
        Some(Err((Some(address), source))) => Err(match connector.from {
            Some(from) if source.kind() == io::ErrorKind::AddrNotAvailable => {
                ConnectError::Bind { address: from, source }
            }
            _ => ConnectError::Connect { address: address.into(), source },
        }),
        Some(Err((None, _))) => Err(ConnectError::NoAddress),
        None => Err(late(Step::Connect)),
    }
}

/// What comes of `future`, if it comes before the deadline.
async fn before<F: Future>(timer: &mut impl Timer, deadline: Option<Time>, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => timer.poll_until(cx, deadline).map(|()| None),
    })
    .await
}
