//! Inputs that broke others, thrown at a POP3 server behind an adapter: with the limits that it has by default on tokio's paused clock, over a
//! pipe in memory; and with short ones over sockets, on every runtime. The names are the rows of the list that they come from. H39, a storm
//! of connections, and H40 are tested beside the adapters.

#[allow(dead_code)]
mod worlds;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown as Side, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant as StdTime};

use pop3_proto::server::{Limits, Server, Tls as ServerTls};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::Builder;
use tokio::time::{Instant as Time, sleep, timeout};
use wirestate_layers::deflate::At;
use wirestate_layers::tls::HANDSHAKE_PATIENCE;
use wirestate_layers::{Deflate, Tls};
use wirestate_machine::{Instant, Machine};
use wirestate_testing::Heap;
use wirestate_tests::certificate::Trust;
use wirestate_tests::pop3::{Desk, PASSWORD, USER, open_config};
use wirestate_tests::talk::Application;
use wirestate_tokio::{
    Address, Connection, Connector, Control, Info, Listener, Mode, Options, Shutdown, Stream, Traffic, attach,
};
use worlds::{PATIENCE, Running, World, in_all_worlds};

#[global_allocator]
static HEAP: Heap = Heap;

fn on_a_paused_clock<F: Future>(future: F) -> F::Output {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
}

fn over<M: Machine>(stream: DuplexStream, machine: impl FnOnce(Instant) -> M) -> Connection<M, DuplexStream> {
    attach(stream, Info::new(Address::Unknown, Address::Unknown), Options::new(), |_, now| machine(now))
}

/// Pulls until the end, and says how much went over.
async fn serve<M, S>(mut conn: wirestate_driver::Connection<M, S>) -> Traffic
where
    M: Machine<Event = pop3_proto::server::Event>,
    M: std::ops::DerefMut<Target = Server>,
    S: Stream,
{
    let mut desk = Desk::default();
    while let Some(next) = conn.next().await {
        if let Ok(event) = next {
            desk.answer(conn.machine(), event).unwrap();
        }
    }
    conn.traffic()
}

/// Sends `bytes` one at a time, each after a pause, until the server hangs up; and says how long that took.
async fn trickle(mut client: DuplexStream, bytes: &[u8], pause: Duration) -> (Duration, Vec<u8>) {
    let (start, mut said) = (Time::now(), Vec::new());
    for byte in bytes.iter().cycle() {
        if client.write_all(&[*byte]).await.is_err() {
            break;
        }
        if let Ok(Ok(0)) = timeout(pause, client.read_buf(&mut said)).await {
            break;
        }
    }
    (start.elapsed(), said)
}

/// H38: a byte every twenty seconds, always a beginning and never a login: the deadline is one for all of it.
#[test]
fn h38_a_byte_at_a_time_before_login() {
    on_a_paused_clock(async {
        let limit = Limits::default().login_time;
        for script in [&b"USER ann\r\n"[..], b"CAPA\r\n", b"AUTH PLAIN\r\n*\r\n", b"x"] {
            let (near, far) = duplex(4096);
            let session = tokio::spawn(serve(over(near, |now| Tls::without(Desk::default().server(now)))));
            let (took, _) = trickle(far, script, Duration::from_secs(20)).await;
            // The linger at the end is no part of it.
            assert!(took <= limit + Duration::from_secs(22), "{took:?}");
            session.await.unwrap();
        }
    });
}

/// H38: who is silent, or says half a hello, or that byte by byte, is given up when the handshake's time is over.
#[test]
fn h38_a_hello_that_never_ends() {
    let trust = Trust::new();
    let name = ServerName::try_from("mail.example").unwrap();
    let mut hello = Vec::new();
    ClientConnection::new(trust.client.clone(), name).unwrap().write_tls(&mut hello).unwrap();
    on_a_paused_clock(async {
        let implicit = |now| {
            let mut config = open_config();
            config.tls = ServerTls::Implicit;
            trust.on_server(Desk::new(config).server(now))
        };
        for beginning in [&hello[..0], &hello[..hello.len() / 2]] {
            let (near, mut far) = duplex(4096);
            let session = tokio::spawn(serve(over(near, implicit)));
            far.write_all(beginning).await.unwrap();
            let (start, mut said) = (Time::now(), Vec::new());
            far.read_to_end(&mut said).await.unwrap();
            assert_eq!(start.elapsed().as_secs(), HANDSHAKE_PATIENCE.as_secs());
            drop(far);
            session.await.unwrap();
        }
        let (near, far) = duplex(4096);
        let session = tokio::spawn(serve(over(near, implicit)));
        let (took, said) = trickle(far, &hello, Duration::from_secs(1)).await;
        assert!(took <= HANDSHAKE_PATIENCE + Duration::from_secs(3), "{took:?}");
        assert!(!said.starts_with(b"+OK"));
        session.await.unwrap();
    });
}

/// H34: what unpacks to a thousand times its size meets the server's own limits before and after login, and takes no memory.
#[test]
fn h34_a_compression_bomb() {
    for packed in bombs(24_000_000) {
        let (traffic, usage) = Heap::measure(|| on_a_paused_clock(bombard(&packed)));
        assert!(usage.peak < 2 << 20, "{usage:?}");
        assert!(traffic.written < 10_000, "{traffic:?}");
    }
}

/// Before and after login: lines without number, and one without end.
fn bombs(size: usize) -> Vec<Vec<u8>> {
    let login = format!("USER {USER}\r\nPASS {PASSWORD}\r\n");
    let (lines, endless) = ("NOOP\r\n".repeat(size / 6), "x".repeat(size));
    let bombs = [("", &endless), (&*login, &endless), ("", &lines), (&*login, &lines)];
    let pack = |(login, bomb): (&str, &String)| {
        let packed = miniz_oxide::deflate::compress_to_vec(format!("{login}{bomb}").as_bytes(), 9);
        assert!(packed.len() * 300 < bomb.len());
        packed
    };
    bombs.map(pack).into()
}

/// Sends all that is taken, reads nothing, and gives what the server makes of it.
async fn bombard(packed: &[u8]) -> Traffic {
    let (near, mut far) = duplex(4096);
    let session = tokio::spawn(serve(over(near, compressed)));
    for piece in packed.chunks(1000) {
        // Who reads nothing is not served for ever.
        if !matches!(timeout(Duration::from_secs(600), far.write_all(piece)).await, Ok(Ok(()))) {
            break;
        }
    }
    sleep(Duration::from_secs(1)).await;
    drop(far);
    session.await.unwrap()
}

fn compressed(now: Instant) -> Deflate<Server> {
    let mut server = Deflate::new(Desk::default().server(now));
    server.compress(At::Now);
    server
}

// --- over sockets, on every runtime ---

/// What takes this long has met its limit, which is shorter by far.
const SOON: Duration = Duration::from_millis(150);

/// A server whose sessions are these machines.
fn server<W: World, M>(machine: impl Fn(Instant) -> M + Send + Sync + 'static) -> Running<M>
where
    M: Machine<Event = pop3_proto::server::Event, Error: Send> + std::ops::DerefMut<Target = Server> + Send + 'static,
{
    let listener = Listener::bind("127.0.0.1:0").unwrap().options(Options::new().linger(SOON, 1024));
    let control = Control::new(&Shutdown::new());
    Running::start::<W, _>(
        listener,
        control,
        move |_, now| machine(now),
        |conn| async {
            serve(conn).await;
        },
    )
}

/// Says a byte as often as it may, until the server hangs up; gives how many it said and how long that took.
fn drip(to: &Running<impl Machine + Send + 'static>, bytes: &[u8]) -> (usize, Duration) {
    let start = StdTime::now();
    let mut client = TcpStream::connect(to.address).unwrap();
    client.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let mut said = 0;
    for byte in bytes.iter().cycle() {
        if client.write_all(&[*byte]).is_err() {
            break;
        }
        said += 1;
        match client.read(&mut [0; 256]) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
        assert!(start.elapsed() < PATIENCE, "it goes on for ever");
    }
    (said, start.elapsed())
}

/// H38: always a beginning, never a login.
fn h38_who_is_slow_before_login_is_given_up<W: World>() {
    let server = server::<W, _>(|now| {
        let mut config = open_config();
        config.limits.login_time = SOON;
        Tls::without(Desk::new(config).server(now))
    });
    for script in [&b"USER ann\r\n"[..], b"CAPA\r\n", b"AUTH PLAIN\r\n*\r\n", b"x"] {
        let (said, took) = drip(&server, script);
        assert!(said > 3 && took >= SOON, "{said} bytes in {took:?}");
    }
    assert_eq!(server.stop(Mode::Graceful { within: PATIENCE }).aborted, 0);
}

/// H38: silent, half a hello, or that byte by byte.
fn h38_who_is_slow_with_a_hello_is_given_up<W: World>() {
    let trust = Trust::new();
    let mut hello = Vec::new();
    let name = ServerName::try_from("mail.example").unwrap();
    ClientConnection::new(trust.client.clone(), name).unwrap().write_tls(&mut hello).unwrap();
    let server = server::<W, _>(move |now| {
        let mut config = open_config();
        config.tls = ServerTls::Implicit;
        trust.on_server(Desk::new(config).server(now)).with_handshake_patience(SOON)
    });
    for beginning in [&hello[..0], &hello[..hello.len() / 2]] {
        let start = StdTime::now();
        let mut client = TcpStream::connect(server.address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.write_all(beginning).unwrap();
        let mut said = Vec::new();
        client.read_to_end(&mut said).unwrap();
        assert!(start.elapsed() >= SOON && !said.starts_with(b"+OK"));
    }
    let (said, took) = drip(&server, &hello);
    assert!((4..hello.len()).contains(&said) && took >= SOON, "{said} bytes in {took:?}");
    assert_eq!(server.stop(Mode::Graceful { within: PATIENCE }).aborted, 0);
}

/// H34: the server's session lies on a connection that this thread has made, whose memory is measured.
fn h34_a_compression_bomb_takes_no_memory<W: World>() {
    let options = Options::new().stall(SOON).linger(SOON, 1024);
    for packed in bombs(6_000_000) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (over, is_over) = channel();
        let bomber = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // Who throws bombs reads nothing, and may be hung up on.
            let _ = stream.write_all(&packed);
            let _ = stream.shutdown(Side::Write);
            is_over.recv_timeout(PATIENCE).unwrap();
        });
        let (traffic, usage) = Heap::measure(|| {
            W::block_on(async {
                let connector = Connector::to(address).options(options);
                serve(W::connect(connector, |_, now| compressed(now)).await.unwrap()).await
            })
        });
        over.send(()).unwrap();
        bomber.join().unwrap();
        assert!(traffic.read > 1000 && usage.peak < 2 << 20, "{traffic:?} {usage:?}");
    }
}

in_all_worlds! {
    h38_who_is_slow_before_login_is_given_up
    h38_who_is_slow_with_a_hello_is_given_up
    h34_a_compression_bomb_takes_no_memory
}
