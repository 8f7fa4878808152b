//! Other people's codecs and ours over the same messages of IMAP: to be run under callgrind by `benches/imap.sh`.
//!
//! `imap CORPUS CODEC ROUNDS` goes so many times over the messages of a corpus and prints how many there are and how many allocations it took.
//! These are dev-dependencies: nothing of theirs is in what is published.

use std::hint::black_box;

use bytes::Bytes;
use imap_codec::decode::Decoder as _;
use imap_codec::encode::Encoder as _;
use imap_codec::fragmentizer::Fragmentizer;
use imap_codec::imap_types::IntoStatic as _;
use imap_codec::imap_types::command::{Command as PeerCommand, CommandBody};
use imap_codec::imap_types::response::Greeting;
use imap_codec::{CommandCodec, ResponseCodec};
use imap_next::{Interrupt, Io, State};
use imap_proto::codec::{Encode, Encoder, FetchHead, FetchPart, Frame, Framing, Limits, Response, TaggedCommand};
use io_imap::send::{ImapSend, ImapSendResult};
use wirestate_benches::imap::Corpus;
use wirestate_machine::Inbox;
use wirestate_testing::Heap;

#[global_allocator]
static HEAP: Heap = Heap;

/// What comes by one read.
const READ: usize = 16 * 1024;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, codec, rounds] = &arguments[..] else { panic!("usage: imap CORPUS CODEC ROUNDS") };
    let corpus = Corpus::named(name).unwrap_or_else(|| panic!("there is no corpus {name}"));
    let messages = corpus.messages();
    let input = Input { stream: messages.concat(), messages };
    let mut work =
        work(codec, &input.messages, corpus.is_of_client()).unwrap_or_else(|| panic!("{codec} does not do {name}"));
    // Buffers that are kept grow once.
    work(&input);
    let rounds: usize = rounds.parse().expect("ROUNDS is a number");
    let (_, usage) = Heap::measure(|| {
        for _ in 0..rounds {
            work(black_box(&input));
        }
    });
    println!("{} {}", input.messages.len(), usage.allocations);
}

/// The messages one by one, and as they come on a connection.
struct Input {
    messages: Vec<Vec<u8>>,
    stream: Vec<u8>,
}

impl Input {
    fn reads(&self) -> impl Iterator<Item = &[u8]> {
        self.stream.chunks(READ)
    }
}

type Work = Box<dyn FnMut(&Input)>;

fn work(codec: &str, messages: &[Vec<u8>], is_of_client: bool) -> Option<Work> {
    Some(match (codec, is_of_client) {
        ("ours", true) => Ours::new(Framing::commands(Limits::AFTER_LOGIN)).work(Ours::command),
        ("ours", false) => Ours::new(Framing::responses(Limits::RESPONSES)).work(Ours::response),
        ("ours-borrowed", true) => each(|message| _ = black_box(TaggedCommand::parse(command_part(message)).unwrap())),
        ("ours-borrowed", false) => each(|message| _ = black_box(Response::parse(message).unwrap())),
        ("ours-encode", true) => encode(Encoder::client(), messages, |message| {
            let frame = Bytes::from(message[..message.len() - 2].to_vec());
            TaggedCommand::parse(&frame).unwrap().into_owned(&frame)
        }),
        ("ours-encode", false) => encode(Encoder::server(), messages, |message| {
            Response::parse_shared(&Bytes::from(message.to_vec())).unwrap()
        }),
        ("imap-codec", true) => each(|message| _ = black_box(CommandCodec::new().decode(message).unwrap())),
        ("imap-codec", false) => each(|message| _ = black_box(ResponseCodec::new().decode(message).unwrap())),
        ("imap-codec-stream", _) => fragmentizer(is_of_client),
        ("imap-codec-encode", true) => {
            let commands = owned(messages, |message| CommandCodec::new().decode(message).unwrap().1.into_static());
            Box::new(move |_| commands.iter().for_each(|one| _ = black_box(CommandCodec::new().encode(one).dump())))
        }
        ("imap-codec-encode", false) => {
            let responses = owned(messages, |message| ResponseCodec::new().decode(message).unwrap().1.into_static());
            Box::new(move |_| responses.iter().for_each(|one| _ = black_box(ResponseCodec::new().encode(one).dump())))
        }
        ("imap-next", true) => next_server(),
        ("imap-next", false) => next_client(),
        ("io-imap", false) => io_imap(),
        ("imap-proto", false) => each(|message| _ = black_box(peer_imap_proto::Response::parse(message).unwrap())),
        ("imap-proto-stream", false) => growing(),
        _ => return None,
    })
}

fn each(work: fn(&[u8])) -> Work {
    Box::new(move |input| input.messages.iter().for_each(|message| work(message)))
}

fn owned<T>(messages: &[Vec<u8>], parse: impl Fn(&[u8]) -> T) -> Vec<T> {
    messages.iter().map(|message| parse(message)).collect()
}

fn encode<T: Encode + 'static>(encoder: Encoder, messages: &[Vec<u8>], parse: impl Fn(&[u8]) -> T) -> Work {
    let (values, mut written) = (owned(messages, parse), Vec::new());
    Box::new(move |_| {
        for value in &values {
            encoder.encode(value, &mut written).unwrap();
            black_box(&written);
            written.clear();
        }
    })
}

/// Of an upload, what comes before the message.
fn command_part(message: &[u8]) -> &[u8] {
    let is_upload = message.windows(8).take(8).any(|window| window.eq_ignore_ascii_case(b" APPEND "));
    let end = if is_upload { message.windows(2).position(|window| window == b"\r\n") } else { None };
    &message[..end.unwrap_or(message.len() - 2)]
}

/// Our framing and our parsers.
struct Ours {
    inbox: Inbox,
    framing: Framing,
}

impl Ours {
    fn new(framing: Framing) -> Self {
        Ours { inbox: Inbox::new(framing.limits().frame()), framing }
    }

    fn work(mut self, take: fn(&mut Self)) -> Work {
        Box::new(move |input| {
            for read in input.reads() {
                self.inbox.push(read);
                take(&mut self);
            }
            assert!(self.framing.is_between());
        })
    }

    fn command(&mut self) {
        while let Some(frame) = self.framing.next(&mut self.inbox) {
            match frame {
                Frame::Whole(frame) => _ = black_box(TaggedCommand::parse(frame).unwrap()),
                Frame::Message { head, .. } => {
                    black_box(TaggedCommand::parse(head).unwrap());
                    self.framing.accept();
                }
                Frame::Chunk(chunk) => _ = black_box(chunk),
                Frame::Rest(rest) => assert!(rest.is_empty()),
                other => panic!("{other:?}"),
            }
        }
    }

    fn response(&mut self) {
        while let Some(frame) = self.framing.next(&mut self.inbox) {
            match frame {
                Frame::Whole(frame) => _ = black_box(Response::parse(frame).unwrap()),
                Frame::Message { head, .. } => _ = black_box(FetchHead::parse(head).unwrap()),
                Frame::Chunk(chunk) => _ = black_box(chunk),
                Frame::Rest(rest) => _ = black_box(FetchPart::parse_rest(rest).unwrap()),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn fragmentizer(is_of_client: bool) -> Work {
    let mut fragmentizer = Fragmentizer::new(100 * 1024 * 1024);
    Box::new(move |input| {
        for read in input.reads() {
            fragmentizer.enqueue_bytes(read);
            while fragmentizer.progress().is_some() {
                if !fragmentizer.is_message_complete() {
                    continue;
                }
                if is_of_client {
                    black_box(fragmentizer.decode_message(&CommandCodec::new()).unwrap());
                } else {
                    black_box(fragmentizer.decode_message(&ResponseCodec::new()).unwrap());
                }
            }
        }
    })
}

fn next_client() -> Work {
    let mut options = imap_next::client::Options::default();
    options.discard_greeting = true;
    next(imap_next::client::Client::new(options))
}

fn next_server() -> Work {
    let greeting = Greeting::ok(None, "ready").unwrap();
    let mut server = imap_next::server::Server::new(imap_next::server::Options::default(), greeting);
    assert!(matches!(server.next(), Err(Interrupt::Io(Io::Output(_)))));
    next(server)
}

fn next<S: State<Error: std::fmt::Debug> + 'static>(mut state: S) -> Work {
    Box::new(move |input| {
        for read in input.reads() {
            state.enqueue_input(read);
            loop {
                match state.next() {
                    Ok(event) => _ = black_box(event),
                    Err(Interrupt::Io(_)) => break,
                    Err(Interrupt::Error(error)) => panic!("{error:?}"),
                }
            }
        }
    })
}

/// It gives all data at the end of the command.
fn io_imap() -> Work {
    let mut fragmentizer = Fragmentizer::new(100 * 1024 * 1024);
    Box::new(move |input| {
        let command = PeerCommand::new("a", CommandBody::Noop).unwrap();
        let mut exchange = ImapSend::<CommandCodec>::receive(command);
        assert!(matches!(exchange.resume(&mut fragmentizer, None), ImapSendResult::WantsRead));
        for read in input.reads() {
            assert!(matches!(exchange.resume(&mut fragmentizer, Some(read)), ImapSendResult::WantsRead));
        }
        let ImapSendResult::Ok(output) = exchange.resume(&mut fragmentizer, Some(b"a OK done\r\n")) else { panic!() };
        assert_eq!(output.data.len(), input.messages.len());
    })
}

/// It has no framing of its own: after each read it is tried what is whole already.
fn growing() -> Work {
    let mut buffer = Vec::new();
    Box::new(move |input| {
        for read in input.reads() {
            buffer.extend_from_slice(read);
            let mut left = &buffer[..];
            while !left.is_empty() {
                match peer_imap_proto::Response::parse(left) {
                    Ok((rest, response)) => {
                        black_box(response);
                        left = rest;
                    }
                    Err(error) if error.is_incomplete() => break,
                    Err(error) => panic!("{error:?}"),
                }
            }
            let taken = buffer.len() - left.len();
            buffer.drain(..taken);
        }
        assert!(buffer.is_empty());
    })
}
