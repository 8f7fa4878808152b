//! Anything at all as the input of a WebSocket around a session of lines, as server and as client, from the opening handshake on or after it.
//!
//! No panic; the same lines and output however the input is cut, and by way of an opening that hands its connection over; whatever we say is HTTP and then lawful frames, with nothing after Close; the
//! session ends with its connection; bounded heap; work that grows with the input.

#![no_main]

use std::sync::{Arc, OnceLock};

use bytes::{Buf, Bytes};
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::feed::{Cuts, seed_of};
use wirestate_fuzz::frames::check;
use wirestate_fuzz::meter::Meter;
use wirestate_layers::WebSocket;
use wirestate_layers::websocket::{BINARY_IRCV3, Config, Limits, Lines, Opening, Request, Subprotocol, TEXT_IRCV3};
use wirestate_machine::framed::Framing;
use wirestate_machine::line::{self, Line};
use wirestate_machine::{Instant, Machine, hand_over};

const HEAP: isize = 256 * 1024;
const REQUEST: &[u8] = b"GET /irc HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

fuzz_target!(|input: &[u8]| {
    let Some((&variant, bytes)) = input.split_first() else { return };
    let variant = Variant(variant);
    let seed = seed_of(bytes);
    let whole = run(variant, bytes, Cuts::Whole, Way::Straight);
    for cuts in [Cuts::Single, Cuts::Random(seed)] {
        let cut = run(variant, bytes, cuts, Way::Straight);
        assert_eq!(whole.told, cut.told, "the lines depend on {cuts:?}");
        assert_eq!(whole.said, cut.said, "the output depends on {cuts:?}");
    }
    if !variant.is_client() {
        for cuts in [Cuts::Whole, Cuts::Random(seed)] {
            let handed = run(variant, bytes, cuts, Way::ByOpening);
            assert_eq!(whole.told, handed.told, "the lines depend on the way, with {cuts:?}");
            assert_eq!(whole.said, handed.said, "the output depends on the way, with {cuts:?}");
        }
    }
    if seed % 16 < 4 && !bytes.is_empty() {
        let once = run(variant, &bytes.repeat(4), Cuts::Random(seed), Way::Straight);
        let twice = run(variant, &bytes.repeat(8), Cuts::Random(seed), Way::Straight);
        once.meter.check_linear(&twice.meter);
    }
});

/// The first byte, which says what the rest is fed to.
#[derive(Clone, Copy, Debug)]
struct Variant(u8);

impl Variant {
    fn is_client(self) -> bool {
        self.0 & 1 != 0
    }

    /// The opening handshake is done before.
    fn is_open(self) -> bool {
        self.0 & 2 != 0
    }

    fn limits(self) -> Limits {
        let mut limits = Limits::default();
        if self.0 & 4 != 0 {
            (limits.head, limits.message, limits.controls) = (400, 40, 3);
        }
        limits
    }

    fn is_binary(self) -> bool {
        self.0 & 8 != 0
    }

    fn delimiter(self) -> Lines {
        if self.0 & 16 != 0 { Lines::lenient() } else { Lines::default() }
    }

    fn line(self) -> Line {
        let lines = line::Lines::default().with_limit(if self.0 & 32 != 0 { 10 } else { 8 * 1024 });
        let farewell = lines.encode("bye").ok();
        farewell.into_iter().fold(Line::new(lines), Line::with_farewell)
    }

    fn machine(self) -> WebSocket<Line> {
        if self.is_client() {
            let request = Request::new("chat.example", "/irc", [7; 32]).expect("a lawful request");
            let request = request.with_protocols(self.protocols()).with_limits(self.limits());
            return WebSocket::client(self.line(), self.delimiter(), request);
        }
        WebSocket::server(self.line(), self.delimiter(), self.config())
    }

    fn protocols(self) -> [Subprotocol; 2] {
        if self.is_binary() { [BINARY_IRCV3, TEXT_IRCV3] } else { [TEXT_IRCV3, BINARY_IRCV3] }
    }

    fn config(self) -> Arc<Config> {
        let config = Config::new().with_protocols(self.protocols()).with_limits(self.limits());
        let config = config.with_page("text/html", "<p>hello").expect("a lawful type");
        let config = if self.0 & 64 != 0 { config.with_origins(["https://chat.example"]) } else { config };
        Arc::new(config)
    }

    /// What the peer's part of the handshake is, where it is not for the input to say.
    fn opening(self) -> Vec<u8> {
        match (self.is_open(), self.is_client()) {
            (false, _) => Vec::new(),
            (true, true) => accepted(self.is_binary()).to_vec(),
            (true, false) if self.is_binary() => {
                [REQUEST, b"Sec-WebSocket-Protocol: binary.ircv3.net\r\n\r\n"].concat()
            }
            (true, false) => [REQUEST, b"\r\n"].concat(),
        }
    }
}

/// A server's answer to the client's request.
fn accepted(binary: bool) -> &'static [u8] {
    static ANSWERS: [OnceLock<Vec<u8>>; 2] = [OnceLock::new(), OnceLock::new()];
    ANSWERS[usize::from(binary)].get_or_init(|| {
        let variant = if binary { Variant(8) } else { Variant(0) };
        let (mut client, mut server) = (Variant(variant.0 | 1).machine(), variant.machine());
        assert_eq!((client.poll(Instant::START), server.poll(Instant::START)), (Ok(None), Ok(None)));
        server.inbox().push(&client.outbox().to_vec());
        assert_eq!(server.poll(Instant::START), Ok(None));
        server.outbox().to_vec()
    })
}

#[derive(Default)]
struct Run {
    told: Vec<String>,
    said: Vec<u8>,
    meter: Meter,
}

/// How a session comes to its connection.
enum Way {
    /// It is there from the start.
    Straight,
    /// It takes over from an opening.
    ByOpening,
}

fn run(variant: Variant, bytes: &[u8], mut cuts: Cuts, way: Way) -> Run {
    let mut run = Run::default();
    let input = [&variant.opening(), bytes].concat();
    let mut input = &input[..];
    let mut failure = None;
    let session = match way {
        Way::Straight => Some(run.meter.run(|| variant.machine())),
        Way::ByOpening => opened(variant, &mut input, &mut cuts, &mut run),
    };
    let Some(mut session) = session else { return run };
    loop {
        match run.meter.run(|| session.poll(Instant::START)) {
            Ok(Some(line)) => {
                run.told.push(line.escape_ascii().to_string());
                run.meter.run(|| answer(&mut session, line));
                continue;
            }
            Ok(None) => {}
            Err(error) => {
                assert!(session.is_closed(), "an open session after {error}");
                assert!(failure.as_ref().is_none_or(|before| *before == error), "the error has changed");
                failure = Some(error);
            }
        }
        assert!(run.meter.peak() <= HEAP, "{} bytes of heap", run.meter.peak());
        run.said.extend(session.outbox().to_vec());
        let wrote = !session.outbox().is_empty();
        run.meter.run(|| {
            let all = session.outbox().remaining();
            session.outbox().advance(all);
        });
        if wrote {
            continue;
        }
        if session.is_closed() {
            break;
        }
        assert!(!session.inbox().is_closed(), "the session outlives its connection");
        let take = cuts.next().min(input.len()).min(session.inbox().room());
        assert!(take > 0 || input.is_empty(), "the session neither reads nor acts");
        run.meter.run(|| match input.is_empty() {
            true => session.inbox().close(),
            false => session.inbox().push(&input[..take]),
        });
        input = &input[take..];
    }
    run.told.extend(failure.map(|failure| failure.to_string()));
    run.told.extend(session.peer_close().map(|close| format!("{close:?}")));
    check_said(variant, &run.said);
    run
}

/// The session that an opening leads to; none where it says itself what there is to say.
fn opened(variant: Variant, input: &mut &[u8], cuts: &mut Cuts, run: &mut Run) -> Option<WebSocket<Line>> {
    let config = variant.config();
    let mut opening = run.meter.run(|| Opening::new(config.clone()));
    loop {
        match run.meter.run(|| opening.poll(Instant::START)) {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                let session = || WebSocket::accepted(variant.line(), variant.delimiter(), accepted, config);
                let mut session = run.meter.run(session);
                let left = run.meter.run(|| hand_over(&mut opening, &mut session)).expect("a fresh session");
                assert!(left.is_empty(), "what the opening had room for, the session has");
                return Some(session);
            }
            Err(failure) => run.told.push(failure.to_string()),
        }
        if opening.is_closed() {
            run.said.extend(opening.outbox().to_vec());
            check_said(variant, &run.said);
            return None;
        }
        assert!(opening.outbox().is_empty(), "nothing is said before the verdict");
        let take = cuts.next().min(input.len()).min(opening.inbox().room());
        assert!(take > 0 || input.is_empty(), "the opening neither reads nor acts");
        run.meter.run(|| match input.is_empty() {
            true => opening.inbox().close(),
            false => opening.inbox().push(&input[..take]),
        });
        *input = &input[take..];
    }
}

fn answer(session: &mut WebSocket<Line>, line: Bytes) {
    match &line[..] {
        b"QUIT" => session.close(),
        b"DOWN" => session.shutdown(),
        // What is no line in one message is two in the next.
        _ if session.send(&line).is_err() => drop(session.send("no\u{fffd}")),
        _ => {}
    }
}

/// HTTP first, and frames after it where the handshake was agreed on.
fn check_said(variant: Variant, said: &[u8]) {
    let Some(end) = said.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        assert!(said.is_empty(), "half a head");
        return;
    };
    let (head, rest) = said.split_at(end + 4);
    let is_open = variant.is_client() || head.starts_with(b"HTTP/1.1 101 ");
    if is_open {
        check(rest, variant.is_client());
    }
}
