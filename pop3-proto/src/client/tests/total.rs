//! Any bytes, any calls, any order: no panic, and the laws hold.

use super::*;
use core::time::Duration;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Says(Vec<u8>),
    Does(u8),
    Waits,
    Eof,
}

fn step() -> impl Strategy<Value = Step> {
    let line: &[&[u8]] = &[
        b"+OK\r\n",
        b"+OK\r\n",
        b"+OK\r\n",
        b"-ERR no\r\n",
        b".\r\n",
        b"1 5\r\n",
        b"USER\r\nSTLS\r\n",
        b"PIPELINING\r\n",
        b"SASL PLAIN CRAM-MD5 SCRAM-SHA-256\r\n",
        b"+ AAAA\r\n",
        b"+ \r\n",
        b"+OK 1 2\r\n",
        b"\r\n",
    ];
    prop_oneof![
        6 => prop::sample::select(line.to_vec()).prop_map(|line| Step::Says(line.to_vec())),
        1 => any::<Vec<u8>>().prop_map(Step::Says),
        6 => any::<u8>().prop_map(Step::Does),
        1 => Just(Step::Waits),
        1 => Just(Step::Eof),
    ]
}

fn does(client: &mut Client, what: u8) -> Option<Request> {
    let outcome = match what % 18 {
        0..=2 => client.login(password()),
        3 => client.capa(),
        4 => client.stat(),
        5 => client.list(None),
        6 => client.uidl(Some(message(1))),
        7 => client.retr(message(1)),
        8 => client.top(message(1), 3),
        9 => client.dele(message(1)),
        10 => client.rset(),
        11 => client.noop(),
        12 => client.last(),
        13 => client.utf8(),
        14 => client.lang(None),
        15 => client.custom("XTND", "XLST", true),
        16 => client.quit(),
        _ => {
            if what > 230 {
                client.shutdown();
            }
            if client.upgrade().is_some() {
                client.upgraded(START, Upgraded::Tls(Box::new(TlsFacts::new())));
            }
            return None;
        }
    };
    outcome.ok()
}

proptest! {
    #[test]
    fn nothing_breaks_it(policy in 0u8..5, steps in prop::collection::vec(step(), 0..60)) {
        let policy = [TlsPolicy::Implicit, TlsPolicy::Required, TlsPolicy::IfOffered, TlsPolicy::Never, TlsPolicy::Outside][policy as usize];
        let mut client = client(Config::default().tls(policy).cleartext(true));
        let mut now = START;
        let mut open: Vec<Request> = Vec::new();
        let mut closed = false;
        for step in steps {
            match step {
                Step::Says(bytes) => { let _ = client.inbox().push_some(&bytes); }
                Step::Does(what) => open.extend(does(&mut client, what)),
                Step::Waits => now = client.deadline().unwrap_or(now + Duration::from_secs(1)).max(now),
                Step::Eof => client.inbox().close(),
            }
            let _ = client.outbox().drain();
            let waited = client.deadline().is_some_and(|deadline| deadline <= now);
            loop {
                match client.poll(now) {
                    Ok(Some(event)) => {
                        prop_assert!(!closed, "nothing comes after Closed: {event:?}");
                        closed = matches!(event, Event::Closed { .. });
                        if let Some(request) = event.finishes() {
                            let place = open.iter().position(|one| *one == request);
                            prop_assert!(place.is_some(), "{event:?} finishes what is not open");
                            open.remove(place.unwrap_or(0));
                        }
                    }
                    Ok(None) => break,
                    Err(violation) => {
                        prop_assert!(client.is_closed());
                        prop_assert_eq!(client.poll(now).unwrap_err(), violation);
                        return Ok(());
                    }
                }
            }
            prop_assert!(!waited || client.is_closed() || client.deadline().is_none_or(|deadline| deadline > now));
            prop_assert!(client.sent.len() + client.waiting.len() <= client.config.limits.requests + 2);
            prop_assert!(client.inbox.len() <= client.config.limits.inbox());
            prop_assert_eq!(closed, client.is_closed());
            prop_assert_eq!(client.pending(), open.len());
        }
        if closed {
            prop_assert!(open.is_empty());
        }
    }
}
