use wirestate_machine::Inbox;

use super::element::Element;
use super::framing::{Framer, RawFrame};
use super::{Limits, Scope, XmlError};

/// Reads a stream: a [`Framer`], and the parser that judges each frame.
#[derive(Debug)]
pub struct Reader {
    framer: Framer,
    scope: Scope,
}

/// What a [`Reader`] read.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Frame {
    /// The stream header: an element of which there is only the start tag yet.
    Header(Element),
    /// A first-level element.
    Element(Element),
    /// The stream's end tag. What follows it is not looked at.
    End,
}

impl Reader {
    /// A reader that waits for a stream header.
    pub fn new(limits: Limits) -> Self {
        Reader { framer: Framer::new(limits), scope: Scope::EMPTY }
    }

    /// A reader of elements without a header before them, as WebSocket messages hold them (RFC 7395 §3.3.3): see [`Framer::messages`]. It gives neither
    /// header nor end.
    pub fn messages(limits: Limits) -> Self {
        Reader { framer: Framer::messages(limits), scope: Scope::EMPTY }
    }

    /// Changes the limits, beginning with the stanza that is unfinished. The inbox needs [`Limits::inbox`] bytes.
    pub fn set_limits(&mut self, limits: Limits) {
        self.framer.set_limits(limits);
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        self.framer.limits()
    }

    /// Waits for another stream header, as after STARTTLS and SASL (RFC 6120 §4.3.3).
    pub fn restart(&mut self) {
        self.framer.restart();
        self.scope = Scope::EMPTY;
    }

    /// What the stream header declared.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// How many bytes of whitespace came between stanzas.
    pub fn keepalives(&self) -> u64 {
        self.framer.keepalives()
    }

    /// Whether the stream's end tag has come.
    pub fn is_ended(&self) -> bool {
        self.framer.is_ended()
    }

    /// Whether a part of a frame waits for the rest.
    pub fn is_within(&self) -> bool {
        self.framer.is_within()
    }

    /// The next frame, if it is all here. An unfinished one stays in the inbox, from which nobody else may take.
    ///
    /// # Errors
    ///
    /// The rule or limit that was broken. The stream is over: the same error is the answer to every later call.
    pub fn next(&mut self, inbox: &mut Inbox) -> Result<Option<Frame>, XmlError> {
        let Some(raw) = self.framer.next(inbox)? else { return Ok(None) };
        let parsed = raw.parse(&self.scope, self.framer.limits());
        let element = parsed.inspect_err(|error| self.framer.fail(*error))?;
        Ok(Some(match (raw, element) {
            (RawFrame::Header { .. }, Some(header)) => {
                self.scope = Scope::of_header(&header);
                Frame::Header(header)
            }
            (_, Some(element)) => Frame::Element(element),
            (_, None) => Frame::End,
        }))
    }
}
