//! LIST and LSUB.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use imap_proto::codec::command::{List, ListReturn, ListSelection, StatusItem};
use imap_proto::codec::{
    self, Data, ListAttribute, ListEntry, ListExtension, Matcher, Metadata, MetadataEntries, MyRights,
};
use imap_proto::server::kind;
use wirestate_machine::{Misuse, Ticket};

use super::Machine;
use super::metadata::{NO_ENTRY, is_entry};
use super::rights::rights;
use super::session::Session;
use super::tree::{DELIMITER, are_known, told};
use crate::mailstore::{Listed, MailStore, MailboxName, SpecialUse, Status, StoreError};
use crate::offload::Offload;

/// What LIST is asked for.
#[derive(Debug, Default)]
struct Wish {
    subscribed: bool,
    special_use: bool,
    recursive: bool,
    status: Option<Vec<StatusItem<Bytes>>>,
    metadata: Vec<Bytes>,
    rights: bool,
}

/// A name that LIST may tell.
#[derive(Debug)]
struct Candidate {
    listed: Listed,
    /// As the client understands it.
    name: codec::Mailbox<Bytes>,
    matches: bool,
    is_selected: bool,
    /// Whether there is one below it that is selected but not told.
    has_hidden: bool,
}

/// What is told of a name.
struct Told {
    entry: ListEntry<Bytes>,
    status: Option<Status>,
    metadata: Vec<(Bytes, Option<Bytes>)>,
    rights: Option<Bytes>,
}

impl<O: Offload> Session<O> {
    // --- LIST ---

    pub(super) async fn list(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        list: List<Bytes>,
    ) -> Result<(), Misuse> {
        let is_extended = list.in_parentheses || !list.selection.is_empty() || list.returns.is_some();
        if !is_extended && list.patterns.iter().all(Bytes::is_empty) {
            machine.tell(&ticket, &Data::List(root()))?;
            return machine.ok(ticket, None, "That is all");
        }
        let wish = match Wish::of(&list) {
            Ok(wish) => wish,
            Err(why) => return machine.bad(ticket, None, why),
        };
        let listed = self.with_store(|store| Ok((store.list()?, store.subscriptions()?))).await;
        let (listed, subscriptions) = match listed {
            Ok(found) => found,
            Err(error) => return self.refuse(machine, ticket, &error, false),
        };
        let matchers = list.patterns.iter().map(|pattern| matcher(&list.reference, pattern)).collect();
        let names = if wish.subscribed { with_subscriptions(listed, &subscriptions) } else { listed };
        let candidates = candidates(machine, names, matchers, &wish);
        let append_limit = machine.config().limits.message;
        let items = wish.status.clone().unwrap_or_default();
        let told_all = self.with_store(move |store| Ok(tell_of(store, candidates, &wish))).await;
        for Told { entry, status, metadata, rights } in told_all.unwrap_or_default() {
            let mailbox = entry.mailbox.clone();
            machine.tell(&ticket, &Data::List(entry))?;
            if let Some(status) = status {
                machine.tell(&ticket, &Data::Status(told(mailbox.clone(), &items, &status, append_limit)))?;
            }
            if let Some(rights) = rights {
                machine.tell(&ticket, &Data::MyRights(MyRights { mailbox: mailbox.clone(), rights }))?;
            }
            if !metadata.is_empty() {
                let entries = MetadataEntries::Values(metadata);
                machine.tell(&ticket, &Data::Metadata(Metadata { mailbox, entries }))?;
            }
        }
        machine.ok(ticket, None, "That is all")
    }

    // --- LSUB ---

    pub(super) async fn lsub(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        reference: &Bytes,
        pattern: &Bytes,
    ) -> Result<(), Misuse> {
        if pattern.is_empty() {
            machine.tell(&ticket, &Data::Lsub(root()))?;
            return machine.ok(ticket, None, "That is all");
        }
        let subscriptions = match self.with_store(MailStore::subscriptions).await {
            Ok(subscriptions) => subscriptions,
            Err(error) => return self.refuse(machine, ticket, &error, false),
        };
        let wish = Wish { subscribed: true, recursive: true, ..Wish::default() };
        let names = with_subscriptions(Vec::new(), &subscriptions);
        for one in candidates(machine, names, vec![matcher(reference, pattern)], &wish) {
            // A name above is told for those below it that the pattern hides (RFC 3501 section 6.3.9).
            let attributes = if one.is_selected { Vec::new() } else { vec![ListAttribute::NoSelect] };
            let entry = ListEntry { attributes, delimiter: Some(DELIMITER), mailbox: one.name, extended: Vec::new() };
            machine.tell(&ticket, &Data::Lsub(entry))?;
        }
        machine.ok(ticket, None, "That is all")
    }
}

impl Wish {
    fn of(list: &List<Bytes>) -> Result<Self, &'static str> {
        let mut wish = Self::default();
        for selection in &list.selection {
            match selection {
                ListSelection::Subscribed => wish.subscribed = true,
                ListSelection::SpecialUse => wish.special_use = true,
                ListSelection::RecursiveMatch => wish.recursive = true,
                // There are no other servers.
                ListSelection::Remote => {}
                _ => return Err("Unknown selection option"),
            }
        }
        if wish.recursive && !wish.subscribed && !wish.special_use {
            return Err("RECURSIVEMATCH needs another selection option");
        }
        for one in list.returns.iter().flatten() {
            match one {
                // All of this is always told.
                ListReturn::Subscribed | ListReturn::Children | ListReturn::SpecialUse => {}
                ListReturn::Status(items) if are_known(items) => wish.status = Some(items.clone()),
                ListReturn::Status(_) => return Err("Unknown STATUS item"),
                ListReturn::MyRights => wish.rights = true,
                ListReturn::Metadata(entries) if !entries.iter().all(|entry| is_entry(entry)) => return Err(NO_ENTRY),
                ListReturn::Metadata(entries) => wish.metadata.clone_from(entries),
                _ => return Err("Unknown return option"),
            }
        }
        Ok(wish)
    }

    fn selects(&self, listed: &Listed) -> bool {
        (!self.subscribed || listed.is_subscribed) && (!self.special_use || listed.special_use.is_some())
    }
}

/// What LIST and LSUB tell of an empty pattern: how levels are parted.
fn root() -> ListEntry<Bytes> {
    ListEntry {
        attributes: vec![ListAttribute::NoSelect],
        delimiter: Some(DELIMITER),
        mailbox: codec::Mailbox::Name(Bytes::new()),
        extended: Vec::new(),
    }
}

/// A matcher for names as the client understands them. INBOX has any case, above others, too.
fn matcher(reference: &[u8], pattern: &[u8]) -> Matcher {
    let mut whole = [reference, pattern].concat();
    let first = whole.iter().position(|byte| *byte == DELIMITER).unwrap_or(whole.len());
    if let Some(level) = whole.get_mut(..first)
        && level.eq_ignore_ascii_case(b"INBOX")
    {
        level.make_ascii_uppercase();
    }
    Matcher::new(b"", &whole, Some(DELIMITER))
}

/// The names in the tree, and those that are only subscribed, with all above them.
fn with_subscriptions(listed: Vec<Listed>, subscriptions: &[MailboxName]) -> Vec<Listed> {
    let mut list = listed;
    let known: BTreeSet<_> = list.iter().map(|listed| listed.name.clone()).collect();
    let mut missing: BTreeMap<MailboxName, bool> = BTreeMap::new();
    for name in subscriptions.iter().filter(|name| !known.contains(name)) {
        missing.insert(name.clone(), true);
        let mut above = name.parent();
        while let Some(parent) = above.filter(|parent| !known.contains(parent)) {
            above = parent.parent();
            missing.entry(parent).or_insert(false);
        }
    }
    list.extend(missing.into_iter().map(|(name, is_subscribed)| Listed {
        name,
        object_id: None,
        special_use: None,
        has_children: false,
        is_subscribed,
    }));
    list
}

/// What of these names is to be told.
fn candidates(machine: &Machine, names: Vec<Listed>, mut matchers: Vec<Matcher>, wish: &Wish) -> Vec<Candidate> {
    let mut all: Vec<_> = names
        .into_iter()
        .map(|listed| {
            let name = machine.mailbox_from(listed.name.as_str());
            let matches = matchers.iter_mut().any(|matcher| matcher.is_match(name.as_bytes()));
            let is_selected = wish.selects(&listed);
            Candidate { listed, name, matches, is_selected, has_hidden: false }
        })
        .collect();
    if wish.recursive {
        let mut above_hidden = BTreeSet::new();
        for one in all.iter().filter(|one| one.is_selected && !one.matches) {
            let mut above = one.listed.name.parent();
            while let Some(parent) = above {
                above = parent.parent();
                above_hidden.insert(parent);
            }
        }
        for one in &mut all {
            one.has_hidden = above_hidden.contains(&one.listed.name);
        }
    }
    all.retain(|one| one.matches && (one.is_selected || one.has_hidden));
    all
}

fn tell_of(store: &MailStore, candidates: Vec<Candidate>, wish: &Wish) -> Vec<Told> {
    let tell = |one: Candidate| {
        let Candidate { listed, name, has_hidden, .. } = one;
        let is_there = listed.object_id.is_some();
        // One that cannot be opened is listed all the same (RFC 5819 section 2).
        let status = wish.status.as_ref().filter(|_| is_there).and_then(|_| store.status(&listed.name).ok());
        let metadata = if is_there { metadata_of(store, &listed.name, &wish.metadata) } else { Ok(Vec::new()) };
        let extended = if has_hidden { vec![ListExtension::ChildInfo(wish.selected_by())] } else { Vec::new() };
        let entry = ListEntry { attributes: attributes(&listed), delimiter: Some(DELIMITER), mailbox: name, extended };
        let rights = (wish.rights && is_there).then(|| rights(&listed.name));
        Told { entry, status, metadata: metadata.unwrap_or_default(), rights }
    };
    candidates.into_iter().map(tell).collect()
}

impl Wish {
    /// By which options those below are selected.
    fn selected_by(&self) -> Vec<Bytes> {
        let options = [(self.subscribed, "SUBSCRIBED"), (self.special_use, "SPECIAL-USE")];
        options.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| Bytes::from_static(name.as_bytes())).collect()
    }
}

fn metadata_of(
    store: &MailStore,
    name: &MailboxName,
    wanted: &[Bytes],
) -> Result<Vec<(Bytes, Option<Bytes>)>, StoreError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let known: BTreeMap<_, _> = store.annotations(Some(name))?.into_iter().collect();
    let value = |entry: &Bytes| {
        let known = known.get(&String::from_utf8_lossy(entry).to_ascii_lowercase());
        (entry.clone(), known.map(|value| Bytes::copy_from_slice(value)))
    };
    Ok(wanted.iter().map(value).collect())
}

pub(super) fn attributes(listed: &Listed) -> Vec<ListAttribute<Bytes>> {
    let mut attributes = Vec::new();
    if listed.object_id.is_none() {
        // The first is for those who do not know the second.
        attributes.extend([ListAttribute::NoSelect, ListAttribute::NonExistent]);
    }
    if listed.is_subscribed {
        attributes.push(ListAttribute::Subscribed);
    }
    attributes.push(if listed.has_children { ListAttribute::HasChildren } else { ListAttribute::HasNoChildren });
    attributes.extend(listed.special_use.map(|special_use| match special_use {
        SpecialUse::Archive => ListAttribute::Archive,
        SpecialUse::Drafts => ListAttribute::Drafts,
        SpecialUse::Junk => ListAttribute::Junk,
        SpecialUse::Sent => ListAttribute::Sent,
        SpecialUse::Trash => ListAttribute::Trash,
    }));
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> MailboxName {
        MailboxName::parse(text).unwrap()
    }

    #[test]
    fn inbox_has_any_case_with_levels_below_it_too() {
        assert!(matcher(b"", b"inbox/%").is_match(b"INBOX/x"));
        assert!(matcher(b"InBox/", b"x").is_match(b"INBOX/x"));
        assert!(!matcher(b"", b"x/inbox").is_match(b"x/INBOX"));
        assert!(matcher(b"Archive/", b"%").is_match(b"Archive/2026"));
    }

    #[test]
    fn what_is_only_subscribed_comes_with_the_names_above_it() {
        let there =
            Listed { name: name("a"), object_id: None, special_use: None, has_children: false, is_subscribed: false };
        let all = with_subscriptions(vec![there], &[name("a"), name("a/b/c"), name("d")]);
        let all: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.is_subscribed)).collect();
        assert_eq!(all, [("a", false), ("a/b", false), ("a/b/c", true), ("d", true)]);
    }
}
