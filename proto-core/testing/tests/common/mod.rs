//! A small machine that keeps every law, unless it is told to break one.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wirestate_machine::{Inbox, Instant, Machine, Outbox, Ticket, Tickets, Upgrade, Upgraded};

/// The one thing that is wrong with the machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flaw {
    None,
    CountsAllSessions,
    ActsOnHalfLines,
    AnswersByTheSegment,
    HoardsLines,
    TrustsAnnouncements,
    AnswersWhoDoesNotRead,
    CopiesHistory,
    EchoesHistory,
    PanicsOnNul,
    ForgetsItsError,
    StaysOpenAfterItsError,
    HasNoFarewell,
    SpeaksAfterTheEnd,
    GoesOnAfterTheEnd,
    AcceptsStaleTickets,
    KeepsClearText,
    ActsBeforeTheSwitch,
    OffersTooEarly,
    HasNoDeadline,
    HasADeadlineThatStays,
    NeverDies,
    WaitsForTheApplication,
    NeverStopsTalking,
    NeverStopsWriting,
    IsNotAsSettledAsItSays,
}

pub enum Echo {}

#[derive(Debug)]
pub enum Event {
    /// A line came; `None` where there is nothing to answer.
    Line(String, Option<Ticket<Echo>>),
    Secure,
    Half(usize),
    Nth(u64),
    Again,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooLong;

const IDLE: Duration = Duration::from_secs(60);
static SESSIONS: AtomicU64 = AtomicU64::new(0);

/// Echoes lines that the application gives back. `STARTTLS` asks for TLS, `QUIT` closes, and a minute of silence does as well.
pub struct Toy {
    flaw: Flaw,
    inbox: Inbox,
    outbox: Outbox,
    tickets: Tickets,
    idle_until: Instant,
    now: Instant,
    wants_tls: bool,
    secure: Option<Event>,
    failed: bool,
    closed: bool,
    history: Vec<u8>,
    hoard: Vec<String>,
    session: u64,
}

impl Toy {
    pub fn new(now: Instant) -> Self {
        Toy::flawed(Flaw::None, now)
    }

    pub fn flawed(flaw: Flaw, now: Instant) -> Self {
        let mut outbox = Outbox::new();
        outbox.put(b"hello\r\n");
        Toy {
            flaw,
            inbox: Inbox::new(if flaw == Flaw::CopiesHistory { 1 << 20 } else { 256 }),
            outbox,
            tickets: Tickets::new(),
            idle_until: now + IDLE,
            now,
            wants_tls: false,
            secure: None,
            failed: false,
            closed: false,
            history: Vec::new(),
            hoard: Vec::new(),
            session: SESSIONS.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Answers a line.
    pub fn echo(&mut self, ticket: Ticket<Echo>, text: &str) {
        let redeemed = self.tickets.redeem(ticket).is_ok();
        let open = !self.closed || self.flaw == Flaw::SpeaksAfterTheEnd;
        if redeemed && open || self.flaw == Flaw::AcceptsStaleTickets {
            self.outbox.put(text.as_bytes());
            self.outbox.put(b"\r\n");
        }
    }

    /// Takes a ticket back without a word.
    pub fn forget(&mut self, ticket: Option<Ticket<Echo>>) {
        ticket.map(|ticket| self.tickets.redeem(ticket));
    }

    /// The application: echoes what it is asked to.
    pub fn answer(&mut self, event: Event, _now: Instant) {
        if let Event::Line(text, Some(ticket)) = event {
            self.echo(ticket, &text);
        }
    }

    pub fn say(&mut self, text: &[u8]) {
        if !self.closed || self.flaw == Flaw::SpeaksAfterTheEnd {
            self.outbox.put(text);
        }
    }

    /// Waits for TLS, as a client does whose wish was granted.
    pub fn want_tls(&mut self) {
        self.wants_tls = true;
        self.inbox.clear();
        self.inbox.hold(true);
    }

    fn close(&mut self) {
        self.closed = true;
        self.tickets.revoke();
    }

    fn line(&mut self, line: String) -> Event {
        self.idle_until = self.now + IDLE;
        match line.as_str() {
            "STARTTLS" => {
                self.outbox.put(b"go\r\n");
                match self.flaw {
                    Flaw::KeepsClearText | Flaw::ActsBeforeTheSwitch | Flaw::OffersTooEarly => self.wants_tls = true,
                    _ => self.want_tls(),
                }
                Event::Line(line, None)
            }
            "QUIT" => {
                self.outbox.put(b"bye\r\n");
                self.close();
                Event::Line(line, None)
            }
            _ => {
                self.flawed_line(&line);
                let ticket = self.tickets.issue();
                Event::Line(line, Some(ticket))
            }
        }
    }

    fn flawed_line(&mut self, line: &str) {
        match self.flaw {
            Flaw::HoardsLines => self.hoard.push(line.to_owned()),
            Flaw::TrustsAnnouncements => {
                let announced = line.strip_prefix("SIZE ").and_then(|size| size.parse().ok()).unwrap_or(0);
                self.hoard.reserve(announced);
            }
            Flaw::EchoesHistory => {
                self.history.extend_from_slice(line.as_bytes());
                self.outbox.put(&self.history);
            }
            Flaw::PanicsOnNul => assert!(!line.contains('\0'), "a NUL"),
            _ => {}
        }
    }
}

impl Machine for Toy {
    type Event = Event;
    type Error = TooLong;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Event>, TooLong> {
        self.now = self.now.max(now);
        if self.failed && self.flaw != Flaw::ForgetsItsError {
            return Err(TooLong);
        }
        if self.closed && self.flaw != Flaw::GoesOnAfterTheEnd {
            return Ok(None);
        }
        if let Some(secure) = self.secure.take() {
            return Ok(Some(secure));
        }
        match self.flaw {
            Flaw::ActsOnHalfLines if !self.inbox.is_empty() => {
                let count = self.inbox.len();
                self.inbox.clear();
                return Ok(Some(Event::Half(count)));
            }
            Flaw::AnswersByTheSegment if self.inbox.len() > self.history.len() => {
                self.history = self.inbox.bytes().to_vec();
                self.outbox.put(b".");
            }
            Flaw::CountsAllSessions if !self.inbox.is_empty() => {
                self.inbox.clear();
                return Ok(Some(Event::Nth(self.session)));
            }
            Flaw::CopiesHistory => self.history = self.inbox.bytes().to_vec(),
            Flaw::NeverStopsWriting => self.outbox.put(b"."),
            Flaw::NeverStopsTalking => return Ok(Some(Event::Again)),
            _ => {}
        }
        let timeless = matches!(self.flaw, Flaw::HasADeadlineThatStays);
        if self.now >= self.idle_until && !timeless {
            if self.flaw == Flaw::NeverDies {
                self.idle_until = self.now + IDLE;
            } else {
                self.outbox.put(b"timeout\r\n");
                self.close();
                return Ok(None);
            }
        }
        if self.outbox.is_full() && self.flaw != Flaw::AnswersWhoDoesNotRead {
            return Ok(None);
        }
        if self.tickets.is_open() || (self.wants_tls && self.flaw != Flaw::ActsBeforeTheSwitch) {
            return Ok(None);
        }
        if let Some(end) = self.inbox.find_lf() {
            let line = String::from_utf8_lossy(&self.inbox.take(end + 1)).trim_end().to_owned();
            return Ok(Some(self.line(line)));
        }
        if self.inbox.len() >= self.inbox.limit() {
            self.failed = true;
            if self.flaw != Flaw::StaysOpenAfterItsError {
                self.close();
            }
            if self.flaw != Flaw::HasNoFarewell {
                self.outbox.put(b"too long\r\n");
            }
            return Err(TooLong);
        }
        if self.inbox.is_closed() {
            self.close();
        }
        Ok(None)
    }

    fn deadline(&self) -> Option<Instant> {
        let waits = self.flaw == Flaw::WaitsForTheApplication && self.tickets.is_open();
        (!self.closed && self.flaw != Flaw::HasNoDeadline && !waits).then_some(self.idle_until)
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        let ready = self.flaw == Flaw::OffersTooEarly || self.outbox.is_empty();
        let clear = matches!(self.flaw, Flaw::KeepsClearText | Flaw::OffersTooEarly) || self.inbox.is_empty();
        (self.wants_tls && ready && clear && !self.closed).then_some(Upgrade::Tls)
    }

    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {
        if self.closed {
            return;
        }
        self.wants_tls = false;
        self.inbox.hold(false);
        self.secure = Some(Event::Secure);
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn is_settled(&self) -> bool {
        matches!(self.flaw, Flaw::IsNotAsSettledAsItSays)
    }
}
