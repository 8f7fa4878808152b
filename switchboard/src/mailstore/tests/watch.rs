//! Being told at once of what other programs do.

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::*;

/// Far longer than it takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

fn listen(mailbox: &Mailbox) -> (Receiver<String>, Subscription) {
    let (sender, receiver) = mpsc::channel();
    let listener = move |change: &Change| {
        let told = match change {
            Change::Messages { new, flags, expunged, .. } => {
                format!("{} {} {}", new.len(), flags.len(), expunged.len())
            }
            other => format!("{other:?}"),
        };
        // Nobody may be listening any more.
        let _ = sender.send(told);
    };
    (receiver, mailbox.subscribe(listener).unwrap().1)
}

fn hears_of_everything(watcher: Arc<Watcher>) {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("alice");
    Maildir::open(root.clone(), &[]).unwrap();
    let store = MailStore::open(root.clone(), Durability::Relaxed, watcher).unwrap();
    let inbox = store.mailbox(&named("INBOX")).unwrap();
    let (told, _subscription) = listen(&inbox);
    let next = || told.recv_timeout(PATIENCE).unwrap();

    fs::write(root.join("tmp/1.a"), "x").unwrap();
    fs::rename(root.join("tmp/1.a"), root.join("new/1.a")).unwrap();
    assert_eq!(next(), "1 0 0");
    fs::rename(root.join("new/1.a"), root.join("cur/1.a:2,S")).unwrap();
    assert_eq!(next(), "0 1 0");
    fs::remove_file(root.join("cur/1.a:2,S")).unwrap();
    assert_eq!(next(), "0 0 1");

    let (sender, tree) = mpsc::channel();
    let _tree = store.watch(move |change| sender.send(change.clone()).unwrap_or_default());
    let made = parent.path().join("made");
    fs::create_dir_all(made.join("cur")).unwrap();
    fs::rename(&made, root.join(".made")).unwrap();
    assert_eq!(tree.recv_timeout(PATIENCE).unwrap(), TreeChange::Created(named("made")));
    let other = store.mailbox(&named("made")).unwrap();
    let (told, _subscription) = listen(&other);
    fs::remove_dir_all(root.join(".made")).unwrap();
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "Gone");
}

#[test]
fn where_the_system_tells() {
    hears_of_everything(Watcher::new().unwrap());
}

#[test]
fn where_one_has_to_look() {
    hears_of_everything(Watcher::deaf().unwrap());
}

#[test]
fn our_own_changes_are_no_news() {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("alice");
    Maildir::open(root.clone(), &[]).unwrap();
    let store = MailStore::open(root.clone(), Durability::Relaxed, Watcher::new().unwrap()).unwrap();
    let inbox = store.mailbox(&named("INBOX")).unwrap();
    let (told, _subscription) = listen(&inbox);
    append(&inbox, "\\Deleted", b"x");
    inbox.store_flags(Origin::OUTSIDE, &[uid(1)], &FlagChange::Add(flags("\\Seen")), None).unwrap();
    inbox.expunge(Origin::OUTSIDE, None).unwrap();
    // What follows is heard after all that came before it.
    fs::write(root.join("new/1.a"), "x").unwrap();
    let all: Vec<_> = std::iter::from_fn(|| told.recv_timeout(PATIENCE).ok()).take(4).collect();
    assert_eq!(all, ["1 0 0", "0 1 0", "0 0 1", "1 0 0"]);
    assert!(told.try_recv().is_err());
}

#[test]
fn two_stores_in_one_program_hear_of_each_other() {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("alice");
    Maildir::open(root.clone(), &[]).unwrap();
    let watcher = Watcher::new().unwrap();
    let open = || {
        let store = MailStore::open(root.clone(), Durability::Relaxed, watcher.clone()).unwrap();
        store.mailbox(&named("INBOX")).unwrap()
    };
    let (first, second) = (open(), open());
    let (told, _subscription) = listen(&second);
    append(&first, "Work", b"x");
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "1 0 0");
    assert_eq!(told_of(&second), told_of(&first));
    drop(first);
    fs::write(root.join("new/1.a"), "x").unwrap();
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "1 0 0", "the other's end takes nothing away");
}

fn told_of(mailbox: &Mailbox) -> String {
    super::told(mailbox)
}
