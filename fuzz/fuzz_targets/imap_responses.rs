//! What the codec of IMAP reads of a server's responses it writes to something that it reads to the same value, borrowed or shared; a FETCH response
//! says the same whether its data is streamed or not.

#![no_main]

use bytes::Bytes;
use imap_proto::codec::{
    Data, Encoder, FetchHead, FetchPart, Fetched, Frame, Framing, Limits, MessageAttribute, Response, Sink, Streamed,
};
use libfuzzer_sys::fuzz_target;
use wirestate_machine::Inbox;

fuzz_target!(|input: &[u8]| {
    response(input);
    for frame in frames(input, Limits { stream: u64::MAX, ..Limits::RESPONSES }) {
        if let Piece::Whole(frame) = frame {
            response(&frame);
        }
    }
    streamed(input);
});

fn response(frame: &[u8]) {
    let Ok(response) = Response::parse(frame) else { return };
    let shared = Response::parse_shared(&Bytes::copy_from_slice(frame)).expect("borrowed or shared, it reads the same");
    assert_eq!(shared, response.clone().map_text(&mut |text| text.into_owned().into()));
    for utf8 in [false, true] {
        let encoder = Encoder::server().with_utf8(utf8);
        // What odd servers send may be more than the grammar lets one write.
        let Some(wire) = written(encoder, &response) else { continue };
        let again = Response::parse(&wire).unwrap_or_else(|fault| panic!("{fault}: {}", wire.escape_ascii()));
        assert_eq!(written(encoder, &again).as_ref(), Some(&wire), "{}", wire.escape_ascii());
        let mut cut = frames(&wire, Limits { stream: u64::MAX, ..Limits::RESPONSES });
        assert!(matches!(cut.pop(), Some(Piece::Whole(whole)) if whole == wire[..wire.len() - 2]) && cut.is_empty());
    }
}

fn written(encoder: Encoder, response: &Response<impl AsRef<[u8]>>) -> Option<Vec<u8>> {
    let mut wire = Vec::new();
    if encoder.encode(response, &mut wire as &mut dyn Sink).is_err() {
        assert!(wire.is_empty(), "a refused response was written in part");
        return None;
    }
    assert!(wire.ends_with(b"\r\n"));
    Some(wire)
}

enum Piece {
    Whole(Vec<u8>),
    Message(Vec<u8>),
    Chunk(Bytes),
    Rest(Vec<u8>),
}

fn frames(input: &[u8], limits: Limits) -> Vec<Piece> {
    let (mut inbox, mut framing) = (Inbox::new(input.len()), Framing::responses(limits));
    inbox.push(input);
    let mut pieces = Vec::new();
    while let Some(frame) = framing.next(&mut inbox) {
        pieces.push(match frame {
            Frame::Whole(frame) => Piece::Whole(frame.to_vec()),
            Frame::Message { head, .. } => Piece::Message(head.to_vec()),
            Frame::Chunk(chunk) => Piece::Chunk(chunk),
            Frame::Rest(rest) => Piece::Rest(rest.to_vec()),
            _ => continue,
        });
    }
    pieces
}

/// FETCH responses, put together from their pieces, are what they are as a whole.
fn streamed(input: &[u8]) {
    let mut under_way: Option<(Fetched, Vec<MessageAttribute<Vec<u8>>>, Streamed<Vec<u8>>)> = None;
    let (mut data, mut whole) = (Vec::new(), Vec::new());
    for piece in frames(input, Limits { stream: 0, ..Limits::RESPONSES }) {
        match piece {
            Piece::Whole(_) => under_way = None,
            Piece::Chunk(chunk) => {
                data.extend_from_slice(&chunk);
                whole.extend_from_slice(&chunk);
            }
            Piece::Message(head) => {
                let next = match under_way.take() {
                    Some((message, mut items, streamed)) => {
                        items.push(streamed.with_data(Some(std::mem::take(&mut data))));
                        FetchPart::parse(&head).ok().map(|part| (message, items, part))
                    }
                    None => {
                        whole.clear();
                        FetchHead::parse(&head).ok().map(|head| (head.message, Vec::new(), head.part))
                    }
                };
                data.clear();
                whole.extend_from_slice(&head);
                whole.extend_from_slice(b"\r\n");
                under_way = next.and_then(|(message, mut items, part)| {
                    let part = part.map_text(&mut |text| text.into_owned());
                    items.extend(part.items);
                    Some((message, items, part.streamed?))
                });
            }
            Piece::Rest(rest) => {
                let Some((message, mut items, streamed)) = under_way.take() else { continue };
                items.push(streamed.with_data(Some(std::mem::take(&mut data))));
                whole.extend_from_slice(&rest);
                let Ok(part) = FetchPart::parse_rest(&rest) else { continue };
                items.extend(part.map_text(&mut |text| text.into_owned()).items);
                let told = match message {
                    Fetched::Number(number) => Data::Fetch { number, items },
                    Fetched::Uid(uid) => Data::UidFetch { uid, items },
                };
                let expected =
                    Response::parse(&whole).unwrap_or_else(|fault| panic!("{fault}: {}", whole.escape_ascii()));
                assert_eq!(Response::Data(told), expected.map_text(&mut |text| text.into_owned()));
            }
        }
    }
}
