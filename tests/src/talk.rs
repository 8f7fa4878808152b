//! A client that types lines at a server, and reads what comes back.

use std::time::Duration;

use wirestate_machine::{Instant, Machine, Misuse, TlsFacts, Upgrade, Upgraded};
use wirestate_testing::Subject;

/// What stands behind a server, and answers what it asks.
pub trait Application: Subject {
    /// Answers an event.
    ///
    /// # Errors
    ///
    /// What the machine finds wrong with the answer.
    fn answer(&mut self, server: &mut Self::Machine, event: Event<Self>) -> Result<(), Misuse>;
}

/// What the server of an application tells it.
pub type Event<D> = <<D as Subject>::Machine as Machine>::Event;

/// What ends its sessions.
pub type Violation<D> = <<D as Subject>::Machine as Machine>::Error;

/// A session, and who types.
pub struct Talk<D: Application> {
    /// The application.
    pub desk: D,
    /// The machine.
    pub server: D::Machine,
    /// The time.
    pub now: Instant,
    /// All events so far, as their `Debug` shows them.
    pub events: Vec<String>,
    /// The error, once there is one.
    pub violation: Option<Violation<D>>,
}

impl<D: Application> Talk<D> {
    /// Begins a session and reads the greeting away, where there is one.
    pub fn with(desk: D) -> Self {
        let server = desk.machine(Instant::START);
        let mut talk = Talk { desk, server, now: Instant::START, events: Vec::new(), violation: None };
        talk.turn();
        talk.server.outbox().clear();
        talk
    }

    /// A session of the usual application.
    pub fn new() -> Self
    where
        D: Default,
    {
        Talk::with(D::default())
    }

    /// Sends this and gives all that comes back.
    pub fn say(&mut self, text: impl AsRef<[u8]>) -> String {
        let mut rest = text.as_ref();
        let mut said = Vec::new();
        loop {
            let taken = self.server.inbox().push_some(rest);
            rest = &rest[taken..];
            self.turn();
            said.extend(self.server.outbox().drain());
            if rest.is_empty() || self.server.is_closed() || taken == 0 {
                break;
            }
        }
        // What was written may have made room for more.
        loop {
            self.turn();
            let more = self.server.outbox().drain();
            if more.is_empty() {
                return String::from_utf8_lossy(&said).into_owned();
            }
            said.extend(more);
        }
    }

    /// Lets so many seconds go by.
    pub fn wait(&mut self, seconds: u64) -> String {
        self.now = self.now + Duration::from_secs(seconds);
        self.say("")
    }

    /// The client closes the connection.
    pub fn hang_up(&mut self) -> String {
        self.server.inbox().close();
        self.say("")
    }

    /// Makes the TLS handshake that the server waits for.
    pub fn secure(&mut self) -> String {
        self.secure_with(TlsFacts::new())
    }

    /// The same, with these facts.
    pub fn secure_with(&mut self, facts: TlsFacts) -> String {
        assert_eq!(self.server.upgrade(), Some(Upgrade::Tls));
        self.server.upgraded(self.now, Upgraded::Tls(Box::new(facts)));
        self.say("")
    }

    /// One step of a test of transitions: says this, or without a word hangs up; makes the upgrade that is asked for, and waits for what is
    /// delayed. Gives what was said to it.
    pub fn step(&mut self, line: Option<&str>) -> String {
        let Some(line) = line else {
            self.hang_up();
            return String::new();
        };
        let said = self.say(line);
        match self.server.upgrade() {
            None => return said + &self.wait(2),
            Some(Upgrade::Deflate) => self.server.upgraded(self.now, Upgraded::Deflate),
            Some(_) => drop(self.secure()),
        }
        said
    }

    /// Whether the last event begins like this.
    pub fn last_event_is(&self, start: &str) -> bool {
        self.events.last().is_some_and(|event| event.starts_with(start))
    }

    /// Polls until nothing happens.
    pub fn turn(&mut self) {
        loop {
            match self.server.poll(self.now) {
                Ok(Some(event)) => {
                    self.events.push(format!("{event:?}"));
                    self.desk.answer(&mut self.server, event).unwrap();
                }
                Ok(None) => return,
                Err(violation) => {
                    self.violation = Some(violation);
                    return;
                }
            }
        }
    }
}

impl<D: Application + Default> Default for Talk<D> {
    fn default() -> Self {
        Talk::new()
    }
}
