//! The program with IMAP, and the simplest of IMAP clients.

use std::fs;
use std::net::{SocketAddr, TcpStream};

use super::{Client, PASSWORD, Program, Tls, tcp};

pub struct Mail {
    pub program: Program,
    pub imap: SocketAddr,
    pub imaps: SocketAddr,
}

impl Mail {
    pub fn start(runtime: &str) -> Self {
        Self::start_with(&["--runtime", runtime])
    }

    /// With this in the configuration file.
    pub fn configured(text: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        Self::start_with(&["--config", file.path().to_str().unwrap()])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let listeners = ["--imap", "127.0.0.1:0", "--imaps", "127.0.0.1:0"];
        let program = Program::start_with(&[arguments, &listeners].concat());
        let at = |protocol: &str| {
            let line = program.more.iter().find_map(|line| line.strip_prefix(&format!("{protocol} ")));
            line.expect(protocol).parse().unwrap()
        };
        let (imap, imaps) = (at("imap"), at("imaps"));
        Self { program, imap, imaps }
    }

    /// alice, logged in.
    pub fn log_in(&self) -> Client<TcpStream> {
        let mut client = Client::new(tcp(self.imap));
        client.enter();
        client
    }

    pub fn log_in_by_tls(&self) -> Client<Tls> {
        let mut client = Client::new(self.program.tls(tcp(self.imaps), &[b"imap"]));
        client.enter();
        client
    }
}

/// What is asked by a tag and answered line by line.
pub trait Imap {
    fn enter(&mut self);
    /// The untagged lines that answer a command, which must succeed.
    fn command(&mut self, line: &str) -> Vec<String>;
    /// The tagged line of a command that must not succeed.
    fn refused(&mut self, line: &str) -> String;
    /// APPENDs this to a mailbox; gives the tagged line.
    fn append(&mut self, mailbox: &str, message: &str) -> String;
    /// All lines up to the one that begins so, with it.
    fn until(&mut self, start: &str) -> Vec<String>;
}

impl<S: std::io::Read + std::io::Write> Imap for Client<S> {
    fn enter(&mut self) {
        let greeting = self.line();
        assert!(
            greeting.starts_with("* OK [CAPABILITY IMAP4rev1 ") && greeting.ends_with(" localhost IMAP server ready"),
            "{greeting}"
        );
        self.command(&format!("LOGIN alice \"{PASSWORD}\""));
    }

    fn command(&mut self, line: &str) -> Vec<String> {
        self.send(&format!("t {line}\r\n"));
        let mut lines = self.until("t ");
        let end = lines.pop().unwrap();
        assert!(end.starts_with("t OK "), "{line}: {end}");
        lines
    }

    fn refused(&mut self, line: &str) -> String {
        self.send(&format!("t {line}\r\n"));
        let end = self.until("t ").pop().unwrap();
        assert!(!end.starts_with("t OK "), "{line}: {end}");
        end
    }

    fn append(&mut self, mailbox: &str, message: &str) -> String {
        self.send(&format!("t APPEND {mailbox} {{{}+}}\r\n{message}\r\n", message.len()));
        self.until("t ").pop().unwrap()
    }

    fn until(&mut self, start: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            assert!(!line.is_empty() || !lines.last().is_some_and(String::is_empty), "the stream ended: {lines:?}");
            let is_last = line.starts_with(start);
            lines.push(line);
            if is_last {
                return lines;
            }
        }
    }
}

pub fn on_each_runtime(check: impl Fn(Mail)) {
    for runtime in ["tokio", "async-std", "blocking"] {
        check(Mail::start(runtime));
    }
}
