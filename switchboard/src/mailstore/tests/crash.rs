//! A program that ends in the middle of something, at the next start.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;

const INDEX: [&str; 3] = [".switchboard-index.db", ".switchboard-index.db-wal", ".switchboard-index.db-shm"];

/// Does `this` to a mailbox whose journal nobody works off: as if the program
/// had been killed right after the transaction.
fn killed_before_the_files_follow(world: &World, this: impl FnOnce(&World)) {
    super::super::index::SKIP_JOURNAL.with(|skip| skip.set(true));
    this(world);
    super::super::index::SKIP_JOURNAL.with(|skip| skip.set(false));
}

#[test]
fn an_append_that_was_decided_is_done_whole() {
    let world = World::new();
    killed_before_the_files_follow(&world, |world| {
        let drafts = ["a", "b"].map(|names| appending(&world.store, names, names.as_bytes()));
        let files: Vec<_> = world.files("").iter().map(|file| world.root().join(file)).collect();
        let kept: Vec<_> = (0..files.len()).map(|number| world.parent.path().join(number.to_string())).collect();
        files.iter().zip(&kept).for_each(|(file, kept)| fs::hard_link(file, kept).unwrap());
        world.inbox().append(Origin::OUTSIDE, drafts.into()).unwrap();
        // Who is killed does not clear away its drafts.
        files.iter().zip(&kept).for_each(|(file, kept)| fs::rename(kept, file).unwrap());
    });
    assert!(world.files("").iter().all(|file| file.starts_with("tmp/")));
    let inbox = world.another().mailbox(&named("INBOX")).unwrap();
    assert_eq!(told(&inbox), "1(a) 2(b)");
    assert_eq!(content(&inbox, uid(2)), b"b");
    assert!(world.files("").iter().all(|file| file.starts_with("cur/")));
}

#[test]
fn a_move_that_was_decided_is_done_whole() {
    let world = World::new();
    let (inbox, sent) = (world.inbox(), world.mailbox("Sent"));
    for text in ["a", "b"] {
        append(&inbox, "", text.as_bytes());
    }
    killed_before_the_files_follow(&world, |_| {
        inbox.move_to(Origin::OUTSIDE, &[uid(1), uid(2)], &sent).unwrap();
    });
    assert_eq!((world.files("").len(), world.files(".Sent").len()), (2, 0));
    // Meanwhile another program marks one as seen.
    let file = &world.files("")[0];
    world.rename(file, &format!("{file}S"));
    let after = world.another();
    let mailbox = |name| after.mailbox(&named(name)).unwrap();
    assert_eq!((uids(&mailbox("INBOX")), uids(&mailbox("Sent"))), (vec![], vec![1, 2]));
    assert_eq!((world.files("").len(), world.files(".Sent").len()), (0, 2));
    assert_eq!(content(&mailbox("Sent"), uid(1)), b"a");
}

#[test]
fn a_renaming_that_was_decided_is_done_whole() {
    let world = World::new();
    world.store.create(&named("a/b"), None).unwrap();
    append(&world.mailbox("a/b"), "k", b"x");
    killed_before_the_files_follow(&world, |world| world.store.rename(&named("a"), &named("z")).unwrap());
    assert!(world.root().join(".a.b").is_dir());
    let after = world.another();
    assert_eq!(told(&after.mailbox(&named("z/b")).unwrap()), "1(k)");
    assert!(!world.root().join(".a.b").exists() && !world.root().join(".a").exists());
}

#[test]
fn what_was_not_decided_did_not_happen() {
    let world = World::new();
    append(&world.inbox(), "", b"x");
    // A draft that its writer did not live to end.
    world.put("tmp/1700000000.M1P2R3.local,S=0,W=0", b"half a mess");
    fs::create_dir_all(world.root().join("switchboard-unfinished-1/cur")).unwrap();
    let after = world.another();
    assert_eq!(uids(&after.mailbox(&named("INBOX")).unwrap()), [1]);
    assert_eq!(after.list().unwrap().len(), 6);
}

#[test]
fn without_the_index_all_mail_is_there_under_another_uidvalidity() {
    let world = World::new();
    let inbox = world.inbox();
    append(&inbox, "\\Seen", b"a");
    append(&inbox, "\\Flagged", b"b");
    let validity = inbox.sync().unwrap().uid_validity();
    let ids: Vec<_> = inbox.sync().unwrap().messages().iter().map(Message::email_id).collect();
    drop(inbox);
    for file in INDEX {
        let _ = fs::remove_file(world.root().join(file));
    }
    let after = world.another();
    let inbox = after.mailbox(&named("INBOX")).unwrap();
    assert_eq!(told(&inbox), "1(\\Seen) 2(\\Flagged)");
    let snapshot = inbox.sync().unwrap();
    assert!(snapshot.uid_validity() > validity);
    assert_eq!(snapshot.messages().iter().map(Message::email_id).collect::<Vec<_>>(), ids);
    assert!(after.list().unwrap().iter().all(|listed| listed.is_subscribed));
}

#[test]
fn a_broken_index_is_put_aside() {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("alice");
    Maildir::open(root.clone(), &[b"one"]).unwrap();
    fs::write(root.join(INDEX[0]), "this is no database, but long enough to look at as one").unwrap();
    let inbox = open(root.clone()).mailbox(&named("INBOX")).unwrap();
    assert_eq!(uids(&inbox), [1]);
    assert!(root.join(".switchboard-index.db.broken").is_file());
}

#[test]
fn an_old_index_follows_the_files_and_keeps_uids() {
    let world = World::new();
    let inbox = world.inbox();
    for text in ["a", "b", "c"] {
        append(&inbox, "k", text.as_bytes());
    }
    let before = inbox.sync().unwrap();
    let files = world.files("");
    drop((inbox, fs::remove_file(world.root().join(&files[0]))));
    world.rename(&files[1], &format!("{}RS", files[1]));
    world.put("new/1800000000.d", b"d");
    let inbox = world.another().mailbox(&named("INBOX")).unwrap();
    let after = inbox.sync().unwrap();
    assert_eq!(told(&inbox), "2(\\Answered \\Seen k) 3(k) 4()");
    assert_eq!(after.uid_validity(), before.uid_validity());
    let changed: Vec<_> = after.changed_since(before.highest_modseq()).map(|message| message.uid().get()).collect();
    assert_eq!(changed, [2, 4]);
    assert_eq!(inbox.vanished_since(before.highest_modseq()).unwrap(), [(uid(1), uid(1))]);
}

#[test]
fn after_a_start_of_the_system_no_modseq_comes_twice() {
    let world = World::new();
    append(&world.inbox(), "", b"x");
    let told = world.inbox().sync().unwrap().highest_modseq();
    let inbox = world.another().mailbox(&named("INBOX")).unwrap();
    assert_eq!(inbox.sync().unwrap().highest_modseq(), told, "it is still the same start");
    world.store.index().write(|transaction| Ok(transaction.execute("UPDATE boot SET id = 'another'", [])?)).unwrap();
    let inbox = world.another().mailbox(&named("INBOX")).unwrap();
    assert!(inbox.sync().unwrap().highest_modseq() > told + 100_000);
    assert_eq!(uids(&inbox), [1]);
}

#[test]
#[ignore = "the program that is killed below"]
fn child() {
    let store = open(PathBuf::from(std::env::var("MAILSTORE_CRASH_ROOT").unwrap()));
    let (inbox, sent) = (store.mailbox(&named("INBOX")).unwrap(), store.mailbox(&named("Sent")).unwrap());
    for number in 0_u64.. {
        let text = |part: u64| format!("{number}.{part}");
        let drafts = (0..3).map(|part| appending(&store, "\\Seen", text(part).as_bytes())).collect();
        let uids = inbox.append(Origin::OUTSIDE, drafts).unwrap().uids;
        println!("appended {} {}", uids[0], text(0));
        let moved = inbox.move_to(Origin::OUTSIDE, &uids[1..2], &sent).unwrap().uids;
        println!("moved {} {}", moved[0].1, text(1));
        let delete = FlagChange::Add(flags("\\Deleted"));
        inbox.store_flags(Origin::OUTSIDE, &uids[2..], &delete, None).unwrap();
        inbox.expunge(Origin::OUTSIDE, None).unwrap();
        println!("expunged {} {}", uids[2], text(2));
    }
}

fn run_and_kill(root: &Path, lines: usize) -> Vec<(String, u32, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "mailstore::tests::crash::child", "--ignored", "--nocapture"])
        .env("MAILSTORE_CRASH_ROOT", root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let parse = |line: String| {
        let mut words = line.split(' ');
        let (what, number, text) = (words.next()?.to_owned(), words.next()?.parse().ok()?, words.next()?.to_owned());
        ["appended", "moved", "expunged"].contains(&what.as_str()).then_some((what, number, text))
    };
    let told = out.lines().map_while(Result::ok).filter_map(parse).take(lines).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    told
}

#[test]
fn what_was_answered_survives_being_killed() {
    let world = World::new();
    let mut highest = BTreeMap::from([("INBOX", 0), ("Sent", 0)]);
    // Other moments each time.
    for lines in [1, 5, 12, 20] {
        let told = run_and_kill(&world.root(), lines);
        assert_eq!(told.len(), lines);
        let after = world.another();
        for (what, number, text) in told {
            let name = if what == "moved" { "Sent" } else { "INBOX" };
            let mailbox = after.mailbox(&named(name)).unwrap();
            assert!(number > highest[name] || what == "expunged", "no UID comes twice");
            if what == "expunged" {
                assert!(mailbox.sync().unwrap().message(uid(number)).is_none());
            } else {
                assert_eq!(content(&mailbox, uid(number)), text.as_bytes(), "{name} {number}");
            }
        }
        for (name, highest) in &mut highest {
            let mailbox = after.mailbox(&named(name)).unwrap();
            let snapshot = mailbox.sync().unwrap();
            let folder = if *name == "Sent" { ".Sent" } else { "" };
            let files = world.files(folder).iter().filter(|file| !file.starts_with("tmp/")).count();
            assert_eq!(files, snapshot.messages().len(), "each file is one message");
            for message in snapshot.messages() {
                assert!(!content(&mailbox, message.uid()).is_empty());
            }
            *highest = snapshot.uid_next().get() - 1;
        }
    }
}
