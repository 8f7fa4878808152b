use super::*;
use alloc::vec;
use alloc::vec::Vec;

const ADA: Target = Target::User(Session(1));

fn key(text: &str) -> Key {
    Key::parse(text.as_bytes()).unwrap()
}

fn metadata() -> Metadata {
    Metadata::new(Bounds { keys: 2, subscriptions: 2, value: 4 })
}

#[test]
fn keys_are_of_few_characters() {
    assert_eq!(key("Display-Name").as_bytes(), b"display-name");
    assert!(Key::parse(&[b'a'; 64]).is_ok() && Key::parse(b"a.b/c_1").is_ok());
    for text in [&b""[..], b":a", b"a b", b"$a", b"a*", b"\xff", &[b'a'; 65]] {
        assert_eq!(Key::parse(text), Err(Fault::KeyInvalid));
    }
}

#[test]
fn values_are_set_within_bounds() {
    let mut metadata = metadata();
    assert_eq!(metadata.set(&ADA, key("a"), b"1"), Ok(true));
    assert_eq!(metadata.set(&ADA, key("A"), b"1"), Ok(false));
    assert_eq!(metadata.set(&ADA, key("b"), b"1234"), Ok(true));
    assert_eq!(metadata.set(&ADA, key("c"), b"1"), Err(Fault::LimitReached));
    assert_eq!(metadata.set(&ADA, key("b"), b"12345"), Err(Fault::ValueInvalid));
    assert_eq!(metadata.set(&ADA, key("b"), b"\xff"), Err(Fault::ValueInvalid));
    assert_eq!(metadata.set(&ADA, key("b"), b"2"), Ok(true));
    assert_eq!(
        metadata.all(&ADA).map(|(key, value)| (key.as_bytes(), &value[..])).collect::<Vec<_>>(),
        [(&b"a"[..], &b"1"[..]), (b"b", b"2")]
    );
    assert_eq!(metadata.unset(&ADA, &key("c")), Err(Fault::KeyNotSet));
    assert_eq!(metadata.unset(&ADA, &key("a")), Ok(()));
    assert_eq!(metadata.value(&ADA, &key("a")), None);
    assert_eq!(metadata.clear(&ADA).len(), 1);
    assert_eq!(metadata.unset(&ADA, &key("b")), Err(Fault::KeyNotSet));
    assert!(metadata.values.is_empty());
}

#[test]
fn a_renamed_channel_keeps_its_own() {
    let mut metadata = metadata();
    let channel = |name: &[u8]| Target::Channel(name.into());
    metadata.set(&channel(b"#x"), key("url"), b"x").unwrap();
    metadata.rename(b"#x", b"#y");
    assert_eq!(metadata.value(&channel(b"#x"), &key("url")), None);
    assert_eq!(metadata.value(&channel(b"#y"), &key("url")).map(|value| &value[..]), Some(&b"x"[..]));
}

#[test]
fn subscriptions_are_bounded_and_end_with_the_session() {
    let mut metadata = metadata();
    let session = Session(1);
    for name in ["a", "b", "a"] {
        assert_eq!(metadata.subscribe(session, key(name)), Ok(()));
    }
    assert_eq!(metadata.subscribe(session, key("c")), Err(Fault::TooManySubs));
    assert!(metadata.subscribes(session, &key("a")) && !metadata.subscribes(Session(2), &key("a")));
    metadata.unsubscribe(session, &key("a"));
    assert_eq!(metadata.subscriptions(session).cloned().collect::<Vec<_>>(), vec![key("b")]);
    metadata.set(&ADA, key("a"), b"1").unwrap();
    metadata.forget(session);
    assert!(metadata.subscriptions.is_empty() && metadata.values.is_empty());
}

mod asked {
    use super::super::super::Config;
    use super::super::super::room::{Room, words};
    use crate::Capability::{self, *};

    const OWN: &[Capability] = &[Batch, Metadata, StandardReplies];

    /// Ada and Bob in `#lobby`, of which Ada is the operator; Eve monitors Ada; Carl is nowhere.
    fn room() -> Room {
        let mut config = Config { msgid_prefix: "m".into(), ..Config::default() };
        config.limits.metadata.subscriptions = 2;
        let mut room = Room::of(config);
        for nick in ["ada", "bob", "eve", "carl"] {
            room.user(nick, OWN);
        }
        room.enter("ada", "#lobby");
        room.enter("bob", "#lobby");
        room.send("eve", "MONITOR + ada");
        room
    }

    #[test]
    fn values_are_set_told_and_read() {
        let mut room = room();
        for nick in ["bob", "eve", "carl"] {
            assert_eq!(room.ask(nick, "METADATA * SUB url"), [alloc::format!("770 {nick} url")]);
        }
        assert_eq!(room.ask("ada", "METADATA * SET URL :http://a b"), ["761 ada * url * :http://a b"]);
        for nick in ["bob", "eve"] {
            assert_eq!(room.told(nick), [":ada!u@h METADATA ada url * :http://a b"]);
        }
        assert!(room.told("carl").is_empty());
        assert_eq!(
            room.ask("carl", "METADATA ada GET url name $"),
            [
                "BATCH +m1 metadata ada",
                "@batch=m1 :irc.localhost 761 carl ada url * :http://a b",
                "@batch=m1 :irc.localhost 766 carl ada name :key not set",
                "FAIL METADATA KEY_INVALID $ :Invalid key: it is 1 to 64 of a-z, 0-9, _, ., / and -",
                "BATCH -m1",
            ]
        );
        assert_eq!(words(&room.ask("carl", "METADATA ADA LIST")), "BATCH 761 BATCH");
        assert_eq!(words(&room.ask("bob", "METADATA #lobby SYNC")), "BATCH METADATA BATCH");
        assert_eq!(words(&room.ask("ada", "METADATA * SET url")), "766");
        assert_eq!(room.told("bob"), [":ada!u@h METADATA ada url *"]);
        room.send("ada", "METADATA * SET url x");
        assert_eq!(words(&room.ask("ada", "METADATA ada CLEAR")), "BATCH 766 BATCH");
        assert_eq!(room.told("bob").len(), 1);
    }

    #[test]
    fn a_join_tells_that_there_is_metadata() {
        let mut room = room();
        room.send("ada", "METADATA * SET url x");
        assert_eq!(words(&room.ask("carl", "JOIN #lobby")), "JOIN 353 366", "he has subscribed to nothing");
        room.send("eve", "METADATA * SUB url");
        let told = room.ask("eve", "JOIN #lobby");
        assert_eq!(words(&told), "JOIN 774 353 366");
        assert_eq!(told[1], "774 eve #lobby");
        assert_eq!(words(&room.ask("eve", "METADATA #lobby SYNC")), "BATCH METADATA BATCH");
    }

    #[test]
    fn channels_are_their_operators_to_describe() {
        let mut room = room();
        room.send("bob", "METADATA * SUB url");
        assert_eq!(words(&room.ask("ada", "METADATA #Lobby SET url x")), "761");
        assert_eq!(room.told("bob"), [":ada!u@h METADATA #lobby url * :x"]);
        assert!(room.ask("bob", "METADATA #lobby SET url y")[0].contains("KEY_NO_PERMISSION #lobby url"));
        assert!(room.ask("bob", "METADATA #lobby CLEAR")[0].contains("KEY_NO_PERMISSION #lobby *"));
        assert!(room.ask("bob", "METADATA ada SET url y")[0].contains("KEY_NO_PERMISSION ada url"));
        room.flags("#lobby", "s");
        assert!(room.ask("carl", "METADATA #lobby LIST")[0].contains("INVALID_TARGET #lobby"));
    }

    #[test]
    fn faults_have_their_codes() {
        let mut room = room();
        for (line, code) in [
            ("METADATA nobody LIST", "INVALID_TARGET nobody"),
            ("METADATA * DROP", "SUBCOMMAND_INVALID DROP"),
            ("METADATA * SET a*b x", "KEY_INVALID a*b"),
            ("METADATA * SET none", "KEY_NOT_SET * none"),
            ("METADATA * SUB $", "KEY_INVALID $"),
        ] {
            let told = room.ask("ada", line);
            assert!(told[0].starts_with(&alloc::format!("FAIL METADATA {code} :")), "{told:?}");
        }
        assert_eq!(words(&room.ask("ada", "METADATA * SUB a b c d")), "FAIL 770");
        assert_eq!(room.ask("ada", "METADATA * SUBS"), ["772 ada :a b"]);
        assert_eq!(room.ask("ada", "METADATA * UNSUB a c"), ["771 ada :a c"]);
        for line in ["METADATA *", "METADATA * GET", "METADATA * SET", "METADATA * SUB", "METADATA * UNSUB"] {
            assert_eq!(words(&room.ask("ada", line)), "461", "{line}");
        }
        for number in 0..20 {
            assert_eq!(words(&room.ask("ada", &alloc::format!("METADATA * SET key{number} x"))), "761");
        }
        assert!(room.ask("ada", "METADATA * SET more x")[0].contains("LIMIT_REACHED *"));
    }
}
