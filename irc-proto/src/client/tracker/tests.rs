use super::*;
use crate::codec::Profile;
use alloc::format;
use alloc::string::{String, ToString};
use proptest::prelude::*;

fn feed(tracker: &mut Tracker, lines: &[&str]) -> Vec<Change> {
    let mut changes = Vec::new();
    for line in lines {
        tracker.apply(Message::parse(line.as_bytes(), Profile::Lenient).unwrap(), &mut changes);
    }
    changes
}

fn in_lobby() -> Tracker {
    let mut tracker = Tracker::default();
    let lines = [
        ":srv 001 ada :Welcome ada!a@example.org",
        ":srv 005 ada PREFIX=(ov)@+ CHANMODES=beI,k,l,imnpst BOT=B :are supported",
        ":ada!~a@example.org JOIN #lobby ada :Ada",
        ":srv 353 ada = #lobby :@+bob!b@bob.example ada +eve",
        ":srv 366 ada #lobby :End",
    ];
    feed(&mut tracker, &lines);
    tracker
}

fn statuses(tracker: &Tracker, nick: &str) -> Option<String> {
    tracker.channel(b"#lobby")?.member(nick.as_bytes()).map(|letters| letters.to_string())
}

#[test]
fn members_and_the_own_mask_are_known() {
    let tracker = in_lobby();
    let me = tracker.me();
    assert_eq!(
        (&*me.nick, me.user.as_deref(), me.host.as_deref()),
        (&b"ada"[..], Some(&b"~a"[..]), Some(&b"example.org"[..]))
    );
    assert_eq!(statuses(&tracker, "BOB").as_deref(), Some("ov"));
    assert_eq!(statuses(&tracker, "nobody"), None);
    assert_eq!(tracker.user(b"bob").and_then(|bob| bob.host.as_deref()), Some(&b"bob.example"[..]));
    assert!(tracker.channel(b"#lobby").is_some_and(|lobby| lobby.complete && lobby.len() == 3));
    assert_eq!(tracker.user(b"ada").map(|ada| &ada.account), Some(&Account::Name(b"ada"[..].into())));
}

#[test]
fn people_come_go_and_change() {
    let mut tracker = in_lobby();
    let changes = feed(
        &mut tracker,
        &[
            ":dan!d@h JOIN #lobby * :Dan",
            ":bob NICK Robert",
            ":Robert MODE #lobby -v+k Robert key",
            ":dan AWAY :lunch",
            ":dan ACCOUNT dan",
            ":dan CHGHOST user new.host",
            ":dan SETNAME :Dan D.",
            ":Robert KICK #lobby eve :out",
            ":Robert PART #lobby",
            ":dan QUIT :bye",
        ],
    );
    let told: Vec<_> = changes.iter().map(|change| format!("{change:?}")).collect();
    assert_eq!(
        told,
        [
            "Joined(#lobby dan own=false after_split=false)",
            "User(dan Account)",
            "User(dan Realname)",
            "Renamed(bob Robert own=false)",
            "Modes(#lobby)",
            "User(dan Away)",
            "User(dan Account)",
            "User(dan Host)",
            "User(dan Realname)",
            "Left(#lobby eve own=false Kick)",
            "Left(#lobby Robert own=false Part)",
            "Quit(dan 1 channels, None)",
        ]
    );
    assert_eq!(tracker.users().count(), 1);
    assert_eq!(tracker.channel(b"#lobby").and_then(Channel::join_key), Some(&b"key"[..]));
}

#[test]
fn a_netsplit_is_told_without_a_batch_and_its_end_too() {
    let mut tracker = in_lobby();
    let gone =
        feed(&mut tracker, &[":bob QUIT :hub.example.org leaf.example.org", ":eve QUIT :Quit: a.example b.example"]);
    assert_eq!(
        format!("{gone:?}"),
        "[Quit(bob 1 channels, Some(hub.example.org leaf.example.org)), Quit(eve 1 channels, None)]"
    );
    let back = feed(&mut tracker, &[":bob!b@h JOIN #lobby", ":eve!e@h JOIN #lobby"]);
    assert!(matches!(back[0], Change::Joined { after_split: true, .. }));
    assert!(matches!(back[1], Change::Joined { after_split: false, .. }));
}

#[test]
fn who_and_whox_fill_in() {
    let mut tracker = in_lobby();
    feed(
        &mut tracker,
        &[
            ":srv 352 ada #lobby b bob.h srv bob GB@ :3 Bob B.",
            ":srv 354 ada 642 #lobby e eve.h eve H+ 0 :Eve",
            ":srv 354 ada 1 #lobby e other eve H+ 0 :Eve",
            ":srv 302 ada :eve=-e@eve.h2",
            ":srv 324 ada #lobby +tnl 5",
            ":srv 332 ada #lobby :Hello",
            ":srv 333 ada #lobby bob 123",
            ":srv 367 ada #lobby *!*@bad bob 5",
            ":srv 367 ada #lobby *!*@worse",
            ":srv 368 ada #lobby :End",
            ":srv 728 ada #lobby q *!*@loud bob 5",
            ":srv 221 ada +iw",
            ":ada MODE ada -w+x",
        ],
    );
    let bob = tracker.user(b"bob").unwrap();
    assert!(bob.bot && bob.away == Away::Gone(None) && bob.realname.as_deref() == Some(b"Bob B."));
    let eve = tracker.user(b"eve").unwrap();
    assert_eq!(
        (&eve.account, &eve.away, eve.host.as_deref()),
        (&Account::None, &Away::Gone(None), Some(&b"eve.h2"[..]))
    );
    let lobby = tracker.channel(b"#lobby").unwrap();
    assert_eq!(lobby.modes.keys().copied().collect::<Vec<_>>(), b"lnt");
    assert_eq!(lobby.topic.as_ref().map(|topic| (&*topic.text, topic.at)), Some((&b"Hello"[..], Some(123))));
    assert_eq!((lobby.list(b'b').len(), lobby.list(b'q').len()), (2, 1));
    assert_eq!(tracker.me().modes.to_string(), "ix");
}

#[test]
fn another_case_mapping_sorts_anew() {
    let mut tracker = in_lobby();
    feed(&mut tracker, &[":x[]!u@h JOIN #lobby", ":X{}!u@h JOIN #lobby"]);
    assert_eq!(tracker.channel(b"#lobby").unwrap().len(), 4);
    feed(&mut tracker, &[":srv 005 ada CASEMAPPING=ascii :are"]);
    assert!(tracker.user(b"x{}").is_none() && tracker.user(b"X[]").is_some());
    feed(&mut tracker, &[":x{}!u@h JOIN #lobby", ":srv 005 ada -CASEMAPPING :are"]);
    assert_eq!(tracker.channel(b"#LOBBY").unwrap().len(), 4);
    agrees(&tracker);
}

#[test]
fn what_does_not_fit_is_not_learnt() {
    let limits = Limits { channels: 1, users: 2, members: 9, list_entries: 1, text: 16 };
    let mut tracker = Tracker::new(limits);
    feed(
        &mut tracker,
        &[
            ":s 001 ada :",
            ":ada JOIN #a",
            ":ada JOIN #b",
            ":s 353 ada = #a :b c d",
            ":s 353 ada = #a :nick-of-more-than-sixteen",
        ],
    );
    assert!(tracker.is_full());
    assert_eq!((tracker.channels().count(), tracker.users().count()), (1, 2));
    agrees(&tracker);
}

#[test]
fn of_own_alone_channels_are_known_and_members_are_not() {
    let mut tracker = Tracker::of_own(Limits::default());
    feed(&mut tracker, &[":s 001 ada :", ":ada JOIN #a", ":s 353 ada = #a :b c d", ":b JOIN #a"]);
    assert_eq!((tracker.channels().count(), tracker.users().count()), (1, 0));
}

/// What must hold whatever came: each member is a user, who counts the memberships.
fn agrees(tracker: &Tracker) {
    let mut members = 0;
    for user in tracker.users() {
        let count = tracker.channels().filter(|channel| channel.member(&user.nick).is_some()).count();
        assert!(count > 0 && count == user.channels, "{user:?}");
        members += count;
    }
    assert_eq!(members, tracker.channels().map(Channel::len).sum::<usize>());
    assert_eq!(members, tracker.members);
}

proptest! {
    #[test]
    fn any_messages_keep_it_whole(lines in prop::collection::vec(
        "(:(a|b|c|A|é|É|\\[|\\{)(!u@h)? )?(JOIN|PART|KICK|QUIT|NICK|MODE|TOPIC|AWAY|ACCOUNT|CHGHOST|SETNAME|RENAME|001|005|353|366|324|352|354|367|368|332|333)( (#x|#y|#X|a|b|\\[|\\{|=|642|\\+o|\\+b-o|CASEMAPPING=ascii|CASEMAPPING=rfc8265|PREFIX=\\(o\\)@|-CASEMAPPING)){0,6}( :(@a|b \\[\\|\\{ c|hub.example leaf.example|))?", 0..60))
    {
        let mut tracker = Tracker::new(Limits { channels: 2, users: 4, members: 5, list_entries: 2, text: 20 });
        let mut changes = Vec::new();
        for line in &lines {
            if let Ok(message) = Message::parse(line.as_bytes(), Profile::Lenient) {
                tracker.apply(message, &mut changes);
            }
        }
        agrees(&tracker);
        prop_assert!(tracker.users().count() <= 4 && tracker.channels().count() <= 2);
    }
}
