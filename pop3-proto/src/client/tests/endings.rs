//! Why a session is over, in the words that all protocols share.

use wirestate_machine::Ending;

use super::*;

/// Polls until there is nothing more, at the time of the deadline.
fn late(mut client: Client) -> Client {
    assert_eq!(client.ending(), None);
    let deadline = client.deadline().unwrap();
    while client.poll(deadline).unwrap().is_some() {}
    client
}

#[test]
fn a_session_under_way_has_no_ending() {
    let mut client = logged_in(open(), "");
    client.quit().unwrap();
    events(&mut client);
    assert_eq!(client.ending(), None);
    client.inbox().push(b"+OK bye\r\n");
    assert!(client.poll(START).unwrap().is_some());
    assert_eq!(client.ending(), None, "events still follow");
    events(&mut client);
    assert_eq!(client.ending(), Some(Ending::Quit));
}

#[test]
fn each_end_is_told_apart() {
    let mut closed = logged_in(open(), "");
    closed.inbox().close();
    events(&mut closed);
    assert_eq!(closed.ending(), Some(Ending::PeerClosed));

    let mut refused = client(open());
    says(&mut refused, "-ERR [SYS/TEMP] busy\r\n");
    assert_eq!(refused.ending(), Some(Ending::PeerClosed));

    assert_eq!(late(client(open())).ending(), Some(Ending::Timeout));
    assert_eq!(late(logged_in(open(), "")).ending(), Some(Ending::Local), "the program asked for nothing");

    let mut stopped = client(open());
    stopped.shutdown();
    events(&mut stopped);
    assert_eq!(stopped.ending(), Some(Ending::Shutdown));

    let mut polite = logged_in(open(), "");
    polite.shutdown();
    events(&mut polite);
    assert_eq!(wrote(&mut polite), "QUIT\r\n");
    says(&mut polite, "+OK\r\n");
    assert_eq!(polite.ending(), Some(Ending::Shutdown), "it said QUIT because it was told to end");
}

#[test]
fn violations_are_told_from_limits_and_tls() {
    let mut unasked = logged_in(open(), "");
    breaks(&mut unasked, "+OK unasked\r\n");
    assert_eq!(unasked.ending(), Some(Ending::Violation));

    let mut huge = logged_in(open(), "");
    huge.noop().unwrap();
    breaks(&mut huge, [b'+'; 8192]);
    assert_eq!(huge.ending(), Some(Ending::Limit));

    let mut stripped = client(Config::default());
    says(&mut stripped, "+OK\r\n");
    breaks(&mut stripped, "+OK\r\nUIDL\r\n.\r\n");
    assert_eq!(stripped.ending(), Some(Ending::Tls));
}
