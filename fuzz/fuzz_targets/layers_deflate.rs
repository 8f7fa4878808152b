//! Compressed input for a session of lines: noise and bombs, and lines that go plain and compressed by turns in one stream.
//!
//! No panic; the same lines however the input is cut; what was woven of plain and compressed stretches reads as the plain text does; what we
//! say, switched on and off at the peer's word, is read in whole by another layer; never much more is inflated than was read; bounded heap.

#![no_main]

use bytes::{Buf, Bytes};
use libfuzzer_sys::fuzz_target;
use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use wirestate_fuzz::feed::{Cuts, seed_of};
use wirestate_fuzz::meter::Meter;
use wirestate_layers::Deflate;
use wirestate_layers::deflate::{At, Format};
use wirestate_machine::line::{Line, Lines};
use wirestate_machine::{Instant, Machine};

/// Both streams are some 350 KiB, and the boxes are what else there is.
const HEAP: isize = 640 * 1024;
/// What is inflated before the machine sees it.
const STEP: usize = 16 * 1024;
/// As many lines are read of a bomb.
const LINES: usize = 200;

fuzz_target!(|input: &[u8]| {
    let Some((&variant, bytes)) = input.split_first() else { return };
    let variant = Variant(variant);
    if variant.is_woven() {
        woven(variant, bytes);
    } else {
        noise(variant, bytes);
    }
});

/// The first byte, which says what the rest is.
#[derive(Clone, Copy, Debug)]
struct Variant(u8);

impl Variant {
    fn format(self) -> Format {
        if self.0 & 1 == 0 { Format::Raw } else { Format::Zlib }
    }

    /// Text, of which the lines between `Z` and `Y` are compressed.
    fn is_woven(self) -> bool {
        self.0 & 2 != 0
    }

    /// Compressed from the start in both directions, or from a line `Z` on.
    fn from_start(self) -> bool {
        self.0 & 4 != 0
    }

    fn level(self) -> u8 {
        self.0 >> 4
    }
}

fn noise(variant: Variant, bytes: &[u8]) {
    let seed = seed_of(bytes);
    let whole = run(variant, bytes, Cuts::Whole);
    for cuts in [Cuts::Single, Cuts::Random(seed)] {
        let cut = run(variant, bytes, cuts);
        assert_eq!(whole.told, cut.told, "the lines depend on {cuts:?}");
        assert_eq!(whole.said, cut.said, "what was said depends on {cuts:?}");
    }
}

fn woven(variant: Variant, text: &[u8]) {
    let plain = read_plain(text);
    let seed = seed_of(text);
    for cuts in [Cuts::Whole, Cuts::Single, Cuts::Random(seed)] {
        let told = run(variant, &weave(variant, text), cuts).told;
        assert_eq!(plain, told, "the text reads otherwise with {cuts:?}");
    }
    if seed % 16 < 4 && !text.is_empty() {
        let once = run(variant, &weave(variant, &text.repeat(4)), Cuts::Random(seed));
        let twice = run(variant, &weave(variant, &text.repeat(8)), Cuts::Random(seed));
        once.meter.check_linear(&twice.meter);
    }
}

/// What a session tells that knows nothing of compression.
fn read_plain(mut text: &[u8]) -> Vec<String> {
    let mut told = Vec::new();
    let mut session = line();
    loop {
        match session.poll(Instant::START) {
            Ok(Some(line)) => told.push(line.escape_ascii().to_string()),
            Ok(None) if session.is_closed() => return told,
            Ok(None) => {
                let taken = session.inbox().push_some(text);
                text = &text[taken..];
                if text.is_empty() {
                    session.inbox().close();
                }
            }
            Err(failure) => {
                told.push(failure.to_string());
                return told;
            }
        }
        if told.len() == LINES {
            return told;
        }
    }
}

/// What a peer sends that compresses from after a line `Z` on, up to a line `Y`.
fn weave(variant: Variant, text: &[u8]) -> Vec<u8> {
    let compress = match variant.format() {
        Format::Raw => compress_to_vec,
        Format::Zlib => compress_to_vec_zlib,
    };
    let mut wire = Vec::new();
    let mut stretch = variant.from_start().then(Vec::new);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        stretch.as_mut().unwrap_or(&mut wire).extend_from_slice(line);
        match (&stretch, line) {
            (None, b"Z\n" | b"Z\r\n") => stretch = Some(Vec::new()),
            (Some(done), b"Y\n" | b"Y\r\n") => {
                wire.extend(compress(done, variant.level()));
                stretch = None;
            }
            _ => {}
        }
    }
    if let Some(rest) = stretch {
        wire.extend(compress(&rest, variant.level()));
    }
    wire
}

#[derive(Default)]
struct Run {
    told: Vec<String>,
    /// As the peer reads it.
    said: Vec<Bytes>,
    meter: Meter,
}

fn line() -> Line {
    Line::new(Lines::default().with_limit(300))
}

fn machine(variant: Variant) -> Deflate<Line> {
    let mut machine = Deflate::new(line()).with_format(variant.format()).with_level(variant.level());
    if variant.from_start() {
        machine.compress(At::NextFlush);
    }
    machine
}

fn run(variant: Variant, mut input: &[u8], mut cuts: Cuts) -> Run {
    let mut run = Run::default();
    let (mut said, mut read) = (Vec::new(), 0);
    let mut wire = Vec::new();
    let mut failure = None;
    let mut session = run.meter.run(|| machine(variant));
    loop {
        let polled = run.meter.run(|| session.poll(Instant::START));
        assert!(run.meter.peak() <= HEAP, "{} bytes of heap", run.meter.peak());
        let inflated = session.channel().deflate.map_or(0, |deflation| deflation.plain_in as usize);
        let inbox = session.inner_mut().inbox().limit();
        assert!(inflated <= read + STEP + inbox + 300, "{inflated} bytes were inflated, and {read} read");
        match polled {
            Ok(Some(line)) => {
                // With its end.
                read += line.len() + 2;
                run.told.push(line.escape_ascii().to_string());
                said.push(run.meter.run(|| answer(&mut session, line)));
                if run.told.len() >= LINES {
                    session.close();
                }
                continue;
            }
            Ok(None) => {}
            Err(error) => {
                assert!(session.is_closed(), "an open session after {error}");
                assert!(failure.as_ref().is_none_or(|before| *before == error), "the error has changed");
                failure = Some(error);
            }
        }
        wire.extend(session.outbox().to_vec());
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
    run.said = peer(variant, &wire);
    assert_eq!(run.said, said, "what was said is not what the peer reads");
    run
}

/// Says the line back, and switches compression as it says. Gives what was said.
fn answer(session: &mut Deflate<Line>, line: Bytes) -> Bytes {
    let said = match session.send(&line) {
        Ok(()) => line.clone(),
        Err(_) => {
            let _ = session.send("?");
            Bytes::from_static(b"?")
        }
    };
    match &line[..] {
        b"Z" => session.compress_input(),
        b"C" => session.compress_output(At::NextFlush),
        b"P" => session.decompress(),
        _ => {}
    }
    said
}

/// Reads what was said, as the one that asked for it does.
fn peer(variant: Variant, mut wire: &[u8]) -> Vec<Bytes> {
    let mut lines = Vec::new();
    let mut peer = Deflate::new(Line::new(Lines::default())).with_format(variant.format());
    if variant.from_start() {
        peer.compress_input();
    }
    loop {
        while let Some(line) = peer.poll(Instant::START).expect("what we say can be read") {
            if line == "C" {
                peer.compress_input();
            }
            lines.push(line);
        }
        if peer.is_closed() {
            return lines;
        }
        let taken = peer.inbox().push_some(wire);
        wire = &wire[taken..];
        if wire.is_empty() {
            peer.inbox().close();
        }
    }
}
