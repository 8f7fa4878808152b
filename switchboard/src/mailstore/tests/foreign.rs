//! What other programs do to the files.

use super::*;

#[test]
fn new_mail_gets_uids_in_order_of_delivery() {
    let world = World::new();
    let inbox = world.inbox();
    let (mirror, _subscription) = Mirror::of(&inbox);
    world.put("new/1700000003.c", b"c");
    world.put("cur/1700000001.a:2,S", b"a");
    world.put("new/1700000002.b", b"b");
    assert_eq!(told(&inbox), "1(\\Seen) 2() 3()");
    assert_eq!(content(&inbox, uid(2)), b"b");
    // The next one is later, whatever its name says.
    world.put("new/1600000000.d", b"d");
    assert_eq!(uids(&inbox), [1, 2, 3, 4]);
    mirror.agrees_with(&inbox.sync().unwrap());
}

#[test]
fn flags_changed_by_others_are_seen_and_letters_of_others_stay() {
    let world = World::new();
    world.put("new/1.a", b"a");
    let inbox = world.inbox();
    inbox.store_flags(Origin::OUTSIDE, &[uid(1)], &FlagChange::Add(flags("Work")), None).unwrap();
    let before = inbox.sync().unwrap().highest_modseq();
    assert_eq!(world.only_file(""), "new/1.a", "a keyword is no reason to move it");
    world.rename("new/1.a", "cur/1.a:2,FSbx");
    assert_eq!(told(&inbox), "1(\\Flagged \\Seen Work)");
    assert_eq!(inbox.sync().unwrap().messages()[0].modseq(), before + 1);
    inbox.store_flags(Origin::OUTSIDE, &[uid(1)], &FlagChange::Replace(flags("\\Draft")), None).unwrap();
    assert_eq!(world.only_file(""), "cur/1.a:2,Dbx");
    // A move without another flag is no news.
    let before = inbox.sync().unwrap().highest_modseq();
    world.rename("cur/1.a:2,Dbx", "cur/1.a:2,D");
    assert_eq!(inbox.sync().unwrap().highest_modseq(), before);
    assert_eq!(content(&inbox, uid(1)), b"a");
}

#[test]
fn what_others_remove_is_expunged() {
    let world = World::new();
    let inbox = world.inbox();
    for text in ["a", "b"] {
        append(&inbox, "", text.as_bytes());
    }
    let (mirror, _subscription) = Mirror::of(&inbox);
    let before = inbox.sync().unwrap().highest_modseq();
    fs::remove_file(world.root().join(&world.files("")[0])).unwrap();
    assert_eq!(uids(&inbox), [2]);
    assert_eq!(inbox.vanished_since(before).unwrap(), [(uid(1), uid(1))]);
    mirror.agrees_with(&inbox.sync().unwrap());
    assert_eq!(append(&inbox, "", b"c"), uid(3));
}

#[test]
fn our_own_hands_meet_those_of_others() {
    let world = World::new();
    let inbox = world.inbox();
    for text in ["a", "b", "c"] {
        append(&inbox, "\\Deleted", text.as_bytes());
    }
    let files = world.files("");
    let contents = inbox.enter().unwrap();
    // While the store believes to know, another changes all three.
    world.rename(&files[0], &files[0].replace(":2,T", ":2,ST"));
    world.rename(&files[1], &files[1].replace(":2,T", ":2,"));
    fs::remove_file(world.root().join(&files[2])).unwrap();
    drop(contents);
    let expunged = inbox.expunge(Origin::OUTSIDE, None).unwrap();
    assert_eq!(expunged.uids, [uid(1)], "the second is marked no more, the third was gone");
    assert_eq!(told(&inbox), "2()");
    let file = world.only_file("");
    world.rename(&file, &format!("{file}F"));
    let stored = inbox.store_flags(Origin::OUTSIDE, &[uid(2)], &FlagChange::Add(flags("\\Seen")), None).unwrap();
    assert_eq!(stored.messages[0].1, flags("\\Seen \\Flagged"), "both are kept");
}

#[test]
fn links_folders_and_dot_files_are_no_messages() {
    let world = World::new();
    std::os::unix::fs::symlink("/etc/passwd", world.root().join("cur/1.link:2,")).unwrap();
    fs::create_dir(world.root().join("new/2.folder")).unwrap();
    world.put("cur/.nfs01", b"x");
    world.put("cur/3.real:2,", b"x");
    let inbox = world.inbox();
    assert_eq!(uids(&inbox), [1]);
    // Nor does one become one.
    fs::remove_file(world.root().join("cur/3.real:2,")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", world.root().join("cur/3.real:2,")).unwrap();
    assert!(matches!(inbox.open(uid(1)), Err(StoreError::File { .. })));
    assert!(uids(&inbox).is_empty());
}

#[test]
fn two_messages_of_one_name_are_parted() {
    let world = World::new();
    world.put("new/1.a", b"first");
    world.put("cur/1.a:2,S", b"second");
    let inbox = world.inbox();
    let snapshot = inbox.sync().unwrap();
    let mut found: Vec<_> = snapshot.messages().iter().map(|message| content(&inbox, message.uid())).collect();
    found.sort();
    assert_eq!(found, [b"first".to_vec(), b"second".to_vec()]);
    // The known one keeps its UID.
    world.put("cur/1.a:2,F", b"third");
    let kept = content(&inbox, uid(1));
    assert_eq!(uids(&inbox), [1, 2, 3]);
    assert_eq!(content(&inbox, uid(1)), kept);
    assert_eq!(content(&inbox, uid(3)), b"third");
}

#[test]
fn one_message_of_two_names_is_one() {
    let world = World::new();
    world.put("new/1.a", b"once");
    fs::hard_link(world.root().join("new/1.a"), world.root().join("cur/1.a:2,S")).unwrap();
    let inbox = world.inbox();
    assert_eq!(uids(&inbox), [1]);
    fs::remove_file(world.root().join("new/1.a")).unwrap();
    assert_eq!(told(&inbox), "1(\\Seen)");
}

#[test]
fn a_file_that_cannot_be_read_waits_until_it_can() {
    let world = World::new();
    let inbox = world.inbox();
    world.put("cur/1.a:2,", b"x\n");
    let path = world.root().join("cur/1.a:2,");
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    // Who may read everything sees it at once.
    let seen = uids(&inbox);
    assert!(seen.is_empty() || fs::read(&path).is_ok());
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(uids(&inbox), [1]);
}

#[test]
fn a_mailbox_whose_folder_vanishes_ends_but_inbox_never() {
    let world = World::new();
    let (inbox, sent) = (world.inbox(), world.mailbox("Sent"));
    append(&sent, "", b"x");
    let (mirror, _subscription) = Mirror::of(&sent);
    fs::remove_dir_all(world.root().join(".Sent")).unwrap();
    assert!(matches!(sent.sync(), Err(StoreError::Gone)));
    assert!(mirror.0.lock().unwrap().is_gone);
    assert!(matches!(world.store.mailbox(&named("Sent")), Err(StoreError::NoMailbox)));
    append(&inbox, "", b"x");
    let validity = inbox.sync().unwrap().uid_validity();
    fs::remove_dir_all(world.root().join("cur")).unwrap();
    assert!(uids(&inbox).is_empty());
    assert_eq!(append(&inbox, "", b"y"), uid(2));
    assert_eq!(inbox.sync().unwrap().uid_validity(), validity);
}

#[test]
fn status_of_a_mailbox_at_rest_comes_from_the_index() {
    let world = World::new();
    let sent = world.mailbox("Sent");
    append(&sent, "\\Seen", b"abc");
    append(&sent, "\\Deleted", b"de");
    let status = sent.status().unwrap();
    let counts = (status.messages, status.unseen, status.deleted, status.size, status.deleted_size, status.recent);
    assert_eq!(counts, (2, 1, 1, 5, 2, 2));
    assert_eq!((status.uid_next, status.highest_modseq, status.object_id), (uid(3), 3, sent.object_id()));
    // As if all had rested for long.
    let mut contents = sent.enter().unwrap();
    contents.is_settled = true;
    sent.keep_stamps(&contents).unwrap();
    drop(contents);
    drop(sent);
    assert_eq!(world.store.status(&named("Sent")).unwrap(), status);
    let closed = world.mailbox("Sent");
    assert!(closed.counted_by_index().unwrap().is_some() && !closed.lock().is_loaded);
    world.put(".Sent/new/1.foreign", b"x");
    assert_eq!(world.store.status(&named("Sent")).unwrap().messages, 3);
    assert_eq!(world.store.usage().unwrap(), Usage { messages: 3, octets: 6, mailboxes: 6 });
}
