//! NOTIFY (RFC 5465): what is told of mailboxes that are not selected. Of the
//! selected one the session itself does all there is to do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use imap_proto::codec::command::{EventGroup, MailboxFilter, Notify, NotifyEvent, StatusItem};
use imap_proto::codec::{self, Code, Data, ListAttribute, ListEntry, ListExtension, Metadata, MetadataEntries};
use imap_proto::server::{Notice, kind};
use wirestate_driver::{Handle, Parcel};
use wirestate_machine::{Misuse, Ticket};

use super::Machine;
use super::list::attributes;
use super::select::mailbox_name;
use super::session::Session;
use super::tree::{DELIMITER, told};
use crate::mailstore::{
    Change, Listed, MailStore, Mailbox, MailboxId, MailboxName, MailboxNameError, Status, StoreError, Subscription,
    TreeChange,
};
use crate::offload::Offload;

/// How many mailboxes one session may have watched: each is held in memory.
const MAILBOXES: usize = 1000;

/// How many changes of the tree wait for a session that is busy, before it is
/// told nothing any more.
const CHANGES: usize = 1000;

/// What a session has asked for.
pub(super) struct Notifying {
    groups: Arc<[Group]>,
    news: Arc<News>,
    /// The mailboxes of which messages matter.
    watched: Arc<BTreeMap<MailboxId, Watched>>,
    _tree: Subscription,
}

/// Mailboxes, and what of them matters.
#[derive(Debug)]
struct Group {
    filter: Filter,
    events: Events,
}

#[derive(Debug)]
pub(super) enum Filter {
    /// The mailbox that mail is delivered to.
    Inboxes,
    Personal,
    Subscribed,
    Subtree(Vec<MailboxName>),
    SubtreeOne(Vec<MailboxName>),
    Mailboxes(Vec<MailboxName>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Events {
    messages: bool,
    flags: bool,
    names: bool,
    subscriptions: bool,
    metadata: bool,
    user_metadata: bool,
}

/// A mailbox that is open for the sake of its changes.
struct Watched {
    mailbox: Arc<Mailbox>,
    events: Events,
    _subscription: Subscription,
}

/// What has happened since the session looked last.
struct News {
    pending: Mutex<Pending>,
    handle: Handle<Machine>,
}

#[derive(Debug, Default)]
struct Pending {
    /// Mailboxes, and whether it was more than flags.
    mailboxes: BTreeMap<MailboxId, bool>,
    tree: Vec<TreeChange>,
    overflowed: bool,
    /// Whether the session was told that there is something.
    is_told: bool,
}

/// What is to be said.
#[derive(Default)]
struct Tidings {
    tree: Vec<Data<Bytes>>,
    statuses: Vec<(MailboxName, Status)>,
}

impl<O: Offload> Session<O> {
    pub(super) async fn notify(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        notify: Notify<Bytes>,
    ) -> Result<(), Misuse> {
        let Notify::Set { status, groups } = notify else {
            self.notifying = None;
            return machine.ok(ticket, None, "Nothing will be told");
        };
        let groups: Result<Vec<_>, _> = groups.iter().map(|group| Group::of(machine, group)).collect();
        let groups: Arc<[Group]> = match groups {
            Ok(groups) => groups.into_iter().flatten().collect(),
            Err(error) => return self.refuse(machine, ticket, &StoreError::Name(error), false),
        };
        let news = Arc::new(News { pending: Mutex::default(), handle: self.handle.clone() });
        let begun = self
            .with_store(move |store| {
                let for_tree = news.clone();
                let tree = store.watch(move |change| for_tree.take_tree(change));
                let watched = Arc::new(watch(store, &groups, &news, None)?);
                let statuses = if status { statuses(watched.values())? } else { Vec::new() };
                Ok((Notifying { groups, news, watched, _tree: tree }, statuses))
            })
            .await;
        match begun {
            Ok((notifying, _)) if notifying.watched.len() > MAILBOXES => {
                machine.no(ticket, Code::NotificationOverflow, "too many mailboxes to be told of")
            }
            Ok((notifying, statuses)) => {
                self.notifying = Some(Box::new(notifying));
                for data in self.as_data(machine, statuses) {
                    machine.tell(&ticket, &data)?;
                }
                machine.ok(ticket, None, "You will be told")
            }
            Err(error) => self.refuse(machine, ticket, &error, false),
        }
    }

    /// Tells what has happened in other mailboxes.
    pub(super) async fn tell_elsewhere(&mut self, machine: &mut Machine) -> Result<(), Misuse> {
        let Some(notifying) = &mut self.notifying else { return Ok(()) };
        let pending = notifying.news.drain();
        if pending.overflowed {
            self.notifying = None;
            machine.give_up_notifying();
            return Ok(());
        }
        let (groups, news, watched) = (notifying.groups.clone(), notifying.news.clone(), notifying.watched.clone());
        let name_of = NameOf::new(machine);
        let found = self
            .with_store(move |store| {
                let watched = if pending.tree.iter().any(moves_mailboxes) {
                    Arc::new(watch(store, &groups, &news, Some(&watched))?)
                } else {
                    watched
                };
                let mut tidings =
                    Tidings { tree: tree(store, &groups, &pending.tree, &name_of)?, ..Tidings::default() };
                let changed = watched.iter().filter(|(id, one)| match pending.mailboxes.get(id) {
                    Some(is_more_than_flags) => *is_more_than_flags || one.events.flags,
                    None => false,
                });
                tidings.statuses = statuses(changed.map(|(_, one)| one))?;
                Ok((watched, tidings))
            })
            .await;
        match found {
            Ok((watched, tidings)) => {
                if let Some(notifying) = &mut self.notifying {
                    notifying.watched = watched;
                }
                let statuses = self.as_data(machine, tidings.statuses);
                for data in tidings.tree.iter().chain(&statuses) {
                    machine.tell_unasked(data)?;
                }
            }
            Err(error) => tracing::warn!(session = self.id, user = self.user, reason = %error, "changes are not told"),
        }
        Ok(())
    }

    /// STATUS of mailboxes, but for the selected one.
    fn as_data(&self, machine: &Machine, statuses: Vec<(MailboxName, Status)>) -> Vec<Data<Bytes>> {
        let selected = self.selected.as_ref().map(|selected| selected.shared.object_id());
        let mut items = vec![StatusItem::Messages, StatusItem::UidNext, StatusItem::UidValidity, StatusItem::Unseen];
        if machine.enabled().condstore {
            items.push(StatusItem::HighestModSeq);
        }
        let data = |(name, status): (MailboxName, Status)| {
            let mailbox = machine.mailbox_from(name.as_str());
            Data::Status(told(mailbox, &items, &status, machine.config().limits.message))
        };
        statuses.into_iter().filter(|(_, status)| Some(status.object_id) != selected).map(data).collect()
    }
}

/// The mailboxes of which messages matter, each with a listener; those that
/// were watched before stay so.
fn watch(
    store: &MailStore,
    groups: &[Group],
    news: &Arc<News>,
    before: Option<&BTreeMap<MailboxId, Watched>>,
) -> Result<BTreeMap<MailboxId, Watched>, StoreError> {
    let mut watched = BTreeMap::new();
    if !groups.iter().any(|group| group.events.messages) {
        return Ok(watched);
    }
    let subscribed: BTreeSet<_> = store.subscriptions()?.into_iter().collect();
    for listed in store.list()?.into_iter().filter(|listed| listed.object_id.is_some()) {
        let events = events_of(groups, &listed.name, &subscribed);
        if !events.messages {
            continue;
        }
        let mailbox = match store.mailbox(&listed.name) {
            Ok(mailbox) => mailbox,
            // Somebody deletes it at this moment.
            Err(StoreError::NoMailbox | StoreError::Gone) => continue,
            Err(error) => return Err(error),
        };
        let id = mailbox.object_id();
        let for_mailbox = news.clone();
        match mailbox.subscribe(move |change| for_mailbox.take(id, change)) {
            Ok((_, subscription)) => {
                if before.is_some_and(|before| !before.contains_key(&id)) {
                    news.take_messages(id);
                }
                watched.insert(id, Watched { mailbox, events, _subscription: subscription });
            }
            Err(StoreError::NoMailbox | StoreError::Gone) => {}
            Err(error) => return Err(error),
        }
        if watched.len() > MAILBOXES {
            break;
        }
    }
    Ok(watched)
}

fn statuses<'a>(watched: impl Iterator<Item = &'a Watched>) -> Result<Vec<(MailboxName, Status)>, StoreError> {
    let mut statuses = Vec::new();
    for one in watched {
        match one.mailbox.status() {
            Ok(status) => statuses.push((one.mailbox.name(), status)),
            Err(StoreError::Gone) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(statuses)
}

// --- the tree ---

/// Whether the mailboxes that matter may be others now.
fn moves_mailboxes(change: &TreeChange) -> bool {
    !matches!(change, TreeChange::Annotated { .. })
}

/// What is told of changes of the tree (RFC 5465 section 5.4 to 5.7).
fn tree(
    store: &MailStore,
    groups: &[Group],
    changes: &[TreeChange],
    name_of: &NameOf,
) -> Result<Vec<Data<Bytes>>, StoreError> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let subscribed: BTreeSet<_> = store.subscriptions()?.into_iter().collect();
    let listed: BTreeMap<_, _> = store.list()?.into_iter().map(|listed| (listed.name.clone(), listed)).collect();
    let events = |name: &MailboxName| events_of(groups, name, &subscribed);
    let entry = |name: &MailboxName, extended| list_entry(listed.get(name), name, extended, name_of);
    let mut told = Vec::new();
    for change in changes {
        match change {
            TreeChange::Created(name) | TreeChange::Deleted(name) if events(name).names => {
                told.push(entry(name, Vec::new()));
            }
            TreeChange::Renamed { from, to } if events(from).names || events(to).names => {
                told.push(entry(to, vec![ListExtension::OldName(name_of.of(from))]));
            }
            TreeChange::Subscribed(name) if events(name).subscriptions => told.push(entry(name, Vec::new())),
            // It may have been in the group for no other reason.
            TreeChange::Unsubscribed(name)
                if events(name).subscriptions || groups.iter().any(Group::is_told_of_subscriptions) =>
            {
                told.push(entry(name, Vec::new()));
            }
            TreeChange::Annotated { mailbox: Some(name), entry } if events(name).metadata => {
                told.push(annotated(name_of.of(name), entry));
            }
            TreeChange::Annotated { mailbox: None, entry } if groups.iter().any(|group| group.events.user_metadata) => {
                told.push(annotated(codec::Mailbox::Name(Bytes::new()), entry));
            }
            _ => {}
        }
    }
    Ok(told)
}

fn list_entry(
    listed: Option<&Listed>,
    name: &MailboxName,
    extended: Vec<ListExtension<Bytes>>,
    name_of: &NameOf,
) -> Data<Bytes> {
    let attributes = listed.map_or_else(|| vec![ListAttribute::NonExistent], attributes);
    Data::List(ListEntry { attributes, delimiter: Some(DELIMITER), mailbox: name_of.of(name), extended })
}

fn annotated(mailbox: codec::Mailbox<Bytes>, entry: &str) -> Data<Bytes> {
    let entries = MetadataEntries::Changed(vec![Bytes::copy_from_slice(entry.as_bytes())]);
    Data::Metadata(Metadata { mailbox, entries })
}

/// How this client writes names.
struct NameOf {
    is_utf8: bool,
}

impl NameOf {
    fn new(machine: &Machine) -> Self {
        Self { is_utf8: machine.enabled().says_utf8() }
    }

    fn of(&self, name: &MailboxName) -> codec::Mailbox<Bytes> {
        let name = if self.is_utf8 { name.to_string() } else { codec::utf7::encode(name.as_str()) };
        codec::Mailbox::new(Bytes::from(name))
    }
}

// --- who is told of what ---

impl Group {
    /// `None` for the selected mailbox, which is the session's own matter.
    fn of(machine: &Machine, group: &EventGroup<Bytes>) -> Result<Option<Self>, MailboxNameError> {
        let Some(filter) = Filter::of(machine, &group.mailboxes)? else { return Ok(None) };
        let mut events = Events::default();
        for event in &group.events {
            match event {
                NotifyEvent::MessageNew(_) | NotifyEvent::MessageExpunge => events.messages = true,
                NotifyEvent::FlagChange => events.flags = true,
                NotifyEvent::MailboxName => events.names = true,
                NotifyEvent::SubscriptionChange => events.subscriptions = true,
                NotifyEvent::MailboxMetadataChange => events.metadata = true,
                NotifyEvent::ServerMetadataChange => events.user_metadata = true,
                _ => {}
            }
        }
        Ok(Some(Self { filter, events }))
    }

    fn is_told_of_subscriptions(&self) -> bool {
        self.events.subscriptions && matches!(self.filter, Filter::Subscribed)
    }
}

impl Filter {
    /// `None` for the selected mailbox.
    pub(super) fn of(machine: &Machine, filter: &MailboxFilter<Bytes>) -> Result<Option<Self>, MailboxNameError> {
        let names = |some: &[codec::Mailbox<Bytes>]| -> Result<Vec<_>, _> {
            some.iter().map(|name| mailbox_name(machine, name)).collect()
        };
        Ok(Some(match filter {
            MailboxFilter::Inboxes => Self::Inboxes,
            MailboxFilter::Personal => Self::Personal,
            MailboxFilter::Subscribed => Self::Subscribed,
            MailboxFilter::Subtree(some) => Self::Subtree(names(some)?),
            MailboxFilter::SubtreeOne(some) => Self::SubtreeOne(names(some)?),
            MailboxFilter::Mailboxes(some) => Self::Mailboxes(names(some)?),
            _ => return Ok(None),
        }))
    }

    pub(super) fn has(&self, name: &MailboxName, subscribed: &BTreeSet<MailboxName>) -> bool {
        match self {
            Self::Inboxes => name.is_inbox(),
            Self::Personal => true,
            Self::Subscribed => subscribed.contains(name),
            Self::Subtree(some) => some.iter().any(|above| name == above || name.is_below(above)),
            Self::SubtreeOne(some) => some.iter().any(|above| name == above || name.parent().as_ref() == Some(above)),
            Self::Mailboxes(some) => some.contains(name),
        }
    }
}

/// What matters of a mailbox: the first group that it is in decides.
fn events_of(groups: &[Group], name: &MailboxName, subscribed: &BTreeSet<MailboxName>) -> Events {
    groups.iter().find(|group| group.filter.has(name, subscribed)).map_or(Events::default(), |group| group.events)
}

// --- what has happened ---

impl News {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&self) -> Pending {
        std::mem::take(&mut *self.pending())
    }

    fn take(&self, id: MailboxId, change: &Change) {
        let Change::Messages { new, expunged, .. } = change else { return };
        let mut pending = self.pending();
        *pending.mailboxes.entry(id).or_default() |= !new.is_empty() || !expunged.is_empty();
        self.wake(&mut pending);
    }

    fn take_messages(&self, id: MailboxId) {
        let mut pending = self.pending();
        pending.mailboxes.insert(id, true);
        self.wake(&mut pending);
    }

    fn take_tree(&self, change: &TreeChange) {
        let mut pending = self.pending();
        if pending.tree.len() < CHANGES {
            pending.tree.push(change.clone());
        } else {
            pending.overflowed = true;
        }
        self.wake(&mut pending);
    }

    /// Says once that there is something to be told.
    fn wake(&self, pending: &mut Pending) {
        if !pending.is_told {
            // Who could not be told now is told with the next change.
            pending.is_told = self.handle.deliver(&Parcel::new(Notice::ELSEWHERE)).is_ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> MailboxName {
        MailboxName::parse(text).unwrap()
    }

    #[test]
    fn the_first_group_that_a_mailbox_is_in_decides() {
        let of_flags = Events { messages: true, flags: true, ..Events::default() };
        let of_messages = Events { messages: true, ..Events::default() };
        let groups = [
            Group { filter: Filter::Mailboxes(vec![name("a")]), events: Events::default() },
            Group { filter: Filter::Subtree(vec![name("a")]), events: of_flags },
            Group { filter: Filter::Personal, events: of_messages },
        ];
        let none = BTreeSet::new();
        let events = |text: &str| events_of(&groups, &name(text), &none);
        assert_eq!(events("a"), Events::default());
        assert_eq!(events("a/b/c"), of_flags);
        assert_eq!(events("ab"), of_messages);
    }

    #[test]
    fn filters_name_what_the_rfc_says() {
        let subscribed = BTreeSet::from([name("s")]);
        let has = |filter: &Filter, text: &str| filter.has(&name(text), &subscribed);
        assert!(has(&Filter::Inboxes, "inbox") && !has(&Filter::Inboxes, "INBOX/x"));
        assert!(has(&Filter::Subscribed, "s") && !has(&Filter::Subscribed, "s/t"));
        let one = Filter::SubtreeOne(vec![name("a")]);
        assert!(has(&one, "a") && has(&one, "a/b") && !has(&one, "a/b/c"));
    }
}
