//! A machine without the driver, on a loop of one's own: nonblocking `std::net` sockets and nothing else.
//!
//! `cargo run -p wirestate-driver --example poll_loop`, then `nc 127.0.0.1 7007`.
//! A real loop waits in poll, epoll or kqueue where this one sleeps; the four steps stay the same.

use std::io::{ErrorKind, Read, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant as Time};

use bytes::Buf;
use wirestate_machine::line::{Line, Lines};
use wirestate_machine::{Instant, Machine};

struct Session {
    socket: TcpStream,
    machine: Line,
}

fn main() -> Result<()> {
    let listener = TcpListener::bind(std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:7007"))?;
    listener.set_nonblocking(true)?;
    println!("listening on {}", listener.local_addr()?);
    let start = Time::now();
    let mut sessions = Vec::new();
    loop {
        let now = Instant::START + start.elapsed();
        let mut moved = false;
        if let Some((socket, _)) = unless_blocked(listener.accept())? {
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            sessions.push(Session { socket, machine: lines() });
            moved = true;
        }
        sessions.retain_mut(|session| match turn(session, now) {
            Ok(progress) => {
                moved |= progress;
                !session.machine.is_closed() || !session.machine.outbox().is_empty()
            }
            Err(error) => {
                println!("a session failed: {error}");
                false
            }
        });
        if !moved {
            let until = sessions.iter().filter_map(|session| session.machine.deadline()).min();
            let pause = Duration::from_millis(5);
            thread::sleep(until.map_or(pause, |until| pause.min(until - now)));
        }
    }
}

/// Lines of at most 1,000 bytes, by a peer that is not silent for a minute.
fn lines() -> Line {
    Line::new(Lines::default().with_limit(1000)).with_idle(Duration::from_secs(60))
}

/// One turn of the crank: whether anything moved.
fn turn(session: &mut Session, now: Instant) -> Result<bool> {
    let Session { socket, machine } = session;
    let mut moved = false;
    // 1. Let the machine understand what it has.
    while let Some(line) = machine.poll(now).map_err(std::io::Error::other)? {
        machine.send(&line).map_err(std::io::Error::other)?;
    }
    // 2. Write what it said.
    while !machine.outbox().is_empty() {
        let Some(count) = unless_blocked(socket.write(machine.outbox().chunk()))? else { break };
        machine.outbox().advance(count);
        moved = true;
    }
    // 3. Read as much as it has room for.
    let mut space = [0; 4096];
    let room = machine.inbox().room().min(space.len());
    if room > 0 {
        match unless_blocked(socket.read(&mut space[..room]))? {
            Some(0) => machine.inbox().close(),
            Some(count) => machine.inbox().push(&space[..count]),
            None => return Ok(moved),
        }
        moved = true;
    }
    // 4. Wait, for the socket or the deadline: the caller does, for all sessions together.
    Ok(moved)
}

fn unless_blocked<T>(done: Result<T>) -> Result<Option<T>> {
    match done {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        done => done.map(Some),
    }
}
