use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::parcel::Parcel;
use crate::jid::Jid;
use crate::stream::Packet;

/// A connection, or what waits for one to come back (XEP-0198): the application gives each a number of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session(pub u64);

/// Who receives a stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recipient {
    /// On which session.
    pub session: Session,
    /// What its `to` is, where receivers differ in it; `None` where the stanza has it already, or none is needed.
    pub to: Option<Arc<Jid>>,
}

/// One stanza, for those who receive it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Delivery<'a> {
    /// Each session once for each address it has.
    pub to: &'a [Recipient],
    /// What they receive.
    pub parcel: &'a Parcel,
}

impl<'a> Delivery<'a> {
    /// What each session is to relay. Those that need no `to` of their own share one packet.
    pub fn packets(self) -> impl Iterator<Item = (Session, Packet)> + use<'a> {
        let mut shared: Option<Packet> = None;
        self.to.iter().map(move |recipient| {
            let packet = match &recipient.to {
                Some(to) => self.parcel.to_packet(Some(to.as_str())),
                None => shared.get_or_insert_with(|| self.parcel.to_packet(None)).clone(),
            };
            (recipient.session, packet)
        })
    }

    /// Writes it for one of its receivers, into a stream whose header declares `scope`.
    pub fn write<S: crate::xml::Sink + ?Sized>(&self, recipient: &Recipient, scope: &crate::xml::Scope, sink: &mut S) {
        self.parcel.write(recipient.to.as_deref().map(Jid::as_str), scope, sink);
    }
}

/// What the router cannot do itself, and what it tells the application.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// End this session with a stream error.
    Close {
        /// Which.
        session: Session,
        /// Why.
        reason: CloseReason,
    },
    /// A stanza for a domain that is neither here nor connected. Connect to it and send, or give it back to
    /// [`Router::undeliverable`](super::Router::undeliverable).
    Remote {
        /// The domain.
        domain: Box<str>,
        /// The stanza, with its `to`.
        parcel: Parcel,
    },
    /// Something happened in a room that is [observed](super::Router::observe).
    Room {
        /// Which room.
        room: Arc<Jid>,
        /// What happened.
        what: RoomEvent,
    },
}

/// Why a session is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// Another one has taken its resource (RFC 6120 §7.7.2.2): the stream error `conflict`.
    Replaced,
    /// Its account is gone: the stream error `not-authorized`.
    AccountDeleted,
}

/// What happened in a room, other than what the application did itself.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// Somebody came in.
    Joined {
        /// The nickname.
        nick: String,
    },
    /// Somebody left, was put out, or lost the connection.
    Left {
        /// The nickname.
        nick: String,
        /// What was said to it.
        reason: Option<String>,
    },
    /// Somebody has another nickname.
    Renamed {
        /// The nickname until now.
        from: String,
        /// The nickname from now on.
        to: String,
    },
    /// Somebody said something to all.
    Said {
        /// The nickname.
        nick: String,
        /// What.
        text: String,
        /// The id that the room gave to it.
        id: String,
    },
    /// Somebody said something to one who was [brought in](super::Router::join_foreign).
    Whispered {
        /// The nickname of who speaks.
        nick: String,
        /// The nickname of who is spoken to.
        to: String,
        /// What.
        text: String,
    },
    /// The room has another subject.
    Subject {
        /// The nickname of who gave it.
        nick: String,
        /// The subject; empty for none.
        text: String,
    },
    /// Who was brought in was put out by a moderator: the application takes them away on its side.
    Kicked {
        /// The nickname.
        nick: String,
        /// Why.
        reason: Option<String>,
    },
    /// The room is gone, with all who were brought in.
    Destroyed,
}

/// What the router has for its sessions, and for the application: a buffer that is used again for each call.
///
/// Hand out the [`deliveries`](Deliveries::deliveries) in their order, then do the [`actions`](Deliveries::actions), then
/// [`clear`](Deliveries::clear).
#[derive(Default)]
pub struct Deliveries {
    recipients: Vec<Recipient>,
    parcels: Vec<(usize, Parcel)>,
    actions: Vec<Action>,
}

impl Deliveries {
    /// None yet.
    pub fn new() -> Self {
        Deliveries::default()
    }

    /// What to send, in order.
    pub fn deliveries(&self) -> impl Iterator<Item = Delivery<'_>> {
        let mut start = 0;
        self.parcels.iter().map(move |(end, parcel)| {
            let to = self.recipients.get(start..*end).unwrap_or_default();
            start = *end;
            Delivery { to, parcel }
        })
    }

    /// What to do after that, in order.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.parcels.is_empty() && self.actions.is_empty()
    }

    /// Forgets all, and keeps the memory for the next call, unless that was much.
    pub fn clear(&mut self) {
        const KEPT: usize = 1024;
        self.recipients.clear();
        self.recipients.shrink_to(KEPT);
        self.parcels.clear();
        self.parcels.shrink_to(KEPT);
        self.actions.clear();
    }

    pub(super) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub(super) fn send(&mut self, to: Recipient, parcel: Parcel) {
        self.recipients.push(to);
        self.parcels.push((self.recipients.len(), parcel));
    }

    pub(super) fn share(&mut self, to: impl IntoIterator<Item = Recipient>, parcel: &Parcel) {
        let start = self.recipients.len();
        self.recipients.extend(to);
        if self.recipients.len() > start {
            self.parcels.push((self.recipients.len(), parcel.clone()));
        }
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliveries")
            .field("deliveries", &self.parcels.len())
            .field("recipients", &self.recipients.len())
            .field("actions", &self.actions)
            .finish()
    }
}

impl fmt::Debug for Action {
    /// Does not show what was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Close { session, reason } => write!(f, "Close({session:?}, {reason:?})"),
            Action::Remote { domain, parcel } => write!(f, "Remote({domain}, {parcel:?})"),
            Action::Room { room, what } => write!(f, "Room({room}, {what:?})"),
        }
    }
}

impl fmt::Debug for RoomEvent {
    /// Does not show what was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RoomEvent::Joined { nick } => write!(f, "Joined({nick:?})"),
            RoomEvent::Left { nick, .. } => write!(f, "Left({nick:?})"),
            RoomEvent::Renamed { from, to } => write!(f, "Renamed({from:?}, {to:?})"),
            RoomEvent::Said { nick, .. } => write!(f, "Said({nick:?})"),
            RoomEvent::Whispered { nick, to, .. } => write!(f, "Whispered({nick:?}, {to:?})"),
            RoomEvent::Subject { nick, .. } => write!(f, "Subject({nick:?})"),
            RoomEvent::Kicked { nick, .. } => write!(f, "Kicked({nick:?})"),
            RoomEvent::Destroyed => f.write_str("Destroyed"),
        }
    }
}
