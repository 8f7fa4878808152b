use super::*;

#[test]
fn a_message_comes_with_flags_date_and_octets() {
    let world = World::new();
    let sent = world.mailbox("Sent");
    let mut draft = appending(&world.store, "\\Seen \\flagged $Work", b"A: b\r\n\r\n");
    draft.draft.write(b"text\r\n").unwrap();
    assert_eq!(draft.draft.len(), 14);
    draft.internal_date = Some(86_400);
    let (mirror, _subscription) = Mirror::of(&sent);
    let mine = Origin::fresh();
    let appended = sent.append(mine, vec![draft]).unwrap();

    let snapshot = sent.sync().unwrap();
    let message = snapshot.message(appended.uids[0]).unwrap();
    assert_eq!((message.uid().get(), message.size(), message.internal_date()), (1, 14, 86_400));
    assert_eq!(told(&sent), "1(\\Flagged \\Seen $Work)");
    assert_eq!((message.modseq(), snapshot.highest_modseq()), (appended.modseq, appended.modseq));
    assert_eq!((snapshot.uid_validity(), snapshot.uid_next().get()), (appended.uid_validity, 2));
    assert!(message.save_date() > 1_700_000_000);
    assert_eq!(snapshot.keywords().collect::<Vec<_>>(), ["$Work"]);
    assert_eq!(content(&sent, uid(1)), b"A: b\r\n\r\ntext\r\n");
    let file = world.only_file(".Sent");
    assert!(file.starts_with("cur/") && file.ends_with(".local,S=14,W=14:2,FS"), "{file}");
    mirror.agrees_with(&snapshot);
    assert_eq!(mirror.0.lock().unwrap().origins, [mine]);
}

#[test]
fn many_come_together_or_not_at_all() {
    let world = World::new();
    let inbox = world.inbox();
    let drafts = |names: [&str; 3]| names.map(|names| appending(&world.store, names, b"x")).into();
    assert_eq!(inbox.append(Origin::OUTSIDE, drafts(["", "a", "b"])).unwrap().uids, [uid(1), uid(2), uid(3)]);

    // The third cannot be put in place: a folder has its name.
    let three: Vec<Appending> = drafts(["", "", ""]);
    fs::set_permissions(world.root().join("cur"), std::os::unix::fs::PermissionsExt::from_mode(0o500)).unwrap();
    let refused = inbox.append(Origin::OUTSIDE, three);
    fs::set_permissions(world.root().join("cur"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    // Who may do everything is not refused.
    if refused.is_err() {
        assert_eq!(uids(&inbox), [1, 2, 3]);
        assert_eq!(world.files("").len(), 3);
    }
    let next = append(&inbox, "", b"y");
    assert!(next.get() >= 4);
    assert_eq!(content(&inbox, next), b"y");
}

#[test]
fn a_draft_that_is_dropped_leaves_nothing() {
    let world = World::new();
    let inbox = world.inbox();
    drop(appending(&world.store, "", b"never sent"));
    assert!(world.files("").is_empty());
    assert_eq!(inbox.append(Origin::OUTSIDE, Vec::new()).unwrap().uids, []);
    assert_eq!(inbox.sync().unwrap().highest_modseq(), 1);
}

#[test]
fn a_file_with_other_line_ends_is_shown_with_crlf_from_any_offset() {
    let world = World::new();
    let text = "Subject: x\n\nline\nline\r\nlast".repeat(2000);
    let wire = text.replace("\r\n", "\n").replace('\n', "\r\n");
    world.put("new/1700000000.unix", text.as_bytes());
    let inbox = world.inbox();
    assert_eq!(inbox.sync().unwrap().messages()[0].size(), wire.len() as u64);
    let mut reader = inbox.open(uid(1)).unwrap();
    let mut read = Vec::new();
    for size in (1..4000).cycle().step_by(97) {
        let piece = reader.piece(read.len() as u64, size).unwrap();
        if piece.is_empty() {
            break;
        }
        read.extend_from_slice(&piece);
    }
    assert!(read == wire.as_bytes());
    for offset in [0, 1, 11, 12, 30_000, wire.len() - 1, wire.len(), wire.len() + 1] {
        let end = wire.len().min(offset + 100);
        assert_eq!(reader.piece(offset as u64, 100).unwrap(), wire.as_bytes().get(offset..end).unwrap_or_default());
    }
}

#[test]
fn a_wrong_note_of_the_size_is_found_out_when_it_matters() {
    let world = World::new();
    world.put("cur/1700000000.a,W=6:2,", b"a\nb\n\n");
    let inbox = world.inbox();
    assert_eq!(inbox.sync().unwrap().messages()[0].size(), 6);
    let mut reader = inbox.open(uid(1)).unwrap();
    assert_eq!((reader.size(), &reader.piece(0, 99).unwrap()[..]), (8, &b"a\r\nb\r\n\r\n"[..]));
    assert_eq!(inbox.sync().unwrap().messages()[0].size(), 8);
    drop(inbox);
    assert_eq!(world.another().mailbox(&named("INBOX")).unwrap().sync().unwrap().messages()[0].size(), 8);
}

#[test]
fn an_open_message_is_read_to_its_end_though_it_is_expunged() {
    let world = World::new();
    let inbox = world.inbox();
    let it = append(&inbox, "\\Deleted", b"to the end");
    let mut reader = inbox.open(it).unwrap();
    assert_eq!(inbox.expunge(Origin::OUTSIDE, None).unwrap().uids, [it]);
    assert_eq!(reader.piece(3, 99).unwrap(), b"the end"[..]);
    assert!(matches!(inbox.open(it), Err(StoreError::Vanished)));
}

#[test]
fn a_mailbox_has_room_for_so_many_keywords() {
    let world = World::new();
    let inbox = world.inbox();
    let names: Vec<_> = (0..58).map(|number| format!("k{number}")).collect();
    append(&inbox, &names.join(" "), b"x");
    let refused = inbox.append(Origin::OUTSIDE, vec![appending(&world.store, "one-more", b"x")]);
    assert!(matches!(refused, Err(StoreError::TooManyKeywords)));
    // Known ones are spelled as they were first.
    append(&inbox, "K7", b"x");
    assert!(told(&inbox).ends_with(" 2(k7)"));
}

#[test]
fn no_uid_follows_the_last() {
    let world = World::new();
    let inbox = world.inbox();
    append(&inbox, "", b"x");
    let sql = "UPDATE mailboxes SET uid_next = 4294967295";
    world.another().index().write(|transaction| Ok(transaction.execute(sql, [])?)).unwrap();
    let refused = inbox.append(Origin::OUTSIDE, vec![appending(&world.store, "", b"y")]);
    assert!(matches!(refused, Err(StoreError::UidsUsedUp)), "{refused:?}");
    assert_eq!((uids(&inbox), world.files("").len()), (vec![1], 1));
}
