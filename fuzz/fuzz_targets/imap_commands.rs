//! What the codec of IMAP reads of a client's commands it writes to something that it reads to the same value, whole or in the pieces of an upload;
//! frames are found in the same places however the input was cut, and are never bigger than the limits.

#![no_main]

use bytes::Bytes;
use imap_proto::codec::command::{After, Command, Further, Within};
use imap_proto::codec::{Encode, Encoder, Frame, Framing, Limits, Literals, Matcher, TaggedCommand, utf7};
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::feed::{Cuts, seed_of};
use wirestate_machine::Inbox;

const SMALL: Limits = Limits { line: 200, literal: 60, literals: 100, count: 5, non_sync: 4096, stream: 20 };

fuzz_target!(|input: &[u8]| {
    command(input);
    name(input);
    for limits in [SMALL, Limits::AFTER_LOGIN] {
        for make in [Framing::commands, Framing::responses] {
            let whole = frames(make(limits), input, Cuts::Whole);
            assert_eq!(frames(make(limits), input, Cuts::Single), whole);
            assert_eq!(frames(make(limits), input, Cuts::Random(seed_of(input))), whole);
        }
    }
    let mut within = None;
    for frame in frames(Framing::commands(Limits::AFTER_LOGIN), input, Cuts::Whole) {
        within = match frame {
            Seen::Whole(frame) => {
                command(&frame);
                None
            }
            Seen::Message(piece) => match within {
                Some(within) => further(&piece, within),
                None => command(&piece),
            },
            Seen::Rest(piece) => {
                let _ = within.map(|within| further(&piece, within));
                None
            }
            Seen::Chunk(_) => within,
            _ => None,
        };
    }
});

/// Where a text stands that the command ends with, if it does.
fn command(frame: &[u8]) -> Option<Within> {
    let read = TaggedCommand::parse(frame).ok()?;
    let owned = read.clone().into_owned(&Bytes::copy_from_slice(frame));
    assert_eq!(owned.clone().map_text(&mut |text| text.to_vec()), read.clone().map_text(&mut |text| text.into_owned()));
    for encoder in [Encoder::client(), Encoder::client().with_literals(Literals::Plus).with_utf8(true)] {
        let Some(wire) = written(encoder, &read) else { continue };
        let again = TaggedCommand::parse(&wire).unwrap_or_else(|bad| panic!("{bad}: {}", wire.escape_ascii()));
        assert_eq!(written(encoder, &again).as_ref(), Some(&wire), "{}", wire.escape_ascii());
        assert_eq!(written(Encoder::client(), &again), written(Encoder::client(), &read));
        assert_eq!(again.command.keyword(), read.command.keyword());
    }
    match read.command {
        Command::Append(append) => append.announced().map(|(within, _)| within),
        Command::Replace(replace) => replace.message.data.announced().map(|(within, _)| within),
        _ => None,
    }
}

fn further(piece: &[u8], within: Within) -> Option<Within> {
    let further = Further::parse(piece, within).ok()?;
    if let Some(wire) = written(Encoder::client(), &After { within, further: &further }) {
        let again = Further::parse(&wire, within).unwrap_or_else(|fault| panic!("{fault}: {}", wire.escape_ascii()));
        assert_eq!(written(Encoder::client(), &After { within, further: &again }), Some(wire));
    }
    further.announced().map(|(within, _)| within)
}

/// Without its line end, if it has one.
fn written(encoder: Encoder, value: &impl Encode) -> Option<Vec<u8>> {
    let mut wire = Vec::new();
    if encoder.encode(value, &mut wire).is_err() {
        assert!(wire.is_empty(), "a refused command was written in part");
        return None;
    }
    // Where a literal ends, a line end is the literal's, or the command's after it.
    if let Some(line) = wire.strip_suffix(b"\r\n").map(<[u8]>::len) {
        wire.truncate(line);
    }
    Some(wire)
}

fn name(input: &[u8]) {
    if let Ok(name) = utf7::decode(input) {
        assert_eq!(utf7::encode(&name).as_bytes(), input);
    }
    let (pattern, name) = input.split_at(input.len() / 2);
    let _ = Matcher::new(b"", pattern, Some(b'/')).is_match(name);
}

#[derive(Debug, PartialEq)]
enum Seen {
    Whole(Vec<u8>),
    Message(Vec<u8>),
    Chunk(Vec<u8>),
    Rest(Vec<u8>),
    Other(String),
}

/// All frames, with the chunks of each text in one. Every other literal that is asked for is taken.
fn frames(mut framing: Framing, mut rest: &[u8], mut cuts: Cuts) -> Vec<Seen> {
    let limit = framing.limits().frame();
    let mut inbox = Inbox::new(limit);
    let mut seen = Vec::new();
    let mut asked = 0;
    while !rest.is_empty() {
        let taken = inbox.push_some(&rest[..cuts.next().min(rest.len())]);
        assert!(taken > 0, "a full inbox holds no frame");
        rest = &rest[taken..];
        while let Some(frame) = framing.next(&mut inbox) {
            let is_asked = matches!(frame, Frame::Literal { .. } | Frame::Message { .. });
            let next = match frame {
                Frame::Whole(frame) => Seen::Whole(frame.to_vec()),
                Frame::Message { head, .. } => Seen::Message(head.to_vec()),
                Frame::Rest(rest) => Seen::Rest(rest.to_vec()),
                Frame::Chunk(chunk) => match seen.last_mut() {
                    Some(Seen::Chunk(text)) => {
                        text.extend_from_slice(&chunk);
                        continue;
                    }
                    _ => Seen::Chunk(chunk.to_vec()),
                },
                other => Seen::Other(format!("{other:?}")),
            };
            seen.push(next);
            if is_asked {
                asked += 1;
                if asked % 4 == 3 { framing.refuse() } else { framing.accept() }
            }
        }
        assert!(inbox.len() <= limit);
    }
    seen
}
