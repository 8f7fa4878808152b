//! The layer under the laws of machines, and what a session through it costs.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wirestate_layers::websocket::{Accepted, Config, Ended, Limits, Lines, Opening, Request};
use wirestate_layers::{Tls, WebSocket};
use wirestate_machine::framed::Framing;
use wirestate_machine::line::{self, Line};
use wirestate_machine::{Instant, Machine, Misuse};
use wirestate_testing::{Broken, Pair, Sample, Subject, laws};

use crate::common::{mail_example, trust};
use crate::support::*;

/// A server of lines that says each back, in capitals, and closes at `QUIT`.
#[derive(Clone)]
struct Echo(Arc<Config>);

fn line() -> Line {
    let lines = line::Lines::default();
    let farewell = lines.encode("bye").ok();
    let line = Line::new(lines).with_idle(Duration::from_secs(60));
    farewell.into_iter().fold(line, Line::with_farewell)
}

fn answer(server: &mut Server, line: &[u8]) -> Result<(), Misuse> {
    if line == b"QUIT" {
        server.close();
        return Ok(());
    }
    server.send(line.to_ascii_uppercase())
}

impl Subject for Echo {
    type Machine = Server;

    fn machine(&self, _now: Instant) -> Server {
        WebSocket::server(line(), Lines::default(), self.0.clone())
    }

    fn react(&mut self, server: &mut Server, line: Bytes, _now: Instant) {
        let _ = answer(server, &line);
    }

    fn meddle(&mut self, server: &mut Server, choice: u64, _now: Instant) {
        match choice % 8 {
            0 => server.close(),
            1 => server.shutdown(),
            2 => drop(server.send(vec![b'x'; 5000])),
            _ => drop(server.send("news")),
        }
    }

    /// Two outboxes, of 64 KiB and of 32, that grow by doubling, a message and the inboxes.
    fn limit(&self) -> usize {
        256 * 1024
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(75)
    }
}

fn echo() -> Echo {
    Echo(Arc::new(config()))
}

fn session(more: &str, frames: &[Vec<u8>]) -> Sample {
    let mut bytes = format!("{REQUEST}{more}\r\n").into_bytes();
    bytes.extend(frames.concat());
    Sample::from(&bytes[..])
}

fn samples() -> Vec<Sample> {
    let close = frame(CLOSE, &1000u16.to_be_bytes());
    vec![
        session("", &[frame(TEXT, b"hello"), frame(PING, b"?"), frame(0x01, b"a"), frame(0x80, b"b"), close.clone()]),
        session("Sec-WebSocket-Protocol: binary.ircv3.net\r\n", &[frame(BINARY, &[b'x'; 300]), frame(TEXT, b"QUIT")]),
        session("", &[frame(TEXT, b"one"), frame(TEXT, b"a\nb"), frame(TEXT, b"not read")]),
        session("", &[frame(TEXT, &[b'x'; 9000]), frame(TEXT, b"not read")]),
        session("", &[frame(TEXT, b"QUIT"), frame(TEXT, b"ignored"), frame(PING, b""), close]),
        session("", &[frame(TEXT, b"one"), plain(TEXT, b"unmasked")]),
        session("", &[frame(TEXT, b"half a")]).end(),
        session("Content-Length: 7\r\n", &[b"GET / HT".to_vec()]),
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /again HTTP/1.1\r\n\r\n".into(),
        b"NICK ann\r\nUSER ann 0 * ann\r\n".into(),
        Sample::from(b"GET / HTTP/1.1\r\nHost").end(),
    ]
}

#[test]
fn a_server_keeps_the_laws() -> Result<(), Broken> {
    laws::all(&echo(), &samples())
}

/// The same of messages that are read in parts.
#[derive(Clone)]
struct InParts(Arc<Config>);

impl Subject for InParts {
    type Machine = WebSocket<Line, Ended>;

    fn machine(&self, _now: Instant) -> WebSocket<Line, Ended> {
        WebSocket::server(line(), Ended::by(b'\n'), self.0.clone())
    }

    fn react(&mut self, server: &mut WebSocket<Line, Ended>, line: Bytes, _now: Instant) {
        if line == b"QUIT"[..] {
            server.close();
        } else {
            let _ = server.send(line.to_ascii_uppercase());
        }
    }

    fn limit(&self) -> usize {
        256 * 1024
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(75)
    }
}

#[test]
fn messages_that_are_read_in_parts_keep_the_laws() -> Result<(), Broken> {
    let subject = InParts(Arc::new(config()));
    let characters = "€äx𝄞".repeat(30);
    let (one, other) = characters.as_bytes().split_at(101);
    let samples = [
        session("", &[frame(TEXT, characters.as_bytes()), frame(0x01, one), frame(PING, b"?"), frame(0x80, other)]),
        session("", &[frame(TEXT, b"one\ntwo"), frame(TEXT, b"not read")]),
        session("", &[frame(TEXT, b"one \xC3\x28 two"), frame(TEXT, b"not read")]),
        session("", &[frame(0x01, b"one \xE2\x82"), frame(0x80, b"x"), frame(TEXT, b"not read")]),
        session("", &[frame(TEXT, b"one \xE2\x82"), frame(TEXT, b"not read")]),
        session("", &[frame(BINARY, b"one \xE2\x82"), frame(TEXT, b""), frame(TEXT, b"QUIT")]),
        session("", &[frame(TEXT, &[b'x'; 20_000]), frame(TEXT, b"not read")]),
    ];
    laws::all(&subject, &samples)?;
    laws::linear(&subject, &session("", &[frame(0x01, b"begun")]), &frame(0x00, b"x"))?;
    laws::linear(&subject, &session("", &[frame(TEXT, &[b'x'; 16_000])[..8].to_vec()]), b"x")
}

#[test]
fn an_opening_keeps_the_laws() -> Result<(), Broken> {
    #[derive(Clone)]
    struct Door;
    impl Subject for Door {
        type Machine = Opening;
        fn machine(&self, _now: Instant) -> Opening {
            // What waits for another machine is soon as much as may.
            let mut limits = Limits::default();
            limits.head = 1024;
            Opening::new(Arc::new(config().with_limits(limits)))
        }
        fn react(&mut self, _: &mut Opening, _: Box<Accepted>, _: Instant) {}
        fn limit(&self) -> usize {
            32 * 1024
        }
        fn lifetime(&self) -> Duration {
            Duration::from_secs(10)
        }
    }
    let bare: Vec<Sample> = samples().into_iter().skip(6).collect();
    laws::all(&Door, &bare)
}

#[test]
fn work_grows_with_frames_and_not_faster() -> Result<(), Broken> {
    let open = session("", &[]);
    let begun = session("", &[frame(0x01, b"begun")]);
    for unit in [frame(TEXT, b"hello"), frame(TEXT, b""), frame(BINARY, &[b'x'; 200]), frame(PING, b"?")] {
        laws::linear(&echo(), &open, &unit)?;
    }
    laws::linear(&echo(), &begun, &frame(0x00, b""))?;
    laws::linear(&echo(), &begun, &frame(0x00, b"x"))?;
    let announced = [frame(TEXT, &[b'x'; 16_000])[..8].to_vec()];
    laws::linear(&echo(), &session("", &announced), b"x")
}

#[test]
fn a_client_keeps_the_laws() -> Result<(), Broken> {
    #[derive(Clone)]
    struct Client;
    impl Subject for Client {
        type Machine = Server;
        fn machine(&self, _now: Instant) -> Server {
            WebSocket::client(line(), Lines::default(), Request::irc("chat.example", "/", [7; 32]).unwrap())
        }
        fn react(&mut self, client: &mut Server, line: Bytes, _now: Instant) {
            let _ = answer(client, &line);
        }
        fn limit(&self) -> usize {
            256 * 1024
        }
        fn lifetime(&self) -> Duration {
            Duration::from_secs(75)
        }
    }
    let mut client = Client.machine(Instant::START);
    settle(&mut client, Instant::START).unwrap();
    let mut server = echo().machine(Instant::START);
    feed(&mut server, &client.outbox().drain()).unwrap();
    let accepted = server.outbox().drain();
    let flight = [&accepted[..], &plain(TEXT, b"hello"), &plain(PING, b"x"), &plain(TEXT, b"QUIT"), &plain(CLOSE, b"")];
    let masked = [&accepted[..], &frame(TEXT, b"masked")];
    laws::all(
        &Client,
        &[
            flight.concat()[..].into(),
            masked.concat()[..].into(),
            b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".into(),
        ],
    )
}

#[test]
fn a_pair_talks_over_any_cuts() -> Result<(), Broken> {
    for seed in 1..20 {
        let request = Request::irc("chat.example", "/", [seed as u8; 32]).unwrap();
        let client = client(request);
        let mut pair = Pair::new(client, server(config()))
            .on_server(|server, line, _now| {
                let _ = answer(server, &line);
            })
            .with_cuts(seed, 1 << (seed % 12))
            .with_latency(Duration::from_millis(20));
        let long = "é".repeat(3000);
        for line in ["one", "two", &long, "QUIT"] {
            let _ = pair.client.machine.send(line);
        }
        pair.run_to_end(Duration::from_secs(30))?;
        assert_eq!(pair.client.events.len(), 3);
        assert_eq!((&pair.client.error, &pair.server.error), (&None, &None));
        let close = pair.client.machine.peer_close().unwrap();
        assert_eq!((close.code, &close.reason[..]), (Some(1000), "closed by this end"));
    }
    Ok(())
}

#[test]
fn a_pair_talks_inside_of_tls() -> Result<(), Broken> {
    let trust = trust(&[b"http/1.1"]);
    let request = Request::irc("mail.example", "/", [7; 32]).unwrap();
    let client = WebSocket::client(line().with_tls(), Lines::default(), request);
    let server = WebSocket::server(line().with_tls(), Lines::default(), Arc::new(config()));
    let client = Tls::client(client, trust.client.clone(), mail_example());
    let mut pair = Pair::new(client, Tls::server(server, trust.server.clone()))
        .on_server(|server, line, _now| {
            let _ = answer(server, &line);
        })
        .with_cuts(3, 100);
    for line in ["one", "two", "QUIT"] {
        let _ = pair.client.machine.send(line);
    }
    pair.run()?;
    let channel = pair.server.machine.channel();
    assert!(channel.tls && channel.websocket);
    pair.run_to_end(Duration::from_secs(30))?;
    assert_eq!(pair.client.events, [r#"b"ONE""#, r#"b"TWO""#]);
    assert_eq!(pair.client.machine.peer_close().and_then(|close| close.code), Some(1000));
    assert_eq!((&pair.client.error, &pair.server.error), (&None, &None));
    Ok(())
}

#[test]
fn an_idle_session_is_small() -> Result<(), Broken> {
    let more = "Origin: https://chat.example\r\nSec-WebSocket-Protocol: text.ircv3.net\r\n";
    let sample = session(more, &[frame(TEXT, b"hello"), frame(TEXT, &[b'x'; 4000])]);
    let (layer, machine) = (laws::idle(&echo(), &sample)?, size_of::<Line>());
    let own = size_of::<Server>() - machine;
    println!("idle, the layer holds {own} bytes, and {} of heap", layer - machine - own);
    assert!(layer - machine <= 640, "{layer}");
    Ok(())
}
