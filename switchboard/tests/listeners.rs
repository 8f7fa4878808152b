//! Where the program listens, and how it lets clients in.

mod program;

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use program::{Client, PASSWORD, Program, tcp, unix};

const RUNTIMES: [&str; 3] = ["tokio", "async-std", "blocking"];

/// A configuration file of this content, in a folder that goes with it.
fn config(toml: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    fs::write(&path, toml).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}

#[test]
fn connections_beyond_the_limit_wait_for_others_to_leave() {
    let (_folder, config) = config("[limits]\nconnections = 1\n");
    for runtime in RUNTIMES {
        let program = Program::start_with(&["--config", &config, "--runtime", runtime]);
        let first = program.connect();
        let mut second = Client::new(tcp(program.pop3));
        program.wait_for_log("accept paused");
        assert!(!program.log().contains("connected session=2"));
        first.quit();
        assert!(second.line().starts_with("+OK"));
        second.quit();
        assert!(program.log().contains("accept resumed"));
    }
}

#[test]
fn who_has_too_many_from_one_address_waits_and_others_do_not() {
    let (folder, config) = config("[limits]\nconnections-per-address = 1\n");
    let socket = folder.path().join("socket");
    let program = Program::start_with(&["--config", &config, "--listen", &format!("pop3=unix:{}", socket.display())]);
    let first = program.connect();
    let mut second = Client::new(tcp(program.pop3));
    let mut third = Client::new(unix(socket.to_str().unwrap()));
    assert!(third.line().starts_with("+OK"), "it has no address");
    first.quit();
    assert!(second.line().starts_with("+OK"));
}

#[test]
fn who_finds_no_room_to_wait_is_refused() {
    let (_folder, config) = config("[limits]\nconnections-per-address = 1\nwaiting = 0\n");
    let program = Program::start_with(&["--config", &config]);
    let first = program.connect();
    let mut second = Client::new(tcp(program.pop3));
    assert_eq!(second.line(), "");
    program.wait_for_log("too many connections from this address");
    first.quit();
}

#[test]
fn connections_that_come_too_fast_wait_for_a_moment() {
    let (_folder, config) = config("[limits]\nconnections-per-second = 2\n");
    let program = Program::start_with(&["--config", &config]);
    for _ in 0..4 {
        program.connect().quit();
    }
    program.wait_for_log("accept slowed");
}

#[test]
fn a_unix_socket_is_served_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    for runtime in RUNTIMES {
        let socket = folder.path().join(runtime).to_str().unwrap().to_owned();
        let listen = format!("pop3=unix:{socket}");
        let mut program = Program::start_with(&["--runtime", runtime, "--listen", &listen]);
        assert_eq!(program.more, [format!("pop3 unix:{socket}")]);
        let mut client = Client::new(unix(&socket));
        assert_eq!(client.line(), "+OK localhost POP3 server ready");
        assert!(client.pass(PASSWORD).starts_with("+OK"), "nobody can read along");
        client.quit();
        program.terminate();
        assert!(program.ended().success());
        assert!(program.log().contains("protocol=pop3 peer=unix"), "{}", program.log());
        assert!(!fs::exists(&socket).unwrap());
    }
}

#[test]
fn an_inherited_socket_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    // As systemd does it: the socket is descriptor 3, and the process is told so by its number.
    let script = "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&0 </dev/null";
    let mut program = Command::new("sh")
        .args([
            "-c",
            script,
            env!("CARGO_BIN_EXE_switchboard"),
            "--user",
            "alice:x",
            "--pop3",
            "fd:3",
            "--pop3s",
            "off",
            "--irc",
            "off",
            "--ircs",
            "off",
            "--xmpp",
            "off",
            "--xmpps",
            "off",
            "--web",
            "off",
        ])
        .args(["--data".as_ref(), folder.path().as_os_str()])
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(socket)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut client = Client::new(tcp(address));
    assert_eq!(client.line(), "+OK localhost POP3 server ready");
    client.quit();
    program.kill().unwrap();
    program.wait().unwrap();
}

#[test]
fn a_listener_without_descriptors_rests_and_goes_on() {
    for runtime in RUNTIMES {
        let script = "ulimit -n 40; exec \"$0\" \"$@\"";
        let ports = ["--pop3", "127.0.0.1:0", "--pop3s", "127.0.0.1:0"];
        let program = Program::launch(script, &[&["--user", "alice:x", "--runtime", runtime][..], &ports].concat());
        let crowd: Vec<_> = (0..60).map(|_| tcp(program.pop3)).collect();
        program.wait_for_log("listener rests protocol=pop3 reason=Too many open files");
        drop(crowd);
        program.connect().quit();
    }
}

#[test]
fn a_trusted_proxy_tells_who_the_client_is() {
    let toml = |trusted: &str| {
        format!(
            "pop3 = \"127.0.0.1:0\"\npop3s = \"127.0.0.1:0\"\n[[listen]]\nprotocol = \"pop3\"\naddress = \"unix:proxied\"\nproxies = [\"{trusted}\"]\n"
        )
    };
    for runtime in RUNTIMES {
        let (folder, file) = config(&toml("unix"));
        let socket = folder.path().join("proxied").to_str().unwrap().to_owned();
        let program = Program::start_as_told(&["--user", "alice:x", "--config", &file, "--runtime", runtime]);
        let mut client = Client::new(unix(&socket));
        client.send("PROXY TCP4 192.0.2.7 198.51.100.1 4711 110\r\n");
        assert!(client.line().starts_with("+OK"));
        assert!(program.log().contains("peer=192.0.2.7:4711 proxy=unix"), "{}", program.log());
        assert!(!client.list("CAPA").contains(&"USER".to_owned()), "the client is far away");
        client.quit();
        let mut liar = Client::new(unix(&socket));
        liar.send("QUIT\r\n");
        assert_eq!(liar.line(), "");
        program.wait_for_log("refused session=2 protocol=pop3 peer=unix reason=the connection did not begin");
    }
    let (folder, file) = config(&toml("10.0.0.0/8"));
    let program = Program::start_as_told(&["--user", "alice:x", "--config", &file]);
    let mut stranger = Client::new(unix(folder.path().join("proxied").to_str().unwrap()));
    assert_eq!(stranger.line(), "");
    program.wait_for_log("this peer is none of the trusted proxies");
}
