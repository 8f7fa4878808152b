//! What the targets of XMPP share: streams read in cuts, and what elements say as lines.

use wirestate_machine::Inbox;
use xmpp_proto::xml::{Attribute, Element, ElementRef, ElementWriter, Frame, Limits, Node, Reader, Sink, XmlError};

use crate::feed::Cuts;

/// The header of a client's stream.
pub const HEADER: &[u8] =
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/// What came of a stream.
#[derive(Debug, PartialEq)]
pub struct Told {
    /// What was read before it ended.
    pub frames: Vec<Frame>,
    /// Why it ended. `None` where the rest of it is awaited, or its end tag was read.
    pub fault: Option<XmlError>,
    /// Whether its end tag was read.
    pub is_ended: bool,
}

impl Told {
    /// The elements, without header and end.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.frames.iter().filter_map(|frame| match frame {
            Frame::Element(element) => Some(element),
            _ => None,
        })
    }
}

/// Reads a stream that comes in cuts.
pub fn read(input: &[u8], limits: Limits, mut cuts: Cuts) -> Told {
    let (mut inbox, mut reader) = (Inbox::new(limits.inbox()), Reader::new(limits));
    let mut told = Told { frames: Vec::new(), fault: None, is_ended: false };
    let mut rest = input;
    while !rest.is_empty() && !reader.is_ended() {
        let taken = inbox.push_some(&rest[..cuts.next().min(rest.len())]);
        assert!(taken > 0, "a full inbox holds neither a frame nor a fault");
        rest = &rest[taken..];
        loop {
            match reader.next(&mut inbox) {
                Ok(Some(frame)) => told.frames.push(frame),
                Ok(None) => break,
                Err(fault) => {
                    assert_eq!(reader.next(&mut inbox), Err(fault), "an error stays");
                    told.fault = Some(fault);
                    return told;
                }
            }
        }
    }
    told.is_ended = reader.is_ended();
    told
}

/// What elements say, a line for each tag and each text, whatever read them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lines {
    lines: Vec<String>,
    text: String,
}

impl Lines {
    /// What one of our elements says.
    pub fn of(element: ElementRef<'_>) -> Self {
        let mut lines = Lines::default();
        lines.take(element);
        lines
    }

    fn take(&mut self, element: ElementRef<'_>) {
        let attributes = element.attrs().map(|one| attribute(one.ns(), one.name(), &one.value()));
        self.start(element.ns(), element.name(), attributes.collect());
        for node in element.nodes() {
            match node {
                // No deeper than the limits allow.
                Node::Element(child) => self.take(child),
                Node::Text(text) => self.text(&text.value()),
            }
        }
        self.end();
    }

    /// A start tag.
    pub fn start(&mut self, ns: &str, name: &str, mut attributes: Vec<String>) {
        self.flush();
        attributes.sort();
        self.lines.push(format!("<{{{ns}}}{name} {}", attributes.join(" ")));
    }

    /// A piece of text.
    pub fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// An end tag.
    pub fn end(&mut self) {
        self.flush();
        self.lines.push("/".into());
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.lines.push(format!("{:?}", std::mem::take(&mut self.text)));
        }
    }
}

/// An attribute, as it stands in [`Lines`].
pub fn attribute(ns: &str, name: &str, value: &str) -> String {
    format!("{{{ns}}}{name}={value:?}")
}

/// Writes what is in an element, from its parts.
pub fn rewrite<S: Sink>(element: ElementRef<'_>, writer: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
    for one in element.attrs() {
        write_attribute(one, writer)?;
    }
    for node in element.nodes() {
        match node {
            Node::Text(text) => drop(writer.text(&text.value())?),
            Node::Element(child) => rewrite(child, &mut writer.child(child.name(), child.ns())?)?,
        }
    }
    Ok(())
}

fn write_attribute<S: Sink>(one: Attribute<'_>, writer: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
    match one.ns() {
        "" => writer.attr(one.name(), &one.value())?,
        ns => writer.attr_ns(one.name(), ns, &one.value())?,
    };
    Ok(())
}

/// An element and all that is in it.
pub fn parts(element: &Element) -> Vec<ElementRef<'_>> {
    let mut parts = vec![element.view()];
    let mut at = 0;
    while let Some(part) = parts.get(at) {
        parts.extend(part.children());
        at += 1;
    }
    parts
}

/// How much of what a server said counts where its session stands before TLS: what would follow is a handshake.
pub fn before_tls(said: &[u8]) -> usize {
    let answers = [
        &b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"[..],
        b"<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text \
          xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>data came before the switch",
    ];
    let position = |answer: &[u8]| said.windows(answer.len()).position(|words| words == answer);
    answers.into_iter().filter_map(position).min().unwrap_or(said.len())
}

/// Each header begins a stream that can be read.
///
/// # Panics
///
/// Where one does not.
pub fn is_stream(said: &[u8]) {
    let start = b"<?xml ";
    let mut starts: Vec<usize> =
        said.windows(start.len()).enumerate().filter(|(_, words)| words == start).map(|(at, _)| at).collect();
    assert!(said.is_empty() || starts.first() == Some(&0), "what is said begins with no header");
    starts.push(said.len());
    for ends in starts.windows(2) {
        let stream = &said[ends[0]..ends[1]];
        let told = read(stream, Limits::PEER, Cuts::Whole);
        assert_eq!(told.fault, None, "{}", stream.escape_ascii());
    }
}
