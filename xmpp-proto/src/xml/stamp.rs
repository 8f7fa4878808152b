use alloc::vec::Vec;

use bytes::Bytes;

use super::element::{Element, ElementRef};
use super::write::{Sink, put_declaration, put_value};
use super::{Scope, XmlError, scan};

/// Sends an element on with another start tag: what a server does with each stanza, to say whom it is from.
///
/// Only the start tag is written; the rest is linked as it came. Namespaces that the receiver's stream does not declare are declared there.
///
/// ```
/// use xmpp_proto::xml::{Element, Limits, Scope, Stamp};
///
/// let message = b"<message from='evil@im.example' to='romeo@im.example'><body>Hi</body></message>";
/// let message = Element::parse(message.to_vec().into(), &Scope::CLIENT, &Limits::default())?;
/// let stamped = Stamp::new(message.view()).from("juliet@im.example/balcony").id("7");
/// let mut written = Vec::new();
/// stamped.write(&mut written, &Scope::CLIENT)?;
/// assert_eq!(
///     written,
///     b"<message to='romeo@im.example' from='juliet@im.example/balcony' id='7'><body>Hi</body></message>"
/// );
/// # Ok::<(), xmpp_proto::xml::XmlError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    element: ElementRef<'a>,
    ns: Option<&'a str>,
    from: Mark<'a>,
    to: Mark<'a>,
    id: Mark<'a>,
    kind: Mark<'a>,
    lang: Mark<'a>,
}

/// What becomes of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark<'a> {
    Kept,
    Removed,
    Set(&'a str),
}

impl<'a> Stamp<'a> {
    /// A start tag that is as it was, until more is said.
    pub fn new(element: ElementRef<'a>) -> Self {
        let kept = Mark::Kept;
        Stamp { element, ns: None, from: kept, to: kept, id: kept, kind: kept, lang: kept }
    }

    /// What is sent on.
    pub fn element(&self) -> ElementRef<'a> {
        self.element
    }

    /// The namespace that it will be in.
    pub fn new_ns(&self) -> &'a str {
        self.ns.filter(|_| self.element.prefix().is_none()).unwrap_or(self.element.ns())
    }

    /// Sets `from`.
    pub fn from(self, from: &'a str) -> Self {
        Stamp { from: Mark::Set(from), ..self }
    }

    /// Sets `to`.
    pub fn to(self, to: &'a str) -> Self {
        Stamp { to: Mark::Set(to), ..self }
    }

    /// Sets `id`.
    pub fn id(self, id: &'a str) -> Self {
        Stamp { id: Mark::Set(id), ..self }
    }

    /// Sets `type`.
    pub fn kind(self, kind: &'a str) -> Self {
        Stamp { kind: Mark::Set(kind), ..self }
    }

    /// Sets `xml:lang`.
    pub fn lang(self, tag: &'a str) -> Self {
        Stamp { lang: Mark::Set(tag), ..self }
    }

    /// Removes `from`.
    pub fn without_from(self) -> Self {
        Stamp { from: Mark::Removed, ..self }
    }

    /// Removes `to`.
    pub fn without_to(self) -> Self {
        Stamp { to: Mark::Removed, ..self }
    }

    /// Puts it, and all in it that inherits its default namespace, into another one: a stanza that goes from `jabber:client` to `jabber:server`
    /// (RFC 6120 §4.8.3).
    ///
    /// It has no effect on an element that has a prefix.
    pub fn ns(self, ns: &'a str) -> Self {
        Stamp { ns: Some(ns), ..self }
    }

    /// Writes it for a stream whose header declares `scope`. The rest is linked.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] where a new value has one that XML cannot hold. Then nothing is written.
    pub fn write<S: Sink + ?Sized>(&self, sink: &mut S, scope: &Scope) -> Result<(), XmlError> {
        self.write_tag(sink, scope)?;
        sink.link(self.element.rest());
        Ok(())
    }

    /// The start tag, and the rest as it came: what many receivers share.
    ///
    /// # Errors
    ///
    /// As [`write`](Stamp::write).
    pub fn to_parts(&self, scope: &Scope) -> Result<(Bytes, Bytes), XmlError> {
        let mut tag = Vec::with_capacity(128);
        self.write_tag(&mut tag, scope)?;
        Ok((tag.into(), self.element.rest()))
    }

    /// It as an element of its own.
    ///
    /// # Errors
    ///
    /// As [`write`](Stamp::write), and where it grew over the `limits`.
    pub fn to_element(&self, scope: &Scope, limits: &super::Limits) -> Result<Element, XmlError> {
        let mut bytes = Vec::with_capacity(self.element.raw().len() + 128);
        self.write(&mut bytes, scope)?;
        Element::parse(bytes.into(), scope, limits)
    }

    /// The start tag alone.
    pub(crate) fn write_tag<S: Sink + ?Sized>(&self, sink: &mut S, scope: &Scope) -> Result<(), XmlError> {
        let marks =
            [("from", self.from), ("to", self.to), ("id", self.id), ("type", self.kind), ("xml:lang", self.lang)];
        for (_, mark) in marks {
            if let Mark::Set(value) = mark {
                scan::check_characters(value)?;
            }
        }
        if let Some(ns) = self.ns {
            scan::check_characters(ns)?;
        }
        let element = self.element;
        let ns = self.ns.filter(|_| element.prefix().is_none());
        sink.put(b"<");
        sink.put(element.qualified().as_bytes());
        put_missing_declarations(sink, scope, scope.default_ns(), element, ns);
        for attribute in element.all_attributes() {
            let mark = match attribute.qualified() {
                "from" => self.from,
                "to" => self.to,
                "id" => self.id,
                "type" => self.kind,
                "xml:lang" => self.lang,
                // Declared anew, where it must be.
                "xmlns" if ns.is_some() => Mark::Removed,
                _ => Mark::Kept,
            };
            if mark == Mark::Kept {
                sink.put(b" ");
                sink.put(attribute.raw().as_bytes());
            }
        }
        for (name, mark) in marks {
            if let Mark::Set(value) = mark {
                [b" ", name.as_bytes(), b"='"].iter().for_each(|part| sink.put(part));
                put_value(sink, value);
                sink.put(b"'");
            }
        }
        sink.put(if element.is_self_closed() { b"/>" } else { b">" });
        Ok(())
    }
}

/// Writes an element as it was written, in a place where `scope` is declared and `default` is the default namespace.
pub(super) fn embed<S: Sink + ?Sized>(sink: &mut S, scope: &Scope, default: &str, element: ElementRef<'_>) {
    if is_at_home(scope, default, element) {
        return sink.link(element.to_element().to_bytes());
    }
    sink.put(b"<");
    sink.put(element.qualified().as_bytes());
    put_missing_declarations(sink, scope, default, element, None);
    for attribute in element.all_attributes() {
        sink.put(b" ");
        sink.put(attribute.raw().as_bytes());
    }
    sink.put(if element.is_self_closed() { b"/>" } else { b">" });
    sink.link(element.rest());
}

/// Whether it means there what it meant where it was.
fn is_at_home(scope: &Scope, default: &str, element: ElementRef<'_>) -> bool {
    let has_default = declares_default(element) || outer_default(element) == default;
    let mut outer = element.outer_declarations().filter(|(prefix, _)| !prefix.is_empty());
    has_default && (!element.uses_outer_prefix() || outer.all(|(prefix, uri)| scope.uri(prefix) == Some(uri)))
}

/// Declares in its start tag what it has from outside and would miss. `ns` is another default namespace that it is to have.
fn put_missing_declarations<S: Sink + ?Sized>(
    sink: &mut S,
    scope: &Scope,
    default: &str,
    element: ElementRef<'_>,
    ns: Option<&str>,
) {
    match ns {
        Some(ns) if ns != default => put_declaration(sink, "", ns),
        Some(_) => {}
        None if declares_default(element) => {}
        None => {
            let outer = outer_default(element);
            if outer != default {
                put_declaration(sink, "", outer);
            }
        }
    }
    if !element.uses_outer_prefix() {
        return;
    }
    for (at, (prefix, uri)) in element.outer_declarations().enumerate() {
        let is_hidden = element.outer_declarations().take(at).any(|(nearer, _)| nearer == prefix)
            || element.declarations().any(|(own, _)| own == prefix);
        if !prefix.is_empty() && !is_hidden && scope.uri(prefix) != Some(uri) {
            put_declaration(sink, prefix, uri);
        }
    }
}

fn declares_default(element: ElementRef<'_>) -> bool {
    element.declarations().any(|(prefix, _)| prefix.is_empty())
}

/// The default namespace around it.
fn outer_default(element: ElementRef<'_>) -> &str {
    element.outer_declarations().find(|(prefix, _)| prefix.is_empty()).map_or("", |(_, uri)| uri)
}
