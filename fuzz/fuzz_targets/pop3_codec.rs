//! What the codec parses it encodes to something that it parses to the same value; what it stuffs it unstuffs octet for octet.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use pop3_proto::codec::{
    Capability, Command, Piece, Response, Stuffer, Text, TopCut, UniqueId, Unstuffer, WireSize, encode_response,
    parse_list_line, parse_stat, parse_uidl_line, trim_line,
};
use wirestate_fuzz::feed::{Cuts, seed_of};
use wirestate_machine::{Inbox, Outbox};

fuzz_target!(|input: &[u8]| {
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        for bare_lf in [false, true] {
            if let Ok(line) = trim_line(line, bare_lf) {
                commands(line);
                responses(line);
                listings(line);
            }
        }
    }
    text(input, seed_of(input));
});

fn commands(line: &[u8]) {
    for surplus in [false, true] {
        let Ok(command) = Command::parse(line, surplus) else { continue };
        let mut outbox = Outbox::new();
        if command.encode(&mut outbox).is_err() {
            assert!(outbox.is_empty(), "a refused command was written in part");
            continue;
        }
        let wire = outbox.to_vec();
        let again = trim_line(&wire, false).expect("one line, ended by CRLF");
        assert_eq!(Command::parse(again, false), Ok(command.clone()), "{:?}", String::from_utf8_lossy(&wire));
        assert_eq!(command.to_owned().keyword(), command.keyword());
    }
}

fn responses(line: &[u8]) {
    let Some(response) = Response::parse(line) else { return };
    let code = response.typed_code();
    let text = Text::lossy(response.text);
    let mut outbox = Outbox::new();
    encode_response(response.status, code.as_ref(), text.as_str(), &mut outbox);
    let wire = outbox.to_vec();
    let again = trim_line(&wire, false).expect("one line, ended by CRLF");
    let again = Response::parse(again).expect("a response");
    assert_eq!(again.status, response.status);
    if code.is_some() {
        assert_eq!(again.typed_code(), code);
    }
}

fn listings(line: &[u8]) {
    let _ = parse_stat(line);
    let _ = parse_list_line(line);
    if let Ok(listed) = parse_uidl_line(line)
        && let Ok(id) = UniqueId::new(listed.what)
    {
        let again = format!("{} {id}", listed.message);
        assert_eq!(parse_uidl_line(again.as_bytes()).map(|again| again.what), Ok(listed.what));
    }
    let capability = Capability::parse(line);
    assert_eq!(Capability::parse(capability.to_string().as_bytes()), capability);
}

fn text(message: &[u8], seed: u64) {
    let (wire, size) = stuff(message, Cuts::Random(seed));
    assert_eq!((&wire, size), (&stuff(message, Cuts::Whole).0, stuff(message, Cuts::Whole).1));
    for cuts in [Cuts::Whole, Cuts::Single, Cuts::Random(seed)] {
        let (text, ended, left) = unstuff(&wire, cuts);
        assert!(ended && left == 0, "the end was not found, or found too early: {left} left");
        assert_eq!(text.len() as u64, size, "the size told is not the size sent");
        assert_eq!(stuff(&text, Cuts::Whole).0, wire);
    }
    // And the other way about: any octets at all as a body.
    assert_eq!(unstuff(message, Cuts::Whole), unstuff(message, Cuts::Random(seed)));
    for lines in [0, 1, 2] {
        assert_eq!(top(message, lines, Cuts::Whole), top(message, lines, Cuts::Random(seed)));
    }
}

fn pieces(mut all: &[u8], mut cuts: Cuts) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while !all.is_empty() {
        let (piece, rest) = all.split_at(cuts.next().min(all.len()));
        pieces.push(piece);
        all = rest;
    }
    pieces
}

fn stuff(message: &[u8], cuts: Cuts) -> (Vec<u8>, u64) {
    let (mut stuffer, mut size, mut outbox) = (Stuffer::new(), WireSize::new(), Outbox::new());
    for piece in pieces(message, cuts) {
        size.push(piece);
        stuffer.push(Bytes::copy_from_slice(piece), &mut outbox);
    }
    stuffer.finish(&mut outbox);
    (outbox.to_vec(), size.finish())
}

fn unstuff(wire: &[u8], cuts: Cuts) -> (Vec<u8>, bool, usize) {
    let mut inbox = Inbox::new(usize::MAX);
    let mut unstuffer = Unstuffer::new();
    let mut text = Vec::new();
    let mut fed = 0;
    for piece in pieces(wire, cuts) {
        inbox.push(piece);
        fed += piece.len();
        loop {
            match unstuffer.next(&mut inbox) {
                Piece::Text(piece) => text.extend_from_slice(&piece),
                Piece::End => return (text, true, inbox.len() + wire.len() - fed),
                Piece::More => break,
            }
        }
    }
    // How much of a last line is held back does not depend on the cuts either.
    (text, false, inbox.len())
}

fn top(message: &[u8], lines: u32, cuts: Cuts) -> (usize, bool) {
    let mut cut = TopCut::new(lines);
    let admitted = pieces(message, cuts).into_iter().map(|piece| cut.admit(piece)).sum();
    (admitted, cut.is_done())
}
