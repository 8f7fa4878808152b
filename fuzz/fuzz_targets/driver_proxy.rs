//! Anything at all where a PROXY header should be, read as the driver reads it.
//!
//! No panic; the same outcome however the input is cut; a header is as long as its own version says, and what follows it is kept, to the byte;
//! little is read ahead; the ends that are told are those that stand there; bounded heap; work that grows with the input.

#![no_main]

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use wirestate_driver::fuzzing::read_header;
use wirestate_driver::{Address, Info, Proxies, Stream, Timer};
use wirestate_fuzz::feed::{Cuts, seed_of};
use wirestate_fuzz::meter::Meter;
use wirestate_machine::Inbox;

const HEAP: isize = 64 * 1024;
/// The longest header that is waited for, of version 1 and of version 2.
const LONGEST: [usize; 2] = [107, 4096];
/// How far is read ahead.
const STEP: usize = 256;
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fuzz_target!(|input: &[u8]| {
    let seed = seed_of(input);
    let whole = run(input, Cuts::Whole);
    for cuts in [Cuts::Single, Cuts::Random(seed)] {
        let cut = run(input, cuts);
        assert_eq!(whole.outcome, cut.outcome, "the outcome depends on {cuts:?}");
    }
    if seed % 16 < 4 && !input.is_empty() {
        let once = run(&input.repeat(4), Cuts::Random(seed));
        let twice = run(&input.repeat(8), Cuts::Random(seed));
        once.meter.check_linear(&twice.meter);
    }
});

struct Run {
    /// The ends and the header's length, or why the connection is refused.
    outcome: Result<(String, String, usize), String>,
    meter: Meter,
}

fn run(input: &[u8], cuts: Cuts) -> Run {
    let mut meter = Meter::default();
    let mut stream = Wire { rest: input, cuts, now: Instant::now(), calls: 0 };
    let proxies = Proxies::trusted([]).trust_unix();
    let info = Info::new(Address::Unix(None), Address::Unix(None));
    let read = meter.run(|| {
        let mut read = pin!(read_header(&proxies, &mut stream, info));
        match read.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => read,
            Poll::Pending => panic!("it waits, but the stream does not"),
        }
    });
    assert!(meter.peak() <= HEAP, "{} bytes of heap", meter.peak());
    meter.calls = stream.calls;
    let outcome = match read {
        Ok((info, ahead)) => {
            assert!(ahead.len() <= STEP, "{} bytes were read ahead", ahead.len());
            let length = input.len() - stream.rest.len() - ahead.len();
            let (header, after) = input.split_at(length);
            assert_eq!([&ahead[..], stream.rest].concat(), after, "what follows the header");
            check(header, &info);
            Ok((info.peer().to_string(), info.local().to_string(), length))
        }
        Err(refusal) => Err(refusal.to_string()),
    };
    Run { outcome, meter }
}

/// Holds what was understood against the header, read by the specification's letter.
fn check(header: &[u8], info: &Info) {
    let told = (info.peer().tcp(), info.local().tcp());
    assert_eq!(told.0.is_some(), info.proxy().is_some(), "a proxy that told nothing");
    if let Some(rest) = header.strip_prefix(V2) {
        assert!(header.len() <= LONGEST[1], "a header of {} bytes", header.len());
        let [command, family, high, low, rest @ ..] = rest else { panic!("half a header") };
        assert_eq!(usize::from(u16::from_be_bytes([*high, *low])), rest.len(), "the length of the header");
        let ends = match (command, family) {
            (0x21, 0x11 | 0x12) => ends::<4>(rest),
            (0x21, 0x21 | 0x22) => ends::<16>(rest),
            (0x20 | 0x21, _) => (None, None),
            _ => panic!("command {command:#x}"),
        };
        assert_eq!(told, ends, "the ends");
        return;
    }
    assert!(header.len() <= LONGEST[0], "a header of {} bytes", header.len());
    let line = header.strip_prefix(b"PROXY ").and_then(|line| line.strip_suffix(b"\r\n")).expect("a line");
    assert!(!line.contains(&b'\r'), "two lines");
    if line.starts_with(b"UNKNOWN") {
        assert_eq!(told, (None, None), "ends that nobody knows");
        return;
    }
    let words: Vec<&str> = str::from_utf8(line).expect("a line of text").split(' ').collect();
    let [family, source, destination, source_port, destination_port] = words[..] else { panic!("{words:?}") };
    let end = |ip: &str, port: &str| {
        let ip: IpAddr = ip.parse().expect("an address");
        assert_eq!(ip.is_ipv4(), family == "TCP4", "the family");
        Some(SocketAddr::new(ip, port.parse().expect("a port")))
    };
    assert_eq!(told, (end(source, source_port), end(destination, destination_port)), "the ends");
}

/// The ends that version 2 tells in addresses of so many bytes.
fn ends<const N: usize>(bytes: &[u8]) -> (Option<SocketAddr>, Option<SocketAddr>) {
    let ip = |at: usize| -> IpAddr {
        match <[u8; 4]>::try_from(&bytes[at..at + N]) {
            Ok(four) => Ipv4Addr::from(four).into(),
            Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(&bytes[at..at + N]).expect("4 bytes, or 16")).into(),
        }
    };
    let port = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let (source, destination) = (port(2 * N), port(2 * N + 2));
    (Some(SocketAddr::new(ip(0), source)), Some(SocketAddr::new(ip(N), destination)))
}

/// A stream that has all that the input is, and then its end.
struct Wire<'a> {
    rest: &'a [u8],
    cuts: Cuts,
    now: Instant,
    calls: u64,
}

impl Timer for Wire<'_> {
    fn now(&self) -> Instant {
        self.now
    }

    fn poll_until(&mut self, _cx: &mut Context<'_>, _until: Option<Instant>) -> Poll<()> {
        Poll::Pending
    }
}

impl Stream for Wire<'_> {
    fn poll_read(&mut self, _cx: &mut Context<'_>, inbox: &mut Inbox) -> Poll<io::Result<usize>> {
        self.calls += 1;
        let most = self.cuts.next().min(self.rest.len());
        let taken = inbox.push_some(&self.rest[..most]);
        self.rest = &self.rest[taken..];
        Poll::Ready(Ok(taken))
    }

    fn poll_write(&mut self, _cx: &mut Context<'_>, _slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        panic!("nothing is said before the header")
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        panic!("nothing is said before the header")
    }

    fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        panic!("nothing is said before the header")
    }
}
