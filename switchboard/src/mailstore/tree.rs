//! The tree of a user's mailboxes. Which there are is told by the folders; the
//! index follows them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::sync::{MutexGuard, Weak};

use rusqlite::Connection;

use super::error::StoreError;
use super::index::{Durability, MailboxRow, Step, note, table};
use super::listing::fresh_base;
use super::message::MailboxId;
use super::name::MailboxName;
use super::notice::{Change, Origin, Subscription, TreeChange};
use super::special::SpecialUse;
use super::watch::{Sound, Spot, Watch, Watched};
use super::{MailStore, validity};
use crate::data::make_folder;
use crate::maildir::sync_folder;

/// How the names begin of folders that come or go: without a dot, so that
/// nobody takes them for mailboxes.
pub(super) const UNFINISHED: &str = "switchboard-unfinished-";

/// A name in the tree, for LIST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub name: MailboxName,
    /// MAILBOXID; `None` for a name that is only the way to others:
    /// `\NoSelect`, and `\NonExistent` (RFC 5258).
    pub object_id: Option<MailboxId>,
    /// What it is used for.
    pub special_use: Option<SpecialUse>,
    /// `\HasChildren` or `\HasNoChildren`.
    pub has_children: bool,
    /// `\Subscribed`
    pub is_subscribed: bool,
}

type Tree<'a> = MutexGuard<'a, Option<Watch>>;

impl MailStore {
    /// All mailboxes, and the names between them that are none, in order, INBOX
    /// first.
    ///
    /// # Errors
    ///
    /// The system's and the index's.
    pub fn list(&self) -> Result<Vec<Listed>, StoreError> {
        let rows = self.refresh(&self.tree())?;
        let subscribed: BTreeSet<_> = self.subscriptions()?.into_iter().collect();
        let mut names: BTreeMap<MailboxName, Option<&MailboxRow>> = BTreeMap::new();
        for row in &rows {
            names.insert(row.name.clone(), Some(row));
            let mut above = row.name.parent();
            while let Some(name) = above {
                above = name.parent();
                names.entry(name).or_default();
            }
        }
        let with_children: BTreeSet<_> = names.keys().filter_map(MailboxName::parent).collect();
        let listed = |(name, row): (&MailboxName, &Option<&MailboxRow>)| Listed {
            name: name.clone(),
            object_id: row.map(|row| row.object_id),
            special_use: row.and_then(|row| row.special_use),
            has_children: with_children.contains(name),
            is_subscribed: subscribed.contains(name),
        };
        let mut list: Vec<_> = names.iter().map(listed).collect();
        list.sort_by_key(|listed| !listed.name.is_inbox());
        Ok(list)
    }

    /// The subscribed names, in order; there need not be a mailbox of each.
    ///
    /// # Errors
    ///
    /// The index's.
    pub fn subscriptions(&self) -> Result<Vec<MailboxName>, StoreError> {
        table::subscriptions(self.index().db())
    }

    /// Subscribes a name, whether there is a mailbox or not.
    ///
    /// # Errors
    ///
    /// The index's.
    pub fn subscribe(&self, name: &MailboxName) -> Result<(), StoreError> {
        if self.index().write(|transaction| table::subscribe(transaction, name))? {
            self.listeners.tell(&TreeChange::Subscribed(name.clone()));
        }
        Ok(())
    }

    /// Ends a subscription, if there is one.
    ///
    /// # Errors
    ///
    /// The index's.
    pub fn unsubscribe(&self, name: &MailboxName) -> Result<(), StoreError> {
        if self.index().write(|transaction| table::unsubscribe(transaction, name))? {
            self.listeners.tell(&TreeChange::Unsubscribed(name.clone()));
        }
        Ok(())
    }

    /// Calls `listener` when mailboxes come, go or change their names, by
    /// whomever. It posts the change to its session and returns; it must not
    /// call the store.
    pub fn watch(&self, listener: impl Fn(&TreeChange) + Send + Sync + 'static) -> Subscription {
        let subscription = self.listeners.add(listener);
        let mut tree = self.tree();
        if tree.is_none() {
            let who: Weak<dyn Watched> = self.this.clone();
            *tree = Some(self.watcher.watch(&[(self.root.clone(), Spot::Tree)], &who));
            // What is there already is no news.
            if let Err(error) = self.refresh(&tree) {
                tracing::warn!(%error, "the mailboxes cannot be listed");
            }
        }
        subscription
    }

    /// Makes a mailbox, and those above it that are missing.
    ///
    /// # Errors
    ///
    /// [`StoreError::AlreadyExists`], [`StoreError::UseTaken`], or the system's;
    /// then some of those above may have been made.
    pub fn create(&self, name: &MailboxName, special_use: Option<SpecialUse>) -> Result<MailboxId, StoreError> {
        let tree = self.tree();
        let rows = self.refresh(&tree)?;
        if rows.iter().any(|row| row.name == *name) {
            return Err(StoreError::AlreadyExists);
        }
        if special_use.is_some() && rows.iter().any(|row| row.special_use == special_use) {
            return Err(StoreError::UseTaken);
        }
        self.make_above(name, &rows)?;
        self.make(name, special_use)
    }

    /// Deletes a mailbox with all its messages. Those below it stay.
    ///
    /// # Errors
    ///
    /// [`StoreError::Inbox`], [`StoreError::NoMailbox`],
    /// [`StoreError::HasChildren`] for a name that is no mailbox but the way to
    /// some; otherwise the system's.
    pub fn delete(&self, name: &MailboxName) -> Result<(), StoreError> {
        if name.is_inbox() {
            return Err(StoreError::Inbox);
        }
        let tree = self.tree();
        let rows = self.refresh(&tree)?;
        let Some(row) = rows.iter().find(|row| row.name == *name) else {
            let is_way = rows.iter().any(|row| row.name.is_below(name));
            return Err(if is_way { StoreError::HasChildren } else { StoreError::NoMailbox });
        };
        let open = self.open_mailbox(row.id);
        let mut contents = open.as_ref().map(|mailbox| mailbox.lock());
        let aside = self.unfinished();
        // At once for all programs; what follows may take its time.
        fs::rename(self.path(name), &aside).map_err(StoreError::at(&aside))?;
        self.forget(row.id, name)?;
        if let Some((mailbox, contents)) = open.as_ref().zip(contents.as_deref_mut()) {
            mailbox.end(contents);
        }
        drop((contents, tree));
        if let Err(error) = fs::remove_dir_all(&aside) {
            tracing::warn!(%error, folder = %aside.display(), "the rest of a deleted mailbox stays for a while");
        }
        Ok(())
    }

    /// Renames a mailbox with all below it; of INBOX, moves its messages into a
    /// new mailbox (RFC 3501 section 6.3.5). Makes what is missing above `to`.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoMailbox`], [`StoreError::AlreadyExists`],
    /// [`StoreError::IntoItself`], [`StoreError::Name`] if a name below would
    /// be too long; otherwise the system's.
    pub fn rename(&self, from: &MailboxName, to: &MailboxName) -> Result<(), StoreError> {
        if from.is_inbox() {
            return self.rename_inbox(to);
        }
        let tree = self.tree();
        let rows = self.refresh(&tree)?;
        let renamed = rows.iter().filter(|row| row.name == *from || row.name.is_below(from));
        let renamed = renamed.map(|row| Ok((row, row.name.moved(from, to)?)));
        let mut renamed = renamed.collect::<Result<Vec<_>, StoreError>>()?;
        if renamed.is_empty() {
            return Err(StoreError::NoMailbox);
        }
        if to == from || rows.iter().any(|row| renamed.iter().any(|(_, name)| row.name == *name)) {
            return Err(StoreError::AlreadyExists);
        }
        if to.is_below(from) {
            return Err(StoreError::IntoItself);
        }
        self.make_above(to, &rows)?;
        renamed.sort_by_key(|(row, _)| row.id);
        let open: Vec<_> = renamed.iter().map(|(row, _)| self.open_mailbox(row.id)).collect();
        let mut all_contents: Vec<_> = open.iter().map(|mailbox| mailbox.as_ref().map(|it| it.lock())).collect();
        let step = |(row, name): &(&MailboxRow, MailboxName)| Step {
            source: row.name.folder().into(),
            target: name.folder().into(),
            base: None,
        };
        let steps: Vec<_> = renamed.iter().map(step).collect();
        self.index().write(|transaction| {
            for (row, name) in &renamed {
                table::rename_mailbox(transaction, row.id, name)?;
            }
            note(transaction, &steps)
        })?;
        if let Err(error) = self.index().roll_forward() {
            // It is decided, and will be done: the journal has it.
            tracing::error!(%error, "a mailbox is not renamed yet");
        }
        for ((row, name), (mailbox, contents)) in renamed.into_iter().zip(open.iter().zip(&mut all_contents)) {
            if let Some((mailbox, contents)) = mailbox.as_ref().zip(contents.as_deref_mut()) {
                contents.name = name.clone();
                contents.path = self.path(&name);
                mailbox.tell(&Change::Renamed(name.clone()));
            }
            self.listeners.tell(&TreeChange::Renamed { from: row.name.clone(), to: name });
        }
        Ok(())
    }

    fn rename_inbox(&self, to: &MailboxName) -> Result<(), StoreError> {
        self.create(to, None)?;
        let (inbox, target) = (self.mailbox(&MailboxName::inbox())?, self.mailbox(to)?);
        let uids: Vec<_> = inbox.sync()?.messages().iter().map(|message| message.uid()).collect();
        inbox.move_to(Origin::OUTSIDE, &uids, &target)?;
        Ok(())
    }

    /// The first start with a user's mail: the usual mailboxes, where there are
    /// none but INBOX, and everything subscribed.
    pub(super) fn set_up(&self) -> Result<(), StoreError> {
        let tree = self.tree();
        let rows = self.refresh(&tree)?;
        if rows.len() == 1 {
            // Their names tell what they are for.
            for special_use in SpecialUse::ALL {
                self.make_folder(&MailboxName::parse(special_use.usual_name())?)?;
            }
        }
        let rows = self.refresh(&tree)?;
        self.index()
            .write(|transaction| rows.iter().try_for_each(|row| table::subscribe(transaction, &row.name).map(drop)))
    }

    /// A mailbox's folder is gone.
    pub(super) fn forget(&self, id: i64, name: &MailboxName) -> Result<(), StoreError> {
        self.index().write(|transaction| table::delete_mailbox(transaction, id))?;
        self.listeners.tell(&TreeChange::Deleted(name.clone()));
        Ok(())
    }

    /// Lets the index follow the folders, and gives all mailboxes.
    pub(super) fn refresh(&self, _tree: &Tree<'_>) -> Result<Vec<MailboxRow>, StoreError> {
        {
            let mut index = self.index();
            if index.has_journal()? {
                index.roll_forward()?;
            }
            let rows = table::mailboxes(index.db())?;
            let folders = self.folders().map_err(StoreError::at(&self.root))?;
            if rows.len() == folders.len() && rows.iter().all(|row| folders.contains(&row.name)) {
                return Ok(rows);
            }
        }
        let mut changes = Vec::new();
        let mut ended = Vec::new();
        let rows = self.index().write(|transaction| {
            // Anew: both may have changed before this transaction began.
            let folders = self.folders().map_err(StoreError::at(&self.root))?;
            let mut rows = table::mailboxes(transaction)?;
            rows.retain(|row| {
                let is_there = folders.contains(&row.name);
                if !is_there {
                    ended.push(row.id);
                    changes.push(TreeChange::Deleted(row.name.clone()));
                }
                is_there
            });
            for id in &ended {
                table::delete_mailbox(transaction, *id)?;
            }
            for name in folders {
                if rows.iter().all(|row| row.name != name) {
                    let usual = SpecialUse::ALL.into_iter().find(|special| special.usual_name() == name.as_str());
                    let special_use = usual.filter(|usual| rows.iter().all(|row| row.special_use != Some(*usual)));
                    rows.push(self.enter_row(transaction, &name, special_use)?);
                    changes.push(TreeChange::Created(name));
                }
            }
            Ok(rows)
        })?;
        for mailbox in ended.into_iter().filter_map(|id| self.open_mailbox(id)) {
            mailbox.end(&mut mailbox.lock());
        }
        changes.iter().for_each(|change| self.listeners.tell(change));
        Ok(rows)
    }

    /// The mailboxes that there are folders for.
    fn folders(&self) -> io::Result<BTreeSet<MailboxName>> {
        let mut folders = BTreeSet::from([MailboxName::inbox()]);
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let Some(name) = MailboxName::of_folder(&entry.file_name()) else { continue };
            // A link may lead anywhere.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && entry.path().join("cur").is_dir() {
                folders.insert(name);
            }
        }
        Ok(folders)
    }

    fn make_above(&self, name: &MailboxName, rows: &[MailboxRow]) -> Result<(), StoreError> {
        let mut missing = Vec::new();
        let mut above = name.parent();
        while let Some(parent) = above.filter(|parent| rows.iter().all(|row| row.name != *parent)) {
            above = parent.parent();
            missing.push(parent);
        }
        missing.iter().rev().try_for_each(|name| self.make(name, None).map(drop))
    }

    /// Makes the folder and then its row.
    fn make(&self, name: &MailboxName, special_use: Option<SpecialUse>) -> Result<MailboxId, StoreError> {
        self.make_folder(name)?;
        let row = self.index().write(|transaction| match table::mailbox(transaction, name)? {
            // Another process has found the folder already.
            Some(row) => Ok(row),
            None => self.enter_row(transaction, name, special_use),
        })?;
        self.listeners.tell(&TreeChange::Created(name.clone()));
        Ok(row.object_id)
    }

    /// Makes a mailbox's folder, whole or not at all.
    fn make_folder(&self, name: &MailboxName) -> Result<(), StoreError> {
        let unfinished = self.unfinished();
        let path = self.path(name);
        let make = || -> io::Result<()> {
            for folder in ["cur", "new", "tmp"] {
                make_folder(&unfinished.join(folder))?;
            }
            // By this mail readers know that it is no user's own Maildir.
            fs::write(unfinished.join("maildirfolder"), "")?;
            fs::rename(&unfinished, &path)?;
            if self.durability == Durability::Full { sync_folder(&self.root) } else { Ok(()) }
        };
        make().inspect_err(|_| drop(fs::remove_dir_all(&unfinished))).map_err(StoreError::at(&path))
    }

    fn enter_row(
        &self,
        db: &Connection,
        name: &MailboxName,
        special_use: Option<SpecialUse>,
    ) -> Result<MailboxRow, StoreError> {
        let uid_validity = validity::take(&self.root).map_err(StoreError::at(&self.root))?;
        let mut object_id = [0; 16];
        getrandom::fill(&mut object_id).map_err(|error| StoreError::File {
            path: self.root.clone(),
            source: io::Error::other(error.to_string()),
        })?;
        let object_id = MailboxId(object_id);
        let id = table::insert_mailbox(db, name, object_id, uid_validity, special_use)?;
        Ok(MailboxRow { id, name: name.clone(), object_id, special_use })
    }

    fn unfinished(&self) -> std::path::PathBuf {
        let mut name = std::ffi::OsString::from(UNFINISHED);
        name.push(fresh_base(0, 0));
        self.root.join(name)
    }
}

impl Watched for MailStore {
    fn hear(&self, _spot: Spot, sound: Sound<'_>) -> bool {
        match sound {
            Sound::Came(name) | Sound::Went(name) => MailboxName::of_folder(OsStr::new(name)).is_some(),
            Sound::Noise => true,
        }
    }

    fn look(&self) {
        let tree = self.tree();
        if self.listeners.is_empty() {
            return;
        }
        match self.refresh(&tree) {
            Err(StoreError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "the mailboxes cannot be listed"),
            Ok(_) => {}
        }
    }
}
