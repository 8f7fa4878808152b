//! What XML takes of the heap: nothing by announcement, one index for each stanza, nothing to write.

use std::hint::black_box;

use wirestate_machine::Inbox;
use wirestate_testing::Heap;
use xmpp_proto::ns;
use xmpp_proto::xml::{Element, Frame, Framer, Limit, Limits, Reader, Scope, Stamp, Writer, XmlError};

#[global_allocator]
static HEAP: Heap = Heap;

const HEADER: &[u8] =
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const MESSAGE: &str = "<message from='a@b' to='c@d' type='chat' id='1' xml:lang='en'><body>Wherefore art thou?</body>\
                       <active xmlns='http://jabber.org/protocol/chatstates'/><x xmlns='u' xmlns:p='v' p:y='1' y='2'/></message>";

fn begun(limits: Limits) -> (Inbox, Reader) {
    let (mut inbox, mut reader) = (Inbox::new(limits.inbox()), Reader::new(limits));
    inbox.push(HEADER);
    assert!(matches!(reader.next(&mut inbox), Ok(Some(Frame::Header(_)))));
    (inbox, reader)
}

#[test]
fn an_element_takes_one_allocation() {
    let bytes = bytes::Bytes::copy_from_slice(MESSAGE.as_bytes());
    // Handles on bytes that are shared already take none.
    let shared = bytes.clone();
    let (element, usage) = Heap::measure(|| Element::parse(shared, &Scope::CLIENT, &Limits::AFTER_LOGIN).unwrap());
    assert_eq!(usage.allocations, 1);
    let (_, usage) = Heap::measure(|| {
        let message = black_box(element.clone());
        black_box((
            message.attr("from"),
            message.lang(),
            message.text(),
            message.child("body", ns::CLIENT).map(|body| body.text()),
        ));
    });
    assert_eq!(usage.allocations, 0);
}

#[test]
fn writing_takes_none() {
    let element: Element = Element::parse(MESSAGE.into(), &Scope::CLIENT, &Limits::AFTER_LOGIN).unwrap();
    let mut written = Vec::with_capacity(4096);
    let (_, usage) = Heap::measure(|| {
        let scope = Scope::CLIENT;
        let mut writer = Writer::new(&mut written, &scope);
        let mut message = writer.element("message", ns::CLIENT).unwrap();
        message.attr("to", "a'b").unwrap().lang("en").unwrap();
        message.own("body").unwrap().text("x < y & z\r\n😀").unwrap();
        message.child("x", "u").unwrap().own_empty("y").unwrap();
        message.embed(element.view());
        message.end();
        Stamp::new(element.view()).from("juliet@im.example").write(&mut written, &Scope::SERVER).unwrap();
    });
    assert_eq!(usage.allocations, 0);
}

#[test]
fn a_usual_stream_takes_nothing_for_itself() {
    let (_, usage) = Heap::measure(|| {
        let reader = Reader::new(Limits::BEFORE_LOGIN);
        black_box(&reader);
    });
    assert_eq!(usage.allocations, 0);
    assert!(size_of::<Reader>() <= 288, "{} bytes", size_of::<Reader>());
    let ((inbox, reader), usage) = Heap::measure(|| begun(Limits::BEFORE_LOGIN));
    assert!(inbox.is_empty());
    assert_eq!(usage.live, 0);
    assert_eq!(*reader.scope(), Scope::CLIENT);
}

#[test]
fn hostile_stanzas_take_no_more_than_their_bytes() {
    let limits = Limits::AFTER_LOGIN;
    for (unit, limit) in [
        ("<a>", Limit::Depth),
        ("<a/>", Limit::Elements),
        (" b='c'", Limit::Attributes),
        ("n", Limit::Name),
        ("<a>x</a>", Limit::Elements),
        ("text ", Limit::Bytes),
    ] {
        let start = if matches!(limit, Limit::Attributes | Limit::Name) { "<a" } else { "<a>" };
        let flood = unit.repeat(2_000_000 / unit.len());
        let (mut inbox, mut framer) = (Inbox::new(limits.inbox()), Framer::new(limits));
        inbox.push(HEADER);
        assert!(framer.next(&mut inbox).is_ok_and(|frame| frame.is_some()));
        let (fault, usage) = Heap::measure(|| {
            inbox.push(start.as_bytes());
            flood.as_bytes().chunks(4096).find_map(|chunk| {
                inbox.push(chunk.get(..inbox.room()).unwrap_or(chunk));
                framer.next(&mut inbox).err()
            })
        });
        assert_eq!(fault, Some(XmlError::Limit(limit)), "{unit}");
        assert!(usage.peak <= 2 * limits.inbox() + 8192, "{unit}: {} bytes", usage.peak);
    }
}

#[test]
fn half_a_million_children_are_held_flat() {
    let limits = Limits { bytes: 4 << 20, elements: u32::MAX, ..Limits::AFTER_LOGIN };
    let stanza = bytes::Bytes::from(format!("<a>{}</a>", "<b/>".repeat(500_000)));
    let len = stanza.len();
    let (element, usage) = Heap::measure(|| Element::parse(stanza, &Scope::CLIENT, &limits).unwrap());
    // With their bytes; minidom takes 43 times as much as they have.
    assert!(usage.peak <= 12 * len, "{} for {len} bytes", usage.peak);
    assert!(usage.allocations <= 2);
    assert_eq!(element.children().count(), 500_000);
    drop(element);
}
