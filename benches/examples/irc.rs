//! Other people's codecs and ours over the same lines of IRC: to be run under callgrind by `benches/irc.sh`.
//!
//! `irc CORPUS CODEC ROUNDS` goes so many times over the lines of a corpus and prints how many allocations it took. These are dev-dependencies:
//! nothing of theirs is in what is published.

use std::borrow::Cow;
use std::hint::black_box;
use std::str::FromStr as _;

use bytes::Bytes;
use irc_proto::codec::{Encoder, Message, Parts, Profile, Sender};
use irc_proto::message::{FromServer, Reply};
use vinezombie::ircmsg::{ServerCodec, ServerMsg};
use wirestate_benches::irc::{self, Corpus};
use wirestate_machine::Outbox;
use wirestate_testing::Heap;

#[global_allocator]
static HEAP: Heap = Heap;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [corpus, codec, rounds] = &arguments[..] else { panic!("usage: irc CORPUS CODEC ROUNDS") };
    let corpus = match corpus.as_str() {
        "legacy" => Corpus::Legacy,
        "modern" => Corpus::Modern,
        "twitch" => Corpus::Twitch,
        other => panic!("there is no corpus {other}"),
    };
    let lines = irc::lines(corpus);
    let mut reader = Reader::default();
    let work: fn(&mut Reader, &str) = match codec.as_str() {
        "none" => |_, line| _ = black_box(line),
        "scan" => |_, line| _ = black_box(line.bytes().fold(0u8, |sum, byte| black_box(sum ^ byte))),
        "ours-visit" => Reader::visit,
        "ours-strict" => Reader::visit_strict,
        "ours-typed" => Reader::typed,
        "ours-owned" => |_, line| _ = black_box(Message::parse(line.as_bytes(), Profile::Lenient).unwrap().to_owned()),
        "ours-serialise" => Reader::serialise,
        "ours-shared" => |_, line| _ = black_box(serialise_shared(line)),
        "ours-relay" => Reader::relay,
        "ircv3_parse-visit" => |_, line| ircv3_visit(line, false),
        "ircv3_parse-visit-all" => |_, line| ircv3_visit(line, true),
        "ircv3_parse-serialise" => |_, line| _ = black_box(ircv3_serialise(line)),
        "irc-proto-visit" => |_, line| irc_proto_visit(line),
        "irc-proto-serialise" => |_, line| _ = black_box(peer_irc_proto::Message::from_str(line).unwrap().to_string()),
        "vinezombie-visit" => |_, line| vinezombie_visit(line),
        "vinezombie-serialise" => Reader::vinezombie_serialise,
        other => panic!("there is no codec {other}"),
    };
    // Buffers that are kept grow once.
    lines.iter().for_each(|line| work(&mut reader, line));
    let rounds: usize = rounds.parse().expect("ROUNDS is a number");
    let (_, usage) = Heap::measure(|| {
        for _ in 0..rounds {
            lines.iter().for_each(|line| work(&mut reader, black_box(line)));
        }
    });
    println!("{}", usage.allocations);
}

/// What who reads many lines keeps.
#[derive(Default)]
struct Reader {
    value: Vec<u8>,
    written: Vec<u8>,
    outbox: Outbox,
}

impl Reader {
    fn visit(&mut self, line: &str) {
        self.visit_all(Message::parse(line.as_bytes(), Profile::Lenient).unwrap());
    }

    fn visit_strict(&mut self, line: &str) {
        self.visit_all(Message::parse(line.as_bytes(), Profile::Strict).unwrap());
    }

    /// Every tag unescaped, the source's parts, the command, every parameter.
    fn visit_all(&mut self, message: Message<&[u8]>) {
        for tag in message.tags().iter() {
            self.value.clear();
            tag.value().unescape_into(&mut self.value);
            black_box((tag.key(), &self.value));
        }
        if let Some(source) = message.source() {
            black_box((source.name(), source.user(), source.host()));
        }
        black_box(message.command());
        message.params().for_each(|param| _ = black_box(param));
    }

    fn typed(&mut self, line: &str) {
        let message = Message::parse(line.as_bytes(), Profile::Lenient).unwrap();
        match message.command().numeric() {
            Some(_) => _ = black_box(Reply::of(message)),
            None => _ = black_box(FromServer::of(message)),
        }
    }

    fn serialise(&mut self, line: &str) {
        with_parts(line, |parts| Encoder::new(Sender::Server).encode(parts, &mut self.outbox).unwrap());
        black_box(self.outbox.len());
        self.outbox.clear();
    }

    fn relay(&mut self, line: &str) {
        let message = Message::parse(line.as_bytes(), Profile::Lenient).unwrap();
        Encoder::new(Sender::Server).relay(message, &mut self.outbox).unwrap();
        black_box(self.outbox.len());
        self.outbox.clear();
    }

    fn vinezombie_serialise(&mut self, line: &str) {
        self.written.clear();
        ServerCodec::write_to(&ServerMsg::parse(line).unwrap(), &mut self.written).unwrap();
        black_box(&self.written);
    }
}

/// Takes a line apart, values unescaped, and gives what it would be written from.
fn with_parts<T>(line: &str, write: impl FnOnce(&Parts<'_>) -> T) -> T {
    let message = Message::parse(line.as_bytes(), Profile::Lenient).unwrap();
    let mut values = [const { Cow::Borrowed("".as_bytes()) }; 24];
    let mut count = 0;
    for (slot, tag) in values.iter_mut().zip(message.tags().iter()) {
        *slot = tag.value().unescaped();
        count += 1;
    }
    let mut tags = [(&b""[..], &b""[..]); 24];
    for (slot, (tag, value)) in tags.iter_mut().zip(message.tags().iter().zip(&values)) {
        *slot = (tag.key(), value);
    }
    let mut params = [&b""[..]; Profile::MAX_PARAMS];
    let mut given = 0;
    for (slot, param) in params.iter_mut().zip(message.params()) {
        *slot = param;
        given += 1;
    }
    write(&Parts {
        tags: &tags[..count],
        source: message.source().map(|source| source.as_bytes()),
        command: message.command(),
        params: &params[..given],
    })
}

fn serialise_shared(line: &str) -> Bytes {
    with_parts(line, |parts| Encoder::new(Sender::Server).to_bytes(parts).unwrap())
}

/// Unescapes every value, as its `get_unescaped` does, or only those that have a backslash.
fn ircv3_visit(line: &str, always: bool) {
    let message = ircv3_parse::parse(line).unwrap();
    if let Some(tags) = message.tags() {
        for (key, value) in tags.iter() {
            let value = value.as_str();
            if always || value.contains('\\') {
                black_box((key, ircv3_parse::unescape(value)));
            } else {
                black_box((key, value));
            }
        }
    }
    if let Some(source) = message.source() {
        black_box((source.name, source.user, source.host));
    }
    black_box(message.command());
    let params = message.params();
    params.middles.iter().for_each(|param| _ = black_box(param));
    black_box(params.trailing.raw());
}

/// Values are written as they came: it escapes none.
fn ircv3_serialise(line: &str) -> Bytes {
    let message = ircv3_parse::parse(line).unwrap();
    let mut builder = ircv3_parse::MessageBuilder::new();
    if let Some(tags) = message.tags() {
        for (key, value) in tags.iter() {
            builder.add_tag(key, value.has_value().then(|| value.as_str())).unwrap();
        }
    }
    if let Some(source) = message.source() {
        builder.set_source(source.name, source.user, source.host).unwrap();
    }
    builder.set_command(message.command()).unwrap();
    let params = message.params();
    for param in params.middles.iter() {
        builder.add_param(param).unwrap();
    }
    if let Some(trailing) = params.trailing.raw() {
        builder.set_trailing(trailing).unwrap();
    }
    builder.build().unwrap()
}

/// It has split and unescaped everything when it has parsed.
fn irc_proto_visit(line: &str) {
    let message = peer_irc_proto::Message::from_str(line).unwrap();
    for tag in message.tags.iter().flatten() {
        black_box((&tag.0, &tag.1));
    }
    black_box((&message.prefix, &message.command));
}

fn vinezombie_visit(line: &str) {
    let message = ServerMsg::parse(line).unwrap();
    // They are split and unescaped already, and cannot be gone through.
    black_box(&message.tags);
    if let Some(source) = &message.source {
        black_box((&source.nick, source.user(), source.host()));
    }
    black_box(&message.kind);
    let (words, last) = message.args.split_last();
    words.iter().for_each(|word| _ = black_box(word));
    black_box(last);
}
