//! The tracker takes whatever servers say: no sequence of messages panics it, and what it knows agrees with itself.

use irc_proto::client::{Tracker, tracker};
use irc_proto::codec::{Message, Profile};
use proptest::prelude::*;

/// Whatever the tracker was told: members are users, users count their channels, the limits hold.
fn agrees(tracker: &Tracker, limits: &tracker::Limits) {
    let mut members = 0;
    for user in tracker.users() {
        let in_channels = tracker.channels().filter(|channel| channel.member(&user.nick).is_some()).count();
        assert!(in_channels > 0 && in_channels == user.channels, "{user:?}");
        members += in_channels;
    }
    assert_eq!(members, tracker.channels().map(|channel| channel.len()).sum::<usize>());
    assert!(members <= limits.members && tracker.users().count() <= limits.users);
    assert!(tracker.channels().count() <= limits.channels);
    for channel in tracker.channels() {
        for (nick, _) in channel.members() {
            assert!(tracker.user(nick).is_some());
        }
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "ada", "Ada", "bob", "BOB", "x[", "x{", "#a", "#A", "#b", "&[", "&{", "*", "", "a,b"
        ])
        .prop_map(String::from),
        "[a-c#@+!]{0,4}",
    ]
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let command = prop::sample::select(vec![
        "JOIN", "JOIN", "PART", "KICK", "QUIT", "NICK", "MODE", "TOPIC", "AWAY", "ACCOUNT", "CHGHOST", "SETNAME",
        "RENAME", "PRIVMSG", "001", "005", "221", "301", "302", "305", "306", "311", "324", "329", "330", "331", "332",
        "333", "335", "346", "347", "348", "349", "352", "353", "353", "354", "366", "367", "368", "396", "728", "729",
        "900", "901",
    ]);
    let word = prop_oneof![
        4 => name(),
        1 => prop::sample::select(vec!["+ov-b", "+b", "-k+l", "642", "H@B", "G", "=", "CASEMAPPING=ascii", "CASEMAPPING=rfc1459", "-CASEMAPPING", "PREFIX=(qo)~@", "PREFIX=", "CHANMODES=,,,", "CHANTYPES=", "BOT=B"]).prop_map(String::from),
    ];
    let source = prop_oneof![3 => name().prop_map(|nick| format!(":{nick}!u@h ")), 1 => name().prop_map(|nick| format!(":{nick} ")), 1 => Just(String::new())];
    let tags = prop_oneof![3 => Just(""), 1 => Just("@account=x "), 1 => Just("@account ")];
    let tail = prop_oneof![
        Just(""),
        Just(" :"),
        Just(" :@ada +bob x[!u@h"),
        Just(" :hub.example leaf.example"),
        Just(" :ada=+u@h bob*=-u@h")
    ];
    (tags, source, command, prop::collection::vec(word, 0..8), tail).prop_map(|(tags, source, command, words, tail)| {
        format!("{tags}{source}{command} {}{tail}", words.join(" ")).into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_tracker_is_total(lines in prop::collection::vec(prop_oneof![9 => message(), 1 => prop::collection::vec(any::<u8>(), 0..40)], 0..120)) {
        let mut limits = tracker::Limits::default();
        (limits.channels, limits.users, limits.members, limits.list_entries, limits.text) = (3, 5, 8, 3, 12);
        let mut tracker = Tracker::new(limits.clone());
        let mut changes = Vec::new();
        for line in &lines {
            if let Ok(message) = Message::parse(line, Profile::Lenient) {
                tracker.apply(message, &mut changes);
                agrees(&tracker, &limits);
            }
        }
        let shown = format!("{changes:?}{tracker:?}");
        prop_assert!(!shown.is_empty());
    }
}
