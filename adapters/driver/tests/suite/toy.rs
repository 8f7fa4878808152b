//! Toy machines that try the driver where protocols would.

use std::time::Duration;

use bytes::Bytes;
use wirestate_machine::{Ending, Inbox, Instant, Machine, Marks, Outbox, Relay, Ticket, Tickets, Upgrade, Upgraded};

/// A server of lines. It asks the application about each, but for these, which it understands itself:
/// `quit` says `bye` and closes, `bad` breaks the protocol, `limit` asks for too much, `flood N` says N bytes, `tls` wants an upgrade.
pub(crate) struct Toy {
    inbox: Inbox,
    outbox: Outbox,
    tickets: Tickets,
    idle: Duration,
    due: Instant,
    flood: usize,
    leaving: bool,
    upgrading: bool,
    closed: bool,
    broken: bool,
    ending: Option<Ending>,
    /// How many messages it was given to say.
    pub(crate) relayed: usize,
}

/// The one message that the machine insists on saying itself.
pub(crate) const OPAQUE: Bytes = Bytes::from_static(b"olds\r\n");

/// The kind of the only ticket there is.
pub(crate) enum Line {}

/// The peer said `bad`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rude;

impl std::fmt::Display for Rude {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the peer was rude")
    }
}

impl std::error::Error for Rude {}

impl Toy {
    pub(crate) fn new(now: Instant) -> Self {
        Toy::with_idle(now, Duration::from_secs(600))
    }

    pub(crate) fn with_idle(now: Instant, idle: Duration) -> Self {
        Toy {
            inbox: Inbox::new(4096),
            outbox: Outbox::with_marks(Marks { high: 64 * 1024, low: 16 * 1024 }),
            tickets: Tickets::new(),
            idle,
            due: now + idle,
            flood: 0,
            leaving: false,
            upgrading: false,
            closed: false,
            broken: false,
            ending: None,
            relayed: 0,
        }
    }

    pub(crate) fn answer(&mut self, ticket: Ticket<Line>, line: &[u8]) {
        self.tickets.redeem(ticket).unwrap();
        self.outbox.put(line);
    }

    pub(crate) fn say(&mut self, text: &[u8]) {
        self.outbox.put(text);
    }

    fn say_and_close(&mut self, farewell: &[u8], ending: Option<Ending>) {
        self.outbox.put(farewell);
        self.closed = true;
        self.ending = ending;
    }

    fn pour(&mut self) {
        while self.flood > 0 && !self.outbox.is_full() {
            let piece = self.flood.min(4096);
            self.outbox.link(Bytes::from(vec![b'x'; piece]));
            self.flood -= piece;
        }
    }
}

impl Machine for Toy {
    type Event = (Ticket<Line>, Bytes);
    type Error = Rude;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Self::Event>, Rude> {
        loop {
            if self.broken {
                return Err(Rude);
            }
            self.pour();
            if self.closed || self.flood > 0 || self.tickets.is_open() || self.outbox.is_full() || self.upgrading {
                return Ok(None);
            }
            if self.leaving {
                self.say_and_close(b"going\r\n", None);
                return Ok(None);
            }
            let Some(end) = self.inbox.find_lf() else {
                if self.inbox.is_closed() {
                    self.closed = true;
                } else if now >= self.due {
                    self.say_and_close(b"timeout\r\n", Some(Ending::Timeout));
                }
                return Ok(None);
            };
            self.due = now + self.idle;
            let line = self.inbox.take(end + 1);
            match line.trim_ascii() {
                b"quit" => self.say_and_close(b"bye\r\n", None),
                b"limit" => self.say_and_close(b"too much\r\n", Some(Ending::Limit)),
                b"bad" => {
                    self.outbox.put(b"rude\r\n");
                    self.broken = true;
                }
                b"tls" => self.upgrading = true,
                flood if flood.starts_with(b"flood ") => {
                    self.flood = std::str::from_utf8(&flood[6..]).unwrap().parse().unwrap();
                }
                _ => return Ok(Some((self.tickets.issue(), line))),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        (!self.closed && !self.broken && !self.tickets.is_open() && self.flood == 0).then_some(self.due)
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        (self.upgrading && self.outbox.is_empty() && self.inbox.is_empty()).then_some(Upgrade::Tls)
    }

    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {
        self.upgrading = false;
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn shutdown(&mut self) {
        self.leaving = true;
    }

    fn is_settled(&self) -> bool {
        let acts = self.broken || self.closed || self.leaving || self.upgrading;
        self.inbox.is_idle() && self.flood == 0 && !acts
    }

    fn ending(&self) -> Option<Ending> {
        self.ending
    }
}

impl Relay for Toy {
    type Message = Bytes;

    fn relay(&mut self, message: &Bytes) {
        self.relayed += 1;
        if !self.closed && !self.broken {
            self.outbox.link(message.clone());
        }
    }

    /// For all messages but [`OPAQUE`].
    fn is_transparent(&self, message: &Bytes) -> bool {
        *message != OPAQUE && !self.closed && !self.broken
    }
}

/// A client of lines: tells each line that comes, sends what it is given, ends with the input.
pub(crate) struct Lines {
    inbox: Inbox,
    outbox: Outbox,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Lines { inbox: Inbox::new(64 * 1024), outbox: Outbox::new() }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.outbox.put(bytes);
    }
}

impl Machine for Lines {
    type Event = Bytes;
    type Error = std::convert::Infallible;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, _now: Instant) -> Result<Option<Bytes>, Self::Error> {
        Ok(self.inbox.find_lf().map(|end| self.inbox.take(end + 1)))
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        None
    }

    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}

    fn is_closed(&self) -> bool {
        self.inbox.is_closed() && !self.inbox.bytes().contains(&b'\n')
    }
}

impl Relay for Lines {
    type Message = Bytes;

    fn relay(&mut self, message: &Bytes) {
        self.outbox.link(message.clone());
    }
}

/// A client that does not begin before the server has said `hello`, and takes any other line as a handshake that failed; then a client of lines.
pub(crate) struct Shy {
    lines: Lines,
    phase: Phase,
}

#[derive(PartialEq, Eq)]
enum Phase {
    Waiting,
    Begun,
    Failed,
}

impl Shy {
    pub(crate) fn new() -> Self {
        Shy { lines: Lines::new(), phase: Phase::Waiting }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.lines.send(bytes);
    }
}

impl Machine for Shy {
    type Event = Bytes;
    type Error = Rude;

    fn inbox(&mut self) -> &mut Inbox {
        self.lines.inbox()
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.lines.outbox()
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Bytes>, Rude> {
        if self.phase == Phase::Waiting {
            match self.lines.poll(now) {
                Ok(None) => return Ok(None),
                Ok(Some(line)) if line == "hello\r\n" => self.phase = Phase::Begun,
                Ok(Some(_)) => {
                    self.phase = Phase::Failed;
                    self.send(b"alert\r\n");
                }
                Err(error) => match error {},
            }
        }
        match self.phase {
            Phase::Failed => Err(Rude),
            _ => self.lines.poll(now).map_err(|error| match error {}),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        None
    }

    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}

    fn is_closed(&self) -> bool {
        self.phase == Phase::Failed || self.lines.is_closed()
    }

    fn is_establishing(&mut self) -> bool {
        self.phase == Phase::Waiting && !self.is_closed()
    }

    fn ending(&self) -> Option<Ending> {
        (self.phase == Phase::Failed).then_some(Ending::Tls)
    }
}
