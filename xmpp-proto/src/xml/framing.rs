use alloc::boxed::Box;
use core::fmt;

use bytes::Bytes;
use wirestate_machine::Inbox;

use super::cut::{Cut, CutKind, Cutter};
use super::element::Element;
use super::scan::skip_space;
use super::{Limit, Limits, Scope, XmlError, header, tree};

/// What ends a message of a WebSocket where it stands in a stream of bytes: NUL, which no XML has in it. Whatever carries the messages keeps them
/// apart by itself, and puts it behind each that comes in, and takes it from each that goes out.
pub const MESSAGE_END: u8 = 0;

/// Cuts what a peer sends into frames: the stream header, first-level elements, the end tag. It looks at each byte once, however the input was cut.
///
/// Whitespace between stanzas (RFC 6120 §4.6.1) is swallowed and counted. A frame is cut, not judged: [`RawFrame::parse`] does that, and until
/// it has, a frame must not be passed on. [`Reader`](super::Reader) is both.
pub struct Framer {
    limits: Limits,
    phase: Phase,
    cutter: Cutter,
    keepalives: u64,
    fault: Option<XmlError>,
    root: Root,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Where a byte order mark may stand.
    Mark,
    Prolog,
    Header,
    Between,
    /// A message's element is here, and its end is not.
    Behind,
    Ended,
}

/// The name of the stream header, which the end tag must have.
#[derive(Debug, PartialEq, Eq)]
enum Root {
    /// `stream:stream`.
    Usual,
    Other(Box<[u8]>),
    /// There is no root: elements stand in messages of their own.
    None,
}

const USUAL_ROOT: &[u8] = b"stream:stream";

/// What a [`Framer`] cut.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RawFrame {
    /// The start tag of the stream.
    #[non_exhaustive]
    Header {
        /// From `<` to `>`.
        bytes: Bytes,
        /// How many elements and attributes it has.
        slots: u32,
    },
    /// A first-level element.
    #[non_exhaustive]
    Element {
        /// From its `<` to the `>` of its end tag.
        bytes: Bytes,
        /// How many elements and attributes it has.
        slots: u32,
    },
    /// The stream's end tag. What follows it is not looked at.
    End,
}

impl fmt::Debug for RawFrame {
    /// Shows how long a frame is, not what it says: it may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RawFrame::Header { bytes, .. } => write!(f, "Header({} bytes)", bytes.len()),
            RawFrame::Element { bytes, .. } => write!(f, "Element({} bytes)", bytes.len()),
            RawFrame::End => f.write_str("End"),
        }
    }
}

impl RawFrame {
    /// The header or element, judged in one pass; `None` for the end. `scope` is what the stream header declared, for the header itself
    /// [`Scope::EMPTY`].
    ///
    /// # Errors
    ///
    /// The first rule that is broken. The stream must not go on.
    pub fn parse(&self, scope: &Scope, limits: &Limits) -> Result<Option<Element>, XmlError> {
        match self {
            RawFrame::Header { bytes, slots } => tree::parse(bytes.clone(), *slots, scope, limits, true).map(Some),
            RawFrame::Element { bytes, slots } => tree::parse(bytes.clone(), *slots, scope, limits, false).map(Some),
            RawFrame::End => Ok(None),
        }
    }
}

impl Framer {
    /// A framer that waits for a stream header.
    pub fn new(limits: Limits) -> Self {
        Framer { limits, phase: Phase::Mark, cutter: Cutter::new(), keepalives: 0, fault: None, root: Root::Usual }
    }

    /// A framer of elements without a root around them, as WebSocket messages hold them, one in each (RFC 7395 §3.3.3). Each message ends with
    /// [`MESSAGE_END`]. One of whitespace alone, which some send to be heard, counts as whitespace between stanzas.
    pub fn messages(limits: Limits) -> Self {
        Framer { phase: Phase::Between, root: Root::None, ..Framer::new(limits) }
    }

    /// Changes the limits, beginning with the stanza that is unfinished.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Waits for another stream header, as after STARTTLS and SASL (RFC 6120 §4.3.3). A fault stays.
    pub fn restart(&mut self) {
        self.cutter.reset();
        if self.root != Root::None {
            self.phase = Phase::Mark;
            self.root = Root::Usual;
        }
    }

    /// How many bytes of whitespace came between stanzas.
    pub fn keepalives(&self) -> u64 {
        self.keepalives
    }

    /// Whether the stream's end tag has come.
    pub fn is_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Whether a part of a frame waits for the rest.
    pub fn is_within(&self) -> bool {
        !self.cutter.is_fresh()
    }

    /// Ends the stream: nothing more comes, and this is why.
    pub fn fail(&mut self, error: XmlError) {
        self.fault.get_or_insert(error);
    }

    /// The next frame, if it is all here. An unfinished one stays in the inbox, from which nobody else may take.
    ///
    /// # Errors
    ///
    /// The rule or limit that was broken, as soon as that is certain. From then on it is the answer to every call.
    pub fn next(&mut self, inbox: &mut Inbox) -> Result<Option<RawFrame>, XmlError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.next_frame(inbox).inspect_err(|error| self.fault = Some(*error))
    }

    fn next_frame(&mut self, inbox: &mut Inbox) -> Result<Option<RawFrame>, XmlError> {
        if self.phase == Phase::Mark {
            let Some(len) = header::mark(inbox.bytes())? else { return waits(inbox) };
            inbox.consume(len);
            self.phase = Phase::Prolog;
        }
        match self.phase {
            Phase::Mark | Phase::Prolog => {
                // Without whitespace it is short, so that it may be looked at again.
                self.swallow(inbox);
                let Some(len) = header::prolog(inbox.bytes())? else { return waits(inbox) };
                inbox.consume(len);
                self.phase = Phase::Header;
                self.swallow(inbox);
            }
            Phase::Behind => {
                self.swallow(inbox);
                match inbox.bytes().first() {
                    None => return Ok(None),
                    Some(&MESSAGE_END) => self.swallow_messages(inbox),
                    Some(_) => return Err(XmlError::NotOneElement),
                }
            }
            Phase::Between if self.root == Root::None && self.cutter.is_fresh() => self.swallow_messages(inbox),
            Phase::Header | Phase::Between if self.cutter.is_fresh() => self.swallow(inbox),
            Phase::Header | Phase::Between => {}
            Phase::Ended => return Ok(None),
        }
        if inbox.is_empty() {
            return Ok(None);
        }
        let is_header = self.phase == Phase::Header;
        if self.cutter.is_fresh() && inbox.bytes().first() != Some(&b'<') {
            return Err(if is_header { XmlError::NotXml } else { XmlError::TextBetweenStanzas });
        }
        match self.cutter.advance(inbox.bytes(), &self.limits, is_header)? {
            Some(cut) => self.take(cut, inbox).map(Some),
            None => waits(inbox),
        }
    }

    /// Swallows whitespace at the beginning.
    #[inline]
    fn swallow(&mut self, inbox: &mut Inbox) {
        let count = skip_space(inbox.bytes(), 0);
        if count > 0 {
            inbox.consume(count);
            self.keepalives += count as u64;
        }
    }

    /// Swallows the ends of messages at the beginning, and what says nothing in between.
    fn swallow_messages(&mut self, inbox: &mut Inbox) {
        self.phase = Phase::Between;
        self.swallow(inbox);
        while inbox.bytes().first() == Some(&MESSAGE_END) {
            inbox.consume(1);
            self.keepalives += 1;
            self.swallow(inbox);
        }
    }

    fn take(&mut self, cut: Cut, inbox: &mut Inbox) -> Result<RawFrame, XmlError> {
        let is_header = self.phase == Phase::Header;
        let bytes = inbox.take(cut.len);
        match cut.kind {
            CutKind::StartTag => {
                let name = bytes.get(1..super::name::end(&bytes, 1)).unwrap_or_default();
                self.root = if name == USUAL_ROOT { Root::Usual } else { Root::Other(name.into()) };
                self.phase = Phase::Between;
                Ok(RawFrame::Header { bytes, slots: cut.slots })
            }
            CutKind::Element => {
                if self.root == Root::None {
                    match inbox.bytes().first() {
                        Some(&MESSAGE_END) => inbox.consume(1),
                        _ => self.phase = Phase::Behind,
                    }
                }
                Ok(RawFrame::Element { bytes, slots: cut.slots })
            }
            CutKind::EndTag if is_header => Err(XmlError::MismatchedTag),
            CutKind::EndTag => {
                let name = bytes.get(2..super::name::end(&bytes, 2)).unwrap_or_default();
                let wanted = match &self.root {
                    Root::Usual => USUAL_ROOT,
                    Root::Other(name) => name,
                    Root::None => return Err(XmlError::MismatchedTag),
                };
                if name != wanted {
                    return Err(XmlError::MismatchedTag);
                }
                self.phase = Phase::Ended;
                Ok(RawFrame::End)
            }
        }
    }
}

impl fmt::Debug for Framer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framer")
            .field("limits", &self.limits)
            .field("phase", &self.phase)
            .field("within", &self.is_within())
            .field("keepalives", &self.keepalives)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// There is no frame yet, unless nothing more can come in, however long is waited.
fn waits(inbox: &Inbox) -> Result<Option<RawFrame>, XmlError> {
    if inbox.len() < inbox.limit() { Ok(None) } else { Err(XmlError::Limit(Limit::Bytes)) }
}

/// Counts the slots of one whole element that is all of `bytes`.
pub(super) fn measure(bytes: &[u8], limits: &Limits) -> Result<u32, XmlError> {
    match Cutter::new().advance(bytes, limits, false)? {
        Some(Cut { kind: CutKind::Element, len, slots }) if len == bytes.len() => Ok(slots),
        _ => Err(XmlError::NotOneElement),
    }
}
