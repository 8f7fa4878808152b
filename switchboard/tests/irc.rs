//! Chat over the program: two clients, three runtimes, and what may go wrong.

mod program;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;

use argon2::password_hash::PasswordHasher;
use program::{Client, Program, Tls, tcp, unix};
use wirestate_sasl::base64;

const RUNTIMES: [&str; 3] = ["tokio", "async-std", "blocking"];
struct Chat {
    program: Program,
    irc: SocketAddr,
    ircs: SocketAddr,
    web: SocketAddr,
}

impl Chat {
    fn start(arguments: &[&str]) -> Self {
        let ports = ["--irc", "127.0.0.1:0", "--ircs", "127.0.0.1:0", "--web", "127.0.0.1:0"];
        let program = Program::start_with(&[&["--user", "bob:bob's"], &ports[..], arguments].concat());
        let at = |protocol: &str| {
            let line = program.more.iter().find_map(|line| line.strip_prefix(&format!("{protocol} ")));
            line.expect(protocol).parse().unwrap()
        };
        let (irc, ircs, web) = (at("irc"), at("ircs"), at("web"));
        Self { program, irc, ircs, web }
    }

    /// With a configuration file of this content.
    fn configured(toml: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        fs::write(&path, toml).unwrap();
        Self::start(&[&["--config", path.to_str().unwrap()], arguments].concat())
    }

    fn connect(&self) -> Client<TcpStream> {
        Client::new(tcp(self.irc))
    }

    fn connect_tls(&self) -> Client<Tls> {
        Client::new(self.program.tls(tcp(self.ircs), &[b"irc"]))
    }

    /// Somebody in #lobby.
    fn guest(&self, nick: &str) -> Client<TcpStream> {
        let mut client = self.connect();
        client.register(nick);
        client.enter();
        client
    }
}

/// What is said and heard line by line.
trait Chatter {
    fn say_lines(&mut self, lines: &[&str]);
    /// The next line with this in it; PING is answered.
    fn hear(&mut self, wanted: &str) -> String;

    fn register(&mut self, nick: &str) {
        self.say_lines(&[&format!("NICK {nick}"), &format!("USER {nick} 0 * :{nick}")]);
        self.hear(" 376 ");
    }

    fn enter(&mut self) {
        self.say_lines(&["JOIN #lobby"]);
        self.hear(" 366 ");
    }

    /// Logs in by SASL PLAIN, and gives the numeric that ends it.
    fn log_in(&mut self, user: &str, password: &str) -> String {
        self.say_lines(&["CAP REQ :sasl", "AUTHENTICATE PLAIN"]);
        self.hear("AUTHENTICATE +");
        let message = base64::encode(format!("\0{user}\0{password}").as_bytes());
        self.say_lines(&[&format!("AUTHENTICATE {message}")]);
        self.hear(" :SASL authentication ")
    }
}

impl<S: Read + Write> Chatter for Client<S> {
    fn say_lines(&mut self, lines: &[&str]) {
        self.send(&lines.iter().map(|line| format!("{line}\r\n")).collect::<String>());
    }

    fn hear(&mut self, wanted: &str) -> String {
        let mut heard = Vec::new();
        loop {
            let line = self.line();
            if let Some(token) = line.strip_prefix("PING ") {
                self.say_lines(&[&format!("PONG {token}")]);
            } else if line.contains(wanted) {
                return line;
            }
            assert!(!line.is_empty(), "the connection ended before {wanted:?}, after {heard:#?}");
            heard.push(line);
        }
    }
}

#[test]
fn two_talk_in_the_clear_and_over_tls() {
    for runtime in RUNTIMES {
        let mut chat = Chat::start(&["--runtime", runtime]);
        let mut ann = chat.guest("ann");
        let mut bob = chat.connect_tls();
        bob.register("bob");
        bob.enter();
        assert_eq!(ann.hear("JOIN"), ":bob!bob@localhost JOIN #lobby");
        bob.say_lines(&["PRIVMSG #lobby :hello", "PRIVMSG ann :to you alone"]);
        assert_eq!(ann.hear("PRIVMSG"), ":bob!bob@localhost PRIVMSG #lobby :hello");
        assert_eq!(ann.hear("PRIVMSG"), ":bob!bob@localhost PRIVMSG ann :to you alone");
        ann.say_lines(&["NICK eve", "WHOIS bob"]);
        assert!(bob.hear("NICK").starts_with(":ann!ann@localhost NICK"));
        assert!(ann.hear(" 671 ").starts_with(":irc.localhost 671 eve bob"), "told by the new name");
        bob.say_lines(&["QUIT :bye"]);
        assert_eq!(bob.hear("ERROR"), "ERROR :Closing Link: bob (Quit: bye)");
        assert_eq!(bob.line(), "");
        assert_eq!(ann.hear("QUIT"), ":bob!bob@localhost QUIT :Quit: bye");
        drop(ann);
        chat.program.wait_for_log("registered session=2 nick=bob host=\"localhost\" secure=true");
        chat.program.wait_for_log("ended session=1 reason=Connection closed");
        chat.program.terminate();
        assert!(chat.program.ended().success());
    }
}

#[test]
fn users_log_in_and_choose_their_names() {
    for runtime in RUNTIMES {
        let chat = Chat::start(&["--runtime", runtime]);
        let mut watcher = chat.guest("watcher");
        let mut bob = chat.connect();
        bob.say_lines(&["CAP LS 302"]);
        assert!(bob.hear(" LS ").contains("SCRAM-SHA-256,"), "nobody can read along");
        assert!(bob.log_in("bob", "wrong").contains(" 904 "));
        assert!(bob.log_in("bob", "bob's").contains(" 903 "));
        bob.say_lines(&["CAP END"]);
        bob.register("anything");
        bob.enter();
        watcher.say_lines(&["WHOIS anything"]);
        assert_eq!(watcher.hear(" 330 "), ":irc.localhost 330 watcher anything bob :is logged in as");
        assert!(chat.program.log().contains("registered session=2 nick=anything account=\"bob\""));
    }
}

#[test]
fn an_operator_kills_and_is_no_longer_slowed() {
    let hash = hash("open sesame");
    let toml = format!("operators = [\"bob\"]\n[irc-network.operators]\nroot = \"{hash}\"\n");
    for runtime in RUNTIMES {
        let chat = Chat::configured(&toml, &["--runtime", runtime]);
        let mut bob = chat.guest("bob");
        let (mut victim, mut other) = (chat.guest("victim"), chat.guest("other"));
        bob.say_lines(&["KILL victim :out"]);
        bob.hear(" 481 ");
        bob.say_lines(&["OPER bob wrong", "OPER alice :correct horse", "OPER bob bob's"]);
        bob.hear(" 464 ");
        bob.hear(" 464 ");
        bob.hear(" 381 ");
        bob.say_lines(&["KILL victim :out"]);
        assert_eq!(victim.hear("ERROR"), "ERROR :Closing Link: victim (Killed (bob (out)))");
        assert_eq!(victim.line(), "");
        assert_eq!(other.hear("QUIT"), ":victim!victim@localhost QUIT :Killed (bob (out))");
        other.say_lines(&["OPER root :open sesame"]);
        other.hear(" 381 ");
        other.say_lines(&["MODE other +w"]);
        other.hear("MODE other +w");
        let lines = (0..200).map(|number| format!("WALLOPS :{number}")).collect::<Vec<_>>();
        bob.say_lines(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(other.hear(":199"), ":bob!bob@localhost WALLOPS :199");
    }
}

/// As the command argon2 prints it, of the least cost.
fn hash(password: &str) -> String {
    let cheap = argon2::Params::new(8, 1, 1, None).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, cheap);
    argon2.hash_password(password.as_bytes()).unwrap().to_string()
}

#[test]
fn a_server_s_password_is_asked_for() {
    let chat = Chat::configured(&format!("[irc-network]\npassword = \"{}\"\n", hash("open sesame")), &[]);
    for (pass, wanted) in [("", "464"), ("PASS wrong\r\n", "464"), ("PASS :open sesame\r\n", "001")] {
        let mut client = chat.connect();
        client.send(&format!("{pass}NICK ann\r\nUSER ann 0 * :Ann\r\n"));
        assert_eq!(client.line().split(' ').nth(1), Some(wanted), "{pass:?}");
    }
}

#[test]
fn who_reads_too_slowly_is_dropped_alone() {
    let limits = ["send-queue = 64", "send-queue-bytes = 65536", "send-queue-bytes = 65536"];
    for (runtime, limit) in RUNTIMES.into_iter().zip(limits) {
        let toml = format!("[irc-network]\n{limit}\nflood-control = false\n");
        let chat = Chat::configured(&toml, &["--runtime", runtime]);
        let mut ann = chat.guest("ann");
        let mut lazy = chat.guest("lazy");
        let mut bob = chat.guest("bob");
        lazy.say_lines(&["PRIVMSG #lobby :I shall not read"]);
        bob.hear("I shall not read");
        let text = "x".repeat(400);
        let mut left = None;
        // Each line is heard by bob before the next is sent, so that only one is slow.
        for _ in 0..200_000 {
            ann.say_lines(&[&format!("PRIVMSG #lobby :{text}")]);
            let heard = bob.hear(":");
            if heard.contains("QUIT") {
                left = Some(heard);
                break;
            }
        }
        assert_eq!(left.unwrap(), ":lazy!lazy@localhost QUIT :SendQ exceeded");
        ann.say_lines(&["PRIVMSG bob :still here"]);
        bob.hear("still here");
    }
}

#[test]
fn history_is_kept_while_the_program_runs() {
    let chat = Chat::start(&[]);
    let mut ann = chat.guest("ann");
    ann.say_lines(&["PRIVMSG #lobby :first", "PRIVMSG #lobby :second", "QUIT"]);
    ann.hear("ERROR");
    let mut late = chat.connect();
    late.say_lines(&["CAP REQ :batch server-time message-tags draft/chathistory", "CAP END"]);
    late.register("late");
    late.enter();
    late.say_lines(&["CHATHISTORY LATEST #lobby * 10"]);
    for wanted in ["BATCH +", "PRIVMSG #lobby :first", "PRIVMSG #lobby :second", "BATCH -"] {
        late.hear(wanted);
    }
}

#[test]
fn history_on_disk_outlives_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["--data", data.to_str().unwrap()];
    let toml = "[irc-network]\nhistory = \"sqlite\"\nhistory-days = 30\n";
    let mut chat = Chat::configured(toml, &arguments);
    let mut ann = chat.guest("ann");
    ann.say_lines(&["PRIVMSG #lobby :first", "JOIN #secret", "MODE #secret +s", "PRIVMSG #secret :hush", "PING x"]);
    ann.hear("PONG");
    chat.program.terminate();
    assert!(chat.program.ended().success());
    let mode = fs::metadata(data.join("irc-history.sqlite")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut chat = Chat::configured(toml, &arguments);
    let mut bob = chat.connect();
    bob.say_lines(&["CAP REQ :batch server-time message-tags draft/chathistory", "CAP END"]);
    bob.register("bob");
    bob.say_lines(&["JOIN #lobby,#secret", "PRIVMSG #lobby :second", "CHATHISTORY LATEST #lobby * 10"]);
    let first = bob.hear("PRIVMSG");
    assert!(first.contains("batch=") && first.ends_with(":ann!ann@localhost PRIVMSG #lobby :first"), "{first}");
    assert!(bob.hear("PRIVMSG").ends_with(":bob!bob@localhost PRIVMSG #lobby :second"));
    bob.say_lines(&["CHATHISTORY LATEST #secret * 10", "PING x"]);
    bob.hear("chathistory #secret");
    assert!(bob.hear("BATCH -").contains("BATCH -"));
    chat.program.signal("KILL");
    chat.program.ended();

    let chat = Chat::configured(toml, &arguments);
    let mut late = chat.connect();
    late.say_lines(&["CAP REQ :batch server-time message-tags draft/chathistory", "CAP END"]);
    late.register("late");
    late.say_lines(&["JOIN #lobby", "CHATHISTORY LATEST #lobby * 1"]);
    assert!(late.hear("PRIVMSG").ends_with(":bob!bob@localhost PRIVMSG #lobby :second"), "killed, it had it, too");
}

#[test]
fn sighup_and_rehash_tell_a_new_message_of_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let motd = folder.path().join("motd");
    fs::write(&motd, "one").unwrap();
    let toml = format!("motd-file = \"{}\"\noperators = [\"bob\"]\n", motd.display());
    let chat = Chat::configured(&toml, &[]);
    let mut bob = chat.guest("bob");
    bob.say_lines(&["MOTD"]);
    assert_eq!(bob.hear(" 372 "), ":irc.localhost 372 bob :- one");
    fs::write(&motd, "two").unwrap();
    chat.program.signal("HUP");
    chat.program.wait_for_log("certificates reloaded");
    chat.program.wait_for_log("message of the day read");
    bob.say_lines(&["MOTD"]);
    assert_eq!(bob.hear(" 372 "), ":irc.localhost 372 bob :- two");
    fs::write(&motd, "three").unwrap();
    bob.say_lines(&["OPER bob bob's", "REHASH", "MOTD"]);
    assert_eq!(bob.hear(" 372 "), ":irc.localhost 372 bob :- three");
}

#[test]
fn a_gateway_speaks_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let toml = format!(
        "[irc-network]\ncloaks = false\n[[irc-network.webirc]]\nname = \"kiwi\"\npassword = \"{}\"\nnetworks = [\"unix\"]\n",
        hash("gate")
    );
    let listen = format!("irc=unix:{}", socket.display());
    let chat = Chat::configured(&toml, &["--listen", &listen]);
    let mut watcher = chat.guest("watcher");
    let mut far = Client::new(unix(socket.to_str().unwrap()));
    far.say_lines(&["WEBIRC gate kiwi far.example 192.0.2.7 :secure"]);
    far.register("far");
    far.enter();
    assert_eq!(watcher.hear("JOIN"), ":far!far@far.example JOIN #lobby");
    let mut elsewhere = chat.connect();
    elsewhere.say_lines(&["WEBIRC gate kiwi far.example 192.0.2.7"]);
    elsewhere.hear("ERROR");
    let mut guessing = Client::new(unix(socket.to_str().unwrap()));
    guessing.say_lines(&["WEBIRC wrong kiwi far.example 192.0.2.7"]);
    guessing.hear("ERROR");
    assert_eq!((elsewhere.line(), guessing.line()), (String::new(), String::new()));
}

#[test]
fn everybody_hears_of_the_end() {
    for runtime in RUNTIMES {
        let mut chat = Chat::start(&["--runtime", runtime]);
        let mut plain = chat.guest("plain");
        let mut tls = chat.connect_tls();
        tls.register("tls");
        let mut stranger = chat.connect();
        stranger.say_lines(&["CAP LS"]);
        stranger.hear(" LS ");
        chat.program.terminate();
        assert_eq!(plain.hear("ERROR"), "ERROR :Closing Link: plain (Server is shutting down)");
        assert_eq!(tls.hear("ERROR"), "ERROR :Closing Link: tls (Server is shutting down)");
        stranger.hear("ERROR");
        assert_eq!(plain.line(), "");
        assert!(chat.program.ended().success());
        assert!(chat.program.log().contains("ended session=1 reason=Server is shutting down"));
    }
}

#[test]
fn the_web_port_shows_a_page_and_lets_only_that_page_chat() {
    for runtime in RUNTIMES {
        let chat = Chat::start(&["--runtime", runtime]);
        let ask = |request: &str| {
            let mut stream = tcp(chat.web);
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            let mut part = [0; 4096];
            while !answer.ends_with(b"</html>\n") && !answer.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut part).unwrap() {
                    0 => break,
                    count => answer.extend_from_slice(&part[..count]),
                }
            }
            String::from_utf8(answer).unwrap()
        };
        assert!(ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
        let websocket = |origin: &str| {
            ask(&format!(
                "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: text.ircv3.net\r\nOrigin: {origin}\r\n\r\n"
            ))
        };
        let own = format!("http://localhost:{}", chat.web.port());
        assert!(websocket(&own).starts_with("HTTP/1.1 101 "), "{}", websocket(&own));
        assert!(websocket("http://evil.example").starts_with("HTTP/1.1 403 "));
    }
}

#[test]
fn lines_that_are_not_utf8_are_refused_where_that_is_wanted() {
    for (utf8_only, wanted) in [(true, &b"FAIL PRIVMSG INVALID_UTF8 "[..]), (false, b":caf\xe9\r\n")] {
        let chat = Chat::configured(&format!("[irc-network]\nutf8-only = {utf8_only}\n"), &["--runtime", "blocking"]);
        let mut stream = tcp(chat.irc);
        stream.write_all(b"NICK ann\r\nUSER ann 0 * :ann\r\nPRIVMSG ann caf\xe9\r\n").unwrap();
        let mut lines = BufReader::new(stream);
        let mut heard = Vec::new();
        while !contains(&heard, wanted) {
            assert_ne!(lines.read_until(b'\n', &mut heard).unwrap(), 0, "the session goes on");
        }
        assert_eq!(contains(&heard, b" UTF8ONLY "), utf8_only);
    }
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|part| part == wanted)
}
