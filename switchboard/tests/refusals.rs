//! The program, started with what it must refuse: one clear line on standard
//! error, nothing on standard output, and the status that tells whose fault
//! it is.

use std::path::Path;
use std::process::{Command, Output};

/// For those that come as far as to listen, side by side with other tests.
const NO_CHAT: [&str; 10] = ["--irc", "off", "--ircs", "off", "--xmpp", "off", "--xmpps", "off", "--web", "off"];

fn switchboard(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_switchboard")).args(arguments).output().unwrap()
}

fn refused(arguments: &[&str], status: i32, wanted: &str) {
    let output = switchboard(arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.starts_with("switchboard: ") && errors.contains(wanted), "{errors}");
    assert!(output.stdout.is_empty());
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn mistakes_in_the_call_end_with_status_2() {
    refused(&["--bogus"], 2, "--bogus");
    refused(&["--runtime", "fortran"], 2, "blocking");
    refused(&["--user", "alice"], 2, "NAME:PASSWORD");
    refused(&["--xmpp-component", "127.0.0.1:0"], 2, "no component is known");
    refused(&["--listen", "pop3"], 2, "PROTOCOL=ADDR");
    refused(&["--pop3", "unix:"], 2, "write the socket's path behind unix:, or off");
    refused(&["--config", "/nowhere/switchboard.toml"], 2, "/nowhere/switchboard.toml");
}

#[test]
fn trouble_with_the_machine_ends_with_status_1() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let users = folder.path().join("users");

    std::fs::write(&users, "alice:no hash").unwrap();
    refused(&["--data", text(&data), "--users", text(&users)], 1, "line 1: this is no argon2 hash");
    refused(&["--data", text(&data), "--users", "/nowhere/users"], 1, "/nowhere/users");
    refused(&["--data", text(&users)], 1, text(&users));

    let mail = data.join("mail");
    std::fs::write(mail.join("dora"), "no folder").unwrap();
    refused(&["--data", text(&data), "--user", "dora:x"], 1, "is not a folder");
    std::fs::remove_dir_all(&mail).unwrap();
    std::fs::write(&mail, "").unwrap();
    refused(&["--data", text(&data), "--user", "dora:x"], 1, text(&mail));
}

#[test]
fn a_port_in_use_ends_with_status_1() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for runtime in ["tokio", "async-std", "blocking"] {
        let arguments =
            ["--runtime", runtime, "--data", text(folder.path()), "--pop3", "127.0.0.1:0", "--pop3s", &address];
        refused(
            &[&arguments[..], &NO_CHAT].concat(),
            1,
            &format!("cannot listen on {address} for pop3s: Address already in use"),
        );
    }
}

#[test]
fn a_socket_that_is_not_to_be_had_ends_with_status_1() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let _taken = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let data = folder.path().join("data");
    let listen = |place: &str, wanted: &str| {
        let listen = format!("pop3={place}");
        let arguments = ["--data", text(&data), "--pop3s", "off", "--listen", &listen];
        refused(&[&arguments[..], &NO_CHAT].concat(), 1, wanted);
    };
    listen(&format!("unix:{}", text(&socket)), "socket for pop3: Address already in use");
    listen("unix:/nowhere/socket", "cannot listen on unix:/nowhere/socket for pop3: No such file");
    listen("fd:3", "no socket was inherited as fd:3");
}

#[test]
fn help_names_every_flag() {
    let output = switchboard(&["--help"]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for flag in [
        "runtime",
        "data",
        "user",
        "users",
        "pop3",
        "pop3s",
        "imap",
        "imaps",
        "irc",
        "ircs",
        "xmpp",
        "xmpps",
        "xmpp-component",
        "web",
        "listen",
        "config",
        "trace",
    ] {
        assert!(help.contains(&format!("--{flag} ")) || help.contains(&format!("--{flag}\n")), "--{flag} in {help}");
    }
}
