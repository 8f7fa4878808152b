//! The vectors for parsers of ircdocs (irc-parser-tests, CC0), as far as they are about messages and sources.

use irc_proto::codec::{Command, Encoder, Message, Parts, Profile, Sender, Source, Trailing};

/// What is in a message: tags unescaped, the last of each key.
struct Atoms {
    tags: &'static [(&'static str, &'static str)],
    source: Option<&'static str>,
    command: &'static str,
    params: &'static [&'static str],
}

#[test]
fn lines_split_into_their_atoms() {
    for (line, atoms) in SPLIT {
        let message =
            Message::parse(line.as_bytes(), Profile::Lenient).unwrap_or_else(|fault| panic!("{line}: {fault}"));
        for (key, value) in atoms.tags {
            let read = message.tags().value(key.as_bytes()).map(|value| value.unescaped());
            assert_eq!(read.as_deref(), Some(value.as_bytes()), "{line}: {key}");
        }
        let unknown = message.tags().iter().find(|tag| !atoms.tags.iter().any(|(key, _)| tag.key() == key.as_bytes()));
        assert_eq!(unknown, None, "{line}");
        let source = message.source().map(|source| source.as_bytes());
        assert_eq!(source, atoms.source.map(str::as_bytes), "{line}");
        match message.command() {
            Command::Word(word) => assert_eq!(word, atoms.command.as_bytes(), "{line}"),
            Command::Numeric(numeric) => assert_eq!(numeric.digits(), atoms.command.as_bytes(), "{line}"),
        }
        let params: Vec<_> = message.params().collect();
        assert_eq!(params, atoms.params.iter().map(|param| param.as_bytes()).collect::<Vec<_>>(), "{line}");
    }
}

#[test]
fn atoms_join_into_a_line() {
    for (atoms, lines) in JOIN {
        let tags: Vec<_> = atoms.tags.iter().map(|(key, value)| (key.as_bytes(), value.as_bytes())).collect();
        let params: Vec<_> = atoms.params.iter().map(|param| param.as_bytes()).collect();
        let parts = Parts {
            tags: &tags,
            source: atoms.source.map(str::as_bytes),
            command: Command::Word(atoms.command.as_bytes()),
            params: &params,
        };
        for trailing in [Trailing::Auto, Trailing::Always] {
            let line = Encoder::new(Sender::Server).with_trailing(trailing).to_bytes(&parts).unwrap();
            let line = line.strip_suffix(b"\r\n").unwrap();
            assert!(
                lines.iter().any(|wanted| wanted.as_bytes() == line),
                "{} is not among {lines:?}",
                line.escape_ascii()
            );
        }
    }
}

#[test]
fn sources_split_into_name_user_and_host() {
    for (raw, name, user, host) in USERHOST {
        let source = Source::parse(raw.as_bytes());
        let parts = [source.name(), source.user().unwrap_or_default(), source.host().unwrap_or_default()];
        assert_eq!(parts, [name, user, host].map(|part| part.as_bytes()), "{raw}");
    }
}

/// Lines and what is in them.
#[rustfmt::skip]
const SPLIT: &[(&str, Atoms)] = &[
    ("foo bar baz asdf", Atoms { tags: &[], source: None, command: "foo", params: &["bar", "baz", "asdf"] }),
    (":coolguy foo bar baz asdf", Atoms { tags: &[], source: Some("coolguy"), command: "foo", params: &["bar", "baz", "asdf"] }),
    ("foo bar baz :asdf quux", Atoms { tags: &[], source: None, command: "foo", params: &["bar", "baz", "asdf quux"] }),
    ("foo bar baz :", Atoms { tags: &[], source: None, command: "foo", params: &["bar", "baz", ""] }),
    ("foo bar baz ::asdf", Atoms { tags: &[], source: None, command: "foo", params: &["bar", "baz", ":asdf"] }),
    (":coolguy foo bar baz :asdf quux", Atoms { tags: &[], source: Some("coolguy"), command: "foo", params: &["bar", "baz", "asdf quux"] }),
    (":coolguy foo bar baz :  asdf quux ", Atoms { tags: &[], source: Some("coolguy"), command: "foo", params: &["bar", "baz", "  asdf quux "] }),
    (":coolguy PRIVMSG bar :lol :) ", Atoms { tags: &[], source: Some("coolguy"), command: "PRIVMSG", params: &["bar", "lol :) "] }),
    (":coolguy foo bar baz :", Atoms { tags: &[], source: Some("coolguy"), command: "foo", params: &["bar", "baz", ""] }),
    (":coolguy foo bar baz :  ", Atoms { tags: &[], source: Some("coolguy"), command: "foo", params: &["bar", "baz", "  "] }),
    ("@a=b;c=32;k;rt=ql7 foo", Atoms { tags: &[("a", "b"), ("c", "32"), ("k", ""), ("rt", "ql7")], source: None, command: "foo", params: &[] }),
    ("@a=b\\\\and\\nk;c=72\\s45;d=gh\\:764 foo", Atoms { tags: &[("a", "b\\and\nk"), ("c", "72 45"), ("d", "gh;764")], source: None, command: "foo", params: &[] }),
    ("@c;h=;a=b :quux ab cd", Atoms { tags: &[("c", ""), ("h", ""), ("a", "b")], source: Some("quux"), command: "ab", params: &["cd"] }),
    (":src JOIN #chan", Atoms { tags: &[], source: Some("src"), command: "JOIN", params: &["#chan"] }),
    (":src JOIN :#chan", Atoms { tags: &[], source: Some("src"), command: "JOIN", params: &["#chan"] }),
    (":src AWAY", Atoms { tags: &[], source: Some("src"), command: "AWAY", params: &[] }),
    (":src AWAY ", Atoms { tags: &[], source: Some("src"), command: "AWAY", params: &[] }),
    (":cool\tguy foo bar baz", Atoms { tags: &[], source: Some("cool\tguy"), command: "foo", params: &["bar", "baz"] }),
    (":coolguy!ag@net\x035w\x03ork.admin PRIVMSG foo :bar baz", Atoms { tags: &[], source: Some("coolguy!ag@net\x035w\x03ork.admin"), command: "PRIVMSG", params: &["foo", "bar baz"] }),
    (":coolguy!~ag@n\x02et\x0305w\x0fork.admin PRIVMSG foo :bar baz", Atoms { tags: &[], source: Some("coolguy!~ag@n\x02et\x0305w\x0fork.admin"), command: "PRIVMSG", params: &["foo", "bar baz"] }),
    ("@tag1=value1;tag2;vendor1/tag3=value2;vendor2/tag4= :irc.example.com COMMAND param1 param2 :param3 param3", Atoms { tags: &[("tag1", "value1"), ("tag2", ""), ("vendor1/tag3", "value2"), ("vendor2/tag4", "")], source: Some("irc.example.com"), command: "COMMAND", params: &["param1", "param2", "param3 param3"] }),
    (":irc.example.com COMMAND param1 param2 :param3 param3", Atoms { tags: &[], source: Some("irc.example.com"), command: "COMMAND", params: &["param1", "param2", "param3 param3"] }),
    ("@tag1=value1;tag2;vendor1/tag3=value2;vendor2/tag4 COMMAND param1 param2 :param3 param3", Atoms { tags: &[("tag1", "value1"), ("tag2", ""), ("vendor1/tag3", "value2"), ("vendor2/tag4", "")], source: None, command: "COMMAND", params: &["param1", "param2", "param3 param3"] }),
    ("COMMAND", Atoms { tags: &[], source: None, command: "COMMAND", params: &[] }),
    ("@foo=\\\\\\\\\\:\\\\s\\s\\r\\n COMMAND", Atoms { tags: &[("foo", "\\\\;\\s \r\n")], source: None, command: "COMMAND", params: &[] }),
    (":gravel.mozilla.org 432  #momo :Erroneous Nickname: Illegal characters", Atoms { tags: &[], source: Some("gravel.mozilla.org"), command: "432", params: &["#momo", "Erroneous Nickname: Illegal characters"] }),
    (":gravel.mozilla.org MODE #tckk +n ", Atoms { tags: &[], source: Some("gravel.mozilla.org"), command: "MODE", params: &["#tckk", "+n"] }),
    (":services.esper.net MODE #foo-bar +o foobar  ", Atoms { tags: &[], source: Some("services.esper.net"), command: "MODE", params: &["#foo-bar", "+o", "foobar"] }),
    ("@tag1=value\\\\ntest COMMAND", Atoms { tags: &[("tag1", "value\\ntest")], source: None, command: "COMMAND", params: &[] }),
    ("@tag1=value\\1 COMMAND", Atoms { tags: &[("tag1", "value1")], source: None, command: "COMMAND", params: &[] }),
    ("@tag1=value1\\ COMMAND", Atoms { tags: &[("tag1", "value1")], source: None, command: "COMMAND", params: &[] }),
    ("@tag1=1;tag2=3;tag3=4;tag1=5 COMMAND", Atoms { tags: &[("tag1", "5"), ("tag2", "3"), ("tag3", "4")], source: None, command: "COMMAND", params: &[] }),
    ("@tag1=1;tag2=3;tag3=4;tag1=5;vendor/tag2=8 COMMAND", Atoms { tags: &[("tag1", "5"), ("tag2", "3"), ("tag3", "4"), ("vendor/tag2", "8")], source: None, command: "COMMAND", params: &[] }),
    (":SomeOp MODE #channel :+i", Atoms { tags: &[], source: Some("SomeOp"), command: "MODE", params: &["#channel", "+i"] }),
    (":SomeOp MODE #channel +oo SomeUser :AnotherUser", Atoms { tags: &[], source: Some("SomeOp"), command: "MODE", params: &["#channel", "+oo", "SomeUser", "AnotherUser"] }),
];

/// Parts and the lines that may be made of them.
#[rustfmt::skip]
const JOIN: &[(Atoms, &[&str])] = &[
    (Atoms { tags: &[], source: None, command: "foo", params: &["bar", "baz", "asdf"] }, &["foo bar baz asdf", "foo bar baz :asdf"]),
    (Atoms { tags: &[], source: Some("src"), command: "AWAY", params: &[] }, &[":src AWAY"]),
    (Atoms { tags: &[], source: Some("src"), command: "AWAY", params: &[""] }, &[":src AWAY :"]),
    (Atoms { tags: &[], source: Some("coolguy"), command: "foo", params: &["bar", "baz", "asdf"] }, &[":coolguy foo bar baz asdf", ":coolguy foo bar baz :asdf"]),
    (Atoms { tags: &[], source: None, command: "foo", params: &["bar", "baz", "asdf quux"] }, &["foo bar baz :asdf quux"]),
    (Atoms { tags: &[], source: None, command: "foo", params: &["bar", "baz", ""] }, &["foo bar baz :"]),
    (Atoms { tags: &[], source: None, command: "foo", params: &["bar", "baz", ":asdf"] }, &["foo bar baz ::asdf"]),
    (Atoms { tags: &[], source: Some("coolguy"), command: "foo", params: &["bar", "baz", "asdf quux"] }, &[":coolguy foo bar baz :asdf quux"]),
    (Atoms { tags: &[], source: Some("coolguy"), command: "foo", params: &["bar", "baz", "  asdf quux "] }, &[":coolguy foo bar baz :  asdf quux "]),
    (Atoms { tags: &[], source: Some("coolguy"), command: "PRIVMSG", params: &["bar", "lol :) "] }, &[":coolguy PRIVMSG bar :lol :) "]),
    (Atoms { tags: &[], source: Some("coolguy"), command: "foo", params: &["bar", "baz", ""] }, &[":coolguy foo bar baz :"]),
    (Atoms { tags: &[], source: Some("coolguy"), command: "foo", params: &["bar", "baz", "  "] }, &[":coolguy foo bar baz :  "]),
    (Atoms { tags: &[], source: Some("coolguy"), command: "foo", params: &["b\tar", "baz"] }, &[":coolguy foo b\tar baz", ":coolguy foo b\tar :baz"]),
    (Atoms { tags: &[("asd", "")], source: Some("coolguy"), command: "foo", params: &["bar", "baz", "  "] }, &["@asd :coolguy foo bar baz :  "]),
    (Atoms { tags: &[("a", "b\\and\nk"), ("d", "gh;764")], source: None, command: "foo", params: &[] }, &["@a=b\\\\and\\nk;d=gh\\:764 foo", "@d=gh\\:764;a=b\\\\and\\nk foo"]),
    (Atoms { tags: &[("a", "b\\and\nk"), ("d", "gh;764")], source: None, command: "foo", params: &["par1", "par2"] }, &["@a=b\\\\and\\nk;d=gh\\:764 foo par1 par2", "@a=b\\\\and\\nk;d=gh\\:764 foo par1 :par2", "@d=gh\\:764;a=b\\\\and\\nk foo par1 par2", "@d=gh\\:764;a=b\\\\and\\nk foo par1 :par2"]),
    (Atoms { tags: &[("foo", "\\\\;\\s \r\n")], source: None, command: "COMMAND", params: &[] }, &["@foo=\\\\\\\\\\:\\\\s\\s\\r\\n COMMAND"]),
];

/// Sources with their name, user and host; a missing part is empty.
#[rustfmt::skip]
const USERHOST: &[(&str, &str, &str, &str)] = &[
    ("coolguy!ag@127.0.0.1", "coolguy", "ag", "127.0.0.1"),
    ("coolguy!~ag@localhost", "coolguy", "~ag", "localhost"),
    ("!ag@127.0.0.1", "", "ag", "127.0.0.1"),
    ("coolguy!@127.0.0.1", "coolguy", "", "127.0.0.1"),
    ("coolguy@127.0.0.1", "coolguy", "", "127.0.0.1"),
    ("coolguy!ag@", "coolguy", "ag", ""),
    ("coolguy!ag", "coolguy", "ag", ""),
    ("coolguy!ag@net\x035w\x03ork.admin", "coolguy", "ag", "net\x035w\x03ork.admin"),
    ("coolguy!~ag@n\x02et\x0305w\x0fork.admin", "coolguy", "~ag", "n\x02et\x0305w\x0fork.admin"),
];
