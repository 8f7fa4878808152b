use super::*;
use crate::codec::{Command, Parts};

const LABELS: &str = "batch labeled-response message-tags echo-message";

fn ask(talk: &mut Talk, words: &[&str]) -> Result<u32, Misuse> {
    let params: Vec<&[u8]> = words[1..].iter().map(|word| word.as_bytes()).collect();
    let parts = Parts { command: Command::Word(words[0].as_bytes()), params: &params, ..Parts::default() };
    talk.client.request(&parts).map(RequestId::number)
}

#[test]
fn labels_bring_none_one_or_many() {
    let mut talk = Talk::registered(plain(), LABELS, "A=1");
    assert_eq!(
        [ask(&mut talk, &["PONG", "x"]), ask(&mut talk, &["WHOIS", "bob"]), ask(&mut talk, &["FOO"])],
        [Ok(1), Ok(2), Ok(3)]
    );
    assert_eq!(talk.said(), "@label=w1 PONG x\n@label=w2 WHOIS bob\n@label=w3 FOO");
    talk.hear(&[
        "@label=w3 :srv 421 ada FOO :unknown",
        "@label=w2 :srv BATCH +a labeled-response",
        ":eve!e@h PRIVMSG ada :in between",
        "@batch=a :srv 311 ada bob b h * :Bob",
        "@batch=a :srv 318 ada bob :end",
        ":srv BATCH -a",
        "@label=w1 :srv ACK",
        "@label=w1 :srv 421 ada PONG :nobody waits for this",
    ]);
    assert_eq!(talk.told(), ["Response 3 421", "PRIVMSG", "Response 2 311 318", "Response 1", "421"]);
    assert_eq!(talk.client.pending(), 0);
}

#[test]
fn without_labels_numerics_tell() {
    let mut talk = Talk::registered(plain(), "server-time", "A=1");
    assert_eq!(ask(&mut talk, &["PRIVMSG", "bob", "hi"]), Err(Misuse::NotOffered));
    let ids =
        [&["WHOIS", "bob"][..], &["WHOIS", "Eve"], &["NAMES", "#x"], &["MODE", "#x", "b"], &["ISON", "bob"], &["LIST"]];
    let ids: Vec<_> = ids.iter().map(|words| ask(&mut talk, words).unwrap()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    talk.hear(&[
        ":srv 353 ada = #y :who joined",
        ":srv 366 ada #y :end",
        ":srv 311 ada EVE e h * :Eve",
        ":srv 401 ada bob :no such nick",
        ":srv 318 ada bob :end",
        ":srv 318 ada Eve :end",
        ":srv 353 ada = #x :bob",
        ":srv 366 ada #x :end",
        ":srv 367 ada #x *!*@bad",
        ":srv 368 ada #x :end",
        ":srv 303 ada :bob",
        ":srv 263 ada LIST :later",
        ":srv 318 ada bob :again",
    ]);
    assert_eq!(
        talk.told(),
        [
            "353",
            "366",
            "Response 1 401 318",
            "Response 2 311 318",
            "Response 3 353 366",
            "Response 4 367 368",
            "Response 5 303",
            "Response 6 263",
            "318"
        ]
    );
}

#[test]
fn requests_have_their_time_and_end_with_the_session() {
    let mut talk = Talk::registered(plain(), "server-time", "A=1");
    ask(&mut talk, &["WHO", "#x"]).unwrap();
    talk.poll();
    talk.wait(30);
    ask(&mut talk, &["WHO", "#y"]).unwrap();
    talk.poll();
    talk.wait(30);
    assert!(talk.told().contains(&"Failed { request: RequestId(1), failure: Timeout }".into()));
    talk.client.inbox().close();
    talk.poll();
    assert_eq!(talk.told(), ["Failed { request: RequestId(2), failure: Disconnected }", "Closed(Eof)"]);
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let limits = Limits { response_messages: 3, requests: 1, ..Limits::default() };
    let mut talk = Talk::registered(plain().limits(limits), "server-time", "A=1");
    ask(&mut talk, &["LIST"]).unwrap();
    assert_eq!(ask(&mut talk, &["LIST"]), Err(Misuse::QueueFull));
    talk.hear(&[":srv 322 ada #x 1 :"; 5]);
    assert_eq!(talk.told(), ["Failed { request: RequestId(1), failure: TooLarge }", "322"]);
}

#[test]
fn history_is_a_batch() {
    let mut talk = Talk::registered(plain(), "batch draft/chathistory", "A=1");
    let query = History::Latest { target: "#x", after: None, limit: 5 };
    assert_eq!(talk.client.history(&query).map(RequestId::number), Ok(1));
    assert_eq!(talk.said(), "CHATHISTORY LATEST #x * 5");
    talk.hear(&[
        "BATCH +h chathistory #X",
        "@batch=h :bob!b@h PRIVMSG #x :old",
        "@batch=h :ada!a@h JOIN #old",
        "BATCH -h",
    ]);
    assert_eq!(talk.told(), ["Response 1 PRIVMSG JOIN"]);
    assert!(talk.client.tracker().channel(b"#old").is_none());
    talk.client.history(&query).unwrap();
    talk.hear(&["FAIL CHATHISTORY INVALID_TARGET LATEST #x :no"]);
    assert_eq!(talk.told(), ["Response 2 FAIL"]);
    let query = History::Latest { target: "#x QUIT", after: None, limit: 5 };
    assert_eq!(talk.client.history(&query), Err(Misuse::ForbiddenCharacter));
}

#[test]
fn echoes_are_known_by_label_and_by_order() {
    let mut talk = Talk::registered(plain(), LABELS, "A=1");
    let send = talk.client.privmsg("#x", "hi").unwrap().number();
    assert_eq!(talk.said(), "@label=w1 PRIVMSG #x hi");
    talk.hear(&["@label=w1 :ada!~a@example.org PRIVMSG #x :hi"]);
    assert_eq!(talk.told(), [alloc::format!("PRIVMSG about {send}")]);
    let send = talk.client.privmsg("bob", "hi").unwrap().number();
    talk.hear(&["@label=w2 :srv 401 ada bob :no such nick"]);
    assert_eq!(talk.told(), [alloc::format!("401 about {send}")]);

    let mut talk = Talk::registered(plain(), "echo-message", "A=1");
    let sends = ["a", "b", "c"].map(|text| talk.client.privmsg("#x", text).unwrap().number());
    talk.hear(&[
        ":ada!a@h PRIVMSG #X :a",
        ":bob!a@h PRIVMSG #x :b",
        ":ada!a@h PRIVMSG #x :b",
        ":ada!a@h PRIVMSG #x :changed",
        ":ada!a@h PRIVMSG #x :more",
    ]);
    assert_eq!(
        talk.told(),
        [
            alloc::format!("PRIVMSG about {}", sends[0]),
            "PRIVMSG".into(),
            alloc::format!("PRIVMSG about {}", sends[1]),
            alloc::format!("PRIVMSG about {}", sends[2]),
            "PRIVMSG".into(),
        ]
    );
}

#[test]
fn batches_are_one_event_with_their_changes() {
    let mut talk = Talk::registered(plain(), "batch", "A=1");
    talk.hear(&[":ada JOIN #x", ":srv 353 ada = #x :bob eve", ":srv 366 ada #x :"]);
    talk.events.clear();
    talk.hear(&["BATCH +n netsplit a.b c.d", "@batch=n :bob QUIT :a.b c.d", "@batch=n :eve QUIT :a.b c.d", "BATCH -n"]);
    let Some(Event::Batch { batch, changes, .. }) = talk.events.pop() else { panic!() };
    assert_eq!((batch.kind(), batch.messages().len(), changes.len()), (&b"netsplit"[..], 2, 2));
    assert_eq!(talk.client.tracker().users().count(), 1);
    // One that is never closed comes in time.
    talk.hear(&["BATCH +m x", "@batch=m FOO"]);
    talk.wait(60);
    assert!(talk.told().contains(&"Batch x of 1".into()));
}
