//! What the codec of IRC parses it writes to something that it parses to the same value, typed or not; what the strict profile takes the lenient
//! one takes alike; lines are found in the same places however the input was cut.

#![no_main]

use std::borrow::Cow;

use irc_proto::codec::{Command, Encoder, Frame, Framing, Limits, Message, Parts, Profile, Sender, Trailing};
use irc_proto::ctcp::Ctcp;
use irc_proto::dcc::Dcc;
use irc_proto::host;
use irc_proto::isupport::Isupport;
use irc_proto::message::{FromClient, FromServer, Link, Reply, Slots};
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::feed::{Cuts, seed_of};
use wirestate_machine::{Inbox, Outbox};

fuzz_target!(|input: &[u8]| {
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        let strict = Profile::Strict.trim_line(line).ok();
        let Ok(line) = Profile::Lenient.trim_line(line) else { continue };
        profiles(line, strict == Some(line));
        if let Ok(message) = Message::parse(line, Profile::Lenient) {
            untyped(message);
            typed(message);
            parameters(message);
        }
        hosts(line);
    }
    isupport(input);
    let seed = seed_of(input);
    for sender in [Sender::Client, Sender::Server] {
        for profile in [Profile::Strict, Profile::Lenient] {
            let whole = frames(input, sender, profile, Cuts::Whole);
            assert_eq!(frames(input, sender, profile, Cuts::Single), whole);
            assert_eq!(frames(input, sender, profile, Cuts::Random(seed)), whole);
        }
    }
});

fn profiles(line: &[u8], is_ended_strictly: bool) {
    let lenient = Message::parse(line, Profile::Lenient);
    let strict = Message::parse(line, Profile::Strict);
    match (strict, lenient) {
        (Ok(strict), _) => assert_eq!(Ok(strict), lenient),
        (Err(fault), Err(same)) => assert_eq!(fault, same),
        (Err(fault), Ok(message)) => assert_eq!(message.defects().next().map(|defect| defect.fault), Some(fault)),
    }
    if let (Ok(message), true) = (strict, is_ended_strictly) {
        let mut outbox = Outbox::new();
        if Encoder::new(Sender::Server).relay(message, &mut outbox).is_ok() {
            assert_eq!(outbox.to_vec(), [line, b"\r\n"].concat());
        }
    }
}

/// From its parts a message is written so that it reads as it did.
fn untyped(message: Message<&[u8]>) {
    let values: Vec<Cow<[u8]>> = message.tags().iter().map(|tag| tag.value().unescaped()).collect();
    let keys = message.tags().iter().map(|tag| tag.key());
    let tags: Vec<(&[u8], &[u8])> = keys.zip(values.iter().map(AsRef::as_ref)).collect();
    let params: Vec<&[u8]> = message.params().collect();
    let source = message.source().map(|source| source.as_bytes());
    let parts = Parts { tags: &tags, source, command: message.command(), params: &params };
    for trailing in [Trailing::Auto, Trailing::Always] {
        let Some(wire) = written(&parts, trailing) else { continue };
        let again = parse(&wire);
        assert_eq!((again.command(), again.source()), (message.command(), message.source()));
        assert!(again.params().eq(params.iter().copied()), "{}", wire.escape_ascii());
        let plain = |message: Message<&[u8]>| -> Vec<(Vec<u8>, Vec<u8>)> {
            message.tags().iter().map(|tag| (tag.key().to_vec(), tag.value().bytes().collect())).collect()
        };
        assert_eq!(plain(again), plain(message));
    }
}

fn typed(message: Message<&[u8]>) {
    macro_rules! comes_back {
        ($($table:ident)*) => {$({
            let typed = $table::of(message);
            let mut slots = Slots::new();
            let parts = typed.parts(&mut slots).expect("what was read has no gap");
            if let Some(wire) = written(&parts, Trailing::Auto) {
                assert!($table::of(parse(&wire)) == typed, "{typed:?} became {}", wire.escape_ascii());
            }
        })*};
    }
    comes_back!(FromClient FromServer Reply Link);
}

/// What PRIVMSG and others carry.
fn parameters(message: Message<&[u8]>) {
    for param in message.params() {
        let Some(ctcp) = Ctcp::parse(param) else { continue };
        let _ = Dcc::parse(ctcp.parameters);
    }
}

fn hosts(text: &[u8]) {
    if host::check_name(text).is_ok() {
        assert_eq!(host::check(text), Ok(()));
    }
    if host::check(text).is_ok() {
        let source = [b"nick!user@", text].concat();
        let parts = Parts { source: Some(&source), command: Command::Word(b"PING"), ..Parts::default() };
        let wire = written(&parts, Trailing::Auto).expect("a host can stand in a source");
        assert_eq!(parse(&wire).source().and_then(|source| source.host()), Some(text));
    }
}

/// What is announced of a view reads back as the same view.
fn isupport(input: &[u8]) {
    let mut view = Isupport::default();
    for token in input.split(|byte| matches!(byte, b' ' | b'\r' | b'\n')) {
        let _ = view.apply(token);
    }
    let mut again = Isupport::default();
    for token in view.tokens() {
        assert_eq!(again.apply(&token), Ok(()), "{}", token.escape_ascii());
    }
    assert_eq!(again, view);
}

/// The line without its line end, if it can be written. Bodies may be as long as inputs are.
fn written(parts: &Parts<'_>, trailing: Trailing) -> Option<Vec<u8>> {
    let encoder = Encoder::new(Sender::Server).with_trailing(trailing).with_body(1 << 16);
    let line = encoder.to_bytes(parts).ok()?;
    let mut outbox = Outbox::new();
    encoder.encode(parts, &mut outbox).expect("both ways write the same");
    assert_eq!(outbox.to_vec(), line);
    let line = line.strip_suffix(b"\r\n").expect("one line, ended by CRLF");
    assert!(!line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "one line became two");
    Some(line.to_vec())
}

fn parse(line: &[u8]) -> Message<&[u8]> {
    Message::parse(line, Profile::Strict).unwrap_or_else(|fault| panic!("{}: {fault}", line.escape_ascii()))
}

fn frames(input: &[u8], sender: Sender, profile: Profile, mut cuts: Cuts) -> Vec<String> {
    let limits = Limits::from(sender);
    let (mut inbox, mut framing) = (Inbox::new(limits.line()), Framing::new(limits, profile));
    let mut told = Vec::new();
    let mut rest = input;
    while !rest.is_empty() {
        let taken = inbox.push_some(&rest[..cuts.next().min(rest.len())]);
        assert!(taken > 0, "a full inbox holds no frame");
        rest = &rest[taken..];
        while let Some(frame) = framing.next(&mut inbox) {
            told.push(match frame {
                Frame::Line(line) => {
                    assert!(line.len() + 2 <= limits.line());
                    line.escape_ascii().to_string()
                }
                other => format!("{other:?}"),
            });
        }
    }
    told
}
