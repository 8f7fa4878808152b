//! NOTIFY (RFC 5465): what the session keeps of it itself, of the selected mailbox. Other mailboxes are the application's.

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::Misuse;

use super::fetch::FetchRequest;
use super::{Asked, Event, Rejected, Server};
use crate::codec::command::{EventGroup, FetchAttribute, MailboxFilter, Notify, NotifyEvent};
use crate::codec::{Data, Encoder, UidSet};

/// What the client has asked NOTIFY for, of the selected mailbox (RFC 5465 §6.1 and §6.2). Without, changes are told with commands, and in IDLE.
pub(super) type Notifying = Option<Box<Wanted>>;

/// What of the selected mailbox is told.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) when: When,
    /// FlagChange: what others do to flags.
    flags: bool,
    /// What is told of a new message without a command.
    items: Vec<FetchAttribute<Bytes>>,
    /// New messages that the client was told of, and is to be told more of.
    arrived: UidSet,
}

/// When it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// With commands alone, and not even in IDLE (RFC 5465 §4).
    Asked,
    /// `SELECTED-DELAYED`: at once, but an EXPUNGE waits for a command.
    Delayed,
    /// `SELECTED`: at once.
    AtOnce,
}

impl Wanted {
    /// NOTIFY NONE.
    fn nothing() -> Box<Self> {
        Box::new(Wanted { when: When::Asked, flags: true, items: Vec::new(), arrived: UidSet::new() })
    }

    /// Notes that these were told of by EXISTS.
    pub(super) fn note_new(&mut self, new: UidSet) {
        if !self.items.is_empty() {
            self.arrived.union(&new);
        }
    }
}

impl Server {
    // --- the command ---

    /// What NOTIFY wishes for of the selected mailbox, if its events go together (RFC 5465 §5 and §6).
    pub(super) fn read_wish(notify: &Notify<Bytes>) -> Result<Notifying, Rejected> {
        let Notify::Set { groups, .. } = notify else { return Ok(Some(Wanted::nothing())) };
        let mut wish = None;
        for group in groups {
            check_events(&group.events)?;
            let when = match group.mailboxes {
                MailboxFilter::Selected => When::AtOnce,
                MailboxFilter::SelectedDelayed => When::Delayed,
                _ if items_of(group).is_empty() => continue,
                // Of messages in other mailboxes nothing but STATUS is told.
                _ => return Err(Rejected::Events),
            };
            if wish.is_some() || group.events.iter().any(|event| !is_of_messages(event)) {
                return Err(Rejected::Events);
            }
            let flags = group.events.contains(&NotifyEvent::FlagChange);
            let items = items_of(group).iter().cloned().map(peeking).collect();
            wish = Some(match group.events.is_empty() {
                true => Wanted::nothing(),
                false => Box::new(Wanted { when, flags, items, arrived: UidSet::new() }),
            });
        }
        Ok(Some(wish.unwrap_or_else(Wanted::nothing)))
    }

    /// As NOTIFY NONE.
    pub(super) fn notify_nothing(&mut self) {
        self.set_notifying(Some(Wanted::nothing()));
    }

    /// When changes are told; `None` without NOTIFY.
    pub(super) fn tells_when(&self) -> Option<When> {
        self.notifying.as_ref().map(|wanted| wanted.when)
    }

    pub(super) fn set_notifying(&mut self, notifying: Notifying) {
        self.notifying = notifying;
        self.let_view_know();
    }

    /// Whether others' changes of flags are told is the view's to know.
    pub(super) fn let_view_know(&mut self) {
        let hears_flags = self.notifying.as_ref().is_none_or(|wanted| wanted.flags);
        if let Some(selected) = &mut self.selected {
            selected.view.set_hears_flags(hears_flags);
        }
    }

    // --- new messages ---

    /// Asks the application for what the client wants to know of messages that it was just told of; whether there is anything.
    pub(super) fn ask_for_new(&mut self) -> bool {
        let Some(wanted) = &mut self.notifying else { return false };
        let uids = core::mem::take(&mut wanted.arrived);
        if uids.is_empty() {
            return false;
        }
        let mut items = wanted.items.clone();
        if self.enabled.condstore && !items.contains(&FetchAttribute::ModSeq) {
            items.push(FetchAttribute::ModSeq);
        }
        self.fetching_new = true;
        let ticket = self.issue(Asked::Command);
        self.queue(Event::Fetch { ticket, request: Box::new(FetchRequest::of(uids, items)) });
        true
    }

    // --- other mailboxes ---

    /// Says that too much happens to be told (RFC 5465 §5.8): from now on nothing is, as if the client had said `NOTIFY NONE`.
    pub fn give_up_notifying(&mut self) {
        self.notify_nothing();
        self.held.get_or_insert_default().overflowed = true;
        self.tell_held();
    }

    /// Tells what the client has asked NOTIFY for, of other mailboxes: STATUS, LIST or METADATA. To be called for [`Event::Elsewhere`], and for
    /// `NOTIFY SET STATUS` by [`tell`](Server::tell) before its end.
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongState`] before login or within a literal, [`Misuse::ForbiddenCharacter`] for what cannot be written; then nothing is told.
    pub fn tell_unasked<T: AsRef<[u8]>>(&mut self, data: &Data<T>) -> Result<(), Misuse> {
        if !self.is_logged_in() || self.streaming.is_some() {
            return Err(Misuse::WrongState);
        }
        let encoder = Encoder::server().with_utf8(self.enabled.says_utf8());
        encoder.encode(data, &mut self.outbox).map_err(|_| Misuse::ForbiddenCharacter)
    }
}

/// MessageNew and MessageExpunge come together, and FlagChange with them; and they must be known.
fn check_events(events: &[NotifyEvent<Bytes>]) -> Result<(), Rejected> {
    let has = |wanted: fn(&NotifyEvent<Bytes>) -> bool| events.iter().any(wanted);
    if has(|event| matches!(event, NotifyEvent::Other(_) | NotifyEvent::AnnotationChange)) {
        return Err(Rejected::BadEvent);
    }
    let (new, expunge) =
        (has(|event| matches!(event, NotifyEvent::MessageNew(_))), has(|event| *event == NotifyEvent::MessageExpunge));
    let flags = has(|event| *event == NotifyEvent::FlagChange);
    if new != expunge || (flags && !new) { Err(Rejected::Events) } else { Ok(()) }
}

/// The same without its effect on `\Seen`: the client has not looked at anything.
fn peeking(item: FetchAttribute<Bytes>) -> FetchAttribute<Bytes> {
    match item {
        FetchAttribute::Section { section, partial, .. } => FetchAttribute::Section { section, partial, peek: true },
        FetchAttribute::Binary { part, partial, .. } => FetchAttribute::Binary { part, partial, peek: true },
        other => other,
    }
}

fn is_of_messages(event: &NotifyEvent<Bytes>) -> bool {
    matches!(event, NotifyEvent::MessageNew(_) | NotifyEvent::MessageExpunge | NotifyEvent::FlagChange)
}

/// What is to be told of a new message.
fn items_of(group: &EventGroup<Bytes>) -> &[FetchAttribute<Bytes>] {
    let items = group.events.iter().find_map(|event| match event {
        NotifyEvent::MessageNew(items) => Some(&items[..]),
        _ => None,
    });
    items.unwrap_or_default()
}

/// The events that can be asked for, as the code BADEVENT lists them.
pub(super) const EVENTS: [&str; 7] = [
    "MessageNew",
    "MessageExpunge",
    "FlagChange",
    "MailboxName",
    "SubscriptionChange",
    "MailboxMetadataChange",
    "ServerMetadataChange",
];
