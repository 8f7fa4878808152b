//! Other people's XML and ours over the same stanzas: to be run under callgrind by `benches/xmpp.sh`.
//!
//! `xmpp CORPUS CODEC ROUNDS` goes so many times over the stanzas of a corpus and prints how many allocations it took. The codecs of others are
//! dev-dependencies: nothing of theirs is in what is published.
//!
//! `xmpp flood NAME ROUNDS` reads a hostile stream that has so many times 20,000 bytes, byte by byte; `xmpp floods - 0` says which there are.

use std::hint::black_box;
use std::io::BufRead;

use bytes::Bytes;
use wirestate_benches::xmpp::{self, Corpus};
use wirestate_machine::{Inbox, Outbox};
use wirestate_testing::Heap;
use xmpp_proto::xml::{
    Element, ElementRef, ElementWriter, Frame, Framer, Limits, Node, Reader, Scope, Sink, Stamp, Writer, XmlError,
};

#[global_allocator]
static HEAP: Heap = Heap;

/// What a socket gives at once.
const READ: usize = 4096;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [corpus, codec, rounds] = &arguments[..] else { panic!("usage: xmpp CORPUS CODEC ROUNDS") };
    let rounds: usize = rounds.parse().expect("ROUNDS is a number");
    let corpus = match corpus.as_str() {
        "floods" => return xmpp::FLOODS.iter().for_each(|(name, ..)| println!("{name}")),
        "flood" => return flood(codec, rounds),
        "message" => Corpus::Message,
        "presence" => Corpus::Presence,
        "roster" => Corpus::Roster,
        "pubsub" => Corpus::Pubsub,
        "mixed" => Corpus::Mixed,
        other => panic!("there is no corpus {other}"),
    };
    let stanzas = xmpp::stanzas(corpus);
    if codec == "count" {
        println!("{} {}", stanzas.len(), stanzas.iter().map(String::len).sum::<usize>());
        return;
    }
    let stream = stanzas.concat();
    let frames: Vec<Bytes> = stanzas.iter().map(|stanza| Bytes::copy_from_slice(stanza.as_bytes())).collect();
    let parse = |frame: &Bytes| Element::parse(frame.clone(), &Scope::CLIENT, &Limits::PEER).unwrap();
    let elements: Vec<Element> = frames.iter().map(parse).collect();
    let parts: Vec<Vec<Part>> = elements
        .iter()
        .map(|element| {
            let mut parts = Vec::new();
            parts_of(element.view(), &mut parts);
            parts
        })
        .collect();
    let theirs: Vec<minidom::Element> = stanzas.iter().map(|stanza| minidom_of(stanza)).collect();
    // xso knows no header around a stanza.
    let scoped: Vec<String> = stanzas.iter().map(|stanza| stanza.replacen(' ', " xmlns='jabber:client' ", 1)).collect();
    let mut outbox = Outbox::new();
    let mut written = Vec::with_capacity(64 * 1024);
    let mut inbox = Inbox::new(Limits::PEER.inbox());
    let mut reader = Reader::new(Limits::PEER);
    inbox.push(xmpp::HEADER.as_bytes());
    assert!(matches!(reader.next(&mut inbox), Ok(Some(Frame::Header(_)))));
    let mut framer = Framer::new(Limits::PEER);
    inbox.push(xmpp::HEADER.as_bytes());
    assert!(framer.next(&mut inbox).is_ok_and(|frame| frame.is_some()));
    let mut raw = rxml::RawParser::new();
    let mut rxml = rxml::Parser::new();
    rxml_over(&mut rxml, xmpp::HEADER);
    rxml_over(&mut raw, xmpp::HEADER);

    let mut work: Box<dyn FnMut()> = match codec.as_str() {
        "none" => Box::new(|| _ = black_box(&stream)),
        "ours-framer" => Box::new(|| {
            for read in stream.as_bytes().chunks(READ) {
                inbox.push(read);
                while let Some(frame) = framer.next(&mut inbox).unwrap() {
                    black_box(frame);
                }
            }
        }),
        "ours" => Box::new(|| {
            for read in stream.as_bytes().chunks(READ) {
                inbox.push(read);
                while let Some(frame) = reader.next(&mut inbox).unwrap() {
                    black_box(frame);
                }
            }
        }),
        "ours-whole" => Box::new(|| frames.iter().for_each(|frame| _ = black_box(parse(frame)))),
        "rxml-raw" => Box::new(|| rxml_over(&mut raw, &stream)),
        "rxml" => Box::new(|| rxml_over(&mut rxml, &stream)),
        "xso" => Box::new(|| scoped.iter().for_each(|stanza| xso_of(corpus, stanza))),
        "minidom" => Box::new(|| stanzas.iter().for_each(|stanza| _ = black_box(minidom_of(stanza)))),
        "quick-xml" => Box::new(|| quick_over(&stream)),
        "quick-xml-ns" => Box::new(|| quick_ns_over(&stream)),
        "ours-write" => Box::new(|| {
            for parts in &parts {
                write(parts, &mut written);
                black_box(&written);
                written.clear();
            }
        }),
        "ours-relay" => Box::new(|| {
            for element in &elements {
                Stamp::new(element.view())
                    .from("juliet@im.example.com/balcony")
                    .write(&mut outbox, &Scope::CLIENT)
                    .unwrap();
                black_box(outbox.len());
                outbox.clear();
            }
        }),
        "minidom-write" => Box::new(|| {
            for element in &theirs {
                element.write_to(&mut written).unwrap();
                black_box(&written);
                written.clear();
            }
        }),
        other => panic!("there is no codec {other}"),
    };
    // Buffers that are kept grow once.
    work();
    let (_, usage) = Heap::measure(|| (0..rounds).for_each(|_| work()));
    println!("{}", usage.allocations);
}

/// Whatever is allowed, so that nothing but the flood's length counts.
const LAVISH: Limits = Limits { bytes: 1 << 24, elements: u32::MAX, ..Limits::PEER };

fn flood(name: &str, rounds: usize) {
    let (_, start, unit, end) = xmpp::FLOODS.iter().find(|(known, ..)| *known == name).expect("a flood that there is");
    let stream = [xmpp::HEADER, start, &unit.repeat(20_000 * rounds / unit.len()), end].concat();
    let (mut inbox, mut reader) = (Inbox::new(LAVISH.inbox()), Reader::new(LAVISH));
    for byte in stream.as_bytes().chunks(1) {
        inbox.push(byte);
        while let Some(frame) = reader.next(&mut inbox).unwrap() {
            black_box(frame);
        }
    }
    assert!(inbox.is_empty(), "all of it was read");
}

fn rxml_over<P: rxml::Parse>(parser: &mut P, stream: &str) {
    for read in stream.as_bytes().chunks(READ) {
        let mut rest = read;
        loop {
            match parser.parse(&mut rest, false) {
                Ok(event) => _ = black_box(event),
                Err(rxml::error::EndOrError::NeedMoreData) => break,
                Err(rxml::error::EndOrError::Error(error)) => panic!("{error}"),
            }
        }
    }
}

fn minidom_of(stanza: &str) -> minidom::Element {
    minidom::Element::from_reader_with_prefixes(stanza.as_bytes(), "jabber:client".to_owned()).unwrap()
}

/// Into types of just what our messages and presences hold.
fn xso_of(corpus: Corpus, stanza: &str) {
    match corpus {
        Corpus::Message => drop(black_box(xso::from_bytes::<xso_types::Message>(stanza.as_bytes()).unwrap())),
        Corpus::Presence => drop(black_box(xso::from_bytes::<xso_types::Presence>(stanza.as_bytes()).unwrap())),
        other => panic!("there are no types for {other:?}"),
    }
}

/// xmpp-rs' way: a type for each element, with what it may hold.
#[allow(dead_code, reason = "it is the reading that is measured")]
#[allow(unreachable_pub, clippy::useless_conversion, reason = "so it is derived")]
mod xso_types {
    use xso::FromXml;

    #[derive(FromXml)]
    #[xml(namespace = "jabber:client", name = "message")]
    pub struct Message {
        #[xml(attribute = "type")]
        kind: String,
        #[xml(attribute)]
        id: String,
        #[xml(attribute)]
        from: String,
        #[xml(attribute)]
        to: String,
        #[xml(extract(namespace = "jabber:client", name = "body", fields(text)))]
        body: String,
        #[xml(flag(namespace = "http://jabber.org/protocol/chatstates", name = "active"))]
        active: bool,
        #[xml(flag(namespace = "urn:xmpp:receipts", name = "request"))]
        request: bool,
        #[xml(child)]
        origin: Origin,
        #[xml(child)]
        stanza: Stanza,
    }

    #[derive(FromXml)]
    #[xml(namespace = "urn:xmpp:sid:0", name = "origin-id")]
    pub struct Origin {
        #[xml(attribute)]
        id: String,
    }

    #[derive(FromXml)]
    #[xml(namespace = "urn:xmpp:sid:0", name = "stanza-id")]
    pub struct Stanza {
        #[xml(attribute)]
        by: String,
        #[xml(attribute)]
        id: String,
    }

    #[derive(FromXml)]
    #[xml(namespace = "jabber:client", name = "presence")]
    pub struct Presence {
        #[xml(attribute)]
        from: String,
        #[xml(attribute)]
        to: String,
        #[xml(extract(namespace = "jabber:client", name = "show", fields(text)))]
        show: String,
        #[xml(extract(namespace = "jabber:client", name = "priority", fields(text)))]
        priority: String,
        #[xml(child)]
        capabilities: Capabilities,
        #[xml(child)]
        update: Update,
        #[xml(child)]
        user: User,
    }

    #[derive(FromXml)]
    #[xml(namespace = "http://jabber.org/protocol/caps", name = "c")]
    pub struct Capabilities {
        #[xml(attribute)]
        hash: String,
        #[xml(attribute)]
        node: String,
        #[xml(attribute)]
        ver: String,
    }

    #[derive(FromXml)]
    #[xml(namespace = "vcard-temp:x:update", name = "x")]
    pub struct Update {
        #[xml(extract(namespace = "vcard-temp:x:update", name = "photo", fields(text)))]
        photo: String,
    }

    #[derive(FromXml)]
    #[xml(namespace = "http://jabber.org/protocol/muc#user", name = "x")]
    pub struct User {
        #[xml(child)]
        item: Item,
    }

    #[derive(FromXml)]
    #[xml(namespace = "http://jabber.org/protocol/muc#user", name = "item")]
    pub struct Item {
        #[xml(attribute)]
        affiliation: String,
        #[xml(attribute)]
        role: String,
    }
}

fn quick_over(stream: &str) {
    let mut reader = quick_xml::Reader::from_reader(stream.as_bytes());
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).unwrap() {
            quick_xml::events::Event::Eof => return,
            event => visit(&event),
        }
    }
}

fn quick_ns_over(stream: &str) {
    let mut reader = quick_xml::NsReader::from_reader(stream.as_bytes());
    read_ns(&mut reader);
}

fn read_ns<R: BufRead>(reader: &mut quick_xml::NsReader<R>) {
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_resolved_event_into(&mut buffer).unwrap() {
            (_, quick_xml::events::Event::Eof) => return,
            (ns, event) => {
                black_box(ns);
                visit(&event);
            }
        }
    }
}

/// It reads attributes when they are asked for.
fn visit(event: &quick_xml::events::Event<'_>) {
    if let quick_xml::events::Event::Start(tag) | quick_xml::events::Event::Empty(tag) = event {
        tag.attributes().for_each(|attribute| _ = black_box(attribute.unwrap()));
    }
    black_box(event);
}

/// What an element is written from.
enum Part {
    Start(String, String),
    Attribute(String, String),
    Text(String),
    End,
}

/// Takes an element apart.
fn parts_of(element: ElementRef<'_>, parts: &mut Vec<Part>) {
    parts.push(Part::Start(element.name().to_owned(), element.ns().to_owned()));
    for attribute in element.attrs() {
        parts.push(Part::Attribute(attribute.name().to_owned(), attribute.value().into_owned()));
    }
    for node in element.nodes() {
        match node {
            Node::Text(text) => parts.push(Part::Text(text.value().into_owned())),
            // As deep as our own corpus.
            Node::Element(child) => parts_of(child, parts),
        }
    }
    parts.push(Part::End);
}

fn write(parts: &[Part], sink: &mut Vec<u8>) {
    let Some((Part::Start(name, ns), rest)) = parts.split_first() else { return };
    let scope = Scope::CLIENT;
    let mut writer = Writer::new(sink, &scope);
    let mut root = writer.element(name, ns).unwrap();
    write_into(&mut rest.iter(), &mut root).unwrap();
}

fn write_into<S: Sink>(
    parts: &mut std::slice::Iter<'_, Part>,
    writer: &mut ElementWriter<'_, S>,
) -> Result<(), XmlError> {
    while let Some(part) = parts.next() {
        match part {
            Part::Start(name, ns) => write_into(parts, &mut writer.child(name, ns)?)?,
            Part::Attribute(name, value) => _ = writer.attr(name, value)?,
            Part::Text(text) => _ = writer.text(text)?,
            Part::End => break,
        }
    }
    Ok(())
}
