use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};
use wirestate_machine::Outbox;

use super::element::ElementRef;
use super::escape;
use super::{MESSAGE_END, Scope, XmlError, name, scan};
use crate::ns;

/// Where XML is written to.
pub trait Sink {
    /// Appends a copy of `bytes`.
    fn put(&mut self, bytes: &[u8]);

    /// Appends `bytes`, without a copy where that pays.
    fn link(&mut self, bytes: Bytes) {
        self.put(&bytes);
    }
}

impl Sink for Outbox {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        Outbox::put(self, bytes);
    }

    fn link(&mut self, bytes: Bytes) {
        Outbox::link(self, bytes);
    }
}

impl Sink for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for BytesMut {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Writes elements into a [`Sink`], without a buffer in between and without allocating.
///
/// What it writes is well-formed whatever it is given: names are checked, texts escaped, an element is closed when its [`ElementWriter`] goes, and
/// what XML cannot hold is refused before a byte of it is written. An element whose part was refused is closed without that part: who writes
/// what others said into a stream checks it first, or writes with [`text_lossy`](ElementWriter::text_lossy), or builds an
/// [`ElementBuf`](super::ElementBuf) and sends that.
#[derive(Debug)]
pub struct Writer<'s, S: ?Sized> {
    sink: &'s mut S,
    scope: &'s Scope,
    /// Whether each element is a message of its own.
    is_messages: bool,
}

impl<'s, S: Sink + ?Sized> Writer<'s, S> {
    /// A writer of what stands where `scope` is declared: in a stream, what the header that we sent declares; [`Scope::EMPTY`] for what stands alone.
    pub fn new(sink: &'s mut S, scope: &'s Scope) -> Self {
        Writer { sink, scope, is_messages: false }
    }

    /// A writer of messages of a WebSocket (RFC 7395 §3.3.3): nothing is declared around an element, and [`MESSAGE_END`] stands behind each.
    pub fn messages(sink: &'s mut S) -> Self {
        Writer { sink, scope: &Scope::EMPTY, is_messages: true }
    }

    /// Begins an element. Its namespace is declared where the scope does not have it.
    ///
    /// # Errors
    ///
    /// [`XmlError::Name`], [`XmlError::Character`].
    pub fn element<'w>(&'w mut self, name: &'w str, ns: &'w str) -> Result<ElementWriter<'w, S>, XmlError> {
        let mut element = ElementWriter::begin(self.sink, self.scope, self.scope.default_ns(), name, ns)?;
        element.is_message = self.is_messages;
        Ok(element)
    }

    /// Writes an element that was read, as it was written where its namespaces allow, so that long ones are linked without a copy.
    pub fn embed(&mut self, element: ElementRef<'_>) {
        super::stamp::embed(self.sink, self.scope, self.scope.default_ns(), element);
        if self.is_messages {
            self.sink.put(&[MESSAGE_END]);
        }
    }

    /// Begins a stream header, with an XML declaration before it and all of the scope declared in it (RFC 6120 §4.7, §11.5). Its name is
    /// `stream:stream`, so the scope must have the prefix `stream`, as [`Scope::CLIENT`] and its like do.
    pub fn stream(&mut self) -> StreamWriter<'_, S> {
        self.sink.put(b"<?xml version='1.0'?><stream:stream");
        for (prefix, uri) in self.scope.iter() {
            let separator: &[u8] = if prefix.is_empty() { b"" } else { b":" };
            [b" xmlns", separator, prefix.as_bytes(), b"='"].iter().for_each(|part| self.sink.put(part));
            put_value(self.sink, uri);
            self.sink.put(b"'");
        }
        if self.scope.uri("stream").is_none() {
            put_declaration(self.sink, "stream", ns::STREAM);
        }
        StreamWriter { sink: self.sink, seen: Seen::default() }
    }
}

/// Writes `</stream:stream>` (RFC 6120 §4.4).
pub fn write_stream_end(sink: &mut (impl Sink + ?Sized)) {
    sink.put(b"</stream:stream>");
}

/// Writes the attributes of a stream header, which ends when this goes.
#[derive(Debug)]
pub struct StreamWriter<'w, S: Sink + ?Sized> {
    sink: &'w mut S,
    seen: Seen,
}

impl<S: Sink + ?Sized> StreamWriter<'_, S> {
    /// Writes an attribute without namespace.
    ///
    /// # Errors
    ///
    /// [`XmlError::Name`], [`XmlError::Character`], [`XmlError::DuplicateAttribute`].
    pub fn attr(&mut self, name: &str, value: &str) -> Result<&mut Self, XmlError> {
        put_attribute(self.sink, &mut self.seen, name, value)?;
        Ok(self)
    }

    /// Writes `xml:lang`.
    ///
    /// # Errors
    ///
    /// As [`attr`](StreamWriter::attr).
    pub fn lang(&mut self, tag: &str) -> Result<&mut Self, XmlError> {
        put_lang(self.sink, &mut self.seen, tag)?;
        Ok(self)
    }

    /// Ends the header, as dropping it does.
    pub fn end(self) {}
}

impl<S: Sink + ?Sized> Drop for StreamWriter<'_, S> {
    fn drop(&mut self) {
        self.sink.put(b">");
    }
}

/// An element that is being written: first its attributes, then its text and children. It is closed when this goes.
#[derive(Debug)]
pub struct ElementWriter<'w, S: Sink + ?Sized> {
    sink: &'w mut S,
    scope: &'w Scope,
    /// Empty where it has none.
    prefix: &'w str,
    name: &'w str,
    ns: &'w str,
    /// The default namespace of what is in it.
    default: &'w str,
    is_tag_open: bool,
    /// Whether it is a message of its own.
    is_message: bool,
    seen: Seen,
}

impl<'w, S: Sink + ?Sized> ElementWriter<'w, S> {
    fn begin(
        sink: &'w mut S,
        scope: &'w Scope,
        default: &'w str,
        name: &'w str,
        ns: &'w str,
    ) -> Result<Self, XmlError> {
        check_name(name)?;
        if ns != default {
            check_element_ns(ns)?;
        }
        sink.put(b"<");
        let (is_tag_open, is_message, seen) = (true, false, Seen::default());
        let mut element = ElementWriter { sink, scope, prefix: "", name, ns, default, is_tag_open, is_message, seen };
        if ns == default {
            element.sink.put(name.as_bytes());
            return Ok(element);
        }
        match scope.prefix(ns) {
            Some(prefix) => {
                element.prefix = prefix;
                [prefix.as_bytes(), b":", name.as_bytes()].iter().for_each(|part| element.sink.put(part));
            }
            None => {
                element.default = ns;
                element.sink.put(name.as_bytes());
                put_declaration(element.sink, "", ns);
            }
        }
        Ok(element)
    }

    /// Writes an attribute without namespace.
    ///
    /// # Errors
    ///
    /// [`XmlError::Name`], [`XmlError::Character`], [`XmlError::DuplicateAttribute`], and [`XmlError::Tag`] after text or children.
    pub fn attr(&mut self, name: &str, value: &str) -> Result<&mut Self, XmlError> {
        self.check_tag()?;
        put_attribute(self.sink, &mut self.seen, name, value)?;
        Ok(self)
    }

    /// Writes an attribute without namespace where there is a value for it.
    ///
    /// # Errors
    ///
    /// As [`attr`](ElementWriter::attr).
    pub fn attr_if(&mut self, name: &str, value: Option<&str>) -> Result<&mut Self, XmlError> {
        match value {
            Some(value) => self.attr(name, value),
            None => Ok(self),
        }
    }

    /// Writes an attribute whose value is a number.
    ///
    /// # Errors
    ///
    /// As [`attr`](ElementWriter::attr).
    pub fn attr_decimal(&mut self, name: &str, value: u64) -> Result<&mut Self, XmlError> {
        let mut digits = [0; 20];
        self.attr(name, decimal(value, &mut digits))
    }

    /// Writes `xml:lang`.
    ///
    /// # Errors
    ///
    /// As [`attr`](ElementWriter::attr).
    pub fn lang(&mut self, tag: &str) -> Result<&mut Self, XmlError> {
        self.check_tag()?;
        put_lang(self.sink, &mut self.seen, tag)?;
        Ok(self)
    }

    /// Writes an attribute that is in a namespace, with a prefix of our own choice.
    ///
    /// # Errors
    ///
    /// As [`attr`](ElementWriter::attr), and [`XmlError::NamespaceDeclaration`] for an empty or reserved namespace.
    pub fn attr_ns(&mut self, name: &str, ns: &str, value: &str) -> Result<&mut Self, XmlError> {
        if ns == ns::XML && name == "lang" {
            return self.lang(value);
        }
        self.check_tag()?;
        check_name(name)?;
        scan::check_characters(value)?;
        scan::check_characters(ns)?;
        if ns == ns::XML {
            self.seen.insert(&[ns, ":", name])?;
            [b" xml:", name.as_bytes(), b"='"].iter().for_each(|part| self.sink.put(part));
        } else {
            if matches!(ns, "" | ns::XMLNS) {
                return Err(XmlError::NamespaceDeclaration);
            }
            self.seen.insert(&[ns, ":", name])?;
            let mut digits = [0; 20];
            let number = decimal(self.seen.count() as u64, &mut digits);
            let prefix = [b"n", number.as_bytes()];
            [b" xmlns:", prefix[0], prefix[1], b"='"].iter().for_each(|part| self.sink.put(part));
            put_value(self.sink, ns);
            [b"' ", prefix[0], prefix[1], b":", name.as_bytes(), b"='"].iter().for_each(|part| self.sink.put(part));
        }
        put_value(self.sink, value);
        self.sink.put(b"'");
        Ok(self)
    }

    /// Writes text.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] for one that XML cannot hold. Then nothing of the text is written.
    pub fn text(&mut self, text: &str) -> Result<&mut Self, XmlError> {
        scan::check_characters(text)?;
        if !text.is_empty() {
            self.close_tag();
            put_text(self.sink, text);
        }
        Ok(self)
    }

    /// Writes text, with U+FFFD in place of each character that XML cannot hold. Gives the first of these.
    pub fn text_lossy(&mut self, text: &str) -> Option<char> {
        let mut first = None;
        for part in text.split_inclusive(|character| !scan::is_character(character)) {
            self.close_tag();
            match part.char_indices().next_back().filter(|(_, last)| !scan::is_character(*last)) {
                Some((at, bad)) => {
                    put_text(self.sink, part.get(..at).unwrap_or_default());
                    self.sink.put("\u{fffd}".as_bytes());
                    first = first.or(Some(bad));
                }
                None => put_text(self.sink, part),
            }
        }
        first
    }

    /// Writes a number as text.
    pub fn decimal(&mut self, number: u64) -> &mut Self {
        let mut digits = [0; 20];
        self.close_tag();
        self.sink.put(decimal(number, &mut digits).as_bytes());
        self
    }

    /// Writes what base64 and its like consist of, ASCII without anything to escape, straight from where it is made.
    ///
    /// # Errors
    ///
    /// [`XmlError::Tag`] where there is anything else than graphic ASCII without `&`, `<` and `>`. Then nothing is written.
    pub fn ascii(&mut self, text: &[u8]) -> Result<&mut Self, XmlError> {
        if !text.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'&' | b'<' | b'>')) {
            return Err(XmlError::Tag);
        }
        if !text.is_empty() {
            self.close_tag();
            self.sink.put(text);
        }
        Ok(self)
    }

    /// Begins an element in this one.
    ///
    /// # Errors
    ///
    /// [`XmlError::Name`], [`XmlError::Character`].
    pub fn child<'c>(&'c mut self, name: &'c str, ns: &'c str) -> Result<ElementWriter<'c, S>, XmlError> {
        check_name(name)?;
        check_element_ns(ns)?;
        self.close_tag();
        ElementWriter::begin(self.sink, self.scope, self.default, name, ns)
    }

    /// Begins an element in this one that has its namespace.
    ///
    /// # Errors
    ///
    /// [`XmlError::Name`].
    pub fn own<'c>(&'c mut self, name: &'c str) -> Result<ElementWriter<'c, S>, XmlError> {
        let ns = self.ns;
        self.child(name, ns)
    }

    /// Writes an element in this one that holds text and nothing else.
    ///
    /// # Errors
    ///
    /// As [`child`](ElementWriter::child) and [`text`](ElementWriter::text).
    pub fn own_text(&mut self, name: &str, text: &str) -> Result<&mut Self, XmlError> {
        scan::check_characters(text)?;
        self.own(name)?.text(text)?;
        Ok(self)
    }

    /// Writes an empty element in this one that has its namespace.
    ///
    /// # Errors
    ///
    /// [`XmlError::Name`].
    pub fn own_empty(&mut self, name: &str) -> Result<&mut Self, XmlError> {
        self.own(name)?;
        Ok(self)
    }

    /// Writes an element that was read into this one, as [`Writer::embed`] does.
    pub fn embed(&mut self, element: ElementRef<'_>) -> &mut Self {
        self.close_tag();
        super::stamp::embed(self.sink, self.scope, self.default, element);
        self
    }

    /// Closes it, as dropping it does.
    pub fn end(self) {}

    #[inline]
    fn close_tag(&mut self) {
        if self.is_tag_open {
            self.is_tag_open = false;
            self.sink.put(b">");
        }
    }

    fn check_tag(&self) -> Result<(), XmlError> {
        if self.is_tag_open { Ok(()) } else { Err(XmlError::Tag) }
    }
}

impl<S: Sink + ?Sized> Drop for ElementWriter<'_, S> {
    #[inline]
    fn drop(&mut self) {
        if self.is_tag_open {
            self.sink.put(b"/>");
        } else {
            self.sink.put(b"</");
            if !self.prefix.is_empty() {
                self.sink.put(self.prefix.as_bytes());
                self.sink.put(b":");
            }
            self.sink.put(self.name.as_bytes());
            self.sink.put(b">");
        }
        if self.is_message {
            self.sink.put(&[MESSAGE_END]);
        }
    }
}

#[inline]
fn check_name(name: &str) -> Result<(), XmlError> {
    if name::is_name(name) { Ok(()) } else { Err(XmlError::Name) }
}

/// What is reserved may be declared as little as elements may be in it.
fn check_element_ns(ns: &str) -> Result<(), XmlError> {
    match ns {
        ns::XML | ns::XMLNS => Err(XmlError::NamespaceDeclaration),
        ns => scan::check_characters(ns),
    }
}

fn put_attribute<S: Sink + ?Sized>(sink: &mut S, seen: &mut Seen, name: &str, value: &str) -> Result<(), XmlError> {
    check_name(name)?;
    if name == "xmlns" {
        return Err(XmlError::NamespaceDeclaration);
    }
    scan::check_characters(value)?;
    seen.insert(&[name])?;
    [b" ", name.as_bytes(), b"='"].iter().for_each(|part| sink.put(part));
    put_value(sink, value);
    sink.put(b"'");
    Ok(())
}

fn put_lang<S: Sink + ?Sized>(sink: &mut S, seen: &mut Seen, tag: &str) -> Result<(), XmlError> {
    scan::check_characters(tag)?;
    seen.insert(&["xml:lang"])?;
    sink.put(b" xml:lang='");
    put_value(sink, tag);
    sink.put(b"'");
    Ok(())
}

/// Writes a declaration; with an empty prefix, that of the default namespace.
pub(super) fn put_declaration<S: Sink + ?Sized>(sink: &mut S, prefix: &str, uri: &str) {
    sink.put(b" xmlns");
    if !prefix.is_empty() {
        sink.put(b":");
        sink.put(prefix.as_bytes());
    }
    sink.put(b"='");
    put_value(sink, uri);
    sink.put(b"'");
}

/// Writes text whose characters are known to be XML's.
#[inline]
pub(super) fn put_text<S: Sink + ?Sized>(sink: &mut S, text: &str) {
    put_escaped(sink, text.as_bytes(), scan::to_escape_in_text);
}

/// Writes the value of an attribute whose characters are known to be XML's, to stand in apostrophes.
#[inline]
pub(super) fn put_value<S: Sink + ?Sized>(sink: &mut S, value: &str) {
    put_escaped(sink, value.as_bytes(), scan::to_escape_in_value);
}

#[inline(always)]
fn put_escaped<S: Sink + ?Sized>(sink: &mut S, bytes: &[u8], next: impl Fn(&[u8]) -> usize) {
    let mut rest = bytes;
    loop {
        let (before, after) = rest.split_at_checked(next(rest)).unwrap_or((rest, b""));
        if !before.is_empty() {
            sink.put(before);
        }
        let Some((special, more)) = after.split_first() else { return };
        sink.put(escape::written(*special));
        rest = more;
    }
}

fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &str {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    core::str::from_utf8(&digits[at..]).unwrap_or_default()
}

/// The names of attributes that were written, as hashes, to refuse one that comes again.
#[derive(Debug, Default)]
struct Seen {
    few: [u64; Seen::FEW],
    count: u8,
    #[expect(clippy::box_collection, reason = "rarely there, and what holds it is on the stack at each level")]
    more: Option<Box<Vec<u64>>>,
}

impl Seen {
    const FEW: usize = 8;

    fn count(&self) -> usize {
        usize::from(self.count) + self.more.as_ref().map_or(0, |more| more.len())
    }

    /// `name` in parts, the namespace first where it has one.
    #[inline]
    fn insert(&mut self, name: &[&str]) -> Result<(), XmlError> {
        // FNV-1a. Should two names ever meet in 64 bits, the second is refused.
        let hash = name
            .iter()
            .flat_map(|part| part.bytes())
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let count = usize::from(self.count);
        let is_known = self.few.iter().take(count).any(|known| *known == hash)
            || self.more.as_ref().is_some_and(|more| more.contains(&hash));
        if is_known {
            return Err(XmlError::DuplicateAttribute);
        }
        match self.few.get_mut(count) {
            Some(free) => {
                *free = hash;
                self.count += 1;
            }
            None => self.more.get_or_insert_default().push(hash),
        }
        Ok(())
    }
}
