//! Why an IRC server's session is over, in the words that all protocols share.

use wirestate_machine::{Ending, Machine};
use wirestate_tests::irc::{Desk, Talk, WRONG, starttls_config};

fn ended(talk: &Talk) -> Option<Ending> {
    assert!(talk.server.is_closed());
    assert_eq!(talk.server.deadline(), None);
    talk.server.ending()
}

#[test]
fn a_session_under_way_has_no_ending() {
    assert_eq!(Talk::new().server.ending(), None);
    assert_eq!(Talk::registered().server.ending(), None);
}

#[test]
fn quit_before_and_after_registration() {
    for mut talk in [Talk::new(), Talk::registered()] {
        talk.say("QUIT :bye\r\n");
        assert_eq!(ended(&talk), Some(Ending::Quit));
    }
}

#[test]
fn the_peer_closed() {
    for mut talk in [Talk::new(), Talk::registered()] {
        talk.say("PRIVMSG #a :half a li");
        assert_eq!(talk.hang_up(), "");
        assert_eq!(ended(&talk), Some(Ending::PeerClosed));
        assert!(talk.desk.messages.is_empty());
    }
    let mut securing = Talk::with(Desk::new(starttls_config()));
    securing.say("STARTTLS\r\n");
    securing.hang_up();
    assert_eq!(ended(&securing), Some(Ending::PeerClosed));
}

#[test]
fn silence_is_a_timeout_before_and_after() {
    let mut before = Talk::new();
    before.wait(60);
    assert_eq!(ended(&before), Some(Ending::Timeout));
    let mut after = Talk::registered();
    after.wait(90);
    after.wait(90);
    assert_eq!(ended(&after), Some(Ending::Timeout));
    let mut securing = Talk::with(Desk::new(starttls_config()));
    securing.say("STARTTLS\r\n");
    assert_eq!(securing.wait(60), "", "nothing in the clear");
    assert_eq!(ended(&securing), Some(Ending::Timeout));
}

#[test]
fn too_much_is_a_limit() {
    let mut lines = Talk::new();
    lines.say("FOO\r\n".repeat(300));
    assert_eq!(ended(&lines), Some(Ending::Limit));
    let mut logins = Talk::new();
    logins.hear("CAP REQ sasl");
    for _ in 0..3 {
        logins.say(format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {WRONG}\r\n"));
        logins.wait(2);
    }
    assert_eq!(ended(&logins), Some(Ending::Limit));
}

#[test]
fn another_protocol_is_a_violation() {
    let mut talk = Talk::new();
    talk.say("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(ended(&talk), Some(Ending::Violation));
}

#[test]
fn the_application_closes_or_shuts_down() {
    let mut killed = Talk::registered();
    killed.server.close_with(b"Killed");
    killed.say("");
    assert_eq!(ended(&killed), Some(Ending::Local));
    for mut talk in [Talk::new(), Talk::registered()] {
        talk.server.shutdown();
        assert!(talk.say("").ends_with("(Server is shutting down)\r\n"));
        assert_eq!(ended(&talk), Some(Ending::Shutdown));
    }
}

#[test]
fn a_shutdown_ends_a_delay_at_once() {
    let mut talk = Talk::new();
    talk.hear("CAP REQ sasl");
    talk.say(format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {WRONG}\r\n"));
    talk.server.shutdown();
    let said = talk.say("");
    assert!(said.contains(" 904 ") && said.ends_with("(Server is shutting down)\r\n"), "{said}");
}
