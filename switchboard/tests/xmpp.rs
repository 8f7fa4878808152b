//! Chat by XMPP over the program: logins, messages, rosters, rooms, streams
//! that go on over another connection, on three runtimes; and the room that is
//! IRC's, too.

mod program;

use std::io::Write;
use std::net::{SocketAddr, TcpStream};

use program::talk::Talk;
use program::{Client, PASSWORD, Program, Tls, tcp};
use wirestate_sasl::Secret;
use xmpp_proto::payload::component;

const RUNTIMES: [&str; 3] = ["tokio", "async-std", "blocking"];

struct Chat {
    program: Program,
    xmpp: SocketAddr,
    xmpps: SocketAddr,
    irc: SocketAddr,
}

impl Chat {
    fn start(arguments: &[&str]) -> Self {
        let ports = ["--xmpp", "127.0.0.1:0", "--xmpps", "127.0.0.1:0", "--irc", "127.0.0.1:0"];
        let program = Program::start_with(&[&["--user", "bob:bob's"], &ports[..], arguments].concat());
        let at = |protocol: &str| {
            let line = program.more.iter().find_map(|line| line.strip_prefix(&format!("{protocol} ")));
            line.expect(protocol).parse().unwrap()
        };
        let (xmpp, xmpps, irc) = (at("xmpp"), at("xmpps"), at("irc"));
        Self { program, xmpp, xmpps, irc }
    }

    fn connect(&self) -> Talk<TcpStream> {
        Talk::new(tcp(self.xmpp))
    }

    /// Somebody who is logged in by PLAIN in the clear, and bound.
    fn user(&self, name: &str, password: &str, resource: &str) -> Talk<TcpStream> {
        let mut talk = self.connect();
        talk.log_in(name, password);
        talk.bind(resource);
        talk
    }

    fn alice(&self, resource: &str) -> Talk<TcpStream> {
        self.user("alice", PASSWORD, resource)
    }

    fn bob(&self, resource: &str) -> Talk<TcpStream> {
        self.user("bob", "bob's", resource)
    }

    /// Somebody of IRC in #lobby.
    fn irc(&self, nick: &str) -> Client<TcpStream> {
        let mut client = Client::new(tcp(self.irc));
        client.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\nJOIN #lobby\r\n"));
        hear_line(&mut client, " 366 ");
        client
    }
}

/// The next line with this in it.
fn hear_line(client: &mut Client<TcpStream>, wanted: &str) -> String {
    loop {
        let line = client.line();
        assert!(!line.is_empty(), "the connection ended before {wanted:?}");
        if line.contains(wanted) {
            return line;
        }
    }
}

#[test]
fn users_log_in_in_each_way() {
    for runtime in RUNTIMES {
        let mut chat = Chat::start(&["--runtime", runtime]);
        let mut talk = chat.connect();
        let features = talk.open();
        assert!(features.contains("<starttls") && features.contains(">SCRAM-SHA-256<"), "{features}");
        talk.plain("alice", "wrong");
        assert!(talk.hear("</failure>").contains("not-authorized"));
        talk.scram("alice", PASSWORD);
        talk.open();
        talk.bind("plain");

        let mut talk = chat.connect();
        talk.open();
        talk.ask("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "<proceed");
        talk.hear(">");
        let mut secured: Talk<Tls> = Talk::new(chat.program.tls(talk.stream, &[b"xmpp-client"]));
        let features = secured.open();
        assert!(features.contains("-PLUS<") && !features.contains("<starttls"), "{features}");
        secured.scram("bob", "bob's");
        secured.open();
        secured.bind("starttls");

        let mut direct = Talk::new(chat.program.tls(tcp(chat.xmpps), &[b"xmpp-client"]));
        direct.log_in("alice", PASSWORD);
        direct.bind("direct");
        direct.sync();
        chat.program.terminate();
        direct.hear("system-shutdown");
        assert!(chat.program.ended().success());
        assert!(chat.program.log().contains("bound session=3 jid=alice@localhost/direct"), "{}", chat.program.log());
    }
}

#[test]
fn messages_find_who_is_there_and_wait_for_who_is_not() {
    for runtime in RUNTIMES {
        let chat = Chat::start(&["--runtime", runtime]);
        let (mut alice, mut bob) = (chat.alice("a"), chat.bob("b"));
        alice.appear();
        bob.appear();
        alice.say("<message to='bob@localhost' type='chat'><body>to whichever</body></message>");
        assert!(bob.hear("to whichever").contains("from='alice@localhost/a'"));
        alice.say("<message to='bob@localhost/b' type='chat'><body>to this one</body></message>");
        bob.hear("to this one");

        let mut second = chat.bob("second");
        second.appear();
        second.ask("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>", "id='c'");
        bob.say("<message to='alice@localhost' type='chat'><body>carbon</body></message>");
        assert!(second.hear("carbon</body>").contains("urn:xmpp:carbons:2"));
        alice.hear("carbon</body>");

        // Who was told of somebody's presence is told of the end.
        for talk in [&mut bob, &mut second] {
            talk.say("<presence to='alice@localhost/a'/></stream:stream>");
            talk.hear("</stream:stream>");
            alice.hear("type='unavailable'");
        }
        alice.say("<message to='bob@localhost' type='chat'><body>for later</body></message>");
        alice.sync();
        let mut late = chat.bob("late");
        late.say("<presence/>");
        assert!(late.hear("for later").contains("alice@localhost/a"));
        late.hear("urn:xmpp:delay");
    }
}

#[test]
fn a_contact_is_asked_for_and_seen() {
    let chat = Chat::start(&[]);
    let (mut alice, mut bob) = (chat.alice("a"), chat.bob("b"));
    for talk in [&mut alice, &mut bob] {
        talk.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>", "id='r'");
        talk.appear();
    }
    alice.say("<presence to='bob@localhost' type='subscribe'/>");
    bob.hear("type='subscribe'");
    bob.say("<presence to='alice@localhost' type='subscribed'/>");
    let heard = alice.hear("from='bob@localhost/b'");
    assert!(heard.contains("subscription='to'"), "{heard}");
    drop(bob);
    alice.hear("unavailable");
}

#[test]
fn a_cut_stream_goes_on_and_nothing_is_lost() {
    for runtime in RUNTIMES {
        let chat = Chat::start(&["--runtime", runtime]);
        let (mut alice, mut bob) = (chat.alice("a"), chat.bob("b"));
        bob.appear();
        bob.say("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        let enabled = bob.hear("/>");
        let id = enabled.split(" id='").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        alice.say("<message to='bob@localhost/b' type='chat'><body>first</body></message>");
        bob.hear("first</body>");
        // The connection breaks while messages are on their way to it.
        let messages =
            (0..100).map(|n| format!("<message to='bob@localhost/b' type='chat'><body>n{n}.</body></message>"));
        alice.say(&messages.collect::<String>());
        drop(bob);
        chat.program.wait_for_log("waits for its client");
        alice.say("<message to='bob@localhost/b' type='chat'><body>second</body></message>");
        alice.sync();
        let mut bob = chat.connect();
        bob.log_in("bob", "bob's");
        bob.say(&format!("<resume xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>"));
        let heard = bob.hear("second</body>");
        assert!(heard.contains("<resumed") && heard.contains("first</body>"), "{heard}");
        let numbers: Vec<_> = heard.split("<body>n").skip(1).map(|rest| rest.split('.').next().unwrap()).collect();
        assert_eq!(numbers, (0..100).map(|n| n.to_string()).collect::<Vec<_>>(), "each once, in order");

        // The old connection may still be there.
        alice.say("<message to='bob@localhost/b' type='chat'><body>third</body></message>");
        bob.hear("third</body>");
        let mut again = chat.connect();
        again.log_in("bob", "bob's");
        again.say(&format!("<resume xmlns='urn:xmpp:sm:3' h='102' previd='{id}'/>"));
        let heard = again.hear("third</body>");
        assert!(heard.contains("<resumed") && !heard.contains("second"), "{heard}");
        bob.hear("conflict");
        let mut stranger = chat.connect();
        stranger.log_in("alice", PASSWORD);
        stranger.ask(&format!("<resume xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>"), "item-not-found");
        alice.say("<message to='bob@localhost/b' type='chat'><body>fourth</body></message>");
        again.hear("fourth");
    }
}

#[test]
fn who_does_not_come_back_in_time_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, "[xmpp-server]\nresume-seconds = 1\n").unwrap();
    let chat = Chat::start(&["--config", path.to_str().unwrap()]);
    let mut bob = chat.bob("b");
    bob.appear();
    bob.ask("<enable xmlns='urn:xmpp:sm:3' resume='true'/>", "max='1'");
    let mut alice = chat.alice("a");
    alice.say("<message to='bob@localhost/b' type='chat'><body>was it heard?</body></message>");
    bob.hear("was it heard?");
    drop(bob);
    chat.program.wait_for_log("did not come back jid=bob@localhost/b");
    // What was not acknowledged waits for the next one.
    let mut bob = chat.bob("c");
    bob.say("<presence/>");
    let heard = bob.hear("was it heard?");
    assert!(heard.contains("from='alice@localhost/a'"), "{heard}");
}

#[test]
fn a_component_speaks_for_its_domain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, "[xmpp-server.components]\n\"bot.localhost\" = \"hush\"\n").unwrap();
    for runtime in RUNTIMES {
        let config = ["--config", path.to_str().unwrap(), "--runtime", runtime, "--xmpp-component", "127.0.0.1:0"];
        let chat = Chat::start(&config);
        let at = chat.program.more.iter().find_map(|line| line.strip_prefix("xmpp-component "));
        let at: SocketAddr = at.unwrap().parse().unwrap();
        let connect = |domain: &str, secret: &str| {
            let mut talk = Talk::new(tcp(at));
            let header = format!(
                "<stream:stream to='{domain}' xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>"
            );
            let told = talk.ask(&header, "from='bot.localhost'") + &talk.hear(">");
            let id = told.split("id='").nth(1).unwrap().split('\'').next().unwrap().to_owned();
            let digest = component::digest(&id, &Secret::new(secret));
            talk.say(&format!("<handshake>{digest}</handshake>"));
            talk
        };
        connect("bot.localhost", "wrong").hear("not-authorized");
        let mut bot = connect("bot.localhost", "hush");
        bot.hear("<handshake/>");
        connect("bot.localhost", "hush").hear("conflict");
        let mut alice = chat.alice("a");
        alice.appear();
        alice.say("<message to='echo@bot.localhost' type='chat'><body>ping</body></message>");
        assert!(bot.hear("ping</body>").contains("from='alice@localhost/a'"));
        bot.say("<message from='echo@bot.localhost' to='alice@localhost/a' type='chat'><body>pong</body></message>");
        assert!(alice.hear("pong</body>").contains("from='echo@bot.localhost'"));
        drop(bot);
        chat.program.wait_for_log("ended session=2");
    }
}

#[test]
fn a_room_is_one_with_irc_s_channel() {
    for runtime in RUNTIMES {
        let chat = Chat::start(&["--runtime", runtime]);
        let room = "lobby@rooms.localhost";
        let mut ann = chat.irc("ann");
        let (mut alice, mut bob) = (chat.alice("a"), chat.bob("b"));
        let mut heard = alice.enter(room, "alice");
        assert_eq!(hear_line(&mut ann, "JOIN"), ":alice!xmpp@xmpp JOIN #lobby");
        if !heard.contains("from='lobby@rooms.localhost/ann'") {
            heard = alice.hear("from='lobby@rooms.localhost/ann'");
        }
        assert!(!heard.contains("unavailable"), "{heard}");
        bob.enter(room, "ann_");
        hear_line(&mut ann, ":ann_!xmpp@xmpp JOIN");
        alice.say(&format!("<message to='{room}' type='groupchat'><body>hello, IRC</body></message>"));
        assert_eq!(hear_line(&mut ann, "PRIVMSG"), ":alice!xmpp@xmpp PRIVMSG #lobby :hello, IRC");
        bob.hear("hello, IRC</body>");
        ann.send(
            "PRIVMSG #lobby :\x02hello\x02, XMPP\r\nPRIVMSG #lobby :\x01ACTION waves\x01\r\nPRIVMSG alice :psst\r\n",
        );
        for talk in [&mut alice, &mut bob] {
            let heard = talk.hear("hello, XMPP</body>");
            assert!(heard.contains("from='lobby@rooms.localhost/ann'"), "{heard}");
            let heard = talk.hear("/me waves</body>");
            assert!(!heard.contains("hello, XMPP"), "it came twice: {heard}");
        }
        assert!(alice.hear("psst</body>").contains("type='chat'"));
        alice.say(&format!(
            "<message to='{room}/ann' type='chat'><body>/me whispers</body></message>\
             <message to='{room}' type='groupchat'><body>two\nlines</body></message>"
        ));
        assert_eq!(hear_line(&mut ann, "whispers"), ":alice!xmpp@xmpp PRIVMSG ann :\x01ACTION whispers\x01");
        assert_eq!(hear_line(&mut ann, "PRIVMSG"), ":alice!xmpp@xmpp PRIVMSG #lobby :two");
        assert_eq!(hear_line(&mut ann, "PRIVMSG"), ":alice!xmpp@xmpp PRIVMSG #lobby :lines");
        ann.send("NICK anna\r\n");
        let heard = alice.hear("from='lobby@rooms.localhost/anna'");
        assert!(heard.contains("<status code='303'/>"), "{heard}");
        alice.say(&format!("<presence to='{room}/alicia'/>"));
        assert_eq!(hear_line(&mut ann, "alice!"), ":alice!xmpp@xmpp NICK alicia");
        ann.send("QUIT :bye\r\n");
        let heard = bob.hear("<status>Quit: bye</status>");
        assert!(heard.contains("unavailable"), "{heard}");
        let mut late = chat.irc("late");
        drop(bob);
        assert!(hear_line(&mut late, "QUIT").starts_with(":ann_!xmpp@xmpp QUIT "));
        alice.hear("from='lobby@rooms.localhost/late'");
    }
}

/// A chat that bob runs, and what he does to become an operator of IRC.
fn ruled_by_bob(more: &str) -> (tempfile::TempDir, Chat) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, format!("operators = [\"bob\"]\n{more}")).unwrap();
    let chat = Chat::start(&["--config", path.to_str().unwrap()]);
    (folder, chat)
}

#[test]
fn who_is_put_out_on_one_network_is_put_out_on_the_other() {
    let (_folder, chat) = ruled_by_bob("");
    let room = "lobby@rooms.localhost";
    let mut ann = chat.irc("ann");
    let mut oper = chat.irc("oper");
    oper.send("OPER bob bob's\r\n");
    hear_line(&mut oper, " 381 ");
    let (mut alice, mut bob) = (chat.alice("a"), chat.bob("b"));
    bob.enter(room, "bob");
    hear_line(&mut oper, ":bob!xmpp@xmpp JOIN");
    alice.enter(room, "alice");
    hear_line(&mut oper, ":alice!xmpp@xmpp JOIN");

    oper.send("KICK #lobby alice :too loud\r\n");
    let heard = alice.hear("<status code='307'/>") + &alice.hear("</presence>");
    assert!(heard.contains("type='unavailable'") && heard.contains("<reason>too loud</reason>"), "{heard}");
    assert!(heard.contains("<status code='110'/>"), "{heard}");
    assert!(bob.hear("too loud").contains("from='lobby@rooms.localhost/alice'"));
    hear_line(&mut ann, "KICK #lobby alice :too loud");
    oper.send("WHOIS alice\r\n");
    hear_line(&mut oper, " 401 ");
    // She may come back, and is seen.
    alice.enter(room, "alice");
    hear_line(&mut oper, ":alice!xmpp@xmpp JOIN");
    oper.send("KILL alice :enough\r\n");
    let heard = alice.hear("<status code='307'/>");
    assert!(heard.contains("enough"), "{heard}");

    let kick = |nick: &str| {
        format!(
            "<iq type='set' id='k' to='{room}'><query xmlns='http://jabber.org/protocol/muc#admin'>\
             <item nick='{nick}' role='none'><reason>spam</reason></item></query></iq>"
        )
    };
    alice.enter(room, "alice");
    alice.ask(&kick("ann"), "<forbidden");
    bob.say(&kick("ann"));
    assert_eq!(hear_line(&mut ann, "KICK"), ":irc.localhost KICK #lobby ann :spam");
    assert!(bob.hear("spam</reason>").contains("from='lobby@rooms.localhost/ann'"));
    ann.send("JOIN #lobby\r\n");
    hear_line(&mut ann, " 366 ");
    let heard = bob.hear("from='lobby@rooms.localhost/ann'");
    assert!(!heard.contains("unavailable"), "{heard}");

    // What it is about crosses, too, by those who may say.
    bob.say(&format!("<message to='{room}' type='groupchat'><subject>tea</subject></message>"));
    assert_eq!(hear_line(&mut ann, "TOPIC"), ":bob!xmpp@xmpp TOPIC #lobby :tea");
    alice.ask(&format!("<message to='{room}' type='groupchat'><subject>mine</subject></message>"), "<forbidden");
    oper.send("TOPIC #lobby :coffee\r\nPART #lobby :bye\r\n");
    assert!(alice.hear("<subject>coffee</subject>").contains("from='lobby@rooms.localhost/oper'"));
    assert!(bob.hear("<status>bye</status>").contains("from='lobby@rooms.localhost/oper'"));

    // A room that is closed is there again, and IRC's people in it.
    bob.say(&format!(
        "<iq type='set' id='d' to='{room}'><query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query></iq>"
    ));
    hear_line(&mut ann, ":bob!xmpp@xmpp QUIT");
    let mut heard = bob.enter(room, "bob");
    if !heard.contains("from='lobby@rooms.localhost/ann'") {
        heard += &bob.hear("from='lobby@rooms.localhost/ann'");
    }
    bob.say(&format!("<message to='{room}' type='groupchat'><body>again</body></message>"));
    hear_line(&mut ann, "PRIVMSG #lobby :again");
}

#[test]
fn what_irc_says_to_nobody_is_kept_for_the_room() {
    let chat = Chat::start(&[]);
    let room = "lobby@rooms.localhost";
    let mut ann = chat.irc("ann");
    ann.send("PRIVMSG #lobby :is anybody here?\r\nQUIT :no\r\n");
    hear_line(&mut ann, "ERROR");
    let mut alice = chat.alice("a");
    let query = |id: usize| format!("<iq type='set' id='m{id}' to='{room}'><query xmlns='urn:xmpp:mam:2'/></iq>");
    // It is on its way.
    let kept = (0..).map(|id| {
        let heard = alice.ask(&query(id), &format!("id='m{id}'"));
        heard + &alice.hear("</iq>")
    });
    let heard = kept.take(10_000).find(|heard| heard.contains("is anybody here?")).unwrap();
    assert!(heard.contains("from='lobby@rooms.localhost/ann'"), "{heard}");
    alice.say(&format!("<presence to='{room}/alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
    let heard = alice.hear("<subject");
    assert!(heard.contains("is anybody here?") && heard.contains("urn:xmpp:delay"), "{heard}");
}

#[test]
fn nothing_is_lost_of_what_is_said_fast() {
    const MANY: usize = 6000;
    for runtime in RUNTIMES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, "[irc-network]\nflood-control = false\n").unwrap();
        let chat = Chat::start(&["--config", path.to_str().unwrap(), "--runtime", runtime]);
        let room = "lobby@rooms.localhost";
        let (mut ann, mut bob) = (chat.irc("ann"), chat.bob("b"));
        bob.enter(room, "bob");
        hear_line(&mut ann, "JOIN");
        let lines: String = (0..MANY).map(|number| format!("PRIVMSG #lobby :n{number}.\r\n")).collect();
        let stanza = |number| format!("<message to='{room}' type='groupchat'><body>x{number}.</body></message>");
        let stanzas: String = (0..MANY).map(stanza).collect();
        let mut writer = ann.stream().try_clone().unwrap();
        let saying = std::thread::spawn(move || writer.write_all(lines.as_bytes()).unwrap());
        let mut own = bob.stream.try_clone().unwrap();
        let also = std::thread::spawn(move || own.write_all(stanzas.as_bytes()).unwrap());
        for number in 0..MANY {
            let heard = bob.hear(&format!("<body>n{number}.</body>"));
            assert_eq!(heard.matches("<body>n").count(), 1, "out of order: {heard}");
        }
        for number in 0..MANY {
            assert_eq!(hear_line(&mut ann, "PRIVMSG"), format!(":bob!xmpp@xmpp PRIVMSG #lobby :x{number}."));
        }
        saying.join().unwrap();
        also.join().unwrap();
    }
}

#[test]
fn what_is_kept_outlives_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["--data", data.to_str().unwrap()];
    let mut chat = Chat::start(&arguments);
    let (mut alice, mut bob) = (chat.alice("a"), chat.bob("b"));
    bob.appear();
    alice.appear();
    let put = "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='bob@localhost' name='Bob &amp; co'><group>g</group></item></query></iq>";
    alice.ask(put, "id='r'");
    alice.say("<presence to='bob@localhost' type='subscribe'/>");
    bob.hear("type='subscribe'");
    bob.say("<presence to='alice@localhost' type='subscribed'/>");
    alice.hear("from='bob@localhost/b'");
    alice.say("<message to='bob@localhost' type='chat'><body>heard</body></message>");
    bob.hear("heard</body>");
    let choose = "<iq type='set' id='p'><prefs xmlns='urn:xmpp:mam:2' default='roster'><never><jid>spam@x</jid></never></prefs></iq>";
    alice.ask(choose, "id='p'");
    // What waits for a client that does not come back in time is not lost either.
    bob.ask("<enable xmlns='urn:xmpp:sm:3' resume='true'/>", "resume=");
    bob.hear("/>");
    drop(bob);
    chat.program.wait_for_log("waits for its client");
    alice.say("<message to='bob@localhost' type='chat'><body>for later</body></message>");
    alice.sync();
    chat.program.terminate();
    alice.hear("system-shutdown");
    drop(alice);
    assert!(chat.program.ended().success());
    let file = data.join("xmpp.sqlite");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    let roster = "<iq type='get' id='q'><query xmlns='jabber:iq:roster'/></iq>";
    let archive = "<iq type='set' id='m'><query xmlns='urn:xmpp:mam:2'/></iq>";
    let mut chat = Chat::start(&arguments);
    let (mut alice, mut bob) = (chat.alice("a"), chat.bob("b"));
    let heard = alice.ask(roster, "</iq>");
    assert!(heard.contains("subscription='to'") && heard.contains("Bob &amp; co"), "{heard}");
    assert!(heard.contains("<group>g</group>"), "{heard}");
    let heard = alice.ask("<iq type='get' id='p'><prefs xmlns='urn:xmpp:mam:2'/></iq>", "</iq>");
    assert!(heard.contains("default='roster'") && heard.contains("<jid>spam@x</jid>"), "{heard}");
    bob.say("<presence/>");
    let heard = bob.hear("for later</body>");
    assert!(heard.contains("from='alice@localhost/a'") && !heard.contains(">heard<"), "{heard}");
    alice.say(archive);
    let heard = alice.hear("<fin") + &alice.hear("</iq>");
    assert!(heard.contains("heard</body>") && heard.contains("for later</body>"), "{heard}");
    // Written, and then killed.
    alice.appear();
    alice.say("<message to='bob@localhost' type='chat'><body>last</body></message>");
    bob.hear("last</body>");
    alice.ask(archive, "last</body>");
    chat.program.signal("KILL");
    chat.program.ended();
    let chat = Chat::start(&arguments);
    let mut alice = chat.alice("a");
    let heard = alice.ask(archive, "last</body>");
    assert!(heard.contains("for later</body>"), "{heard}");
    drop(chat);

    // In memory nothing of it is there, and the file stays as it is.
    let path = folder.path().join("c.toml");
    std::fs::write(&path, "[xmpp-server]\nstorage = \"memory\"\n").unwrap();
    let chat = Chat::start(&[&arguments[..], &["--config", path.to_str().unwrap()]].concat());
    let mut alice = chat.alice("a");
    let heard = alice.ask(archive, "<fin");
    assert!(!heard.contains("<result"), "{heard}");
    assert!(file.exists());
}
