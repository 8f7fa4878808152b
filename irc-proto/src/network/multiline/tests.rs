use super::*;
use proptest::prelude::*;

const BOUNDS: Bounds = Bounds { bytes: 10, lines: 3, time: 1000 };

fn open() -> Gathering {
    Gathering::open(b"1", b"#x", b"+a=1", None, 0)
}

fn push(batch: &mut Gathering, text: &str, concat: bool) -> Result<(), Fault> {
    batch.push(Kind::Privmsg, b"#x", text.as_bytes(), concat, BOUNDS)
}

#[test]
fn lines_are_gathered_until_the_end() {
    let mut batch = open();
    assert!(batch.is(b"1") && !batch.is(b"2"));
    assert_eq!(push(&mut batch, "hello", false), Ok(()));
    assert_eq!(push(&mut batch, "", false), Ok(()));
    assert_eq!(push(&mut batch, "you", true), Ok(()));
    let whole = batch.close().unwrap().unwrap();
    assert_eq!((&whole.target[..], &whole.client_tags[..], whole.kind), (&b"#x"[..], &b"+a=1"[..], Kind::Privmsg));
    let lines: Vec<_> = whole.lines.iter().map(|line| (line.concat, &line.text[..])).collect();
    assert_eq!(lines, [(false, &b"hello"[..]), (false, b""), (true, b"you")]);
}

#[test]
fn each_bound_is_exact_and_told_once() {
    let mut batch = open();
    assert_eq!(push(&mut batch, "12345", false), Ok(()));
    assert_eq!(push(&mut batch, "6789", false), Ok(()), "the break is the tenth byte");
    assert_eq!(push(&mut batch, "0", true), Err(Fault::MaxBytes(10)));
    assert_eq!(push(&mut batch, "0", true), Ok(()), "and then silence");
    assert_eq!(batch.close(), Ok(None));
    let mut batch = open();
    for _ in 0..3 {
        assert_eq!(push(&mut batch, "1", false), Ok(()));
    }
    assert_eq!(push(&mut batch, "1", false), Err(Fault::MaxLines(3)));
}

#[test]
fn what_is_no_multiline_message_is_refused() {
    let mut batch = open();
    let fault = batch.push(Kind::Privmsg, b"#y", b"a", false, BOUNDS).unwrap_err();
    assert_eq!(fault, Fault::InvalidTarget { batch: Bytes::from_static(b"#x"), line: Bytes::from_static(b"#y") });
    assert_eq!(fault.code(), "MULTILINE_INVALID_TARGET");
    let mut batch = open();
    assert_eq!(push(&mut batch, "a", false), Ok(()));
    assert_eq!(batch.push(Kind::Notice, b"#x", b"a", false, BOUNDS), Err(Fault::Invalid));
    assert_eq!(push(&mut open(), "a", true), Err(Fault::Invalid), "nothing to continue");
    let mut batch = open();
    assert_eq!(push(&mut batch, "a", false), Ok(()));
    assert_eq!(push(&mut batch, "", true), Err(Fault::Invalid));
    assert_eq!(open().close(), Err(Fault::Invalid));
    let mut batch = open();
    assert_eq!(push(&mut batch, "", false), Ok(()));
    assert_eq!(batch.close().map_err(|fault| fault.code()), Err("MULTILINE_INVALID"));
    let mut batch = open();
    batch.refuse();
    assert_eq!(push(&mut batch, "a", false), Ok(()));
    assert_eq!(batch.close(), Ok(None));
}

proptest! {
    #[test]
    fn bounds_hold(lines in prop::collection::vec(("[ab]{0,6}", any::<bool>()), 0..8)) {
        let mut batch = open();
        for (text, concat) in lines {
            let _ = push(&mut batch, &text, concat);
            let bytes: usize = batch.lines.iter().map(|line| line.text.len()).sum();
            let breaks = batch.lines.iter().skip(1).filter(|line| !line.concat).count();
            prop_assert!(batch.lines.len() <= 3 && bytes + breaks <= 10);
        }
    }
}

mod delivered {
    use super::super::super::room::{Room, words};
    use super::super::super::{Config, Newcomer};
    use crate::Capability::*;
    use alloc::format;

    const MULTILINE: [crate::Capability; 4] = [Batch, Multiline, MessageTags, EchoMessage];

    /// Ada sends, Bob knows multiline, Carl does not.
    fn room() -> Room {
        let mut config = Config { msgid_prefix: "m".into(), ..Config::default() };
        config.limits.multiline.lines = 3;
        config.limits.multiline.bytes = 20;
        let mut room = Room::of(config);
        room.user("ada", &[&MULTILINE[..], &[LabeledResponse, StandardReplies]].concat());
        room.user("bob", &[Batch, Multiline]);
        room.user("carl", &[MessageTags]);
        for nick in ["ada", "bob", "carl"] {
            room.enter(nick, "#lobby");
        }
        room
    }

    fn send(room: &mut Room, lines: &[&str]) {
        for line in lines {
            room.send("ada", line);
        }
    }

    #[test]
    fn in_time_or_not_at_all() {
        let mut room = room();
        send(&mut room, &["@label=9 BATCH +x draft/multiline #lobby", "@batch=x PRIVMSG #lobby :hello"]);
        room.now += 60_000;
        send(&mut room, &["@batch=x PRIVMSG #lobby :you"]);
        assert!(room.told("ada").is_empty());
        room.now += 1;
        assert_eq!(
            room.ask("ada", "@batch=x PRIVMSG #lobby :there"),
            ["@label=9 FAIL BATCH TIMEOUT x :Multiline batch left open for too long: send all of it at once"]
                .map(|line| line.replace("=9 ", "=9 :irc.localhost "))
        );
        assert!(room.told("bob").is_empty());
        assert!(room.ask("ada", "BATCH -x").is_empty(), "told once");
        assert!(room.told("bob").is_empty());
    }

    #[test]
    fn a_batch_that_nobody_ended_is_not_in_the_way_of_the_next() {
        let mut room = room();
        send(&mut room, &["BATCH +x draft/multiline #lobby", "@batch=x PRIVMSG #lobby :hello"]);
        room.now += 60_001;
        room.send("bob", "BATCH +y draft/multiline #lobby");
        let held = room.network.extras.batches.get(&room.session("ada")).unwrap();
        assert!(held.lines.is_empty(), "what it held is gone already");
        assert_eq!(words(&room.ask("ada", "BATCH +z draft/multiline #lobby")), "FAIL");
        send(&mut room, &["@batch=z PRIVMSG #lobby :one", "@batch=z PRIVMSG #lobby :two"]);
        assert_eq!(words(&room.ask("ada", "BATCH -z")), "BATCH PRIVMSG PRIVMSG BATCH");
    }

    #[test]
    fn as_a_batch_and_as_lines() {
        let mut room = room();
        send(
            &mut room,
            &[
                "@+a=1 BATCH +x draft/multiline #LOBBY",
                "@batch=x PRIVMSG #LOBBY :hello",
                "@batch=x PRIVMSG #LOBBY :",
                "@batch=x;draft/multiline-concat PRIVMSG #LOBBY :you",
            ],
        );
        assert!(room.told("bob").is_empty() && room.told("ada").is_empty());
        room.send("ada", "BATCH -x");
        let batch = [
            ":ada!u@h BATCH +m2 draft/multiline #lobby",
            "@batch=m2 :ada!u@h PRIVMSG #lobby :hello",
            "@batch=m2 :ada!u@h PRIVMSG #lobby :",
            "@batch=m2;draft/multiline-concat :ada!u@h PRIVMSG #lobby :you",
            ":ada!u@h BATCH -m2",
        ];
        assert_eq!(room.told("bob"), batch);
        assert_eq!(
            room.told("carl"),
            ["@msgid=m1;+a=1 :ada!u@h PRIVMSG #lobby :hello", ":ada!u@h PRIVMSG #lobby :you"]
        );
        let own = room.told("ada");
        assert_eq!(own[0], "@msgid=m1;+a=1 :ada!u@h BATCH +m2 draft/multiline #lobby");
        assert_eq!(own[1..], batch[1..]);
        assert_eq!(
            words(&room.ask("bob", "CHATHISTORY LATEST #lobby * 5")),
            "BATCH BATCH PRIVMSG PRIVMSG PRIVMSG BATCH BATCH"
        );
        assert_eq!(words(&room.ask("carl", "CHATHISTORY LATEST #lobby * 5")), "PRIVMSG PRIVMSG");
    }

    #[test]
    fn a_label_is_answered_at_the_end() {
        let mut room = room();
        assert!(room.ask("ada", "@label=7 BATCH +x draft/multiline bob").is_empty());
        for _ in 0..2 {
            assert!(room.ask("ada", "@batch=x PRIVMSG bob :hi").is_empty());
        }
        let own = room.ask("ada", "BATCH -x");
        assert!(own[0].starts_with("@label=7;msgid="), "{own:?}");
        assert_eq!(words(&own), "BATCH PRIVMSG PRIVMSG BATCH");
        assert_eq!(words(&room.told("bob")), "BATCH PRIVMSG PRIVMSG BATCH");
    }

    #[test]
    fn one_line_is_no_batch() {
        let mut room = room();
        send(&mut room, &["BATCH +x draft/multiline bob", "@batch=x PRIVMSG bob :hi", "BATCH -x"]);
        assert_eq!(room.told("bob"), [":ada!u@h PRIVMSG bob :hi"]);
    }

    #[test]
    fn faults_are_told_once_and_nobody_gets_anything() {
        for (lines, code) in [
            (&["@batch=x PRIVMSG #lobby :123456789012345678901"][..], "MULTILINE_MAX_BYTES 20"),
            (&["@batch=x PRIVMSG #lobby :1"; 5], "MULTILINE_MAX_LINES 3"),
            (&["@batch=x PRIVMSG #other :1"], "MULTILINE_INVALID_TARGET #lobby #other"),
            (&["@batch=x PRIVMSG #lobby :"], "MULTILINE_INVALID "),
            (&[], "MULTILINE_INVALID "),
            (&["PRIVMSG carl :not of it"], "MULTILINE_INVALID "),
        ] {
            let mut room = room();
            room.send("ada", "BATCH +x draft/multiline #lobby");
            let mut told = alloc::vec![];
            for line in lines.iter().chain(&["BATCH -x"]) {
                told.extend(room.ask("ada", line));
                assert!(room.told("bob").is_empty());
            }
            let fails: alloc::vec::Vec<_> = told.iter().filter(|line| line.contains("FAIL")).collect();
            assert_eq!(fails.len(), 1, "{told:?}");
            assert!(fails[0].starts_with(&format!("FAIL BATCH {code}")), "{told:?}");
        }
    }

    #[test]
    fn what_is_no_batch_is_refused() {
        let mut room = room();
        for line in [
            "BATCH +x",
            "BATCH x",
            "BATCH -x",
            "BATCH +x other #lobby",
            "BATCH + draft/multiline #lobby",
            "BATCH +x draft/multiline",
        ] {
            assert_eq!(words(&room.ask("ada", line)), "FAIL", "{line}");
        }
        assert_eq!(words(&room.ask("carl", "BATCH +x draft/multiline #lobby")), "NOTICE", "without the capability");
        room.send("ada", "BATCH +x draft/multiline #lobby");
        assert_eq!(words(&room.ask("ada", "BATCH +y draft/multiline #lobby")), "FAIL");
    }

    #[test]
    fn who_may_not_speak_may_not_in_lines_either() {
        let mut room = room();
        room.person(&Newcomer {
            nick: b"eve",
            capabilities: crate::Capabilities::of(&MULTILINE),
            ..Newcomer::default()
        });
        room.flags("#lobby", "n");
        for line in ["BATCH +x draft/multiline #lobby", "@batch=x PRIVMSG #lobby :hi", "BATCH -x"] {
            room.send("eve", line);
        }
        assert_eq!(words(&room.told("eve")), "404");
        assert!(room.told("bob").is_empty());
        room.flags("#lobby", "s");
        for line in ["BATCH +x draft/multiline #lobby", "@batch=x PRIVMSG #lobby :hi", "BATCH -x"] {
            room.send("eve", line);
        }
        assert_eq!(words(&room.told("eve")), "403");
    }
}
