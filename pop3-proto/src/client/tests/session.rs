use super::*;
use wirestate_machine::Misuse;
use wirestate_machine::table::Named;

#[test]
fn the_table_is_the_one_in_the_documentation() {
    assert!(TABLE.is_in_order());
    let kept = include_str!("../table.md");
    assert_eq!(kept.trim_end(), TABLE.to_markdown().trim_end(), "put this into table.md:\n{}", TABLE.to_markdown());
}

#[test]
fn an_idle_session_is_small() {
    let mut client = logged_in(open(), "PIPELINING\r\n");
    client.noop().unwrap();
    says(&mut client, "+OK\r\n");
    let _ = wrote(&mut client);
    let heap = client.sent.capacity() * size_of::<Sent>();
    assert!(client.greeting.is_none() && client.exchange.is_none() && client.bindings.is_empty());
    assert_eq!(client.waiting.capacity(), 0);
    let size = size_of::<Client>() + heap;
    assert!(size <= 512, "{size}");
    assert!(size_of::<Event>() <= 104, "{}", size_of::<Event>());
}

#[test]
fn commands_wait_for_their_turn_without_pipelining() {
    let mut client = logged_in(open(), "");
    let stat = client.stat().unwrap();
    let noop = client.noop().unwrap();
    client.quit().unwrap();
    assert_eq!(client.pending(), 3);
    assert_eq!(wrote(&mut client), "STAT\r\n");
    let events = says(&mut client, "+OK 2 320\r\n");
    assert!(
        matches!(events[..], [Event::Stat { request, messages: 2, octets: 320 }, Event::Done { .. }] if request == stat)
    );
    assert_eq!(wrote(&mut client), "NOOP\r\n");
    let events = says(&mut client, "+OK\r\n");
    assert_eq!(events[0].finishes(), Some(noop));
    assert_eq!(wrote(&mut client), "QUIT\r\n");
    let events = says(&mut client, "+OK bye\r\n");
    assert!(matches!(events[..], [Event::Done { .. }, Event::Closed { reason: Reason::Quit, deletions_lost: 0 }]));
    assert!(client.is_closed());
}

#[test]
fn commands_go_out_together_with_pipelining_but_quit_goes_alone() {
    let mut client = logged_in(open(), "PIPELINING\r\n");
    client.dele(message(1)).unwrap();
    client.top(message(2), 0).unwrap();
    client.quit().unwrap();
    assert_eq!(wrote(&mut client), "DELE 1\r\nTOP 2 0\r\n");
    assert_eq!(client.stat(), Err(Misuse::WrongState));
    says(&mut client, "+OK\r\n+OK\r\nA: b\r\n\r\n.\r\n");
    assert_eq!(client.deletions(), 1);
    assert_eq!(wrote(&mut client), "QUIT\r\n");
    says(&mut client, "+OK\r\n");
    assert_eq!(client.deletions(), 0);
}

#[test]
fn the_window_and_the_queue_are_bounded() {
    let mut config = open();
    (config.limits.pipeline, config.limits.requests) = (3, 5);
    let mut client = logged_in(config, "PIPELINING\r\n");
    (0..5).for_each(|_| assert!(client.noop().is_ok()));
    assert_eq!(client.noop(), Err(Misuse::QueueFull));
    assert_eq!(wrote(&mut client), "NOOP\r\n".repeat(3));
    says(&mut client, "+OK\r\n");
    assert_eq!(wrote(&mut client), "NOOP\r\n");
}

#[test]
fn listings_are_streamed() {
    let mut client = logged_in(open(), "");
    client.list(None).unwrap();
    let events = says(&mut client, "+OK 2 messages (320 octets)\r\n1 120\r\n2 200\r\n");
    assert!(matches!(events[..], [Event::Size { octets: 120, .. }, Event::Size { octets: 200, .. }]));
    assert!(matches!(says(&mut client, ".\r\n")[..], [Event::Done { .. }]));
    client.uidl(None).unwrap();
    let events = says(&mut client, "+OK\r\n1 abc\r\nnonsense\r\n3 def\r\n.\r\n");
    let [Event::UniqueId { .. }, Event::Odd(Oddity::Unreadable { .. }), Event::UniqueId { id, .. }, Event::Done { .. }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(id.as_str(), "def");
}

#[test]
fn one_message_is_listed_on_one_line() {
    let mut client = logged_in(open(), "");
    client.list(Some(message(2))).unwrap();
    assert!(matches!(says(&mut client, "+OK 2 200\r\n")[..], [Event::Size { octets: 200, .. }, Event::Done { .. }]));
    client.uidl(Some(message(2))).unwrap();
    assert!(matches!(says(&mut client, "+OK 2 abc\r\n")[..], [Event::UniqueId { .. }, Event::Done { .. }]));
    // The number is missing.
    client.uidl(Some(message(2))).unwrap();
    assert!(matches!(says(&mut client, "+OK abc\r\n")[..], [Event::UniqueId { .. }, Event::Done { .. }]));
    client.list(Some(message(2))).unwrap();
    assert!(matches!(says(&mut client, "+OK 3 200\r\n")[..], [Event::Odd(_), Event::Done { .. }]));
    client.last().unwrap();
    assert!(matches!(says(&mut client, "+OK 7\r\n")[..], [Event::Last { message: 7, .. }, Event::Done { .. }]));
}

#[test]
fn failures_carry_their_code() {
    let mut client = logged_in(open(), "");
    let request = client.retr(message(9)).unwrap();
    let events = says(&mut client, "-ERR [SYS/TEMP] later\r\n");
    let [Event::Failed { request: failed, code: Some(crate::codec::Code::SysTemp), text }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((*failed, text.as_str()), (request, "later"));
}

#[test]
fn utf8_lang_xclient_and_custom_commands() {
    let mut client = ready(open(), "UTF8 USER\r\nLANG\r\nPIPELINING\r\nXCLIENT\r\n");
    client.utf8().unwrap();
    client.lang(None).unwrap();
    client.lang(Some("de")).unwrap();
    client.xclient("ADDR=192.0.2.1").unwrap();
    client.custom("XTND", "XLST", true).unwrap();
    assert_eq!(wrote(&mut client), "UTF8\r\n");
    says(&mut client, "+OK\r\n");
    assert_eq!(wrote(&mut client), "LANG\r\nLANG de\r\n");
    let events = says(&mut client, "+OK\r\nde Deutsch\r\n..dots\r\n.\r\n");
    assert!(matches!(&events[..], [Event::Line { line, .. }, Event::Line { line: dots, .. }, Event::Done { .. }]
        if line == "de Deutsch" && dots == ".dots"));
    says(&mut client, "+OK\r\n");
    assert_eq!(wrote(&mut client), "XCLIENT ADDR=192.0.2.1\r\n");
    says(&mut client, "+OK\r\n");
    assert_eq!(wrote(&mut client), "XTND XLST\r\n");
    assert_eq!(client.custom("DELE", "1", false), Err(Misuse::OutOfRange));
    assert_eq!(client.noop(), Err(Misuse::WrongState));
}

#[test]
fn what_the_server_does_not_offer_is_refused_here() {
    let mut client = ready(open(), "USER\r\n");
    assert_eq!(client.utf8(), Err(Misuse::NotOffered));
    assert_eq!(client.lang(None), Err(Misuse::NotOffered));
    assert_eq!(client.xclient("ADDR=::1"), Err(Misuse::NotOffered));
    let mut config = open();
    config.quirks.unlisted_commands = true;
    assert!(ready(config, "USER\r\n").utf8().is_ok());
}

#[test]
fn deletions_are_lost_without_quit_and_it_is_told() {
    let mut client = logged_in(open(), "");
    client.dele(message(1)).unwrap();
    says(&mut client, "+OK\r\n");
    client.inbox().close();
    assert!(matches!(events(&mut client)[..], [Event::Closed { reason: Reason::Eof, deletions_lost: 1 }]));
    // Taken back, or not committed by the server.
    let mut client = logged_in(open(), "");
    client.dele(message(1)).unwrap();
    client.rset().unwrap();
    says(&mut client, "+OK\r\n");
    says(&mut client, "+OK\r\n");
    assert_eq!(client.deletions(), 0);
    client.dele(message(1)).unwrap();
    says(&mut client, "+OK\r\n");
    client.quit().unwrap();
    let events = says(&mut client, "-ERR some were not removed\r\n");
    assert!(matches!(events[..], [Event::Failed { .. }, Event::Closed { reason: Reason::Quit, deletions_lost: 1 }]));
}

#[test]
fn shutdown_never_commits() {
    let mut client = logged_in(open(), "");
    client.dele(message(1)).unwrap();
    client.noop().unwrap();
    let _ = wrote(&mut client);
    client.shutdown();
    assert_eq!(client.noop(), Err(Misuse::WrongState));
    assert!(matches!(events(&mut client)[..], [Event::Failed { .. }]));
    let events = says(&mut client, "+OK\r\n");
    assert!(matches!(events[..], [Event::Done { .. }, Event::Closed { reason: Reason::Shutdown, deletions_lost: 1 }]));
    assert_eq!(wrote(&mut client), "");

    let mut client = logged_in(open(), "");
    client.shutdown();
    assert!(super::events(&mut client).is_empty());
    assert_eq!(wrote(&mut client), "QUIT\r\n");
    assert!(matches!(says(&mut client, "+OK\r\n")[..], [Event::Closed { reason: Reason::Shutdown, .. }]));

    let mut client = super::client(open());
    client.shutdown();
    assert!(matches!(super::events(&mut client)[..], [Event::Closed { reason: Reason::Shutdown, .. }]));
}

#[test]
fn capabilities_are_asked_for_again_after_login() {
    let mut client = ready(open().capa_after_login(true), "USER\r\n");
    client.login(password()).unwrap();
    says(&mut client, "+OK\r\n");
    says(&mut client, "+OK\r\n");
    assert_eq!(wrote(&mut client), "USER ann\r\nPASS pencil\r\nCAPA\r\n");
    let events = says(&mut client, "+OK\r\nPIPELINING\r\n.\r\n");
    assert!(matches!(events[..], [Event::Capabilities { request: None, .. }]));
    client.stat().unwrap();
    client.noop().unwrap();
    assert_eq!(wrote(&mut client), "STAT\r\nNOOP\r\n");
}

#[test]
fn every_wait_has_its_end() {
    use crate::client::Wait;
    let late = |client: &mut Client| {
        let deadline = client.deadline().unwrap();
        let mut last = None;
        while let Some(event) = client.poll(deadline).unwrap() {
            last = Some(event);
        }
        match last {
            Some(Event::Closed { reason: Reason::Timeout(wait), .. }) => wait,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(late(&mut client(open())), Wait::Greeting);
    assert_eq!(late(&mut client(open().tls(TlsPolicy::Implicit))), Wait::Tls);
    assert_eq!(late(&mut logged_in(open(), "")), Wait::Program);
    let mut idle = logged_in(open(), "");
    idle.noop().unwrap();
    // What began since the last poll is timed by the next one, however late it is.
    assert_eq!(idle.deadline(), Some(START));
    let later = START + core::time::Duration::from_secs(100_000);
    assert!(idle.poll(later).unwrap().is_none());
    assert!(idle.deadline().unwrap() > later);
    assert_eq!(late(&mut idle), Wait::Response);
    let mut login = ready(open(), "USER\r\n");
    login.login(password()).unwrap();
    events(&mut login);
    assert_eq!(late(&mut login), Wait::Login);
    // Empty lines are no progress.
    let mut empty = logged_in(open(), "");
    empty.noop().unwrap();
    events(&mut empty);
    let deadline = empty.deadline();
    empty.inbox().push(b"\r\n\r\n");
    while empty.poll(START + core::time::Duration::from_secs(9)).unwrap().is_some() {}
    assert_eq!(empty.deadline(), deadline);
}

#[test]
fn states_have_names() {
    assert_eq!(State::Leaving.name(), "Leaving");
}
