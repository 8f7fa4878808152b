//! Any bytes, any calls, any order: no panic, and the laws hold.

use super::*;
use core::time::Duration;
use proptest::prelude::*;
use wirestate_machine::Misuse;

#[derive(Clone, Debug)]
enum Step {
    Says(Vec<u8>),
    /// Completes the last command that went out, or one before it.
    Completes(u8, bool),
    Does(u8),
    Waits,
    Eof,
}

fn step() -> impl Strategy<Value = Step> {
    let line: &[&[u8]] = &[
        b"* OK [CAPABILITY IMAP4rev1 STARTTLS LITERAL+ IDLE SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-256] hi\r\n",
        b"* PREAUTH hi\r\n",
        b"* CAPABILITY IMAP4rev1 STARTTLS IDLE AUTH=CRAM-MD5\r\n",
        b"+ \r\n",
        b"+ \r\n",
        b"+ AAAA\r\n",
        b"* 5 EXISTS\r\n",
        b"* 2 EXPUNGE\r\n",
        b"* VANISHED 1:3\r\n",
        b"* 1 FETCH (UID 4 FLAGS ())\r\n",
        b"* 3 FETCH (BODY[] {20}\r\n01234567890123456789)\r\n",
        b"* 3 FETCH (BODY[] {20}\r\n0123",
        b"* SEARCH 1 2\r\n",
        b"* OK [CLOSED] x\r\n",
        b"* BYE x\r\n",
        b"\r\n",
    ];
    prop_oneof![
        6 => prop::sample::select(line.to_vec()).prop_map(|line| Step::Says(line.to_vec())),
        1 => any::<Vec<u8>>().prop_map(Step::Says),
        5 => (0u8..3, any::<bool>()).prop_map(|(back, ok)| Step::Completes(back, ok)),
        6 => any::<u8>().prop_map(Step::Does),
        1 => Just(Step::Waits),
        1 => Just(Step::Eof),
    ]
}

fn does(client: &mut Client, what: u8) -> Option<RequestId> {
    let outcome = match what % 18 {
        0..=2 => client.login(password()),
        3 => client.capability(),
        4..=5 => client.select("a"),
        6 => client.fetch(set("1:3"), [FetchAttribute::Flags]),
        7 => client.uid_fetch(set("1:*"), [FetchAttribute::Uid]),
        8 => client.append("a", NewText::new(u64::from(what % 7))),
        9 => client.idle(),
        10 => client.noop(),
        11 => client.create("a\r\nb", &[]),
        12 => client.close(),
        13 => client.enable([Capability::CondStore]),
        14 => client.compress(),
        15 => client.unauthenticate(),
        16 if what > 120 => client.logout(),
        _ => {
            if what > 230 {
                client.shutdown();
            }
            let _ = client.done();
            if let Some((request, _)) = client.wanted() {
                let _ = client.append_data(request, &b"a"[..]);
            }
            match client.upgrade() {
                Some(Upgrade::Tls) => client.upgraded(START, Upgraded::Tls(Box::new(TlsFacts::new()))),
                Some(Upgrade::Deflate) => client.upgraded(START, Upgraded::Deflate),
                _ => {}
            }
            Err(Misuse::WrongState)
        }
    };
    outcome.ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_breaks_it(policy in 0usize..5, track: bool, steps in prop::collection::vec(step(), 0..60)) {
        let policy = [TlsPolicy::Implicit, TlsPolicy::Required, TlsPolicy::IfOffered, TlsPolicy::Never, TlsPolicy::Outside][policy];
        let mut config = Config::default().tls(policy).cleartext(true).track_uids(track);
        config.quirks.unlisted_commands = true;
        config.limits.response.stream = 10;
        let mut client = client(config);
        let mut now = START;
        let mut open: Vec<RequestId> = Vec::new();
        let mut closed = false;
        for step in steps {
            match step {
                Step::Says(bytes) => { let _ = client.inbox().push_some(&bytes); }
                Step::Completes(back, ok) => {
                    let line = alloc::format!("A{} {}\r\n", client.last_tag.saturating_sub(u32::from(back)), if ok { "OK done" } else { "NO" });
                    if client.sent.iter().any(|sent| sent.tag + u32::from(back) == client.last_tag) {
                        let _ = client.inbox().push_some(line.as_bytes());
                    }
                }
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

    #[test]
    fn how_the_input_was_cut_changes_nothing(cuts in prop::collection::vec(1usize..40, 1..30)) {
        let script: &[u8] = b"* 3 EXISTS\r\nA2 OK [READ-WRITE] done\r\n* 1 FETCH (UID 4 BODY[] {20}\r\n01234567890123456789 FLAGS ())\r\n\
            * LIST () \"/\" {3}\r\na b\r\n* SEARCH 1\r\nA3 OK\r\n* 2 EXPUNGE\r\n+ odd\r\n* BYE\r\n";
        let run = |cuts: &[usize]| {
            let mut config = self::open();
            config.limits.response.stream = 10;
            let mut client = logged_in(config, "");
            client.select("a").unwrap();
            client.fetch(set("1"), [FetchAttribute::Flags]).unwrap();
            let (mut told, mut rest, mut turn) = (Vec::new(), script, cuts.iter().cycle());
            while !rest.is_empty() {
                let (piece, after) = rest.split_at((*turn.next().unwrap()).min(rest.len()));
                told.extend(says(&mut client, piece));
                rest = after;
            }
            let mut text = Vec::new();
            let mut lines = Vec::new();
            for event in told {
                match event {
                    Event::FetchChunk { bytes, .. } => text.extend_from_slice(&bytes),
                    event => lines.push(alloc::format!("{event:?}")),
                }
            }
            (text, lines, wrote(&mut client))
        };
        prop_assert_eq!(run(&cuts), run(&[script.len()]));
    }
}
