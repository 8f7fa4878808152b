//! Layers under the driver, over real sockets: compression switched on and off by handles, TLS, and what is told of both.

#[path = "../../adapters/driver/tests/suite/notes.rs"]
#[allow(dead_code)]
mod notes;
#[allow(dead_code)]
mod worlds;

use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::Bytes;
use notes::Notes;
use wirestate_driver::{
    ConnectError, Connection, Connector, Control, Ending, Handle, Info, Listener, Mode, Report, Shutdown, Stream,
};
use wirestate_layers::deflate::{At, Format};
use wirestate_layers::{Deflate, Tls};
use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
use wirestate_tests::certificate::Trust;
use worlds::{PATIENCE, Running, World, in_all_worlds};

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
    running: Running<Layered>,
    notes: Notes,
}

impl Server {
    fn start<W: World>(trust: Option<&Trust>) -> Self {
        let (observer, notes) = Notes::new();
        let control = Control::new(&Shutdown::new()).observe(observer);
        let trust = trust.cloned();
        let factory = move |_: &Info, _: Instant| match &trust {
            Some(trust) => trust.on_server(deflated(true)),
            None => Tls::without(deflated(false)),
        };
        let listener = Listener::bind("127.0.0.1:0").unwrap();
        Server { running: Running::start::<W, _>(listener, control, factory, session), notes }
    }

    fn handle(&self) -> Handle<Layered> {
        self.running.control.handles().pop().expect("a connection")
    }

    fn stop(self) -> Report {
        self.running.stop(Mode::Graceful { within: PATIENCE })
    }
}

async fn session<S: Stream>(mut conn: Connection<Layered, S>) {
    while let Ok(Some(line)) = conn.try_next().await {
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

async fn client<W: World>(server: &Server, trust: Option<&Trust>) -> (Connection<Layered, W::Stream>, Notes) {
    let (conn, notes) = reach::<W>(server, trust).await;
    (conn.unwrap(), notes)
}

type Reached<W> = Result<Connection<Layered, <W as World>::Stream>, ConnectError>;

async fn reach<W: World>(server: &Server, trust: Option<&Trust>) -> (Reached<W>, Notes) {
    let (observer, notes) = Notes::new();
    let connector = Connector::to(server.running.address).observe(observer);
    let conn = W::connect(connector, |_, _| match trust {
        Some(trust) => trust.on_client(deflated(true)),
        None => Tls::without(deflated(false)),
    });
    (conn.await, notes)
}

async fn next(conn: &mut Connection<Layered, impl Stream>) -> String {
    let line = conn.try_next().await.unwrap().expect("a line");
    String::from_utf8(line.to_vec()).unwrap()
}

/// Says the same line many times, and reads the echo.
async fn chat(conn: &mut Connection<Layered, impl Stream>) {
    let line = "the same words again and again ".repeat(10);
    for _ in 0..100 {
        conn.machine().say(&line);
    }
    for _ in 0..100 {
        assert_eq!(next(conn).await, line);
    }
}

/// Begins to compress at both ends, told by the client's handle.
async fn switch_on(conn: &mut Connection<Layered, impl Stream>, at: At) {
    let handle = conn.handle();
    match at {
        At::NextFlush => handle.tell(|link| {
            link.say("SWITCH");
            link.compress_output(At::NextFlush);
        }),
        At::Now => {
            handle.tell(|link| link.say("SWITCH")).unwrap();
            // Nothing may wait when output is compressed as it is.
            conn.flush().await.unwrap();
            handle.tell(|link| link.compress_output(At::Now))
        }
    }
    .unwrap();
    assert_eq!(next(conn).await, "ON");
    conn.machine().compress_input();
}

async fn switch_off(conn: &mut Connection<Layered, impl Stream>) {
    conn.handle()
        .tell(|link| {
            link.say("BACK");
            link.decompress();
        })
        .unwrap();
    assert_eq!(next(conn).await, "OFF");
}

async fn compression_comes_and_goes(server: &Server, conn: &mut Connection<Layered, impl Stream>, notes: &Notes) {
    let seat = server.handle();
    for at in [At::NextFlush, At::Now] {
        let before = (conn.traffic(), seat.stats().traffic);
        assert!(seat.stats().channel.deflate.is_none());
        switch_on(conn, at).await;
        chat(conn).await;
        assert_eq!(notes.until("compressed").iter().filter(|note| note.contains("compressed")).count(), 1);
        assert_eq!(server.notes.until("compressed").iter().filter(|note| note.contains("compressed")).count(), 1);
        for (stats, before) in [(conn.handle().stats(), before.0), (seat.stats(), before.1)] {
            let deflation = stats.channel.deflate.expect("it is compressed");
            assert!(deflation.ratio() < 0.3, "{deflation:?}");
            assert!(deflation.plain_in > 31_000 || deflation.plain_out > 31_000, "{deflation:?}");
            let wire = (stats.traffic.read - before.read) + (stats.traffic.written - before.written);
            assert!(wire < 30_000, "{wire} bytes for 62,000, {at:?}");
        }
        switch_off(conn).await;
        // A whole round later, both ends have seen the end of both streams.
        for text in ["plain", "again"] {
            conn.machine().say(text);
            assert_eq!(next(conn).await, text);
        }
        notes.until("not compressed");
        server.notes.until("not compressed");
        assert!(conn.handle().stats().channel.deflate.is_none() && seat.stats().channel.deflate.is_none());
    }
}

fn handles_switch_compression_on_and_off<W: World>() {
    W::block_on(async {
        let server = Server::start::<W>(None);
        let (mut conn, notes) = client::<W>(&server, None).await;
        conn.machine().say("hello");
        assert_eq!(next(&mut conn).await, "hello");
        assert!(!conn.handle().stats().channel.tls && conn.handle().stats().tls.is_none());
        compression_comes_and_goes(&server, &mut conn, &notes).await;
        drop(conn);
        assert_eq!(server.stop().aborted, 0);
    });
}

fn tls_is_told_once_and_compression_goes_inside_of_it<W: World>() {
    W::block_on(async {
        let trust = Trust::new();
        let server = Server::start::<W>(Some(&trust));
        let (mut conn, notes) = client::<W>(&server, Some(&trust)).await;
        assert_eq!(next(&mut conn).await, "TLS");
        for line in ["hello", "again"] {
            conn.machine().say(line);
            assert_eq!(next(&mut conn).await, line);
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
        compression_comes_and_goes(&server, &mut conn, &notes).await;
        drop(conn);
        server.notes.until("disconnected: closed by the peer");
        assert_eq!(server.stop().aborted, 0);
    });
}

fn what_is_no_tls_is_told_as_its_failure<W: World>() {
    let server = Server::start::<W>(Some(&Trust::new()));
    let mut browser = TcpStream::connect(server.running.address).unwrap();
    browser.write_all(b"GET / HTTP/1.1\r\nHost: mail.example\r\n\r\n").unwrap();
    let _ = browser.read_to_end(&mut Vec::new());
    drop(browser);
    let told = server.notes.until("disconnected: TLS failure");
    assert!(!told.contains(&"upgraded".to_owned()), "{told:?}");
}

fn a_certificate_that_nobody_trusts_is_told_by_both_ends<W: World>() {
    W::block_on(async {
        let server = Server::start::<W>(Some(&Trust::new()));
        let (reached, notes) = reach::<W>(&server, Some(&Trust::new())).await;
        let error = reached.expect_err("no connection");
        assert!(matches!(error, ConnectError::Handshake { ending: Ending::Tls, .. }), "{error}");
        assert_eq!(notes.so_far(), [format!("connector failed: {error}")], "there was no connection, and none ended");
        server.notes.until("disconnected: TLS failure");
    });
}

fn what_is_no_compressed_stream_is_told_as_a_violation<W: World>() {
    let server = Server::start::<W>(None);
    let mut peer = TcpStream::connect(server.running.address).unwrap();
    peer.write_all(b"SWITCH\r\nthis is not compressed\r\n").unwrap();
    let mut said = Vec::new();
    let _ = peer.read_to_end(&mut said);
    assert!(said.starts_with(b"ON\r\n"));
    drop(peer);
    let told = server.notes.until("disconnected: violation of the protocol");
    assert!(told.contains(&"connected".to_owned()), "{told:?}");
}

in_all_worlds! {
    handles_switch_compression_on_and_off
    tls_is_told_once_and_compression_goes_inside_of_it
    what_is_no_tls_is_told_as_its_failure
    a_certificate_that_nobody_trusts_is_told_by_both_ends
    what_is_no_compressed_stream_is_told_as_a_violation
}
