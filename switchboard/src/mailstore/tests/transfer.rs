use super::*;

#[test]
fn a_copy_is_the_same_message_elsewhere() {
    let world = World::new();
    let (inbox, sent) = (world.inbox(), world.mailbox("Sent"));
    append(&inbox, "\\Seen Work", b"a");
    append(&inbox, "", b"b");
    append(&sent, "", b"before");
    let copied = inbox.copy(Origin::OUTSIDE, &[uid(2), uid(1), uid(7), uid(1)], &sent).unwrap();
    assert_eq!(copied.uids, [(uid(1), uid(2)), (uid(2), uid(3))]);
    assert_eq!(copied.uid_validity, sent.sync().unwrap().uid_validity());
    assert_eq!((told(&inbox), told(&sent)), ("1(\\Seen Work) 2()".into(), "1() 2(\\Seen Work) 3()".into()));
    let (here, there) = (inbox.sync().unwrap(), sent.sync().unwrap());
    let (original, copy) = (&here.messages()[0], &there.messages()[1]);
    assert_eq!((original.email_id(), original.internal_date()), (copy.email_id(), copy.internal_date()));
    assert_ne!(original.email_id(), there.messages()[0].email_id());
    assert_eq!(content(&sent, uid(2)), b"a");
    assert!(world.files("").iter().all(|file| file.starts_with("cur/")), "nothing is left in tmp");
}

#[test]
fn a_mailbox_can_be_copied_into_itself() {
    let world = World::new();
    let inbox = world.inbox();
    append(&inbox, "x", b"a");
    let (mirror, _subscription) = Mirror::of(&inbox);
    let copied = inbox.copy(Origin::OUTSIDE, &[uid(1)], &inbox).unwrap();
    assert_eq!((copied.uids, copied.modseq), (vec![(uid(1), uid(2))], inbox.sync().unwrap().highest_modseq()));
    assert_eq!(told(&inbox), "1(x) 2(x)");
    mirror.agrees_with(&inbox.sync().unwrap());
}

#[test]
fn a_move_leaves_nothing_behind() {
    let world = World::new();
    let (inbox, trash) = (world.inbox(), world.mailbox("Trash"));
    for text in ["a", "b", "c"] {
        append(&inbox, "\\Flagged", text.as_bytes());
    }
    let id = inbox.sync().unwrap().messages()[0].email_id();
    let mirrors = [Mirror::of(&inbox), Mirror::of(&trash)];
    let before = inbox.sync().unwrap().highest_modseq();
    let moved = inbox.move_to(Origin::OUTSIDE, &[uid(3), uid(1)], &trash).unwrap();
    assert_eq!(moved.uids, [(uid(1), uid(1)), (uid(3), uid(2))]);
    assert!(moved.modseq > before);
    assert_eq!((uids(&inbox), uids(&trash)), (vec![2], vec![1, 2]));
    assert_eq!((world.files("").len(), world.files(".Trash").len()), (1, 2));
    assert_eq!((trash.sync().unwrap().messages()[0].email_id(), content(&trash, uid(2))), (id, b"c".to_vec()));
    assert_eq!(inbox.vanished_since(before).unwrap(), [(uid(1), uid(1)), (uid(3), uid(3))]);
    mirrors[0].0.agrees_with(&inbox.sync().unwrap());
    mirrors[1].0.agrees_with(&trash.sync().unwrap());
    // And back, the other way round among the locks.
    assert_eq!(trash.move_to(Origin::OUTSIDE, &[uid(1)], &inbox).unwrap().uids, [(uid(1), uid(4))]);
}

#[test]
fn a_move_into_the_same_mailbox_gives_new_uids() {
    let world = World::new();
    let inbox = world.inbox();
    append(&inbox, "\\Seen", b"a");
    append(&inbox, "", b"b");
    let (mirror, _subscription) = Mirror::of(&inbox);
    assert_eq!(inbox.move_to(Origin::OUTSIDE, &[uid(1)], &inbox).unwrap().uids, [(uid(1), uid(3))]);
    assert_eq!(told(&inbox), "2() 3(\\Seen)");
    assert_eq!(content(&inbox, uid(3)), b"a");
    mirror.agrees_with(&inbox.sync().unwrap());
}

#[test]
fn what_another_program_moved_or_removed_meanwhile_is_found_or_left_out() {
    let world = World::new();
    let (inbox, sent) = (world.inbox(), world.mailbox("Sent"));
    for text in ["a", "b"] {
        append(&inbox, "", text.as_bytes());
    }
    let files = world.files("");
    for transfer in [Mailbox::copy, Mailbox::move_to] {
        append(&inbox, "", b"c");
        let names = world.files("");
        let last = names.last().unwrap();
        let flagged = format!("{}F", last.trim_end_matches("F"));
        world.rename(last, &flagged);
        let moved = transfer(&inbox, Origin::OUTSIDE, &[*inbox_last(&inbox)], &sent).unwrap();
        assert_eq!(moved.uids.len(), 1);
        assert!(told(&sent).ends_with("(\\Flagged)"));
    }
    fs::remove_file(world.root().join(&files[0])).unwrap();
    assert_eq!(inbox.copy(Origin::OUTSIDE, &[uid(1), uid(2)], &sent).unwrap().uids.len(), 1);
    fs::remove_file(world.root().join(&files[1])).unwrap();
    assert_eq!(inbox.move_to(Origin::OUTSIDE, &[uid(1), uid(2)], &sent).unwrap().uids, []);
}

fn inbox_last(inbox: &Mailbox) -> Box<Uid> {
    Box::new(inbox.sync().unwrap().messages().last().unwrap().uid())
}

#[test]
fn two_that_move_towards_each_other_do_not_wait_forever() {
    let world = World::new();
    let (inbox, sent) = (world.inbox(), world.mailbox("Sent"));
    for _ in 0..20 {
        append(&inbox, "", b"x");
        append(&sent, "", b"y");
    }
    std::thread::scope(|scope| {
        for (from, to) in [(&inbox, &sent), (&sent, &inbox)] {
            scope.spawn(move || {
                for number in 1..=20 {
                    from.move_to(Origin::OUTSIDE, &[uid(number)], to).unwrap();
                }
            });
        }
    });
    assert_eq!(uids(&inbox).len() + uids(&sent).len(), 40);
}

#[test]
fn a_replacement_takes_the_place_of_the_old_in_one_step() {
    let world = World::new();
    let (inbox, drafts) = (world.inbox(), world.mailbox("Drafts"));
    append(&drafts, "\\Draft", b"first");
    append(&drafts, "\\Draft", b"other");
    let mirrors = [Mirror::of(&inbox), Mirror::of(&drafts)];
    let by = |text: &[u8]| appending(&world.store, "\\Draft k", text);
    let there = drafts.replace(Origin::OUTSIDE, uid(1), by(b"second"), &drafts).unwrap();
    assert_eq!((there.uids, there.modseq), (vec![uid(3)], drafts.sync().unwrap().highest_modseq()));
    assert_eq!(told(&drafts), "2(\\Draft) 3(\\Draft k)");
    let elsewhere = drafts.replace(Origin::OUTSIDE, uid(3), by(b"third"), &inbox).unwrap();
    assert_eq!((elsewhere.uids, elsewhere.uid_validity), (vec![uid(1)], inbox.sync().unwrap().uid_validity()));
    assert_eq!((uids(&drafts), content(&inbox, uid(1))), (vec![2], b"third".to_vec()));
    let gone = drafts.replace(Origin::OUTSIDE, uid(3), by(b"never"), &drafts);
    assert!(matches!(gone, Err(StoreError::Vanished)));
    assert_eq!((world.files("").len(), world.files(".Drafts").len()), (1, 1), "nothing is left aside");
    mirrors[0].0.agrees_with(&inbox.sync().unwrap());
    mirrors[1].0.agrees_with(&drafts.sync().unwrap());
}
