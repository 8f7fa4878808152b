//! Loads servers on loopback and measures *their* CPU time and memory from outside: to be run by `benches/live.sh`.
//!
//! `live wait PORT` succeeds where a server greets; `live DIR [DOVECOT-PID DOVECOT-PORT]` starts the `peer`s that stand beside it, ends them again, and prints tables of ratios. The load is
//! made by this process, whose own time is not counted.

#![forbid(unsafe_code)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use wirestate_benches::peer::{Outcome, Peer, alternate, connect};
use wirestate_layers::tls::client_config;
use wirestate_layers::tls::rustls::pki_types::{CertificateDer, ServerName};
use wirestate_layers::tls::rustls::{ClientConnection, RootCertStore};

/// How often each of two peers is loaded.
const TURNS: usize = 11;
const IDLE_CONNECTIONS: usize = 2000;
const SESSIONS: usize = 504;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, port] = &arguments[..]
        && word == "wait"
    {
        return line(&mut connect(format!("127.0.0.1:{port}").parse()?)?).map(drop);
    }
    let dir = PathBuf::from(arguments.first().ok_or("usage: live DIR [DOVECOT-PID DOVECOT-PORT]")?);
    echoes(&dir)?;
    idle(&dir)?;
    if let [_, pid, port] = &arguments[..] {
        let dovecot = Peer::running(pid.parse()?, format!("127.0.0.1:{port}").parse()?);
        against_dovecot(&dir, &dovecot)?;
    }
    Ok(())
}

// --- CPU against the floor ---

fn echoes(dir: &Path) -> Outcome<()> {
    println!(
        "| CPU per batch on loopback, tokio | bare echo, µs | Wirestate, µs | ratio | budget |\n|---|---|---|---|---|"
    );
    let line = [vec![b'x'; 62], b"\r\n".to_vec()].concat();
    for (batch, rounds) in [(1, 20_000), (16, 20_000), (128, 20_000)] {
        let lines = line.repeat(batch);
        let (echo, ours) = alternate(
            TURNS,
            (&start("echo", dir)?, &mut |stream| rounds_of(stream, &lines, lines.len(), rounds)),
            (&start("lines", dir)?, &mut |stream| rounds_of(stream, &lines, lines.len(), rounds)),
        )?;
        row(&format!("{batch} lines of 64 bytes"), rounds, echo, ours, "1.3");
    }
    for (batch, rounds) in [(1, 20_000), (16, 20_000), (128, 20_000)] {
        let lines = b"NOOP\r\n".repeat(batch);
        let (echo, ours) = alternate(
            TURNS,
            (&start("echo", dir)?, &mut |stream| rounds_of(stream, &lines, lines.len(), rounds)),
            (&start("pop3", dir)?, &mut |stream| {
                log_in(stream)?;
                rounds_of(stream, &lines, batch * b"+OK\r\n".len(), rounds)
            }),
        )?;
        row(&format!("{batch} NOOP of POP3"), rounds, echo, ours, "-");
    }
    let (floor, ours) = (start("floor", dir)?, start("pop3", dir)?);
    let (bare, spent) =
        alternate(TURNS, (&floor, &mut sessions(&floor, "bob", 1)), (&ours, &mut sessions(&ours, "bob", 1)))?;
    row("a POP3 session: connect, USER, PASS, QUIT", SESSIONS, bare, spent, "-");
    println!();
    Ok(())
}

fn row(name: &str, units: usize, theirs: f64, ours: f64, budget: &str) {
    let each = |micros: f64| micros / units as f64;
    println!("| {name} | {:.2} | {:.2} | {:.2} | {budget} |", each(theirs), each(ours), ours / theirs);
}

/// Writes the request and reads a response of this length, over and over.
fn rounds_of(stream: &mut TcpStream, request: &[u8], response: usize, rounds: usize) -> Outcome<()> {
    let mut buffer = vec![0; response];
    for _ in 0..rounds {
        stream.write_all(request)?;
        stream.read_exact(&mut buffer)?;
    }
    Ok(())
}

// --- memory ---

fn idle(dir: &Path) -> Outcome<()> {
    println!("| {IDLE_CONNECTIONS} idle connections in the tokio adapter | bytes each | budget |\n|---|---|---|");
    let greeted = |kind, login: Option<&str>| {
        let peer = start(kind, dir)?;
        peer.memory_of(IDLE_CONNECTIONS, |_| {
            let mut stream = peer.connect()?;
            match login {
                Some(user) => log_in_as(&mut stream, user)?,
                None => drop(line(&mut stream)?),
            }
            Ok(stream)
        })
    };
    let bare = start("lines", dir)?;
    let each = bare.memory_of(IDLE_CONNECTIONS, |_| {
        let mut stream = bare.connect()?;
        stream.write_all(b"\r\n")?;
        line(&mut stream).map(|_| stream)
    })?;
    println!("| a machine that knows lines | {each:.0} | 2355 |");
    println!("| POP3, greeted | {:.0} | 2355 |", greeted("pop3", None)?);
    println!("| POP3, logged in, no message | {:.0} | - |", greeted("pop3", Some("bob"))?);
    println!("| POP3, logged in, 20 messages | {:.0} | - |", greeted("pop3", Some("ann"))?);
    let tls = start("pop3s", dir)?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(std::fs::read(dir.join("certificate.der"))?))?;
    let config = client_config(roots, &[])?;
    let each = tls.memory_of(IDLE_CONNECTIONS, |_| {
        let mut stream = tls.connect()?;
        let mut session = ClientConnection::new(Arc::clone(&config), ServerName::try_from("localhost")?)?;
        let mut greeting = [0; 64];
        loop {
            session.complete_io(&mut stream)?;
            match session.reader().read(&mut greeting) {
                Ok(_) => return Ok((stream, session)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    session.read_tls(&mut stream)?;
                    session.process_new_packets()?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    })?;
    println!("| POP3S, greeted | {each:.0} | 11264 |\n");
    Ok(())
}

// --- against Dovecot ---

fn against_dovecot(dir: &Path, dovecot: &Peer) -> Outcome<()> {
    println!(
        "| CPU against Dovecot's pop3d | Dovecot, µs | Wirestate, µs | Dovecot / Wirestate | target |\n|---|---|---|---|---|"
    );
    let ours = start("pop3", dir)?;
    let mut noops = |stream: &mut TcpStream| {
        log_in(stream)?;
        let lines = b"NOOP\r\n".repeat(64);
        for _ in 0..5_000 {
            stream.write_all(&lines)?;
            lines_of(stream, 64)?;
        }
        Ok(())
    };
    let mut noops_too = noops;
    let spent = alternate(TURNS, (dovecot, &mut noops), (&ours, &mut noops_too))?;
    ratio("NOOP, 64 pipelined", 5_000 * 64, spent, "3");
    let mut retrs = |stream: &mut TcpStream| {
        log_in(stream)?;
        (0..2_000).try_for_each(|round| {
            stream.write_all(format!("RETR {}\r\n", round % 20 + 1).as_bytes())?;
            body(stream)
        })
    };
    let mut retrs_too = retrs;
    let spent = alternate(TURNS, (dovecot, &mut retrs), (&ours, &mut retrs_too))?;
    ratio("RETR of 100 kB", 2_000, spent, "2");
    for (at_once, how) in [(1, "one after the other"), (8, "8 at a time")] {
        for (user, messages) in [("bob", "no message"), ("ann", "20 messages")] {
            let theirs = &mut sessions(dovecot, user, at_once);
            let spent = alternate(TURNS, (dovecot, theirs), (&ours, &mut sessions(&ours, user, at_once)))?;
            ratio(&format!("session: connect, USER, PASS, QUIT; {messages}; {how}"), SESSIONS, spent, "8");
        }
    }
    Ok(())
}

/// Many sessions that log in and quit, so many at a time.
fn sessions(peer: &Peer, user: &'static str, at_once: usize) -> impl FnMut(&mut TcpStream) -> Outcome<()> + use<> {
    let address = peer.address();
    let session = move || -> Outcome<()> {
        let mut stream = connect(address)?;
        log_in_as(&mut stream, user)?;
        stream.write_all(b"QUIT\r\n")?;
        line(&mut stream).map(drop)
    };
    move |_| {
        thread::scope(|scope| {
            let row = move || (0..SESSIONS / at_once).try_for_each(|_| session()).map_err(|error| error.to_string());
            let rows: Vec<_> = (0..at_once).map(|_| scope.spawn(row)).collect();
            rows.into_iter().try_for_each(|row| row.join().map_err(|_| "a client panicked")?.map_err(Into::into))
        })
    }
}

fn ratio(name: &str, units: usize, (theirs, ours): (f64, f64), target: &str) {
    let each = |micros: f64| micros / units as f64;
    println!("| {name} | {:.2} | {:.2} | {:.1} | {target} |", each(theirs), each(ours), theirs / ours);
}

// --- a POP3 client of a few lines ---

fn log_in(stream: &mut TcpStream) -> Outcome<()> {
    log_in_as(stream, "ann")
}

fn log_in_as(stream: &mut TcpStream, user: &str) -> Outcome<()> {
    for command in ["", &format!("USER {user}\r\n"), "PASS pencil\r\n"] {
        stream.write_all(command.as_bytes())?;
        let response = line(stream)?;
        if !response.starts_with(b"+OK") {
            return Err(format!("{command:?} gave {}", String::from_utf8_lossy(&response)).into());
        }
    }
    Ok(())
}

fn line(stream: &mut TcpStream) -> Outcome<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0];
    while byte != *b"\n" {
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    Ok(line)
}

/// Reads so many lines, of whatever length.
fn lines_of(stream: &mut TcpStream, mut count: usize) -> Outcome<()> {
    let mut buffer = [0; 16 * 1024];
    while count > 0 {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err("the server hung up".into());
        }
        count = count.saturating_sub(buffer[..read].iter().filter(|byte| **byte == b'\n').count());
    }
    Ok(())
}

/// Reads a multi-line response to its end. Nothing is pipelined here, so nothing follows it.
fn body(stream: &mut TcpStream) -> Outcome<()> {
    let mut buffer = [0; 64 * 1024];
    let mut last = [0; 5];
    while last != *b"\r\n.\r\n" {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err("the server hung up".into());
        }
        for byte in &buffer[read.saturating_sub(5)..read] {
            last.rotate_left(1);
            last[4] = *byte;
        }
    }
    Ok(())
}

// --- processes ---

fn start(kind: &str, dir: &Path) -> Outcome<Peer> {
    let program = std::env::current_exe()?.with_file_name("peer");
    Peer::start(Command::new(program).arg(kind).arg(dir))
}
