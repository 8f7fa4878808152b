//! How sessions end.

use super::*;
use core::time::Duration;
use wirestate_machine::Misuse;

fn late(client: &mut Client) -> Reason {
    let deadline = client.deadline().unwrap();
    let mut last = None;
    while let Some(event) = client.poll(deadline).unwrap() {
        last = Some(event);
    }
    match last {
        Some(Event::Closed { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_wait_has_its_end() {
    assert_eq!(late(&mut client(open())), Reason::Timeout(Wait::Greeting));
    assert_eq!(late(&mut client(open().tls(TlsPolicy::Implicit))), Reason::Timeout(Wait::Upgrade));
    assert_eq!(late(&mut ready(open(), "")), Reason::Timeout(Wait::Program));
    let mut login = ready(open(), "");
    login.login(password()).unwrap();
    events(&mut login);
    assert_eq!(late(&mut login), Reason::Timeout(Wait::Login));
    let mut noop = logged_in(open(), "");
    noop.noop().unwrap();
    // What began since the last poll is timed by the next one, however late it is.
    assert_eq!(noop.deadline(), Some(START));
    let later = START + Duration::from_secs(100_000);
    assert!(noop.poll(later).unwrap().is_none());
    assert!(noop.deadline().unwrap() > later);
    assert_eq!(late(&mut noop), Reason::Timeout(Wait::Response));
    let mut append = logged_in(open(), "LITERAL+");
    append.append("a", NewText::new(5)).unwrap();
    let _ = wrote(&mut append);
    events(&mut append);
    assert_eq!(late(&mut append), Reason::Timeout(Wait::Program));
    let mut logout = logged_in(open(), "");
    logout.logout().unwrap();
    events(&mut logout);
    assert_eq!(logout.deadline(), Some(START + Duration::from_secs(10)));
    assert_eq!(late(&mut logout), Reason::Timeout(Wait::Logout));
}

#[test]
fn a_bye_is_farewell_enough() {
    for is_late in [false, true] {
        let mut client = logged_in(open(), "");
        let logout = client.logout().unwrap();
        assert!(says(&mut client, "* BYE see you\r\n").is_empty());
        let told = if is_late {
            let deadline = client.deadline().unwrap();
            let mut told = Vec::new();
            while let Some(event) = client.poll(deadline).unwrap() {
                told.push(event);
            }
            told
        } else {
            client.inbox().close();
            events(&mut client)
        };
        assert!(outcome(&told, logout).is_ok());
        assert!(matches!(told.last(), Some(Event::Closed { reason: Reason::Logout })));
    }
}

#[test]
fn the_server_may_end_it() {
    let mut client = self::client(open());
    let told = says(&mut client, "* BYE [UNAVAILABLE] too many\r\n");
    let [Event::Closed { reason: Reason::Refused(words) }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(words.code.as_deref(), Some(&Code::Unavailable));
    let mut client = logged_in(open(), "");
    let noop = client.noop().unwrap();
    let told = says(&mut client, "* BYE restarting\r\nA2 OK too late\r\n");
    assert_eq!(*outcome(&told, noop), Outcome::Unanswered);
    assert!(matches!(told.last(), Some(Event::Closed { reason: Reason::Dismissed(_) })));
    assert_eq!((client.ending(), client.noop()), (Some(Ending::PeerClosed), Err(Misuse::Closed)));
}

#[test]
fn what_is_not_answered_is_told() {
    let mut client = logged_in(open(), "");
    let select = client.select("a").unwrap();
    let fetch = client.fetch(set("1"), [FetchAttribute::Flags]).unwrap();
    client.inbox().close();
    let told = events(&mut client);
    assert_eq!((outcome(&told, select), outcome(&told, fetch)), (&Outcome::Unanswered, &Outcome::Unsent));
    assert!(matches!(told.last(), Some(Event::Closed { reason: Reason::Eof })));
    assert!(client.poll(START).unwrap().is_none() && client.is_closed());
}

#[test]
fn shutdown_takes_its_leave() {
    let mut client = selected(open(), "IDLE", 1);
    let idle = client.idle().unwrap();
    says(&mut client, "+\r\n");
    let _ = wrote(&mut client);
    client.shutdown();
    assert_eq!((wrote(&mut client).as_str(), client.noop()), ("DONE\r\n", Err(Misuse::WrongState)));
    assert!(outcome(&says(&mut client, "A3 OK\r\n"), idle).is_ok());
    assert_eq!(wrote(&mut client), "A4 LOGOUT\r\n");
    let told = says(&mut client, "* BYE\r\nA4 OK\r\n");
    assert!(matches!(told[..], [Event::Closed { reason: Reason::Shutdown }]));
    let mut client = self::client(open());
    client.shutdown();
    assert!(matches!(events(&mut client)[..], [Event::Closed { reason: Reason::Shutdown }]));
    // What waits is not sent.
    let mut client = logged_in(open(), "");
    let select = client.select("a").unwrap();
    let noop = client.noop().unwrap();
    client.shutdown();
    assert_eq!(*outcome(&events(&mut client), noop), Outcome::Unsent);
    assert!(outcome(&says(&mut client, "A2 OK\r\n"), select).is_ok());
}

#[test]
fn it_is_an_object() {
    let machine: Box<dyn Machine<Event = Event, Error = Violation>> = Box::new(client(open()));
    assert!(!machine.is_closed());
    assert!(core::mem::size_of::<Event>() <= 128, "{}", core::mem::size_of::<Event>());
}
