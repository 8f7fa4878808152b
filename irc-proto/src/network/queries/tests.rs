use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::room::{NOW, Room, words};
use super::super::{Channel, Config, Newcomer};
use crate::Capability;
use proptest::prelude::*;

/// Ada and Bob in `#lobby`; Eve, invisible, in the secret `#den` with Bob; Carl nowhere.
fn room() -> Room {
    let mut room = Room::new();
    room.user("ada", &[]);
    room.user("bob", &[Capability::MultiPrefix]);
    room.person(&Newcomer { nick: b"eve", account: Some(b"evelyn"), secure: true, ..Newcomer::default() });
    room.user("carl", &[]);
    room.enter("ada", "#lobby");
    room.enter("bob", "#lobby");
    room.enter("eve", "#den");
    room.enter("bob", "#den");
    room.flags("#den", "s");
    room.modes("eve", "i");
    room
}

#[test]
fn who_tells_of_a_channel_a_user_or_a_mask() {
    let mut room = room();
    assert_eq!(
        room.ask("ada", "WHO #lobby"),
        [
            "352 ada #lobby u h irc.localhost ada H@ :0 Real Name",
            "352 ada #lobby u h irc.localhost bob H :0 Real Name",
            "315 ada #lobby :End of WHO list",
        ]
    );
    assert_eq!(room.ask("ada", "WHO b*").len(), 2);
    assert_eq!(
        room.ask("ada", "WHO carl %tcnfar,42"),
        ["354 ada 42 * carl H 0 :Real Name", "315 ada carl :End of WHO list"]
    );
    assert_eq!(room.ask("ada", "WHO nobody"), ["315 ada nobody :End of WHO list"]);
    room.modes("carl", "oB");
    assert_eq!(
        room.ask("ada", "WHO 0 o%nfuhisdlo"),
        ["354 ada u 255.255.255.255 h irc.localhost carl H*B 0 0 n/a", "315 ada 0 :End of WHO list"]
    );
}

#[test]
fn who_hides_what_is_hidden() {
    let mut room = room();
    assert_eq!(room.ask("ada", "WHO #den"), ["315 ada #den :End of WHO list"]);
    assert_eq!(room.ask("ada", "WHO ev*"), ["315 ada ev* :End of WHO list"]);
    assert_eq!(room.ask("ada", "WHO").len(), 4, "ada, bob, carl and the end");
    // By the exact nickname she is found, but not where she is.
    assert_eq!(room.ask("ada", "WHO eve %ca")[0], "354 ada * evelyn");
    assert_eq!(room.ask("bob", "WHO eve %ca")[0], "354 bob #den evelyn");
    assert_eq!(room.ask("bob", "WHO #den").len(), 3);
    assert_eq!(room.ask("bob", "WHO ev*").len(), 2);
}

#[test]
fn who_finds_no_more_than_it_may() {
    let mut room = Room::new();
    for number in 0..502 {
        room.user(&format!("user{number}"), &[]);
    }
    let lines = room.ask("user0", "WHO user*");
    assert_eq!(lines.len(), 502);
    assert_eq!(lines[500], "416 user0 WHO user* :There are more: use a narrower mask");
}

#[test]
fn whois_tells_what_may_be_known() {
    let mut room = room();
    room.now += 5_000;
    let lines = room.ask("ada", "WHOIS EVE");
    assert_eq!(
        lines,
        [
            "311 ada eve u h * :Real Name",
            "312 ada eve irc.localhost Wirestate",
            "330 ada eve evelyn :is logged in as",
            "671 ada eve :is using a secure connection",
            &format!("317 ada eve 5 {} :seconds idle, signon time", NOW / 1000),
            "318 ada EVE :End of WHOIS list",
        ]
    );
    assert!(room.ask("bob", "WHOIS eve").contains(&String::from("319 bob eve :@#den")));
    assert_eq!(room.ask("eve", "WHOIS bob")[1], "319 eve bob :#lobby #den");
    assert_eq!(room.ask("ada", "WHOIS bob")[1], "319 ada bob :#lobby");
    assert_eq!(words(&room.ask("ada", "WHOIS irc.localhost bob,carl")), "311 319 312 317 318");
    assert_eq!(words(&room.ask("ada", "WHOIS nobody")), "401 318");
    assert_eq!(words(&room.ask("ada", "WHOIS")), "431");
}

#[test]
fn whowas_tells_of_who_left() {
    let mut room = room();
    room.quit("eve");
    assert_eq!(
        room.ask("ada", "WHOWAS Eve"),
        [
            "314 ada eve u h * :Real Name",
            "330 ada eve evelyn :was logged in as",
            "312 ada eve irc.localhost 2019-01-04T14:34:26.000Z",
            "369 ada Eve :End of WHOWAS",
        ]
    );
    assert_eq!(words(&room.ask("ada", "WHOWAS bob 5")), "406 369");
    assert_eq!(words(&room.ask("ada", "WHOWAS")), "431");
}

#[test]
fn userhost_and_ison_tell_who_is_here() {
    let mut room = room();
    room.modes("carl", "o");
    assert_eq!(room.ask("ada", "USERHOST ADA nobody carl"), ["302 ada :ada=+u@h carl*=+u@h"]);
    assert_eq!(room.ask("ada", "ISON :nobody bob EVE"), ["303 ada :bob eve"]);
    assert_eq!(room.ask("ada", "ISON nobody"), ["303 ada :"]);
}

#[test]
fn list_shows_what_is_not_secret() {
    let mut room = room();
    room.enter("carl", "#small");
    assert_eq!(
        room.ask("ada", "LIST"),
        ["321 ada Channel :Users  Name", "322 ada #lobby 2 :", "322 ada #small 1 :", "323 ada :End of LIST"]
    );
    assert_eq!(room.ask("bob", "LIST #den,#x").len(), 3);
    assert_eq!(room.ask("ada", "LIST #den").len(), 2);
    assert_eq!(room.ask("ada", "LIST >1")[1], "322 ada #lobby 2 :");
    assert_eq!(room.ask("ada", "LIST C>0").len(), 2);
    room.now += 120_000;
    assert_eq!(room.ask("ada", "LIST C>1,!#s*").len(), 3);
}

#[test]
fn a_long_list_ends_early() {
    let mut room = Room::new();
    room.user("ada", &[]);
    for number in 0..3000 {
        room.enter("ada", &format!("#channel{number}"));
    }
    let lines = room.ask("ada", "LIST");
    assert!(lines.len() < 2500);
    assert_eq!(words(&lines[lines.len() - 2..]), "416 323");
    assert!(lines.iter().map(String::len).sum::<usize>() < 256 * 1024);
}

#[test]
fn the_server_tells_of_itself() {
    let mut room = room();
    for (line, expected) in [
        ("TIME", "391"),
        ("TIME irc.*", "391"),
        ("TIME bob", "391"),
        ("TIME elsewhere.example", "402"),
        ("VERSION elsewhere.example", "402"),
        ("ACCEPT", "282"),
        ("ADMIN", "423"),
        ("INFO", "371 374"),
        ("LINKS", "364 365"),
        ("LINKS elsewhere.example", "365"),
        ("MAP", "015 017"),
        ("USERS", "446"),
        ("SUMMON bob", "445"),
        ("HELP whois", "704 706"),
        ("HELP nothing", "524"),
        ("SILENCE", "272"),
        ("STATS", "219"),
        ("STATS u", "242 219"),
        ("STATS o", "481 219"),
        ("LUSERS", "251 254 255 265 266"),
        ("MOTD", "422"),
    ] {
        assert_eq!(words(&room.ask("ada", line)), expected, "{line}");
    }
    assert_eq!(room.ask("ada", "TIME"), ["391 ada irc.localhost 2019-01-04T14:34:26.000Z"]);
    assert!(words(&room.ask("ada", "VERSION")).starts_with("351 005"));
    assert!(words(&room.ask("ada", "HELP")).starts_with("704 705 706"));
    room.now += 90_061_000;
    assert_eq!(room.ask("ada", "STATS u")[0], "242 ada :Server Up 1 days 1:01:01");
    assert!(room.ask("ada", "STATS m").contains(&String::from("212 ada STATS 5 0 0")));
    room.modes("ada", "o");
    assert_eq!(room.ask("ada", "STATS o")[0], "243 ada O u@h * ada");
    let admin = ["Here", "There", "ada@example.org", "too much"].map(Into::into).into();
    let config = Config { admin, ..Config::default() };
    let mut room = Room::of(config);
    room.user("ada", &[]);
    assert_eq!(words(&room.ask("ada", "ADMIN")), "256 257 258 259");
}

/// Each command without a parameter has its own answer; NOTICE, by the RFC, none.
#[test]
fn what_is_missing_is_told() {
    const ANSWERS: &[(&str, &str)] = &[
        ("ACCEPT", "282"),
        ("ADMIN", "423"),
        ("AWAY", "305"),
        ("BATCH", "461"),
        ("CHATHISTORY", "FAIL"),
        ("HELP", "704 705 706"),
        ("HELPOP", "704 705 706"),
        ("INFO", "371 374"),
        ("INVITE", "337"),
        ("ISON", "461"),
        ("ISUPPORT", "005 005 005"),
        ("JOIN", "461"),
        ("KICK", "461"),
        ("KILL", "461"),
        ("KNOCK", "461"),
        ("LINKS", "364 365"),
        ("LIST", "321 322 323"),
        ("LUSERS", "251 254 255 265 266"),
        ("MAP", "015 017"),
        ("MARKREAD", "FAIL"),
        ("METADATA", "461"),
        ("MODE", "461"),
        ("MONITOR", "461"),
        ("MOTD", "422"),
        ("NAMES", "366"),
        ("NICK", "431"),
        ("NOTICE", ""),
        ("OPER", "461"),
        ("PART", "461"),
        ("PRIVMSG", "411"),
        ("REDACT", "461"),
        ("REHASH", "481"),
        ("RENAME", "461"),
        ("SETNAME", "461"),
        ("SILENCE", "272"),
        ("STATS", "219"),
        ("SUMMON", "445"),
        ("TAGMSG", "461"),
        ("TIME", "391"),
        ("TOPIC", "461"),
        ("USERHOST", "461"),
        ("USERS", "446"),
        ("WALLOPS", "461"),
        ("WATCH", "607"),
        ("WHO", "352 315"),
        ("WHOIS", "431"),
        ("WHOWAS", "431"),
    ];
    let mut room = Room::new();
    room.user("ada", &[Capability::StandardReplies]);
    room.enter("ada", "#lobby");
    for row in super::super::TABLE.iter().filter(|row| !["QUIT", "VERSION"].contains(&row.word)) {
        let expected = ANSWERS.iter().find(|(word, _)| *word == row.word).map(|(_, answer)| *answer);
        assert_eq!(Some(&words(&room.ask("ada", row.word))[..]), expected, "{}", row.word);
    }
}

/// Whatever is missing, empty or odd, no command panics, and what is answered is lawful.
#[test]
fn missing_and_odd_parameters_are_answered() {
    let words: Vec<&str> = super::super::TABLE.iter().map(|row| row.word).filter(|word| *word != "QUIT").collect();
    for word in words {
        let mut room = room();
        for params in [
            "",
            " :",
            " : :",
            " *",
            " , ,",
            " # #",
            " #lobby",
            " #lobby :",
            " ada",
            " ada :",
            " + :,",
            " \u{1} \u{2}",
            " %t,,, %",
            " -1 99999999999999999999",
        ] {
            let _ = room.ask("ada", &format!("{word}{params}"));
            let long = "x".repeat(480);
            let _ = room.ask("ada", &format!("{word}{params} {long} {long}"));
        }
        assert!(room.network.channel(b"#lobby").map(Channel::member_count).is_none_or(|count| count <= 2), "{word}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever knows neither name learns neither: Eve is invisible, `#den` secret, and no wildcard finds them.
    #[test]
    fn no_search_finds_what_is_hidden(
        command in prop::sample::select(&["WHO", "WHOIS", "WHOWAS", "LIST", "NAMES", "USERHOST", "ISON", "STATS", "LINKS", "METADATA", "MODE", "TOPIC"][..]),
        mask in "[#*?a-z!@>0]{0,3}[*?]{0,2}",
        more in prop::sample::select(&["", " o", " %tcuihsnfdlaor,1", " >0", " LIST", " SYNC", " *"][..]),
    ) {
        prop_assume!(!mask.contains("eve") && !mask.contains("den"));
        let mut room = room();
        room.send("eve", "METADATA * SET url x");
        for line in room.ask("ada", &format!("{command} {mask}{more}")) {
            // What she asked for is repeated to her; the rest is the server's.
            prop_assert!(!line.contains("eve") && !line.contains("#den"), "{line}");
        }
    }
}
