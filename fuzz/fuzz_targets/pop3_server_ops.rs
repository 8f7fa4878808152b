//! Any order of calls on a POP3 server: lines, stray bytes, late and wrong answers, upgrades nobody offered, leaps in time, shutdowns.
//!
//! No panic; misuse is an error that changes nothing; errors stay; nothing happens after the end; time alone ends every session.

#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use bytes::{Buf, Bytes};
use libfuzzer_sys::fuzz_target;
use pop3_proto::codec::{Code, Text};
use pop3_proto::server::{Ask, Body, Event, Reply, Server, kind};
use wirestate_fuzz::application::{CERTIFICATE, certified, channel, config, keys_of_nobody, maildrop};
use wirestate_fuzz::meter::Meter;
use wirestate_machine::{Instant, Machine, Misuse, Ticket, TlsFacts, Upgraded};
use wirestate_sasl::server::{Answer, Identity, Rejection};
use wirestate_sasl::{Hash, Secret};

const HEAP: isize = 512 * 1024;

#[derive(Arbitrary, Debug)]
enum Op<'a> {
    /// One of the lines that lead somewhere.
    Line(u8),
    /// Anything else.
    Bytes(&'a [u8]),
    Poll,
    /// Milliseconds.
    Wait(u32),
    Write(u16),
    Upgrade(Channel),
    Eof,
    Shutdown,
    /// Which of the tickets held so far, and what to say.
    Answer(u8, Say<'a>),
    Drop(u8),
}

#[derive(Arbitrary, Debug)]
enum Channel {
    Tls,
    /// With a client's certificate.
    Certified,
    Deflate,
}

#[derive(Arbitrary, Debug)]
enum Say<'a> {
    Yes,
    No,
    As(&'a str),
    Keys,
    Secret(&'a str),
    Piece(&'a [u8]),
    Large(u16),
    Abort,
}

const LINES: [&str; 26] = [
    "USER ann",
    "PASS pencil",
    "AUTH PLAIN",
    "AUTH PLAIN AGFubgBwZW5jaWw=",
    "AGFubgBwZW5jaWw=",
    "*",
    "AUTH SCRAM-SHA-256 biwsbj1hbm4scj1h",
    "AUTH LOGIN",
    "YW5u",
    "STLS",
    "CAPA",
    "STAT",
    "LIST",
    "UIDL 1",
    "RETR 1",
    "TOP 2 1",
    "DELE 1",
    "RSET",
    "NOOP",
    "QUIT",
    "XFUZZ",
    "LANG de",
    "UTF8",
    "XCLIENT ADDR=10.0.0.1",
    "AUTH EXTERNAL =",
    "AUTH EXTERNAL YW5u",
];

/// Every ticket that was ever issued, until it is used or dropped.
enum Held {
    Greet(Ticket<kind::Greet>),
    Authenticate(Ticket<kind::Authenticate>),
    Open(Ticket<kind::Open>),
    Retrieve(Ticket<kind::Retrieve>),
    Commit(Ticket<kind::Commit>),
    Custom(Ticket<kind::Custom>),
    Body(Body),
}

fuzz_target!(|input: (u8, Vec<Op>)| {
    let (variant, ops) = input;
    let mut meter = Meter::default();
    let mut now = Instant::START;
    let mut server = meter.run(|| Server::new(config(variant), [7; 32], now));
    let mut held: Vec<Held> = Vec::with_capacity(ops.len());
    let mut end = End::default();
    if let Some(facts) = channel(variant) {
        end.certified = facts.peer_certificate.is_some();
        assert_eq!(meter.run(|| server.describe_channel(&facts)), Ok(()), "the channel was described in time");
    }
    for op in ops {
        meter.run(|| perform(&mut server, op, &mut now, &mut held, &mut end));
        assert!(meter.peak() <= HEAP, "{} bytes of heap", meter.peak());
    }
    // However it stands now, time alone must end it, with every ticket dropped.
    held.clear();
    for _ in 0..100_000 {
        while poll(&mut server, now, &mut held, &mut end) {}
        let all = server.outbox().remaining();
        server.outbox().advance(all);
        if server.is_closed() || end.error.is_some() {
            return;
        }
        if server.upgrade().is_none() && all > 0 {
            continue;
        }
        let Some(deadline) = server.deadline() else { panic!("an open session without a deadline") };
        now = now.max(deadline);
    }
    panic!("the session never ends");
});

#[derive(Default)]
struct End {
    /// A certificate was shown at some time.
    certified: bool,
    closed: bool,
    error: Option<pop3_proto::server::Violation>,
}

fn perform(server: &mut Server, op: Op, now: &mut Instant, held: &mut Vec<Held>, end: &mut End) {
    match op {
        Op::Line(which) => {
            let line = LINES[usize::from(which) % LINES.len()];
            let _ = server.inbox().push_some(line.as_bytes());
            let _ = server.inbox().push_some(b"\r\n");
            poll(server, *now, held, end);
        }
        Op::Bytes(bytes) => {
            let _ = server.inbox().push_some(bytes);
        }
        Op::Poll => {
            poll(server, *now, held, end);
        }
        Op::Wait(millis) => {
            *now = *now + Duration::from_millis(u64::from(millis));
            poll(server, *now, held, end);
        }
        Op::Write(most) => {
            let count = server.outbox().remaining().min(usize::from(most));
            server.outbox().advance(count);
        }
        Op::Upgrade(channel) => {
            let offered = server.upgrade().is_some();
            let encrypted = server.is_encrypted();
            let tls = !matches!(channel, Channel::Deflate);
            if offered {
                assert!(
                    server.inbox().is_empty() && server.outbox().is_empty(),
                    "an upgrade over bytes said before it"
                );
            }
            // A driver could only do so with empty boxes, so this does.
            if offered || server.inbox().is_empty() {
                end.certified |= matches!(channel, Channel::Certified);
                let how = match channel {
                    Channel::Tls => Upgraded::Tls(Box::new(TlsFacts::new())),
                    Channel::Certified => Upgraded::Tls(Box::new(certified())),
                    Channel::Deflate => Upgraded::Deflate,
                };
                server.upgraded(*now, how);
            }
            if !offered || !tls {
                assert!(server.is_encrypted() == encrypted || tls, "encrypted by something else than TLS");
            }
        }
        Op::Eof => server.inbox().close(),
        Op::Shutdown => server.shutdown(),
        Op::Answer(which, say) if !held.is_empty() => {
            let ticket = held.swap_remove(usize::from(which) % held.len());
            let before = (server.state(), server.outbox().len());
            let answered = answer(server, ticket, say, held);
            if answered == Err(Misuse::StaleTicket) {
                assert_eq!((server.state(), server.outbox().len()), before, "misuse has changed something");
            }
        }
        Op::Drop(which) if !held.is_empty() => drop(held.swap_remove(usize::from(which) % held.len())),
        Op::Answer(..) | Op::Drop(_) => {}
    }
}

fn poll(server: &mut Server, now: Instant, held: &mut Vec<Held>, end: &mut End) -> bool {
    let event = match server.poll(now) {
        Ok(Some(event)) => event,
        Ok(None) => return false,
        Err(error) => {
            assert!(end.error.is_none_or(|before| before == error), "the error has changed");
            end.error = Some(error);
            return false;
        }
    };
    assert!(!end.closed && end.error.is_none(), "an event after the end: {event:?}");
    match event {
        Event::Greet(ticket) => held.push(Held::Greet(ticket)),
        Event::Authenticate { ticket, ask: Ask::External { certificate, .. } } => {
            assert!(end.certified && certificate.der == CERTIFICATE, "a certificate that TLS has not told");
            held.push(Held::Authenticate(ticket));
        }
        Event::Authenticate { ticket, .. } => held.push(Held::Authenticate(ticket)),
        Event::Open { ticket, .. } => held.push(Held::Open(ticket)),
        Event::Retrieve { ticket, .. } => held.push(Held::Retrieve(ticket)),
        Event::Commit { ticket, .. } => held.push(Held::Commit(ticket)),
        Event::Custom { ticket, .. } => held.push(Held::Custom(ticket)),
        Event::Closed(_) => end.closed = true,
        _ => {}
    }
    true
}

fn answer(server: &mut Server, ticket: Held, say: Say, held: &mut Vec<Held>) -> Result<(), Misuse> {
    let yes = !matches!(say, Say::No);
    let text = match &say {
        Say::As(name) => Text::lossy(name),
        _ => Text::literal("so be it"),
    };
    match ticket {
        Held::Greet(ticket) if yes => server.greet(ticket, text),
        Held::Greet(ticket) => server.refuse_client(ticket, Some(Code::SysPerm), text),
        Held::Authenticate(ticket) => server.authenticate(
            ticket,
            match say {
                Say::Yes => Answer::Accept,
                Say::As(name) => Answer::AcceptAs(Identity::new(name)),
                Say::Keys => Answer::Keys(keys_of_nobody(Hash::Sha256)),
                Say::Secret(secret) => Answer::Secret(Secret::new(secret)),
                Say::Abort => Answer::NoKeys,
                _ => Answer::Reject(Rejection::Temporary),
            },
        ),
        Held::Open(ticket) if yes => server.open(ticket, maildrop()),
        Held::Open(ticket) => server.refuse_open(ticket, Some(Code::InUse), text),
        Held::Retrieve(ticket) if yes => server.send(ticket).map(|body| held.push(Held::Body(body))),
        Held::Retrieve(ticket) => server.refuse_message(ticket, None, text),
        Held::Commit(ticket) => server.committed(ticket, yes),
        Held::Custom(ticket) if yes => server.send_lines(ticket, text).map(|body| held.push(Held::Body(body))),
        Held::Custom(ticket) => server.reply_to(ticket, Reply::err(None, text)),
        Held::Body(mut body) => match say {
            Say::Piece(piece) => {
                let taken = server.piece(&mut body, Bytes::copy_from_slice(piece)).map(drop);
                held.push(Held::Body(body));
                taken
            }
            // As an application that heeds the appetite.
            Say::Large(size) => {
                let full = server.outbox().is_full();
                let size = if full { 0 } else { usize::from(size) };
                let taken = server.piece(&mut body, vec![b'.'; size].into()).map(drop);
                held.push(Held::Body(body));
                taken
            }
            Say::Abort => server.abort(body),
            _ => server.end(body),
        },
    }
}
