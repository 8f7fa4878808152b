use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::*;
use crate::maildir::Maildir;

mod append;
mod crash;
mod edit;
mod foreign;
mod many;
mod transfer;
mod tree;
mod watch;

/// A user's mail, with nobody listening to the file system: so each sync looks
/// for itself.
struct World {
    parent: TempDir,
    store: Arc<MailStore>,
}

impl World {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(messages: &[&[u8]]) -> Self {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("alice");
        Maildir::open(root.clone(), messages).unwrap();
        let store = open(root);
        Self { parent, store }
    }

    fn root(&self) -> PathBuf {
        self.parent.path().join("alice")
    }

    /// Another process that uses the same mail, or this one after a restart.
    fn another(&self) -> Arc<MailStore> {
        open(self.root())
    }

    fn mailbox(&self, name: &str) -> Arc<Mailbox> {
        self.store.mailbox(&named(name)).unwrap()
    }

    fn inbox(&self) -> Arc<Mailbox> {
        self.mailbox("INBOX")
    }

    /// What another program writes.
    fn put(&self, path: &str, content: &[u8]) {
        fs::write(self.root().join(path), content).unwrap();
    }

    /// What another program renames.
    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.root().join(from), self.root().join(to)).unwrap();
    }

    /// The message files of a mailbox's folder, sorted.
    fn files(&self, folder: &str) -> Vec<String> {
        let mut files = Vec::new();
        for sub in ["cur", "new", "tmp"] {
            for entry in fs::read_dir(self.root().join(folder).join(sub)).unwrap() {
                files.push(format!("{sub}/{}", entry.unwrap().file_name().into_string().unwrap()));
            }
        }
        files.sort();
        files
    }

    /// The file of the only message in a folder.
    fn only_file(&self, folder: &str) -> String {
        let files = self.files(folder);
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }
}

fn open(root: PathBuf) -> Arc<MailStore> {
    MailStore::open(root, Durability::Relaxed, Watcher::deaf().unwrap()).unwrap()
}

fn named(name: &str) -> MailboxName {
    MailboxName::parse(name).unwrap()
}

fn flags(names: &str) -> Flags {
    Flags::parse(names.split_whitespace()).unwrap()
}

fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

fn appending(store: &MailStore, names: &str, content: &[u8]) -> Appending {
    let mut draft = store.draft().unwrap();
    draft.write(content).unwrap();
    Appending { draft, flags: flags(names), internal_date: None }
}

fn append(mailbox: &Mailbox, names: &str, content: &[u8]) -> Uid {
    let draft = appending(&mailbox.store, names, content);
    mailbox.append(Origin::OUTSIDE, vec![draft]).unwrap().uids[0]
}

fn content(mailbox: &Mailbox, uid: Uid) -> Vec<u8> {
    let mut reader = mailbox.open(uid).unwrap();
    let size = usize::try_from(reader.size()).unwrap();
    reader.piece(0, size).unwrap().to_vec()
}

fn uids(mailbox: &Mailbox) -> Vec<u32> {
    mailbox.sync().unwrap().messages().iter().map(|message| message.uid().get()).collect()
}

/// UID and flags of each message, as one line.
fn told(mailbox: &Mailbox) -> String {
    let snapshot = mailbox.sync().unwrap();
    let one = |message: &Message| {
        let names: Vec<_> = message.flags().names().collect();
        format!("{}({})", message.uid(), names.join(" "))
    };
    snapshot.messages().iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A session that believes what it is told.
#[derive(Clone, Default)]
struct Mirror(Arc<Mutex<Believed>>);

#[derive(Default)]
struct Believed {
    messages: BTreeMap<Uid, Flags>,
    modseq: u64,
    origins: Vec<Origin>,
    is_gone: bool,
}

impl Mirror {
    fn of(mailbox: &Mailbox) -> (Self, Subscription) {
        let mirror = Self::default();
        let told = mirror.clone();
        // What is told before the snapshot is taken over waits for it.
        let mut believed = mirror.0.lock().unwrap();
        let (snapshot, subscription) = mailbox.subscribe(move |change| told.hear(change)).unwrap();
        believed.messages =
            snapshot.messages().iter().map(|message| (message.uid(), message.flags().clone())).collect();
        believed.modseq = snapshot.highest_modseq();
        drop(believed);
        (mirror, subscription)
    }

    fn hear(&self, change: &Change) {
        let mut believed = self.0.lock().unwrap();
        match change {
            Change::Messages { origin, modseq, new, flags, expunged } => {
                assert!(*modseq > believed.modseq, "mod-sequences rise");
                believed.modseq = *modseq;
                believed.origins.push(*origin);
                for message in new {
                    let last = believed.messages.last_key_value().map(|(uid, _)| *uid);
                    assert!(last.is_none_or(|last| last < message.uid()), "UIDs rise");
                    believed.messages.insert(message.uid(), message.flags().clone());
                }
                for (uid, flags) in flags {
                    assert!(believed.messages.insert(*uid, flags.clone()).is_some(), "{uid} is known");
                }
                for uid in expunged {
                    assert!(believed.messages.remove(uid).is_some(), "{uid} is known");
                }
            }
            Change::Gone => believed.is_gone = true,
            Change::Renamed(_) => {}
        }
    }

    fn agrees_with(&self, snapshot: &Snapshot) {
        let believed = self.0.lock().unwrap();
        let real: BTreeMap<_, _> =
            snapshot.messages().iter().map(|message| (message.uid(), message.flags().clone())).collect();
        assert_eq!(believed.messages, real);
        assert_eq!(believed.modseq, snapshot.highest_modseq());
    }
}
