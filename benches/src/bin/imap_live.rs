//! Loads IMAP servers on loopback and measures *their* CPU time and memory from outside: to be run by `benches/imap_live.sh`.
//!
//! `imap_live wait PORT` succeeds where a server greets; `imap_live mail DIR COUNT` makes a Maildir; `imap_live DOVECOT-PID PORT SWITCHBOARD-PID PORT`
//! prints a table of ratios and fails where switchboard is behind. In both `ann` has [`MESSAGES`] messages and `bob` none.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use wirestate_benches::peer::{Outcome, Peer, UNCOUNTED, alternate, connect};

/// How often each of the two is loaded.
const TURNS: usize = 7;
const MESSAGES: usize = 10_000;
const SESSIONS: usize = 240;
const IDLE_SESSIONS: usize = 200;

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["wait", port] => {
            connect(format!("127.0.0.1:{port}").parse()?)?.read_exact(&mut [0; 4])?;
            Ok(ExitCode::SUCCESS)
        }
        ["mail", dir, count] => make_mail(Path::new(dir), count.parse()?).map(|()| ExitCode::SUCCESS),
        [dovecot, dovecot_port, ours, our_port] => {
            let peer = |pid: &str, port: &str| -> Outcome<Peer> {
                Ok(Peer::running(pid.parse()?, format!("127.0.0.1:{port}").parse()?))
            };
            let pair = Pair { dovecot: peer(dovecot, dovecot_port)?, ours: peer(ours, our_port)?, is_behind: false };
            pair.compare()
        }
        _ => Err("usage: imap_live wait PORT | mail DIR COUNT | DOVECOT-PID PORT SWITCHBOARD-PID PORT".into()),
    }
}

// --- what is measured ---

struct Pair {
    dovecot: Peer,
    ours: Peer,
    is_behind: bool,
}

/// What is done to a server over a new connection.
type Load = fn(&mut Client) -> Outcome<()>;

impl Pair {
    fn compare(mut self) -> Outcome<ExitCode> {
        // First, while neither has memory that it has used before.
        println!(
            "| memory of an idle session | Dovecot, bytes | switchboard, bytes | Dovecot / switchboard |\n|---|---|---|---|"
        );
        let (theirs, ours) = (memory(&self.dovecot)?, memory(&self.ours)?);
        self.tell("logged in", 1, (theirs.0, ours.0));
        self.tell("INBOX of 10,000 selected", 1, (theirs.1, ours.1));
        println!();
        println!(
            "| CPU against Dovecot's imapd | Dovecot, µs | switchboard, µs | Dovecot / switchboard |\n|---|---|---|---|"
        );
        self.row("NOOP, 64 pipelined", 1_000 * 64, |client| {
            client.log_in("ann")?;
            client.noops(1_000)
        })?;
        self.row("NOOP with INBOX of 10,000 selected, 64 pipelined", 1_000 * 64, |client| {
            client.log_in("ann")?;
            client.command("SELECT INBOX")?;
            client.noops(1_000)
        })?;
        self.row("FETCH 1:* FLAGS, per message", 20 * MESSAGES, |client| client.fetches("FLAGS", 20))?;
        self.row("FETCH 1:* (ENVELOPE BODYSTRUCTURE), per message", 4 * MESSAGES, |client| {
            client.fetches("(ENVELOPE BODYSTRUCTURE)", 4)
        })?;
        for (at_once, how) in [(1, "one after the other"), (8, "8 at a time")] {
            self.sessions(&format!("session: connect, LOGIN, LOGOUT; {how}"), at_once, |client| client.log_in("bob"))?;
            self.sessions(&format!("the same with SELECT of an empty INBOX; {how}"), at_once, |client| {
                client.log_in("bob")?;
                client.command("SELECT INBOX")
            })?;
            self.sessions(&format!("the same with SELECT of 10,000 messages; {how}"), at_once, |client| {
                client.log_in("ann")?;
                client.command("SELECT INBOX")
            })?;
        }
        Ok(if self.is_behind { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn row(&mut self, name: &str, units: usize, load: Load) -> Outcome<()> {
        let mut theirs = |stream: &mut TcpStream| load(&mut Client::new(stream)?);
        let mut ours = theirs;
        // Caches fill once.
        theirs(&mut self.dovecot.connect()?)?;
        theirs(&mut self.ours.connect()?)?;
        let spent = alternate(TURNS, (&self.dovecot, &mut theirs), (&self.ours, &mut ours))?;
        self.tell(name, units, spent);
        Ok(())
    }

    fn sessions(&mut self, name: &str, at_once: usize, load: Load) -> Outcome<()> {
        let of = |peer: &Peer| {
            let address = peer.address();
            let session = move || -> Outcome<()> {
                let mut stream = connect(address)?;
                let mut client = Client::new(&mut stream)?;
                load(&mut client)?;
                client.command("LOGOUT")
            };
            move |_: &mut TcpStream| {
                thread::scope(|scope| {
                    let row =
                        move || (0..SESSIONS / at_once).try_for_each(|_| session()).map_err(|error| error.to_string());
                    let rows: Vec<_> = (0..at_once).map(|_| scope.spawn(row)).collect();
                    rows.into_iter()
                        .try_for_each(|row| row.join().map_err(|_| "a client panicked")?.map_err(Into::into))
                })
            }
        };
        let spent = alternate(TURNS, (&self.dovecot, &mut of(&self.dovecot)), (&self.ours, &mut of(&self.ours)))?;
        self.tell(name, SESSIONS, spent);
        Ok(())
    }

    fn tell(&mut self, name: &str, units: usize, (theirs, ours): (f64, f64)) {
        let each = |all: f64| all / units as f64;
        println!("| {name} | {:.2} | {:.2} | {:.2} |", each(theirs), each(ours), theirs / ours);
        self.is_behind |= ours > theirs;
    }
}

/// What a session takes that is logged in, and one that has selected INBOX, beside what all share.
fn memory(peer: &Peer) -> Outcome<(f64, f64)> {
    let session = |_| -> Outcome<TcpStream> {
        let mut stream = peer.connect()?;
        Client::new(&mut stream)?.log_in("ann")?;
        Ok(stream)
    };
    let select = |stream: &mut TcpStream| Client::greeted(stream).command("SELECT INBOX");
    let mut uncounted = (0..UNCOUNTED).map(session).collect::<Outcome<Vec<_>>>()?;
    uncounted.iter_mut().try_for_each(select)?;
    let before = peer.memory()?;
    let mut counted = (0..IDLE_SESSIONS).map(session).collect::<Outcome<Vec<_>>>()?;
    let logged_in = peer.memory()?;
    counted.iter_mut().try_for_each(select)?;
    let selected = peer.memory()?;
    let each = |after: f64| (after - before) / IDLE_SESSIONS as f64;
    Ok((each(logged_in), each(selected)))
}

// --- an IMAP client of a few lines ---

struct Client<'s> {
    stream: &'s mut TcpStream,
    buffer: Vec<u8>,
}

impl<'s> Client<'s> {
    fn new(stream: &'s mut TcpStream) -> Outcome<Self> {
        let mut client = Client::greeted(stream);
        client.read_until(b"* OK")?;
        Ok(client)
    }

    fn greeted(stream: &'s mut TcpStream) -> Self {
        Client { stream, buffer: vec![0; 64 * 1024] }
    }

    fn log_in(&mut self, user: &str) -> Outcome<()> {
        self.command(&format!("LOGIN {user} pencil"))
    }

    /// Says a command and reads to its OK.
    fn command(&mut self, command: &str) -> Outcome<()> {
        self.stream.write_all(format!("a {command}\r\n").as_bytes())?;
        self.read_until(b"a OK").map(drop)
    }

    /// Batches of 64, with an answer of one line each.
    fn noops(&mut self, batches: usize) -> Outcome<()> {
        let lines = b"a NOOP\r\n".repeat(64);
        for _ in 0..batches {
            self.stream.write_all(&lines)?;
            let mut left = 64;
            while left > 0 {
                let read = self.read()?;
                left -= self.buffer[..read].iter().filter(|byte| **byte == b'\n').count();
            }
        }
        Ok(())
    }

    fn fetches(&mut self, items: &str, rounds: usize) -> Outcome<()> {
        self.log_in("ann")?;
        self.command("SELECT INBOX")?;
        for _ in 0..rounds {
            self.stream.write_all(format!("a FETCH 1:* {items}\r\n").as_bytes())?;
            let lines = self.read_until(b"a OK")?;
            if lines != MESSAGES + 1 {
                return Err(format!("{lines} lines for FETCH {items}").into());
            }
        }
        Ok(())
    }

    /// Reads to the end of a line that begins so and after which nothing has come yet; gives how many lines there were.
    fn read_until(&mut self, start: &[u8]) -> Outcome<usize> {
        let (mut lines, mut last) = (0, Vec::new());
        loop {
            let read = self.read()?;
            let read = &self.buffer[..read];
            lines += read.iter().filter(|byte| **byte == b'\n').count();
            // What could be the last line: all behind the last line end but one.
            let whole = read.strip_suffix(b"\n").unwrap_or(read);
            match whole.iter().rposition(|byte| *byte == b'\n') {
                Some(at) => last = read[at + 1..].to_vec(),
                None if last.ends_with(b"\n") => last = read.to_vec(),
                None => last.extend_from_slice(read),
            }
            if last.ends_with(b"\n") {
                if last.starts_with(start) {
                    return Ok(lines);
                }
                if [&b"a NO"[..], b"a BAD", b"* BYE"].iter().any(|word| last.starts_with(word)) {
                    return Err(String::from_utf8_lossy(&last).into());
                }
            }
        }
    }

    fn read(&mut self) -> Outcome<usize> {
        match self.stream.read(&mut self.buffer)? {
            0 => Err("the server hung up".into()),
            read => Ok(read),
        }
    }
}

// --- mail ---

/// A Maildir of messages with an HTML form and an attachment, all seen.
fn make_mail(dir: &Path, count: usize) -> Outcome<()> {
    for folder in ["cur", "new", "tmp"] {
        fs::create_dir_all(dir.join(folder))?;
    }
    for at in 0..count {
        let text = message(at)?;
        let (size, lines) = (text.len(), text.matches('\n').count());
        let time = 1_700_000_000 + at;
        fs::write(dir.join(format!("cur/{time}.M{at}P1.bench,S={size},W={}:2,S", size + lines)), text)?;
    }
    Ok(())
}

fn message(at: usize) -> Outcome<String> {
    let mut text = format!(
        "From: \"Terry Gray\" <gray{}@cac.example.edu>\nTo: minutes@cnri.example.org, \"John Klensin\" <klensin@mit.example.edu>\nCc: imap@cac.example.edu\n\
         Subject: Minutes of meeting {at} of the IMAP working group, and a plan of what is to be done\nDate: Wed, {} Jul 2026 02:{:02}:25 -0700 (PDT)\n\
         Message-ID: <B{at}-0100000@cac.example.edu>\nIn-Reply-To: <B{}-0100000@cac.example.edu>\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=\"b0_9c1d\"\n\n",
        at % 40,
        at % 28 + 1,
        at % 60,
        at / 2,
    );
    text.push_str("--b0_9c1d\nContent-Type: multipart/alternative; boundary=\"b1_4f2a\"\n\n");
    for (kind, lines) in [("plain", 20), ("html", 30)] {
        writeln!(
            text,
            "--b1_4f2a\nContent-Type: text/{kind}; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n"
        )?;
        (0..lines).try_for_each(|line| writeln!(text, "{line:070}"))?;
    }
    text.push_str("--b1_4f2a--\n\n--b0_9c1d\nContent-Type: application/pdf; name=\"minutes.pdf\"\nContent-Transfer-Encoding: base64\n");
    text.push_str("Content-ID: <part3@example.org>\nContent-Disposition: attachment; filename=\"minutes.pdf\"\n\n");
    (0..20).try_for_each(|line| writeln!(text, "{line:076}"))?;
    text.push_str("--b0_9c1d--\n");
    Ok(text)
}
