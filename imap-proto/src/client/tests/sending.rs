//! Messages on their way to the server.

use super::*;
use crate::codec::command::{Append, Content, MessageData, NewMessage};
use crate::codec::{Command, Flag, Mailbox};
use wirestate_machine::Misuse;

#[test]
fn a_message_waits_for_the_server() {
    let mut client = logged_in(open(), "");
    let append = client.append("Drafts", NewText::new(11).flags([Flag::Seen])).unwrap();
    assert_eq!(wrote(&mut client), "A2 APPEND Drafts (\\Seen) {11}\r\n");
    assert_eq!(client.append_data(append, &b"too early"[..]), Err(Misuse::WrongState));
    let told = says(&mut client, "+ go\r\n");
    assert!(matches!(told[..], [Event::Wanted { octets: 11, .. }]));
    client.append_data(append, &b"hello"[..]).unwrap();
    assert_eq!(client.append_data(append, &b" world!"[..]), Err(Misuse::TooLong));
    client.noop().unwrap();
    client.append_data(append, &b" world"[..]).unwrap();
    events(&mut client);
    assert_eq!(wrote(&mut client), "hello world\r\nA3 NOOP\r\n");
    assert_eq!(client.append_data(append, &b""[..]), Err(Misuse::WrongState));
    let told = says(&mut client, "A2 OK [APPENDUID 38505 3955] done\r\n");
    assert!(matches!(outcome(&told, append).code(), Some(Code::AppendUid { .. })));
}

#[test]
fn it_does_not_wait_where_it_need_not() {
    let mut client = logged_in(open(), "LITERAL+");
    let append = client.append("a", NewText::new(5000)).unwrap();
    assert_eq!(wrote(&mut client), "A2 APPEND a {5000+}\r\n");
    assert!(matches!(events(&mut client)[..], [Event::Wanted { octets: 5000, .. }]));
    client.append_data(append, alloc::vec![b'x'; 5000]).unwrap();
    let mut client = logged_in(open(), "LITERAL-");
    client.append("a", NewText::new(4096)).unwrap();
    assert_eq!(wrote(&mut client), "A2 APPEND a {4096+}\r\n");
    let mut client = logged_in(open(), "LITERAL-");
    client.append("a", NewText::new(4097)).unwrap();
    assert_eq!(wrote(&mut client), "A2 APPEND a {4097}\r\n");
}

#[test]
fn an_answer_that_comes_early_waits_for_the_text() {
    let mut client = logged_in(open(), "LITERAL+");
    let append = client.append("a", NewText::new(5)).unwrap();
    let told = says(&mut client, "A2 NO [OVERQUOTA] full\r\n");
    assert!(matches!(told[..], [Event::Wanted { .. }]));
    client.append_data(append, &b"hello"[..]).unwrap();
    assert_eq!(outcome(&events(&mut client), append).code(), Some(&Code::OverQuota));
    assert_eq!(wrote(&mut client), "A2 APPEND a {5+}\r\nhello\r\n");
}

#[test]
fn what_the_server_does_not_want_is_not_sent() {
    let mut client = logged_in(open(), "");
    let append = client.append("a", NewText::new(5)).unwrap();
    assert_eq!(outcome(&says(&mut client, "A2 NO [TRYCREATE] no\r\n"), append).code(), Some(&Code::TryCreate));
    assert_eq!(client.append_data(append, &b"hello"[..]), Err(Misuse::WrongState));
    assert_eq!(logged_in(open(), "APPENDLIMIT=100").append("a", NewText::new(101)), Err(Misuse::TooLong));
}

#[test]
fn text_is_asked_for_again_when_there_is_room() {
    let mut client = logged_in(open(), "LITERAL+");
    let append = client.append("a", NewText::new(200_000)).unwrap();
    events(&mut client);
    let piece = Bytes::from(alloc::vec![b'x'; 100_000]);
    client.append_data(append, piece.clone()).unwrap();
    assert_eq!(client.append_data(append, piece.clone()), Err(Misuse::QueueFull));
    let _ = wrote(&mut client);
    assert!(matches!(events(&mut client)[..], [Event::Wanted { octets: 100_000, .. }]));
    client.append_data(append, piece).unwrap();
    assert!(wrote(&mut client).ends_with("x\r\n"));
}

#[test]
fn an_empty_message_needs_no_text() {
    let mut client = logged_in(open(), "");
    client.append("a", NewText::new(0)).unwrap();
    assert_eq!(wrote(&mut client), "A2 APPEND a {0}\r\n");
    says(&mut client, "+\r\n");
    assert_eq!(wrote(&mut client), "\r\n");
}

#[test]
fn several_messages_go_in_one_command() {
    let mut client = logged_in(open(), "MULTIAPPEND LITERAL+");
    let message = |bytes: &'static [u8]| NewMessage {
        flags: None,
        date: None,
        extensions: Vec::new(),
        data: MessageData::Literal(Content::Whole { binary: false, bytes }),
    };
    let messages = Vec::from([message(b"one"), message(b"two")]);
    client.command(Command::Append(Append { mailbox: Mailbox::Name(&b"a"[..]), messages })).unwrap();
    assert_eq!(wrote(&mut client), "A2 APPEND a {3+}\r\none {3+}\r\ntwo\r\n");
}

#[test]
fn the_texts_of_several_messages_are_asked_for_one_by_one() {
    let mut client = logged_in(open(), "MULTIAPPEND");
    let append =
        client.append_many("a", [NewText::new(3).flags([Flag::Seen]), NewText::new(0), NewText::new(2)]).unwrap();
    client.noop().unwrap();
    assert_eq!(wrote(&mut client), "A2 APPEND a (\\Seen) {3}\r\n");
    assert!(matches!(says(&mut client, "+ go\r\n")[..], [Event::Wanted { request, octets: 3 }] if request == append));
    client.append_data(append, &b"one"[..]).unwrap();
    assert_eq!(wrote(&mut client), "one {0}\r\n");
    assert!(says(&mut client, "+\r\n").is_empty());
    assert_eq!(wrote(&mut client), " {2}\r\n");
    assert_eq!(client.append_data(append, &b"no"[..]), Err(Misuse::WrongState));
    assert!(matches!(says(&mut client, "+\r\n")[..], [Event::Wanted { octets: 2, .. }]));
    client.append_data(append, &b"t"[..]).unwrap();
    client.append_data(append, &b"o"[..]).unwrap();
    events(&mut client);
    assert_eq!(wrote(&mut client), "to\r\nA3 NOOP\r\n");
    let told = says(&mut client, "A2 OK [APPENDUID 7 1:3] done\r\n");
    assert!(matches!(outcome(&told, append).code(), Some(Code::AppendUid { .. })));
}

#[test]
fn several_messages_go_without_waiting_where_they_may() {
    let mut client = logged_in(open(), "MULTIAPPEND LITERAL-");
    let append = client.append_many("a", [NewText::new(0), NewText::new(1), NewText::new(5000)]).unwrap();
    assert!(matches!(events(&mut client)[..], [Event::Wanted { octets: 1, .. }]));
    client.append_data(append, &b"x"[..]).unwrap();
    assert_eq!(wrote(&mut client), "A2 APPEND a {0+}\r\n {1+}\r\nx {5000}\r\n");
    // The server may refuse between two of them.
    assert_eq!(outcome(&says(&mut client, "A2 NO [OVERQUOTA] full\r\n"), append).code(), Some(&Code::OverQuota));
    client.noop().unwrap();
    assert_eq!(wrote(&mut client), "A3 NOOP\r\n");
}

#[test]
fn the_next_text_is_asked_for_when_there_is_room() {
    let mut client = logged_in(open(), "MULTIAPPEND LITERAL+");
    let append = client.append_many("a", [NewText::new(200_000), NewText::new(1)]).unwrap();
    assert!(matches!(events(&mut client)[..], [Event::Wanted { octets: 200_000, .. }]));
    client.append_data(append, alloc::vec![b'x'; 200_000]).unwrap();
    assert!(events(&mut client).is_empty());
    assert_eq!(client.append_data(append, &b"y"[..]), Err(Misuse::QueueFull));
    assert!(wrote(&mut client).ends_with("x {1+}\r\n"));
    assert!(matches!(events(&mut client)[..], [Event::Wanted { octets: 1, .. }]));
    client.append_data(append, &b"y"[..]).unwrap();
    assert_eq!(wrote(&mut client), "y\r\n");
}

#[test]
fn no_further_message_is_begun_after_a_refusal() {
    let mut client = logged_in(open(), "MULTIAPPEND LITERAL+");
    let append = client.append_many("a", [NewText::new(5), NewText::new(5)]).unwrap();
    says(&mut client, "A2 NO [OVERQUOTA] full\r\n");
    client.append_data(append, &b"hello"[..]).unwrap();
    assert_eq!(outcome(&events(&mut client), append).code(), Some(&Code::OverQuota));
    assert_eq!(wrote(&mut client), "A2 APPEND a {5+}\r\nhello\r\n");
}

#[test]
fn several_messages_are_checked_before_any_is_sent() {
    let two = |first, second| [NewText::new(first), NewText::new(second)];
    assert_eq!(logged_in(open(), "").append_many("a", two(1, 1)), Err(Misuse::NotOffered));
    assert_eq!(logged_in(open(), "MULTIAPPEND APPENDLIMIT=9").append_many("a", two(1, 10)), Err(Misuse::TooLong));
    assert_eq!(logged_in(open(), "MULTIAPPEND").append_many("a\0", two(1, 1)), Err(Misuse::ForbiddenCharacter));
    assert_eq!(logged_in(open(), "MULTIAPPEND").append_many("a", []), Err(Misuse::OutOfRange));
}
