//! Two ends in memory: a toy protocol, certificates, and a wire between two machines.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::fmt;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use rcgen::{CertificateParams, KeyPair};
use wirestate_layers::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use wirestate_layers::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use wirestate_layers::tls::{client_config, server_config};
use wirestate_machine::{Ending, Inbox, Instant, Machine, Outbox, Relay, TlsFacts, Upgrade, Upgraded};

/// What happened at one end of the toy protocol.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Line(Bytes),
    Upgraded(&'static str),
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineTooLong;

impl fmt::Display for LineTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the line is too long")
    }
}

impl std::error::Error for LineTooLong {}

/// A protocol of lines, the same at both ends. `STARTTLS` and `COMPRESS` are answered with `GO`, and `BYE` with `bye`.
pub struct Toy {
    inbox: Inbox,
    outbox: Outbox,
    wanted: Option<Upgrade>,
    asked: Option<Upgrade>,
    news: Option<Event>,
    pub facts: Option<TlsFacts>,
    pub events: Vec<Event>,
    remembers: bool,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Open,
    Failed,
    Closed,
}

impl Toy {
    pub fn new() -> Self {
        Toy {
            inbox: Inbox::new(2048),
            outbox: Outbox::new(),
            wanted: None,
            asked: None,
            news: None,
            facts: None,
            events: Vec::new(),
            remembers: true,
            state: State::Open,
        }
    }

    /// A toy that does not keep its events.
    pub fn forgetful() -> Self {
        Toy { remembers: false, ..Toy::new() }
    }

    /// A toy that begins with TLS.
    pub fn implicit() -> Self {
        let mut toy = Toy::new();
        toy.want(Upgrade::Tls);
        toy
    }

    pub fn say(&mut self, text: &[u8]) {
        self.outbox.put(text);
    }

    pub fn link(&mut self, bulk: Bytes) {
        self.outbox.link(bulk);
    }

    /// Asks the other end for an upgrade.
    pub fn ask(&mut self, upgrade: Upgrade) {
        self.say(if upgrade == Upgrade::Tls { b"STARTTLS\n" } else { b"COMPRESS\n" });
        self.asked = Some(upgrade);
    }

    /// Well below the high mark: two ends that both wait until the other reads would wait forever.
    pub fn is_writable(&self) -> bool {
        self.outbox.len() < 32 * 1024
    }

    pub fn lines(&self) -> Vec<&[u8]> {
        let line = |event: &'_ Event| matches!(event, Event::Line(_));
        self.events
            .iter()
            .filter(|event| line(event))
            .map(|event| match event {
                Event::Line(line) => &line[..],
                _ => unreachable!(),
            })
            .collect()
    }

    fn remember(&mut self, event: &Event) {
        if self.remembers {
            self.events.push(event.clone());
        }
    }

    fn want(&mut self, upgrade: Upgrade) {
        self.wanted = Some(upgrade);
        self.inbox.clear();
        self.inbox.hold(true);
    }

    fn line(&mut self, line: Bytes) -> Event {
        match &line[..] {
            b"STARTTLS\n" => {
                self.say(b"GO\n");
                self.want(Upgrade::Tls);
            }
            b"COMPRESS\n" => {
                self.say(b"GO\n");
                self.want(Upgrade::Deflate);
            }
            b"GO\n" => {
                if let Some(asked) = self.asked.take() {
                    self.want(asked);
                }
            }
            b"BYE\n" => {
                self.say(b"bye\n");
                self.state = State::Closed;
            }
            _ => {}
        }
        Event::Line(line)
    }
}

impl Machine for Toy {
    type Event = Event;
    type Error = LineTooLong;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, _now: Instant) -> Result<Option<Event>, LineTooLong> {
        if self.state == State::Failed {
            return Err(LineTooLong);
        }
        if let Some(news) = self.news.take() {
            self.remember(&news);
            return Ok(Some(news));
        }
        if self.state == State::Closed || self.outbox.is_full() {
            return Ok(None);
        }
        let event = match self.inbox.find_lf() {
            Some(end) => {
                let line = self.inbox.take(end + 1);
                self.line(Bytes::copy_from_slice(&line))
            }
            None if self.inbox.len() == self.inbox.limit() => {
                self.say(b"too long\n");
                self.state = State::Failed;
                return Err(LineTooLong);
            }
            None if self.inbox.is_closed() => {
                self.state = State::Closed;
                Event::Ended
            }
            None => return Ok(None),
        };
        self.remember(&event);
        Ok(Some(event))
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        if self.inbox.is_empty() && self.outbox.is_empty() { self.wanted } else { None }
    }

    fn upgraded(&mut self, _now: Instant, how: Upgraded) {
        if self.state != State::Open {
            return;
        }
        self.wanted = None;
        self.inbox.hold(false);
        self.news = Some(match how {
            Upgraded::Tls(facts) => {
                self.facts = Some(*facts);
                Event::Upgraded("tls")
            }
            _ => Event::Upgraded("deflate"),
        });
    }

    fn ending(&self) -> Option<Ending> {
        match self.state {
            State::Open => None,
            State::Failed => Some(Ending::Limit),
            State::Closed => Some(Ending::Quit),
        }
    }

    fn is_closed(&self) -> bool {
        self.state != State::Open
    }

    fn is_settled(&self) -> bool {
        self.state == State::Open && self.inbox.is_idle() && self.news.is_none() && self.wanted.is_none()
    }
}

impl Relay for Toy {
    type Message = Bytes;

    fn relay(&mut self, message: &Bytes) {
        if self.state == State::Open {
            self.link(message.clone());
        }
    }

    fn is_transparent(&self, _message: &Bytes) -> bool {
        self.state == State::Open
    }
}

/// A server's certificate for `mail.example`, and the configurations of a server that shows it and a client that trusts it.
pub struct Trust {
    pub certificate: CertificateDer<'static>,
    pub server: Arc<ServerConfig>,
    pub client: Arc<ClientConfig>,
}

pub fn trust(alpn: &[&[u8]]) -> Trust {
    trust_with(&rcgen::PKCS_ECDSA_P256_SHA256, alpn)
}

pub fn trust_with(algorithm: &'static rcgen::SignatureAlgorithm, alpn: &[&[u8]]) -> Trust {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let certificate = CertificateParams::new(vec!["mail.example".into()]).unwrap().self_signed(&key).unwrap();
    let certificate = certificate.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    Trust {
        server: server_config(vec![certificate.clone()], key, alpn).unwrap(),
        client: client_config(roots, alpn).unwrap(),
        certificate,
    }
}

pub fn mail_example() -> ServerName<'static> {
    ServerName::try_from("mail.example").unwrap()
}

/// Numbers that look random and are the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % limit.max(1)
    }
}

/// Polls until nothing more happens.
pub fn settle<M: Machine>(machine: &mut M, now: Instant) -> Result<(), M::Error> {
    while machine.poll(now)?.is_some() {}
    Ok(())
}

/// Moves at most `cut` bytes from one machine to another. Says whether any moved.
pub fn carry(from: &mut impl Machine, to: &mut impl Machine, cut: usize) -> bool {
    let outbox = from.outbox();
    let bytes = &outbox.chunk()[..cut.min(outbox.chunk().len())];
    let moved = to.inbox().push_some(bytes);
    outbox.advance(moved);
    moved > 0
}

/// Carries bytes both ways, in pieces as `cut` says, until nothing moves any more. An end that is closed and has nothing left to
/// say hangs up.
pub fn run<A: Machine, B: Machine>(
    a: &mut A,
    b: &mut B,
    mut cut: impl FnMut() -> usize,
) -> (Result<(), A::Error>, Result<(), B::Error>) {
    let now = Instant::START;
    loop {
        let mut ends = (settle(a, now), settle(b, now));
        let forth = carry(a, b, cut());
        ends.1 = settle(b, now);
        let back = carry(b, a, cut());
        if !forth && !back {
            let hung_up = hang_up(a, b) | hang_up(b, a);
            if !hung_up {
                return ends;
            }
        }
    }
}

fn hang_up(from: &mut impl Machine, to: &mut impl Machine) -> bool {
    let over = from.is_closed() && from.outbox().is_empty() && !to.inbox().is_closed();
    if over {
        to.inbox().close();
    }
    over
}
