//! The client machine: a session of IRC (RFC 1459, RFC 2812, IRCv3) from the side of whoever chats, or of a program that does.
//!
//! The machine agrees on capabilities, starts TLS as the policy says, logs in by SASL, finds a nickname that is free, and is then
//! [`Registered`](Event::Registered). It answers PING, watches that the server is there, sends no faster than servers like it, keeps count of
//! channels and users, and brings answers to the requests that they belong to.
//!
//! ```
//! use irc_proto::client::{Client, Config, Event, Identity, TlsPolicy};
//! use wirestate_machine::{Instant, Machine};
//!
//! // For real: the default configuration, TLS, and 32 bytes of the system's randomness.
//! let config = Config::default().tls(TlsPolicy::Never);
//! let ada = Identity::new("ada", "ada", "Ada Lovelace")?;
//! let mut client = Client::new(config.into(), ada, [7; 32], Instant::START);
//! // What a server would say; a driver reads it from a socket and writes what is in the outbox.
//! client.inbox().push(b":srv 421 * CAP :unknown\r\n:srv 001 ada :Welcome\r\n:bob!b@host PRIVMSG ada :hello\r\n");
//! while let Some(event) = client.poll(Instant::START)? {
//!     match event {
//!         Event::Registered { .. } => client.join("#lobby", None)?,
//!         Event::Message { message, .. } if message.borrow().command().is(b"PRIVMSG") => drop(client.privmsg("bob", "hello to you")?),
//!         _ => {}
//!     }
//! }
//! let said = String::from_utf8(client.outbox().to_vec())?;
//! assert_eq!(said, "CAP LS 302\r\nNICK ada\r\nUSER ada 0 * :Ada Lovelace\r\nJOIN #lobby\r\nPRIVMSG bob :hello to you\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What to know
//!
//! * **No password in the clear.** PASS, WEBIRC, and the mechanisms that send a password as it is, wait for TLS or for [`Config::cleartext`].
//!   Without TLS nothing but CAP is said before the server has told its capabilities, or has been silent about them.
//! * **STS** ([`sts`]): a policy that is handed in forbids a connection without TLS; one that is heard becomes [`Event::Sts`].
//! * **Requests** ([`request`](Client::request)) have one answer each, by label where the server has labels, and else by the numerics of
//!   [`REDIRECTS`]. All fail when the session ends.
//! * **Batches** come as one [`Event::Batch`], within bounds; what goes beyond them comes message by message, and nothing is lost.
//! * **Texts** are split by what the server will put before them: [`privmsg`](Client::privmsg). Several lines go as one message where the server
//!   can ([`multiline`](Client::multiline)).
//! * **Lines wait** in a queue while [`Pacing`] says so; PONG and QUIT do not. A full queue is a refusal, [`Misuse::QueueFull`].
//! * **SCRAM's work is handed out**: [`Event::Work`], answered by [`derived`](Client::derived).
//! * **After the end** a [`Continuation`] leads on: nickname, channels with their keys, being away, who is monitored.
//! * Messages before TLS is up are not told where it is yet to come: anybody may have said them.
//!
//! # The table
//!
//! A cell names the states that something may lead to. A call that is not allowed is [`Misuse::WrongState`] and changes nothing.
//!
#![doc = include_str!("table.md")]

mod accounts;
mod batches;
mod bouncer;
mod commands;
mod config;
mod ctcp;
mod event;
mod heard;
mod history;
mod identity;
mod input;
mod line;
mod machine;
mod metadata;
mod offers;
mod queue;
mod redirect;
mod regain;
mod registration;
mod requests;
mod resume;
mod sasl;
mod send;
mod state;
pub mod sts;
mod texts;
pub mod tracker;
mod violation;

#[cfg(test)]
mod tests;

pub use accounts::{AccountCommand, AccountFault, AccountOutcome, AccountReply};
pub use batches::{Batch, Item};
pub use bouncer::{BouncerNetwork, Playback};
pub use config::{Config, Limits, SaslPolicy, TlsPolicy, Tracking};
pub use ctcp::CtcpAnswers;
pub use event::{Derive, Event, Failure, LoginError, Oddity, Reason, RequestId, Response, SendId, Sts, Wait};
pub use heard::Heard;
pub use history::{History, Point};
pub use identity::Identity;
pub use line::Line;
pub use metadata::{Metadata, MetadataChange};
pub use queue::{Pacing, Priority};
pub use redirect::{REDIRECTS, Redirect, Role};
pub use resume::Continuation;
pub use state::{On, State, TABLE};
pub use tracker::{Change, Tracker};
pub use violation::Violation;

use alloc::boxed::Box;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::sync::Arc;
use core::fmt;

use bytes::Bytes;
use wirestate_machine::plugin::{Kind, Pipeline};
use wirestate_machine::{Ending, Inbox, Instant, Misuse, Outbox, Tickets, TlsFacts};
use wirestate_sasl::{Bindings, Nonces};

use crate::capability::Capabilities;
use crate::codec::{Encoder, Framing, Message, Profile, Sender};
use crate::isupport::Isupport;
use batches::Batches;
use offers::Offers;
use queue::Queue;
use regain::Regain;
use requests::Requests;
use sasl::Exchange;

/// A session, from the client's side. See the [module's guide](self).
pub struct Client {
    config: Arc<Config>,
    identity: Identity,
    inbox: Inbox,
    outbox: Outbox,
    framing: Framing,
    state: State,
    tls: Tls,
    starttls: Starttls,
    secured: Option<Box<TlsFacts>>,
    bindings: Bindings,
    offers: Offers,
    cap: Cap,
    /// Whether PASS, NICK and USER went out.
    introduced: bool,
    exchange: Option<Box<Exchange>>,
    /// Mechanisms that the server has told it does not have, or that failed.
    tried: alloc::vec::Vec<wirestate_sasl::Mechanism>,
    logged_in: bool,
    nonces: Nonces,
    tickets: Tickets,
    queue: Queue,
    requests: Requests,
    batches: Batches,
    tracker: Tracker,
    plugins: Pipeline<Inbound, Line>,
    regain: Regain,
    /// What is to be taken up once the server's greeting is over.
    resume: Option<Box<Continuation>>,
    away: Option<Box<[u8]>>,
    /// Whether the server's greeting is over.
    settled: bool,
    monitored: BTreeSet<tracker::Name>,
    /// Keys of channels that are not joined yet.
    keys: alloc::vec::Vec<send::Key>,
    events: VecDeque<Event>,
    now: Instant,
    timer: Option<Instant>,
    /// What the timer is for.
    timed: Option<Wait>,
    /// When a server that says nothing about capabilities is taken to have none.
    silence: Option<Instant>,
    heard: Instant,
    next_ping: Option<Instant>,
    ping: Option<(u32, Instant)>,
    pings: u32,
    /// Something began since the last poll, which has no time yet.
    stale: bool,
    error: Option<Bytes>,
    leave: Option<Box<Reason>>,
    /// What QUIT is to say once nothing waits to be sent any more.
    parting: Option<Box<[u8]>>,
    told_full: bool,
    ending: Option<Box<Reason>>,
    /// The same, or the violation, in fewer words.
    ended: Option<Ending>,
    closed: bool,
    violation: Option<Box<Violation>>,
}

/// A message on its way through the [plugins](Client::plugins).
#[derive(Debug)]
#[non_exhaustive]
pub struct Inbound {
    /// The message.
    pub message: Message<Bytes>,
    /// When it came.
    pub at: Instant,
}

impl Kind for Inbound {
    /// PRIVMSG 0, NOTICE 1, TAGMSG 2, JOIN 3, PART 4, QUIT 5, NICK 6, KICK 7, MODE 8, TOPIC 9, INVITE 10, AWAY 11, ACCOUNT 12, FAIL 13, WARN 14,
    /// NOTE 15, any numeric 16, anything else 17.
    fn bit(&self) -> u32 {
        line::bit(self.message.borrow().command())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    Down,
    Awaited,
    Up,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Starttls {
    NotAsked,
    Asked,
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cap {
    /// CAP LS is out.
    Asked,
    /// The first part of the answer came.
    Listing,
    /// The capabilities are known.
    Known,
    /// The server has none.
    Missing,
}

impl Client {
    /// A session on a connection that has just been made.
    ///
    /// `seed` is 32 fresh bytes of the system's randomness, for the nonces of SCRAM.
    pub fn new(config: Arc<Config>, identity: Identity, seed: [u8; 32], now: Instant) -> Self {
        let limits = &config.limits;
        let mut inbox = Inbox::new(limits.inbox());
        let implicit = config.tls == TlsPolicy::Implicit;
        inbox.hold(implicit);
        let mut client = Client {
            inbox,
            outbox: Outbox::new(),
            framing: Framing::new(limits.framing(0), Profile::Lenient),
            state: if implicit { State::Handshake } else { State::Negotiation },
            tls: if implicit { Tls::Awaited } else { Tls::Down },
            starttls: Starttls::NotAsked,
            secured: None,
            bindings: Bindings::none(),
            offers: Offers::default(),
            cap: Cap::Asked,
            introduced: false,
            exchange: None,
            tried: alloc::vec::Vec::new(),
            logged_in: false,
            nonces: Nonces::from_seed(seed),
            tickets: Tickets::new(),
            queue: Queue::new(limits.queue, limits.queue_octets),
            requests: Requests::default(),
            batches: Batches::default(),
            tracker: Client::fresh_tracker(&config),
            plugins: Pipeline::new(),
            regain: Regain::default(),
            resume: None,
            away: None,
            settled: false,
            monitored: BTreeSet::new(),
            keys: alloc::vec::Vec::new(),
            events: VecDeque::new(),
            now,
            timer: None,
            timed: None,
            silence: None,
            heard: now,
            next_ping: None,
            ping: None,
            pings: 0,
            stale: true,
            error: None,
            leave: None,
            parting: None,
            told_full: false,
            ending: None,
            ended: None,
            closed: false,
            violation: None,
            identity,
            config,
        };
        if !implicit {
            client.begin();
        }
        client.keep_time();
        client
    }

    /// A session that takes up what the one before it left: its channels are joined and its being away is told as soon as the server has
    /// greeted, and the nickname that it wanted last is tried first.
    pub fn resuming(
        config: Arc<Config>,
        mut identity: Identity,
        before: Continuation,
        seed: [u8; 32],
        now: Instant,
    ) -> Self {
        if let Some(nick) = before.nick.as_deref().filter(|nick| !nick.is_empty()) {
            let wished = identity.nicks.wished().to_vec();
            if wished != nick {
                identity.nicks.wish(nick);
            }
        }
        let mut client = Client::new(config, identity, seed, now);
        client.away = before.away.clone();
        client.monitored = before.monitored.iter().cloned().collect();
        client.resume = Some(Box::new(before));
        client
    }

    /// What a session after this one takes up. Also after the end of this one.
    pub fn continuation(&self) -> Continuation {
        let mut channels: alloc::vec::Vec<_> =
            self.tracker.channels().map(|channel| (channel.name.clone(), channel.join_key().map(Box::from))).collect();
        // What was not taken up yet is still to be taken up.
        for (name, key) in self.resume.iter().flat_map(|resume| &resume.channels) {
            if self.tracker.channel(name).is_none() {
                channels.push((name.clone(), key.clone()));
            }
        }
        let nick = Some(self.identity.nicks.wished().into());
        let monitored = self.monitored.iter().cloned().collect();
        Continuation { nick, channels, away: self.away.clone(), monitored }
    }

    /// Tells what is known of a TLS channel that lies outside the machine ([`TlsPolicy::Outside`]), for SCRAM-PLUS.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] with another policy, or once the server has answered.
    pub fn describe_channel(&mut self, facts: &TlsFacts) -> Result<(), Misuse> {
        if self.config.tls != TlsPolicy::Outside || self.state != State::Negotiation || self.cap != Cap::Asked {
            return Err(Misuse::WrongState);
        }
        self.bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
        Ok(())
    }

    /// The plugins that see each message before the program does, and each line before it is queued. What hides a message says what is sent in its
    /// stead, which may be [nothing](Line::nothing). What the machine says and hears for itself they do not see.
    pub fn plugins(&mut self) -> &mut Pipeline<Inbound, Line> {
        &mut self.plugins
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.tls == Tls::Up || self.config.tls == TlsPolicy::Outside
    }

    /// What is known of the client itself, of channels and of users.
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// What the server said of itself (RPL_ISUPPORT).
    pub fn isupport(&self) -> &Isupport {
        self.tracker.isupport()
    }

    /// The own nickname.
    pub fn nick(&self) -> &[u8] {
        &self.tracker.me().nick
    }

    /// The capabilities that are agreed on.
    pub fn capabilities(&self) -> Capabilities {
        self.offers.agreed
    }

    /// The names of those that this crate does not know.
    pub fn other_capabilities(&self) -> impl Iterator<Item = &[u8]> {
        self.offers.others.iter().map(|name| &name[..])
    }

    /// All capabilities that the server offers, with their values.
    pub fn offered(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.offers.names()
    }

    /// Whether the login succeeded.
    pub fn is_logged_in(&self) -> bool {
        self.logged_in
    }

    /// How many requests are not answered yet.
    pub fn pending(&self) -> usize {
        self.requests.len()
    }

    /// How many lines wait for their turn.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    fn fresh_tracker(config: &Config) -> Tracker {
        let limits = config.limits.tracker.clone();
        match config.tracking {
            Tracking::Own => Tracker::of_own(limits),
            Tracking::Full => Tracker::new(limits),
        }
    }

    fn encoder(&self) -> Encoder {
        let body = usize::try_from(self.isupport().line_len).unwrap_or(512).min(self.config.limits.line.max(512));
        Encoder::new(Sender::Client).with_body(body)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("state", &self.state)
            .field("encrypted", &self.is_encrypted())
            .field("nick", &self.nick().escape_ascii())
            .field("pending", &self.pending())
            .field("queued", &self.queued())
            .finish_non_exhaustive()
    }
}
