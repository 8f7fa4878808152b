//! Inputs that broke others, thrown at a POP3 server behind an adapter, over a pipe in memory and on tokio's paused clock. The names are the
//! rows of the list that they come from. H39, a storm of connections, and H40 are tested beside the adapters, on every runtime.

use std::future::Future;
use std::time::Duration;

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
use wirestate_tokio::{Address, Connection, Info, Options, Traffic, attach};

#[global_allocator]
static HEAP: Heap = Heap;

fn on_a_paused_clock<F: Future>(future: F) -> F::Output {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
}

fn over<M: Machine>(stream: DuplexStream, machine: impl FnOnce(Instant) -> M) -> Connection<M, DuplexStream> {
    attach(stream, Info::new(Address::Unknown, Address::Unknown), Options::new(), |_, now| machine(now))
}

/// Pulls until the end, and says how much went over.
async fn serve<M>(mut conn: Connection<M, DuplexStream>) -> Traffic
where
    M: Machine<Event = pop3_proto::server::Event>,
    M: std::ops::DerefMut<Target = Server>,
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
    let login = format!("USER {USER}\r\nPASS {PASSWORD}\r\n");
    let lines = "NOOP\r\n".repeat(4_000_000);
    let endless = "x".repeat(24_000_000);
    for (login, bomb) in [("", &endless), (&*login, &endless), ("", &lines), (&*login, &lines)] {
        let packed = miniz_oxide::deflate::compress_to_vec(format!("{login}{bomb}").as_bytes(), 9);
        assert!(packed.len() * 300 < bomb.len());
        let (traffic, usage) = Heap::measure(|| on_a_paused_clock(bombard(&packed)));
        assert!(usage.peak < 2 << 20, "{usage:?}");
        assert!(traffic.written < 10_000, "{traffic:?}");
    }
}

/// Sends all that is taken, reads nothing, and gives what the server makes of it.
async fn bombard(packed: &[u8]) -> Traffic {
    let (near, mut far) = duplex(4096);
    let compressed = |now| {
        let mut server = Deflate::new(Desk::default().server(now));
        server.compress(At::Now);
        server
    };
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
