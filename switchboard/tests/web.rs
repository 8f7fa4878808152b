//! XMPP and IRC by WebSocket on the program's web port, and where clients learn
//! of it, on three runtimes.

mod program;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use program::socket::Socket;
use program::talk::Talk;
use program::{PASSWORD, Program, tcp};

const RUNTIMES: [&str; 3] = ["tokio", "async-std", "blocking"];

struct Site {
    program: Program,
    web: SocketAddr,
    xmpp: SocketAddr,
}

impl Site {
    fn start(arguments: &[&str]) -> Self {
        let web = if arguments.contains(&"--web") { &[][..] } else { &["--web", "127.0.0.1:0"] };
        let program =
            Program::start_with(&[&["--user", "bob:bob's", "--xmpp", "127.0.0.1:0"], web, arguments].concat());
        let at = |protocol: &str| {
            let line = program.more.iter().find_map(|line| line.strip_prefix(&format!("{protocol} ")));
            line.expect(protocol).parse().unwrap()
        };
        let (web, xmpp) = (at("web"), at("xmpp"));
        Self { program, web, xmpp }
    }

    fn configured(text: &str, arguments: &[&str]) -> (Self, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, text).unwrap();
        (Self::start(&[&["--config", path.to_str().unwrap()], arguments].concat()), folder)
    }

    fn alice(&self) -> Socket {
        let mut socket = Socket::connect(self.web, "xmpp");
        socket.log_in("alice", PASSWORD, "web");
        socket
    }

    /// Without WebSocket.
    fn bob(&self) -> Talk<TcpStream> {
        let mut talk = Talk::new(tcp(self.xmpp));
        talk.log_in("bob", "bob's");
        talk.bind("tcp");
        talk.appear();
        talk
    }

    fn get(&self, path: &str) -> String {
        let mut stream = tcp(self.web);
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

#[test]
fn who_comes_by_websocket_chats_with_who_does_not() {
    for runtime in RUNTIMES {
        let mut site = Site::start(&["--runtime", runtime]);
        let (mut alice, mut bob) = (site.alice(), site.bob());
        assert_eq!(alice.protocol.as_deref(), Some("xmpp"));
        alice.tell("<presence xmlns='jabber:client'/>");
        alice.hear("<presence");
        alice.tell("<message xmlns='jabber:client' to='bob@localhost/tcp' type='chat'><body>grüße</body></message>");
        assert!(bob.hear("grüße</body>").contains("from='alice@localhost/web'"));

        // Three at once are three messages.
        let messages =
            (1..4).map(|n| format!("<message to='alice@localhost/web' type='chat'><body>n{n}</body></message>"));
        bob.say(&messages.collect::<String>());
        for n in 1..4 {
            let heard = alice.next().unwrap();
            assert!(heard.starts_with("<message xmlns='jabber:client' ") && heard.ends_with("</message>"), "{heard}");
            assert!(heard.contains(&format!("<body>n{n}</body>")), "{heard}");
        }
        // So are those that come back for two that came in one write.
        let ping = |id| format!("<iq xmlns='jabber:client' type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>");
        alice.say(&[&ping("p1"), &ping("p2")]);
        assert!(alice.next().unwrap().contains("id='p1'") && alice.next().unwrap().contains("id='p2'"));

        // A stanza that is as long as it may be goes both ways.
        let long = "x".repeat(60_000);
        alice.tell(&format!("<message xmlns='jabber:client' to='bob@localhost/tcp'><body>{long}</body></message>"));
        bob.hear(&long);
        bob.say(&format!("<message to='alice@localhost/web'><body>{long}</body></message>"));
        alice.hear(&long);

        alice.close();
        let mut again = site.alice();
        site.program.terminate();
        again.hear("system-shutdown");
        again.hear("<close");
        assert_eq!(again.next(), None);
        bob.hear("system-shutdown");
        assert!(site.program.ended().success());
        assert!(site.program.log().contains("bound session=1 jid=alice@localhost/web"), "{}", site.program.log());
    }
}

#[test]
fn the_first_subprotocol_that_is_served_is_spoken() {
    for runtime in RUNTIMES {
        let site = Site::start(&["--runtime", runtime]);
        for (asked, agreed) in [
            ("text.ircv3.net, xmpp", Some("text.ircv3.net")),
            ("stomp, binary.ircv3.net, xmpp", Some("binary.ircv3.net")),
            ("stomp", None),
        ] {
            let mut irc = Socket::connect(site.web, asked);
            assert_eq!(irc.protocol.as_deref(), agreed);
            irc.say(&["NICK ann", "USER ann 0 * :ann"]);
            assert!(irc.line(" 001 ").contains(" ann "));
            irc.say(&["QUIT"]);
            irc.line("ERROR");
            assert_eq!(irc.next(), None);
        }
        let mut xmpp = Socket::connect(site.web, "stomp, xmpp, text.ircv3.net");
        assert_eq!(xmpp.protocol.as_deref(), Some("xmpp"));
        xmpp.open();
    }
}

/// Two WebSockets, one room.
#[test]
fn the_room_is_one_for_both_protocols() {
    let site = Site::start(&[]);
    let mut ann = Socket::connect(site.web, "text.ircv3.net");
    ann.say(&["NICK ann", "USER ann 0 * :ann", "JOIN #lobby"]);
    ann.line(" 366 ");
    let mut alice = site.alice();
    alice.tell(
        "<presence xmlns='jabber:client' to='lobby@rooms.localhost/alice'>\
         <x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>",
    );
    alice.hear("<subject");
    ann.line("JOIN #lobby");
    alice.tell(
        "<message xmlns='jabber:client' to='lobby@rooms.localhost' type='groupchat'><body>hello, IRC</body></message>",
    );
    assert_eq!(ann.line("PRIVMSG"), ":alice!xmpp@xmpp PRIVMSG #lobby :hello, IRC");
    ann.say(&["PRIVMSG #lobby :hello, XMPP"]);
    assert!(alice.hear("hello, XMPP</body>").contains("from='lobby@rooms.localhost/ann'"));
}

#[test]
fn a_stream_error_is_a_message_of_its_own() {
    for (wrong, condition) in [
        ("<presence xmlns='jabber:client'/>", "not-authorized"),
        ("<presence xmlns='jabber:client'/><presence xmlns='jabber:client'/>", "not-authorized"),
        ("<presence", "not-well-formed"),
        ("</stream:stream>", "not-well-formed"),
        (&format!("<message xmlns='jabber:client'><body>{}</body></message>", "x".repeat(10_000)), "policy-violation"),
    ] {
        let site = Site::start(&["--runtime", "blocking"]);
        let mut stranger = Socket::connect(site.web, "xmpp");
        stranger.open();
        stranger.say(&[wrong, "<iq/>"]);
        let error = stranger.next().unwrap();
        assert!(error.starts_with("<error xmlns='http://etherx.jabber.org/streams'>"), "{wrong}: {error}");
        assert!(error.contains(condition) && error.ends_with("</error>"), "{wrong}: {error}");
        assert_eq!(stranger.next().as_deref(), Some("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"));
        assert_eq!(stranger.next(), None);
    }
}

#[test]
fn a_stream_goes_on_from_websocket_to_tcp_and_back() {
    for runtime in RUNTIMES {
        let site = Site::start(&["--runtime", runtime]);
        let mut bob = site.bob();
        let mut alice = site.alice();
        alice.tell("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        let enabled = alice.hear("<enabled");
        let id = enabled.split(" id='").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        let message = |text| format!("<message to='alice@localhost/web' type='chat'><body>{text}</body></message>");
        bob.say(&message("first"));
        alice.hear("first");
        drop(alice);
        site.program.wait_for_log("waits for its client");
        bob.say(&message("second"));
        bob.sync();
        let mut tcp = Talk::new(tcp(site.xmpp));
        tcp.log_in("alice", PASSWORD);
        tcp.say(&format!("<resume xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>"));
        let heard = tcp.hear("second</body>");
        assert!(heard.contains("<resumed") && heard.contains("first</body>"), "{heard}");
        bob.say(&message("third"));
        bob.sync();

        let mut alice = Socket::connect(site.web, "xmpp");
        alice.open();
        let plain = wirestate_sasl::base64::encode(format!("\0alice\0{PASSWORD}").as_bytes());
        alice.tell(&format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>"));
        alice.hear("<success");
        alice.open();
        alice.tell(&format!("<resume xmlns='urn:xmpp:sm:3' h='2' previd='{id}'/>"));
        alice.hear("<resumed");
        let third = alice.next().unwrap();
        assert!(third.starts_with("<message xmlns='jabber:client' ") && third.contains("third"), "{third}");
    }
}

#[test]
fn clients_learn_where_to_come() {
    let site = Site::start(&[]);
    let url = format!("ws://localhost:{}/xmpp-websocket", site.web.port());
    for (path, kind, link) in [
        (
            "/.well-known/host-meta",
            "application/xrd+xml",
            format!("rel='urn:xmpp:alt-connections:websocket' href='{url}'"),
        ),
        (
            "/.well-known/host-meta.json",
            "application/json",
            format!("{{\"rel\":\"urn:xmpp:alt-connections:websocket\",\"href\":\"{url}\"}}"),
        ),
    ] {
        let told = site.get(path);
        assert!(told.starts_with("HTTP/1.1 200 OK\r\n") && told.contains(&link), "{told}");
        assert!(told.contains("\r\nAccess-Control-Allow-Origin: *\r\n"), "{told}");
        assert!(told.contains(&format!("\r\nContent-Type: {kind}\r\n")), "{told}");
    }
    assert!(site.get("/").contains("<html"));
    // Who may learn of it need not be one who may connect.
    let upgrade = |origin: &str| {
        site.get(&format!(
            "/xmpp-websocket HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: xmpp\r\nOrigin: {origin}\r\nX-Rest:"
        ))
    };
    assert!(upgrade("http://evil.example").starts_with("HTTP/1.1 403 "));
    assert!(site.get("/.well-known/other").starts_with("HTTP/1.1 404 "));
}

/// Over TCP nobody would be let in there before TLS, either.
#[test]
fn nobody_logs_in_where_others_could_read_along() {
    let site = Site::start(&["--web", "0.0.0.0:0"]);
    let web = SocketAddr::from(([127, 0, 0, 1], site.web.port()));
    let site = Site { web, ..site };
    let mut stranger = Socket::connect(site.web, "xmpp");
    let features = stranger.open();
    assert!(!features.contains("mechanism"), "{features}");
    stranger.tell("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHg=</auth>");
    stranger.hear("invalid-mechanism");
    assert!(site.get("/.well-known/host-meta").starts_with("HTTP/1.1 404 "));

    // A proxy with TLS stands before it.
    let (site, _folder) =
        Site::configured("[xmpp-server]\nwebsocket-url = \"wss://chat.example/x?a&b\"\n", &["--web", "0.0.0.0:0"]);
    let web = SocketAddr::from(([127, 0, 0, 1], site.web.port()));
    let site = Site { web, ..site };
    assert!(site.get("/.well-known/host-meta").contains("href='wss://chat.example/x?a&amp;b'"));
    assert!(site.get("/.well-known/host-meta.json").contains("\"wss://chat.example/x?a&b\""));
    site.alice().close();
}
