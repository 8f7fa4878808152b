//! Everybody's mail: from a user's name to the user's Maildir.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::DataFolder;
use crate::maildir::{Maildir, MaildirError};
use crate::name::UserName;
use crate::samples::SAMPLES;
use crate::users::Users;

/// One Maildir per user. Sessions of one user share the value here, since the
/// lock on the maildrop hangs on it.
#[derive(Debug)]
pub struct Store {
    maildirs: BTreeMap<UserName, Arc<Maildir>>,
}

impl Store {
    /// Opens every user's Maildir; a user without one gets a new one with the
    /// sample mail in it. A mailbox once emptied stays empty.
    ///
    /// # Errors
    ///
    /// The first Maildir that cannot be used.
    pub fn open(users: &Users, data: &DataFolder) -> Result<Self, MaildirError> {
        let open = |name: &UserName| Maildir::open(data.maildir(name), &SAMPLES);
        let maildirs = users
            .iter()
            .map(|user| Ok((user.name().clone(), open(user.name())?)))
            .collect::<Result<_, MaildirError>>()?;
        Ok(Self { maildirs })
    }

    /// A user's Maildir; `None` for somebody who was no user at the start.
    pub fn maildir(&self, user: &UserName) -> Option<&Arc<Maildir>> {
        self.maildirs.get(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
