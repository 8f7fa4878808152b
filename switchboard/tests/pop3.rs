//! Sessions with the program as clients have them, on each runtime.

mod program;

use std::fs;

use program::{Client, PASSWORD, Program, on_the_wire, tcp};
use wirestate_sasl::client::{self, Credentials, Step};
use wirestate_sasl::{Bindings, ChannelBinding, Mechanism, Nonces, base64};

/// Each function here becomes a test on each runtime.
macro_rules! on_each_runtime {
    ($($(#[$attribute:meta])* fn $test:ident($program:pat_param) $body:block)*) => {
        $(
            mod $test {
                use super::*;

                $(#[$attribute])*
                fn check($program: Program) $body

                #[test]
                fn on_tokio() {
                    check(Program::start("tokio"));
                }

                #[test]
                fn on_async_std() {
                    check(Program::start("async-std"));
                }

                #[test]
                fn on_blocking() {
                    check(Program::start("blocking"));
                }
            }
        )*
    };
}

on_each_runtime! {
    fn every_message_comes_octet_for_octet(program) {
        let files = program.files();
        let mut client = program.log_in();
        let sizes: Vec<usize> = files.iter().map(|file| on_the_wire(file).len()).collect();
        assert_eq!(client.say("STAT"), format!("+OK {} {}", files.len(), sizes.iter().sum::<usize>()));
        let listed: Vec<String> = sizes.iter().enumerate().map(|(n, size)| format!("{} {size}", n + 1)).collect();
        assert_eq!(client.list("LIST"), listed);
        for (index, file) in files.iter().enumerate() {
            let wire = on_the_wire(file);
            assert!(client.ask(&format!("RETR {}", index + 1)) == wire, "{}", file.display());
            let header = wire.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
            assert!(client.ask(&format!("TOP {} 0", index + 1)) == wire[..header], "{}", file.display());
        }
        let whole = client.ask("TOP 1 100000");
        assert!(whole == on_the_wire(&files[0]));
        client.quit();
        assert_eq!(program.files(), files, "reading changes nothing");
    }

    fn unique_ids_last(program) {
        let mut first = program.log_in();
        let ids = first.list("UIDL");
        assert_eq!(ids.len(), program.files().len());
        first.quit();
        assert_eq!(program.log_in().list("UIDL"), ids);
    }

    fn a_large_message_streams(program) {
        let line = [&b".dots and a long line: "[..], &[b'x'; 5000], b"\n..\n.\nplain\r\n"].concat();
        let content = [b"Subject: large\n\n".to_vec(), line.repeat(1600)].concat();
        let path = program.deliver(&content);
        let mut client = program.log_in();
        let number = program.files().len();
        let wire = on_the_wire(&path);
        assert_eq!(client.say(&format!("LIST {number}")), format!("+OK {number} {}", wire.len()));
        // Both at once: the second waits until the first has gone.
        client.send(&format!("RETR {number}\r\n"));
        let body = client.ask(&format!("RETR {number}"));
        assert!(body == wire);
        assert_eq!(client.line(), format!("+OK {} octets", wire.len()));
    }

    fn quit_deletes_and_a_cut_connection_does_not(program) {
        let files = program.files();
        let mut cut = program.log_in();
        assert!(cut.say("DELE 1").starts_with("+OK"));
        drop(cut);

        let mut client = program.log_in();
        assert_eq!(program.files(), files);
        assert!(client.say("DELE 2").starts_with("+OK"));
        assert!(client.say("DELE 3").starts_with("+OK"));
        assert!(client.say("RSET").starts_with("+OK"));
        assert!(client.say("DELE 4").starts_with("+OK"));
        assert_eq!(program.files(), files, "nothing goes before QUIT");
        client.quit();
        let left: Vec<_> = files.iter().filter(|file| **file != files[3]).cloned().collect();
        assert_eq!(program.files(), left);
        // QUIT has given the maildrop back before it was answered.
        assert!(program.connect().pass(PASSWORD).starts_with("+OK"));
    }

    fn a_second_session_finds_the_maildrop_in_use(program) {
        let first = program.log_in();
        let mut second = program.connect();
        assert!(second.pass(PASSWORD).starts_with("-ERR [IN-USE]"));
        first.quit();
        assert!(second.pass(PASSWORD).starts_with("+OK"), "the same connection may try again");
    }

    fn a_wrong_password_gets_auth(program) {
        let mut client = program.connect();
        assert!(client.pass("wrong").starts_with("-ERR [AUTH]"));
        assert!(client.say("USER nobody").starts_with("+OK"), "no name is given away");
        assert!(client.say("PASS wrong").starts_with("-ERR [AUTH]"));
        assert!(client.pass(PASSWORD).starts_with("+OK"));
        client.quit();
    }

    fn pop3s_serves_the_same_mail(program) {
        let mut client = program.connect_tls();
        assert!(client.pass(PASSWORD).starts_with("+OK"));
        for (index, file) in program.files().iter().enumerate() {
            assert!(client.ask(&format!("RETR {}", index + 1)) == on_the_wire(file));
        }
        assert_eq!(client.stream().conn.alpn_protocol(), Some(&b"pop3"[..]));
        client.quit();
    }

    fn stls_serves_the_same_mail(program) {
        let mut clear = program.connect();
        assert!(clear.list("CAPA").contains(&"STLS".to_owned()));
        assert!(clear.say("STLS").starts_with("+OK"));
        let mut client = Client::new(program.tls(clear.into_stream(), &[]));
        assert!(!client.list("CAPA").contains(&"STLS".to_owned()));
        assert!(client.pass(PASSWORD).starts_with("+OK"));
        assert!(client.ask("RETR 2") == on_the_wire(&program.files()[1]));
        client.quit();
    }

    fn every_mechanism_logs_in(program) {
        for mechanism in offered(&program.connect().list("CAPA")) {
            assert!(!mechanism.is_plus(), "there is no channel to bind to");
            let mut client = program.connect();
            assert!(authenticate(&mut client, mechanism, PASSWORD, Bindings::none()), "{mechanism}");
            client.quit();
        }
        let over_tls = offered(&program.connect_tls().list("CAPA"));
        assert!(over_tls.contains(&Mechanism::SCRAM_SHA_256_PLUS), "{over_tls:?}");
        for mechanism in over_tls {
            let mut client = program.connect_tls();
            let exported =
                client.stream().conn.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[])).unwrap();
            let bindings = if mechanism.is_plus() {
                [ChannelBinding::TlsExporter(exported)].into_iter().collect()
            } else {
                Bindings::none()
            };
            assert!(authenticate(&mut client, mechanism, PASSWORD, bindings), "{mechanism}");
            client.quit();
        }
    }

    fn a_message_that_vanished_is_refused_and_the_session_goes_on(program) {
        let mut client = program.log_in();
        fs::remove_file(&program.files()[0]).unwrap();
        assert!(client.say("RETR 1").starts_with("-ERR [SYS/TEMP]"));
        assert!(client.say("TOP 1 1").starts_with("-ERR [SYS/TEMP]"));
        assert!(client.ask("RETR 2") == on_the_wire(&program.files()[0]));
        client.quit();
    }

    fn sigterm_says_farewell_and_ends_with_status_0(mut program) {
        let mut busy = program.log_in();
        assert!(busy.say("DELE 1").starts_with("+OK"));
        let mut idle = program.connect_tls();
        let files = program.files();
        program.terminate();
        assert!(busy.line().starts_with("-ERR [SYS/TEMP]"));
        assert_eq!(busy.line(), "");
        assert!(idle.line().starts_with("-ERR [SYS/TEMP]"));
        drop((busy, idle));
        assert_eq!(program.ended().code(), Some(0));
        assert_eq!(program.files(), files, "a shutdown deletes nothing");
    }

    fn the_log_tells_each_session(mut program) {
        let mut client = program.connect();
        assert!(client.pass("wrong").starts_with("-ERR [AUTH]"));
        assert!(client.pass(PASSWORD).starts_with("+OK"));
        client.ask("RETR 2");
        assert!(client.say("DELE 1").starts_with("+OK"));
        client.quit();
        program.terminate();
        assert!(program.ended().success());
        let log = program.log();
        for wanted in [
            "connected session=1 protocol=pop3 peer=127.0.0.1:",
            "login failed session=1 user=\"alice\" count=1",
            "logged in session=1 user=\"alice\" messages=9",
            "retrieved session=1 user=\"alice\" number=2",
            "deleted session=1 user=\"alice\" messages=1",
            "ended session=1 user=\"alice\" reason=Quit retrieved=1 deleted=1",
            "disconnected session=1 reason=quit read=",
            "closed server=pop3 served=1 cut_off=0 left=0",
        ] {
            assert!(log.contains(wanted), "{wanted}\nnot in\n{log}");
        }
        assert!(!log.contains(PASSWORD));
    }
}

#[test]
fn the_trace_shows_the_lines_and_no_secret() {
    let mut program = Program::start_with(&["--trace"]);
    program.log_in().quit();
    let mut client = program.connect_tls();
    assert!(authenticate(&mut client, Mechanism::Plain, PASSWORD, Bindings::none()));
    assert!(client.say("STAT").starts_with("+OK"));
    client.quit();
    program.terminate();
    assert!(program.ended().success());
    let log = program.log();
    for wanted in ["< USER alice", "< PASS \\*", "< STAT", "> +OK 9 "] {
        assert!(log.contains(wanted), "{wanted}\nnot in\n{log}");
    }
    assert!(!log.contains(PASSWORD));
    assert!(!log.contains(&base64::encode(format!("\0alice\0{PASSWORD}").as_bytes())));
}

#[test]
fn the_log_tells_why_each_session_ended() {
    let mut program = Program::start("tokio");
    drop(program.connect());
    let mut garbage = program.connect();
    garbage.send(&"NONSENSE\r\n".repeat(5));
    for _ in 0..6 {
        assert!(garbage.line().starts_with("-ERR"));
    }
    assert_eq!(garbage.line(), "");
    let mut browser = program.connect();
    assert!(browser.say("GET / HTTP/1.1").starts_with("-ERR"));
    assert_eq!(browser.line(), "");
    let mut stranger = program.tls(tcp(program.pop3s), &[b"http/1.1"]);
    assert!(std::io::Read::read(&mut stranger, &mut [0; 16]).is_err());
    let idle = program.connect();
    program.wait_for_log("disconnected session=4");
    program.terminate();
    drop(idle);
    assert!(program.ended().success());
    let log = program.log();
    for wanted in [
        "disconnected session=1 reason=closed by the peer",
        "disconnected session=2 reason=limit",
        "disconnected session=3 reason=violation of the protocol",
        "disconnected session=4 reason=TLS failure",
    ] {
        assert!(log.contains(wanted), "{wanted}\nnot in\n{log}");
    }
}

#[test]
fn passwords_wait_for_tls_where_others_could_listen() {
    let program = Program::start_with(&["--pop3", "0.0.0.0:0"]);
    let mut clear = Client::new(tcp(([127, 0, 0, 1], program.pop3.port()).into()));
    assert!(clear.line().starts_with("+OK"));
    let capabilities = clear.list("CAPA");
    assert!(!capabilities.contains(&"USER".to_owned()), "{capabilities:?}");
    assert!(!offered(&capabilities).contains(&Mechanism::Plain), "{capabilities:?}");
    assert!(clear.say("USER alice").starts_with("-ERR"));
    assert!(clear.say("STLS").starts_with("+OK"));
    let mut client = Client::new(program.tls(clear.into_stream(), &[]));
    assert!(client.pass(PASSWORD).starts_with("+OK"));
}

#[test]
fn users_known_by_hash_only_log_in_by_password() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("c.toml");
    // echo -n password | argon2 somesalt -id -e
    let hash = "$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$qLml5cbqFAO6YxVHhrSBHP0UWdxrIxkNcM8aMX3blzU";
    fs::write(folder.path().join("users"), format!("alice:{hash}")).unwrap();
    fs::write(&config, "users = \"users\"").unwrap();
    let program = Program::start_without_users(&["--config", config.to_str().unwrap()]);
    let mut client = program.connect();
    assert_eq!(offered(&client.list("CAPA")), [Mechanism::Plain, Mechanism::Login]);
    assert!(authenticate(&mut client, Mechanism::Plain, "password", Bindings::none()));
    assert_eq!(client.say("STAT").split(' ').nth(1), Some("9"));
}

#[test]
fn a_client_of_another_service_is_refused_by_alpn() {
    let program = Program::start("tokio");
    let mut stream = program.tls(tcp(program.pop3s), &[b"http/1.1"]);
    let error = std::io::Read::read(&mut stream, &mut [0; 16]).unwrap_err().to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
}

/// The mechanisms in a list of capabilities.
fn offered(capabilities: &[String]) -> Vec<Mechanism> {
    let names = capabilities.iter().find_map(|line| line.strip_prefix("SASL ")).expect("SASL in CAPA");
    names.split(' ').map(|name| Mechanism::from_name(name).expect(name)).collect()
}

/// AUTH as alice; whether it succeeded.
fn authenticate<S: std::io::Read + std::io::Write>(
    client: &mut Client<S>,
    mechanism: Mechanism,
    password: &str,
    bindings: Bindings,
) -> bool {
    let credentials = Credentials::password("alice", password).unwrap();
    let context = client::Context::new(Nonces::from_seed([7; 32]).fresh()).bindings(bindings);
    let mut exchange = client::Client::start(mechanism, &credentials, &context).unwrap();
    let mut line = client.say(&format!("AUTH {mechanism}"));
    while let Some(challenge) = line.strip_prefix("+ ").or((line == "+").then_some("")) {
        let challenge = base64::decode(challenge, 4096).unwrap();
        // Where the client speaks first, the first challenge is empty and none.
        let challenge = Some(&challenge[..]).filter(|challenge| !challenge.is_empty());
        let mut step = exchange.step(challenge).unwrap();
        while let Step::Work(work) = step {
            step = exchange.resume(work.run()).unwrap();
        }
        let Step::Send(response) = step else { panic!("{mechanism} has nothing to say") };
        line = client.say(&base64::encode(&response));
    }
    let succeeded = line.starts_with("+OK");
    if succeeded {
        exchange.succeed(None).unwrap();
    }
    succeeded
}
