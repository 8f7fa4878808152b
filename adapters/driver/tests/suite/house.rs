//! A server whose doors are watched: who came in by which, and what is told of them.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant as Time};

use wirestate_driver::{
    Address, Connection, Control, Info, Limits, Listener, ListenerId, Notice, Observer, Shutdown, Stream,
};

use super::harness::{PATIENCE, Server, World, read_to_end};
use super::toy::Toy;

/// A server that echoes lines.
pub(crate) struct House {
    pub(crate) server: Server,
    /// Each connection, when its machine has been made.
    pub(crate) visitors: Receiver<Info>,
    /// What is told of listeners and limits.
    pub(crate) news: Receiver<News>,
    /// The most connections that there have been at once.
    pub(crate) peak: Arc<AtomicUsize>,
}

/// What an observer is told of listeners and limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Opened(ListenerId, Address),
    Failed(ListenerId, Address, ErrorKind),
    Removed(ListenerId, Address),
    Rests(ListenerId),
    Paused(usize),
    Resumed,
    Refused(Address, String),
    Slowed(Option<Duration>),
    CaughtUp,
    Superseded,
}

impl News {
    fn of(notice: &Notice<'_>) -> Option<News> {
        Some(match notice {
            Notice::ListenerOpened { id, address } => News::Opened(*id, (*address).clone()),
            Notice::ListenerFailed { id, address, error } => News::Failed(*id, (*address).clone(), error.kind()),
            Notice::ListenerRemoved { id, address } => News::Removed(*id, (*address).clone()),
            Notice::ListenerRests { id, .. } => News::Rests(*id),
            Notice::AcceptPaused { connections } => News::Paused(*connections),
            Notice::AcceptResumed => News::Resumed,
            Notice::Refused { info, why } => News::Refused(info.peer().clone(), why.to_string()),
            Notice::AcceptSlowed { pause } => News::Slowed(*pause),
            Notice::AcceptCaughtUp => News::CaughtUp,
            Notice::Superseded => News::Superseded,
            _ => return None,
        })
    }
}

/// An observer that sends on what concerns listeners and limits.
pub(crate) fn reporter(to: Sender<News>) -> Observer {
    Observer::new(move |notice| {
        if let Some(news) = News::of(notice) {
            // A test that has seen enough does not listen any more.
            let _ = to.send(news);
        }
    })
}

impl House {
    /// A server with these doors, which are open.
    pub(crate) fn open<W: World>(listeners: Vec<Listener>, limits: Limits) -> Self {
        let doors: usize = listeners.iter().map(|listener| listener.ids().len()).sum();
        let house = House::build::<W>(Control::new(&Shutdown::new()).limits(limits), listeners);
        for _ in 0..doors {
            assert!(matches!(house.hear(), News::Opened(..)));
        }
        house
    }

    pub(crate) fn build<W: World>(control: Control<Toy>, listeners: Vec<Listener>) -> Self {
        let (tell, news) = channel();
        let (enter, visitors) = channel();
        let (live, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let most = peak.clone();
        let handler = move |conn: Connection<Toy, W::Stream>| visit(conn, enter.clone(), live.clone(), most.clone());
        let control = control.observe(reporter(tell));
        let server = Server::steered::<W, _>(control, listeners, |_, now| Toy::new(now), handler);
        House { server, visitors, news, peak }
    }

    pub(crate) fn control(&self) -> &Control<Toy> {
        &self.server.control
    }

    pub(crate) fn visitor(&self) -> Info {
        self.visitors.recv_timeout(PATIENCE).expect("somebody comes in")
    }

    pub(crate) fn hear(&self) -> News {
        self.news.recv_timeout(PATIENCE).expect("there are news")
    }

    /// A client from 127.0.0.`last`, connected.
    pub(crate) fn client_from(&self, last: u8) -> TcpStream {
        client_from(last, self.server.address())
    }

    /// A client from 127.0.0.`last`, and that it is served.
    pub(crate) fn guest_from(&self, last: u8) -> TcpStream {
        let mut client = self.client_from(last);
        is_served(&mut client);
        client
    }

    pub(crate) fn guest(&self) -> TcpStream {
        self.guest_from(1)
    }

    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }
}

async fn visit<S: Stream>(
    conn: Connection<Toy, S>,
    enter: Sender<Info>,
    live: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
) {
    most.fetch_max(live.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    let _ = enter.send(conn.info().clone());
    // Counted off before the connection gives its seat back.
    let mut conn = conn;
    while let Ok(Some((ticket, line))) = conn.try_next().await {
        conn.machine().answer(ticket, &line);
    }
    live.fetch_sub(1, Ordering::SeqCst);
}

pub(crate) fn client_from(last: u8, to: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let client = TcpStream::from(socket);
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.set_write_timeout(Some(PATIENCE)).unwrap();
    client
}

pub(crate) fn is_served(client: &mut (impl Read + Write)) {
    client.write_all(b"here\r\n").unwrap();
    let mut answer = [0; 6];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"here\r\n");
}

/// Nothing has come for `client`, which is neither served nor refused.
pub(crate) fn is_left_waiting(client: &TcpStream) -> bool {
    client.set_nonblocking(true).unwrap();
    let waits = client.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    client.set_nonblocking(false).unwrap();
    waits
}

/// `client` is turned away without a word. A reset says so as well as an end.
pub(crate) fn is_turned_away(client: &mut TcpStream) {
    let mut said = Vec::new();
    if let Err(error) = client.read_to_end(&mut said) {
        assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    }
    assert!(said.is_empty(), "{said:?}");
}

/// Says goodbye, and waits until the server has said it, too.
pub(crate) fn leave(mut client: TcpStream) {
    client.write_all(b"quit\r\n").unwrap();
    assert_eq!(read_to_end(&mut client), "bye\r\n");
}

/// Waits for what no notice tells.
pub(crate) fn until(so: impl Fn() -> bool) {
    let start = Time::now();
    while !so() {
        assert!(start.elapsed() < PATIENCE, "it does not come to that");
        thread::yield_now();
    }
}

/// A path that nothing is at.
pub(crate) fn fresh_path() -> PathBuf {
    static LAST: AtomicUsize = AtomicUsize::new(0);
    let name = format!("wirestate-{}-{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(name)
}
