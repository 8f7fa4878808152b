//! Layers under the driver, over real sockets: compression switched on and off by handles, TLS, and what is told of both.

#[path = "../../adapters/driver/tests/suite/notes.rs"]
#[allow(dead_code)]
mod notes;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use notes::Notes;
use wirestate_blocking::{
    Connection, Connector, Control, Handle, Info, Listener, Mode, Report, Shutdown, connect, serve,
};
use wirestate_layers::deflate::{At, Format};
use wirestate_layers::{Deflate, Tls};
use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
use wirestate_tests::certificate::Trust;

/// Nothing here waits this long, unless it is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lines both ways, after TLS if that is wanted, of which the first event then tells.
struct Link {
    inbox: Inbox,
    outbox: Outbox,
    wants_tls: bool,
    has_tls: bool,
}

impl Link {
    fn new(wants_tls: bool) -> Self {
        Link { inbox: Inbox::new(16 * 1024), outbox: Outbox::new(), wants_tls, has_tls: false }
    }

    fn say(&mut self, line: &str) {
        self.outbox.put(line.as_bytes());
        self.outbox.put(b"\r\n");
    }
}

impl Machine for Link {
    type Event = Bytes;
    type Error = std::convert::Infallible;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, _now: Instant) -> Result<Option<Bytes>, Self::Error> {
        if self.wants_tls {
            return Ok(None);
        }
        if std::mem::take(&mut self.has_tls) {
            return Ok(Some(Bytes::from_static(b"TLS")));
        }
        Ok(self.inbox.find_lf().map(|end| self.inbox.take(end + 1).slice(..end - 1)))
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        (self.wants_tls && self.inbox.is_empty() && self.outbox.is_empty()).then_some(Upgrade::Tls)
    }

    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {
        self.wants_tls = false;
        self.has_tls = true;
    }

    fn is_closed(&self) -> bool {
        self.inbox.is_closed() && !self.inbox.bytes().contains(&b'\n')
    }
}

/// TLS where it is wanted, and compression inside of it.
type Layered = Tls<Deflate<Link>>;

fn deflated(wants_tls: bool) -> Deflate<Link> {
    Deflate::new(Link::new(wants_tls)).with_format(Format::Zlib)
}

/// A server that echoes lines, and compresses between `SWITCH` and `BACK`.
struct Server {
    address: SocketAddr,
    control: Control<Layered>,
    report: Receiver<Report>,
    notes: Notes,
}

impl Server {
    fn start(trust: Option<&Trust>) -> Self {
        let (observer, notes) = Notes::new();
        let control = Control::new(&Shutdown::new()).observe(observer);
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        let (address, trust, steer) = (listener.local_addr(), trust.cloned(), control.clone());
        let factory = move |_: &Info, _: Instant| match &trust {
            Some(trust) => trust.on_server(deflated(true)),
            None => Tls::without(deflated(false)),
        };
        let (done, report) = channel();
        thread::spawn(move || done.send(serve([listener], factory, session, &steer)));
        Server { address, control, report, notes }
    }

    fn handle(&self) -> Handle<Layered> {
        self.control.handles().pop().expect("a connection")
    }

    fn stop(self) -> Report {
        self.control.trigger(Mode::Graceful { within: PATIENCE });
        self.report.recv_timeout(PATIENCE).expect("the server ends")
    }
}

fn session(mut conn: Connection<Layered>) {
    while let Ok(Some(line)) = conn.try_next() {
        let machine = conn.machine();
        match &line[..] {
            b"SWITCH" => {
                machine.say("ON");
                machine.compress(At::NextFlush);
            }
            b"BACK" => {
                machine.say("OFF");
                machine.decompress();
            }
            b"TLS" => {}
            _ => machine.say(std::str::from_utf8(&line).unwrap()),
        }
    }
}

fn client(server: &Server, trust: Option<&Trust>) -> (Connection<Layered>, Notes) {
    let (observer, notes) = Notes::new();
    let connector = Connector::to(server.address).observe(observer);
    let conn = connect(connector, |_, _| match trust {
        Some(trust) => trust.on_client(deflated(true)),
        None => Tls::without(deflated(false)),
    });
    (conn.unwrap(), notes)
}

fn next(conn: &mut Connection<Layered>) -> String {
    let line = conn.try_next().unwrap().expect("a line");
    String::from_utf8(line.to_vec()).unwrap()
}

/// Says the same line many times, and reads the echo.
fn chat(conn: &mut Connection<Layered>) {
    let line = "the same words again and again ".repeat(10);
    for _ in 0..100 {
        conn.machine().say(&line);
    }
    for _ in 0..100 {
        assert_eq!(next(conn), line);
    }
}

/// Begins to compress at both ends, told by the client's handle.
fn switch_on(conn: &mut Connection<Layered>, at: At) {
    let handle = conn.handle();
    match at {
        At::NextFlush => handle.tell(|link| {
            link.say("SWITCH");
            link.compress_output(At::NextFlush);
        }),
        At::Now => {
            handle.tell(|link| link.say("SWITCH")).unwrap();
            // Nothing may wait when output is compressed as it is.
            conn.flush().unwrap();
            handle.tell(|link| link.compress_output(At::Now))
        }
    }
    .unwrap();
    assert_eq!(next(conn), "ON");
    conn.machine().compress_input();
}

fn switch_off(conn: &mut Connection<Layered>) {
    conn.handle()
        .tell(|link| {
            link.say("BACK");
            link.decompress();
        })
        .unwrap();
    assert_eq!(next(conn), "OFF");
}

fn compression_comes_and_goes(server: &Server, conn: &mut Connection<Layered>, notes: &Notes) {
    let seat = server.handle();
    for at in [At::NextFlush, At::Now] {
        let before = (conn.traffic(), seat.stats().traffic);
        assert!(seat.stats().channel.deflate.is_none());
        switch_on(conn, at);
        chat(conn);
        assert_eq!(notes.until("compressed").iter().filter(|note| note.contains("compressed")).count(), 1);
        assert_eq!(server.notes.until("compressed").iter().filter(|note| note.contains("compressed")).count(), 1);
        for (stats, before) in [(conn.handle().stats(), before.0), (seat.stats(), before.1)] {
            let deflation = stats.channel.deflate.expect("it is compressed");
            assert!(deflation.ratio() < 0.3, "{deflation:?}");
            assert!(deflation.plain_in > 31_000 || deflation.plain_out > 31_000, "{deflation:?}");
            let wire = (stats.traffic.read - before.read) + (stats.traffic.written - before.written);
            assert!(wire < 30_000, "{wire} bytes for 62,000, {at:?}");
        }
        switch_off(conn);
        // A whole round later, both ends have seen the end of both streams.
        for text in ["plain", "again"] {
            conn.machine().say(text);
            assert_eq!(next(conn), text);
        }
        notes.until("not compressed");
        server.notes.until("not compressed");
        assert!(conn.handle().stats().channel.deflate.is_none() && seat.stats().channel.deflate.is_none());
    }
}

#[test]
fn handles_switch_compression_on_and_off() {
    let server = Server::start(None);
    let (mut conn, notes) = client(&server, None);
    conn.machine().say("hello");
    assert_eq!(next(&mut conn), "hello");
    assert!(!conn.handle().stats().channel.tls && conn.handle().stats().tls.is_none());
    compression_comes_and_goes(&server, &mut conn, &notes);
    drop(conn);
    assert_eq!(server.stop().aborted, 0);
}

#[test]
fn tls_is_told_once_and_compression_goes_inside_of_it() {
    let trust = Trust::new();
    let server = Server::start(Some(&trust));
    let (mut conn, notes) = client(&server, Some(&trust));
    assert_eq!(next(&mut conn), "TLS");
    for line in ["hello", "again"] {
        conn.machine().say(line);
        assert_eq!(next(&mut conn), line);
    }
    for (notes, handle) in [(&notes, conn.handle()), (&server.notes, server.handle())] {
        let told = notes.until("upgraded");
        assert!(told.contains(&"connected".to_owned()), "{told:?}");
        let (stats, told) = (handle.stats(), notes.so_far());
        assert!(!told.contains(&"upgraded".to_owned()), "{told:?}");
        assert!(stats.channel.tls);
        let facts = stats.tls.expect("facts");
        assert_eq!((facts.version, facts.alpn.as_deref()), (Some("TLSv1.3"), Some(&b"pop3"[..])));
    }
    compression_comes_and_goes(&server, &mut conn, &notes);
    drop(conn);
    server.notes.until("disconnected: closed by the peer");
    assert_eq!(server.stop().aborted, 0);
}

#[test]
fn what_is_no_tls_is_told_as_its_failure() {
    let server = Server::start(Some(&Trust::new()));
    let mut browser = TcpStream::connect(server.address).unwrap();
    browser.write_all(b"GET / HTTP/1.1\r\nHost: mail.example\r\n\r\n").unwrap();
    let _ = browser.read_to_end(&mut Vec::new());
    drop(browser);
    let told = server.notes.until("disconnected: TLS failure");
    assert!(!told.contains(&"upgraded".to_owned()), "{told:?}");
}

#[test]
fn a_certificate_that_nobody_trusts_is_told_by_both_ends() {
    let server = Server::start(Some(&Trust::new()));
    let (mut conn, notes) = client(&server, Some(&Trust::new()));
    assert!(conn.try_next().is_err());
    drop(conn);
    notes.until("disconnected: TLS failure");
    server.notes.until("disconnected: TLS failure");
}

#[test]
fn what_is_no_compressed_stream_is_told_as_a_violation() {
    let server = Server::start(None);
    let mut peer = TcpStream::connect(server.address).unwrap();
    peer.write_all(b"SWITCH\r\nthis is not compressed\r\n").unwrap();
    let mut said = Vec::new();
    let _ = peer.read_to_end(&mut said);
    assert!(said.starts_with(b"ON\r\n"));
    drop(peer);
    let told = server.notes.until("disconnected: violation of the protocol");
    assert!(told.contains(&"connected".to_owned()), "{told:?}");
}
