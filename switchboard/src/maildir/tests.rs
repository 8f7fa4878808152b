use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};

use std::time::Duration;

use tempfile::TempDir;

use super::*;

struct Mailbox {
    parent: TempDir,
    maildir: Arc<Maildir>,
}

impl Mailbox {
    fn with(messages: &[&[u8]]) -> Self {
        let parent = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(parent.path().join("alice"), messages).unwrap();
        Self { parent, maildir }
    }

    fn root(&self) -> PathBuf {
        self.parent.path().join("alice")
    }

    fn put(&self, name: &str, content: &[u8]) {
        fs::write(self.root().join(name), content).unwrap();
    }

    /// The message files under their folder's name, sorted.
    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        for folder in ["cur", "new"] {
            for entry in fs::read_dir(self.root().join(folder)).unwrap() {
                files.push(format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap()));
            }
        }
        files.sort();
        files
    }

    /// A session when the folders may have changed just now, for all that the
    /// store knows.
    fn session(&self) -> Maildrop {
        Maildrop::enter(self.maildir.clone(), UNIX_EPOCH).unwrap()
    }

    /// Waits until the file system's clock has moved on, so that the next
    /// change can be told from the last.
    fn tick(&self) {
        let probe = self.parent.path().join("probe");
        let time = || {
            fs::write(&probe, "x").unwrap();
            let metadata = fs::metadata(&probe).unwrap();
            (metadata.ctime(), metadata.ctime_nsec())
        };
        let begun = time();
        while time() == begun {}
    }

    /// A session when they have been left alone for a while.
    fn later_session(&self) -> Maildrop {
        Maildrop::enter(self.maildir.clone(), SystemTime::now() + Duration::from_secs(60)).unwrap()
    }
}

fn ids(maildrop: &Maildrop) -> Vec<&str> {
    maildrop.messages().iter().map(Message::unique_id).collect()
}

fn read(maildrop: &Maildrop, number: usize) -> String {
    let mut text = String::new();
    maildrop.open(number).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn delivered_mail_is_listed_in_order_with_its_wire_size() {
    let mailbox = Mailbox::with(&[b"one\n", b"two\r\n", b"three", b""]);
    let maildrop = mailbox.session();
    let sizes: Vec<u64> = maildrop.messages().iter().map(Message::wire_size).collect();
    assert_eq!(sizes, [5, 5, 7, 0]);
    assert_eq!(read(&maildrop, 2), "three");
    assert!(ids(&maildrop).iter().all(|id| id.len() <= 70));
    assert_eq!(fs::read_dir(mailbox.root().join("tmp")).unwrap().count(), 0);
    for file in mailbox.files() {
        assert_eq!(fs::metadata(mailbox.root().join(file)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn the_order_is_by_delivery_time_and_then_by_name() {
    let mailbox = Mailbox::with(&[]);
    for name in ["new/200.b", "cur/1000.a:2,S", "new/200.a", "cur/30.z"] {
        mailbox.put(name, b"x\n");
    }
    mailbox.put("new/.hidden", b"");
    assert_eq!(ids(&mailbox.session()), ["30.z", "200.a", "200.b", "1000.a"]);
}

#[test]
fn one_message_seen_in_both_folders_is_one_message() {
    let mailbox = Mailbox::with(&[]);
    mailbox.put("new/1.a", b"old\n");
    mailbox.put("cur/1.a:2,S", b"moved\n");
    let maildrop = mailbox.session();
    assert_eq!(ids(&maildrop), ["1.a"]);
    assert_eq!(read(&maildrop, 0), "moved\n");
}

#[test]
fn names_that_are_no_unique_ids_get_one() {
    let mailbox = Mailbox::with(&[]);
    mailbox.put("new/1. blank", b"");
    mailbox.put(&format!("new/2.{}", "x".repeat(90)), b"");
    let maildrop = mailbox.session();
    for id in ids(&maildrop) {
        assert!(id.starts_with('~') && id.len() == 65, "{id}");
    }
    assert!(maildrop.open(0).is_ok() && maildrop.open(1).is_ok());
}

#[test]
fn only_one_session_at_a_time() {
    let mailbox = Mailbox::with(&[b"x\n"]);
    let first = mailbox.session();
    assert!(matches!(mailbox.maildir.enter(), Err(MaildirError::InUse)));
    // Another process has its own view of the folder.
    let other = Maildir::open(mailbox.root(), &[]).unwrap();
    assert!(matches!(other.enter(), Err(MaildirError::InUse)));
    drop(first);
    let second = other.enter().unwrap();
    assert!(matches!(mailbox.maildir.enter(), Err(MaildirError::InUse)));
    drop(second);
    assert!(mailbox.maildir.enter().is_ok());
}

#[test]
fn a_session_that_ends_without_commit_deletes_nothing() {
    let mailbox = Mailbox::with(&[b"one\n", b"two\n"]);
    drop(mailbox.session());
    assert_eq!(mailbox.files().len(), 2);
}

#[test]
fn commit_deletes_what_it_is_told_and_no_more() {
    let mailbox = Mailbox::with(&[b"one\n", b"two\n", b"three\n"]);
    let maildrop = mailbox.session();
    // Arrives after the session began.
    mailbox.maildir.deliver(b"four\n").unwrap();
    let committed = maildrop.commit([0, 2, 77]);
    assert_eq!((committed.removed, committed.failed.len()), (2, 0));
    drop(maildrop);
    let maildrop = mailbox.session();
    assert_eq!([read(&maildrop, 0), read(&maildrop, 1)], ["two\n", "four\n"]);
}

#[test]
fn renamed_messages_are_found_again() {
    let mailbox = Mailbox::with(&[]);
    for name in ["new/1.a", "new/2.b", "new/3.c"] {
        mailbox.put(name, b"text\n");
    }
    let maildrop = mailbox.session();
    for (from, to) in [("new/1.a", "cur/1.a:2,S"), ("new/2.b", "cur/2.b:2,FS")] {
        fs::rename(mailbox.root().join(from), mailbox.root().join(to)).unwrap();
    }
    assert_eq!(read(&maildrop, 0), "text\n");
    fs::rename(mailbox.root().join("cur/1.a:2,S"), mailbox.root().join("cur/1.a:2,RS")).unwrap();
    let committed = maildrop.commit([0, 1]);
    assert_eq!((committed.removed, committed.failed.len()), (2, 0));
    assert_eq!(mailbox.files(), ["new/3.c"]);
}

#[test]
fn a_message_that_another_program_deleted_is_gone_without_complaint() {
    let mailbox = Mailbox::with(&[]);
    mailbox.put("new/1.a", b"");
    mailbox.put("new/2.b", b"");
    let maildrop = mailbox.session();
    fs::remove_file(mailbox.root().join("new/1.a")).unwrap();
    assert_eq!(maildrop.open(0).unwrap_err().kind(), ErrorKind::NotFound);
    let committed = maildrop.commit([0, 1]);
    assert_eq!((committed.removed, committed.failed.len()), (2, 0));
}

#[test]
fn a_deletion_that_fails_is_told() {
    let mailbox = Mailbox::with(&[]);
    mailbox.put("new/1.a", b"");
    mailbox.put("new/2.b", b"");
    let maildrop = mailbox.session();
    // A folder under the message's name cannot be unlinked, not even by root.
    fs::remove_file(mailbox.root().join("new/1.a")).unwrap();
    fs::create_dir(mailbox.root().join("new/1.a")).unwrap();
    let committed = maildrop.commit([0, 1]);
    assert_eq!(committed.removed, 1);
    assert_eq!(committed.failed.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0]);
}

#[test]
fn symbolic_links_are_never_followed() {
    let mailbox = Mailbox::with(&[]);
    let secret = mailbox.parent.path().join("secret");
    fs::write(&secret, "not mail").unwrap();
    symlink(&secret, mailbox.root().join("new/1.link")).unwrap();
    mailbox.put("new/2.mail", b"mail\n");
    let maildrop = mailbox.session();
    assert_eq!(ids(&maildrop), ["2.mail"]);
    // Turned into a link after the session began.
    fs::remove_file(mailbox.root().join("new/2.mail")).unwrap();
    symlink(&secret, mailbox.root().join("new/2.mail")).unwrap();
    assert_eq!(maildrop.open(0).unwrap_err().kind(), ErrorKind::PermissionDenied);

    symlink(mailbox.root(), mailbox.parent.path().join("bob")).unwrap();
    let bob = Maildir::open(mailbox.parent.path().join("bob"), &[]);
    assert!(matches!(bob, Err(MaildirError::NotAFolder { .. })));
}

#[test]
fn a_lock_file_that_is_a_link_is_refused() {
    let mailbox = Mailbox::with(&[]);
    symlink(mailbox.parent.path().join("elsewhere"), mailbox.root().join(".switchboard-pop3.lock")).unwrap();
    assert!(matches!(mailbox.maildir.enter(), Err(MaildirError::Folder { .. })));
    assert!(!mailbox.parent.path().join("elsewhere").exists());
    // The failed try must not hold the maildrop.
    fs::remove_file(mailbox.root().join(".switchboard-pop3.lock")).unwrap();
    assert!(mailbox.maildir.enter().is_ok());
}

#[test]
fn first_messages_come_once() {
    let mailbox = Mailbox::with(&[b"welcome\n"]);
    mailbox.session().commit([0]);
    let again = Maildir::open(mailbox.root(), &[b"welcome\n"]).unwrap();
    assert!(again.enter().unwrap().messages().is_empty());
}

#[test]
fn a_start_that_crashed_in_the_making_leaves_no_half_maildir() {
    let parent = tempfile::tempdir().unwrap();
    let rest = parent.path().join(".alice.unfinished/new");
    fs::create_dir_all(&rest).unwrap();
    fs::write(rest.join("1.half"), "half").unwrap();
    let maildir = Maildir::open(parent.path().join("alice"), &[b"whole\n"]).unwrap();
    let maildrop = maildir.enter().unwrap();
    assert_eq!(maildrop.messages().len(), 1);
    assert_eq!(read(&maildrop, 0), "whole\n");
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
}

#[test]
fn the_size_follows_the_file_and_is_remembered_by_base() {
    let mailbox = Mailbox::with(&[]);
    mailbox.put("new/1.a", b"one\n");
    mailbox.put("new/2.b,S=4,W=5", b"two\n");
    mailbox.put("new/3.c,W=4000", b"lie\n");
    let sizes = |maildrop: Maildrop| maildrop.messages().iter().map(Message::wire_size).collect::<Vec<_>>();
    assert_eq!(sizes(mailbox.session()), [5, 5, 5]);
    fs::rename(mailbox.root().join("new/1.a"), mailbox.root().join("cur/1.a:2,S")).unwrap();
    assert!(mailbox.maildir.sizes.lock().unwrap().contains_key(OsStr::new("1.a")));
    assert_eq!(sizes(mailbox.session()), [5, 5, 5]);
    mailbox.put("cur/1.a:2,S", b"longer\n");
    assert_eq!(sizes(mailbox.session()), [8, 5, 5]);
    fs::remove_file(mailbox.root().join("cur/1.a:2,S")).unwrap();
    assert_eq!(sizes(mailbox.session()).len(), 2);
    assert_eq!(mailbox.maildir.sizes.lock().unwrap().len(), 2, "forgets what is gone");
}

#[test]
fn a_broken_maildir_is_an_error_and_not_an_empty_one() {
    let mailbox = Mailbox::with(&[b"x\n"]);
    let root = mailbox.root();
    fs::rename(root.join("new"), root.join("elsewhere")).unwrap();
    fs::write(root.join("new"), "").unwrap();
    assert!(matches!(mailbox.maildir.enter(), Err(MaildirError::Folder { .. })));
    assert!(matches!(Maildir::open(root, &[]), Err(MaildirError::NotAFolder { .. })));
}

#[test]
fn folders_left_alone_are_not_listed_again() {
    let mailbox = Mailbox::with(&[b"one\n", b"two\n"]);
    drop(mailbox.later_session());
    let kept = mailbox.maildir.kept.lock().unwrap().as_ref().unwrap().messages.clone();
    assert_eq!(mailbox.later_session().messages().as_ptr(), kept.as_ptr());
    assert_eq!(mailbox.session().messages().as_ptr(), kept.as_ptr());
    assert_eq!(read(&mailbox.session(), 1), "two\n");
}

#[test]
fn whatever_happens_in_a_folder_is_seen_at_once() {
    let mailbox = Mailbox::with(&[]);
    let root = mailbox.root();
    let seen = || ids(&mailbox.later_session()).join(" ");
    let change = |what: &dyn Fn()| {
        mailbox.tick();
        what();
    };
    assert_eq!(seen(), "");
    change(&|| mailbox.put("new/1.a", b"text\n"));
    assert_eq!(seen(), "1.a");
    change(&|| mailbox.put("cur/2.b:2,S", b"text\n"));
    assert_eq!(seen(), "1.a 2.b");
    change(&|| fs::rename(root.join("new/1.a"), root.join("cur/1.a:2,S")).unwrap());
    let maildrop = mailbox.later_session();
    change(&|| fs::remove_file(root.join("cur/2.b:2,S")).unwrap());
    assert_eq!(maildrop.commit([0]).removed, 1);
    drop(maildrop);
    assert_eq!(seen(), "");
    // By somebody who sets the times back.
    let before = fs::metadata(root.join("new")).unwrap().modified().unwrap();
    change(&|| {
        mailbox.put("new/3.c", b"text\n");
        File::open(root.join("new")).unwrap().set_modified(before).unwrap();
    });
    assert_eq!(seen(), "3.c");
    // Another folder in its place, without a change in either.
    change(&|| {
        fs::create_dir(root.join("other")).unwrap();
        fs::rename(root.join("new"), root.join("old")).unwrap();
        fs::rename(root.join("other"), root.join("new")).unwrap();
    });
    assert_eq!(seen(), "");
}

#[test]
fn folders_that_changed_just_now_are_listed_again() {
    let mailbox = Mailbox::with(&[b"one\n"]);
    let first = mailbox.session();
    let kept = mailbox.maildir.kept.lock().unwrap().is_some();
    assert!(!kept, "a change in the same tick of the clock would not show");
    drop(first);
    drop(mailbox.later_session());
    assert!(mailbox.maildir.kept.lock().unwrap().is_some());
    mailbox.maildir.deliver(b"two\n").unwrap();
    assert_eq!(mailbox.session().messages().len(), 2);
    assert!(mailbox.maildir.kept.lock().unwrap().is_none());
}
