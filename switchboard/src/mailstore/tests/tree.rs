use std::sync::mpsc;

use super::*;

fn listed(store: &MailStore) -> String {
    let one = |listed: Listed| {
        let mut text = listed.name.to_string();
        for (is_so, mark) in
            [(listed.object_id.is_none(), "-"), (listed.has_children, "+"), (listed.is_subscribed, "*")]
        {
            if is_so {
                text.push_str(mark);
            }
        }
        text.push_str(listed.special_use.map_or("", SpecialUse::attribute));
        text
    };
    store.list().unwrap().into_iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A user who has deleted the usual mailboxes.
fn bare() -> World {
    let world = World::new();
    for special in SpecialUse::ALL {
        world.store.delete(&named(special.usual_name())).unwrap();
        world.store.unsubscribe(&named(special.usual_name())).unwrap();
    }
    assert_eq!(listed(&world.store), "INBOX*");
    world
}

#[test]
fn a_new_user_has_the_usual_mailboxes() {
    let world = World::new();
    let usual = "INBOX* Archive*\\Archive Drafts*\\Drafts Junk*\\Junk Sent*\\Sent Trash*\\Trash";
    assert_eq!(listed(&world.store), usual);
    world.store.delete(&named("Junk")).unwrap();
    // Once deleted, for ever.
    assert!(!listed(&world.another()).contains("Junk"));
    assert_eq!(world.store.subscriptions().unwrap().len(), 6, "a subscription outlives its mailbox");
}

#[test]
fn mailboxes_that_are_there_already_are_taken_over() {
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("bob");
    Maildir::open(root.clone(), &[]).unwrap();
    for folder in [".Sent/cur", ".Lists.rust/cur", ".Lists.rust/new", ".no-mailbox", ".Entw&APw-rfe/cur", ".bad&/cur"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join(".file"), "").unwrap();
    std::os::unix::fs::symlink("/", root.join(".link")).unwrap();
    let store = open(root);
    assert_eq!(listed(&store), "INBOX* Entwürfe* Lists-+ Lists/rust* Sent*\\Sent");
    // A folder that lacks something gets it.
    assert!(uids(&store.mailbox(&named("Sent")).unwrap()).is_empty());
}

#[test]
fn a_mailbox_comes_with_those_above_it() {
    let world = bare();
    let id = world.store.create(&named("a/b/c"), None).unwrap();
    assert_eq!(listed(&world.store), "INBOX* a+ a/b+ a/b/c");
    assert_eq!(world.mailbox("a/b/c").object_id(), id);
    assert!(world.root().join(".a.b.c/maildirfolder").is_file());
    for there in ["a", "a/b", "inbox", "a/b/c/"] {
        assert!(matches!(world.store.create(&named(there), None), Err(StoreError::AlreadyExists)), "{there}");
    }
    world.store.create(&named("INBOX/x"), Some(SpecialUse::Sent)).unwrap();
    assert!(matches!(world.store.create(&named("y"), Some(SpecialUse::Sent)), Err(StoreError::UseTaken)));
    assert_eq!(listed(&world.store), "INBOX+* INBOX/x\\Sent a+ a/b+ a/b/c");
}

#[test]
fn what_is_deleted_leaves_the_way_to_others() {
    let world = bare();
    world.store.create(&named("a/b"), None).unwrap();
    let open = world.mailbox("a");
    append(&open, "", b"x");
    let validity = open.sync().unwrap().uid_validity();
    let (mirror, _subscription) = Mirror::of(&open);
    world.store.delete(&named("a")).unwrap();
    assert!(mirror.0.lock().unwrap().is_gone);
    assert!(matches!(open.sync(), Err(StoreError::Gone)));
    assert_eq!(listed(&world.store), "INBOX* a-+ a/b");
    assert!(matches!(world.store.mailbox(&named("a")), Err(StoreError::NoMailbox)));
    assert!(matches!(world.store.delete(&named("a")), Err(StoreError::HasChildren)));
    assert!(matches!(world.store.delete(&named("x")), Err(StoreError::NoMailbox)));
    assert!(matches!(world.store.delete(&named("INBOX")), Err(StoreError::Inbox)));
    // One of the same name is another.
    world.store.create(&named("a"), None).unwrap();
    let again = world.mailbox("a");
    assert!(uids(&again).is_empty());
    assert!(again.sync().unwrap().uid_validity() > validity);
    assert_ne!(again.object_id(), open.object_id());
    world.store.delete(&named("a")).unwrap();
    world.store.delete(&named("a/b")).unwrap();
    assert_eq!(listed(&world.store), "INBOX*");
    let rest: Vec<_> = fs::read_dir(world.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!rest.iter().any(|name| name.to_str().unwrap().starts_with(super::super::tree::UNFINISHED)), "{rest:?}");
}

#[test]
fn a_renamed_mailbox_is_the_same_with_all_below_it() {
    let world = bare();
    world.store.create(&named("a/b"), None).unwrap();
    let (upper, lower) = (world.mailbox("a"), world.mailbox("a/b"));
    append(&upper, "", b"x");
    append(&lower, "k", b"y");
    let before = lower.sync().unwrap();
    world.store.rename(&named("a"), &named("new/top")).unwrap();
    assert_eq!(listed(&world.store), "INBOX* new+ new/top+ new/top/b");
    assert_eq!(lower.name(), named("new/top/b"));
    assert_eq!(told(&lower), "1(k)");
    assert_eq!(append(&lower, "", b"z"), uid(2));
    let found = world.another().mailbox(&named("new/top/b")).unwrap();
    let after = found.sync().unwrap();
    assert_eq!((after.uid_validity(), found.object_id()), (before.uid_validity(), lower.object_id()));
    assert_eq!(uids(&found), [1, 2]);
    assert!(matches!(world.store.rename(&named("a"), &named("c")), Err(StoreError::NoMailbox)));
    assert!(matches!(world.store.rename(&named("new/top"), &named("INBOX")), Err(StoreError::AlreadyExists)));
    assert!(matches!(world.store.rename(&named("new"), &named("new")), Err(StoreError::AlreadyExists)));
    assert!(matches!(world.store.rename(&named("new"), &named("new/x")), Err(StoreError::IntoItself)));
    let long = named(&"x".repeat(250));
    assert!(matches!(world.store.rename(&named("new"), &long), Err(StoreError::Name(MailboxNameError::TooLong))));
}

#[test]
fn renaming_inbox_moves_its_messages() {
    let world = World::with(&[b"one\r\n", b"two\r\n"]);
    world.store.create(&named("INBOX/below"), None).unwrap();
    let inbox = world.inbox();
    let (mirror, _subscription) = Mirror::of(&inbox);
    world.store.rename(&named("INBOX"), &named("old")).unwrap();
    assert_eq!((uids(&inbox), uids(&world.mailbox("old"))), (vec![], vec![1, 2]));
    mirror.agrees_with(&inbox.sync().unwrap());
    assert!(listed(&world.store).starts_with("INBOX+* Archive*\\Archive"));
    assert!(listed(&world.store).contains("INBOX/below"));
    assert_eq!(append(&inbox, "", b"x"), uid(3));
}

#[test]
fn everything_about_the_tree_is_told() {
    let world = bare();
    let (sender, told) = mpsc::channel();
    let subscription = world.store.watch(move |change| sender.send(change.clone()).unwrap());
    let store = &world.store;
    store.create(&named("a/b"), None).unwrap();
    store.rename(&named("a"), &named("c")).unwrap();
    store.subscribe(&named("c")).unwrap();
    store.subscribe(&named("c")).unwrap();
    store.unsubscribe(&named("c")).unwrap();
    store.delete(&named("c/b")).unwrap();
    fs::create_dir_all(world.root().join(".foreign/cur")).unwrap();
    store.list().unwrap();
    use TreeChange::*;
    let expected = [
        Created(named("a")),
        Created(named("a/b")),
        Renamed { from: named("a"), to: named("c") },
        Renamed { from: named("a/b"), to: named("c/b") },
        Subscribed(named("c")),
        Unsubscribed(named("c")),
        Deleted(named("c/b")),
        Created(named("foreign")),
    ];
    assert_eq!(told.try_iter().collect::<Vec<_>>(), expected);
    drop(subscription);
    store.create(&named("d"), None).unwrap();
    assert!(told.try_recv().is_err());
}

#[test]
fn annotations_are_bounded_and_go_with_their_mailbox() {
    let world = World::new();
    let (store, sent) = (&world.store, named("Sent"));
    store.annotate(None, &[("/private/Comment", Some(b"mine"))]).unwrap();
    store.annotate(Some(&sent), &[("/private/comment", Some(b"a")), ("/shared/x", Some(b"b"))]).unwrap();
    store.annotate(Some(&sent), &[("/SHARED/X", None), ("/private/comment", Some(b"c"))]).unwrap();
    assert_eq!(store.annotations(None).unwrap(), [("/private/comment".into(), b"mine".to_vec())]);
    assert_eq!(store.annotations(Some(&sent)).unwrap(), [("/private/comment".into(), b"c".to_vec())]);
    let long = vec![0; MailStore::ANNOTATION_MAX + 1];
    assert!(matches!(store.annotate(None, &[("/private/x", Some(&long))]), Err(StoreError::AnnotationTooLong)));
    let names: Vec<_> = (0..100).map(|number| format!("/private/{number}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), Some(&b"x"[..]))).collect();
    assert!(matches!(store.annotate(Some(&sent), &many), Err(StoreError::TooManyAnnotations)));
    assert_eq!(store.annotations(Some(&sent)).unwrap().len(), 1, "none of them is kept");
    store.delete(&sent).unwrap();
    assert!(matches!(store.annotations(Some(&sent)), Err(StoreError::NoMailbox)));
    store.create(&sent, None).unwrap();
    assert!(store.annotations(Some(&sent)).unwrap().is_empty());
}
