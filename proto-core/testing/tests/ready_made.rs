//! The ready-made machines under the laws.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use wirestate_machine::block::{Block, Blocks, Length};
use wirestate_machine::framed::{Encoded, Framed, Framing};
use wirestate_machine::line::{Input, LineEnd, Lines, Tolerant, Unfinished};
use wirestate_machine::raw::{Pieces, Raw};
use wirestate_machine::{Inbox, Instant, Machine, Outbox, Relay, Upgrade, Upgraded};
use wirestate_testing::{Broken, Cuts, End, Heap, Pair, Sample, Subject, Trouble, cuts, laws, sessions};

#[global_allocator]
static HEAP: Heap = Heap;

const MINUTE: Duration = Duration::from_secs(60);

/// Answers each frame with itself, and ends on `QUIT`.
#[derive(Clone)]
struct Echo<F> {
    framing: F,
    farewell: Vec<u8>,
}

/// What an echo says to a frame.
trait Content {
    fn content(self) -> Bytes;
}

impl Content for Bytes {
    fn content(self) -> Bytes {
        self
    }
}

impl Content for Input {
    fn content(self) -> Bytes {
        match self {
            Input::Line(line) => line,
            Input::TooLong => Bytes::from_static(b"too long"),
        }
    }
}

impl<F> Subject for Echo<F>
where
    F: Framing<Frame: Content + std::fmt::Debug> + Clone + 'static,
{
    type Machine = Framed<F>;

    fn machine(&self, _now: Instant) -> Framed<F> {
        let farewell: Encoded<F> = self.framing.encode(&self.farewell).unwrap();
        Framed::new(self.framing.clone()).with_idle(MINUTE).with_farewell(farewell)
    }

    fn react(&mut self, machine: &mut Framed<F>, frame: F::Frame, _now: Instant) {
        let content = frame.content();
        if content == "QUIT" {
            machine.close();
        }
        // What cannot be sent, for it holds a NUL or the session is over, is not.
        let _ = machine.send_bytes(content);
    }

    fn meddle(&mut self, machine: &mut Framed<F>, choice: u64, _now: Instant) {
        match choice % 5 {
            0 => machine.close(),
            1 => machine.shutdown(),
            2 => drop(machine.send("a\r\nb")),
            3 => drop(machine.send(&self.farewell)),
            _ => machine.relay(&self.framing.encode(&self.farewell).unwrap()),
        }
    }

    fn limit(&self) -> usize {
        // An outbox of 64 KiB that grows by doubling, and the inbox.
        224 * 1024
    }

    fn lifetime(&self) -> Duration {
        MINUTE
    }

    fn has_farewell(&self) -> bool {
        true
    }
}

fn echo<F>(framing: F) -> Echo<F> {
    Echo { framing, farewell: b"bye".to_vec() }
}

fn lines() -> Vec<Sample> {
    vec![
        b"one\r\ntwo\nQUIT\r\nthree\r\n".into(),
        Sample::new().then(b"one\r\n").wait(MINUTE / 2).then(b"tw").wait(MINUTE / 2).then(b"o\r\n--a--").end(),
        Sample::new().then(&[&[b'x'; 9000], &b"\r\nshort\r\n"[..]].concat()).end(),
        b"\0\r\n\xff\xfe\r\r\n\r\n\n".into(),
    ]
}

fn all_of<F>(framing: F, corpus: &[Sample]) -> Result<(), Broken>
where
    Echo<F>: Subject,
{
    laws::all(&echo(framing), corpus)
}

#[test]
fn lines_keep_all_laws() -> Result<(), Broken> {
    all_of(Lines::default().with_unfinished(Unfinished::Tell), &lines())
}

#[test]
fn lines_of_every_ending_keep_all_laws() -> Result<(), Broken> {
    for end in [LineEnd::CRLF, LineEnd::LF, LineEnd::literal("--").unwrap()] {
        all_of(Lines::ended_by(end).with_limit(512), &lines())?;
    }
    Ok(())
}

#[test]
fn tolerant_lines_keep_all_laws() -> Result<(), Broken> {
    for end in [LineEnd::ANY, LineEnd::CRLF, LineEnd::literal("--").unwrap()] {
        all_of(Lines::ended_by(end).with_limit(100).tolerant(), &lines())?;
    }
    Ok(())
}

#[test]
fn blocks_keep_all_laws() -> Result<(), Broken> {
    let netstrings: [Sample; 3] = [
        b"3:abc,0:,4:QUIT,3:not,".into(),
        Sample::new().then(b"3:ab").wait(MINUTE / 2).then(b"c,5:12").end(),
        b"1:a,9999999999:".into(),
    ];
    all_of(Blocks::new(Length::Netstring), &netstrings)?;
    let binary: [Sample; 2] =
        [b"\0\x03abc\0\0\0\x04QUIT".into(), Sample::new().then(b"\xff\xff\r\n").then(&[7; 70_000])];
    all_of(Blocks::new(Length::U16Be), &binary)?;
    all_of(Blocks::new(Length::U16Le).with_limit(1000), &binary)?;
    all_of(Blocks::new(Length::Varint), &binary)?;
    let three = Echo { framing: Blocks::fixed(3.try_into().unwrap()), farewell: b"bye".to_vec() };
    laws::all(&three, &netstrings)
}

/// A raw session whose pieces are put together again, for where they are cut means nothing. Each event is a byte.
struct Glued {
    raw: Raw,
    piece: Bytes,
}

impl Machine for Glued {
    type Event = u8;
    type Error = wirestate_machine::raw::Error;

    fn inbox(&mut self) -> &mut Inbox {
        self.raw.inbox()
    }
    fn outbox(&mut self) -> &mut Outbox {
        self.raw.outbox()
    }
    fn poll(&mut self, now: Instant) -> Result<Option<u8>, Self::Error> {
        if self.piece.is_empty() {
            self.piece = self.raw.poll(now)?.unwrap_or_default();
        }
        let first = (!self.piece.is_empty()).then(|| self.piece.split_to(1)[0]);
        if self.piece.is_empty() {
            self.piece = Bytes::new();
        }
        Ok(first)
    }
    fn deadline(&self) -> Option<Instant> {
        self.raw.deadline()
    }
    fn upgrade(&mut self) -> Option<Upgrade> {
        None
    }
    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}
    fn is_closed(&self) -> bool {
        self.raw.is_closed() && self.piece.is_empty()
    }
    fn shutdown(&mut self) {
        self.raw.shutdown();
    }
}

#[derive(Clone)]
struct Bytewise;

impl Subject for Bytewise {
    type Machine = Glued;

    fn machine(&self, _now: Instant) -> Glued {
        Glued { raw: Raw::new(Pieces::default()).with_idle(MINUTE), piece: Bytes::new() }
    }
    fn react(&mut self, machine: &mut Glued, byte: u8, _now: Instant) {
        let _ = machine.raw.send([byte]);
    }
    fn limit(&self) -> usize {
        224 * 1024
    }
    fn lifetime(&self) -> Duration {
        MINUTE
    }
}

#[test]
fn raw_bytes_keep_all_laws() -> Result<(), Broken> {
    laws::all(&Bytewise, &lines()[..2])
}

#[test]
fn an_idle_session_holds_no_heap() -> Result<(), Broken> {
    let sample = Sample::new().then(&[&[b'x'; 3000], &b"\r\nshort\r\n"[..]].concat());
    let silent = |framing: Lines| wirestate_testing::subject(move |_| Framed::new(framing.clone()), |_, _, _| {});
    let idle = laws::idle(&silent(Lines::default()), &sample)?;
    assert_eq!(idle, size_of::<wirestate_machine::line::Line>());
    assert!(idle <= 512, "{idle} bytes");
    assert!(size_of::<Block>() <= 512 && size_of::<Raw>() <= 512);
    let answered = laws::idle(&echo(Blocks::new(Length::U8)), &Sample::new().then(b"\x03abc"))?;
    // The farewell, which a server's sessions share.
    assert!(answered <= size_of::<Block>() + 16, "{answered} bytes");
    Ok(())
}

#[test]
fn a_line_costs_one_allocation() {
    let mut session = Framed::new(Lines::default());
    let (lines, usage) = Heap::measure(|| {
        session.inbox().push(b"a short one\r\n");
        session.poll(Instant::START)
    });
    assert_eq!(lines.unwrap().unwrap(), "a short one");
    assert_eq!(usage.allocations, 1);
    session.inbox().push(&b"twenty bytes to read\r\n".repeat(100));
    for _ in 0..100 {
        let (line, usage) = Heap::measure(|| session.poll(Instant::START));
        assert_eq!((line.unwrap().unwrap().len(), usage.allocations), (20, 1));
    }
}

#[test]
fn a_pair_of_line_machines_talks_and_survives_any_cut() -> Result<(), Broken> {
    let whole = b"hello\r\nthis is a line\r\nand one more\r\n";
    for place in 0..=whole.len() {
        let server = Framed::new(Lines::default());
        let client = Framed::new(Lines::default());
        let mut pair = Pair::new(client, server)
            .on_server(|server, line, _now| server.send(line.to_ascii_uppercase()).unwrap())
            .with_cuts(3, 5)
            .with_trouble(End::Client, Trouble::End(place as u64));
        for text in ["hello", "this is a line", "and one more"] {
            pair.client.machine.send(text).unwrap();
        }
        pair.run()?;
        assert!(pair.server.machine.is_closed(), "cut at {place}");
        let wanted = whole[..place].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(pair.client.events.len(), wanted, "cut at {place}");
    }
    Ok(())
}

fn tolerant() -> Echo<Tolerant> {
    echo(Lines::ended_by(LineEnd::literal("--").unwrap()).with_limit(40).with_unfinished(Unfinished::Tell).tolerant())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn made_up_sessions_do_not_depend_on_cuts(session in sessions(&lines()), cuts in cuts(), seed in any::<u64>()) {
        laws::cut_invariant(&echo(Lines::default().with_limit(100)), &session, &cuts)?;
        laws::cut_invariant(&echo(Lines::ended_by(LineEnd::CRLF).with_limit(3).tolerant()), &session, &cuts)?;
        laws::cut_invariant(&tolerant(), &session, &cuts)?;
        laws::cut_invariant(&echo(Blocks::new(Length::Varint).with_limit(100)), &session, &cuts)?;
        laws::cut_invariant(&Bytewise, &session, &Cuts::Bytes)?;
        laws::total(&tolerant(), &session, seed)?;
    }
}
