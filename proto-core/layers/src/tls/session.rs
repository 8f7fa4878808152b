use std::io::{BufRead, IoSlice, Write};

use bytes::Buf;
use rustls::{ClientConnection, Connection, ServerConnection};
use wirestate_machine::{Inbox, Instant, Machine, Marks, Outbox, TlsFacts, Upgraded};

use super::Failure;
use super::facts::{Testimony, Witness};
use super::layer::Role;

/// Ciphertext that waits for its turn: one record of the largest size and a little more.
const INBOX_LIMIT: usize = 18 * 1024;
/// A batch of replies is encrypted at once; a stream waits here rather than in the machine.
const MARKS: Marks = Marks { high: 32 * 1024, low: 8 * 1024 };
/// What one record carries at most (RFC 8446 §5.1), and so what is encrypted in one go.
const FRAGMENT: usize = 16 * 1024;
/// Twice the longest honest hello (with post-quantum keys) and certificate chain that were seen.
const HANDSHAKE_LIMIT: usize = 64 * 1024;
/// Content type, version and length of a record (RFC 8446 §5.1).
const HEADER: usize = 5;

/// One TLS connection: rustls and the ciphertext boxes around it.
pub(super) struct Session {
    connection: Connection,
    pub(super) inbox: Inbox,
    pub(super) outbox: Outbox,
    /// What rustls has not seen yet of the record that it is reading.
    record_left: usize,
    phase: Phase,
    end: End,
}

enum Phase {
    Handshake(Handshake),
    Open(Testimony),
}

struct Handshake {
    witness: Witness,
    deadline: Instant,
    received: usize,
    first: Option<u8>,
}

impl Handshake {
    /// Change cipher spec to heartbeat are the types of records that there are (RFC 8446 §B.1).
    fn is_tls(&self) -> bool {
        self.first.is_none_or(|first| (20..=24).contains(&first))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Open,
    Notified,
    Truncated,
}

impl Session {
    pub(super) fn start(role: &Role, deadline: Instant) -> Result<Self, Failure> {
        let (witness, connection) = match role {
            Role::Server(config) => {
                let (witness, config) = Witness::server(config);
                (witness, ServerConnection::new(config).map(Connection::Server))
            }
            Role::Client(config, name) => {
                (Witness::default(), ClientConnection::new(config.clone(), (**name).clone()).map(Connection::Client))
            }
            Role::None => (Witness::default(), Err(rustls::Error::General("no configuration".into()))),
        };
        let mut connection = connection.map_err(Failure::Setup)?;
        connection.set_buffer_limit(Some(FRAGMENT));
        let mut session = Session {
            connection,
            inbox: Inbox::new(INBOX_LIMIT),
            outbox: Outbox::with_marks(MARKS),
            record_left: 0,
            phase: Phase::Handshake(Handshake { witness, deadline, received: 0, first: None }),
            end: End::Open,
        };
        session.flush();
        Ok(session)
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    /// When the handshake must be done, while it is not.
    pub(super) fn handshake_deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Handshake(handshake) => Some(handshake.deadline),
            Phase::Open(_) => None,
        }
    }

    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        self.handshake_deadline().is_some_and(|deadline| now >= deadline)
    }

    /// Tells the peer that nothing more will come.
    pub(super) fn give_up(&mut self) {
        self.connection.send_close_notify();
        self.flush();
    }

    /// What there is to know once the handshake is done.
    pub(super) fn facts(&self, role: &Role) -> Option<TlsFacts> {
        match &self.phase {
            Phase::Handshake(_) => None,
            Phase::Open(testimony) => Some(testimony.facts(&self.connection, role)),
        }
    }

    pub(super) fn was_truncated(&self) -> bool {
        self.end == End::Truncated
    }

    /// Encrypts what the machine has said, until the outbox is full, and ends the stream once the machine is done. Says whether
    /// anything moved.
    pub(super) fn send<M: Machine>(&mut self, inner: &mut M) -> bool {
        let mut moved = false;
        while self.is_open() && !self.outbox.is_full() {
            let plain = inner.outbox();
            let taken = encrypt(&mut self.connection, plain);
            if taken == 0 {
                break;
            }
            plain.advance(taken);
            self.flush();
            moved = true;
        }
        if inner.is_closed() && (!self.is_open() || inner.outbox().is_empty()) {
            // A second time it does nothing.
            self.give_up();
        }
        moved
    }

    /// Reads at most one record, as the machine has room for it. Says whether anything moved.
    pub(super) fn receive<M: Machine>(&mut self, inner: &mut M, role: &Role, now: Instant) -> Result<bool, Failure> {
        match self.deliver(inner) {
            Delivery::Blocked => return Ok(false),
            Delivery::Moved => return Ok(true),
            Delivery::Nothing => {}
        }
        // A full outbox stops the machine, not this: two ends that both wait for room in the other would wait forever.
        if self.end != End::Open || (self.is_open() && inner.inbox().room() == 0) {
            return Ok(false);
        }
        if !self.frame() {
            return if self.inbox.is_closed() { self.end_of_input(inner) } else { Ok(false) };
        }
        let fed = self.feed();
        let waiting = self.outbox.len();
        self.flush();
        if fed.is_err() && self.outbox.len() == waiting {
            // Most errors come with an alert of their own.
            self.give_up();
        }
        fed?;
        if !self.connection.is_handshaking()
            && let Phase::Handshake(handshake) = &mut self.phase
        {
            let testimony = core::mem::take(&mut handshake.witness).testimony();
            let facts = testimony.facts(&self.connection, role);
            self.phase = Phase::Open(testimony);
            inner.upgraded(now, Upgraded::Tls(Box::new(facts)));
        }
        Ok(true)
    }

    /// Hands decrypted bytes to the machine. Until it has taken them all, no further record is read.
    fn deliver<M: Machine>(&mut self, inner: &mut M) -> Delivery {
        if !self.is_open() || self.end != End::Open {
            return Delivery::Nothing;
        }
        let mut reader = self.connection.reader();
        match reader.fill_buf() {
            // The peer's close_notify: nothing that follows it counts.
            Ok([]) => {
                self.end = End::Notified;
                self.inbox.clear();
                self.inbox.close();
                inner.inbox().close();
                Delivery::Moved
            }
            Ok(plain) => {
                let taken = inner.inbox().push_some(plain);
                reader.consume(taken);
                if taken == 0 { Delivery::Blocked } else { Delivery::Moved }
            }
            Err(_) => Delivery::Nothing,
        }
    }

    /// Finds out how long the record at the front is. `false` where there is nothing to read yet.
    fn frame(&mut self) -> bool {
        let waiting = self.inbox.bytes();
        if let (Phase::Handshake(handshake), Some(first)) = (&mut self.phase, waiting.first()) {
            handshake.first.get_or_insert(*first);
        }
        if self.record_left > 0 {
            return !waiting.is_empty();
        }
        let [_, _, _, high, low, ..] = waiting else { return false };
        self.record_left = HEADER + usize::from(u16::from_be_bytes([*high, *low]));
        true
    }

    /// Gives rustls what is here of the record at the front, and no byte of the next one: what a record says is acted upon before
    /// the next is looked at, however the input was cut.
    fn feed(&mut self) -> Result<(), Failure> {
        let count = self.record_left.min(self.inbox.len());
        if let Phase::Handshake(handshake) = &mut self.phase {
            handshake.received += count;
            if handshake.received > HANDSHAKE_LIMIT {
                return Err(Failure::TooLong { limit: HANDSHAKE_LIMIT });
            }
        }
        let mut fed = 0;
        while fed < count {
            match self.connection.read_tls(&mut &self.inbox.bytes()[fed..count]) {
                Ok(read) if read > 0 => fed += read,
                _ => return Err(Failure::TooLong { limit: HANDSHAKE_LIMIT }),
            }
            self.connection.process_new_packets().map_err(|error| self.failure(error))?;
        }
        self.inbox.consume(count);
        self.record_left -= count;
        Ok(())
    }

    fn failure(&self, error: rustls::Error) -> Failure {
        match &self.phase {
            Phase::Handshake(handshake) if !handshake.is_tls() => Failure::NotTls,
            Phase::Handshake(_) => Failure::Handshake(error),
            Phase::Open(_) => Failure::Record(error),
        }
    }

    fn end_of_input<M: Machine>(&mut self, inner: &mut M) -> Result<bool, Failure> {
        match &self.phase {
            Phase::Handshake(handshake) if !handshake.is_tls() => return Err(Failure::NotTls),
            Phase::Handshake(_) => return Err(Failure::CutOff),
            Phase::Open(_) => {}
        }
        self.end = End::Truncated;
        inner.inbox().close();
        Ok(true)
    }

    /// Moves what rustls has to send into the outbox.
    fn flush(&mut self) {
        let mut sink = Sink(&mut self.outbox);
        // The sink takes everything, so that this cannot fail.
        while self.connection.wants_write() && self.connection.write_tls(&mut sink).is_ok() {}
    }
}

enum Delivery {
    Nothing,
    Moved,
    Blocked,
}

/// Encrypts the front of `plain` as one record. Says how many bytes went in.
fn encrypt(connection: &mut Connection, plain: &Outbox) -> usize {
    let mut slices = [IoSlice::new(&[]); 16];
    let count = plain.chunks_vectored(&mut slices);
    connection.writer().write_vectored(&slices[..count]).unwrap_or(0)
}

struct Sink<'a>(&'a mut Outbox);

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.put(bytes);
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> std::io::Result<usize> {
        parts.iter().for_each(|part| self.0.put(part));
        Ok(parts.iter().map(|part| part.len()).sum())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
