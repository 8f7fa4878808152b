//! How IMAP sessions end, and that a handler learns why.

use imap_proto::server::Violation;
use wirestate_machine::{Ending, Machine};
use wirestate_tests::imap::Talk;

#[test]
fn each_end_is_told() {
    let mut talk = Talk::logged_in();
    assert_eq!(talk.server.ending(), None);
    talk.say("a LOGOUT\r\n");
    assert_eq!(talk.server.ending(), Some(Ending::Quit));
    let mut talk = Talk::selected();
    talk.hang_up();
    assert_eq!(talk.server.ending(), Some(Ending::PeerClosed));
    let mut talk = Talk::selected();
    talk.wait(1_800);
    assert_eq!(talk.server.ending(), Some(Ending::Timeout));
    let mut talk = Talk::selected();
    talk.server.shutdown();
    talk.say("");
    assert_eq!(talk.server.ending(), Some(Ending::Shutdown));
    let mut talk = Talk::selected();
    talk.server.close_with("you are\r\n* OK gone");
    assert_eq!(talk.say(""), "* BYE you are  * OK gone\r\n");
    assert_eq!(talk.server.ending(), Some(Ending::Local));
    let mut talk = Talk::new();
    talk.say("GET / HTTP/1.1\r\n");
    assert_eq!(talk.server.ending(), Some(Ending::Violation));
}

#[test]
fn too_many_commands_or_bad_ones_end_a_session() {
    let mut talk = Talk::new();
    let said = talk.say("a NOOP\r\n".repeat(51));
    assert!(said.ends_with("a OK Nothing done\r\n* BYE Too many commands before login\r\n"));
    assert_eq!(talk.violation, Some(Violation::TooManyCommands));
    let mut talk = Talk::logged_in();
    // What goes well in between forgives.
    talk.say("a FETCH\r\n".repeat(19));
    talk.say("b NOOP\r\n");
    talk.say("a FETCH\r\n".repeat(19));
    assert!(!talk.server.is_closed());
    assert!(talk.say("a X\r\n").ends_with("* BYE Too many bad commands\r\n"));
    assert_eq!(talk.server.ending(), Some(Ending::Limit));
}

#[test]
fn within_a_literal_nothing_is_said() {
    let mut talk = Talk::selected();
    talk.desk.piece = 10;
    talk.desk.inbox(|inbox| inbox.add(Default::default(), vec![b'x'; 1_000_000]));
    talk.say("a NOOP\r\n");
    talk.server.inbox().push(b"b FETCH 5 BODY.PEEK[]\r\n");
    talk.turn();
    assert!(talk.server.is_full());
    talk.server.close_with("no");
    let said = talk.say("");
    assert!(said.starts_with("* 5 FETCH (BODY[] {1000000}\r\n") && said.ends_with("xxx"));
    assert!(talk.last_event_is("Closed(Refused)"));
}
