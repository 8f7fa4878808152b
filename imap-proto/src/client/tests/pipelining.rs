//! What is sent ahead of its responses, and what waits.

use super::*;
use crate::codec::Flag;
use crate::codec::command::StoreAction;
use wirestate_machine::Misuse;

#[test]
fn what_cannot_be_confused_goes_at_once() {
    let mut client = selected(open(), "", 9);
    client.fetch(set("1"), [FetchAttribute::Flags]).unwrap();
    client.store(set("2"), StoreAction::Add, [Flag::Deleted], true).unwrap();
    client.noop().unwrap();
    assert_eq!(wrote(&mut client), "A3 FETCH 1 FLAGS\r\nA4 STORE 2 +FLAGS.SILENT (\\Deleted)\r\nA5 NOOP\r\n");
    // NOOP may bring EXPUNGE.
    client.fetch(set("3"), [FetchAttribute::Flags]).unwrap();
    assert_eq!(wrote(&mut client), "");
    says(&mut client, "A3 OK\r\nA4 OK\r\n");
    assert_eq!(wrote(&mut client), "");
    says(&mut client, "A5 OK\r\n");
    assert_eq!(wrote(&mut client), "A6 FETCH 3 FLAGS\r\n");
}

#[test]
fn two_searches_wait_for_each_other() {
    let mut client = selected(open(), "", 9);
    let keys = || SearchKeys::<&[u8]>::new([SearchKey::All]).unwrap();
    client.uid_search(keys()).unwrap();
    client.uid_search(keys()).unwrap();
    assert_eq!(wrote(&mut client), "A3 UID SEARCH ALL\r\n");
    says(&mut client, "A3 OK\r\n");
    assert_eq!(wrote(&mut client), "A4 UID SEARCH ALL\r\n");
}

#[test]
fn completion_may_come_in_any_order() {
    let mut client = selected(open(), "", 9);
    let one = client.uid_copy(set("1"), "a").unwrap();
    let two = client.uid_copy(set("2"), "b").unwrap();
    let told = says(&mut client, "A4 OK [COPYUID 1 2 7] done\r\nA3 NO [TRYCREATE] none\r\n");
    assert!(matches!(outcome(&told, two).code(), Some(Code::CopyUid { .. })));
    assert_eq!(outcome(&told, one).code(), Some(&Code::TryCreate));
}

#[test]
fn no_more_goes_out_than_the_limits_say() {
    let mut config = open();
    config.limits.pipeline = 2;
    config.limits.requests = 4;
    let mut client = logged_in(config, "");
    for _ in 0..4 {
        client.noop().unwrap();
    }
    assert_eq!(client.noop(), Err(Misuse::QueueFull));
    assert_eq!(wrote(&mut client), "A2 NOOP\r\nA3 NOOP\r\n");
    assert_eq!(client.pending(), 4);
    says(&mut client, "A2 OK\r\n");
    assert_eq!(wrote(&mut client), "A4 NOOP\r\n");
}

#[test]
fn nothing_goes_around_what_changes_the_session() {
    let mut client = logged_in(open(), "ENABLE");
    client.noop().unwrap();
    client.enable([Capability::CondStore]).unwrap();
    client.noop().unwrap();
    assert_eq!(wrote(&mut client), "A2 NOOP\r\n");
    says(&mut client, "A2 OK\r\n");
    assert_eq!(wrote(&mut client), "A3 ENABLE CONDSTORE\r\n");
    says(&mut client, "A3 OK\r\n");
    assert_eq!(wrote(&mut client), "A4 NOOP\r\n");
}

#[test]
fn nothing_stands_in_the_middle_of_a_command() {
    let mut client = logged_in(open(), "");
    client.create("a\r\nb", &[]).unwrap();
    client.noop().unwrap();
    assert_eq!(wrote(&mut client), "A2 CREATE {4}\r\n");
    says(&mut client, "+\r\n");
    assert_eq!(wrote(&mut client), "a\r\nb\r\nA3 NOOP\r\n");
    // A refusal ends it as well.
    client.create("c\r\nd", &[]).unwrap();
    let noop = client.noop().unwrap();
    assert_eq!(wrote(&mut client), "A4 CREATE {4}\r\n");
    says(&mut client, "A4 BAD [TOOBIG] no\r\n");
    assert_eq!(wrote(&mut client), "A5 NOOP\r\n");
    assert!(outcome(&says(&mut client, "A5 OK\r\n"), noop).is_ok());
}
