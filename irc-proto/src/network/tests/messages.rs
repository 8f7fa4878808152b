use super::*;

fn tagged() -> [Capability; 4] {
    [Capability::MessageTags, Capability::ServerTime, Capability::AccountTag, Capability::EchoMessage]
}

#[test]
fn one_line_for_each_set_of_capabilities() {
    let mut talk = Talk::in_channel(&["ada", "bob", "eve", "dan"]);
    talk.network.set_account(Session(1), Some(b"lovelace"), NOW, &mut talk.out);
    talk.out.clear();
    for session in [3, 4] {
        talk.network.set_capabilities(Session(session), Capabilities::of(&tagged()));
    }
    let message = Message::parse(b"PRIVMSG #C :hello", Profile::Strict).unwrap();
    talk.network.handle(Session(1), message, NOW + 7, &mut talk.out);
    let parcels: Vec<Vec<u64>> = talk.out.deliveries().map(|one| one.to.iter().map(|to| to.0).collect()).collect();
    assert_eq!(parcels, [vec![2], vec![3, 4]]);
    talk.deliver();
    assert_eq!(talk.heard(2), [":ada!u@h.example PRIVMSG #c :hello"]);
    let line = "@time=2026-11-21T08:00:00.007Z;account=lovelace;msgid=5 :ada!u@h.example PRIVMSG #c :hello";
    assert_eq!(talk.heard(3), [line]);
    talk.nothing_like(1);
}

#[test]
fn operators_are_told_by_a_tag_to_those_who_know_it() {
    let mut talk = Talk::in_channel(&["ada", "bob", "eve", "dan"]);
    talk.network.set_capabilities(Session(2), Capabilities::of(&[Capability::OperTag]));
    talk.network.set_capabilities(Session(3), Capabilities::of(&[Capability::OperTag, Capability::MessageTags]));
    talk.say(1, "PRIVMSG #c :one");
    assert_eq!(talk.heard(2), [":ada!u@h.example PRIVMSG #c :one"]);
    talk.heard.clear();
    talk.network.operator(Session(1), true, NOW, &mut talk.out);
    talk.out.clear();
    talk.say(1, "PRIVMSG #c :two");
    assert_eq!(talk.heard(2), ["@draft/oper :ada!u@h.example PRIVMSG #c :two"]);
    assert_eq!(talk.heard(3), ["@msgid=6;draft/oper :ada!u@h.example PRIVMSG #c :two"]);
    assert_eq!(talk.heard(4), [":ada!u@h.example PRIVMSG #c :two"]);
    talk.say(1, "TOPIC #c :three");
    assert_eq!(talk.heard(2), ["@draft/oper :ada!u@h.example TOPIC #c :three"]);
    talk.say(1, "NOTICE bob :four");
    assert_eq!(talk.heard(2), ["@draft/oper :ada!u@h.example NOTICE bob :four"]);
    talk.say(1, "NOTICE dan :five");
    assert_eq!(talk.heard(4).last().unwrap(), ":ada!u@h.example NOTICE dan :five");
    talk.say(1, "QUIT");
    assert_eq!(talk.heard(2), ["@draft/oper :ada!u@h.example QUIT"]);
}

impl Talk {
    fn nothing_like(&mut self, session: u64) {
        assert_eq!(self.heard(session), [""; 0]);
    }
}

#[test]
fn who_asks_for_echoes_gets_them() {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    talk.network.set_capabilities(Session(1), Capabilities::of(&[Capability::EchoMessage]));
    assert_eq!(talk.ask(1, "PRIVMSG bob :hi"), [":ada!u@h.example PRIVMSG bob :hi"]);
    assert_eq!(talk.heard(2), [":ada!u@h.example PRIVMSG bob :hi"]);
    assert_eq!(talk.ask(1, "NOTICE #c :hi"), [":ada!u@h.example NOTICE #c :hi"]);
    assert_eq!(talk.ask(1, "PRIVMSG ghost :hi"), [":irc.test 401 ada ghost :No such nick"]);
}

#[test]
fn client_tags_go_to_those_who_know_them() {
    let mut talk = Talk::with(Config { client_tag_deny: "draft/secret".into(), ..Config::default() });
    talk.user(1, "ada", &tagged()[..1]);
    talk.user(2, "bob", &tagged()[..1]);
    talk.user(3, "old", &[]);
    for session in [1, 2, 3] {
        talk.say(session, "JOIN #c");
    }
    talk.heard.clear();
    talk.say(1, r"@+draft/reply=1\:2;time=never;+draft/secret=x;+b_ad=1;msgid=own PRIVMSG #c :hello");
    assert_eq!(
        talk.heard(2),
        [r"@msgid=4;+draft/reply=1\:2 :ada!u@h.example PRIVMSG #c hello".replace(" hello", " :hello")]
    );
    assert_eq!(talk.heard(3), [":ada!u@h.example PRIVMSG #c :hello"]);
    talk.say(1, "@+typing=active TAGMSG #c");
    assert_eq!(talk.heard(2), ["@msgid=5;+typing=active :ada!u@h.example TAGMSG #c"]);
    talk.nothing_like(3);
    talk.say(1, "@+typing=active TAGMSG old");
    talk.say(1, "@+draft/secret=x TAGMSG #c");
    talk.say(3, "@+typing=active TAGMSG #c");
    talk.nothing_else();
    let huge = std::format!("@+x={} PRIVMSG #c :hi", "\\\\".repeat(2045));
    talk.say(1, &huge);
    assert_eq!(talk.heard(2)[0].len(), huge.len() + "msgid=6;".len() + ":ada!u@h.example ".len());
}

#[test]
fn a_bot_is_marked() {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    talk.network.set_capabilities(Session(2), Capabilities::of(&tagged()[..1]));
    talk.say(1, "MODE ada +B");
    talk.say(1, "PRIVMSG #c :beep");
    assert_eq!(talk.heard(2), ["@msgid=3;bot :ada!u@h.example PRIVMSG #c :beep"]);
}

#[test]
fn who_may_not_speak_is_not_heard() {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    talk.user(3, "eve", &[]);
    let no = |nick: &str| [std::format!(":irc.test 404 {nick} #c :Cannot send to channel")];
    assert_eq!(talk.ask(3, "PRIVMSG #c :x"), no("eve"), "+n");
    talk.say(1, "MODE #c -n");
    assert_eq!(talk.ask(3, "PRIVMSG #c :x"), [""; 0]);
    assert_eq!(talk.heard(2), [":eve!u@h.example PRIVMSG #c :x"]);
    for (mode, text) in [("+m", "x"), ("-m+b bob", "x"), ("-b+q bob bob", "x"), ("-q+C bob", "\u{1}VERSION\u{1}")] {
        talk.say(1, &std::format!("MODE #c {mode}"));
        assert_eq!(talk.ask(2, &std::format!("PRIVMSG #c :{text}")), no("bob"), "{mode}");
        talk.nothing_else();
        assert_eq!(talk.ask(2, &std::format!("NOTICE #c :{text}")), [""; 0]);
        talk.nothing_else();
    }
    assert_eq!(talk.ask(2, "PRIVMSG #c :\u{1}ACTION waves\u{1}"), [""; 0]);
    talk.say(1, "MODE #c +mbv bob bob");
    talk.heard.clear();
    talk.say(2, "PRIVMSG #c :x");
    assert_eq!(talk.heard(1).len(), 1, "a voice speaks through bans");
}

#[test]
fn a_status_message_goes_to_the_status_and_above() {
    let mut talk = Talk::in_channel(&["op", "half", "voice", "none"]);
    talk.say(1, "MODE #c +hv half voice");
    for (target, hearers) in [("@#c", vec![]), ("%#c", vec![2]), ("+#c", vec![2, 3]), ("@+#c", vec![2, 3])] {
        talk.heard.clear();
        talk.say(1, &std::format!("PRIVMSG {target} :x"));
        assert_eq!(talk.heard.keys().copied().collect::<Vec<_>>(), hearers, "{target}");
        assert!(talk.heard.values().all(|lines| *lines == [std::format!(":op!u@h.example PRIVMSG {target} :x")]));
    }
}

#[test]
fn nothing_and_too_much_are_told() {
    let mut talk = Talk::in_channel(&["ada", "bob"]);
    assert_eq!(talk.ask(1, "PRIVMSG"), [":irc.test 411 ada :No recipient given"]);
    assert_eq!(talk.ask(1, "PRIVMSG bob"), [":irc.test 412 ada :No text to send"]);
    assert_eq!(talk.ask(1, "PRIVMSG bob :"), [":irc.test 412 ada :No text to send"]);
    assert_eq!(talk.ask(1, "NOTICE"), [""; 0]);
    let answer = talk.ask(1, &std::format!("PRIVMSG {} :x", ["bob"; 10].join(",")));
    assert_eq!(answer.len(), 1);
    assert!(answer[0].starts_with(":irc.test 407 ada bob :"));
    assert_eq!(talk.heard(2).len(), 8);
    let line = std::format!("PRIVMSG #c :{}", "ä".repeat(249));
    assert!(line.len() <= 510);
    talk.say(1, &line);
    let heard = talk.heard(2).remove(0);
    assert!(heard.len() <= 510 && heard.len() > 507 && heard.ends_with('ä'));
}
