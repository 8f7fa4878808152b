//! The program, started on ports of its own with a data folder of its own,
//! and the simplest of POP3 clients.

#![allow(dead_code, unreachable_pub, reason = "shared by test files, none of which uses all of it")]

pub mod authority;
pub mod imap;
pub mod socket;
pub mod talk;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

/// alice's password.
pub const PASSWORD: &str = "correct horse";
/// So long a test waits for an answer before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Program {
    child: Child,
    folder: TempDir,
    pub pop3: SocketAddr,
    pub pop3s: SocketAddr,
    /// The `listening` lines of further listeners, without that word.
    pub more: Vec<String>,
}

impl Program {
    pub fn start(runtime: &str) -> Self {
        Self::start_with(&["--runtime", runtime])
    }

    /// With more arguments.
    pub fn start_with(arguments: &[&str]) -> Self {
        let alice = format!("alice:{PASSWORD}");
        Self::start_without_users(&[&["--user", &alice], arguments].concat())
    }

    pub fn start_without_users(arguments: &[&str]) -> Self {
        let mut all = arguments.to_vec();
        for listener in ["--pop3", "--pop3s"] {
            if !arguments.contains(&listener) {
                all.extend([listener, "127.0.0.1:0"]);
            }
        }
        Self::start_as_told(&all)
    }

    /// With no listeners but those that the arguments, or the file, tell of.
    pub fn start_as_told(arguments: &[&str]) -> Self {
        Self::launch("exec \"$0\" \"$@\"", arguments)
    }

    /// By a shell's script, in which `$0` is the program and `$@` what it is told.
    pub fn launch(script: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut all: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        if !arguments.contains(&"--data") {
            all.extend(["--data".to_owned(), folder.path().join("data").to_str().unwrap().to_owned()]);
        }
        // Tests run side by side, and the default ports are there once.
        let others = ["--imap", "--imaps", "--irc", "--ircs", "--xmpp", "--xmpps", "--web"];
        for other in others.into_iter().filter(|option| !arguments.contains(option)) {
            all.extend([other, "off"].map(str::to_owned));
        }
        let mut child = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_switchboard")])
            .args(all)
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut listening = Vec::new();
        loop {
            let line = lines.next().expect("the program ended early");
            match line.strip_prefix("listening ") {
                Some(listener) => listening.push(listener.to_owned()),
                None => break,
            }
        }
        let mut address = |protocol: &str| -> SocketAddr {
            let place = listening
                .iter()
                .position(|line| {
                    line.starts_with(&format!("{protocol} 127.0.0.1:"))
                        || line.starts_with(&format!("{protocol} 0.0.0.0:"))
                })
                .expect(protocol);
            listening.remove(place)[protocol.len() + 1..].parse().unwrap()
        };
        let (pop3, pop3s) = (address("pop3"), address("pop3s"));
        // The page is read to its end, so that the program never waits for us.
        assert!(lines.take(24).any(|line| line.starts_with("  curl ")));
        Self { child, folder, pop3, pop3s, more: listening }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// alice's messages on the disk, oldest first.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = ["new", "cur"]
            .into_iter()
            .flat_map(|folder| fs::read_dir(self.data().join("mail/alice").join(folder)).unwrap())
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
        files
    }

    /// Puts a message at the end of alice's mail.
    pub fn deliver(&self, content: &[u8]) -> PathBuf {
        let path = self.data().join("mail/alice/new/9999999999.test");
        fs::write(&path, content).unwrap();
        path
    }

    pub fn connect(&self) -> Client<TcpStream> {
        let mut client = Client::new(tcp(self.pop3));
        assert_eq!(client.line(), "+OK localhost POP3 server ready");
        client
    }

    pub fn connect_tls(&self) -> Client<Tls> {
        let mut client = Client::new(self.tls(tcp(self.pop3s), &[b"pop3"]));
        assert_eq!(client.line(), "+OK localhost POP3 server ready");
        client
    }

    /// alice's session in the clear, waiting for an earlier one that was cut
    /// off to be noticed.
    pub fn log_in(&self) -> Client<TcpStream> {
        loop {
            let mut client = self.connect();
            let answer = client.pass(PASSWORD);
            if answer.starts_with("+OK") {
                return client;
            }
            assert!(answer.starts_with("-ERR [IN-USE]"), "{answer}");
        }
    }

    /// TLS on a connection, trusting the made authority alone.
    pub fn tls(&self, stream: TcpStream, alpn: &[&[u8]]) -> Tls {
        self.tls_as(stream, alpn, "localhost", None)
    }

    /// The same, asking for this name and showing this certificate.
    pub fn tls_as(&self, stream: TcpStream, alpn: &[&[u8]], name: &str, shown: Option<&Shown>) -> Tls {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.data().join("tls/ca.pem")).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match shown {
            Some((chain, key)) => config.with_client_auth_cert(chain.clone(), key.clone_key()).unwrap(),
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream)
    }

    /// Waits until the log has this.
    pub fn wait_for_log(&self, wanted: &str) {
        let start = Instant::now();
        while !self.log().contains(wanted) {
            assert!(start.elapsed() < PATIENCE, "{wanted}\nnot in\n{}", self.log());
            std::thread::yield_now();
        }
    }

    /// Asks the program to end, as a service manager does.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for the end; then what the log says is complete.
    pub fn ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client's certificate and its key.
pub type Shown = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

pub type Tls = StreamOwned<ClientConnection, TcpStream>;

pub fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub fn unix(path: &str) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub struct Client<S>(BufReader<S>);

impl<S: Read + Write> Client<S> {
    pub fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    pub fn stream(&mut self) -> &mut S {
        self.0.get_mut()
    }

    pub fn into_stream(self) -> S {
        assert!(self.0.buffer().is_empty(), "more was said than was asked for");
        self.0.into_inner()
    }

    pub fn send(&mut self, text: &str) {
        self.stream().write_all(text.as_bytes()).unwrap();
        self.stream().flush().unwrap();
    }

    fn octets(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).unwrap();
        line
    }

    /// The next line without its CRLF; empty at the end of the stream.
    pub fn line(&mut self) -> String {
        let line = String::from_utf8(self.octets()).unwrap();
        assert!(line.is_empty() || line.ends_with("\r\n"), "{line:?}");
        line.trim_end().to_owned()
    }

    pub fn say(&mut self, command: &str) -> String {
        self.send(&format!("{command}\r\n"));
        self.line()
    }

    /// A command that must succeed, and the multi-line response's octets,
    /// unstuffed.
    pub fn ask(&mut self, command: &str) -> Vec<u8> {
        let answer = self.say(command);
        assert!(answer.starts_with("+OK"), "{command}: {answer}");
        let mut body = Vec::new();
        loop {
            let line = self.octets();
            match line.as_slice() {
                b".\r\n" => return body,
                [] => panic!("{command}: the response was cut off after {} octets", body.len()),
                [b'.', rest @ ..] => body.extend_from_slice(rest),
                line => body.extend_from_slice(line),
            }
        }
    }

    /// The lines of a listing.
    pub fn list(&mut self, command: &str) -> Vec<String> {
        String::from_utf8(self.ask(command)).unwrap().lines().map(str::to_owned).collect()
    }

    /// USER and PASS for alice.
    pub fn pass(&mut self, password: &str) -> String {
        let answer = self.say("USER alice");
        assert!(answer.starts_with("+OK"), "{answer}");
        self.say(&format!("PASS {password}"))
    }

    /// QUIT, and the end of the stream behind its answer.
    pub fn quit(mut self) {
        assert_eq!(self.say("QUIT"), "+OK goodbye");
        assert_eq!(self.line(), "");
    }
}

/// A message as RFC 1939 section 11 counts and sends it: every line ended by
/// CRLF.
pub fn on_the_wire(path: &Path) -> Vec<u8> {
    let content = fs::read(path).unwrap();
    let mut wire = Vec::new();
    for line in content.split_inclusive(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        wire.extend_from_slice(line);
        wire.extend_from_slice(b"\r\n");
    }
    wire
}
