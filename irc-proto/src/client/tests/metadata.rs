use super::*;
use crate::Capability;

const ALL: &str = "draft/metadata-2 batch labeled-response message-tags";

fn registered() -> Talk {
    Talk::registered(plain().wish(Capability::Metadata), ALL, "A=1")
}

#[test]
fn metadata_is_asked_for_and_answered() {
    let mut talk = registered();
    let client = &mut talk.client;
    let asked = [
        client.metadata_get("bob", &["url", "avatar"]),
        client.metadata_list("#x"),
        client.metadata_set("*", "url", Some("https://example.org/a b")),
        client.metadata_set("*", "url", None),
        client.metadata_clear("*"),
        client.metadata_subscribe(&["avatar"]),
        client.metadata_unsubscribe(&["avatar", "url"]),
        client.metadata_subscriptions(),
        client.metadata_sync("#x"),
    ];
    assert!(asked.iter().all(Result::is_ok));
    let wanted = [
        "@label=w1 METADATA bob GET url avatar",
        "@label=w2 METADATA #x LIST",
        "@label=w3 METADATA * SET url :https://example.org/a b",
        "@label=w4 METADATA * SET url",
        "@label=w5 METADATA * CLEAR",
        "@label=w6 METADATA * SUB avatar",
        "@label=w7 METADATA * UNSUB avatar url",
        "@label=w8 METADATA * SUBS",
        "@label=w9 METADATA #x SYNC",
    ];
    assert_eq!(talk.said().lines().collect::<Vec<_>>(), wanted);
    talk.hear(&[
        "@label=w1 :srv BATCH +1 metadata bob",
        "@batch=1 :srv 761 ada bob url * :https://example.org",
        "@batch=1 :srv 766 ada bob avatar :key not set",
        ":srv BATCH -1",
        "@label=w3 :srv FAIL METADATA LIMIT_REACHED :no",
    ]);
    let refused = talk.events.pop().unwrap();
    let Event::Response { response, .. } = talk.events.pop().unwrap() else { panic!() };
    let read: Vec<_> = response.messages().into_iter().filter_map(|message| Metadata::of(message.borrow())).collect();
    let value = |key, visibility, value| Metadata { target: b"bob", key, visibility, value };
    assert_eq!(read, [value(b"url", b"*", Some(b"https://example.org")), value(b"avatar", b"", None)]);
    assert!(matches!(&refused, Event::Response { response, .. } if response.error().is_some()));
}

#[test]
fn changes_of_metadata_are_events() {
    let mut talk = registered();
    talk.hear(&[
        ":bob!b@h METADATA bob avatar * :https://example.org/b.png",
        ":bob!b@h METADATA #x topic-url *",
        ":srv 774 ada #x 4",
        ":srv 774 ada #y",
        ":srv METADATA bob",
    ]);
    let events: Vec<Event> = talk.events.drain(..).collect();
    let Event::Metadata(change) = &events[0] else { panic!("{events:?}") };
    assert_eq!(change.source().unwrap().name(), b"bob");
    let Metadata { target, key, value, .. } = change.metadata();
    assert_eq!((target, key, value), (&b"bob"[..], &b"avatar"[..], Some(&b"https://example.org/b.png"[..])));
    assert!(matches!(&events[1], Event::Metadata(change) if change.metadata().value.is_none()));
    let four = Some(Duration::from_secs(4));
    assert!(matches!(&events[2], Event::SyncLater { target, after } if target == "#x" && *after == four));
    assert!(matches!(&events[3], Event::SyncLater { target, after: None } if target == "#y"));
    assert!(matches!(&events[4], Event::Message { .. }), "without a key it is nobody's");
}

#[test]
fn metadata_needs_its_capability_labels_and_keys() {
    let mut talk = registered();
    assert_eq!(talk.client.metadata_get("bob", &[]), Err(Misuse::OutOfRange));
    assert_eq!(talk.client.metadata_subscribe(&["a b"]), Err(Misuse::ForbiddenCharacter));
    assert_eq!(talk.client.metadata_set("*", "", None), Err(Misuse::ForbiddenCharacter));
    assert_eq!(talk.client.metadata_list("b ob"), Err(Misuse::ForbiddenCharacter));
    for capabilities in ["batch labeled-response", "draft/metadata-2 batch"] {
        let mut talk = Talk::registered(plain().wish(Capability::Metadata), capabilities, "A=1");
        assert_eq!(talk.client.metadata_list("bob"), Err(Misuse::NotOffered));
    }
    assert_eq!(talk.said(), "");
}
