use super::*;
use crate::Capability;
use crate::client_tags::{ClientTags, Typing};
use crate::codec::{Command, Parts};

const ALL: &str = "message-tags setname draft/message-redaction draft/read-marker draft/channel-rename";

#[test]
fn commands_are_written_as_their_documents_say() {
    let mut talk = Talk::registered(plain(), ALL, "A=1");
    let client = &mut talk.client;
    client.invite("bob", "#x").unwrap();
    client.knock("#y", "").unwrap();
    client.knock("#y", "let me in").unwrap();
    client.oper("ada", "pencil and paper").unwrap();
    client.set_realname("Ada Lovelace").unwrap();
    client.redact("#x", "id1", "").unwrap();
    client.redact("#x", "id1", "not so").unwrap();
    client.mark_read("#x", "2019-01-04T14:33:26.123Z").unwrap();
    client.ask_read("bob").unwrap();
    client.rename("#x", "#z", "moved on").unwrap();
    client.tagmsg("#x", &ClientTags::default().typing(Typing::Active)).unwrap();
    client.tagmsg("#x", &ClientTags::default().reply("id1").react("; )")).unwrap();
    let wanted = [
        "INVITE bob #x",
        "KNOCK #y",
        "KNOCK #y :let me in",
        "OPER ada :pencil and paper",
        "SETNAME :Ada Lovelace",
        "REDACT #x id1",
        "REDACT #x id1 :not so",
        "MARKREAD #x timestamp=2019-01-04T14:33:26.123Z",
        "MARKREAD bob",
        "RENAME #x #z :moved on",
        "@+typing=active TAGMSG #x",
        "@+draft/reply=id1;+draft/react=\\:\\s) TAGMSG #x",
    ];
    assert_eq!(talk.said().lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn what_the_server_has_not_agreed_to_is_refused() {
    let mut talk = Talk::registered(plain(), "server-time", "A=1");
    let client = &mut talk.client;
    let typing = ClientTags::default().typing(Typing::Active);
    for refused in [
        client.set_realname("Ada"),
        client.redact("#x", "id", ""),
        client.mark_read("#x", "2019-01-04T14:33:26.123Z"),
        client.ask_read("#x"),
        client.rename("#x", "#y", ""),
        client.tagmsg("#x", &typing),
    ] {
        assert_eq!(refused, Err(Misuse::NotOffered));
    }
    assert_eq!(client.redact("", "id", ""), Err(Misuse::NotOffered));
    assert_eq!(client.invite("bob\r\nQUIT", "#x"), Err(Misuse::ForbiddenCharacter));
    let mut talk = Talk::registered(plain(), ALL, "CLIENTTAGDENY=typing");
    assert_eq!(talk.client.tagmsg("#x", &typing), Err(Misuse::NotOffered));
    assert_eq!(talk.client.tagmsg("#x", &ClientTags::default()), Err(Misuse::OutOfRange));
    assert_eq!(talk.client.redact("", "id", "x"), Err(Misuse::ForbiddenCharacter));
    assert_eq!(talk.said(), "");
}

#[test]
fn tags_that_the_server_relays_to_nobody_do_not_go_out() {
    let mut talk = Talk::registered(plain(), "message-tags labeled-response batch", "CLIENTTAGDENY=*,-typing");
    let tags: [(&[u8], &[u8]); 3] = [(b"+typing", b"active"), (b"+draft/react", b"x"), (b"own", b"1")];
    let parts = |word, tags| Parts { tags, command: Command::Word(word), params: &[b"#x"], ..Parts::default() };
    talk.client.send(&parts(b"TAGMSG", &tags)).unwrap();
    assert_eq!(talk.client.send(&parts(b"TAGMSG", &tags[1..2])), Err(Misuse::NotOffered));
    talk.client.send(&parts(b"NAMES", &tags[1..2])).unwrap();
    talk.client.request(&parts(b"NAMES", &tags[..2])).unwrap();
    let wanted = ["@+typing=active;own=1 TAGMSG #x", "NAMES #x", "@+typing=active;label=w1 NAMES #x"];
    assert_eq!(talk.said().lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn no_operators_password_goes_out_in_the_clear() {
    let mut talk = Talk::registered(plain().cleartext(false), "server-time", "A=1");
    assert_eq!(talk.client.oper("ada", "pencil"), Err(Misuse::CleartextForbidden));
    assert_eq!(talk.said(), "");
    let mut talk = Talk::new(plain(), ada());
    assert_eq!(talk.client.oper("ada", "pencil"), Err(Misuse::WrongState));
}

#[test]
fn some_capabilities_are_asked_for_only_where_they_are_wished_for() {
    let offered = "draft/event-playback draft/message-redaction draft/metadata-2 draft/read-marker";
    let asked = |config: Config| {
        let mut talk = Talk::new(config, ada());
        talk.said();
        talk.hear(&[&alloc::format!(":srv CAP * LS :{offered}")]);
        talk.said().lines().last().map(ToString::to_string).unwrap()
    };
    assert_eq!(asked(plain()), "CAP REQ :draft/message-redaction draft/read-marker");
    let all = plain().wish(Capability::EventPlayback).wish(Capability::Metadata);
    assert_eq!(asked(all), alloc::format!("CAP REQ :{offered}"));
}
