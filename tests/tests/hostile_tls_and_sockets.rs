//! Inputs that broke others, thrown at the TLS layer and at the sockets beneath a POP3 server. The names are the rows of the list that they
//! come from. What concerns compression (H34, H35) is tested beside the layer, and accept errors (H39) beside the driver too.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Buf;
use pop3_proto::server::{Server, Tls as ServerTls};
use rustls::ClientConnection;
use rustls::pki_types::ServerName;
use wirestate_blocking::{Listener, Mode, Shutdown, serve};
use wirestate_layers::Tls;
use wirestate_layers::tls::HANDSHAKE_PATIENCE;
use wirestate_machine::{Instant, Machine};
use wirestate_testing::Heap;
use wirestate_tests::certificate::Trust;
use wirestate_tests::pop3::{Desk, open_config};

#[global_allocator]
static HEAP: Heap = Heap;

fn implicit(trust: &Trust) -> Tls<Server> {
    let mut config = open_config();
    config.tls = ServerTls::Implicit;
    trust.on_server(Desk::new(config).server(Instant::START))
}

/// What a client that asks for `name` says first.
fn hello(trust: &Trust, name: &str) -> Vec<u8> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::clone(&trust.client), name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
}

fn settle(server: &mut Tls<Server>, now: Instant) {
    while let Ok(Some(_)) = server.poll(now) {}
}

/// H38: half a TLS hello, and then nothing: the handshake has a deadline of its own, long before that of the login.
#[test]
fn h38_half_a_hello() {
    let trust = Trust::new();
    let hello = hello(&trust, "mail.example");
    let mut server = implicit(&trust);
    settle(&mut server, Instant::START);
    server.inbox().push(&hello[..hello.len() / 2]);
    settle(&mut server, Instant::START);
    let deadline = server.deadline().unwrap();
    assert_eq!(deadline, Instant::START + HANDSHAKE_PATIENCE);
    settle(&mut server, deadline);
    assert!(server.is_closed());
    // Nothing is said in the clear where TLS is spoken; an alert may be.
    const ALERT: u8 = 0x15;
    assert!(matches!(server.outbox().chunk().first(), None | Some(&ALERT)));
}

/// H18: plain POP3 and HTTP where TLS is spoken.
#[test]
fn h18_plain_text_on_a_tls_port() {
    let trust = Trust::new();
    for request in [&b"USER ann\r\n"[..], b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\0\0\0\0\0"] {
        let mut server = implicit(&trust);
        settle(&mut server, Instant::START);
        server.inbox().push(request);
        let outcome = loop {
            match server.poll(Instant::START) {
                Ok(Some(_)) => {}
                other => break other.map(|_| ()),
            }
        };
        assert!(outcome.is_err() && server.is_closed(), "{request:?}");
        assert!(!server.outbox().chunk().starts_with(b"+OK"));
    }
}

/// H40: random server names made a server keep state for each (Dovecot CVE-2017-15130).
#[test]
fn h40_random_server_names() {
    let trust = Trust::new();
    let hellos: Vec<_> = (0..200).map(|number| hello(&trust, &format!("x{number}.example"))).collect();
    let greet = |hello: &[u8]| {
        let mut server = implicit(&trust);
        settle(&mut server, Instant::START);
        server.inbox().push(hello);
        settle(&mut server, Instant::START);
        assert!(!server.outbox().is_empty());
    };
    // What is set up once for all is no state of a name.
    greet(&hellos[0]);
    let (_, usage) = Heap::measure(|| hellos.iter().for_each(|hello| greet(hello)));
    assert!(usage.live.abs() < 4096, "{usage:?}");
}

/// H39: a storm of connections that are dropped at once; the server goes on.
#[test]
fn h39_a_storm_of_connections() {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr();
    let (desk, shutdown) = (Desk::default(), Shutdown::new());
    let server = thread::spawn({
        let shutdown = shutdown.clone();
        move || {
            let session = |mut conn: wirestate_blocking::Connection<Server>| while let Ok(Some(_)) = conn.try_next() {};
            serve([listener], move |_, now| desk.server(now), session, &shutdown)
        }
    });
    for round in 0..500 {
        let mut stream = TcpStream::connect(address).unwrap();
        if round % 2 == 0 {
            stream.write_all(b"CAPA\r\nUSER a").unwrap();
        }
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"QUIT\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.ends_with("+OK goodbye\r\n"), "{said}");
    shutdown.trigger(Mode::Graceful { within: Duration::from_secs(30) });
    let report = server.join().unwrap();
    assert_eq!((report.accepted, report.left), (501, 0));
}
