use super::*;

#[test]
fn a_newcomer_is_welcomed() {
    let mut talk = Talk::new();
    talk.user(1, "ada", &[]);
    talk.network.claim(Session(2), b"bob").unwrap();
    let newcomer = Newcomer {
        nick: b"bob",
        user: b"b o!b@x\r\n",
        host: b":::1 \0",
        realname: b"Bob\r\nQUIT",
        ..Newcomer::default()
    };
    talk.network.register(Session(2), &newcomer, NOW, &mut talk.out).unwrap();
    assert_eq!(talk.out.deliveries().count(), 1, "the burst is one delivery");
    talk.deliver();
    let heard = talk.heard(2);
    let numerics: Vec<&str> = heard.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(numerics[..6], ["001", "002", "003", "004", "005", "005"]);
    assert!(heard[0].ends_with("bob!bobx@0:::1"), "{}", heard[0]);
    assert!(["251", "255", "265", "266", "422"].iter().all(|one| numerics.contains(one)), "{numerics:?}");
    assert!(heard.iter().any(|line| line.contains("PREFIX=(ohv)@%+")));
    assert!(heard.iter().any(|line| line.contains("MAXLIST=Ibeq:100") || line.contains("MAXLIST=beIq:100")));
    assert_eq!(talk.network.user(Session(2)).unwrap().realname(), b"BobQUIT");
}

#[test]
fn a_nickname_is_claimed_by_one_alone() {
    let mut talk = Talk::new();
    talk.network.claim(Session(1), b"ada").unwrap();
    assert_eq!(talk.network.claim(Session(2), b"ADA"), Err(ClaimFault::InUse));
    assert_eq!(talk.network.claim(Session(2), b"1a"), Err(ClaimFault::Nick(crate::nick::NickFault::First)));
    talk.network.claim(Session(1), b"eve").unwrap();
    talk.network.claim(Session(2), b"ADA").unwrap();
    talk.network.disconnect(Session(2), b"", NOW, &mut talk.out);
    talk.user(3, "ada", &[]);
    assert_eq!(talk.network.claim(Session(3), b"other"), Err(ClaimFault::Registered));
    assert_eq!(talk.network.claim(Session(1), b"Ada"), Err(ClaimFault::InUse));
    talk.network.disconnect(Session(3), b"", NOW, &mut talk.out);
    assert_eq!(talk.network.claim(Session(1), b"Ada"), Ok(()));
    assert!(talk.network.user_by_nick(b"ada").is_none());
}

#[test]
fn names_of_any_script_have_two_cases_where_that_is_wanted() {
    let mut config = Config { case_mapping: crate::casemap::CaseMapping::Precis, ..Config::default() };
    config.nick_characters = crate::nick::NickCharacters::Wide;
    let mut talk = Talk::with(config);
    talk.user(1, "Émile", &[]);
    assert_eq!(talk.network.claim(Session(2), "éMILE".as_bytes()), Err(ClaimFault::InUse));
    assert_eq!(talk.network.claim(Session(2), "e\u{301}mile".as_bytes()), Err(ClaimFault::InUse));
    talk.user(2, "ольга", &[]);
    talk.say(1, "JOIN #Öl");
    talk.say(1, "MODE #öL +b ОЛЬГА");
    assert_eq!(talk.ask(2, "JOIN #ÖL"), [":irc.test 474 ольга #Öl :Cannot join channel (+b)"]);
    talk.say(1, "PRIVMSG Ольга :привет");
    assert_eq!(talk.heard(2), [":Émile!u@h.example PRIVMSG ольга :привет"]);
    let tokens = talk.network.isupport().tokens();
    assert!(tokens.contains(&b"CASEMAPPING=ascii".to_vec()) && tokens.contains(&b"UTF8MAPPING=rfc8265".to_vec()));
}

#[test]
fn a_rename_is_seen_once_by_everyone_in_common_channels() {
    let mut talk = Talk::in_channel(&["ada", "bob", "eve"]);
    talk.user(4, "far", &[]);
    for session in [1, 2] {
        talk.say(session, "JOIN #d,#e");
    }
    assert_eq!(talk.ask(1, "NICK Bob"), [":irc.test 433 ada Bob :Nickname is already in use"]);
    assert_eq!(talk.ask(1, "NICK #x"), [":irc.test 432 ada #x :Erroneous nickname"]);
    assert_eq!(talk.ask(1, "NICK"), [":irc.test 431 ada :No nickname given"]);
    assert_eq!(talk.ask(1, "NICK ada"), [""; 0]);
    talk.say(1, "NICK Ada");
    let line = ":ada!u@h.example NICK Ada";
    for session in [1, 2, 3] {
        assert_eq!(talk.heard(session), [line]);
    }
    talk.nothing_else();
    assert_eq!(talk.actions, [Action::Renamed { session: Session(1), nick: "Ada".into() }]);
    assert_eq!(talk.ask(2, "PRIVMSG ADA :x"), [""; 0]);
    assert_eq!(talk.heard(1), [":bob!u@h.example PRIVMSG Ada :x"]);
}

#[test]
fn a_quit_is_seen_once_and_leaves_nothing() {
    let mut talk = Talk::in_channel(&["ada", "bob", "eve"]);
    for session in [1, 2] {
        talk.say(session, "JOIN #d,#e");
    }
    talk.heard.clear();
    talk.network.disconnect(Session(1), b"gone\r\nfishing", NOW, &mut talk.out);
    talk.deliver();
    for session in [2, 3] {
        assert_eq!(talk.heard(session), [":ada!u@h.example QUIT :gonefishing"]);
    }
    talk.nothing_else();
    talk.network.disconnect(Session(1), b"again", NOW, &mut talk.out);
    assert!(talk.out.is_empty());
    talk.say(2, "QUIT :bye");
    assert_eq!(talk.actions, [Action::Close { session: Session(2), text: "bye".into() }]);
    talk.network.disconnect(Session(3), b"", NOW, &mut talk.out);
    assert_eq!((talk.network.channels().count(), talk.network.users().count()), (0, 0));
}

#[test]
fn away_setname_account_and_host_go_to_those_who_asked() {
    use Capability::*;
    let mut talk = Talk::new();
    talk.user(1, "ada", &[]);
    talk.user(2, "old", &[]);
    talk.user(3, "new", &[AwayNotify, Setname, AccountNotify, Chghost]);
    for session in [1, 2, 3] {
        talk.say(session, "JOIN #c");
    }
    assert_eq!(talk.ask(1, "AWAY :at lunch"), [":irc.test 306 ada :You have been marked as being away"]);
    assert_eq!(talk.heard(3), [":ada!u@h.example AWAY :at lunch"]);
    assert_eq!(talk.ask(2, "PRIVMSG ada :hi"), [":irc.test 301 old ada :at lunch"]);
    assert_eq!(talk.ask(2, "NOTICE ada :hi"), [""; 0]);
    assert_eq!(talk.ask(1, "AWAY"), [":irc.test 305 ada :You are no longer marked as being away"]);
    assert_eq!(talk.heard(3), [":ada!u@h.example AWAY"]);
    talk.say(1, "SETNAME :Ada L.");
    assert_eq!(talk.heard(3), [":ada!u@h.example SETNAME :Ada L."]);
    talk.network.set_account(Session(1), Some(b"lovelace"), NOW, &mut talk.out);
    talk.network.set_host(Session(1), b"", b"cloak", NOW, &mut talk.out);
    talk.deliver();
    assert_eq!(talk.heard(3), [":ada!u@h.example ACCOUNT lovelace", ":ada!u@h.example CHGHOST u cloak"]);
    assert_eq!(talk.heard(2), [""; 0]);
    assert_eq!(talk.network.user(Session(1)).unwrap().source(), b"ada!u@cloak");
    talk.network.set_account(Session(1), None, NOW, &mut talk.out);
    talk.deliver();
    assert_eq!(talk.heard(3), [":ada!u@cloak ACCOUNT *"]);
    let long = "x".repeat(151);
    let answer = talk.ask(1, &std::format!("SETNAME :{long}"));
    assert_eq!(answer, [":irc.test NOTICE ada :FAIL SETNAME INVALID_REALNAME Realname is empty or too long"]);
    talk.network.set_capabilities(Session(1), Capabilities::of(&[StandardReplies]));
    assert_eq!(talk.ask(1, "SETNAME :"), [":irc.test FAIL SETNAME INVALID_REALNAME :Realname is empty or too long"]);
}

#[test]
fn operators_are_made_by_the_application() {
    let mut talk = Talk::in_channel(&["ada", "bob", "eve"]);
    assert_eq!(talk.ask(1, "KILL bob :x"), [":irc.test 481 ada :Permission denied: you're not an IRC operator"]);
    assert_eq!(talk.ask(1, "MODE ada +o"), [""; 0]);
    talk.say(1, "OPER root secret");
    assert_eq!(std::format!("{:?}", talk.actions), "[Operator(Session(1), root)]");
    talk.network.operator(Session(1), false, NOW, &mut talk.out);
    talk.network.operator(Session(1), true, NOW, &mut talk.out);
    talk.deliver();
    let expected = [
        ":irc.test 464 ada :Password incorrect",
        ":irc.test 381 ada :You are now an IRC operator",
        ":ada!u@h.example MODE ada +o",
    ];
    assert_eq!(talk.heard(1), expected);
    talk.actions.clear();
    talk.say(1, "KILL bob :spam");
    assert_eq!(talk.heard(2), [":ada!u@h.example KILL bob :spam"]);
    assert_eq!(talk.heard(3), [":bob!u@h.example QUIT :Killed (ada (spam))"]);
    assert_eq!(talk.actions, [Action::Close { session: Session(2), text: "Killed (ada (spam))".into() }]);
    talk.say(3, "MODE eve +w");
    talk.heard.clear();
    talk.say(1, "WALLOPS :fire");
    assert_eq!(talk.heard(3), [":ada!u@h.example WALLOPS :fire"]);
    talk.nothing_else();
    assert_eq!(talk.ask(1, "LUSERS")[1], ":irc.test 252 ada 1 :operator(s) online");
    assert_eq!(talk.ask(1, "REHASH"), [":irc.test 382 ada configuration Rehashing"]);
}

#[test]
fn odd_settings_make_lawful_lines() {
    let limits = Limits { nick: 4000, host: 4000, channel: 4000, ..Limits::default() };
    let motd = ["one\r\ntwo".into(), "x".repeat(600).into()];
    let config = Config {
        motd: motd.into(),
        network_name: "a b\n".into(),
        msgid_prefix: "a;b ".into(),
        limits,
        ..Config::default()
    };
    let mut network = Network::new(Config { server_name: ": odd\n name".into(), ..config });
    let nick = [b'n'; 50];
    let host = [b'h'; 4000];
    let newcomer =
        Newcomer { nick: &nick, host: &host, user: &host, account: Some(b"\xff: \n"), ..Newcomer::default() };
    let mut out = Deliveries::new();
    network.register(Session(1), &newcomer, u64::MAX, &mut out).unwrap();
    for line in out.deliveries().next().unwrap().bytes.split_inclusive(|byte| *byte == b'\n') {
        assert!(line.len() <= 512);
        let message = Message::parse(line.strip_suffix(b"\r\n").unwrap(), Profile::Strict).unwrap();
        assert_eq!(message.source().unwrap().as_bytes(), b"oddname");
    }
    assert_eq!(network.user(Session(1)).unwrap().account(), Some("\u{fffd}:".as_bytes()));
    assert_eq!(network.config().msgid_prefix.as_ref(), "ab");
}
