//! A POP3 client's application: logs in, fetches everything, deletes what it fetched, and quits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use pop3_proto::client::{Client, Config, Event, Limits, Login, Request, TlsPolicy, Violation};
use pop3_proto::codec::MessageNumber;
use wirestate_machine::{Inbox, Instant, Machine, Misuse, Outbox, Upgrade, Upgraded};
use wirestate_sasl::client::Credentials;
use wirestate_testing::Subject;

use crate::pop3::{PASSWORD, USER};

/// What a fetch brought home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// The messages, by their numbers.
    pub messages: BTreeMap<u32, Vec<u8>>,
    /// The sizes that LIST told.
    pub sizes: BTreeMap<u32, u64>,
    /// The unique ids.
    pub ids: BTreeMap<u32, String>,
    /// How the login was made.
    pub method: Option<String>,
    /// Requests that failed.
    pub failed: usize,
    /// Whether QUIT was answered with `+OK`.
    pub committed: bool,
}

/// The application.
#[derive(Clone, Debug)]
pub struct Fetcher {
    /// How the sessions are made.
    pub config: Arc<Config>,
    /// The password that it sends.
    pub password: String,
    /// Whether messages are deleted once fetched.
    pub delete: bool,
    /// What it brought home, shared with whoever asks.
    pub mail: Arc<Mutex<Mail>>,
    retrievals: BTreeMap<Request, u32>,
    listing: Option<Request>,
    quit: Option<Request>,
}

impl Default for Fetcher {
    fn default() -> Self {
        let mut limits = Limits::default();
        limits.message = Some(64 * 1024);
        Fetcher::new(Config::default().tls(TlsPolicy::Never).cleartext(true).limits(limits))
    }
}

impl Fetcher {
    /// A fetcher of the tests' user.
    pub fn new(config: Config) -> Self {
        Fetcher {
            config: Arc::new(config),
            password: PASSWORD.into(),
            delete: true,
            mail: Arc::default(),
            retrievals: BTreeMap::new(),
            listing: None,
            quit: None,
        }
    }

    /// A session.
    pub fn client(&self, now: Instant) -> Client {
        Client::new(self.config.clone(), [8; 32], now)
    }

    /// Does what an event calls for.
    pub fn answer(&mut self, client: &mut Client, event: Event) -> Result<(), Misuse> {
        let mail = self.mail.clone();
        let mut mail = mail.lock().unwrap();
        if let Event::Failed { .. } | Event::Cancelled { .. } = event {
            mail.failed += 1;
        }
        match event {
            Event::Ready { .. } => {
                let credentials =
                    Credentials::password(USER, self.password.as_str()).map_err(|_| Misuse::OutOfRange)?;
                client.login(Login::new(credentials))?;
            }
            Event::Work { ticket, derivation } => client.derived(ticket, derivation.run())?,
            Event::LoggedIn { method, .. } => {
                mail.method = Some(format!("{method:?}"));
                client.stat()?;
                client.uidl(None)?;
                self.listing = Some(client.list(None)?);
            }
            Event::Size { message, octets, .. } => drop(mail.sizes.insert(message.number(), octets)),
            Event::UniqueId { message, id, .. } => drop(mail.ids.insert(message.number(), id.to_string())),
            Event::Done { request, .. } if Some(request) == self.listing => {
                for number in mail.sizes.keys().copied().filter_map(MessageNumber::new) {
                    self.retrievals.insert(client.retr(number)?, number.number());
                    if self.delete {
                        client.dele(number)?;
                    }
                }
                self.quit = Some(client.quit()?);
            }
            Event::BodyStart { request, .. } => {
                mail.messages.entry(self.retrievals[&request]).or_default().clear();
            }
            Event::Body { request, bytes } => {
                mail.messages.entry(self.retrievals[&request]).or_default().extend_from_slice(&bytes);
            }
            Event::Done { request, .. } if Some(request) == self.quit => mail.committed = true,
            Event::Failed { request, .. } | Event::Cancelled { request, .. }
                if Some(request) != self.quit && self.quit.is_none() =>
            {
                // Before QUIT was asked for, a failure is the login's or the listing's.
                self.quit = client.quit().ok();
            }
            _ => {}
        }
        Ok(())
    }
}

/// A client whose pieces of one body are one event: where a body is cut may depend on how the input was, and nothing else may.
#[derive(Debug)]
pub struct Joined {
    client: Client,
    body: Option<(Request, Vec<u8>)>,
    next: VecDeque<Result<Event, Violation>>,
}

impl Machine for Joined {
    type Event = Event;
    type Error = Violation;

    fn inbox(&mut self) -> &mut Inbox {
        self.client.inbox()
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.client.outbox()
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Event>, Violation> {
        loop {
            match self.next.pop_front() {
                Some(Ok(event)) => return Ok(Some(event)),
                Some(Err(violation)) => {
                    self.next.push_front(Err(violation.clone()));
                    return Err(violation);
                }
                None => {}
            }
            let next = match self.client.poll(now) {
                Ok(None) => return Ok(None),
                Ok(Some(Event::Body { request, bytes })) => {
                    self.body.get_or_insert((request, Vec::new())).1.extend_from_slice(&bytes);
                    continue;
                }
                Ok(Some(event)) => Ok(event),
                Err(violation) => Err(violation),
            };
            let whole = self.body.take().map(|(request, text)| Ok(Event::Body { request, bytes: Bytes::from(text) }));
            self.next.extend(whole.into_iter().chain([next]));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.client.deadline()
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        self.client.upgrade()
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        self.client.upgraded(now, how);
    }

    fn is_closed(&self) -> bool {
        self.client.is_closed() && !matches!(self.next.front(), Some(Ok(_)))
    }

    fn shutdown(&mut self) {
        self.client.shutdown();
    }
}

impl Subject for Fetcher {
    type Machine = Joined;

    fn machine(&self, now: Instant) -> Joined {
        *self.mail.lock().unwrap() = Mail::default();
        Joined { client: self.client(now), body: None, next: VecDeque::new() }
    }

    fn react(&mut self, joined: &mut Joined, event: Event, _now: Instant) {
        // A law may let the answer come too late, or a session that has ended already; then it is misuse, and nothing else.
        let _ = self.answer(&mut joined.client, event);
    }

    fn meddle(&mut self, joined: &mut Joined, choice: u64, _now: Instant) {
        let client = &mut joined.client;
        let one = MessageNumber::new(1).unwrap();
        let _ = match choice % 12 {
            0 => client.stat(),
            1 => client.list(Some(one)),
            2 => client.uidl(None),
            3 => client.retr(one),
            4 => client.top(one, 0),
            5 => client.dele(one),
            6 => client.rset(),
            7 => client.utf8(),
            8 => client.custom("XTND", "a\r\nb", true),
            9 => client.custom("XTND", "a b", true),
            10 => client.capa(),
            _ => client.quit(),
        };
    }

    /// What is read ahead, and the body that is being put together here.
    fn limit(&self) -> usize {
        512 * 1024
    }
}
