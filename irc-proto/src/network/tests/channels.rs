use super::*;

#[test]
fn who_joins_is_told_of_the_channel_and_all_of_who_joins() {
    use Capability::*;
    let mut talk = Talk::new();
    talk.user(1, "ada", &[ExtendedJoin, AwayNotify]);
    talk.user(2, "bob", &[]);
    talk.say(1, "JOIN #Lobby");
    let expected = [
        ":ada!u@h.example JOIN #Lobby * :Some Body",
        ":irc.test MODE #Lobby +nt",
        ":irc.test 353 ada = #Lobby :@ada",
        ":irc.test 366 ada #Lobby :End of the list of names",
    ];
    assert_eq!(talk.heard(1), expected);
    talk.say(1, "TOPIC #lobby :Welcome");
    talk.say(2, "AWAY :gone");
    talk.heard.clear();
    talk.say(2, "JOIN #LOBBY");
    assert_eq!(talk.heard(1), [":bob!u@h.example JOIN #Lobby * :Some Body", ":bob!u@h.example AWAY :gone"]);
    let expected = [
        ":bob!u@h.example JOIN #Lobby",
        ":irc.test 332 bob #Lobby :Welcome",
        ":irc.test 333 bob #Lobby ada!u@h.example 1795248000",
        ":irc.test 353 bob = #Lobby :@ada bob",
        ":irc.test 366 bob #Lobby :End of the list of names",
    ];
    assert_eq!(talk.heard(2), expected);
    assert_eq!(talk.ask(2, "JOIN #lobby"), [""; 0], "already there");
    talk.say(2, "PART #lobby :bye now");
    assert_eq!(talk.heard(1), [":bob!u@h.example PART #Lobby :bye now"]);
    assert_eq!(talk.ask(2, "PART #lobby"), [":irc.test 442 bob #lobby :You're not on that channel"]);
    assert_eq!(talk.ask(2, "PART #other"), [":irc.test 403 bob #other :No such channel"]);
}

#[test]
fn names_come_as_asked_for() {
    use Capability::*;
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    talk.say(1, "MODE #c +vv ada bob");
    talk.user(3, "eve", &[MultiPrefix, UserhostInNames, NoImplicitNames]);
    assert_eq!(talk.ask(3, "JOIN #c"), [":eve!u@h.example JOIN #c"]);
    let names = talk.ask(3, "NAMES #c");
    assert_eq!(names[0], ":irc.test 353 eve = #c :@+ada!u@h.example +bob!u@h.example eve!u@h.example");
    assert_eq!(talk.ask(2, "NAMES #c")[0], ":irc.test 353 bob = #c :@ada +bob eve");
    assert_eq!(talk.ask(2, "NAMES"), [":irc.test 366 bob * :End of the list of names"]);
}

#[test]
fn many_names_take_many_lines() {
    let mut talk = Talk::new();
    for number in 1..=100 {
        talk.user(number, &std::format!("a_long_nickname_{number:03}"), &[]);
        talk.say(number, "JOIN #c");
    }
    let answer = talk.ask(1, "NAMES #c");
    let count: usize = answer
        .iter()
        .filter(|line| line.contains(" 353 "))
        .map(|line| line.split(':').next_back().unwrap().split(' ').count())
        .sum();
    assert_eq!(count, 100);
    assert!(answer.len() > 4 && answer.len() < 8);
}

#[test]
fn the_doors_of_a_channel_are_shut_and_an_invitation_opens_them() {
    let mut talk = Talk::in_channel(&["ada"]);
    talk.user(2, "bob", &[]);
    for (mode, numeric, text) in [
        ("+l 1", 471, "Cannot join channel (+l)"),
        ("+k sesame", 475, "Cannot join channel (+k)"),
        ("+R", 477, "Cannot join channel (+R): log in to an account first"),
        ("+i", 473, "Cannot join channel (+i)"),
        ("+b bob", 474, "Cannot join channel (+b)"),
    ] {
        talk.say(1, &std::format!("MODE #c {mode}"));
        assert_eq!(talk.ask(2, "JOIN #c wrong"), [std::format!(":irc.test {numeric} bob #c :{text}")]);
    }
    assert_eq!(talk.ask(1, "INVITE bob #c"), [":irc.test 341 ada bob #c"]);
    assert_eq!(talk.heard(2), [":ada!u@h.example INVITE bob #c"]);
    assert_eq!(talk.ask(2, "JOIN #c")[0], ":bob!u@h.example JOIN #c");
    talk.say(2, "PART #c");
    assert_eq!(talk.ask(2, "JOIN #c").len(), 1, "an invitation opens once");
    talk.say(1, "MODE #c -Rlbi+eI bob *!*@none *!*@h.example");
    assert_eq!(talk.ask(2, "JOIN #c sesame")[0], ":bob!u@h.example JOIN #c");
}

#[test]
fn an_invitation_dies_with_its_channel() {
    let mut talk = Talk::in_channel(&["ada"]);
    talk.user(2, "bob", &[]);
    talk.say(1, "MODE #c +i");
    talk.say(1, "INVITE bob #c");
    talk.say(1, "PART #c");
    talk.say(1, "JOIN #c");
    talk.say(1, "MODE #c +i");
    assert_eq!(talk.ask(2, "JOIN #c"), [":irc.test 473 bob #c :Cannot join channel (+i)"]);
}

#[test]
fn exceptions_and_keys_in_a_list_open_too() {
    let mut talk = Talk::in_channel(&["ada"]);
    talk.user(2, "bob", &[]);
    talk.say(1, "MODE #c +be *!*@* bob!*@*");
    assert_eq!(talk.ask(2, "JOIN #c")[0], ":bob!u@h.example JOIN #c");
    talk.say(1, "JOIN #k");
    talk.say(1, "MODE #k +k open");
    talk.say(2, "PART #c");
    assert_eq!(talk.ask(2, "JOIN #c,#k ,open").iter().filter(|line| line.contains(" JOIN ")).count(), 2);
    assert_eq!(talk.ask(2, "JOIN 0").len(), 2);
    assert_eq!(talk.network.user(Session(2)).unwrap().channel_count(), 0);
}

#[test]
fn channels_and_targets_are_bounded() {
    let mut config = Config::default();
    config.limits.channels = 2;
    config.limits.targets = 3;
    let mut talk = Talk::with(config);
    talk.user(1, "ada", &[]);
    let answer = talk.ask(1, "JOIN #a,#b,#c,#d,#e");
    assert!(answer.contains(&":irc.test 405 ada #c :You have joined too many channels".into()), "{answer:?}");
    assert!(answer.iter().any(|line| line.starts_with(":irc.test 407 ada #d :")), "{answer:?}");
    assert_eq!(talk.ask(1, "JOIN &a"), [":irc.test 403 ada &a :No such channel"]);
    assert_eq!(talk.ask(1, &std::format!("JOIN #{}", "x".repeat(64))).len(), 1);
}

#[test]
fn a_kick_takes_several_and_spares_those_above() {
    let mut talk = Talk::with(Config { statuses: Statuses::Qaohv, ..Config::default() });
    for (number, nick) in (1..).zip(["own", "adm", "op", "half", "voice", "none"]) {
        talk.user(number, nick, &[]);
        talk.say(number, "JOIN #c");
    }
    talk.say(1, "MODE #c +aohv adm op half voice");
    talk.heard.clear();
    assert_eq!(talk.ask(6, "KICK #c voice"), [":irc.test 482 none #c :You're not channel operator"]);
    assert_eq!(talk.ask(4, "KICK #c op"), [":irc.test 482 half #c :You're not channel operator"]);
    assert_eq!(talk.ask(3, "KICK #c adm"), [":irc.test 482 op #c :You're not channel operator"]);
    assert_eq!(talk.ask(2, "KICK #c own"), [":irc.test 482 adm #c :You're not channel operator"]);
    talk.heard.clear();
    talk.say(4, &std::format!("KICK #c voice,none,ghost :{}", "y".repeat(300)));
    let reason = "y".repeat(255);
    for session in [1, 2, 3] {
        let kicks = ["voice", "none"].map(|nick| std::format!(":half!u@h.example KICK #c {nick} :{reason}"));
        assert_eq!(talk.heard(session), kicks);
    }
    assert_eq!(talk.heard(5).len(), 1);
    assert_eq!(talk.heard(4)[2], ":irc.test 401 half ghost :No such nick");
    assert_eq!(talk.ask(1, "KICK #c voice"), [":irc.test 441 own voice #c :They aren't on that channel"]);
    assert_eq!(talk.ask(1, "KICK #c op")[0], ":own!u@h.example KICK #c op :own");
    assert_eq!(talk.ask(3, "KICK #c own"), [":irc.test 442 op #c :You're not on that channel"]);
}

#[test]
fn topics_are_set_by_those_who_may() {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    assert_eq!(talk.ask(2, "TOPIC #c"), [":irc.test 331 bob #c :No topic is set"]);
    assert_eq!(talk.ask(2, "TOPIC #c :x"), [":irc.test 482 bob #c :You're not channel operator"]);
    talk.say(1, "MODE #c -t");
    talk.heard.clear();
    talk.say(2, &std::format!("TOPIC #c :{}", "ä".repeat(200)));
    assert_eq!(talk.heard(1), [std::format!(":bob!u@h.example TOPIC #c :{}", "ä".repeat(195))]);
    talk.say(2, "TOPIC #c :");
    assert_eq!(talk.heard(1), [":bob!u@h.example TOPIC #c :"]);
    assert!(talk.network.channel(b"#C").unwrap().topic().is_none());
    talk.user(3, "eve", &[]);
    assert_eq!(talk.ask(3, "TOPIC #c :x"), [":irc.test 442 eve #c :You're not on that channel"]);
}

#[test]
fn invitations_are_told_to_those_who_could_have_invited() {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    talk.user(3, "eve", &[]);
    for session in [1, 2] {
        talk.network.set_capabilities(Session(session), Capabilities::of(&[Capability::InviteNotify]));
    }
    talk.say(1, "INVITE eve #c");
    assert_eq!(talk.heard(2), [":ada!u@h.example INVITE eve #c"]);
    talk.say(1, "MODE #c +i");
    talk.heard.clear();
    talk.say(1, "INVITE eve #c");
    assert_eq!(talk.heard(2), [""; 0]);
    assert_eq!(talk.ask(2, "INVITE eve #c"), [":irc.test 482 bob #c :You're not channel operator"]);
    assert_eq!(talk.ask(1, "INVITE bob #c"), [":irc.test 443 ada bob #c :is already on channel"]);
    assert_eq!(talk.ask(3, "INVITE ada #c"), [":irc.test 442 eve #c :You're not on that channel"]);
}

#[test]
fn who_asks_is_told_which_invitations_there_are() {
    let mut talk = Talk::in_channel(&["ada"]);
    talk.user(3, "eve", &[]);
    assert_eq!(talk.ask(3, "INVITE"), [":irc.test 337 eve :End of INVITE list"]);
    assert_eq!(talk.ask(3, "INVITE ada"), [":irc.test 461 eve INVITE :Not enough parameters"]);
    talk.say(1, "JOIN #d");
    talk.say(1, "INVITE eve #c");
    talk.say(1, "INVITE eve #d");
    talk.say(1, "PART #d");
    assert_eq!(talk.ask(3, "INVITE"), [":irc.test 336 eve #c", ":irc.test 337 eve :End of INVITE list"], "#d is gone");
    talk.say(3, "JOIN #c");
    assert_eq!(talk.ask(3, "INVITE").len(), 1);
}

#[test]
fn another_nickname_is_no_way_out_of_a_ban() {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    for (mode, lifted) in [("+b bob!*@*", "-b bob!*@*"), ("+q bob!*@*", "+e *!*@h.example"), ("+b *!u@*", "+v bob")] {
        talk.say(1, "MODE #c -e+b-v *!*@h.example *!u2@* bob");
        talk.say(1, &std::format!("MODE #c {mode}"));
        let told = talk.ask(2, "NICK rob");
        assert!(told[0].starts_with(":irc.test 435 bob rob #c :"), "{mode} {told:?}");
        assert_eq!(talk.ask(2, "NICK Bob"), [":bob!u@h.example NICK Bob"], "it is the same name");
        talk.say(2, "NICK bob");
        talk.say(1, &std::format!("MODE #c {lifted}"));
        assert_eq!(talk.ask(2, "NICK rob"), [":bob!u@h.example NICK rob"], "{lifted}");
        talk.say(2, "NICK bob");
    }
    assert_eq!(talk.ask(1, "NICK eva"), [":ada!u@h.example NICK eva"], "the operator, banned as well");
}

#[test]
fn knocks_reach_operators_and_are_not_too_many() {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    talk.user(3, "eve", &[]);
    assert_eq!(talk.ask(3, "KNOCK #c"), [":irc.test 713 eve #c :Channel is open"]);
    talk.say(1, "MODE #c +i");
    talk.heard.clear();
    assert_eq!(talk.ask(3, "KNOCK #c :please"), [":irc.test 711 eve #c :Your knock has been delivered"]);
    assert_eq!(talk.heard(1), [":irc.test 710 #c #c eve!u@h.example :please"]);
    talk.nothing_else();
    assert!(talk.ask(3, "KNOCK #c")[0].starts_with(":irc.test 712 eve #c "));
    assert_eq!(talk.ask(2, "KNOCK #c"), [":irc.test 714 bob #c :You're already on that channel"]);
    talk.say(1, "MODE #c +s");
    assert_eq!(talk.ask(3, "KNOCK #c"), [":irc.test 403 eve #c :No such channel"]);
}

#[test]
fn a_secret_channel_is_not_there_for_others() {
    let mut talk = Talk::in_channel(&["ada"]);
    talk.user(2, "bob", &[]);
    talk.say(1, "MODE #c +s-n");
    let gone = |command: &str| std::format!(":irc.test 403 bob #{} :No such channel", command.trim_start_matches('#'));
    for line in
        ["TOPIC #c", "TOPIC #c :x", "MODE #c", "MODE #c b", "KICK #c ada", "PART #c", "INVITE ada #c", "PRIVMSG #c :x"]
    {
        let nowhere = talk.ask(2, &line.replace("#c", "#nowhere"));
        assert_eq!(nowhere, [gone("#nowhere")], "{line}");
        assert_eq!(talk.ask(2, line), [gone("#c")], "{line}");
        talk.nothing_else();
    }
    assert_eq!(talk.ask(2, "NAMES #c"), [":irc.test 366 bob #c :End of the list of names"]);
}

#[test]
fn who_is_invisible_is_named_inside_alone() {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    talk.user(3, "eve", &[]);
    talk.say(2, "MODE bob +i");
    assert_eq!(talk.ask(3, "NAMES #c")[0], ":irc.test 353 eve = #c :@ada");
    assert_eq!(talk.ask(1, "NAMES #c")[0], ":irc.test 353 ada = #c :@ada bob");
}
