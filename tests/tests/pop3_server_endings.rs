//! Why a POP3 server's session is over, in the words that all protocols share.

use wirestate_machine::{Ending, Machine};
use wirestate_tests::pop3::{Desk, Talk, USER, stls_config};

fn ended(talk: &Talk) -> Option<Ending> {
    assert!(talk.server.is_closed());
    talk.server.ending()
}

#[test]
fn a_session_under_way_has_no_ending() {
    assert_eq!(Talk::new().server.ending(), None);
    assert_eq!(Talk::logged_in().server.ending(), None);
}

#[test]
fn quit_with_and_without_login_and_deletions() {
    for commands in ["QUIT\r\n", "DELE 1\r\nQUIT\r\n"] {
        let mut talk = Talk::logged_in();
        talk.say(commands);
        assert_eq!(ended(&talk), Some(Ending::Quit));
    }
    let mut before = Talk::new();
    before.say("QUIT\r\n");
    assert_eq!(ended(&before), Some(Ending::Quit));
}

#[test]
fn the_peer_closed() {
    let mut talk = Talk::logged_in();
    talk.say("DELE 1\r\nNOO");
    talk.hang_up();
    assert_eq!(ended(&talk), Some(Ending::PeerClosed));
}

#[test]
fn autologout_and_the_deadline_of_the_login_are_timeouts() {
    let mut before = Talk::new();
    before.wait(180);
    assert_eq!(ended(&before), Some(Ending::Timeout));
    let mut after = Talk::logged_in();
    after.wait(600);
    assert_eq!(ended(&after), Some(Ending::Timeout));
}

#[test]
fn an_application_that_fails_its_client_ends_the_session_itself() {
    let mut silent = Talk::logged_in();
    silent.desk.mute = true;
    silent.say("RETR 1\r\n");
    silent.wait(600);
    assert_eq!(ended(&silent), Some(Ending::Local));
    let mut torn = Talk::logged_in();
    torn.desk.torn = true;
    torn.say("RETR 1\r\n");
    assert_eq!(ended(&torn), Some(Ending::Local));
}

#[test]
fn bad_commands_and_failed_logins_have_their_limit() {
    let mut bad = Talk::new();
    bad.say("FOO\r\n".repeat(9));
    assert_eq!(ended(&bad), Some(Ending::Limit));
    let mut guessing = Talk::new();
    for _ in 0..3 {
        guessing.say(format!("USER {USER}\r\nPASS wrong\r\n"));
        assert_eq!(guessing.server.ending(), None);
        guessing.wait(2);
    }
    assert_eq!(ended(&guessing), Some(Ending::Limit));
}

#[test]
fn what_breaks_the_protocol_is_a_violation() {
    let mut http = Talk::new();
    http.say("GET / HTTP/1.1\r\n");
    assert_eq!(ended(&http), Some(Ending::Violation));
    let mut injected = Talk::with(Desk::new(stls_config()));
    injected.say("STLS\r\nUSER x\r\n");
    assert_eq!(ended(&injected), Some(Ending::Violation));
}

#[test]
fn a_shutdown_waits_for_its_safe_point() {
    let mut talk = Talk::logged_in();
    talk.desk.mute = true;
    talk.say("RETR 1\r\n");
    talk.server.shutdown();
    talk.say("");
    assert_eq!(talk.server.ending(), None, "a message is being sent");
    let mut idle = Talk::logged_in();
    idle.server.shutdown();
    idle.say("");
    assert_eq!(ended(&idle), Some(Ending::Shutdown));
}
