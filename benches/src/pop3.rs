//! POP3 sessions at the point where a benchmark begins.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use pop3_proto::client::{self, Client, Login, TlsPolicy};
use pop3_proto::codec::{MessageNumber, Piece, Unstuffer};
use pop3_proto::server::{Appetite, Body, Config, Event, Maildrop, Server};
use wirestate_machine::{Inbox, Instant, Machine};
use wirestate_sasl::client::Credentials;
use wirestate_sasl::server::Answer;

/// The line length of ordinary mail, line end included.
const LINE: usize = 78;

/// A server configuration that takes passwords in the clear.
pub fn config() -> Arc<Config> {
    let mut config = Config::default();
    config.cleartext = true;
    Arc::new(config)
}

/// A session before login, greeted.
pub fn greeted(config: Arc<Config>) -> Server {
    let mut server = Server::new(config, [7; 32], Instant::START);
    while poll(&mut server).is_some() {}
    drain(&mut server);
    server
}

/// A session after login, on a maildrop of this many messages.
pub fn logged_in(config: Arc<Config>, messages: usize) -> Server {
    let mut server = greeted(config);
    server.inbox().push(b"USER ann\r\nPASS pencil\r\n");
    while let Some(event) = poll(&mut server) {
        match event {
            Event::Authenticate { ticket, .. } => server.authenticate(ticket, Answer::Accept).expect("in time"),
            Event::Open { ticket, .. } => server.open(ticket, maildrop(messages)).expect("in time"),
            _ => {}
        }
    }
    drain(&mut server);
    server
}

fn maildrop(messages: usize) -> Maildrop {
    let mut maildrop = Maildrop::new();
    for index in 0..messages {
        maildrop.push(100_000, &format!("{index:016x}")).expect("a lawful id");
    }
    maildrop
}

/// Polls a session that no violation ends.
pub fn poll(server: &mut Server) -> Option<Event> {
    server.poll(Instant::START).expect("no violation")
}

/// Throws the output away, as a driver that has written it.
pub fn drain(machine: &mut impl Machine) -> usize {
    let all = machine.outbox().remaining();
    machine.outbox().advance(all);
    all
}

/// Feeds lines and has them answered, one batch in and one out; gives how many bytes came out.
pub fn exchange(server: &mut Server, lines: &[u8]) -> usize {
    server.inbox().push(lines);
    while let Some(event) = poll(server) {
        if let Event::Retrieve { ticket, .. } = event {
            let mut body = server.send(ticket).expect("in time");
            server.piece(&mut body, Bytes::from_static(b"Subject: hi\r\n\r\nhi\r\n")).expect("in time");
            server.end(body).expect("in time");
        }
    }
    drain(server)
}

/// What a message looks like.
#[derive(Clone, Copy, Debug)]
pub enum Text {
    /// Lines of ordinary length.
    Mail,
    /// One line.
    OneLine,
    /// Lines that are a dot and no more.
    Dots,
    /// Empty lines that end with LF alone.
    BareLf,
}

/// A message of about this many bytes.
pub fn message(text: Text, size: usize) -> Bytes {
    let line = match text {
        Text::Mail => [vec![b'x'; LINE - 2], b"\r\n".to_vec()].concat(),
        Text::OneLine => return vec![b'x'; size].into(),
        Text::Dots => b".\r\n".to_vec(),
        Text::BareLf => b"\n".to_vec(),
    };
    line.repeat(size / line.len() + 1).into()
}

/// Begins a RETR.
pub fn begin_retr(server: &mut Server) -> Body {
    server.inbox().push(b"RETR 1\r\n");
    match poll(server) {
        Some(Event::Retrieve { ticket, .. }) => server.send(ticket).expect("in time"),
        other => panic!("RETR gave {other:?}"),
    }
}

/// Sends a message through the server in pieces of 64 KiB, and throws the output away whenever the server has had enough.
pub fn send(server: &mut Server, body: &mut Body, message: &Bytes) -> usize {
    let mut sent = 0;
    let mut rest = message.clone();
    while !rest.is_empty() {
        let piece = rest.split_to(rest.len().min(64 * 1024));
        if server.piece(body, piece).expect("in time") == Appetite::Full {
            sent += drain(server);
            while poll(server).is_some() {}
        }
    }
    sent + drain(server)
}

/// A message as it goes over the wire, with its terminating line.
pub fn wire(text: Text, size: usize) -> Bytes {
    let mut outbox = wirestate_machine::Outbox::new();
    let mut stuffer = pop3_proto::codec::Stuffer::new();
    stuffer.push(message(text, size), &mut outbox);
    stuffer.finish(&mut outbox);
    outbox.to_vec().into()
}

/// Unstuffs a body that comes in reads of 16 KiB; gives how many bytes of text it held.
pub fn unstuff(wire: &[u8]) -> usize {
    let mut inbox = Inbox::new(64 * 1024);
    let mut unstuffer = Unstuffer::new();
    let mut text = 0;
    for read in wire.chunks(16 * 1024) {
        inbox.push(read);
        while let Piece::Text(piece) = unstuffer.next(&mut inbox) {
            text += piece.len();
        }
    }
    text
}

/// A client after login, with nothing asked.
pub fn client() -> Client {
    let config = client::Config::default().tls(TlsPolicy::Never).cleartext(true).capa_after_login(false);
    let mut client = Client::new(Arc::new(config), [7; 32], Instant::START);
    client.inbox().push(b"+OK ready\r\n+OK\r\nPIPELINING\r\nUSER\r\n.\r\n");
    while let Some(event) = client.poll(Instant::START).expect("a lawful server") {
        match event {
            client::Event::Ready { .. } => {
                let credentials = Credentials::password("ann", "pencil").expect("lawful credentials");
                client.login(Login::new(credentials)).expect("before login");
                client.inbox().push(b"+OK\r\n+OK\r\n");
            }
            client::Event::LoggedIn { .. } => break,
            _ => {}
        }
    }
    assert_eq!(client.state(), client::State::Transaction);
    drain(&mut client);
    client
}

/// Has the client fetch a message that comes in reads of 16 KiB; gives how many bytes of text came out.
pub fn fetch(client: &mut Client, wire: &[u8]) -> usize {
    client.retr(MessageNumber::new(1).expect("not 0")).expect("after login");
    while client.poll(Instant::START).expect("a lawful server").is_some() {}
    drain(client);
    client.inbox().push(b"+OK\r\n");
    let (mut text, mut rest) = (0, wire);
    loop {
        let room = client.inbox().room().min(16 * 1024).min(rest.len());
        client.inbox().push(&rest[..room]);
        rest = &rest[room..];
        while let Some(event) = client.poll(Instant::START).expect("a lawful server") {
            if let client::Event::Body { bytes, .. } = event {
                text += bytes.len();
            }
        }
        if rest.is_empty() {
            return text;
        }
    }
}
