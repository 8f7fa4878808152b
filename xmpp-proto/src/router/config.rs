use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::jid::{Jid, JidError, Rules};

/// What a router serves, and what it allows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The domain of its users.
    pub domain: Jid,
    /// The domain of its rooms; `None` for no rooms. Default `rooms.` before the users' domain.
    pub rooms: Option<Jid>,
    /// What the server is called for people.
    pub name: Box<str>,
    /// The software's name, for who asks (XEP-0092).
    pub software: Box<str>,
    /// The software's version.
    pub version: Box<str>,
    /// What becomes of a resource that another session has.
    pub on_conflict: Conflict,
    /// Whether stanzas go out to domains that are not connected, by [`Action::Remote`](super::Action::Remote); else they are answered with
    /// `remote-server-not-found`. Default off.
    pub is_federated: bool,
    /// Whether what a room says goes to the clients here without `to`, which they take for their own (RFC 6120 §8.1.1.1): then one writing serves a whole
    /// room. Some clients do not know that rule. Default off.
    pub shares_rooms: bool,
    /// Whether accounts have archives (XEP-0313); rooms say it of themselves. Default on.
    pub is_archiving: bool,
    /// Who may make new rooms. Default [`RoomMakers::LocalUsers`].
    pub room_makers: RoomMakers,
    /// Features besides its own that the application serves, for who asks.
    pub more_features: Vec<Box<str>>,
    /// How much of everything there may be.
    pub limits: Limits,
}

/// What becomes of a resource that is asked for while another session has it (RFC 6120 §7.7.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Conflict {
    /// The newcomer gets it, and the other session is ended.
    #[default]
    Replace,
    /// The newcomer is refused.
    Refuse,
}

/// Who may make new rooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RoomMakers {
    /// Only the application.
    Nobody,
    /// Users of this server.
    #[default]
    LocalUsers,
    /// Everybody.
    Everybody,
}

/// How much of everything there may be. What [`Storage`](super::Storage) keeps has bounds of its own.
///
/// An address has at most 3,071 bytes, and some 30 as a rule. By the defaults, and besides fixed sizes, there are in memory at most
///
/// - of a session: its presence (8 KiB), the addresses it sent presence to (200), the rooms it is in (50), the nodes it wants to be told of (32,
///   each a name of 1,023 bytes);
/// - of an account that is connected, or was lately (256 of these): contacts (1,000, each an address, a name and 16 groups of 256 bytes), requests (100
///   addresses), whom it blocks (500 addresses), whose messages it archives (500 addresses);
/// - of a room (1,000): occupants (500, each with a presence of 8 KiB and 8 sessions, which are two addresses each), affiliations (1,000 addresses), a
///   subject, a description and a name (2 KiB each), history (64 KiB);
/// - of a component: as many occupants as rooms have places for.
///
/// A stanza costs time linear in what is told of it: a room's message in its occupants, a presence in those who see it. Only where one request puts many
/// out of a room at once, each of them is told to each of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Resources of one account; beyond it the answer to a bind is `resource-constraint`. Default 16.
    pub resources: u32,
    /// Contacts of one account; beyond it `not-allowed`. Default 1,000.
    pub contacts: u32,
    /// Requests to see an account's presence, from people who are not its contacts, that are kept until they are answered. Default 100.
    pub requests: u32,
    /// Groups of one contact. Default 16.
    pub groups: u32,
    /// Bytes of the name of a contact, a group or a room, and of a room's password. Default 256.
    pub name: u32,
    /// Bytes of a presence that is kept; a larger one is answered with `policy-violation`. Default 8,192.
    pub presence: u32,
    /// Addresses to which one session sent directed presence; beyond it `policy-violation`. Default 200.
    pub directed: u32,
    /// Addresses that one account blocks; beyond it `policy-violation`. Default 500.
    pub blocked: u32,
    /// Accounts without a session that are kept in memory, to be found sooner. Default 256.
    pub idle_accounts: u32,
    /// Addresses in an account's two lists of whose messages are archived and whose are not; beyond it `policy-violation`. Default 500.
    pub archiving: u32,
    /// Messages in one page of an archive; who asks for more gets this many. Default 100.
    pub archive_page: u32,
    /// Rooms. Default 1,000.
    pub rooms: u32,
    /// Occupants of one room, each nickname counted once. A room's own maximum is never more. Default 500.
    pub occupants: u32,
    /// Sessions of one user that share a nickname in a room. Default 8.
    pub nick_sessions: u32,
    /// Rooms that one session may be in. Default 50.
    pub joined: u32,
    /// Users that have an affiliation to a room. Default 1,000.
    pub affiliations: u32,
    /// Bytes of a nickname. Default 64.
    pub nick: u32,
    /// Bytes of a room's subject or description. Default 2,048.
    pub subject: u32,
    /// Messages of a room that newcomers are shown. Default 50.
    pub history: u32,
    /// Bytes of all these messages together. Default 65,536.
    pub history_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            resources: 16,
            contacts: 1_000,
            requests: 100,
            groups: 16,
            name: 256,
            presence: 8_192,
            directed: 200,
            blocked: 500,
            idle_accounts: 256,
            archiving: 500,
            archive_page: 100,
            rooms: 1_000,
            occupants: 500,
            nick_sessions: 8,
            joined: 50,
            affiliations: 1_000,
            nick: 64,
            subject: 2_048,
            history: 50,
            history_bytes: 65_536,
        }
    }
}

impl Config {
    /// The users of this domain, and rooms at `rooms.` before it.
    ///
    /// # Errors
    /// The name is no domain.
    pub fn new(domain: &str) -> Result<Self, JidError> {
        let domain = Jid::from_parts(Rules::Rfc7622, None, domain, None)?;
        let rooms = String::from("rooms.") + domain.as_str();
        Ok(Config {
            rooms: Jid::from_parts(Rules::Rfc7622, None, &rooms, None).ok(),
            name: domain.as_str().into(),
            domain,
            software: "Wirestate".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            on_conflict: Conflict::default(),
            is_federated: false,
            shares_rooms: false,
            is_archiving: true,
            room_makers: RoomMakers::default(),
            more_features: Vec::new(),
            limits: Limits::default(),
        })
    }
}
