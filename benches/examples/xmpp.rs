//! Other people's XML and ours over the same stanzas: to be run under callgrind by `benches/xmpp.sh`.
//!
//! `xmpp CORPUS CODEC ROUNDS` goes so many times over the stanzas of a corpus and prints how many allocations it took. These are
//! dev-dependencies: nothing of theirs is in what is published.

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
    let corpus = match corpus.as_str() {
        "message" => Corpus::Message,
        "presence" => Corpus::Presence,
        "roster" => Corpus::Roster,
        "pubsub" => Corpus::Pubsub,
        "mixed" => Corpus::Mixed,
        other => panic!("there is no corpus {other}"),
    };
    let rounds: usize = rounds.parse().expect("ROUNDS is a number");
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
