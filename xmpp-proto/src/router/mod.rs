//! What many sessions share: who is there, who sees whom, rooms, and what is told to whom. No I/O, no clock, no randomness.
//!
//! RFC 6121 (rosters, presence, delivery), and the extensions of the table below.
//!
//! A [`Router`] takes a session and its stanza, and fills [`Deliveries`]: which stanza goes to which sessions. What a stanza holds is written once,
//! and shared by all who receive it; only its start tag is each receiver's own.
//!
//! ```
//! use xmpp_proto::jid::Rules;
//! use xmpp_proto::router::{Config, Deliveries, Memory, Router, Session};
//! use xmpp_proto::stanza::Stanza;
//! use xmpp_proto::{Jid, ns};
//!
//! let mut router = Router::new(Config::new("im.example")?, Memory::default());
//! let mut out = Deliveries::new();
//! for (number, name) in [(1, "juliet@im.example"), (2, "romeo@im.example")] {
//!     let account = Jid::parse(name)?;
//!     router.storage_mut().add_account(account.as_ref());
//!     let jid = router.bind(Session(number), account.as_ref(), "home", 0, &mut out)?;
//!     assert_eq!(jid.resource(), Some("home"));
//!     let available = Stanza::read("<presence xmlns='jabber:client'/>".parse()?, ns::CLIENT, Rules::Rfc7622)?;
//!     router.handle(Session(number), &available, 0, &mut out);
//! }
//! out.clear();
//! let message = "<message xmlns='jabber:client' to='romeo@im.example' type='chat'><body>Art thou not Romeo?</body></message>";
//! router.handle(Session(1), &Stanza::read(message.parse()?, ns::CLIENT, Rules::Rfc7622)?, 0, &mut out);
//! let delivery = out.deliveries().next().expect("romeo is there");
//! assert_eq!(delivery.to[0].session, Session(2));
//! let (session, packet) = delivery.packets().next().expect("one for romeo's session to relay");
//! assert_eq!((session, packet.to_element()?.attr("from").as_deref()), (Session(2), Some("juliet@im.example/home")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Who calls what
//!
//! The application gives each connection a [`Session`] of its own and [`bind`](Router::bind)s it to a resource of the account that has logged in; a
//! component's connection is [connected](Router::connect) to its domain instead, another server's is [admitted](Router::admit). From then on each of its
//! stanzas goes to [`handle`](Router::handle), and [`disconnect`](Router::disconnect) ends it, however it ended. A session that may be resumed (XEP-0198) stays bound,
//! and what is delivered to it is what it missed; if it is not resumed, it is disconnected then. Times are milliseconds since 1970.
//!
//! From whom a stanza is, the router says: of a client it is the bound resource, whatever the stanza says; of a component or a server it must be of its
//! domain, else the stanza is dropped. Pushes, copies and results are only ever the router's own.
//!
//! # What is served
//!
//! | | |
//! |---|---|
//! | RFC 6121 | rosters with versions, subscriptions with pre-approval, presence, probes, directed presence, delivery of messages |
//! | XEP-0012, 0030, 0092, 0199, 0202 | last activity, what there is, version, ping, time |
//! | XEP-0045, 0410 | rooms: see [`RoomConfig`]; their application's side is [`observe`](Router::observe) and what follows it |
//! | XEP-0049, 0054 | a store for clients, what users tell about themselves |
//! | XEP-0160, 0203 | messages for those who are away |
//! | XEP-0163, 0115 | what users publish of themselves; their own clients are told, and those of contacts that want it; others ask |
//! | XEP-0191 | blocking |
//! | XEP-0280, 0334 | copies for the other clients, hints |
//! | XEP-0313, 0059, 0359, 0441 | archives of accounts and rooms, in pages, with ids; users choose what is archived |
//!
//! # What is kept
//!
//! What outlives sessions is in [`storage`]. Everything that somebody can make grow has a bound in [`Limits`]. What a slow receiver has not read yet is
//! its session's to bound.

mod account;
mod archive;
mod blocking;
mod bound;
mod carbons;
mod config;
mod deliveries;
mod directory;
mod disco;
mod domains;
mod iq;
mod messages;
mod offline;
mod parcel;
mod pep;
mod presence;
mod probes;
mod rooms;
mod roster;
pub mod storage;
mod subscription;
mod subscriptions;
mod table;
mod wishes;

#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;

use crate::jid::{Jid, JidRef};
use crate::stanza::{Stanza, StanzaError};
use crate::xml::Element;

use account::Account;
use parcel::{Relay, Tag, build};
use rooms::Rooms;

pub use bound::BindFault;
pub use config::{Config, Conflict, Limits, RoomMakers};
pub use deliveries::{Action, CloseReason, Deliveries, Delivery, Recipient, RoomEvent, Session};
pub use domains::ConnectFault;
pub use parcel::{Kind, Parcel};
pub use rooms::{Occupant, Room, RoomConfig, RoomFault, Whois};
pub use storage::{Memory, Storage};
pub use table::{DELIVERY, Found, Outcome, Row};

/// Who is there, and what has been said of them.
#[derive(Debug)]
pub struct Router<S = Memory> {
    config: Config,
    storage: S,
    relay: Relay,
    seats: BTreeMap<Session, Seat>,
    /// Those that are connected, and some that were; by their bare addresses.
    accounts: BTreeMap<Jid, Account>,
    /// Accounts in memory that have no session, the longest idle first.
    idle: VecDeque<Jid>,
    /// Components and other servers, by their domains.
    domains: BTreeMap<Box<str>, Session>,
    rooms: Rooms,
    /// When, and how often, an id was given.
    ids: (u64, u32),
    started: Option<u64>,
}

/// What a session is.
#[derive(Clone, Debug)]
enum Seat {
    /// A client: its full address.
    Client(Arc<Jid>),
    /// A component: its domain.
    Component(Box<str>),
    /// Another server: the domains that it speaks for.
    Server(BTreeSet<Box<str>>),
}

impl Seat {
    fn speaks_for(&self, domain: &str) -> bool {
        match self {
            Seat::Client(_) => false,
            Seat::Component(own) => **own == *domain,
            Seat::Server(domains) => domains.contains(domain),
        }
    }
}

/// One stanza being handled.
struct Turn<'a> {
    session: Session,
    from: Arc<Jid>,
    /// Whether it is from a client here.
    is_client: bool,
    element: &'a Element,
    kind: Kind,
    now: u64,
    out: &'a mut Deliveries,
}

impl Turn<'_> {
    fn id(&self) -> Option<alloc::borrow::Cow<'_, str>> {
        self.element.attr("id")
    }

    fn may_be_refused(&self) -> bool {
        match self.element.attr("type").as_deref() {
            Some("error") => false,
            Some("result") => self.kind != Kind::Iq,
            _ => true,
        }
    }
}

impl<S: Storage> Router<S> {
    /// A router without users.
    pub fn new(config: Config, storage: S) -> Self {
        Router {
            rooms: Rooms::default(),
            config,
            storage,
            relay: Relay::new(),
            seats: BTreeMap::new(),
            accounts: BTreeMap::new(),
            idle: VecDeque::new(),
            domains: BTreeMap::new(),
            ids: (0, 0),
            started: None,
        }
    }

    /// What it serves and allows.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where it keeps what outlives sessions.
    pub fn storage(&self) -> &S {
        &self.storage
    }

    /// Where it keeps what outlives sessions. What is changed there of an account that has a session is seen after
    /// [`forget_account`](Router::forget_account).
    pub fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    /// Does what a stanza asks.
    ///
    /// `now` is in milliseconds since 1970. What there is to send, and what the application must do, is appended to `out`. A stanza of a session that is
    /// neither bound nor connected goes nowhere.
    pub fn handle(&mut self, session: Session, stanza: &Stanza, now: u64, out: &mut Deliveries) {
        self.started.get_or_insert(now);
        let (from, is_client) = match self.seats.get(&session) {
            Some(Seat::Client(jid)) => (jid.clone(), true),
            Some(other) => match stanza.from() {
                Some(from) if other.speaks_for(from.as_ref().domain()) => (Arc::new(from.into_jid()), false),
                _ => return,
            },
            None => return,
        };
        if is_client {
            self.was_active(&from, session, now);
        }
        let to = stanza.to();
        let to = to.as_ref().map(|to| to.as_ref());
        let element = stanza.element();
        let kind = match stanza {
            Stanza::Message(_) => Kind::Message,
            Stanza::Presence(_) => Kind::Presence,
            Stanza::Iq(_) => Kind::Iq,
        };
        let mut turn = Turn { session, from, is_client, element, kind, now, out };
        match stanza {
            Stanza::Message(message) => self.message(&mut turn, message, to),
            Stanza::Presence(presence) => self.presence(&mut turn, presence, to),
            Stanza::Iq(iq) => self.iq(&mut turn, iq, to),
        }
        self.forget_idle();
    }

    /// Gives somebody something back. To another server it may go by another session than the one it came by.
    fn answer(&self, turn: &mut Turn<'_>, parcel: Parcel) {
        match turn.is_client {
            true => turn.out.send(Recipient { session: turn.session, to: Some(turn.from.clone()) }, parcel),
            false => {
                self.send_beyond((*turn.from).as_ref(), &parcel, turn.out);
            }
        }
    }

    /// Answers with an error, unless it is one that must not be answered (RFC 6120 §8.3.1).
    fn refuse(&self, turn: &mut Turn<'_>, to: Option<JidRef<'_>>, error: impl Into<StanzaError>) {
        if !turn.may_be_refused() {
            return;
        }
        let error = error.into();
        let id = turn.id();
        let from = to.map(JidRef::as_str);
        let tag = Tag { from, id: id.as_deref(), kind: Some("error"), to: None };
        let parcel = build(turn.kind, tag, |content| {
            content.stanza_error(&error);
        });
        self.answer(turn, parcel);
    }

    /// Answers a request.
    fn result(&self, turn: &mut Turn<'_>, to: Option<JidRef<'_>>, fill: impl FnOnce(&mut parcel::Content<'_>)) {
        let id = turn.id();
        let from = to.map(JidRef::as_str);
        let parcel = build(Kind::Iq, Tag { from, id: id.as_deref(), kind: Some("result"), to: None }, fill);
        self.answer(turn, parcel);
    }

    /// An id that is greater than all before: of a message in an archive.
    fn next_id(&mut self, now: u64) -> String {
        let (time, count) = self.ids;
        self.ids = if now > time { (now, 0) } else { (time, count.wrapping_add(1)) };
        let mut id = String::with_capacity(19);
        put_hex(&mut id, self.ids.0, 11);
        put_hex(&mut id, self.ids.1.into(), 8);
        id
    }

    fn is_ours(&self, jid: JidRef<'_>) -> bool {
        jid.domain() == self.config.domain.domain()
    }
}

/// A number in at least so many digits.
fn put_hex(text: &mut String, number: u64, digits: u32) {
    let digits = digits.max((u64::BITS - number.leading_zeros()).div_ceil(4));
    let digit = |place| char::from_digit((number >> (4 * place) & 15) as u32, 16);
    text.extend((0..digits).rev().filter_map(digit));
}

#[cfg(test)]
mod hex {
    use super::*;

    #[test]
    fn numbers_have_their_digits() {
        for number in [0, 1, 0xabc_def0, u64::from(u32::MAX), 1_790_000_000_000, u64::MAX] {
            let mut text = String::new();
            put_hex(&mut text, number, 11);
            assert_eq!(text, alloc::format!("{number:011x}"));
        }
    }
}
