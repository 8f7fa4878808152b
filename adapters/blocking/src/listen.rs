use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use wirestate_driver::{
    AcceptClass, Backoff, BindError, Clock, Group, Info, ListenerError, Member, Options, Report, Shutdown, Timer,
};
use wirestate_machine::{Instant, Machine};

use crate::connect::over_tcp;
use crate::wait::Alarm;
use crate::{Connection, Socket, block_on};

/// How long the knock at an accepting thread's door may take.
const KNOCK: Duration = Duration::from_millis(200);

/// Sockets that listen, and the options of the connections that come in over them.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<(TcpListener, SocketAddr)>,
    options: Options,
}

impl Listener {
    /// Listens on all addresses that `address` names: `"127.0.0.1:1110"`, `"localhost:0"`, or a slice of [`SocketAddr`]s. Port 0 lets the
    /// system choose; [`local_addrs`](Listener::local_addrs) says which.
    pub fn bind(address: impl ToSocketAddrs) -> Result<Self, BindError> {
        let mut sockets = Vec::new();
        for address in address.to_socket_addrs().map_err(BindError::Resolve)? {
            let bound = TcpListener::bind(address).and_then(|socket| {
                let local = socket.local_addr()?;
                Ok((socket, local))
            });
            sockets.push(bound.map_err(|source| BindError::Bind { address, source })?);
        }
        if sockets.is_empty() {
            return Err(BindError::NoAddress);
        }
        Ok(Listener { sockets, options: Options::default() })
    }

    /// Listens on a socket that was made elsewhere.
    pub fn from_socket(socket: TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(false)?;
        let local = socket.local_addr()?;
        Ok(Listener { sockets: vec![(socket, local)], options: Options::default() })
    }

    /// Sets the options of the connections to come.
    pub fn options(self, options: Options) -> Self {
        Listener { options, ..self }
    }

    /// Where it listens: one address for each socket, in the order in which they were named.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(|(_, local)| *local).collect()
    }

    /// Where it listens, first of all.
    pub fn local_addr(&self) -> SocketAddr {
        self.sockets[0].1
    }
}

/// Serves on `listeners`: puts a machine from `factory` on each connection that comes in, and runs `handler` on it in a thread of its own.
///
/// It ends when `shutdown` has been triggered, or all listeners have failed, and all handlers have ended. A handler that waits elsewhere
/// than on its connection cannot be cut off; after the shutdown's deadline its thread is left behind, and counted in [`Report::left`].
pub fn serve<M, F, H>(
    listeners: impl IntoIterator<Item = Listener>,
    factory: F,
    handler: H,
    shutdown: &Shutdown,
) -> Report
where
    M: Machine,
    F: Fn(&Info, Instant) -> M + Send + Sync + 'static,
    H: Fn(Connection<M>) + Send + Sync + 'static,
{
    run(listeners, factory, move |connection, _| handler(connection.into()), shutdown)
}

/// [`serve`] with a handler that is a future: the same that other runtimes take. Each runs in a thread of its own, too.
pub fn serve_async<M, F, H, T>(
    listeners: impl IntoIterator<Item = Listener>,
    factory: F,
    handler: H,
    shutdown: &Shutdown,
) -> Report
where
    M: Machine,
    F: Fn(&Info, Instant) -> M + Send + Sync + 'static,
    H: Fn(wirestate_driver::Connection<M, Socket>) -> T + Send + Sync + 'static,
    T: Future<Output = ()>,
{
    let handle = move |connection, member: &Member| {
        let mut task = pin!(handler(connection));
        block_on(poll_fn(|cx| match task.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => member.poll_aborted(cx),
        }));
    };
    run(listeners, factory, handle, shutdown)
}

fn run<M, F, H>(listeners: impl IntoIterator<Item = Listener>, factory: F, handle: H, shutdown: &Shutdown) -> Report
where
    M: Machine,
    F: Fn(&Info, Instant) -> M + Send + Sync + 'static,
    H: Fn(wirestate_driver::Connection<M, Socket>, &Member) + Send + Sync + 'static,
{
    let group = Group::new(shutdown);
    let doors = Group::new(shutdown);
    let clock = Clock::starting(Alarm.now());
    let session = Arc::new(move |socket: Socket, info: Info, options: Options, member: Arc<Member>| {
        let connection = wirestate_driver::Connection::open(socket, info, clock, options, &factory);
        handle(connection.with_member(member.clone()), &member);
    });
    let mut report = Report::default();
    let mut keepers = Vec::new();
    for listener in listeners {
        for (socket, local) in listener.sockets {
            let door = Door { socket, local, options: listener.options, group: group.clone() };
            let (session, open) = (session.clone(), doors.join());
            let keep = move || {
                let kept = door.keep(&session);
                drop(open);
                kept
            };
            match thread::Builder::new().name(format!("listener {local}")).spawn(keep) {
                Ok(thread) => keepers.push(Keeper { local, thread }),
                Err(source) => report.failed.push(ListenerError { address: local.into(), source }),
            }
        }
    }
    close_doors(&doors, &keepers);
    report.failed.extend(keepers.into_iter().filter_map(|keeper| keeper.thread.join().ok()?));
    block_on(group.drained(&mut Alarm));
    report.accepted = group.accepted();
    report.aborted = group.aborted();
    report.left = group.live();
    report
}

/// A thread that accepts. What it leaves behind is why, if not for a shutdown.
struct Keeper {
    local: SocketAddr,
    thread: JoinHandle<Option<ListenerError>>,
}

/// Waits for the shutdown, or for all listeners to fail, and then for the accepting threads to end.
fn close_doors(doors: &Group, keepers: &[Keeper]) {
    let mut backoff = Backoff::default();
    block_on(poll_fn(|cx| {
        doors.register(cx.waker());
        if doors.shutdown().is_triggered() || doors.live() == 0 { Poll::Ready(()) } else { Poll::Pending }
    }));
    while doors.live() > 0 {
        keepers.iter().filter(|keeper| !keeper.thread.is_finished()).for_each(Keeper::knock);
        let again = Alarm.now().checked_add(backoff.pause());
        block_on(poll_fn(|cx| {
            doors.register(cx.waker());
            if doors.live() == 0 { Poll::Ready(()) } else { Alarm.poll_until(cx, again) }
        }));
    }
}

impl Keeper {
    /// A thread that waits in accept can only be woken by somebody who comes in, and one that rests by the bell.
    fn knock(&self) {
        self.thread.thread().unpark();
        let ip = match self.local.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        // Should it fail, for want of descriptors as it may, the next knock comes soon.
        let _ = TcpStream::connect_timeout(&SocketAddr::new(ip, self.local.port()), KNOCK);
    }
}

struct Door {
    socket: TcpListener,
    local: SocketAddr,
    options: Options,
    group: Arc<Group>,
}

impl Door {
    /// Accepts until the shutdown, or until the socket fails.
    fn keep<S>(self, session: &Arc<S>) -> Option<ListenerError>
    where
        S: Fn(Socket, Info, Options, Arc<Member>) + Send + Sync + 'static,
    {
        let mut backoff = Backoff::default();
        loop {
            let accepted = self.socket.accept();
            if self.group.shutdown().is_triggered() {
                return None;
            }
            let started = accepted.and_then(|(stream, peer)| {
                // What fails here is this one connection.
                let Ok((socket, info)) = over_tcp(stream, peer) else { return Ok(()) };
                self.start(session.clone(), socket, info)
            });
            match started.as_ref().map_err(AcceptClass::of) {
                Ok(()) => backoff.reset(),
                Err(AcceptClass::Momentary) => {}
                Err(AcceptClass::Exhausted) => thread::park_timeout(backoff.pause()),
                Err(AcceptClass::Fatal) => {
                    return started.err().map(|source| ListenerError { address: self.local.into(), source });
                }
            }
        }
    }

    fn start<S>(&self, session: Arc<S>, socket: Socket, info: Info) -> io::Result<()>
    where
        S: Fn(Socket, Info, Options, Arc<Member>) + Send + Sync + 'static,
    {
        let (options, member) = (self.options, self.group.join());
        let name = format!("connection {}", info.id());
        let thread = thread::Builder::new().name(name).spawn(move || session(socket, info, options, member));
        // No thread to be had is a shortage like any other, whatever the system calls it.
        thread.map(drop).map_err(|_| io::ErrorKind::OutOfMemory.into())
    }
}
