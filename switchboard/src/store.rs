//! Everybody's mail: from a user's name to the user's Maildir and mailboxes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::data::DataFolder;
use crate::maildir::{Maildir, MaildirError};
use crate::mailstore::{Durability, MailStore, Quota, StoreError, Watcher};
use crate::name::UserName;
use crate::samples::SAMPLES;
use crate::users::Users;

/// One Maildir per user. Sessions of one user share the value here, since the
/// lock on the maildrop hangs on it.
#[derive(Debug)]
pub struct Store {
    mail: BTreeMap<UserName, Mail>,
    watcher: Arc<Watcher>,
    quota: Quota,
}

#[derive(Debug)]
struct Mail {
    maildir: Arc<Maildir>,
    /// Once somebody asked for it.
    mailstore: Mutex<Option<Arc<MailStore>>>,
}

impl Store {
    /// Opens every user's Maildir; a user without one gets a new one with the
    /// sample mail in it. A mailbox once emptied stays empty.
    ///
    /// # Errors
    ///
    /// The first Maildir that cannot be used.
    pub fn open(users: &Users, data: &DataFolder) -> Result<Self, MaildirError> {
        let watcher = Watcher::new().map_err(|source| MaildirError::Folder { path: data.mail(), source })?;
        let open = |name: &UserName| -> Result<Mail, MaildirError> {
            Ok(Mail { maildir: Maildir::open(data.maildir(name), &SAMPLES)?, mailstore: Mutex::default() })
        };
        let mail = users.iter().map(|user| Ok((user.name().clone(), open(user.name())?)));
        Ok(Self { mail: mail.collect::<Result<_, MaildirError>>()?, watcher, quota: Quota::default() })
    }

    /// The same with a limit to what each user may have.
    pub fn with_quota(self, quota: Quota) -> Self {
        Self { quota, ..self }
    }

    /// A user's Maildir; `None` for somebody who was no user at the start.
    pub fn maildir(&self, user: &UserName) -> Option<&Arc<Maildir>> {
        self.mail.get(user).map(|mail| &mail.maildir)
    }

    /// A user's mailboxes, over the same Maildir; `None` for somebody who was
    /// no user at the start. The first call opens the index, and blocks.
    ///
    /// # Errors
    ///
    /// The system's and the index's; the next call tries again.
    pub fn mailstore(&self, user: &UserName) -> Result<Option<Arc<MailStore>>, StoreError> {
        let Some(Mail { maildir, mailstore }) = self.mail.get(user) else { return Ok(None) };
        let mut mailstore = mailstore.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = &*mailstore {
            return Ok(Some(open.clone()));
        }
        let opened = MailStore::open(maildir.root().to_owned(), Durability::Full, self.watcher.clone())?;
        opened.set_quota(self.quota);
        let weak = Arc::downgrade(&opened);
        maildir.on_change(move || {
            if let Some(mailstore) = weak.upgrade() {
                mailstore.inbox_changed();
            }
        });
        Ok(Some(mailstore.insert(opened).clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailstore::{Change, MailboxName};
    use crate::settings::{Credentials, UserSource};

    #[test]
    fn new_users_find_samples_and_emptied_mailboxes_stay_empty() {
        let root = tempfile::tempdir().unwrap();
        let data = DataFolder::open(root.path()).unwrap();
        let source = UserSource::Given(vec![Credentials::parse("dora:x").unwrap()]);
        let users = Users::load(&source, &data).unwrap();
        let dora = UserName::parse("dora").unwrap();

        let store = Store::open(&users, &data).unwrap();
        let maildrop = store.maildir(&dora).unwrap().enter().unwrap();
        assert_eq!(maildrop.messages().len(), SAMPLES.len());
        maildrop.commit(0..SAMPLES.len());
        drop(maildrop);

        let store = Store::open(&users, &data).unwrap();
        assert!(store.maildir(&dora).unwrap().enter().unwrap().messages().is_empty());
        assert!(store.maildir(&UserName::parse("alice").unwrap()).is_none());
    }

    #[test]
    fn imap_hears_at_once_of_what_pop3_deletes() {
        let root = tempfile::tempdir().unwrap();
        let data = DataFolder::open(root.path()).unwrap();
        let users = Users::load(&UserSource::Demo, &data).unwrap();
        let store = Store::open(&users, &data).unwrap();
        let user = users.iter().next().unwrap().name();
        let mailstore = store.mailstore(user).unwrap().unwrap();
        assert!(Arc::ptr_eq(&mailstore, &store.mailstore(user).unwrap().unwrap()));
        let inbox = mailstore.mailbox(&MailboxName::inbox()).unwrap();
        let expunged = Arc::new(Mutex::new(Vec::new()));
        let log = expunged.clone();
        let (snapshot, _subscription) = inbox
            .subscribe(move |change| {
                if let Change::Messages { expunged, .. } = change {
                    log.lock().unwrap().extend_from_slice(expunged);
                }
            })
            .unwrap();
        assert_eq!(snapshot.messages().len(), SAMPLES.len());

        let maildrop = store.maildir(user).unwrap().enter().unwrap();
        assert_eq!(maildrop.commit([1]).removed, 1);
        // Before POP3 has answered.
        assert_eq!(*expunged.lock().unwrap(), [snapshot.messages()[1].uid()]);
        assert_eq!(inbox.sync().unwrap().messages().len(), SAMPLES.len() - 1);
    }

    #[test]
    fn the_samples_keep_their_order() {
        let root = tempfile::tempdir().unwrap();
        let data = DataFolder::open(root.path()).unwrap();
        let users = Users::load(&UserSource::Demo, &data).unwrap();
        let store = Store::open(&users, &data).unwrap();
        for user in users.iter() {
            let maildrop = store.maildir(user.name()).unwrap().enter().unwrap();
            for (number, sample) in SAMPLES.into_iter().enumerate() {
                let mut content = Vec::new();
                std::io::Read::read_to_end(&mut maildrop.open(number).unwrap(), &mut content).unwrap();
                assert!(content == sample, "sample {number}");
            }
        }
    }
}
