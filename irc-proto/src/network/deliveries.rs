use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::outgoing::CLASSES;
use super::user::Session;

/// What the network has for its sessions, and for the application: a buffer that is used again for each call.
///
/// Hand out the [`deliveries`](Deliveries::deliveries) in their order, then do the [`actions`](Deliveries::actions), then
/// [`clear`](Deliveries::clear).
#[derive(Default)]
pub struct Deliveries {
    receivers: Vec<Session>,
    parcels: Vec<Parcel>,
    actions: Vec<Action>,
    /// Lines for one session that were not handed out yet.
    pending: Vec<u8>,
    pending_to: Option<Session>,
    answer: Option<Answer>,
    scratch: Vec<u8>,
    /// The receivers of one message by the form of it that they get.
    classes: [Vec<Session>; CLASSES],
}

/// One or more whole lines, for those who receive them all.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Delivery<'a> {
    /// Each session once.
    pub to: &'a [Session],
    /// Lines with their CRLF.
    pub bytes: &'a Bytes,
}

/// What the network cannot do itself.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// The network has parted with this session (QUIT, KILL): close it with this text.
    Close {
        /// Which.
        session: Session,
        /// Why, without `Closing Link`.
        text: Bytes,
    },
    /// The user has another nickname now, which the session's own replies must name.
    Renamed {
        /// Which session.
        session: Session,
        /// The new nickname.
        nick: Bytes,
    },
    /// The user asks to be an operator (OPER, RFC 2812 §3.1.4). Answer with [`Network::operator`](super::Network::operator).
    Operator {
        /// Which session.
        session: Session,
        /// The operator's name.
        name: Bytes,
        /// The password.
        password: Bytes,
    },
    /// An operator asks to have the configuration read again (REHASH, RFC 2812 §4.2). It has been answered.
    Rehash {
        /// Which session.
        session: Session,
    },
}

struct Parcel {
    /// Where its receivers end; they begin where those of the one before end.
    end: usize,
    bytes: Bytes,
}

/// The lines for the session whose labelled command is being handled.
pub(super) struct Answer {
    pub(super) session: Session,
    pub(super) label: Vec<u8>,
    pub(super) lines: Vec<u8>,
    pub(super) ends: Vec<usize>,
}

impl Deliveries {
    /// None yet.
    pub fn new() -> Self {
        Deliveries::default()
    }

    /// What to send, in order.
    pub fn deliveries(&self) -> impl Iterator<Item = Delivery<'_>> {
        let mut start = 0;
        self.parcels.iter().map(move |parcel| {
            let to = self.receivers.get(start..parcel.end).unwrap_or_default();
            start = parcel.end;
            Delivery { to, bytes: &parcel.bytes }
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
        const KEPT: usize = 64 * 1024;
        self.receivers.clear();
        self.parcels.clear();
        self.actions.clear();
        self.pending.clear();
        self.pending.shrink_to(KEPT);
        self.pending_to = None;
        self.answer = None;
    }

    pub(super) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// One line for one session; `write` appends it, or nothing.
    pub(super) fn line(&mut self, session: Session, write: impl FnOnce(&mut Vec<u8>)) {
        if let Some(answer) = self.answer.as_mut().filter(|answer| answer.session == session) {
            let before = answer.lines.len();
            write(&mut answer.lines);
            if answer.lines.len() > before {
                answer.ends.push(answer.lines.len());
            }
            return;
        }
        if self.pending_to != Some(session) {
            self.settle();
            self.pending_to = Some(session);
        }
        write(&mut self.pending);
    }

    /// One line for many; `write` appends it, or nothing.
    pub(super) fn shared(&mut self, to: impl Iterator<Item = Session>, write: impl FnOnce(&mut Vec<u8>)) {
        self.settle();
        self.scratch.clear();
        write(&mut self.scratch);
        let start = self.receivers.len();
        if !self.scratch.is_empty() {
            self.receivers.extend(to);
        }
        if self.receivers.len() > start {
            let bytes = Bytes::copy_from_slice(&self.scratch);
            self.parcels.push(Parcel { end: self.receivers.len(), bytes });
        }
    }

    /// A line for many in several forms, numbered below [`CLASSES`]: each form is written once, if anybody gets it.
    pub(super) fn sorted(&mut self, to: impl Iterator<Item = (Session, usize)>, write: impl Fn(usize, &mut Vec<u8>)) {
        self.settle();
        for (session, class) in to {
            if let Some(receivers) = self.classes.get_mut(class) {
                receivers.push(session);
            }
        }
        for (class, receivers) in self.classes.iter_mut().enumerate().filter(|(_, receivers)| !receivers.is_empty()) {
            self.scratch.clear();
            write(class, &mut self.scratch);
            if !self.scratch.is_empty() {
                self.receivers.append(receivers);
                let bytes = Bytes::copy_from_slice(&self.scratch);
                self.parcels.push(Parcel { end: self.receivers.len(), bytes });
            }
            receivers.clear();
        }
    }

    /// Makes a delivery of what is pending. The network does so at the end of each call.
    pub(super) fn settle(&mut self) {
        let Some(session) = self.pending_to.take() else { return };
        if !self.pending.is_empty() {
            self.receivers.push(session);
            self.parcels.push(Parcel { end: self.receivers.len(), bytes: Bytes::copy_from_slice(&self.pending) });
            self.pending.clear();
        }
    }

    /// From now on what goes to this session is the answer to a labelled command.
    pub(super) fn begin_answer(&mut self, session: Session, label: &[u8]) {
        self.answer = Some(Answer { session, label: label.into(), lines: Vec::new(), ends: Vec::new() });
    }

    pub(super) fn end_answer(&mut self) -> Option<Answer> {
        self.answer.take()
    }

    /// The session whose labelled command is being handled: its lines must not be shared.
    pub(super) fn answering(&self) -> Option<Session> {
        self.answer.as_ref().map(|answer| answer.session)
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliveries")
            .field("deliveries", &self.parcels.len())
            .field("receivers", &self.receivers.len())
            .field("actions", &self.actions)
            .finish()
    }
}

impl fmt::Debug for Action {
    /// Shows neither passwords nor texts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Close { session, .. } => write!(f, "Close({session:?})"),
            Action::Renamed { session, nick } => write!(f, "Renamed({session:?}, {})", nick.escape_ascii()),
            Action::Operator { session, name, .. } => write!(f, "Operator({session:?}, {})", name.escape_ascii()),
            Action::Rehash { session } => write!(f, "Rehash({session:?})"),
        }
    }
}
