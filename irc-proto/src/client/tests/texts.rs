use super::*;

#[test]
fn texts_are_split_by_the_real_prefix() {
    let mut talk = Talk::registered(plain(), "server-time", "A=1");
    let text = "x".repeat(1000);
    talk.client.privmsg("#x", &text).unwrap();
    let said = talk.said();
    let longest = said.lines().map(str::len).max().unwrap();
    // `:ada!~a@example.org ` will stand before it.
    assert_eq!(longest + ":ada!~a@example.org ".len() + ":\r\n".len(), 512);
    assert_eq!(said.lines().count(), 3);
    talk.client.action("#x", "waves\nand waves").unwrap();
    assert_eq!(talk.said(), "PRIVMSG #x :\x01ACTION waves\x01\nPRIVMSG #x :\x01ACTION and waves\x01");
}

#[test]
fn what_cannot_be_said_is_refused_whole() {
    let mut talk = Talk::registered(plain(), "server-time", "A=1");
    let client = &mut talk.client;
    assert_eq!(client.privmsg("#x\r\nQUIT", "a"), Err(Misuse::ForbiddenCharacter));
    assert_eq!(client.privmsg("#x", "a\0b"), Err(Misuse::ForbiddenCharacter));
    assert_eq!(client.privmsg("#x", ""), Err(Misuse::OutOfRange));
    assert_eq!(client.privmsg("#x", &"x\n".repeat(100)), Err(Misuse::TooLong));
    assert_eq!(client.join("#x\n", None), Err(Misuse::ForbiddenCharacter));
    assert_eq!(client.part("#x", "a\rb"), Err(Misuse::ForbiddenCharacter));
    assert_eq!(client.change_nick("a b").err(), None, "the last parameter may have a space");
    assert_eq!(client.set_away(Some("a\nb")), Err(Misuse::ForbiddenCharacter));
    assert_eq!(client.quit("a\0"), Err(Misuse::ForbiddenCharacter));
    assert_eq!(client.set_topic("#x", &"x".repeat(600)), Err(Misuse::TooLong));
    assert_eq!(client.kick("#x", "a b", "c"), Err(Misuse::ForbiddenCharacter));
}

#[test]
fn several_lines_are_one_message_where_the_server_can() {
    let mut talk =
        Talk::registered(plain(), "batch message-tags draft/multiline=max-bytes=2000,max-lines=9 echo-message", "A=1");
    let send = talk.client.multiline("#x", "one\n\ntwo").unwrap().number();
    assert_eq!(
        talk.said(),
        "BATCH +w1 draft/multiline #x\n@batch=w1 PRIVMSG #x one\n@batch=w1 PRIVMSG #x :\n@batch=w1 PRIVMSG #x two\nBATCH -w1"
    );
    talk.hear(&[
        ":ada!a@h BATCH +q draft/multiline #x",
        "@batch=q :ada!a@h PRIVMSG #x one",
        "@batch=q :ada!a@h PRIVMSG #x :",
        "@batch=q :ada!a@h PRIVMSG #x two",
        "BATCH -q",
    ]);
    assert_eq!(talk.told(), [alloc::format!("Batch draft/multiline of 3 about {send}")]);
    let long = "ä".repeat(400);
    talk.client.multiline("#x", &long).unwrap();
    let said = talk.said();
    assert!(said.contains("draft/multiline-concat") && said.lines().count() == 4);
    // Too much for the server, or one line: as any text.
    talk.client.multiline("#x", &"word\n".repeat(20)).unwrap();
    assert!(!talk.said().contains("BATCH"));
    talk.client.multiline("#x", "one").unwrap();
    assert_eq!(talk.said(), "PRIVMSG #x one");
}

#[test]
fn without_multiline_it_is_split() {
    let mut talk = Talk::registered(plain(), "batch", "A=1");
    talk.client.multiline("#x", "one\n\ntwo").unwrap();
    assert_eq!(talk.said(), "PRIVMSG #x one\nPRIVMSG #x two");
}

#[test]
fn what_was_said_is_heard_in_one_way() {
    let mut talk = Talk::registered(plain(), "batch message-tags draft/multiline=max-bytes=2000,max-lines=9", "A=1");
    talk.hear(&[
        ":bob!b@h PRIVMSG #x :hello there",
        "@msgid=m;+draft/reply=r :bob!b@h BATCH +q draft/multiline #x",
        "@batch=q :bob!b@h NOTICE #x :one",
        "@batch=q;draft/multiline-concat :bob!b@h NOTICE #x : more",
        "@batch=q :bob!b@h NOTICE #x :two",
        ":srv BATCH -q",
        ":bob!b@h JOIN #x",
    ]);
    let heard: Vec<_> = talk.events.iter().map(Event::heard).collect();
    let [Some(one), Some(several), None] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((one.target, &*one.text, one.is_notice), (&b"#x"[..], &b"hello there"[..], false));
    assert_eq!((several.target, &*several.text, several.is_notice), (&b"#x"[..], &b"one more\ntwo"[..], true));
    assert_eq!(several.source.map(|source| source.name()), Some(&b"bob"[..]));
    assert_eq!(several.message.borrow().tags().value(b"msgid").map(|id| id.escaped()), Some(&b"m"[..]));
}
