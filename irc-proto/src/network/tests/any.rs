//! Whatever is asked, in whatever order: each line that anybody is told is a lawful one, and what is kept stays within its bounds.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::history::{Bounds, Buffer, Query, Selection};
use super::super::room::Room;
use super::super::{Config, Newcomer};
use crate::Capabilities;
use crate::Capability::*;
use proptest::prelude::*;

const NICKS: [&str; 4] = ["ada", "bob", "carl", "dora"];

fn room() -> Room {
    let mut config = Config { msgid_prefix: "m".into(), ..Config::default() };
    config.limits.history = Bounds { messages: 5, bytes: 20_000, age: 1_000_000 };
    config.limits.multiline.lines = 3;
    let mut room = Room::of(config);
    let most = [
        Batch,
        MessageTags,
        ServerTime,
        AccountTag,
        EchoMessage,
        LabeledResponse,
        Multiline,
        MessageRedaction,
        ChannelRename,
        Metadata,
    ];
    let more =
        [ReadMarker, EventPlayback, ExtendedMonitor, AwayNotify, StandardReplies, ExtendedJoin, MultiPrefix, OperTag];
    room.person(&Newcomer {
        nick: b"ada",
        account: Some(b"ada"),
        capabilities: Capabilities::of(&most),
        ..Newcomer::default()
    });
    let all = Capabilities::of(&most) | Capabilities::of(&more);
    room.person(&Newcomer { nick: b"bob", account: Some(b"bob"), capabilities: all, ..Newcomer::default() });
    room.user("carl", &more);
    room.user("dora", &[]);
    room
}

fn line() -> impl Strategy<Value = String> {
    let words: Vec<&str> = super::super::TABLE
        .iter()
        .map(|row| row.word)
        .filter(|word| !["QUIT", "KILL", "NICK"].contains(word))
        .collect();
    let param = prop_oneof![
        4 => prop::sample::select(&["#x", "#y", "#X", "ada", "bob", "dora", "*", "#x,#y"][..]).prop_map(String::from),
        4 => prop::sample::select(&["+", "-", "+r", "-r", "draft/multiline", "LATEST", "AROUND", "BETWEEN", "TARGETS", "SET", "SUB", "SYNC", "url", "%tcuihsnfdlaor,1", "+s", "+o", "+g", "+b", "$~j:#x", "L", "C", "+ada", "-ada", "-bob,dora"][..]).prop_map(String::from),
        2 => (1u32..20).prop_map(|number| format!("msgid=m{number:x}")),
        1 => (1u32..20).prop_map(|number| format!("m{number:x}")),
        1 => (1u32..20).prop_map(|number| format!("{number}")),
        1 => Just(String::from("timestamp=2019-01-04T14:34:26.000Z")),
        1 => "[!-~]{1,8}",
        1 => "[a-z]{400}",
    ];
    let tags = prop::sample::select(
        &[
            "",
            "",
            "@label=1 ",
            "@batch=r ",
            "@batch=r;draft/multiline-concat ",
            "@+draft/reply=m1 ",
            "@+a=\\s\\:;label=2 ",
        ][..],
    );
    let talk = prop::sample::select(&["JOIN", "PRIVMSG", "BATCH", "CHATHISTORY", "REDACT"][..]);
    let word = prop_oneof![1 => talk, 1 => prop::sample::select(words)];
    (tags, word, prop::collection::vec(param, 0..6), prop::option::of("[ -~\u{e9}\u{1}]{0,20}")).prop_map(
        |(tags, word, params, text)| {
            let text = text.map(|text| format!(" :{text}")).unwrap_or_default();
            let params: String = params.iter().map(|param| format!(" {}", param.trim_start_matches(':'))).collect();
            format!("{tags}{word}{params}{text}")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn lines_are_lawful_and_bounds_hold(steps in prop::collection::vec((0usize..4, line(), 0u64..100_000), 1..60)) {
        let mut room = room();
        for nick in NICKS {
            room.send(nick, "JOIN #x");
        }
        for (who, line, later) in steps {
            room.now += later;
            room.send(NICKS[who], &line);
            for nick in NICKS {
                let told = room.told(nick);
                let tagged = told.iter().any(|line| line.starts_with('@') || line.starts_with("BATCH "));
                prop_assert!(!tagged || nick != "dora", "she knows neither tags nor batches: {told:?}");
            }
            for name in [&b"#x"[..], b"#y"] {
                let mut out = Vec::new();
                let query = Query {
                    selection: Selection::Latest(None),
                    limit: 1000,
                    bytes: usize::MAX,
                    events: true,
                    redactions: true,
                };
                room.network.history_mut().query(Buffer::Channel(name), query, &mut out).unwrap();
                prop_assert!(out.len() <= 5);
            }
        }
    }
}
