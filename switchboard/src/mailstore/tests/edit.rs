use super::*;

fn world() -> (World, Arc<Mailbox>) {
    let world = World::new();
    let inbox = world.inbox();
    for content in ["a", "b", "c"] {
        append(&inbox, "", content.as_bytes());
    }
    (world, inbox)
}

#[test]
fn flags_live_in_file_names_and_keywords_in_the_index() {
    let (world, inbox) = world();
    let (mirror, _subscription) = Mirror::of(&inbox);
    let add = FlagChange::Add(flags("\\Seen Work"));
    let stored = inbox.store_flags(Origin::OUTSIDE, &[uid(1), uid(3)], &add, None).unwrap();
    assert_eq!(stored.messages.len(), 2);
    assert!(stored.messages.iter().all(|(_, _, modseq)| *modseq == stored.modseq));
    assert_eq!(told(&inbox), "1(\\Seen Work) 2() 3(\\Seen Work)");
    let seen = |files: Vec<String>| files.iter().filter(|file| file.ends_with(":2,S")).count();
    assert_eq!(seen(world.files("")), 2);
    inbox.store_flags(Origin::OUTSIDE, &[uid(1)], &FlagChange::Replace(flags("$Forwarded")), None).unwrap();
    assert_eq!(told(&inbox), "1($Forwarded) 2() 3(\\Seen Work)");
    assert!(world.files("").iter().any(|file| file.ends_with(":2,P")));
    mirror.agrees_with(&inbox.sync().unwrap());
    drop(inbox);
    let again = world.another().mailbox(&named("INBOX")).unwrap();
    assert_eq!(told(&again), "1($Forwarded) 2() 3(\\Seen Work)");
}

#[test]
fn what_changes_nothing_has_no_new_modseq() {
    let (_world, inbox) = world();
    let before = inbox.sync().unwrap().highest_modseq();
    let stored = inbox.store_flags(Origin::OUTSIDE, &[uid(1)], &FlagChange::Remove(flags("\\Seen x")), None).unwrap();
    assert_eq!((stored.modseq, stored.messages.len()), (before, 1));
}

#[test]
fn unchanged_since_spares_what_has_changed_since() {
    let (_world, inbox) = world();
    let since = inbox.sync().unwrap().highest_modseq();
    let seen = FlagChange::Add(flags("\\Seen"));
    inbox.store_flags(Origin::OUTSIDE, &[uid(2)], &seen, None).unwrap();
    let flag = FlagChange::Add(flags("\\Flagged"));
    let stored = inbox.store_flags(Origin::OUTSIDE, &[uid(1), uid(2), uid(9)], &flag, Some(since)).unwrap();
    assert_eq!((stored.modified, stored.missing), (vec![uid(2)], vec![uid(9)]));
    assert_eq!(told(&inbox), "1(\\Flagged) 2(\\Seen) 3()");
    let none = inbox.store_flags(Origin::OUTSIDE, &[uid(1), uid(3)], &flag, Some(0)).unwrap();
    assert_eq!((none.modified, none.messages.len()), (vec![uid(1), uid(3)], 0));
}

#[test]
fn only_what_is_marked_and_meant_is_expunged() {
    let (world, inbox) = world();
    let (mirror, _subscription) = Mirror::of(&inbox);
    let delete = FlagChange::Add(flags("\\Deleted"));
    inbox.store_flags(Origin::OUTSIDE, &[uid(1), uid(2)], &delete, None).unwrap();
    let expunged = inbox.expunge(Origin::OUTSIDE, Some(&[uid(3), uid(2), uid(2)])).unwrap();
    assert_eq!(expunged.uids, [uid(2)]);
    assert_eq!(expunged.modseq, inbox.sync().unwrap().highest_modseq());
    assert_eq!((uids(&inbox), world.files("").len()), (vec![1, 3], 2));
    assert_eq!(inbox.expunge(Origin::OUTSIDE, None).unwrap().uids, [uid(1)]);
    assert_eq!(inbox.expunge(Origin::OUTSIDE, None).unwrap().uids, []);
    mirror.agrees_with(&inbox.sync().unwrap());
    // UIDs are not given out again.
    assert_eq!(append(&inbox, "", b"d"), uid(4));
}

#[test]
fn what_is_gone_is_remembered_by_ranges() {
    let world = World::new();
    let inbox = world.inbox();
    for _ in 0..6 {
        append(&inbox, "\\Deleted", b"x");
    }
    let start = inbox.sync().unwrap().highest_modseq();
    inbox.expunge(Origin::OUTSIDE, Some(&[uid(1), uid(2), uid(4)])).unwrap();
    let middle = inbox.sync().unwrap().highest_modseq();
    inbox.expunge(Origin::OUTSIDE, Some(&[uid(5)])).unwrap();
    let ranges = |ranges: &[(u32, u32)]| -> Vec<(Uid, Uid)> {
        ranges.iter().map(|(first, last)| (uid(*first), uid(*last))).collect()
    };
    assert_eq!(inbox.vanished_since(start).unwrap(), ranges(&[(1, 2), (4, 4), (5, 5)]));
    assert_eq!(inbox.vanished_since(middle).unwrap(), ranges(&[(5, 5)]));
    assert_eq!(inbox.vanished_since(u64::MAX).unwrap(), []);
    // Of what was forgotten, all that is not there.
    let sql = "UPDATE mailboxes SET forgotten_modseq = 1000";
    world.store.index().write(|transaction| Ok(transaction.execute(sql, [])?)).unwrap();
    assert_eq!(inbox.vanished_since(start).unwrap(), ranges(&[(1, 2), (4, 5)]));
}

#[test]
fn memory_of_the_expunged_is_bounded() {
    let world = World::new();
    let inbox = world.inbox();
    world
        .store
        .index()
        .write(|transaction| {
            let mut insert =
                transaction.prepare("INSERT INTO expunged(mailbox, modseq, first, last) VALUES (?1, ?2, ?2, ?2)")?;
            (1..=10_000).try_for_each(|number| insert.execute([inbox.id, number]).map(drop))?;
            Ok(transaction.execute("UPDATE mailboxes SET uid_next = 20000, highest_modseq = 20000", [])?)
        })
        .unwrap();
    let inbox = world.another().mailbox(&named("INBOX")).unwrap();
    append(&inbox, "\\Deleted", b"x");
    inbox.expunge(Origin::OUTSIDE, None).unwrap();
    let remembered = inbox.vanished_since(20_000).unwrap();
    assert_eq!(remembered, [(uid(20_000), uid(20_000))]);
    assert_eq!(inbox.vanished_since(9_000).unwrap().len(), 1_001);
    assert_eq!(inbox.vanished_since(10).unwrap(), [(uid(1), uid(20_000))], "all that is not there");
}

#[test]
fn what_is_recent_is_taken_once() {
    let (world, inbox) = world();
    assert_eq!(inbox.recent().unwrap(), uid(1));
    assert_eq!(world.store.status(&named("INBOX")).unwrap().recent, 3);
    assert_eq!(inbox.take_recent().unwrap(), uid(1));
    assert_eq!((inbox.take_recent().unwrap(), inbox.recent().unwrap()), (uid(4), uid(4)));
    append(&inbox, "", b"d");
    assert_eq!(world.store.status(&named("INBOX")).unwrap().recent, 1);
    assert_eq!(inbox.take_recent().unwrap(), uid(4));
}

#[test]
fn summaries_live_and_die_with_their_messages() {
    let (world, inbox) = world();
    let kept = [(uid(1), &b"one"[..]), (uid(3), b"three"), (uid(9), b"nobody's")];
    inbox.keep_summaries(kept.into_iter()).unwrap();
    assert_eq!(inbox.summaries(&[uid(1), uid(2), uid(9)]).unwrap(), [(uid(1), b"one".to_vec())]);
    let sent = world.mailbox("Sent");
    inbox.copy(Origin::OUTSIDE, &[uid(1)], &sent).unwrap();
    inbox.move_to(Origin::OUTSIDE, &[uid(3)], &sent).unwrap();
    inbox.move_to(Origin::OUTSIDE, &[uid(1)], &inbox).unwrap();
    assert_eq!(sent.summaries(&[uid(1), uid(2)]).unwrap(), [(uid(1), b"one".to_vec()), (uid(2), b"three".to_vec())]);
    assert_eq!(inbox.summaries(&[uid(1), uid(3), uid(4)]).unwrap(), [(uid(4), b"one".to_vec())]);
}

#[test]
fn descriptions_live_and_die_with_their_messages() {
    let (world, inbox) = world();
    let long = vec![b'x'; 17 * 1024];
    let kept = [(uid(1), &b"one"[..]), (uid(2), &long), (uid(3), b"three"), (uid(9), b"nobody's")];
    inbox.keep_descriptions(kept.into_iter()).unwrap();
    let (one, three) = ((uid(1), b"one".to_vec()), (uid(3), b"three".to_vec()));
    assert_eq!(inbox.descriptions(&[uid(1), uid(2), uid(3), uid(9)]).unwrap(), [one.clone(), three.clone()]);
    assert_eq!(inbox.descriptions(&[uid(2), uid(3)]).unwrap(), std::slice::from_ref(&three));
    assert_eq!(inbox.descriptions(&[uid(1), uid(1_000_000)]).unwrap(), std::slice::from_ref(&one));
    let sent = world.mailbox("Sent");
    inbox.copy(Origin::OUTSIDE, &[uid(1)], &sent).unwrap();
    inbox.move_to(Origin::OUTSIDE, &[uid(3)], &sent).unwrap();
    assert_eq!(sent.descriptions(&[uid(1), uid(2)]).unwrap(), [one.clone(), (uid(2), three.1)]);
    assert_eq!(inbox.descriptions(&[uid(1), uid(3)]).unwrap(), [one]);
}
